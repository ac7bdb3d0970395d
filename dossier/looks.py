"""What can be seen of a source without converting it, compared; and the dates that its name holds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from operator import mul
from pathlib import PurePosixPath

SIDE = 32
"""Of the miniature that pictures are compared by, in pixels."""
_COARSE = 16
_ALIKE = 0.835  # correlation; scans of one paper of the sample have 0.84 or more, different papers of one form 0.73
_WORTH_COMPARING = 100  # of 240 bits that may differ before the finer comparison is made

_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:年|[-._]?)(\d{1,2})(?:月|[-._]?)(\d{1,2})日?(?!\d)")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)年|[〔\[（(【]((?:19|20)\d\d)[〕\]）)】]")


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen; pages count from 1. ``picture`` is a miniature of what is one picture, else empty."""

    pages: int = 0
    made: date | None = None
    made_by: str = ""
    low: tuple[tuple[int, int], ...] = ()
    blank: tuple[int, ...] = ()
    textless: tuple[int, ...] = ()
    tracked: int = 0
    picture: bytes = b""


def dates_in(name: str) -> Iterator[tuple[str, int, date | None]]:
    """Yield the dates and years that a file's name holds: as written, the year, and the day where there is one."""
    stem = PurePosixPath(name).stem
    taken: list[range] = []
    for found in _DAY.finditer(stem):
        with suppress(ValueError):
            day = date(int(found[1]), int(found[2]), int(found[3]))
            taken.append(range(*found.span()))
            yield found[0], day.year, day
    for found in _YEAR.finditer(stem):
        if not any(found.start() in span for span in taken):
            yield found[0].strip("〔〕[]（）()【】"), int(found[1] or found[2]), None


# --- what looks alike ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Print:
    """A miniature made ready to be compared: coarse bits, and grey levels less what their row and column have anyway.

    Without that, all full pages of text would be alike for their margins.
    """

    bits: int
    levels: tuple[float, ...]


def print_of(picture: bytes) -> Print:
    """Make a :class:`Look`'s picture ready to be compared."""
    rows = [picture[start : start + SIDE] for start in range(0, SIDE * SIDE, SIDE)]
    across, down = [sum(row) / SIDE for row in rows], [sum(column) / SIDE for column in zip(*rows, strict=True)]
    mean = sum(across) / SIDE
    levels = [
        level - left - top + mean
        for row, left in zip(rows, across, strict=True)
        for level, top in zip(row, down, strict=True)
    ]
    length = math.sqrt(sum(map(mul, levels, levels)))
    bits = 0
    for row in rows[:: SIDE // _COARSE]:
        for left, right in pairwise(row[:: SIDE // _COARSE]):
            bits = bits << 1 | (left < right)
    return Print(bits, tuple(level / length for level in levels) if length > SIDE else ())


def alike(one: Print, other: Print) -> bool:
    """Say whether two pictures are nearly the same, such as two scans of one paper; blank ones are like nothing."""
    if not one.levels or not other.levels or (one.bits ^ other.bits).bit_count() > _WORTH_COMPARING:
        return False
    return bool(sum(map(mul, one.levels, other.levels)) >= _ALIKE)
