"""Whatever is done to a finished binder is found, its checksum fixed to match or not; an untouched one is proved."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import yaml
from pikepdf import Array, Dictionary, Name, Pdf, String
from reportlab.pdfgen.canvas import Canvas

import dossier
from dossier import publish

A4 = (595.276, 841.89)


def draw_pdf(path: Path, pages: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    for number in range(1, pages + 1):
        # What an original prints of its own must not stand in for a label.
        canvas.drawString(200, 400, f"{path.stem} p{number} — 1 — 2 — 3 — 4 — 5 — 6 — 7 —")
        canvas.showPage()
    canvas.save()


def build(folder: Path, files: list[str], **keys: Any) -> dossier.Binder:
    items = [
        {"id": "1", "title": "One", "points": 1, "unit": "Unit", "evidence": [{"file": file} for file in files]},
        {"id": "2", "title": "Two", "points": 1, "unit": "Unit", "evidence": [{"see": "1-01", "title": "cited"}]},
    ]
    manifest = {"title": "T", "date": "2023-12-15", "engine": "embedded", "sources": "sources", "items": items, **keys}
    (folder / "dossier.yaml").write_text(yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8")
    return dossier.build(folder / "dossier.yaml", folder / "out")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a binder in ``out`` and its sources in ``sources``."""
    folder = tmp_path_factory.mktemp("built")
    draw_pdf(folder / "sources" / "a.pdf", 3)
    draw_pdf(folder / "sources" / "b.pdf", 2)
    build(folder, ["a.pdf", "b.pdf"])
    return folder


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a complete binder in ``out``, and beside it a draft of a later state."""
    folder = tmp_path_factory.mktemp("drafted")
    draw_pdf(folder / "sources" / "a.pdf", 1)
    build(folder, ["a.pdf"], front=[])
    build(folder, ["a.pdf", "late.pdf"], front=[])
    return folder


@pytest.fixture
def out(built: Path, tmp_path: Path) -> Path:
    """A copy of the binder's folder, to be altered."""
    return Path(shutil.copytree(built / "out", tmp_path / "out"))


@pytest.fixture
def draft(drafted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drafted / "out", tmp_path / "out"))


def fix_checksums(receipt: Path) -> None:
    data = json.loads(receipt.read_text(encoding="utf-8"))
    for volume in data["volumes"]:
        volume["sha256"] = hashlib.sha256((receipt.parent / volume["file"]).read_bytes()).hexdigest()
    receipt.write_text(json.dumps(data), encoding="utf-8")


def alter(pdf: Path, change: Callable[[Pdf], object]) -> None:
    """Change a binder with another library than the one that proves it, and fix its receipt's checksum to match."""
    with Pdf.open(pdf, allow_overwriting_input=True) as opened:
        change(opened)
        opened.save(pdf)
    fix_checksums(pdf.parent / ("receipt-draft.json" if "draft" in pdf.name else "receipt.json"))


def findings(path: Path) -> list[tuple[str, str]]:
    with pytest.raises(dossier.VerificationError) as caught:
        dossier.verify(path)
    return [(problem.code, problem.message) for problem in caught.value.problems]


def codes(path: Path) -> set[str]:
    return {code for code, _ in findings(path)}


# --- what was done to the PDF --------------------------------------------------------------------------------------

# The binder's pages: cover, blank, index, blank, divider 1, blank, a p1, a p2, a p3, blank, b p1, b p2, divider 2.
A1, A2, A3, B1 = 6, 7, 8, 10  # pages as pikepdf counts them, from 0
BLANK, INDEX, COVER = 1, 2, 0
LINE = b"\nq 0 0 m 100 100 l S Q"


def swap(pdf: Pdf) -> None:
    pages = list(pdf.pages)
    pages[A1], pages[A2] = pages[A2], pages[A1]
    del pdf.pages[:]
    pdf.pages.extend(pages)


def swap_contents(pdf: Pdf) -> None:
    first, second = pdf.pages[A1].obj, pdf.pages[A2].obj
    first.Resources, second.Resources = second.Resources, first.Resources


