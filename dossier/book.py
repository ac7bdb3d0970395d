"""The book before it has page numbers: every piece of evidence with its parts, or with what keeps it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from dossier.errors import ConversionError, Problem, TemplateError
from dossier.lock import Lock
from dossier.numbering import Block
from dossier.part import Part
from dossier.plan import Plan, PlannedEvidence, PlannedItem, worst
from dossier.sources import PhotoSheets, Source, SourceFile


@dataclass(frozen=True, slots=True)
class BoundSource:
    """A source and those of its part's pages (from 1) that are bound."""

    source: Source
    part: Part
    pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """One piece of evidence of ``item``: what is bound of it, and every problem found on the way."""

    planned: PlannedEvidence
    bound: tuple[BoundSource, ...]
    problems: tuple[Problem, ...]
    item: str = ""

    @property
    def template(self) -> SourceFile | None:
        """The Word file that this proof is filled from, if it is: how many pages it has is known when it is filled."""
        if not self.planned.entry.template or not self.planned.sources or self.gaps:
            return None
        return self.planned.sources[0].files[0]

    @property
    def id(self) -> str:
        return self.planned.id

    @property
    def key(self) -> str:
        return f"evidence:{self.id}"

    @property
    def status(self) -> str:
        """``cited``, ``bound``, ``missing`` or ``refused``."""
        if self.planned.entry.see:
            return "cited"
        return worst(self.problems) or "bound"

    @property
    def pages(self) -> int:
        return sum(len(source.pages) for source in self.bound)

    @property
    def gaps(self) -> tuple[Problem, ...]:
        """The problems that each leave a gap in the book, where a placeholder sheet stands."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of the tree with its proofs."""

    planned: PlannedItem
    proofs: tuple[Proof, ...]

    @property
    def gaps(self) -> tuple[Problem, ...]:
        """Errors of the item itself: no evidence at all, or a role that nothing fills."""
        return tuple(problem for problem in self.planned.problems if problem.severity == "error")


@dataclass(frozen=True, slots=True)
class Book:
    """All evidence in order.

    ``places`` says of claims and facts, by their names, on which page of which proof they stand: the proof's key and
    the page's offset from 0. ``marks`` are the lines that underline them there, in the space of the part's page.
    ``lock`` holds the numbers that are printed already.
    """

    plan: Plan
    entries: tuple[Entry, ...]
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    lock: Lock | None = None
    marks: Mapping[tuple[str, int], tuple[tuple[float, float, float, float], ...]] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, in the order of the book."""
        found: list[Problem] = list(self.plan.manifest.warnings)
        for document in self.plan.documents.values():
            found += document.problems
        for entry in self.entries:
            found += entry.planned.problems
            for proof in entry.proofs:
                found += proof.problems
        return (*found, *self.plan.unused)

    def proofs(self) -> Iterator[Proof]:
        """Walk over every proof in order."""
        for entry in self.entries:
            yield from entry.proofs

    def status(self, entry: Entry) -> str:
        """Return an item's status; a citation is as good as what it cites."""
        return _status(entry, {proof.id: proof for proof in self.proofs()})

    def blocks(self) -> list[Block]:
        """Return the body of the book: for each leaf its divider, its evidence, and a placeholder at each gap.

        The length of a divider, and of evidence that is a template, is not known before it is filled: it is one page
        here.
        """
        blocks: list[Block] = []
        for entry in self.entries:
            if not entry.planned.leaf:
                continue
            item, section = entry.planned.item.id, entry.planned.section
            blocks.append(Block("divider", f"divider:{item}", 1, item, section=section))
            for index, _ in enumerate(entry.gaps, start=1):
                blocks.append(Block("placeholder", f"placeholder:{item}:{index}", 1, item, section=section))
            for proof in entry.proofs:
                if proof.pages or proof.template:
                    blocks.append(Block("evidence", proof.key, proof.pages or 1, item, proof.id, section))
                for index, _ in enumerate(proof.gaps, start=1):
                    blocks.append(Block("placeholder", f"placeholder:{proof.id}:{index}", 1, item, proof.id, section))
        return blocks


def statuses(book: Book) -> dict[str, str]:
    """Return the status of every item by its id, as :meth:`Book.status` says, but looking at each proof only once."""
    by_id = {proof.id: proof for proof in book.proofs()}
    return {entry.planned.item.id: _status(entry, by_id) for entry in book.entries}


def _status(entry: Entry, by_id: Mapping[str, Proof]) -> str:
    if entry.planned.item.not_applicable:
        return "not-applicable"
    problems = list(entry.planned.problems)
    for proof in entry.proofs:
        cited = by_id.get(proof.planned.entry.see or "")
        problems += (cited or proof).problems
    return worst(problems) or "complete"


def collect(plan: Plan, outcomes: Mapping[str, Part | ConversionError]) -> Book:
    """Join a plan with what became of its sources, by name; a source without pages becomes a problem."""
    return Book(
        plan,
        tuple(
            Entry(planned, tuple(_proof(plan, planned, proof, outcomes) for proof in planned.evidence))
            for planned in plan.items
        ),
    )


