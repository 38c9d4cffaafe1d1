"""The second pass has a CFG scale of its own."""

from modules.sd_samplers_cfg_denoiser import CFGDenoiser

_with_scale = CFGDenoiser.forward


def _forward(self, x, sigma, uncond, cond, cond_scale, s_min_uncond, image_cond):
    scale = self.p.hr_cfg if self.p.is_hr_pass else cond_scale
    return _with_scale(self, x, sigma, uncond, cond, scale, s_min_uncond, image_cond)


CFGDenoiser.forward = _forward
