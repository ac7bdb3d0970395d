"""Puts a finished build in place: all its files together, or none.

New files are written to a staging folder inside the output folder and flushed to disk. A journal there then names every
rename still to be done; from the moment it exists the build counts as done. After a kill between two renames the next
command reads the journal and finishes them; without a journal it removes what was staged.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from dossier.errors import OutputBusyError, OutputError

STAGING = ".dossier"
_JOURNAL = "journal.json"
_LOCK = ".dossier.lock"


@contextmanager
def exclusive(out: Path) -> Iterator[None]:
    """Hold the output folder for one build; raises OutputBusyError where another build holds it."""
    lock = FileLock(out / _LOCK)
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise OutputBusyError(
            f"another build is writing {out}", fix="wait until it is done, or build to another folder with -o"
        ) from None
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error}", fix="name a folder that can be written with -o") from error
    try:
        recover(out)
        yield
    finally:
        # Removed while it is held: whoever opened it meanwhile finds it unlinked and starts over.
        with suppress(PermissionError):  # Windows keeps files that are open
            (out / _LOCK).unlink(missing_ok=True)
        lock.release()


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """Give an empty staging folder on the output folder's own disk; it is gone afterwards."""
    folder = out / STAGING
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def commit(out: Path, names: Iterable[str], stale: Iterable[str]) -> None:
    """Move the staged files ``names`` into ``out`` and remove the ``stale`` ones there; names use ``/``.

    Raises OutputError where the disk refuses; before the journal exists nothing has changed.
    """
    folder = out / STAGING
    names = list(names)
    try:
        for name in names:
            _flush(folder / name)
        aside = folder / f"{_JOURNAL}.tmp"
        aside.write_text(json.dumps({"replace": names, "remove": sorted(set(stale) - set(names))}), encoding="utf-8")
        _flush(aside)
        aside.replace(folder / _JOURNAL)
        _flush(folder)
        recover(out)
    except OSError as error:
        raise OutputError(
            f"cannot put the binder into {out}: {error}", fix="free some disk space, then build again"
        ) from error


def recover(out: Path) -> None:
    """Finish a build that was killed while its files were being put in place, or remove what it had staged."""
    folder = out / STAGING
    if not folder.is_dir():
        return
    journal = folder / _JOURNAL
    if journal.exists():
        plan = json.loads(journal.read_text(encoding="utf-8"))
        for name in plan["replace"]:
            staged = folder / name
            if staged.exists():
                target = out / name
                target.parent.mkdir(parents=True, exist_ok=True)
                staged.replace(target)
        for name in plan["remove"]:
            (out / name).unlink(missing_ok=True)
        _flush(out)
    shutil.rmtree(folder, ignore_errors=True)


def settle(out: Path) -> None:
    """Before a finished binder is read: finish a killed build, unless a build is running here right now."""
    if not (out / STAGING).is_dir():
        return
    try:
        with exclusive(out):
            return  # entering recovers
    except OutputBusyError:
        return


def _flush(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # folders cannot be opened for that on Windows
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
