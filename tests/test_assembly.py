"""Links and bookmarks of sources lead to where their pages are bound; what leads nowhere is said, or left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pypdfium2
import pytest
from conftest import MakeManifest, MakePdf
from pikepdf import Array, Dictionary, Name, String

import dossier
from dossier.receipt import Page

Link = Callable[[Path, Dictionary], Path]


@pytest.fixture
def built(make_manifest: MakeManifest, tmp_path: Path) -> Callable[..., dossier.Binder]:
    def build(evidence: dict[str, list[dict[str, Any]]], **keys: Any) -> dossier.Binder:
        return dossier.build(make_manifest(evidence, engine="embedded", front=[], **keys), tmp_path / "out")

    return build


def add_links(path: Path, *links: Dictionary) -> None:
    """Put links on the first page of a PDF, one above the other."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        for number, link in enumerate(links):
            link.Type, link.Subtype, link.Rect = (
                Name.Annot,
                Name.Link,
                Array([50, 50 + 30 * number, 150, 70 + 30 * number]),
            )
            if "/To" in link:
                link.Dest = Array([pdf.pages[int(link.To) - 1].obj, Name.Fit])
                del link.To
        pdf.pages[0].Annots = Array([pdf.make_indirect(link) for link in links])
        pdf.save(path)


def add_outline(path: Path, marks: Sequence[tuple[int, str | bytes, int]]) -> None:
    """Give a PDF bookmarks: level, title and page, each from 1."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        nodes = [
            pdf.make_indirect(Dictionary(Title=String(title), Dest=Array([pdf.pages[page - 1].obj, Name.Fit])))
            for _, title, page in marks
        ]
        root = pdf.make_indirect(Dictionary(Type=Name.Outlines))
        open_ = [root]
        for (level, _, _), node in zip(marks, nodes, strict=True):
            parent = open_[level - 1]
            del open_[level:]
            if "/First" in parent:
                parent.Last.Next = node
            else:
                parent.First = node
            parent.Last = node
            open_.append(node)
        pdf.Root.Outlines = root
        pdf.save(path)


def uri(address: str | bytes) -> Dictionary:
    return Dictionary(A=Dictionary(S=Name.URI, URI=String(address)))


def page_of(binder: dossier.Binder, evidence: str, source_page: int = 1) -> Page:
    [page] = [p for p in binder.receipt.pages if p.evidence == evidence and p.source_page == source_page]
    return page


def below(binder: dossier.Binder, evidence: str) -> list[tuple[int, str, int]]:
    """Return the bookmarks under an evidence's own: level below it, title and physical page."""
    marks = list(binder.receipt.outline)
    start = next(index for index, mark in enumerate(marks) if mark.title.startswith(f"{evidence} "))
    found = []
    for mark in marks[start + 1 :]:
        if mark.level <= marks[start].level:
            break
        found.append((mark.level - marks[start].level, mark.title, mark.page))
    return found


# --- outline -------------------------------------------------------------------------------------------------------

MARKS = [(1, "One", 1), (2, "One A", 2), (2, "One B", 3), (1, "Two", 4)]


def test_the_bookmarks_of_a_source_stand_under_its_evidence(
    make_pdf: MakePdf, built: Callable[..., dossier.Binder]
) -> None:
    add_outline(make_pdf("sources/a.pdf", 4), MARKS)
    binder = built({"1": [{"file": "a.pdf"}]})
    first = binder.pages_of("1-01").first
    assert below(binder, "1-01") == [(level, title, first + page - 1) for level, title, page in MARKS]


def test_bookmarks_of_pages_left_out_are_left_out_and_those_below_them_move_up(
    make_pdf: MakePdf, built: Callable[..., dossier.Binder]
) -> None:
    add_outline(make_pdf("sources/a.pdf", 4), MARKS)
    binder = built({"1": [{"file": "a.pdf", "pages": "2-"}]})
    first = binder.pages_of("1-01").first
    assert below(binder, "1-01") == [(1, "One A", first), (1, "One B", first + 1), (1, "Two", first + 2)]


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        (b"\x16 broken", "broken"),
        (b"\xfe\xff\xff\xfd\x00a", "a"),
        (b"\x7f\x9f", "…"),
        (b"", "…"),
        ("第一章　总则".encode("utf-16"), "第一章 总则"),
        (b"x" * 300, "x" * 200),
    ],
)
def test_a_title_that_readers_of_pdf_do_not_read_alike_is_made_legible(
    make_pdf: MakePdf, built: Callable[..., dossier.Binder], title: bytes, wanted: str
) -> None:
    add_outline(make_pdf("sources/a.pdf"), [(1, title, 1)])
    binder = built({"1": [{"file": "a.pdf"}]})
    assert [found for _, found, _ in below(binder, "1-01")] == [wanted]


def test_a_title_of_the_manifest_is_made_legible_too(make_pdf: MakePdf, built: Callable[..., dossier.Binder]) -> None:
    make_pdf("sources/a.pdf")
    binder = built({"1": [{"file": "a.pdf", "title": "报告\ufffd之一"}]})
    assert binder.receipt.outline[-1].title == "1-01 报告 之一"


