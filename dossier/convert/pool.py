"""Runs conversions on an executor: the machine's cores by default, or any ``concurrent.futures.Executor``."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import FrameType

from dossier.convert import Batch, Outcome, Task, convert
from dossier.errors import EngineCrash

Waiting = Callable[[str], None]

_PATIENCE = 2.0  # seconds without a result before the sources being converted are named


def cores() -> int:
    """Return how many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def processes(workers: int) -> Iterator[Executor]:
    """Give a pool of worker processes; on any way out, an interrupt too, none of them and no engine is left running."""
    # Forking lets scripts without a main guard use the library; it happens before this process starts threads.
    method = "fork" if sys.platform == "linux" else "spawn"
    context = multiprocessing.get_context(method)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_worker)
    finished = False
    try:
        yield pool
        finished = True
    finally:
        if not finished:
            for child in multiprocessing.active_children():
                child.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


def run(
    batches: Sequence[Batch], executor: Executor, waiting: Waiting = lambda name: None
) -> Iterator[tuple[Task, Outcome]]:
    """Convert batches and yield what becomes of each task as it is done; ``waiting`` is told the names of slow ones.

    A worker that dies takes only its own source with it: what it left undone is tried again alone, and reported by name
    if that worker dies too.
    """
    pending: dict[Future[list[Outcome]], Batch] = {executor.submit(convert, batch): batch for batch in batches}
    orphans: list[Batch] = []
    while pending:
        done, _ = wait(pending, timeout=_PATIENCE, return_when=FIRST_COMPLETED)
        if not done:
            slow = [batch.tasks[0].name for future, batch in pending.items() if future.running()]
            waiting(", ".join(slow[: cores()]))
        for future in done:
            batch = pending.pop(future)
            try:
                outcomes = future.result()
            except BrokenProcessPool:
                orphans.append(batch)
                continue
            yield from zip(batch.tasks, outcomes, strict=True)
    for batch in orphans:
        for task in batch.tasks:
            yield task, _alone(Batch((task,), batch.settings, batch.cache))


def _alone(batch: Batch) -> Outcome:
    with processes(1) as pool:
        try:
            return pool.submit(convert, batch).result()[0]
        except BrokenProcessPool:
            return EngineCrash(
                "the process that converted it died",
                fix="the file is damaged or too large for this machine: print it to PDF again and name that file",
                code="crashed-source",
            )


def _prepare_worker() -> None:
    # Ctrl-C reaches every process of the terminal; the parent decides and ends its workers by SIGTERM, which must
    # unwind the stack so that a running engine is ended with them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _unwind)


def _unwind(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
