"""Tags are found wherever Word lets them stand; what Word did to them is told apart by harm, and mended if it is safe.

That docxtpl joins what is called harmless here, and fails on the rest, is proved by filling the very same files.
"""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from word_xml import BOX, SPELLING, add_part, deleted, inserted, paragraph, row, run, table, word

from dossier import templates
from dossier.authoring import tags
from dossier.authoring.tags import Fault
from dossier.errors import TemplateError


@dataclass(frozen=True)
class Dossier:
    title: str = "印证材料"


def link(*runs: str) -> str:
    return f'<w:hyperlink w:anchor="x">{"".join(runs)}</w:hyperlink>'


def control(*runs: str) -> str:
    return f"<w:sdt><w:sdtPr/><w:sdtContent>{''.join(runs)}</w:sdtContent></w:sdt>"


def field(*runs: str) -> str:
    return f'<w:fldSimple w:instr=" AUTHOR ">{"".join(runs)}</w:fldSimple>'


BOLD = "<w:b/>"
ENGLISH = '<w:lang w:val="en-US"/>'
HARMLESS = {
    "spelling marks": run("{{ dossier.") + SPELLING + run("title") + '<w:proofErr w:type="spellEnd"/>' + run(" }}"),
    "runs": run("{") + run("{ ") + run("dos") + run("sier.title ") + run("}") + run("}"),
    "a look": run("{{ dossier.", BOLD) + run("title }}"),
    "languages": run("{{ dossier.", ENGLISH) + run("title }}", '<w:rFonts w:hint="eastAsia"/>'),
    "a bookmark": run("{{ dossier.") + '<w:bookmarkStart w:id="0" w:name="_GoBack"/>' + run("title }}"),
    "an insertion in the middle": run("{{ dossier.") + inserted(run("title")) + run(" }}"),
    "a correction in the middle": run("{{ dossier.") + deleted("titel") + inserted(run("title")) + run(" }}"),
    "two insertions": inserted(run("{{ dossier.")) + inserted(run("title }}")),
    "a link around it": link(run("{{ dossier."), run("title }}")),
    "curly quotes": run("{{ dossier[“title”] }}"),
    "fixed spaces": run("{{\u00a0dossier.title\u3000}}"),
}
HARMFUL = {
    "an insertion at the end": run("{{ dossier.") + inserted(run("title }} 2023")),
    "an insertion at the beginning": inserted(run("新 {{ dossier.")) + run("title }}"),
    "a deletion between the brackets": run("{") + deleted("x") + run("{ dossier.title }}"),
    "a link over its end": run("{{ dossier.") + link(run("title }}")),
    "a link over its beginning": link(run("{{ dossier.")) + run("title }}"),
    "a smart tag": run("{{ dossier.") + '<w:smartTag w:element="place">' + run("title }}") + "</w:smartTag>",
    "full-width brackets": run("｛｛ dossier.title ｝｝"),
    "a full-width bracket": run("{｛ dossier.title }}"),
    "full-width punctuation": run("{{ dossier［'title'］ }}"),
    "a space between brackets": run("{ { dossier.title } }"),
    "a zero-width space": run("{{ dossier.\u200btitle }}"),
    "other quotes": run("{{ dossier[″title″] }}"),
    "a tab": "<w:r><w:t>{% if</w:t><w:tab/><w:t>dossier %}{{ dossier.title }}{% endif %}</w:t></w:r>",
    "a line break": "<w:r><w:t>{% if</w:t><w:br/><w:t>dossier %}{{ dossier.title }}{% endif %}</w:t></w:r>",
    "a dash": run("{{ dossier.title if 1 – 1 == 0 }}"),
}


def faults(path: Path) -> list[Fault]:
    return [fault for story in tags.read(path).stories for fault in story.faults]


def mended(path: Path) -> Path:
    out = path.with_name("mended.docx")
    out.write_bytes(tags.mend(tags.read(path)))
    return out


def filled(path: Path) -> str:
    """Fill a file and return its text, what is struck out left out."""
    out = path.with_name("filled.docx")
    templates.fill(path, {"dossier": Dossier()}, out, where=path.name)
    return "\n".join("".join(one.text or "" for one in p.xpath(".//w:t")) for p in body(out).iter(W + "p"))


def body(path: Path) -> Any:
    return Document(str(path)).element.body


W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


