"""Word to PDF with the engine that is installed with this package: ``rdocx``, no other program.

The engine takes one font for a whole run of text, falls back to whatever the machine has, and says nothing when it
draws a box. So a copy of the document is prepared for it in memory: every run is split by script and told by name which
of the passed faces to use; line heights that the engine would round up to the document grid are written out; what is
missing or cannot be laid out is reported. The file itself is never changed.
"""

from __future__ import annotations

import html
import io
import os
import posixpath
import re
import struct
import tempfile
import unicodedata
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from itertools import groupby
from math import ceil, isfinite
from pathlib import Path
from typing import Any

import pikepdf
import rdocx
from lxml import etree  # type: ignore[import-untyped]
from PIL import Image

from dossier import fonts
from dossier.convert import listing, ooxml
from dossier.convert.sparse import Sparse
from dossier.errors import ConversionError
from dossier.fonts import Face
from dossier.part import Note

VERSION = f"rdocx {version('rdocx')}"
PREPARATION = "3"
"""Part of every cache key: raised when documents are prepared in another way."""
MISSING = "missing-glyphs"
UNSUPPORTED = "unsupported-layout"

MAX_UNPACKED = 500 * 1024**2
"""Bytes; a document is prepared in memory."""

LINE = 1.296
"""Height of a single line of Chinese text in em, as Word sets it: a 12-point line fits a grid of 15.6 points."""
_LINE_ASCENT = 1.007

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_O = "{urn:schemas-microsoft-com:office:office}"
_PR = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"

# ISO/IEC 29500 Strict writes the same elements under other names; the engine knows only the transitional ones.
_STRICT = (
    (b"http://purl.oclc.org/ooxml/officeDocument/", b"http://schemas.openxmlformats.org/officeDocument/2006/"),
    (
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    ),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
    (b"http://purl.oclc.org/ooxml/schemaLibrary/main", b"http://schemas.openxmlformats.org/schemaLibrary/2006/main"),
)

# What reading a document that breaks the rules of its format may raise.
_UNFORESEEN = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)

_STORIES = {f"{_W}{tag}" for tag in ("document", "hdr", "ftr", "footnotes", "endnotes")}
_STYLED = {*_STORIES, f"{_W}numbering"}
# Parts that leave no mark on the page; the engine would read them all the same.
_UNSEEN = {
    "stylesWithEffects", "webSettings", "customXml", "thumbnail", "printerSettings", "attachedTemplate",
    "glossaryDocument", "vbaProject", "keyMapCustomizations", "customXmlProps", "people", "commentsExtended",
}  # fmt: skip
_CHINESE_NUMBERS = ("chinese", "ideograph", "taiwanese", "japanese")
_RUN_PROPERTIES, _TEXT = f"{_W}rPr", f"{_W}t"
_SLOTS = ("ascii", "hAnsi", "eastAsia")
_DEFAULT_CHINESE = "宋体"
_DEFAULT_LATIN = "Times New Roman"

# Faces of the same widths that the engine carries with it, bold and italic ones too.
_LATIN = {
    "times new roman": "Liberation Serif",
    "times": "Liberation Serif",
    "arial": "Liberation Sans",
    "helvetica": "Liberation Sans",
    "calibri": "Carlito",
    "calibri light": "Carlito",
    "cambria": "Caladea",
    "courier new": "Liberation Mono",
    "consolas": "Liberation Mono",
}


def convert(source: Path, out: Path) -> tuple[Note, ...]:
    """Convert the Word document ``source`` (OOXML) to the PDF ``out`` and return what is worth knowing about it.

    The PDF is the same byte for byte whenever the document, the engine's version and the faces are. Raises
    ConversionError where the file is damaged, hostile, locked, no Word document, or too much for the engine.
    """
    notes = ooxml.inspect(source)
    try:
        prepared = prepare(source)
    except _UNFORESEEN as error:
        raise ConversionError(
            f"{source.name}: it is not built as a Word document is: {error}",
            fix="open it in Word, save it as .docx and name that file",
            code="damaged-source",
        ) from error
    pdf = _rendered(source, prepared)
    out.write_bytes(pdf)
    return (*notes, *prepared.notes())


@dataclass(slots=True)
class Prepared:
    """A document as the engine is given it, the faces it needs, and what was found on the way."""

    package: bytes = b""
    faces: list[Face] = field(default_factory=list)
    characters: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    symbols: set[str] = field(default_factory=set)
    unsupported: list[str] = field(default_factory=list)
    uncounted: str = ""
    """What is said among these of list numbers; it takes the whole document to know, not a story as :func:`losses`."""
    families: dict[str, str] = field(default_factory=dict)
    """The font names that the document's text asks for, and what each is drawn with."""

    def notes(self) -> tuple[Note, ...]:
        """Return the notes on characters and layout."""
        notes = []
        if self.missing or self.symbols:
            notes.append(_missing_note(self.missing, self.symbols))
        if self.unsupported:
            notes.append(_unsupported_note(self.unsupported))
        return tuple(notes)


def prepare(source: Path) -> Prepared:
    """Return a document prepared for the engine; :func:`dossier.convert.ooxml.inspect` must have let it pass."""
    parts = _read_package(source)
    trees = _trees(source, parts, {b"Relationships"})
    for name, root in list(trees.items()):
        if root.tag == f"{_PR}Relationships":
            _cut_relationships(name, root, parts)
    trees |= _trees(source, {name: data for name, data in parts.items() if name not in trees}, _WANTED)
    stories = [root for root in trees.values() if root.tag in _STORIES]
    if not any(root.tag == f"{_W}document" for root in stories):
        raise ConversionError(
            f"{source.name}: it is not a Word document", fix="open it in Word, save it as .docx and name that file"
        )
    found = Prepared(unsupported=_unsupported(stories) + _mend_pictures(parts, trees))
    for root in stories:
        _unwrap(root)
    _cut_unused(trees.values())
    typesetter = _Typesetter(_Styles.read(trees), found, named=_related(trees, "styles") is not None)
    styles = typesetter.styles
    lost = listing.write_out(_related(trees, "numbering"), stories, styles.chain, styles.default_paragraph)
    if lost:
        found.uncounted = f"list numbers of these formats are left out: {', '.join(lost)}"
        found.unsupported.append(found.uncounted)
    for root in stories:
        typesetter.set_story(root)
    for root in trees.values():
        if root.tag == f"{_W}styles":
            typesetter.set_names(root)
        elif root.tag == f"{_W}numbering":
            typesetter.set_numbering(root)
    found.package, found.characters = _written(parts, trees)
    return found


# --- the package ---------------------------------------------------------------------------------------------------


