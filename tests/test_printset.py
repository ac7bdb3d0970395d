"""The print set holds the binder's pages and labels, sheet by sheet, as a printer wants them; or the build fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pypdfium2
import pytest
import yaml
from reportlab.pdfgen.canvas import Canvas

import dossier
from dossier import printset
from dossier.errors import ExitStatus, PrintError, TemplateError, UsageError
from dossier.placement import MM

A4, WIDE, A3 = (595.276, 841.89), (841.89, 595.276), (1190.551, 841.89)
SOURCES = {"a": [A4] * 3, "b": [WIDE, WIDE], "c": [A3], "d": [A4, A3, A4], "e": [A3, A3], "f": [A4]}
"""Size of every page of each source; page n of source x says `x pn`, near its head and in the middle."""
ITEMS = {"1": ["a", "b"], "2": ["c", "d"], "3": ["e", "f"]}

Build = Callable[..., dossier.Binder]


def draw(path: Path, sizes: list[tuple[float, float]]) -> None:
    canvas = Canvas(str(path), invariant=1)
    for number, (width, height) in enumerate(sizes, start=1):
        canvas.setPageSize((width, height))
        canvas.setFont("Helvetica", 12)
        canvas.drawString(width / 2, height - 90, f"{path.stem} p{number}")
        canvas.showPage()
    canvas.save()


def write(folder: Path, **keys: Any) -> Path:
    """Write a manifest of all sources, with a gutter of 20 mm, into a folder."""
    items = [
        {"id": id, "title": f"Item {id}", "unit": "Unit", "evidence": [{"file": f"{name}.pdf"} for name in names]}
        for id, names in ITEMS.items()
    ]
    data = {
        "title": "Dossier", "date": "2023-12-15", "sources": "sources", "items": items, "engine": "embedded",
        "page": {"size": "A4", "gutter": "20mm"}, **keys,
    }  # fmt: skip
    (folder / "sources").mkdir(exist_ok=True, parents=True)
    for name, sizes in SOURCES.items():
        if not (folder / "sources" / f"{name}.pdf").exists():
            draw(folder / "sources" / f"{name}.pdf", sizes)
    path = folder / "dossier.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    """Two volumes whose A3 pages fold out, their dividers on blue paper and marked."""
    folder = tmp_path_factory.mktemp("folded")
    keys = {
        "print": {"a3": "fold-out", "divider_paper": "blue", "divider_mark": True},
        "volumes": {"max_pages": 24}, "numbering": {"restart": "volume"},
    }  # fmt: skip
    return dossier.build(write(folder, **keys), folder / "out", print_set=True)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    """One volume, everything on the usual paper, pages beginning on any side."""
    folder = tmp_path_factory.mktemp("plain")
    keys = {"page": {"size": "A4", "start_on": "any"}, "print": {"divider_paper": "blue"}}
    return dossier.build(write(folder, **keys), folder / "out", print_set=True)


@pytest.fixture
def binder(request: pytest.FixtureRequest) -> dossier.Binder:
    made: dossier.Binder = request.getfixturevalue(request.param)
    return made


both = pytest.mark.parametrize("binder", ["folded", "plain"], indirect=True)


def files(binder: dossier.Binder) -> list[Path]:
    return [binder.folder / name for name in binder.receipt.prints if name.endswith("-print.pdf")]


def ticket(binder: dossier.Binder) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((binder.folder / "print" / "ticket.json").read_text(encoding="utf-8"))
    return found


def texts(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as document:
        return ["".join(page.get_textpage().get_text_range().split()) for page in document]


def where(path: Path, page: int, text: str) -> tuple[float, float]:
    """Return the middle of a text on a page (from 1), from the lower left of the page as seen."""
    with pypdfium2.PdfDocument(path) as document:
        textpage = document[page - 1].get_textpage()
        searcher = textpage.search(text)
        found = searcher.get_next()
        assert found is not None, f"{text} is not on page {page} of {path.name}"
        boxes = [textpage.get_charbox(index) for index in range(found[0], found[0] + found[1])]
    left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
    bottom, top = min(box[1] for box in boxes), max(box[3] for box in boxes)
    return (left + right) / 2, (bottom + top) / 2


def page_of(binder: dossier.Binder, source: str, number: int) -> tuple[Path, int, str]:
    """Return print file, page in it and label of a page of a source."""
    page = next(p for p in binder.receipt.pages if (p.source, p.source_page) == (f"{source}.pdf", number))
    return files(binder)[page.volume - 1], page.page, page.label


# --- what is in it -------------------------------------------------------------------------------------------------


@both
def test_the_receipt_names_its_files_and_they_are_there(binder: dossier.Binder) -> None:
    prints = binder.receipt.prints
    assert len(files(binder)) == len(binder.paths)
    assert set(prints) >= {"print/ticket.docx", "print/ticket.pdf", "print/ticket.json"}
    assert {path.relative_to(binder.folder).as_posix() for path in (binder.folder / "print").iterdir()} == set(prints)


@both
def test_every_page_shows_what_the_binder_shows_label_and_all(binder: dossier.Binder) -> None:
    for number, (bound, printed) in enumerate(zip(binder.paths, files(binder), strict=True), start=1):
        pages = [page for page in binder.receipt.pages if page.volume == number]
        wanted, found = texts(bound), texts(printed)
        assert len(found) == len(wanted) + len(wanted) % 2
        for page, was, now in zip(pages, wanted, found, strict=False):
            label = "".join(page.label.split())
            assert sorted(now) == sorted(was)
            assert label in now
        assert all(not text for text in found[len(wanted) :])


@both
def test_there_is_nothing_to_click_and_the_printer_knows_how(binder: dossier.Binder) -> None:
    for path in files(binder):
        reader = pypdf.PdfReader(path)
        assert not [page for page in reader.pages if "/Annots" in page]
        assert not set(reader.root_object) & {"/Outlines", "/PageMode", "/OpenAction"}
        wanted = {"/PrintScaling": "/None", "/Duplex": "/DuplexFlipLongEdge", "/PickTrayByPDFSize": True}
        preferences: Any = reader.root_object["/ViewerPreferences"]
        assert {key: preferences[key] for key in wanted} == wanted


@both
def test_the_pages_carry_their_numbers_in_the_viewer_too(binder: dossier.Binder) -> None:
    for number, path in enumerate(files(binder), start=1):
        pages = [page.number for page in binder.receipt.pages if page.volume == number]
        assert pypdf.PdfReader(path).page_labels[: len(pages)] == pages


@both
def test_every_sheet_has_two_sides_of_one_size(binder: dossier.Binder) -> None:
    for path in files(binder):
        sizes = [(round(float(p.mediabox.width)), round(float(p.mediabox.height))) for p in pypdf.PdfReader(path).pages]
        assert sizes[::2] == sizes[1::2]
        assert set(sizes) <= {(595, 842), (1191, 842)}


@pytest.mark.parametrize("number", [1, 2])
def test_a_page_that_is_read_sideways_lies_as_it_is_bound(folded: dossier.Binder, number: int) -> None:
    path, page, label = page_of(folded, "b", number)
    head, foot = where(path, page, f"b p{number}"), where(path, page, label)
    assert head[0] < 297.6 < foot[0], "a quarter to the left: its head is at the left edge, its foot at the right"
    binding = 0 if page % 2 else 595.276
    assert abs(head[0] - binding) >= 20 * MM or abs(foot[0] - binding) >= 20 * MM


# --- sheets that fold out ------------------------------------------------------------------------------------------


def test_a3_pages_are_reduced_where_nothing_else_is_said(plain: dossier.Binder) -> None:
    assert ticket(plain)["sheets"]["fold_out"] == 0
    assert ticket(plain)["fold_out"] is None


def test_the_sheets_of_a3_pages_fold_out_and_no_others(folded: dossier.Binder) -> None:
    wide = {(volume["volume"], sheet["sheet"]) for volume in ticket(folded)["volumes"] for sheet in volume["fold_outs"]}
    named = [("c", 1), ("d", 2), ("e", 1), ("e", 2)]
    assert wide == {
        (files(folded).index(path) + 1, (page + 1) // 2) for path, page, _ in (page_of(folded, *of) for of in named)
    }


@pytest.mark.parametrize(("source", "number"), [("c", 1), ("d", 2), ("e", 1), ("e", 2)])
def test_an_a3_page_is_as_large_as_it_was(folded: dossier.Binder, source: str, number: int) -> None:
    path, page, _ = page_of(folded, source, number)
    x, y = where(path, page, f"{source} p{number}")
    width = 30.0  # of the text, at most
    assert A3[0] / 2 <= x <= A3[0] / 2 + width
    assert y == pytest.approx(A3[1] - 90, abs=12)


def test_what_shares_the_sheet_of_an_a3_page_is_on_the_half_at_the_binding_edge(folded: dossier.Binder) -> None:
    path, page, _ = page_of(folded, "d", 1)
    assert page % 2 == 1, "its back is the A3 page"
    x, _ = where(path, page, "d p1")
    assert 20 * MM < x < 595.276


@pytest.mark.parametrize(("source", "number"), [("c", 1), ("d", 1), ("d", 2), ("e", 1), ("e", 2)])
def test_labels_are_at_the_outer_edge_as_far_from_it_as_all_others(
    folded: dossier.Binder, source: str, number: int
) -> None:
    path, page, label = page_of(folded, source, number)
    x, y = where(path, page, label)
    usual_path, usual_page, usual_label = page_of(folded, "a", 1 if page % 2 else 2)
    usual_x, usual_y = where(usual_path, usual_page, usual_label)
    edge = A3[0] - x if page % 2 else x
    usual_edge = A4[0] - usual_x if page % 2 else usual_x
    assert edge == pytest.approx(usual_edge, abs=10)  # a longer label begins further in
    assert y == pytest.approx(usual_y, abs=0.5)


def test_an_a3_sheet_is_not_folded_into_a_book_of_another_size(tmp_path: Path) -> None:
    manifest = write(tmp_path, page={"size": "A5"}, print={"a3": "fold-out"})
    with pytest.raises(UsageError, match="A5") as caught:
        dossier.build(manifest, tmp_path / "out", print_set=True)
    assert "reduced" in caught.value.fix
    assert not (tmp_path / "out").exists()


# --- dividers ------------------------------------------------------------------------------------------------------


def test_sheets_of_coloured_paper_are_those_of_dividers(folded: dossier.Binder) -> None:
    for volume in ticket(folded)["volumes"]:
        pages = [page for page in folded.receipt.pages if page.volume == volume["volume"]]
        fronts = [page.page for page in pages if page.kind == "divider"]
        assert [sheet["pdf_pages"] for sheet in volume["coloured"]] == [[page, page + 1] for page in fronts]
        assert all(page % 2 for page in fronts)


def test_a_divider_that_shares_its_sheet_is_on_the_usual_paper_and_counted(plain: dossier.Binder) -> None:
    said = ticket(plain)
    kinds = [page.kind for page in plain.receipt.pages] + [""]
    sheets = list(zip(kinds[::2], kinds[1::2], strict=False))
    alone = [sheet for sheet in sheets if set(sheet) <= {"divider", "blank", ""} and "divider" in sheet]
    assert said["sheets"]["coloured"] == len(alone)
    assert said["dividers_on_shared_sheets"] == sum("divider" in sheet for sheet in sheets) - len(alone)
    assert said["dividers_on_shared_sheets"] > 0, "the book shows it"


def marked(path: Path) -> set[int]:
    """Return the pages (from 1) that show something in their upper right corner."""
    found: set[int] = set()
    with pypdfium2.PdfDocument(path) as document:
        for number, page in enumerate(document, start=1):
            picture = page.render(scale=1).to_pil().convert("L")
            corner = picture.crop((picture.width - 30, 12, picture.width - 12, 30))
            if corner.getextrema()[0] < 128:
                found.add(number)
    return found


def test_coloured_sheets_are_marked_on_their_front_where_the_manifest_says_so(folded: dossier.Binder) -> None:
    for number, path in enumerate(files(folded), start=1):
        coloured = ticket(folded)["volumes"][number - 1]["coloured"]
        assert marked(path) == {sheet["pdf_pages"][0] for sheet in coloured}


def test_elsewhere_they_are_not(tmp_path: Path) -> None:
    made = dossier.build(write(tmp_path, print={"divider_paper": "blue"}), tmp_path / "out", print_set=True)
    assert ticket(made)["sheets"]["coloured"] == len(ITEMS)
    assert [marked(path) for path in files(made)] == [set()]


# --- with the build ------------------------------------------------------------------------------------------------


def test_a_draft_has_no_print_set_and_leaves_that_of_the_book_alone(tmp_path: Path) -> None:
    manifest = write(tmp_path)
    made = dossier.build(manifest, tmp_path / "out", print_set=True)
    before = {path.name: path.read_bytes() for path in (made.folder / "print").iterdir()}
    (tmp_path / "sources" / "f.pdf").unlink()
    draft = dossier.build(manifest, tmp_path / "out", print_set=True)
    assert not draft.complete
    assert draft.receipt.prints == ()
    (found,) = [problem for problem in draft.problems if problem.code == "no-print-set"]
    assert found.fix
    assert {path.name: path.read_bytes() for path in (made.folder / "print").iterdir()} == before


def test_another_book_without_a_print_set_leaves_none_of_the_earlier_one(tmp_path: Path) -> None:
    manifest = write(tmp_path)
    made = dossier.build(manifest, tmp_path / "out", print_set=True)
    (made.folder / "print" / "my own notes.txt").write_text("keep", encoding="utf-8")
    write(tmp_path, subtitle="changed")
    again = dossier.build(manifest, tmp_path / "out")
    assert again.receipt.prints == ()
    assert [path.name for path in (made.folder / "print").iterdir()] == ["my own notes.txt"]


def test_asked_for_later_it_is_made_though_nothing_else_changed(tmp_path: Path) -> None:
    manifest = write(tmp_path)
    made = dossier.build(manifest, tmp_path / "out")
    assert not (made.folder / "print").exists()
    again = dossier.build(manifest, tmp_path / "out", print_set=True)
    assert files(again)[0].is_file()
    assert files(dossier.build(manifest, tmp_path / "out"))[0].is_file(), "it still shows the book"


def test_the_same_book_is_printed_from_the_same_bytes(folded: dossier.Binder, tmp_path: Path) -> None:
    again = dossier.build(folded.receipt.manifest["path"], tmp_path / "out", print_set=True)
    for name in folded.receipt.prints:
        assert (again.folder / name).read_bytes() == (folded.folder / name).read_bytes(), name


def _swap(pdf: pikepdf.Pdf) -> None:
    first, second = (page.obj.Contents for page in (pdf.pages[0], pdf.pages[-1]))
    pdf.pages[0].obj.Contents, pdf.pages[-1].obj.Contents = second, first


def test_where_the_printed_labels_are_not_the_books_the_build_fails_and_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = write(tmp_path)
    made = dossier.build(manifest, tmp_path / "out")
    before = made.paths[0].read_bytes()
    lay_down = printset._lay_down

    def other(pdf: pikepdf.Pdf, sheets: Any, *, marked: bool) -> None:
        lay_down(pdf, sheets, marked=marked)
        _swap(pdf)

    monkeypatch.setattr(printset, "_lay_down", other)
    write(tmp_path, subtitle="changed")
    with pytest.raises(PrintError) as caught:
        dossier.build(manifest, tmp_path / "out", print_set=True)
    assert caught.value.exit_status == ExitStatus.ENVIRONMENT
    assert made.paths[0].read_bytes() == before
    assert not (made.folder / "print").exists()


def test_a_set_without_a_ticket_is_told_before_anything_is_written(tmp_path: Path) -> None:
    manifest = write(tmp_path, template_set="mine")
    (tmp_path / "mine").mkdir()
    shipped = Path(printset.__file__).parents[1] / "templates" / "official"
    for name in ("cover", "index", "divider", "placeholder"):
        (tmp_path / "mine" / f"{name}.docx").write_bytes((shipped / f"{name}.docx").read_bytes())
    with pytest.raises(TemplateError, match="ticket"):
        dossier.build(manifest, tmp_path / "out", print_set=True)
    assert not (tmp_path / "out").exists()
