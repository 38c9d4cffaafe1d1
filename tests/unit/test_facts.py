"""What a clip skip does on a model: the facts, and their words."""

from dataclasses import replace

import pytest

from clip_skip_lab.language import in_all_languages
from clip_skip_lab.layers.facts import ALL, NONE, PART, UNKNOWN, Encoder, Model, layer_facts, layer_of
from clip_skip_lab.layers.note import is_warning, sentence, with_measured

SD1 = Model("base", "SD1", (Encoder("CLIP-L", 12),))
SD2 = Model("two", "SD2", (Encoder("OpenCLIP ViT-H", 24, usual=23),))
BIG_G = Encoder("OpenCLIP bigG", 32, usual=31, norm=False, trained=31)
SDXL = Model("xl", "SDXL", (Encoder("CLIP-L", 12, usual=11, norm=False, trained=11), BIG_G), switch="Clip skip SDXL")
SDXL_ON = Model("xl", "SDXL", (Encoder("CLIP-L", 12, norm=False, trained=11), BIG_G))
FORGE_XL = Model(
    "xl", "SDXL", (Encoder("CLIP-L", 12, norm=False, trained=11, minimal=2), replace(BIG_G, usual=None, minimal=2))
)
FORGE_SD2 = Model("two", "SD2", (Encoder("OpenCLIP ViT-H", 23, trained=23, left_out=1),))
UNKNOWN_MODEL = Model("odd", "", ())


@pytest.mark.parametrize(
    ("clip_skip", "layer"), [(1, 12), (2, 11), (5, 8), (12, 1), (13, 0), (14, -1), (0, 12), (-3, 12)]
)
def test_a_clip_skip_names_a_layer_counted_from_the_end_and_what_is_below_one_is_the_last(clip_skip, layer):
    assert layer_of(clip_skip, 12) == layer


@pytest.mark.parametrize(
    ("model", "effect", "highest"),
    [(SD1, ALL, 12), (SD2, NONE, None), (SDXL, NONE, None), (SDXL_ON, PART, 12), (UNKNOWN_MODEL, UNKNOWN, None)],
)
def test_how_much_the_setting_decides_and_how_far_it_goes(model, effect, highest):
    facts = layer_facts(model, 2)
    assert (facts.effect, facts.highest) == (effect, highest)


def test_an_encoder_that_ignores_the_setting_keeps_its_layer():
    assert [[one.layer for one in layer_facts(SDXL_ON, value).encoders] for value in (1, 2, 7)] == [
        [12, 31],
        [11, 31],
        [6, 31],
    ]


@pytest.mark.parametrize(("clip_skip", "layers"), [(1, [11, 31]), (2, [11, 31]), (3, [10, 30]), (13, [0, 20])])
def test_what_is_below_the_minimal_clip_skip_of_an_encoder_means_the_minimal(clip_skip, layers):
    facts = layer_facts(FORGE_XL, clip_skip)
    assert [one.layer for one in facts.encoders] == layers
    assert (facts.lowest, facts.highest) == (2, 12)


def test_the_training_is_read_as_the_host_reads_a_clip_skip():
    assert [one.encoder.trained for one in layer_facts(FORGE_XL, 3, trained=1).encoders] == [11, 31]


def test_layers_that_the_host_leaves_out_count_in_what_is_said_and_cannot_be_reached():
    facts = layer_facts(FORGE_SD2, 1)
    assert (facts.encoders[0].layer, facts.highest) == (23, 23)
    assert facts.to_json()["encoders"][0]["layers"] == 24
    assert sentence(facts) == "Layer 23 of 24, penultimate, as in training"


def test_the_training_of_the_checkpoint_goes_to_encoders_that_honour_the_setting_only():
    assert layer_facts(SD1, 1, trained=2).encoders[0].encoder.trained == 11
    assert layer_facts(SD2, 1, trained=2).encoders[0].encoder.trained is None


