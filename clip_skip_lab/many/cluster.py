"""Dask's side of a run: a worker for each WebUI, in threads of this process, and one task at a time on each.

The work is the WebUIs'; a worker only waits for one. It has a resource of its own, and a task asks for it: so the
scheduler, ours or one that is there, can give it to no other. Names and passwords stay in this process: a task knows
its WebUI by a name, which the worker looks up.
"""

from __future__ import annotations

import logging
import queue
import secrets
from collections.abc import Callable
from importlib.util import find_spec
from types import TracebackType
from typing import Any

from distributed import Client, Future, LocalCluster, Worker

from ..errors import InvalidInput, reason_of
from ..language import Text

Calls = Callable[[], Any]

_CALLS: dict[str, Calls] = {}
"""What the tasks of this process are to call, by name."""


def _call(name: str) -> Any:
    return _CALLS[name]()


class Cluster:
    """A context manager. Args: scheduler: the address of one that is there, None for one of our own."""

    def __init__(self, scheduler: str | None = None):
        self._run = secrets.token_hex(4)
        self._numbers = 0
        self._workers: dict[str, Worker] = {}
        self._finished: queue.SimpleQueue[tuple[str, Future]] = queue.SimpleQueue()
        for name in ("distributed.scheduler", "distributed.core", "distributed.worker", "distributed.nanny"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong reaches us as an exception
        self._local = None if scheduler else LocalCluster(n_workers=0, processes=False, dashboard_address="127.0.0.1:0")
        try:
            self._client = Client(self._local or scheduler, timeout="10s", set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            allowed = Text("the address of a Dask scheduler, such as {example}", example="tcp://127.0.0.1:8786")
            problem = Text("cannot be reached ({reason})", reason=reason_of(error))
            raise InvalidInput("--scheduler", scheduler, allowed, problem) from error

    @property
    def dashboard(self) -> str:
        """The address of the dashboard, "" where there is none."""
        return str(self._client.dashboard_link or "") if find_spec("bokeh") is not None else ""

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for name in [*self._workers]:
            self.leave(name)
        self._client.close()
        if self._local is not None:
            self._local.close()

    def join(self, name: str) -> None:
        """Adds a worker for a WebUI."""
        self._workers[name] = self._client.sync(self._started, name)

    def leave(self, name: str) -> None:
        """Takes a WebUI's worker away, and waits for nothing that it still does."""
        self._client.sync(self._workers.pop(name).close, executor_wait=False)

    def submit(self, name: str, call: Calls) -> None:
        """Has the worker of a WebUI call something; `next_finished` tells when it is over."""
        self._numbers += 1
        key = f"{name}-{self._run}-{self._numbers}"
        _CALLS[key] = call
        future = self._client.submit(_call, key, key=key, resources={self._resource(name): 1}, pure=False, retries=0)
        future.add_done_callback(lambda done: self._finished.put((name, done)))

    def next_finished(self, seconds: float) -> tuple[str, Callable[[], Any]] | None:
        """The next WebUI whose task is over, with what gives the result or raises what the call raised; None where
        there is none for so long."""
        try:
            name, future = self._finished.get(timeout=seconds)
        except queue.Empty:
            return None
        _CALLS.pop(str(future.key), None)
        return name, future.result

    async def _started(self, name: str) -> Worker:
        resources = {self._resource(name): 1.0}
        label = f"{name} ({self._run})"
        return await Worker(
            self._client.scheduler.address,
            nthreads=1,
            resources=resources,
            memory_limit=0,
            name=label,
            dashboard=False,
        )

    def _resource(self, name: str) -> str:
        return f"{name} ({self._run})"
