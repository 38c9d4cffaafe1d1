"""The lens inside the host: a prompt goes through the host's own tokenisation and once through each text encoder,
within one of its generations (`in_generation`), and what each layer gave is noted on the way.

The host hands each chunk of a prompt to a method of the encoder that encodes it and applies the weights. That method
runs once for each layer, with the state of that layer in the place of its encoding: so each is what the UNet would get,
while the encoder itself runs once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from modules import call_queue, prompt_parser, script_callbacks, shared

from ..errors import InvalidInput
from ..language import Text, translated
from ..layers.facts import Model
from ..layers.states import States
from ..lens.look import PROMPT, Look, no_words
from ..lens.tokens import Word, read_chunk
from ..lens.view import MOST_CHUNKS_ALIKE, EncoderView
from ..probe.question import MODEL
from ..sweep.values import CLIP_SKIP_FIELD
from .encoders import is_hosts_method
from .engine import Engine, LoadedEncoder, LoadedModel
from .in_generation import NothingDone, check_loras, in_generation, small_request
from .probe_network import STEPS, is_interrupted
from .put_back import LENS, generator_kept, job
from .shadow import shadowed

CHUNKS = "process_tokens"
"""The method of all hosts' encoders that is given chunks: lists of tokens and of weights, one for each text."""


def look_through(engine: Engine, look: Look, language: str) -> dict[str, Any]:
    """See `Host.lens`.

    Args:
        engine: the WebUI's.
        look: what is asked.
        language: in which the page's bar tells what is done.
    """
    with call_queue.queue_lock, job(LENS), generator_kept(), engine.loading_held():
        began = time.monotonic()
        _load(engine)
        loaded = engine.loaded()
        described = check_known(engine, loaded)
        check_loras(PROMPT, look.prompt)
        clip_skip, other, highest = _clip_skips(engine, loaded, look)
        request = small_request(as_counted(look.prompt))

        def action() -> tuple[list[_Prompt], list[Text]]:
            watching = _Watching(engine, look.mixing, language)
            positive = watching.look(_parts(request.prompts[0]))
            prompts, negative = [positive], look.negative_prompt
            if not any(view.has_words for view in positive.values()):
                raise no_words(look.prompt)
            if negative is not None:
                prompts.append(watching.look([as_counted(negative, is_negative=True)], is_negative=True))
            return prompts, _notes(loaded, described, request.prompts[0], look, prompts)

        prompts, notes = in_generation(request, action, encodes=False)
        answers = [[view.to_json(clip_skip, other) for view in prompt.values()] for prompt in prompts]
        record = engine.model_record()
        return {
            "model": {"name": record["name"], "hash": record["hash"] or None, "family": described.family or None},
            "clip_skip": clip_skip,
            "other_clip_skip": other,
            "highest": highest,
            "encoders": answers[0],
            "negative": {"encoders": answers[1]} if len(answers) > 1 else None,
            "sentences": notes,
            "seconds": round(time.monotonic() - began, 3),
        }


def _load(engine: Engine) -> None:
    try:
        engine.load({})
    except Exception as error:  # of the host's own: a file that is not there, memory
        if engine.model() is None:
            raise _no_model() from error
        raise


def _no_model() -> InvalidInput:
    return InvalidInput(MODEL, "", Text("a checkpoint that the WebUI can load"), Text("is not loaded"))


def check_known(engine: Engine, loaded: LoadedModel) -> Model:
    """What there is to say of the model. Raises `InvalidInput` where none of its text encoders can be looked into."""
    described = loaded.described
    if described is None:
        raise _no_model()
    if not loaded.encoders:
        allowed = Text("SD1, SD2 and SDXL models")
        problem = Text("has no text encoder that Clip Skip Lab knows")
        raise InvalidInput(MODEL, described.name, allowed, problem)
    for encoder in loaded.encoders:
        if not all(is_hosts_method(engine, encoder.module, name) for name in (CHUNKS, engine.encoding[1])):
            allowed, problem = Text("the WebUI's own text encoder"), Text("is encoded by another extension")
            raise InvalidInput(MODEL, described.name, allowed, problem)
    return described


