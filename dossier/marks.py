"""What templates put into a Word file besides plain text: links, looks, pictures, merged cells, other documents.

While a template is filled each of them is a mark: a processing instruction that values cannot forge, for they are
escaped. :func:`write` puts what the marks stand for into the XML, once that is complete.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from lxml import etree  # type: ignore[import-untyped]
from markupsafe import Markup, escape

from dossier import pictures
from dossier.errors import TemplateError
from dossier.files import Files
from dossier.pictures import Picture
from dossier.sandbox import shown, spend
from dossier.wordfile import R, W, WordFile

MAX_PIXELS = 2_000_000_000
"""Pixels of all the pictures of one document together, and as many bytes of files."""

MAX_QR = 200_000
"""Bytes of text of all the QR codes of one document together."""

_MARK = "dossier-mark"
_FOUND = re.compile(rf"<\?{_MARK} (\d+)\?>")
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_PIC = "http://schemas.openxmlformats.org/drawingml/2006/picture"
_EMU = 36_000  # a millimetre
_DOC_PR = f"{{{_WP}}}docPr"
_BLOCKS = {
    f"{{{W}}}{name}" for name in ("body", "tc", "hdr", "ftr", "footnote", "endnote", "txbxContent", "sdtContent")
}
_HEX = re.compile(r"#?([0-9A-Fa-f]{6})")
# Of what may stand in w:rPr, in the order in which it must (ECMA-376 part 1, 17.3.2.28).
_LOOK_ORDER = (
    "rStyle", "rFonts", "b", "bCs", "i", "iCs", "caps", "smallCaps", "strike", "dstrike", "outline", "shadow", "emboss",
    "imprint", "noProof", "snapToGrid", "vanish", "webHidden", "color", "spacing", "w", "kern", "position", "sz",
    "szCs", "highlight", "u", "effect", "bdr", "shd", "fitText", "vertAlign", "rtl", "cs", "em", "lang",
    "eastAsianLayout",
)  # fmt: skip
_LINE, _LINE_RULE = f"{{{W}}}line", f"{{{W}}}lineRule"
# What stands in w:pPr before w:spacing (ECMA-376 part 1, 17.3.1.26).
_BEFORE_SPACING = {
    f"{{{W}}}{name}"
    for name in (
        *(
            "pStyle",
            "keepNext",
            "keepLines",
            "pageBreakBefore",
            "framePr",
            "widowControl",
            "numPr",
            "suppressLineNumbers",
        ),
        *("pBdr", "shd", "tabs", "suppressAutoHyphens", "kinsoku", "wordWrap", "overflowPunct", "topLinePunct"),
        *("autoSpaceDE", "autoSpaceDN", "bidi", "adjustRightInd", "snapToGrid"),
    )
}
_PLACE = {f"{{{W}}}{name}": place for place, name in enumerate(_LOOK_ORDER)}


@dataclass(frozen=True, slots=True)
class Rich:
    """Text with a look: ``look`` are elements of w:rPr as XML, by their names."""

    text: str
    look: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """Text that jumps to an item or evidence."""

    text: Rich
    to: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture, with words for those who cannot see it."""

    picture: Picture
    alt: str


@dataclass(frozen=True, slots=True)
class Same:
    """Joins a table cell to the one above, if both show the same and have the same ``group``."""

    group: str


@dataclass(frozen=True, slots=True)
class Inserted:
    """Paragraphs and tables of another document; ``name`` is its file's, ``digest`` that of all it shows."""

    name: str
    elements: Callable[[str], list[etree._Element]]
    digest: str


Mark = Rich | Link | Shown | Same | Inserted


@dataclass(slots=True)
class Effort:
    """What the pictures of one document cost; all of its parts, and of documents in it, count together."""

    pixels: int = 0
    qr: int = 0


