"""What a user keeps of the sweep's panel under a name. Knows no host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidInput
from ..language import Text
from .list_file import ListFile, Named

LONGEST_NAME = 100


@dataclass(frozen=True)
class Preset(Named):
    """One preset.

    Attributes:
        name: what the user calls it.
        values: of the panel's inputs, by their names: texts and ticks.
    """

    values: dict[str, str | bool]


class Presets(ListFile[Preset]):
    """The presets of both tabs, in `presets.json`."""

    file_name = "presets.json"
    list_name = "presets"
    title = "Presets of the sweep's panel"

    def read_item(self, record: Any) -> Preset:
        """See `ListFile.read_item`."""
        if not isinstance(record, dict) or set(record) != set(Preset.__dataclass_fields__):
            raise ValueError("a preset lacks its name or its values, or has more")
        name, values = record["name"], record["values"]
        if not isinstance(name, str) or not isinstance(values, dict):
            raise ValueError("a name is no text, or the values are no object")
        if not all(isinstance(value, str | bool) for value in values.values()):
            raise ValueError("a value is neither a text nor true or false")
        return Preset(name, values)

    def save(self, name: object, values: Mapping[str, str | bool]) -> Preset:
        """Keeps the values under a name, in place of those that it had. Raises `InvalidInput`."""
        new = Preset(_checked_name(name), dict(values))
        with self._locked():
            self._write([*(preset for preset in self._read() if preset.name != new.name), new])
        return new

    def recall(self, name: object) -> Preset | None:
        """The preset of that name, or None."""
        return next((preset for preset in self.all() if preset.name == name), None)


def _checked_name(name: object) -> str:
    text = name.strip() if isinstance(name, str) else ""
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        allowed = Text("a name of 1 to {most} characters", most=LONGEST_NAME)
        raise InvalidInput(Text("Preset"), name or "", allowed, Text("cannot be used"))
    return text
