"""Forge Classic (Haoming02/sd-webui-forge-classic, branch classic, seen at 1f95d71): what is its own in the family."""

from __future__ import annotations

from .forge_clip import ForgeClip


class Classic(ForgeClip):
    """See `Engine`. On SD2 and SDXL its encoders ignore clip skip."""

    title = "Forge Classic"
    repository = "Haoming02/sd-webui-forge-classic"
