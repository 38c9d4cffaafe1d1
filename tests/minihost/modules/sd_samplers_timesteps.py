"""DDIM, the sampler that walks along the model's own timesteps.

Mirrors `modules/sd_samplers_timesteps.py`. Differs: it runs in noise levels like the others, on the levels of
evenly spaced timesteps; a schedule type has no effect, as on the real host.
"""

import torch
from modules import _solvers, sd_samplers_common
from modules.sd_samplers_kdiffusion import KDiffusionSampler

samplers_timesteps = [
    ("DDIM", _solvers.ddim, ["ddim"], {}),
]


samplers_data_timesteps = [
    sd_samplers_common.SamplerData(
        label, lambda model, funcname=funcname: CompVisSampler(funcname, model), aliases, options
    )
    for label, funcname, aliases, options in samplers_timesteps
]


class CompVisSampler(KDiffusionSampler):
    """A solver over evenly spaced timesteps."""

    def __init__(self, funcname, sd_model):
        super().__init__(funcname.__name__, sd_model)
        self.eta_option_field = "eta_ddim"
        self.eta_infotext_field = "Eta DDIM"
        self.eta_default = 0.0

    def get_timesteps(self, p, steps):
        """Evenly spaced from 1 upwards."""
        steps = max(steps, 1)
        return torch.clip(torch.arange(steps) * (1000 // steps) + 1, 0, 999)

    def _levels(self, p, steps):
        times = self.get_timesteps(p, steps).flip(0).float()
        return torch.cat([self.model_wrap.t_to_sigma(times), torch.zeros(1)])
