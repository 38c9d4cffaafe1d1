"""Forge Classic calls its version "classic"."""

from modules_forge.forge_version import version


def git_tag():
    return version
