"""Writes notices as Word files laid out after GB/T 9704-2012; the same bytes on every run."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from sample.faces import checked
from sample.notice import Block, Notice, chinese

FANGSONG, XIAOBIAOSONG, HEITI, KAITI, SONGTI = "仿宋_GB2312", "方正小标宋简体", "黑体", "楷体_GB2312", "宋体"
RED = RGBColor(0xE6, 0x00, 0x12)
TEXT_WIDTH = 442  # points between the margins
_ZIP_DATE = (2023, 12, 1, 0, 0, 0)
_LINE = 28.8  # points: 22 lines a page


def write(notice: Notice, path: Path) -> None:
    """Write a red-header document."""
    document = blank(notice.title, notice.signed, notice.on)
    _header(document, notice)
    for line in notice.title.split("\n"):
        _paragraph(document, line, XIAOBIAOSONG, 22, align="center", line=33)
    _paragraph(document, "")
    if notice.to:
        _paragraph(document, notice.to)
    blocks = notice.blocks
    attached = next((n for n, block in enumerate(blocks) if block.style == "attachment"), len(blocks))
    add_blocks(document, blocks[:attached])
    add_signature(document, notice.signed, notice.on)
    add_blocks(document, blocks[attached:])
    _imprint(document, notice)
    save(document, path)


def blank(title: str, author: str, on: date) -> Any:
    """Return an empty document with the page, the body style and the footer of an official document."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(24)
    normal = document.styles["Normal"]
    normal.font.size = Pt(16)
    _fonts(normal, FANGSONG)
    normal.paragraph_format.space_after = Pt(0)
    moment = datetime(on.year, on.month, on.day, 9)
    core = document.core_properties
    core.title, core.author, core.last_modified_by = title.replace("\n", ""), author, author
    core.created = core.modified = moment
    core.comments = ""
    _page_number(section.footer.paragraphs[0])
    return document


def add_title(document: Any, text: str) -> None:
    """Add a title: 2号小标宋, centred."""
    _paragraph(document, text, XIAOBIAOSONG, 22, align="center", line=33)


def add_centred(document: Any, text: str) -> None:
    """Add a centred line in 楷体, such as a report's author under its title."""
    _paragraph(document, text, KAITI, 16, align="center")


def add_blocks(document: Any, blocks: list[Block]) -> None:
    """Add the blocks of a body."""
    for block in blocks:
        match block.style:
            case "table":
                _table(document, block.rows)
            case "heading":
                _paragraph(document, block.text, HEITI, indent=True, keep=True)
            case "subheading":
                _paragraph(document, block.text, KAITI, indent=True, keep=True)
            case "attachment":
                first = _paragraph(document, "附件", HEITI)
                first.paragraph_format.page_break_before = True
                _paragraph(document, block.text, XIAOBIAOSONG, 22, align="center", line=33)
                _paragraph(document, "", line=14)
            case "centre":
                _paragraph(document, block.text, KAITI, align="center")
            case _:
                _paragraph(document, block.text, align="justify", indent=True)


