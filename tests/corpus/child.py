"""Builds a binder as the command does, and notes what each source took; run as a program of its own.

python child.py [--without-office] LOG COMMAND…
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dossier import cli, unpacking
from dossier.convert import Batch, Outcome, libreoffice, pool

_pool: Any = pool
_unpacking: Any = unpacking
_convert, _unpack = _pool.convert, _unpacking._bounded
_log = Path(os.devnull)


def _noting(names: list[str], work: Callable[[], Any]) -> Any:
    start = time.monotonic()
    try:
        return work()
    finally:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        row = {"names": names, "seconds": time.monotonic() - start, "memory": peak}
        with _log.open("a", encoding="utf-8") as log:  # short enough for one write: lines of workers do not mix
            log.write(json.dumps(row) + "\n")


def noted_convert(batch: Batch) -> list[Outcome]:
    """Convert a batch, and note what it took."""
    outcomes: list[Outcome] = _noting([task.name for task in batch.tasks][:10], lambda: _convert(batch))
    return outcomes


def noted_unpack(source: Any, *rest: Any) -> Any:
    """Unpack a container, and note what it took."""
    return _noting([source.name], lambda: _unpack(source, *rest))


def main(arguments: list[str]) -> int:
    """Run the command with its workers watched."""
    global _log  # noqa: PLW0603 - workers are forked, and learn it so
    if arguments[0] == "--without-office":
        arguments.pop(0)
        libreoffice.find = lambda: None
    _log = Path(arguments[0])
    _pool.convert, _unpacking._bounded = noted_convert, noted_unpack
    return cli.main(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
