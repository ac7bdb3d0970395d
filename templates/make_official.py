"""Draws the first version of the Word templates of the set ``official``: ``python templates/make_official.py``.

Fonts, sizes and margins follow GB/T 9704-2012 (title 2号小标宋, body 3号仿宋, first-level heads 3号黑体; 37, 35, 28 and
26 mm of margin); tables are set in 五号 to keep the index short. See ``word_drawing.py`` for what all sets share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from docx.shared import Pt
from word_drawing import (
    BIAO,
    CENTER,
    FANG,
    FOOT,
    HEI,
    KAI,
    LEFT,
    MIDDLE,
    SONG,
    TIMES,
    TOP,
    Cell,
    Look,
    Style,
    add,
    below,
    gap,
    height,
    shade,
    shrink_last,
    table,
    tag,
    write,
)

FOLDER = Path(__file__).resolve().parent / "official"
WIDTH = 156  # mm between the margins

STYLES: dict[str, Style] = {
    "Title": ("Normal", BIAO, TIMES, 22, 36, CENTER, 0, 14),
    "Heading 1": ("Normal", HEI, HEI, 16, 29, LEFT, 14, 6),
    "封面标题": ("Title", BIAO, TIMES, 26, 46, CENTER, 0, 0),
    "封面副题": ("Normal", KAI, TIMES, 18, 34, CENTER, 10, 0),
    "封面落款": ("Normal", FANG, TIMES, 16, 32, CENTER, 0, 0),
    "隔页指标": ("Normal", KAI, TIMES, 16, 30, CENTER, 0, 10),
    "题下": ("Normal", KAI, TIMES, 12, 20, LEFT, 0, 6),
    "表头": ("Normal", HEI, HEI, 10.5, 14.5, CENTER, 0, 0),
    "表格文字": ("Normal", SONG, TIMES, 10.5, 14.5, LEFT, 0, 0),
    "表格居中": ("表格文字", SONG, TIMES, 10.5, 14.5, CENTER, 0, 0),
    "表格小字": ("表格文字", SONG, TIMES, 9, 12.5, CENTER, 0, 0),
    "表格说明": ("表格文字", FANG, TIMES, 9, 12.5, LEFT, 0, 0),
    "表格章": ("表格文字", HEI, HEI, 10.5, 14.5, LEFT, 0, 0),
    "表格章居中": ("表格章", HEI, HEI, 10.5, 14.5, CENTER, 0, 0),
    "表格材料": ("表格文字", SONG, TIMES, 10.5, 14.5, LEFT, 0, 0),
    "栏目": ("Normal", HEI, HEI, 12, 18, CENTER, 0, 0),
    "栏目内容": ("Normal", FANG, TIMES, 12, 18, LEFT, 0, 0),
}
SPINE_STYLES: dict[str, Style] = {
    "脊题名": ("Normal", BIAO, TIMES, 20, 22, CENTER, 0, 0),
    "脊题名小": ("脊题名", BIAO, TIMES, 14, 15, CENTER, 0, 0),
    "脊册号": ("脊题名", HEI, HEI, 14, 16, CENTER, 0, 0),
    "脊落款": ("脊题名", FANG, TIMES, 12, 14, CENTER, 0, 0),
    "脊落款小": ("脊落款", FANG, TIMES, 10.5, 11.5, CENTER, 0, 0),
}
LOOK = Look("zh-CN", STYLES, ("", FANG, TIMES, 16, 29, LEFT, 0, 0), indents={"表格材料": 10.5, "栏目内容": 3})
SPINE = replace(LOOK, styles=STYLES | SPINE_STYLES, size=(30, 297), margins=(12, 2, 12, 2))


def main() -> None:
    """Write the Word files."""
    for name, (title, draw, look) in TEMPLATES.items():
        write(FOLDER, name, title, look, draw)


# --- the six templates ---------------------------------------------------------------------------------------------


def cover(document: Any) -> None:
    """Title at the upper third, volume in the middle, organisation and date at the foot."""
    rows: list[list[Cell]] = [[("{{ dossier.title }}", "封面标题")], [("", "封面副题")], [("", "封面落款")]]
    drawn = table(document, [WIDTH], rows, rules=())
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


def spine(document: Any) -> None:
    """What stands on the back of a volume, one character below the other: title, number of the volume, organisation."""
    name, owner = stacked("dossier.title|cn"), stacked("dossier.organisation")
    volume = "{% if volume.count > 1 %}第\n{{ volume.number|cn }}\n册{% endif %}".replace("\n", '{{ "\\n" }}')
    rows: list[list[Cell]] = [
        [("{%p if dossier.title|length > 20 %}", "脊题名")],
        [(volume, "脊册号")],
        [("", "脊落款")],
    ]
    drawn = table(document, [26], rows, rules=(), padding=(0, 0, 0, 0))
    for row, millimetres, alignment in zip(drawn.rows, (152, 24, 96), (TOP, MIDDLE, FOOT), strict=True):
        height(row, millimetres, alignment)
    top, _, foot = (row.cells[0] for row in drawn.rows)
    below(top, (name, "脊题名小"), ("{%p else %}", "脊题名"), (name, "脊题名"), ("{%p endif %}", "脊题名"))
    foot.paragraphs[0].add_run("{%p if dossier.organisation|length > 18 %}")
    below(foot, (owner, "脊落款小"), ("{%p else %}", "脊落款"), (owner, "脊落款"), ("{%p endif %}", "脊落款"))
    shrink_last(document)


def stacked(value: str) -> str:
    """Return the tag that shows a text with every character on a line of its own."""
    return f'{{{{ {value}|list|join("\\n") }}}}'


TEMPLATES: dict[str, tuple[str, Callable[[Any], None], Look]] = {
    "cover": ("封面", cover, LOOK),
    "index": ("目录", index, LOOK),
    "divider": ("隔页", divider, LOOK),
    "scores": ("自评打分表", scores, LOOK),
    "checklist": ("备考表", checklist, LOOK),
    "placeholder": ("缺件说明", placeholder, LOOK),
    "spine": ("书脊", spine, SPINE),
}

if __name__ == "__main__":
    main()