def drop(pdf: Pdf) -> None:
    del pdf.pages[A2]


def drop_and_repeat(pdf: Pdf) -> None:
    pdf.pages.insert(A2 + 1, pdf.pages[A2])
    del pdf.pages[A3 + 1]


def repeat(pdf: Pdf) -> None:
    pdf.pages[A2].obj.Resources = pdf.pages[A1].obj.Resources


def blank_out(pdf: Pdf) -> None:
    """Cover a page, as one would to hide a figure."""
    form = form_of(pdf, A1)
    form.write(form.read_bytes() + b"\n1 1 1 rg 0 0 600 850 re f")


def form_of(pdf: Pdf, page: int) -> pikepdf.Object:
    [form] = pdf.pages[page].obj.Resources.XObject.values()
    return form


def draw_a_line(pdf: Pdf) -> None:
    form = form_of(pdf, A1)
    form.write(form.read_bytes() + LINE)


def change_a_word(pdf: Pdf) -> None:
    form = form_of(pdf, A1)
    changed = form.read_bytes().replace(b"a p1", b"a p7")
    assert changed != form.read_bytes()
    form.write(changed)


def change_the_font(pdf: Pdf) -> None:
    fonts = form_of(pdf, A1).Resources.Font
    fonts[next(iter(fonts.keys()))].BaseFont = Name.Courier


def add_to_the_stamp(pdf: Pdf) -> None:
    content = pdf.pages[A1].obj.Contents
    content.write(content.read_bytes() + LINE)


def add_before_the_page(pdf: Pdf) -> None:
    content = pdf.pages[A1].obj.Contents
    content.write(LINE.strip() + b"\n" + content.read_bytes())


def add_a_second_stream(pdf: Pdf) -> None:
    page = pdf.pages[A1].obj
    page.Contents = Array([page.Contents, pdf.make_stream(LINE)])


def draw_on_a_blank(pdf: Pdf) -> None:
    page = pdf.pages[BLANK].obj
    page.Resources = pdf.pages[A1].obj.Resources
    page.Contents.write(page.Contents.read_bytes().replace(b" cm Q", b" cm /Page0 Do Q"))


def label_a_blank(pdf: Pdf) -> None:
    label = re.search(rb"\nq [\d. ]+ rg BT .*", pdf.pages[A1].obj.Contents.read_bytes(), re.DOTALL)
    assert label
    content = pdf.pages[BLANK].obj.Contents
    content.write(content.read_bytes() + label[0])


def label_the_cover(pdf: Pdf) -> None:
    label = re.search(rb"\nq [\d. ]+ rg BT .*", pdf.pages[A1].obj.Contents.read_bytes(), re.DOTALL)
    assert label
    content = pdf.pages[COVER].obj.Contents
    content.write(content.read_bytes() + label[0])


def move_the_page(pdf: Pdf) -> None:
    content = pdf.pages[A1].obj.Contents
    content.write(re.sub(rb"q 1 0 0 1 \S+ \S+ cm", b"q 1 0 0 1 300 0 cm", content.read_bytes()))


def edit_label(name: str, pattern: bytes, replacement: bytes) -> Callable[[Pdf], None]:
    def edit(pdf: Pdf) -> None:
        content = pdf.pages[A1].obj.Contents
        before = content.read_bytes()
        after = re.sub(pattern, replacement, before)
        assert after != before
        content.write(after)

    edit.__name__ = name
    return edit


def change_label(pdf: Pdf) -> None:
    """Print the label of the next page, which the page also shows in its own text."""
    other = re.search(rb"<[0-9A-F]+> Tj", pdf.pages[A2].obj.Contents.read_bytes())
    assert other
    edit_label("", rb"<[0-9A-F]+> Tj", other[0])(pdf)


def drop_label(pdf: Pdf) -> None:
    edit_label("", rb"\nq [\d. ]+ rg BT .*", b"")(pdf)


