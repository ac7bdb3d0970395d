"""Looks at many sources at once, in worker processes; what was seen of the same bytes before is remembered."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dossier import memory, workers
from dossier.errors import ConversionError, EngineCrash
from dossier.looks import Look
from dossier.memory import Memory
from dossier.sources import SourceFile

VERSION = "1"
"""Raised when something else is seen in the same file."""
_CHUNK = 16  # files that a worker looks at in one go


def recall(cache: Path, root: Path) -> Memory:
    """Return what earlier runs, with the same folder of a cache, saw of the files in ``root``."""
    return memory.recall(cache, "looks", root, " ".join([VERSION, *map(version, ("pypdfium2", "pillow"))]))


def look_all(
    files: Iterable[SourceFile],
    sheet: tuple[float, float],
    least_dpi: int,
    count: int,
    seen: Memory | None = None,
) -> dict[str, Look | ConversionError]:
    """Look at files in ``count`` worker processes; the result is by their keys. One that kills its worker is named.

    What is in ``seen`` is not looked at again, and what is seen is added to it.
    """
    waiting = {file.key: file for file in files}
    if seen is None:
        return _look_all(list(waiting.values()), sheet, least_dpi, count)
    names = {key: _name(file, sheet, least_dpi) for key, file in waiting.items()}
    known = {key: told for key, name in names.items() if (told := _unpack(seen.get(name))) is not None}
    found = _look_all([file for key, file in waiting.items() if key not in known], sheet, least_dpi, count)
    for key, look in found.items():
        if isinstance(look, Look):  # why one cannot be bound may be different tomorrow
            seen.put(names[key], _pack(look))
    return {**known, **found}


def _name(file: SourceFile, sheet: tuple[float, float], least_dpi: int) -> str:
    """Return what tells apart whatever may look different: by a digest, for a password is among it."""
    asked = [file.sha256, file.kind.name, repr(file.options), file.options.password, sheet, least_dpi]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _pack(look: Look) -> list[Any]:
    made = look.made.isoformat() if look.made else ""
    picture = b64encode(look.picture).decode()
    return [look.pages, made, look.made_by, look.low, look.blank, look.textless, look.tracked, picture]


def _unpack(fact: Any) -> Look | None:
    if not isinstance(fact, list):
        return None
    pages, made, made_by, low, blank, textless, tracked, picture = fact
    day = date.fromisoformat(made) if made else None
    dots = tuple((page, dpi) for page, dpi in low)
    return Look(pages, day, made_by, dots, tuple(blank), tuple(textless), tracked, b64decode(picture))


def _look_all(
    waiting: Sequence[SourceFile], sheet: tuple[float, float], least_dpi: int, count: int
) -> dict[str, Look | ConversionError]:
    found: dict[str, Look | ConversionError] = {}
    if not waiting:
        return found
    from dossier import probe  # noqa: F401, PLC0415 - before processes are forked, each of which would load it anew

    lost: list[SourceFile] = []
    chunks = [waiting[start : start + _CHUNK] for start in range(0, len(waiting), _CHUNK)]
    with workers.processes(min(count, len(chunks))) as pool:
        jobs = [(chunk, pool.submit(_look_at, chunk, sheet, least_dpi)) for chunk in chunks]
        for chunk, job in jobs:
            try:
                found |= {file.key: seen for file, seen in zip(chunk, job.result(), strict=True)}
            except BrokenProcessPool:
                lost += chunk
    for file in lost:
        with workers.processes(1) as pool:
            try:
                [found[file.key]] = pool.submit(_look_at, [file], sheet, least_dpi).result()
            except BrokenProcessPool:
                fix = "the file is damaged: print it to PDF again and name that file"
                found[file.key] = EngineCrash("the process that looked at it died", fix=fix, code="crashed-source")
    return found


def _look_at(files: Sequence[SourceFile], sheet: tuple[float, float], least_dpi: int) -> list[Look | ConversionError]:
    from dossier import probe  # noqa: PLC0415 - all that it takes is slow to load, and mostly all has been seen before

    return [probe.look(file, sheet, least_dpi) for file in files]
