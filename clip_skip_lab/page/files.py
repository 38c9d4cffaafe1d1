"""What the page needs in a sweep's folder: itself, the sweep as a script, and reduced pictures."""

from __future__ import annotations

import base64
import io
import json
import os
import tempfile
from pathlib import Path

from PIL import Image, features

from .assemble import page_html

PAGE = "index.html"
DATA = "sweep.js"
SMALL = "small"

SMALL_SIDE = 256
"""The longer side of a reduced picture in pixels: enough for the cells of a whole sweep seen at once."""

SMALL_QUALITY = 80


def write_page(folder: Path) -> None:
    """Writes `index.html`. Raises `OSError`."""
    write_text(folder / PAGE, page_html())


def write_data(folder: Path, text: str) -> None:
    """Writes `sweep.js` from the text of `sweep.json`. Raises `OSError`."""
    write_text(folder / DATA, data_script(text))


def data_script(text: str) -> str:
    """A script that hands a text to the page: from disk a browser reads scripts and pictures, and no other files.

    The text goes as one string, for the page to parse: it can hold anything, and run nothing.
    """
    return f"clipSkipLabSweep({_as_literal(text)});\n"


def save_small(image: Image.Image, folder: Path, name: str) -> str:
    """Saves a reduced copy of a picture, and the same once more as a script.

    A page that was opened from disk may show a picture file but not read its pixels; what it exports it draws from
    the script's copy.

    Args:
        image: the picture at full size, in any mode; left as it is.
        folder: the sweep's folder.
        name: of the file, without its ending.

    Returns the file's path in the sweep's folder. Raises `OSError`.
    """
    kind, ending = ("WEBP", "webp") if features.check("webp") else ("JPEG", "jpg")
    reduced = image.convert("RGB")
    reduced.thumbnail((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    data = io.BytesIO()
    reduced.save(data, kind, quality=SMALL_QUALITY)
    (folder / SMALL).mkdir(exist_ok=True)
    file = f"{SMALL}/{name}.{ending}"
    (folder / file).write_bytes(data.getvalue())
    url = f"data:image/{kind.lower()};base64,{base64.b64encode(data.getvalue()).decode()}"
    script = f"clipSkipLabSmall({_as_literal(file)}, {_as_literal(url)});\n"
    (folder / f"{file}.js").write_text(script, encoding="utf-8")
    return file


def write_text(path: Path, text: str) -> None:
    """Writes a file in one step, so that a reader sees the old content or the new one. Raises `OSError`."""
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _as_literal(text: str) -> str:
    """A text as a JavaScript string that also an HTML parser and an old script engine read as one."""
    literal = json.dumps(text, ensure_ascii=False)
    for character in ("<", ">", "&", "\u2028", "\u2029"):
        literal = literal.replace(character, f"\\u{ord(character):04x}")
    return literal
