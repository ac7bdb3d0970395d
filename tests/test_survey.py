"""Every source is looked at once, in worker processes, and again only where it or the question is another."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import MakeDocx, MakePdf, MakePhoto

from dossier import probe, sources, survey
from dossier.errors import ConversionError
from dossier.looks import Look
from dossier.sources import Options, SourceFile

A4 = (595.276, 841.89)
Files = Callable[[], list[SourceFile]]


@pytest.fixture
def files(make_pdf: MakePdf, make_docx: MakeDocx, make_photo: MakePhoto, tmp_path: Path) -> Files:
    """Return a function that reads some sources of several kinds."""
    make_pdf("sources/a.pdf", pages=3)
    make_docx("sources/b.docx", "text")
    make_photo("sources/c.jpg", (1240, 877), dpi=150)
    return lambda: [sources.read(tmp_path / "sources", name) for name in ("a.pdf", "b.docx", "c.jpg")]


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], list[str]]:
    """Return a function that names what was looked at since it was called last; workers tell it by a file."""
    log, before = tmp_path / "looked", probe.look

    def look(source: SourceFile, sheet: tuple[float, float], least: int) -> Look | ConversionError:
        with log.open("a") as file:
            file.write(f"{source.name}\n")
        return before(source, sheet, least)

    def names() -> list[str]:
        found = sorted(log.read_text().split()) if log.exists() else []
        log.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(probe, "look", look)
    return names


def survey_of(found: list[SourceFile], folder: Path, least_dpi: int = 200) -> dict[str, Look | ConversionError]:
    seen = survey.recall(folder / "cache", folder)
    looks = survey.look_all(found, A4, least_dpi, 2, seen)
    seen.save()
    return looks


def test_a_file_that_kills_its_worker_is_named_and_the_others_are_seen(
    make_pdf: MakePdf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        make_pdf(f"sources/{number}.pdf", pages=2)
    before = probe.look

    def look_or_die(source: sources.SourceFile, sheet: tuple[float, float], least: int) -> Look | ConversionError:
        if source.name == "7.pdf":
            os._exit(11)
        return before(source, sheet, least)

    monkeypatch.setattr(probe, "look", look_or_die)
    files = [sources.read(tmp_path / "sources", f"{number}.pdf") for number in range(40)]
    found = survey.look_all(files, A4, 200, 2)

    assert set(found) == {file.key for file in files}
    bad = {key: seen for key, seen in found.items() if isinstance(seen, ConversionError)}
    assert list(bad) == ["7.pdf"]
    assert bad["7.pdf"].code == "crashed-source"


def test_each_source_is_looked_at_once(files: Files, looked: Callable[[], list[str]]) -> None:
    found = survey.look_all([*files(), *files()], A4, 200, 2)
    assert looked() == ["a.pdf", "b.docx", "c.jpg"]
    assert found == {file.key: probe.look(file, A4, 200) for file in files()}


def test_what_was_seen_before_is_told_again_and_not_looked_at(
    files: Files, looked: Callable[[], list[str]], tmp_path: Path
) -> None:
    first = survey_of(files(), tmp_path)
    assert looked() == ["a.pdf", "b.docx", "c.jpg"]
    assert survey_of(files(), tmp_path) == first
    assert looked() == []


def test_the_same_bytes_under_another_name_are_not_looked_at_again(
    files: Files, looked: Callable[[], list[str]], tmp_path: Path
) -> None:
    before = survey_of(files(), tmp_path)["a.pdf"]
    (tmp_path / "sources" / "a.pdf").rename(tmp_path / "sources" / "z.pdf")
    looked()
    assert survey_of([sources.read(tmp_path / "sources", "z.pdf")], tmp_path) == {"z.pdf": before}
    assert looked() == []


@pytest.mark.parametrize("what", ["bytes", "least dpi", "password", "crop"])
def test_another_file_or_another_question_is_looked_at(
    files: Files, looked: Callable[[], list[str]], make_pdf: MakePdf, tmp_path: Path, what: str
) -> None:
    survey_of(files(), tmp_path)
    looked()
    if what == "bytes":
        make_pdf("sources/a.pdf", pages=4)
    asked = files()[:1]
    if what == "password":
        asked = [replace(asked[0], options=Options("secret"))]
    if what == "crop":
        asked = [replace(asked[0], options=Options(crop=(0.0, 0.0, 0.5, 1.0)))]
    [seen] = survey_of(asked, tmp_path, least_dpi=100 if what == "least dpi" else 200).values()
    assert looked() == ["a.pdf"]
    assert isinstance(seen, Look)
    assert seen.pages == (4 if what == "bytes" else 3)


def test_why_a_file_cannot_be_bound_is_found_out_anew(
    make_pdf: MakePdf, looked: Callable[[], list[str]], tmp_path: Path
) -> None:
    path = make_pdf("sources/a.pdf")
    path.write_bytes(path.read_bytes()[:300])
    for _ in range(2):
        [seen] = survey_of([sources.read(tmp_path / "sources", "a.pdf")], tmp_path).values()
        assert isinstance(seen, ConversionError)
        assert looked() == ["a.pdf"]


@pytest.mark.parametrize(
    "look",
    [
        Look(),
        Look(3, date(2023, 4, 12), "camera", ((1, 72), (3, 150)), (2,), (1, 3), 4, bytes(range(256))),
    ],
)
def test_all_that_was_seen_is_remembered(look: Look, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    monkeypatch.setattr(probe, "look", lambda *_: look)
    source = sources.read(tmp_path, "a.txt")
    survey_of([source], tmp_path)
    monkeypatch.setattr(probe, "look", lambda *_: pytest.fail("it was looked at again"))
    assert survey_of([source], tmp_path) == {source.key: look}


def test_a_password_is_not_written_down(files: Files, tmp_path: Path) -> None:
    survey_of([replace(file, options=Options("correct horse")) for file in files()], tmp_path)
    written = [path.read_text() for path in (tmp_path / "cache").rglob("*.json")]
    assert len(written) == 1
    assert "horse" not in written[0]
