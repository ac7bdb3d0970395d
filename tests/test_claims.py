"""Words that evidence is to prove are found, underlined beneath and not over them, cited, and missed by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from conftest import MakeDocx, MakeManifest, MakePdf, MakePhoto
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

import dossier
from dossier import VerificationError, claims, fonts, receipt
from dossier.errors import ManifestError

Build = Callable[..., dossier.Binder]
RED = (204, 0, 0)


@pytest.fixture
def build(make_manifest: MakeManifest, tmp_path: Path) -> Build:
    def make(evidence: dict[str, list[dict[str, Any]]], **keys: Any) -> dossier.Binder:
        return dossier.build(make_manifest(evidence, **keys), tmp_path / "out", engine="embedded")

    return make


@pytest.fixture
def runner() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def written(path: Path, *pages: list[tuple[float, float, str]], turn: int = 0) -> Path:
    """Write a PDF of lines of text, each at (x, y) in points, set in the shipped Song at 14 points."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pdfmetrics.registerFont(TTFont("Song", str(fonts.SONG.path)))
    canvas = Canvas(str(path), invariant=1)
    for lines in pages:
        canvas.setPageRotation(turn)
        canvas.setFont("Song", 14)
        for x, y, text in lines:
            canvas.drawString(x, y, text)
        canvas.showPage()
    canvas.save()
    return path


def page_of(binder: dossier.Binder, id: str, offset: int = 0) -> receipt.Page:
    where = binder.pages_of(id)
    return next(p for p in binder.receipt.pages if (p.volume, p.page) == (where.volume, where.first + offset))


def codes(binder: dossier.Binder) -> list[str]:
    return [problem.code for problem in binder.problems]


def red_rows(binder: dossier.Binder, page: receipt.Page) -> tuple[set[int], set[int]]:
    """Render a page at two pixels a point; return the rows, from the foot, and the columns that hold red."""
    with pypdfium2.PdfDocument(binder.paths[page.volume - 1]) as document:
        picture = document[page.page - 1].render(scale=2).to_pil().convert("RGB")
    red = [
        (x, picture.height - 1 - y)
        for y in range(picture.height)
        for x in range(picture.width)
        if all(abs(have - want) < 70 for have, want in zip(picture.getpixel((x, y)), RED, strict=True))
    ]
    return {y for _, y in red}, {x for x, _ in red}


# --- found and underlined ------------------------------------------------------------------------------------------


def test_words_are_underlined_beneath_and_not_over_them(build: Build, tmp_path: Path) -> None:
    written(tmp_path / "sources/a.pdf", [(72, 700, "本年抽检合格率93.5%，比上年提高"), (72, 680, "其他内容")])
    binder = build({"1": [{"file": "a.pdf", "proves": [{"text": "合格率93.5%"}]}]})

    assert codes(binder) == []
    page = page_of(binder, "1-01")
    [(x1, y1, x2, y2)] = page.marks
    with pypdfium2.PdfDocument(binder.paths[0]) as document:
        text = document[page.page - 1].get_textpage()
        at = text.get_text_range().index("合格率")
        boxes = [text.get_charbox(index) for index in range(at, at + len("合格率93.5%"))]
    assert y1 == y2
    assert abs(x1 - boxes[0][0]) < 1
    assert abs(x2 - boxes[-1][2]) < 1
    assert min(box[1] for box in boxes) - 4 < y1 < min(box[1] for box in boxes)
    rows, columns = red_rows(binder, page)
    assert rows
    assert max(rows) < 2 * min(box[1] for box in boxes)
    assert min(columns) >= 2 * x1 - 2
    assert max(columns) <= 2 * x2 + 2


@pytest.mark.parametrize("claim", ["合格率９３．５％", "合格率 93.5 %", "合格率93.5%"])
def test_wide_digits_and_spaces_are_no_difference(build: Build, tmp_path: Path, claim: str) -> None:
    written(tmp_path / "sources/a.pdf", [(72, 700, "抽检合 格 率 93.5％。")])
    binder = build({"1": [{"file": "a.pdf", "proves": [{"text": claim}]}]})
    assert codes(binder) == []
    assert len(page_of(binder, "1-01").marks) == 1


def test_words_over_two_lines_get_a_line_each(build: Build, tmp_path: Path) -> None:
    written(tmp_path / "sources/a.pdf", [(300, 700, "工业产品监督抽查合格率"), (72, 676, "93.5%，比上年提高")])
    binder = build({"1": [{"file": "a.pdf", "proves": [{"text": "合格率93.5%"}]}]})
    marks = page_of(binder, "1-01").marks
    assert len(marks) == 2
    assert marks[0][1] > marks[1][1]
    assert marks[0][0] > 300 > marks[1][2]


