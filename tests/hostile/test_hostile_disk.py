"""A disk that is full while the book is built leaves the old book as it was, and nothing else; the answer is 3."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from drawn import good_pdf, picture, word, zipped
from PIL import Image
from room import ROOT, bind, living, memory_beside_this, problems_of, state_of, write_manifest

import dossier
from dossier import convert, limits
from dossier.sources import Kind

linux = pytest.mark.skipif(sys.platform != "linux", reason="mounts, and limits of files, as Linux has them")
PLACES = ("cache", "tmp", "out")
"""Where a build writes."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Makes a disk of a megabyte; only the superuser can."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def make() -> Path:
        command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("a small disk can be mounted by the superuser only")
        return disk

    yield make
    if disk.is_mount():
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def old_book(tmp_path: Path) -> Path:
    """A room with a complete book in ``out``, and a manifest that asks for more than a megabyte."""
    write_manifest(tmp_path, [])
    dossier.build(tmp_path / "dossier.yaml", tmp_path / "out", engine="embedded", use_cache=False)
    size, pixels = (1000, 700), random.Random(1).randbytes(3 * 1000 * 700)
    Image.frombytes("RGB", size, pixels).save(noisy := io.BytesIO(), "PNG")
    zipped(tmp_path / "sources" / "a.zip", {"a.png": noisy.getvalue()})
    write_manifest(tmp_path, ["a.zip"])
    return tmp_path


def build(folder: Path, **places: Path) -> subprocess.CompletedProcess[str]:
    for name in PLACES:
        (folder / name).mkdir(exist_ok=True)
    at = {name: places.get(name, folder / name) for name in PLACES}
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(at["tmp"]), "DOSSIER_CACHE": str(at["cache"]),
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "dossier", "build", "-o", str(at["out"]), "--engine", "embedded"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def assert_full(ran: subprocess.CompletedProcess[str]) -> None:
    assert ran.returncode == 3, ran.stderr
    assert "No space left on device" in ran.stderr
    assert "→" in ran.stderr
    assert "Traceback" not in ran.stderr


@linux
@pytest.mark.parametrize("place", ["out", "cache"])
def test_a_full_disk_answers_3_and_leaves_the_old_book(
    old_book: Path, small_disk: Callable[[], Path], place: str
) -> None:
    disk = small_disk()
    out = disk if place == "out" else old_book / "out"
    if place == "out":
        shutil.copytree(old_book / "out", disk, dirs_exist_ok=True)
    before = state_of(out)

    ran = build(old_book, **{place: disk})

    assert_full(ran)
    assert state_of(out) == before
    assert dossier.verify(out).pages > 0
    assert [path.name for path in (old_book / "tmp").iterdir()] == []
    assert [path.name for path in (disk if place == "cache" else old_book / "cache").glob(".work-*")] == []


@linux
def test_a_build_needs_no_room_where_the_system_keeps_temporary_files(
    old_book: Path, small_disk: Callable[[], Path]
) -> None:
    """What it unpacks and fills lies beside the book, where the next build finds it after a kill."""
    disk = small_disk()

    ran = build(old_book, tmp=disk)

    assert ran.returncode == 0, ran.stderr
    assert list(disk.iterdir()) == []
    assert living(old_book) == []


@linux
def test_a_build_goes_on_when_there_is_room_again(old_book: Path, small_disk: Callable[[], Path]) -> None:
    disk = small_disk()
    assert_full(build(old_book, cache=disk))
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)

    ran = build(old_book, cache=disk)

    assert ran.returncode == 0, ran.stderr
    assert dossier.verify(old_book / "out").pages > 0


# --- a source that fills it ----------------------------------------------------------------------------------------


def _flood(task: convert.Task, out: Path, settings: convert.Settings) -> tuple[()]:
    with out.open("wb") as file:
        while True:
            file.write(bytes(1 << 20))


@linux
def test_a_source_that_becomes_larger_than_any_is_refused_and_not_the_disks_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sources").mkdir()
    picture(tmp_path / "sources" / "a.png")
    monkeypatch.setitem(convert._CONVERTERS, Kind.PNG, _flood)
    monkeypatch.setattr(limits, "OUTPUT", 64 << 20)

    binder = bind(tmp_path, "a.png")

    [problem] = problems_of(binder)
    assert problem.code == "oversized-source"
    assert "a.png" in problem.message
    assert problem.fix


def _hold(task: convert.Task, out: Path, settings: convert.Settings) -> tuple[()]:
    bytearray(2 << 30)
    raise AssertionError("there was no limit")


def _stay(task: convert.Task, out: Path, settings: convert.Settings) -> tuple[()]:
    time.sleep(600)
    return ()


@linux
@pytest.mark.parametrize(
    ("converter", "limit", "value", "code"),
    [(_hold, "MEMORY", 768 << 20, "oversized-source"), (_stay, "SECONDS", 5.0, "hung-source")],
    ids=["memory", "time"],
)
def test_a_source_that_takes_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, converter: object, limit: str, value: float, code: str
) -> None:
    (tmp_path / "sources").mkdir()
    picture(tmp_path / "sources" / "a.png")
    word(tmp_path / "sources" / "b.docx")
    good_pdf(tmp_path / "sources" / "c.pdf", "c")
    monkeypatch.setitem(convert._CONVERTERS, Kind.PNG, converter)
    monkeypatch.setattr(limits, limit, memory_beside_this(int(value)) if limit == "MEMORY" else value)

    binder = bind(tmp_path, "a.png", "b.docx", "c.pdf")

    assert [proof.status for proof in binder.receipt.items[0].evidence] == ["refused", "bound", "bound", "bound"]
    [problem] = problems_of(binder)
    assert problem.code == code
    assert "a.png" in problem.message
