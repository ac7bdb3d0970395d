"""Draws the first version of the Word templates of the set ``official``: ``python templates/make_official.py``.

The Word files are the templates, not this script: once drawn they are edited in Word. Run it only to start afresh.
Fonts, sizes and margins follow GB/T 9704-2012 (title 2号小标宋, body 3号仿宋, first-level heads 3号黑体; 37, 35, 28 and
26 mm of margin); tables are set in 五号 to keep the index short. The same bytes come out on any day.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

FOLDER = Path(__file__).resolve().parent / "official"
EPOCH = (1980, 1, 1, 0, 0, 0)

SONG, HEI, FANG, KAI, BIAO = "宋体", "黑体", "仿宋_GB2312", "楷体_GB2312", "方正小标宋简体"
LATIN = "Times New Roman"
WIDTH = 156  # mm between the margins

LEFT, CENTER, RIGHT = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
TOP, MIDDLE, FOOT = (
    WD_CELL_VERTICAL_ALIGNMENT.TOP,
    WD_CELL_VERTICAL_ALIGNMENT.CENTER,
    WD_CELL_VERTICAL_ALIGNMENT.BOTTOM,
)

# name: (based on, Chinese face, Latin face, size in points, line in points, alignment, space before, space after)
STYLES: dict[str, tuple[str, str, str, float, float, Any, float, float]] = {
    "Title": ("Normal", BIAO, LATIN, 22, 36, CENTER, 0, 14),
    "Heading 1": ("Normal", HEI, HEI, 16, 29, LEFT, 14, 6),
    "封面标题": ("Title", BIAO, LATIN, 26, 46, CENTER, 0, 0),
    "封面副题": ("Normal", KAI, LATIN, 18, 34, CENTER, 10, 0),
    "封面落款": ("Normal", FANG, LATIN, 16, 32, CENTER, 0, 0),
    "隔页指标": ("Normal", KAI, LATIN, 16, 30, CENTER, 0, 10),
    "题下": ("Normal", KAI, LATIN, 12, 20, LEFT, 0, 6),
    "表头": ("Normal", HEI, HEI, 10.5, 14.5, CENTER, 0, 0),
    "表格文字": ("Normal", SONG, LATIN, 10.5, 14.5, LEFT, 0, 0),
    "表格居中": ("表格文字", SONG, LATIN, 10.5, 14.5, CENTER, 0, 0),
    "表格小字": ("表格文字", SONG, LATIN, 9, 12.5, CENTER, 0, 0),
    "表格说明": ("表格文字", FANG, LATIN, 9, 12.5, LEFT, 0, 0),
    "表格章": ("表格文字", HEI, HEI, 10.5, 14.5, LEFT, 0, 0),
    "表格章居中": ("表格章", HEI, HEI, 10.5, 14.5, CENTER, 0, 0),
    "表格材料": ("表格文字", SONG, LATIN, 10.5, 14.5, LEFT, 0, 0),
    "栏目": ("Normal", HEI, HEI, 12, 18, CENTER, 0, 0),
    "栏目内容": ("Normal", FANG, LATIN, 12, 18, LEFT, 0, 0),
}
KEPT_STYLES = {"Normal", "Title", "Heading 1", "Default Paragraph Font", "Normal Table", "No List"}

Cell = tuple[str, str] | tuple[str, str, int]  # text, style, columns it spans


def main() -> None:
    """Write the six Word files."""
    FOLDER.mkdir(exist_ok=True)
    for name, (title, draw) in TEMPLATES.items():
        document = start(title)
        draw(document)
        (FOLDER / f"{name}.docx").write_bytes(saved(document))


# --- the page and its styles ---------------------------------------------------------------------------------------


def start(title: str) -> Any:
    """Return an empty A4 document with the margins and styles of the set."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(15), Mm(15)
    for grid in section._sectPr.findall(qn("w:docGrid")):
        section._sectPr.remove(grid)  # it would override the line heights of the styles
    define_styles(document)
    properties = document.core_properties
    properties.title, properties.author, properties.comments, properties.language = title, "", "", "zh-CN"
    properties.last_modified_by, properties.revision = "", 1
    properties.created = properties.modified = datetime(2023, 1, 1)
    return document


