"""Forge's page (seen at dfdcbab): its header has controls of its own for checkpoint and clip skip.

They save each change at once (modules_forge/main_entry.py, `bind_to_opts`, `checkpoint_change`), whoever made it: a
person, a preset, or the page that is opened. A model is loaded by the next generation only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modules import patches, shared
from modules_forge import main_entry

from ..hosts import CHECKPOINT, OPTION_KEY, VAE, HeaderControls
from ..webui.page import WatchedCall
from .family_page import FamilyPage

PATCHED_BY = "clip_skip_lab.forge_page"
SLIDER = 1
"""The place of the clip skip slider among the components that a preset sets (`forge_main_entry`)."""


class ForgePage(FamilyPage):
    """See `Page`."""

    header_list = None
    waits_for_jobs = False
    managed = (CHECKPOINT, OPTION_KEY, VAE)

    def header_controls(self) -> HeaderControls | None:
        """See `Page.header_controls`."""
        slider, checkpoint = main_entry.ui_clip_skip, main_entry.ui_checkpoint
        if slider is None or checkpoint is None:
            return None
        return HeaderControls(slider, checkpoint, lambda name: main_entry.checkpoint_change(name))

    def changes(self) -> list[WatchedCall]:
        """See `Page.changes`."""
        return [*super().changes(), WatchedCall(main_entry, "checkpoint_change", True, _of_dropdown)]

    def prepare(self) -> Callable[[], None]:
        """See `Page.prepare`.

        A page that is opened gets the values of the preset, clip skip 1 among them, and only then what the user set;
        both are saved, in the order in which they arrive. So the first is given the user's too.
        """
        self._undo()
        if not hasattr(main_entry, "on_preset_change"):
            return lambda: None

        def on_preset_change(preset: Any = None) -> list:
            updates = list(original(preset))
            if preset is None and "value" in updates[SLIDER]:
                updates[SLIDER] = {**updates[SLIDER], "value": getattr(shared.opts, OPTION_KEY)}
            return updates

        original = patches.patch(PATCHED_BY, main_entry, "on_preset_change", on_preset_change)
        return self._undo

    def _undo(self) -> None:
        if patches.original(PATCHED_BY, main_entry, "on_preset_change") is not None:
            patches.undo(PATCHED_BY, main_entry, "on_preset_change")


def _of_dropdown(ckpt_name: str, save: bool = True, refresh: bool = True) -> dict[str, Any]:
    """What is not saved is the API's, told as such, or lasts for one generation (modules/sysinfo.py, `set_config`)."""
    return {CHECKPOINT: ckpt_name} if save else {}
