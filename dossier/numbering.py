"""Which page carries which number: volumes, odd starts, blanks, labels. Pure arithmetic on page counts.

Covers and indexes are not counted: their pages have lower-case Roman numbers of their own, volume by volume. Everything
after them is counted from ``start``. Where pages start on odd numbers, the blanks that this needs are counted but carry
no label. In every volume a counted page's number is odd exactly where its physical page is: an odd number is on the
front of a sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

UNCOUNTED = frozenset({"cover", "index"})


@dataclass(frozen=True, slots=True)
class Block:
    """Pages that stay together: one front document, one divider, one piece of evidence.

    ``key`` is unique within the binder; ``section`` is the number of the top-level item (from 1, 0 outside the items).
    """

    kind: str
    key: str
    pages: int
    item: str = ""
    evidence: str = ""
    section: int = 0


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
class Style:
    """How numbers run and look: see ``numbering`` and ``page.start_on`` of the manifest."""

    label: str = "— {n} —"
    start: int = 1
    start_on: Literal["odd", "any"] = "odd"
    restart: Literal["never", "volume"] = "never"


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
    count: int  # the number, or the Roman number of an uncounted page
    counted: bool
    block: Block | None
    offset: int


def paginate(volumes: Sequence[Sequence[Block]], style: Style) -> Pagination:
    """Number the pages of ``volumes``, each a sequence of blocks in order; uncounted blocks come first in each."""
    raws: list[_Raw] = []
    following = style.start
    for index, blocks in enumerate(volumes, start=1):
        if style.restart == "volume":
            following = style.start
        continued = style.restart == "never" and index < len(volumes)
        pages = _number_volume(index, blocks, following, style, continued=continued)
        counted = [raw.count for raw in pages if raw.counted]
        following = counted[-1] + 1 if counted else following
        raws.extend(pages)
    return _label(raws, style, len(volumes))


def _number_volume(
    volume: int, blocks: Sequence[Block], following: int, style: Style, *, continued: bool
) -> list[_Raw]:
    odd = style.start_on == "odd"
    pages: list[_Raw] = []
    uncounted = 0
    started = False

    def add(block: Block | None, offset: int) -> None:
        nonlocal uncounted, following
        if started:
            pages.append(_Raw(volume, len(pages) + 1, following, True, block, offset))
            following += 1
        else:
            uncounted += 1
            pages.append(_Raw(volume, len(pages) + 1, uncounted, False, block, offset))

    for block in blocks:
        if block.pages < 1:
            continue
        if block.kind not in UNCOUNTED and not started:
            while len(pages) % 2 == following % 2:  # the next physical page must have the number's parity
                add(None, -1)
            started = True
        position = following if started else len(pages) + 1
        if odd and position % 2 == 0:
            add(None, -1)
        for offset in range(block.pages):
            add(block, offset)
    if odd and continued and started and following % 2 == 0:
        add(None, -1)  # so that the next volume starts on an odd number
    return pages


def _label(raws: Iterable[_Raw], style: Style, volumes: int) -> Pagination:
    slots: list[Slot] = []
    groups = [list(group) for _, group in groupby(raws, key=lambda raw: raw.volume)]
    everything = sum(raw.counted for group in groups for raw in group)
    prefixed = style.restart == "volume" and volumes > 1
    for group in groups:
        counted = sum(raw.counted for raw in group) if style.restart == "volume" else everything
        for raw in group:
            plain = str(raw.count) if raw.counted else roman(raw.count)
            number = f"{raw.volume}-{plain}" if prefixed and raw.counted else plain
            shown = plain if "{volume}" in style.label else number
            # The last number, not how many there are: where numbers start late, none may be above the total.
            total = counted + style.start - 1 if raw.counted else len(group) - sum(r.counted for r in group)
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


def split(
    blocks: Sequence[Block],
    max_pages: int,
    overhead: Callable[[int], int],
    start_on: Literal["odd", "any"],
    start: int = 1,
) -> list[list[Block]]:
    """Divide blocks over volumes of at most ``max_pages`` physical pages.

    ``overhead(v)`` is how many pages volume ``v`` (from 1) spends before the first of them, each document rounded up to
    whole sheets; ``start`` is the first number. An item's blocks stay in one volume where they fit in one; else the cut
    is between pieces of evidence. One piece of evidence is never cut: where it alone is too long, its volume is. The
    first volume has no block where none fits beside its overhead but would in the second.
    """
    volumes: list[list[Block]] = [[]]

    def fits(more: Sequence[Block], *, ahead: int = 0) -> bool:
        volume = len(volumes) + ahead
        spent = overhead(volume) + _lead(volume, start_on, start) + (0 if ahead else _length(volumes[-1], start_on))
        return spent + _length(more, start_on) <= max_pages

    for group in _groups(blocks):
        if fits(group):
            volumes[-1].extend(group)
        elif fits(group, ahead=1):
            volumes.append(group)
        else:
            for piece in _pieces(group):
                if not fits(piece) and (volumes[-1] or fits(piece, ahead=1)):
                    volumes.append([])
                volumes[-1].extend(piece)
    return volumes


def split_by_section(blocks: Sequence[Block]) -> list[list[Block]]:
    """Divide blocks over volumes, one for each section."""
    return [list(group) for _, group in groupby(blocks, key=lambda block: block.section)]


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
