"""Sampling loops as small functions, written from the papers; the real host takes them from k-diffusion.

All share one shape: `model(x, sigma)` returns the denoised latent for a vector of sigmas, `sigmas` fall to 0, `noise()`
gives the next noise of each picture in the batch, `each_step(i, x, denoised)` is called once per step.
"""

import torch
from modules.sd_schedulers import to_d


def _model_at(model, x, sigma):
    return model(x, sigma * x.new_ones(x.shape[0]))


def _ancestral(sigma, sigma_next, eta=1.0):
    """The deterministic and the random part of a step (DDPM's split, scaled by eta)."""
    up = (sigma_next**2 * (sigma**2 - sigma_next**2) / sigma**2).clamp(min=0) ** 0.5
    up = torch.minimum(sigma_next, eta * up)
    return (sigma_next**2 - up**2) ** 0.5, up


def sample_euler(model, x, sigmas, each_step, noise):
    """Karras et al. 2022, algorithm 2 without its second-order part."""
    for i in range(len(sigmas) - 1):
        denoised = _model_at(model, x, sigmas[i])
        each_step(i, x, denoised)
        x = x + to_d(x, sigmas[i], denoised) * (sigmas[i + 1] - sigmas[i])
    return x


def sample_euler_ancestral(model, x, sigmas, each_step, noise, eta=1.0, s_noise=1.0):
    for i in range(len(sigmas) - 1):
        denoised = _model_at(model, x, sigmas[i])
        each_step(i, x, denoised)
        down, up = _ancestral(sigmas[i], sigmas[i + 1], eta)
        x = x + to_d(x, sigmas[i], denoised) * (down - sigmas[i])
        if sigmas[i + 1] > 0:
            x = x + noise() * s_noise * up
    return x


def sample_dpmpp_2m(model, x, sigmas, each_step, noise):
    """DPM-Solver++ (2M), Lu et al. 2022: the denoised latent extrapolated from the last two steps."""
    previous = None
    for i in range(len(sigmas) - 1):
        denoised = _model_at(model, x, sigmas[i])
        each_step(i, x, denoised)
        best = denoised
        if previous is not None and sigmas[i + 1] > 0:
            last, this = (sigmas[i - 1] / sigmas[i]).log(), (sigmas[i] / sigmas[i + 1]).log()
            best = denoised + (denoised - previous) * (this / (2 * last))
        ratio = sigmas[i + 1] / sigmas[i]
        x = ratio * x + (1 - ratio) * best
        previous = denoised
    return x


def sample_dpmpp_sde(model, x, sigmas, each_step, noise, eta=1.0, s_noise=1.0, r=0.5):
    """DPM-Solver++ (SDE): a half step, then a whole one from the middle, each with fresh noise."""
    for i in range(len(sigmas) - 1):
        sigma, target = sigmas[i], sigmas[i + 1]
        denoised = _model_at(model, x, sigma)
        each_step(i, x, denoised)
        if target == 0:
            return x + to_d(x, sigma, denoised) * (target - sigma)

        middle = sigma ** (1 - r) * target**r
        half = _exponential_step(x, denoised, sigma, middle, noise, eta, s_noise)
        there = _model_at(model, half, middle)
        mixed = denoised + (there - denoised) / (2 * r)
        x = _exponential_step(x, mixed, sigma, target, noise, eta, s_noise)
    return x


def _exponential_step(x, denoised, sigma, target, noise, eta, s_noise):
    down, up = _ancestral(sigma, target, eta)
    ratio = down / sigma
    return ratio * x + (1 - ratio) * denoised + noise() * s_noise * up


def ddim(model, x, sigmas, each_step, noise, eta=0.0):
    """DDIM, Song et al. 2020, in sigmas: with eta 0 it is Euler's step."""
    return sample_euler_ancestral(model, x, sigmas, each_step, noise, eta=eta)
