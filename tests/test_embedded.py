"""The embedded engine prints a Word document's text once, in faces that have it, and says what it could not print."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2
import pytest
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.shared import Pt
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image

from dossier import fonts
from dossier.convert import embedded, pdf
from dossier.convert.embedded import LINE, MISSING, UNSUPPORTED
from dossier.convert.ooxml import EXTERNAL
from dossier.errors import ConversionError
from dossier.part import Note

Converted = tuple[Path, tuple[Note, ...]]
Convert = Callable[..., Converted]

_PACKAGE = "http://schemas.openxmlformats.org"
SPACES = " ".join(
    f'xmlns:{prefix}="{name}"'
    for prefix, name in {
        "w": f"{_PACKAGE}/wordprocessingml/2006/main",
        "a": f"{_PACKAGE}/drawingml/2006/main",
        "r": f"{_PACKAGE}/officeDocument/2006/relationships",
        "wp": f"{_PACKAGE}/drawingml/2006/wordprocessingDrawing",
        "pic": f"{_PACKAGE}/drawingml/2006/picture",
        "c": f"{_PACKAGE}/drawingml/2006/chart",
        "mc": f"{_PACKAGE}/markup-compatibility/2006",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "v": "urn:schemas-microsoft-com:vml",
        "o": "urn:schemas-microsoft-com:office:office",
    }.items()
)


def element(xml: str) -> Any:
    """Parse an element; the prefixes of Word's name spaces are known."""
    head, slash, rest = xml.partition("/>") if xml.find("/>") < xml.find(">") and "/>" in xml else xml.partition(">")
    return parse_xml(f"{head} {SPACES}{slash}{rest}")


def add(document: Any, xml: str) -> None:
    """Add an element at the end of a document's body."""
    body = document.element.body
    body.insert(len(body) - 1, element(xml))


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


@pytest.fixture
def convert(tmp_path: Path) -> Convert:
    """Return a function that saves a document, or takes a file, and converts it."""

    def make(document: Any, name: str = "文件.docx") -> Converted:
        source = document
        if not isinstance(document, Path):
            source = tmp_path / name
            document.save(str(source))
        out = source.with_suffix(".pdf")
        return out, embedded.convert(source, out)

    return make


@pytest.fixture
def document() -> Any:
    """Return a document like a new one of Word's, but without a grid."""
    made = Document()
    for grid in made.element.body.findall(f".//{qn('w:docGrid')}"):
        grid.getparent().remove(grid)
    return made


def texts(path: Path) -> list[str]:
    """Return each page's text as pdfium finds it, without spaces and line ends."""
    with pypdfium2.PdfDocument(path) as opened:
        return ["".join(page.get_textpage().get_text_range().split()) for page in opened]


def text_by_face(path: Path) -> dict[str, str]:
    """Return what of the text is set in each face, by the end of the face's name."""
    found: dict[str, str] = {}

    def visit(text: str, *about: Any) -> None:
        font = about[2]
        if font is not None and text.strip():
            name = str(font["/BaseFont"]).strip("/").rpartition("+")[2]
            found[name] = found.get(name, "") + text.strip()

    for page in pypdf.PdfReader(path).pages:
        page.extract_text(visitor_text=visit)
    return found


def heights(path: Path, chars: str) -> list[float]:
    """Return the height of each of some characters' first occurrences, in points from the bottom of the first page."""
    with pypdfium2.PdfDocument(path) as opened:
        page = opened[0].get_textpage()
        text = page.get_text_range()
        return [page.get_charbox(text.index(char), loose=True)[1] for char in chars]


def codes(notes: tuple[Note, ...]) -> list[str]:
    return [note.code for note in notes]


# --- text and faces ------------------------------------------------------------------------------------------------


def test_text_is_found_once(convert: Convert, document: Any) -> None:
    document.add_paragraph("关于开展质量月活动的通知")
    document.add_paragraph("Notice 2023")
    out, notes = convert(document)

    assert texts(out) == ["关于开展质量月活动的通知Notice2023"]
    assert notes == ()


def test_a_run_of_both_scripts_is_set_in_two_faces(convert: Convert, document: Any) -> None:
    mixed = document.add_paragraph().add_run("质量Quality体系ISO认证")
    mixed.font.name = "Times New Roman"
    out, _ = convert(document)

    assert text_by_face(out) == {"DossierSong": "质量体系认证", "LiberationSerif": "QualityISO"}
    assert texts(out) == ["质量Quality体系ISO认证"]


@pytest.mark.parametrize(
    ("chinese", "face"),
    [("宋体", "Song"), ("仿宋_GB2312", "Song"), ("黑体", "Hei"), ("微软雅黑", "Hei"), ("无此字体", "Song")],
)
def test_a_chinese_font_name_leads_to_its_face(convert: Convert, document: Any, chinese: str, face: str) -> None:
    named = document.add_paragraph().add_run("质量")
    named.font.name = chinese
    named._r.rPr.rFonts.set(qn("w:eastAsia"), chinese)
    out, _ = convert(document)

    assert text_by_face(out) == {f"Dossier{face}": "质量"}


