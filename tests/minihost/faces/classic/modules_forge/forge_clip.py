"""SD1's looks at clip skip, the others do not."""

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
    return _norm(self, states[-skip]) if skip > 1 else last


def _sd2(self, tokens):
    move_clip_to_gpu()
    states, last = _states(self, tokens)
    return last if self.wrapped.layer == "last" else _norm(self, states[self.wrapped.layer_idx])


def _sdxl(self, tokens):
    states, last = _states(self, tokens)
    return last if self.wrapped.layer == "last" else states[self.wrapped.layer_idx]


CLIP_SD_15_L.encode_with_transformers = _sd1
CLIP_SD_21_H.encode_with_transformers = _sd2
CLIP_SD_XL_L.encode_with_transformers = CLIP_SD_XL_G.encode_with_transformers = _sdxl
