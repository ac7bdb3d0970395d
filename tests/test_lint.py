"""Every mistake that a template may have is found without building, with its place, its words and a remedy."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from word_xml import BOX, add_part, deleted, inserted, paragraph, relation, row, run, table, word

from dossier import fonts, template_sets, templates
from dossier.authoring import lint
from dossier.authoring.lint import Finding
from dossier.errors import OutputError, Severity, TemplateError, UsageError

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
NOT_DRAWN = "the embedded engine does not draw all of it"
GRAPHIC = '<w:r><w:drawing><a:graphic><a:graphicData uri="http://x/2006/{}"/></a:graphic></w:drawing></w:r>'
FIELD = (
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> {}</w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
)
LOOP = ("{%tr for row in index %}", "{%tr endfor %}")


def found(path: Path, *, fonts_too: bool = False) -> list[Finding]:
    """Check a file; fonts differ from machine to machine, and are left out."""
    return [one for one in lint.check(str(path)).findings if fonts_too or one.code != "missing-font"]


def only(path: Path) -> Finding:
    [finding] = found(path)
    return finding


@dataclass(frozen=True)
class Mistake:
    """A file with one mistake in it, and all that is said of it."""

    blocks: tuple[Any, ...]
    code: str
    place: str
    text: str
    message: str
    fix: str
    severity: Severity = "error"


def loop(*rows: str) -> Any:
    return table(row(run(LOOP[0])), *rows, row(run(LOOP[1])))


MISTAKES = {
    # --- names
    "a misspelt name": Mistake(
        ("关于{{ dosier.title }}",), "unknown-name", "body (正文)", "关于{{ dosier.title }}",
        "there is no name 'dosier'", "did you mean 'dossier'?",
    ),
    "a misspelt column": Mistake(
        (loop(row(run("{{ row.titel }}"))),), "unknown-name", "body (正文), table 1 row 2 (表格)", "{{ row.titel }}",
        "there is no 'titel' in `row`", "did you mean 'title'?",
    ),
    "a name of another template": Mistake(
        ("{{ item.title }}",), "not-here", "body (正文)", "{{ item.title }}",
        "`item` is there only in divider.docx and evidence that is a template",
        "use it in divider.docx and evidence that is a template, or another name here",
    ),
    "a column outside its loop": Mistake(
        (loop(row(run("x"))), "{{ row.title }}"), "unknown-name", "body (正文)", "{{ row.title }}",
        "`row` is known only inside the loop over index",
        "move the tag into that loop, between its `for` and its `endfor`",
    ),
    "a misspelt form": Mistake(
        ("{{ today|dat }}",), "tag-syntax", "body (正文)", "{{ today|dat }}",
        "there is no form 'dat'", "did you mean 'date'?",
    ),
    "a function of another name": Mistake(
        ('{{ cit("1-1") }}',), "unknown-name", "body (正文)", '{{ cit("1-1") }}',
        "there is no name 'cit'", "did you mean 'cite'?",
    ),
    "a list that is shown": Mistake(
        ("{{ units }}",), "not-text", "body (正文)", "{{ units }}",
        "`units` is a list and cannot be shown as it is",
        "loop over it with {% for … in units %}, or show units|length",
    ),
    "single brackets": Mistake(
        ("{dossier.title}",), "tag-braces", "body (正文)", "{dossier.title}",
        "{dossier.title} has single brackets, and is printed as it stands", "write {{dossier.title}}", "warning",
    ),
    # --- what Word and input methods do to tags
    "a tag cut by a tracked change": Mistake(
        (paragraph(run("{{ dossier."), inserted(run("title }}"))),), "tag-split", "body (正文)", "{{ dossier.title }}",
        "{{ dossier.title }} is cut in pieces by a tracked change (修订), and cannot be put together",
        "accept the change, or delete the tag and type it anew",
    ),
    "a tag cut by a link": Mistake(
        (paragraph(run("{{ dossier."), f'<w:hyperlink w:anchor="a">{run("title }}")}</w:hyperlink>'),),
        "tag-split", "body (正文)", "{{ dossier.title }}",
        "{{ dossier.title }} is cut in pieces by a link (超链接), and cannot be put together", "type the tag anew",
    ),
    "a tag cut by a control": Mistake(
        (paragraph(run("{{ dossier."), f"<w:sdt><w:sdtContent>{run('title }}')}</w:sdtContent></w:sdt>"),),
        "tag-split", "body (正文)", "{{ dossier.title }}",
        "{{ dossier.title }} is cut in pieces by a content control (内容控件), and cannot be put together",
        "delete the tag and type it anew, outside the field or control",
    ),
    "a tag struck out": Mistake(
        (paragraph(run("甲"), deleted("{{ dossier.title }}")),), "tag-deleted", "body (正文)", "甲",
        "“{{ dossier.title }}” is struck out by a tracked change (修订), and is read all the same",
        "accept the change",
    ),
    "smart quotes": Mistake(
        ("{{ today|date(“YYYY年”) }}",), "tag-quotes", "body (正文)", "{{ today|date(“YYYY年”) }}",
        "{{ today|date(“YYYY年”) }} holds curly quotes", 'write {{ today|date("YYYY年") }}', "info",
    ),
    "full-width brackets": Mistake(
        ("｛｛ dossier.title ｝｝",), "tag-fullwidth", "body (正文)", "｛｛ dossier.title ｝｝",
        "｛｛ dossier.title ｝｝ holds full-width characters, which tags do not know", "write {{ dossier.title }}",
    ),
    "a full-width per cent sign": Mistake(
        ("{％ if dossier.subtitle ％}甲{% endif %}",), "tag-fullwidth", "body (正文)",
        "{％ if dossier.subtitle ％}甲{% endif %}",
        "{％ if dossier.subtitle ％} holds full-width characters, which tags do not know",
        "write {% if dossier.subtitle %}",
    ),
    "a fixed space that does harm": Mistake(
        (loop(row(run("甲"))), table(row(run("{%tr\u00a0if today %}")), row(run("乙")), row(run("{%tr endif %}")))),
        "tag-spaces", "body (正文), table 2 row 1 (表格)", "{%tr if today %}",
        "{%tr if today %} holds a tab, line break or fixed space where a space belongs", "write {%tr if today %}",
    ),
    "a fixed space that does none": Mistake(
        ("{{\u00a0dossier.title }}",), "tag-spaces", "body (正文)", "{{ dossier.title }}",
        "{{ dossier.title }} holds a tab, line break or fixed space", "write {{ dossier.title }}", "info",
    ),
    "an invisible character": Mistake(
        ("{{ dossier.\u200btitle }}",), "tag-spaces", "body (正文)", "{{ dossier.\u200btitle }}",
        "{{ dossier.\u200btitle }} holds characters that cannot be seen", "write {{ dossier.title }}",
    ),
    "a dash": Mistake(
        ("{{ dossier.pages – 1 }}",), "tag-dash", "body (正文)", "{{ dossier.pages – 1 }}",
        "{{ dossier.pages – 1 }} holds a dash that Word made of a hyphen", "write {{ dossier.pages - 1 }}",
    ),
    "a space between brackets": Mistake(
        ("{ { dossier.title } }",), "tag-gap", "body (正文)", "{ { dossier.title } }",
        "{ { dossier.title } } has a space between its brackets, and is printed as it stands",
        "write {{ dossier.title }}",
    ),
    "a space before tr": Mistake(
        (table(row(run("{% tr for row in index %}")), row(run("甲")), row(run("{%tr endfor %}"))),),
        "tag-prefix", "body (正文), table 1 row 1 (表格)", "{% tr for row in index %}",
        "{% tr for row in index %} has a space before its tr, tc, p or r", "write {%tr for row in index %}",
    ),
    "two looks in a tag": Mistake(
        (paragraph(run("{{ dossier.", "<w:b/>"), run("title }}")),), "tag-look", "body (正文)", "{{ dossier.title }}",
        "{{ dossier.title }} has more than one look; its value gets that of the tag's first letter",
        "give the whole tag one look, brackets included", "info",
    ),
    "half a tag": Mistake(
        ("{{ dossier.title }",), "tag-unclosed", "body (正文)", "{{ dossier.title }",
        "the tag “{{ dossier.title }” is not closed in its paragraph",
        "write }} where it ends, in the same paragraph",
    ),
    "the other half": Mistake(
        ("dossier.title }}",), "tag-unopened", "body (正文)", "dossier.title }}",
        "“}}” ends a tag that never began, and is printed as it stands", "write {{ or {% where the tag begins",
    ),
    # --- loops and conditions
    "a loop without an end": Mistake(
        ("{%p for row in index %}", "{{ row.title }}"), "block-unclosed", "body (正文)", "{%p for row in index %}",
        "{%p for row in index %} has no {%p endfor %}", "put {%p endfor %} where it ends",
    ),
    "an end without a loop": Mistake(
        ("甲", "{%p endfor %}"), "block-unopened", "body (正文)", "{%p endfor %}",
        "{%p endfor %} ends what never began", "put {% for … %} before it, or delete it",
    ),
    "a loop of two kinds": Mistake(
        (table(row(run(LOOP[0])), row(run("{{ row.title }}{% endfor %}"))),), "block-crossing",
        "body (正文), table 1 row 2 (表格)", "{{ row.title }}{% endfor %}",
        "{%tr for row in index %} and {% endfor %} are not of the same kind",
        "write {%tr endfor %}, in a table row of its own",
    ),
    "a loop over two cells": Mistake(
        (table(row(run("{% for row in index %}{{ row.title }}"), run("{% endfor %}"))),), "block-crossing",
        "body (正文), table 1 row 1 (表格)", "{% endfor %}",
        "{% for row in index %} and {% endfor %} stand in different cells",
        "put each into a table row of its own as {%tr … %}, or each into a paragraph of its own as {%p … %}",
    ),
    "a row outside any table": Mistake(
        ("{%tr if dossier.subtitle %}", "甲", "{%tr endif %}"), "outside-table", "body (正文)",
        "{%tr if dossier.subtitle %}",
        "{%tr if dossier.subtitle %} stands outside any table", "write it in a table, or use {%p … %}",
    ),
    "two tags in a row": Mistake(
        (table(row(run(LOOP[0]), run("{{ row.title }}"), run(LOOP[1]))),), "two-in-one",
        "body (正文), table 1 row 1 (表格)", "{%tr endfor %}",
        "{%tr for row in index %} and {%tr endfor %} stand in the same table row, of which only one acts",
        "put each of them into a table row of its own, and between them what is to be repeated",
    ),
    "text beside a tag that vanishes": Mistake(
        (table(row(run(LOOP[0]), run("序号")), row(run("甲"), run("乙")), row(run(LOOP[1]), run(""))),), "text-lost",
        "body (正文), table 1 row 1 (表格)", "{%tr for row in index %}",
        "the table row vanishes with {%tr for row in index %}, and with it “序号”",
        "move that text into another table row", "warning",
    ),
    # --- what cannot be drawn
    "a character that no font has": Mistake(
        ("签收𪚥",), "missing-character", "body (正文)", "签收𪚥",
        "no font here has 𪚥 (U+2A6A5): a box is printed instead",
        "use another character, or install the font that the text asks for",
    ),
    "distributed text": Mistake(
        (paragraph('<w:pPr><w:jc w:val="distribute"/></w:pPr>', run("封面")),), "not-drawn", "body (正文)", "封面",
        f"{NOT_DRAWN}: text spread over the line (distributed alignment) is set flush left",
        "do it another way, or always build with --engine libreoffice", "warning",
    ),
    "an OLE object": Mistake(
        (paragraph(run("附表"), '<w:r><w:object><o:OLEObject Type="Embed" ProgID="Excel.Sheet"/></w:object></w:r>'),),
        "not-drawn", "body (正文)", "附表",
        f"{NOT_DRAWN}: embedded objects (OLE) are left out",
        "do it another way, or always build with --engine libreoffice", "warning",
    ),
    "WordArt": Mistake(
        (paragraph(BOX.format(run("艺术字"), '<a:prstTxWarp prst="textArchUp"><a:avLst/></a:prstTxWarp>')),),
        "not-drawn", "body (正文)", "",
        f"{NOT_DRAWN}: text bent into a shape (WordArt) is set straight",
        "do it another way, or always build with --engine libreoffice", "warning",
    ),
    "a chart": Mistake(
        (paragraph(run("图"), GRAPHIC.format("chart")),),
        "not-drawn", "body (正文)", "图",
        f"{NOT_DRAWN}: charts are left out",
        "do it another way, or always build with --engine libreoffice", "warning",
    ),
    "SmartArt": Mistake(
        (paragraph(run("图"), GRAPHIC.format("diagram")),),
        "not-drawn", "body (正文)", "图",
        f"{NOT_DRAWN}: diagrams (SmartArt) are left out",
        "do it another way, or always build with --engine libreoffice", "warning",
    ),
    "two lines in one": Mistake(
        (paragraph(run("联合发文", '<w:eastAsianLayout w:id="1" w:combine="1"/>')),), "not-drawn",
        "body (正文)", "联合发文",
        f"{NOT_DRAWN}: two lines written as one (双行合一) are set one after the other",
        "do it another way, or always build with --engine libreoffice", "warning",
    ),
    # --- what is not the book's
    "a page number of Word's": Mistake(
        (paragraph(run("第"), '<w:fldSimple w:instr=" PAGE ">' + run("1") + "</w:fldSimple>"),), "own-page-number",
        "body (正文)", "第1", "Word's own page number (PAGE) counts this document's pages, not the book's",
        "delete it: the book's numbers are stamped; show others with tags, such as page(…)", "warning",
    ),
    "a field that fetches": Mistake(
        (paragraph(run("图"), FIELD.format('INCLUDE</w:instrText><w:instrText>PICTURE "http://x/y.png"')),),
        "external-content", "body (正文)", "图",
        "the field INCLUDEPICTURE asks for contents from outside, which are not fetched",
        "put the contents into the document (选中域后按 Ctrl+Shift+F9)",
    ),
    "tracked changes": Mistake(
        (paragraph(run("甲"), inserted(run("乙"))),), "tracked-changes", "body (正文)", "甲乙",
        "holds a tracked change (修订); LibreOffice prints them as such, struck out text too",
        "accept or reject all changes (审阅 → 接受所有修订)", "warning",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_a_remedy(name: str, tmp_path: Path) -> None:
    mistake = MISTAKES[name]
    findings = found(word(tmp_path / "index.docx", *mistake.blocks))
    if mistake.code in ("tag-split", "tag-deleted"):
        findings = [one for one in findings if one.code not in ("tracked-changes", "tag-tracked")]
    assert findings[0] == Finding(
        "index.docx", mistake.place, mistake.text, mistake.code, mistake.message, mistake.fix, mistake.severity
    )
    others = {one.code for one in findings[1:]}
    assert not others.difference({"outside-table"} if mistake.code == "outside-table" else ())


@pytest.mark.parametrize("name", [name for name, one in MISTAKES.items() if one.severity == "error"])
def test_an_error_makes_a_file_unsound(name: str, tmp_path: Path) -> None:
    assert not lint.check(str(word(tmp_path / "index.docx", *MISTAKES[name].blocks))).sound


@pytest.mark.parametrize("name", [name for name, one in MISTAKES.items() if one.severity != "error"])
def test_what_is_no_error_leaves_a_file_sound(name: str, tmp_path: Path) -> None:
    assert lint.check(str(word(tmp_path / "index.docx", *MISTAKES[name].blocks))).sound


# --- places --------------------------------------------------------------------------------------------------------


def test_names_are_followed_in_every_place(tmp_path: Path) -> None:
    document = Document()
    document.sections[0].header.paragraphs[0].text = "{{ dosier.a }}"
    document.sections[0].footer.paragraphs[0].text = "{{ dosier.b }}"
    document.core_properties.title = "{{ dosier.c }}"
    box = paragraph(BOX.format(run("{{ dosier.d }}"), ""))
    path = word(tmp_path / "t.docx", box, document=document)
    note = f'<w:footnote w:id="1"><w:p>{run("{{ dosier.e }}")}</w:p></w:footnote>'
    add_part(path, "word/footnotes.xml", f'<w:footnotes xmlns:w="{W[1:-1]}">{note}</w:footnotes>')
    assert {(one.place, one.message) for one in found(path)} == {
        (place, "there is no name 'dosier'")
        for place in (
            "header (页眉)", "footer (页脚)", "title property (标题)", "body (正文), text box (文本框)",
            "footnote 1 (脚注)",
        )
    }  # fmt: skip


def test_a_tag_where_nothing_fills_it_is_found(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", "甲")
    add_part(path, "docProps/app.xml", "<Properties><Company>{{ dossier.organisation }}</Company></Properties>")
    finding = only(path)
    assert (finding.code, finding.severity, finding.place) == (
        "not-filled", "warning", "property of the organisation (单位、经理)",
    )  # fmt: skip
    assert finding.message == "{{ dossier.organisation }} stands where tags are not filled, and is printed as it stands"


def test_a_name_of_evidence_is_only_a_warning_where_the_file_may_be_evidence(tmp_path: Path) -> None:
    finding = only(word(tmp_path / "自评说明.docx", "{{ item.title }}"))
    assert (finding.code, finding.severity) == ("not-here", "warning")
    assert finding.fix.endswith("ignore this if the file is named as evidence with `template: true`")


def test_a_divider_has_its_item(tmp_path: Path) -> None:
    assert found(word(tmp_path / "divider.docx", "{{ item.title }}", "{%p for row in item.evidence %}", "{{ row.id }}",
                      "{%p endfor %}")) == []  # fmt: skip


def test_every_finding_of_a_paragraph_is_made_once(tmp_path: Path) -> None:
    assert len(found(word(tmp_path / "t.docx", "{{ dosier.title }}{{ dosier.title }}"))) == 1


# --- the package ---------------------------------------------------------------------------------------------------


def test_macros_are_found(tmp_path: Path) -> None:
    finding = only(add_part(word(tmp_path / "t.docx", "甲"), "word/vbaProject.bin", b"\xd0\xcf\x11\xe0"))
    assert (finding.code, finding.severity) == ("macros", "warning")
    assert finding.message == "holds macros, which are never run"


@pytest.mark.parametrize(
    ("kind", "target", "message", "severity"),
    [
        ("image", "http://example.org/logo.png", "holds a linked picture, which is not fetched: ", "error"),
        ("oleObject", "file:///C:/a.xlsx", "holds a linked object, which is not fetched: ", "error"),
        ("customXml", "http://example.org/x", "holds a linked customXml, which is not fetched: ", "warning"),
        (
            "attachedTemplate",
            "file:///C:/a.dotm",
            "is attached to a Word template elsewhere, which is not read: ",
            "info",
        ),
    ],
)
def test_what_would_be_fetched_is_found(kind: str, target: str, message: str, severity: str, tmp_path: Path) -> None:
    finding = only(add_part(word(tmp_path / "t.docx", "甲"), "", "", rels=relation(kind, target)))
    assert (finding.code, finding.message, finding.severity) == ("external-content", message + target, severity)
    assert finding.place == ("" if kind == "attachedTemplate" else "body (正文)")


@pytest.mark.parametrize(
    ("target", "message", "severity"),
    [
        ("https://example.org/", "a link leads out of the book: https://example.org/", "info"),
        ("file:///C:/a.xlsx", "a link leads to a file that readers do not have: file:///C:/a.xlsx", "warning"),
        (r"\\\\server\\a.docx", r"a link leads to a file that readers do not have: \\\\server\\a.docx", "warning"),
    ],
)
def test_a_link_out_of_the_book_is_found(target: str, message: str, severity: str, tmp_path: Path) -> None:
    link = f'<w:hyperlink r:id="rIdX">{run("这里")}</w:hyperlink>'
    path = word(tmp_path / "t.docx", paragraph(run("见"), link))
    finding = only(add_part(path, "", "", rels=relation("hyperlink", target)))
    assert (finding.code, finding.message, finding.severity) == ("external-link", message, severity)
    assert (finding.place, finding.text) == ("body (正文)", "见这里")


def test_a_link_within_the_book_is_no_mistake(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", paragraph(f'<w:hyperlink r:id="rIdX">{run("这里")}</w:hyperlink>'))
    assert found(add_part(path, "", "", rels=relation("hyperlink", "dossier:1-1"))) == []


def test_a_document_type_is_refused(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", "甲")
    with zipfile.ZipFile(path) as package:
        body = package.read("word/document.xml").decode()
    hostile = body.replace("<w:document", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><w:document', 1)
    finding = only(add_part(path, "word/document.xml", hostile))
    assert (finding.code, finding.severity) == ("hostile-source", "error")
    assert "declares a DTD" in finding.message


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 half of it", b"{\\rtf1 }"])
def test_a_file_that_is_no_word_file_is_one_finding(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cover.docx"
    path.write_bytes(data)
    finding = only(path)
    assert (finding.file, finding.code, finding.severity) == ("cover.docx", "damaged-source", "error")


def test_another_package_is_no_word_file(tmp_path: Path) -> None:
    path = tmp_path / "cover.docx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("x.xml", "<x/>")
    assert only(path).message == "is not a Word document (.docx)"


# --- styles and fonts ----------------------------------------------------------------------------------------------


def without_hyperlink_style(path: Path, *blocks: Any) -> Path:
    document = Document()
    for style in document.styles.element.findall(qn("w:style")):
        if style.find(qn("w:name")).get(qn("w:val")).lower() == "hyperlink":
            style.getparent().remove(style)
    return word(path, *blocks, document=document)


def test_a_link_without_its_style_is_found_and_mended(tmp_path: Path) -> None:
    path = without_hyperlink_style(tmp_path / "t.docx", '{{ link(page("1"), "1") }}')
    finding = only(path)
    assert (finding.code, finding.severity, finding.text) == (
        "hyperlink-style", "warning", '{{ link(page("1"), "1") }}',
    )  # fmt: skip
    assert finding.message == "link() is used, and the file has no style Hyperlink: a build adds a plain one"
    assert lint.check(str(path), mend=True).findings[0].mended
    assert found(path) == []


def test_a_file_without_links_needs_no_style_for_them(tmp_path: Path) -> None:
    assert found(without_hyperlink_style(tmp_path / "t.docx", "{{ dossier.title }}")) == []


@pytest.mark.parametrize(("font", "severity"), [("楷体_GB2312", "info"), ("华康雅宋体", "warning")])
def test_a_font_that_is_not_here_is_named_with_what_stands_in(
    font: str, severity: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_first_installed", lambda names: None)
    look = f'<w:rFonts w:eastAsia="{font}"/>'
    path = word(tmp_path / "t.docx", paragraph(run("{{ dossier.title }}", look)))
    [finding] = [one for one in found(path, fonts_too=True) if font in one.message]
    assert (
        finding.message
        == f"the font {font} is not here: the embedded engine draws Dossier Song, LibreOffice Dossier Song"
    )
    assert (finding.code, finding.severity) == ("missing-font", severity)


def test_a_font_that_is_here_is_not_spoken_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fonts.Face("楷体_GB2312", fonts.SONG.path, 0, shipped=False)
    monkeypatch.setattr(fonts, "_first_installed", lambda names: real if "楷体_GB2312" in names else None)
    path = word(tmp_path / "t.docx", paragraph(run("甲", '<w:rFonts w:eastAsia="楷体_GB2312"/>')))
    assert [one for one in found(path, fonts_too=True) if "楷体" in one.message] == []


# --- mending -------------------------------------------------------------------------------------------------------


def test_mending_keeps_the_file_as_it_was(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", "｛｛ dossier.title ｝｝")
    before = path.read_bytes()
    report = lint.check(str(path), mend=True)
    [finding] = [one for one in report.findings if one.code == "tag-fullwidth"]
    assert finding.mended
    assert report.sound
    assert report.backups == (str(tmp_path / "t.docx.bak"),)
    assert (tmp_path / "t.docx.bak").read_bytes() == before
    assert Document(str(path)).paragraphs[-1].text == "{{ dossier.title }}"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["t.docx", "t.docx.bak"]


def test_a_tracked_change_around_one_end_of_a_condition_is_an_error_and_is_mended(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", paragraph(run("{% if dossier.subtitle %}甲"), inserted(run("{% endif %}"))))
    [error] = [one for one in found(path) if one.severity == "error"]
    assert (error.code, error.message, error.fix) == (
        "block-tracked",
        "{% if dossier.subtitle %} and {% endif %} are parted by a tracked change (修订) around one of them",
        "accept the change",
    )
    assert lint.check(str(path), mend=True).sound
    assert [one for one in found(path) if one.severity == "error"] == []


def test_a_link_around_one_end_of_a_condition_is_left_to_the_author(tmp_path: Path) -> None:
    link = f'<w:hyperlink w:anchor="a">{run("{% endif %}")}</w:hyperlink>'
    path = word(tmp_path / "t.docx", paragraph(run("{% if dossier.subtitle %}甲"), link))
    report = lint.check(str(path), mend=True)
    [error] = [one for one in report.findings if one.severity == "error"]
    assert error.message == (
        "{% if dossier.subtitle %} and {% endif %} are parted by a link (超链接) around one of them"
    )
    assert not report.sound


def test_an_earlier_backup_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "t.docx.bak").write_text("earlier")
    report = lint.check(str(word(tmp_path / "t.docx", "｛｛ today ｝｝")), mend=True)
    assert report.backups == (str(tmp_path / "t.docx.bak1"),)
    assert (tmp_path / "t.docx.bak").read_text() == "earlier"


def test_what_cannot_be_mended_is_still_an_error(tmp_path: Path) -> None:
    report = lint.check(str(word(tmp_path / "t.docx", "｛｛ dosier.title ｝｝")), mend=True)
    assert [(one.code, one.mended) for one in report.findings if one.severity == "error"] == [
        ("tag-fullwidth", True), ("unknown-name", False),
    ]  # fmt: skip
    assert not report.sound


def test_a_sound_file_is_not_touched(tmp_path: Path) -> None:
    path = word(tmp_path / "t.docx", "{{ dossier.title }}")
    before = path.stat()
    assert lint.check(str(path), mend=True).backups == ()
    assert path.stat() == before
    assert [one.name for one in tmp_path.iterdir()] == ["t.docx"]


@pytest.mark.parametrize("lock", ["~$cover.docx", "~$ver.docx"])
def test_a_file_that_is_open_in_word_is_not_mended(lock: str, tmp_path: Path) -> None:
    path = word(tmp_path / "cover.docx", "｛｛ today ｝｝")
    (tmp_path / lock).write_bytes(b"")
    with pytest.raises(OutputError, match="open in Word"):
        lint.check(str(path), mend=True)
    assert Document(str(path)).paragraphs[-1].text == "｛｛ today ｝｝"


# --- sets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", template_sets.available())
def test_the_shipped_sets_are_sound(name: str) -> None:
    report = lint.check(name)
    assert report.files
    assert [one for one in report.findings if one.code != "missing-font"] == []


def test_all_files_of_a_folder_are_checked_and_the_how_to_is_not(tmp_path: Path) -> None:
    word(tmp_path / "mine" / "cover.docx", "{{ dosier.title }}")
    word(tmp_path / "mine" / "index.docx", "{{ dosier.title }}")
    word(tmp_path / "mine" / template_sets.HOW_TO, "{{ dosier.title }}")
    word(tmp_path / "mine" / "~$cover.docx", "{{ dosier.title }}")
    (tmp_path / "mine" / "set.yaml").write_text("extends: official")
    report = lint.check(str(tmp_path / "mine"))
    assert report.files == ("cover.docx", "index.docx")
    assert [one.file for one in report.findings if one.severity == "error"] == ["cover.docx", "index.docx"]


def test_a_set_without_what_every_book_needs_is_not_sound(tmp_path: Path) -> None:
    word(tmp_path / "mine" / "cover.docx", "{{ dossier.title }}")
    findings = [one for one in lint.check(str(tmp_path / "mine")).findings if one.code == "set-incomplete"]
    assert [one.message for one in findings] == [
        "the set has no divider.docx, which every book needs",
        "the set has no placeholder.docx, which every book needs",
    ]
    assert findings[0].fix.startswith("write `extends: official` in its set.yaml")


def test_a_file_in_another_format_is_said_not_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "set.yaml").write_text("extends: official")
    (tmp_path / "mine" / "cover.doc").write_bytes(b"x")
    [finding] = lint.check(str(tmp_path / "mine")).findings
    assert (finding.file, finding.code, finding.severity) == ("cover.doc", "not-read", "warning")


def test_mistakes_in_the_settings_are_findings(tmp_path: Path) -> None:
    word(tmp_path / "mine" / "cover.docx", "{{ dosier.title }}")
    (tmp_path / "mine" / "set.yaml").write_text("extends: official\nfont: {}\n")
    report = lint.check(str(tmp_path / "mine"))
    assert [(one.file, one.code) for one in report.findings if one.severity == "error"] == [
        ("set.yaml", "unknown-key"), ("cover.docx", "unknown-name"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["nowhere.docx", "nowhere", "no/where"])
def test_what_is_not_there_is_a_mistake_of_the_command_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"there is no Word file, folder or template set '{name}'"):
        lint.check(name)


def test_a_folder_without_templates_is_a_mistake_of_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no Word files"):
        lint.check(str(tmp_path))


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("{{ dossier.title + 1 }}", 'can only concatenate str (not "int") to str'),
        ('{{ qr("") }}', "a QR code of nothing"),
    ],
)
def test_what_only_filling_can_tell_is_told_by_filling_it_with_an_example(
    tag: str, message: str, tmp_path: Path
) -> None:
    finding = only(word(tmp_path / "cover.docx", tag))
    assert (finding.code, finding.severity) == ("filling", "error")
    assert message in finding.message
    assert f"in “{tag}”" in finding.message


@pytest.mark.parametrize("tag", ['{{ page("9-9-99") }}', '{{ cite("A") }}', '{{ label("x") }}'])
def test_an_id_that_only_a_dossier_can_know_is_no_mistake(tag: str, tmp_path: Path) -> None:
    assert found(word(tmp_path / "cover.docx", tag)) == []


def test_a_picture_that_is_not_here_may_be_the_manifests(tmp_path: Path) -> None:
    finding = only(word(tmp_path / "cover.docx", '{{ image("logo") }}'))
    assert (finding.code, finding.severity) == ("file-missing", "warning")
    assert "there is no file logo" in finding.message
    assert finding.fix.endswith("ignore this if the manifest's `images` or its sources have it")


def test_filling_has_the_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *, where: str) -> None:
        raise TemplateError(f"{where}: nobody thought of this", fix="write it otherwise")

    monkeypatch.setattr(templates, "prove", refuse)
    finding = only(word(tmp_path / "t.docx", "{{ dossier.title }}"))
    assert (finding.message, finding.fix) == ("nobody thought of this", "write it otherwise")