@pytest.mark.parametrize(
    ("latin", "face"),
    [("Arial", "LiberationSans"), ("Calibri", "Carlito"), ("Cambria", "Caladea"), ("Courier New", "LiberationMono")],
)
def test_a_latin_font_name_leads_to_a_face_of_the_same_widths(
    convert: Convert, document: Any, latin: str, face: str
) -> None:
    document.add_paragraph().add_run("Quality").font.name = latin

    assert text_by_face(convert(document)[0]) == {face: "Quality"}


def test_fonts_come_from_styles_too(convert: Convert, document: Any) -> None:
    style = document.styles["Normal"]
    style.font.name = "Arial"
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "黑体")
    document.add_paragraph("质量Quality")

    assert text_by_face(convert(document)[0]) == {"DossierHei": "质量", "LiberationSans": "Quality"}


def test_fonts_come_from_the_style_of_a_table(convert: Convert, document: Any) -> None:
    style = document.styles["Table Grid"]
    style.font.name = "Arial"
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "黑体")
    document.add_table(1, 1, style="Table Grid").cell(0, 0).text = "质量Quality"

    assert text_by_face(convert(document)[0]) == {"DossierHei": "质量", "LiberationSans": "Quality"}


@pytest.mark.parametrize(
    ("text", "chinese"), [("“质量”", "“质量”"), ("年度——总结", "年度——总结"), ("“quality”", ""), ("a—b", "")]
)
def test_quotes_and_dashes_follow_the_text_around(convert: Convert, document: Any, text: str, chinese: str) -> None:
    document.add_paragraph(text)

    assert text_by_face(convert(document)[0]).get("DossierSong", "") == chinese


GUIDED = f"<w:ruby><w:rubyPr/><w:rt>{run('zhi')}</w:rt><w:rubyBase>{run('质')}</w:rubyBase></w:ruby>"


@pytest.mark.parametrize(
    ("xml", "shown"),
    [
        ('<w:p><w:smartTag w:element="chsdate">' + run("2023年") + "</w:smartTag></w:p>", "2023年"),
        ("<w:p><w:smartTag><w:smartTagPr/><w:smartTag>" + run("内") + "</w:smartTag></w:smartTag></w:p>", "内"),
        ('<w:p><w:customXml w:element="a">' + run("内") + "</w:customXml></w:p>", "内"),
        ('<w:customXml w:element="a"><w:p>' + run("段") + "</w:p></w:customXml>", "段"),
        ("<w:p><w:sdt><w:sdtContent>" + run("控件") + "</w:sdtContent></w:sdt></w:p>", "控件"),
        ('<w:p><w:ins w:id="1" w:author="a">' + run("新增") + "</w:ins></w:p>", "新增"),
        ('<w:p><w:fldSimple w:instr="TITLE">' + run("域") + "</w:fldSimple></w:p>", "域"),
        ("<w:p><w:r><w:t>010</w:t><w:noBreakHyphen/><w:t>8888</w:t></w:r></w:p>", "010-8888"),
        ('<w:p><w:r><w:sym w:font="Wingdings" w:char="F06E"/></w:r></w:p>', "■"),
        ('<w:p><w:r><w:sym w:font="MS Gothic" w:char="25A0"/></w:r></w:p>', "■"),
        (f"<w:p><w:r>{GUIDED}</w:r></w:p>", "质"),
        ('<w:p><w:del w:id="1" w:author="a"><w:r><w:delText>旧</w:delText></w:r></w:del>' + run("新") + "</w:p>", "新"),
        ("<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>隐</w:t></w:r>" + run("显") + "</w:p>", "显"),
    ],
    ids=[
        "a smart tag", "a smart tag in another", "custom XML", "custom XML around a paragraph", "a content control",
        "an insertion", "a field", "a hyphen that keeps together", "a symbol", "a symbol by its own number",
        "a phonetic guide", "a deletion", "hidden text",
    ],
)  # fmt: skip
def test_marked_up_text_is_printed_as_word_would(convert: Convert, document: Any, xml: str, shown: str) -> None:
    add(document, xml)

    assert texts(convert(document)[0]) == [shown]


@pytest.mark.parametrize("char", ["ZZZZ", "", "-1", "D800", "FFFF", "12345"])
def test_a_symbol_that_is_none_is_passed_over(convert: Convert, document: Any, char: str) -> None:
    add(document, f'<w:p><w:r><w:t>质量</w:t><w:sym w:font="Wingdings" w:char="{char}"/></w:r></w:p>')

    assert texts(convert(document)[0])[0].startswith("质量")


# --- layout --------------------------------------------------------------------------------------------------------


def with_grid(document: Any, pitch: object, kind: str = "lines") -> None:
    document.element.body.sectPr.append(element(f'<w:docGrid w:type="{kind}" w:linePitch="{pitch}"/>'))


