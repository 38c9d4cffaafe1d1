"""The clip skip that the command line gives for the start (`--clip-skip-lab-value`)."""

from __future__ import annotations

import logging

from modules import shared

from ..hosts import OPTION_KEY, Host

log = logging.getLogger("clip_skip_lab")


def apply_start_value(host: Host) -> None:
    """Sets clip skip to the value of the flag, once for each start of the process.

    The flag is used up: "Reload UI" comes here again, and shall not undo what the user has set since.
    """
    value = getattr(shared.cmd_opts, "clip_skip_lab_value", None)  # absent when installed since the process started
    if value is None:
        return
    shared.cmd_opts.clip_skip_lab_value = None
    highest = host.highest_clip_skip()
    if not 1 <= value <= highest:
        log.error("Clip Skip Lab: --clip-skip-lab-value %s is ignored; allowed: 1 to %s.", value, highest)
        return
    try:
        shared.opts.set(OPTION_KEY, value)
    except AssertionError as error:  # the host's way to refuse a change of frozen settings
        log.error("Clip Skip Lab: --clip-skip-lab-value %s is ignored: %s.", value, error)
