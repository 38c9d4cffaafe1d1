"""Where tensors live, and the check for NaN.

Mirrors `modules/devices.py`. Differs: CPU or CUDA only; everything is float32 and nothing is cast on the fly unless
`--precision autocast` asks for half precision.
"""

import contextlib

import torch
from modules import shared

cpu: torch.device = torch.device("cpu")
fp8: bool = False
device: torch.device = None
dtype: torch.dtype = torch.float32
dtype_vae: torch.dtype = torch.float32
dtype_unet: torch.dtype = torch.float32
dtype_inference: torch.dtype = torch.float32


def get_optimal_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def torch_gc():
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def cond_cast_unet(input):
    return input


def autocast(disable=False):
    if disable or torch.float32 in (dtype, dtype_inference):
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=dtype_inference)


def without_autocast(disable=False):
    if disable or not torch.is_autocast_enabled(device.type):
        return contextlib.nullcontext()
    return torch.autocast(device.type, enabled=False)


class NansException(Exception):
    """A sampled latent or a decoded picture begins with NaN."""


def test_for_nans(x, where):
    """Like the real host this looks at one element only: a NaN there means that all of it is lost."""
    if getattr(shared.cmd_opts, "disable_nan_check", False):
        return

    if torch.isnan(x[(0,) * x.dim()]):
        part = {"unet": " by the UNet", "vae": " by the VAE"}.get(where, "")
        raise NansException(f"NaN values were made{part}. --disable-nan-check turns this check off.")


device = get_optimal_device()