def define_styles(document: Any) -> None:
    """Leave only the styles that the set uses, and define those."""
    styles = document.styles
    for style in list(styles):
        if style.name not in KEPT_STYLES:
            style.delete()
    defaults = styles.element.find(qn("w:docDefaults"))
    styles.element.remove(defaults)  # theme fonts: they differ from one computer to the next
    normal = styles["Normal"]
    shape(normal, FANG, LATIN, 16, 29, LEFT, 0, 0)
    for name, (base, cjk, latin, size, line, alignment, before, after) in STYLES.items():
        known = name in KEPT_STYLES
        style = styles[name] if known else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        for old in (qn("w:rPr"), qn("w:pPr"), qn("w:link")):
            for element in style.element.findall(old):
                style.element.remove(element)
        style.base_style = styles[base]
        style.quick_style = True
        shape(style, cjk, latin, size, line, alignment, before, after)
    styles["表格材料"].paragraph_format.left_indent = Pt(10.5)
    styles["栏目内容"].paragraph_format.left_indent = Pt(3)
    styles["Heading 1"].paragraph_format.keep_with_next = True
    hyperlink = styles.add_style("Hyperlink", WD_STYLE_TYPE.CHARACTER, builtin=True)
    hyperlink.font.underline = False
    color = OxmlElement("w:color")
    color.set(qn("w:val"), "auto")
    hyperlink.element.get_or_add_rPr().insert(0, color)


def shape(
    style: Any, cjk: str, latin: str, size: float, line: float, alignment: Any, before: float, after: float
) -> None:
    """Give a paragraph style its faces, size and exact line height, all in points."""
    style.font.name = latin
    fonts = style.element.rPr.rFonts
    fonts.set(qn("w:eastAsia"), cjk)
    fonts.set(qn("w:cs"), latin)
    style.font.size = Pt(size)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")
    style.element.rPr.append(language)
    form = style.paragraph_format
    form.alignment = alignment
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
    form.space_before, form.space_after = Pt(before), Pt(after)
    form.widow_control = False
    for name in ("w:autoSpaceDE", "w:autoSpaceDN"):
        # Engines differ in the gap that they leave between Chinese and Latin letters or digits.
        gap = OxmlElement(name)
        gap.set(qn("w:val"), "0")
        form._element.get_or_add_pPr().insert_element_before(
            gap, "w:bidi", "w:adjustRightInd", "w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:outlineLvl"
        )


# --- paragraphs and tables -----------------------------------------------------------------------------------------


def add(document: Any, text: str, style: str) -> Any:
    """Add a paragraph."""
    return document.add_paragraph(text, style=style)


def table(
    document: Any, widths: Sequence[float], rows: Sequence[Sequence[Cell]], *, header: int = 0, rules: bool = True
) -> Any:
    """Add a table of fixed column ``widths`` in mm; the first ``header`` rows are repeated on every page."""
    drawn = document.add_table(rows=len(rows), cols=len(widths))
    drawn.alignment, drawn.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    properties = drawn._tbl.tblPr
    for old in properties.findall(qn("w:tblW")) + properties.findall(qn("w:tblLook")):
        properties.remove(old)
    total = OxmlElement("w:tblW")
    total.set(qn("w:w"), str(twips(sum(widths))))
    total.set(qn("w:type"), "dxa")
    properties.find(qn("w:jc")).addprevious(total)
    layout = properties.find(qn("w:tblLayout"))
    if rules:
        layout.addprevious(borders())
    layout.addnext(margins())
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


def borders() -> Any:
    """Return thin rules all round and between, of half a point."""
    element = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        rule = OxmlElement(f"w:{side}")
        for key, value in (("val", "single"), ("sz", "4"), ("space", "0"), ("color", "auto")):
            rule.set(qn(f"w:{key}"), value)
        element.append(rule)
    return element


def margins() -> Any:
    """Return cell margins; without one at the top, tight fonts touch the rule above."""
    element = OxmlElement("w:tblCellMar")
    for side, width in (("top", 80), ("left", 60), ("bottom", 50), ("right", 60)):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(width))
        margin.set(qn("w:type"), "dxa")
        element.append(margin)
    return element


def twips(millimetres: float) -> int:
    """Return a length in twentieths of a point."""
    return round(millimetres / 25.4 * 1440)


def tag(text: str, columns: int) -> list[Cell]:
    """Return a row that holds nothing but a tag, and vanishes when the template is filled."""
    return [(text, "表格文字", columns)]