@pytest.mark.parametrize(
    ("model", "clip_skip", "trained", "english", "japanese", "warning"),
    [
        (SD1, 1, None, "Layer 12 of 12, the last", "12 層中 12 層目（最後の層）", False),
        (SD1, 2, None, "Layer 11 of 12, penultimate", "12 層中 11 層目（最後から 2 番目）", False),
        (SD1, 5, None, "Layer 8 of 12", "12 層中 8 層目", False),
        (SD1, 12, None, "Layer 1 of 12, the first", "12 層中 1 層目（最初の層）", False),
        (
            SD1,
            2,
            2,
            "Layer 11 of 12, penultimate, as in training",
            "12 層中 11 層目（最後から 2 番目）、学習時と同じ層",
            False,
        ),
        (
            SD1,
            1,
            2,
            "Layer 12 of 12, the last; the model was trained on layer 11",
            "12 層中 12 層目（最後の層）。学習時は 11 層目",
            True,
        ),
        (
            SD1,
            13,
            None,
            "No layer: the token embeddings before layer 1 of 12",
            "層ではありません: 12 層の手前のトークン埋め込み",
            True,
        ),
        (
            SD1,
            14,
            None,
            "There is no such layer: the text encoder has 12 layers, and generating fails",
            "その層はありません: テキストエンコーダーは12層で、生成は失敗します",
            True,
        ),
        (
            SD2,
            2,
            None,
            "No effect: this WebUI ignores clip skip on SD2 models (always layer 23 of 24)",
            "効果なし: この WebUI は SD2 モデルでは Clip skip を無視します（常に 24 層中 23 層目）",
            True,
        ),
        (
            SDXL,
            2,
            None,
            "No effect: this WebUI ignores clip skip on SDXL models while its setting “Clip skip SDXL” is off",
            "効果なし: この WebUI は SDXL モデルでは Clip skip を無視します（設定「Clip skip SDXL」がオフのため）",
            True,
        ),
        (
            SDXL_ON,
            1,
            None,
            "CLIP-L: layer 12 of 12, the last, without the final layer norm; the model was trained on layer 11. "
            "OpenCLIP bigG: no effect (always layer 31 of 32)",
            "CLIP-L: 12 層中 12 層目（最後の層）、最終 LayerNorm なし。学習時は 11 層目。"
            "OpenCLIP bigG: 効果なし（常に 32 層中 31 層目）",
            True,
        ),
        (
            FORGE_XL,
            1,
            None,
            "Clip skip 1 is the same as 2 here. "
            "CLIP-L: layer 11 of 12, penultimate, without the final layer norm, as in training. "
            "OpenCLIP bigG: layer 31 of 32, penultimate, without the final layer norm, as in training",
            "ここでは Clip skip 1 は 2 と同じです。"
            "CLIP-L: 12 層中 11 層目（最後から 2 番目）、最終 LayerNorm なし、学習時と同じ層。"
            "OpenCLIP bigG: 32 層中 31 層目（最後から 2 番目）、最終 LayerNorm なし、学習時と同じ層",
            False,
        ),
        (
            UNKNOWN_MODEL,
            2,
            None,
            "Clip skip may have no effect: this model's text encoder is unknown",
            "Clip skip の効果がない可能性があります: このモデルのテキストエンコーダーは不明です",
            True,
        ),
        (None, 2, None, "No model is loaded yet", "モデルはまだ読み込まれていません", False),
    ],
)
def test_the_sentence_in_both_languages(model, clip_skip, trained, english, japanese, warning):
    facts = layer_facts(model, clip_skip, trained)
    assert in_all_languages(sentence(facts)).items() >= {"en": english, "ja": japanese}.items()
    assert is_warning(facts) is warning


def test_the_record_as_plain_data():
    assert layer_facts(SDXL_ON, 2).to_json() == {
        "model": {"name": "xl", "family": "SDXL"},
        "clip_skip": 2,
        "effect": "part",
        "lowest": 1,
        "highest": 12,
        "encoders": [
            {
                "name": "CLIP-L",
                "layers": 12,
                "honoured": True,
                "layer": 11,
                "final_layer_norm": False,
                "trained_layer": 11,
            },
            {
                "name": "OpenCLIP bigG",
                "layers": 32,
                "honoured": False,
                "layer": 31,
                "final_layer_norm": False,
                "trained_layer": 31,
            },
        ],
    }
    assert layer_facts(SD1, 14).to_json()["encoders"][0]["layer"] is None
    assert layer_facts(None, 2).to_json()["model"] is None


@pytest.mark.parametrize(
    ("measured", "metadata", "english", "japanese"),
    [
        (None, 1, "Layer 11 of 12, penultimate", "12 層中 11 層目（最後から 2 番目）"),
        (
            2,
            None,
            "Layer 11 of 12, penultimate, as in training; measured: 2",
            "12 層中 11 層目（最後から 2 番目）、学習時と同じ層。学習時の Clip skip（実測）: 2",
        ),
        (
            2,
            2,
            "Layer 11 of 12, penultimate, as in training; measured: 2",
            "12 層中 11 層目（最後から 2 番目）、学習時と同じ層。学習時の Clip skip（実測）: 2",
        ),
        (
            1,
            2,
            "Layer 11 of 12, penultimate; the model was trained on layer 12; measured: 1, metadata: 2",
            "12 層中 11 層目（最後から 2 番目）。学習時は 12 層目。学習時の Clip skip（実測）: 1（メタデータでは 2）",
        ),
    ],
)
def test_what_was_measured_ends_the_sentence_and_metadata_that_say_another_value_are_named(
    measured, metadata, english, japanese
):
    said = with_measured(sentence(layer_facts(SD1, 2, measured)), measured, metadata)
    assert in_all_languages(said).items() >= {"en": english, "ja": japanese}.items()
