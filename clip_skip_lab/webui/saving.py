"""Saving pictures and grids as the WebUI does (seen on v1.10.1): its names, its formats, nothing overwritten.

Its `images.save_image` cuts the whole path to 251 characters and replaces what lies under a name; callbacks of
extensions may rename and move a picture before it is written. So a name is looked at in the last moment before that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from pathlib import Path
from typing import Any

from modules import images, script_callbacks, shared
from PIL import ImageColor

from ..hosts import OPTION_KEY
from ..language import Text
from ..sweep.grid import Style
from ..sweep.saving import can_be_written
from ..sweep.session import Picture
from .options import borrowed
from .shadow import shadowed

PLAIN_FORMAT = "png"
SHORTEST_NAME = 8
"""Letters that must be left of a name that the host cuts: below them the running number would be lost."""

OUR_RULES = {
    # Without its number a name may be the seed alone, the same for every cell.
    "save_images_add_number": True,
    "save_images_replace_action": "Replace",  # else the host returns a name that it did not use
    "export_for_4chan": False,  # a second copy of large pictures
}


class NameRefused(OSError):
    """A picture would get a name that cannot be its own. The one argument is a phrase."""


def format_of(key: str, notes: list[str]) -> str:
    """The format that the option `key` asks for, as the host writes it; PNG and a note where it cannot."""
    asked = getattr(shared.opts, key)
    wanted = asked.strip().lstrip(".").lower() if isinstance(asked, str) else ""
    if can_be_written(wanted):
        return wanted
    notes.append(
        Text(
            "{option}: {value} cannot be written here; {format} is used.",
            option=_label(key),
            value=_quoted(asked),
            format=PLAIN_FORMAT,
        )
    )
    return PLAIN_FORMAT


def pattern_of_names(notes: list[str]) -> str:
    """The option for the names of pictures without what would lead into other folders; with a note where it does."""
    pattern = str(shared.opts.samples_filename_pattern or "")
    parts = re.split(r"(\[[^\[\]]*\])", pattern)  # what is in brackets, the host makes safe
    safe = "".join(re.sub(r"[/\\\0]", "_", part) if number % 2 == 0 else part for number, part in enumerate(parts))
    if safe != pattern:
        label = _label("samples_filename_pattern")
        notes.append(Text('{option}: "_" stands for / and \\, as a name is no folder here.', option=label))
    return safe


def style_of(notes: list[str]) -> Style:
    """How the options want grids to look; with a note for each colour that is none."""
    usual = Style()
    colours = {}
    for part, key in (
        ("background", "grid_background_color"),
        ("text", "grid_text_active_color"),
        ("faint", "grid_text_inactive_color"),
    ):
        asked, default = getattr(shared.opts, key), getattr(usual, part)
        colour = read_colour(asked)
        colours[part] = colour or default
        if colour is None:
            notes.append(
                Text(
                    "{option}: {value} is no colour; {colour} is used.",
                    option=_label(key),
                    value=_quoted(asked),
                    colour=default,
                )
            )
    return Style(**colours, font=font_file())


def read_colour(text: object) -> str | None:
    """A colour as Pillow takes it, without its opacity, which a grid has no use for; None where it is none.

    The page's colour picker may give `rgba(255, 0, 0, 0.5)`, which Pillow does not know.
    """
    if not isinstance(text, str) or len(text) > 100:
        return None
    numbers = re.fullmatch(r"\s*rgba?\(([\d.,%\s/]+)\)\s*", text, re.IGNORECASE)
    try:
        if numbers:
            parts = re.split(r"[,\s/]+", numbers[1].strip())
            given = [float(part.rstrip("%")) * (2.55 if part.endswith("%") else 1) for part in parts[:3]]
            red, green, blue = (max(0, min(255, round(part))) for part in given)
        else:
            red, green, blue = ImageColor.getrgb(text.strip())[:3]
    except ValueError:
        return None
    return f"#{red:02x}{green:02x}{blue:02x}"


def font_file() -> str | None:
    """The font for grids: the one that the option names, else the host's own (modules/images.py, `get_font`)."""
    from modules.paths_internal import roboto_ttf_file

    asked = getattr(shared.opts, "font", "")
    files = (asked, roboto_ttf_file)
    return next((file for file in files if isinstance(file, str) and file and os.path.isfile(file)), None)


def save_picture(picture: Picture, folder: Path, copied: Any, per_cell: int, form: str, pattern: str) -> Path:
    """Saves a cell's picture by the host's naming rules, as that of a single generation.

    Raises `NameRefused`, and whatever the host raises; then nothing of it is left in the folder, and `picture` has what
    other extensions made of it by then.
    """
    named = copy(copied)
    named.batch_size = per_cell
    named.iteration, named.batch_index = divmod(picture.place, per_cell)
    temporary = {
        **OUR_RULES,
        "samples_filename_pattern": pattern,
        OPTION_KEY: picture.cell.clip_skip,  # the pattern [clip_skip] reads it
    }
    with borrowed(shared.opts.data, temporary), _looked_at(named, folder) as known:
        try:
            return _saved(
                known,
                image=picture.image,
                path=str(folder),
                basename="",
                seed=picture.seed,
                prompt=picture.prompt,
                extension=form,
                info=picture.infotext,
                p=named,
            )
        except Exception:
            if known:
                picture.image = known[0].image
            raise


