"""What AUTOMATIC1111's WebUI (v1.10.1) has loaded, as a `Model`: its text encoders, and which of them heed clip skip.

The encoders are told apart by their own classes and not by the model's `is_sd1`, `is_sdxl`, …: SD2-Turbo has the
conditioner of SDXL around the encoder of SD2.
"""

from __future__ import annotations

from typing import Any

from ..layers.facts import Encoder, Model

SDXL_SWITCH = "sdxl_clip_l_skip"
CLIP_L, OPENCLIP_H, OPENCLIP_G, T5 = "CLIP-L", "OpenCLIP ViT-H", "OpenCLIP bigG", "T5-XXL"


def loaded_model() -> Model | None:
    """Describes the loaded model without loading one, as `shared.sd_model` would; None as long as there is none."""
    from modules import sd_models, shared

    model = sd_models.model_data.sd_model
    if model is None:
        return None
    switch = shared.opts.data_labels.get(SDXL_SWITCH)
    return describe(model, getattr(shared.opts, SDXL_SWITCH, False) is True, switch.label if switch else "")


def describe(model: Any, sdxl_clip_l_skip: bool, switch: str = "") -> Model:
    """Describes a model of this host.

    Args:
        model: the host's model, after its hijack (modules/sd_hijack.py).
        sdxl_clip_l_skip: whether the host's option of that name is on (modules/sd_hijack_clip.py).
        switch: the label of that option.
    """
    name, condition = model.sd_checkpoint_info.name_for_extra, model.cond_stage_model
    if getattr(model, "is_sd3", False):  # older versions don't know SD3
        return Model(name, "SD3", _sd3(condition))
    # SDXL has a row of embedders, of sizes too; the others, and SDXL's refiner, have their one encoder here.
    found = [_encoder(one, sdxl_clip_l_skip) for one in getattr(condition, "embedders", [condition])]
    encoders = tuple(encoder for encoder in found if encoder is not None)
    could_honour = any(encoder.name == CLIP_L and encoder.usual is not None for encoder in encoders)
    return Model(name, _family(encoders), encoders, switch if could_honour else "")


def _encoder(hijacked: Any, sdxl_clip_l_skip: bool) -> Encoder | None:
    """One of the host's wrappers around an encoder; None for what is no text encoder, such as SDXL's sizes."""
    kind, wrapped = type(hijacked).__name__, getattr(hijacked, "wrapped", None)
    if kind == "FrozenCLIPEmbedderWithCustomWords":
        return Encoder(CLIP_L, len(wrapped.transformer.text_model.encoder.layers))
    if kind == "FrozenCLIPEmbedderForSDXLWithCustomWords":
        layers = len(wrapped.transformer.text_model.encoder.layers)
        last = wrapped.layer == "last"
        # `hidden_states` has the embeddings in front, so place 11 of them is layer 11, and -2 of 13 is layer 11 too.
        trained = layers if last else range(layers + 1)[wrapped.layer_idx]
        if sdxl_clip_l_skip:
            return Encoder(CLIP_L, layers, norm=False, trained=trained)
        return Encoder(CLIP_L, layers, usual=trained, norm=last, trained=trained)
    if kind == "FrozenOpenCLIPEmbedderWithCustomWords":
        layers = len(wrapped.model.transformer.resblocks)
        usual = layers - wrapped.layer_idx
        return Encoder(OPENCLIP_H, layers, usual=usual, norm=True, trained=usual)
    if kind == "FrozenOpenCLIPEmbedder2WithCustomWords":
        layers = len(wrapped.model.transformer.resblocks)
        usual = layers - wrapped.layer_idx
        return Encoder(OPENCLIP_G, layers, usual=usual, norm=bool(wrapped.legacy), trained=usual)
    return None


def _family(encoders: tuple[Encoder, ...]) -> str:
    names = {encoder.name for encoder in encoders}
    if OPENCLIP_G in names:
        return "SDXL"
    if OPENCLIP_H in names:
        return "SD2"
    return "SD1" if CLIP_L in names else ""


def _sd3(condition: Any) -> tuple[Encoder, ...]:
    """The encoders of SD3 (modules/models/sd3/sd3_cond.py), none of which looks at clip skip."""
    encoders = []
    for name, field in ((CLIP_L, "clip_l"), (OPENCLIP_G, "clip_g"), (T5, "t5xxl")):
        encoder = getattr(condition, field, None)
        if encoder is None:  # T5 is left out unless its option is on
            continue
        layers = int(encoder.num_layers)
        last = encoder.layer == "last"
        # Unlike transformers' hidden states these are counted from the first layer, without the embeddings.
        usual = layers if last else range(1, layers + 1)[encoder.layer_idx]
        encoders.append(Encoder(name, layers, usual, norm=last or bool(encoder.layer_norm_hidden_state), trained=usual))
    return tuple(encoders)
