"""Something of our own in the place of a generation's sampling, so that loading the user's checkpoint, LoRAs, precision
and memory are the host's own business, and everything is put back by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import torch
from modules import extra_networks, processing, scripts

from ..errors import InvalidInput
from ..language import Text
from .bare_request import bare_request
from .model_files import is_known_lora, list_loras
from .put_back import last_infotext_kept
from .shadow import hooked

SIDE = 64
"""Of the generation, in pixels: the least that the hosts take."""

T = TypeVar("T")


class NothingDone(RuntimeError):
    """The host ended a generation before it sampled; the one argument is a sentence."""


def small_request(prompt: str) -> Any:
    """As small as can be, and without guidance."""
    return bare_request(prompt, seed=1, steps=1, cfg_scale=1.0, width=SIDE, height=SIDE)


def in_generation(p: Any, action: Callable[[], T], encodes: bool = True) -> T:
    """Does something in the place of the sampling of a generation, whose picture is nobody's.

    Args:
        p: the request, see `small_request`; it is closed at the end.
        action: what to do. The LoRAs of the request's prompt are active then.
        encodes: whether the host encodes the request's prompts before it; the action may do that itself.

    Raises what the action raises, once the host has taken the LoRAs out again, and `NothingDone`.
    """
    done: list[T] = []
    failed: list[BaseException] = []

    def sample(original: Callable, *args: Any, **kwargs: Any) -> Any:
        put_back_infotext()
        try:
            done.append(action())
        except BaseException as error:  # whatever it is, the host has to come to its end
            failed.append(error)
        return processing.DecodedSamples([torch.zeros(3, SIDE, SIDE)])

    try:
        with ExitStack() as stack:
            put_back_infotext = stack.enter_context(last_infotext_kept())
            stack.enter_context(hooked(p, "sample", sample))
            if not encodes:
                stack.enter_context(hooked(p, "setup_conds", lambda original: None))
            processing.process_images(p)
    finally:
        p.close()
    if failed:
        raise failed[0]
    if not done:
        raise NothingDone(Text("The WebUI ended the generation before anything was measured."))
    return done[0]


@contextmanager
def nothing_sampled(p: Any) -> Iterator[None]:
    """A request's generation encodes its prompts and gives black pictures, without scripts, for the time of the
    block."""

    def sample(original: Callable, *args: Any, **kwargs: Any) -> Any:
        return processing.DecodedSamples([torch.zeros(3, p.height, p.width) for _ in range(p.batch_size)])

    p.scripts = scripts.ScriptRunner()  # an empty one, as in `bare_request`
    with last_infotext_kept() as put_back, hooked(p, "sample", sample):
        yield
        put_back()


def check_loras(field: str, prompt: str) -> None:
    """Raises `InvalidInput` for a LoRA in a prompt that the host does not know: it would continue without.

    Args:
        field: what the prompt is called.
        prompt: in the host's syntax.
    """
    _, named = extra_networks.parse_prompt(prompt)
    for tag in [*named.get("lora", []), *named.get("lyco", [])]:
        name = tag.positional[0] if tag.positional else ""
        if not is_known_lora(name):
            list_loras()  # as the host does for one that it doesn't know yet
        if not is_known_lora(name):
            raise InvalidInput(field, name, Text("LoRAs that the WebUI knows"), Text("is not available"))
