"""How the command speaks to a terminal, and what it exits with."""

from __future__ import annotations

import sys

from ..errors import InvalidInput
from ..language import translated
from ..sweep.summary import one_line

DONE, MISSING, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

EXIT_CODES = """exit codes:
  0    everything is done
  1    something is missing: cells failed, no WebUI was left, or a disk is full
  2    an input cannot be used; nothing was generated
  130  interrupted: finished cells are kept, and --resume runs the rest"""

LONGEST = 2_000
"""Letters of a sentence, of which some come from WebUIs and files."""


def say(text: str, language: str) -> None:
    """Writes a line on standard output, in a language."""
    sys.stdout.write(f"{one_line(translated(text, language), LONGEST)}\n")
    sys.stdout.flush()


def complain(error: InvalidInput | str, language: str) -> None:
    """Writes a sentence on standard error, in a language."""
    sentence = error.sentence if isinstance(error, InvalidInput) else error
    sys.stderr.write(f"{one_line(translated(sentence, language), LONGEST)}\n")
