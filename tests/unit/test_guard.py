"""Who gets in, for each way in which a WebUI can be closed."""

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from clip_skip_lab.api.guard import Guard, Sites, users_of

USERS = {"ann": "secret", "bob": "with:colon"}
SIGNED_IN = {"access-token": "given at sign-in"}


def statuses(*, page_asks, users, has_page=True, auth=None, cookies=None, server=None):
    """Answers of a route of the page and of one of the API."""
    app = FastAPI()
    if has_page:
        app.auth = {"ann": "secret"} if page_asks else None
        app.tokens = {"given at sign-in": "ann"}
        if server is not None:
            app.cookie_id = server
    guard = Guard(users, has_page)
    for path, kind in {"/page": guard.route_of_the_page(), "/api": guard.route_of_the_api()}.items():
        router = APIRouter(route_class=kind)
        router.add_api_route(path, lambda: "in", methods=["GET", "PUT"])
        app.include_router(router)
    client = TestClient(app, cookies=cookies)
    answers = [client.request(method, path, auth=auth) for path in ("/page", "/api") for method in ("GET", "PUT")]
    assert answers[0].status_code == answers[1].status_code and answers[2].status_code == answers[3].status_code
    return answers[0].status_code, answers[2].status_code


def test_everybody_where_neither_page_nor_api_asks():
    assert statuses(page_asks=False, users={}) == (200, 200)
    assert statuses(page_asks=False, users={}, has_page=False) == (200, 200)


def test_the_pages_own_calls_work_where_only_the_api_asks():
    assert statuses(page_asks=False, users=USERS) == (200, 401)
    assert statuses(page_asks=False, users=USERS, auth=("ann", "secret")) == (200, 200)


def test_without_a_page_the_api_asks_on_every_route():
    assert statuses(page_asks=False, users=USERS, has_page=False) == (401, 401)
    assert statuses(page_asks=False, users=USERS, has_page=False, auth=("bob", "with:colon")) == (200, 200)


def test_where_the_page_asks_a_cookie_of_somebody_signed_in_is_needed():
    assert statuses(page_asks=True, users={}) == (401, 401)
    assert statuses(page_asks=True, users={}, cookies={"access-token": "guessed"}) == (401, 401)
    assert statuses(page_asks=True, users={}, cookies=SIGNED_IN) == (200, 200)
    assert statuses(page_asks=True, users={}, auth=("ann", "secret")) == (401, 401), "the API has no users"


@pytest.mark.parametrize("name", ["access-token-x1", "access-token-unsecure-x1"])
def test_the_cookie_of_gradio_4_is_that_of_this_server(name):
    assert statuses(page_asks=True, users={}, server="x1", cookies={name: "given at sign-in"}) == (200, 200)
    assert statuses(page_asks=True, users={}, server="x1", cookies={name: "guessed"}) == (401, 401)
    assert statuses(page_asks=True, users={}, server="x2", cookies={name: "given at sign-in"}) == (401, 401)
    assert statuses(page_asks=True, users={}, server="x1", cookies=SIGNED_IN) == (401, 401)


def test_where_both_ask_either_is_enough():
    assert statuses(page_asks=True, users=USERS) == (401, 401)
    assert statuses(page_asks=True, users=USERS, cookies=SIGNED_IN) == (200, 200)
    assert statuses(page_asks=True, users=USERS, auth=("ann", "secret")) == (200, 200)


@pytest.mark.parametrize("auth", [("ann", "wrong"), ("eve", "secret"), ("", ""), ("ann", ""), ("ann", "sécret")])
def test_a_wrong_name_or_password_is_no_way_in(auth):
    auth = tuple(part.encode() for part in auth)
    assert statuses(page_asks=True, users=USERS, auth=auth) == (401, 401)


def test_users_are_read_as_the_host_reads_them():
    assert users_of(None) == users_of("") == users_of("nonsense") == {}
    assert users_of("ann:secret,bob:with:colon") == USERS


def test_passwords_are_in_no_representation():
    assert "secret" not in repr(Guard(USERS))


def changes(headers, sites=None, base="http://10.0.0.7:7860"):
    """Status of a change with these headers, of each kind of route; reading is never refused."""
    app = FastAPI()
    guard = Guard(sites=sites or Sites())
    for path, kind in {"/page": guard.route_of_the_page(), "/api": guard.route_of_the_api()}.items():
        router = APIRouter(route_class=kind)
        router.add_api_route(path, lambda: "in", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
        app.include_router(router)
    client = TestClient(app, base_url=base)
    assert client.get("/page", headers=headers).status_code == client.get("/api", headers=headers).status_code == 200
    methods = ("POST", "PUT", "PATCH", "DELETE")
    answers = [client.request(method, path, headers=headers) for method in methods for path in ("/page", "/api")]
    (status,) = {answer.status_code for answer in answers}
    assert status == 200 or "another site" in answers[0].json()["detail"]
    return status


@pytest.mark.parametrize(
    "headers",
    [
        {},  # curl and other programs
        {"origin": "http://10.0.0.7:7860"},  # a browser on a plain address of the network sends no more
        {"origin": "http://10.0.0.7:7860", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},  # typed into the address bar
        {"origin": "https://lab.example", "sec-fetch-site": "same-origin"},  # a proxy with another name inside
        {"origin": "https://lab.example", "x-forwarded-host": "lab.example"},
        {"origin": "https://lab.example", "x-forwarded-host": "lab.example:443, inner:7860"},
        {"origin": "HTTP://10.0.0.7:7860"},
    ],
)
def test_the_webuis_own_page_and_programs_change_what_they_may(headers):
    assert changes(headers) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://10.0.0.7:8000", "sec-fetch-site": "same-site"},  # another program of the same machine
        {"origin": "http://10.0.0.7:7860", "sec-fetch-site": "cross-site"},
        {"origin": "http://10.0.0.7"},
        {"origin": "http://10.0.0.7:7860.evil.example"},
        {"origin": "null"},  # a page from disk, or in a frame that may do nothing
        {"origin": ""},
        {"origin": "https://evil.example", "x-forwarded-host": "lab.example"},
        {"origin": "null", "x-forwarded-host": ""},
    ],
)
def test_a_page_of_another_site_changes_nothing(headers):
    assert changes(headers) == 403


@pytest.mark.parametrize(
    ("origin", "host"),
    [("http://lab", "http://lab:80"), ("https://lab", "https://lab:443"), ("https://LAB", "https://lab")],
)
def test_a_port_that_goes_without_saying_may_be_said(origin, host):
    assert changes({"origin": origin}, base=host) == 200


@pytest.mark.parametrize(
    "sites",
    [
        Sites(("https://one.example", "https://friend.example")),
        Sites(("*",)),
        Sites(pattern=r"https://.*\.example"),
    ],
)
def test_sites_that_the_webui_allows_may_change_something(sites):
    headers = {"origin": "https://friend.example", "sec-fetch-site": "cross-site"}
    assert changes(headers, sites) == 200
    assert changes({**headers, "origin": "https://friend.example.evil.org"}, sites) == (
        200 if "*" in sites.origins else 403
    )
