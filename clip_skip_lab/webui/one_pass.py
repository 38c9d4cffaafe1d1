"""One text-encoder pass per sweep: a memo on the encoder's layers.

A pass computes the states of all layers anyway, one from the other, and which of them is used is decided by others. So
the memo answers a layer that was given the same before with what it gave then, and everything around the layers runs as
ever: the embeddings with their textual inversion, the host's own way to pick a layer, to norm and to pool it, hooks on
the layers. Pictures stay bit-identical. The same for the prompts' schedules: parsing one takes the host 10 ms, and it
parses for each cell again.
"""

from __future__ import annotations

import copy
import functools
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FunctionType
from typing import Any

import torch
from modules import prompt_parser

from ..language import Text
from .engine import Engine
from .shadow import shadowed

MOST_BYTES = 128_000_000
"""How much of the device's memory may be taken by passes that are remembered. One of SD1's is 12 states of 77 × 768
numbers, 3 MB in 32 bits; a prompt that alternates, `[cat|dog]`, has one of those for each step."""

FEWEST = 2
"""So many are remembered of each encoder whatever their size: the prompt and its negative."""


class OnePass:
    """Remembers the passes of one sweep through the text encoders' layers.

    Args:
        engine: the WebUI's.

    Attributes:
        forwards: how many passes of a text encoder really ran, be it for one of its layers.
        held: how many bytes the remembered ones take.
        doubt: why passes cannot be remembered on this model, or None; a sentence.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.forwards = 0
        self.held = 0
        self.doubt: Text | None = None
        self._encoders = 1
        self._passes: OrderedDict[Hashable, list[Any]] = OrderedDict()
        self._schedules: dict[Hashable, Any] = {}

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Answers repeated passes of the loaded model's text encoders for the time of the block."""
        found = self.engine.encoder_layers()
        if not found:
            self.doubt = Text("The text encoder runs for every cell, because Clip Skip Lab does not know its kind.")
        self._encoders = max(1, len(found))
        with ExitStack() as stack:
            stack.enter_context(self._parsing_once())
            for layers in found:
                doubt = _doubt(layers, self.engine.own_layers)
                if doubt is not None:
                    self._is_doubted(doubt)
                    continue
                encoder = _Encoder(self, layers)
                for place, layer in enumerate(layers):
                    stack.enter_context(shadowed(layer, "forward", encoder.forward_of(place)))
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

    def _is_doubted(self, reason: Text) -> None:
        self.doubt = Text("The text encoder runs for every cell: {reason}.", reason=reason)

    def unknown(self, layer: torch.nn.Module) -> None:
        """Notes that a layer is called in a way that cannot be told apart from another."""
        self._is_doubted(Text("it is a {kind}, which Clip Skip Lab does not know", kind=type(layer).__name__))

    def outputs_of(self, key: Hashable) -> list[Any]:
        """What one layer after another gave in the pass with this key, as far as it is remembered; to be added to with
        `keep`."""
        outputs = self._passes.setdefault(key, [])
        self._passes.move_to_end(key)  # so the one that runs is the last to go
        return outputs

    def keep(self, outputs: list[Any], output: Any) -> None:
        """Remembers what the next layer of a pass gave, and forgets the oldest passes where that is too much."""
        outputs.append(_copied(output))
        self.held += _size(output)
        while self.held > MOST_BYTES and len(self._passes) > FEWEST * self._encoders:
            self.held -= sum(_size(output) for output in self._passes.popitem(last=False)[1])


