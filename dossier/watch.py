"""Builds a binder again whenever what it is made of has changed, and says what that did to the book.

Changes are found by looking: what lies in the folders is compared with what lay there when the last build began. The
notices of the file system only say when to look. So nothing is lost that is saved while a build runs, whatever the
editor does on the way does not count, and folders on a server, whose changes by others give no notice, are seen too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Final, Protocol

from natsort import natsorted

from dossier import board, comparison, lock, manifest, plan, receipt, sources, template_sets
from dossier.binder import Binder
from dossier.comparison import Change, Edition
from dossier.errors import DossierError, OutputBusyError, OutputError, Problem, UsageError
from dossier.manifest import Manifest
from dossier.receipt import Receipt

if TYPE_CHECKING:
    from watchfiles.main import FileChange

_QUIET = 0.4  # seconds without a change, after which files are whole
_PATIENCE = 5  # pauses, after which it is said what is waited for
_MOST_PAUSES = 150  # then it is built all the same: a file that is written all the time must not keep the others out
_PULSE = 1000  # milliseconds
_PULSES = 10  # without a notice, after which it is looked all the same
_PASSING = (
    *(".tmp", ".temp", ".swp", ".swo", ".swx", "~"),  # editors
    *(".crdownload", ".part", ".partial", ".download", ".opdownload"),  # browsers
)
_PROBE: Final = "4913"  # what Vim writes to see whether a folder can be written

Stamp = tuple[int, int, int]
"""Mode, size in bytes and time of the last change of a file."""


# --- what is told --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changes:
    """Files that came, that are others now, and that went, by their names in the sources folder or their paths."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Files that are being written, which are waited for."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """A build begins, for these changes; for none when it is the first, or tried again."""

    time: datetime
    changes: Changes


@dataclass(frozen=True, slots=True)
class Effect:
    """What a build did to the book that was there before.

    ``printed`` counts the sheets of paper to print again, where both books are complete. Problems are the same wherever
    in the manifest they stand.
    """

    pages_before: int
    pages: int
    changes: tuple[Change, ...]
    new: tuple[Problem, ...]
    solved: tuple[Problem, ...]
    printed: int | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """A build that has ended: with a binder, or with the reason why there is none.

    ``effect`` is None where there was no book before. ``board`` is the readiness board that was written, or why it
    could not be.
    """

    time: datetime
    changes: Changes
    outcome: Binder | DossierError
    effect: Effect | None = None
    board: Path | DossierError | None = None


Happening = Waiting | Begun | Round


# --- the loop ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Job:
    """What is built and where: ``manifest`` into ``folder``, by ``build``.

    ``draw`` writes the readiness board; it is called where there is one already, and always with ``board``.
    ``beside`` are further files that count, such as one of passwords.
    """

    manifest: Path
    folder: Path
    build: Callable[[Manifest], Binder]
    draw: Callable[[Manifest], Path]
    board: bool = False
    beside: tuple[Path, ...] = ()


class Alarm(Protocol):
    """Says when to look."""

    def wait(self, folders: frozenset[Path]) -> bool:
        """Return when something may have changed in the folders (True), or after a while (False)."""

    def pause(self) -> None:
        """Let a moment go by, after which a file that is being written is another."""


def watch(job: Job, alarm: Alarm) -> Iterator[Happening]:
    """Build, and build again after every change, for ever; whatever keeps one build from being made is told.

    Raises UsageError where there is no manifest to begin with.
    """
    if not job.manifest.is_file():
        raise UsageError(f"{job.manifest} is not there", fix="name the manifest to watch")
    places, before, changes = _Places.first(job), _standing(job.folder), Changes()
    while True:
        begun = Begun(datetime.now(), changes)
        yield begun
        read = _stamp(places.manifest)  # before it is read: what is saved from now on is a change
        loaded = _load(job.manifest)
        places = places.of(loaded)
        seen = dict(look(places).files)
        if read is not None:
            seen[places.manifest] = read
        outcome = _build(job, loaded, places)
        if isinstance(outcome, Binder):
            effect = _effect(before, outcome.receipt) if before else None
            before = outcome.receipt
            yield Round(begun.time, changes, outcome, effect, _draw(job, outcome, loaded))
        else:
            yield Round(begun.time, changes, outcome)
        changes = yield from _next(places, seen, alarm, again=isinstance(outcome, OutputBusyError))


