"""The keys of a request for a sweep, one record each: what it takes, how it is checked and written, whether it decides
pictures, what a grid's infotext says of it, its inputs in the panel, its row in docs/api.md.

A new key goes at the end: they are read in this order, so that one may look at those before it, and it is the order of
the panel's inputs too, which API clients may give by their place. A key of a plan is a field of `SweepPlan` of the same
name unless `of_plan` says another; an input is a component of `ui/panel.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, named_list
from ..language import Text
from .axes import NOTHING, Axis, AxisValues, find_axis, read_axis_values
from .layer_request import (
    AXES,
    BIG_G_SKIP,
    CLIP_L_SKIP,
    CLIP_SKIP,
    EVERY_MODEL,
    INTERPOLATION,
    INTERPOLATIONS,
    LAYERS_OF_SDXL,
    NEGATIVE,
    NOTHING_ASKED,
    LayerRequest,
    read_layer_request,
)
from .values import Value, join_list, read_clip_skip

if TYPE_CHECKING:
    from .plan import SweepPlan

SCRIPT_TITLE = "Clip skip sweep"
"""The sweep's name in the list of scripts, and under "Script" in a grid's infotext."""
DEFAULT_CLIP_SKIP = "1-12"
MODES = ("exact", "fast")
OFFERED_BATCHES = ("auto", "1", "2", "4", "8", "16")
"""The choices of the panel; an API client may ask for any number up to `MOST_PER_BATCH`."""
MOST_PER_BATCH = 256
"""The most cells at once that somebody may ask for; "auto" takes fewer (`MOST_AT_ONCE`, free_memory.py)."""
MOST_CELLS = 5_000
NEW_SWEEP = "a new sweep"
"""What "Continue an unfinished sweep" says while none is chosen."""

NOT_EXTENDED = "None"
"""What "Extend a finished sweep" says while none is chosen."""

THIS_WEBUI, THE_COMMAND_LINE = "This WebUI", "The command line"
"""What "Run on" says beside the number of WebUIs that the settings name."""

AXIS_FIELDS = {"y": Text("Second axis"), "z": Text("Third axis")}
VALUE_FIELDS = {"y": Text("Values of the second axis"), "z": Text("Values of the third axis")}

FINER = "[Finer clip skip](finer-clip-skip.md)"


@dataclass
class Reading:
    """What is known while a plan is read, one key after the other.

    Attributes:
        axes: the host's, at this moment.
        highest: the highest clip skip of the loaded model.
        fields: those of `SweepPlan` that are read already.
    """

    axes: list[Axis]
    highest: int
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many cells the whole plan has, once its axes are read."""
        further = [self.fields[letter] for letter in AXIS_FIELDS]
        return prod([len(self.fields[CLIP_SKIP]), *(len(axis.values) for axis in further if axis is not None)])


@dataclass(frozen=True)
class PanelInput:
    """An input of the panel.

    Attributes:
        name: that of the component, and of the script's argument.
        default: what it holds when the page opens, and where an API client leaves it out.
        infotext: its key in a grid's infotext, None where it isn't there.
        choices: what can be chosen, where that is always the same.
    """

    name: str
    default: object
    infotext: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RequestKey:
    """A key of the JSON object that the API takes.

    Attributes:
        name: the key.
        takes: what it takes, as docs/api.md says it.
        without: what holds where it is left out, as docs/api.md says it.
        panel: its inputs, in their order.
        beside: the keys `resume`, `full` and `extend` that it may stand beside; an earlier sweep decides the others.
    """

    name: str
    takes: str
    without: str
    panel: tuple[PanelInput, ...] = ()
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlanKey(RequestKey):
    """A key of a plan.

    Attributes:
        default: what it is where it is left out, as a request would say it.
        read: makes the field of what was given; raises `InvalidInput`.
        of_plan: the name of that field of `SweepPlan`, where it isn't the key's.
        write: the plain data that `read` takes again, or None to leave it out; without this function the field itself
            where it isn't the default.
        say: the texts of a grid's infotext, one for each input that has a key there, or none; without this function
            what is written.
        decides_pictures: whether pictures may differ by it; else a sweep can be resumed whatever it is.
    """

    default: Any = None
    read: Callable[[Any, Reading], object]
    of_plan: str = ""
    write: Callable[[SweepPlan], object] | None = None
    say: Callable[[SweepPlan], tuple[str, ...]] | None = None
    decides_pictures: bool = True

    def to_json(self, plan: SweepPlan) -> object:
        """What `sweep.json` says of it, None for nothing."""
        if self.write is not None:
            return self.write(plan)
        value: object = getattr(plan, self.of_plan or self.name)
        return None if value == self.default else value

    def infotext(self, plan: SweepPlan) -> dict[str, str]:
        """What a grid's infotext says of it, by the keys of its inputs."""
        written = self.to_json(plan)
        texts = self.say(plan) if self.say is not None else () if written is None else (str(written),)
        keys = [item.infotext for item in self.panel if item.infotext is not None]
        return dict(zip(keys, texts, strict=False))


