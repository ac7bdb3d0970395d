"""What Excel shows is what the manifest says; edited there and read again, exactly what was edited changes here."""

from __future__ import annotations

import difflib
from pathlib import Path

import openpyxl
import pytest
from conftest import MakeManifest, MakePdf
from openpyxl.worksheet.worksheet import Worksheet

import dossier
from dossier import exchange, manifest, scoresheet
from dossier.exchange import Merged

SAMPLE = Path(__file__).resolve().parent.parent / "manifests" / "quality-2023.yaml"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "scores.xlsx"
    exchange.export(dossier.check(SAMPLE), out)
    return out


def sheet_of(path: Path) -> tuple[openpyxl.Workbook, Worksheet]:
    book = openpyxl.load_workbook(path)
    assert isinstance(book.active, Worksheet)
    return book, book.active


def merged(path: Path, into: Path = SAMPLE) -> Merged:
    return exchange.merge(scoresheet.read(path), dossier.load(into), into.read_text(encoding="utf-8"))


def test_an_export_that_is_not_edited_changes_nothing(exported: Path) -> None:
    found = merged(exported)
    assert found.changes == ()
    assert found.problems == ()
    assert found.text == SAMPLE.read_text(encoding="utf-8")


def test_three_edited_cells_change_exactly_three_places(exported: Path, tmp_path: Path) -> None:
    book, sheet = sheet_of(exported)
    heads = {cell.value: cell.column or 0 for cell in sheet[2]}
    rows = {row[0].value: row[0].row or 0 for row in sheet.iter_rows(min_row=3)}
    sheet.cell(rows["1-7"], heads["自评分"]).value = 3.5
    sheet.cell(rows["2-3"], heads["责任单位"]).value = "公安局"
    sheet.cell(rows["7-2"], heads["扣分原因"]).value = "满意度低: 扣0.3分 #"
    book.save(tmp_path / "edited.xlsx")

    found = merged(tmp_path / "edited.xlsx")

    assert [(change.item, change.key, change.value) for change in found.changes] == [
        ("1-7", "self_score", "3.5"), ("2-3", "unit", "公安局"), ("7-2", "deduction", "满意度低: 扣0.3分 #"),
    ]  # fmt: skip
    before = SAMPLE.read_text(encoding="utf-8").splitlines()
    lines = [line for line in difflib.ndiff(before, found.text.splitlines()) if line[0] in "+-"]
    assert [line.strip() for line in lines if line[0] == "+"] == [
        "+         self_score: 3.5", "+         unit: 公安局", "+         deduction: '满意度低: 扣0.3分 #'",
    ]  # fmt: skip
    assert len(lines) == 5  # two replaced, one new
    path = tmp_path / "new.yaml"
    path.write_text(found.text, encoding="utf-8")
    changed = {item.id: item for item in manifest.load(path).leaves()}
    assert f"{changed['1-7'].self_score}" == "3.5"
    assert (changed["2-3"].unit, changed["2-4"].unit) == ("公安局", "市场监管局")


def test_a_score_that_is_emptied_goes_and_a_column_that_is_deleted_stays(exported: Path, tmp_path: Path) -> None:
    book, sheet = sheet_of(exported)
    heads = {cell.value: cell.column for cell in sheet[2]}
    row = next(row[0].row for row in sheet.iter_rows(min_row=3) if row[0].value == "1-7")
    sheet.cell(row or 0, heads["自评分"] or 0).value = None
    sheet.delete_cols(heads["自评结论"] or 0)
    book.save(tmp_path / "edited.xlsx")
    assert [(change.item, change.key, change.value) for change in merged(tmp_path / "edited.xlsx").changes] == [
        ("1-7", "self_score", "")
    ]


