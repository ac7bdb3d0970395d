"""The receipts of complete builds, kept so that any two of them can be compared, and what each build changed.

They lie in the folder ``history`` of the binder, one a build, compressed. Their names begin with a number that only
grows, for clocks are set back and two builds may end in one second: ``0003_2026-11-24T12-39-40Z.json.gz``.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from dossier import comparison, publish, receipt
from dossier.comparison import Became, Comparison, Edition
from dossier.errors import UsageError
from dossier.receipt import HISTORY, Receipt

_NAME = re.compile(r"(\d{4,9})_(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)Z\.json(?:\.gz)?", re.ASCII)
_TIME = "%Y-%m-%dT%H-%M-%S"
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?P<minute>[T ]\d\d:\d\d(?P<second>:\d\d)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """A receipt that is kept: its number (from 1), when the binder was built, and where it lies."""

    number: int
    built: datetime
    path: Path


@dataclass(frozen=True, slots=True)
class Changed:
    """What a build changed against the one before: counts of what became of evidence, items and the book's documents.

    ``printed`` counts the sheets of paper to print again. ``same`` says that nothing differs that a reader could see.
    ``engine`` is that of the build before.
    """

    evidence: Mapping[Became, int]
    items: Mapping[Became, int]
    documents: Mapping[Became, int]
    printed: int
    same: bool
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """A build that is kept; ``changed`` is None for the first, and where one of the two cannot be read.

    ``wrong`` says why its receipt cannot be read.
    """

    entry: Entry
    pages: int = 0
    sheets: int = 0
    volumes: int = 0
    evidence: int = 0
    engine: str = ""
    changed: Changed | None = field(default=None)
    wrong: str = ""


def entries(folder: Path) -> list[Entry]:
    """Return what is kept of the binder in ``folder``, oldest first."""
    found: list[Entry] = []
    for path in (folder / HISTORY).glob("*.json*"):
        named = _NAME.fullmatch(path.name)
        if named is not None:
            try:
                built = datetime.strptime(named[2], _TIME).replace(tzinfo=UTC)
            except ValueError:  # such as a 13th month: somebody else named it
                continue
            found.append(Entry(int(named[1]), built, path))
    return sorted(found, key=lambda entry: (entry.number, entry.path.name))


def keep(folder: Path, staging: Path, written: Receipt) -> list[str]:
    """Stage the receipt of a complete build, and return the name to commit it under.

    There is none where the newest that is kept says the same of the same volumes.
    """
    kept = entries(folder)
    newest = receipt.find(kept[-1].path) if kept else None
    if newest is not None and _said(newest) == _said(written):
        return []
    number = kept[-1].number + 1 if kept else 1
    built = datetime.fromisoformat(written.created).astimezone(UTC)
    name = f"{HISTORY}/{number:04}_{built:{_TIME}}Z.json.gz"
    path = staging / name
    path.parent.mkdir(exist_ok=True)
    # At best it would be a twentieth smaller, and take four times as long.
    path.write_bytes(gzip.compress(written.dumps().encode(), 6, mtime=0))
    return [name]


def _said(of: Receipt) -> Receipt:
    """Return what tells builds apart: not when, and not what lies in a template set and shows on no page."""
    return replace(of, created="", template_set={"name": of.template_set.get("name", "")})


# --- naming one build ----------------------------------------------------------------------------------------------


def find(named: str) -> Path:
    """Return what ``named`` means: a path as it is, and of ``build/q@3`` the receipt of build 3 of the binder there.

    ``build/q@2026-11-24`` and ``build/q@2026-11-24T12:39`` are the last build of that day and of that minute here, or
    before. Raises UsageError where there is none.
    """
    path = Path(named)
    place, _, which = named.rpartition("@")
    folder = Path(place)
    if path.exists() or not place or not folder.is_dir():
        return path
    publish.settle(folder)
    kept = entries(folder)
    fix = f"`dossier log {folder}` lists what is kept"
    if _NUMBER.fullmatch(which):
        told, found = f"no build {which}", [entry for entry in kept if entry.number == int(which)]
    else:
        moment = _end_of(which, fix)
        told, found = f"no build of {which} or before", [entry for entry in kept if entry.built <= moment]
    if not found:
        raise UsageError(f"the history of {folder} has {told}", fix=fix)
    return found[-1].path


def _end_of(moment: str, fix: str) -> datetime:
    """Return the last second of a day or a minute, as clocks here show it."""
    form = _MOMENT.fullmatch(moment)
    try:
        if form is None:
            raise ValueError(moment)
        if not form["minute"]:
            return datetime.combine(date.fromisoformat(moment), time(23, 59, 59)).astimezone()
        found = datetime.fromisoformat(moment)
        return (found if form["second"] else found.replace(second=59)).astimezone()
    except (ValueError, OverflowError):
        raise UsageError(
            f"{moment!r} is neither the number of a build nor a time like 2026-11-24 or 2026-11-24T12:39", fix=fix
        ) from None


# --- what each build changed ---------------------------------------------------------------------------------------


def log(folder: Path, last: int) -> list[Build]:
    """Return the ``last`` builds that are kept of the binder in ``folder``, newest first, each against the one before.

    Raises UsageError where none is kept.
    """
    if folder.is_dir():
        publish.settle(folder)
    kept = entries(folder)
    if not kept:
        fix = "build it: every complete build that changes something is kept"
        raise UsageError(f"{folder} has no history", fix=fix)
    return list(_builds(kept[-last - 1 :]))[-last:][::-1]


def _builds(kept: list[Entry]) -> Iterator[Build]:
    before: Edition | None = None
    for entry in kept:
        try:
            now = comparison.read(entry.path)
        except UsageError as error:
            yield Build(entry, wrong=error.message)
            before = None
            continue
        now = replace(now, files=(None,) * len(now.files))  # the older ones have no book to compare looks with
        yield _build(entry, now.receipt, _changed(comparison.compare(before, now)) if before else None)
        before = now


def _build(entry: Entry, of: Receipt, changed: Changed | None) -> Build:
    return Build(
        entry,
        pages=sum(volume.pages for volume in of.volumes),
        sheets=of.sheets,
        volumes=len(of.volumes),
        evidence=of.proofs,
        engine=_engine(of),
        changed=changed,
    )


def _engine(of: Receipt) -> str:
    return " ".join(filter(None, (of.engine.get("word"), of.engine.get("version"))))


def _changed(found: Comparison) -> Changed:
    counts = Counter((change.what, change.became) for change in found.changes)
    evidence, items, documents = (
        {became: count for (kind, became), count in sorted(counts.items()) if kind == what}
        for what in ("evidence", "item", "document")
    )
    return Changed(evidence, items, documents, len(found.printed), found.same, _engine(found.old.receipt))
