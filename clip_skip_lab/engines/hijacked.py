"""What AUTOMATIC1111's WebUI, reForge and Forge Classic share: models of one shape, and how they are loaded."""

from __future__ import annotations

from typing import Any

from modules import sd_models, sd_vae, shared

from ..hosts import CHECKPOINT, VAE
from ..webui.options import undone
from .family import Family


class Hijacked(Family):
    """The part of an `Engine` that they share."""

    def model(self) -> Any:
        """See `Engine.model`; `shared.sd_model` would load one, from whichever thread asks."""
        return sd_models.model_data.sd_model

    def model_record(self) -> dict[str, str]:
        """See `Engine.model_record`."""
        model = shared.sd_model
        return {
            "name": model.sd_checkpoint_info.name_for_extra,
            "hash": model.sd_model_hash or "",
            "vae": sd_vae.get_loaded_vae_name() or "",
        }

    def load(self, asked: dict[str, Any]) -> None:
        """See `Engine.load`."""
        asked = {key: value for key, value in asked.items() if key in (CHECKPOINT, VAE)}
        if sd_models.checkpoint_aliases.get(asked.get(CHECKPOINT)) is None:
            asked.pop(CHECKPOINT, None)
        before = getattr(self.model(), "sd_checkpoint_info", None)
        data = shared.opts.data
        with undone(data, list(asked)):  # loading writes the full title there, whatever the checkpoint was called
            data.update(asked)
            try:
                sd_models.reload_model_weights()
                sd_vae.reload_vae_weights()
            except Exception:
                self.back_to(before)
                raise

    def back_to(self, checkpoint: Any) -> None:
        """Takes this checkpoint, the host's record of it, back into service after another could not be loaded; None
        where none was."""
        self.mend()
