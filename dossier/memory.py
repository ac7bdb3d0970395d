"""What one run tells the next: facts by key in a small file of the cache's folder, which may be lost without harm.

A file that cannot be read, was damaged or is of another version counts as empty; one that cannot be written is left as
it is. Where two runs write at once, one of them is forgotten.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

FOLDER = "memory"
"""The folder, inside that of the cache, that all of it lies in."""
MOST_FACTS = 20_000
"""Facts that one file holds: those of the last run, then those of runs before it."""
MOST_FILES = 100
_MOST_BYTES = 100_000_000
_SUFFIX = ".json"


@dataclass(slots=True)
class Memory:
    """The facts in one file; what was asked for or added since it was read is kept first when it is written."""

    path: Path
    version: str
    _known: dict[str, Any] = field(default_factory=dict)
    _used: dict[str, Any] = field(default_factory=dict)
    _changed: bool = False

    def get(self, key: str) -> Any:
        """Return what is known under a key, as JSON has it, or None."""
        if key not in self._used and key in self._known:
            self._used[key] = self._known[key]
        return self._used.get(key)

    def put(self, key: str, fact: Any) -> None:
        """Remember something that JSON can hold."""
        self._used[key] = fact
        self._changed = True

    def save(self) -> None:
        """Write the file where there is anything new; nothing is raised where that fails."""
        if not self._changed:
            return
        older = {key: fact for key, fact in self._known.items() if key not in self._used}
        body = json.dumps(dict(islice({**self._used, **older}.items(), MOST_FACTS)))
        aside = self.path.with_name(f".{secrets.token_hex(8)}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(f"{self._head(body)}\n{body}", encoding="utf-8")
            aside.replace(self.path)
            self._changed = False
            _sweep(self.path.parent)
        except (OSError, ValueError):
            with suppress(OSError):
                aside.unlink(missing_ok=True)

    def _head(self, body: str) -> str:
        return f"{self.version} {hashlib.sha256(body.encode()).hexdigest()}"

    def _read(self) -> None:
        try:
            if self.path.stat().st_size > _MOST_BYTES:
                return
            head, _, body = self.path.read_text(encoding="utf-8").partition("\n")
            if head == self._head(body):
                self._known = json.loads(body)
        except (OSError, ValueError):
            return


def recall(cache: Path, what: str, about: Path, version: str) -> Memory:
    """Return ``what`` earlier runs of this version left about a folder in the folder of a cache."""
    name = hashlib.sha256(os.fsencode(about.absolute())).hexdigest()[:24]
    found = Memory(cache / FOLDER / f"{name}.{what}{_SUFFIX}", version)
    found._read()
    return found


def forget(cache: Path) -> None:
    """Remove all that is remembered in the folder of a cache; raises OSError where that fails."""
    for path in (cache / FOLDER).glob("*"):
        path.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove the files written least recently, and what a killed run left, until few enough remain."""
    paths = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in paths[MOST_FILES:]:
        path.unlink(missing_ok=True)