def height(row: Any, millimetres: float, alignment: Any) -> None:
    """Make a row at least so high."""
    row.height_rule, row.height = WD_ROW_HEIGHT_RULE.AT_LEAST, Mm(millimetres)
    for cell in row.cells:
        cell.vertical_alignment = alignment


def saved(document: Any) -> bytes:
    """Return the file's bytes, without the time of saving and what nobody needs of the file it was started from."""
    for relations in (document.part.package.rels, document.part.rels):
        for key, relation in list(relations.items()):
            if relation.reltype.endswith(("/thumbnail", "/stylesWithEffects", "/customXml", "/numbering")):
                del relations[key]
    settings = document.settings.element
    settings.find(qn("w:themeFontLang")).set(qn("w:eastAsia"), "zh-CN")
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


# --- the six templates ---------------------------------------------------------------------------------------------


def cover(document: Any) -> None:
    """Title at the upper third, volume in the middle, organisation and date at the foot."""
    rows: list[list[Cell]] = [[("{{ dossier.title }}", "封面标题")], [("", "封面副题")], [("", "封面落款")]]
    drawn = table(document, [WIDTH], rows, rules=False)
    for row, millimetres, alignment in zip(drawn.rows, (95, 85, 36), (FOOT, TOP, FOOT), strict=True):
        height(row, millimetres, alignment)
    title, middle, foot = (row.cells[0] for row in drawn.rows)
    for text in ("{%p if dossier.subtitle %}", "{{ dossier.subtitle }}", "{%p endif %}"):
        title.add_paragraph(text, style="封面副题")
    middle.paragraphs[0].add_run("{% if dossier.period %}（{{ dossier.period }}）{% endif %}")
    for text, style in (
        ("{%p if volume.count > 1 %}", "封面副题"),
        ("第{{ volume.number|cn }}册（共{{ volume.count|cn }}册）", "封面副题"),
        ("{%p for section in volume.items %}", "封面落款"),
        ("{{ section.id }}　{{ section.title }}", "封面落款"),
        ("{%p endfor %}", "封面落款"),
        ("{%p endif %}", "封面副题"),
    ):
        middle.add_paragraph(text, style=style)
    foot.paragraphs[0].add_run("{{ dossier.organisation }}")
    foot.add_paragraph("{{ dossier.date|date('YYYY年M月D日') }}", style="封面落款")
    shrink_last(document)


def gap(document: Any, points: float) -> None:
    """Leave a white strip of so many points; engines differ on space before the first paragraph of a page."""
    strip = document.add_paragraph(style="表格小字")
    strip.paragraph_format.line_spacing = Pt(points)
    strip.paragraph_format.keep_with_next = True


def shrink_last(document: Any) -> None:
    """Make the paragraph that Word wants after a table so small that it never starts a page."""
    last = document.add_paragraph(style="表格小字")
    last.paragraph_format.line_spacing = Pt(1)


def index(document: Any) -> None:
    """A table with one row for each section, item and piece of evidence; everything with a page jumps to it."""
    title = (
        "{% if volume.general %}总目录{% elif volume.count > 1 %}目录（第{{ volume.number|cn }}册）"
        "{% else %}目　录{% endif %}"
    )
    add(document, title, "Title")
    page = "{{ link(row.page, row.to) }}"
    missing = "{% if row.status in ['missing', 'refused'] %}（缺件）{% endif %}"
    rows: list[list[Cell]] = [
        [(head, "表头") for head in ("序号", "材料名称", "责任单位", "文号", "日期", "页码")],
        tag("{%tr for row in index %}", 6),
        tag("{%tr if volume.general and row.volume and not row.cited and loop.changed(row.volume) %}", 6),
        [("第{{ row.volume|cn }}册", "表头", 6)],
        tag("{%tr endif %}", 6),
        tag("{%tr if row.kind == 'item' %}", 6),
        [
            ("{{ row.id }}", "表格章居中"),
            (
                "{{ link(row.title, row.to) }}{% if row.points %}（{{ row.points }}分）{% endif %}"
                "{% if row.status == 'not-applicable' %}（不适用）{% endif %}",
                "表格章",
            ),
            ("{{ row.unit }}", "表格小字"),
            ("", "表格小字"),
            ("", "表格小字"),
            (page, "表格章居中"),
        ],
        tag("{%tr elif row.kind == 'evidence' %}", 6),
        [
            ("{{ row.id }}", "表格小字"),
            ("{{ link(row.title, row.to) }}{% if row.cited %}（同{{ row.to }}）{% endif %}" + missing, "表格材料"),
            ("{{ row.unit }}", "表格小字"),
            ("{{ row.number }}", "表格小字"),
            ("{{ row.date }}", "表格小字"),
            (page, "表格居中"),
        ],
        tag("{%tr else %}", 6),
        [
            ("{{ row.id }}", "表格章居中"),
            ("{{ link(row.title, row.to) }}{% if row.points %}（{{ row.points }}分）{% endif %}", "表格章", 4),
            (page, "表格章居中"),
        ],
        tag("{%tr endif %}", 6),
        tag("{%tr endfor %}", 6),
    ]
    drawn = table(document, [14.5, 51, 22.5, 35.5, 19.5, 13], rows, header=1)
    for row in (drawn.rows[3], drawn.rows[10]):
        shade(row)
    for row in (drawn.rows[6], drawn.rows[10], drawn.rows[3]):
        for cell in row.cells:
            for paragraph in cell.paragraphs:
                paragraph.paragraph_format.keep_with_next = True
    shrink_last(document)


