"""An axis beside clip skip: finding it, and reading its values."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.sweep.axes import Axis, find_axis, read_axis_values
from clip_skip_lab.sweep.errors import InvalidInput

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
    with pytest.raises(InvalidInput, match='"hard" is no value of Blend'):
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
    assert read_axis_values(REPLACE, found.source, FIELD).values == tuple(
        dict.fromkeys(value.strip() for value in found.values if value.strip())
    )


@given(st.text(max_size=30), st.sampled_from([CFG, STEPS, SAMPLER, REPLACE, ORDER]))
def test_any_text_gives_values_or_a_sentence(text, axis):
    try:
        found = read_axis_values(axis, text, FIELD)
    except InvalidInput as error:
        assert str(error).startswith(f"{FIELD}: ")
    else:
        assert found.values
        assert len(found.labels) == len(found.values)
