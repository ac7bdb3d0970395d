"""A Word file as its author sees it: paragraphs in places that have a name, tags in them, and the mending of tags.

Word cuts a tag into runs wherever it likes. docxtpl joins runs again, so that most cuts do no harm: proofing marks,
revision ids, a change of look, text put in or struck out by a tracked change in the middle of a tag. It cannot join a
tag whose ends stand in different containers (one inside a tracked insertion, a link or a field), it sees tags that a
tracked change has struck out, it loses tabs and line breaks, and of the characters that Word and input methods put into
tags it knows no others than four curly quotes. :func:`read` finds what does harm, by letting docxtpl try; :func:`mend`
writes such tags anew.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

from dossier import templates
from dossier.errors import Severity

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"

_BODY = "word/document.xml"
_CORE = "docProps/core.xml"
_PROPERTIES = {
    "title": "标题", "subject": "主题", "creator": "作者", "keywords": "标记", "description": "备注",
    "category": "类别", "lastModifiedBy": "最后修改者", "contentStatus": "状态",
}  # fmt: skip
_WHICH = {"default": "", "first": "first-page ", "even": "even-page "}
_WHICH_CN = {"default": "", "first": "首页", "even": "偶数页"}
_UNFILLED = (
    ("word/charts/", "chart (图表)"),
    ("word/diagrams/", "diagram (SmartArt)"),
    ("word/comments", "comment (批注)"),
    ("docProps/app.xml", "property of the organisation (单位、经理)"),
    ("docProps/custom.xml", "custom property (自定义属性)"),
)
_SHOWN_TEXT = 90

# What in a run stands for a character, and what docxtpl makes of it inside a tag: nothing.
_BREAKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-", f"{_W}softHyphen": "\xad"}
_DELETED = (f"{_W}del", f"{_W}moveFrom")
_INSERTED = (f"{_W}ins", f"{_W}moveTo")
_LOOSE = {f"{_W}{name}" for name in ("ins", "moveTo", "smartTag", "customXml", "hyperlink", "dir", "bdo")}
"""Containers that a tag can be taken out of without loss."""
WRAPPED = (*_INSERTED, *(f"{_W}{name}" for name in ("smartTag", "customXml", "dir", "bdo")))
"""Those of them that can be taken away from around whatever they hold."""


@dataclass(slots=True)
class Piece:
    """An element of a run that holds text; ``start`` is where in its paragraph's text it begins."""

    element: etree._Element
    text: str
    start: int
    deleted: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(slots=True)
class Paragraph:
    """A paragraph, or a property: ``place`` says where, ``text`` what a reader sees, struck out text left out."""

    element: etree._Element
    place: str
    text: str = ""
    pieces: list[Piece] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)

    @property
    def without_tags(self) -> str:
        """What a reader sees beside the tags."""
        text = self.text
        for tag in reversed(self.tags):
            text = text[: tag.start] + text[tag.end :]
        return text

    @property
    def shown(self) -> str:
        """The text as messages quote it."""
        text = " ".join(self.text.split())
        return text if len(text) <= _SHOWN_TEXT else f"{text[: _SHOWN_TEXT - 1]}…"


