"""Small folders of sweeps for tests of the library: a `sweep.json` without pictures, written in no time."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

ID = "2026-11-22-0a1b2c3d"
OLD = 1_700_000_000
"""Seconds since 1970: a time of change that is past."""


def write_sweep(base: Path, name: str = ID, **changes: Any) -> Path:
    """A sweep of two cells, one of them done, with other content for some keys. Its folder."""
    folder = base / "clip-skip-sweeps" / name
    (folder / "cells").mkdir(parents=True, exist_ok=True)
    (folder / "cells" / "0001.png").write_bytes(b"picture")
    content = {
        "schema": 1,
        "id": name,
        "created": "2026-11-22T10:00:00+01:00",
        "state": "interrupted",
        "plan": {},
        "model": {"name": "tiny"},
        "setting": {"prompt": "a <b>cat</b>"},
        "axes": [{"name": "Clip skip", "values": [1, 2]}],
        "cells": [{"state": "done"}, {"state": "not run"}],
        **changes,
    }
    (folder / "sweep.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def settle(folder: Path, number: int = 0) -> None:
    """Gives the files of a sweep a time of change long past: until then the library doesn't trust it."""
    for name in ("sweep.json", "judged.json"):
        if (folder / name).exists():
            os.utime(folder / name, ns=(OLD * 10**9 + number, OLD * 10**9 + number))
