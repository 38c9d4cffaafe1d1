"""Whether an always-on script of another extension is switched off, as far as its own inputs tell. Knows no host.

There is no common way to say it. What is read: a tick or an accordion that names nothing but the script itself or says
nothing but "enabled", a choice between "active" and "disable", and units (dicts or objects) that have such a key.
"""

from __future__ import annotations

import re
from typing import Any

ON = frozenset(("enable", "enabled", "active", "activate", "activated", "on", "use", "有効", "有効化", "启用", "啟用"))
OFF = frozenset(("disable", "disabled", "off", "none", "no", "inactive", "not active", "deactivated", "無効", "禁用"))
FILLER = frozenset(("a1111", "extension", "for", "is", "script", "sd", "the", "this", "webui"))


def is_switched_off(title: str, controls: list[Any], given: list[Any], plain: bool = False) -> bool:
    """Whether a script's inputs say that it does nothing; False where they don't tell.

    Args:
        title: the script's own.
        controls: its inputs, gradio components.
        given: their values in a request, in the same order; a unit may stand anywhere.
        plain: whether it is one of the host's own, which have ticks to switch them on and are off without one, whatever
            these are called.
    """
    if plain and controls and given and _is_main_switch(controls[0]) and not _is_on(controls[0], given[0]):
        return True
    said = [_unit_is_on(value) for value in given[len(controls) :]]
    for number, control in enumerate(controls):
        if number >= len(given):
            said.append(True if _is_switch(title, control, number) else None)
        elif _is_unit(given[number]):
            said.append(_unit_is_on(given[number]))
        elif _is_switch(title, control, number):
            said.append(_is_on(control, given[number]))
    known = [switch for switch in said if switch is not None]
    if plain and not known:
        known = _ticks_to_enable(controls, given)
    return bool(known) and not any(known)


def _is_main_switch(control: Any) -> bool:
    """Whether this is a tick that says nothing but "enabled", and so, before all other inputs, decides for them."""
    words = _words(str(getattr(control, "label", None) or ""))
    return bool(words) and words <= ON and _is_tick(control)


def _ticks_to_enable(controls: list[Any], given: list[Any]) -> list[bool]:
    """The values of ticks "Enable …"; of the first tick where there is none."""
    ticks = [
        (str(getattr(control, "label", None) or "").lower(), _is_on(control, value))
        for control, value in zip(controls, given, strict=False)
        if _is_tick(control)
    ]
    named = [is_on for label, is_on in ticks if label.split(" ")[0] in ON]
    return named or [is_on for _, is_on in ticks[:1]]


def _is_tick(control: Any) -> bool:
    return any("Checkbox" in kind.__name__ for kind in type(control).__mro__)


def _is_switch(title: str, control: Any, number: int) -> bool:
    named = _names(title, str(getattr(control, "label", None) or ""))
    choices = _choices(control)
    if choices:
        return any(map(_says_off, choices)) and (
            named or all(_says_off(text) or _words(text) <= ON for text in choices)
        )
    classes = [kind.__name__ for kind in type(control).__mro__]
    if any("Accordion" in name for name in classes):
        return named or number == 0
    return named and _is_tick(control)


def _is_on(control: Any, value: Any) -> bool:
    """Off is what says so; whatever else is given counts as on."""
    choices = _choices(control)
    if choices and isinstance(value, int) and not isinstance(value, bool):
        return not (0 <= value < len(choices) and _says_off(choices[value]))
    if isinstance(value, str):
        return not _says_off(value)
    if value is None:  # some scripts are off with it and say so by having it as their default; others are on
        return getattr(control, "value", True) is not None
    return value is not False


def _choices(control: Any) -> list[str]:
    choices = getattr(control, "choices", None) or []
    return [str(choice[0] if isinstance(choice, list | tuple) and choice else choice) for choice in choices]


def _is_unit(value: Any) -> bool:
    return isinstance(value, dict) or isinstance(getattr(value, "enabled", None), bool)


def _unit_is_on(value: Any) -> bool | None:
    """None for what is no unit. A unit without a switch is off where the model that it would use is "None"."""
    if not _is_unit(value):
        return None
    fields = value if isinstance(value, dict) else {"enabled": value.enabled}
    switches = [value for name, value in fields.items() if isinstance(value, bool) and _parts(name) & ON]
    if not all(switches):
        return False
    models = [value for name, value in fields.items() if _parts(name) & {"model", "module", "preprocessor"}]
    if not switches and not models:
        return None  # a picture with its mask, say
    return not (models and all(model in (None, "None", "none") for model in models))


def _parts(name: object) -> set[str]:
    return set(str(name).lower().split("_")) - {"is"}


def _names(title: str, label: str) -> bool:
    """Whether a label says nothing beyond the script's name and that it is on."""
    words = _words(label)
    whole, short = _words(title), _words(re.split(r"[(:\[]| - ", title)[0])
    rest = words - ON - FILLER
    return bool(words) and rest in (set(), whole - ON - FILLER, short - ON - FILLER)


def _says_off(text: str) -> bool:
    return " ".join(re.findall(r"\w+", text.lower())) in OFF


def _words(text: str) -> set[str]:
    """The words of a text without a version."""
    return {word for word in re.findall(r"\w+", text.lower()) if not re.fullmatch(r"v?\d+", word)}
