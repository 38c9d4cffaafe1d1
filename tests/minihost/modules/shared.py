"""What everything shares; mirrors modules/shared.py. `shared_init.initialize()` fills what is None here.

Differs: no hypernetworks, no interrogator, no face restoration, no memory monitor, no other themes.
`shared.sd_model` is a property (see shared_items) and so is not assigned here.
"""

import os
import sys

import gradio as gr
from modules import shared_cmd_options
from modules.paths_internal import (  # noqa: F401
    data_path,
    default_sd_model_file,
    extensions_builtin_dir,
    extensions_dir,
    models_path,
    script_path,
    sd_model_file,
)

cmd_opts = shared_cmd_options.cmd_opts
parser = shared_cmd_options.parser

parallel_processing_allowed = True
if not cmd_opts.styles_file:
    cmd_opts.styles_file = [os.path.join(data_path, "styles.csv")]
styles_filename = cmd_opts.styles_file
config_filename = cmd_opts.ui_settings_file

hide_dirs = {"visible": True}  # without --hide-ui-dir-config

demo = None
device = None
weight_load_location = None
state = None
prompt_styles = None
options_templates = None
opts = None
restricted_opts = None
settings_components = None
tab_names = []
latent_upscale_default_mode = "Latent"
latent_upscale_modes = {
    "Latent": {"mode": "bilinear", "antialias": False},
    "Latent (antialiased)": {"mode": "bilinear", "antialias": True},
    "Latent (bicubic)": {"mode": "bicubic", "antialias": False},
    "Latent (bicubic antialiased)": {"mode": "bicubic", "antialias": True},
    "Latent (nearest)": {"mode": "nearest", "antialias": False},
    "Latent (nearest-exact)": {"mode": "nearest-exact", "antialias": False},
}
sd_upscalers = []
progress_print_out = sys.stdout
gradio_theme = gr.themes.Base()
total_tqdm = None

# From here on these modules import `shared` themselves: everything above must be there already.
from modules import options, shared_gradio_themes, shared_items, util  # noqa: E402

options_section = options.options_section
OptionInfo = options.OptionInfo

natural_sort_key = util.natural_sort_key

reload_gradio_theme = shared_gradio_themes.reload_gradio_theme

list_checkpoint_tiles = shared_items.list_checkpoint_tiles
refresh_checkpoints = shared_items.refresh_checkpoints
list_samplers = shared_items.list_samplers
