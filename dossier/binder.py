"""What a build tells and hands back: how far it has come; the finished book, and what was proved of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from dossier import receipt
from dossier.errors import Problem
from dossier.receipt import Receipt, Volume

Engine = Literal["auto", "embedded", "libreoffice"]


STAGES = ("read", "convert", "number", "bind", "prove", "publish")
"""What a build does, in order."""


@dataclass(frozen=True, slots=True)
class Event:
    """A step of a build: ``done`` of ``total`` in ``stage``, one of :data:`STAGES`."""

    stage: str
    done: int = 0
    total: int = 0
    name: str = ""


Progress = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Verification:
    """What was proved, as counts; ``changed`` names sources that are no longer what they were when they were bound.

    ``checksums`` are the SHA-256 of the volumes, in order, as they were read. ``since`` is when all this was proved, of
    a binder that was not read again because neither it nor anything it was made from has changed; else it is empty.
    """

    volumes: int
    pages: int
    labels: int
    identities: int
    jumps: int
    bookmarks: int
    changed: tuple[str, ...] = ()
    checksums: tuple[str, ...] = ()
    since: str = ""


@dataclass(frozen=True, slots=True)
class PageRange:
    """Physical pages ``first`` to ``last`` (from 1) of a ``volume`` (from 1)."""

    volume: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Binder:
    """A finished book: where it lies, what its receipt says, and what was proved of it."""

    folder: Path
    receipt: Receipt
    proof: Verification

    @property
    def complete(self) -> bool:
        return self.receipt.complete

    @property
    def unchanged(self) -> bool:
        """Whether it stands as an earlier build left it, because nothing has changed since."""
        return bool(self.proof.since)

    @property
    def manifest(self) -> str:
        """The manifest's path, as it was given."""
        return self.receipt.manifest["path"]

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.receipt.problems

    @property
    def volumes(self) -> tuple[Volume, ...]:
        return self.receipt.volumes

    @property
    def paths(self) -> tuple[Path, ...]:
        """The volumes' files."""
        return tuple(self.folder / volume.file for volume in self.volumes)

    def pages_of(self, id: str) -> PageRange:
        """Return where an item or a piece of evidence is bound; raises KeyError where it has no pages."""
        found: list[receipt.Item | receipt.Evidence] = []
        for item in self.receipt.items:
            found += [item, *item.evidence]
        for one in found:
            if one.id == id and one.volume and one.first and one.last:
                return PageRange(one.volume, one.first, one.last)
        raise KeyError(id)


def told(written: Receipt, proof: Verification) -> dict[str, Any]:
    """Return what :class:`Standing` is made of, as plain values: all that is said of a binder but its pages."""
    return {
        "created": written.created,
        "complete": written.complete,
        "manifest": written.manifest["path"],
        "volumes": [asdict(volume) for volume in written.volumes],
        "problems": [asdict(problem) for problem in written.problems],
        "proof": asdict(proof),
    }


class Standing(Binder):
    """A binder that stands as an earlier build left it; its receipt, ``data``, is read when it is asked for."""

    __slots__ = ("_data", "_read", "_told")
    _data: bytes
    _read: Receipt | None
    _told: Mapping[str, Any]

    def __init__(self, folder: Path, told: Mapping[str, Any], data: bytes) -> None:
        proof = Verification(**told["proof"])
        proof = replace(proof, changed=(), checksums=tuple(proof.checksums), since=told["created"])
        for name, value in (("folder", folder), ("proof", proof), ("_told", told), ("_data", data), ("_read", None)):
            object.__setattr__(self, name, value)

    @property
    def receipt(self) -> Receipt:
        if self._read is None:
            object.__setattr__(self, "_read", receipt.loads(json.loads(self._data)))
        assert self._read is not None
        return self._read

    @property
    def complete(self) -> bool:
        return bool(self._told["complete"])

    @property
    def manifest(self) -> str:
        return str(self._told["manifest"])

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(Problem(**row) for row in self._told["problems"])

    @property
    def volumes(self) -> tuple[Volume, ...]:
        return tuple(Volume(**row) for row in self._told["volumes"])
