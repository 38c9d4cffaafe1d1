"""The charts of a sweep as PNG: change and sharpness over clip skip, and a heatmap where there is a second axis.

Dark on a light ground of their own, so that they can be read on a dark page too. Matplotlib without pyplot, whose
figures belong to the whole process.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text as DrawnText
from PIL import Image

from ..language import Text, in_all_languages, translated
from ..page.files import folder_in, write_bytes
from ..sweep.axes import AXIS_NAME
from ..sweep.lettering import as_drawn, can_write, font_for
from ..sweep.saving import CHARTS
from ..sweep.values import Value
from .cells import Cell, Content, ascending, clip_skips, is_number, key_of, mean_at, measured_cells
from .compare import Comparison
from .conditioning import CONDITIONING
from .metrics import AREA, COMPOSITION, DETAIL, DIFFERENCE, SHARPNESS

GROUND, INK, FAINT = "#ffffff", "#1f2328", "#8b949e"
COLOURS = ("#0072b2", "#d55e00", "#009e73")
"""Of up to three lines: blue, orange and green of Okabe and Ito's palette, which colour-blind eyes tell apart."""
MARKERS = "osD^vPX*"
WIDTH = 9.0
"""Of a chart, in inches of 100 pixels."""
MOST_LINES = 8
"""Of more values of the second axis, so many are drawn as lines, evenly chosen; the heatmap has all."""
MOST_NUMBERS = 160
"""A heatmap of more cells has no numbers in them."""

Axis = dict[str, Any]
"""An entry of `axes` in `sweep.json`."""
Words = dict[str, str]
"""The texts of a chart in one language, by their use; see `words_in`."""


def _texts(reference: Value) -> dict[str, Text]:
    """What the charts say, by its use; `reference` is the clip skip that others are compared with."""
    return {
        "clip skip": Text("Clip skip"),
        "change": Text("Change from clip skip {reference}", reference=reference),
        "composition": Text("Composition change from clip skip {reference}", reference=reference),
        "sharpness": Text("Sharpness by clip skip"),
        "change axis": Text("Change (0 = none)"),
        "area": Text("Changed area from clip skip {reference}", reference=reference),
        "area axis": Text("Changed area (share of the image)"),
        "area line": Text("changed area (color)"),
        "composition axis": Text("Composition change (1 − SSIM, 0 = none)"),
        "sharpness axis": Text("Sharpness (variance of the Laplacian, levels²)"),
        "composition line": Text("composition (1 − SSIM)"),
        "detail line": Text("detail (1 − SSIM)"),
        "seed line": Text("new seed: composition"),
        "conditioning": Text(
            "Change of the conditioning and the image from clip skip {reference}", reference=reference
        ),
        "conditioning axis": Text("Change of the conditioning (relative distance)"),
        "difference axis": Text("Difference of the image (levels of 0–255)"),
    }


def words_in(lang: str, reference: Value, font: str | None = None) -> Words:
    """The texts of the charts in a language, or in English where no font of this machine has its letters."""
    texts = _texts(plain(str(reference)))
    words = {use: translated(text, lang) for use, text in texts.items()}
    return words if can_write("".join(words.values()), font) else {use: str(text) for use, text in texts.items()}


@dataclass(frozen=True)
class Line:
    """One line of a chart: a value for each clip skip, None where there is none."""

    label: str
    values: dict[Value, float | None]


def draw_charts(content: Content, folder: Path, lang: str, font: str | None = None) -> list[dict[str, object]]:
    """Draws what there is to draw of a measured sweep into its folder `charts`; `font` as in `save`.

    Returns a list of {"file", "title": {"en", "ja"}}; empty where there are no two values of clip skip to compare.
    Raises `OSError`.
    """
    cells = measured_cells(content)
    if len(clip_skips(cells)) < 2:
        return []
    reference = content["reference"][AXIS_NAME]
    second = _second_axis(content, cells)
    words = words_in(lang, reference, font)
    charts: dict[str, tuple[str, Figure]] = {}
    if any(cell["measures"].get(COMPOSITION) is not None for cell in cells):
        seed = (content["new_seed"] or {}).get(COMPOSITION)
        title = "composition" if second else "change"
        charts["change"] = title, _change_chart(cells, second, words, seed)
    if any(cell["measures"].get(CONDITIONING) for cell in cells):
        charts["conditioning"] = "conditioning", _conditioning_chart(cells, words)
    charts["sharpness"] = "sharpness", _sharpness_chart(cells, second, words)
    if second and "change" in charts:
        charts["heatmap"] = "composition", _heatmap(cells, second, words)
    made: list[dict[str, object]] = []
    for name, (title, figure) in charts.items():
        file = BytesIO()
        save(figure, file, font)
        write_bytes(folder_in(folder, CHARTS) / f"{name}.png", file.getvalue())
        made.append({"file": f"{CHARTS}/{name}.png", "title": in_all_languages(_texts(reference)[title])})
    return made


