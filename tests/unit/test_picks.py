"""What was chosen over all sweeps: what counts, how sure it is, and that simulated choosers are told right."""

import json
import math
import shutil
import time
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.library.folders import Folders
from clip_skip_lab.library.judged import Judged, change_judged, with_fields, with_votes
from clip_skip_lab.library.listing import Library
from clip_skip_lab.library.made_with import CHECKPOINT_AXIS, loras_of
from clip_skip_lab.library.picks import Choices, choices_of, from_json, interval, preference, to_json
from clip_skip_lab.library.query import Query

STEPS = "\nNegative prompt: blurry\nSteps: 20, Sampler: Euler, Seed: 1, Model hash: {hash}, Model: {model}, Version: v1"


def a_sweep(number=0, values=(1, 2, 3), prompt="a cat", model=("m", "44fa53d8e5"), **more):
    """The content of a `sweep.json`, every cell done."""
    cells = [
        {"values": {"Clip skip": value, **further}, "infotext": more.get("infotexts", {}).get(row, "")}
        for row, further in enumerate(more.get("rows", [{}]))
        for value in values
    ]
    return {
        "schema": 1,
        "id": f"2026-11-22-{number:08x}",
        "created": more.get("created", f"2026-11-22T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}+00:00"),
        "state": "finished",
        **({"extends": f"2026-11-22-{more['extends']:08x}"} if "extends" in more else {}),
        "fingerprint": "",
        "model": dict(zip(("name", "hash"), model, strict=True)),
        "plan": {"clip_skip": list(values), "draft": bool(more.get("draft"))},
        "setting": {"prompt": prompt, "seed": more.get("seed", number)},
        "axes": [{"name": "Clip skip", "values": list(values)}],
        "cells": [
            {
                "index": index,
                "values": cell["values"],
                "state": "failed" if index in more.get("failed", ()) else "done",
                "pictures": [
                    {
                        "file": "x.png",
                        "seed": 1,
                        "subseed": 1,
                        "width": 64,
                        "height": 64,
                        "infotext": cell["infotext"],
                    }
                ],
            }
            for index, cell in enumerate(cells)
        ],
        "notes": [],
        "problems": [],
    }


def picked(*places):
    return Judged(picks=places)


def asked(*judged_sweeps, **about):
    return Choices([choice for sweep in judged_sweeps for choice in choices_of(*sweep)]).asked(**about)


def counts(*judged_sweeps, **about):
    """By value: in how many sweeps it was chosen, of how many."""
    return {row.clip_skip: (row.chosen, row.offered) for row in preference(asked(*judged_sweeps, **about))}


# --- What counts ----------------------------------------------------------------------------------------------------


def test_a_sweep_counts_once_for_each_value_however_many_cells_are_picked():
    rows = [{"CFG Scale": 5.0}, {"CFG Scale": 7.0}]
    assert counts((a_sweep(rows=rows), picked(1, 4))) == {1: (0, 1), 2: (1, 1), 3: (0, 1)}


def test_a_sweep_of_which_nothing_was_chosen_offers_nothing():
    assert counts((a_sweep(), Judged(name="cats", note="fine"))) == {}
    votes = with_votes(Judged(), {"votes": [{"a": 0, "b": 1, "chosen": "a"}], "winner": None}, 3)
    assert counts((a_sweep(), votes)) == {}, "a blind comparison that is under way"


def test_the_winner_of_a_blind_comparison_counts_beside_the_picks():
    votes = with_votes(picked(0), {"votes": [{"a": 1, "b": 2, "chosen": "b"}], "winner": 2}, 3)
    assert counts((a_sweep(), votes)) == {1: (1, 1), 2: (0, 1), 3: (1, 1)}


def test_without_picks_what_was_not_compared_blindly_was_not_offered():
    votes = with_votes(Judged(), {"votes": [{"a": 1, "b": 2, "chosen": "b"}], "winner": 2}, 12)
    assert counts((a_sweep(values=range(1, 13)), votes)) == {2: (0, 1), 3: (1, 1)}


def test_cells_that_are_not_done_offer_nothing_and_places_beyond_the_sweep_choose_nothing():
    assert counts((a_sweep(failed=[2]), picked(0, 2, 99))) == {1: (1, 1), 2: (0, 1)}
    assert counts((a_sweep(failed=[0]), picked(0))) == {}


def test_a_sweep_that_offered_one_value_leaves_no_choice():
    assert counts((a_sweep(values=[2]), picked(0))) == {}


