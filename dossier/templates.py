"""Fills Word templates with docxtpl's tags.

A template is a Word file whose text, headers, footers, footnotes, endnotes and properties hold Jinja tags: ``{{ … }}``
and ``{% … %}``, and docxtpl's ``{%tr … %}`` (a table row), ``{%p … %}`` (a paragraph), ``{%tc … %}`` (a cell) and
``{{r … }}``. docxtpl turns the XML that Word wrote into a Jinja template; everything else of the package is copied as
it is, so that the same template and values give the same bytes on any day.

:func:`fill` adds ``link(text, to)`` to what templates see: a hyperlink to ``dossier:<to>`` that binding turns into a
jump. It takes on the look of the tag it was written with, and the character style ``Hyperlink``, without which
LibreOffice drops the link.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from traceback import walk_tb
from urllib.parse import quote

from docxtpl import DocxTemplate
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.exceptions import TemplateError as JinjaError
from lxml import etree  # type: ignore[import-untyped]
from markupsafe import Markup

from dossier.convert import ooxml
from dossier.errors import ConversionError, TemplateError
from dossier.sandbox import MAX_OUTPUT, Budget, Compiled, Language, UnknownName, shown, spend

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_DOC_PR = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"

_BODY = "word/document.xml"
_STYLES = "word/styles.xml"
_CORE = "docProps/core.xml"
_CONTENT_TYPES = "[Content_Types].xml"
_FILLED = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml|docProps/core\.xml")
_TAG = re.compile(r"\{[{%#]")
_MAX_PART = 32 * 1024**2
_MAX_FILE = 128 * 1024**2
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a ZIP can hold
_JUMP = "dossier-jump"  # the processing instruction that stands for a link until the XML is complete
_WORD_HYPERLINK = "Hyperlink"
_SHOWN_TEXT = 90

_LANGUAGE = Language()
# What an author's expression can raise, such as adding text to a number.
_EXPRESSION_ERRORS = (JinjaError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


# --- filling -------------------------------------------------------------------------------------------------------


def fill(template: Path, context: Mapping[str, object], out: Path, *, where: str) -> None:
    """Fill a Word template with the values of ``context`` and write the document to ``out``.

    ``where`` names the template in messages. Raises TemplateError for a file that is not a sound Word document, for
    tags that are wrong or unbalanced, for names that are not in ``context``, and for what grows beyond all bounds; it
    names the paragraph where it can.
    """
    prepared = _prepared(template, where=where)
    members = dict(prepared.members)
    budget = Budget()
    for name, part in prepared.parts.items():
        jumps = _Jumps()
        text = _render(part, {**context, "link": jumps.link}, budget, where)
        root = _parse_filled(text, part, where)
        if part.columns:
            root = DocxTemplate(BytesIO()).fix_tables(etree.tostring(root, encoding="unicode"))
        _write_texts(root, jumps, prepared.hyperlink)
        members[name] = _serialised(root)
        if jumps.targets:
            _relate(members, name, jumps)
            _define_hyperlink(members, prepared.hyperlink)
    _write_package(members, out)


def title(template: Path) -> str:
    """Return the title property of a Word file, or nothing where it has none, or one with tags in it.

    Raises TemplateError for a file that is not a sound Word document.
    """
    core = _prepared(template, where=template.name).members.get(_CORE, b"")
    found = etree.fromstring(core, _parser()).findtext(_TITLE) if core else None
    return found if found and not _TAG.search(found) else ""


def prove(template: Path, *, where: str) -> None:
    """Raise TemplateError for a Word file that cannot be filled whatever the values are."""
    _prepared(template, where=where)


@dataclass(frozen=True, slots=True)
class _PartTemplate:
    """One XML part as a Jinja template; every paragraph starts a line of ``source``."""

    source: str
    compiled: Compiled
    columns: bool


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A template ready to be filled many times: its package's ``members``, and the ``parts`` that hold tags."""

    members: dict[str, bytes]
    parts: dict[str, _PartTemplate]
    hyperlink: str  # id of the Hyperlink character style


@dataclass(slots=True)
class _Jumps:
    """The links of one XML part, in the order in which they were made."""

    links: list[tuple[str, str]] = field(default_factory=list)

    def link(self, text: object, to: str) -> object:
        """Return what stands for a link until the XML is complete. Values cannot forge it, for they are escaped."""
        words = shown(text)
        if not to or not words:
            return words
        spend(output=len(words))
        self.links.append((words, shown(to)))
        return Markup(f"<?{_JUMP} {len(self.links) - 1}?>")

    @property
    def targets(self) -> dict[str, str]:
        """Relationship ids by target, without repetition."""
        return {to: f"jump{index}" for index, to in enumerate(dict.fromkeys(to for _, to in self.links), start=1)}


