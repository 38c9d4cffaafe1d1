"""What the header holds: the user's own list of quick settings with what is to be added to it. Plain lists only."""

from __future__ import annotations

import logging
from collections.abc import Collection

from ..hosts import CHECKPOINT, OPTION_KEY, VAE

log = logging.getLogger("clip_skip_lab")

ADDITIONS: dict[str, tuple[str, ...]] = {
    "Clip skip": (OPTION_KEY,),
    "Clip skip and VAE": (VAE, OPTION_KEY),
    "VAE": (VAE,),
    "Nothing": (),
}
"""What the setting offers, the default first, with the host's options that it stands for in their order."""

END, AFTER_CHECKPOINT, START = "At the end", "After the checkpoint", "At the start"
PLACES = (END, AFTER_CHECKPOINT, START)


def header_list(own: list[str], addition: str, place: str, elsewhere: Collection[str]) -> list[str]:
    """The list for the header.

    Args:
        own: the user's list of option keys; it is left as it is.
        addition: a key of `ADDITIONS`.
        place: one of `PLACES`; without a checkpoint in the list, "after" it is the end.
        elsewhere: options that are not to be added: the user has put them into another place of the page, or nobody
            may change them.
    """
    added = [key for key in _known(ADDITIONS, addition) if key not in own and key not in elsewhere]
    at = len(own)
    if place == START:
        at = 0
    elif place == AFTER_CHECKPOINT and CHECKPOINT in own:
        at = own.index(CHECKPOINT) + 1
    return [*own[:at], *added, *own[at:]]


def _known(offered: dict[str, tuple[str, ...]], name: str) -> tuple[str, ...]:
    if name not in offered:  # config.json can be edited by hand
        first = next(iter(offered))
        log.warning("Clip Skip Lab: the header has no choice %r; taken instead: %r", name, first)
        return offered[first]
    return offered[name]
