"""Evidence marked ``template: true`` is filled like the binder's own documents, and bound as evidence."""

from __future__ import annotations

import json
from pathlib import Path

import docx
import pypdf
import pytest
from conftest import MakeDocx, MakeManifest, MakePdf
from desk import Desk, item, lines

import dossier
from dossier import sources
from dossier.errors import ManifestError, TemplateError


@pytest.fixture
def desk(tmp_path: Path, make_docx: MakeDocx) -> Desk:
    return Desk(tmp_path, make_docx)


def filled(name: str = "report.docx") -> dict[str, object]:
    return {"file": name, "template": True}


def with_report(*before: str) -> dict[str, object]:
    """Return an item whose last piece of evidence is a template, after files of its own."""
    return {"id": "1", "title": "One", "evidence": [*({"file": name} for name in before), filled()]}


def test_it_cites_pages_and_sees_itself_its_item_and_the_book(desk: Desk, make_docx: MakeDocx) -> None:
    make_docx(
        "sources/report.docx",
        "{{ cite('2-01') }} {{ evidence.id }} {{ evidence.page }} {{ item.title }} {{ dossier.title }}",
        "{%p for row in item.evidence %}", "{{ row.id }} {{ row.pages }}", "{%p endfor %}",
    )  # fmt: skip
    of = desk.book([with_report("a.pdf"), item("2", "b.pdf")], {"a.pdf": 3, "b.pdf": 1})
    settled = desk.settle(of, lambda key, text: 4 if key == "evidence:1-02" else 1)
    # 1 divider, 3-5 a, 7-10 the report, 11 divider, 13 b.
    assert lines(settled.filled["evidence:1-02"]) == ["见第13页 1-02 7 One Title", "1-01 3—5", "1-02 7—10"]
    assert settled.pagination.spans["evidence:1-02"].numbers == "7—10"


def test_in_other_documents_evidence_is_all_of_it(desk: Desk, make_docx: MakeDocx) -> None:
    make_docx("sources/report.docx", "x")
    of = desk.book([with_report("a.pdf")], {"a.pdf": 1})
    shown = desk.shows(of, "cover", "{{ evidence|join(' ', 'id') }}")
    assert shown == ["1-01 1-02"]


def test_its_pages_are_those_of_its_proof(desk: Desk, make_docx: MakeDocx) -> None:
    make_docx("sources/report.docx", "x")
    settled = desk.settle(desk.book([with_report()]), lambda key, text: 3 if key == "evidence:1-01" else 1)
    [proof] = settled.book.proofs()
    assert (proof.status, proof.pages) == ("bound", 3)
    assert "evidence:1-01" not in settled.parts


@pytest.mark.parametrize("name", ["scan.pdf", "photo.jpg", "old.doc", "table.xlsx"])
def test_what_is_no_word_file_by_its_name_is_an_error_of_the_manifest(make_manifest: MakeManifest, name: str) -> None:
    path = make_manifest({"1": [filled(name)]})
    with pytest.raises(ManifestError) as caught:
        dossier.load(path)
    [problem] = caught.value.problems
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if "template:" in text)
    assert problem.where.startswith(f"{path}:{line}:")
    assert name in problem.message
    assert ".docx" in problem.fix


@pytest.mark.parametrize(
    ("key", "value"),
    [("pages", "1-2"), ("captions", "x"), ("crop", ["0%", "0%", "50%", "50%"]), ("fit", "none"), ("password", "x"),
     ("layout", "2-up")],
)  # fmt: skip
def test_what_has_no_meaning_for_a_template_cannot_stand_beside_it(
    make_manifest: MakeManifest, key: str, value: object
) -> None:
    with pytest.raises(ManifestError, match=f"`{key}` cannot stand beside `template`"):
        dossier.load(make_manifest({"1": [{**filled(), key: value}]}))


def test_a_citation_cannot_be_a_template(make_manifest: MakeManifest) -> None:
    with pytest.raises(ManifestError, match="`template` has no effect beside `see`"):
        dossier.load(make_manifest({"1": [{"file": "a.pdf"}, {"see": "1-01", "template": True}]}))


def test_several_files_cannot_be_a_template(make_manifest: MakeManifest) -> None:
    with pytest.raises(ManifestError, match="`files` cannot stand beside `template`"):
        dossier.load(make_manifest({"1": [{"files": "*.docx", "template": True}]}))


def test_what_is_no_word_file_by_its_content_is_refused(desk: Desk, make_pdf: MakePdf) -> None:
    make_pdf("sources/report.pdf").rename(desk.folder / "sources" / "report.docx")
    of = desk.book([with_report()])
    [proof] = of.proofs()
    assert [problem.code for problem in proof.problems] == ["not-a-template"]
    assert proof.status == "refused"
    assert "placeholder:1-01:1" in desk.settle(of).pagination.spans


def test_a_damaged_word_file_is_refused(desk: Desk, make_docx: MakeDocx) -> None:
    path = make_docx("sources/report.docx", "x")
    path.write_bytes(path.read_bytes().replace(b"w:document", b"w:documenx").replace(b"PK\x01\x02", b"PK\x01\x03", 1))
    of = desk.book([with_report()])
    assert [proof.status for proof in of.proofs()] == ["refused"]
    desk.settle(of)


def test_a_missing_one_is_missing(desk: Desk) -> None:
    of = desk.book([with_report()])
    assert [proof.status for proof in of.proofs()] == ["missing"]
    desk.settle(of)


def test_a_wrong_name_in_it_stops_the_build_and_names_the_file(desk: Desk, make_docx: MakeDocx) -> None:
    make_docx("sources/report.docx", "{{ dossier.titel }}")
    with pytest.raises(TemplateError, match=r"report\.docx: there is no 'titel'"):
        desk.settle(desk.book([with_report()]))


def test_it_is_bound_proved_and_recorded(make_docx: MakeDocx, make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    template = make_docx("sources/report.docx", "{{ cite('2-01') }}", "\f", "second page")
    make_pdf("sources/b.pdf")
    path = make_manifest({"1": [filled()], "2": [{"file": "b.pdf"}]}, front=["cover", "index"])
    binder = dossier.build(path, path.parent / "out", engine="embedded")
    assert binder.complete
    where = binder.pages_of("1-01")
    assert where.last - where.first == 1
    receipt = json.loads((binder.folder / "receipt.json").read_text())
    [source] = receipt["items"][0]["evidence"][0]["sources"]
    assert source["path"] == "report.docx"
    assert source["sha256"] == sources.sha256_of(template)
    assert source["filled"] is True
    assert receipt["items"][1]["evidence"][0]["sources"][0]["filled"] is False
    pages = [page for page in receipt["pages"] if page["evidence"] == "1-01"]
    assert [(page["kind"], page["source"], page["source_page"]) for page in pages] == [
        ("evidence", "report.docx", 1), ("evidence", "report.docx", 2),
    ]  # fmt: skip
    text = pypdf.PdfReader(binder.paths[0]).pages[where.first - 1].extract_text()
    number = receipt["items"][1]["evidence"][0]["number"]
    assert f"见第{number}页" in "".join(text.split())
    [document] = [name for name in receipt["documents"] if "evidence" in name]
    assert docx.Document(str(binder.folder / document)).paragraphs[0].text == f"见第{number}页"
    dossier.verify(binder.folder)