def _prepared(template: Path, *, where: str) -> _Prepared:
    try:
        data = template.read_bytes()
    except OSError as error:
        raise TemplateError(f"{where}: cannot be read: {error.strerror}", fix=f"check {template}") from error
    return _prepare(template, hashlib.sha256(data).digest(), where)


@lru_cache(maxsize=16)
def _prepare(template: Path, _sha256: bytes, where: str) -> _Prepared:
    members = read_package(template, where)
    parts: dict[str, _PartTemplate] = {}
    for name, data in members.items():
        if is_filled(name):
            root = parsed(data, name, where)
            if _has_tags(root):
                parts[name] = _compile(root, where)
    return _Prepared(members, parts, _hyperlink_style(members, where))


def read_package(template: Path, where: str) -> dict[str, bytes]:
    """Return the members of a Word file's package. Raises TemplateError for one that is not sound."""
    try:
        ooxml.inspect(template)
        with zipfile.ZipFile(template) as package:
            if sum(info.file_size for info in package.infolist()) > _MAX_FILE:
                raise TemplateError(f"{where}: unpacks to more than {_MAX_FILE >> 20} MiB", fix="make it smaller")
            members = {info.filename: package.read(info) for info in package.infolist() if not info.is_dir()}
    except ConversionError as error:
        raise TemplateError(f"{where}: {error.message}", fix=error.fix) from error
    if _BODY not in members or _CONTENT_TYPES not in members:
        raise TemplateError(f"{where}: is not a Word document (.docx)", fix="save it in Word as a .docx file")
    return members


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def parsed(data: bytes, name: str, where: str) -> etree._Element:
    """Return a member as a tree, nothing in it resolved. Raises TemplateError where it is damaged."""
    if len(data) > _MAX_PART:
        raise TemplateError(f"{where}: {name} is larger than {_MAX_PART >> 20} MiB", fix="split the document")
    try:
        return etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        raise TemplateError(f"{where}: {name} is damaged: {error}", fix="open it in Word and save it anew") from error


def is_filled(name: str) -> bool:
    """Say whether the tags in a member of the package are filled."""
    return _FILLED.fullmatch(name) is not None


def as_jinja(xml: str) -> str:
    """Return Word's XML as a Jinja template: tags put together again, and taken out of what they stand for."""
    return str(DocxTemplate(BytesIO()).patch_xml(xml))


def _has_tags(root: etree._Element) -> bool:
    return _TAG.search("".join(str(text) for text in root.itertext())) is not None


def _compile(root: etree._Element, where: str) -> _PartTemplate:
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)  # a template must not hold marks of its own
    for element in root.iter(f"{{{_W}}}t"):
        # A line break in the XML is a space to Word; in values it is a new line.
        element.text = (element.text or "").replace("\n", " ")
    xml = etree.tostring(root, encoding="unicode")
    columns = re.search(r"\{[%{]tc\s", xml) is not None
    patched = as_jinja(xml).replace("\n", " ")
    source = re.sub(r"<w:p(?=[ >])", "\n<w:p", patched)
    try:
        return _PartTemplate(source, _LANGUAGE.compiled(source), columns)
    except TemplateSyntaxError as error:
        message = f"{where}: {error.message}{_around(source, error.lineno)}"
        raise TemplateError(message, fix=_syntax_fix(error.message or "")) from error


def _render(part: _PartTemplate, context: Mapping[str, object], budget: Budget, where: str) -> str:
    budget.spend(output=len(part.source))
    try:
        return part.compiled.render(context, budget)
    except TemplateError as error:
        message = f"{where}: {error.message}{_around(part.source, _line_of(error))}"
        raise TemplateError(message, fix=error.fix) from error
    except _EXPRESSION_ERRORS as error:
        message, fix = _explain(error, {*context, *part.compiled.names})
        raise TemplateError(f"{where}: {message}{_around(part.source, _line_of(error))}", fix=fix) from error


def _parse_filled(text: str, part: _PartTemplate, where: str) -> etree._Element:
    if len(text) > MAX_OUTPUT:
        raise TemplateError(f"{where}: the document grows beyond {MAX_OUTPUT >> 20} MiB", fix="shorten its loops")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        return etree.fromstring(text.replace("\n<w:p", "<w:p").encode(), parser)
    except etree.XMLSyntaxError as error:
        tags = re.findall(r"\{%.*?%\}", part.source)
        shown = f": {', '.join(dict.fromkeys(tags))}" if tags else ""
        raise TemplateError(
            f"{where}: tags stand across the borders of paragraphs, cells or rows{_shorten(shown)}",
            fix="put {%tr … %} into table rows of their own, {%p … %} into paragraphs of their own, at both ends",
        ) from error


