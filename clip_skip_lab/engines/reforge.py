"""reForge (Panchovix/stable-diffusion-webui-reForge, seen at 3b56b268): what is its own in the family."""

from __future__ import annotations

from modules import shared

from ..language import Text
from .forge_clip import ForgeClip

OWN_SCHEDULE = "dynamic_clip_skip_enabled"
"""Its option that changes clip skip from step to step, whatever clip skip is set (modules/processing.py)."""

TEXT_ENCODER = "sd_text_encoder"
"""Its option that puts another text encoder in the place of a checkpoint's when it is loaded."""


class ReForge(ForgeClip):
    """See `Engine`."""

    title = "reForge"
    repository = "Panchovix/stable-diffusion-webui-reForge"
    lent_off = (
        {OWN_SCHEDULE: False},
        Text(
            "The WebUI's own “Dynamic clip skip ramp” was switched off here: it would change clip skip from step "
            "to step, whatever is set."
        ),
    )

    def model_record(self) -> dict[str, str]:
        """See `Engine.model_record`; with the text encoder, where it isn't the checkpoint's own."""
        record = super().model_record()
        chosen = str(shared.opts.data.get(TEXT_ENCODER, "Automatic"))
        return record if chosen in ("Automatic", "None") else {**record, "text_encoder": chosen}
