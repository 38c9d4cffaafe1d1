"""The header has clip skip and VAE from the beginning."""

from modules.shared_options import options_templates

options_templates["quicksettings_list"].default = ["sd_model_checkpoint", "sd_vae", "CLIP_stop_at_last_layers"]
