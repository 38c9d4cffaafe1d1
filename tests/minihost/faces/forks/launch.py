"""The version that the three forks write into infotexts."""

from modules_forge import forge_version


def git_tag():
    return f"f{forge_version.version}-v1.10.1"