def save(document: Any, path: Path) -> None:
    """Save with every member of the package dated alike, so that two runs write the same bytes."""
    raw = io.BytesIO()
    document.save(raw)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(raw) as package, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name in package.namelist():
            member = zipfile.ZipInfo(name, _ZIP_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            out.writestr(member, package.read(name), compresslevel=9)


# --- the parts of a red-header document ----------------------------------------------------------------------------


def _header(document: Any, notice: Notice) -> None:
    lines = notice.header.split("\n")
    size = min(52, TEXT_WIDTH // max(len(line) for line in lines))
    _paragraph(document, "", line=40)
    for line in lines:
        _paragraph(document, line, XIAOBIAOSONG, size, align="center", line=size * 1.35, colour=RED)
    _paragraph(document, "", line=30)
    number = _paragraph(document, notice.number, align="center")
    number.paragraph_format.space_after = Pt(6)
    _border(number, "bottom", "E60012", 18, space=9)
    _paragraph(document, "", line=40)


def add_signature(document: Any, signed: str, on: date) -> None:
    """Add who signs and the day, as GB/T 9704-2012 7.3.5 places them."""
    day = chinese(on)
    # The date stands four characters from the right edge, the name centred above it.
    digits = sum(character.isdigit() for character in day)
    day_width = 16 * (len(day) - digits) + 8 * digits
    name_width = 16 * len(signed)
    right = max(16.0, 64 + (day_width - name_width) / 2)
    _paragraph(document, "", keep=True)
    name = _paragraph(document, signed, align="right", keep=True)
    name.paragraph_format.right_indent = Pt(right)
    date_line = _paragraph(document, day, align="right")
    date_line.paragraph_format.right_indent = Pt(max(64.0, right + (name_width - day_width) / 2))


def _imprint(document: Any, notice: Notice) -> None:
    if not notice.issued_by:
        return
    _paragraph(document, "")
    rows = [f"抄送：{notice.copies}。"] if notice.copies else []
    rows.append(f"{notice.issued_by}\t{chinese(notice.on)}印发")
    size = 14 if len(notice.issued_by) < 20 else 12  # name and day stand on one line
    for number, text in enumerate(rows):
        line = _paragraph(document, text, size=size, line=24, keep=number + 1 < len(rows))
        line.paragraph_format.left_indent = line.paragraph_format.right_indent = Pt(14)
        line.paragraph_format.tab_stops.add_tab_stop(Pt(TEXT_WIDTH - 14), WD_TAB_ALIGNMENT.RIGHT)
        _border(line, "top", "000000", 8 if number == 0 else 6, space=3)
        if number + 1 == len(rows):
            _border(line, "bottom", "000000", 8, space=5)


def _table(document: Any, rows: tuple[tuple[str, ...], ...]) -> None:
    table = document.add_table(rows=len(rows), cols=len(rows[0]))
    table.style = "Table Grid"
    table.autofit = False
    widths = _column_widths(rows)
    short = [max(len(cell) for cell in cells) <= 9 for cells in zip(*rows, strict=True)]
    for grid, width in zip(table.columns, widths, strict=True):
        grid.width = Pt(width)
    for number, (row, cells) in enumerate(zip(table.rows, rows, strict=True)):
        for column, (cell, text, width) in enumerate(zip(row.cells, cells, widths, strict=True)):
            cell.width = Pt(width)
            paragraph = cell.paragraphs[0]
            _set(paragraph, text, HEITI if number == 0 else FANGSONG, 12, line=18)
            centred = number == 0 or short[column]
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if centred else WD_ALIGN_PARAGRAPH.LEFT
            paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(3)
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if number == 0:
            properties.append(OxmlElement("w:tblHeader"))
    _paragraph(document, "", line=8)


def _column_widths(rows: tuple[tuple[str, ...], ...]) -> list[float]:
    longest = [max(5, min(18, max(len(row[column]) for row in rows))) for column in range(len(rows[0]))]
    return [TEXT_WIDTH * length / sum(longest) for length in longest]


# --- paragraphs ----------------------------------------------------------------------------------------------------


def _paragraph(
    document: Any, text: str, face: str = FANGSONG, size: float = 16, *, align: str = "left", line: float = _LINE,
    indent: bool = False, keep: bool = False, colour: RGBColor | None = None,
) -> Any:  # fmt: skip
    paragraph = document.add_paragraph()
    _set(paragraph, text, face, size, line=line, colour=colour)
    paragraph.alignment = getattr(WD_ALIGN_PARAGRAPH, align.upper())
    if indent:
        properties = paragraph._p.get_or_add_pPr()
        element = properties.get_or_add_ind()
        element.set(qn("w:firstLineChars"), "200")
        element.set(qn("w:firstLine"), str(round(size * 40)))
    paragraph.paragraph_format.keep_with_next = keep or None
    return paragraph


def _set(paragraph: Any, text: str, face: str, size: float, *, line: float, colour: RGBColor | None = None) -> None:
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    paragraph.paragraph_format.line_spacing = Pt(line)
    run = paragraph.add_run(checked(text))
    run.font.size = Pt(size)
    _fonts(run, face)
    if colour is not None:
        run.font.color.rgb = colour


def _fonts(styled: Any, face: str) -> None:
    styled.font.name = "Times New Roman"
    fonts = styled.element.get_or_add_rPr().get_or_add_rFonts()
    for name in [name for name in fonts.attrib if name.endswith("Theme")]:
        del fonts.attrib[name]
    fonts.set(qn("w:hAnsi"), "Times New Roman")
    fonts.set(qn("w:eastAsia"), face)


def _border(paragraph: Any, side: str, colour: str, eighths: int, *, space: int) -> None:
    properties = paragraph._p.get_or_add_pPr()
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = OxmlElement("w:pBdr")
        properties.insert_element_before(
            borders,
            "w:shd",
            "w:tabs",
            "w:suppressAutoHyphens",
            "w:kinsoku",
            "w:snapToGrid",
            "w:spacing",
            "w:ind",
            "w:jc",
        )
    edge = OxmlElement(f"w:{side}")
    for key, value in (("val", "single"), ("sz", str(eighths)), ("space", str(space)), ("color", colour)):
        edge.set(qn(f"w:{key}"), value)
    borders.append(edge)


def _page_number(paragraph: Any) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for part in ("- ", "PAGE", " -"):
        run = paragraph.add_run() if part == "PAGE" else paragraph.add_run(part)
        run.font.size = Pt(14)
        _fonts(run, SONGTI)
        if part == "PAGE":
            for kind in ("begin", "instr", "end"):
                run._r.append(_field(kind))


def _field(kind: str) -> Any:
    if kind == "instr":
        element = OxmlElement("w:instrText")
        element.set(qn("xml:space"), "preserve")
        element.text = " PAGE "
        return element
    element = OxmlElement("w:fldChar")
    element.set(qn("w:fldCharType"), kind)
    return element
