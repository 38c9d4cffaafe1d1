"""Command line arguments; mirrors modules/cmd_args.py.

Only the flags that do something here, and those that tests and extensions read (`no_half`, `medvram`, …) and
that can keep their real default. Everything else is refused by argparse.
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
_path("--ckpt", None, "a checkpoint to list and to load first")
_path("--ckpt-dir", None, "another folder of checkpoints")
_path("--vae-dir", None, "another folder of VAEs")
_path("--vae-path", None, "a VAE that wins over all settings")
_path("--embeddings-dir", os.path.join(data_path, "embeddings"), "folder of textual inversions")
_path("--localizations-dir", os.path.join(script_path, "localizations"), "folder of localization files")
parser.add_argument("--styles-file", type=str, action="append", default=[], help="a styles file")
parser.add_argument("--ui-config-file", type=str, default=os.path.join(data_path, "ui-config.json"))
parser.add_argument("--ui-settings-file", type=str, default=os.path.join(data_path, "config.json"))
parser.add_argument("--lora-dir", type=normalized_filepath, default=os.path.join(models_path, "Lora"))

parser.add_argument("--port", type=int, default=None, help="port of the page")
parser.add_argument("--server-name", type=str, default=None, help="host name to listen on")
_flag("--listen", help="listen on all addresses")
_flag("--share", help="refused here: nothing leaves the machine")
parser.add_argument("--ngrok", type=str, default=None, help="refused here: nothing leaves the machine")
parser.add_argument("--subpath", type=str, default=None, help="path under which a proxy serves the page")
parser.add_argument("--theme", type=str, default=None, help="light or dark")
parser.add_argument("--gradio-allowed-path", action="append", default=[data_path], help="may be served as files")
_flag("--no-gradio-queue", help="plain HTTP instead of gradio's queue")
_flag("--enable-insecure-extension-access", help="keep the Extensions tab when others can reach the page")

parser.add_argument("--gradio-auth", type=str, default=None, help="name:password, …, to sign in to the page")
_flag("--api", help="serve /sdapi/v1")
parser.add_argument("--api-auth", type=str, default=None, help="name:password, … for /sdapi/v1")
_flag("--api-log", help="log each API request")
_flag("--nowebui", help="API alone, without the page")

_flag("--freeze-settings", help="no setting can be changed")
parser.add_argument("--freeze-settings-in-sections", type=str, default=None, help="section names, comma separated")
parser.add_argument("--freeze-specific-settings", type=str, default=None, help="setting keys, comma separated")
_flag("--hide-ui-dir-config", help="hide the folders' settings")
_flag("--disable-all-extensions", help="load no extension")
_flag("--disable-extra-extensions", help="load built-in extensions only")
_flag("--use-textbox-seed", help="seed as a text field")
_flag("--disable-console-progressbars", help="no tqdm bars")
_flag("--ui-debug-mode", help="the page without a model")
_flag("--skip-load-model-at-start", help="load the model at its first use")
_flag("--disable-nan-check", help="let NaNs through")
_flag("--no-prompt-history", help="write no params.txt")
_flag("--no-hashing", help="no sha256 of checkpoints")
_flag("--skip-install", help="do not run install.py")
parser.add_argument("--use-cpu", nargs="+", default=[], type=str.lower, help="'all' keeps the model off the GPU")
parser.add_argument("--device-id", type=str, default=None, help="which CUDA device")
parser.add_argument("--filenames-max-length", type=int, default=128)
_flag("--unix-filenames-sanitization")
parser.add_argument("--loglevel", type=str, default=None)

# Read by extensions; this host always computes in 32 bit, unsplit.
_flag("--no-half", help="always so here")
_flag("--no-half-vae", help="always so here")
_flag("--medvram")
_flag("--lowvram")
_flag("--allow-code")
_flag("--skip-version-check")
_flag("--skip-torch-cuda-test")
_flag("--skip-prepare-environment")
_flag("--skip-python-version-check")
