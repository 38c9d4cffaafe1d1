"""Registers with the host's callbacks. To be called from the script file: the host clears them at "Reload UI"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modules import script_callbacks, shared

from ..api.advice import add_advice_routes
from ..api.elsewhere import add_elsewhere_routes
from ..api.guard import Guard, Sites, users_of
from ..api.lens import add_lens_route
from ..api.memory import add_memory_routes
from ..api.model import add_model_routes
from ..api.picks import add_pick_routes
from ..api.rank_correlation import add_rank_correlation_route
from ..api.running import add_running_route
from ..api.sweeps import add_sweep_routes
from ..api.trained_with import add_trained_with_route
from ..api.words import add_words_route
from ..hosts import Host
from ..library.folders import Folders
from ..library.listing import Library
from . import header, settings, start_value
from .elsewhere import RUNS, as_json
from .from_picture import register_buttons
from .tab import MORE_FOLDERS, add_memory_settings, sweeps_tab
from .trained_with import watch_page


def register(host: Host) -> None:
    """Registers everything beside the script itself, with what takes it back when the host unloads scripts."""
    undo: list[Callable[[], None]] = []

    def before_ui() -> None:
        if host.header_list is not None:
            settings.add_settings()  # not when the host asks for them: Forge Classic draws the header by then
        start_value.apply_start_value(host)
        undo.append(host.prepare_page())
        undo.append(header.install(host))

    def unloaded() -> None:
        while undo:
            undo.pop()()

    def folders() -> Folders:
        own = [host.grid_folder(is_img2img) for is_img2img in (False, True)]
        return Folders(own, str(getattr(shared.opts, MORE_FOLDERS, "")))

    library = Library(folders)

    def app_started(_: Any, app: Any) -> None:
        flags = shared.cmd_opts
        origins = getattr(flags, "cors_allow_origins", None) or ""
        sites = Sites(tuple(origins.split(",")), getattr(flags, "cors_allow_origins_regex", None) or "")
        has_page = not getattr(flags, "nowebui", False)
        guard = Guard(users_of(getattr(flags, "api_auth", None)), has_page, sites)
        add_model_routes(app, host, guard)
        add_words_route(app, host, guard)
        add_advice_routes(app, host, library, guard)
        add_memory_routes(app, host.memory, guard)
        add_sweep_routes(app, library, guard)
        add_pick_routes(app, host, library, guard)
        add_rank_correlation_route(app, host, library, guard)
        add_running_route(app, guard)
        add_elsewhere_routes(app, lambda language: as_json(RUNS.told(), language), RUNS.stop, guard)
        add_trained_with_route(app, host, guard)
        add_lens_route(app, host, guard)

    script_callbacks.on_ui_settings(add_memory_settings)
    register_buttons()
    watch_page()
    script_callbacks.on_ui_tabs(lambda: sweeps_tab(host, library))
    script_callbacks.on_before_ui(before_ui)
    script_callbacks.on_script_unloaded(unloaded)
    script_callbacks.on_app_started(app_started)
