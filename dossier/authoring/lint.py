"""Checks Word templates without building: each mistake with its place in the file, the text around it, and a remedy."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dossier import fonts, template_sets, templates, views
from dossier.authoring import scope, tags
from dossier.authoring.stage import Stage, set_around, shipped
from dossier.authoring.tags import Document, Paragraph, Story, Tag
from dossier.convert import embedded, ooxml
from dossier.errors import ConversionError, OutputError, SetError, Severity, TemplateError, UsageError
from dossier.template_sets import TemplateSet

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STYLES = "word/styles.xml"
_OWN = ("cover", "divider", "index", "placeholder", "vacant", "photos", "scores", "checklist", *views.LETTERS)
_ALWAYS = ("divider", "placeholder")
_PROOF = "evidence that is a template"

_FETCHED = frozenset({"INCLUDEPICTURE", "INCLUDETEXT", "LINK", "DDE", "DDEAUTO", "IMPORT", "DATABASE", "RD"})
_COUNTED = {
    "PAGE": "Word's own page number (PAGE)",
    "NUMPAGES": "Word's own count of pages (NUMPAGES)",
    "SECTIONPAGES": "Word's own count of pages (SECTIONPAGES)",
    "PAGEREF": "Word's own reference to a page (PAGEREF)",
    "TOC": "Word's own table of contents (TOC)",
}
_LOST = frozenset({"image", "oleObject", "video", "audio", "media", "subDocument", "frame", "aFChunk", "package"})
_SINGLE = re.compile(r"(?<!\{)(\{\s*([a-z_]+)(?:\.\w+)*\s*\})(?!\})")
_PLACED = {"tr": ("tr", "table row"), "tc": ("tc", "cell"), "p": ("p", "paragraph")}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing an author should know: where, in which words of theirs, what is wrong and what to do.

    An ``error`` stops a build or spoils its pages; ``mended`` says that the file has been put right.
    """

    file: str
    place: str
    text: str
    code: str
    message: str
    fix: str
    severity: Severity = "error"
    mended: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found in the ``files`` that were looked at; ``backups`` are what mended files were before."""

    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    backups: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether no error is left."""
        return not any(found.severity == "error" and not found.mended for found in self.findings)


def check(named: str, *, mend: bool = False) -> Report:
    """Check what a path or the name of a set leads to: a Word file, or all of a set's own.

    With ``mend``, tags that Word or an input method has spoiled are put right in place where that is safe, and the file
    as it was is kept beside it as ``.bak``. Raises UsageError where there is nothing of that name.
    """
    path = Path(named)
    try:
        found = set_around(path) if path.is_file() else find(named)
    except SetError as error:
        own = [Finding(template_sets.SETTINGS, one.where, "", one.code, one.message, one.fix) for one in error.problems]
        files = [path] if path.is_file() else template_sets.word_files(path)
        return _checked(files, own, Stage.of(shipped()), mend=mend)
    if path.is_file():
        return _checked([path], [], Stage.of(found), mend=mend)
    return _checked(template_sets.word_files(found.folder), list(_about(found)), Stage.of(found), mend=mend)


def find(named: str) -> TemplateSet:
    """Return the set that a folder or a name leads to. Raises UsageError for none, SetError for a bad one."""
    path = Path(named)
    try:
        if path.is_dir():
            whole = path.resolve()
            return template_sets.find_set(whole.name, whole.parent)
        return template_sets.find_set(named, Path())
    except SetError:
        raise
    except TemplateError as error:
        if path.exists():
            raise UsageError(error.message, fix=error.fix) from error
        sets = ", ".join(template_sets.available())
        raise UsageError(
            f"there is no Word file, folder or template set {named!r}",
            fix=f"name a .docx, the folder of a set, or one of {sets}",
        ) from error


def _about(found: TemplateSet) -> Iterator[Finding]:
    """Say what a set lacks, and what of its folder nothing reads."""
    for name in _ALWAYS:
        if name not in found.names:
            yield Finding(
                f"{name}.docx", "", "", "set-incomplete", f"the set has no {name}.docx, which every book needs",
                f"write `extends: official` in its {template_sets.SETTINGS}, or copy {name}.docx from another set",
            )  # fmt: skip
    for path in sorted(found.folder.iterdir()):
        if path.suffix.lower() in (".doc", ".dot", ".dotx", ".docm", ".dotm", ".wps", ".rtf", ".odt"):
            yield Finding(
                path.name, "", "", "not-read", "is no .docx, so it is not among the set's templates",
                "save it in Word as .docx (Word 文档)", "warning",
            )  # fmt: skip


