"""Manifest and disk → what will be bound, in order; and every source that cannot be, by name.

Nothing is converted here. A source that is missing, unreadable or refused becomes a Problem and, later, a placeholder
sheet; it is never left out in silence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Protocol

from dossier import containers, sources
from dossier.containers import Contents
from dossier.errors import ConversionError, Problem
from dossier.manifest import Evidence, Front, Item, Manifest
from dossier.sources import IMAGES, TIME, Kind, Options, PathRefused, PhotoSheets, Source, SourceFile

_SUFFIXES = {
    Kind.PDF: {".pdf"},
    Kind.DOCX: {".docx", ".docm", ".dotx"},
    Kind.JPEG: {".jpg", ".jpeg", ".jpe", ".jfif"},
    Kind.PNG: {".png"},
    Kind.TIFF: {".tif", ".tiff"},
    Kind.WEBP: {".webp"},
    Kind.BMP: {".bmp", ".dib"},
    Kind.GIF: {".gif"},
    Kind.HEIC: {".heic", ".heif", ".avif", ".hif"},
    Kind.JPEG2000: {".jp2", ".j2k", ".jpx", ".jpf"},
    Kind.XLSX: {".xlsx", ".xlsm", ".xltx", ".et"},
    Kind.PPTX: {".pptx", ".pptm", ".ppsx", ".dps"},
    Kind.ODF: {".odt", ".ods", ".odp", ".odg", ".ott"},
    Kind.OLE: {".doc", ".xls", ".ppt", ".pps", ".wps", ".et", ".dps", ".dot", ".xlt", ".msg"},
    Kind.LOCKED: {
        *(".docx", ".docm", ".dotx", ".xlsx", ".xlsm", ".xlsb", ".xltx", ".pptx", ".pptm", ".ppsx"),
        *(".doc", ".xls", ".ppt", ".wps", ".et", ".dps"),  # programs ask for a password whatever the name
    },
    Kind.RTF: {".rtf", ".doc"},
    Kind.OFD: {".ofd"},
}
_PHOTOS = IMAGES - {Kind.TIFF}  # a TIFF is a scan, and may have many pages
_MOST_PHOTOS = 24  # laid out at a time: a multiple of what any sheet holds
_NO_TEXT = frozenset().union(*_SUFFIXES.values()) - {".doc", ".xls"}  # the names that programs give to HTML, too
_OFFICE = (
    "install LibreOffice (on Debian: apt-get install libreoffice-writer libreoffice-calc libreoffice-impress), "
    "or print it to PDF and name that file"
)
_HINTS = {
    **dict.fromkeys((Kind.OLE, Kind.XLSX, Kind.PPTX, Kind.ODF, Kind.RTF, Kind.HTML, Kind.CSV), _OFFICE),
    Kind.ZIP: "unpack it and name what is in it (a Word file that lost its end looks like this, too)",
}


@dataclass(frozen=True, slots=True)
class PlannedEvidence:
    """One proof and its sources in order; ``problems`` says what keeps any of them out of the binder.

    ``names`` are those of all the files that it names, those that are kept out among them.
    """

    id: str
    title: str
    entry: Evidence
    sources: tuple[Source, ...] = ()
    problems: tuple[Problem, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """Every file of its sources, in order."""
        return tuple(file for source in self.sources for file in source.files)

    @property
    def status(self) -> str:
        """``cited``, ``bound``, ``missing`` or ``refused``, as far as can be told without converting."""
        if self.entry.see:
            return "cited"
        return worst(self.problems) or "bound"


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One item of the tree: ``level`` and ``section`` (the top-level item it belongs to) count from 1."""

    item: Item
    level: int
    section: int
    ancestors: tuple[str, ...]
    evidence: tuple[PlannedEvidence, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def leaf(self) -> bool:
        return not self.item.items

    @property
    def status(self) -> str:
        """``complete``, ``missing``, ``refused`` or ``not-applicable``; of a section: of its own problems only."""
        if self.item.not_applicable:
            return "not-applicable"
        every = (*self.problems, *(problem for proof in self.evidence for problem in proof.problems))
        return worst(every) or "complete"


@dataclass(frozen=True, slots=True)
class PlannedDocument:
    """A Word file of the office's own that is filled and bound before or after the items."""

    entry: Front
    path: Path | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """All that will be bound, in order."""

    manifest: Manifest
    items: tuple[PlannedItem, ...]
    documents: dict[str, PlannedDocument]
    unused: tuple[Problem, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, in the order of the book."""
        found: list[Problem] = list(self.manifest.warnings)
        for document in self.documents.values():
            found += document.problems
        for planned in self.items:
            found += planned.problems
            for proof in planned.evidence:
                found += proof.problems
        return (*found, *self.unused)

    def evidence(self) -> Iterator[PlannedEvidence]:
        """Walk over every piece of evidence in order."""
        for planned in self.items:
            yield from planned.evidence


def worst(problems: Collection[Problem]) -> str:
    """Return the status that the errors among ``problems`` give: ``missing`` before ``refused``, else empty."""
    codes = {problem.code for problem in problems if problem.severity == "error"}
    if not codes:
        return ""
    return "missing" if codes & {"missing-source", "no-evidence", "missing-role", "few-files"} else "refused"


Unpack = Callable[[SourceFile, str], Contents]
"""Takes the files out of a container, given a password or none; raises ConversionError."""
Digest = Callable[[Path], str]
"""Gives the SHA-256 of a file; raises OSError."""


@dataclass(frozen=True, slots=True)
class _Means:
    """What can be done with sources on this machine."""

    accepted: Collection[Kind]
    unpack: Unpack | None
    passwords: Mapping[str, str]
    digest: Digest | None = None


def plan(
    manifest: Manifest,
    accepted: Collection[Kind],
    unpack: Unpack | None = None,
    passwords: Mapping[str, str] = MappingProxyType({}),
    digest: Digest | None = None,
) -> Plan:
    """Find, hash and recognise every source; ``accepted`` are the kinds that can be converted.

    Archives and mails are taken apart by ``unpack``; without it they are sources that cannot be bound. ``passwords``
    open sources by their names, where the manifest does not say.
    """
    items = tuple(_plan_items(manifest, _Means(accepted, unpack, passwords, digest)))
    documents = {
        entry.file: _plan_document(manifest, entry) for entry in (*manifest.front, *manifest.back) if entry.file
    }
    unused = (manifest.levelled(problem) for problem in _unused(manifest, items, documents.values()))
    return Plan(manifest, items, documents, tuple(problem for problem in unused if problem is not None))


def _plan_items(manifest: Manifest, means: _Means) -> Iterator[PlannedItem]:
    section = 0
    trail: list[str] = []
    evidence_of_all = (entry for item in manifest.leaves() for entry in item.evidence)
    titles = {entry.id: entry.title or _title(entry) for entry in evidence_of_all}
    for level, item in manifest.walk():
        section += level == 1
        del trail[level - 1 :]
        ancestors = tuple(trail)
        trail.append(item.title)
        evidence = tuple(
            PlannedEvidence(entry.id, entry.title or titles[entry.see], entry)
            if entry.see
            else _plan_evidence(manifest, item, entry, means)
            for entry in item.evidence
        )
        own = tuple(_incomplete(manifest, item, evidence))
        yield PlannedItem(item, level, section, ancestors, evidence, own)


def _incomplete(manifest: Manifest, item: Item, evidence: Sequence[PlannedEvidence]) -> Iterator[Problem]:
    if item.items or item.not_applicable:
        return
    where = manifest.where(item.id)
    if not item.evidence:
        yield Problem(
            "no-evidence",
            f"{item.title}: no evidence is named",
            f"ask {_whom(item)} for it and name its files under `evidence`",
            where=where,
            item=item.id,
        )
    files: dict[str, int] = {}
    for proof in evidence:
        files[proof.entry.role] = files.get(proof.entry.role, 0) + max(1, len(proof.names))
    for role in manifest.roles(item):
        found = files.get(role.role, 0)
        if not found:
            message, fix = f"no evidence fills the role {role.role}", f"add the file and give it `role: {role.role}`"
            yield Problem("missing-role", f"{item.title}: {message}", fix, where=where, item=item.id)
        elif found < role.at_least:
            message = f"{found} of {role.at_least} files fill the role {role.role}"
            fix = f"ask {_whom(item)} for {role.at_least - found} more"
            yield Problem("few-files", f"{item.title}: {message}", fix, where=where, item=item.id)


def _plan_evidence(manifest: Manifest, item: Item, entry: Evidence, means: _Means) -> PlannedEvidence:
    proof = PlannedEvidence(entry.id, entry.title or _title(entry), entry)
    found: list[SourceFile] = []
    problems: list[Problem] = []

    def report(code: str, message: str, fix: str, *, warning: bool = False, info: bool = False) -> None:
        severity = "info" if info else "warning" if warning else "error"
        where = manifest.where(entry.id)
        problems.append(Problem(code, message, fix, severity, where, item.id, entry.id))  # type: ignore[arg-type]

    names = _names(manifest, item, entry, report)
    for name in names:
        try:
            found_there = sources.read(manifest.root, name, means.digest)
            options, kind = _options(entry, name, means), containers.recognise(found_there.path, found_there.kind)
            source = replace(found_there, options=options, kind=kind)
        except PathRefused as error:
            report("refused-path", str(error), error.fix)
        except IsADirectoryError:
            report("missing-source", f"{name} is a folder", f"to bind what is in it write `files: {name}/*`")
        except FileNotFoundError:
            fix = f"to bind all files that it fits write `files: {name}`" if set(name) & set("*?[") else ""
            report("missing-source", _gone(manifest.root, name), fix or _remedy(manifest.root, name, item.unit))
        except OSError as error:
            fix = f"check the file's permissions, or ask {_whom(item)} to send it again"
            report("unreadable-source", f"{name} cannot be read: {error.strerror}", fix)
        else:
            opened = _open(source, means, report) if source.kind in containers.KINDS and means.unpack else [source]
            sound = [one for one in opened if not entry.template or _is_template(one, item, report)]
            found += [one for one in sound if _is_bindable(one, item, means, report)]
    bound: Iterable[Source] = found
    if found and (entry.layout or entry.captions):
        bound = _photo_sheets(entry, found, manifest.language, report)
    return replace(proof, sources=tuple(bound), problems=tuple(problems), names=tuple(names))


def _photo_sheets(entry: Evidence, found: Sequence[SourceFile], language: str, report: _Report) -> Iterator[Source]:
    """Put photos that follow each other on sheets; what is no photo stands between them as it is."""
    photos = sum(source.kind in _PHOTOS for source in found)
    keys = [f"`{key}`" for key in ("layout", "captions") if getattr(entry, key)]
    asked = f"{' and '.join(keys)} {'have' if len(keys) > 1 else 'has'}"
    for source in found:
        if source.kind not in _PHOTOS:
            message = f"{source.name} is {_article(source.kind)}: {asked} no effect on it"
            report("no-effect", message, "name it under evidence of its own, without them", warning=True)
    if len(entry.captions) > 1 and len(entry.captions) != photos:
        message = f"there are {len(entry.captions)} captions for {photos} photos of {entry.file or entry.files}"
        report("caption-count", message, "write one for each photo, in the order of their names", warning=True)
    captions = iter(entry.captions if len(entry.captions) > 1 else [*entry.captions[:1]] * photos)
    layout = entry.layout or "1-up"
    for is_photo, run in groupby(found, lambda source: source.kind in _PHOTOS):
        sources_of_run = list(run)
        if not is_photo:
            yield from sources_of_run
            continue
        for start in range(0, len(sources_of_run), _MOST_PHOTOS):
            files = tuple(sources_of_run[start : start + _MOST_PHOTOS])
            yield PhotoSheets(files, tuple(next(captions, TIME) for _ in files), layout, entry.rotate, language)


def _options(entry: Evidence, name: str, means: _Means) -> Options:
    given = entry.password.get_secret_value() if entry.password else means.passwords.get(name, "")
    return Options(given, entry.fit, entry.crop)


def _open(source: SourceFile, means: _Means, report: _Report) -> Iterator[SourceFile]:
    """Yield the files in a container, and report what was left out of it or cannot be read."""
    assert means.unpack is not None
    try:
        contents = means.unpack(source, source.options.password)
    except ConversionError as error:
        report(error.code, f"{source.name}: {error.message}", error.fix)
        return
    for note in contents.notes:
        report(note.code, f"{source.name}: {note.message}", note.fix, warning=True, info=note.severity == "info")
    for refused in contents.refused:
        report(refused.code, f"{source.name}: {refused.message}", refused.fix)
    for member in contents.members:
        yield sources.member(source, member.name, member.path)


def _is_template(source: SourceFile, item: Item, report: _Report) -> bool:
    if source.kind is not Kind.DOCX:
        message = f"{source.name} is {_article(source.kind)} whatever its name says: there is nothing in it to fill"
        report("not-a-template", message, f"delete `template`, or ask {_whom(item)} for the Word file")
    return source.kind is Kind.DOCX


def _is_bindable(source: SourceFile, item: Item, means: _Means, report: _Report) -> bool:
    if source.kind not in means.accepted:
        message = f"{source.name} is {_article(source.kind)}, which cannot be bound"
        report("unsupported-kind", message, _ask(source, item))
        return False
    suffix = PurePosixPath(source.name).suffix.lower()
    if source.kind is Kind.TEXT and suffix in _NO_TEXT:
        fix = f"ask {_whom(item)} to send it again; if it is meant to be text, rename it to .txt"
        report("damaged-source", f"{source.name} holds plain text and nothing that its name promises", fix)
        return False
    if suffix and suffix not in _SUFFIXES.get(source.kind, {suffix}):
        message = f"{source.name} is {_article(source.kind)} whatever its name says; bound as what it is"
        report("misnamed-source", message, "rename the file", warning=True)
    if (source.options.crop or source.options.fit != "page") and source.kind is Kind.MEDIA:
        message = f"{source.name} is {_article(source.kind)}: `crop` and `fit` have no effect on the sheet about it"
        report("no-effect", message, "delete them, or bind a picture of it", warning=True)
    return True


class _Report(Protocol):
    def __call__(self, code: str, message: str, fix: str, *, warning: bool = False, info: bool = False) -> None: ...


def _names(manifest: Manifest, item: Item, entry: Evidence, report: _Report) -> list[str]:
    if entry.file:
        return [entry.file]
    try:
        names = sources.expand(manifest.root, entry.files)
    except PathRefused as error:
        report("refused-path", f"{entry.files}: {error}", error.fix)
        return []
    except (ValueError, NotImplementedError) as error:
        report("refused-path", f"{entry.files}: {error}", "write a pattern like folder/*.jpg")
        return []
    except OSError as error:
        report("unreadable-source", f"{entry.files}: {error.strerror}", "check the folder's permissions")
        return []
    if not names:
        fix = _no_folder(manifest.root) or f"ask {_whom(item)} for the files, or correct the pattern"
        report("missing-source", f"no file matches {entry.files}", fix)
    return names


def _plan_document(manifest: Manifest, entry: Front) -> PlannedDocument:
    def refuse(code: str, message: str, fix: str) -> PlannedDocument:
        return PlannedDocument(entry, None, (Problem(code, message, fix, where=manifest.where(entry.file)),))

    try:
        path = sources.resolve(manifest.root, entry.file)
        kind = sources.recognise(path)
    except PathRefused as error:
        return refuse("refused-path", str(error), error.fix)
    except IsADirectoryError:
        return refuse("missing-source", f"{entry.file} is a folder", "name a Word or PDF file")
    except FileNotFoundError:
        return refuse("missing-source", _gone(manifest.root, entry.file), _remedy(manifest.root, entry.file, ""))
    except OSError as error:
        fix = "check the file's permissions"
        return refuse("unreadable-source", f"{entry.file} cannot be read: {error.strerror}", fix)
    if kind not in (Kind.DOCX, Kind.PDF):
        message = f"{entry.file} is {_article(kind)}; front and back matter is Word or PDF"
        return refuse("unsupported-kind", message, "save it as DOCX or PDF")
    return PlannedDocument(entry, path)


def _unused(
    manifest: Manifest, items: Collection[PlannedItem], documents: Collection[PlannedDocument]
) -> Iterator[Problem]:
    """Report files that lie in the sources folder and that nothing names, and folders that cannot be looked into."""
    root = manifest.root.resolve()
    named = {name for planned in items for proof in planned.evidence for name in proof.names}
    named |= {document.entry.file for document in documents}
    used: set[Path] | None = None
    beside = root == manifest.path.resolve().parent
    own = {root / name for name in OUTPUT if beside} | {(manifest.path.parent / manifest.template_set).resolve()}
    closed: list[OSError] = []
    for place, folders, files in os.walk(root, onerror=closed.append):
        folder = Path(place)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and folder / f not in own)
        for file in sorted(files):
            name = (folder / file).relative_to(root).as_posix()
            if sources.is_leftover(file) or name in named:
                continue
            if used is None:  # names that are spelt in another way, or lead here by a link
                used = {path for name in named for path in _paths(root, name)}
            if folder / file in used:
                continue
            if beside and PurePosixPath(file).suffix in _MANIFESTS:
                continue
            yield Problem(
                "unused-source",
                f"{sources.shown(name)} lies in the sources folder and no item names it",
                "name it under an item's `evidence`, or move it away",
                severity="warning",
            )
    for error in closed:
        if root.is_dir():
            yield Problem(
                "unreadable-folder",
                f"{error.filename} cannot be looked into: {error.strerror}",
                "check the folder's permissions",
                severity="warning",
            )


def _paths(root: Path, name: str) -> Iterator[Path]:
    """Return where a file lies that is named: under its own name, and where a symbolic link leads."""
    with suppress(PathRefused, OSError):
        yield sources.locate(root, name)
        yield sources.resolve(root, name)


OUTPUT = {"build", "history"}
_MANIFESTS = {".yaml", ".yml"}


def _title(entry: Evidence) -> str:
    if entry.file:
        return sources.shown(PurePosixPath(entry.file).stem)
    folders = [part for part in PurePosixPath(entry.files).parent.parts if not set(part) & set("*?[")]
    return folders[-1] if folders else entry.files


def _gone(root: Path, name: str) -> str:
    link = sources.locate(root, name).is_symlink()
    return f"{name} is a link to a file that is not there" if link else f"{name} is not there"


def _remedy(root: Path, name: str, unit: str) -> str:
    similar = sources.similar_names(root, name)
    if similar:
        return f"did you mean {' or '.join(similar)}?" + (f" If not, ask {unit} for the file" if unit else "")
    who = f"ask {unit} for the file" if unit else "put the file there"
    return _no_folder(root) or f"{who}, or correct the path"


def _no_folder(root: Path) -> str:
    return "" if root.is_dir() else f"correct `sources`: the folder {root} is not there"


def remedy(kind: Kind) -> str:
    """Say what to do about a kind of source that cannot be bound here, where there is more to say than of any kind."""
    return _HINTS.get(kind, "")


def _ask(source: SourceFile, item: Item) -> str:
    if source.kind is Kind.EMPTY:
        return f"ask {_whom(item)} to send it again: it holds not a single byte"
    hint = remedy(source.kind) or "make a PDF, Word (DOCX) or image file of it and name that"
    return f"{hint}, or ask {_whom(item)} for such a file"


def _whom(item: Item) -> str:
    return item.unit or "the unit"


def _article(kind: Kind) -> str:
    named = kind.value if kind in (Kind.UNKNOWN, Kind.EMPTY) else f"{kind.value} file"
    return f"an {named}" if named[0] in "AEIOUaeiou" else f"a {named}"
