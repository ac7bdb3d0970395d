"""Bounds on time, memory and output for whatever parses evidence; they hold in worker processes alone.

The kernel enforces them, since a parser written in C cannot be asked to stop: a process that is over its time is ended,
one that is over its memory is refused more, one that writes without end is refused too.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 120.0
"""Time for one source."""
MEMORY = 4 * 1024**3
"""Bytes of address space for one source, the program's own included."""
OUTPUT = 4 * 1024**3
"""Bytes of one file that is written."""


@contextmanager
def bounded(seconds: float = SECONDS, memory: int = MEMORY, output: int = OUTPUT) -> Iterator[None]:
    """Bound what happens inside, in a worker process of a POSIX system; elsewhere nothing is bounded.

    A process that is over its time is killed by SIGALRM, which nothing inside can catch. Over its memory, Python raises
    MemoryError and a library may crash; over its output, writing raises OSError.
    """
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
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for kind, limits in kept.items():
            resource.setrlimit(kind, limits)
