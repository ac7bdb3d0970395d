"""Draws the first version of the Word templates of the set ``archive``: ``python templates/make_archive.py``.

The forms are those of DA/T 22-2015: the list of archived files (归档文件目录) on A4 landscape, the stamp (归档章) of 45
by 16 mm, the reference sheet (备考表), and labels for the backs of boxes of 310 by 220 mm, 20 to 50 mm wide. What the
set lacks, it takes from ``official``. See ``word_drawing.py`` for what all sets share.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from docx.enum.table import WD_TABLE_ALIGNMENT
from word_drawing import (
    BIAO,
    CENTER,
    FANG,
    HEI,
    LEFT,
    MIDDLE,
    SONG,
    TIMES,
    TOP,
    Cell,
    Draw,
    Look,
    Style,
    add,
    below,
    gap,
    height,
    shrink_last,
    table,
    tag,
    write,
)

FOLDER = Path(__file__).resolve().parent / "archive"
SPINES = (20, 30, 40, 50)  # mm

STYLES: dict[str, Style] = {
    "Title": ("Normal", BIAO, TIMES, 22, 34, CENTER, 0, 10),
    "Heading 1": ("Normal", HEI, HEI, 16, 29, LEFT, 14, 6),
    "封面题名": ("Title", BIAO, TIMES, 26, 44, CENTER, 0, 0),
    "封面全宗": ("Normal", SONG, TIMES, 22, 34, CENTER, 0, 0),
    "封面副题": ("Normal", FANG, TIMES, 16, 30, CENTER, 6, 0),
    "题下": ("Normal", FANG, TIMES, 12, 20, LEFT, 0, 4),
    "表头": ("Normal", HEI, HEI, 10.5, 14.5, CENTER, 0, 0),
    "表格文字": ("Normal", SONG, TIMES, 10.5, 14.5, LEFT, 0, 0),
    "表格居中": ("表格文字", SONG, TIMES, 10.5, 14.5, CENTER, 0, 0),
    "表格小字": ("表格文字", SONG, TIMES, 9, 12.5, CENTER, 0, 0),
    "归档章名": ("Normal", SONG, TIMES, 5.5, 7, CENTER, 0, 0),
    "归档章": ("Normal", HEI, TIMES, 7.5, 10, CENTER, 0, 0),
    "栏目": ("Normal", HEI, HEI, 12, 18, CENTER, 0, 0),
    "栏目内容": ("Normal", FANG, TIMES, 12, 18, LEFT, 0, 0),
    "备考栏": ("Normal", FANG, TIMES, 14, 26, LEFT, 0, 0),
    "盒脊项目": ("Normal", SONG, TIMES, 10.5, 13, CENTER, 0, 0),
    "盒脊内容": ("Normal", HEI, TIMES, 14, 18, CENTER, 0, 0),
    "盒脊小字": ("Normal", HEI, TIMES, 10.5, 14, CENTER, 0, 0),
    "盒脊窄字": ("盒脊小字", HEI, TIMES, 9, 12, CENTER, 0, 0),
}
LOOK = Look(
    "zh-CN",
    STYLES,
    ("", FANG, TIMES, 16, 29, LEFT, 0, 0),
    margins=(37, 25, 30, 25),
    indents={"栏目内容": 3, "备考栏": 6},
)
WIDE = replace(LOOK, size=(297, 210), margins=(25, 20, 25, 25))

TERM = "{% if values.保管期限 == '永久' %}Y{% else %}D{{ values.保管期限[:-1] }}{% endif %}"


def number(order: str) -> str:
    """Return the tag that shows a 件号 in four digits."""
    return f'{{{{ ("000" ~ {order})[-4:] }}}}'


def code(order: str) -> str:
    """Return the tags that show a 档号: 全宗号-门类·年度-保管期限-机构-件号, without what is not given."""
    return (
        "{% if values.全宗号 %}{{ values.全宗号 }}-{% endif %}{{ values.门类 }}·{{ dossier.year }}-"
        + TERM
        + "-{% if values.机构代码 %}{{ values.机构代码 }}-{% endif %}"
        + number(order)
    )


def given(value: str) -> str:
    """Return the tag that shows one of the manifest's values, or nothing where none is given."""
    return f"{{{{ values.{value} }}}}"


FONDS = "{% if values.全宗名称 %}{{ values.全宗名称 }}{% else %}{{ dossier.organisation }}{% endif %}"


def main() -> None:
    """Write the Word files."""
    for name, title, draw, look in TEMPLATES:
        write(FOLDER, name, title, look, draw)
    for width in SPINES:
        narrow = replace(LOOK, size=(width, 310), margins=(48, 0, 20, 0))
        write(
            FOLDER,
            f"spine-{width}",
            f"盒脊（{width}毫米）",
            narrow,
            partial(spine, width=width),
        )


# --- the templates -------------------------------------------------------------------------------------------------


