"""The UNet is in the model's `forge_objects`, and is asked in noise levels; it is taken onto the device before."""

import torch
from modules import sd_samplers_common, shared
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


_refined = sd_samplers_common.apply_refiner


def _apply_refiner(cfg_denoiser, sigma=None):
    """The refiner's UNet is taken onto the device in the middle of the sampling."""
    changed = _refined(cfg_denoiser, sigma)
    if changed:
        sampling_prepare(shared.sd_model.forge_objects.unet, x=sigma)
    return changed


sd_samplers_common.apply_refiner = _apply_refiner
