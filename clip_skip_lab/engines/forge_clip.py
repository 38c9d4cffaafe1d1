"""What reForge and Forge Classic share: text encoders of `modules_forge/forge_clip.py` below AUTOMATIC1111's hijack.

They come from an early Forge: the model has AUTOMATIC1111's shape, and each text encoder, bigG too, is one of
transformers' behind a class of its own. Which of these look at clip skip is read from their code, as it differs.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from modules import sd_hijack, sd_models, shared
from modules_forge import forge_clip, forge_sampler

from ..language import Text
from ..layers.facts import Encoder, Model
from ..layers.selection import BIG_G, CLIP_L, SD1, SD2
from ..webui.engine import LoadedEncoder, LoadedModel, LoadedNetwork
from .family import Family, honours, known_encoders, states_noted, vocabulary_of
from .hijacked import Hijacked
from .network import PatchedNetwork, in_use

CLASSES = {
    "CLIP_SD_15_L": (SD1, "CLIP-L"),
    "CLIP_SD_21_H": (SD2, "OpenCLIP ViT-H"),
    "CLIP_SD_XL_L": (CLIP_L, "CLIP-L"),
    "CLIP_SD_XL_G": (BIG_G, "OpenCLIP bigG"),
}
HONOURING = frozenset(name for name in CLASSES if honours(getattr(forge_clip, name, object)))
"""Those that look at clip skip; told at the start, as a sweep puts methods of its own into their place."""

OBJECTIVES = {"EDM": "", "X0": "", "V_PREDICTION": "v", "EPS": "noise"}
"""What the classes of a model's sampling predict (ldm_patched/modules/model_sampling.py), the narrower first."""

FAMILIES = {SD1: "SD1", SD2: "SD2", CLIP_L: "SDXL", BIG_G: "SDXL"}


class ForgeClip(Hijacked):
    """The part of an `Engine` that both share."""

    packages = (*Family.packages, "ldm", "sgm", "ldm_patched", "modules_forge")
    own_layers = (*Family.own_layers, "ldm_patched.", "modules.", "networks")
    loading_text = (sd_models, "get_empty_cond")
    loses_errors = True
    seeds_start, seeds_modulus = 100_000, 65_536
    masks_draw = True

    def described(self, model: Any) -> LoadedModel:
        """See `Family.described`; SDXL has a row of embedders, of sizes too."""
        condition = getattr(model, "cond_stage_model", None)
        encoders = known_encoders(self.encoder(module) for module in getattr(condition, "embedders", [condition]))
        family = FAMILIES[encoders[0].kind] if encoders else ""
        described = tuple(encoder.described for encoder in encoders)
        return LoadedModel(Model(model.sd_checkpoint_info.name_for_extra, family, described), encoders)

    def back_to(self, checkpoint: Any) -> None:
        """See `Hijacked.back_to`; it is given up before the file of the other is opened."""
        if checkpoint is not None:
            sd_models.reload_model_weights(info=checkpoint)

    def mend(self) -> None:
        """See `Engine.mend`."""
        if self.model() is None:
            sd_models.reload_model_weights()

    def encoder_classes(self) -> dict[type, str]:
        """See `Engine.encoder_classes`."""
        return {getattr(forge_clip, name): name for name in CLASSES if hasattr(forge_clip, name)}

    def encoder(self, module: Any) -> LoadedEncoder | None:
        """See `Engine.encoder`."""
        name = self.encoder_classes().get(type(module))
        transformer: Any = None if name is None else getattr(module.wrapped, "transformer", None)
        if name is None or not hasattr(transformer, "text_model"):  # one that isn't transformers' may do anything
            return None
        kind, label = CLASSES[name]
        norm = transformer.text_model.final_layer_norm if kind in (SD1, SD2) else None
        described = _describe(label, kind, module, len(transformer.text_model.encoder.layers))
        states = states_noted(transformer, norm)
        return LoadedEncoder(kind, module, described, states, vocabulary_of(module), lambda: module.hijack)

    def encoder_layers(self) -> list[Sequence[torch.nn.Module]]:
        """See `Engine.encoder_layers`."""
        return [encoder.module.wrapped.transformer.text_model.encoder.layers for encoder in self.loaded().encoders]

    def loras(self) -> Hashable:
        """See `Engine.loras` (ldm_patched/modules/model_patcher.py)."""
        networks = getattr(sys.modules.get("networks"), "loaded_networks", ())
        patcher = getattr(getattr(getattr(self.model(), "forge_objects", None), "clip", None), "patcher", None)
        return (tuple(str(net.name) for net in networks), str(getattr(patcher, "patches_uuid", id(patcher))))

    def network(self) -> AbstractContextManager[LoadedNetwork]:
        """See `Engine.network` (ldm_patched/modules/model_base.py, `model_sampling`)."""
        model = shared.sd_model
        schedule = model.forge_objects.unet.model.model_sampling
        kinds = {kind.__name__ for kind in type(schedule).__mro__}
        objective = next((OBJECTIVES[name] for name in OBJECTIVES if name in kinds), "")
        prepare, cleanup = forge_sampler.sampling_prepare, forge_sampler.sampling_cleanup
        return in_use(PatchedNetwork(model, shared.device, schedule, objective, prepare, cleanup))

    def why_one_by_one(self, request: Any) -> Text | None:
        """See `Engine.why_one_by_one`."""
        key = getattr(getattr(self.model(), "model", None), "conditioning_key", None) or "crossattn"
        if key != "crossattn" and not getattr(self.model(), "is_sdxl", False):
            return Text("this kind of model ({key}) takes more than a prompt", key=key)
        return super().why_one_by_one(request)

    def sampling_objects(self) -> list[Any]:
        """See `Engine.sampling_objects`."""
        objects = getattr(self.model(), "forge_objects", None)
        unet = [] if objects is None else [objects.unet.model]
        return [sd_hijack.model_hijack, *unet]


def _describe(label: str, kind: str, module: Any, layers: int) -> Encoder:
    """Below its lowest clip skip, and where it ignores clip skip, a class takes the layer that the model has set."""
    last = kind == SD1 or module.wrapped.layer == "last"
    trained = layers if last else range(layers + 1)[module.wrapped.layer_idx]
    lowest = max(1, layers + 1 - trained, int(getattr(module, "minimal_clip_skip", 1)))
    usual: dict[str, int] = {} if type(module).__name__ in HONOURING else {"usual": trained}
    return Encoder(
        label,
        layers,
        norm=kind in (SD1, SD2),
        trained=None if kind == SD1 else trained,
        minimal=lowest if not usual else 1,
        **usual,
    )


def is_reforge() -> bool:
    """Whether this is reForge: there also SDXL's encoders look at clip skip, which early Forge and Classic ignore."""
    return "CLIP_SD_XL_L" in HONOURING
