"""The UNet with its predictor. Differs: no c_concat, no control, no vector of SDXL."""

import torch
from modules import _unet


class KModel(torch.nn.Module):
    _is_prepared = False

    def __init__(self, model, diffusers_scheduler, k_predictor=None, config=None):
        super().__init__()
        self.config = config
        self.diffusion_model = model
        self.predictor = k_predictor

    def apply_model(self, x, t, c_concat=None, c_crossattn=None, control=None, transformer_options={}, **kwargs):  # noqa: B006  as it is there
        return _unet.asked(self, self.predictor, x, t, c_crossattn)
