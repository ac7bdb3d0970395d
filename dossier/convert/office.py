"""What kind of office file a source is, by its content, and a copy of it that asks for nothing from elsewhere.

An engine would follow what a document refers to: pictures, objects, sections and sheets on other machines or in other
files of this one. :func:`copy_safely` cuts such references where the format allows it (packages, RTF, HTML); the old
binary formats are left to the engine's own settings, and to the network that it does not get.
"""

from __future__ import annotations

import base64
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

from lxml import etree, html  # type: ignore[import-untyped]

from dossier import ole
from dossier.convert import ooxml, table, unused
from dossier.convert.grid import Element, printable
from dossier.errors import ConversionError
from dossier.part import Note

VERSION = "4"
"""Part of every cache key: raised when copies come out another way."""


HIDDEN_SLIDES = "hidden-slide"


class Format(StrEnum):
    """An office format; the value is the suffix by which the engine knows it."""

    DOC = ".doc"
    DOCX = ".docx"
    RTF = ".rtf"
    ODT = ".odt"
    XLS = ".xls"
    XLSX = ".xlsx"
    XLSB = ".xlsb"
    XLS_XML = ".xml"
    ODS = ".ods"
    CSV = ".csv"
    PPT = ".ppt"
    PPTX = ".pptx"
    ODP = ".odp"
    ODG = ".odg"
    HTML = ".html"
    HTML_TABLE = ".htm"
    TEXT = ".txt"


class Lock(StrEnum):
    """A way in which an office file is kept from those who have no password."""

    PACKAGE = "a package in a compound file"
    WORD = "old Word"
    EXCEL = "old Excel"
    POWERPOINT = "old PowerPoint"
    OPEN_DOCUMENT = "OpenDocument"
    WHOLE = "OpenDocument, as a whole"
    OLD = "a way of before 1997"
    RIGHTS = "rights management"


SHEETS = frozenset({Format.XLS, Format.XLSX, Format.XLSB, Format.XLS_XML, Format.ODS, Format.CSV, Format.HTML_TABLE})
"""The formats that are set up for the page as sheets."""

