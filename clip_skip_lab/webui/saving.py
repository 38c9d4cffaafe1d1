"""Saving pictures and grids as the WebUI does (seen on v1.10.1): its names, its formats, nothing overwritten.

Its `images.save_image` cuts the whole path to 251 characters and replaces what lies under a name; callbacks of
extensions may rename and move a picture before it is written. So a name is looked at in the last moment before that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modules import images, script_callbacks, shared
from PIL import ImageColor

from ..hosts import OPTION_KEY
from ..language import Text
from ..page.files import replace
from ..sweep.encoded import compressed
from ..sweep.grid import Style
from ..sweep.saving import can_be_written, save_as_png
from ..sweep.session import Picture
from .options import borrowed, in_this_thread_too, loans
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
            "{option}: {value} is not supported here; {format} is used instead.",
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
        notes.append(Text('{option}: / and \\ become "_", as image names make no folders here.', option=label))
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
                    "{option}: {value} is not a color; {colour} is used instead.",
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


class PictureFile:
    """The file of one picture, by the host's rules; see `sweep.session.PictureFile`."""

    def __init__(self, picture: Picture):
        self._picture = picture
        self._seen_as = loans(shared.opts.data)
        self._path: Path | None = None
        self._later = _Later()
        self._refused: Exception = NameRefused()

    def name(self, folder: Path, copied: Any, per_cell: int, form: str, pattern: str) -> None:
        """Lets host and extensions decide on the name and on what is written; in the request's thread.

        What they raise is raised by `write`. Nothing is then left in the folder, and the picture has what other
        extensions made of it by then.
        """
        picture, named = self._picture, copy(copied)
        named.batch_size = per_cell
        named.iteration, named.batch_index = divmod(picture.place, per_cell)
        temporary = {
            **OUR_RULES,
            "samples_filename_pattern": pattern,
            OPTION_KEY: picture.cell.clip_skip,  # the pattern [clip_skip] reads it
        }
        with borrowed(shared.opts.data, temporary), _looked_at(named, folder) as known:
            try:
                with _written_later(known, self._later):
                    self._path = _saved(
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
            except Exception as error:
                self._refused = error
            if known:
                picture.image = known[0].image

    @property
    def is_there(self) -> bool:
        """See `sweep.session.PictureFile`."""
        return self._path is not None and self._later.write is None

    @property
    def is_awaited(self) -> bool:
        """See `sweep.session.PictureFile`."""
        return bool(self._later.told) and _has_listeners()

    def write(self) -> Path:
        """See `sweep.session.PictureFile`."""
        if self._path is None:
            raise self._refused
        if self._later.write is not None:
            try:
                with in_this_thread_too(shared.opts.data, self._seen_as):
                    self._later.write()
                replace(self._later.unfinished, self._path)
            except BaseException:
                self._forget(self._path)
                raise
        return self._path

    def write_plainly(self, path: Path) -> None:
        """See `sweep.session.PictureFile`."""
        with in_this_thread_too(shared.opts.data, self._seen_as):
            save_plainly(self._picture.image, path, self._picture.infotext)

    def tell(self) -> None:
        """See `sweep.session.PictureFile`."""
        for params in self._later.told:
            script_callbacks.image_saved_callback(params)

    def _forget(self, path: Path) -> None:
        """Takes back the name of a file that cannot be written."""
        vars(self._picture.image).pop("already_saved_as", None)
        for file in (self._later.unfinished, path):
            with suppress(OSError):
                file.unlink()


def save_plainly(image: Any, path: Path, infotext: str) -> None:
    """Saves as PNG, with metadata where the host's setting wants them. Raises `OSError`."""
    save_as_png(image, path, infotext if shared.opts.enable_pnginfo else None)


@dataclass
class _Later:
    """What the host was about to do with a picture: to `write` it to the file `unfinished` (None where it is written),
    and to tell other extensions of what is in `told`."""

    write: Callable[[], object] | None = None
    unfinished: Path = field(default_factory=Path)
    told: list[Any] = field(default_factory=list)


@contextmanager
def _written_later(known: list[Any], later: _Later) -> Iterator[None]:
    """Puts off the host's own writing of the one picture that is saved in this block, and its telling extensions that
    the picture is there. Until then an empty file keeps the name, as the host counts by what is there."""
    if not _is_the_hosts_own(images.save_image) or not _is_the_hosts_own(images.save_image_with_geninfo):
        yield  # another extension may do something to the file as soon as it is written
        return
    save, tell = images.save_image_with_geninfo, script_callbacks.image_saved_callback

    def save_later(image: Any, geninfo: Any, filename: Any, extension: Any = None, *args: Any, **kwargs: Any) -> None:
        if later.write is not None or not known or image is not known[0].image:  # another extension's picture
            save(image, geninfo, filename, extension, *args, **kwargs)
            return
        later.unfinished = Path(filename)
        later.unfinished.touch()
        ready = compressed if str(extension).lower() == ".png" else lambda image: image
        later.write = lambda: save(ready(image), geninfo, filename, extension, *args, **kwargs)

    def tell_later(params: Any) -> None:
        if known and params is known[0]:
            later.told.append(params)
        else:
            tell(params)

    with (
        shadowed(images, "save_image_with_geninfo", save_later),
        shadowed(script_callbacks, "image_saved_callback", tell_later),
    ):
        yield


def _is_the_hosts_own(function: Any) -> bool:
    """Whether a function of modules/images.py is still the host's: a wrapper around it comes from another file."""
    return getattr(function, "__globals__", None) is vars(images)


def _has_listeners() -> bool:
    """Whether an extension wants to know of each picture that is saved; True where that cannot be known."""
    return bool(getattr(script_callbacks, "callback_map", {}).get("callbacks_image_saved", True))


def save_grid(image: Any, folder: Path, name: str, infotext: str, request: Any, form: str) -> Path:
    """Saves a page of the grid in the host's way; its own earlier one is replaced. Raises `NameRefused`, and whatever
    the host raises."""
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
        raise NameRefused(Text("it contains a character that file names cannot have"))
    name, ending = os.path.splitext(filename)
    longest = os.statvfs(folder).f_namemax if hasattr(os, "statvfs") else 255
    if hasattr(os, "statvfs") and len(name) > longest - max(4, len(ending)):
        name = name[: longest - max(4, len(ending))]
        if len(os.path.basename(name)) < SHORTEST_NAME or not _within(name, folder):
            raise NameRefused(Text("the folder's path is so long that the WebUI would cut off the names"))
    if not _within(name, folder):
        raise NameRefused(Text("the name points outside the sweep's folder, or to a folder that does not exist"))
    if len(os.fsencode(os.path.basename(name))) + max(4, len(ending)) > longest:
        raise NameRefused(Text("the name is longer than {count} bytes", count=longest))
    there = [file for file in (name + ending, f"{name}.tmp") if os.path.lexists(file)]
    if there and not (os.path.basename(name) == replaced and there == [name + ending]):
        raise NameRefused(Text("a file of that name already exists"))


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
