"""`clip-skip-lab sweep`: its options, and running what they ask for."""

from __future__ import annotations

import os
import signal
import threading
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ..errors import InvalidInput
from ..language import Text
from ..page.files import PAGE
from ..sweep.outcome import Outcome
from ..sweep.record import DONE as CELL_DONE
from ..sweep.summary import summary
from . import missing
from .addresses import AUTH_VARIABLE, WebUIs
from .exchange import Failed, Gone, Job
from .job import read_axis, read_job
from .lines import Lines, stop_at_the_end_of_input
from .progress import Progress, progress_for
from .terminal import BAD_INPUT, DONE, INTERRUPTED, MISSING, complain, say

MORE = """examples:
  clip-skip-lab sweep --webui http://gpu1:7860 --webui http://gpu2:7860 \\
      --request request.json --clip-skip 1-12 --y "CFG Scale=5,7,11"
  clip-skip-lab sweep --webuis webuis.txt --resume clip-skip-sweeps/2026-11-22-0a1b2c3d

REQUEST is the body of POST /sdapi/v1/txt2img without a script, such as {"prompt": "a red cat", "seed": 7, "steps": 20}.
An image in init_images or mask is base64 or a file name: beside REQUEST, or with its full path.
PLAN can hold everything: {"tab": "txt2img", "request": {…}, "plan": {…}}, with every key of a plan in docs/api.md;
the request.json of a sweep is such a file. Options on the command line override it."""


def add_options(parser: ArgumentParser) -> None:
    """The options of `clip-skip-lab sweep`."""
    where = parser.add_argument_group("WebUIs")
    where.add_argument(
        "--webui", metavar="URL", action="append", default=[], help="address of a WebUI; can be repeated"
    )
    where.add_argument(
        "--webuis",
        metavar="FILE",
        type=Path,
        help="file with one address per line; it is read again during the sweep, and added WebUIs are used",
    )
    where.add_argument(
        "--auth",
        metavar="NAME:PASSWORD",
        action="append",
        default=[],
        help=f"as in --api-auth of the WebUIs; URL=NAME:PASSWORD for one of them. Other users of this machine can see "
        f"a command line, so prefer the environment variable {AUTH_VARIABLE}, or NAME:PASSWORD@ in the addresses "
        "of FILE",
    )
    where.add_argument(
        "--allow-different", action="store_true", help="also use WebUIs whose images may differ from each other"
    )
    where.add_argument("--scheduler", metavar="ADDRESS", help="a running Dask scheduler, such as tcp://host:8786")

    where.add_argument(
        "--progress",
        choices=("text", "json"),
        default="text",
        help="json: one object per line, for programs; the sweep stops when standard input is closed",
    )

    what = parser.add_argument_group("what is generated")
    what.add_argument("--request", metavar="REQUEST", help="file with the API request; - for standard input")
    what.add_argument("--plan", metavar="PLAN", help="file with request and plan; - for standard input")
    what.add_argument(
        "--img2img", action="store_const", const="img2img", dest="tab", help="use img2img instead of txt2img"
    )
    plan = parser.add_argument_group("the plan", argument_default=SUPPRESS)
    plan.add_argument("--clip-skip", metavar="VALUES", help='such as "1-12", "1-12 (+2)" or "1, 2, 5"')
    plan.add_argument("--y", metavar="AXIS=VALUES", help='a second axis, such as "CFG Scale=5,7,11"')
    plan.add_argument("--z", metavar="AXIS=VALUES", help="a third axis")
    plan.add_argument("--mode", choices=("exact", "fast"), help="fast generates cells in batches")
    plan.add_argument("--cells-per-batch", metavar="N", help='in fast mode: a number or "auto"')
    plan.add_argument("--draft", action="store_true", help="at half size with half the steps")
    plan.add_argument("--no-measures", action="store_false", dest="measures", help="do not measure the images")

    to = parser.add_argument_group("where it goes").add_mutually_exclusive_group()
    to.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=Path(),
        help="where clip-skip-sweeps/<date>-<id> is created (default: this folder)",
    )
    to.add_argument(
        "--resume",
        metavar="FOLDER",
        type=Path,
        help="folder of an unfinished sweep, to run the cells that it lacks. An img2img sweep "
        "made by a WebUI also needs --request, for its input images",
    )


