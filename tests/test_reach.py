"""A binder stands until something that could show in it changes, wherever that lies; and touching changes nothing."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

import dossier
from dossier import inputs, reach, sources, template_sets
from dossier.build import standing
from dossier.convert import libreoffice

OFFICIAL = Path(__file__).resolve().parent.parent / "templates" / "official"
LOOK = ("cover", "index", "divider", "placeholder")

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs links, pipes or modes")


def draw(path: Path, text: str = "text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = Canvas(str(path), invariant=1)
    canvas.drawString(200, 400, text)
    canvas.showPage()
    canvas.save()
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A dossier that reads files of every sort, built once: each test puts back what it changed."""
    folder = tmp_path_factory.mktemp("reach")
    there = folder / "sources"
    for name in ("a.pdf", "b/c.pdf", ".hidden/d.pdf", "front.pdf", "unused.pdf"):
        draw(there / name)
    Image.new("RGB", (40, 30), "teal").save(there / "logo.png")
    if sys.platform != "win32":
        (there / "linked.pdf").symlink_to("b/c.pdf")
    own = folder / "own"
    own.mkdir()
    for name in LOOK:
        shutil.copy(OFFICIAL / f"{name}.docx", own)
    proofs = [{"file": "a.pdf"}, {"files": "b/*.pdf"}, {"files": ".hidden/*.pdf"}]
    said = {
        "title": "Dossier", "date": "2023-12-15", "engine": "embedded", "sources": "sources", "template_set": "own",
        "front": [{"file": "front.pdf", "title": "Front"}], "images": {"logo": "logo.png"},
        "items": [{"id": "1", "title": "One", "points": 1, "evidence": proofs}],
    }  # fmt: skip
    (folder / "dossier.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    before = Path.cwd()
    os.chdir(folder)
    assert dossier.build("dossier.yaml", "out").complete
    yield folder
    os.chdir(before)


@pytest.fixture(autouse=True)
def _here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test begins, and ends, with a binder that stands."""
    monkeypatch.chdir(folder)
    assert stands()
    yield
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    assert stands()


def stands(**options: Any) -> bool:
    return standing("dossier.yaml", "out", **options) is not None


Change = Callable[[], Callable[[], object]]
"""Changes something, and returns what puts it back."""


def edited(name: str) -> Change:
    """Change the last bytes of a file, its size and its times as they were."""

    def change() -> Callable[[], object]:
        path = Path(name)
        data, times = path.read_bytes(), path.stat()
        path.write_bytes(data[:-2] + b"xx")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        return lambda: path.write_bytes(data)

    return change


def removed(name: str) -> Change:
    def change() -> Callable[[], object]:
        path = Path(name)
        path.rename("aside")
        return lambda: Path("aside").rename(path)

    return change


def added(name: str) -> Change:
    def change() -> Callable[[], object]:
        draw(Path(name))
        return lambda: Path(name).unlink()

    return change


def folder_added(name: str) -> Change:
    def change() -> Callable[[], object]:
        Path(name).mkdir()
        return lambda: Path(name).rmdir()

    return change


CHANGES = {
    "the manifest": edited("dossier.yaml"),
    "a source": edited("sources/a.pdf"),
    "a source in a folder": edited("sources/b/c.pdf"),
    "a source in a hidden folder that a pattern leads into": edited("sources/.hidden/d.pdf"),
    "a source that goes": removed("sources/a.pdf"),
    "a file that a pattern matches": added("sources/b/new.pdf"),
    "a file in a hidden folder that a pattern matches": added("sources/.hidden/new.pdf"),
    "a file that nothing names": added("sources/new.pdf"),
    "a file in a new folder": added("sources/x/y/new.pdf"),
    "a file that nothing names and that goes": removed("sources/unused.pdf"),
    "front matter": edited("sources/front.pdf"),
    "a picture for templates": edited("sources/logo.png"),
    "a template": edited("own/cover.docx"),
    "a template more": added("own/extra.docx"),
    "the look of the set": added("own/set.yaml"),
    "printed numbers": added("dossier.lock"),
    "the binder": edited("out/binder.pdf"),
    "a binder that goes": removed("out/binder.pdf"),
    "the receipt": edited("out/receipt.json"),
    "a filled document": edited("out/documents/divider-1.docx"),
    "a filled document that goes": removed("out/documents/divider-1.docx"),
    "a draft's receipt beside it": added("out/receipt-draft.json"),
    "what a killed build left": folder_added("out/.dossier"),
    "the record": removed("out/.inputs.json"),
    "half of the record": edited("out/.inputs.json"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_binder_stands_no_longer_when_something_changes_and_again_when_it_is_put_back(change: Change) -> None:
    undo = change()
    assert not stands()
    undo()
    assert stands()


@posix
def test_a_link_that_leads_elsewhere_changes_something(folder: Path) -> None:
    link = folder / "sources/linked.pdf"
    link.unlink()
    link.symlink_to("a.pdf")  # which holds the same
    assert not stands()
    link.unlink()
    link.symlink_to("b/c.pdf")


@posix
def test_a_folder_that_becomes_a_link_to_the_same_changes_something(folder: Path) -> None:
    (folder / "sources/b").rename(folder / "sources/.b")
    (folder / "sources/b").symlink_to(".b")
    assert not stands()
    (folder / "sources/b").unlink()
    (folder / "sources/.b").rename(folder / "sources/b")


@posix
def test_a_pipe_in_a_files_place_is_seen_and_not_read(folder: Path) -> None:
    (folder / "sources/unused.pdf").rename(folder / "aside")
    os.mkfifo(folder / "sources/unused.pdf")
    assert not stands()
    (folder / "sources/unused.pdf").unlink()
    (folder / "aside").rename(folder / "sources/unused.pdf")


@posix
def test_a_socket_among_the_sources_is_seen(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as there:
        there.bind("sources/s")
        assert not stands()
    Path("sources/s").unlink()


def test_a_folder_that_can_no_longer_be_read_changes_something(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def refuse(path: str) -> Any:
        if Path(path).name == "b":
            raise PermissionError(13, "closed")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert not stands()


def test_touching_what_it_was_made_from_and_what_it_is_changes_nothing(folder: Path) -> None:
    for name in ("dossier.yaml", "sources/a.pdf", "own/cover.docx", "out/binder.pdf", "sources/unused.pdf"):
        (folder / name).touch()
    assert stands()


def test_copying_it_over_itself_changes_nothing(folder: Path) -> None:
    for name in ("sources/a.pdf", "out/binder.pdf"):
        shutil.copyfile(folder / name, folder / "aside")
        (folder / "aside").replace(folder / name)
    assert stands()


def test_what_people_keep_beside_a_binder_changes_nothing(folder: Path) -> None:
    (folder / "out/notes.txt").write_text("mine", encoding="utf-8")
    (folder / "sources/.DS_Store.d").mkdir()
    assert stands()
    (folder / "out/notes.txt").unlink()
    (folder / "sources/.DS_Store.d").rmdir()


@pytest.mark.parametrize(
    "options",
    [{"engine": "embedded"}, {"engine": "libreoffice"}, {"strict": True}, {"passwords": {"a.pdf": "x"}}],
    ids=str,
)
def test_another_option_builds(options: dict[str, Any]) -> None:
    assert not stands(**options)


def test_the_manifest_by_another_path_builds_for_the_receipt_names_it(folder: Path) -> None:
    assert standing(folder / "dossier.yaml", "out") is None


def test_a_manifest_that_was_loaded_stands_too() -> None:
    assert standing(dossier.load("dossier.yaml"), "out") is not None


def test_a_manifest_that_was_changed_after_loading_does_not_stand() -> None:
    assert standing(dossier.load("dossier.yaml").model_copy(update={"title": "Another"}), "out") is None


ENVIRONMENT = ("SOURCE_DATE_EPOCH", "DOSSIER_SOFFICE", "FONTCONFIG_FILE", "DOSSIER_ANYTHING", "XDG_DATA_HOME")


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_variable_that_may_change_pages_builds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1700000000")
    assert not stands()


@pytest.mark.parametrize("name", ["DOSSIER_CACHE", "LANG", "TERM"])
def test_a_variable_that_changes_no_page_does_not_build(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "elsewhere")
    assert stands()


@posix
def test_a_program_that_comes_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert stands()
    fake.chmod(0o755)
    assert not stands()


def test_another_version_of_the_program_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "program", lambda: "newer")
    assert not stands()


# --- what a record is made of --------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dossier of one page, not built yet, in a folder of its own that is the current one."""
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "sources/a.pdf")
    return tmp_path


