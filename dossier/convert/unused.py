"""Word files without the table styles that nothing in them uses: LibreOffice takes longest of all to read those.

Programs that write Word files carry some hundred of them along (350 KB of XML), whatever the page shows. A style that
no table, no other style and no setting names is nowhere on paper, so that the pages are the same without it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from lxml import etree  # type: ignore[import-untyped]

from dossier.convert import ooxml
from dossier.convert.grid import Element

STYLES = "word/styles.xml"
"""The part of a Word package that defines its styles."""
WORTHWHILE = 30
"""Unused table styles for which it pays to pack a file anew: reading one takes LibreOffice half a millisecond."""
_MOST = 64 * 1024**2  # bytes of a part: larger ones are LibreOffice's own affair
_REFERENCES = ("{*}tblStyle", "{*}defaultTableStyle")
_NO_TEXT = (
    *(STYLES, "word/stylesWithEffects.xml"),  # the one is looked into by itself, the other is for older programs
    *("word/media/", "word/embeddings/", "word/fonts/", "word/theme/", "docProps/", "customXml/"),
)


def without_table_styles(package: zipfile.ZipFile) -> bytes | None:
    """Return the styles of a Word package that are needed, or None where there are few others, or any doubt."""
    if STYLES not in package.NameToInfo:
        return None
    parts = [entry for entry in package.infolist() if _may_refer(entry)]
    if any(entry.file_size > _MOST for entry in (package.getinfo(STYLES), *parts)):
        return None
    try:
        styles = _parsed(package.read(STYLES))
        tables = {_value(style, "styleId"): style for style in styles.iterchildren("{*}style") if _is_table(style)}
        if len(tables) < WORTHWHILE:
            return None
        named = {name for entry in parts for name in _named(_parsed(package.read(entry)))}.union(_named(styles))
    except etree.XMLSyntaxError:
        return None
    kept = named | {name for name, style in tables.items() if _value(style, "default") not in ("", "0", "false", "off")}
    while based := {base for name in kept & tables.keys() for base in _bases(tables[name])} - kept:
        kept |= based
    unused = [style for name, style in tables.items() if name not in kept]
    if len(unused) < WORTHWHILE:
        return None
    for style in unused:
        styles.remove(style)
    written: bytes = etree.tostring(styles, xml_declaration=True, encoding="UTF-8", standalone=True)
    return written


def _may_refer(entry: zipfile.ZipInfo) -> bool:
    """Say whether a part may name styles: text, headers, notes and settings do, wherever they are and are called."""
    return not (entry.is_dir() or entry.filename.endswith(".rels") or entry.filename.startswith(_NO_TEXT))


def _parsed(data: bytes) -> Element:
    return etree.fromstring(data, ooxml.parser(huge=True))


def _is_table(style: Element) -> bool:
    return _value(style, "type") == "table"


def _named(root: Element) -> Iterator[str]:
    """Yield the styles that a part names for tables; in the styles themselves, those that others stand on."""
    yield from (_value(element, "val") for element in root.iter(*_REFERENCES))
    for style in root.iterchildren("{*}style"):
        if not _is_table(style):
            yield from _bases(style)


def _bases(style: Element) -> Iterator[str]:
    return (_value(element, "val") for element in style.iterchildren("{*}basedOn", "{*}next", "{*}link"))


def _value(element: Element, name: str) -> str:
    """Return an attribute by its local name: two namespaces have been those of Word files."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")
