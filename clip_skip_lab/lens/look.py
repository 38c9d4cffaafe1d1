"""What somebody asks of the lens, checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import InvalidInput
from ..language import Text

PROMPT, NEGATIVE_PROMPT = Text("Prompt"), Text("Negative prompt")

MOST_LETTERS = 20_000
"""Of a prompt: some 5,000 tokens, of which each takes a share of a second's encoding on a slow machine."""

KEYS = ("prompt", "negative_prompt", "clip_skip", "other_clip_skip", "mixing")


@dataclass(frozen=True)
class Look:
    """A question to the lens.

    Attributes:
        prompt, negative_prompt: in the host's syntax, with weights, BREAK, embeddings and LoRAs.
        clip_skip: None for what the host has set.
        other_clip_skip: to compare it with; None for 1, and for 2 where the first is 1.
        mixing: whether to find out which words mix, which takes a pass for each word.
    """

    prompt: str
    negative_prompt: str | None = None
    clip_skip: int | None = None
    other_clip_skip: int | None = None
    mixing: bool = False


def read_look(body: Mapping[str, object]) -> Look:
    """A request's body as a question. Raises `InvalidInput`."""
    for key in body:
        if key not in KEYS:
            raise InvalidInput(Text("lens"), key, ", ".join(KEYS), Text("is not a key"))
    prompt = _prompt(PROMPT, body.get("prompt", ""))
    if not prompt.strip():
        raise no_words(prompt)
    negative = body.get("negative_prompt")
    mixing = body.get("mixing", False)
    if not isinstance(mixing, bool):
        raise InvalidInput("mixing", mixing, "true, false")
    return Look(
        prompt,
        None if negative is None else _prompt(NEGATIVE_PROMPT, negative),
        _clip_skip("clip_skip", body.get("clip_skip")),
        _clip_skip("other_clip_skip", body.get("other_clip_skip")),
        mixing,
    )


def no_words(prompt: str) -> InvalidInput:
    """The error for a prompt in which nothing is left to look at."""
    return InvalidInput(PROMPT, prompt, Text("a prompt with at least one word"), Text("has no words"))


def _prompt(field: Text, given: object) -> str:
    if not isinstance(given, str):
        raise InvalidInput(field, given, Text("text"))
    if len(given) > MOST_LETTERS:
        allowed = Text("at most {most} characters", most=f"{MOST_LETTERS:,}")
        raise InvalidInput(field, given, allowed, Text("has {count} characters", count=f"{len(given):,}"))
    try:
        given.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(field, given, Text("text"), Text("contains a broken character")) from error
    return given


def _clip_skip(field: str, given: object) -> int | None:
    if given is None or (type(given) is int and given >= 1):
        return given
    raise InvalidInput(field, given, Text("a whole number from 1"))