@dataclass(slots=True)
class Tag:
    """A tag: where it stands in its paragraph, as it is written there and as it should be."""

    paragraph: Paragraph
    start: int
    end: int
    written: str
    text: str

    @property
    def pieces(self) -> list[Piece]:
        """What it is made of, what is struck out between its ends included."""
        return [
            piece
            for piece in self.paragraph.pieces
            if (piece.end > self.start and piece.start < self.end and not piece.deleted)
            or (piece.deleted and self.start < piece.start < self.end)
        ]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with how a tag is written; ``mendable`` where :func:`mend` can write it as it should be."""

    paragraph: Paragraph
    code: str
    message: str
    fix: str
    severity: Severity = "error"
    mendable: bool = False


@dataclass(slots=True)
class Story:
    """One XML part that is filled: its paragraphs and tags in order, and what is wrong with how tags are written."""

    name: str
    root: etree._Element
    paragraphs: list[Paragraph]
    tags: list[Tag] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    copies: Story | None = None
    """What text boxes keep for old versions of Word: the same once more, to be mended and not to be spoken of."""


@dataclass(slots=True)
class Document:
    """A Word file; ``unfilled`` are the places where tags stand that nothing fills, with their text."""

    path: Path
    members: dict[str, bytes]
    stories: list[Story]
    unfilled: list[tuple[str, str]]


def read(path: Path) -> Document:
    """Read a Word file. Raises TemplateError for one that is damaged, hostile, locked, or no Word document."""
    members = templates.read_package(path, path.name)
    labels = _labels(members, path)
    stories = []
    for name, label in labels.items():
        root = templates.parsed(members[name], name, path.name)
        paragraphs = list(_properties(root) if name == _CORE else _paragraphs(root, label))
        copies = _story(name, root, [one for one in paragraphs if _is_copy(one)])
        stories.append(_story(name, root, [one for one in paragraphs if not _is_copy(one)], copies))
    return Document(path, members, stories, list(_unfilled(members)))


def _story(name: str, root: etree._Element, paragraphs: list[Paragraph], copies: Story | None = None) -> Story:
    story = Story(name, root, paragraphs, copies=copies)
    for paragraph in paragraphs:
        _find_tags(story, paragraph)
    return story


def mend(document: Document) -> bytes:
    """Return the Word file with all mendable tags written as they should be; the document's own trees are changed.

    Whatever is not touched stays byte for byte as it was.
    """
    changed: dict[str, bytes] = {}
    for story in document.stories:
        for one in filter(None, (story, story.copies)):
            mendable = {id(fault.paragraph) for fault in one.faults if fault.mendable}
            for tag in reversed(one.tags):  # so that what stands before keeps its place
                if id(tag.paragraph) in mendable and _is_spoiled(tag) and _is_free(tag):
                    _rewrite(tag)
            for paragraph in one.paragraphs:
                if id(paragraph) in mendable:
                    _strike(paragraph)
            if mendable:
                changed[one.name] = etree.tostring(one.root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return repacked(document.path, changed)


def probe(document: Document) -> bytes:
    """Return the Word file with each tag replaced by what it may become; the document's own trees are changed.

    That is a Chinese character and a digit for a value, and whatever text stands in quotes in the tag.
    """
    for story in document.stories:
        for tag in [*reversed(story.tags), *reversed(story.copies.tags if story.copies else [])]:
            if _is_free(tag):
                value = "汉1" if tag.text.startswith("{{") else ""
                tag.text = value + "".join(string[0][1:-1] for string in _STRING.finditer(tag.text))
                _rewrite(tag)
    changed = {story.name: etree.tostring(story.root, encoding="UTF-8") for story in document.stories}
    return repacked(document.path, changed)


def repacked(path: Path, changed: Mapping[str, bytes]) -> bytes:
    """Return the bytes of a package with some of its members changed, or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as package, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
        for entry in package.infolist():
            copy.writestr(entry, changed.get(entry.filename, package.read(entry)))
        for name in changed.keys() - set(package.namelist()):
            copy.writestr(name, changed[name])
    return out.getvalue()


# --- places --------------------------------------------------------------------------------------------------------


def _labels(members: Mapping[str, bytes], path: Path) -> dict[str, str]:
    """Return what a person calls each part that is filled, the body first."""
    labels = {_BODY: "body (正文)"}
    body = templates.parsed(members[_BODY], _BODY, path.name)
    targets = _targets(members, path)
    sections = list(body.iter(f"{_W}sectPr"))
    for number, section in enumerate(sections, start=1):
        where = f" of section {number}" if len(sections) > 1 else ""
        for kind, chinese in (("header", "页眉"), ("footer", "页脚")):
            for reference in section.iterchildren(f"{_W}{kind}Reference"):
                which = reference.get(f"{_W}type", "default")
                name = targets.get(reference.get(f"{_R}id", ""), "")
                if name in members and name not in labels:
                    labels[name] = f"{_WHICH.get(which, '')}{kind}{where} ({_WHICH_CN.get(which, '')}{chinese})"
    others = {"word/footnotes.xml": "footnote (脚注)", "word/endnotes.xml": "endnote (尾注)", _CORE: "property"}
    for name in members:
        if name not in labels and templates.is_filled(name):
            labels[name] = others.get(name, f"unused {'header' if 'header' in name else 'footer'} ({name})")
    return labels


