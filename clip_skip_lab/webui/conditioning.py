"""The conditioning of several cells in one batch: each picture's is made as it is asked for, and all are joined."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from modules import prompt_parser

from ..layers.conditioning_change import ConditioningChanges
from .held_draws import Layout
from .shadow import hooked


@contextmanager
def conditioned(
    copied: Any, asked: Sequence[Hashable], as_asked: Callable[[Any], AbstractContextManager], remembered: Callable
) -> Iterator[None]:
    """Makes the request fetch its conditioning picture by picture, each as it is asked for, for the time of the block.

    First pass, hires fix and refiner all fetch it through `get_conds_with_caching`, so one hook covers them. The
    host's caches hold one entry without a place for "several skips": they are left alone.

    Args:
        copied: the request.
        asked: for each picture of a batch its clip skip and what else decides which layers are used.
        as_asked: a `with` in which the host does so. Also where all pictures agree: a later pass fetches its
            conditioning in the middle of the sampling, and by then somebody may have moved the slider.
        remembered: a `with` in which repeated forwards of the text encoder are answered from memory.
    """

    def get_conds(
        original: Callable, function: Callable, prompts: Any, steps: int, caches: Any, *more: Any, **named: Any
    ) -> Any:
        with remembered():
            if len(set(asked)) == 1:
                with as_asked(asked[0]):
                    return original(function, prompts, steps, caches, *more, **named)
            parts: dict[tuple[Hashable, str], Any] = {}
            for wanted, text in zip(asked, prompts, strict=True):
                if (wanted, text) not in parts:
                    prompt = prompt_parser.SdConditioning([text], copy_from=prompts)
                    with as_asked(wanted):
                        parts[wanted, text] = original(function, prompt, steps, [[None, None]], *more, **named)
            return _joined([parts[key] for key in zip(asked, prompts, strict=True)])

    with hooked(copied, "get_conds_with_caching", get_conds):
        yield


@contextmanager
def noting(copied: Any, layout: Layout, changes: ConditioningChanges) -> Iterator[None]:
    """Notes for the time of the block what the request's pictures are sampled with, of their positive prompts.

    That of the first pass: hires fix and refiner fetch theirs later, and a request that starts from somebody's first
    pass samples with none of it.

    Args:
        copied: the request.
        layout: which pictures of it are whose.
        changes: where it is noted.
    """
    changes.begin(layout.cells)

    def sample(original: Callable, *args: Any, **kwargs: Any) -> Any:
        made, prompts = kwargs.get("conditioning", args[0] if args else None), copied.prompts
        each = made.batch if isinstance(made, prompt_parser.MulticondLearnedConditioning) else []
        if len(each) == len(prompts) and getattr(copied, "firstpass_image", None) is None:
            for number in changes.in_order(layout.cells):
                for place, row in enumerate(layout.rows(number, len(prompts))):
                    where = int(copied.iteration), place
                    changes.note(layout.cells[number], where, str(prompts[row]), each[row])
        return original(*args, **kwargs)

    with hooked(copied, "sample", sample):
        yield


def _joined(parts: list[Any]) -> Any:
    """One picture's conditioning after another as that of a batch (modules/prompt_parser.py)."""
    if isinstance(parts[0], prompt_parser.MulticondLearnedConditioning):
        return prompt_parser.MulticondLearnedConditioning((len(parts),), [part.batch[0] for part in parts])
    return [part[0] for part in parts]
