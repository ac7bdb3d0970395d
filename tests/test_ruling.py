"""A workbook's rows are as high as their text, and its sheet prints one page wide with its heads repeated."""

from __future__ import annotations

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from dossier import ruling


@pytest.fixture
def sheet() -> Worksheet:
    found = Workbook().active
    assert isinstance(found, Worksheet)
    for row in (["Title"], ["A", "B"], ["x", "质" * 30], ["one\ntwo\nthree", "y"]):
        found.append(row)
    ruling.dress(found, [10, 21], frozen=1)
    return found


def test_rows_are_as_high_as_their_text(sheet: Worksheet) -> None:
    heights = [sheet.row_dimensions[row].height or 0 for row in (2, 3, 4)]
    assert heights[1] == heights[2] > 2.5 * heights[0] > 0


def test_it_prints_one_page_wide_with_its_heads_on_every_page(sheet: Worksheet) -> None:
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.page_setup.orientation == "landscape"
    assert str(sheet.print_title_rows).replace("$", "") == "2:2"
    assert sheet.freeze_panes == "B3"


def test_every_cell_is_ruled_and_wraps(sheet: Worksheet) -> None:
    for row in sheet.iter_rows(min_row=2, max_col=2):
        for cell in row:
            assert cell.border.left.style == "thin"
            assert cell.alignment.wrap_text
