"""A source that changes or vanishes while the book is built is refused by name, and its pages are not kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from drawn import good_pdf, picture, word, zipped
from room import bind, evidence_of, is_bound, problems_of

import dossier
from dossier import convert, sources
from dossier.build import Event
from dossier.convert import libreoffice
from dossier.sources import Kind

linux = pytest.mark.skipif(sys.platform != "linux", reason="workers know a test's functions only where they are forked")
Change = Callable[[Path], object]
DRAWN: dict[str, Change] = {
    ".pdf": lambda path: good_pdf(path, path.stem),
    ".docx": lambda path: word(path, replace=(b"text", path.stem.encode())),
    ".png": picture,
    ".txt": lambda path: path.write_text(path.stem),
    ".mp3": lambda path: path.write_bytes(b"ID3" + bytes(99) + path.stem.encode()),
    ".zip": lambda path: zipped(path, {"a.txt": path.stem.encode()}),
}


def draw(folder: Path, *names: str) -> list[Path]:
    """Draw sources of the kinds that their names say, no two of them alike."""
    paths = [folder / "sources" / name for name in names]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        DRAWN[path.suffix](path)
    return paths


def after_planning(change: Callable[[], object]) -> Callable[[Event], None]:
    """Return a listener that makes a change when all sources are known and none is converted."""
    done: list[object] = []

    def tell(event: Event) -> None:
        if event.stage == "convert" and not done:
            done.append(change())

    return tell


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\n")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def to_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def to_link(path: Path) -> None:
    outside = path.parent.parent / f"outside-{path.name}"
    good_pdf(outside, "outside")
    path.unlink()
    path.symlink_to(outside)


CHANGES: dict[str, Change] = {"grow": grow, "cut": cut, "folder": to_folder, "pipe": to_pipe, "link": to_link}
GONE, CHANGED = "unreadable-source", "changed-source"


def assert_refused(binder: dossier.Binder, id: str, name: str, code: str) -> None:
    [problem] = problems_of(binder, id)
    assert (problem.code, evidence_of(binder, id).status) == (code, "refused")
    assert name in problem.message
    assert problem.fix


BEFORE = [f"{change}{kind}" for change in CHANGES for kind in (".pdf", ".png")]
LOST = [f"lost{kind}" for kind in (".pdf", ".docx", ".png", ".txt", ".mp3")]


def change_all(paths: list[Path]) -> None:
    for path in paths:
        Path.unlink(path) if path.stem == "lost" else CHANGES[path.stem](path)


@pytest.fixture(scope="module")
def changed_before(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    folder = tmp_path_factory.mktemp("before")
    paths = draw(folder, *BEFORE, *LOST)
    return bind(folder, *BEFORE, *LOST, progress=after_planning(lambda: change_all(paths)))


@linux
@pytest.mark.parametrize("name", [*BEFORE, *LOST])
def test_a_source_that_changes_before_it_is_converted_is_refused(changed_before: dossier.Binder, name: str) -> None:
    id = f"1-{[*BEFORE, *LOST].index(name) + 1:02}"
    assert_refused(changed_before, id, name, GONE if name in LOST else CHANGED)


OFFICE = ["lost.docx", "grow.docx", "pipe.docx", "lost.txt", "grow.txt", "pipe.txt"]


@pytest.fixture(scope="module")
def changed_before_libreoffice(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed here")
    folder = tmp_path_factory.mktemp("office")
    paths = draw(folder, *OFFICE)
    return bind(folder, *OFFICE, engine="libreoffice", progress=after_planning(lambda: change_all(paths)))


@linux
@pytest.mark.libreoffice
@pytest.mark.parametrize("name", OFFICE)
def test_a_source_that_changes_before_libreoffice_sees_it_is_refused(
    changed_before_libreoffice: dossier.Binder, name: str
) -> None:
    id = f"1-{OFFICE.index(name) + 1:02}"
    assert_refused(changed_before_libreoffice, id, name, GONE if name.startswith("lost") else CHANGED)


WHILE = ["grow.png", "cut.png", "lost.png", "after.png"]


@pytest.fixture(scope="module")
def changed_while(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    """Bind pictures that change when their conversion has begun, and one that changes when it is all but done."""
    folder = tmp_path_factory.mktemp("while")
    draw(folder, *WHILE)
    plain = convert._CONVERTERS[Kind.PNG]

    def changing(task: convert.Task, *arguments: Any) -> Any:
        if task.name == "after.png":
            notes = plain(task, *arguments)
            grow(task.path)
            return notes
        change_all([task.path])
        return plain(task, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(convert._CONVERTERS, Kind.PNG, changing)
        return bind(folder, *WHILE)


@linux
@pytest.mark.parametrize("name", WHILE)
def test_a_source_that_changes_while_it_is_converted_is_refused(changed_while: dossier.Binder, name: str) -> None:
    assert_refused(changed_while, f"1-{WHILE.index(name) + 1:02}", name, GONE if name == "lost.png" else CHANGED)


ARCHIVES = ["grow.zip", "lost.zip", "pipe.zip"]


@pytest.fixture(scope="module")
def changed_archives(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    """Bind archives that change when they have been found and not yet been unpacked."""
    folder = tmp_path_factory.mktemp("archives")
    draw(folder, *ARCHIVES)
    read = sources.read

    def reading(root: Path, name: str, *rest: Any) -> sources.SourceFile:
        found = read(root, name, *rest)
        if name in ARCHIVES:
            change_all([found.path])
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "read", reading)
        patch.setattr("dossier.containers.recognise", lambda path, kind: kind)  # it would look at them once more
        return bind(folder, *ARCHIVES)


@linux
@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_that_changes_before_it_is_unpacked_is_refused(changed_archives: dossier.Binder, name: str) -> None:
    assert_refused(changed_archives, f"1-{ARCHIVES.index(name) + 1:02}", name, GONE if "lost" in name else CHANGED)


def test_pages_of_a_source_that_changed_are_not_taken_for_its_own_ever_after(tmp_path: Path) -> None:
    [path] = draw(tmp_path, "a.pdf")
    kept = path.read_bytes()

    bind(tmp_path, "a.pdf", progress=after_planning(lambda: good_pdf(path, "after")))
    path.write_bytes(kept)
    binder = bind(tmp_path, "a.pdf")

    assert binder.complete
    assert is_bound(binder, "1-01", ["a p1"])


def test_a_source_that_changes_after_it_was_converted_is_named_when_the_book_is_verified(tmp_path: Path) -> None:
    [path] = draw(tmp_path, "a.pdf")

    binder = bind(tmp_path, "a.pdf", progress=lambda event: grow(path) if event.stage == "prove" else None)

    assert is_bound(binder, "1-01", ["a p1"])
    assert dossier.verify(binder.folder).changed == ("a.pdf has changed since it was bound",)


@pytest.mark.parametrize("change", [Path.unlink, grow, to_pipe], ids=["it vanishes", "it grows", "it becomes a pipe"])
def test_an_original_that_is_not_what_was_bound_is_not_kept_beside_the_book(tmp_path: Path, change: Change) -> None:
    [path] = draw(tmp_path, "a.pdf")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.attachments["table.csv"] = b"1,2"
        pdf.save()

    def tell(event: Event) -> None:
        if event.stage == "bind" and event.name:
            change(path)

    binder = bind(tmp_path, "a.pdf", progress=tell)

    assert is_bound(binder, "1-01", ["a p1"])
    assert binder.receipt.originals == ()
    assert not (tmp_path / "out" / "originals").exists()
    [problem] = [problem for problem in problems_of(binder, severity="warning") if "not kept" in problem.message]
    assert problem.code == (GONE if change is Path.unlink else CHANGED)
