"""Pictures with captions, as trainers have them in a folder, or with infotexts, as WebUIs write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from PIL import Image

from ..errors import InvalidInput, reason_of
from ..language import Text, counted
from .question import Captioned

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".avif"})

FOLDER = Text("Folder")

MOST = 1_000
"""How many pictures of a folder are looked at."""

LOOKED_AT = 10
"""How many files are opened for each picture that is wanted: a folder may hold tens of thousands that are left out."""

LONGEST_CAPTION = 20_000
"""Characters of a caption that are read."""


@dataclass(frozen=True)
class Infotext:
    """What a picture says of how it was made.

    Attributes:
        prompt: its prompt, LoRAs included.
        model_hash: the short hash of its checkpoint, "" where it isn't said.
    """

    prompt: str
    model_hash: str

    def is_by(self, model_hash: str) -> bool:
        """Whether the checkpoint with this hash made it, which biases it towards the clip skip that it was made with;
        "" is nobody's."""
        return bool(model_hash) and self.model_hash == model_hash


ReadInfotext = Callable[[Image.Image], Infotext | None]


@dataclass
class Found:
    """What there was.

    Attributes:
        pictures: those that can be asked with.
        left_out: why others cannot, in sentences: for each reason one.
    """

    pictures: list[Captioned] = field(default_factory=list)
    left_out: list[Text] = field(default_factory=list)


def pictures_in(folders: Sequence[Path], infotext: ReadInfotext, own_hash: str, most: int = MOST) -> Found:
    """The pictures of folders and of what is below them, the newest first.

    A caption stands in a `.txt` of the same name; without one the prompt of the infotext counts.

    Args:
        folders: where to look.
        infotext: reads a picture's.
        own_hash: of the checkpoint that is asked, as infotexts have it: what it made itself is left out.
        most: how many pictures to take at most.

    Raises `InvalidInput` for a folder that is none, or where no picture can be asked with.
    """
    for folder in folders:
        if not folder.is_dir():
            raise InvalidInput(FOLDER, str(folder), Text("a folder on the machine that the WebUI runs on"))
    found, own, without, broken = Found(), 0, 0, 0
    for path in _newest(folders)[: LOOKED_AT * most]:
        if len(found.pictures) >= most:
            break
        try:
            with Image.open(path) as picture:
                made = infotext(picture)
        except Exception:  # a picture that is none; what a library raises for one may be anything
            broken += 1
            continue
        caption = _caption(path)
        said = caption or (made.prompt if made is not None else "")
        if made is not None and made.is_by(own_hash):
            own += 1
        elif said.strip():
            found.pictures.append(Captioned(path.name, said, partial(_open, path), literal=bool(caption)))
        else:
            without += 1
    found.left_out += list(_reasons(own, without, broken))
    if not found.pictures:
        raise InvalidInput(
            FOLDER,
            ", ".join(map(str, folders)),
            Text("a folder of images, each with a .txt beside it or with its infotext"),
            _problem(found.left_out),
        )
    return found


def _problem(left_out: list[Text]) -> Text:
    none = Text("has no image that can be used")
    return Text("{problem} ({reasons})", problem=none, reasons=" ".join(left_out)) if left_out else none


def _reasons(own: int, without: int, broken: int) -> Iterable[Text]:
    if own:
        pictures = counted(own, "{n} image", "{n} images")
        yield Text("Left out: {pictures} made by this checkpoint itself, according to the infotext.", pictures=pictures)
    if without:
        pictures = counted(without, "{n} image", "{n} images")
        yield Text("Left out: {pictures} without a caption or infotext.", pictures=pictures)
    if broken:
        files = counted(broken, "{n} file", "{n} files")
        yield Text("Left out: {files} without a readable image.", files=files)


def _newest(folders: Sequence[Path]) -> list[Path]:
    found = {path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in ENDINGS}
    dated = []
    for path in found:
        try:
            if path.is_file():
                dated.append((-path.stat().st_mtime_ns, str(path), path))
        except OSError:  # gone meanwhile
            continue
    return [path for _, _, path in sorted(dated)]


def _caption(path: Path) -> str:
    try:
        with path.with_suffix(".txt").open(encoding="utf-8-sig", errors="replace") as file:
            return " ".join(file.read(LONGEST_CAPTION).split())
    except (OSError, ValueError):
        return ""


def _open(path: Path, clip_skip: int) -> Image.Image:
    """Opens a picture; it is the same at each clip skip."""
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except Exception as error:
        problem = Text("can no longer be read ({reason})", reason=reason_of(error))
        raise InvalidInput(
            FOLDER, path.name, Text("images that are not moved or deleted meanwhile"), problem
        ) from error
