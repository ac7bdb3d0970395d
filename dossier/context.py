"""What Word templates see of a numbered book: the values of :mod:`dossier.views`, made once for all its documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, TypedDict, cast

from dossier import frozen, numbering
from dossier.book import Book, Entry, Proof, statuses
from dossier.documents import Document, file_names
from dossier.errors import Problem, TemplateError
from dossier.fields import plain_number
from dossier.files import Files
from dossier.lock import VACANT
from dossier.manifest import Item, Manifest
from dossier.numbering import Pagination, Slot, Span
from dossier.receipt import Receipt
from dossier.sandbox import as_date
from dossier.template_sets import TemplateSet, Words
from dossier.views import (
    Checklist,
    Context,
    DossierView,
    ItemView,
    Placeholder,
    ProblemView,
    Row,
    ScoreRow,
    Scores,
    SectionView,
    Total,
    UnitCount,
    UnitView,
    Vacant,
    VolumeView,
)


def spans_of(book: Book, pagination: Pagination) -> dict[str, Span]:
    """Return where every item, every piece of evidence, every claim and every fact is found, by id or name.

    Evidence is found at its own pages, cited evidence where it is bound, items from their divider on.
    """
    return _places(book, pagination).spans


@dataclass(frozen=True, slots=True)
class Scene:
    """A numbered book and its documents, as their templates see it."""

    book: Book
    documents: Mapping[str, Document]
    pagination: Pagination
    today: date
    template_set: TemplateSet
    _once: _Once = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_once", _Once(self.book, self.documents, self.pagination, self.today, self.words))

    @property
    def words(self) -> Words:
        """How the template set speaks of pages and dates."""
        return self.template_set.style.words

    @property
    def files(self) -> Files:
        """What templates may put into documents: files of the set, and of the sources."""
        manifest = self.book.plan.manifest
        return Files((*self.template_set.folders, manifest.root), manifest.images)

    def of(self, document: Document) -> Context:
        """Return the names that one document may use."""
        return cast(Context, {**self._once.shared, **self._once.own(document)})


def period_of(manifest: Manifest, words: Words) -> str:
    """Return the time that a dossier covers, as its template set says it."""
    period = manifest.period
    if period is None:
        return ""
    days = {"from": as_date(period.start, words.date), "to": as_date(period.end, words.date)}
    return words.period.format(**days)


def dossier_of(manifest: Manifest, today: date, words: Words) -> DossierView:
    """Return what a manifest says of a dossier; nothing of it is counted or numbered yet."""
    period = manifest.period
    return DossierView(
        manifest.title,
        manifest.subtitle,
        manifest.organisation,
        period_of(manifest, words),
        str(period.end.year) if period else str(today.year),
        today,
        0,
        0,
        0,
        0,
        complete=False,
        start=period.start if period else None,
        end=period.end if period else None,
        deadline=manifest.deadline,
        language=manifest.language,
    )


def as_built(dossier: DossierView, written: Receipt) -> DossierView:
    """Return what is said of a dossier with what the receipt of its finished book counts."""
    return replace(
        dossier,
        title=written.title,
        pages=sum(bool(page.label) for page in written.pages),
        volumes=len(written.volumes),
        items=len(written.items),
        evidence=written.proofs,
        complete=written.complete,
        sheets=written.sheets,
    )


# --- where things are ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Places:
    """By id: where a thing is found, how its last page is printed, how many pages it has."""

    spans: dict[str, Span]
    last_labels: dict[str, str]
    counts: dict[str, int]


def _places(book: Book, pagination: Pagination) -> _Places:
    spans: dict[str, Span] = {}
    last_labels: dict[str, str] = {}
    label = {(slot.volume, slot.page): slot.label for slot in pagination.slots}
    filled = [slot for slot in pagination.slots if slot.key]
    counts: dict[str, int] = Counter(slot.evidence for slot in filled) + Counter(slot.item for slot in filled)
    for proof in book.proofs():
        span = pagination.spans.get(proof.key) or pagination.spans.get(f"placeholder:{proof.id}:1")
        if span:
            spans[proof.id] = span
            last_labels[proof.id] = label[span.volume, span.last]
    for proof in book.proofs():
        see = proof.planned.entry.see
        if see and see in spans:
            spans[proof.id], last_labels[proof.id], counts[proof.id] = spans[see], last_labels[see], counts[see]
    own: dict[str, list[Slot]] = {}
    for slot in filled:
        if slot.item:
            own.setdefault(slot.item, []).append(slot)
    for entry in reversed(book.entries):
        item = entry.planned.item
        slots = own.get(item.id, [])
        inner = [child.id for child in item.items if child.id in spans]
        if slots:
            # An item may go on in the next volume: `last` is a page of the volume it begins in, its numbers are all.
            first, last = slots[0], slots[-1]
            end = max(slot.page for slot in slots if slot.volume == first.volume)
            spans[item.id] = Span(first.volume, first.page, end, first.number, last.number, first.label)
            last_labels[item.id] = last.label
        elif inner:
            begin = spans[inner[0]]
            end = max(spans[id].last for id in inner if spans[id].volume == begin.volume)
            spans[item.id] = replace(begin, last=end, last_number=spans[inner[-1]].last_number)
            last_labels[item.id] = last_labels[inner[-1]]
            counts[item.id] = sum(counts[id] for id in inner)
    slot_of = {(slot.key, slot.offset): slot for slot in filled} if book.places else {}
    for name, place in book.places.items():
        # Of evidence that is filled itself, not all pages may be known yet.
        found = slot_of.get(place) or slot_of.get((place[0], 0))
        if found is not None:
            spans[name] = Span(found.volume, found.page, found.page, found.number, found.number, found.label)
            last_labels[name], counts[name] = found.label, 1
    return _Places(spans, last_labels, counts)


class _Place(TypedDict, total=False):
    page: str
    pages: str
    label: str
    last_page: str
    last_label: str
    page_count: int
    volume: int


# --- what all documents of a round have in common ------------------------------------------------------------------


class _Once:
    """What is worked out once, however many documents show it: time grows with the rows, not with their square."""

    def __init__(
        self, book: Book, documents: Mapping[str, Document], pagination: Pagination, today: date, words: Words
    ) -> None:
        self.book = book
        self.manifest = book.plan.manifest
        self.documents = documents
        self.pagination = pagination
        self.today = today
        self.words = words
        self.places = _places(book, pagination)
        self.statuses = statuses(book)
        self.entries = {entry.planned.item.id: entry for entry in book.entries}
        self.count = max((slot.volume for slot in pagination.slots), default=1)
        self.slots: dict[int, list[Slot]] = {volume: [] for volume in range(1, self.count + 1)}
        for slot in pagination.slots:
            self.slots[slot.volume].append(slot)
        self.errors = tuple(_problem(p, self.entries) for p in book.problems if p.severity == "error")
        self._volumes: dict[tuple[int, bool], VolumeView] = {}
        self._indexes: dict[int, tuple[Row, ...]] = {}

    @cached_property
    def shared(self) -> Context:
        index = self.index
        return Context(
            dossier=self.dossier(),
            today=self.today,
            index=index,
            sections=tuple(
                SectionView(e.planned.item.id, e.planned.item.title) for e in self.book.entries if e.planned.level == 1
            ),
            items=tuple(self.views[item.id] for item in self.manifest.items),
            evidence=tuple(row for row in index if row.kind == "evidence"),
            units=tuple(self.units()),
            scores=self.scores(),
            checklist=self.checklist(),
            problems=self.errors,
            values=self.manifest.values,
            facts={name: fact.value for name, fact in self.manifest.facts.items()},
            page=lambda id: self.find(id).number,
            label=lambda id: self.find(id).label,
            pages=lambda id: self.find(id).numbers,
            cite=lambda id: self.words.cite.format(n=self.find(id).number),
        )

    def find(self, id: str) -> Span:
        span = self.places.spans.get(id) or self.pagination.spans.get(id)
        if span is None:
            raise TemplateError(
                f"a template cites {id!r}, which has no page in this binder",
                fix="cite the id of an item or of evidence that is bound",
            )
        return span

    def place(self, id: str) -> _Place:
        span = self.places.spans.get(id)
        if span is None:
            return {}
        return {
            "page": span.number, "pages": span.numbers, "label": span.label, "last_page": span.last_number,
            "last_label": self.places.last_labels[id], "page_count": self.places.counts.get(id, 0),
            "volume": span.volume,
        }  # fmt: skip

    def dossier(self) -> DossierView:
        return replace(
            dossier_of(self.manifest, self.today, self.words),
            pages=self.pagination.total,
            volumes=self.count,
            items=sum(entry.planned.leaf for entry in self.book.entries),
            evidence=sum(proof.status != "cited" for proof in self.book.proofs()),
            complete=not self.errors,
            sheets=self.sheets(),
        )

    def sheets(self) -> int:
        return sum((len(slots) + 1) // 2 for slots in self.slots.values())

    # --- rows and items

    @cached_property
    def index(self) -> tuple[Row, ...]:
        rows = [*self.matter("front"), *self.body(), *self.matter("back")]
        order: Counter[str] = Counter()
        counted: list[Row] = []
        for row in rows:
            order[row.kind] += not row.cited  # what is bound elsewhere has its number there
            counted.append(row if row.cited else replace(row, order=order[row.kind]))
        return tuple(counted)

    def matter(self, kind: str) -> Iterator[Row]:
        for document in self.documents.values():
            if document.kind == kind and document.key in self.pagination.spans:
                span = self.pagination.spans[document.key]
                count = span.last - span.first + 1
                last = self.slots[span.volume][span.last - 1].label
                yield Row(
                    kind, 1, "", document.title, page=span.number, pages=span.numbers, label=span.label,
                    to=document.key, volume=span.volume, last_page=span.last_number, last_label=last, page_count=count,
                )  # fmt: skip

    def body(self) -> Iterator[Row]:
        for entry in self.book.entries:
            planned, item = entry.planned, entry.planned.item
            yield Row(
                "item" if planned.leaf else "section",
                planned.level,
                item.id,
                item.title,
                unit=item.unit if planned.leaf else "",
                points=plain_number(_sum_of(item, _points)),
                self_score=plain_number(_sum_of(item, _self_score)),
                status=self.statuses[item.id],
                to=item.id,
                **self.place(item.id),
            )
            for proof in entry.proofs:
                yield self.proof(proof, item, planned.level + 1)

    def proof(self, proof: Proof, item: Item, level: int) -> Row:
        entry = proof.planned.entry
        return Row(
            "evidence",
            level,
            proof.id,
            proof.planned.title,
            unit=item.unit,
            date=entry.date.isoformat() if entry.date else "",
            number=entry.number,
            issuer=entry.issuer,
            status=proof.status,
            to=entry.see or proof.id,
            cited=bool(entry.see),
            role=entry.role,
            secrecy=entry.secrecy,
            remark=entry.remark,
            item_id=item.id,
            item_title=item.title,
            vacant=self.gaps.get(f"evidence:{proof.id}", ""),
            **self.place(proof.id),
        )

    @cached_property
    def views(self) -> dict[str, ItemView]:
        """Every item by its id; those below an item come before it here, for it holds them."""
        made: dict[str, ItemView] = {}
        order = {row.id: row.order for row in self.index if row.kind == "evidence"}
        for entry in reversed(self.book.entries):
            made[entry.planned.item.id] = self.item(entry, made, order)
        return made

    def item(self, entry: Entry, made: Mapping[str, ItemView], order: Mapping[str, int]) -> ItemView:
        item = entry.planned.item
        points, own = _sum_of(item, _points), _sum_of(item, _self_score)
        unit = self.manifest.units.get(item.unit)
        place = self.place(item.id)
        page, pages = place.pop("page", ""), place.pop("pages", "")
        rest = cast("dict[str, Any]", place)
        return ItemView(
            item.id,
            item.title,
            entry.planned.ancestors[0] if entry.planned.ancestors else "",
            entry.planned.level,
            plain_number(points),
            plain_number(own),
            item.criteria,
            item.unit,
            item.conclusion,
            page,
            pages,
            self.statuses[item.id],
            item.not_applicable,
            tuple(replace(self.proof(proof, item, 1), order=order[proof.id]) for proof in entry.proofs),
            tuple(made[child.id] for child in item.items),
            "item" if entry.planned.leaf else "section",
            _difference(points, own),
            item.deduction,
            to=item.id,
            contact=unit.contact if unit else "",
            phone=unit.phone if unit else "",
            requires=tuple(wanted.role for wanted in item.requires),
            **rest,
        )

    # --- scores, units and counts

    def scores(self) -> Scores:
        rows: dict[str, list[ScoreRow]] = {"points": [], "bonus": [], "veto": []}
        for entry in self.book.entries:
            planned, item = entry.planned, entry.planned.item
            view = self.views[item.id]
            rows[item.counts].append(
                ScoreRow(
                    view.kind,
                    item.id,
                    item.title,
                    item.criteria,
                    view.points,
                    view.self_score,
                    item.unit if planned.leaf else "",
                    item.conclusion,
                    item.deduction,
                    view.page,
                    view.pages,
                    item.id,
                    planned.leaf and view.status in ("missing", "refused") and bool(item.self_score),
                    planned.level,
                    view.difference,
                    view.label,
                )
            )
        top = [entry.planned.item for entry in self.book.entries if entry.planned.level == 1]
        points, own = _total(top, _points), _total(top, _self_score)
        bonus = sum(
            (item.self_score or Decimal(0) for _, item in self.manifest.walk() if item.counts == "bonus"), Decimal(0)
        )
        return Scores(
            tuple(rows["points"]),
            plain_number(points),
            plain_number(own),
            plain_number(points - own),
            tuple(self.section_total(item) for item in top),
            tuple(self.unit_total(unit, leaves) for unit, leaves in self.leaves.items() if unit),
            tuple(rows["bonus"]),
            tuple(rows["veto"]),
            plain_number(bonus) if rows["bonus"] else "",
            plain_number(own + bonus),
        )

    def section_total(self, item: Item) -> Total:
        view = self.views[item.id]
        points, own = _total([item], _points), _total([item], _self_score)
        leaves = sum(1 for _ in item.leaves())
        return Total(
            item.id,
            item.title,
            plain_number(points),
            plain_number(own),
            plain_number(points - own),
            leaves,
            view.page,
            view.label,
            item.id,
        )

    def unit_total(self, unit: str, leaves: list[Item]) -> Total:
        points, own = _total(leaves, _points), _total(leaves, _self_score)
        return Total("", unit, plain_number(points), plain_number(own), plain_number(points - own), len(leaves))

    @cached_property
    def leaves(self) -> dict[str, list[Item]]:
        """The items that carry evidence, by unit: first those that the manifest lists, in its order."""
        found: dict[str, list[Item]] = {unit: [] for unit in self.manifest.units}
        for entry in self.book.entries:
            if entry.planned.leaf:
                found.setdefault(entry.planned.item.unit, []).append(entry.planned.item)
        return found

    def units(self) -> Iterator[UnitView]:
        rows: dict[str, list[Row]] = {}
        for row in self.index:
            if row.kind == "evidence":
                rows.setdefault(row.item_id, []).append(row)
        bound = {name: pages for name, (_, pages) in self.bound.items()}
        owed: dict[str, list[ProblemView]] = {}
        for problem in self.errors:
            owed.setdefault(problem.unit, []).append(problem)
        for name, leaves in self.leaves.items():
            if not name:
                continue
            unit = self.manifest.units.get(name)
            evidence = tuple(row for item in leaves for row in rows.get(item.id, []))
            total = self.unit_total(name, leaves)
            yield UnitView(
                name,
                unit.contact if unit else "",
                unit.phone if unit else "",
                unit.note if unit else "",
                tuple(self.views[item.id] for item in leaves),
                evidence,
                len(leaves),
                sum(not row.cited for row in evidence),
                bound.get(name, 0),
                sum(self.statuses[item.id] in ("complete", "not-applicable") for item in leaves),
                tuple(owed.get(name, ())),
                total.points,
                total.self_score,
                total.difference,
            )

    @cached_property
    def bound(self) -> dict[str, tuple[int, int]]:
        """How many proofs of each unit are bound, and their pages."""
        counts: dict[str, tuple[int, int]] = {}
        for entry in self.book.entries:
            for proof in entry.proofs:
                if proof.status == "bound":
                    unit = entry.planned.item.unit
                    proofs, pages = counts.get(unit, (0, 0))
                    counts[unit] = proofs + 1, pages + self.places.counts.get(proof.id, 0)
        return counts

    def checklist(self) -> Checklist:
        return Checklist(
            self.count,
            len(self.pagination.slots),
            self.sheets(),
            sum(entry.planned.leaf for entry in self.book.entries),
            sum(proof.status != "cited" for proof in self.book.proofs()),
            tuple(UnitCount(name, *counts) for name, counts in self.bound.items()),
            not self.errors,
            self.errors,
        )

    # --- what one document has of its own

    def own(self, document: Document) -> Context:
        context = Context(volume=self.volume(document.volume, general=document.key == "general"))
        kind, _, rest = document.key.partition(":")
        if document.kind == "index" and document.key != "general":
            context["index"] = self.index_of(document.volume)
        if kind == "divider":
            context["item"] = self.views[rest]
        if document.kind == "evidence":
            item, _ = self.proofs[rest]
            context["item"] = self.views[item.id]
            return cast(Context, {**context, "evidence": self.rows[rest]})
        if vacancy := self.vacancies.get(document.key):
            context["vacant"] = Vacant(vacancy.id, vacancy.title, self.left_out(vacancy), vacancy.withdrawn)
        elif kind == "placeholder":
            context["placeholder"] = self.placeholder(rest)
        elif document.missing:
            context["placeholder"] = self.missing(document)
        return context

    @cached_property
    def vacancies(self) -> dict[str, frozen.Vacancy]:
        """What is left out of a frozen book, by the keys of the sheets that say so."""
        return frozen.vacancies(self.book.lock, self.book, self.pagination) if self.book.lock else {}

    @cached_property
    def gaps(self) -> dict[str, str]:
        """The numbers that are left out, by those they belonged to, where no sheet in the book says so."""
        if self.book.lock is None or self.manifest.numbering.left_out == "sheet":
            return {}
        return {
            key.removeprefix(VACANT): self.left_out(vacancy)
            for key, vacancy in self.vacancies.items()
            if key.startswith(VACANT)
        }

    def left_out(self, vacancy: frozen.Vacancy) -> str:
        """Return the numbers that are left out, as the language of the book puts them together."""
        return vacancy.numbers("、" if self.manifest.language.startswith("zh") else ", ")

    @cached_property
    def rows(self) -> dict[str, Row]:
        """The rows of evidence by its id."""
        return {row.id: row for row in self.index if row.kind == "evidence"}

    def index_of(self, volume: int) -> tuple[Row, ...]:
        if self.count == 1:
            return self.index
        if not self._indexes:
            listed: dict[int, list[Row]] = {}
            here = 1
            for row in self.index:
                # What is cited has the volume where it is bound, and is looked for among the evidence of its item.
                here = here if row.cited or not row.volume else row.volume
                listed.setdefault(here, []).append(row)
            self._indexes = {number: tuple(rows) for number, rows in listed.items()}
        return self._indexes.get(volume, ())

    def volume(self, number: int, *, general: bool) -> VolumeView:
        if (number, general) not in self._volumes:
            self._volumes[number, general] = self.made_volume(number, general=general)
        return self._volumes[number, general]

    def made_volume(self, number: int, *, general: bool) -> VolumeView:
        slots = self.slots.get(number, [])
        numbered = [slot for slot in slots if slot.label and slot.kind not in numbering.UNCOUNTED]
        here = {slot.item for slot in slots}
        sections = {entry.planned.section for id, entry in self.entries.items() if id in here}
        return VolumeView(
            number,
            self.count,
            file_names(self.count, draft=bool(self.errors))[number - 1],
            numbered[0].label if numbered else "",
            numbered[-1].label if numbered else "",
            len(slots),
            tuple(
                SectionView(entry.planned.item.id, entry.planned.item.title)
                for entry in self.book.entries
                if entry.planned.level == 1 and entry.planned.section in sections
            ),
            general,
            numbered[0].number if numbered else "",
            numbered[-1].number if numbered else "",
            (len(slots) + 1) // 2,
        )

    @cached_property
    def proofs(self) -> dict[str, tuple[Item, Proof]]:
        return {proof.id: (entry.planned.item, proof) for entry in self.book.entries for proof in entry.proofs}

    def placeholder(self, rest: str) -> Placeholder:
        subject, _, index = rest.rpartition(":")
        if subject in self.entries:
            entry = self.entries[subject]
            item, id, title, problem = entry.planned.item, "", "", entry.gaps[int(index) - 1]
        else:
            item, proof = self.proofs[subject]
            id, title, problem = proof.id, proof.planned.title, proof.gaps[int(index) - 1]
        unit = self.manifest.units.get(item.unit)
        contact = " ".join(part for part in (unit.contact, unit.phone) if part) if unit else ""
        return Placeholder(
            id, title, item.id, item.title, item.unit, contact, problem.message, problem.fix, problem.code
        )

    def missing(self, document: Document) -> Placeholder:
        problem = self.book.plan.documents[document.missing].problems[0]
        return Placeholder("", document.title, "", "", "", "", problem.message, problem.fix, problem.code)


def _problem(problem: Problem, entries: Mapping[str, Entry]) -> ProblemView:
    entry = entries.get(problem.item)
    unit = entry.planned.item.unit if entry else ""
    return ProblemView(problem.code, problem.message, problem.fix, problem.item, problem.evidence, unit)


# --- sums ----------------------------------------------------------------------------------------------------------


def _points(item: Item) -> Decimal | None:
    return item.points


def _self_score(item: Item) -> Decimal | None:
    return item.self_score


def _sum_of(item: Item, value: Callable[[Item], Decimal | None]) -> Decimal | None:
    """Return an item's own value, else the sum of those below it; None where there is none at all."""
    own = value(item)
    if own is not None or not item.items:
        return own
    counted = (child for child in item.items if child.counts == "points")
    inner = [found for child in counted if (found := _sum_of(child, value)) is not None]
    return sum(inner, Decimal(0)) if inner else None


def _total(items: list[Item], value: Callable[[Item], Decimal | None]) -> Decimal:
    return sum((_sum_of(item, value) or Decimal(0) for item in items if item.counts == "points"), Decimal(0))


def _difference(points: Decimal | None, own: Decimal | None) -> str:
    return "" if points is None else plain_number(points - (own or Decimal(0)))
