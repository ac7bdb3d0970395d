"""Templates are shown filled: of an example or a dossier, one or a whole set, once or whenever they are saved."""

from __future__ import annotations

import shutil
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from conftest import MakeDocx, MakeManifest, MakePdf
from PIL import Image
from word_xml import word

from dossier import manifest, plan, template_sets
from dossier.authoring import example, preview, stage
from dossier.build import build
from dossier.convert import accepted, embedded, libreoffice
from dossier.errors import DossierError, EngineError, OutputError, TemplateError, UsageError
from dossier.part import Note
from dossier.template_sets import find_set


def text_of(pdf: Path) -> str:
    with pypdfium2.PdfDocument(pdf) as opened:
        return "".join(page.get_textpage().get_text_range() for page in opened)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- the example ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_example_has_something_of_everything(language: str, tmp_path: Path) -> None:
    loaded = manifest.load(example.write(tmp_path, language=language))
    planned = plan.plan(loaded, accepted())
    assert {one.status for one in planned.items if one.leaf} == {"complete", "missing", "not-applicable"}
    assert {proof.status for one in planned.items for proof in one.evidence} == {"bound", "missing", "cited"}
    evidence = [one for item in loaded.leaves() for one in item.evidence]
    for field in ("number", "issuer", "date", "role"):
        assert any(getattr(one, field) for one in evidence), field
    assert any(item.deduction for item in loaded.leaves())
    assert [problem.code for problem in planned.unused] == []


# --- one template --------------------------------------------------------------------------------------------------


def test_a_template_becomes_a_pdf_and_a_picture_of_each_page(tmp_path: Path) -> None:
    path = word(tmp_path / "set" / "cover.docx", "{{ dossier.title }}")
    shown = preview.preview(str(path), tmp_path / "out")
    [sheet] = shown.sheets
    assert (sheet.template, sheet.pdf, sheet.pages) == (
        "cover.docx", tmp_path / "out" / "cover.pdf", (tmp_path / "out" / "cover.1.png",),
    )  # fmt: skip
    assert "2023年度质量强市综合考核印证材料" in text_of(sheet.pdf)
    with Image.open(sheet.pages[0]) as picture:
        assert picture.format == "PNG"
        assert picture.size == (850, 1100)  # a sheet of 8.5 by 11 inches


def test_page_numbers_are_those_of_the_example(tmp_path: Path) -> None:
    path = word(
        tmp_path / "set" / "index.docx", "{%p for row in index %}", "{{ row.id }}:{{ row.pages }};", "{%p endfor %}"
    )
    [sheet] = preview.preview(str(path), tmp_path / "out").sheets
    shown = dict(line.split(":") for line in "".join(text_of(sheet.pdf).split()).split(";") if line)
    first, last = map(int, shown["1-1-02"].split("—"))
    assert last - first + 1 == example.PAGES["b.pdf"]


def test_numbers_reckon_with_the_pages_that_a_template_has(tmp_path: Path) -> None:
    lines = ["{{ page('1-1-01') }}。", *["行"] * 200]
    short = word(tmp_path / "a" / "index.docx", lines[0])
    long = word(tmp_path / "b" / "index.docx", *lines)
    numbers = []
    for path in (short, long):
        [sheet] = preview.preview(str(path), tmp_path / "out").sheets
        numbers.append((int(text_of(sheet.pdf).split("。")[0]), len(sheet.pages)))
    assert numbers[1][1] > 2
    assert numbers[0][0] == numbers[1][0]  # the index is not counted among the numbered pages


def test_a_divider_is_shown_for_a_few_items_only(tmp_path: Path) -> None:
    path = word(tmp_path / "set" / "divider.docx", "{{ item.id }} {{ item.title }}")
    shown = preview.preview(str(path), tmp_path / "out")
    assert len(shown.sheets) == stage.MOST_OF_A_KIND
    assert {sheet.template for sheet in shown.sheets} == {"divider.docx"}
    assert "不考核" not in text_of(shown.sheets[0].pdf)


def test_a_word_file_of_any_name_is_filled(tmp_path: Path) -> None:
    path = word(tmp_path / "自评报告.docx", "得分{{ scores.self_score }}，{{ cite('1-1') }}")
    [sheet] = preview.preview(str(path), tmp_path / "out").sheets
    assert sheet.pdf.name == "自评报告.pdf"
    assert "得分6.8，见第" in text_of(sheet.pdf)


