"""The UNet is in the model's `forge_objects`, and is asked in noise levels; it is taken onto the device before."""

import torch
from modules._sampling import sampling_cleanup, sampling_prepare, schedule_of
from modules.sd_samplers_kdiffusion import KDiffusionSampler, _EpsDenoiser

_sampled = KDiffusionSampler._run


class _EpsDenoiser(_EpsDenoiser):
    def __init__(self, sd_model):
        torch.nn.Module.__init__(self)
        self.inner_model = sd_model
        self.sigmas = schedule_of(sd_model.forge_objects.unet.model).sigmas

    def forward(self, x, sigma, cond):
        unet = self.inner_model.forge_objects.unet
        return unet.model.apply_model(x, sigma, c_crossattn=torch.cat(cond["c_crossattn"], 1))


def _run(self, p, x, *args):
    unet = self.model_wrap.inner_model.forge_objects.unet
    sampling_prepare(unet, x=x)
    try:
        return _sampled(self, p, x, *args)
    finally:
        sampling_cleanup(unet)


KDiffusionSampler._run = _run