def test_a_claim_is_looked_for_on_the_page_that_it_names(build: Build, tmp_path: Path) -> None:
    written(tmp_path / "sources/a.pdf", [(72, 700, "合格率93.5%")], [(72, 700, "合格率93.5%")], [(72, 700, "其他")])
    evidence = {"file": "a.pdf", "proves": [{"text": "合格率93.5%", "page": 2}, {"text": "合格率93.5%", "page": 3}]}
    binder = build({"1": [evidence]})
    assert [len(page_of(binder, "1-01", offset).marks) for offset in (0, 1, 2)] == [0, 1, 0]
    [problem] = binder.problems
    assert (problem.code, problem.severity, problem.evidence) == ("claim-not-found", "warning", "1-01")
    assert "合格率93.5%" in problem.message
    assert "page 3" in problem.message


def test_pages_are_counted_as_bound_over_all_files(build: Build, tmp_path: Path) -> None:
    written(tmp_path / "sources/1.pdf", [(72, 700, "甲")], [(72, 700, "乙")], [(72, 700, "丙")])
    written(tmp_path / "sources/2.pdf", [(72, 700, "甲丁")], [(72, 700, "丁")], [(72, 700, "丁")])
    binder = build({"1": [{"files": "*.pdf", "pages": "2-3", "proves": [{"text": "丁", "page": 4}]}]})
    assert [len(page_of(binder, "1-01", offset).marks) for offset in range(4)] == [0, 0, 0, 1]


def test_words_that_are_not_there_are_said_and_can_be_an_error(build: Build, make_pdf: MakePdf) -> None:
    make_pdf("sources/a.pdf")
    evidence = {"1": [{"file": "a.pdf", "proves": [{"text": "合格率93.5%"}]}]}
    assert codes(build(evidence)) == ["claim-not-found"]
    assert build(evidence, rules={"claim-not-found": "off"}).problems == ()
    assert not build(evidence, rules={"claim-not-found": "error"}).complete


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_turned_page_is_underlined_as_it_reads(build: Build, tmp_path: Path, turn: int) -> None:
    written(tmp_path / "sources/a.pdf", [(200, 400, "抽检合格率93.5%")], turn=turn)
    binder = build({"1": [{"file": "a.pdf", "rotate": -turn % 360, "proves": [{"text": "合格率93.5%"}]}]})
    page = page_of(binder, "1-01")
    [(x1, y1, x2, y2)] = page.marks
    assert abs(y1 - y2) < 0.02  # upright again, the line lies flat beneath the words
    with pypdfium2.PdfDocument(binder.paths[0]) as document:
        text = document[page.page - 1].get_textpage()
        at = text.get_text_range().index("合格率")
        left, bottom, _, _ = text.get_charbox(at)
    assert abs(min(x1, x2) - left) < 1.5
    assert bottom - 4 < y1 < bottom


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_region_of_a_scan_is_underlined_as_the_page_is_seen(build: Build, tmp_path: Path, turn: int) -> None:
    from PIL import Image  # noqa: PLC0415 - drawn here alone

    path = tmp_path / "sources/a.pdf"
    path.parent.mkdir(parents=True)
    canvas = Canvas(str(path), pagesize=(595.276, 841.89))
    canvas.drawImage(ImageReader(Image.new("L", (1654, 2339), 200)), 0, 0, 595.276, 841.89)
    canvas.save()
    evidence = {"file": "a.pdf", "rotate": turn, "proves": [{"region": [30, 100, 50, 10]}]}
    binder = build({"1": [evidence]})
    page = page_of(binder, "1-01")
    [(x1, y1, x2, y2)] = page.marks
    mm = 72 / 25.4
    assert abs(y1 - y2) < 0.02
    # The scan covers its sheet, so the place on the sheet is that on the page, but for what fitting shrinks it.
    scale = abs(x2 - x1) / (50 * mm)
    assert 0.8 < scale <= 1
    assert abs(min(x1, x2) - 30 * mm) < 0.2 * page.width
    assert abs((page.height - y1) - 110 * mm) < 0.15 * page.height


def test_a_claim_on_a_page_that_is_not_there_is_said(build: Build, make_photo: MakePhoto) -> None:
    make_photo("sources/a.jpg")
    binder = build({"1": [{"file": "a.jpg", "proves": [{"region": [1, 1, 5, 5], "page": 2}]}]})
    assert codes(binder) == ["claim-not-found"]


