"""One draw for all cells of a row: what other extensions make of the prompts at random is held to the first time.

Always-on scripts (wildcards, Dynamic Prompts, …) change prompts, seeds and sizes in hooks of a generation (v1.10.1,
modules/processing.py, `process_images_inner`). What a script changed for the first cell is noted hook by hook, and put
back after the same hook for the others: so scripts after it, which may count tokens of the prompt, see the same too.
A script that changes the same each time is left alone by this. What was used in the end is noted where prompts go into
the text encoder, so that the sweep can tell where it could not be held.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from modules import shared

from ..hosts import CHECKPOINT, VAE
from ..language import Text
from ..sweep.draws import COUNTS, LISTS, NUMBERS, TEXTS
from ..sweep.plan import Cell
from ..sweep.record import draw_hash
from .busy_scripts import PREPARING_HOOKS, is_own, overrides, reaching, switched_on, the_scripts
from .engine import Engine
from .shadow import hooked

log = logging.getLogger("clip_skip_lab")

HOOKS = ("before_process", "process", "before_process_batch", "after_extra_networks_activate", "process_batch")
"""The hooks of always-on scripts before the prompts are encoded, in the host's order."""

OF_A_JOB = tuple(name for name in LISTS if name.startswith("all_"))
OF_A_BATCH = tuple(name for name in LISTS if not name.startswith("all_"))

SAMPLERS = ("sampler_name", "scheduler")
"""Not held, as some scripts register a sampler of their own for each generation; what is there in the end counts."""

FIELDS = (*LISTS, *TEXTS, *COUNTS, *NUMBERS)

HOW = (
    *("steps", "cfg_scale", "width", "height", "sampler_name", "scheduler", "denoising_strength", "image_cfg_scale"),
    *("eta", "s_churn", "s_tmin", "s_tmax", "s_noise", "s_min_uncond", "initial_noise_multiplier", "tiling"),
    *("hr_scale", "hr_upscaler", "hr_second_pass_steps", "hr_resize_x", "hr_resize_y", "hr_sampler_name"),
    *("hr_scheduler", "hr_checkpoint_name", "hr_upscale_to_x", "hr_upscale_to_y", "truncate_x", "truncate_y"),
    *("refiner_checkpoint", "refiner_switch_at", "inpainting_mask_weight", "restore_faces", "clip_skip_lab_asked"),
)
"""Fields of a request that say how a picture is made and not of what: rows that differ in them share a draw."""

Step = tuple[str, str, int]
"""Where a generation is: hook, script ("" before the first), batch."""


class UnevenBatch(RuntimeError):
    """Cells cannot share a batch, because a script changes what it is made of. The one argument is a clause."""


