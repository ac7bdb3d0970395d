"""A manifest becomes a binder whose pages are where its receipt says; what fails leaves the old binder as it was."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import docx
import pikepdf
import pypdf
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import yaml
from conftest import MakeDocx, MakeManifest, MakePdf, MakePhoto
from docx.enum.text import WD_BREAK
from PIL import Image
from pypdf.generic import Destination
from reportlab.pdfgen.canvas import Canvas

import dossier
from dossier import bind, inputs, publish
from dossier.build import document_date
from dossier.convert import Batch, libreoffice
from dossier.receipt import Page
from dossier.templates import Rendered

ROOT = Path(__file__).resolve().parent.parent
A4, A3_WIDE = (595.276, 841.89), (1190.551, 841.89)
Texts = Callable[[Path], list[str]]

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for soffice starts by its first line")


# --- reading a binder back -----------------------------------------------------------------------------------------


def by_pypdf(pdf: Path) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(pdf).pages]


def by_pdfium(pdf: Path) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_range() for page in document]


readers = pytest.mark.parametrize("texts", [by_pypdf, by_pdfium])


def squeezed(text: str) -> str:
    return "".join(text.split())


def pages_with_texts(binder: dossier.Binder, texts: Texts = by_pdfium) -> Iterator[tuple[Page, str]]:
    shown = [text for path in binder.paths for text in texts(path)]
    return zip(binder.receipt.pages, shown, strict=True)


def texts_of(binder: dossier.Binder, id: str) -> list[str]:
    """Return what the pages show that ``pages_of`` names."""
    where = binder.pages_of(id)
    return by_pdfium(binder.paths[where.volume - 1])[where.first - 1 : where.last]


def outline_of(reader: pypdf.PdfReader) -> Iterator[tuple[str, int]]:
    """Walk over an outline: each title, and the page from 1 that it leads to."""
    waiting: list[Any] = [reader.outline]
    while waiting:
        entry = waiting.pop(0)
        if isinstance(entry, Destination):
            number = reader.get_destination_page_number(entry)
            assert number is not None
            yield str(entry.title), number + 1
        else:
            waiting = [*entry, *waiting]


def links_of(reader: pypdf.PdfReader, pdf: Path, page: int) -> Iterator[tuple[str, Any]]:
    """Walk over the links of a page: the text that each covers, and its annotation."""
    with pypdfium2.PdfDocument(pdf) as document:
        shown = document[page - 1].get_textpage()
        for reference in reader.pages[page - 1].get("/Annots", ()):
            link = reference.get_object()
            yield shown.get_text_bounded(*(float(value) for value in link["/Rect"])).strip(), link


def images_of(page: pikepdf.Object) -> list[pikepdf.Object]:
    """Return the images that a page shows, however deep its form XObjects nest."""
    found: list[pikepdf.Object] = []
    forms: list[Any] = [page]
    while forms:
        for shown in forms.pop().get("/Resources", pikepdf.Dictionary()).get("/XObject", pikepdf.Dictionary()).values():
            (found if shown.Subtype == "/Image" else forms).append(shown)
    return found


def raw_images(binder: dossier.Binder, id: str) -> list[bytes]:
    where = binder.pages_of(id)
    with pikepdf.open(binder.paths[where.volume - 1]) as pdf:
        pages = [pdf.pages[number - 1].obj for number in range(where.first, where.last + 1)]
        return [bytes(image.read_raw_bytes()) for page in pages for image in images_of(page)]


def state_of(folder: Path) -> dict[str, bytes]:
    """Return every file in a folder, by name: what must not change where a build fails."""
    if not folder.exists():
        return {}
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- one book for many tests ---------------------------------------------------------------------------------------


def draw_pdf(path: Path, pages: int = 1, size: tuple[float, float] = A4) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = Canvas(str(path), pagesize=size, invariant=1)
    for number in range(1, pages + 1):
        canvas.drawString(size[0] / 2, size[1] / 2, f"{path.stem} p{number}")
        canvas.showPage()
    canvas.save()


def write_manifest(folder: Path, items: Sequence[dict[str, Any]], **keys: Any) -> Path:
    path = folder / "dossier.yaml"
    manifest = {
        "title": "质量强市印证材料", "organisation": "云岭市质强办", "date": "2023-12-15", "engine": "embedded",
        "sources": "sources", "items": list(items), **keys,
    }  # fmt: skip
    path.write_text(yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def item(id: str, *evidence: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"id": id, "title": f"Item {id}", "points": 1, "unit": "Unit", "evidence": list(evidence), **keys}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    """A binder of every kind of source, with scores before and a checklist after its items."""
    folder = tmp_path_factory.mktemp("book")
    sources = folder / "sources"
    draw_pdf(sources / "plan.pdf", 3)
    draw_pdf(sources / "table.pdf", 1, A3_WIDE)
    notice = docx.Document()
    notice.add_paragraph("notice p1").add_run().add_break(WD_BREAK.PAGE)
    notice.add_paragraph("notice p2")
    notice.save(str(sources / "notice.docx"))
    Image.effect_noise((300, 400), 60).convert("RGB").save(sources / "photo.jpg", quality=80)
    scans = [Image.effect_noise((256, 320), 200).convert("1", dither=Image.Dither.NONE) for _ in range(3)]
    scans[0].save(
        sources / "fax.tiff", compression="group4", save_all=True, append_images=scans[1:], tiffinfo={278: 320}
    )
    items = [
        {
            "id": "1", "title": "Section", "items": [
                item("1-1", {"file": "plan.pdf", "number": "云府发〔2021〕5号"}, {"file": "notice.docx"}),
                item("1-2", {"file": "photo.jpg"}, {"file": "fax.tiff"}, {"see": "1-1-02", "title": "cited"}),
            ],
        },
        item("2", {"file": "table.pdf"}),
    ]  # fmt: skip
    manifest = write_manifest(folder, items, front=["cover", "index", "scores"], back=["checklist"])
    return dossier.build(manifest, folder / "out")


@readers
def test_each_page_shows_the_page_of_the_file_that_the_receipt_names(book: dossier.Binder, texts: Texts) -> None:
    seen = []
    for page, text in pages_with_texts(book, texts):
        stem = page.source.partition(".")[0]
        if stem in ("plan", "notice", "table"):
            assert f"{stem} p{page.source_page}" in text
            seen.append((stem, page.source_page))
    assert seen == [("plan", 1), ("plan", 2), ("plan", 3), ("notice", 1), ("notice", 2), ("table", 1)]


@readers
def test_each_label_is_printed_on_the_page_that_the_receipt_names(book: dossier.Binder, texts: Texts) -> None:
    for page, text in pages_with_texts(book, texts):
        wanted = "" if page.kind in ("cover", "blank") else f"— {page.number} —"
        assert page.label == wanted
        assert squeezed(text).endswith(squeezed(wanted))


@readers
def test_a_blank_shows_nothing(book: dossier.Binder, texts: Texts) -> None:
    blanks = [text for page, text in pages_with_texts(book, texts) if page.kind == "blank"]
    assert blanks
    assert not any(squeezed(text) for text in blanks)


def test_pages_of_names_all_pages_of_an_evidence(book: dossier.Binder) -> None:
    for id in ("1-1-01", "1-1-02", "1-2-01", "1-2-02", "2-01"):
        pages = [page.page for page in book.receipt.pages if page.evidence == id]
        assert book.pages_of(id) == dossier.PageRange(1, pages[0], pages[-1])
        assert pages == list(range(pages[0], pages[-1] + 1))


def test_pages_of_an_item_run_from_its_divider_to_its_last_evidence(book: dossier.Binder) -> None:
    where = book.pages_of("1-1")
    assert book.receipt.pages[where.first - 1].kind == "divider"
    assert where.last == book.pages_of("1-1-02").last


def test_cited_evidence_is_found_where_it_is_bound(book: dossier.Binder) -> None:
    assert book.pages_of("1-2-03") == book.pages_of("1-1-02")
    [cited] = [proof for item in book.receipt.items for proof in item.evidence if proof.id == "1-2-03"]
    assert cited.status == "cited"


def test_pages_of_what_has_no_pages_raises(book: dossier.Binder) -> None:
    with pytest.raises(KeyError):
        book.pages_of("3")


def test_the_receipt_has_every_key_of_the_contract(book: dossier.Binder) -> None:
    receipt = json.loads((book.folder / "receipt.json").read_text(encoding="utf-8"))
    first = receipt["items"][0]
    assert receipt["schema"] == 1
    assert receipt["complete"] is True
    assert receipt["engine"]["word"] == "embedded"
    assert receipt["template_set"]["name"] == "official"
    for keys, there in (
        ("schema title complete manifest engine template_set volumes items pages problems", receipt),
        ("path sha256", receipt["manifest"]),
        ("word version", receipt["engine"]),
        ("name sha256", receipt["template_set"]),
        ("file sha256 pages", receipt["volumes"][0]),
        ("id title unit points self_score status volume first last number label evidence", first),
        ("id title status volume first last number label sources warnings", first["evidence"][0]),
        ("path sha256 pages", first["evidence"][0]["sources"][0]),
        ("volume page number label kind item evidence source source_page", receipt["pages"][0]),
    ):
        assert set(keys.split()) <= there.keys()


def test_the_receipt_has_the_checksums_of_what_it_names(book: dossier.Binder) -> None:
    def sha256(path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()

    root = book.folder.parent
    assert book.receipt.manifest["sha256"] == sha256(root / "dossier.yaml")
    assert [volume.sha256 for volume in book.receipt.volumes] == [sha256(path) for path in book.paths]
    named = [source for item in book.receipt.items for proof in item.evidence for source in proof.sources]
    assert {source.path for source in named} == {path.name for path in (root / "sources").iterdir()}
    assert all(source.sha256 == sha256(root / "sources" / source.path) for source in named)
    assert {source.path: source.pages for source in named}["fax.tiff"] == 3


def test_points_are_written_as_exact_text(book: dossier.Binder) -> None:
    assert {item.points for item in book.receipt.items} == {"1"}


def test_typing_a_number_into_a_viewer_leads_to_the_page_that_prints_it(book: dossier.Binder) -> None:
    assert pypdf.PdfReader(book.paths[0]).page_labels == [page.number for page in book.receipt.pages]


def test_the_outline_leads_to_items_and_their_evidence(book: dossier.Binder) -> None:
    led = {title.partition(" ")[0]: page for title, page in outline_of(pypdf.PdfReader(book.paths[0]))}
    ids = ["1-1", "1-1-01", "1-1-02", "1-2", "1-2-01", "1-2-02", "1-2-03", "2", "2-01"]
    assert {id: led[id] for id in ids} == {id: book.pages_of(id).first for id in ids}
    assert led["1"] == book.pages_of("1-1").first


def test_the_outline_nests_evidence_under_its_item(book: dossier.Binder) -> None:
    section = next(mark for mark in book.receipt.outline if mark.title == "1 Section")
    levels = {mark.title.partition(" ")[0]: mark.level for mark in book.receipt.outline}
    assert (section.level, levels["1-1"], levels["1-1-01"], levels["2"], levels["2-01"]) == (1, 2, 3, 1, 2)


@pytest.mark.parametrize("kind", ["index", "divider", "front"])
def test_a_page_number_in_our_own_tables_is_a_link_to_the_page_that_prints_it(book: dossier.Binder, kind: str) -> None:
    reader = pypdf.PdfReader(book.paths[0])
    labels = {page.number: page.page for page in book.receipt.pages}
    followed = 0
    for page in book.receipt.pages:
        for text, link in links_of(reader, book.paths[0], page.page) if page.kind == kind else ():
            number = reader.get_page_number(link["/Dest"][0].get_object())
            assert number is not None
            if text.isdigit():
                assert labels[text] == number + 1
                followed += 1
    assert followed >= 3


def test_the_index_links_every_item_and_every_evidence(book: dossier.Binder) -> None:
    index = [jump.to for page in book.receipt.pages if page.kind == "index" for jump in page.links]
    assert {"1-1", "1-1-01", "1-1-02", "1-2", "1-2-01", "1-2-02", "2", "2-01", "scores:1", "checklist:1"} <= set(index)


def test_the_binder_says_its_title_its_author_and_its_language(book: dossier.Binder) -> None:
    reader = pypdf.PdfReader(book.paths[0])
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("质量强市印证材料", "云岭市质强办")
    assert str(reader.root_object["/Lang"]) == "zh-CN"
    assert reader.root_object["/ViewerPreferences"]["/DisplayDocTitle"]  # type: ignore[index]


def test_the_bytes_of_a_jpeg_are_bound_unchanged(book: dossier.Binder) -> None:
    assert raw_images(book, "1-2-01") == [(book.folder.parent / "sources" / "photo.jpg").read_bytes()]


def test_the_bytes_of_a_ccitt_scan_are_bound_unchanged(book: dossier.Binder) -> None:
    path = book.folder.parent / "sources" / "fax.tiff"
    strips = []
    with Image.open(path) as scan:
        for frame in range(3):
            scan.seek(frame)
            [start], [size] = scan.tag_v2[273], scan.tag_v2[279]  # type: ignore[attr-defined]
            strips.append(path.read_bytes()[start : start + size])
    assert raw_images(book, "1-2-02") == strips


def test_qpdf_finds_nothing_wrong(book: dossier.Binder) -> None:
    if shutil.which("qpdf") is None:
        pytest.skip("qpdf is not installed here")
    answer = subprocess.run(["qpdf", "--check", book.paths[0]], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "WARNING" not in answer.stdout + answer.stderr


def test_the_filled_word_files_are_kept(book: dossier.Binder) -> None:
    kept = {path.relative_to(book.folder).as_posix() for path in book.folder.glob("documents/*")}
    assert kept == set(book.receipt.documents)
    assert {"documents/cover.docx", "documents/index.docx", "documents/divider-1-1.docx"} <= kept
    for name in kept:
        document = docx.Document(str(book.folder / name))
        shown = [p.text for p in document.paragraphs]
        shown += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        assert "{{" not in "".join(shown)


def test_nothing_else_is_left_in_the_output_folder(book: dossier.Binder) -> None:
    assert {path.name for path in book.folder.iterdir()} == {
        *("binder.pdf", "receipt.json", "documents", "history"), inputs.NAME
    }  # fmt: skip


# --- what the manifest can ask for ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is built without a folder of its own go to ``build/`` in the test's folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def make_manifest(make_manifest: MakeManifest) -> MakeManifest:
    """Leave out what is slow to make and not what these tests are about; a key that is None is not given."""

    def make(evidence: dict[str, list[dict[str, Any]]] | None = None, **keys: Any) -> Path:
        path = make_manifest(evidence, **{"engine": "embedded", "front": [], **keys})
        manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
        given = {key: value for key, value in manifest.items() if value is not None}
        path.write_text(yaml.safe_dump(given, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return path

    return make


def test_page_ranges_pick_pages_in_the_order_given(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    make_pdf("sources/a.pdf", 5)
    binder = dossier.build(make_manifest({"1": [{"file": "a.pdf", "pages": "4-,1,2-2"}]}))
    shown = [squeezed(text) for text in texts_of(binder, "1-01")]
    assert [text[:3] for text in shown] == ["ap4", "ap5", "ap1", "ap2"]
    assert [page.source_page for page in binder.receipt.pages if page.evidence == "1-01"] == [4, 5, 1, 2]


def test_page_ranges_that_a_source_does_not_have_are_refused(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    make_pdf("sources/a.pdf", 2)
    binder = dossier.build(make_manifest({"1": [{"file": "a.pdf", "pages": "2-3"}]}))
    assert [(problem.code, problem.evidence) for problem in binder.problems] == [("page-range", "1-01")]
    assert binder.receipt.items[0].status == "refused"


@pytest.mark.parametrize(("turn", "wide"), [(90, True), (180, False), (270, True)])
def test_rotate_turns_the_pages_of_one_evidence(
    make_pdf: MakePdf, make_manifest: MakeManifest, turn: int, wide: bool
) -> None:
    make_pdf("sources/a.pdf", 1, at=(0.5, 0.9))
    make_pdf("sources/b.pdf")
    evidence: list[dict[str, Any]] = [{"file": "a.pdf", "rotate": turn}, {"file": "b.pdf"}]
    binder = dossier.build(make_manifest({"1": evidence}))
    [turned] = [page for page in binder.receipt.pages if page.evidence == "1-01"]
    [beside] = [page for page in binder.receipt.pages if page.evidence == "1-02"]
    assert (turned.width > turned.height, beside.width > beside.height) == (wide, False)
    with pypdfium2.PdfDocument(binder.paths[0]) as document:
        shown = document[turned.page - 1].get_textpage()
        left, bottom, right, top = shown.get_charbox(0)
    across, up = (left + right) / 2 / turned.width, (bottom + top) / 2 / turned.height
    # What stood high on the upright page stands right, low or left on the page turned clockwise.
    side = {90: across > 0.85, 180: up < 0.15, 270: across < 0.15}
    assert side[turn]


def test_evidence_and_dividers_start_on_odd_numbers(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    for name in "abc":
        make_pdf(f"sources/{name}.pdf", 2 if name == "b" else 1)
    evidence = {"1": [{"file": "a.pdf"}, {"file": "b.pdf"}], "2": [{"file": "c.pdf"}]}
    binder = dossier.build(make_manifest(evidence))
    for id in ("1", "1-01", "1-02", "2", "2-01"):
        first = binder.receipt.pages[binder.pages_of(id).first - 1]
        assert int(first.number) % 2 == first.page % 2 == 1


def test_start_on_any_leaves_no_blank_between_evidence(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    for name in "abc":
        make_pdf(f"sources/{name}.pdf")
    evidence = {"1": [{"file": f"{name}.pdf"} for name in "abc"]}
    binder = dossier.build(make_manifest(evidence, page={"start_on": "any"}))
    counted = [page for page in binder.receipt.pages if page.number.isdigit()]
    assert [page.kind for page in counted] == ["divider", "evidence", "evidence", "evidence"]
    assert [page.number for page in counted] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("style", "wanted"),
    [
        ("{n}", "103"),
        ("{n}/{total}", "103/104"),
        ("第 {n} 页，共 {total} 页", "第 103 页，共 104 页"),
        ("{volume}-{n}", "1-103"),
    ],
)
def test_labels_are_printed_in_the_style_that_is_asked_for(
    make_pdf: MakePdf, make_manifest: MakeManifest, style: str, wanted: str
) -> None:
    make_pdf("sources/a.pdf", 2)
    manifest = make_manifest({"1": [{"file": "a.pdf"}]}, numbering={"style": style, "start": 101})
    binder = dossier.build(manifest)
    where = binder.pages_of("1-01")
    assert binder.receipt.pages[where.first - 1].label == wanted
    for texts in (by_pypdf, by_pdfium):
        assert squeezed(texts(binder.paths[0])[where.first - 1]) == squeezed(f"a p1 {wanted}")


def test_labels_are_drawn_in_the_colour_that_is_asked_for(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    make_pdf("sources/a.pdf")
    manifest = make_manifest({"1": [{"file": "a.pdf"}]}, numbering={"color": "#C00040"})
    binder = dossier.build(manifest)
    with pypdfium2.PdfDocument(binder.paths[0]) as document:
        page = document[binder.pages_of("1-01").first - 1]
        label = list(page.get_objects(max_depth=1))[-1]
        red, green, blue, alpha = (pdfium.c_uint() for _ in range(4))
        assert pdfium.FPDFPageObj_GetFillColor(label.raw, red, green, blue, alpha)
    assert (red.value, green.value, blue.value) == (0xC0, 0x00, 0x40)


@pytest.mark.parametrize("keys", [{"numbering": {"style": "☐ {n}"}}, {"draft": {"watermark": "草稿☐"}}])
def test_characters_that_the_labels_font_lacks_are_named(
    make_pdf: MakePdf, make_manifest: MakeManifest, keys: dict[str, Any]
) -> None:
    make_pdf("sources/a.pdf")
    with pytest.raises(dossier.UsageError, match="☐"):
        dossier.build(make_manifest({"1": [{"file": "a.pdf"}]}, **keys), "out")
    assert not Path("out").exists()


def test_an_older_binder_can_be_evidence(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    make_pdf("sources/a.pdf")
    older = dossier.build(make_manifest({"1": [{"file": "a.pdf"}]}, numbering={"style": "§{n}"}))
    Path("sources/a.pdf").unlink()
    shutil.copyfile(older.paths[0], "sources/old.pdf")
    binder = dossier.build(make_manifest({"1": [{"file": "old.pdf"}]}), "new")
    bound = [text for page, text in pages_with_texts(binder) if page.evidence]
    assert len(bound) == len(older.receipt.pages)
    assert squeezed(bound[-1]) == squeezed(f"a p1 §{older.receipt.pages[-1].number} {binder.receipt.pages[-1].label}")


# --- volumes -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sections(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    """A binder of one volume for each of its two sections, whose numbers begin anew in each."""
    folder = tmp_path_factory.mktemp("sections")
    for name in ("a", "b", "c"):
        draw_pdf(folder / "sources" / f"{name}.pdf", 2)
    items = [
        {"id": "1", "title": "One", "items": [item("1-1", {"file": "a.pdf"}, {"see": "2-1-02", "title": "cited"})]},
        {"id": "2", "title": "Two", "items": [item("2-1", {"file": "b.pdf"}, {"file": "c.pdf"})]},
    ]
    manifest = write_manifest(
        folder, items, volumes={"by": "section"}, numbering={"restart": "volume"}, back=["checklist"]
    )
    return dossier.build(manifest, folder / "out")


@pytest.fixture(scope="module")
def thick(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    """A binder of volumes of 16 pages at most, with an item that none of them can hold."""
    folder = tmp_path_factory.mktemp("thick")
    for name in "abcdefg":
        draw_pdf(folder / "sources" / f"{name}.pdf", 3)
    items = [
        item("1", {"file": "a.pdf"}),
        item("2", *({"file": f"{name}.pdf"} for name in "bcd")),
        item("3", {"file": "e.pdf"}),
        item("4", {"file": "f.pdf"}, {"file": "g.pdf"}),
    ]
    manifest = write_manifest(folder, items, volumes={"max_pages": 16}, back=["checklist"])
    return dossier.build(manifest, folder / "out")


volumes = pytest.mark.parametrize("name", ["sections", "thick"])


@volumes
def test_each_volume_is_a_file_with_a_cover_and_an_index(name: str, request: pytest.FixtureRequest) -> None:
    binder: dossier.Binder = request.getfixturevalue(name)
    assert len(binder.paths) >= 2
    assert [path.name for path in binder.paths] == [f"binder-{n}.pdf" for n in range(1, len(binder.paths) + 1)]
    for number in range(1, len(binder.paths) + 1):
        kinds = [page.kind for page in binder.receipt.pages if page.volume == number]
        assert kinds[0] == "cover"
        assert kinds.count("cover") == 1
        assert "index" in kinds


@volumes
def test_the_first_volume_has_a_general_index(name: str, request: pytest.FixtureRequest) -> None:
    binder: dossier.Binder = request.getfixturevalue(name)
    first = [page for page in binder.receipt.pages if page.kind == "index" and page.volume == 1]
    general = {jump.to for jump in first[0].links}
    assert {item.id for item in binder.receipt.items} <= general
    assert "总目录" in by_pdfium(binder.paths[0])[first[0].page - 1]


@volumes
def test_each_volumes_own_index_lists_what_is_in_it(name: str, request: pytest.FixtureRequest) -> None:
    binder: dossier.Binder = request.getfixturevalue(name)
    for number in range(2, len(binder.paths) + 1):
        pages = [page for page in binder.receipt.pages if page.kind == "index" and page.volume == number]
        listed = {jump.to for page in pages for jump in page.links}
        items = {item.id for item in binder.receipt.items if item.volume == number}
        assert items <= listed
        assert all(jump.volume == number for page in pages for jump in page.links)


@volumes
def test_pages_of_names_the_volume_too(name: str, request: pytest.FixtureRequest) -> None:
    binder: dossier.Binder = request.getfixturevalue(name)
    for item_ in binder.receipt.items:
        for proof in item_.evidence:
            if proof.status == "bound":
                assert all(f"{proof.title} p{n}" in text for n, text in enumerate(texts_of(binder, proof.id), start=1))


@volumes
def test_a_jump_to_another_volume_names_its_file_and_page(name: str, request: pytest.FixtureRequest) -> None:
    binder: dossier.Binder = request.getfixturevalue(name)
    reader = pypdf.PdfReader(binder.paths[0])
    index = next(page.page for page in binder.receipt.pages if page.kind == "index")
    numbers = {(page.volume, page.number): page.page for page in binder.receipt.pages}
    followed = 0
    for text, link in links_of(reader, binder.paths[0], index):
        if "/A" not in link or (text not in {page.number for page in binder.receipt.pages}):
            continue
        file, page = link["/A"]["/F"]["/UF"], int(link["/A"]["/D"][0]) + 1
        volume = [path.name for path in binder.paths].index(file) + 1
        assert link["/A"]["/S"] == "/GoToR"
        assert volume > 1
        assert numbers[volume, text] == page
        followed += 1
    assert followed >= 2


def test_by_section_makes_one_volume_a_section(sections: dossier.Binder) -> None:
    assert [(item.id, item.volume) for item in sections.receipt.items] == [("1-1", 1), ("2-1", 2)]


def test_numbers_that_restart_carry_their_volume(sections: dossier.Binder) -> None:
    first = sections.receipt.pages[sections.pages_of("2-1").first - 1 + sections.receipt.volumes[0].pages]
    assert (first.number, first.label) == ("2-1", "— 2-1 —")
    assert "2-1" in pypdf.PdfReader(sections.paths[1]).page_labels


def test_citation_across_volumes_leads_to_where_the_evidence_is_bound(sections: dossier.Binder) -> None:
    where = sections.pages_of("1-1-02")
    assert where == sections.pages_of("2-1-02")
    assert "c p1" in texts_of(sections, "1-1-02")[0]


def test_a_volumes_outline_lists_only_items_that_are_in_it(sections: dossier.Binder) -> None:
    titles = {title.partition(" ")[0] for title, _ in outline_of(pypdf.PdfReader(sections.paths[1]))}
    assert {"2", "2-1", "2-1-01", "2-1-02"} <= titles
    assert not {"1", "1-1", "1-1-01", "1-1-02"} & titles


def test_no_volume_is_thicker_than_it_may_be(thick: dossier.Binder) -> None:
    assert max(volume.pages for volume in thick.receipt.volumes) <= 16


def test_numbers_that_do_not_restart_run_through_all_volumes(thick: dossier.Binder) -> None:
    counted = [int(page.number) for page in thick.receipt.pages if page.number.isdigit()]
    assert counted == list(range(1, len(counted) + 1))


def test_an_item_longer_than_a_volume_ends_on_a_page_of_the_volume_it_begins_in(thick: dossier.Binder) -> None:
    where = thick.pages_of("2")
    own = [page.page for page in thick.receipt.pages if page.item == "2" and page.volume == where.volume]
    assert {page.volume for page in thick.receipt.pages if page.item == "2"} != {where.volume}
    assert (where.first, where.last) == (own[0], own[-1])


def test_every_volume_passes_qpdf(thick: dossier.Binder, sections: dossier.Binder) -> None:
    if shutil.which("qpdf") is None:
        pytest.skip("qpdf is not installed here")
    for path in (*thick.paths, *sections.paths):
        assert subprocess.run(["qpdf", "--check", path], capture_output=True, check=False).returncode == 0


# --- the same inputs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "epoch"), [("2023-12-15", None), (None, "1700000000")])
def test_the_same_inputs_give_the_same_bytes_on_another_day(
    make_pdf: MakePdf, make_docx: MakeDocx, make_photo: MakePhoto, make_manifest: MakeManifest,
    monkeypatch: pytest.MonkeyPatch, given: str | None, epoch: str | None,
) -> None:  # fmt: skip
    make_pdf("sources/a.pdf", 2)
    make_docx("sources/b.docx", "关于做好质量工作的通知 Notice")
    make_photo("sources/c.webp")
    evidence = {"1": [{"file": "a.pdf"}, {"file": "b.docx"}, {"file": "c.webp"}]}
    manifest = make_manifest(evidence, date=given, back=["checklist"])
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if epoch:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    dossier.build(manifest, "first", use_cache=False, jobs=1)

    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 40 * 86400)
    with ThreadPoolExecutor(1) as threads:
        dossier.build(manifest, "second", use_cache=False, executor=threads)

    first, second = state_of(Path("first")), state_of(Path("second"))
    receipts = [json.loads(state.pop("receipt.json")) for state in (first, second)]
    assert all(receipt.pop("created") for receipt in receipts)
    assert receipts[0] == receipts[1]
    for state in (first, second):
        [kept] = [name for name in state if name.startswith("history/")]
        del state[kept]  # it is called after the time, and holds the receipt
    assert first == second


@pytest.mark.parametrize(
    ("given", "epoch", "wanted"),
    [
        ("2023-12-15", "1700000000", date(2023, 12, 15)),
        (None, "1700000000", date(2023, 11, 14)),
        (None, None, date.today()),
    ],
)
def test_documents_show_the_manifests_date_else_the_epochs_else_todays(
    make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch, given: str | None, epoch: str | None, wanted: date
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if epoch:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    loaded = dossier.load(make_manifest({"1": [{"file": "a.pdf"}]}, date=given))
    assert document_date(loaded) == wanted


@pytest.mark.parametrize("epoch", ["yesterday", "99999999999999999"])
def test_an_epoch_that_is_no_time_is_refused(
    make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch, epoch: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    with pytest.raises(dossier.UsageError, match="SOURCE_DATE_EPOCH"):
        dossier.build(make_manifest({"1": [{"file": "a.pdf"}]}, date=None), "out")


# --- drafts --------------------------------------------------------------------------------------------------------


def test_what_is_missing_has_a_sheet_that_says_what_and_who_and_why(
    make_pdf: MakePdf, make_manifest: MakeManifest
) -> None:
    make_pdf("sources/a.pdf")
    evidence = {"1": [{"file": "a.pdf"}, {"file": "late.pdf"}]}
    units = {"Unit": {"contact": "Ms Li", "phone": "555-0101"}}
    binder = dossier.build(make_manifest(evidence, units=units), "out")

    assert not binder.complete
    assert [path.name for path in binder.paths] == ["binder-draft.pdf"]
    sheets = [text for page, text in pages_with_texts(binder) if page.kind == "placeholder"]
    assert len(sheets) == 1
    for word in ("1-02", "Unit", "Ms Li", "555-0101", "late.pdf is not there"):
        assert word in sheets[0]
    [page] = [page for page in binder.receipt.pages if page.kind == "placeholder"]
    assert (page.item, page.evidence) == ("1", "1-02")
    assert binder.receipt.items[0].status == "missing"


def test_every_page_of_a_draft_carries_the_watermark(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    make_pdf("sources/a.pdf", 2)
    mark = "Draft, not to be handed in, not even to be shown to anybody"
    evidence = {"1": [{"file": "a.pdf"}, {"file": "late.pdf"}]}
    binder = dossier.build(make_manifest(evidence, draft={"watermark": mark}, front=["cover"]), "out")
    assert {page.kind for page in binder.receipt.pages} >= {"cover", "blank", "evidence", "placeholder"}
    for texts in (by_pypdf, by_pdfium):
        assert all(squeezed(mark) in squeezed(text) for path in binder.paths for text in texts(path))


def test_a_complete_binder_carries_no_watermark(book: dossier.Binder) -> None:
    assert not any("草稿" in text for text in by_pdfium(book.paths[0]))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    folder = tmp_path_factory.mktemp("finished")
    draw_pdf(folder / "sources" / "a.pdf")
    return dossier.build(write_manifest(folder, [item("1", {"file": "a.pdf"})], front=[]), folder / "out")


@pytest.fixture
def complete(finished: dossier.Binder, tmp_path: Path) -> dossier.Binder:
    """A complete binder in ``out``; its one source is ``sources/a.pdf``."""
    shutil.copytree(finished.folder.parent, tmp_path, dirs_exist_ok=True)
    return replace(finished, folder=Path("out"))


GAP = {"1": [{"file": "a.pdf"}], "2": [{"file": "late.pdf"}]}


def test_a_draft_leaves_the_complete_binder_and_all_that_belongs_to_it_alone(
    complete: dossier.Binder, make_manifest: MakeManifest
) -> None:
    before = state_of(complete.folder)
    draft = dossier.build(make_manifest(GAP), "out")
    after = state_of(complete.folder)
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {"binder-draft.pdf", "receipt-draft.json", inputs.DRAFT}
    assert draft.receipt.documents == ()
    assert dossier.verify("out").pages == len(complete.receipt.pages)
    assert dossier.verify("out/binder-draft.pdf").pages == len(draft.receipt.pages)


def test_a_complete_build_replaces_the_binder_and_removes_the_draft(
    complete: dossier.Binder, make_pdf: MakePdf, make_manifest: MakeManifest
) -> None:
    dossier.build(make_manifest(GAP), "out")
    make_pdf("sources/late.pdf")
    binder = dossier.build(make_manifest(GAP), "out")
    assert binder.complete
    assert not list(Path("out").glob("*draft*"))
    assert dossier.verify("out").pages == len(binder.receipt.pages) > len(complete.receipt.pages)


def test_a_draft_where_no_binder_is_has_the_usual_receipt(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    make_pdf("sources/a.pdf")
    draft = dossier.build(make_manifest(GAP), "out")
    assert dossier.verify("out").pages == dossier.verify("out/binder-draft.pdf").pages == len(draft.receipt.pages)
    assert Path("out/documents/divider-1.docx").is_file()
    assert not Path("out/binder.pdf").exists()


def test_fewer_volumes_leave_none_of_the_earlier_ones(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    for name in "ab":
        make_pdf(f"sources/{name}.pdf")
    evidence = {"1": [{"file": "a.pdf"}], "2": [{"file": "b.pdf"}]}
    dossier.build(make_manifest(evidence, volumes={"by": "section"}, front=["cover"]), "out")
    assert len(list(Path("out").glob("*.pdf"))) == 2
    assert Path("out/documents/cover-2.docx").exists()
    dossier.build(make_manifest(evidence), "out")
    assert [path.name for path in Path("out").glob("*.pdf")] == ["binder.pdf"]
    assert not Path("out/documents/cover-2.docx").exists()


def test_files_that_people_keep_beside_a_binder_stay(complete: dossier.Binder) -> None:
    kept = [complete.folder / name for name in ("binder-2022.pdf", "binder-draft-old.pdf", "documents/mine.docx")]
    for path in kept:
        path.write_text("mine")
    dossier.build("dossier.yaml", "out")
    assert [path.read_text() for path in kept] == ["mine"] * 3


@pytest.mark.parametrize("text", ["{", '{"schema": 99}'])
def test_a_receipt_that_cannot_be_read_does_not_keep_a_binder_from_being_built(
    complete: dossier.Binder, text: str
) -> None:
    (complete.folder / "receipt.json").write_text(text)
    dossier.build("dossier.yaml", "out")
    assert dossier.verify("out").pages == len(complete.receipt.pages)


def test_strict_makes_a_draft_of_what_has_a_warning(complete: dossier.Binder, make_pdf: MakePdf) -> None:
    before = (complete.folder / "binder.pdf").read_bytes()
    make_pdf("sources/unused.pdf")
    draft = dossier.build("dossier.yaml", "out", strict=True)
    assert not draft.complete
    assert [(problem.code, problem.severity) for problem in draft.problems] == [("unused-source", "error")]
    assert [path.name for path in draft.paths] == ["binder-draft.pdf"]
    assert all("草稿" in text for text in by_pdfium(draft.paths[0]))
    assert (complete.folder / "binder.pdf").read_bytes() == before


def test_each_missing_document_of_ones_own_has_its_own_reason(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    make_pdf("sources/a.pdf")
    front = [{"file": "report.docx"}, {"file": "letter.docx"}]
    binder = dossier.build(make_manifest({"1": [{"file": "a.pdf"}]}, front=front), "out")
    sheets = [text for page, text in pages_with_texts(binder) if page.kind == "front"]
    assert ["report.docx is not there" in text for text in sheets] == [True, False]
    assert ["letter.docx is not there" in text for text in sheets] == [False, True]


def test_a_refused_file_is_named_and_the_rest_is_bound(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    make_pdf("sources/a.pdf")
    Path("sources/b.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    evidence = {"1": [{"file": "b.pdf"}, {"file": "a.pdf"}]}
    binder = dossier.build(make_manifest(evidence), "out")
    [proof, other] = binder.receipt.items[0].evidence
    assert (proof.status, other.status) == ("refused", "bound")
    assert any(problem.evidence == "1-01" and "b.pdf" in problem.message for problem in binder.problems)
    assert "a p1" in texts_of(binder, "1-02")[0]


# --- failures ------------------------------------------------------------------------------------------------------


def test_what_the_manifest_asks_for_in_vain_leaves_no_folder(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    make_pdf("sources/a.pdf")
    manifest = make_manifest({"1": [{"file": "a.pdf"}]}, template_set="oficial")
    with pytest.raises(dossier.TemplateError, match="oficial"):
        dossier.build(manifest, "out")
    assert not Path("out").exists()


def test_a_template_that_the_set_lacks_changes_nothing(complete: dossier.Binder, make_manifest: MakeManifest) -> None:
    before = state_of(complete.folder)
    with pytest.raises(dossier.TemplateError, match="preface"):
        dossier.build(make_manifest({"1": [{"file": "a.pdf"}]}, front=["preface"]), "out")
    assert state_of(complete.folder) == before


def test_libreoffice_that_is_asked_for_and_not_installed_changes_nothing(
    complete: dossier.Binder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state_of(complete.folder)
    monkeypatch.setattr(libreoffice, "find", lambda: None)
    with pytest.raises(dossier.EngineError, match="not installed"):
        dossier.build("dossier.yaml", "out", engine="libreoffice")
    assert state_of(complete.folder) == before


def test_a_folder_that_cannot_be_made_is_an_output_error(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    make_pdf("sources/a.pdf")
    Path("file").write_text("in the way")
    with pytest.raises(dossier.OutputError):
        dossier.build(make_manifest({"1": [{"file": "a.pdf"}]}), "file/out")


def _full(*arguments: object, **keywords: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("function", ["os.fsync", "shutil.copyfile", "pikepdf.Pdf.save"])
def test_a_full_disk_leaves_the_old_binder(
    complete: dossier.Binder, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    before = state_of(complete.folder)
    make_manifest({"1": [{"file": "a.pdf"}]}, title="Another")  # another binder, of which nothing must be converted
    monkeypatch.setattr(function, _full)
    with pytest.raises((dossier.OutputError, OSError), match="No space left"):
        dossier.build("dossier.yaml", "out")
    assert state_of(complete.folder) == before


def test_a_binder_that_is_not_proved_is_not_published(
    complete: dossier.Binder, make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state_of(complete.folder)
    make_pdf("sources/a.pdf", 2)
    careful = bind.bind

    def careless(leaves: Any, *rest: Any) -> None:
        careful([*leaves[:-2], leaves[-1], leaves[-2]], *rest)

    monkeypatch.setattr(bind, "bind", careless)
    with pytest.raises(dossier.VerificationError):
        dossier.build("dossier.yaml", "out")
    assert state_of(complete.folder) == before


def test_a_second_build_of_the_same_folder_stops(complete: dossier.Binder) -> None:
    before = state_of(complete.folder)
    with publish.exclusive(complete.folder):
        with pytest.raises(dossier.OutputBusyError, match="another build"):
            dossier.build("dossier.yaml", "out")
        with pytest.raises(dossier.OutputBusyError):  # the one that stopped took no lock away
            dossier.build("dossier.yaml", "out")
    assert state_of(complete.folder) == before


KILLED = """
import os, pathlib, signal, sys
import dossier
from dossier import publish

