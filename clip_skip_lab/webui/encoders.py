"""Choosing the layers of the host's text encoders for the time of a `with` block.

The host chooses a layer in a method of each encoder's class (`Engine.encoding`). That method is shadowed; the
encoder below it stays as it is, so that a memo on its layers goes on working, and so does all that the host does around
it: chunks, textual inversion, LoRA, emphasis.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch

from ..errors import InvalidInput
from ..language import Text
from ..layers.selection import LayerChoice, choice_for
from ..sweep.layer_request import CLIP_SKIP, NAMES, NEGATIVE, LayerRequest
from .engine import Engine, LoadedEncoder, LoadedModel
from .shadow import shadowed


def choices_for(
    loaded: LoadedModel, asked: LayerRequest, negative: bool, setting: int
) -> tuple[LayerChoice | None, ...]:
    """What each of the model's encoders shall give, None for the host's own selection; fit for a cache key."""
    return tuple(choice_for(asked, encoder.kind, encoder.described, negative, setting) for encoder in loaded.encoders)


def check_range(encoder: LoadedEncoder, choice: LayerChoice, negative: bool) -> None:
    """Raises `InvalidInput` for a layer that the encoder does not have; `negative` is the prompt it is for."""
    layers = encoder.described.layers
    if choice.deepest > layers:
        field = NAMES[NEGATIVE if negative else CLIP_SKIP]
        allowed = Text("1 to {layers}", layers=layers)
        raise InvalidInput(field, str(choice), allowed, Text("is beyond the layers of {encoder}", encoder=encoder.kind))


def check_choices(engine: Engine, loaded: LoadedModel, asked: LayerRequest, negative: bool, setting: int) -> None:
    """Makes sure that the model's encoders can give what is asked.

    Raises `InvalidInput` for a layer that an encoder does not have, and where another extension took an encoder over.
    """
    for encoder, choice in zip(loaded.encoders, choices_for(loaded, asked, negative, setting), strict=True):
        if choice is None:
            continue
        check_range(encoder, choice, negative)
        if is_hosts_own(encoder, choice, setting):
            continue
        if not is_hosts_method(engine, encoder.module, engine.encoding[1]):
            raise _taken_over(choice)


def is_hosts_own(encoder: LoadedEncoder, choice: LayerChoice, setting: int) -> bool:
    """Whether the host's own selection gives this layer already."""
    described = encoder.described
    return described.honours and choice.whole == max(described.minimal, setting)


@contextmanager
def selecting(engine: Engine, choose: Callable[[LoadedEncoder, bool | None], LayerChoice | None]) -> Iterator[None]:
    """Lets every encoder of the host give the chosen layers for the time of the block, whichever model is loaded and
    whoever asks for an encoding in this thread: the generation, one within it, another extension.

    The methods are shadowed on the host's classes, because a refiner's encoders come into being in the middle.

    Args:
        engine: the WebUI's.
        choose: gives what an encoder shall give, None for the host's own selection. Its second argument is whether a
            negative prompt is encoded, None where whoever asks for the encoding doesn't say.
    """
    thread = threading.get_ident()
    before = {owner: [getattr(owner, name) for name in engine.encoding] for owner in engine.encoder_classes()}
    said: list[bool | None] = [None]

    def shadows(owner: type) -> tuple[Callable, Callable]:
        texts_before, tokens_before = before[owner]

        def encode_texts(module: Any, texts: Any, *args: Any, **kwargs: Any) -> Any:
            outer = said[0]
            said[0] = getattr(texts, "is_negative_prompt", None)  # modules/prompt_parser.py, `SdConditioning`
            try:
                return texts_before(module, texts, *args, **kwargs)
            finally:
                said[0] = outer

        def encode_tokens(module: Any, tokens: torch.Tensor) -> torch.Tensor:
            encoder = engine.encoder(module) if type(module) is owner and threading.get_ident() == thread else None
            choice = None if encoder is None else choose(encoder, said[0])
            if encoder is None or choice is None:
                return tokens_before(module, tokens)
            check_range(encoder, choice, bool(said[0]))
            if not _is_known(engine, tokens_before):
                raise _taken_over(choice)
            return encoder.states(partial(tokens_before, module), tokens).chosen(choice)

        return encode_texts, encode_tokens

    with ExitStack() as stack:
        for owner in before:
            for name, shadow in zip(engine.encoding, shadows(owner), strict=True):
                stack.enter_context(shadowed(owner, name, shadow))
        yield


def is_hosts_method(engine: Engine, module: Any, name: str) -> bool:
    """Whether a method of one of the host's objects is the host's own."""
    return name not in vars(module) and _is_known(engine, getattr(type(module), name))


def _is_known(engine: Engine, method: Callable) -> bool:
    """Whether a class's method is the host's own, or one of this file's."""
    return method.__module__ == __name__ or method.__module__.partition(".")[0] in engine.packages


def _taken_over(choice: LayerChoice) -> InvalidInput:
    allowed = Text("whole numbers in the WebUI's own setting")
    problem = Text("cannot be used, because another extension encodes the prompts")
    return InvalidInput(NAMES[CLIP_SKIP], str(choice), allowed, problem)