class Draws:
    """What was drawn so far in a sweep.

    Prompts and seeds belong to a template, which rows can share; other fields belong to one row.
    """

    def __init__(self) -> None:
        self.held: dict[Hashable, dict[Step, dict[str, Any]]] = {}
        self.drawn_anew: dict[str, None] = {}
        """The titles of the scripts whose later draws were put back, in order."""
        self._complete: set[Hashable] = set()
        """The templates known from an earlier sweep: a step that is not there changed nothing."""

    def take(self, keys: tuple[Hashable, Hashable], draw: list) -> None:
        """Uses what an earlier sweep drew (clip_skip_lab/sweep/draws.py) for a template and a row."""
        for hook, script, batch, changed in draw:
            for key, part in self._parts(keys, changed):
                self.held.setdefault(key, {})[hook, script, batch] = part
        self._complete.add(keys[0])

    def give(self, keys: tuple[Hashable, Hashable]) -> list:
        """What was drawn for a template and a row, for the record."""
        steps: dict[Step, dict[str, Any]] = {}
        for key in keys:
            for step, changed in self.held.get(key, {}).items():
                if changed:
                    steps.setdefault(step, {}).update(changed)
        return json.loads(json.dumps([[*step, changed] for step, changed in steps.items()], default=_plain))

    def settle(self, keys: tuple[Hashable, Hashable], step: Step, before: dict, after: dict) -> dict[str, Any]:
        """Notes what a step changed, or finds what to put back because the step changed something else before.

        Returns the fields to be put back, with their values.
        """
        changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
        back: dict[str, Any] = {}
        for key, part in self._parts(keys, changed):
            known = self.held.setdefault(key, {})
            if step not in known and key not in self._complete:
                known[step] = part
                continue
            wanted = known.get(step, {})
            for name in {**wanted, **part}:
                value = wanted.get(name, before.get(name))
                if after.get(name) != value:
                    back[name] = value
        return back

    def start(self, key: Hashable, step: Step, now: dict, expected: dict) -> dict[str, Any]:
        """The same before the first script, where nothing is known of before: `expected` is not worth a note."""
        known = self.held.setdefault(key, {})
        if step not in known:
            known[step] = {} if now == expected or key in self._complete else now
        wanted = known[step] or expected
        return {name: value for name, value in wanted.items() if now.get(name) != value}

    @staticmethod
    def _parts(keys: tuple[Hashable, Hashable], changed: dict) -> Iterator[tuple[Hashable, dict]]:
        of_row = {name: value for name, value in changed.items() if name in NUMBERS}
        yield keys[0], {name: value for name, value in changed.items() if name not in of_row}
        yield keys[1], of_row


