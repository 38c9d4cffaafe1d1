"""Which room may know what, read from the source itself."""

import ast
from pathlib import Path

import pytest

from clip_skip_lab.sweep.layer_request import INFOTEXT

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "clip_skip_lab"
FILES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))


def named(path):
    return path.relative_to(ROOT).as_posix()


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path):
    """The top-level names of everything a file imports from outside its package, wherever in the file."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


def test_there_is_something_to_look_at():
    assert len(FILES) >= 10
    assert "modules" in imports(PACKAGE / "webui" / "host.py")


@pytest.mark.parametrize("path", sorted((PACKAGE / "sweep").rglob("*.py")), ids=named)
def test_what_a_sweep_is_knows_no_host_no_torch_and_no_page(path):
    assert not imports(path) & {"modules", "modules_forge", "backend", "torch", "gradio", "fastapi", "transformers"}


@pytest.mark.parametrize("path", FILES, ids=named)
def test_only_engines_webui_and_ui_import_the_webui(path):
    room = path.relative_to(PACKAGE).parts[0]
    if room not in ("engines", "webui", "ui"):
        assert not imports(path) & {"modules", "modules_forge", "backend"}


@pytest.mark.parametrize("path", sorted((PACKAGE / "webui").glob("*.py")), ids=named)
def test_what_only_one_webui_has_is_left_to_its_engine(path):
    """Forge has no module of these names, and would fail as soon as a file is imported that imports one."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "modules":
            assert not {alias.name for alias in node.names} & {"sd_hijack", "sd_hijack_clip", "sd_hijack_open_clip"}


@pytest.mark.parametrize("path", [*FILES, *SCRIPTS], ids=named)
def test_no_error_is_swallowed_in_silence(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        assert node.type is not None, f"line {node.lineno}: a bare except"
        if all(isinstance(statement, ast.Pass) for statement in node.body):
            named_error = node.type.id if isinstance(node.type, ast.Name) else ""
            reason = lines[node.body[0].lineno - 1].partition("#")[2].strip()
            assert named_error not in ("", "Exception", "BaseException"), f"line {node.lineno}"
            assert reason, f"line {node.lineno}: why nothing is done is not said"


@pytest.mark.parametrize("path", [*FILES, *SCRIPTS], ids=named)
def test_nothing_prints(path):
    for node in ast.walk(tree_of(path)):
        printing = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        assert not printing, f"line {node.lineno}"


def public_parts(body, prefix=""):
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node
            yield from public_parts(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_public_function_and_class_says_what_it_is(path):
    tree = tree_of(path)
    assert ast.get_docstring(tree), "the file"
    missing = [name for name, node in public_parts(tree.body) if not ast.get_docstring(node)]
    assert missing == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_nothing_is_registered_when_a_file_of_the_package_is_imported(path):
    """The host clears its callbacks at "Reload UI" and keeps packages loaded: what they registered would be gone."""
    for statement in tree_of(path).body:
        if isinstance(statement, ast.Expr):
            assert isinstance(statement.value, ast.Constant), f"line {statement.lineno} does something at import"


@pytest.mark.parametrize("path", [*FILES, *SCRIPTS], ids=named)
def test_files_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_the_entry_imports_and_registers_and_holds_no_logic(path):
    nodes = list(ast.walk(tree_of(path)))
    logic = ast.For | ast.While | ast.FunctionDef | ast.ClassDef | ast.Try
    assert not [node for node in nodes if isinstance(node, logic)]
    questions = [ast.unparse(node.test) for node in nodes if isinstance(node, ast.If)]
    assert questions in ([], ["host is not None"])


def test_names_are_our_own():
    """Two extensions may not use one name: option keys, element ids and infotext extras begin with clip_skip_lab."""
    for path in sorted((PACKAGE / "ui").rglob("*.py")):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "elem_id" and node.args:
                argument = node.args[0]
                if ast.unparse(argument).startswith("INFOTEXT["):
                    assert all(key.startswith("clip_skip_lab") for key in INFOTEXT.values())
                    continue
                text = "".join(part.value for part in ast.walk(argument) if isinstance(part, ast.Constant))
                assert text.startswith("clip_skip_lab") or isinstance(argument, ast.JoinedStr), node.lineno