def mark_as_draft(pdf: Pdf) -> None:
    edit_label("", rb"\nq ([\d. ]+ rg BT .*)", rb"\nq /DsrWatermark gs \1\nq \1")(pdf)


def swap_label_font(pdf: Pdf) -> None:
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    pdf.pages[A1].obj.Resources.Font["/DsrLabel"] = pdf.make_indirect(font)


def damage_label_font(pdf: Pdf) -> None:
    program = pdf.pages[A1].obj.Resources.Font["/DsrLabel"].DescendantFonts[0].FontDescriptor.FontFile2
    raw = bytearray(program.read_raw_bytes())
    raw[len(raw) // 2] ^= 0xFF
    program.write(bytes(raw), filter=Name.FlateDecode)


def change_page_label(pdf: Pdf) -> None:
    pdf.Root.PageLabels.Nums[-1].St = 99


def drop_page_labels(pdf: Pdf) -> None:
    del pdf.Root.PageLabels


def retarget_link(pdf: Pdf) -> None:
    pdf.pages[INDEX].obj.Annots[0].Dest = Array([pdf.pages[A3].obj, Name.Fit])


def unlink(pdf: Pdf) -> None:
    annotations = pdf.pages[INDEX].obj.Annots
    pdf.pages[INDEX].obj.Annots = Array(annotations.as_list()[1:])


def link_out(pdf: Pdf) -> None:
    link = pdf.pages[INDEX].obj.Annots[0]
    del link.Dest
    link.A = Dictionary(S=Name.URI, URI=String("http://example.org/"))


def link_both_ways(pdf: Pdf) -> None:
    pdf.pages[INDEX].obj.Annots[0].A = Dictionary(S=Name.URI, URI=String("http://example.org/"))


def draw_with_a_link(pdf: Pdf) -> None:
    picture = pdf.make_stream(LINE, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 100, 100])
    pdf.pages[INDEX].obj.Annots[0].AP = Dictionary(N=picture)


def annotate(pdf: Pdf) -> None:
    note = Dictionary(Type=Name.Annot, Subtype=Name.Square, Rect=[0, 0, 100, 100], C=[1, 0, 0])
    pdf.pages[A1].obj.Annots = Array([pdf.make_indirect(note)])


def annotate_a_linked_page(pdf: Pdf) -> None:
    note = Dictionary(Type=Name.Annot, Subtype=Name.Square, Rect=[0, 0, 100, 100], C=[1, 0, 0])
    pdf.pages[INDEX].obj.Annots.append(pdf.make_indirect(note))


def retarget_bookmark(pdf: Pdf) -> None:
    with pdf.open_outline() as outline:
        outline.root[-1].destination = Array([pdf.pages[A1].obj, Name.Fit])


def rename_bookmark(pdf: Pdf) -> None:
    with pdf.open_outline() as outline:
        outline.root[-1].title = "Three"


def drop_bookmark(pdf: Pdf) -> None:
    with pdf.open_outline() as outline:
        del outline.root[-1]


def add_bookmark(pdf: Pdf) -> None:
    with pdf.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("Three", 0))


def move_bookmark(pdf: Pdf) -> None:
    with pdf.open_outline() as outline:
        outline.root.append(outline.root.pop(0))


def loop_outline(pdf: Pdf) -> None:
    first = pdf.Root.Outlines.First
    first.Next.Next = first


def turn(pdf: Pdf) -> None:
    pdf.pages[A1].obj.Rotate = 90


def turn_all(pdf: Pdf) -> None:
    pdf.Root.Pages.Rotate = 180


def crop(pdf: Pdf) -> None:
    pdf.pages[A1].obj.CropBox = Array([0, 0, 300, 300])


def enlarge(pdf: Pdf) -> None:
    pdf.pages[A1].obj.MediaBox = Array([0, 0, 700, 900])