def save_grid(image: Any, folder: Path, name: str, infotext: str, request: Any, form: str) -> Path:
    """Saves a page of the grid in the host's way. Raises as `save_picture` does; its own earlier one is replaced."""
    with borrowed(shared.opts.data, OUR_RULES), _looked_at(request, folder, name) as known:
        return _saved(
            known,
            image=image,
            path=str(folder),
            basename="",
            extension=form,
            info=infotext,
            grid=True,
            p=request,
            forced_filename=name,
        )


def _saved(known: list[Any], **given: Any) -> Path:
    """Calls the host's `save_image`. What fails after the picture is saved, such as its text file, costs nothing."""
    try:
        path, _ = images.save_image(**given, save_to_dirs=False)
    except Exception:
        if known and getattr(known[0].image, "already_saved_as", None) == known[0].filename:
            return Path(known[0].filename)
        _remove_half(known)
        raise
    return Path(path)


@contextmanager
def _looked_at(p: Any, folder: Path, replaced: str | None = None) -> Iterator[list[Any]]:
    """Looks at the name of the one picture that is saved for `p` in this block, after all callbacks of extensions.

    Yields a list that then holds what the host calls `ImageSaveParams`, once the name is known. A name that leads out
    of the folder, that the host would cut to nothing, or that a file has already, raises `NameRefused` before anything
    is written; a file of the name `replaced`, whatever its ending, may be there.
    """
    original = script_callbacks.before_image_saved_callback
    known: list[Any] = []

    def callback(params: Any) -> None:
        ours = params.p is p and not known  # a callback may save pictures of its own for the same p
        if ours:
            known.append(params)
        original(params)
        if ours:
            _check_name(params.filename, folder, replaced)

    with shadowed(script_callbacks, "before_image_saved_callback", callback):
        yield known


def _check_name(filename: object, folder: Path, replaced: str | None) -> None:
    if not isinstance(filename, str) or "\0" in filename or not _encodes(filename):
        raise NameRefused(Text("it holds a letter that no file's name can have"))
    name, ending = os.path.splitext(filename)
    longest = os.statvfs(folder).f_namemax if hasattr(os, "statvfs") else 255
    if hasattr(os, "statvfs") and len(name) > longest - max(4, len(ending)):
        name = name[: longest - max(4, len(ending))]
        if len(os.path.basename(name)) < SHORTEST_NAME or not _within(name, folder):
            raise NameRefused(Text("the folder's path is so long that the WebUI would cut the names off"))
    if not _within(name, folder):
        raise NameRefused(Text("the name leads out of the sweep's folder, or into one that isn't there"))
    if len(os.fsencode(os.path.basename(name))) + max(4, len(ending)) > longest:
        raise NameRefused(Text("the name has more than {count} bytes", count=longest))
    there = [file for file in (name + ending, f"{name}.tmp") if os.path.lexists(file)]
    if there and not (os.path.basename(name) == replaced and there == [name + ending]):
        raise NameRefused(Text("there is a file of that name already"))


def _within(name: str, folder: Path) -> bool:
    parent = Path(os.path.realpath(os.path.dirname(name)))
    return parent.is_dir() and parent.is_relative_to(os.path.realpath(folder))


def _encodes(filename: str) -> bool:
    try:
        os.fsencode(filename)
    except UnicodeEncodeError:
        return False
    return True


def _remove_half(known: list[Any]) -> None:
    """Removes what the host leaves of a picture that it cannot write: it writes under such a name first."""
    if known and isinstance(known[0].filename, str):
        with suppress(OSError, ValueError):
            os.unlink(f"{os.path.splitext(known[0].filename)[0]}.tmp")


def _label(key: str) -> str:
    return shared.opts.data_labels[key].label


def _quoted(asked: object) -> str:
    return f'"{asked[:60]}"' if isinstance(asked, str) else repr(asked)[:60]


def note_other_folder(request: Any, notes: list[str]) -> None:
    """Says where a sweep is when the request has an output directory of its own: the batch of img2img gives it one."""
    opts = shared.opts
    usual = ("", None, opts.outdir_samples, opts.outdir_txt2img_samples, opts.outdir_img2img_samples)
    if request.outpath_samples not in usual:
        notes.append(
            Text(
                "Sweeps are always saved in the WebUI's folder for grids, where they can be found again; nothing was "
                "written to {folder}.",
                folder=request.outpath_samples,
            )
        )
