"""OFD (GB/T 33190-2016) → PDF: the format in which Chinese government offices send sealed documents.

An OFD is a ZIP of XML that puts every glyph, line and picture in its place, in millimetres. This package reads one and
draws the same on PDF pages: text as text, outlines as outlines, a JPEG as the bytes that it is. It knows nothing of the
rest of the program but notes, errors and fonts::

    package   the ZIP, locations in it, XML and its values, all within limits
    document  documents, pages, templates, resources, annotations, signatures
    seal      the picture in a signature value
    geometry  matrices and paths
    charmap   which glyph a character has in a font
    glyphs    fonts made anew from the outlines that are needed
    picture   images
    canvas    content streams and the PDF around them
    lettering where characters stand
    drawing   what each object looks like

Whatever cannot be drawn as it should be is refused by name; no page is ever drawn in part.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, OutlineItem

from dossier.convert.ofd.canvas import POINTS, Book
from dossier.convert.ofd.document import Document, documents
from dossier.convert.ofd.drawing import Findings, Link, Painter, Target, target_of
from dossier.convert.ofd.package import Budget, Node, Package, child, children, damaged, hostile
from dossier.errors import ConversionError
from dossier.part import Note

VERSION = f"2 fonttools {version('fonttools')} / pillow {version('pillow')} / qpdf {pikepdf.__libqpdf_version__}"
MAX_BOOKMARKS = 20_000
MAX_BOOKMARK_DEPTH = 32

_SCHEMES = ("http://", "https://", "mailto:")
_SHOWN = 10
_BROKEN = (
    ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, ArithmeticError, RecursionError,
    EOFError, UnicodeError, struct.error, zlib.error, pikepdf.PdfError,
)  # fmt: skip

_Drawn = list[tuple[str, Object, list[Link]]]


def convert(source: Path, out: Path) -> tuple[Note, ...]:
    """Write the OFD ``source`` as the PDF ``out`` and return what is worth knowing about it.

    The same file gives the same bytes where the same fonts are installed. Raises ConversionError: ``damaged-source``
    for what is cut short, wrong, or lacks a part that it needs; ``encrypted-source``; ``hostile-source`` for what
    exceeds all measure or loops; ``unsupported-content`` for what cannot be drawn, named with its page.
    """
    try:
        with Package(source) as package:
            return _convert(package, out)
    except ConversionError as error:
        raise type(error)(f"{source.name}: {error.message}", fix=error.fix, code=error.code) from error
    except OSError as error:
        raise ConversionError(
            f"{source.name} cannot be read: {error.strerror}", fix="check that the file is there and may be read"
        ) from error
    except _BROKEN as error:
        what = damaged(f"{type(error).__name__}: {error}")
        raise ConversionError(f"{source.name}: {what.message}", fix=what.fix, code=what.code) from error


def _convert(package: Package, out: Path) -> tuple[Note, ...]:
    budget = Budget()
    book = Book()
    painter = Painter(book, budget)
    found: list[Document] = []
    for document in documents(package, budget):
        drawn = painter.draw(document, first=len(book.pdf.pages) + 1)
        _link(book, drawn)
        _add_outline(book, document, drawn)
        found.append(document)
    book.finish()
    book.pdf.save(out, static_id=True, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return tuple(_notes(found, painter.findings))


# --- links and outline ---------------------------------------------------------------------------------------------


def _link(book: Book, drawn: _Drawn) -> None:
    """Write the links of a document's pages, as far as they lead to its pages or to addresses that may be opened."""
    pages = {name: page for name, page, _ in drawn}
    for _, page, links in drawn:
        written = [entry for link in links if (entry := _annotation(link, pages)) is not None]
        if written:
            page.Annots = Array([book.pdf.make_indirect(entry) for entry in written])


def _annotation(link: Link, pages: dict[str, Object]) -> Dictionary | None:
    entry = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Link,
        Rect=Array([round(value, 3) for value in link.area]),
        Border=Array([0, 0, 0]),
    )
    if link.target.uri.lower().startswith(_SCHEMES):
        entry.A = Dictionary(S=Name.URI, URI=pikepdf.String(link.target.uri))
        return entry
    place = _destination(link.target, pages)
    if place is None:
        return None
    entry.Dest = place
    return entry


def _destination(target: Target, pages: dict[str, Object]) -> Array | None:
    page = pages.get(target.page)
    if page is None:
        return None
    top = float(page.MediaBox[3]) - target.top * POINTS
    return Array([page, Name.XYZ, round(target.left * POINTS, 3), round(top, 3), None])


def _add_outline(book: Book, document: Document, drawn: _Drawn) -> None:
    """Write a document's outline (7.8)."""
    pages = {name: page for name, page, _ in drawn}
    entries = list(_outline(children(child(document.root, "Outlines"), "OutlineElem"), pages, [0], 0))
    if entries:
        with book.pdf.open_outline() as outline:
            outline.root.extend(entries)


def _outline(nodes: Iterable[Node], pages: dict[str, Object], count: list[int], depth: int) -> Iterable[OutlineItem]:
    for node in nodes:
        count[0] += 1
        if count[0] > MAX_BOOKMARKS or depth > MAX_BOOKMARK_DEPTH:
            raise hostile(f"has an outline of more than {MAX_BOOKMARKS:,} entries, or deeper than {MAX_BOOKMARK_DEPTH}")
        target = target_of(node)
        item = OutlineItem(node.get("Title") or "", _destination(target, pages) if target else None)
        item.children.extend(_outline(children(node, "OutlineElem"), pages, count, depth + 1))
        yield item


# --- what is worth reporting ---------------------------------------------------------------------------------------


def _notes(found: list[Document], findings: Findings) -> Iterable[Note]:
    if any(document.signed for document in found):
        yield Note(
            "signature-lost", "it is digitally signed; the signature cannot survive binding",
            "keep the original beside the book",
        )  # fmt: skip
    names = [name for document in found for name in document.attachments]
    if names:
        yield Note(
            "embedded-files", f"it carries files that are not bound: {', '.join(names[:_SHOWN])}",
            "name those that are evidence in the manifest",
        )  # fmt: skip
    count = sum(document.acting for document in found)
    if count:
        yield Note(
            "actions-removed", f"{count} scripts or actions were removed from it", "nothing: none may act in a book"
        )
    absent = sorted({part for document in found for part in document.absent})
    if absent:
        yield Note(
            "unshown-annotations", f"its annotations are listed in parts that it does not hold: {', '.join(absent)}",
            "compare its pages with an OFD reader, or ask for it again",
        )  # fmt: skip
    if findings.parameters:
        yield Note(
            "missing-parameters",
            f"drawing parameters that it names are not in it: {', '.join(sorted(findings.parameters))}; lines and "
            "colours that they would set are drawn as the standard has them by default",
            "compare its pages with an OFD reader, or print it to PDF from one",
        )
    yield from _glyph_notes(findings)


def _glyph_notes(findings: Findings) -> Iterable[Note]:
    if findings.missing:
        yield Note(
            "missing-glyphs", f"no font here has {_listed(findings.missing)}: a box is printed instead",
            "install the font the document asks for, or print it to PDF from an OFD reader and name that file",
        )  # fmt: skip
    for name, chars in sorted(findings.replaced.items()):
        yield Note(
            "replaced-glyphs", f"its own font {name} lacks {_listed(chars)}: another font is used for them",
            "compare its pages with an OFD reader",
        )  # fmt: skip


def _listed(chars: Iterable[str]) -> str:
    return ", ".join(f"{char} (U+{ord(char):04X})" for char in sorted(chars))
