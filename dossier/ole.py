"""Reads compound files ([MS-CFB]), in which the old office formats keep their streams: what is in one, and its start.

Files are hostile or damaged: every chain is bounded, and what cannot be followed simply ends.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENTRY = 128
_MAX_ENTRIES = 4096
_MAX_SMALL = 1 << 24  # bytes of the stream that holds the small ones
_LAST_SECTOR = 0xFFFFFFFA
_MINI_STREAM_UP_TO = 4096  # bytes: smaller streams lie together in one, in sectors of their own
_MINI_SECTOR = 64
_HEADER_TABLES = range(76, 512, 4)  # where the header says where the first sectors of the allocation table are
_MAX_TABLE_LISTS = 4096  # sectors that say where the others are: enough for 100 GB


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
            if entry.name == name:
                read = compound.read if entry.size >= _MINI_STREAM_UP_TO else compound.read_small
                return read(entry.start, min(size, entry.size))
    return b""


def broken_off(path: Path, wanted: Collection[str]) -> str:
    """Return the first of the streams ``wanted`` that is at the top of a compound file and not whole, or nothing."""
    with path.open("rb") as file:
        compound = _Compound(file)
        for entry in compound.top():
            if entry.name in wanted and not compound.holds(entry):
                return entry.name
    return ""


class _Compound:
    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.header = file.read(512)
        shift = self._number(self.header, 30, 2)
        self.size = 1 << shift if self.header.startswith(MAGIC) and shift in {9, 12} else 0
        self.tables = [self._number(self.header, at) for at in _HEADER_TABLES]
        self.all_known = False

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

    def read_small(self, start: int, size: int) -> bytes:
        """Return up to ``size`` bytes, less than 4096, of a stream that lies in the root's stream (2.4 and 2.6.1)."""
        root = self.read(self._number(self.header, 48), _ENTRY)
        data = bytearray()
        while start < _LAST_SECTOR and len(data) < size:
            end = (start + 1) * _MINI_SECTOR
            if end > _MAX_SMALL:
                break
            piece = self.read(self._number(root, 116), end)[end - _MINI_SECTOR :]
            if not piece:  # it lies beyond the end, and the chain may go round there for ever
                break
            data += piece
            start = self._number(self.read(self._number(self.header, 60), (start + 1) * 4), start * 4)
        return bytes(data[:size])

    def holds(self, entry: _Entry) -> bool:
        """Say whether a stream can be followed to its end, and the file is long enough for it."""
        if entry.size < _MINI_STREAM_UP_TO:
            return len(self.read_small(entry.start, entry.size)) == entry.size
        end = self.file.seek(0, os.SEEK_END)
        if entry.size > end:
            return False
        at, left = entry.start, entry.size
        while self.size and left > 0 and at < _LAST_SECTOR:
            if (at + 1) * self.size + min(left, self.size) > end:
                return False
            at, left = self._next(at), left - self.size
        return left <= 0

    def _sector(self, number: int) -> bytes:
        self.file.seek((number + 1) * self.size)
        return self.file.read(self.size)

    def _next(self, sector: int) -> int:
        table, place = divmod(sector, self.size // 4)
        if table >= len(self.tables) and not self.all_known:
            self.tables, self.all_known = self._all_tables(), True
        return self._number(self._sector(self.tables[table]), place * 4) if table < len(self.tables) else _LAST_SECTOR

    def _all_tables(self) -> list[int]:
        """Return where the whole allocation table is: what the header has no room for is listed in sectors of its own.

        Each ends with the number of the next (2.5).
        """
        tables = [self._number(self.header, at) for at in _HEADER_TABLES]
        at, seen = self._number(self.header, 68), set[int]()
        while at < _LAST_SECTOR and at not in seen and len(seen) < _MAX_TABLE_LISTS:
            seen.add(at)
            sector = self._sector(at)
            tables += [self._number(sector, place) for place in range(0, self.size - 4, 4)]
            at = self._number(sector, self.size - 4)
        return tables

    @staticmethod
    def _number(data: bytes, at: int, size: int = 4) -> int:
        found = data[at : at + size]
        return int.from_bytes(found, "little") if len(found) == size else _LAST_SECTOR
