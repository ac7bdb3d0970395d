"""Looks characters up in a font's ``cmap`` table (OpenType 1.9), one at a time.

A table of a few bytes can claim millions of characters, so none is ever spelt out.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAX_TABLES = 64
MAX_SEGMENTS = 100_000

_SYMBOLS = 0xF000  # where symbol fonts keep the characters of a byte
_ASCII = 0x80

_Lookup = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Charmap:
    """The encodings of a font, the most trusted first; each with whether it is one of symbols or of a Macintosh."""

    lookups: tuple[tuple[_Lookup, str], ...]

    def glyph_of(self, code: int) -> int:
        """Return the number of the glyph for a code point; 0 where there is none."""
        for look_up, kind in self.lookups:
            if kind == "mac" and code >= _ASCII:
                continue
            found = look_up(code)
            if not found and kind == "symbol" and code <= 0xFF:
                found = look_up(_SYMBOLS + code)
            if found:
                return found
        return 0


def parse(data: bytes) -> Charmap:
    """Return the encodings in a ``cmap`` table; those that are broken or unknown are left out."""
    found: list[tuple[int, _Lookup, str]] = []
    if len(data) >= 4:
        (count,) = struct.unpack_from(">H", data, 2)
        for index in range(min(count, MAX_TABLES)):
            try:
                platform, encoding, offset = struct.unpack_from(">HHL", data, 4 + 8 * index)
                look_up = _lookup(data, offset)
            except (struct.error, IndexError, ValueError):
                continue
            if look_up is not None and (platform, encoding) != (0, 5):  # which holds variations, not characters
                kind = "symbol" if (platform, encoding) == (3, 0) else "mac" if platform == 1 else "unicode"
                found.append((_rank(platform, encoding), look_up, kind))
    return Charmap(tuple((look_up, kind) for _, look_up, kind in sorted(found, key=lambda entry: entry[0])))


def _rank(platform: int, encoding: int) -> int:
    if platform in (0, 3):
        return {(3, 10): 0, (0, 6): 1, (0, 4): 1, (3, 1): 2, (3, 0): 4}.get((platform, encoding), 3)
    return 5


def _lookup(data: bytes, offset: int) -> _Lookup | None:
    (form,) = struct.unpack_from(">H", data, offset)
    if form == 0:
        return _table(0, list(data[offset + 6 : offset + 262]))
    if form == 4:
        return _segments(data, offset)
    if form == 6:
        first, count = struct.unpack_from(">HH", data, offset + 6)
        return _table(first, list(struct.unpack_from(f">{count}H", data, offset + 10)))
    if form in (12, 13):
        return _groups(data, offset, many_to_one=form == 13)
    return None


def _table(first: int, glyphs: list[int]) -> _Lookup:
    return lambda code: glyphs[code - first] if first <= code < first + len(glyphs) else 0


def _segments(data: bytes, offset: int) -> _Lookup:
    """Read format 4: segments of code points, each with a distance or a list of glyphs."""
    (doubled,) = struct.unpack_from(">H", data, offset + 6)
    count = doubled // 2
    at = offset + 14
    ends = struct.unpack_from(f">{count}H", data, at)
    starts = struct.unpack_from(f">{count}H", data, at + 2 * count + 2)
    deltas = struct.unpack_from(f">{count}H", data, at + 4 * count + 2)
    ranges_at = at + 6 * count + 2
    ranges = struct.unpack_from(f">{count}H", data, ranges_at)

    def look_up(code: int) -> int:
        if code > 0xFFFF:
            return 0
        index = bisect_left(ends, code)
        if index == count or starts[index] > code:
            return 0
        if not ranges[index]:
            return int(code + deltas[index]) & 0xFFFF
        place = ranges_at + 2 * index + ranges[index] + 2 * (code - starts[index])
        if place + 2 > len(data):
            return 0
        glyph = int(struct.unpack_from(">H", data, place)[0])
        return (glyph + deltas[index]) & 0xFFFF if glyph else 0

    return look_up


def _groups(data: bytes, offset: int, *, many_to_one: bool) -> _Lookup:
    """Read formats 12 and 13: groups of code points whose glyphs follow each other, or are one."""
    (count,) = struct.unpack_from(">L", data, offset + 12)
    if count > MAX_SEGMENTS:
        raise ValueError("too many groups")
    groups = list(_triples(data, offset + 16, count))
    ends = [end for _, end, _ in groups]

    def look_up(code: int) -> int:
        index = bisect_left(ends, code)
        if index == count or groups[index][0] > code:
            return 0
        start, _, glyph = groups[index]
        return glyph if many_to_one else glyph + code - start

    return look_up


def _triples(data: bytes, offset: int, count: int) -> Iterator[tuple[int, int, int]]:
    for index in range(count):
        start, end, glyph = struct.unpack_from(">LLL", data, offset + 12 * index)
        yield start, end, glyph