@dataclass(slots=True)
class Marks:
    """The marks of one XML part, in the order in which they were made; its methods are what templates call."""

    files: Files
    effort: Effort
    made: list[Mark] = field(default_factory=list)

    def get(self, number: str) -> Mark:
        """Return the mark that a number stands for. Raises TemplateError for one that a template made up."""
        try:
            return self.made[int(number)]
        except (ValueError, IndexError):
            raise TemplateError("it takes a link, a look or a picture apart", fix="show it as it is") from None

    def put(self, mark: Mark) -> Markup:
        """Return what stands for a mark until the XML is complete."""
        self.made.append(mark)
        return Markup(f"<?{_MARK} {len(self.made) - 1}?>")

    def link(self, text: object, to: str) -> object:
        """Return text that jumps to what the id ``to`` names; text alone where there is no such id."""
        words = self._rich(text)
        if not to or not words.text:
            return text if isinstance(text, Markup) else words.text
        spend(output=len(words.text))
        return self.put(Link(words, shown(to)))

    def rich(
        self,
        text: object,
        *,
        bold: bool | None = None,
        italic: bool | None = None,
        underline: bool | None = None,
        strike: bool | None = None,
        colour: str = "",
        color: str = "",
        highlight: str = "",
        size: float = 0,
        font: str = "",
    ) -> object:
        """Return text with a look of its own; what is not said is as its tag looks. Lines and tabs in it are kept."""
        inner = self._rich(text)
        spend(output=len(inner.text) + 500)
        look: dict[str, str] = dict(inner.look)
        for name, on in (("b", bold), ("bCs", bold), ("i", italic), ("iCs", italic), ("strike", strike)):
            if on is not None:
                look[name] = f'<w:{name} w:val="{int(bool(on))}"/>'
        if underline is not None:
            look["u"] = f'<w:u w:val="{"single" if underline else "none"}"/>'
        if colour or color:
            look["color"] = f'<w:color w:val="{_hex(colour or color, "colour")}"/>'
        if highlight:
            look["shd"] = f'<w:shd w:val="clear" w:color="auto" w:fill="{_hex(highlight, "highlight")}"/>'
        if size:
            half = _half_points(size)
            look["sz"], look["szCs"] = f'<w:sz w:val="{half}"/>', f'<w:szCs w:val="{half}"/>'
        if font:
            face = escape(shown(font)[:60])
            sides = "".join(f' w:{side}="{face}"' for side in ("ascii", "hAnsi", "eastAsia", "cs"))
            look["rFonts"] = f"<w:rFonts{sides}/>"
        return self.put(Rich(inner.text, tuple(look.items()))) if inner.text else ""

    def image(self, path: object, width: object = None, height: object = None, alt: object = "") -> object:
        """Return a picture of the template set, the sources, or the manifest's ``images``; nothing for no name."""
        name = shown(path)
        if not name:
            return ""
        picture = pictures.read(self.files.find(name), name, width, height)
        self.effort.pixels += max(picture.pixels, len(picture.data))
        if self.effort.pixels > MAX_PIXELS:
            raise TemplateError("the document shows too many large pictures", fix="save them smaller, or show fewer")
        spend(steps=10, output=1_000)
        return self.put(Shown(picture, shown(alt) or name))

    def qr(self, text: object, width: object = "25mm") -> object:
        """Return a QR code."""
        words = shown(text)
        self.effort.qr += len(words.encode())
        if self.effort.qr > MAX_QR:
            raise TemplateError("the document shows too many QR codes", fix="show fewer, or give them shorter texts")
        spend(steps=10, output=1_000)
        return self.put(Shown(pictures.qr(words, width), words))

    def merge(self, value: object, group: object = "") -> Markup:
        """Return a value whose table cell is joined to the one above, where both show the same in the same group."""
        return escape(value if isinstance(value, Markup) else shown(value)) + self.put(Same(shown(group)))

    def _rich(self, text: object) -> Rich:
        """Return text as it is put into a run; of marks in it those that are text."""
        if not isinstance(text, Markup):
            return Rich(shown(text))
        alone = _FOUND.fullmatch(text)
        mark = self.get(alone[1]) if alone else None
        if isinstance(mark, Rich | Link):
            return mark if isinstance(mark, Rich) else mark.text
        return Rich(Markup(_FOUND.sub(lambda found: escape(_plain(self.get(found[1]))), text)).unescape())