def act_on_opening(pdf: Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.beep()"))


def act_on_a_page(pdf: Pdf) -> None:
    pdf.pages[A1].obj.AA = Dictionary(O=Dictionary(S=Name.JavaScript, JS=String("app.beep()")))


def attach(pdf: Pdf) -> None:
    pdf.attachments["a.txt"] = b"attached"


def act_on_a_bookmark(pdf: Pdf) -> None:
    pdf.Root.Outlines.First.A = Dictionary(S=Name.URI, URI=String("http://example.org/"))


def act_in_a_form(pdf: Pdf) -> None:
    """Hide a script where neither the identity of a page nor its links look."""
    form_of(pdf, A1).PieceInfo = Dictionary(App=Dictionary(Private=Dictionary(S=Name.JavaScript, JS=String("x"))))


ALTERED = [
    (swap, "identity"),
    (swap_contents, "identity"),
    (drop, "page-count"),
    (drop_and_repeat, "identity"),
    (repeat, "identity"),
    (draw_a_line, "identity"),
    (blank_out, "identity"),
    (change_a_word, "identity"),
    (change_the_font, "identity"),
    (add_to_the_stamp, "identity"),
    (add_before_the_page, "identity"),
    (add_a_second_stream, "identity"),
    (draw_on_a_blank, "identity"),
    (label_a_blank, "label"),
    (label_the_cover, "label"),
    (move_the_page, "identity"),
    (change_label, "label"),
    (drop_label, "label"),
    (edit_label("move_label_off", rb"1 0 0 1 [\d.]+ ([\d.]+) Tm", rb"1 0 0 1 -400 \1 Tm"), "label"),
    (edit_label("move_label_up", rb"1 0 0 1 ([\d.]+) [\d.]+ Tm", rb"1 0 0 1 \1 400 Tm"), "label"),
    (edit_label("whiten_label", rb"q [\d.]+ [\d.]+ [\d.]+ rg BT", rb"q 1 1 1 rg BT"), "label"),
    (edit_label("shrink_label", rb"/DsrLabel 14 Tf", rb"/DsrLabel 1 Tf"), "label"),
    (mark_as_draft, "watermark"),
    (swap_label_font, "label"),
    (damage_label_font, "unreadable"),
    (change_page_label, "page-label"),
    (drop_page_labels, "page-label"),
    (retarget_link, "jump"),
    (unlink, "jump"),
    (link_out, "jump"),
    (link_both_ways, "jump"),
    (draw_with_a_link, "jump"),
    (annotate, "jump"),
    (annotate_a_linked_page, "jump"),
    (retarget_bookmark, "outline"),
    (rename_bookmark, "outline"),
    (drop_bookmark, "outline"),
    (add_bookmark, "outline"),
    (move_bookmark, "outline"),
    (loop_outline, "unreadable"),
    (turn, "page-size"),
    (turn_all, "page-size"),
    (crop, "page-size"),
    (enlarge, "page-size"),
    (act_on_opening, "catalog"),
    (act_on_a_page, "identity"),
    (attach, "catalog"),
    (attach, "active-content"),
    (act_on_a_page, "active-content"),
    (act_on_a_bookmark, "unreadable"),
    (act_in_a_form, "active-content"),
]


@pytest.mark.parametrize(("change", "code"), ALTERED, ids=[change.__name__ for change, _ in ALTERED])
def test_what_was_altered_is_found(out: Path, change: Callable[[Pdf], None], code: str) -> None:
    alter(out / "binder.pdf", change)
    found = codes(out)
    assert code in found
    assert "checksum" not in found


def test_an_object_that_nothing_refers_to_is_looked_at_too(out: Path) -> None:
    """It is added the way that editors add things: behind the end, with a table of its own."""
    data = (out / "binder.pdf").read_bytes()
    with Pdf.open(out / "binder.pdf") as pdf:
        number, root = len(pdf.objects) + 1, pdf.Root.objgen[0]
    before = int(data[data.rindex(b"startxref") :].split()[1])
    added = b"%d 0 obj\n<< /S /Launch /F (x.exe) >>\nendobj\n" % number
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, len(data))
    trailer = b"trailer << /Size %d /Root %d 0 R /Prev %d >>" % (number + 1, root, before)
    end = b"\nstartxref\n%d\n%%%%EOF\n" % (len(data) + len(added))
    (out / "binder.pdf").write_bytes(data + added + table + trailer + end)
    fix_checksums(out / "receipt.json")

    assert findings(out) == [("active-content", f"binder.pdf: object {number} could act: it holds the action /Launch")]


