"""What the note in the header says of the panel "Finer clip skip"."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.api.model import asked_in_address, model_answer
from clip_skip_lab.hosts import ClipSkipSetting
from clip_skip_lab.language import languages
from clip_skip_lab.layers.facts import Encoder, Model

SD1 = Model("one", "SD1", (Encoder("CLIP-L", 12),))
SD2 = Model("two", "SD2", (Encoder("OpenCLIP ViT-H", 24, usual=23, trained=23),))
SDXL = Model(
    "xl",
    "SDXL",
    (
        Encoder("CLIP-L", 12, usual=11, norm=False, trained=11),
        Encoder("OpenCLIP bigG", 32, usual=31, norm=False, trained=31),
    ),
    "Clip skip SDXL",
)
STRANGE = Model("new", "", ())


@dataclass
class Host:
    loaded: Model | None

    @property
    def about(self):
        return {"name": "AUTOMATIC1111", "version": "v1.10.1"}

    def model(self):
        return self.loaded

    def loaded_source(self):
        return None

    def clip_skip(self):
        return ClipSkipSetting(2, 12, temporary=False, sweeping=False)


def answer(model, panel=None, language="en", clip_skip=None):
    address = {f"panel_{key}": value for key, value in (panel or {}).items()}
    return model_answer(Host(model), clip_skip, language, asked_in_address(address))


@pytest.mark.parametrize(
    ("panel", "en", "ja"),
    [
        ({"clip_skip": "5"}, "Panel: clip skip 5. Layer 8 of 12", "パネル: Clip skip 5。12 層中 8 層目"),
        ({"clip_skip": "1.5"}, "Panel: clip skip 1.5. Layer 11.5 of 12", "パネル: Clip skip 1.5。12 層中 11.5 層目"),
        (
            {"clip_skip": "avg 2-4"},
            "Panel: clip skip avg 2-4. Layers 9 to 11 of 12, averaged",
            "パネル: Clip skip avg 2-4。12 層中 9〜11 層目の平均",
        ),
        (
            {"clip_skip": "[2:avg 2-4:0.5]"},
            "Panel: clip skip [2:avg 2-4:0.5]. Layer 11 of 12, penultimate, then layers 9 to 11 of 12, averaged",
            "パネル: Clip skip [2:avg 2-4:0.5]。12 層中 11 層目（最後から 2 番目）、その後 12 層中 9〜11 層目の平均",
        ),
        (
            {"negative_clip_skip": "[3:3:0.5]"},
            "Panel: negative clip skip [3:3:0.5]. Layer 11 of 12, penultimate. Negative: layer 10 of 12",
            "パネル: ネガティブ [3:3:0.5]。12 層中 11 層目（最後から 2 番目）。ネガティブ: 12 層中 10 層目",
        ),
        (
            {"negative_clip_skip": "3"},
            "Panel: negative clip skip 3. Layer 11 of 12, penultimate. Negative: layer 10 of 12",
            "パネル: ネガティブ 3。12 層中 11 層目（最後から 2 番目）。ネガティブ: 12 層中 10 層目",
        ),
    ],
)
def test_the_panel_comes_before_the_header_and_its_layers_are_named(panel, en, ja):
    assert (answer(SD1, panel)["sentence"], answer(SD1, panel, "ja")["sentence"]) == (en, ja)
    assert answer(SD1, panel)["warning"] is False


def test_a_panel_that_asks_nothing_leaves_the_note_as_it_is():
    for panel in ({}, {"interpolation": "spherical"}, {"clip_skip": None}):
        assert answer(SD1, panel)["sentence"] == "Layer 11 of 12, penultimate"


@pytest.mark.parametrize("model", [SD2, SDXL, STRANGE])
def test_a_value_that_does_nothing_on_this_model_is_told_with_what_is_done_instead(model):
    said, plain = answer(model, {"clip_skip": "5"}, clip_skip="1"), answer(model, clip_skip="1")
    assert said["sentence"] == f"Panel: clip skip 5, not applied to this model. {plain['sentence']}"
    assert said["warning"] is True


def test_on_every_model_the_encoders_are_named():
    said = answer(SDXL, {"every_model": "true", "sdxl_big_g_skip": "4"})
    assert said["sentence"] == (
        "Panel: SDXL bigG skip 4. CLIP-L: layer 11 of 12, penultimate, without the final layer norm, as in training. "
        "OpenCLIP bigG: layer 29 of 32, without the final layer norm; the model was trained on layer 31"
    )
    both = answer(SDXL, {"every_model": "true", "sdxl_big_g_skip": "4", "negative_clip_skip": "2"})["sentence"]
    assert "Negative, CLIP-L: layer 11 of 12" in both
    assert answer(SD2, {"every_model": "true"})["sentence"].startswith(
        "Panel: the clip skip in the header, on this model too. Layer 23 of 24"
    )


@pytest.mark.parametrize("value", ["12.5", "[1:13:0.5]"])
def test_a_layer_that_is_not_there_warns(value):
    said = answer(SD1, {"clip_skip": value})
    assert (
        said["sentence"]
        .lower()
        .endswith("there is no such layer: the text encoder has 12 layers, and generating fails")
    )
    assert said["warning"] is True


@pytest.mark.parametrize(
    ("panel", "sentence"),
    [
        ({"clip_skip": "abc"}, 'Clip skip: "abc" is not a number'),
        ({"negative_clip_skip": "0"}, 'Negative clip skip: "0" is out of range'),
        ({"every_model": "perhaps"}, 'Apply on SD2 and SDXL too: "perhaps" is neither; allowed: true or false.'),
    ],
)
def test_what_cannot_be_used_is_told_while_it_is_typed(panel, sentence):
    said = answer(SD1, panel)
    assert said["sentence"].startswith(f"Panel: {sentence}")
    assert said["warning"] is True
    assert answer(SD1, panel, "ja")["sentence"].startswith("パネル: ")


@given(
    st.sampled_from([None, SD1, SD2, SDXL, STRANGE]),
    st.sampled_from(languages()),
    st.dictionaries(
        st.sampled_from(["clip_skip", "negative_clip_skip", "sdxl_clip_l_skip", "sdxl_big_g_skip", "every_model"]),
        st.sampled_from(["1", "[5:40:0.5]", "[1:2:3]", "5", "24", "40", "2.5", "avg 1-3", "avg 2-40", "same", "true"])
        | st.text(max_size=8),
    ),
)
def test_whatever_is_typed_gets_a_sentence(model, language, panel):
    assert answer(model, panel, language)["sentence"]


@pytest.mark.parametrize("panel", [{"clip_skip": "1.5"}, {"clip_skip": "[2:1:0.5]"}, {"negative_clip_skip": "2"}])
def test_a_value_with_which_generating_is_refused_on_this_model_is_told_as_that(panel):
    said = answer(SDXL, panel)
    assert said["sentence"].startswith("Panel: ")
    assert "cannot be applied, because the WebUI ignores clip skip on this model" in said["sentence"]
    assert said["warning"] is True
    assert "cannot be applied" not in answer(SDXL, {**panel, "every_model": "true"})["sentence"]
