"""Binding copies the pages it is given, in their order, and writes links, outline, page labels and title as told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pypdfium2
import pytest
from conftest import MakePdf
from pypdf.generic import Destination

from dossier import fonts, numbering, placement, stamp
from dossier.bind import Area, Description, Leaf, bind
from dossier.convert import pdf as pdf_converter
from dossier.errors import OutputError
from dossier.numbering import Slot
from dossier.part import Box, Part
from dossier.placement import Paper
from dossier.receipt import Bookmark, Jump

PAPER = Paper(595.276, 841.89)
ABOUT = Description("Title", "Author", "en", "identity", ("binder-1.pdf", "binder-2.pdf"))
Parts = Callable[[str, int], Part]


@pytest.fixture(scope="module")
def ink() -> stamp.Stamp:
    return stamp.Stamp(stamp.load_face(fonts.LABEL_FACE, ["— 0123456789 —"]), 14.0, (0.0, 0.0, 0.0))


@pytest.fixture
def part(make_pdf: MakePdf, tmp_path: Path) -> Parts:
    """Draw a PDF of some pages and make a part of it; page n shows ``<name> p<n>``."""
    return lambda name, pages: pdf_converter.normalise(make_pdf(f"{name}.pdf", pages), tmp_path / f"{name}.part.pdf")


def leaf(
    of: Part, index: int, *, page: int = 1, number: str = "1", label: str = "", areas: Sequence[Area] = ()
) -> Leaf:
    where = placement.place(of.pages[index - 1], PAPER, odd=bool(page % 2), label_width=0.0)
    return Leaf(Slot(1, page, number, label, "evidence"), of.path, index, where, tuple(areas))


def leaves(of: Part, numbers: Sequence[str] = ()) -> list[Leaf]:
    count = len(numbers) or len(of.pages)
    return [
        leaf(of, (index % len(of.pages)) + 1, page=index + 1, number=number)
        for index, number in enumerate(numbers or [str(n) for n in range(1, count + 1)])
    ]


def texts(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as document:
        return [page.get_textpage().get_text_range().strip() for page in document]


def tree(reader: pypdf.PdfReader, entries: Any = None) -> list[Any]:
    """Return an outline as titles, each with its page from 1, and lists of what is below."""
    found: list[Any] = []
    for entry in reader.outline if entries is None else entries:
        if isinstance(entry, Destination):
            number = reader.get_destination_page_number(entry)
            found.append((entry.title, None if number is None else number + 1))
        else:
            found.append(tree(reader, entry))
    return found


def test_pages_come_in_the_order_of_the_leaves(part: Parts, ink: stamp.Stamp, tmp_path: Path) -> None:
    a, b = part("a", 3), part("b", 2)
    order = [leaf(a, 2), leaf(b, 1), leaf(a, 3), leaf(a, 1), leaf(b, 2)]
    bind(order, [], ink, ABOUT, tmp_path / "out.pdf")
    assert texts(tmp_path / "out.pdf") == ["a p2", "b p1", "a p3", "a p1", "b p2"]


def test_a_page_bound_twice_is_two_pages(part: Parts, ink: stamp.Stamp, tmp_path: Path) -> None:
    a = part("a", 1)
    bind([leaf(a, 1, label="1"), leaf(a, 1, label="2")], [], ink, ABOUT, tmp_path / "out.pdf")
    assert texts(tmp_path / "out.pdf") == ["a p1\r\n1", "a p1\r\n2"]
    pages = pypdf.PdfReader(tmp_path / "out.pdf").pages
    assert pages[0].indirect_reference != pages[1].indirect_reference


@pytest.mark.parametrize(
    "numbers",
    [
        ["i", "ii", "iii", "iv", "1", "2", "3"],
        ["9", "10", "11"],
        ["142", "143", "143A", "143B", "144"],
        ["2-9", "2-10", "2-11", "3-1"],
        ["1", "1", "3", "2"],
        ["007", "008"],
        ["附1", "附2", "A", "10"],
        [*(numbering.roman(n) for n in range(1, 101)), "1", "2", "3"],  # a long index
        [f"{n}{letter}" for n in range(1, 61) for letter in ("", "A")],  # many that came late
    ],
)
def test_page_labels_are_the_numbers(part: Parts, ink: stamp.Stamp, tmp_path: Path, numbers: list[str]) -> None:
    bind(leaves(part("a", 1), numbers), [], ink, ABOUT, tmp_path / "out.pdf")
    assert pypdf.PdfReader(tmp_path / "out.pdf").page_labels == numbers


@pytest.mark.parametrize(
    ("levels", "nested"),
    [
        ([1, 1], [("0", 1), ("1", 2)]),
        ([1, 2, 3, 1], [("0", 1), [("1", 2), [("2", 3)]], ("3", 4)]),
        ([1, 2, 2, 1, 2], [("0", 1), [("1", 2), ("2", 3)], ("3", 4), [("4", 5)]]),
        ([1, 2, 3, 2], [("0", 1), [("1", 2), [("2", 3)], ("3", 4)]]),
    ],
)
def test_bookmarks_nest_by_level_and_lead_to_their_pages(
    part: Parts, ink: stamp.Stamp, tmp_path: Path, levels: list[int], nested: list[Any]
) -> None:
    marks = [Bookmark(1, level, str(index), index + 1) for index, level in enumerate(levels)]
    bind(leaves(part("a", len(levels))), marks, ink, ABOUT, tmp_path / "out.pdf")
    reader = pypdf.PdfReader(tmp_path / "out.pdf")
    assert tree(reader) == nested
    assert reader.page_mode == "/UseOutlines"


def test_without_bookmarks_there_is_no_outline(part: Parts, ink: stamp.Stamp, tmp_path: Path) -> None:
    bind(leaves(part("a", 1)), [], ink, ABOUT, tmp_path / "out.pdf")
    reader = pypdf.PdfReader(tmp_path / "out.pdf")
    assert tree(reader) == []
    assert "/PageMode" not in reader.root_object


def bound_link(part: Parts, ink: stamp.Stamp, out: Path, area: Area) -> tuple[pypdf.PdfReader, Any]:
    a = part("a", 3)
    bind([leaf(a, 1, areas=[area]), leaf(a, 2), leaf(a, 3)], [], ink, ABOUT, out)
    reader = pypdf.PdfReader(out)
    links: Any = reader.pages[0]["/Annots"]
    assert len(links) == 1
    return reader, links[0].get_object()


BOX = Box(10.0, 20.0, 110.125, 40.0)


def test_a_jump_within_the_volume_leads_to_the_page(part: Parts, ink: stamp.Stamp, tmp_path: Path) -> None:
    reader, link = bound_link(part, ink, tmp_path / "out.pdf", Area(BOX, Jump(to="1-1", volume=1, page=3)))
    assert reader.get_page_number(link["/Dest"][0].get_object()) == 2
    assert link["/Dest"][1] == "/Fit"
    assert [float(value) for value in link["/Rect"]] == [10, 20, 110.12, 40]
    assert "/A" not in link


def test_a_jump_to_a_height_keeps_it(part: Parts, ink: stamp.Stamp, tmp_path: Path) -> None:
    _, link = bound_link(part, ink, tmp_path / "out.pdf", Area(BOX, Jump(volume=1, page=2), top=700.0))
    assert (link["/Dest"][1], float(link["/Dest"][3])) == ("/XYZ", 700)


def test_a_jump_to_another_volume_names_its_file(part: Parts, ink: stamp.Stamp, tmp_path: Path) -> None:
    _, link = bound_link(part, ink, tmp_path / "out.pdf", Area(BOX, Jump(to="1-1", volume=2, page=7)))
    assert link["/A"]["/S"] == "/GoToR"
    assert link["/A"]["/F"]["/UF"] == link["/A"]["/F"]["/F"] == "binder-2.pdf"
    assert link["/A"]["/D"][0] == 6  # pages of another file count from 0


def test_a_link_out_of_the_binder_keeps_its_address(part: Parts, ink: stamp.Stamp, tmp_path: Path) -> None:
    _, link = bound_link(part, ink, tmp_path / "out.pdf", Area(BOX, Jump(uri="https://example.org/a?b=c")))
    assert (link["/A"]["/S"], link["/A"]["/URI"]) == ("/URI", "https://example.org/a?b=c")


def test_the_volume_says_what_it_is(part: Parts, ink: stamp.Stamp, tmp_path: Path) -> None:
    about = Description("质量强市（1/2）", "质强办", "zh-CN", "x")
    bind(leaves(part("a", 1)), [], ink, about, tmp_path / "out.pdf")
    reader = pypdf.PdfReader(tmp_path / "out.pdf")
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("质量强市（1/2）", "质强办")
    assert str(reader.root_object["/Lang"]) == "zh-CN"


def test_equal_input_gives_equal_bytes_and_another_identity_another_identifier(
    part: Parts, ink: stamp.Stamp, tmp_path: Path
) -> None:
    pages = leaves(part("a", 2))
    for name, identity in (("one", "x"), ("two", "x"), ("three", "y")):
        bind(pages, [], ink, Description("T", "", "en", identity), tmp_path / f"{name}.pdf")
    one, two, three = ((tmp_path / f"{name}.pdf").read_bytes() for name in ("one", "two", "three"))
    assert one == two != three
    identifiers = [pypdf.PdfReader(tmp_path / f"{name}.pdf").trailer["/ID"] for name in ("one", "three")]
    assert identifiers[0] != identifiers[1]


def test_a_blank_shows_nothing(part: Parts, ink: stamp.Stamp, tmp_path: Path) -> None:
    with pikepdf.new() as blank:
        blank.add_blank_page(page_size=(PAPER.width, PAPER.height))
        blank.save(tmp_path / "blank.pdf")
    empty = Leaf(Slot(1, 2, "2", "", "blank"), tmp_path / "blank.pdf", 1, placement.blank(PAPER))
    a = part("a", 2)
    bind([leaf(a, 1), empty, leaf(a, 2)], [], ink, ABOUT, tmp_path / "out.pdf")
    assert texts(tmp_path / "out.pdf") == ["a p1", "", "a p2"]
    with pypdfium2.PdfDocument(tmp_path / "out.pdf") as document:
        assert list(document[1].get_objects()) == []


def test_only_what_binding_wrote_can_be_clicked(make_pdf: MakePdf, ink: stamp.Stamp, tmp_path: Path) -> None:
    source = make_pdf("a.pdf")
    with pikepdf.open(source, allow_overwriting_input=True) as pdf:
        note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=[0, 0, 9, 9])
        pdf.pages[0].Annots = pikepdf.Array([pdf.make_indirect(note)])
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.beep()"))
        pdf.save(source)
    bind(leaves(pdf_converter.normalise(source, tmp_path / "part.pdf")), [], ink, ABOUT, tmp_path / "out.pdf")
    reader = pypdf.PdfReader(tmp_path / "out.pdf")
    assert "/Annots" not in reader.pages[0]
    assert "/OpenAction" not in reader.root_object


def test_a_part_that_is_gone_is_an_output_error_and_leaves_nothing(
    part: Parts, ink: stamp.Stamp, tmp_path: Path
) -> None:
    a = part("a", 1)
    a.path.unlink()
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match=r"out\.pdf"):
        bind(leaves(a), [], ink, ABOUT, tmp_path / "out" / "out.pdf")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_fails_while_saving_is_an_output_error_and_leaves_nothing(
    part: Parts, ink: stamp.Stamp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **keywords: object) -> None:
        raise OSError(28, "No space left on device")

    pages = leaves(part("a", 1))
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(pikepdf.Pdf, "save", full)
    with pytest.raises(OutputError, match="No space left"):
        bind(pages, [], ink, ABOUT, tmp_path / "out" / "out.pdf")
    assert list((tmp_path / "out").iterdir()) == []
