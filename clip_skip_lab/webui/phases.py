"""Schedules over steps on the host: conditioning is made for each phase, and joined as the conditioning's own schedule.

All of it is fetched through one method, by first pass, hires fix, refiner and whatever a detailer starts. So that is
the one place where a layer request with a schedule becomes several without; sampling runs once, and the host changes
from one conditioning to the next as it does for `[cat:dog:0.5]` in a prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import wraps
from typing import Any

from modules import processing, prompt_parser, shared

from ..layers.phases import is_scheduled, merged, phases_of
from ..layers.selection import nearest_whole
from ..sweep.layer_request import LayerRequest
from ..sweep.schedule import Steps
from .engine import Engine
from .one_pass import OnePass
from .shadow import shadowed


@contextmanager
def in_phases(
    engine: Engine,
    now: Callable[[], LayerRequest | None],
    being: Callable[[LayerRequest], AbstractContextManager[None]],
) -> Iterator[None]:
    """Divides what is asked into phases for the time of the block, for every request that is generated in it.

    The host's caches have no place for a schedule, so that each phase has one of its own, as long as the block lasts.

    Args:
        engine: the WebUI's.
        now: gives what is asked for what is encoded now, None where that cannot be said.
        being: a `with` in which another is asked.
    """
    owner, name = processing.StableDiffusionProcessing, "get_conds_with_caching"
    original = getattr(owner, name)
    caches: dict[Hashable, list] = {}

    @wraps(original, assigned=(), updated=())
    def get_conds_with_caching(
        self: Any, function: Callable, prompts: Any, steps: int, theirs: Any, *more: Any, **named: Any
    ) -> Any:
        asked = now()
        if asked is None or not is_scheduled(asked):
            return original(self, function, prompts, steps, theirs, *more, **named)
        hires = named.get("hires_steps", more[1] if len(more) > 1 else None)
        negative = bool(getattr(prompts, "is_negative_prompt", False))
        phases = phases_of(asked, negative, Steps(steps, hires, bool(shared.opts.data.get("use_old_scheduling"))))
        made = []
        with ExitStack() as stack:
            if len(phases) > 1:  # the same texts again; a sweep's own memory is there already
                stack.enter_context(OnePass(engine).installed())
            for last, plain in phases:
                cache = caches.setdefault((plain, negative, hires is None), [[None, None]])
                with _in_force(engine, being, plain):
                    made.append((last, original(self, function, prompts, steps, cache, *more, **named)))
        return joined(made)

    with shadowed(owner, name, get_conds_with_caching):
        yield


@contextmanager
def _in_force(
    engine: Engine, being: Callable[[LayerRequest], AbstractContextManager[None]], plain: LayerRequest
) -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(being(plain))
        if plain.value is not None:  # so a whole value reaches also what looks at the setting itself
            stack.enter_context(engine.clip_skip_in_force(nearest_whole(plain.value)))
        yield


def joined(made: list[tuple[int, Any]]) -> Any:
    """The conditioning of several phases as one; each comes with its last step. The prompts are the same in all."""
    ends, conds = [last for last, _ in made], [cond for _, cond in made]
    if len(conds) == 1 or conds[0] is None:  # a host may make none for the negative prompt at CFG scale 1
        return conds[0]
    if not isinstance(conds[0], prompt_parser.MulticondLearnedConditioning):
        return [merged(list(zip(ends, schedules, strict=True))) for schedules in zip(*conds, strict=True)]
    batch = [
        [
            prompt_parser.ComposableScheduledPromptConditioning(
                merged([(last, part.schedules) for last, part in zip(ends, parts, strict=True)]), parts[0].weight
            )
            for parts in zip(*pictures, strict=True)
        ]
        for pictures in zip(*(cond.batch for cond in conds), strict=True)
    ]
    return prompt_parser.MulticondLearnedConditioning(conds[0].shape, batch)
