"""Links, looks, pictures and joined cells come out as Word writes them, wherever their tags stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import MakePhoto
from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_LINE_SPACING
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from dossier import marks, templates
from dossier.errors import TemplateError
from dossier.files import Files

Fill = Callable[..., Any]


@dataclass(frozen=True)
class Line:
    unit: str
    title: str = ""
    group: str = ""


@pytest.fixture
def fill(tmp_path: Path, make_photo: MakePhoto) -> Fill:
    """Fill a template of the given paragraphs, or a document, and return it opened by python-docx."""
    make_photo("set/logo.png", (200, 100))
    make_photo("sources/photo.jpg", (400, 300), orientation=6)

    def run(*paragraphs: str, document: Any = None, **context: object) -> Any:
        document = document or Document()
        for text in paragraphs:
            document.add_paragraph(text)
        path, out = tmp_path / "t.docx", tmp_path / "out.docx"
        document.save(str(path))
        files = Files((tmp_path / "set", tmp_path / "sources"), {"crest": "logo.png"})
        templates.fill(path, context, out, where="t.docx", files=files)
        return Document(str(out))

    return run


def text_of(document: Any) -> str:
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


def blips(element: Any) -> list[str]:
    return [blip.get(qn("r:embed")) for blip in element.iter(qn("a:blip"))]


# --- looks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("look", "child", "value"),
    [
        ("bold=true", "b", "1"),
        ("bold=false", "b", "0"),
        ("italic=true", "i", "1"),
        ("strike=true", "strike", "1"),
        ("underline=true", "u", "single"),
        ("underline=false", "u", "none"),
        ("colour='#c00000'", "color", "C00000"),
        ("color='00ff00'", "color", "00FF00"),
        ("size=10.5", "sz", "21"),
    ],
)
def test_a_look_is_that_which_is_asked_for(fill: Fill, look: str, child: str, value: str) -> None:
    run = fill(f"{{{{ rich('x', {look}) }}}}").paragraphs[0].runs[0]
    assert run._r.rPr.find(qn(f"w:{child}")).get(qn("w:val")) == value


def test_a_look_changes_nothing_else_of_its_tag(fill: Fill) -> None:
    document = Document()
    run = document.add_paragraph().add_run("a {{ rich('b', bold=true, font='黑体') }} c")
    run.italic, run.font.size = True, Pt(14)
    runs = fill(document=document).paragraphs[0].runs
    assert [run.text for run in runs] == ["a ", "b", " c"]
    assert [run.bold for run in runs] == [None, True, None]
    assert all(run.italic for run in runs)
    assert {run.font.size for run in runs} == {Pt(14)}
    assert runs[1]._r.rPr.rFonts.get(qn("w:eastAsia")) == "黑体"
    order = [child.tag for child in runs[1]._r.rPr]
    assert order == [qn(f"w:{name}") for name in ("rFonts", "b", "bCs", "i", "sz")]


def test_lines_and_tabs_stay_in_rich_text(fill: Fill) -> None:
    run = fill("{{ rich(x, bold=true) }}", x="one\ntwo\tthree").paragraphs[0].runs[0]
    assert [child.tag for child in run._r][1:] == [qn(f"w:{name}") for name in ("t", "br", "t", "tab", "t")]


def test_looks_can_be_mixed_nested_and_joined(fill: Fill) -> None:
    runs = fill(
        "{{ rich('a', bold=true) ~ x ~ rich(rich('b', bold=true), italic=true) }}", x="<&>"
    ).paragraphs[0].runs  # fmt: skip
    assert [(run.text, run.bold, run.italic) for run in runs] == [
        ("a", True, None), ("<&>", None, None), ("b", True, True),
    ]  # fmt: skip
    assert text_of(fill("{{ [rich('a', bold=true), '<']|join('、') }}")) == "a、<"


def test_a_tag_that_stands_for_its_run_may_have_a_look(fill: Fill) -> None:
    paragraph = fill("a {{r rich('b', bold=true) }} c").paragraphs[0]
    assert paragraph.text == "a b c"
    assert [run.text for run in paragraph.runs if run.bold] == ["b"]


def test_a_link_may_have_a_look(fill: Fill) -> None:
    paragraph = fill("{{ link(rich('57', bold=true), '1-1') }}").paragraphs[0]
    [link] = paragraph.hyperlinks
    assert (link.text, link.address, link.runs[0].bold) == ("57", "dossier:1-1", True)
    assert link.runs[0].style.name == "Hyperlink"


def test_a_look_in_a_property_is_plain_text(fill: Fill) -> None:
    document = Document()
    document.core_properties.title = "a {{ rich('b', bold=true) }} {{ image('logo.png') }}c"
    assert fill(document=document).core_properties.title == "a b c"


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("{{ rich('x', colour='red') }}", "colour='red' is no colour"),
        ("{{ rich('x', highlight='12') }}", "highlight='12' is no colour"),
        ("{{ rich('x', size=0) }}", None),
        ("{{ rich('x', size=1000) }}", "no size of type"),
        ("{{ rich('x', size='12') }}", "no size of type"),
        ("{{ rich('x', weight=3) }}", "weight"),
    ],
)
def test_a_wrong_look_is_named(fill: Fill, tag: str, message: str | None) -> None:
    if message is None:
        assert text_of(fill(tag)) == "x"
        return
    with pytest.raises(TemplateError, match=message):
        fill(tag)


def test_a_font_s_name_cannot_break_out(fill: Fill) -> None:
    run = fill("{{ rich('x', font=f) }}", f='"/><w:b/>').paragraphs[0].runs[0]
    assert run._r.rPr.rFonts.get(qn("w:ascii")) == '"/><w:b/>'
    assert run.bold is None


# --- pictures ------------------------------------------------------------------------------------------------------


def test_a_picture_is_shown_in_text_header_footer_and_cell(fill: Fill) -> None:
    document = Document()
    document.add_table(1, 1).cell(0, 0).text = "{{ image('photo.jpg', height='20mm') }}"
    document.sections[0].header.paragraphs[0].text = "{{ image('crest', width='10mm') }}"
    document.sections[0].footer.paragraphs[0].text = "{{ qr('x', width='12mm') }}"
    filled = fill("see {{ image('logo.png', width='30mm', alt='our <logo>') }}!", document=document)
    assert text_of(filled) == "see !"
    section = filled.sections[0]
    [shape] = [shape for shape in filled.inline_shapes if shape._inline.docPr.get("descr") == "our <logo>"]
    assert (shape.width, shape.height) == (Mm(30), Mm(15))
    for part, element in (
        (section.header.part, section.header._element),
        (section.footer.part, section.footer._element),
        (filled.part, filled.tables[0]._tbl),
    ):
        [id] = blips(element)
        assert part.related_parts[id].content_type.startswith("image/")
    extent = filled.tables[0]._tbl.find(f".//{qn('wp:extent')}")
    assert (int(extent.get("cx")), int(extent.get("cy"))) == (Mm(15), Mm(20))  # it stands upright: 3 by 4


@pytest.mark.parametrize("where", ["paragraph", "style", "base", "nowhere"])
def test_a_picture_is_not_cut_off_by_an_exact_line_height(fill: Fill, where: str) -> None:
    document = Document()
    base, own = document.styles["Normal"], document.styles.add_style("Own", WD_STYLE_TYPE.PARAGRAPH)
    own.base_style = base
    paragraph = document.add_paragraph("{{ image('logo.png') }}", style="Own")
    holder = {"paragraph": paragraph, "style": own, "base": base}.get(where)
    if holder is not None:
        holder.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
        holder.paragraph_format.line_spacing = Pt(20)
    form = fill("{{ dossier }}", document=document, dossier="text").paragraphs[0].paragraph_format
    if where == "nowhere":
        assert form.line_spacing_rule is None
    else:
        assert (form.line_spacing_rule, form.line_spacing) == (WD_LINE_SPACING.AT_LEAST, Pt(20))


def test_a_picture_shown_often_is_kept_once(fill: Fill) -> None:
    filled = fill("{% for i in range(50) %}{{ image('logo.png') }}{% endfor %}")
    ids = blips(filled.element)
    assert len(ids) == 50
    assert len(set(ids)) == 1
    numbers = [drawing.get("id") for drawing in filled.element.iter(qn("wp:docPr"))]
    assert len(set(numbers)) == 50


def test_no_name_shows_no_picture(fill: Fill) -> None:
    assert blips(fill("{{ image('') }}").element) == []


@pytest.mark.parametrize("name", ["../out.docx", "/etc/passwd", "http://example.org/a.png", "none.png", "t.docx"])
def test_a_picture_from_elsewhere_is_refused_with_its_paragraph(fill: Fill, name: str) -> None:
    with pytest.raises(TemplateError, match=r"t\.docx: .*in “Of "):
        fill(f"Of {{{{ image('{name}') }}}}")


def test_pictures_of_one_document_are_bounded(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MAX_PIXELS", 200 * 100 * 3)
    fill("{% for i in range(3) %}{{ image('logo.png') }}{% endfor %}")
    with pytest.raises(TemplateError, match="too many large pictures"):
        fill("{% for i in range(4) %}{{ image('logo.png') }}{% endfor %}")


def test_qr_codes_of_one_document_are_bounded(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MAX_QR", 30)
    fill("{% for i in range(3) %}{{ qr('0123456789') }}{% endfor %}")
    with pytest.raises(TemplateError, match="too many QR codes"):
        fill("{% for i in range(4) %}{{ qr('0123456789') }}{% endfor %}")


# --- cells that show the same --------------------------------------------------------------------------------------


def table(*cells: str) -> Any:
    document = Document()
    drawn = document.add_table(3, len(cells))
    drawn.cell(0, 0).text, drawn.cell(2, 0).text = "{%tr for row in rows %}", "{%tr endfor %}"
    for cell, text in zip(drawn.rows[1].cells, cells, strict=True):
        cell.text = text
    return document


def merges(document: Any, column: int = 0) -> list[tuple[str, str | None]]:
    """Return what each cell of a column holds of its own, and whether it starts or goes on a joined one."""
    found = []
    for row in document.tables[0]._tbl.tr_lst:
        cell = row.tc_lst[column]
        merge = cell.tcPr.find(qn("w:vMerge")) if cell.tcPr is not None else None
        text = "".join(t.text or "" for t in cell.iter(qn("w:t")))
        found.append((text, merge.get(qn("w:val")) if merge is not None else None))
    return found


def test_cells_that_show_the_same_become_one(fill: Fill) -> None:
    rows = [Line(unit, str(n)) for n, unit in enumerate("AABAA")]
    filled = fill(document=table("{{ merge(row.unit) }}", "{{ row.title }}"), rows=rows)
    assert merges(filled) == [
        ("A", "restart"), ("", "continue"), ("B", None), ("A", "restart"), ("", "continue"),
    ]  # fmt: skip
    assert [text for text, _ in merges(filled, 1)] == ["0", "1", "2", "3", "4"]
    assert filled.tables[0].cell(1, 0).text == "A"  # as Word sees it
    assert all(len(cell.findall(qn("w:p"))) == 1 for cell in filled.element.iter(qn("w:tc")))


def test_cells_are_joined_within_their_group_only(fill: Fill) -> None:
    rows = [Line("A", group=group) for group in "xxy"]
    filled = fill(document=table("{{ merge(row.unit, row.group) }}"), rows=rows)
    assert [merge for _, merge in merges(filled)] == ["restart", "continue", None]


def test_empty_cells_stay_alone(fill: Fill) -> None:
    filled = fill(document=table("{{ merge(row.unit) }}"), rows=[Line(""), Line("")])
    assert [merge for _, merge in merges(filled)] == [None, None]


def test_a_joined_cell_may_hold_a_link(fill: Fill) -> None:
    filled = fill(document=table("{{ merge(link(row.unit, row.unit)) }}"), rows=[Line("A"), Line("A")])
    assert merges(filled) == [("A", "restart"), ("", "continue")]
    assert filled.tables[0].cell(0, 0).paragraphs[0].hyperlinks[0].address == "dossier:A"


def test_outside_a_table_there_is_nothing_to_join(fill: Fill) -> None:
    assert text_of(fill("{{ merge('x') }}")) == "x"


# --- strangers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tag",
    [
        "{% set m = link('a', 'b') %}{{ m[:15] ~ 7 ~ m[16:] }}",
        "{% set m = link('a', 'b') %}{{ m[:15] ~ m[16:] }}",
        "{% set m = link('a', 'b') %}{{ rich(m[:15] ~ 7 ~ m[16:]) }}",
    ],
)
def test_a_mark_that_was_made_up_is_refused(fill: Fill, tag: str) -> None:
    with pytest.raises(TemplateError, match=r"t\.docx"):
        fill(tag)


def test_a_look_cannot_be_nested_without_end(fill: Fill) -> None:
    with pytest.raises(TemplateError):
        fill(
            "{% set n = namespace(x='aaaaaaaaaa') %}{% for i in range(60) %}"
            "{% set n.x = rich(n.x ~ n.x, bold=true) %}{% endfor %}"
        )
