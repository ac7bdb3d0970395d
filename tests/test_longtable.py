"""A Word file of one long table is converted in pieces that look just as the whole would, or else as a whole."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import pikepdf
import pypdf
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.table import _Row

from dossier.convert import libreoffice, longtable

ROWS = 60
PIECE = 25


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take tables of a test's length for long ones."""
    monkeypatch.setattr(longtable, "ROWS", PIECE)
    monkeypatch.setattr(longtable, "WORTHWHILE", ROWS)


def table(path: Path, rows: int = ROWS) -> docx.document.Document:
    """Draw a title, a table of such rows below a head that repeats, and a last line."""
    document = docx.Document()
    document.add_paragraph("目录")
    drawn = document.add_table(rows + 1, 2, style="Table Grid")
    for number, row in enumerate(drawn.rows):
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if number == 0:
            properties.append(OxmlElement("w:tblHeader"))
        row.cells[0].text = f"row{number}" if number else "编号"
        row.cells[1].text = "\n".join(["质量"] * (1 + number % 4))
    document.add_paragraph("the end")
    document.save(str(path))
    return document


@pytest.fixture
def file(tmp_path: Path) -> Path:
    table(tmp_path / "index.docx")
    return tmp_path / "index.docx"


def rows_of(document: docx.document.Document) -> list[_Row]:
    return list(document.tables[0].rows)[1:]


def found(path: Path) -> longtable.LongTable:
    one = longtable.find(path)
    assert one is not None
    return one


def is_left_whole(document: docx.document.Document, path: Path) -> bool:
    """Save a Word file, and say whether it has no long table that has pieces."""
    document.save(str(path))
    return longtable.find(path) is None


def texts(path: Path) -> list[str]:
    """Return all paragraphs of a Word file, those of its table too, in order."""
    document = docx.Document(str(path))
    return ["".join(t.text or "" for t in p.iter(qn("w:t"))) for p in document.element.body.iter(qn("w:p"))]


def laid_out(path: Path, pages: dict[int, int], count: int) -> Path:
    """Draw the PDF of a piece: blank pages, and the page of each row, from 1."""
    with pikepdf.new() as pdf:
        for _ in range(count):
            pdf.add_blank_page()
        places = {
            f"/{longtable._MARK}{row}": [pdf.pages[page - 1].obj, pikepdf.Name.XYZ, 0, 700, 0]
            for row, page in pages.items()
        }
        pdf.Root.Dests = pikepdf.Dictionary({name: pikepdf.Array(place) for name, place in places.items()})
        pdf.save(path)
    return path


# --- which files ---------------------------------------------------------------------------------------------------


def test_rows_below_the_head_are_found(file: Path) -> None:
    assert len(found(file).rows) == ROWS


def test_a_shorter_table_is_left_whole(tmp_path: Path) -> None:
    table(tmp_path / "a.docx", ROWS - 1)
    assert longtable.find(tmp_path / "a.docx") is None


@pytest.mark.parametrize(
    "name",
    ["footnoteReference", "numPr", "drawing", "pict", "object", "sdt", "commentReference", "bookmarkStart"],
)
def test_what_goes_by_more_than_its_row_keeps_a_table_whole(tmp_path: Path, name: str) -> None:
    document = table(tmp_path / "a.docx")
    rows_of(document)[40].cells[0].paragraphs[0]._p.append(OxmlElement(f"w:{name}"))
    assert is_left_whole(document, tmp_path / "a.docx")


def test_a_row_that_may_be_on_two_pages_keeps_a_table_whole(tmp_path: Path) -> None:
    document = table(tmp_path / "a.docx")
    [whole] = rows_of(document)[40]._tr.iter(qn("w:cantSplit"))
    whole.set(qn("w:val"), "false")
    assert is_left_whole(document, tmp_path / "a.docx")


def test_a_line_break_is_no_page_break(tmp_path: Path) -> None:
    document = table(tmp_path / "a.docx")
    end = OxmlElement("w:br")
    rows_of(document)[40].cells[0].paragraphs[0].runs[0]._r.append(end)
    assert not is_left_whole(document, tmp_path / "a.docx")
    end.set(qn("w:type"), "page")
    assert is_left_whole(document, tmp_path / "a.docx")


def test_a_page_number_in_a_footer_keeps_a_table_whole(tmp_path: Path) -> None:
    document = table(tmp_path / "a.docx")
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    document.sections[0].footer.paragraphs[0]._p.append(field)
    assert is_left_whole(document, tmp_path / "a.docx")


@pytest.mark.parametrize("based", [False, True])
def test_a_style_that_numbers_keeps_a_table_whole(tmp_path: Path, based: bool) -> None:
    document = table(tmp_path / "a.docx")
    style = document.styles.add_style("Mine", 1)
    style.base_style = document.styles["List Number" if based else "Normal"]
    rows_of(document)[40].cells[0].paragraphs[0].style = style
    assert is_left_whole(document, tmp_path / "a.docx") == based


def test_a_second_table_or_section_keeps_a_table_whole(tmp_path: Path) -> None:
    document = table(tmp_path / "a.docx")
    document.add_table(1, 1)
    assert is_left_whole(document, tmp_path / "a.docx")
    document = table(tmp_path / "b.docx")
    document.add_section()
    assert is_left_whole(document, tmp_path / "b.docx")


