"""The embedded host as another WebUI of its family: what differs there, and nothing else.

A face is one or more folders of files, at the paths where the real WebUI has them. A file that the embedded host has as
well (modules/rng.py) is run after it and in the same module, so that it replaces names and leaves the rest; a file
that it has not (backend/loader.py) is a module of its own. Files in `ALONE` are run without the embedded host's, which
is then `modules._plain_<name>`. What each face leaves out: ../DIFFERENCES.md.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent
FOLDERS = {
    "a1111": (),
    "forge": ("forks", "forge"),
    "reforge": ("forks", "forge_clip", "reforge"),
    "classic": ("forks", "forge_clip", "classic"),
}
"""Each face's folders, later ones over earlier ones; `forks` is what all three have in common,
`forge_clip` what the last two have."""
ALONE = {"forge": ("modules/sd_hijack.py", "modules/sd_hijack_clip.py")}

_PACKAGES = ("modules", "backend", "modules_forge", "ldm_patched", "launch")
_PLAIN = "modules._plain_"


def put_on(face):
    """From now on imports find the face's files. Before the first import of `modules`."""
    if FOLDERS[face]:
        sys.meta_path.insert(0, _Finder(face))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, face):
        self.folders = [HOME / name for name in FOLDERS[face]]
        self.alone = ALONE.get(face, ())

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in _PACKAGES:
            return None
        if name.startswith(_PLAIN):
            return importlib.util.spec_from_file_location(
                name, HOME.parent / "modules" / f"{name.removeprefix(_PLAIN)}.py"
            )
        place = name.replace(".", "/")
        files = [folder / f"{place}.py" for folder in self.folders if (folder / f"{place}.py").is_file()]
        if not files:
            return self._package(name, place)
        below = HOME.parent / f"{place}.py"
        if below.is_file() and f"{place}.py" not in self.alone:
            files.insert(0, below)
        return importlib.util.spec_from_file_location(name, files[0], loader=_Loader(name, files))

    def _package(self, name, place):
        """A package of the face alone; one of the embedded host is found as always."""
        folders = [str(folder / place) for folder in self.folders if (folder / place).is_dir()]
        if not folders or (HOME.parent / place).is_dir():
            return None
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = folders
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    """Runs several files in one module."""

    def __init__(self, name, files):
        super().__init__(name, str(files[0]))
        self.files = files

    def exec_module(self, module):
        for file in self.files:
            exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)
