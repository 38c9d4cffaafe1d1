"""One sweep over two hosts, with everything real but the pictures' size: what differs, dies, comes and is killed."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.many.exchange import Address, Job
from clip_skip_lab.many.run import Order, run_many
from clip_skip_lab.sweep.folder import read_record
from demo import many as demo
from tests.helpers.client import CHECKPOINT, SMALL, Client
from tests.minihost import launch

pytestmark = pytest.mark.xdist_group("two hosts")

PLAN = {"clip_skip": "1-12", "y": {"axis": "CFG Scale", "values": "5, 9"}, "measures": False}
ENSD = "eta_noise_seed_delta"


class Seen(demo.Printing):
    """A `Watch` that calls somebody once so many cells are done."""

    def __init__(self, at=None, call=None):
        self.at, self.call = at, call

    def cells_over(self, over, total, done, failed):
        if self.at is not None and done >= self.at:
            self.at = None
            self.call()


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hosts")
    processes = [launch.Process(folder / name, [launch.REPO], ["--nowebui"]) for name in ("one", "two")]
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        found = [*pool.map(stack.enter_context, processes)]
        for process in found:
            Client(process.url).generate(steps=1)  # the first generation notes the checkpoint's hash in the options
        yield found


def run(processes, out, watch=None, steps=2, **order):
    """A run over these hosts; returns the cells of its record."""
    job = Job("txt2img", {**SMALL, "steps": steps}, PLAN)
    addresses = [Address(process.url) for process in processes]
    outcome = run_many(Order(addresses, out, job, **order), watch or Seen(), threading.Event())
    record = read_record(outcome.folder)
    assert [cell["reason"] for cell in record["cells"]] == [None] * 24
    return record


@contextmanager
def other(process, **options):
    """A host with other options for a while."""
    client = Client(process.url)
    with client.kept(*options):
        client.set(options)
        yield


@pytest.fixture(scope="module")
def alone(hosts, tmp_path_factory):
    """The folder of the sweep on the first host alone."""
    out = tmp_path_factory.mktemp("alone")
    run(hosts[:1], out)
    return out


def test_pictures_and_metadata_are_those_of_one_host(hosts, alone, tmp_path):
    record = run(hosts, tmp_path)
    assert {*demo.makers(record["cells"])} == {process.url for process in hosts}
    assert demo.pictures(tmp_path) == demo.pictures(alone)


def test_another_checkpoint_is_refused_by_its_hash(hosts, tmp_path):
    there = Client(hosts[1].url).options()[CHECKPOINT]
    another = next(title for title in Client(hosts[1].url).checkpoints() if title != there)
    with other(hosts[1], **{CHECKPOINT: another}), pytest.raises(InvalidInput, match="the checkpoint") as refused:
        run(hosts, tmp_path)
    known = {model["model_name"]: model["hash"] for model in Client(hosts[1].url).get("sd-models")}
    assert hosts[1].url in refused.value.detail and known[another.split(".")[0]] in refused.value.detail
    assert demo.folder_in(tmp_path) is None


def test_an_option_that_differs_is_refused_by_its_name_unless_it_may(hosts, tmp_path):
    with other(hosts[1], **{ENSD: 31337}):
        with pytest.raises(InvalidInput, match=r"ENSD|eta_noise_seed_delta"):
            run(hosts, tmp_path)
        assert demo.folder_in(tmp_path) is None
        record = run(hosts, tmp_path, allow_different=True)
    assert [note for note in record["notes"] if "31337" in note]


def test_a_host_that_is_added_while_it_runs_is_used(hosts, alone, tmp_path):
    added = []
    watch = Seen(4, lambda: added.append(Address(hosts[1].url)))
    record = run(hosts[:1], tmp_path, watch, steps=10, more=lambda: added)
    assert demo.makers(record["cells"])[hosts[1].url] > 0


def test_a_run_that_is_killed_is_resumed_and_generates_nothing_twice(hosts, alone, tmp_path):
    urls = [process.url for process in hosts]
    process = demo.started(urls, tmp_path)
    demo.wait_for(lambda: len(demo.done_cells(tmp_path)) >= 6, process)
    process.kill()
    process.wait()
    folder, before = demo.folder_in(tmp_path), demo.done_cells(tmp_path)
    files = [folder / cell["pictures"][0]["file"] for cell in before]
    written = [file.stat().st_mtime_ns for file in files]
    assert 6 <= len(before) < 24
    outcome = run_many(Order([*map(Address, urls)], resume=folder), Seen(), threading.Event())
    assert outcome.reused == len(before)
    assert [file.stat().st_mtime_ns for file in files] == written
    assert len(demo.done_cells(tmp_path)) == 24
    assert json.loads((folder / "request.json").read_text())["request"]["seed"] == demo.JOB["request"]["seed"]


def test_a_host_that_dies_loses_its_part_to_the_other(hosts, tmp_path):
    """The last test, as the second host is gone after it."""
    record = run(hosts, tmp_path, Seen(6, hosts[1].process.kill), steps=10)
    made = demo.makers(record["cells"])
    assert sum(made.values()) == 24 and made[hosts[0].url] >= 12
    assert any(hosts[1].url in note and "another WebUI" in note for note in record["notes"])