def lines_of(document: Any, spacing: str, size: float = 12) -> None:
    """Add two paragraphs of one line, whose first characters are 甲 and 乙."""
    for text in ("甲一", "乙二"):
        paragraph = document.add_paragraph()
        paragraph.add_run(text).font.size = Pt(size)
        properties = paragraph._p.get_or_add_pPr()
        properties.append(element(f'<w:spacing w:before="0" w:after="0" {spacing}/>'))


@pytest.mark.parametrize(
    ("spacing", "size", "height"),
    [
        ('w:line="240" w:lineRule="auto"', 12, 15.6),  # a line of 12 points fits one cell of the grid, as LINE says
        ('w:line="360" w:lineRule="auto"', 12, 1.5 * 15.6),
        ('w:line="480" w:lineRule="auto"', 12, 2 * 15.6),
        ('w:line="360" w:lineRule="auto"', 16, 1.5 * 2 * 15.6),
        ('w:line="560" w:lineRule="exact"', 16, 28),
    ],
    ids=["single", "one and a half", "double", "one and a half, two cells", "exact"],
)
def test_lines_on_a_grid_are_as_high_as_word_makes_them(
    convert: Convert, document: Any, spacing: str, size: float, height: float
) -> None:
    with_grid(document, 312)
    lines_of(document, spacing, size)
    first, second = heights(convert(document)[0], "甲乙")

    assert first - second == pytest.approx(height, abs=0.15)


def test_lines_off_the_grid_keep_their_own_height(convert: Convert, document: Any) -> None:
    with_grid(document, 312)
    lines_of(document, 'w:line="360" w:lineRule="auto"', 16)
    for paragraph in document.paragraphs:
        paragraph._p.pPr.insert(0, element('<w:snapToGrid w:val="0"/>'))
    first, second = heights(convert(document)[0], "甲乙")

    assert first - second == pytest.approx(1.5 * LINE * 16, abs=0.3)


@pytest.mark.parametrize("pitch", ["nan", "inf", "1e400", "-312", "0", "x", ""])
def test_a_senseless_grid_is_ignored(convert: Convert, document: Any, pitch: str) -> None:
    with_grid(document, pitch, "linesAndChars")
    document.element.body.sectPr.find(qn("w:docGrid")).set(qn("w:charSpace"), pitch)
    document.add_paragraph("质量")

    assert texts(convert(document)[0]) == ["质量"]


_LAYOUTS = {
    "": "",
    "of columns that are fixed": '<w:tblLayout w:type="fixed"/>',
    "as wide as its text": '<w:tblLayout w:type="autofit"/>',
}


def _table(layout: str, columns: Sequence[int], width: int) -> str:
    """Return a table whose cells claim to be ``width`` wide, in 20ths of a point, and do not keep to its columns."""
    grid = "".join(f'<w:gridCol w:w="{column}"/>' for column in columns)
    cell = f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>%s</w:tcPr><w:p>%s</w:p></w:tc>'
    row = f"<w:tr>{cell}{cell}</w:tr>" % ('<w:gridSpan w:val="2"/>', run("质量合格 of goods" * 4), "", run("92批次"))
    return f"<w:tbl><w:tblPr>{layout}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{row}{row}</w:tbl>"


@pytest.mark.parametrize("layout", _LAYOUTS.values(), ids=_LAYOUTS)
@pytest.mark.parametrize("columns", [(600, 1200, 3000), (600, 0, 3000), ()], ids=["grid", "half a grid", "no grid"])
@pytest.mark.parametrize("width", [900, 5000])
def test_cutting_the_widths_of_cells_changes_no_byte(
    convert: Convert, document: Any, monkeypatch: pytest.MonkeyPatch, layout: str, columns: Sequence[int], width: int
) -> None:
    add(document, _table(layout, columns, width))
    cut = convert(document, "cut.docx")[0].read_bytes()
    monkeypatch.setattr(embedded, "_cut_widths", lambda root: None)
    assert cut == convert(document, "whole.docx")[0].read_bytes()


@pytest.mark.parametrize(
    ("layout", "columns", "left"),
    [
        (_LAYOUTS[""], (600, 1200, 3000), 0),
        (_LAYOUTS["of columns that are fixed"], (600, 1200, 3000), 0),
        (_LAYOUTS["as wide as its text"], (600, 1200, 3000), 4),
        (_LAYOUTS[""], (600, 0, 3000), 4),
        (_LAYOUTS[""], (), 4),
    ],
)
def test_widths_of_cells_that_decide_nothing_are_kept_from_the_engine(
    document: Any, tmp_path: Path, layout: str, columns: Sequence[int], left: int
) -> None:
    add(document, _table(layout, columns, 900))
    document.save(str(tmp_path / "表.docx"))
    with zipfile.ZipFile(io.BytesIO(embedded.prepare(tmp_path / "表.docx").package)) as package:
        assert package.read("word/document.xml").count(b"<w:tcW ") == left


