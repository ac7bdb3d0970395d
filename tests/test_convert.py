"""Every source becomes a part in the store under a key of all it depends on, and one failure touches no other."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pikepdf
import pypdfium2
import pytest
from conftest import MakeDocx, MakePdf, MakePhoto

from dossier import convert, fonts
from dossier.cache import Cache
from dossier.convert import (
    Batch,
    Settings,
    Task,
    embedded,
    image,
    libreoffice,
    media,
    ofd,
    pdf,
    photos,
    sheet,
    style,
    text,
    unlocking,
)
from dossier.convert import office as office_files
from dossier.errors import ConversionError, EngineCrash, EngineError
from dossier.part import Note, Part
from dossier.sources import Kind, PhotoSheets, SourceFile, sha256_of

A4 = (595.276, 841.89)
EMBEDDED = Settings("embedded", "1", "fonts", A4)
LIBREOFFICE = Settings("libreoffice", "24.2", "fonts", A4)
SHA = "ab" * 32


@pytest.fixture
def store(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def task(path: Path, kind: Kind, settings: Settings = EMBEDDED) -> Task:
    return convert.task(path, path.name, kind, sha256_of(path) if path.is_file() else SHA, settings)


# --- which engine --------------------------------------------------------------------------------------------------


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Return a function that installs LibreOffice, or takes it away."""

    def put(present: bool) -> None:
        monkeypatch.setattr(libreoffice, "find", lambda: Path("/soffice") if present else None)
        monkeypatch.setattr(libreoffice, "version", lambda: "LibreOffice 24.2")
        monkeypatch.setattr(fonts, "fingerprint", lambda: "faces")

    return put


def test_auto_prefers_libreoffice_where_it_is(office: Callable[[bool], None]) -> None:
    office(True)
    assert convert.choose("auto", A4) == Settings("libreoffice", "LibreOffice 24.2", "faces", A4, "LibreOffice 24.2")

    office(False)
    assert convert.choose("auto", A4) == Settings("embedded", embedded.VERSION, "faces", A4)


def test_the_embedded_engine_is_taken_where_it_is_asked_for(office: Callable[[bool], None]) -> None:
    office(True)

    assert convert.choose("embedded", A4).engine == "embedded"


def test_libreoffice_that_is_asked_for_and_not_there_is_an_error(office: Callable[[bool], None]) -> None:
    office(False)
    with pytest.raises(EngineError, match="not installed") as caught:
        convert.choose("libreoffice", A4)
    assert "--engine embedded" in caught.value.fix


# --- keys ----------------------------------------------------------------------------------------------------------

CHANGES = {
    "engine": replace(EMBEDDED, engine="libreoffice"),
    "engine's version": replace(EMBEDDED, engine_version="2"),
    "fonts": replace(EMBEDDED, fonts="others"),
    "sheet": replace(EMBEDDED, sheet=(420.0, 595.0)),
    "look": replace(EMBEDDED, look=style.Look(body="楷体")),
    "captions": replace(EMBEDDED, captions=style.CaptionStyle(size=10)),
    "office": replace(EMBEDDED, office="LibreOffice 25"),
}


@pytest.mark.parametrize(
    ("kind", "matters"),
    [
        (Kind.PDF, set()),
        (Kind.DOCX, {"engine", "engine's version", "fonts"}),
        (Kind.TEXT, {"engine", "engine's version", "fonts", "look"}),
        (Kind.MARKDOWN, {"engine", "engine's version", "fonts", "look"}),
        (Kind.MEDIA, {"engine", "engine's version", "fonts"}),
        (Kind.XLSX, {"fonts", "office"}),
        (Kind.LOCKED, {"engine", "engine's version", "fonts", "office"}),
        (Kind.JPEG, {"sheet"}),
        (Kind.TIFF, {"sheet"}),
    ],
)
def test_a_key_changes_with_all_that_the_pages_depend_on(kind: Kind, matters: set[str]) -> None:
    def key(settings: Settings) -> str:
        return convert.task(Path("a"), "a", kind, SHA, settings).key

    assert {name for name, changed in CHANGES.items() if key(changed) != key(EMBEDDED)} == matters


