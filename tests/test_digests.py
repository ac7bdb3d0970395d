"""A digest is always that of the bytes that are there, though a file that nobody changed is read only once."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dossier import digests, sources

LONG_AGO = 1_600_000_000


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read."""
    names: list[str] = []
    before = sources.sha256_of

    def noted(path: Path) -> str:
        names.append(path.name)
        return before(path)

    monkeypatch.setattr(sources, "sha256_of", noted)
    return names


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that moves the clock on, in seconds: when a file's state changed, nobody can set."""
    now = time.time_ns()
    moved = [0.0]
    monkeypatch.setattr(time, "time_ns", lambda: now + int(moved[0] * 1e9))

    def move(seconds: float) -> None:
        moved[0] += seconds

    return move


def digest(path: Path) -> str:
    """Ask for a digest in a run of its own."""
    known = digests.recall(path.parent / "cache", path.parent)
    found = known(path)
    known.save()
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_is_read_once_as_long_as_nobody_changes_it(
    tmp_path: Path, read: list[str], later: Callable[[float], None]
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"bytes")
    later(10)
    assert digest(path) == digest(path) == sha256(path)
    assert read == ["a"]


@pytest.mark.parametrize("change", ["bytes", "length", "replaced", "touched"])
def test_a_file_that_may_have_changed_is_read_again(
    tmp_path: Path, read: list[str], later: Callable[[float], None], change: str
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"bytes")
    os.utime(path, (LONG_AGO, LONG_AGO))
    later(10)
    digest(path)
    if change == "replaced":
        (tmp_path / "b").write_bytes(b"other")
        (tmp_path / "b").rename(path)
    elif change != "touched":
        path.write_bytes(b"other" if change == "bytes" else b"longer")
    # Programs that copy and unpack set back the time of change; that of a file's state they cannot.
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert digest(path) == sha256(path)
    assert read == ["a", "a"]


@pytest.mark.parametrize(("age", "times"), [(0.5, 2), (1.9, 2), (2.1, 1)])
def test_what_was_changed_just_now_is_not_trusted(
    tmp_path: Path, read: list[str], later: Callable[[float], None], age: float, times: int
) -> None:
    """It may be changed once more within the same tick of the disk's clock."""
    path = tmp_path / "a"
    path.write_bytes(b"bytes")
    later(age - (time.time_ns() - path.stat().st_ctime_ns) / 1e9)
    digest(path)
    digest(path)
    assert len(read) == times


def test_a_file_of_the_future_is_not_trusted(tmp_path: Path, read: list[str], later: Callable[[float], None]) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"bytes")
    later(10)
    os.utime(path, (4_000_000_000, 4_000_000_000))
    assert digest(path) == digest(path)
    assert len(read) == 2


def test_a_file_that_changes_while_it_is_read_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: Callable[[float], None]
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"bytes")
    later(10)
    before = sources.sha256_of

    def read_and_changed(read: Path) -> str:
        found = before(read)
        read.write_bytes(b"other")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(sources, "sha256_of", read_and_changed)
        digest(path)
    assert digest(path) == sha256(path)


def test_a_file_that_is_gone_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        digest(tmp_path / "gone")
