"""What the scripts share that draw the first version of a template set: a page, its styles, paragraphs and tables.

The Word files are the templates, not these scripts: once drawn they are edited in Word. The same bytes come out on any
day. What differs from set to set is a :class:`Sheet`: language, styles, and the names of the few styles used here.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

EPOCH = (1980, 1, 1, 0, 0, 0)
SONG, HEI, FANG, KAI, BIAO = "宋体", "黑体", "仿宋_GB2312", "楷体_GB2312", "方正小标宋简体"
TIMES, ARIAL = "Times New Roman", "Arial"

LEFT, CENTER, RIGHT = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
TOP, MIDDLE, FOOT = (
    WD_CELL_VERTICAL_ALIGNMENT.TOP,
    WD_CELL_VERTICAL_ALIGNMENT.CENTER,
    WD_CELL_VERTICAL_ALIGNMENT.BOTTOM,
)
BOXES = ("top", "left", "bottom", "right", "insideH", "insideV")
LINES = ("top", "bottom", "insideH")
KEPT_STYLES = {"Normal", "Title", "Heading 1", "Default Paragraph Font", "Normal Table", "No List"}

# based on, Chinese face, Latin face, size in points, line in points, alignment, space before, space after
Style = tuple[str, str, str, float, float, Any, float, float]
Cell = tuple[str, str] | tuple[str, str, int]  # text, style, columns it spans
Draw = Callable[[Any], None]


@dataclass(frozen=True)
class Look:
    """What the templates of a set have in common."""

    language: str
    styles: Mapping[str, Style]
    normal: Style
    size: tuple[float, float] = (210, 297)  # mm
    margins: tuple[float, float, float, float] = (37, 26, 35, 28)  # top, right, bottom, left, in mm
    indents: Mapping[str, float] | None = None  # of styles, in points


def write(folder: Path, name: str, title: str, look: Look, draw: Draw) -> None:
    """Draw one template."""
    folder.mkdir(exist_ok=True)
    document = start(title, look)
    draw(document)
    (folder / f"{name}.docx").write_bytes(saved(document, look))


# --- the page and its styles ---------------------------------------------------------------------------------------


def start(title: str, look: Look) -> Any:
    """Return an empty document with the page and the styles of a set."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(look.size[0]), Mm(look.size[1])
    if look.size[0] > look.size[1]:
        section.orientation = WD_ORIENT.LANDSCAPE
    section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = map(Mm, look.margins)
    section.header_distance = section.footer_distance = Mm(min(15, look.margins[0], look.margins[2]))
    for grid in section._sectPr.findall(qn("w:docGrid")):
        section._sectPr.remove(grid)  # it would override the line heights of the styles
    define_styles(document, look)
    properties = document.core_properties
    properties.title, properties.author, properties.comments, properties.language = title, "", "", look.language
    properties.last_modified_by, properties.revision = "", 1
    properties.created = properties.modified = datetime(2023, 1, 1)
    return document


def define_styles(document: Any, look: Look) -> None:
    """Leave only the styles that the set uses, and define those."""
    styles = document.styles
    for style in list(styles):
        if style.name not in KEPT_STYLES:
            style.delete()
    defaults = styles.element.find(qn("w:docDefaults"))
    styles.element.remove(defaults)  # theme fonts: they differ from one computer to the next
    shape(styles["Normal"], look.normal, look.language)
    for name, form in look.styles.items():
        known = name in KEPT_STYLES
        style = styles[name] if known else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        for old in (qn("w:rPr"), qn("w:pPr"), qn("w:link")):
            for element in style.element.findall(old):
                style.element.remove(element)
        style.base_style = styles[form[0]]
        style.quick_style = True
        shape(style, form, look.language)
    for name, points in (look.indents or {}).items():
        styles[name].paragraph_format.left_indent = Pt(points)
    styles["Heading 1"].paragraph_format.keep_with_next = True
    hyperlink = styles.add_style("Hyperlink", WD_STYLE_TYPE.CHARACTER, builtin=True)
    hyperlink.font.underline = False
    color = OxmlElement("w:color")
    color.set(qn("w:val"), "auto")
    hyperlink.element.get_or_add_rPr().insert(0, color)


