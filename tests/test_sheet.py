"""Workbooks come out of preparation set up as an office prints them, and otherwise as they went in."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pypdf
import pytest
from lxml import etree  # type: ignore[import-untyped]

from dossier.convert import libreoffice, sheet
from dossier.errors import ConversionError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = {
    MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
    OFFICE: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
STYLES = (
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="#,##0.00"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="2"><border/><border><left style="thin"/></border></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="6"><xf/>'
    '<xf borderId="1"/><xf numFmtId="164"/><xf><alignment wrapText="1"/></xf><xf numFmtId="14"/>'
    '<xf numFmtId="164"><alignment shrinkToFit="1"/></xf></cellXfs>'
)
RULED, MONEY, WRAPPED, DATE, SHRUNK = 1, 2, 3, 4, 5

Value = str | float | None | tuple[str | float | None, int]
EMPTY_RULED: list[Value] = [(None, RULED), (None, RULED)]


@dataclass
class Sheet:
    """A worksheet: ``rows`` of values, a value with a style's number as a pair, and XML before and after them."""

    name: str = "Sheet1"
    rows: Sequence[Sequence[Value]] = ()
    before: str = ""
    after: str = ""
    state: str = "visible"
    data: str = ""
    drawing: str = ""


def letters(column: int) -> str:
    return chr(64 + column)


def cell_xml(row: int, column: int, value: Value) -> str:
    content, style = value if isinstance(value, tuple) else (value, 0)
    start = f'<c r="{letters(column)}{row}" s="{style}"'
    if content is None:
        return f"{start}/>" if isinstance(value, tuple) else ""
    if isinstance(content, str):
        return f'{start} t="inlineStr"><is><t>{escape(content)}</t></is></c>'
    return f"{start}><v>{content}</v></c>"


def data_xml(rows: Sequence[Sequence[Value]]) -> str:
    return "".join(
        f'<row r="{y}">{"".join(cell_xml(y, x, value) for x, value in enumerate(row, start=1))}</row>'
        for y, row in enumerate(rows, start=1)
    )


