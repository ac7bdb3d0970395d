"""Binds sources in a room of their own, and looks afterwards whether anything was left in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pypdf
import pytest
import yaml
from drawn import good_pdf

import dossier
from dossier.errors import Problem
from dossier.receipt import Evidence, Page

GOOD = "good.pdf"
ROOT = Path(dossier.__file__).parents[1]
Entry = str | Mapping[str, Any]


def write_manifest(folder: Path, entries: Sequence[Entry], *, good: bool = True, **keys: Any) -> Path:
    """Write a manifest whose only item has evidence for each entry, a file's name or more, and a good file at last."""
    evidence: list[Mapping[str, Any]] = [
        {"file": entry, "title": f"evidence {number}"} if isinstance(entry, str) else entry
        for number, entry in enumerate(entries, start=1)
    ]
    (folder / "sources").mkdir(exist_ok=True)
    if good:
        good_pdf(folder / "sources" / GOOD, pages=2)
        evidence.append({"file": GOOD, "title": "good"})
    item = {"id": "1", "title": "Item", "unit": "Unit", "evidence": evidence}
    manifest = {"title": "Dossier", "date": "2023-12-15", "sources": "sources", "front": [], "items": [item], **keys}
    path = folder / "dossier.yaml"
    path.write_text(yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def memory_beside_this(size: int) -> int:
    """Return a limit of memory: ``size`` bytes beside what this process, from which workers are forked, has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    return pages * os.sysconf("SC_PAGE_SIZE") + size


@contextmanager
def clean_room(folder: Path) -> Iterator[None]:
    """Keep temporary files and the cache of what is done inside in ``folder``; prove that nothing of it is left."""
    room, cache = folder / "tmp", folder / "cache"
    room.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(room))
        patch.setenv("TMPDIR", str(room))
        patch.setenv("DOSSIER_CACHE", str(cache))
        yield
    assert [path.name for path in room.iterdir()] == []
    assert [path.name for path in cache.glob(".work-*")] == []
    assert living(folder) == []


def living(folder: Path) -> list[str]:
    """Return the command lines of processes that have to do with a folder, where the system tells."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return [line for line in lines if str(folder) in line and "pytest" not in line]


def bind(folder: Path, *entries: Entry, good: bool = True, engine: Any = "embedded", **options: Any) -> dossier.Binder:
    """Build the dossier of some sources, which lie in ``folder/sources``, and prove that nothing but it is left."""
    manifest = write_manifest(folder, entries, good=good)
    with clean_room(folder):
        binder = dossier.build(manifest, folder / "out", engine=engine, **options)
    if good:
        assert is_bound(binder, f"1-{len(entries) + 1:02}", ["good p1", "good p2"])
    return binder


def is_bound(binder: dossier.Binder, id: str, texts: Sequence[str]) -> bool:
    """Say whether a piece of evidence is bound on the pages that the receipt names, which show these texts."""
    found = [text for _, text in pages_of(binder, lambda page: page.evidence == id and page.kind == "evidence")]
    return len(found) == len(texts) and all(text in shown for text, shown in zip(texts, found, strict=True))


def pages_of(binder: dossier.Binder, wanted: Callable[[Page], bool]) -> list[tuple[Page, str]]:
    """Return pages of the receipt with the text on each."""
    readers = [pypdf.PdfReader(path) for path in binder.paths]
    return [
        (page, readers[page.volume - 1].pages[page.page - 1].extract_text())
        for page in binder.receipt.pages
        if wanted(page)
    ]


def evidence_of(binder: dossier.Binder, id: str = "1-01") -> Evidence:
    [found] = [proof for item in binder.receipt.items for proof in item.evidence if proof.id == id]
    return found


def problems_of(binder: dossier.Binder, id: str = "1-01", severity: str = "error") -> list[Problem]:
    return [problem for problem in binder.problems if problem.evidence == id and problem.severity == severity]


def state_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def without_rights() -> list[str]:
    """Return what to put before a command so that even the superuser is bound by permissions."""
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


def command(folder: Path, *arguments: str, rights: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own in ``folder``, and prove that it leaves nothing but its output."""
    with clean_room(folder):
        found = subprocess.run(
            [*([] if rights else without_rights()), sys.executable, "-m", "dossier", *arguments],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
    assert "Traceback" not in found.stderr
    return found


def answer(ran: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    """Return the problems that a build told of with ``--json``."""
    [binder] = json.loads(ran.stdout)["binders"]
    problems: list[dict[str, str]] = binder["problems"]
    return problems
