"""Sentences about models that were trained at another clip skip than the one in use. Knows no host."""

from __future__ import annotations

from dataclasses import dataclass

from ..language import Text, counted
from .measured import Measurement
from .metadata import Training

NAME_LENGTH = 80


@dataclass(frozen=True)
class Source:
    """A file in use.

    Attributes:
        kind: "checkpoint" or "lora".
        name: what the user calls it.
        training: what its header says.
        measured: what its weights answered, decided or not; those of a checkpoint alone, or with all LoRAs in use.
    """

    kind: str
    name: str
    training: Training
    measured: Measurement | None = None

    @property
    def clip_skip(self) -> int | None:
        """The clip skip of its training, None where neither weights nor header tell it; the weights count."""
        told = self.measured.clip_skip if self.measured is not None else None
        return told or self.training.clip_skip

    @property
    def is_measured(self) -> bool:
        """Whether it is its weights that tell."""
        return self.measured is not None and self.measured.clip_skip is not None

    @property
    def with_loras(self) -> bool:
        """Whether its weights were asked together with the LoRAs in use."""
        return self.is_measured and self.measured is not None and bool(self.measured.loras)


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

    Files that say nothing don't count, nor do the headers of LoRAs with which the weights were asked. What is not above
    `lowest` is all the same to the host (`LayerFacts.lowest`).
    """
    together = [source for source in sources if source.with_loras]
    telling = [(source, value) for source in together or sources if (value := source.clip_skip) is not None]
    others = [(source, value) for source, value in telling if max(value, lowest) != max(clip_skip, lowest)]
    if not others:
        return Advice()
    sentences = [
        sentence
        for source, value in others
        for sentence in (_disagreement(source, value, clip_skip, PLACES[place]), *_contradiction(source))
    ]
    values = [max(value, lowest) for _, value in others]
    if len({max(value, lowest) for _, value in telling}) > 1:
        sentences += [
            Text(
                "{file} was trained at clip skip {clip_skip}, the value in use.",
                file=_named(source),
                clip_skip=clip_skip,
            )
            for source, value in telling
            if (source, value) not in others
        ]
        sentences.append(Text("No single value suits them all."))
    return Advice(tuple(sentences), tuple(sorted(set(values), key=lambda value: (-values.count(value), value))))


@dataclass(frozen=True)
class Chosen:
    """A value that the user chose in sweeps with the checkpoint in use, more often than by chance.

    Attributes:
        clip_skip: the value.
        chosen, offered: in how many sweeps, of how many that offered it.
    """

    clip_skip: int
    chosen: int
    offered: int


def of_choice(
    chosen: list[Chosen], clip_skip: int, place: str = "header", lowest: int = 1, remembered: int | None = None
) -> tuple[Chosen, Text] | None:
    """What to say of the user's own choice, where the clip skip in use or the remembered one is none of it.

    Args:
        chosen: every such value, the one that was chosen most often first.
        clip_skip, place, lowest: see `advise`.
        remembered: the checkpoint's value in the memory, None where there is none or nothing is remembered.

    Returns the value to offer, and the sentence.
    """
    if not chosen:
        return None
    best, own = chosen[0], {max(one.clip_skip, lowest) for one in chosen}
    parts = {"value": best.clip_skip, "chosen": best.chosen, "offered": best.offered}
    if max(clip_skip, lowest) not in own:
        return best, Text(
            "You chose clip skip {value} in {chosen} of {offered} sweeps with this checkpoint; {place} {clip_skip}.",
            **parts,
            place=PLACES[place],
            clip_skip=clip_skip,
        )
    if remembered is not None and max(remembered, lowest) not in own:
        return best, Text(
            "You chose clip skip {value} in {chosen} of {offered} sweeps with this checkpoint; the remembered "
            "value is {remembered}.",
            **parts,
            remembered=remembered,
        )
    return None


def _disagreement(source: Source, trained: int, clip_skip: int, place: Text) -> Text:
    return Text(
        "{file} was trained at clip skip {trained} (measured); {place} {clip_skip}."
        if source.is_measured
        else "{file} was trained at clip skip {trained}; {place} {clip_skip}."
        if source.training.stated
        else "{file} was trained without clip skip (that is, at {trained}); {place} {clip_skip}.",
        file=_named(source),
        trained=trained,
        place=place,
        clip_skip=clip_skip,
    )


def _contradiction(source: Source) -> list[Text]:
    """That a file's header says another value than its weights, where it does."""
    said, measured = source.training.clip_skip, source.measured
    if said is None or not source.is_measured or measured is None or source.with_loras or said == measured.clip_skip:
        return []
    pictures = (
        counted(measured.pictures, "{n} image it generated", "{n} images it generated")
        if measured.drawn
        else counted(measured.pictures, "{n} image", "{n} images")
    )
    return [
        Text(
            "Its metadata says {said}, but its weights say {measured} (measured with {pictures}).",
            said=said,
            measured=measured.clip_skip,
            pictures=pictures,
        )
    ]


def _named(source: Source) -> Text:
    name = source.name if len(source.name) <= NAME_LENGTH else f"{source.name[:NAME_LENGTH]}…"
    if source.with_loras:
        return Text("The checkpoint {name} with these LoRAs", name=name)
    return Text("LoRA {name}", name=name) if source.kind == "lora" else Text("The checkpoint {name}", name=name)
