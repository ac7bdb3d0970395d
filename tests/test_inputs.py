"""What a build read and wrote is known again: by its stamps where those tell, by its bytes where they do not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dossier import inputs
from dossier.inputs import FILE, Found, Record, Scope, Tree

LATER = 10_000_000_000  # nanoseconds: long enough for a stamp to tell
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a"
    path.write_bytes(b"first")
    return path


def found(path: Path) -> inputs.Looks:
    """Return a file as a record has it, with its digest."""
    looks = inputs.look(Scope(paths=(str(path),)))
    return inputs.digested(looks, {})


def changed(path: Path) -> int:
    """Return when a file was changed, in nanoseconds."""
    lies = path.stat()
    return max(lies.st_mtime_ns, lies.st_ctime_ns)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of files that are hashed, in order."""
    names: list[str] = []
    digest = inputs.digest

    def seen(path: Path) -> str:
        names.append(path.name)
        return digest(path)

    monkeypatch.setattr(inputs, "digest", seen)
    return names


def test_a_file_that_looks_as_it_did_is_not_read(file: Path, read: list[str]) -> None:
    before = found(file)
    read.clear()
    assert inputs.compared(before, changed(file) + LATER, inputs.look(Scope(paths=(str(file),)))) == before
    assert read == []


@pytest.mark.parametrize("after", [0, 1_999_999_999])
def test_a_file_that_had_just_been_changed_when_it_was_looked_at_is_read(
    file: Path, read: list[str], after: int
) -> None:
    before, moment = found(file), changed(file) + after
    read.clear()
    now = inputs.look(Scope(paths=(str(file),)))
    assert inputs.compared(before, moment, now) == before
    assert read == ["a"]


def test_a_change_that_leaves_the_stamp_as_it_was_is_found_while_it_can_be(file: Path) -> None:
    before, moment = found(file), changed(file)
    file.write_bytes(b"other")
    now = {str(file): replace(before[str(file)], sha256="")}  # as a disk with a coarse clock would say
    assert inputs.compared(before, moment, now) is None


def test_a_file_that_was_touched_is_read_and_its_new_stamp_kept(file: Path, read: list[str]) -> None:
    before, moment = found(file), changed(file) + LATER
    os.utime(file, ns=(0, moment))
    read.clear()
    now = inputs.look(Scope(paths=(str(file),)))
    same = inputs.compared(before, moment, now)
    assert same is not None
    assert same[str(file)].stamp == now[str(file)].stamp != before[str(file)].stamp
    assert read == ["a"]


def test_a_file_of_another_length_is_another_unread(file: Path, read: list[str]) -> None:
    before = found(file)
    file.write_bytes(b"longer than before")
    read.clear()
    assert inputs.compared(before, changed(file) + LATER, inputs.look(Scope(paths=(str(file),)))) is None
    assert read == []


def test_of_a_file_that_was_never_read_only_the_stamp_tells(file: Path) -> None:
    before = inputs.look(Scope(paths=(str(file),)))
    assert inputs.compared(before, changed(file) + LATER, before) == before
    assert inputs.compared(before, changed(file), before) is None


def test_what_is_small_is_read_first(tmp_path: Path, read: list[str]) -> None:
    for name, size in (("large", 3000), ("small", 1), ("middle", 200)):
        (tmp_path / name).write_bytes(b"x" * size)
    scope = Scope((Tree(str(tmp_path)),))
    before = inputs.digested(inputs.look(scope), {})
    read.clear()
    (tmp_path / "middle").write_bytes(b"y" * 200)
    assert inputs.compared(before, 0, inputs.look(scope)) is None
    assert read == ["small", "middle"]


def test_a_digest_that_is_known_is_not_worked_out_again(file: Path, read: list[str]) -> None:
    looks = inputs.look(Scope(paths=(str(file),)))
    assert inputs.digested(looks, {os.path.realpath(file): "known"})[str(file)].sha256 == "known"
    assert read == []


def test_of_a_file_that_changed_since_it_was_looked_at_no_digest_is_told(file: Path) -> None:
    looks = inputs.look(Scope(paths=(str(file),)))
    file.write_bytes(b"other bytes")
    assert inputs.digested(looks, {os.path.realpath(file): "known"})[str(file)].sha256 == ""


def test_a_file_that_nothing_names_is_not_read_where_it_is_large(
    file: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "_MOST_HASHED", 4)
    assert found(file)[str(file)].sha256 == ""
    assert read == []


