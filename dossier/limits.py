"""Bounds on time, memory and output for whatever parses evidence; they hold in worker processes alone.

The kernel enforces them, since a parser written in C cannot be asked to stop: a process that is over its time is ended,
one that is over its memory is refused more, one that writes without end is refused too.
"""

from __future__ import annotations

import errno
import multiprocessing
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from dossier.errors import ConversionError

SECONDS = 120.0
"""Time for one source."""
MEMORY = 4 * 1024**3
"""Bytes of address space for one source, the program's own included."""
OUTPUT = 4 * 1024**3
"""Bytes of one file that is written."""


_ending = Event()


def end_within(seconds: int) -> None:
    """Have this process killed in so many seconds, whatever in it is bounded; on POSIX alone."""
    _ending.set()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)


@contextmanager
def bounded(seconds: float | None = None, memory: int | None = None, output: int | None = None) -> Iterator[None]:
    """Bound what happens inside, in a worker process of a POSIX system; elsewhere nothing is bounded.

    A process that is over its time is killed by SIGALRM, which nothing inside can catch. Over its memory, Python raises
    MemoryError and a library may crash. Over its output, writing raises OSError, which becomes ConversionError where
    the limit is this one and not one that the system had set before.
    """
    seconds, memory, output = seconds or SECONDS, memory or MEMORY, output or OUTPUT
    if sys.platform == "win32" or multiprocessing.parent_process() is None:
        yield
        return
    import resource  # noqa: PLC0415 - POSIX only

    kept = {kind: resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE)}
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, output)):
        soft, hard = kept[kind]
        lower = min(limit for limit in (most, soft, hard) if limit != resource.RLIM_INFINITY)
        resource.setrlimit(kind, (lower, hard))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if not _ending.is_set():  # there is but one alarm
        signal.setitimer(signal.ITIMER_REAL, seconds)
    own = resource.getrlimit(resource.RLIMIT_FSIZE)[0] == output
    try:
        yield
    except OSError as error:
        if error.errno == errno.EFBIG and own:
            raise ConversionError(
                f"it becomes more than {output / 1024**3:g} GiB", fix="split it", code="oversized-source"
            ) from error
        raise
    finally:
        if not _ending.is_set():
            signal.setitimer(signal.ITIMER_REAL, 0)
        for kind, limits in kept.items():
            resource.setrlimit(kind, limits)
