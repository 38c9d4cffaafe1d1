"""install.py, which every user's WebUI runs at each start, installs nothing."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SHADOW = '''"""Stands where pip stands, and tells on whoever calls it."""
import pathlib
pathlib.Path(r"{told}").write_text("pip was called")
'''


def run_install(tmp_path, before=""):
    """Runs install.py with `pip` shadowed, as a module and as a command; returns what it printed."""
    told = tmp_path / "told"
    shadows = tmp_path / "shadows"
    shadows.mkdir()
    (shadows / "pip.py").write_text(SHADOW.format(told=told))
    command = shadows / "pip"
    command.write_text(f"#!/bin/sh\necho called > {told}\n")
    command.chmod(0o755)
    code = (
        f"import sys, runpy; sys.path.insert(0, {str(shadows)!r}); {before}"
        f"runpy.run_path({str(ROOT / 'install.py')!r}, run_name='__main__')"
    )
    environment = {**os.environ, "PATH": f"{shadows}{os.pathsep}/usr/bin{os.pathsep}/bin", "PYTHONPATH": str(shadows)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert not told.exists(), told.read_text()
    return done.stdout


def test_nothing_is_installed_and_nothing_said_where_all_is_there(tmp_path):
    assert run_install(tmp_path) == ""


def test_what_is_missing_is_said_and_not_installed(tmp_path):
    hide = (
        "import importlib.util as u; find = u.find_spec; "
        "u.find_spec = lambda name, *rest: None if name in ('torch', 'gradio') else find(name, *rest); "
    )
    said = run_install(tmp_path, hide)
    assert "gradio, torch" in said
    assert "Nothing was installed" in said


def test_the_shadow_would_tell(tmp_path):
    """This test's own test: with a pip call before install.py, the run above fails."""
    call = "import subprocess; subprocess.run([sys.executable, '-m', 'pip', 'list']); "
    try:
        run_install(tmp_path, call)
    except AssertionError as error:
        assert "pip was called" in str(error)
    else:
        raise AssertionError("a call of pip went unseen")


def test_there_is_no_list_of_requirements_for_the_host_to_install():
    """A requirements.txt is what some managers of extensions install by themselves."""
    assert not (ROOT / "requirements.txt").exists()
