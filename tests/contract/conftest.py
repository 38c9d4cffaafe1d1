"""Fixtures of the contract tests.

`host` and `opts` are for tests that run inside the embedded host's own process; `client` and `unchanged` for those
that run on any host that `host_url` names.
"""

import pytest

from tests.helpers.client import CLIP_SKIP, Client
from tests.helpers.extensions import faults as faults_extension
from tests.helpers.extensions import meddling as meddling_extension
from tests.helpers.host_in_process import engine, host, opts, webui  # noqa: F401
from tests.minihost import launch


@pytest.fixture(scope="session")
def client(host_url):
    """The API of the host that `host_url` names.

    Clip skip is set to what it is, so that config.json has it: where it has not, the host leaves the first
    `override_settings` of a generation by hand in force for good; a sweep does not.
    """
    client = Client(host_url)
    client.generate(steps=1)  # the first generation of a host loads the model, and notes its hash in the options
    client.set({CLIP_SKIP: int(client.options()[CLIP_SKIP])})
    return client


@pytest.fixture(scope="session")
def faulty(tmp_path_factory):
    """An embedded host with this extension and the one that breaks things on demand."""
    folder = tmp_path_factory.mktemp("faulty")
    extension = faults_extension.write(folder / "source")
    with launch.Process(folder / "data", [launch.REPO, extension], ["--nowebui"]) as process:
        yield process


@pytest.fixture(scope="session")
def faulty_client(faulty):
    """The API of that host."""
    client = Client(faulty.url)
    client.generate(steps=1)
    client.set({CLIP_SKIP: 1, "sd_model_checkpoint": client.get("sd-models")[0]["title"]})
    return client


@pytest.fixture(scope="session")
def meddled(tmp_path_factory):
    """An embedded host with this extension and one that draws, encodes and generates by itself."""
    folder = tmp_path_factory.mktemp("meddled")
    extension = meddling_extension.write(folder / "source")
    with launch.Process(folder / "data", [launch.REPO, extension], ["--nowebui"]) as process:
        yield process


@pytest.fixture(scope="session")
def meddled_client(meddled):
    """The API of that host."""
    client = Client(meddled.url)
    client.generate(steps=1)
    client.set({CLIP_SKIP: 1})
    return client


@pytest.fixture
def meddling(meddled_client):
    """What the other extension sees there from now on."""
    seen = meddling_extension.Meddling(meddled_client)
    seen.forget()
    return seen


@pytest.fixture
def faults(faulty_client):
    """What breaks there: nothing, until a test asks for it."""
    faults = faults_extension.Faults(faulty_client)
    faults.set()
    yield faults
    faults.set()


@pytest.fixture
def unchanged(client):
    """Holds a test to leaving the host's options and config.json as they were."""
    before, config = client.options(), client.config()
    yield
    after = client.options()
    assert {key: value for key, value in after.items() if before.get(key) != value} == {}
    assert client.config() == config


@pytest.fixture
def grids_in(client):
    """Makes a folder the one for grids."""
    keys = ("outdir_grids", "outdir_txt2img_grids")
    before = {key: client.options()[key] for key in keys}
    yield lambda folder: client.set({"outdir_grids": "", "outdir_txt2img_grids": str(folder)})
    client.set(before)
