"""A picture as the API gives it."""

from __future__ import annotations

import base64


def bytes_and_format(encoded: str) -> tuple[bytes, str]:
    """The bytes of a picture's file and its format, "png", "jpg" or "webp", from base64.

    Raises `ValueError` for what is none.
    """
    data = base64.b64decode(encoded.partition("base64,")[2] or encoded, validate=True)
    if data.startswith(b"\x89PNG"):
        return data, "png"
    if data.startswith(b"\xff\xd8\xff"):
        return data, "jpg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return data, "webp"
    raise ValueError("no image")
