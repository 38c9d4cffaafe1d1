"""The names and signatures of the real host that the embedded host mirrors, read by `ast`, never imported.

`WEBUI_DIR=<checkout> python -m tests.minihost.surface` writes surface.json, or the file of the face whose host the
checkout is, so that the drift test works on a machine without a checkout. A signature is written like
"self, p, steps=, *args, seed=, **kwargs": "=" is a default, whatever its value.
"""

import ast
import json
import os
import re
import sys
from pathlib import Path

from tests.minihost import faces

HOME = Path(__file__).resolve().parent
RECORD = HOME / "surface.json"
REAL_FILES_OF = {"launch.py": "modules/launch_utils.py"}  # where the real names are defined


def own_files():
    """Public modules of the embedded host, as paths that are the same on the real host."""
    found = [*HOME.glob("modules/**/*.py"), *HOME.glob("scripts/*.py")]
    return sorted(str(x.relative_to(HOME)) for x in found if not x.name.startswith("_"))


def signature(node):
    a = node.args
    positional = [*a.posonlyargs, *a.args]
    with_default = len(positional) - len(a.defaults)
    parts = [x.arg + ("=" if i >= with_default else "") for i, x in enumerate(positional)]
    if a.vararg:
        parts.append(f"*{a.vararg.arg}")
    elif a.kwonlyargs:
        parts.append("*")
    parts += [x.arg + ("=" if d is not None else "") for x, d in zip(a.kwonlyargs, a.kw_defaults, strict=True)]
    if a.kwarg:
        parts.append(f"**{a.kwarg.arg}")
    return ", ".join(parts)


def _targets(node):
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.For)):
        targets = [node.target]
    else:
        return
    for target in targets:
        for name in ast.walk(target):
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                yield name.id


def _statements(body):
    """All statements that run when the body does, those inside of if, try, with and for as well."""
    for node in body:
        yield node
        for field in ("body", "orelse", "finalbody"):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from _statements(getattr(node, field, []) or [])
        for handler in getattr(node, "handlers", []):
            yield from _statements(handler.body)


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _class(node):
    methods, attributes = {}, set()
    for x in _statements(node.body):
        if isinstance(x, _FUNCTIONS):
            is_property = any("property" in ast.unparse(d) or ".setter" in ast.unparse(d) for d in x.decorator_list)
            if is_property:
                attributes.add(x.name)
            else:
                methods[x.name] = signature(x)
        attributes.update(_targets(x))
    own = {
        x.attr
        for x in ast.walk(node)
        if isinstance(x, ast.Attribute)
        and isinstance(x.ctx, ast.Store)
        and isinstance(x.value, ast.Name)
        and x.value.id == "self"
    }
    return {
        "bases": [ast.unparse(x).split(".")[-1] for x in node.bases],
        "methods": methods,
        "attributes": sorted(attributes | own),
        "declared": sorted(attributes),
    }


def read_file(path, private_home=None):
    """{name: {"kind", …}} of a module. With `private_home`, names that it takes from private modules are its own."""
    names = {}
    for node in _statements(ast.parse(path.read_text("utf8")).body):
        if isinstance(node, _FUNCTIONS):
            names[node.name] = {"kind": "function", "signature": signature(node)}
        elif isinstance(node, ast.ClassDef):
            names[node.name] = {"kind": "class", **_class(node)}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            module = getattr(node, "module", None) or ""
            private = private_home and re.fullmatch(r"modules\.(_\w+)", module)
            inner = read_file(private_home / "modules" / f"{private[1]}.py") if private else {}
            for alias in node.names:
                if alias.name == "*":
                    names.update({k: v for k, v in inner.items() if v["kind"] != "import" and k[0] != "_"})
                    continue
                name = alias.asname or alias.name.split(".")[0]
                names[name] = inner.get(alias.name, {"kind": "import"})
        for name in _targets(node):
            if isinstance(getattr(node, "value", None), ast.Lambda):
                names[name] = {"kind": "function", "signature": signature(node.value)}
            else:
                names.setdefault(name, {"kind": "value"})
    return names


