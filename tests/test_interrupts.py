"""An interrupt waits until what is being set up or put away is done, and comes then."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dossier import interrupts


@contextmanager
def folder(told: list[str], number: int | None = None) -> Iterator[str]:
    """Tell what happens to something that is set up and put away; interrupted, where a signal is named, at both."""
    told.append("begun")
    if number:
        signal.raise_signal(number)
    told.append("there")
    try:
        yield "folder"
    finally:
        if number:
            signal.raise_signal(number)
        told.append("gone")


def test_an_interrupt_waits() -> None:
    told: list[str] = []

    @interrupts.held()
    def work() -> None:
        signal.raise_signal(signal.SIGINT)
        told.append("done")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert told == ["done"]


def test_a_polite_kill_waits_and_does_then_what_was_set_for_it() -> None:
    told: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: told.append("told to end"))
    try:
        with interrupts.held():
            signal.raise_signal(signal.SIGTERM)
            told.append("done")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert told == ["done", "told to end"]


def test_an_interrupt_comes_though_something_failed_meanwhile() -> None:
    @interrupts.held()
    def fail() -> None:
        signal.raise_signal(signal.SIGINT)
        raise ValueError

    with pytest.raises(KeyboardInterrupt) as raised:
        fail()
    assert isinstance(raised.value.__context__, ValueError)


def test_signals_do_afterwards_what_they_did_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with interrupts.held():
        pass
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_what_is_entered_is_there_and_is_put_away() -> None:
    told: list[str] = []

    def interrupted() -> None:
        with interrupts.Stack() as stack:
            stack.enter_context(folder(told))
            stack.enter_context(folder(told, signal.SIGINT))
            told.append("used")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert told == ["begun", "there", "begun", "there", "gone", "gone"]


def test_elsewhere_than_in_the_main_thread_nothing_is_held() -> None:
    told: list[str] = []

    def work() -> None:
        with interrupts.held():
            told.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == ["done"]


PASSED_OVER = """
import signal, time
from dossier import interrupts

class Freed:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

interrupts.obey()
try:
    Freed()
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_that_python_passes_over_is_raised_again() -> None:
    ended = subprocess.run([sys.executable, "-c", PASSED_OVER], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.stdout, ended.stderr) == ("interrupted\n", "")


def test_what_else_python_passes_over_is_told_as_ever() -> None:
    script = "from dossier import interrupts; interrupts.obey(); type('C', (), {'__del__': lambda self: 1 / 0})()"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert "ZeroDivisionError" in ended.stderr
