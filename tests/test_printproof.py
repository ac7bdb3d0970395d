"""A print set that is not what the binder's receipt says is found out, page by page."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf
from test_printset import write

import dossier
from dossier import printproof
from dossier.errors import ExitStatus, PrintError
from dossier.receipt import Receipt

Sizes = list[list[tuple[float, float]]]


@dataclass
class Printed:
    """A print set in a folder, and what it is proved against."""

    folder: Path
    receipt: Receipt
    files: list[str]
    sizes: Sizes

    def prove(self) -> int:
        return printproof.prove(self.folder, self.receipt, self.files, self.sizes)

    def codes(self) -> set[tuple[str, str]]:
        """Return what is found, and on which page."""
        with pytest.raises(PrintError) as caught:
            self.prove()
        assert caught.value.exit_status == ExitStatus.ENVIRONMENT
        assert all(problem.fix for problem in caught.value.problems)
        return {(p.code, p.message.partition(": ")[0].rpartition("page ")[2]) for p in caught.value.problems}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    folder = tmp_path_factory.mktemp("made")
    manifest = write(folder, print={"a3": "fold-out"})
    binder = dossier.build(manifest, folder / "out", print_set=True)
    files = [name for name in binder.receipt.prints if name.endswith("-print.pdf")]
    with pikepdf.open(binder.folder / files[0]) as pdf:
        sizes = [[(float(page.mediabox[2]), float(page.mediabox[3])) for page in pdf.pages]]
    return Printed(binder.folder, binder.receipt, files, sizes)


@pytest.fixture
def printed(made: Printed, tmp_path: Path) -> Printed:
    folder = Path(shutil.copytree(made.folder, tmp_path / "out"))
    return replace(made, folder=folder)


def change(printed: Printed, how: Callable[[Pdf], None]) -> None:
    path = printed.folder / printed.files[0]
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        how(pdf)
        pdf.save(path)


def numbers_of(printed: Printed, kind: str) -> list[int]:
    return [page.page for page in printed.receipt.pages if page.kind == kind]


def test_what_was_made_is_proved_and_its_labels_counted(printed: Printed) -> None:
    assert printed.prove() == sum(bool(page.label) for page in printed.receipt.pages)


def test_two_pages_that_changed_places_are_found(printed: Printed) -> None:
    first, second = numbers_of(printed, "evidence")[:2]

    def swap(pdf: Pdf) -> None:
        pages = list(pdf.pages)
        pages[first - 1], pages[second - 1] = pages[second - 1], pages[first - 1]
        del pdf.pages[:]
        pdf.pages.extend(pages)

    change(printed, swap)
    found = printed.codes()
    assert {("label", str(first)), ("label", str(second)), ("identity", str(first))} <= found


def test_a_label_that_is_another_is_found(printed: Printed) -> None:
    first = numbers_of(printed, "evidence")[0]

    def relabel(pdf: Pdf) -> None:
        page = pdf.pages[first - 1].obj
        data = page.Contents.read_bytes()
        head, _, tail = data.rpartition(b" Tj")
        codes = head.rpartition(b"<")
        page.Contents = pdf.make_stream(codes[0] + b"<" + codes[2].rstrip(b">")[:-4] + b"> Tj" + tail)

    change(printed, relabel)
    assert ("label", str(first)) in printed.codes()


def test_a_page_that_is_not_drawn_is_found(printed: Printed) -> None:
    def empty(pdf: Pdf) -> None:
        page = pdf.pages[0].obj
        drawn, shown, rest = page.Contents.read_bytes().partition(b" /Page0 Do")
        assert shown
        page.Contents = pdf.make_stream(drawn + rest)

    change(printed, empty)
    assert printed.codes() == {("identity", "1")}


def test_what_else_is_drawn_is_found(printed: Printed) -> None:
    last = len(printed.sizes[0])

    def scribble(pdf: Pdf) -> None:
        page = pdf.pages[-1].obj
        page.Contents = Array([page.Contents, pdf.make_stream(b"\n0 0 m 99 99 l S")])

    change(printed, scribble)
    assert printed.codes() == {("identity", str(last))}


def test_a_page_that_was_moved_is_found(printed: Printed) -> None:
    def move(pdf: Pdf) -> None:
        page = pdf.pages[0].obj
        head, _, tail = page.Contents.read_bytes().partition(b" cm")
        page.Contents = pdf.make_stream(head.rpartition(b" ")[0] + b" 5 cm" + tail)

    change(printed, move)
    assert printed.codes() == {("identity", "1")}


def test_a_page_that_is_read_sideways_and_was_not_turned_is_found(printed: Printed) -> None:
    sideways = next(p.page for p in printed.receipt.pages if p.source == "b.pdf")

    def turn_back(pdf: Pdf) -> None:
        page = pdf.pages[sideways - 1].obj
        page.Contents = page.Contents[1]

    change(printed, turn_back)
    assert ("identity", str(sideways)) in printed.codes()


@pytest.mark.parametrize(("key", "value"), [("/Rotate", 90), ("/UserUnit", 2), ("/CropBox", Array([0, 0, 300, 300]))])
def test_a_sheet_of_another_size_is_found(printed: Printed, key: str, value: object) -> None:
    def resize(pdf: Pdf) -> None:
        pdf.pages[2].obj[key] = value

    change(printed, resize)
    assert ("page-size", "3") in printed.codes()


def test_paper_of_another_size_is_found(printed: Printed) -> None:
    printed.sizes[0] = [*printed.sizes[0]]
    wide = next(n for n, size in enumerate(printed.sizes[0]) if size[0] > 1000)
    sizes = [*printed.sizes[0]]
    sizes[wide] = sizes[0]
    assert ("page-size", str(wide + 1)) in replace(printed, sizes=[sizes]).codes()


def test_a_link_is_found(printed: Printed) -> None:
    def link(pdf: Pdf) -> None:
        pdf.pages[1].obj.Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9])])

    change(printed, link)
    assert printed.codes() == {("links", "2")}


@pytest.mark.parametrize("key", ["/Duplex", "/PrintScaling"])
def test_a_file_that_does_not_say_how_it_is_printed_is_found(printed: Printed, key: str) -> None:
    def forget(pdf: Pdf) -> None:
        del pdf.Root.ViewerPreferences[key]

    change(printed, forget)
    assert {code for code, _ in printed.codes()} == {"preferences"}


def test_a_page_too_few_is_found(printed: Printed) -> None:
    def drop(pdf: Pdf) -> None:
        del pdf.pages[-1]

    change(printed, drop)
    assert {"page-count", "unreadable"} <= {code for code, _ in printed.codes()}


def test_a_file_that_is_none_is_found(printed: Printed) -> None:
    (printed.folder / printed.files[0]).write_bytes(b"%PDF-1.7 rubbish")
    assert {code for code, _ in printed.codes()} == {"unreadable"}
