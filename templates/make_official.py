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
    RIGHT,
    SONG,
    TIMES,
    TOP,
    Cell,
    Look,
    Style,
    add,
    apart,
    below,
    gap,
    height,
    keep_with_next,
    shade,
    shrink_last,
    table,
    tag,
    write,
)

from dossier.causes import CAUSES, OTHER_CAUSE

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
PHOTOS = replace(
    LOOK, styles=STYLES | {"Caption": ("Normal", FANG, TIMES, 12, 16, CENTER, 0, 0)}, margins=(25, 25, 25, 25)
)
SPINE = replace(LOOK, styles=STYLES | SPINE_STYLES, size=(30, 297), margins=(12, 2, 12, 2))


def main() -> None:
    """Write the Word files."""
    for name, (title, draw, look) in TEMPLATES.items():
        write(FOLDER, name, title, look, draw)


# --- the templates -------------------------------------------------------------------------------------------------


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
    missing += "{% if row.vacant %}（第{{ row.vacant }}页空）{% endif %}"
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

    def head(text: str, score: str) -> list[Cell]:
        return [(text, "表格章居中", 2), ("", "表格章居中"), (score, "表格章居中"), ("", "表格章", 3)]

    entry: list[Cell] = [
        ("{{ row.id }}", "表格居中"),
        ("{{ row.title }}", "表格文字"),
        ("{{ row.points }}", "表格居中"),
        ("{{ row.self_score }}", "表格居中"),
        ("{{ row.conclusion }}", "表格说明"),
        ("{{ row.unit }}", "表格小字"),
        (page, "表格居中"),
    ]
    rows: list[list[Cell]] = [
        [(name, "表头") for name in ("序号", "考核指标及评分标准", "分值", "自评", "自评结论", "责任单位", "页码")],
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
        *apart("scores.bonus", head("加　分　项", "{{ scores.bonus_score }}"), entry, 7),
        *apart("scores.vetoes", head("否　决　项", ""), entry, 7),
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


def cause(code: str) -> str:
    """Return the tags that show why something is missing, where ``code`` is the name of a problem's code."""
    text = ""
    for words, _, codes in CAUSES:
        condition = " or ".join(f"{code} == '{one}'" for one in codes)
        text += f"{{% {'elif' if text else 'if'} {condition} %}}{words.format(unit='责任单位')}"
    return f"{text}{{% else %}}{OTHER_CAUSE[0]}{{% endif %}}"


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


def vacant(document: Any) -> None:
    """The sheet for printed pages of a frozen book that are there no more."""
    gap(document, 70)
    add(document, "{% if vacant.withdrawn %}已　撤　出{% else %}本　页　空{% endif %}", "Title")
    dash = "{% else %}—{% endif %}"
    rows: list[list[Cell]] = [
        [("编　　号", "栏目"), ("{% if vacant.id %}{{ vacant.id }}" + dash, "栏目内容")],
        [("名　　称", "栏目"), ("{% if vacant.title %}{{ vacant.title }}" + dash, "栏目内容")],
        [("空缺页码", "栏目"), ("第{{ vacant.pages }}页", "栏目内容")],
    ]
    drawn = table(document, [30, 126], rows)
    for row in drawn.rows:
        height(row, 12, MIDDLE)
    text = (
        "页码锁定后，{% if vacant.withdrawn %}该材料已撤出本册{% else %}该材料页数减少{% endif %}，"
        "上列页码不再使用；其余各页页码不变。"
    )
    note = add(document, text, "题下")
    note.paragraph_format.space_before = Pt(12)


def photos(document: Any) -> None:
    """The pattern of photo sheets: its margins and its style Caption are what counts, its text is for the author."""
    add(document, "照片页样式", "Title")
    text = (
        "照片页由程序排版：每页照片数由清单的layout决定，页边距取自本文件，照片下的文字取自本文件的“题注”样式"
        "（字体、字号、颜色、对齐）。在Word中修改页边距和“题注”样式即可；本页文字仅供参考，不装订。"
    )
    add(document, text, "题下")
    empty: list[Cell] = [("照　片", "表格居中"), ("照　片", "表格居中")]
    drawn = table(document, [80, 80], [empty, [("2023年4月12日 09:06", "Caption"), ("第一会议室", "Caption")]])
    height(drawn.rows[0], 60, MIDDLE)


APART = "{% if item.counts == 'veto' %}【否决项】{% elif item.counts == 'bonus' %}【加分项】{% endif %}"


def indented(document: Any, text: str, *, kept: bool = False) -> None:
    """Add a paragraph of running text, which begins two characters in; one that is ``kept`` stays with the next."""
    paragraph = add(document, text, "Normal")
    paragraph.paragraph_format.first_line_indent = Pt(32)
    if kept:
        paragraph.paragraph_format.keep_with_next = True


def signed(document: Any) -> None:
    """Close a letter with who writes it and when, at the right; the date ends four characters before the margin."""
    strip = add(document, "{{ dossier.organisation }}", "Normal")
    strip.paragraph_format.space_before = Pt(24)
    strip.paragraph_format.keep_with_next = True
    day = add(document, "{{ today|date }}", "Normal")
    for paragraph, points in ((strip, 0), (day, 64)):
        paragraph.alignment = RIGHT
        paragraph.paragraph_format.right_indent = Pt(points)


def letter(document: Any) -> None:
    """What one unit owes, why and by when, item by item; what it should look at again; whom to ask."""
    add(document, "印证材料催办单", "Title")
    add(document, "{{ letter.unit }}：", "Normal")
    indented(
        document,
        "{{ dossier.title }}正在汇编。截至{{ today|date }}，你单位尚有{{ letter.owed }}件印证材料没有收齐"
        "{% if letter.missing and letter.refused %}（缺{{ letter.missing }}件，需重新报送{{ letter.refused }}件）"
        "{% elif letter.refused %}（均需重新报送）{% endif %}，涉及考核指标{{ letter.items|length }}项"
        "{% if letter.at_risk != '0' %}，自评得分{{ letter.at_risk }}分暂无印证{% endif %}。"
        "{% if not letter.deadline %}请尽快补齐报送。{% elif letter.days_left > 0 %}请于{{ letter.deadline|date }}"
        "前补齐报送，距截止还有{{ letter.days_left }}天。{% elif letter.days_left == 0 %}"
        "今天（{{ letter.deadline|date }}）为报送截止日，请务必于今天补齐报送。{% else %}"
        "报送截止日为{{ letter.deadline|date }}，已逾期{{ letter.days_left|abs }}天，请立即补齐报送。{% endif %}",
    )
    add(document, "一、需要补报的材料", "Heading 1")
    note = "{% if debt.id %}编号{{ debt.id }}{% endif %}{% if debt.file %}，文件：{{ debt.file }}{% endif %}"
    rows: list[list[Cell]] = [
        [(head, "表头") for head in ("序号", "印证材料", "存在问题和报送要求")],
        tag("{%tr for item in letter.items %}", 3),
        [
            (
                f"{{{{ item.id }}}}　{{{{ item.title }}}}{APART}"
                "{% if item.points %}（分值{{ item.points }}分"
                "{% if item.at_risk != '0' %}，待印证{{ item.at_risk }}分{% endif %}）{% endif %}",
                "表格章",
                3,
            )
        ],
        tag("{%tr for debt in item.debts %}", 3),
        [
            ("{{ debt.order }}", "表格居中"),
            ("{% if debt.title %}{{ debt.title }}{% else %}本项印证材料{% endif %}", "表格文字"),
            ("{{ debt.cause }}{% if debt.pages %}（第{{ debt.pages }}页）{% endif %}", "表格文字"),
        ],
        tag("{%tr endfor %}", 3),
        tag("{%tr endfor %}", 3),
    ]
    drawn = table(document, [13, 73, 70], rows, header=1)
    shade(drawn.rows[2])
    keep_with_next(drawn.rows[0], drawn.rows[2])
    below(drawn.rows[4].cells[1], ("{%p if debt.id %}", "表格说明"), (note, "表格说明"), ("{%p endif %}", "表格说明"))
    add(document, "{%p if letter.hints %}", "Normal")
    add(document, "二、请一并核对的材料（提示）", "Heading 1")
    # Paragraphs, for the embedded engine leaves the head of a table alone at the foot of a page.
    add(document, "{%p for debt in letter.hints %}", "Normal")
    indented(
        document,
        "{{ debt.order }}.{{ debt.title }}（编号{{ debt.id }}"
        "{% if debt.code == 'outside-period' %}，日期{{ debt.date|date }}{% endif %}"
        "{% if 'number' in debt.code %}，文号{{ debt.number }}{% endif %}"
        "{% if debt.pages %}，第{{ debt.pages }}页{% endif %}）：{{ debt.cause }}。",
    )
    add(document, "{%p endfor %}", "Normal")
    add(document, "{%p endif %}", "Normal")
    gap(document, 12)
    add(document, "{%p if letter.contact %}", "Normal")
    indented(
        document,
        "你单位联系人：{{ letter.contact }}{% if letter.phone %}，电话{{ letter.phone }}{% endif %}。"
        "如有变动，请告知。",
        kept=True,  # nobody signs a page that holds nothing else
    )
    add(document, "{%p endif %}", "Normal")
    add(document, "{%p if letter.office_contact or letter.office_phone %}", "Normal")
    indented(
        document,
        "材料报送联系人：{{ letter.office_contact }}{% if letter.office_phone %}，"
        "电话{{ letter.office_phone }}{% endif %}。",
        kept=True,
    )
    add(document, "{%p endif %}", "Normal")
    signed(document)


MOST_UNITS, MOST_ITEMS = 12, 5  # that the summary has room for on its one page


def summary(document: Any) -> None:
    """One page for the leader: how much is owed, which points are at risk, by whom, in order."""
    add(document, "印证材料收集情况", "Title")
    indented(
        document,
        "截至{{ today|date }}，{{ dossier.title }}共{{ summary.items }}项考核指标，材料齐备{{ summary.complete }}项；"
        "{% if summary.owed %}{{ summary.units|selectattr('owed')|list|length }}个单位尚欠{{ summary.owed }}件（缺"
        "{{ summary.missing }}件，需重新报送{{ summary.refused }}件）{% else %}各单位均不欠材料{% endif %}。"
        "自评{{ summary.claimed }}分，其中有印证{{ summary.proved }}分、待印证{{ summary.at_risk }}分。"
        "{% if summary.deadline %}{% if summary.days_left > 0 %}距{{ summary.deadline|date }}截止还有"
        "{{ summary.days_left }}天。{% elif summary.days_left == 0 %}今天截止。{% else %}截止日为"
        "{{ summary.deadline|date }}，已逾期{{ summary.days_left|abs }}天。{% endif %}{% endif %}",
    )
    add(document, "一、各单位情况（按待印证分值排序）", "Heading 1")
    rows: list[list[Cell]] = [
        [(head, "表头") for head in ("位次", "责任单位", "待印证分", "欠件", "其中重报", "齐备指标", "联系人")],
        tag(f"{{%tr for unit in summary.units[:{MOST_UNITS}] %}}", 7),
        [
            ("{{ unit.rank }}", "表格居中"),
            ("{% if unit.name %}{{ unit.name }}{% else %}（未注明）{% endif %}", "表格文字"),
            ("{{ unit.at_risk }}", "表格居中"),
            ("{{ unit.owed }}", "表格居中"),
            ("{{ unit.refused }}", "表格居中"),
            ("{{ unit.complete }}/{{ unit.items }}", "表格居中"),
            ("{{ unit.contact }} {{ unit.phone }}", "表格小字"),
        ],
        tag("{%tr endfor %}", 7),
        tag(f"{{%tr if summary.units|length > {MOST_UNITS} %}}", 7),
        [(f"其余{{{{ summary.units|length - {MOST_UNITS} }}}}个单位见工作簿gaps.xlsx", "表格说明", 7)],
        tag("{%tr endif %}", 7),
    ]
    table(document, [12, 39, 19, 14, 19, 19, 34], rows, header=1, padding=(50, 60, 20, 60))
    add(document, "{%p if summary.units|rejectattr('owed')|list %}", "表格说明")
    add(document, "欠件为0而有待印证分的，系引用其他单位尚缺的材料。", "表格说明")
    add(document, "{%p endif %}", "表格说明")
    add(document, "{%p if summary.worst %}", "Normal")
    add(document, "二、待印证分值最多的指标", "Heading 1")
    rows = [
        [(head, "表头") for head in ("编号", "考核指标", "责任单位", "待印证分")],
        tag(f"{{%tr for item in summary.worst[:{MOST_ITEMS}] %}}", 4),
        [
            ("{{ item.id }}", "表格居中"),
            (f"{{{{ item.title }}}}{APART}", "表格文字"),
            ("{{ item.unit }}", "表格居中"),
            ("{{ item.at_risk }}", "表格居中"),
        ],
        tag("{%tr endfor %}", 4),
    ]
    table(document, [16, 83, 36, 21], rows, header=1, padding=(50, 60, 20, 60))
    add(document, "{%p endif %}", "Normal")
    gap(document, 8)
    add(document, "{%p if summary.done %}", "表格说明")
    add(document, "不欠材料的单位：{{ summary.done|selectattr('name')|join('、', 'name') }}。", "表格说明")
    add(document, "{%p endif %}", "表格说明")
    add(document, "{%p if summary.own %}", "表格说明")
    add(document, "另有{{ summary.own|length }}件事由编制单位自办，见工作簿gaps.xlsx。", "表格说明")
    add(document, "{%p endif %}", "表格说明")
    foot = add(document, "{{ dossier.organisation }}　{{ today|date }}", "表格说明")
    foot.alignment = RIGHT


def reprint(document: Any) -> None:
    """Which sheets of a printed book to change, step by step; what changed, for whoever checks it."""
    add(document, "换页单", "Title")
    indented(
        document,
        "{{ dossier.title }}{% if reprint.old_date %}（{{ reprint.old_date|date }}印本）{% endif %}改成"
        "{% if reprint.new_date %}{{ reprint.new_date|date }}{% endif %}新印本，"
        "{% if reprint.printed %}需打印{{ reprint.printed }}张（双面），{% endif %}抽出作废{{ reprint.out }}张"
        "{% if reprint.moved %}，移位{{ reprint.moved }}张{% endif %}。请由前往后逐步操作，页码均以旧印本为准。",
    )
    add(document, "一、换页步骤", "Heading 1")
    rows: list[list[Cell]] = [
        [(head, "表头") for head in ("步骤", "操作", "新印内容", "用第几张", "办结")],
        tag("{%tr for step in reprint.steps %}", 5),
        [
            ("{{ step.order }}", "表格居中"),
            ("{{ step.text }}", "表格文字"),
            ("{{ step.about }}", "表格小字"),
            ("{{ step.sheets }}", "表格居中"),
            ("", "表格居中"),
        ],
        tag("{%tr endfor %}", 5),
    ]
    drawn = table(document, [12, 76, 36, 19, 13], rows, header=1)
    height(drawn.rows[2], 10, MIDDLE)
    add(document, "{%p if reprint.changes %}", "Normal")
    add(document, "二、变更内容", "Heading 1")
    rows = [
        [(head, "表头") for head in ("编号", "名称", "变更", "原页码", "现页码", "有变的页")],
        tag("{%tr for change in reprint.changes %}", 6),
        [
            ("{{ change.id }}", "表格小字"),
            ("{{ change.title }}", "表格文字"),
            ("{{ change.said }}", "表格居中"),
            ("{{ change.was }}", "表格小字"),
            ("{{ change.now }}", "表格小字"),
            ("{{ change.pages }}", "表格小字"),
        ],
        tag("{%tr endfor %}", 6),
    ]
    table(document, [18, 66, 13, 19, 19, 21], rows, header=1)
    add(document, "{%p endif %}", "Normal")
    add(document, "{%p if reprint.elsewhere %}", "题下")
    rest = add(document, "另有{{ reprint.elsewhere|length }}项内容未变，只是页码与旧印本不同。", "题下")
    rest.paragraph_format.space_before = Pt(8)
    add(document, "{%p endif %}", "题下")
    sign = add(document, "换页人：　　　　　　　　核对人：　　　　　　　　日期：", "题下")
    sign.paragraph_format.space_before = Pt(16)


def ticket(document: Any) -> None:
    """What whoever prints the book has to know: paper, sides, colours and folds, and which sheets they are about."""
    add(document, "印制单", "Title")
    indented(
        document,
        "{{ dossier.title }}，共{{ ticket.volumes|length }}册、{{ ticket.sheets }}张，按下列要求印制。"
        "文件中每两页为一张纸的正反两面，请按文件顺序印制，不增减、不调换。",
    )
    add(document, "一、印制要求", "Heading 1")
    coloured = "{%tr if ticket.divider_paper %}"
    rows: list[list[Cell]] = [
        [("纸张", "表头"), ("{{ ticket.paper }}，共{{ ticket.plain }}张", "表格文字")],
        tag(coloured, 2),
        [
            ("隔页用纸", "表头"),
            (
                "{{ ticket.divider_paper }}，{{ ticket.paper }}，共{{ ticket.coloured }}张"
                "{% if ticket.shared %}；另有{{ ticket.shared }}张隔页与其他内容同在一张纸上，用普通纸{% endif %}",
                "表格文字",
            ),
        ],
        tag("{%tr endif %}", 2),
        tag("{%tr if ticket.foldouts %}", 2),
        [
            ("折页", "表头"),
            (
                "A3，共{{ ticket.foldouts }}张；自装订边起{{ ticket.folds[0] }} mm处向左折回，"
                "{{ ticket.folds[1] }} mm处再向右折出，折好后与其他各页等宽，装订边只有一层",
                "表格文字",
            ),
        ],
        tag("{%tr endif %}", 2),
        [("双面", "表头"), ("双面印制，沿长边翻转", "表格文字")],
        [("比例", "表头"), ("100%，不缩放、不“适合页面”", "表格文字")],
        [
            ("装订", "表头"),
            ("正面左侧{% if ticket.gutter != '0' %}，装订边留空{{ ticket.gutter }} mm{% endif %}", "表格文字"),
        ],
    ]
    table(document, [28, 128], rows)
    add(document, "二、各册", "Heading 1")
    rows = [
        [(head, "表头") for head in ("册", "文件", "页码", "张数", "普通纸", "彩纸", "A3")],
        tag("{%tr for printed in ticket.volumes %}", 7),
        [
            ("{{ printed.number }}", "表格居中"),
            ("{{ printed.file }}", "表格文字"),
            ("{{ printed.first_page }}—{{ printed.last_page }}", "表格小字"),
            ("{{ printed.sheets }}", "表格居中"),
            ("{{ printed.plain }}", "表格居中"),
            ("{{ printed.coloured }}", "表格居中"),
            ("{{ printed.foldouts }}", "表格居中"),
        ],
        tag("{%tr endfor %}", 7),
        [
            ("合计", "表头", 3),
            ("{{ ticket.sheets }}", "表头"),
            ("{{ ticket.plain }}", "表头"),
            ("{{ ticket.coloured }}", "表头"),
            ("{{ ticket.foldouts }}", "表头"),
        ],
    ]
    table(document, [12, 50, 30, 16, 16, 16, 16], rows, header=1)
    add(document, "{%p if ticket.coloured %}", "Normal")
    add(document, "三、用{{ ticket.divider_paper }}的纸", "Heading 1")
    rows = [
        [(head, "表头") for head in ("册", "第几张（第n张为文件的第2n-1、2n页）")],
        tag("{%tr for printed in ticket.volumes if printed.coloured %}", 2),
        [("{{ printed.number }}", "表格居中"), ("{{ printed.divider_sheets }}", "表格文字")],
        tag("{%tr endfor %}", 2),
    ]
    table(document, [12, 144], rows, header=1)
    add(document, "{%p endif %}", "Normal")
    add(document, "{%p if ticket.foldouts %}", "Normal")
    add(document, "{% if ticket.coloured %}四{% else %}三{% endif %}、A3折页", "Heading 1")
    rows = [
        [(head, "表头") for head in ("册", "第几张", "文件页", "页码", "编号", "名称")],
        tag("{%tr for sheet in ticket.foldout_sheets %}", 6),
        [
            ("{{ sheet.volume }}", "表格居中"),
            ("{{ sheet.sheet }}", "表格居中"),
            ("{{ sheet.pdf_pages }}", "表格小字"),
            ("{{ sheet.pages }}", "表格小字"),
            ("{{ sheet.id }}", "表格小字"),
            ("{{ sheet.title }}", "表格文字"),
        ],
        tag("{%tr endfor %}", 6),
    ]
    table(document, [12, 16, 22, 22, 20, 64], rows, header=1)
    add(document, "{%p endif %}", "Normal")
    sign = add(document, "制单人：　　　　　　　　核对人：　　　　　　　　{{ today|date }}", "题下")
    sign.paragraph_format.space_before = Pt(16)


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
    "vacant": ("空页说明", vacant, LOOK),
    "photos": ("照片页样式", photos, PHOTOS),
    "spine": ("书脊", spine, SPINE),
    "letter": ("印证材料催办单", letter, LOOK),
    "summary": ("印证材料收集情况", summary, replace(LOOK, margins=(28, 26, 25, 28))),
    "reprint": ("换页单", reprint, LOOK),
    "ticket": ("印制单", ticket, LOOK),
}

if __name__ == "__main__":
    main()
