"""A Word file being written: its parts, what they refer to, its styles, lists and pictures (ECMA-376 parts 1 and 2).

The same members give the same bytes on any day: names and numbers of what is added follow from what it is.
"""

from __future__ import annotations

import hashlib
import posixpath
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

from dossier.convert import ooxml

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
BODY = "word/document.xml"
STYLES = "word/styles.xml"
NUMBERING = "word/numbering.xml"
CONTENT_TYPES = "[Content_Types].xml"

_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_MIME = {"png": "image/png", "jpeg": "image/jpeg", "jpg": "image/jpeg", "gif": "image/gif", "bmp": "image/bmp"}
_NUMBERING_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a ZIP can hold


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part refers to: ``kind`` is the last word of its type; the ``target`` of one inside is a member's name."""

    kind: str
    target: str
    external: bool


@dataclass(slots=True)
class WordFile:
    """The members of a Word file, to which links, pictures and styles can be added before it is written."""

    members: dict[str, bytes]
    _trees: dict[str, etree._Element] = field(default_factory=dict)
    _related: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _taken: dict[str, set[str]] = field(default_factory=dict)

    def tree(self, name: str, empty: str = "") -> etree._Element:
        """Return a member as a tree that may be changed; one that is not there is made of ``empty``."""
        if name not in self._trees:
            self._trees[name] = etree.fromstring(self.members.get(name) or empty.encode(), ooxml.parser())
        return self._trees[name]

    def put(self, name: str, root: etree._Element) -> None:
        """Replace a member by a tree."""
        self._trees[name] = root

    def has(self, name: str) -> bool:
        """Say whether there is such a member."""
        return name in self.members or name in self._trees

    def write(self, out: Path) -> None:
        """Write the file."""
        members = self.members | {name: serialised(root) for name, root in self._trees.items()}
        # Readers want the content types first.
        names = sorted(members, key=lambda name: (name != CONTENT_TYPES, not name.startswith("_rels/"), name))
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
            for name in names:
                info = zipfile.ZipInfo(name, _EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.create_system = 0  # else the bytes tell which system wrote them
                package.writestr(info, members[name])

    # --- what parts refer to

    def relations(self, part: str) -> dict[str, Relation]:
        """Return what a part refers to, by its ids."""
        name = _rels(part)
        if not self.has(name):
            return {}
        found: dict[str, Relation] = {}
        for element in self.tree(name):
            kind = element.get("Type", "").rpartition("/")[2]
            external, target = element.get("TargetMode") == "External", element.get("Target", "")
            if not external:
                target = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), target)).lstrip("/")
            found[element.get("Id", "")] = Relation(kind, target, external)
        return found

    def relate(self, part: str, kind: str, target: str, *, external: bool = False) -> str:
        """Let a part refer to a member or to an address, and return the id."""
        if (part, kind, target) in self._related:
            return self._related[part, kind, target]
        root = self.tree(_rels(part), f'<Relationships xmlns="{_RELS}"/>')
        if part not in self._taken:
            self._taken[part] = {element.get("Id", "") for element in root}
        taken = self._taken[part]
        number = len(taken) + 1
        while f"dossier{number}" in taken:
            number += 1
        taken.add(f"dossier{number}")
        attributes = {"Id": f"dossier{number}", "Type": f"{R}/{kind}", "Target": target if external else f"/{target}"}
        if external:
            attributes["TargetMode"] = "External"
        etree.SubElement(root, f"{{{_RELS}}}Relationship", attributes)
        self._related[part, kind, target] = attributes["Id"]
        return attributes["Id"]

    # --- pictures

    def add_picture(self, part: str, data: bytes, suffix: str) -> str:
        """Keep a picture, once, and return the id by which ``part`` refers to it."""
        name = f"word/media/{hashlib.sha256(data).hexdigest()[:16]}.{suffix}"
        if name not in self.members:
            self.members[name] = data
            self._declare(suffix)
        return self.relate(part, "image", name)

    def _declare(self, suffix: str) -> None:
        types = self.tree(CONTENT_TYPES)
        known = {element.get("Extension", "").lower() for element in types}
        if suffix not in known:
            element = etree.Element(
                f"{{{_TYPES}}}Default", {"Extension": suffix, "ContentType": _MIME.get(suffix, f"image/{suffix}")}
            )
            types.insert(0, element)

    # --- styles

    def styles(self) -> etree._Element:
        """Return the styles."""
        return self.tree(STYLES, f'<w:styles xmlns:w="{W}"/>')

    def style_id(self, name: str, kind: str) -> str:
        """Return the id of the style that Word calls ``name``, or nothing; in a Chinese Word ids are others."""
        return _style_id(self.styles(), name, kind)

    def hyperlink_style(self) -> str:
        """Return the id of the style Hyperlink, without which LibreOffice drops links; it is made if it is not there.

        One that is made looks like the text around it.
        """
        found = self.style_id("Hyperlink", "character")
        if found or not self.has(STYLES):
            return found or "Hyperlink"
        self.styles().append(
            etree.fromstring(
                f'<w:style xmlns:w="{W}" w:type="character" w:styleId="Hyperlink"><w:name w:val="Hyperlink"/>'
                '<w:uiPriority w:val="99"/><w:unhideWhenUsed/></w:style>'
            )
        )
        return "Hyperlink"

    def line_of(self, style: str) -> tuple[str, str]:
        """Return the rule and height of lines in a paragraph style, its own or those of what it is based on."""
        styles = {found.get(f"{{{W}}}styleId", ""): found for found in self.styles().iter(f"{{{W}}}style")}
        defaults = [id for id, found in styles.items() if found.get(f"{{{W}}}default") and of_kind(found, "paragraph")]
        seen: set[str] = set()
        style = style or (defaults[0] if defaults else "")
        while style in styles and style not in seen:
            seen.add(style)
            spacing = styles[style].find(f"{{{W}}}pPr/{{{W}}}spacing")
            if spacing is not None and spacing.get(f"{{{W}}}line"):
                return spacing.get(f"{{{W}}}lineRule", "auto"), spacing.get(f"{{{W}}}line", "")
            base = styles[style].find(f"{{{W}}}basedOn")
            style = base.get(f"{{{W}}}val", "") if base is not None else ""
        return "", ""

    # --- lists

    def numbering(self) -> etree._Element:
        """Return the definitions of lists."""
        if not self.has(NUMBERING):
            override = {"PartName": f"/{NUMBERING}", "ContentType": _NUMBERING_TYPE}
            etree.SubElement(self.tree(CONTENT_TYPES), f"{{{_TYPES}}}Override", override)
            self.relate(BODY, "numbering", NUMBERING)
        return self.tree(NUMBERING, f'<w:numbering xmlns:w="{W}"/>')


