"""Interrupts that wait: what is being set up or put away is not left half done by Ctrl-C or a polite kill."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import FrameType, TracebackType
from typing import TypeVar

_Entered = TypeVar("_Entered")


_PAUSE = 0.01  # seconds until an interrupt that was passed over is raised again


def obey() -> None:
    """Make a polite kill of this process an interrupt, and raise again any interrupt that Python passes over.

    It does so where nothing can be raised: while objects are freed, and before and after a fork. For commands, which
    own their process, and from the main thread only.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    sys.unraisablehook = _look_again


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _look_again(passed_over: sys.UnraisableHookArgs) -> None:
    if isinstance(passed_over.exc_value, KeyboardInterrupt):
        # A Thread takes locks, which whatever was interrupted here may be holding.
        _thread.start_new_thread(_raise_again, ())
    else:
        sys.__unraisablehook__(passed_over)


def _raise_again() -> None:
    time.sleep(_PAUSE)
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGTERM)
    else:  # the main thread is woken if it waits
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


@contextmanager
def held() -> Iterator[None]:
    """Let SIGINT and SIGTERM wait until this ends; does nothing elsewhere than in the main thread, which gets them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def wait(number: int, frame: FrameType | None) -> None:
        came.append(number)

    # What was set from outside of Python cannot be put back.
    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not None]
    before = {number: signal.signal(number, wait) for number in numbers}
    try:
        yield
    finally:
        for number, reaction in before.items():
            signal.signal(number, reaction)
        if came:
            signal.raise_signal(came[0])


class Stack(ExitStack):
    """An ExitStack that is not interrupted while it enters or leaves anything."""

    def enter_context(self, cm: AbstractContextManager[_Entered, bool | None]) -> _Entered:
        with held():
            return super().enter_context(cm)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> bool | None:
        with held():
            return super().__exit__(kind, error, traceback)
