"""Tests of finding and filling Word templates, and of the set that is shipped."""

from __future__ import annotations

import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
import rdocx
from docx import Document
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm
from PIL import Image

from dossier import sandbox, template_sets, templates
from dossier.errors import TemplateError
from dossier.files import Files
from dossier.views import (
    Checklist,
    DossierView,
    ItemView,
    Placeholder,
    ProblemView,
    Row,
    ScoreRow,
    Scores,
    SectionView,
    UnitCount,
    VolumeView,
)

ROOT = Path(__file__).resolve().parent.parent
OFFICIAL = ("checklist", "cover", "divider", "index", "placeholder", "scores")
Fill = Callable[..., Any]


@dataclass(frozen=True)
class Thing:
    title: str = "质量目标"
    page: str = "57"
    to: str = "1-6-03"


def digest(path: Path, **context: object) -> str:
    """Return the digest of what a template shows."""
    return templates.rendered(path, context, where=path.name, files=Files((path.parent,))).digest


def template(path: Path, *paragraphs: str) -> Path:
    document = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    document.save(str(path))
    return path


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """Fill a template of the given paragraphs, or a document, and return it opened by python-docx."""

    def run(*paragraphs: str, document: Any = None, **context: object) -> Any:
        path, out = tmp_path / "t.docx", tmp_path / "out.docx"
        if document is None:
            template(path, *paragraphs)
        else:
            document.save(str(path))
        templates.fill(path, context, out, where="t.docx")
        return Document(str(out))

    return run


def text_of(document: Any) -> str:
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


def part(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as package:
        return package.read(name).decode()


# --- values --------------------------------------------------------------------------------------------------------


def test_values_are_escaped(fill: Fill) -> None:
    assert text_of(fill("a {{ x }} b", x="<w:b/> & {{ y }} \x0b")) == "a <w:b/> & {{ y }}   b"


def test_lines_and_tabs_of_values_become_words(fill: Fill) -> None:
    document = fill("{{ x }}", x="one\ntwo\tthree")
    run = document.paragraphs[0].runs[0]._r
    assert [child.tag for child in run] == [qn(f"w:{name}") for name in ("t", "br", "t", "tab", "t")]


def test_tags_that_word_split_over_runs_are_read(fill: Fill) -> None:
    document = Document()
    paragraph = document.add_paragraph()
    for piece in ("{", "{ thi", "ng.ti", "tle }", "}"):
        paragraph.add_run(piece)
        paragraph._p.append(OxmlElement("w:proofErr"))
    assert text_of(fill(document=document, thing=Thing())) == "质量目标"


def test_curly_quotes_in_tags_are_quotes(fill: Fill) -> None:
    assert text_of(fill("{{ today|date(“YYYY/MM”) }}", today=date(2023, 3, 1))) == "2023/03"


def test_headers_footers_and_properties_are_filled(fill: Fill) -> None:
    document = Document()
    document.sections[0].header.paragraphs[0].text = "head {{ x }}"
    document.sections[0].footer.paragraphs[0].text = "foot {{ link(x, 'a') }}"
    document.core_properties.title = "title {{ x }} {{ link(x, 'a') }}"
    filled = fill(document=document, x="<1>")
    assert filled.sections[0].header.paragraphs[0].text == "head <1>"
    footer = filled.sections[0].footer
    assert footer.paragraphs[0].hyperlinks[0].text == "<1>"
    assert footer.part.rels[footer.paragraphs[0].hyperlinks[0]._hyperlink.rId].target_ref == "dossier:a"
    assert filled.core_properties.title == "title <1> <1>"


def test_footnotes_are_filled(tmp_path: Path) -> None:
    source, out = template(tmp_path / "a.docx", "body"), tmp_path / "out.docx"
    with zipfile.ZipFile(source, "a") as package:
        note = f'<w:footnotes {nsdecls("w")}><w:footnote w:id="2"><w:p><w:r><w:t>{{{{ x }}}}</w:t></w:r></w:p>'
        package.writestr("word/footnotes.xml", f"{note}</w:footnote></w:footnotes>")
    templates.fill(source, {"x": "见第57页"}, out, where="a.docx")
    assert "见第57页" in part(out, "word/footnotes.xml")


def test_rows_are_repeated(fill: Fill) -> None:
    document = Document()
    table = document.add_table(3, 2)
    table.cell(0, 0).text, table.cell(2, 0).text = "{%tr for t in things %}", "{%tr endfor %}"
    table.cell(1, 0).text, table.cell(1, 1).text = "{{ t.title }}", "{{ t.page }}"
    filled = fill(document=document, things=[Thing("a", "1"), Thing("b", "2")])
    assert [[cell.text for cell in row.cells] for row in filled.tables[0].rows] == [["a", "1"], ["b", "2"]]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("day|date", "2023年3月1日"),
        ("day|date('YYYY-MM-DD')", "2023-03-01"),
        ("'2023-03-01'|date('YY.M.D')", "23.3.1"),
        ("'去年'|date", "去年"),
        ("''|date", ""),
        ("day|date|cn", "二〇二三年三月一日"),
        ("2023|cn", "二〇二三"),
        ("1|cn", "一"),
        ("10|cn", "十"),
        ("12|cn", "十二"),
        ("30|cn", "三十"),
        ("'1.50'|points", "1.5"),
        ("'20'|points", "20"),
        ("'2.0'|points", "2"),
        ("''|points", ""),
        ("nothing", ""),
        ("[1, 2]|join('、')", "1、2"),
        ("things|join('、', attribute='title')", "质量目标"),
    ],
)
def test_filters(fill: Fill, expression: str, shown: str) -> None:
    context = {"day": date(2023, 3, 1), "things": [Thing()], "nothing": None}
    assert text_of(fill(f"[{{{{ {expression} }}}}]", **context)) == f"[{shown}]"


