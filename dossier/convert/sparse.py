"""TrueType fonts without the outlines that a document does not need; every glyph keeps its number.

The engine copies each font it is handed several times for each document, and of the shipped faces, 11 MB each, a
document needs a hundredth. As numbers, measures and all else stay, its pages are the same byte for byte.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

_HEADER = 12  # bytes before the list of tables
_ROW = struct.Struct(">4sLLL")  # tag, checksum, offset, length


@dataclass(frozen=True, slots=True)
class Sparse:
    """A font to be thinned out; ``glyphs`` are the numbers of those that code points name.

    Its outlines must be TrueType's, none made of others, and their places in bytes (``head.indexToLocFormat`` 1), as
    those of the shipped faces are.
    """

    head: bytes
    tables: Mapping[bytes, bytes]
    places: tuple[int, ...]
    glyphs: Mapping[int, int]
    kept: frozenset[int]

    @classmethod
    def read(cls, font: bytes, glyphs: Mapping[int, int], always: Iterable[int]) -> Sparse:
        """Take a font apart; glyphs of the code points ``always``, and those of none, are in whatever is made of it."""
        tables = dict(_tables(font))
        places = struct.unpack(f">{len(tables[b'loca']) // 4}L", tables[b"loca"])
        nameless = set(range(len(places) - 1)).difference(glyphs.values())
        kept = nameless.union(glyphs[code] for code in always if code in glyphs)
        return cls(font[:_HEADER], tables, places, glyphs, frozenset(kept))

    def holding(self, text: Iterable[str]) -> bytes:
        """Return the font with the outlines of the characters of ``text``, and of those that are in it always."""
        numbers = sorted(self.kept.union(self.glyphs[ord(char)] for char in text if ord(char) in self.glyphs))
        all_of_them, lengths = self.tables[b"glyf"], [0] * (len(self.places) - 1)
        outlines = []
        for number in numbers:
            outlines.append(all_of_them[self.places[number] : self.places[number + 1]])
            lengths[number] = len(outlines[-1])
        places = struct.pack(f">{len(self.places)}L", *accumulate(lengths, initial=0))
        return _font(self.head, {**self.tables, b"glyf": b"".join(outlines), b"loca": places})


def _tables(font: bytes) -> Iterator[tuple[bytes, bytes]]:
    (count,) = struct.unpack_from(">H", font, 4)
    for row in range(count):
        tag, _, offset, length = _ROW.unpack_from(font, _HEADER + row * _ROW.size)
        yield tag, font[offset : offset + length]


def _font(head: bytes, tables: Mapping[bytes, bytes]) -> bytes:
    """Put a font together; its checksums are nought, for nobody proves those of a font in memory."""
    rows, bodies = [head], []
    offset = _HEADER + len(tables) * _ROW.size
    for tag, data in tables.items():
        rows.append(_ROW.pack(tag, 0, offset, len(data)))
        bodies.append(data + bytes(-len(data) % 4))
        offset += len(bodies[-1])
    return b"".join(rows + bodies)
