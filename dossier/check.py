"""Completeness, without converting anything and without writing anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from dossier import book, convert, manifest, plan, template_sets
from dossier.convert import pdf
from dossier.errors import ConversionError, Problem, SetError, TemplateError
from dossier.manifest import Manifest
from dossier.plan import Plan, PlannedEvidence, PlannedItem, worst
from dossier.sources import Kind, recognise
from dossier.unpacking import Unpacker


@dataclass(frozen=True, slots=True)
class ItemState:
    """Where one leaf stands; points are None where the manifest gives none."""

    id: str
    title: str
    unit: str
    status: str
    points: Decimal | None
    self_score: Decimal | None
    evidence: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class UnitState:
    """Where one unit stands: its items, and how many of them are complete or not applicable."""

    name: str
    contact: str
    phone: str
    items: int
    complete: int
    owed: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that can be said of a dossier before it is built."""

    manifest: Manifest
    items: tuple[ItemState, ...]
    units: tuple[UnitState, ...]
    problems: tuple[Problem, ...]

    @property
    def complete(self) -> bool:
        return not any(problem.severity == "error" for problem in self.problems)

    @property
    def warned(self) -> bool:
        """Say whether anything is more than worth knowing."""
        return any(problem.severity != "info" for problem in self.problems)


def check(source: Manifest | Path | str, *, passwords: Mapping[str, str] | None = None) -> Report:
    """Say what is there, what is missing and from whom; raises ManifestError where the manifest cannot be used."""
    loaded = source if isinstance(source, Manifest) else manifest.load(source)
    with Unpacker(loaded.language) as unpack:
        return _check(loaded, unpack, passwords or {})


def _check(loaded: Manifest, unpack: Unpacker, passwords: Mapping[str, str]) -> Report:
    planned = plan.plan(loaded, convert.accepted(), unpack, passwords)
    unreadable = {
        proof.id: tuple(_unreadable(loaded, entry, proof)) for entry in planned.items for proof in entry.evidence
    }
    found = {proof.id: (*proof.problems, *unreadable[proof.id]) for proof in planned.evidence()}
    items = tuple(_item(entry, found) for entry in planned.items if entry.leaf)
    problems = (
        *planned.problems,
        *(problem for problems in unreadable.values() for problem in problems),
        *_unreadable_documents(loaded, planned),
        *_missing_templates(loaded),
    )
    return Report(loaded, items, tuple(_units(loaded, items)), problems)


def _item(entry: PlannedItem, found: Mapping[str, tuple[Problem, ...]]) -> ItemState:
    """Say where an item stands; a citation is as good as what it cites, whose problems are another item's to solve."""
    item = entry.item
    own = (*entry.problems, *(problem for proof in entry.evidence for problem in found[proof.id]))
    cited = (problem for proof in entry.evidence if proof.entry.see for problem in found[proof.entry.see])
    status = "not-applicable" if item.not_applicable else worst((*own, *cited)) or "complete"
    return ItemState(item.id, item.title, item.unit, status, item.points, item.self_score, len(entry.evidence), own)


def _unreadable(loaded: Manifest, entry: PlannedItem, proof: PlannedEvidence) -> Iterable[Problem]:
    """Open the PDFs, which is quick, and report those that cannot be bound as the manifest wants it."""
    where, item = loaded.where(proof.id), entry.item.id
    for source in proof.files:
        if source.kind is not Kind.PDF:
            continue
        try:
            pages = pdf.count_pages(source.path, password=source.options.password)
        except ConversionError as error:
            yield Problem(error.code, f"{source.name}: {error.message}", error.fix, "error", where, item, proof.id)
            continue
        if book.select(proof.entry.pages, pages) is None:
            yield book.out_of_range(source.name, proof.entry.pages, pages, where, item, proof.id)


def _unreadable_documents(loaded: Manifest, planned: Plan) -> Iterable[Problem]:
    for name, document in planned.documents.items():
        if document.path is None or recognise(document.path) is not Kind.PDF:
            continue
        try:
            pdf.count_pages(document.path)
        except ConversionError as error:
            yield Problem(error.code, f"{name}: {error.message}", error.fix, where=loaded.where(name))


def _units(loaded: Manifest, items: Iterable[ItemState]) -> Iterable[UnitState]:
    by_unit: dict[str, list[ItemState]] = {}
    for item in items:
        by_unit.setdefault(item.unit, []).append(item)
    for name, own in by_unit.items():
        unit = loaded.units.get(name)
        yield UnitState(
            name,
            unit.contact if unit else "",
            unit.phone if unit else "",
            len(own),
            sum(item.status in ("complete", "not-applicable") for item in own),
            tuple(problem for item in own for problem in item.problems if problem.severity == "error"),
        )


def _missing_templates(loaded: Manifest) -> Iterable[Problem]:
    try:
        found = template_sets.find_set(loaded.template_set, loaded.path.parent)
        labels = found.complete(loaded).labels
        for name in {"divider", *labels, *(entry.name for entry in (*loaded.front, *loaded.back) if entry.name)}:
            found.path(name)
    except SetError as error:
        yield from error.problems
    except TemplateError as error:
        yield Problem("missing-template", error.message, error.fix, where=str(loaded.path))