def test_the_same_template_and_values_give_the_same_bytes(tmp_path: Path) -> None:
    source = template(tmp_path / "a.docx", "{{ link(x, 'b') }}")
    outs = []
    for name in ("1.docx", "2.docx"):
        templates.fill(source, {"x": "1"}, tmp_path / name, where="a.docx")
        outs.append((tmp_path / name).read_bytes())
        templates._prepare.cache_clear()
    assert outs[0] == outs[1]
    with zipfile.ZipFile(BytesIO(outs[0])) as package:
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_template_that_was_saved_anew_is_read_anew(tmp_path: Path) -> None:
    out = tmp_path / "out.docx"
    for text in ("first", "second"):
        templates.fill(template(tmp_path / "a.docx", f"{text} {{{{ x }}}}"), {"x": 1}, out, where="a.docx")
        assert text_of(Document(str(out))) == f"{text} 1"


# --- what decides what a document shows ----------------------------------------------------------------------------

TAGS = ("{{ title }}", "{{ link(title, to) }}", "{{ rich(title, bold=bold) }}", "{{ image('p.png', '20mm', alt=alt) }}")
VALUES: dict[str, object] = {"title": "One", "to": "1-01", "bold": True, "alt": "words", "unread": 1}


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """Return a template that shows values, jumps, looks, a picture and another document."""
    Image.new("RGB", (4, 3), "teal").save(tmp_path / "p.png")
    template(tmp_path / "inner.docx", "inner {{ title }}")
    return template(tmp_path / "t.docx", *TAGS, "{{p subdoc('inner.docx') }}")


def test_the_same_template_and_values_have_the_same_digest(shown: Path) -> None:
    assert digest(shown, **VALUES) == digest(shown, **VALUES)
    assert digest(shown, **VALUES) == digest(shown, **{**VALUES, "unread": 2, "more": "unread too"})


@pytest.mark.parametrize("change", [{"title": "Two"}, {"to": "1-02"}, {"bold": False}, {"alt": "other words"}], ids=str)
def test_a_value_that_shows_changes_the_digest(shown: Path, change: dict[str, object]) -> None:
    assert digest(shown, **VALUES) != digest(shown, **{**VALUES, **change})


