"""Makes sure that a Chromium is there for the browser tests: `python -m tests.browser.chromium`, as `make test` does.

The one found is used: $CHROMIUM, then the PATH. Else Debian's package is installed where the user may do so; else the
command to run is printed and the exit status is 1, so that browser tests are never skipped in silence.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "/usr/bin/chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE = "chromium"
COMMANDS = (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", PACKAGE])


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome: $CHROMIUM where that names one, else the first on the PATH, else None.

    Raises `SystemExit` with a sentence when $CHROMIUM names something that cannot be run.
    """
    wanted = os.environ.get("CHROMIUM")
    if wanted:
        found = shutil.which(wanted)
        if found is None:
            raise SystemExit(f"$CHROMIUM is {wanted}, which is no program that can be run.")
        return found
    return next(filter(None, map(shutil.which, NAMES)), None)


def as_root() -> list[str] | None:
    """What to put before a command that needs root: nothing for root, `sudo -n` where that asks no password."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return [sudo, "-n"]
    return None


def install() -> bool:
    """Installs Debian's package; whether all commands succeeded. Their output goes to the terminal."""
    before = as_root()
    if before is None or shutil.which("apt-get") is None:
        return False
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    # A list of packages that is stale but there is better than none, so only the installation has to succeed.
    return [subprocess.run([*before, *environment, *command]).returncode for command in COMMANDS][-1] == 0


def main() -> int:
    """Says which Chromium will be used; 0 when there is one, 1 when there is none."""
    found = find_chromium()
    if found is None and install():
        found = find_chromium()
    if found is None:
        sys.stderr.write(
            "The browser tests need Chromium, and none was found. Install it, for instance on Debian with\n"
            f"    sudo apt-get install --yes {PACKAGE}\n"
            "or name one:\n"
            "    CHROMIUM=/path/to/chromium make test\n"
        )
        return 1
    sys.stdout.write(f"Browser tests use {found}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
