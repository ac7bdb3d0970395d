"""What is remembered comes back as it was, never damaged, within bounds; and nothing fails where it cannot be kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from dossier import memory
from dossier.memory import Memory


def recall(folder: Path, version: str = "1", about: str = "a") -> Memory:
    return memory.recall(folder / "cache", "things", folder / about, version)


def remember(folder: Path, version: str = "1", about: str = "a", **facts: Any) -> None:
    kept = recall(folder, version, about)
    for key, fact in facts.items():
        kept.put(key, fact)
    kept.save()


def files(folder: Path) -> list[Path]:
    return sorted((folder / "cache" / memory.FOLDER).iterdir())


def test_what_was_put_is_there_in_the_next_run(tmp_path: Path) -> None:
    remember(tmp_path, one=[1, "二", {"三": None}], two=2)
    assert [recall(tmp_path).get(key) for key in ("one", "two", "three")] == [[1, "二", {"三": None}], 2, None]


def test_a_fact_is_replaced_and_others_stay(tmp_path: Path) -> None:
    remember(tmp_path, one=1, two=2)
    kept = recall(tmp_path)
    assert kept.get("one") == 1
    kept.put("one", "new")
    assert kept.get("one") == "new"
    kept.save()
    assert [recall(tmp_path).get(key) for key in ("one", "two")] == ["new", 2]


def test_a_name_that_is_not_text_can_be_a_key(tmp_path: Path) -> None:
    kept = recall(tmp_path)
    kept.put(os.fsdecode(b"\xff.pdf"), 1)
    kept.save()
    assert recall(tmp_path).get(os.fsdecode(b"\xff.pdf")) == 1


@pytest.mark.parametrize("other", [{"version": "2"}, {"about": "b"}])
def test_another_version_and_another_folder_have_memories_of_their_own(tmp_path: Path, other: dict[str, str]) -> None:
    remember(tmp_path, one=1)
    assert recall(tmp_path, **other).get("one") is None


def test_a_damaged_file_counts_as_empty_wherever_it_is_damaged(tmp_path: Path) -> None:
    remember(tmp_path, one=1, two=[2])
    [path] = files(tmp_path)
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert recall(tmp_path).get("one") is None, at
        path.write_bytes(data[:at])
        assert recall(tmp_path).get("one") is None, at
    path.write_bytes(data)
    assert recall(tmp_path).get("one") == 1


def test_the_file_is_written_only_where_there_is_something_new(tmp_path: Path) -> None:
    recall(tmp_path).save()
    assert not (tmp_path / "cache").exists()
    remember(tmp_path, one=1)
    [path] = files(tmp_path)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    kept = recall(tmp_path)
    kept.get("one")
    kept.save()
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_what_no_run_asked_for_longest_is_forgotten_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_FACTS", 3)
    remember(tmp_path, one=1, two=2, three=3)
    kept = recall(tmp_path)
    kept.get("three")
    kept.put("four", 4)
    kept.save()
    found = recall(tmp_path)
    assert [key for key in ("one", "two", "three", "four") if found.get(key)] == ["one", "three", "four"]


def test_the_files_written_longest_ago_go_when_there_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MOST_FILES", 2)
    for number, about in enumerate("abc"):
        known = set(files(tmp_path)) if number else set()
        remember(tmp_path, about=about, one=1)
        for path in set(files(tmp_path)) - known:
            os.utime(path, (number, number))
    assert [about for about in "abc" if recall(tmp_path, about=about).get("one")] == ["b", "c"]


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder would be")
    remember(tmp_path, one=1)
    assert recall(tmp_path).get("one") is None


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(tmp_path, one=1)

    def full(path: Path, *_: object, **__: object) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        remember(tmp_path, two=2)
    assert len(files(tmp_path)) == 1
    assert recall(tmp_path).get("one") == 1


def test_all_can_be_forgotten(tmp_path: Path) -> None:
    memory.forget(tmp_path / "cache")
    remember(tmp_path, one=1)
    memory.forget(tmp_path / "cache")
    assert files(tmp_path) == []