def test_a_table_a_header_and_page_numbers_are_printed(convert: Convert, document: Any) -> None:
    table = document.add_table(2, 2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"格{number}"
    section = document.sections[0]
    section.header.paragraphs[0].text = "页眉Head"
    footer = section.footer.paragraphs[0]
    for kind in ("begin", "separate", "end"):
        if kind == "separate":
            footer.add_run()._r.append(element('<w:instrText xml:space="preserve"> PAGE </w:instrText>'))
        footer.add_run()._r.append(element(f'<w:fldChar w:fldCharType="{kind}"/>'))
    document.add_page_break()
    document.add_paragraph("次页")
    out, notes = convert(document)

    assert texts(out) == ["页眉Head格0格1格2格31", "页眉Head次页2"]
    assert notes == ()


def test_hyperlinks_survive_and_become_one_area(convert: Convert, document: Any, tmp_path: Path) -> None:
    for uri in ("dossier:1-6-03", "https://example.org/a"):
        relation = document.part.relate_to(uri, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        add(document, f'<w:p><w:hyperlink r:id="{relation}">{run("第五十七页")}{run(" page")}</w:hyperlink></w:p>')
    out, notes = convert(document)
    part = pdf.normalise(out, tmp_path / "part.pdf")

    assert [link.uri for link in part.pages[0].links] == ["dossier:1-6-03", "https://example.org/a"]
    assert notes == ()


# --- pictures ------------------------------------------------------------------------------------------------------


def picture(mode: str, kind: str, **options: Any) -> bytes:
    """Draw a square of 60 pixels on white, in magenta where there are colours, else in a dark grey or black."""
    image = Image.new("RGB", (100, 100), "white")
    colour = {"1": (0, 0, 0), "L": (40, 40, 40), "LA": (40, 40, 40), "I;16": (40, 40, 40)}.get(mode, (255, 0, 255))
    image.paste(colour, (20, 20, 80, 80))
    if mode == "P":
        image = image.convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    if mode == "I;16":
        image = image.convert("I").point(lambda value: value * 257)
    out = io.BytesIO()
    image.convert(mode).save(out, kind, **options)
    return out.getvalue()


def show(document: Any, data: bytes, suffix: str = "png", holder: Any = None) -> None:
    """Put a picture of 100 points into a line of the document or header, whatever python-docx thinks of its bytes."""
    part = (holder or document).part
    relation, _ = part.get_or_add_image(io.BytesIO(picture("RGB", "PNG")))
    blob = part.rels[relation].target_part
    blob._blob = data
    blob.partname = type(blob.partname)(f"/word/media/picture.{suffix}")
    side = 100 * 12700
    paragraph = element(
        f'<w:p><w:r><w:drawing><wp:inline><wp:extent cx="{side}" cy="{side}"/><wp:docPr id="1" name="p"/><a:graphic>'
        f'<a:graphicData uri="{_PACKAGE}/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="1" name="p"/>'
        f'<pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="{relation}"/><a:stretch><a:fillRect/></a:stretch>'
        f'</pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{side}" cy="{side}"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline>'
        "</w:drawing></w:r></w:p>"
    )
    (document.element.body if holder is None else holder._element).insert(0, paragraph)


def dark(path: Path) -> int:
    """Count the dark or magenta pixels of the first page, a point wide each."""
    with pypdfium2.PdfDocument(path) as opened:
        image: Image.Image = opened[0].render(scale=1).to_pil().convert("RGB")
    return sum(image.getchannel("G").histogram()[:110])


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("RGB", "PNG", {}), ("RGBA", "PNG", {}), ("P", "PNG", {}), ("P", "PNG", {"bits": 2}), ("L", "PNG", {}),
        ("LA", "PNG", {}), ("1", "PNG", {}), ("I;16", "PNG", {}), ("RGB", "JPEG", {}), ("L", "JPEG", {}),
        ("RGB", "JPEG", {"progressive": True}), ("CMYK", "JPEG", {}), ("P", "GIF", {}), ("RGB", "BMP", {}),
        ("RGB", "TIFF", {}), ("1", "TIFF", {"compression": "group4"}), ("RGB", "WEBP", {"lossless": True}),
    ],
    ids=lambda value: "" if value == {} else str(value),
)  # fmt: skip
def test_pictures_of_every_kind_are_drawn(
    convert: Convert, document: Any, mode: str, kind: str, options: dict[str, Any]
) -> None:
    show(document, picture(mode, kind, **options), kind.lower())
    out, notes = convert(document)

    assert dark(out) == pytest.approx(60 * 60, rel=0.1)
    assert notes == ()


def test_a_picture_in_a_header_is_drawn(convert: Convert, document: Any) -> None:
    show(document, picture("L", "JPEG"), "jpeg", holder=document.sections[0].header)

    assert dark(convert(document)[0]) == pytest.approx(60 * 60, rel=0.1)


def test_what_is_transparent_shows_the_paper(convert: Convert, document: Any) -> None:
    image = Image.new("P", (100, 100), 0)
    image.putpalette([0, 0, 0, 200, 0, 200])
    image.paste(1, (20, 20, 80, 80))
    data = io.BytesIO()
    image.save(data, "GIF", transparency=0)
    show(document, data.getvalue(), "gif")

    assert dark(convert(document)[0]) == pytest.approx(60 * 60, rel=0.1)


