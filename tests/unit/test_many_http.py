"""One WebUI over HTTP: what each way of not answering is told as, on tiny servers."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.many import http as http_file
from clip_skip_lab.many.answers import NoAnswer, NotDone, Refused, before_the_run
from clip_skip_lab.many.exchange import Address, Failed, Gone
from clip_skip_lab.many.http import SIGN_OF_LIFE, Http
from tests.helpers.tiny_server import serving

NAME, PASSWORD = "me", "hunter2-secret"


def http_of(url, auth=None, **times):
    return Http(Address(url, auth), **times)


def told_by(answers, auth=None, path="/sdapi/v1/options"):
    """The error of a question."""
    with serving(answers) as server, pytest.raises((Gone, Failed, InvalidInput)) as caught:
        http_of(server.url, auth).get(path)
    assert server.url in str(caught.value)
    return caught.value


def test_json_comes_and_goes_with_parameters_and_password():
    with serving({"/a": (200, {"x": [1]}), "/b": (200, [2])}) as server:
        http = http_of(server.url, (NAME, PASSWORD))
        assert http.get("/a", skip="true", n=1) == {"x": [1]}
        assert http.post("/b", {"prompt": "猫"}) == [2]
    (_, path, headers, _), (_, _, _, body) = server.asked
    assert path == "/a?skip=true&n=1"
    assert headers["Authorization"].startswith("Basic ")
    assert json.loads(body) == {"prompt": "猫"}


def test_an_address_that_answers_but_is_no_webui():
    for answer in ((404, "<html>nothing here"), (200, "<html>welcome"), (404, {"error": "no such path"})):
        error = told_by({"/sdapi/v1/options": answer})
        assert isinstance(error, NoAnswer)
        assert str(error).endswith("answers, but is not a WebUI.")


def test_a_server_that_speaks_something_else_is_no_webui():
    listener = socket.create_server(("127.0.0.1", 0))

    def greet():
        connection, _ = listener.accept()
        connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n")
        connection.recv(1000)
        connection.close()

    threading.Thread(target=greet, daemon=True).start()
    with listener, pytest.raises(NoAnswer, match="is not a WebUI"):
        http_of(f"http://127.0.0.1:{listener.getsockname()[1]}").get("/sdapi/v1/options")


def test_a_webui_without_its_api_is_told_from_what_is_none():
    for page in ({"/internal/ping": (200, {})}, {"/config": (200, {"components": [{"props": {"label": "txt2img"}}]})}):
        with (
            serving(page) as server,
            pytest.raises(InvalidInput, match="started with --api") as caught,
            before_the_run(),
        ):
            http_of(server.url).get("/sdapi/v1/options")
        assert caught.value.problem == "is a WebUI whose API is off"
        assert caught.value.value == server.url


def test_an_address_where_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Gone, match="nothing is listening there"):
        http_of(f"http://127.0.0.1:{port}").get("/sdapi/v1/options")


def test_a_name_that_no_machine_has():
    with (
        pytest.raises(InvalidInput, match=r'^WebUI: "http://no.such.machine.invalid:7860" cannot be found'),
        before_the_run(),
    ):
        http_of("http://no.such.machine.invalid:7860").get("/sdapi/v1/options")


def test_a_password_that_is_missing_or_wrong_is_told_and_never_shown():
    unknown = {"/sdapi/v1/options": (401, {"detail": "Incorrect username or password"})}
    assert "requires a name and password" in str(told_by(unknown))
    error = told_by(unknown, auth=(NAME, PASSWORD))
    assert "does not accept this name and password" in str(error)
    assert "--auth" in error.allowed
    assert PASSWORD not in str(error) + repr(error) + repr(Address("http://x", (NAME, PASSWORD)))


def test_a_redirect_is_not_followed_and_its_secrets_are_not_told():
    def to(place):
        def answer(handler):
            handler.give(307, "", Location=place)

        return {"/sdapi/v1/options": answer}

    error = told_by(to("https://me:hunter2@login.example:8443/sign-in?next=secret#x"))
    assert "redirects to https://login.example:8443/sign-in." in str(error)
    assert "without a sign-in page" in error.allowed
    with serving({}) as server:
        server.answers.update(to(server.url.replace("http:", "https:") + "/sdapi/v1/options"))
        with pytest.raises(NoAnswer) as caught:
            http_of(server.url).get("/sdapi/v1/options")
    assert caught.value.allowed == "the same address with https://"


def test_what_a_webui_refuses_is_bad_input_in_its_own_words():
    said = 'Clip skip values: "14" is out of range; allowed: 1 to 12.'
    error = told_by({"/sdapi/v1/options": (422, {"detail": said})})
    assert isinstance(error, Refused)
    assert error.in_language("en").endswith(f": {said[:-1]}")
    of_fields = {"detail": [{"loc": ["body", "steps"], "msg": "value is not a valid integer", "type": "type_error"}]}
    assert "steps: value is not a valid integer" in str(told_by({"/sdapi/v1/options": (422, of_fields)}))
    assert isinstance(told_by({"/sdapi/v1/options": (404, {"detail": "Init image not found"})}), Refused)


def test_a_webui_that_fails_says_why():
    body = {
        "error": "OutOfMemoryError",
        "detail": "",
        "body": "",
        "errors": "CUDA out of memory.\nTried to allocate 2 GiB.",
    }
    error = told_by({"/sdapi/v1/options": (500, body)})
    assert isinstance(error, NotDone)
    assert error.reason == "CUDA out of memory. Tried to allocate 2 GiB"
    assert "see its log" in str(told_by({"/sdapi/v1/options": (500, "Internal Server Error")}))
    with (
        serving({"/x": (500, body)}) as server,
        pytest.raises(InvalidInput, match="answers with an error"),
        before_the_run(),
    ):
        http_of(server.url).get("/x")


@pytest.mark.parametrize("status", [502, 503, 504, 403, 429])
def test_what_stands_before_a_webui_and_lets_nothing_through_is_no_failure_of_a_cell(status):
    assert f"HTTP {status}" in str(told_by({"/sdapi/v1/options": (status, "<html>bad gateway")}))


def test_an_answer_that_is_cut_off():
    def half(length):
        def answer(handler):
            handler.wfile.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + length + b'\r\n\r\n{"images": ["iV'
            )
            handler.close_connection = True

        return answer

    def chunked(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1, 2\r\n")
        handler.close_connection = True

    for answer in (half(b"Content-Length: 1000"), half(b"Connection: close"), chunked):
        error = told_by({"/sdapi/v1/options": answer})
        assert isinstance(error, Gone)
        assert "broke off in the middle of its answer" in str(error)

    def nothing(handler):
        handler.close_connection = True

    assert "ended the connection without an answer" in str(told_by({"/sdapi/v1/options": nothing}))


def test_an_answer_nested_without_end_is_told_like_one_that_is_damaged():
    assert isinstance(told_by({"/sdapi/v1/options": lambda handler: handler.give(200, "[" * 100_000)}), NoAnswer)


def test_an_answer_has_a_largest_size(monkeypatch):
    monkeypatch.setattr(http_file, "MOST_BYTES", 1_000)
    assert "more than" in str(told_by({"/sdapi/v1/options": (200, "x" * 2_000)}))


def test_a_webui_that_does_not_answer_in_time(monkeypatch):
    monkeypatch.setattr(http_file, "ANSWER_SECONDS", 0.2)
    assert "does not answer in time" in str(told_by({"/sdapi/v1/options": lambda handler: time.sleep(1)}))


def test_what_another_webui_lacks_may_be_asked_for():
    answers = {"/fails": (500, {}), "/there": (200, [1]), "/not-yours": (401, {})}
    with serving(answers) as server:
        http = http_of(server.url)
        assert [http.get_optional(path) for path in ("/missing", "/fails", "/there")] == [None, None, [1]]
        with pytest.raises(NoAnswer):
            http.get_optional("/not-yours")


# --- Watching over a generation ---------------------------------------------------------------------------------------


def generating(seconds):
    def answer(handler):
        time.sleep(seconds)
        return 200, {"images": []}

    return answer


def test_a_generation_may_take_longer_than_the_patience_while_there_are_signs_of_life():
    with serving({"/slow": generating(0.6)}) as server:  # the sign of life is 404: an answer all the same
        assert http_of(server.url, patience=0.2, every=0.05).post("/slow", {}) == {"images": []}
    assert any(path == SIGN_OF_LIFE for _, path, *_ in server.asked)


@pytest.mark.parametrize("sign", [lambda handler: time.sleep(5), (502, "<html>bad gateway")])
def test_a_generation_without_signs_of_life_is_given_up_while_its_connection_is_still_open(sign, monkeypatch):
    monkeypatch.setattr(http_file, "SIGN_OF_LIFE_SECONDS", 0.1)
    with serving({"/slow": generating(5), SIGN_OF_LIFE: sign}) as server:
        started = time.monotonic()
        with pytest.raises(Gone, match=r"has not responded for 0\.3 s"):
            http_of(server.url, patience=0.3, every=0.05).post("/slow", {})
        assert time.monotonic() - started < 3


def test_a_generation_ends_at_once_where_its_webui_dies():
    def dies(handler):
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    with serving({"/slow": dies}) as server, pytest.raises(Gone, match="ended the connection"):
        http_of(server.url).post("/slow", {})


def test_to_interrupt_raises_nothing():
    http_of("http://127.0.0.1:9").interrupt()
    with serving({"/sdapi/v1/interrupt": (500, {})}) as server:
        http_of(server.url).interrupt()
    assert [path for _, path, *_ in server.asked] == ["/sdapi/v1/interrupt"]


# --- https ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for 127.0.0.1, and a context of a server that shows it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here, which makes the certificate")
    folder = tmp_path_factory.mktemp("certificate")
    key, file = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=webui -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-keyout", key, "-out", file], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return file, context


def test_a_certificate_that_does_not_fit_is_refused_with_what_may_be_done(certificate):
    _, context = certificate
    with serving({"/x": (200, 1)}, context) as server, pytest.raises(InvalidInput) as caught, before_the_run():
        http_of(server.url).get("/x")
    assert "self" in caught.value.problem and "SSL_CERT_FILE" in caught.value.allowed
    assert "http://" in caught.value.allowed


def test_a_certificate_of_ones_own_counts_by_ssl_cert_file(certificate, monkeypatch):
    file, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving({"/x": (200, 1), "/slow": generating(2)}, context) as server:
        assert http_of(server.url).get("/x") == 1
        with pytest.raises(NoAnswer, match=r"cannot be reached|certificate"):
            http_of(server.url.replace("127.0.0.1", "127.0.0.2")).get("/x")


def test_a_generation_over_https_is_given_up_too(certificate, monkeypatch):
    file, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    answers = {"/slow": generating(5), SIGN_OF_LIFE: (502, "")}
    with serving(answers, context) as server, pytest.raises(Gone, match="has not responded"):
        http_of(server.url, patience=0.2, every=0.05).post("/slow", {})


def test_https_asked_of_a_server_without_it_and_the_reverse(certificate):
    with serving({}) as server, pytest.raises(NoAnswer) as caught:
        http_of(server.url.replace("http:", "https:")).get("/x")
    assert "does not support https" in str(caught.value)
    _, context = certificate
    with serving({}, context) as server, pytest.raises(NoAnswer) as caught:
        http_of(server.url.replace("https:", "http:")).get("/x")
    assert "https://" in caught.value.allowed
