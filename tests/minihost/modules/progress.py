"""Where a task of the page stands; mirrors modules/progress.py. The page's script polls /internal/progress."""

import base64
import io
import random
import string
import time
from collections import OrderedDict

import gradio as gr
from modules import shared
from pydantic import BaseModel, Field

current_task = None
pending_tasks = OrderedDict()
finished_tasks = []
recorded_results = []
recorded_results_limit = 2


def start_task(id_task):
    global current_task
    current_task = id_task
    pending_tasks.pop(id_task, None)


def finish_task(id_task):
    global current_task
    if current_task == id_task:
        current_task = None
    finished_tasks.append(id_task)
    del finished_tasks[:-16]


def create_task_id(task_type):
    mark = "".join(random.choices(string.ascii_uppercase + string.digits, k=7))
    return f"task({task_type}-{mark})"


def record_results(id_task, res):
    recorded_results.append((id_task, res))
    del recorded_results[:-recorded_results_limit]


def add_task_to_queue(id_job):
    pending_tasks[id_job] = time.time()


class PendingTasksResponse(BaseModel):
    size: int = Field(title="Number of waiting tasks")
    tasks: list[str] = Field(title="Their ids")


class ProgressRequest(BaseModel):
    id_task: str = Field(default=None, title="Task")
    id_live_preview: int = Field(default=-1, title="The preview the page has already")
    live_preview: bool = Field(default=True, title="Send a preview")


class ProgressResponse(BaseModel):
    active: bool
    queued: bool
    completed: bool
    progress: float = None
    eta: float = None
    live_preview: str = None
    id_live_preview: int = None
    textinfo: str = None


def setup_progress_api(app):
    app.add_api_route("/internal/pending-tasks", get_pending_tasks, methods=["GET"])
    return app.add_api_route("/internal/progress", progressapi, methods=["POST"], response_model=ProgressResponse)


def get_pending_tasks():
    return PendingTasksResponse(size=len(pending_tasks), tasks=list(pending_tasks))


def _fraction():
    state = shared.state
    if state.job_count <= 0:
        return 0
    steps = state.sampling_step / state.sampling_steps if state.sampling_steps > 0 else 0
    return min((state.job_no + steps) / state.job_count, 1)


def _preview(last):
    """(data URI or None, id): only what the page hasn't got yet."""
    state = shared.state
    state.set_current_image()
    if state.id_live_preview == last or state.current_image is None:
        return None, last
    buffer = io.BytesIO()
    state.current_image.save(buffer, format="png")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}", state.id_live_preview


def progressapi(req: ProgressRequest):
    known = {
        "active": req.id_task == current_task,
        "queued": req.id_task in pending_tasks,
        "completed": req.id_task in finished_tasks,
    }
    if not known["active"]:
        text = "Waiting..."
        if known["queued"]:
            order = sorted(pending_tasks, key=pending_tasks.get)
            text = f"In queue: {order.index(req.id_task) + 1}/{len(order)}"
        return ProgressResponse(**known, id_live_preview=-1, textinfo=text)

    done = _fraction()
    elapsed = time.time() - shared.state.time_start
    preview, preview_id = None, req.id_live_preview
    if shared.opts.live_previews_enable and req.live_preview:
        preview, preview_id = _preview(preview_id)
    return ProgressResponse(
        **known,
        progress=done,
        eta=elapsed / done - elapsed if done else None,
        live_preview=preview,
        id_live_preview=preview_id,
        textinfo=shared.state.textinfo,
    )


def restore_progress(id_task):
    while id_task == current_task or id_task in pending_tasks:
        time.sleep(0.1)
    found = [res for task, res in recorded_results if task == id_task]
    if found:
        return found[0]
    return gr.update(), gr.update(), gr.update(), f"The results of {id_task} are no longer there"