def test_what_has_no_tags_in_a_template_changes_its_digest(shown: Path) -> None:
    before = digest(shown, **VALUES)
    document = Document(str(shown))
    document.styles["Normal"].font.size = Mm(9)
    document.save(str(shown))
    assert digest(shown, **VALUES) != before


def test_what_is_put_into_a_document_changes_its_digest(shown: Path) -> None:
    digests = [digest(shown, **VALUES)]
    Image.new("RGB", (4, 3), "red").save(shown.parent / "p.png")
    digests.append(digest(shown, **VALUES))
    template(shown.parent / "inner.docx", "inner {{ title }}.")
    digests.append(digest(shown, **VALUES))
    template(shown, *TAGS, "{{p subdoc('inner.docx') }}", "one more")
    digests.append(digest(shown, **VALUES))
    assert len(set(digests)) == 4


# --- mistakes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paragraph", "message"),
    [
        ("Of {{ thingg.title }}", r"t\.docx: there is no name 'thingg', in “Of .*” → did you mean 'thing'\?"),
        ("Of {{ thing.titel }}", r"t\.docx: there is no 'titel' here, in “Of .*” → did you mean 'title'\?"),
        ("{% if thing.titel %}x{% endif %}", r"there is no 'titel' here.*did you mean 'title'"),
        ("{{ thing }}", r"several values.*page, title, to"),
        ("{{ things }}", "a list cannot be shown"),
        ("Of {% for x in [1] %}", r"t\.docx: .*in “Of .* → every \{% for"),
        ("{%tr for x in [1] %}", r"unknown tag 'tr'.* → write \{%tr … %\} in a table row"),
        ("{{ x + 'a' }}", r"t\.docx: unsupported operand .*in “"),
        ("{{ thing|nothing }}", "No filter named 'nothing'"),
    ],
)
def test_a_mistake_is_named_with_its_paragraph(fill: Fill, paragraph: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        fill("before", paragraph, "after", thing=Thing(), things=[Thing()], x=1)


def test_the_error_of_a_function_is_placed(fill: Fill) -> None:
    def page(id: str) -> str:
        raise TemplateError(f"no page {id!r}", fix="cite another")

    with pytest.raises(TemplateError, match=r"t\.docx: no page '9', in “See .*” → cite another"):
        fill("x", "See {{ page('9') }}", page=page)


def test_tags_across_borders_are_named(fill: Fill) -> None:
    document = Document()
    document.add_paragraph("{% for x in [1, 2] %}")
    document.add_table(1, 2).cell(0, 0).text = "{% endfor %}"
    with pytest.raises(TemplateError, match=r"across the borders.*for x in \[1, 2\]"):
        fill(document=document)


def test_what_is_not_a_word_document_is_refused(tmp_path: Path) -> None:
    fake = tmp_path / "a.docx"
    fake.write_bytes(b"not a zip")
    with pytest.raises(TemplateError, match=r"a\.docx"):
        templates.fill(fake, {}, tmp_path / "out.docx", where="a.docx")
    with zipfile.ZipFile(fake, "w") as package:
        package.writestr("hello.txt", "x")
    with pytest.raises(TemplateError, match="not a Word document"):
        templates.fill(fake, {}, tmp_path / "out.docx", where="a.docx")
    with pytest.raises(TemplateError, match="cannot be read"):
        templates.fill(tmp_path / "none.docx", {}, tmp_path / "out.docx", where="none.docx")


# --- strangers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "{{ thing.__class__.__mro__ }}",
        "{{ page.__globals__ }}",
        "{{ ''.__class__ }}",
        "{{ things.append(1) }}",
        "{{ cycler.__init__ }}",
        "{% include 'secret' %}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for x in [1, 1] recursive %}{{ loop([1, 1]) }}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(999999999) %}{% endfor %}",
        "{{ 'a' * 999999999 }}",
        "{{ 999999999 * [1] }}",
        "{{ 9 ** 999999999 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ 'a'.center(999999999) }}",
        "{{ 'a'|center(999999999) }}",
        "{% set n = namespace(x='aaaaaaaaaa') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x='aaaaaaaaaa') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x ~ '' }}",
        "{% set n = namespace(x='aaaaaaaaaa') %}{% for i in range(60) %}{% set y %}{{ n.x }}{{ n.x }}{% endset %}"
        "{% set n.x = y %}{% endfor %}",
        "{% for a in range(9999) %}{% for b in range(90) %}" + "long " * 200 + "{% endfor %}{% endfor %}",
    ],
)
def test_a_hostile_template_is_stopped(fill: Fill, source: str) -> None:
    started = time.perf_counter()
    with pytest.raises(TemplateError):
        fill(source, thing=Thing(), things=[1], page=lambda id: "1")
    assert time.perf_counter() - started < 20


