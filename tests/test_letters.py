"""What units owe is told apart from hints, with the role, the file and the pages that it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeManifest, MakePdf, MakePhoto

from dossier import letters, template_sets
from dossier.check import check
from dossier.letters import Letters
from dossier.views import DebtView

Write = Callable[..., Letters]
TODAY = date(2023, 12, 15)


@pytest.fixture
def write(make_manifest: MakeManifest, tmp_path: Path) -> Write:
    """Return a function that says what is owed of one item of 甲局."""

    def make(item: dict[str, Any] | None = None, **keys: Any) -> Letters:
        listed = keys.pop(
            "items", [{"id": "1", "title": "Item", "unit": "甲局", "points": 2, "self_score": 2, **(item or {})}]
        )
        report = check(make_manifest(items=listed, **keys))
        return letters.letters(report, template_sets.find_set(report.manifest.template_set, tmp_path), TODAY)

    return make


def only(written: Letters) -> DebtView:
    (letter,) = written.letters
    (item,) = letter.items
    (debt,) = item.debts
    return debt


def test_a_missing_file_is_owed_with_its_title_and_place(write: Write) -> None:
    debt = only(write({"evidence": [{"file": "1/规划.pdf", "title": "规划纲要"}]}))
    assert (debt.id, debt.title, debt.file, debt.state, debt.code) == (
        *("1-01", "规划纲要", "1/规划.pdf", "missing", "missing-source"),
    )
    assert debt.cause == "尚未收到文件，请报送"


def test_an_item_without_evidence_is_owed_whole(write: Write) -> None:
    debt = only(write())
    assert (debt.id, debt.title, debt.file, debt.state, debt.code) == ("", "", "", "missing", "no-evidence")


def test_a_role_that_nothing_fills_is_owed_by_its_name(write: Write, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    debt = only(write({"requires": ["签到表"], "evidence": [{"file": "a.pdf"}]}))
    assert (debt.title, debt.code, debt.cause) == ("签到表", "missing-role", "缺少规定种类的材料，请补充")


def test_of_too_few_files_it_says_how_many_are_wanted(write: Write, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    requires = [{"role": "照片 of 会议", "at_least": 3}]
    debt = only(write({"requires": requires, "evidence": [{"file": "a.pdf", "role": "照片 of 会议"}]}))
    assert (debt.title, debt.code) == ("照片 of 会议", "few-files")
    assert debt.cause.endswith("（应有3份，现有1份）")


def test_of_several_files_the_bad_one_is_named(write: Write, make_photo: MakePhoto, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        make_photo(f"sources/照片/{number}.jpg")
    (tmp_path / "sources/照片/2.jpg").write_bytes(b"\x00\x01\x02")
    debt = only(write({"evidence": [{"files": "照片/*.jpg"}]}))
    assert (debt.file, debt.state) == ("照片/2.jpg", "refused")


def test_an_empty_file_is_called_empty(write: Write, tmp_path: Path, make_manifest: MakeManifest) -> None:
    make_manifest()
    (tmp_path / "sources" / "a.pdf").write_bytes(b"")
    assert only(write({"evidence": [{"file": "a.pdf"}]})).cause == "文件没有内容，请重新报送"


def test_what_the_rules_find_is_a_hint_with_its_pages(write: Write, make_pdf: MakePdf) -> None:
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415

    path = make_pdf("sources/a.pdf")
    canvas = Canvas(str(path))
    for text in ("one", "", "three", ""):
        canvas.drawString(200, 400, text * 20)
        canvas.showPage()
    canvas.save()
    written = write({"evidence": [{"file": "a.pdf"}]})
    assert written.letters == ()
    assert not written.owed
    ((unit, hint),) = written.hints
    assert (unit, hint.state, hint.code, hint.pages, hint.file) == ("甲局", "hint", "blank-page", "2、4", "a.pdf")


def test_a_rule_that_is_an_error_is_owed(write: Write, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    period = {"from": "2023-01-01", "to": "2023-12-31"}
    item = {"evidence": [{"file": "a.pdf", "date": "2020-01-01"}]}
    written = write(item, period=period, rules={"outside-period": "error"})
    debt = only(written)
    assert written.letters[0].at_risk == "0"  # its proof is there, whatever is to be said of it
    assert (debt.state, debt.date, debt.cause) == (
        "refused",
        "2020-01-01",
        "材料日期不在考核期内，请核对是否为本期材料",
    )


def test_what_only_the_office_can_mend_is_no_hint(write: Write, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    make_pdf("sources/b.pdf", marker="unused")
    written = write({"self_score": 3, "evidence": [{"file": "a.pdf"}]})
    assert written.hints == ()


def test_points_that_wait_for_others_are_at_risk_though_nothing_is_owed(write: Write) -> None:
    items = [
        {"id": "1", "title": "A", "unit": "甲局", "self_score": "1.50", "evidence": [{"file": "a.pdf"}]},
        {"id": "2", "title": "B", "unit": "乙局", "self_score": 2, "evidence": [{"see": "1-01"}]},
    ]
    written = write(items=items)
    assert [letter.unit for letter in written.letters] == ["甲局"]
    assert [(unit.name, unit.at_risk, unit.owed) for unit in written.summary.units] == [
        ("乙局", "2", 0),
        ("甲局", "1.5", 1),
    ]
    assert written.letters[0].at_risk == "1.5"
    assert written.summary.at_risk == "3.5"


def test_an_english_set_speaks_english(write: Write) -> None:
    debt = only(write({"evidence": [{"file": "a.pdf"}]}, template_set="bundle"))
    assert debt.cause == "Not received yet. Please send it"


def test_a_section_and_the_unit_of_an_owed_item_are_told(write: Write) -> None:
    items = [{"id": "1", "title": "Section", "items": [{"id": "1-1", "title": "A", "unit": "甲局", "criteria": "C"}]}]
    ((item,),) = [letter.items for letter in write(items=items).letters]
    assert (item.id, item.section, item.unit, item.criteria, item.at_risk) == ("1-1", "Section", "甲局", "C", "0")


def test_a_veto_without_proof_comes_before_all_points(write: Write) -> None:
    items = [
        {"id": "1", "title": "A", "unit": "甲局", "points": 9, "self_score": 9, "evidence": [{"file": "a.pdf"}]},
        {"id": "2", "title": "B", "unit": "乙局", "counts": "veto", "evidence": [{"file": "b.pdf"}]},
    ]
    written = write(items=items)
    assert [unit.name for unit in written.summary.units] == ["乙局", "甲局"]
    assert [(item.id, item.counts) for item in written.summary.worst] == [("2", "veto"), ("1", "points")]