def _read_package(source: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(source) as package:
        entries = [entry for entry in package.infolist() if not entry.is_dir()]
        size = sum(entry.file_size for entry in entries)
        if size > MAX_UNPACKED:
            raise ConversionError(
                f"{source.name}: it unpacks to {size >> 20} MiB, more than {MAX_UNPACKED >> 20} MiB",
                fix="make its pictures smaller in Word, or print it to PDF and name that file",
                code="hostile-source",
            )
        return {entry.filename: package.read(entry) for entry in entries}


_FIRST_ELEMENT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z]\w*)[\s/>]")
_WANTED = {b"document", b"hdr", b"ftr", b"footnotes", b"endnotes", b"styles", b"numbering", b"theme"}
"""What is read or changed here, beside relationships."""


def _trees(source: Path, parts: Mapping[str, bytes], wanted: Set[bytes]) -> dict[str, Any]:
    return {name: _parse(source, name, data) for name, data in parts.items() if _is_one_of(wanted, data)}


def _is_one_of(wanted: Set[bytes], data: bytes) -> bool:
    """Say whether a part is XML with such a first element; what is not in UTF-8 is looked at, to be sure."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    first = _FIRST_ELEMENT.search(head) if head.startswith(b"<") else None
    return first is not None and first[1] in wanted


def _parse(source: Path, name: str, data: bytes) -> Any:
    try:
        return etree.fromstring(_transitional(data), ooxml.parser(comments=False))
    except etree.XMLSyntaxError as error:
        raise ConversionError(
            f"{source.name}: its part {name} is not XML: {error}",
            fix="ask for the file again, or open it in Word, let it repair it, and save it anew",
            code="damaged-source",
        ) from error


def _transitional(data: bytes) -> bytes:
    if b"purl.oclc.org" in data:
        for strict, transitional in _STRICT:
            data = data.replace(strict, transitional)
    return data


def _cut_relationships(name: str, root: Any, parts: dict[str, bytes]) -> None:
    """Cut what leads out of the package, hyperlinks excepted (:func:`ooxml.inspect` reports it), and what is unseen."""
    folder = posixpath.dirname(posixpath.dirname(name))
    for element in list(root):
        kind = element.get("Type", "").rpartition("/")[2]
        external = element.get("TargetMode") == "External"
        if (external and kind != "hyperlink") or kind in _UNSEEN:
            root.remove(element)
        if kind in _UNSEEN and not external:
            target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", ""))).lstrip("/")
            parts.pop(target, None)
            parts.pop(f"{posixpath.dirname(target)}/_rels/{posixpath.basename(target)}.rels".lstrip("/"), None)


def _cut_unused(roots: Collection[Any]) -> None:
    """Cut what the engine would read and make no use of."""
    for root in roots:
        if root.tag == f"{_W}styles":
            _cut_styles(root, [user for user in roots if user.tag in _STYLED])
    if not any(_may_fit_to_content(root) for root in roots):
        for root in roots:
            _cut_widths(root)


def _cut_styles(root: Any, users: Iterable[Any]) -> None:
    """Cut the styles that nothing uses: Word writes hundreds of them, and the engine would read every one."""
    waiting: set[str | None] = set()
    needed: dict[str | None, set[str | None]] = {}
    for style in root.iterchildren(f"{_W}style"):
        name = style.get(f"{_W}styleId")
        needed[name] = {element.get(f"{_W}val") for element in style.iterchildren(f"{_W}basedOn", f"{_W}link")}
        if style.get(f"{_W}default") in {"1", "true", "on"}:
            waiting.add(name)
    tags = [f"{_W}{tag}" for tag in ("pStyle", "rStyle", "tblStyle", "styleLink", "numStyleLink")]
    for user in users:
        waiting |= {element.get(f"{_W}val") for element in user.iter(*tags)}
    used: set[str | None] = set()
    while waiting:
        name = waiting.pop()
        if name in needed and name not in used:
            used.add(name)
            waiting |= needed[name]
    # At once, and with nothing holding on to them, which is several times faster than one by one.
    root[:] = [child for child in root if child.tag != f"{_W}style" or child.get(f"{_W}styleId") in used]


def _may_fit_to_content(root: Any) -> bool:
    """Say whether a part has tables whose columns shall be as wide as what is in them."""
    return any(layout.get(f"{_W}type") != "fixed" for layout in root.iter(f"{_W}tblLayout"))


def _cut_widths(root: Any) -> None:
    """Cut the widths of cells in tables that have a grid, from which the engine takes them."""
    for table in root.iter(f"{_W}tbl"):
        columns = table.findall(f"{_W}tblGrid/{_W}gridCol")
        if not columns or not all(_number(column.get(f"{_W}w"), 0) > 0 for column in columns):
            continue
        for properties in table.findall(f"{_W}tr/{_W}tc/{_W}tcPr"):
            width = properties.find(f"{_W}tcW")
            if width is not None:
                emptied = len(properties) == 1
                (properties.getparent() if emptied else properties).remove(properties if emptied else width)


def _written(parts: Mapping[str, bytes], trees: Mapping[str, Any]) -> tuple[bytes, set[str]]:
    """Return the package, and the characters that are in it."""
    out = io.BytesIO()
    characters: set[str] = set()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as package:
        for name, data in parts.items():
            tree = trees.get(name)
            changed = _transitional(data) if tree is None else _serialised(tree)
            characters |= _characters(changed)
            package.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), changed)
    return out.getvalue(), characters


_IGNORABLE = f"{_MC}Ignorable"
_NAMING = tuple(
    f"{_MC}{name}" for name in ("MustUnderstand", "ProcessContent", "PreserveElements", "PreserveAttributes")
)
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
# Which session wrote what, and what merging and comments count by.
_UNSEEN_ATTRIBUTES = (
    *(f"{_W}{name}" for name in ("rsidR", "rsidRPr", "rsidRDefault", "rsidP", "rsidDel", "rsidTr", "rsidSect")),
    f"{_W14}paraId",
    f"{_W14}textId",
)


def _lighten(root: Any) -> None:
    """Take out what the engine would carry along for nothing: it copies every name space into each element it reads."""
    etree.strip_attributes(root, *_UNSEEN_ATTRIBUTES)
    kept = {prefix for choice in root.iter(f"{_MC}Choice") for prefix in choice.get("Requires", "").split()}
    ruled = root.xpath("//*[@mc:*]", namespaces={"mc": _MC.strip("{}")})
    for element in ruled:
        kept |= {word.partition(":")[0] for name in _NAMING for word in element.get(name, "").split()}
    etree.cleanup_namespaces(root, keep_ns_prefixes=sorted(kept))
    for element in ruled:
        known = [prefix for prefix in element.get(_IGNORABLE, "").split() if prefix in element.nsmap]
        if known:
            element.set(_IGNORABLE, " ".join(known))
        else:
            element.attrib.pop(_IGNORABLE, None)
    if ruled:
        etree.cleanup_namespaces(root, keep_ns_prefixes=sorted(kept))


def _characters(data: bytes) -> Set[str]:
    """Return the characters that a part can put on a page, if it is XML."""
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return set()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return _ANY
    return set(html.unescape(text) if "&#" in text else text)


_ANY = frozenset(map(chr, range(0x10000)))


def _serialised(tree: Any) -> bytes:
    _lighten(tree)
    return bytes(etree.tostring(tree, encoding="UTF-8", xml_declaration=True, standalone=True))


# --- what the engine drops in silence -------------------------------------------------------------------------------


def _unwrap(root: Any) -> None:
    """Write as plain text what is marked up in a way that means nothing on paper, or nothing to the engine."""
    for wrapper in list(root.iter(*(f"{_W}{tag}" for tag in ("smartTag", "customXml", "dir", "bdo")))):
        parent = wrapper.getparent()
        kept = [child for child in wrapper if child.tag not in {f"{_W}smartTagPr", f"{_W}customXmlPr"}]
        place = parent.index(wrapper)
        parent[place : place + 1] = kept
    for ruby in list(root.iter(f"{_W}ruby")):
        base = "".join(text.text or "" for text in ruby.iterfind(f"{_W}rubyBase//{_W}t"))
        ruby.getparent().replace(ruby, _text_element(base))
    for hyphen in list(root.iter(f"{_W}noBreakHyphen")):
        hyphen.getparent().replace(hyphen, _text_element("-"))
    for symbol in list(root.iter(f"{_W}sym")):
        _spell_out(symbol)


def _mend_pictures(parts: dict[str, bytes], trees: Mapping[str, Any]) -> list[str]:
    """Turn the pictures that the engine cannot read into some that it can; return what is to be said of the others."""
    lost: list[str] = []
    cut: list[str] = []
    for name in sorted(_pictures(trees)):
        data = parts.get(name, b"")
        if _is_readable(data):
            cut += [posixpath.basename(name)] if _is_cut_short(data) else []
            continue
        mended = _as_png(data)
        if mended is None:
            lost.append(posixpath.basename(name))
        else:
            parts[name] = mended  # under its old name: the engine looks at the bytes
    said = [f"pictures are left out because they cannot be read: {', '.join(lost)}"] if lost else []
    return said + ([f"pictures are cut short: {', '.join(cut)}"] if cut else [])


def _pictures(trees: Mapping[str, Any]) -> set[str]:
    """Return the names of the parts that are pictures on a page."""
    found: set[str] = set()
    for name, root in trees.items():
        folder, _, base = name.rpartition("/")
        relationships = trees.get(f"{folder}/_rels/{base}.rels".lstrip("/"))
        if root.tag not in _STORIES or relationships is None:
            continue
        shown = {blip.get(f"{_R}embed") for blip in root.iter(f"{_A}blip")}
        for element in relationships:
            if element.get("Id") in shown and element.get("TargetMode") != "External":
                found.add(posixpath.normpath(posixpath.join("/", folder, element.get("Target", ""))).lstrip("/"))
    return found


def _is_readable(data: bytes) -> bool:
    """Say whether the engine draws a picture as it is: of JPEG, three colours, of PNG, eight bits a colour."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            if picture.format == "JPEG":
                return picture.mode == "RGB"
            picture.verify()
            return data[_PNG_DEPTH] == 8 and data[_PNG_INTERLACED] == 0
    except _NO_PICTURE:
        return False


