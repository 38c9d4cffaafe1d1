"""What an axis begins with when it is chosen, and what the line under the panel says to type for it."""

from itertools import count

import pytest

from clip_skip_lab.language import translated
from clip_skip_lab.sweep.axes import Axis, read_axis_values
from clip_skip_lab.sweep.examples import USUAL, example_of, filled_in, first_values
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
        (CFG, "", "5, 7, 9, 11"),
        (STEPS, "", "10, 20, 30, 40"),
        (AXES[3], "", "0.3, 0.5, 0.7"),
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


SEED = Axis("Seed", "int", bounds=(-1, 2**63 - 1), fix=lambda value: 99 if value == -1 else value)
CHECKPOINT = Axis(
    "Checkpoint name", choices=lambda: ["one [12ab]"], find=lambda text: "one [12ab]" if text == "one" else None
)


@pytest.mark.parametrize(
    ("axis", "page", "values"),
    [
        (CFG, {}, ["5, 7, 9, 11"]),
        (SEED, {"Seed": 7}, ["7, 8, 9"]),
        (SEED, {"Seed": "7"}, ["7, 8, 9"]),  # `--use-textbox-seed`
        (SEED, {"Seed": -1}, ["-1, -1, -1"]),
        (SEED, {"Seed": None}, ["-1, -1, -1"]),
        (SEED, {}, ["-1, -1, -1"]),
        (SAMPLER, {"Sampler": "Euler a"}, ["Euler a"]),
        (SAMPLER, {"Sampler": "gone"}, []),
        (SAMPLER, {}, []),
        (CHECKPOINT, {"Checkpoint name": "one"}, ["one [12ab]"]),
        (CHECKPOINT, {"Checkpoint name": "two"}, []),
        (AXES[5], {"Width": 512, "Height": 512}, ["512x512, 512x768, 768x512"]),
        (AXES[5], {"Width": 512, "Height": 768}, ["512x768, 768x512"]),
        (AXES[5], {"Width": None, "Height": 768}, []),
        (AXES[4], {}, []),
        (Axis("Steps", "int", confirm=nothing_suits), {}, []),
        (Axis("Prompt S/R"), {}, []),
    ],
)
def test_an_axis_begins_with_what_is_usual_or_with_what_the_page_holds(axis, page, values):
    assert first_values(axis, page) == values


@pytest.mark.parametrize("label", USUAL)
def test_what_is_usual_are_several_values(label):
    assert len(read_axis_values(Axis(label), USUAL[label], "Values").values) > 1


def test_three_random_seeds_are_three_values():
    drawn = count(5)
    seeds = Axis("Seed", "int", bounds=(-1, 2**63 - 1), fix=lambda value: next(drawn))
    found = read_axis_values(seeds, *first_values(seeds, {"Seed": -1}), "Values").values
    assert len(set(found)) == 3 and min(found) >= 5


def test_values_are_filled_in_where_nobody_typed_or_chose_any():
    page = {"Sampler": "Euler", "Seed": 7}
    assert filled_in(CFG, page, ("", []), ["", []]) == ("5, 7, 9, 11", [], ["5, 7, 9, 11", []])
    assert filled_in(SEED, page, ("5, 7, 9, 11", []), ["5, 7, 9, 11", []])[0] == "7, 8, 9"
    assert filled_in(None, page, ("7, 8, 9", []), ["7, 8, 9", []])[0] == ""
    assert filled_in(SAMPLER, page, ("", None), ["", []]) == (None, ["Euler"], ["", ["Euler"]])
    other = Axis("Hires sampler", choices=lambda: ["DDIM", "Euler"])
    assert filled_in(other, {"Hires sampler": "DDIM"}, ("", ["Euler"]), ["", ["Euler"]])[1] == ["DDIM"]


def test_what_somebody_typed_or_chose_stays():
    assert filled_in(STEPS, {}, ("5, 7", []), ["5, 7, 9, 11", []]) == (None, [], ["", []])
    page = {"Sampler": "Euler"}
    assert filled_in(SAMPLER, page, ("", ["DDIM"]), ["", ["Euler"]]) == (None, ["DDIM"], ["", []])
    assert filled_in(None, page, ("5, 7", []), ["", []])[0] is None


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
        "The panel's own clip skip is not used: the sweep's values replace it."
    )
    asked = {"clip_skip": "5", "negative_clip_skip": "2", "every_model": True, "interpolation": "spherical"}
    assert of_layer_panel(asked) == (
        "The panel “Finer clip skip” applies to every cell: Negative clip skip 2, Apply on SD2 and SDXL too, "
        "Interpolation spherical. The panel's own clip skip is not used: the sweep's values replace it."
    )
    assert translated(of_layer_panel(asked), "ja") == (
        "パネル「Clip skip の詳細指定」の設定はすべてのセルに適用されます: ネガティブプロンプトの Clip skip 2、"
        "SD2 と SDXL にも適用する、補間 spherical。パネルの Clip skip は使われず、スイープの値が使われます。"
    )