replace, left = pathlib.Path.replace, [int(sys.argv[1])]

def killed(path, target):
    if path.parent.name == publish.STAGING or path.parent.parent.name == publish.STAGING:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
    return replace(path, target)

pathlib.Path.replace = killed
dossier.build("dossier.yaml", "out")
"""


@posix
@pytest.mark.parametrize("renames", [0, 1, 3])
def test_a_build_killed_between_renames_leaves_a_book_that_verifies(
    complete: dossier.Binder, make_pdf: MakePdf, renames: int
) -> None:
    make_pdf("sources/a.pdf", 3)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(renames)], env=_environment(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert Path("out", publish.STAGING).is_dir()

    proof = dossier.verify("out")

    # The first rename puts the journal in place; from then on the new book counts.
    assert proof.pages == len(complete.receipt.pages) + (2 if renames else 0)
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(
        ["binder.pdf", "documents", "history", "receipt.json", inputs.NAME]
    )


def _environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


# --- when nothing has changed --------------------------------------------------------------------------------------


class Refusing(ThreadPoolExecutor):
    """An executor that is never to be asked for anything."""

    def submit(self, *arguments: Any, **named: Any) -> Any:
        raise AssertionError("nothing is to be converted, read or proved")


@pytest.mark.parametrize("as_path", [True, False], ids=["by its path", "loaded"])
def test_a_binder_that_nothing_has_changed_for_is_handed_back_as_it_stands(
    make_pdf: MakePdf, make_manifest: MakeManifest, as_path: bool
) -> None:
    make_pdf("sources/a.pdf", 2)
    manifest = make_manifest({"1": [{"file": "a.pdf"}]}, engine="embedded")
    first = dossier.build(manifest, "out")
    before = {name: data for name, data in state_of(Path("out")).items() if name != inputs.NAME}
    told: list[dossier.Event] = []
    again = dossier.build(
        manifest if as_path else dossier.load(manifest), "out", executor=Refusing(1), progress=told.append
    )
    assert (first.unchanged, again.unchanged) == (False, True)
    assert again.receipt == first.receipt
    assert again.proof == replace(first.proof, since=first.receipt.created)
    assert again.pages_of("1-01") == first.pages_of("1-01")
    assert told == []
    assert {name: data for name, data in state_of(Path("out")).items() if name != inputs.NAME} == before


UNCHANGED = """
import multiprocessing, subprocess, sys
import dossier

