"""Finer clip skip on a host: whole values are the host's own pictures, everything else lies between and is labelled."""

import json

import numpy as np
import pytest

from tests.helpers.client import Answer, Client, Refused

WHOLE = (1, 2, 5, 12)
SIZE = 64
PANEL = "clip skip lab"
XYZ = "x/y/z plot"


class Host:
    """Talks to the API of a host."""

    def __init__(self, url):
        self.client = Client(url)
        self.remembered = {}

    def picture(self, panel=None, skip=1, **more):
        """A picture as an array, and its infotext. A picture that was made before is remembered."""
        payload = self.payload(panel, skip, **more)
        key = json.dumps(payload, sort_keys=True)
        if key not in self.remembered:
            self.remembered[key] = self.new_picture(payload)
        return self.remembered[key]

    def new_picture(self, payload):
        made = Answer(self.client.post("txt2img", **payload))
        return made.pictures[0].astype(int), made.infotexts[0]

    def payload(self, panel=None, skip=1, **more):
        wanted = {
            "prompt": "a (red:1.3) fox AND a lake:0.6",
            "negative_prompt": "blurry, dark",
            "seed": 11,
            "steps": 2,
            "width": SIZE,
            "height": SIZE,
            "cfg_scale": 7,
            "sampler_name": "Euler a",
            "scheduler": "Automatic",
            **more,
        }
        if panel is not None:
            wanted["alwayson_scripts"] = {PANEL: {"args": panel if isinstance(panel, list) else [panel]}}
        # Always given: the host does not restore an override of an option that its config.json lacks.
        settings = {"CLIP_stop_at_last_layers": skip, "emphasis": "Original"}
        wanted["override_settings"] = {**settings, **more.get("override_settings", {})}
        return wanted

    def sweep(self, plan, **more):
        """The pictures of a sweep's cells, and their infotexts."""
        swept = self.client.sweep(plan, **self.payload(**more))
        return [cell.astype(int) for cell in swept.cells], swept.cell_infotexts

    def refusal(self, **payload):
        """The sentence with which a request is refused."""
        with pytest.raises(Refused) as caught:
            self.client.post("txt2img", **payload)
        assert caught.value.status == 422
        return caught.value.detail


@pytest.fixture(scope="module")
def host(host_url):
    return Host(host_url)


def far(one, other):
    return int(np.abs(one - other).max())


@pytest.mark.parametrize("skip", WHOLE)
def test_a_whole_value_gives_the_hosts_own_picture(host, skip):
    assert far(host.picture({"clip_skip": skip})[0], host.picture(skip=skip)[0]) == 0


def test_the_panel_switched_off_changes_nothing_whatever_is_written_in_it(host):
    plain, said = host.picture()
    off, also_said = host.picture([False, "1.5", "spherical", "3", True, "2", "2"])
    assert far(plain, off) == 0
    assert "clip_skip_lab" not in also_said
    assert said == also_said


def test_a_fraction_lies_between_its_neighbours_and_comes_close_to_them(host):
    one, two = host.picture(skip=1)[0], host.picture(skip=2)[0]
    half = host.picture({"clip_skip": 1.5})[0]
    assert far(one, two) > 3
    assert far(half, one) > 1
    assert far(half, two) > 1
    assert far(host.picture({"clip_skip": 1.001})[0], one) <= 2
    assert far(host.picture({"clip_skip": 1.999})[0], two) <= 2


def test_the_ways_to_interpolate_differ_and_meet_at_whole_values(host):
    ways = [
        host.picture({"clip_skip": 2.5, "interpolation": way})[0] for way in ("before norm", "after norm", "spherical")
    ]
    assert far(ways[0], ways[1]) > 0
    assert far(ways[0], ways[2]) > 0
    whole = host.picture(skip=3)[0]
    for way in ("after norm", "spherical"):
        assert far(host.picture({"clip_skip": 3, "interpolation": way})[0], whole) == 0


def test_an_average_of_two_layers_is_the_fraction_between_them(host):
    assert far(host.picture({"clip_skip": "avg 2-3"})[0], host.picture({"clip_skip": 2.5})[0]) <= 1
    assert far(host.picture({"clip_skip": "avg 2-5"})[0], host.picture({"clip_skip": 3.5})[0]) > 0


