"""The lock: a text file beside the manifest with the page numbers of a book as it was printed.

It is named after the manifest, ``dossier.lock`` beside ``dossier.yaml``, and has a line for every divider, every piece
of evidence and every document that carries counted numbers, in the order of the book: made to be kept in version
control and compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from dossier import inserting, publish
from dossier.errors import FrozenError, OutputError, UsageError
from dossier.numbering import Printed, Style
from dossier.receipt import Page, Receipt

SCHEMA: Final = 1
SUFFIX: Final = ".lock"
VACANT: Final = "vacant:"
WITHDRAWN: Final = "withdrawn:"
"""What the keys of blocks begin with that stand for numbers left out, and for all of what is there no more."""
_MAX_BYTES: Final = 64 * 1024 * 1024
_SETTINGS: Final = ("style", "start", "restart", "start_on")
_NOTE: Final = "page numbers as printed; made by `dossier freeze`: keep it beside the manifest, do not edit it"


@dataclass(frozen=True, slots=True)
class Held:
    """The numbers of what is printed of one owner, without those of its volume (from 1), in order.

    ``of`` names the owner, see :func:`owner`; ``side`` is the side of the sheet it begins on: 1 front, 0 back.
    ``id`` is that of the evidence or item, ``sources`` are the files that evidence was bound from. Those numbers that
    are ``left_out`` were printed once, and a sheet or the index says since then that nothing is there.
    """

    volume: int
    numbers: tuple[str, ...]
    side: int
    of: str
    item: str = ""
    title: str = ""
    sources: tuple[str, ...] = ()
    id: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def sheet(self) -> str:
        """The key of the sheet that takes its place when it is withdrawn: by number, for another may have its name."""
        return f"{WITHDRAWN}{self.volume}:{self.numbers[0]}"


@dataclass(frozen=True, slots=True)
class Lock:
    """All numbers that are printed, in the order of the book.

    ``numbering`` holds the settings of the manifest that made them; ``totals`` are what labels showed as the total, by
    volume. ``created`` is when the book was built.
    """

    created: str
    numbering: dict[str, str | int]
    totals: tuple[int, ...]
    held: tuple[Held, ...]
    note: str = _NOTE
    schema: int = SCHEMA

    @property
    def volumes(self) -> int:
        """How many volumes were printed."""
        return len(self.totals)

    @property
    def evidence(self) -> int:
        """How many pieces of evidence are held."""
        return sum(row.of.startswith("evidence:") for row in self.held)

    @property
    def pages(self) -> int:
        """How many numbers are held."""
        return sum(len(row.numbers) for row in self.held)

    @property
    def printed(self) -> Printed:
        """The numbers as numbering needs them."""
        numbers = {volume: frozenset[str]() for volume in range(1, self.volumes + 1)}
        for volume, rows in groupby(self.held, key=lambda row: row.volume):
            numbers[volume] |= {number for row in rows for number in row.numbers}
        return Printed(numbers, dict(enumerate(self.totals, start=1)))

    def check(self, style: Style, where: str) -> None:
        """Raise FrozenError where the manifest ``where`` numbers in another way than the book that was printed."""
        now = settings_of(style)
        # A label whose total stands still is printed as it was.
        other = [key for key in _SETTINGS if self.numbering.get(key) != now[key]]
        if other:
            told = "; ".join(f"`{key}` was {self.numbering.get(key)!r}, is {now[key]!r}" for key in other)
            raise FrozenError(
                f"{where}: page numbers are frozen, and would be printed in another way: {told}",
                fix="set it back, or give up the printed numbers with `dossier freeze --release`",
            )

    def dumps(self) -> str:
        """Return the lock as JSON text, a line for each row."""
        head = {key: getattr(self, key) for key in ("schema", "note", "created", "numbering", "totals")}
        lines = [f"{_dumps(key)}: {_dumps(value)}" for key, value in head.items()]
        rows = ",\n".join(f"  {_dumps({name: getattr(row, name) for name in _FIELDS})}" for row in self.held)
        return "{\n" + ",\n".join([*lines, f'"held": [\n{rows}\n]']) + "\n}\n"


_FIELDS: Final = tuple(Held.__dataclass_fields__)
_FORM: Final = TypeAdapter(Lock)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def path_of(manifest: Path) -> Path:
    """Return where the lock of a manifest lies, if there is one."""
    return manifest.with_suffix(SUFFIX)


def read(manifest: Path) -> Lock | None:
    """Read the lock beside a manifest, None where there is none; raises FrozenError where it is not one."""
    path = path_of(manifest)
    fix = "take it from version control again, or make it anew with `dossier freeze --update`"
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise FrozenError(f"{path} is too large to be a lock", fix=fix)
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.get("schema") != SCHEMA:
            raise ValueError(f"its schema is {data.get('schema')!r}, not {SCHEMA}")
        lock = _FORM.validate_python(data)
        _check(lock)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FrozenError(f"{path} cannot be read: {error.strerror}", fix="check the file's permissions") from error
    except json.JSONDecodeError as error:
        raise FrozenError(f"{path}:{error.lineno}:{error.colno}: {error.msg}", fix=fix) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise FrozenError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}", fix=fix) from error
    except (ValueError, AttributeError, RecursionError) as error:
        raise FrozenError(f"{path}: {error}", fix=fix) from error
    return lock


def _check(lock: Lock) -> None:
    """Raise ValueError where the numbers of a lock cannot all be printed."""
    seen: set[tuple[int, str]] = set()
    owners: set[str] = set()
    several = lock.numbering.get("restart") == "volume"
    for row in lock.held:
        if not 1 <= row.volume <= lock.volumes:
            raise ValueError(f"{row.of} is in volume {row.volume} of {lock.volumes}")
        if row.of in owners:
            raise ValueError(f"{row.of} is there twice")
        owners.add(row.of)
        if not row.numbers:
            raise ValueError(f"{row.of} has no number")
        for number in row.numbers:
            place = (row.volume if several else 0, number)
            if place in seen or not re.match("[0-9]", number):  # 0A stands before all that was printed
                raise ValueError(f"{row.of} has the number {number!r}, which is there twice or is none")
            seen.add(place)


def write(manifest: Path, lock: Lock) -> Path:
    """Write the lock beside its manifest and return its path; raises OutputError."""
    path = path_of(manifest)
    publish.write_text(path, lock.dumps())
    return path


def release(manifest: Path) -> Path:
    """Remove the lock beside a manifest and return what its path was; raises UsageError where there is none."""
    path = path_of(manifest)
    try:
        path.unlink()
    except FileNotFoundError:
        raise UsageError(f"{path} is not there: no page numbers are frozen", fix="nothing is to be released") from None
    except OSError as error:
        raise OutputError(f"{path} cannot be removed: {error.strerror}", fix="check the permissions") from error
    return path


def freeze(manifest: Path, book: Receipt, *, update: bool = False) -> tuple[Path, Lock]:
    """Write the lock of a finished ``book`` beside its manifest; with ``update``, in place of the one that lies there.

    Raises UsageError where there is a lock already, or none to bring up to date, and where the book is a draft;
    FrozenError where the book does not keep to the lock that lies there.
    """
    path, before = path_of(manifest), read(manifest)
    if before is not None and not update:
        fix = "--update takes over what came since then; --release gives up the printed numbers"
        raise UsageError(f"page numbers are frozen already, as of {before.created[:10]}, in {path}", fix=fix)
    if before is None and update:
        raise UsageError(f"{path} is not there: no page numbers are frozen", fix="freeze without --update")
    if not book.complete:
        raise UsageError("the book is a draft, whose numbers are not printed", fix="complete it and build it first")
    lock = of_book(book)
    if before is not None:
        _keeps(before, lock)
        lock = updated(before, lock)
    return write(manifest, lock), lock


def updated(before: Lock, after: Lock) -> Lock:
    """Return the lock of a later book with what only the one ``before`` it knows: totals, and what was withdrawn."""
    earlier = {(row.volume, number): row for row in before.held for number in row.numbers}
    held: list[Held] = []
    for row in after.held:
        was = next((earlier[row.volume, number] for number in row.numbers if (row.volume, number) in earlier), None)
        held.append(_continued(was, row) if was else row)
    return replace(after, totals=before.totals, held=tuple(held))


def _continued(was: Held, row: Held) -> Held:
    """Return a row of a later book with the numbers that were printed of it earlier and are left out now."""
    numbers = list(row.numbers)
    for index, number in enumerate(was.numbers):
        if number not in numbers:
            at = numbers.index(was.numbers[index - 1]) + 1 if index else 0
            numbers.insert(at, number)
    left_out = tuple(number for number in numbers if number in row.left_out or number not in row.numbers)
    told = was if row.of == was.sheet else row  # a sheet for what is withdrawn does not say what that was
    return replace(told, of=row.of, numbers=tuple(numbers), side=row.side, left_out=left_out)


def _keeps(before: Lock, after: Lock) -> None:
    """Raise FrozenError where a number that was printed of one thing is on another now."""
    now = {(row.volume, number): row for row in after.held for number in row.numbers}
    for row in before.held:
        for number in row.numbers:
            there = now.get((row.volume, number))
            if there is not None and not _is(row, there):
                raise FrozenError(
                    f"{number} was printed on {row.title or row.of}, and is on {there.title or there.of} in this book: "
                    f"it was not built with this lock",
                    fix="build the book again, then freeze it",
                )


def _is(row: Held, there: Held) -> bool:
    """Say whether one is the other in a later book, or what stands for it there."""
    return there.of in (row.of, row.sheet) or bool(row.sources and row.sources == there.sources)


# --- from a finished book ------------------------------------------------------------------------------------------


def owner(key: str, item: str, evidence: str) -> str:
    """Return whose numbers a block's are: an item's (``item:1-1``), some evidence's, or those of a document."""
    _, _, rest = key.partition(":")
    if key.startswith(VACANT):
        return rest
    if key.startswith(WITHDRAWN):
        return key
    return f"evidence:{evidence}" if evidence else f"item:{item}" if item else key


