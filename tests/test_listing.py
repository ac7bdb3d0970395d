"""The numbers of a Word document's lists are counted as Word counts them, and stand on the page where it puts them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from dossier.authoring import lint
from dossier.convert import embedded, libreoffice, listing
from dossier.convert.listing import number_in_words

# --- documents drawn by code ---------------------------------------------------------------------------------------


def level(place: int, form: str = "decimal", text: str | None = None, *, more: str = "", look: str = "") -> str:
    """Return a level of a list; ``more`` is what stands between its format and its text."""
    indent = f'<w:pPr><w:ind w:left="{480 * (place + 1)}" w:hanging="480"/></w:pPr>'
    return (
        f'<w:lvl w:ilvl="{place}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{f"%{place + 1}." if text is None else text}"/>{indent}{look}</w:lvl>'
    )


def definition(*levels: str, identity: int = 0, more: str = "") -> str:
    kind = '<w:multiLevelType w:val="multilevel"/>'
    return f'<w:abstractNum w:abstractNumId="{identity}">{kind}{more}{"".join(levels)}</w:abstractNum>'


def num(identity: int = 1, of: int = 0, changes: str = "") -> str:
    return f'<w:num w:numId="{identity}"><w:abstractNumId w:val="{of}"/>{changes}</w:num>'


def starting(place: int, value: int) -> str:
    return f'<w:lvlOverride w:ilvl="{place}"><w:startOverride w:val="{value}"/></w:lvlOverride>'


def listed(text: str, place: int = 0, of: int = 1, *, more: str = "", style: str = "") -> str:
    """Return a paragraph in a list; ``more`` follows in its properties."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    number = f'<w:numPr><w:ilvl w:val="{place}"/><w:numId w:val="{of}"/></w:numPr>'
    return f"<w:p><w:pPr>{named}{number}{more}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def styled(text: str, style: str, more: str = "") -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{more}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'


def style(name: str, properties: str, base: str = "Normal", kind: str = "paragraph") -> str:
    based = f'<w:basedOn w:val="{base}"/>' if base else ""
    return (
        f'<w:style w:type="{kind}" w:styleId="{name}"><w:name w:val="{name}"/>{based}'
        f"<w:pPr>{properties}</w:pPr></w:style>"
    )


def in_list(of: int = 1, place: int | None = None) -> str:
    deep = "" if place is None else f'<w:ilvl w:val="{place}"/>'
    return f'<w:numPr>{deep}<w:numId w:val="{of}"/></w:numPr>'


def restart(after: int) -> str:
    return f'<w:lvlRestart w:val="{after}"/>'


def depths(*places: int) -> str:
    return "".join(listed("文", place) for place in places)


@dataclass(frozen=True)
class Case:
    """A document, and the text of its lines as Word prints them."""

    lists: str
    body: str
    shown: tuple[str, ...]
    styles: str = ""


def inside(xml: str) -> list[Any]:
    return list(parse_xml(f"<w:x {nsdecls('w')}>{xml}</w:x>"))


def drawn(case: Case) -> Any:
    document = Document()
    for grid in document.element.body.findall(f".//{qn('w:docGrid')}"):
        grid.getparent().remove(grid)
    numbering = document.part.numbering_part.element
    for child in list(numbering):
        numbering.remove(child)
    numbering.extend(inside(case.lists))
    document.styles.element.extend(inside(case.styles))
    for element in inside(case.body):
        document.element.body.insert(len(document.element.body) - 1, element)
    return document


def saved(document: Any, path: Path) -> Path:
    document.save(str(path))
    return path


def lines(path: Path) -> list[str]:
    """Return the lines of a PDF, without spaces: where two glyphs stand far apart, one may be found, or a new line."""
    with pypdfium2.PdfDocument(path) as opened:
        text = "".join(page.get_textpage().get_text_range() for page in opened)
    return ["".join(text.split())]


def printed(document: Any, folder: Path) -> list[str]:
    """Return what the embedded engine prints; it must have nothing to say."""
    source = saved(document, folder / "文件.docx")
    assert embedded.convert(source, source.with_suffix(".pdf")) == ()
    return lines(source.with_suffix(".pdf"))


