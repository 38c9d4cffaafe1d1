"""Asks the weights: from pictures with captions to an answer."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from PIL import Image

from ..errors import InvalidInput
from ..language import Text
from . import sentences
from .answer import Answer, Row
from .decision import FEWEST, Numbers, interval
from .likeness import Likeness
from .losses import Losses, noised
from .network import Conditioning, Network
from .question import Captioned, Progress, Question, Watch
from .search import Search

SIDE_OF = 8
"""What the sides of a picture are multiples of."""

CONTROLS = 32
"""How many pictures are asked with another's caption at most."""

CONTROL_DOUBT = 0.025
"""How often captions that say nothing may seem to say something, or the other way round."""

REMEMBERED_CAPTIONS = 8
"""For how many captions the layers' likeness is measured."""


def probe(
    network: Network, question: Question, pictures: Sequence[Captioned], watch: Watch | None, model: dict[str, str]
) -> Answer:
    """Asks which clip skip the loaded model was trained with.

    Args:
        network: the model, ready to predict.
        question: what is asked, its clip skips given.
        pictures: to ask with, as they are; duplicates count once.
        watch: is told how far it is.
        model: its "name" and "hash", for the answer.

    Raises `InvalidInput` where the model gives no numbers, and what the host raises.
    """
    return _Probing(network, question, pictures, watch, model).answer()


