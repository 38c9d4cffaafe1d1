"""The model's parts a second time, as `forge_objects`, and latents where AUTOMATIC1111 has a distribution."""

import functools
import uuid

from modules._forge_objects import ForgeObjects
from modules._latent_diffusion import FrozenCLIPEmbedder, LatentDiffusion
from modules._unet_model import UNet

_init, _encoded = LatentDiffusion.__init__, LatentDiffusion.encode_first_stage
FrozenCLIPEmbedder.layer, FrozenCLIPEmbedder.layer_idx = "last", None


class _Patcher:
    """A network and the state of what is patched into it. Differs: a LoRA changes the weights themselves."""

    def __init__(self, model):
        self.model = model
        self.patches_uuid = uuid.uuid4()


class _Clip:
    def __init__(self, cond_stage_model):
        self.cond_stage_model = cond_stage_model
        self.patcher = _Patcher(cond_stage_model)


class _Vae:
    def __init__(self, first_stage_model):
        self.first_stage_model = first_stage_model
        self.patcher = _Patcher(first_stage_model)


@functools.wraps(_init)
def _with_objects(self, *args, **kwargs):
    _init(self, *args, **kwargs)
    unet = _Patcher(UNet(self))
    unet.model_options = {"transformer_options": {}}
    self.forge_objects = ForgeObjects(unet, _Clip(self.cond_stage_model), _Vae(self.first_stage_model), None)
    self.forge_objects_original = self.forge_objects.shallow_copy()
    self.forge_objects_after_applying_lora = self.forge_objects.shallow_copy()
    self.current_lora_hash = str([])


def _latent_of(self, posterior):
    """A sample by torch's global generator."""
    return LatentDiffusion._sampled(self, posterior)


def _encode_first_stage(self, x):
    return self._latent_of(_encoded(self, x))


def _as_it_is(self, x):
    return x


LatentDiffusion._sampled = LatentDiffusion.get_first_stage_encoding
LatentDiffusion._latent_of = _latent_of
LatentDiffusion.__init__ = _with_objects
LatentDiffusion.encode_first_stage = _encode_first_stage
LatentDiffusion.get_first_stage_encoding = _as_it_is