def shade(row: Any) -> None:
    """Give a row a light grey ground."""
    for cell in {id(cell._tc): cell for cell in row.cells}.values():
        ground = OxmlElement("w:shd")
        for key, value in (("val", "clear"), ("color", "auto"), ("fill", "EDEDED")):
            ground.set(qn(f"w:{key}"), value)
        cell._tc.get_or_add_tcPr().insert_element_before(
            ground, "w:noWrap", "w:tcMar", "w:textDirection", "w:tcFitText", "w:vAlign", "w:hideMark"
        )


def divider(document: Any) -> None:
    """What the item asks for, what is claimed, and the list of its evidence."""
    gap(document, 30)
    add(document, "{% if item.section %}{{ item.section }}{% endif %}", "隔页指标")
    add(document, "{{ item.id }}　{{ item.title }}", "Title")
    dash = "{% else %}—{% endif %}"
    rows: list[list[Cell]] = [
        [
            ("分值", "栏目"),
            ("{% if item.points %}{{ item.points }}分" + dash, "栏目内容"),
            ("自评得分", "栏目"),
            ("{% if item.self_score %}{{ item.self_score }}分" + dash, "栏目内容"),
        ],
        [
            ("责任单位", "栏目"),
            ("{% if item.unit %}{{ item.unit }}" + dash, "栏目内容"),
            ("页　　码", "栏目"),
            ("{{ item.pages }}", "栏目内容"),
        ],
        [("评分标准", "栏目"), ("{% if item.criteria %}{{ item.criteria }}" + dash, "栏目内容", 3)],
        [("自评结论", "栏目"), ("{% if item.conclusion %}{{ item.conclusion }}" + dash, "栏目内容", 3)],
        tag("{%tr if item.not_applicable %}", 4),
        [("不适用说明", "栏目"), ("{{ item.not_applicable }}", "栏目内容", 3)],
        tag("{%tr endif %}", 4),
    ]
    table(document, [27, 60, 27, 42], rows)
    add(document, "{%p if item.evidence %}", "Normal")
    add(document, "印证材料", "Heading 1")
    rows = [
        [(head, "表头") for head in ("序号", "材料名称", "文号", "日期", "页码")],
        tag("{%tr for row in item.evidence %}", 5),
        [
            ("{{ row.id }}", "表格小字"),
            (
                "{{ link(row.title, row.to) }}{% if row.cited %}（同{{ row.to }}）{% endif %}"
                "{% if row.status in ['missing', 'refused'] %}（缺件）{% endif %}",
                "表格文字",
            ),
            ("{{ row.number }}", "表格小字"),
            ("{{ row.date }}", "表格小字"),
            ("{{ link(row.page, row.to) }}", "表格居中"),
        ],
        tag("{%tr endfor %}", 5),
    ]
    table(document, [15, 73, 35.5, 19.5, 13], rows, header=1)
    last = add(document, "{%p endif %}", "表格小字")
    last.paragraph_format.line_spacing = Pt(1)
    shrink_last(document)