def _targets(members: Mapping[str, bytes], path: Path) -> dict[str, str]:
    rels = "word/_rels/document.xml.rels"
    if rels not in members:
        return {}
    root = templates.parsed(members[rels], rels, path.name)
    return {
        element.get("Id", ""): posixpath.normpath(posixpath.join("/word", element.get("Target", ""))).lstrip("/")
        for element in root.iterchildren("{*}Relationship")
        if element.get("TargetMode") != "External"
    }


def _properties(root: etree._Element) -> Iterator[Paragraph]:
    for element in root.iterchildren():
        name = etree.QName(element).localname
        if element.text and name in _PROPERTIES:
            piece = Piece(element, element.text, 0)
            yield Paragraph(element, f"{name} property ({_PROPERTIES[name]})", element.text, [piece])


def _paragraphs(root: etree._Element, label: str) -> Iterator[Paragraph]:
    """Yield every paragraph of a part, the copies that text boxes keep for old versions of Word among them."""
    rows = dict(_rows(root))
    notes = {note: number for number, note in enumerate(_notes(root), start=1)}
    for element in root.iter(f"{_W}p"):
        paragraph = Paragraph(element, _place(element, label, rows, notes))
        _collect(paragraph, element, deleted=False)
        yield paragraph


def _is_copy(paragraph: Paragraph) -> bool:
    return next(paragraph.element.iterancestors(f"{_MC}Fallback"), None) is not None