def told(mark: Mark) -> str:
    """Return all that decides what a mark puts into a document."""
    if isinstance(mark, Inserted):
        return f"{mark.name!r} {mark.digest}"
    if isinstance(mark, Shown):
        without = replace(mark.picture, data=b"")
        return f"{without!r} {mark.alt!r} {hashlib.sha256(mark.picture.data).hexdigest()}"
    return repr(mark)


def _plain(mark: Mark) -> str:
    if isinstance(mark, Rich):
        return mark.text
    return mark.text.text if isinstance(mark, Link) else ""


def _hex(value: object, key: str) -> str:
    found = _HEX.fullmatch(shown(value))
    if not found:
        raise TemplateError(f"{key}={shown(value)[:20]!r} is no colour", fix=f'write {key}="C00000": red, green, blue')
    return found[1].upper()


def _half_points(size: object) -> int:
    if isinstance(size, bool) or not isinstance(size, int | float) or not 1 <= size <= 400:
        raise TemplateError(f"size={str(size)[:20]} is no size of type", fix="write a number of points, like size=12")
    return round(size * 2)


# --- from marks to Word --------------------------------------------------------------------------------------------


def write(root: etree._Element, marks: Marks, file: WordFile, part: str) -> None:
    """Put what the marks of a part stand for into its tree, and turn line breaks and tabs in values into Word's.

    Raises TemplateError where a document is put in the middle of a paragraph.
    """
    joined: dict[etree._Element, Same] = {}
    for mark in list(root.iter(etree.ProcessingInstruction)):
        if mark.target != _MARK:
            _replace_by_text(mark, "")
        else:
            _place(mark, marks.get(mark.text or ""), joined, part)
    writer = _Writer(marks, file, part)
    for run in list(root.iter(f"{{{W}}}r")):
        if any(_needs_work(text) for text in run.iterchildren(f"{{{W}}}t")):
            pieces = list(writer.pieces(run))
            pieces[-1].tail = run.tail
            parent = run.getparent()
            at = parent.index(run)
            parent[at : at + 1] = pieces
    if joined:
        for table in root.iter(f"{{{W}}}tbl"):
            _join_cells(table, joined)
    for number, drawing in enumerate(root.iter(_DOC_PR), start=1):
        drawing.set("id", str(number))  # a loop repeats them, and Word wants each once


def _place(element: etree._Element, mark: Mark, joined: dict[etree._Element, Same], part: str) -> None:
    """Bring a mark to where it can be written: into a run's text, or between paragraphs; else it is plain text."""
    parent = element.getparent()
    if isinstance(mark, Same):
        cell = next(element.iterancestors(f"{{{W}}}tc"), None)
        if cell is not None:
            joined[cell] = mark
        _replace_by_text(element, "")
    elif isinstance(mark, Inserted):
        if parent is None or parent.tag not in _BLOCKS:
            raise TemplateError(
                f"{mark.name} stands in the middle of a paragraph",
                fix='write {{p subdoc("…") }} alone in a paragraph of its own',
            )
        _insert(element, mark.elements(part))
    elif parent is not None and parent.tag in (f"{{{W}}}p", f"{{{W}}}hyperlink"):
        # Its tag was {{r … }}, which stands for the whole run.
        run = etree.Element(f"{{{W}}}r")
        text = etree.SubElement(run, f"{{{W}}}t")
        element.addprevious(run)
        run.tail, element.tail = element.tail, None
        text.append(element)
    elif parent is None or parent.tag != f"{{{W}}}t":
        _replace_by_text(element, _plain(mark))


def _insert(element: etree._Element, elements: list[etree._Element]) -> None:
    parent = element.getparent()
    for inserted in elements:
        element.addprevious(inserted)
    _replace_by_text(element, "")
    last = parent[-1] if len(parent) else None
    if parent.tag != f"{{{W}}}body" and (last is None or last.tag != f"{{{W}}}p"):
        etree.SubElement(parent, f"{{{W}}}p")  # a cell and the like must end with a paragraph


def _needs_work(text: etree._Element) -> bool:
    return len(text) > 0 or "\n" in (text.text or "") or "\t" in (text.text or "")


def _replace_by_text(element: etree._Element, text: str) -> None:
    parent, before = element.getparent(), element.getprevious()
    text += element.tail or ""
    if before is None:
        parent.text = (parent.text or "") + text
    else:
        before.tail = (before.tail or "") + text
    element.tail = None
    parent.remove(element)