class _Probing:
    """One probing; `answer` runs it."""

    def __init__(
        self,
        network: Network,
        question: Question,
        pictures: Sequence[Captioned],
        watch: Watch | None,
        model: dict[str, str],
    ):
        self.network, self.question, self.model = network, question, model
        self.values = list(question.clip_skips or ())
        self.requests = [question.request(value) for value in self.values]
        self.watch = watch
        self.losses = Losses(network)
        self.likeness = Likeness()
        self.began = self.told = time.monotonic()
        self.interrupted = False
        self.left_out: list[Text] = []
        self.pictures = self._shuffled(self._unique(pictures))
        self.search = Search(len(self.values), len(self.pictures))

    def answer(self) -> Answer:
        self.search.run(self._ask, lambda: self._follows(self._control()))
        return self._answer(self._control())

    # --- Asking ---------------------------------------------------------------------------------------------------

    def _ask(self, picture: int, strata: Sequence[int], turn: int, values: Sequence[int]) -> Numbers | None:
        """See `search.Ask`."""
        if self.seconds > self.question.most_seconds or self._is_interrupted():
            return None
        shown = self.pictures[picture]
        latents = self._latents(shown, values)
        conditionings = self._conditionings(shown, shown, values, latents[0])
        if turn == 0 and picture < REMEMBERED_CAPTIONS and len(values) == len(self.values):
            self.likeness.add(conditionings)
        asked = noised(latents[0], strata, (self.question.seed, picture, turn), self.losses.steps)
        found = self.losses.of(latents, asked, conditionings)
        if found is None:
            self.interrupted = True
            return None
        self._check(found)
        self._tell(len(self.search.alive) * len(strata))
        return found

    def _control(self) -> Numbers:
        """[pictures] logarithms of the ratio of the losses with another picture's caption and with the own one, at the
        best value: without captions that say something, or a model that follows them, nothing is decided."""
        best, found = self.search.best, []
        for picture in range(min(CONTROLS, self.search.evidence.pictures)):
            if self._is_interrupted():
                break
            shown = self.pictures[picture]
            others = (said for said in self._after(picture) if said.caption.strip() != shown.caption.strip())
            other = next(others, replace(shown, caption=""))
            latents = self._latents(shown, [best])
            strata = self.search.strata_of(picture)
            asked = noised(latents[0], strata, (self.question.seed, picture, 0), self.losses.steps)
            pair = [self._conditionings(said, shown, [best], latents[0])[0] for said in (other, shown)]
            losses = [self.losses.of(latents, asked, [conditioning]) for conditioning in pair]
            if losses[0] is None or losses[1] is None:
                self.interrupted = True
                break
            found.append(float(np.mean(np.log(losses[0]) - np.log(losses[1]))))
        return np.array(found)

    def _follows(self, control: Numbers) -> bool:
        """Whether own captions do better than others'."""
        return bool(interval(control, CONTROL_DOUBT).low > 0)

    def _after(self, picture: int) -> list[Captioned]:
        return self.pictures[picture + 1 :] + self.pictures[:picture]

    def _latents(self, shown: Captioned, values: Sequence[int]) -> list[torch.Tensor]:
        """One for each value, by their places."""
        if shown.drawn:
            return [self._encoded(shown, self.values[value]) for value in values]
        return [self._encoded(shown, self.values[0])] * len(values)

    def _encoded(self, shown: Captioned, value: int) -> torch.Tensor:
        torch.manual_seed(self.question.seed)  # the VAE draws; the host puts the generator back
        return self.network.latents(_fitting(shown.load(value), self.network.side))

    def _conditionings(
        self, said: Captioned, shown: Captioned, values: Sequence[int], latents: torch.Tensor
    ) -> list[Conditioning]:
        height, width = (side * SIDE_OF for side in latents.shape[-2:])
        requests = [self.requests[value] for value in values]
        return self.network.conditionings(said.caption, requests, width, height, said.literal)

    def _is_interrupted(self) -> bool:
        self.interrupted = self.interrupted or self.network.interrupted
        return self.interrupted

    def _check(self, losses: Numbers) -> None:
        if not np.isfinite(losses).all():
            raise InvalidInput(
                sentences.MODEL,
                self.model.get("name", ""),
                Text("a model that gives numbers (the WebUI's flag --no-half may help)"),
                Text("gives no numbers (NaN)"),
            )

    # --- Telling --------------------------------------------------------------------------------------------------

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def _tell(self, predictions: int) -> None:
        now = time.monotonic()
        if self.watch is None or (now - self.told < 0.5 and self.losses.predictions > predictions):
            return
        self.told = now
        done, seconds = self.losses.predictions, self.seconds
        left = min(self.search.left * seconds / done, max(0.0, self.question.most_seconds - seconds))
        share = min(1.0, seconds / max(seconds + left, 1e-9))
        self.watch(Progress(share, seconds, left, self._doing()))

    def _doing(self) -> Text:
        measured = self.search.evidence.pictures
        doing = sentences.doing(measured, [self.values[value] for value in self.search.alive])
        if len(self.values) < 2:
            return doing
        alike = self.likeness.sentence(self.values, *self.likeness.closest(range(len(self.values))))
        return Text("{doing} {alike}", doing=doing, alike=alike)

    # --- The answer -----------------------------------------------------------------------------------------------

    def _answer(self, control: Numbers) -> Answer:
        search, evidence = self.search, self.search.evidence
        rows = [self._row(place) for place in range(len(self.values))] if evidence.pictures else []
        alive = sorted(search.alive, key=lambda place: rows[place].worse_by if rows else place)
        follows = self._follows(control)
        decided = search.decided and follows and not (self.interrupted and not len(control))
        found = sentences.Found(
            values=[self.values[place] for place in alive],
            rows={row.clip_skip: row for row in rows},
            pictures=evidence.pictures,
            needed=self._needed(alive),
            decided=decided,
            search_decided=search.decided,
            follows=follows if len(control) >= FEWEST else None,
            interrupted=self.interrupted,
            out_of_time=self.seconds > self.question.most_seconds,
            drawn=any(picture.drawn for picture in self.pictures),
        )
        said = list(sentences.of(found))
        if len(rows) > 1:
            by_loss = sorted(range(len(rows)), key=lambda place: rows[place].worse_by)
            said.append(self.likeness.sentence(self.values, *sorted(by_loss[:2])))
        return Answer(
            clip_skip=found.values[0] if decided else None,
            candidates=tuple(found.values),
            rows=tuple(rows),
            pictures=evidence.pictures,
            predictions=self.losses.predictions,
            seconds=self.seconds,
            model=self.model,
            sentences=tuple(said),
            interrupted=self.interrupted,
            drawn=found.drawn,
            left_out=tuple(self.left_out),
        )

    def _row(self, place: int) -> Row:
        search, evidence = self.search, self.search.evidence
        loss, measured = search.loss(search.best), evidence.measured(place)
        if place == search.best:
            return Row(self.values[place], loss, 0.0, 0.0, 0.0, measured)
        compared = evidence.compared(place, search.best)
        by, low, high = (float(100 * np.expm1(x)) for x in (compared.mean, compared.low, compared.high))
        return Row(self.values[place], loss * (1 + by / 100), by, low, high, measured)

    def _needed(self, alive: Sequence[int]) -> float:
        """How many pictures more would tell the values apart that are left."""
        evidence = self.search.evidence
        needed = [evidence.needed(place, self.search.best) for place in alive if place != self.search.best]
        return max(needed, default=0.0) - evidence.pictures

    # --- Pictures -------------------------------------------------------------------------------------------------

    def _unique(self, pictures: Sequence[Captioned]) -> list[Captioned]:
        """Without those that are there already: the same picture twice is no second evidence."""
        found: dict[bytes, Captioned] = {}
        for picture in pictures:
            digest = hashlib.sha256(picture.load(self.values[0]).convert("RGB").tobytes()).digest()
            if digest in found:
                name, same = picture.name, found[digest].name
                self.left_out.append(Text("{name} is left out: it is the same as {same}.", name=name, same=same))
            else:
                found[digest] = picture
        return list(found.values())

    def _shuffled(self, pictures: list[Captioned]) -> list[Captioned]:
        """Files are often in the order of what they show."""
        order = np.random.default_rng(self.question.seed).permutation(len(pictures))
        return [pictures[place] for place in order]


def _fitting(picture: Image.Image, side: int) -> Image.Image:
    """The picture in RGB, not larger than those that the model was trained with, with sides that latents can have."""
    rgb = picture.convert("RGB")
    scale = min(1.0, side / (rgb.width * rgb.height) ** 0.5)
    width, height = (max(SIDE_OF, round(length * scale) // SIDE_OF * SIDE_OF) for length in rgb.size)
    return rgb if (width, height) == rgb.size else rgb.resize((width, height), Image.Resampling.LANCZOS)
