"""Forge (lllyasviel/stable-diffusion-webui-forge, seen at dfdcbab): what is its own in the family.

Its models are engines of `backend`, made when the first generation wants one; a text encoder is one of transformers'
behind a `ClassicTextProcessingEngine`, whose clip skip the host sets before it fetches conditioning
(modules/processing.py, `get_conds_with_caching`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from backend.sampling.sampling_function import sampling_cleanup, sampling_prepare
from backend.text_processing.classic_engine import ClassicTextProcessingEngine
from modules import sd_models, shared
from modules_forge import main_entry

from ..hosts import CHECKPOINT, OPTION_KEY
from ..language import Text
from ..layers.facts import Encoder, Model, layer_facts
from ..layers.selection import BIG_G, CLIP_L, SD1, SD2
from ..webui.engine import LoadedEncoder, LoadedModel, LoadedNetwork
from ..webui.options import borrowed, undone
from ..webui.shadow import shadowed
from .family import SLIDER_END, Family, known_encoders, states_noted, vocabulary_of
from .forge_page import ForgePage
from .network import PatchedNetwork, in_use

ENGINES = ("text_processing_engine", "text_processing_engine_l", "text_processing_engine_g")
"""Where a model keeps its text encoders (backend/diffusion_engine), in the order in which it joins them."""

ENCODER_NAMES = {"clip_l": "CLIP-L", "clip_h": "OpenCLIP ViT-H", "clip_g": "OpenCLIP bigG"}
KINDS = {
    ("SD1", "clip_l"): SD1,
    ("SD2", "clip_h"): SD2,
    ("SDXL", "clip_l"): CLIP_L,
    ("SDXL", "clip_g"): BIG_G,
}
"""By family and the engine's `embedding_key`."""

OBJECTIVES = {"epsilon": "noise", "eps": "noise", "v_prediction": "v"}
"""What its predictors call it (backend/modules/k_prediction.py)."""

LAYERS_OF_VIT_H = 24
"""Of these Forge loads one less: the model was trained without the last."""


class Forge(Family):
    """See `Engine`."""

    title = "Forge"
    repository = "lllyasviel/stable-diffusion-webui-forge"
    page = ForgePage()
    packages = (*Family.packages, "backend", "modules_forge")
    encoding = ("__call__", "encode_with_transformers")
    own_layers = (*Family.own_layers, "backend.")
    seeds_start, seeds_modulus = 100_000, 65_536
    masks_draw = True

    def model(self) -> Any:
        """See `Engine.model`; before the first generation the host has a stand-in that knows nothing."""
        model = sd_models.model_data.sd_model
        return model if hasattr(model, "forge_objects") else None

    def described(self, model: Any) -> LoadedModel:
        """See `Family.described`."""
        family = _family(model)
        engines = _engines(model)
        encoders = known_encoders(_encoder(family, module) for module in engines)
        described = [_describe(family, module) for module in engines]
        t5 = getattr(model, "text_processing_engine_t5", None)
        if t5 is not None:
            layers = len(t5.text_encoder.transformer.encoder.block)
            described.append(Encoder("T5-XXL", layers, usual=layers, trained=layers))
        return LoadedModel(Model(model.sd_checkpoint_info.name_for_extra, family, tuple(described)), encoders)

    def model_record(self) -> dict[str, str]:
        """See `Engine.model_record`; of a VAE or text encoder of its own the files' names."""
        if self.model() is None:
            self.load({})
        model, parameters = self.model(), sd_models.model_data.forge_loading_parameters
        more = [os.path.basename(file) for file in parameters.get("additional_modules") or []]
        weights = parameters.get("unet_storage_dtype")
        return {
            "name": model.sd_checkpoint_info.name_for_extra,
            "hash": model.sd_model_hash or "",
            "vae": ", ".join(more),
            **({"weights": str(weights)} if weights else {}),
        }

    def load(self, asked: dict[str, Any]) -> None:
        """See `Engine.load`; what the host loads for the next generation is the user's own then, as ever."""
        asked = {key: asked[key] for key in (CHECKPOINT,) if asked.get(key) in sd_models.checkpoint_aliases}
        try:
            with undone(shared.opts.data, list(asked)):
                shared.opts.data.update(asked)
                _load_chosen()
        finally:
            if asked:
                main_entry.refresh_model_loading_parameters()
            self.mend()

    def mend(self) -> None:
        """See `Engine.mend`.

        `forge_model_reload` (modules/sd_models.py) gives the old model up before it opens a file, and where that fails
        takes the old one, which is no more, for loaded.
        """
        if sd_models.model_data.sd_model is None:
            sd_models.model_data.forge_hash = ""
            _load_chosen()

    def encoder_classes(self) -> Sequence[type]:
        """See `Engine.encoder_classes`."""
        return (ClassicTextProcessingEngine,)

    def encoder(self, module: Any) -> LoadedEncoder | None:
        """See `Engine.encoder`; one that isn't the loaded model's may do anything."""
        model = self.model()
        if model is None or not any(module is engine for engine in _engines(model)):
            return None
        return _encoder(_family(model), module)

    def slider_end(self) -> int:
        """See `Engine.slider_end`; its slider ends where we let it (ui/header.py)."""
        return layer_facts(self.loaded().described, 1).highest or SLIDER_END

    @contextmanager
    def clip_skip_in_force(self, value: int) -> Iterator[None]:
        """See `Engine.clip_skip_in_force`.

        The option counts when conditioning is fetched; what encodes by itself gets what was set the last time.
        """
        try:
            with borrowed(shared.opts.data, {OPTION_KEY: value}):
                self._set(value)
                yield
        finally:
            self._set(self.clip_skip())

    def _set(self, clip_skip: int) -> None:
        model = self.model()
        if model is not None:
            model.set_clip_skip(clip_skip)

    @contextmanager
    def loading_held(self) -> Iterator[None]:
        """See `Engine.loading_held`: the page says at once what is to be loaded, and the next generation loads it."""
        ours, refresh = threading.get_ident(), main_entry.refresh_model_loading_parameters
        put_off: list[bool] = []

        def refreshed() -> None:
            if threading.get_ident() == ours:
                refresh()
            else:
                put_off.append(True)

        try:
            with shadowed(main_entry, "refresh_model_loading_parameters", refreshed):
                yield
        finally:
            if put_off:
                refresh()

    @contextmanager
    def loading_untouched(self) -> Iterator[None]:
        """See `Engine.loading_untouched`: the axis "Checkpoint name" tells at once what is to be loaded
        (scripts/xyz_grid.py, `apply_checkpoint`)."""
        before = sd_models.model_data.forge_loading_parameters
        try:
            yield
        finally:
            sd_models.model_data.forge_loading_parameters = before

    def encoder_layers(self) -> list[Sequence[torch.nn.Module]]:
        """See `Engine.encoder_layers`."""
        model = self.model()
        return [] if model is None else [_layers(module) for module in _engines(model)]

    def loras(self) -> Hashable:
        """See `Engine.loras` (extensions-builtin/sd_forge_lora/networks.py)."""
        return getattr(self.model(), "current_lora_hash", "")

    def network(self) -> AbstractContextManager[LoadedNetwork]:
        """See `Engine.network` (backend/modules/k_model.py)."""
        model = shared.sd_model
        predictor = model.forge_objects.unet.model.predictor
        objective = OBJECTIVES.get(predictor.prediction_type, "")
        return in_use(PatchedNetwork(model, shared.device, predictor, objective, sampling_prepare, sampling_cleanup))

    def why_one_by_one(self, request: Any) -> Text | None:
        """See `Engine.why_one_by_one`."""
        if getattr(self.model(), "is_inpaint", False):
            return Text("this kind of model ({key}) takes more than a prompt", key="inpainting")
        return super().why_one_by_one(request)

    def sampling_objects(self) -> list[Any]:
        """See `Engine.sampling_objects`."""
        objects = getattr(self.model(), "forge_objects", None)
        if objects is None:
            return []
        return [objects.unet.model, objects.clip.cond_stage_model, objects.vae.first_stage_model]


