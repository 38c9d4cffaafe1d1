"""Clip Skip Lab: everything about one setting, `CLIP_stop_at_last_layers`.

The rooms and the direction in which data flows are in docs/architecture.md.

Nothing is registered when this package is imported: a WebUI clears its callbacks on "Reload UI" but keeps
packages in `sys.modules`, so only `scripts/clip_skip_lab.py`, which it executes again, may register.
"""

__version__ = "1.0.0"
