"""One sweep over WebUIs in memory, by the real scheduler: whatever they do, no cell is lost and no label untrue."""

import json
import threading
from dataclasses import replace

import pytest
from PIL import Image

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.many import crew as crew_module
from clip_skip_lab.many.exchange import Failed, Gone
from clip_skip_lab.many.run import Order, run_many
from clip_skip_lab.many.watch import LOST, OUT
from clip_skip_lab.sweep.folder import read_record
from tests.helpers.fake_webuis import JOB, FakeWebUI, Seen, described

ONE, TWO = "http://one:7860", "http://two:7860"


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(crew_module, "TICK", 0.02)
    monkeypatch.setattr(crew_module, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(crew_module, "LOOK_FIRST", 0.02)
    monkeypatch.setattr(crew_module, "HOPE", 0.5)


def run(tmp_path, *webuis, stop=None, seen=None, **order):
    """A run over these WebUIs, which must be known by their addresses."""
    known = {webui.url: webui for webui in webuis}
    new = {} if "resume" in order else {"out": order.pop("out", tmp_path), "job": order.pop("job", JOB)}
    addresses = order.pop("addresses", [webui.address for webui in webuis])
    ordered = Order(addresses, **{**new, **order})
    return run_many(ordered, seen or Seen(), stop or threading.Event(), connect=lambda address: known[address.url])


def cells_of(outcome):
    return read_record(outcome.folder)["cells"]


def makers(outcome):
    return [cell["made_by"]["webui"] for cell in cells_of(outcome)]


def assert_true(outcome):
    """Every cell is done, and its picture is its own."""
    for cell in cells_of(outcome):
        assert cell["state"] == "done", cell
        (picture,) = cell["pictures"]
        with Image.open(outcome.folder / picture["file"]) as image:
            row = {5.0: 0, 7.0: 1}[cell["values"]["CFG Scale"]]
            assert image.getpixel((0, 0)) == (cell["values"]["Clip skip"] * 20, row * 40, 255)
            assert image.info["parameters"] == picture["infotext"]


def test_two_webuis_make_one_sweep(tmp_path):
    one, two, seen = FakeWebUI(ONE), FakeWebUI(TWO), Seen()
    outcome = run(tmp_path, one, two, seen=seen)
    assert outcome.record.state == "finished"
    assert_true(outcome)
    assert {*makers(outcome)} == {ONE, TWO}
    assert sorted(index for webui in (one, two) for task in webui.ran for index in task) == list(range(24))
    assert (outcome.folder / "grid.png").is_file() and (outcome.folder / "index.html").is_file()
    assert seen.all("cells_over")[-1] == [24, 24, 24, 0]


def test_a_cell_tells_which_webui_made_it_with_what(tmp_path):
    outcome = run(tmp_path, FakeWebUI(ONE))
    about = {"webui": ONE, "name": "fake", "version": "1", "torch": "2", "device": "cpu"}
    assert all(cell["made_by"] == {**about, "program": "Clip Skip Lab 0.1.0"} for cell in cells_of(outcome))


def test_a_webui_that_vanishes_loses_its_task_to_another(tmp_path):
    two = FakeWebUI(TWO)

    def vanish(task):
        two.is_gone = len(two.ran) > 1

    two.before = vanish
    one = FakeWebUI(ONE)
    seen = Seen()
    outcome = run(tmp_path, one, two, seen=seen)
    assert_true(outcome)
    lost = {*two.ran[-1]}
    assert lost <= {index for task in one.ran for index in task}
    twice = [index for task in (*one.ran, *two.ran) for index in task if index in lost]
    assert len(twice) == 2 * len(lost), "nothing but its own task is made again"
    assert [TWO, LOST] in seen.all("webui")
    assert any("is not there any more" in note for note in outcome.record.notes)


def test_a_webui_that_comes_back_is_used(tmp_path):
    two = FakeWebUI(TWO, fails={12: Gone("Two has gone.")})
    waiting = threading.Event()
    one = FakeWebUI(ONE, before=lambda task: waiting.wait(0.03))
    outcome = run(tmp_path, one, two)
    assert_true(outcome)
    assert any("joins the sweep" in note for note in outcome.record.notes) or 12 not in {i for t in two.ran for i in t}


def test_a_webui_that_is_added_while_it_runs_is_used(tmp_path):
    two = FakeWebUI(TWO)
    pause = threading.Event()
    one = FakeWebUI(ONE, before=lambda task: pause.wait(0.1))
    outcome = run(tmp_path, one, two, addresses=[one.address], more=lambda: [one.address, two.address])
    assert_true(outcome)
    assert TWO in makers(outcome)


def test_a_webui_that_is_added_and_differs_is_not_used(tmp_path):
    two = FakeWebUI(TWO, described(model={"name": "tiny", "hash": "other", "vae": ""}))
    pause, seen = threading.Event(), Seen()
    one = FakeWebUI(ONE, before=lambda task: pause.wait(0.05))
    outcome = run(tmp_path, one, two, seen=seen, addresses=[one.address], more=lambda: [two.address])
    assert two.ran == [] and {*makers(outcome)} == {ONE}
    assert [TWO, OUT] in seen.all("webui")


def test_where_all_are_gone_what_is_done_is_kept_and_can_be_resumed(tmp_path):
    one = FakeWebUI(ONE)
    one.before = lambda task: setattr(one, "is_gone", len(one.ran) > 2)
    outcome = run(tmp_path, one)
    states = [cell["state"] for cell in cells_of(outcome)]
    assert outcome.record.state == "interrupted" and states.count("done") == 8
    assert {cell["reason"] for cell in cells_of(outcome)} == {None, "no WebUI was left"}
    again = FakeWebUI(ONE)
    resumed = run(tmp_path, again, resume=outcome.folder)
    assert resumed.record.state == "finished" and resumed.folder == outcome.folder
    assert_true(resumed)
    assert sum(map(len, again.ran)) == 16, "what was done is not made again"


def test_a_task_that_fails_is_tried_cell_by_cell_and_elsewhere(tmp_path):
    one, two = FakeWebUI(ONE, fails={2: [Failed("One cannot.")]}), FakeWebUI(TWO)
    outcome = run(tmp_path, one, two)
    assert_true(outcome)
    assert makers(outcome)[2] == TWO


def test_a_cell_that_fails_everywhere_is_failed_with_its_reason(tmp_path):
    one, two = (FakeWebUI(url, fails={5: [Failed("There is no such sampler.")]}) for url in (ONE, TWO))
    outcome = run(tmp_path, one, two)
    cells = cells_of(outcome)
    assert [cell["index"] for cell in cells if cell["state"] != "done"] == [5]
    assert (cells[5]["state"], cells[5]["reason"]) == ("failed", "There is no such sampler.")
    assert outcome.record.state == "finished"


def test_half_a_picture_is_made_again(tmp_path):
    def cut(made, seen=[]):  # noqa: B006
        if made.index == 3 and not seen:
            seen.append(1)
            made.pictures[0] = replace(made.pictures[0], data=made.pictures[0].data[:60])

    outcome = run(tmp_path, FakeWebUI(ONE, change=cut))
    assert_true(outcome)
    assert any("damaged" in note for note in outcome.record.notes)


def test_what_a_webui_made_after_its_model_was_changed_is_not_used(tmp_path):
    two = FakeWebUI(TWO)

    def swap(task):
        if len(two.ran) == 2:
            two.told = described(model={"name": "x", "hash": "other", "vae": ""}, fingerprint="g")

    two.before = swap
    pause = threading.Event()
    outcome = run(tmp_path, FakeWebUI(ONE, before=lambda task: pause.wait(0.02)), two)
    assert_true(outcome)
    used = {index for index, url in enumerate(makers(outcome)) if url == TWO}
    assert used == {*two.ran[0]}
    assert any("checkpoint or settings were changed" in note for note in outcome.record.notes)


def test_a_picture_made_with_another_embedding_is_made_elsewhere(tmp_path):
    def other(made):
        text = f'{made.pictures[0].infotext}, TI hashes: "ink: 999"'
        made.pictures[0] = replace(made.pictures[0], infotext=text)

    held = threading.Event()
    two = FakeWebUI(TWO, change=other, before=lambda task: held.wait(0.2))
    outcome = run(tmp_path, FakeWebUI(ONE), two)
    cells = cells_of(outcome)
    assert all(cell["state"] == "done" for cell in cells)
    rows = [
        {c["pictures"][0]["infotext"].partition("TI")[2] for c in cells if c["values"]["CFG Scale"] == v}
        for v in (5, 7)
    ]
    assert all(len(row) == 1 for row in rows), "the images of a row are of the same files"


def test_what_was_drawn_for_a_row_is_used_for_all_of_it(tmp_path):
    number = iter(range(100))

    def drawn(made):
        if made.draw is None:
            made.draw = [["process", "wildcards", 0, {"prompt": f"cat {next(number)}"}]]

    outcome = run(tmp_path, FakeWebUI(ONE, change=drawn), FakeWebUI(TWO, change=drawn))
    cells = cells_of(outcome)
    assert all(cell["state"] == "done" for cell in cells)
    assert len({cell["drawn"] for cell in cells if cell["values"]["CFG Scale"] == 5.0}) == 1
    assert outcome.record.problems == []


def test_a_webui_where_somebody_presses_interrupt_gets_nothing_more(tmp_path):
    def broken_off(made):
        made.state, made.reason, made.pictures = "not run", "interrupted", []

    two = FakeWebUI(TWO, change=broken_off)
    pause = threading.Event()
    outcome = run(tmp_path, FakeWebUI(ONE, before=lambda task: pause.wait(0.02)), two)
    assert_true(outcome)
    assert len(two.ran) == 1 and {*makers(outcome)} == {ONE}


def test_a_stop_keeps_what_is_finished_and_interrupts_the_webuis(tmp_path):
    stop, one = threading.Event(), FakeWebUI(ONE)

    def pressed(task):
        if len(one.ran) == 3:
            stop.set()
            assert one.interrupted.wait(5)

    one.before = pressed
    outcome = run(tmp_path, one, stop=stop)
    assert outcome.record.state == "interrupted"
    assert [cell["state"] for cell in cells_of(outcome)].count("done") == 12
    assert cells_of(outcome)[-1]["reason"] == "interrupted"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model": {"name": "tiny", "hash": "other", "vae": ""}}, "the checkpoint is other, not abc"),
        ({"model": {"name": "tiny", "hash": "abc", "vae": "x.pt"}}, "the VAE"),
        ({"setting": {"seed": 7, "prompt": "cat", "options": {"eta_noise_seed_delta": 1}}}, "eta_noise_seed_delta"),
        ({"program": "Clip Skip Lab 0.0.9"}, "Clip Skip Lab is Clip Skip Lab 0.0.9"),
        ({"about": {"name": "fake", "version": "1", "torch": "2", "device": "cuda:0"}}, "the device is cuda"),
        ({"about": {"name": "Forge", "version": "1", "torch": "2", "device": "cpu"}}, "the kind of WebUI is Forge"),
        ({"files": {"LoRA ink": "123"}}, "the file for LoRA ink"),
        ({"computes": {"card": "RTX"}}, "the GPU"),
    ],
)
def test_webuis_that_differ_are_refused_unless_it_is_allowed(tmp_path, changes, named):
    one, two = FakeWebUI(ONE), FakeWebUI(TWO, described(**changes))
    with pytest.raises(InvalidInput) as refused:
        run(tmp_path, one, two)
    assert named in str(refused.value) and TWO in str(refused.value)
    assert one.ran == two.ran == [] and not (tmp_path / "clip-skip-sweeps").exists()
    outcome = run(tmp_path, one, two, allow_different=True)
    assert_true(outcome)
    assert any(named in note for note in outcome.record.notes)