def _load_chosen() -> None:
    """Loads what the options name now, if it isn't loaded."""
    data = sd_models.model_data
    chosen = sd_models.select_checkpoint()
    if not data.forge_loading_parameters or data.forge_loading_parameters.get("checkpoint_info") is not chosen:
        main_entry.refresh_model_loading_parameters()
    sd_models.forge_model_reload()


def _family(model: Any) -> str:
    flags = {"is_sd1": "SD1", "is_sd2": "SD2", "is_sdxl": "SDXL", "is_sd3": "SD3"}
    return next((name for flag, name in flags.items() if getattr(model, flag, False)), type(model).__name__)


def _engines(model: Any) -> list[Any]:
    found = [getattr(model, name, None) for name in ENGINES]
    return [engine for engine in found if type(engine) is ClassicTextProcessingEngine]


def _layers(module: Any) -> Sequence[torch.nn.Module]:
    layers: Sequence[torch.nn.Module] = module.text_encoder.transformer.text_model.encoder.layers
    return layers


def _describe(family: str, module: Any) -> Encoder:
    """Of Flux' encoder only the pooled vector counts, which is the last layer's."""
    layers, key = len(_layers(module)), module.embedding_key
    lowest = max(1, int(module.minimal_clip_skip))
    trained = layers + 1 - lowest if family in ("SD2", "SDXL") else None
    usual = {} if family in ("SD1", "SD2", "SDXL", "SD3") else {"usual": layers}
    left_out = 1 if family == "SD2" and layers == LAYERS_OF_VIT_H - 1 else 0
    norm = bool(module.final_layer_norm)
    return Encoder(
        ENCODER_NAMES.get(key, key), layers, norm=norm, trained=trained, minimal=lowest, left_out=left_out, **usual
    )


def _encoder(family: str, module: Any) -> LoadedEncoder | None:
    kind = KINDS.get((family, module.embedding_key))
    if kind is None:
        return None
    transformer = module.text_encoder.transformer
    norm = transformer.text_model.final_layer_norm if module.final_layer_norm else None
    states, described = states_noted(transformer, norm), _describe(family, module)
    return LoadedEncoder(kind, module, described, states, vocabulary_of(module), lambda: module.embeddings)
