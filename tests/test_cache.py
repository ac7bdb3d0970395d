"""A part comes out of the store as it went in or not at all, whatever was killed, damaged or done at the same time."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from dossier import cache, memory
from dossier.cache import Cache
from dossier.errors import CacheError, ExitStatus
from dossier.part import Box, Ink, Link, Note, OutlineEntry, Part, PartPage

KEY = "ab" + "0" * 62
OTHER = "cd" + "1" * 62
HOUR = 3600.0

Make = Callable[..., Part]


@pytest.fixture
def store(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def make_part(tmp_path: Path) -> Make:
    """Return a function that makes a part as a conversion leaves it; ``text`` tells it from others."""

    def make(text: str = "one", size: int = 0) -> Part:
        path = tmp_path / f"{text}.pdf"
        path.write_bytes(b"%PDF-1.7 " + text.encode() + bytes(size))
        page = PartPage(
            595.276,
            841.89,
            Ink(9, (0, 1 << 8, 257)),
            f"digest of {text}",
            (
                Link(Box(1.5, 2, 3, 4), uri="https://example.org/质量?a=1"),
                Link(Box(0, 0, 1, 1), page=2, top=700.25),
            ),
        )
        outline = (OutlineEntry("第一章 总则", 1, 1, 800.0), OutlineEntry("§", 2, 2))
        return Part(path, (page, PartPage(10, 20, Ink(1, ()), "")), outline, (Note("code", "说明", "补救"),))

    return make


def entry(store: Cache, key: str = KEY) -> tuple[Path, Path]:
    """Return the JSON and the PDF of an entry."""
    return next(store.folder.rglob(f"{key}.json")), next(store.folder.rglob(f"{key}.pdf"))


def age(path: Path, seconds: float) -> None:
    """Let a file look as if it had been used that long ago."""
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


# --- storing and finding -------------------------------------------------------------------------------------------


def test_a_part_comes_out_as_it_went_in(store: Cache, make_part: Make) -> None:
    part = make_part()
    data = part.path.read_bytes()

    stored = store.put(KEY, part)

    assert store.get(KEY) == stored
    assert stored.path.read_bytes() == data
    assert (stored.pages, stored.outline, stored.notes) == (part.pages, part.outline, part.notes)
    assert stored.path.is_relative_to(store.folder)
    assert not part.path.exists()


def test_another_key_finds_nothing(store: Cache, make_part: Make) -> None:
    assert store.get(KEY) is None
    store.put(KEY, make_part())
    assert store.get(OTHER) is None


def test_looking_into_an_empty_store_creates_nothing(store: Cache) -> None:
    assert store.get(KEY) is None
    assert store.size() == (0, 0)
    assert store.clear() == 0
    store.trim(0)
    assert not store.folder.exists()


def test_the_folder_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_CACHE", str(tmp_path))
    assert cache.default_folder() == tmp_path
    monkeypatch.setenv("DOSSIER_CACHE", "")
    assert cache.default_folder().name == "dossier"


def test_nothing_but_the_entry_is_left_after_storing(store: Cache, make_part: Make) -> None:
    with store.workspace():
        store.put(KEY, make_part())
    left = {path.name for path in store.folder.rglob("*") if path.is_file()}
    assert left == {f"{KEY}.json", f"{KEY}.pdf", ".lock"}


# --- damage --------------------------------------------------------------------------------------------------------


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    """Change one letter in the middle, as a failing disk does."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def rubbish(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\0rubbish\n[]")


@pytest.mark.parametrize("damage", [truncate, flip, empty, rubbish, Path.unlink])
@pytest.mark.parametrize("which", ["json", "pdf"])
def test_a_damaged_entry_is_noticed_and_made_anew(
    store: Cache, make_part: Make, which: str, damage: Callable[[Path], None]
) -> None:
    stored = store.put(KEY, make_part())
    record, pdf = entry(store)
    path = record if which == "json" else pdf
    age(path, 10)  # a change within the clock's resolution of the writing would be seen by its size only
    damage(path)

    assert store.get(KEY) is None
    again = store.put(KEY, make_part())

    assert again == stored
    assert store.get(KEY) == again
    assert again.path.read_bytes() == b"%PDF-1.7 one"


