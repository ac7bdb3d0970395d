"""Each complete build that changed something is kept, whatever later builds do, and any two can be named and told."""

from __future__ import annotations

import gzip
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import MakeManifest, MakePdf

import dossier
from dossier import comparison, history, publish, receipt
from dossier.errors import UsageError
from dossier.receipt import Evidence, Item, Page, Receipt, Volume

FIRST = "2026-11-24T12:39:40+00:00"


@pytest.fixture(autouse=True)
def _clocks_in_guiyang(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Eight hours ahead of Greenwich: a time that is taken for another zone's is seen."""
    monkeypatch.setenv("TZ", "CST-8")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


# --- receipts of made-up books ---------------------------------------------------------------------------------------


def book(shows: str, *, created: str = FIRST, title: str = "Dossier") -> Receipt:
    """Return the receipt of a book whose one proof has a page for each letter."""
    pages = tuple(
        Page(1, number, str(number), f"— {number} —", "evidence", "1", "1-01", digest=letter, width=595.0, height=842.0)
        for number, letter in enumerate(shows, start=1)
    )
    items = (Item("1", "Item", "", "", "", "complete", evidence=(Evidence("1-01", "Proof", "bound"),)),)
    volumes = (Volume("binder.pdf", "0" * 64, len(pages)),)
    return Receipt(title, True, {}, {"word": "embedded", "version": "1"}, {}, volumes, items, pages, created=created)


Keep = Callable[[Receipt], list[str]]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Keep a receipt as a build does, and return the names of what it added."""

    def keep(written: Receipt) -> list[str]:
        with publish.exclusive(tmp_path), publish.staging(tmp_path) as staging:
            names = history.keep(tmp_path, staging, written)
            publish.commit(tmp_path, names, [])
        return names

    return keep


def numbers(folder: Path) -> list[int]:
    return [entry.number for entry in history.entries(folder)]


def test_a_receipt_is_kept_under_its_number_and_its_time(keep: Keep, tmp_path: Path) -> None:
    assert keep(book("a")) == ["history/0001_2026-11-24T12-39-40Z.json.gz"]
    [entry] = history.entries(tmp_path)
    assert (entry.number, entry.built) == (1, datetime(2026, 11, 24, 12, 39, 40, tzinfo=UTC))
    assert receipt.read(entry.path) == book("a")


def test_names_suit_every_file_system_and_sort_as_the_builds_followed(keep: Keep) -> None:
    names = [name for letter in "abcdefghijkl" for name in keep(book(letter))]
    assert names == sorted(names)
    assert all(re.fullmatch(r"history/[\w.-]+", name, re.ASCII) for name in names)


def test_two_builds_in_one_second_are_two(keep: Keep, tmp_path: Path) -> None:
    keep(book("a"))
    keep(book("b"))
    assert numbers(tmp_path) == [1, 2]


def test_a_clock_that_was_set_back_puts_nothing_before_what_was_built_earlier(keep: Keep, tmp_path: Path) -> None:
    keep(book("a"))
    keep(book("b", created="2026-11-23T01:00:00+00:00"))
    assert [receipt.read(entry.path).pages[0].digest for entry in history.entries(tmp_path)] == ["a", "b"]


def test_a_build_that_says_the_same_is_not_kept_again(keep: Keep) -> None:
    keep(book("ab"))
    assert keep(book("ab", created="2026-11-25T08:00:00+00:00")) == []


def test_a_template_that_shows_on_no_page_makes_no_other_build(keep: Keep) -> None:
    first, second = (replace(book("ab"), template_set={"name": "mine", "sha256": digit * 64}) for digit in "12")
    keep(first)
    assert keep(second) == []
    assert keep(replace(second, template_set={"name": "other", "sha256": "2" * 64})) != []


def test_a_volume_that_is_another_file_makes_another_build(keep: Keep) -> None:
    """How labels look stands in no receipt."""
    keep(book("ab"))
    assert keep(book("ab").with_checksums(["1" * 64])) != []


def test_a_book_that_is_again_as_it_was_before_the_last_is_kept(keep: Keep, tmp_path: Path) -> None:
    for shows in ("a", "b", "a"):
        keep(book(shows))
    assert numbers(tmp_path) == [1, 2, 3]


def test_numbers_stay_when_some_are_deleted(keep: Keep, tmp_path: Path) -> None:
    for shows in ("a", "b", "c"):
        keep(book(shows))
    history.entries(tmp_path)[1].path.unlink()
    keep(book("d"))
    assert numbers(tmp_path) == [1, 3, 4]


def test_files_of_somebody_elses_are_no_builds(keep: Keep, tmp_path: Path) -> None:
    keep(book("a"))
    for name in ("notes.json", "0002_2026-13-45T12-39-40Z.json", "0003.json.gz", "0004_2026-11-24T12-39-40Z.json.bak"):
        (tmp_path / "history" / name).write_text("{}")
    assert numbers(tmp_path) == [1]


def test_one_that_somebody_unpacked_still_counts(keep: Keep, tmp_path: Path) -> None:
    keep(book("a"))
    [entry] = history.entries(tmp_path)
    entry.path.with_suffix("").write_bytes(gzip.decompress(entry.path.read_bytes()))
    entry.path.unlink()
    assert numbers(tmp_path) == [1]
    assert keep(book("a")) == []


def test_a_newest_that_cannot_be_read_keeps_no_build_from_being_kept(keep: Keep, tmp_path: Path) -> None:
    keep(book("a"))
    history.entries(tmp_path)[0].path.write_bytes(b"")
    assert keep(book("a")) != []


# --- naming one ------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(keep: Keep, tmp_path: Path) -> Path:
    """Builds on three evenings, as clocks here show it: the 24th at 20:39:40, the 25th at 08:00:00 and at 23:59:59."""
    for shows, created in (("a", FIRST), ("b", "2026-11-25T00:00:00+00:00"), ("c", "2026-11-25T15:59:59+00:00")):
        keep(book(shows, created=created))
    return tmp_path


@pytest.mark.parametrize(
    ("which", "number"),
    [
        ("1", 1), ("3", 3), ("0002", 2),
        ("2026-11-24", 1), ("2026-11-25", 3), ("2027-01-01", 3),
        ("2026-11-24T20:39", 1), ("2026-11-24 20:40", 1), ("2026-11-24T20:39:40", 1),
        ("2026-11-25T07:59:59", 1), ("2026-11-25T08:00:00", 2), ("2026-11-25T23:58", 2), ("2026-11-25T23:59", 3),
    ],
)  # fmt: skip
def test_a_build_is_named_by_its_number_or_by_a_time(three: Path, which: str, number: int) -> None:
    found = history.find(f"{three}@{which}")
    assert found == history.entries(three)[number - 1].path


@pytest.mark.parametrize("which", ["4", "0", "2026-11-23", "2026-11-24T20:39:39"])
def test_a_build_that_is_not_kept_is_refused(three: Path, which: str) -> None:
    with pytest.raises(UsageError, match=r"has no build .*dossier log"):
        history.find(f"{three}@{which}")


@pytest.mark.parametrize("which", ["", "last", "2026-13-01", "2026-11-24T25:00", "-1", "9999-12-31T"])
def test_what_is_neither_number_nor_time_is_refused(three: Path, which: str) -> None:
    with pytest.raises(UsageError, match="neither the number of a build nor a time"):
        history.find(f"{three}@{which}")


def test_a_path_is_taken_as_it_is(three: Path) -> None:
    for name in ("q", "q@1"):
        (three / name).mkdir()
    for path in (three / "q@1", three / "q", three / "no@1", Path("@1")):
        assert history.find(str(path)) == path


# --- what each build changed -----------------------------------------------------------------------------------------


def test_the_log_begins_with_the_newest(three: Path) -> None:
    assert [build.entry.number for build in history.log(three, 20)] == [3, 2, 1]


def test_a_build_is_told_by_what_it_has_and_what_it_changed(keep: Keep, tmp_path: Path) -> None:
    keep(book("abc"))
    keep(book("abX"))
    newest, first = history.log(tmp_path, 20)
    assert (newest.pages, newest.sheets, newest.volumes, newest.evidence, newest.engine) == (3, 2, 1, 1, "embedded 1")
    assert newest.changed == history.Changed({"changed": 1}, {}, {}, printed=1, same=False, engine="embedded 1")
    assert first.changed is None


def test_a_build_that_changed_nothing_that_shows_says_so(keep: Keep, tmp_path: Path) -> None:
    keep(book("abc"))
    keep(replace(book("abc"), engine={"word": "embedded", "version": "2"}))
    [newest] = history.log(tmp_path, 1)
    assert newest.changed == history.Changed({}, {}, {}, printed=0, same=True, engine="embedded 1")
    assert newest.engine == "embedded 2"


def test_of_a_long_history_the_last_ones_are_told_each_against_the_one_before(three: Path) -> None:
    builds = history.log(three, 2)
    assert [build.entry.number for build in builds] == [3, 2]
    assert all(build.changed is not None for build in builds)


def test_a_build_that_cannot_be_read_is_named_and_the_others_are_told(keep: Keep, tmp_path: Path) -> None:
    for shows in ("a", "b", "c"):
        keep(book(shows))
    path = history.entries(tmp_path)[1].path
    path.write_bytes(path.read_bytes()[:-9])
    newest, torn, first = history.log(tmp_path, 20)
    assert "is not a compressed receipt, or not a whole one" in torn.wrong
    assert (newest.changed, newest.pages, first.pages) == (None, 1, 1)


def test_a_folder_without_a_history_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match="has no history"):
            history.log(folder, 20)


# --- builds ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def build(tmp_path: Path, make_manifest: MakeManifest) -> Callable[..., dossier.Binder]:
    def build(*names: str, **keys: object) -> dossier.Binder:
        path = make_manifest({"1": [{"file": name} for name in names]}, front=[], **keys)
        return dossier.build(dossier.load(path), out=tmp_path / "out", engine="embedded")

    return build


Build = Callable[..., dossier.Binder]


def test_a_complete_build_is_kept_as_its_receipt_and_a_draft_is_not(
    build: Build, make_pdf: MakePdf, tmp_path: Path
) -> None:
    build("a.pdf")
    assert numbers(tmp_path / "out") == []
    make_pdf("sources/a.pdf")
    written = build("a.pdf").receipt
    [entry] = history.entries(tmp_path / "out")
    assert receipt.read(entry.path) == written
    build("a.pdf", "b.pdf")
    assert numbers(tmp_path / "out") == [1]


def test_building_again_keeps_nothing_more(build: Build, make_pdf: MakePdf, tmp_path: Path) -> None:
    make_pdf("sources/a.pdf")
    for _ in range(2):
        build("a.pdf")
    assert numbers(tmp_path / "out") == [1]


def test_no_later_build_takes_away_or_changes_what_is_kept(build: Build, make_pdf: MakePdf, tmp_path: Path) -> None:
    make_pdf("sources/a.pdf")
    build("a.pdf")
    kept = {entry.path: entry.path.read_bytes() for entry in history.entries(tmp_path / "out")}
    # Not even where a receipt claims that it put them there.
    path = tmp_path / "out" / "receipt.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["documents"] = [f"history/{entry.name}" for entry in kept]
    path.write_text(json.dumps(data), encoding="utf-8")
    make_pdf("sources/b.pdf", 2)
    build("b.pdf")
    (tmp_path / "sources" / "b.pdf").unlink()
    build("b.pdf")
    make_pdf("sources/b.pdf", 3)
    build("b.pdf")
    assert numbers(tmp_path / "out") == [1, 2, 3]
    assert {path: path.read_bytes() for path in kept} == kept


def test_a_build_that_was_killed_while_its_files_were_put_in_place_is_kept(
    build: Build, make_pdf: MakePdf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pdf("sources/a.pdf")
    out = tmp_path / "out"

    def killed(folder: Path, plan: dict[str, list[str]]) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(publish, "_finish", killed)
        with pytest.raises(dossier.OutputError):
            build("a.pdf")
    assert not (out / "history").exists()
    assert [entry.entry.number for entry in history.log(out, 20)] == [1]
    assert receipt.read(out / "receipt.json") == receipt.read(history.entries(out)[0].path)


def test_the_book_is_compared_where_it_is_the_one_that_the_history_speaks_of(
    build: Build, make_pdf: MakePdf, tmp_path: Path
) -> None:
    make_pdf("sources/a.pdf", 2)
    build("a.pdf")
    make_pdf("sources/a.pdf", 4)
    build("a.pdf")
    out = tmp_path / "out"
    old, new = (comparison.read(history.find(f"{out}@{number}")) for number in (1, 2))
    assert (old.files, new.files) == ((None,), (out / "binder.pdf",))
    assert comparison.compare(old, new).looks is False
    assert comparison.compare(new, comparison.read(out)).looks is True
    assert ("1-01", "changed") in {(change.id, change.became) for change in comparison.compare(old, new).changes}


def test_a_receipt_in_the_history_is_found_from_inside_it(
    build: Build, make_pdf: MakePdf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pdf("sources/a.pdf", 2)
    build("a.pdf")
    [entry] = history.entries(tmp_path / "out")
    monkeypatch.chdir(entry.path.parent)
    assert comparison.read(Path(entry.path.name)).whole
    assert Path.cwd() == Path(os.path.realpath(entry.path.parent))