def _clip_skip(value: Any, reading: Reading) -> tuple[Value, ...]:
    values = read_clip_skip(value, reading.highest)
    reading.fields["clip_skip_source"] = value if isinstance(value, str) else join_list(values)
    return tuple(values)


def _axis_key(letter: str, takes: str) -> PlanKey:
    def read(value: Any, reading: Reading) -> AxisValues | None:
        label, values = _axis_and_values(letter, value)
        axis = find_axis(label, reading.axes, AXIS_FIELDS[letter])
        found = read_axis_values(axis, values, VALUE_FIELDS[letter]) if axis else None
        second = reading.fields.get("y")
        if found and second and found.axis.label == second.axis.label:
            problem = Text("is the second axis already")
            raise InvalidInput(AXIS_FIELDS[letter], found.axis.label, Text("another axis"), problem)
        if found and second and AXES.get(found.axis.label, found) == AXES.get(second.axis.label):
            problem = Text("sets what the second axis sets")
            raise InvalidInput(AXIS_FIELDS[letter], found.axis.label, Text("another axis"), problem)
        return found

    def write(plan: SweepPlan) -> object:
        axis: AxisValues | None = getattr(plan, letter)
        if axis is None:
            return None
        values = [list(value) if isinstance(value, tuple) else value for value in axis.values]
        return {"axis": axis.axis.label, "values": values}

    def say(plan: SweepPlan) -> tuple[str, ...]:
        axis: AxisValues | None = getattr(plan, letter)
        return () if axis is None else (axis.axis.label, axis.source)

    inputs = (
        PanelInput(f"{letter}_axis", NOTHING, f"clip_skip_lab_{letter}_axis"),
        PanelInput(f"{letter}_values", "", f"clip_skip_lab_{letter}_values"),
        PanelInput(f"{letter}_choices", None),  # holds the values of an axis that has choices
    )
    record: dict[str, Any] = {"name": letter, "takes": takes, "without": "no such axis", "beside": ("extend",)}
    return PlanKey(**record, read=read, write=write, say=say, panel=inputs)


def _axis_and_values(letter: str, given: Any) -> tuple[object, object]:
    if given is None:
        return None, None
    if not isinstance(given, dict):
        example = json.dumps({"axis": "CFG Scale", "values": "5, 7"})
        allowed = Text("an object such as {example}", example=example)
        raise InvalidInput(letter, given, allowed, Text("is not an object"))
    refuse_unknown_keys(letter, given, ("axis", "values"))
    if given.get("axis") in (None, ""):
        allowed = Text('an object with the key "axis" beside "values"')
        raise InvalidInput(AXIS_FIELDS[letter], given, allowed, Text("names no axis"))
    return given.get("axis"), given.get("values")


def refuse_unknown_keys(field: str, given: dict[str, Any], known: tuple[str, ...]) -> None:
    """Raises `InvalidInput` for a key that isn't among the known ones."""
    for key in given:
        if key not in known:
            names = named_list(list(known), most=len(known))
            raise InvalidInput(field, key, Text("the keys {names}", names=names), Text("is not a key"))