def _next(
    places: _Places, seen: Mapping[Path, Stamp], alarm: Alarm, *, again: bool
) -> Generator[Waiting, None, Changes]:
    """Return the next changes, once they are whole; to try ``again``, none after a while."""
    sight = look(places)
    while True:
        if sight.files != seen:
            sight = yield from _settled(places, sight, alarm)
        if sight.files != seen:
            return _difference(places, seen, sight.files)
        alarm.wait(sight.folders)
        sight = look(places)
        if again and sight.files == seen:
            return Changes()


def _settled(places: _Places, sight: Sight, alarm: Alarm) -> Generator[Waiting, None, Sight]:
    """Look until nothing changes between two looks."""
    for pauses in range(_MOST_PAUSES):
        alarm.pause()
        now = look(places)
        if now.files == sight.files:
            return now
        if pauses == _PATIENCE:
            growing = _difference(places, sight.files, now.files)
            yield Waiting((*growing.added, *growing.changed, *growing.removed))
        sight = now
    return sight


def _load(path: Path) -> Manifest | DossierError:
    try:
        return manifest.load(path)
    except DossierError as error:
        return error


def _build(job: Job, loaded: Manifest | DossierError, places: _Places) -> Binder | DossierError:
    if isinstance(loaded, DossierError):
        return loaded
    if places.out in places.trees:
        return UsageError(f"{job.folder} is watched: the binder cannot be built there", fix="name another with -o")
    try:
        return job.build(loaded)
    except DossierError as error:
        return error
    except OSError as error:
        return OutputError(str(error), fix="check the disk and the permissions")


def _draw(job: Job, binder: Binder, loaded: Manifest | DossierError) -> Path | DossierError | None:
    if isinstance(loaded, DossierError) or not (job.board or (binder.folder / board.NAME).is_file()):
        return None
    try:
        return job.draw(loaded)
    except DossierError as error:
        return error
    except OSError as error:
        return OutputError(str(error), fix="check the disk and the permissions")


# --- what a build did ----------------------------------------------------------------------------------------------


def _standing(folder: Path) -> Receipt | None:
    """Return the receipt of what was built last: a draft goes when the book is complete."""
    return receipt.find(folder / "receipt-draft.json") or receipt.find(folder / "receipt.json")


def _effect(before: Receipt, now: Receipt) -> Effect:
    found = comparison.compare(*(Edition(Path(), one, (None,) * len(one.volumes)) for one in (before, now)))
    were, are = ({_told(problem): problem for problem in one.problems} for one in (before, now))
    return Effect(
        len(before.pages),
        len(now.pages),
        found.changes,
        tuple(problem for told, problem in are.items() if told not in were),
        tuple(problem for told, problem in were.items() if told not in are),
        len(found.printed) if before.complete and now.complete else None,
    )


def _told(problem: Problem) -> tuple[str, ...]:
    return problem.code, problem.severity, problem.item, problem.evidence, problem.message


