"""Time, memory and output of a worker are bounded while it parses, and no longer than that."""

from __future__ import annotations

import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from dossier import limits, workers
from dossier.errors import ConversionError

posix = pytest.mark.skipif(sys.platform == "win32", reason="the limits are those of POSIX")
MB = 1 << 20


def _sleep(seconds: float | None) -> None:
    with limits.bounded(seconds):
        time.sleep(60)


def _hold(size: int) -> str:
    try:
        with limits.bounded(memory=2048 * MB):
            bytearray(size)
    except MemoryError:
        return "refused"
    return "held"


def _write(path: Path, size: int, most: int = MB) -> str:
    """Write a file in a process whose own limit is ``most``, where the limit of the work is 1 MiB."""
    import resource  # noqa: PLC0415 - POSIX only

    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    try:
        with limits.bounded(output=MB), path.open("wb") as file:
            file.write(bytes(size))
    except ConversionError as error:
        return error.code
    except OSError:
        return "the disk's fault"
    return "written"


def _work_after(seconds: float) -> int:
    with limits.bounded(seconds=seconds):
        pass
    time.sleep(2 * seconds)
    return len(bytearray(2049 * MB)) // MB


@posix
def test_a_worker_over_its_time_is_ended() -> None:
    with workers.processes(1) as pool, pytest.raises(BrokenProcessPool):
        pool.submit(_sleep, 0.2).result()


@posix
@pytest.mark.parametrize(("size", "outcome"), [(64 * MB, "held"), (2049 * MB, "refused")])
def test_memory_over_the_limit_is_refused(size: int, outcome: str) -> None:
    with workers.processes(1) as pool:
        assert pool.submit(_hold, size).result() == outcome


@posix
@pytest.mark.parametrize(("size", "outcome"), [(MB, "written"), (MB + 1, "oversized-source")])
def test_a_file_over_the_limit_is_refused(tmp_path: Path, size: int, outcome: str) -> None:
    with workers.processes(1) as pool:
        assert pool.submit(_write, tmp_path / "out", size, 2 * MB).result() == outcome


@posix
def test_a_limit_of_the_system_s_own_is_no_fault_of_the_source(tmp_path: Path) -> None:
    with workers.processes(1) as pool:
        assert pool.submit(_write, tmp_path / "out", MB, MB // 2).result() == "the disk's fault"


@posix
def test_limits_are_those_that_hold_when_the_work_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.2)
    with workers.processes(1) as pool, pytest.raises(BrokenProcessPool):
        pool.submit(_sleep, None).result()


@posix
def test_limits_end_with_the_work_they_were_for() -> None:
    with workers.processes(1) as pool:
        assert pool.submit(_work_after, 0.1).result() == 2049


def test_the_main_process_is_not_bounded() -> None:
    with limits.bounded(seconds=0.01, memory=1, output=1):
        time.sleep(0.05)
        assert len(bytearray(MB)) == MB