CHINESE = definition(
    level(0, "chineseCounting", "%1、"),
    level(1, "chineseCountingThousand", "（%2）"),
    level(2, "decimal", "%3．"),
    level(3, "decimalEnclosedCircle", "%4"),
)
LINK = '<w:abstractNum w:abstractNumId="1"><w:numStyleLink w:val="L"/></w:abstractNum>'
TABLE = (
    '<w:tbl><w:tblPr/><w:tblGrid><w:gridCol w:w="3000"/><w:gridCol w:w="3000"/></w:tblGrid><w:tr><w:tc><w:tcPr/>'
    f"{listed('左')}</w:tc><w:tc><w:tcPr/>{listed('右')}</w:tc></w:tr></w:tbl>"
)
HIDDEN = "<w:rPr><w:vanish/></w:rPr>"
ZEROS = (
    '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice '
    'Requires="w14"><w:numFmt w:val="custom" w:format="001, 002, 003, ..."/></mc:Choice><mc:Fallback><w:numFmt '
    'w:val="decimalZero"/></mc:Fallback></mc:AlternateContent>'
)

BOTH = {
    "four depths of a Chinese paper": Case(
        CHINESE + num(), depths(0, 1, 2, 2, 3, 3, 1, 2, 0, 1, 2),
        ("一、文", "（一）文", "1．文", "2．文", "①文", "②文", "（二）文", "1．文", "二、文", "（一）文", "1．文"),
    ),
    "articles, past ten and a hundred": Case(
        definition(level(0, "chineseCountingThousand", "第%1条"))
        + num(1, 0, starting(0, 9)) + num(2, 0, starting(0, 99)),
        "".join(listed("文") for _ in range(4)) + "".join(listed("文", of=2) for _ in range(3)),
        ("第九条文", "第十条文", "第十一条文", "第十二条文", "第九十九条文", "第一百条文", "第一百零一条文"),
    ),
    "numbers of several levels": Case(
        definition(level(0, "chineseCounting", "第%1章"), level(1, text="%1.%2"), level(2, text="%1.%2.%3")) + num(),
        depths(0, 1, 2, 2, 0, 1, 2),
        ("第一章文", "一.1文", "一.1.1文", "一.1.2文", "第二章文", "二.1文", "二.1.1文"),
    ),
    "stems": Case(
        definition(level(0, "ideographTraditional", "%1、", more='<w:suff w:val="nothing"/>')) + num(), depths(0, 0),
        ("甲、文", "乙、文"),
    ),
    "branches, and a space after": Case(
        definition(level(0, "ideographZodiac", "%1", more='<w:suff w:val="space"/>')) + num(), depths(0, 0),
        ("子文", "丑文"),
    ),
    "numerals of accounts": Case(
        definition(level(0, "chineseLegalSimplified", "%1、")) + num(1, 0, starting(0, 19)), depths(0, 0),
        ("壹拾玖、文", "贰拾、文"),
    ),
    "a list that starts anew": Case(
        CHINESE + num() + num(2, 0, starting(0, 1)),
        depths(0, 0) + listed("新", of=2) + listed("新", of=2) + listed("旧"),
        ("一、文", "二、文", "一、新", "二、新", "三、旧"),
    ),
    "two lists of one definition": Case(
        CHINESE + num() + num(2), depths(0) + listed("另", of=2) + listed("三"), ("一、文", "二、另", "三、三"),
    ),
    "another start": Case(
        definition(level(0, "chineseCounting", "%1、").replace('start w:val="1"', 'start w:val="5"')) + num(),
        depths(0, 0), ("五、文", "六、文"),
    ),
    "a level of the list's own": Case(
        CHINESE + num()
        + num(2, 0, f'<w:lvlOverride w:ilvl="0">{level(0, "ideographTraditional", "%1)")}</w:lvlOverride>'),
        depths(0) + listed("另", of=2) + listed("三"), ("一、文", "乙)另", "三、三"),
    ),
    "a list by a style": Case(
        CHINESE + num(),
        styled("甲", "A") + styled("乙", "B") + styled("丙", "C") + styled("无", "A", in_list(0)) + styled("丁", "A"),
        ("一、甲", "（一）乙", "（二）丙", "无", "二、丁"),
        style("A", in_list()) + style("B", in_list(1, 1)) + style("C", "", "B"),
    ),
    "a list by a style of lists": Case(
        definition(level(0, "chineseCounting", "%1、"), more='<w:styleLink w:val="L"/>') + LINK + num() + num(2, 1),
        listed("甲", of=2) + listed("乙", of=2), ("一、甲", "二、乙"), style("L", in_list(), "", "numbering"),
    ),
    "a plain list by a style of lists": Case(
        definition(level(0), more='<w:styleLink w:val="L"/>') + LINK + num() + num(2, 1),
        listed("甲", of=2) + listed("乙", of=2), ("1.甲", "2.乙"), style("L", in_list(), "", "numbering"),
    ),
    "cells of a table": Case(
        CHINESE + num(), listed("前") + TABLE + listed("后"), ("一、前", "二、左", "三、右", "四、后"),
    ),
    "an empty paragraph": Case(
        CHINESE + num(), depths(0) + "<w:p><w:pPr>" + in_list(1, 0) + "</w:pPr></w:p>" + depths(0),
        ("一、文", "二、", "三、文"),
    ),
    "text between": Case(
        CHINESE + num(), depths(0, 1) + "<w:p><w:r><w:t>正文</w:t></w:r></w:p>" + depths(1),
        ("一、文", "（一）文", "正文", "（二）文"),
    ),
    "levels passed over": Case(
        definition(level(0), level(1, text="%1.%2"), level(2, text="%1.%2.%3")) + num(), depths(2, 1, 0, 2),
        ("1.1.1文", "1.2文", "2.文", "2.1.1文"),
    ),
    "letters past z": Case(
        definition(level(0, "lowerLetter")) + num(1, 0, starting(0, 26)), depths(0, 0, 0), ("z.文", "aa.文", "bb.文"),
    ),
    "words without a number": Case(
        definition(level(0, "none", "附："), level(1, "chineseCounting", "注：")) + num(), depths(0, 1, 0),
        ("附：文", "注：文", "附：文"),
    ),
    "a level that does not say its start": Case(
        definition(level(0).replace('<w:start w:val="1"/>', "")) + num(), depths(0, 0), ("0.文", "1.文"),
    ),
    "a list and a level that are not there": Case(
        CHINESE + num(), depths(0) + listed("无", of=7) + depths(0), ("一、文", "无", "二、文"),
    ),
}  # fmt: skip
"""What both engines print alike."""

