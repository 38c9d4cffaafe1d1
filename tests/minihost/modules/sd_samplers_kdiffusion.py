"""Samplers that work on noise levels: Euler and DPM++.

Mirrors `modules/sd_samplers_kdiffusion.py`. Differs: the loops are this host's own (`_solvers`), and noise in the
middle of sampling always comes from each picture's own generator, where the real host uses Brownian trees for SDE;
no extra noise for img2img, no SGM noise multiplier.
"""

import torch
from modules import _solvers, devices, sd_samplers_cfg_denoiser, sd_samplers_common, sd_schedulers, shared
from modules.sd_samplers_cfg_denoiser import CFGDenoiser  # noqa: F401

samplers_k_diffusion = [
    ("DPM++ 2M", "sample_dpmpp_2m", ["k_dpmpp_2m"], {"scheduler": "karras"}),
    (
        "DPM++ SDE",
        "sample_dpmpp_sde",
        ["k_dpmpp_sde"],
        {"scheduler": "karras", "second_order": True, "brownian_noise": True},
    ),
    ("Euler a", "sample_euler_ancestral", ["k_euler_a", "k_euler_ancestral"], {"uses_ensd": True}),
    ("Euler", "sample_euler", ["k_euler"], {}),
]

samplers_data_k_diffusion = [
    sd_samplers_common.SamplerData(
        label, lambda model, funcname=funcname: KDiffusionSampler(funcname, model), aliases, options
    )
    for label, funcname, aliases, options in samplers_k_diffusion
]


class _EpsDenoiser(torch.nn.Module):
    """The model in terms of noise levels: x = picture + sigma × noise."""

    def __init__(self, sd_model):
        super().__init__()
        self.inner_model = sd_model
        kept = sd_model.alphas_cumprod
        self.sigmas = ((1 - kept) / kept) ** 0.5

    def get_sigmas(self, n):
        """n levels at evenly spaced timesteps, and 0."""
        times = torch.linspace(len(self.sigmas) - 1, 0, n)
        return torch.cat([self.t_to_sigma(times), torch.zeros(1)])

    def t_to_sigma(self, t):
        logs = self.sigmas.log().cpu()
        below = t.floor().long().clamp(0, len(logs) - 1)
        above = (below + 1).clamp(max=len(logs) - 1)
        return torch.lerp(logs[below], logs[above], t - below).exp()

    def sigma_to_t(self, sigma):
        logs, wanted = self.sigmas.log(), sigma.log()
        above = torch.searchsorted(logs, wanted).clamp(1, len(logs) - 1)
        low, high = logs[above - 1], logs[above]
        return above - 1 + ((wanted - low) / (high - low)).clamp(0, 1)

    def forward(self, x, sigma, cond):
        level = sigma[:, None, None, None]
        eps = self.inner_model.apply_model(
            x / (level**2 + 1) ** 0.5, self.sigma_to_t(sigma), {"c_crossattn": cond["c_crossattn"]}
        )
        return x - eps * level


class CFGDenoiserKDiffusion(sd_samplers_cfg_denoiser.CFGDenoiser):
    """Guidance over the model in terms of noise levels."""

    @property
    def inner_model(self):
        if self.model_wrap is None:
            self.model_wrap = _EpsDenoiser(shared.sd_model)
        return self.model_wrap


class KDiffusionSampler(sd_samplers_common.Sampler):
    """Runs one of the solvers over a schedule."""

    def __init__(self, funcname, sd_model, options=None):
        super().__init__(funcname)
        self.options = options or {}
        self.func = getattr(_solvers, funcname)
        self.model_wrap_cfg = CFGDenoiserKDiffusion(self)
        self.model_wrap = self.model_wrap_cfg.inner_model

    def get_sigmas(self, p, steps):
        """The noise levels, and what the infotext says about them."""
        name = (p.hr_scheduler if p.is_hr_pass else p.scheduler) or "Automatic"
        if name == "Automatic":
            name = self.config.options.get("scheduler", None)
        scheduler = sd_schedulers.schedulers_map.get(name)

        if scheduler is None or scheduler.function is None:
            return self.model_wrap.get_sigmas(steps).cpu()

        notes = p.extra_generation_params
        if not p.is_hr_pass:
            notes["Schedule type"] = scheduler.label
        elif scheduler.label != notes.get("Schedule type"):
            notes["Hires schedule type"] = scheduler.label

        arguments = {"sigma_min": self.model_wrap.sigmas[0].item(), "sigma_max": self.model_wrap.sigmas[-1].item()}
        if scheduler.need_inner_model:
            arguments["inner_model"] = self.model_wrap
        return scheduler.function(n=steps, **arguments, device=devices.cpu).cpu()

    def _levels(self, p, steps):
        """What `sample` walks along; samplers on timesteps have their own."""
        return self.get_sigmas(p, steps)

    def _run(self, p, x, sigmas, steps, conditioning, unconditional_conditioning, image_conditioning):
        arguments = self.initialize(p)
        self.sampler_extra_args = {
            "cond": conditioning,
            "image_cond": image_conditioning,
            "uncond": unconditional_conditioning,
            "cond_scale": p.cfg_scale,
            "s_min_uncond": self.s_min_uncond,
        }

        def model(latent, sigma):
            return self.model_wrap_cfg(latent, sigma, **self.sampler_extra_args)

        def each_step(i, latent, denoised):
            self.callback_state({"i": i, "x": latent, "denoised": denoised, "sigma": sigmas[i]})

        return self.launch_sampling(
            steps, lambda: self.func(model, x, sigmas.to(x), each_step, p.rng.next, **arguments)
        )

    def sample_img2img(
        self, p, x, noise, conditioning, unconditional_conditioning, steps=None, image_conditioning=None
    ):
        steps, t_enc = sd_samplers_common.setup_img2img_steps(p, steps)
        sigmas = self._levels(p, steps)[steps - t_enc - 1 :]
        noisy = x + noise * sigmas[0]
        self.model_wrap_cfg.init_latent = x
        self.last_latent = x
        return self._run(p, noisy, sigmas, t_enc + 1, conditioning, unconditional_conditioning, image_conditioning)

    def sample(self, p, x, conditioning, unconditional_conditioning, steps=None, image_conditioning=None):
        steps = steps or p.steps
        sigmas = self._levels(p, steps)
        x = x * sigmas[0]
        self.last_latent = x
        return self._run(p, x, sigmas, steps, conditioning, unconditional_conditioning, image_conditioning)
