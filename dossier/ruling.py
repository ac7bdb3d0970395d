"""How the workbooks look: a title, ruled cells whose rows are as high as their text, one page wide in print.

Programs do not make rows higher for text that was written by another program: their height is set here.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

Value = str | int | Decimal | None

GREY = PatternFill("solid", fgColor="FFE8E8E8")
RED = PatternFill("solid", fgColor="FFF2CCCC")
_NOT_IN_CELLS = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LONGEST_TEXT = 32_000
"""Characters of one cell; Excel takes a little more."""
_LINE, _TALLEST = 15.0, 400.0  # in points
_THIN = Side(style="thin", color="FF808080")
_EDGES = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)


def put(sheet: Worksheet, row: int, values: Sequence[Value]) -> None:
    """Write a row (from 1); text is written as text, whatever it looks like, and no longer than a cell may be."""
    for column, value in enumerate(values, start=1):
        cell = sheet.cell(row, column)
        if isinstance(value, str):
            cell.value = _NOT_IN_CELLS.sub("", value)[:LONGEST_TEXT]
            cell.data_type = "s"  # text that begins like a formula is text
            cell.quotePrefix = value[:1] in tuple("=+-@")  # and stays so when edited
        else:
            cell.value = value


def dress(sheet: Worksheet, widths: Sequence[float], *, frozen: int = 0, size: int = 9) -> None:
    """Dress a sheet whose first row is its title and whose second heads its columns.

    ``widths`` are those of the columns, in letters; ``frozen`` of them stay in sight. ``size`` is that of the paper as
    Excel numbers them: 9 is A4, 8 is A3.
    """
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(widths))
    sheet["A1"].font = Font(name="黑体", size=16)
    sheet["A1"].alignment = Alignment(horizontal="center", vertical="center")
    sheet.row_dimensions[1].height = 32
    for number, row in enumerate(sheet.iter_rows(min_row=2, max_row=sheet.max_row, max_col=len(widths)), start=2):
        lines = max(_lines(str(cell.value or ""), width) for cell, width in zip(row, widths, strict=True))
        sheet.row_dimensions[number].height = min(_LINE * lines + 4, _TALLEST)
        for cell in row:
            cell.border = _EDGES
            cell.alignment = Alignment(wrap_text=True, vertical="center")
            cell.font = Font(name="黑体" if number == 2 else "仿宋", size=11)
            if number == 2:
                cell.fill = GREY
    sheet.freeze_panes = f"{get_column_letter(frozen + 1)}3"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", str(size)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "2:2"


def _lines(text: str, width: float) -> int:
    wide = (sum(2 if unicodedata.east_asian_width(one) in "WFA" else 1 for one in line) for line in text.split("\n"))
    return sum(max(1, math.ceil(letters / (width - 1))) for letters in wide)