ONE = {
    "legal numbers": Case(
        definition(level(0, "chineseCounting", "第%1章"), level(1, text="%1.%2", more="<w:isLgl/>")) + num(),
        depths(0, 0, 1, 1), ("第一章文", "第二章文", "2.1文", "2.2文"),
    ),
    "a level that runs on": Case(
        definition(
            level(0, "chineseCounting", "第%1章"), level(1, "chineseCounting", "第%2条", more=restart(0)),
        ) + num(),
        depths(0, 1, 1, 0, 1), ("第一章文", "第一条文", "第二条文", "第二章文", "第三条文"),
    ),
    "a level that only the highest starts anew": Case(
        definition(
            level(0, "chineseCounting", "%1、"), level(1, text="%2."), level(2, text="(%3)", more=restart(1)),
        ) + num(),
        depths(0, 1, 2, 1, 2, 0, 1, 2), ("一、文", "1.文", "(1)文", "2.文", "(2)文", "二、文", "1.文", "(1)文"),
    ),
    "a start of the list's own, again after a higher level": Case(
        CHINESE + num(1, 0, starting(1, 3)), depths(0, 1, 1, 0, 1),
        ("一、文", "（三）文", "（四）文", "二、文", "（三）文"),
    ),
    "a hidden paragraph": Case(
        CHINESE + num(),
        depths(0) + listed("隐", more=HIDDEN).replace("<w:r>", f"<w:r>{HIDDEN}") + depths(0),
        ("一、文", "二、文"),
    ),
    "a level that names its style": Case(
        definition(
            level(0, "chineseCounting", "%1、"), level(1, "chineseCounting", "（%2）", more='<w:pStyle w:val="B"/>'),
        ) + num(),
        listed("甲") + styled("乙", "B") + styled("丙", "B"), ("一、甲", "（一）乙", "（二）丙"), style("B", in_list()),
    ),
    "a level of plain numbers that names its style": Case(
        definition(level(0), level(1, text="%1.%2", more='<w:pStyle w:val="B"/>')) + num(),
        listed("甲") + styled("乙", "B") + styled("丙", "B"), ("1.甲", "1.1乙", "1.2丙"), style("B", in_list()),
    ),
    "wide digits": Case(
        definition(level(0, "decimalFullWidth", "%1、")) + num(1, 0, starting(0, 9)), depths(0, 0),
        ("９、文", "１０、文"),
    ),
    "a number in brackets": Case(
        definition(level(0, "decimalEnclosedParen", "%1")) + num(1, 0, starting(0, 20)), depths(0, 0), ("⒇文", "21文"),
    ),
    "zeros in front": Case(
        definition(level(0, "custom", "%1、").replace('<w:numFmt w:val="custom"/>', ZEROS)) + num(1, 0, starting(0, 9)),
        depths(0, 0), ("009、文", "010、文"),
    ),
}  # fmt: skip
"""What LibreOffice does otherwise than Word, or not at all."""


