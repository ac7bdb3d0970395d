"""A volume's file is no larger than the manifest allows, and what makes one too long or too large is named."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest
from conftest import A4, MakeDocx, MakeManifest, MakePdf
from desk import Desk, item
from pikepdf import Dictionary, Name

import dossier
from dossier import book, capacity, plan
from dossier.book import Proof
from dossier.lock import Lock
from dossier.part import Ink, Part, PartPage
from dossier.sources import Kind

MakeScan = Callable[[str, Sequence[int]], Path]


@pytest.fixture
def make_scan(tmp_path: Path) -> MakeScan:
    """Draw a PDF whose pages are noise that does not compress: of each page so many kilobytes."""

    def make(name: str, kilobytes: Sequence[int]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = random.Random(name)
        with pikepdf.new() as pdf:
            for count in kilobytes:
                picture = pdf.make_stream(
                    noise.randbytes(1000 * count), Type=Name.XObject, Subtype=Name.Image, Width=1000, Height=count,
                    ColorSpace=Name.DeviceGray, BitsPerComponent=8,
                )  # fmt: skip
                page = pdf.add_blank_page(page_size=A4)
                page.obj.Resources = Dictionary(XObject=Dictionary(Noise=picture))
                page.obj.Contents = pdf.make_stream(b"q 300 0 0 300 100 300 cm /Noise Do Q")
            pdf.save(path, static_id=True)
        return path

    return make


def proof_of(path: Path, pages: Sequence[int]) -> Proof:
    """Return evidence that is made of some pages (from 1) of a PDF, as if it were a part."""
    with pikepdf.open(path) as pdf:
        count = len(pdf.pages)
    manifest = path.parent / "one.yaml"
    text = f"title: x\nitems: [{{id: a, title: b, evidence: [{{file: {path.name}}}]}}]"
    manifest.write_text(text, encoding="utf-8")
    planned = plan.plan(dossier.load(manifest), {Kind.PDF})
    part = Part(path, (PartPage(595.0, 842.0, Ink(1, (0,)), ""),) * count)
    source = next(planned.evidence()).sources[0]
    return Proof(next(planned.evidence()), (book.BoundSource(source, part, tuple(pages)),), ())


# --- what pages take -----------------------------------------------------------------------------------------------


def test_evidence_that_is_bound_whole_takes_its_file(make_scan: MakeScan) -> None:
    path = make_scan("a.pdf", [30, 60])
    assert path.stat().st_size <= capacity.size_of(proof_of(path, [1, 2])) <= path.stat().st_size + 5_000


@pytest.mark.parametrize("pages", [[1], [2], [3], [1, 3], [2, 2]])
def test_evidence_of_which_some_pages_are_bound_takes_what_those_need(make_scan: MakeScan, pages: list[int]) -> None:
    kilobytes = {1: 300, 2: 5, 3: 80}
    path = make_scan("a.pdf", list(kilobytes.values()))
    taken = sum(kilobytes[page] for page in set(pages)) * 1000
    assert taken <= capacity.size_of(proof_of(path, pages)) <= taken + 10_000


def test_what_pages_share_is_counted_once(tmp_path: Path, make_scan: MakeScan) -> None:
    with pikepdf.open(make_scan("a.pdf", [200, 5, 5, 5])) as pdf:
        for page in pdf.pages[1:3]:
            page.obj.Resources = pdf.pages[0].obj.Resources
        pdf.save(tmp_path / "shared.pdf")
    assert 200_000 <= capacity.size_of(proof_of(tmp_path / "shared.pdf", [1, 2, 3])) <= 210_000


def test_the_size_of_a_document_only_grows(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 50_000)
    part = Part(tmp_path / "a", ())
    once = capacity.grown({}, {"index:1": part})
    assert once["index:1"] >= 50_000
    (tmp_path / "a").write_bytes(b"x" * 10)
    assert capacity.grown(once, {"index:1": part}) == once


# --- books ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, make_docx: MakeDocx) -> Desk:
    return Desk(tmp_path, make_docx)


def told(settled: Any) -> list[tuple[str, str]]:
    return [(p.evidence, p.message) for p in capacity.too_long(settled.book, settled.pagination)]


def test_a_volume_that_is_too_long_names_the_evidence_that_fills_it(desk: Desk) -> None:
    of = desk.book(
        [item("1", "a.pdf"), item("2", "b.pdf", "c.pdf")],
        {"a.pdf": 3, "b.pdf": 40, "c.pdf": 2},
        volumes={"max_sheets": 10},
    )
    (found,) = capacity.too_long(of, desk.settle(of).pagination)
    assert (found.code, found.severity, found.item, found.evidence) == ("volume-too-long", "warning", "2", "2-01")
    assert "2-01 has 40 pages" in found.message
    assert "20 pages" in found.message
    assert found.fix
    assert found.where == of.plan.manifest.where("2-01")


def test_a_volume_that_its_own_documents_fill_says_so(desk: Desk) -> None:
    of = desk.book([item("1", "a.pdf")], {"a.pdf": 1}, volumes={"max_pages": 6})
    ((evidence, message),) = told(desk.settle(of))
    assert evidence == ""
    assert "documents fill it" in message


def test_of_a_frozen_book_it_is_not_said_that_evidence_could_be_divided(desk: Desk) -> None:
    of = desk.book([item("1", "a.pdf")], {"a.pdf": 40}, volumes={"max_pages": 20})
    pagination = desk.settle(of).pagination
    (found,) = capacity.too_long(replace(of, lock=Lock("", {}, (40,), ())), pagination)
    assert "stays in its volume" in found.message
    assert "freeze --release" in found.fix


@pytest.mark.parametrize("volumes", [{"max_pages": 20}, {"max_mb": 9}, {"by": "section"}, None])
def test_where_volumes_are_no_longer_than_they_may_be_nothing_is_said(desk: Desk, volumes: Any) -> None:
    of = desk.book([item(n, "a.pdf") for n in "123"], {"a.pdf": 3}, **({"volumes": volumes} if volumes else {}))
    assert told(desk.settle(of)) == []


def build(make_manifest: MakeManifest, evidence: dict[str, Any], **volumes: Any) -> dossier.Binder:
    return dossier.build(make_manifest(evidence, volumes=volumes, engine="embedded"), "out")


def megabytes(binder: dossier.Binder) -> list[float]:
    return [path.stat().st_size / 1_000_000 for path in binder.paths]


@pytest.fixture
def _in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_in_its_folder")
def test_no_file_of_a_volume_is_larger_than_it_may_be(make_manifest: MakeManifest, make_scan: MakeScan) -> None:
    evidence: dict[str, Any] = {}
    for number, kilobytes in enumerate([[300], [200, 200], [900, 20, 20], [250], [400], [90]], start=1):
        make_scan(f"sources/{number}.pdf", kilobytes)
        evidence[f"{number}"] = [{"file": f"{number}.pdf"}]
    evidence["3"] = [{"file": "3.pdf", "pages": "2-3"}]
    binder = build(make_manifest, evidence, max_mb=1)
    assert max(megabytes(binder)) <= 1
    assert len(binder.paths) <= 3, "1.28 MB of scans, and what is between them"
    assert not [p for p in binder.problems if p.code.startswith("volume")]


@pytest.mark.usefixtures("_in_its_folder")
def test_evidence_that_is_too_large_alone_has_a_volume_to_itself_and_is_named(
    make_manifest: MakeManifest, make_scan: MakeScan
) -> None:
    for name, kilobytes in (("a", [100]), ("b", [700, 700]), ("c", [100])):
        make_scan(f"sources/{name}.pdf", kilobytes)
    binder = build(make_manifest, {n: [{"file": f"{f}.pdf"}] for n, f in zip("123", "abc", strict=True)}, max_mb=1)
    (found,) = [p for p in binder.problems if p.code == "volume-too-large"]
    assert (found.evidence, found.severity, binder.complete) == ("2-01", "warning", True)
    assert binder.pages_of("2-01").volume == 2
    assert binder.paths[1].name in found.message
    assert [size > 1 for size in megabytes(binder)] == [False, True, False]


@pytest.mark.usefixtures("_in_its_folder")
def test_strictly_a_volume_that_is_too_large_makes_a_draft(make_manifest: MakeManifest, make_scan: MakeScan) -> None:
    make_scan("sources/a.pdf", [700, 700])
    manifest = make_manifest({"1": [{"file": "a.pdf"}]}, volumes={"max_mb": 1}, engine="embedded")
    binder = dossier.build(manifest, "out", strict=True)
    assert not binder.complete
    assert all(path.name.startswith("binder-draft") for path in binder.paths)
    assert [path.name for path in binder.folder.glob("binder*.pdf")] == [path.name for path in binder.paths]
    assert "草稿" in pypdf.PdfReader(binder.paths[-1]).pages[-2].extract_text()


@pytest.mark.usefixtures("_in_its_folder")
def test_sections_are_divided_further_where_they_are_too_long(make_pdf: MakePdf, tmp_path: Path) -> None:
    for name in "abcd":
        make_pdf(f"sources/{name}.pdf", 6)
    manifest = tmp_path / "dossier.yaml"
    manifest.write_text(
        "title: x\nsources: sources\nengine: embedded\nfront: [cover]\nvolumes: {by: section, max_sheets: 10}\nitems:\n"
        "  - {id: '1', title: One, items: [{id: 1-1, title: a, evidence: [{file: a.pdf}]},"
        " {id: 1-2, title: b, evidence: [{file: b.pdf}]}, {id: 1-3, title: c, evidence: [{file: c.pdf}]}]}\n"
        "  - {id: '2', title: Two, evidence: [{file: d.pdf}]}\n",
        encoding="utf-8",
    )
    binder = dossier.build(manifest, "out")
    # A cover takes a sheet, an item four: its divider and six pages.
    assert [(item.id, item.volume) for item in binder.receipt.items] == [("1-1", 1), ("1-2", 1), ("1-3", 2), ("2", 3)]
