"""The labelled grid: where everything goes, and drawing it."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clip_skip_lab.sweep.grid import GRID_PIXELS, SMALLEST_CELL, Band, Limits, Page, Style, arrange, sheet_size
from clip_skip_lab.sweep.grid_drawing import contact_sheet, fitted
from tests.helpers.drawn import draw_page

WHITE = (255, 255, 255)
STYLE = Style()


def labels(count, name="Clip skip"):
    return tuple(f"{name} {number + 1}" for number in range(count))


def cells_of(pages):
    return [cell for page in pages for band in page.bands for cell in band.cells]


def within(page, limits):
    return page.width * page.height <= limits.pixels and (
        limits.side == 0 or max(page.width, page.height) <= limits.side
    )


counts = st.integers(1, 14)
sides = st.integers(8, 4096)
limits_ = st.builds(Limits, st.integers(50_000, GRID_PIXELS), st.sampled_from([0, 1_000, 16_383, 65_535]))


@settings(max_examples=150)
@given(counts, st.none() | counts, st.none() | st.integers(1, 5), sides, sides, limits_)
def test_every_cell_is_on_some_page_once_in_the_order_of_the_plan(columns, rows, blocks, width, height, limits):
    pages = arrange(
        labels(columns),
        labels(rows, "CFG") if rows else None,
        labels(blocks, "Sampler") if blocks else None,
        (width, height),
        limits,
    )
    assert cells_of(pages) == list(range(columns * (rows or 1) * (blocks or 1)))


@settings(max_examples=150)
@given(counts, st.none() | counts, st.none() | st.integers(1, 5), sides, sides, limits_)
def test_no_page_is_above_the_limits_unless_a_single_cell_is(columns, rows, blocks, width, height, limits):
    pages = arrange(
        labels(columns),
        labels(rows, "CFG") if rows else None,
        labels(blocks, "Sampler") if blocks else None,
        (width, height),
        limits,
    )
    for page in pages:
        assert within(page, limits) or len(cells_of([page])) == 1


@settings(max_examples=150)
@given(counts, st.none() | counts, sides, sides, limits_)
def test_cells_keep_their_shape_and_are_not_enlarged_nor_made_too_small_to_see(columns, rows, width, height, limits):
    for page in arrange(labels(columns), labels(rows, "CFG") if rows else None, None, (width, height), limits):
        assert page.scale <= 1
        assert page.cell_width == max(1, round(width * page.scale))
        assert page.cell_height == max(1, round(height * page.scale))
        assert max(page.cell_width, page.cell_height) >= min(max(width, height), SMALLEST_CELL) - 1


def test_a_sweep_of_clip_skip_alone_is_wrapped_to_be_seen_at_a_glance():
    (page,) = arrange(labels(12), None, None, (512, 512), Limits())
    assert [len(band.cells) for band in page.bands] == [4, 4, 4]
    assert [band.captions for band in page.bands] == [labels(12)[0:4], labels(12)[4:8], labels(12)[8:12]]
    assert all(band.label is None and band.heading is None for band in page.bands)
    (upright,) = arrange(labels(12), None, None, (512, 768), Limits())
    assert 1 <= upright.width / upright.height <= 2


@given(st.integers(1, 24), st.integers(64, 1024), st.integers(64, 1024))
def test_a_wrapped_grid_has_no_empty_rows(count, width, height):
    (page,) = arrange(labels(count), None, None, (width, height), Limits(10**9))
    rows = [len(band.cells) for band in page.bands]
    assert all(length == rows[0] for length in rows[:-1])
    assert 1 <= rows[-1] <= rows[0]


def test_with_a_second_axis_clip_skip_runs_across_and_the_axis_down():
    (page,) = arrange(labels(12), labels(3, "CFG Scale:"), None, (64, 64), Limits())
    assert [band.cells for band in page.bands] == [tuple(range(0, 12)), tuple(range(12, 24)), tuple(range(24, 36))]
    assert [band.label for band in page.bands] == ["CFG Scale: 1", "CFG Scale: 2", "CFG Scale: 3"]
    assert [band.captions for band in page.bands] == [labels(12), None, None]
    assert page.label_width > 0


def test_a_third_axis_stacks_tables_with_headings():
    (page,) = arrange(labels(2), labels(2, "CFG"), labels(2, "Sampler"), (64, 64), Limits())
    assert [(band.heading, band.label, band.cells) for band in page.bands] == [
        ("Sampler 1", "CFG 1", (0, 1)),
        (None, "CFG 2", (2, 3)),
        ("Sampler 2", "CFG 1", (4, 5)),
        (None, "CFG 2", (6, 7)),
    ]


def test_full_size_cells_are_reduced_before_the_grid_is_split():
    (page,) = arrange(labels(12), labels(10, "CFG"), None, (1024, 1024), Limits(8_000_000))
    assert page.scale < 1
    assert 0.85 * 8_000_000 < page.width * page.height <= 8_000_000


def test_a_grid_that_has_to_be_split_repeats_headings_captions_and_labels():
    pages = arrange(labels(3), labels(4, "CFG"), labels(2, "Sampler"), (512, 512), Limits(120_000))
    assert len(pages) > 1
    for page in pages:
        first = page.bands[0]
        assert first.captions == tuple(f"Clip skip {index % 3 + 1}" for index in first.cells)
        assert first.heading == f"Sampler {first.cells[0] // 12 + 1}"
        for band in page.bands:
            assert band.label == f"CFG {band.cells[0] // 3 % 4 + 1}"


@settings(max_examples=100)
@given(counts, counts, st.integers(1, 5), st.integers(20_000, 400_000))
def test_wherever_a_grid_is_split_each_cell_stands_under_its_own_labels(columns, rows, blocks, pixels):
    pages = arrange(labels(columns), labels(rows, "CFG"), labels(blocks, "Sampler"), (128, 96), Limits(pixels))
    for page in pages:
        heading = captions = None
        for band in page.bands:
            heading, captions = band.heading or heading, band.captions or captions
            for place, cell in enumerate(band.cells):
                assert captions[place] == f"Clip skip {cell % columns + 1}"
                assert band.label == f"CFG {cell // columns % rows + 1}"
                assert heading == f"Sampler {cell // columns // rows + 1}"


def test_a_block_whose_label_is_empty_does_not_get_its_predecessors_heading():
    pages = arrange(labels(2), labels(3, "CFG"), ("First", ""), (512, 512), Limits(60_000))
    for page in pages:
        first = page.bands[0]
        assert first.heading == ("First" if first.cells[0] < 6 else "")


def numbered(index):
    """A picture of one colour that tells its number."""
    return Image.new("RGB", (60, 40), (10 + index, 100, 200))


def page_for(count, rows=None, size=(60, 40), limits=None):
    (page,) = arrange(labels(count), labels(rows, "CFG") if rows else None, None, size, limits or Limits())
    return page


@settings(max_examples=30)
@given(st.integers(1, 12), st.none() | st.integers(1, 3), st.none() | st.integers(1, 2), st.integers(30_000, 10**6))
def test_no_cell_is_lost_in_drawing_and_the_size_is_as_promised(columns, rows, blocks, pixels):
    pages = arrange(
        labels(columns),
        labels(rows, "CFG") if rows else None,
        labels(blocks, "Sampler") if blocks else None,
        (60, 40),
        Limits(pixels),
    )
    seen, asked = {}, []

    def picture_of(index):
        asked.append(index)
        return numbered(index)

    for page in pages:
        image = draw_page(page, picture_of, STYLE)
        assert image.mode == "RGB"
        assert image.size == (page.width, page.height)
        for count, colour in image.getcolors(maxcolors=image.width * image.height):
            if colour[1:] == (100, 200):
                seen[colour[0] - 10] = seen.get(colour[0] - 10, 0) + count
    total = columns * (rows or 1) * (blocks or 1)
    assert asked == list(range(total))
    assert seen == dict.fromkeys(range(total), 60 * 40)


def ink(image, box):
    """How many pixels in a box (left, top, right, bottom) are not the background."""
    part = image.crop(box)
    return sum(count for count, colour in part.getcolors(maxcolors=part.width * part.height) if colour != WHITE)


def test_every_label_is_written():
    page = page_for(3, rows=2)
    image = draw_page(page, lambda index: Image.new("RGB", (60, 40), WHITE), STYLE)
    top = page.gap
    assert ink(image, (page.label_width, top, page.width, top + page.line_height)) > 50
    for row in range(2):
        y = top + page.line_height + row * (page.cell_height + page.gap)
        assert ink(image, (0, y, page.label_width, y + page.cell_height)) > 20


def test_above_small_cells_the_number_of_a_clip_skip_is_not_cut_off():
    page = page_for(12, size=(64, 64))
    image = draw_page(page, numbered, Style())
    captions = set()
    top = page.gap
    for band in page.bands:
        for column in range(len(band.cells)):
            left = page.label_width + page.gap + column * (page.cell_width + page.gap)
            captions.add(image.crop((left, top, left + page.cell_width, top + page.line_height)).tobytes())
        top += page.line_height + page.cell_height + page.gap
    assert len(captions) == 12


def test_a_cell_without_a_picture_shows_its_reason_and_is_not_black():
    page = page_for(1, size=(200, 150))
    reasons = [draw_page(page, lambda index, text=text: text, STYLE) for text in ("failed: no memory", "not run", "")]
    written = [ink(image, (0, 0, *image.size)) for image in reasons]
    assert written[0] > written[1] > written[2] > 0
    assert all(image.getpixel((page.width // 2, page.height - page.gap - 5)) == WHITE for image in reasons)
    for image in reasons:
        area = image.width * image.height
        assert written[0] < area / 4


@settings(deadline=None)
@given(st.text(max_size=300), st.integers(1, 64), st.integers(1, 64))
def test_any_reason_fits_any_cell(reason, width, height):
    page = page_for(2, size=(width, height))
    assert draw_page(page, lambda index: reason, STYLE).size == (page.width, page.height)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(max_size=120), min_size=1, max_size=3), st.text(max_size=120))
def test_any_label_can_be_drawn(rows, block):
    (page,) = arrange(labels(2), tuple(rows), (block,), (32, 32), Limits())
    assert draw_page(page, numbered, STYLE).size == (page.width, page.height)


def test_a_long_heading_stays_within_the_page():
    (page,) = arrange(labels(2), ("a long label on the left",), ("W" * 300,), (128, 128), Limits())
    image = draw_page(page, numbered, STYLE)
    assert page.label_width > 40
    assert ink(image, (page.width - page.gap, 0, page.width, page.height)) == 0
    assert ink(image, (0, 0, page.gap, page.height)) == 0


def test_the_colours_are_the_hosts():
    page = page_for(1, size=(100, 100))
    image = draw_page(page, lambda index: "reason", Style(background="#102030", text="#ff0000", faint="#00ff00"))
    colours = {colour for _, colour in image.getcolors(maxcolors=10**6)}
    assert image.getpixel((0, 0)) == (0x10, 0x20, 0x30)
    assert {(0, 255, 0), (255, 0, 0)} <= colours


def test_a_font_that_is_not_there_is_replaced(tmp_path):
    page = page_for(2)
    drawn = draw_page(page, numbered, Style(font=str(tmp_path / "gone.ttf")))
    assert drawn.tobytes() == draw_page(page, numbered, STYLE).tobytes()


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 300), st.integers(1, 300))
def test_a_picture_is_reduced_to_its_cell_with_its_shape_and_never_enlarged(width, height, wide, high):
    picture = fitted(Image.new("RGBA", (width, height)), wide, high)
    assert picture.mode == "RGB"
    assert picture.width <= max(1, min(wide, width))
    assert picture.height <= max(1, min(high, height))
    if width <= wide and height <= high:
        assert picture.size == (width, height)


@given(st.integers(1, 30))
def test_the_pictures_of_a_cell_stand_side_by_side_in_their_order(count):
    pictures = [Image.new("RGB", (4, 3), (number + 1, 0, 0)) for number in range(count)]
    sheet = contact_sheet(pictures)
    assert sheet.size == sheet_size((4, 3), count)
    found = [sheet.getpixel((x, y))[0] for y in range(0, sheet.height, 3) for x in range(0, sheet.width, 4)]
    assert found[:count] == list(range(1, count + 1))
    assert all(before >= after for before, after in pairwise(sheet.size)) or count == 2


def test_an_unfilled_place_beside_a_cells_pictures_is_not_black():
    page = page_for(1, size=(120, 80))
    image = draw_page(page, lambda index: contact_sheet([numbered(0)] * 3, WHITE), STYLE)
    black = [colour for _, colour in image.getcolors(maxcolors=10**6) if colour == (0, 0, 0)]
    box = (page.gap + 62, page.gap + page.line_height + 42, page.gap + 118, page.gap + page.line_height + 78)
    assert ink(image, box) == 0
    assert black  # the caption is


def test_a_page_knows_its_size():
    page = Page((Band((0, 1), "H", ("a", "b")), Band((2,))), 100, 50, 1.0, 12, 30)
    assert page.gap == 4
    assert page.width == 30 + 2 * (100 + 4) + 4
    assert page.height == (50 + 4 + 17 + 26) + (50 + 4) + 4


@pytest.mark.parametrize("count", [100, 1000])
def test_a_large_sweep_is_arranged_in_no_time(count):
    pages = arrange(labels(count), labels(5, "CFG"), None, (1024, 1024), Limits())
    assert len(cells_of(pages)) == 5 * count
