"""A page stands on its sheet as it was, unless its ink would meet the binding edge or the label; then it gives way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dossier.part import INK_CELL, Box, Ink, PartPage
from dossier.placement import Matrix, Paper, Placement, blank, place

MM = 72 / 25.4
A4 = (210 * MM, 297 * MM)
PAPER = Paper(*A4)
EDGE = 6 * MM  # what printers may leave white
BOUND = replace(PAPER, landscape="bound")
LABEL = 48.0  # about the width of "— 57 —" at 14 points
GUTTER = 25 * MM
SIZE = 14.0
HAIR = 1e-3  # points: less than anyone sees, more than arithmetic loses
LARGER = 1.0  # points by which a page may be larger than the sheet and yet is not scaled
CLEAR = 2 * MM  # more than is kept clear around a label

Position = Literal["outer", "center", "right", "left"]


# --- drawing -------------------------------------------------------------------------------------------------------


def drawn(width: float, height: float, *boxes: Box) -> PartPage:
    """Return a page in points whose ink fills ``boxes``, out to whole cells."""
    columns, rows = max(1, math.ceil(width / INK_CELL)), max(1, math.ceil(height / INK_CELL))
    grid = [0] * rows
    for box in boxes:
        first, last = math.floor(box.left / width * columns), math.ceil(box.right / width * columns)
        for row in range(math.floor(box.bottom / height * rows), math.ceil(box.top / height * rows)):
            grid[row] |= ((1 << (last - first)) - 1) << first
    return PartPage(width, height, Ink(columns, tuple(grid)), "")


def _meet(one: Box, other: Box) -> bool:
    across = min(one.right, other.right) - max(one.left, other.left)
    up = min(one.top, other.top) - max(one.bottom, other.bottom)
    return across > 0 and up > 0


def text(width: float = A4[0], height: float = A4[1], margin: float = 28 * MM) -> PartPage:
    """Return a page with text inside margins."""
    return drawn(width, height, Box(margin, margin, width - margin, height - margin))


def covered(width: float = A4[0], height: float = A4[1]) -> PartPage:
    """Return a page covered all over, as a scan on grey paper is."""
    return PartPage(width, height, Ink.full(width, height), "")


def inked(page: PartPage) -> Iterator[Box]:
    """Yield what is inked, one box for each run of cells."""
    across, up = page.width / page.ink.columns, page.height / len(page.ink.rows)
    for index, row in enumerate(page.ink.rows):
        column = 0
        while row >> column:
            column += ((row >> column) & -(row >> column)).bit_length() - 1
            length = (~(row >> column) & (row >> column) + 1).bit_length() - 1
            yield Box(column * across, index * up, (column + length) * across, (index + 1) * up)
            column += length


def ink_on_sheet(page: PartPage, placed: Placement) -> list[Box]:
    """Return where a page's ink comes to lie, less a hair on each side."""
    boxes = [placed.box(box) for box in inked(page)]
    return [Box(box.left + HAIR, box.bottom + HAIR, box.right - HAIR, box.top - HAIR) for box in boxes]


def label_box(placed: Placement, paper: Paper, width: float, clear: float = 0.0) -> Box:
    """Return what the label covers: 0.88 em above its baseline and 0.28 em below."""
    x, y, size = placed.label_x, placed.label_y, paper.font_size
    return Box(x - clear, y - 0.28 * size - clear, x + width + clear, y + 0.88 * size + clear)


def gutter_box(placed: Placement, paper: Paper, *, odd: bool) -> Box:
    """Return the binding edge: left on odd, right on even pages; top and bottom of a landscape sheet."""
    width, height, gutter = placed.width, placed.height, paper.gutter
    if width > height:
        return Box(0, height - gutter, width, height) if odd else Box(0, 0, width, gutter)
    return Box(0, 0, gutter, height) if odd else Box(width - gutter, 0, width, height)


def scale(placed: Placement) -> float:
    a, b, c, d, _, _ = placed.matrix
    return math.sqrt(abs(a * d - b * c))