def _is_cut_short(data: bytes) -> bool:
    """Say whether a JPEG lacks the end of its last scan; within a scan neither marker can occur (ITU-T T.81, B.1.1)."""
    return data.startswith(b"\xff\xd8") and data.rfind(_END_OF_JPEG) < data.rfind(_SCAN_OF_JPEG)


def _as_png(data: bytes) -> bytes | None:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            out = io.BytesIO()
            _in_eight_bits(picture).save(out, "PNG", compress_level=1)
            return out.getvalue()
    except _NO_PICTURE:
        return None


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits, which Pillow would cut off rather than scale
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture.convert("L" if picture.mode in {"1", "L"} else "RGB")


_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")  # others would start programs, or hold no pixels
_SCAN_OF_JPEG, _END_OF_JPEG = b"\xff\xda", b"\xff\xd9"
_PNG_DEPTH, _PNG_INTERLACED = 24, 28  # where a PNG's header says so
_NO_PICTURE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)


# --- what styles say -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Text:
    """Properties of text as far as they are needed here: font names by slot, size in half points."""

    ascii: str = ""
    h_ansi: str = ""
    east_asia: str = ""
    size: float = 20.0

    def same_fonts(self, other: _Text) -> bool:
        return (self.ascii, self.h_ansi, self.east_asia) == (other.ascii, other.h_ansi, other.east_asia)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Line spacing of a paragraph: ``line`` in 240ths of a line for the rule ``auto``."""

    line: int = 240
    rule: str = "auto"
    snap: bool = True


@dataclass(slots=True)
class _Styles:
    """The cascade of ECMA-376 part 1, 17.7.2: defaults, table style, paragraph style, character style, direct."""

    theme: dict[str, str] = field(default_factory=dict)
    text: _Text = _Text()
    lines: _Lines = _Lines()
    by_id: dict[str, Any] = field(default_factory=dict)
    default_paragraph: str = ""
    _chains: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, trees: Mapping[str, Any]) -> _Styles:
        styles = cls()
        theme, root = _related(trees, "theme"), _related(trees, "styles")
        if theme is not None:
            styles.theme = _theme_fonts(theme)
        if root is None:
            return styles
        styles.text = styles.merged_text(styles.text, root.find(f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr"))
        styles.lines = merged_lines(styles.lines, root.find(f"{_W}docDefaults/{_W}pPrDefault/{_W}pPr"))
        for style in root.iter(f"{_W}style"):
            identity = style.get(f"{_W}styleId", "")
            styles.by_id[identity] = style
            if style.get(f"{_W}type") == "paragraph" and style.get(f"{_W}default") in {"1", "true", "on"}:
                styles.default_paragraph = identity
        return styles

    def chain(self, identity: str) -> list[Any]:
        """Return a style and what it is based on, the base first; a circle is cut."""
        if identity not in self._chains:
            found: list[Any] = []
            seen: set[str] = set()
            name = identity
            while name in self.by_id and name not in seen:
                seen.add(name)
                found.insert(0, self.by_id[name])
                base = self.by_id[name].find(f"{_W}basedOn")
                name = base.get(f"{_W}val", "") if base is not None else ""
            self._chains[identity] = found
        return self._chains[identity]

    def body_text(self) -> _Text:
        """Return the properties of text in the default paragraph style."""
        text = self.text
        for style in self.chain(self.default_paragraph):
            text = self.merged_text(text, style.find(f"{_W}rPr"))
        return text

    def merged_text(self, text: _Text, properties: Any) -> _Text:
        """Return ``text`` changed by a ``w:rPr``."""
        if properties is None:
            return text
        changes: dict[str, Any] = {}
        names = properties.find(f"{_W}rFonts")
        if names is not None:
            for key, slot in (("ascii", "ascii"), ("h_ansi", "hAnsi"), ("east_asia", "eastAsia")):
                theme = self.theme.get(names.get(f"{_W}{slot}Theme", ""), "")
                name = theme or names.get(f"{_W}{slot}", "")
                if name:
                    changes[key] = name
        size = properties.find(f"{_W}sz")
        if size is not None:
            changes["size"] = _number(size.get(f"{_W}val"), text.size)
        return replace(text, **changes) if changes else text


def _related(trees: Mapping[str, Any], kind: str) -> Any:
    """Return the part of a kind that the main document names in its relationships, or None."""
    main = next(name for name, root in trees.items() if root.tag == f"{_W}document")
    folder, _, name = main.rpartition("/")
    relationships = trees.get(f"{folder}/_rels/{name}.rels".lstrip("/"))
    for element in () if relationships is None else relationships:
        if element.get("Type", "").endswith(f"/{kind}"):
            target = element.get("Target", "")
            return trees.get(target.lstrip("/") if target.startswith("/") else f"{folder}/{target}".lstrip("/"))
    return None


def merged_lines(lines: _Lines, properties: Any) -> _Lines:
    """Return ``lines`` changed by a ``w:pPr``."""
    if properties is None:
        return lines
    spacing, snap = properties.find(f"{_W}spacing"), properties.find(f"{_W}snapToGrid")
    if spacing is not None and (spacing.get(f"{_W}line") or spacing.get(f"{_W}lineRule")):
        line = round(_number(spacing.get(f"{_W}line"), lines.line))
        lines = replace(lines, line=line, rule=spacing.get(f"{_W}lineRule", lines.rule))
    if snap is not None:
        lines = replace(lines, snap=ooxml.is_on(snap))
    return lines


def _theme_fonts(root: Any) -> dict[str, str]:
    """Return font names by the theme's names for them, such as ``minorEastAsia``."""
    names: dict[str, str] = {}
    for group in ("major", "minor"):
        element = root.find(f".//{_A}fontScheme/{_A}{group}Font")
        if element is None:
            continue
        latin, east = element.find(f"{_A}latin"), element.find(f"{_A}ea")
        hans = element.find(f"{_A}font[@script='Hans']")
        latin_name = latin.get("typeface", "") if latin is not None else ""
        east_name = (east.get("typeface", "") if east is not None else "") or (
            hans.get("typeface", "") if hans is not None else ""
        )
        names |= {f"{group}Ascii": latin_name, f"{group}HAnsi": latin_name, f"{group}EastAsia": east_name}
    return names


