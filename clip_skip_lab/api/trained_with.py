"""`POST /clip-skip-lab/v1/trained-with`: which clip skip the loaded checkpoint was trained with."""

from __future__ import annotations

import base64
import binascii
import io
from functools import partial
from typing import Any

from fastapi import FastAPI
from PIL import Image

from ..errors import InvalidInput
from ..hosts import Host, own_hash
from ..language import Text
from ..models.measured import ASKED
from ..probe.question import (
    MOST_SECONDS,
    Captioned,
    Question,
    read_clip_skips,
    read_loras,
    read_seconds,
    read_seed,
)
from ..sweep.layer_request import CLIP_SKIP
from . import add_routes
from .errors import hosts_error
from .guard import Guard

KEYS = ("pictures", "clip_skips", "seed", "most_seconds", "vary", "loras")

MOST_PICTURES = 4_096
"""In one request: they lie in memory as files."""

PICTURES = "pictures"


def add_trained_with_route(app: FastAPI, host: Host, guard: Guard) -> None:
    """Adds the route."""

    def trained_with(body: dict[str, Any]) -> dict[str, Any]:
        question, pictures, left_out = read_request(host, body)
        try:
            answer = host.trained_with(question, pictures)
        except InvalidInput:
            raise
        except Exception as error:  # of the host's own, as in a generation
            raise hosts_error(error) from error
        said = answer.to_json()
        return {**said, "sentences": [*said["sentences"], *map(str, left_out)]}

    add_routes(app, guard.route_of_the_api(), {"POST /trained-with": trained_with})


def read_request(host: Host, body: dict[str, Any]) -> tuple[Question, list[Captioned], list[Text]]:
    """The question in a request's body, the pictures to ask with, and what is left out of them, in sentences.

    Raises `InvalidInput`, before anything is loaded.
    """
    for key in body:
        if key not in KEYS:
            raise InvalidInput(Text("trained-with"), key, ", ".join(KEYS), Text("is not a key"))
    vary = body.get("vary", CLIP_SKIP)
    if vary not in ASKED:
        raise InvalidInput("vary", vary, ", ".join(ASKED))
    question = Question(
        clip_skips=read_clip_skips(body.get("clip_skips")),
        seed=read_seed(body.get("seed", 1)),
        most_seconds=read_seconds(body.get("most_seconds", MOST_SECONDS)),
        vary=vary,
        loras=read_loras(body.get("loras", "")),
    )
    given = body.get("pictures")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_PICTURES:
        allowed = Text('a list of 1 to {most} objects with "image" (base64) and "caption"', most=MOST_PICTURES)
        problem = Text("is empty") if given in ([], None) else Text("cannot be used")
        raise InvalidInput(PICTURES, [] if given is None else given, allowed, problem)
    return question, *_without_own(host, [_read(place + 1, entry) for place, entry in enumerate(given)])


def _without_own(host: Host, pictures: list[Captioned]) -> tuple[list[Captioned], list[Text]]:
    """Without those that the checkpoint itself made, see `Infotext.is_by`."""
    own, kept, left_out = own_hash(host), list[Captioned](), list[Text]()
    for picture in pictures:
        made = host.infotext(picture.load(0))
        if made is not None and made.is_by(own):
            left_out.append(Text("{name} is left out: it was made by this checkpoint itself.", name=picture.name))
        else:
            kept.append(picture)
    if not kept:
        allowed, problem = Text("images that it did not make"), Text("are all made by this checkpoint itself")
        raise InvalidInput(PICTURES, len(pictures), allowed, problem)
    return kept, left_out


def _read(number: int, entry: Any) -> Captioned:
    name = Text("image {number}", number=number)
    if not isinstance(entry, dict) or set(entry) != {"image", "caption"}:
        raise InvalidInput(name, entry, Text('an object with "image" (base64) and "caption"'))
    image, caption = entry["image"], entry["caption"]
    if not isinstance(caption, str) or not caption.strip():
        allowed = Text("what the image shows, in words")
        raise InvalidInput(Text("caption of image {number}", number=number), caption, allowed, Text("is empty"))
    data = _decoded(name, image)
    try:
        _open(data, 0).verify()
        _open(data, 0).load()
    except Exception as error:  # what a library raises for a file that is no picture may be anything
        allowed, problem = Text("PNG, JPEG or WebP in base64"), Text("is not an image that can be read")
        raise InvalidInput(name, _beginning(image), allowed, problem) from error
    return Captioned(name, caption, partial(_open, data))


def _decoded(name: Text, image: Any) -> bytes:
    problem = InvalidInput(name, _beginning(image), Text("PNG, JPEG or WebP in base64"), Text("is not base64"))
    if not isinstance(image, str):
        raise problem
    head, comma, rest = image.partition(",")
    text = rest if comma and head.startswith("data:") else image  # as browsers write it
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise problem from error


def _beginning(image: Any) -> Any:
    return f"{image[:40]}…" if isinstance(image, str) and len(image) > 40 else image


def _open(data: bytes, clip_skip: int) -> Image.Image:
    """Opens a picture; it is the same at each clip skip."""
    return Image.open(io.BytesIO(data))