def test_another_template_that_is_broken_does_not_keep_one_from_being_shown(tmp_path: Path) -> None:
    path = word(tmp_path / "set" / "cover.docx", "{{ dossier.title }}")
    word(tmp_path / "set" / "scores.docx", "{% for %}")
    (tmp_path / "set" / "checklist.docx").write_bytes(b"no Word file")
    assert len(preview.preview(str(path), tmp_path / "out").sheets) == 1


def test_a_mistake_in_a_template_is_said_as_a_build_says_it(tmp_path: Path) -> None:
    path = word(tmp_path / "set" / "cover.docx", "{{ dossier.titel }}")
    with pytest.raises(TemplateError, match=r"cover.docx: there is no 'titel' here"):
        preview.preview(str(path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_the_engine_cannot_draw_is_said(tmp_path: Path) -> None:
    path = word(tmp_path / "set" / "cover.docx", "𪚥")
    [sheet] = preview.preview(str(path), tmp_path / "out").sheets
    assert [note.code for note in sheet.notes] == ["missing-glyphs"]


def test_pictures_of_pages_that_are_no_more_are_taken_away(tmp_path: Path) -> None:
    path = word(tmp_path / "set" / "cover.docx", *["行"] * 100)
    out = tmp_path / "out"
    first = preview.preview(str(path), out).sheets[0]
    assert len(first.pages) > 2
    for kept in ("cover.extra.png", "cover.txt", "recover.2.png"):
        (out / kept).write_bytes(b"")
    word(path, "一行")
    preview.preview(str(path), out)
    assert names(out) == {"cover.pdf", "cover.1.png", "cover.extra.png", "cover.txt", "recover.2.png"}


def test_a_folder_that_cannot_be_written_is_an_error_of_the_machine(tmp_path: Path) -> None:
    path = word(tmp_path / "set" / "cover.docx", "甲")
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        preview.preview(str(path), tmp_path / "out")


# --- sets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", template_sets.available())
def test_a_shipped_set_is_shown_whole(name: str, tmp_path: Path) -> None:
    shown = preview.preview(name, tmp_path)
    assert {sheet.template for sheet in shown.sheets} == {f"{one}.docx" for one in find_set(name, Path()).names}
    assert [note.message for sheet in shown.sheets for note in sheet.notes] == []


def test_a_set_in_english_has_an_example_in_english(tmp_path: Path) -> None:
    word(tmp_path / "set" / "cover.docx", "{{ dossier.title }}")
    (tmp_path / "set" / "set.yaml").write_text("{extends: official, language: en}")
    preview.preview(str(tmp_path / "set"), tmp_path / "out")
    assert "Hearing Bundle" in text_of(tmp_path / "out" / "cover.pdf")


def test_what_is_not_there_cannot_be_shown(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no Word file"):
        preview.preview("nowhere", tmp_path / "out")


# --- a dossier -----------------------------------------------------------------------------------------------------


def test_a_dossier_is_shown_with_its_own_words_and_the_pages_of_its_pdfs(
    tmp_path: Path, make_pdf: MakePdf, make_manifest: MakeManifest
) -> None:
    make_pdf("sources/a.pdf", 7)
    given = make_manifest({"1": [{"file": "a.pdf"}]}, title="年检汇编", front=[], engine="embedded")
    path = word(tmp_path / "set" / "cover.docx", "{{ dossier.title }}:{{ pages('1-01') }}")
    [sheet] = preview.preview(str(path), tmp_path / "out", dossier=given).sheets
    title, _, pages = text_of(sheet.pdf).partition(":")
    assert title == "年检汇编"
    first, last = map(int, pages.split("—"))
    assert last - first == 6


def pages_of(path: Path, given: Path, out: Path) -> int:
    """Return how many pages the one proof of a dossier has in a preview of ``path``, which shows them."""
    word(path, "{{ pages('1-01') }}")
    [sheet] = preview.preview(str(path), out, dossier=given).sheets
    first, _, last = text_of(sheet.pdf).strip().partition("—")
    return int(last or first) - int(first) + 1


def test_pages_that_a_pdf_does_not_have_are_missing_here_as_in_a_build(
    tmp_path: Path, make_pdf: MakePdf, make_manifest: MakeManifest
) -> None:
    make_pdf("sources/a.pdf", 2)
    given = make_manifest({"1": [{"file": "a.pdf", "pages": "1-9"}]}, engine="embedded")
    assert pages_of(tmp_path / "set" / "cover.docx", given, tmp_path / "out") == 1  # the sheet that stands for them


def test_a_word_file_is_taken_to_have_the_pages_that_are_asked_of_it(
    tmp_path: Path, make_docx: MakeDocx, make_manifest: MakeManifest
) -> None:
    make_docx("sources/a.docx", "甲")
    given = make_manifest({"1": [{"file": "a.docx", "pages": "1-9"}]}, engine="embedded")
    assert pages_of(tmp_path / "set" / "cover.docx", given, tmp_path / "out") == 9


def test_a_word_file_has_the_pages_that_an_earlier_build_bound(
    tmp_path: Path, make_docx: MakeDocx, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_docx("sources/a.docx", "甲", "\f", "乙", "\f", "丙")
    given = make_manifest({"1": [{"file": "a.docx"}]}, engine="embedded", front=[])
    monkeypatch.chdir(tmp_path)
    assert pages_of(tmp_path / "set" / "cover.docx", given, tmp_path / "out") == 1
    build(given)
    assert pages_of(tmp_path / "set" / "cover.docx", given, tmp_path / "out") == 3


def test_evidence_that_is_a_template_is_shown_with_its_item(
    tmp_path: Path, make_docx: MakeDocx, make_manifest: MakeManifest
) -> None:
    path = make_docx("sources/a.docx", "{{ item.title }}:{{ evidence.id }}")
    given = make_manifest({"7": [{"file": "a.docx", "template": True}]}, engine="embedded")
    [sheet] = preview.preview(str(path), tmp_path / "out", dossier=given).sheets
    assert text_of(sheet.pdf).strip() == "Item 7:7-01"


def test_a_word_file_about_an_item_is_shown_with_one_of_the_example(tmp_path: Path, make_docx: MakeDocx) -> None:
    path = make_docx("说明.docx", "{{ item.title }}:{{ evidence.id }}")
    [sheet] = preview.preview(str(path), tmp_path / "out").sheets
    assert text_of(sheet.pdf).strip() == "质量目标纳入国民经济和社会发展规划:1-1-01"


def test_evidence_is_never_converted(
    tmp_path: Path, make_manifest: MakeManifest, make_docx: MakeDocx, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_docx("sources/a.docx", "甲")
    given = make_manifest({"1": [{"file": "a.docx"}]}, engine="embedded")
    converted: list[str] = []
    convert = embedded.convert

    def note(source: Path, out: Path) -> tuple[Note, ...]:
        converted.append(source.name)
        return convert(source, out)

    monkeypatch.setattr(embedded, "convert", note)
    preview.preview(str(word(tmp_path / "set" / "cover.docx", "甲")), tmp_path / "out", dossier=given)
    assert converted == ["cover.docx"]


def test_where_nothing_is_missing_the_placeholder_is_shown_with_the_example(
    tmp_path: Path, make_pdf: MakePdf, make_manifest: MakeManifest
) -> None:
    make_pdf("sources/a.pdf")
    given = make_manifest({"1": [{"file": "a.pdf"}]}, engine="embedded")
    path = word(tmp_path / "set" / "placeholder.docx", "{{ placeholder.title }}")
    [sheet] = preview.preview(str(path), tmp_path / "out", dossier=given).sheets
    assert "不合格产品处理情况报告" in text_of(sheet.pdf)


# --- engines -------------------------------------------------------------------------------------------------------


@pytest.mark.libreoffice
@pytest.mark.skipif(libreoffice.find() is None, reason="LibreOffice is not installed")
def test_libreoffice_draws_where_it_is_asked_to(tmp_path: Path) -> None:
    path = word(tmp_path / "set" / "cover.docx", "{{ dossier.title }}")
    shown = preview.preview(str(path), tmp_path / "out", engine="libreoffice")
    assert shown.engine == libreoffice.version()
    assert "印证材料" in text_of(shown.sheets[0].pdf)


@pytest.mark.parametrize("here", [True, False])
def test_who_would_see_other_pages_in_a_build_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, here: bool
) -> None:
    monkeypatch.setattr(libreoffice, "find", lambda: Path("soffice") if here else None)
    shown = preview.preview(str(word(tmp_path / "set" / "cover.docx", "甲")), tmp_path / "out")
    assert ("--engine libreoffice" in shown.otherwise) == here


def test_an_engine_that_is_not_here_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libreoffice, "find", lambda: None)
    path = word(tmp_path / "set" / "cover.docx", "甲")
    with pytest.raises(EngineError, match="LibreOffice is not installed"):
        preview.preview(str(path), tmp_path / "out", engine="libreoffice")


# --- watching ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("cover.docx", True), ("Cover.DOCX", True), ("set.yaml", True), ("logo.png", True), ("~$cover.docx", False),
        ("~WRD0001.tmp", False), (".cover.docx.swp", False), (".~lock.cover.docx#", False), ("cover.docx.bak", False),
    ],
)  # fmt: skip
def test_only_what_an_author_saves_counts_as_a_change(name: str, *, counts: bool) -> None:
    assert preview.is_saved(Path(name)) == counts


def test_a_file_that_is_half_written_is_waited_for(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", "甲")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            path.write_bytes(whole)

    preview.wait_until_whole(path, pause)
    assert len(pauses) == 3
    assert zipfile.is_zipfile(path)


def test_a_file_that_stays_broken_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    (tmp_path / "t.docx").write_bytes(b"PK half")
    pauses: list[float] = []
    preview.wait_until_whole(tmp_path / "t.docx", pauses.append)
    assert 0 < sum(pauses) < 10


class Watched:
    """A watch in a thread of its own, whose previews can be awaited one by one."""

    def __init__(self, named: str, out: Path) -> None:
        self.stop = threading.Event()
        self.seen: list[preview.Preview | DossierError] = []
        self.news = threading.Semaphore(0)
        self.thread = threading.Thread(target=self.run, args=(preview.watch(named, out, stop=self.stop),))
        self.thread.start()

    def run(self, previews: Iterator[preview.Preview | DossierError]) -> None:
        for one in previews:
            self.seen.append(one)
            self.news.release()

    def next(self) -> preview.Preview | DossierError:
        assert self.news.acquire(timeout=60), "nothing was drawn"
        return self.seen[-1]

    def end(self) -> None:
        self.stop.set()
        self.thread.join(timeout=60)
        assert not self.thread.is_alive()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    word(tmp_path / "set" / "cover.docx", "一")
    one = Watched(str(tmp_path / "set" / "cover.docx"), tmp_path / "out")
    assert isinstance(one.next(), preview.Preview)
    yield one
    one.end()


def save_as_word_does(path: Path, *lines: str) -> None:
    """Write aside under a name of Word's own, then put it in place."""
    aside = word(path.with_name("~WRD0001.docx"), *lines)
    aside.replace(path)


def test_what_is_saved_is_drawn_again(watched: Watched, tmp_path: Path) -> None:
    path = tmp_path / "set" / "cover.docx"
    until_drawn(watched, path, "二二二", tmp_path / "out" / "cover.pdf")


def until_drawn(watched: Watched, path: Path, text: str, pdf: Path) -> None:
    """Save until the change is seen: the watch may not have begun when the first preview is there."""
    for _ in range(20):
        save_as_word_does(path, text)
        if watched.news.acquire(timeout=3) and text in text_of(pdf):
            return
    pytest.fail(f"{text} was never drawn")


def test_a_mistake_does_not_end_the_watch(watched: Watched, tmp_path: Path) -> None:
    path = tmp_path / "set" / "cover.docx"
    until_drawn(watched, path, "二二二", tmp_path / "out" / "cover.pdf")
    save_as_word_does(path, "{{ dosier }}")
    while not isinstance(watched.next(), TemplateError):
        pass
    until_drawn(watched, path, "三三三", tmp_path / "out" / "cover.pdf")


# --- what is installed ---------------------------------------------------------------------------------------------


def test_the_example_needs_nothing_but_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel holds the sets in its data folder, and neither manifests nor tests."""
    shutil.copytree(find_set("official", Path()).folder, tmp_path / "data" / "official")
    monkeypatch.setattr(template_sets, "_SHIPPED", (tmp_path / "data",))
    monkeypatch.chdir(tmp_path)
    assert preview.preview("official", tmp_path / "out").sheets
