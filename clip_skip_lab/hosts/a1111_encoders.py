"""The text encoders of AUTOMATIC1111's WebUI, and choosing their layers for the time of a `with` block.

The host chooses a layer in each encoder's `encode_with_transformers` (v1.10.1, modules/sd_hijack_clip.py and
modules/sd_hijack_open_clip.py). That method is shadowed on the instance; the forward of the transformer below it
stays as it is, so that a memo on that forward goes on working, and so does all that the host does around it: chunks,
textual inversion, LoRA, emphasis.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from modules import sd_hijack_clip

from ..layers.mixing import mix
from ..layers.selection import BIG_G, CLIP_L, SD1, SD2, LayerChoice, choice_for
from ..sweep.errors import InvalidInput
from ..sweep.finer import CLIP_SKIP, NAMES, NEGATIVE, Finer

METHOD = "encode_with_transformers"


@dataclass(frozen=True)
class Encoder:
    """One text encoder of the loaded model.

    Attributes:
        kind: one of `SD1`, `SD2`, `CLIP_L`, `BIG_G`.
        module: the host's wrapper around it.
        layers: how many layers it has.
    """

    kind: str
    module: Any
    layers: int


def encoders_of(model: Any) -> list[Encoder]:
    """The text encoders of a model whose layers can be chosen; none for kinds that aren't known (SD3, XLM-R).

    Args:
        model: the host's loaded model, or None while there is none.
    """
    conditioner = getattr(model, "cond_stage_model", None)
    modules = getattr(conditioner, "embedders", [conditioner])  # SDXL has several in one conditioner
    kinds = _kinds()
    found = []
    for module in modules:
        kind = kinds.get(type(module))
        if kind is not None:
            found.append(Encoder(kind, module, len(_blocks(kind, module))))
    return found


def choices_for(model: Any, finer: Finer, negative: bool, setting: int) -> tuple[LayerChoice | None, ...]:
    """What each of the model's encoders shall give, None for the host's own selection; fit for a cache key."""
    return tuple(choice_for(finer, encoder.kind, negative, setting) for encoder in encoders_of(model))


def check_range(encoder: Encoder, choice: LayerChoice, negative: bool) -> None:
    """Raises `InvalidInput` for a layer that the encoder does not have; `negative` is the prompt it is for."""
    if choice.deepest > encoder.layers:
        field = NAMES[NEGATIVE if negative else CLIP_SKIP]
        raise InvalidInput(field, str(choice), f"1 to {encoder.layers}", f"is beyond the {encoder.kind}")


@contextmanager
def selecting(model: Any, finer: Finer, negative: bool, setting: int) -> Iterator[None]:
    """Lets the model's encoders give the chosen layers for the time of the block; the innermost block counts.

    Args:
        model: the host's loaded model.
        finer: what is asked.
        negative: whether negative prompts are encoded in it.
        setting: the host's own clip skip.

    Raises `InvalidInput` for a layer that an encoder does not have, and where another extension took the encoder over.
    """
    encoders = encoders_of(model)
    with ExitStack() as stack:
        for encoder, choice in zip(encoders, choices_for(model, finer, negative, setting), strict=True):
            if choice is not None:
                stack.enter_context(_selecting(encoder, choice, negative))
        yield


@contextmanager
def _selecting(encoder: Encoder, choice: LayerChoice, negative: bool) -> Iterator[None]:
    check_range(encoder, choice, negative)
    module = encoder.module
    before = vars(module).get(METHOD)
    if not _is_known(module, before):
        allowed = "whole values in the WebUI's own setting"
        raise InvalidInput("Clip skip", str(choice), allowed, "cannot be used: another extension does the encoding")
    encode = _ENCODE[encoder.kind]

    def encode_with_transformers(tokens: torch.Tensor) -> torch.Tensor:
        return encode(module, tokens, choice)

    setattr(module, METHOD, encode_with_transformers)
    try:
        yield
    finally:
        if before is None:
            delattr(module, METHOD)
        else:
            setattr(module, METHOD, before)


def _is_known(module: Any, shadow: Callable | None) -> bool:
    """Whether the method is the host's own, or one of this file's."""
    if shadow is not None:
        return shadow.__module__ == __name__
    return getattr(type(module), METHOD).__module__.startswith("modules.")


def _encode_sd1(module: Any, tokens: torch.Tensor, choice: LayerChoice) -> torch.Tensor:
    outputs = module.wrapped.transformer(input_ids=tokens, output_hidden_states=True)
    norm = module.wrapped.transformer.text_model.final_layer_norm
    return mix(outputs.hidden_states, norm, choice, last=outputs.last_hidden_state)


def _encode_clip_l(module: Any, tokens: torch.Tensor, choice: LayerChoice) -> torch.Tensor:
    """SDXL was trained on states without the final norm."""
    outputs = module.wrapped.transformer(input_ids=tokens, output_hidden_states=True)
    return mix(outputs.hidden_states, torch.clone, choice)


def _encode_sd2(module: Any, tokens: torch.Tensor, choice: LayerChoice) -> torch.Tensor:
    """All layers run for this: the host would stop after the layer it wants, by `layer_idx`."""
    wrapped = module.wrapped
    stops_before = wrapped.layer_idx
    wrapped.layer_idx = 0
    try:
        with _states(wrapped.model) as states:
            last = wrapped.encode_with_transformer(tokens)
    finally:
        wrapped.layer_idx = stops_before
    return mix(states, wrapped.model.ln_final, choice, last=last)


def _encode_big_g(module: Any, tokens: torch.Tensor, choice: LayerChoice) -> torch.Tensor:
    """The pooled vector stays that of the last layer, with the final norm, as SDXL was trained."""
    with _states(module.wrapped.model) as states:
        outputs = module.wrapped.encode_with_transformer(tokens)
    mixed = mix(states, torch.clone, choice)
    if outputs.get("pooled") is not None:
        mixed.pooled = outputs["pooled"]
    return mixed


@contextmanager
def _states(model: Any) -> Iterator[list[torch.Tensor]]:
    """Yields a list that a forward of an OpenCLIP text model fills with its hidden states, [batch, tokens, channels].

    OpenCLIP keeps none of them itself. Its blocks take [tokens, batch, channels].
    """
    states: list[torch.Tensor] = []
    blocks = model.transformer.resblocks

    def before(block: Any, arguments: tuple) -> None:
        states.append(arguments[0].permute(1, 0, 2))

    def after_last(block: Any, arguments: tuple, output: torch.Tensor) -> None:
        states.append(output.permute(1, 0, 2))

    hooks = [block.register_forward_pre_hook(before) for block in blocks]
    hooks.append(blocks[-1].register_forward_hook(after_last))
    try:
        yield states
    finally:
        for hook in hooks:
            hook.remove()


_ENCODE = {SD1: _encode_sd1, SD2: _encode_sd2, CLIP_L: _encode_clip_l, BIG_G: _encode_big_g}


def _blocks(kind: str, module: Any) -> Any:
    if kind in (SD1, CLIP_L):
        return module.wrapped.transformer.text_model.encoder.layers
    return module.wrapped.model.transformer.resblocks


def _kinds() -> dict[type, str]:
    """The host's wrappers by exact class: a subclass of another extension may do anything."""
    kinds = {sd_hijack_clip.FrozenCLIPEmbedderWithCustomWords: SD1}
    if hasattr(sd_hijack_clip, "FrozenCLIPEmbedderForSDXLWithCustomWords"):  # since v1.6
        kinds[sd_hijack_clip.FrozenCLIPEmbedderForSDXLWithCustomWords] = CLIP_L
    if importlib.util.find_spec("modules.sd_hijack_open_clip") is not None:
        from modules import sd_hijack_open_clip

        kinds[sd_hijack_open_clip.FrozenOpenCLIPEmbedderWithCustomWords] = SD2
        if hasattr(sd_hijack_open_clip, "FrozenOpenCLIPEmbedder2WithCustomWords"):
            kinds[sd_hijack_open_clip.FrozenOpenCLIPEmbedder2WithCustomWords] = BIG_G
    return kinds