# --- setting text --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Grid:
    """Lines of ``pitch`` points (0: no grid); ``extra`` 20ths of a point between Chinese characters."""

    pitch: float = 0.0
    extra: int = 0


@dataclass(slots=True)
class _Typesetter:
    styles: _Styles
    found: Prepared
    named: bool  # whether there are styles, in which set_names will name the faces
    _inherited: dict[tuple[str, str], tuple[_Text, _Lines]] = field(default_factory=dict)
    _faces: dict[str, Face] = field(default_factory=dict)
    _code_points: dict[str, frozenset[int]] = field(default_factory=dict)
    _families: dict[str, str] = field(default_factory=dict)

    def set_story(self, root: Any) -> None:
        """Set every paragraph of a story."""
        for paragraph, grid in list(_paragraphs(root)):
            self._set_paragraph(paragraph, grid)
        for grid in list(root.iter(f"{_W}docGrid")):
            grid.getparent().remove(grid)  # the engine would round every line up to it

    def set_names(self, root: Any) -> None:
        """Name the faces in the styles and their defaults, which text without fonts of its own inherits."""
        defaults = _child(_child(_child(root, "docDefaults"), "rPrDefault"), "rPr")
        _child(defaults, "rFonts")
        for names in list(root.iter(f"{_W}rFonts")):
            text = self.styles.merged_text(_Text(), names.getparent())
            names.attrib.clear()
            default = names.getparent() is defaults
            if text.ascii or text.h_ansi or default:
                latin = self._latin_family(text.ascii or text.h_ansi)
                names.set(f"{_W}ascii", latin)
                names.set(f"{_W}hAnsi", latin)
            if text.east_asia or default:
                names.set(f"{_W}eastAsia", self._chinese(text.east_asia).family)

    def set_numbering(self, root: Any) -> None:
        """Give list labels a face that has all they are made of, and bullets their Unicode characters."""
        for level in root.iter(f"{_W}lvl"):
            label = level.find(f"{_W}lvlText")
            if label is None:
                continue
            properties = level.find(f"{_W}rPr")
            text = self.styles.merged_text(self.styles.body_text(), properties)
            shown = _from_symbol_font(label.get(f"{_W}val", ""), text.ascii)
            label.set(f"{_W}val", shown)
            style = level.find(f"{_W}numFmt")
            chinese = style is not None and style.get(f"{_W}val", "").startswith(_CHINESE_NUMBERS)
            if properties is None:
                properties = etree.SubElement(level, f"{_W}rPr")
            if chinese or _is_chinese(shown):
                self._need(shown, self._chinese(text.east_asia))
                _name(properties, self._chinese(text.east_asia).family)
            else:
                _name(properties, self._latin_family(text.ascii))

    def _set_paragraph(self, paragraph: Any, grid: _Grid) -> None:
        properties = paragraph.find(f"{_W}pPr")
        named = properties.find(f"{_W}pStyle") if properties is not None else None
        identity = named.get(f"{_W}val", "") if named is not None else self.styles.default_paragraph
        table = next(paragraph.iterancestors(f"{_W}tbl"), None)
        around = table.find(f"{_W}tblPr/{_W}tblStyle") if table is not None else None
        base, lines = self._styled(around.get(f"{_W}val", "") if around is not None else "", identity)
        lines = merged_lines(lines, properties)
        inherits = self.named and (around is None or not self.styles.chain(around.get(f"{_W}val", "")))
        size = self._set_runs(paragraph, base, grid.extra if lines.snap else 0, inherits=inherits)
        mark = properties.find(f"{_W}rPr") if properties is not None else None
        if size == 0:
            size = self._set_mark(paragraph, mark, base)
        if grid.pitch and lines.snap and lines.rule == "auto":
            cells = max(1, ceil(LINE * size / grid.pitch - 1e-6))
            _set_height(paragraph, cells * grid.pitch * lines.line / 240)

    def _styled(self, table: str, paragraph: str) -> tuple[_Text, _Lines]:
        """Return what a paragraph has of its own style and of the style of the table around it."""
        if (table, paragraph) not in self._inherited:
            text, lines = self.styles.text, self.styles.lines
            for style in (*self.styles.chain(table), *self.styles.chain(paragraph)):
                text = self.styles.merged_text(text, style.find(f"{_W}rPr"))
                lines = merged_lines(lines, style.find(f"{_W}pPr"))
            self._inherited[table, paragraph] = text, lines
        return self._inherited[table, paragraph]

    def _set_mark(self, paragraph: Any, mark: Any, base: _Text) -> float:
        """Name the face of a paragraph without text, whose height it decides; return its size in points."""
        text = self.styles.merged_text(base, mark)
        if mark is None:
            properties = paragraph.find(f"{_W}pPr")
            if properties is None:
                properties = etree.Element(f"{_W}pPr")
                paragraph.insert(0, properties)
            mark = etree.Element(f"{_W}rPr")
            after = [child for child in properties if child.tag in {f"{_W}sectPr", f"{_W}pPrChange"}]
            properties.insert(properties.index(after[0]) if after else len(properties), mark)
        _name(mark, self._chinese(text.east_asia).family)
        return text.size / 2

    def _set_runs(self, paragraph: Any, base: _Text, extra: int, *, inherits: bool) -> float:
        """Split a paragraph's runs by script, name their faces, and return the largest size in points, or 0.

        ``inherits`` says that a run without fonts of its own gets those of ``base`` from its style.
        """
        largest = 0.0
        context = ""
        for run in list(_runs(paragraph)):
            properties = run.find(_RUN_PROPERTIES)
            text, hinted, plain = base, False, inherits
            if properties is not None:
                text = self._run_text(base, properties)
                plain = inherits and text.same_fonts(base) and properties.find(f"{_W}rStyle") is None
                names = properties.find(f"{_W}rFonts")
                if names is not None:
                    hinted = names.get(f"{_W}hint") == "eastAsia"
                    properties.remove(names)
            pieces = self._pieces(run, text, context, hinted=hinted)
            context = next((piece.script for piece in reversed(pieces) if piece.script in {"east", "latin"}), context)
            self._rebuild(run, properties, pieces, text, extra, plain=plain)
            largest = max(largest, text.size / 2)
        return largest

    def _run_text(self, base: _Text, properties: Any) -> _Text:
        text = base
        style = properties.find(f"{_W}rStyle")
        if style is not None:
            for element in self.styles.chain(style.get(f"{_W}val", "")):
                text = self.styles.merged_text(text, element.find(f"{_W}rPr"))
        return self.styles.merged_text(text, properties)

    def _pieces(self, run: Any, text: _Text, context: str, *, hinted: bool) -> list[_Piece]:
        """Return what a run is made of, cut where the script changes; pictures and the like stay where they are."""
        pieces: list[_Piece] = []
        for child in run.iterchildren():
            if child.tag == _RUN_PROPERTIES:
                continue
            if child.tag != _TEXT or not child.text:
                if not pieces:
                    pieces.append(_Piece(context))
                pieces[-1].children.append(child)
                continue
            known = self._known(text.east_asia)
            for script, part in _by_script(_from_symbol_font(child.text, text.ascii), known, context, hinted=hinted):
                context = script if script in {"east", "latin"} else context
                if not pieces or (pieces[-1].script != script and pieces[-1].text):
                    pieces.append(_Piece(script))
                pieces[-1].script = script
                pieces[-1].text += part
                pieces[-1].children.append(child if part == child.text else part)
        return pieces

    def _rebuild(
        self, run: Any, properties: Any, pieces: list[_Piece], text: _Text, extra: int, *, plain: bool
    ) -> None:
        """Turn a run, which may have ``properties`` or none, into one run for each piece."""
        first = 0 if properties is None else 1
        as_it_was = len(pieces) == 1 and pieces[0].children == run[first:]
        if not as_it_was:
            del run[first:]
        copies = [properties, *(deepcopy(properties) for _ in pieces[1:])]
        after = run
        for number, (piece, copy) in enumerate(zip(pieces, copies, strict=False)):
            own = copy
            element = run if number == 0 else etree.Element(run.tag, run.attrib)
            if number:
                after.addnext(element)
                after = element
                if own is not None:
                    element.append(own)
            family = self._family(piece, text)
            if piece.text.strip():
                asked = text.ascii or text.h_ansi if piece.script == "latin" else text.east_asia
                self.found.families.setdefault(asked, family)
            # The engine finds the face of plain text by itself; every element less is time won.
            named = piece.text and not (plain and _PLAIN[piece.script == "latin"].fullmatch(piece.text))
            widened = extra and piece.script == "east"
            if own is None and (named or widened):
                own = etree.Element(_RUN_PROPERTIES)
                element.insert(0, own)
            if named:
                _name(own, family)
            if widened:
                _widen(own, extra)
            if own is not None and not len(own):
                element.remove(own)
            if not as_it_was:
                _fill(element, piece.children)

    def _family(self, piece: _Piece, text: _Text) -> str:
        if piece.script == "latin":
            return self._latin_family(text.ascii or text.h_ansi)
        face = self._chinese(text.east_asia)
        if piece.script != "east":
            self._need(piece.text, face)
        return face.family

    def _need(self, shown: str, face: Face) -> None:
        for char in fonts.missing_characters(shown, [face]):
            (self.found.symbols if _engine_draws(char) else self.found.missing).add(char)

    def _chinese(self, name: str) -> Face:
        if name not in self._faces:
            self._faces[name] = fonts.resolve_embedded(name or _DEFAULT_CHINESE)
            self._use(self._faces[name])
        return self._faces[name]

    def _known(self, name: str) -> frozenset[int]:
        """Return the code points that the Chinese face for a font name has."""
        if name not in self._code_points:
            self._code_points[name] = fonts.cmap(self._chinese(name))
        return self._code_points[name]

    def _latin_family(self, name: str) -> str:
        if name not in self._families:
            self._families[name] = self._latin_family_of(name)
        return self._families[name]

    def _latin_family_of(self, name: str) -> str:
        family = _LATIN.get(name.casefold())
        if family is not None:
            return family
        if _is_chinese(name) or name in fonts.known_names():
            return self._chinese(name).family
        if not name:
            return _LATIN[_DEFAULT_LATIN.casefold()]
        return "Liberation Sans" if fonts.resolve_embedded(name).family == fonts.HEI.family else "Liberation Serif"

    def _use(self, face: Face) -> None:
        if face not in self.found.faces:
            self.found.faces.append(face)


