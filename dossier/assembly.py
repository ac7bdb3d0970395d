"""Joins numbers, parts and jumps: the leaves of every volume, its outline, and the receipt of it all."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict
from unicodedata import category
from urllib.parse import quote, unquote

from dossier import placement, receipt
from dossier.bind import Area, Leaf
from dossier.book import Book, BoundSource, Entry, Proof, statuses
from dossier.context import spans_of
from dossier.errors import Problem
from dossier.frontmatter import Settled, style_of
from dossier.lock import settings_of
from dossier.numbering import Slot, Span
from dossier.part import Link, Part, PartPage
from dossier.placement import Paper, Placement
from dossier.sources import PhotoSheets, SourceFile
from dossier.stamp import Segment, Stamp

_JUMP = "dossier:"
_LONGEST_TITLE = 200
_COVER = "封面"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a page comes from: page ``index`` (from 1) of ``part``; ``source`` names the file, if evidence.

    Of a sheet of several photos ``source`` is the first of ``sources``.
    """

    part: Part
    index: int
    source: str = ""
    rotate: int = 0
    sources: tuple[str, ...] = ()

    @property
    def page(self) -> PartPage:
        return self.part.pages[self.index - 1]


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that binding and the receipt need, in the order of the pages."""

    book: Book
    settled: Settled
    stamp: Stamp
    leaves: tuple[Leaf, ...]
    origins: tuple[Origin | None, ...]
    bookmarks: tuple[receipt.Bookmark, ...]
    problems: tuple[Problem, ...]

    @property
    def complete(self) -> bool:
        return not any(problem.severity == "error" for problem in self.problems)

    def volume(self, number: int) -> tuple[list[Leaf], list[receipt.Bookmark]]:
        """Return the leaves and bookmarks of one volume (from 1)."""
        return (
            [leaf for leaf in self.leaves if leaf.slot.volume == number],
            [mark for mark in self.bookmarks if mark.volume == number],
        )


def assemble(book: Book, settled: Settled, paper: Paper, stamp: Stamp, blank: Path) -> Assembly:
    """Place every page of a settled book; ``blank`` is a PDF of one empty page."""
    slots = settled.pagination.slots
    origins = _origins(book, settled)
    places = [_place(slot, origins.get(_address(slot)), paper, stamp) for slot in slots]
    finder = _Finder(book, settled, origins, slots, places)
    leaves: list[Leaf] = []
    for slot, place in zip(slots, places, strict=True):
        origin = origins.get(_address(slot))
        if origin is None:
            leaves.append(Leaf(slot, blank, 1, place))
        else:
            areas = tuple(finder.areas(slot, origin, place))
            marks = tuple(_marked(mark, place) for mark in book.marks.get(_address(slot), ()))
            leaves.append(Leaf(slot, origin.part.path, origin.index, place, areas, marks))
    return Assembly(
        book,
        settled,
        stamp,
        tuple(leaves),
        tuple(origins.get(_address(slot)) for slot in slots),
        tuple(replace(mark, title=_legible(mark.title)) for mark in _bookmarks(book, settled, finder)),
        (*book.problems, *finder.problems),
    )


def _marked(mark: Segment, place: Placement) -> Segment:
    """Carry a line of the part's page over to the sheet, rounded as it is written."""
    (x1, y1), (x2, y2) = place.point(*mark[:2]), place.point(*mark[2:])
    return round(x1, 2), round(y1, 2), round(x2, 2), round(y2, 2)


Address = tuple[str, int]


def _address(slot: Slot) -> Address:
    return slot.key, slot.offset


def _origins(book: Book, settled: Settled) -> dict[Address, Origin]:
    origins: dict[Address, Origin] = {}
    for key, part in settled.parts.items():
        for index in range(len(part.pages)):
            origins[key, index] = Origin(part, index + 1)
    for proof in book.proofs():
        offset = 0
        for bound in proof.bound:
            for page in bound.pages:
                origins[proof.key, offset] = _origin(bound, page, proof.planned.entry.rotate)
                offset += 1
    return origins


def _origin(bound: BoundSource, page: int, rotate: int) -> Origin:
    if not isinstance(bound.source, PhotoSheets):
        return Origin(bound.part, page, bound.source.name, rotate)
    names = tuple(photo.name for photo in bound.source.on(page))
    return Origin(bound.part, page, names[0], sources=names)  # its photos are turned already, each by itself


def _place(slot: Slot, origin: Origin | None, paper: Paper, stamp: Stamp) -> Placement:
    if origin is None:
        return placement.blank(paper)
    width = stamp.face.width(slot.label, stamp.size) if slot.label else 0.0
    return placement.place(origin.page, paper, odd=slot.page % 2 == 1, label_width=width, turn=origin.rotate)


