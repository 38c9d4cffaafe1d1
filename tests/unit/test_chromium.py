"""Finding, installing or asking for a Chromium, with stand-ins for it and for apt-get on a PATH of the test's own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.systems import may_write_everywhere, on_posix

ROOT = Path(__file__).parents[2]
pytestmark = on_posix


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def run(tmp_path, **environment):
    names = "NAMES = tuple(name for name in NAMES if not name.startswith('/'))"  # not this machine's own
    code = f"import tests.browser.chromium as c; {names.replace('NAMES', 'c.NAMES')}; raise SystemExit(c.main())"
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_one_on_the_path_is_used(tmp_path):
    chrome = program(tmp_path / "bin" / "google-chrome", "exit 0")
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (0, f"Browser tests use {chrome}\n")


def test_the_one_named_is_used(tmp_path):
    program(tmp_path / "bin" / "chromium", "exit 0")
    other = program(tmp_path / "other" / "chrome", "exit 0")
    assert run(tmp_path, CHROMIUM=str(other)).stdout == f"Browser tests use {other}\n"


def test_a_name_that_is_none_gets_a_sentence(tmp_path):
    done = run(tmp_path, CHROMIUM="/no/such/chrome")
    assert done.returncode == 1
    assert "/no/such/chrome" in done.stderr


def test_without_apt_get_the_command_is_printed_and_the_exit_status_is_1(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 1
    assert "apt-get install --yes chromium" in done.stderr


@pytest.mark.skipif(not may_write_everywhere(), reason="only root is asked nothing by apt-get")
@pytest.mark.parametrize("works", [True, False])
def test_debians_package_is_installed_where_the_user_may(tmp_path, works):
    folder = tmp_path / "bin"
    log = tmp_path / "log"
    makes = f"case $1 in install) printf '#!/bin/sh\\n' > {folder}/chromium; /bin/chmod 755 {folder}/chromium;; esac"
    program(folder / "apt-get", f'echo "$@" >> {log}\n{makes if works else "exit 100"}')
    program(folder / "env", 'shift; exec "$@"')
    done = run(tmp_path)
    assert done.returncode == (0 if works else 1)
    assert log.read_text().splitlines() == ["update", "install --yes --no-install-recommends chromium"]