# --- proved and tampered with --------------------------------------------------------------------------------------


def test_the_proof_sees_lines_that_the_receipt_does_not_name(build: Build, tmp_path: Path) -> None:
    written(tmp_path / "sources/a.pdf", [(72, 700, "合格率93.5%"), (72, 650, "合格率92.0%")])
    binder = build({"1": [{"file": "a.pdf", "proves": [{"text": "合格率93.5%"}]}]})
    dossier.verify(tmp_path / "out")
    page = page_of(binder, "1-01")
    path = binder.paths[0]
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        content = pdf.pages[page.page - 1].Contents
        data = content.read_bytes()
        old = f"{page.marks[0][1]:g}".encode()
        assert data.count(old) == 2
        content.write(data.replace(old, f"{page.marks[0][1] - 50:g}".encode()))
        pdf.save(path)
    with pytest.raises(VerificationError) as caught:
        dossier.verify(tmp_path / "out")
    assert "underline" in str([problem.message for problem in caught.value.problems])


# --- cited ---------------------------------------------------------------------------------------------------------


def test_claims_and_facts_are_cited_by_page_and_facts_shown(build: Build, make_docx: MakeDocx, tmp_path: Path) -> None:
    written(tmp_path / "sources/a.pdf", [(72, 700, "其他")], [(72, 700, "抽检合格率93.5%。")])
    make_docx("sources/report.docx", 'Rate {{ facts.rate }} {{ cite("rate") }} {{ page("mine") }} {{ page("1-01#2") }}')
    evidence = {"file": "a.pdf", "proves": [{"text": "抽检", "id": "mine"}, {"text": "其他"}]}
    facts = {"rate": {"value": "93.5%", "evidence": "1-01", "quote": "合格率93.5%"}}
    binder = build({"1": [evidence]}, front=["cover", "index", {"file": "report.docx"}], facts=facts)
    assert codes(binder) == []
    first = binder.pages_of("1-01").first
    numbers = {page.page: page.number for page in binder.receipt.pages}
    report = next(page.page for page in binder.receipt.pages if page.kind == "front")
    with pypdfium2.PdfDocument(binder.paths[0]) as document:
        shown = " ".join(document[report - 1].get_textpage().get_text_range().split())
    assert f"Rate 93.5% 见第{numbers[first + 1]}页 {numbers[first + 1]} {numbers[first]}" in shown


# --- figures that differ -------------------------------------------------------------------------------------------


def test_figures_that_two_sources_give_differently_are_said(build: Build, tmp_path: Path) -> None:
    written(tmp_path / "sources/a.pdf", [(72, 700, "抽检合格率93.5%。")])
    written(tmp_path / "sources/b.pdf", [(72, 700, "全年抽检合格率为好，抽检合格率９３．４％。")])
    written(tmp_path / "sources/c.pdf", [(72, 700, "抽检合格率93.5%；满意度82%")])
    facts = {"rate": {"value": "93.5%", "evidence": "1-01", "quote": "抽检合格率93.5%"}}
    binder = build({"1": [{"file": "a.pdf"}, {"file": "b.pdf"}, {"file": "c.pdf"}]}, facts=facts)
    [problem] = binder.problems
    assert (problem.code, problem.evidence, problem.severity) == ("fact-differs", "1-02", "warning")
    assert "93.4%" in problem.message
    assert "93.5%" in problem.message


@pytest.mark.parametrize("value", ["80.52分", "约80.52分", "7,545件", "93.5%"])
def test_a_figure_with_its_unit_is_compared_by_the_number(build: Build, tmp_path: Path, value: str) -> None:
    written(tmp_path / "sources/a.pdf", [(72, 700, f"综合得分为{value}，")])
    facts = {"x": {"value": value, "evidence": "1-01", "quote": f"综合得分为{value}"}}
    assert codes(build({"1": [{"file": "a.pdf"}]}, facts=facts)) == []


