"""How A1111's models are described, by the classes around their text encoders (modules/sd_hijack_clip.py, v1.10.1).

These objects have no weights and encode nothing; other tests ask a running host.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import pytest

from clip_skip_lab.layers.facts import NONE, UNKNOWN, Encoder, Model, layer_facts

BIG_G = Encoder("OpenCLIP bigG", 32, usual=31, norm=False, trained=31)
OF_SDXL = (Encoder("CLIP-L", 12, usual=11, norm=False, trained=11), BIG_G)
SWITCH = "sdxl_clip_l_skip"


@pytest.fixture
def wrapped(host, monkeypatch):
    """Makes a wrapper of the host's, by the name of its class; those that the embedded host lacks are put there."""
    from modules import sd_hijack_clip

    open_clip = ModuleType("modules.sd_hijack_open_clip")
    open_clip.__spec__ = ModuleSpec(open_clip.__name__, None)
    monkeypatch.setitem(sys.modules, open_clip.__name__, open_clip)
    for module, name in (
        (sd_hijack_clip, "FrozenCLIPEmbedderForSDXLWithCustomWords"),
        (open_clip, "FrozenOpenCLIPEmbedderWithCustomWords"),
        (open_clip, "FrozenOpenCLIPEmbedder2WithCustomWords"),
    ):
        monkeypatch.setattr(module, name, type(name, (), {}), raising=False)

    def make(name, inner):
        kind = getattr(sd_hijack_clip, name, None) or getattr(open_clip, name)
        made = kind.__new__(kind)
        vars(made)["wrapped"] = inner
        return made

    return make


@pytest.fixture
def sdxl(wrapped):
    """The conditioner of SDXL, which has a row of embedders, of sizes too."""
    clip_l = wrapped("FrozenCLIPEmbedderForSDXLWithCustomWords", _clip(12, layer="hidden", layer_idx=11))
    return SimpleNamespace(embedders=[clip_l, _big_g(wrapped), object(), object()])


def _clip(layers, **more):
    encoder = SimpleNamespace(layers=[None] * layers)
    return SimpleNamespace(transformer=SimpleNamespace(text_model=SimpleNamespace(encoder=encoder)), **more)


def _open_clip(layers, **more):
    return SimpleNamespace(model=SimpleNamespace(transformer=SimpleNamespace(resblocks=[None] * layers)), **more)


def _big_g(wrapped):
    inner = _open_clip(32, layer="penultimate", layer_idx=1, legacy=False)
    return wrapped("FrozenOpenCLIPEmbedder2WithCustomWords", inner)


def described(engine, condition, **more):
    info = SimpleNamespace(name_for_extra="name")
    return engine.described(SimpleNamespace(sd_checkpoint_info=info, cond_stage_model=condition, **more)).described


def test_an_sd1_model(engine, wrapped):
    condition = wrapped("FrozenCLIPEmbedderWithCustomWords", _clip(12, layer="last", layer_idx=None))
    assert described(engine, condition) == Model("name", "SD1", (Encoder("CLIP-L", 12),))


def test_an_sd2_model_takes_the_layer_of_its_config(engine, wrapped, opts):
    opts.data[SWITCH] = True
    for layer_idx, usual in ((1, 23), (0, 24)):
        condition = wrapped("FrozenOpenCLIPEmbedderWithCustomWords", _open_clip(24, layer_idx=layer_idx))
        expected = Model("name", "SD2", (Encoder("OpenCLIP ViT-H", 24, usual, trained=usual),))
        assert described(engine, condition) == expected


def test_an_sdxl_model_with_the_hosts_setting_off_and_on(engine, sdxl, opts):
    assert described(engine, sdxl) == Model("name", "SDXL", OF_SDXL, "Clip skip SDXL")
    opts.data[SWITCH] = True
    on = Encoder("CLIP-L", 12, norm=False, trained=11)
    assert described(engine, sdxl) == Model("name", "SDXL", (on, BIG_G))


def test_the_refiner_of_sdxl_has_nothing_to_switch_on(engine, wrapped):
    assert described(engine, _big_g(wrapped)) == Model("name", "SDXL", (BIG_G,))


def test_an_sd3_model_with_t5_and_without(engine, host):
    clip_l = SimpleNamespace(num_layers=12, layer="hidden", layer_idx=-2, layer_norm_hidden_state=False)
    clip_g = SimpleNamespace(num_layers=32, layer="hidden", layer_idx=-2, layer_norm_hidden_state=False)
    t5 = SimpleNamespace(num_layers=24, layer="last", layer_idx=None, layer_norm_hidden_state=True)
    for last, names in ((t5, ["CLIP-L", "OpenCLIP bigG", "T5-XXL"]), (None, ["CLIP-L", "OpenCLIP bigG"])):
        condition = SimpleNamespace(clip_l=clip_l, clip_g=clip_g, t5xxl=last)
        facts = layer_facts(described(engine, condition, is_sd3=True), 5)
        assert [encoder.encoder.name for encoder in facts.encoders] == names
        assert [encoder.layer for encoder in facts.encoders] == [11, 31, 24][: len(names)]
        assert facts.effect == NONE


def test_a_text_encoder_that_is_not_known_is_said_to_be_unknown(engine):
    assert layer_facts(described(engine, object()), 2).effect == UNKNOWN