def shape(style: Any, form: Style, language: str) -> None:
    """Give a paragraph style its faces, size and exact line height, all in points."""
    _, cjk, latin, size, line, alignment, before, after = form
    style.font.name = latin
    fonts = style.element.rPr.rFonts
    fonts.set(qn("w:eastAsia"), cjk)
    fonts.set(qn("w:cs"), latin)
    style.font.size = Pt(size)
    spoken = OxmlElement("w:lang")
    spoken.set(qn("w:val"), "en-US" if language.startswith("zh") else language)
    spoken.set(qn("w:eastAsia"), "zh-CN")
    style.element.rPr.append(spoken)
    paragraph = style.paragraph_format
    paragraph.alignment = alignment
    paragraph.line_spacing_rule, paragraph.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
    paragraph.space_before, paragraph.space_after = Pt(before), Pt(after)
    paragraph.widow_control = False
    for name in ("w:autoSpaceDE", "w:autoSpaceDN"):
        # Engines differ in the gap that they leave between Chinese and Latin letters or digits.
        gap = OxmlElement(name)
        gap.set(qn("w:val"), "0")
        paragraph._element.get_or_add_pPr().insert_element_before(
            gap, "w:bidi", "w:adjustRightInd", "w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:outlineLvl"
        )


# --- paragraphs and tables -----------------------------------------------------------------------------------------


def add(document: Any, text: str, style: str) -> Any:
    """Add a paragraph."""
    return document.add_paragraph(text, style=style)


def below(cell: Any, *paragraphs: tuple[str, str]) -> None:
    """Write further paragraphs, each with its style, into a cell."""
    for text, style in paragraphs:
        cell.add_paragraph(text, style=style)


def table(
    document: Any,
    widths: Sequence[float],
    rows: Sequence[Sequence[Cell]],
    *,
    header: int = 0,
    rules: Sequence[str] = BOXES,
    padding: Sequence[int] = (80, 60, 50, 60),
    alignment: Any = WD_TABLE_ALIGNMENT.CENTER,
) -> Any:
    """Add a table of fixed column ``widths`` in mm; the first ``header`` rows are repeated on every page.

    ``rules`` are the sides that are drawn, ``padding`` the cells' margins in twips: top, left, bottom, right.
    """
    drawn = document.add_table(rows=len(rows), cols=len(widths))
    drawn.alignment, drawn.autofit = alignment, False
    properties = drawn._tbl.tblPr
    for old in properties.findall(qn("w:tblW")) + properties.findall(qn("w:tblLook")):
        properties.remove(old)
    total = OxmlElement("w:tblW")
    total.set(qn("w:w"), str(twips(sum(widths))))
    total.set(qn("w:type"), "dxa")
    properties.find(qn("w:jc")).addprevious(total)
    layout = properties.find(qn("w:tblLayout"))
    if rules:
        layout.addprevious(borders(rules))
    layout.addnext(margins(padding))
    for column, width in zip(drawn._tbl.tblGrid.findall(qn("w:gridCol")), widths, strict=True):
        column.set(qn("w:w"), str(twips(width)))
    for index, cells in enumerate(rows):
        row = drawn.rows[index]
        row_properties = row._tr.get_or_add_trPr()
        row_properties.append(OxmlElement("w:cantSplit"))
        if index < header:
            row_properties.append(OxmlElement("w:tblHeader"))
        fill_row(row, widths, cells)
    return drawn


def fill_row(row: Any, widths: Sequence[float], cells: Sequence[Cell]) -> None:
    """Write the cells of a row; a row that only holds a tag may have one cell for all columns."""
    at = 0
    for text, style, *rest in cells:
        span = rest[0] if rest else 1
        cell = row.cells[at]
        if span > 1:
            cell = cell.merge(row.cells[at + span - 1])
        cell.width = Mm(sum(widths[at : at + span]))
        cell.vertical_alignment = MIDDLE
        paragraph = cell.paragraphs[0]
        paragraph.style = row._parent.part.document.styles[style]
        paragraph.add_run(text)
        for surplus in cell.paragraphs[1:]:
            surplus._p.getparent().remove(surplus._p)
        at += span
    assert at == len(widths), f"{cells}: {at} columns of {len(widths)}"


