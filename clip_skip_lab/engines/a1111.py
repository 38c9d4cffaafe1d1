"""AUTOMATIC1111's WebUI, v1.10.1: what is its own in the family."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from modules import devices, sd_hijack, sd_hijack_clip, sd_models, shared
from transformers.models.clip.modeling_clip import CLIPEncoder

from ..language import Text
from ..layers.facts import Encoder, Model
from ..layers.selection import BIG_G, CLIP_L, SD1, SD2
from ..layers.states import States
from ..lens.vocabulary import Vocabulary
from ..webui.engine import LoadedEncoder, LoadedModel, LoadedNetwork
from .family import Family, known_encoders, nan_rows, vocabulary_of
from .hijacked import Hijacked
from .network import AppliedNetwork, in_use

SDXL_SWITCH = "sdxl_clip_l_skip"
"""The option without which SDXL's CLIP-L ignores clip skip (modules/sd_hijack_clip.py)."""


class A1111(Hijacked):
    """See `Engine`."""

    title = "AUTOMATIC1111"
    repository = "AUTOMATIC1111/stable-diffusion-webui"
    packages = (*Family.packages, "ldm", "sgm")
    # "networks" is the host's Lora extension; its devices.py casts for some kinds of cards.
    own_layers = (*Family.own_layers, "open_clip.", "networks", "modules.devices")
    loading_text = (sd_models, "get_empty_cond") if hasattr(sd_models, "get_empty_cond") else None  # since v1.6

    def described(self, model: Any) -> LoadedModel:
        """See `Family.described`; the model is one after the host's hijack (modules/sd_hijack.py).

        The encoders are told apart by their own classes and not by the model's `is_sd1`, `is_sdxl`, …: SD2-Turbo has
        the conditioner of SDXL around the encoder of SD2.
        """
        name, condition = model.sd_checkpoint_info.name_for_extra, getattr(model, "cond_stage_model", None)
        if getattr(model, "is_sd3", False):  # older versions don't know SD3
            return LoadedModel(Model(name, "SD3", _sd3(condition)))
        # SDXL has a row of embedders, of sizes too; the others, and SDXL's refiner, have their one encoder here.
        encoders = known_encoders(self.encoder(module) for module in getattr(condition, "embedders", [condition]))
        kinds = {encoder.kind for encoder in encoders}
        family = "SDXL" if BIG_G in kinds else "SD2" if SD2 in kinds else "SD1" if kinds else ""
        # SDXL's refiner has nothing to switch on.
        switch = shared.opts.data_labels.get(SDXL_SWITCH) if CLIP_L in kinds and not _is_switched_on() else None
        described = tuple(encoder.described for encoder in encoders)
        return LoadedModel(Model(name, family, described, switch.label if switch else ""), encoders)

    def mend(self) -> None:
        """See `Engine.mend`.

        `reload_model_weights` (modules/sd_models.py) removes its own wrapper from the model before it opens the file,
        and does not put it back when that fails: every later generation would fail, of this sweep and after it.
        """
        model = self.model()
        encoder = getattr(model, "cond_stage_model", None)
        if encoder is None or hasattr(encoder, "encode_embedding_init_text"):
            return
        sd_hijack.model_hijack.hijack(model)
        model.to(devices.device)
        sd_models.model_data.set_sd_model(model)

    def encoder_classes(self) -> dict[type, Callable[[Any], LoadedEncoder]]:
        """See `Engine.encoder_classes`; by class what looks at its objects. A subclass may do anything."""
        classes: dict[type, Callable[[Any], LoadedEncoder]] = {sd_hijack_clip.FrozenCLIPEmbedderWithCustomWords: _sd1}
        if hasattr(sd_hijack_clip, "FrozenCLIPEmbedderForSDXLWithCustomWords"):  # since v1.6
            classes[sd_hijack_clip.FrozenCLIPEmbedderForSDXLWithCustomWords] = _clip_l
        if importlib.util.find_spec("modules.sd_hijack_open_clip") is not None:
            from modules import sd_hijack_open_clip

            classes[sd_hijack_open_clip.FrozenOpenCLIPEmbedderWithCustomWords] = _sd2
            if hasattr(sd_hijack_open_clip, "FrozenOpenCLIPEmbedder2WithCustomWords"):
                classes[sd_hijack_open_clip.FrozenOpenCLIPEmbedder2WithCustomWords] = _big_g
        return classes

    def encoder(self, module: Any) -> LoadedEncoder | None:
        """See `Engine.encoder`."""
        describe = self.encoder_classes().get(type(module))
        return None if describe is None else describe(module)

    def cache_key(self) -> tuple[Hashable, ...]:
        """See `Engine.cache_key`: after a toggle of this option its cache gave stale pictures."""
        return (shared.opts.data.get(SDXL_SWITCH),) if CLIP_L in self.loaded().kinds else ()

    def encoder_layers(self) -> list[Sequence[torch.nn.Module]]:
        """See `Engine.encoder_layers`: those of transformers (SD1, SDXL's CLIP-L) and of OpenCLIP (SD2, bigG)."""
        condition = getattr(self.model(), "cond_stage_model", None)
        found: list[Sequence[torch.nn.Module]] = []
        for module in condition.modules() if isinstance(condition, torch.nn.Module) else ():
            layers = module.layers if isinstance(module, CLIPEncoder) else module._modules.get("resblocks")
            if isinstance(layers, torch.nn.ModuleList):
                found.append(list(layers))
        return found

    def loras(self) -> Hashable:
        """See `Engine.loras` (extensions-builtin/Lora/networks.py)."""
        loaded = getattr(sys.modules.get("networks"), "loaded_networks", ())
        return tuple((net.name, net.te_multiplier, net.unet_multiplier, net.dyn_dim, net.mtime) for net in loaded)

    def network(self) -> AbstractContextManager[LoadedNetwork]:
        """See `Engine.network`."""
        return in_use(AppliedNetwork(shared.sd_model, shared.device))

    def why_one_by_one(self, request: Any) -> Text | None:
        """See `Engine.why_one_by_one`."""
        model = shared.sd_model
        key = getattr(getattr(model, "model", None), "conditioning_key", "crossattn")
        if key != "crossattn" and not getattr(model, "is_sdxl", False):
            return Text("this kind of model ({key}) takes more than a prompt", key=key)
        return super().why_one_by_one(request)

    def sampling_objects(self) -> list[Any]:
        """See `Engine.sampling_objects`."""
        return [sd_hijack.model_hijack]

    def broken_rows(self, samples: Any) -> list[int]:
        """See `Engine.broken_rows`: on a batch of nothing else it fails (modules/devices.py, `test_for_nans`)."""
        rows = nan_rows(samples)
        return [] if shared.cmd_opts.disable_nan_check or len(rows) == len(samples) else rows

    def is_nan(self, error: Exception) -> bool:
        """See `Engine.is_nan`."""
        return isinstance(error, devices.NansException)


