"""A process that has loaded the program once and forks for every command: to kill many of them, and see what is left.

Its argument is a manifest that it builds first, into a folder beside it, so that what is kept in memory is there.

It reads one JSON object a line: ``arguments`` of the command, ``folder`` to run it in, more ``environment``, a ``log``
for what it prints, and a ``kill`` where it is to be killed: with a ``signal``, the ``target`` (``main``, ``group`` or
``worker``), and either ``after`` so many seconds, counted from where a command line comes in ``sight`` if one is named,
or at so many ``steps`` that change a disk.

It answers with a line: the ``status`` of the command (below 0: the signal that ended it), whether it was ``killed``
before its work was done, its ``seconds`` and ``steps``, and the command lines of ``orphans`` that were still there when
it had waited for them.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2): whoever loses its parent becomes a child of this process
_STEPS = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink"})
_POLITE = (signal.SIGINT, signal.SIGTERM)
_PATIENCE = 20.0  # seconds for what is left of a command to end


def main() -> None:
    from dossier import cli  # noqa: PLC0415 - so that it is loaded here, once

    _load(Path(sys.argv[1]))
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    for line in sys.stdin:
        order = json.loads(line)
        told, tell = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, _POLITE)
        child = os.fork()
        if child == 0:
            os.close(told)
            counted = _prepare(order)
            status = cli.main(order["arguments"])
            os.write(tell, str(counted[0]).encode())
            sys.exit(status)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _POLITE)
        os.close(tell)
        answer = _watch(child, order)
        with os.fdopen(told) as file:
            steps = file.read()
        answer["steps"] = int(steps or 0)
        if steps and answer["status"] != 130 and (order["kill"] or {}).get("target") != "worker":
            answer["killed"] = False  # it had done its work
        print(json.dumps(answer), flush=True)


def _load(manifest: Path) -> None:
    """Load what commands load as they go, and what builds remember, or each of them would."""
    import dossier  # noqa: PLC0415
    from dossier import comparison, exchange, history, lock, scoresheet  # noqa: F401, PLC0415

    with ThreadPoolExecutor(1) as threads:
        dossier.build(manifest, manifest.parent / "warm", executor=threads, print_set=True)
    gc.freeze()


def _prepare(order: dict[str, Any]) -> list[int]:
    """Make the forked process that of the command; return what counts its steps."""
    os.setsid()
    os.chdir(order["folder"])
    os.environ.update(order["environment"])
    tempfile.tempdir = None  # it is to be found anew
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    counted, own, kill = [0], os.getpid(), order["kill"] or {}
    last, of_worker = kill.get("steps", 0), kill.get("target") == "worker"

    def step(event: str, arguments: tuple[Any, ...]) -> None:
        if not (event in _STEPS or (event == "open" and _writes(arguments))):
            return
        if (os.getpid() != own) != of_worker:
            return
        counted[0] += 1
        if counted[0] == last and _first(Path(order["log"]).with_name("killed")):
            if kill["target"] == "group":
                os.killpg(own, kill["signal"])
            os.kill(os.getpid(), kill["signal"])

    sys.addaudithook(step)
    for number in _POLITE:  # until the command says what is to be done
        signal.signal(number, lambda *_: sys.exit(130))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _POLITE)
    return counted


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, _, flags = arguments
    return isinstance(path, str) and path != os.devnull and bool(flags & (os.O_WRONLY | os.O_RDWR))


def _first(mark: Path) -> bool:
    """Say whether none was killed before: the worker that takes its place is to live."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _watch(child: int, order: dict[str, Any]) -> dict[str, Any]:
    began, kill = time.monotonic(), order["kill"]
    killed = False
    if kill and "after" in kill:
        while kill.get("sight") and not _is_seen(kill["sight"], child):
            time.sleep(0.005)
        time.sleep(kill["after"])
        killed = _kill(child, kill)
    waiting = os.waitid(os.P_PID, child, os.WEXITED)
    seconds = time.monotonic() - began
    assert waiting is not None
    status = waiting.si_status if waiting.si_code == os.CLD_EXITED else -waiting.si_status
    if kill and "steps" in kill:
        killed = Path(order["log"]).with_name("killed").exists()
    orphans = _left()
    return {"status": status, "killed": killed, "seconds": seconds, "orphans": orphans}


def _kill(child: int, kill: dict[str, Any]) -> bool:
    """Send the signal; say whether there was somebody to get it."""
    if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
        return False
    if kill["target"] == "worker":
        workers = _children(child)
        if not workers:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(workers[0], kill["signal"])
            return True
        return False
    if kill["target"] == "group":
        while os.getpgid(child) != child:  # it was forked a moment ago, and is still in the group of this process
            time.sleep(0.001)
    (os.killpg if kill["target"] == "group" else os.kill)(child, kill["signal"])
    return True


def _is_seen(command: str, above: int) -> bool:
    """Say whether a command runs under a process, or that has ended."""
    if os.waitid(os.P_PID, above, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
        return True
    return _is_under(command, above)


def _is_under(command: str, above: int) -> bool:
    return any(command in _command(child) or _is_under(command, child) for child in _children(above))


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def _children(of: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(pid) for path in Path(f"/proc/{of}/task").glob("*/children") for pid in path.read_text().split()]
    return []


def _left() -> list[str]:
    """Wait for what has lost its parent to end; name, and end, what does not."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.002)
        except ChildProcessError:
            return []
    named: list[str] = []
    for pid in _children(os.getpid()):
        named.append(_command(pid) or f"process {pid}")
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return named


if __name__ == "__main__":
    main()
