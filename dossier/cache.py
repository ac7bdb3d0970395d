"""A content-addressed store of parts: a source is converted once for the same bytes, options and engine version.

An entry is a PDF and a JSON file of the same name. The JSON is written last, so an entry without it does not exist;
both are written aside and renamed. An entry whose PDF is not what the JSON says is removed and made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs

from dossier.errors import CacheError
from dossier.part import Box, Ink, Link, Note, OutlineEntry, Part, PartPage
from dossier.sources import sha256_of

FORMAT = 1
MAX_BYTES = 8 * 1024**3
_IN_USE = 3600.0  # seconds; an entry used this recently may belong to a build that is running


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
            text = record.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
            return None
        try:
            part = _checked(text, pdf)
        except (ValueError, KeyError, TypeError, OSError):
            record.unlink(missing_ok=True)
            pdf.unlink(missing_ok=True)
            return None
        os.utime(record)
        return part

    def put(self, key: str, part: Part) -> Part:
        """Move a part's PDF into the store and return the part as stored; raises CacheError where that fails."""
        record, pdf = self._paths(key)
        try:
            record.parent.mkdir(parents=True, exist_ok=True)
            part.path.replace(pdf)
            stored = Part(pdf, part.pages, part.outline, part.notes)
            aside = record.with_suffix(f".{os.getpid()}.tmp")
            aside.write_text(_record(stored), encoding="utf-8")
            aside.replace(record)
        except OSError as error:
            raise CacheError(
                f"cannot write the cache {self.folder}: {error}",
                fix="free some disk space, or set DOSSIER_CACHE to another folder",
            ) from error
        return stored

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """Give a temporary folder on the cache's own disk, so that finished files can be renamed into place."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            work = Path(tempfile.mkdtemp(prefix=".work-", dir=self.folder))
        except OSError as error:
            raise CacheError(
                f"cannot write the cache {self.folder}: {error}",
                fix="make the folder writable, or set DOSSIER_CACHE to another one",
            ) from error
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def size(self) -> tuple[int, int]:
        """Return how many parts are stored, and their size in bytes."""
        entries = list(self._entries())
        return len(entries), sum(size for _, _, size in entries)

    def clear(self) -> int:
        """Remove every entry and return how many there were."""
        entries = list(self._entries())
        for record, _, _ in entries:
            self._remove(record)
        return len(entries)

    def trim(self, most: int = MAX_BYTES, keep: Collection[str] = ()) -> None:
        """Remove the entries used least recently until at most ``most`` bytes remain; never one of ``keep``."""
        self._sweep()
        entries = sorted(self._entries(), key=lambda entry: entry[1])
        total = sum(size for _, _, size in entries)
        for record, used, size in entries:
            if total <= most or time.time() - used < _IN_USE:
                return
            if record.stem not in keep:
                self._remove(record)
                total -= size

    def _sweep(self) -> None:
        """Remove what killed builds left behind."""
        for work in self.folder.glob(".work-*"):
            if time.time() - work.stat().st_mtime > 24 * _IN_USE:
                shutil.rmtree(work, ignore_errors=True)

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
