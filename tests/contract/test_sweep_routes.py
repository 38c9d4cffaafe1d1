"""The routes of the sweeps on disk, on a running host: list, record, page, files, and no way out of them."""

from __future__ import annotations

import http.client
import json
import shutil
from urllib.parse import quote, urlparse

import pytest

from tests.helpers.client import encoded, gradient

ROUTE = "/clip-skip-lab/v1/sweeps"


@pytest.fixture(scope="module")
def swept(client):
    """A sweep over clip skip 1 and 2."""
    return client.sweep({"clip_skip": [1, 2]}, prompt='<b>猫</b> & "cat"')


def get(client, path, **more):
    return client.http.get(path, follow_redirects=True, **more)


def raw(url, path):
    """The status and body for a path as it stands: clients and browsers take "../" out before they send it."""
    parts = urlparse(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_a_sweep_is_listed_first_when_it_is_the_newest(client, swept):
    listed = get(client, ROUTE).json()["sweeps"]
    newest = [entry for entry in listed if entry["created"] == listed[0]["created"]]  # of the same second
    assert next(entry for entry in newest if entry["id"] == swept.folder.name) == {
        "id": swept.folder.name,
        "created": swept.record["created"],
        "state": "finished",
        "draft": False,
        "cells": 2,
        "done": 2,
        "failed": 0,
        "not_run": 0,
        "axes": [{"name": "Clip skip", "values": 2}],
        "model": swept.record["model"]["name"],
        "hash": swept.record["model"]["hash"],
        "prompt": '<b>猫</b> & "cat"',
        "tab": "txt2img",
        "name": "",
        "note": "",
        "picks": [],
        "votes": 0,
        "winner": None,
        "thumbnail": "small/0-0.webp",
        "bytes": sum(path.stat().st_size for path in swept.folder.rglob("*") if path.is_file()),
        "here": True,
    }


def test_sweeps_of_img2img_are_listed_too(client):
    made = client.sweep({"clip_skip": [1]}, route="img2img", init_images=[encoded(gradient())])
    assert made.folder.name in [entry["id"] for entry in get(client, ROUTE).json()["sweeps"]]
    assert get(client, f"{ROUTE}/{made.folder.name}/page/").status_code == 200


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1001", "9" * 400, "1.5", "²"])
def test_a_limit_that_cannot_be_used_is_a_sentence(client, limit):
    answer = get(client, ROUTE, params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith('limit: "')


def test_a_sweep_is_its_whole_record(client, swept):
    answer = get(client, f"{ROUTE}/{swept.folder.name}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == swept.record


def test_the_page_is_reached_by_a_redirect_and_finds_its_data_beside_it(client, swept):
    answer = get(client, f"{ROUTE}/{swept.folder.name}/page")
    assert answer.url.path.endswith("/page/")
    assert answer.history[0].headers["location"] == "page/", "relative: it holds behind a proxy"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
    data = get(client, f"{ROUTE}/{swept.folder.name}/page/sweep.js?123")
    assert data.headers["content-type"].startswith("text/javascript")
    (text,) = json.loads(f"[{data.text.removeprefix('clipSkipLabSweep(').removesuffix(');' + chr(10))}]")
    assert json.loads(text) == swept.record


def test_the_pictures_are_served_as_they_are(client, swept):
    for cell in swept.record["cells"]:
        (picture,) = cell["pictures"]
        for name, kind in ((picture["file"], "image/png"), (picture["small"], "image/webp")):
            answer = get(client, f"{ROUTE}/{swept.folder.name}/page/{quote(name)}")
            assert answer.content == (swept.folder / name).read_bytes()
            assert answer.headers["content-type"] == kind
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_script_in_the_folder_is_not_served_and_so_not_run(client, swept):
    (swept.folder / "sweep.js").write_text("window.hacked = 1;")
    (swept.folder / "index.html").write_text("<script>window.hacked = 1</script>")
    page = f"{ROUTE}/{swept.folder.name}/page/"
    assert "hacked" not in get(client, f"{page}sweep.js").text
    assert "hacked" not in get(client, page).text
    for name in ("index.html", "small/0-0.webp.js"):
        assert get(client, page + name).status_code == 404


WAYS_OUT = [
    "../secret.png",
    "cells/../../secret.png",
    "%2e%2e/secret.png",
    "cells/%2e%2e/%2e%2e/secret.png",
    "cells%2f..%2f..%2fsecret.png",
    "cells/..%5c..%5csecret.png",
    "%252e%252e/secret.png",
    "//etc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "cells/%00.png",
    "cells/0.png%00.txt",
    "cells/link.png",
    "cells/elsewhere/secret.png",
    "C:%5csecret.png",
    "cells/%ff.png",
    "~root/.profile",
]


@pytest.mark.parametrize("way", WAYS_OUT)
def test_there_is_no_way_out_of_a_sweep(client, swept, way):
    secret = swept.folder.parent / "secret.png"
    file, folder = swept.folder / "cells" / "link.png", swept.folder / "cells" / "elsewhere"
    secret.write_bytes(b"secret")
    file.symlink_to(secret)
    folder.symlink_to(secret.parent, target_is_directory=True)
    try:
        status, body = raw(client.url, f"{ROUTE}/{swept.folder.name}/page/{way}")
        assert status == 404
        assert b"secret" not in body.replace(b"secret.png", b"")
    finally:
        for path in (secret, file, folder):
            path.unlink()


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e", "%2e%2e%2f%2e%2e", "x", "2026-11-22-0a1b2c3d%00", "%00", "2026-11-22-0A1B2C3D"]
)
@pytest.mark.parametrize("below", ["", "/page", "/page/", "/page/sweep.js", "/page/sweep.json"])
def test_what_is_no_name_of_a_sweep_finds_nothing(client, name, below):
    status, body = raw(client.url, f"{ROUTE}/{name}{below}")
    assert status in (404, 422)
    assert b"root:" not in body


def test_a_link_to_a_folder_elsewhere_is_no_sweep(client, swept, tmp_path):
    link = swept.folder.parent / "2026-01-01-00000000"
    (tmp_path / "sweep.json").write_text(json.dumps(swept.record))
    link.symlink_to(tmp_path, target_is_directory=True)
    try:
        assert get(client, f"{ROUTE}/{link.name}").status_code == 404
        assert link.name not in [entry["id"] for entry in get(client, ROUTE).json()["sweeps"]]
    finally:
        link.unlink()


def test_a_sweep_that_was_deleted_is_a_sentence(client):
    gone = client.sweep({"clip_skip": [1]})
    shutil.rmtree(gone.folder)
    for below in ("", "/page", "/page/", "/page/sweep.js", "/page/sweep.json"):
        answer = get(client, f"{ROUTE}/{gone.folder.name}{below}")
        assert answer.status_code == 404
        assert "it may have been deleted" in answer.json()["detail"]
    assert gone.folder.name not in [entry["id"] for entry in get(client, ROUTE).json()["sweeps"]]


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 50_000, "null", '{"cells": 3}', "\ufeff{}"])
def test_a_damaged_sweep_hides_no_other_and_is_listed_with_its_reason(client, swept, content):
    folder = swept.folder.parent / "2026-01-02-00000000"
    folder.mkdir()
    try:
        (folder / "sweep.json").write_text(content, encoding="utf-8")
        listed = {entry["id"]: entry for entry in get(client, ROUTE, params={"limit": "1000"}).json()["sweeps"]}
        assert listed[folder.name]["problem"].startswith(f'Sweep: "{folder.name}" ')
        assert "problem" not in listed[swept.folder.name]
        if content != '{"cells": 3}':  # JSON, and an object: given as it is, for the page to say what is wrong
            for below in ("", "/page/sweep.js"):
                answer = get(client, f"{ROUTE}/{folder.name}{below}")
                assert answer.status_code == 422
                assert "has no readable sweep.json" in answer.json()["detail"]
        assert get(client, f"{ROUTE}/{folder.name}/page/").status_code == 200
    finally:
        shutil.rmtree(folder)