def refuse(*arguments, **named):
    raise AssertionError("no process is to be started")

subprocess.Popen.__init__ = multiprocessing.Process.start = refuse
binder = dossier.build("dossier.yaml", "out")
heavy = ["pikepdf", "pypdf", "pypdfium2", "docxtpl", "docx", "rdocx", "PIL", "lxml", "fontTools", "yaml", "jinja2"]
print(binder.unchanged, [name for name in heavy if name in sys.modules])
"""


def test_handing_back_what_stands_loads_nothing_that_converts_binds_or_proves(
    make_pdf: MakePdf, make_manifest: MakeManifest
) -> None:
    make_pdf("sources/a.pdf")
    make_manifest({"1": [{"file": "a.pdf"}]}, engine="embedded")
    dossier.build("dossier.yaml", "out")
    ran = subprocess.run(
        [sys.executable, "-c", UNCHANGED], env=_environment(), check=True, capture_output=True, encoding="utf-8"
    )
    assert ran.stdout == "True []\n"


@pytest.mark.parametrize("name", ["documents/divider-1.docx", "binder.pdf"])
def test_what_people_changed_is_made_anew(make_pdf: MakePdf, make_manifest: MakeManifest, name: str) -> None:
    make_pdf("sources/a.pdf")
    manifest = make_manifest({"1": [{"file": "a.pdf"}]}, engine="embedded")
    dossier.build(manifest, "out")
    made = Path("out", name).read_bytes()
    Path("out", name).write_bytes(b"edited")
    assert not dossier.build(manifest, "out").unchanged
    assert Path("out", name).read_bytes() == made


def test_a_binder_that_was_built_by_a_draft_and_back_again_stands(
    complete: dossier.Binder, make_manifest: MakeManifest
) -> None:
    late = make_manifest(GAP)
    draft = dossier.build(late, "out")
    again = dossier.build(late, "out")
    assert again.unchanged
    assert again.receipt == draft.receipt
    Path("out/receipt.json").unlink()  # the complete binder that the draft left alone
    assert not dossier.build(late, "out").unchanged
    assert dossier.build(late, "out").unchanged


# --- when little has changed ---------------------------------------------------------------------------------------


class Counting(ThreadPoolExecutor):
    """An executor that remembers the names of the sources it is asked to convert."""

    def __init__(self) -> None:
        super().__init__(1)
        self.converted: list[str] = []

    def submit(self, work: Any, /, *arguments: Any, **named: Any) -> Any:
        if arguments and isinstance(arguments[0], Batch):
            self.converted += [task.name for task in arguments[0].tasks]
        return super().submit(work, *arguments, **named)


@pytest.fixture
def three(make_pdf: MakePdf, make_manifest: MakeManifest) -> Path:
    """A manifest of three items with a source each."""
    for name in "abc":
        make_pdf(f"sources/{name}.pdf", 2)
    entries = {number: [{"file": f"{name}.pdf"}] for number, name in zip("123", "abc", strict=True)}
    return make_manifest(entries, engine="embedded", front=["index"])


def built(
    manifest: Path, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> tuple[dossier.Binder, list[str], list[str]]:
    """Build, and return the names of the sources that were converted and of the documents that were filled."""
    filled: list[str] = []
    write = Rendered.write

    def seen(rendered: Rendered, out: Path) -> None:
        filled.append(out.stem)
        write(rendered, out)

    with monkeypatch.context() as patched, Counting() as counting:
        patched.setattr(Rendered, "write", seen)
        binder = dossier.build(manifest, "out", executor=counting, **options)
    return binder, counting.converted, filled


def test_one_changed_source_is_converted_and_nothing_else(
    three: Path, make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOSSIER_CACHE", str(tmp_path / "cache"))
    _, converted, filled = built(three, monkeypatch)
    documents = ["divider-1", "divider-2", "divider-3", "index"]
    assert sorted(filled) == documents
    assert sorted(converted) == ["a.pdf", "b.pdf", "c.pdf", *(f"{name}.docx" for name in documents)]
    make_pdf("sources/b.pdf", 2, marker="changed")
    binder, converted, filled = built(three, monkeypatch)
    assert not binder.unchanged
    assert (converted, filled) == (["b.pdf"], [])
    assert "changed p1" in texts_of(binder, "2-01")[0]


def test_of_the_front_matter_only_what_shows_something_else_is_filled_again(
    three: Path, make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    built(three, monkeypatch)
    make_pdf("sources/b.pdf", 6)
    binder, converted, filled = built(three, monkeypatch)
    assert converted[0] == "b.pdf"
    # What comes before it shows what it did.
    assert set(filled) == {"index", "divider-2", "divider-3"}
    assert [name for name in converted if name.endswith(".docx")] == [f"{name}.docx" for name in filled]
    kept = {name: Path("out", name).read_bytes() for name in binder.receipt.documents}
    dossier.build(three, "anew", use_cache=False)
    assert kept == {name: Path("anew", name).read_bytes() for name in binder.receipt.documents}


KILLED_CONVERTING = """
import os, signal, sys
from concurrent.futures import ThreadPoolExecutor
import dossier
from dossier.cache import Cache

