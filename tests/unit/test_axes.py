"""An axis beside clip skip: finding it, and reading its values."""

import json
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.sweep.axes import Axis, find_axis, paste_values, read_axis_values
from clip_skip_lab.sweep.usual_axes import SIZE, size_as_typed

FIELD = "Values of the second axis"
CFG = Axis("CFG Scale", "float")
STEPS = Axis("Steps", "int")
SAMPLERS = ["Euler", "Euler a", "DPM++ 2M"]
SAMPLER = Axis("Sampler", choices=lambda: list(SAMPLERS))
REPLACE = Axis("Prompt S/R")
ORDER = Axis("Prompt order", "order", show=lambda parts: ", ".join(parts))


def refuse(message):
    def confirm(values):
        raise RuntimeError(message)

    return confirm


def test_an_axis_is_found_by_its_name_in_any_letter_case():
    axes = [CFG, SAMPLER]
    assert find_axis("cfg scale", axes, "Second axis") is CFG
    assert find_axis(" Sampler ", axes, "Second axis") is SAMPLER
    own = Axis("Negative clip skip", plot_label="[Clip Skip Lab] Negative clip skip")
    assert find_axis("[clip skip lab] negative clip skip", [CFG, own], "Second axis") is own


@pytest.mark.parametrize("label", [None, "", "Nothing", "nothing"])
def test_no_axis(label):
    assert find_axis(label, [CFG], "Second axis") is None


@pytest.mark.parametrize("label", ["Sharpness", 3, ["CFG Scale"], {"axis": "CFG Scale"}, True])
def test_an_unknown_axis_gets_a_sentence_with_the_axes_that_are_there(label):
    with pytest.raises(InvalidInput) as caught:
        find_axis(label, [CFG, SAMPLER], "Second axis")
    assert str(caught.value).startswith("Second axis: ")
    assert str(caught.value).endswith("is not an axis here; allowed: Nothing, CFG Scale, Sampler.")


def test_numbers():
    found = read_axis_values(CFG, "5, 7-9", FIELD)
    assert found.values == (5.0, 7.0, 8.0, 9.0)
    assert found.source == "5, 7-9"
    assert read_axis_values(STEPS, [3, "5-6"], FIELD).values == (3, 5, 6)
    assert read_axis_values(STEPS, 3, FIELD).values == (3,)


def test_texts_keep_their_quoted_commas():
    found = read_axis_values(REPLACE, 'cat, "a dog, running"', FIELD)
    assert found.values == ("cat", "a dog, running")
    assert read_axis_values(REPLACE, ["cat", "a dog, running"], FIELD).values == found.values


def test_choices_take_the_hosts_spelling():
    assert read_axis_values(SAMPLER, "euler A, dpm++ 2m", FIELD).values == ("Euler a", "DPM++ 2M")


def test_choices_and_sizes_are_read_in_full_width_too():
    assert (
        read_axis_values(SAMPLER, "ｅｕｌｅｒ　ａ", FIELD).values == read_axis_values(SAMPLER, "Euler a", FIELD).values
    )
    size = Axis(SIZE, convert=size_as_typed)
    assert read_axis_values(size, "５１２ｘ７６８、512×512， 64Ｘ64", FIELD).values == ("512x768", "512x512", "64x64")


def test_the_source_of_choices_is_what_the_panel_can_take_back():
    found = read_axis_values(SAMPLER, ["euler A", "dpm++ 2m"], FIELD)
    assert read_axis_values(SAMPLER, found.source, FIELD).values == found.values
    assert all(name in SAMPLERS for name in found.source.split(","))


def test_an_unknown_choice_gets_a_sentence_with_the_choices():
    with pytest.raises(InvalidInput) as caught:
        read_axis_values(SAMPLER, "Euler, Newton", FIELD)
    assert str(caught.value) == (
        'Values of the second axis: "Newton" is not a value of Sampler; allowed: Euler, Euler a, DPM++ 2M.'
    )


def test_the_hosts_own_check_decides_where_it_has_one():
    strict = Axis("Sampler", choices=lambda: list(SAMPLERS), confirm=refuse("Unknown sampler: Newton"))
    with pytest.raises(InvalidInput, match=r'"Newton" is refused by the WebUI \(Unknown sampler: Newton\)'):
        read_axis_values(strict, "Newton", FIELD)
    lenient = Axis("Sampler", choices=lambda: list(SAMPLERS), confirm=lambda values: None)
    assert read_axis_values(lenient, "hash:abc", FIELD).values == ("hash:abc",)