def relationships(*targets: tuple[str, str]) -> str:
    inner = "".join(
        f'<Relationship Id="rId{i}" Type="{OFFICE}/{k}" Target="{t}"/>' for i, (k, t) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{RELATIONSHIPS}">{inner}</Relationships>'


Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write an XLSX package of ``sheets``; ``defined`` is the XML of its names, ``extra`` further parts."""

    def write(*sheets: Sheet, defined: str = "", name: str = "表.xlsx", extra: dict[str, str] | None = None) -> Path:
        return write_workbook(tmp_path / name, *sheets, defined=defined, extra=extra)

    return write


def write_workbook(path: Path, *sheets: Sheet, defined: str = "", extra: dict[str, str] | None = None) -> Path:
    content = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbered = list(enumerate(sheets, start=1))
    listed = "".join(
        f'<sheet name={quoteattr(s.name)} sheetId="{i}" state="{s.state}" r:id="rId{i}"/>' for i, s in numbered
    )
    names = f"<definedNames>{defined}</definedNames>" if defined else ""
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{content}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{content}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{content}.worksheet+xml"/>'
            for i, _ in numbered
        )
        + "</Types>",
        "_rels/.rels": relationships(("officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": relationships(
            *(("worksheet", f"worksheets/sheet{i}.xml") for i, _ in numbered), ("styles", "styles.xml")
        ),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets>{names}<calcPr/>'
        "</workbook>",
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{STYLES}</styleSheet>',
        **{
            f"xl/worksheets/sheet{i}.xml": f'<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}">{s.before}'
            f"<sheetData>{s.data or data_xml(s.rows)}</sheetData>{s.after}</worksheet>"
            for i, s in numbered
        },
        **{
            f"xl/worksheets/_rels/sheet{i}.xml.rels": relationships(("drawing", s.drawing))
            for i, s in numbered
            if s.drawing
        },
        **(extra or {}),
    }
    with zipfile.ZipFile(path, "w") as package:
        for part, xml in parts.items():
            package.writestr(part, xml)
    return path


def columns(*widths: float) -> str:
    inner = "".join(f'<col min="{i}" max="{i}" width="{w}" customWidth="1"/>' for i, w in enumerate(widths, start=1))
    return f"<cols>{inner}</cols>"


@dataclass
class Prepared:
    """What came out: the package, and its notes."""

    path: Path
    codes: list[str]
    messages: list[str]

    def root(self, number: int = 1) -> etree._Element:
        with zipfile.ZipFile(self.path) as package:
            return etree.fromstring(package.read(f"xl/worksheets/sheet{number}.xml"))

    def page(self, number: int = 1) -> dict[str, str]:
        found = self.root(number).find("{*}pageSetup")
        return {} if found is None else dict(found.attrib)

    def is_fitted(self, number: int = 1) -> bool:
        found = self.root(number).find("{*}sheetPr/{*}pageSetUpPr")
        return found is not None and found.get("fitToPage") in {"1", "true"}

    def defined(self, name: str, index: int = 0) -> list[str]:
        with zipfile.ZipFile(self.path) as package:
            root = etree.fromstring(package.read("xl/workbook.xml"))
        names = root.iterfind("{*}definedNames/{*}definedName")
        return [e.text for e in names if e.get("name") == f"_xlnm.{name}" and e.get("localSheetId") == str(index)]

    def widths(self) -> dict[str, float]:
        return {f"{c.get('min')}-{c.get('max')}": float(c.get("width")) for c in self.root().iterfind("{*}cols/{*}col")}

    def heights(self) -> dict[str, float]:
        return {row.get("r"): float(row.get("ht", 0)) for row in self.root().iter("{*}row")}


def prepare(source: Path) -> Prepared:
    out = source.with_name("out.xlsx")
    notes = sheet.prepare(source, out)
    return Prepared(out, [note.code for note in notes], [note.message for note in notes])


# --- the page ------------------------------------------------------------------------------------------------------


def test_all_columns_go_on_one_page_and_rows_on_as_many_as_they_need(make: Make) -> None:
    done = prepare(make(Sheet(rows=[["名称", "数"], ["甲", 1]])))
    assert done.is_fitted()
    assert (done.page()["fitToWidth"], done.page()["fitToHeight"]) == ("1", "0")


@pytest.mark.parametrize(("width", "orientation"), [(26, "portrait"), (28, "landscape")])
def test_paper_is_turned_where_portrait_would_be_small_to_read(make: Make, width: float, orientation: str) -> None:
    # A4 less 0.7 inch at both sides shows 494.5 pt, at three quarters of its size 659 pt: 108 digits of 6.1 pt.
    table = Sheet(rows=[["a", "b", "c", "d"], ["a", "b", "c", 1]], before=columns(width, width, width, width))
    assert prepare(make(table)).page().get("orientation", "portrait") == orientation


def test_margins_count(make: Make) -> None:
    wide = '<pageMargins left="2" right="2" top="1" bottom="1" header="0" footer="0"/>'
    table = Sheet(rows=[["a", "b"], ["a", 1]], before=columns(50, 50), after=wide)
    assert prepare(make(table)).page()["orientation"] == "landscape"


@pytest.mark.parametrize(("given", "paper"), [("", "9"), ("9", "9"), ("8", "8"), ("1", "9"), ("256", "9")])
def test_paper_is_a4_unless_its_author_took_a3(make: Make, given: str, paper: str) -> None:
    setup = f'<pageSetup paperSize="{given}"/>' if given else ""
    assert prepare(make(Sheet(rows=[["a", 1]], after=setup))).page()["paperSize"] == paper


def test_landscape_that_its_author_chose_stays(make: Make) -> None:
    assert (
        prepare(make(Sheet(rows=[["a", 1]], after='<pageSetup orientation="landscape"/>'))).page()["orientation"]
        == "landscape"
    )


def test_a_fit_that_its_author_set_is_left_alone(make: Make) -> None:
    own = '<pageSetup paperSize="9" fitToWidth="2" fitToHeight="3" orientation="portrait"/>'
    table = Sheet(
        rows=[["a"] * 6], before='<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>' + columns(*[60] * 6), after=own
    )
    page = prepare(make(table)).page()
    assert page == {"paperSize": "9", "fitToWidth": "2", "fitToHeight": "3", "orientation": "portrait"}


def test_column_breaks_that_its_author_set_are_left_alone(make: Make) -> None:
    breaks = '<colBreaks count="1" manualBreakCount="1"><brk id="2" max="16383" man="1"/></colBreaks>'
    done = prepare(make(Sheet(rows=[["a"] * 4], before=columns(*[60] * 4), after=breaks)))
    assert not done.is_fitted()
    assert "orientation" not in done.page()


@pytest.mark.parametrize(("scale", "fitted"), [(60, False), (95, True)])
def test_a_scale_that_its_author_set_is_kept_if_all_columns_fit(make: Make, scale: int, fitted: bool) -> None:
    # 130 digits are 794 pt; at 60 % they fit between the margins of portrait A4 (494 pt), at 95 % they do not.
    table = Sheet(rows=[["a", "b"]], before=columns(65, 65), after=f'<pageSetup paperSize="9" scale="{scale}"/>')
    assert prepare(make(table)).is_fitted() is fitted


def test_nothing_is_shrunk_beyond_reading(make: Make) -> None:
    table = Sheet(rows=[["a"] * 10], before=columns(*[60] * 10))
    done = prepare(make(table))
    # 600 digits are 3663 pt, at 40 % 1465 pt: two widths of a landscape page (741 pt), which show 40.5 %.
    assert done.page()["fitToWidth"] == "2"
    assert done.codes == [sheet.SMALL]
    assert "40%" in done.messages[0]
    assert "Sheet1" in done.messages[0]


def test_small_print_that_its_author_chose_is_reported_too(make: Make) -> None:
    rows: list[list[Value]] = [["a", i] for i in range(400)]
    table = Sheet(rows=rows, before='<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>')
    assert prepare(make(table)).codes == [sheet.SMALL]


def test_a_text_that_runs_on_over_empty_cells_counts(make: Make) -> None:
    assert prepare(make(Sheet(rows=[["一" * 70], ["a", "b"]]))).page()["orientation"] == "landscape"


def test_hidden_columns_and_rows_do_not_count(make: Make) -> None:
    hidden = '<cols><col min="2" max="2" width="200" hidden="1" customWidth="1"/></cols>'
    data = data_xml([["a", "b", "c"]]) + f'<row r="2" hidden="1">{cell_xml(2, 1, "一" * 99)}</row>'
    assert "orientation" not in prepare(make(Sheet(data=data, before=hidden))).page()


# --- what its author defined ---------------------------------------------------------------------------------------


def name_xml(name: str, text: str, index: int = 0) -> str:
    return f'<definedName name="_xlnm.{name}" localSheetId="{index}">{escape(text)}</definedName>'


def test_a_print_area_is_kept_and_alone_decides_the_page(make: Make) -> None:
    area = "'一 ''表'''!$A$1:$B$3"
    table = Sheet("一 '表'", [["a", "b", "一" * 20], ["c", 1, 2]], columns(20, 20, 200))
    done = prepare(make(table, defined=name_xml("Print_Area", area)))
    assert done.defined("Print_Area") == [area]
    assert "orientation" not in done.page()
    assert done.codes == []


def test_print_titles_that_its_author_set_win(make: Make) -> None:
    table = Sheet(rows=[["名称", "数"], ["甲", 1], ["乙", 2]])
    assert prepare(make(table, defined=name_xml("Print_Titles", "Sheet1!$2:$2"))).defined("Print_Titles") == [
        "Sheet1!$2:$2"
    ]


def test_print_titles_that_lead_nowhere_are_replaced(make: Make) -> None:
    table = Sheet(rows=[["名称", "数"], ["甲", 1], ["乙", 2]])
    done = prepare(make(table, defined=name_xml("Print_Titles", "Sheet1!#REF!")))
    assert done.defined("Print_Titles") == ["'Sheet1'!$1:$1"]


def test_the_header_row_is_repeated(make: Make) -> None:
    table = Sheet("张三's 表", [["名称", "数"], ["甲", 1], ["乙", 2]])
    assert prepare(make(table)).defined("Print_Titles") == ["'张三''s 表'!$1:$1"]


def test_names_stand_where_the_format_wants_them(make: Make) -> None:
    done = prepare(make(Sheet(rows=[["名称", "数"], ["甲", 1], ["乙", 2]])))
    with zipfile.ZipFile(done.path) as package:
        root = etree.fromstring(package.read("xl/workbook.xml"))
    assert [etree.QName(child).localname for child in root] == ["bookViews", "sheets", "definedNames", "calcPr"]


def test_elements_stand_where_the_format_wants_them(make: Make) -> None:
    table = Sheet(
        rows=[["a", 123456789012]],
        before='<dimension ref="A1"/><sheetFormatPr defaultRowHeight="15"/>',
        after='<pageMargins left="1" right="1" top="1" bottom="1" header="0" footer="0"/><headerFooter/>',
    )
    names = [etree.QName(child).localname for child in prepare(make(table)).root()]
    expected = [
        "sheetPr",
        "dimension",
        "sheetFormatPr",
        "cols",
        "sheetData",
        "pageMargins",
        "pageSetup",
        "headerFooter",
    ]
    assert names == expected


def test_a_header_or_footer_names_the_source_not_the_copy(make: Make) -> None:
    footer = "<headerFooter><oddFooter>&amp;L&amp;Z&amp;F&amp;R&amp;P</oddFooter></headerFooter>"
    source = make(Sheet(rows=[["a", 1]], after=footer), name="A&B.xlsx")
    assert prepare(source).root().findtext("{*}headerFooter/{*}oddFooter") == "&LA&&B.xlsx&R&P"


# --- sheets that are left out --------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheets_are_named(make: Make, state: str) -> None:
    done = prepare(make(Sheet("明", [["a", 1]]), Sheet("暗", [["b", 2]], state=state)))
    assert done.codes == [sheet.HIDDEN]
    assert "暗" in done.messages[0]
    assert "明" not in done.messages[0]


def test_a_sheet_is_hidden_on_demand(make: Make) -> None:
    source = make(Sheet("明", [["a", 1]]), Sheet("暗", [["b", 2]]))
    notes = sheet.prepare(source, source.with_name("out.xlsx"), hidden={"暗"})
    assert [note.code for note in notes] == [sheet.HIDDEN]
    with zipfile.ZipFile(source.with_name("out.xlsx")) as package:
        sheets = etree.fromstring(package.read("xl/workbook.xml")).find("{*}sheets")
    assert [element.get("state") for element in sheets] == ["visible", "hidden"]


def test_a_hidden_chart_on_a_sheet_of_its_own_is_named(make: Make) -> None:
    source = make(Sheet("明", [["a", 1]]), Sheet("图", state="hidden"))
    chart = f'<chartsheet xmlns="{MAIN}"/>'.encode()
    done = prepare(rewrite(source, lambda name, old: chart if name == "xl/worksheets/sheet2.xml" else old))
    assert done.codes == [sheet.HIDDEN]


def test_the_workbook_opens_at_a_visible_sheet(make: Make) -> None:
    done = prepare(make(Sheet("暗", [["x"]], state="hidden"), Sheet("明", [["a", 1]])))
    with zipfile.ZipFile(done.path) as package:
        view = etree.fromstring(package.read("xl/workbook.xml")).find("{*}bookViews/{*}workbookView")
    assert view.get("activeTab") == "1"


def test_an_empty_hidden_sheet_is_not_worth_a_word(make: Make) -> None:
    assert prepare(make(Sheet("明", [["a", 1]]), Sheet("暗", state="hidden"))).codes == []


def test_hidden_sheets_count_when_names_are_given_to_sheets_by_number(make: Make) -> None:
    table: list[list[Value]] = [["名称", "数"], ["甲", 1], ["乙", 2]]
    done = prepare(make(Sheet("暗", [["x"]], state="hidden"), Sheet("明", table)))
    assert done.defined("Print_Titles", 1) == ["'明'!$1:$1"]


@pytest.mark.parametrize("sheets", [(Sheet(),), (Sheet("a", [[("", 0)]]), Sheet("b", [["x"]], state="hidden"))])
def test_a_workbook_that_shows_nothing_is_refused(make: Make, sheets: tuple[Sheet, ...]) -> None:
    with pytest.raises(ConversionError, match=r"表\.xlsx") as caught:
        prepare(make(*sheets))
    assert caught.value.code == "empty-source"


def anchor(column: int, row: int) -> str:
    return f"<d:twoCellAnchor><d:to><d:col>{column}</d:col><d:row>{row}</d:row></d:to></d:twoCellAnchor>"


def test_a_sheet_with_no_more_than_a_picture_is_not_empty_and_is_as_wide_as_it(make: Make) -> None:
    drawing = f'<d:wsDr xmlns:d="{DRAWING}">{anchor(15, 5)}</d:wsDr>'
    done = prepare(make(Sheet(drawing="../drawings/drawing1.xml"), extra={"xl/drawings/drawing1.xml": drawing}))
    assert done.page()["orientation"] == "landscape"
    assert done.is_fitted()


def test_everything_else_is_copied_as_it_is(make: Make) -> None:
    source = make(Sheet(rows=[["a", 1]]), extra={"xl/charts/chart1.xml": "<c/>", "xl/media/image1.png": "\x89PNG"})
    before = source.read_bytes()
    done = prepare(source)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(done.path) as new:
        assert new.namelist() == old.namelist()
        changed = {name for name in old.namelist() if old.read(name) != new.read(name)}
    assert changed <= {"xl/workbook.xml", "xl/worksheets/sheet1.xml"}
    assert source.read_bytes() == before


def test_ruled_rows_without_end_are_cut_off_and_reported(make: Make) -> None:
    done = prepare(make(Sheet(rows=[["名称", "数"], ["甲", 1], *[EMPTY_RULED] * 70])))
    assert done.defined("Print_Area") == ["'Sheet1'!$A$1:$B$2"]
    assert done.codes == [sheet.RULED]


def test_a_few_ruled_rows_are_a_form_to_be_filled_in(make: Make) -> None:
    done = prepare(make(Sheet(rows=[["名称", "数"], ["甲", 1], *[EMPTY_RULED] * 40])))
    assert done.defined("Print_Area") == []
    assert done.codes == []


def test_a_sheet_too_large_to_look_into_is_printed_as_it_is(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make(Sheet(rows=[["a", 1]]))
    monkeypatch.setattr(sheet, "_MAX_PART", 50)
    done = prepare(source)
    assert done.codes == [sheet.UNPREPARED]
    assert not done.is_fitted()


# --- room ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "style", "widened"),
    [(1234567.5, MONEY, True), (12.5, MONEY, False), (45000, DATE, True), (3.14159265, 0, False), (123456789, 0, True)],
)
def test_a_column_is_as_wide_as_its_numbers(make: Make, value: float, style: int, widened: bool) -> None:
    done = prepare(make(Sheet(rows=[["a", (value, style)]], before=columns(10, 7.5))))
    assert (done.widths()["2-2"] > 7.5) is widened


def test_numbers_that_shrink_to_fit_need_no_room(make: Make) -> None:
    assert prepare(make(Sheet(rows=[[(1234567.5, SHRUNK)]], before=columns(7)))).widths() == {"1-1": 7.0}


def test_widening_a_column_leaves_its_neighbours(make: Make) -> None:
    shared = '<cols><col min="1" max="4" width="7" style="2" customWidth="1"/></cols>'
    done = prepare(make(Sheet(rows=[["a", "b", 123456789, "d", 123456789]], before=shared)))
    widths = done.widths()
    assert {part: widths.pop(part) for part in ("1-2", "4-4")} == {"1-2": 7.0, "4-4": 7.0}
    assert set(widths) == {"3-3", "5-5"}
    assert min(widths.values()) > 9


def test_columns_stay_in_order_when_one_gets_a_width_of_its_own(make: Make) -> None:
    later = '<cols><col min="5" max="5" width="7"/></cols>'
    assert list(prepare(make(Sheet(rows=[["a", 123456789012]], before=later))).widths()) == ["2-2", "5-5"]


def test_a_text_that_the_next_cell_would_cut_gets_room(make: Make) -> None:
    done = prepare(make(Sheet(rows=[["云岭市市场监督管理局", "b"]], before=columns(8, 8))))
    assert 20 < done.widths()["1-1"] < 22
    assert done.codes == []


def test_a_text_before_empty_cells_needs_no_room(make: Make) -> None:
    assert (
        prepare(make(Sheet(rows=[["云岭市市场监督管理局", None, None, "b"]], before=columns(8, 8, 8, 8)))).widths()[
            "1-1"
        ]
        == 8.0
    )


def test_a_text_too_long_for_any_column_is_reported(make: Make) -> None:
    done = prepare(make(Sheet(rows=[["一" * 40, "b"]], before=columns(8, 8))))
    assert done.widths()["1-1"] == 8.0
    assert done.codes == [sheet.CUT]


@pytest.mark.parametrize("height", ['ht="15" customHeight="1"', ""])
def test_a_row_is_as_high_as_its_wrapped_text(make: Make, height: str) -> None:
    data = f'<row r="1" {height}>{cell_xml(1, 1, ("质量" * 20, WRAPPED))}</row>'
    # 80 half-widths over 19 are five lines of 11 points at least.
    assert prepare(make(Sheet(data=data, before=columns(20)))).heights()["1"] >= 55


def test_merged_cells_share_their_room(make: Make) -> None:
    merged = '<mergeCells count="1"><mergeCell ref="A1:D2"/></mergeCells>'
    data = f'<row r="1" ht="30">{cell_xml(1, 1, ("质量" * 20, WRAPPED))}</row><row r="2" ht="30"/>'
    heights = prepare(make(Sheet(data=data, before=columns(20, 20, 20, 20), after=merged))).heights()
    assert heights == {"1": 30.0, "2": 30.0}


def test_a_single_line_stays_in_the_row_that_its_author_made(make: Make) -> None:
    data = f'<row r="1" ht="14">{cell_xml(1, 1, ("质量", WRAPPED))}</row>'
    assert prepare(make(Sheet(data=data, before=columns(20)))).heights() == {"1": 14.0}


def test_a_row_is_never_lower_than_its_letters(make: Make) -> None:
    data = f'<row r="1" ht="8">{cell_xml(1, 1, "质量")}</row>'
    assert prepare(make(Sheet(data=data))).heights()["1"] > 11


# --- values --------------------------------------------------------------------------------------------------------


def test_values_stand_where_formulas_stood(make: Make) -> None:
    data = (
        '<row r="1"><c r="A1"><f>TODAY()</f><v>45000</v></c><c r="B1"><f>1+1</f></c>'
        '<c r="C1" t="str"><f>WEBSERVICE("http://x.invalid")</f><v/></c></row>'
    )
    cells = list(prepare(make(Sheet(data=data))).root().iter("{*}c"))
    assert [cell.find("{*}f") is not None for cell in cells] == [False, True, False]
    assert cells[0].findtext("{*}v") == "45000"


def test_a_formula_that_another_cell_refers_to_stays_while_that_has_no_value(make: Make) -> None:
    data = (
        '<row r="1"><c r="A1"><f t="shared" ref="A1:B1" si="0">1+1</f><v>2</v></c>'
        '<c r="B1"><f t="shared" si="0"/></c><c r="C1"><f>3</f><v>3</v></c></row>'
    )
    cells = prepare(make(Sheet(data=data))).root().iter("{*}c")
    assert [cell.find("{*}f") is not None for cell in cells] == [True, True, False]


# --- damage --------------------------------------------------------------------------------------------------------


def rewrite(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    with zipfile.ZipFile(path) as old:
        parts = {name: change(name, old.read(name)) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, data in parts.items():
            if data is not None:
                new.writestr(name, data)
    return path


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
@pytest.mark.parametrize("data", [b"<not", b"<worksheet><sheetData><row r='x'/></sheetData></worksheet>", None])
def test_damage_is_named(make: Make, part: str, data: bytes | None) -> None:
    source = rewrite(make(Sheet(rows=[["a", 1]])), lambda name, old: data if name == part else old)
    with pytest.raises(ConversionError) as caught:
        prepare(source)
    assert caught.value.code in {"damaged-source", "empty-source"}


def test_a_workbook_without_styles_is_no_worse_for_it(make: Make) -> None:
    source = rewrite(make(Sheet(rows=[["a", 1]])), lambda name, old: None if name == "xl/styles.xml" else old)
    assert prepare(source).is_fitted()


def test_what_is_no_package_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK no")
    with pytest.raises(ConversionError, match=r"数据\.xls") as caught:
        sheet.prepare(tmp_path / "a.xlsx", tmp_path / "b.xlsx", name="数据.xls")
    assert caught.value.code == "damaged-source"


def test_the_strict_form_of_the_format_is_known(make: Make) -> None:
    def strict(name: str, data: bytes) -> bytes:
        for old, new in STRICT.items():
            data = data.replace(old.encode(), new.encode())
        return data

    done = prepare(rewrite(make(Sheet(rows=[["名称", "数"], ["甲", 1], ["乙", 2]])), strict))
    assert done.is_fitted()
    assert done.defined("Print_Titles") == ["'Sheet1'!$1:$1"]
    assert {etree.QName(element).namespace for element in done.root().iter()} == {STRICT[MAIN]}


# --- on paper ------------------------------------------------------------------------------------------------------

ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.2" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    '<office:body><office:spreadsheet><table:table table:name="A"><table:table-row>'
    '<table:table-cell table:formula="of:=1+1" office:value-type="float" office:value="77"><text:p>77</text:p>'
    "</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Print a workbook, an OpenDocument sheet and two tables of text; return the text of each page by file."""
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed here")
    folder = tmp_path_factory.mktemp("printed")
    rows: list[list[Value]] = [[f"第{i}乡镇", (i * 98765.4321, MONEY), "备注" * 12] for i in range(90)]
    table = Sheet("明", [["乡镇名称", "金额", "说明"], *rows], columns(12, 5, 60))
    hidden = Sheet("暗", [["不可见"]], state="hidden")
    write_workbook(folder / "workbook.xlsx", hidden, table, Sheet("空"))
    with zipfile.ZipFile(folder / "sheet.ods", "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("content.xml", ODS)
        package.writestr(
            "META-INF/manifest.xml",
            '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:file-entry m:full-path="/" '
            'm:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
            '<m:file-entry m:full-path="content.xml" m:media-type="text/xml"/></m:manifest>',
        )
    people = "身份证号,工号,日期\r\n" + "522401199001011234,007,1-2\r\n" * 3
    (folder / "people.csv").write_bytes(people.encode("gb18030"))
    jobs = [(path, path.with_suffix(".pdf")) for path in sorted(folder.iterdir())]
    outcomes = libreoffice.convert_batch(jobs, fontconfig=None)
    assert [outcome for outcome in outcomes if isinstance(outcome, ConversionError)] == []
    return {source.name: [page.extract_text() for page in pypdf.PdfReader(out).pages] for source, out in jobs}


@pytest.mark.libreoffice
def test_each_page_carries_the_header(printed: dict[str, list[str]]) -> None:
    assert len(printed["workbook.xlsx"]) > 1
    assert all("乡镇名称" in page for page in printed["workbook.xlsx"])


@pytest.mark.libreoffice
def test_all_columns_stand_beside_each_other(printed: dict[str, list[str]]) -> None:
    assert all("金额" in page and "说明" in page for page in printed["workbook.xlsx"])


@pytest.mark.libreoffice
def test_no_number_is_replaced_by_crosses(printed: dict[str, list[str]]) -> None:
    text = "".join(printed["workbook.xlsx"])
    assert "##" not in text
    assert "8,790,123.46" in text


@pytest.mark.libreoffice
def test_hidden_sheets_are_not_printed(printed: dict[str, list[str]]) -> None:
    assert "不可见" not in "".join(printed["workbook.xlsx"])


@pytest.mark.libreoffice
def test_digits_of_text_tables_are_printed_as_written(printed: dict[str, list[str]]) -> None:
    words = re.split(r"\s+", printed["people.csv"][0])
    assert words.count("522401199001011234") == 3
    assert words.count("007") == 3
    assert words.count("1-2") == 3


@pytest.mark.libreoffice
def test_a_sheet_shows_what_its_author_saw(printed: dict[str, list[str]]) -> None:
    assert "77" in printed["sheet.ods"][0].split()
