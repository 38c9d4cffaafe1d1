"""Borrowed options: the borrowing thread has its value, everybody else what the user set."""

import copy
import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.webui.options import OptionValues, borrowed, captured, lendable, undone

KEY, OTHER, NEW = "clip_skip", "emphasis", "a key that config.json lacks"
KEYS = st.sampled_from("abcde")


@pytest.fixture
def data():
    return OptionValues({KEY: 1, OTHER: "Original"})


@pytest.fixture
def elsewhere():
    """Runs something in another thread, as a page that is opened or a client that asks does."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda call, *args: pool.submit(call, *args).result()


def test_only_the_thread_that_borrows_sees_the_value(data, elsewhere):
    with borrowed(data, {KEY: 5, NEW: True}):
        assert (data[KEY], data.get(KEY), NEW in data, data[NEW]) == (5, 5, True, True)
        assert elsewhere(lambda: (data[KEY], data.get(KEY), NEW in data, data.get(NEW, "no"))) == (1, 1, False, "no")
    assert data == {KEY: 1, OTHER: "Original"}
    assert NEW not in data


@pytest.mark.parametrize("value", [9, 5], ids=["another value", "the value that is borrowed"])
@pytest.mark.parametrize("borrow", [lambda data: borrowed(data, {KEY: 5}), lambda data: undone(data, [KEY])])
def test_what_the_user_sets_meanwhile_counts_afterwards_and_not_before(data, elsewhere, value, borrow):
    with borrow(data):
        before = data[KEY]
        elsewhere(data.__setitem__, KEY, value)
        assert data[KEY] == before
        assert elsewhere(data.get, KEY) == value
    assert data[KEY] == value


def test_what_the_block_itself_changed_stays_unless_the_user_changed_it_too(data, elsewhere):
    with borrowed(data, {KEY: 5, OTHER: "None"}):
        data[KEY], data[OTHER] = 7, "Ignore"
        elsewhere(data.__setitem__, OTHER, "No norm")
        assert (data[KEY], data[OTHER]) == (7, "Ignore")
        assert elsewhere(data.get, KEY) == 1
    assert data == {KEY: 7, OTHER: "No norm"}


def test_what_is_written_to_an_option_that_is_not_borrowed_is_everybodys(data, elsewhere):
    with borrowed(data, {KEY: 5}):
        data.update({OTHER: "None"})
        data[NEW] = 3
    assert elsewhere(lambda: dict(data)) == {KEY: 1, OTHER: "None", NEW: 3}


def test_loans_within_loans_end_in_their_order(data):
    with borrowed(data, {KEY: 5}):
        with borrowed(data, {KEY: 6}), undone(data, [KEY, NEW]):
            assert (data[KEY], NEW in data) == (6, False)
            data[KEY], data[NEW] = 8, 1
            del data[NEW]
            assert NEW not in data
            data[NEW] = 2
        assert data[KEY] == 5
        assert NEW not in data
    assert data[KEY] == 1


def test_a_loan_ends_with_an_error_too(data):
    with pytest.raises(ZeroDivisionError), borrowed(data, {KEY: 5}), undone(data, [OTHER]):
        data[OTHER] = 1 / 0
    assert data == {KEY: 1, OTHER: "Original"}
    assert data[KEY] == 1


def test_what_an_axis_writes_is_told_and_nobody_sees_it(data, elsewhere):
    with borrowed(data, {KEY: 5}):
        with captured(data) as written:
            data[KEY] = 5
            data[OTHER] = "None"
            data[NEW] = 1
            assert data[OTHER] == "None"
            assert elsewhere(lambda: (data[OTHER], NEW in data)) == ("Original", False)
        assert written == {OTHER: "None", NEW: 1}
        assert (data[OTHER], NEW in data) == ("Original", False)


def test_the_host_saves_what_the_user_set_whoever_makes_it_save(data, elsewhere, tmp_path):
    def saved():
        with open(tmp_path / "config.json", "w", encoding="utf-8") as file:
            json.dump(data, file, indent=4)
        return json.loads((tmp_path / "config.json").read_text())

    with borrowed(data, {KEY: 5, NEW: True}):
        assert saved() == elsewhere(saved) == {KEY: 1, OTHER: "Original"}
        assert json.loads(json.dumps(data)) == copy.deepcopy(data) == copy.copy(data) == {**data} == saved()


def test_it_is_a_dict_to_everybody(data):
    assert data.setdefault(KEY, 3) == 1
    assert data.setdefault(NEW, 3) == data.pop(NEW) == 3
    assert data.pop(NEW, None) is None
    for missing in (lambda: data[NEW], lambda: data.pop(NEW), lambda: data.__delitem__(NEW)):
        with pytest.raises(KeyError):
            missing()
    data.clear()
    data.update([(KEY, 2)], other=1)
    assert isinstance(data, dict)
    assert dict(data) == {KEY: 2, "other": 1}


def test_options_are_made_lendable_once():
    opts = SimpleNamespace(data={KEY: 1})
    lendable(opts)
    made = opts.data
    lendable(opts)
    assert opts.data is made
    assert made == {KEY: 1}


@given(
    st.dictionaries(KEYS, st.integers()),
    st.dictionaries(KEYS, st.integers()),
    st.dictionaries(KEYS, st.integers()),
)
def test_another_extension_may_patch_all_values_for_a_while_during_a_loan(theirs, lent, patched):
    """`unittest.mock.patch.dict` copies the whole dict, and at its end clears it and fills it again."""
    data = OptionValues(theirs)
    with borrowed(data, lent):
        with mock.patch.dict(data, patched):
            assert {key: data[key] for key in data.copy()} == {**theirs, **lent, **patched}
        assert data.copy() == {**theirs, **lent}
        data |= {"new": 1}
        assert "new" in data
    assert dict(data) == {**theirs, "new": 1}
