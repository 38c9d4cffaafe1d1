"""All look at clip skip, from the layer on that their model was trained on."""

from modules.shared import opts
from modules_forge.forge_clip import (
    CLIP_SD_15_L,
    CLIP_SD_21_H,
    CLIP_SD_XL_G,
    CLIP_SD_XL_L,
    _norm,
    _states,
    move_clip_to_gpu,
)


def _sd1(self, tokens):
    move_clip_to_gpu()
    states, last = _states(self, tokens)
    skip = opts.CLIP_stop_at_last_layers
    return _norm(self, states[-skip]) if skip > self.minimal_clip_skip else last


def _sd2(self, tokens):
    move_clip_to_gpu()
    states, last = _states(self, tokens)
    skip = opts.CLIP_stop_at_last_layers
    if skip > self.minimal_clip_skip:
        return _norm(self, states[-skip])
    return last if self.wrapped.layer == "last" else _norm(self, states[self.wrapped.layer_idx])


def _sdxl(self, tokens):
    states, last = _states(self, tokens)
    skip = opts.CLIP_stop_at_last_layers
    if skip > self.minimal_clip_skip:
        return states[-skip]
    return last if self.wrapped.layer == "last" else states[self.wrapped.layer_idx]


for _class, _method, _lowest in (
    (CLIP_SD_15_L, _sd1, 1),
    (CLIP_SD_21_H, _sd2, 2),
    (CLIP_SD_XL_L, _sdxl, 2),
    (CLIP_SD_XL_G, _sdxl, 2),
):
    _class.encode_with_transformers = _method
    _class.minimal_clip_skip = _lowest
