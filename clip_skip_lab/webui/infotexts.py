"""What a picture says of how it was made, read as the host reads it."""

from __future__ import annotations

from typing import Any

from modules import images, shared
from PIL import Image

from ..probe.folder import Infotext
from .options import borrowed, known

try:
    from modules import infotext_utils
except ImportError:  # before v1.8
    from modules import generation_parameters_copypaste as infotext_utils

AS_WRITTEN: dict[str, Any] = {"infotext_styles": "Ignore", "infotext_skip_pasting": []}
"""Settings of the host for pasting, with the values that leave out nothing."""


def infotext_of(picture: Image.Image) -> Infotext | None:
    """See `Host.infotext`; other extensions, which change what is pasted, have no hand in it."""
    text, _ = images.read_info_from_image(picture)
    if not isinstance(text, str) or not text.strip():
        return None
    with borrowed(shared.opts.data, known(shared.opts, AS_WRITTEN)):
        told = infotext_utils.parse_generation_parameters(text)
    prompt = told.get("Prompt", "")
    if not prompt and "Steps" not in told:
        return None
    return Infotext(prompt, str(told.get("Model hash", "")))
