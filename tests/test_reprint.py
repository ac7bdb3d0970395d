"""Sheets changed by hand as told, in the old PDF, give the new book page for page; the words say the same."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import docx
import pikepdf
import pypdf
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import yaml
from reportlab.pdfgen.canvas import Canvas

import dossier
from dossier import cli, comparison, reprint
from dossier.comparison import Comparison
from dossier.errors import OutputError, TemplateError, UsageError
from dossier.identity import Identities
from dossier.sheets import Put, Sheet, Side, Step, steps
from dossier.sheets import sheets as sheets_of

Shown = list[tuple[str, str]]
TODAY = date(2023, 12, 16)


# --- books ---------------------------------------------------------------------------------------------------------


def draw(path: Path, *pages: str) -> None:
    path.parent.mkdir(exist_ok=True)
    canvas = Canvas(str(path), invariant=1)
    for text in pages:
        canvas.drawString(200, 400, text)
        canvas.showPage()
    canvas.save()


def write(folder: Path, evidence: dict[str, list[str]], **keys: Any) -> Path:
    items = [
        {"id": id, "title": f"指标{id}", "unit": "甲局", "evidence": [{"file": file} for file in files]}
        for id, files in evidence.items()
    ]
    manifest = {"title": "印证材料", "date": "2023-12-15", "sources": "sources", "items": items, **keys}
    path = folder / "dossier.yaml"
    path.write_text(yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


OLD = {"1": ["a.pdf", "b.pdf"], "2": ["c.pdf", "d.pdf"], "3": ["e.pdf"], "4": ["f.pdf"]}
NEW = {"1": ["a.pdf", "b.pdf"], "2": ["c.pdf", "late.pdf", "d.pdf"], "3": [], "4": ["f.pdf"]}
CASES: dict[str, tuple[dict[str, list[str]], dict[str, Any]]] = {
    "one volume": (NEW, {}),
    "several volumes": (NEW, {"volumes": {"max_pages": 14}, "numbering": {"restart": "volume"}}),
    "no blanks between": (NEW, {"page": {"start_on": "any"}}),
    "in English": (NEW, {"template_set": "bundle", "front": ["cover", "index"]}),
    "draft": ({**NEW, "4": ["missing.pdf"]}, {}),
}


@dataclass(frozen=True)
class Books:
    """Two builds of one dossier, compared through the command."""

    folder: Path
    found: Comparison
    told: dict[str, Any]

    @property
    def printed(self) -> Path:
        return self.folder / "print.pdf"


def build(folder: Path, evidence: dict[str, list[str]], out: Path, **keys: Any) -> None:
    dossier.build(dossier.load(write(folder, evidence, **keys)), out=out, engine="embedded")


@pytest.fixture(scope="module", params=CASES)
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Build a dossier; change one source, add one, remove one; build it again, and ask what to reprint."""
    folder = tmp_path_factory.mktemp("books")
    evidence, keys = CASES[request.param]
    for name, pages in {"a": 3, "b": 2, "c": 5, "d": 1, "e": 2, "f": 3}.items():
        draw(folder / "sources" / f"{name}.pdf", *(f"{name} p{page}" for page in range(1, pages + 1)))
    front = {"front": ["cover", "index"], "back": ["checklist"], **keys}
    build(folder, OLD, folder / "old", **front)
    draw(folder / "sources" / "c.pdf", "c p1", "c p2", "c p3 CHANGED", "c p4", "c p5")
    draw(folder / "sources" / "late.pdf", "late p1", "late p2", "late p3")
    build(folder, {id: files for id, files in evidence.items() if files}, folder / "new", **front)
    found = comparison.compare(comparison.read(folder / "old"), comparison.read(folder / "new"))
    reprint.write_pdf(found, folder / "print.pdf")
    reprint.write_word(found, folder / "words.docx", today=TODAY)
    told = json.loads(_asked(folder))
    return Books(folder, found, told)


def _asked(folder: Path) -> str:
    with redirect_stdout(StringIO()) as out:
        assert cli.main(["diff", str(folder / "old"), str(folder / "new"), "--json"]) == 1
    return out.getvalue()


