"""The front and back matter: what Word templates see, and their filling until page numbers settle.

The index shows page numbers, and its own length moves them. So: assume a length for every document, number the book,
fill, convert, measure; and again with the measured lengths, until they are those assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

from dossier import numbering, templates
from dossier.book import Book, Entry, Proof
from dossier.errors import Problem, TemplateError, UnsettledError
from dossier.manifest import Front, Item, Manifest
from dossier.numbering import Block, Pagination, Slot, Span, Style
from dossier.part import Part
from dossier.sources import Kind, recognise

_MOST_ROUNDS = 6
_ROWS_A_PAGE = 24  # of an index; a first guess, corrected by measuring


@dataclass(frozen=True, slots=True)
class Row:
    """A line of an index or of a divider's list. Absent values are empty text."""

    kind: str
    level: int
    id: str
    title: str
    unit: str = ""
    date: str = ""
    number: str = ""
    issuer: str = ""
    page: str = ""
    pages: str = ""
    label: str = ""
    points: str = ""
    status: str = ""
    to: str = ""
    volume: int = 0
    cited: bool = False
    role: str = ""


@dataclass(frozen=True, slots=True)
class DossierView:
    """``dossier`` in a template."""

    title: str
    subtitle: str
    organisation: str
    period: str
    year: str
    date: date
    pages: int
    volumes: int
    items: int
    evidence: int
    complete: bool


@dataclass(frozen=True, slots=True)
class SectionView:
    """A top-level item in a template."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class VolumeView:
    """``volume`` in a template: ``number`` from 1, ``pages`` physical."""

    number: int
    count: int
    file: str
    first_label: str
    last_label: str
    pages: int
    items: tuple[SectionView, ...]
    general: bool = False


@dataclass(frozen=True, slots=True)
class ItemView:
    """``item`` in a divider."""

    id: str
    title: str
    section: str
    level: int
    points: str
    self_score: str
    criteria: str
    unit: str
    conclusion: str
    page: str
    pages: str
    status: str
    not_applicable: str
    evidence: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A line of the score sheet; ``unproved`` marks points that are claimed without proof."""

    kind: str
    id: str
    title: str
    criteria: str
    points: str
    self_score: str
    unit: str
    conclusion: str
    deduction: str
    page: str
    pages: str
    to: str
    unproved: bool


@dataclass(frozen=True, slots=True)
class Scores:
    """``scores`` in a template: exact decimals as text."""

    rows: tuple[ScoreRow, ...]
    points: str
    self_score: str
    difference: str


@dataclass(frozen=True, slots=True)
class UnitView:
    """A unit and what of it is bound."""

    name: str
    evidence: int
    pages: int


