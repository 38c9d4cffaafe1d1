"""What a sweep says of itself in words: the line under the panel, the summary under the gallery, a table."""

from __future__ import annotations

from .grid import Page
from .record import DONE, FAILED, NOT_RUN, CellRecord, SweepRecord
from .values import shown


def counted(number: int, noun: str) -> str:
    """`1 cell`, `12 cells`, `1,200 cells`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def forecast(cells: int, pictures: int, steps: int, pages: list[Page]) -> str:
    """What will happen, before it does: cells, pictures, steps, and the size of the grid."""
    first = pages[0]
    if len(pages) > 1:
        grid = f"grid in {len(pages)} parts of up to {first.width} × {max(page.height for page in pages)} px"
    else:
        grid = f"grid {first.width} × {first.height} px"
    if first.scale < 1:
        grid += f" (cells at {max(1, round(first.scale * 100))} %, full size beside it)"
    return f"{counted(cells, 'cell')} · {counted(pictures, 'picture')} · {counted(steps, 'step')} · {grid}"


def name_of(values: dict[str, object]) -> str:
    """`Clip skip 2, CFG Scale 7.0`."""
    return ", ".join(f"{name} {shown(value)}" for name, value in values.items())


def one_line(text: object, most: int) -> str:
    """The beginning of a text from a file as it can stand in a list of the page: one line that can be shown."""
    given = str(text)[: 10 * most]
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in given).split())
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def summary(record: SweepRecord, folder: str) -> list[str]:
    """What happened, in sentences: counts, the reason of each cell that failed (alike ones together), the folder."""
    done, failed, waiting = (record.count(state) for state in (DONE, FAILED, NOT_RUN))
    what = "Clip skip sweep, draft" if record.plan.draft else "Clip skip sweep"
    lines = [f"{what}: {done} of {counted(len(record.cells), 'cell')} done."]
    if failed:
        lines[0] += f" {failed} failed:"
        lines += [f"{what}: {reason}" for reason, what in _alike(record.cells, FAILED)]
    if waiting:
        lines += [f"Not run ({reason}): {what}" for reason, what in _alike(record.cells, NOT_RUN)]
    lines += [*record.notes, *record.problems]
    lines.append(f"Folder: {folder}")
    return lines


def _alike(cells: list[CellRecord], state: str) -> list[tuple[str, str]]:
    groups: dict[str, list[str]] = {}
    for cell in cells:
        if cell.state == state:
            groups.setdefault(cell.reason or "", []).append(name_of(cell.values))
    return [(reason, _listed(names)) for reason, names in groups.items()]


def _listed(names: list[str], most: int = 6) -> str:
    rest = len(names) - most
    return "; ".join(names[:most]) + (f"; and {rest} more" if rest > 0 else "")
