"""Puts the paragraphs and tables of one Word file into another, with the styles, lists and pictures that they use.

Styles go by their names: where both files have one of the same name, that of the receiving file is kept, so that what
is put in looks like what is around it. Margins, headers and the like stay behind. What cannot be taken along, such as
charts and footnotes, is refused by name rather than lost.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from lxml import etree  # type: ignore[import-untyped]

from dossier.errors import TemplateError
from dossier.wordfile import BODY, NUMBERING, STYLES, R, W, WordFile

_VAL = f"{{{W}}}val"
_STYLED = {"pStyle": "paragraph", "rStyle": "character", "tblStyle": "table"}
_LEFT_OUT = {
    f"{{{W}}}{name}"
    for name in (
        *("sectPr", "bookmarkStart", "bookmarkEnd", "proofErr", "permStart", "permEnd", "lastRenderedPageBreak"),
        *("commentRangeStart", "commentRangeEnd", "commentReference", "moveFromRangeStart", "moveFromRangeEnd"),
        *("moveToRangeStart", "moveToRangeEnd"),
    )
}
_REFUSED = {
    "footnoteReference": "footnotes", "endnoteReference": "endnotes", "object": "an embedded object",
    "altChunk": "another document",
}  # fmt: skip
_TAKEN = {"image", "hyperlink"}
_PICTURES = {"png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "emf", "wmf"}


def graft(source: WordFile, name: str, host: WordFile, part: str) -> list[etree._Element]:
    """Return the body of ``source`` for a ``part`` of ``host``, and add to that all that it uses.

    Raises TemplateError for what cannot be taken along; ``name`` is what messages call the source.
    """
    body = source.tree(BODY).find(f"{{{W}}}body")
    elements = [deepcopy(element) for element in body] if body is not None else []
    elements = [element for element in elements if isinstance(element.tag, str) and element.tag not in _LEFT_OUT]
    _check(elements, name)
    for element in elements:
        for lost in [inner for inner in element.iter() if inner.tag in _LEFT_OUT]:
            lost.getparent().remove(lost)
    moving = _Moving(source, name, host, part)
    for element in elements:
        moving.restyle(element)
        moving.renumber(element)
        moving.rerelate(element)
    return elements


def _check(elements: list[etree._Element], name: str) -> None:
    for element in elements:
        for tag, called in _REFUSED.items():
            if next(element.iter(f"{{{W}}}{tag}"), None) is not None:
                raise _cannot(name, called)


def _cannot(name: str, called: str) -> TemplateError:
    return TemplateError(
        f"{name} holds {called}, which cannot be put into another document", fix="make a picture of it, or take it out"
    )


@dataclass(slots=True)
class _Moving:
    """What was taken along from one document already, by its old id."""

    source: WordFile
    name: str
    host: WordFile
    part: str
    styles: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)

    # --- styles

    def restyle(self, element: etree._Element) -> None:
        for tag in _STYLED:
            for used in element.iter(f"{{{W}}}{tag}"):
                used.set(_VAL, self.style(used.get(_VAL, "")))

    def style(self, old: str) -> str:
        """Return the host's id of a style, which is copied where the host has none of its name."""
        if old in self.styles:
            return self.styles[old]
        style = self._style_of(old)
        if style is None:
            self.styles[old] = old
            return old
        named = style.find(f"{{{W}}}name")
        name = named.get(_VAL, old) if named is not None else old
        found = self.host.style_id(name, style.get(f"{{{W}}}type", "paragraph"))
        if found:
            self.styles[old] = found
            return found
        new = self._free_style(old)
        self.styles[old] = new  # before it is looked into: styles may name each other in a ring
        copy = deepcopy(style)
        copy.set(f"{{{W}}}styleId", new)
        copy.attrib.pop(f"{{{W}}}default", None)
        for tag in ("basedOn", "next", "link"):
            for other in copy.findall(f"{{{W}}}{tag}"):
                other.set(_VAL, self.style(other.get(_VAL, "")))
        self.renumber(copy)
        self.host.styles().append(copy)
        return new

    def _style_of(self, id: str) -> etree._Element | None:
        if not self.source.has(STYLES):
            return None
        styles = self.source.styles().iter(f"{{{W}}}style")
        return next((style for style in styles if style.get(f"{{{W}}}styleId") == id), None)

    def _free_style(self, wanted: str) -> str:
        taken = {style.get(f"{{{W}}}styleId") for style in self.host.styles().iter(f"{{{W}}}style")}
        names = (f"{wanted}{suffix}" for suffix in ("", *range(2, len(taken) + 3)))
        return next(name for name in names if name not in taken)

    # --- lists

    def renumber(self, element: etree._Element) -> None:
        for used in element.iter(f"{{{W}}}numId"):
            used.set(_VAL, self.list(used.get(_VAL, "")))

    def list(self, old: str) -> str:
        """Return the host's number of a list, which is copied, so that it counts for itself."""
        if old == "0" or not self.source.has(NUMBERING):
            return old
        if old not in self.lists:
            self.lists[old] = self._copied_list(old)
        return self.lists[old]

    def _copied_list(self, old: str) -> str:
        theirs, ours = self.source.tree(NUMBERING), self.host.numbering()
        num = _with_id(theirs, "num", "numId", old)
        abstract = num.find(f"{{{W}}}abstractNumId") if num is not None else None
        found = (
            _with_id(theirs, "abstractNum", "abstractNumId", abstract.get(_VAL, "")) if abstract is not None else None
        )
        if num is None or found is None:
            return "0"
        definition, copy = deepcopy(found), deepcopy(num)
        for lost in (*definition.iter(f"{{{W}}}lvlPicBulletId"), *definition.iter(f"{{{W}}}nsid")):
            lost.getparent().remove(lost)
        shape, number = _next(ours, "abstractNum", "abstractNumId"), _next(ours, "num", "numId")
        definition.set(f"{{{W}}}abstractNumId", shape)
        copy.set(f"{{{W}}}numId", number)
        copy.find(f"{{{W}}}abstractNumId").set(_VAL, shape)
        for used in definition.iter(f"{{{W}}}pStyle"):
            used.set(_VAL, self.style(used.get(_VAL, "")))
        first = ours.find(f"{{{W}}}num")
        if first is None:
            ours.append(definition)
        else:
            first.addprevious(definition)  # all shapes stand before all lists
        last = ours.findall(f"{{{W}}}num")
        (last[-1] if last else definition).addnext(copy)
        return number

    # --- pictures and links

    def rerelate(self, element: etree._Element) -> None:
        known = self.source.relations(BODY)
        for inner in element.iter():
            for key, old in _references(inner):
                relation = known.get(old)
                if relation is None or relation.kind not in _TAKEN:
                    raise _cannot(self.name, _called(relation.kind if relation else "something"))
                if relation.kind == "hyperlink":
                    inner.set(key, self.host.relate(self.part, "hyperlink", relation.target, external=True))
                elif relation.external or relation.target not in self.source.members:
                    raise _cannot(self.name, "a linked picture")
                else:
                    suffix = posixpath.splitext(relation.target)[1].lstrip(".").lower()
                    if suffix not in _PICTURES:
                        raise _cannot(self.name, f"a picture of the kind {suffix[:20]!r}")
                    data = self.source.members[relation.target]
                    inner.set(key, self.host.add_picture(self.part, data, suffix))


def _references(element: etree._Element) -> Iterator[tuple[str, str]]:
    for key, value in list(element.attrib.items()):
        if key.startswith(f"{{{R}}}") and value:
            yield key, value


def _called(kind: str) -> str:
    return {"chart": "a chart", "oleObject": "an embedded object"}.get(kind, f"something of the kind {kind!r}")


def _with_id(root: etree._Element, tag: str, key: str, id: str) -> etree._Element | None:
    found = (element for element in root.findall(f"{{{W}}}{tag}") if element.get(f"{{{W}}}{key}") == id)
    return next(found, None)


def _next(root: etree._Element, tag: str, key: str) -> str:
    numbers = [element.get(f"{{{W}}}{key}", "") for element in root.findall(f"{{{W}}}{tag}")]
    return str(max((int(number) for number in numbers if number.isdigit()), default=0) + 1)
