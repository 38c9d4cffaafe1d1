"""The UNet with its sampling. Differs: no c_concat, no control, no vector of SDXL."""

import torch
from ldm_patched.modules.model_sampling import EPS, ModelSamplingDiscrete
from modules import _unet


class _ModelSampling(ModelSamplingDiscrete, EPS):
    pass


class UNet(torch.nn.Module):
    _is_prepared = False

    def __init__(self, parts):
        """`parts`: an embedded host's own model."""
        super().__init__()
        self.diffusion_model = parts.model.diffusion_model
        self.model_sampling = _ModelSampling(parts.alphas_cumprod)

    def apply_model(self, x, t, c_concat=None, c_crossattn=None, control=None, transformer_options={}, **kwargs):  # noqa: B006  as it is there
        return _unet.asked(self, self.model_sampling, x, t, c_crossattn)
