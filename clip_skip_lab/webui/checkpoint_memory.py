"""Remembers the user's clip skip for each checkpoint in the WebUI, if asked to.

The host's ways to change options for good (webui/page.py, `WatchedCall`) all call an option's `onchange`, which says
neither who changed it nor what else was given with it: so these calls are watched instead. What a picture brings along
(infotext, `override_settings`, a plot, a refiner) goes another way, without callbacks (modules/processing.py,
`process_images`), and is neither remembered nor replaced.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from modules import patches, script_callbacks, sd_models, shared
from modules.call_queue import queue_lock

from ..errors import InvalidInput
from ..hosts import CHECKPOINT, OPTION_KEY, REMEMBER
from ..language import Text
from ..models.memory import Memory, checked_clip_skip
from ..sweep.axes import AXIS_NAME
from .model_files import ModelFiles, checkpoint_files
from .page import Page, WatchedCall

log = logging.getLogger("clip_skip_lab")


@dataclass
class _Change:
    """One change of options, while the host works on it: who makes it, and what it gives of what matters here."""

    by_user: bool
    given: dict[str, Any]
    target: Any = None
    """The host's record of the checkpoint that it switches to, or None."""
    settled: bool = field(default=False)
    """Whether the target's remembered value has been put in place."""


class CheckpointMemory:
    """What is remembered, and the watch over the host that keeps it. `watch` and `stop_watching` come in pairs."""

    def __init__(self, memory: Memory, files: ModelFiles, page: Page, is_overridden: Callable[[], bool]):
        """`is_overridden` says whether a job is running that puts options back at its end."""
        self.entries = memory
        self.files = files
        self.page = page
        self._is_overridden = is_overridden
        self._thread = threading.local()
        self._patched: list[tuple[Any, str]] = []
        self._given = 0
        """How often a clip skip was given for good."""

    @property
    def enabled(self) -> bool:
        """Whether the user wants it, and the host lets options change."""
        return bool(shared.opts.data.get(REMEMBER, False)) and not shared.cmd_opts.freeze_settings

    def register(self) -> None:
        """Registers with the host's callbacks, which it forgets at "Reload UI"."""
        script_callbacks.on_before_ui(self.watch)
        script_callbacks.on_ui_tabs(self.watch_api)
        script_callbacks.on_model_loaded(self.model_loaded)
        script_callbacks.on_script_unloaded(self.stop_watching)

    def watch(self) -> None:
        """Starts to watch, and at the start of the program puts the checkpoint's value in place.

        To be called before each building of the page: then the host's classes are those that will be used.
        """
        for call in self.page.changes():
            self._watch(call)
        if shared.demo is None and self.enabled:  # not after "Reload UI", which loads no checkpoint
            self._safely(lambda: self._put_in_place(self.files.checkpoint()))

    def watch_api(self) -> list[Any]:
        """Starts to watch the API, where there is one. `stop_watching` ends that too. Adds no tab.

        To be called when the host has registered the options of all extensions: importing its API fixes which ones
        `GET /sdapi/v1/options` knows.
        """
        if shared.cmd_opts.api or shared.cmd_opts.nowebui:
            for call in self.page.changes_by_api():
                self._watch(call)
        return []

    def stop_watching(self) -> None:
        """Puts the host's own functions back."""
        while self._patched:
            patches.undo(__name__, *self._patched.pop())

    def model_loaded(self, model: Any) -> None:
        """The host has loaded weights, in this thread and with its queue's lock held.

        Only a change that the user or an API client makes for good counts, and only one that gives no clip skip.
        """
        change = getattr(self._thread, "change", None)
        if change is None or change.target is None or OPTION_KEY in change.given:
            return
        # After a failure the host reports the checkpoint that it went back to (sd_models.py, `reload_model_weights`).
        if model.sd_checkpoint_info.filename == change.target.filename:
            change.settled = True
            self._safely(lambda: self._put_in_place(model.sd_checkpoint_info))

    def use(self, clip_skip: Any, remember: bool = False) -> None:
        """See `hosts.CheckpointMemory.use`."""
        value = checked_clip_skip(clip_skip)
        try:
            shared.opts.set(OPTION_KEY, value)
            if remember:
                shared.opts.set(REMEMBER, True)
            shared.opts.save(shared.config_filename)
        except AssertionError as error:
            raise InvalidInput(
                AXIS_NAME, value, Text("no change"), Text("is refused by the host ({error})", error=error)
            ) from error
        self._finish(_Change(True, {OPTION_KEY: value}))

    def listing(self) -> dict[str, Any]:
        """The page's table as plain data. Raises `OSError`."""
        chosen, here = self.files.checkpoint(), checkpoint_files()
        return {
            "enabled": self.enabled,
            "checkpoints": [
                {
                    "key": entry.key,
                    "name": entry.name,
                    "sha256": entry.sha256,
                    "clip_skip": entry.clip_skip,
                    "chosen": chosen is not None and entry.is_for(chosen.name, chosen.sha256),
                    "found": any(entry.is_for(name, sha256) for name, sha256 in here),
                }
                for entry in self.entries.all()
            ],
            "set_aside": self.entries.set_aside,
        }

    def _watch(self, call: WatchedCall) -> None:
        @wraps(getattr(call.owner, call.name))  # the host's web server looks at the arguments
        def watched(*args: Any, **kwargs: Any) -> Any:
            change = self._change(call.by_user, call.given(*args, **kwargs))
            answer = self._during(change, lambda: original(*args, **kwargs))
            return call.renewed(answer) if change.target is not None else answer

        original = patches.patch(__name__, call.owner, call.name, watched)
        self._patched.append((call.owner, call.name))

    def _change(self, by_user: bool, given: dict[str, Any]) -> _Change:
        before = self.files.checkpoint()
        name = given.get(CHECKPOINT)
        target = sd_models.checkpoint_aliases.get(name) if isinstance(name, str) else None
        switches = target is not None and (before is None or target.filename != before.filename)
        return _Change(by_user, given, target if switches else None)

    def _during(self, change: _Change, call: Callable[[], Any]) -> Any:
        within = getattr(self._thread, "change", None) is not None  # one way of the host's may lead through another
        if within or (not self.enabled and REMEMBER not in change.given):
            return call()
        self._thread.change = change
        try:
            answer = call()
        finally:
            self._thread.change = None
        self._finish(change)
        return answer

    def _finish(self, change: _Change) -> None:
        if not self.enabled:
            return
        if change.target is not None and self.files.is_chosen(change.target):
            self.files.choose(change.target)
        chosen = self.files.checkpoint()
        if chosen is None:
            return
        if OPTION_KEY in change.given:
            self._given += 1
            value = change.given[OPTION_KEY]
            if change.by_user and type(value) is int and value >= 1 and shared.opts.data.get(OPTION_KEY) == value:
                self._safely(lambda: self.entries.remember(chosen.name, chosen.sha256, value))
        elif change.target is not None and not change.settled and chosen.filename == change.target.filename:
            # The host does not report a checkpoint that it loads later, or that was still in memory
            # (`reuse_model_from_already_loaded`).
            given = self._given
            with self._no_override():
                # Unless somebody has set another meanwhile, or the picture has put an override of the checkpoint back.
                if given == self._given and self.files.is_chosen(chosen):
                    self._safely(lambda: self._put_in_place(chosen))
            self._safely(lambda: shared.opts.save(shared.config_filename))

    def _no_override(self) -> AbstractContextManager[Any]:
        """A `with` in which no picture is being made that puts its overrides back at its end."""
        waits = self.page.waits_for_jobs or self._is_overridden()
        return queue_lock if waits else nullcontext()

    def _put_in_place(self, checkpoint: Any) -> None:
        if checkpoint is None:
            return
        value = self.entries.recall(checkpoint.name, checkpoint.sha256)
        if value is not None and shared.opts.set(OPTION_KEY, value):
            log.info("Clip skip %d, as remembered for %s.", value, checkpoint.name)

    def _safely(self, action: Callable[[], None]) -> None:
        """The user's own change of an option must not fail because this memory does."""
        try:
            action()
        except (OSError, AssertionError) as error:  # AssertionError: an option that the command line has frozen
            log.warning("Clip skip for each checkpoint: %s", error or type(error).__name__)
