"""What is shown on the page to try: two sweeps of the small trained models, and what the lens says of three prompts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.helpers.client import CHECKPOINT, Client, Sweep
from tests.model import trained

SETTING = {
    "negative_prompt": "",
    "sampler_name": "DPM++ 2M",
    "scheduler": "Karras",
    "steps": 16,
    "cfg_scale": 5,
    "width": 64,
    "height": 64,
}


@dataclass(frozen=True)
class Shown:
    """A prompt on a checkpoint.

    Attributes:
        name: of its folder in docs/try/, and in the lens's list.
        title: what the lens's list calls it, by language.
        prompt: what is asked for.
        trained_with: the clip skip that the checkpoint was trained with, which names it.
        seed: of its images.
        axis: the second axis of its sweep, None where it has no sweep.
        over_layers: the value of that axis whose images the lens shows over its layers.
    """

    name: str
    title: dict[str, str]
    prompt: str
    trained_with: int
    seed: int = 1
    axis: dict[str, str] | None = None
    over_layers: float = 0

    @property
    def checkpoint(self) -> str:
        """Its name."""
        return trained.CHECKPOINTS[self.trained_with]


SHOWN = (
    Shown(
        "two-objects",
        {"en": "Two objects", "ja": "図形 2 つ"},
        "yellow triangle on the left, red circle on the right, blue background",
        trained_with=1,
        axis={"axis": "Seed", "values": "1-4"},
        over_layers=1,
    ),
    Shown(
        "one-object",
        {"en": "One object", "ja": "図形 1 つ"},
        "masterpiece, green cross, white background, large",
        trained_with=2,
        axis={"axis": "CFG Scale", "values": "3, 5, 8, 12"},
        over_layers=5,
    ),
    Shown(
        "exchanged",
        {"en": "Two objects, colors exchanged", "ja": "図形 2 つ、色を入れ替え"},
        "red triangle on the left, yellow circle on the right, blue background",
        trained_with=1,
    ),
)
"""In the order of the lens's list."""


def swept(client: Client, shown: Shown) -> Sweep:
    """Runs a sweep as a user would: every setting of the panel but values and second axis as it is."""
    return client.sweep(
        **SETTING,
        prompt=shown.prompt,
        seed=shown.seed,
        script_args=[{"clip_skip": "1-12", "y": shown.axis}],
        override_settings={CHECKPOINT: shown.checkpoint},
    )


def looked_at(client: Client, shown: Shown) -> dict[str, Any]:
    """What the lens's route answers."""
    client.set({CHECKPOINT: shown.checkpoint})
    client.generate(steps=1)  # a host may load what is chosen with the next generation
    return client.lens(shown.prompt, clip_skip=shown.trained_with, mixing=True)