_NAMES = {
    **{Format.DOC: "old Word (DOC)", Format.DOCX: "Word (DOCX)", Format.RTF: "RTF", Format.ODT: "OpenDocument text"},
    **{Format.XLS: "old Excel (XLS)", Format.XLSX: "Excel (XLSX)", Format.XLSB: "Excel (XLSB)"},
    **{Format.XLS_XML: "Excel 2003 (XML)", Format.ODS: "OpenDocument spreadsheet", Format.CSV: "table of text (CSV)"},
    **{Format.PPT: "old PowerPoint (PPT)", Format.PPTX: "PowerPoint (PPTX)", Format.ODP: "OpenDocument presentation"},
    **{Format.ODG: "OpenDocument drawing", Format.HTML: "HTML", Format.HTML_TABLE: "HTML table", Format.TEXT: "text"},
}
_WPS_NAMES = {
    (Format.DOC, ".wps"): "WPS Writer (WPS)",
    (Format.XLS, ".et"): "WPS Spreadsheets (ET)",
    (Format.PPT, ".dps"): "WPS Presentation (DPS)",
}
_OLE_STREAMS: tuple[tuple[str, Format | None], ...] = (
    ("EncryptedPackage", None),
    ("WordDocument", Format.DOC),
    ("Workbook", Format.XLS),
    ("PowerPoint Document", Format.PPT),
    ("Book", Format.XLS),
)
_OLE_CONTENTS = frozenset(
    {"WordDocument", "0Table", "1Table", "Data", "Workbook", "Book", "PowerPoint Document", "Pictures"}
)
_ODF_WORDS = (
    (b"opendocument.text", Format.ODT),
    (b"opendocument.spreadsheet", Format.ODS),
    (b"opendocument.presentation", Format.ODP),
    (b"opendocument.graphics", Format.ODG),
)
_PACKAGES = frozenset(
    {Format.DOCX, Format.XLSX, Format.XLSB, Format.PPTX, Format.ODT, Format.ODS, Format.ODP, Format.ODG}
)
_ODF = frozenset({Format.ODT, Format.ODS, Format.ODP, Format.ODG})
_SHEET_SUFFIXES = frozenset({".xls", ".xlsx", ".et", ".csv", ".tsv"})
_PAGE_SUFFIXES = frozenset({".htm", ".html"})
_EXCEL_XML = re.compile(rb'progid="excel\.sheet"|"urn:schemas-microsoft-com:office:spreadsheet"')
_EXCEL_HTML = b"urn:schemas-microsoft-com:office:excel"
_HTML_START = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?(?:\s|<\?xml[^>]*>|<!--.*?-->)*"
    rb"<(?:!doctype\s+html|html|head|body|table|meta|style|div)\b",
    re.DOTALL,
)
_SLIDE = re.compile(r"ppt/slides/[^/]+\.xml", re.IGNORECASE)
_HIDDEN_SLIDE = re.compile(rb"<(?:\w+:)?sld\s[^>]*\bshow=[\"'](?:0|false)[\"']")
_HEAD = 8192
_XLS_GLOBALS = 1 << 20
_BOUNDSHEET, _FILEPASS, _END_OF_GLOBALS = 0x85, 0x2F, 0x0A
_PPT_LOCKED = bytes.fromhex("dfc4d1f3")
_NO_PACKAGE = (
    *(zipfile.BadZipFile, zlib.error, OSError, NotImplementedError),
    *(ValueError, EOFError, RuntimeError),
)
ODF_MANIFEST = "META-INF/manifest.xml"
"""The part of an OpenDocument package that lists the others, and how each is encrypted."""
_MAX_MARKUP = 64 * 1024**2
_SHOWN = 3
_ODF_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ODF_OUTSIDE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|/|\\|\.\./)", re.IGNORECASE)
_ODF_SOURCES = _words(
    "table-source section-source dde-source cell-range-source dde-connection-decls dde-links event-listener scripts "
    "auto-reload"
)
_ODF_CHANGING = _words("date time file-name")
_SAFE_FIELDS = _words(
    "PAGE NUMPAGES SECTION SECTIONPAGES PAGEREF REF NOTEREF HYPERLINK TOC TC XE INDEX SEQ STYLEREF AUTHOR TITLE "
    "SUBJECT KEYWORDS COMMENTS NUMWORDS NUMCHARS FORMTEXT FORMCHECKBOX FORMDROPDOWN SYMBOL EQ ADVANCE QUOTE LISTNUM "
    "AUTONUM AUTONUMLGL AUTONUMOUT MERGEFIELD MACROBUTTON SHAPE EMBED ="
)
"""Fields that need nothing from elsewhere and do not change with the day or the file's name."""
_FETCHING = re.compile(r"INCLUDE|IMPORT|\bDDE|\bLINK\b|DATABASE|\bRD\b", re.IGNORECASE)
_RTF_TOKEN = re.compile(
    rb"\\(?:'[0-9a-fA-F]{2}|(?P<word>[a-zA-Z]+)(?P<number>-?[0-9]{1,10})?\x20?|[^a-zA-Z]|\Z)|[{}]|[^\\{}]+", re.DOTALL
)
_DROPPED_TAGS = _words(
    "script link meta base iframe frame frameset object embed applet svg math video audio source track canvas template "
    "input button select textarea bgsound xml image"
)
_NAMED_TAGS = _words("script link iframe frame object embed applet video audio bgsound")
_KEPT_ATTRIBUTES = _words(
    "align valign width height border colspan rowspan cellpadding cellspacing bgcolor color face size class id name "
    "alt title lang dir nowrap type start value span rules frame text"
)
_RASTERS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")
_INLINE_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|bmp|webp);base64,", re.IGNORECASE)
_PAGE_PIXELS = 640
_CSS_WIDTH = re.compile(r"(?<![\w-])(?:min-)?width\s*:\s*[\d.]+\s*(?:px|pt|pc|cm|mm|in)", re.IGNORECASE)
_CSS_FETCHING = re.compile(
    r"@import[^;]*;?|[\w-]*url\s*\([^)]*\)?|image-set\s*\([^)]*\)?|expression\s*\(", re.IGNORECASE
)


# --- recognition ---------------------------------------------------------------------------------------------------


