"""The classes around the text encoders. The embedded host loads SD1's; the others show which of them look at clip skip.

A face's own file gives each of them `encode_with_transformers`.
"""

from ldm_patched.modules import model_management
from modules import sd_models
from modules.sd_hijack_clip import FrozenCLIPEmbedderWithCustomWords


def move_clip_to_gpu():
    model = sd_models.model_data.sd_model
    if model is not None:
        model_management.load_model_gpu(model.forge_objects.clip.patcher)


def _states(module, tokens):
    """All of them, and the last, which has the final norm."""
    outputs = module.wrapped.transformer(input_ids=tokens, output_hidden_states=True)
    return outputs.hidden_states, outputs.last_hidden_state


def _norm(module, z):
    return module.wrapped.transformer.text_model.final_layer_norm(z)


class _Penultimate(FrozenCLIPEmbedderWithCustomWords):
    """Of models that were trained on the layer before the last."""

    def __init__(self, wrapped, hijack):
        super().__init__(wrapped, hijack)
        self.id_pad = 0
        self.wrapped.layer, self.wrapped.layer_idx = "hidden", -2


class CLIP_SD_15_L(FrozenCLIPEmbedderWithCustomWords):
    """SD1."""


class CLIP_SD_21_H(_Penultimate):
    """SD2."""


class CLIP_SD_XL_L(FrozenCLIPEmbedderWithCustomWords):
    """SDXL's CLIP-L."""


class CLIP_SD_XL_G(_Penultimate):
    """SDXL's bigG. Differs: no pooled vector, as no model here has one."""
