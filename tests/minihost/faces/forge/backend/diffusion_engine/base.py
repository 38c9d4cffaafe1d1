"""What Forge's models have in common."""

from backend.modules.k_model import KModel
from backend.modules.k_prediction import Prediction
from backend.patcher.unet import UnetPatcher
from modules._forge_objects import ForgeObjects


class ForgeDiffusionEngine:
    """A model. It is no torch module."""

    def __init__(self, estimated_config, huggingface_components):
        self.model_config = estimated_config
        self.is_inpaint = estimated_config.inpaint_model()
        self.forge_objects = None
        self.forge_objects_original = None
        self.forge_objects_after_applying_lora = None
        self.current_lora_hash = str([])
        self.fix_for_webui_backward_compatibility()

    def fix_for_webui_backward_compatibility(self):
        self.tiling_enabled = False
        self.first_stage_model = None
        self.cond_stage_model = None
        self.use_distilled_cfg_scale = False
        self.is_sd1 = self.is_sd2 = self.is_sdxl = self.is_sd3 = False

    def is_webui_legacy_model(self):
        return self.is_sd1 or self.is_sd2 or self.is_sdxl or self.is_sd3

    def set_clip_skip(self, clip_skip):
        """Nothing, for models without it."""

    def get_first_stage_encoding(self, x):
        return x

    def _set_objects(self, clip, parts):
        """`parts`: an embedded host's own model, whose UNet and VAE are used."""
        unet = KModel(parts.model.diffusion_model, None, Prediction(parts.alphas_cumprod))
        self.forge_objects = ForgeObjects(unet=UnetPatcher(unet), clip=clip, vae=_Vae(parts), clipvision=None)
        self.forge_objects_original = self.forge_objects.shallow_copy()
        self.forge_objects_after_applying_lora = self.forge_objects.shallow_copy()

    def encode_first_stage(self, x):
        return self.forge_objects.vae.encode(x)

    def decode_first_stage(self, x):
        return self.forge_objects.vae.decode(x)


class _Vae:
    """Encodes to a sample of the posterior, by torch's global generator."""

    def __init__(self, parts):
        self.first_stage_model = parts.first_stage_model
        self.latent_channels = parts.latent_channels
        self.encode = lambda x: parts.get_first_stage_encoding(parts.encode_first_stage(x))
        self.decode = parts.decode_first_stage