def _rows(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """Yield the rows of all tables that stand in no other table, with what they are called."""
    tables: dict[etree._Element, int] = {}
    counts: Counter[etree._Element] = Counter()
    for row in root.iter(f"{_W}tr"):
        around = list(row.iterancestors(f"{_W}tbl"))
        if len(around) == 1:
            table = tables.setdefault(around[0], len(tables) + 1)
            counts[around[0]] += 1
            yield row, f"table {table} row {counts[around[0]]} (表格)"


def _notes(root: etree._Element) -> Iterator[etree._Element]:
    return (note for note in root.iter(f"{_W}footnote", f"{_W}endnote") if note.get(f"{_W}type") is None)


def _place(
    element: etree._Element, label: str, rows: Mapping[etree._Element, str], notes: Mapping[etree._Element, int]
) -> str:
    above = list(element.iterancestors())
    note = next((notes[one] for one in above if one in notes), None)
    if note is not None:
        label = label.replace("note (", f"note {note} (")
    parts = [label, *(rows[one] for one in above if one in rows)]
    if any(one.tag == f"{_W}txbxContent" for one in above):
        parts.append("text box (文本框)")
    return ", ".join(parts)


def _collect(paragraph: Paragraph, parent: etree._Element, *, deleted: bool) -> None:
    for child in parent:
        if child.tag in (f"{_W}p", f"{_W}pPr", f"{_W}rPr", f"{_MC}Fallback") or not isinstance(child.tag, str):
            continue
        gone = deleted or child.tag in _DELETED
        text = child.text or "" if child.tag in (f"{_W}t", f"{_W}delText") else _BREAKS.get(child.tag)
        if text is None:
            _collect(paragraph, child, deleted=gone)
            continue
        gone = gone or child.tag == f"{_W}delText"
        paragraph.pieces.append(Piece(child, text, len(paragraph.text), gone))
        paragraph.text += "" if gone else text


def _unfilled(members: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    for name, data in members.items():
        label = next((label for start, label in _UNFILLED if name.startswith(start)), None)
        if label and name.endswith(".xml"):
            for found in re.findall(r"\{\{.*?\}\}|\{%.*?%\}", re.sub(r"<[^>]+>", "", data.decode("utf-8", "replace"))):
                yield label, found


# --- tags ----------------------------------------------------------------------------------------------------------

_NOTHING = "[\\s\u200b\u200c\u200d\u2060\ufeff\xad]"
_OPEN = re.compile(rf"[{{｛]({_NOTHING}*)([{{｛%％#＃])")
_CLOSE = {
    "{": re.compile(rf"[}}｝]{_NOTHING}*[}}｝]"),
    "%": re.compile(rf"[%％]{_NOTHING}*[}}｝]"),
    "#": re.compile(rf"[#＃]{_NOTHING}*[}}｝]"),
}
_KIND = {"{": "{", "｛": "{", "%": "%", "％": "%", "#": "#", "＃": "#"}
_STRAY = re.compile(r"\}\}|｝｝|%\}|％｝|#\}")
_END_OF = {"{": "}}", "%": "%}", "#": "#}"}


def _find_tags(story: Story, paragraph: Paragraph) -> None:
    """Find the tags of a paragraph, and what is wrong with how they are written."""
    text, at = paragraph.text, 0
    while begin := _OPEN.search(text, at):
        kind = _KIND[begin[2]]
        end = _CLOSE[kind].search(text, begin.end())
        following = _OPEN.search(text, begin.end()) if kind != "#" else None
        _find_stray(story, paragraph, text[at : begin.start()])
        if begin[1] and kind == "{" and re.match(r"\s*[A-Za-z_]", text[begin.end() :]) is None:
            at = begin.end()  # brackets, and no tag
            continue
        if end is None or (following and following.start() < end.start() and not following[1]):
            at = begin.end()
            if not begin[1]:
                rest = text[begin.start() : following.start() if following else len(text)].strip()
                message = f"the tag “{_shorten(rest)}” is not closed in its paragraph"
                fix = f"write {_END_OF[kind]} where it ends, in the same paragraph"
                story.faults.append(Fault(paragraph, "tag-unclosed", message, fix))
            continue
        at = end.end()
        written = text[begin.start() : at]
        inside = text[begin.end() : end.start()]
        mended = f"{{{kind}{inside if kind == '#' else _mended(inside)}{_END_OF[kind]}"
        if kind != "#":
            mended = re.sub(r"^\{([{%])\s+(tr|tc|p|r)\s+(?=\w)", r"{\1\2 ", mended)
        tag = Tag(paragraph, begin.start(), at, written, mended)
        story.tags.append(tag)
        paragraph.tags.append(tag)
        if kind != "#":
            story.faults += _faults(tag)
    _find_stray(story, paragraph, text[at:])
    story.faults += _struck_out(paragraph)


def _find_stray(story: Story, paragraph: Paragraph, between: str) -> None:
    if stray := _STRAY.search(between):
        message = f"“{stray[0]}” ends a tag that never began, and is printed as it stands"
        story.faults.append(Fault(paragraph, "tag-unopened", message, "write {{ or {% where the tag begins"))


_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3002: "."}
_DASHES = dict.fromkeys(map(ord, "–—−‐‑"), "-")
_SPACES = dict.fromkeys((9, 10, 0xA0, 0x3000, 0x202F, 0x205F, *range(0x2000, 0x200B)), " ")
_ZERO = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD), None)
_QUOTES = {**dict.fromkeys(map(ord, "“”„‟＂″"), '"'), **dict.fromkeys(map(ord, "‘’‚‛＇′"), "'")}
_OUTSIDE = {**_HALF, **_DASHES, **_SPACES, **_ZERO}
_STRING = re.compile("\"[^\"]*\"|'[^']*'")