def write(folder: Path, *proofs: dict[str, Any], **keys: Any) -> Path:
    said = {"title": "D", "date": "2023-12-15", "engine": "embedded", "sources": "sources", "front": [], **keys}
    said["items"] = [{"id": "1", "title": "One", "points": 1, "evidence": list(proofs or [{"file": "a.pdf"}])}]
    path = folder / "dossier.yaml"
    path.write_text(yaml.safe_dump(said), encoding="utf-8")
    return path


class TestBuildsOfTheirOwn:
    @pytest.fixture(autouse=True)
    def _here(self) -> None:
        """In place of the one above: there is no common binder here."""

    def test_a_password_is_told_apart_and_not_written_down(self, small: Path) -> None:
        write(small)
        dossier.build("dossier.yaml", "out", passwords={"a.pdf": "s3cret-of-ours"})
        assert stands(passwords={"a.pdf": "s3cret-of-ours"})
        assert not stands(passwords={"a.pdf": "another"})
        assert not stands()
        assert "s3cret-of-ours" not in (small / "out" / inputs.NAME).read_text(encoding="utf-8")

    def test_a_password_of_a_variable_is_told_apart(self, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OUR_PASSWORD", "first")
        write(small, {"file": "a.pdf", "password": {"env": "OUR_PASSWORD"}})
        dossier.build("dossier.yaml", "out")
        assert stands()
        monkeypatch.setenv("OUR_PASSWORD", "second")
        assert not stands()

    def test_the_day_counts_where_documents_show_it(self, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Tomorrow(date):
            @classmethod
            def today(cls) -> Any:
                return cls(2099, 1, 1)

        for dated in (True, False):
            said = write(small)
            if not dated:
                said.write_text(said.read_text(encoding="utf-8").replace("date: '2023-12-15'\n", ""), encoding="utf-8")
            dossier.build("dossier.yaml", "out")
            assert stands()
            with monkeypatch.context() as later:
                later.setattr(inputs, "date", Tomorrow)
                assert stands() == dated

    def test_a_manifest_changed_after_loading_is_not_taken_for_its_file(self, small: Path) -> None:
        write(small)
        changed = dossier.load("dossier.yaml").model_copy(update={"title": "Another"})
        dossier.build(changed, "out")
        assert not stands()
        assert standing(changed, "out") is not None

    def test_a_file_changed_while_it_is_built_is_not_taken_for_what_was_bound(self, small: Path) -> None:
        write(small, front=[{"file": "front.pdf", "title": "Front"}])
        draw(small / "sources/front.pdf")

        def change(event: dossier.Event) -> None:
            if event.stage == "prove":
                draw(small / "sources/front.pdf", "changed")

        dossier.build("dossier.yaml", "out", progress=change)
        assert not stands()

    def test_what_may_have_failed_by_chance_is_tried_again(self, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(path: Path) -> sources.Kind:
            if path.name == "a.pdf":
                raise PermissionError(13, "busy")
            return recognise(path)

        recognise = sources.recognise

        write(small)
        with monkeypatch.context() as busy:
            busy.setattr(sources, "recognise", refuse)
            binder = dossier.build("dossier.yaml", "out")
        assert [problem.code for problem in binder.problems] == ["unreadable-source"]
        assert not stands()
        assert dossier.build("dossier.yaml", "out").complete

    def test_a_set_beside_the_manifest_that_takes_the_place_of_a_shipped_one_builds(self, small: Path) -> None:
        write(small)
        dossier.build("dossier.yaml", "out")
        assert stands()
        (small / "official").mkdir()
        shutil.copy(OFFICIAL / "cover.docx", small / "official")
        assert not stands()

    def test_a_pattern_that_reaches_hidden_folders_makes_them_count(self, small: Path) -> None:
        write(small, {"files": "**/*.pdf"})
        dossier.build("dossier.yaml", "out")
        assert stands()
        draw(small / "sources/.x/new.pdf")
        assert not stands()

    def test_books_in_the_sources_folder_do_not_count(self, small: Path) -> None:
        write(small, {"file": "sources/a.pdf"}, sources=".")
        dossier.build("dossier.yaml")
        draw(small / "build/other/binder.pdf")
        assert standing("dossier.yaml") is not None

    def test_an_empty_folder_does_not_count_but_that_the_sources_folder_is_there_does(self, small: Path) -> None:
        write(small)
        dossier.build("dossier.yaml", "out")
        (small / "sources/x").mkdir()
        assert stands()
        (small / "sources").rename(small / "gone")
        dossier.build("dossier.yaml", "out")
        assert stands()
        (small / "sources").mkdir()
        assert not stands()

    def test_the_programs_and_places_that_libreoffice_is_sought_in_are_looked_at(self, small: Path) -> None:
        loaded = dossier.load(write(small))
        where = reach.scope(loaded, template_sets.find_set("official", small), small / "out")
        names, places = libreoffice.looked_for()
        assert set(names) <= set(where.programs)
        assert set(map(str, places)) <= set(where.paths)

    def test_a_manifest_whose_file_is_gone_is_not_told_by_it(self, small: Path) -> None:
        loaded = dossier.load(write(small))
        (small / "dossier.yaml").unlink()
        dossier.build(loaded, "out")
        record = inputs.read(small / "out")
        assert record is not None
        assert not record.exact
