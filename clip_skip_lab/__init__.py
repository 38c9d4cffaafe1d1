"""Clip Skip Lab: everything about one setting, `CLIP_stop_at_last_layers`.

Rooms, and the direction in which data flows:

- `sweep`  what a sweep is: values, axes, plan, cells, folder on disk, grid. Knows no host and no torch.
- `hosts`  what the WebUI around us can do, behind one small interface.
- `ui`     the panel in the Script dropdown. With `hosts` the only place that imports `modules`.

Nothing is registered when this package is imported: a WebUI clears its callbacks on "Reload UI" but keeps
packages in `sys.modules`, so only `scripts/clip_skip_lab.py`, which it executes again, may register.
"""

__version__ = "0.1.0"
