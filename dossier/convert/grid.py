"""What is on a worksheet, how much room it takes in print, and which of its rows are the header.

Rows and columns count from 1; widths are in characters of the workbook's default font, heights in points
(ECMA-376 part 1, 18.3 and 18.8).
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

MAX_COLUMNS = 16_384
MAX_ROWS = 1_048_576
MAX_HEADER_ROWS = 3
MAX_HEADER_HEIGHT = 200.0
_LONGEST = 4000  # characters of a text, to measure it
_LOOKED_AT = 60  # rows, for the header
_EMU = 12_700  # to a point
_DIGIT = 0.555  # width of a digit, to the size of its font, likewise
_LINE = 1.45  # height of a line, to the size of its font, as open Chinese faces have it

_CHINESE_DATE = 'yyyy"年"mm"月"dd"日"'
_FORMATS: dict[int, str] = {
    **{1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ??/??"},
    **{13: "# ??/??", 14: "yyyy/mm/dd", 15: "dd-mmm-yy", 16: "dd-mmm", 17: "mmm-yy", 18: "hh:mm AM/PM"},
    **{19: "hh:mm:ss AM/PM", 20: "hh:mm", 21: "hh:mm:ss", 22: "yyyy/mm/dd hh:mm", 45: "mm:ss", 46: "[h]:mm:ss"},
    **{47: "mm:ss.0", 48: "##0.0E+0", 49: "@"},
    **dict.fromkeys((37, 38), "#,##0 "),
    **dict.fromkeys((39, 40), "#,##0.00 "),
    **dict.fromkeys((*range(27, 37), *range(50, 59)), _CHINESE_DATE),
}
"""Number formats that files name by number only (18.8.30); any other is General."""

_NUMBER_TEXT = re.compile(r"[+-]?[\d,]*\.?\d+%?|\d{4}[-/.年]\d{1,2}(?:[-/.月](?:\d{1,2}日?)?)?")
_REFERENCE = re.compile(r"([A-Z]{1,3})\d+")
_AREA = re.compile(r"!\$?([A-Z]{1,3})?\$?(\d+)?(?::\$?([A-Z]{1,3})?\$?(\d+)?)?")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QUOTED_NAME = re.compile(r"'(?:[^']|'')*'")

Element = Any
"""An element of lxml, which has no types of its own."""


@dataclass(frozen=True, slots=True)
class Box:
    """A block of cells; all four sides belong to it."""

    left: int
    top: int
    right: int
    bottom: int

    def holds(self, row: int, column: int) -> bool:
        return self.top <= row <= self.bottom and self.left <= column <= self.right


@dataclass(frozen=True, slots=True)
class Style:
    """What of a cell's format decides how much room it needs.

    ``size`` is the font's, relative to the default one, and ``points`` as it is; ``fits`` says that text is shrunk or
    turned, so that its length says nothing; ``inked`` that the cell shows something even when it is empty.
    """

    code: str = "General"
    size: float = 1.0
    points: float = 11.0
    wraps: bool = False
    fits: bool = False
    inked: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A visible cell that holds something: ``number`` is None for text."""

    row: int
    column: int
    text: str
    number: float | None
    style: Style


class Lengths:
    """How wide each column or high each row is: ``usual``, but for those that have a length of their own."""

    def __init__(self, usual: float, own: Mapping[int, float]) -> None:
        self.usual = usual
        self.own = dict(own)
        self._index()

    def __getitem__(self, number: int) -> float:
        return self.own.get(number, self.usual)

    def between(self, first: int, last: int) -> float:
        """Return the length of all from ``first`` to ``last``."""
        low, high = bisect_left(self._numbers, first), bisect_right(self._numbers, last)
        return max(0, last - first + 1) * self.usual + self._more[max(low, high)] - self._more[low]

    def update(self, own: Mapping[int, float]) -> None:
        self.own |= own
        self._index()

    def _index(self) -> None:
        self._numbers = sorted(self.own)
        self._more = [0.0, *accumulate(self.own[number] - self.usual for number in self._numbers)]