@dataclass(slots=True)
class _Piece:
    """Part of a run in one script: ``latin``, ``east``, or ``other`` and a name for what the face has no glyphs for.

    ``children`` are elements, and text for which there is no element yet.
    """

    script: str
    text: str = ""
    children: list[Any] = field(default_factory=list)


def _paragraphs(root: Any) -> Iterator[tuple[Any, _Grid]]:
    """Yield every paragraph of a story with the grid of its section (ECMA-376 part 1, 17.6.5)."""
    waiting: list[Any] = []
    for element in root.iter(f"{_W}p", f"{_W}sectPr"):
        if element.tag == f"{_W}p":
            waiting.append(element)
        elif element.getparent().tag in {f"{_W}pPr", f"{_W}body"}:
            grid = _grid(element)
            yield from [(paragraph, grid) for paragraph in waiting]
            waiting = []
    yield from [(paragraph, _Grid()) for paragraph in waiting]


def _grid(section: Any) -> _Grid:
    element = section.find(f"{_W}docGrid")
    if element is None or element.get(f"{_W}type") not in {"lines", "linesAndChars", "snapToChars"}:
        return _Grid()
    extra = 0.0
    if element.get(f"{_W}type") != "lines":
        extra = _number(element.get(f"{_W}charSpace"), 0.0) / 4096 * 20
    return _Grid(max(0.0, _number(element.get(f"{_W}linePitch"), 0.0)) / 20, round(extra))