def test_a_finding_names_the_file_and_the_page(out: Path) -> None:
    alter(out / "binder.pdf", draw_a_line)
    assert findings(out) == [
        ("identity", "binder.pdf, page 7: it does not show page 1 of a.pdf as it was bound"),
    ]


def test_all_findings_are_told_together(out: Path) -> None:
    def change(pdf: Pdf) -> None:
        draw_a_line(pdf)
        retarget_link(pdf)
        rename_bookmark(pdf)

    alter(out / "binder.pdf", change)
    assert codes(out) == {"identity", "jump", "outline"}


def test_of_very_many_findings_the_rest_is_counted(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alter(out / "binder.pdf", drop_page_labels)
    every = findings(out)
    assert len(every) > 5
    monkeypatch.setattr(sys.modules["dossier.verify"], "_MOST_FINDINGS", 3)
    assert findings(out) == [*every[:3], ("more", f"and {len(every) - 3} more findings")]


# --- what is proved ------------------------------------------------------------------------------------------------


def test_an_untouched_binder_is_proved(built: Path) -> None:
    receipt = dossier.build(built / "dossier.yaml", built / "out").receipt
    proof = dossier.verify(built / "out")
    assert proof.volumes == 1
    assert proof.pages == len(receipt.pages)
    assert proof.labels == sum(bool(page.label) for page in receipt.pages)
    assert proof.identities == sum(page.kind != "blank" for page in receipt.pages)
    assert proof.jumps == sum(len(page.links) for page in receipt.pages)
    assert proof.bookmarks == len(receipt.outline)
    assert proof.changed == ()


def test_what_hides_in_a_source_does_not_keep_a_book_from_being_proved(tmp_path: Path) -> None:
    draw_pdf(tmp_path / "sources" / "a.pdf", 1)
    with Pdf.open(tmp_path / "sources" / "a.pdf", allow_overwriting_input=True) as pdf:
        fonts: Any = pdf.pages[0].obj.Resources.Font
        for name in list(fonts.keys()):
            fonts[name].Hidden = Dictionary(S=Name.JavaScript, JS=String("x"))
        fonts["/AA"] = fonts[next(iter(fonts.keys()))]  # this is but a name
        pdf.save()
    binder = build(tmp_path, ["a.pdf"])

    assert [problem.code for problem in binder.problems] == ["actions-removed"]
    assert dossier.verify(tmp_path / "out").pages == binder.proof.pages


def test_a_binder_that_was_only_saved_anew_is_proved(out: Path) -> None:
    alter(out / "binder.pdf", lambda pdf: None)
    assert dossier.verify(out).pages == 13


def test_a_change_that_the_receipts_checksum_does_not_know_is_found(out: Path) -> None:
    with (out / "binder.pdf").open("ab") as file:
        file.write(b"\n")
    assert codes(out) == {"checksum"}


@pytest.mark.parametrize("name", [".", "binder.pdf"])
def test_a_folder_or_its_pdf_can_be_named(out: Path, name: str) -> None:
    assert dossier.verify(out / name).pages == 13
    assert dossier.verify(str(out / name)).pages == 13


def test_a_moved_binder_is_proved_without_its_sources(out: Path) -> None:
    data = json.loads((out / "receipt.json").read_text(encoding="utf-8"))
    data["sources"] = str(out / "gone")
    (out / "receipt.json").write_text(json.dumps(data), encoding="utf-8")
    assert dossier.verify(out).changed == ()


def test_keys_that_were_added_to_a_receipt_do_no_harm(out: Path) -> None:
    data = json.loads((out / "receipt.json").read_text(encoding="utf-8"))
    data["new"] = data["pages"][0]["new"] = data["items"][0]["evidence"][0]["new"] = 1
    (out / "receipt.json").write_text(json.dumps(data), encoding="utf-8")
    assert dossier.verify(out).pages == 13


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a binder of two volumes in ``out``."""
    folder = tmp_path_factory.mktemp("volumes")
    draw_pdf(folder / "sources" / "a.pdf", 1)
    build(folder, ["a.pdf"], volumes={"by": "section"})
    return folder


@pytest.mark.parametrize("name", [".", "binder-1.pdf", "binder-2.pdf"])
def test_all_volumes_are_proved_whichever_is_named(volumes: Path, name: str) -> None:
    proof = dossier.verify(volumes / "out" / name)
    assert (proof.volumes, proof.labels > 0, proof.jumps > 0) == (2, True, True)


def test_a_finding_names_its_volume(volumes: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(volumes / "out", tmp_path / "out"))
    alter(out / "binder-2.pdf", lambda pdf: pdf.pages.__delitem__(-1))
    assert all(message.startswith("binder-2.pdf") for _, message in findings(out))


def redirect(pdf: Pdf) -> None:
    jump_out(pdf).F = Dictionary(Type=Name.Filespec, F=String("binder-1.pdf"), UF=String("binder-1.pdf"))


def redirect_out(pdf: Pdf) -> None:
    jump_out(pdf).F = Dictionary(Type=Name.Filespec, F=String("other.pdf"), UF=String("other.pdf"))


def turn_over(pdf: Pdf) -> None:
    jump_out(pdf).D = Array([0, Name.Fit])


def jump_out(pdf: Pdf) -> Any:
    """Return the first jump to another volume."""
    annotations: Any = pdf.pages[INDEX].obj.Annots
    return next(link.A for link in annotations if "/A" in link)


@pytest.mark.parametrize("change", [redirect, redirect_out, turn_over])
def test_a_jump_to_another_volume_that_was_retargeted_is_found(
    volumes: Path, tmp_path: Path, change: Callable[[Pdf], None]
) -> None:
    out = Path(shutil.copytree(volumes / "out", tmp_path / "out"))
    alter(out / "binder-1.pdf", change)
    assert codes(out) == ({"jump", "active-content"} if change is redirect_out else {"jump"})


# --- sources -------------------------------------------------------------------------------------------------------


@pytest.fixture
def beside(built: Path, tmp_path: Path) -> Path:
    """A copy of the binder with sources of its own."""
    folder = Path(shutil.copytree(built, tmp_path / "copy"))
    receipt = folder / "out" / "receipt.json"
    data = json.loads(receipt.read_text(encoding="utf-8"))
    data["sources"] = str(folder / "sources")
    receipt.write_text(json.dumps(data), encoding="utf-8")
    return folder


def test_sources_that_did_not_change_are_not_reported(beside: Path) -> None:
    assert dossier.verify(beside / "out").changed == ()


def test_a_source_that_changed_since_is_named(beside: Path) -> None:
    draw_pdf(beside / "sources" / "a.pdf", 2)
    assert dossier.verify(beside / "out").changed == ("a.pdf has changed since it was bound",)


def test_a_source_that_is_gone_is_named(beside: Path) -> None:
    (beside / "sources" / "b.pdf").unlink()
    assert dossier.verify(beside / "out").changed == ("b.pdf is no longer there",)


# --- drafts --------------------------------------------------------------------------------------------------------


def test_a_drafts_own_receipt_proves_it(draft: Path) -> None:
    assert dossier.verify(draft).pages != dossier.verify(draft / "binder-draft.pdf").pages


def test_a_draft_without_its_watermark_on_a_page_is_found(draft: Path) -> None:
    def clean(pdf: Pdf) -> None:
        content = pdf.pages[0].obj.Contents
        content.write(re.sub(rb"\nq /DsrWatermark[^\n]*", b"", content.read_bytes()))

    alter(draft / "binder-draft.pdf", clean)
    assert "watermark" in codes(draft / "binder-draft.pdf")


def test_a_draft_whose_blank_carries_a_label_is_found(draft: Path) -> None:
    def label(pdf: Pdf) -> None:
        pdf.pages[1].obj.Contents.write(pdf.pages[1].obj.Contents.read_bytes() + label_of(pdf.pages[0].obj))

    alter(draft / "binder-draft.pdf", label)
    assert "label" in codes(draft / "binder-draft.pdf")


def label_of(page: pikepdf.Object) -> bytes:
    return b"\n" + page.Contents.read_bytes().splitlines()[-1]


def test_a_draft_passed_off_as_complete_is_found(draft: Path) -> None:
    data = json.loads((draft / "receipt-draft.json").read_text(encoding="utf-8"))
    data["complete"] = True
    (draft / "receipt-draft.json").write_text(json.dumps(data), encoding="utf-8")
    assert "watermark" in codes(draft / "binder-draft.pdf")


# --- files that are none -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"not a PDF", b"\0" * 2000])
def test_what_is_not_a_pdf_is_a_finding(out: Path, data: bytes) -> None:
    (out / "binder.pdf").write_bytes(data)
    fix_checksums(out / "receipt.json")
    assert codes(out) == {"unreadable"}


@pytest.mark.parametrize(
    "how",
    [
        pikepdf.Encryption(owner="o", user="u", R=3, aes=False, metadata=False),
        pikepdf.Encryption(owner="o", user="u", R=4),
        pikepdf.Encryption(owner="o", user="", R=6),
    ],
    ids=["RC4", "AES", "AES-without-a-password"],
)
def test_an_encrypted_binder_is_a_finding(out: Path, how: pikepdf.Encryption) -> None:
    with Pdf.open(out / "binder.pdf", allow_overwriting_input=True) as pdf:
        pdf.save(out / "binder.pdf", encryption=how)
    fix_checksums(out / "receipt.json")
    assert "unreadable" in codes(out)


def test_a_binder_that_is_gone_is_a_finding(out: Path) -> None:
    (out / "binder.pdf").unlink()
    assert codes(out) == {"no-volume"}


def test_one_page_object_that_stands_for_two_pages_is_found(out: Path) -> None:
    with Pdf.open(out / "binder.pdf", allow_overwriting_input=True) as pdf:
        kids = pdf.Root.Pages.Kids
        kids[A2] = kids[A1]
        assert pdf.Root.Pages.Count == len(kids) == 13
        pdf.save(out / "binder.pdf")
    fix_checksums(out / "receipt.json")
    assert any("same object" in message for _, message in findings(out))


def _die(*arguments: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="only forked processes inherit what is put in place here")
def test_a_file_that_crashes_its_reader_is_a_finding_of_its_volume(
    volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["dossier.verify"], "read_stamped", _die)
    found = findings(volumes / "out")
    assert {code for code, _ in found} == {"unreadable"}
    for name in ("binder-1.pdf", "binder-2.pdf"):
        assert any(message.startswith(name) and "crashes" in message for _, message in found)


class Broken(Executor):
    """Runs what it is given at once, but for the functions named, at which its processes are found dead."""

    def __init__(self, *names: str, at_once: bool) -> None:
        self.names, self.at_once = names, at_once

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if function.__name__ not in self.names:
            future.set_result(function(*arguments, **keywords))
        elif self.at_once:
            raise BrokenProcessPool
        else:
            future.set_exception(BrokenProcessPool())
        return future


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[Broken], None]:
    """Let an executor take the place of the processes that read a binder."""
    return lambda executor: monkeypatch.setattr(
        sys.modules["dossier.verify"], "processes", lambda count: nullcontext(executor)
    )


def test_a_checksum_is_computed_though_the_processes_died(out: Path, breaking: Callable[[Broken], None]) -> None:
    breaking(Broken("sha256_of", at_once=False))
    assert dossier.verify(out).pages == 13
    with (out / "binder.pdf").open("ab") as file:
        file.write(b"\n")
    assert codes(out) == {"checksum"}


@pytest.mark.parametrize("name", ["sha256_of", "read_stamped"])
def test_processes_that_die_at_once_are_a_finding(out: Path, breaking: Callable[[Broken], None], name: str) -> None:
    breaking(Broken(name, at_once=True))
    assert findings(out) == [("unreadable", "binder.pdf: pdfium cannot read it: it crashes on it")]


@pytest.mark.filterwarnings("ignore")
def test_a_damaged_binder_never_ends_in_a_traceback(out: Path) -> None:
    data = (out / "binder.pdf").read_bytes()
    chance = random.Random(2023)
    found = 0
    for _ in range(40):
        broken = bytearray(data)
        at = chance.randrange(len(broken))
        match chance.choice(["cut", "zero", "insert", "change"]):
            case "cut":
                del broken[at:]
            case "zero":
                broken[at : at + 300] = bytes(300)
            case "insert":
                broken[at:at] = chance.randbytes(40)
            case _:
                for _ in range(30):
                    broken[chance.randrange(len(broken))] = chance.randrange(256)
        (out / "binder.pdf").write_bytes(broken)
        shutil.copyfile(out / "receipt.json", out / "kept.json")
        fix_checksums(out / "receipt.json")
        try:
            dossier.verify(out)
        except dossier.VerificationError:
            found += 1
        shutil.copyfile(out / "kept.json", out / "receipt.json")
    assert found >= 30  # the others hit bytes that nothing reads


# --- receipts and folders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["none", "none/binder.pdf", "binder-1.pdf"])
def test_what_is_not_there_is_a_usage_error(out: Path, name: str) -> None:
    with pytest.raises(dossier.UsageError, match=rf"{re.escape(name)} is not there"):
        dossier.verify(out / name)


def test_a_folder_without_a_receipt_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(dossier.UsageError, match=r"receipt\.json is not there"):
        dossier.verify(tmp_path)


def test_a_pdf_that_is_not_a_volume_is_a_usage_error(out: Path) -> None:
    shutil.copyfile(out / "binder.pdf", out / "other.pdf")
    with pytest.raises(dossier.UsageError, match=r"other\.pdf is not a volume"):
        dossier.verify(out / "other.pdf")


def test_a_receipt_that_reaches_out_of_its_folder_is_refused(out: Path) -> None:
    shutil.copytree(out, out.parent / "other")
    data = json.loads((out / "receipt.json").read_text(encoding="utf-8"))
    data["volumes"][0]["file"] = "../other/binder.pdf"
    (out / "receipt.json").write_text(json.dumps(data), encoding="utf-8")
    assert codes(out) == {"bad-receipt"}


def test_a_receipt_that_lists_a_page_twice_is_refused(out: Path) -> None:
    data = json.loads((out / "receipt.json").read_text(encoding="utf-8"))
    data["pages"][7] = data["pages"][6]
    (out / "receipt.json").write_text(json.dumps(data), encoding="utf-8")
    assert "bad-receipt" in codes(out)


def test_a_receipt_without_volumes_proves_nothing(out: Path) -> None:
    data = json.loads((out / "receipt.json").read_text(encoding="utf-8"))
    data["volumes"] = []
    (out / "receipt.json").write_text(json.dumps(data), encoding="utf-8")
    assert codes(out) == {"no-volume"}


def test_verifying_changes_nothing(out: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    dossier.verify(out)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_what_a_killed_build_had_staged_does_not_keep_the_old_binder_from_being_proved(out: Path) -> None:
    (out / publish.STAGING).mkdir()
    (out / publish.STAGING / "binder.pdf").write_bytes(b"half")
    assert dossier.verify(out).pages == 13
    assert not (out / publish.STAGING).exists()


def test_a_binder_is_proved_while_the_next_is_being_built(out: Path) -> None:
    with publish.exclusive(out), publish.staging(out) as staging:
        (staging / "binder.pdf").write_bytes(b"half")
        assert dossier.verify(out).pages == 13
        assert staging.exists()
