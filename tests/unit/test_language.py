"""What a person reads: every text that the code says is in every file of localizations/, and nothing else is."""

import ast
import json
import pickle
import re
import string
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from clip_skip_lab import language
from clip_skip_lab.api.guard import Guard
from clip_skip_lab.api.words import add_words_route
from clip_skip_lab.language import (
    OURS,
    Text,
    capital,
    counted,
    enumerated,
    languages,
    listed,
    texts_in,
    translated,
)

ROOT = Path(__file__).parents[2]
PYTHON = [*sorted((ROOT / "clip_skip_lab").rglob("*.py")), *sorted((ROOT / "scripts").glob("*.py"))]
SCRIPTS = {
    **{path: r"clipSkipLab\.say" for path in sorted((ROOT / "javascript").glob("*.js"))},
    **{path: "t" for path in sorted((ROOT / "clip_skip_lab/page/parts").glob("*.js"))},
}
"""Each script, with the function by which it says a text."""

TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PYTHON}


def named(path):
    return path.relative_to(ROOT).as_posix()


def calls(tree):
    """Every call in a file of Python, by the last part of its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "id", getattr(node.func, "attr", "")), node


def literals(node):
    """The texts that an argument can be: a literal, one of two, or a `Text` of them; else none."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Text":
        return literals(node.args[0])
    if isinstance(node, ast.IfExp):
        return literals(node.body) and literals(node.orelse) and [*literals(node.body), *literals(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def templates_of(name, call):
    """The arguments of a call that are templates."""
    if name == "Text":
        return call.args[:1]
    return call.args[1:] if name == "counted" and len(call.args) == 3 else []


def said():
    """The templates of all texts, of Python and of both kinds of scripts."""
    for tree in TREES.values():
        for name, call in calls(tree):
            for argument in templates_of(name, call):
                yield from literals(argument)
    for path, function in SCRIPTS.items():
        yield from texts_in(path.read_text(encoding="utf-8"), function)


def constants():
    """Names of a file that stand for a text, or for one of several: CLIP_SKIP_FIELD = "…", AXIS_FIELDS = {…: "…"}."""
    texts = {}
    for tree in TREES.values():
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
                name = ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])
                values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
                texts.setdefault(name, set()).update(text for value in values for text in literals(value))
    return texts


def shown_by_components(name, call):
    """The arguments of a call that the host shows and translates by itself, with how it shows them."""
    yield from (
        (keyword.value, "{}") for keyword in call.keywords if keyword.arg in ("label", "placeholder", "tooltip", "info")
    )
    if name == "Button":
        yield from ((argument, "{}") for argument in call.args[:1])
    if name == "OptionInfo":
        yield from ((argument, "{}") for argument in call.args[1:2])
    if name == "info" and isinstance(call.func.value, ast.Call):  # OptionInfo(…).info(…)
        yield from ((argument, "({})") for argument in call.args)


def labels():
    """Every label, placeholder, tooltip, info and button text that components and settings are given."""
    known = constants()
    for tree in TREES.values():
        for name, call in calls(tree):
            for argument, form in shown_by_components(name, call):
                value = argument.value if isinstance(argument, ast.Subscript) else argument
                texts = known.get(value.id, ()) if isinstance(value, ast.Name) else literals(value)
                yield from (form.format(text) for text in texts)


