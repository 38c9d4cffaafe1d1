"""What most members of the family have in common; an engine replaces what is different in its WebUI."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from modules import processing, scripts, shared
from transformers.models.clip.tokenization_clip import bytes_to_unicode

from ..hosts import CHECKPOINT, OPTION_KEY, VAE
from ..language import Text
from ..layers.mixing import Norm
from ..layers.states import States
from ..lens.vocabulary import Vocabulary
from ..webui.engine import LoadedEncoder, LoadedModel
from ..webui.options import borrowed
from ..webui.shadow import shadowed
from .family_page import FamilyPage

SAMPLING_HOOKS = (
    *("on_mask_blend", "post_sample", "process_before_every_sampling"),
    *("postprocess_batch", "postprocess_batch_list"),
)
"""The hooks by which the host's own scripts touch samples; in all others those look at one picture or at none."""

SLIDER_END = 12
"""The end of the control where the option does not tell it: that of all WebUIs of the family."""

REPOSITORY = re.compile(r"github\.com/([\w.-]+/[\w.-]+?)(?:/commit/|[\"'>)])")


class Family:
    """The part of an `Engine` that AUTOMATIC1111's WebUI and those that come from it share.

    Attributes:
        title: what the WebUI calls itself.
        repository: where it comes from: owner/name on GitHub.
    """

    title = ""
    repository = ""
    page = FamilyPage()
    packages: tuple[str, ...] = ("modules", "k_diffusion", "torch.nn.functional")
    encoding = ("forward", "encode_with_transformers")
    own_layers: tuple[str, ...] = ("torch.nn.modules.", "transformers.")
    loading_text: tuple[Any, str] | None = None
    loses_errors = False
    lent_off: tuple[dict[str, Any], Text] | None = None
    seeds_start = 0
    """What the host adds to a seed before it leaves torch's global generator there, modulo `seeds_modulus`."""
    seeds_modulus = 2**64
    masks_draw = False
    """Whether the host draws noise for what a mask keeps at each step, from torch's global generator
    (modules/sd_samplers_cfg_denoiser.py)."""

    @property
    def name(self) -> str:
        """See `Engine.name`; a fork that its page calls otherwise is told as one."""
        named = page_repository()
        if named is None or named.lower() == self.repository.lower():
            return self.title
        return f"{named} ({self.title})"

    def version(self) -> str:
        """See `Engine.version`."""
        return str(processing.program_version() or "unknown")

    def loaded(self) -> LoadedModel:
        """See `Engine.loaded`."""
        model = self.model()
        return LoadedModel() if model is None else self.described(model)

    def model(self) -> Any:
        """See `Engine.model`."""
        raise NotImplementedError

    def described(self, model: Any) -> LoadedModel:
        """A model of this host, looked at."""
        raise NotImplementedError

    def mend(self) -> None:
        """See `Engine.mend`."""

    def clip_skip(self) -> int:
        """See `Engine.clip_skip`."""
        return int(shared.opts.data.get(OPTION_KEY, 1))

    def slider_end(self) -> int:
        """See `Engine.slider_end`."""
        arguments = shared.opts.data_labels[OPTION_KEY].component_args
        arguments = (arguments() if callable(arguments) else arguments) or {}
        return int(arguments.get("maximum", SLIDER_END))

    def clip_skip_in_force(self, value: int) -> AbstractContextManager[None]:
        """See `Engine.clip_skip_in_force`: every encoding looks at the option."""
        return borrowed(shared.opts.data, {OPTION_KEY: value})

    def loading_held(self) -> AbstractContextManager[None]:
        """See `Engine.loading_held`: the host itself waits for the generation in progress."""
        return nullcontext()

    def loading_untouched(self) -> AbstractContextManager[None]:
        """See `Engine.loading_untouched`: axes only write into the request."""
        return nullcontext()

    def cache_key(self) -> tuple[Hashable, ...]:
        """See `Engine.cache_key`."""
        return ()

    def deciding_options(self) -> set[str]:
        """See `Engine.deciding_options`: those that it writes into infotexts, because a picture could not be made again
        without them."""
        labels = shared.opts.data_labels
        told = {key for key, info in labels.items() if getattr(info, "infotext", None)}
        return told | ({CHECKPOINT, VAE} & set(labels))

    def generator_after(self, seed: int) -> int:
        """See `Engine.generator_after` (modules/rng.py, `randn`)."""
        return (seed + self.seeds_start) % self.seeds_modulus if self.seeds_start else seed

    def why_one_by_one(self, request: Any) -> Text | None:
        """See `Engine.why_one_by_one`."""
        if any(getattr(shared.opts, f"hypertile_enable_{part}", False) for part in ("unet", "vae")):
            return Text("Hypertile divides a batch at random as a whole")
        if self.masks_draw and getattr(request, "image_mask", None) is not None:
            return Text("inpainting draws noise for a batch as a whole")
        return None

    def takes_part(self, script: Any) -> bool:
        """See `Engine.takes_part`."""
        return any(
            getattr(type(script), hook, None) is not getattr(scripts.Script, hook, None) for hook in SAMPLING_HOOKS
        )

    def sampling_objects(self) -> list[Any]:
        """See `Engine.sampling_objects`."""
        return []

    def broken_rows(self, samples: Any) -> list[int]:
        """See `Engine.broken_rows`; a host whose own test does nothing is not told to look either."""
        return nan_rows(samples)

    def is_nan(self, error: Exception) -> bool:
        """See `Engine.is_nan`."""
        return False