def _checked(paths: Sequence[Path], own: Sequence[Finding], stage: Stage, *, mend: bool) -> Report:
    findings = list(own)
    backups: list[str] = []
    for path in paths:
        found, backup = _check_file(path, stage, mend=mend)
        findings += found
        backups += [str(backup)] if backup else []
    return Report(tuple(path.name for path in paths), tuple(findings), tuple(backups))


def _check_file(path: Path, stage: Stage, *, mend: bool) -> tuple[list[Finding], Path | None]:
    try:
        notes = ooxml.inspect(path)
        read = tags.read(path)
    except ConversionError as error:
        message = error.message.removeprefix(f"{path.name}: ")
        return [Finding(path.name, "", "", error.code, message, error.fix)], None
    except TemplateError as error:
        message = error.message.removeprefix(f"{path.name}: ")
        return [Finding(path.name, "", "", "not-word", message, error.fix)], None
    found = _Findings(path.name)
    for note in notes:
        if note.code == ooxml.MACROS:
            found.add("macros", "holds macros, which are never run", "save it as .docx without macros", "warning")
    links = any(re.search(r"\blink\s*\(", tag.text) for story in read.stories for tag in story.tags)
    _look_at_writing(found, read)
    for story in read.stories:
        _look_at_names(found, story, path.stem)
        _look_at_places(found, story)
        _look_at_word(found, story)
        _look_at_links(found, story, read.members)
    _look_outside(found, read)
    if links:
        _look_for_style(found, read)
    spoiled = [one for one in found.found if one.mendable]
    backup = _mend(path, read, style=any(one.code == "hyperlink-style" for one in found.found)) if (
        mend and spoiled
    ) else None  # fmt: skip
    _look_at_letters(found, path)
    if not any(one.finding.severity == "error" for one in found.found):
        _try(found, path, stage)
    mended = backup is not None
    return [replace(one.finding, mended=mended and one.mendable) for one in found.found], backup


@dataclass(frozen=True, slots=True)
class _Found:
    finding: Finding
    mendable: bool

    @property
    def code(self) -> str:
        return self.finding.code


@dataclass(slots=True)
class _Findings:
    file: str
    found: list[_Found] = field(default_factory=list)

    def add(
        self, code: str, message: str, fix: str, severity: Severity = "error", *,
        at: Paragraph | None = None, place: str = "", mendable: bool = False,
    ) -> None:  # fmt: skip
        text = at.shown if at is not None else ""
        one = Finding(self.file, at.place if at is not None else place, text, code, message, fix, severity)
        if all(one != other.finding for other in self.found):
            self.found.append(_Found(one, mendable))


# --- tags ----------------------------------------------------------------------------------------------------------


def _look_at_writing(found: _Findings, read: Document) -> None:
    for story in read.stories:
        for fault in story.faults:
            found.add(fault.code, fault.message, fault.fix, fault.severity, at=fault.paragraph, mendable=fault.mendable)
    for place, tag in read.unfilled:
        found.add("not-filled", f"{tag} stands where tags are not filled, and is printed as it stands",
                  "write the tag in the text, a header or footer, a footnote or a text box", "warning",
                  place=place)  # fmt: skip


def _look_at_names(found: _Findings, story: Story, name: str) -> None:
    """Report names that are not there, in the tags as they are meant."""
    known = views.names(name)
    elsewhere = {key: where for key, where in _elsewhere().items() if key not in known}
    for issue in scope.examine([tag.text for tag in story.tags], known, elsewhere):
        tag = story.tags[issue.tag]
        severity, fix = issue.severity, issue.fix
        if issue.code == "not-here" and name not in _OWN and any(_PROOF in one for one in elsewhere.values()):
            severity, fix = "warning", f"{fix}; ignore this if the file is named as evidence with `template: true`"
        found.add(issue.code, issue.message, fix, severity, at=tag.paragraph)
    _look_for_braces(found, story, known)


def _elsewhere() -> dict[str, tuple[str, ...]]:
    """Return the names that are not there in every template, with those where they are."""
    hints: dict[str, Any] = {}
    for name in (*_OWN, "evidence"):
        hints |= views.names(name)
    only = {name: views.said(hint).only for name, hint in hints.items()}
    return {
        name: tuple(_PROOF if one == "evidence" else f"{one}.docx" for one in where)
        for name, where in only.items() if where
    }  # fmt: skip