put, left = Cache.put, [int(sys.argv[1])]

def killed(cache, key, part):
    stored = put(cache, key, part)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return stored

Cache.put = killed
dossier.build("dossier.yaml", "out", executor=ThreadPoolExecutor(1))
"""


@posix
@pytest.mark.parametrize("puts", [1, 2, 5])
def test_a_build_after_one_that_was_killed_goes_on_from_what_was_finished(
    three: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, puts: int
) -> None:
    monkeypatch.setenv("DOSSIER_CACHE", str(tmp_path / "cache"))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_CONVERTING, str(puts)], env=_environment(), check=False, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL
    binder, converted, _ = built(three, monkeypatch)
    assert len(converted) == 7 - puts  # three sources, an index and three dividers
    assert len(set(converted)) == len(converted)
    assert binder.complete
    assert dossier.verify("out").pages == len(binder.receipt.pages)
    assert built(three, monkeypatch)[0].unchanged


# --- a LibreOffice that fails --------------------------------------------------------------------------------------

OFFICE = """
import os, re, sys, zipfile
from pathlib import Path
sys.path.insert(0, {tests!r})
import fake_soffice as fake

fake.HOME = Path(__file__).resolve().parent
obey = fake.convert

def convert(source, pdf):
    with zipfile.ZipFile(source) as package:
        told = re.search(r"order ([a-z-]+)", package.read("word/document.xml").decode())
    order = fake.HOME / f"{{os.getpid()}}.order"  # other runs are at work beside this one
    order.write_text(told[1] if told else "good")
    obey(order, pdf)

