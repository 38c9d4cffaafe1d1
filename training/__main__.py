"""`python -m training STAGE`: one stage of the training, or the whole; see docs/small-model.md.

Each stage goes on where it was interrupted (Ctrl-C keeps what was saved at most a minute ago) and ends at a gate: the
next one doesn't start on what isn't good enough.
"""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

STAGES = ("text", "vae", "unet-1", "unet-2", "pack", "evaluate")
ROOT = Path(__file__).resolve().parents[1]


def main(argv: list[str] | None = None) -> int:
    """Runs what the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__.split("\n\n")[0])
    parser.add_argument("stage", choices=[*STAGES, "all", "claims", "chart", "sentences", "trained-with", "lens"])
    parser.add_argument("--folder", type=Path, default=ROOT / "training-data", help="states, logs, results")
    parser.add_argument("--steps", type=int, help="length of the stage's training (default: that of the stage)")
    parser.add_argument("--threads", type=int, default=1, help="threads of one process (default 1)")
    parser.add_argument(
        "--model", type=Path, default=ROOT / "tests" / "model", help="where the checkpoints are written"
    )
    parser.add_argument(
        "--url", help="for evaluate and sentences: a WebUI that has the checkpoints; without it no host is needed"
    )
    parser.add_argument("--clip-skips", default="1-12", help="for evaluate: a range, or one number")
    parser.add_argument("--cfg-scales", default="5", help="for evaluate: numbers with commas")
    parser.add_argument("--captions", type=int, help="how many unseen captions: evaluate 200, sentences 20 of a kind")
    parser.add_argument("--objects", type=int, choices=(1, 2), default=1, help="for evaluate: objects in a picture")
    parser.add_argument("--trained-with", type=int, choices=(1, 2), help="for evaluate: only this model")
    asked = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    os.environ.setdefault("OMP_NUM_THREADS", str(asked.threads))

    from . import stages

    stages.prepare(asked.folder, asked.threads)
    for stage in STAGES if asked.stage == "all" else (asked.stage,):
        problem = stages.run(stage, asked)
        if problem:
            logging.getLogger("training").error("%s: %s", stage, problem)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
