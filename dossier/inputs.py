"""What a build read and what it wrote, so that the next one can tell that nothing has changed.

A record lies beside the receipt, written together with it. It names every file that could show in the book, or in what
is said of it: by size, times of change, place on the disk and SHA-256; folders and links by what is in them and where
they lead. A file that looks as it did is taken for the same; one that does not is hashed, and so is one that was
changed less than two seconds before it was looked at, for a disk's clock may be no finer. Any difference, and anything
that cannot be read, makes a new build: a record only ever saves one.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

NAME: Final = ".inputs.json"
"""The record's file, in the folder of the binder."""
DRAFT: Final = ".inputs-draft.json"
"""That of a draft, which leaves a complete binder and its record alone."""

_FORMAT = 1
_MAX_BYTES = 256 * 1024 * 1024
SETTLED = 2_000_000_000
"""Nanoseconds for which another change of a file may not show: no disk's clock is coarser (FAT)."""
_MOST_HASHED = 64 * 1024 * 1024  # bytes of a file that nothing names: of a larger one only the stamp counts
_ROUNDS = 100_000  # of hashing a password, so that trying them all takes long
_UNSEEN = frozenset({"DOSSIER_CACHE", "DOSSIER_CI"})  # change no page
_SEEN = ("SOURCE_DATE_EPOCH", "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA", "WINDIR")