def _mended(inside: str) -> str:
    """Return the inside of a tag in characters that Jinja reads; what stands in quotes stays, but for the quotes."""
    if re.search("[\"']", inside) is None or not _nested(inside):
        inside = inside.translate(_QUOTES)
    pieces: list[str] = []
    at = 0
    for string in _STRING.finditer(inside):
        pieces += [inside[at : string.start()].translate(_OUTSIDE), string[0]]
        at = string.end()
    return "".join([*pieces, inside[at:].translate(_OUTSIDE)])


def _nested(inside: str) -> bool:
    """Say whether curly quotes stand inside straight ones, where they are meant to be printed."""
    return any(re.search("[“”‘’]", string[0][1:-1]) for string in _STRING.finditer(inside))


def _faults(tag: Tag) -> Iterator[Fault]:
    paragraph, said = tag.paragraph, _shorten(" ".join(tag.written.split()))
    free = _is_free(tag)
    fix = f"write {_shorten(tag.text)}" if free else "delete the tag and type it anew, outside the field or control"
    harmless: Severity = "info"
    plain = _STRING.sub("", tag.written)
    outside = _STRING.sub("", tag.written.translate(_QUOTES))

    def fault(code: str, message: str, severity: Severity = "error") -> Fault:
        return Fault(paragraph, code, message, fix, severity, free)

    if set(map(ord, outside)) & _HALF.keys():
        yield fault("tag-fullwidth", f"{said} holds full-width characters, which tags do not know")
    if set(map(ord, outside)) & _DASHES.keys():
        yield fault("tag-dash", f"{said} holds a dash that Word made of a hyphen")
    if set(plain) & set("“”‘’„‟＂″‚‛＇′"):
        known = not set(plain) & set("„‟＂″‚‛＇′")
        yield fault("tag-quotes", f"{said} holds curly quotes", harmless if known else "error")
    elif _nested(tag.written):
        message = f"{said} holds curly quotes inside straight ones, which are taken for straight ones"
        yield Fault(paragraph, "tag-quotes", message, "write quotes that are to be printed outside the tag")
    if set(map(ord, outside)) & _ZERO.keys():
        yield fault("tag-spaces", f"{said} holds characters that cannot be seen")
    elif re.match(r"\{[{%](tr|tc|p|r)[^\S ]", tag.written) or re.search(r"\w[\t\n]\w", outside):
        yield fault("tag-spaces", f"{said} holds a tab, line break or fixed space where a space belongs")
    elif set(map(ord, outside)) & _SPACES.keys():
        yield fault("tag-spaces", f"{said} holds a tab, line break or fixed space", harmless)
    if re.match(r"[{｛]\s+", tag.written) or re.search(r"\s+[}｝]$", tag.written):
        yield fault("tag-gap", f"{said} has a space between its brackets, and is printed as it stands")
    if re.match(r"\{[{%]\s+(tr|tc|p|r)\s+\w", tag.written):
        yield fault("tag-prefix", f"{said} has a space before its tr, tc, p or r")
    yield from _cuts(tag, said, free=free)


def _cuts(tag: Tag, said: str, *, free: bool) -> Iterator[Fault]:
    """Find out whether Word has cut a tag in a way that docxtpl cannot undo, by letting it try."""
    pieces = tag.pieces
    live = [piece for piece in pieces if not piece.deleted]
    if len(pieces) > 1 and not _is_joined(tag):
        names = {etree.QName(name).localname for piece in live for name in _chain(piece)}
        cause = _cause(names, struck=len(live) < len(pieces))
        fix = "accept the change, or delete the tag and type it anew" if "tracked" in cause else "type the tag anew"
        if not free:
            fix = "delete the tag and type it anew, outside the field or control"
        message = f"{said} is cut in pieces by {cause}, and cannot be put together"
        yield Fault(tag.paragraph, "tag-split", message, fix, "error", free)
    elif is_wrapped(tag) or len(live) < len(pieces):
        tracked = len(live) < len(pieces) or any(name in _INSERTED for piece in live for name in _chain(piece))
        message = f"{said} holds tracked changes; it is read as if they were accepted"
        if not tracked:
            message = f"{said} stands in a mark that Word puts around names and places (smart tag)"
        yield Fault(tag.paragraph, "tag-tracked", message, "accept the changes", "info", free)
    looks = {_look(piece) for piece in live if piece.text.strip()}
    if len(looks) > 1:
        message = f"{said} has more than one look; its value gets that of the tag's first letter"
        yield Fault(tag.paragraph, "tag-look", message, "give the whole tag one look, brackets included", "info")