def document_of(body: str) -> str:
    return f"<w:document {nsdecls('w', 'r')}><w:body>{body}</w:body></w:document>"


def paragraph_of(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def row_of(cell: str) -> str:
    return f"<w:tbl><w:tr><w:tc><w:tcPr/>{cell}</w:tc></w:tr></w:tbl>"


MANY = 100_000


@pytest.mark.parametrize(
    "body",
    [
        paragraph_of("{{r a " * MANY),
        paragraph_of("{{r a ") * MANY,
        paragraph_of("{% a " * MANY),
        paragraph_of("{# a " * MANY),
        paragraph_of("{{ a }}") + paragraph_of("-%} " * MANY),
        paragraph_of("{%- " * MANY),
        paragraph_of("{{ a {{ b ") * MANY,
        paragraph_of("{{ a }}" * MANY),
        paragraph_of("{{ a" + " " * MANY * 2 + "}}"),
        paragraph_of("{# " + "{{r a " * 8_000 + " #}") + paragraph_of("x") * MANY,
        row_of(paragraph_of("{% colspan " + " " * 2_000 + " %}")) * 20,
        row_of(paragraph_of("{{ a }}") + paragraph_of("a") * 3_000 + '<w:p><w:r w:rsidR="{% vm %}"/></w:p>'),
        row_of(paragraph_of("{{ a }}") + paragraph_of("a") * 3_000 + '<w:p><w:r w:rsidR="{% hm %}"/></w:p>'),
    ],
    ids=range(13),
)
def test_tags_without_end_cost_no_time(tmp_path: Path, body: str) -> None:
    source = template(tmp_path / "a.docx", "x")
    with zipfile.ZipFile(source) as package:
        members = {name: package.read(name) for name in package.namelist()}
    members["word/document.xml"] = document_of(body).encode()
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in members.items():
            package.writestr(name, data)
    started = time.process_time()
    with pytest.raises(TemplateError, match=r"a\.docx: "):
        templates.fill(source, {"a": 1}, tmp_path / "out.docx", where="a.docx")
    assert time.process_time() - started < 10


def test_tags_that_were_commented_out_say_nothing(fill: Fill) -> None:
    assert text_of(fill("a{# {{ x }} {% if %} #}b")) == "ab"


def test_bounds_leave_room_for_honest_work(fill: Fill) -> None:
    assert text_of(fill("{% for i in range(20000) %}x{% endfor %}")) == "x" * 20000


def test_a_bomb_of_a_file_is_refused(tmp_path: Path) -> None:
    source = template(tmp_path / "a.docx", "x")
    with zipfile.ZipFile(source, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/media/bomb", bytes(140 * 1024**2))
    with pytest.raises(TemplateError):
        templates.fill(source, {}, tmp_path / "out.docx", where="a.docx")


def test_values_cannot_forge_a_jump(fill: Fill) -> None:
    filled = fill("{{ link('57', 'a') }}{{ x }}", x="<?dossier-mark 0?>")
    assert len(filled.paragraphs[0].hyperlinks) == 1
    assert text_of(filled) == "57<?dossier-mark 0?>"


def test_a_template_cannot_hold_marks_of_its_own(fill: Fill) -> None:
    document = Document()
    paragraph = document.add_paragraph("{{ x }}")
    paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}><w:t>a<?dossier-mark 7?>b</w:t></w:r>"))
    assert text_of(fill(document=document, x=1)) == "1ab"


# --- jumps ---------------------------------------------------------------------------------------------------------


def test_a_link_is_a_hyperlink_that_looks_like_its_tag(fill: Fill) -> None:
    document = Document()
    run = document.add_paragraph().add_run("see {{ link(thing.page, thing.to) }}, {{ link('again', thing.to) }}.")
    run.bold = True
    filled = fill(document=document, thing=Thing())
    paragraph = filled.paragraphs[0]
    assert paragraph.text == "see 57, again."
    assert [link.address for link in paragraph.hyperlinks] == ["dossier:1-6-03"] * 2
    assert all(link.runs[0].bold and link.runs[0].style.name == "Hyperlink" for link in paragraph.hyperlinks)
    assert all(run.bold for run in paragraph.runs)
    assert len({link._hyperlink.rId for link in paragraph.hyperlinks}) == 1


def test_a_template_without_the_style_is_given_one_without_a_look(fill: Fill) -> None:
    filled = fill("{{ link('57', 'a') }}")
    assert filled.styles["Hyperlink"].element.find(qn("w:rPr")) is None


def test_the_style_is_found_by_its_name_as_chinese_word_numbers_its_styles(fill: Fill) -> None:
    document = Document()
    style = f'<w:style {nsdecls("w")} w:type="character" w:styleId="a9"><w:name w:val="Hyperlink"/></w:style>'
    document.styles.element.append(parse_xml(style))
    filled = fill("", document=_with(document, "{{ link('57', 'a') }}"))
    run = filled.paragraphs[0].hyperlinks[0].runs[0]
    assert run._r.rPr.find(qn("w:rStyle")).get(qn("w:val")) == "a9"


def _with(document: Any, text: str) -> Any:
    document.add_paragraph(text)
    return document


def test_a_link_to_nowhere_is_text(fill: Fill) -> None:
    filled = fill("{{ link('57', '') }}{{ link('', 'a') }}")
    assert text_of(filled) == "57"
    assert not filled.paragraphs[0].hyperlinks


def test_a_link_to_a_chinese_name_is_percent_encoded(fill: Fill) -> None:
    filled = fill("{{ link('1', 'front:报告.docx') }}")
    assert filled.paragraphs[0].hyperlinks[0].address == "dossier:front:%E6%8A%A5%E5%91%8A.docx"


# --- the shipped set -----------------------------------------------------------------------------------------------


def rows(count: int) -> list[Row]:
    title = "云岭市国民经济和社会发展第十四个五年规划和二〇三五年远景目标纲要（节选）"
    found = [Row("section", 1, "1", "党政领导与规划", page="3", volume=1, to="1", points="15", status="complete")]
    found += [Row("item", 2, "1-1", "规划", unit="发展改革局", page="3", volume=1, to="1-1", points="1")]
    found += [
        Row(
            "evidence", 3, f"1-1-{n:02}", title, date="2021-03-01", number="云府发〔2021〕5号", page=str(n), volume=1,
            to=f"1-1-{n:02}", status="missing" if n == 3 else "bound",
        )
        for n in range(1, count + 1)
    ]  # fmt: skip
    return [*found, Row("evidence", 3, "1-1-99", "会议纪要", page="57", volume=2, to="1-6-03", cited=True)]


def context(count: int = 5) -> dict[str, object]:
    day = date(2023, 12, 18)
    listed = rows(count)
    score = ScoreRow(
        "item", "1-1", "规划", "写明的得满分", "2", "1.5", "财政局", "已纳入", "缺一份", "3", "3—9", "1-1", False
    )
    problem = ProblemView("missing-source", "a.pdf is not there", "put it there", evidence="1-1-03")
    return {
        "dossier": DossierView("考核材料 <A&B>", "副题", "云岭市", "2023年", "2023", day, 860, 2, 38, 120, False),
        "volume": VolumeView(1, 2, "binder-1.pdf", "— 1 —", "— 9 —", 431, (SectionView("1", "党政领导"),), True),
        "index": listed,
        "sections": [SectionView("1", "党政领导")],
        "item": ItemView(
            "1-1", "规划", "党政领导", 2, "2", "1.5", "标准", "财政局", "结论", "3", "3—9", "complete", "",
            tuple(listed[2:]),
        ),
        "scores": Scores((score,), "100", "98.5", "1.5"),
        "checklist": Checklist(2, 860, 430, 38, 120, (UnitCount("财政局", 3, 9),), False, (problem,)),
        "placeholder": Placeholder("1-1-03", "纪要", "1-1", "规划", "财政局", "李工", "not there", "put it there"),
        "problems": [problem],
        "today": day,
    }  # fmt: skip


@pytest.fixture(params=OFFICIAL)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_shipped_templates_fill(name: str, tmp_path: Path) -> None:
    found = template_sets.find_set("official", tmp_path)
    out = tmp_path / "out.docx"
    templates.fill(found.path(name), context(), out, where=name)
    body = part(out, "word/document.xml")
    assert "{{" not in body
    assert "{%" not in body


def test_shipped_pages_have_the_margins_of_gb_t_9704(name: str) -> None:
    section = Document(str(ROOT / "templates" / "official" / f"{name}.docx")).sections[0]
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    paper = (section.page_width, section.page_height)
    assert [round(length / Mm(1)) for length in (*margins, *paper) if length] == [37, 35, 28, 26, 210, 297]


def test_the_index_jumps_and_repeats_its_head(tmp_path: Path) -> None:
    out = tmp_path / "out.docx"
    templates.fill(template_sets.find_set("official", tmp_path).path("index"), context(100), out, where="index")
    document = Document(str(out))
    table = document.tables[0]
    assert [row._tr.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for row in table.rows[:2]] == [True, False]
    assert all(row._tr.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is not None for row in table.rows)
    targets = [rel.target_ref for rel in document.part.rels.values() if rel.is_external]
    assert len(set(targets)) == 103
    assert "dossier:1-6-03" in targets
    texts = [row.cells[1].text for row in table.rows]
    assert texts[1] == "第一册"
    assert [text for text in texts if "缺件" in text] == [rows(3)[-2].title + "（缺件）"]


def test_filling_many_dividers_is_quick(tmp_path: Path) -> None:
    path = template_sets.find_set("official", tmp_path).path("divider")
    templates.fill(path, context(), tmp_path / "out.docx", where="divider")
    started = time.perf_counter()
    for _ in range(40):
        templates.fill(path, context(), tmp_path / "out.docx", where="divider")
    assert time.perf_counter() - started < 2


def _uris(pdf: bytes) -> set[str]:
    pages = pypdf.PdfReader(BytesIO(pdf)).pages
    notes = [note.get_object() for page in pages for note in page.get("/Annots") or []]
    return {note["/A"]["/URI"] for note in notes}


def _linked(tmp_path: Path) -> Path:
    out = tmp_path / "linked.docx"
    templates.fill(template_sets.find_set("official", tmp_path).path("index"), context(2), out, where="index")
    return out


EXPECTED_URIS = {"dossier:1", "dossier:1-1", "dossier:1-1-01", "dossier:1-1-02", "dossier:1-6-03"}


def test_the_embedded_engine_keeps_jumps(tmp_path: Path) -> None:
    font = (ROOT / "dossier" / "data" / "fonts" / "DossierSong-Regular.ttf").read_bytes()
    assert _uris(rdocx.Document(str(_linked(tmp_path))).to_pdf(fonts=[("宋体", font)])) == EXPECTED_URIS


@pytest.mark.libreoffice
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_keeps_jumps(tmp_path: Path) -> None:
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(_linked(tmp_path))], check=True, capture_output=True, timeout=120)
    assert _uris((tmp_path / "linked.pdf").read_bytes()) == EXPECTED_URIS


def test_the_budget_is_that_of_one_document(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_STEPS", 100)
    for _ in range(3):
        fill("{% for i in range(90) %}x{% endfor %}")
    with pytest.raises(TemplateError, match="more than 100 times"):
        fill("{% for i in range(60) %}x{% endfor %}", "{% for i in range(60) %}x{% endfor %}")
