"""One sweep over many WebUIs, from the order to its folder."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InvalidInput, reason_of
from ..language import ENGLISH, Text
from ..measure.of_run import SweepMeasures
from ..page.files import write_text
from ..sweep.finishing import Finishing
from ..sweep.folder import PARENT
from ..sweep.library import kind_of
from ..sweep.outcome import Outcome
from ..sweep.reading import read_object
from ..sweep.record import DONE, SweepRecord
from ..sweep.resume import EarlierSweep, find_earlier
from ..sweep.run import run_sweep
from .answers import WEBUI_FIELD, before_the_run
from .cluster import Cluster
from .compare import check_same
from .connect import connect as connect_to
from .crew import Connect, Crew, Member
from .exchange import TABS, Address, Job
from .session import ManySession, plan_told
from .watch import Watch

REQUEST = "request.json"
"""The file in a sweep's folder that holds its job, for resuming it."""


@dataclass(frozen=True)
class Order:
    """What somebody wants to have run.

    Attributes:
        addresses: of the WebUIs.
        out: where the sweep's folder is made, as a WebUI makes it in its folder for grids; None with `resume`.
        job: what to generate; with `resume` only where the folder lacks it.
        resume: the folder of a sweep to resume.
        allow_different: whether the WebUIs may differ in what changes pictures.
        scheduler: the address of a Dask scheduler, None for one of our own.
        more: the addresses that are wanted at this moment, asked again and again while it runs.
        language: of the charts' texts.
    """

    addresses: Sequence[Address]
    out: Path | None = None
    job: Job | None = None
    resume: Path | None = None
    allow_different: bool = False
    scheduler: str | None = None
    more: Callable[[], Sequence[Address]] = tuple
    language: str = ENGLISH


def run_many(order: Order, watch: Watch, stop: threading.Event, connect: Connect = connect_to) -> Outcome:
    """Runs a sweep on WebUIs.

    Args:
        order: what is wanted.
        watch: is told how it goes.
        stop: ends the run when it is set: what is finished is kept.
        connect: speaks to a WebUI.

    Raises `InvalidInput` before anything is generated, for what cannot be run.
    """
    if not order.addresses:
        raise InvalidInput(WEBUI_FIELD, "", Text("at least one address"), Text("is missing"))
    earlier, job = _asked(order)
    members, job = _described(order.addresses, job, connect)
    told = {member.url: member.described for member in members if member.described is not None}
    sentences = check_same(told, order.allow_different)
    first = next(iter(told.values()))
    out = order.out if earlier is None else earlier.folder.parents[1]
    if out is None:
        raise InvalidInput("--out", "", Text("a folder"), Text("is missing"))
    try:
        (out / PARENT).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = Text("cannot be written to ({reason})", reason=reason_of(error))
        raise InvalidInput("--out", str(out), Text("a writable folder with enough space"), problem) from error
    with Cluster(order.scheduler) as cluster:
        cluster.join(*told)
        cluster.check()
        if cluster.dashboard:
            watch.said(Text("Dask's dashboard is at {address}.", address=cluster.dashboard))
        crew = Crew(job, members, connect, watch, stop, cluster, allow_different=order.allow_different, more=order.more)

        def run_cells(session: ManySession, record: SweepRecord, finishing: Finishing) -> None:
            folder = Path(session.grid_folder) / PARENT / record.id
            write_text(folder / REQUEST, json.dumps(job.to_json(), ensure_ascii=False, indent=1))
            done = sum(entry.state == DONE for entry in record.cells)
            watch.began(folder, len(record.cells), done, [member.url for member in members])
            crew.run_cells(session, record, finishing)

        session = ManySession(first, out, run_cells, watch, stop)
        session.note(*sentences)
        plan = plan_told(first)
        measuring = SweepMeasures(session, order.language) if plan.measures else None
        draws = earlier.draws() if earlier is not None else None
        return run_sweep(plan, session, first.about, earlier, draws, measuring)


def _asked(order: Order) -> tuple[EarlierSweep | None, Job]:
    """The sweep to resume and its job, or None and the job of a new one."""
    if order.resume is None:
        if order.job is None:
            raise InvalidInput("--request", "", Text("a request, or --resume"), Text("is missing"))
        return None, order.job
    folder = order.resume.resolve()
    if folder.parent.name != PARENT:
        example = f"{PARENT}/2026-11-22-0a1b2c3d"
        raise InvalidInput(
            "--resume", str(order.resume), Text("the folder of a sweep, such as {example}", example=example)
        )
    earlier = find_earlier(folder.parents[1], folder.name, Text("--resume"))
    job = order.job or _job_in(earlier)
    return earlier, replace(job, plan=earlier.content["plan"], setting=earlier.content["setting"])


def _job_in(earlier: EarlierSweep) -> Job:
    """The job of a sweep that was begun with this command; a WebUI's own sweep of txt2img needs none."""
    path = earlier.folder / REQUEST
    if not path.exists():
        tab = kind_of(earlier.content)
        if tab == "txt2img":
            return Job(tab, {}, {})
        problem = Text("has no request.json, and its input images are needed")
        raise InvalidInput(
            "--resume", earlier.folder.name, Text("a sweep of txt2img, or --request with its request"), problem
        )
    try:
        content = read_object(path)[1]
        tab, request = content["tab"], content["request"]
        if tab not in TABS or not isinstance(request, dict):
            raise ValueError("it is of another kind")
    except (OSError, KeyError, ValueError) as error:
        problem = Text("has a request.json that cannot be read ({reason})", reason=error)
        raise InvalidInput(
            "--resume", earlier.folder.name, Text("a request.json that was not changed"), problem
        ) from error
    return Job(tab, request, {})


def _described(addresses: Sequence[Address], job: Job, connect: Connect) -> tuple[list[Member], Job]:
    """The WebUIs, each with what it says of the job; and the job with all that is drawn at random fixed by the first.

    Raises `InvalidInput` for one that cannot be spoken to.
    """
    first = _member(addresses[0], job, connect)
    told = first.described
    assert told is not None, "it has just been described"
    seed = told.setting.get("seed")
    request = job.request if seed is None else {**job.request, "seed": seed}
    fixed = replace(job, request=request, plan={**told.plan, **told.typed})
    with ThreadPoolExecutor(max(1, len(addresses) - 1)) as pool:
        others = list(pool.map(lambda address: _member(address, fixed, connect), addresses[1:]))
    return [first, *others], fixed


def _member(address: Address, job: Job, connect: Connect) -> Member:
    with before_the_run():
        webui = connect(address)
        return Member(address, webui, webui.describe(job))