def _is_switched_on() -> bool:
    return getattr(shared.opts, SDXL_SWITCH, False) is True


def _sd1(module: Any) -> LoadedEncoder:
    transformer = module.wrapped.transformer
    described = Encoder("CLIP-L", len(transformer.text_model.encoder.layers))

    def states(original: Any, tokens: torch.Tensor) -> States:
        outputs = transformer(input_ids=tokens, output_hidden_states=True)
        return States(outputs.hidden_states, transformer.text_model.final_layer_norm, outputs.last_hidden_state)

    return LoadedEncoder(SD1, module, described, states, vocabulary_of(module), lambda: module.hijack)


def _clip_l(module: Any) -> LoadedEncoder:
    """SDXL was trained on states without the final norm."""
    wrapped = module.wrapped
    layers = len(wrapped.transformer.text_model.encoder.layers)
    last = wrapped.layer == "last"
    # `hidden_states` has the embeddings in front, so place 11 of them is layer 11, and -2 of 13 is layer 11 too.
    trained = layers if last else range(layers + 1)[wrapped.layer_idx]
    usual = {} if _is_switched_on() else {"usual": trained}
    described = Encoder("CLIP-L", layers, norm=last and bool(usual), trained=trained, **usual)

    def states(original: Any, tokens: torch.Tensor) -> States:
        return States(wrapped.transformer(input_ids=tokens, output_hidden_states=True).hidden_states)

    return LoadedEncoder(CLIP_L, module, described, states, vocabulary_of(module), lambda: module.hijack)