# --- changed by hand -----------------------------------------------------------------------------------------------


def leaves(pdf: pikepdf.Pdf) -> list[list[pikepdf.Page]]:
    pages = list(pdf.pages)
    return [pages[at : at + 2] for at in range(0, len(pages), 2)]


def changed_by_hand(books: Books, open_files: ExitStack) -> list[list[list[pikepdf.Page]]]:
    """Do with the old PDFs what the JSON says, sheet by sheet, with the sheets of the printed PDF."""
    files = [books.folder / "old" / volume.file for volume in books.found.old.receipt.volumes]
    *old, fresh = (leaves(open_files.enter_context(pikepdf.open(file))) for file in (*files, books.printed))
    lay = [list(volume) for volume in old]
    while len(lay) < max(step["volume"] for step in books.told["steps"]):
        lay.append([])
    for step in reversed(books.told["steps"]):
        at = step["after"]["sheet"] if step["after"] else 0
        put: list[list[pikepdf.Page]] = []
        for one in step["put"]:
            origin = one["from"]
            put.append(old[origin["volume"] - 1][origin["sheet"] - 1] if origin else fresh[one["printed"] - 1])
        assert [sheet["sheet"] for sheet in step["out"]] == [at + count for count in range(1, len(step["out"]) + 1)]
        lay[step["volume"] - 1][at : at + len(step["out"])] = put
    return [volume for volume in lay if volume]


def shown(path: Path) -> Shown:
    """Return what each page shows and the text that is stamped on it; an empty page shows nothing."""
    reader = pypdf.PdfReader(path)
    identities = Identities(reader)
    stamps = list(stamped(path))
    found: Shown = []
    for page, stamp in zip(reader.pages, stamps, strict=True):
        resources: Any = page["/Resources"]
        blank = "/XObject" not in resources
        found.append(("" if blank else identities.of(page), stamp))
    return found + [("", "")] * (len(found) % 2)


def stamped(path: Path) -> Iterator[str]:
    with pypdfium2.PdfDocument(path) as document:
        for page in document:
            for form in list(page.get_objects([pdfium.FPDF_PAGEOBJ_FORM], max_depth=1)):
                page.remove_obj(form)
            yield "".join(page.get_textpage().get_text_range().split())


def saved(volume: list[list[pikepdf.Page]], path: Path) -> Path:
    with pikepdf.new() as pdf:
        for sheet in volume:
            pdf.pages.extend(sheet)
        pdf.save(path)
    return path


def test_the_old_book_changed_by_hand_shows_the_new_one_page_for_page(books: Books, tmp_path: Path) -> None:
    files = [books.folder / "new" / volume.file for volume in books.found.new.receipt.volumes]
    with ExitStack() as open_files:
        lay = changed_by_hand(books, open_files)
        assert len(lay) == len(files)
        for number, (volume, file) in enumerate(zip(lay, files, strict=True)):
            assert shown(saved(volume, tmp_path / f"{number}.pdf")) == shown(file)


def test_the_old_book_unchanged_is_not_the_new_one(books: Books) -> None:
    """Else the comparison above would prove nothing."""
    files = [books.folder / "old" / volume.file for volume in books.found.old.receipt.volumes]
    new = [books.folder / "new" / volume.file for volume in books.found.new.receipt.volumes]
    assert [shown(file) for file in files] != [shown(file) for file in new]


def test_what_is_printed_is_two_pages_a_sheet(books: Books) -> None:
    with pikepdf.open(books.printed) as pdf:
        assert len(pdf.pages) == 2 * len(books.found.printed) == 2 * books.told["sheets"]["print"]
        assert not any("/Annots" in page.obj for page in pdf.pages)


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not here")
def test_qpdf_finds_nothing_wrong_with_what_is_printed(books: Books) -> None:
    done = subprocess.run(["qpdf", "--check", str(books.printed)], capture_output=True, text=True, check=False)
    assert (done.returncode, "WARNING" in done.stdout + done.stderr) == (0, False)


