"""A sheet that folds out lies among the others once it is folded, its label where theirs are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier import foldout, placement
from dossier.foldout import FoldOut
from dossier.part import Box, Ink, PartPage
from dossier.placement import MM, Paper, Placement

WIDTH, HEIGHT = 210 * MM, 297 * MM
EMPTY = Ink(1, (0,))


def fold(gutter: float = 20 * MM, **paper: object) -> FoldOut:
    return FoldOut(Paper(WIDTH, HEIGHT, gutter, **paper))  # type: ignore[arg-type]


def page(width: float, height: float, ink: Box | None = None) -> PartPage:
    """Return a page whose ink covers a box, or all of it."""
    made = Ink.full(width, height)
    if ink is None:
        return PartPage(width, height, made, "")
    across, up = width / made.columns, height / len(made.rows)
    row = sum(1 << n for n in range(made.columns) if ink.left <= n * across <= ink.right)
    rows = tuple(row if ink.bottom <= n * up <= ink.top else 0 for n in range(len(made.rows)))
    return PartPage(width, height, Ink(made.columns, rows), "")


A3 = page(420 * MM, 297 * MM, Box(30 * MM, 30 * MM, 390 * MM, 270 * MM))


def folded(x: float, of: FoldOut) -> tuple[float, int]:
    """Return where a point ``x`` of the sheet, from its binding edge, comes to lie once folded, and on which part."""
    first, second = of.folds
    if x <= first:
        return x, 1
    if x <= second:
        return 2 * first - x, 2
    return x - 2 * (second - first), 3


# --- folding -------------------------------------------------------------------------------------------------------


def test_an_a3_sheet_with_a_margin_of_20_mm_is_folded_at_125_and_230_mm() -> None:
    assert [round(value / MM, 2) for value in fold().folds] == [125, 230]


@given(st.floats(0, 60).map(lambda value: value * MM))
def test_a_folded_sheet_is_as_wide_as_the_others_and_leaves_the_binding_edge_alone(gutter: float) -> None:
    of = fold(gutter)
    first, second = of.folds
    assert folded(of.width, of)[0] == pytest.approx(WIDTH)
    assert folded(second, of)[0] == pytest.approx(of.margin)
    assert of.margin >= max(gutter, 20 * MM)
    assert first < WIDTH


# --- the label -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", [True, False])
@given(st.floats(20, 180), st.floats(5, 30))
def test_the_label_of_a_folded_sheet_is_where_it_is_on_the_others(odd: bool, left: float, wide: float) -> None:
    x, width = left * MM, min(wide, 210 - left) * MM
    of = fold()
    at = of.label_x(x, width, odd=odd)
    ends = [at, at + width] if odd else [of.width - at, of.width - at - width]
    places = [folded(end, of)[0] for end in ends]
    assert places == pytest.approx([x, x + width] if odd else [WIDTH - x, WIDTH - x - width])
    # Of the front the last part shows, but for a strip; of the back the first part, and what stands out behind it.
    part = folded(sum(ends) / 2, of)[1]
    assert part == ((3 if x >= of.margin else 1) if odd else (1 if max(places) <= of.folds[0] else 3))


@pytest.mark.parametrize("position", ["outer", "center", "right", "left"])
@pytest.mark.parametrize("odd", [True, False])
def test_a_label_anywhere_at_the_foot_shows_on_the_folded_sheet(position: str, odd: bool) -> None:
    of = fold(position=position)
    width = 40.0
    usual = placement.place(PartPage(WIDTH, HEIGHT, EMPTY, ""), of.paper, odd=odd, label_width=width)
    at = of.label_x(usual.label_x, width, odd=odd)
    near = at if odd else of.width - at - width
    part = folded(near + width / 2, of)[1]
    assert part != 2, "the part in the middle is folded away"
    if part == 1 and odd:
        assert near + width <= of.margin
    if part == 3 and not odd:
        assert folded(near, of)[0] >= of.folds[0] - 0.01


# --- the page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height", "wants"),
    [
        (420, 297, True), (297, 420, True), (594, 420, True), (420, 100, True),
        (210, 297, False), (297, 210, False), (338.7, 190.5, False), (250, 353, False),
    ],
)  # fmt: skip
def test_a_page_folds_out_where_it_would_be_reduced_by_more_than_a_fifth(
    width: float, height: float, wants: bool
) -> None:
    assert fold().wants(page(width * MM, height * MM)) is wants


def placed(of: FoldOut, one: PartPage | None, *, odd: bool, width: float = 40.0, turn: int = 0) -> Placement:
    usual = placement.place(one, of.paper, odd=odd, label_width=width, turn=turn) if one else placement.blank(of.paper)
    upright = placement.place(PartPage(WIDTH, HEIGHT, EMPTY, ""), of.paper, odd=odd, label_width=width)
    return of.place(one, usual, odd=odd, label=(upright.label_x, upright.label_y, width), turn=turn)


@pytest.mark.parametrize("odd", [True, False])
def test_a_page_that_folds_out_is_as_large_as_it_is(odd: bool) -> None:
    made = placed(fold(), A3, odd=odd)
    assert (made.width, made.height) == pytest.approx((420 * MM, 297 * MM))
    assert made.matrix == pytest.approx((1, 0, 0, 1, 0, 0), abs=0.01)


@pytest.mark.parametrize("odd", [True, False])
def test_what_reaches_the_binding_edge_is_moved_away_from_it(odd: bool) -> None:
    full = page(
        420 * MM, 297 * MM, Box(0, 60 * MM, 390 * MM, 270 * MM) if odd else Box(30 * MM, 60 * MM, 420 * MM, 800)
    )
    made = placed(fold(), full, odd=odd)
    a, _, _, _, e, _ = made.matrix
    assert a == pytest.approx(1, abs=0.02)
    ink = (e, e + 390 * MM * a) if odd else (e + 30 * MM * a, e + 420 * MM * a)
    assert ink[0] >= (20 * MM if odd else 0) - 6
    assert ink[1] <= made.width - (0 if odd else 20 * MM) + 6


@pytest.mark.parametrize("odd", [True, False])
def test_an_upright_page_that_folds_out_is_turned_a_quarter_to_the_left(odd: bool) -> None:
    tall = page(297 * MM, 420 * MM, Box(40 * MM, 40 * MM, 250 * MM, 380 * MM))
    made = placed(fold(), tall, odd=odd)
    head, foot = made.point(150 * MM, 400 * MM), made.point(150 * MM, 20 * MM)
    assert head[0] < foot[0]
    assert head[1] == pytest.approx(foot[1])


def test_a_page_that_is_turned_by_the_manifest_is_turned_first() -> None:
    tall = page(297 * MM, 420 * MM, Box(40 * MM, 40 * MM, 250 * MM, 380 * MM))
    made = placed(fold(), tall, odd=True, turn=90)
    left, right = made.point(150 * MM, 20 * MM), made.point(150 * MM, 400 * MM)
    assert left[0] < right[0], "a quarter to the right, its head is at the right; and then it fits as it lies"
    assert left[1] == pytest.approx(right[1])


@pytest.mark.parametrize("odd", [True, False])
@pytest.mark.parametrize("size", [(210, 297), (297, 210)])
def test_any_other_page_lies_on_the_half_at_the_binding_edge(odd: bool, size: tuple[float, float]) -> None:
    width, height = (side * MM for side in size)
    one = page(width, height, Box(30 * MM, 40 * MM, width - 30 * MM, height - 30 * MM))
    made = placed(fold(), one, odd=odd)
    corners = [made.point(x, y) for x in (30 * MM, width - 30 * MM) for y in (40 * MM, height - 30 * MM)]
    half = (20 * MM, WIDTH) if odd else (WIDTH, 2 * WIDTH - 20 * MM)
    for x, y in corners:
        assert half[0] - 1 <= x <= half[1] + 1
        assert 0 <= y <= HEIGHT


def test_an_empty_side_of_a_sheet_that_folds_out_is_as_large_as_the_other() -> None:
    made = placed(fold(), None, odd=False, width=0)
    assert (made.width, made.height) == pytest.approx((2 * WIDTH, HEIGHT))


@pytest.mark.parametrize("odd", [True, False])
def test_nothing_of_a_page_lies_under_its_label(odd: bool) -> None:
    of = fold(position="center")
    for one in (page(420 * MM, 297 * MM), page(297 * MM, 210 * MM), page(297 * MM, 420 * MM)):
        made = placed(of, one, odd=odd)
        label = placement.label_zone(made.label_x, made.label_y, of.paper, 40.0)
        assert label is not None
        box = made.box(Box(0, 0, one.width, one.height))
        over = box.left < label.right and box.right > label.left and box.bottom < label.top and box.top > label.bottom
        assert not over


def test_lines_go_where_what_they_underline_goes() -> None:
    before = placement.place(A3, fold().paper, odd=True, label_width=40)
    after = placed(fold(), A3, odd=True)
    on_page = (100.0, 200.0, 300.0, 200.0)
    line = (*before.point(*on_page[:2]), *before.point(*on_page[2:]))
    (moved,) = foldout.moved((line,), before, after)
    wanted = (*after.point(*on_page[:2]), *after.point(*on_page[2:]))
    assert moved == pytest.approx(wanted, abs=0.01)
    assert all(a <= b for a, b in pairwise((moved[0], moved[2])))
