"""Runs conversions on an executor: the machine's cores by default, or any ``concurrent.futures.Executor``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

from dossier import limits
from dossier.convert import Batch, Outcome, Task, convert
from dossier.errors import EngineCrash
from dossier.workers import cores, processes

Waiting = Callable[[str], None]

_PATIENCE = 2.0  # seconds without a result before the sources being converted are named


def run(
    batches: Sequence[Batch], executor: Executor, waiting: Waiting = lambda name: None
) -> Iterator[tuple[Task, Outcome]]:
    """Convert batches and yield what becomes of each task as it is done; ``waiting`` is told the names of slow ones.

    A worker that dies, or is ended for taking too long, takes only its own source with it: what may have been under
    way is tried again alone, and reported by name if it fails again; what had not begun goes on with new workers.
    """
    lost = _Lost()
    yield from _drain(batches, executor, waiting, lost)
    while lost.begun or lost.waiting:
        for batch in lost.begun:
            for single in batch.singles():
                yield single.tasks[0], _alone(single)
        rest = [single for batch in lost.waiting for single in batch.singles()]
        lost = _Lost()
        with processes(cores()) as fresh:
            yield from _drain(rest, fresh, waiting, lost)


@dataclass(slots=True)
class _Lost:
    """What was left undone when a worker died: what may have been under way, and what cannot have been."""

    begun: list[Batch] = field(default_factory=list)
    waiting: list[Batch] = field(default_factory=list)


def _drain(
    batches: Sequence[Batch], executor: Executor, waiting: Waiting, lost: _Lost
) -> Iterator[tuple[Task, Outcome]]:
    pending: dict[Future[list[Outcome]], Batch] = {}
    begun: set[Future[list[Outcome]]] = set()
    for batch in batches:
        try:
            pending[executor.submit(convert, batch)] = batch
        except BrokenProcessPool:  # a worker died while the rest was handed out
            lost.waiting.append(batch)
    while pending:
        begun |= {future for future in pending if future.running()}
        done, _ = wait(pending, timeout=_PATIENCE, return_when=FIRST_COMPLETED)
        if not done:
            slow = [batch.tasks[0].name for future, batch in pending.items() if future.running()]
            waiting(", ".join(slow[: cores()]))
        for future in done:
            batch = pending.pop(future)
            try:
                outcomes = future.result()
            except BrokenProcessPool:
                (lost.begun if future in begun else lost.waiting).append(batch)
                continue
            yield from zip(batch.tasks, outcomes, strict=True)
    if not lost.begun:  # nobody was seen at work: any of them may have been
        lost.begun, lost.waiting = lost.waiting, []


def _alone(batch: Batch) -> Outcome:
    start = time.monotonic()
    with processes(1) as pool:
        try:
            return pool.submit(convert, batch).result()[0]
        except BrokenProcessPool:
            fix = "the file is damaged or too large for this machine: print it to PDF again and name that file"
            if time.monotonic() - start >= limits.SECONDS:
                message = f"it was still being converted after {limits.SECONDS:g} s and was stopped"
                return EngineCrash(message, fix=fix, code="hung-source")
            return EngineCrash("the process that converted it died", fix=fix, code="crashed-source")