fake.convert = convert
fake.main()
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a stand-in for soffice that does with a document what "order …" in its text says."""
    folder = tmp_path / "office"
    folder.mkdir()
    program = folder / "soffice"
    script = OFFICE.format(tests=str(Path(__file__).resolve().parent))
    program.write_text(f"#!{sys.executable}\n{script}", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("DOSSIER_SOFFICE", str(program))
    return folder


@pytest.mark.libreoffice
def test_libreoffice_binds_the_same_book(
    make_docx: MakeDocx, make_pdf: MakePdf, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOSSIER_SOFFICE", raising=False)
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed here")
    make_docx("sources/notice.docx", "notice p1", "\f", "notice p2")
    make_pdf("sources/plan.pdf")
    evidence = {"1": [{"file": "notice.docx"}, {"file": "plan.pdf"}]}
    binder = dossier.build(make_manifest(evidence, front=["cover", "index"]), "out", engine="libreoffice")

    assert binder.complete
    assert binder.receipt.engine["word"] == "libreoffice"
    assert [text[:9] for text in texts_of(binder, "1-01")] == ["notice p1", "notice p2"]
    assert "plan p1" in texts_of(binder, "1-02")[0]
    [index] = [page for page in binder.receipt.pages if page.kind == "index"]
    reader = pypdf.PdfReader(binder.paths[0])
    shown = dict(links_of(reader, binder.paths[0], index.page))
    for id in ("1", "1-01", "1-02"):
        where = binder.receipt.pages[binder.pages_of(id).first - 1]
        assert reader.get_page_number(shown[where.number]["/Dest"][0].get_object()) == where.page - 1


@posix
@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("crash", "crashed-source"),
        ("hang", "hung-source"),
        ("nothing", "unreadable-source"),
        ("half", "unreadable-source"),
        ("no-pages", "unreadable-source"),
    ],
)
def test_a_document_that_libreoffice_fails_on_is_named_and_the_rest_is_bound(
    office: Path, make_docx: MakeDocx, make_pdf: MakePdf, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch,
    order: str, code: str,
) -> None:  # fmt: skip
    make_docx("sources/bad.docx", f"order {order}")
    make_docx("sources/good.docx", "order good")
    make_pdf("sources/a.pdf")
    convert = libreoffice.convert_batch
    patience = 1.0 if order == "hang" else libreoffice.TIMEOUT
    monkeypatch.setattr(
        libreoffice, "convert_batch", lambda jobs, *, fontconfig: convert(jobs, fontconfig=fontconfig, timeout=patience)
    )
    evidence = {"1": [{"file": "bad.docx"}, {"file": "good.docx"}, {"file": "a.pdf"}]}
    with ThreadPoolExecutor(1) as threads:  # in this process, so that the patience holds
        binder = dossier.build(make_manifest(evidence), "out", engine="libreoffice", executor=threads, use_cache=False)

    assert [proof.status for proof in binder.receipt.items[0].evidence] == ["refused", "bound", "bound"]
    assert [(p.code, p.evidence) for p in binder.problems if p.severity == "error"] == [(code, "1-01")]
    assert "bad.docx" in binder.problems[0].message
    assert "a p1" in texts_of(binder, "1-03")[0]
    assert binder.receipt.engine["word"] == "libreoffice"


# --- photo sheets --------------------------------------------------------------------------------------------------


def shown_images(binder: dossier.Binder, page: Page) -> int:
    with pikepdf.open(binder.paths[page.volume - 1]) as pdf:
        return len(images_of(pdf.pages[page.page - 1].obj))


@readers
def test_photos_share_sheets_under_their_captions(
    make_manifest: MakeManifest, make_photo: MakePhoto, texts: Texts
) -> None:
    names = [f"{number}.jpg" for number in range(1, 8)]
    for name in names:
        make_photo(f"sources/现场/{name}")
    evidence = {"files": "现场/*.jpg", "layout": "4-up", "captions": "Seen in {name}"}
    binder = dossier.build(make_manifest({"1-1": [evidence]}), engine="embedded")

    assert binder.complete
    assert not binder.problems
    pages = [(page, text) for page, text in pages_with_texts(binder, texts) if page.evidence == "1-1-01"]
    wanted = [[f"现场/{name}" for name in names[:4]], [f"现场/{name}" for name in names[4:]]]
    assert [list(page.sources) for page, _ in pages] == wanted
    assert [(page.source, page.source_page) for page, _ in pages] == [("现场/1.jpg", 1), ("现场/5.jpg", 1)]
    for page, text in pages:
        places = [squeezed(text).index(f"Seenin{Path(name).stem}") for name in page.sources]
        assert places == sorted(places)
        assert page.label in text
        assert shown_images(binder, page) == len(page.sources)
    [proof] = binder.receipt.items[0].evidence
    assert [(source.path, source.pages) for source in proof.sources] == [(f"现场/{name}", 1) for name in names]
    assert all(source.sha256 for source in proof.sources)


def test_a_damaged_photo_is_refused_alone_and_the_others_keep_their_sheet(
    make_manifest: MakeManifest, make_photo: MakePhoto, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        make_photo(f"sources/{number}.jpg", (800, 600))
    damaged = tmp_path / "sources/2.jpg"
    damaged.write_bytes(damaged.read_bytes()[:900])
    evidence = {"files": "*.jpg", "layout": "2-up", "captions": ["First", "Second", "Third"]}
    binder = dossier.build(make_manifest({"1-1": [evidence]}), engine="embedded")

    [problem] = [problem for problem in binder.problems if problem.severity == "error"]
    assert (problem.code, problem.evidence) == ("damaged-source", "1-1-01")
    assert problem.message.startswith("2.jpg: ")
    [page] = [page for page in binder.receipt.pages if page.kind == "evidence"]
    assert page.sources == ("1.jpg", "3.jpg")
    text = by_pdfium(binder.paths[0])[page.page - 1]
    assert "First" in text
    assert "Third" in text
    assert "Second" not in text
    assert [slot.evidence for slot in binder.receipt.pages if slot.kind == "placeholder"] == ["1-1-01"]


def test_a_sheet_is_refused_with_its_only_photo(
    make_manifest: MakeManifest, make_photo: MakePhoto, tmp_path: Path
) -> None:
    for number in (1, 2):
        photo = make_photo(f"sources/{number}.jpg", (800, 600))
        photo.write_bytes(photo.read_bytes()[:900])
    binder = dossier.build(make_manifest({"1-1": [{"files": "*.jpg", "layout": "6-up"}]}), engine="embedded")

    errors = [problem for problem in binder.problems if problem.severity == "error"]
    assert [problem.message.partition(":")[0] for problem in errors] == ["1.jpg", "2.jpg"]
    assert not [page for page in binder.receipt.pages if page.kind == "evidence"]


def test_a_photo_that_changes_after_binding_is_said(
    make_manifest: MakeManifest, make_photo: MakePhoto, tmp_path: Path
) -> None:
    for number in (1, 2):
        make_photo(f"sources/{number}.jpg")
    out = tmp_path / "out"
    dossier.build(make_manifest({"1-1": [{"files": "*.jpg", "layout": "2-up"}]}), out, engine="embedded")
    make_photo("sources/2.jpg", colour="red")

    assert any("2.jpg" in said for said in dossier.verify(out).changed)