def test_values_are_told_as_the_axis_has_them():
    values = [1, 1.5, "avg 2-4", "[2:1:0.5]", 2.0]
    found = counts((a_sweep(values=values), picked(1, 3)))
    assert found == {1: (0, 1), 1.5: (1, 1), 2: (0, 1), "[2:1:0.5]": (1, 1), "avg 2-4": (0, 1)}
    assert [type(value) for value in found] == [int, float, int, str, str], "numbers first, ascending"


def test_a_sweep_and_those_that_extend_it_count_once_as_they_were_judged_last():
    first = a_sweep(1, values=range(1, 7)), picked(1, 2, 3)
    second = a_sweep(2, values=[2, 3, 4], extends=1), picked(0)
    third = a_sweep(3, values=[2, 3, 4], extends=2), picked(1)
    expected = {1: (0, 1), 2: (0, 1), 3: (1, 1), 4: (0, 1), 5: (0, 1), 6: (0, 1)}
    assert counts(first, second, third) == expected
    assert counts(third, second, first) == expected, "in whatever order they are found"


def test_two_sweeps_that_say_that_they_extend_each_other_come_to_an_end():
    one, other = a_sweep(1, extends=2), a_sweep(2, extends=1)
    assert sum(offered for _, offered in counts((one, picked(1)), (other, picked(1))).values()) > 0


def test_every_other_sweep_counts_also_one_of_the_same_prompt_and_seed():
    sweeps = [a_sweep(1, seed=5), a_sweep(2, seed=5), a_sweep(3, seed=5, draft=True)]
    other = a_sweep(4, seed=5, model=("other", "0a1b2c3d4e"))
    assert counts(*((sweep, picked(1)) for sweep in [*sweeps, other]))[2] == (4, 4)
    assert counts(*((sweep, picked(1)) for sweep in [*sweeps, other]), checkpoint="m")[2] == (3, 3)


def test_picks_of_one_checkpoint_say_nothing_of_the_other_one_in_the_sweep():
    rows = [{CHECKPOINT_AXIS: "a.safetensors [aaaaaaaaaa]"}, {CHECKPOINT_AXIS: "sub/b.ckpt [bbbbbbbbbb]"}]
    infotexts = {0: "x" + STEPS.format(hash="aaaaaaaaaa", model="a")}
    sweep = a_sweep(rows=rows, infotexts=infotexts), picked(1)
    assert counts(sweep, checkpoint="a") == {1: (0, 1), 2: (1, 1), 3: (0, 1)}
    assert counts(sweep, checkpoint="b") == {}
    both = a_sweep(rows=rows, infotexts=infotexts), picked(1, 5)
    assert counts(both, checkpoint="bbbbbbbbbb") == {1: (0, 1), 2: (0, 1), 3: (1, 1)}
    assert counts(both, checkpoint="b") == counts(both, checkpoint="bbbbbbbbbb"), "from its title, without infotext"


def test_what_other_extensions_write_of_models_is_not_the_checkpoint():
    text = (
        "a, Model: x\nModel: y\nNegative prompt: Model hash: ffffffffff"
        '\nSteps: 20, ControlNet 0: "Module: canny, Model: control_v11p [d14c016b], Weight: \\"1\\"", '
        'Model hash: aaaaaaaaaa, Model: "m, the first", Version: v1'
    )
    rows = [{CHECKPOINT_AXIS: "other.safetensors"}]
    sweep = a_sweep(rows=rows, infotexts={0: text}), picked(1)
    (found,) = Choices(choices_of(*sweep)).checkpoints
    assert found == {"name": "m, the first", "hash": "aaaaaaaaaa", "sweeps": 1}


