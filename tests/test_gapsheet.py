"""The workbook shows all units, a sheet for each that owes something, points as numbers and text as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import MakeManifest, MakePdf

from dossier import gapsheet, letters, template_sets
from dossier.check import check

Write = Callable[..., Any]


@pytest.fixture
def workbook(make_manifest: MakeManifest, tmp_path: Path) -> Write:
    """Return a function that writes the workbook of items, ``(unit, score, files, keys)`` each, and reads it back."""

    def make(*items: tuple[str, int, list[dict[str, Any]]], **keys: Any) -> Any:
        listed = [
            {"id": str(n), "title": f"Item {n}", "unit": unit, "points": score, "self_score": score, "evidence": files}
            for n, (unit, score, files) in enumerate(items, start=1)
        ]
        report = check(make_manifest(items=listed, **keys))
        found = template_sets.find_set(report.manifest.template_set, tmp_path)
        gapsheet.write(letters.letters(report, found, date(2023, 12, 15)), tmp_path / "gaps.xlsx")
        return openpyxl.load_workbook(tmp_path / "gaps.xlsx")

    return make


def rows(sheet: Any) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]


def test_there_is_a_sheet_for_each_unit_that_owes_something(workbook: Write, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    book = workbook(("甲局", 1, [{"file": "a.pdf"}]), ("乙局", 2, [{"file": "b.pdf"}]), ("", 3, [{"file": "c.pdf"}]))
    assert book.sheetnames == ["总览", "乙局", "（未注明）"]


def test_the_overview_has_every_unit_and_adds_up(workbook: Write, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    (make_pdf("sources/c.pdf")).write_bytes(b"\x00\x01")
    book = workbook(("甲局", 1, [{"file": "a.pdf"}]), ("乙局", 2, [{"file": "b.pdf"}, {"file": "c.pdf"}]))
    assert [cell.value for cell in book["总览"][2]] == [
        "位次", "责任单位", "联系人", "电话", "指标", "齐备", "欠件", "缺", "退回", "提示", "自评分", "待印证分",
    ]  # fmt: skip
    assert rows(book["总览"]) == [
        [1, "乙局", None, None, 1, 0, 2, 1, 1, 0, 2, 2],
        [2, "甲局", None, None, 1, 1, 0, 0, 0, 0, 1, 0],
        [None, "合计", None, None, 2, 1, 2, 1, 1, 0, 3, 2],
    ]


def test_a_units_sheet_says_what_and_why_and_counts_an_items_points_once(workbook: Write) -> None:
    book = workbook(("甲局", 2, [{"file": "a.pdf", "title": "规划"}, {"file": "b.pdf"}]))
    assert [row[:10] for row in rows(book["甲局"])] == [
        [1, "1", "Item 1", 2, 2, "1-01", "规划", "a.pdf", "缺", "尚未收到文件，请报送"],
        [2, "1", "Item 1", 2, None, "1-02", "b", "b.pdf", "缺", "尚未收到文件，请报送"],
    ]


def test_hints_have_a_sheet_of_their_own(workbook: Write, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    period = {"from": "2023-01-01", "to": "2023-12-31"}
    book = workbook(("甲局", 1, [{"file": "a.pdf", "date": "2020-01-01"}]), period=period)
    assert book.sheetnames == ["总览", "提示"]
    assert [row[:8] for row in rows(book["提示"])] == [[1, "甲局", "1", "Item 1", "1-01", "a", "a.pdf", "2020-01-01"]]


def test_what_is_the_offices_own_has_a_sheet(workbook: Write, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    book = workbook(("甲局", 1, [{"file": "a.pdf"}]), front=[{"file": "report.docx"}])
    assert book.sheetnames == ["总览", "编制单位"]
    assert "report.docx" in rows(book["编制单位"])[0][1]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")'])
def test_text_never_becomes_a_formula(workbook: Write, text: str) -> None:
    book = workbook((text, 1, [{"file": "a.pdf", "title": text}]), title=text)
    for sheet in book:
        found = [cell for row in sheet.iter_rows() for cell in row if cell.value == text]
        assert found
        assert {cell.data_type for cell in found} == {"s"}
        assert all(cell.quotePrefix for cell in found)


@pytest.mark.parametrize(
    ("units", "sheets"),
    [
        (["a/b:c"], ["a_b_c"]),
        (["Works", "WORKS"], ["Works", "WORKS-2"]),
        (["总览"], ["总览-2"]),
        (["History"], ["History-2"]),
        (["长" * 40, "长" * 41], ["长" * 31, "长" * 27 + "-2"]),
        (["'"], ["_"]),
    ],
)
def test_every_sheet_has_a_name_that_excel_takes(workbook: Write, units: list[str], sheets: list[str]) -> None:
    book = workbook(*((unit, 1, [{"file": f"{number}.pdf"}]) for number, unit in enumerate(units)))
    assert book.sheetnames[1:] == sheets


def test_a_bundle_in_english_has_a_workbook_in_english(workbook: Write) -> None:
    book = workbook(("Works", 1, [{"file": "a.pdf"}]), template_set="bundle")
    assert book.sheetnames == ["Overview", "Works"]
    text = " ".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    assert text.isascii()


def test_rows_are_high_enough_for_their_text(workbook: Write) -> None:
    book = workbook(("甲局", 2, [{"file": "a.pdf", "title": "规划" * 40}, {"file": "b.pdf", "title": "b"}]))
    sheet = book["甲局"]
    width = sheet.column_dimensions["G"].width
    assert sheet.row_dimensions[3].height >= 160 / width * 11  # 80 wide letters, of 11 points a line
    assert sheet.row_dimensions[4].height < sheet.row_dimensions[3].height
