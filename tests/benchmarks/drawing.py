"""Draws what the benchmarks bind: scans, tables, and text in an embedded Chinese face."""

from __future__ import annotations

from pathlib import Path

import yaml
from docx import Document
from docx.enum.text import WD_BREAK
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.text.run import Run
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A3, A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from dossier import fonts

LINE = "各县（市、区）人民政府，市质量强市工作领导小组各成员单位：现将有关事项通知如下"


def text(path: Path, pages: int, seed: int) -> None:
    """Draw pages of Chinese text, its face embedded."""
    _register()
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    for page in range(pages):
        canvas.setFont("Song", 14)
        for line in range(24):
            canvas.drawString(80, 740 - line * 26, f"{LINE[(seed + line) % 20 :]}{seed}-{page}-{line}")
        canvas.showPage()
    canvas.save()


def plain(path: Path, pages: int, seed: int) -> None:
    """Draw pages of Latin text in a face that is not embedded, an outline and links between the pages."""
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    for page in range(pages):
        canvas.setFont("Helvetica", 11)
        for line in range(45):
            canvas.drawString(
                90, 780 - line * 15, f"File {seed} page {page} line {line}: as reported by the unit in charge"
            )
        canvas.bookmarkPage(f"p{page}")
        canvas.addOutlineEntry(f"Page {page}", f"p{page}")
        canvas.linkRect("", f"p{(page + 1) % pages}", (90, 700, 200, 720))
        canvas.showPage()
    canvas.save()


def tables(path: Path, pages: int, seed: int) -> None:
    """Draw A3 landscape pages of ruled tables."""
    _register()
    canvas = Canvas(str(path), pagesize=landscape(A3), invariant=1)
    for page in range(pages):
        canvas.setFont("Song", 10)
        for row in range(30):
            for column in range(10):
                canvas.rect(60 + column * 106, 60 + row * 24, 106, 24)
                canvas.drawString(64 + column * 106, 67 + row * 24, f"{(seed + page) * row + column}批次")
        canvas.showPage()
    canvas.save()


def mixture(path: Path, pages: int, seed: int, kind: str = "mixed") -> None:
    """Draw a file as departments send them: scans, text or tables by its ``seed``; as ``text``, plain text alone."""
    if kind == "text":
        plain(path, pages, seed)
    elif seed % 10 < 4:
        scans(path, pages, seed, dots=150)
    elif seed % 10 < 8:
        text(path, pages, seed)
    else:
        tables(path, pages, seed)


def scan(path: Path, seed: int, dots: int, noise: int = 24) -> None:
    """Draw one A4 page as a scanner stores it: a JPEG of ``dots`` dots per inch, its paper not quite white."""
    size = (round(8.27 * dots), round(11.69 * dots))
    paper = Image.effect_noise(size, noise).point(lambda value: 255 - abs(value - 128) // 2)
    draw = ImageDraw.Draw(paper)
    face = ImageFont.truetype(str(fonts.SONG.path), dots // 6)
    for line in range(30):
        draw.text((dots, dots + line * dots * 3 // 10), f"{LINE[(seed + line) % 20 :]}{seed}", fill=30, font=face)
    paper.save(path, quality=75, dpi=(dots, dots))


def scans(path: Path, pages: int, seed: int, dots: int) -> None:
    """Draw a PDF of scanned pages, each its own JPEG."""
    import img2pdf  # noqa: PLC0415 - only here

    images = []
    for page in range(pages):
        image = path.with_suffix(f".{page}.jpg")
        scan(image, seed * pages + page, dots)
        images.append(image)
    path.write_bytes(img2pdf.convert(*map(str, images), nodate=True))
    for image in images:
        image.unlink()


def notice(path: Path, pages: int, seed: int) -> None:
    """Write a Word file of Chinese text with a table on each page."""
    document = Document()
    for page in range(pages):
        if page:
            document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        document.add_heading(f"关于2023年质量工作的通知（{seed}之{page + 1}）", 1)
        for paragraph in range(5):
            document.add_paragraph(f"{LINE * 2}，2023年抽检{seed * page + paragraph}批次，合格率93.5%。")
        table = document.add_table(rows=5, cols=4)
        for cell in (cell for row in table.rows for cell in row.cells):
            cell.text = "合格批次"
    document.save(str(path))


def report(path: Path, pages: int, seed: int) -> None:
    """Write a Word file as offices set one (GB/T 9704): pages of 22 lines of 28 characters, one table near its end."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    _set(document.styles["Normal"], "仿宋_GB2312", 16)
    document.styles["Normal"].paragraph_format.line_spacing = Pt(28)
    document.styles["Normal"].paragraph_format.space_after = Pt(0)
    for page in range(pages):
        heading = document.add_paragraph()
        heading.paragraph_format.page_break_before = page > 0
        _set(heading.add_run(f"{page + 1}、2023年质量工作情况（{seed}）"), "黑体", 16)
        last = page == pages - 1
        for number in range(2 if last else 5):
            paragraph = document.add_paragraph(f"{LINE * 2}，2023年抽检{seed * page + number}批次。")
            paragraph.paragraph_format.first_line_indent = Pt(32)
    table = document.add_table(rows=6, cols=4, style="Table Grid")
    for cell in (cell for row in table.rows for cell in row.cells):
        cell.text = "合格批次"
    document.save(str(path))


def _set(text: Run | ParagraphStyle, font: str, size: float) -> None:
    text.font.name, text.font.size = font, Pt(size)
    text.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def manifest(path: Path, names: list[str], per_item: int = 10) -> None:
    """Write a manifest that binds the files ``names`` of the folder ``sources`` beside it."""
    groups = [names[start : start + per_item] for start in range(0, len(names), per_item)]
    items = [
        {
            "id": f"1-{number}",
            "title": f"指标{number}",
            "unit": "质强办",
            "evidence": [{"file": name} for name in group],
        }
        for number, group in enumerate(groups, start=1)
    ]
    data = {
        "title": "印证材料", "date": "2023-12-15", "sources": "sources", "page": {"gutter": "20mm"},
        "items": [{"id": "1", "title": "全部", "items": items}],
    }  # fmt: skip
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _register() -> None:
    if "Song" not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont("Song", str(fonts.SONG.path)))