@posix
def test_a_link_is_told_by_where_it_leads_and_what_lies_there(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to("a")
    looks = inputs.look(Scope(paths=(str(link), str(file))))
    assert looks[str(link)] == replace(looks[str(file)], detail="a")


@posix
def test_links_in_a_circle_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("y")
    (tmp_path / "y").symlink_to("x")
    (tmp_path / "here").symlink_to(".")
    looks = inputs.look(Scope((Tree(str(tmp_path)),)))
    assert {Path(path).name for path in looks} == {tmp_path.name, "x", "y", "here"}


def test_folders_that_are_left_out_are_not_looked_into(tmp_path: Path) -> None:
    for name in ("kept/a", "left/b", ".hidden/c"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    tree = Tree(str(tmp_path), without=(str(tmp_path / "kept/../left"),))
    assert {Path(path).name for path in inputs.look(Scope((tree,)))} == {tmp_path.name, "a"}
    whole = inputs.look(Scope((replace(tree, whole=True),)))
    assert {Path(path).name for path in whole} == {tmp_path.name, "a", "c"}


def test_a_tree_deeper_than_calls_may_nest_is_looked_through(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 900, "a")
    deep.parent.mkdir(parents=True)
    deep.touch()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(500)
    try:
        looks = inputs.look(Scope((Tree(str(tmp_path)),)))
    finally:
        sys.setrecursionlimit(limit)
    assert str(deep) in looks


# --- the record ----------------------------------------------------------------------------------------------------


@pytest.fixture
def record(file: Path) -> Record:
    scope = Scope((Tree(str(file.parent), whole=True, without=("x",)),), ("\udcff", "质量"), ("sh",))
    return Record({"engine": "auto"}, "c", True, False, scope, 5, found(file), {"out": Found(FILE)}, {"n": [1]}, "5a")


def write(folder: Path, text: str) -> None:
    (folder / inputs.NAME).write_text(text, encoding="utf-8")


def test_a_record_is_read_as_it_was_written(tmp_path: Path, record: Record) -> None:
    write(tmp_path, record.dumps())
    assert inputs.read(tmp_path) == record


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-10],
        lambda text: text.replace('"auto"', '"embedded"'),
        lambda text: text.replace('{"format": 1', '{"format": 99'),
        lambda text: "",
        lambda text: "[]\n[]",
        lambda text: "{" * 100_000,
    ],
    ids=["cut", "edited", "of another version", "empty", "something else", "nested"],
)
def test_a_record_that_is_not_whole_is_none(tmp_path: Path, record: Record, spoil: Callable[[str], str]) -> None:
    write(tmp_path, spoil(record.dumps()))
    assert inputs.read(tmp_path) is None


def test_where_no_record_is_there_is_none(tmp_path: Path) -> None:
    assert inputs.read(tmp_path) is None
    assert inputs.read(tmp_path / "nowhere") is None


def test_what_was_seen_anew_is_written_down(tmp_path: Path, record: Record) -> None:
    write(tmp_path, record.dumps())
    later = replace(record, moment=9, outputs={"out": Found(FILE, stamp=(1, 2, 3, 4, 5))})
    inputs.refresh(tmp_path, record, later)
    assert inputs.read(tmp_path) == later


def test_a_record_that_would_say_the_same_is_left_alone(tmp_path: Path, record: Record) -> None:
    inputs.refresh(tmp_path, record, replace(record, moment=9))
    assert not (tmp_path / inputs.NAME).exists()


def test_the_record_of_another_build_is_left_alone(tmp_path: Path, record: Record) -> None:
    other = replace(record, content="of another")
    write(tmp_path, other.dumps())
    inputs.refresh(tmp_path, record, replace(record, outputs={}))
    assert inputs.read(tmp_path) == other


@posix
def test_nothing_is_written_through_a_link(tmp_path: Path, record: Record) -> None:
    write(tmp_path, record.dumps())
    (tmp_path / inputs.NAME).rename(tmp_path / "mine")
    (tmp_path / inputs.NAME).symlink_to("mine")
    inputs.refresh(tmp_path, record, replace(record, outputs={}))
    assert (tmp_path / "mine").read_text(encoding="utf-8") == record.dumps()


# --- what else pages depend on -------------------------------------------------------------------------------------


def test_passwords_are_told_apart_by_a_digest_that_another_salt_changes() -> None:
    one, other = inputs.salted(), inputs.salted()
    assert inputs.hidden({"a": "x", "b": "y"}, one) == inputs.hidden({"b": "y", "a": "x"}, one)
    assert len({inputs.hidden({"a": given}, salt) for given in ("x", "y") for salt in (one, other)}) == 4
    assert inputs.hidden({}, one) == ""


def test_an_edited_program_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "dossier" / "inputs.py"
    module.parent.mkdir()
    module.write_text("1", encoding="utf-8")
    monkeypatch.setattr(inputs, "__file__", str(module))

    def program() -> str:
        inputs.program.cache_clear()
        return inputs.program()

    before = program()
    assert program() == before
    module.write_text("11", encoding="utf-8")
    assert program() != before
    inputs.program.cache_clear()


def test_another_version_of_a_library_makes_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    seen = set()
    for version in ("1", "2"):
        (tmp_path / f"library-{version}.dist-info").mkdir()
        inputs.program.cache_clear()
        seen.add(inputs.program())
        (tmp_path / f"library-{version}.dist-info").rmdir()
    inputs.program.cache_clear()
    assert len(seen) == 2