@dataclass(slots=True)
class Grid:
    """What a sheet prints: ``cells`` by row, ``inked`` empty cells, and ``drawn``, what pictures and charts reach into.

    ``unit`` is the width of one character in points; ``merges`` are found by their first row and column.
    """

    unit: float
    columns: Lengths
    rows: Lengths
    merges: dict[tuple[int, int], Box]
    cells: dict[int, list[Cell]]
    inked: list[tuple[int, int]]
    drawn: Box

    def box_of(self, cell: Cell) -> Box:
        """Return the block that a cell fills."""
        return self.merges.get((cell.row, cell.column)) or Box(cell.column, cell.row, cell.column, cell.row)

    def within(self, areas: Sequence[Box]) -> dict[int, list[Cell]]:
        """Return the cells inside print areas, by row; all where there are no areas."""
        if not areas:
            return self.cells
        kept = {r: [c for c in cells if any(a.holds(r, c.column) for a in areas)] for r, cells in self.cells.items()}
        return {row: cells for row, cells in kept.items() if cells}

    @property
    def last_row(self) -> int:
        """The last row that holds anything but ruled or coloured cells."""
        return max([*self.cells, self.drawn.bottom, 1])

    def last_column(self, areas: Sequence[Box] = ()) -> int:
        """Return the last column that shows anything."""
        used = max((self.box_of(c).right for row in self.within(areas).values() for c in row), default=1)
        return max([used, self.drawn.right, *(column for _, column in self.inked)])

    def size(self, areas: Sequence[Box] = ()) -> tuple[float, float]:
        """Return the width and height of what is printed, in points."""
        right, bottom = self.last_column(areas), max([self.last_row, *(row for row, _ in self.inked)])
        if areas:
            wide = max(self.columns.between(area.left, min(area.right, right)) for area in areas)
            high = max(self.rows.between(area.top, min(area.bottom, bottom)) for area in areas)
        else:
            wide = max([self.columns.between(1, right), *(self._spilt(row[-1]) for row in self.cells.values())])
            high = self.rows.between(1, bottom)
        return max(wide * self.unit, 1.0), max(high, 1.0)

    def _spilt(self, last: Cell) -> float:
        """Return how far right the last text of a row reaches over empty cells."""
        if last.number is not None or last.style.wraps or (last.row, last.column) in self.merges:
            return 0.0
        return self.columns.between(1, last.column - 1) + text_width(last.text.split("\n")[0]) * last.style.size


def read(
    root: Element, drawings: Sequence[Element], styles: Sequence[Style], strings: Sequence[str], points: float
) -> Grid:
    """Read a worksheet, of which hidden rows and columns are left out; ``points`` is the default font's size."""
    form = root.find("{*}sheetFormatPr")
    width = number(form, "defaultColWidth", number(form, "baseColWidth", 8) + 0.83)
    columns: dict[int, float] = {}
    last = 0
    for element in root.iterfind("{*}cols/{*}col"):
        first, last = max(last + 1, int(element.get("min", 1))), min(int(element.get("max", 1)), MAX_COLUMNS)
        shown = 0.0 if is_true(element, "hidden") else number(element, "width", width)
        columns |= dict.fromkeys(range(first, last + 1), shown)
    merges = [box for m in root.iterfind("{*}mergeCells/{*}mergeCell") for box in boxes(f"!{m.get('ref')}")]
    grid = Grid(
        points * _DIGIT,
        Lengths(width, columns),
        Lengths(number(form, "defaultRowHeight", 15.0), {}),
        {(box.top, box.left): box for box in merges},
        {},
        [],
        Box(1, 1, 0, 0),
    )
    _read_rows(root, grid, styles, strings)
    reaches = [reach for drawing in drawings for reach in _reaches(drawing, grid)]
    grid.drawn = Box(1, 1, max((r for r, _ in reaches), default=0), max((b for _, b in reaches), default=0))
    return grid


