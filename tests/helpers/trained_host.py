"""A running host that has the small trained checkpoints."""

import os
import tempfile
from contextlib import contextmanager

import pytest

from tests.helpers.client import Client
from tests.minihost import launch
from tests.model import trained


@contextmanager
def trained_host(extensions=()):
    """Yields the URL of the host that WEBUI_URL names, or of an embedded one with these extensions.

    The host of WEBUI_URL must have the checkpoints, else the test is skipped; it is left with the checkpoint that it
    had.
    """
    if url := os.environ.get("WEBUI_URL"):
        client = Client(url)
        there = {model["model_name"] for model in client.get("sd-models")}
        if missing := set(trained.CHECKPOINTS.values()) - there:
            pytest.skip(
                f"this host lacks {', '.join(sorted(missing))}: python -m tests.model.trained FOLDER copies them"
            )
        with client.kept("sd_model_checkpoint"):
            yield url
        # What comes after finds the host's own checkpoint loaded: a host loads it at the next request for it.
        client.generate(steps=1)
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        launch.Process(folder, list(extensions), ["--nowebui", "--trained-model"]) as host,
    ):
        yield host.url