# --- looking -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sight:
    """What lies where: the files that count, and the folders in which one may come or change."""

    files: Mapping[Path, Stamp]
    folders: frozenset[Path]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a book comes from: single files, and folders with all that is in them but what is built (``apart``)."""

    manifest: Path
    out: Path
    files: frozenset[Path]
    trees: frozenset[Path] = field(default=frozenset())
    root: Path | None = None
    apart: frozenset[Path] = field(default=frozenset())

    @classmethod
    def first(cls, job: Job) -> _Places:
        """Return what counts as long as the manifest has not been read."""
        path = job.manifest.absolute()
        beside = (one.absolute() for one in job.beside)
        return cls(path, job.folder.resolve(), frozenset({path, lock.path_of(path), *beside}))

    def of(self, loaded: Manifest | DossierError) -> _Places:
        """Return what counts for a manifest; for one that cannot be read, what counted before."""
        if isinstance(loaded, DossierError):
            return self
        beside = self.manifest.parent
        try:
            folders = template_sets.find_set(loaded.template_set, beside).folders
            # Shipped ones stay as they are; but a folder of their name that comes here takes their place.
            sets = {one if one.is_relative_to(beside) else beside / one.name for one in folders}
        except DossierError:  # what is wrong with it is put right in it
            sets = {*self.trees, beside / loaded.template_set}
        root = loaded.root.resolve()
        trees = frozenset({root, *(folder.resolve() for folder in sets)})
        # Where the sources lie around the manifest, so do other manifests' books.
        built = {root / name for name in plan.OUTPUT} if root == beside.resolve() else set()
        return _Places(self.manifest, self.out, self.files, trees, root, frozenset({self.out, *built}))

    def name(self, path: Path) -> str:
        """Return how a file is called: by its name in the sources folder, as manifests do, else by its path."""
        for folder in (self.root, Path.cwd(), self.manifest.parent):
            if folder is not None and path.is_relative_to(folder):
                return sources.shown(path.relative_to(folder).as_posix())
        return sources.shown(str(path))


def look(places: _Places) -> Sight:
    """Return what lies there now."""
    files: dict[Path, Stamp] = {}
    folders: set[Path] = set()
    for path in places.files:
        _add(files, path)
        folders.add(_nearest(path.parent))
    for tree in places.trees:
        folders.add(_nearest(tree))
        for place, inside, names in os.walk(tree):
            folder = Path(place)
            folders.add(folder)
            inside[:] = [name for name in inside if not is_passing(name) and folder / name not in places.apart]
            for name in names:
                if not is_passing(name):
                    _add(files, folder / name)
    return Sight(files, frozenset(folders))


def _add(files: dict[Path, Stamp], path: Path) -> None:
    stamp = _stamp(path)
    if stamp is not None:
        files[path] = stamp


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mode, found.st_size, found.st_mtime_ns


def _nearest(folder: Path) -> Path:
    """Return a folder, or of one that is not there the nearest around it, in which it may come."""
    missing = len(list(takewhile(lambda one: not one.is_dir(), (folder, *folder.parents))))
    return (folder, *folder.parents)[missing]


def is_passing(name: str) -> bool:
    """Say whether a file or folder of this name is some program's own, on the way to a file that counts."""
    return (
        sources.is_leftover(name)
        or name.startswith((".", "~"))
        or name.lower().endswith(_PASSING)
        or (name.startswith("#") and name.endswith("#"))
        or name == _PROBE
    )


def _difference(places: _Places, were: Mapping[Path, Stamp], are: Mapping[Path, Stamp]) -> Changes:
    def named(paths: set[Path]) -> tuple[str, ...]:
        return tuple(natsorted(map(places.name, paths)))

    both = were.keys() & are.keys()
    changed = {path for path in both if were[path] != are[path]}
    return Changes(named(are.keys() - both), named(changed), named(were.keys() - both))


# --- when to look --------------------------------------------------------------------------------------------------


class Watcher:
    """An alarm by the file system's own notices; where none come it is looked now and then."""

    def __init__(self) -> None:
        self._watched: frozenset[tuple[Path, int]] = frozenset()
        self._notices: Iterator[set[FileChange]] = iter(())

    def wait(self, folders: frozenset[Path]) -> bool:
        """Return at the next notice (True), or after ten seconds without one (False)."""
        from watchfiles import watch as notices  # noqa: PLC0415 - takes a while, and is for this only

        pulses = _PULSES
        present = frozenset(_numbered(folders))  # one that was put in another's place has the same name
        if present != self._watched:
            self._notices = notices(
                *(folder for folder, _ in present), watch_filter=None, step=100, rust_timeout=_PULSE,
                yield_on_timeout=True, recursive=False, ignore_permission_denied=True,
            )  # fmt: skip
            self._watched = present
            pulses = 1  # what was changed before it began has given no notice
        try:
            return any(next(self._notices) for _ in range(pulses))
        except (OSError, RuntimeError):  # a folder has gone meanwhile, or there are more than the system can watch
            self._watched = frozenset()
            sleep(_PULSE / 1000)
            return False

    def pause(self) -> None:
        """Let a moment go by."""
        sleep(_QUIET)


def _numbered(folders: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    for folder in folders:
        with suppress(OSError):
            yield folder, folder.stat().st_ino