def lines(root: Element) -> Iterator[tuple[int, Element]]:
    """Return the rows of a sheet with their numbers, which may be left out."""
    row = 0
    for line in root.iterfind("{*}sheetData/{*}row"):
        row = int(line.get("r", row + 1))
        yield row, line


def _read_rows(root: Element, grid: Grid, styles: Sequence[Style], strings: Sequence[str]) -> None:
    heights: dict[int, float] = {}
    for row, line in lines(root):
        hidden = is_true(line, "hidden")
        if hidden or line.get("ht"):
            heights[row] = 0.0 if hidden else number(line, "ht", grid.rows.usual)
        column, cells = 0, []
        for element in () if hidden else line.iterfind("{*}c"):
            column = _column_of(element.get("r"), column + 1)
            if grid.columns[column] == 0.0:
                continue
            style = at(styles, element.get("s"), Style())
            text, value = _value(element, strings)
            if text:
                cells.append(Cell(row, column, text[:_LONGEST], value, style))
            elif style.inked:
                grid.inked.append((row, column))
        if cells:
            grid.cells[row] = cells
    grid.rows.update(heights)


def _value(cell: Element, strings: Sequence[str]) -> tuple[str, float | None]:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(part.text or "" for part in cell.iter("{*}t")).strip(), None
    text = (cell.findtext("{*}v") or "").strip()
    if kind == "s":
        return at(strings, text or "-1", "").strip(), None
    if kind == "n" and text:
        try:
            return text, float(text)
        except ValueError:
            return text, None
    return text or ("0" if cell.find("{*}f") is not None and kind != "str" else ""), None


def _reaches(drawing: Element, grid: Grid) -> list[tuple[int, int]]:
    """Return the last column and row of each picture and chart."""
    found = []
    for anchor in drawing:
        start, end = anchor.find("{*}from"), anchor.find("{*}to")
        corner = start if end is None else end
        if corner is None:
            continue
        column, row = int(corner.findtext("{*}col") or 0), int(corner.findtext("{*}row") or 0)
        if end is None:
            size = anchor.find("{*}ext")
            column += int(number(size, "cx", 0) / _EMU / (grid.columns.usual * grid.unit or 1.0))
            row += int(number(size, "cy", 0) / _EMU / (grid.rows.usual or 1.0))
        found.append((min(column + 1, MAX_COLUMNS), min(row + 1, MAX_ROWS)))
    return found


# --- the header ----------------------------------------------------------------------------------------------------


def header(grid: Grid, areas: Sequence[Box] = ()) -> tuple[int, int] | None:
    """Return the first and last row of the header that a table repeats on each page, or None where none is plain.

    It ends above the first row of data: the first row that is well filled, but for rows of years and for the numbers
    that Chinese tables give to their columns. Title lines above it come along while it is three rows in all.
    """
    cells = grid.within(areas)
    rows = sorted(cells)[:_LOOKED_AT]
    filled = max((len(cells[row]) for row in rows), default=0)
    head = next((row for row in rows if _is_well_filled(grid, cells[row], filled)), 0)
    if filled < 2 or not head or head == rows[-1]:
        return None
    if _is_heading(cells[head]):
        bottom = _last_header_row(grid, cells, head)
    else:
        above = cells.get(head - 1, [])
        if len(above) < 2 or not _is_heading(above):
            return None
        head = bottom = head - 1
    first = min((area.top for area in areas), default=1)
    for row in (first, head):
        start = min([row, *(merge.top for merge in grid.merges.values() if merge.top < row <= merge.bottom)])
        if bottom - start < MAX_HEADER_ROWS and grid.rows.between(start, bottom) <= MAX_HEADER_HEIGHT:
            return start, bottom
    return None


def _is_well_filled(grid: Grid, cells: Sequence[Cell], filled: int) -> bool:
    boxes = [grid.box_of(cell) for cell in cells]
    return len(cells) >= max(2, 0.3 * filled) and sum(b.right - b.left + 1 for b in boxes) >= 0.6 * filled


def _is_heading(cells: Sequence[Cell]) -> bool:
    """Say whether a row holds words and years only."""
    return not any(
        (cell.number is not None or _NUMBER_TEXT.fullmatch(cell.text)) and not _is_year(cell) for cell in cells
    )