def scores(document: Any) -> None:
    """The score sheet: every item with its claim and the page of its proof, subtotals by section, the total."""
    add(document, "自评打分表", "Title")
    add(document, "填报单位：{{ dossier.organisation }}", "题下")
    add(document, "{%p if dossier.period %}", "题下")
    add(document, "考核期间：{{ dossier.period }}", "题下")
    add(document, "{%p endif %}", "题下")
    page = "{% if row.unproved %}缺件{% else %}{{ link(row.page, row.to) }}{% endif %}"
    rows: list[list[Cell]] = [
        [(head, "表头") for head in ("序号", "考核指标及评分标准", "分值", "自评", "自评结论", "责任单位", "页码")],
        tag("{%tr for row in scores.rows %}", 7),
        tag("{%tr if row.kind == 'section' %}", 7),
        [
            ("{{ row.id }}", "表格章居中"),
            ("{{ row.title }}", "表格章"),
            ("{{ row.points }}", "表格章居中"),
            ("{{ row.self_score }}", "表格章居中"),
            ("小计", "表格章居中", 2),
            ("{{ link(row.page, row.to) }}", "表格章居中"),
        ],
        tag("{%tr else %}", 7),
        [
            ("{{ row.id }}", "表格居中"),
            ("{{ row.title }}", "表格文字"),
            ("{{ row.points }}", "表格居中"),
            ("{{ row.self_score }}", "表格居中"),
            (
                "{{ row.conclusion }}{% if row.deduction %}（扣分说明：{{ row.deduction }}）{% endif %}",
                "表格说明",
            ),
            ("{{ row.unit }}", "表格小字"),
            (page, "表格居中"),
        ],
        tag("{%tr endif %}", 7),
        tag("{%tr endfor %}", 7),
        [
            ("合　　计", "表格章居中", 2),
            ("{{ scores.points }}", "表格章居中"),
            ("{{ scores.self_score }}", "表格章居中"),
            ("{% if scores.difference != '0' %}自评扣分{{ scores.difference }}分{% endif %}", "表格章", 3),
        ],
    ]
    drawn = table(document, [12, 53, 11, 11, 36, 20, 13], rows, header=1)
    for text in ("{%p if row.criteria %}", "{{ row.criteria }}", "{%p endif %}"):
        drawn.rows[5].cells[1].add_paragraph(text, style="表格说明")
    for row in (drawn.rows[3], drawn.rows[8]):
        shade(row)
    for cell in drawn.rows[3].cells:
        cell.paragraphs[0].paragraph_format.keep_with_next = True
    signature = add(document, "填报人：　　　　　　　　审核人：　　　　　　　　单位（盖章）：", "题下")
    signature.paragraph_format.space_before = Pt(16)


# Why something is missing and what to do, by the code of the problem, in the words of an office.
CAUSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("尚未收到文件，请责任单位报送", ("missing-source",)),
    ("尚未列明印证材料，请责任单位报送", ("no-evidence",)),
    ("缺少规定种类的材料，请责任单位补充", ("missing-role",)),
    ("文件格式不能装订，请另存为PDF、Word（DOCX）或者图片后重新报送", ("unsupported-kind",)),
    ("文件设有密码，请报送不设密码的文件", ("encrypted-source",)),
    ("文件没有内容，请重新报送", ("empty-source",)),
    ("指定的页码超出文件页数，请核对清单", ("page-range",)),
    ("文件内容异常，请打印为PDF后重新报送", ("hostile-source", "oversized-source")),
)
OTHER_CAUSE = "文件损坏或者无法读取，请重新导出或者打印为PDF后报送"


def cause(code: str) -> str:
    """Return the tags that show why something is missing, where ``code`` is the name of a problem's code."""
    text = ""
    for words, codes in CAUSES:
        condition = " or ".join(f"{code} == '{one}'" for one in codes)
        text += f"{{% {'elif' if text else 'if'} {condition} %}}{words}"
    return f"{text}{{% else %}}{OTHER_CAUSE}{{% endif %}}"