class _Encoder:
    """Follows the passes of one text encoder from layer to layer.

    A pass is known by what its first layer was given. A later layer belongs to it if it is given what the one before
    it gave; if somebody changed that on the way, a pass of its own begins there.
    """

    def __init__(self, memo: OnePass, layers: Sequence[torch.nn.Module]) -> None:
        self.memo = memo
        self.layers = layers
        self._began = 0  # the place of the layer from which on `_outputs` are
        self._outputs: list[Any] | None = None  # of the pass that runs; None where it cannot be remembered
        self._beside: dict[Any, Any] = {}
        self._latest = len(layers)  # the place of the layer that ran or was answered last
        self._is_counted = False

    def forward_of(self, place: int) -> Callable:
        """The forward of the layer at this place, answered from memory where it can be."""
        original = self.layers[place].forward

        @functools.wraps(original)
        def forward(*args: Any, **kwargs: Any) -> Any:
            self._follow(place, args, kwargs)
            outputs, step = self._outputs, place - self._began
            if outputs is not None and step < len(outputs):
                return _copied(outputs[step])
            output = original(*args, **kwargs)
            self.memo.forwards += not self._is_counted
            self._is_counted = True
            if outputs is not None and _is_plain(output):
                self.memo.keep(outputs, output)
            else:
                self._outputs = None
            return output

        return forward

    def _follow(self, place: int, args: tuple, kwargs: dict) -> None:
        """Finds out to which pass a layer belongs that is called with this."""
        self._is_counted = self._is_counted and place > self._latest
        beside: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
        given = beside.pop(next(iter(beside), None), None)  # all kinds of layers have it first
        if not self._goes_on(place, given, beside):
            key = self._key(place, given, beside)
            self._began, self._beside = place, beside
            self._outputs = None if key is None else self.memo.outputs_of(key)
        self._latest = place

    def _goes_on(self, place: int, given: Any, beside: dict[Any, Any]) -> bool:
        if place != self._latest + 1 or not self._outputs or len(self._outputs) < place - self._began:
            return False
        if beside.keys() != self._beside.keys() or any(beside[name] is not self._beside[name] for name in beside):
            return False
        before = self._outputs[place - 1 - self._began]
        before = before[0] if isinstance(before, tuple) else before
        return isinstance(given, torch.Tensor) and _form(given) == _form(before) and torch.equal(given, before)

    def _key(self, place: int, given: Any, beside: dict[Any, Any]) -> Hashable | None:
        """What the states depend on from a layer on: what it is given, LoRA, weights. None when it cannot be told."""
        if torch.is_grad_enabled():  # in a training
            return None
        if not isinstance(given, torch.Tensor) or not all(isinstance(value, _READABLE) for value in beside.values()):
            self.memo.unknown(self.layers[place])
            return None
        weight = next(self.layers[place].parameters(), given)
        checkpoint = getattr(getattr(self.memo.engine.model(), "sd_checkpoint_info", None), "filename", None)
        return (
            (id(self.layers[place]), checkpoint, str(weight.device), str(weight.dtype), torch.is_autocast_enabled()),
            _content(given),
            tuple((name, _content(value)) for name, value in beside.items()),
            self.memo.engine.loras(),
        )


_READABLE = (torch.Tensor, bool, int, float, str, FunctionType, type(None))
"""What a layer may be given beside the states, so that it can be told whether it is the same: masks and switches."""


def _doubt(layers: Sequence[torch.nn.Module], own_layers: tuple[str, ...]) -> Text | None:
    """Why these layers may give something else the next time, as a clause, or None."""
    for place, layer in enumerate(layers):
        for name, module in layer.named_modules(prefix=str(place)):
            if "forward" in vars(module) or module._forward_hooks or module._forward_pre_hooks:
                return Text("another extension wraps it ({part})", part=name)
            source = getattr(type(module).forward, "__module__", "")
            if not source.startswith(own_layers):
                return Text("another extension wraps its layers ({module})", module=source)
    return None


def _form(tensor: torch.Tensor) -> Hashable:
    """Also the order in memory: by it a kernel is chosen, and each rounds in its own way."""
    return tuple(tensor.shape), tensor.stride(), tensor.dtype, str(tensor.device)


def _content(value: Any) -> Hashable:
    if not isinstance(value, torch.Tensor):
        return value
    numbers = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return _form(value), hashlib.sha256(numbers.tobytes()).digest()


def _is_plain(output: Any) -> bool:
    """Whether a layer gave what can be copied: a state, alone or first in a tuple."""
    parts = output if type(output) is tuple and output else (output,)
    return isinstance(parts[0], torch.Tensor) and all(part is None or isinstance(part, torch.Tensor) for part in parts)


def _copied(output: Any) -> Any:
    """A copy of its own: who gets it may scale it in place, or hang something on it."""
    if isinstance(output, tuple):
        return tuple(part if part is None else part.clone() for part in output)
    return output.clone()


def _size(output: Any) -> int:
    """How many bytes a layer's output takes."""
    parts = output if isinstance(output, tuple) else (output,)
    return sum(part.numel() * part.element_size() for part in parts if part is not None)
