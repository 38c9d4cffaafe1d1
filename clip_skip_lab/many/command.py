"""The command `clip-skip-lab`. It starts fast: what only a sweep needs is imported where it runs."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .. import __version__
from ..errors import InvalidInput, reason_of
from ..language import Text, language_of
from . import on_disk, sweeping
from .terminal import BAD_INPUT, EXIT_CODES, INTERRUPTED, MISSING, complain

Run = Callable[[Namespace, str], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments, those of the process without any. Returns what to exit with."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # a stream that somebody else put there
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    given = _parser().parse_args(arguments)
    language = language_of(given.language or _language_of_terminal())
    run: Run = given.run
    try:
        with _speaks_in_sentences(given.verbose):
            return run(given, language)
    except InvalidInput as error:
        complain(error, language)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if given.verbose:
            raise
        why = Text("It failed ({reason}). --verbose tells more.", reason=reason_of(error))
        complain(why, language)
        return MISSING


@contextlib.contextmanager
def _speaks_in_sentences(verbose: bool) -> Iterator[None]:
    """For the time of a `with`, what libraries and rooms log is said where it is wanted, and else nowhere: a person
    gets what of it matters as sentences, and a line of a log would break what renews itself in a terminal."""
    if verbose:
        logging.basicConfig(level=logging.INFO)
        yield
        return
    logging.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _language_of_terminal() -> str:
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next((name.partition(".")[0] for name in names if name), "")


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="clip-skip-lab",
        description="Runs sweeps over clip skip on other WebUIs, and works with the sweeps on disk.",
        epilog=EXIT_CODES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"Clip Skip Lab {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Run, what: str, more: str = "") -> ArgumentParser:
        made = commands.add_parser(
            name,
            help=what,
            description=f"{what[0].upper()}{what[1:]}.",
            epilog=f"{more}\n\n{EXIT_CODES}".lstrip(),
            formatter_class=RawDescriptionHelpFormatter,
        )
        made.add_argument(
            "--language", metavar="CODE", help='the language of messages, such as "ja" (default: that of the terminal)'
        )
        made.add_argument("--verbose", action="store_true", help="also write a log to standard error")
        made.set_defaults(run=run)
        return made

    sweeping.add_options(command("sweep", sweeping.sweep, "run a sweep on one or more WebUIs", sweeping.MORE))
    measure = command("measure", on_disk.measure, "measure the images of sweeps again")
    page = command("page", on_disk.page, "write the page of sweeps again and print its path")
    page.add_argument("--open", action="store_true", help="also open it in the browser")
    for made in (measure, page):
        made.add_argument("folders", metavar="FOLDER", nargs="+", type=Path, help="folder of a sweep")
    listing = command("list", on_disk.listing, "list the sweeps in a folder, newest first")
    listing.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        type=Path,
        default=Path(),
        help="a folder given to --out (default: this folder)",
    )
    listing.add_argument("--json", action="store_true", help="write JSON, for programs")
    return parser