def test_the_negative_prompt_can_have_a_value_of_its_own(host):
    plain = host.picture(skip=2)[0]
    assert far(host.picture({"negative_clip_skip": 2}, skip=2)[0], plain) == 0
    other = host.picture({"negative_clip_skip": 7}, skip=2)[0]
    assert far(other, plain) > 0
    # Positive and negative change places: the same two values the other way round.
    turned = host.picture({"clip_skip": 2, "negative_clip_skip": 7}, skip=7)[0]
    assert far(turned, other) == 0


def test_without_a_negative_prompt_value_the_fraction_is_for_both_prompts(host):
    both = host.picture({"clip_skip": 1.5})[0]
    assert far(host.picture({"clip_skip": 1.5, "negative_clip_skip": 1.5})[0], both) == 0
    assert far(host.picture({"clip_skip": 1.5, "negative_clip_skip": 1})[0], both) > 0


def test_no_picture_comes_from_a_stale_cache(host):
    asked = [
        None,
        {"clip_skip": 1.5},
        {"clip_skip": 1.5, "interpolation": "after norm"},
        {"negative_clip_skip": 4},
        None,
    ]
    first = [host.new_picture(host.payload(panel))[0] for panel in asked]
    again = [host.new_picture(host.payload(panel))[0] for panel in reversed(asked)]
    assert [far(one, other) for one, other in zip(first, reversed(again), strict=True)] == [0] * len(asked)


@pytest.mark.parametrize(
    "more",
    [
        {"prompt": "a fox BREAK (a lake:1.2), mist"},
        {"prompt": "a [fox:hare:0.5] in a wood, " + "very " * 80 + "dark"},
        {"prompt": "", "negative_prompt": ""},
        {"enable_hr": True, "hr_scale": 1.5, "hr_upscaler": "Latent", "denoising_strength": 0.6},
        {"enable_hr": True, "hr_scale": 1.5, "hr_upscaler": "Latent", "denoising_strength": 0.6, "hr_prompt": "a hare"},
        {"override_settings": {"emphasis": "No norm"}},
        {"subseed": 3, "subseed_strength": 0.4},
    ],
    ids=["break", "editing and length", "empty", "hires", "hires with a prompt of its own", "no norm", "variation"],
)
def test_whole_values_are_exact_with_every_feature_and_fractions_differ(host, more):
    assert far(host.picture({"clip_skip": 4}, **more)[0], host.picture(skip=4, **more)[0]) == 0
    assert far(host.picture({"clip_skip": 4.5}, **more)[0], host.picture(skip=4, **more)[0]) > 0


def test_the_infotext_says_what_was_done(host):
    _, said = host.picture({"clip_skip": 1.5, "negative_clip_skip": "avg 2-4"}, skip=3)
    for part in (
        "clip_skip_lab_value: 1.5",
        "clip_skip_lab_negative: avg 2-4",
        "clip_skip_lab_interpolation: before norm",
    ):
        assert part in said
    assert ", Clip skip:" not in said
    _, said = host.picture({"clip_skip": 4})
    assert ", Clip skip: 4," in said
    assert "clip_skip_lab_value: 4" in said
    assert "interpolation" not in said


def test_an_infotext_makes_the_same_picture_again(host):
    made, said = host.picture({"clip_skip": 1.5, "interpolation": "spherical", "negative_clip_skip": 3}, skip=2)
    assert far(host.new_picture({"infotext": said})[0], made) == 0


