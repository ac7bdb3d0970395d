"""Which sheets of a printed book give way to those of a new one: pure arithmetic on what each sheet shows.

The front and back of sheet k are pages 2k-1 and 2k of its volume. A sheet whose two sides look as they did is kept
where it lies, or moved; every other sheet of the new book is printed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest


@dataclass(frozen=True, slots=True)
class Side:
    """One page as it is printed: ``look`` tells it from any that looks different, and is empty where nothing shows.

    ``number`` is what is printed on it, as one says it; empty where no number is.
    """

    page: int
    number: str
    kind: str
    look: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet at ``place`` (from 1) of a volume (from 1); the last of a volume may have no back."""

    volume: int
    place: int
    front: Side
    back: Side | None = None

    @property
    def look(self) -> tuple[str, str]:
        """What shows on its two sides."""
        return self.front.look, self.back.look if self.back else ""

    @property
    def sides(self) -> tuple[Side, ...]:
        """The pages on it."""
        return (self.front,) if self.back is None else (self.front, self.back)


@dataclass(frozen=True, slots=True)
class Put:
    """A sheet of the new book to be put in: printed, or the sheet ``origin`` of the old one that looks the same."""

    sheet: Sheet
    origin: Sheet | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do with the old book: at one place of a volume, pull out some sheets and put others in.

    The place is where the sheets ``out`` lay, directly behind the old sheet ``after``; at the very front where that is
    None. Those ``kept`` of the sheets pulled out are put in by another step.
    """

    volume: int
    after: Sheet | None
    out: tuple[Sheet, ...]
    put: tuple[Put, ...]
    kept: tuple[Sheet, ...] = ()

    @property
    def printed(self) -> tuple[Sheet, ...]:
        """The sheets to print for it, in order."""
        return tuple(put.sheet for put in self.put if put.origin is None)


def sheets(volume: int, sides: Sequence[Side]) -> list[Sheet]:
    """Return the sheets of a volume, whose pages are given in order."""
    return [
        Sheet(volume, place, front, back)
        for place, (front, back) in enumerate(zip_longest(sides[::2], sides[1::2]), start=1)
    ]


def steps(old: Sequence[Sequence[Sheet]], new: Sequence[Sequence[Sheet]]) -> tuple[Step, ...]:
    """Return what turns the old volumes into the new ones, in the order of the new book."""
    found: list[Step] = []
    for volume, (before, now) in enumerate(zip_longest(old, new, fillvalue=()), start=1):
        # Without autojunk: with it, looks that come often in long books would match nothing.
        matcher = SequenceMatcher(None, [one.look for one in before], [one.look for one in now], autojunk=False)
        for tag, first, last, start, end in matcher.get_opcodes():
            if tag != "equal":
                after = before[first - 1] if first else None
                found.append(Step(volume, after, tuple(before[first:last]), tuple(map(Put, now[start:end]))))
    return _with_moves(found)


def _with_moves(found: Sequence[Step]) -> tuple[Step, ...]:
    """Take from the sheets that are pulled out somewhere those that are put in elsewhere."""
    free: defaultdict[tuple[str, str], list[Sheet]] = defaultdict(list)
    for step in found:
        for sheet in step.out:
            if any(sheet.look):  # an empty sheet is not worth finding again
                free[sheet.look].append(sheet)
    taken: set[tuple[int, int]] = set()
    moved: list[Step] = []
    for step in found:
        puts: list[Put] = []
        for put in step.put:
            there = free[put.sheet.look]
            there.sort(key=lambda sheet: sheet.volume != step.volume)
            origin = there.pop(0) if there else None
            if origin:
                taken.add((origin.volume, origin.place))
            puts.append(Put(put.sheet, origin))
        moved.append(Step(step.volume, step.after, step.out, tuple(puts)))
    return tuple(
        Step(
            step.volume,
            step.after,
            step.out,
            step.put,
            tuple(sheet for sheet in step.out if (sheet.volume, sheet.place) in taken),
        )
        for step in moved
    )


def runs(of: Iterable[Sheet]) -> list[list[Sheet]]:
    """Divide sheets into those that lie directly behind each other."""
    found: list[list[Sheet]] = []
    for sheet in of:
        last = found[-1][-1] if found else None
        if last and (last.volume, last.place + 1) == (sheet.volume, sheet.place):
            found[-1].append(sheet)
        else:
            found.append([sheet])
    return found