def _clip_skips(engine: Engine, loaded: LoadedModel, look: Look) -> tuple[int, int, int]:
    """The clip skip in use, the one to compare it with, and the highest. Raises `InvalidInput`."""
    highest = min(encoder.described.layers for encoder in loaded.encoders)
    clip_skip = max(1, engine.clip_skip()) if look.clip_skip is None else look.clip_skip
    other = look.other_clip_skip or (2 if clip_skip == 1 and highest > 1 else 1)
    for value in (clip_skip, other):
        if value > highest:
            allowed, problem = Text("1 to {layers}", layers=highest), Text("is not a layer")
            raise InvalidInput(CLIP_SKIP_FIELD, value, allowed, problem)
    return clip_skip, other, highest


def as_counted(prompt: str, is_negative: bool = False) -> str:
    """A prompt as the host's token counter takes it, without comments (modules/ui.py, `update_token_counter`); Forge
    takes them out where it applies styles."""
    styles = shared.prompt_styles
    if hasattr(script_callbacks, "BeforeTokenCounterParams"):  # since v1.9
        params = script_callbacks.BeforeTokenCounterParams(prompt, STEPS, [], is_positive=not is_negative)
        script_callbacks.before_token_counter_callback(params)
        prompt = params.prompt
    apply = styles.apply_negative_styles_to_prompt if is_negative else styles.apply_styles_to_prompt
    return str(apply(prompt, []))


def _parts(prompt: str) -> list[str]:
    """The parts of a prompt that are encoded each for itself: those between AND."""
    _, parts, _ = prompt_parser.get_multicond_prompt_list(prompt_parser.SdConditioning([prompt]))
    return list(parts)


def _at_the_end(text: str) -> str:
    """A text with its prompt editing done."""
    schedule = prompt_parser.get_learned_conditioning_prompt_schedules([text], STEPS)[0]
    return str(schedule[-1][1])


_Prompt = dict[int, EncoderView]
"""What became of a prompt, by the encoder's place in the model."""