@pytest.mark.parametrize(
    ("panel", "sentence"),
    [
        ({"clip_skip": 0.5}, "out of range"),
        ({"clip_skip": 12.5}, "beyond"),
        ({"clip_skip": 13}, "beyond"),
        ({"clip_skip": "avg 3-13"}, "beyond"),
        ({"clip_skip": "avg 4-2"}, "smaller to a larger"),
        ({"clip_skip": "1-3"}, "is more than one value"),
        ({"clip_skip": "fox"}, "is not a number"),
        ({"clip_skip": 1.5, "interpolation": "cubic"}, "spherical"),
        ({"negative_clip_skip": True}, "Negative clip skip"),
        ({"clipskip": 1.5}, "is not a key"),
        ([True, "nan", "before norm", "", False, "", ""], "is not a number"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(host, panel, sentence):
    assert sentence in host.refusal(**host.payload(panel))


def test_a_refused_generation_leaves_the_next_one_alone(host):
    plain = host.picture()[0]
    host.refusal(**host.payload({"clip_skip": 40}))
    assert far(host.new_picture(host.payload())[0], plain) == 0


def test_a_sweep_takes_fractions_and_averages_and_its_cells_are_single_generations(host):
    cells, said = host.sweep({"clip_skip": "1-2 (+0.5), avg 2-4"})
    assert len(cells) == 4
    for cell, value in zip(cells, (1, 1.5, 2, "avg 2-4"), strict=True):
        assert far(cell, host.picture({"clip_skip": value})[0]) == 0
    assert "clip_skip_lab_value: 1.5" in said[1]
    assert not any("Clip skip: 1.5" in text for text in said)


def test_a_sweep_takes_the_other_values_from_its_plan(host):
    cells, _ = host.sweep({"clip_skip": [2, 2.5], "negative_clip_skip": 6, "interpolation": "after norm"})
    asked = {"negative_clip_skip": 6, "interpolation": "after norm"}
    assert far(cells[0], host.picture({"clip_skip": 2, **asked})[0]) == 0
    assert far(cells[1], host.picture({"clip_skip": 2.5, **asked})[0]) == 0


def test_a_sweep_has_the_negative_value_as_an_axis(host):
    cells, _ = host.sweep({"clip_skip": [2], "y": {"axis": "Negative clip skip", "values": "same, 2-3 (+0.5)"}})
    for cell, value in zip(cells, (2, 2, 2.5, 3), strict=True):
        assert far(cell, host.picture({"clip_skip": 2, "negative_clip_skip": value})[0]) == 0


def test_a_sweep_keeps_what_the_panel_asks_beside_the_value(host):
    cells, said = host.sweep({"clip_skip": [3, 4]}, panel={"clip_skip": 9, "negative_clip_skip": 1.5})
    for cell, value in zip(cells, (3, 4), strict=True):
        assert far(cell, host.picture({"clip_skip": value, "negative_clip_skip": 1.5})[0]) == 0
    assert all("clip_skip_lab_negative: 1.5" in text for text in said)


def test_cells_of_fractions_and_whole_values_can_share_a_batch(host):
    plan = {"clip_skip": "1, 1.5, 2, avg 2-4", "mode": "fast", "cells_per_batch": 4, "negative_clip_skip": 3}
    cells, said = host.sweep(plan)
    assert len(cells) == 4
    for cell, value in zip(cells, (1, 1.5, 2, "avg 2-4"), strict=True):
        assert far(cell, host.picture({"clip_skip": value, "negative_clip_skip": 3})[0]) <= 1
    assert [", Clip skip: 1," in said[0], ", Clip skip: 2," in said[2]] == [True, True]
    assert [", Clip skip:" in said[1], ", Clip skip:" in said[3]] == [False, False]
    assert ["clip_skip_lab_value" in text for text in said] == [False, True, False, True]
    assert all("clip_skip_lab_negative: 3" in text for text in said)


@pytest.mark.parametrize("plan", [{"clip_skip": [0.5]}, {"clip_skip": ["1.5", 12.5]}, {"negative_clip_skip": "fox"}])
def test_a_sweep_refuses_what_cannot_be_used_before_it_runs(host, plan):
    assert "allowed" in host.refusal(**host.payload(), script_name="clip skip sweep", script_args=[plan])


def test_the_hosts_own_plot_has_the_axes_once_and_uses_them(host):
    axes = host.client.arguments(script=XYZ)["X type"]["choices"]
    own = [axis for axis in axes if axis.startswith("[Clip Skip Lab]")]
    assert len(own) == len(set(own))
    asked = {
        "X type": axes.index("[Clip Skip Lab] Clip skip with fractions"),
        "X values": "1-2 (+0.5)",
        "Y type": axes.index("[Clip Skip Lab] Negative clip skip"),
        "Y values": "same, 5",
        "Z type": axes.index("Nothing"),
        "Include Sub Images": True,
        "Draw legend": False,
    }
    arguments = host.client.panel(asked, script=XYZ)
    made = Answer(host.client.post("txt2img", **host.payload(), script_name=XYZ, script_args=arguments))
    cells = [picture.astype(int) for picture in made.pictures if picture.shape[:2] == (SIZE, SIZE)]
    assert len(cells) == 6
    for number, (value, negative) in enumerate((v, n) for n in (None, 5) for v in (1, 1.5, 2)):
        assert far(cells[number], host.picture({"clip_skip": value, "negative_clip_skip": negative})[0]) == 0
