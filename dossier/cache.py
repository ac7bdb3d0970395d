"""A content-addressed store of parts: a source is converted once for the same bytes, options and engine version.

An entry is a PDF and a JSON file of the same name. The JSON is written last, so an entry without it does not exist;
both are written aside and renamed. An entry whose PDF is not what the JSON says counts as none and is made anew. An
entry that can be trusted is never replaced: a build may be reading it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock

from dossier import interrupts, memory
from dossier.errors import CacheError
from dossier.part import Box, Ink, Link, Note, OutlineEntry, Part, PartPage
from dossier.sources import sha256_of

FORMAT = 2
MAX_BYTES = 8 * 1024**3
_IN_USE = 3600.0  # seconds; an entry used this recently may belong to a build that is running
_PATIENCE = 60.0  # seconds; another process holds the lock only while it renames two files


def default_folder() -> Path:
    """Return the folder named by ``DOSSIER_CACHE``, else this system's place for caches."""
    return Path(os.environ.get("DOSSIER_CACHE") or platformdirs.user_cache_path("dossier"))


@dataclass(frozen=True, slots=True)
class Cache:
    """The store in ``folder``; safe for several processes at once."""

    folder: Path

    def get(self, key: str) -> Part | None:
        """Return the part stored under ``key``, or None where there is none that can be trusted."""
        record, pdf = self._paths(key)
        try:
            part = _checked(record.read_text(encoding="utf-8"), pdf)
        except (ValueError, KeyError, TypeError, OSError):
            return None
        with suppress(OSError):  # a cache that can only be read is as good
            os.utime(record)
        return part

    def put(self, key: str, part: Part) -> Part:
        """Move a part's PDF into the store and return the part as stored; raises CacheError where that fails.

        Where another process has stored the same part meanwhile, its part is returned, for it may be in use already.
        """
        record, pdf = self._paths(key)
        try:
            text = _record(part)
            record.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock", timeout=_PATIENCE, poll_interval=0.01):
                stored = self.get(key)
                if stored is not None:
                    part.path.unlink()
                    return stored
                with interrupts.held():  # half an entry would lie about until the next build ends
                    part.path.replace(pdf)
                    aside = record.with_suffix(".tmp")
                    aside.write_text(text, encoding="utf-8")
                    aside.replace(record)
        except OSError as error:
            raise CacheError(
                f"cannot write the cache {self.folder}: {error}",
                fix="free some disk space, or set DOSSIER_CACHE to another folder",
            ) from error
        return replace(part, path=pdf)

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """Give a temporary folder on the cache's own disk, so that finished files can be renamed into place.

        It is locked for as long as its owner lives: one that can be locked by another was left by a killed process.
        """
        work = self.folder / f".work-{secrets.token_hex(8)}"
        lock = _lock_of(work)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)  # before the folder is there: without a lock it is nobody's
            work.mkdir(mode=0o700)
        except (OSError, NotImplementedError) as error:
            _unlock(work, lock)
            raise CacheError(
                f"cannot write the cache {self.folder}: {error}",
                fix="make the folder writable, or set DOSSIER_CACHE to another one",
            ) from error
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
            _unlock(work, lock)

    def size(self) -> tuple[int, int]:
        """Return how many parts are stored, and their size in bytes."""
        entries = list(self._entries())
        return len(entries), sum(size for _, _, size in entries)

    def clear(self) -> int:
        """Remove every entry, and all that is remembered of sources, and return how many entries there were.

        Raises CacheError where that fails.
        """
        self.sweep()
        self._sweep_halves()
        entries = list(self._entries())
        try:
            for record, _, _ in entries:
                self._remove(record)
            memory.forget(self.folder)
        except OSError as error:
            raise CacheError(
                f"cannot clear the cache {self.folder}: {error}", fix="make the folder writable, or remove it by hand"
            ) from error
        return len(entries)

    def trim(self, most: int = MAX_BYTES, keep: Collection[str] = ()) -> None:
        """Remove the entries used least recently until at most ``most`` bytes remain; never one of ``keep``."""
        self.sweep()
        self._sweep_halves()
        entries = sorted(self._entries(), key=lambda entry: entry[1])
        total = sum(size for _, _, size in entries)
        for record, used, size in entries:
            if total <= most or time.time() - used < _IN_USE:
                return
            if record.stem not in keep:
                with suppress(OSError):  # a build does not fail for it
                    self._remove(record)
                total -= size

    def sweep(self) -> None:
        """Remove the workspaces that killed builds left behind."""
        for work in {path.with_suffix("") for path in self.folder.glob(".work-*")}:
            lock = _lock_of(work)
            with suppress(OSError, NotImplementedError):  # its owner lives, or this may not be written
                lock.acquire(timeout=0)
                shutil.rmtree(work, ignore_errors=True)
                _unlock(work, lock)

    def _sweep_halves(self) -> None:
        """Remove the halves of entries that killed builds left behind."""
        halves = (path for path in self.folder.glob("parts/??/*") if not path.with_suffix(".json").exists())
        for stray in halves:
            with suppress(OSError):  # another process removed it meanwhile
                if time.time() - stray.stat().st_mtime > 24 * _IN_USE:
                    stray.unlink()

    def _paths(self, key: str) -> tuple[Path, Path]:
        folder = self.folder / "parts" / key[:2]
        return folder / f"{key}.json", folder / f"{key}.pdf"

    def _entries(self) -> Iterator[tuple[Path, float, int]]:
        for record in self.folder.glob("parts/??/*.json"):
            try:
                stat = record.stat()
                pdf = record.with_suffix(".pdf")
                size = stat.st_size + (pdf.stat().st_size if pdf.exists() else 0)
            except FileNotFoundError:
                continue  # another process removed it meanwhile
            yield record, stat.st_mtime, size

    def _remove(self, record: Path) -> None:
        record.unlink(missing_ok=True)
        record.with_suffix(".pdf").unlink(missing_ok=True)


