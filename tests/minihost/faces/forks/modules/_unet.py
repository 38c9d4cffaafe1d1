"""A UNet that is asked in noise levels, x = picture + sigma × noise, and gives the pictures.

What the forks share of it: the schedule of noise levels, one call, and the parts of a patcher that are read here. As
there, a UNet that was not taken onto the device (`prepare`) cannot be asked.
"""

import torch
from modules import devices


class Schedule(torch.nn.Module):
    """The noise levels of the training, and what is around a network that predicts noise."""

    def __init__(self, alphas_cumprod):
        super().__init__()
        self.set_sigmas(((1 - alphas_cumprod) / alphas_cumprod) ** 0.5)

    def set_sigmas(self, sigmas):
        self.register_buffer("sigmas", sigmas.float())
        self.register_buffer("log_sigmas", sigmas.log().float())

    def timestep(self, sigma):
        """The nearest time step."""
        return (sigma.log() - self.log_sigmas[:, None]).abs().argmin(dim=0).view(sigma.shape)

    def calculate_input(self, sigma, noise):
        return noise / (_level(sigma) ** 2 + 1) ** 0.5

    def calculate_denoised(self, sigma, model_output, model_input):
        return model_input - model_output * _level(sigma)


def _level(sigma):
    return sigma.view(-1, 1, 1, 1)


def asked(unet, schedule, x, sigma, context):
    """The pictures behind the noise."""
    if not unet._is_prepared:
        raise RuntimeError("the UNet is not on the device: nobody has prepared the sampling")
    guess = unet.diffusion_model(
        schedule.calculate_input(sigma, x),
        schedule.timestep(sigma).float(),
        encoder_hidden_states=context,
        return_dict=False,
    )[0]
    return schedule.calculate_denoised(sigma, guess.float(), x)


def prepare(unet, x):
    unet.model.to(devices.device)
    unet.model._is_prepared = True
