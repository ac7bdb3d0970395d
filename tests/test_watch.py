"""Whatever is saved of what a book is made of is built, once and whole; nothing else is, and no failure ends that."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import watchfiles
from conftest import MakeManifest, MakePdf
from word_xml import word

import dossier
from dossier import board, manifest, receipt, watch
from dossier.binder import Binder, Verification
from dossier.errors import (
    ConversionError,
    DossierError,
    EngineError,
    ManifestError,
    OutputBusyError,
    OutputError,
    Problem,
    SetError,
    UsageError,
)
from dossier.manifest import Manifest
from dossier.receipt import Evidence, Item, Page, Receipt, Volume
from dossier.watch import Begun, Changes, Effect, Happening, Job, Round, Waiting

PROOF = Verification(1, 1, 0, 0, 0, 0)
Step = Callable[[], object]


class Over(Exception):
    """There is no more to happen: the watch would wait for ever."""


def nothing() -> None:
    """Let a while go by in which nothing happens."""


@dataclass
class Script:
    """An alarm at each of whose waits, and in each of whose pauses, the next thing happens."""

    steps: list[Step]
    pauses: list[Step] = field(default_factory=list)
    folders: frozenset[Path] = frozenset()

    def wait(self, folders: frozenset[Path]) -> bool:
        self.folders = folders
        if not self.steps:
            raise Over
        self.steps.pop(0)()
        return True

    def pause(self) -> None:
        if self.pauses:
            self.pauses.pop(0)()


@dataclass
class Desk:
    """A manifest with its sources, and a build that only notes what it found there."""

    root: Path
    manifest: Path
    found: list[dict[str, str]] = field(default_factory=list)
    drawn: list[Manifest] = field(default_factory=list)
    does: list[Callable[[Manifest], Receipt | None]] = field(default_factory=list)
    board: bool = False
    out: str = "build/dossier"

    @property
    def folder(self) -> Path:
        return self.root / self.out

    def build(self, loaded: Manifest) -> Binder:
        paths = (path for path in loaded.root.rglob("*") if path.is_file())
        self.found.append({path.relative_to(loaded.root).as_posix(): path.read_text() for path in paths})
        written = self.does.pop(0)(loaded) if self.does else None
        return Binder(self.folder, written or book("a"), PROOF)

    def draw(self, loaded: Manifest) -> Path:
        self.drawn.append(loaded)
        return self.folder / board.NAME

    def put(self, name: str, text: str = "text") -> Step:
        """Return a step that writes a file."""

        def write() -> None:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

        return write

    def take(self, name: str) -> Step:
        return (self.root / name).unlink

    def move(self, old: str, new: str) -> Step:
        return lambda: (self.root / old).replace(self.root / new)

    def watched(self, *steps: Step, pauses: Sequence[Step] = (), **keys: Any) -> list[Happening]:
        """Return what happens at a watch in which these things happen, one after the other."""
        script = Script(list(steps), list(pauses))
        job = Job(self.manifest, self.folder, self.build, self.draw, self.board, **keys)
        seen: list[Happening] = []
        with suppress(Over):
            for happening in watch.watch(job, script):
                seen.append(happening)
        assert script.pauses == []
        return seen

    def rounds(self, *steps: Step, **keys: Any) -> list[Round]:
        return [one for one in self.watched(*steps, **keys) if isinstance(one, Round)]

    def changes(self, *steps: Step, **keys: Any) -> list[Changes]:
        """Return what each build but the first was begun for."""
        return [one.changes for one in self.rounds(*steps, **keys)][1:]


@pytest.fixture
def desk(tmp_path: Path, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    found = Desk(tmp_path, make_manifest({"1": [{"file": "a.pdf"}]}))
    found.put("sources/a.pdf")()
    return found


def book(shows: str, *problems: Problem, complete: bool = True) -> Receipt:
    """Return the receipt of a book whose one proof has a page for each letter."""
    pages = tuple(
        Page(1, number, str(number), f"— {number} —", "evidence", "1", "1-01", digest=letter)
        for number, letter in enumerate(shows, start=1)
    )
    items = (Item("1", "Item", "", "", "", "complete", evidence=(Evidence("1-01", "Proof", "bound"),)),)
    volumes = (Volume("binder.pdf", "", len(pages)),)
    return Receipt("Dossier", complete, {}, {}, {}, volumes, items, pages, problems=problems)


def writes(*receipts: Receipt) -> list[Callable[[Manifest], Receipt | None]]:
    """Return builds that end with these books, one after the other."""
    return [lambda loaded, written=written: written for written in receipts]  # type: ignore[misc]


def fails(error: Exception) -> Callable[[Manifest], Receipt | None]:
    def fail(loaded: Manifest) -> Receipt | None:
        raise error

    return fail


# --- what starts a build -------------------------------------------------------------------------------------------


def test_it_begins_with_a_build_and_says_so_before_and_after(desk: Desk) -> None:
    begun, done = desk.watched()
    assert isinstance(begun, Begun)
    assert isinstance(done, Round)
    assert begun.changes == done.changes == Changes()
    assert begun.time == done.time
    assert isinstance(done.outcome, Binder)


def test_while_nothing_changes_nothing_is_built(desk: Desk) -> None:
    assert len(desk.rounds(nothing, nothing, nothing)) == 1


def test_what_was_added_changed_and_removed_is_told_by_name(desk: Desk) -> None:
    desk.put("sources/1-1/b.pdf")()

    def several() -> None:
        desk.put("sources/1-1/新.pdf")()
        desk.put("sources/a.pdf", "longer text")()
        desk.take("sources/1-1/b.pdf")()

    assert desk.changes(several) == [Changes(("1-1/新.pdf",), ("a.pdf",), ("1-1/b.pdf",))]
    assert desk.found[-1] == {"1-1/新.pdf": "text", "a.pdf": "longer text"}


def test_names_come_in_the_order_people_expect(desk: Desk) -> None:
    def several() -> None:
        for number in (10, 9, 1):
            desk.put(f"sources/{number}.jpg")()

    assert desk.changes(several) == [Changes(added=("1.jpg", "9.jpg", "10.jpg"))]


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_in_another_encoding_is_told_in_letters(desk: Desk) -> None:
    assert desk.changes(desk.put(f"sources/{os.fsdecode('云岭.pdf'.encode('gbk'))}")) == [Changes(added=("云岭.pdf",))]


def test_the_same_size_at_another_time_is_a_change(desk: Desk) -> None:
    assert desk.changes(desk.put("sources/a.pdf", "TEXT")) == [Changes(changed=("a.pdf",))]


def test_a_file_that_can_be_read_again_is_a_change(desk: Desk) -> None:
    (desk.root / "sources" / "a.pdf").chmod(0o644)
    assert desk.changes(lambda: (desk.root / "sources" / "a.pdf").chmod(0o600)) == [Changes(changed=("a.pdf",))]


def test_each_change_is_built_once(desk: Desk) -> None:
    steps = [desk.put("sources/b.pdf"), nothing, desk.put("sources/c.pdf"), nothing]
    assert desk.changes(*steps) == [Changes(added=("b.pdf",)), Changes(added=("c.pdf",))]


def test_a_change_while_a_build_runs_starts_another_after_it(desk: Desk) -> None:
    def meanwhile(loaded: Manifest) -> None:
        desk.put("sources/late.pdf")()

    desk.does = [meanwhile]
    assert desk.changes() == [Changes(added=("late.pdf",))]
    assert ["late.pdf" in found for found in desk.found] == [False, True]


def test_a_manifest_that_is_saved_while_it_is_read_is_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    load = manifest.load
    text = desk.manifest.read_text(encoding="utf-8")

    def saved_meanwhile(path: Path) -> Manifest:
        loaded = load(path)
        monkeypatch.undo()
        monkeypatch.chdir(desk.root)
        path.write_text(f"{text}\n# later", encoding="utf-8")
        return loaded

    monkeypatch.setattr(manifest, "load", saved_meanwhile)
    assert desk.changes() == [Changes(changed=("dossier.yaml",))]


@pytest.mark.parametrize("name", ["dossier.yaml", "dossier.lock", "passwords.txt", "mine/cover.docx", "mine/set.yaml"])
def test_whatever_else_a_book_is_made_of_counts(desk: Desk, make_manifest: MakeManifest, name: str) -> None:
    word(desk.root / "mine" / "cover.docx", "甲")
    desk.put("mine/set.yaml", "extends: official")()
    desk.put("passwords.txt", "{}")()
    desk.put("dossier.lock", "{}")()
    make_manifest({"1": [{"file": "a.pdf"}]}, template_set="mine")

    def save() -> None:
        path = desk.root / name
        path.write_bytes(path.read_bytes() + b"\n")

    assert desk.changes(save, beside=(Path("passwords.txt"),)) == [Changes(changed=(name,))]


def test_a_set_that_another_one_extends_counts(desk: Desk, make_manifest: MakeManifest) -> None:
    word(desk.root / "base" / "cover.docx", "甲")
    desk.put("mine/set.yaml", "extends: base")()
    make_manifest({"1": [{"file": "a.pdf"}]}, template_set="mine")
    assert desk.changes(desk.put("base/logo.png")) == [Changes(added=("base/logo.png",))]


def test_a_set_that_comes_to_take_a_shipped_ones_place_counts(desk: Desk) -> None:
    assert desk.changes(lambda: word(desk.root / "official" / "cover.docx", "甲")) == [
        Changes(added=("official/cover.docx",))
    ]


def test_other_files_beside_the_manifest_do_not_count(desk: Desk) -> None:
    assert desk.changes(desk.put("notes.txt"), desk.put("other.yaml"), desk.put("elsewhere/a.pdf")) == []


def test_a_manifest_that_names_another_folder_has_that_one_watched(desk: Desk, make_manifest: MakeManifest) -> None:
    desk.put("more/b.pdf")()

    def elsewhere() -> None:
        make_manifest({"1": [{"file": "b.pdf"}]}, sources="more")

    found = desk.changes(elsewhere, desk.put("more/c.pdf"), desk.put("sources/d.pdf"))
    assert found == [Changes(changed=("dossier.yaml",)), Changes(added=("c.pdf",))]


def test_a_sources_folder_that_comes_later_is_seen(desk: Desk, make_manifest: MakeManifest) -> None:
    make_manifest({"1": [{"file": "b.pdf"}]}, sources="share/late")
    assert desk.changes(desk.put("share/late/b.pdf")) == [Changes(added=("b.pdf",))]


def test_it_is_told_where_to_wait_for_notices(desk: Desk) -> None:
    desk.put("sources/1-1/b.pdf")()
    desk.put("build/dossier/binder.pdf")()
    script = Script([])
    with pytest.raises(Over):
        list(watch.watch(Job(desk.manifest, desk.folder, desk.build, desk.draw), script))
    assert script.folders == {desk.root, desk.root / "sources", desk.root / "sources" / "1-1"}


def test_of_a_folder_that_is_not_there_the_one_in_which_it_may_come_is_watched(
    desk: Desk, make_manifest: MakeManifest
) -> None:
    desk.put("share/notes.txt")()
    make_manifest({"1": [{"file": "b.pdf"}]}, sources="share/late/2023")
    script = Script([])
    with pytest.raises(Over):
        list(watch.watch(Job(desk.manifest, desk.folder, desk.build, desk.draw), script))
    assert desk.root / "share" in script.folders


# --- what does not -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "~$通知.docx", ".~lock.通知.odt#", "~WRD0001.tmp", "~wrl0003.asd", ".a.pdf.swp", ".a.pdf.swo", "4913", "a.pdf~",
        "#a.pdf#", ".#a.pdf", "扫描.pdf.crdownload", "扫描.pdf.part", "扫描.PDF.TMP", "Thumbs.db", ".DS_Store",
        "._a.pdf", "desktop.ini", ".git/index", ".~tmp/b.pdf",
    ],
)  # fmt: skip
def test_what_programs_keep_for_themselves_starts_no_build(desk: Desk, name: str) -> None:
    assert desk.changes(desk.put(f"sources/{name}"), desk.take(f"sources/{name}")) == []


@pytest.mark.parametrize("name", ["a.docx", "1~3月.pdf", "#1通知.pdf", "part.pdf", "tmp", "v1.swp.pdf", "4913.pdf"])
def test_a_name_that_only_looks_a_little_like_theirs_counts(desk: Desk, name: str) -> None:
    assert desk.changes(desk.put(f"sources/{name}")) == [Changes(added=(name,))]


@pytest.mark.parametrize("out", ["build/dossier", "sources/out", "sources/deep/out"])
def test_its_own_output_starts_no_build(desk: Desk, out: str) -> None:
    desk.out = out

    def build(loaded: Manifest) -> None:
        for name in ("binder.pdf", "history/0001.json.gz", "labels/spine.pdf", ".dossier/journal.json"):
            desk.put(f"{out}/{name}")()

    desk.does = [build]
    assert desk.changes(nothing, desk.put(f"{out}/index.html"), desk.put("sources/b.pdf")) == [
        Changes(added=("b.pdf",))
    ]


def test_books_of_other_manifests_start_no_build_where_all_lie_together(
    desk: Desk, make_manifest: MakeManifest
) -> None:
    make_manifest({"1": [{"file": "a.pdf"}]}, sources=".")
    assert desk.changes(desk.put("build/other/binder.pdf"), desk.put("b.pdf")) == [Changes(added=("b.pdf",))]


def test_a_book_is_not_built_into_a_folder_that_is_watched(desk: Desk) -> None:
    desk.out = "sources"
    [done] = desk.rounds()
    assert isinstance(done.outcome, UsageError)
    assert "is watched" in done.outcome.message
    assert desk.found == []


# --- files that are being written ----------------------------------------------------------------------------------


def test_a_file_that_grows_is_waited_for_and_built_whole(desk: Desk) -> None:
    grows = [desk.put("sources/b.pdf", "x" * size) for size in (2, 3, 4)]
    assert desk.changes(desk.put("sources/b.pdf", "x"), pauses=grows) == [Changes(added=("b.pdf",))]
    assert [found.get("b.pdf") for found in desk.found] == [None, "xxxx"]


def test_a_save_by_way_of_another_file_is_one_change(desk: Desk) -> None:
    """As Word does: the new file is written aside, the old one is renamed, the new one takes its name, the old goes."""
    old, aside, new = "sources/a.docx", "sources/~WRL0003.tmp", "sources/~WRD0002.tmp"
    desk.put(old)()

    def begin() -> None:
        desk.put(new, "new text")()
        desk.move(old, aside)()

    found = desk.changes(begin, pauses=[desk.move(new, old), desk.take(aside)])
    assert found == [Changes(changed=("a.docx",))]


def test_what_came_and_went_starts_no_build(desk: Desk) -> None:
    assert desk.changes(desk.put("sources/A1B2C3D4"), pauses=[desk.take("sources/A1B2C3D4"), nothing]) == []


def test_who_waits_long_is_told_for_what(desk: Desk) -> None:
    grows = [desk.put("sources/b.pdf", "x" * size) for size in range(2, 12)]
    found = desk.watched(desk.put("sources/b.pdf", "x"), pauses=grows)
    assert [one for one in found if isinstance(one, Waiting)] == [Waiting(("b.pdf",))]
    assert desk.found[-1]["b.pdf"] == "x" * 11


def test_a_file_that_never_stops_growing_does_not_keep_the_others_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_MOST_PAUSES", 3)
    grows = [desk.put("sources/log.txt", "x" * size) for size in range(2, 100)]
    script = Script([desk.put("sources/log.txt", "x")], grows)
    happenings = watch.watch(Job(desk.manifest, desk.folder, desk.build, desk.draw), script)
    assert until(happenings, 2)[1].changes == Changes(added=("log.txt",))
    assert len(grows) == 98 - 3


# --- what goes wrong -----------------------------------------------------------------------------------------------


def test_there_must_be_a_manifest_to_begin_with(desk: Desk) -> None:
    desk.manifest.unlink()
    with pytest.raises(UsageError, match=r"dossier\.yaml is not there"):
        next(watch.watch(Job(desk.manifest, desk.folder, desk.build, desk.draw), Script([])))


def test_half_a_manifest_is_told_and_the_next_save_is_built(desk: Desk) -> None:
    text = desk.manifest.read_text(encoding="utf-8")
    half, whole = (desk.put("dossier.yaml", one) for one in (text[: len(text) // 2] + "\n  - {file: [", f"{text}\n"))
    first, broken, mended = desk.rounds(half, nothing, whole)
    assert isinstance(first.outcome, Binder)
    assert isinstance(broken.outcome, ManifestError)
    assert isinstance(mended.outcome, Binder)


@pytest.mark.parametrize(
    "error",
    [
        ConversionError("it is broken", fix="mend it"),
        EngineError("there is no engine", fix="install one"),
        ManifestError("it cannot be used", []),
        SetError("it cannot be used", []),
        OutputError("the disk is full", fix="free some space"),
    ],
)
def test_a_build_that_fails_does_not_end_the_watch(desk: Desk, error: DossierError) -> None:
    desk.does = [fails(error)]
    failed, built = desk.rounds(nothing, desk.put("sources/b.pdf"))
    assert failed.outcome is error
    assert isinstance(built.outcome, Binder)


def test_a_failure_of_the_disk_is_said_in_our_words(desk: Desk) -> None:
    desk.does = [fails(OSError(28, "No space left on device"))]
    [failed] = desk.rounds()
    assert isinstance(failed.outcome, OutputError)
    assert "No space left on device" in failed.outcome.message


def test_a_folder_that_another_build_holds_is_tried_again(desk: Desk) -> None:
    desk.does = [fails(OutputBusyError("another build is writing it"))] * 2
    rounds = desk.rounds(nothing, nothing, nothing)
    assert [isinstance(one.outcome, Binder) for one in rounds] == [False, False, True]
    assert [one.changes for one in rounds] == [Changes()] * 3


def test_a_change_that_another_build_held_up_is_built(desk: Desk) -> None:
    desk.does = [fails(OutputBusyError("another build is writing it"))]
    assert desk.changes(desk.put("sources/b.pdf")) == [Changes(added=("b.pdf",))]


def test_an_interrupt_ends_it_at_once(desk: Desk) -> None:
    desk.does = [fails(KeyboardInterrupt())]  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        list(watch.watch(Job(desk.manifest, desk.folder, desk.build, desk.draw), Script([nothing])))


def test_settings_of_a_set_that_are_wrong_are_put_right_in_it(desk: Desk, make_manifest: MakeManifest) -> None:
    desk.put("mine/set.yaml", "extends: official\npage: {siz")()
    make_manifest({"1": [{"file": "a.pdf"}]}, template_set="mine")
    assert desk.changes(desk.put("mine/set.yaml", "extends: official")) == [Changes(changed=("mine/set.yaml",))]


def test_a_set_that_is_half_saved_meanwhile_is_still_watched_with_what_it_extends(
    desk: Desk, make_manifest: MakeManifest
) -> None:
    word(desk.root / "base" / "cover.docx", "甲")
    desk.put("mine/set.yaml", "extends: base")()
    make_manifest({"1": [{"file": "a.pdf"}]}, template_set="mine")
    found = desk.changes(desk.put("mine/set.yaml", "extends: ["), desk.put("base/logo.png"))
    assert found == [Changes(changed=("mine/set.yaml",)), Changes(added=("base/logo.png",))]


# --- what a build did to the book ----------------------------------------------------------------------------------


def problem(message: str, **keys: Any) -> Problem:
    return Problem("missing-source", message, "ask for it", **keys)


def effects(desk: Desk, *receipts: Receipt) -> list[Effect | None]:
    """Return what builds did that ended with these books."""
    desk.does = writes(*receipts)
    steps = [desk.put(f"sources/{number}.pdf") for number in range(1, len(receipts))]
    return [one.effect for one in desk.rounds(*steps)]


def test_the_first_book_did_nothing_to_another(desk: Desk) -> None:
    assert effects(desk, book("a")) == [None]


def test_pages_evidence_and_sheets_are_told(desk: Desk) -> None:
    _, effect = effects(desk, book("abc"), book("abcde"))
    assert effect is not None
    assert (effect.pages_before, effect.pages, effect.printed) == (3, 5, 2)
    assert [(change.id, change.became, change.pages) for change in effect.changes] == [("1-01", "changed", ("4", "5"))]


def test_of_a_draft_there_is_nothing_to_print(desk: Desk) -> None:
    _, drafted, completed = effects(desk, book("a"), book("ab", complete=False), book("a"))
    assert (drafted and drafted.printed, completed and completed.printed) == (None, None)


def test_problems_that_are_new_and_solved_are_told_wherever_they_stand(desk: Desk) -> None:
    stays, goes, comes = (problem(f"{name} is not there", where="m.yaml:3") for name in "abc")
    down = replace(stays, where="m.yaml:9")
    _, effect = effects(desk, book("a", stays, goes), book("a", down, comes))
    assert effect is not None
    assert (effect.new, effect.solved) == ((comes,), (goes,))


def test_after_a_failure_it_is_told_what_differs_from_the_last_book(desk: Desk) -> None:
    desk.does = [*writes(book("a")), fails(EngineError("it is gone")), *writes(book("ab"))]
    first, failed, last = desk.rounds(desk.put("sources/b.pdf"), desk.put("sources/c.pdf"))
    assert (first.effect, failed.effect) == (None, None)
    assert last.effect is not None
    assert (last.effect.pages_before, last.effect.pages) == (1, 2)


@pytest.mark.parametrize(("names", "pages"), [(("receipt.json",), 1), (("receipt.json", "receipt-draft.json"), 2)])
def test_the_first_build_is_told_against_what_stood_there(desk: Desk, names: tuple[str, ...], pages: int) -> None:
    desk.folder.mkdir(parents=True)
    for name, shows in zip(names, ("a", "ab"), strict=False):
        (desk.folder / name).write_text(book(shows, complete=name == "receipt.json").dumps(), encoding="utf-8")
    [effect] = effects(desk, book("abc"))
    assert effect is not None
    assert (effect.pages_before, effect.pages) == (pages, 3)


# --- the board -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("there", "asked", "count"), [(True, False, 2), (False, True, 2), (False, False, 0)])
def test_a_board_is_kept_fresh_where_there_is_one_or_one_is_asked_for(
    desk: Desk, *, there: bool, asked: bool, count: int
) -> None:
    desk.board = asked
    if there:
        desk.put(f"{desk.out}/{board.NAME}")()
    rounds = desk.rounds(desk.put("sources/b.pdf"))
    assert len(desk.drawn) == count
    assert [one.board for one in rounds] == [desk.folder / board.NAME if count else None] * 2


def test_a_board_that_cannot_be_written_does_not_end_the_watch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.board = True
    error = OutputError("it is open elsewhere")
    monkeypatch.setattr(Desk, "draw", lambda self, loaded: fails(error)(loaded))
    rounds = desk.rounds(desk.put("sources/b.pdf"))
    assert [one.board for one in rounds] == [error, error]


def test_without_a_book_no_board_is_drawn(desk: Desk) -> None:
    desk.board = True
    desk.does = [fails(EngineError("it is gone"))]
    [done] = desk.rounds()
    assert (done.board, desk.drawn) == (None, [])


# --- on a real disk, with real books -------------------------------------------------------------------------------


class Hand(watch.Watcher):
    """The real alarm; before each wait the next thing happens."""

    def __init__(self, *steps: Step) -> None:
        super().__init__()
        self.steps = list(steps)
        self.noticed: list[bool] = []

    def wait(self, folders: frozenset[Path]) -> bool:
        if self.steps:
            self.steps.pop(0)()
        self.noticed.append(super().wait(folders))
        return self.noticed[-1]


@pytest.fixture
def real_desk(desk: Desk, make_manifest: MakeManifest, make_pdf: MakePdf) -> Desk:
    make_manifest({"1": [{"file": "a.pdf"}, {"file": "b.pdf"}]}, front=[], engine="embedded")
    make_pdf("sources/a.pdf")
    return desk


def until(happenings: Iterator[Happening], rounds: int) -> list[Round]:
    found: list[Round] = []
    for happening in happenings:
        found += [happening] if isinstance(happening, Round) else []
        if len(found) == rounds:
            return found
    pytest.fail("the watch ended")


def test_a_file_that_comes_completes_the_book(real_desk: Desk, make_pdf: MakePdf) -> None:
    def build(loaded: Manifest) -> Binder:
        return dossier.build(loaded, real_desk.folder)

    job = Job(real_desk.manifest, real_desk.folder, build, real_desk.draw)
    hand = Hand(lambda: make_pdf("sources/b.pdf", 2))
    drafted, completed = until(watch.watch(job, hand), 2)
    assert isinstance(drafted.outcome, Binder)
    assert isinstance(completed.outcome, Binder)
    assert (drafted.outcome.complete, completed.outcome.complete) == (False, True)
    assert completed.changes == Changes(added=("b.pdf",))
    assert completed.effect is not None
    assert [one.evidence for one in completed.effect.solved] == ["1-02"]
    assert receipt.read(real_desk.folder / "receipt.json") == completed.outcome.receipt


def test_the_file_system_gives_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PULSE", 60_000)
    noticed = threading.Event()

    def save() -> None:
        for number in range(600):
            (tmp_path / "a.txt").write_text(str(number))
            if noticed.wait(0.1):
                return

    saving = threading.Thread(target=save)
    saving.start()
    try:
        assert watch.Watcher().wait(frozenset({tmp_path})) is True
    finally:
        noticed.set()
        saving.join()


def test_without_a_notice_it_is_looked_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PULSE", 10)
    watcher = watch.Watcher()
    assert [watcher.wait(frozenset({tmp_path})) for _ in range(2)] == [False, False]


def test_a_folder_that_is_gone_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PULSE", 10)
    watcher = watch.Watcher()
    assert watcher.wait(frozenset({tmp_path / "gone"})) is False
    assert watcher.wait(frozenset({tmp_path})) is False


@pytest.mark.parametrize("error", [OSError(28, "too many watches"), RuntimeError("too many watches")])
def test_where_the_system_can_watch_no_more_it_is_looked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*folders: Path, **options: Any) -> Iterator[set[Any]]:
        raise error
        yield

    monkeypatch.setattr(watch, "_PULSE", 10)
    monkeypatch.setattr(watchfiles, "watch", refuse)
    watcher = watch.Watcher()
    assert [watcher.wait(frozenset({tmp_path})) for _ in range(2)] == [False, False]


def test_a_folder_that_takes_anothers_place_is_watched_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    armed: list[tuple[Path, ...]] = []

    def arm(*folders: Path, **options: Any) -> Iterator[set[Any]]:
        armed.append(folders)
        while True:
            yield set()

    monkeypatch.setattr(watchfiles, "watch", arm)
    watcher, folder = watch.Watcher(), tmp_path / "sources"
    for name in ("sources", "new"):
        (tmp_path / name).mkdir()
    watcher.wait(frozenset({folder}))
    watcher.wait(frozenset({folder}))
    assert len(armed) == 1
    folder.rename(tmp_path / "old")
    (tmp_path / "new").rename(folder)
    watcher.wait(frozenset({folder}))
    assert len(armed) == 2
