"""`python -m clip_skip_lab`: the same as the command `clip-skip-lab`."""

from __future__ import annotations

import sys

from .many.command import main

if __name__ == "__main__":
    sys.exit(main())
