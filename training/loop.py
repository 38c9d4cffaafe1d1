"""One stage's training: steps with a log, a checkpoint every minute, and going on where it was interrupted."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

log = logging.getLogger("training")

SAVE_EVERY = 60.0
LOG_EVERY = 50
WARM_UP = 100


class Stage:
    """Networks and their optimiser, kept in one file of the working folder.

    Attributes:
        networks: what is trained, by name.
        averaged: names of the networks of which a running average of the weights is kept (and used in the end).
        step: how many steps are done.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        networks: dict[str, torch.nn.Module],
        rate: float,
        seed: int,
        average: float = 0.0,
    ) -> None:
        self.file = Path(folder) / f"{name}.pt"
        self.history = Path(folder) / f"{name}.jsonl"
        self.name, self.networks, self.rate, self.seed, self.average = name, networks, rate, seed, average
        self.parameters = [p for network in networks.values() for p in network.parameters() if p.requires_grad]
        decayed = [p for p in self.parameters if p.dim() > 1]
        others = [p for p in self.parameters if p.dim() <= 1]
        groups = [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), fused=True)
        self.mean = [p.detach().clone() for p in self.parameters] if average else []
        self.step = 0
        if self.file.exists():
            self._load()

    def _load(self) -> None:
        kept = torch.load(self.file, map_location="cpu", weights_only=True)
        for name, network in self.networks.items():
            network.load_state_dict(kept["networks"][name])
        self.optimizer.load_state_dict(kept["optimizer"])
        for mean, value in zip(self.mean, kept["mean"], strict=True):
            mean.copy_(value)
        self.step = kept["step"]
        log.info("%s: going on from step %d", self.name, self.step)

    def save(self) -> None:
        """Writes everything that is needed to go on."""
        kept = {
            "networks": {name: network.state_dict() for name, network in self.networks.items()},
            "optimizer": self.optimizer.state_dict(),
            "mean": self.mean,
            "step": self.step,
        }
        part = self.file.with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        torch.save(kept, part)
        part.replace(self.file)

    def run(self, steps: int, loss_of: Callable[[np.random.Generator, float], dict[str, torch.Tensor]]) -> list[dict]:
        """Trains until `steps` steps are done; returns the logged losses.

        Args:
            steps: the whole length, on which the learning rate's cosine decay depends; may differ when going on.
            loss_of: from a generator of random numbers (of its own in each step, so that an interrupted training
                goes on with what it would have drawn) and the share of the training that is done to the losses by
                name; the one called "loss" is minimised.
        """
        sums: dict[str, float] = {}
        logged = []
        began = saved = time.monotonic()
        first = self.step
        while self.step < steps:
            rate = self.rate * min(1.0, (self.step + 1) / WARM_UP) * (0.02 + 0.98 * _cosine(self.step / steps))
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            torch.manual_seed(self.seed * 1_000_003 + self.step)
            losses = loss_of(np.random.default_rng([self.seed, self.step]), self.step / steps)
            self.optimizer.zero_grad(set_to_none=True)
            losses["loss"].backward()
            torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
            self.optimizer.step()
            self.step += 1
            if self.average:
                # The average of a short training must not remember its beginning.
                keep = min(self.average, 1 - 10 / (10 + self.step))
                torch._foreach_lerp_(self.mean, [p.detach() for p in self.parameters], 1 - keep)
            for key, value in losses.items():
                sums[key] = sums.get(key, 0.0) + float(value.detach())
            if self.step % LOG_EVERY == 0 or self.step == steps:
                count = (self.step - 1) % LOG_EVERY + 1 if self.step == steps else LOG_EVERY
                count = min(count, self.step - first)
                line = {"step": self.step, **{k: round(v / count, 5) for k, v in sums.items()}}
                line["rate"], line["seconds"] = round(rate, 7), round(time.monotonic() - began, 1)
                logged.append(line)
                self.history.parent.mkdir(parents=True, exist_ok=True)
                with self.history.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
                log.info("%s: %s", self.name, json.dumps(line))
                sums, first = {}, self.step
            if time.monotonic() - saved > SAVE_EVERY:
                self.save()
                saved = time.monotonic()
        self.save()
        return logged

    def take_average(self) -> None:
        """Puts the averaged weights into the networks."""
        for parameter, mean in zip(self.parameters, self.mean, strict=True):
            parameter.data.copy_(mean)


def _cosine(share: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