def test_a_key_of_photo_sheets_changes_with_how_captions_look() -> None:
    file = SourceFile(Path("1.jpg"), "1.jpg", 1, SHA, Kind.JPEG)
    sheets = PhotoSheets((file,), ("caption",), "2-up")
    keys = {name: convert.task_of(sheets, changed).key for name, changed in CHANGES.items()}
    changed = {name for name, key in keys.items() if key != convert.task_of(sheets, EMBEDDED).key}
    assert changed == {"fonts", "sheet", "captions"}


LATE = """
import sys
from pathlib import Path
from dossier import cache, convert, sources

settings = convert.choose("embedded", (595.276, 841.89))
source = sources.read(Path("sources"), sys.argv[1])
[batch] = convert.batches([convert.task_of(source, settings)], settings, cache.Cache(Path("cache")), 1)
before = set(sys.modules)
[part] = convert.convert(batch)
assert part.pages
late = sorted(name for name in set(sys.modules) - before if name.partition(".")[0] == "dossier" or "." not in name)
print(*late)
"""


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.jpg", "a.txt", "a.md"])
def test_what_converts_a_file_is_loaded_with_its_key_before_processes_are_forked(
    make_pdf: MakePdf, make_docx: MakeDocx, make_photo: MakePhoto, tmp_path: Path, name: str
) -> None:
    """Else each of them would load it anew, for every build."""
    make_pdf("sources/a.pdf")
    make_docx("sources/a.docx", "text")
    make_photo("sources/a.jpg")
    for suffix in ("txt", "md"):
        (tmp_path / "sources" / f"a.{suffix}").write_text("text")
    command = [sys.executable, "-c", LATE, name]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_a_key_does_not_change_with_the_place_of_the_file() -> None:
    here, there = (convert.task(Path(name), name, Kind.PDF, SHA, EMBEDDED).key for name in ("a", "b/c"))

    assert here == there
    assert len(here) == 64


def test_a_key_changes_with_bytes_and_kind() -> None:
    asked = [(SHA, Kind.PDF), (SHA, Kind.DOCX), (SHA, Kind.PNG), (SHA, Kind.JPEG), ("cd" * 32, Kind.PDF)]
    keys = {convert.task(Path("a"), "a", kind, sha, EMBEDDED).key for sha, kind in asked}

    assert len(keys) == len(asked)


WORD = {Kind.DOCX, Kind.TEXT, Kind.MARKDOWN, Kind.MEDIA}


@pytest.mark.parametrize(
    ("module", "name", "settings", "kinds"),
    [
        (pdf, "VERSION", EMBEDDED, {Kind.PDF, Kind.PNG, Kind.OFD, Kind.LOCKED, *WORD, *convert.OFFICE}),
        (image, "VERSION", EMBEDDED, {Kind.PNG}),
        (ofd, "VERSION", EMBEDDED, {Kind.OFD}),
        (embedded, "PREPARATION", EMBEDDED, {*WORD, Kind.LOCKED}),
        (embedded, "PREPARATION", LIBREOFFICE, set()),
        (libreoffice, "VERSION", EMBEDDED, {*convert.OFFICE, Kind.LOCKED}),
        (libreoffice, "VERSION", LIBREOFFICE, {*WORD, *convert.OFFICE, Kind.LOCKED}),
        (office_files, "VERSION", LIBREOFFICE, {*WORD, *convert.OFFICE, Kind.LOCKED}),
        (sheet, "VERSION", LIBREOFFICE, {*convert.OFFICE, Kind.LOCKED}),
        (unlocking, "VERSION", EMBEDDED, {Kind.OLE, Kind.ODF, Kind.LOCKED}),
        (text, "VERSION", EMBEDDED, {Kind.TEXT, Kind.MARKDOWN}),
        (media, "VERSION", LIBREOFFICE, {Kind.MEDIA}),
    ],
)
def test_a_key_changes_with_the_version_of_all_that_makes_the_pages(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, settings: Settings, kinds: set[Kind]
) -> None:
    asked = (Kind.PDF, Kind.PNG, Kind.OFD, Kind.LOCKED, *WORD, *convert.OFFICE)

    def keys() -> dict[Kind, str]:
        return {kind: convert.task(Path("a"), "a", kind, SHA, settings).key for kind in asked}

    before = keys()
    monkeypatch.setattr(module, name, "another")

    assert {kind for kind, key in keys().items() if key != before[kind]} == kinds


