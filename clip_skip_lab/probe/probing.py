"""Asks the weights: from pictures with captions to an answer."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch

from ..errors import InvalidInput
from ..language import Text
from . import sentences
from .answer import Answer, Row
from .decision import Numbers, interval
from .likeness import Likeness
from .losses import Losses, noised
from .network import Conditioning, Network
from .question import MODEL, Captioned, Progress, Question, Watch
from .search import Search
from .subjects import Subjects

CONTROLS = 32
"""How many pictures are asked with another's caption at most."""

NO_GUESS = 0.9
"""The loss from which on a network is hardly better than one that guesses nothing, whose loss is 1, whether it predicts
noise or v. Trained ones have less than 0.3."""

BETWEEN = 0.5
"""Seconds between two times that the watch is told."""

MOST_CAPTIONS = 8
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
        self.watch = watch
        self.losses = Losses(network)
        self.likeness = Likeness()
        self.began, self.told = time.monotonic(), 0.0
        self.interrupted = False
        self.subjects = Subjects(network, question, pictures)
        self.search = Search(len(self.values), len(self.subjects))
        self.first: dict[int, tuple[list[int], dict[int, float]]] = {}
        """By picture, of the first pass: the parts of the time steps, and by value the mean logarithm of the losses."""
        self.others: dict[tuple[int, int], float] = {}
        """By picture and value the same with another picture's caption."""

    def answer(self) -> Answer:
        self._compare_layers()
        self.search.run(self._ask, self._is_worthwhile)
        return self._answer(self._control())

    # --- Asking ---------------------------------------------------------------------------------------------------

    def _compare_layers(self) -> None:
        """Measures how alike the layers are for the first captions, whose conditionings are needed next."""
        places = range(len(self.values))
        for picture in range(min(MOST_CAPTIONS, len(self.subjects))):
            if self.seconds > self.question.most_seconds or self._is_interrupted():
                return
            self.likeness.add(self.subjects.conditionings(picture, places))
        if self.watch is not None:
            self.watch(Progress(0.0, self.seconds, None, self._doing()))

    def _ask(self, picture: int, strata: Sequence[int], turn: int, values: Sequence[int]) -> Numbers | None:
        """See `search.Ask`."""
        if self.seconds > self.question.most_seconds or self._is_interrupted():
            return None
        if self.subjects.is_copy(picture):
            return np.empty((0, 0))
        latents, conditionings = self.subjects.latents(picture, values), self.subjects.conditionings(picture, values)
        found = self._losses(picture, strata, turn, latents, conditionings)
        if found is not None and turn == 0:
            self.first[picture] = (list(strata), dict(zip(values, np.log(found).mean(axis=1), strict=True)))
        self._tell()
        return found

    def _losses(
        self,
        picture: int,
        strata: Sequence[int],
        turn: int,
        latents: Sequence[torch.Tensor],
        conditionings: Sequence[Conditioning],
    ) -> Numbers | None:
        asked = noised(latents[0], strata, (self.question.seed, picture, turn), self.losses.steps)
        found = self.losses.of(latents, asked, conditionings)
        if found is None:
            self.interrupted = True
        else:
            self._check(found)
        return found

    def _control(self) -> Numbers:
        """[pictures] logarithms of the ratio of the losses with another picture's caption and with the own one, at the
        best value: without captions that say something, or a model that follows them, nothing is decided."""
        best, found = self.search.best, list[float]()
        for picture, (strata, own) in list(self.first.items()):
            is_silent = self.subjects.is_silent(picture)
            if best not in own or len(found) == CONTROLS or is_silent or self._is_interrupted():
                continue
            if (picture, best) not in self.others:
                latents = self.subjects.latents(picture, [best])
                conditionings = self.subjects.conditionings(picture, [best], self.subjects.other(picture))
                losses = self._losses(picture, strata, 0, latents, conditionings)
                if losses is None:
                    continue
                self.others[picture, best] = float(np.log(losses).mean())
            found.append(self.others[picture, best] - own[best])
        return np.array(found, dtype=float)

    def _is_worthwhile(self) -> bool:
        """Whether more noises on the same pictures can decide anything."""
        evidence = self.search.evidence
        enough = evidence.pictures >= evidence.fewest
        return enough and self._predicts and self._follows(self._control())

    @property
    def _predicts(self) -> bool:
        """Whether the network predicts anything: who guesses no noise at all is wrong by 1."""
        return self.search.loss(self.search.best) < NO_GUESS

    def _follows(self, control: Numbers) -> bool:
        """Whether own captions do better than others', as surely as a value is decided."""
        return bool(interval(control, self.search.evidence.share).low > 0)

    def _is_interrupted(self) -> bool:
        self.interrupted = self.interrupted or self.network.interrupted
        return self.interrupted

    def _check(self, losses: Numbers) -> None:
        if not np.isfinite(losses).all():
            raise InvalidInput(
                MODEL,
                self.model.get("name", ""),
                Text("a model that does not give NaN (the WebUI's flag --no-half may help)"),
                Text("gives NaN instead of numbers"),
            )

    # --- Telling --------------------------------------------------------------------------------------------------

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def _tell(self) -> None:
        now = time.monotonic()
        if self.watch is None or not self.losses.predictions or now - self.told < BETWEEN:
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
        loss = search.loss(search.best)
        rows = [self._row(place, loss) for place in range(len(self.values))] if evidence.pictures else []
        alive = sorted(search.alive, key=lambda place: rows[place].worse_by if rows else place)
        follows = self._follows(control)
        decided = search.decided and follows and self._predicts and not (self.interrupted and not len(control))
        found = sentences.Found(
            values=[self.values[place] for place in alive],
            rows={row.clip_skip: row for row in rows},
            pictures=evidence.pictures,
            needed=self._needed(alive),
            decided=decided,
            predicts=self._predicts,
            follows=follows if evidence.pictures >= evidence.fewest and len(control) else None,
            fewest=evidence.fewest,
            interrupted=self.interrupted,
            out_of_time=self.seconds > self.question.most_seconds,
            drawn=self.subjects.drawn,
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
            left_out=tuple(self.subjects.left_out),
        )

    def _row(self, place: int, loss: float) -> Row:
        """A value's, with the loss of the best one."""
        search, evidence = self.search, self.search.evidence
        measured = evidence.measured(place)
        if place == search.best:
            return Row(self.values[place], loss, 0.0, 0.0, 0.0, measured)
        compared = evidence.compared(place, search.best)
        by, low, high = (float(100 * np.expm1(x)) for x in (compared.middle, compared.low, compared.high))
        return Row(self.values[place], loss * (1 + by / 100), by, low, high, measured)

    def _needed(self, alive: Sequence[int]) -> float:
        """How many pictures more would tell the values apart that are left."""
        evidence = self.search.evidence
        needed = [evidence.needed(place, self.search.best) for place in alive if place != self.search.best]
        return max(needed, default=0.0) - evidence.pictures