def format_of(path: Path) -> Format | None:
    """Return the office format of a file by its content, or None where it is none.

    Only text needs its name's help: what is in ``x.csv`` is a table, and a web page called ``x.xls`` is one too. Raises
    ConversionError (``encrypted-source``) for a file that is locked with a password, and OSError.
    """
    if lock_of(path) is not None:
        raise ConversionError(
            f"{path.name} is locked with a password",
            fix="give it under `password`, or ask for a copy without one",
            code="encrypted-source",
        )
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(ole.MAGIC):
        return _ole_format(path)
    if head.startswith(b"PK"):
        return _package_format(path)
    if head.startswith(b"{\\rtf"):
        return Format.RTF
    return _text_format(head, path.suffix.lower())


def name_of(path: Path) -> str:
    """Return how messages name the kind of an office file, such as ``WPS Writer (WPS)``; empty where it is none."""
    kind = format_of(path)
    return "" if kind is None else _WPS_NAMES.get((kind, path.suffix.lower()), _NAMES[kind])


def hidden_sheets(path: Path, kind: Format | None) -> frozenset[str]:
    """Return the names of the hidden sheets of an old Excel or OpenDocument file that was recognised as ``kind``.

    LibreOffice shows a hidden sheet where a careless program made it the one that the file opens at.
    """
    if kind is Format.XLS:
        return frozenset(name for name, hidden in _xls_sheets(path) if hidden)
    if kind is not Format.ODS:
        return frozenset()
    with zipfile.ZipFile(path) as package:
        root = _parsed(path, "content.xml", package.read("content.xml"))
    styles = {
        _local(style, "name")
        for style in root.iter("{*}style")
        if any(_local(child, "display") == "false" for child in style.iterchildren("{*}table-properties"))
    }
    return frozenset(_local(t, "name") for t in root.iter("{*}table") if _local(t, "style-name") in styles)


