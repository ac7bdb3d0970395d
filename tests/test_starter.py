"""A new set is a whole copy with a how-to, which no book, check or preview ever takes for a template."""

from __future__ import annotations

from pathlib import Path

import pytest
from docx import Document
from word_xml import word

from dossier import template_sets
from dossier.authoring import lint, starter
from dossier.errors import OutputError, UsageError
from dossier.template_sets import HOW_TO, find_set


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def text_of(path: Path) -> str:
    document = Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


@pytest.mark.parametrize("name", template_sets.available())
def test_a_new_set_has_every_template_of_the_old_one(name: str) -> None:
    folder = starter.start("mine", find_set(name, Path()))
    base, own = find_set(name, Path()), find_set("mine", Path())
    assert {path.name for path in template_sets.word_files(folder)} == {f"{one}.docx" for one in base.names}
    assert [own.path(one).read_bytes() for one in own.names] == [base.path(one).read_bytes() for one in base.names]


def test_what_is_deleted_comes_from_the_old_set_again() -> None:
    folder = starter.start("mine", find_set("official", Path()))
    (folder / "cover.docx").unlink()
    assert find_set("mine", Path()).path("cover") == find_set("official", Path()).path("cover")
    assert find_set("mine", Path()).style.language == find_set("official", Path()).style.language


def test_the_how_to_names_the_set_its_files_and_the_commands_in_both_languages() -> None:
    folder = starter.start("我的模板", find_set("official", Path()))
    text = text_of(folder / HOW_TO)
    for words in ("dossier templates check 我的模板", "dossier templates preview 我的模板", "template_set: 我的模板"):
        assert text.count(words) == 2
    for name in find_set("official", Path()).names:
        assert text.count(f"{name}.docx") == 2
    assert "先读我" in text
    assert "Read me first" in text
    assert "{name}" not in text


@pytest.mark.parametrize("name", template_sets.available())
def test_the_how_to_says_what_each_shipped_file_is(name: str) -> None:
    folder = starter.start("mine", find_set(name, Path()))
    tables = Document(str(folder / HOW_TO)).tables
    listed = [[cell.text for cell in row.cells] for table in tables for row in table.rows]
    said = [what for file, what in listed if file.endswith(".docx")]
    assert len(said) == 2 * len(find_set(name, Path()).names)
    assert all(said)


def test_the_how_to_is_no_template() -> None:
    starter.start("mine", find_set("official", Path()))
    own = find_set("mine", Path())
    assert HOW_TO.removesuffix(".docx") not in own.names
    assert HOW_TO not in lint.check("mine").files


def test_changing_the_how_to_changes_no_book() -> None:
    folder = starter.start("mine", find_set("official", Path()))
    before = find_set("mine", Path()).sha256
    (folder / HOW_TO).unlink()
    assert find_set("mine", Path()).sha256 == before


def test_a_new_set_is_sound() -> None:
    starter.start("mine", find_set("official", Path()))
    assert [one for one in lint.check("mine").findings if one.severity != "info"] == []


def test_pictures_of_a_set_are_copied_and_what_else_lies_there_is_not() -> None:
    word(Path("base/cover.docx"), "甲")
    for name in ("logo.png", "notes.txt", "~$cover.docx", "cover.docx.bak"):
        (Path("base") / name).write_bytes(b"x")
    folder = starter.start("mine", find_set("base", Path()))
    assert {path.name for path in folder.iterdir()} == {"cover.docx", "logo.png", "set.yaml", HOW_TO}


@pytest.mark.parametrize("is_folder", [True, False])
def test_nothing_is_overwritten(*, is_folder: bool) -> None:
    Path("mine").mkdir() if is_folder else Path("mine").write_text("x")
    with pytest.raises(UsageError, match="mine is there already"):
        starter.start("mine", find_set("official", Path()))
    assert not is_folder or list(Path("mine").iterdir()) == []
    assert [path.name for path in Path().iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["official", "", ".", "a/.."])
def test_a_set_needs_a_name_of_its_own(name: str) -> None:
    with pytest.raises(UsageError):
        starter.start(name, find_set("official", Path()))
    assert list(Path().iterdir()) == []


def test_a_set_that_cannot_be_written_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(starter, "_write_how_to", refuse)
    with pytest.raises(OutputError, match="mine cannot be made: No space left on device"):
        starter.start("mine", find_set("official", Path()))
    assert list(Path().iterdir()) == []
