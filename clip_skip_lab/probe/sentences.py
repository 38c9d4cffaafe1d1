"""What a probing found, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..language import Text, counted, listed
from .answer import Row

NOTHING_MEASURED = Text("Undecided: nothing was measured.")

MOST_NEEDED = 1_000
"""More pictures than that nobody gathers for this."""


@dataclass(frozen=True)
class Found:
    """What there is to say.

    Attributes:
        values: those that the pictures don't tell apart, the best first.
        rows: by clip skip.
        pictures: how many were measured.
        fewest: without how many nothing is decided.
        needed: how many more would tell these values apart.
        decided: whether the first one is the answer.
        predicts: whether the network predicts anything.
        follows: whether own captions do better than others'; None where that could not be measured.
        interrupted, out_of_time: why it ended early.
        drawn: whether the model drew the pictures.
    """

    values: Sequence[int]
    rows: Mapping[int, Row]
    pictures: int
    fewest: int
    needed: float
    decided: bool
    predicts: bool
    follows: bool | None
    interrupted: bool
    out_of_time: bool
    drawn: bool


def of(found: Found) -> Iterator[Text]:
    """The answer, the first sentence what was found."""
    if found.decided:
        yield _decided(found)
    elif not found.pictures:
        yield NOTHING_MEASURED
    elif found.pictures < found.fewest:
        yield Text(
            "Undecided: {pictures} cannot settle it. At least {fewest} are needed; 32 are usually enough.",
            pictures=_pictures(found.pictures),
            fewest=found.fewest,
        )
    elif not found.predicts:
        yield Text(
            "Undecided: this model hardly predicts the noise at all. Either it is not trained, or "
            "the WebUI takes it for another kind of model."
        )
    elif found.follows is False:
        yield Text(
            "Undecided: the images' own captions do no better than those of other images. Either the "
            "captions don't describe the images, or the model doesn't follow captions."
        )
    else:
        yield _undecided(found)
    if found.interrupted:
        yield Text("It was interrupted; this is what was measured until then.")
    elif found.out_of_time and not found.decided:
        yield Text("The time limit was reached; more time may settle it.")
    if found.drawn:
        yield Text("The model drew these images itself, which is weaker evidence than captioned images from elsewhere.")


def doing(pictures: int, values: Sequence[int]) -> Text:
    """What a probing does at the moment."""
    return Text(
        "Measured with {pictures}; still possible: clip skip {values}.",
        pictures=_pictures(pictures),
        values=", ".join(map(str, values)),
    )


def _decided(found: Found) -> Text:
    value = found.values[0]
    others = [row for row in found.rows.values() if row.clip_skip != value]
    closest = min(others, key=lambda row: row.worse_by)
    return Text(
        "Trained with clip skip {value}: at every other value, the model predicts the noise worse "
        "(the closest is {other}: {by:.1f} % worse, interval {low:.1f} to {high:.1f}). Measured with "
        "{pictures}.",
        value=value,
        other=closest.clip_skip,
        pictures=_pictures(found.pictures),
        **_worse(closest),
    )


def _undecided(found: Found) -> Text:
    values = listed([str(value) for value in sorted(found.values)])
    pictures = _pictures(found.pictures)
    best, *others = found.values
    if not others:
        ahead = Text("Undecided: clip skip {value} is ahead, but this could not be checked.", value=best)
        return Text("{ahead} Measured with {pictures}.", ahead=ahead, pictures=pictures)
    row = found.rows[others[0]]
    between = Text(
        "Undecided between clip skip {values}: {other} is {by:.1f} % worse than {best}, interval "
        "{low:.1f} to {high:.1f}. Measured with {pictures}.",
        values=values,
        best=best,
        other=row.clip_skip,
        pictures=pictures,
        **_worse(row),
    )
    return Text("{between} {more}", between=between, more=_more(found.needed))


def _pictures(count: int) -> Text:
    return counted(count, "{n} image", "{n} images")


def _worse(row: Row) -> dict[str, float]:
    return {"by": row.worse_by, "low": row.low, "high": row.high}


def _more(needed: float) -> Text:
    if needed > MOST_NEEDED:
        return Text("No realistic number of images would settle it: the checkpoint may be a merge of both.")
    if needed < 1:
        return Text("A few more images would settle it.")
    rounded = max(8, round(needed / 8) * 8)
    return Text("About {rounded} more images would settle it.", rounded=rounded)
