"""Which page carries which number: volumes, odd starts, blanks, labels. Pure arithmetic on page counts.

Covers and indexes are not counted: their pages have lower-case Roman numbers of their own, volume by volume. Everything
after them is counted from ``start``. Where pages start on odd numbers, the blanks that this needs are counted but carry
no label. In every volume a counted page's number is odd exactly where its physical page is: an odd number is on the
front of a sheet.

Where numbers are frozen, blocks hold those that are printed of them. What goes beyond has inserted numbers, such as
``143A``, and blanks put every held number on its side of a sheet again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from dossier.errors import FrozenError
from dossier.inserting import Inserter, Way, is_plain, root

UNCOUNTED = frozenset({"cover", "index"})


@dataclass(frozen=True, slots=True)
class Block:
    """Pages that stay together: one front document, one divider, one piece of evidence.

    ``key`` is unique within the binder; ``section`` is the number of the top-level item (from 1, 0 outside the items).
    ``held`` are the numbers that are printed of it, without a volume's; ``side`` is the side of the sheet that it began
    on then: 1 front, 0 back, None if it may be either.
    """

    kind: str
    key: str
    pages: int
    item: str = ""
    evidence: str = ""
    section: int = 0
    held: tuple[str, ...] = ()
    side: int | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """One physical page: ``page`` from 1 in its ``volume`` (from 1); ``offset`` from 0 in its block, -1 for a blank."""

    volume: int
    page: int
    number: str
    label: str
    kind: str
    key: str = ""
    offset: int = -1
    item: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a block ended up: physical pages ``first`` to ``last`` of ``volume``, and their numbers and labels."""

    volume: int
    first: int
    last: int
    number: str
    last_number: str
    label: str

    @property
    def numbers(self) -> str:
        """The numbers as one cites them: ``57`` or ``57—61``."""
        return self.number if self.number == self.last_number else f"{self.number}—{self.last_number}"


@dataclass(frozen=True, slots=True)
class Pagination:
    """Every page of every volume, in order."""

    slots: tuple[Slot, ...]
    spans: dict[str, Span]
    total: int

    def pages_of(self, volume: int) -> int:
        """Count the physical pages of a volume (from 1)."""
        return sum(slot.volume == volume for slot in self.slots)


@dataclass(frozen=True, slots=True)
class Printed:
    """The numbers that are printed, by volume and without the volume's own, and the total that labels there show."""

    numbers: Mapping[int, frozenset[str]]
    totals: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Style:
    """How numbers run and look: see ``numbering`` and ``page.start_on`` of the manifest.

    ``printed`` says that numbers are frozen; then ``inserted`` is the way of those that come between.
    """

    label: str = "— {n} —"
    start: int = 1
    start_on: Literal["odd", "any"] = "odd"
    restart: Literal["never", "volume"] = "never"
    inserted: Way = "letter"
    printed: Printed | None = None


