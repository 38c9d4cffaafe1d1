"""Why the measure is made as it is: time steps, statistic, guidance, likeness of layers, coverage."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from clip_skip_lab.probe.decision import DOUBT, Numbers, cut_off, interval
from clip_skip_lab.probe.losses import noised
from clip_skip_lab.probe.search import PASSES, STRATA, Search, looks
from clip_skip_lab.sweep.layer_request import LayerRequest

from . import networks
from .loss_tables import SEED, STEPS, draws, search, summary
from .trained_with import FEWER_DRAWS, FIRST, MANY, MERGE_PICTURES, Study

SHARE = DOUBT / ((len(looks(64)) + PASSES - 1) * 11)
"""What one value has of `DOUBT` with twelve values and 64 pictures."""

ASKED_COSINES = (0.99, 0.95, 0.9, 0.8, 0.65, 0.35)
SCALES = (1.0, 2.0, 3.0, 5.0)
MOST_NEEDED = 300
SAMPLES, SIMULATIONS = 20_000, 4_000


class Spread(Search):
    """Asks at every other time step throughout."""

    def _telling_strata(self) -> list[int] | None:
        return None


class Whole(Search):
    """Asks each picture at all ten parts of the time steps."""

    def strata_of(self, picture: int) -> list[int]:
        """All of them."""
        return list(range(STRATA))


def needed(numbers: Numbers) -> float:
    """Pictures like these with which the interval leaves out zero in half of the cases; infinite where even the
    interval that may miss 2.5 % on each side has zero in it, or where it takes more than `MOST_NEEDED`."""
    if not interval(numbers, 0.025).low > 0:
        return np.inf
    return _fewest(numbers, lambda drawn: negative_ranks(drawn) < cut_off(drawn.shape[1], SHARE))


def needed_by_t(numbers: Numbers) -> float:
    """The same with Student's t in the place of signed ranks."""
    from scipy.special import stdtrit

    if float(numbers.mean()) * np.sqrt(len(numbers)) < 2 * float(numbers.std(ddof=1)):
        return np.inf

    def tells(drawn: Numbers) -> np.ndarray:
        count = drawn.shape[1]
        return drawn.mean(1) > -stdtrit(count - 1, SHARE) * drawn.std(1, ddof=1) / np.sqrt(count)

    return _fewest(numbers, tells)