@pytest.mark.parametrize("name", [*BOTH, *ONE])
def test_numbers_are_counted_as_word_does(name: str, tmp_path: Path) -> None:
    case = (BOTH | ONE)[name]
    assert printed(drawn(case), tmp_path) == ["".join(case.shown)]


@pytest.mark.libreoffice
def test_both_engines_print_the_same_numbers(tmp_path: Path) -> None:
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed")
    jobs = [(saved(drawn(case), tmp_path / f"{number}.docx"), tmp_path / f"{number}.pdf")
            for number, case in enumerate(BOTH.values())]  # fmt: skip
    libreoffice.convert_batch(jobs, fontconfig=None)
    assert {name: "".join(lines(out)) for name, (_, out) in zip(BOTH, jobs, strict=True)} == {
        name: "".join(case.shown) for name, case in BOTH.items()
    }


# --- stories -------------------------------------------------------------------------------------------------------


def test_a_header_is_counted_by_itself(tmp_path: Path) -> None:
    document = drawn(Case(CHINESE + num(), depths(0, 0), ()))
    document.sections[0].header._element.extend(inside(listed("眉") + listed("眉")))
    [text] = printed(document, tmp_path)

    assert sorted(text) == sorted("一、眉二、眉一、文二、文")


BOX = (
    '<w:p xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml">'
    '<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><w:txbxContent>{}</w:txbxContent></w:drawing>'
    "</mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent>{}</w:txbxContent></v:textbox></w:pict></mc:Fallback>"
    "</mc:AlternateContent></w:r></w:p>"
)


def numbers(root: Any) -> list[str]:
    """Return the text of every paragraph in a story, of itself only."""
    return [
        "".join(text.text for run in p.findall(qn("w:r")) for text in run.findall(qn("w:t")))
        for p in root.iter(qn("w:p"))
    ]


@pytest.mark.parametrize(("form", "shown"), [("chineseCounting", "一一二"), ("decimal", "112")])
def test_a_text_box_is_counted_by_itself_and_once(form: str, shown: str) -> None:
    inner = listed("框")
    document = drawn(
        Case(definition(level(0, form, "%1")) + num(), listed("前") + BOX.format(inner, inner) + listed("后"), ())
    )
    assert write_out(document) == []
    before, _, box, spare, after = numbers(document.element.body)

    assert [before, box, after] == [f"{number}{text}" for number, text in zip(shown, "前框后", strict=True)]
    assert spare == "框"


def write_out(document: Any) -> list[str]:
    styles = {one.get(qn("w:styleId")): one for one in document.styles.element.iter(qn("w:style"))}

    def chain(name: str) -> list[Any]:
        found: list[Any] = []
        while name in styles:
            found.insert(0, styles[name])
            base = styles[name].find(qn("w:basedOn"))
            name = "" if base is None else base.get(qn("w:val"))
        return found

    stories: Iterable[Any] = [document.element]
    return listing.write_out(document.part.numbering_part.element, stories, chain, "Normal")


# --- what is left alone, and what is lost --------------------------------------------------------------------------

PLAIN = definition(level(0), level(1, "upperRoman", "%1-%2"), level(2, "lowerLetter", "(%3)"), level(3, "bullet", "•"))


@pytest.mark.parametrize(
    "case",
    [
        Case("", "<w:p><w:r><w:t>文</w:t></w:r></w:p>", ()),
        Case(CHINESE + num(), "<w:p><w:r><w:t>文</w:t></w:r></w:p>", ()),
        Case(PLAIN + num(), depths(0, 0, 1, 2, 2, 1, 3, 0), ()),
        Case(PLAIN + num(), depths(3, 3), ()),
    ],
    ids=["no list", "a Chinese list that is not used", "plain numbers", "bullets"],
)
def test_what_the_engine_prints_right_is_not_touched(case: Case) -> None:
    document = drawn(case)
    before = serial(document)
    assert write_out(document) == []
    assert serial(document) == before


