"""The receipt: the JSON map of a finished binder, and its types.

Keys follow the contract. Those added to it are, on a page, ``digest`` (what it shows, see :mod:`dossier.identity`),
``width`` and ``height`` of the sheet in points, ``placed`` (the matrix that puts the source's page on it), ``links``
(the jumps written on it), ``marks`` (the lines that underline claims on it), ``key`` (what block of the book it is of)
and, of a sheet of photos, ``sources`` (all of them); at the top ``numbering`` (the settings that numbers follow from),
``outline``, ``created``, ``sources``, ``documents``, ``originals`` and ``prints`` (the files of the print set).
``page``, ``first`` and ``last`` count from 1.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dossier.errors import Problem, UsageError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA = 1
HISTORY = "history"
"""The folder, beside a receipt, that holds those of earlier builds."""
_MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Volume:
    """One file of the binder; ``pages`` counts its physical pages."""

    file: str
    sha256: str
    pages: int


@dataclass(frozen=True, slots=True)
class Source:
    """Where pages of a piece of evidence came from; ``pages`` counts the pages bound from it.

    A file out of an archive or a mail is named after that and its place inside; ``container`` and ``container_sha256``
    tell the file that lies in the sources folder. ``original`` is where an untouched copy lies beside the receipt, of
    what binding takes something from. ``filled`` says that the file is a template: its pages show what was made of it,
    which lies among the documents.
    """

    path: str
    sha256: str
    pages: int
    container: str = ""
    container_sha256: str = ""
    original: str = ""
    filled: bool = False


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
    """One physical page. ``number`` is as one says it, ``label`` as it is printed (empty on blanks and covers).

    Of a sheet of several photos ``source`` is the first, and ``sources`` are all of them.
    """

    volume: int
    page: int
    number: str
    label: str
    kind: str
    item: str = ""
    evidence: str = ""
    source: str = ""
    source_page: int | None = None
    sources: tuple[str, ...] = ()
    digest: str = ""
    width: float = 0.0
    height: float = 0.0
    placed: tuple[float, ...] = ()
    links: tuple[Jump, ...] = ()
    marks: tuple[tuple[float, ...], ...] = ()
    key: str = ""


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
    documents: tuple[str, ...] = ()
    originals: tuple[str, ...] = ()
    prints: tuple[str, ...] = ()
    numbering: dict[str, Any] = field(default_factory=dict)

    @property
    def sheets(self) -> int:
        """How many sheets of paper the volumes take, printed on both sides."""
        return sum((volume.pages + 1) // 2 for volume in self.volumes)

    @property
    def proofs(self) -> int:
        """How many pieces of evidence there are, citations left out."""
        return sum(not proof.see for item in self.items for proof in item.evidence)

    def with_checksums(self, checksums: Sequence[str]) -> Receipt:
        """Return the receipt with the SHA-256 of each volume, in order."""
        volumes = zip(self.volumes, checksums, strict=True)
        return replace(self, volumes=tuple(replace(volume, sha256=checksum) for volume, checksum in volumes))

    def dumps(self) -> str:
        """Return the receipt as JSON text, its pages one a line so that a person can read and compare it."""
        order = ["schema", *(name for name in self.__dataclass_fields__ if name != "schema")]
        rows = [f"{json.dumps(key)}: {_listing(getattr(self, key))}" for key in order]
        return "{\n" + ",\n".join(rows) + "\n}\n"


def _listing(value: Any) -> str:
    if not isinstance(value, list | tuple) or not value:
        return _dumps(value)
    return "[\n  " + ",\n  ".join(map(_dumps, value)) + "\n]"


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_as_dict)


def _as_dict(value: Any) -> dict[str, Any]:
    """Return a dataclass as a dict, its values as they are: unlike ``asdict``, without copying them all."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def read(path: Path) -> Receipt:
    """Read a receipt file, compressed where it is called ``.gz``.

    Raises UsageError where it is not there or is not one.
    """
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)  # what a compressed one comes to is known only then
        if len(data) > _MAX_BYTES:
            raise UsageError(f"{path} is too large to be a receipt", fix="build the binder again")
        return loads(json.loads(data.decode()))
    except FileNotFoundError:
        raise UsageError(f"{path} is not there", fix="build the binder first, or name its folder") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UsageError(f"{path} is not a compressed receipt, or not a whole one", fix="name another build") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", fix="check the file's permissions") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a receipt of this program: {error}", fix="build the binder again") from error


def find(path: Path) -> Receipt | None:
    """Read a receipt file, if there is one that can be read."""
    try:
        return read(path)
    except UsageError:
        return None


def loads(data: Any) -> Receipt:
    """Turn the JSON form into a Receipt; raises ValueError. Unknown keys are ignored, for keys may be added."""
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"schema {schema!r} instead of {SCHEMA}")
    from pydantic import ValidationError  # noqa: PLC0415 - whoever reads no receipt need not load it

    try:
        return _form().validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


@cache
def _form() -> TypeAdapter[Receipt]:
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(Receipt)
