"""Forge Classic (Haoming02/sd-webui-forge-classic, branch classic, seen at 1f95d71): what is its own in the family."""

from __future__ import annotations

from typing import Any

from .forge_clip import ForgeClip

EACH_FOR_ITSELF = "ScriptRescaleCFG"
"""Its script that is always there and, where it does something, works on each picture of a batch for itself
(modules/processing_scripts/rescale_cfg.py)."""


class Classic(ForgeClip):
    """See `Engine`. On SD2 and SDXL its encoders ignore clip skip."""

    title = "Forge Classic"
    repository = "Haoming02/sd-webui-forge-classic"

    def takes_part(self, script: Any) -> bool:
        """See `Engine.takes_part`."""
        return type(script).__name__ != EACH_FOR_ITSELF and super().takes_part(script)