def serial(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return bytes(document.part.blob)


def test_bullets_among_chinese_numbers_stay_bullets(tmp_path: Path) -> None:
    mixed = definition(level(0, "chineseCounting", "%1、"), level(1, "bullet", "•")) + num()

    assert printed(drawn(Case(mixed, depths(0, 1, 1, 0), ())), tmp_path) == ["一、文•文•文二、文"]


def test_a_format_that_cannot_be_counted_is_named_and_the_rest_counted(tmp_path: Path) -> None:
    mixed = (
        definition(level(0, "chineseCounting", "%1、"), level(1, "hebrew1", "%2."), level(2, text="%1.%2.%3")) + num()
    )
    source = saved(drawn(Case(mixed, depths(0, 1, 2, 0), ())), tmp_path / "t.docx")
    (note,) = embedded.convert(source, tmp_path / "t.pdf")

    assert "hebrew1" in note.message
    assert lines(tmp_path / "t.pdf") == ["一、文文文二、文"]


def test_a_check_of_templates_says_which_numbers_are_lost(tmp_path: Path) -> None:
    path = saved(drawn(Case(definition(level(0, "hebrew1")) + num(), depths(0), ())), tmp_path / "t.docx")

    assert [one.severity for one in lint.check(str(path)).findings if "hebrew1" in one.message] == ["warning"]


def test_a_check_of_templates_is_content_with_chinese_numbers(tmp_path: Path) -> None:
    path = saved(drawn(Case(CHINESE + num(), depths(0), ())), tmp_path / "t.docx")

    assert [one for one in lint.check(str(path)).findings if one.code == "not-drawn"] == []


@pytest.mark.parametrize("value", ["x", "", "-3", "99999999999999999999"])
def test_a_start_that_is_no_sensible_number_is_not_fatal(value: str) -> None:
    wrong = level(0, "chineseCounting", "%1、").replace('start w:val="1"', f'start w:val="{value}"')
    document = drawn(Case(definition(wrong) + num(), depths(0), ()))

    assert write_out(document) == []


def test_links_in_a_circle_come_to_an_end() -> None:
    circle = '<w:abstractNum w:abstractNumId="0"><w:numStyleLink w:val="L"/></w:abstractNum>' + num()
    document = drawn(Case(circle, depths(0), (), style("L", in_list(), "", "numbering")))

    assert write_out(document) == []


# --- the look ------------------------------------------------------------------------------------------------------


def starts(path: Path, chars: str) -> list[float]:
    """Return how far from the left edge each of some characters first stands, in points."""
    with pypdfium2.PdfDocument(path) as opened:
        page = opened[0].get_textpage()
        text = page.get_text_range()
        return [round(page.get_charbox(text.index(char), loose=True)[0]) for char in chars]


HANGING = '<w:ind w:left="480" w:hanging="480"/>'
STYLES = style("S", in_list() + '<w:ind w:left="1000" w:hanging="1000"/>') + style("T", HANGING.replace("480", "1400"))


@pytest.mark.parametrize("form", ["chineseCounting", "decimal"])
@pytest.mark.parametrize(
    ("paragraph", "number", "text"),
    [
        (listed("文"), 0, 24),
        (listed("文", more='<w:ind w:left="0" w:firstLine="640"/>'), 32, 72),
        (listed("文", more='<w:ind w:left="2000"/>'), 76, 100),
        (styled("文", "S"), 0, 50),
        (listed("文", style="T"), 0, 24),
    ],
    ids=["the list's", "the paragraph's first line", "the paragraph's left", "the style's", "the list's, a style's"],
)  # fmt: skip
def test_number_and_text_stand_where_word_puts_them(
    form: str, paragraph: str, number: int, text: int, tmp_path: Path
) -> None:
    document = drawn(Case(definition(level(0, form, "%1、")) + num(), paragraph, (), STYLES))
    printed(document, tmp_path)
    margin = document.sections[0].left_margin.pt
    mark = "一" if form == "chineseCounting" else "1"

    assert starts(tmp_path / "文件.pdf", f"{mark}文") == [margin + number, margin + text]


@pytest.mark.parametrize(("after", "gap"), [("nothing", 0), ("space", 2.5), ("tab", 13)])
def test_what_follows_a_number_is_what_its_level_says(after: str, gap: float, tmp_path: Path) -> None:
    look = '<w:rPr><w:sz w:val="22"/></w:rPr>'
    close = definition(level(0, "chineseCounting", "%1", more=f'<w:suff w:val="{after}"/>', look=look)) + num()
    document = drawn(Case(close, listed("文"), ()))
    printed(document, tmp_path)
    number, text = starts(tmp_path / "文件.pdf", "一文")

    assert text - number - 11 == pytest.approx(gap, abs=1)  # 11 points: the size of the number


def test_a_paragraph_s_own_indents_are_its_own_alone(tmp_path: Path) -> None:
    own = listed("乙", more='<w:ind w:left="0" w:firstLine="640"/>')
    document = drawn(Case(definition(level(0)) + num(), listed("甲") + own, ()))
    printed(document, tmp_path)

    assert starts(tmp_path / "文件.pdf", "2") == [document.sections[0].left_margin.pt + 32]


def look_of(document: Any) -> Any:
    write_out(document)
    return next(document.element.body.iter(qn("w:r"))).find(qn("w:rPr"))


def test_a_number_looks_as_its_paragraph_s_mark_and_its_level_say() -> None:
    level_ = level(0, "chineseCounting", look='<w:rPr><w:rFonts w:eastAsia="黑体"/><w:sz w:val="20"/></w:rPr>')
    mark = (
        '<w:rPr><w:rFonts w:ascii="Arial" w:eastAsiaTheme="minorEastAsia"/><w:b/><w:u w:val="single"/>'
        '<w:sz w:val="40"/></w:rPr>'
    )
    look = look_of(drawn(Case(definition(level_) + num(), listed("文", more=mark), ())))

    assert [(child.tag, *child.values()) for child in look] == [
        (qn("w:rFonts"), "Arial", "黑体"), (qn("w:b"),), (qn("w:sz"), "20"),
    ]  # fmt: skip


def test_a_tab_of_the_list_s_own_is_kept() -> None:
    tabbed = level(0, "chineseCounting").replace("<w:ind", '<w:tabs><w:tab w:val="num" w:pos="1500"/></w:tabs><w:ind')
    document = drawn(Case(definition(tabbed) + num(), depths(0), ()))
    write_out(document)

    assert [tab.get(qn("w:pos")) for tab in document.element.body.iter(qn("w:tab")) if tab.values()] == ["1500"]


def test_a_space_after_a_number_is_not_stretched(tmp_path: Path) -> None:
    spaced = definition(level(0, "chineseCounting", "%1、", more='<w:suff w:val="space"/>')) + num()
    long = "质" + "量" * 20 + "w" * 30  # the word goes to the next line, and leaves much of the first to be filled
    found = []
    for more in ("", '<w:jc w:val="both"/>'):
        printed(drawn(Case(spaced, listed(long, more=more), ())), tmp_path)
        found += starts(tmp_path / "文件.pdf", "质")

    assert found[0] == found[1]


# --- formats -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "value", "shown"),
    [
        ("chineseCounting", 10, "十"),
        ("chineseCounting", 21, "二十一"),
        ("chineseCounting", 102, "一○二"),
        ("chineseCountingThousand", 110, "一百一十"),
        ("chineseCountingThousand", 1001, "一千零一"),
        ("chineseCountingThousand", 1010, "一千零一十"),
        ("chineseCountingThousand", 10_010, "一万零一十"),
        ("chineseCountingThousand", 20_000, "二万"),
        ("chineseCountingThousand", 0, "0"),
        ("chineseLegalSimplified", 12, "壹拾贰"),
        ("ideographLegalTraditional", 10, "壹拾"),
        ("japaneseCounting", 12, "十二"),
        ("japaneseCounting", 101, "百一"),
        ("ideographDigital", 10, "一〇"),
        ("ideographTraditional", 11, "11"),
        ("ideographZodiac", 12, "亥"),
        ("ideographZodiacTraditional", 60, "癸亥"),
        ("ideographEnclosedCircle", 10, "㊉"),
        ("decimalEnclosedCircle", 20, "⑳"),
        ("decimalEnclosedCircle", 21, "21"),
        ("decimalEnclosedFullstop", 3, "⒊"),
        ("decimalZero", 7, "07"),
        ("numberInDash", 7, "- 7 -"),
        ("lowerRoman", 1994, "mcmxciv"),
        ("upperLetter", 28, "BB"),
        ("hex", 31, "1F"),
        ("none", 3, ""),
        ("hebrew1", 3, None),
        ("custom", 3, None),
    ],
)
def test_a_number_is_said_in_its_format(form: str, value: int, shown: str | None) -> None:
    assert number_in_words(value, form) == shown