def _proof(
    plan: Plan, planned: PlannedItem, proof: PlannedEvidence, outcomes: Mapping[str, Part | ConversionError]
) -> Proof:
    where = plan.manifest.where(proof.id)
    item = planned.item.id
    bound: list[BoundSource] = []
    problems = list(proof.problems)
    if proof.entry.template:
        problems += (
            refusal(source.name, error, where, item, proof.id)
            for source in proof.sources
            if (error := _unfillable(source.files[0])) is not None
        )
        return Proof(proof, (), tuple(problems), item)
    for planned_source in proof.sources:
        source, refused = _parted(planned_source, outcomes)
        for name, error in refused:
            problems.append(refusal(name, error, where, item, proof.id))
        if source is None:
            continue
        outcome = outcomes[source.key]
        if isinstance(outcome, ConversionError):
            problems += [refusal(file.name, outcome, where, item, proof.id) for file in source.files]
            continue
        for note in outcome.notes:
            message = f"{source.name}: {note.message}"
            problems.append(Problem(note.code, message, note.fix, note.severity, where, item, proof.id))
        wanted = select(proof.entry.pages, len(outcome.pages))
        if wanted is None:
            problems.append(out_of_range(source.name, proof.entry.pages, len(outcome.pages), where, item, proof.id))
            continue
        bound.append(BoundSource(source, outcome, wanted))
    return Proof(proof, tuple(bound), tuple(problems), item)


def filled(book: Book, parts: Mapping[str, Part]) -> Book:
    """Return the book with what became of its evidence that is made of templates; ``parts`` go by keys of proofs."""
    entries = []
    for entry in book.entries:
        proofs = tuple(_filled(book, entry, proof, parts.get(proof.key)) for proof in entry.proofs)
        entries.append(replace(entry, proofs=proofs) if proofs != entry.proofs else entry)
    return replace(book, entries=tuple(entries))


def _filled(book: Book, entry: Entry, proof: Proof, part: Part | None) -> Proof:
    source = proof.template
    if part is None or source is None:
        return proof
    where, item = book.plan.manifest.where(proof.id), entry.planned.item.id
    notes = tuple(
        Problem(note.code, f"{source.name}: {note.message}", note.fix, note.severity, where, item, proof.id)
        for note in part.notes
    )
    bound = BoundSource(source, part, tuple(range(1, len(part.pages) + 1)))
    return replace(proof, bound=(bound,), problems=(*proof.problems, *notes))


def _unfillable(source: SourceFile) -> ConversionError | None:
    """Say why a Word file could not be filled whatever the tags in it are."""
    from dossier import templates  # noqa: PLC0415 - what fills them is slow to load, and few books need it here

    try:
        templates.read_package(source.path, source.name)
    except TemplateError as error:
        message = error.message.removeprefix(f"{source.name}: ")
        return ConversionError(message, fix=error.fix, code="damaged-source")
    return None


def _parted(
    source: Source, outcomes: Mapping[str, Part | ConversionError]
) -> tuple[Source | None, list[tuple[str, ConversionError]]]:
    """Return what can be bound of a source, and which photos of sheets were refused, each for a reason of its own."""
    if not isinstance(source, PhotoSheets):
        return source, []
    refused = {file.key: error for file in source.files if isinstance(error := outcomes.get(file.key), ConversionError)}
    kept = source.only(lambda file: file.key not in refused)
    return kept if kept.files else None, [(f.name, refused[f.key]) for f in source.files if f.key in refused]


def refusal(name: str, error: ConversionError, where: str, item: str, evidence: str) -> Problem:
    """Return the problem of a file called ``name`` that cannot be bound."""
    message = f"{name}: {error.without(PurePosixPath(name).name).message}"
    return Problem(error.code, message, error.fix, "error", where, item, evidence)


def select(ranges: Sequence[tuple[int, int | None]], count: int) -> tuple[int, ...] | None:
    """Return the pages (from 1) that ``ranges`` pick out of ``count``, or None where one of them is out of bounds.

    No ranges pick every page.
    """
    if not ranges:
        return tuple(range(1, count + 1))
    pages: list[int] = []
    for first, last in ranges:
        end = count if last is None else last
        if not 1 <= first <= end <= count:
            return None
        pages.extend(range(first, end + 1))
    return tuple(pages)


def out_of_range(
    name: str, ranges: Sequence[tuple[int, int | None]], count: int, where: str, item: str, evidence: str
) -> Problem:
    """Report page ranges that a source of ``count`` pages does not have."""
    wanted = ",".join(
        str(first) if last == first else f"{first}-{'' if last is None else last}" for first, last in ranges
    )
    pages = f"{count} page" if count == 1 else f"{count} pages"
    message = f"{name} has {pages}, so it does not have pages {wanted}"
    return Problem("page-range", message, "correct `pages`, which counts from 1", "error", where, item, evidence)
