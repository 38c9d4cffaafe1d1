"""The lists of Lora files, under the name that the real host's built-in extension gives them.

Mirrors the lists of `extensions-builtin/Lora/networks.py`, which other extensions read. Differs: a flat folder, and a
record has only what names it. What a Lora does to the weights is in `modules/_lora.py`.
"""

import os
from dataclasses import dataclass

from modules import errors, sd_models, shared

available_networks = {}
available_network_aliases = {}
forbidden_network_aliases = {}


@dataclass
class _OnDisk:
    name: str
    filename: str
    alias: str
    metadata: dict


def list_available_networks():
    """Looks again. An alias (`ss_output_name`) that two files share is forbidden: then only file names count."""
    for found in (available_networks, available_network_aliases, forbidden_network_aliases):
        found.clear()
    forbidden_network_aliases.update({"none": 1, "Addams": 1})
    folder = shared.cmd_opts.lora_dir
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        name, extension = os.path.splitext(file)
        if extension != ".safetensors":
            continue
        path = os.path.join(folder, file)
        try:
            metadata = sd_models.read_metadata_from_safetensors(path)
        except Exception as error:  # the real host reports it and lists the file all the same
            errors.display(error, f"reading lora {path}")
            metadata = {}
        network = _OnDisk(name, path, metadata.get("ss_output_name", name), metadata)
        available_networks[name] = network
        if network.alias in available_network_aliases:
            forbidden_network_aliases[network.alias.lower()] = 1
        available_network_aliases[name] = available_network_aliases[network.alias] = network