def _xls_sheets(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield name and state of each sheet, from the records at the start of a workbook ([MS-XLS] 2.4.28)."""
    for kind, data in _xls_records(path):
        if kind == _BOUNDSHEET and len(data) > 8:
            length, wide = data[6], data[7] & 1
            name = data[8 : 8 + length * (1 + wide)].decode("utf-16-le" if wide else "latin-1", "replace")
            yield name, bool(data[4] & 3)


def _xls_records(path: Path, stream: str = "Workbook") -> Iterator[tuple[int, bytes]]:
    data, at = ole.head(path, stream, _XLS_GLOBALS), 0
    while at + 4 <= len(data):
        kind, size = int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 4], "little")
        if kind == _END_OF_GLOBALS:
            return
        yield kind, data[at + 4 : at + 4 + size]
        at += 4 + size


def lock_of(path: Path) -> Lock | None:
    """Return in which way an office file is locked, or None where it is not; raises OSError."""
    with path.open("rb") as file:
        head = file.read(len(ole.MAGIC))
    if head == ole.MAGIC:
        return _ole_lock(path)
    return _odf_lock(path) if head.startswith(b"PK") else None


def _ole_format(path: Path) -> Format | None:
    found = _ole_streams(path)
    return dict(_OLE_STREAMS)[found[0]] if found else None


def _ole_streams(path: Path) -> list[str]:
    """Return those streams of a compound file that say what it is, best first."""
    names = ole.names(path)
    if names:
        return [stream for stream, _ in _OLE_STREAMS if stream in names]
    data = path.read_bytes()  # a damaged directory: what it must have held is in the file somewhere
    return [stream for stream, _ in _OLE_STREAMS if stream.encode("utf-16-le") in data]


def _ole_lock(path: Path) -> Lock | None:
    stream = next(iter(_ole_streams(path)), None)
    if stream == "EncryptedPackage":
        names = ole.names(path)
        return Lock.RIGHTS if names and "EncryptionInfo" not in names else Lock.PACKAGE
    if stream == "WordDocument":  # flags of the file's header ([MS-DOC] 2.5.2)
        flags = int.from_bytes(ole.head(path, stream, 12)[10:12], "little")
        return (Lock.OLD if flags & 0x8000 else Lock.WORD) if flags & 0x0100 else None
    if stream in ("Workbook", "Book") and any(record == _FILEPASS for record, _ in _xls_records(path, stream)):
        return Lock.EXCEL if stream == "Workbook" else Lock.OLD
    # A mark in the atom that says who saved it last ([MS-PPT] 2.3.2).
    is_ppt = stream == "PowerPoint Document"
    return Lock.POWERPOINT if is_ppt and ole.head(path, "Current User", 16)[12:] == _PPT_LOCKED else None


def _odf_lock(path: Path) -> Lock | None:
    try:
        with zipfile.ZipFile(path) as package:
            if "mimetype" not in package.NameToInfo or ODF_MANIFEST not in package.NameToInfo:
                return None
            if "encrypted-package" in package.NameToInfo:
                return Lock.WHOLE
            with package.open(ODF_MANIFEST) as manifest:
                return Lock.OPEN_DOCUMENT if b"encryption-data" in manifest.read(_MAX_MARKUP) else None
    except _NO_PACKAGE:
        return None


def _package_format(path: Path) -> Format | None:
    try:
        with zipfile.ZipFile(path) as package:
            names = {name.lower() for name in package.namelist()}
            if {"mimetype", "content.xml"} <= package.NameToInfo.keys():
                with package.open("mimetype") as file:
                    word = file.read(256)
                return next((kind for part, kind in _ODF_WORDS if part in word), Format.ODT)
    except _NO_PACKAGE:
        return None
    if "[content_types].xml" not in names:
        return None
    if "xl/workbook.bin" in names:
        return Format.XLSB
    folders = {name.partition("/")[0] for name in names}
    kinds = (("word", Format.DOCX), ("xl", Format.XLSX), ("ppt", Format.PPTX))
    return next((kind for folder, kind in kinds if folder in folders), None)


def _text_format(head: bytes, suffix: str) -> Format | None:
    text = head.replace(b"\0", b"").lower()
    if _EXCEL_XML.search(text):
        return Format.XLS_XML
    if _HTML_START.match(text) or suffix in _PAGE_SUFFIXES:
        return Format.HTML_TABLE if suffix in _SHEET_SUFFIXES or _EXCEL_HTML in text else Format.HTML
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    return Format.CSV if suffix in _SHEET_SUFFIXES else Format.TEXT


# --- safe copies ---------------------------------------------------------------------------------------------------


def copy_safely(source: Path, kind: Format | None, out: Path) -> tuple[Note, ...]:
    """Copy a file without what it would fetch from elsewhere; return notes on that, and on macros.

    Raises ConversionError: ``hostile-source``, ``damaged-source`` or ``encrypted-source``; and OSError.
    """
    if kind in _PACKAGES:
        notes = ooxml.inspect(source)
        cut: list[str] = []
        if any(note.code == ooxml.EXTERNAL for note in notes):
            ooxml.neutralise(source, out)
        else:
            shutil.copyfile(source, out)
        _clean_package(source, out, kind, cut)
        return *notes, *_notes(cut), *_hidden_slides(out, kind)
    if kind in _CLEANERS:
        if source.stat().st_size > _MAX_MARKUP:
            raise _hostile(source, f"is {source.stat().st_size >> 20} MiB of text, more than {_MAX_MARKUP >> 20} MiB")
        data, cut = _CLEANERS[kind](source)
        out.write_bytes(data)
        return _notes(cut)
    missing = _missing_of_ole(source, kind)
    if missing:  # LibreOffice would print what is left, or the very bytes, and say nothing
        raise ConversionError(
            f"{source.name}: it is damaged: {missing}",
            fix="ask for the file again, or open it in Office, let it repair it, and save it anew",
            code="damaged-source",
        )
    # A copy, never a link: the engine writes lock files beside what it opens.
    shutil.copyfile(source, out)
    return ()


def _missing_of_ole(source: Path, kind: Format | None) -> str:
    """Say what of an old office file is not there; nothing of one that is whole, and of any other file."""
    with source.open("rb") as file:
        if file.read(len(ole.MAGIC)) != ole.MAGIC:
            return ""
    if kind is None and not ole.names(source):
        return "the list of what is in it is lost"
    missing = ole.broken_off(source, _OLE_CONTENTS)
    return f"its part {missing} breaks off" if missing else ""


# --- packages ------------------------------------------------------------------------------------------------------


def _clean_package(source: Path, copy: Path, kind: Format, cut: list[str]) -> None:
    """Clean the parts of a package that refer to elsewhere by themselves: those of OpenDocument, and drawings (SVG)."""
    changed: dict[str, bytes] = {}
    with zipfile.ZipFile(copy) as package:
        for entry in package.infolist():
            is_odf = kind in _ODF and entry.filename.lower().endswith(".xml")
            with package.open(entry) as part:
                # Engines tell a drawing by its content, whatever its name; other parts of OOXML cannot be drawn.
                is_svg = not is_odf and b"<svg" in part.read(_HEAD)
            if is_odf or is_svg:
                if entry.file_size > _MAX_MARKUP:
                    raise _hostile(source, f"unpacks to {entry.file_size >> 20} MiB in its part {entry.filename}")
                root = _parsed(source, entry.filename, package.read(entry))
                if (_clean_odf if is_odf else _clean_svg)(root, cut):
                    changed[entry.filename] = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
            elif kind is Format.DOCX and entry.filename.startswith("word/") and entry.file_size <= _MAX_MARKUP:
                data = package.read(entry)
                if b"instr" in data and _WORD_CHANGING.search(data):
                    root = _parsed(source, entry.filename, data)
                    _freeze_word(root)
                    changed[entry.filename] = etree.tostring(
                        root, xml_declaration=True, encoding="UTF-8", standalone=True
                    )
        styles = unused.without_table_styles(package) if kind is Format.DOCX else None
        if styles is not None:
            changed.setdefault(unused.STYLES, styles)
        if changed:
            ooxml.rewrite(package, changed, copy)


def _parsed(source: Path, name: str, data: bytes) -> Element:
    try:
        return etree.fromstring(data, ooxml.parser(huge=True))
    except etree.XMLSyntaxError as error:
        what = "the file is damaged: it" if name == source.name else f"the package is damaged: its part {name}"
        raise ConversionError(
            f"{source.name}: {what} is not XML: {error}",
            fix="ask for the file again, or open it in Office, let it repair it, and save it anew",
            code="damaged-source",
        ) from error


def _whole_xml(source: Path) -> tuple[bytes, list[str]]:
    """Return a workbook in XML as it is: of one that breaks off, LibreOffice prints what there is and says nothing."""
    data = source.read_bytes()
    _parsed(source, source.name, data)
    return data, []


def _freeze_word(root: Element) -> None:
    """Turn fields that show today's date or time into the text they showed last (ECMA-376 part 1, 17.16)."""
    for simple in list(root.iter("{*}fldSimple")):
        if _WORD_TODAY.match(_local(simple, "instr")):
            at, parent = simple.getparent().index(simple), simple.getparent()
            parent[at : at + 1] = list(simple)
    open_fields: list[tuple[list[Element], list[str]]] = []
    for mark in list(root.iter("{*}fldChar", "{*}instrText")):
        kind = _local(mark, "fldCharType")
        if kind == "begin":
            open_fields.append(([], []))
        if not open_fields:
            continue
        marks, instructions = open_fields[-1]
        marks.append(mark)
        instructions.append(mark.text or "")
        if kind == "end":
            open_fields.pop()
            if _WORD_TODAY.match("".join(instructions)):
                for one in marks:
                    one.getparent().remove(one)


_WORD_TODAY = re.compile(r"\s*(?:DATE|TIME)\b", re.IGNORECASE)
_WORD_CHANGING = re.compile(rb"(?:instrText[^>]*>|instr=[\"'])[^<>\"']{0,40}\b(?:DATE|TIME)\b", re.IGNORECASE)


def _clean_svg(root: Element, cut: list[str]) -> bool:
    """Cut what a drawing would load; say whether there was anything."""
    found = False
    for element in root.iter(etree.Element):
        for key in [key for key in element.attrib if etree.QName(key).localname == "href"]:
            target = element.get(key)
            if etree.QName(element).localname != "a" and not target.startswith("#") and not _is_inline_picture(target):
                cut.append(f"{etree.QName(element).localname} {target}")
                del element.attrib[key]
                found = True
    return found


def _clean_odf(root: Element, cut: list[str]) -> bool:
    """Cut references that lead out of the package, and formulas beside their values; say whether anything changed."""
    found = False
    for element in list(root.iter(etree.Element)):
        name = etree.QName(element).localname
        if name in _ODF_SOURCES and element.getparent() is not None:
            if len(element) or element.attrib:  # programs write an empty list of scripts into every file
                cut.append(f"{name} {_local(element, 'href')}".strip())
            element.getparent().remove(element)
            found = True
            continue
        if name in _ODF_CHANGING and etree.QName(element).namespace == _ODF_TEXT:
            element.set(f"{{{_ODF_TEXT}}}fixed", "true")  # as its author saw it, whatever the day
            found = True
        attributes = {etree.QName(key).localname: key for key in element.attrib}
        if {"formula", "value-type"} <= attributes.keys():
            # The value stands beside the formula; a cell that has none is left to be computed.
            del element.attrib[attributes["formula"]]
            found = True
        target = element.get(attributes.get("href", "href"), "")
        if name != "a" and _ODF_OUTSIDE.match(target):
            cut.append(f"{name} {target}")
            del element.attrib[attributes["href"]]
            found = True
    return found


def _local(element: Element, name: str) -> str:
    """Return an attribute by its local name."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


# --- RTF -----------------------------------------------------------------------------------------------------------


def _clean_rtf(source: Path) -> tuple[bytes, list[str]]:
    """Empty the instruction of each field that is not known to need nothing; what it last showed stands beside it."""
    data = source.read_bytes()
    cut: list[str] = []
    kept: list[bytes] = []
    done = 0
    for start, end in _field_instructions(data):
        words = _rtf_text(data[start:end])
        keyword = (words.split() or [""])[0].upper()
        if keyword not in _SAFE_FIELDS or _FETCHING.search(words):
            cut.append(" ".join(words.split())[:80])
            kept.append(data[done:start])
            done = end
    return b"".join([*kept, data[done:]]), cut


def _field_instructions(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the contents of each outermost group ``{\\*\\fldinst …}`` begin and end."""
    depth, inside, start, at = 0, 0, 0, 0
    while match := _RTF_TOKEN.match(data, at):
        at = match.end()
        token = match.group()
        if token == b"{":
            depth += 1
        elif token == b"}":
            if inside and depth == inside:
                yield start, match.start()
                inside = 0
            depth -= 1
        elif match["word"] == b"bin":
            at += max(0, int(match["number"] or 0))
        elif match["word"] == b"fldinst" and not inside:
            inside, start = depth, at
    if inside:
        yield start, len(data)


def _rtf_text(data: bytes) -> str:
    text = []
    at = 0
    while match := _RTF_TOKEN.match(data, at):
        at = match.end()
        token = match.group()
        if match["word"] == b"u":
            text.append(chr(int(match["number"] or 63) % 0x10000))
        elif match["word"] == b"bin":
            at += max(0, int(match["number"] or 0))
        elif token.startswith(b"\\'"):
            text.append(chr(int(token[2:], 16)))
        elif token.startswith(b"\\"):
            text.append(token[1:].decode("latin-1") if token[1:] in {b"\\", b"{", b"}"} else "")
        elif token not in {b"{", b"}"}:
            text.append(token.decode("latin-1").replace("\r", "").replace("\n", ""))
    return "".join(text)


# --- HTML ----------------------------------------------------------------------------------------------------------


def _clean_html(source: Path) -> tuple[bytes, list[str]]:
    """Keep of a page its text, tables, formats and the pictures inside it."""
    root = table.parsed_html(source)
    cut: list[str] = []
    for element in list(root.iter()):
        if not isinstance(element.tag, str) or element.tag in _DROPPED_TAGS:
            _drop(element, cut)
        elif element.tag == "img" and not _is_inline_picture(element.get("src", "")):
            cut.append(f"picture {element.get('src', '')}")
            _drop(element, [], element.get("alt") or "")
        elif element.tag == "style":
            element.text = _clean_css(element.text or "", cut)
        else:
            _clean_attributes(element, cut)
    for element in root.iter("table", "img"):
        _fit(element)
    head = root.find("head")
    if head is None:
        head = html.Element("head")
        root.insert(0, head)
    head.insert(0, html.Element("meta", {"http-equiv": "Content-Type", "content": "text/html; charset=utf-8"}))
    page: bytes = html.tostring(root, encoding="utf-8", doctype="<!DOCTYPE html>", include_meta_content_type=True)
    return page, cut


def _drop(element: Element, cut: list[str], instead: str = "") -> None:
    """Remove an element with all that is in it; the text after it stays."""
    if isinstance(element.tag, str) and element.tag in _NAMED_TAGS:
        cut.append(f"{element.tag} {element.get('src') or element.get('href') or element.get('data') or ''}".strip())
    parent = element.getparent()
    if parent is None:
        return
    tail = printable(instead + (element.tail or ""))
    previous = element.getprevious()
    if previous is not None:
        previous.tail = printable(previous.tail or "") + tail
    else:
        parent.text = printable(parent.text or "") + tail
    parent.remove(element)


def _clean_attributes(element: Element, cut: list[str]) -> None:
    for name in list(element.attrib):
        value = element.get(name)
        if name == "style":
            element.set(name, _clean_css(value, cut))
        elif name == "background":
            cut.append(f"background {element.attrib.pop(name)}")
        elif name not in _KEPT_ATTRIBUTES and (element.tag, name) not in {("a", "href"), ("img", "src")}:
            del element.attrib[name]


def _fit(element: Element) -> None:
    """Let a table or picture that is wider than paper be as wide as the page."""
    widths = [_pixels(cell) for cell in next(element.iter("tr"), ())]
    if max(_pixels(element), sum(widths)) > _PAGE_PIXELS:
        element.attrib.pop("height", None)
        for part in element.iter():
            part.attrib.pop("width", None)
            part.attrib.pop("nowrap", None)
        element.set("width", "100%" if element.tag == "table" else str(_PAGE_PIXELS))


def _pixels(element: Element) -> int:
    text = str(element.get("width", "")).strip().lower().removesuffix("px")
    return int(text) if text.isdecimal() and len(text) < 7 else 0


def _clean_css(css: str, cut: list[str]) -> str:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    if "\\" in css:  # escapes can spell any of the words below
        return ""
    css = _CSS_WIDTH.sub(" ", css)
    cut += [f"style {found.strip()}" for found in _CSS_FETCHING.findall(css)]
    return printable(_CSS_FETCHING.sub(" ", css))


def _is_inline_picture(target: str) -> bool:
    """Say whether a reference carries a picture in itself, and one that cannot refer to others."""
    match = _INLINE_PICTURE.match(target)
    if match is None:
        return False
    try:
        head = base64.b64decode("".join(target[match.end() : match.end() + 64].split())[:16])
    except ValueError:
        return False
    return head.startswith(_RASTERS)


# --- what is cut, and what is said of it ---------------------------------------------------------------------------

_CLEANERS = {Format.RTF: _clean_rtf, Format.HTML: _clean_html, Format.XLS_XML: _whole_xml}


def _notes(cut: Sequence[str]) -> tuple[Note, ...]:
    if not cut:
        return ()
    shown = ", ".join(text[:120] for text in cut[:_SHOWN])
    more = f" and {len(cut) - _SHOWN} more" if len(cut) > _SHOWN else ""
    return (
        Note(
            ooxml.EXTERNAL,
            f"it asks for contents from outside the file, which were not fetched: {shown}{more}",
            "if something is missing on the page, open it where it came from, print it to PDF and name that file",
        ),
    )


def _hidden_slides(package: Path, kind: Format) -> tuple[Note, ...]:
    if kind is not Format.PPTX:
        return ()
    with zipfile.ZipFile(package) as slides:
        names = [name for name in slides.namelist() if _SLIDE.fullmatch(name)]
        count = sum(bool(_HIDDEN_SLIDE.search(slides.read(name)[:_HEAD])) for name in names)
    if not count:
        return ()
    message = f"{count} of {len(names)} slides are hidden and were left out"
    return (Note(HIDDEN_SLIDES, message, "unhide what is evidence, and save"),)


def _hostile(source: Path, what: str) -> ConversionError:
    return ConversionError(
        f"{source.name} {what}",
        fix="open it in Office where it came from, print it to PDF and name that file",
        code="hostile-source",
    )
