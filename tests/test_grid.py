"""A sheet is measured as it would print, and the rows that its author meant for a header are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from lxml import etree  # type: ignore[import-untyped]

from dossier.convert import grid
from dossier.convert.grid import Box, Cell, Lengths, Style

ONE = Style()


def read(data: str, before: str = "", after: str = "", styles: Sequence[Style] = (ONE,)) -> grid.Grid:
    root = etree.fromstring(f"<worksheet>{before}<sheetData>{data}</sheetData>{after}</worksheet>")
    return grid.read(root, [], styles, ["共享", "乙"], 11.0)


def table(*rows: Sequence[str | float | None], merged: str = "") -> grid.Grid:
    """Return a grid of ``rows``; ``merged`` holds references such as ``A1:C1``."""
    data = ""
    for y, row in enumerate(rows, start=1):
        cells = ""
        for x, value in enumerate(row, start=1):
            if isinstance(value, str):
                cells += f'<c r="{grid.letters(x)}{y}" t="inlineStr"><is><t>{value}</t></is></c>'
            elif value is not None:
                cells += f'<c r="{grid.letters(x)}{y}"><v>{value}</v></c>'
        data += f'<row r="{y}">{cells}</row>'
    merges = "".join(f'<mergeCell ref="{reference}"/>' for reference in merged.split())
    return read(data, after=f"<mergeCells>{merges}</mergeCells>")


# --- the header ----------------------------------------------------------------------------------------------------

A: list[str | float | None] = ["甲", 1, 2]
HEADERS: dict[str, tuple[grid.Grid, tuple[int, int] | None]] = {
    "a header": (table(["名称", "数", "率"], A, A), (1, 1)),
    "a title comes along": (table(["统计表"], ["名称", "数", "率"], A, A, merged="A1:C1"), (1, 2)),
    "a title and a unit come along": (table(["统计表"], ["单位：质强办"], ["名称", "数", "率"], A), (1, 3)),
    "no more than three rows": (table(["统计表"], ["某单位"], ["某日期"], ["名称", "数", "率"], A), (4, 4)),
    "two levels": (table(["名称", "一月", None], [None, "数", "率"], A, merged="A1:A2 B1:C1"), (1, 2)),
    "two levels by merged heads alone": (table(["名称", "一月", None], ["甲", "数", "率"], A, merged="B1:C1"), (1, 2)),
    "years are heads": (table(["名称", 2022, 2023], A, A), (1, 1)),
    "columns that are numbered": (table(["名称", "数", "率", "备注"], ["甲", 1, 2, 3], ["某县", 5, 6, 7]), (1, 2)),
    "all words": (table(["姓名", "单位", "职务"], ["张三", "某局", "科长"], ["李四", "某局", "科员"]), (1, 1)),
    "digits written as text": (table(["姓名", "证号"], ["张三", "522401199001011234"], ["李四", "5224"]), (1, 1)),
    "dates written as text": (table(["姓名", "日期"], ["张三", "2023-1-2"], ["李四", "2023年3月4日"]), (1, 1)),
    "a total row is no head": (table(["名称", "数", "率"], ["合计", 9, 9], A), (1, 1)),
    "a head that is half empty": (table([None, "数"], ["甲", 1], ["乙", 2]), None),
    "numbers from the start": (table([1, 2, 3], [4, 5, 6]), None),
    "one column": (table(["一"], ["二"], ["三"]), None),
    "nothing": (table(), None),
    "a head with nothing below": (table(["名称", "数", "率"]), None),
    "many merged heads": (
        table(
            ["表"],
            ["又"],
            ["再"],
            ["名称", "一", None, "二", None, "三", None, "四", None],
            [None, *["数", "率"] * 4],
            ["甲", *[5] * 8],
            merged="B4:C4 D4:E4 F4:G4 H4:I4",
        ),
        (4, 5),
    ),
    "a line of two facts is no head": (
        table(["表"], ["单位：甲", *[None] * 4, "日期：乙"], ["说明"], list("abcdefg"), [1] * 7, merged="A2:E2 F2:G2"),
        (4, 4),
    ),
}


@pytest.mark.parametrize("case", HEADERS)
def test_the_header_is(case: str) -> None:
    contents, expected = HEADERS[case]
    assert grid.header(contents) == expected


def test_the_header_of_a_print_area_is_inside_it() -> None:
    contents = table(["说明"], ["名称", "数", "率"], A, A)
    assert grid.header(contents, [Box(1, 2, 3, 4)]) == (2, 2)


def test_a_header_is_not_torn_from_merged_cells() -> None:
    contents = table(["说明"], ["又"], ["大类"], [None, "数", "率", "备注"], ["甲", 5, 9, 2], merged="A3:A4")
    assert grid.header(contents) == (3, 4)


def test_a_header_as_high_as_a_page_is_not_repeated() -> None:
    data = '<row r="1" ht="300"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    contents = read(data + '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2</v></c></row>')
    assert grid.header(contents) is None


# --- reading -------------------------------------------------------------------------------------------------------


def test_cells_may_leave_out_where_they_are() -> None:
    contents = read(
        '<row><c t="s"><v>0</v></c><c><v>5</v></c></row><row r="4"><c r="C4"><v>6</v></c><c><v>7</v></c></row>'
    )
    found = [(cell.row, cell.column, cell.text) for row in contents.cells.values() for cell in row]
    assert found == [(1, 1, "共享"), (1, 2, "5"), (4, 3, "6"), (4, 4, "7")]


def test_text_numbers_and_errors_are_told_apart() -> None:
    data = (
        '<row><c t="s"><v>1</v></c><c><v>1.5</v></c><c t="e"><v>#N/A</v></c>'
        '<c t="str"><f>x</f><v>值</v></c><c t="b"><v>1</v></c></row>'
    )
    assert [(cell.text, cell.number) for cell in read(data).cells[1]] == [
        *(("乙", None), ("1.5", 1.5), ("#N/A", None), ("值", None), ("1", None))
    ]


@pytest.mark.parametrize("cell", ['<c t="s"><v>9</v></c>', "<c/>", "<c><v> </v></c>", '<c t="s"><v>-3</v></c>'])
def test_what_holds_nothing_is_no_cell(cell: str) -> None:
    assert read(f"<row>{cell}</row>").cells == {}


def test_hidden_rows_and_columns_are_not_there() -> None:
    hidden = '<cols><col min="2" max="2" width="9" hidden="1"/></cols>'
    row = '<c r="A{0}"><v>1</v></c><c r="B{0}"><v>2</v></c>'
    contents = read(f'<row r="1">{row.format(1)}</row><row r="2" hidden="1">{row.format(2)}</row>', before=hidden)
    assert [(cell.row, cell.column) for cells in contents.cells.values() for cell in cells] == [(1, 1)]
    assert contents.rows.between(1, 2) == contents.rows.usual
    assert contents.columns.between(1, 2) == contents.columns.usual


def test_columns_that_overlap_are_read_once() -> None:
    contents = read("", '<cols><col min="1" max="16384" width="5"/><col min="1" max="9999999" width="7"/></cols>')
    assert contents.columns[16384] == 5.0
    assert len(contents.columns.own) == 16384


def test_a_picture_reaches_as_far_as_its_size() -> None:
    root = etree.fromstring("<worksheet><sheetData/></worksheet>")
    # Ten columns of 8.83 digits are 539 pt, and four rows 60 pt; a point is 12700 units.
    one = '<a><from><col>1</col><row>1</row></from><ext cx="6900000" cy="762000"/></a>'
    contents = grid.read(root, [etree.fromstring(f"<wsDr>{one}</wsDr>")], [ONE], [], 11.0)
    assert contents.drawn == Box(1, 1, 12, 6)


def test_lengths_add_up() -> None:
    lengths = Lengths(10.0, {2: 0.0, 5: 25.0})
    assert [lengths.between(*span) for span in ((1, 1), (1, 5), (2, 2), (3, 4), (5, 9), (6, 5))] == [
        10,
        55,
        0,
        20,
        65,
        0,
    ]
    lengths.update({1: 11.0, 5: 10.0})
    assert lengths.between(1, 5) == 41


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sheet1!$A$1:$C$9", [Box(1, 1, 3, 9)]),
        ("'a!$B$2 ''x'!$A$1:$C$9,'a!$B$2 ''x'!$E$2", [Box(1, 1, 3, 9), Box(5, 2, 5, 2)]),
        ("Sheet1!$A:$C", [Box(1, 1, 3, grid.MAX_ROWS)]),
        ("Sheet1!$2:$3", [Box(1, 2, grid.MAX_COLUMNS, 3)]),
        ("!B7", [Box(2, 7, 2, 7)]),
        ("OFFSET(x)", []),
    ],
)
def test_references_are_read(text: str, expected: list[Box]) -> None:
    assert grid.boxes(text) == expected


@pytest.mark.parametrize(
    ("number", "name"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA"), (16384, "XFD")]
)
def test_columns_have_letters(number: int, name: str) -> None:
    assert grid.letters(number) == name
    assert grid.column_number(name) == number


# --- widths --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (1234.5, "General", "1235"),  # General leaves out decimals before it gives up
        (-12, "General", "-12"),
        (1e15, "General", "1.00000E+15"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (-5.0, "0.00", "-5.00"),
        (-5.0, "0.00;(0.00)", "(5.00)"),
        (5.0, "0000", "0005"),
        (0.935, "0.0%", "93.5%"),
        (123.0, "0%", "12300%"),
        (12.0, '0"个"', "12个"),
        (12.0, "[Red]0.0_ ", "12.0 "),
        (12.0, "[$-804]0", "12"),
        (3.0, "￥#,##0.00", "￥3.00"),
        (45000, "yyyy/mm/dd", "2023/03/15"),
        (45000, "yyyy/m/d", "2023/10/15"),
        (45000, 'yyyy"年"m"月"d"日"', "2023年10月15日"),
        (45000.5, "[h]:mm:ss", "12:00:00"),
        (45000.5, "h:mm AM/PM", "12:00 PM"),
        (522401199001011234, "@", "5.2240119900101e+17"),
        (2.5, "0.00E+00", "2.50E+00"),
        (7.0, "", "7"),
    ],
)
def test_a_number_is_as_wide_as_it_is_shown(value: float, code: str, shown: str) -> None:
    assert 0 <= grid.number_width(value, code) - grid.text_width(shown) <= 1


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("质量", 4), ("A（甲）", 7), ("", 0), ("ñ", 1), ("“", 2)])
def test_chinese_letters_are_twice_as_wide(text: str, width: int) -> None:
    assert grid.text_width(text) == width


def test_wrapped_text_takes_lines() -> None:
    wrapped = Cell(1, 1, "一二三四五六\n七", None, Style(wraps=True, points=10.0))
    plain = Cell(1, 1, "一二三四五六\n七", None, Style(points=10.0))
    one = grid.text_height(plain, 5.0)
    assert one >= 10
    assert grid.text_height(wrapped, 5.0) == 4 * one  # two letters a line


# --- styles --------------------------------------------------------------------------------------------------------


def styles(xml: str) -> tuple[list[Style], float]:
    return grid.read_styles(etree.fromstring(f"<styleSheet>{xml}</styleSheet>"))


def test_a_style_says_how_much_room_is_needed() -> None:
    found, points = styles(
        '<fonts><font><sz val="12"/></font><font><b/><sz val="24"/></font></fonts>'
        '<cellXfs><xf/><xf fontId="1" numFmtId="14"><alignment wrapText="1" textRotation="90"/></xf></cellXfs>'
    )
    assert points == 12.0
    assert found[0] == Style(points=12.0)
    assert found[1] == Style("yyyy/mm/dd", 2.2, 24.0, wraps=True, fits=True)


@pytest.mark.parametrize(
    ("xml", "inked"),
    [
        ('<borders><border><left style="thin"/></border></borders><cellXfs><xf borderId="0"/></cellXfs>', True),
        ("<borders><border><left/></border></borders><cellXfs><xf/></cellXfs>", False),
        ('<fills><fill><patternFill patternType="solid"/></fill></fills><cellXfs><xf fillId="0"/></cellXfs>', True),
        ('<fills><fill><patternFill patternType="none"/></fill></fills><cellXfs><xf fillId="0"/></cellXfs>', False),
        ('<cellXfs><xf fillId="7" borderId="8" fontId="9"/></cellXfs>', False),
    ],
)
def test_a_style_says_whether_an_empty_cell_shows(xml: str, inked: bool) -> None:
    assert styles(xml)[0][0].inked is inked


def test_phonetic_guides_are_not_text() -> None:
    root: Any = etree.fromstring(
        "<sst><si><t>漢字</t><rPh><t>かんじ</t></rPh></si><si><r><t>a</t></r><r><t>b</t></r></si></sst>"
    )
    assert grid.read_strings(root) == ["漢字", "ab"]