# --- what lies somewhere -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """What lies at a path: its ``kind``, where a link leads or why nothing can be read, and of a file what is in it.

    ``stamp`` is size in bytes, times of the last change of content and of the entry in nanoseconds, and place on the
    disk; empty where it is not known.
    """

    kind: str
    detail: str = ""
    stamp: tuple[int, ...] = ()
    sha256: str = ""

    def is_young(self, moment: int) -> bool:
        """Say whether it was changed so shortly before ``moment`` that another change would not show."""
        return not self.stamp or max(self.stamp[1:3]) > moment - SETTLED


FILE, FOLDER, ABSENT, CLOSED, OTHER, PROGRAM = "file", "folder", "absent", "closed", "other", "program"


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder that is looked through; ``whole`` with what is hidden in it too, ``without`` are folders left out."""

    root: str
    whole: bool = False
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look: through folders, at single paths (whether or not they are there), and for programs by name."""

    trees: tuple[Tree, ...] = ()
    paths: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()


Looks = dict[str, Found]
"""What was found, by path; programs by name."""


def look(scope: Scope) -> Looks:
    """Return what is there now; nothing is read but folders."""
    found: Looks = {}
    for tree in scope.trees:
        _walk(tree, found)
    for path in scope.paths:
        if path not in found:
            found[path] = _at(path)
    for name in scope.programs:
        found[f"{PROGRAM}:{name}"] = _program(name)
    return found


def _walk(tree: Tree, found: Looks) -> None:
    without = {os.path.realpath(folder) for folder in tree.without}
    waiting = [tree.root]
    while waiting:
        folder = waiting.pop()
        if without and os.path.realpath(folder) in without:
            continue
        try:
            with os.scandir(folder) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            found[folder] = Found(ABSENT if isinstance(error, FileNotFoundError) else CLOSED, str(error.errno))
            continue
        if folder == tree.root:
            found[folder] = Found(FOLDER)  # of others it does not matter that they are there, but what is in them
        for entry in inside:
            if not entry.is_dir(follow_symlinks=False):
                found[entry.path] = _at(entry.path)
            elif tree.whole or not entry.name.startswith("."):
                waiting.append(entry.path)


def _at(path: str) -> Found:
    """Return what lies at a path; of a link, where it leads and what lies there."""
    lies, leads = Path(path), ""
    try:
        with suppress(OSError, ValueError):  # it is no link
            leads = os.fspath(lies.readlink())
        return _described(lies.stat(), leads)
    except (FileNotFoundError, NotADirectoryError):
        return Found(ABSENT, leads)
    except (OSError, ValueError) as error:
        return Found(CLOSED, f"{leads} {getattr(error, 'errno', '')}")


def stamp_of(seen: os.stat_result) -> tuple[int, ...]:
    """Return what tells a file from one that was changed: see :class:`Found`."""
    return seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino, seen.st_dev


def _described(seen: os.stat_result, leads: str) -> Found:
    if stat.S_ISREG(seen.st_mode):
        return Found(FILE, leads, stamp_of(seen))
    if stat.S_ISDIR(seen.st_mode):
        return Found(FOLDER, leads, (0, seen.st_mtime_ns))
    return Found(OTHER, leads, (stat.S_IFMT(seen.st_mode),))


def _program(name: str) -> Found:
    path = shutil.which(name)
    if path is None:
        return Found(PROGRAM)
    lies = _at(os.path.realpath(path))
    return Found(PROGRAM, path, lies.stamp)


# --- comparing ------------------------------------------------------------------------------------------------------


def compared(then: Looks, moment: int, now: Looks, folder: Path = Path()) -> Looks | None:
    """Return ``now`` with the digests of ``then``, which was seen at ``moment``, or None where anything differs.

    What looks as it did is not read; the rest is, beginning with what is small. Names that are no whole path are those
    of files in ``folder``.
    """
    if then.keys() != now.keys():
        return None
    doubtful: list[tuple[int, str]] = []
    same: Looks = {}
    for path, before in then.items():
        found = now[path]
        if (before.kind, before.detail) != (found.kind, found.detail):
            return None
        if before.kind != FILE:
            if before.stamp != found.stamp:
                return None
            same[path] = found
        elif before.stamp == found.stamp and not before.is_young(moment):
            same[path] = replace(found, sha256=before.sha256)
        elif not before.sha256 or (before.stamp and before.stamp[0] != found.stamp[0]):
            return None
        else:
            doubtful.append((found.stamp[0], path))
    for _, path in sorted(doubtful):
        if digest(folder / path) != then[path].sha256:
            return None
        same[path] = replace(now[path], sha256=then[path].sha256)
    return same


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def digested(before: Looks, known: Mapping[str, str]) -> Looks:
    """Return what was found before a build, with the SHA-256 of files: those ``known`` to it, the others read now.

    Of a file that has changed since, nothing is said that could be taken for it.
    """
    found: Looks = {}
    for path, lies in before.items():
        if lies.kind != FILE:
            found[path] = lies
            continue
        sha256 = known.get(os.path.realpath(path), "")
        if not sha256 and lies.stamp[0] <= _MOST_HASHED:
            sha256 = digest(Path(path))
        found[path] = replace(lies, sha256=sha256 if _at(path) == lies else "")
    return found


# --- the record ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """What a build was asked for, what it found where, at which moment (in nanoseconds), and what it wrote and said.

    ``content`` is a digest of the manifest as it was read. ``exact`` says that its file alone tells it, ``dated`` that
    no document shows the day of the build. ``told`` is for whoever hands the binder back; ``shown`` are digests of what
    the filled documents show, by name.
    """

    asked: Mapping[str, str]
    content: str
    exact: bool
    dated: bool
    scope: Scope
    moment: int
    found: Looks
    outputs: Looks
    told: Mapping[str, Any]
    salt: str = ""
    shown: Mapping[str, str] = field(default_factory=dict)

    def dumps(self) -> str:
        """Return the record as text, which begins with its own digest."""
        scope = [[[t.root, t.whole, t.without] for t in self.scope.trees], self.scope.paths, self.scope.programs]
        body = json.dumps(
            {
                "asked": dict(self.asked), "content": self.content, "exact": self.exact, "dated": self.dated,
                "scope": scope, "moment": self.moment, "told": dict(self.told), "salt": self.salt,
                "shown": dict(self.shown),
                "found": _rows(self.found), "outputs": _rows(self.outputs),
            }
        )  # fmt: skip
        head = {"format": _FORMAT, "body": hashlib.sha256(body.encode()).hexdigest()}
        return f"{json.dumps(head)}\n{body}\n"


def _rows(looks: Looks) -> dict[str, list[Any]]:
    return {path: [lies.kind, lies.detail, lies.stamp, lies.sha256] for path, lies in looks.items()}


def _looks(rows: Mapping[str, list[Any]]) -> Looks:
    return {path: Found(kind, detail, tuple(stamp), sha) for path, (kind, detail, stamp, sha) in rows.items()}


def read(folder: Path, name: str = NAME) -> Record | None:
    """Read a record in a binder's folder; None where there is none that can be trusted."""
    try:
        with (folder / name).open("rb") as file:
            data = file.read(_MAX_BYTES)
        head, _, body = data.rstrip(b"\n").partition(b"\n")
        told = json.loads(head)
        if told["format"] != _FORMAT or told["body"] != hashlib.sha256(body).hexdigest():
            return None
        row = json.loads(body)
        trees, paths, programs = row.pop("scope")
        scope = Scope(tuple(Tree(root, whole, tuple(out)) for root, whole, out in trees), tuple(paths), tuple(programs))
        found, outputs = _looks(row.pop("found")), _looks(row.pop("outputs"))
        return Record(scope=scope, found=found, outputs=outputs, **row)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def still(record: Record, folder: Path) -> Record | None:
    """Return the record as it would be made now, or None where anything it names has changed, on either side."""
    moment = time.time_ns()
    found = compared(record.found, record.moment, look(record.scope))
    if found is None:
        return None
    outputs = compared(record.outputs, record.moment, wrote(folder, record.outputs), folder)
    return None if outputs is None else replace(record, moment=moment, found=found, outputs=outputs)


