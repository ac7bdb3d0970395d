"""Word files of one long table, in pieces: LibreOffice takes four times as long for a table of twice the rows.

A piece begins with the row that a page begins with, under the table's head, and so looks just as that page does. Where
the last two pages of a piece end may hang on rows that are not in it, so that they are left to the next. Where anything
hangs on the pages before, such as a number that Word gives by itself, a file has no pieces.
"""

from __future__ import annotations

import copy
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path

import pikepdf
from lxml import etree  # type: ignore[import-untyped]

from dossier.convert import ooxml
from dossier.convert.grid import Element

ROWS = 400
"""Rows of a piece: with fewer, LibreOffice starts too often."""
WORTHWHILE = 800
"""Rows from which on pieces take less time than the whole table."""
_DOCUMENT, _STYLES = "word/document.xml", "word/styles.xml"
_MOST = 64 * 1024**2  # bytes of a part: larger ones are LibreOffice's own affair
_UNSURE = 2  # pages at the end of a piece
_MARK, _FIRST = "dossier-row-", 1_000_000  # names and numbers of bookmarks
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_COUNTING = (b"fldSimple", b"instrText", b"pgNum>", b"lnNumType", b"evenAndOddHeaders", b"altChunk", b"w:anchor=")
"""What shows, or goes by, the page that it is on or what else there is in the file."""
_OF_MORE_THAN_A_ROW = tuple(
    f"{_W}{name}"
    for name in (
        *("footnoteReference", "endnoteReference", "commentReference", "bookmarkStart", "numPr", "pageBreakBefore"),
        *("sectPr", "sdt", "drawing", "pict", "object", "tbl"),
    )
)


@dataclass(frozen=True, slots=True)
class LongTable:
    """A Word file with one long table.

    ``rest`` is its document without the ``rows`` of the table that come after its head; rows count from 0.
    """

    source: Path
    rest: Element
    rows: tuple[Element, ...]

    def write(self, first: int, out: Path) -> int:
        """Write the piece that begins with a row, as a Word file; return the row after its last.

        What stands before the table is in the first piece alone, and what stands after it in the last.
        """
        end = min(first + ROWS, len(self.rows))
        root = copy.deepcopy(self.rest)
        body = root.find(f"{_W}body")
        table, section = body.find(f"{_W}tbl"), body[-1]
        if first > 0:
            for before in list(table.itersiblings(preceding=True)):
                body.remove(before)
            for other in section.findall(f"{_W}titlePg"):
                section.remove(other)
        if end < len(self.rows):
            for after in list(table.itersiblings()):
                if after is not section:
                    body.remove(after)
        table.extend(_marked(row, number) for number, row in enumerate(self.rows[first:end], start=first))
        data = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
        with zipfile.ZipFile(self.source) as package:
            ooxml.rewrite(package, {_DOCUMENT: data}, out)
        return end

    def cut(self, made: Path, first: int, end: int) -> tuple[int, int] | None:
        """Say where the PDF ``made`` of the piece from row ``first`` to ``end`` is to be cut, if it can be.

        Returns how many of its pages stay, and the row that the next piece begins with.
        """
        with pikepdf.open(made) as pdf:
            pages = _pages_of_rows(pdf)
            count = len(pdf.pages)
        if end == len(self.rows):
            return count, end
        rows = range(first, end)
        if pages.keys() != set(rows) or any(pages[a] > pages[b] for a, b in pairwise(rows)):
            return None
        for row in reversed(rows[1:]):
            begins = pages[row - 1] < pages[row] <= count - _UNSURE
            if begins and not _goes_on(self.rows[row]):
                return pages[row] - 1, row
        return None


def find(path: Path) -> LongTable | None:
    """Return the long table of a Word file, where its pages stay the same when it is converted in pieces."""
    with zipfile.ZipFile(path) as package:
        parts = [entry for entry in package.infolist() if entry.filename.endswith(".xml")]
        if _DOCUMENT not in package.NameToInfo or any(entry.file_size > _MOST for entry in parts):
            return None
        data = package.read(_DOCUMENT)
        if data.count(b"</w:tr>") < WORTHWHILE:
            return None
        if any(word in part for part in map(package.read, parts) for word in _COUNTING):
            return None
        styles = package.read(_STYLES) if _STYLES in package.NameToInfo else b""
    rest = etree.fromstring(data, ooxml.parser(huge=True))
    rows = _rows_below_the_head(rest)
    if len(rows) < WORTHWHILE or not all(map(_is_whole, rows)) or _is_numbered(rows, styles):
        return None
    for row in rows:
        row.getparent().remove(row)
    return LongTable(path, rest, rows)


