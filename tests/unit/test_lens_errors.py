"""What the lens's route answers where the host fails or ends it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from clip_skip_lab.api import ROOT_PATH
from clip_skip_lab.api.guard import Guard
from clip_skip_lab.api.lens import add_lens_route
from clip_skip_lab.language import Text


def answer(error, language="en"):
    def lens(look):
        raise error

    app = FastAPI()
    add_lens_route(app, SimpleNamespace(lens=lens), Guard({}, True))
    client = TestClient(app, raise_server_exceptions=False)
    return client.post(f"{ROOT_PATH}/lens", params={"lang": language}, json={"prompt": "a cat"})


@pytest.mark.parametrize(
    ("language", "said"), [("en", "The prompt lens was interrupted."), ("ja", "プロンプトレンズは中断されました。")]
)
def test_an_interrupt_is_a_sentence_in_the_language_that_was_asked_for(language, said):
    found = answer(RuntimeError(Text("The prompt lens was interrupted.")), language)
    assert (found.status_code, found.json()["detail"]) == (503, said)


def test_an_error_of_the_hosts_own_is_named():
    found = answer(MemoryError("no memory is left"))
    assert (found.status_code, found.json()["detail"]) == (500, "MemoryError: no memory is left.")