def test_loras_are_those_of_each_cells_own_prompt():
    rows = [{"Prompt S/R": "one"}, {"Prompt S/R": "two"}]
    infotexts = {row: f"a <lora:{name}:0.8>" + STEPS.format(hash="", model="m") for row, name in enumerate("uv")}
    sweep = a_sweep(prompt="a <lora:u:0.8>", rows=rows, infotexts=infotexts), picked(1, 5)
    assert counts(sweep, lora="u") == {1: (0, 1), 2: (1, 1), 3: (0, 1)}
    assert counts(sweep, lora="v") == {1: (0, 1), 2: (0, 1), 3: (1, 1)}
    assert counts(sweep, lora="v", checkpoint="m") == counts(sweep, lora="v")
    assert counts(sweep, lora="v", checkpoint="other") == {}
    assert counts(sweep) == {1: (0, 1), 2: (1, 1), 3: (1, 1)}


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("a cat", ()),
        ("<lora:a:1> <lyco:b> <lora:a:0.5>", ("a", "b")),
        ("<lora:a:0><lora:b:0:0.0><lora:c:te=0:unet=0><lora:d:te=0>", ()),
        ("<lora:a:0:1><lora:b:unet=0><lora:c:te=0:unet=0.5>", ("a", "b", "c")),
        ("<lora:><lora::1><hypernet:a:1><lora:a", ()),
        ("<lora:猫 v1.2:1:dyn=64>", ("猫 v1.2",)),
    ],
)
def test_loras_are_read_from_a_prompt_as_the_webui_does(prompt, names):
    assert loras_of(prompt) == names


# --- Which checkpoint -----------------------------------------------------------------------------------------------


def test_a_checkpoint_that_was_renamed_is_known_by_its_hash_and_listed_under_its_last_name():
    choices = Choices(
        [
            choice
            for number, name in enumerate(["old", "new"])
            for choice in choices_of(a_sweep(number, model=(name, "aaaaaaaaaa")), picked(1))
        ]
    )
    assert choices.checkpoints == [{"name": "new", "hash": "aaaaaaaaaa", "sweeps": 2}]
    for name in ("old", "new", "aaaaaaaaaa", "AAAAAAAAAA", "aaaaaaaaaa" + "0" * 54):
        assert len(choices.asked(name)) == 2
    assert len(choices.about("another", "aaaaaaaaaa")) == 2
    assert len(choices.about("new", "")) == 2
    assert choices.about("new", "bbbbbbbbbb") == [], "another file under a known name"


def test_sweeps_without_a_hash_are_of_the_checkpoint_with_their_name_where_there_is_one():
    models = [("m", ""), ("m", "aaaaaaaaaa"), ("n", "")]
    sweeps = [(a_sweep(number, model=model), picked(1)) for number, model in enumerate(models)]
    assert counts(*sweeps, checkpoint="m")[2] == (2, 2)
    assert counts(*sweeps, checkpoint="n")[2] == (1, 1)
    assert counts(*sweeps, checkpoint="not there") == {}


def test_a_name_of_several_checkpoints_is_refused_with_their_hashes():
    sweeps = [(a_sweep(n, model=("m", short)), picked(1)) for n, short in enumerate(["aaaaaaaaaa", "bbbbbbbbbb"])]
    with pytest.raises(InvalidInput, match="several checkpoints; allowed: one of their hashes, aaaaaaaaaa, bbbbbbbbbb"):
        asked(*sweeps, checkpoint="m")
    assert counts(*sweeps, checkpoint="bbbbbbbbbb")[2] == (1, 1)


def test_what_is_unknown_is_left_out():
    nameless = a_sweep(model=("", "")), picked(1)
    assert Choices(choices_of(*nameless)).checkpoints == []
    assert counts(nameless)[2] == (1, 1)
    for content in ({}, {"schema": 1}, {**a_sweep(), "cells": [None]}, {**a_sweep(), "model": None}):
        assert choices_of(content, picked(0)) == []


VALUES = st.lists(
    st.one_of(st.integers(1, 12), st.sampled_from([1.5, 2.25, "avg 2-4", "[2:1:0.5]"])), unique=True, max_size=6
)


@given(VALUES, st.lists(st.integers(0, 8)), st.text(), st.text())
def test_choices_come_back_from_an_index_as_they_were(values, picks, prompt, name):
    found = choices_of(a_sweep(values=values, prompt=prompt, model=(name, name)), picked(*picks))
    kept = json.dumps(to_json(found), ensure_ascii=False)
    kept.encode()  # half of a pair of surrogates could not be written
    assert from_json(json.loads(kept)) == found


@pytest.mark.parametrize(
    "change",
    [
        {"made": 3},
        {"loras": [[]]},
        {"loras": None},
        {"offered": [True]},
        {"offered": [math.nan]},
        {"offered": [[1]]},
        {"chosen": {"x": 1}, "offered": [None]},
        {"more": 1},
    ],
)
def test_what_is_no_choice_in_an_index_is_refused(change):
    (kept,) = to_json(choices_of(a_sweep(), picked(1)))
    with pytest.raises(ValueError, match="no choices"):
        from_json([{**kept, **change}])
    with pytest.raises(ValueError, match="no choices"):
        from_json([change])


