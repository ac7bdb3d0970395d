"""A build's files change together or not at all, whoever kills it, and nothing else is touched anywhere."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from dossier import publish
from dossier.errors import ExitStatus, OutputBusyError, OutputError, UsageError

OLD = {"binder.pdf": "old", "receipt.json": "old", "documents/cover.docx": "old", "documents/gone.docx": "old"}
NEW = {"binder.pdf": "new", "receipt.json": "new", "documents/cover.docx": "new", "documents/more.docx": "new"}
MINE = {"notes.txt": "mine", "documents/notes.txt": "mine", "sub/binder.pdf": "mine"}
STALE = ["documents/gone.docx"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output folder with an earlier build in it, and files of somebody's own."""
    out = tmp_path / "build"
    write(out, OLD | MINE)
    return out


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def contents(folder: Path) -> dict[str, str]:
    """Return every file below a folder with its text, hidden ones too."""
    paths = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def build(out: Path, files: dict[str, str], stale: list[str], fail: Callable[[], object] = lambda: None) -> None:
    """Do what a build does with its output folder; ``fail`` is called before its files are put in place."""
    with publish.exclusive(out), publish.staging(out) as folder:
        write(folder, files)
        fail()
        publish.commit(out, files, stale)


def raising(failure: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise failure

    return fail


# --- all files together --------------------------------------------------------------------------------------------


def test_new_files_take_the_place_of_old_ones_and_nothing_else_is_touched(out: Path) -> None:
    build(out, NEW, STALE)
    assert contents(out) == NEW | MINE


def test_a_first_build_makes_its_folder(tmp_path: Path) -> None:
    build(tmp_path / "a" / "b", NEW, [])
    assert contents(tmp_path / "a" / "b") == NEW


def test_a_file_that_is_both_new_and_stale_is_new(out: Path) -> None:
    build(out, NEW, [*STALE, "binder.pdf"])
    assert contents(out)["binder.pdf"] == "new"


def test_a_stale_file_that_is_not_there_is_no_failure(out: Path) -> None:
    build(out, NEW, [*STALE, "documents/never.docx", "nowhere/never.docx"])
    assert contents(out) == NEW | MINE


def test_names_may_come_from_iterators(out: Path) -> None:
    with publish.exclusive(out), publish.staging(out) as folder:
        write(folder, NEW)
        publish.commit(out, iter(NEW), iter(STALE))
    assert contents(out) == NEW | MINE


def test_what_is_staged_but_not_named_is_not_published(out: Path) -> None:
    with publish.exclusive(out), publish.staging(out) as folder:
        write(folder, NEW | {"draft.txt": "staged"})
        publish.commit(out, NEW, STALE)
    assert contents(out) == NEW | MINE


def test_without_a_commit_nothing_changes(out: Path) -> None:
    with publish.exclusive(out), publish.staging(out) as folder:
        write(folder, NEW)
    assert contents(out) == OLD | MINE


@pytest.mark.parametrize("failure", [RuntimeError(), KeyboardInterrupt()])
def test_a_build_that_fails_changes_nothing_and_leaves_nothing_behind(out: Path, failure: BaseException) -> None:
    with pytest.raises(type(failure)):
        build(out, NEW, STALE, fail=raising(failure))
    assert contents(out) == OLD | MINE
    assert not (out / publish.STAGING).exists()


def test_a_first_build_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        build(tmp_path / "a" / "b", NEW, [], fail=raising(RuntimeError()))
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_that_was_there_before_stays(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with publish.exclusive(tmp_path / "a" / "b"):
        pass
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_file_that_was_never_staged_stops_the_build_before_anything_changes(out: Path) -> None:
    with pytest.raises(OutputError):
        build(out, NEW, STALE, fail=(out / publish.STAGING / "receipt.json").unlink)
    assert contents(out) == OLD | MINE


# --- kills ---------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the program runs after it."""


def calls(real: Callable[..., Any], spared: int, failure: BaseException, *, ever: bool = True) -> Callable[..., Any]:
    """Return a function that fails at the call after ``spared`` calls, and ``ever`` after."""
    count = 0

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count == spared + 1 or (ever and count > spared):
            raise failure
        return real(*arguments, **options)

    return counted


@pytest.fixture
def kill(out: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Return a function that builds and is killed after so many calls of a function of Path."""

    def run(name: str, spared: int) -> None:
        folder = out / publish.STAGING
        folder.mkdir()
        write(folder, NEW)
        with monkeypatch.context() as patch:
            patch.setattr(Path, name, calls(getattr(Path, name), spared, Killed()))
            with pytest.raises(Killed):
                publish.commit(out, NEW, STALE)

    return run


def next_build(out: Path) -> None:
    with publish.exclusive(out):
        pass


@pytest.mark.parametrize("after", [publish.recover, publish.settle, next_build])
@pytest.mark.parametrize("renames", range(1, 1 + len(NEW)))
def test_a_kill_between_two_renames_is_made_good_by_the_next_command(
    out: Path, kill: Callable[[str, int], None], renames: int, after: Callable[[Path], None]
) -> None:
    kill("replace", renames)  # the first puts the journal in place
    moved = [text for text in contents(out).values() if text == "new"]
    assert 0 < len(moved) <= len(NEW)

    after(out)

    assert contents(out) == NEW | MINE
    assert not (out / publish.STAGING).exists()


@pytest.mark.parametrize("after", [publish.recover, publish.settle, next_build])
def test_a_kill_between_the_renames_and_the_removals_is_made_good(
    out: Path, kill: Callable[[str, int], None], after: Callable[[Path], None]
) -> None:
    kill("unlink", 0)
    assert "documents/gone.docx" in contents(out)
    after(out)
    assert contents(out) == NEW | MINE


@pytest.mark.parametrize("after", [publish.recover, publish.settle, next_build])
@pytest.mark.parametrize(("name", "spared"), [("write_text", 0), ("replace", 0)])
def test_a_kill_before_the_journal_stands_leaves_the_old_book(
    out: Path, kill: Callable[[str, int], None], name: str, spared: int, after: Callable[[Path], None]
) -> None:
    kill(name, spared)
    after(out)
    assert contents(out) == OLD | MINE
    assert not (out / publish.STAGING).exists()


def test_recovering_twice_is_as_good_as_once(out: Path, kill: Callable[[str, int], None]) -> None:
    kill("replace", 2)
    publish.recover(out)
    write(out, {"documents/gone.docx": "again"})
    publish.recover(out)
    assert contents(out) == NEW | MINE | {"documents/gone.docx": "again"}


def test_a_kill_while_recovering_is_made_good(
    out: Path, kill: Callable[[str, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    kill("replace", 2)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", calls(Path.replace, 1, Killed()))
        with pytest.raises(Killed):
            publish.recover(out)
    publish.recover(out)
    assert contents(out) == NEW | MINE


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(5, "Input/output error")])
def test_a_build_that_stops_between_two_renames_is_still_finished(
    out: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    """An interrupt unwinds through the staging folder, which must not take the rest of the new files with it."""
    monkeypatch.setattr(Path, "replace", calls(Path.replace, 2, failure, ever=False))
    with pytest.raises((KeyboardInterrupt, OutputError)):
        build(out, NEW, STALE)
    assert contents(out) == NEW | MINE
    assert not (out / publish.STAGING).exists()


def test_a_build_whose_disk_keeps_failing_stays_to_be_finished(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", calls(Path.replace, 2, OSError(5, "Input/output error")))
        with pytest.raises(OutputError, match="Input/output error"):
            build(out, NEW, STALE)

    publish.settle(out)

    assert contents(out) == NEW | MINE


def test_new_files_reach_the_disk_before_the_journal_and_renames_before_it_goes(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut the journal must not promise what was never written."""
    steps: list[str] = []

    def watch(owner: Any, name: str, kind: str, which: int) -> None:
        real = getattr(owner, name)

        def noted(*arguments: Any, **options: Any) -> Any:
            steps.append(f"{kind} {arguments[which].relative_to(out).as_posix()}")
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, noted)

    watch(publish, "flush", "flush", 0)
    watch(Path, "replace", "move to", 1)
    watch(shutil, "rmtree", "remove", 0)
    build(out, NEW, STALE)

    def place(step: str) -> int:
        return steps.index(step)

    journal = place("move to .dossier/journal.json")
    for name in NEW:
        assert place(f"flush .dossier/{name}") < journal < place(f"move to {name}")
    assert place("flush .dossier/documents") < journal
    last = place("remove .dossier")
    assert len(steps) - 1 - steps[::-1].index("flush .") < last
    assert max(place(f"move to {name}") for name in NEW) < place("flush documents") < last


# --- two builds at once --------------------------------------------------------------------------------------------

_HOLD = """
import sys
from pathlib import Path
from dossier import publish
with publish.exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def rival(out: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is building into the same folder until its input is closed."""
    command = [sys.executable, "-c", _HOLD, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_build_in_another_process_says_so_and_stops(out: Path, rival: subprocess.Popen[str]) -> None:
    with pytest.raises(OutputBusyError) as caught, publish.exclusive(out):
        pytest.fail("two builds hold one folder")
    assert str(out) in caught.value.message
    assert "-o" in caught.value.fix
    assert caught.value.exit_status is ExitStatus.ENVIRONMENT

    rival.communicate("", timeout=60)

    assert rival.returncode == 0
    build(out, NEW, STALE)
    assert contents(out) == NEW | MINE


@pytest.mark.usefixtures("rival")
def test_what_a_running_build_has_staged_is_left_alone(out: Path) -> None:
    write(out / publish.STAGING, {"binder.pdf": "half"})

    publish.settle(out)
    with pytest.raises(OutputBusyError), publish.exclusive(out):
        pytest.fail("two builds hold one folder")

    assert contents(out)[".dossier/binder.pdf"] == "half"


def test_a_build_that_was_killed_does_not_lock_its_folder(out: Path, rival: subprocess.Popen[str]) -> None:
    rival.kill()
    rival.wait(60)
    build(out, NEW, STALE)
    assert contents(out) == NEW | MINE


def test_a_second_build_in_the_same_process_stops_too(out: Path) -> None:
    with publish.exclusive(out):
        with pytest.raises(OutputBusyError), publish.exclusive(out):
            pytest.fail("two builds hold one folder")
        assert (out / ".dossier.lock").exists()
    assert contents(out) == OLD | MINE


def _take_turns(out: Path, rounds: int) -> None:
    done = 0
    while done < rounds:
        try:
            with publish.exclusive(out):
                token = out / "token"
                descriptor = os.open(token, os.O_CREAT | os.O_EXCL | os.O_WRONLY)  # fails where another build is in
                os.close(descriptor)
                token.unlink()
                done += 1
        except OutputBusyError:
            continue


def test_the_lock_holds_though_its_file_comes_and_goes(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    rivals = [context.Process(target=_take_turns, args=(tmp_path, 50)) for _ in range(3)]
    for one in rivals:
        one.start()
    for one in rivals:
        one.join(120)
    assert [one.exitcode for one in rivals] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == []


# --- folders that cannot be written --------------------------------------------------------------------------------


def test_an_output_folder_that_is_a_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("mine", encoding="utf-8")
    for folder in (path, path / "below"):
        with pytest.raises(OutputError) as caught, publish.exclusive(folder):
            pytest.fail("there is no folder")
        assert not isinstance(caught.value, OutputBusyError)
        assert str(folder) in caught.value.message
        assert "-o" in caught.value.fix
    assert contents(tmp_path) == {"file": "mine"}


def test_a_staging_folder_that_cannot_be_made_says_so(out: Path) -> None:
    write(out, {publish.STAGING: "a file of this name"})
    with pytest.raises(OutputError, match="cannot write"), publish.exclusive(out), publish.staging(out):
        pytest.fail("there is no folder")


def test_a_folder_in_the_place_of_a_file_says_so_and_can_be_put_right(out: Path) -> None:
    (out / "binder.pdf").unlink()
    write(out, {"binder.pdf/notes.txt": "mine"})
    with pytest.raises(OutputError) as caught:
        build(out, NEW, STALE)
    assert "binder.pdf" in caught.value.message

    (out / "binder.pdf" / "notes.txt").unlink()
    (out / "binder.pdf").rmdir()
    publish.settle(out)

    assert contents(out) == NEW | MINE


def test_a_folder_that_can_only_be_read_can_be_settled_unless_it_is_half_new(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise OSError(30, "Read-only file system")

    write(out / publish.STAGING, NEW)
    monkeypatch.setattr(FileLock, "acquire", refuse)
    publish.settle(out)
    write(out / publish.STAGING, {"journal.json": json.dumps({"replace": list(NEW), "remove": []})})
    with pytest.raises(OutputError, match="Read-only"):
        publish.settle(out)


# --- journals that this program did not write ----------------------------------------------------------------------

HOSTILE = [
    "../secret.txt",
    "documents/../../secret.txt",
    "..\\secret.txt",
    "..",
    ".",
    "",
    "C:\\secret.txt",
    "\\\\server\\share\\secret.txt",
    ".dossier",
    ".dossier/journal.json",
    ".dossier.lock",
    "binder.pdf\0",
]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file beside the output folder that must stay as it is."""
    path = tmp_path / "secret.txt"
    path.write_text("secret", encoding="utf-8")
    return path


def plant(out: Path, journal: object, staged: dict[str, str] | None = None) -> None:
    write(out / publish.STAGING, {"binder.pdf": "hostile", **(staged or {})})
    write(out / publish.STAGING, {"journal.json": json.dumps(journal)})


def refused(out: Path) -> str:
    with pytest.raises(OutputError) as caught:
        publish.recover(out)
    assert caught.value.fix
    return caught.value.message


@pytest.mark.parametrize("key", ["replace", "remove"])
@pytest.mark.parametrize("name", [*HOSTILE, "SECRET"])
def test_a_journal_cannot_reach_out_of_its_folder(out: Path, secret: Path, key: str, name: str) -> None:
    name = str(secret) if name == "SECRET" else name
    before = contents(out.parent)
    plant(out, {"replace": ["binder.pdf"], "remove": [], key: ["binder.pdf", name]})
    planted = contents(out.parent)

    refused(out)

    assert contents(out.parent) == planted
    assert {name: planted[name] for name in before} == before


def test_a_file_outside_is_not_pulled_in(out: Path, secret: Path) -> None:
    plant(out, {"replace": ["../../secret.txt"], "remove": []})
    refused(out)
    assert secret.exists()


@pytest.mark.parametrize(
    ("names", "link"),
    [
        ({"replace": ["documents/secret.txt"], "remove": []}, "documents"),
        ({"replace": [], "remove": ["documents/secret.txt"]}, "documents"),
        ({"replace": ["binder.pdf", "documents/a/secret.txt"], "remove": []}, "documents/a"),
    ],
)
def test_a_linked_folder_is_not_written_through(
    out: Path, secret: Path, names: dict[str, list[str]], link: str
) -> None:
    for path in (out / "documents").iterdir():
        path.unlink()
    (out / "documents").rmdir()
    (out / link).parent.mkdir(exist_ok=True)
    (out / link).symlink_to(secret.parent)
    plant(out, names, {"documents/secret.txt": "hostile", "documents/a/secret.txt": "hostile"})

    assert "leads elsewhere" in refused(out)

    assert secret.read_text(encoding="utf-8") == "secret"
    assert (out / "binder.pdf").read_text(encoding="utf-8") == "old"


def test_a_build_that_would_write_through_a_linked_folder_says_which(out: Path, secret: Path) -> None:
    outside = secret.parent / "elsewhere"
    (out / "documents").rename(outside)
    (out / "documents").symlink_to(outside)

    with pytest.raises(OutputError) as caught:
        build(out, NEW, [])

    assert str(out / "documents") in caught.value.fix
    assert {path.name: path.read_text(encoding="utf-8") for path in outside.iterdir()} == {
        "cover.docx": "old",
        "gone.docx": "old",
        "notes.txt": "mine",
    }
    assert not (out / publish.STAGING).exists()


def test_a_folder_that_is_a_link_to_itself_is_reported(out: Path) -> None:
    shutil.rmtree(out / "documents")
    (out / "documents").symlink_to("documents")
    with pytest.raises(OutputError, match="documents"):
        build(out, NEW, STALE)
    assert (out / "binder.pdf").read_text(encoding="utf-8") == "old"


def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(out: Path, secret: Path) -> None:
    (out / "binder.pdf").unlink()
    (out / "binder.pdf").symlink_to(secret)
    (out / "documents" / "gone.docx").unlink()
    (out / "documents" / "gone.docx").symlink_to(secret)

    build(out, NEW, STALE)

    assert secret.read_text(encoding="utf-8") == "secret"
    assert contents(out) == NEW | MINE
    assert not (out / "binder.pdf").is_symlink()


def test_a_staged_link_is_not_published(out: Path, secret: Path) -> None:
    plant(out, {"replace": ["binder.pdf"], "remove": []})
    (out / publish.STAGING / "binder.pdf").unlink()
    (out / publish.STAGING / "binder.pdf").symlink_to(secret)
    assert "is a link" in refused(out)
    assert (out / "binder.pdf").read_text(encoding="utf-8") == "old"


def test_a_staged_folder_that_is_a_link_gives_up_nothing(out: Path, secret: Path) -> None:
    plant(out, {"replace": ["documents/secret.txt"], "remove": []})
    (out / publish.STAGING / "documents").symlink_to(secret.parent)
    assert "leads elsewhere" in refused(out)
    assert secret.exists()


def test_a_staging_folder_that_is_a_link_is_taken_away_and_not_what_it_leads_to(out: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere, {"binder.pdf": "theirs", "journal.json": json.dumps({"replace": ["binder.pdf"], "remove": []})})
    (out / publish.STAGING).symlink_to(elsewhere)

    build(out, NEW, STALE)

    assert contents(out) == NEW | MINE
    assert (elsewhere / "binder.pdf").read_text(encoding="utf-8") == "theirs"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"replace": []}',
        '{"replace": 1, "remove": []}',
        '{"replace": [1], "remove": []}',
        "[" * 9999,
    ],
)
def test_a_journal_that_cannot_be_read_is_reported_and_what_to_do(out: Path, text: str) -> None:
    write(out / publish.STAGING, {"journal.json": text})

    with pytest.raises(OutputError) as caught, publish.exclusive(out):
        pytest.fail("an unfinished build stands in the way")

    assert f"remove {out / publish.STAGING}" in caught.value.fix
    assert {name: text for name, text in contents(out).items() if not name.startswith(publish.STAGING)} == OLD | MINE
    assert not (out / ".dossier.lock").exists()


def test_settling_a_folder_that_is_as_it_should_be_touches_nothing(out: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (out, *out.rglob("*"))}
    publish.settle(out)
    publish.settle(out / "not-there")
    assert {path: path.stat().st_mtime_ns for path in (out, *out.rglob("*"))} == before


# --- read while it is replaced -------------------------------------------------------------------------------------


def test_a_binder_that_is_replaced_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.json"
    receipt.write_text("old", encoding="utf-8")
    seen: list[str] = []

    def read() -> str:
        seen.append(receipt.read_text(encoding="utf-8"))
        if len(seen) == 1:
            receipt.write_text("newer", encoding="utf-8")
            raise UsageError("half of it is the old one's", fix="")
        return seen[-1]

    assert publish.steady(tmp_path, read) == "newer"
    assert seen == ["old", "newer"]


def test_what_is_wrong_with_a_binder_that_stands_still_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "receipt.json").write_text("x", encoding="utf-8")
    tries: list[int] = []

    def read() -> None:
        tries.append(1)
        raise UsageError("wrong", fix="")

    with pytest.raises(UsageError, match="wrong"):
        publish.steady(tmp_path, read)
    assert tries == [1]


def test_a_binder_that_never_stands_still_is_given_up(tmp_path: Path) -> None:
    tries: list[int] = []

    def read() -> None:
        tries.append(1)
        (tmp_path / "receipt.json").write_text("x" * len(tries), encoding="utf-8")
        raise UsageError("wrong", fix="")

    with pytest.raises(UsageError, match="wrong"):
        publish.steady(tmp_path, read)
    assert 1 < len(tries) < 20