def element_ids(files):
    """Literal element ids, "{}" for what is filled in: `elem_id=…`, `id=…` inside of elem_id(), `elem_id = …`."""
    found = set()

    def text(node):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.JoinedStr):
            return "".join(x.value if isinstance(x, ast.Constant) else "{}" for x in node.values)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return (text(node.left) or "{}") + (text(node.right) or "{}")
        return None

    for path in files:
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            candidates = []
            if isinstance(node, ast.Call):
                candidates += [k.value for k in node.keywords if k.arg in ("elem_id", "id_part")]
                called = ast.unparse(node.func).split(".")[-1]
                if called in ("elem_id", "FormRow") or called == "create_refresh_button":
                    candidates += node.args
            elif isinstance(node, ast.Assign) and any(x in ("elem_id",) for x in _targets(node)):
                candidates.append(node.value)
            elif isinstance(node, ast.Dict):
                candidates += [
                    v
                    for k, v in zip(node.keys, node.values, strict=True)
                    if isinstance(k, ast.Constant) and k.value == "elem_id"
                ]
            found.update(x for x in map(text, candidates) if x and re.search(r"[a-zA-Z]{2}", x))
    return found


def read_real(checkout):
    checkout = Path(checkout)
    files = {name: read_file(checkout / name) for name in own_files() if (checkout / name).is_file()}
    for own, real in REAL_FILES_OF.items():
        files[own] = read_file(checkout / real)
    sources = [*checkout.glob("modules/**/*.py"), *checkout.glob("scripts/*.py")]
    return {"files": files, "element_ids": sorted(element_ids(sources))}


def read_own():
    files = {name: read_file(HOME / name, private_home=HOME) for name in own_files()}
    sources = [*HOME.glob("modules/**/*.py"), *HOME.glob("scripts/*.py")]
    return {"files": files, "element_ids": sorted(element_ids(sources))}


def read_face(face):
    """The names that a face's own files define, by file; those of private files are nobody's."""
    files = {}
    for folder in faces.FOLDERS[face]:
        for path in sorted((faces.HOME / folder).glob("**/*.py")):
            if not path.name.startswith("_"):
                files.setdefault(str(path.relative_to(faces.HOME / folder)), {}).update(read_file(path))
    return {"files": files, "element_ids": []}


def read_real_of_face(checkout, face):
    """The same files of the real host."""
    real = {name: Path(checkout) / REAL_FILES_OF.get(name, name) for name in read_face(face)["files"]}
    return {"files": {name: read_file(path) for name, path in real.items() if path.is_file()}, "element_ids": []}


def kind_of(checkout):
    """Which face a checkout is the host of."""
    clip = Path(checkout) / "modules_forge" / "forge_clip.py"
    if (Path(checkout) / "backend" / "text_processing").is_dir():
        return "forge"
    if not clip.is_file():
        return "a1111"
    return "reforge" if "minimal_clip_skip" in clip.read_text("utf8") else "classic"


def record_of(face):
    """Where the surface of a face's host is recorded."""
    return RECORD if face == "a1111" else faces.HOME / f"{face}.json"


def recorded_or_real(face="a1111"):
    """The real host's surface: that of the checkout in WEBUI_DIR, if it is this host's; else the recorded one."""
    checkout = os.environ.get("WEBUI_DIR")
    if checkout and kind_of(checkout) == face:
        return read_real(checkout) if face == "a1111" else read_real_of_face(checkout, face)
    return json.loads(record_of(face).read_text("utf8"))


def main():
    checkout = os.environ.get("WEBUI_DIR")
    if not checkout:
        sys.exit("WEBUI_DIR has to name a checkout of the real host")
    face = kind_of(checkout)
    real = read_real(checkout) if face == "a1111" else read_real_of_face(checkout, face)
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, sort_keys=True)}" for k, v in sorted(real["files"].items()))
    content = f'{{"files": {{\n{lines}\n}},\n"element_ids": {json.dumps(real["element_ids"])}}}\n'
    record_of(face).write_text(content, "utf8")


if __name__ == "__main__":
    main()