def lines_chart(lines: list[Line], words: Words, title: str, label: str, seed: float | None = None) -> Figure:
    """A chart of lines over clip skip; `seed` is the height of a dashed line, "a new seed"."""
    figure, axes = empty_chart(words, title)
    there = [value for line in lines for value, height in line.values.items() if height is not None]
    places = _places(ascending(there))
    for number, line in enumerate(lines):
        _draw(line, places, axes, marker=MARKERS[number % len(MARKERS)], color=_colour(number, len(lines)))
    if seed is not None:
        axes.axhline(seed, color=INK, linestyle="--", linewidth=1.2, label=words["seed line"])
    axes.set_ylim(bottom=0)
    _mark(places, axes)
    axes.set_ylabel(label)
    axes.grid(axis="y", color=FAINT, alpha=0.35)
    labels = axes.get_legend_handles_labels()[1]
    if len(labels) > 1:
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    # Matplotlib's own layout would draw everything twice.
    legend = 0.7 + 0.085 * max(map(_width, labels)) if len(labels) > 1 else 0.3
    figure.subplots_adjust(left=0.085, bottom=0.11, top=0.91, right=1 - legend / WIDTH)
    return figure


def _draw(line: Line, places: dict[Value, float], axes: Axes, **look: Any) -> None:
    """Draws a line; `places` is where each clip skip stands across."""
    points = {value: height for value in places if (height := line.values.get(value)) is not None}
    numbers = {places[value]: height for value, height in points.items() if is_number(value)}
    # Averages of layers and schedules have no place between the numbers: marks without a line.
    others = {places[value]: height for value, height in points.items() if not is_number(value)}
    axes.plot(list(numbers), list(numbers.values()), label=line.label, **look)
    axes.plot(list(others), list(others.values()), linestyle="none", **look)