def _mode(value: Any, reading: Reading) -> str:
    if value not in MODES:
        raise InvalidInput("mode", value, Text('"exact" or "fast"'), Text("is not a mode"))
    return str(value)


def _cells_per_batch(value: Any, reading: Reading) -> int | str:
    if reading.fields["mode"] == "exact" and value not in (1, "auto"):
        raise InvalidInput("cells_per_batch", value, Text('mode "fast", or 1'), Text("needs another mode"))
    return read_cells_per_batch(value)


def read_cells_per_batch(value: object) -> int | str:
    """How many cells to sample at once, or "auto". Text comes from the panel, where the choices are texts.

    Raises `InvalidInput`.
    """
    if value == "auto":
        return "auto"
    number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 5 else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MOST_PER_BATCH:
        allowed = Text('"auto", or a whole number from 1 to {most}', most=MOST_PER_BATCH)
        raise InvalidInput("cells_per_batch", value, allowed)
    return number


def _tick_key(name: str, *, default: bool, infotext: str | None = None, **record: Any) -> PlanKey:
    """A key that is true or false, with an input in the panel where it has a key in infotexts."""

    def read(value: Any, reading: Reading) -> bool:
        if not isinstance(value, bool):
            raise InvalidInput(name, value, Text("true or false"), Text("is neither"))
        return value

    without, panel = f"`{json.dumps(default)}`", (PanelInput(name, default, infotext),) if infotext else ()
    return PlanKey(name=name, default=default, without=without, read=read, panel=panel, **record)


def _cells(value: Any, reading: Reading) -> tuple[int, ...] | None:
    """Which cells to run, None for all; here it is known how many there are."""
    size = reading.size
    if size > MOST_CELLS:
        cells, allowed = Text("{count} cells", count=size), Text("at most {most} cells", most=MOST_CELLS)
        raise InvalidInput(Text("Sweep"), cells, allowed, Text("is too large"))
    if value is None:
        return None
    allowed = Text(
        "a list of whole numbers from 0 to {last}, the cells' places in the order of the plan", last=size - 1
    )
    if not isinstance(value, list) or not value:
        raise InvalidInput("cells", value, allowed, Text("is not a valid list"))
    if len(value) > size:
        most = Text("at most the {size} cells of the plan", size=size)
        raise InvalidInput("cells", value, most, Text("is too long"))
    for number in value:
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < size:
            raise InvalidInput("cells", number, allowed, Text("is not a cell of the plan"))
    return tuple(sorted(set(value)))


def _layer_key(name: str, takes: str) -> PlanKey:
    """One of the keys of a layer request, which is put together key by key."""

    def read(value: Any, reading: Reading) -> LayerRequest:
        before: LayerRequest = reading.fields.get("layer_request", NOTHING_ASKED)
        return read_layer_request({**before.to_json(), name: value}, reading.highest)

    return PlanKey(
        name=name,
        takes=f"{takes} ({FINER})",
        without="the WebUI's own",
        read=read,
        of_plan="layer_request",
        write=lambda plan: plan.layer_request.to_json().get(name),
    )


