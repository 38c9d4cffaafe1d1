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


def sample_euler(model, x, sigmas, each_step, noise, s_churn=0.0, s_tmin=0.0, s_tmax=float("inf"), s_noise=1.0):
    """Karras et al. 2022, algorithm 2 without its second-order part."""
    for i in range(len(sigmas) - 1):
        x, sigma = _churned(x, sigmas, i, noise, s_churn, s_tmin, s_tmax, s_noise)
        denoised = _model_at(model, x, sigma)
        each_step(i, x, denoised)
        x = x + to_d(x, sigma, denoised) * (sigmas[i + 1] - sigma)
    return x


def _churned(x, sigmas, i, noise, s_churn, s_tmin, s_tmax, s_noise):
    """Adds a little noise before a step, when the option asks for it."""
    sigma = sigmas[i]
    if s_churn <= 0 or not s_tmin <= sigma <= s_tmax:
        return x, sigma
    higher = sigma * (1 + min(s_churn / (len(sigmas) - 1), 2**0.5 - 1))
    return x + noise() * s_noise * (higher**2 - sigma**2) ** 0.5, higher


def sample_heun(model, x, sigmas, each_step, noise, s_churn=0.0, s_tmin=0.0, s_tmax=float("inf"), s_noise=1.0):
    """Karras et al. 2022, algorithm 2: Euler, then the mean of both slopes."""
    for i in range(len(sigmas) - 1):
        x, sigma = _churned(x, sigmas, i, noise, s_churn, s_tmin, s_tmax, s_noise)
        denoised = _model_at(model, x, sigma)
        each_step(i, x, denoised)
        slope, step = to_d(x, sigma, denoised), sigmas[i + 1] - sigma
        if sigmas[i + 1] > 0:
            guess = x + slope * step
            there = to_d(guess, sigmas[i + 1], _model_at(model, guess, sigmas[i + 1]))
            slope = (slope + there) / 2
        x = x + slope * step
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


def sample_lms(model, x, sigmas, each_step, noise, order=4):
    """Adams-Bashforth with uneven steps: integrates the polynomial through the last slopes."""
    slopes = []
    levels = sigmas.double().cpu()
    for i in range(len(sigmas) - 1):
        denoised = _model_at(model, x, sigmas[i])
        each_step(i, x, denoised)
        slopes = [to_d(x, sigmas[i], denoised), *slopes[: order - 1]]
        for slope, weight in zip(slopes, _lagrange_integrals(levels, i, len(slopes)), strict=True):
            x = x + slope * weight
    return x


def _lagrange_integrals(levels, i, order):
    """∫ over step i of each Lagrange polynomial on the last `order` levels, by Gauss's rule with 4 points."""
    nodes = torch.tensor([-0.8611363115940526, -0.3399810435848563, 0.3399810435848563, 0.8611363115940526])
    weights = torch.tensor([0.3478548451374538, 0.6521451548625461, 0.6521451548625461, 0.3478548451374538])
    a, b = levels[i], levels[i + 1]
    points = (a + b) / 2 + (b - a) / 2 * nodes.double()
    integrals = []
    for j in range(order):
        value = torch.ones_like(points)
        for k in range(order):
            if k != j:
                value = value * (points - levels[i - k]) / (levels[i - j] - levels[i - k])
        integrals.append(float((value * weights.double()).sum() * (b - a) / 2))
    return integrals


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


def unipc(model, x, sigmas, each_step, noise):
    """UniPC, Zhao et al. 2023, second order: the multistep predictor, corrected with the value found there."""
    start_of_step = None
    history = []  # (sigma, denoised), newest first
    for i in range(len(sigmas) - 1):
        denoised = _model_at(model, x, sigmas[i])
        if history:
            # corrector: the last step again, now knowing the denoised latent at its end
            start, sigma = start_of_step
            ratio = sigmas[i] / sigma
            x = ratio * start + (1 - ratio) * (history[0][1] + denoised) / 2
        each_step(i, x, denoised)
        history = [(sigmas[i], denoised), *history[:1]]
        start_of_step = (x, sigmas[i])

        best = denoised
        if len(history) == 2 and sigmas[i + 1] > 0:
            (now, _), (before, older) = history
            best = denoised + (denoised - older) * ((now / sigmas[i + 1]).log() / (2 * (before / now).log()))
        ratio = sigmas[i + 1] / sigmas[i]
        x = ratio * x + (1 - ratio) * best
    return x