@pytest.mark.parametrize("lost", [2, 40])
def test_a_picture_that_is_cut_short_is_named_and_drawn(convert: Convert, document: Any, lost: int) -> None:
    show(document, picture("RGB", "JPEG", comment=b"a thumbnail would end \xff\xd9 too")[:-lost], "jpeg")
    out, (note,) = convert(document)

    assert note.code == UNSUPPORTED
    assert "cut short: picture.jpeg" in note.message
    assert dark(out) > 1000


@pytest.mark.parametrize(
    "data",
    [picture("RGB", "PNG")[:200], picture("RGB", "JPEG")[:200], b"\x01\0\0\0" + bytes(36) + b" EMF" + bytes(60), b""],
    ids=["half a PNG", "half a JPEG", "EMF", "nothing"],
)
def test_a_picture_that_cannot_be_read_is_named(convert: Convert, document: Any, data: bytes) -> None:
    show(document, data, "emf")
    _, (note,) = convert(document)

    assert note.code == UNSUPPORTED
    assert "picture.emf" in note.message


# --- what is reported ----------------------------------------------------------------------------------------------


def test_characters_that_no_font_has_are_named(convert: Convert, document: Any) -> None:
    document.add_paragraph("☐ 同意")
    document.add_table(1, 1).cell(0, 0).text = "☑"
    document.sections[0].footer.paragraphs[0].text = "𠮷"
    _, (note,) = convert(document)

    assert note.code == MISSING
    assert all(name in note.message for name in ("☐ (U+2610)", "☑ (U+2611)", "𠮷 (U+20BB7)"))
    assert "同" not in note.message


def test_a_box_is_told_from_another_face(convert: Convert, document: Any) -> None:
    document.add_paragraph("☐𠮷")
    out, (note,) = convert(document)
    box, substitute = note.message.split(";")

    assert "𠮷" in box
    assert "☐" in substitute
    assert {face for face, text in text_by_face(out).items() if "☐" in text}.isdisjoint({"DossierSong", "DossierHei"})


def test_the_label_of_a_list_is_looked_at_too(convert: Convert, document: Any) -> None:
    document.add_paragraph("项目", style="List Bullet")
    for label in document.part.numbering_part.element.iter(qn("w:lvlText")):
        label.set(qn("w:val"), "☐质")
    _, notes = convert(document)

    assert codes(notes) == [MISSING]


def test_characters_in_the_faces_of_the_engine_are_not_missing(convert: Convert, document: Any) -> None:
    document.add_paragraph("Привет Ελλάδα café №1 ①②③ ℃ ■□ →")

    assert convert(document)[1] == ()


DRAWING = (
    '<w:drawing><wp:inline><wp:extent cx="9" cy="9"/><wp:docPr id="1" name="x"/><a:graphic>{}</a:graphic></wp:inline>'
    "</w:drawing>"
)
CHART = f'<a:graphicData uri="{_PACKAGE}/drawingml/2006/chart"><c:chart r:id="x"/></a:graphicData>'
SHAPE = (
    '<a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"><wps:wsp><wps:cNvSpPr/>'
    "<wps:spPr/><wps:bodyPr/></wps:wsp></a:graphicData>"
)


@pytest.mark.parametrize(
    ("inside", "word"),
    [
        ('<w:object><v:shape/><o:OLEObject Type="Embed" ProgID="Excel.Sheet.12"/></w:object>', "OLE"),
        ('<w:pict><v:line from="0,0" to="200,0"/></w:pict>', "VML"),
        (DRAWING.format(CHART), "charts"),
        (DRAWING.format(f'<a:graphicData uri="{_PACKAGE}/drawingml/2006/diagram"/>'), "SmartArt"),
        (DRAWING.format(SHAPE), "shapes"),
        (GUIDED, "phonetic"),
    ],
    ids=["an embedded object", "a VML line", "a chart", "a diagram", "a shape in line", "a phonetic guide"],
)  # fmt: skip
@pytest.mark.parametrize("place", ["body", "header"])
def test_what_is_left_out_is_said(convert: Convert, document: Any, inside: str, word: str, place: str) -> None:
    document.add_paragraph("质量")
    paragraph = element(f"<w:p><w:r>{inside}</w:r></w:p>")
    if place == "body":
        document.element.body.insert(0, paragraph)
    else:
        document.sections[0].header._element.append(paragraph)
    out, (note,) = convert(document)

    assert note.code == UNSUPPORTED
    assert word in note.message
    assert "质量" in texts(out)[0]


def test_a_document_within_the_document_is_said_to_be_left_out(convert: Convert, document: Any) -> None:
    add(document, '<w:altChunk r:id="rId99"/>')
    (note,) = convert(document)[1]

    assert "altChunk" in note.message


def count_lists_in(document: Any, counted: str) -> None:
    for kind in document.part.numbering_part.element.iter(qn("w:numFmt")):
        kind.set(qn("w:val"), counted)


