"""Losses that are asked once and kept, so that hundreds of draws of pictures cost no predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from clip_skip_lab.probe.decision import Numbers, interval
from clip_skip_lab.probe.losses import Losses, Noised, noised
from clip_skip_lab.probe.probing import CONTROLS
from clip_skip_lab.probe.search import STRATA, Search
from clip_skip_lab.sweep.layer_request import LayerRequest

SEED = 1
STEPS = 1000
TURNS = 2
"""Passes over the pictures at most, where a probing takes six: more cost more than they tell about the measure."""


class Table:
    """Losses of pictures at clip skips: [pictures, strata, turns, 2 × values], NaN where nobody asked yet.

    The second half of the last axis has another picture's caption in the place of the own one.

    Args:
        file: where it is kept; what is there already isn't asked again.
        network: a `Network`.
        latents: [pictures] of [values] latent pictures, [1, channels, height, width] each, or of one for all values.
        captions: [pictures].
        others: [pictures] other pictures' captions.
        values: the clip skips.
    """

    def __init__(self, file: Path, network, latents, captions: Sequence[str], others: Sequence[str], values):
        self.file, self.values = file, list(values)
        self._losses = Losses(network)
        self._network, self._latents, self._captions = network, latents, (captions, others)
        shape = (len(latents), STRATA, TURNS, 2 * len(self.values))
        self.kept = np.load(file) if file.exists() else np.full(shape, np.nan, dtype=np.float32)
        if self.kept.shape != shape:
            raise SystemExit(f"{file} is of another size: delete it")

    @property
    def pictures(self) -> int:
        """How many there are."""
        return len(self.kept)

    @property
    def predictions(self) -> int:
        """How many were asked."""
        return int(np.isfinite(self.kept).sum())

    def of(self, picture: int, strata: Sequence[int], turn: int, columns: Sequence[int]) -> Numbers:
        """[columns, strata] losses; asks for what isn't there."""
        own, other = (texts[picture] for texts in self._captions)
        if own == other:  # else what rounds otherwise in another batch would pass for a difference
            columns = [column % len(self.values) for column in columns]
        part = self.kept[picture, :, turn]
        missing = np.isnan(part[np.ix_(strata, columns)])
        if missing.any():
            lacking = [column for column, any_ in zip(columns, missing.any(0), strict=True) if any_]
            cells = [stratum for stratum, any_ in zip(strata, missing.any(1), strict=True) if any_]
            part[np.ix_(cells, lacking)] = self._ask(picture, cells, turn, lacking).T
        return part[np.ix_(strata, columns)].T.astype(float)

    def whole(self, columns: Sequence[int] | None = None, turns: int = 1) -> Numbers:
        """[pictures, strata, turns, columns] losses of the own captions, all asked."""
        chosen = list(columns if columns is not None else range(len(self.values)))
        for picture in range(self.pictures):
            for turn in range(turns):
                self.of(picture, range(STRATA), turn, chosen)
        self.save()
        return self.kept[:, :, :turns, chosen].astype(float)

    def save(self) -> None:
        """Writes it down."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        np.save(self.file, self.kept)

    def _ask(self, picture: int, strata: Sequence[int], turn: int, columns: Sequence[int]) -> Numbers:
        latents = [self._latent(picture, column) for column in columns]
        # All strata are drawn, whichever are asked, so that one's noise is the same whenever it is asked.
        drawn = noised(latents[0], range(STRATA), (SEED, picture, turn), STEPS)
        asked = Noised(list(strata), drawn.steps[list(strata)], drawn.noise[list(strata)])
        return self._losses.of(latents, asked, [self._conditioning(picture, column) for column in columns])

    def _latent(self, picture: int, column: int) -> torch.Tensor:
        own = self._latents[picture]
        return own[column % len(self.values)] if len(own) > 1 else own[0]

    def _conditioning(self, picture: int, column: int):
        foreign, place = divmod(column, len(self.values))
        request = LayerRequest(value=self.values[place])
        return self._network.conditionings(self._captions[foreign][picture], [request], 64, 64, True)[0]


@dataclass
class Outcome:
    """What one draw came to: the best value's place, whether it is decided (and before the control), and the cost."""

    best: int
    decided: bool
    found: bool
    pictures: int
    predictions: int


Ask = Callable[[int, Sequence[int], int, Sequence[int]], Numbers]
FEW = 4
"""Pictures that are asked once only: their values are hardly ever dropped, so that each pass costs the whole table."""


def search(ask: Ask, values: int, pictures: int, kind: type[Search] = Search) -> Outcome:
    """A search as `clip_skip_lab.probe.probing` runs it, with its control.

    Args:
        ask: (picture, strata, turn, columns) → losses; the columns from `values` on have another picture's caption.
        values, pictures: how many there are.
        kind: another way to choose time steps, for comparison.
    """
    searched, predictions = kind(values, pictures), 0

    def asked(picture: int, strata: Sequence[int], turn: int, columns: Sequence[int]) -> Numbers | None:
        nonlocal predictions
        if turn >= (1 if pictures <= FEW else TURNS):
            return None
        predictions += len(strata) * len(columns)
        return ask(picture, strata, turn, columns)

    def follows() -> bool:
        found = []
        for picture in range(min(CONTROLS, searched.evidence.pictures)):
            pair = asked(picture, searched.strata_of(picture), 0, [searched.best, values + searched.best])
            found.append(float(np.log(pair[1] / pair[0]).mean()))
        return interval(np.array(found), searched.evidence.share).low > 0

    searched.run(asked, follows)
    found = searched.decided
    return Outcome(searched.best, bool(found and follows()), found, searched.evidence.pictures, predictions)


def draws(table: Table, k: int, n: int, kind: type[Search] = Search) -> list[Outcome]:
    """n searches, each with k of the table's pictures: none twice, so that each is as any k pictures are, though two
    draws have pictures in common."""
    rng, found = np.random.default_rng((k, n)), []
    for _ in range(n):
        chosen = rng.choice(table.pictures, k, replace=False)

        def ask(picture: int, strata: Sequence[int], turn: int, columns: Sequence[int], chosen=chosen) -> Numbers:
            return table.of(chosen[picture], strata, turn, columns)

        found.append(search(ask, len(table.values), k, kind))
    table.save()
    return found


def summary(outcomes: Sequence[Outcome], values: Sequence[int], k: int, right: int | None) -> dict:
    """Shares of draws, as JSON takes them.

    Args:
        outcomes: of `draws`.
        values: the clip skips.
        k: how many pictures there were.
        right: the true value; None where there is none, so that whatever is decided is wrong.
    """
    best = [values[outcome.best] for outcome in outcomes]
    decided = [value for value, outcome in zip(best, outcomes, strict=True) if outcome.decided]
    n = len(outcomes)
    return {
        "k": k,
        "draws": n,
        "best": {value: best.count(value) / n for value in sorted(set(best))},
        "decided": {value: decided.count(value) / n for value in sorted(set(decided))},
        "before_control": sum(outcome.found for outcome in outcomes) / n,
        "right": best.count(right) / n if right else None,
        "wrong": sum(value != right for value in decided) / n,
        "pictures": float(np.mean([outcome.pictures for outcome in outcomes])),
        "predictions": float(np.mean([outcome.predictions for outcome in outcomes])),
        "of_full_table": float(np.mean([outcome.predictions for outcome in outcomes])) / (len(values) * STRATA * k),
    }
