"""Puts a finished build in place: all its files together, or none.

New files are written to a staging folder inside the output folder and flushed to disk. A journal there then names every
rename still to be done; from the moment it exists the build counts as done. After a kill between two renames the next
command reads the journal and finishes them; without a journal it removes what was staged.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PureWindowsPath
from typing import Any, TypeVar

from dossier.errors import DossierError, OutputBusyError, OutputError

STAGING = ".dossier"
_JOURNAL = "journal.json"
_LOCK = ".dossier.lock"
_T = TypeVar("_T")


@contextmanager
def exclusive(out: Path) -> Iterator[None]:
    """Hold the output folder for one build; raises OutputBusyError where another build holds it.

    A folder that was made for it and in which nothing was put is removed again.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - it takes longer to load than to see that nothing changed

    lock = FileLock(out / _LOCK)
    try:
        made = [folder for folder in (out, *out.parents) if not folder.exists()]
        out.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise OutputBusyError(
            f"another build is writing {out}", fix="wait until it is done, or build to another folder with -o"
        ) from None
    except (OSError, NotImplementedError) as error:
        raise OutputError(f"cannot write {out}: {error}", fix="name a folder that can be written with -o") from error
    try:
        recover(out)
        yield
    finally:
        # Removed while it is held: whoever opened it meanwhile finds it unlinked and starts over.
        with suppress(PermissionError):  # Windows keeps files that are open
            (out / _LOCK).unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):  # there is something in it
            for folder in made:
                folder.rmdir()


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """Give an empty staging folder on the output folder's own disk; it is gone afterwards.

    Only where a build has been committed and its files cannot be put in place does it stay, for the next command to
    finish.
    """
    folder = out / STAGING
    recover(out)
    try:
        folder.mkdir()
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error}", fix=f"remove {folder}, or free some disk space") from error
    try:
        yield folder
    finally:
        # A build that was interrupted after its journal was written counts as done.
        with suppress(OutputError):  # said already
            recover(out)


def commit(out: Path, names: Iterable[str], stale: Iterable[str]) -> None:
    """Move the staged files ``names`` into ``out`` and remove the ``stale`` ones there; names use ``/``.

    Raises OutputError where the disk refuses; before the journal exists nothing has changed.
    """
    folder = out / STAGING
    names = list(names)
    plan = {"replace": names, "remove": sorted(set(stale) - set(names))}
    try:
        _check(out, plan)
        for name in names:
            flush(folder / name)
        for parent in {(folder / name).parent for name in names}:
            flush(parent)
        aside = folder / f"{_JOURNAL}.tmp"
        aside.write_text(json.dumps(plan), encoding="utf-8")
        flush(aside)
        aside.replace(folder / _JOURNAL)
        flush(folder)
    except OSError as error:
        raise _failed(out, error) from error
    recover(out)


def recover(out: Path) -> None:
    """Finish a build that was killed while its files were being put in place, or remove what it had staged.

    Raises OutputError where the disk refuses, or where the journal is not one of this program.
    """
    folder = out / STAGING
    try:
        if folder.is_symlink():
            folder.unlink()  # not made by this program: what it leads to is none of its business
        if not folder.is_dir():
            return
        if (folder / _JOURNAL).exists():
            _finish(out, _read_journal(out))
    except OSError as error:
        raise _failed(out, error) from error
    shutil.rmtree(folder, ignore_errors=True)


def _finish(out: Path, plan: dict[str, list[str]]) -> None:
    for name in plan["replace"]:
        staged, target = out / STAGING / name, out / name
        if staged.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(target)
    for name in plan["remove"]:
        (out / name).unlink(missing_ok=True)
    for parent in {out, *((out / name).parent for name in plan["replace"])}:
        flush(parent)


def _read_journal(out: Path) -> dict[str, list[str]]:
    try:
        plan = json.loads((out / STAGING / _JOURNAL).read_text(encoding="utf-8"))
        _check(out, plan)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _bad_journal(out, str(error)) from error
    return {key: plan[key] for key in ("replace", "remove")}


def _check(out: Path, plan: dict[str, Any]) -> None:
    """Refuse a journal that reaches out of the output folder: whoever can write to that folder may have written it."""
    for name in [*plan["replace"], *plan["remove"]]:
        parts = PureWindowsPath(name).parts  # divides at both / and \
        if not parts or PureWindowsPath(name).anchor or ".." in parts or "\0" in name or parts[0] in (STAGING, _LOCK):
            raise _bad_journal(out, f"{name!r} does not name a file of a binder")
        _stay_inside(out, out, name)
    for name in plan["replace"]:
        _stay_inside(out, out / STAGING, name)
        if (out / STAGING / name).is_symlink():
            raise _bad_journal(out, f"{name} is a link")


def _stay_inside(out: Path, folder: Path, name: str) -> None:
    parent = (folder / name).parent
    try:
        inside = parent.resolve().is_relative_to(folder.resolve())
    except RuntimeError:  # what Python before 3.13 makes of links that lead in a circle
        inside = False
    if not inside:
        raise OutputError(
            f"cannot put the binder into {out}: {parent} leads elsewhere", fix=f"remove {parent}, then build again"
        )


def _bad_journal(out: Path, why: str) -> OutputError:
    return OutputError(
        f"a killed build of {out} cannot be finished: {why}", fix=f"remove {out / STAGING}, then build again"
    )


def _failed(out: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot put the binder into {out}: {error}", fix="free some disk space, then build again")


def settle(out: Path) -> None:
    """Before a finished binder is read: finish a killed build, unless a build is running here right now."""
    if not (out / STAGING).is_dir():
        return
    try:
        with exclusive(out):
            return  # entering recovers
    except OutputBusyError:
        return
    except OutputError:
        if (out / STAGING / _JOURNAL).exists():
            raise  # half of the files are those of another build


def steady(out: Path, read: Callable[[], _T]) -> _T:
    """Return what ``read`` makes of a finished binder in ``out``, which no build puts in place meanwhile.

    A killed build is finished first. What fails while another build replaces the binder is read again: half of what it
    saw was the old one's. Raises what ``read`` raises of a binder that stood still.
    """
    for _ in range(_MOST_READINGS):
        settle(out)
        before = _standing(out)
        try:
            return read()
        except DossierError:
            if _standing(out) == before and not (out / STAGING / _JOURNAL).exists():
                raise
    return read()


_MOST_READINGS = 5


def _standing(out: Path) -> tuple[object, ...]:
    """Return what tells one finished binder in a folder from the next."""
    found: list[object] = []
    for name in _RECEIPTS:
        try:
            stat = (out / name).stat()
            found.append((stat.st_ino, stat.st_mtime_ns, stat.st_size))
        except OSError:
            found.append(None)
    return tuple(found)


_RECEIPTS = ("receipt.json", "receipt-draft.json")


def flush(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk; raises OSError."""
    if os.name == "nt" and path.is_dir():
        return  # folders cannot be opened for that on Windows
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Replace a text file as a whole, by way of one beside it; raises OutputError, and then nothing has changed."""
    aside = path.with_name(f".{path.name}.new")
    try:
        aside.write_text(text, encoding="utf-8", newline="")
        if path.exists():
            shutil.copymode(path, aside)
        flush(aside)
        aside.replace(path)
    except OSError as error:
        fix = "check the disk and permissions"
        raise OutputError(f"{path} cannot be written: {error.strerror}", fix=fix) from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
