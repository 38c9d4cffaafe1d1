"""Sentences about models that were trained at another clip skip than the one in use. Knows no host."""

from __future__ import annotations

from dataclasses import dataclass

from ..language import Text
from .metadata import Training

NAME_LENGTH = 80


@dataclass(frozen=True)
class Source:
    """A file in use: `kind` is "checkpoint" or "lora", `name` what the user calls it."""

    kind: str
    name: str
    training: Training


PLACES = {
    "header": Text("the header says"),
    "override": Text("the override settings say"),
    "panel": Text("the panel says"),
}
"""Where the clip skip in use stands."""


@dataclass(frozen=True)
class Advice:
    """What to tell the user: nothing when `sentences` is empty.

    Attributes:
        sentences: one for each file that was trained at another value, and what to make of them together.
        values: the values to offer, the one that most files were trained at first; never the one in use.
    """

    sentences: tuple[Text, ...] = ()
    values: tuple[int, ...] = ()


def advise(sources: list[Source], clip_skip: int, place: str = "header", lowest: int = 1) -> Advice:
    """Compares what the files say with the clip skip in use, which stands in `place`, one of `PLACES`.

    Files that say nothing don't count. What is not above `lowest` is all the same to the host (`LayerFacts.lowest`).
    """
    telling = [(source, value) for source in sources if (value := source.training.clip_skip) is not None]
    others = [(source, value) for source, value in telling if max(value, lowest) != max(clip_skip, lowest)]
    if not others:
        return Advice()
    sentences = [_disagreement(source, clip_skip, PLACES[place]) for source, _ in others]
    values = [max(value, lowest) for _, value in others]
    if len({max(value, lowest) for _, value in telling}) > 1:
        sentences += [
            Text("{file} was trained at {clip_skip}, the value in use.", file=_named(source), clip_skip=clip_skip)
            for source, value in telling
            if (source, value) not in others
        ]
        sentences.append(Text("No one value suits them all."))
    return Advice(tuple(sentences), tuple(sorted(set(values), key=lambda value: (-values.count(value), value))))


def _disagreement(source: Source, clip_skip: int, place: Text) -> Text:
    return Text(
        "{file} was trained at clip skip {trained}; {place} {clip_skip}."
        if source.training.stated
        else "{file} was trained without clip skip, which is {trained}; {place} {clip_skip}.",
        file=_named(source),
        trained=source.training.clip_skip,
        place=place,
        clip_skip=clip_skip,
    )


def _named(source: Source) -> Text:
    name = source.name if len(source.name) <= NAME_LENGTH else f"{source.name[:NAME_LENGTH]}…"
    return Text("LoRA {name}", name=name) if source.kind == "lora" else Text("The checkpoint {name}", name=name)
