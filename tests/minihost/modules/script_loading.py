"""Executing a script file as a module; mirrors modules/script_loading.py.

The module's name is the file's name with its ending ("xyz_grid.py"): that is how axes are found by others.
It is not put into sys.modules, so each load executes the file again.
"""

import importlib.util
import os

from modules import errors

loaded_scripts = {}


def load_module(path):
    spec = importlib.util.spec_from_file_location(os.path.basename(path), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    loaded_scripts[path] = module
    return module


def preload_extensions(extensions_dir, parser, extension_list=None):
    if not os.path.isdir(extensions_dir):
        return
    for name in sorted(os.listdir(extensions_dir) if extension_list is None else extension_list):
        path = os.path.join(extensions_dir, name, "preload.py")
        if not os.path.isfile(path):
            continue
        try:
            module = load_module(path)
            if hasattr(module, "preload"):
                module.preload(parser)
        except Exception:
            errors.report(f"Error running preload() for {path}", exc_info=True)