def _runs(paragraph: Any) -> Iterator[Any]:
    """Yield a paragraph's own runs, those of links, insertions and fields too, but not of text boxes in it."""
    for child in paragraph:
        if child.tag == f"{_W}r":
            yield child
        elif child.tag not in {f"{_W}pPr", f"{_W}p", f"{_W}del", f"{_W}moveFrom"} and isinstance(child.tag, str):
            yield from _runs(child)


def _child(parent: Any, tag: str) -> Any:
    """Return a child element, made where there is none, as the first."""
    child = parent.find(f"{_W}{tag}")
    if child is None:
        child = etree.Element(f"{_W}{tag}")
        parent.insert(0, child)
    return child


def _text_element(text: str) -> Any:
    element = etree.Element(_TEXT)
    _write(element, text)
    return element


def _write(element: Any, text: str) -> None:
    element.text = text
    if _SPACE.search(text):
        element.set(_XML_SPACE, "preserve")


def _fill(run: Any, children: Iterable[Any]) -> None:
    """Append what a run is made of: elements, and text that is none yet."""
    for child in children:
        if isinstance(child, str):
            _write(etree.SubElement(run, _TEXT), child)
        else:
            run.append(child)


_SPACE = re.compile(r"\s")


def _name(properties: Any, family: str) -> None:
    """Set all the fonts of a ``w:rPr`` to one family."""
    names = properties.find(f"{_W}rFonts")
    if names is None:
        names = etree.Element(f"{_W}rFonts")
        properties.insert(1 if len(properties) and properties[0].tag == f"{_W}rStyle" else 0, names)
    names.attrib.clear()
    for slot in _SLOTS:
        names.set(f"{_W}{slot}", family)


def _widen(properties: Any, extra: int) -> None:
    """Add to the space between the characters of a run, in 20ths of a point."""
    spacing = properties.find(f"{_W}spacing")
    if spacing is None:
        spacing = etree.SubElement(properties, f"{_W}spacing")
    spacing.set(f"{_W}val", str(round(_number(spacing.get(f"{_W}val"), 0)) + extra))


def _set_height(paragraph: Any, height: float) -> None:
    """Set a paragraph's line height in points, off the grid."""
    properties = paragraph.find(f"{_W}pPr")
    if properties is None:
        properties = etree.Element(f"{_W}pPr")
        paragraph.insert(0, properties)
    spacing = properties.find(f"{_W}spacing")
    if spacing is None:
        spacing = etree.Element(f"{_W}spacing")
        properties.insert(sum(child.tag in _BEFORE_SPACING for child in properties), spacing)
    spacing.set(f"{_W}line", str(round(height * 20)))
    spacing.set(f"{_W}lineRule", "atLeast")


# The elements that come before w:spacing in w:pPr (ECMA-376 part 1, 17.3.1.26).
_BEFORE_SPACING = {
    f"{_W}{name}"
    for name in (
        "pStyle", "keepNext", "keepLines", "pageBreakBefore", "framePr", "widowControl", "numPr", "suppressLineNumbers",
        "pBdr", "shd", "tabs", "suppressAutoHyphens", "kinsoku", "wordWrap", "overflowPunct", "topLinePunct",
        "autoSpaceDE", "autoSpaceDN", "bidi", "adjustRightInd", "snapToGrid",
    )
}  # fmt: skip


# --- characters ----------------------------------------------------------------------------------------------------

_LATIN_CHARS = r"\u0021-\u024F\u0370-\u052F\u1E00-\u1FFF\u2022"
_WEAK_CHARS = "“”‘’…—–·×÷°±§"
"""Characters that Chinese and Latin faces draw at different widths: the text around decides."""

_TOKEN = re.compile(
    rf"(?P<weak>[{_WEAK_CHARS}]+)|(?P<latin>[{_LATIN_CHARS}]+)|(?P<space>[^\S\u3000]+)"
    rf"|(?P<east>(?:\u3000|[^\s{_WEAK_CHARS}{_LATIN_CHARS}])+)"
)
# Text for which the engine chooses between Latin and Chinese face as it should: by whether it is Latin.
_PLAIN = {
    True: re.compile(r"[ -~]+"),
    False: re.compile(rf"(?=.*[\u4E00-\u9FFF])[\u4E00-\u9FFF\u3000-\u303F\uFF00-\uFFEF {_WEAK_CHARS}]+", re.DOTALL),
}


def _by_script(shown: str, known: frozenset[int], context: str, *, hinted: bool) -> Iterator[tuple[str, str]]:
    """Yield stretches of text with their script; ``known`` are the code points that the Chinese face has."""
    start, current = 0, ""
    for token in _TOKEN.finditer(shown):
        script = str(token.lastgroup)
        if script == "weak":
            script = "east" if hinted else (context or _next_script(shown, token.end()))
        elif script == "space":
            script = current or context or "latin"
        if script in {"east", "latin"}:
            context = script
        if script == "east" and not known.issuperset(map(ord, token[0])):
            yield from [(current, shown[start : token.start()])] if start < token.start() else []
            yield from _by_coverage(token[0], known)
            start, current = token.end(), ""
            continue
        if current and script != current:
            yield current, shown[start : token.start()]
            start = token.start()
        current = script
    if start < len(shown):
        yield current or context or "latin", shown[start:]


def _by_coverage(shown: str, known: frozenset[int]) -> Iterator[tuple[str, str]]:
    """Yield stretches of text that a face has and stretches, by alphabet, that it has not."""
    for script, chars in groupby(shown, key=lambda char: _alphabet(char, known)):
        yield script, "".join(chars)