KEYS = ("clip_skip", "y", "z", "mode", "cells_per_batch", "draft", "measures")
"""The keys of a plan that are options."""


def sweep(given: Namespace, language: str) -> int:
    """Runs what the options ask for. Raises `InvalidInput` before anything is generated."""
    absent = missing()
    if absent:
        root = Path(__file__).parents[2]
        # From a checkout pip would look for the name elsewhere, where it may be another's.
        name = root if (root / "pyproject.toml").exists() else "clip-skip-lab"
        how = Text('A sweep needs {names}: pip install "{name}[many]"', names=", ".join(absent), name=name)
        complain(how, language)
        return BAD_INPUT
    job = _job(given)
    stop = threading.Event()
    is_for_a_program = given.progress == "json"
    if is_for_a_program:
        stop_at_the_end_of_input(stop)
    with Lines(language) if is_for_a_program else progress_for(language) as progress:
        webuis = WebUIs(given.webui, given.webuis, _auths(given.auth), progress.said)
        addresses = webuis()
        if not addresses:
            raise InvalidInput("WebUI", "--webui", Text("at least one, by --webui or --webuis"), Text("is missing"))
        progress.asking(len(addresses))
        from .run import Order, run_many  # a second to import

        order = Order(
            addresses=addresses,
            out=given.out.absolute(),
            job=job,
            resume=given.resume,
            allow_different=given.allow_different,
            scheduler=given.scheduler,
            more=webuis,
            language=language,
        )
        try:
            with _ends_in_order(stop, progress):
                outcome = run_many(order, progress, stop)
        except (Gone, Failed) as error:
            complain(error.sentence, language)
            return MISSING
    _tell(outcome, language, progress)
    if outcome.record.count(CELL_DONE) == len(outcome.record.cells):
        return DONE
    return INTERRUPTED if stop.is_set() else MISSING


def _job(given: Namespace) -> Job | None:
    """What is to be generated, None where a sweep that is resumed says it itself."""
    keys = {key: getattr(given, key) for key in KEYS if hasattr(given, key)}
    for letter in ("y", "z"):
        if letter in keys:
            keys[letter] = read_axis(keys[letter])
    if given.resume is None:
        return read_job(given.request, given.plan, given.tab, keys)
    beside = [f"--{key.replace('_', '-')}" for key in keys] + ["--plan"] * (given.plan is not None)
    if beside:
        problem = Text("cannot be used with --resume, which keeps the plan of the sweep")
        raise InvalidInput(Text("Options"), ", ".join(beside), Text("--resume without them"), problem)
    return None if given.request is None else read_job(given.request, None, given.tab, {})


def _auths(given: list[str]) -> list[str]:
    """Names and passwords, those of the command line last, which count."""
    there = os.environ.get(AUTH_VARIABLE)
    return [*([there] if there else []), *given]


@contextmanager
def _ends_in_order(stop: threading.Event, progress: Progress) -> Iterator[None]:
    """For the time of a `with`, Ctrl-C or a request to terminate sets `stop`, and Ctrl-C once more ends all at once."""

    def stopped(number: int, frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            progress.left_at_once()
            os._exit(INTERRUPTED)  # threads that wait for a WebUI would keep it from ending
        if not stop.is_set():
            stop.set()
            said = Text("Stopping; finished cells are kept. Press Ctrl-C again to stop at once.")
            # Not here: what was interrupted may hold the terminal.
            threading.Thread(target=progress.said, args=(said,), daemon=True).start()

    before = {number: signal.signal(number, stopped) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(outcome: Outcome, language: str, progress: Progress) -> None:
    """Says how it ended."""
    if isinstance(progress, Lines):
        progress.ended(outcome)
        return
    found = outcome.measured["findings"][language] if outcome.measured else []
    for line in summary(outcome.record, str(outcome.folder)).lines(found):
        say(line, language)
    say(Text("Page: {path}", path=outcome.folder / PAGE), language)
