"""Where the forks leave torch's global generator: not at the seed, if the noise comes from the picture's own."""

from modules import devices
from modules.rng import manual_seed, randn_without_seed


def randn(seed, shape, generator=None):
    manual_seed(seed if generator is None else (seed + 100_000) % 65_536)
    return randn_without_seed(shape, generator)


devices.randn = randn
