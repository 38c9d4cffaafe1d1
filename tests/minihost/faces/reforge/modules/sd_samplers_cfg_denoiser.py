"""Each step takes the conditioning of its clip skip, where reForge's own schedule is on."""

from modules.sd_samplers_cfg_denoiser import CFGDenoiser
from modules.shared import opts

_with_one = CFGDenoiser.forward


def _forward(self, x, sigma, uncond, cond, cond_scale, s_min_uncond, image_cond):
    schedule = getattr(self.p, "dynamic_clip_skip_schedule", None)
    if opts.dynamic_clip_skip_enabled and schedule:
        cond, uncond = self.p.dynamic_clip_skip_sets[schedule[min(self.step, len(schedule) - 1)]]
    return _with_one(self, x, sigma, uncond, cond, cond_scale, s_min_uncond, image_cond)


CFGDenoiser.forward = _forward
