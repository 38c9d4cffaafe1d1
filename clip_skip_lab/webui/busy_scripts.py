"""Which scripts of other extensions forbid that cells share a batch.

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

import torch
from modules import script_callbacks, scripts
from modules.paths_internal import script_path

from ..errors import named_list
from ..language import Text
from . import shadow
from .engine import Engine
from .switches import is_switched_off

PREPARING_HOOKS = ("before_process", "process")
BATCH_HOOKS = (
    *PREPARING_HOOKS,
    *("before_process_batch", "process_batch", "process_before_every_sampling"),
    *("after_extra_networks_activate", "before_hr", "on_mask_blend", "post_sample"),
    *("postprocess_batch", "postprocess_batch_list"),
)
"""Hooks that can make a picture depend on its batch; those that get one finished picture cannot."""

SAMPLING_CALLBACKS = ("cfg_denoiser", "cfg_denoised", "cfg_after_cfg", "extra_noise")


def why_not_together(engine: Engine, requests: list[Any]) -> Text | None:
    """Which scripts forbid that the cells with these requests share a batch, as a clause; None when none does.

    Args:
        engine: the WebUI's.
        requests: the sweep's own, then those of its rows.
    """
    runner = requests[0].scripts
    there = [script for script in getattr(runner, "alwayson_scripts", None) or [] if _takes_part(engine, script)]
    on = [script for script in there if not all(_is_off(script, request) for request in requests)]
    busy = [script.title() for script in on if not _may_only_look_on(engine, script)]
    if busy:
        scripts_ = the_scripts(busy)
        return (
            Text("{script} is active", script=scripts_)
            if len(busy) == 1
            else Text("{scripts} are active", scripts=scripts_)
        )
    foreign = sorted({name for request in requests[1:] for name in vars(request) if _is_foreign(name, requests[0])})
    off = [script.title() for script in there if script not in on]
    if foreign and off:
        names = named_list(off, most=len(off))
        return Text("an axis sets {field}, which may activate {scripts}", field=foreign[0], scripts=names)
    return None


def the_scripts(titles: list[str]) -> Text:
    """These scripts within a sentence: `the scripts A, B`."""
    names = named_list(titles, most=len(titles))
    return Text("the script {name}", name=names) if len(titles) == 1 else Text("the scripts {names}", names=names)


def _may_only_look_on(engine: Engine, script: Any) -> bool:
    """Whether nothing that can be known before it runs says that a script takes part in sampling."""
    busy = set(BATCH_HOOKS) - set(PREPARING_HOOKS)
    return not (is_own(script) or any(overrides(script, hook) for hook in busy) or reaching(engine, [script], None))


def switched_on(engine: Engine, request: Any) -> list[Any]:
    """The scripts of other extensions that run in a request and are not known to be switched off."""
    theirs = [script for script in request.scripts.alwayson_scripts if not is_own(script)]
    return [script for script in theirs if _takes_part(engine, script) and not _is_off(script, request)]


def reaching(engine: Engine, candidates: list[Any], request: Any) -> list[Any]:
    """Those scripts of whose extensions code stands where the host samples: in callbacks, in the host's functions and
    classes, in the model, or in the request that is being generated."""
    if not candidates:
        return []
    files = {_real(code.co_filename) for code in map(_code_of, _sampling_code(engine, request)) if code is not None}
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


def _takes_part(engine: Engine, script: Any) -> bool:
    """Of the host's own scripts only those that touch the samples; of other extensions' all that could."""
    return engine.takes_part(script) if is_own(script) else any(overrides(script, name) for name in BATCH_HOOKS)


def _is_off(script: Any, request: Any) -> bool:
    given = list(request.script_args or [])[script.args_from : script.args_to]
    return is_switched_off(str(script.title()), list(script.controls or []), given, plain=is_own(script))


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


def _code_of(found: Any) -> CodeType | None:
    """The code of a callable: a function, a method, a partial, an object that can be called."""
    while isinstance(found, partial):
        found = found.func
    if isinstance(found, MethodType | staticmethod | classmethod):
        found = found.__func__
    while getattr(found, "__module__", None) == shadow.__name__:  # what is below a hook of ours
        found = found.__wrapped__
    if not isinstance(found, FunctionType):
        found = next((vars(kind)["__call__"] for kind in type(found).__mro__ if "__call__" in vars(kind)), None)
    return found.__code__ if isinstance(found, FunctionType) else None


def _sampling_code(engine: Engine, request: Any) -> Iterator[Any]:
    for name in SAMPLING_CALLBACKS:
        yield from (entry.callback for entry in script_callbacks.callback_map.get(f"callbacks_{name}", []))
    for name, module in list(sys.modules.items()):
        if name.startswith(tuple(f"{package}." for package in engine.packages)) or name in engine.packages:
            yield from _callables(vars(module).values())
            yield from _of_classes(found for found in vars(module).values() if isinstance(found, type))
    objects = [found for found in (engine.model(), *engine.sampling_objects()) if found is not None]
    parts = {id(part): part for found in objects if isinstance(found, torch.nn.Module) for part in found.modules()}
    yield from _of_classes({type(part) for part in parts.values()})
    for holder in (*parts.values(), *objects, *([] if request is None else [request])):
        yield from _callables(vars(holder).values())
    for part in parts.values():
        for hooks in (part._forward_hooks, part._forward_pre_hooks):
            yield from hooks.values()


def _of_classes(kinds: Iterable[type]) -> Iterator[Any]:
    for kind in kinds:
        yield from _callables(vars(kind).values())


def _callables(values: Iterable[Any]) -> Iterator[Any]:
    return (found for found in list(values) if callable(found) and not isinstance(found, type))
