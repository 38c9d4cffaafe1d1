"""Writes an extension of a test below a folder. Not a test by itself."""

from __future__ import annotations

from pathlib import Path


def write_extension(folder: str | Path, name: str, files: dict[str, str]) -> Path:
    """Writes the files, by their paths within the extension, and returns the extension's own folder."""
    extension = Path(folder) / name
    for path, text in files.items():
        file = extension / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.lstrip("\n"), "utf8")
    return extension
