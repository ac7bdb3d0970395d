"""Makes a set of one's own to start from: the Word files of another set, and a how-to for whoever opens the folder.

The how-to is a Word file that no book holds (:data:`dossier.template_sets.HOW_TO`).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from dossier import template_sets
from dossier.errors import OutputError, UsageError
from dossier.template_sets import HOW_TO, SETTINGS, TemplateSet

_CALLED = {
    "cover": ("封面", "the cover"),
    "index": ("目录", "the index"),
    "divider": ("隔页，每项考核指标前一张", "the sheet before each item"),
    "scores": ("自评打分表", "the score sheet"),
    "checklist": ("备考表", "the reference sheet that closes the book"),
    "placeholder": ("缺件页，草稿中代替未交的材料", "the sheet where something is missing, in drafts"),
    "photos": ("照片页样式：页边距和题注，文字不装订", "the pattern of photo sheets: margins and captions"),
    "vacant": ("空页说明，页码锁定后少掉的页", "the sheet for printed pages that a frozen book has no more"),
    "letter": ("催办单，发给欠材料的单位，不装订", "the letter to a unit that owes something, beside the book"),
    "summary": ("材料收集情况，给领导的一页", "one page for the leader: what is owed, and which points are at risk"),
    "spine": ("脊背标签，不装订，单独打印", "the label for the spine of the box, printed beside the book"),
    "ticket": ("印制单：用什么纸印、哪几张用彩纸、哪几张折页，不装订", "the job ticket for the printer, not bound"),
    "reprint": ("换页单：哪些纸要重印、换在哪里，不装订", "which sheets of a printed book to change, not bound"),
}


def start(name: str, base: TemplateSet) -> Path:
    """Make the folder ``name`` with a copy of the set ``base`` and a how-to, and return it.

    What the copy lacks, now or later, comes from ``base``. Raises UsageError where there is something of that name.
    """
    folder = Path(name)
    if folder.exists():
        raise UsageError(f"{folder} is there already", fix="choose another name; nothing was changed")
    if folder.resolve().name in (base.name, "") or folder.name != folder.resolve().name:
        raise UsageError(f"{name!r} is no name for a set of your own", fix=f"choose one other than {base.name}")
    aside = folder.with_name(f".{folder.name}.tmp")
    try:
        aside.mkdir(parents=True)
        for source in reversed(base.folders):
            for path in _files(source):
                shutil.copyfile(path, aside / path.name)
        (aside / SETTINGS).write_text(_settings(base), encoding="utf-8")
        _write_how_to(aside / HOW_TO, folder.name, template_sets.word_files(aside))
        aside.rename(folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror}", fix="check the folder's permissions") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _files(folder: Path) -> list[Path]:
    """Return what of a set is copied: its templates and the pictures beside them."""
    pictures = [path for path in folder.iterdir() if path.suffix.lower() in (".png", ".jpg", ".jpeg")]
    return [*template_sets.word_files(folder), *sorted(pictures)]


def _settings(base: TemplateSet) -> str:
    return (
        f"# 本套模板沿用 {base.name}：这里没有的模板和设置都取自它。删掉一个 .docx，就恢复它原来的样子。\n"
        f"# This set is based on {base.name}: templates and settings that are not here come from it. Delete a .docx,\n"
        "# and the book has that page as it was.\n"
        f"extends: {base.name}\n"
    )


# --- the how-to ----------------------------------------------------------------------------------------------------


def _write_how_to(out: Path, name: str, templates: Sequence[Path]) -> None:
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(26)
    section.top_margin = section.bottom_margin = Mm(22)
    normal = document.styles["Normal"]
    normal.font.size = Pt(10.5)
    _face(normal.element, "Times New Roman", "宋体")
    document.core_properties.title = "READ ME FIRST"
    for language, (text, tables) in enumerate(((_CHINESE, _TABLES_CN), (_ENGLISH, _TABLES_EN))):
        files = [(path.name, _CALLED.get(path.stem.partition("-")[0], ("", ""))[language]) for path in templates]
        commands = [(command.format(name=name), what) for command, what in tables["commands"]]
        _page(document, text.format(name=name), {**tables, "files": files, "commands": commands})
    document.save(str(out))


def _page(document: Any, text: str, tables: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Write a page from text in which blank lines part the paragraphs, # begins headings, and [name] is a table."""
    for block in text.strip().split("\n\n"):
        words = re.sub(r"(?<=[\u3000-\uffef])\n(?=[\u3000-\uffef])", "", block).replace("\n", " ")
        if words.startswith("["):
            _table(document, tables[words.strip("[]")])
        elif words.startswith("#"):
            level, _, heading = words.partition(" ")
            _heading(document, heading, 16 if level == "#" else 12, new_page=level == "#")
        else:
            document.add_paragraph(words).paragraph_format.space_after = Pt(3)