def test_what_is_printed_carries_nothing_of_the_other_pages(books: Books) -> None:
    """Jumps to them are taken out; else whole pages that nobody prints would go along."""
    with pikepdf.open(books.printed) as pdf:
        kept = [one for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/Page"]
        assert len(kept) == len(pdf.pages)


def test_every_side_that_is_printed_differs_from_the_old_book_with_its_sheet(books: Books) -> None:
    old: set[tuple[tuple[str, str], tuple[str, str]]] = set()
    for volume in books.found.old.receipt.volumes:
        pages = shown(books.folder / "old" / volume.file)
        old |= set(zip(pages[::2], pages[1::2], strict=True))
    printed = shown(books.printed)
    assert not old & set(zip(printed[::2], printed[1::2], strict=True))


def test_the_word_sheet_says_every_step(books: Books) -> None:
    document = docx.Document(str(books.folder / "words.docx"))
    rows = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    for step in books.told["steps"]:
        assert any(text.rstrip(".") == step["text"] for text in rows)


def test_a_changed_page_an_added_and_a_removed_file_are_told(books: Books) -> None:
    told = {(change["what"], change["id"]): change for change in books.told["changes"]}
    changed, added, moved = (told["evidence", id] for id in ("2-01", "2-02", "2-03"))
    first = next(page.number for page in books.found.new.receipt.pages if page.evidence == "2-01")
    (number,) = changed["pages"]
    third = int(number.rpartition("-")[2]) - int(first.rpartition("-")[2])
    assert (changed["became"], third) == ("changed", 2)
    assert (added["became"], len(added["pages"]), added["was"]["pages"]) == ("added", 3, "")
    assert (moved["became"], moved["old_id"]) == ("moved", "2-02")
    assert told["item", "3"]["became"] == told["evidence", "3-01"]["became"] == "removed"


# --- words ---------------------------------------------------------------------------------------------------------


def side(page: int, number: str = "", kind: str = "evidence") -> Side:
    return Side(page, number, kind, f"{kind} {page} {number}" if kind != "blank" else "")


def book(*numbers: str, volume: int = 1, kind: str = "evidence") -> list[Sheet]:
    sides = [side(page, number, kind if number else "blank") for page, number in enumerate(numbers, start=1)]
    return sheets_of(volume, sides)


COVER = sheets_of(1, [side(1, kind="cover"), side(2, kind="blank")])
PAGES = book("141", "142", "143", "", "144", "145", "146", "147")


def said(step: Step, volumes: tuple[int, int] = (1, 1)) -> tuple[str, str]:
    return reprint._CHINESE.sentence(step, volumes), reprint._ENGLISH.sentence(step, volumes)


def puts(*sheets: Sheet) -> tuple[Put, ...]:
    return tuple(map(Put, sheets))


LATE = book("143A", "143B", "143C", "143D")


@pytest.mark.parametrize(
    ("step", "chinese", "english"),
    [
        (
            Step(1, PAGES[0], (PAGES[1],), puts(PAGES[1])),
            "抽出第143页，换入新页",
            "Take out page 143, put in the new ones",
        ),
        (
            Step(1, PAGES[0], tuple(PAGES[1:3]), puts(*PAGES[1:3])),
            "抽出第143—145页，换入新页",
            "Take out pages 143–145, put in the new ones",
        ),
        (
            Step(1, PAGES[0], (PAGES[1],), puts(PAGES[1], *LATE)),
            "抽出第143页，换入第143页、第143A—143D页",
            "Take out page 143, put in page 143, pages 143A–143D",
        ),
        (
            Step(1, PAGES[1], (), puts(*LATE)),
            "在第143页后插入第143A—143D页",
            "After page 143, put in pages 143A–143D",
        ),
        (Step(1, None, (), puts(COVER[0])), "在册首插入封面", "At the front, put in the cover"),
        (Step(1, COVER[0], (), puts(*LATE)), "在封面后插入第143A—143D页", "After the cover, put in pages 143A–143D"),
        (Step(1, PAGES[1], (PAGES[2],), ()), "抽出第144—145页", "Take out pages 144–145"),
        (
            Step(1, PAGES[1], (PAGES[2],), (), (PAGES[2],)),
            "抽出第144—145页，留待移放",
            "Take out pages 144–145 and keep them for another place",
        ),
        (
            Step(1, PAGES[1], tuple(PAGES[2:4]), (), (PAGES[3],)),
            "抽出第144—147页（其中第146—147页留待移放）",
            "Take out pages 144–147 (keep pages 146–147 for another place)",
        ),
        (
            Step(1, PAGES[0], (), (Put(PAGES[3], PAGES[3]), Put(LATE[0]))),
            "在第142页后插入原第146—147页、新印第143A—143B页",
            "After page 142, put in the old pages 146–147, new pages 143A–143B",
        ),
        (
            Step(1, None, tuple(book("")), puts(*LATE)),
            "抽出第1张，换入第143A—143D页",
            "Take out sheet 1, put in pages 143A–143D",
        ),
    ],
)  # fmt: skip
def test_a_step_is_said_as_one_would_say_it(step: Step, chinese: str, english: str) -> None:
    assert said(step) == (chinese, english)


def test_the_volume_is_named_where_there_are_several() -> None:
    step = Step(2, None, (), (Put(PAGES[0], PAGES[0]),))
    chinese, english = said(step, (2, 2))
    assert chinese == "第2册：在册首插入原第1册第141—142页"
    assert english == "Volume 2: at the front, put in the old pages 141–142 of volume 1"


def test_a_new_volume_and_one_that_is_no_more_are_named_as_such() -> None:
    new = Step(2, None, (), puts(*book("9", "10", volume=2)))
    old = Step(2, None, tuple(book("9", "10", volume=2)), ())
    assert said(new, (1, 2))[0] == "新装第2册：第9—10页"
    assert said(old, (2, 1))[0] == "撤去第2册：抽出第9—10页"


def test_the_index_has_numbers_of_its_own() -> None:
    sheets = sheets_of(1, [side(1, "i", "index"), side(2, "ii", "index"), side(3, "1"), side(4, "2")])
    assert said(Step(1, None, tuple(sheets), puts(*sheets)))[0] == "抽出第i—ii页、第1—2页，换入新页"


# --- the command ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two books that differ in one page of a source."""
    folder = tmp_path_factory.mktemp("pair")
    draw(folder / "sources" / "a.pdf", "a p1", "a p2", "a p3")
    build(folder, {"1": ["a.pdf"]}, folder / "old", front=["cover", "index"])
    draw(folder / "sources" / "a.pdf", "a p1", "a p2", "a p3 CHANGED")
    build(folder, {"1": ["a.pdf"]}, folder / "new", front=["cover", "index"])
    return folder


@pytest.fixture
def here(pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("old", "new"):
        shutil.copytree(pair / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_only_the_sheet_with_the_changed_page_is_printed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["diff", "old", "new", "--pdf", "p.pdf", "--word", "w.docx"]) == 1
    out = capsys.readouterr().out
    assert "evidence changed: 1-01 a, p. 3—5; different: 5\n" in out
    assert "1. 抽出第5页，换入新页  [1]\n" in out
    assert "1 sheets to print, 1 to take out for good" in out
    ((front, label), back) = shown(here / "p.pdf")
    assert (label, back) == ("—5—", ("", ""))
    assert front == next(page.digest for page in comparison.read(here / "new").receipt.pages if page.number == "5")
    assert (here / "w.docx").is_file()


def test_nothing_differs_from_itself(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["diff", "old", "old/binder.pdf", "--pdf", "p.pdf", "--word", "w.docx"]) == 0
    said = capsys.readouterr()
    assert said.out == "nothing differs\n"
    assert "p.pdf: it was not written" in said.err
    assert sorted(path.name for path in here.iterdir()) == ["new", "old"]


def test_a_receipt_alone_is_compared(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copyfile("old/receipt.json", "kept.json")
    assert cli.main(["diff", "kept.json", "new", "--pdf", "p.pdf"]) == 1
    said = capsys.readouterr()
    assert "1. 抽出第5页，换入新页  [1]\n" in said.out
    assert "how labels look was not compared" in said.err


def test_without_the_new_book_nothing_can_be_printed(here: Path) -> None:
    shutil.copyfile("new/receipt.json", "kept.json")
    assert cli.main(["diff", "old", "kept.json", "--pdf", "p.pdf"]) == 2
    assert not Path("p.pdf").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["diff", "old"],
        ["diff", "old", "none"],
        ["diff", "old", "new", "--pdf", "p.txt"],
        ["diff", "old", "new", "--word", "w.doc"],
        ["diff", "old", "new", "--pdf", "new/binder.pdf"],
    ],
)
def test_wrong_arguments_are_refused(here: Path, arguments: list[str]) -> None:
    before = hashlib.sha256(Path("new/binder.pdf").read_bytes()).digest()
    assert cli.main(arguments) == 2
    assert hashlib.sha256(Path("new/binder.pdf").read_bytes()).digest() == before


def test_a_book_that_is_not_the_one_of_its_receipt_is_refused_by_name(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile("old/binder.pdf", "new/binder.pdf")
    assert cli.main(["diff", "old", "new"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert str(Path("new/binder.pdf")) in said
    assert "checksum" in said


def test_what_cannot_be_written_leaves_nothing_behind(here: Path) -> None:
    found = comparison.compare(comparison.read(here / "old"), comparison.read(here / "new"))
    for write_it in (
        lambda: reprint.write_pdf(found, here / "none" / "p.pdf"),
        lambda: reprint.write_word(found, here / "none" / "w.docx", today=TODAY),
    ):
        with pytest.raises(OutputError, match="cannot be written"):
            write_it()
    assert sorted(path.name for path in here.iterdir()) == ["new", "old"]


def test_a_set_without_the_template_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reprint, "TEMPLATE", "no-such-sheet")
    found = comparison.compare(comparison.read(here / "old"), comparison.read(here / "new"))
    with pytest.raises(TemplateError, match="no-such-sheet"):
        reprint.write_word(found, here / "w.docx", today=TODAY)


def test_without_the_manifest_the_word_sheet_says_what_the_receipt_knows(here: Path) -> None:
    old, new = (comparison.read(here / name) for name in ("old", "new"))
    lost = replace(new, receipt=replace(new.receipt, manifest={"path": str(here / "lost.yaml")}))
    reprint.write_word(comparison.compare(old, lost), here / "w.docx", today=TODAY)
    text = "\n".join(paragraph.text for paragraph in docx.Document(str(here / "w.docx")).paragraphs)
    assert "印证材料" in text


def test_the_help_says_what_the_status_means(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["diff", "--help"]) == 0
    assert "0 when nothing differs, 1 when something does" in " ".join(capsys.readouterr().out.split())


def test_printing_a_lost_volume_is_refused_by_name(here: Path) -> None:
    old, new = (comparison.read(here / name) for name in ("old", "new"))
    found = replace(comparison.compare(old, new), new=replace(new, files=(None,)))
    with pytest.raises(UsageError, match=r"binder\.pdf does not lie beside"):
        reprint.write_pdf(found, here / "p.pdf")


def test_a_last_sheet_without_a_back_gets_an_empty_one_of_its_size(here: Path) -> None:
    new = comparison.read(here / "new")
    lone = Sheet(1, 1, side(1, kind="cover"))
    found = replace(comparison.compare(new, new), steps=steps([[]], [[lone, Sheet(1, 2, side(3, "i", "index"))]]))
    reprint.write_pdf(found, here / "p.pdf")
    with pikepdf.open(here / "p.pdf") as pdf:
        assert ["/XObject" in page.obj.Resources for page in pdf.pages] == [True, False, True, False]
        assert len({tuple(map(float, page.mediabox)) for page in pdf.pages}) == 1
