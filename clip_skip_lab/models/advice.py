"""Sentences about models that were trained at another clip skip than the one in use. Knows no host."""

from __future__ import annotations

from dataclasses import dataclass

from .metadata import Training

NAME_LENGTH = 80


@dataclass(frozen=True)
class Source:
    """A file in use: `kind` is "checkpoint" or "lora", `name` what the user calls it."""

    kind: str
    name: str
    training: Training


@dataclass(frozen=True)
class Sentence:
    """The same sentence in English and Japanese."""

    en: str
    ja: str


PLACES = {
    "header": Sentence("the header says", "ヘッダーの値は"),
    "override": Sentence("the override settings say", "上書き設定の値は"),
    "panel": Sentence("the panel says", "パネルの値は"),
}
"""Where the clip skip in use stands."""


@dataclass(frozen=True)
class Advice:
    """What to tell the user: nothing when `sentences` is empty.

    Attributes:
        sentences: one for each file that was trained at another value, and what to make of them together.
        values: the values to offer, the one that most files were trained at first; never the one in use.
    """

    sentences: tuple[Sentence, ...] = ()
    values: tuple[int, ...] = ()


def advise(sources: list[Source], clip_skip: int, place: str = "header") -> Advice:
    """Compares what the files say with the clip skip in use, which stands in `place`, one of `PLACES`.

    Files that say nothing don't count.
    """
    telling = [source for source in sources if source.training.clip_skip is not None]
    others = [source for source in telling if source.training.clip_skip != clip_skip]
    if not others:
        return Advice()
    sentences = [_sentence(source, clip_skip, PLACES[place]) for source in others]
    if len({source.training.clip_skip for source in telling}) > 1:
        agreeing = [source for source in telling if source.training.clip_skip == clip_skip]
        sentences += [_agreement(source, clip_skip) for source in agreeing]
        sentences.append(Sentence("No one value suits them all.", "すべてに合う値はありません。"))
    values = [source.training.clip_skip for source in others]
    return Advice(tuple(sentences), tuple(sorted(set(values), key=lambda value: (-values.count(value), value))))


def _sentence(source: Source, clip_skip: int, place: Sentence) -> Sentence:
    en, ja = _named(source)
    value = source.training.clip_skip
    if source.training.stated:
        return Sentence(
            f"{en} was trained at clip skip {value}; {place.en} {clip_skip}.",
            f"{ja}は clip skip {value} で学習されていますが、{place.ja} {clip_skip} です。",
        )
    return Sentence(
        f"{en} was trained without clip skip, which is {value}; {place.en} {clip_skip}.",
        f"{ja}は clip skip なし(値は {value})で学習されていますが、{place.ja} {clip_skip} です。",
    )


def _agreement(source: Source, clip_skip: int) -> Sentence:
    en, ja = _named(source)
    return Sentence(
        f"{en} was trained at {clip_skip}, the value in use.",
        f"{ja}は使用中の値 {clip_skip} で学習されています。",
    )


def _named(source: Source) -> tuple[str, str]:
    name = source.name if len(source.name) <= NAME_LENGTH else f"{source.name[:NAME_LENGTH]}…"
    if source.kind == "lora":
        return f"LoRA {name}", f"LoRA「{name}」"
    return f"The checkpoint {name}", f"チェックポイント「{name}」"
