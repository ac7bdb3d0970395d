"""Reads compound files ([MS-CFB]), in which the old office formats keep their streams: what is in one, and its start.

Files are hostile or damaged: every chain is bounded, and what cannot be followed simply ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENTRY = 128
_MAX_ENTRIES = 4096
_LAST_SECTOR = 0xFFFFFFFA
_MINI_STREAM_UP_TO = 4096
_HEADER_TABLES = range(76, 512, 4)  # where the header says where the allocation table is


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    start: int
    size: int


def names(path: Path) -> frozenset[str]:
    """Return the names of the streams and storages at the top of a compound file; empty if it cannot be read."""
    with path.open("rb") as file:
        return frozenset(entry.name for entry in _Compound(file).top())


def head(path: Path, name: str, size: int) -> bytes:
    """Return the first ``size`` bytes of a stream at the top of a compound file, or fewer; none if it has no such."""
    with path.open("rb") as file:
        compound = _Compound(file)
        for entry in compound.top():
            # Smaller streams are kept in another way, and none that is asked for is as small as that.
            if entry.name == name and entry.size >= _MINI_STREAM_UP_TO:
                return compound.read(entry.start, min(size, entry.size))
    return b""


class _Compound:
    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.header = file.read(512)
        shift = self._number(self.header, 30, 2)
        self.size = 1 << shift if self.header.startswith(MAGIC) and shift in {9, 12} else 0

    def top(self) -> Iterator[_Entry]:
        """Walk the tree of siblings below the root, which is the first entry of the directory."""
        directory = self.read(self._number(self.header, 48), _MAX_ENTRIES * _ENTRY)
        waiting, seen = [self._number(directory, 76)], {0}
        while waiting:
            number = waiting.pop()
            entry = directory[number * _ENTRY : (number + 1) * _ENTRY]
            if number in seen or len(entry) < _ENTRY:
                continue
            seen.add(number)
            length = min(self._number(entry, 64, 2), 64)
            name = entry[: max(0, length - 2)].decode("utf-16-le", "replace")
            yield _Entry(name, self._number(entry, 116), self._number(entry, 120))
            waiting += [self._number(entry, 68), self._number(entry, 72)]

    def read(self, start: int, size: int) -> bytes:
        """Return up to ``size`` bytes of the chain of sectors that begins at ``start``."""
        data = bytearray()
        while self.size and start < _LAST_SECTOR and len(data) < size:
            sector = self._sector(start)
            data += sector
            if len(sector) < self.size:
                break
            start = self._next(start)
        return bytes(data[:size])

    def _sector(self, number: int) -> bytes:
        self.file.seek((number + 1) * self.size)
        return self.file.read(self.size)

    def _next(self, sector: int) -> int:
        per_table = self.size // 4
        table = sector // per_table
        if table >= len(_HEADER_TABLES):  # larger files go on elsewhere; what is asked for stands near the beginning
            return _LAST_SECTOR
        return self._number(self._sector(self._number(self.header, _HEADER_TABLES[table])), sector % per_table * 4)

    @staticmethod
    def _number(data: bytes, at: int, size: int = 4) -> int:
        found = data[at : at + size]
        return int.from_bytes(found, "little") if len(found) == size else _LAST_SECTOR