def test_items_of_one_side_alone_are_said_and_left(exported: Path, tmp_path: Path) -> None:
    book, sheet = sheet_of(exported)
    last = sheet.max_row
    assert sheet.cell(last, 1).value == "7-3"
    sheet.cell(last, 1).value = "7-9"
    sheet.cell(last, 3).value = "7-9 新项"
    book.save(tmp_path / "edited.xlsx")
    found = merged(tmp_path / "edited.xlsx")
    assert found.changes == ()
    assert [(problem.code, problem.severity) for problem in found.problems] == [
        ("new-item", "warning"),
        ("gone-item", "warning"),
    ]


def test_what_is_missing_is_marked_with_what_is_owed(
    make_manifest: MakeManifest, make_pdf: MakePdf, tmp_path: Path
) -> None:
    make_pdf("sources/a.pdf")
    report = dossier.check(make_manifest({"1-1": [{"file": "a.pdf"}], "1-2": [{"file": "gone.pdf"}]}))
    exchange.export(report, tmp_path / "out.xlsx")
    _, sheet = sheet_of(tmp_path / "out.xlsx")
    shown = {row[0].value: (row[-2].value, row[-1].value) for row in sheet.iter_rows(min_row=3)}
    assert shown["1-1"] == ("齐备", None)
    assert shown["1-2"][0] == "缺"
    assert "gone.pdf" in str(shown["1-2"][1])


def test_text_that_looks_like_a_formula_stays_text(make_manifest: MakeManifest, tmp_path: Path) -> None:
    items = [{"id": "1", "title": "=1+1", "criteria": '=HYPERLINK("http://x")', "not_applicable": "x"}]
    path = make_manifest(items=items)
    exchange.export(dossier.check(path), tmp_path / "out.xlsx")
    _, sheet = sheet_of(tmp_path / "out.xlsx")
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert merged(tmp_path / "out.xlsx", path).changes == ()


def test_a_title_that_looks_like_a_formula_stays_text(make_manifest: MakeManifest, tmp_path: Path) -> None:
    path = make_manifest(title="=1+1", items=[{"id": "1", "title": "x", "not_applicable": "y"}])
    exchange.export(dossier.check(path), tmp_path / "out.xlsx")
    _, sheet = sheet_of(tmp_path / "out.xlsx")
    assert (sheet["A1"].value, sheet["A1"].data_type) == ("=1+1", "s")


def test_text_longer_than_a_cell_is_cut_there_and_nowhere_else(make_manifest: MakeManifest, tmp_path: Path) -> None:
    path = make_manifest(items=[{"id": "1", "title": "x", "criteria": "长" * 40_000, "not_applicable": "y"}])
    exchange.export(dossier.check(path), tmp_path / "out.xlsx")
    _, sheet = sheet_of(tmp_path / "out.xlsx")
    assert max(len(str(cell.value or "")) for row in sheet.iter_rows() for cell in row) == 32_000
    assert merged(tmp_path / "out.xlsx", path).changes == ()


def test_other_languages_have_their_own_heads_and_are_read_back(make_manifest: MakeManifest, tmp_path: Path) -> None:
    items = [
        {
            "id": "1",
            "title": "Leadership",
            "items": [{"id": "1-1", "title": "Policy", "points": 3, "not_applicable": "x"}],
        }
    ]
    path = make_manifest(items=items, language="en")
    exchange.export(dossier.check(path), tmp_path / "out.xlsx")
    _, sheet = sheet_of(tmp_path / "out.xlsx")
    assert [cell.value for cell in sheet[2]][:5] == ["No", "Section", "Item", "Criteria", "Points"]
    found = merged(tmp_path / "out.xlsx", path)
    assert (found.changes, found.problems) == ((), ())


def test_a_table_becomes_a_manifest_that_loads(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    path.write_text(exchange.start(scoresheet.read(exported), "新：材料"), encoding="utf-8")
    made, sample = dossier.load(path), dossier.load(SAMPLE)
    assert made.title == "新：材料"
    rows = [
        [(level, i.id, i.title, i.points, i.criteria) for level, i in one.walk() if not i.items]
        for one in (made, sample)
    ]
    assert rows[0] == rows[1]
    assert "# evidence: 质量工作简报" in path.read_text(encoding="utf-8")
