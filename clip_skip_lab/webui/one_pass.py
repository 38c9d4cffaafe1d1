"""One text-encoder pass per sweep: a memo on the transformer's forward.

A forward computes the states of all layers anyway, and which of them is used is decided after it
(AUTOMATIC1111 v1.10.1, modules/sd_hijack_clip.py, `encode_with_transformers`). So the memo answers a forward that
was made before, and the host's own code goes on to pick the layer, to norm it and to weigh the tokens. The answer
is what the forward gave: pictures stay bit-identical. The same for the prompts' schedules: parsing one takes the host
10 ms, and it parses for each cell again.
"""

from __future__ import annotations

import copy
import functools
import sys
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
import transformers

MOST_BYTES = 128_000_000
"""How much of the device's memory may be taken by forwards that are remembered. One of SD1's is 13 states of 77 × 768
numbers, 3 MB in 32 bits; a prompt that alternates, `[cat|dog]`, has one of those for each step."""

FEWEST = 2
"""So many are remembered whatever their size: the prompt and its negative."""

KNOWN_PATCHES = ("torch.nn.modules.", "networks")
"""Where the forwards of linear and norm layers may come from: torch, and the host's own Lora extension, whose state
is part of the memo's key."""


class OnePass:
    """Remembers the forwards of one sweep.

    Attributes:
        forwards: how many forwards of the text encoder really ran.
        held: how many bytes the remembered ones take.
        doubt: why forwards cannot be remembered on this model, or None; a sentence.
    """

    def __init__(self) -> None:
        self.forwards = 0
        self.held = 0
        self.doubt: str | None = None
        self._outputs: OrderedDict[Hashable, Any] = OrderedDict()
        self._schedules: dict[Hashable, Any] = {}

    @contextmanager
    def installed(self, model: Any, hijack: Any, parser: Any) -> Iterator[None]:
        """Answers repeated forwards of the model's CLIP text encoders for the time of the block.

        Args:
            model: the host's loaded model.
            hijack: the host's `model_hijack`; textual inversion hands its vectors to a forward through `fixes`,
                which a forward uses up, and so does an answer from memory.
            parser: the host's module `prompt_parser`.
        """
        with ExitStack() as stack:
            stack.enter_context(self._parsing_once(parser))
            encoders = text_encoders(model)
            if not encoders:
                self.doubt = "The text encoder runs for every cell: it is none that Clip Skip Lab knows."
            for encoder in encoders:
                doubt = _doubt(encoder)
                if doubt is None:
                    stack.enter_context(self._remembering(encoder, model, hijack))
                else:
                    self.doubt = f"The text encoder runs for every cell: {doubt}."
            yield

    @contextmanager
    def _parsing_once(self, parser: Any) -> Iterator[None]:
        original = parser.get_learned_conditioning_prompt_schedules
        # What another extension's way to parse depends on isn't known.
        if getattr(original, "__module__", None) != parser.__name__:
            yield
            return

        @functools.wraps(original)
        def schedules(prompts: Any, *steps: Any, **more: Any) -> Any:
            key = (tuple(prompts), steps, tuple(sorted(more.items())))
            if key not in self._schedules:
                self._schedules[key] = original(prompts, *steps, **more)
            return copy.deepcopy(self._schedules[key])

        parser.get_learned_conditioning_prompt_schedules = schedules
        try:
            yield
        finally:
            parser.get_learned_conditioning_prompt_schedules = original

    @contextmanager
    def _remembering(self, encoder: Any, model: Any, hijack: Any) -> Iterator[None]:
        original = encoder.forward

        def forward(*args: Any, **kwargs: Any) -> Any:
            key = _key(encoder, model, hijack, args, kwargs)
            if key is not None and key in self._outputs:
                self._outputs.move_to_end(key)
                hijack.fixes = None
                return _fresh(self._outputs[key])
            output = original(*args, **kwargs)
            self.forwards += 1
            if key is not None:
                self._outputs[key] = output
                self.held += size_of(output)
                while self.held > MOST_BYTES and len(self._outputs) > FEWEST:
                    self.held -= size_of(self._outputs.popitem(last=False)[1])
            return _fresh(output)

        encoder.forward = forward
        try:
            yield
        finally:
            del encoder.forward


def size_of(output: Any) -> int:
    """How many bytes the states of a forward take."""
    states = output.get("hidden_states") or (output["last_hidden_state"],)
    return sum(state.numel() * state.element_size() for state in states)


def text_encoders(model: Any) -> list[Any]:
    """The model's transformers CLIP text encoders: one on SD1, CLIP-L on SDXL, none on SD2."""
    conditioner = getattr(model, "cond_stage_model", None)
    if not isinstance(conditioner, torch.nn.Module):
        return []
    return [module for module in conditioner.modules() if isinstance(module, transformers.CLIPTextModel)]


def _doubt(encoder: Any) -> str | None:
    """Why a forward of this encoder may give something else the next time, or None."""
    if type(encoder) is not transformers.CLIPTextModel:
        return f"it is a {type(encoder).__name__}, which Clip Skip Lab does not know"
    for name, module in encoder.named_modules():
        if "forward" in vars(module) or (
            module is not encoder and (module._forward_hooks or module._forward_pre_hooks)
        ):
            return f"another extension wraps it ({name or 'the whole of it'})"
        if isinstance(module, torch.nn.Linear | torch.nn.LayerNorm):
            source = type(module).forward.__module__
            if not source.startswith(KNOWN_PATCHES):
                return f"another extension wraps its layers ({source})"
    return None


def _key(encoder: Any, model: Any, hijack: Any, args: tuple, kwargs: dict) -> Hashable | None:
    """What a forward's result depends on: tokens, textual inversion, LoRA, weights. None when it cannot be told."""
    tokens = kwargs.get("input_ids", args[0] if args else None)
    others = {name: value for name, value in kwargs.items() if name not in ("input_ids", "output_hidden_states")}
    if not isinstance(tokens, torch.Tensor) or len(args) > 1 or any(value is not None for value in others.values()):
        return None
    wanted = bool(kwargs.get("output_hidden_states"))
    weight = next(encoder.parameters())
    checkpoint = getattr(getattr(model, "sd_checkpoint_info", None), "filename", None)
    return (
        (id(encoder), checkpoint, str(weight.device), str(weight.dtype), torch.is_autocast_enabled(), wanted),
        (tuple(tokens.shape), tokens.detach().cpu().numpy().tobytes()),
        tuple(_fix_key(fix) for fixes in (hijack.fixes or []) for fix in [len(fixes), *fixes]),
        _lora_key(),
    )


def _fix_key(fix: Any) -> Hashable:
    if isinstance(fix, int):
        return fix
    offset, embedding = fix
    vectors = embedding.vec if isinstance(embedding.vec, dict) else {"": embedding.vec}
    content = tuple((name, vec.detach().float().cpu().numpy().tobytes()) for name, vec in vectors.items())
    return offset, content


def _lora_key() -> Hashable:
    networks = sys.modules.get("networks")  # the host's Lora extension, when it is there
    loaded = getattr(networks, "loaded_networks", ())
    return tuple((net.name, net.te_multiplier, net.unet_multiplier, net.dyn_dim, net.mtime) for net in loaded)


def _fresh(output: Any) -> Any:
    """The output with a last state of its own: the host hands that one on as it is, and may scale it in place."""
    return type(output)({**output, "last_hidden_state": output["last_hidden_state"].clone()})
