"""Addresses of WebUIs as people type them, on the command line and in a file; no password is ever shown."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.language import languages
from clip_skip_lab.many.addresses import WebUIs, check_different, read_address, read_auth, read_lines, with_auth

LETTERS = st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cc", "Z"])
PASSWORDS = st.text(LETTERS, min_size=6)
NAMES = st.text("abcdefghij", min_size=1, max_size=8)
HOSTS = st.sampled_from(["gpu1", "10.0.0.7", "[fd00::7]", "webui.example.org", "my_box"])
PATHS = st.sampled_from(["", "/sd", "/sd/one"])
PORTS = st.sampled_from(["", ":7860", ":80", ":443"])


def urls(*addresses):
    return [address.url for address in addresses]


def all_of(error):
    """Everything that a person or a log may get to see of an error."""
    return "\n".join([str(error), repr(error), error.detail, *map(error.in_language, languages())])


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("gpu1:7860", "http://gpu1:7860"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("  http://gpu1:7860/  ", "http://gpu1:7860"),
        ("HTTP://GPU1.Example.ORG:80//", "http://gpu1.example.org"),
        ("https://gpu1:443/SD/", "https://gpu1/SD"),
        ("http://gpu1.:7860", "http://gpu1:7860"),
        ("http://gpu1:7860/?__theme=dark#top", "http://gpu1:7860"),
        ("http://[::1]:7860/sd//one/", "http://[::1]:7860/sd/one"),
    ],
)
def test_an_address_is_read_as_people_and_browsers_write_it(typed, url):
    assert (read_address(typed).url, read_address(typed).auth) == (url, None)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "http://",
        "ftp://gpu1:7860",
        "http://gpu1:78x0",
        "http://gpu1:70000",
        "http://gpu1:0",
        "http://gpu 1",
        "http://[::1",
        "http://[gpu1]",
        "http://gpu1\n:7860",
        "http://<gpu1>",
        "http://gpu1\\sd",
        "//gpu1",
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(typed):
    with pytest.raises(InvalidInput, match="an address such as http://gpu1:7860"):
        read_address(typed)


@given(st.sampled_from(["http", "https", "HTTP"]), HOSTS, PORTS, PATHS, st.sampled_from(["", "/", "//", "/?a=b", "#x"]))
def test_an_address_that_was_read_is_read_the_same_again(scheme, host, port, path, rest):
    once = read_address(f"{scheme}://{host.upper()}{port}{path}{rest}")
    assert read_address(once.url) == once
    assert once.url == read_address(f"{scheme.lower()}://{host}{port}{path}").url
    assert not once.url.endswith("/")


@given(NAMES, PASSWORDS, HOSTS, PORTS)
def test_name_and_password_are_taken_out_of_an_address_whatever_letters_they_have(name, password, host, port):
    address = read_address(f"http://{name}:{password.replace('%', '%25')}@{host}{port}")
    assert address.auth == (name, password)
    assert address.url == read_address(f"http://{host}{port}").url
    assert password not in repr(address) + str(address)


@given(
    NAMES,
    PASSWORDS,
    st.sampled_from(
        ["http://{}:{}@", "ftp://{}:{}@gpu1", "{}:{}@g p u", "http://{}:{}@gpu1:x", "http://{}:{}@[", "x://{}:{}@gpu1/"]
    ),
)
def test_a_password_is_in_no_sentence_about_an_address_that_cannot_be_used(name, password, form):
    with pytest.raises(InvalidInput) as caught:
        read_address(form.format(name, password))
    assert password not in all_of(caught.value)
    with pytest.raises(InvalidInput) as caught:
        read_lines("gpu1\n" + form.format(name, password))
    assert password not in all_of(caught.value)
    assert "line 2" in caught.value.detail


@given(st.text(LETTERS).filter(lambda password: "@" not in password))
def test_a_password_without_its_webui_is_not_shown_either(password):
    with pytest.raises(InvalidInput) as caught:
        read_address(f"http://me:x{password}")
    assert f"x{password}" not in all_of(caught.value)


@given(st.text())
def test_any_text_is_an_address_or_refused(text):
    with contextlib.suppress(InvalidInput):
        assert read_address(read_address(text).url).url.startswith(("http://", "https://"))


@given(NAMES, PASSWORDS)
def test_a_name_with_a_password_is_for_all_webuis_or_for_one(name, password):
    assert read_auth(f"{name}:{password}") == (None, (name, password))
    assert read_auth(f"http://GPU1:80/={name}:{password}") == ("http://gpu1", (name, password))


@pytest.mark.parametrize(
    "typed", ["", "secret", ":secret", "name:", "http://gpu1", "http://gpu1=secret", "http://g 1=a:secret"]
)
def test_what_is_no_name_with_a_password_is_refused_and_not_shown(typed):
    with pytest.raises(InvalidInput) as caught:
        read_auth(typed)
    assert "secret" not in all_of(caught.value)


def test_of_names_and_passwords_the_nearest_counts():
    addresses = [read_address(typed) for typed in ("a:b@gpu1", "gpu2", "gpu3")]
    found = with_auth(addresses, ["old:old", "me:all", "http://gpu2=me:two"])
    assert [address.auth for address in found] == [("a", "b"), ("me", "two"), ("me", "all")]
    assert [address.auth for address in with_auth(addresses, [])] == [("a", "b"), None, None]


@pytest.mark.parametrize(
    "pair",
    [
        ("gpu1:7860", "http://GPU1:7860/"),
        ("localhost:7860", "127.0.0.1:7860"),
        ("localhost", "http://[::1]:80"),
        ("0.0.0.0:7860", "127.0.0.1:7860"),
        ("http://gpu1:7860", "https://gpu1:7860"),
        ("gpu1", "me:secret@gpu1"),
    ],
)
def test_the_same_webui_twice_is_refused(pair):
    with pytest.raises(InvalidInput, match="is the same WebUI as http") as caught:
        check_different(map(read_address, pair))
    assert "secret" not in all_of(caught.value)


def test_webuis_that_differ_in_port_or_prefix_are_several():
    check_different(map(read_address, ["gpu1", "https://gpu1", "gpu1:7860", "gpu1:7861", "gpu1:7860/sd", "gpu2:7860"]))


# --- A file of WebUIs -------------------------------------------------------------------------------------------------


def test_a_file_has_an_address_on_each_line_and_comments():
    text = "# two cards\r\n\r\ngpu1:7860   # the quick one\n\thttp://me:pa#ss@gpu2:7860\n"
    found = read_lines(text)
    assert urls(*found) == ["http://gpu1:7860", "http://gpu2:7860"]
    assert found[1].auth == ("me", "pa#ss")


@pytest.fixture
def watched(tmp_path):
    """A file of WebUIs, the WebUIs that it has, and what was said."""
    file, said = tmp_path / "webuis.txt", []
    file.write_text("gpu1\n", encoding="utf-8-sig")
    return file, WebUIs(["gpu0"], file, ["me:secret"], said.append), said


def test_what_is_added_to_the_file_during_a_sweep_is_there_at_the_next_look(watched):
    file, webuis, said = watched
    assert urls(*webuis()) == ["http://gpu0", "http://gpu1"]
    file.write_text("gpu1\ngpu2\n", encoding="utf-8")
    assert urls(*webuis()) == ["http://gpu0", "http://gpu1", "http://gpu2"]
    assert {address.auth for address in webuis()} == {("me", "secret")}
    assert said == []


@pytest.mark.parametrize("damage", [b"gpu1\nhttp://gpu1\n", b"gpu1\nftp://me:secret@gpu2\n", b"\xff\xfe\x00", None])
def test_a_file_that_was_damaged_is_said_once_and_the_webuis_stay(watched, damage):
    file, webuis, said = watched
    before = webuis()
    file.write_bytes(damage) if damage else file.unlink()
    assert [webuis(), webuis(), webuis()] == [before] * 3
    (sentence,) = said
    assert sentence.endswith("The WebUIs known so far are kept.")
    assert "secret" not in sentence
    file.write_text("gpu3\n", encoding="utf-8")
    assert urls(*webuis()) == ["http://gpu0", "http://gpu3"]
    assert len(said) == 1


@pytest.mark.parametrize("content", [None, b"\xff\xff", b"http://gpu1:x"])
def test_a_file_that_cannot_be_used_at_the_beginning_is_refused(tmp_path, content):
    file = tmp_path / "webuis.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidInput, match="File of WebUIs"):
        WebUIs([], file, [], lambda sentence: None)