def _cause(names: set[str], *, struck: bool) -> str:
    if struck or names & {"ins", "moveTo"}:
        return "a tracked change (修订)"
    if "hyperlink" in names:
        return "a link (超链接)"
    if names & {"sdt", "sdtContent"}:
        return "a content control (内容控件)"
    return "a field (域)" if "fldSimple" in names else "something that stands between them"


def _is_joined(tag: Tag) -> bool:
    """Say whether docxtpl puts a tag together again, and leaves whole elements around it."""
    kind = re.match(r"^\{[{%](tr|tc)\s", tag.text)
    inside = tag.paragraph.element
    # What such a tag stands for goes away with all that is in it.
    whole = next(inside.iterancestors(f"{_W}{kind[1]}"), inside) if kind else inside
    patched = templates.as_jinja(etree.tostring(whole, encoding="unicode", with_tail=False))
    wanted = tag.text if kind and whole is inside else re.sub(r"^\{([{%])(tr|tc|p|r)\s", r"{\1 ", tag.text)
    if "".join(wanted.split()) not in "".join(patched.translate(_QUOTES).split()):
        return False
    try:
        etree.fromstring(f"<all>{re.sub(r'{%.*?%}|{{.*?}}|{#.*?#}', '', patched, flags=re.DOTALL)}</all>")
    except etree.XMLSyntaxError:
        return False
    return True


def _chain(piece: Piece) -> tuple[str, ...]:
    """Return what a piece stands in, from its paragraph down to its run."""
    names: list[str] = []
    for above in piece.element.getparent().iterancestors():
        if above.tag == f"{_W}p":
            break
        names.append(above.tag)
    return tuple(reversed(names))


_NO_LOOK = {f"{_W}{name}" for name in ("lang", "noProof", "rFonts", "ins", "del", "rPrChange", "szCs", "bCs", "iCs")}


def _look(piece: Piece) -> bytes:
    run = piece.element.getparent()
    properties = run.find(f"{_W}rPr") if run is not None else None
    if properties is None:
        return b""
    marks = [etree.tostring(child, method="c14n") for child in properties if child.tag not in _NO_LOOK]
    fonts = properties.find(f"{_W}rFonts")
    names = [fonts.get(f"{_W}{slot}", "") for slot in ("ascii", "eastAsia")] if fonts is not None else []
    return b"".join(sorted(marks)) + repr(names if any(names) else []).encode()


def _struck_out(paragraph: Paragraph) -> Iterator[Fault]:
    """Report tags, and halves of tags, in text that a tracked change has struck out: they act all the same."""
    gone = "".join(piece.text for piece in paragraph.pieces if piece.deleted)
    if re.search("[{}]", gone):  # one is enough: docxtpl would join it to another one near by
        message = f"“{_shorten(gone.strip())}” is struck out by a tracked change (修订), and is read all the same"
        yield Fault(paragraph, "tag-deleted", message, "accept the change", "error", mendable=True)


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_TEXT else f"{text[: _SHOWN_TEXT - 1]}…"


# --- mending -------------------------------------------------------------------------------------------------------


