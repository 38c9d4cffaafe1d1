"""What stays the same while a sweep runs on AUTOMATIC1111's WebUI (seen on v1.10.1): the model, and the options that
decide pictures. Somebody may move a slider or choose another checkpoint meanwhile; that counts when the sweep is over.
"""

from __future__ import annotations

from typing import Any

from modules import devices, sd_hijack, sd_models, sd_vae, shared

from ..hosts import OPTION_KEY
from .options import kept

CHECKPOINT, VAE = "sd_model_checkpoint", "sd_vae"


class ModelChanged(RuntimeError):
    """The pictures that come now would be another model's. The message is a sentence."""


def deciding_options() -> dict[str, Any]:
    """The options that decide pictures, as they are at this moment, clip skip among them.

    They are those that the host writes into infotexts, because a picture could not be made again without them.
    """
    opts = shared.opts
    wanted = {key for key, info in opts.data_labels.items() if getattr(info, "infotext", None)}
    return {key: opts.data.get(key, opts.data_labels[key].default) for key in sorted({*wanted, CHECKPOINT, VAE})}


def load_model(request: Any) -> None:
    """Loads the checkpoint and the VAE that a request will be generated with, as `process_images` would do later.

    They may not be those in memory: a request of the API can name others, and after such a request they stay loaded.
    Raises what the host raises for a file that cannot be read.
    """
    asked = {key: request.override_settings[key] for key in (CHECKPOINT, VAE) if key in request.override_settings}
    if sd_models.checkpoint_aliases.get(asked.get(CHECKPOINT)) is None:
        asked.pop(CHECKPOINT, None)
    data = shared.opts.data
    with kept(data, list(asked)):  # loading writes the checkpoint's full title there, whatever it was called before
        data.update(asked)
        try:
            sd_models.reload_model_weights()
            sd_vae.reload_vae_weights()
        except Exception:
            mend_model()
            raise


def check_model(copied: Any, steady: dict[str, Any]) -> None:
    """Makes sure that the loaded checkpoint is one that the request asks for: its own, its refiner's, or hires fix's.

    Args:
        copied: the request that is being generated.
        steady: what `deciding_options` gave at the beginning.

    Raises `ModelChanged`.
    """
    own = sd_models.checkpoint_aliases.get(copied.override_settings.get(CHECKPOINT, steady[CHECKPOINT]))
    others = (getattr(copied, name, None) for name in ("refiner_checkpoint_info", "hr_checkpoint_info"))
    expected = {info.filename for info in (own, *others) if info is not None}
    loaded = shared.sd_model.sd_checkpoint_info
    if own is not None and loaded.filename not in expected:
        raise ModelChanged(
            f"The model was changed to {loaded.name_for_extra} while the sweep ran with {own.name_for_extra}."
        )


def moved(given: dict[str, Any], where: str) -> list[str]:
    """Which of the options that a generation was given had other values at its end, in sentences.

    Clip skip, checkpoint and VAE are none of them: those are seen to while it runs.
    """
    data, labels = shared.opts.data, shared.opts.data_labels
    changed = [key for key, value in given.items() if key not in (OPTION_KEY, CHECKPOINT, VAE) and data[key] != value]
    return [f"{labels[key].label} was changed while {where} ran, which may differ by it." for key in changed]


def mend_model() -> None:
    """Takes the model back into service that the host put aside to load a checkpoint whose file cannot be read.

    `reload_model_weights` (modules/sd_models.py) removes its own wrapper from the model before it opens the file, and
    does not put it back when that fails: every later generation would fail, of this sweep and after it.
    """
    model = sd_models.model_data.sd_model
    encoder = getattr(model, "cond_stage_model", None)
    if encoder is None or hasattr(encoder, "encode_embedding_init_text"):
        return
    sd_hijack.model_hijack.hijack(model)
    model.to(devices.device)
    sd_models.model_data.set_sd_model(model)
