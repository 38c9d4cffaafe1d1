"""Command line arguments; mirrors modules/cmd_args.py.

Only the flags that do something here, and those that extensions read and that can keep their real default. Everything
else is refused by argparse.
"""

import argparse
import os

from modules.paths_internal import data_path, models_path, normalized_filepath, script_path

parser = argparse.ArgumentParser(prog="minihost")


def _flag(*names, help=None, default=False):
    parser.add_argument(*names, action="store_true", default=default, help=help)


def _path(name, default, help=None):
    parser.add_argument(name, type=normalized_filepath, default=default, help=help)


_path("--data-dir", script_path, "folder of models, extensions, config.json and outputs")
_path("--models-dir", None, "folder of models, instead of <data-dir>/models")
_path("--ckpt-dir", None, "another folder of checkpoints")
_path("--embeddings-dir", os.path.join(data_path, "embeddings"), "folder of textual inversions")
_path("--localizations-dir", os.path.join(script_path, "localizations"), "folder of localization files")
parser.add_argument("--styles-file", type=str, action="append", default=[], help="a styles file")
parser.add_argument("--ui-settings-file", type=str, default=os.path.join(data_path, "config.json"))
parser.add_argument("--lora-dir", type=normalized_filepath, default=os.path.join(models_path, "Lora"))

parser.add_argument("--port", type=int, default=None, help="port of the page")
parser.add_argument("--gradio-allowed-path", action="append", default=[data_path], help="may be served as files")

parser.add_argument("--gradio-auth", type=str, default=None, help="name:password, …, to sign in to the page")
_flag("--api", help="serve /sdapi/v1")
parser.add_argument("--api-auth", type=str, default=None, help="name:password, … for /sdapi/v1")
_flag("--nowebui", help="API alone, without the page")

_flag("--freeze-settings", help="no setting can be changed")
parser.add_argument("--freeze-settings-in-sections", type=str, default=None, help="section names, comma separated")
parser.add_argument("--freeze-specific-settings", type=str, default=None, help="setting keys, comma separated")
_flag("--disable-console-progressbars", help="no tqdm bars")
_flag("--skip-load-model-at-start", help="load the model at its first use")
_flag("--disable-nan-check", help="let NaNs through")
_flag("--no-hashing", help="no sha256 of checkpoints")
parser.add_argument("--use-cpu", nargs="+", default=[], type=str.lower, help="'all' keeps the model off the GPU")
parser.add_argument("--loglevel", type=str, default=None)

parser.add_argument(
    "--precision",
    choices=["full", "autocast"],
    default="full",
    help="'autocast': weights of 16 bit, each operation in what suits it, the real host's default (here it is 'full')",
)
_flag("--no-half", help="weights of 32 bit, with any precision")
_flag("--no-half-vae", help="those of the VAE alone")