def roman(number: int) -> str:
    """Return a number from 1 to 3999 in lower-case Roman digits."""
    text = ""
    for value, digits in (
        (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
        (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    ):  # fmt: skip
        count, number = divmod(number, value)
        text += digits * count
    return text


@dataclass(frozen=True, slots=True)
class _Raw:
    """A page before its label is known: the label may show the total."""

    volume: int
    page: int
    plain: str  # the number without its volume's, or the Roman number of an uncounted page
    counted: bool
    block: Block | None
    offset: int


def paginate(volumes: Sequence[Sequence[Block]], style: Style) -> Pagination:
    """Number the pages of ``volumes``, each a sequence of blocks in order; uncounted blocks come first in each.

    Raises FrozenError where no number fits between two that are printed.
    """
    raws: list[_Raw] = []
    run: _Run | None = None
    for index, blocks in enumerate(volumes, start=1):
        if run is None or style.restart == "volume":
            run = _Frozen.of(index, volumes, style, style.printed) if style.printed else _Run(style.start)
        continued = style.restart == "never" and index < len(volumes)
        raws.extend(_number_volume(index, blocks, run, style, continued=continued))
    return _label(raws, style, len(volumes))


class _Run:
    """Numbers that go on from ``start``, blanks counted."""

    def __init__(self, start: int) -> None:
        self.highest = start - 1

    def next(self, held: str, block: Block) -> str:
        """Return the number of the next page of a block, which may hold one."""
        self.highest += 1
        return str(self.highest)

    def blank(self) -> str:
        """Return the number of a blank."""
        self.highest += 1
        return str(self.highest)

    def leave_out(self, held: Sequence[str]) -> None:
        """Pass over numbers that a block holds and has no pages for."""


class _Frozen(_Run):
    """Numbers of which those held are kept, and those between are inserted behind the last one that is printed."""

    def __init__(self, start: int, inserter: Inserter, shown: set[str]) -> None:
        super().__init__(start)
        self.inserter = inserter
        self.shown = shown
        self.last = str(start - 1)

    @classmethod
    def of(cls, volume: int, volumes: Sequence[Sequence[Block]], style: Style, printed: Printed) -> _Frozen:
        """Return the numbers of a book from a volume (from 1) on; of that alone where each begins anew."""
        alone = style.restart == "volume"
        scope = [volumes[volume - 1]] if alone else volumes
        shown = {number for blocks in scope for block in blocks for number in block.held[: block.pages]}
        numbers = [printed.numbers.get(volume, frozenset())] if alone else printed.numbers.values()
        return cls(style.start, Inserter(frozenset().union(*numbers), style.inserted), shown)

    def next(self, held: str, block: Block) -> str:
        number = held or self.inserter.next(self.last)
        if number is None:
            raise FrozenError(
                f"no number is left behind {self.last} for {block.evidence or block.item or block.key}: "
                f"what follows there is printed already",
                fix="put it elsewhere in its item, or give up the printed numbers with `dossier freeze --release`",
            )
        self.last = number
        return self._counted(number)

    def blank(self) -> str:
        """Return the number of a blank, which is not printed: the next plain one, unless that is shown elsewhere."""
        number = str(self.highest + 1)
        if number in self.shown or self.inserter.is_used(number):
            number = self.inserter.next(self.last) or ""
        return self._counted(number)

    def leave_out(self, held: Sequence[str]) -> None:
        """Number what follows behind them."""
        self.last = held[-1] if held else self.last

    def _counted(self, number: str) -> str:
        self.inserter.use(number)
        self.highest = max(self.highest, root(number))
        return number


def _number_volume(volume: int, blocks: Sequence[Block], run: _Run, style: Style, *, continued: bool) -> list[_Raw]:
    odd = style.start_on == "odd"
    pages: list[_Raw] = []
    started = False

    def add(number: str, block: Block | None = None, offset: int = -1) -> None:
        pages.append(_Raw(volume, len(pages) + 1, number or roman(len(pages) + 1), started, block, offset))

    for block in blocks:
        if block.pages < 1:
            continue
        if block.kind not in UNCOUNTED and not started:
            while len(pages) % 2 != run.highest % 2:  # the next physical page must have the next number's parity
                add("")
            started = True
        side = block.side if block.side is not None else 1 if odd else None
        if side is not None and (len(pages) + 1) % 2 != side:
            add(run.blank() if started else "")
        held = list(block.held)
        for offset in range(block.pages):
            fits = held and (not is_plain(held[0]) or (len(pages) + 1 - int(held[0])) % 2 == 0)
            add(run.next(held.pop(0) if fits else "", block) if started else "", block, offset)
        run.leave_out(held)
    if odd and continued and started and len(pages) % 2:
        add(run.blank())  # so that the next volume starts on an odd number
    return pages


def _label(raws: Iterable[_Raw], style: Style, volumes: int) -> Pagination:
    slots: list[Slot] = []
    groups = [list(group) for _, group in groupby(raws, key=lambda raw: raw.volume)]
    everything = sum(raw.counted for group in groups for raw in group)
    prefixed = style.restart == "volume" and volumes > 1
    for group in groups:
        counted = sum(raw.counted for raw in group) if style.restart == "volume" else everything
        # The last number, not how many there are: where numbers start late, none may be above the total.
        most = style.printed.totals.get(group[0].volume, 0) if style.printed else counted + style.start - 1
        for raw in group:
            plain = raw.plain
            number = f"{raw.volume}-{plain}" if prefixed and raw.counted else plain
            shown = plain if "{volume}" in style.label else number
            total = most if raw.counted else len(group) - sum(r.counted for r in group)
            printed = raw.block is not None and raw.block.kind != "cover"
            label = style.label.format(n=shown, total=total, volume=raw.volume) if printed else ""
            block = raw.block or Block("blank", "", 1)
            slots.append(
                Slot(
                    raw.volume,
                    raw.page,
                    number,
                    label,
                    block.kind,
                    key=block.key,
                    offset=raw.offset,
                    item=block.item,
                    evidence=block.evidence,
                )
            )
    return Pagination(tuple(slots), _spans(slots), everything)


def _spans(slots: Sequence[Slot]) -> dict[str, Span]:
    spans: dict[str, Span] = {}
    for key, group in groupby((slot for slot in slots if slot.key), key=lambda slot: slot.key):
        run = list(group)
        first, last = run[0], run[-1]
        spans[key] = Span(first.volume, first.page, last.page, first.number, last.number, first.label)
    return spans


@dataclass(frozen=True, slots=True)
class Load:
    """What something takes in a volume: physical pages, at most, and bytes."""

    pages: int = 0
    size: int = 0

    def __add__(self, other: Load) -> Load:
        return Load(self.pages + other.pages, self.size + other.size)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one volume may hold: physical pages, bytes, and one section only; no number, no limit."""

    pages: int | None = None
    size: int | None = None
    by_section: bool = False

    def allow(self, load: Load) -> bool:
        """Say whether a volume may hold so much."""
        return (self.pages is None or load.pages <= self.pages) and (self.size is None or load.size <= self.size)


def split(
    blocks: Sequence[Block],
    limits: Limits,
    overhead: Callable[[int], Load],
    start_on: Literal["odd", "any"],
    start: int = 1,
    size: Callable[[Block], int] = lambda block: 0,
) -> list[list[Block]]:
    """Divide blocks over volumes, each within ``limits``.

    ``overhead(v)`` is what volume ``v`` (from 1) spends before the first of them, each document rounded up to whole
    sheets; ``start`` is the first number, ``size`` how many bytes a block takes. A section has volumes of its own where
    the limits say so; what is in no section goes on behind the one before. An item's blocks stay in one volume where
    they fit in one; else the cut is between pieces of evidence. One piece of evidence is never cut: where it alone is
    too long, its volume is. The first volume has no block where none fits beside its overhead but would in the second.
    """
    volumes: list[list[Block]] = [[]]
    held = Load()
    section = 0

    def fits(more: Load, *, ahead: int = 0) -> bool:
        volume = len(volumes) + ahead
        spent = overhead(volume) + Load(_lead(volume, start_on, start)) + (Load() if ahead else held)
        return limits.allow(spent + more)

    def fits_better_ahead(more: Load) -> bool:
        return bool(volumes[-1] or len(volumes) == 1) and fits(more, ahead=1)

    def turn() -> None:
        nonlocal held
        volumes.append([])
        held = Load()

    def put(more: Sequence[Block], load: Load) -> None:
        nonlocal held
        volumes[-1].extend(more)
        held += load

    def load_of(more: Sequence[Block]) -> Load:
        return Load(_length(more, start_on), sum(map(size, more)))

    for group in _groups(blocks):
        load = load_of(group)
        if limits.by_section and group[0].section not in (0, section):
            if section:
                turn()
            section = group[0].section
        if not fits(load) and fits_better_ahead(load):
            turn()
        if fits(load):
            put(group, load)
            continue
        for piece in _pieces(group):
            load = load_of(piece)
            if not fits(load) and (volumes[-1] or fits_better_ahead(load)):
                turn()
            put(piece, load)
    return volumes


def _groups(blocks: Sequence[Block]) -> list[list[Block]]:
    """Collect the blocks of each item; a block that belongs to none stands alone."""
    return [list(group) for _, group in groupby(blocks, key=lambda block: block.item or block.key)]


def _pieces(group: Sequence[Block]) -> list[list[Block]]:
    """Cut an item's blocks where they may be cut: before each piece of evidence but the first."""
    pieces: list[list[Block]] = []
    for block in group:
        last = pieces[-1][-1] if pieces else None
        # What stands in for a missing file of some evidence stays with the rest of it.
        if last and (last.kind == "divider" or (block.evidence and last.evidence == block.evidence)):
            pieces[-1].append(block)
        else:
            pieces.append([block])
    return pieces


def _lead(volume: int, start_on: Literal["odd", "any"], start: int) -> int:
    """Return the most blanks that a volume needs before its first number comes to its side of a sheet."""
    if start_on == "odd":
        return 0 if start % 2 else 2
    return int(volume > 1 or start % 2 == 0)


def _length(blocks: Sequence[Block], start_on: Literal["odd", "any"]) -> int:
    if start_on == "any":
        return sum(block.pages for block in blocks)
    return sum(block.pages + block.pages % 2 for block in blocks)
