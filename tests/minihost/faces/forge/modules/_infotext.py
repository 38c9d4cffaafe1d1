"""Forge names VAE and text encoders by their files, as modules."""

import os

from modules.shared import opts


def _last_of_all(p):
    notes = {}
    if opts.forge_unet_storage_dtype != "Automatic":
        notes["Diffusion in Low Bits"] = opts.forge_unet_storage_dtype
    for i, file in enumerate(opts.forge_additional_modules):
        notes[f"Module {i + 1}"] = os.path.splitext(os.path.basename(file))[0]
    return notes