def cover(document: Any) -> None:
    """The cover of the list, as annex B of the norm has it: fonds, year, term, department, and what it is about."""
    rows: list[list[Cell]] = [[(FONDS, "封面全宗")], [("归档文件目录", "封面题名")]]
    drawn = table(document, [160], rows, rules=())
    for row, millimetres, alignment in zip(drawn.rows, (40, 62), (TOP, TOP), strict=True):
        height(row, millimetres, alignment)
    below(
        drawn.rows[1].cells[0],
        ("（{{ dossier.title }}）", "封面副题"),
        ("{%p if volume.count > 1 %}", "封面副题"),
        ("第{{ volume.number|cn }}盒（共{{ volume.count|cn }}盒）", "封面副题"),
        ("{%p endif %}", "封面副题"),
    )
    gap(document, 6)  # else Word takes the two tables for one
    fields = (
        ("全　宗　号", given("全宗号")),
        ("全宗名称", FONDS),
        ("年　　度", "{{ dossier.year }}"),
        ("保管期限", given("保管期限")),
        ("机构（问题）", given("机构")),
        ("起止件号", span()),
    )
    drawn = table(document, [42, 92], [[(name, "栏目"), (value, "栏目内容")] for name, value in fields])
    for row in drawn.rows:
        height(row, 12, MIDDLE)
    gap(document, 30)
    add(document, "{{ dossier.date|date('YYYY年M月D日') }}", "封面副题")


def span() -> str:
    """Return the tags that show the first and the last 件号 of the volume."""
    rows = (
        "{% set found = namespace(first='', last='') %}{% for row in index if row.kind == 'evidence' and not row.cited "
        "and (volume.count == 1 or row.volume == volume.number) %}{% set found.last = row.order %}"
        "{% if not found.first %}{% set found.first = row.order %}{% endif %}{% endfor %}"
    )
    shown = f"{number('found.first')}-{number('found.last')}"
    return f"{rows}{{% if found.first %}}{shown}{{% endif %}}"


def index(document: Any) -> None:
    """The list of archived files, one row a file; the page in the binder stands among the remarks, and is a jump."""
    add(document, "归档文件{% if volume.general %}总{% endif %}目录", "Title")
    add(
        document,
        "全宗名称：" + FONDS + "　　年度：{{ dossier.year }}　　保管期限："
        + given("保管期限")
        + "{% if values.机构 %}　　机构（问题）：{{ values.机构 }}{% endif %}"
        "{% if volume.count > 1 and not volume.general %}　　第{{ volume.number|cn }}盒{% endif %}",
        "题下",
    )  # fmt: skip
    where = "{% if row.page %}第{{ link(row.page, row.to) }}页{% endif %}"
    remark = "{% if row.remark %}{{ row.remark }}{% if row.page %}；{% endif %}{% endif %}"
    missing = "{% if row.status in ['missing', 'refused'] %}（缺件）{% endif %}"
    missing += "{% if row.vacant %}（第{{ row.vacant }}页空）{% endif %}"
    rows: list[list[Cell]] = [
        [(head, "表头") for head in ("序号", "档号", "文号", "责任者", "题名", "日期", "密级", "页数", "备注")],
        tag("{%tr for row in index if row.kind == 'evidence' and not row.cited %}", 9),
        tag("{%tr if volume.general and row.volume and loop.changed(row.volume) %}", 9),
        [("第{{ row.volume|cn }}盒", "表头", 9)],
        tag("{%tr endif %}", 9),
        [
            ("{{ loop.index }}", "表格居中"),
            (code("row.order"), "表格小字"),
            ("{{ row.number }}", "表格小字"),
            ("{% if row.issuer %}{{ row.issuer }}{% else %}{{ row.unit }}{% endif %}", "表格小字"),
            ("{{ link(row.title, row.to) }}" + missing, "表格文字"),
            ("{{ row.date|date('YYYYMMDD') }}", "表格小字"),
            ("{{ row.secrecy }}", "表格小字"),
            ("{% if row.page_count %}{{ row.page_count }}{% endif %}", "表格居中"),
            (remark + where, "表格小字"),
        ],
        tag("{%tr endfor %}", 9),
    ]
    table(document, [11, 52, 34, 30, 65, 18, 11, 11, 20], rows, header=1)
    shrink_last(document)


def stamp(document: Any) -> None:
    """The stamp of the norm, 45 by 16 mm in six equal boxes, in the free upper corner."""
    files = "{% set own = item.evidence|rejectattr('cited')|list %}"
    first_last = (
        files + "{% if own %}" + number("own[0].order") + "{% if own|length > 1 %}-" + number("own[-1].order")
        + "{% endif %}{% endif %}"
    )  # fmt: skip
    boxes = (
        (("全宗号", given("全宗号")), ("年度", "{{ dossier.year }}"), ("件号", first_last)),
        (("机构（问题）", given("机构")), ("保管期限", given("保管期限")), ("页数", "{{ item.page_count }}")),
    )
    drawn = table(
        document,
        [15, 15, 15],
        [[(name, "归档章名") for name, _ in row] for row in boxes],
        padding=(44, 0, 0, 0),
        alignment=WD_TABLE_ALIGNMENT.RIGHT,
    )
    for row, values in zip(drawn.rows, boxes, strict=True):
        height(row, 8, TOP, exact=True)
        for cell, (_, value) in zip(row.cells, values, strict=True):
            below(cell, (value, "归档章"))