class _Finder:
    """Turns the links of parts into jumps within the binder, and says where one leads nowhere."""

    def __init__(
        self,
        book: Book,
        settled: Settled,
        origins: Mapping[Address, Origin],
        slots: Sequence[Slot],
        places: Sequence[Placement],
    ) -> None:
        self.problems: list[Problem] = []
        self._spans = spans_of(book, settled.pagination)
        self._spans |= settled.pagination.spans
        self._sheets = {(slot.volume, slot.page): place for slot, place in zip(slots, places, strict=True)}
        self._bound = {
            (slot.key, origin.source, origin.index): (slot.volume, slot.page)
            for slot in slots
            if (origin := origins.get(_address(slot)))
        }

    def span(self, id: str) -> Span | None:
        return self._spans.get(id)

    def areas(self, slot: Slot, origin: Origin, place: Placement) -> Iterator[Area]:
        """Yield the clickable areas of one page, on its sheet."""
        for link in origin.page.links:
            area = self._area(slot, origin, link)
            if area is not None:
                yield replace(area, box=place.box(link.box))

    def page(self, key: str, source: str, index: int) -> tuple[int, int] | None:
        """Return volume and page where page ``index`` (from 1) of a source is bound, None where it is not."""
        return self._bound.get((key, source, index))

    def _area(self, slot: Slot, origin: Origin, link: Link) -> Area | None:
        if link.uri.startswith(_JUMP):
            target = unquote(link.uri.removeprefix(_JUMP))
            span = self._spans.get(target)
            if span is None:
                self.problems.append(
                    Problem(
                        "dead-jump",
                        f"{origin.source or slot.key} has a jump to {target!r}, which is not in this binder",
                        "correct the id in the document's hyperlink",
                        severity="warning",
                        item=slot.item,
                        evidence=slot.evidence,
                    )
                )
                return None
            return Area(link.box, receipt.Jump(to=target, volume=span.volume, page=span.first))
        if link.uri:
            return Area(link.box, receipt.Jump(uri=quote(link.uri, safe=string.punctuation)))  # ASCII, as PDF wants it
        found = self.page(slot.key, origin.source, link.page)
        if found is None:
            return None  # it leads to a page of the source that the manifest left out
        volume, page = found
        top = None
        if link.top is not None and volume == slot.volume:
            sheet = self._sheets[found]
            top = sheet.point(0.0, link.top)[1]
        return Area(link.box, receipt.Jump(volume=volume, page=page), top)


# --- outline -------------------------------------------------------------------------------------------------------


def _bookmarks(book: Book, settled: Settled, finder: _Finder) -> Iterator[receipt.Bookmark]:
    volumes = max((slot.volume for slot in settled.pagination.slots), default=1)
    for volume in range(1, volumes + 1):
        yield from _matter(settled, volume, ("cover", "index", "front"))
        yield from _body(book, finder, volume)
        yield from _matter(settled, volume, ("back",))


def _legible(title: str) -> str:
    """Return a title that every reader of PDF reads alike: without what text in PDF has no one code for."""
    plain = "".join(" " if category(char) in ("Cc", "Cs") or char == "\ufffd" else char for char in title)
    return " ".join(plain.split())[:_LONGEST_TITLE].rstrip() or "…"


def _matter(settled: Settled, volume: int, kinds: tuple[str, ...]) -> Iterator[receipt.Bookmark]:
    for key, document in settled.documents.items():
        span = settled.pagination.spans.get(key)
        if document.kind in kinds and span is not None and span.volume == volume:
            yield receipt.Bookmark(volume, 1, document.title or _COVER, span.first)


def _body(book: Book, finder: _Finder, volume: int) -> Iterator[receipt.Bookmark]:
    opened: set[str] = set()
    for index, entry in enumerate(book.entries):
        if not entry.planned.leaf:
            continue
        span = finder.span(entry.planned.item.id)
        here = span is not None and span.volume == volume
        # What an item of another volume only cites is listed here under the item that it is bound for.
        proofs = [proof for proof in entry.proofs if here or not proof.planned.entry.see]
        marks = [mark for proof in proofs for mark in _proof(entry, proof, finder, volume)]
        if not here and not marks:
            continue
        first = span.first if span is not None and here else marks[0].page
        for parent in _parents(book, index):
            if parent.planned.item.id not in opened:
                opened.add(parent.planned.item.id)
                yield _bookmark(parent, volume, first)
        yield _bookmark(entry, volume, first)
        yield from marks


def _parents(book: Book, index: int) -> list[Entry]:
    level = book.entries[index].planned.level
    parents: list[Entry] = []
    for entry in reversed(book.entries[:index]):
        if entry.planned.level < level:
            level = entry.planned.level
            parents.insert(0, entry)
    return parents


def _bookmark(entry: Entry, volume: int, page: int) -> receipt.Bookmark:
    item = entry.planned.item
    return receipt.Bookmark(volume, entry.planned.level, f"{item.id} {item.title}", page)