def _alphabet(char: str, known: frozenset[int]) -> str:
    if ord(char) in known or not fonts.is_drawn(char):
        return "east"
    return "other " + unicodedata.name(char, "?").split(" ")[0]


def _next_script(shown: str, start: int) -> str:
    following = (token.lastgroup for token in _TOKEN.finditer(shown, start))
    return next((script for script in following if script in {"east", "latin"}), "latin")


def _is_chinese(shown: str) -> bool:
    return any(token.lastgroup == "east" for token in _TOKEN.finditer(shown))


_GREEK = dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True))
_SYMBOL_FONTS: dict[str, dict[int, str]] = {
    "symbol": {**_GREEK, 0xA3: "≤", 0xA5: "∞", 0xAE: "→", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×", 0xB7: "•",
               0xB8: "÷", 0xB9: "≠", 0xBB: "≈", 0xD6: "√", 0x44: "Δ", 0x53: "Σ", 0x57: "Ω"},
    "wingdings": {0x46: "☞", 0x6C: "●", 0x6E: "■", 0x6F: "□", 0x71: "□", 0x75: "◆", 0x76: "❖", 0x77: "◆", 0x9F: "•",
                  0xA0: "•", 0xA7: "▪", 0xA8: "□", 0xB2: "◇", 0xD8: "➢", 0xE0: "→", 0xE8: "➔", 0xFB: "✗", 0xFC: "✓",
                  0xFD: "☒", 0xFE: "☑"},
    "wingdings 2": {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x97: "●", 0x98: "●",
                    0xA3: "□", 0xA2: "■"},
    "wingdings 3": {0x7D: "▶", 0x75: "▲", 0x76: "▼"},
}  # fmt: skip
"""What the picture fonts of Word draw, as Unicode; their own code points say nothing without the font."""


_PRIVATE = re.compile("[\uf000-\uf0ff]")


def _from_symbol_font(shown: str, name: str) -> str:
    """Return text with the private code points (U+F000 to U+F0FF) of a picture font spelt in Unicode."""
    if not _PRIVATE.search(shown):
        return shown
    known = _SYMBOL_FONTS.get(name.casefold(), {})
    return "".join(known.get(ord(char) - 0xF000, char) for char in shown)


_FOUR_DIGITS = re.compile("[0-9A-Fa-f]{1,4}")


def _spell_out(symbol: Any) -> None:
    digits = symbol.get(f"{_W}char", "")
    code = int(digits, 16) if _FOUR_DIGITS.fullmatch(digits) else 0
    char = chr(code if code > 0xFF else code + 0xF000)
    if unicodedata.category(char) not in {"Cs", "Cn"}:  # else nothing that XML can hold, or that anything draws
        symbol.getparent().replace(symbol, _text_element(_from_symbol_font(char, symbol.get(f"{_W}font", ""))))


def _number(text: str | None, otherwise: float) -> float:
    try:
        number = float(text) if text else otherwise
    except ValueError:
        return otherwise
    return number if isfinite(number) else otherwise


# --- the engine ----------------------------------------------------------------------------------------------------


def _rendered(source: Path, prepared: Prepared) -> bytes:
    _keep_to_own_fonts()
    try:
        document = rdocx.Document.from_bytes(prepared.package)
        return _plain(document.to_pdf(fonts=_passed(prepared.faces, prepared.characters)))
    except (rdocx.RdocxError, ValueError, RuntimeError) as error:
        raise _refused(source, error) from error
    except BaseException as error:
        # A panic of the engine's Rust code reaches Python outside the tree of Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise _refused(source, error) from error


def _refused(source: Path, error: BaseException) -> ConversionError:
    return ConversionError(
        f"{source.name}: the embedded engine cannot lay it out: {error}",
        fix="build with --engine libreoffice, or print it to PDF in Word and name that file",
    )


def _passed(faces: Iterable[Face], characters: Set[str]) -> list[tuple[str, bytes]]:
    """Return the faces as the engine takes them; those shipped hold what a document of ``characters`` can need."""
    passed = []
    for face in fonts.for_embedded(faces):
        font = _sparse(face).holding(_spelt_apart(characters)) if face.shipped else _whole(face)
        passed.append((face.family, font))
    return passed


def _whole(face: Face) -> bytes:
    return _with_line_height(fonts.data(face.path))


def _spelt_apart(characters: Set[str]) -> Set[str]:
    """Return characters and what they are made of: so they are drawn where a face has no glyph for the whole."""
    return characters | set(unicodedata.normalize("NFD", "".join(characters)))


_ALWAYS = {
    *range(0x3400),  # all but Chinese characters
    *range(0xF900, 0x10000),
    # What lists, notes and page numbers are counted with, and dates written with.
    *map(ord, "〇零一二三四五六七八九十百千万亿兆壹贰叁肆伍陆柒捌玖拾佰仟廿卅"),
    *map(ord, "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥年月日时分秒上下星期"),
}
"""Code points that the engine may draw though they are not in the document."""


@cache
def _sparse(face: Face) -> Sparse:
    return Sparse.read(_whole(face), fonts.glyphs(face), _ALWAYS)


@cache
def _keep_to_own_fonts() -> None:
    """Let the engine, which reads the system's fonts once in a process, find none but its own.

    Elsewhere than on Linux it cannot be kept from them; runs name their faces, so only characters that no face has
    can still come from the machine's fonts there.
    """
    before = os.environ.get("FONTCONFIG_FILE")
    with tempfile.TemporaryDirectory(prefix="dossier-") as folder:
        configuration = Path(folder) / "fonts.conf"
        configuration.write_text(f"<fontconfig><dir>{folder}</dir></fontconfig>", encoding="utf-8")
        os.environ["FONTCONFIG_FILE"] = str(configuration)
        try:
            rdocx.Document().to_pdf()
        finally:
            if before is None:
                del os.environ["FONTCONFIG_FILE"]
            else:
                os.environ["FONTCONFIG_FILE"] = before


@cache
def _with_line_height(data: bytes) -> bytes:
    """Return a TrueType font whose lines are as high as Word makes them (OpenType, tables ``hhea`` and ``OS/2``)."""
    if data[:4] == b"ttcf":
        return data
    changed = bytearray(data)
    tables = _tables(data)
    units = struct.unpack_from(">H", data, tables[b"head"] + 18)[0]
    ascent, descent = round(_LINE_ASCENT * units), round((LINE - _LINE_ASCENT) * units)
    struct.pack_into(">hhh", changed, tables[b"hhea"] + 4, ascent, -descent, 0)
    struct.pack_into(">hhhHH", changed, tables[b"OS/2"] + 68, ascent, -descent, 0, ascent, descent)
    return bytes(changed)