# --- How sure -------------------------------------------------------------------------------------------------------


@given(st.integers(1, 60), st.floats(0, 1))
def test_the_interval_holds_every_share_at_least_95_of_100_times(count, share):
    holds = [low <= share <= high for low, high in (interval(count, taken) for taken in range(count + 1))]
    ways = [math.comb(count, taken) * share**taken * (1 - share) ** (count - taken) for taken in range(count + 1)]
    assert sum(way for way, held in zip(ways, holds, strict=True) if held) >= 0.95 - 1e-9


def test_the_interval_is_that_of_tables():
    assert interval(18, 14) == pytest.approx((0.5236, 0.9359), abs=1e-4)
    assert interval(10, 0) == pytest.approx((0, 0.3085), abs=1e-4)
    assert interval(10, 10) == pytest.approx((0.6915, 1), abs=1e-4)


def held(choose, true, sweeps=15, runs=400, values=(1, 2, 3, 4), **more):
    """How often the interval of each value holds its true share, over so many simulated people.

    Args:
        choose: judges a sweep, by a generator of random numbers.
        true: by value, in what share of the sweeps that he judges the chooser chooses it.
    """
    random = np.random.default_rng(15)
    hits = dict.fromkeys(values, 0)
    contents = [a_sweep(number, values=values, **more) for number in range(sweeps)]
    for _ in range(runs):
        for row in preference(asked(*((content, choose(random)) for content in contents))):
            hits[row.clip_skip] += row.low <= true[row.clip_skip] <= row.high
    return {value: hit / runs for value, hit in hits.items()}


def test_somebody_who_picks_one_cell_by_a_known_preference_is_held_95_of_100_times():
    shares = [0.1, 0.6, 0.25, 0.05]
    found = held(lambda random: picked(int(random.choice(4, p=shares))), dict(enumerate(shares, 1)))
    assert min(found.values()) >= 0.95, found


def test_somebody_who_picks_all_cells_that_he_likes_is_held_95_of_100_times():
    """He likes each cell by itself. The true share of a value is that of the sweeps with a pick in which he likes at
    least one of its two cells."""
    liked = np.array([0.1, 0.5, 0.3, 0.05])
    rows = [{"Seed": 1}, {"Seed": 2}]
    at_all = 1 - (1 - liked) ** 2
    judged = 1 - np.prod(1 - at_all)

    def choose(random):
        while True:
            places = np.flatnonzero(random.random(8) < np.tile(liked, 2))
            if len(places):
                return with_fields(Judged(), {"picks": places.tolist()}, 8)

    found = held(choose, dict(enumerate(at_all / judged, 1)), rows=rows)
    assert min(found.values()) >= 0.95, found


WORTH = np.array([0.0, 1.2, 0.5, -0.5])


def wins(a, b):
    """How probably a noisy chooser takes the cell `a` for better than `b`. Of five pairs he takes one for the same, and
    chance decides."""
    return 0.8 / (1 + math.exp(WORTH[b] - WORTH[a])) + 0.1


def winners():
    """By place, how probably a cell wins a knock-out like the page's, in which those that were seen least are next: of
    four, two pairs at random and their winners."""
    left = np.zeros(4)
    for a, b, c, d in permutations(range(4)):
        for one, other in product((a, b), (c, d)):
            met = wins(one, b if one == a else a) * wins(other, d if other == c else c) / 24
            left[one] += met * wins(one, other)
            left[other] += met * wins(other, one)
    return left


def test_somebody_who_votes_blindly_by_knock_out_and_errs_is_held_95_of_100_times():
    """The true share of a value is how probably its cell wins the whole knock-out, his errors included: not how often
    he would prefer it to another one."""

    def choose(random):
        votes = []

        def winner(a, b):
            a_wins = random.random() < wins(a, b)
            votes.append({"a": a, "b": b, "chosen": "a" if a_wins else "b"})
            return a if a_wins else b

        a, b, c, d = (int(place) for place in random.permutation(4))
        last = winner(winner(a, b), winner(c, d))
        return with_votes(Judged(), {"votes": votes, "winner": last}, 4)

    assert winners().sum() == pytest.approx(1)
    found = held(choose, dict(enumerate(winners(), 1)))
    assert min(found.values()) >= 0.95, found


