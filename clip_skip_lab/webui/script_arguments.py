"""As many arguments as the sweep's script has inputs, whatever an API client sends (seen on v1.10.1).

The host puts the client's list in the place of the script's slice of all inputs (modules/api/api.py,
`Api.init_script_args`), whatever its length: a shorter list moves the inputs of every script behind it, without a word.
So the list is made as long as the slice before the host gets it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from fastapi import HTTPException
from modules import script_callbacks, shared

from ..errors import InvalidInput
from ..language import Text
from ..sweep.plan_keys import SCRIPT_TITLE
from .checks import check_sampler

log = logging.getLogger("clip_skip_lab")

METHOD = "init_script_args"
FIELD = "script_args"
EXAMPLE = Text("one object such as {example}", example='{"clip_skip": "1-12"}')


def register_padding() -> None:
    """Registers the padding with the host, which forgets it at "Reload UI"; to be called once per load of scripts."""
    # Not earlier: importing the API fixes which options its answers know, and now all of them are registered.
    script_callbacks.on_ui_tabs(_install)
    script_callbacks.on_script_unloaded(_uninstall)


def fitted(given: list[Any] | None, defaults: list[Any], mentioned: bool = False) -> list:
    """The arguments of a request, exactly as many as there are inputs.

    Args:
        given: what the client sent: one object, and what follows it does not matter; or the panel's values in their
            order, of which the last ones may be left out.
        defaults: a value for each of the script's inputs.
        mentioned: whether the request gives some of them in another way (its infotext), so that none need be given.

    Raises `InvalidInput`.
    """
    given = [] if given is None else given
    if not given and not mentioned:
        raise InvalidInput(FIELD, given, EXAMPLE, Text("is empty"))
    if given and isinstance(given[0], dict):
        return [given[0], *defaults[1:]]
    if len(given) > len(defaults):
        allowed = Text("{example}, or at most {count} values", example=EXAMPLE, count=len(defaults))
        raise InvalidInput(FIELD, f"{len(given)} values", allowed, Text("are too many"))
    return [*given, *defaults[len(given) :]]


def check_writable(fields: dict[str, Any]) -> None:
    """Raises `InvalidInput` for what cannot be written into an answer or a file.

    That is NaN and infinity, whole numbers of more than 64 bits, and half a character.

    Args:
        fields: of the request, as they came from JSON.
    """
    parts = list(fields.items())
    while parts:  # and no recursion: how deep the fields are nested is up to the client
        name, value = parts.pop()
        if isinstance(value, dict):
            parts += [(name, key) for key in value] + [(f"{name}.{key}"[:200], part) for key, part in value.items()]
        elif isinstance(value, list | tuple):
            parts += [(name, part) for part in value]
        elif isinstance(value, float) and not math.isfinite(value):
            raise InvalidInput(name, value, Text("finite numbers"), Text("is not a finite number"))
        elif isinstance(value, int) and not -(2**63) <= value < 2**64:
            raise InvalidInput(name, value, Text("whole numbers of 64 bits"), Text("is too large"))
        elif isinstance(value, str) and not _is_text(value):
            raise InvalidInput(name, value, Text("Unicode text"), Text("contains half of a surrogate pair"))


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _install() -> list[Any]:
    """Wraps the method, where there is an API. Adds no tab."""
    if not (shared.cmd_opts.api or shared.cmd_opts.nowebui):
        return []
    from modules.api.api import Api

    original = getattr(Api, METHOD, None)
    if original is None:
        log.warning("Clip skip sweep: this WebUI's API works differently; pass all of the script's arguments there.")
    elif original.__module__ != __name__:
        setattr(Api, METHOD, _padding(original))
    return []


def _uninstall() -> None:
    from modules.api.api import Api

    ours: Any = getattr(Api, METHOD, None)
    # Where another extension has wrapped it meanwhile, it stays below that: padding what is padded changes nothing.
    if getattr(ours, "__module__", None) == __name__:
        setattr(Api, METHOD, ours.__wrapped__)


def _padding(original: Callable) -> Callable:
    def init_script_args(api: Any, request: Any, defaults: list, script: Any, *args: Any, **kwargs: Any) -> list:
        if script is None or script.title() != SCRIPT_TITLE:
            return original(api, request, defaults, script, *args, **kwargs)
        try:
            arguments = _arguments(request, defaults, script, kwargs.get("input_script_args") or {})
        except InvalidInput as error:
            raise HTTPException(error.status_code, error.detail) from error
        request = request.copy(update={"script_args": arguments})
        return original(api, request, defaults, script, *args, **kwargs)

    # The names of this module stay, to know it again.
    return wraps(original, assigned=(), updated=())(init_script_args)


def _arguments(request: Any, defaults: list, script: Any, mentioned: dict[int, Any]) -> list:
    check_writable(vars(request))
    check_sampler(request.sampler_name or request.sampler_index)
    for name, content in (request.alwayson_scripts or {}).items():
        if not isinstance(content, dict) or not isinstance(content.get("args", []), list):
            raise InvalidInput(
                f"alwayson_scripts.{name}",
                content,
                Text("an object such as {example}", example='{"args": []}'),
                Text("is not such an object"),
            )
    if script.args_to is None or len(defaults) < script.args_to:
        raise InvalidInput(
            "Sweep", SCRIPT_TITLE, Text("the same request in a moment"), Text("cannot run while the WebUI starts")
        )
    slots = range(script.args_from, script.args_to)
    return fitted(
        request.script_args, [mentioned.get(at, defaults[at]) for at in slots], any(at in mentioned for at in slots)
    )
