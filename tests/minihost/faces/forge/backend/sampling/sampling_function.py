"""Before and after a sampling. Differs: no memory is counted, and there are no ControlNets and no low bits."""

from modules import _unet


def sampling_prepare(unet, x):
    _unet.prepare(unet, x)


def sampling_cleanup(unet):
    """Nothing: the UNet stays where it is."""
