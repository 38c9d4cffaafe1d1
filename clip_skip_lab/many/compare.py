"""What differs between the WebUIs of a run: a picture must not depend on which of them made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import InvalidInput
from ..language import Text, listed
from .exchange import Described

WORDS = {
    "name": Text("the kind of WebUI"),
    "version": Text("the WebUI's version"),
    "torch": Text("the version of torch"),
    "device": Text("the device"),
    "card": Text("the card"),
    "precision": Text("the precision"),
    "attention": Text("the cross attention optimization"),
    "format": Text("the pictures' file format"),
    "quality": Text("the quality of JPEG pictures"),
    "program": Text("Clip Skip Lab"),
    "hash": Text("the checkpoint"),
    "vae": Text("the VAE"),
    "text_encoder": Text("the text encoder"),
    "weights": Text("the type of the weights"),
}
"""What is compared, by its key; settings and files have their own names."""

LONGEST = 60
"""Letters of a value that a sentence shows."""


def check_same(described: Mapping[str, Described], allow_different: bool) -> list[Text]:
    """Makes sure that all WebUIs give the same pictures.

    Args:
        described: what each says of the job, by its address; the first is the one to compare with.
        allow_different: whether what differs is only told.

    Returns sentences on what differs. Raises `InvalidInput` with them where that isn't allowed.
    """
    found = differences(described)
    if found and not allow_different:
        allowed = Text("WebUIs that give the same pictures, or --allow-different")
        raise InvalidInput(
            "WebUI", [*described][1:], allowed, Text("would not: {differences}", differences=listed(found))
        )
    return [Text("The WebUIs differ, and so may their pictures: {difference}.", difference=found) for found in found]


def differences(described: Mapping[str, Described]) -> list[Text]:
    """What differs and may change pictures, as phrases, each WebUI compared with the first.

    A checkpoint or file of which no hash is told counts as different: that it is the same cannot be known.
    """
    (first_url, first), *others = described.items()
    before = _facts(first)
    found = []
    for url, other in others:
        now = _facts(other)
        for key in dict.fromkeys([*before, *now]):
            then, there = before.get(key), now.get(key)
            if then != there:
                found.append(
                    Text(
                        "{what} is {there} on {url} and {then} on {first}",
                        what=_named(key),
                        there=_shown(there),
                        url=url,
                        then=_shown(then),
                        first=first_url,
                    )
                )
            elif _is_hash(key) and not then:
                found.append(
                    Text("of {what}, {url} and {first} tell no hash", what=_named(key), url=url, first=first_url)
                )
    return found


def _facts(told: Described) -> dict[tuple[str, ...], Any]:
    """All that is compared, by kind and name."""
    about = {**told.about, "device": told.about.get("device", "").partition(":")[0]}
    plain = {**about, **told.computes, "program": told.program}
    facts: dict[tuple[str, ...], Any] = {("", name): value for name, value in plain.items()}
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


def _named(key: tuple[str, ...]) -> Text | str:
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
        return Text("not told")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
