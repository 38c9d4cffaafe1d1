"""The routes with the host's own authentication. Hosts of their own, as these flags hold from the start."""

import os

import pytest

from tests.helpers.client import ROUTES, Client
from tests.minihost import launch

pytestmark = pytest.mark.skipif("WEBUI_URL" in os.environ, reason="starts a host of its own with other flags")

OF_THE_PAGE = ("model", "words", "advice", "memory")
OF_THE_API = ("sweeps", "sweeps/2026-11-22-0a1b2c3d", "sweeps/2026-11-22-0a1b2c3d/page/sweep.js")


def get(client, path, **more):
    return client.http.get(f"{ROUTES}/{path}", **more)


def use(client, **more):
    return client.http.put(f"{ROUTES}/clip-skip", json={"clip_skip": 2}, **more)


def test_without_a_page_the_apis_name_and_password_are_needed_on_every_route(tmp_path):
    flags = ["--nowebui", "--api-auth", "ann:secret,bob:other"]
    with launch.Process(tmp_path / "data", [launch.REPO], flags) as process:
        client = Client(process.url)
        for path in OF_THE_PAGE + OF_THE_API:
            refused = get(client, path)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Basic")
            assert get(client, path, auth=("ann", "wrong")).status_code == 401
            assert get(client, path, auth=("ann", "secret")).status_code in (200, 404)
        assert use(client).status_code == 401
        options = client.http.get("/sdapi/v1/options", auth=("ann", "secret")).json()
        assert options["CLIP_stop_at_last_layers"] == 1, "what was refused has done nothing"
        assert use(client, auth=("ann", "secret")).status_code == 200
        by_script = get(client, "sweeps", headers={"Sec-Fetch-Dest": "empty"})
        assert by_script.status_code == 401
        assert "www-authenticate" not in by_script.headers, "or opening the tab would make the browser ask"


def test_who_is_not_signed_in_to_the_page_gets_nothing(tmp_path):
    with launch.Process(tmp_path / "data", [launch.REPO], ["--gradio-auth", "ann:secret"]) as process:
        client = Client(process.url)
        for path in OF_THE_PAGE + OF_THE_API:
            assert get(client, path).status_code == 401
            assert get(client, path, cookies={"access-token": "guessed"}).status_code == 401
        assert use(client).status_code == 401
        signed_in = client.http.post("/login", data={"username": "ann", "password": "secret"})
        assert signed_in.status_code == 200
        for path in (*OF_THE_PAGE, "sweeps"):
            assert get(client, path).status_code == 200


def test_a_page_that_asks_for_nothing_works_where_the_api_asks(tmp_path):
    with launch.Process(tmp_path / "data", [launch.REPO], ["--api", "--api-auth", "ann:secret"]) as process:
        client = Client(process.url)
        assert [get(client, path).status_code for path in OF_THE_PAGE] == [200, 200, 200, 200]
        assert get(client, "sweeps").status_code == 401
