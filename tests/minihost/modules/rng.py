"""Noise: one generator per picture, so that a picture doesn't depend on its place in a batch.

Mirrors `modules/rng.py`. Differs: noise is always drawn on the device, as `randn_source` isn't there. `randn` seeds
torch's global generator, as the real one does: the sampled part of the VAE's encoding gets its numbers from there.
"""

import torch
from modules import devices, shared


def manual_seed(seed):
    torch.manual_seed(seed)


def create_generator(seed):
    return torch.Generator(devices.device).manual_seed(int(seed))


def randn_without_seed(shape, generator=None):
    return torch.randn(shape, device=devices.device, generator=generator)


def randn(seed, shape, generator=None):
    """Noise for a seed; a side effect is that the global generator starts from this seed again."""
    manual_seed(seed)
    return randn_without_seed(shape, generator)


def randn_local(seed, shape):
    """Noise for a seed that leaves the global generator alone."""
    return randn_without_seed(shape, create_generator(seed))


def randn_like(x):
    return randn_without_seed(x.shape).to(x)


def slerp(val, low, high):
    """Walks along the arc between two tensors (the angle is taken along dimension 1)."""
    cosine = torch.nn.functional.cosine_similarity(low, high, dim=1)
    if cosine.mean() > 0.9995:  # nearly parallel: the sine below would be 0
        return torch.lerp(high, low, val)

    angle = torch.acos(cosine)
    towards_low = (torch.sin(angle * (1.0 - val)) / torch.sin(angle)).unsqueeze(1)
    towards_high = (torch.sin(angle * val) / torch.sin(angle)).unsqueeze(1)
    return towards_low * low + towards_high * high


class ImageRNG:
    """The noise of a batch: `next()` once for the start, then once per noisy sampling step."""

    def __init__(self, shape, seeds, subseeds=None, subseed_strength=0.0, seed_resize_from_h=0, seed_resize_from_w=0):
        self.shape = tuple(int(n) for n in shape)
        self.seeds = seeds
        self.subseeds = subseeds
        self.subseed_strength = subseed_strength
        self.seed_resize_from_h = seed_resize_from_h
        self.seed_resize_from_w = seed_resize_from_w
        self.generators = [create_generator(seed) for seed in seeds]
        self.is_first = True

    def first(self):
        resized = self.seed_resize_from_h > 0 and self.seed_resize_from_w > 0
        start_shape = self.shape
        if resized:
            start_shape = (self.shape[0], int(self.seed_resize_from_h) // 8, int(self.seed_resize_from_w) // 8)

        noises = []
        for i, (seed, generator) in enumerate(zip(self.seeds, self.generators, strict=True)):
            other = None
            if self.subseeds is not None and self.subseed_strength != 0:
                other = randn(self.subseeds[i] if i < len(self.subseeds) else 0, start_shape)

            same_size = start_shape == self.shape
            noise = randn(seed, start_shape, generator=generator if same_size else None)
            if other is not None:
                noise = slerp(self.subseed_strength, noise, other)
            if not same_size:
                noise = _centred(noise, randn(seed, self.shape, generator=generator))
            noises.append(noise)

        delta = shared.opts.eta_noise_seed_delta or 0
        if delta:
            self.generators = [create_generator(seed + delta) for seed in self.seeds]
        return torch.stack(noises).to(shared.device)

    def next(self):
        if self.is_first:
            self.is_first = False
            return self.first()
        return torch.stack([randn_without_seed(self.shape, g) for g in self.generators]).to(shared.device)


def _centred(small, canvas):
    """`canvas` with `small` laid over its middle; what doesn't fit is cut off."""
    (_, sh, sw), (_, ch, cw) = small.shape, canvas.shape
    h, w = min(sh, ch), min(sw, cw)
    top, left, cut_top, cut_left = (ch - h) // 2, (cw - w) // 2, (sh - h) // 2, (sw - w) // 2
    canvas[:, top : top + h, left : left + w] = small[:, cut_top : cut_top + h, cut_left : cut_left + w]
    return canvas


devices.randn = randn
devices.randn_local = randn_local
devices.randn_like = randn_like
devices.randn_without_seed = randn_without_seed
devices.manual_seed = manual_seed