@pytest.mark.parametrize(
    ("module", "libraries"),
    [
        (pdf, ["pypdf"]),
        (image, ["img2pdf", "pillow", "pillow-heif"]),
        (photos, ["img2pdf", "pillow", "pillow-heif"]),
        (ofd, ["fonttools", "pillow"]),
        (embedded, ["rdocx"]),
        (unlocking, ["msoffcrypto-tool"]),
        (text, ["markdown-it-py", "python-docx"]),
        (media, ["tinytag", "python-docx"]),
    ],
)
def test_a_version_names_the_libraries_that_make_the_pages(module: ModuleType, libraries: list[str]) -> None:
    assert all(version(library) in module.VERSION for library in libraries)


@pytest.mark.parametrize("kind", [Kind.MEDIA, Kind.XLSX, Kind.CSV])
def test_what_prints_its_name_has_a_key_for_each_name(kind: Kind) -> None:
    def key(name: str) -> str:
        return convert.task(Path("a"), name, kind, SHA, EMBEDDED).key

    assert key("a/one.mp3") != key("a/two.mp3")
    assert key("a/one.mp3") == key("b/one.mp3")


def test_two_recordings_of_the_same_bytes_are_each_called_by_their_names(store: Cache, tmp_path: Path) -> None:
    given = []
    for name in ("one.mp3", "two.mp3"):
        (tmp_path / name).write_bytes(b"ID3" + bytes(100))
        given.append(convert.task(tmp_path / name, name, Kind.MEDIA, sha256_of(tmp_path / name), EMBEDDED))

    one, two = (store.get(t.key) for t in given if isinstance(converted(store, t)[0], Part))

    assert one is not None
    assert two is not None
    assert "one.mp3" in pages_of(one.path)[0]
    assert "two.mp3" in pages_of(two.path)[0]


def test_a_film_is_shown_anew_once_its_first_frame_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = set()
    for there in (True, False):
        monkeypatch.setattr(media, "sees_films", lambda there=there: there)
        keys.add(convert.task(Path("a"), "a", Kind.MEDIA, SHA, EMBEDDED).key)

    assert len(keys) == 2


# --- batches -------------------------------------------------------------------------------------------------------


def tasks(count: int, kind: Kind) -> list[Task]:
    return [Task(Path(f"{kind}{number}"), f"{kind}{number}", kind, f"{kind}{number}") for number in range(count)]


@pytest.mark.parametrize(
    ("count", "workers", "sizes"),
    [
        (0, 2, []),
        (1, 2, [1]),
        (4, 2, [2, 2]),
        (5, 2, [3, 2]),
        (40, 2, [20, 20]),
        (42, 2, [11, 11, 11, 9]),
        (3, 8, [1, 1, 1]),
        (3, 0, [3]),
    ],
)
def test_word_files_for_libreoffice_are_shared_out(store: Cache, count: int, workers: int, sizes: list[int]) -> None:
    made = convert.batches(tasks(count, Kind.DOCX), LIBREOFFICE, store, workers)

    assert [len(batch.tasks) for batch in made] == sizes
    assert [t.name for batch in made for t in batch.tasks] == [t.name for t in tasks(count, Kind.DOCX)]


def test_everything_else_goes_alone(store: Cache) -> None:
    given = [*tasks(2, Kind.PDF), *tasks(2, Kind.JPEG)]

    assert [len(batch.tasks) for batch in convert.batches(given, LIBREOFFICE, store, 2)] == [1] * 4
    assert [len(batch.tasks) for batch in convert.batches(tasks(3, Kind.DOCX), EMBEDDED, store, 2)] == [1] * 3


