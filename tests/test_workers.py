"""Worker processes do their work, and never outlive the process that started them."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from dossier import workers

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
PARENT = """
import os, sys, time
from dossier import workers
with workers.processes(2) as pool:
    pids = {pool.submit(os.getpid).result() for _ in range(20)}
    pool.submit(time.sleep, 600)
    pool.submit(time.sleep, 600)
    print(*(child.pid for child in __import__("multiprocessing").active_children()), flush=True)
    time.sleep(600)
"""


def test_there_is_a_core_at_least() -> None:
    assert 1 <= workers.cores() <= (os.cpu_count() or 1)


def test_work_is_done_elsewhere() -> None:
    with workers.processes(1) as pool:
        assert pool.submit(os.getpid).result() != os.getpid()


def test_an_error_on_the_way_out_leaves_no_worker_at_work() -> None:
    pids: list[int] = []

    def interrupted() -> None:
        with workers.processes(2) as pool:
            pids.extend(pool.submit(os.getpid).result() for _ in range(4))
            pool.submit(time.sleep, 600)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert _within(15, lambda: not any(map(_is_alive, pids)))


FORKED = """
import os, signal
from dossier import workers
os.register_at_fork(before=lambda: signal.raise_signal(signal.SIGINT))
try:
    with workers.processes(1) as pool:
        pool.submit(os.getpid).result()
        print("lost")
except KeyboardInterrupt:
    print("interrupted")
"""


@posix
def test_an_interrupt_in_the_moment_of_a_fork_is_not_lost() -> None:
    ended = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.stderr) == ("interrupted\n", "")


@posix
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed outright", "terminated"])
def test_workers_end_with_their_parent(number: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = list(map(int, parent.stdout.readline().split()))
    assert len(pids) == 2
    assert all(map(_is_alive, pids))

    parent.send_signal(number)
    parent.wait(timeout=30)

    assert _within(15, lambda: not any(map(_is_alive, pids)))


BUSY = """
import os, time
from dossier import limits, workers

def work():
    with limits.bounded():
        print(os.getpid(), flush=True)
        time.sleep(600)

with workers.processes(1) as pool:
    pool.submit(work).result()
"""
LATE = """
import ctypes, os, time
from dossier import workers

class Library:
    def prctl(self, option, number):
        parent = os.getppid()
        print(os.getpid(), flush=True)
        while os.getppid() == parent:
            time.sleep(0.01)

ctypes.CDLL = lambda name: Library()
with workers.processes(1) as pool:
    pool.submit(os.getpid).result()
"""


DEAF = """
import os, signal, time
from dossier import workers

def work():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(os.getpid(), flush=True)
    time.sleep(600)

with workers.processes(1) as pool:
    pool.submit(work).result()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers know a script's functions only where they are forked")
@pytest.mark.parametrize(
    "script", [BUSY, LATE, DEAF], ids=["at work within limits", "not ready yet", "missing the signal"]
)
def test_a_worker_ends_with_its_parent_whatever_it_is_doing(script: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    assert worker != parent.pid

    parent.kill()
    parent.wait(timeout=30)

    assert _within(15, lambda: not _is_alive(worker))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@posix
def test_work_goes_on_in_other_processes_where_one_died() -> None:
    with workers.processes(2) as pool:
        with pytest.raises(BrokenProcessPool):
            pool.submit(_die).result()
        assert pool.submit(abs, -1).result() == 1


ENDED = """
import sys, time
from pathlib import Path
from dossier import workers

def end(begun):
    begun.touch()
    try:
        time.sleep(600)
    except SystemExit:
        print("this is how it ends", file=sys.stderr, flush=True)
        raise

begun = Path(sys.argv[1])
try:
    with workers.processes(1) as pool:
        pool.submit(end, begun)
        while not begun.exists():
            time.sleep(0.02)
        raise KeyboardInterrupt
except KeyboardInterrupt:
    print("ended", file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers know a script's functions only where they are forked")
def test_a_worker_that_is_told_to_end_says_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENDED, str(tmp_path / "begun")]
    assert subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stderr == "ended\n"


def _most_core() -> int:
    import resource  # noqa: PLC0415 - POSIX only

    return resource.getrlimit(resource.RLIMIT_CORE)[0]


@posix
def test_a_worker_that_crashes_leaves_no_core() -> None:
    import resource  # noqa: PLC0415 - POSIX only

    before = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
        with workers.processes(1) as pool:
            assert pool.submit(_most_core).result() == 0
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def _within(seconds: float, done: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.02)
    return done()


def _is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


# --- memory --------------------------------------------------------------------------------------------------------


def test_the_garbage_collector_keeps_off_what_workers_share_and_no_longer() -> None:
    there = len(gc.get_objects())
    with workers.processes(1) as pool:
        assert gc.get_freeze_count() > there / 2
        assert pool.submit(gc.get_freeze_count).result() > there / 2
        with workers.processes(1):
            pass
        assert gc.get_freeze_count() > there / 2
    assert gc.get_freeze_count() == 0


def test_what_somebody_else_froze_stays_frozen() -> None:
    gc.freeze()
    try:
        with workers.processes(1):
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
