"""What a sweep says of itself in words: the line under the panel, the summary under the gallery, a table."""

from __future__ import annotations

from .grid import Page
from .layer_request import BIG_G_SKIP, CLIP_L_SKIP, CLIP_SKIP, EVERY_MODEL, INTERPOLATION, NAMES, NEGATIVE
from .plan import VALUE_FIELDS
from .record import DONE, FAILED, NOT_RUN, CellRecord, SweepRecord
from .values import shown

VALUE_FIELDS_JA = {VALUE_FIELDS["y"]: "第2軸の値", VALUE_FIELDS["z"]: "第3軸の値"}
NAMES_JA = {
    CLIP_SKIP: "Clip skip",
    INTERPOLATION: "補間",
    NEGATIVE: "ネガティブプロンプトの Clip skip",
    EVERY_MODEL: "SD2 と SDXL にも適用",
    CLIP_L_SKIP: "SDXL CLIP-L の skip",
    BIG_G_SKIP: "SDXL bigG の skip",
}
"""As on the Japanese page (localizations/ja_JP.json)."""


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


def what_to_type(field: str, example: str, from_list: bool, language: str) -> str:
    """What an axis that was just chosen waits for, with an example where there is one.

    Args:
        field: the English name of the input, one of `VALUE_FIELDS`.
        example: values that the axis takes, or "".
        from_list: whether they are chosen from a list instead of typed.
        language: "en" or "ja".
    """
    if language == "ja":
        wanted = "1つ以上選んでください" if from_list else "コンマで区切って入力してください"
        return f"{VALUE_FIELDS_JA[field]}: {wanted}" + (f"（例: {example}）" if example else "") + "。"
    wanted = "choose one or more" if from_list else "type them, separated by commas"
    return f"{field}: {wanted}" + (f", for example {example}" if example else "") + "."


def of_the_panel(asked: dict[str, object], language: str) -> str:
    """What the panel "Clip skip lab" does to a sweep, or "" where it asks nothing.

    Args:
        asked: what it asks, by `KEYS` of `clip_skip_lab.sweep.finer`, without what an axis sets.
        language: "en" or "ja".
    """
    held = {key: value for key, value in asked.items() if key != CLIP_SKIP}
    names = NAMES_JA if language == "ja" else NAMES
    listed = ("、" if language == "ja" else ", ").join(
        names[key] if value is True else f"{names[key]} {value}" for key, value in held.items()
    )
    own = CLIP_SKIP in asked
    if language == "ja":
        held_text = f"パネル「Clip skip ラボ」の設定はすべてのセルに適用されます: {listed}。" if held else ""
        return held_text + ("パネルの Clip skip は使われず、スイープの値が使われます。" if own else "")
    held_text = f"The panel “Clip skip lab” holds for every cell: {listed}." if held else ""
    own_text = "The panel's own clip skip does not count here: the sweep's values take its place." if own else ""
    return " ".join(text for text in (held_text, own_text) if text)


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