def test_a_batch_never_mixes_what_engines_convert(store: Cache) -> None:
    given = [t for pair in zip(tasks(4, Kind.DOCX), tasks(4, Kind.PDF), strict=True) for t in pair]
    made = convert.batches(given, LIBREOFFICE, store, 1)

    assert all(len({t.kind for t in batch.tasks}) == 1 for batch in made)
    assert sorted(t.name for batch in made for t in batch.tasks) == sorted(t.name for t in given)


def test_a_batch_can_be_sent_to_another_machine(tmp_path: Path, make_pdf: MakePdf) -> None:
    batch = Batch((task(make_pdf("a.pdf"), Kind.PDF),), EMBEDDED, tmp_path)

    assert pickle.loads(pickle.dumps(batch)) == batch
    assert pickle.loads(pickle.dumps(convert.convert)) is convert.convert


# --- converting ----------------------------------------------------------------------------------------------------


def converted(store: Cache, *given: Task, settings: Settings = EMBEDDED) -> list[Part | ConversionError]:
    return convert.convert(Batch(tuple(given), settings, store.folder))


def test_every_accepted_kind_becomes_a_part(
    store: Cache, make_pdf: MakePdf, make_docx: MakeDocx, make_photo: MakePhoto
) -> None:
    names = {Kind.JPEG: "jpg", Kind.PNG: "png", Kind.TIFF: "tif", Kind.WEBP: "webp", Kind.BMP: "bmp", Kind.GIF: "gif"}
    paths = {kind: make_photo(f"photo.{suffix}") for kind, suffix in names.items()}
    paths |= {Kind.PDF: make_pdf("file.pdf"), Kind.DOCX: make_docx("word.docx")}
    given = [task(paths[kind], kind) for kind in sorted(paths)]
    outcomes = converted(store, *given)

    assert {*paths} <= convert.accepted()
    for t, outcome in zip(given, outcomes, strict=True):
        assert isinstance(outcome, Part), t
        assert store.get(t.key) == outcome
        with pikepdf.open(outcome.path) as written:
            assert len(written.pages) == len(outcome.pages) == 1


def test_what_is_not_accepted_has_no_converter() -> None:
    assert {Kind.EMPTY, Kind.UNKNOWN}.isdisjoint(convert.accepted())


@pytest.mark.parametrize("there", [True, False])
def test_office_formats_are_accepted_where_libreoffice_is(office: Callable[[bool], None], there: bool) -> None:
    office(there)

    assert convert.accepted().isdisjoint(convert.OFFICE) is not there
    assert convert.accepted() >= {Kind.PDF, Kind.DOCX, Kind.TEXT, Kind.MARKDOWN}


def test_one_failure_does_not_touch_the_others(store: Cache, tmp_path: Path, make_pdf: MakePdf) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04 and no more")
    kinds = {"broken.pdf": Kind.PDF, "broken.png": Kind.PNG, "broken.docx": Kind.DOCX, "gone.pdf": Kind.PDF,
             "gone.docx": Kind.DOCX, "gone.jpg": Kind.JPEG}  # fmt: skip
    whole = task(make_pdf("whole.pdf", pages=2), Kind.PDF)
    outcomes = converted(store, *(task(tmp_path / name, kind) for name, kind in kinds.items()), whole)

    assert all(isinstance(outcome, ConversionError) for outcome in outcomes[:-1])
    assert isinstance(outcomes[-1], Part)
    assert len(outcomes[-1].pages) == 2
    assert store.size()[0] == 1


@pytest.mark.parametrize("kind", [Kind.PDF, Kind.DOCX, Kind.JPEG])
def test_a_source_that_is_gone_is_said_to_be(store: Cache, tmp_path: Path, kind: Kind) -> None:
    (outcome,) = converted(store, task(tmp_path / "gone", kind))

    assert isinstance(outcome, ConversionError)
    assert outcome.code == "unreadable-source"
    assert "any more" in outcome.message
    assert outcome.fix


def test_what_fails_is_not_called_by_its_name_on_disk(store: Cache, tmp_path: Path) -> None:
    path = tmp_path / "0001.docx"
    path.write_bytes(b"PK\x03\x04")
    (outcome,) = converted(store, convert.task(path, "all.zip/通知.docx", Kind.DOCX, sha256_of(path), EMBEDDED))

    assert isinstance(outcome, ConversionError)
    assert "0001" not in outcome.message


