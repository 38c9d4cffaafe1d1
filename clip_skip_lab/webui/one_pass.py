"""One text-encoder pass per sweep: a memo on the transformer's forward.

A forward computes the states of all layers anyway, and which of them is used is decided after it. So the memo answers a
forward that was made before, and the host's own code goes on to pick the layer, to norm it and to weigh the tokens. The
answer is what the forward gave: pictures stay bit-identical. The same for the prompts' schedules: parsing one takes the
host 10 ms, and it parses for each cell again.
"""

from __future__ import annotations

import copy
import functools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
import transformers
from modules import prompt_parser

from ..language import Text
from .engine import Engine
from .shadow import shadowed

MOST_BYTES = 128_000_000
"""How much of the device's memory may be taken by forwards that are remembered. One of SD1's is 13 states of 77 × 768
numbers, 3 MB in 32 bits; a prompt that alternates, `[cat|dog]`, has one of those for each step."""

FEWEST = 2
"""So many are remembered whatever their size: the prompt and its negative."""


class OnePass:
    """Remembers the forwards of one sweep.

    Args:
        engine: the WebUI's.

    Attributes:
        forwards: how many forwards of the text encoder really ran.
        held: how many bytes the remembered ones take.
        doubt: why forwards cannot be remembered on this model, or None; a sentence.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.forwards = 0
        self.held = 0
        self.doubt: Text | None = None
        self._outputs: OrderedDict[Hashable, Any] = OrderedDict()
        self._schedules: dict[Hashable, Any] = {}

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Answers repeated forwards of the loaded model's text transformers for the time of the block."""
        found = self.engine.transformers()
        if not found:
            self.doubt = Text("The text encoder runs for every cell: it is none that Clip Skip Lab knows.")
        with ExitStack() as stack:
            stack.enter_context(self._parsing_once())
            for transformer in found:
                doubt = _doubt(transformer, self.engine.own_layers)
                if doubt is None:
                    stack.enter_context(shadowed(transformer, "forward", self._remembering(transformer)))
                else:
                    self.doubt = Text("The text encoder runs for every cell: {reason}.", reason=doubt)
            yield

    @contextmanager
    def _parsing_once(self) -> Iterator[None]:
        name = "get_learned_conditioning_prompt_schedules"
        original = getattr(prompt_parser, name)
        # What another extension's way to parse depends on isn't known.
        if getattr(original, "__module__", None) != prompt_parser.__name__:
            yield
            return

        @functools.wraps(original)
        def schedules(prompts: Any, *steps: Any, **more: Any) -> Any:
            key = (tuple(prompts), steps, tuple(sorted(more.items())))
            if key not in self._schedules:
                self._schedules[key] = original(prompts, *steps, **more)
            return copy.deepcopy(self._schedules[key])

        with shadowed(prompt_parser, name, schedules):
            yield

    def _remembering(self, transformer: Any) -> Callable:
        original = transformer.forward

        def forward(*args: Any, **kwargs: Any) -> Any:
            key = self._key(transformer, args, kwargs)
            if key is not None and key in self._outputs:
                self._outputs.move_to_end(key)
                self.engine.inversion(transformer).fixes = None
                return _fresh(self._outputs[key])
            output = original(*args, **kwargs)
            self.forwards += 1
            if key is not None:
                self._outputs[key] = output
                self.held += size_of(output)
                while self.held > MOST_BYTES and len(self._outputs) > FEWEST:
                    self.held -= size_of(self._outputs.popitem(last=False)[1])
            return _fresh(output)

        return forward

    def _key(self, transformer: Any, args: tuple, kwargs: dict) -> Hashable | None:
        """What a forward's result depends on: tokens, textual inversion, LoRA, weights. None when it cannot be told."""
        tokens = kwargs.get("input_ids", args[0] if args else None)
        others = {name: value for name, value in kwargs.items() if name not in ("input_ids", "output_hidden_states")}
        if not isinstance(tokens, torch.Tensor) or len(args) > 1 or any(value is not None for value in others.values()):
            return None
        wanted = bool(kwargs.get("output_hidden_states"))
        weight = next(transformer.parameters())
        checkpoint = getattr(getattr(self.engine.model(), "sd_checkpoint_info", None), "filename", None)
        fixes = self.engine.inversion(transformer).fixes or []
        return (
            (id(transformer), checkpoint, str(weight.device), str(weight.dtype), torch.is_autocast_enabled(), wanted),
            (tuple(tokens.shape), tokens.detach().cpu().numpy().tobytes()),
            tuple(_fix_key(fix) for of_prompt in fixes for fix in [len(of_prompt), *of_prompt]),
            self.engine.loras(),
        )


def size_of(output: Any) -> int:
    """How many bytes the states of a forward take."""
    states = output.get("hidden_states") or (output["last_hidden_state"],)
    return sum(state.numel() * state.element_size() for state in states)


def _doubt(transformer: Any, own_layers: tuple[str, ...]) -> Text | None:
    """Why a forward of this transformer may give something else the next time, as a clause, or None."""
    if type(transformer) is not transformers.CLIPTextModel:
        return Text("it is a {kind}, which Clip Skip Lab does not know", kind=type(transformer).__name__)
    for name, module in transformer.named_modules():
        has_hooks = module is not transformer and (module._forward_hooks or module._forward_pre_hooks)
        if "forward" in vars(module) or has_hooks:
            return Text("another extension wraps it ({part})", part=name or Text("the whole of it"))
        if isinstance(module, torch.nn.Linear | torch.nn.LayerNorm):
            source = type(module).forward.__module__
            if not source.startswith(own_layers):
                return Text("another extension wraps its layers ({module})", module=source)
    return None


def _fix_key(fix: Any) -> Hashable:
    if isinstance(fix, int):
        return fix
    offset, embedding = fix
    vectors = embedding.vec if isinstance(embedding.vec, dict) else {"": embedding.vec}
    content = tuple((name, vec.detach().float().cpu().numpy().tobytes()) for name, vec in vectors.items())
    return offset, content


def _fresh(output: Any) -> Any:
    """The output with a last state of its own: the host hands that one on as it is, and may scale it in place."""
    return type(output)({**output, "last_hidden_state": output["last_hidden_state"].clone()})
