"""What somebody may ask of clip skip beyond one whole number, as one record.

The panel "Finer clip skip", the plan of a sweep, an axis and the infotext all give the same keys (`KEYS`), in a dict
that holds only what was given; later ones win over earlier ones, and `read_layer_request` checks the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import InvalidInput, named_list
from ..language import Text
from .values import Value, allowed_clip_skip, check_count, half_width, number_parts, read_layers, unique

BEFORE_NORM, AFTER_NORM, SPHERICAL = "before norm", "after norm", "spherical"
INTERPOLATIONS = (BEFORE_NORM, AFTER_NORM, SPHERICAL)

CLIP_SKIP, INTERPOLATION, NEGATIVE = "clip_skip", "interpolation", "negative_clip_skip"
EVERY_MODEL, CLIP_L_SKIP, BIG_G_SKIP = "every_model", "sdxl_clip_l_skip", "sdxl_big_g_skip"
KEYS = (CLIP_SKIP, INTERPOLATION, NEGATIVE, EVERY_MODEL, CLIP_L_SKIP, BIG_G_SKIP)

NAMES = {
    CLIP_SKIP: Text("Clip skip"),
    INTERPOLATION: Text("Interpolation"),
    NEGATIVE: Text("Negative clip skip"),
    EVERY_MODEL: Text("Apply on SD2 and SDXL too"),
    CLIP_L_SKIP: Text("SDXL CLIP-L skip"),
    BIG_G_SKIP: Text("SDXL bigG skip"),
}
"""What the page calls them, and the sentences of errors."""

FRACTIONS = "Clip skip with fractions"
AXES = {
    FRACTIONS: CLIP_SKIP,
    str(NAMES[NEGATIVE]): NEGATIVE,
    str(NAMES[CLIP_L_SKIP]): CLIP_L_SKIP,
    str(NAMES[BIG_G_SKIP]): BIG_G_SKIP,
    "Clip skip interpolation": INTERPOLATION,
}
"""Our axes of the X/Y/Z plot, and so of a sweep, with the key that each sets; no sweep has two that set the same."""

INFOTEXT = {
    CLIP_SKIP: "clip_skip_lab_value",
    INTERPOLATION: "clip_skip_lab_interpolation",
    NEGATIVE: "clip_skip_lab_negative",
    EVERY_MODEL: "clip_skip_lab_every_model",
    CLIP_L_SKIP: "clip_skip_lab_sdxl_clip_l",
    BIG_G_SKIP: "clip_skip_lab_sdxl_big_g",
}

LAYERS_OF_SDXL = {CLIP_L_SKIP: 12, BIG_G_SKIP: 32}
"""How many layers its two text encoders have."""

SAME = "same"
"""The text for no value of its own."""


@dataclass(frozen=True)
class LayerRequest:
    """What is asked for one generation. With nothing given, the host does everything as without this extension.

    Attributes:
        value: the clip skip, or None for the host's own setting.
        interpolation: how layers are mixed; one of `INTERPOLATIONS`.
        negative: the clip skip of the negative prompt, or None for the same.
        every_model: use all of this on SD2 and SDXL too, where the host ignores its setting.
        clip_l, big_g: a value for one of SDXL's two text encoders alone, or None.
        given: the keys that were given, be it with what is usual: they win over what somebody else asks.
    """

    value: Value | None = None
    interpolation: str = BEFORE_NORM
    negative: Value | None = None
    every_model: bool = False
    clip_l: Value | None = None
    big_g: Value | None = None
    given: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def is_off(self) -> bool:
        """Whether nothing is asked at all; how to interpolate is no question of its own."""
        return not self.every_model and all(v is None for v in (self.value, self.negative, self.clip_l, self.big_g))

    def to_json(self) -> dict[str, object]:
        """What is given, by `KEYS`, for `read_layer_request` to read again."""
        values: dict[str, object] = {
            CLIP_SKIP: self.value,
            INTERPOLATION: self.interpolation,
            NEGATIVE: self.negative,
            EVERY_MODEL: self.every_model,
            CLIP_L_SKIP: self.clip_l,
            BIG_G_SKIP: self.big_g,
        }
        usual = {INTERPOLATION: BEFORE_NORM, EVERY_MODEL: False}
        return {
            key: SAME if value is None else value
            for key, value in values.items()
            if key in self.given or value != usual.get(key)
        }


NOTHING_ASKED = LayerRequest()


def read_layer_request(asked: dict[str, object], highest: int | None = None) -> LayerRequest:
    """Checks what is asked.

    Args:
        asked: some of `KEYS`; a value is a number, a text such as "1.5", "avg 2-4" or "[2:1:0.5]", or None or
            "same" for not given. Nothing else is that: not 0, not an empty text.
        highest: the number of layers, where it is known already.

    Raises `InvalidInput`.
    """
    for key in asked:
        if key not in KEYS:
            keys = Text("the keys {names}", names=named_list(list(KEYS)))
            raise InvalidInput(Text("Finer clip skip"), key, keys, Text("is not a key"))
    interpolation = BEFORE_NORM if asked.get(INTERPOLATION) is None else asked[INTERPOLATION]
    if interpolation not in INTERPOLATIONS:
        allowed, problem = named_list(list(INTERPOLATIONS)), Text("is not a way to interpolate")
        raise InvalidInput(NAMES[INTERPOLATION], interpolation, allowed, problem)
    every_model = asked.get(EVERY_MODEL)
    if every_model is not None and not isinstance(every_model, bool):
        raise InvalidInput(NAMES[EVERY_MODEL], every_model, Text("true or false"), Text("is neither"))

    def value_of(key: str) -> Value | None:
        return read_value(asked.get(key), NAMES[key], LAYERS_OF_SDXL.get(key, highest))

    return LayerRequest(
        value=value_of(CLIP_SKIP),
        interpolation=str(interpolation),
        negative=value_of(NEGATIVE),
        every_model=bool(every_model),
        clip_l=value_of(CLIP_L_SKIP),
        big_g=value_of(BIG_G_SKIP),
        given=frozenset(key for key, value in asked.items() if value is not None),
    )


def read_value(source: object, field: str, highest: int | None = None) -> Value | None:
    """One clip skip, or None where none is given. Raises `InvalidInput`."""
    if source is None or _is_same(source):
        return None
    allowed = allowed_clip_skip(highest, several=False)
    values = read_layers(source, highest, field, allowed)
    if len(values) != 1:
        raise InvalidInput(field, source, allowed, Text("is more than one value"))
    return values[0]


def read_values(source: object, field: str, highest: int | None) -> list[Value]:
    """The values of an axis: those that `read_clip_skip` takes, and "same". Raises `InvalidInput`."""
    allowed = allowed_clip_skip(highest)
    found: list[Value] = []
    for part in number_parts(source, field, allowed):
        found += [SAME] if _is_same(part) else read_layers(part, highest, field, allowed)
        check_count(found, source, field)
    return unique(found)


def _is_same(source: object) -> bool:
    return isinstance(source, str) and half_width(source).strip().casefold() == SAME


def asked_by_panel(arguments: Sequence[object]) -> dict[str, object]:
    """What the panel's arguments ask: its tick, then one for each of `KEYS`. Off asks nothing.

    An API client may give one object with `KEYS` in the place of the tick; what follows does not matter then.
    """
    if not arguments or not arguments[0]:
        return {}
    if isinstance(arguments[0], dict):
        return dict(arguments[0])
    given = dict(zip(KEYS, arguments[1:], strict=False))
    return {key: value for key, value in given.items() if not _is_left_empty(value)}


def _is_left_empty(value: object) -> bool:
    """Whether an input of the panel was left as it is; 0 is a value, and a wrong one."""
    return value is None or value is False or (isinstance(value, str) and not value.strip())