def centred(page: PartPage, placed: Placement) -> tuple[float, float]:
    """Return how far the middle of the page is from the middle of its sheet."""
    x, y = placed.point(page.width / 2, page.height / 2)
    return x - placed.width / 2, y - placed.height / 2


def natural(page: PartPage, placed: Placement) -> float:
    """Return the scale at which a page just fits its sheet, at most 1."""
    across, up = page.width, page.height
    if (across > up) != (placed.width > placed.height) and across != up:
        across, up = up, across
    if across <= placed.width + LARGER and up <= placed.height + LARGER:
        return 1.0
    return min(1.0, placed.width / across, placed.height / up)


def turned(page: PartPage, degrees: int) -> PartPage:
    """Return a page turned clockwise, by drawing it anew cell by cell."""
    for _ in range(degrees // 90):
        columns, rows = page.ink.columns, len(page.ink.rows)
        grid = [0] * columns
        for y, row in enumerate(page.ink.rows):
            for x in range(columns):
                if row >> x & 1:
                    grid[columns - 1 - x] |= 1 << y
        page = PartPage(page.height, page.width, Ink(rows, tuple(grid)), page.digest)
    return page


@st.composite
def pages(draw: st.DrawFn) -> PartPage:
    """Draw a page of any size, upright or wide, with a few blots of ink, much of it near the edges, or none."""
    side = st.one_of(st.sampled_from([210 * MM, 297 * MM, 420 * MM, 595.5, 842.3, 612.0]), st.floats(20, 1500))
    width, height = draw(side), draw(side)
    share = st.one_of(st.sampled_from([0.0, 0.02, 0.05, 0.1, 0.5, 0.9, 0.95, 0.98]), st.floats(0, 0.99))
    blots = []
    for _ in range(draw(st.integers(0, 4))):
        x, y = draw(share), draw(share)
        across, up = draw(st.floats(0.002, 1)) * (1 - x), draw(st.floats(0.002, 1)) * (1 - y)
        blots.append(Box(x * width, y * height, (x + across) * width, (y + up) * height))
    if draw(st.integers(0, 9)) == 0:
        return covered(width, height)
    return drawn(width, height, *blots)


papers = st.builds(
    Paper,
    width=st.sampled_from([148 * MM, A4[0]]),
    height=st.sampled_from([A4[1], 420 * MM]),
    gutter=st.sampled_from([0.0, 10 * MM, 25 * MM, 45 * MM]),
    landscape=st.sampled_from(["seen", "bound"]),
    position=st.sampled_from(["outer", "center", "right", "left"]),
    bottom=st.sampled_from([0.0, 15 * MM, 30 * MM]),
    font_size=st.sampled_from([8.0, 14.0, 24.0]),
)
widths = st.sampled_from([0.0, 20.0, LABEL, 120.0, 250.0])
turns = st.sampled_from([0, 90, 180, 270])


# --- what always holds ---------------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(pages(), papers, st.booleans(), widths, turns)
def test_ink_meets_neither_gutter_nor_label_and_stays_on_the_sheet(
    page: PartPage, paper: Paper, odd: bool, width: float, turn: int
) -> None:
    placed = place(page, paper, odd=odd, label_width=width, turn=turn)
    gutter = gutter_box(placed, paper, odd=odd)
    label = label_box(placed, paper, width)
    sheet = Box(-LARGER, -LARGER, placed.width + LARGER, placed.height + LARGER)

    for box in ink_on_sheet(page, placed):
        assert not _meet(box, gutter)
        assert not (width and _meet(box, label))
        assert sheet.left <= box.left
        assert sheet.bottom <= box.bottom
        assert box.right <= sheet.right
        assert box.top <= sheet.top


@settings(max_examples=200, deadline=None)
@given(pages(), papers, st.booleans(), widths, turns)
def test_a_page_is_never_mirrored_slanted_or_enlarged(
    page: PartPage, paper: Paper, odd: bool, width: float, turn: int
) -> None:
    a, b, c, d, _, _ = place(page, paper, odd=odd, label_width=width, turn=turn).matrix

    assert (a, b) == pytest.approx((d, -c))
    assert a == pytest.approx(0) or b == pytest.approx(0)
    assert 0 < math.hypot(a, b) <= 1 + 1e-9


@settings(max_examples=200, deadline=None)
@given(pages(), papers, st.booleans(), widths)
def test_a_page_stays_in_the_middle_where_its_ink_is_in_nobodys_way(
    page: PartPage, paper: Paper, odd: bool, width: float
) -> None:
    placed = place(page, paper, odd=odd, label_width=width)
    middle = _in_the_middle(page, placed)
    gutter = gutter_box(placed, paper, odd=odd)
    label = label_box(placed, paper, width, CLEAR)
    boxes = ink_on_sheet(page, middle)
    hindered = any(_meet(box, gutter) or (width and _meet(box, label)) for box in boxes)

    assert hindered or placed.matrix == pytest.approx(middle.matrix)


def _in_the_middle(page: PartPage, placed: Placement) -> Placement:
    size = natural(page, placed)
    quarter = page.width > page.height and placed.width <= placed.height
    a, b = (0.0, size) if quarter else (size, 0.0)
    matrix: Matrix = (a, b, -b, a, 0, 0)
    x, y = replace(placed, matrix=matrix).point(page.width / 2, page.height / 2)
    return replace(placed, matrix=(a, b, -b, a, placed.width / 2 - x, placed.height / 2 - y))


@settings(max_examples=200, deadline=None)
@given(pages(), papers, st.booleans(), widths)
def test_a_page_is_shrunk_only_where_moving_it_is_not_enough(
    page: PartPage, paper: Paper, odd: bool, width: float
) -> None:
    placed = place(page, paper, odd=odd, label_width=width)
    boxes = ink_on_sheet(page, placed)
    grow = natural(page, placed) / scale(placed)
    across = (max(box.right for box in boxes) - min(box.left for box in boxes)) * grow if boxes else 0.0
    up = (max(box.top for box in boxes) - min(box.bottom for box in boxes)) * grow if boxes else 0.0
    wide, high = placed.width, placed.height
    foot = label_box(placed, paper, width, CLEAR).top if width else 0.0
    if wide > high:
        high -= paper.gutter + foot if odd else max(paper.gutter, foot)
    else:
        wide -= paper.gutter
        high -= foot
    # What was clear of the other edge stays clear of it.
    wide -= EDGE
    high -= EDGE

    assert grow < 1 + 1e-6 or across > wide or up > high


@settings(max_examples=100, deadline=None)
@given(pages(), papers, st.booleans(), widths, st.sampled_from([90, 180, 270]))
def test_turning_a_page_is_like_placing_a_page_that_was_drawn_turned(
    page: PartPage, paper: Paper, odd: bool, width: float, turn: int
) -> None:
    placed = place(page, paper, odd=odd, label_width=width, turn=turn)
    wanted = place(turned(page, turn), paper, odd=odd, label_width=width)

    assert (placed.width, placed.height) == (wanted.width, wanted.height)
    assert (placed.label_x, placed.label_y) == (wanted.label_x, wanted.label_y)
    x, y = page.width, page.height
    corners = {90: [(0, 0, 0, x), (x, y, y, 0)], 180: [(0, 0, x, y), (x, y, 0, 0)], 270: [(0, 0, y, 0), (x, y, 0, x)]}
    for own_x, own_y, turned_x, turned_y in corners[turn]:
        assert placed.point(own_x, own_y) == pytest.approx(wanted.point(turned_x, turned_y), abs=1e-6)


@given(st.floats(1, 2000), papers, st.booleans())
def test_a_label_stays_on_the_sheet_and_out_of_the_gutter_where_there_is_room(
    width: float, paper: Paper, odd: bool
) -> None:
    for page in (text(), text(*reversed(A4))):
        placed = place(page, paper, odd=odd, label_width=width)
        bound_at_side = placed.width < placed.height
        gutter = paper.gutter if bound_at_side else 0.0
        left = gutter if odd else 0.0
        right = placed.width - (0.0 if odd else gutter)
        if width < right - left:
            assert left <= placed.label_x <= right - width
        else:
            assert placed.label_x + width / 2 == pytest.approx(placed.width / 2)


# --- the sheet -----------------------------------------------------------------------------------------------------


def test_a_page_of_the_right_size_is_not_touched() -> None:
    for odd in (True, False):
        placed = place(text(), PAPER, odd=odd, label_width=LABEL)
        assert placed.matrix == (1, 0, 0, 1, 0, 0)
        assert (placed.width, placed.height) == A4


@pytest.mark.parametrize(
    ("size", "sheet"),
    [
        ((148 * MM, 210 * MM), A4),
        ((210 * MM, 148 * MM), A4[::-1]),
        (A4[::-1], A4[::-1]),
        ((297 * MM, 420 * MM), A4),
        ((420 * MM, 297 * MM), A4[::-1]),
        ((300, 300), A4),
        ((2384, 3370), A4),
        ((20, 20.5), A4),
    ],
)
def test_a_sheet_is_upright_or_wide_like_its_page(size: tuple[float, float], sheet: tuple[float, float]) -> None:
    placed = place(text(*size, margin=size[0] / 5), PAPER, odd=True, label_width=LABEL)

    assert (placed.width, placed.height) == sheet
    assert scale(placed) == pytest.approx(min(1.0, sheet[0] / size[0], sheet[1] / size[1]))
    assert centred(text(*size), placed) == pytest.approx((0, 0), abs=1e-9)


def test_a_page_a_hair_larger_than_the_sheet_is_not_scaled() -> None:
    page = text(596, 842.3)
    placed = place(page, PAPER, odd=True, label_width=LABEL)

    assert scale(placed) == 1
    assert centred(page, placed) == pytest.approx((0, 0))


def test_a_letter_page_is_scaled_to_a4() -> None:
    assert scale(place(text(612, 792), PAPER, odd=True, label_width=LABEL)) == pytest.approx(A4[0] / 612)


@pytest.mark.parametrize("landscape", ["seen", "bound"])
def test_a_square_page_stays_upright(landscape: Literal["seen", "bound"]) -> None:
    placed = place(text(500, 500), replace(PAPER, landscape=landscape), odd=True, label_width=LABEL)

    assert (placed.width, placed.height) == A4
    assert placed.matrix[:4] == (1, 0, 0, 1)


def test_a_page_without_ink_is_centred_whatever_surrounds_it() -> None:
    page = drawn(*A4)
    placed = place(page, replace(PAPER, gutter=60 * MM), odd=True, label_width=LABEL)

    assert placed.matrix == (1, 0, 0, 1, 0, 0)


def test_a_blank_is_an_upright_sheet() -> None:
    placed = blank(BOUND)

    assert (placed.width, placed.height, placed.matrix) == (*A4, (1, 0, 0, 1, 0, 0))


# --- the gutter ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("odd", "shift"), [(True, 15 * MM), (False, 0.0)])
def test_ink_at_the_binding_edge_moves_the_page_just_out_of_the_gutter(odd: bool, shift: float) -> None:
    page = PartPage(*A4, Ink(21, (0, 0, *[0b1111111111110] * 19)), "")  # 10 to 130 mm from the left, in cells of 10 mm
    placed = place(page, replace(PAPER, gutter=GUTTER), odd=odd, label_width=LABEL)

    assert placed.matrix == pytest.approx((1, 0, 0, 1, shift, 0), abs=1e-9)


@pytest.mark.parametrize(
    ("odd", "column", "shift"),
    [(True, 25, 0), (True, 24, 1), (True, 0, 25), (False, 184, 0), (False, 185, -1), (False, 209, -25)],
)
def test_a_page_moves_as_far_as_a_single_speck_in_the_gutter_asks(odd: bool, column: int, shift: int) -> None:
    speck = PartPage(*A4, Ink(210, (*[0] * 200, 1 << column, *[0] * 96)), "")  # cells of 1 mm
    placed = place(speck, replace(PAPER, gutter=GUTTER), odd=odd, label_width=LABEL)

    assert placed.matrix == pytest.approx((1, 0, 0, 1, shift * MM, 0), abs=1e-9)


@pytest.mark.parametrize(
    ("odd", "row", "shift"),
    [(True, 184, 0), (True, 185, -1), (True, 209, -25), (False, 25, 0), (False, 24, 1), (False, 0, 25)],
)
def test_a_landscape_page_moves_as_far_as_a_single_speck_in_the_gutter_asks(odd: bool, row: int, shift: int) -> None:
    speck = PartPage(A4[1], A4[0], Ink(297, (*[0] * row, 1 << 150, *[0] * (209 - row))), "")
    placed = place(speck, replace(PAPER, gutter=GUTTER), odd=odd, label_width=LABEL)

    assert placed.matrix == pytest.approx((1, 0, 0, 1, 0, shift * MM), abs=1e-9)


def test_ink_at_the_right_moves_the_back_of_a_sheet_to_the_left() -> None:
    page = PartPage(*A4, Ink(21, (0, 0, *[0b111 << 18] * 19)), "")  # the last 30 mm
    placed = place(page, replace(PAPER, gutter=GUTTER), odd=False, label_width=LABEL)

    assert placed.matrix == pytest.approx((1, 0, 0, 1, -GUTTER, 0), abs=1e-9)


@pytest.mark.parametrize("margin", [20, 6, 3])
@pytest.mark.parametrize("odd", [True, False])
def test_what_was_clear_of_the_fore_edge_stays_clear_of_it(odd: bool, margin: int) -> None:
    """A scan that is dark up to one edge of the paper is not moved against the other: printers do not reach there."""
    left, right = (0.0, A4[0] - margin * MM) if odd else (margin * MM, A4[0])
    page = drawn(*A4, Box(left, 400, right, 500))
    placed = place(page, replace(PAPER, gutter=GUTTER), odd=odd, label_width=LABEL)

    box = placed.box(Box(left, 400, right, 500))
    clear = A4[0] - box.right if odd else box.left
    assert clear == pytest.approx(min(6, margin) * MM, abs=INK_CELL)
    assert (box.left >= GUTTER - 1e-6) if odd else (box.right <= A4[0] - GUTTER + 1e-6)


def test_a_page_as_wide_as_its_sheet_is_shrunk_to_what_the_gutter_leaves() -> None:
    page = drawn(*A4, Box(0, 400, A4[0], 500))
    placed = place(page, replace(PAPER, gutter=GUTTER), odd=True, label_width=LABEL)

    assert scale(placed) == pytest.approx((A4[0] - GUTTER) / A4[0])
    assert placed.box(Box(0, 0, *A4)).left == pytest.approx(GUTTER)
    assert centred(page, placed)[1] == pytest.approx(0)


@pytest.mark.parametrize("odd", [True, False])
def test_a_landscape_sheet_is_bound_at_its_top_on_odd_and_at_its_foot_on_even_pages(odd: bool) -> None:
    page = covered(*reversed(A4))
    placed = place(page, replace(PAPER, gutter=GUTTER), odd=odd, label_width=0)
    box = placed.box(Box(0, 0, page.width, page.height))

    assert placed.width > placed.height
    free = (0, A4[0] - GUTTER) if odd else (GUTTER, A4[0])
    assert (box.bottom, box.top) == pytest.approx(free)


@pytest.mark.parametrize("odd", [True, False])
def test_a_gutter_costs_nothing_where_the_page_has_margins(odd: bool) -> None:
    page = text(margin=26 * MM)
    placed = place(page, replace(PAPER, gutter=GUTTER), odd=odd, label_width=LABEL)

    assert placed.matrix == (1, 0, 0, 1, 0, 0)


# --- the label -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [text(), covered(), text(300, 200), text(*reversed(A4)), covered(1000, 2000)])
@pytest.mark.parametrize("odd", [True, False])
def test_a_label_stands_at_the_outer_corner_one_character_in(page: PartPage, odd: bool) -> None:
    placed = place(page, PAPER, odd=odd, label_width=LABEL)
    edge = 26 * MM + SIZE  # the type area of GB/T 9704 ends 26 mm from the fore edge

    assert placed.label_y == pytest.approx(15 * MM)
    assert placed.label_x == pytest.approx(placed.width - edge - LABEL if odd else edge)


@pytest.mark.parametrize(
    ("position", "odd", "x"),
    [
        ("left", True, 26 * MM + SIZE),
        ("left", False, 26 * MM + SIZE),
        ("right", True, A4[0] - 26 * MM - SIZE - LABEL),
        ("right", False, A4[0] - 26 * MM - SIZE - LABEL),
        ("center", True, (A4[0] - LABEL) / 2),
        ("center", False, (A4[0] - LABEL) / 2),
    ],
)
def test_a_label_stands_where_the_manifest_puts_it(position: Position, odd: bool, x: float) -> None:
    placed = place(text(), replace(PAPER, position=position, bottom=20 * MM), odd=odd, label_width=LABEL)

    assert (placed.label_x, placed.label_y) == pytest.approx((x, 20 * MM))


def test_a_wide_gutter_pushes_a_label_beside_it_inwards() -> None:
    paper = replace(PAPER, gutter=40 * MM, position="left")

    assert place(text(), paper, odd=True, label_width=LABEL).label_x == pytest.approx(40 * MM + SIZE)
    assert place(text(), paper, odd=False, label_width=LABEL).label_x == pytest.approx(26 * MM + SIZE)


def test_a_long_label_gives_up_its_inset_before_it_enters_the_gutter() -> None:
    long = A4[0] - GUTTER - 40.0
    odd = place(text(), replace(PAPER, gutter=GUTTER), odd=True, label_width=long)
    even = place(text(), replace(PAPER, gutter=GUTTER), odd=False, label_width=long)

    assert odd.label_x == pytest.approx(GUTTER + SIZE)
    assert even.label_x + long == pytest.approx(A4[0] - GUTTER - SIZE)


def test_ink_at_the_labels_place_moves_the_page_up_and_no_further_than_it_must() -> None:
    paper = replace(PAPER, position="center")
    page = drawn(*A4, Box(280, 40, 320, 60), Box(280, 400, 320, 500))
    placed = place(page, paper, odd=True, label_width=LABEL)
    foot = min(box.bottom for box in ink_on_sheet(page, placed))

    assert placed.matrix[:5] == (1, 0, 0, 1, 0)
    assert 1 * MM < foot - label_box(placed, paper, LABEL).top < CLEAR


def test_ink_beside_the_labels_place_moves_nothing() -> None:
    page = drawn(*A4, Box(0, 0, 250, 700))  # the label is at the right

    assert place(page, PAPER, odd=True, label_width=LABEL).matrix == (1, 0, 0, 1, 0, 0)


def test_without_a_label_its_place_is_free() -> None:
    assert place(covered(), PAPER, odd=True, label_width=0).matrix == (1, 0, 0, 1, 0, 0)


def test_a_scan_is_shrunk_to_stand_above_its_label_and_no_further() -> None:
    placed = place(covered(), PAPER, odd=True, label_width=LABEL)
    box = placed.box(Box(0, 0, *A4))

    assert box.top == pytest.approx(A4[1])
    assert 1 * MM < box.bottom - label_box(placed, PAPER, LABEL).top < CLEAR
    assert centred(covered(), placed)[0] == pytest.approx(0)


def test_ink_in_the_gutter_and_at_the_label_gives_way_to_both() -> None:
    paper = replace(PAPER, gutter=GUTTER)
    page = drawn(*A4, Box(8, 40, 550, 60))
    placed = place(page, paper, odd=True, label_width=LABEL)
    ink = ink_on_sheet(page, placed)

    assert min(box.left for box in ink) == pytest.approx(GUTTER, abs=2 * HAIR)
    assert min(box.bottom for box in ink) > label_box(placed, paper, LABEL).top


@pytest.mark.parametrize("size", [4.0, 14.0, 72.0])
@pytest.mark.parametrize("odd", [True, False])
@pytest.mark.parametrize("wide", [True, False])
def test_the_smallest_sheet_with_the_largest_label_still_shows_the_page_upright(
    size: float, odd: bool, wide: bool
) -> None:
    side = 50 * MM
    paper = Paper(side, side, gutter=side / 3, bottom=side / 3, font_size=size)
    page = covered(400, 200) if wide else covered(200, 400)
    a, b, c, d, _, _ = place(page, paper, odd=odd, label_width=4 * size).matrix

    assert (b, c) == (0, 0)
    assert a == d > 0


# --- landscape pages in a portrait book ----------------------------------------------------------------------------


@pytest.mark.parametrize("odd", [True, False])
def test_a_bound_table_has_its_head_at_the_left_of_an_upright_sheet(odd: bool) -> None:
    """The left edge is the binding edge of odd pages and the fore edge of even ones (GB/T 9704)."""
    page = text(*reversed(A4))
    placed = place(page, BOUND, odd=odd, label_width=LABEL)

    assert (placed.width, placed.height) == A4
    assert placed.point(0, page.height) == pytest.approx(
        (0, 0), abs=1e-9
    )  # upper left corner: at the foot of the sheet
    assert placed.point(page.width, page.height) == pytest.approx((0, A4[1]), abs=1e-9)
    assert placed.point(0, 0) == pytest.approx((A4[0], 0), abs=1e-9)


@pytest.mark.parametrize("odd", [True, False])
def test_a_bound_table_carries_its_label_where_every_sheet_does(odd: bool) -> None:
    table = place(text(*reversed(A4)), BOUND, odd=odd, label_width=LABEL)
    other = place(text(), BOUND, odd=odd, label_width=LABEL)

    assert (table.label_x, table.label_y) == (other.label_x, other.label_y)


@pytest.mark.parametrize(("odd", "free"), [(True, (GUTTER, A4[0])), (False, (0.0, A4[0] - GUTTER))])
def test_a_bound_table_leaves_the_gutter_of_its_sheet_free(odd: bool, free: tuple[float, float]) -> None:
    page = covered(*reversed(A4))
    placed = place(page, replace(BOUND, gutter=GUTTER), odd=odd, label_width=0)
    box = placed.box(Box(0, 0, page.width, page.height))

    assert (box.left, box.right) == pytest.approx(free)


def test_a_bound_table_larger_than_the_sheet_is_scaled_as_it_stands() -> None:
    page = text(420 * MM, 297 * MM, margin=40 * MM)
    placed = place(page, BOUND, odd=True, label_width=LABEL)

    assert scale(placed) == pytest.approx(210 / 297)  # its short side, which is 297 mm, lies across the sheet
    assert centred(page, placed) == pytest.approx((0, 0), abs=1e-9)


def test_an_upright_page_does_not_care_how_tables_are_bound() -> None:
    assert place(text(), BOUND, odd=True, label_width=LABEL) == place(text(), PAPER, odd=True, label_width=LABEL)


# --- turning -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turn", "corner"), [(0, "upper left"), (90, "upper right"), (180, "lower right"), (270, "lower left")]
)
def test_a_page_is_turned_clockwise(turn: int, corner: str) -> None:
    page = text(300, 500, margin=50)
    placed = place(page, PAPER, odd=True, label_width=LABEL, turn=turn)
    x, y = placed.point(0, page.height)  # where its upper left corner comes to lie

    upright = turn in (0, 180)
    assert (placed.width < placed.height) == upright
    up = "upper" if y > placed.height / 2 else "lower"
    assert f"{up} {'right' if x > placed.width / 2 else 'left'}" == corner
    assert scale(placed) == pytest.approx(1)
    assert centred(page, placed) == pytest.approx((0, 0))


def test_a_turned_page_gives_way_where_its_ink_comes_to_lie() -> None:
    page = drawn(*A4, Box(0, 0, 20, A4[1]))  # its left edge, which a quarter turn brings to the top
    paper = replace(PAPER, gutter=GUTTER)

    assert place(page, paper, odd=True, label_width=0, turn=90).matrix[5] == pytest.approx(A4[0] - GUTTER)
    assert place(page, paper, odd=False, label_width=0, turn=90).matrix[5] == pytest.approx(A4[0])


# --- links ---------------------------------------------------------------------------------------------------------


def test_a_box_is_carried_over_with_its_corners_in_order() -> None:
    placed = Placement(*A4, (0, 1, -1, 0, 500, 10), 0, 0)

    assert placed.box(Box(1, 2, 30, 40)) == Box(460, 11, 498, 40)
    assert placed.point(1, 2) == (498, 11)