def checklist(document: Any) -> None:
    """The reference sheet that closes the book: what it holds, by unit; what is missing; who checked it."""
    add(document, "备考表", "Title")
    summary = (
        "本汇编共{{ checklist.volumes }}册、{{ checklist.pages }}页（{{ checklist.sheets }}张），"
        "涉及考核指标{{ checklist.items }}项、印证材料{{ checklist.evidence }}份。"
    )
    paragraphs = (
        summary,
        "{%p if checklist.complete %}",
        "经逐项核对，材料齐全，目录、打分表所列页码与正文一致。",
        "{%p else %}",
        "尚有材料缺少或者不能装订，详见缺件情况，补齐后应当重新装订。",
        "{%p endif %}",
    )
    for text in paragraphs:
        add(document, text, "Normal").paragraph_format.first_line_indent = Pt(32)
    add(document, "一、各单位材料", "Heading 1")
    rows: list[list[Cell]] = [
        [("责任单位", "表头"), ("印证材料（份）", "表头"), ("页数", "表头")],
        tag("{%tr for unit in checklist.units %}", 3),
        [
            ("{% if unit.name %}{{ unit.name }}{% else %}（未注明）{% endif %}", "表格文字"),
            ("{{ unit.evidence }}", "表格居中"),
            ("{{ unit.pages }}", "表格居中"),
        ],
        tag("{%tr endfor %}", 3),
    ]
    table(document, [92, 36, 28], rows, header=1)
    add(document, "{%p if checklist.problems %}", "Normal")
    add(document, "二、缺件情况", "Heading 1")
    rows = [
        [("指标或材料", "表头"), ("问题", "表头"), ("详情", "表头")],
        tag("{%tr for problem in checklist.problems %}", 3),
        [
            ("{{ problem.evidence or problem.item }}", "表格居中"),
            (cause("problem.code"), "表格文字"),
            ("{{ problem.message }}", "表格说明"),
        ],
        tag("{%tr endfor %}", 3),
    ]
    table(document, [22, 67, 67], rows, header=1)
    add(document, "{%p endif %}", "Normal")
    gap(document, 15)
    rows = [
        [("整理人", "栏目"), ("", "栏目内容"), ("整理日期", "栏目"), ("{{ today|date }}", "栏目内容")],
        [("检查人", "栏目"), ("", "栏目内容"), ("检查日期", "栏目"), ("", "栏目内容")],
    ]
    drawn = table(document, [27, 51, 27, 51], rows)
    for row in drawn.rows:
        height(row, 11, MIDDLE)
    for cell in drawn.rows[0].cells:
        cell.paragraphs[0].paragraph_format.keep_with_next = True
    shrink_last(document)


def placeholder(document: Any) -> None:
    """The sheet that stands where something is missing."""
    gap(document, 70)
    add(document, "缺　件　说　明", "Title")
    dash = "{% else %}—{% endif %}"
    rows: list[list[Cell]] = [
        [
            ("材料编号", "栏目"),
            ("{% if placeholder.id %}{{ placeholder.id }}" + dash, "栏目内容"),
        ],
        [("材料名称", "栏目"), ("{% if placeholder.title %}{{ placeholder.title }}" + dash, "栏目内容")],
        [
            ("所属指标", "栏目"),
            (
                "{% if placeholder.item_id %}{{ placeholder.item_id }}　{{ placeholder.item_title }}" + dash,
                "栏目内容",
            ),
        ],
        [("责任单位", "栏目"), ("{% if placeholder.unit %}{{ placeholder.unit }}" + dash, "栏目内容")],
        [("联系方式", "栏目"), ("{% if placeholder.contact %}{{ placeholder.contact }}" + dash, "栏目内容")],
        [("缺件原因", "栏目"), (cause("placeholder.code"), "栏目内容")],
        [
            ("详　　情", "栏目"),
            ("{{ placeholder.reason }}{% if placeholder.fix %}（{{ placeholder.fix }}）{% endif %}", "表格说明"),
        ],
    ]
    drawn = table(document, [30, 126], rows)
    for row in drawn.rows:
        height(row, 12, MIDDLE)
    note = add(document, "本页为占位页。材料补齐并重新装订后，由正式材料替换。", "题下")
    note.paragraph_format.space_before = Pt(12)


TEMPLATES = {
    "cover": ("封面", cover),
    "index": ("目录", index),
    "divider": ("隔页", divider),
    "scores": ("自评打分表", scores),
    "checklist": ("备考表", checklist),
    "placeholder": ("缺件说明", placeholder),
}

if __name__ == "__main__":
    main()
