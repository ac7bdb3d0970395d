"""Fills Word templates with docxtpl's tags.

A template is a Word file whose text, headers, footers, footnotes, endnotes and properties hold Jinja tags: ``{{ … }}``
and ``{% … %}``, and docxtpl's ``{%tr … %}`` (a table row), ``{%p … %}`` (a paragraph), ``{%tc … %}`` (a cell) and
``{{r … }}``. docxtpl turns the XML that Word wrote into a Jinja template; everything else of the package is copied as
it is, so that the same template and values give the same bytes on any day.

:func:`fill` adds functions that write into the Word file to what templates see, such as ``link(text, to)``: a hyperlink
to ``dossier:<to>`` that binding turns into a jump. It takes on the look of the tag it was written with, and the
character style ``Hyperlink``, without which LibreOffice drops the link.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from traceback import walk_tb

from docxtpl import DocxTemplate
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.exceptions import TemplateError as JinjaError
from lxml import etree  # type: ignore[import-untyped]

from dossier import wordfile
from dossier.convert import ooxml
from dossier.errors import ConversionError, TemplateError
from dossier.files import Files
from dossier.marks import Effort, Inserted, Marks, told, write
from dossier.sandbox import MAX_OUTPUT, Budget, Compiled, Language, UnknownName, shown
from dossier.subdocuments import graft
from dossier.wordfile import BODY, CONTENT_TYPES, W, WordFile

_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_CORE = "docProps/core.xml"
_FILLED = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml|docProps/core\.xml")
_TAG = re.compile(r"\{[{%#]")
_CLOSING = {"{": "}}", "%": "%}", "#": "#}"}
_SPLIT_BRACES = re.compile(r"(?<=\{)(?:<[^>]*>)+(?=[{%#])|(?<=[%}#])(?:<[^>]*>)+(?=\})")  # as Word cuts tags into runs
_OF_CELLS = re.compile(r"\s*(?:vm|hm|colspan|cellbg)\b")
_BLANKS = re.compile(r"\s{500}")
_LONGEST_TAG = 50_000  # characters of XML: a long tag in many runs
_MOST_TAGS = 20_000
_MAX_PART = 32 * 1024**2
_MAX_FILE = 128 * 1024**2
_MOST_INSIDE = 5  # documents open at a time, each put into the one before
_SHOWN_TEXT = 90

_LANGUAGE = Language()
# What an author's expression can raise, such as adding text to a number.
_EXPRESSION_ERRORS = (JinjaError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


# --- filling -------------------------------------------------------------------------------------------------------


def fill(
    template: Path,
    context: Mapping[str, object],
    out: Path,
    *,
    where: str,
    files: Files = Files(),  # noqa: B008 - it cannot be changed
    date_pattern: str = "",
) -> None:
    """Fill a Word template with the values of ``context`` and write the document to ``out``.

    ``where`` names the template in messages; pictures and documents put into it come from ``files``. Raises
    TemplateError for a file that is not a sound Word document, for tags that are wrong or unbalanced, for names that
    are not in ``context``, and for what grows beyond all bounds; it names the paragraph where it can.
    """
    rendered(template, context, where=where, files=files, date_pattern=date_pattern).write(out)


def rendered(
    template: Path,
    context: Mapping[str, object],
    *,
    where: str,
    files: Files = Files(),  # noqa: B008 - it cannot be changed
    date_pattern: str = "",
) -> Rendered:
    """Work out what a template shows with the values of ``context``; raises and takes the same as :func:`fill`.

    That is a quarter of filling it: the rest need not be done where the same has been filled before.
    """
    filling = _Filling(context, files, date_pattern)
    return filling.rendered(template, where)


@dataclass(slots=True)
class Rendered:
    """A template whose tags have been worked out, and that is not a Word file yet.

    ``shown`` are its parts with tags: name, template, what came out, and what is to be put into that.
    """

    where: str
    sha256: str
    file: WordFile
    shown: list[tuple[str, _PartTemplate, str, Marks]] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """A digest of all that the Word file depends on: equal ones make equal files."""
        digest = hashlib.sha256(self.sha256.encode())
        for name, _, text, marks in self.shown:
            said = f"{name}\0{len(text)}\0{text}\0{[told(mark) for mark in marks.made]}\0"
            digest.update(said.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def write(self, out: Path) -> None:
        """Write the Word file. Raises TemplateError where it would not be one."""
        self.finished().write(out)

    def finished(self) -> WordFile:
        """Return the Word file. Raises TemplateError where it would not be one."""
        for name, part, text, marks in self.shown:
            root = _parse_filled(text, part, self.where)
            if part.columns:
                root = DocxTemplate(BytesIO()).fix_tables(etree.tostring(root, encoding="unicode"))
            try:
                write(root, marks, self.file, name)
            except (TemplateError, RecursionError) as error:
                message, fix = (error.message, error.fix) if isinstance(error, TemplateError) else (str(error), "")
                raise TemplateError(f"{self.where}: {message}", fix=fix) from error
            self.file.put(name, root)
        return self.file


@dataclass(slots=True)
class _Filling:
    """The filling of one document and of those that are put into it: they share names, and what they may use up."""

    context: Mapping[str, object]
    files: Files
    date_pattern: str
    budget: Budget = field(default_factory=Budget)
    effort: Effort = field(default_factory=Effort)
    open: list[Path] = field(default_factory=list)

    def rendered(self, template: Path, where: str) -> Rendered:
        """Return a document whose tags have been worked out."""
        prepared = _prepared(template, where=where)
        found = Rendered(where, prepared.sha256, WordFile(dict(prepared.members)))
        self.open.append(template.resolve())
        for name, part in prepared.parts.items():
            marks = Marks(self.files, self.effort)
            found.shown.append((name, part, self.render(part, marks, found.file, where), marks))
        self.open.pop()
        return found

    def render(self, part: _PartTemplate, marks: Marks, file: WordFile, where: str) -> str:
        functions = {
            "link": marks.link, "rich": marks.rich, "image": marks.image, "qr": marks.qr, "merge": marks.merge,
            "subdoc": lambda name: self.subdocument(shown(name), marks, file),
        }  # fmt: skip
        self.budget.spend(output=len(part.source))
        context = {**self.context, **functions}
        try:
            return part.compiled.render(context, self.budget, self.date_pattern)
        except TemplateError as error:
            message = f"{where}: {error.message}{_around(part.source, _line_of(error))}"
            raise TemplateError(message, fix=error.fix) from error
        except _EXPRESSION_ERRORS as error:
            message, fix = _explain(error, {*context, *part.compiled.names})
            raise TemplateError(f"{where}: {message}{_around(part.source, _line_of(error))}", fix=fix) from error

    def subdocument(self, name: str, marks: Marks, host: WordFile) -> object:
        """Return what stands for another document, which is filled like this one."""
        path = self.files.find(name)
        if path in self.open:
            ring = " → ".join(opened.name for opened in [*self.open[self.open.index(path) :], path])
            raise TemplateError(f"documents are put into one another in a ring: {ring}", fix="take one of them out")
        if len(self.open) >= _MOST_INSIDE:
            raise TemplateError(
                f"documents are put into one another more than {_MOST_INSIDE} deep", fix="put their texts together"
            )
        inner = self.rendered(path, where=name)
        digest, filled = inner.digest, inner.finished()
        self.budget.spend(steps=1_000, output=len(filled.members[BODY]))
        return marks.put(Inserted(name, lambda part: graft(filled, name, host, part), digest))


def title(template: Path) -> str:
    """Return the title property of a Word file, or nothing where it has none, or one with tags in it.

    Raises TemplateError for a file that is not a sound Word document.
    """
    core = read_package(template, template.name).get(_CORE, b"")  # its tags are no matter here, and take their time
    found = etree.fromstring(core, ooxml.parser()).findtext(_TITLE) if core else None
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
    sha256: str


def _prepared(template: Path, *, where: str) -> _Prepared:
    try:
        data = template.read_bytes()
    except OSError as error:
        raise TemplateError(f"{where}: cannot be read: {error.strerror}", fix=f"check {template}") from error
    return _prepare(template, hashlib.sha256(data).hexdigest(), where)


@lru_cache(maxsize=16)
def _prepare(template: Path, sha256: str, where: str) -> _Prepared:
    members = read_package(template, where)
    parts: dict[str, _PartTemplate] = {}
    for name, data in members.items():
        if is_filled(name):
            root = parsed(data, name, where)
            if _has_tags(root):
                parts[name] = _compile(root, where)
    return _Prepared(members, parts, sha256)


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
    if BODY not in members or CONTENT_TYPES not in members:
        raise TemplateError(f"{where}: is not a Word document (.docx)", fix="save it in Word as a .docx file")
    return members


def parsed(data: bytes, name: str, where: str) -> etree._Element:
    """Return a member as a tree, nothing in it resolved. Raises TemplateError where it is damaged."""
    if len(data) > _MAX_PART:
        raise TemplateError(f"{where}: {name} is larger than {_MAX_PART >> 20} MiB", fix="split the document")
    try:
        return etree.fromstring(data, ooxml.parser())
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
    for element in root.iter(f"{{{W}}}t"):
        # A line break in the XML is a space to Word; in values it is a new line.
        element.text = (element.text or "").replace("\n", " ")
    xml = etree.tostring(root, encoding="unicode")
    _check_tags(xml, where)
    columns = re.search(r"\{[%{]tc\s", xml) is not None
    patched = as_jinja(xml).replace("\n", " ")
    source = re.sub(r"<w:p(?=[ >])", "\n<w:p", patched)
    try:
        return _PartTemplate(source, _LANGUAGE.compiled(source), columns)
    except TemplateSyntaxError as error:
        message = f"{where}: {error.message}{_around(source, error.lineno)}"
        raise TemplateError(message, fix=_syntax_fix(error.message or "")) from error


def _check_tags(xml: str, where: str) -> None:
    """Raise TemplateError for tags on which docxtpl's patterns would be at work for ever; no honest author has such."""
    joined = _SPLIT_BRACES.sub("", xml)
    at, count = 0, 0
    while found := _TAG.search(joined, at):
        start, end = found.start(), joined.find(_CLOSING[found[0][1]], found.end())
        inside = joined[found.end() : end if end >= 0 else found.end() + _LONGEST_TAG]
        count += 1
        if count > _MOST_TAGS:
            raise TemplateError(f"{where}: it has more than {_MOST_TAGS} tags", fix="use loops, or split the document")
        nested = found[0][1] != "#" and _TAG.search(inside)
        if end < 0 or len(inside) > _LONGEST_TAG or nested or _BLANKS.search(inside):
            text = _text_of(joined[start : start + _LONGEST_TAG])
            raise TemplateError(
                f"{where}: a tag does not end, in “{_shorten(text)}”",
                fix="write {{ … }} and {% … %} with both ends, in one paragraph and without another tag in it",
            )
        if found[0][1] == "#":
            _check_tags(inside, where)  # what was commented out
        if joined.find("-%}", at, start) >= 0 or _is_attribute(joined, start, inside):
            near = _shorten(_text_of(joined[max(0, start - 500) : start]))
            raise TemplateError(
                f"{where}: a tag stands where none can act, near “{near}”",
                fix="write it as plain text, in a paragraph or a table cell",
            )
        at = end + 2
    if joined.find("-%}", at) >= 0:
        raise TemplateError(f"{where}: a tag ends that did not begin: -%}}", fix="delete it, or write the whole tag")