# --- messages ------------------------------------------------------------------------------------------------------


def _explain(error: Exception, names: set[str]) -> tuple[str, str]:
    text = str(error)
    if isinstance(error, UnknownName):
        if error.known:
            return f"there is no {error.name!r} here", _suggest(error.name, error.known, _one_of(error.known))
        return f"there is no name {error.name!r}", _suggest(error.name, names, _one_of(sorted(names)))
    if isinstance(error, SecurityError):
        return text, "templates may show values, loop over lists and compare; see templates/README.md"
    return text or type(error).__name__, "see templates/README.md for what templates may say"


def _suggest(name: str, known: Iterable[str], otherwise: str) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else otherwise


def _one_of(names: Iterable[str]) -> str:
    return f"use one of {', '.join(names)}; templates/README.md says what they are"


def _line_of(error: BaseException) -> int:
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == "<template>"]
    return lines[-1] if lines else 0


def _around(source: str, line: int) -> str:
    lines = source.split("\n")
    if not 0 < line <= len(lines):
        return ""
    text = " ".join(re.sub(r"<[^>]+>", "", lines[line - 1]).split())
    return f", in “{_shorten(text)}”" if text else ""


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_TEXT else f"{text[: _SHOWN_TEXT - 1]}…"


def _syntax_fix(message: str) -> str:
    if "unknown tag" in message and re.search(r"'(tr|tc|p|r)'", message):
        return "write {%tr … %} in a table row, {%tc … %} in a cell, {%p … %} in a paragraph, with no space in {%tr"
    if "end" in message.lower():
        return "every {% for … %} needs an {% endfor %} and every {% if … %} an {% endif %}, of the same kind (tr, p)"
    return "correct the tag in Word; what templates may say is in templates/README.md"


# --- from rendered XML to Word -------------------------------------------------------------------------------------


def _write_texts(root: etree._Element, jumps: _Jumps, style: str) -> None:
    """Turn line breaks and tabs in values into Word's, and the marks of links into hyperlinks."""
    targets = jumps.targets
    for mark in list(root.iter(etree.ProcessingInstruction)):
        if mark.target == _JUMP and not _in_run(mark):
            _replace_by_text(mark, jumps.links[int(mark.text)][0])
    for run in list(root.iter(f"{{{_W}}}r")):
        if any(_needs_work(text) for text in run.iterchildren(f"{{{_W}}}t")):
            pieces = list(_pieces(run, jumps, targets, style))
            pieces[-1].tail = run.tail
            parent = run.getparent()
            at = parent.index(run)
            parent[at : at + 1] = pieces
    for number, drawing in enumerate(root.iter(_DOC_PR), start=1):
        drawing.set("id", str(number))  # a loop repeats them, and Word wants each once


def _in_run(mark: etree._Element) -> bool:
    text = mark.getparent()
    linked = any(True for _ in mark.iterancestors(f"{{{_W}}}hyperlink"))
    return text is not None and text.tag == f"{{{_W}}}t" and not linked


def _needs_work(text: etree._Element) -> bool:
    return len(text) > 0 or "\n" in (text.text or "") or "\t" in (text.text or "")


def _replace_by_text(mark: etree._Element, text: str) -> None:
    parent, before = mark.getparent(), mark.getprevious()
    text += mark.tail or ""
    if before is None:
        parent.text = (parent.text or "") + text
    else:
        before.tail = (before.tail or "") + text
    mark.tail = None
    parent.remove(mark)


def _pieces(run: etree._Element, jumps: _Jumps, targets: Mapping[str, str], style: str) -> Iterator[etree._Element]:
    """Split a run so that each link of it is a hyperlink of its own, looking like the run."""
    piece = _like(run)
    for child in run:
        if child.tag == f"{{{_W}}}rPr":
            continue
        if child.tag != f"{{{_W}}}t":
            piece.append(deepcopy(child))
            continue
        _append_text(piece, child.text or "")
        for mark in child:
            if _has_content(piece):
                yield piece
            text, to = jumps.links[int(mark.text)]
            hyperlink = etree.Element(f"{{{_W}}}hyperlink", {f"{{{_R}}}id": targets[to], f"{{{_W}}}history": "1"})
            linked = etree.SubElement(hyperlink, f"{{{_W}}}r")
            linked.append(_linked_properties(run, style))
            _append_text(linked, text)
            yield hyperlink
            piece = _like(run)
            _append_text(piece, mark.tail or "")
    if _has_content(piece):
        yield piece


