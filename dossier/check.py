"""Completeness, without converting anything.

Nothing is written but what the cache keeps: which bytes a file has, and what was seen in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from dossier import book, cache, convert, digests, manifest, plan, readiness, sources, survey, template_sets, workers
from dossier.digests import Digests
from dossier.errors import ConversionError, Problem, SetError, TemplateError
from dossier.looks import Look
from dossier.manifest import Manifest
from dossier.plan import Plan, PlannedEvidence, PlannedItem, worst
from dossier.readiness import Waived
from dossier.sources import Kind, SourceFile
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
    counts: str = "points"

    @property
    def proved(self) -> bool:
        """Say whether the points it claims have their proof."""
        return self.status in ("complete", "not-applicable")


@dataclass(frozen=True, slots=True)
class Standing:
    """Points, exact: to be had, claimed, claimed with proof, and claimed without, which is what is at risk.

    ``bonus`` are those claimed on top of the points to be had; they are at risk as well where their proof is missing.
    ``vetoes`` counts the items that cost everything and have no proof.
    """

    points: Decimal
    claimed: Decimal
    proved: Decimal
    at_risk: Decimal
    bonus: Decimal = Decimal(0)
    vetoes: int = 0


@dataclass(frozen=True, slots=True)
class UnitState:
    """Where one unit stands: its items, and how many of them are complete or not applicable."""

    name: str
    contact: str
    phone: str
    items: int
    complete: int
    owed: tuple[Problem, ...]
    standing: Standing

    @property
    def whom(self) -> str:
        """Whom to ask, and under which number, as far as the manifest says."""
        return " ".join(part for part in (self.contact, self.phone) if part)


@dataclass(frozen=True, slots=True)
class Report:
    """All that can be said of a dossier before it is built."""

    manifest: Manifest
    items: tuple[ItemState, ...]
    units: tuple[UnitState, ...]
    problems: tuple[Problem, ...]
    standing: Standing
    days_left: int | None = None
    waived: tuple[Waived, ...] = ()

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
    kept = cache.default_folder()
    digest, seen = digests.recall(kept, loaded.root), survey.recall(kept, loaded.root)
    with Unpacker(loaded.language) as unpack:
        planned = plan.plan(loaded, convert.accepted(), unpack, passwords or {}, digest)
        files = [file for proof in planned.evidence() for file in proof.files]
        files += _documents(loaded, planned, digest)
        sheet = (loaded.page.width, loaded.page.height)
        found = survey.look_all(files, sheet, readiness.LEAST_DPI, workers.cores(), seen)
    digest.save()
    seen.save()
    return appraise(planned, found)


def appraise(planned: Plan, looks: Mapping[str, Look | ConversionError]) -> Report:
    """Say where a planned dossier stands, by what was seen of its sources; one that was not looked at is sound."""
    loaded = planned.manifest
    refused = {proof.id: tuple(_refused(loaded, entry, proof, looks)) for entry, proof in _proofs(planned)}
    found = {proof.id: (*proof.problems, *refused[proof.id]) for proof in planned.evidence()}
    items = tuple(_item(entry, found) for entry in planned.items if entry.leaf)
    seen = {key: one for key, one in looks.items() if isinstance(one, Look)}
    judged = readiness.judge(planned, seen, {item.id: not item.proved for item in items})
    items = tuple(
        replace(state, problems=(*state.problems, *(p for p in judged.problems if p.item == state.id)))
        for state in items
    )
    problems = (
        *planned.problems,
        *(problem for problems in refused.values() for problem in problems),
        *_refused_documents(loaded, planned, looks),
        *_missing_templates(loaded),
        *judged.problems,
    )
    days = (loaded.deadline - date.today()).days if loaded.deadline else None
    return Report(loaded, items, tuple(_units(loaded, items)), problems, _standing(items), days, judged.waived)


def _proofs(planned: Plan) -> Iterator[tuple[PlannedItem, PlannedEvidence]]:
    for entry in planned.items:
        for proof in entry.evidence:
            yield entry, proof


def _item(entry: PlannedItem, found: Mapping[str, tuple[Problem, ...]]) -> ItemState:
    """Say where an item stands; a citation is as good as what it cites, whose problems are another item's to solve."""
    item = entry.item
    own = (*entry.problems, *(problem for proof in entry.evidence for problem in found[proof.id]))
    cited = (problem for proof in entry.evidence if proof.entry.see for problem in found[proof.entry.see])
    status = "not-applicable" if item.not_applicable else worst((*own, *cited)) or "complete"
    count, points, score = len(entry.evidence), item.points, item.self_score
    return ItemState(item.id, item.title, item.unit, status, points, score, count, own, item.counts)


def _refused(
    loaded: Manifest, entry: PlannedItem, proof: PlannedEvidence, looks: Mapping[str, Look | ConversionError]
) -> Iterator[Problem]:
    """Report what looking at a file has shown to be impossible to bind as the manifest wants it."""
    where, item = loaded.where(proof.id), entry.item.id
    for source in proof.files:
        seen = looks.get(source.key)
        if isinstance(seen, ConversionError):
            yield book.refusal(source.name, seen.without(source.path.name), where, item, proof.id)
        elif seen and source.kind is Kind.PDF and book.select(proof.entry.pages, seen.pages) is None:
            yield book.out_of_range(source.name, proof.entry.pages, seen.pages, where, item, proof.id)


def _documents(loaded: Manifest, planned: Plan, digest: Digests) -> Iterator[SourceFile]:
    for name, document in planned.documents.items():
        if document.path is not None:
            with suppress(OSError, ValueError):  # gone since: planning said so, or building will
                yield sources.read(loaded.root, name, digest)


def _refused_documents(
    loaded: Manifest, planned: Plan, looks: Mapping[str, Look | ConversionError]
) -> Iterator[Problem]:
    for name in planned.documents:
        seen = looks.get(name)
        if isinstance(seen, ConversionError):
            yield Problem(seen.code, f"{name}: {seen.message}", seen.fix, where=loaded.where(name))


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
            _standing(own),
        )


def _standing(items: Iterable[ItemState]) -> Standing:
    points = claimed = proved = bonus = risk = Decimal(0)
    vetoes = 0
    for item in items:
        own = item.self_score or Decimal(0)
        if item.status == "not-applicable":
            continue
        if item.counts == "points":
            points += item.points or 0
            claimed += own
            proved += own if item.proved else 0
        elif item.counts == "bonus":
            bonus += own
        vetoes += item.counts == "veto" and not item.proved
        risk += 0 if item.proved else own
    return Standing(points, claimed, proved, risk, bonus, vetoes)


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