def borders(sides: Sequence[str]) -> Any:
    """Return thin rules of half a point."""
    element = OxmlElement("w:tblBorders")
    for side in sides:
        rule = OxmlElement(f"w:{side}")
        for key, value in (("val", "single"), ("sz", "4"), ("space", "0"), ("color", "auto")):
            rule.set(qn(f"w:{key}"), value)
        element.append(rule)
    return element


def margins(padding: Sequence[int]) -> Any:
    """Return cell margins; without one at the top, tight fonts touch the rule above."""
    element = OxmlElement("w:tblCellMar")
    for side, width in zip(("top", "left", "bottom", "right"), padding, strict=True):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(width))
        margin.set(qn("w:type"), "dxa")
        element.append(margin)
    return element


def twips(millimetres: float) -> int:
    """Return a length in twentieths of a point."""
    return round(millimetres / 25.4 * 1440)


def tag(text: str, columns: int, style: str = "表格文字") -> list[Cell]:
    """Return a row that holds nothing but a tag, and vanishes when the template is filled."""
    return [(text, style, columns)]


def apart(name: str, head: list[Cell], row: list[Cell], columns: int, style: str = "表格文字") -> list[list[Cell]]:
    """Return the rows of a list of its own in a table: its head, and a row for each entry; none where it is empty."""
    return [
        tag(f"{{%tr if {name} %}}", columns, style),
        head,
        tag(f"{{%tr for row in {name} %}}", columns, style),
        row,
        tag("{%tr endfor %}", columns, style),
        tag("{%tr endif %}", columns, style),
    ]


def height(row: Any, millimetres: float, alignment: Any, *, exact: bool = False) -> None:
    """Make a row so high: at least, or exactly."""
    row.height_rule = WD_ROW_HEIGHT_RULE.EXACTLY if exact else WD_ROW_HEIGHT_RULE.AT_LEAST
    row.height = Mm(millimetres)
    for cell in row.cells:
        cell.vertical_alignment = alignment


def shade(row: Any) -> None:
    """Give a row a light grey ground."""
    for cell in {id(cell._tc): cell for cell in row.cells}.values():
        ground = OxmlElement("w:shd")
        for key, value in (("val", "clear"), ("color", "auto"), ("fill", "EDEDED")):
            ground.set(qn(f"w:{key}"), value)
        cell._tc.get_or_add_tcPr().insert_element_before(
            ground, "w:noWrap", "w:tcMar", "w:textDirection", "w:tcFitText", "w:vAlign", "w:hideMark"
        )


def gap(document: Any, points: float, style: str = "表格小字") -> None:
    """Leave a white strip of so many points; engines differ on space before the first paragraph of a page."""
    strip = document.add_paragraph(style=style)
    strip.paragraph_format.line_spacing = Pt(points)
    strip.paragraph_format.keep_with_next = True


def shrink_last(document: Any, style: str = "表格小字") -> None:
    """Make the paragraph that Word wants after a table so small that it never starts a page."""
    last = document.add_paragraph(style=style)
    last.paragraph_format.line_spacing = Pt(1)


def keep_with_next(*rows: Any) -> None:
    """Let rows stand on the page of what follows them."""
    for row in rows:
        for cell in row.cells:
            for paragraph in cell.paragraphs:
                paragraph.paragraph_format.keep_with_next = True


def saved(document: Any, look: Look) -> bytes:
    """Return the file's bytes, without the time of saving and what nobody needs of the file it was started from."""
    for relations in (document.part.package.rels, document.part.rels):
        for key, relation in list(relations.items()):
            if relation.reltype.endswith(("/thumbnail", "/stylesWithEffects", "/customXml", "/numbering")):
                del relations[key]
    settings = document.settings.element
    settings.find(qn("w:themeFontLang")).set(qn("w:eastAsia"), "zh-CN")
    settings.find(qn("w:themeFontLang")).set(qn("w:val"), "en-US" if look.language.startswith("zh") else look.language)
    settings.remove(settings.find(qn("w:rsids")))
    raw, out = BytesIO(), BytesIO()
    document.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            entry = zipfile.ZipInfo(info.filename, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            target.writestr(entry, source.read(info))
    return out.getvalue()