def _is_attribute(xml: str, start: int, inside: str) -> bool:
    """Say whether a tag that changes its table cell stands in an attribute, such as a picture's words."""
    return _OF_CELLS.match(inside) is not None and xml.rfind("<", 0, start) > xml.rfind(">", 0, start)


def _text_of(xml: str) -> str:
    return " ".join(re.sub(r"<[^>]*>?", "", xml).split())


def _parse_filled(text: str, part: _PartTemplate, where: str) -> etree._Element:
    if len(text) > MAX_OUTPUT:
        raise TemplateError(f"{where}: the document grows beyond {MAX_OUTPUT >> 20} MiB", fix="shorten its loops")
    try:
        return etree.fromstring(text.replace("\n<w:p", "<w:p").encode(), ooxml.parser(huge=True))
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
    text = _text_of(lines[line - 1])
    return f", in “{_shorten(text)}”" if text else ""


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_TEXT else f"{text[: _SHOWN_TEXT - 1]}…"


def _syntax_fix(message: str) -> str:
    if "unknown tag" in message and re.search(r"'(tr|tc|p|r)'", message):
        return "write {%tr … %} in a table row, {%tc … %} in a cell, {%p … %} in a paragraph, with no space in {%tr"
    if "end" in message.lower():
        return "every {% for … %} needs an {% endfor %} and every {% if … %} an {% endif %}, of the same kind (tr, p)"
    return "correct the tag in Word; what templates may say is in templates/README.md"


# --- styles ---------------------------------------------------------------------------------------------------------


def has_hyperlink_style(styles: bytes) -> bool:
    """Say whether the styles of a Word file have the one that Word calls Hyperlink."""
    return wordfile.has_style(styles, "Hyperlink", "character")


def with_hyperlink_style(styles: bytes) -> bytes:
    """Return the styles of a Word file with a Hyperlink style, which looks like the text around it if it is new."""
    file = WordFile({wordfile.STYLES: styles})
    file.hyperlink_style()
    return wordfile.serialised(file.styles())
