"""What only some systems have."""

import os

import pytest

on_posix = pytest.mark.skipif(os.name != "posix", reason="shells and modes of files are those of POSIX")


def may_write_everywhere() -> bool:
    """Whether modes of files stop nobody: root, and whoever is on Windows."""
    return os.name != "posix" or os.geteuid() == 0
