"""What differs between the WebUIs of a run: a picture must not depend on which of them made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import reduce
from typing import Any

from ..errors import InvalidInput
from ..language import Text
from .answers import WEBUI_FIELD
from .exchange import Described

WORDS = {
    "name": Text("the kind of WebUI"),
    "version": Text("the WebUI's version"),
    "torch": Text("the torch version"),
    "device": Text("the device"),
    "card": Text("the GPU"),
    "precision": Text("the precision"),
    "attention": Text("the cross attention optimization"),
    "format": Text("the file format of the images"),
    "quality": Text("the quality of JPEG images"),
    "program": Text("Clip Skip Lab"),
    "hash": Text("the checkpoint"),
    "vae": Text("the VAE"),
    "text_encoder": Text("the text encoder"),
    "weights": Text("the type of the weights"),
}
"""What is compared, by its key; settings and files have their own names."""

LONGEST = 60
"""Letters of a value that a sentence shows."""

MOST_NAMED = 6
"""Differences of a WebUI that are named; of those beyond, the number is."""


def check_same(described: Mapping[str, Described], allow_different: bool) -> list[Text]:
    """Makes sure that all WebUIs give the same pictures.

    Args:
        described: what each says of the job, by its address; the first is the one to compare with.
        allow_different: whether what differs is only told.

    Returns sentences on what differs. Raises `InvalidInput` with them where that isn't allowed, and for the same WebUI
    twice.
    """
    (first_url, first), *others = described.items()
    _check_apart(described)
    sentences = []
    for url, other in others:
        found = differences(first, other)
        if not found:
            continue
        if not allow_different:
            allowed = Text("WebUIs that make the same images, or --allow-different")
            problem = Text("differs from {first}: {differences}", first=first_url, differences=_named(found))
            raise InvalidInput(WEBUI_FIELD, url, allowed, problem)
        sentences.append(
            Text(
                "{url} differs from {first}, so images may differ: {differences}.",
                url=url,
                first=first_url,
                differences=_named(found),
            )
        )
    return sentences


def _check_apart(described: Mapping[str, Described]) -> None:
    """Raises `InvalidInput` for one WebUI that has two addresses: it would get two tasks at once."""
    known: dict[str, str] = {}
    for url, told in described.items():
        other = known.setdefault(told.instance, url) if told.instance else url
        if other != url:
            raise InvalidInput(
                WEBUI_FIELD, url, Text("each WebUI once"), Text("is the same WebUI as {other}", other=other)
            )


def differences(first: Described, other: Described) -> list[Text]:
    """What differs and may change pictures, as phrases.

    A checkpoint or file of which no hash is told counts as different: that it is the same cannot be known. Where the
    WebUIs are of different kinds, settings that only one of them has are not named.
    """
    if bool(first.program) != bool(other.program):  # one without it tells too little to compare
        return [_differs(("", "program"), other.program, first.program)]
    before, now = _facts(first), _facts(other)
    same_kind = before["", "name"] == now["", "name"]
    found = []
    for key in dict.fromkeys([*before, *now]):
        then, there = before.get(key), now.get(key)
        if then != there:
            if same_kind or key[0] != "setting" or (key in before and key in now):
                found.append(_differs(key, there, then))
        elif _is_hash(key) and not then:
            found.append(Text("{what} has no known hash", what=_what(key)))
    return found


def _differs(key: tuple[str, ...], there: Any, then: Any) -> Text:
    return Text("{what} is {there}, not {then}", what=_what(key), there=_shown(there), then=_shown(then))


def _named(found: list[Text]) -> Text | str:
    more = len(found) - MOST_NAMED
    first = reduce(lambda before, item: Text("{before}; {item}", before=before, item=item), found[:MOST_NAMED])
    return Text("{before}; and {count} more", before=first, count=more) if more > 0 else first


def _facts(told: Described) -> dict[tuple[str, ...], Any]:
    """All that is compared, by kind and name."""
    about = {**told.about, "device": told.about.get("device", "").partition(":")[0]}
    plain = {**about, **told.computes, "program": told.program}
    facts: dict[tuple[str, ...], Any] = {("", "name"): "", ("model", "hash"): ""}
    facts |= {("", name): value for name, value in plain.items()}
    facts |= {("model", name): value for name, value in told.model.items() if name != "name"}
    facts |= {("file", name): value for name, value in told.files.items()}
    for name, value in told.setting.items():
        inner = value if isinstance(value, dict) and name in ("options", "override_settings") else {"": value}
        facts |= {("setting", name, part): each for part, each in inner.items()}
    facts["plan", "Clip skip"] = told.plan.get("clip_skip")
    for axis in told.axes.values():
        if f"{axis.label} 1" not in told.files:  # of files, what counts is what is in them
            facts["plan", axis.label] = [*axis.values]
    return facts


def _is_hash(key: tuple[str, ...]) -> bool:
    return key[0] == "file" or key == ("model", "hash")


def _what(key: tuple[str, ...]) -> Text | str:
    kind, name, *more = key
    if kind == "file":
        return Text("the file for {name}", name=name)
    if kind == "setting":
        return Text('the setting "{name}"', name=(more and more[0]) or name)
    if kind == "plan":
        return Text('the list of values of "{name}"', name=name)
    return WORDS.get(name, name)


def _shown(value: Any) -> str:
    if value in (None, ""):
        return Text("missing")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