def test_what_is_no_word_file_has_no_long_table(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as package:
        package.writestr("content.xml", "</w:tr>" * ROWS)
    assert longtable.find(tmp_path / "a.docx") is None


# --- pieces --------------------------------------------------------------------------------------------------------


def test_pieces_hold_every_row_and_what_is_beside_the_table_once(file: Path, tmp_path: Path) -> None:
    one, first = found(file), 0
    pieces = []
    while first < ROWS:
        first = one.write(first, tmp_path / "piece.docx")
        pieces.append(texts(tmp_path / "piece.docx"))
    words = [word for piece in pieces for word in piece if word and word != "质量质量"]
    assert [len([word for word in piece if word.startswith("row")]) for piece in pieces] == [25, 25, 10]
    assert [word for word in words if word.startswith("row")] == [f"row{n}" for n in range(1, ROWS + 1)]
    assert [("目录" in piece, "编号" in piece, "the end" in piece) for piece in pieces] == [
        (True, True, False), (False, True, False), (False, True, True),
    ]  # fmt: skip


def test_only_the_first_piece_has_a_first_page_of_its_own(tmp_path: Path) -> None:
    document = table(tmp_path / "a.docx")
    document.sections[0].different_first_page_header_footer = True
    document.save(str(tmp_path / "a.docx"))
    one = found(tmp_path / "a.docx")
    for first, own in ((0, True), (PIECE, False)):
        one.write(first, tmp_path / "piece.docx")
        piece = docx.Document(str(tmp_path / "piece.docx"))
        assert piece.sections[0].different_first_page_header_footer is own


def test_a_piece_is_cut_where_a_row_begins_a_page_before_its_last_two(file: Path, tmp_path: Path) -> None:
    pages = {row: 1 + row // 5 for row in range(PIECE)}
    assert found(file).cut(laid_out(tmp_path / "a.pdf", pages, 5), 0, PIECE) == (2, 10)


def test_the_last_piece_is_not_cut(file: Path, tmp_path: Path) -> None:
    pages = {row: 1 + (row - 50) // 5 for row in range(50, ROWS)}
    assert found(file).cut(laid_out(tmp_path / "a.pdf", pages, 3), 50, ROWS) == (3, ROWS)


def test_rows_that_belong_together_are_not_cut_apart(tmp_path: Path) -> None:
    document = table(tmp_path / "a.docx")
    rows = rows_of(document)
    rows[9].cells[0].merge(rows[10].cells[0])
    document.save(str(tmp_path / "a.docx"))
    pages = {row: 1 + row // 5 for row in range(PIECE)}
    assert found(tmp_path / "a.docx").cut(laid_out(tmp_path / "a.pdf", pages, 5), 0, PIECE) == (1, 5)


@pytest.mark.parametrize(
    "pages",
    [
        {row: 1 + row // 5 for row in range(PIECE - 1)},
        {row: 5 - row // 5 for row in range(PIECE)},
        dict.fromkeys(range(PIECE), 1),
        {row: 1 + row // 13 for row in range(PIECE)},
    ],
    ids=["a row is nowhere", "rows run backwards", "one page", "two pages"],
)
def test_a_piece_whose_rows_are_not_where_they_should_be_is_not_cut(
    file: Path, tmp_path: Path, pages: dict[int, int]
) -> None:
    count = max(pages.values())
    assert found(file).cut(laid_out(tmp_path / "a.pdf", pages, count), 0, PIECE) is None


def test_pages_that_stay_are_joined_and_marks_go(tmp_path: Path) -> None:
    first = laid_out(tmp_path / "a.pdf", {0: 1}, 4)
    second = laid_out(tmp_path / "b.pdf", {1: 1}, 3)
    assert longtable.join([(first, 2), (second, 3)], tmp_path / "out.pdf")
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        assert (len(pdf.pages), "/Dests" in pdf.Root) == (5, False)


def test_a_piece_with_bookmarks_of_its_own_is_not_joined(tmp_path: Path) -> None:
    first = laid_out(tmp_path / "a.pdf", {0: 1}, 1)
    with pikepdf.open(laid_out(tmp_path / "b.pdf", {1: 1}, 1), allow_overwriting_input=True) as pdf:
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("heading", 0))
        pdf.save()
    assert not longtable.join([(first, 1), (tmp_path / "b.pdf", 1)], tmp_path / "out.pdf")


# --- with LibreOffice ----------------------------------------------------------------------------------------------


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the files that each run of LibreOffice is given."""
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed here")
    told: list[int] = []
    run = libreoffice._Desk._run

    def counted(desk: libreoffice._Desk, jobs: list[libreoffice._Job], *rest: object) -> object:
        told.append(len(jobs))
        return run(desk, jobs, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(libreoffice._Desk, "_run", counted)
    return told


def pages(path: Path) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(path).pages]


@pytest.mark.libreoffice
def test_pieces_become_the_pages_that_the_whole_becomes(
    tmp_path: Path, runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    table(tmp_path / "index.docx", 200)
    monkeypatch.setattr(longtable, "ROWS", 110)
    libreoffice.convert(tmp_path / "index.docx", tmp_path / "pieces.pdf")
    assert runs == [1, 1, 1]
    monkeypatch.setattr(longtable, "WORTHWHILE", 1000)
    libreoffice.convert(tmp_path / "index.docx", tmp_path / "whole.pdf")
    assert runs == [1, 1, 1, 1]
    assert pages(tmp_path / "pieces.pdf") == pages(tmp_path / "whole.pdf")
    assert len(pages(tmp_path / "whole.pdf")) > 6


@pytest.mark.libreoffice
def test_a_table_that_cannot_be_cut_is_converted_whole(tmp_path: Path, file: Path, runs: list[int]) -> None:
    libreoffice.convert(file, tmp_path / "out.pdf")  # pieces of 25 rows fill fewer than three pages
    assert runs == [1, 1]
    assert [f"row{n}" in "".join(pages(tmp_path / "out.pdf")) for n in range(1, ROWS + 1)] == [True] * ROWS
