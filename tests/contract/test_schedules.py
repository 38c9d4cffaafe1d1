"""A clip skip that changes while a picture is sampled: at its ends the host's own pictures, between them one after the
other, in one sampling and with one pass of the text encoder.
"""

from itertools import pairwise

import pytest

from tests.contract.test_finer_clip_skip import PANEL, XYZ, Host, far
from tests.helpers.client import SMALL, Answer, Client
from tests.helpers.page_client import PageClient

STEPS = 6
HIRES = {"enable_hr": True, "hr_scale": 1.5, "hr_upscaler": "Latent", "denoising_strength": 0.6}
FEATURES = [
    {},
    {"prompt": "a [fox:hare:0.5] in a wood [mist|rain], " + "very " * 80 + "dark"},
    {"prompt": "a fox BREAK (a lake:1.2), mist", "sampler_name": "DPM++ 2M"},
    HIRES,
]
NAMES = ["AND", "editing and length", "break", "hires"]


@pytest.fixture(scope="module")
def host(host_url):
    return SixSteps(host_url)


class SixSteps(Host):
    """A host that is asked for pictures of six steps."""

    def payload(self, panel=None, skip=1, **more):
        # Always given, too: an override of an option that config.json lacks stays.
        settings = {"use_old_scheduling": False, **more.pop("override_settings", {})}
        return super().payload(panel, skip, **{"steps": STEPS, **more, "override_settings": settings})


@pytest.mark.parametrize("more", FEATURES, ids=NAMES)
def test_at_both_ends_it_is_the_hosts_own_picture(host, more):
    for value, skip in (("[3:7:0.0]", 7), ("[3:7:1.0]", 3), ("[3:7:0]", 7), (f"[3:7:{STEPS}]", 3)):
        if more is HIRES and skip == 3:
            value = "[3:7:2.0]"  # its second pass goes from 1.0 to 2.0, or begins after the last step of the first
        assert far(host.picture({"clip_skip": value}, skip=1, **more)[0], host.picture(skip=skip, **more)[0]) == 0


@pytest.mark.parametrize("more", FEATURES, ids=NAMES)
def test_between_them_it_is_neither_and_the_same_written_as_a_share_and_as_a_step(host, more):
    share, step = (host.picture({"clip_skip": value}, **more)[0] for value in ("[3:7:0.5]", f"[3:7:{STEPS // 2}]"))
    assert far(share, step) == 0
    for skip in (3, 7):
        assert far(share, host.picture(skip=skip, **more)[0]) > 0
    assert far(share, host.picture({"clip_skip": "[7:3:0.5]"}, **more)[0]) > 0


def test_fractions_averages_and_schedules_stand_in_a_schedule(host):
    for value, same in (
        ("[1.5:4:1.0]", 1.5),
        ("[4:avg 2-4:0]", "avg 2-4"),
        ("[4:[avg 2-4:9:1.0]:0]", "avg 2-4"),
        ("[3:[3:7:0.5]:2]", "[3:7:0.5]"),
    ):
        assert far(host.picture({"clip_skip": value})[0], host.picture({"clip_skip": same})[0]) == 0
    pictures = [host.picture({"clip_skip": f"[1.5:4:{when}]"})[0] for when in ("0.0", "0.34", "0.67", "1.0")]
    assert all(far(one, other) > 0 for one, other in pairwise(pictures))


def test_the_negative_prompt_can_have_a_schedule_of_its_own(host):
    own = host.picture({"negative_clip_skip": "[3:7:0.5]"}, skip=2)[0]
    for value, same in (("[3:7:0.0]", 7), ("[3:7:1.0]", 3)):
        asked = host.picture({"negative_clip_skip": value}, skip=2)[0]
        assert far(asked, host.picture({"negative_clip_skip": same}, skip=2)[0]) == 0
        assert far(asked, own) > 0
    both = host.picture({"clip_skip": "[3:7:0.5]"})[0]
    assert far(host.picture({"clip_skip": "[3:7:0.5]", "negative_clip_skip": "[3:7:0.5]"})[0], both) == 0
    assert far(host.picture({"clip_skip": "[3:7:0.5]", "negative_clip_skip": 3})[0], both) > 0


def test_in_hires_fix_a_share_above_one_changes_the_second_pass(host):
    first = host.picture({"clip_skip": "[3:7:1.0]"}, **HIRES)[0]  # 3 in the first pass, 7 in the second
    later = host.picture({"clip_skip": "[3:7:1.5]"}, **HIRES)[0]
    assert len({picture.tobytes() for picture in (first, later, host.picture(skip=3, **HIRES)[0])}) == 3
    assert far(host.picture({"clip_skip": f"[3:7:{STEPS + STEPS // 2}]"}, **HIRES)[0], later) == 0