def _proof(entry: Entry, proof: Proof, finder: _Finder, volume: int) -> Iterator[receipt.Bookmark]:
    span = finder.span(proof.id)
    if span is None or span.volume != volume:
        return
    level = entry.planned.level + 1
    yield receipt.Bookmark(volume, level, f"{proof.id} {proof.planned.title}", span.first)
    if proof.planned.entry.see:
        return
    for bound in proof.bound:
        above: list[int] = []  # levels in the source, less those whose pages are not bound
        for mark in bound.part.outline:
            found = finder.page(proof.key, bound.source.name, mark.page)
            if found is not None:
                while above and above[-1] >= mark.level:
                    above.pop()
                above.append(mark.level)
                yield receipt.Bookmark(volume, level + len(above), mark.title, found[1])


# --- receipt -------------------------------------------------------------------------------------------------------


def record(
    assembly: Assembly, volumes: Sequence[receipt.Volume], *, engine: dict[str, str], template_set: dict[str, str],
    created: str, documents: Sequence[str], originals: Mapping[str, str],
) -> receipt.Receipt:  # fmt: skip
    """Write down what the bound volumes hold."""
    book, manifest = assembly.book, assembly.book.plan.manifest
    spans, known = spans_of(book, assembly.settled.pagination), statuses(book)
    return receipt.Receipt(
        title=manifest.title,
        complete=assembly.complete,
        manifest={"path": str(manifest.path), "sha256": manifest.sha256},
        engine=engine,
        template_set=template_set,
        volumes=tuple(volumes),
        items=tuple(
            _item(entry, known[entry.planned.item.id], spans, originals) for entry in book.entries if entry.planned.leaf
        ),
        pages=tuple(_page(leaf, origin) for leaf, origin in zip(assembly.leaves, assembly.origins, strict=True)),
        problems=assembly.problems,
        outline=assembly.bookmarks,
        created=created,
        sources=str(manifest.root),
        documents=tuple(documents),
        originals=tuple(originals.values()),
        numbering=settings_of(style_of(manifest)),
    )


def _item(entry: Entry, status: str, spans: Mapping[str, Span], originals: Mapping[str, str]) -> receipt.Item:
    item, span = entry.planned.item, spans.get(entry.planned.item.id)
    return receipt.Item(
        id=item.id,
        title=item.title,
        unit=item.unit,
        points="" if item.points is None else f"{item.points:f}",
        self_score="" if item.self_score is None else f"{item.self_score:f}",
        status=status,
        level=entry.planned.level,
        evidence=tuple(_evidence(proof, spans.get(proof.id), originals) for proof in entry.proofs),
        **_where(span),
    )


def _evidence(proof: Proof, span: Span | None, originals: Mapping[str, str]) -> receipt.Evidence:
    return receipt.Evidence(
        id=proof.id,
        title=proof.planned.title,
        status=proof.status,
        sources=tuple(
            row for bound in proof.bound for row in _sources(bound, originals, filled=proof.planned.entry.template)
        ),
        warnings=tuple(problem.message for problem in proof.problems if problem.severity == "warning"),
        see=proof.planned.entry.see,
        **_where(span),
    )


def _sources(bound: BoundSource, originals: Mapping[str, str], *, filled: bool) -> list[receipt.Source]:
    alone = len(bound.source.files) == 1
    pages = len(bound.pages) if alone else 1
    return [_source(file, pages, originals, filled=filled) for file in bound.source.files]


def _source(source: SourceFile, pages: int, originals: Mapping[str, str], *, filled: bool) -> receipt.Source:
    held = source.container
    return receipt.Source(
        source.name,
        source.sha256,
        pages,
        held.name if held else "",
        held.sha256 if held else "",
        originals.get(source.name, ""),
        filled,
    )


class _Where(TypedDict, total=False):
    volume: int
    first: int
    last: int
    number: str
    label: str


def _where(span: Span | None) -> _Where:
    if span is None:
        return {}
    return {
        "volume": span.volume, "first": span.first, "last": span.last, "number": span.number, "label": span.label,
    }  # fmt: skip


def _page(leaf: Leaf, origin: Origin | None) -> receipt.Page:
    slot = leaf.slot
    return receipt.Page(
        volume=slot.volume,
        page=slot.page,
        number=slot.number,
        label=slot.label,
        kind=slot.kind,
        item=slot.item,
        evidence=slot.evidence,
        source=origin.source if origin else "",
        source_page=(1 if origin.sources else origin.index) if origin and origin.source else None,
        sources=origin.sources if origin and len(origin.sources) > 1 else (),
        digest=origin.page.digest if origin else "",
        width=round(leaf.placement.width, 3),
        height=round(leaf.placement.height, 3),
        placed=tuple(round(value, 4) for value in leaf.placement.matrix),
        links=tuple(area.jump for area in leaf.areas),
        marks=leaf.marks,
        key=slot.key,
    )