def _look_for_braces(found: _Findings, story: Story, known: Mapping[str, Any]) -> None:
    """Report names in single braces, which are printed as they stand."""
    for paragraph in story.paragraphs:
        for written, first in re.findall(_SINGLE, paragraph.without_tags):
            if first in known:
                message = f"{written} has single brackets, and is printed as it stands"
                found.add("tag-braces", message, f"write {{{written}}}", "warning", at=paragraph)


def _look_at_places(found: _Findings, story: Story) -> None:
    """Report tags that stand where they cannot act, and loops that begin in one place and end in another."""
    seen: dict[tuple[str, Any], Tag] = {}
    for tag in story.tags:
        kind = scope.prefix(tag.text)
        if kind not in _PLACED:
            continue
        name, called = _PLACED[kind]
        place = _holder(tag, name)
        if place is None:
            found.add("outside-table", f"{tag.text} stands outside any table", "write it in a table, or use {%p … %}",
                      at=tag.paragraph)  # fmt: skip
            continue
        other = seen.setdefault((kind, place), tag)
        if other is not tag:
            message = f"{other.text} and {tag.text} stand in the same {called}, of which only one acts"
            fix = f"put each of them into a {called} of its own, and between them what is to be repeated"
            found.add("two-in-one", message, fix, at=tag.paragraph)
            continue
        rest = _rest(story, place)
        if rest:
            found.add("text-lost", f"the {called} vanishes with {tag.text}, and with it “{rest[:60]}”",
                      f"move that text into another {called}", "warning", at=tag.paragraph)  # fmt: skip
    for block in scope.blocks([tag.text for tag in story.tags]):
        _look_at_ends(found, [story.tags[number] for number in block])


def _holder(tag: Tag, name: str) -> Any:
    element = tag.paragraph.element
    return element if name == "p" else next(element.iterancestors(f"{_W}{name}"), None)


def _rest(story: Story, place: Any) -> str:
    """Return the text of a row, cell or paragraph without the tags in it."""
    inside = [one for one in story.paragraphs if one.element is place or place in one.element.iterancestors()]
    return " ".join(" ".join(one.without_tags for one in inside).split())


def _look_at_ends(found: _Findings, block: Sequence[Tag]) -> None:
    first = block[0]
    for other in block[1:]:
        here, there = _standing(first), _standing(other)
        if here == there:
            continue
        if _standing(first, wrapped=False) == _standing(other, wrapped=False):
            inner = first if len(here[0]) > len(there[0]) else other
            message = f"{first.text} and {other.text} are parted by a tracked change (修订) around one of them"
            found.add(
                "block-tracked", message, "accept the change", at=inner.paragraph, mendable=tags.is_wrapped(inner)
            )
            continue
        held = {
            f"{_W}hyperlink": "a link (超链接)",
            f"{_W}sdt": "a content control (内容控件)",
            f"{_W}fldSimple": "a field (域)",
        }
        around = next((held[name] for name in set(here[0]) ^ set(there[0]) if name in held), "")
        if around:
            message = f"{first.text} and {other.text} are parted by {around} around one of them"
            found.add("block-crossing", message, "take it away, or type both tags anew outside it", at=other.paragraph)
            continue
        kinds = scope.prefix(first.text), scope.prefix(other.text)
        cells = "different cells" if here[0] == there[0] else "different places, such as a table and the text around it"
        message = f"{first.text} and {other.text} stand in {cells}"
        fix = "put each into a table row of its own as {%tr … %}, or each into a paragraph of its own as {%p … %}"
        if kinds[0] != kinds[1] and any(kinds):
            end = re.sub(r"^\{%(?:tr|tc|p|r)?\s*", f"{{%{kinds[0]} ", other.text)
            message = f"{first.text} and {other.text} are not of the same kind"
            fix = f"write {end}, in a {_PLACED[kinds[0]][1]} of its own" if kinds[0] in _PLACED else f"write {end}"
        found.add("block-crossing", message, fix, at=other.paragraph)