def test_with_old_scheduling_a_number_from_one_on_is_a_step(host):
    old = {"override_settings": {"use_old_scheduling": True}}
    assert far(host.picture({"clip_skip": "[3:7:2.0]"}, **old)[0], host.picture({"clip_skip": "[3:7:2]"})[0]) == 0
    assert far(host.picture({"clip_skip": "[3:7:0.5]"}, **old)[0], host.picture({"clip_skip": "[3:7:0.5]"})[0]) == 0


def test_no_picture_comes_from_the_conditioning_of_another(host):
    asked = [None, {"clip_skip": "[3:7:0.5]"}, {"clip_skip": "[3:7:0.7]"}, {"clip_skip": 3}, {"clip_skip": "[3:9:0.5]"}]
    first = [host.new_picture(host.payload(panel))[0] for panel in asked]
    again = [host.new_picture(host.payload(panel))[0] for panel in reversed(asked)]
    assert [far(one, other) for one, other in zip(first, reversed(again), strict=True)] == [0] * len(asked)
    assert len({picture.tobytes() for picture in first}) == len(asked)


def test_all_pictures_of_several_batches_have_it(host):
    many = Answer(host.client.post("txt2img", **host.payload({"clip_skip": "[3:7:0.5]"}, n_iter=2, batch_size=2)))
    pictures = [picture.astype(int) for picture in many.pictures[-4:]]
    for number, picture in enumerate(pictures):
        alone = host.picture({"clip_skip": "[3:7:0.5]"}, seed=11 + number)[0]
        assert far(picture, alone) <= 1


def test_the_infotext_says_it_and_makes_the_same_picture_again(host):
    asked = {"clip_skip": "[3:avg 2-4:.5]", "negative_clip_skip": "[2:1:3]"}
    made, said = host.picture(asked, skip=2)
    assert 'clip_skip_lab_value: "[3:avg 2-4:0.5]"' in said
    assert 'clip_skip_lab_negative: "[2:1:3]"' in said
    assert "clip_skip_lab_interpolation: before norm" in said
    assert ", Clip skip:" not in said
    assert "clip_skip_lab_interpolation" not in host.picture({"clip_skip": "[3:7:0.5]"})[1]
    assert far(host.new_picture({"infotext": said})[0], made) == 0


def test_pasting_fills_the_panel(host, host_url):
    _, said = host.picture({"clip_skip": "[3:7:0.5]"})
    pasted = PageClient(host_url).paste(said)
    assert pasted["script_txt2img_clip_skip_lab_clip_skip_lab_value"]["value"] == "[3:7:0.5]"
    assert pasted["script_txt2img_clip_skip_lab_clip_skip_lab_finer-checkbox"]["value"] is True
    assert "Clip skip" not in str(pasted["txt2img_override_settings"])