def _mark(places: dict[Value, float], axes: Axes) -> None:
    """Names the clip skips across, of many some."""
    step = max(1, -(-len(places) // 24))
    axes.set_xticks(list(places.values())[::step], [plain(str(value)) for value in places][::step])


def save(figure: Figure, file: BytesIO, font: str | None = None) -> None:
    """Writes a chart as PNG, each text in a font that has its letters: the one of this file, or else of the machine."""
    for text in figure.findobj(DrawnText):
        look = text.get_fontproperties().copy()
        look.set_file(font_for(text.get_text(), font))
        text.set_fontproperties(look)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()  # once; `savefig` would draw what has a layout twice
    # Packed less tightly than usual, in a quarter of the time.
    Image.fromarray(np.asarray(canvas.buffer_rgba())).save(file, "PNG", compress_level=1)


def plain(text: str) -> str:
    """A text of the user's as matplotlib takes it: a dollar sign starts no formula, an underscore hides no line."""
    text = " ".join(text.split())
    text = as_drawn(text if len(text) <= 40 else f"{text[:39]}…")
    return text.replace("$", r"\$") if not text.startswith("_") else f" {text}".replace("$", r"\$")


def _change_chart(cells: list[Cell], second: Axis | None, words: Words, seed: float | None) -> Figure:
    if second is None:
        lines = [
            _line(words["area line"], cells, AREA),
            _line(words["composition line"], cells, COMPOSITION),
            _line(words["detail line"], cells, DETAIL),
        ]
        return lines_chart(lines, words, words["change"], words["change axis"], seed)
    lines = _lines(cells, second, COMPOSITION)
    return lines_chart(lines, words, words["composition"], words["composition axis"], seed)


def _sharpness_chart(cells: list[Cell], second: Axis | None, words: Words) -> Figure:
    lines = _lines(cells, second, SHARPNESS) if second else [_line("", cells, SHARPNESS)]
    return lines_chart(lines, words, words["sharpness"], words["sharpness axis"])


def _conditioning_chart(cells: list[Cell], words: Words) -> Figure:
    """What is noted and what is measured, each on a scale of its own that begins at 0: what counts is their course."""
    figure, axes = empty_chart(words, words["conditioning"])
    places = _places(clip_skips(cells))
    right = axes.twinx()
    right.spines["top"].set_visible(False)
    known = [cell for cell in cells if cell["measures"].get(CONDITIONING) is not None]
    scales = ((axes, CONDITIONING, "conditioning axis"), (right, DIFFERENCE, "difference axis"))
    for number, (scale, measure, label) in enumerate(scales):
        _draw(_line("", known, measure), places, scale, marker=MARKERS[number], color=COLOURS[number])
        scale.set_ylim(bottom=0)
        scale.set_ylabel(words[label], color=COLOURS[number])
    _mark(places, axes)
    axes.grid(axis="y", color=FAINT, alpha=0.35)
    figure.subplots_adjust(left=0.085, bottom=0.11, top=0.91, right=0.92)
    return figure


def _heatmap(cells: list[Cell], second: Axis, words: Words) -> Figure:
    values, rows = clip_skips(cells), _rows(cells, second)
    table = [[mean_at(row, COMPOSITION, value) for value in values] for _, row in rows]
    height = min(14.0, 2.5 + 0.4 * len(rows))
    figure, axes = empty_chart(words, words["composition"], height, layout="constrained")
    numbers = [[float("nan") if change is None else change for change in row] for row in table]
    highest = max((change for row in table for change in row if change is not None), default=0) or 1
    image = axes.imshow(numbers, cmap="viridis", vmin=0, vmax=highest, aspect="auto")
    for every, set_ticks, labels in (
        (-(-len(values) // 24), axes.set_xticks, [str(value) for value in values]),
        (-(-len(rows) // 40), axes.set_yticks, [label for label, _ in rows]),
    ):
        set_ticks(range(0, len(labels), every), [plain(label) for label in labels[::every]])
    axes.set_ylabel(plain(second["name"]))
    figure.colorbar(image, ax=axes, label=words["composition axis"])
    if len(values) * len(rows) <= MOST_NUMBERS:
        for down, row in enumerate(table):
            for across, change in enumerate(row):
                if change is not None:
                    colour = INK if change > 0.6 * highest else "#ffffff"
                    axes.text(across, down, f"{change:.2f}", ha="center", va="center", color=colour, fontsize=8)
    return figure


def empty_chart(
    words: Words, title: str, height: float = 5.0, layout: Literal["constrained"] | None = None
) -> tuple[Figure, Axes]:
    """A chart over clip skip with nothing in it; `height` in inches of 100 pixels."""
    figure = Figure(figsize=(WIDTH, height), dpi=100, facecolor=GROUND, layout=layout)
    axes = figure.add_subplot()
    axes.set_facecolor(GROUND)
    axes.set_title(title, color=INK, loc="left", pad=12, y=1.0)  # else its place is found by measuring all else
    axes.set_xlabel(words["clip skip"])
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _colour(number: int, count: int) -> object:
    return COLOURS[number] if count <= len(COLOURS) else colormaps["viridis"](0.88 * number / (count - 1))


def _width(text: str) -> int:
    """About how wide a text is, in letters: those of Chinese and Japanese count twice."""
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)


def _places(values: list[Value]) -> dict[Value, float]:
    """Where each clip skip stands across: numbers at their size, averages and schedules one by one after them."""
    numbers = [value for value in values if is_number(value)]
    after = max(numbers, default=0)
    rest = [value for value in values if not is_number(value)]
    return {value: value for value in numbers} | {value: after + 1 + number for number, value in enumerate(rest)}


def _second_axis(content: Content, cells: list[Cell]) -> Axis | None:
    """The first axis beside clip skip that has two values among the cells."""
    axes: list[Axis] = content["axes"]
    for axis in axes:
        if axis["name"] != AXIS_NAME and len({key_of(cell["values"][axis["name"]]) for cell in cells}) > 1:
            return axis
    return None


def _rows(cells: list[Cell], second: Axis) -> list[tuple[str, list[Cell]]]:
    """The label of each value of the second axis, and the cells that have it (several with a third axis)."""
    labels = second.get("labels") or second["values"]
    by_value: dict[str, list[Cell]] = {}
    for cell in cells:
        by_value.setdefault(key_of(cell["values"][second["name"]]), []).append(cell)
    rows = [(str(label), by_value.get(key_of(value))) for value, label in zip(second["values"], labels, strict=True)]
    return [(label, row) for label, row in rows if row]


def _lines(cells: list[Cell], second: Axis, measure: str) -> list[Line]:
    rows = _rows(cells, second)
    chosen = rows
    if len(rows) > MOST_LINES:
        chosen = [rows[round(number * (len(rows) - 1) / (MOST_LINES - 1))] for number in range(MOST_LINES)]
    return [_line(plain(label), row, measure) for label, row in chosen]


def _line(label: str, cells: list[Cell], measure: str) -> Line:
    return Line(label, {value: mean_at(cells, measure, value) for value in clip_skips(cells)})


def comparison_chart(comparison: Comparison, lang: str, font: str | None = None) -> Image.Image:
    """The chart of two sweeps: the changed area of each over clip skip."""
    words = words_in(lang, comparison.reference, font)
    named = zip(comparison.labels, comparison.lines, strict=True)
    lines = [Line(plain(label), line) for label, line in named]
    file = BytesIO()
    save(lines_chart(lines, words, words["area"], words["area axis"]), file, font)
    return Image.open(file)