def _sd2(module: Any) -> LoadedEncoder:
    wrapped = module.wrapped
    layers = len(wrapped.model.transformer.resblocks)
    usual = layers - wrapped.layer_idx
    described = Encoder("OpenCLIP ViT-H", layers, usual=usual, norm=True, trained=usual)

    def states(original: Any, tokens: torch.Tensor) -> States:
        """All layers run for this: the host would stop after the layer it wants, by `layer_idx`."""
        stops_before = wrapped.layer_idx
        wrapped.layer_idx = 0
        try:
            with _noted_states(wrapped.model) as noted:
                last = wrapped.encode_with_transformer(tokens)
        finally:
            wrapped.layer_idx = stops_before
        return States(noted, wrapped.model.ln_final, last)

    return LoadedEncoder(SD2, module, described, states, _open_clip_vocabulary, lambda: module.hijack)


def _big_g(module: Any) -> LoadedEncoder:
    wrapped = module.wrapped
    layers = len(wrapped.model.transformer.resblocks)
    usual = layers - wrapped.layer_idx
    described = Encoder("OpenCLIP bigG", layers, usual=usual, norm=bool(wrapped.legacy), trained=usual)

    def states(original: Any, tokens: torch.Tensor) -> States:
        """The pooled vector stays that of the last layer, with the final norm, as SDXL was trained."""
        with _noted_states(wrapped.model) as noted:
            outputs = wrapped.encode_with_transformer(tokens)
        return States(noted, pooled=outputs.get("pooled"))

    return LoadedEncoder(BIG_G, module, described, states, _open_clip_vocabulary, lambda: module.hijack)


def _open_clip_vocabulary() -> Vocabulary:
    from modules import sd_hijack_open_clip

    tokenizer = sd_hijack_open_clip.tokenizer
    return Vocabulary(tokenizer.decoder.get, tokenizer.byte_decoder)


@contextmanager
def _noted_states(model: Any) -> Iterator[list[torch.Tensor]]:
    """Yields a list that a forward of an OpenCLIP text model fills with its hidden states, [batch, tokens, channels].

    OpenCLIP keeps none of them itself. Its blocks take [tokens, batch, channels].
    """
    states: list[torch.Tensor] = []
    blocks = model.transformer.resblocks

    def before(block: Any, arguments: tuple) -> None:
        states.append(arguments[0].permute(1, 0, 2))

    def after_last(block: Any, arguments: tuple, output: torch.Tensor) -> None:
        states.append(output.permute(1, 0, 2))

    hooks = [block.register_forward_pre_hook(before) for block in blocks]
    hooks.append(blocks[-1].register_forward_hook(after_last))
    try:
        yield states
    finally:
        for hook in hooks:
            hook.remove()


def _sd3(condition: Any) -> tuple[Encoder, ...]:
    """The encoders of SD3 (modules/models/sd3/sd3_cond.py), none of which looks at clip skip."""
    encoders = []
    for name, field in (("CLIP-L", "clip_l"), ("OpenCLIP bigG", "clip_g"), ("T5-XXL", "t5xxl")):
        encoder = getattr(condition, field, None)
        if encoder is None:  # T5 is left out unless its option is on
            continue
        layers = int(encoder.num_layers)
        last = encoder.layer == "last"
        # Unlike transformers' hidden states these are counted from the first layer, without the embeddings.
        usual = layers if last else range(1, layers + 1)[encoder.layer_idx]
        encoders.append(Encoder(name, layers, usual, norm=last or bool(encoder.layer_norm_hidden_state), trained=usual))
    return tuple(encoders)
