"""Dask's side of a run: a worker for each WebUI, in threads of this process, and one task at a time on each.

The work is the WebUIs'; a worker only waits for one. It has a resource of its own, and a task asks for it: so the
scheduler, ours or one that is there, can give it to no other. Names and passwords stay in this process: a task knows
its WebUI by a name, which the worker looks up.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import secrets
from collections.abc import Callable, Coroutine, Iterable
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from types import TracebackType
from typing import Any

import dask.config
from distributed import Client, Future, LocalCluster, Worker

from ..errors import InvalidInput, reason_of
from ..language import Text

log = logging.getLogger("clip_skip_lab")

Calls = Callable[[], Any]

QUIET = {
    "distributed.admin.system-monitor.interval": "60s",
    "distributed.admin.tick.interval": "5s",
    "distributed.worker.profile.enabled": False,
}
"""Each worker looks at processor, disks and its own loop 150 times a second, for charts of where time goes. Here it
goes into waiting, and with 64 workers in one process that would take more of the processor than all pictures do."""

CLOSING = 10.0
"""Seconds for closing a part of Dask."""

CHECKING = 15.0
"""Seconds that a scheduler has for a task which does nothing."""

_CALLS: dict[str, Calls] = {}
"""What the tasks of this process are to call, by name."""


_RESULTS: dict[str, Calls] = {}
"""What they gave, by name: gives the result, or raises what the call raised. It doesn't go through Dask, which would
ask the scheduler where it is and fetch it from the worker, while the WebUI waits for its next cells."""


def _call(name: str) -> None:
    try:
        result = _CALLS.pop(name)()
    except Exception as error:
        _RESULTS[name] = partial(_raise, error)
    else:
        _RESULTS[name] = partial(_give, result)


async def _all(calls: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    return await asyncio.gather(*calls)


def _give(result: Any) -> Any:
    return result


def _raise(error: Exception) -> Any:
    raise error


class Cluster:
    """A context manager. Args: scheduler: the address of one that is there, None for one of our own."""

    def __init__(self, scheduler: str | None = None):
        self._run = secrets.token_hex(4)
        self._numbers = 0
        self._workers: dict[str, Worker] = {}
        self._finished: queue.SimpleQueue[tuple[str, Future]] = queue.SimpleQueue()
        for name in ("distributed.scheduler", "distributed.core", "distributed.worker", "distributed.nanny"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong reaches us as an exception
        self._quiet = ExitStack()
        self._quiet.enter_context(dask.config.set(QUIET))
        self._local = None if scheduler else LocalCluster(n_workers=0, processes=False, dashboard_address="127.0.0.1:0")
        try:
            self._client = Client(self._local or scheduler, timeout="10s", set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            allowed = Text("the address of a Dask scheduler, such as {example}", example="tcp://127.0.0.1:8786")
            problem = Text("cannot be reached ({reason})", reason=reason_of(error))
            raise InvalidInput("--scheduler", scheduler, allowed, problem) from error
        self._scheduler = scheduler

    @property
    def dashboard(self) -> str:
        """The address of the dashboard, "" where there is none."""
        return str(self._client.dashboard_link or "") if find_spec("bokeh") is not None else ""

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.leave(*self._workers)
        self._safely(lambda: self._client.close(CLOSING))
        local = self._local
        if local is not None:
            self._safely(lambda: local.close(CLOSING))
        self._quiet.close()

    def join(self, *names: str) -> None:
        """Adds a worker for each of these WebUIs."""
        self._workers.update(zip(names, self._client.sync(_all, map(self._started, names)), strict=True))

    def check(self) -> None:
        """Has each worker do nothing, once. Raises `InvalidInput` where a scheduler that is there cannot do that."""
        if self._scheduler is None:
            return
        try:
            for name in self._workers:
                self._client.submit(_give, None, resources={self._resource(name): 1}, pure=False).result(CHECKING)
        except Exception as error:  # whatever of its environment is another
            allowed = Text("a Dask scheduler whose environment has clip-skip-lab installed, in the same versions")
            problem = Text("cannot run the tasks of Clip Skip Lab ({reason})", reason=reason_of(error))
            raise InvalidInput("--scheduler", self._scheduler, allowed, problem) from error

    def leave(self, *names: str) -> None:
        """Takes the workers of these WebUIs away, and waits for nothing that they still do."""
        workers = [self._workers.pop(name) for name in names]
        closing = (worker.close(executor_wait=False) for worker in workers)
        self._safely(lambda: self._client.sync(_all, closing, callback_timeout=CLOSING))

    def _safely(self, close: Calls) -> None:
        """Closes something of Dask's; a sweep whose cells are over must not be held up by it."""
        try:
            close()
        except (TimeoutError, OSError, RuntimeError) as error:
            log.warning("Clip Skip Lab: a part of Dask could not be closed (%s)", error)

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
        # What no worker has called is Dask's own failure, which the future raises.
        return name, _RESULTS.pop(str(future.key), future.result)

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
