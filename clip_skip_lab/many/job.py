"""What a person wants generated, from files and from the command line, as a `Job`."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from ..errors import InvalidInput, named_list, reason_of
from ..language import Text
from ..sweep.plan_keys import PLAN_KEYS, refuse_unknown_keys
from ..sweep.reading import LARGEST_PICTURE, LARGEST_RECORD, open_plain, opened, parse_object
from .exchange import TABS, Job

REQUEST, PLAN, AXIS, TAB = Text("Request"), Text("Plan"), Text("Axis"), Text("Tab")
STDIN = "-"
OURS = ("script_name", "script_args")
"""What a request must not say: the sweep's own script is what runs."""

ANSWER = "return_cells"
"""A key of a plan that says what an answer holds, and nothing of the sweep."""

PICTURE = re.compile(r"[^\n]{1,1000}\.(png|jpe?g|webp|avif|gif|bmp|tiff?|jxl)", re.IGNORECASE)
"""A name of a picture's file. Base64 has no dot."""


def read_job(request: str | None, plan: str | None, tab: str | None, keys: Mapping[str, Any]) -> Job:
    """A job from what the command line says.

    Args:
        request: the file with the API's request, "-" for standard input.
        plan: a file in the form of `Job.to_json`, of which anything may be left out.
        tab: one of `TABS`, None for what the plan's file says.
        keys: keys of the plan from the command line; they win over the file's.

    Raises `InvalidInput`.
    """
    whole = {} if plan is None else _object(plan, PLAN)
    refuse_unknown_keys(PLAN, whole, ("tab", "request", "plan"))
    body, beside = (whole.get("request"), plan) if request is None else (_object(request, REQUEST), request)
    if body is None:
        allowed = Text("a file given by --request, or a request in the file given by --plan")
        raise InvalidInput(REQUEST, "--request", allowed, Text("is missing"))
    tab = str(tab or whole.get("tab", TABS[0]))
    if tab not in TABS:
        raise InvalidInput(TAB, tab, named_list(list(TABS)))
    folder = Path.cwd() if beside in (None, STDIN) else Path(str(beside)).absolute().parent
    return Job(tab, _request(body, tab, folder), {**_plan(whole.get("plan", {})), **keys})


def read_axis(text: str) -> dict[str, str]:
    """An axis as a plan has it, from "CFG Scale=5,7,11". Raises `InvalidInput`."""
    name, divided, values = text.partition("=")
    if not divided or not name.strip():
        raise InvalidInput(AXIS, text, Text("a name and its values, such as {example}", example="CFG Scale=5,7,11"))
    return {"axis": name.strip(), "values": values.strip()}


def _plan(given: object) -> dict[str, Any]:
    """The plan of a file; what only an answer has to do with, as in a plan that was copied, is left out."""
    if not isinstance(given, dict):
        raise InvalidInput(PLAN, given, Text("a JSON object"), Text("is not an object"))
    refuse_unknown_keys(PLAN, given, tuple(key.name for key in PLAN_KEYS))
    return {key: value for key, value in given.items() if key != ANSWER}


def _request(given: object, tab: str, folder: Path) -> dict[str, Any]:
    """The request with its pictures read. Raises `InvalidInput`."""
    if not isinstance(given, dict):
        raise InvalidInput(REQUEST, given, Text("a JSON object"), Text("is not an object"))
    for key in OURS:
        if given.get(key):
            problem = Text("cannot be used, because the sweep runs a script of its own")
            raise InvalidInput(REQUEST, key, Text("a request without a script"), problem)
    found = {key: value for key, value in given.items() if key not in OURS}
    pictures = found.get("init_images")
    if tab == "txt2img":
        if pictures:
            raise InvalidInput(REQUEST, "init_images", Text("--img2img added"), Text("is not for txt2img"))
        return found
    if not isinstance(pictures, list) or not pictures:
        allowed = Text("a list of images, as base64 or as names of files")
        problem = Text("is missing") if pictures is None else Text("is not a valid list")
        raise InvalidInput(REQUEST, "init_images" if pictures is None else pictures, allowed, problem)
    found["init_images"] = [_picture("init_images", picture, folder) for picture in pictures]
    if found.get("mask") is not None:
        found["mask"] = _picture("mask", found["mask"], folder)
    return found


def _picture(key: str, given: object, folder: Path) -> object:
    """A picture as the API takes it: the file's content where a file is named, else what was given.

    A file must be a picture, so that a request which somebody sent does not make others of this machine travel.
    """
    if not isinstance(given, str) or re.match("data:|https?:", given) or not PICTURE.fullmatch(given):
        return given
    try:
        with open_plain(folder / Path(given).expanduser(), LARGEST_PICTURE, follow=True) as file:
            data = file.read()
        with opened(BytesIO(data)):
            return base64.b64encode(data).decode()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        problem = Text("cannot be read ({reason})", reason=reason_of(error))
        allowed = Text("an image file, beside the request or with its full path")
        raise InvalidInput(key, given, allowed, problem) from error


def _object(name: str, field: Text) -> dict[str, Any]:
    """The JSON object in a file, or on standard input."""
    try:
        if name == STDIN:
            return parse_object(sys.stdin.buffer.read().decode("utf-8-sig"))
        with open_plain(Path(name), LARGEST_RECORD, follow=True) as file:
            return parse_object(file.read().decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        problem = Text("cannot be read ({reason})", reason=reason_of(error))
        raise InvalidInput(field, name, Text("a file with a JSON object"), problem) from error