@dataclass(frozen=True, slots=True)
class Checklist:
    """``checklist`` in a template; ``pages`` and ``sheets`` are physical."""

    volumes: int
    pages: int
    sheets: int
    items: int
    evidence: int
    units: tuple[UnitView, ...]
    complete: bool
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """``placeholder`` on a placeholder sheet; ``code`` is that of the problem, for a template's own words."""

    id: str
    title: str
    item_id: str
    item_title: str
    unit: str
    contact: str
    reason: str
    fix: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One Word document of the binder's own: ``key`` is its block's, ``template`` what it is filled from."""

    key: str
    kind: str
    template: Path
    title: str = ""
    volume: int = 1
    name: str = ""
    literal: bool = False  # bound as it is, not filled
    missing: str = ""  # the file of one's own that a placeholder sheet stands for


@dataclass(frozen=True, slots=True)
class Settled:
    """A numbered book: its pagination, and a part for every document by key."""

    pagination: Pagination
    parts: dict[str, Part]
    documents: dict[str, Document]
    filled: dict[str, Path]
    rounds: int


Convert = Callable[[Mapping[str, Path]], Mapping[str, Part]]


@dataclass(frozen=True, slots=True)
class _Setting:
    """What does not change from round to round."""

    book: Book
    template_set: templates.TemplateSet
    today: date

    @property
    def manifest(self) -> Manifest:
        return self.book.plan.manifest


def settle(book: Book, template_set: templates.TemplateSet, today: date, convert: Convert, folder: Path) -> Settled:
    """Number the book and fill its documents until both agree; filled Word files are left in ``folder``.

    Raises TemplateError where a template cannot be filled, and UnsettledError where the lengths go on changing.
    """
    setting = _Setting(book, template_set, today)
    lengths: dict[str, int] = {}
    flipping: list[str] = []
    for rounds in range(1, _MOST_ROUNDS + 1):
        volumes, documents = _lay_out(setting, lengths)
        pagination = numbering.paginate(volumes, _style(setting.manifest))
        filled = _fill(setting, documents, pagination, folder)
        parts = dict(convert(filled))
        measured = {key: len(part.pages) for key, part in parts.items()}
        assumed = {block.key: block.pages for blocks in volumes for block in blocks if block.key in documents}
        if measured == assumed:
            return Settled(pagination, parts, documents, filled, rounds)
        flipping = [key for key, pages in measured.items() if assumed.get(key) != pages]
        lengths |= measured
    names = ", ".join(sorted({documents[key].template.name for key in flipping if key in documents}))
    raise UnsettledError(
        f"page numbers do not settle: the length of {names} changes with the numbers in it",
        fix="make its layout stable, for example give page-number columns a fixed width",
    )


def file_names(volumes: int, *, draft: bool) -> tuple[str, ...]:
    """Return the file name of each volume."""
    stem = "binder-draft" if draft else "binder"
    return (f"{stem}.pdf",) if volumes == 1 else tuple(f"{stem}-{n}.pdf" for n in range(1, volumes + 1))


def _style(manifest: Manifest) -> Style:
    return Style(manifest.numbering.style, manifest.numbering.start, manifest.page.start_on, manifest.numbering.restart)


# --- which documents there are, and where they stand ---------------------------------------------------------------


def _lay_out(setting: _Setting, lengths: Mapping[str, int]) -> tuple[list[list[Block]], dict[str, Document]]:
    manifest = setting.manifest
    rows = len(_body_rows(setting, None))
    body = [
        Block(b.kind, b.key, lengths.get(b.key, 1), b.item, b.evidence, b.section) if _is_document(b) else b
        for b in setting.book.blocks()
    ]
    back = {d.key: d for d in (_front_document(setting, entry, "back", 1) for entry in manifest.back)}

    def block(document: Document) -> Block:
        guess = -(-rows // _ROWS_A_PAGE) if document.kind == "index" else 1
        return Block(document.kind, document.key, lengths.get(document.key, max(1, guess)))

    def before(volume: int, *, several: bool) -> list[Document]:
        return _before(setting, volume, several=several)

    def overhead(volume: int) -> int:
        pages = [block(document).pages for document in before(volume, several=True)]
        return sum(count + count % 2 for count in pages)

    after = [block(document) for document in back.values()]
    if manifest.volumes is None:
        bodies = [[*body, *after]]
    elif manifest.volumes.by == "section":
        bodies = numbering.split_by_section(body)
        bodies[-1] += after
    else:
        most, start_on = manifest.volumes.max_pages or 0, manifest.page.start_on
        bodies = numbering.split([*body, *after], most, overhead, start_on, manifest.numbering.start)
    several = len(bodies) > 1
    volumes: list[list[Block]] = []
    documents: dict[str, Document] = {}
    for number, blocks in enumerate(bodies, start=1):
        front = before(number, several=several)
        documents |= {d.key: d for d in front}
        documents |= {b.key: replace(back[b.key], volume=number) for b in blocks if b.key in back}
        documents |= {b.key: _body_document(setting, b, number) for b in blocks if _is_document(b)}
        volumes.append([*(block(d) for d in front), *blocks])
    return volumes, _told_apart(documents)


def _told_apart(documents: Mapping[str, Document]) -> dict[str, Document]:
    """Give each document a file name of its own, also where a disk takes upper and lower case for the same."""
    taken: set[str] = set()
    named: dict[str, Document] = {}
    for key, document in documents.items():
        name, count = document.name, 1
        while (file := f"{name}{document.template.suffix}".lower()) in taken:
            count += 1
            name = f"{document.name}-{count}"
        taken.add(file)
        named[key] = replace(document, name=name)
    return named


def _is_document(block: Block) -> bool:
    return block.kind in ("divider", "placeholder")


def _body_document(setting: _Setting, block: Block, volume: int) -> Document:
    template = setting.template_set.path(block.kind)
    return Document(block.key, block.kind, template, volume=volume, name=block.key.replace(":", "-"))


def _before(setting: _Setting, volume: int, *, several: bool) -> list[Document]:
    documents: list[Document] = []
    for entry in setting.manifest.front:
        if entry.name == "index" and several and volume == 1:
            general = _front_document(setting, entry, "index", volume)
            documents.append(
                Document("general", "index", general.template, general.title, volume, name="index-general")
            )
        if volume == 1 or entry.name in numbering.UNCOUNTED:
            documents.append(_front_document(setting, entry, "front", volume))
    return documents


def _front_document(setting: _Setting, entry: Front, kind: str, volume: int) -> Document:
    if entry.file:
        path = setting.book.plan.documents[entry.file].path
        name = f"{kind}-{entry.file.replace('/', '-').rpartition('.')[0]}"
        if path is None:
            template, title = setting.template_set.path("placeholder"), entry.title or entry.file
            return Document(f"{kind}:{entry.file}", kind, template, title, volume, name, missing=entry.file)
        literal = not entry.template or recognise(path) is Kind.PDF
        title = entry.title or path.stem
        return Document(f"{kind}:{entry.file}", kind, path, title, volume, name, literal)
    template = setting.template_set.path(entry.name)
    kind = entry.name if entry.name in numbering.UNCOUNTED else kind
    key = f"{entry.name}:{volume}"
    title = entry.title or setting.template_set.title(entry.name)
    return Document(key, kind, template, title, volume, f"{entry.name}-{volume}" if volume > 1 else entry.name)


# --- what the templates see ----------------------------------------------------------------------------------------


def _fill(
    setting: _Setting, documents: Mapping[str, Document], pagination: Pagination, folder: Path
) -> dict[str, Path]:
    shared = _shared_context(setting, documents, pagination)
    filled: dict[str, Path] = {}
    for key, document in documents.items():
        if document.literal:
            filled[key] = document.template
            continue
        context = shared | _own_context(setting, documents, document, pagination)
        out = folder / f"{document.name}.docx"
        templates.fill(document.template, context, out, where=document.template.name)
        filled[key] = out
    return filled


def _shared_context(setting: _Setting, documents: Mapping[str, Document], pagination: Pagination) -> dict[str, object]:
    manifest, book = setting.manifest, setting.book
    entries = [entry for entry in book.entries if entry.planned.leaf]
    proofs = [proof for proof in book.proofs() if proof.status != "cited"]
    spans = _spans(book, pagination)

    def find(id: str) -> Span:
        span = spans.get(id)
        if span is None:
            raise TemplateError(
                f"a template cites {id!r}, which has no page in this binder",
                fix="cite the id of an item or of evidence that is bound",
            )
        return span

    volumes = max((slot.volume for slot in pagination.slots), default=1)
    return {
        "dossier": DossierView(
            manifest.title,
            manifest.subtitle,
            manifest.organisation,
            _period(manifest),
            str(manifest.period.end.year) if manifest.period else str(setting.today.year),
            setting.today,
            pagination.total,
            volumes,
            len(entries),
            len(proofs),
            not any(problem.severity == "error" for problem in book.problems),
        ),
        "scores": _scores(setting, spans),
        "checklist": _checklist(setting, pagination, volumes),
        "sections": [
            SectionView(e.planned.item.id, e.planned.item.title) for e in book.entries if e.planned.level == 1
        ],
        "problems": [p for p in book.problems if p.severity == "error"],
        "today": setting.today,
        "index": _index(setting, documents, pagination),
        "page": lambda id: find(id).number,
        "pages": lambda id: find(id).numbers,
        "cite": lambda id: f"见第{find(id).number}页",
    }


def _own_context(
    setting: _Setting, documents: Mapping[str, Document], document: Document, pagination: Pagination
) -> dict[str, object]:
    context: dict[str, object] = {"volume": _volume(setting, document, pagination)}
    kind, _, rest = document.key.partition(":")
    if document.kind == "index" and document.key != "general":
        rows = _index(setting, documents, pagination)
        several = any(slot.volume > 1 for slot in pagination.slots)
        context["index"] = [row for row in rows if row.volume == document.volume or not several]
    if kind == "divider":
        entry = next(e for e in setting.book.entries if e.planned.item.id == rest)
        context["item"] = _item(setting, entry, pagination)
    if kind == "placeholder":
        context["placeholder"] = _placeholder(setting, rest)
    elif document.missing:
        context["placeholder"] = _missing_document(setting, document)
    return context


def _volume(setting: _Setting, document: Document, pagination: Pagination) -> VolumeView:
    slots = [slot for slot in pagination.slots if slot.volume == document.volume]
    count = max((slot.volume for slot in pagination.slots), default=1)
    labels = [slot.label for slot in slots if slot.label and slot.kind not in numbering.UNCOUNTED]
    here = {slot.item for slot in slots}
    sections = {e.planned.section for e in setting.book.entries if e.planned.item.id in here}
    complete = not any(problem.severity == "error" for problem in setting.book.problems)
    return VolumeView(
        document.volume,
        count,
        file_names(count, draft=not complete)[document.volume - 1],
        labels[0] if labels else "",
        labels[-1] if labels else "",
        len(slots),
        tuple(
            SectionView(e.planned.item.id, e.planned.item.title)
            for e in setting.book.entries
            if e.planned.level == 1 and e.planned.section in sections
        ),
        document.key == "general",
    )


def _spans(book: Book, pagination: Pagination) -> dict[str, Span]:
    """Where each id is found: evidence at its own pages, cited evidence where it is bound, items from their divider."""
    spans: dict[str, Span] = {}
    for proof in book.proofs():
        span = pagination.spans.get(proof.key) or pagination.spans.get(f"placeholder:{proof.id}:1")
        if span:
            spans[proof.id] = span
    for proof in book.proofs():
        see = proof.planned.entry.see
        if see and see in spans:
            spans[proof.id] = spans[see]
    own: dict[str, list[Slot]] = {}
    for slot in pagination.slots:
        if slot.key and slot.item:
            own.setdefault(slot.item, []).append(slot)
    for entry in reversed(book.entries):
        item = entry.planned.item
        slots = own.get(item.id, [])
        inner = [spans[child.id] for child in item.items if child.id in spans]
        if slots:
            # An item may go on in the next volume: `last` is a page of the volume it begins in, its numbers are all.
            first, last = slots[0], slots[-1]
            end = max(slot.page for slot in slots if slot.volume == first.volume)
            spans[item.id] = Span(first.volume, first.page, end, first.number, last.number, first.label)
        elif inner:
            begin = inner[0]
            end = max(span.last for span in inner if span.volume == begin.volume)
            spans[item.id] = replace(begin, last=end, last_number=inner[-1].last_number)
    return spans


def spans_of(book: Book, pagination: Pagination) -> dict[str, Span]:
    """Return where every item and every piece of evidence is found, by id."""
    return _spans(book, pagination)


def _index(setting: _Setting, documents: Mapping[str, Document], pagination: Pagination) -> list[Row]:
    def matter(kind: str) -> list[Row]:
        rows = []
        for document in documents.values():
            if document.kind == kind and document.key in pagination.spans:
                span = pagination.spans[document.key]
                rows.append(
                    Row(
                        kind, 1, "", document.title, page=span.number, pages=span.numbers, label=span.label,
                        to=document.key, volume=span.volume,
                    )
                )  # fmt: skip
        return rows

    return [*matter("front"), *_body_rows(setting, pagination), *matter("back")]


def _body_rows(setting: _Setting, pagination: Pagination | None) -> list[Row]:
    book = setting.book
    spans = _spans(book, pagination) if pagination else {}
    rows: list[Row] = []
    for entry in book.entries:
        planned, item = entry.planned, entry.planned.item
        span = spans.get(item.id)
        rows.append(
            Row(
                "item" if planned.leaf else "section",
                planned.level,
                item.id,
                item.title,
                unit=item.unit if planned.leaf else "",
                points=_text(_points(item)),
                status=book.status(entry),
                to=item.id,
                **_place(span),
            )
        )
        rows += [_proof_row(proof, planned.level + 1, spans.get(proof.id), item.unit) for proof in entry.proofs]
    return rows


def _proof_row(proof: Proof, level: int, span: Span | None, unit: str) -> Row:
    entry = proof.planned.entry
    return Row(
        "evidence",
        level,
        proof.id,
        proof.planned.title,
        unit=unit,
        date=entry.date.isoformat() if entry.date else "",
        number=entry.number,
        issuer=entry.issuer,
        status=proof.status,
        to=entry.see or proof.id,
        cited=bool(entry.see),
        role=entry.role,
        **_place(span),
    )


class _Place(TypedDict, total=False):
    page: str
    pages: str
    label: str
    volume: int


def _place(span: Span | None) -> _Place:
    if span is None:
        return {}
    return {"page": span.number, "pages": span.numbers, "label": span.label, "volume": span.volume}


def _item(setting: _Setting, entry: Entry, pagination: Pagination) -> ItemView:
    item = entry.planned.item
    spans = _spans(setting.book, pagination)
    span = spans.get(item.id)
    return ItemView(
        item.id,
        item.title,
        entry.planned.ancestors[0] if entry.planned.ancestors else "",
        entry.planned.level,
        _text(item.points),
        _text(item.self_score),
        item.criteria,
        item.unit,
        item.conclusion,
        span.number if span else "",
        span.numbers if span else "",
        setting.book.status(entry),
        item.not_applicable,
        tuple(_proof_row(proof, 1, spans.get(proof.id), item.unit) for proof in entry.proofs),
    )


def _scores(setting: _Setting, spans: Mapping[str, Span]) -> Scores:
    rows: list[ScoreRow] = []
    for entry in setting.book.entries:
        planned, item = entry.planned, entry.planned.item
        span = spans.get(item.id)
        rows.append(
            ScoreRow(
                "item" if planned.leaf else "section",
                item.id,
                item.title,
                item.criteria,
                _text(_points(item)),
                _text(_self_score(item)),
                item.unit if planned.leaf else "",
                item.conclusion,
                item.deduction,
                span.number if span else "",
                span.numbers if span else "",
                item.id,
                planned.leaf and setting.book.status(entry) in ("missing", "refused") and bool(item.self_score),
            )
        )
    top = setting.manifest.items
    points = sum((_points(item) or Decimal(0) for item in top), Decimal(0))
    own = sum((_self_score(item) or Decimal(0) for item in top), Decimal(0))
    return Scores(tuple(rows), _text(points), _text(own), _text(points - own))


def _points(item: Item) -> Decimal | None:
    if item.points is not None or not item.items:
        return item.points
    inner = [value for value in map(_points, item.items) if value is not None]
    return sum(inner, Decimal(0)) if inner else None


def _self_score(item: Item) -> Decimal | None:
    if item.self_score is not None or not item.items:
        return item.self_score
    inner = [value for value in map(_self_score, item.items) if value is not None]
    return sum(inner, Decimal(0)) if inner else None


def _text(value: Decimal | None) -> str:
    if value is None:
        return ""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _checklist(setting: _Setting, pagination: Pagination, volumes: int) -> Checklist:
    book = setting.book
    units: dict[str, list[int]] = {}
    for entry in book.entries:
        for proof in entry.proofs:
            if proof.status == "bound":
                counts = units.setdefault(entry.planned.item.unit, [0, 0])
                counts[0] += 1
                counts[1] += proof.pages
    errors = tuple(problem for problem in book.problems if problem.severity == "error")
    sheets = sum((pagination.pages_of(volume) + 1) // 2 for volume in range(1, volumes + 1))
    return Checklist(
        volumes,
        len(pagination.slots),
        sheets,
        sum(entry.planned.leaf for entry in book.entries),
        sum(proof.status != "cited" for proof in book.proofs()),
        tuple(UnitView(name, *counts) for name, counts in units.items()),
        not errors,
        errors,
    )


def _placeholder(setting: _Setting, rest: str) -> Placeholder:
    subject, _, index = rest.rpartition(":")
    for entry in setting.book.entries:
        item = entry.planned.item
        unit = setting.manifest.units.get(item.unit)
        contact = " ".join(part for part in (unit.contact, unit.phone) if part) if unit else ""
        if item.id == subject:
            problem = entry.gaps[int(index) - 1]
            return Placeholder(
                "", "", item.id, item.title, item.unit, contact, problem.message, problem.fix, problem.code
            )
        for proof in entry.proofs:
            if proof.id == subject:
                problem = proof.gaps[int(index) - 1]
                return Placeholder(
                    proof.id, proof.planned.title, item.id, item.title, item.unit, contact,
                    problem.message, problem.fix, problem.code,
                )  # fmt: skip
    raise KeyError(rest)


def _missing_document(setting: _Setting, document: Document) -> Placeholder:
    problem = setting.book.plan.documents[document.missing].problems[0]
    return Placeholder("", document.title, "", "", "", "", problem.message, problem.fix, problem.code)


def _period(manifest: Manifest) -> str:
    if manifest.period is None:
        return ""
    start, end = manifest.period.start, manifest.period.end
    return f"{start.year}年{start.month}月{start.day}日至{end.year}年{end.month}月{end.day}日"
