"""What a source says of itself without being converted: its dates, its pages, how it was scanned, what it looks like.

Looking is a pure, picklable function of a file, and runs in a worker process with limits, for evidence is hostile.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from ctypes import c_uint
from datetime import date
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import olefile  # type: ignore[import-untyped]
import pypdfium2
import pypdfium2.raw as pdfium
from lxml import etree  # type: ignore[import-untyped]
from PIL.Image import Resampling

from dossier import limits
from dossier.convert import LOCKABLE, image, ooxml, pdf
from dossier.errors import ConversionError
from dossier.looks import SIDE, Look
from dossier.sources import IMAGES, Kind, SourceFile

_MOST_PAGES = 300  # of a PDF that are looked into
_MOST_OBJECTS = 5_000  # of a page
_FIRST_YEAR = 1980  # what says it is older was never set
_NEVER_SET = {
    date(2000, 1, 1),
    date(2013, 12, 23),
}  # what reportlab writes that is to be reproducible; python-docx's own
_MOST_XML = 32 * 1024**2
_PACKAGES = frozenset({Kind.DOCX, Kind.XLSX, Kind.PPTX})

_PDF_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)")
_TRACKED = re.compile(rb"<w:(?:ins|del|moveFrom|moveTo)[ >]")
_CREATED = "{http://purl.org/dc/terms/}created"


def look(source: SourceFile, sheet: tuple[float, float], least_dpi: int) -> Look | ConversionError:
    """Look at one source; ``low`` of the result are the pages scanned at less than ``least_dpi``, with their dpi."""
    try:
        with limits.bounded():
            if source.kind is Kind.PDF:
                pdf.count_pages(source.path, password=source.options.password)
                return _look_at_pdf(source.path, source.options.password, least_dpi)
            if source.kind in IMAGES:
                return _look_at_image(source.path, sheet, least_dpi)
            if source.kind in _PACKAGES:
                return _look_at_package(source.path, source.kind)
            if source.kind in LOCKABLE:
                from dossier.convert import unlocking  # noqa: PLC0415 - few sources are under a password

                with TemporaryDirectory(prefix="dossier-look-") as folder:  # it is tried, nothing is kept
                    unlocking.unlock(source.path, Path(folder, "plain"), source.options.password)
            return _look_at_ole(source.path) if source.kind in (Kind.OLE, Kind.MSG) else Look()
    except ConversionError as error:
        return error
    except OSError as error:
        return ConversionError(f"it cannot be read any more: {error.strerror}", fix="put it back, and check again")
    except MemoryError:
        return ConversionError("it takes too much memory to look at", fix="split it", code="oversized-source")


# --- kinds of file -------------------------------------------------------------------------------------------------


def _look_at_image(path: Path, sheet: tuple[float, float], least_dpi: int) -> Look:
    seen = image.glance(path, sheet, SIDE)
    when = re.match(r"(\d{4})[:-](\d\d)[:-](\d\d)", seen.taken)
    made = _day(when[1], when[2], when[3]) if when else None
    # What a camera dated is a photo, however few dots it has.
    low = () if made else tuple((n, round(dpi)) for n, dpi in enumerate(seen.dpi, start=1) if dpi < least_dpi * 0.98)
    return Look(max(1, len(seen.dpi)), made, "camera" if made else "", low, picture=seen.levels)


def _look_at_pdf(path: Path, password: str, least_dpi: int) -> Look:
    try:
        with pypdfium2.PdfDocument(path, password=password or None) as document:
            pages = [_look_at_page(document, number) for number in range(min(len(document), _MOST_PAGES))]
            when = _PDF_DATE.match(document.get_metadata_value("CreationDate") or "")
            made = _day(*when.groups()) if when else None
            return Look(
                len(document),
                made,
                "PDF properties" if made else "",
                tuple((n, round(p.dpi)) for n, p in enumerate(pages, start=1) if p.dpi and p.dpi < least_dpi * 0.98),
                tuple(n for n, p in enumerate(pages, start=1) if p.blank),
                tuple(n for n, p in enumerate(pages, start=1) if not p.blank and not p.text),
                picture=pages[0].picture if len(pages) == 1 else b"",
            )
    except pypdfium2.PdfiumError:
        return Look()  # what cannot be opened is refused elsewhere, with its reason


class _Page(NamedTuple):
    blank: bool
    text: bool
    dpi: float = 0.0  # of what is one picture
    picture: bytes = b""


def _look_at_page(document: pypdfium2.PdfDocument, index: int) -> _Page:
    page = document[index]
    try:
        shown = list(islice(page.get_objects(max_depth=4), _MOST_OBJECTS))
        kinds = {one.type for one in shown} - {pdfium.FPDF_PAGEOBJ_FORM}
        if not kinds:
            return _Page(blank=pdfium.FPDFPage_GetAnnotCount(page) == 0, text=False)
        if kinds != {pdfium.FPDF_PAGEOBJ_IMAGE}:
            return _Page(blank=False, text=pdfium.FPDF_PAGEOBJ_TEXT in kinds)
        dpi = max((_dpi_of(one, page) for one in shown if one.type == pdfium.FPDF_PAGEOBJ_IMAGE), default=0.0)
        return _Page(blank=False, text=False, dpi=dpi, picture=_miniature(page) if dpi and len(document) == 1 else b"")
    finally:
        page.close()


def _dpi_of(shown: pypdfium2.PdfObject, page: pypdfium2.PdfPage) -> float:
    """Return the dots per inch of a picture that covers half its page or more, else 0."""
    width, height = c_uint(), c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(shown, width, height)
    left, bottom, right, top = shown.get_bounds()
    across, up = right - left, top - bottom
    if across <= 0 or up <= 0 or across * up < page.get_width() * page.get_height() / 2:
        return 0.0
    pixels = sorted((width.value, height.value))
    return float(min(dots * 72 / length for dots, length in zip(pixels, sorted((across, up)), strict=True)))


def _miniature(page: pypdfium2.PdfPage) -> bytes:
    scale = SIDE * 8 / max(page.get_width(), page.get_height(), 1.0)
    picture = page.render(scale=scale, grayscale=True).to_pil().convert("L")
    return bytes(picture.resize((SIDE, SIDE), Resampling.BOX).tobytes())


def _look_at_package(path: Path, kind: Kind) -> Look:
    ooxml.inspect(path)
    tracked = 0
    try:
        with zipfile.ZipFile(path) as package:
            made = _created(package)
            if kind is Kind.DOCX:
                with package.open("word/document.xml") as part:
                    tracked = len(_TRACKED.findall(part.read(_MOST_XML)))
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, zlib.error, EOFError):
        return Look()  # conversion refuses it, with its reason
    return Look(0, made, "Office properties" if made else "", tracked=tracked)


def _created(package: zipfile.ZipFile) -> date | None:
    try:
        with package.open("docProps/core.xml") as part:
            text = etree.fromstring(part.read(1 << 20), ooxml.parser()).findtext(_CREATED) or ""
    except (KeyError, etree.XMLSyntaxError):
        return None
    when = re.match(r"(\d{4})-(\d\d)-(\d\d)", text)
    return _day(*when.groups()) if when else None


def _look_at_ole(path: Path) -> Look:
    try:
        with olefile.OleFileIO(path) as document:
            made = document.get_metadata().create_time
    except (OSError, ValueError, TypeError, struct.error, IndexError, AttributeError):
        return Look()  # conversion refuses it, with its reason
    day = made.date() if made is not None and made.year > _FIRST_YEAR else None
    return Look(0, day, "Office properties" if day else "")


def _day(year: str, month: str, day: str) -> date | None:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if found.year > _FIRST_YEAR and found not in _NEVER_SET else None