@pytest.mark.parametrize("counted", ["hebrew1", "thaiLetters", "cardinalText"])
def test_numbers_of_a_list_that_are_not_printed_are_said_to_be_left_out(
    convert: Convert, document: Any, counted: str
) -> None:
    count_lists_in(document, counted)
    document.add_paragraph("质量", "List Number")
    out, (note,) = convert(document)

    assert texts(out) == ["质量"]  # what the note is for: should the engine learn to count so, it must go
    assert note.code == UNSUPPORTED
    assert "list numbers" in note.message
    assert counted in note.message


@pytest.mark.parametrize(
    ("counted", "shown"),
    [
        ("decimal", "1.质量"),
        ("upperRoman", "I.质量"),
        ("lowerLetter", "a.质量"),
        ("chineseCountingThousand", "一.质量"),
        ("decimalEnclosedCircle", "①.质量"),
    ],
)
def test_numbers_of_a_list_that_are_printed_are_not_reported(
    convert: Convert, document: Any, counted: str, shown: str
) -> None:
    count_lists_in(document, counted)
    document.add_paragraph("质量", "List Number")
    out, notes = convert(document)

    assert texts(out) == [shown]
    assert notes == ()


def test_a_list_that_is_not_used_is_not_reported(convert: Convert, document: Any) -> None:
    count_lists_in(document, "hebrew1")
    document.add_paragraph("质量")

    assert convert(document)[1] == ()


def test_distributed_text_is_said_to_be_set_left(convert: Convert, document: Any) -> None:
    document.add_paragraph("质量").alignment = WD_ALIGN_PARAGRAPH.DISTRIBUTE
    (note,) = convert(document)[1]

    assert note.code == UNSUPPORTED
    assert "distributed" in note.message


def test_a_newer_drawing_with_an_old_one_beside_it_is_not_reported(convert: Convert, document: Any) -> None:
    anchored = DRAWING.format(SHAPE).replace("wp:inline", "wp:anchor")
    add(
        document,
        f'<w:p><w:r><mc:AlternateContent><mc:Choice Requires="wps">{anchored}</mc:Choice>'
        "<mc:Fallback><w:pict><v:rect/></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>",
    )

    assert convert(document)[1] == ()


# --- what makes it quick changes nothing ----------------------------------------------------------------------------


def pictures_of(path: Path) -> list[bytes]:
    with pypdfium2.PdfDocument(path) as opened:
        return [page.render(scale=2).to_pil().tobytes() for page in opened]


def operators(path: Path) -> bytes:
    return b"".join(page.get_contents().get_data() for page in pypdf.PdfReader(path).pages)  # type: ignore[union-attr]


def contents(package: bytes, name: str = "word/document.xml") -> bytes:
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        return opened.read(name)


@pytest.fixture
def varied(document: Any) -> Any:
    """Return a document of headings, lists, a table, colours and faces, on several pages."""
    document.add_heading("一、总体要求 (Overview)", 1)
    for number in range(30):
        paragraph = document.add_paragraph(
            f"第{number}批次：抽检 {number * 7} 批，合格率93.5%；见附件（1）。", "List Number"
        )
        paragraph.add_run("黑体加粗").bold = True
        paragraph.add_run("下划线 (underlined)").underline = True
    table = document.add_table(rows=3, cols=3, style="Table Grid")
    for cell in (cell for row in table.rows for cell in row.cells):
        cell.text = "合格（①）"
    document.add_page_break()
    document.add_heading("二、工作安排", 2)
    named = document.add_paragraph().add_run("黑体〔2023〕7号")
    named.font.name = "黑体"
    named._r.rPr.rFonts.set(qn("w:eastAsia"), "黑体")
    return document


@pytest.mark.parametrize("text", ["见附件 (1) 和 (a", "f(x)=((y))", "右) 括号", "反斜杠\\(", "EMC BDC", "((" * 40])
def test_text_with_brackets_is_found_once(convert: Convert, document: Any, text: str) -> None:
    document.add_paragraph(text)

    assert texts(convert(document)[0]) == ["".join(text.split())]