@dataclass(slots=True)
class _Writer:
    """Writes the runs of one part."""

    marks: Marks
    file: WordFile
    part: str
    _style: str = ""

    def style(self) -> Markup:
        """Return the id of the Hyperlink style, as an attribute holds it."""
        self._style = self._style or self.file.hyperlink_style()
        return escape(self._style)

    def make_room(self, run: etree._Element) -> None:
        """Let the lines of a paragraph grow with a picture in them: of lines of an exact height it would be cut off."""
        paragraph = next(run.iterancestors(f"{{{W}}}p"), None)
        if paragraph is None:
            return
        properties = paragraph.find(f"{{{W}}}pPr")
        own = properties.find(f"{{{W}}}spacing") if properties is not None else None
        named = properties.find(f"{{{W}}}pStyle") if properties is not None else None
        rule = own.get(_LINE_RULE) if own is not None else None
        height = own.get(_LINE) if own is not None else None
        if rule is None:
            rule, height = self.file.line_of(named.get(f"{{{W}}}val", "") if named is not None else "")
        if rule != "exact" or not height:
            return
        if properties is None:
            properties = etree.Element(f"{{{W}}}pPr")
            paragraph.insert(0, properties)
        if own is None:
            own = etree.Element(f"{{{W}}}spacing")
            at = sum(child.tag in _BEFORE_SPACING for child in properties)
            properties.insert(at, own)
        own.set(_LINE, height)
        own.set(_LINE_RULE, "atLeast")

    def pieces(self, run: etree._Element) -> Iterator[etree._Element]:
        """Split a run so that each of its marks is an element of its own, looking like the run."""
        linked = any(True for _ in run.iterancestors(f"{{{W}}}hyperlink"))
        piece = _like(run)
        for child in run:
            if child.tag == f"{{{W}}}rPr":
                continue
            if child.tag != f"{{{W}}}t":
                piece.append(deepcopy(child))
                continue
            _append_text(piece, child.text or "")
            for element in child:
                if _has_content(piece):
                    yield piece
                yield self.written(run, self.marks.get(element.text or ""), linked=linked)
                piece = _like(run)
                _append_text(piece, element.tail or "")
        if _has_content(piece):
            yield piece

    def written(self, run: etree._Element, mark: Mark, *, linked: bool) -> etree._Element:
        """Return the element that a mark becomes."""
        piece = _like(run)
        if isinstance(mark, Rich) or (isinstance(mark, Link) and linked):
            rich = mark if isinstance(mark, Rich) else mark.text
            _change_look(piece, rich.look)
            _append_text(piece, rich.text)
        elif isinstance(mark, Link):
            target = f"dossier:{quote(mark.to, safe=':-._~')}"
            relation = self.file.relate(self.part, "hyperlink", target, external=True)
            _change_look(piece, (("rStyle", f'<w:rStyle w:val="{self.style()}"/>'), *mark.text.look))
            _append_text(piece, mark.text.text)
            link = etree.Element(f"{{{W}}}hyperlink", {f"{{{R}}}id": relation, f"{{{W}}}history": "1"})
            link.append(piece)
            return link
        elif isinstance(mark, Shown):
            relation = self.file.add_picture(self.part, mark.picture.data, mark.picture.suffix)
            piece.append(_drawing(mark, relation))
            self.make_room(run)
        return piece


def _like(run: etree._Element) -> etree._Element:
    piece = etree.Element(run.tag, run.attrib)
    properties = run.find(f"{{{W}}}rPr")
    if properties is not None:
        piece.append(deepcopy(properties))
    return piece


def _change_look(piece: etree._Element, look: tuple[tuple[str, str], ...]) -> None:
    if not look:
        return
    properties = piece.find(f"{{{W}}}rPr")
    if properties is None:
        properties = etree.Element(f"{{{W}}}rPr")
        piece.insert(0, properties)
    for name, xml in look:
        for old in properties.findall(f"{{{W}}}{name}"):
            properties.remove(old)
        properties.append(etree.fromstring(xml.replace(" ", f' xmlns:w="{W}" ', 1)))
    properties[:] = sorted(properties, key=lambda child: _PLACE.get(child.tag, len(_PLACE)))