class _Watching:
    """Encodes prompts and notes what becomes of them.

    Args:
        engine: the WebUI's.
        mixing: whether to find out which words mix.
        language: in which the page's bar tells what is done.
    """

    def __init__(self, engine: Engine, mixing: bool, language: str) -> None:
        self.engine, self.mixing, self.language = engine, mixing, language
        self.views: _Prompt = {}
        self.places = {id(encoder.module): place for place, encoder in enumerate(engine.loaded().encoders)}
        self.thread = threading.get_ident()

    def look(self, texts: Sequence[str], is_negative: bool = False) -> _Prompt:
        """What becomes of some texts, one after another, in each encoder; with prompt editing as at the last step."""
        self.views = {}
        with self._watched():
            for text in texts:
                prompt = prompt_parser.SdConditioning([_at_the_end(text)], is_negative_prompt=is_negative)
                shared.sd_model.get_learned_conditioning(prompt)
        for view in self.views.values():
            if not view.is_finite():
                described = self.engine.loaded().described
                allowed = Text("a text encoder that does not give NaN (the WebUI's flag --no-half may help)")
                name = described.name if described else ""
                raise InvalidInput(MODEL, name, allowed, Text("has a text encoder that gives NaN for this prompt"))
        return dict(sorted(self.views.items()))

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Has the chunks that this thread encodes looked at for the time of the block."""
        with ExitStack() as stack:
            for owner in self.engine.encoder_classes():
                stack.enter_context(shadowed(owner, CHUNKS, self._shadow(owner)))
            yield

    def _shadow(self, owner: type) -> Callable:
        before = getattr(owner, CHUNKS)

        def process_tokens(module: Any, tokens: Any, weights: Any) -> Any:
            mine = type(module) is owner and threading.get_ident() == self.thread and id(module) in self.places
            encoder = self.engine.encoder(module) if mine else None
            if encoder is None:
                return before(module, tokens, weights)
            if is_interrupted():
                raise NothingDone(Text("The prompt lens was interrupted."))
            return self._chunk(encoder, before, tokens, weights)

        return process_tokens

    def _chunk(self, encoder: LoadedEncoder, before: Callable, tokens: Any, weights: Any) -> Any:
        """Looks at one chunk of one text, and gives the host what it would have got of the last layer."""
        module, name = encoder.module, self.engine.encoding[1]
        place = self.places[id(module)]
        view = self.views.setdefault(place, EncoderView(encoder.described, self.mixing))
        shared.state.textinfo = translated(
            Text("Prompt lens: {encoder}, chunk {number}", encoder=encoder.kind, number=len(view.parts) + 1),
            self.language,
        )
        fixes = list(encoder.embeddings().fixes or [[]])
        one = _Pass(encoder, getattr(type(module), name))
        given = []
        with shadowed(type(module), name, lambda module, tokens: one.encode(tokens)):
            for layer in range(encoder.described.layers + 1):
                one.layer = layer
                given.append(before(module, tokens, weights))
        states = one.states
        assert states is not None
        chunk = read_chunk(tokens[0], weights[0], fixes[0], module.id_end, encoder.vocabulary())

        plain = [states.at(layer) for layer in range(len(states.hidden))]
        raw, plain, unet = (
            torch.stack([state[0] for state in each]).float().cpu() for each in (states.hidden, plain, given)
        )
        view.add(chunk, raw, plain, unet, partial(one.without, fixes[0]))
        return given[-1]


class _Pass:
    """One pass of a chunk, given layer by layer.

    Args:
        encoder: the text encoder.
        before: the host's own method that encodes tokens.

    Attributes:
        layer: which one is to be given next.
        states: what the pass gave, once it has run.
    """

    def __init__(self, encoder: LoadedEncoder, before: Callable) -> None:
        self.encoder, self._before = encoder, before
        self.layer = 0
        self.states: States | None = None
        self._tokens: torch.Tensor | None = None

    def encode(self, tokens: torch.Tensor) -> torch.Tensor:
        """In the place of the host's method: the state of `layer`."""
        if self.states is None:
            self._tokens = tokens
            self.states = self._run(tokens)
        return self.states.at(self.layer)

    def _run(self, tokens: torch.Tensor) -> States:
        return self.encoder.states(partial(self._before, self.encoder.module), tokens)

    def without(self, fixes: Sequence[Any], words: Sequence[Word]) -> torch.Tensor:
        """The states of the chunk without a word, for each of some words, as the UNet gets them without weights:
        [words, layers + 1, places, channels]. What follows moves up, and padding fills the chunk.

        Args:
            fixes: of the chunk's embeddings.
            words: those to leave out.
        """
        assert self._tokens is not None
        if is_interrupted():
            raise NothingDone(Text("The prompt lens was interrupted."))
        tokens = self._tokens[:1].repeat(len(words), 1)
        moved = []
        for row, word in enumerate(words):
            first, behind = word.places[0], word.places[-1] + 1
            filling = tokens.new_full((behind - first,), self.encoder.module.id_pad)
            tokens[row] = torch.cat([tokens[row, :first], tokens[row, behind:], filling])
            moved.append(_moved(fixes, first - 1, behind - 1))
        self.encoder.embeddings().fixes = moved
        states = self._run(tokens)
        return torch.stack([states.at(layer).float().cpu() for layer in range(len(states.hidden))], dim=1)


def _moved(fixes: Sequence[Any], first: int, behind: int) -> list[tuple[int, Any]]:
    """The embeddings of a chunk of which the places from `first` up to `behind` are left out, both counted behind the
    start."""
    kept = [(offset, embedding) for offset, embedding in fixes if not first <= offset < behind]
    return [(offset if offset < first else offset - (behind - first), embedding) for offset, embedding in kept]


def _notes(loaded: LoadedModel, described: Model, prompt: str, look: Look, prompts: Sequence[_Prompt]) -> list[Text]:
    """What somebody should know beside the numbers."""
    notes = []
    parts = _parts(prompt)
    if len(parts) > 1:
        notes.append(Text("Parts separated by AND are encoded separately; they are shown one after another."))
    if any(_at_the_end(part) != part for part in parts):
        notes.append(Text("Prompt editing is shown as it is at the last step."))
    shown = {encoder.described.name for encoder in loaded.encoders}
    for name in (encoder.name for encoder in described.encoders if encoder.name not in shown):
        notes.append(Text("{encoder} is not shown: Clip Skip Lab does not know its layers.", encoder=name))
    if described.family == "SDXL" and look.negative_prompt == "":
        notes.append(Text("With an empty negative prompt, the UNet of SDXL receives zeros instead of these states."))
    if any(len(view.parts) > MOST_CHUNKS_ALIKE for prompt in prompts for view in prompt.values()):
        notes.append(
            Text("The similarity of tokens is shown for prompts of up to {most} chunks.", most=MOST_CHUNKS_ALIKE)
        )
    return notes
