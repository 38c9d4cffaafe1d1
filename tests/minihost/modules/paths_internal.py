"""Where things lie on disk; mirrors modules/paths_internal.py.

It reads --data-dir and --models-dir by itself, before the full argument parser exists, because the defaults
of other arguments depend on them. Differs: no model configs folder; the font is matplotlib's DejaVu Sans.
"""

import argparse
import importlib.util
import os
import shlex
import sys
from pathlib import Path


def normalized_filepath(filepath):
    return str(Path(filepath).absolute())


commandline_args = os.environ.get("COMMANDLINE_ARGS", "")
sys.argv += shlex.split(commandline_args)

cwd = os.getcwd()
modules_path = os.path.dirname(os.path.realpath(__file__))
script_path = os.path.dirname(modules_path)

sd_model_file = os.path.join(script_path, "model.ckpt")
default_sd_model_file = sd_model_file

parser_pre = argparse.ArgumentParser(add_help=False)
parser_pre.add_argument("--data-dir", type=str, default=script_path)
parser_pre.add_argument("--models-dir", type=str, default=None)
cmd_opts_pre = parser_pre.parse_known_args()[0]

data_path = cmd_opts_pre.data_dir
models_path = cmd_opts_pre.models_dir or os.path.join(data_path, "models")
extensions_dir = os.path.join(data_path, "extensions")
extensions_builtin_dir = os.path.join(script_path, "extensions-builtin")
default_output_dir = os.path.join(data_path, "outputs")

# Found without importing matplotlib, which would cost half a second.
_matplotlib = importlib.util.find_spec("matplotlib")
roboto_ttf_file = (
    os.path.join(os.path.dirname(_matplotlib.origin), "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")
    if _matplotlib
    else None
)