def join(pieces: Sequence[tuple[Path, int]], out: Path) -> bool:
    """Join PDFs of pieces, each with how many of its pages stay; False where there is more to it than pages."""
    with ExitStack() as stack:
        whole, *others = [stack.enter_context(pikepdf.open(path)) for path, _ in pieces]
        if any("/Outlines" in pdf.Root for pdf in others):
            return False
        del whole.pages[pieces[0][1] :]
        for pdf, (_, pages) in zip(others, pieces[1:], strict=True):
            whole.pages.extend(pdf.pages[:pages])
        del whole.Root.Dests
        whole.save(out)
    return True


def _rows_below_the_head(document: Element) -> tuple[Element, ...]:
    """Return the rows of the one table of a document in one section, but for those that every page repeats."""
    body = document.find(f"{_W}body")
    if body is None or len(body) == 0 or body[-1].tag != f"{_W}sectPr" or len(list(body.iter(f"{_W}sectPr"))) != 1:
        return ()
    tables = body.findall(f"{_W}tbl")
    columns = body[-1].find(f"{_W}cols")
    if len(tables) != 1 or (columns is not None and columns.get(f"{_W}num", "1") != "1"):
        return ()
    [table] = tables
    rows = table.findall(f"{_W}tr")
    others = {f"{_W}tblPr", f"{_W}tblGrid"}
    if table.find(f"{_W}tblPr/{_W}tblpPr") is not None or any(
        child.tag not in others for child in table if child not in rows
    ):
        return ()
    head = len(list(takewhile(lambda row: ooxml.is_on(row.find(f"{_W}trPr/{_W}tblHeader")), rows)))
    return tuple(rows[head:])


def _is_whole(row: Element) -> bool:
    """Say whether a row is always on one page, and what is in it is drawn there and nowhere else."""
    return (
        ooxml.is_on(row.find(f"{_W}trPr/{_W}cantSplit"))
        and next(row.iter(*_OF_MORE_THAN_A_ROW), None) is None
        and row.find(f"{_W}tc/{_W}p") is not None
        and all(end.get(f"{_W}type", "textWrapping") == "textWrapping" for end in row.iter(f"{_W}br"))
    )


def _is_numbered(rows: Sequence[Element], styles: bytes) -> bool:
    """Say whether the style of anything in the rows may number it."""
    if b"numPr" not in styles:
        return False
    root = etree.fromstring(styles, ooxml.parser(huge=True))
    known = {style.get(f"{_W}styleId"): style for style in root.iter(f"{_W}style")}
    named = {style.get(f"{_W}val") for row in rows for style in row.iter(f"{_W}pStyle")}
    named |= {name for name, style in known.items() if style.get(f"{_W}default") is not None}
    while based := {_based_on(known[name]) for name in named & known.keys()} - named:
        named |= based
    return any(next(known[name].iter(f"{_W}numPr"), None) is not None for name in named & known.keys())


def _based_on(style: Element) -> str | None:
    base = style.find(f"{_W}basedOn")
    return None if base is None else base.get(f"{_W}val")


def _goes_on(row: Element) -> bool:
    """Say whether a cell of a row belongs to the one above it."""
    return any(merge.get(f"{_W}val") != "restart" for merge in row.iter(f"{_W}vMerge"))


def _marked(row: Element, number: int) -> Element:
    """Return a row with a bookmark, by which its page is found."""
    marked = copy.deepcopy(row)
    paragraph = marked.find(f"{_W}tc/{_W}p")
    place = 0 if paragraph.find(f"{_W}pPr") is None else 1
    for name in ("bookmarkEnd", "bookmarkStart"):
        mark = etree.Element(f"{_W}{name}", {f"{_W}id": str(_FIRST + number)})
        paragraph.insert(place, mark)
    paragraph[place].set(f"{_W}name", f"{_MARK}{number}")
    return marked


def _pages_of_rows(pdf: pikepdf.Pdf) -> dict[int, int]:
    """Return the page, from 1, of each row that is marked in a PDF."""
    pages = {page.obj.objgen: number for number, page in enumerate(pdf.pages, start=1)}
    marks = pdf.Root.get("/Dests", pikepdf.Dictionary())
    return {
        int(name.rpartition("-")[2]): pages[place[0].objgen]
        for name, place in marks.items()
        if name.startswith(f"/{_MARK}")
    }
