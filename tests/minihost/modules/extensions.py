"""The extensions of the data folder; mirrors modules/extensions.py.

Reads metadata.ini (requirements, load order, callback order). Differs: no git, so no updates and no versions.
"""

from __future__ import annotations

import configparser
import dataclasses
import os
import re

from modules import errors, shared
from modules.paths_internal import extensions_builtin_dir, extensions_dir

extensions: list[Extension] = []
extension_paths: dict[str, Extension] = {}
loaded_extensions: dict[str, Extension] = {}

os.makedirs(extensions_dir, exist_ok=True)


def active():
    return [x for x in extensions if x.enabled]


@dataclasses.dataclass
class CallbackOrderInfo:
    name: str
    before: list
    after: list


class ExtensionMetadata:
    filename = "metadata.ini"

    def __init__(self, path, canonical_name):
        self.config = configparser.ConfigParser()
        try:
            self.config.read(os.path.join(path, self.filename))  # a missing file is no error here
        except Exception:
            errors.report(f"Error reading {self.filename} for extension {canonical_name}.", exc_info=True)
        # The folder's name, whatever "Name" in the file says: so it is on the real host.
        self.canonical_name = canonical_name.lower().strip()
        self.requires = None

    def get_script_requirements(self, field, section, extra_section=None):
        text = self.config.get(section, field, fallback="")
        if extra_section:
            text += ", " + self.config.get(extra_section, field, fallback="")
        # "a|b" is whichever of the two is there.
        return [
            next((x for x in item.split("|") if x in loaded_extensions), item) for item in self.parse_list(text.lower())
        ]

    def parse_list(self, text):
        return [x for x in re.split(r"[,\s]+", (text or "").strip()) if x]

    def list_callback_order_instructions(self):
        for section in self.config.sections():
            if not section.startswith("callbacks/"):
                continue
            name = section.removeprefix("callbacks/")
            if not name.startswith(self.canonical_name):
                errors.report(f"{self.canonical_name} orders the callbacks of another extension: {section}")
                continue
            before, after = (self.parse_list(self.config.get(section, key, fallback="")) for key in ("Before", "After"))
            yield CallbackOrderInfo(name, before, after)


class Extension:
    def __init__(self, name, path, enabled=True, is_builtin=False, metadata=None):
        self.name = name
        self.path = path
        self.enabled = enabled
        self.is_builtin = is_builtin
        self.metadata = metadata or ExtensionMetadata(path, name.lower())
        self.canonical_name = self.metadata.canonical_name

    def list_files(self, subdir, extension):
        from modules import scripts

        folder = os.path.join(self.path, subdir)
        if not os.path.isdir(folder):
            return []
        found = [scripts.ScriptFile(self.path, name, os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
        return [x for x in found if os.path.splitext(x.path)[1].lower() == extension and os.path.isfile(x.path)]


def list_extensions():
    extensions.clear()
    extension_paths.clear()
    loaded_extensions.clear()

    for folder in (extensions_builtin_dir, extensions_dir):
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.isdir(path):
                continue
            metadata = ExtensionMetadata(path, name)
            same = loaded_extensions.get(metadata.canonical_name)
            if same is not None:
                errors.report(f'Extensions "{name}" and "{same.name}" have the same name; the first is left out')
                continue
            extension = Extension(
                name,
                path,
                enabled=name not in shared.opts.disabled_extensions,
                is_builtin=folder == extensions_builtin_dir,
                metadata=metadata,
            )
            extensions.append(extension)
            extension_paths[path] = extension
            loaded_extensions[metadata.canonical_name] = extension

    for extension in extensions:
        extension.metadata.requires = extension.metadata.get_script_requirements("Requires", "Extension")
        for name in extension.metadata.requires if extension.enabled else ():
            needed = loaded_extensions.get(name)
            if needed is None or not needed.enabled:
                state = "not installed" if needed is None else "disabled"
                errors.report(f'Extension "{extension.name}" requires "{name}" which is {state}.')


def find_extension(filename):
    """The extension that a file belongs to. The file's real path is searched: a linked extension is not found."""
    folder = os.path.dirname(os.path.realpath(filename))
    while folder != filename:
        if folder in extension_paths:
            return extension_paths[folder]
        filename, folder = folder, os.path.dirname(folder)
    return None
