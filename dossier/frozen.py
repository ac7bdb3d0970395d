"""Keeps a book in the order in which it was printed, and says what became of that since.

What is printed stays where it is and keeps its numbers. What is new goes behind what stands before it in the manifest;
what shrank or is there no more leaves a sheet that says so, or a gap in the numbers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from dossier.book import Book
from dossier.errors import Problem
from dossier.lock import VACANT, WITHDRAWN, Held, Lock, owner
from dossier.numbering import Block, Pagination, Slot

_FIX_PRINT: Final = "print these pages and put them in; `dossier diff` says where"
_FIX_ORDER: Final = "put it back, or print the book anew: `dossier freeze --release`"


@dataclass(slots=True)
class _Place:
    """One owner at its place in the book; without blocks, it is there no more."""

    of: str
    item: str
    volume: int
    blocks: list[Block]
    held: Held | None


def arrange(blocks: Sequence[Block], lock: Lock, book: Book) -> list[list[Block]]:
    """Return the blocks of every printed volume in the order of print, with the numbers that they hold.

    ``blocks`` are those that are counted, in the order of the manifest.
    """
    groups = _groups(blocks)
    matched = match(lock, book, groups)
    places = [_Place(row.of, row.item, row.volume, [], row) for row in lock.held]
    by_row = {place.of: place for place in places}
    own = {of: by_row[row.of] for of, row in matched.items()}
    before: _Place | None = None
    for of, group in groups.items():
        item = group[0].item
        if of in own:
            own[of].of, own[of].item, own[of].blocks = of, item, group
        else:
            own[of] = _insert(places, _Place(of, item, 1, group, None), before)
        before = own[of]
    items = {entry.planned.item.id for entry in book.entries}
    sheets = book.plan.manifest.numbering.left_out == "sheet"
    volumes: list[list[Block]] = [[] for _ in range(lock.volumes)]
    for place in places:
        volumes[place.volume - 1] += _held(place, items, sheets=sheets)
    return volumes


def _groups(blocks: Iterable[Block]) -> dict[str, list[Block]]:
    groups: dict[str, list[Block]] = {}
    for block in blocks:
        groups.setdefault(owner(block.key, block.item, block.evidence), []).append(block)
    return groups


def _insert(places: list[_Place], new: _Place, before: _Place | None) -> _Place:
    """Put what is new behind what stands before it in the manifest: in its own item there, else behind that item."""
    if before is None:
        new.volume = places[0].volume if places else 1
        places.insert(0, new)
        return new
    at = next(index for index, place in enumerate(places) if place is before)
    if before.item and before.item != new.item:
        at = max(index for index, place in enumerate(places) if place.item == before.item)
    new.volume = places[at].volume
    places.insert(at + 1, new)
    return new


def _held(place: _Place, items: set[str], *, sheets: bool) -> Iterator[Block]:
    """Yield the blocks of one place, each with its share of the numbers that are printed there."""
    row = place.held
    if row is None:
        yield from place.blocks
        return
    if not place.blocks:
        item = row.item if row.item in items else ""
        yield Block("placeholder", row.sheet, 1, item, held=row.numbers, side=row.side)
        return
    rest, side = row.numbers, row.side if row.side in (0, 1) else None
    for block in place.blocks:
        last = block is place.blocks[-1]
        over = len(rest) > block.pages
        # What is left out goes with the last of them: what comes behind it is numbered behind that, too.
        share = rest if last and over and not sheets else rest[: block.pages]
        yield replace(block, held=share, side=side)
        rest, side = rest[block.pages :], _side(rest[block.pages :])
    if rest and sheets:
        block = place.blocks[-1]
        yield Block("placeholder", VACANT + place.of, 1, block.item, section=block.section, held=rest, side=side)


def _side(rest: Sequence[str]) -> int | None:
    """Return the side of a sheet that a plain number is printed on."""
    return int(rest[0]) % 2 if rest and rest[0].isdigit() else None


# --- who is who ----------------------------------------------------------------------------------------------------


def match(lock: Lock, book: Book, owners: Iterable[str]) -> dict[str, Held]:
    """Return which of the printed things each owner is.

    Evidence is known by its files, for its id may only be its place in the list; else by its id. Evidence of another
    item is another.
    """
    wanted = list(owners)
    rows = {row.of: row for row in lock.held}
    found = {of: rows[of] for of in wanted if not of.startswith("evidence:") and of in rows}
    names = _names(book)
    item_of = {f"evidence:{proof.id}": entry.planned.item.id for entry in book.entries for proof in entry.proofs}
    printed = _by_item(row for row in lock.held if row.sources or row.of.startswith("evidence:"))
    asked: dict[str, list[str]] = {}
    for of in wanted:
        if of in item_of:
            asked.setdefault(item_of[of], []).append(of)
    for item, these in asked.items():
        found |= _pair(these, printed.get(item, []), names)
    return found


def _names(book: Book) -> dict[str, frozenset[str]]:
    return {f"evidence:{proof.id}": frozenset(proof.planned.names) for proof in book.proofs()}


def _titles(book: Book) -> dict[str, str]:
    titles = {f"evidence:{proof.id}": proof.planned.title for proof in book.proofs()}
    return titles | {f"item:{entry.planned.item.id}": entry.planned.item.title for entry in book.entries}


def _by_item(rows: Iterable[Held]) -> dict[str, list[Held]]:
    found: dict[str, list[Held]] = {}
    for row in rows:
        found.setdefault(row.item, []).append(row)
    return found


def _pair(these: Sequence[str], rows: Sequence[Held], names: Mapping[str, frozenset[str]]) -> dict[str, Held]:
    found: dict[str, Held] = {}

    def take(fits: Callable[[str, Held], bool]) -> None:
        for of in these:
            if of not in found:
                taken = {row.of for row in found.values()}
                row = next((row for row in rows if row.of not in taken and fits(of, row)), None)
                if row is not None:
                    found[of] = row

    take(lambda of, row: of == row.of and bool(names[of].intersection(row.sources)))
    take(lambda of, row: bool(row.sources) and names[of] == frozenset(row.sources))
    take(lambda of, row: of == row.of)
    return found


# --- what became of it ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vacancy:
    """Numbers of a frozen book that are left out: whose they were, and the runs of them, first and last of each.

    ``left`` are all of them, without their volume's. ``withdrawn`` says that nothing of it is left.
    """

    id: str
    title: str
    runs: tuple[tuple[str, str], ...]
    left: tuple[str, ...]
    withdrawn: bool

    def numbers(self, between: str = ", ") -> str:
        """Return the numbers as one cites them: ``141, 143—146``."""
        return between.join(first if first == last else f"{first}—{last}" for first, last in self.runs)


def vacancies(lock: Lock, book: Book, pagination: Pagination) -> dict[str, Vacancy]:
    """Return what is left out of each thing that is printed, by the key of the sheet that says so, or would."""
    owners = _owners(pagination)
    return _vacancies(lock, owners, match(lock, book, owners), _titles(book))


def _vacancies(
    lock: Lock, owners: Mapping[str, Sequence[Slot]], matched: Mapping[str, Held], titles: Mapping[str, str]
) -> dict[str, Vacancy]:
    several = lock.numbering.get("restart") == "volume" and lock.volumes > 1
    shown = {slot.number for slots in owners.values() for slot in slots}
    now = {row.of: of for of, row in matched.items()}
    found: dict[str, Vacancy] = {}
    for row in lock.held:
        said = {number: f"{row.volume}-{number}" if several else number for number in row.numbers}
        left = tuple(number for number in row.numbers if said[number] not in shown)
        gaps = [list(run) for gap, run in groupby(row.numbers, key=frozenset(left).__contains__) if gap]
        runs = tuple((said[run[0]], said[run[-1]]) for run in gaps)
        if len(left) == len(row.numbers):
            found[row.sheet] = Vacancy(row.id, row.title, runs, left, withdrawn=True)
        elif left:
            of = now[row.of]
            id, title = row.id and of.partition(":")[2], titles.get(of, row.title)
            found[VACANT + of] = Vacancy(id, title, runs, left, withdrawn=False)
    return found


def _owners(pagination: Pagination) -> dict[str, list[Slot]]:
    """Return the counted pages of everything that shows something, by their owners in the order of the book."""
    found: dict[str, list[Slot]] = {}
    for slot in pagination.slots:
        shown = slot.kind != "blank" and not slot.key.startswith((VACANT, WITHDRAWN))
        if shown and slot.number[:1].isdigit():
            found.setdefault(owner(slot.key, slot.item, slot.evidence), []).append(slot)
    return found


def changes(book: Book, pagination: Pagination) -> list[Problem]:
    """Say what became of a book since it was printed, in its order; see :mod:`dossier.rules` for the codes.

    Nothing is said of a book that is not frozen.
    """
    if book.lock is None:
        return []
    found = _Changes(book.lock, book, pagination).found()
    return [problem for problem in map(book.plan.manifest.levelled, found) if problem is not None]


class _Changes:
    def __init__(self, lock: Lock, book: Book, pagination: Pagination) -> None:
        self.lock = lock
        self.manifest = book.plan.manifest
        self.names = _names(book)
        self.titles = _titles(book)
        self.slots = _owners(pagination)
        self.matched = match(lock, book, self.slots)
        self.left_out = _vacancies(lock, self.slots, self.matched, self.titles)
        taken = {row.of for row in self.matched.values()}
        self.gone = [row for row in lock.held if row.of not in taken]

    def found(self) -> Iterator[Problem]:
        moved: list[Held] = []
        for of, slots in self.slots.items():
            row = self.matched.get(of)
            if row is not None:
                yield from self._kept(of, row, slots)
                continue
            pages = _said(slots)
            before = next((gone for gone in self.gone if gone not in moved and self._is(of, gone)), None)
            if before is not None:
                moved.append(before)
                message = f"was printed under {before.item}, with the number {before.numbers[0]}; now it is {pages}"
                yield self._problem("frozen-moved", of, message, _FIX_ORDER)
            else:
                message = f"came after the book was printed, and is {pages}"
                yield self._problem("frozen-late", of, message, _FIX_PRINT)
        yield from self._out_of_order()
        for row in self.gone:
            vacancy = self.left_out.get(row.sheet)
            if row not in moved and vacancy is not None and row.of != row.sheet:
                message = f"{row.title or row.of}: is no longer in the manifest, but printed as {vacancy.numbers()}"
                fix = "a sheet in its place says that it is withdrawn; put it back if it should not be"
                yield Problem("frozen-withdrawn", message, fix, "warning", str(self.manifest.path), row.item)

    def _kept(self, of: str, row: Held, slots: Sequence[Slot]) -> Iterator[Problem]:
        more = slots[len(row.numbers) :]
        if more:
            message = f"has {_pages(len(more))} more than were printed: it is {_said(slots)}"
            yield self._problem("frozen-grown", of, message, _FIX_PRINT)
        vacancy = self.left_out.get(VACANT + of)
        if vacancy is not None and set(vacancy.left).difference(row.left_out):
            fix = "the numbers stay empty; print the book anew if they should not: `dossier freeze --release`"
            message = f"was printed with pages that it has no more: {vacancy.numbers()}"
            yield self._problem("frozen-shrunk", of, message, fix)
        names = self.names.get(of, frozenset())
        if row.sources and names and not names.intersection(row.sources):
            message = f"was printed from {', '.join(row.sources[:3])}, and keeps the numbers of that"
            fix = "if it is not the same evidence, give it an `id` of its own, and the old one another"
            yield self._problem("frozen-replaced", of, message, fix)

    def _is(self, of: str, row: Held) -> bool:
        names = self.names.get(of)
        return of == row.of or bool(names and names == frozenset(row.sources))

    def _out_of_order(self) -> Iterator[Problem]:
        """Report the fewest things that stand elsewhere in the manifest than in the printed book."""
        order = {row.of: index for index, row in enumerate(self.lock.held)}
        owners = [of for of in self._in_manifest() if of in self.matched]
        for of in _strays(owners, [order[self.matched[of].of] for of in owners]):
            message = "stands elsewhere in the manifest than in the printed book, where it keeps its place"
            yield self._problem("frozen-order", of, message, _FIX_ORDER)

    def _in_manifest(self) -> Iterator[str]:
        """Walk over the owners that the manifest names among its items, in its order."""
        for item in self.manifest.leaves():
            yield f"item:{item.id}"
            for entry in item.evidence:
                yield f"evidence:{entry.id}"

    def _problem(self, code: str, of: str, message: str, fix: str) -> Problem:
        kind, _, id = of.partition(":")
        title = self.titles.get(of, of)
        slot = self.slots[of][0]
        evidence = id if kind == "evidence" else ""
        where = self.manifest.where(id) if kind in ("evidence", "item") else str(self.manifest.path)
        return Problem(code, f"{title}: {message}", fix, "warning", where, slot.item, evidence)


def _said(slots: Sequence[Slot]) -> str:
    first, last = slots[0].number, slots[-1].number
    return f"page {first}" if first == last else f"pages {first}—{last}"


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"


def _strays(owners: Sequence[str], order: Sequence[int]) -> list[str]:
    """Return the owners outside one longest run of them whose ``order`` rises."""
    tails: list[int] = []
    at: list[int] = []
    for place in order:
        length = bisect_left(tails, place)
        tails[length : length + 1] = [place]
        at.append(length)
    wanted = len(tails) - 1
    strays: list[str] = []
    for index in reversed(range(len(owners))):
        if at[index] == wanted:
            wanted -= 1
        else:
            strays.insert(0, owners[index])
    return strays