def _heading(document: Any, text: str, size: int, *, new_page: bool) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.page_break_before = new_page
    paragraph.paragraph_format.space_before = Pt(size / 2)
    paragraph.paragraph_format.space_after = Pt(4)
    paragraph.paragraph_format.keep_with_next = True
    run = paragraph.add_run(text)
    run.font.size = Pt(size)
    run.bold = True
    _face(run._r, "Arial", "黑体")


def _table(document: Any, rows: Sequence[tuple[str, str]]) -> None:
    table = document.add_table(rows=0, cols=2)
    table.style = "Table Grid"
    table.autofit = False
    for left, right in rows:
        cells = table.add_row().cells
        for cell, text, width in zip(cells, (left, right), (Mm(78), Mm(80)), strict=True):
            cell.width = width
            cell.paragraphs[0].paragraph_format.space_before = Pt(1)
            cell.paragraphs[0].add_run(text).font.size = Pt(9.5)
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _face(element: Any, latin: str, chinese: str) -> None:
    names = element.get_or_add_rPr().get_or_add_rFonts()
    for slot, font in (("ascii", latin), ("hAnsi", latin), ("eastAsia", chinese)):
        names.set(qn(f"w:{slot}"), font)


_CHINESE = """
# 先读我：这套模板怎么改

这个文件夹（{name}）里，每个Word文件是汇编的一种页面。用Word打开，改好保存，装订出来就是那个样子。
本文件只供阅读，不会装进书里。

[files]

## 怎么改

字体、字号、行距、边框、标识、列宽和列序，都可以改。花括号里的是标记，装订时换成内容；内容的样子就是标记的样子。

[tags]

## 改的时候

标记整个删掉或整个搬走，不要只改一半；花括号用半角，整个标记用同一种字体。改完接受全部修订（审阅 → 接受所有修订）。

页面下方25毫米留空，页码印在那里；不要用Word自己的页码。表格列宽固定，表头设为“重复标题行”。
不要用分散对齐、艺术字、文档网格、链接的图片和宏。

## 改完以后，在这个文件夹的上一级运行

[commands]

然后在清单里写 template_set: {name}，运行 dossier build。改坏了不要紧：删掉那个文件，书里就恢复它原来的样子。
"""

_ENGLISH = """
# Read me first: how to change these templates

Each Word file in this folder ({name}) is one kind of page of the book. Open it in Word, change it, save it: that is
what the book will look like. This file is for reading only, and is never bound.

[files]

## What to change

Fonts, sizes, spacing, borders, logos, the width and order of columns: all of it. What stands in curly brackets is a
tag, which becomes a value. A value looks as its tag does.

[tags]

## While you change it

Delete or move a tag as a whole, and keep it in one look. Accept all tracked changes in the end (Review, Accept All).

Leave the lowest 25 mm of the page free: page numbers are printed there, and Word's own would be wrong. Give tables
fixed column widths, and mark the head row as a repeated header. No distributed text, WordArt, document grid,
linked pictures or macros.

## Afterwards, in the folder above this one

[commands]

Then write template_set: {name} in the manifest, and run dossier build. Nothing can be spoiled for good: delete a file,
and the book has that page as it was.
"""

_TABLES_CN = {
    "tags": (
        ("{{ dossier.title }}", "汇编的名称"),
        ('{{ dossier.date|date("YYYY年M月D日")|cn }}', "日期：二〇二三年十二月十五日"),
        (
            "{%tr for row in index %} … {%tr endfor %}",
            "两个标记之间的表格行，每条重复一次；标记各占一行，成书时消失",
        ),
        ("{{ row.title }}  {{ link(row.page, row.to) }}", "这条的题名；它的页码，点击跳转"),
        ("{%p if dossier.subtitle %} … {%p endif %}", "有副标题时才有的段落；标记各占一段，成书时消失"),
    ),
    "commands": (
        ("dossier templates check {name}", "找出写错的标记；加 --fix 改好能改的，原文件存为 .bak"),
        ("dossier templates preview {name} -o 样张", "看样张；加 --watch，每次保存后自动重画"),
        ("dossier templates fields", "列出所有能用的名称"),
    ),
}
_TABLES_EN = {
    "tags": (
        ("{{ dossier.title }}", "what the dossier is called"),
        ('{{ dossier.date|date("D/M/YYYY") }}', "its date: 15/12/2023"),
        (
            "{%tr for row in index %} … {%tr endfor %}",
            "the table rows between the two, once for each; each tag in a row of its own, which vanishes",
        ),
        ("{{ row.title }}  {{ link(row.page, row.to) }}", "what it is called; its page, as a jump"),
        (
            "{%p if dossier.subtitle %} … {%p endif %}",
            "paragraphs that are there only with a subtitle; each tag in a paragraph of its own, which vanishes",
        ),
    ),
    "commands": (
        ("dossier templates check {name}", "finds wrong tags; --fix mends what it can, and keeps the file as .bak"),
        ("dossier templates preview {name} -o pictures", "shows the pages; with --watch again whenever you save"),
        ("dossier templates fields", "lists all names that can be shown"),
    ),
}