def test_cited_evidence_has_a_bookmark_where_it_is_bound(
    make_pdf: MakePdf, built: Callable[..., dossier.Binder]
) -> None:
    add_outline(make_pdf("sources/a.pdf", 2), [(1, "One", 2)])
    binder = built({"1": [{"file": "a.pdf"}], "2": [{"see": "1-01", "title": "cited"}]})
    last = binder.receipt.outline[-1]
    assert (last.title, last.page) == ("2-01 cited", binder.pages_of("1-01").first)


# --- links ---------------------------------------------------------------------------------------------------------


def test_a_link_within_a_source_leads_to_where_its_page_is_bound(
    make_pdf: MakePdf, built: Callable[..., dossier.Binder]
) -> None:
    add_links(make_pdf("sources/a.pdf", 3), Dictionary(To=3))
    make_pdf("sources/b.pdf", 5)
    binder = built({"1": [{"file": "b.pdf"}, {"file": "a.pdf"}]})
    [jump] = page_of(binder, "1-02").links
    assert jump.page == page_of(binder, "1-02", 3).page


def test_a_link_to_a_page_left_out_is_left_out(make_pdf: MakePdf, built: Callable[..., dossier.Binder]) -> None:
    add_links(make_pdf("sources/a.pdf", 3), Dictionary(To=3), Dictionary(To=2))
    binder = built({"1": [{"file": "a.pdf", "pages": "1-2"}]})
    [jump] = page_of(binder, "1-01").links
    assert jump.page == page_of(binder, "1-01", 2).page


def test_the_same_file_bound_twice_keeps_its_links_apart(
    make_pdf: MakePdf, built: Callable[..., dossier.Binder]
) -> None:
    add_links(make_pdf("sources/a.pdf", 2), Dictionary(To=2))
    binder = built({"1": [{"file": "a.pdf"}, {"file": "a.pdf"}]})
    for id in ("1-01", "1-02"):
        [jump] = page_of(binder, id).links
        assert jump.page == page_of(binder, id, 2).page


def test_a_jump_by_id_leads_to_that_item(make_pdf: MakePdf, built: Callable[..., dossier.Binder]) -> None:
    add_links(make_pdf("sources/a.pdf"), uri("dossier:1-02"), uri("dossier:%E7%AB%A0"))
    make_pdf("sources/b.pdf")
    binder = built({"1": [{"file": "a.pdf"}, {"file": "b.pdf"}], "章": [{"see": "1-02"}]})
    wanted = [(id, binder.pages_of(id).first) for id in ("1-02", "章")]
    assert [(jump.to, jump.page) for jump in page_of(binder, "1-01").links] == wanted


def test_a_jump_to_an_id_that_is_not_there_is_a_warning_and_no_link(
    make_pdf: MakePdf, built: Callable[..., dossier.Binder]
) -> None:
    add_links(make_pdf("sources/a.pdf"), uri("dossier:9-9"))
    binder = built({"1": [{"file": "a.pdf"}]})
    assert page_of(binder, "1-01").links == ()
    [problem] = binder.problems
    assert (problem.code, problem.severity, problem.item, problem.evidence) == ("dead-jump", "warning", "1", "1-01")
    assert "'9-9'" in problem.message
    assert "a.pdf" in problem.message


@pytest.mark.parametrize(
    "address", ["https://example.org/a(b)?c=d&e=f#g", "mailto:a@example.org", "http://x/%E4%B8%AD"]
)
def test_an_address_is_kept_as_it_is(make_pdf: MakePdf, built: Callable[..., dossier.Binder], address: str) -> None:
    add_links(make_pdf("sources/a.pdf"), uri(address))
    binder = built({"1": [{"file": "a.pdf"}]})
    assert [jump.uri for jump in page_of(binder, "1-01").links] == [address]


@pytest.mark.parametrize("address", ["http://x/中".encode(), b"http://x/\x16", b"http://x/a b", b"http://x/\x9f"])
def test_an_address_is_made_of_ascii(make_pdf: MakePdf, built: Callable[..., dossier.Binder], address: bytes) -> None:
    add_links(make_pdf("sources/a.pdf"), uri(address))
    binder = built({"1": [{"file": "a.pdf"}]})
    [jump] = page_of(binder, "1-01").links
    assert jump.uri.startswith("http://x/")
    assert jump.uri.isascii()
    assert jump.uri.isprintable()
    assert " " not in jump.uri


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_clickable_area_moves_with_its_page(
    make_pdf: MakePdf, built: Callable[..., dossier.Binder], turn: int
) -> None:
    source = make_pdf("sources/a.pdf", 1, marker="here", at=(0.3, 0.2))
    with pikepdf.open(source, allow_overwriting_input=True) as pdf:
        x, y = 595.276 * 0.3 - 40, 841.89 * 0.2
        link = uri("http://x/")
        link.Type, link.Subtype, link.Rect = Name.Annot, Name.Link, Array([x - 2, y - 4, x + 50, y + 14])
        pdf.pages[0].Annots = Array([pdf.make_indirect(link)])
        pdf.save(source)
    binder = built({"1": [{"file": "a.pdf", "rotate": turn}]}, page={"gutter": "60mm"})
    number = binder.pages_of("1-01").first
    links: Any = pypdf.PdfReader(binder.paths[0]).pages[number - 1]["/Annots"]
    area = [float(value) for value in links[0].get_object()["/Rect"]]
    with pypdfium2.PdfDocument(binder.paths[0]) as document:
        covered = document[number - 1].get_textpage().get_text_bounded(*area)
    assert "".join(covered.split()) == "herep1"
