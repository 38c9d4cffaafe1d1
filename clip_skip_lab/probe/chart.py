"""The chart of an answer: by how many percent each clip skip predicts worse than the best, with intervals."""

from __future__ import annotations

import math
from io import BytesIO
from typing import Any

from matplotlib.axes import Axes
from PIL import Image

from ..language import Text, translated
from ..measure.charts import COLOURS, FAINT, INK, Words, empty_chart, save
from ..sweep.lettering import as_drawn, can_write
from .answer import Answer, Row

LEAST = -99.0
"""Percent; what is lower has no place on a scale of ratios."""

MOST_NUMBERS = 16
"""A chart of more clip skips has no numbers at its points."""

BLUE, ORANGE, GREEN = COLOURS
_TEXTS = {
    "clip skip": Text("Clip skip"),
    "title": Text("How much worse each clip skip predicts the noise"),
    "axis": Text("Worse than the best value, in %"),
    "trained": Text("trained with it"),
    "open": Text("cannot be told apart"),
    "worse": Text("worse, with interval"),
}


def answer_chart(answer: Answer, language: str, font: str | None = None) -> Image.Image | None:
    """The chart as a picture of 900 × 500 pixels; None where nothing was measured.

    Args:
        answer: the answer.
        language: of its words, one of `languages()`; English where no font has its letters.
        font: the file of the font to be preferred.
    """
    if not answer.rows:
        return None
    words = _words(language, font)
    figure, axes = empty_chart(words, words["title"])
    drawn = [_draw(axes, rows, use, words) for use, rows in _groups(answer).items() if rows]
    _scale(axes, answer.rows)
    axes.set_ylabel(words["axis"])
    axes.grid(axis="y", color=FAINT, alpha=0.35)
    axes.legend(handles=drawn, frameon=False, loc="upper left", bbox_to_anchor=(0, -0.11), ncols=3, borderaxespad=0.5)
    figure.subplots_adjust(left=0.085, bottom=0.2, top=0.91, right=0.97)
    file = BytesIO()
    save(figure, file, font)
    return Image.open(file)


def _words(language: str, font: str | None) -> Words:
    words = {use: as_drawn(translated(text, language)) for use, text in _TEXTS.items()}
    return words if can_write("".join(words.values()), font) else {use: str(text) for use, text in _TEXTS.items()}


def _groups(answer: Answer) -> dict[str, list[Row]]:
    """The rows by what is to be said of them, in the order of the legend."""
    groups: dict[str, list[Row]] = {"trained": [], "open": [], "worse": []}
    for row in answer.rows:
        use = (
            "trained"
            if row.clip_skip == answer.clip_skip
            else "open"
            if row.clip_skip in answer.candidates
            else "worse"
        )
        groups[use].append(row)
    return groups


def _draw(axes: Axes, rows: list[Row], use: str, words: Words) -> Any:
    """Points with intervals; told apart by shape too, for eyes that don't tell colours."""
    colour, marker, size = {"trained": (GREEN, "*", 17), "open": (ORANGE, "D", 8), "worse": (BLUE, "o", 7)}[use]
    heights = [_height(row.worse_by) for row in rows]
    ends = [(row.low, row.high) if row.has_interval else (row.worse_by, row.worse_by) for row in rows]
    below = [max(0.0, height - _height(low)) for height, (low, _) in zip(heights, ends, strict=True)]
    above = [max(0.0, _height(high) - height) for height, (_, high) in zip(heights, ends, strict=True)]
    return axes.errorbar(
        [row.clip_skip for row in rows],
        heights,
        yerr=[below, above],
        linestyle="none",
        marker=marker,
        markersize=size,
        color=colour,
        capsize=4,
        label=words[use],
        zorder=3,
    )


def _height(percent: float) -> float:
    """Where so many percent stand: by the logarithm of the ratio, which is what was measured, so that an interval
    reaches as far up as down, and values near the best one are not squeezed by those far away."""
    return math.log1p(max(percent, LEAST) / 100)


def _scale(axes: Axes, rows: tuple[Row, ...]) -> None:
    values = [row.clip_skip for row in rows]
    step = max(1, -(-len(values) // 24))
    axes.set_xticks(values[::step], [str(value) for value in values][::step])
    axes.set_xlim(min(values) - 0.6, max(values) + (0.6 if len(rows) > MOST_NUMBERS else 0.9))
    intervals = [end for row in rows if row.has_interval for end in (row.low, row.high)]
    ends = [_height(end) for end in [0.0, *(row.worse_by for row in rows), *intervals]]
    height = (max(ends) - min(ends)) or 0.01
    lowest, highest = min(ends) - 0.06 * height, max(ends) + 0.08 * height
    axes.set_ylim(lowest, highest)
    ticks = _ticks(lowest, highest)
    axes.set_yticks([_height(tick) for tick in ticks], [f"{tick:g}" for tick in ticks])
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
    if len(rows) > MOST_NUMBERS:
        return
    for row in rows:
        if row.worse_by == 0:  # the line there would strike it out
            continue
        axes.annotate(
            f"{row.worse_by:.1f}",
            (row.clip_skip, _height(row.worse_by)),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=9,
        )


def _ticks(lowest: float, highest: float) -> list[float]:
    """Round percentages within these heights, 0 first, and from there as many as there is room for."""
    rounded = [sign * digit * 10.0**power for sign in (1, -1) for power in range(-2, 9) for digit in (1, 2, 3, 5)]
    taken = [0.0]
    for tick in sorted((tick for tick in rounded if tick > LEAST), key=abs, reverse=True):
        height = _height(tick)
        free = all(abs(height - _height(other)) > 0.07 * (highest - lowest) for other in taken)
        if lowest < height < highest and free:
            taken.append(tick)
    return sorted(taken)