def _tables(data: bytes) -> dict[bytes, int]:
    (count,) = struct.unpack_from(">H", data, 4)
    rows = (struct.unpack_from(">4sLLL", data, 12 + 16 * number) for number in range(count))
    return {tag: offset for tag, _, offset, _ in rows}


@cache
def _engine_draws(char: str) -> bool:
    """Say whether the engine has a glyph for a character that the passed faces lack, by letting it draw one."""
    _keep_to_own_fonts()
    probe = rdocx.Document()
    probe.add_paragraph(char)
    with pikepdf.open(io.BytesIO(probe.to_pdf(fonts=_passed((fonts.SONG,), {char})))) as pdf:
        return _NO_GLYPH not in pdf.pages[0].Contents.read_bytes()


_NO_GLYPH = rb"(\000\000"
# The engine marks every piece of text for screen readers, and hangs the text of a line on its first glyph. Viewers
# built on pdfium then find every line twice, and whatever reads a page has four times as much to read.
_MARKED = re.compile(rb"/\w+ (?:<<\n(?:  [^\n]*\n)*>> BDC|BMC)\n")
_MARK_END = b"EMC\n"
_TURNED_TWICE = re.compile(rb"(1 0 0 -1 0 [\d.]+ cm\n)\1")
_PIECES = re.compile(
    rb"q\n(?P<state>(?:[\d. ]+ (?:rg|RG|w|J|j|Tr)\n)*)BT\n(?P<face>/F\d+ [\d.]+ Tf\n)"
    rb"(?P<first>[-\d. ]+ Tm\n\[[^\n]*\] TJ\n)"
    rb"(?P<rest>(?:ET\nQ\nq\n(?P=state)BT\n(?P=face)[-\d. ]+ Tm\n\[[^\n]*\] TJ\n)+)"
)


def _plain(data: bytes) -> bytes:
    """Return the engine's PDF without what is meant for screen readers: text is found by its glyphs alone.

    (Their ToUnicode maps are right.)
    """
    out = io.BytesIO()
    # A copy: to save what was opened, qpdf would read thousands of objects of the structure tree and drop them.
    with pikepdf.open(io.BytesIO(data)) as pdf, pikepdf.new() as copy:
        for page in pdf.pages:
            page.Contents.write(_simplified(page.Contents.read_bytes()))
            if pikepdf.Name.StructParents in page:
                del page.StructParents
        copy.pages.extend(pdf.pages)
        if pikepdf.Name.Outlines in pdf.Root:
            copy.Root.Outlines = copy.copy_foreign(pdf.Root.Outlines)
        # The identity of the file means nothing here, but it must not change from run to run.
        copy.save(out, static_id=True, compress_streams=False)
    return out.getvalue()


def _simplified(content: bytes) -> bytes:
    """Return a page's operators without marks, turns that undo each other, and states set anew for each piece of text.

    The engine writes an operator a line and no line break in a string, so lines can be told by their ends.
    """
    unmarked, marks = _MARKED.subn(b"", content)
    pieces = unmarked.split(_MARK_END)
    if len(pieces) != marks + 1:
        return content
    return _PIECES.sub(_joined, _TURNED_TWICE.sub(b"", b"".join(pieces)))


def _joined(found: re.Match[bytes]) -> bytes:
    start = b"q\n%bBT\n%b" % (found["state"], found["face"])
    return start + found["first"] + found["rest"].replace(b"ET\nQ\n" + start, b"")


# --- what is reported ----------------------------------------------------------------------------------------------


def _unsupported(stories: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(message for root in stories for _, message in losses(root)))


def losses(root: Any) -> Iterator[tuple[Any, str]]:
    """Yield what the engine leaves out of a story, or lays out otherwise than Word, with what is to be said of it."""
    for element in root.iter(f"{_W}jc"):
        if element.get(f"{_W}val") == "distribute":
            yield element, "text spread over the line (distributed alignment) is set flush left"
    yield from ((element, "embedded objects (OLE) are left out") for element in root.iter(f"{_O}OLEObject"))
    for drawing in root.iter(f"{_W}pict"):
        if _is_shown(drawing):
            yield drawing, "drawings and pictures in Word's old format (VML) are left out"
    for data in root.iter(f"{_A}graphicData"):
        kind = data.get("uri", "").rpartition("/")[2]
        if kind in {"chart", "chartex"}:
            yield data, "charts are left out"
        elif kind == "diagram":
            yield data, "diagrams (SmartArt) are left out"
        elif _is_in_line(data):
            yield data, "shapes and text boxes that stand in a line of text are left out"
    for warp in root.iter(f"{_A}prstTxWarp"):
        if warp.get("prst") != "textNoShape":
            yield warp, "text bent into a shape (WordArt) is set straight"
    for layout in root.iter(f"{_W}eastAsianLayout"):
        if layout.get(f"{_W}combine") in {"1", "true", "on"}:
            yield layout, "two lines written as one (双行合一) are set one after the other"
    yield from ((element, "documents within it (altChunk) are left out") for element in root.iter(f"{_W}altChunk"))
    yield from ((element, "phonetic guides are left out") for element in root.iter(f"{_W}ruby"))


def same_widths(name: str) -> bool:
    """Say whether the engine carries a face whose letters are as wide as those of the font of that name."""
    return name.casefold() in _LATIN


def _is_shown(drawing: Any) -> bool:
    """Say whether an old drawing has no newer one beside it, which is drawn in its place, and is no OLE object's."""
    return next(drawing.iterancestors(f"{_MC}Fallback", f"{_W}object"), None) is None


def _is_in_line(data: Any) -> bool:
    shape = data.get("uri", "").rpartition("/")[2] in {
        "wordprocessingShape", "wordprocessingGroup", "wordprocessingCanvas",
    }  # fmt: skip
    return shape and next(data.iterancestors(f"{_WP}inline"), None) is not None


def _missing_note(missing: set[str], symbols: set[str]) -> Note:
    said = [f"no font here has {_listed(missing)}: a box is printed instead"] if missing else []
    if symbols:
        said.append(
            f"the engine draws {_listed(symbols)} in a face of its own, for the document's has no such character"
        )
    return Note(
        code=MISSING,
        message="; ".join(said),
        fix="install the font the document asks for, use other characters, or print it to PDF and name that file",
    )


def _listed(chars: Iterable[str]) -> str:
    return ", ".join(f"{char} (U+{ord(char):04X})" for char in sorted(chars))


def _unsupported_note(found: list[str]) -> Note:
    return Note(
        code=UNSUPPORTED,
        message="the embedded engine does not lay out all of it: " + "; ".join(found),
        fix="look at the pages, and if they are not right build with --engine libreoffice, or name a PDF of it",
    )