def divider(document: Any) -> None:
    """The stamp, what the item is, and the files that prove it."""
    stamp(document)
    gap(document, 60)
    add(document, "{% if item.section %}{{ item.section }}{% endif %}", "封面副题")
    add(document, "{{ item.id }}　{{ item.title }}", "Title")
    add(
        document,
        "{% if item.unit %}责任单位：{{ item.unit }}　　{% endif %}页码：{{ item.pages }}",
        "封面副题",
    )
    gap(document, 20)
    rows: list[list[Cell]] = [
        [(head, "表头") for head in ("件号", "题名", "文号", "责任者", "日期", "页数", "页码")],
        tag("{%tr for row in item.evidence %}", 7),
        [
            ("{% if not row.cited %}" + number("row.order") + "{% endif %}", "表格小字"),
            (
                "{{ link(row.title, row.to) }}{% if row.cited %}（参见{{ row.to }}）{% endif %}"
                "{% if row.status in ['missing', 'refused'] %}（缺件）{% endif %}",
                "表格文字",
            ),
            ("{{ row.number }}", "表格小字"),
            ("{{ row.issuer }}", "表格小字"),
            ("{{ row.date|date('YYYYMMDD') }}", "表格小字"),
            ("{% if row.page_count %}{{ row.page_count }}{% endif %}", "表格居中"),
            ("{{ link(row.page, row.to) }}", "表格居中"),
        ],
        tag("{%tr endfor %}", 7),
        tag("{%tr if not item.evidence %}", 7),
        [("{% if item.not_applicable %}{{ item.not_applicable }}{% else %}（无）{% endif %}", "表格居中", 7)],
        tag("{%tr endif %}", 7),
    ]
    table(document, [13, 57, 33, 24, 17, 12, 14], rows, header=1)
    shrink_last(document)


def checklist(document: Any) -> None:
    """The reference sheet of the norm: what there is to say of the box, and who arranged and who checked it."""
    add(document, "备　考　表", "Title")
    told = (
        ("{{ dossier.title }}", "备考栏"),
        (
            "共{{ checklist.volumes }}盒、{{ checklist.pages }}页（{{ checklist.sheets }}张），归档文件"
            "{{ checklist.evidence }}件，涉及指标{{ checklist.items }}项。",
            "备考栏",
        ),
        ("{%p if checklist.complete %}", "备考栏"),
        ("经逐件核对，文件齐全，目录所列页码与正文一致。", "备考栏"),
        ("{%p else %}", "备考栏"),
        ("尚有下列文件缺少或者不能装订，补齐后应当重新整理：", "备考栏"),
        ("{%p for problem in checklist.problems %}", "备考栏"),
        ("{{ problem.evidence or problem.item }}　{{ problem.message }}", "栏目内容"),
        ("{%p endfor %}", "备考栏"),
        ("{%p endif %}", "备考栏"),
    )
    drawn = table(document, [160], [[("盒内文件情况说明：", "备考栏")]])
    height(drawn.rows[0], 128, TOP)
    below(drawn.rows[0].cells[0], *told)
    gap(document, 12)
    rows: list[list[Cell]] = [
        [("整　理　人", "栏目"), ("", "栏目内容")],
        [("整理日期", "栏目"), ("{{ today|date }}", "栏目内容")],
        [("检　查　人", "栏目"), ("", "栏目内容")],
        [("检查日期", "栏目"), ("", "栏目内容")],
    ]
    drawn = table(document, [40, 120], rows)
    for row in drawn.rows:
        height(row, 11, MIDDLE)
    shrink_last(document)


def spine(document: Any, width: int) -> None:
    """The back of a box, as large as it is: 310 mm high; all ink lies in the middle 270, so that A4 holds it too."""
    content, small = ("盒脊小字", "盒脊窄字") if width < 30 else ("盒脊内容", "盒脊小字")
    office = "机　构\n（问题）" if width < 30 else "机构（问题）"
    fields = (
        ("全宗号", given("全宗号"), content, 24),
        ("年　度", "{{ dossier.year }}", content, 24),
        ("保管期限", given("保管期限"), content, 24),
        (office, given("机构"), content, 34),
        ("起止件号", span(), small, 30),
        ("盒　号", "{{ volume.number }}", content, 24),
    )
    rows: list[list[Cell]] = []
    for name, value, style, _ in fields:
        rows += [[(name, "盒脊项目")], [(value, style)]]
    drawn = table(document, [width - 2], rows, padding=(40, 0, 20, 0))
    for index, (name, _, _, millimetres) in enumerate(fields):
        height(drawn.rows[2 * index], 14 if "\n" in name else 9, MIDDLE)
        height(drawn.rows[2 * index + 1], millimetres, MIDDLE)
    shrink_last(document)


TEMPLATES: tuple[tuple[str, str, Draw, Look], ...] = (
    ("cover", "目录封面", cover, LOOK),
    ("index", "归档文件目录", index, WIDE),
    ("divider", "隔页", divider, LOOK),
    ("checklist", "备考表", checklist, LOOK),
)

if __name__ == "__main__":
    main()