def settings_of(style: Style) -> dict[str, str | int]:
    """Return those settings that numbers and labels follow from."""
    return {key: getattr(style, "label" if key == "style" else key) for key in _SETTINGS}


def of_book(book: Receipt) -> Lock:
    """Return the lock of a finished book; raises UsageError where its receipt does not say enough."""
    if not set(_SETTINGS).issubset(book.numbering) or not all(page.key for page in book.pages if page.kind != "blank"):
        raise UsageError(
            "the book was built by an older version, which does not say which page belongs to what",
            fix="build it again; compare the two with `dossier diff` before you freeze",
        )
    several = book.numbering.get("restart") == "volume" and len(book.volumes) > 1
    counted = [page for page in book.pages if page.number[:1].isdigit()]
    plain = {(page.volume, page.page): page.number.partition("-")[2] if several else page.number for page in counted}
    titles = {item.id: item.title for item in book.items}
    titles |= {proof.id: proof.title for item in book.items for proof in item.evidence}
    marks = {(mark.volume, mark.page): mark.title for mark in reversed(book.outline)}
    sources = {
        proof.id: tuple(dict.fromkeys(source.container or source.path for source in proof.sources))
        for item in book.items
        for proof in item.evidence
    }
    held: list[Held] = []
    shown = (page for page in counted if page.kind != "blank")
    for of, group in groupby(shown, key=lambda page: owner(page.key, page.item, page.evidence)):
        pages = list(group)
        first = pages[0]
        kind, _, id = of.partition(":")
        title = titles.get(id, "") if kind in ("evidence", "item") else marks.get((first.volume, first.page), "")
        numbers = tuple(plain[page.volume, page.page] for page in pages)
        own = sources.get(id, ()) if kind == "evidence" else ()
        named = id if kind in ("evidence", "item") else ""
        left_out = tuple(plain[page.volume, page.page] for page in pages if page.key.startswith((VACANT, WITHDRAWN)))
        held.append(Held(first.volume, numbers, first.page % 2, of, first.item, title, own, named, left_out))
    return Lock(
        book.created,
        {key: book.numbering[key] for key in _SETTINGS},
        tuple(_totals(book, counted, plain, several=several)),
        tuple(held),
    )


def _totals(
    book: Receipt, counted: Sequence[Page], plain: dict[tuple[int, int], str], *, several: bool
) -> Iterator[int]:
    """Yield for every volume the highest number that counts in it."""
    for volume in range(1, len(book.volumes) + 1):
        of_it = (page for page in counted if not several or page.volume == volume)
        yield max((inserting.root(plain[page.volume, page.page]) for page in of_it), default=0)
