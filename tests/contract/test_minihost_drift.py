"""The embedded host offers nothing that the real one lacks: names, signatures and element ids, read by `ast`.

With WEBUI_DIR the real checkout is compared, else what was recorded from one in tests/minihost/surface.json. The same
for what its faces have in the place of that: with WEBUI_DIR for the one whose checkout it is.
"""

import itertools

import pytest

from tests.minihost import faces, surface

REAL = surface.recorded_or_real()
OWN = surface.read_own()
FACES = [face for face in faces.FOLDERS if face != "a1111"]


def _public(name):
    return not name.startswith("_") or name == "__init__"


def _parse(text):
    """("a, b=, *, c=") -> positional [(name, optional)], keyword-only {name: optional}, has *args, has **kwargs"""
    positional, keywords, args, kwargs, after_star = [], {}, False, False, False
    for part in filter(None, text.split(", ")):
        if part.startswith("**"):
            kwargs = True
        elif part.startswith("*"):
            after_star, args = True, part != "*"
        elif after_star:
            keywords[part.rstrip("=")] = part.endswith("=")
        else:
            positional.append((part.rstrip("="), part.endswith("=")))
    return positional, keywords, args, kwargs


def _differences(own, real):
    own_positional, own_keywords, *own_rest = _parse(own)
    real_positional, real_keywords, *real_rest = _parse(real)
    lacking = real_positional[len(own_positional) :]
    lacking += [x for x in real_keywords.items() if x[0] not in own_keywords]
    if own_positional != real_positional[: len(own_positional)] or own_rest != real_rest:
        return f"({own}) is not the beginning of ({real})"
    if any(real_keywords.get(name) != optional for name, optional in own_keywords.items()):
        return f"({own}) has other keywords than ({real})"
    return f"({own}) lacks {[name for name, _ in lacking]} of ({real})" if lacking else None


def _members(files, file, name, seen=()):
    """A class's methods and attributes with those of its bases, looked up by name."""
    place = files.get(file, {}).get(name)
    if place is None or place["kind"] != "class":
        file, place = next(
            ((f, names[name]) for f, names in files.items() if names.get(name, {}).get("kind") == "class"), (file, None)
        )
    if place is None or name in seen:
        return {}, set()
    methods, attributes = {}, set(place["attributes"])
    for base in reversed(place["bases"]):
        inherited = _members(files, file, base, (*seen, name))
        methods.update(inherited[0])
        attributes |= inherited[1]
    return {**methods, **place["methods"]}, attributes


def _compare(file, own_files=OWN["files"], real_files=REAL["files"]):
    own, real = own_files[file], real_files.get(file)
    if real is None:
        yield "there is no such file"
        return
    for name, entry in own.items():
        if not _public(name) or entry["kind"] == "import":
            continue
        if name not in real:
            yield f"{name}: not there"
        elif entry["kind"] == "function" and real[name]["kind"] == "function":
            problem = _differences(entry["signature"], real[name]["signature"])
            if problem:
                yield f"{name}: {problem}"
        elif entry["kind"] == "class":
            methods, attributes = _members(real_files, file, name)
            if not methods and not attributes and real[name]["kind"] != "class":
                continue  # made by a call there (namedtuple, create_model)
            for method, text in entry["methods"].items():
                if not _public(method):
                    continue
                if method not in methods:
                    if method not in attributes and method != "__init__":
                        yield f"{name}.{method}: not there"
                    continue
                problem = _differences(text, methods[method])
                if problem:
                    yield f"{name}.{method}: {problem}"
            for attribute in entry["declared"]:
                if _public(attribute) and attribute not in attributes and attribute not in methods:
                    yield f"{name}.{attribute}: not there"


@pytest.mark.parametrize("file", surface.own_files())
def test_offers_only_what_the_real_host_has(file):
    assert list(_compare(file)) == []


@pytest.mark.parametrize("face", FACES)
def test_a_face_offers_only_what_its_host_has(face):
    own, real = surface.read_face(face)["files"], surface.recorded_or_real(face)["files"]
    assert {file: problems for file in own if (problems := list(_compare(file, own, real)))} == {}


def _expansions(text):
    """What a pattern stands for: both tabs, or the three axes."""
    for values in (("txt2img", "img2img"), ("txt2img", "img2img", "inpaint"), tuple("xyz")):
        yield [text.replace("{}", value) for value in values]


def test_every_element_id_is_one_of_the_real_host():
    real = set(REAL["element_ids"])
    unknown = [
        x
        for x in OWN["element_ids"]
        if x not in real and not any(set(group) <= real for group in _expansions(x) if "{}" in x)
    ]
    assert unknown == []


def test_signatures_are_compared_as_meant():
    assert _differences("a, *args, k=", "a, *args, k=") is None
    for own, real in itertools.chain(
        [("a, b=", "a, b=, c=")],
        [("b", "a, b")],
        [("a, x", "a")],
        [("a", "a=")],
        [("a", "a, b")],
        [("a, *, k=", "a, *, j=")],
        [("a", "a, *args")],
        [("a, **kwargs", "a")],
    ):
        assert _differences(own, real) is not None, (own, real)
