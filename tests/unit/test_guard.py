"""Who gets in, for each way in which a WebUI can be closed."""

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from clip_skip_lab.api.guard import Guard, users_of

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
