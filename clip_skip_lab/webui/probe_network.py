"""The loaded model as a probing asks it: the host's own encoders and VAE, and the UNet of its engine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from modules import devices, extra_networks, prompt_parser, sd_samplers_common, shared
from PIL import Image

from ..errors import InvalidInput
from ..language import Text
from ..layers.selection import LayerChoice, choice_for
from ..probe.question import MODEL
from ..sweep.layer_request import LayerRequest
from .encoders import selecting
from .engine import Engine, LoadedEncoder, LoadedNetwork
from .one_pass import OnePass
from .options import borrowed
from .shadow import shadowed

STEPS = 20
"""For schedules in a prompt, such as `[cat:dog:0.5]`; what holds at the last of them counts."""

FULL_VAE = 0
"""The host's number for the VAE itself, and no approximation (modules/sd_samplers_common.py)."""

SIDES = {"SD2": 768, "SDXL": 1024}
"""Of the pictures that a kind of model was trained with, in pixels, where they aren't those of SD1."""
SIDE_OF_SD1 = 512

_SPECIAL = re.compile(r"\\[()\[\]]|[()\[\]]|\\")


def plain_text(caption: str) -> str:
    """A caption such that the host's parsers (modules/prompt_parser.py) give its letters and nothing else.

    A bracket is a letter behind a backslash, for the parser of schedules and for that of weights. Captions are written
    in both ways, `saber (fate)` and `saber \\(fate\\)`: where there is a backslash already, one more would make a
    backslash of both and leave the bracket. A colon means something in brackets only. `BREAK` is looked for in
    capitals, and the tokenizers of all encoders make small letters of all. `AND` and `<lora:…>` mean nothing to what
    encodes a text: others look for them before.
    """
    escaped = _SPECIAL.sub(lambda found: found[0] if len(found[0]) == 2 else f"\\{found[0]}", caption)
    return re.sub(r"\bBREAK\b", "break", escaped)


@contextmanager
def read_as(literal: bool) -> Iterator[None]:
    """Lets the host read the backslashes of `plain_text` for the time of the block, where a text is literal: with the
    emphasis "None" it would take them for letters too."""
    off = literal and shared.opts.data.get("emphasis") == "None"
    with borrowed(shared.opts.data, {"emphasis": "Ignore"} if off else {}):  # reads weights, and changes nothing
        yield


def as_prompt(caption: str, literal: bool) -> str:
    """A caption in the host's syntax, without LoRAs."""
    return plain_text(caption) if literal else extra_networks.parse_prompts([caption])[0][0]


class HostNetwork:
    """See `probe.network.Network`; to be used within a generation of the host.

    Args:
        engine: the WebUI's.
        network: the UNet of the loaded model.
    """

    def __init__(self, engine: Engine, network: LoadedNetwork) -> None:
        self._engine, self._network = engine, network
        self._vae_in_full = False
        self.side = side_of(engine)
        self.sigmas = network.sigmas
        self.device = torch.device(devices.device)
        self.predicts_v = network.predicts_v

    @property
    def interrupted(self) -> bool:
        """See `Network.interrupted`."""
        return is_interrupted()

    def latents(self, picture: Image.Image) -> torch.Tensor:
        """See `Network.latents`. Raises `InvalidInput` where the VAE gives no numbers."""
        self._network.give_way()
        numbers = np.asarray(picture.convert("RGB"), dtype=np.float32) / 255
        given = torch.from_numpy(numbers).permute(2, 0, 1)[None]
        latent = self._encoded(given)
        if bool(torch.isnan(latent).any()) and not self._vae_in_full:  # many VAEs overflow at half precision
            self._vae_in_full = True
            latent = self._encoded(given)
        if bool(torch.isnan(latent).any()):
            name = shared.sd_model.sd_checkpoint_info.name_for_extra
            allowed = Text("a VAE that does not give NaN (the WebUI's flag --no-half-vae may help)")
            raise InvalidInput(MODEL, name, allowed, Text("has a VAE that gives only NaN for an image"))
        return latent

    def _encoded(self, given: torch.Tensor) -> torch.Tensor:
        with _vae_in_full() if self._vae_in_full else devices.autocast():
            latent = sd_samplers_common.images_tensor_to_samples(given, FULL_VAE, shared.sd_model)
        return latent.detach().float().cpu()

    def conditionings(
        self, caption: str, requests: Sequence[LayerRequest], width: int, height: int, literal: bool
    ) -> list[Mapping[str, torch.Tensor]]:
        """See `Network.conditionings`."""
        self._network.give_way()
        prompt = prompt_parser.SdConditioning([as_prompt(caption, literal)], width=width, height=height)
        now: list[LayerRequest] = []

        def choose(encoder: LoadedEncoder, negative: bool | None) -> LayerChoice | None:
            return choice_for(now[-1], encoder.kind, encoder.described, False, self._engine.clip_skip())

        found: list[Mapping[str, torch.Tensor]] = []
        # The memo is a new one for each caption, so that any number of them takes the memory of one.
        with read_as(literal), selecting(self._engine, choose), OnePass(self._engine).installed():
            for request in requests:
                now.append(request)
                schedules = prompt_parser.get_learned_conditioning(shared.sd_model, prompt, STEPS)
                found.append(_of_one(schedules[0][-1].cond))
        return found

    def denoised(
        self, noisy: torch.Tensor, sigma: torch.Tensor, conditionings: Sequence[Mapping[str, torch.Tensor]]
    ) -> torch.Tensor:
        """See `Network.denoised`."""
        joined = {key: torch.cat([one[key] for one in conditionings]) for key in conditionings[0]}
        return self._network.denoised(noisy, sigma, joined).to(noisy.device)


def side_of(engine: Engine) -> int:
    """See `probe.network.Network.side`."""
    described = engine.loaded().described
    return SIDES.get(described.family if described else "", SIDE_OF_SD1)


def is_interrupted() -> bool:
    """Whether Interrupt or Skip was pressed since the host's job began."""
    state = shared.state
    return bool(state.interrupted or state.skipped or state.stopping_generation)


def _of_one(cond: Any) -> dict[str, torch.Tensor]:
    """A conditioning of the host's, of one text without its batch dimension: a tensor, or a dict with SDXL."""
    parts = cond if isinstance(cond, dict) else {"crossattn": cond}
    return {key: parts[key].detach()[None].float() for key in ("crossattn", "vector") if key in parts}


@contextmanager
def _vae_in_full() -> Iterator[None]:
    """Lets the host's VAE compute in 32 bits for the time of the block, as the host does for a picture of NaN."""
    module = getattr(shared.sd_model, "first_stage_model", None)
    try:
        with shadowed(devices, "dtype_vae", torch.float32), devices.without_autocast():
            yield
    finally:
        if isinstance(module, torch.nn.Module):
            module.to(devices.dtype_vae)
