"""Copies pages into a volume, places and stamps them, and writes its links, outline, page labels and metadata.

qpdf merges the parts' page objects; their streams stay in their files until the volume is saved, and go into it in one
pass. No stream of evidence is decoded, or held in memory with others, on the way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, OutlineItem, Pdf, String

from dossier import stamp
from dossier.errors import OutputError
from dossier.numbering import Slot
from dossier.part import FORM, Box
from dossier.placement import Placement
from dossier.receipt import Bookmark, Jump


@dataclass(frozen=True, slots=True)
class Area:
    """A clickable area of a sheet, in points, and where it leads; ``top`` is a height on the page it leads to."""

    box: Box
    jump: Jump
    top: float | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of a volume: page ``index`` (from 1) of the PDF ``path``, put where ``placement`` says.

    ``marks`` are lines on the sheet, drawn over the page.
    """

    slot: Slot
    path: Path
    index: int
    placement: Placement
    areas: tuple[Area, ...] = ()
    marks: tuple[stamp.Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """What a volume says of itself; ``identity`` becomes its file identifier, so that equal input gives equal bytes."""

    title: str
    author: str
    language: str
    identity: str
    files: tuple[str, ...] = ()  # the volumes' file names, for jumps between them


def bind(
    leaves: Sequence[Leaf], bookmarks: Sequence[Bookmark], ink: stamp.Stamp, description: Description, out: Path
) -> None:
    """Write one volume to ``out``. Raises OutputError where the disk is full or qpdf cannot write."""
    try:
        with _merged(leaves, out) as pdf:
            _dress(pdf, leaves, ink, description)
            _write_outline(pdf, bookmarks)
            _write_page_labels(pdf, [leaf.slot for leaf in leaves])
            _describe(pdf, description)
            pdf.save(
                out,
                min_version="1.7",  # what parts hold may be as new as that
                static_id=True,
                compress_streams=True,
                stream_decode_level=pikepdf.StreamDecodeLevel.none,
                object_stream_mode=pikepdf.ObjectStreamMode.generate,
            )
    except (OSError, RuntimeError, pikepdf.PdfError) as error:
        raise OutputError(f"cannot write {out}: {error}", fix="free some disk space, or name another folder") from error


def _merged(leaves: Sequence[Leaf], out: Path) -> Pdf:
    """Return a PDF of the leaves' pages, whose streams are read from their files only when it is saved."""
    arguments: list[str] = []
    for path, run in groupby(leaves, key=lambda leaf: leaf.path):
        arguments += [str(path), ",".join(_ranges(leaf.index for leaf in run))]
    options = ["--empty", "--remove-unreferenced-resources=no"]
    return pikepdf.Job(["qpdf", *options, "--pages", *arguments, "--", str(out)]).create_pdf()


def _ranges(indexes: Iterator[int]) -> Iterator[str]:
    first = last = 0
    for index in indexes:
        if first and index == last + 1:
            last = index
            continue
        if first:
            yield f"{first}-{last}"
        first = last = index
    yield f"{first}-{last}"


def _dress(pdf: Pdf, leaves: Sequence[Leaf], ink: stamp.Stamp, description: Description) -> None:
    font = stamp.embed(pdf, ink.face)
    state = stamp.transparent(pdf) if ink.watermark else None
    pages = [page.obj for page in pdf.pages]
    for page, leaf in zip(pages, leaves, strict=True):
        placement = leaf.placement
        blank = leaf.slot.kind == "blank"
        page.Contents = pdf.make_stream(ink.content(placement, leaf.slot.label, blank=blank, marks=leaf.marks))
        page.MediaBox = Array([0, 0, round(placement.width, 3), round(placement.height, 3)])
        resources = Dictionary(Font=Dictionary({stamp.FONT_NAME: font}))
        if not blank:
            resources.XObject = Dictionary({FORM: page.Resources.XObject[FORM]})
        if state is not None:
            resources.ExtGState = Dictionary({stamp.STATE_NAME: state})
        page.Resources = resources
        if leaf.areas:
            page.Annots = Array([_link(pdf, area, pages, leaf, description) for area in leaf.areas])


def _link(
    pdf: Pdf, area: Area, pages: Sequence[pikepdf.Object], leaf: Leaf, description: Description
) -> pikepdf.Object:
    box = [round(value, 2) for value in (area.box.left, area.box.bottom, area.box.right, area.box.top)]
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array(box), Border=Array([0, 0, 0]), F=4)
    jump = area.jump
    if jump.uri:
        link.A = Dictionary(S=Name.URI, URI=String(jump.uri))
    elif jump.volume == leaf.slot.volume:
        link.Dest = _destination(pages[jump.page - 1], area.top)
    else:
        file = description.files[jump.volume - 1]
        link.A = Dictionary(
            S=Name.GoToR, F=Dictionary(Type=Name.Filespec, F=file, UF=file), D=_destination(jump.page - 1, area.top)
        )
    return pdf.make_indirect(link)


def _destination(page: pikepdf.Object | int, top: float | None = None) -> Array:
    if top is None:
        return Array([page, Name.Fit])
    return Array([page, Name.XYZ, None, round(top, 2), None])


def _write_outline(pdf: Pdf, bookmarks: Sequence[Bookmark]) -> None:
    pages = [page.obj for page in pdf.pages]
    with pdf.open_outline() as outline:
        parents: list[list[OutlineItem]] = [outline.root]
        for bookmark in bookmarks:
            entry = OutlineItem(bookmark.title, _destination(pages[bookmark.page - 1]))
            del parents[min(bookmark.level, len(parents)) :]
            parents[-1].append(entry)
            parents.append(entry.children)
    if bookmarks:
        pdf.Root.PageMode = Name.UseOutlines


def _write_page_labels(pdf: Pdf, slots: Sequence[Slot]) -> None:
    """Write the numbers as page labels (ISO 32000-1, 12.4.2), one range for each run of successive numbers."""
    rows = Array()  # one flat list: readers fail on trees, which a book with a long index would have
    following = ""
    for index, slot in enumerate(slots):
        if slot.number != following or index == 0:
            rows.append(index)
            rows.append(_label_range(slot.number))
        following = _successor(slot.number)
    pdf.Root.PageLabels = Dictionary(Nums=rows)


def _label_range(number: str) -> Dictionary:
    head = number.rstrip("0123456789")
    digits = number[len(head) :]
    if digits and not digits.startswith("0"):
        label = Dictionary(S=Name.D, St=int(digits))
        if head:
            label.P = String(head)
        return label
    return Dictionary(P=String(number))


def _successor(number: str) -> str:
    head = number.rstrip("0123456789")
    digits = number[len(head) :]
    return f"{head}{int(digits) + 1}" if digits else ""


def _describe(pdf: Pdf, description: Description) -> None:
    pdf.Root.Lang = String(description.language)
    pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    pdf.docinfo[Name.Title] = String(description.title)
    if description.author:
        pdf.docinfo[Name.Author] = String(description.author)
    pdf.docinfo[Name.Creator] = String("dossier")
    identifier = hashlib.sha256(description.identity.encode()).digest()[:16]
    pdf.trailer.ID = Array([String(identifier.decode("latin-1")), String(identifier.decode("latin-1"))])
