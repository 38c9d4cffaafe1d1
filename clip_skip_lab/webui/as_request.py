"""The page's request as a client of the API would send it, so that other WebUIs generate the same (seen on v1.10.1,
modules/api/models.py and modules/api/api.py).

Which fields there are is asked of the host's own model of a request, so that a fork's own come along. What the page
fills in by its scripts for sampler and seed stands in the fields already: the API leaves these scripts out.
"""

from __future__ import annotations

import base64
import io
import json
import math
from typing import Any

from modules import processing
from PIL import Image

from ..hosts import SentRequest
from ..language import Text
from .request import PLAIN, is_place, is_told

SEEDS = ("seed", "subseed")
PICTURES = ("init_images", "mask")
"""Fields that are pictures there, in base64."""
NOT_SENT = ("override_settings", "script_args", "comments", *PICTURES)
"""Fields that are sent in another form, or made while a request is generated."""
IN_PNG = ("1", "L", "LA", "RGB", "RGBA", "I;16", "I")
"""Modes of pictures that a PNG holds as they are; it holds a palette too, which is another mode than its colours."""
EMPTY: tuple[object, ...] = (None, "", [], ())
"""What the page and the API call an input that holds nothing."""


def as_request(p: Any) -> SentRequest:
    """What a client of the API sends for the request that the page made, without the sweep's script.

    Seeds of -1 stay, to be drawn by whoever runs it.
    """
    is_img2img = isinstance(p, processing.StableDiffusionProcessingImg2Img)
    body, lost = _fields(p, _known_fields(is_img2img))
    if is_img2img:
        body["init_images"] = [_encoded(image) for image in p.init_images]
        if p.image_mask is not None:
            body["mask"] = _encoded(p.image_mask)
    settings = {key: value for key, value in p.override_settings.items() if not is_place(key, value)}
    body["override_settings"] = {key: value for key, value in settings.items() if _fits(value)}
    scripts, silent = _scripts(p)
    if scripts:
        body["alwayson_scripts"] = scripts
    lost += [key for key in p.override_settings if key not in body["override_settings"]] + silent
    told = [Text("“{name}” cannot be sent to another WebUI, which uses its own setting.", name=name) for name in lost]
    return SentRequest("img2img" if is_img2img else "txt2img", body, tuple(told))


def _known_fields(is_img2img: bool) -> list[str]:
    """The names of the fields that the API has for a tab."""
    from modules.api import models  # not earlier: it fixes which options its answers know

    kind = models.StableDiffusionImg2ImgProcessingAPI if is_img2img else models.StableDiffusionTxt2ImgProcessingAPI
    return [*(getattr(kind, "model_fields", None) or kind.__fields__)]  # pydantic 2, else 1


def _fields(p: Any, known: list[str]) -> tuple[dict[str, Any], list[str]]:
    """The plain fields of a request, and the names of those that hold something else."""
    sent: dict[str, Any] = {}
    lost = []
    for name in known:
        value = getattr(p, name, None)
        if name in SEEDS and isinstance(value, str | float):  # a text field, with --use-textbox-seed
            value = _whole(value)
        if value is None or name in NOT_SENT or not is_told(name):
            continue
        if _is_plain(value):
            sent[name] = value
        elif value and not _is_endless(value):
            lost.append(name)
    return sent, lost


def _whole(seed: str | float) -> int:
    try:
        return int(seed)
    except ValueError:  # what is no number is a random one (modules/processing.py, `get_fixed_seed`)
        return -1


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, PLAIN) and not _is_endless(value)


def _is_endless(value: object) -> bool:
    """Whether it is a number that JSON has not: `s_tmax` is infinite unless said."""
    return isinstance(value, float) and not math.isfinite(value)


def _fits(value: object) -> bool:
    """Whether JSON can hold it."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _encoded(image: Image.Image) -> str:
    """A picture as PNG in base64, pixel by pixel the same for whoever reads it, and without anything said beside it."""
    if image.mode not in IN_PNG:
        has_alpha = image.mode in ("PA", "La", "RGBa") or "transparency" in image.info
        image = image.convert("RGBA" if has_alpha else "RGB")
    plain = image.copy()
    plain.info = {}
    with io.BytesIO() as file:
        plain.save(file, format="PNG")
        return base64.b64encode(file.getvalue()).decode()


def _scripts(p: Any) -> tuple[dict[str, dict[str, list[Any]]], list[str]]:
    """What other extensions' panels hold where that isn't their default, as the API takes it; and the names of those
    that hold what it cannot take, such as objects."""
    sent: dict[str, dict[str, list[Any]]] = {}
    silent = []
    for script in p.scripts.alwayson_scripts if p.scripts is not None else ():
        # Those of the page alone put their values into fields (modules/scripts.py, `ScriptBuiltinUI`).
        if getattr(script, "setup_for_ui_only", False) or script.api_info is None:
            continue
        given = list(p.script_args[script.args_from : script.args_to])
        inputs = p.scripts.inputs[script.args_from : script.args_to]
        # As the script has them itself: what the user's ui-config.json makes of them, the API doesn't know.
        usual = [argument.value for argument in script.api_info.args]
        if all(map(_is_same, given, usual, inputs)):
            continue
        if _fits(given):
            sent[script.title().lower()] = {"args": given}
        else:
            silent.append(script.title())
    return sent, silent


def _is_same(given: Any, usual: Any, component: Any) -> bool:
    """Whether an input holds its default."""
    if getattr(component, "type", None) == "index" and usual is not None:  # the page gives a place among the choices
        labels = [choice[0] if isinstance(choice, tuple) else choice for choice in component.choices]
        usual = labels.index(usual) if usual in labels else usual
    try:
        return bool(given == usual) or (_is_empty(given) and _is_empty(usual))
    except ValueError:  # of arrays
        return False


def _is_empty(value: Any) -> bool:
    return any(value is nothing or (type(value) is type(nothing) and value == nothing) for nothing in EMPTY)