def _lock_of(work: Path) -> FileLock:
    return FileLock(work.with_suffix(".lock"))


def _unlock(work: Path, lock: FileLock) -> None:
    # Removed while it is held: whoever opened it meanwhile finds it unlinked and starts over.
    if lock.is_locked:
        with suppress(OSError):  # Windows keeps files that are open
            work.with_suffix(".lock").unlink(missing_ok=True)
        lock.release()


def _record(part: Part) -> str:
    body = json.dumps(
        {
            "pages": [
                [page.width, page.height, page.ink.pack(), page.digest, [asdict(link) for link in page.links]]
                for page in part.pages
            ],
            "outline": [asdict(entry) for entry in part.outline],
            "notes": [asdict(note) for note in part.notes],
        },
        ensure_ascii=False,
    )
    stat = part.path.stat()
    head = {
        "format": FORMAT,
        "body": hashlib.sha256(body.encode()).hexdigest(),
        "pdf": sha256_of(part.path),
        "size": stat.st_size,
        "mtime": stat.st_mtime_ns,
    }
    return json.dumps(head) + "\n" + body


def _checked(text: str, pdf: Path) -> Part:
    head_text, _, body = text.partition("\n")
    head: dict[str, Any] = json.loads(head_text)
    if head["format"] != FORMAT or hashlib.sha256(body.encode()).hexdigest() != head["body"]:
        raise ValueError("not an entry of this version, or damaged")
    stat = pdf.stat()
    untouched = (stat.st_size, stat.st_mtime_ns) == (head["size"], head["mtime"])
    if not untouched and sha256_of(pdf) != head["pdf"]:
        raise ValueError("the PDF was altered")
    data = json.loads(body)
    return Part(
        pdf,
        tuple(
            PartPage(width, height, Ink.unpack(ink), digest, tuple(_link(link) for link in links))
            for width, height, ink, digest, links in data["pages"]
        ),
        tuple(OutlineEntry(**entry) for entry in data["outline"]),
        tuple(Note(**note) for note in data["notes"]),
    )


def _link(row: dict[str, Any]) -> Link:
    return Link(**{**row, "box": Box(**row["box"])})
