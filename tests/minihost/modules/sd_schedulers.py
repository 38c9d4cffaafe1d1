"""Noise levels (sigmas) of the schedule types.

Mirrors `modules/sd_schedulers.py`. Differs: four types: Automatic, Uniform, Karras, Exponential.
"""

import dataclasses

import torch


def to_d(x, sigma, denoised):
    """The direction in which noise changes a latent, per unit of sigma."""
    return (x - denoised) / sigma


@dataclasses.dataclass
class Scheduler:
    """A schedule type; `function(n, sigma_min, sigma_max, …, device)` returns n + 1 sigmas, the last one 0."""

    name: str
    label: str
    function: any

    default_rho: float = -1
    need_inner_model: bool = False
    aliases: list = None


def uniform(n, sigma_min, sigma_max, inner_model, device):
    return inner_model.get_sigmas(n).to(device)


def _karras(n, sigma_min, sigma_max, rho=7.0, device="cpu"):
    """Karras et al. 2022, equation 5: evenly spaced in sigma to the power of 1/rho."""
    return _with_zero(torch.linspace(sigma_max ** (1 / rho), sigma_min ** (1 / rho), n) ** rho, device)


def _exponential(n, sigma_min, sigma_max, device="cpu"):
    logs = torch.linspace(torch.tensor(sigma_max).log(), torch.tensor(sigma_min).log(), n)
    return _with_zero(logs.exp(), device)


def _with_zero(sigmas, device):
    return torch.cat([sigmas, sigmas.new_zeros(1)]).to(device)


schedulers = [
    Scheduler("automatic", "Automatic", None),
    Scheduler("uniform", "Uniform", uniform, need_inner_model=True),
    Scheduler("karras", "Karras", _karras, default_rho=7.0),
    Scheduler("exponential", "Exponential", _exponential),
]

schedulers_map = {**{x.name: x for x in schedulers}, **{x.label: x for x in schedulers}}