@pytest.mark.parametrize(
    ("panel", "sentence"),
    [
        ({"clip_skip": "[13:1:0.5]"}, "beyond"),
        ({"clip_skip": "[1:avg 3-13:0.5]"}, "beyond"),
        ({"negative_clip_skip": "[1:[2:12.5:4]:2]"}, "beyond"),
        ({"clip_skip": "[2:1:2.5]"}, "the end of Hires. fix"),
        ({"clip_skip": "[2:1]"}, "is not a complete schedule"),
        ({"clip_skip": "[2:1:0.5], [2:1:0.7]"}, "is more than one value"),
        ({"sdxl_big_g_skip": "[2:1:0.5]"}, "has no OpenCLIP bigG"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_sampled(host, panel, sentence):
    assert sentence in host.refusal(**host.payload(panel))
    assert host.client.get("progress")["state"]["sampling_step"] == 0


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_a_sweep_takes_schedules_among_its_values(host, mode):
    values = [3, "[3:7:0.5]", "[7:avg 2-4:4]", 7, "[3:7:1.0]"]
    swept = host.client.sweep({"clip_skip": "3, [3:7:.5], [7:avg 2-4:4], 7, [3:7:1.0]", "mode": mode}, **host.payload())
    assert swept.record["plan"]["clip_skip"] == values
    assert swept.record["axes"][0]["values"] == values
    assert [cell["values"]["Clip skip"] for cell in swept.record["cells"]] == values
    for cell, value in zip(swept.cells, values, strict=True):
        assert far(cell.astype(int), host.picture({"clip_skip": value})[0]) <= (1 if mode == "fast" else 0)
    assert 'clip_skip_lab_value: "[3:7:0.5]"' in swept.cell_infotexts[1]
    assert [", Clip skip:" in text for text in swept.cell_infotexts] == [True, False, False, True, False]
    assert not swept.report["notes"]


def test_an_axis_takes_schedules_and_a_batch_carries_them(host):
    plan = {"clip_skip": [2, "[3:7:0.5]"], "y": {"axis": "Negative clip skip", "values": "same, [2:1:3], 4"}}
    for mode in ("exact", "fast"):
        cells, _ = host.sweep({**plan, "mode": mode})
        asked = [(value, negative) for negative in (None, "[2:1:3]", 4) for value in plan["clip_skip"]]
        for cell, (value, negative) in zip(cells, asked, strict=True):
            alone = host.picture({"clip_skip": value, "negative_clip_skip": negative})[0]
            assert far(cell, alone) <= (1 if mode == "fast" else 0)


def test_a_sweep_with_hires_fix_takes_them(host):
    for mode in ("exact", "fast"):
        cells, _ = host.sweep({"clip_skip": [3, "[3:7:1.0]", "[3:7:1.5]"], "mode": mode}, **HIRES)
        for cell, value in zip(cells, (3, "[3:7:1.0]", "[3:7:1.5]"), strict=True):
            assert far(cell, host.picture({"clip_skip": value}, **HIRES)[0]) <= (1 if mode == "fast" else 0)


def test_a_cell_that_was_lost_is_made_again_from_the_record(host):
    begun = host.client.sweep({"clip_skip": "3, [3:7:.5]"}, **host.payload())
    (begun.folder / begun.record["cells"][1]["pictures"][0]["file"]).unlink()
    again = host.client.sweep(script_args=[{"resume": begun.folder.name, "return_cells": True}])
    assert again.record["fingerprint"] == begun.record["fingerprint"]
    assert [far(a.astype(int), b.astype(int)) for a, b in zip(again.cells, begun.cells, strict=True)] == [0, 0]


def test_it_is_measured_as_a_value_beside_the_numbers(host):
    plan = {"clip_skip": "1, [1:12:0.5], 12", "measures": True}
    swept = host.client.sweep(plan, **host.payload())
    assert [cell["measures"]["changed_area"] is not None for cell in swept.record["cells"]] == [True] * 3
    assert [(step["from"], step["to"]) for step in swept.record["neighbours"]] == [(1, 12)]
    assert swept.record["charts"]


def test_the_hosts_own_plot_takes_them(host):
    axes = host.client.arguments(script=XYZ)["X type"]["choices"]
    asked = {
        "X type": axes.index("[Clip Skip Lab] Clip skip with fractions"),
        "X values": "3, [3:7:0.5]",
        "Y type": axes.index("Nothing"),
        "Z type": axes.index("Nothing"),
        "Include Sub Images": True,
        "Draw legend": False,
    }
    arguments = host.client.panel(asked, script=XYZ)
    made = Answer(host.client.post("txt2img", **host.payload(), script_name=XYZ, script_args=arguments))
    cells = [picture.astype(int) for picture in made.pictures if picture.shape[:2] == (64, 64)]
    for cell, value in zip(cells[-2:], (3, "[3:7:0.5]"), strict=True):
        assert far(cell, host.picture({"clip_skip": value})[0]) == 0


class TestForwards:
    """How often the networks run."""

    @pytest.fixture
    def faults(self, faulty_client):
        from tests.helpers.extensions.faults import Faults

        yield Faults(faulty_client)
        Faults(faulty_client).set()

    @pytest.fixture
    def client(self, faulty_client) -> Client:
        return faulty_client

    def seen(self, client, faults, run):
        client.generate(prompt="something else", negative_prompt="other")  # the host's cond cache helps nobody
        faults.set()
        run()
        return faults.seen()

    def test_a_generation_runs_the_text_encoder_and_the_unet_as_often_as_without(self, client, faults):
        panel = {"alwayson_scripts": {PANEL: {"args": [{"clip_skip": "[3:7:0.5]"}]}}}
        plain = self.seen(client, faults, lambda: client.single(3, prompt="a fox", negative_prompt="mist"))
        scheduled = self.seen(client, faults, lambda: client.generate(prompt="a fox", negative_prompt="mist", **panel))
        assert plain["encoder_layers"] == scheduled["encoder_layers"] == 2 * 12
        assert plain["unet_rows"] == scheduled["unet_rows"]

    @pytest.mark.parametrize("mode", ["exact", "fast"])
    def test_a_sweep_of_whole_numbers_and_schedules_does_with_one_pass(self, client, faults, mode):
        plan = {"clip_skip": "1-4, [3:7:0.5], [12:1:0.2], [2.5:avg 2-4:1]", "mode": mode}
        seen = self.seen(client, faults, lambda: client.sweep(plan, prompt="a fox", negative_prompt="mist"))
        assert seen["encoder_layers"] == 2 * 12
        assert sum(seen["unet_rows"]) == 7 * 2 * SMALL["steps"]
