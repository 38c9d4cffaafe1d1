"""One generation at a time, and errors as HTML on the page; mirrors modules/call_queue.py.

Differs: no memory statistics and no profiler link.
"""

import html
import time
from functools import wraps

from modules import devices, errors, fifo_lock, progress, shared

queue_lock = fifo_lock.FIFOLock()


def wrap_queued_call(func):
    def f(*args, **kwargs):
        with queue_lock:
            return func(*args, **kwargs)

    return f


def wrap_gradio_gpu_call(func, extra_outputs=None):
    """For the page's generate functions: queue, `shared.state`, progress of the task named by the first argument."""

    @wraps(func)
    def f(*args, **kwargs):
        id_task = None
        if args and isinstance(args[0], str) and args[0].startswith("task(") and args[0].endswith(")"):
            id_task = args[0]
            progress.add_task_to_queue(id_task)
        with queue_lock:
            shared.state.begin(job=id_task)
            progress.start_task(id_task)
            try:
                res = func(*args, **kwargs)
            finally:
                progress.finish_task(id_task)
            shared.state.end()
        return res

    return wrap_gradio_call(f, extra_outputs=extra_outputs, add_stats=True)


def wrap_gradio_call(func, extra_outputs=None, add_stats=False):
    @wraps(func)
    def f(*args, **kwargs):
        try:
            return func(*args, **kwargs)
        finally:
            state = shared.state
            state.skipped = state.interrupted = state.stopping_generation = False
            state.job_count = 0
            state.job = ""

    return wrap_gradio_call_no_job(f, extra_outputs, add_stats)


def wrap_gradio_call_no_job(func, extra_outputs=None, add_stats=False):
    @wraps(func)
    def f(*args, extra_outputs_array=extra_outputs, **kwargs):
        began = time.perf_counter()
        try:
            res = list(func(*args, **kwargs))
        except Exception as e:
            errors.report(f"Error completing request\nArguments: {args} {kwargs}"[:100_000], exc_info=True)
            first = [None, ""] if extra_outputs_array is None else list(extra_outputs_array)
            res = [*first, f"<div class='error'>{html.escape(f'{type(e).__name__}: {e}')}</div>"]
        devices.torch_gc()
        if add_stats:
            took = time.perf_counter() - began
            minutes, seconds = divmod(took, 60)
            text = (f"{minutes:.0f} min. " if minutes else "") + f"{seconds:.1f} sec."
            res[-1] += (
                "<div class='performance'><p class='time'>Time taken: <wbr>"
                f"<span class='measurement'>{text}</span></p></div>"
            )
        return tuple(res)

    return f