def wrote(folder: Path, names: Iterable[str]) -> Looks:
    """Return what lies in the folder of a binder under ``names``."""
    return {name: _at(str(folder / name)) for name in names}


def refresh(folder: Path, before: Record, after: Record, name: str = NAME) -> None:
    """Write down what was seen anew, so that it need not be read again; nothing is raised where that fails.

    It is written in place, for nothing must be left over by whoever is killed at it: half a record is none.
    """
    if (before.found, before.outputs) == (after.found, after.outputs):
        return
    path = folder / name
    with suppress(OSError):
        if not path.is_symlink():
            with path.open("r+b") as file:
                if file.read(_MAX_BYTES) == before.dumps().encode():  # no other build has written its own
                    file.seek(0)
                    file.truncate()
                    file.write(after.dumps().encode())


# --- what else pages depend on -------------------------------------------------------------------------------------


def salted() -> str:
    """Return a salt for :func:`hidden`."""
    return secrets.token_hex(16)


def hidden(passwords: Mapping[str, str], salt: str) -> str:
    """Return a digest of passwords that does not give them away; nothing where there are none."""
    if not passwords:
        return ""
    said = json.dumps(sorted(passwords.items())).encode()
    return hashlib.pbkdf2_hmac("sha256", said, bytes.fromhex(salt), _ROUNDS).hex()


def asked(
    path: Path, *, engine: str | None, strict: bool, passwords: Mapping[str, str], salt: str, dated: bool
) -> dict[str, str]:
    """Return what decides a build besides the files that it reads: what was asked for, the day, and surroundings.

    ``dated`` says that the day does not matter, because the manifest has a date.
    """
    day = "" if dated or os.environ.get("SOURCE_DATE_EPOCH") else date.today().isoformat()
    return {
        "manifest": str(path), "place": str(path.absolute()), "engine": engine or "", "strict": str(strict),
        "passwords": hidden(passwords, salt), "day": day, **surroundings(),
    }  # fmt: skip


def surroundings() -> dict[str, str]:
    """Return what a build depends on besides files that it is given: this program, its libraries, the environment."""
    seen = {name: os.environ[name] for name in sorted(os.environ) if _is_seen(name)}
    user = str(os.geteuid()) if hasattr(os, "geteuid") else ""
    said = hashlib.sha256(json.dumps([seen, user]).encode()).hexdigest()
    return {"program": program(), "environment": said}


def _is_seen(name: str) -> bool:
    own = name.startswith("DOSSIER_") and name not in _UNSEEN
    return own or name in _SEEN or name.startswith("FONTCONFIG_")


@cache
def program() -> str:
    """Return a digest of this program, its libraries and the Python that runs it: by their files and versions."""
    package = Path(__file__).resolve().parent
    stamps = [f"{name} {lies.stamp[:2]}" for name, lies in _code(package)]
    folders = sorted({os.path.realpath(folder) for folder in sys.path if folder})
    said = json.dumps([sys.version, *stamps, *_distributions(folders)])
    return hashlib.sha256(said.encode()).hexdigest()


def _code(package: Path) -> Iterator[tuple[str, Found]]:
    found: Looks = {}
    _walk(Tree(str(package)), found)
    for path, lies in sorted(found.items()):
        if lies.kind == FILE and not path.endswith(".pyc"):
            yield os.path.relpath(path, package), lies


def _distributions(folders: Iterable[str]) -> Iterator[str]:
    """Yield what is installed; the names of these folders hold the versions."""
    for folder in folders:
        with suppress(OSError):
            yield from sorted(
                path.name for path in Path(folder).iterdir() if path.suffix in (".dist-info", ".egg-info")
            )
