"""Times two ways of doing a job in turns, and watches how much memory a command takes."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

POLL = 0.01


@dataclass
class Clock:
    """Seconds that each stage of a build took, told by its progress events; or that this process worked for it."""

    seconds: dict[str, float] = field(default_factory=dict)
    work: bool = False
    _stage: str = ""
    _since: float = 0.0

    def tell(self, stage: str) -> None:
        """Note that ``stage`` begins, or goes on."""
        now = time.process_time() if self.work else time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = stage, now


def run(command: Sequence[str | Path]) -> None:
    """Run a command to its end; raises CalledProcessError where it fails."""
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)


def passed(job: Callable[[], object]) -> float:
    """Return how long a job takes, in seconds."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def worked(job: Callable[[], object]) -> float:
    """Return how long processors work for a job, here and in the processes that it starts, in seconds."""
    before = _work() + time.process_time()
    job()
    return _work() + time.process_time() - before


def seconds(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> float:
    """Return how long a command takes; raises CalledProcessError where it fails."""
    return spent(command, environment)[0]


def spent(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> tuple[float, float]:
    """Return the time a command takes, and how long processors work for it and all below it; raises as seconds does."""
    start, before = time.perf_counter(), _work()
    subprocess.run(
        list(map(str, command)), check=True, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})}
    )
    return time.perf_counter() - start, _work() - before


def _work() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare(name: str, ours: Callable[[], float], other: str, theirs: Callable[[], float], rounds: int) -> float:
    """Run both in turns, print medians, and return the median of the ratios round by round."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    ratios = sorted(own / their for own, their in pairs)
    middle = statistics.median(ratios)
    own, their = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{name}: {own:.2f} s; {other}: {their:.2f} s; ratio {middle:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
    return middle


@dataclass
class Peak:
    """Largest anonymous memory seen, in bytes."""

    bytes: int = 0


@contextmanager
def watching() -> Iterator[Peak]:
    """Watch the anonymous memory of this process and all below it."""
    peak, stop = Peak(), threading.Event()

    def watch() -> None:
        while not stop.wait(POLL):
            peak.bytes = max(peak.bytes, _together())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def _together() -> int:
    """Return the anonymous memory of this process and all below it, in bytes; 0 where one came or went meanwhile.

    What processes share counts in each by how many share it: figures from before and after a fork do not add up.
    """
    family = list(_family(os.getpid()))
    each = [_anonymous(pid) for pid in family]
    return sum(each) if all(each) and family == list(_family(os.getpid())) else 0


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return  # it has ended
    for child in children:
        yield from _family(child)


def _anonymous(pid: int) -> int:
    # A page that a worker shares with the process it was forked from counts once, not in both.
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss_Anon:")), 0)


def own() -> int:
    """Return the anonymous memory of this process, in bytes."""
    return _anonymous(os.getpid())


def machine() -> str:
    """Name the machine, as far as it matters for a ratio."""
    return f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python {sys.version.split()[0]}"
