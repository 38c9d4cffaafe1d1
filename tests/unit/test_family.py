"""The same number, another layer: what a clip skip names on each WebUI of the family, and what gives the same here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.language import in_all_languages
from clip_skip_lab.layers.facts import Encoder, Model, layer_facts
from clip_skip_lab.layers.family import (
    A1111,
    CLASSIC,
    ENCODERS,
    FORGE,
    REFORGE,
    SDNEXT,
    made_by,
    model_of,
    number_in,
    translate,
)
from clip_skip_lab.layers.family_note import translation_sentence
from clip_skip_lab.layers.panel import panel_facts
from clip_skip_lab.sweep.layer_request import read_layer_request

FAMILIES = ("SD1", "SD2", "SDXL")
KNOWN = [(webui, family) for webui, families in ENCODERS.items() for family in families]


def layers(webui, family, clip_skip):
    return [encoder.layer(clip_skip) for encoder in ENCODERS[webui][family]]


@pytest.mark.parametrize(
    ("webui", "family", "by_number"),
    [
        *((webui, "SD1", {1: [12], 2: [11], 12: [1], 13: [0]}) for webui in ENCODERS),
        *((webui, "SD2", {1: [23], 2: [23], 9: [23]}) for webui in (A1111, CLASSIC)),
        *((webui, "SDXL", {1: [11, 31], 2: [11, 31], 9: [11, 31]}) for webui in (A1111, CLASSIC)),
        (FORGE, "SD2", {1: [23], 2: [22], 23: [1]}),
        (REFORGE, "SD2", {1: [23], 2: [23], 3: [22], 24: [1]}),
        *((webui, "SDXL", {1: [11, 31], 2: [11, 31], 3: [10, 30], 12: [1, 21]}) for webui in (FORGE, REFORGE)),
        (SDNEXT, "SDXL", {1: [11, 31], 2: [10, 30]}),
    ],
)
def test_each_webui_takes_its_own_layer_for_a_number(webui, family, by_number):
    assert {number: layers(webui, family, number) for number in by_number} == by_number


@pytest.mark.parametrize(
    ("params", "webui"),
    [
        ({"Version": "v1.10.1"}, A1111),
        ({"Version": "v1.10.1-47-g82a973c0"}, A1111),
        ({"Version": "v1.9.0-RC-12-gdeadbee"}, A1111),
        ({"Version": "1.10.1"}, A1111),
        ({"Version": "f2.0.1v1.10.1-previous-669-gdfdcbab6"}, FORGE),
        ({"Version": "f2.0.1v1.10.1-1.10.1"}, FORGE),
        ({"Version": "f1.0.0v2-v1.10.1RC-latest-2510-g3b56b268"}, REFORGE),
        ({"Version": "f1.0.0v2gradio4-v1.10.1RC-latest-2893-gfffe742c"}, REFORGE),
        ({"Version": "f1.0.2dev-experimental-v1.10.1RC-latest-900-gabcdef0"}, REFORGE),
        ({"Version": "f1.3.5-v1.10.1RC-latest-1046-g589f3df1"}, REFORGE),
        ({"Version": "classic"}, CLASSIC),
        ({"Version": "0b8001c0", "App": "SD.Next"}, SDNEXT),
    ],
)
def test_an_infotext_tells_its_webui_by_what_that_writes_as_its_version(params, webui):
    assert made_by(params) == webui


@pytest.mark.parametrize(
    "version",
    [
        None,
        "",
        "f0.0.17v1.8.0rc-latest-276-g29be1da7",  # Forge and early reForge alike, whose rules differ
        "f0.0.20.1-v1.10.0RC-latest-500-gabcdef0",
        "v1.7.0d",
        "v1.10.1-amd-37-g721f6391",
        "ComfyUI",
        "neo",
        "0b8001c0",
        "2.0",
        "f2.0.1v1.10.1",
        "classic2",
    ],
)
def test_nothing_is_said_of_a_version_that_does_not_tell(version):
    assert made_by({} if version is None else {"Version": version}) == ""


@pytest.mark.parametrize(
    ("params", "number"),
    [
        ({}, 1),
        ({"Clip skip": "2"}, 2),
        ({"Clip skip": 0}, 1),
        ({"Clip skip": "2.0"}, 2),
        ({"Clip skip": "1.5"}, None),
        ({"Clip skip": "two"}, None),
        ({"Clip skip": "9" * 40}, None),
        ({"Clip skip": "3", "Dynamic clip skip": "3->2"}, None),
        ({"Clip skip": "2", "clip_skip_lab_value": "2"}, None),
        ({"clip_skip_lab_sdxl_big_g": "4"}, None),
        ({"Clip skip": "2", "clip_skip_lab_negative": "1"}, 2),
    ],
)
def test_a_missing_key_means_one_and_what_is_no_single_number_is_left_alone(params, number):
    assert number_in(params, "Clip skip") == number


@given(st.sampled_from(KNOWN), st.sampled_from(tuple(ENCODERS)), st.integers(1, 26))
def test_translating_keeps_the_layer_and_translating_back_does_too(known, other, number):
    webui, family = known
    here = model_of(other, family)
    if here is None or min(layers(webui, family, number)) < 0:
        assert here is None or translate(webui, number, here) is None
        return
    found = translate(webui, number, here)
    wanted = layers(webui, family, number)
    if found is None:
        assert layers(other, family, number) == wanted
        return
    assert [facts.layer for facts in found.there] == wanted
    assert [facts.layer for facts in found.here] == layers(other, family, number)
    if found.same is not None:
        assert layers(other, family, found.same) == wanted
        back = translate(other, found.same, model_of(webui, family))
        assert (found.same if back is None else back.same) is not None
        assert layers(webui, family, found.same if back is None else back.same) == wanted
    if found.asked:
        panel = panel_facts(layer_facts(here, 1), read_layer_request(dict(found.asked)))
        got = [
            facts.encoder.layers + 1 - choices[0].first if choices else facts.layer
            for facts, choices in zip(panel.base.encoders, panel.prompt, strict=True)
        ]
        assert got == wanted


@given(st.sampled_from(KNOWN), st.integers(1, 40))
def test_a_webui_has_nothing_to_say_of_its_own_pictures(known, number):
    assert translate(known[0], number, model_of(*known)) is None


@given(st.sampled_from(tuple(ENCODERS)), st.sampled_from(tuple(ENCODERS)), st.integers(1, 13))
def test_on_sd1_all_webuis_agree(webui, other, number):
    assert translate(webui, number, model_of(other, "SD1")) is None


def test_a_model_whose_encoders_are_not_those_of_the_rules_is_left_alone():
    assert translate(FORGE, 2, Model("odd", "", ())) is None
    assert translate(FORGE, 2, Model("refiner", "SDXL", (Encoder("OpenCLIP bigG", 32, usual=31),))) is None
    assert translate(SDNEXT, 2, model_of(A1111, "SD2")) is None
    assert model_of("ComfyUI", "SD1") is None


def said(webui, number, here, **more):
    found = translate(webui, number, here)
    return None if found is None else translation_sentence(found, **more)


SWITCHED_ON = replace(model_of(A1111, "SDXL"), encoders=(Encoder("CLIP-L", 12, norm=False), ENCODERS[A1111]["SDXL"][1]))


@pytest.mark.parametrize(
    ("webui", "number", "here", "english"),
    [
        (
            FORGE,
            2,
            model_of(A1111, "SDXL"),
            "This image is from Forge, where clip skip 2 on SDXL is layer 11 of 12 in CLIP-L and layer 31 of 32 in "
            "OpenCLIP bigG. Here every clip skip gives that.",
        ),
        (FORGE, 1, model_of(A1111, "SDXL"), None),
        (
            FORGE,
            3,
            model_of(CLASSIC, "SDXL"),
            "This image is from Forge, where clip skip 3 on SDXL is layer 10 of 12 in CLIP-L and layer 30 of 32 in "
            "OpenCLIP bigG. Here it is always layer 11 of 12 in CLIP-L and layer 31 of 32 in OpenCLIP bigG. The panel "
            "“Finer clip skip” gives the same here, with clip skip 3 and “Apply on SD2 and SDXL too”.",
        ),
        (
            A1111,
            3,
            model_of(FORGE, "SDXL"),
            "This image is from AUTOMATIC1111, which ignores clip skip on SDXL while its setting “Clip skip SDXL” is "
            "off: it is always layer 11 of 12 in CLIP-L and layer 31 of 32 in OpenCLIP bigG. Here 3 is layer 10 of 12 "
            "in CLIP-L and layer 30 of 32 in OpenCLIP bigG. Clip skip 1 gives the same here.",
        ),
        (
            CLASSIC,
            2,
            model_of(FORGE, "SD2"),
            "This image is from Forge Classic, which ignores clip skip on SD2: it is always layer 23 of 24. Here 2 "
            "is layer 22 of 24. Clip skip 1 gives the same here.",
        ),
        (
            FORGE,
            2,
            model_of(REFORGE, "SD2"),
            "This image is from Forge, where clip skip 2 on SD2 is layer 22 of 24. Here 2 is layer 23 of 24. Clip "
            "skip 3 gives the same here.",
        ),
        (REFORGE, 2, SWITCHED_ON, None),
        (
            FORGE,
            1,
            SWITCHED_ON,
            "This image is from Forge, where clip skip 1 on SDXL is layer 11 of 12 in CLIP-L and layer 31 of 32 in "
            "OpenCLIP bigG. Here 1 is layer 12 of 12 in CLIP-L and layer 31 of 32 in OpenCLIP bigG. Clip skip 2 gives "
            "the same here.",
        ),
        (
            SDNEXT,
            2,
            model_of(FORGE, "SDXL"),
            "This image is from SD.Next, where clip skip 2 on SDXL is layer 10 of 12 in CLIP-L and layer 30 of 32 in "
            "OpenCLIP bigG. Here 2 is layer 11 of 12 in CLIP-L and layer 31 of 32 in OpenCLIP bigG. Clip skip 3 gives "
            "the same here.",
        ),
    ],
)
def test_the_sentence_names_both_layers_and_what_gives_the_same(webui, number, here, english):
    assert said(webui, number, here) == english


def test_a_model_with_other_encoders_than_usual_is_counted_from_the_end_there_too():
    small = (Encoder("CLIP-L", 12, usual=11, norm=False), Encoder("OpenCLIP bigG", 10, usual=9, norm=False))
    here = Model("small", "SDXL", small)
    assert "and layer 9 of 10 in OpenCLIP bigG. Here every clip skip gives that." in said(FORGE, 2, here)
    assert translate(FORGE, 3, here).asked == {"clip_skip": 3, "every_model": True}
    assert translate(CLASSIC, 3, here) is None


def test_the_panel_may_need_a_value_for_each_encoder_and_some_layers_are_out_of_reach():
    cut = (Encoder("CLIP-L", 12, usual=11), Encoder("OpenCLIP bigG", 30, left_out=2))
    text = said(FORGE, 4, replace(model_of(A1111, "SDXL"), encoders=cut))
    assert text.endswith("with SDXL CLIP-L skip 4 and SDXL bigG skip 2.")
    assert said(FORGE, 13, model_of(A1111, "SDXL")).endswith("No clip skip gives the same here.")
    assert "is the token embeddings in CLIP-L and layer 20 of 32" in said(FORGE, 13, model_of(A1111, "SDXL"))
    assert "Here 13 is layer" not in said(FORGE, 13, model_of(A1111, "SDXL"))


def test_a_model_that_is_not_here_is_taken_as_the_loaded_ones_kind_and_that_is_said():
    text = said(FORGE, 3, model_of(A1111, "SDXL"), is_loaded=False)
    assert text.endswith("This holds if its model is SDXL, like the loaded one.")


@given(st.sampled_from(KNOWN), st.sampled_from(tuple(ENCODERS)), st.integers(1, 26))
def test_every_sentence_is_there_in_japanese(known, other, number):
    here = model_of(other, known[1])
    text = here and said(known[0], number, here, is_loaded=False)
    if text:
        japanese = in_all_languages(text)["ja"]
        assert "ここでは" in japanese or "ここには" in japanese
        assert "here" not in japanese
