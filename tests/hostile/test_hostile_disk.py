"""A disk that is full while the book is built leaves the old book as it was, and nothing else; the answer is 3."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from drawn import good_pdf, picture, word
from PIL import Image
from room import ROOT, bind, living, problems_of, state_of, write_manifest

import dossier
from dossier import convert, limits
from dossier.sources import Kind

linux = pytest.mark.skipif(sys.platform != "linux", reason="mounts, and limits of files, as Linux has them")
PLACES = ["cache", "tmp", "out"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte; only the superuser can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if not made or made.returncode != 0:
        pytest.skip("a small disk can be mounted by the superuser only")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def old_book(tmp_path: Path) -> Path:
    """A room with a complete book in ``out``, and a manifest that asks for more than a megabyte."""
    write_manifest(tmp_path, [])
    dossier.build(tmp_path / "dossier.yaml", tmp_path / "out", engine="embedded", use_cache=False)
    size = (1000, 700)
    Image.frombytes("RGB", size, random.Random(1).randbytes(3 * size[0] * size[1])).save(tmp_path / "sources" / "a.png")
    write_manifest(tmp_path, ["a.png"])
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
@pytest.mark.parametrize("place", PLACES)
def test_a_full_disk_answers_3_and_leaves_the_old_book(old_book: Path, small_disk: Path, place: str) -> None:
    if place == "out":
        shutil.copytree(old_book / "out", small_disk, dirs_exist_ok=True)
    before = state_of(small_disk if place == "out" else old_book / "out")

    ran = build(old_book, **{place: small_disk})

    assert_full(ran)
    assert state_of(small_disk if place == "out" else old_book / "out") == before
    assert dossier.verify(small_disk if place == "out" else old_book / "out").pages > 0
    assert [path.name for path in (old_book / "tmp").iterdir()] == []
    assert place == "out" or [path.name for path in small_disk.iterdir() if path.name not in (".lock", "parts")] == []
    assert living(old_book) == []


@linux
def test_a_build_goes_on_when_there_is_room_again(old_book: Path, small_disk: Path) -> None:
    assert_full(build(old_book, cache=small_disk))
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)

    ran = build(old_book, cache=small_disk)

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
    while True:
        pass


@linux
@pytest.mark.parametrize(
    ("converter", "limit", "value", "code"),
    [(_hold, "MEMORY", 1 << 30, "oversized-source"), (_stay, "SECONDS", 1.0, "hung-source")],
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
    monkeypatch.setattr(limits, limit, value)

    binder = bind(tmp_path, "a.png", "b.docx", "c.pdf")

    assert [proof.status for proof in binder.receipt.items[0].evidence] == ["refused", "bound", "bound", "bound"]
    [problem] = problems_of(binder)
    assert problem.code == code
    assert "a.png" in problem.message