def test_nothing_is_left_beside_the_store(store: Cache, tmp_path: Path, make_docx: MakeDocx) -> None:
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04")
    converted(store, task(make_docx("a.docx"), Kind.DOCX), task(tmp_path / "broken.docx", Kind.DOCX))

    assert list(store.folder.glob(".work-*")) == []
    assert len(list(store.folder.rglob("*.pdf"))) == 1


def test_notes_of_conversion_and_of_pages_come_together(
    store: Cache, make_pdf: MakePdf, make_docx: MakeDocx, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = Note("from-the-engine", "m", "f")

    def office(source: Path, out: Path) -> tuple[Note, ...]:
        with pikepdf.open(make_pdf("acting.pdf")) as made:
            made.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="x")
            made.save(out)
        return (note,)

    monkeypatch.setattr(embedded, "convert", office)
    (outcome,) = converted(store, task(make_docx("a.docx"), Kind.DOCX))

    assert isinstance(outcome, Part)
    assert [found.code for found in outcome.notes] == ["from-the-engine", "actions-removed"]


def test_libreoffice_gets_all_of_a_batch_at_once(
    store: Cache, make_pdf: MakePdf, make_docx: MakeDocx, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def office(jobs: list[tuple[Path, Path]], *, fontconfig: Path) -> list[object]:
        asked.append([source.name for source, _ in jobs])
        assert fontconfig.is_file()
        jobs[0][1].write_bytes(make_pdf("printed.pdf", pages=3).read_bytes())
        return [(Note("a", "b", "c"),), ConversionError("it fails", fix="try", code="crashed-source")]

    monkeypatch.setattr(libreoffice, "convert_batch", office)
    given = [task(make_docx(name), Kind.DOCX, LIBREOFFICE) for name in ("a.docx", "b.docx")]
    part, error = converted(store, *given, settings=LIBREOFFICE)

    assert asked == [["a.docx", "b.docx"]]
    assert isinstance(part, Part)
    assert (len(part.pages), [note.code for note in part.notes]) == (3, ["a"])
    assert isinstance(error, ConversionError)
    assert error.code == "crashed-source"


def test_the_same_source_gives_the_same_bytes(tmp_path: Path, make_docx: MakeDocx) -> None:
    source = make_docx("a.docx", "质量Quality")
    one, two = (converted(Cache(tmp_path / name), task(source, Kind.DOCX))[0] for name in ("one", "two"))

    assert isinstance(one, Part)
    assert isinstance(two, Part)
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.pages == two.pages


@pytest.mark.libreoffice
def test_libreoffice_and_the_embedded_engine_print_the_same_text(
    store: Cache, make_docx: MakeDocx, tmp_path: Path
) -> None:
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed")
    source = make_docx("a.docx", "质量Quality", "\f", "第二页")
    texts = []
    for engine in ("embedded", "libreoffice"):
        settings = replace(EMBEDDED, engine=engine)
        (part,) = converted(store, task(source, Kind.DOCX, settings), settings=settings)
        assert isinstance(part, Part)
        texts.append(pages_of(part.path))

    assert texts[0] == texts[1] == ["质量Quality", "第二页"]


def pages_of(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as opened:
        return ["".join(page.get_textpage().get_text_range().split()) for page in opened]


def test_a_reader_that_fails_as_nobody_foresaw_takes_only_its_own_file(
    store: Cache, make_pdf: MakePdf, make_photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise KeyError("what\nis this")

    monkeypatch.setattr(image, "convert", fails)
    files = {Kind.PNG: make_photo("a.png"), Kind.PDF: make_pdf("whole.pdf")}

    error, part = converted(
        store, *(convert.task(path, path.name, kind, sha256_of(path), EMBEDDED) for kind, path in files.items())
    )

    assert isinstance(error, EngineCrash)
    assert (error.code, error.message) == ("crashed-source", "what reads it failed: KeyError 'what\\nis this'")
    assert error.fix
    assert isinstance(part, Part)