# --- what Word does to tags ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HARMLESS)
def test_what_docxtpl_joins_again_is_no_error(name: str, tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", paragraph(HARMLESS[name]))
    assert filled(path) == "印证材料"
    assert [fault for fault in faults(path) if fault.severity != "info"] == []


@pytest.mark.parametrize("name", HARMFUL)
def test_what_docxtpl_cannot_join_is_an_error_and_can_be_mended(name: str, tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", paragraph(HARMFUL[name]))
    with suppress(TemplateError):
        assert "印证材料" not in filled(path)
    assert [fault.mendable for fault in faults(path) if fault.severity == "error"] == [True]
    assert "印证材料" in filled(mended(path))


@pytest.mark.parametrize("name", [*HARMLESS, *HARMFUL])
def test_nothing_is_left_to_mend(name: str, tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", paragraph((HARMLESS | HARMFUL)[name]))
    assert [fault for fault in faults(mended(path)) if fault.mendable] == []


@pytest.mark.parametrize("around", [lambda *runs: "".join(runs), inserted, link])
def test_a_row_goes_with_its_tag_however_that_is_cut(around: Any, tmp_path: Path) -> None:
    begin = run("{%tr if") + SPELLING + run(" dossier") + around(run(".title"), run(" %}"))
    rows = (row(begin), row(run("{{ dossier.title }}")), row(run("{%tr ") + run("endif %}")))
    path = word(tmp_path / "t.docx", table(*rows))
    assert filled(path) == "印证材料"
    assert [fault for fault in faults(path) if fault.severity != "info"] == []


@pytest.mark.parametrize("around", [control, field])
def test_a_tag_that_reaches_into_a_control_or_field_is_left_to_its_author(around: Any, tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", paragraph(run("{{ dossier."), around(run("title }}"))))
    [fault] = faults(path)
    assert (fault.code, fault.severity, fault.mendable) == ("tag-split", "error", False)
    assert fault.fix == "delete the tag and type it anew, outside the field or control"
    assert mended(path).read_bytes() == tags.repacked(path, {})


def test_text_around_a_mended_tag_stays(tmp_path: Path) -> None:
    path = word(
        tmp_path / "t.docx",
        paragraph(run("前 {{ dossier."), inserted(run("title }} 中 {{ dossier.title")), run(" }} 后")),
    )
    assert filled(mended(path)) == "前 印证材料 中 印证材料 后"


def test_tags_that_grow_shorter_do_not_shift_those_behind_them(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", "甲{ { dossier.title } }乙{ {dossier.title} }丙")
    assert filled(mended(path)) == "甲印证材料乙印证材料丙"


def test_a_mended_tag_keeps_the_look_of_its_first_letter(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", paragraph(run("{{ dossier.", BOLD), inserted(run("title }}"))))
    [only] = body(mended(path)).iter(W + "r")
    assert only.find(f"{W}rPr/{W}b") is not None
    assert [one.tag for one in body(mended(path)).iter(W + "ins")] == []


def test_what_stands_in_quotes_stays_as_it_is(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", "{{ dossier.title｜join（“，　”） }}")
    [tag] = tags.read(path).stories[0].tags
    assert tag.text == '{{ dossier.title|join("，　") }}'


def test_quotes_that_are_to_be_printed_are_told_from_those_of_the_tag(tmp_path: Path) -> None:
    [fault] = faults(word(tmp_path / "t.docx", '{{ "“" ~ dossier.title }}'))
    assert (fault.code, fault.mendable) == ("tag-quotes", False)
    assert fault.fix == "write quotes that are to be printed outside the tag"


def test_only_what_is_mended_changes(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", "{{ dossier.title }}", "｛｛ dossier.title ｝｝")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(io.BytesIO(mended(path).read_bytes())) as after:
        changed = {name for name in before.namelist() if before.read(name) != after.read(name)}
        assert before.namelist() == after.namelist()
    assert changed == {"word/document.xml"}


def test_comments_are_left_alone(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", "{# “这里” – 写标题｜ #}")
    assert faults(path) == []


# --- tracked changes -----------------------------------------------------------------------------------------------


def test_a_tag_that_is_struck_out_would_still_be_filled(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", paragraph(run("甲"), deleted("{{ dossier.titel }}"), run("乙")))
    with pytest.raises(TemplateError, match="titel"):
        filled(path)
    [fault] = faults(path)
    assert fault.message == "“{{ dossier.titel }}” is struck out by a tracked change (修订), and is read all the same"
    assert filled(mended(path)) == "甲乙"


def test_half_a_tag_that_is_struck_out_is_joined_to_the_next_bracket(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", paragraph(run("{{ dossier.title }}"), deleted("}"), run("。")))
    with pytest.raises(TemplateError):
        filled(path)
    assert [fault.code for fault in faults(path)] == ["tag-deleted"]
    assert filled(mended(path)) == "印证材料。"


def test_struck_out_text_without_brackets_does_no_harm(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", paragraph(run("{{ dossier.title }}"), deleted("旧"), run("。")))
    assert filled(path) == "印证材料。"
    assert faults(path) == []


def test_a_table_row_that_is_struck_out_goes_with_its_tag(tmp_path: Path) -> None:
    gone = row(deleted("{%tr endfor %}")).replace("<w:tr>", '<w:tr><w:trPr><w:del w:id="8" w:author="x"/></w:trPr>')
    path = word(tmp_path / "t.docx", table(row(run("甲")), gone))
    assert len(list(body(mended(path)).iter(W + "tr"))) == 1


def test_a_paragraph_that_is_struck_out_goes_with_its_tag(tmp_path: Path) -> None:
    mark = '<w:pPr><w:rPr><w:del w:id="8" w:author="x"/></w:rPr></w:pPr>'
    path = word(tmp_path / "t.docx", "甲", paragraph(mark, deleted("{{ dossier.title }}")), "乙")
    assert filled(mended(path)) == "甲\n乙"


# --- tags without an end -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("{{ dossier.title", "tag-unclosed", "the tag “{{ dossier.title” is not closed in its paragraph"),
        ("{{ dossier.title }", "tag-unclosed", "the tag “{{ dossier.title }” is not closed in its paragraph"),
        ("{% if dossier }}", "tag-unclosed", "the tag “{% if dossier }}” is not closed in its paragraph"),
        ("dossier.title }}", "tag-unopened", "“}}” ends a tag that never began, and is printed as it stands"),
    ],
)
def test_half_a_tag_is_found(text: str, code: str, message: str, tmp_path: Path) -> None:
    found = faults(word(tmp_path / "t.docx", text))
    assert (found[0].code, found[0].message, found[0].mendable) == (code, message, False)


def test_a_tag_without_an_end_does_not_hide_the_next(tmp_path: Path) -> None:
    read = tags.read(word(tmp_path / "t.docx", "{{ dossier.title 和 {{ dossier.title }}"))
    assert [tag.text for tag in read.stories[0].tags] == ["{{ dossier.title }}"]


@pytest.mark.parametrize("text", ["a { b } c", "{ {甲} }", "100 % }", "f(x) = {1, 2}"])
def test_brackets_in_plain_text_are_no_tags(text: str, tmp_path: Path) -> None:
    assert faults(word(tmp_path / "t.docx", text)) == []


# --- places --------------------------------------------------------------------------------------------------------


def places(path: Path) -> list[tuple[str, str]]:
    return [(tag.paragraph.place, tag.text) for story in tags.read(path).stories for tag in story.tags]


def test_every_place_is_named_as_a_person_would(tmp_path: Path) -> None:
    document = Document()
    section = document.sections[0]
    section.different_first_page_header_footer = True
    section.header.paragraphs[0].text = "{{ b }}"
    section.first_page_header.paragraphs[0].text = "{{ c }}"
    section.footer.paragraphs[0].text = "{{ d }}"
    document.core_properties.title = "{{ e }}"
    blocks = ["{{ a }}", table(row(run("x")), row(run("y"), run("{{ f }}"))), paragraph(BOX.format(run("{{ g }}"), ""))]
    path = word(tmp_path / "t.docx", *blocks, document=document)
    notes = (
        '<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        '<w:footnote w:type="separator" w:id="-1"><w:p/></w:footnote>'
        '<w:footnote w:id="1"><w:p/></w:footnote>'
        f'<w:footnote w:id="2"><w:p>{run("{{ h }}")}</w:p></w:footnote></w:footnotes>'
    )
    add_part(path, "word/footnotes.xml", notes)
    assert sorted(places(path), key=lambda one: one[1]) == [
        ("body (正文)", "{{ a }}"),
        ("header (页眉)", "{{ b }}"),
        ("first-page header (首页页眉)", "{{ c }}"),
        ("footer (页脚)", "{{ d }}"),
        ("title property (标题)", "{{ e }}"),
        ("body (正文), table 1 row 2 (表格)", "{{ f }}"),
        ("body (正文), text box (文本框)", "{{ g }}"),
        ("footnote 2 (脚注)", "{{ h }}"),
    ]


def test_a_header_of_a_later_section_is_named_with_it(tmp_path: Path) -> None:
    document = Document()
    later = document.add_section()
    later.header.is_linked_to_previous = False
    later.header.paragraphs[0].text = "{{ a }}"
    assert places(word(tmp_path / "t.docx", document=document)) == [("header of section 2 (页眉)", "{{ a }}")]


def test_both_copies_of_a_text_box_are_mended(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", paragraph(BOX.format(run("{{ dossier.") + inserted(run("title }}")), "")))
    assert len(faults(path)) == 1
    filled(mended(path))
    assert [one.text for one in body(tmp_path / "filled.docx").iter(W + "t")] == ["印证材料", "印证材料"]


def test_a_property_is_mended(tmp_path: Path) -> None:
    document = Document()
    document.core_properties.title = "｛｛ dossier.title ｝｝"
    path = mended(word(tmp_path / "t.docx", document=document))
    assert Document(str(path)).core_properties.title == "{{ dossier.title }}"


def test_tags_where_nothing_fills_them_are_found(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", "x")
    add_part(path, "word/charts/chart1.xml", "<c><t>{{ dossier.</t><t>title }}</t></c>")
    assert tags.read(path).unfilled == [("chart (图表)", "{{ dossier.title }}")]


def test_a_probe_has_text_in_place_of_tags(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", '{% if a %}{{ today|date("YYYY年") }}{% endif %}。')
    out = tmp_path / "probe.docx"
    out.write_bytes(tags.probe(tags.read(path)))
    assert Document(str(out)).paragraphs[-1].text == "汉1YYYY年。"
