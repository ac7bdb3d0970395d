"""Time, memory and output of a worker are bounded while it parses, and no longer than that."""

from __future__ import annotations

import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from dossier import limits, workers

posix = pytest.mark.skipif(sys.platform == "win32", reason="the limits are those of POSIX")
MB = 1 << 20


def _sleep() -> None:
    with limits.bounded(seconds=0.2):
        time.sleep(60)


def _hold(size: int) -> str:
    try:
        with limits.bounded(memory=2048 * MB):
            bytearray(size)
    except MemoryError:
        return "refused"
    return "held"


def _write(path: Path, size: int) -> str:
    try:
        with limits.bounded(output=MB), path.open("wb") as file:
            file.write(bytes(size))
    except OSError:
        return "refused"
    return "written"


def _work_after(seconds: float) -> int:
    with limits.bounded(seconds=seconds):
        pass
    time.sleep(2 * seconds)
    return len(bytearray(2049 * MB)) // MB


@posix
def test_a_worker_over_its_time_is_ended() -> None:
    with workers.processes(1) as pool, pytest.raises(BrokenProcessPool):
        pool.submit(_sleep).result()


@posix
@pytest.mark.parametrize(("size", "outcome"), [(64 * MB, "held"), (2049 * MB, "refused")])
def test_memory_over_the_limit_is_refused(size: int, outcome: str) -> None:
    with workers.processes(1) as pool:
        assert pool.submit(_hold, size).result() == outcome


@posix
@pytest.mark.parametrize(("size", "outcome"), [(MB, "written"), (MB + 1, "refused")])
def test_a_file_over_the_limit_is_refused(tmp_path: Path, size: int, outcome: str) -> None:
    with workers.processes(1) as pool:
        assert pool.submit(_write, tmp_path / "out", size).result() == outcome


@posix
def test_limits_end_with_the_work_they_were_for() -> None:
    with workers.processes(1) as pool:
        assert pool.submit(_work_after, 0.1).result() == 2049


def test_the_main_process_is_not_bounded() -> None:
    with limits.bounded(seconds=0.01, memory=1, output=1):
        time.sleep(0.05)
        assert len(bytearray(MB)) == MB