def has_style(styles: bytes, name: str, kind: str) -> bool:
    """Say whether a part of styles defines one that Word calls ``name``."""
    return bool(_style_id(etree.fromstring(styles, ooxml.parser()), name, kind))


def _style_id(styles: etree._Element, name: str, kind: str) -> str:
    for style in styles.iter(f"{{{W}}}style"):
        called = style.find(f"{{{W}}}name")
        if called is not None and called.get(f"{{{W}}}val", "").lower() == name.lower() and of_kind(style, kind):
            return str(style.get(f"{{{W}}}styleId"))
    return ""


def of_kind(style: etree._Element, kind: str) -> bool:
    """Say whether a style is of a kind such as ``character``; one that says nothing is for paragraphs."""
    return bool(style.get(f"{{{W}}}type", "paragraph") == kind)


def serialised(root: etree._Element) -> bytes:
    """Return a part's bytes."""
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return data


def ids_in(elements: Iterable[etree._Element]) -> set[str]:
    """Return every relationship id that elements mention."""
    found: set[str] = set()
    for element in elements:
        for inner in element.iter():
            attributes: Mapping[str, str] = inner.attrib
            found |= {value for key, value in attributes.items() if key.startswith(f"{{{R}}}")}
    return found


def _rels(part: str) -> str:
    folder, _, name = part.rpartition("/")
    return f"{folder}/_rels/{name}.rels"
