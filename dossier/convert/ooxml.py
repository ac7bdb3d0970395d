"""Looks into an office package (OOXML or OpenDocument: a ZIP of XML parts) before an engine is trusted with it.

Evidence is hostile: a package may inflate to more than the machine holds, may declare XML entities, and may ask the
engine to fetch templates, pictures or objects from elsewhere (ECMA-376 part 2, external relationships).
:func:`inspect` refuses the first two and names the third; :func:`neutralise` writes a copy that asks for nothing.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree import ElementTree
from xml.parsers import expat

from lxml import etree  # type: ignore[import-untyped]

from dossier.errors import ConversionError
from dossier.part import Note

MACROS = "macros"
EXTERNAL = "external-content"

MAX_ENTRIES = 20_000
MAX_UNPACKED = 2 * 1024**3
MAX_XML = 512 * 1024**2
MAX_RATIO = 200
"""Unpacked to packed size that no real document reaches; judged only above ``RATIO_FROM`` bytes."""
RATIO_FROM = 64 * 1024**2

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_EXTERNAL_TARGET = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|\\\\|//)", re.IGNORECASE)
_SHOWN_TARGETS = 3
_CHUNK = 1 << 16
_HEAD = 1 << 12
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError)

# Without this the copy's relationships would carry a made-up prefix, which some readers do not expect.
ElementTree.register_namespace("", _RELATIONSHIPS)


@dataclass(frozen=True, slots=True)
class External:
    """A relationship that leads out of the package: ``kind`` is the last word of its type, such as ``image``."""

    part: str
    kind: str
    target: str


def parser(*, huge: bool = False, comments: bool = True) -> etree.XMLParser:
    """Return a parser for parts of packages: it resolves nothing and fetches nothing.

    ``huge`` lifts libxml2's limits of depth and size, for parts whose size is bounded otherwise.
    """
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=huge, remove_comments=not comments
    )


def inspect(path: Path) -> tuple[Note, ...]:
    """Return what a reader should know of a package: macros, and contents it would fetch from elsewhere.

    Raises ConversionError: ``damaged-source`` for what is not a whole ZIP, ``hostile-source`` for a package that
    inflates beyond all measure or declares a DTD, ``encrypted-source`` for a ZIP with a password. Every byte is read,
    so sizes that the package claims cannot lie.
    """
    with _opened(path) as package:
        entries = package.infolist()
        _check_sizes(path, entries)
        is_ooxml = any(entry.filename.lower() == "[content_types].xml" for entry in entries)
        for entry in entries:
            _check_entry(path, package, entry, is_ooxml)
        notes = []
        if any(_is_macro_part(entry.filename) for entry in entries):
            notes.append(_macros_note())
        external = externals(path, package)
        if external:
            notes.append(_external_note(external))
        return tuple(notes)


def externals(path: Path, package: zipfile.ZipFile) -> tuple[External, ...]:
    """Return the relationships of an open package that lead out of it, hyperlinks excepted."""
    found: list[External] = []
    for entry in package.infolist():
        if entry.filename.lower().endswith(".rels"):
            root = _parsed(path, entry.filename, package.read(entry))
            found += [_as_external(entry.filename, element) for element in root if _leads_out(element)]
    return tuple(found)


def neutralise(path: Path, out: Path) -> tuple[External, ...]:
    """Write to ``out`` a copy of a package without its external relationships (hyperlinks stay) and return those.

    Attached templates, linked pictures, OLE links, sub-documents and linked workbooks are cut; what the document itself
    holds of them, such as a spreadsheet's last values, stays. The rest is copied part by part, unchanged.
    Raises ConversionError for a damaged package; call :func:`inspect` first, which bounds the sizes.
    """
    removed: list[External] = []
    try:
        with _opened(path) as package, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
            for entry in package.infolist():
                data = package.read(entry)
                if entry.filename.lower().endswith(".rels"):
                    data, cut = _without_external(path, entry.filename, data)
                    removed += cut
                copy.writestr(_like(entry), data)
    except _DAMAGED as error:
        raise _damaged(path, error) from error
    return tuple(removed)


def rewrite(package: zipfile.ZipFile, changed: Mapping[str, bytes], out: Path) -> None:
    """Write to ``out``, which may be the package itself, a copy of an open package with other bytes in some parts."""
    new = out.with_name(f"clean-{out.name}")
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
        for entry in package.infolist():
            data = changed.get(entry.filename)
            # What says first of all what the package is stays unpacked, for whoever looks at the first bytes only; and
            # so do pictures, which packing does not make smaller.
            dense = entry.compress_size > 0.9 * entry.file_size
            packing = zipfile.ZIP_STORED if entry.filename == "mimetype" or dense else zipfile.ZIP_DEFLATED
            copy.writestr(entry.filename, package.read(entry) if data is None else data, packing)
    new.replace(out)


def is_on(element: etree._Element | None) -> bool:
    """Say whether a property of Word that is on or off (ECMA-376 part 1, 17.17.4) is there, and on."""
    return element is not None and element.get(f"{_WORD}val", "1") not in {"0", "false", "off"}


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _DAMAGED as error:
        raise _damaged(path, error) from error


def _check_sizes(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MAX_ENTRIES:
        raise _hostile(path, f"holds {len(entries)} parts, more than {MAX_ENTRIES}")
    if unpacked > MAX_UNPACKED:
        raise _hostile(path, f"unpacks to {unpacked >> 20} MiB, more than {MAX_UNPACKED >> 20} MiB")
    if unpacked > RATIO_FROM and unpacked > MAX_RATIO * max(packed, 1):
        raise _hostile(path, f"unpacks to {unpacked // max(packed, 1)} times its size, like a ZIP bomb")
    names = {entry.filename for entry in entries}
    if len(names) != len(entries):
        raise _damaged(path, "two of its parts have the same name")


def _check_entry(path: Path, package: zipfile.ZipFile, entry: zipfile.ZipInfo, is_ooxml: bool) -> None:
    if entry.flag_bits & 0x1:
        raise ConversionError(
            f"{path.name}: the package is locked with a password",
            fix="open it, take the password off, save it and name that file",
            code="encrypted-source",
        )
    try:
        with package.open(entry) as stream:
            head = stream.read(_HEAD)
            is_xml = _looks_like_xml(head)
            if is_xml and entry.file_size > MAX_XML:
                raise _hostile(path, f"its part {entry.filename} unpacks to {entry.file_size >> 20} MiB of XML")
            if is_xml:
                _check_prolog(path, entry.filename, head, stream, is_ooxml)
            while stream.read(_CHUNK):  # to the end, where the checksum is proved
                pass
    except (*_DAMAGED, OSError) as error:  # the latter for an offset that no file can have
        raise _damaged(path, error) from error


def _looks_like_xml(head: bytes) -> bool:
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return text.startswith((b"<?xml", b"<!DOCTYPE", b"<!--"))


class _PrologRead(Exception):
    """The first element has begun: what follows can declare nothing."""


class _Declared(Exception):
    """The prolog declares a document type or an entity."""


def _check_prolog(path: Path, name: str, head: bytes, stream: IO[bytes], is_ooxml: bool) -> None:
    # Drawings and OpenDocument parts name a public DTD in good faith; in OOXML the norm forbids any.
    allow_doctype = not is_ooxml or name.lower().endswith((".svg", ".htm", ".html", ".xhtml"))
    parser = expat.ParserCreate()

    def doctype(*_: object) -> None:
        if not allow_doctype:
            raise _Declared

    def entity(*_: object) -> None:
        raise _Declared

    def element(*_: object) -> None:
        raise _PrologRead

    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = entity
    parser.StartElementHandler = element
    chunk = head
    try:
        while chunk:
            parser.Parse(chunk, False)
            chunk = stream.read(_CHUNK)
    except _PrologRead:
        return
    except _Declared:
        raise _declares(path, name) from None
    except (expat.ExpatError, LookupError, ValueError) as error:
        if name.lower().endswith((".xml", ".rels")):
            raise _damaged(path, f"its part {name} is not XML: {error}") from error


class _NoDoctype(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise _Declared


def _parsed(path: Path, name: str, data: bytes) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(data, ElementTree.XMLParser(target=_NoDoctype()))
    except _Declared:
        raise _declares(path, name) from None
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the latter for encodings that nobody knows
        raise _damaged(path, f"its part {name} is not XML: {error}") from error


def _leads_out(element: ElementTree.Element) -> bool:
    if element.tag != f"{{{_RELATIONSHIPS}}}Relationship" or _kind_of(element) == "hyperlink":
        return False
    return element.get("TargetMode") == "External" or bool(_EXTERNAL_TARGET.match(element.get("Target", "")))


def _kind_of(element: ElementTree.Element) -> str:
    return element.get("Type", "").rpartition("/")[2]


def _as_external(part: str, element: ElementTree.Element) -> External:
    return External(part, _kind_of(element), element.get("Target", ""))


def _without_external(path: Path, name: str, data: bytes) -> tuple[bytes, list[External]]:
    root = _parsed(path, name, data)
    cut = [element for element in root if _leads_out(element)]
    if not cut:
        return data, []
    for element in cut:
        root.remove(element)
    return ElementTree.tostring(root, "UTF-8", xml_declaration=True), [_as_external(name, element) for element in cut]


def _like(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    copy = zipfile.ZipInfo(entry.filename, entry.date_time)
    copy.compress_type = zipfile.ZIP_STORED if entry.compress_type == zipfile.ZIP_STORED else zipfile.ZIP_DEFLATED
    return copy


def _is_macro_part(name: str) -> bool:
    lower = name.lower()
    return lower.endswith("vbaproject.bin") or lower.startswith(("basic/", "scripts/"))


def _macros_note() -> Note:
    return Note(
        code=MACROS,
        message="it holds macros, which were not run",
        fix="if a macro fills in what the page should show, run it in Office, save as PDF and name that file",
    )


def _external_note(found: tuple[External, ...]) -> Note:
    shown = ", ".join(f"{external.kind} {external.target}" for external in found[:_SHOWN_TARGETS])
    more = f" and {len(found) - _SHOWN_TARGETS} more" if len(found) > _SHOWN_TARGETS else ""
    return Note(
        code=EXTERNAL,
        message=f"it asks for contents from outside the file, which were not fetched: {shown}{more}",
        fix="if something is missing on the page, embed it in the document (break the link) and save",
    )


def _hostile(path: Path, what: str) -> ConversionError:
    return ConversionError(
        f"{path.name}: {what}",
        fix="open it in Office where it came from, print it to PDF and name that file",
        code="hostile-source",
    )


def _declares(path: Path, part: str) -> ConversionError:
    return _hostile(path, f"its part {part} declares a DTD or XML entities, which can read or flood the machine")


def _damaged(path: Path, what: object) -> ConversionError:
    return ConversionError(
        f"{path.name}: the package is damaged: {what}",
        fix="ask for the file again, or open it in Office, let it repair it, and save it anew",
        code="damaged-source",
    )
