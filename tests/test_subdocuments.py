"""Another Word file's paragraphs come with the styles, lists and pictures they use, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import MakePhoto
from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt

from dossier import templates
from dossier.errors import TemplateError
from dossier.files import Files

Fill = Callable[..., Any]


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """Fill a template of the given paragraphs, which may put in files of the folder ``set``."""
    (tmp_path / "set").mkdir()

    def run(*paragraphs: str, document: Any = None, **context: object) -> Any:
        document = document or Document()
        for text in paragraphs:
            document.add_paragraph(text)
        path, out = tmp_path / "set" / "main.docx", tmp_path / "out.docx"
        document.save(str(path))
        templates.fill(path, context, out, where="main.docx", files=Files((tmp_path / "set",)))
        return Document(str(out))

    return run


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., None]:
    def run(name: str, document: Any = None, *paragraphs: str) -> None:
        document = document or Document()
        for text in paragraphs:
            document.add_paragraph(text)
        document.save(str(tmp_path / "set" / name))

    return run


def texts(document: Any) -> list[str]:
    return [paragraph.text for paragraph in document.paragraphs]


def test_paragraphs_and_tables_stand_where_the_tag_was(fill: Fill, save: Callable[..., None]) -> None:
    document = Document()
    document.add_table(1, 2).cell(0, 1).text = "cell {{ x }}"
    save("sub.docx", document, "one {{ x }}")
    filled = fill("before", "{{p subdoc('sub.docx') }}", "after", x="<&>")
    assert texts(filled) == ["before", "one <&>", "after"]
    assert filled.tables[0].cell(0, 1).text == "cell <&>"
    assert len(filled.element.findall(f".//{qn('w:sectPr')}")) == 1


def test_in_a_cell_it_ends_with_a_paragraph(fill: Fill, save: Callable[..., None]) -> None:
    document = Document()
    document.add_table(1, 1).cell(0, 0).text = "inner"
    save("sub.docx", document)
    outer = Document()
    outer.add_table(1, 1).cell(0, 0).text = "{{p subdoc('sub.docx') }}"
    cell = fill(document=outer).tables[0].cell(0, 0)
    assert cell.tables[0].cell(0, 0).text == "inner"
    assert cell._tc[-1].tag == qn("w:p")


def test_in_the_middle_of_a_paragraph_it_is_refused(fill: Fill, save: Callable[..., None]) -> None:
    save("sub.docx", None, "x")
    with pytest.raises(TemplateError, match=r"main\.docx: sub\.docx stands in the middle.*\{\{p subdoc"):
        fill("a {{ subdoc('sub.docx') }} b")


def test_a_style_of_the_same_name_is_that_of_the_receiving_file(fill: Fill, save: Callable[..., None]) -> None:
    theirs, ours = Document(), Document()
    theirs.styles["Heading 1"].font.size, ours.styles["Heading 1"].font.size = Pt(40), Pt(11)
    theirs.add_heading("head", 1)
    save("sub.docx", theirs)
    filled = fill("{{p subdoc('sub.docx') }}", document=ours)
    assert filled.paragraphs[0].style.name == "Heading 1"
    assert filled.paragraphs[0].style.font.size == Pt(11)


def test_a_style_that_is_not_there_is_taken_along_with_what_it_is_based_on(
    fill: Fill, save: Callable[..., None]
) -> None:
    theirs = Document()
    base = theirs.styles.add_style("Base", WD_STYLE_TYPE.PARAGRAPH)
    base.font.size = Pt(17)
    own = theirs.styles.add_style("Own", WD_STYLE_TYPE.PARAGRAPH)
    own.base_style, own.font.bold = base, True
    theirs.add_paragraph("x", style="Own")
    save("sub.docx", theirs)
    style = fill("{{p subdoc('sub.docx') }}").paragraphs[0].style
    assert (style.name, style.font.bold, style.base_style.name, style.base_style.font.size) == (
        "Own", True, "Base", Pt(17),
    )  # fmt: skip


def test_an_id_that_means_another_style_is_not_mixed_up(fill: Fill, save: Callable[..., None]) -> None:
    theirs, ours = Document(), Document()
    for document, name in ((theirs, "Theirs"), (ours, "Ours")):
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).element.set(qn("w:styleId"), "a1")
    theirs.add_paragraph("x", style="Theirs")
    save("sub.docx", theirs)
    ours.add_paragraph("y", style="Ours")
    filled = fill("{{p subdoc('sub.docx') }}", document=ours)
    assert {paragraph.text: paragraph.style.name for paragraph in filled.paragraphs} == {"y": "Ours", "x": "Theirs"}


def a_list(document: Any) -> None:
    """Add two paragraphs of a list that is numbered by itself, not by a style."""
    numbering = document.part.numbering_part.element
    for text in ("first", "second"):
        paragraph = document.add_paragraph(text)
        number = numbering.num_lst[0].numId
        paragraph._p.get_or_add_pPr().append(
            parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>')
        )


def test_a_list_counts_for_itself(fill: Fill, save: Callable[..., None]) -> None:
    theirs, ours = Document(), Document()
    a_list(theirs)
    save("sub.docx", theirs)
    a_list(ours)
    filled = fill("{{p subdoc('sub.docx') }}", "{{p subdoc('sub.docx') }}", document=ours)
    used = [paragraph._p.pPr.numPr.numId.val for paragraph in filled.paragraphs]
    assert len({*used[0:2]}) == len({*used[2:4]}) == len({*used[4:6]}) == 1
    assert len(set(used)) == 3
    numbering = filled.part.numbering_part.element
    defined = {num.numId: num.abstractNumId.val for num in numbering.num_lst}
    shapes = [shape.get(qn("w:abstractNumId")) for shape in numbering.findall(qn("w:abstractNum"))]
    assert len(shapes) == len(set(shapes))
    assert all(str(defined[id]) in shapes for id in used)
    tags = [child.tag for child in numbering if child.tag in (qn("w:abstractNum"), qn("w:num"))]
    assert tags == sorted(tags)  # all shapes stand before all lists, as Word wants it


def test_pictures_and_links_are_taken_along(fill: Fill, save: Callable[..., None], make_photo: MakePhoto) -> None:
    theirs = Document()
    photo = make_photo("a.png")
    theirs.add_picture(str(photo), width=Mm(20))
    id = theirs.part.relate_to("https://example.org/", f"{qn('r:x')[1:-2]}/hyperlink", is_external=True)
    link = f'<w:hyperlink {nsdecls("w", "r")} r:id="{id}"><w:r><w:t>go</w:t></w:r></w:hyperlink>'
    theirs.add_paragraph()._p.append(parse_xml(link))
    save("sub.docx", theirs)
    filled = fill("{{p subdoc('sub.docx') }}")
    [blip] = filled.element.iter(qn("a:blip"))
    assert filled.part.related_parts[blip.get(qn("r:embed"))].blob == photo.read_bytes()
    assert filled.paragraphs[1].hyperlinks[0].address == "https://example.org/"


def test_jumps_in_it_work(fill: Fill, save: Callable[..., None]) -> None:
    save("sub.docx", None, "see {{ link('57', '1-1') }}")
    assert fill("{{p subdoc('sub.docx') }}").paragraphs[0].hyperlinks[0].address == "dossier:1-1"


def _footnote(document: Any) -> None:
    reference = f'<w:r {nsdecls("w")}><w:footnoteReference w:id="2"/></w:r>'
    document.add_paragraph("x")._p.append(parse_xml(reference))


def _chart(document: Any) -> None:
    id = document.part.relate_to(document.part.numbering_part, f"{qn('r:x')[1:-2]}/chart")
    xml = f'<w:r {nsdecls("w")}><w:drawing><c:chart xmlns:c="c" {nsdecls("r")} r:id="{id}"/></w:drawing></w:r>'
    document.add_paragraph("x")._p.append(parse_xml(xml))


def _object(document: Any) -> None:
    document.add_paragraph("x").add_run()._r.append(OxmlElement("w:object"))


def _linked_picture(document: Any) -> None:
    id = document.part.relate_to("file:///etc/passwd", f"{qn('r:x')[1:-2]}/image", is_external=True)
    xml = f'<w:r {nsdecls("w")}><w:drawing><a:blip {nsdecls("a", "r")} r:link="{id}"/></w:drawing></w:r>'
    document.add_paragraph("x")._p.append(parse_xml(xml))


@pytest.mark.parametrize(
    ("spoil", "called"),
    [
        (_footnote, "footnotes"),
        (_chart, "a chart"),
        (_object, "an embedded object"),
        (_linked_picture, "linked picture"),
    ],
)
def test_what_cannot_be_taken_along_is_refused_by_name(
    fill: Fill, save: Callable[..., None], spoil: Callable[[Any], None], called: str
) -> None:
    theirs = Document()
    spoil(theirs)
    save("sub.docx", theirs)
    with pytest.raises(TemplateError, match=rf"sub\.docx holds .*{called}"):
        fill("{{p subdoc('sub.docx') }}")


# --- strangers -----------------------------------------------------------------------------------------------------


def test_a_document_that_is_put_into_itself_is_refused(fill: Fill) -> None:
    with pytest.raises(TemplateError, match=r"in a ring: main\.docx → main\.docx"):
        fill("{{p subdoc('main.docx') }}")


def test_documents_that_are_put_into_each_other_are_refused(fill: Fill, save: Callable[..., None]) -> None:
    save("a.docx", None, "{{p subdoc('b.docx') }}")
    save("b.docx", None, "{{p subdoc('a.docx') }}")
    with pytest.raises(TemplateError, match=r"ring: a\.docx → b\.docx → a\.docx"):
        fill("{{p subdoc('a.docx') }}")


def test_a_long_chain_of_documents_is_refused(fill: Fill, save: Callable[..., None]) -> None:
    for number in range(9):
        save(f"{number}.docx", None, f"{number}", f"{{{{p subdoc('{number + 1}.docx') }}}}")
    save("9.docx", None, "9")
    with pytest.raises(TemplateError, match="more than 5 deep"):
        fill("{{p subdoc('0.docx') }}")
    assert texts(fill("{{p subdoc('6.docx') }}")) == ["6", "7", "8", "9"]


def test_documents_that_multiply_are_stopped(fill: Fill, save: Callable[..., None]) -> None:
    twenty = "{%p for i in range(20) %}", "{{p subdoc(next) }}", "{%p endfor %}"
    for number, following in (("1", "2"), ("2", "3"), ("3", "4")):
        save(f"{number}.docx", None, *(text.replace("next", f"'{following}.docx'") for text in twenty))
    save("4.docx", None, "x")
    with pytest.raises(TemplateError, match="more than"):
        fill(*(text.replace("next", "'1.docx'") for text in twenty))


@pytest.mark.parametrize("name", ["../out.docx", "/etc/passwd", "none.docx"])
def test_a_document_from_elsewhere_is_refused(fill: Fill, name: str) -> None:
    with pytest.raises(TemplateError, match=r"main\.docx"):
        fill(f"{{{{p subdoc('{name}') }}}}")


def test_a_mistake_in_it_is_named_with_both_files(fill: Fill, save: Callable[..., None]) -> None:
    save("sub.docx", None, "Of {{ titel }}")
    with pytest.raises(TemplateError, match=r"main\.docx: sub\.docx: there is no name 'titel'.*in “Of"):
        fill("{{p subdoc('sub.docx') }}")


def test_what_is_no_word_file_is_refused(fill: Fill, tmp_path: Path) -> None:
    (tmp_path / "set" / "sub.docx").write_bytes(b"no")
    with pytest.raises(TemplateError, match=r"sub\.docx"):
        fill("{{p subdoc('sub.docx') }}")