REQUEST_KEYS = (
    PlanKey(
        name=CLIP_SKIP,
        takes="a text (`1-12`, `1-12 (+2)`, `1-12 [5]`, `1, 2, 5`), a number, or a list of both; fractions, "
        f"averages and schedules: {FINER}",
        without=f"`{DEFAULT_CLIP_SKIP}`",
        default=DEFAULT_CLIP_SKIP,
        read=_clip_skip,
        write=lambda plan: list(plan.clip_skip),
        say=lambda plan: (plan.clip_skip_source,),
        beside=("extend",),
        panel=(PanelInput(CLIP_SKIP, DEFAULT_CLIP_SKIP, "clip_skip_lab_values"),),
    ),
    _axis_key(
        "y",
        '`{"axis": name, "values": text or list}`; the axes are those of the WebUI\'s X/Y/Z plot at that moment',
    ),
    _axis_key("z", "the same, for one more axis"),
    PlanKey(
        name="mode",
        takes='`"exact"`: every image bit-identical to a single generation; `"fast"`: cells in batches '
        "([Exact and fast](exact-and-fast.md))",
        without='`"exact"`',
        default="exact",
        read=_mode,
        write=lambda plan: plan.mode,
        say=lambda plan: () if plan.mode == "exact" else (plan.mode,),
        beside=("extend",),
        panel=(PanelInput("mode", "exact", "clip_skip_lab_mode", MODES),),
    ),
    PlanKey(
        name="cells_per_batch",
        takes=f'for `"fast"`: `"auto"`, or a number from 1 to {MOST_PER_BATCH}',
        without='`"auto"`',
        default="auto",
        read=_cells_per_batch,
        write=lambda plan: plan.cells_per_batch if plan.mode == "fast" else None,
        decides_pictures=False,
        beside=("extend",),
        panel=(PanelInput("cells_per_batch", "auto", "clip_skip_lab_cells_per_batch", OFFERED_BATCHES),),
    ),
    _tick_key(
        "return_cells",
        takes="`true`: the answer holds the images after the grid",
        default=False,
        write=lambda plan: plan.return_cells,
        decides_pictures=False,
        beside=("resume", "full", "extend"),
    ),
    RequestKey(
        name="resume",
        takes="the id of a sweep to continue ([folder](sweep-folder.md))",
        without="a new sweep",
        panel=(PanelInput("resume", NEW_SWEEP, "clip_skip_lab_resume"),),
    ),
    _tick_key(
        "draft",
        takes="`true`: half the size, half the steps ([Draft first](exact-and-fast.md#draft-first))",
        default=False,
        infotext="clip_skip_lab_draft",
    ),
    RequestKey(
        name="full",
        takes="the id of a draft to run at full quality, as a new sweep",
        without="a new sweep",
        panel=(PanelInput("chosen", None),),  # the cells; "resume" has the id
    ),
    _tick_key(
        "measures",
        takes="`false`: the images are not [measured](measures.md)",
        default=True,
        decides_pictures=False,
        beside=("extend",),
        infotext="clip_skip_lab_measures",
    ),
    PlanKey(
        name="cells",
        takes="a list of the cells to run, by their place in the order of the plan, from 0",
        without="all",
        read=_cells,
        of_plan="only",
        write=lambda plan: None if plan.only is None else list(plan.only),
        beside=("full", "extend"),
    ),
    _layer_key(INTERPOLATION, "how layers are mixed: " + ", ".join(f'`"{way}"`' for way in INTERPOLATIONS)),
    _layer_key(NEGATIVE, "one value for the negative prompt"),
    _layer_key(EVERY_MODEL, "`true`: clip skip on SD2 and SDXL too"),
    _layer_key(CLIP_L_SKIP, f"one value up to {LAYERS_OF_SDXL[CLIP_L_SKIP]}, for this text encoder of SDXL alone"),
    _layer_key(BIG_G_SKIP, f"one value up to {LAYERS_OF_SDXL[BIG_G_SKIP]}, for this text encoder of SDXL alone"),
    RequestKey(
        name="extend",
        takes="the id of a finished sweep to [extend](sweep-folder.md#extending-a-sweep) by values or an axis",
        without="a new sweep",
        panel=(PanelInput("extend", NOT_EXTENDED, "clip_skip_lab_extend"),),
    ),
    RequestKey(
        name="part",
        takes="an object that asks for some of the cells and writes nothing ([a part of a sweep](#a-part-of-a-sweep))",
        without="the whole sweep",
    ),
)
"""Read in this order, which is also that of the panel's inputs; `resume` and `full` stand in the place of a plan, and
`extend` beside the parts of one that are new."""

PLAN_KEYS = tuple(key for key in REQUEST_KEYS if isinstance(key, PlanKey))
RUN_ON = PanelInput("run_on", THIS_WEBUI)
"""Where a sweep runs: asked on the page only, and no key of a request."""
PANEL_INPUTS = (*(item for key in REQUEST_KEYS for item in key.panel), RUN_ON)


def keys_beside(name: str) -> list[str]:
    """The keys that may stand beside `resume`, `full` or `extend`."""
    return [key.name for key in REQUEST_KEYS if name in key.beside]