def _standing(tag: Tag, *, wrapped: bool = True) -> tuple[Any, ...]:
    """Return what a tag stands in, as far as it must be the same at both ends: kinds of element, and the very cell.

    Without ``wrapped``, tracked changes and the like are left out.
    """
    kind = scope.prefix(tag.text)
    element = tag.paragraph.element
    if kind in _PLACED:
        place = _holder(tag, _PLACED[kind][0])
        element = element if place is None else place
        above = list(element.iterancestors())
    else:
        run = tag.pieces[0].element
        above = [one for one in run.iterancestors() if one.tag != f"{_W}r"]
    names = tuple(one.tag for one in above if wrapped or one.tag not in tags.WRAPPED)
    cell = next((one for one in above if one.tag in (f"{_W}tc", f"{_W}txbxContent")), None)
    return (names, cell)


def _try(found: _Findings, path: Path, stage: Stage) -> None:
    """Let the filling itself have the last word on what the tags of a file may be."""
    try:
        templates.prove(path, where=path.name)
        stage.rehearse(path)
    except TemplateError as error:
        message = error.message.removeprefix(f"{path.name}: ")
        if "there is no file" in message:
            fix = f"{error.fix}; ignore this if the manifest's `images` or its sources have it"
            found.add("file-missing", message, fix, "warning")
        else:
            found.add("filling", message, error.fix)


# --- the Word file around them -------------------------------------------------------------------------------------


def _look_at_word(found: _Findings, story: Story) -> None:
    by_element = {paragraph.element: paragraph for paragraph in story.paragraphs}

    def near(element: Any) -> Paragraph | None:
        above = [element, *element.iterancestors()]
        return next((by_element[one] for one in above if one in by_element), None)

    label = story.paragraphs[0].place.split(",")[0] if story.paragraphs else ""
    for element, message in embedded.losses(story.root):
        found.add("not-drawn", f"the embedded engine does not draw all of it: {message}",
                  "do it another way, or always build with --engine libreoffice", "warning",
                  at=near(element), place=label)  # fmt: skip
    changes = list(story.root.iter(f"{_W}ins", f"{_W}del", f"{_W}moveFrom", f"{_W}moveTo"))
    if changes:
        count = f"{len(changes)} tracked changes (修订)" if len(changes) > 1 else "a tracked change (修订)"
        found.add("tracked-changes", f"holds {count}; LibreOffice prints them as such, struck out text too",
                  "accept or reject all changes (审阅 → 接受所有修订)", "warning",
                  at=near(changes[0]), place=label)  # fmt: skip
    for paragraph in story.paragraphs:
        for instruction in _instructions(paragraph.element):
            word = instruction.split()[0].upper() if instruction.split() else ""
            if word in _FETCHED:
                found.add("external-content", f"the field {word} asks for contents from outside, which are not fetched",
                          "put the contents into the document (选中域后按 Ctrl+Shift+F9)", at=paragraph)  # fmt: skip
            elif word in _COUNTED:
                found.add("own-page-number", f"{_COUNTED[word]} counts this document's pages, not the book's",
                          "delete it: the book's numbers are stamped; show others with tags, such as page(…)",
                          "warning", at=paragraph)  # fmt: skip


def _instructions(paragraph: Any) -> Iterator[str]:
    """Yield the instructions of the fields that begin in a paragraph."""
    for simple in paragraph.iter(f"{_W}fldSimple"):
        yield simple.get(f"{_W}instr", "")
    said: list[str] = []
    for element in paragraph.iter(f"{_W}fldChar", f"{_W}instrText"):
        if element.tag == f"{_W}instrText":
            said.append(element.text or "")
        elif said and element.get(f"{_W}fldCharType") in ("separate", "end"):
            yield "".join(said)
            said = []
    if said:
        yield "".join(said)


def _look_outside(found: _Findings, read: Document) -> None:
    """Report what the file would fetch from elsewhere."""
    places = {story.name: story.paragraphs[0].place.split(",")[0] for story in read.stories if story.paragraphs}
    with zipfile.ZipFile(read.path) as package:
        outside = ooxml.externals(read.path, package)
    for one in outside:
        folder, _, name = one.part.rpartition("/_rels/")
        place = places.get(f"{folder}/{name.removesuffix('.rels')}", "")
        if one.kind == "attachedTemplate":
            found.add("external-content", f"is attached to a Word template elsewhere, which is not read: {one.target}",
                      "nothing need be done", "info")  # fmt: skip
            continue
        what = {"image": "a linked picture", "oleObject": "a linked object"}.get(one.kind, f"a linked {one.kind}")
        severity: Severity = "error" if one.kind in _LOST else "warning"
        found.add("external-content", f"holds {what}, which is not fetched: {one.target}",
                  "put it into the document: 断开链接 (Break Link), or insert the picture anew", severity,
                  place=place)  # fmt: skip


