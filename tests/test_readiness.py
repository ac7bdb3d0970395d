"""Each rule finds what it is for and nothing else, with the unit's item, the severity asked for, and its waivers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeDocx, MakeManifest, MakePdf
from PIL import Image

import dossier
from dossier.check import Report
from dossier.errors import Problem

PERIOD = {"from": "2023-01-01", "to": "2023-12-31"}
Judge = Callable[..., Report]


@pytest.fixture
def judge(make_manifest: MakeManifest) -> Judge:
    """Return a function that checks a manifest of the evidence given."""

    def check(evidence: dict[str, list[dict[str, Any]]] | None = None, **keys: Any) -> Report:
        return dossier.check(make_manifest(evidence, **keys))

    return check


def found(report: Report) -> list[tuple[str, str, str]]:
    return [(problem.code, problem.item, problem.evidence) for problem in report.problems]


def the(report: Report, code: str) -> Problem:
    [problem] = [problem for problem in report.problems if problem.code == code]
    return problem


# --- severities and waivers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_the_manifest_sets_how_grave_a_rule_is(judge: Judge, make_pdf: MakePdf, level: str) -> None:
    make_pdf("sources/a.pdf")
    evidence = {"1": [{"file": "a.pdf", "date": "2022-12-31"}]}
    report = judge(evidence, period=PERIOD, rules={"outside-period": level})
    assert the(report, "outside-period").severity == level
    assert report.complete == (level != "error")


def test_a_rule_that_is_off_says_nothing(judge: Judge, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    make_pdf("sources/unused.pdf", pages=2)
    evidence = {"1": [{"file": "a.pdf", "date": "2022-12-31"}]}
    rules = {"outside-period": "off", "unused-source": "off"}
    assert judge(evidence, period=PERIOD, rules=rules).problems == ()


def test_a_waiver_sets_a_finding_aside_and_keeps_its_reason(judge: Judge, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    entry = {"file": "a.pdf", "date": "2021-01-01", "waive": {"outside-period": "a plan of five years"}}
    report = judge({"1": [entry]}, period=PERIOD)
    assert report.problems == ()
    [waived] = report.waived
    assert (waived.problem.code, waived.problem.evidence) == ("outside-period", "1-01")
    assert waived.reason == "a plan of five years"


# --- dates ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "outside"),
    [("2022-12-31", True), ("2023-01-01", False), ("2023-12-31", False), ("2024-01-01", True)],
)
def test_evidence_is_of_the_period(judge: Judge, make_pdf: MakePdf, day: str, outside: bool) -> None:
    make_pdf("sources/a.pdf")
    report = judge({"1": [{"file": "a.pdf", "date": day}]}, period=PERIOD)
    assert found(report) == ([("outside-period", "1", "1-01")] if outside else [])
    assert all(day in problem.message and problem.fix and ":" in problem.where for problem in report.problems)


def test_evidence_without_a_date_is_said_where_that_is_asked(judge: Judge, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    evidence = {"1": [{"file": "a.pdf"}, {"see": "1-01"}]}
    assert judge(evidence).problems == ()
    assert found(judge(evidence, rules={"undated": "warning"})) == [("undated", "1", "1-01")]


@pytest.mark.parametrize(
    ("name", "outside"),
    [("关于2022年工作的通知", "2022年"), ("关于2023年工作的通知", ""), ("会议20240105", "20240105"), ("通知", "")],
)
def test_what_a_name_says_is_reported_as_such(judge: Judge, make_pdf: MakePdf, name: str, outside: str) -> None:
    make_pdf(f"sources/{name}.pdf")
    report = judge({"1": [{"file": f"{name}.pdf"}]}, period=PERIOD)
    assert found(report) == ([("name-outside-period", "1", "1-01")] if outside else [])
    if outside:
        assert f"its name says {outside}" in the(report, "name-outside-period").message


@pytest.mark.parametrize(
    ("made", "outside"), [("20221231", True), ("20231231", False), ("20240115", False), ("20240121", True)]
)
def test_what_a_file_says_of_itself_is_reported_as_such(
    judge: Judge, make_pdf: MakePdf, made: str, outside: bool
) -> None:
    path = make_pdf("sources/a.pdf")
    path.write_bytes(path.read_bytes().replace(b"D:20000101", f"D:{made}".encode()))
    report = judge({"1": [{"file": "a.pdf"}]}, period=PERIOD, deadline="2024-01-20")
    assert found(report) == ([("made-outside-period", "1", "1-01")] if outside else [])


# --- document numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        ("云府发[2023]5号", "云府发〔2023〕5号"),
        ("云府发（2023）5号", "云府发〔2023〕5号"),
        ("云府发【2023】5号", "云府发〔2023〕5号"),
        ("云府发〔2023〕第5号", "云府发〔2023〕5号"),
        ("云府发〔2023〕05号", "云府发〔2023〕5号"),
        ("云府发〔2023〕第05号", "云府发〔2023〕5号"),
        ("云府发〔2023〕5", "云府发〔2023〕5号"),
        ("云府发 〔2023〕 5 号", "云府发〔2023〕5号"),
    ],
)
def test_a_malformed_number_is_said_with_what_was_meant(
    judge: Judge, make_pdf: MakePdf, number: str, meant: str
) -> None:
    make_pdf("sources/a.pdf")
    problem = the(judge({"1": [{"file": "a.pdf", "number": number}]}), "malformed-number")
    assert number in problem.message
    assert problem.fix == f"did you mean {meant}?"


@pytest.mark.parametrize(
    "number",
    ["云府发〔2023〕5号", "云市监质〔2023〕128号", "YLZLJ-2023-01", "第7期", "GB/T 9704-2012", "ISO 9001:2015"],
)
def test_a_sound_number_or_one_of_another_kind_is_left_alone(judge: Judge, make_pdf: MakePdf, number: str) -> None:
    make_pdf("sources/a.pdf")
    assert judge({"1": [{"file": "a.pdf", "number": number}]}).problems == ()


def test_one_number_has_one_title(judge: Judge, make_pdf: MakePdf) -> None:
    for number in (1, 2, 3):
        make_pdf(f"sources/{number}.pdf", pages=number)
    entries = [
        {"file": "1.pdf", "title": "通知", "number": "云府发〔2023〕5号"},
        {"file": "2.pdf", "title": "通 知", "number": "云府发〔2023〕5号"},
        {"file": "3.pdf", "title": "方案", "number": "云府发〔2023〕5号"},
    ]
    report = judge({"1": entries})
    assert found(report) == [("repeated-number", "1", "1-03")]
    assert "1-01" in the(report, "repeated-number").message


# --- scores --------------------------------------------------------------------------------------------------------


def test_scores_do_not_exceed_points_and_sections_add_up(make_manifest: MakeManifest, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    items = [
        {
            **{"id": "1", "title": "甲", "points": 3, "self_score": "2.4"},
            "items": [
                {"id": "1-1", "title": "子", "points": "1.1", "self_score": "1.2", "evidence": [{"file": "a.pdf"}]},
                {"id": "1-2", "title": "丑", "points": "1.8", "self_score": "1.2", "evidence": [{"see": "1-1-01"}]},
            ],
        }
    ]
    report = dossier.check(make_manifest(items=items))
    assert found(report) == [("points-sum", "1", ""), ("score-over-points", "1-1", "")]
    assert "3 is not the sum of its items', 2.9" in the(report, "points-sum").message


def test_points_claimed_without_proof_are_at_risk(make_manifest: MakeManifest, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    items = [
        {"id": "1", "title": "甲", "unit": "A", "points": 3, "self_score": "2.5", "evidence": [{"file": "a.pdf"}]},
        {"id": "2", "title": "乙", "unit": "B", "points": 4, "self_score": "3.7", "evidence": [{"file": "b.pdf"}]},
        {"id": "3", "title": "丙", "unit": "B", "points": 5, "self_score": 0, "evidence": []},
        {"id": "4", "title": "丁", "unit": "B", "points": 5, "self_score": 5, "not_applicable": "无"},
    ]
    report = dossier.check(make_manifest(items=items, units={"A": {}, "B": {}}))
    assert [(p.item, p.severity) for p in report.problems if p.code == "score-without-proof"] == [("2", "warning")]
    standing = report.standing
    assert [f"{v}" for v in (standing.points, standing.claimed, standing.proved, standing.at_risk)] == [
        "12", "6.2", "2.5", "3.7",
    ]  # fmt: skip
    assert [(unit.name, f"{unit.standing.at_risk}") for unit in report.units] == [("A", "0"), ("B", "3.7")]


def test_days_are_counted_to_the_deadline(judge: Judge) -> None:
    today = date.today()
    items = [{"id": "1", "title": "x", "not_applicable": "y"}]
    assert judge(items=items, deadline=today.isoformat()).days_left == 0
    assert judge(items=items, deadline="2023-12-20").days_left == (date(2023, 12, 20) - today).days
    assert judge(items=items).days_left is None


# --- roles ---------------------------------------------------------------------------------------------------------


def test_a_set_of_roles_asks_for_each_of_them(make_manifest: MakeManifest, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    item = {"id": "1", "title": "会", "requires": ["会议"], "evidence": [{"file": "a.pdf", "role": "通知"}]}
    report = dossier.check(make_manifest(items=[item], role_sets={"会议": ["通知", "签到表", "照片"]}))
    assert [problem.message for problem in report.problems] == [
        "会: no evidence fills the role 签到表", "会: no evidence fills the role 照片",
    ]  # fmt: skip


@pytest.mark.parametrize(("count", "enough"), [(2, False), (3, True), (4, True)])
def test_a_role_may_ask_for_several_files(
    make_manifest: MakeManifest, make_pdf: MakePdf, count: int, enough: bool
) -> None:
    for number in range(count):
        make_pdf(f"sources/{number}.pdf", pages=number + 1)
    item = {
        **{"id": "1", "title": "会", "unit": "A", "requires": [{"role": "照片", "at_least": 3}]},
        "evidence": [{"files": "*.pdf", "role": "照片"}],
    }
    report = dossier.check(make_manifest(items=[item], units={"A": {}}))
    assert [problem.code for problem in report.problems] == ([] if enough else ["few-files"])
    assert report.items[0].status == ("complete" if enough else "missing")
    if not enough:
        assert "2 of 3 files" in report.problems[0].message
        assert report.problems[0].fix == "ask A for 1 more"


# --- files ---------------------------------------------------------------------------------------------------------


def test_the_same_bytes_twice_are_said_once(judge: Judge, make_pdf: MakePdf, tmp_path: Path) -> None:
    data = make_pdf("sources/a.pdf").read_bytes()
    (tmp_path / "sources" / "b.pdf").write_bytes(data)
    report = judge({"1": [{"file": "a.pdf"}], "2": [{"file": "b.pdf"}, {"see": "1-01"}]})
    assert found(report) == [("same-file", "2", "2-01")]
    assert "{see: 1-01}" in the(report, "same-file").fix


def test_two_parts_of_one_file_are_no_repetition(judge: Judge, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf", pages=4)
    assert judge({"1": [{"file": "a.pdf", "pages": "1-2"}, {"file": "a.pdf", "pages": "3-4"}]}).problems == ()
    assert found(judge({"1": [{"file": "a.pdf"}, {"file": "a.pdf"}]})) == [("same-file", "1", "1-02")]


def test_nearly_the_same_scan_is_said(judge: Judge, tmp_path: Path) -> None:
    from test_probe import paper, scanned_again  # noqa: PLC0415 - drawn as there

    (tmp_path / "sources").mkdir()
    paper(1).resize((1654, 2339)).save(tmp_path / "sources" / "a.png", dpi=(200, 200))
    scanned_again(paper(1)).resize((1700, 2400)).save(tmp_path / "sources" / "b.png", dpi=(200, 200))
    paper(2).resize((1654, 2339)).save(tmp_path / "sources" / "c.png", dpi=(200, 200))
    report = judge({"1": [{"file": "a.png"}], "2": [{"file": "b.png"}, {"file": "c.png"}]})
    assert found(report) == [("same-scan", "2", "2-01")]


def test_photos_of_one_occasion_may_be_alike(judge: Judge, tmp_path: Path) -> None:
    from test_probe import paper, scanned_again  # noqa: PLC0415 - drawn as there

    (tmp_path / "sources").mkdir()
    paper(1).resize((1654, 2339)).save(tmp_path / "sources" / "1.png", dpi=(200, 200))
    scanned_again(paper(1)).resize((1700, 2400)).save(tmp_path / "sources" / "2.png", dpi=(200, 200))
    assert judge({"1": [{"files": "*.png"}]}).problems == ()


def test_a_scan_of_few_dots_is_said_with_whom_to_ask(judge: Judge, tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    Image.new("L", (1169, 1654), "gray").save(tmp_path / "sources" / "a.png", dpi=(141, 141))
    problem = the(judge({"1": [{"file": "a.png"}]}), "low-dpi")
    assert "141 dots per inch" in problem.message
    assert problem.fix == "ask Unit to scan it again at 300 dpi"


def test_blank_pages_and_unsearchable_ones_are_said(judge: Judge, make_pdf: MakePdf, tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415 - drawn here alone

    (tmp_path / "sources").mkdir()
    canvas = Canvas(str(tmp_path / "sources" / "a.pdf"), invariant=1)
    canvas.drawString(100, 100, "text")
    canvas.showPage()
    canvas.showPage()
    canvas.rect(10, 10, 100, 100, fill=1)
    canvas.save()
    report = judge({"1": [{"file": "a.pdf"}]}, rules={"no-text": "info"})
    assert the(report, "blank-page").message == "a.pdf, page 2: blank"
    assert the(report, "no-text").message == "a.pdf, page 3: no text that can be searched"


@pytest.mark.parametrize(
    ("title", "draft"),
    [("征求意见稿", True), ("实施方案（送审稿）", True), ("Draft plan", True), ("草案说明", True), ("通知", False)],
)
def test_what_calls_itself_a_draft_is_said(judge: Judge, make_pdf: MakePdf, title: str, draft: bool) -> None:
    make_pdf("sources/a.pdf")
    assert found(judge({"1": [{"file": "a.pdf", "title": title}]})) == ([("draft-name", "1", "1-01")] if draft else [])


def test_tracked_changes_are_said(judge: Judge, make_docx: MakeDocx) -> None:
    from test_probe import rewritten  # noqa: PLC0415 - changed as there

    path = make_docx("sources/a.docx", "Text")
    rewritten(
        path,
        "word/document.xml",
        lambda text: text.replace("<w:r>", '<w:ins w:id="1" w:author="x"><w:r>', 1).replace(
            "</w:r>", "</w:r></w:ins>", 1
        ),
    )
    assert "1 tracked change" in the(judge({"1": [{"file": "a.docx"}]}), "tracked-changes").message