def _like(run: etree._Element) -> etree._Element:
    piece = etree.Element(run.tag, run.attrib)
    properties = run.find(f"{{{_W}}}rPr")
    if properties is not None:
        piece.append(deepcopy(properties))
    return piece


def _linked_properties(run: etree._Element, style: str) -> etree._Element:
    properties = run.find(f"{{{_W}}}rPr")
    properties = etree.Element(f"{{{_W}}}rPr") if properties is None else deepcopy(properties)
    for old in properties.findall(f"{{{_W}}}rStyle"):
        properties.remove(old)
    properties.insert(0, etree.Element(f"{{{_W}}}rStyle", {f"{{{_W}}}val": style}))
    return properties


def _has_content(piece: etree._Element) -> bool:
    return any(child.tag != f"{{{_W}}}rPr" for child in piece)


def _append_text(run: etree._Element, text: str) -> None:
    for token in re.split(r"(\n|\t)", text.replace("\r\n", "\n")):
        if token == "\n":
            etree.SubElement(run, f"{{{_W}}}br")
        elif token == "\t":
            etree.SubElement(run, f"{{{_W}}}tab")
        elif token:
            element = etree.SubElement(run, f"{{{_W}}}t", {_XML_SPACE: "preserve"})
            element.text = token


def has_hyperlink_style(styles: bytes) -> bool:
    """Say whether the styles of a Word file have the one that Word calls Hyperlink."""
    return _hyperlink_id(styles, "") is not None


def with_hyperlink_style(styles: bytes, style: str = _WORD_HYPERLINK) -> bytes:
    """Return the styles of a Word file with a Hyperlink style that looks like the text around it."""
    root = etree.fromstring(styles, _parser())
    root.append(
        etree.fromstring(
            f'<w:style xmlns:w="{_W}" w:type="character" w:styleId="{style}"><w:name w:val="{_WORD_HYPERLINK}"/>'
            '<w:uiPriority w:val="99"/><w:unhideWhenUsed/></w:style>'
        )
    )
    return _serialised(root)


def _hyperlink_id(styles: bytes, where: str) -> str | None:
    """Return the id of the style that Word calls Hyperlink; in a Chinese Word the id is another, such as ``a9``."""
    for style in parsed(styles, _STYLES, where).iter(f"{{{_W}}}style"):
        name = style.find(f"{{{_W}}}name")
        if name is not None and name.get(f"{{{_W}}}val", "").lower() == _WORD_HYPERLINK.lower():
            return str(style.get(f"{{{_W}}}styleId"))
    return None


def _hyperlink_style(members: Mapping[str, bytes], where: str) -> str:
    found = _hyperlink_id(members[_STYLES], where) if _STYLES in members else None
    return found or _WORD_HYPERLINK


def _define_hyperlink(members: dict[str, bytes], style: str) -> None:
    """Give the document a Hyperlink style, if it has none."""
    if _STYLES not in members:
        return
    root = etree.fromstring(members[_STYLES], _parser())
    if all(found.get(f"{{{_W}}}styleId") != style for found in root.iter(f"{{{_W}}}style")):
        members[_STYLES] = with_hyperlink_style(members[_STYLES], style)


def _relate(members: dict[str, bytes], part: str, jumps: _Jumps) -> None:
    folder, _, name = part.rpartition("/")
    rels = f"{folder}/_rels/{name}.rels"
    empty = f'<Relationships xmlns="{_RELS}"/>'.encode()
    root = etree.fromstring(members.get(rels, empty), _parser())
    for to, relation in jumps.targets.items():
        etree.SubElement(
            root,
            f"{{{_RELS}}}Relationship",
            {
                "Id": relation,
                "Type": f"{_R}/hyperlink",
                "Target": f"dossier:{quote(to, safe=':-._~')}",
                "TargetMode": "External",
            },
        )
    members[rels] = _serialised(root)


def _serialised(root: etree._Element) -> bytes:
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return data


def _write_package(members: Mapping[str, bytes], out: Path) -> None:
    """Write a ZIP whose bytes depend on the members alone; readers want the content types first."""
    names = sorted(members, key=lambda name: (name != _CONTENT_TYPES, not name.startswith("_rels/"), name))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name in names:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0  # else the bytes tell which system wrote them
            package.writestr(info, members[name])
