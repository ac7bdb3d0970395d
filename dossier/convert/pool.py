"""Runs conversions on an executor: the machine's cores by default, or any ``concurrent.futures.Executor``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool

from dossier.convert import Batch, Outcome, Task, convert
from dossier.errors import EngineCrash
from dossier.workers import cores, processes

__all__ = ["cores", "processes", "run"]

Waiting = Callable[[str], None]

_PATIENCE = 2.0  # seconds without a result before the sources being converted are named


def run(
    batches: Sequence[Batch], executor: Executor, waiting: Waiting = lambda name: None
) -> Iterator[tuple[Task, Outcome]]:
    """Convert batches and yield what becomes of each task as it is done; ``waiting`` is told the names of slow ones.

    A worker that dies takes only its own source with it: what it left undone is tried again alone, and reported by name
    if that worker dies too.
    """
    pending: dict[Future[list[Outcome]], Batch] = {}
    orphans: list[Batch] = []
    for batch in batches:
        try:
            pending[executor.submit(convert, batch)] = batch
        except BrokenProcessPool:  # a worker died while the rest was handed out
            orphans.append(batch)
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