def _is_year(cell: Cell) -> bool:
    return _is_count(cell) and 1949 <= int(cell.text) <= 2100


def _is_count(cell: Cell) -> bool:
    return cell.text.isascii() and cell.text.isdigit() and len(cell.text) < 5


def _last_header_row(grid: Grid, cells: Mapping[int, list[Cell]], head: int) -> int:
    own = [grid.box_of(cell) for cell in cells[head]]
    bottom = max(box.bottom if box.bottom < head + MAX_HEADER_ROWS else head for box in own)
    below = cells.get(bottom + 1, [])
    if bottom == head and any(box.right > box.left for box in own) and below and _is_heading(below):
        bottom += 1
        below = cells.get(bottom + 1, [])
    counts = [int(cell.text) for cell in below if _is_count(cell)]
    numbered = len(counts) > 2 and counts[0] <= 2 and all(b == a + 1 for a, b in pairwise(counts))
    return bottom + 1 if numbered else bottom


# --- how wide and high contents are --------------------------------------------------------------------------------


def printable(text: str) -> str:
    """Return a text with a space for each character that XML cannot hold."""
    return _NOT_IN_XML.sub(" ", text)


def text_width(text: str) -> float:
    """Return the width of a text in half-width characters: a Chinese one counts twice."""
    if text.isascii():
        return float(len(text))
    return sum(2.0 if unicodedata.east_asian_width(char) in "WFA" else 1.0 for char in text)


def text_height(cell: Cell, width: float) -> float:
    """Return the points that the text of a cell takes in a column of ``width``."""
    lines = 1
    if cell.style.wraps and cell.number is None:
        room = max(1.0, (width - 1.0) / cell.style.size)
        lines = sum(max(1, math.ceil(text_width(line) / room)) for line in cell.text.split("\n"))
    return lines * cell.style.points * _LINE


def number_width(value: float, code: str) -> float:
    """Return how wide a number is when shown by a number format (18.8.31), General included."""
    sections = _without_quotes(code).split(";")
    negative = value < 0
    section = sections[1] if negative and len(sections) > 1 else sections[0]
    if not section.strip() or "General" in section or "通用格式" in section:
        # General leaves out decimals until it fits, and writes large numbers with an exponent.
        return min(len(str(int(abs(value)))), 11) + negative
    plain = re.sub(
        r"\[[^\]]*\]", lambda m: m.group()[1:-1] if m.group().lower()[1:-1].strip("hms") == "" else "", section
    )
    plain = re.sub(r"\\(.)|_.|\*.", lambda m: _literal(m.group(1)) if m.group(1) else " ", plain)
    lower = plain.lower()
    if "@" in lower:
        return float(len(f"{value:.15g}"))
    if re.search("[ymdhs]|aaa|am/pm", lower):
        return _date_width(lower)
    if re.search("e[+-]", lower):
        return text_width(plain) + 1
    pattern = re.search(r"[#0?,.]+", plain)
    if pattern is None:
        return text_width(plain)
    size = abs(value) * (100 if "%" in plain else 1)
    decimals = len(pattern.group().partition(".")[2])
    digits = f"{size:,.{decimals}f}" if "," in pattern.group() else f"{size:.{decimals}f}"
    least = sum(char in "0?" for char in pattern.group())
    return max(len(digits), least) + text_width(plain) - len(pattern.group()) + (negative and len(sections) < 2)


def _without_quotes(code: str) -> str:
    return re.sub('"([^"]*)"', lambda match: "".join(map(_literal, match.group(1))), code)


def _literal(char: str) -> str:
    """Return a character as wide as ``char`` that means nothing in a number format."""
    return "\u3000" if text_width(char) == 2 else "~"


def _date_width(code: str) -> float:
    for token, shown in (
        *(("am/pm|a/p", "~~"), ("yyy+|y+", "~~~~"), ("mmmm+|dddd+", "~~~~~~~~~"), ("mmm|ddd", "~~~")),
        *(("aaaa", "\u3000\u3000\u3000"), ("(?<![mdhs])[mdhs](?![mdhs])", "~~")),
    ):
        code = re.sub(token, shown, code)
    return text_width(code)