def nan_rows(samples: Any) -> list[int]:
    """The rows of a batch that have NaN in them."""
    return [row for row, latent in enumerate(samples) if bool(torch.isnan(latent).any())]


def page_repository() -> str | None:
    """The GitHub repository (owner/name) that the page's last line names as this WebUI's own; None where it names none.

    The last line is made by `versions_html` (modules/ui.py), which is looked at only where the host has it already.
    """
    ui = sys.modules.get("modules.ui")
    code = getattr(getattr(ui, "versions_html", None), "__code__", None)
    texts = [text for text in code.co_consts if isinstance(text, str)] if code is not None else []
    found = [match for text in texts for match in REPOSITORY.findall(text)]
    return found[0] if found else None


def states_noted(
    transformer: Any, norm: Norm | None
) -> Callable[[Callable[[torch.Tensor], torch.Tensor], torch.Tensor], States]:
    """How to get the states of a text encoder around one of transformers': the host encodes as it would with all that
    it does before and after, and the states of its forward are noted.

    Args:
        transformer: the `CLIPTextModel`.
        norm: its final layer norm; None where the model takes states as they are.
    """

    def states(original: Callable[[torch.Tensor], torch.Tensor], tokens: torch.Tensor) -> States:
        with _noted_outputs(transformer) as outputs:
            hosts_own = original(tokens)
        last = None if norm is None else outputs[-1].last_hidden_state
        return States(outputs[-1].hidden_states, norm, last, getattr(hosts_own, "pooled", None))

    return states


def vocabulary_of(module: Any) -> Callable[[], Vocabulary]:
    """Gives, when it is asked, what the tokens of an encoder stand for whose `tokenizer` is transformers' for CLIP."""

    def vocabulary() -> Vocabulary:
        byte_of = {symbol: byte for byte, symbol in bytes_to_unicode().items()}
        return Vocabulary(module.tokenizer.convert_ids_to_tokens, byte_of)

    return vocabulary


@contextmanager
def _noted_outputs(transformer: Any) -> Iterator[list[Any]]:
    """Yields a list that gets what the transformer's forward gives, all hidden states among it, for the time of the
    block."""
    outputs: list[Any] = []
    forward = transformer.forward

    def noting(*args: Any, **kwargs: Any) -> Any:
        output = forward(*args, **{**kwargs, "output_hidden_states": True})
        outputs.append(output)
        return output

    with shadowed(transformer, "forward", noting):
        yield outputs


def honours(encoder_class: type) -> bool:
    """Whether an encoder's own method looks at the host's clip skip."""
    method = vars(encoder_class).get("encode_with_transformers")
    return method is not None and OPTION_KEY in method.__code__.co_names


def known_encoders(found: Iterable[LoadedEncoder | None]) -> tuple[LoadedEncoder, ...]:
    """Those that are known, in their order."""
    return tuple(encoder for encoder in found if encoder is not None)
