"""A quick picture of a latent, for live previews.

Mirrors `cheap_approximation` of `modules/sd_vae_approx.py`. Differs: the coefficients belong to the small checkpoint
of this host, whose first three latent channels are red, green and blue; there is no approximating network.
"""

import torch


def cheap_approximation(sample):
    """(pictures, 4, h, w) or (4, h, w) → the same with three channels, at one pixel per latent cell."""
    colours = torch.eye(3, 4).to(sample)
    return torch.einsum("...lhw,rl->...rhw", sample, colours)