@pytest.mark.parametrize("axis", [CFG, STEPS, SAMPLER, REPLACE, ORDER], ids=lambda axis: axis.label)
@pytest.mark.parametrize("source", [None, "", [], (), "   ", ",", ", ,\n", [""], [" "]], ids=repr)
def test_no_values_at_all_get_a_sentence(axis, source):
    with pytest.raises(InvalidInput, match=r"^Values of the second axis: .*; allowed: "):
        read_axis_values(axis, source, FIELD)


@pytest.mark.parametrize("source", [{"a": 1}, True, {}])
def test_what_is_no_list_gets_a_sentence(source):
    with pytest.raises(InvalidInput, match="is not a list of values"):
        read_axis_values(REPLACE, source, FIELD)


def test_every_order_of_the_parts():
    found = read_axis_values(ORDER, "a, b, c", FIELD)
    assert len(found.values) == 6
    assert found.values[0] == ("a", "b", "c")
    assert found.labels[0] == "a, b, c"
    with pytest.raises(InvalidInput, match="at most 6 parts"):
        read_axis_values(ORDER, "a, b, c, d, e, f, g", FIELD)


def test_orders_written_as_data_read_back_as_the_same_orders():
    found = read_axis_values(ORDER, "a, b, c", FIELD)
    as_json = json.loads(json.dumps([list(value) for value in found.values]))
    assert read_axis_values(ORDER, as_json, FIELD).values == found.values


def test_types_of_other_extensions_may_fail_in_any_way():
    def convert(text):
        return {"soft": 1}[text]  # a KeyError for strangers

    axis = Axis("Blend", convert=convert)
    assert read_axis_values(axis, "soft", FIELD).values == (1,)
    with pytest.raises(InvalidInput, match='"hard" is not a value of Blend'):
        read_axis_values(axis, "hard", FIELD)


def test_preparation_by_the_host_may_fail_in_any_way():
    def prepare(text):
        raise LookupError("no such list")

    with pytest.raises(InvalidInput, match="no such list"):
        read_axis_values(Axis("Blend", prepare=prepare), "x", FIELD)


def test_the_hosts_own_splitting_is_used_for_text():
    axis = Axis("Lines", prepare=lambda text: text.split("|"))
    assert read_axis_values(axis, "a, b|c", FIELD).values == ("a, b", "c")


def test_a_random_value_is_drawn_once():
    draw = random.Random(1)
    axis = Axis("Seed", "int", fix=lambda value: draw.randrange(10**6) if value == -1 else value)
    found = read_axis_values(axis, "-1, 5", FIELD)
    assert found.values[1] == 5
    assert found.values[0] >= 0


def test_too_many_values():
    with pytest.raises(InvalidInput, match="at most 1000 values"):
        read_axis_values(REPLACE, [str(n) for n in range(1001)], FIELD)


@given(st.lists(st.text(alphabet="ab,\" \n'|é", max_size=5), max_size=5))
def test_what_was_typed_comes_back_from_a_list(parts):
    try:
        found = read_axis_values(REPLACE, parts, FIELD)
    except InvalidInput:
        assert not any(part.strip() for part in parts)
        return
    assert read_axis_values(REPLACE, found.source, FIELD).values == found.values == tuple(dict.fromkeys(parts))


def test_random_seeds_as_an_axis_are_drawn_before_repetitions_go():
    draw = iter(range(100, 200))
    axis = Axis("Seed", "int", fix=lambda value: next(draw) if value == -1 else value)
    found = read_axis_values(axis, "-1, -1, 7, -1", FIELD)
    assert found.values == (100, 101, 7, 102)
    assert read_axis_values(axis, found.source, FIELD).values == found.values  # a pasted grid repeats the same ones
    assert read_axis_values(axis, list(found.values), FIELD).values == found.values  # and so does going on
    assert read_axis_values(axis, "1-5 (+2)", FIELD).source == "1-5 (+2)"


@pytest.mark.parametrize("source", ["red, blue, ", 'red, blue, ""', ["red", "blue", ""]])
def test_sr_replaces_by_nothing_as_the_last_of_three(source):
    found = read_axis_values(REPLACE, source, FIELD)
    assert found.values == ("red", "blue", "")
    assert found.labels == ("red", "blue", "(nothing)")
    assert read_axis_values(REPLACE, found.source, FIELD).values == found.values


def test_leading_blanks_of_list_values_come_back_and_can_be_seen():
    found = read_axis_values(REPLACE, ["red", " blue", "a, b "], FIELD)
    assert found.values == ("red", " blue", "a, b ")
    assert found.labels == ("red", '" blue"', '"a, b "')
    assert read_axis_values(REPLACE, found.source, FIELD).values == found.values


