"""Which clip skip checkpoints were trained with, as their weights answered. Knows no host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..sweep.layer_request import BIG_G_SKIP, CLIP_L_SKIP, CLIP_SKIP
from .list_file import ListFile, about_file, key_of
from .memory import checked_clip_skip

ASKED = (CLIP_SKIP, CLIP_L_SKIP, BIG_G_SKIP)
"""What can have been asked: of all text encoders alike, or of one of SDXL's."""


@dataclass(frozen=True)
class Measurement:
    """One answer of a checkpoint's weights.

    Attributes:
        name: the checkpoint's file, as a path below the folder of checkpoints.
        sha256: of the file, in hexadecimal, or None where the host has not worked it out (`--no-hashing`).
        loras: with which LoRAs it was asked, in the form of `normal_loras`; "" for none.
        vary: what was asked, one of `ASKED`.
        clip_skip: the value that was decided, None for none.
        candidates: the values that the pictures don't tell apart, the best first.
        worse_by: by how many percent the value that comes closest is worse; None where only one was measured.
        pictures: how many were measured.
        drawn: whether the model drew them itself, which is weaker evidence.
        time: when, ISO 8601 with seconds.
    """

    name: str
    sha256: str | None
    loras: str
    vary: str
    clip_skip: int | None
    candidates: tuple[int, ...]
    worse_by: float | None
    pictures: int
    drawn: bool
    time: str

    @property
    def key(self) -> str:
        """What names this answer: its checkpoint, what was asked, and the LoRAs."""
        return " ".join(filter(None, (key_of(self.name, self.sha256), self.vary, self.loras)))

    def is_better_than(self, other: Measurement) -> bool:
        """Whether this one, which is newer, takes the other's place.

        The newer one counts, but a decision stands until another is made on evidence of no weaker kind, or until more
        pictures leave it open.
        """
        if other.clip_skip is None:
            return True
        if self.drawn and not other.drawn:
            return False
        return self.clip_skip is not None or self.pictures > other.pictures


class Measured(ListFile[Measurement]):
    """What was measured, in `measured.json`."""

    file_name = "measured.json"
    list_name = "answers"
    title = "Which clip skip checkpoints were trained with"

    def read_item(self, record: Any) -> Measurement:
        """See `ListFile.read_item`."""
        if not isinstance(record, dict) or set(record) != set(Measurement.__dataclass_fields__):
            raise ValueError("an answer lacks something, or has more")
        texts = [record[key] for key in ("name", "loras", "vary", "time")]
        if not all(isinstance(text, str) for text in texts) or not isinstance(record["sha256"], str | None):
            raise ValueError("a name, a hash, LoRAs or a time is not text")
        if record["vary"] not in ASKED or not isinstance(record["candidates"], list):
            raise ValueError("what was asked is not known, or the candidates are no list")
        if type(record["pictures"]) is not int or type(record["drawn"]) is not bool:
            raise ValueError("the images are no number, or whether they were drawn is not said")
        if type(record["worse_by"]) not in (float, int, type(None)):
            raise ValueError("by how much the others are worse is no number")
        if record["clip_skip"] is not None:
            checked_clip_skip(record["clip_skip"])
        candidates = tuple(checked_clip_skip(value) for value in record["candidates"])
        return Measurement(**{**record, "candidates": candidates})

    def remember(self, new: Measurement) -> None:
        """Keeps an answer, unless there is a better one to the same question, see `Measurement.is_better_than`."""
        with self._locked():
            answers = self._read()
            found = _answer(answers, new.name, new.sha256, new.loras, new.vary)
            if found is None or new.is_better_than(found):
                new = replace(new, sha256=new.sha256 or (found.sha256 if found else None))
                self._write([answer for answer in answers if answer is not found] + [new])

    def recall(self, name: str, sha256: str | None, loras: str = "", vary: str = CLIP_SKIP) -> Measurement | None:
        """The answer for the checkpoint of this name and hash with exactly these LoRAs, decided or not, or None.

        A file that was renamed is known by its hash. A file under a known name, but with another hash, is another
        checkpoint.
        """
        with self._locked():
            return _answer(self._read(), name, sha256, loras, vary)


def _answer(answers: list[Measurement], name: str, sha256: str | None, loras: str, vary: str) -> Measurement | None:
    alike = [answer for answer in answers if (answer.loras, answer.vary) == (loras, vary)]
    return about_file(alike, name, sha256)


def to_json(measurement: Measurement | None) -> dict[str, Any] | None:
    """What the API tells of an answer."""
    if measurement is None:
        return None
    said = asdict(measurement)
    return {key: said[key] for key in ("clip_skip", "candidates", "worse_by", "pictures", "drawn", "loras", "time")}


def normal_loras(tags: Iterable[tuple[Sequence[str], Mapping[str, str]]]) -> str:
    """LoRAs of a prompt in one form, whatever their order and however their weights are written: "a:1, b:0.8:0.5".

    Args:
        tags: of each the parts of `<lora:name:0.8:te=1>` between the colons, those without a name and those with one.

    Raises nothing: what is no number stays as it was written.
    """
    return ", ".join(sorted(_normal(list(positional), named) for positional, named in tags if positional))


def _normal(positional: list[str], named: Mapping[str, str]) -> str:
    name, *weights = positional
    given = dict(zip(("te", "unet", "dyn"), weights, strict=False)) | dict(named)
    text_encoder = _number(given.pop("te", "1"))
    unet = _number(given.pop("unet", text_encoder))
    both = [text_encoder] if unet == text_encoder else [text_encoder, unet]
    return ":".join([name, *both, *(f"{key}={value}" for key, value in sorted(given.items()))])


def _number(text: str) -> str:
    try:
        return f"{float(text):g}"
    except ValueError:
        return text