def test_with_wishes_that_change_from_sweep_to_sweep_the_mean_share_is_held():
    random = np.random.default_rng(15)
    wishes = random.dirichlet([1, 2, 1, 0.5], 15)
    numbers = iter(range(10**9))

    def choose(random):
        return picked(int(random.choice(4, p=wishes[next(numbers) % 15])))

    found = held(choose, dict(enumerate(wishes.mean(axis=0), 1)))
    assert min(found.values()) >= 0.95, found


# --- What is worth a line -------------------------------------------------------------------------------------------


def telling(*judged_sweeps):
    return [row.clip_skip for row in preference(asked(*judged_sweeps)) if row.is_telling]


def chosen_in(count, taken, values=(1, 2), place=1, other=0):
    return [(a_sweep(n, values=values), picked(place if n < taken else other)) for n in range(count)]


def test_a_value_is_telling_that_is_chosen_more_often_than_by_chance():
    assert telling(*chosen_in(18, 14)) == [2]
    assert telling(*chosen_in(18, 13)) == []
    assert telling(*chosen_in(5, 5)) == [], "by chance 1 of 32"
    assert telling(*chosen_in(5, 5, values=(1, 2, 3))) == [2]
    assert telling(*chosen_in(4, 4, values=range(1, 13))) == [], "too few to say anything"


def test_what_is_always_chosen_beside_all_others_is_not_telling():
    assert telling(*((a_sweep(n), picked(0, 1, 2)) for n in range(100))) == []
    assert telling(*((a_sweep(n), picked(0, 1)) for n in range(10))) == [], "two of three, ten times: by chance 1 of 58"
    assert telling(*((a_sweep(n), picked(0, 1)) for n in range(20))) == [1, 2]


@pytest.mark.parametrize(("values", "picks"), [((1, 2), 1), ((1, 2, 3), 1), (range(1, 13), 1), (range(1, 7), 2)])
def test_of_somebody_who_picks_at_random_something_is_said_5_of_100_times_at_most(values, picks):
    random = np.random.default_rng(15)
    contents = [a_sweep(number, values=list(values)) for number in range(12)]

    def at_random():
        return picked(*random.choice(len(values), picks, replace=False).tolist())

    said = sum(bool(telling(*((content, at_random()) for content in contents))) for _ in range(200))
    assert said <= 10


# --- On disk --------------------------------------------------------------------------------------------------------


def write(parent, content, judged=None):
    folder = parent / content["id"]
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text(json.dumps(content))
    if judged is not None:
        change_judged(folder, lambda _: judged)
    return folder


def whole(library):
    """What the library knows of choices when nothing is left to read."""
    end = time.monotonic() + 30
    while (found := library.choices())[1]:
        assert time.monotonic() < end
        time.sleep(0.05)
    return found[0]


def test_the_library_knows_what_was_chosen_and_reads_no_sweep_that_was_not_judged(tmp_path):
    parent = tmp_path / "clip-skip-sweeps"
    for number in range(80):
        write(parent, a_sweep(number), picked(1) if number % 2 else None)
    library = Library(lambda: Folders([str(tmp_path)]))
    assert len(whole(library).asked("m")) == 40
    assert library.listing(Query())["reading"] > 0, "the other half was not read for that"
    while library.listing(Query())["reading"]:
        time.sleep(0.05)
    assert all("choices" not in entry for entry in library.listing(Query())["sweeps"])
    again = Library(lambda: Folders([str(tmp_path)]))
    assert len(again.choices()[0].asked("m")) == 40, "from the file of the index"
    assert again.choices()[0] is again.choices()[0], "as long as nothing changes"


def test_a_change_of_what_was_said_is_seen_at_once(tmp_path):
    folder = write(tmp_path / "clip-skip-sweeps", a_sweep(), picked(1))
    library = Library(lambda: Folders([str(tmp_path)]))
    assert preference(whole(library).asked("m"))[1].chosen == 1
    change_judged(folder, lambda _: picked(0))
    assert preference(whole(library).asked("m"))[1].chosen == 0
    change_judged(folder, lambda _: Judged(note="nothing"))
    assert whole(library).asked("m") == []
    change_judged(folder, lambda _: picked(1))
    assert len(whole(library).asked("m")) == 1
    (folder / "judged.json").unlink()
    assert whole(library).asked("m") == []
    change_judged(folder, lambda _: picked(1))
    shutil.rmtree(folder)
    assert whole(library).asked("m") == []
