"""The page of AUTOMATIC1111's WebUI and of those whose header is like it: a list of options (seen on v1.10.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modules import shared

from ..hosts import HeaderControls
from ..webui.page import WatchedCall


class FamilyPage:
    """See `Page`.

    There are three ways to change options for good: a control in the header (`UiSettings.run_settings_single`),
    "Apply settings" (`UiSettings.run_settings`) and `POST /sdapi/v1/options` (`Api.set_config`).
    """

    header_list: str | None = "quicksettings_list"
    waits_for_jobs = True
    managed: tuple[str, ...] = ()
    """Options that "Apply settings" leaves alone, whatever the page sends."""

    def header_controls(self) -> HeaderControls | None:
        """See `Page.header_controls`."""
        return None

    def changes(self) -> list[WatchedCall]:
        """See `Page.changes`."""
        from modules.ui_settings import UiSettings

        return [
            WatchedCall(UiSettings, "run_settings_single", True, _of_control, _told_last),
            WatchedCall(UiSettings, "run_settings", True, self._of_settings, _told_first),
        ]

    def changes_by_api(self) -> list[WatchedCall]:
        """See `Page.changes_by_api`."""
        from modules.api.api import Api

        return [WatchedCall(Api, "set_config", False, lambda api, req: req)]

    def prepare(self) -> Callable[[], None]:
        """See `Page.prepare`: nothing is lost here."""
        return lambda: None

    def _of_settings(self, ui: Any, *values: Any) -> dict[str, Any]:
        """All controls of the Settings page come; those of the header have a dummy in their place."""
        shown = zip(shared.opts.data_labels, values, ui.components, strict=False)
        return {
            key: value
            for key, value, component in shown
            if component != ui.dummy_component and value != shared.opts.data.get(key) and key not in self.managed
        }


def _of_control(ui: Any, value: Any, key: str) -> dict[str, Any]:
    return {key: value}


def _told_last(answer: tuple) -> tuple:
    return *answer[:-1], shared.opts.dumpjson()


def _told_first(answer: tuple) -> tuple:
    return shared.opts.dumpjson(), *answer[1:]
