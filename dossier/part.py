"""A part: one source turned into PDF pages, and all that later stages need to know of it.

A part's pages are normalised: media box ``[0 0 width height]`` in points as a reader sees the page, no ``/Rotate``,
no ``/UserUnit``, no annotations, no fields, no actions; and all that a page shows is one form XObject called
:data:`FORM`. Links and outline stand beside the PDF as data, so that binding can write them anew with the binder's own
page numbers.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FORM = "/Page0"
"""Name of the form XObject that holds what a page shows."""

INK_CELL = 4.0
"""Side of one cell of an ink mask, in points (1.4 mm)."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in points, origin at the lower left of the page as seen."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class Ink:
    """Where a page is not blank: a grid of cells of about ``INK_CELL`` points, rows from the bottom up.

    ``rows[r]`` is an integer whose bit ``c`` is set when the cell in column ``c`` (from the left, from 0) holds ink.
    """

    columns: int
    rows: tuple[int, ...]

    def pack(self) -> str:
        """Return a short text form for JSON."""
        size = (self.columns + 7) // 8
        raw = b"".join(row.to_bytes(size, "little") for row in self.rows)
        return f"{self.columns}x{len(self.rows)}:{base64.b64encode(zlib.compress(raw, 9)).decode()}"

    @classmethod
    def unpack(cls, text: str) -> Ink:
        """Read what :meth:`pack` wrote."""
        shape, _, data = text.partition(":")
        columns, rows = (int(number) for number in shape.split("x"))
        raw = zlib.decompress(base64.b64decode(data))
        size = (columns + 7) // 8
        number = int.from_bytes
        return cls(columns, tuple([number(raw[at : at + size], "little") for at in range(0, rows * size, size)]))

    @classmethod
    def full(cls, width: float, height: float) -> Ink:
        """Return the mask of a page (in points) that is covered all over."""
        columns, rows = max(1, round(width / INK_CELL)), max(1, round(height / INK_CELL))
        return cls(columns, ((1 << columns) - 1,) * rows)

    @property
    def blank(self) -> bool:
        return not any(self.rows)


@dataclass(frozen=True, slots=True)
class Link:
    """A clickable area, leading to a ``uri`` (http, https, mailto or ``dossier:ID``) or to a ``page`` of the same part.

    ``page`` counts from 1 and is 0 for a ``uri``. ``top`` is where on that page, in points from its bottom as seen.
    """

    box: Box
    uri: str = ""
    page: int = 0
    top: float | None = None


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """One bookmark of a source: ``page`` and ``level`` count from 1."""

    title: str
    page: int
    level: int
    top: float | None = None


@dataclass(frozen=True, slots=True)
class PartPage:
    """One page as seen, in points; ``digest`` is the identity of what it shows (see :mod:`dossier.identity`)."""

    width: float
    height: float
    ink: Ink
    digest: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth reporting about a source that was nevertheless converted.

    A ``warning`` is for a person to judge; ``info`` is what everybody expects of such a file, and is merely counted.
    """

    code: str
    message: str
    fix: str
    severity: Literal["warning", "info"] = "warning"


@dataclass(frozen=True, slots=True)
class Part:
    """A source as normalised PDF pages; ``path`` is the PDF, ``pages`` describes each of its pages in order."""

    path: Path
    pages: tuple[PartPage, ...]
    outline: tuple[OutlineEntry, ...] = ()
    notes: tuple[Note, ...] = ()
