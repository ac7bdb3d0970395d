"""Manifest and disk → what will be bound, in order; and every source that cannot be, by name.

Nothing is converted here. A source that is missing, unreadable or refused becomes a Problem and, later, a placeholder
sheet; it is never left out in silence.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Protocol

from dossier import sources
from dossier.errors import Problem
from dossier.manifest import Evidence, Front, Item, Manifest
from dossier.sources import Kind, PathRefused, SourceFile

_SUFFIXES = {
    Kind.PDF: {".pdf"},
    Kind.DOCX: {".docx", ".docm", ".dotx"},
    Kind.JPEG: {".jpg", ".jpeg", ".jpe", ".jfif"},
    Kind.PNG: {".png"},
    Kind.TIFF: {".tif", ".tiff"},
    Kind.WEBP: {".webp"},
    Kind.BMP: {".bmp", ".dib"},
    Kind.GIF: {".gif"},
}
_HINTS = {
    Kind.OLE: "save it as DOCX or PDF and name that file",
    Kind.XLSX: "print it to PDF and name that file",
    Kind.PPTX: "print it to PDF and name that file",
    Kind.HEIC: "export it as JPEG and name that file",
    Kind.EMPTY: "ask the unit to send it again: it holds not a single byte",
}


@dataclass(frozen=True, slots=True)
class PlannedEvidence:
    """One proof and its sources in order; ``problems`` says what keeps any of them out of the binder."""

    id: str
    title: str
    entry: Evidence
    sources: tuple[SourceFile, ...] = ()
    problems: tuple[Problem, ...] = ()

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
    return "missing" if codes & {"missing-source", "no-evidence", "missing-role"} else "refused"


def plan(manifest: Manifest, accepted: Collection[Kind]) -> Plan:
    """Find, hash and recognise every source; ``accepted`` are the kinds that can be converted."""
    items = tuple(_plan_items(manifest, accepted))
    documents = {
        entry.file: _plan_document(manifest, entry) for entry in (*manifest.front, *manifest.back) if entry.file
    }
    return Plan(manifest, items, documents, tuple(_unused(manifest, items, documents)))


def _plan_items(manifest: Manifest, accepted: Collection[Kind]) -> Iterator[PlannedItem]:
    section = 0
    trail: list[str] = []
    for level, item in manifest.walk():
        section += level == 1
        del trail[level - 1 :]
        ancestors = tuple(trail)
        trail.append(item.title)
        evidence = tuple(_plan_evidence(manifest, item, entry, accepted) for entry in item.evidence)
        own = tuple(_incomplete(manifest, item))
        yield PlannedItem(item, level, section, ancestors, evidence, own)


def _incomplete(manifest: Manifest, item: Item) -> Iterator[Problem]:
    if item.items or item.not_applicable:
        return
    where = manifest.where(item.id)
    if not item.evidence:
        yield Problem(
            "no-evidence",
            f"{item.title}: no evidence is named",
            f"ask {item.unit or 'the unit'} for it and name its files under `evidence`",
            where=where,
            item=item.id,
        )
    filled = {entry.role for entry in item.evidence}
    for role in item.requires:
        if role not in filled:
            yield Problem(
                "missing-role",
                f"{item.title}: no evidence fills the role {role}",
                f"add the file and give it `role: {role}`",
                where=where,
                item=item.id,
            )


def _plan_evidence(manifest: Manifest, item: Item, entry: Evidence, accepted: Collection[Kind]) -> PlannedEvidence:
    proof = PlannedEvidence(entry.id, entry.title or _title(entry), entry)
    if entry.see:
        return proof
    found: list[SourceFile] = []
    problems: list[Problem] = []

    def report(code: str, message: str, fix: str, *, warning: bool = False) -> None:
        severity = "warning" if warning else "error"
        where = manifest.where(entry.id)
        problems.append(Problem(code, message, fix, severity, where, item.id, entry.id))  # type: ignore[arg-type]

    if entry.captions:
        message = f"{proof.title}: its captions are kept in the manifest, but are not printed yet"
        report("captions-unprinted", message, "write what must be seen into the title", warning=True)
    for name in _names(manifest, entry, report):
        try:
            source = sources.read(manifest.root, name)
        except PathRefused as error:
            report("refused-path", str(error), "move the file into the sources folder and name it from there")
        except IsADirectoryError:
            report("missing-source", f"{name} is a folder", f"to bind what is in it write `files: {name}/*`")
        except FileNotFoundError:
            report("missing-source", f"{name} is not there", _remedy(manifest.root, name, item.unit))
        except OSError as error:
            report("unreadable-source", f"{name} cannot be read: {error.strerror}", "check the file's permissions")
        else:
            if source.kind not in accepted:
                fix = _HINTS.get(source.kind, "send it as PDF, Word (DOCX) or an image")
                report("unsupported-kind", f"{name} is {_article(source.kind)}, which cannot be bound", fix)
                continue
            suffix = PurePosixPath(name).suffix.lower()
            if suffix and suffix not in _SUFFIXES.get(source.kind, {suffix}):
                message = f"{name} is {_article(source.kind)} whatever its name says; bound as what it is"
                report("misnamed-source", message, "rename the file", warning=True)
            found.append(source)
    return replace(proof, sources=tuple(found), problems=tuple(problems))


class _Report(Protocol):
    def __call__(self, code: str, message: str, fix: str, *, warning: bool = False) -> None: ...


def _names(manifest: Manifest, entry: Evidence, report: _Report) -> list[str]:
    if entry.file:
        return [entry.file]
    try:
        names = sources.expand(manifest.root, entry.files)
    except (PathRefused, ValueError, NotImplementedError) as error:
        report("refused-path", f"{entry.files}: {error}", "write a pattern like folder/*.jpg inside the sources folder")
        return []
    if not names:
        report("missing-source", f"no file matches {entry.files}", "put the files there, or correct the pattern")
    return names


def _plan_document(manifest: Manifest, entry: Front) -> PlannedDocument:
    try:
        path = sources.resolve(manifest.root, entry.file)
        kind = sources.recognise(path)
    except (PathRefused, OSError) as error:
        message = str(error) if isinstance(error, PathRefused) else f"{entry.file} is not there"
        fix = _remedy(manifest.root, entry.file, "")
        return PlannedDocument(
            entry, None, (Problem("missing-source", message, fix, where=manifest.where(entry.file)),)
        )
    if kind not in (Kind.DOCX, Kind.PDF):
        problem = Problem(
            "unsupported-kind",
            f"{entry.file} is {_article(kind)}; front and back matter is Word or PDF",
            "save it as DOCX or PDF",
            where=manifest.where(entry.file),
        )
        return PlannedDocument(entry, None, (problem,))
    return PlannedDocument(entry, path)


def _unused(
    manifest: Manifest, items: Collection[PlannedItem], documents: dict[str, PlannedDocument]
) -> Iterator[Problem]:
    """Report files that lie in the sources folder and that nothing names."""
    used = {source.path for planned in items for proof in planned.evidence for source in proof.sources}
    used |= {document.path for document in documents.values() if document.path}
    named = {entry.file for planned in items for entry in planned.item.evidence}
    root = manifest.root.resolve()
    beside = root == manifest.path.resolve().parent
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and not (beside and f in _OUTPUT))
        for file in sorted(files):
            path = Path(folder, file)
            name = path.relative_to(root).as_posix()
            if sources.is_leftover(file) or path in used or name in named or (beside and path.suffix in _MANIFESTS):
                continue
            yield Problem(
                "unused-source",
                f"{name} lies in the sources folder and no item names it",
                "name it under an item's `evidence`, or move it away",
                severity="warning",
            )


_OUTPUT = {"build", "history"}
_MANIFESTS = {".yaml", ".yml"}


def _title(entry: Evidence) -> str:
    if entry.file:
        return PurePosixPath(entry.file).stem
    folders = [part for part in PurePosixPath(entry.files).parent.parts if not set(part) & set("*?[")]
    return folders[-1] if folders else entry.files


def _remedy(root: Path, name: str, unit: str) -> str:
    similar = sources.similar_names(root, name)
    if similar:
        return f"did you mean {' or '.join(similar)}?"
    return f"ask {unit} for the file, or correct the path" if unit else "put the file there, or correct the path"


def _article(kind: Kind) -> str:
    article = "" if kind in (Kind.TEXT, Kind.MEDIA) else "an " if kind.value[0] in "AEIOUaeiou" else "a "
    return f"{article}{kind.value}" if kind in (Kind.UNKNOWN, Kind.EMPTY) else f"{article}{kind.value} file"