def test_pages_look_the_same_without_what_is_for_screen_readers(
    convert: Convert, varied: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = convert(varied)[0]
    found, shorter = pictures_of(plain), operators(plain)
    monkeypatch.setattr(embedded, "_simplified", lambda content: content)
    marked = convert(varied)[0]

    assert pictures_of(marked) == found
    assert b"BDC" not in shorter
    assert len(shorter) < len(operators(marked)) / 2


@pytest.mark.parametrize("operators", [b"/OC /MC0 BDC\n0 0 9 9 re\nf\nEMC\n", b"/P <<\n  /MCID 0\n>> BDC\nf\n"])
def test_marks_that_nobody_foresaw_are_left_as_they_are(operators: bytes) -> None:
    assert embedded._simplified(operators) == operators


def test_pieces_of_text_in_different_states_are_not_joined() -> None:
    piece = b"q\n%b rg\nBT\n/F%d 12 Tf\n1 0 0 -1 %d 9 Tm\n[(\\000A)] TJ\nET\nQ\n"
    red, blue = b"1 0 0", b"0 0 1"
    pieces = [piece % (red, 0, 1), piece % (blue, 0, 2), piece % (blue, 1, 3), piece % (blue, 1, 4)]
    moved = b"1 0 0 -1 4 9 Tm\n[(\\000A)] TJ\n"

    assert embedded._simplified(b"".join(pieces)) == b"".join(pieces[:3]).removesuffix(b"ET\nQ\n") + moved + b"ET\nQ\n"


def test_pages_are_the_same_bytes_as_with_all_of_the_faces(
    convert: Convert, varied: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    varied.add_paragraph("\uf92c\ufa0e\uf900\ufa19 郎 ㈱㎡ ｶﾞ Ａ￥")
    thinned = convert(varied)[0].read_bytes()
    monkeypatch.setattr(
        embedded,
        "_passed",
        lambda faces, _: [(face.family, embedded._whole(face)) for face in fonts.for_embedded(faces)],
    )

    assert convert(varied)[0].read_bytes() == thinned


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("<a b='质'>量&#x84C9;&#33993;</a>".encode(), {"质", "量", "蓉"}),
        (b"\xef\xbb\xbf" + "<a>蓉</a>".encode(), {"蓉"}),
        ('<?xml version="1.0" encoding="GBK"?><a>蓉</a>'.encode("gbk"), {"蓉"}),
        (b"\x89PNG" + "<a>蓉</a>".encode(), set()),
    ],
    ids=["written as references", "after a mark", "in another encoding", "no XML"],
)
def test_every_character_that_a_part_can_show_is_known(part: bytes, found: set[str]) -> None:
    known = embedded._characters(part)

    assert found <= known
    assert found or not known


def test_headings_are_bookmarks_on_their_pages(convert: Convert, varied: Any, tmp_path: Path) -> None:
    part = pdf.normalise(convert(varied)[0], tmp_path / "part.pdf")

    assert len(part.pages) > 1
    assert [(entry.title, entry.page, entry.level) for entry in part.outline] == [
        ("一、总体要求 (Overview)", 1, 1),
        ("二、工作安排", len(part.pages), 2),
    ]


def test_the_engine_is_given_the_name_spaces_in_use_alone(document: Any, tmp_path: Path) -> None:
    document.add_paragraph("质量")._p.set(qn("w:rsidR"), "00112233")
    root = document.element
    root.set("{http://schemas.openxmlformats.org/markup-compatibility/2006}Ignorable", "w14 wp14")
    document.save(str(tmp_path / "a.docx"))
    written = contents(embedded.prepare(tmp_path / "a.docx").package)

    assert written.count(b"xmlns:") == 1
    assert b"Ignorable" not in written
    assert b"rsid" not in written


def test_a_name_space_that_a_choice_asks_for_stays(convert: Convert, document: Any, tmp_path: Path) -> None:
    add(
        document,
        '<w:p><w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:t>新</w:t></mc:Choice>'
        "<mc:Fallback><w:t>旧</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>",
    )
    document.save(str(tmp_path / "a.docx"))

    assert b"xmlns:wps=" in contents(embedded.prepare(tmp_path / "a.docx").package)


# --- packages ------------------------------------------------------------------------------------------------------