def _is_free(tag: Tag) -> bool:
    """Say whether a tag can be written into the run of its first letter without touching anything else."""
    pieces = tag.pieces
    if len(pieces) < 2:
        return True
    if len({_chain(piece) for piece in pieces}) > 1 and not all(
        name in _LOOSE or name in _DELETED for piece in pieces for name in _chain(piece)
    ):
        return False
    first, last = pieces[0].element, pieces[-1].element
    between = False
    for element in tag.paragraph.element.iter():
        between = (between or element is first) and element is not last
        if between and element.tag in (f"{_W}fldChar", f"{_W}instrText", f"{_W}drawing", f"{_W}pict", f"{_W}object"):
            return False
    return True


def _is_spoiled(tag: Tag) -> bool:
    return tag.text != tag.written or len(tag.pieces) > 1 or is_wrapped(tag)


def is_wrapped(tag: Tag) -> bool:
    """Say whether a tag stands in a tracked insertion, or in something else that Word put around it."""
    return any(name in WRAPPED for piece in tag.pieces for name in _chain(piece))


def _rewrite(tag: Tag) -> None:
    """Write a tag as it should be into its first piece, and cut it out of the others."""
    pieces = [piece for piece in tag.pieces if not piece.deleted]
    struck = [piece for piece in tag.pieces if piece.deleted]
    first = pieces[0]
    for piece in reversed(pieces):
        head = piece.text[: max(0, tag.start - piece.start)]
        tail = piece.text[max(0, tag.end - piece.start) :] if tag.end < piece.end else ""
        piece.text = f"{head}{tag.text}{tail}" if piece is first else tail
        _write(piece)
    for piece in struck:
        _remove(piece.element)
    for above in _around(first.element):
        _unwrap(above)
    _place_anew(tag.paragraph)
    tag.end += len(tag.text) - (tag.end - tag.start)
    tag.written = tag.text


def _place_anew(paragraph: Paragraph) -> None:
    at = 0
    for piece in paragraph.pieces:
        piece.start = at
        at += 0 if piece.deleted else len(piece.text)
    paragraph.text = "".join(piece.text for piece in paragraph.pieces if not piece.deleted)


def _write(piece: Piece) -> None:
    if piece.element.tag in _BREAKS:
        if not piece.text:
            _remove(piece.element)
        return
    piece.element.text = piece.text
    if piece.text:
        if piece.element.tag == f"{_W}t":
            piece.element.set(_XML_SPACE, "preserve")
    else:
        _remove(piece.element)


def _remove(element: etree._Element) -> None:
    """Remove an element, and what is left without anything in it: its run, and the tracked change around that."""
    parent = element.getparent()
    if parent is None:
        return
    parent.remove(element)
    empty = parent.tag == f"{_W}r" and all(child.tag == f"{_W}rPr" for child in parent)
    if empty or (parent.tag in (*_LOOSE, *_DELETED) and len(parent) == 0):
        _remove(parent)


def _around(element: etree._Element) -> list[etree._Element]:
    """Return what Word put around an element inside its paragraph, the innermost first."""
    found: list[etree._Element] = []
    for above in element.iterancestors():
        if above.tag == f"{_W}p":
            break
        if above.tag in WRAPPED:
            found.append(above)
    return found


def _unwrap(container: etree._Element) -> None:
    parent = container.getparent()
    if parent is not None:
        at = parent.index(container)
        parent[at : at + 1] = list(container)


def _strike(paragraph: Paragraph) -> None:
    """Remove the text that is struck out and holds parts of tags; and the row or paragraph struck out with it."""
    if not list(_struck_out(paragraph)):
        return
    for piece in paragraph.pieces:
        if piece.deleted:
            _remove(piece.element)
    paragraph.pieces = [piece for piece in paragraph.pieces if not piece.deleted]
    row = next(paragraph.element.iterancestors(f"{_W}tr"), None)
    if row is not None and row.find(f"{_W}trPr/{_W}del") is not None:
        row.getparent().remove(row)
    elif paragraph.element.find(f"{_W}pPr/{_W}rPr/{_W}del") is not None and not paragraph.text:
        parent = paragraph.element.getparent()
        if sum(child.tag == f"{_W}p" for child in parent) > 1:
            parent.remove(paragraph.element)
