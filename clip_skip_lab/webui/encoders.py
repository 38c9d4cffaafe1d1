"""The text encoders of AUTOMATIC1111's WebUI, and choosing their layers for the time of a `with` block.

The host chooses a layer in each encoder's `encode_with_transformers` (v1.10.1, modules/sd_hijack_clip.py and
modules/sd_hijack_open_clip.py). That method is shadowed; the forward of the transformer below it stays as it is, so
that a memo on that forward goes on working, and so does all that the host does around it: chunks, textual inversion,
LoRA, emphasis.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from modules import sd_hijack_clip

from ..errors import InvalidInput
from ..layers.mixing import mix
from ..layers.selection import BIG_G, CLIP_L, SD1, SD2, LayerChoice, choice_for
from ..sweep.layer_request import CLIP_SKIP, NAMES, NEGATIVE, LayerRequest

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


def choices_for(model: Any, finer: LayerRequest, negative: bool, setting: int) -> tuple[LayerChoice | None, ...]:
    """What each of the model's encoders shall give, None for the host's own selection; fit for a cache key."""
    return tuple(choice_for(finer, encoder.kind, negative, setting) for encoder in encoders_of(model))


def check_range(encoder: Encoder, choice: LayerChoice, negative: bool) -> None:
    """Raises `InvalidInput` for a layer that the encoder does not have; `negative` is the prompt it is for."""
    if choice.deepest > encoder.layers:
        field = NAMES[NEGATIVE if negative else CLIP_SKIP]
        raise InvalidInput(field, str(choice), f"1 to {encoder.layers}", f"is beyond the {encoder.kind}")


def check_choices(model: Any, finer: LayerRequest, negative: bool, setting: int) -> None:
    """Makes sure that the model's encoders can give what is asked.

    Raises `InvalidInput` for a layer that an encoder does not have, and where another extension took an encoder over.
    """
    for encoder, choice in zip(encoders_of(model), choices_for(model, finer, negative, setting), strict=True):
        if choice is None:
            continue
        check_range(encoder, choice, negative)
        if is_hosts_own(encoder.kind, choice, setting):
            continue
        if METHOD in vars(encoder.module) or not _is_known(getattr(type(encoder.module), METHOD)):
            raise _taken_over(choice)


def is_hosts_own(kind: str, choice: LayerChoice, setting: int) -> bool:
    """Whether the host's own selection gives this layer already."""
    return kind == SD1 and choice.whole == max(1, setting)


@contextmanager
def selecting(choose: Callable[[Encoder, bool | None], LayerChoice | None]) -> Iterator[None]:
    """Lets every encoder of the host give the chosen layers for the time of the block, whichever model is loaded and
    whoever asks for an encoding in this thread: the generation, one within it, another extension.

    The methods are shadowed on the host's classes, because a refiner's encoders come into being in the middle.

    Args:
        choose: gives what an encoder shall give, None for the host's own selection. Its second argument is whether a
            negative prompt is encoded, None where whoever asks for the encoding doesn't say.
    """
    thread = threading.get_ident()
    kinds = _kinds()
    before = {owner: (owner.forward, getattr(owner, METHOD)) for owner in kinds}
    said: list[bool | None] = [None]

    def shadows(owner: type, kind: str) -> tuple[Callable, Callable]:
        forward_before, encode_before = before[owner]

        def forward(module: Any, texts: Any, *args: Any, **kwargs: Any) -> Any:
            outer = said[0]
            said[0] = getattr(texts, "is_negative_prompt", None)  # modules/prompt_parser.py, `SdConditioning`
            try:
                return forward_before(module, texts, *args, **kwargs)
            finally:
                said[0] = outer

        def encode_with_transformers(module: Any, tokens: torch.Tensor) -> torch.Tensor:
            if type(module) is not owner or threading.get_ident() != thread:
                return encode_before(module, tokens)
            encoder = Encoder(kind, module, len(_blocks(kind, module)))
            choice = choose(encoder, said[0])
            if choice is None:
                return encode_before(module, tokens)
            check_range(encoder, choice, bool(said[0]))
            if not _is_known(encode_before):
                raise _taken_over(choice)
            return _ENCODE[kind](module, tokens, choice)

        return forward, encode_with_transformers

    with ExitStack() as stack:
        for owner, kind in kinds.items():
            for name, shadow in zip(("forward", METHOD), shadows(owner, kind), strict=True):
                stack.enter_context(shadowed(owner, name, shadow))
        yield


@contextmanager
def shadowed(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Gives a class or an object another attribute for the time of the block."""
    before = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is not None:
            setattr(owner, name, before)
        elif name in vars(owner):
            delattr(owner, name)


def _is_known(method: Callable) -> bool:
    """Whether a class's method is the host's own, or one of this file's."""
    return method.__module__ == __name__ or method.__module__.startswith("modules.")


def _taken_over(choice: LayerChoice) -> InvalidInput:
    allowed = "whole values in the WebUI's own setting"
    return InvalidInput("Clip skip", str(choice), allowed, "cannot be used: another extension does the encoding")


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