def _fewest(numbers: Numbers, tells: Callable[[Numbers], np.ndarray]) -> float:
    """The smallest number of pictures, drawn from these, of which half of the draws tell."""
    low, high = 3, MOST_NEEDED + 1
    while high - low > 1:
        count = (low + high) // 2
        drawn = np.random.default_rng((SEED, count)).choice(numbers, (SAMPLES // 40, count))
        low, high = (low, count) if tells(drawn).mean() >= 0.5 else (count, high)
    return float(high) if high <= MOST_NEEDED else np.inf


def negative_ranks(numbers: Numbers) -> Numbers:
    """[…] sums of the ranks of the negative ones of [… , pictures] numbers, by their size: the interval is above zero
    where this is less than `cut_off`."""
    ranks = np.abs(numbers).argsort(-1).argsort(-1) + 1
    return np.where(numbers < 0, ranks, 0).sum(-1)


def pairs(study: Study) -> dict[str, tuple[Numbers, Numbers]]:
    """[pictures, strata] losses at the better and the worse of clip skip 1 and 2, of both models and two merges."""
    found = {}
    for tenths in (10, 7, 3, 0):
        losses = study.merge_table(tenths).whole()[:, :, 0, :2]
        better = 0 if tenths > 5 else 1
        found[str(tenths)] = (losses[..., better], losses[..., 1 - better])
    return found


def steps(study: Study) -> dict:
    """How well each tenth of the time steps tells clip skip 1 from 2, and what choosing five of them gains."""
    found: dict = {"separation": {}, "needed": {}, "draws": {}}
    for name, (better, worse) in pairs(study).items():
        ratios = np.log(worse / better)
        separation = ratios.mean(0) / ratios.std(0, ddof=1)
        found["separation"][name] = separation.tolist()
        # Chosen with one half of the pictures and counted with the other, both ways round.
        chosen = np.concatenate(
            [ratios[1 - half :: 2][:, np.argsort(-_telling(ratios[half::2]))[:5]].mean(1) for half in (0, 1)]
        )
        spread = np.array([row[i % 2 :: 2].mean() for i, row in enumerate(ratios)])
        most_noise = ratios[:, STRATA // 2 :].mean(1)
        found["needed"][name] = [needed(numbers) for numbers in (chosen, spread, most_noise, ratios.mean(1))]
    for tenths in (10, 7, 3, 0):
        table, right = study.merge_table(tenths), 1 if tenths > 5 else 2
        found["draws"][str(tenths)] = {
            kind.__name__: summary(draws(table, MANY, FEWER_DRAWS, kind), table.values, MANY, right)
            for kind in (Search, Spread, Whole)
        }
    return found


def _telling(ratios: Numbers) -> Numbers:
    return np.abs(ratios.mean(0)) / ratios.std(0, ddof=1)


def statistic(study: Study) -> dict:
    """Pictures needed by the logarithm of the ratio, by plain differences, and by differences of time steps alike."""
    found = {}
    for name, (better, worse) in pairs(study).items():
        plain = worse - better
        found[name] = {
            "log ratio": needed(np.log(worse / better).mean(1)),
            "log ratio by Student's t": needed_by_t(np.log(worse / better).mean(1)),
            "plain difference": needed(plain.mean(1)),
            "difference over the step's mean": needed((plain / better.mean(0)).mean(1)),
            "share of the steps that are worse": needed((plain > 0).mean(1) - 0.5),
        }
    return found


def guidance(study: Study) -> dict:
    """Pictures needed where the guided prediction's loss is asked instead."""
    found = {}
    for clip_skip in (1, 2):
        network = networks.network_of(study.parts[clip_skip])
        losses = np.stack(
            [_guided(network, study, i) for i in range(MERGE_PICTURES)]
        )  # pictures, scales, values, steps
        logs = np.log(losses).mean(-1)
        rows = {}
        for place, scale in enumerate(SCALES):
            means = logs[:, place].mean(0)
            own, other = clip_skip - 1, 2 - clip_skip
            rows[f"{scale:g}"] = {
                "best": FIRST[int(means.argmin())],
                "worse": float(100 * np.expm1(means[other] - means[own])),
                "needed": needed(logs[:, place, other] - logs[:, place, own]),
            }
        found[str(clip_skip)] = rows
    return found


def _guided(network, study: Study, picture: int) -> Numbers:
    latents = network.latents(study.shown.pictures[picture])
    asked = noised(latents, range(STRATA), (SEED, picture, 0), STEPS)
    sigma = network.sigmas[asked.steps]
    level = sigma[:, None, None, None]
    noisy = latents + level * asked.noise
    losses = np.zeros((len(SCALES), len(FIRST), STRATA))
    requests = [LayerRequest(value=value) for value in FIRST]
    said = network.conditionings(study.shown.captions[picture], requests, 64, 64, True)
    unsaid = network.conditionings("", requests, 64, 64, True)
    for value in range(len(FIRST)):
        on, off = (network.denoised(noisy, sigma, [one[value]] * STRATA) for one in (said, unsaid))
        for place, scale in enumerate(SCALES):
            error = (off + scale * (on - off) - latents) / level
            losses[place, value] = error.square().mean((1, 2, 3)).numpy()
    return losses


def likeness(study: Study) -> dict:
    """Pictures needed to tell the own layer from itself turned towards the neighbour, by the cosine between them."""
    found = {}
    for clip_skip in (1, 2):
        network = networks.network_of(study.parts[clip_skip])
        asked = [_turned(network, study, i, clip_skip) for i in range(MERGE_PICTURES)]
        cosines = np.mean([cosine for cosine, _ in asked], 0)
        logs = np.log(np.stack([losses for _, losses in asked]))  # pictures, turns, layers, steps
        rows = []
        for place, cosine in enumerate(cosines, 1):
            ratios = logs[:, :, place] - logs[:, :, 0]
            whole = ratios.mean((1, 2))
            rows.append(
                {
                    "cosine": float(cosine),
                    "worse": float(100 * np.expm1(whole.mean())),
                    "error": float(100 * whole.std(ddof=1) / np.sqrt(len(whole))),
                    "one_pass": needed(np.array([row[0, i % 2 :: 2].mean() for i, row in enumerate(ratios)])),
                    "both_noises": needed(whole),
                }
            )
        found[str(clip_skip)] = rows
    return found


def _turned(network, study: Study, picture: int, clip_skip: int) -> tuple[list[float], Numbers]:
    requests = [LayerRequest(value=value) for value in (clip_skip, 3 - clip_skip)]
    own, other = (
        said["crossattn"] for said in network.conditionings(study.shown.captions[picture], requests, 64, 64, True)
    )
    layers = [own, *(turned(own, other, cosine) for cosine in ASKED_COSINES), other]
    cosines = [float(torch.cosine_similarity(own, layer, dim=-1).mean()) for layer in layers[1:]]
    latents = network.latents(study.shown.pictures[picture])
    losses = np.zeros((2, len(layers), STRATA))
    for turn in range(2):
        asked = noised(latents, range(STRATA), (SEED, picture, turn), STEPS)
        sigma = network.sigmas[asked.steps]
        level = sigma[:, None, None, None]
        noisy = latents + level * asked.noise
        for place, layer in enumerate(layers):
            guess = network.denoised(noisy, sigma, [{"crossattn": layer}] * STRATA)
            losses[turn, place] = ((guess - latents) / level).square().mean((1, 2, 3)).numpy()
    return cosines, losses


def turned(own: torch.Tensor, other: torch.Tensor, cosine: float) -> torch.Tensor:
    """States turned towards others, each of its own length, until they have this cosine with what they were.

    Where the other is nearer than that already, it is the other's direction itself.
    """
    length = own.norm(dim=-1, keepdim=True)
    ahead = own / length
    aside = other - (other * ahead).sum(-1, keepdim=True) * ahead
    aside = aside / aside.norm(dim=-1, keepdim=True).clamp(min=1e-9)
    straight = torch.cosine_similarity(own, other, dim=-1)[..., None].clamp(-1, 1)
    kept = torch.maximum(straight, torch.tensor(cosine))
    return length * (kept * ahead + (1 - kept**2).clamp(min=0).sqrt() * aside)


def coverage(study: Study) -> dict:
    """How often intervals of k pictures miss the mean over all pictures of a table, and how often a wrong value is
    decided where several are equally good."""
    found: dict = {"misses": {}, "equal": {}}
    for tenths in (10, 5, 0):
        losses = study.merge_table(tenths).whole()[:, :, 0]
        logs = np.log(losses).mean(1)
        own = {10: 0, 5: 0, 0: 1}[tenths]
        for other in [place for place in range(3) if place != own]:
            numbers = logs[:, other] - logs[:, own]
            found["misses"][f"{tenths} {other + 1}/{own + 1}"] = {
                "skewness": float(((numbers - numbers.mean()) ** 3).mean() / numbers.std() ** 3),
                "rows": misses(numbers),
            }
        found["equal"][str(tenths)] = {
            f"{among} {k}": equal(losses, own, among, k) for among in (2, 4) for k in (8, 32)
        }
    return found


def simulated(study: Study) -> dict:
    """How often a true value is dropped by one of several equally good others, where the ratios are skewed against it:
    numbers of a gamma distribution in the place of losses."""
    rng, found = np.random.default_rng(SEED), {}
    for skewness in (0.0, 1.0, 2.0):
        for equals in (1, 3, 11):
            if skewness:
                shape = 4 / skewness**2
                numbers = (shape - rng.gamma(shape, size=(SIMULATIONS, equals, 64))) / np.sqrt(shape)
            else:
                numbers = rng.normal(size=(SIMULATIONS, equals, 64))
            dropped = np.zeros(SIMULATIONS, dtype=bool)
            for k in looks(64):
                dropped |= (negative_ranks(numbers[..., :k]) < cut_off(k, SHARE)).any(-1)
            found[f"{skewness:g} {equals}"] = float(dropped.mean())
    return found


def misses(numbers: Numbers, n: int = SAMPLES) -> list[dict]:
    """For k drawn of these numbers: how often the middle of all is below the interval, and above, by nominal share."""
    rng, found, middle = np.random.default_rng(SEED), [], interval(numbers, 0.025).middle
    for k in (4, 8, 16, 32, 64):
        drawn = rng.choice(numbers, (n, k)) - middle
        for share in (0.025, 0.005, SHARE):
            cut = cut_off(k, share)
            below, above = (float((negative_ranks(side) < cut).mean()) for side in (drawn, -drawn))
            found.append({"k": k, "nominal": share, "too_high": below, "too_low": above})
    return found


def equal(losses: Numbers, own: int, among: int, k: int) -> float:
    """How often another value than `own` is decided where the first values are made equally good at each time step,
    each with its own spread.

    Args:
        losses: [pictures, strata, values].
        own: the place of the value that is called the true one.
        among: how many values are equally good.
        k: pictures.
    """
    logs = np.log(losses)
    logs[..., :among] += logs[..., [own]].mean(0) - logs[..., :among].mean(0)
    moved, rng, wrong = np.exp(logs), np.random.default_rng((SEED, k)), 0
    values = moved.shape[-1]
    for _ in range(FEWER_DRAWS):
        chosen = rng.integers(len(moved), size=k)

        def ask(picture: int, strata: Sequence[int], turn: int, columns: Sequence[int], chosen=chosen) -> Numbers:
            part = moved[chosen[picture]][np.ix_(strata, [column % values for column in columns])].T
            return part * np.array([[2.0 if column >= values else 1.0] for column in columns])

        outcome = search(ask, values, k)
        wrong += outcome.found and outcome.best != own
    return wrong / FEWER_DRAWS
