"""Registers with the host's callbacks. To be called from the script file: the host clears them at "Reload UI"."""

from __future__ import annotations

from collections.abc import Callable

from modules import script_callbacks

from ..api import add_routes
from ..hosts import Host
from . import header, settings, start_value


def register(host: Host) -> None:
    """Registers everything beside the script itself, with what takes it back when the host unloads scripts."""
    undo: list[Callable[[], None]] = []

    def before_ui() -> None:
        start_value.apply_start_value(host)
        undo.append(header.install(host))

    def unloaded() -> None:
        while undo:
            undo.pop()()

    script_callbacks.on_ui_settings(settings.add_settings)
    script_callbacks.on_before_ui(before_ui)
    script_callbacks.on_script_unloaded(unloaded)
    script_callbacks.on_app_started(lambda _, app: add_routes(app, host))
