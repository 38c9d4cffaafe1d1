"""Public names for the folders; mirrors modules/paths.py, without its search for model repositories."""

from modules.paths_internal import (  # noqa: F401
    cwd,
    data_path,
    extensions_builtin_dir,
    extensions_dir,
    models_path,
    script_path,
)

paths = {}
