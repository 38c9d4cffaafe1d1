"""What the line under the panel says to type for an axis that was just chosen."""

import pytest

from clip_skip_lab.language import translated
from clip_skip_lab.sweep.axes import Axis, read_axis_values
from clip_skip_lab.sweep.examples import example_of
from clip_skip_lab.sweep.plan_keys import VALUE_FIELDS
from clip_skip_lab.sweep.summary import of_layer_panel, what_to_type
from clip_skip_lab.ui.arguments import panel_values, without_empty_axes


def within(lowest, highest):
    def confirm(values):
        if not all(lowest <= value <= highest for value in values):
            raise ValueError("out of bounds")

    return confirm


def sizes(values):
    if not all("x" in value for value in values):
        raise ValueError("no size")


def nothing_suits(values):
    raise ValueError("none of these")


CFG, STEPS = Axis("CFG Scale", "float"), Axis("Steps", "int", confirm=within(1, 10_000))
SAMPLER = Axis("Sampler", choices=lambda: ["Euler", "Euler a", "DDIM"])
AXES = [
    CFG,
    STEPS,
    SAMPLER,
    Axis("Denoising", "float", confirm=within(0, 1)),
    Axis("Large numbers", "float", confirm=within(2, 10)),
    Axis("Size", confirm=sizes),
    Axis("Styles", choices=lambda: ["one, two", "three"]),
    Axis("Prompt S/R"),
    Axis("Prompt order", "order"),
]


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.label)
def test_every_example_is_one_that_the_axis_takes(axis):
    example = example_of(axis, "a red cat on a table")
    assert len(read_axis_values(axis, example, "Values").values) > 1


@pytest.mark.parametrize(
    ("axis", "prompt", "example"),
    [
        (CFG, "", "5, 7, 9"),
        (STEPS, "", "10, 20, 30"),
        (AXES[3], "", "0.2, 0.5, 0.8"),
        (AXES[4], "", "5, 7, 9"),
        (AXES[5], "", "512x512, 512x768"),
        (SAMPLER, "", "Euler, Euler a"),
        (Axis("Prompt S/R"), "a red cat, dog", "red, dog"),
        (Axis("Prompt S/R"), "dog", "dog, cat"),
        (Axis("Prompt S/R"), "", ""),
        (Axis("Prompt order", "order"), "a red cat", "red, cat"),
        (Axis("Prompt order", "order"), "cat", ""),
        (Axis("Of an extension", confirm=nothing_suits), "a cat", ""),
        (Axis("Empty list", choices=list), "", ""),
    ],
)
def test_the_example_suits_the_axis_and_the_prompt(axis, prompt, example):
    assert example_of(axis, prompt) == example


@pytest.mark.parametrize(
    ("given", "empty"),
    [
        ({"y_axis": "CFG Scale"}, ["y"]),
        ({"y_axis": "CFG Scale", "y_values": " "}, ["y"]),
        ({"y_axis": "CFG Scale", "y_values": "5"}, []),
        ({"y_axis": "CFG Scale", "y_values": "5", "z_axis": "Sampler", "z_choices": []}, ["z"]),
        ({"z_axis": "Sampler", "z_choices": ["Euler"]}, []),
        ({"z_axis": "Sampler", "z_values": "Euler"}, []),
        ({"y_axis": "Steps", "y_choices": ["left from another axis"]}, ["y"]),
        ({"y_axis": "Nothing", "z_axis": None}, []),
    ],
)
def test_an_axis_waits_until_it_has_values(given, empty):
    left, found = without_empty_axes({**panel_values(()), **given}, AXES)
    assert [letter for letter, _ in found] == empty
    for letter in empty:
        assert left[f"{letter}_axis"] == "Nothing"


def test_the_hint_is_a_sentence_in_both_languages():
    field = VALUE_FIELDS["y"]
    typed = what_to_type(field, "5, 7", False)
    assert typed == "Values of the second axis: type them, separated by commas, for example 5, 7."
    assert what_to_type(field, "", True) == "Values of the second axis: choose one or more."
    assert translated(typed, "ja") == "第2軸の値: コンマで区切って入力してください（例: 5, 7）。"


def test_a_sweep_says_what_the_layer_panel_does_to_it():
    assert of_layer_panel({}) == ""
    assert of_layer_panel({"clip_skip": "5"}) == (
        "The panel's own clip skip does not count here: the sweep's values take its place."
    )
    asked = {"clip_skip": "5", "negative_clip_skip": "2", "every_model": True, "interpolation": "spherical"}
    assert of_layer_panel(asked) == (
        "The panel “Finer clip skip” holds for every cell: Negative clip skip 2, Apply on SD2 and SDXL too, "
        "Interpolation spherical. The panel's own clip skip does not count here: the sweep's values take its place."
    )
    assert translated(of_layer_panel(asked), "ja") == (
        "パネル「Clip skip の詳細指定」の設定はすべてのセルに適用されます: ネガティブプロンプトの Clip skip 2、"
        "SD2 と SDXL にも適用する、補間 spherical。パネルの Clip skip は使われず、スイープの値が使われます。"
    )
