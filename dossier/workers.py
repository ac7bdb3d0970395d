"""Worker processes of this machine, which never outlive the one that started them."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from types import FrameType

_PR_SET_PDEATHSIG = 1  # prctl(2)
_GRACE = 3  # seconds for a worker to end its engine, once it is told to end


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


def _prepare_worker() -> None:
    gc.freeze()  # what was loaded before stays: looking for garbage in it takes time, and copies the pages it lies in
    # Ctrl-C reaches every process of the terminal; the parent decides and ends its workers by SIGTERM, which must
    # unwind the stack so that a running engine is ended with them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _unwind)
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - POSIX only

        # What a source makes crash leaves no picture of the memory, of gigabytes, in whatever folder this is.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)  # for a parent that is killed outright


def _unwind(number: int, frame: FrameType | None) -> None:
    if sys.platform != "win32":
        # The pool takes whatever a task raises for its result; an alarm that nobody catches ends the process still.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_GRACE)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # how a pool comes to its end is no news
    raise SystemExit(128 + number)
