"""From what was typed in the tab to what is asked of the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modules import shared
from PIL import Image

from ..errors import InvalidInput
from ..hosts import Host, own_hash
from ..language import Text
from ..probe.folder import Found, pictures_in
from ..probe.question import Captioned, Question, read_clip_skips, read_loras, read_seconds, read_seed
from .asking import Asked

FOLDER, IMG2IMG, DRAWN = range(3)
"""Where pictures come from."""

MOST_MADE = 200
"""Of the pictures that were made before, so many are asked, the newest ones."""

MOST_DRAWN = 64

NAME = "img2img"
"""What the picture there is called."""


@dataclass(frozen=True)
class Given:
    """What was typed and chosen, as gradio gives it.

    Attributes:
        way: where pictures come from.
        folder: for `FOLDER`.
        prompts, count: for `DRAWN`: what to draw, and how many at each value.
        values, loras, vary, seed, seconds: see `Question`.
    """

    way: int
    folder: str
    prompts: str
    count: Any
    values: str
    loras: str
    vary: str
    seed: Any
    seconds: Any


def question_from(given: Given) -> Question:
    """What is asked. Raises `InvalidInput`."""
    return Question(
        clip_skips=read_clip_skips(given.values),
        seed=read_seed(given.seed),
        most_seconds=read_seconds(given.seconds),
        vary=given.vary,
        loras=read_loras(given.loras),
    )


def asked_from(host: Host, given: Given, page: Sequence[Any]) -> Asked:
    """What is asked, and with which pictures; the folder itself is looked at later.

    Args:
        host: the host.
        given: what was typed.
        page: picture and prompt of img2img, width and height of txt2img; None where the page has no such thing.

    Raises `InvalidInput`.
    """
    question = question_from(given)
    picture, prompt, width, height = page
    if given.way == DRAWN:
        lines = [line.strip() for line in given.prompts.splitlines() if line.strip()]
        if not lines:
            raise InvalidInput(Text("Prompts, one per line"), "", Text("at least one"), Text("are empty"))
        if type(given.count) is not int or not 1 <= given.count <= MOST_DRAWN:
            allowed = Text("a whole number from {lowest} to {highest}", lowest=1, highest=MOST_DRAWN)
            raise InvalidInput(Text("Images per value"), given.count, allowed)
        size = (int(width), int(height)) if width and height else None
        drawn = Found([Captioned(f"prompt {n + 1}", line, _none, literal=False) for n, line in enumerate(lines)])
        return Asked(replace(question, size=size), lambda: drawn, given.count)
    if given.way == IMG2IMG:
        return Asked(question, lambda: _made_before(host, picture, str(prompt or "")))
    folder = given.folder.strip().strip('"')
    if not folder:
        allowed = Text("a folder on the machine that the WebUI runs on")
        raise InvalidInput(Text("Folder"), "", allowed, Text("is empty"))
    if getattr(shared.cmd_opts, "hide_ui_dir_config", False):  # as the host's own batches of img2img
        problem = Text("is refused: the WebUI was launched with --hide-ui-dir-config")
        raise InvalidInput(Text("Folder"), folder, Text("the images of img2img"), problem)
    return Asked(question, lambda: pictures_in([Path(folder)], host.infotext, own_hash(host)))


def _made_before(host: Host, picture: Any, prompt: str) -> Found:
    """The picture in img2img with its prompt, and those in the folders where the host saves pictures."""
    first = _of_img2img(host, picture, prompt)
    folders = [folder for folder in map(Path, host.output_folders()) if folder.is_dir()]
    try:
        found = pictures_in(folders, host.infotext, own_hash(host), MOST_MADE)
    except InvalidInput:  # there is none
        if not first.pictures:
            raise
        return first
    return Found(first.pictures + found.pictures, first.left_out + found.left_out)


def _of_img2img(host: Host, picture: Any, prompt: str) -> Found:
    if not isinstance(picture, Image.Image) or not prompt.strip():
        return Found()
    made = host.infotext(picture)
    if made is not None and made.is_by(own_hash(host)):
        return Found(left_out=[Text("{name} is left out: it was made by this checkpoint itself.", name=NAME)])
    return Found([Captioned(NAME, prompt, lambda clip_skip: picture, literal=False)])


def _none(clip_skip: int) -> Image.Image:
    raise NotImplementedError(clip_skip)  # the model draws it
