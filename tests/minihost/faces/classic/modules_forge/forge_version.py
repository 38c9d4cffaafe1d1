"""Forge Classic's."""

version = "classic"
