"""What is known of a page survives being written down: its ink mask and its boxes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.part import INK_CELL, Box, Ink


@st.composite
def inks(draw: st.DrawFn) -> Ink:
    columns = draw(st.integers(1, 70))
    return Ink(columns, tuple(draw(st.lists(st.integers(0, (1 << columns) - 1), min_size=1, max_size=40))))


# Quarters are exact, so that a test may add and compare them.
numbers = st.integers(-40, 40).map(lambda number: number / 4)


@given(inks())
def test_a_mask_reads_back_as_it_was_packed(ink: Ink) -> None:
    assert Ink.unpack(ink.pack()) == ink


@given(inks())
def test_a_packed_mask_is_one_line_of_plain_text(ink: Ink) -> None:
    text = ink.pack()

    assert json.dumps(text) == f'"{text}"'


@pytest.mark.parametrize("columns", [1, 7, 8, 9, 16, 17, 210])
def test_the_last_column_is_kept(columns: int) -> None:
    ink = Ink(columns, (1 << (columns - 1), 0, 1))

    assert Ink.unpack(ink.pack()).rows == ink.rows


def test_a_page_of_a_scan_packs_small() -> None:
    assert len(Ink.full(595.3, 841.9).pack()) < 100


def test_a_full_mask_has_ink_in_every_cell_of_about_four_points() -> None:
    ink = Ink.full(595.3, 841.9)

    assert all(row.bit_count() == ink.columns for row in ink.rows)
    assert 595.3 / ink.columns == pytest.approx(INK_CELL, rel=0.01)
    assert 841.9 / len(ink.rows) == pytest.approx(INK_CELL, rel=0.01)


def test_the_tiniest_page_has_one_cell() -> None:
    assert Ink.full(0.5, 0.5) == Ink(1, (1,))


@pytest.mark.parametrize(("rows", "blank"), [((0, 0), True), ((0, 1), False), ((4, 0), False)])
def test_a_mask_is_blank_without_ink(rows: tuple[int, ...], blank: bool) -> None:
    assert Ink(3, rows).blank is blank


def test_a_box_has_width_and_height() -> None:
    box = Box(10, 20, 13, 27)

    assert (box.width, box.height) == (3, 7)