@pytest.mark.parametrize("axis", [REPLACE, SAMPLER, ORDER], ids=lambda axis: axis.label)
@pytest.mark.parametrize("wrong", [None, {}, {"a": 1}, [], [["a"]], float("nan"), float("inf")], ids=repr)
def test_list_values_of_a_text_axis_are_texts_and_numbers(axis, wrong):
    with pytest.raises(InvalidInput, match=r"^Values of the second axis: .*; allowed: "):
        read_axis_values(axis, ["red", wrong], FIELD)


def test_list_values_of_a_text_axis_are_not_true_or_false_unless_the_host_has_them():
    with pytest.raises(InvalidInput, match="True is not text"):
        read_axis_values(REPLACE, ["red", True], FIELD)
    with pytest.raises(InvalidInput, match="is not a value of Sampler"):
        read_axis_values(SAMPLER, [True], FIELD)
    switch = Axis("SGM noise multiplier", choices=lambda: ["False", "True"])
    assert read_axis_values(switch, [True, False], FIELD).values == ("True", "False")
    assert read_axis_values(REPLACE, ["red", 5, 1.5], FIELD).values == ("red", "5", "1.5")


def test_style_with_a_comma_is_one_name_in_quotes():
    styles = Axis("Styles", choices=lambda: ["soft, light", "ink"])
    found = read_axis_values(styles, '"soft, light", ink', FIELD)
    assert found.values == ("soft, light", "ink")
    assert read_axis_values(styles, found.source, FIELD).values == found.values
    with pytest.raises(InvalidInput, match=r'allowed: "soft, light", ink\.'):
        read_axis_values(styles, "soft, light", FIELD)


@pytest.mark.parametrize("axis", [CFG, STEPS, SAMPLER, REPLACE, ORDER], ids=lambda axis: axis.label)
@pytest.mark.parametrize(
    "source", [["x"] * 1_000_000, "x," * 1_000_000, "," * 1_000_000, [["a", "b"]] * 1_000_000], ids=range(4)
)
def test_many_values_of_an_axis_are_counted_before_they_are_read(axis, source):
    earlier = time.process_time()
    with pytest.raises(InvalidInput):
        read_axis_values(axis, source, FIELD)
    assert time.process_time() - earlier < 1


def test_a_thousand_values_of_many_choices_take_no_time():
    names = [f"checkpoint {number}" for number in range(20_000)]
    earlier = time.process_time()
    assert len(read_axis_values(Axis("Checkpoint name", choices=lambda: names), names[:1000], FIELD).values) == 1000
    assert time.process_time() - earlier < 1


@pytest.mark.parametrize("bad", ["-0.1", "1.5", "0-2", [0.5, 2]])
def test_a_number_out_of_its_axis_bounds_is_refused_with_examples_that_are_within(bad):
    axis = Axis("Denoising", "float", bounds=(0, 1))
    with pytest.raises(InvalidInput, match=r"out of range; allowed: numbers from 0 to 1 and ranges such as 0-1, 0-1 "):
        read_axis_values(axis, bad, FIELD)
    assert read_axis_values(axis, "0-1 (+0.5)", FIELD).values == (0, 0.5, 1)


def test_a_check_of_ours_names_the_field_and_what_is_allowed():
    def confirm(values):
        raise InvalidInput("Size", values[0], "sizes such as 512x768", "is not one")

    with pytest.raises(InvalidInput) as caught:
        read_axis_values(Axis("Size", confirm=confirm), "64", FIELD)
    assert str(caught.value) == 'Values of the second axis: "64" is not one; allowed: sizes such as 512x768.'


def test_pasting_a_grid_resolves_choices_as_the_host_does_and_keeps_what_is_gone():
    titles = {"a": "a.safetensors [12ab]", "a.safetensors": "a.safetensors [12ab]"}
    axis = Axis("Checkpoint name", choices=lambda: ["a.safetensors [12ab]", "b, c"], find=titles.get)
    choices, chosen = paste_values(axis, 'a.safetensors,"b, c",gone')
    assert chosen == ["a.safetensors [12ab]", "b, c", "gone"]
    assert choices == ["a.safetensors [12ab]", "b, c", "gone"]
    with pytest.raises(InvalidInput, match='"gone" is not a value of Checkpoint name'):
        read_axis_values(axis, chosen, FIELD)


@given(st.text(max_size=30), st.sampled_from([CFG, STEPS, SAMPLER, REPLACE, ORDER]))
def test_any_text_gives_values_or_a_sentence(text, axis):
    try:
        found = read_axis_values(axis, text, FIELD)
    except InvalidInput as error:
        assert str(error).startswith(f"{FIELD}: ")
    else:
        assert found.values
        assert len(found.labels) == len(found.values)
