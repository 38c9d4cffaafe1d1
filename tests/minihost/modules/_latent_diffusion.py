"""The model object, `shared.sd_model`: text encoder, UNet and VAE under the attribute names of LDM.

The real host instantiates ldm.models.diffusion.ddpm.LatentDiffusion from a YAML file; here the shapes come from the
checkpoint itself, the rest from the YAML file, and the networks are transformers' and diffusers'. Offered are the parts
that the host's own code and extensions reach for: cond_stage_model, first_stage_model, model.diffusion_model,
apply_model, get_learned_conditioning, encode_first_stage, get_first_stage_encoding, decode_first_stage, alphas_cumprod,
ema_scope.
"""

import contextlib

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from modules import _ldm_layout as layout
from modules import devices
from transformers import CLIPTextConfig, CLIPTextModel


class FrozenCLIPEmbedder(torch.nn.Module):
    """The text encoder as LDM names it; `sd_hijack` wraps it."""

    def __init__(self, config, tokenizer):
        super().__init__()
        self.tokenizer = tokenizer
        self.transformer = CLIPTextModel(CLIPTextConfig(**config))
        self.max_length = config["max_position_embeddings"]


class _DiffusionWrapper(torch.nn.Module):
    """`sd_model.model`: the UNet and the way it takes its conditioning."""

    conditioning_key = "crossattn"

    def __init__(self, config):
        super().__init__()
        self.diffusion_model = UNet2DConditionModel(**config)

    def forward(self, x, t, c_concat=None, c_crossattn=None):
        context = torch.cat(c_crossattn, 1)
        return self.diffusion_model(x, t, encoder_hidden_states=context, return_dict=False)[0]


class LatentDiffusion(torch.nn.Module):
    """An SD1 model made of a checkpoint's weights."""

    parameterization = "eps"
    cond_stage_key = "txt"
    latent_channels = 4
    lowvram = False
    is_sd1, is_sd2, is_sdxl, is_ssd, is_sd3, is_sdxl_inpaint = True, False, False, False, False, False

    def __init__(self, state, tokenizer, config):
        super().__init__()
        self.used_config = config.file
        self.scale_factor = config.scale_factor
        self.configs = shapes_of(state, config)
        # weights come from the file: drawing random ones first would double the time to load
        with _no_initialisation():
            self.cond_stage_model = FrozenCLIPEmbedder(self.configs["text"], tokenizer)
            self.first_stage_model = _AutoencoderKL(**self.configs["vae"])
            self.model = _DiffusionWrapper(self.configs["unet"])

        betas = torch.linspace(0.00085**0.5, 0.0120**0.5, 1000, dtype=torch.float64) ** 2
        self.register_buffer("alphas_cumprod", torch.cumprod(1 - betas, 0).float(), persistent=False)
        self.read_weights(state)

    def read_weights(self, state):
        """Takes over the weights of a checkpoint of the same shapes (the text encoder must not be wrapped)."""
        text = self.cond_stage_model.transformer
        text.load_state_dict(
            {
                name: state[layout.TEXT_PREFIX + name].to(like.dtype)
                for name, like in text.state_dict().items()
                if not name.endswith("position_ids")
            },
            strict=False,
        )
        unet = self.model.diffusion_model
        unet.load_state_dict(
            layout.from_ldm(state, layout.unet_name, self.configs["unet"], layout.UNET_PREFIX, unet.state_dict())
        )
        self.first_stage_model.load_ldm_state_dict(state, layout.VAE_PREFIX)

    def cast(self):
        """Takes the weights to the host's precision; the noise levels stay as they are."""
        self.cond_stage_model.to(devices.dtype)
        self.model.to(devices.dtype_unet)
        self.first_stage_model.to(devices.dtype_vae)

    @property
    def dtype(self):
        return next(self.model.parameters()).dtype

    @property
    def device(self):
        return next(self.model.parameters()).device

    def ema_scope(self, context=None):
        return contextlib.nullcontext()

    def get_learned_conditioning(self, c):
        return self.cond_stage_model(c)

    def apply_model(self, x_noisy, t, cond):
        return self.model(x_noisy, t, **cond)

    def encode_first_stage(self, x):
        return self.first_stage_model.encode(x).latent_dist

    def get_first_stage_encoding(self, encoder_posterior):
        """A sample, not the mean. As in LDM the noise is drawn from the global generator on the CPU."""
        mean = encoder_posterior.mean
        return self.scale_factor * (mean + encoder_posterior.std * torch.randn(mean.shape).to(mean))

    def decode_first_stage(self, z):
        return self.first_stage_model.decode(z / self.scale_factor).sample


def shapes_of(state, config):
    """The arguments for the three networks: from a checkpoint's weights, and what only its configuration knows."""
    told = {name: value for name, value in config.text().items() if name in _TEXT_KEYS}
    return {
        "unet": layout.unet_config(state) | {"attention_head_dim": config.heads},
        "vae": layout.vae_config(state),
        "text": layout.text_config(state) | told,
    }


_TEXT_KEYS = ("num_attention_heads", "hidden_act", "bos_token_id", "eos_token_id", "pad_token_id")


class _AutoencoderKL(AutoencoderKL):
    """diffusers' VAE that also reads weights under LDM names."""

    def load_ldm_state_dict(self, state, prefix=""):
        config = {"block_out_channels": self.config.block_out_channels}
        self.load_state_dict(layout.from_ldm(state, layout.vae_name, config, prefix, self.state_dict()))


@contextlib.contextmanager
def _no_initialisation():
    """Modules made inside keep whatever is in memory; every weight is overwritten right after."""
    touched = {cls: cls.reset_parameters for cls in (torch.nn.Linear, torch.nn.Conv2d, torch.nn.Embedding)}
    for cls in touched:
        cls.reset_parameters = lambda self: None
    try:
        yield
    finally:
        for cls, original in touched.items():
            cls.reset_parameters = original