# --- what sheets share ---------------------------------------------------------------------------------------------


def read_styles(root: Element | None) -> tuple[list[Style], float]:
    """Return the formats that cells name by number, and the size of the default font."""
    if root is None:
        return [Style()], 11.0
    formats = root.iterfind("{*}numFmts/{*}numFmt")
    codes = _FORMATS | {int(element.get("numFmtId")): element.get("formatCode", "General") for element in formats}
    fonts = [
        (number(font.find("{*}sz"), "val", 11.0) or 11.0, font.find("{*}b") is not None)
        for font in root.iterfind("{*}fonts/{*}font")
    ]
    default = fonts[0][0] if fonts else 11.0
    borders = [any(side.get("style", "none") != "none" for side in b) for b in root.iterfind("{*}borders/{*}border")]
    fills = [
        any(pattern.get("patternType", "none") != "none" for pattern in fill)
        for fill in root.iterfind("{*}fills/{*}fill")
    ]
    found: list[Style] = []
    for xf in root.iterfind("{*}cellXfs/{*}xf"):
        points, bold = at(fonts, xf.get("fontId"), (default, False))
        alignment = xf.find("{*}alignment")
        found.append(
            Style(
                codes.get(int(xf.get("numFmtId", 0)), "General"),
                points / default * (1.1 if bold else 1.0),
                points,
                wraps=is_true(alignment, "wrapText"),
                fits=is_true(alignment, "shrinkToFit") or number(alignment, "textRotation", 0) != 0,
                inked=at(borders, xf.get("borderId"), False) or at(fills, xf.get("fillId"), False),
            )
        )
    return found or [Style()], default


def read_strings(root: Element | None) -> list[str]:
    """Return the texts that cells name by number, without the phonetic guides that may stand beside them."""
    if root is None:
        return []
    return [
        "".join(t.text or "" for t in (*i.iterfind("{*}t"), *i.iterfind("{*}r/{*}t"))) for i in root.iterfind("{*}si")
    ]


# --- references and attributes -------------------------------------------------------------------------------------


def boxes(text: str) -> list[Box]:
    """Return the blocks of cells that a reference such as ``'A b'!$A$1:$C$9,'A b'!$E:$F`` names."""
    found = []
    for match in _AREA.finditer(_QUOTED_NAME.sub("", text)):
        left, top, right, bottom = match.groups()
        if left or top:
            first, last = column_number(left or "A"), column_number(right or left or letters(MAX_COLUMNS))
            found.append(Box(first, int(top or 1), last, int(bottom or (top if top and not right else MAX_ROWS))))
    return found


def _column_of(reference: str | None, otherwise: int) -> int:
    match = _REFERENCE.match(reference or "")
    return column_number(match[1]) if match else otherwise


def column_number(letters: str) -> int:
    """Return 28 for ``AB``."""
    result = 0
    for letter in letters:
        result = result * 26 + ord(letter) - 64
    return result


def letters(column: int) -> str:
    """Return ``AB`` for 28."""
    result = ""
    while column:
        column, rest = divmod(column - 1, 26)
        result = chr(65 + rest) + result
    return result


def at(values: Sequence[Any], position: str | None, otherwise: Any) -> Any:
    """Return the value that a file names by number, counted from 0."""
    index = int(position or 0)
    return values[index] if 0 <= index < len(values) else otherwise


def is_true(element: Element | None, name: str) -> bool:
    """Say whether an attribute is set to true."""
    return element is not None and element.get(name, "0") in {"1", "true", "on"}


def number(element: Element | None, name: str, otherwise: float) -> float:
    """Return an attribute as a number; ``otherwise`` where it is none."""
    try:
        value = otherwise if element is None else float(element.get(name, otherwise))
    except ValueError:
        return otherwise
    return value if math.isfinite(value) else otherwise