def strings():
    """Every string in Python, without tags: choices and titles may stand in any place."""
    found = {node.value for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return {part for text in found if isinstance(text, str) for part in re.split(r"<[^>]+>", text)}


def places(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def has_words(template):
    return re.search(r"[A-Za-z]", re.sub(r"\{\w*\}", "", template)) is not None


TEMPLATES, LABELS = set(said()), set(labels())


def test_the_texts_of_python_and_of_both_kinds_of_scripts_are_found():
    assert {"cannot be used", "Use {value}", "Not while the cells are ordered by a measure"} <= TEMPLATES
    assert {"Clip skip values", "Second axis", "Values of the third axis", "Fill in all values"} <= LABELS
    assert {"Place in the header", "Run at full quality"} <= LABELS


@pytest.mark.parametrize("path", [path for path in PYTHON if path != Path(language.__file__)], ids=named)
def test_a_text_in_python_is_a_literal_so_that_it_can_be_found(path):
    others = [
        f"line {call.lineno}: {ast.unparse(argument)}"
        for name, call in calls(TREES[path])
        for argument in templates_of(name, call)
        if not literals(argument)
    ]
    assert others == []


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_a_text_in_a_script_is_a_literal_so_that_it_can_be_found(path):
    script, function = path.read_text(encoding="utf-8"), SCRIPTS[path]
    assert len(re.findall(rf"(?<!function )\b{function}\(", script)) == len(texts_in(script, function))


@pytest.mark.parametrize("file", sorted(language.FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_a_language_has_every_text_and_no_other(file):
    hosts = json.loads(file.read_text(encoding="utf-8"))
    ours = hosts.pop(OURS)
    missing = (TEMPLATES - {*hosts, *ours}) | (LABELS - {*hosts})
    faults = {
        "missing": {text for text in missing if has_words(text)},
        "nothing says it any more": {*ours} - TEMPLATES,
        "nothing shows it any more": {*hosts} - TEMPLATES - LABELS - strings(),
        "empty": {text for text, translation in {**hosts, **ours}.items() if not translation.strip()},
        "other {places}": {text for text, translation in ours.items() if places(text) != places(translation)},
    }
    named = [f"{fault}: {text}" for fault, texts in faults.items() for text in sorted(texts)]
    assert not named, "\n".join([file.name, *named])


def test_a_problem_in_japanese_stands_behind_its_value_and_brings_no_particle_of_its_own():
    """The sentence has it already: "{value} は{problem}"."""
    ours = json.loads((language.FOLDER / "ja_JP.json").read_text(encoding="utf-8"))[OURS]
    assert [text for text in ours.values() if re.match("(には|[はがをの])(?![ぁ-ゖ])", text)] == []


# --- The catalogue itself ---------------------------------------------------------------------------------------------

NO_JAPANESE = {"max_codepoint": 0x2FFF}
"""Beside Japanese letters a template's spaces may go."""

PIECES = st.text(st.characters(exclude_characters="\0", **NO_JAPANESE), max_size=20)
WORDS = st.text(st.characters(exclude_characters="\0{}", **NO_JAPANESE), max_size=20)
PARTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), PIECES | st.integers(), min_size=1)
PIG_LATIN = {"{a}, {b}": "{b}-{a}", "yes": "es-yay", "{n} cell": "{n} ell-cay", "{n} cells": "{n} ells-cay"}


@pytest.fixture(scope="module", autouse=True)
def another_language():
    with pytest.MonkeyPatch.context() as patch:
        known = {**language.catalogues(), "xx": PIG_LATIN}
        patch.setattr(language, "catalogues", lambda: known)
        yield


@given(WORDS, PARTS)
def test_a_text_is_its_english_with_its_places_filled(words, parts):
    template = words + "".join(f"{{{name}}}" for name in parts)
    text = Text(template, **parts)
    assert text == words + "".join(map(str, parts.values()))
    assert (text.template, text.parts) == (template, parts)


@given(PIECES, PIECES)
def test_a_translation_has_the_parts_in_places_of_its_own_and_reads_no_places_in_them(one, other):
    assert translated(Text("{a}, {b}", a=one, b=other), "xx") == f"{other}-{one}"


def test_a_part_that_is_a_text_is_translated_and_a_plain_one_is_not():
    assert translated(Text("{a}, {b}", a=Text("yes"), b="yes"), "xx") == "yes-es-yay"
    assert translated(Text("{a}, {b}", a=Text("{a}, {b}", a=1, b=Text("yes")), b=""), "xx") == "-es-yay-1"


@given(WORDS, PARTS, st.sampled_from(["en", "xx", "ja", "tlh", ""]))
def test_what_a_language_lacks_is_said_in_english(words, parts, lang):
    text = Text(f"§{words}" + "".join(f"{{{name}}}" for name in parts), **parts)
    assert translated(text, lang) == str(text)


def test_a_plain_string_that_is_known_is_translated():
    assert (translated("yes", "xx"), translated("no", "xx"), translated("yes", "tlh")) == ("es-yay", "no", "yes")


@given(st.text())
def test_any_name_of_a_language_gives_one_that_there_is(name):
    assert language.language_of(name) in languages()


@pytest.mark.parametrize("name", ["ja", "ja_JP", "ja-JP", "JA"])
def test_localizations_and_browsers_name_a_language_in_their_ways(name):
    assert language.language_of(name) == "ja"


@pytest.mark.parametrize("name", ["", "None", "jav", "tlh"])
def test_what_names_no_language_that_there_is_means_english(name):
    assert language.language_of(name) == "en"


@given(WORDS, PARTS)
def test_json_and_pickle_give_the_plain_english(words, parts):
    text = Text(words + "".join(f"{{{name}}}" for name in parts), **parts)
    for back in (json.loads(json.dumps(text)), pickle.loads(pickle.dumps(text))):
        assert (type(back), back) == (str, str(text))


@pytest.mark.parametrize(
    ("number", "english", "other"),
    [(0, "0 cells", "0 ells-cay"), (1, "1 cell", "1 ell-cay"), (1234, "1,234 cells", "1,234 ells-cay")],
)
def test_a_count_has_two_forms(number, english, other):
    count = counted(number, "{n} cell", "{n} cells")
    assert (count, translated(count, "xx")) == (english, other)


@pytest.mark.parametrize(
    ("items", "english", "japanese"),
    [("", "", ""), ("2", "2", "2"), ("23", "2 and 3", "2、3"), ("235", "2, 3 and 5", "2、3、5")],
)
def test_a_list_reads_as_a_sentence_does(items, english, japanese):
    assert (listed(list(items)), translated(listed(list(items)), "ja")) == (english, japanese)


@given(st.text(), st.text())
def test_a_text_of_a_script_is_found_in_one_piece_or_two(one, other):
    first, second = (json.dumps(text) for text in (one, other))
    script = (
        f't({first}); x = t({first} +\n    {second}, {{a: t("{{b}}")}}); tt("no"); at("no"); t(one + "no"); t(`no`)'
    )
    assert texts_in(script, "t") == [one, one + other, "{b}"]


# --- What the scripts of the WebUI's page are told --------------------------------------------------------------------


class OpenedHost:
    """A host without a localization: it speaks the language of the browser that opened its page last."""

    def page_opened(self, browser):
        self.browser = browser

    def language(self, is_api=False):
        return language.language_of("" if is_api else self.browser)


@pytest.mark.parametrize(("browser", "lang"), [("ja-JP", "ja"), ("en-US", "en"), ("tlh", "en"), ("xx", "xx")])
def test_the_scripts_of_a_page_are_told_what_they_say_in_the_language_of_its_user(browser, lang):
    app = FastAPI()
    add_words_route(app, OpenedHost(), Guard())
    answer = TestClient(app).get("/clip-skip-lab/v1/words", params={"browser": browser}).json()
    assert answer["language"] == lang
    if lang == "ja":
        texts = {text for path in SCRIPTS for text in texts_in(path.read_text(encoding="utf-8"), r"clipSkipLab\.say")}
        assert {*answer["words"]} == {text for text in texts if has_words(text) or text == "{before} {next}"}
        assert answer["words"]["Use {value}"] == "{value} を使う"
    else:
        assert answer["words"] == {}


def test_a_list_of_thousands_can_be_said():
    assert translated(enumerated(range(5_000)), "ja") == "、".join(map(str, range(5_000)))


def test_a_space_stands_between_japanese_and_latin_letters_and_not_within_japanese():
    at, run = "hardly changes at {steps}", Text("each step from {first} to {last}", first=2, last=5)
    assert translated(Text(at, steps="2 → 3"), "ja") == "2 → 3 ではほとんど変わりません"
    assert translated(Text(at, steps=run), "ja") == "2 から 5 までの各段階ではほとんど変わりません"
    assert translated(Text(at, steps="赤 青"), "ja") == "赤 青ではほとんど変わりません"


def test_a_sentence_begins_with_a_capital_in_a_language_that_has_them():
    sentence = capital(Text("no effect"))
    assert (sentence, translated(sentence, "xx"), translated(sentence, "ja")) == ("No effect", "No effect", "効果なし")
