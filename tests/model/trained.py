"""Puts the trained model into a WebUI: `python -m tests.model.trained FOLDER`, its models/Stable-diffusion.

The yaml beside a checkpoint names the folder of the small text encoder, and a WebUI looks for it from its own working
directory: so the full path is written.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import yaml

MODEL = Path(__file__).parent
TEXT_FOLDER = "shapes-text-encoder"
CHECKPOINTS = {clip_skip: f"shapes-clip-skip-{clip_skip}" for clip_skip in (1, 2)}
"""Name of the checkpoint that was trained with each clip skip."""


def place(folder: str | Path, model: str | Path = MODEL) -> list[Path]:
    """Copies both checkpoints and the text encoder's files into a folder; returns the checkpoints' paths.

    A file that is there with the same content is left alone, so that hosts keep what they know about it.
    """
    folder, model = Path(folder).absolute(), Path(model)
    for file in sorted((model / TEXT_FOLDER).iterdir()):
        _write(folder / TEXT_FOLDER / file.name, file.read_bytes())
    placed = []
    for name in CHECKPOINTS.values():
        config = yaml.safe_load((model / f"{name}.yaml").read_text(encoding="utf-8"))
        config["model"]["params"]["cond_stage_config"]["params"]["version"] = str(folder / TEXT_FOLDER)
        # The yaml first: a host that looks meanwhile must not find the checkpoint alone.
        _write(folder / f"{name}.yaml", yaml.safe_dump(config, sort_keys=False).encode())
        _write(folder / f"{name}.safetensors", (model / f"{name}.safetensors").read_bytes())
        placed.append(folder / f"{name}.safetensors")
    return placed


def _write(path: Path, content: bytes) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    shutil.move(part, path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    for checkpoint in place(sys.argv[1]):
        print(checkpoint)
