"""What a sweep says of itself."""

from clip_skip_lab.sweep.grid import Limits, arrange
from clip_skip_lab.sweep.record import DONE, FAILED, CellRecord, SweepRecord
from clip_skip_lab.sweep.summary import forecast, name_of, summary
from tests.helpers.memory_session import plan_of


def record_of(skips, y=None):
    plan = plan_of(skips, y)
    cells = [CellRecord(cell, plan.values_of(cell)) for cell in plan.cells()]
    for cell in cells:
        cell.state, cell.reason = DONE, None
    return SweepRecord(plan, "id", "now", "f", {}, {}, {}, cells)


def test_the_forecast_says_cells_pictures_steps_and_size():
    pages = arrange(("a", "b"), None, None, (64, 64), Limits())
    size = f"{pages[0].width} × {pages[0].height}"
    assert forecast(2, 1, 2, 20, pages) == f"2 cells · 1 image · 20 steps · grid {size} px"


def test_the_forecast_of_a_reduced_grid_says_how_much():
    pages = arrange(tuple("abcdefghijkl"), None, None, (2048, 2048), Limits())
    text = forecast(12, 12, 12, 1200, pages)
    assert f"(cells at {round(pages[0].scale * 100)}%, full size saved beside it)" in text
    assert "1,200 steps" in text


def test_the_forecast_of_a_split_grid_says_how_many_parts():
    pages = arrange(tuple("abcdefghijkl"), tuple("xyz"), None, (512, 512), Limits(60_000))
    tallest = max(page.height for page in pages)
    widest = max(page.width for page in pages)
    assert f"grid in {len(pages)} parts of up to {widest} × {tallest} px" in forecast(36, 36, 36, 36, pages)


def test_the_name_of_a_cell():
    assert name_of({"Clip skip": 2, "CFG Scale": 7.0}) == "Clip skip 2, CFG Scale 7.0"


def test_the_summary_of_a_sweep_that_went_well():
    assert summary(record_of("1-3"), "/there").lines() == ["Clip skip sweep: 3 of 3 cells done.", "Folder: /there"]


def test_the_summary_gives_each_reason_once_with_its_cells():
    record = record_of("1-12", ("CFG Scale", "5"))
    for cell in record.cells[:8]:
        cell.state, cell.reason = FAILED, "out of memory"
    record.cells[9].state, record.cells[9].reason = FAILED, "NaN"
    record.cells[11].state, record.cells[11].reason = "not run", "interrupted"
    record.problems.append("The disk is full.")
    lines = summary(record, "/there").lines()
    assert lines[0] == "Clip skip sweep: 2 of 12 cells done. 9 failed:"
    assert lines[1].startswith("Clip skip 1, CFG Scale 5.0; Clip skip 2, CFG Scale 5.0; ")
    assert lines[1].endswith("; and 2 more: out of memory")
    assert lines[2:] == [
        "Clip skip 10, CFG Scale 5.0: NaN",
        "The disk is full.",
        "Not run (interrupted): Clip skip 12, CFG Scale 5.0",
        "Folder: /there",
    ]