def _has_content(piece: etree._Element) -> bool:
    return any(child.tag != f"{{{W}}}rPr" for child in piece)


def _append_text(run: etree._Element, text: str) -> None:
    for token in re.split(r"(\n|\t)", text.replace("\r\n", "\n")):
        if token == "\n":
            etree.SubElement(run, f"{{{W}}}br")
        elif token == "\t":
            etree.SubElement(run, f"{{{W}}}tab")
        elif token:
            element = etree.SubElement(run, f"{{{W}}}t", {_XML_SPACE: "preserve"})
            element.text = token


def _drawing(mark: Shown, relation: str) -> etree._Element:
    across, down = round(mark.picture.width * _EMU), round(mark.picture.height * _EMU)
    name = escape(mark.alt[:200])
    return etree.fromstring(
        f'<w:drawing xmlns:w="{W}" xmlns:r="{R}" xmlns:wp="{_WP}" xmlns:a="{_A}" xmlns:pic="{_PIC}">'
        f'<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{across}" cy="{down}"/>'
        f'<wp:docPr id="0" name="picture" descr="{name}"/><wp:cNvGraphicFramePr>'
        f'<a:graphicFrameLocks noChangeAspect="1"/></wp:cNvGraphicFramePr><a:graphic><a:graphicData uri="{_PIC}">'
        f'<pic:pic><pic:nvPicPr><pic:cNvPr id="0" name="picture"/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:embed="{relation}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
        f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{across}" cy="{down}"/></a:xfrm>'
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic>'
        f"</wp:inline></w:drawing>"
    )


# --- cells that show the same --------------------------------------------------------------------------------------


def _join_cells(table: etree._Element, joined: dict[etree._Element, Same]) -> None:
    """Join each marked cell of a table to the one above it that shows the same; cells that show nothing stay alone."""
    above: dict[int, tuple[etree._Element, int, str, str]] = {}
    for row in table.findall(f"{{{W}}}tr"):
        here: dict[int, tuple[etree._Element, int, str, str]] = {}
        column = 0
        for cell in row.findall(f"{{{W}}}tc"):
            span = _span(cell)
            if cell in joined:
                shows = "".join(text.text or "" for text in cell.iter(f"{{{W}}}t")).strip()
                first = above.get(column)
                if shows and first and first[1:] == (span, shows, joined[cell].group):
                    _continue(first[0], cell)
                    here[column] = first
                else:
                    here[column] = (cell, span, shows, joined[cell].group)
            column += span
        above = here


def _span(cell: etree._Element) -> int:
    found = cell.find(f"{{{W}}}tcPr/{{{W}}}gridSpan")
    value = found.get(f"{{{W}}}val", "1") if found is not None else "1"
    return int(value) if value.isdigit() else 1


def _continue(first: etree._Element, cell: etree._Element) -> None:
    _merge(first, "restart")
    _merge(cell, "continue")
    paragraphs = cell.findall(f"{{{W}}}p")
    for child in list(cell):
        if child.tag != f"{{{W}}}tcPr" and child not in paragraphs[:1]:
            cell.remove(child)
    for paragraph in paragraphs[:1]:
        for child in list(paragraph):
            if child.tag != f"{{{W}}}pPr":
                paragraph.remove(child)


# What stands in w:tcPr before w:vMerge (ECMA-376 part 1, 17.4.69).
_BEFORE_MERGE = {f"{{{W}}}{name}" for name in ("cnfStyle", "tcW", "gridSpan", "hMerge")}


def _merge(cell: etree._Element, value: str) -> None:
    properties = cell.find(f"{{{W}}}tcPr")
    if properties is None:
        properties = etree.Element(f"{{{W}}}tcPr")
        cell.insert(0, properties)
    for old in properties.findall(f"{{{W}}}vMerge"):
        properties.remove(old)
    at = sum(child.tag in _BEFORE_MERGE for child in properties)
    properties.insert(at, etree.Element(f"{{{W}}}vMerge", {f"{{{W}}}val": value}))
