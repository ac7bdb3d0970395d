"""Tables of text become workbooks in which every value is the text that was written."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree  # type: ignore[import-untyped]

from dossier.convert import table
from dossier.errors import ConversionError


@pytest.fixture
def source(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "表.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


Source = Callable[[str | bytes], Path]


def root_of(package: Path) -> etree._Element:
    with zipfile.ZipFile(package) as parts:
        return etree.fromstring(parts.read("xl/worksheets/sheet1.xml"))


def read(path: Path, convert: Callable[[Path, Path], object] = table.from_text) -> list[list[str]]:
    """Return the texts of the table, and prove on the way that all are texts."""
    out = path.with_suffix(".xlsx")
    convert(path, out)
    rows = []
    for row in root_of(out).iter("{*}row"):
        assert all(cell.get("t") == "inlineStr" for cell in row if len(cell))
        rows.append(["".join(cell.itertext()) for cell in row])
    return rows


PEOPLE = "证号,工号,日期\n522401199001011234,007,1-2\n"
ROWS = [["证号", "工号", "日期"], ["522401199001011234", "007", "1-2"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_that_departments_use_is_found(source: Source, encoding: str) -> None:
    assert read(source(PEOPLE.encode(encoding))) == ROWS


def test_a_stray_nought_does_not_make_it_another_encoding(source: Source) -> None:
    assert read(source(b"a,b\0\n\xe8\xb4\xa8,c\n")) == [["a", "b"], ["质", "c"]]


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_every_separator_is_found(source: Source, separator: str) -> None:
    assert read(source(PEOPLE.replace(",", separator))) == ROWS


def test_a_separator_inside_quotes_separates_nothing(source: Source) -> None:
    assert read(source('a;b\n"1,2,3";4\n"5,6,7";8\n')) == [["a", "b"], ["1,2,3", "4"], ["5,6,7", "8"]]


def test_a_separator_that_the_file_names_is_believed(source: Source) -> None:
    assert read(source("sep=;\r\na,b;c\r\nd,e;f\r\n")) == [["a,b", "c"], ["d,e", "f"]]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(source: Source, ending: str) -> None:
    assert read(source(PEOPLE.replace("\n", ending))) == ROWS


def test_a_value_may_hold_lines_and_quotes(source: Source) -> None:
    assert read(source('a,b\n"一\n二","say ""x"""\n')) == [["a", "b"], ["一\n二", 'say "x"']]


def test_lines_of_unequal_length_make_a_rectangle(source: Source) -> None:
    assert read(source("a,b,c\n1\n\n2,3\n\n\n")) == [["a", "b", "c"], ["1", "", ""], ["", "", ""], ["2", "3", ""]]


def test_markup_and_what_xml_cannot_hold_stay_text(source: Source) -> None:
    assert read(source("<a>&,\x01b\x0c\n=1+1,x\n")) == [["<a>&", "b"], ["=1+1", "x"]]


def test_a_single_column_is_a_table(source: Source) -> None:
    assert read(source("名单\n张三\n李四\n")) == [["名单"], ["张三"], ["李四"]]


def widths(package: Path) -> list[float]:
    return [float(column.get("width")) for column in root_of(package).iter("{*}col")]


def test_columns_are_as_wide_as_their_contents(source: Source, tmp_path: Path) -> None:
    table.from_text(source(PEOPLE), tmp_path / "o.xlsx")
    first, second, third = widths(tmp_path / "o.xlsx")
    assert first >= 18
    assert 4 <= second < 8
    assert third < 8


def test_long_texts_wrap_so_that_the_page_is_not_shrunk_away(source: Source, tmp_path: Path) -> None:
    table.from_text(source("a,b,c,d\n" + ",".join(["一" * 300] * 4) + "\n"), tmp_path / "o.xlsx")
    assert sum(widths(tmp_path / "o.xlsx")) <= 200


@pytest.mark.parametrize("content", ["", "\n\n , \n", b"\xef\xbb\xbf"])
def test_an_empty_table_is_refused(source: Source, content: str | bytes) -> None:
    with pytest.raises(ConversionError, match=r"表\.csv") as caught:
        read(source(content))
    assert caught.value.code == "empty-source"


def test_text_in_no_known_encoding_is_refused(source: Source) -> None:
    with pytest.raises(ConversionError, match="GB18030") as caught:
        read(source(b"a,b\n\xff\xff,\xff\n"))
    assert caught.value.code == "damaged-source"


def test_a_table_that_would_fill_the_memory_is_refused(source: Source) -> None:
    with pytest.raises(ConversionError, match="rows") as caught:
        read(source("," * 16_000 + "x" + "\nx" * 1_000))
    assert caught.value.code == "oversized-source"


def test_html_tables_keep_their_merged_cells(source: Source) -> None:
    path = source(
        "<table><tr><th colspan=3>台账</th></tr><tr><td rowspan=2>编号<td>证号<td>x"
        "<tr><td>522401199001011234<td>007<table><tr><td>inner</table></table><table><tr><td>又一个</table>"
    )
    assert read(path, table.from_html) == [
        ["台账", "", ""],
        ["编号", "证号", "x"],
        ["", "522401199001011234", "007inner"],
        ["又一个", "", ""],
    ]
    merged = [element.get("ref") for element in root_of(path.with_suffix(".xlsx")).iter("{*}mergeCell")]
    assert merged == ["A1:C1", "A2:A3"]


def test_html_without_a_table_is_refused(source: Source) -> None:
    with pytest.raises(ConversionError, match="no table"):
        read(source("<p>x</p>"), table.from_html)


@pytest.mark.parametrize("content", ["<!-- x -->", ""])
def test_html_that_holds_nothing_is_refused(source: Source, content: str) -> None:
    with pytest.raises(ConversionError) as caught:
        read(source(content), table.from_html)
    assert caught.value.code == "empty-source"


def test_spans_without_measure_are_bounded(source: Source) -> None:
    rows = read(source("<table><tr><td colspan=999999999 rowspan=99999>a<td colspan=-1>b</table>"), table.from_html)
    assert [row[:1] for row in rows] == [["a"]]
    assert len(rows[0]) <= 300