@pytest.mark.parametrize("text", ["", "\n", "[]\n{}", "null\nnull", '"text"\n', "{}\n{}", "[" * 50])
def test_a_record_of_another_shape_is_none(store: Cache, make_part: Make, text: str) -> None:
    store.put(KEY, make_part())
    entry(store)[0].write_text(text, encoding="utf-8")
    assert store.get(KEY) is None


@pytest.mark.parametrize(
    ("old", "new"), [("digest of one", "digest of two"), ("[595.276", "[595.277"), ('"level": 1', '"level": 2')]
)
def test_a_record_that_was_edited_is_none(store: Cache, make_part: Make, old: str, new: str) -> None:
    store.put(KEY, make_part())
    record, _ = entry(store)
    text = record.read_text(encoding="utf-8")
    assert old in text
    record.write_text(text.replace(old, new), encoding="utf-8")
    assert store.get(KEY) is None


def test_an_entry_of_another_version_is_none(store: Cache, make_part: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put(KEY, make_part())
    monkeypatch.setattr(cache, "FORMAT", cache.FORMAT + 1)
    assert store.get(KEY) is None


def test_a_pdf_that_was_only_copied_is_as_good(store: Cache, make_part: Make) -> None:
    stored = store.put(KEY, make_part())
    os.utime(stored.path, (1, 1))  # as after a backup that keeps no times
    assert store.get(KEY) == stored


def test_a_folder_in_the_place_of_a_record_is_none(store: Cache, make_part: Make) -> None:
    store.put(KEY, make_part())
    record, _ = entry(store)
    record.unlink()
    record.mkdir()
    assert store.get(KEY) is None


def test_a_cache_that_can_only_be_read_still_gives_parts(
    store: Cache, make_part: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = store.put(KEY, make_part())

    def refuse(*arguments: Any, **options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "utime", refuse)
    assert store.get(KEY) == stored


# --- kills and rivals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("killed_at", ["the PDF", "the record aside", "the record"])
def test_a_kill_while_storing_leaves_no_half_entry(
    store: Cache, make_part: Make, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    steps = {
        "the PDF": (Path, "replace", 0),
        "the record aside": (Path, "write_text", 0),
        "the record": (Path, "replace", 1),
    }
    owner, name, spared = steps[killed_at]
    real, calls = getattr(owner, name), [0]

    def kill(*arguments: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] > spared:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, kill)
        with pytest.raises(KeyboardInterrupt):
            store.put(KEY, make_part())

    assert store.get(KEY) is None
    assert store.size() == (0, 0)
    assert store.get(KEY) is None
    assert store.put(KEY, make_part()) == store.get(KEY)


def test_an_interrupt_while_storing_leaves_a_whole_entry(
    store: Cache, make_part: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, replace = make_part(), Path.replace

    def interrupted(path: Path, target: Path) -> Path:
        there = replace(path, target)
        signal.raise_signal(signal.SIGINT)
        return there

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.put(KEY, part)
    found = store.get(KEY)
    assert found is not None
    assert {path.suffix for path in store.folder.rglob("parts/*/*")} == {".pdf", ".json"}


def test_a_record_never_stands_without_its_pdf(store: Cache, make_part: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, bool]] = []
    real = Path.replace

    def watch(self: Path, target: Path) -> Path:
        moved = real(self, target)
        seen.append((target.suffix, store.get(KEY) is not None))
        return moved

    monkeypatch.setattr(Path, "replace", watch)
    store.put(KEY, make_part())
    assert seen == [(".pdf", False), (".json", True)]


def test_what_another_build_has_stored_and_may_be_reading_is_not_replaced(store: Cache, make_part: Make) -> None:
    first = store.put(KEY, make_part("first"))
    rival = make_part("second")

    second = store.put(KEY, rival)

    assert second == first
    assert first.path.read_bytes() == b"%PDF-1.7 first"
    assert not rival.path.exists()


KEYS = [f"{number:064x}" for number in range(40)]


def _rival(folder: Path, name: str, start: Barrier, done: Barrier) -> None:
    """Store parts under keys that another process stores parts under, and check what comes back once both are done."""
    store = Cache(folder)
    stored: list[Part] = []
    with store.workspace() as work:
        for key in KEYS:
            path = work / "part.pdf"
            path.write_bytes(name.encode() * 1000)
            start.wait(60)
            stored.append(store.put(key, Part(path, (PartPage(1, 1, Ink(1, ()), name),))))
        done.wait(60)
        for part in stored:
            assert part.path.read_bytes() == part.pages[0].digest.encode() * 1000


def test_two_processes_that_store_the_same_keys_both_get_whole_parts(store: Cache) -> None:
    context = multiprocessing.get_context("spawn")
    start, done = context.Barrier(2), context.Barrier(2)
    rivals = [context.Process(target=_rival, args=(store.folder, name, start, done)) for name in ("this", "that")]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join(120)

    assert [rival.exitcode for rival in rivals] == [0, 0]
    for key in KEYS:
        part = store.get(key)
        assert part is not None
        assert part.path.read_bytes() == part.pages[0].digest.encode() * 1000
    assert store.size()[0] == len(KEYS)
    assert not list(store.folder.glob(".work-*"))


# --- folders that cannot be written --------------------------------------------------------------------------------


@pytest.fixture
def unwritable(tmp_path: Path) -> Cache:
    """A store whose folder is a file: not even root can write into it."""
    (tmp_path / "file").write_bytes(b"")
    return Cache(tmp_path / "file")


def test_a_store_that_cannot_be_written_says_so(unwritable: Cache, make_part: Make) -> None:
    with pytest.raises(CacheError) as caught:
        unwritable.put(KEY, make_part())
    assert str(unwritable.folder) in caught.value.message
    assert "DOSSIER_CACHE" in caught.value.fix
    assert caught.value.exit_status is ExitStatus.ENVIRONMENT


def test_a_workspace_that_cannot_be_made_says_so(unwritable: Cache) -> None:
    with pytest.raises(CacheError, match="cannot write the cache"), unwritable.workspace():
        pytest.fail("there is no workspace")


def test_a_store_that_cannot_be_written_is_empty(unwritable: Cache) -> None:
    assert unwritable.get(KEY) is None
    assert unwritable.size() == (0, 0)
    unwritable.trim(0)


def test_a_full_disk_says_so_and_leaves_no_half_entry(
    store: Cache, make_part: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    part = make_part()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(CacheError, match="No space left"):
            store.put(KEY, part)
    assert store.get(KEY) is None


def test_an_entry_that_cannot_be_removed_fails_clearing_but_no_build(
    store: Cache, make_part: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, make_part())
    age(entry(store)[0], 2 * HOUR)

    def refuse(self: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "unlink", refuse)
    store.trim(0)
    with pytest.raises(CacheError, match="cannot clear"):
        store.clear()


# --- workspaces ----------------------------------------------------------------------------------------------------


def test_a_workspace_is_on_the_stores_own_disk_and_gone_afterwards(store: Cache) -> None:
    with store.workspace() as work:
        (work / "file").write_text("x", encoding="utf-8")
        assert work.is_relative_to(store.folder)
    assert not work.exists()


def test_a_workspace_is_gone_after_a_failure(store: Cache) -> None:
    with pytest.raises(KeyboardInterrupt), store.workspace() as work:
        raise KeyboardInterrupt
    assert not work.exists()
    assert list(store.folder.iterdir()) == []


def test_two_workspaces_are_two_folders(store: Cache) -> None:
    with store.workspace() as one, store.workspace() as other:
        assert one != other


# --- size and bounds -----------------------------------------------------------------------------------------------


def test_size_counts_parts_and_all_their_bytes(store: Cache, make_part: Make) -> None:
    store.put(KEY, make_part("one", size=1000))
    store.put(OTHER, make_part("two", size=500))

    files = [*entry(store, KEY), *entry(store, OTHER)]

    assert store.size() == (2, sum(path.stat().st_size for path in files))
    assert store.size()[1] > 1500


def test_clearing_removes_every_part_and_all_that_is_remembered(store: Cache, make_part: Make) -> None:
    known = memory.recall(store.folder, "looks", Path("sources"), "1")
    known.put("a", 1)
    known.save()
    store.put(KEY, make_part("one"))
    store.put(OTHER, make_part("two"))
    with store.workspace() as work:
        assert store.clear() == 2
        assert work.is_dir()  # a build that is running keeps its own
    assert store.size() == (0, 0)
    assert store.get(KEY) is None
    assert not [path for path in store.folder.rglob("*") if path.suffix in (".pdf", ".json")]


def filled(store: Cache, make_part: Make, count: int) -> list[str]:
    """Store parts of about 10 kB each, of which the first was used longest ago; none in the last hour."""
    keys = [f"{number:064x}" for number in range(count)]
    for number, key in enumerate(keys):
        store.put(key, make_part(key, size=10_000))
        age(entry(store, key)[0], (count - number + 1) * HOUR)
    return keys


def kept(store: Cache, keys: list[str]) -> list[int]:
    names = {path.stem for path in store.folder.rglob("*.json")}
    assert {path.stem for path in store.folder.rglob("*.pdf")} == names
    return [number for number, key in enumerate(keys) if key in names]


@pytest.mark.parametrize(
    ("most", "left"), [(0, []), (25_000, [3, 4]), (45_000, [1, 2, 3, 4]), (1 << 30, [0, 1, 2, 3, 4])]
)
def test_trimming_removes_what_was_used_longest_ago(store: Cache, make_part: Make, most: int, left: list[int]) -> None:
    keys = filled(store, make_part, 5)
    store.trim(most)
    assert kept(store, keys) == left


def test_a_part_that_was_found_counts_as_used(store: Cache, make_part: Make) -> None:
    keys = filled(store, make_part, 3)
    assert store.get(keys[0]) is not None
    store.trim(15_000)
    assert kept(store, keys) == [0]


def test_trimming_spares_what_was_used_within_the_hour(store: Cache, make_part: Make) -> None:
    keys = filled(store, make_part, 3)
    age(entry(store, keys[2])[0], -2.5 * HOUR)
    store.trim(0)
    assert kept(store, keys) == [2]


def test_trimming_spares_what_it_is_told_to_keep(store: Cache, make_part: Make) -> None:
    keys = filled(store, make_part, 3)
    store.trim(0, keep=[keys[1]])
    assert kept(store, keys) == [1]


def test_trimming_sweeps_away_what_killed_builds_left_long_ago(store: Cache, make_part: Make) -> None:
    stored = store.put(KEY, make_part())
    parts = stored.path.parent
    stale, fresh = [parts / "ab-half.pdf", parts / "ab-half2.tmp"], parts / "ab-new.pdf"
    for path in (*stale, fresh):
        path.write_bytes(b"x")
    for path in stale:
        age(path, 25 * HOUR)

    store.trim()

    assert not any(path.exists() for path in stale)
    assert fresh.exists()
    assert store.get(KEY) == stored


HOLDER = """
import sys, time
from pathlib import Path
from dossier.cache import Cache
with Cache(Path(sys.argv[1])).workspace() as work:
    (work / "file").write_text("x")
    print(work, flush=True)
    time.sleep(600)
"""


def test_the_workspace_of_a_killed_process_is_swept_away_and_that_of_a_living_one_is_not(store: Cache) -> None:
    with (
        subprocess.Popen([sys.executable, "-c", HOLDER, str(store.folder)], stdout=subprocess.PIPE, text=True) as dead,
        subprocess.Popen([sys.executable, "-c", HOLDER, str(store.folder)], stdout=subprocess.PIPE, text=True) as alive,
    ):
        assert dead.stdout is not None
        assert alive.stdout is not None
        left, used = Path(dead.stdout.readline().strip()), Path(alive.stdout.readline().strip())
        try:
            dead.kill()
            dead.wait()
            with store.workspace() as own:
                store.trim()
                assert not left.exists()
                assert (used / "file").exists()
                assert own.exists()
        finally:
            alive.kill()
    store.trim()
    assert list(store.folder.glob(".work-*")) == []


def test_trimming_bears_that_another_build_ends_meanwhile(
    store: Cache, make_part: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(store, make_part, 2)
    (store.folder / ".work-1").mkdir()
    real = Path.glob

    def vanish(self: Path, pattern: str) -> list[Path]:
        found = list(real(self, pattern))
        for path in found:
            path.rmdir() if path.is_dir() else path.unlink()
        return found

    monkeypatch.setattr(Path, "glob", vanish)
    store.trim(0)
    assert store.size() == (0, 0)


def test_a_record_can_be_read_by_a_person(store: Cache, make_part: Make) -> None:
    store.put(KEY, make_part())
    head, body = entry(store)[0].read_text(encoding="utf-8").split("\n")
    assert json.loads(head)["format"] == cache.FORMAT
    assert "第一章 总则" in body
