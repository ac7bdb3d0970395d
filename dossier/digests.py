"""The SHA-256 of files, read anew only where a file may have changed since it was read last.

A file whose size, times of change, and place on the disk are what they were is taken for the same. A file that changes
twice within the precision of a disk's clock looks the same both times: so nothing is remembered of one that was changed
within the last two seconds, the coarsest precision there is (FAT).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from dossier import memory, sources
from dossier.inputs import SETTLED, stamp_of
from dossier.memory import Memory

_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Digests:
    """Digests of the files of one sources folder; what is learned is kept by :meth:`save`."""

    _memory: Memory

    def __call__(self, path: Path) -> str:
        """Return the SHA-256 of a file's bytes; raises OSError."""
        stamp = list(stamp_of(path.stat()))
        known = self._memory.get(str(path))
        if isinstance(known, list) and len(known) == 2 and known[0] == stamp:
            return str(known[1])
        began = time.time_ns()  # what is changed from now on, while it is read too, has another stamp
        digest = sources.sha256_of(path)
        if max(stamp[1:3]) < began - SETTLED:
            self._memory.put(str(path), [stamp, digest])
        return digest

    def save(self) -> None:
        """Tell later runs; nothing is raised where that fails."""
        self._memory.save()


def recall(cache: Path, root: Path) -> Digests:
    """Return the digests that earlier runs, with the same folder of a cache, left of files in ``root``."""
    return Digests(memory.recall(cache, "digests", root, _VERSION))