def _look_at_links(found: _Findings, story: Story, members: Mapping[str, bytes]) -> None:
    """Report the links that an author has written by hand and that lead out of the book."""
    folder, _, name = story.name.rpartition("/")
    rels = f"{folder}/_rels/{name}.rels"
    targets = {
        element.get("Id"): element.get("Target", "")
        for element in (templates.parsed(members[rels], rels, found.file) if rels in members else ())
        if element.get("TargetMode") == "External" and element.get("Type", "").endswith("/hyperlink")
    }
    for paragraph in story.paragraphs:
        for link in paragraph.element.iter(f"{_W}hyperlink"):
            target = targets.get(link.get(_ID), "")
            scheme = target.partition(":")[0].lower()
            if not target or scheme == "dossier":
                continue
            if scheme in ("http", "https", "mailto"):
                message = f"a link leads out of the book: {target}"
                found.add("external-link", message, "nothing need be done if it is meant", "info", at=paragraph)
            else:
                found.add("external-link", f"a link leads to a file that readers do not have: {target}",
                          "take the link away, or use link(…) to jump to what is bound", "warning",
                          at=paragraph)  # fmt: skip


def _look_for_style(found: _Findings, read: Document) -> None:
    data = read.members.get(_STYLES)
    if data is None or templates.has_hyperlink_style(data):
        return
    place = next(tag.paragraph for story in read.stories for tag in story.tags if "link" in tag.text)
    found.add("hyperlink-style", "link() is used, and the file has no style Hyperlink: a build adds a plain one",
              "insert any hyperlink in Word and delete it again: the style stays, and can be changed", "warning",
              at=place, mendable=True)  # fmt: skip


def _look_at_letters(found: _Findings, path: Path) -> None:
    """Report fonts that are not here, and characters that no font has, with tags taken for Chinese text."""
    probe = tags.read(path)
    stories = probe.stories
    with TemporaryDirectory(prefix="dossier-") as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(tags.probe(probe))
        try:
            prepared = embedded.prepare(copy)
        except ConversionError as error:
            found.add(error.code, error.message.removeprefix(f"{path.name}: "), error.fix)
            return
    if prepared.uncounted:
        found.add("not-drawn", f"the embedded engine does not draw all of it: {prepared.uncounted}",
                  "choose another format for the list, or always build with --engine libreoffice",
                  "warning")  # fmt: skip
    for char in sorted(prepared.missing | prepared.symbols):
        at = next((one for story in stories for one in story.paragraphs if char in one.text), None)
        lost = char in prepared.missing
        what = "a box is printed instead" if lost else "the embedded engine draws it in a face of its own"
        found.add("missing-character", f"no font here has {char} (U+{ord(char):04X}): {what}",
                  "use another character, or install the font that the text asks for",
                  "error" if lost else "warning", at=at)  # fmt: skip
    for name, family in sorted(prepared.families.items()):
        face = fonts.resolve_embedded(name)
        if not name or not face.shipped or family not in (face.family, *_STAND_INS) or embedded.same_widths(name):
            continue
        other = fonts.resolve(name).family
        severity: Severity = "info" if name in fonts.known_names() else "warning"
        message = f"the font {name} is not here: the embedded engine draws {family}, LibreOffice {other}"
        found.add("missing-font", message, "install it where the book is built, or choose another font", severity)


_STAND_INS = ("Liberation Serif", "Liberation Sans")


# --- mending -------------------------------------------------------------------------------------------------------


def _mend(path: Path, read: Document, *, style: bool) -> Path:
    """Put the file right, and return where it is kept as it was."""
    locks = [path.with_name(f"~${path.name}"), path.with_name(f"~${path.name[2:]}")]
    if any(lock.exists() for lock in locks):
        raise OutputError(f"{path} is open in Word", fix="close it there, and run this again")
    before = path.read_bytes()
    data = tags.mend(read)
    backup = _free_name(path)
    aside = path.with_name(f".{path.name}.tmp")
    try:
        backup.write_bytes(before)
        aside.write_bytes(data)
        if style:
            aside.write_bytes(tags.repacked(aside, {_STYLES: templates.with_hyperlink_style(read.members[_STYLES])}))
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OutputError(
            f"{path} cannot be written: {error.strerror}", fix="check the folder's permissions"
        ) from error
    return backup


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.bak{number or ''}") for number in range(1000))
    return next(name for name in names if not name.exists())
