"""Conversions run on any executor; a worker that dies takes only its own source with it, and slow ones are named."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from dossier.convert import Batch, Outcome, Settings, Task, pool
from dossier.errors import CacheError, ConversionError, EngineCrash
from dossier.sources import Kind
from dossier.workers import processes

SETTINGS = Settings("embedded", "1", "fonts", (595.0, 842.0))
PATIENCE = 0.02

forking = pytest.mark.skipif(
    sys.platform != "linux", reason="workers know a test's functions only where they are forked"
)


def batch(folder: Path, *names: str) -> Batch:
    tasks = tuple(Task(folder / name, name, Kind.PDF, name) for name in names)
    return Batch(tasks, SETTINGS, folder)


def stand_in(given: Batch) -> list[Outcome]:
    """Answer each task with an error of its name; a task called ``die`` kills the process, ``full`` fills the disk."""
    for task in given.tasks:
        if task.name.startswith("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        if task.name == "full":
            raise CacheError("no space")
        if task.name.startswith("wait"):
            while not task.path.exists():
                time.sleep(PATIENCE / 10)
    return [ConversionError(task.name, fix="", code="done") for task in given.tasks]


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "convert", stand_in)
    monkeypatch.setattr(pool, "_PATIENCE", PATIENCE)


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


def codes(batches: Sequence[Batch], executor: Executor) -> dict[str, str]:
    """Return what became of each task: its outcome's code, after it was told from the others by its name."""
    found = {}
    for task, outcome in pool.run(batches, executor):
        assert isinstance(outcome, ConversionError)
        assert outcome.code != "done" or outcome.message == task.name
        assert task.name not in found
        found[task.name] = outcome.code
    return found


def test_every_task_has_its_own_outcome(tmp_path: Path, threads: Executor) -> None:
    batches = [batch(tmp_path, "a"), batch(tmp_path, "b", "c"), batch(tmp_path, "d")]

    assert codes(batches, threads) == dict.fromkeys("abcd", "done")


def test_no_batches_have_no_outcomes(threads: Executor) -> None:
    assert list(pool.run([], threads)) == []


def test_outcomes_come_as_they_are_done(tmp_path: Path, threads: Executor) -> None:
    outcomes = pool.run([batch(tmp_path, "wait"), batch(tmp_path, "quick")], threads)

    assert next(outcomes)[0].name == "quick"
    (tmp_path / "wait").touch()
    assert [task.name for task, _ in outcomes] == ["wait"]


def test_slow_sources_are_named_while_they_are_waited_for(tmp_path: Path, threads: Executor) -> None:
    named = []

    def waiting(name: str) -> None:
        named.append(name)
        (tmp_path / "wait").touch()

    outcomes = list(pool.run([batch(tmp_path, "wait", "other")], threads, waiting))

    assert named[0] == "wait"
    assert len(outcomes) == 2


def test_sources_that_wait_for_their_turn_are_not_slow(tmp_path: Path) -> None:
    named = []

    def waiting(name: str) -> None:
        named.append(name)
        (tmp_path / "wait 1").touch()
        (tmp_path / "wait 2").touch()

    with ThreadPoolExecutor(1) as executor:
        assert len(list(pool.run([batch(tmp_path, "wait 1"), batch(tmp_path, "wait 2")], executor, waiting))) == 2
    assert named[0] == "wait 1"


@pytest.mark.parametrize("names", [["full"], ["a", "full"]])
def test_an_error_that_concerns_all_ends_the_run(tmp_path: Path, threads: Executor, names: list[str]) -> None:
    with pytest.raises(CacheError):
        list(pool.run([batch(tmp_path, name) for name in names], threads))


@forking
@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_takes_only_its_own_source(tmp_path: Path, workers: int) -> None:
    batches = [batch(tmp_path, *names) for names in (["a"], ["b", "die", "c"], ["die too"], ["d"], ["e", "f"])]
    with processes(workers) as executor:
        found = codes(batches, executor)

    assert found == {**dict.fromkeys("abcdef", "done"), "die": "crashed-source", "die too": "crashed-source"}


@forking
def test_a_source_that_kills_its_worker_is_reported_with_a_remedy(tmp_path: Path) -> None:
    with processes(1) as executor:
        ((task, outcome),) = pool.run([batch(tmp_path, "die")], executor)

    assert task.name == "die"
    assert isinstance(outcome, EngineCrash)
    assert outcome.fix


class Brittle(Executor):
    """An executor that breaks once it was given ``last`` calls, as a pool does whose worker dies meanwhile."""

    def __init__(self, last: int) -> None:
        self.left = last

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.left == 0:
            raise BrokenProcessPool("a worker died")
        self.left -= 1
        future: Future[Any] = Future()
        future.set_result(call(*args, **kwargs))
        return future


@forking
@pytest.mark.parametrize("last", [0, 1, 2])
def test_a_worker_that_dies_while_work_is_handed_out_is_no_matter(tmp_path: Path, last: int) -> None:
    batches = [batch(tmp_path, name) for name in "abc"]

    assert codes(batches, Brittle(last)) == dict.fromkeys("abc", "done")
