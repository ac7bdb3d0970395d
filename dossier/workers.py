"""Worker processes of this machine, which never outlive the one that started them."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import FrameType
from typing import ParamSpec, TypeVar

from dossier import interrupts, limits

_PR_SET_PDEATHSIG = 1  # prctl(2)
_P = ParamSpec("_P")
_T = TypeVar("_T")

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
    pool = _Renewed(lambda: ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_worker))
    finished = False
    with _frozen():
        try:
            yield pool
            finished = True
        finally:
            with interrupts.held():
                if not finished:
                    for child in multiprocessing.active_children():
                        child.terminate()
                pool.shutdown(wait=True, cancel_futures=True)


class _Renewed(Executor):
    """A pool that is made anew where one of its processes died: only what it was doing then is lost."""

    def __init__(self, make: Callable[[], ProcessPoolExecutor]) -> None:
        self._make = make
        self._pool = make()

    def submit(self, task: Callable[_P, _T], /, *arguments: _P.args, **named: _P.kwargs) -> Future[_T]:
        # Handing out work may fork, and Python passes over what is raised while it does.
        with interrupts.held():
            try:
                return self._pool.submit(task, *arguments, **named)
            except BrokenProcessPool:
                self._pool.shutdown(wait=True)
                self._pool = self._make()
                return self._pool.submit(task, *arguments, **named)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


@contextmanager
def _frozen() -> Iterator[None]:
    """Keep the garbage collector off what there is now, here and in processes that are forked from this one.

    Looking at it would write to it, and so copy all the memory that they share.
    """
    ours = not gc.get_freeze_count()
    gc.freeze()
    try:
        yield
    finally:
        if ours:
            gc.unfreeze()


def _prepare_worker() -> None:
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
        parent = multiprocessing.parent_process()
        if parent is not None and os.getppid() != parent.pid:  # it was killed already
            _unwind(signal.SIGTERM, None)
    threading.Thread(target=_outlive_no_parent, daemon=True).start()


def _outlive_no_parent() -> None:
    """End this process a while after its parent, where that did not do it.

    Python may miss a signal that comes just before it waits for work, and code in C keeps it from seeing any.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    if sys.platform != "linux":
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os.kill(os.getpid(), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def _unwind(number: int, frame: FrameType | None) -> None:
    if sys.platform != "win32":
        # The pool takes whatever a task raises for its result; an alarm that nobody catches ends the process still.
        limits.end_within(_GRACE)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # how a pool comes to its end is no news
    raise SystemExit(128 + number)
