"""Fills `modules.shared` once, early; mirrors modules/shared_init.py."""

import torch
from modules import shared
from modules.shared import cmd_opts


def initialize():
    from modules import options, shared_options

    shared.options_templates = shared_options.options_templates
    shared.restricted_opts = shared_options.restricted_opts
    shared.opts = options.Options(shared_options.options_templates, shared_options.restricted_opts)
    shared.opts.load(shared.config_filename)

    from modules import devices

    devices.device = (
        devices.cpu if "all" in cmd_opts.use_cpu or "sd" in cmd_opts.use_cpu else devices.get_optimal_device()
    )
    # 32 bit unless asked otherwise: the models are tiny, and a CPU has no fast half precision.
    full = cmd_opts.no_half or cmd_opts.precision == "full"
    devices.dtype = devices.dtype_unet = devices.dtype_inference = torch.float32 if full else torch.float16
    devices.dtype_vae = torch.float32 if full or cmd_opts.no_half_vae else torch.float16
    shared.device = devices.device
    shared.weight_load_location = "cpu"

    from modules import shared_state, shared_total_tqdm, styles

    shared.state = shared_state.State()
    shared.prompt_styles = styles.StyleDatabase(shared.styles_filename)
    shared.total_tqdm = shared_total_tqdm.TotalTQDM()
