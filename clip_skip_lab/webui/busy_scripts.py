"""Which scripts of other extensions forbid that cells share a batch (seen on AUTOMATIC1111 v1.10.1).

A script may do anything in its hooks. Those that it has tell most of it; a script with no other than `before_process`
and `process` can still only look on (a detailer writes its settings into the metadata there), and then it forbids
nothing: its code must not stand where the host samples, and what it changes is seen when it runs (held_draws.py).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from types import CodeType, FunctionType, MethodType
from typing import Any

from modules import script_callbacks, scripts, sd_hijack, shared
from modules.paths_internal import script_path

from ..errors import named_list
from .switches import is_switched_off

SAMPLING_HOOKS = ("on_mask_blend", "post_sample", "postprocess_batch", "postprocess_batch_list")
PREPARING_HOOKS = ("before_process", "process")
BATCH_HOOKS = (
    *PREPARING_HOOKS,
    *("before_process_batch", "process_batch", "process_before_every_sampling"),
    *("after_extra_networks_activate", "before_hr", *SAMPLING_HOOKS),
)
"""Hooks that can make a picture depend on its batch; those that get one finished picture cannot."""

SAMPLING_CALLBACKS = ("cfg_denoiser", "cfg_denoised", "cfg_after_cfg", "extra_noise")
HOST_PACKAGES = ("modules", "ldm", "sgm", "k_diffusion", "torch.nn.functional")


def why_not_together(requests: list[Any]) -> str | None:
    """Which scripts forbid that the cells with these requests share a batch, as a clause; None when none does.

    Args:
        requests: the sweep's own, then those of its rows.
    """
    runner = requests[0].scripts
    there = [script for script in getattr(runner, "alwayson_scripts", None) or [] if _takes_part(script)]
    on = [script for script in there if not all(_is_off(script, request) for request in requests)]
    busy = [script.title() for script in on if not may_only_look_on(script)]
    if busy:
        scripts_ = "the script" if len(busy) == 1 else "the scripts"
        return f"{scripts_} {named_list(busy, most=len(busy))} take{'s' if len(busy) == 1 else ''} part"
    foreign = sorted({name for request in requests[1:] for name in vars(request) if _is_foreign(name, requests[0])})
    off = [script.title() for script in there if script not in on]
    if foreign and off:
        return f"an axis sets {foreign[0]}, with which {named_list(off, most=len(off))} may take part"
    return None


def may_only_look_on(script: Any) -> bool:
    """Whether nothing that can be known before it runs says that a script takes part in sampling."""
    busy = set(BATCH_HOOKS) - set(PREPARING_HOOKS)
    return not is_own(script) and not any(overrides(script, hook) for hook in busy) and not reaching([script], None)


def switched_on(request: Any) -> list[Any]:
    """The scripts of other extensions that run in a request and are not known to be switched off."""
    runner = request.scripts
    return [
        one for one in runner.alwayson_scripts if not is_own(one) and _takes_part(one) and not _is_off(one, request)
    ]


def reaching(candidates: list[Any], request: Any) -> list[Any]:
    """Those scripts of whose extensions code stands where the host samples: in callbacks, in the host's functions and
    classes, in the model, or in the request that is being generated."""
    if not candidates:
        return []
    files = {_real(code.co_filename) for code in map(_code_of, _sampling_code(request)) if code is not None}
    return [script for script in candidates if any(file.startswith(_folder(script)) for file in files)]


def overrides(script: Any, hook: str) -> bool:
    """Whether a script has a hook of its own."""
    return getattr(type(script), hook, None) is not getattr(scripts.Script, hook, None)


def is_own(script: Any) -> bool:
    """Whether a script is the host's own, or this extension's."""
    if type(script).__module__.startswith("clip_skip_lab."):
        return True
    own = (os.path.join(script_path, name) for name in ("modules", "extensions-builtin"))
    return os.path.abspath(script.filename).startswith(tuple(os.path.abspath(folder) + os.sep for folder in own))


def _takes_part(script: Any) -> bool:
    """Of the host's own scripts only those that touch the samples; of other extensions' all that could."""
    hooks = SAMPLING_HOOKS if is_own(script) else BATCH_HOOKS
    return any(overrides(script, name) for name in hooks)


def _is_off(script: Any, request: Any) -> bool:
    given = list(request.script_args or [])[script.args_from : script.args_to]
    return is_switched_off(str(script.title()), list(script.controls or []), given)


def _is_foreign(name: str, request: Any) -> bool:
    """Whether an axis has put something into a request that the host does not know there."""
    known = name in vars(request) or hasattr(type(request), name)
    return not known and not name.startswith(("clip_skip_lab", "cached_"))


def _folder(script: Any) -> str:
    """The folder of a script's extension; for one that lies among the host's own scripts, the file."""
    file = os.path.realpath(script.filename)
    folder = os.path.dirname(file)
    if folder == os.path.realpath(os.path.join(script_path, "scripts")):
        return file
    return os.path.dirname(folder) + os.sep if os.path.basename(folder) == "scripts" else folder + os.sep


_real = lru_cache(maxsize=None)(os.path.realpath)


def _code_of(one: Any) -> CodeType | None:
    """The code of a callable: a function, a method, a partial, an object that can be called."""
    while isinstance(one, partial):
        one = one.func
    if isinstance(one, MethodType | staticmethod | classmethod):
        one = one.__func__
    if not isinstance(one, FunctionType):
        one = next((vars(kind)["__call__"] for kind in type(one).__mro__ if "__call__" in vars(kind)), None)
    return one.__code__ if isinstance(one, FunctionType) else None


def _sampling_code(request: Any) -> Iterator[Any]:
    for name in SAMPLING_CALLBACKS:
        yield from (one.callback for one in script_callbacks.callback_map.get(f"callbacks_{name}", []))
    for name, module in list(sys.modules.items()):
        if name.startswith(tuple(f"{package}." for package in HOST_PACKAGES)) or name in HOST_PACKAGES:
            yield from _callables(vars(module).values())
            yield from _of_classes(one for one in vars(module).values() if isinstance(one, type))
    model = shared.sd_model
    parts = list(model.modules()) if hasattr(model, "modules") else []
    yield from _of_classes({type(part) for part in parts})
    for holder in (*parts, sd_hijack.model_hijack, *([] if request is None else [request])):
        yield from _callables(vars(holder).values())
    for part in parts:
        for hooks in (part._forward_hooks, part._forward_pre_hooks):
            yield from hooks.values()


def _of_classes(kinds: Iterable[type]) -> Iterator[Any]:
    for kind in kinds:
        yield from _callables(vars(kind).values())


def _callables(values: Iterable[Any]) -> Iterator[Any]:
    return (one for one in list(values) if callable(one) and not isinstance(one, type))
