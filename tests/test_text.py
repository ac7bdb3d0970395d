"""Text and Markdown become Word files that say the same, whatever their encoding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn

from dossier.convert import text
from dossier.convert.style import Look
from dossier.errors import ConversionError


def written(folder: Path, data: bytes | str, *, markdown: bool = False) -> Any:
    source, out = folder / "in.txt", folder / "out.docx"
    source.write_bytes(data.encode() if isinstance(data, str) else data)
    text.to_word(source, out, markdown=markdown)
    return Document(str(out))


def lines(document: Any) -> list[str]:
    return [paragraph.text for paragraph in document.paragraphs]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_encoding_gives_the_same_text(tmp_path: Path, encoding: str) -> None:
    assert lines(written(tmp_path, "第一行\r\n\r\n抽检92批次\n".encode(encoding))) == ["第一行", "", "抽检92批次"]


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as refused:
        written(tmp_path, b"\xff\xff\xff\x00")
    assert refused.value.code == "damaged-source"
    assert refused.value.fix


@pytest.mark.parametrize(("name", "value"), [("MAX_BYTES", 5), ("MAX_LINES", 1)])
def test_too_long_a_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: int) -> None:
    monkeypatch.setattr(text, name, value)
    with pytest.raises(ConversionError) as refused:
        written(tmp_path, "1\n2\n3\n")
    assert refused.value.code == "oversized-source"


def test_characters_that_word_cannot_hold_are_seen_to_be_missing(tmp_path: Path) -> None:
    assert lines(written(tmp_path, "a\x00b\x1bc")) == ["a\ufffdb\ufffdc"]


def test_a_form_feed_begins_a_page(tmp_path: Path) -> None:
    [paragraph] = written(tmp_path, "一\f二").paragraphs

    assert 'w:br w:type="page"' in paragraph._p.xml
    assert paragraph.text.replace("\n", "") == "一二"


def test_markdown_marks_become_layout(tmp_path: Path) -> None:
    source = "# 标题\n\n正文**重点**\n\n- 甲\n- 乙\n  1. 丙\n\n> 引文\n\n```\n代码\n```\n\n|a|b|\n|-|-|\n|1|2|\n"
    document = written(tmp_path, source, markdown=True)

    assert lines(document) == ["标题", "正文重点", "• 甲", "• 乙", "1. 丙", "引文", "代码"]
    assert [run.text for run in document.paragraphs[1].runs if run.bold] == ["重点"]
    assert document.paragraphs[0].runs[0].font.size > document.paragraphs[1].style.font.size
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [["a", "b"], ["1", "2"]]


def test_markdown_fetches_and_runs_nothing(tmp_path: Path) -> None:
    document = written(tmp_path, "![图](http://127.0.0.1:9/a.png)\n\n<script>x()</script>\n", markdown=True)

    assert lines(document) == ["[图]", "<script>x()</script>"]
    assert not [relation for relation in document.part.rels.values() if relation.is_external]


def test_text_is_set_in_the_look_that_is_asked_for(tmp_path: Path) -> None:
    source, out = tmp_path / "in.md", tmp_path / "out.docx"
    source.write_text("# Head\n\nText\n")
    look = Look("楷体", "Arial", "Cambria", top=72, right=36, bottom=54, left=90)
    text.to_word(source, out, markdown=True, look=look)
    document = Document(str(out))
    section, normal = document.sections[0], document.styles["Normal"]
    assert normal.font.name == "Cambria"
    assert normal.element.rPr.rFonts.get(qn("w:eastAsia")) == "楷体"
    assert document.paragraphs[0].runs[0].font.name == "Arial"
    sides = (section.top_margin, section.right_margin, section.bottom_margin, section.left_margin)
    assert [side.pt for side in sides if side] == [72, 36, 54, 90]