@dataclass
class Layout:
    """Which pictures of a generation are whose.

    Attributes:
        cells: the cells side by side in each batch, `per_cell` pictures of each.
        keys: for each cell its template and its row.
        per_cell: pictures of a cell in a batch.
    """

    cells: list[Cell]
    keys: list[tuple[Hashable, Hashable]]
    per_cell: int

    @property
    def is_shared(self) -> bool:
        """Whether a batch holds more than one cell."""
        return len(self.cells) > 1

    def rows(self, number: int, length: int) -> list[int]:
        """The places of a cell's pictures in a list of a batch's or a job's."""
        if not self.is_shared:  # then they are all of this cell, however many another extension makes of it
            return list(range(length))
        width = self.per_cell * len(self.cells)
        return [place for place in range(length) if place % width // self.per_cell == number]


class Used:
    """What the pictures of each cell were made from, as it was seen on the way into the text encoder."""

    def __init__(self, copied: Any, layout: Layout):
        self._copied = copied
        self._layout = layout
        self._texts: list[set[tuple]] = [set() for _ in layout.cells]
        self._networks: set[str] = set()

    def see(self, prompts: Any) -> None:
        """Notes prompts that are about to be encoded, one for each picture of a batch."""
        negative = bool(getattr(prompts, "is_negative_prompt", False))
        for number, texts in enumerate(self._texts):
            places = self._layout.rows(number, len(prompts))
            texts.update(
                (self._copied.iteration, negative, place, str(prompts[row])) for place, row in enumerate(places)
            )
        networks = getattr(self._copied, "extra_network_data", None) or {}
        self._networks.add(repr({name: [params.items for params in found] for name, found in networks.items()}))

    def of(self, number: int) -> dict[str, str]:
        """Hashes of what a cell used, by name in words."""
        copied = self._copied
        # A variation seed without strength decides nothing, and the host draws another each time.
        lists = (copied.all_seeds or [], (copied.all_subseeds if copied.subseed_strength else None) or [])
        seeds = [[str(found[row]) for row in self._layout.rows(number, len(found))] for found in lists]
        return {
            "prompts": draw_hash(sorted(self._texts[number])),
            "seeds": draw_hash(seeds),
            "extra networks": draw_hash(sorted(self._networks)),
            "settings": draw_hash([str(getattr(copied, name, None)) for name in (*NUMBERS, *SAMPLERS)]),
        }


def keys_of(request: Any, applied: Any, cell: Cell) -> tuple[Hashable, Hashable]:
    """What decides the draws of a cell: the template, with everything in which its request differs from the sweep's
    beside `HOW`, and its row."""
    names = sorted(name for name in {*vars(request), *vars(applied)} - set(HOW) if not name.startswith("cached_"))
    differing = []
    for name in names:
        now, then = _comparable(vars(applied).get(name)), _comparable(vars(request).get(name))
        if now != then:
            differing.append((name, now))
    return ("template", *differing), ("row", cell.y, cell.z)


def _comparable(value: Any) -> Hashable:
    """A value as text where it is plain, else its identity."""
    if isinstance(value, dict):
        value = {key: part for key, part in value.items() if key not in (CHECKPOINT, VAE)}
    if isinstance(value, str | int | float | list | tuple | dict | set | type(None)):
        return repr(value)
    return id(value)


@contextmanager
def holding(engine: Engine, copied: Any, layout: Layout, draws: Draws) -> Iterator[Used]:
    """Holds a request to what was drawn for its cells before, or notes what is drawn, for the time of the block.

    Yields what its pictures are made from. To be entered when everything else has hooked `get_conds_with_caching`.

    Raises `UnevenBatch` from within the generation of several cells at once when a script changes it: that is
    sampled one by one, where a script sees what it sees in a single generation.
    """
    used = Used(copied, layout)

    def get_conds(original: Callable, function: Callable, prompts: Any, *args: Any, **kwargs: Any) -> Any:
        used.see(prompts)
        return original(function, prompts, *args, **kwargs)

    with ExitStack() as stack:
        stack.enter_context(hooked(copied, "get_conds_with_caching", get_conds))
        if copied.scripts is not None:
            _Held(engine, copied, layout, draws).install(stack)
        yield used


class _Held:
    """The hooks on a runner and its scripts, while one request is generated."""

    def __init__(self, engine: Engine, copied: Any, layout: Layout, draws: Draws):
        self.engine, self.copied, self.layout, self.draws = engine, copied, layout, draws
        self.given = {name: _copy(getattr(copied, name, None)) for name in TEXTS}
        self.busy: list[str] = []
        self.on = switched_on(engine, copied) if layout.is_shared else []

    def install(self, stack: ExitStack) -> None:
        runner = self.copied.scripts
        for name in HOOKS:
            for script in runner.alwayson_scripts:
                if overrides(script, name) and not is_own(script):
                    stack.enter_context(hooked(script, name, self._of_script(script, name)))
            if hasattr(runner, name):
                stack.enter_context(hooked(runner, name, self._of_runner(name)))

    def _of_script(self, script: Any, name: str) -> Callable:
        who = f"{os.path.basename(script.filename)}:{type(script).__name__}"

        def hook(original: Callable, p: Any, *args: Any, **kwargs: Any) -> Any:
            if p is not self.copied:  # that of a script which generates by itself
                return original(p, *args, **kwargs)
            if self.layout.is_shared:
                return self._try_together(script, name, lambda: original(p, *args, **kwargs))
            before = self._state()
            try:
                return original(p, *args, **kwargs)
            finally:
                self._settle((name, who, self._batch(name)), script, before)

        return hook

    def _try_together(self, script: Any, name: str, call: Callable[[], Any]) -> None:
        """Calls a hook for several cells at once, and notes a script that changes anything: they run one by one then.

        Before the batches begin a script is shown what it sees in a generation of one cell: of the first, or, if it is
        switched on, of the first of each template, whose seed may be another.
        """
        firsts = {template: number for number, (template, _) in reversed(list(enumerate(self.layout.keys)))}
        numbers: list[int | None] = [*sorted(firsts.values())] if script in self.on else [0]
        for number in numbers if name in PREPARING_HOOKS else [None]:
            with nullcontext() if number is None else self._as_alone(number):
                before = self._state()
                try:
                    call()
                except Exception as error:  # one by one it may go well, and else the host will report it
                    log.debug("Clip skip sweep: %s in a batch of cells: %s", script.title(), error)
                    self.busy.append(script.title())
                if self._state() != before:
                    self.busy.append(script.title())

    @contextmanager
    def _as_alone(self, number: int) -> Iterator[None]:
        """Makes the request of several cells look like that of one, for the time of the block."""
        copied = self.copied
        wide = {name: getattr(copied, name) for name in (*FIELDS, "seed", "subseed") if hasattr(copied, name)}
        for name, value in wide.items():
            if isinstance(value, list) and name in (*LISTS, "seed", "subseed"):
                rows = self.layout.rows(number, len(value))
                setattr(copied, name, [value[row] for row in rows] if name in LISTS else value[rows[0]])
        copied.batch_size = self.layout.per_cell
        try:
            yield
        finally:
            for name, value in wide.items():
                setattr(copied, name, value)

    def _of_runner(self, name: str) -> Callable:
        def hook(original: Callable, p: Any, *args: Any, **kwargs: Any) -> Any:
            if p is self.copied and name == "process":
                self._start()
            original(p, *args, **kwargs)
            if p is self.copied and self.layout.is_shared:
                self._check_batch(name)

        return hook

    def _check_batch(self, name: str) -> None:
        if name == "process":
            self.busy += [script.title() for script in reaching(self.engine, self.on, self.copied)]
        busy = list(dict.fromkeys(self.busy))
        if busy:
            raise UnevenBatch(Text("{scripts} changed what a batch is made of", scripts=the_scripts(busy)))

    def _batch(self, name: str) -> int:
        return 0 if name in PREPARING_HOOKS else int(self.copied.iteration)

    def _state(self) -> dict[str, Any]:
        return {name: _copy(getattr(self.copied, name, None)) for name in FIELDS}

    def _settle(self, step: Step, script: Any, before: dict) -> None:
        back = self.draws.settle(self.layout.keys[0], step, before, self._state())
        if back:
            self.draws.drawn_anew[script.title()] = None
            self._put(back)

    def _start(self) -> None:
        """Before the first script: styles, and whatever else reads the prompt, may draw too."""
        there = {name: getattr(self.copied, name, None) for name in OF_A_JOB}
        lists = {name: list(found) for name, found in there.items() if isinstance(found, list)}
        for number, (template, _) in enumerate(self.layout.keys):
            rows = {key: self.layout.rows(number, len(found)) for key, found in lists.items()}
            now = {key: [found[row] for row in rows[key]] for key, found in lists.items()}
            back = self.draws.start(template, ("process", "", 0), now, self._expected(now))
            if any(len(value) != len(rows.get(key, ())) for key, value in back.items()):
                continue  # the number of pictures was drawn too: it will be seen that these differ
            for key, value in back.items():
                for row, entry in zip(rows[key], value, strict=True):
                    lists[key][row] = entry
            if back:
                self.draws.drawn_anew[Text("A style or a wildcard")] = None
        self._put(lists)

    def _expected(self, now: dict[str, list]) -> dict[str, list]:
        """What the host makes of the request by itself (modules/processing.py, `setup_prompts`)."""
        expected = dict(now)
        for name, text in zip(OF_A_JOB, TEXTS, strict=False):
            if name in now:
                given = self.given[text] or self.given[text.removeprefix("hr_")]
                given = given if isinstance(given, list) else [given] * len(now[name])
                styled = shared.prompt_styles
                apply = styled.apply_negative_styles_to_prompt if "negative" in text else styled.apply_styles_to_prompt
                expected[name] = [apply(prompt, self.copied.styles) for prompt in given]
        return expected

    def _put(self, fields: dict[str, Any]) -> None:
        for name, value in fields.items():
            there = getattr(self.copied, name, None)
            if name in OF_A_BATCH and isinstance(there, list) and isinstance(value, list):
                there[:] = value  # the host has handed this very list to the scripts
            elif there != value:
                setattr(self.copied, name, _copy(value))


def _copy(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    """A number of numpy or torch as one that JSON has."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return int(number) if number.is_integer() else number