def test_other_names_for_the_same_files_and_another_card_of_the_same_kind_are_no_difference(tmp_path):
    about = {"name": "fake", "version": "1", "torch": "2", "device": "cuda:1"}
    one = FakeWebUI(ONE, described(about={**about, "device": "cuda:0"}))
    two = FakeWebUI(TWO, described(about=about, model={"name": "sd/tiny", "hash": "abc", "vae": ""}))
    assert_true(run(tmp_path, one, two))


def test_a_checkpoint_of_which_no_hash_is_told_cannot_be_known_to_be_the_same(tmp_path):
    told = described(model={"name": "tiny", "hash": "", "vae": ""})
    with pytest.raises(InvalidInput, match="the checkpoint has no known hash"):
        run(tmp_path, FakeWebUI(ONE, told), FakeWebUI(TWO, told))
    assert_true(run(tmp_path, FakeWebUI(ONE, told)))


def test_one_webui_under_two_addresses_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="is the same WebUI as http://one:7860"):
        run(tmp_path, FakeWebUI(ONE, described(instance="x")), FakeWebUI(TWO, described(instance="x")))
    assert_true(run(tmp_path, FakeWebUI(ONE, described(instance="x")), FakeWebUI(TWO, described(instance="y"))))


def test_an_output_folder_that_is_a_file_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InvalidInput, match="--out"):
        run(tmp_path, FakeWebUI(ONE), out=file, job=JOB)


def test_a_webui_that_is_not_there_at_the_start_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="is not there"):
        run(tmp_path, FakeWebUI(ONE), FakeWebUI(TWO, is_gone=True))


def test_a_folder_that_is_being_run_is_refused(tmp_path):
    refused = []

    def second(task):
        if not refused:
            with pytest.raises(InvalidInput) as error:
                run(tmp_path, FakeWebUI(TWO), resume=next((tmp_path / "clip-skip-sweeps").glob("2*")))
            refused.append(str(error.value))

    assert_true(run(tmp_path, FakeWebUI(ONE, before=second)))
    assert "is already running" in refused[0]
    assert [path.name for path in (tmp_path / "clip-skip-sweeps").glob(".*")] == []


def test_the_job_lies_in_the_folder_without_names_and_passwords(tmp_path):
    one = FakeWebUI(ONE)
    one.address = replace(one.address, auth=("maria", "geheim"))
    outcome = run(tmp_path, one)
    job = json.loads((outcome.folder / "request.json").read_text())
    assert job["request"] == {"prompt": "cat", "seed": 7}
    for path in outcome.folder.rglob("*.js*"):
        assert "geheim" not in path.read_text() and "maria" not in path.read_text()
    assert "geheim" not in repr(one.address)