def rewritten(source: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Write a copy of a package with every part changed; None leaves a part out."""
    out = source.with_stem(f"{source.stem} changed")
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(out, "w") as copy:
        for name in package.namelist():
            data = change(name, package.read(name))
            if data is not None:
                copy.writestr(name, data)
    return out


@pytest.fixture
def saved(document: Any, tmp_path: Path) -> Path:
    document.add_heading("标题Title", 1)
    document.add_paragraph("质量Quality")
    document.add_table(1, 1).cell(0, 0).text = "表Table"
    document.save(str(tmp_path / "plain.docx"))
    return tmp_path / "plain.docx"


def test_the_strict_form_reads_the_same(convert: Convert, saved: Path) -> None:
    """ISO/IEC 29500-1, annex A: the same elements under other names."""

    def strict(name: str, data: bytes) -> bytes:
        for word in (b"wordprocessingml", b"drawingml"):
            data = data.replace(
                b"http://schemas.openxmlformats.org/%b/2006/" % word, b"http://purl.oclc.org/ooxml/%b/" % word
            )
        return data.replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/", b"http://purl.oclc.org/ooxml/officeDocument/"
        )

    changed = rewritten(saved, strict)
    assert b"purl.oclc.org" in zipfile.ZipFile(changed).read("word/document.xml")
    assert texts(convert(changed)[0]) == texts(convert(saved)[0]) == ["标题Title质量Quality表Table"]


def test_the_same_document_gives_the_same_bytes(convert: Convert, saved: Path) -> None:
    first = convert(saved)[0].read_bytes()

    assert convert(saved)[0].read_bytes() == first


def run_apart(source: Path, out: Path, **environment: str) -> None:
    """Convert a document in another process."""
    script = "from sys import argv; from pathlib import Path; from dossier.convert import embedded as engine; "
    script += "engine.convert(Path(argv[1]), Path(argv[2]))"
    subprocess.run([sys.executable, "-c", script, source, out], check=True, env={**os.environ, **environment})


def test_another_process_gives_the_same_bytes(convert: Convert, saved: Path, tmp_path: Path) -> None:
    here = convert(saved)[0].read_bytes()
    run_apart(saved, tmp_path / "there.pdf", PYTHONHASHSEED="7", TZ="Asia/Shanghai")

    assert (tmp_path / "there.pdf").read_bytes() == here


def test_the_file_itself_is_not_changed(convert: Convert, saved: Path) -> None:
    before = saved.read_bytes()
    convert(saved)

    assert saved.read_bytes() == before


def test_what_leads_out_of_the_package_is_cut_and_reported(convert: Convert, document: Any, tmp_path: Path) -> None:
    document.add_paragraph("质量")
    kind = f"{_PACKAGE}/officeDocument/2006/relationships"
    document.part.relate_to("https://example.org/t.dotm", f"{kind}/attachedTemplate", is_external=True)
    document.part.relate_to("file:///etc/passwd", f"{kind}/image", is_external=True)
    document.part.relate_to("https://example.org", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    source = tmp_path / "out.docx"
    document.save(str(source))

    assert codes(convert(source)[1]) == [EXTERNAL]
    package = zipfile.ZipFile(io.BytesIO(embedded.prepare(source).package))
    relationships = package.read("word/_rels/document.xml.rels")
    assert b"example.org/t.dotm" not in relationships
    assert b"passwd" not in relationships
    assert b"https://example.org" in relationships


def broken_xml(name: str, data: bytes) -> bytes:
    return data[:-20] if name == "word/document.xml" else data


def without_document(name: str, data: bytes) -> bytes | None:
    return None if name == "word/document.xml" else data


def with_entity(name: str, data: bytes) -> bytes:
    head, tag, body = data.partition(b"<w:document")
    return head + b'<!DOCTYPE d [<!ENTITY a "b">]>' + tag + body if name == "word/document.xml" else data


@pytest.mark.parametrize(
    ("change", "code"),
    [(broken_xml, "damaged-source"), (without_document, "unreadable-source"), (with_entity, "hostile-source")],
)
def test_a_broken_package_is_refused(convert: Convert, saved: Path, change: Any, code: str) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(rewritten(saved, change))
    assert caught.value.code == code
    assert caught.value.fix


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.95])
def test_a_file_cut_short_is_refused(convert: Convert, saved: Path, keep: float) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data[: int(len(data) * keep) if keep < 1 else int(keep)])

    with pytest.raises(ConversionError) as caught:
        convert(saved)
    assert caught.value.code == "damaged-source"


def test_a_size_that_is_no_number_is_refused_and_not_fatal(convert: Convert, document: Any) -> None:
    with_grid(document, 312)
    odd = document.add_paragraph().add_run("质量")
    odd._r.get_or_add_rPr().append(element('<w:sz w:val="inf"/>'))

    with pytest.raises(ConversionError):
        convert(document)


def test_what_nobody_foresaw_is_a_refusal_of_that_file(
    convert: Convert, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(source: Path) -> Any:
        raise KeyError("something")

    monkeypatch.setattr(embedded, "prepare", stumble)
    with pytest.raises(ConversionError) as caught:
        convert(saved)
    assert caught.value.code == "damaged-source"


def test_a_document_too_large_to_prepare_is_refused(
    convert: Convert, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "MAX_UNPACKED", 1000)
    with pytest.raises(ConversionError) as caught:
        convert(saved)
    assert caught.value.code == "hostile-source"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the engine cannot be kept from the machine's fonts")
def test_the_machine_s_fonts_make_no_difference(document: Any, tmp_path: Path) -> None:
    """A character that only a font of this machine has is a box here as it would be anywhere."""
    builder = FontBuilder(1000, isTTF=True)
    square = TTGlyphPen(None)
    for place in ((0, 0), (0, 700), (700, 700), (700, 0)):
        (square.lineTo if place != (0, 0) else square.moveTo)(place)
    square.closePath()
    builder.setupGlyphOrder([".notdef", "uni20BB7"])
    builder.setupCharacterMap({0x20BB7: "uni20BB7"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "uni20BB7": square.glyph()})
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", "uni20BB7"), (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Machine", "styleName": "Regular", "psName": "Machine"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "machine.ttf")
    (tmp_path / "fonts.conf").write_text(f"<fontconfig><dir>{tmp_path}</dir></fontconfig>", encoding="utf-8")
    document.add_paragraph("𠮷")
    document.save(str(tmp_path / "rare.docx"))

    run_apart(tmp_path / "rare.docx", tmp_path / "rare.pdf", FONTCONFIG_FILE=str(tmp_path / "fonts.conf"))
    assert "Machine" not in text_by_face(tmp_path / "rare.pdf")


@pytest.fixture(autouse=True)
def _environment_is_put_back() -> Iterator[None]:
    before = os.environ.get("FONTCONFIG_FILE")
    yield
    assert os.environ.get("FONTCONFIG_FILE") == before