def test_a_document_that_misquotes_a_fact_is_said(build: Build, make_docx: MakeDocx, tmp_path: Path) -> None:
    written(tmp_path / "sources/a.pdf", [(72, 700, "抽检合格率93.5%。")])
    make_docx("sources/report.docx", "本年抽检合格率93.4%，比上年提高。")
    facts = {"rate": {"value": "93.5%", "evidence": "1-01", "quote": "抽检合格率93.5%"}}
    binder = build({"1": [{"file": "a.pdf"}]}, front=["cover", {"file": "report.docx"}], facts=facts)
    [problem] = binder.problems
    assert problem.code == "fact-misquoted"
    assert "report.docx" in problem.message
    assert "{{ facts.rate }}" in problem.fix


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"rate": {"value": "93.5%", "evidence": "1-02"}}, "unknown-evidence"),
        ({"1-01": {"value": "93.5%", "evidence": "1-01"}}, "duplicate-id"),
        ({"rate": {"value": "93.5%", "evidence": "1-01", "quote": "合格率93.4%"}}, "bad-quote"),
    ],
)
def test_facts_that_cannot_be_are_refused(make_manifest: MakeManifest, facts: dict[str, Any], code: str) -> None:
    with pytest.raises(ManifestError) as caught:
        dossier.load(make_manifest({"1": [{"file": "a.pdf"}]}, facts=facts))
    assert [problem.code for problem in caught.value.problems] == [code]


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ({}, "one-of"),
        ({"region": [1, 2, 3]}, "bad-region"),
        ({"region": [1, 2, 0, 3]}, "bad-region"),
        ({"text": "x", "id": "1-01"}, "duplicate-id"),
    ],
)
def test_claims_that_cannot_be_are_refused(make_manifest: MakeManifest, claim: dict[str, Any], code: str) -> None:
    with pytest.raises(ManifestError) as caught:
        dossier.load(make_manifest({"1": [{"file": "a.pdf", "proves": [claim]}]}))
    assert code in [problem.code for problem in caught.value.problems]


# --- reading -------------------------------------------------------------------------------------------------------


def test_every_place_is_found_once_a_page_in_the_order_asked(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pdf", [(72, 700, "甲 甲")], [(72, 700, "乙")], [(72, 700, "甲乙")])
    found = claims.find(path, (1, 2, 3), ["甲", "乙", "", "丙"])
    assert [[hit.page for hit in hits] for hits in found] == [[1, 3], [2, 3], [], []]


def test_a_part_that_cannot_be_read_proves_nothing(tmp_path: Path, runner: Executor) -> None:
    (tmp_path / "a.pdf").write_bytes(b"rubbish")
    assert claims._result(runner.submit(claims.find, tmp_path / "a.pdf", (1,), ["x"])) is None


# --- evidence that is filled itself --------------------------------------------------------------------------------


def filled(claim: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {"1": [{"file": "report.docx", "template": True, "proves": [{"id": "rate", **claim}]}]}


def test_a_claim_on_evidence_that_is_filled_is_found_underlined_and_cited(build: Build, make_docx: MakeDocx) -> None:
    make_docx("sources/report.docx", "{{ dossier.title }}", "\f", "合格率{{ values.rate }} {{ cite('rate') }}")
    make_docx("sources/self.docx", "{{ cite('rate') }}")
    front = ["cover", {"file": "self.docx"}]

    binder = build(filled({"text": "合格率93.5%"}), front=front, values={"rate": "93.5%"})

    second = page_of(binder, "1-01", 1)
    assert binder.complete
    assert len(second.marks) == 1
    assert not page_of(binder, "1-01").marks
    text = pypdfium2.PdfDocument(binder.paths[0])[2 - 1 + 1].get_textpage().get_text_range()
    assert f"见第{second.number}页" in text


def test_words_that_a_filled_document_does_not_say_are_reported(build: Build, make_docx: MakeDocx) -> None:
    make_docx("sources/report.docx", "合格率{{ values.rate }}")

    binder = build(filled({"text": "合格率93.5%"}), values={"rate": "91%"})

    assert [(p.code, p.item, p.evidence) for p in binder.problems if p.code == "claim-not-found"] == [
        ("claim-not-found", "1", "1-01")
    ]


def test_a_filled_document_that_gives_a_figure_differently_is_said(
    build: Build, make_docx: MakeDocx, tmp_path: Path
) -> None:
    written(tmp_path / "sources" / "a.pdf", [(72, 700, "合格率93.5%")])
    make_docx("sources/report.docx", "合格率{{ values.rate }}")
    evidence = {"1": [{"file": "a.pdf"}, {"file": "report.docx", "template": True}]}
    facts = {"rate": {"value": "93.5%", "evidence": "1-01", "quote": "合格率93.5%"}}

    binder = build(evidence, facts=facts, values={"rate": "91%"})

    assert [(p.code, p.evidence) for p in binder.problems if p.code == "fact-differs"] == [("fact-differs", "1-02")]
