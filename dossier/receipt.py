"""The receipt: the JSON map of a finished binder, and its types.

Keys follow the contract; those added to it are, on a page, ``digest`` (what it shows, see :mod:`dossier.identity`),
``width`` and ``height`` of the sheet in points, ``placed`` (the matrix that puts the source's page on it) and ``links``
(the jumps written on it); at the top ``outline``, ``created``, ``sources`` and ``documents``. ``page``, ``first`` and
``last`` count from 1.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from dossier.errors import Problem, UsageError

SCHEMA = 1
_MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Volume:
    """One file of the binder; ``pages`` counts its physical pages."""

    file: str
    sha256: str
    pages: int


@dataclass(frozen=True, slots=True)
class Source:
    """Where pages of a piece of evidence came from; ``pages`` counts the pages bound from it."""

    path: str
    sha256: str
    pages: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """One proof. ``status`` is bound, cited, missing or refused; the pages are those of the place it is cited from."""

    id: str
    title: str
    status: str
    volume: int | None = None
    first: int | None = None
    last: int | None = None
    number: str = ""
    label: str = ""
    sources: tuple[Source, ...] = ()
    warnings: tuple[str, ...] = ()
    see: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One leaf or section. ``status`` is complete, missing, refused or not-applicable."""

    id: str
    title: str
    unit: str
    points: str
    self_score: str
    status: str
    volume: int | None = None
    first: int | None = None
    last: int | None = None
    number: str = ""
    label: str = ""
    level: int = 1
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Jump:
    """A link from one page to another page of the binder (``volume``, ``page``), or to a ``uri`` outside it."""

    to: str = ""
    volume: int = 0
    page: int = 0
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One physical page. ``number`` is as one says it, ``label`` as it is printed (empty on blanks and covers)."""

    volume: int
    page: int
    number: str
    label: str
    kind: str
    item: str = ""
    evidence: str = ""
    source: str = ""
    source_page: int | None = None
    digest: str = ""
    width: float = 0.0
    height: float = 0.0
    placed: tuple[float, ...] = ()
    links: tuple[Jump, ...] = ()


@dataclass(frozen=True, slots=True)
class Bookmark:
    """One entry of a volume's outline, in the order of the outline; ``level`` counts from 1."""

    volume: int
    level: int
    title: str
    page: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """All that a finished binder claims of itself."""

    title: str
    complete: bool
    manifest: dict[str, str]
    engine: dict[str, str]
    template_set: dict[str, str]
    volumes: tuple[Volume, ...]
    items: tuple[Item, ...]
    pages: tuple[Page, ...]
    problems: tuple[Problem, ...] = ()
    outline: tuple[Bookmark, ...] = ()
    created: str = ""
    sources: str = ""
    schema: int = SCHEMA
    documents: tuple[str, ...] = field(default=())

    def dumps(self) -> str:
        """Return the receipt as JSON text, its pages one a line so that a person can read and compare it."""
        data = asdict(self)
        order = ["schema", *(name for name in data if name != "schema")]
        rows = [f"{json.dumps(key)}: {_listing(data[key])}" for key in order]
        return "{\n" + ",\n".join(rows) + "\n}\n"


def _listing(value: Any) -> str:
    if not isinstance(value, list | tuple) or not value:
        return json.dumps(value, ensure_ascii=False)
    return "[\n  " + ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in value) + "\n]"


def read(path: Path) -> Receipt:
    """Read a receipt file; raises UsageError where it is not there or is not one."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path} is too large to be a receipt", fix="build the binder again")
        data = json.loads(path.read_text(encoding="utf-8"))
        return loads(data)
    except FileNotFoundError:
        raise UsageError(f"{path} is not there", fix="build the binder first, or name its folder") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{path} is not a receipt of this program: {error}", fix="build the binder again") from error


def loads(data: dict[str, Any]) -> Receipt:
    """Turn the JSON form into a Receipt; unknown keys are ignored, for keys may be added."""
    if data.get("schema") != SCHEMA:
        raise ValueError(f"schema {data.get('schema')!r} instead of {SCHEMA}")
    return Receipt(
        **{
            **_known(Receipt, data),
            "volumes": tuple(Volume(**_known(Volume, row)) for row in data["volumes"]),
            "items": tuple(_item(row) for row in data["items"]),
            "pages": tuple(_page(row) for row in data["pages"]),
            "problems": tuple(Problem(**_known(Problem, row)) for row in data.get("problems", ())),
            "outline": tuple(Bookmark(**_known(Bookmark, row)) for row in data.get("outline", ())),
            "documents": tuple(data.get("documents", ())),
        }
    )


def _item(row: dict[str, Any]) -> Item:
    return Item(**{**_known(Item, row), "evidence": tuple(_evidence(e) for e in row.get("evidence", ()))})


def _evidence(row: dict[str, Any]) -> Evidence:
    sources = tuple(Source(**_known(Source, s)) for s in row.get("sources", ()))
    return Evidence(**{**_known(Evidence, row), "sources": sources, "warnings": tuple(row.get("warnings", ()))})


def _page(row: dict[str, Any]) -> Page:
    placed = tuple(row.get("placed", ()))
    return Page(
        **{**_known(Page, row), "placed": placed, "links": tuple(Jump(**_known(Jump, j)) for j in row.get("links", ()))}
    )


def _known(cls: Any, row: dict[str, Any]) -> dict[str, Any]:
    names = {f.name for f in fields(cls)}
    return {key: value for key, value in row.items() if key in names}
