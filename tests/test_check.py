"""Checking says, without converting or writing anything, what each item and each unit still lacks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from conftest import MakeDocx, MakeManifest, MakePdf

from dossier import book, convert, manifest
from dossier import check as package_check
from dossier.check import ItemState, Report, UnitState, check
from dossier.convert import embedded, image, libreoffice, pdf
from dossier.errors import ManifestError, Problem
from dossier.part import Ink, Part, PartPage
from dossier.plan import plan

MakeReport = Callable[..., Report]


@pytest.fixture
def report(make_manifest: MakeManifest) -> MakeReport:
    """Return a function that checks a manifest of the evidence given."""
    return lambda evidence=None, **keys: check(make_manifest(evidence or {"1": []}, **keys))


def item(found: Report, id: str) -> ItemState:
    return next(state for state in found.items if state.id == id)


def unit(found: Report, name: str) -> UnitState:
    return next(state for state in found.units if state.name == name)


def codes(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.code for problem in problems]


def encrypt(path: Path, *, user: str) -> None:
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.save(path, encryption=pikepdf.Encryption(user=user, owner="owner"))


# --- items and units -----------------------------------------------------------------------------------------------

UNITS: dict[str, Any] = {
    "units": {"市场监管局": {"contact": "李工", "phone": "0858-1234567"}, "财政局": {}},
    "items": [
        {
            **{"id": "1", "title": "领导与规划", "unit": "市场监管局"},
            "items": [
                {"id": "1-1", "title": "规划", "points": 1, "self_score": "0.5", "evidence": [{"file": "a.pdf"}]},
                {"id": "1-2", "title": "报告", "points": 2, "evidence": [{"file": "gone.pdf"}, {"file": "b.pdf"}]},
                {"id": "1-3", "title": "经费", "unit": "财政局"},
                {"id": "1-4", "title": "水利", "not_applicable": "无在建工程"},
                {"id": "1-5", "title": "气象", "unit": "气象局", "evidence": [{"see": "1-1-01"}]},
            ],
        },
        {"id": "2", "title": "无人负责", "evidence": [{"file": "data.bin"}]},
    ],
}


@pytest.fixture
def units(report: MakeReport, make_pdf: MakePdf, tmp_path: Path) -> Report:
    make_pdf("sources/a.pdf")
    make_pdf("sources/b.pdf", pages=2)
    (tmp_path / "sources" / "data.bin").write_bytes(b"\0\1")
    return report(**UNITS)


def test_every_leaf_is_listed_in_order_with_what_it_has(units: Report) -> None:
    assert [(state.id, state.title, state.unit, state.status, state.evidence) for state in units.items] == [
        ("1-1", "规划", "市场监管局", "complete", 1),
        ("1-2", "报告", "市场监管局", "missing", 2),
        ("1-3", "经费", "财政局", "missing", 0),
        ("1-4", "水利", "市场监管局", "not-applicable", 0),
        ("1-5", "气象", "气象局", "complete", 1),
        ("2", "无人负责", "", "refused", 1),
    ]


def test_points_are_exact_and_absent_where_none_are_given(units: Report) -> None:
    assert (item(units, "1-1").points, item(units, "1-1").self_score) == (Decimal(1), Decimal("0.5"))
    assert (item(units, "1-3").points, item(units, "1-3").self_score) == (None, None)


def test_each_problem_stands_with_its_item(units: Report) -> None:
    assert {state.id: codes(state.problems) for state in units.items if state.problems} == {
        "1-2": ["missing-source"],
        "1-3": ["no-evidence"],
        "2": ["unsupported-kind"],
    }
    assert codes(units.problems) == ["unknown-unit", "missing-source", "no-evidence", "unsupported-kind"]
    assert not units.complete


def test_each_unit_is_listed_once_with_what_it_has_done_and_still_owes(units: Report) -> None:
    assert [(state.name, state.items, state.complete, codes(state.owed)) for state in units.units] == [
        ("市场监管局", 3, 2, ["missing-source"]),
        ("财政局", 1, 0, ["no-evidence"]),
        ("气象局", 1, 1, []),
        ("", 1, 0, ["unsupported-kind"]),
    ]
    assert sum(state.items for state in units.units) == len(units.items)


def test_a_unit_can_be_called(units: Report) -> None:
    assert (unit(units, "市场监管局").contact, unit(units, "市场监管局").phone) == ("李工", "0858-1234567")
    assert (unit(units, "气象局").contact, unit(units, "气象局").phone) == ("", "")


def test_a_complete_dossier_is_complete(report: MakeReport, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    found = report({"1": [{"file": "a.pdf"}]})
    assert (found.complete, found.problems) == (True, ())


def test_warnings_are_said_but_owe_nothing(report: MakeReport, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.docx")
    make_pdf("sources/unused.pdf")

    found = report({"1": [{"file": "a.docx"}]})

    assert sorted(codes(found.problems)) == ["misnamed-source", "unused-source"]
    assert (found.complete, item(found, "1").status, unit(found, "Unit").owed) == (True, "complete", ())


def test_an_item_that_cites_what_is_missing_is_as_incomplete_but_owes_nothing(report: MakeReport) -> None:
    items = [
        {"id": "1", "title": "甲", "unit": "Owner", "evidence": [{"file": "gone.pdf"}]},
        {"id": "2", "title": "乙", "unit": "Citer", "evidence": [{"see": "1-01"}]},
    ]

    found = report(items=items)

    assert [state.status for state in found.items] == ["missing", "missing"]
    assert codes(unit(found, "Owner").owed) == ["missing-source"]
    assert (unit(found, "Citer").complete, unit(found, "Citer").owed) == (0, ())
    assert codes(found.problems) == ["missing-source"]


def test_items_stand_as_they_will_in_the_book(units: Report) -> None:
    """Where nothing fails while it is converted, checking and building agree."""
    planned = plan(units.manifest, convert.accepted())
    part = Part(Path("part.pdf"), (PartPage(595, 842, Ink(1, ()), ""),))
    bound = book.collect(planned, {source.name: part for proof in planned.evidence() for source in proof.sources})
    leaves = [entry for entry in bound.entries if entry.planned.leaf]
    assert [state.status for state in units.items] == [bound.status(entry) for entry in leaves]


def test_lacking_a_role_is_missing(report: MakeReport, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    items = [{"id": "1", "title": "会议", "requires": ["签到表"], "evidence": [{"file": "a.pdf", "role": "通知"}]}]
    found = report(items=items)
    assert (item(found, "1").status, codes(found.problems)) == ("missing", ["missing-role"])


# --- PDFs, which are opened ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pages", "complete"), [("1-3", True), ("3-", True), ("2,4", False), ("4-", False)])
def test_ranges_out_of_a_pdfs_bounds_are_found(
    report: MakeReport, make_pdf: MakePdf, pages: str, complete: bool
) -> None:
    make_pdf("sources/a.pdf", pages=3)

    found = report({"1-1": [{"file": "a.pdf", "pages": pages}]})

    assert found.complete is complete
    assert item(found, "1-1").status == ("complete" if complete else "refused")
    if not complete:
        [problem] = found.problems
        assert (problem.code, problem.item, problem.evidence) == ("page-range", "1-1", "1-1-01")
        assert problem.where == found.manifest.where("1-1-01")
        assert f"a.pdf has 3 pages, so it does not have pages {pages}" in problem.message
        assert unit(found, "Unit").owed == (problem,)


def test_an_encrypted_pdf_is_found_without_converting(report: MakeReport, make_pdf: MakePdf) -> None:
    encrypt(make_pdf("sources/a.pdf"), user="secret")

    found = report({"1-1": [{"file": "a.pdf"}]})

    [problem] = found.problems
    assert (problem.code, problem.severity, problem.evidence) == ("encrypted-source", "error", "1-1-01")
    assert problem.message.startswith("a.pdf: ")
    assert problem.where == found.manifest.where("1-1-01")
    assert problem.fix
    assert item(found, "1-1").status == "refused"


def test_a_pdf_that_opens_without_a_password_is_complete(report: MakeReport, make_pdf: MakePdf) -> None:
    encrypt(make_pdf("sources/a.pdf"), user="")
    assert report({"1": [{"file": "a.pdf"}]}).complete


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\nrubbish\n%%EOF"])
def test_a_damaged_pdf_is_found(report: MakeReport, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "a.pdf").write_bytes(data)
    found = report({"1": [{"file": "a.pdf"}, {"see": "1-01"}]})
    assert codes(found.problems) == ["damaged-source"]
    assert item(found, "1").status == "refused"


def test_each_bad_file_of_a_pattern_is_found(report: MakeReport, make_pdf: MakePdf, tmp_path: Path) -> None:
    make_pdf("sources/1.pdf")
    encrypt(make_pdf("sources/2.pdf"), user="secret")
    make_pdf("sources/3.pdf", pages=2)

    found = report({"1": [{"files": "*.pdf", "pages": "2"}]})

    assert [(problem.code, problem.message[:5]) for problem in found.problems] == [
        ("page-range", "1.pdf"),
        ("encrypted-source", "2.pdf"),
    ]


def test_the_offices_own_pdf_is_opened_too(report: MakeReport, make_pdf: MakePdf, make_docx: MakeDocx) -> None:
    make_pdf("sources/whole.pdf")
    encrypt(make_pdf("sources/secret.pdf"), user="secret")
    make_docx("sources/report.docx")
    make_pdf("sources/a.pdf")

    front = [{"file": "whole.pdf"}, {"file": "secret.pdf"}, {"file": "report.docx"}]
    found = report({"1": [{"file": "a.pdf"}]}, front=front)

    [problem] = found.problems
    assert (problem.code, problem.where) == ("encrypted-source", found.manifest.where("secret.pdf"))
    assert not found.complete


# --- templates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [{"template_set": "oficial"}, {"front": ["cover", "no-such-template"]}])
def test_templates_that_are_not_there_are_found(report: MakeReport, make_pdf: MakePdf, keys: dict[str, Any]) -> None:
    make_pdf("sources/a.pdf")
    found = report({"1": [{"file": "a.pdf"}]}, **keys)
    [problem] = found.problems
    assert (problem.code, problem.severity, problem.where) == ("missing-template", "error", str(found.manifest.path))
    assert problem.fix


# --- what it takes, and what it leaves alone -----------------------------------------------------------------------


def test_it_takes_a_path_or_a_manifest_and_is_the_librarys(make_manifest: MakeManifest) -> None:
    path = make_manifest({"1": []})
    assert check(path).items == check(str(path)).items == check(manifest.load(path)).items
    assert package_check is check


def test_a_manifest_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError):
        check(tmp_path / "gone.yaml")


def snapshot(folder: Path, but: Path) -> dict[Path, tuple[int, int]]:
    """Return when all in a folder was changed, and how large it is, but for one folder in it."""
    paths = [path for path in (folder, *folder.rglob("*")) if path != but and but not in path.parents]
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in paths}


def test_it_converts_nothing_and_writes_nothing_but_what_it_remembers(
    make_manifest: MakeManifest,
    make_pdf: MakePdf,
    make_docx: MakeDocx,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_pdf("sources/a.pdf", pages=2)
    make_docx("sources/b.docx")
    (tmp_path / "cache").mkdir()
    path = make_manifest({"1": [{"file": "a.pdf"}, {"file": "b.docx"}, {"file": "gone.pdf"}]})
    monkeypatch.setenv("DOSSIER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def never(*arguments: Any, **options: Any) -> None:
        pytest.fail("something was converted")

    for module, name in ((embedded, "convert"), (image, "convert"), (libreoffice, "convert_batch"), (pdf, "normalise")):
        monkeypatch.setattr(module, name, never)
    before = snapshot(tmp_path, but=tmp_path / "cache")

    found = check(path)

    assert codes(found.problems) == ["missing-source"]
    assert snapshot(tmp_path, but=tmp_path / "cache") == before
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["memory"]
