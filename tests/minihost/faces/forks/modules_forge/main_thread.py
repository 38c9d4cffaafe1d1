"""What the page generates runs in the process's main thread; the API generates in threads of its own."""

import queue
from concurrent.futures import Future

_waiting = queue.Queue()


def loop():
    """Runs what is asked for, one after another, for as long as the process lives."""
    while True:
        future, func, args, kwargs = _waiting.get()
        try:
            future.set_result(func(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)


def run_and_wait_result(func, *args, **kwargs):
    future = Future()
    _waiting.put((future, func, args, kwargs))
    return future.result()
