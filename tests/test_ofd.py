"""OFD files become PDFs that look and read the same, or are refused by name: no page is ever drawn in part."""

from __future__ import annotations

import io
import os
import pickle
import random
import re
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables import ttProgram
from fontTools.ttLib.tables._g_l_y_f import Glyph
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]
from PIL import Image, ImageChops, TiffImagePlugin

from dossier.convert import ofd, pdf
from dossier.convert.ofd import canvas, charmap, drawing, geometry, glyphs, package, picture, seal
from dossier.errors import ConversionError
from dossier.part import Note

NAMESPACE = "http://www.ofdspec.org/2016"
WIDTH, HEIGHT = 100, 80  # of the pages drawn here, in millimetres
PIXELS = 4  # to a millimetre, where pages are painted
RED, GREEN, BLUE, BLACK, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)
REAL_NAMES = ("999.ofd", "keyword.ofd", "发票示例.ofd", "文字横向-数科.ofd")

Files = Mapping[str, str | bytes]


# --- files drawn by code -------------------------------------------------------------------------------------------


def xml(root: str, content: str, attributes: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ofd:{root} xmlns:ofd="{NAMESPACE}"{attributes}>{content}</ofd:{root}>'
    )


def page(*layers: str, area: str = "", head: str = "") -> str:
    """Return a page of layers, each of which is the text of its objects."""
    content = "".join(f"<ofd:Layer>{layer}</ofd:Layer>" for layer in layers)
    size = f"<ofd:Area><ofd:PhysicalBox>{area}</ofd:PhysicalBox></ofd:Area>" if area else ""
    return xml("Page", f"{size}{head}<ofd:Content>{content}</ofd:Content>")


def parts(
    *pages: str, res: str = "", files: Files | None = None, common: str = "", document: str = "", body: str = ""
) -> dict[str, str | bytes]:
    """Return the parts of an OFD: pages of objects or whole page parts, resources, and additions to its other parts."""
    listed = "".join(
        f'<ofd:Page ID="{n}" BaseLoc="Pages/Page_{n}/Content.xml"/>' for n, _ in enumerate(pages or ("",), start=1)
    )
    area = f"<ofd:PageArea><ofd:PhysicalBox>0 0 {WIDTH} {HEIGHT}</ofd:PhysicalBox></ofd:PageArea>"
    font = '<ofd:Fonts><ofd:Font ID="90" FontName="宋体"/></ofd:Fonts>'
    found: dict[str, str | bytes] = {
        "OFD.xml": xml("OFD", f"<ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>{body}</ofd:DocBody>"),
        "Doc_0/Document.xml": xml(
            "Document",
            f"<ofd:CommonData>{area}<ofd:PublicRes>PublicRes.xml</ofd:PublicRes>{common}</ofd:CommonData>"
            f"<ofd:Pages>{listed}</ofd:Pages>{document}",
        ),
        "Doc_0/PublicRes.xml": xml("Res", font + res, ' BaseLoc="Res"'),
    }
    for number, content in enumerate(pages or ("",), start=1):
        found[f"Doc_0/Pages/Page_{number}/Content.xml"] = content if content.startswith("<?xml") else page(content)
    return found | dict(files or {})


def pack(found: Files) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in found.items():
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


class MakeOfd:
    """Writes OFD files into a test's folder; takes what :func:`parts` takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *pages: str, **rest: Any) -> Path:
        return self.raw(pack(parts(*pages, **rest)))

    def raw(self, data: bytes) -> Path:
        path = self.folder / "文件.ofd"
        path.write_bytes(data)
        return path


@pytest.fixture
def make_ofd(tmp_path: Path) -> MakeOfd:
    return MakeOfd(tmp_path)


def path(data: str, attributes: str = "", *, colours: str = "", boundary: str = f"0 0 {WIDTH} {HEIGHT}") -> str:
    return (
        f'<ofd:PathObject ID="7" Boundary="{boundary}" {attributes}>{colours}'
        f"<ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:PathObject>"
    )


def block(x: float, y: float, width: float, height: float, colour: str = "0 0 0", attributes: str = "") -> str:
    """Return a filled rectangle without an edge."""
    data = f"M {x} {y} L {x + width} {y} L {x + width} {y + height} L {x} {y + height} C"
    return path(data, f'Fill="true" Stroke="false" {attributes}', colours=f'<ofd:FillColor Value="{colour}"/>')


def words(
    content: str, code: str = "", attributes: str = "", *, inner: str = "", font: int = 90, size: float = 5
) -> str:
    code = code if code.startswith("X=") else f'X="10" Y="20" {code}'
    return (
        f'<ofd:TextObject ID="8" Boundary="0 0 {WIDTH} {HEIGHT}" Font="{font}" Size="{size}" {attributes}>{inner}'
        f"<ofd:TextCode {code}>{content}</ofd:TextCode></ofd:TextObject>"
    )


def image(attributes: str = "", inner: str = "", *, number: int = 50, boundary: str = "10 10 40 20") -> str:
    return f'<ofd:ImageObject ID="9" Boundary="{boundary}" ResourceID="{number}" {attributes}>{inner}</ofd:ImageObject>'


def media(name: str = "picture.png", number: int = 50) -> str:
    return (
        f'<ofd:MultiMedias><ofd:MultiMedia ID="{number}" Type="Image"><ofd:MediaFile>{name}</ofd:MediaFile>'
        "</ofd:MultiMedia></ofd:MultiMedias>"
    )


def own_font(name: str = "own.ttf", number: int = 91) -> str:
    return (
        f'<ofd:Fonts><ofd:Font ID="{number}" FontName="Own"><ofd:FontFile>{name}</ofd:FontFile></ofd:Font></ofd:Fonts>'
    )


def saved(drawn: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    target = io.BytesIO()
    drawn.save(target, form, **options)
    return target.getvalue()


def quarters(mode: str = "RGB", size: tuple[int, int] = (40, 20)) -> Image.Image:
    """Draw a picture whose corners are red, green (on top), blue and white (below)."""
    drawn = Image.new("RGB", size, WHITE)
    drawn.paste(RED, (0, 0, size[0] // 2, size[1] // 2))
    drawn.paste(GREEN, (size[0] // 2, 0, size[0], size[1] // 2))
    drawn.paste(BLUE, (0, size[1] // 2, size[0] // 2, size[1]))
    return drawn.convert(mode)


# --- looking at what became of them --------------------------------------------------------------------------------


def convert(source: Path) -> tuple[Path, tuple[Note, ...]]:
    out = source.with_suffix(".pdf")
    return out, ofd.convert(source, out)


def painted(source: Path, index: int = 0) -> Image.Image:
    """Convert a file and paint a page of it with a library that had no hand in making it."""
    out, _ = convert(source)
    with pypdfium2.PdfDocument(out) as document:
        drawn: Image.Image = document[index].render(scale=PIXELS * 25.4 / 72).to_pil()
        return drawn.convert("RGB")


def at(drawn: Image.Image, x: float, y: float) -> tuple[int, ...]:
    found = drawn.getpixel((round(x * PIXELS), round(y * PIXELS)))
    assert isinstance(found, tuple)
    return found


def near(one: tuple[int, ...], other: tuple[int, ...], within: int = 12) -> bool:
    return all(abs(a - b) <= within for a, b in zip(one, other, strict=True))


def ink(drawn: Image.Image) -> tuple[float, float, float, float]:
    """Return the box around all that is not white, in millimetres."""
    found = drawn.convert("L").point(lambda value: 255 if value < 128 else 0).getbbox()
    assert found is not None
    left, top, right, bottom = (value / PIXELS for value in found)
    return left, top, right, bottom


def colours(drawn: Image.Image) -> dict[Any, int]:
    """Return how many pixels there are of each colour."""
    return {colour: count for count, colour in drawn.getcolors(drawn.width * drawn.height) or ()}


def amount(drawn: Image.Image) -> int:
    return drawn.convert("L").histogram()[0]


def read(source: Path, index: int = 0) -> str:
    out, _ = convert(source)
    with pypdfium2.PdfDocument(out) as document:
        return str(document[index].get_textpage().get_text_range()).replace("\r\n", "\n").strip("\n ")


def boxes(source: Path) -> list[tuple[str, float, float, float, float]]:
    """Return each character with its left, top, right and bottom in millimetres from the page's upper left."""
    out, _ = convert(source)
    with pypdfium2.PdfDocument(out) as document:
        text = document[0].get_textpage()
        found = []
        for index in range(text.count_chars()):
            char = text.get_text_range(index, 1)
            if char.strip():
                left, bottom, right, top = (value * 25.4 / 72 for value in text.get_charbox(index, loose=True))
                found.append((char, left, HEIGHT - top, right, HEIGHT - bottom))
        return found


def starts(source: Path) -> list[tuple[str, float]]:
    return [(char, round(left, 1)) for char, left, *_ in boxes(source)]


def refused(source: Path) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        convert(source)
    assert caught.value.fix
    assert source.name in caught.value.message
    return caught.value


def codes(notes: tuple[Note, ...]) -> list[str]:
    return [note.code for note in notes]


# --- pages ---------------------------------------------------------------------------------------------------------


def sizes(source: Path) -> list[tuple[int, int]]:
    out, _ = convert(source)
    with pikepdf.open(out) as document:
        return [tuple(round(float(page.mediabox[i]) / 72 * 25.4) for i in (2, 3)) for page in document.pages]  # type: ignore[misc]


TEMPLATE = '<ofd:TemplatePage ID="60" BaseLoc="Tpls/Content.xml"/>'
USE = '<ofd:Template TemplateID="60"/>'


def test_a_page_is_as_large_as_it_says(make_ofd: MakeOfd) -> None:
    assert sizes(make_ofd(page(area="0 0 210 297"), page(area="0 0 297 210"))) == [(210, 297), (297, 210)]


def test_a_page_without_a_size_has_that_of_its_template(make_ofd: MakeOfd) -> None:
    files = {"Doc_0/Tpls/Content.xml": page(area="0 0 60 40")}
    assert sizes(make_ofd(page(head=USE), common=TEMPLATE, files=files)) == [(60, 40)]


def test_a_page_without_a_size_anywhere_else_has_the_documents(make_ofd: MakeOfd) -> None:
    files = {"Doc_0/Tpls/Content.xml": page()}
    assert sizes(make_ofd(page(head=USE), common=TEMPLATE, files=files)) == [(WIDTH, HEIGHT)]


def test_a_page_without_any_size_is_refused(make_ofd: MakeOfd) -> None:
    found = parts("")
    found["Doc_0/Document.xml"] = str(found["Doc_0/Document.xml"]).replace("PhysicalBox", "BleedBox")
    error = refused(make_ofd.raw(pack(found)))
    assert error.code == "damaged-source"
    assert "no size" in error.message


def test_pages_come_in_the_order_of_the_document(make_ofd: MakeOfd) -> None:
    source = make_ofd(words("一"), words("二"), words("三"))
    assert [read(source, index) for index in range(3)] == ["一", "二", "三"]


def test_every_document_of_a_file_is_drawn(make_ofd: MakeOfd) -> None:
    found = parts(words("甲"), body="</ofd:DocBody><ofd:DocBody><ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot>")
    found |= {name.replace("Doc_0", "Doc_1"): text for name, text in parts(words("乙")).items() if name != "OFD.xml"}
    source = make_ofd.raw(pack(found))
    assert [read(source, index) for index in range(2)] == ["甲", "乙"]


@pytest.mark.parametrize(("order", "seen"), [("Background", BLUE), ("Foreground", RED), ("", BLUE)])
def test_a_template_lies_under_or_over_its_page(make_ofd: MakeOfd, order: str, seen: tuple[int, ...]) -> None:
    head = USE.replace("/>", f' ZOrder="{order}"/>' if order else "/>")
    files = {"Doc_0/Tpls/Content.xml": page(block(10, 10, 20, 20, "255 0 0"))}
    drawn = painted(make_ofd(page(block(10, 10, 20, 20, "0 0 255"), head=head), common=TEMPLATE, files=files))
    assert near(at(drawn, 20, 20), seen)


def test_layers_lie_over_each_other_by_their_kind(make_ofd: MakeOfd) -> None:
    layers = [
        f'<ofd:Layer Type="Foreground">{block(0, 0, 30, 30, "255 0 0")}</ofd:Layer>',
        f"<ofd:Layer>{block(0, 0, 60, 30, '0 255 0')}</ofd:Layer>",
        f'<ofd:Layer Type="Background">{block(0, 0, 90, 30, "0 0 255")}</ofd:Layer>',
    ]
    drawn = painted(make_ofd(xml("Page", f"<ofd:Content>{''.join(layers)}</ofd:Content>")))
    assert [near(at(drawn, x, 15), colour) for x, colour in ((15, RED), (45, GREEN), (75, BLUE))] == [True] * 3


@pytest.mark.parametrize("name", ["http://www.ofdspec.org", NAMESPACE, ""])
def test_elements_are_known_in_every_namespace_that_writers_use(make_ofd: MakeOfd, name: str) -> None:
    found = {}
    for part, content in parts(words("发文机关")).items():
        renamed = str(content).replace(NAMESPACE, name or "-")
        found[part] = renamed if name else renamed.replace(' xmlns:ofd="-"', "").replace("ofd:", "")
    assert read(make_ofd.raw(pack(found))) == "发文机关"


def test_a_page_can_have_resources_of_its_own(make_ofd: MakeOfd) -> None:
    files = {
        "Doc_0/Pages/Page_1/Res.xml": xml("Res", media("/Doc_0/picture.png")),
        "Doc_0/picture.png": saved(quarters()),
    }
    drawn = painted(make_ofd(page(image() + words("字"), head="<ofd:PageRes>Res.xml</ofd:PageRes>"), files=files))
    assert_upright(drawn)


# --- text: where it stands -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offsets", "places"),
    [
        ("6 8 10", [10, 16, 24, 34]),
        ("g 3 6", [10, 16, 22, 28]),
        ("6 g 2 8", [10, 16, 24, 32]),
        ("g 2 6  8", [10, 16, 22, 30]),
        ("6,8,10", [10, 16, 24, 34]),
        ("6", [10, 16, 22, 28]),
        ("g 99999 7", [10, 17, 24, 31]),
    ],
)
def test_characters_stand_where_delta_x_puts_them(make_ofd: MakeOfd, offsets: str, places: list[float]) -> None:
    found = starts(make_ofd(words("市场监管", f'DeltaX="{offsets}"')))
    assert found == [(char, float(place)) for char, place in zip("市场监管", places, strict=True)]


def test_characters_stand_where_delta_y_puts_them(make_ofd: MakeOfd) -> None:
    found = boxes(make_ofd(words("竖排字", 'DeltaY="8 10"')))
    tops = [top for _, _, top, _, _ in found]
    assert [round(after - tops[0], 1) for after in tops] == [0, 8, 18]
    assert len({round(left, 1) for _, left, *_ in found}) == 1


def test_a_line_that_breaks_within_its_text_is_read_as_two(make_ofd: MakeOfd) -> None:
    assert read(make_ofd(words("第一行第二行", 'DeltaX="5 5 -10 5 5" DeltaY="0 0 8 0 0"'))) == "第一行\n第二行"


def test_text_without_offsets_is_as_wide_as_it_is(make_ofd: MakeOfd) -> None:
    assert starts(make_ofd(words("市监", size=6))) == [("市", 10.0), ("监", 16.0)]


@pytest.mark.parametrize(
    ("direction", "moved"), [(0, (6.0, 0.0)), (90, (0.0, 6.0)), (180, (-6.0, 0.0)), (270, (0.0, -6.0))]
)
def test_text_without_offsets_goes_the_way_it_is_read(
    make_ofd: MakeOfd, direction: int, moved: tuple[float, float]
) -> None:
    code = 'X="50" Y="40"'
    (_, x0, y0, *_), (_, x1, y1, *_) = sorted(
        boxes(make_ofd(words("市监", code, f'ReadDirection="{direction}"', size=6))),
        key=lambda box: "市监".index(box[0]),
    )
    assert (round(x1 - x0, 1), round(y1 - y0, 1)) == moved


def test_a_text_code_without_a_place_begins_where_the_one_before_began(make_ofd: MakeOfd) -> None:
    two = words("甲", 'X="10" Y="20"').replace(
        "</ofd:TextObject>", '<ofd:TextCode Y="40">乙</ofd:TextCode></ofd:TextObject>'
    )
    (_, x0, y0, *_), (_, x1, y1, *_) = boxes(make_ofd(two))
    assert (x1 - x0, y1 - y0) == pytest.approx((0, 20), abs=0.15)


def test_a_baseline_is_where_y_puts_it(make_ofd: MakeOfd) -> None:
    left, top, _, bottom = ink(painted(make_ofd(words("一H", 'X="10" Y="30" DeltaX="12"', size=10))))
    assert 10 <= left <= 11
    assert abs(bottom - 30) < 0.6  # the foot of H
    assert 21 < top < 24


def test_the_matrix_of_a_text_turns_it(make_ofd: MakeOfd) -> None:
    turned = words("市监", 'X="0" Y="0" DeltaX="6"', 'CTM="0 1 -1 0 50 20"')
    (_, x0, y0, *_), (_, x1, y1, *_) = boxes(make_ofd(turned))
    assert (round(x1 - x0, 1), round(y1 - y0, 1)) == (0, 6)


@pytest.mark.parametrize(("degrees", "corner"), [(0, (1, -1)), (90, (1, 1)), (180, (-1, 1)), (270, (-1, -1))])
def test_characters_turn_clockwise_on_their_origin(make_ofd: MakeOfd, degrees: int, corner: tuple[int, int]) -> None:
    left, top, right, bottom = ink(
        painted(make_ofd(words("田", 'X="50" Y="40"', f'CharDirection="{degrees}"', size=20)))
    )
    middle = ((left + right) / 2, (top + bottom) / 2)
    assert (middle[0] > 50, middle[1] > 40) == (corner[0] > 0, corner[1] > 0)


def test_hscale_narrows_glyphs_and_leaves_their_places(make_ofd: MakeOfd) -> None:
    def measure(attributes: str) -> tuple[list[tuple[str, float]], float]:
        source = make_ofd(words("国国", 'DeltaX="30"', attributes, size=20))
        drawn = painted(source).crop((0, 0, 38 * PIXELS, HEIGHT * PIXELS))
        left, _, right, _ = ink(drawn)
        return starts(source), right - left

    (places, wide), (same, narrow) = measure(""), measure('HScale="0.5"')
    assert places == same == [("国", 10.0), ("国", 40.0)]
    assert narrow == pytest.approx(wide / 2, rel=0.05)


def test_line_breaks_of_the_xml_are_no_text(make_ofd: MakeOfd) -> None:
    assert starts(make_ofd(words("\n        市监\n      ", 'DeltaX="7"'))) == [("市", 10.0), ("监", 17.0)]


def test_characters_that_are_spaced_out_are_read_without_spaces(make_ofd: MakeOfd) -> None:
    assert read(make_ofd(words("名称电话", 'DeltaX="20 7 5"'))) == "名称电话"


def test_spaces_take_the_offsets_that_are_theirs(make_ofd: MakeOfd) -> None:
    assert starts(make_ofd(words("单 价", 'DeltaX="5 6"'))) == [("单", 10.0), ("价", 21.0)]


def test_characters_spelt_by_their_code_are_read(make_ofd: MakeOfd) -> None:
    assert read(make_ofd(words(r"甲\4e59丙", 'DeltaX="6 6"'))) == "甲乙丙"


def test_a_backslash_that_spells_nothing_is_a_backslash(make_ofd: MakeOfd) -> None:
    assert read(make_ofd(words(r"C:\1234", 'DeltaX="g 6 3"'))) == r"C:\1234"


# --- text: what it looks like --------------------------------------------------------------------------------------


def test_text_is_black_and_filled_unless_told_otherwise(make_ofd: MakeOfd) -> None:
    drawn = painted(make_ofd(words("国", size=30, code='X="10" Y="40"')))
    assert drawn.convert("L").histogram()[0] > 0
    assert ink(drawn)[2] > 30


def test_text_has_the_colour_it_is_given(make_ofd: MakeOfd) -> None:
    drawn = painted(make_ofd(words("一", 'X="10" Y="40"', inner='<ofd:FillColor Value="255 0 0"/>', size=40)))
    assert RED in colours(drawn)
    assert BLACK not in colours(drawn)


def test_a_heavier_weight_has_more_ink(make_ofd: MakeOfd) -> None:
    plain, bold = (amount(painted(make_ofd(words("国", size=30, attributes=a)))) for a in ("", 'Weight="700"'))
    assert bold > 1.2 * plain


def test_italic_text_leans_to_the_right(make_ofd: MakeOfd) -> None:
    def lean(attributes: str) -> float:
        drawn = painted(make_ofd(words("l", 'X="30" Y="60"', attributes, size=50)))
        left, top, right, bottom = (round(value * PIXELS) for value in ink(drawn))
        third = (bottom - top) // 3
        upper, lower = (ink(drawn.crop((left, y, right, y + third))) for y in (top, bottom - third))
        return upper[2] - lower[2]

    assert lean('Italic="true"') > lean("") + 3


def test_the_weight_and_slant_of_a_named_font_are_imitated(make_ofd: MakeOfd) -> None:
    res = '<ofd:Fonts><ofd:Font ID="91" FontName="宋体" Bold="true"/></ofd:Fonts>'
    bold, plain = (amount(painted(make_ofd(words("国", size=30, font=font), res=res))) for font in (91, 90))
    assert bold > 1.2 * plain


def test_text_is_outlined_where_it_is_stroked(make_ofd: MakeOfd) -> None:
    outlined = words(
        "一", 'X="10" Y="40"', 'Fill="false" Stroke="true" LineWidth="0.5"', inner='<ofd:StrokeColor Value="0 0 255"/>',
        size=40,
    )  # fmt: skip
    found = colours(painted(make_ofd(outlined)))
    assert found[BLUE] > 50
    assert BLACK not in found


def test_text_that_is_neither_filled_nor_stroked_is_read_and_not_seen(make_ofd: MakeOfd) -> None:
    source = make_ofd(words("隐文", attributes='Fill="false"'))
    assert read(source) == "隐文"
    assert painted(source).getextrema() == ((255, 255),) * 3


def test_an_opacity_lets_what_lies_below_be_seen(make_ofd: MakeOfd) -> None:
    drawn = painted(make_ofd(block(10, 10, 20, 20, "255 0 0", 'Alpha="51"')))
    assert near(at(drawn, 20, 20), (255, 204, 204))


# --- fonts ---------------------------------------------------------------------------------------------------------

SQUARE = (100, 0, 900, 800)


def square(pen: Any) -> Any:
    """Draw a square into a pen, so that a glyph is known by its looks."""
    left, bottom, right, top = SQUARE
    pen.moveTo((left, bottom))
    for point in ((left, top), (right, top), (right, bottom)):
        pen.lineTo(point)
    pen.closePath()
    return pen


def font(kind: str = "ttf", characters: Mapping[int, str] | None = None) -> bytes:
    """Make a font of the glyphs .notdef, blank and square; the square's number is 2, and it answers to no character."""
    order = [".notdef", "blank", "square"]
    builder = FontBuilder(1000, isTTF=kind == "ttf")
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(dict(characters or {}))
    if kind == "ttf":
        empty = TTGlyphPen(None).glyph()
        builder.setupGlyf({".notdef": empty, "blank": empty, "square": square(TTGlyphPen(None)).glyph()})
    else:
        drawn = {name: T2CharStringPen(1000, None) for name in order}
        square(drawn["square"])
        builder.setupCFF("Own", {}, {name: pen.getCharString() for name, pen in drawn.items()}, {})
    builder.setupHorizontalMetrics({name: (1000, SQUARE[0] if name == "square" else 0) for name in order})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupPost()
    target = io.BytesIO()
    builder.save(target)
    if kind != "cff":
        return target.getvalue()
    return bytes(TTFont(io.BytesIO(target.getvalue())).reader["CFF "])


def glyph(number: int, position: int = 0, rest: str = "") -> str:
    return f'<ofd:CGTransform CodePosition="{position}" {rest}><ofd:Glyphs>{number}</ofd:Glyphs></ofd:CGTransform>'


def with_font(make_ofd: MakeOfd, content: str, data: bytes) -> Path:
    return make_ofd(content, res=own_font(), files={"Doc_0/Res/own.ttf": data})


@pytest.mark.parametrize("kind", ["ttf", "otf", "cff"])
def test_a_glyph_of_the_files_own_font_is_drawn_by_its_number_and_read_as_its_text(
    make_ofd: MakeOfd, kind: str
) -> None:
    source = with_font(make_ofd, words("密", 'X="20" Y="50"', font=91, size=30, inner=glyph(2)), font(kind))
    left, top, right, bottom = ink(painted(source))
    assert [left, top, right, bottom] == pytest.approx([23, 26, 47, 50], abs=0.3)  # SQUARE at 30 mm to the em
    assert near(at(painted(source), 35, 40), BLACK)
    assert read(source) == "密"


@pytest.mark.parametrize("reader", ["poppler", "pypdf"])
def test_other_readers_find_the_same_text(make_ofd: MakeOfd, reader: str) -> None:
    source = with_font(make_ofd, words("密级", 'DeltaX="6"', font=91, inner=glyph(2) + glyph(2, 1)), font())
    out, _ = convert(source)
    if reader == "pypdf":
        pypdf = pytest.importorskip("pypdf")
        found = pypdf.PdfReader(out).pages[0].extract_text()
    else:
        try:
            found = subprocess.run(["pdftotext", out, "-"], capture_output=True, check=True, encoding="utf-8").stdout
        except FileNotFoundError:
            pytest.skip("pdftotext (poppler) is not installed")
    assert found.strip() == "密级"


def test_a_character_of_the_files_own_font_is_found_by_its_code(make_ofd: MakeOfd) -> None:
    source = with_font(
        make_ofd, words("章", font=91, size=30, code='X="20" Y="50"'), font(characters={0x7AE0: "square"})
    )
    assert ink(painted(source)) == pytest.approx((23, 26, 47, 50), abs=0.3)
    assert codes(convert(source)[1]) == []


def test_one_glyph_can_stand_for_several_texts(make_ofd: MakeOfd) -> None:
    text = words("甲乙丙", 'DeltaX="6 6"', font=91, inner=glyph(2) + glyph(2, 1) + glyph(2, 2))
    assert read(with_font(make_ofd, text, font())) == "甲乙丙"


def test_several_glyphs_are_listed_in_one_transform(make_ofd: MakeOfd) -> None:
    inner = (
        '<ofd:CGTransform CodePosition="1" CodeCount="2" GlyphCount="2"><ofd:Glyphs>2 1</ofd:Glyphs></ofd:CGTransform>'
    )
    source = with_font(
        make_ofd, words("甲乙丙", 'DeltaX="10 10"', font=91, inner=inner), font(characters={0x7532: "blank"})
    )
    assert read(source) == "甲乙丙"
    assert ink(painted(source))[0] == pytest.approx(20.5, abs=0.3)  # only the second is a square


def test_a_ligature_is_read_as_all_its_characters(make_ofd: MakeOfd) -> None:
    source = with_font(make_ofd, words("ffi", font=91, inner=glyph(2, 0, 'CodeCount="3" GlyphCount="1"')), font())
    assert read(source) == "ffi"
    left, _, right, _ = ink(painted(source))
    assert right - left == pytest.approx(4, abs=0.3)  # one square


def test_transforms_count_on_over_the_text_codes_that_follow(make_ofd: MakeOfd) -> None:
    text = words("甲", 'X="10" Y="20"', font=91, inner=glyph(1) + glyph(2, 1)).replace(
        "</ofd:TextObject>", '<ofd:TextCode X="40" Y="20">乙</ofd:TextCode></ofd:TextObject>'
    )
    source = with_font(make_ofd, text, font())
    assert ink(painted(source))[0] == pytest.approx(40.5, abs=0.3)
    assert read(source).split() == ["甲", "乙"]


def test_a_glyph_that_a_font_does_not_have_is_refused_by_its_number(make_ofd: MakeOfd) -> None:
    error = refused(with_font(make_ofd, words("密", font=91, inner=glyph(77)), font()))
    assert error.code == "damaged-source"
    assert "glyph 77" in error.message
    assert "page 1, TextObject 8" in error.message


def test_glyph_numbers_mean_nothing_in_a_font_that_is_only_named(make_ofd: MakeOfd) -> None:
    assert read(make_ofd(words("密级", 'DeltaX="6"', inner=glyph(4000)))) == "密级"


def test_what_the_files_own_font_lacks_comes_from_another_and_is_reported(make_ofd: MakeOfd) -> None:
    source = with_font(make_ofd, words("章国", 'DeltaX="6"', font=91), font(characters={0x7AE0: "square"}))
    _, (note,) = convert(source)
    assert note.code == "replaced-glyphs"
    assert "Own" in note.message
    assert "国 (U+56FD)" in note.message
    assert "章" not in note.message
    assert read(source) == "章国"


def test_a_character_that_no_font_has_is_a_box_and_reported_by_name(make_ofd: MakeOfd) -> None:
    source = make_ofd(words("\U0001f600", 'X="20" Y="50"', size=30))
    _, (note,) = convert(source)
    assert note.code == "missing-glyphs"
    assert "U+1F600" in note.message
    left, _, right, _ = ink(painted(source))
    assert right - left > 10
    assert read(source) == "\U0001f600"


@pytest.mark.parametrize("unseen", ["\u00a0", "\u3000", "\u200b", "\ufeff"])
def test_what_is_never_drawn_is_not_missed(make_ofd: MakeOfd, unseen: str) -> None:
    source = with_font(make_ofd, words(f"章{unseen}章", font=91), font(characters={0x7AE0: "square"}))
    assert codes(convert(source)[1]) == []


def test_no_program_of_a_files_font_reaches_the_pdf(make_ofd: MakeOfd) -> None:
    original = TTFont(io.BytesIO(font()))
    original["fpgm"] = newTable("fpgm")
    original["fpgm"].program = ttProgram.Program()
    original["fpgm"].program.fromBytecode(b"\x00" * 8)
    target = io.BytesIO()
    original.save(target)
    out, _ = convert(with_font(make_ofd, words("密", font=91, inner=glyph(2)), target.getvalue()))
    with pikepdf.open(out) as document:
        (found,) = document.pages[0].Resources.Font.values()
        data = found.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes()
    written = TTFont(io.BytesIO(data))
    assert not {"fpgm", "prep", "cvt "} & set(written.keys())
    assert len(written.getGlyphOrder()) == 2  # .notdef and the one that is drawn


def test_letters_of_a_wider_stand_in_do_not_run_together(make_ofd: MakeOfd) -> None:
    found = boxes(make_ofd(words("MWMW", 'X="10" Y="20" DeltaX="g 3 2.5"')))
    assert [round(left, 1) for _, left, *_ in found] == [10, 12.5, 15, 17.5]
    assert all(right <= after + 0.05 for (_, _, _, right, _), (_, after, *_) in pairwise(found))


def test_letters_of_a_narrower_stand_in_do_not_fall_apart(make_ofd: MakeOfd) -> None:
    out, _ = convert(make_ofd(words("91110108ill1", 'X="10" Y="20" DeltaX="g 11 3"')))
    with pypdfium2.PdfDocument(out) as document:
        assert document[0].get_textpage().get_text_range().strip() == "91110108ill1"


def test_letters_of_a_typewriter_stand_in_the_middle_of_their_places(make_ofd: MakeOfd) -> None:
    drawn = painted(make_ofd(words("iii", 'X="10" Y="40" DeltaX="g 2 12"', size=20)))
    left, _, right, _ = ink(drawn.crop((0, 0, 22 * PIXELS, HEIGHT * PIXELS)))
    assert (left + right) / 2 == pytest.approx(16, abs=0.7)


def test_the_last_letter_of_a_stand_in_is_as_wide_as_the_others_let_expect(make_ofd: MakeOfd) -> None:
    (_, left, _, right, _) = boxes(make_ofd(words("MWM", 'X="10" Y="40" DeltaX="10 12"', size=20)))[-1]
    (_, start, _, end, _) = boxes(make_ofd(words("M", 'X="10" Y="40"', size=20)))[0]
    assert right - left < 0.8 * (end - start)


@pytest.mark.parametrize("data", [b"", b"%!PS-AdobeFont-1.0: Old", b"wOFF" + bytes(60)])
def test_a_font_of_a_kind_that_is_not_known_is_refused_by_name(make_ofd: MakeOfd, data: bytes) -> None:
    error = refused(with_font(make_ofd, words("字", font=91), data))
    assert error.code == "unsupported-content"
    assert "Own" in error.message


@pytest.mark.parametrize("cut", [30, 120, 300])
def test_a_font_that_is_cut_short_is_refused_by_name(make_ofd: MakeOfd, cut: int) -> None:
    error = refused(with_font(make_ofd, words("密", font=91, inner=glyph(2)), font()[:cut]))
    assert error.code == "damaged-source"
    assert "Own" in error.message


def test_a_font_without_the_tables_that_name_things_is_drawn(make_ofd: MakeOfd) -> None:
    bare = TTFont(io.BytesIO(font()))
    for table in ("cmap", "post", "name", "OS/2"):
        if table in bare:
            del bare[table]
    target = io.BytesIO()
    bare.save(target)
    assert read(with_font(make_ofd, words("密", font=91, inner=glyph(2)), target.getvalue())) == "密"


def test_a_glyph_that_holds_itself_is_refused(make_ofd: MakeOfd) -> None:
    looping = TTFont(io.BytesIO(font()), recalcBBoxes=False)
    whole = struct.pack(">hhhhh", -1, 100, 0, 900, 800)  # a composite, and its box
    part = struct.pack(">HHbb", 0x0022, 2, 0, 0)  # at (0, 0), with more to follow: the glyph itself
    looping["glyf"]["square"] = Glyph(whole + part + struct.pack(">HHbb", 0x0002, 2, 9, 0))
    target = io.BytesIO()
    looping.save(target)
    error = refused(with_font(make_ofd, words("密", font=91, inner=glyph(2)), target.getvalue()))
    assert error.code in {"damaged-source", "hostile-source"}


def test_a_glyph_of_glyphs_of_glyphs_is_refused_before_it_takes_all_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "MAX_OUTLINE", 2)
    with pytest.raises(ConversionError) as caught:
        glyphs.Program(font(), "Own").outline(2)
    assert caught.value.code == "hostile-source"


def test_a_glyph_that_calls_and_calls_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "MAX_CALLS", 0)
    with pytest.raises(ConversionError) as caught:
        glyphs.Program(font("otf"), "Own").outline(2)
    assert caught.value.code == "hostile-source"


def cmap(*tables: tuple[int, int, bytes]) -> bytes:
    head, body = struct.pack(">HH", 0, len(tables)), b""
    for platform, encoding, data in tables:
        head += struct.pack(">HHL", platform, encoding, 4 + 8 * len(tables) + len(body))
        body += data
    return head + body


# Format 4 with the segments A to B and the last: ends, starts, distances, places in the list of glyphs, that list.
FORM_4 = (4, 36, 0, 4, 0, 0, 0, 0x42, 0xFFFF, 0, 0x41, 0xFFFF)
BY_DISTANCE = struct.pack(">18H", *FORM_4, 0xFFC5, 1, 0, 0, 0, 0)
BY_LIST = struct.pack(">18H", *FORM_4, 1, 1, 4, 0, 8, 0)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (cmap((1, 0, struct.pack(">HHH", 0, 262, 0) + bytes(65) + b"\x07" + bytes(190))), {"A": 7, "B": None}),
        (cmap((3, 0, struct.pack(">HHHHH2H", 6, 14, 0, 0xF041, 2, 5, 6))), {"A": 5, "B": 6, "\uf042": 6, "C": None}),
        (cmap((3, 1, struct.pack(">HHHHH2H", 6, 14, 0, 0x4E00, 2, 5, 6))), {"一": 5, "丁": 6, "丂": None}),
        (cmap((3, 10, struct.pack(">HHLLL3L", 12, 0, 28, 0, 1, 0x20000, 0x20002, 9))), {"\U00020001": 10, "A": None}),
        (cmap((3, 10, struct.pack(">HHLLL3L", 13, 0, 28, 0, 1, 0x41, 0x5A, 3))), {"A": 3, "Z": 3, "a": None}),
        (cmap((3, 1, BY_DISTANCE)), {"A": 6, "B": 7, "@": None}),
        (cmap((3, 1, BY_LIST)), {"A": 9, "B": None, "C": None}),  # 8 and 0 in the list, and 1 more
        (b"", {"A": None}),
        (cmap((3, 1, b"\0\4")), {"A": None}),
        (cmap((3, 10, struct.pack(">HHLLL", 12, 0, 28, 0, 0xFFFFFFFF))), {"A": None}),
    ],
)
def test_characters_are_looked_up_in_every_form_of_the_table(data: bytes, expected: dict[str, int | None]) -> None:
    found = charmap.parse(data)
    assert {char: found.glyph_of(ord(char)) or None for char in expected} == expected


# --- paths ---------------------------------------------------------------------------------------------------------


def test_a_path_is_drawn_along_in_black_unless_told_otherwise(make_ofd: MakeOfd) -> None:
    drawn = painted(make_ofd(path("M 10 10 L 50 10 L 50 50 L 10 50 C", 'LineWidth="2"')))
    assert near(at(drawn, 30, 10), BLACK)
    assert near(at(drawn, 30, 30), WHITE)


def test_a_filling_without_a_colour_is_transparent(make_ofd: MakeOfd) -> None:
    drawn = painted(make_ofd(path("M 10 10 L 50 10 L 50 50 L 10 50 C", 'Fill="true" LineWidth="2"')))
    assert near(at(drawn, 30, 30), WHITE)


def test_a_colour_for_filling_fills_nothing_unless_told_to(make_ofd: MakeOfd) -> None:
    drawn = painted(make_ofd(path("M 10 10 L 50 10 L 50 50 L 10 50 C", colours='<ofd:FillColor Value="255 0 0"/>')))
    assert near(at(drawn, 30, 30), WHITE)


def test_a_path_can_be_filled_and_drawn_along(make_ofd: MakeOfd) -> None:
    colours = '<ofd:FillColor Value="255 0 0"/><ofd:StrokeColor Value="0 0 255"/>'
    drawn = painted(make_ofd(path("M 10 10 L 50 10 L 50 50 L 10 50 C", 'Fill="true" LineWidth="4"', colours=colours)))
    assert near(at(drawn, 30, 30), RED)
    assert near(at(drawn, 30, 11), BLUE)


@pytest.mark.parametrize(("rule", "seen"), [("NonZero", RED), ("Even-Odd", WHITE), ("", RED)])
def test_a_hole_is_left_as_the_rule_says(make_ofd: MakeOfd, rule: str, seen: tuple[int, ...]) -> None:
    data = "M 10 10 L 60 10 L 60 60 L 10 60 C M 20 20 L 50 20 L 50 50 L 20 50 C"
    attributes = 'Fill="true" Stroke="false"' + (f' Rule="{rule}"' if rule else "")
    drawn = painted(make_ofd(path(data, attributes, colours='<ofd:FillColor Value="255 0 0"/>')))
    assert near(at(drawn, 35, 35), seen)
    assert near(at(drawn, 15, 35), RED)


def covered(source: Path) -> float:
    """Return the area in black, in square millimetres."""
    shades = enumerate(painted(source).convert("L").histogram())
    return sum((255 - value) * count for value, count in shades) / 255 / PIXELS**2


FILLED = 'Fill="true" Stroke="false"'
BLACK_FILL = '<ofd:FillColor Value="0 0 0"/>'


@pytest.mark.parametrize(
    ("data", "area"),
    [
        ("M 20 40 L 40 40 L 40 60 L 20 60 C", 400),
        ("S 20 40 L 40 40 40 60 20 60 C", 400),
        ("M 20 40 40 40 40 60 20 60 C", 400),
        ("M20,40L40,40L40,60L20,60C", 400),
        ("M 20 40 A 10 10 0 1 1 40 40 A 10 10 0 1 1 20 40 C", 314.2),
        ("M 20 40 A 10 10 0 0 0 40 40 C", 157.1),
        ("M 20 40 A 5 10 90 0 1 40 40 C", 78.5),
        ("M 20 40 A 10 10 0 1 1 30 50 C", 285.6),  # a circle without the piece over a quarter
        ("M 20 40 A 10 10 0 0 1 30 50 C", 28.5),  # that piece
        ("M 20 40 A 1 1 0 0 1 40 40 C", 157.1),  # radii that are too small grow until they reach
        ("M 20 40 Q 30 60 40 40 C", 133.3),  # two thirds of its triangle, 200
        ("M 20 40 B 20 60 40 60 40 40 C", 240),
        ("C L 20 0 L 20 20 C", 200),
        ("L 20 0 L 20 20 C", 200),  # without a start it begins at the origin
    ],
)
def test_an_outline_covers_what_it_should(make_ofd: MakeOfd, data: str, area: float) -> None:
    assert covered(make_ofd(path(data, FILLED, colours=BLACK_FILL))) == pytest.approx(area, rel=0.04)


def test_an_arc_turns_clockwise_where_sweep_is_one(make_ofd: MakeOfd) -> None:
    def middle(sweep: int) -> float:
        data = f"M 20 40 A 10 10 0 0 {sweep} 40 40"
        _, top, _, bottom = ink(painted(make_ofd(path(data, 'LineWidth="0.5"'))))
        return (top + bottom) / 2

    assert middle(1) < 40 < middle(0)


coordinate = st.floats(-50, 50).map(lambda value: round(value, 3))


@given(
    start=st.tuples(coordinate, coordinate),
    end=st.tuples(coordinate, coordinate),
    rx=st.floats(0.1, 60),
    ry=st.floats(0.1, 60),
    angle=st.floats(-360, 360),
    large=st.booleans(),
    sweep=st.booleans(),
)
def test_an_arc_goes_from_end_to_end_along_its_ellipse(
    start: tuple[float, float], end: tuple[float, float], rx: float, ry: float, angle: float, large: bool, sweep: bool
) -> None:
    curves = geometry.arc(start, rx, ry, angle, large, sweep, end)
    if start == end:
        assert curves == []
        return
    assert curves[-1][1][-1] == end
    if len(curves) < 3:
        return
    # Three points of an ellipse of known shape and the ends fix its centre; all of them are as far from it.
    back = geometry.multiply(geometry.rotation(-angle), geometry.scaling(1 / rx, 1 / ry))
    points = [geometry.apply(back, point) for point in (start, *(curve[1][-1] for curve in curves))]
    (ax, ay), (bx, by), (cx, cy) = points[:3]
    d = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by))
    ux = ((ax**2 + ay**2) * (by - cy) + (bx**2 + by**2) * (cy - ay) + (cx**2 + cy**2) * (ay - by)) / d
    uy = ((ax**2 + ay**2) * (cx - bx) + (bx**2 + by**2) * (ax - cx) + (cx**2 + cy**2) * (bx - ax)) / d
    radii = [((x - ux) ** 2 + (y - uy) ** 2) ** 0.5 for x, y in points]
    assert max(radii) - min(radii) < 1e-4 * max(1, *radii)


@pytest.mark.parametrize(
    "data", ["M 1", "M 1 1 L 2", "X 1 1", "M 1 1 L a b", "1 1", "M 1 1 C 2", "M 1 1 L 1e99 1", "M 1 1 A 1 1 0 0 1 5"]
)
def test_a_path_that_says_nothing_sensible_is_refused(make_ofd: MakeOfd, data: str) -> None:
    error = refused(make_ofd(path(data)))
    assert error.code == "damaged-source"
    assert "page 1, PathObject 7" in error.message


def test_lines_are_as_wide_as_their_matrix_makes_them(make_ofd: MakeOfd) -> None:
    _, top, _, bottom = ink(painted(make_ofd(path("M 2 10 L 20 10", 'LineWidth="1" CTM="4 0 0 4 0 0"'))))
    assert bottom - top == pytest.approx(4, abs=0.3)


def test_dashes_leave_gaps(make_ofd: MakeOfd) -> None:
    drawn = painted(make_ofd(path("M 10 20 L 90 20", 'LineWidth="2" DashPattern="10 5" DashOffset="5"')))
    assert [near(at(drawn, x, 20), colour) for x, colour in ((12, BLACK), (17.5, WHITE), (25, BLACK), (32, WHITE))] == [
        True
    ] * 4


@pytest.mark.parametrize(("cap", "length"), [("Butt", 40), ("Round", 50), ("Square", 50)])
def test_ends_of_lines(make_ofd: MakeOfd, cap: str, length: float) -> None:
    left, _, right, _ = ink(painted(make_ofd(path("M 20 20 L 60 20", f'LineWidth="10" Cap="{cap}"'))))
    assert right - left == pytest.approx(length, abs=0.5)


@pytest.mark.parametrize(("join", "seen"), [("Miter", BLACK), ("Bevel", WHITE)])
def test_corners_of_lines(make_ofd: MakeOfd, join: str, seen: tuple[int, ...]) -> None:
    drawn = painted(make_ofd(path("M 20 60 L 20 20 L 60 20", f'LineWidth="10" Join="{join}"')))
    assert near(at(drawn, 15.8, 15.8), seen)


@pytest.mark.parametrize(
    ("outline", "seen"),
    [
        ("M -9 0 L 20 0 L 20 20 L -9 20 C", (10, 10, 30, 30)),
        ("M 0 -9 L 20 -9 L 20 20 L 0 20 C", (10, 10, 30, 30)),
        ("M 0 0 L 80 0 L 80 20 L 0 20 C", (10, 10, 30, 30)),
        ("M 0 0 L 20 0 L 20 60 L 0 60 C", (10, 10, 30, 30)),
        ("M 5 5 L 15 5 L 15 15 L 5 15 C", (15, 15, 25, 25)),
    ],
)
def test_a_path_is_cut_at_its_boundary(make_ofd: MakeOfd, outline: str, seen: tuple[int, ...]) -> None:
    drawn = painted(make_ofd(path(outline, FILLED, colours=BLACK_FILL, boundary="10 10 20 20")))
    assert ink(drawn) == pytest.approx(seen, abs=0.8)


@pytest.mark.parametrize("end", [60, 90])
def test_a_line_on_the_edge_of_its_boundary_is_as_wide_as_any(make_ofd: MakeOfd, end: int) -> None:
    _, top, _, bottom = ink(painted(make_ofd(path(f"M 0 0 L {end} 0", 'LineWidth="3"', boundary="10 20 60 0"))))
    assert (top, bottom) == pytest.approx((18.5, 21.5), abs=0.3)


def test_a_boundary_of_negative_size_reaches_back_from_its_corner(make_ofd: MakeOfd) -> None:
    outline = "M 0 0 L -90 0 L -90 -10 L 0 -10 C"
    drawn = painted(make_ofd(path(outline, FILLED, colours=BLACK_FILL, boundary="50 40 -30 -30")))
    assert ink(drawn) == pytest.approx((20, 30, 50, 40), abs=0.8)


def test_an_object_that_is_not_visible_is_not_drawn(make_ofd: MakeOfd) -> None:
    assert painted(make_ofd(block(0, 0, 50, 50, attributes='Visible="false"'))).getextrema() == ((255, 255),) * 3


# --- colours -------------------------------------------------------------------------------------------------------

SPACES = (
    '<ofd:ColorSpaces><ofd:ColorSpace ID="70" Type="GRAY"/><ofd:ColorSpace ID="71" Type="CMYK"/>'
    '<ofd:ColorSpace ID="72" Type="RGB" BitsPerComponent="4"/>'
    '<ofd:ColorSpace ID="73" Type="RGB"><ofd:Palette><ofd:CV>1 2 3</ofd:CV><ofd:CV>0 0 255</ofd:CV></ofd:Palette>'
    "</ofd:ColorSpace></ofd:ColorSpaces>"
)


@pytest.mark.parametrize(
    ("colour", "seen"),
    [
        ('Value="255 0 0"', RED),
        ('Value="#FF #00 #80"', (255, 0, 128)),
        ('Value="255.0 0.0 0.0"', RED),
        ('Value="128" ColorSpace="70"', (128, 128, 128)),
        ('Value="0 0 0 255" ColorSpace="71"', (35, 31, 32)),  # as pdfium prints black ink
        ('Value="15 0 0" ColorSpace="72"', RED),
        ('Index="1" ColorSpace="73"', BLUE),
        ("", BLACK),
        ('ColorSpace="71"', WHITE),
        ('Value="300 -5 0"', RED),
        ('Value="0 0 255" Alpha="0"', WHITE),
    ],
)
def test_colours(make_ofd: MakeOfd, colour: str, seen: tuple[int, ...]) -> None:
    data = path("M 10 10 L 50 10 L 50 50 L 10 50 C", FILLED, colours=f"<ofd:FillColor {colour}/>")
    assert near(at(painted(make_ofd(data, res=SPACES)), 30, 30), seen)


def test_the_documents_colour_space_is_that_of_colours_without_one(make_ofd: MakeOfd) -> None:
    data = path("M 10 10 L 50 10 L 50 50 L 10 50 C", FILLED, colours='<ofd:FillColor Value="128"/>')
    drawn = painted(make_ofd(data, res=SPACES, common="<ofd:DefaultCS>70</ofd:DefaultCS>"))
    assert near(at(drawn, 30, 30), (128, 128, 128))


def shaded(shading: str, *, alpha: str = "") -> str:
    colours = f"<ofd:FillColor {alpha}>{shading}</ofd:FillColor>"
    return path("M 10 10 L 90 10 L 90 70 L 10 70 C", FILLED, colours=colours)


SEGMENTS = (
    '<ofd:Segment Position="0"><ofd:Color Value="255 0 0"/></ofd:Segment>'
    '<ofd:Segment Position="1"><ofd:Color Value="0 0 255"/></ofd:Segment>'
)


def test_an_axial_shading_goes_from_colour_to_colour(make_ofd: MakeOfd) -> None:
    drawn = painted(make_ofd(shaded(f'<ofd:AxialShd StartPoint="10 0" EndPoint="90 0">{SEGMENTS}</ofd:AxialShd>')))
    assert near(at(drawn, 11, 40), RED)
    assert near(at(drawn, 50, 40), (128, 0, 128))
    assert near(at(drawn, 89, 40), BLUE)


@pytest.mark.parametrize(
    ("extend", "left", "right"), [(0, WHITE, WHITE), (1, RED, WHITE), (2, WHITE, BLUE), (3, RED, BLUE)]
)
def test_a_shading_goes_on_beyond_its_ends_where_it_is_told_to(
    make_ofd: MakeOfd, extend: int, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    shading = f'<ofd:AxialShd StartPoint="40 0" EndPoint="60 0" Extend="{extend}">{SEGMENTS}</ofd:AxialShd>'
    drawn = painted(make_ofd(shaded(shading)))
    assert near(at(drawn, 20, 40), left)
    assert near(at(drawn, 80, 40), right)


def test_a_shading_follows_the_matrix_of_its_object(make_ofd: MakeOfd) -> None:
    shading = f'<ofd:AxialShd StartPoint="10 0" EndPoint="70 0">{SEGMENTS}</ofd:AxialShd>'
    turned = shaded(shading).replace('Fill="true"', 'CTM="0 1 -1 0 80 0" Fill="true"').replace("90", "70")
    drawn = painted(make_ofd(turned))
    assert near(at(drawn, 40, 12), RED, 20)
    assert near(at(drawn, 40, 68), BLUE, 20)


def test_a_radial_shading_goes_from_the_middle_outwards(make_ofd: MakeOfd) -> None:
    shading = (
        f'<ofd:RadialShd StartPoint="50 40" EndPoint="50 40" StartRadius="0" EndRadius="20">{SEGMENTS}</ofd:RadialShd>'
    )
    drawn = painted(make_ofd(shaded(shading)))
    assert near(at(drawn, 50, 40), RED, 20)
    assert near(at(drawn, 69, 40), BLUE, 20)
    assert near(at(drawn, 50, 62), WHITE)


def test_a_radial_shading_can_be_an_ellipse(make_ofd: MakeOfd) -> None:
    shading = (
        '<ofd:RadialShd StartPoint="50 40" EndPoint="50 40" EndRadius="20" Eccentricity="0.9" Angle="90">'
        f"{SEGMENTS}</ofd:RadialShd>"
    )
    drawn = painted(make_ofd(shaded(shading)))
    assert near(at(drawn, 50, 59), BLUE, 20)  # its long axis stands upright
    assert near(at(drawn, 65, 40), WHITE)


@pytest.mark.parametrize(("relative", "shift"), [("", 10), ('RelativeTo="Page"', 0)])
def test_a_pattern_repeats_its_cell(make_ofd: MakeOfd, relative: str, shift: int) -> None:
    content = f"<ofd:CellContent>{block(0, 0, 5, 10, '255 0 0')}</ofd:CellContent>"
    cell = f'<ofd:Pattern Width="10" Height="10" XStep="20" {relative}>{content}</ofd:Pattern>'
    drawn = painted(make_ofd(shaded(cell).replace('"0 0 100 80"', '"10 0 100 80"', 1)))
    found = [near(at(drawn, x + shift, 45), RED) for x in (22, 27, 32, 42, 62, 72)]
    assert found == [True, False, False, True, True, False]


@pytest.mark.parametrize(
    ("colour", "named"),
    [
        ("<ofd:GouraudShd/>", "GouraudShd"),
        ("<ofd:LaGouraudShd/>", "LaGouraudShd"),
        (
            f'<ofd:AxialShd MapType="Repeat" MapUnit="3" StartPoint="1 1" EndPoint="2 2">{SEGMENTS}</ofd:AxialShd>',
            "Repeat",
        ),
        ('<ofd:Pattern Width="9" Height="9" ReflectMethod="Row"/>', "Row"),
    ],
)
def test_a_colour_that_is_not_known_here_is_refused_by_name(make_ofd: MakeOfd, colour: str, named: str) -> None:
    error = refused(make_ofd(shaded(colour)))
    assert error.code == "unsupported-content"
    assert named in error.message
    assert "page 1, PathObject 7" in error.message


# --- drawing parameters --------------------------------------------------------------------------------------------

PARAMETERS = (
    '<ofd:DrawParams><ofd:DrawParam ID="80" LineWidth="4"><ofd:StrokeColor Value="255 0 0"/></ofd:DrawParam>'
    '<ofd:DrawParam ID="81" Relative="80"><ofd:StrokeColor Value="0 0 255"/></ofd:DrawParam></ofd:DrawParams>'
)


def layer(objects: str, attributes: str) -> str:
    return xml("Page", f"<ofd:Content><ofd:Layer {attributes}>{objects}</ofd:Layer></ofd:Content>")


@pytest.mark.parametrize(
    ("attributes", "own", "colour", "width"),
    [
        ('DrawParam="80"', "", RED, 4),
        ('DrawParam="81"', "", BLUE, 4),  # which is based on 80, for the width
        ('DrawParam="81"', 'DrawParam="80"', RED, 4),
        ('DrawParam="80"', 'LineWidth="8"', RED, 8),
    ],
)
def test_the_nearest_drawing_parameter_counts(
    make_ofd: MakeOfd, attributes: str, own: str, colour: tuple[int, ...], width: float
) -> None:
    drawn = painted(make_ofd(layer(path("M 10 40 L 90 40", own), attributes), res=PARAMETERS))
    _, top, _, bottom = ink(drawn)
    assert near(at(drawn, 50, 40), colour)
    assert bottom - top == pytest.approx(width, abs=0.4)


def test_drawing_parameters_that_are_not_there_are_reported(make_ofd: MakeOfd) -> None:
    _, (note,) = convert(make_ofd(layer(path("M 10 40 L 90 40"), 'DrawParam="602"')))
    assert note.code == "missing-parameters"
    assert "602" in note.message


def test_drawing_parameters_based_on_themselves_are_refused(make_ofd: MakeOfd) -> None:
    res = (
        '<ofd:DrawParams><ofd:DrawParam ID="80" Relative="81"/><ofd:DrawParam ID="81" Relative="80"/></ofd:DrawParams>'
    )
    assert refused(make_ofd(layer(path("M 10 40 L 90 40"), 'DrawParam="80"'), res=res)).code == "hostile-source"


# --- pictures ------------------------------------------------------------------------------------------------------


def pictured(make_ofd: MakeOfd, data: bytes, attributes: str = 'CTM="40 0 0 20 0 0"', **rest: Any) -> Path:
    return make_ofd(image(attributes, **rest), res=media(), files={"Doc_0/Res/picture.png": data})


def assert_upright(drawn: Image.Image, within: int = 12) -> None:
    """Find the corners of :func:`quarters` in the rectangle 10 10 40 20."""
    places = {RED: (20, 15), GREEN: (40, 15), BLUE: (20, 25)}
    assert {colour: near(at(drawn, *place), colour, within) for colour, place in places.items()} == dict.fromkeys(
        places, True
    )


@pytest.mark.parametrize(
    ("form", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "P"),
        ("PNG", "RGBA"),
        ("BMP", "RGB"),
        ("GIF", "P"),
        ("TIFF", "RGB"),
        ("JPEG", "RGB"),
    ],
)
def test_pictures_stand_upright_in_their_place(make_ofd: MakeOfd, form: str, mode: str) -> None:
    drawn = painted(pictured(make_ofd, saved(quarters(mode, (400, 200)), form)))
    assert_upright(drawn, 45)
    assert ink(drawn)[:2] == pytest.approx((10, 10), abs=0.3)


def test_the_inks_of_a_jpeg_are_not_turned_round(make_ofd: MakeOfd) -> None:
    drawn = painted(pictured(make_ofd, saved(quarters("CMYK", (400, 200)), "JPEG", quality=95)))
    assert near(at(drawn, 40, 25), WHITE)
    red, green, blue = at(drawn, 20, 15)
    assert red > 200
    assert max(green, blue) < 100


def test_a_jpeg_is_kept_byte_for_byte(make_ofd: MakeOfd) -> None:
    data = saved(quarters(), "JPEG", quality=95)
    out, _ = convert(pictured(make_ofd, data))
    with pikepdf.open(out) as document:
        (found,) = document.pages[0].Resources.XObject.values()
        assert found.read_raw_bytes() == data


@pytest.mark.parametrize(
    ("drawn", "value"),
    [
        (Image.new("1", (8, 8), 0), BLACK),
        (Image.new("L", (8, 8), 128), (128, 128, 128)),
        (Image.new("I;16", (8, 8), 128 * 257), (128, 128, 128)),
        (Image.new("LA", (8, 8), (0, 51)), (204, 204, 204)),
    ],
)
def test_greys_of_every_depth(make_ofd: MakeOfd, drawn: Image.Image, value: tuple[int, ...]) -> None:
    assert near(at(painted(pictured(make_ofd, saved(drawn))), 30, 20), value)


def test_what_is_transparent_in_a_picture_shows_the_page(make_ofd: MakeOfd) -> None:
    drawn = Image.new("RGBA", (40, 20), (255, 0, 0, 255))
    drawn.paste((0, 0, 0, 0), (20, 0, 40, 20))
    found = painted(
        make_ofd(
            block(0, 0, 100, 80, "0 255 0") + image('CTM="40 0 0 20 0 0"'),
            res=media(),
            files={"Doc_0/Res/picture.png": saved(drawn)},
        )
    )
    assert near(at(found, 20, 20), RED)
    assert near(at(found, 40, 20), GREEN)


def test_a_picture_without_a_matrix_fills_its_boundary(make_ofd: MakeOfd) -> None:
    assert_upright(painted(pictured(make_ofd, saved(quarters()), "")))


def test_a_picture_is_cut_at_its_boundary(make_ofd: MakeOfd) -> None:
    drawn = painted(pictured(make_ofd, saved(Image.new("L", (9, 9))), 'CTM="80 0 0 70 -10 -10"'))
    assert ink(drawn) == pytest.approx((10, 10, 50, 30), abs=0.3)


def test_a_mask_is_white_where_a_picture_shows(make_ofd: MakeOfd) -> None:
    mask = Image.new("1", (40, 20), 0)
    mask.paste(1, (0, 0, 20, 20))
    files = {"Doc_0/Res/picture.png": saved(Image.new("RGB", (40, 20), RED)), "Doc_0/Res/mask.png": saved(mask)}
    source = make_ofd(image('CTM="40 0 0 20 0 0" ImageMask="51"'), res=media() + media("mask.png", 51), files=files)
    drawn = painted(source)
    assert near(at(drawn, 20, 20), RED)
    assert near(at(drawn, 40, 20), WHITE)


def test_a_border_runs_round_a_picture(make_ofd: MakeOfd) -> None:
    border = '<ofd:Border LineWidth="2"><ofd:BorderColor Value="0 0 255"/></ofd:Border>'
    drawn = painted(pictured(make_ofd, saved(Image.new("RGB", (4, 2), RED)), inner=border))
    assert near(at(drawn, 30, 10.5), BLUE)
    assert near(at(drawn, 30, 20), RED)


def test_an_opacity_applies_to_pictures(make_ofd: MakeOfd) -> None:
    drawn = painted(pictured(make_ofd, saved(Image.new("RGB", (4, 2), RED)), 'CTM="40 0 0 20 0 0" Alpha="51"'))
    assert near(at(drawn, 30, 20), (255, 204, 204))


@pytest.mark.parametrize(("attributes", "blends"), [('Alpha="51"', True), ('BlendMode="Darken"', True), ("", False)])
def test_a_page_that_blends_says_so(make_ofd: MakeOfd, attributes: str, blends: bool) -> None:
    out, _ = convert(make_ofd(block(1, 1, 9, 9, attributes=attributes)))
    with pikepdf.open(out) as document:
        assert ("/Group" in document.pages[0]) == blends


def test_a_blend_mode_applies(make_ofd: MakeOfd) -> None:
    files = {"Doc_0/Res/picture.png": saved(Image.new("RGB", (4, 2), RED))}
    content = block(0, 0, 100, 80, "0 255 0") + image('CTM="40 0 0 20 0 0" BlendMode="Darken"')
    assert near(at(painted(make_ofd(content, res=media(), files=files)), 30, 20), BLACK)


def test_a_picture_used_on_many_pages_is_stored_once(make_ofd: MakeOfd) -> None:
    out, _ = convert(make_ofd(*[image()] * 3, res=media(), files={"Doc_0/Res/picture.png": saved(quarters())}))
    with pikepdf.open(out) as document:
        assert (
            sum(isinstance(each, pikepdf.Stream) and each.get("/Subtype") == "/Image" for each in document.objects) == 1
        )


def jbig2(drawn: Image.Image, *, sequential: bool = True) -> bytes:
    """Write a picture as JBIG2: one generic region whose data is that of a fax (T.88, 7.4.6; MMR)."""
    inverted = Image.frombytes("1", drawn.size, bytes(255 - byte for byte in drawn.tobytes()))  # 1 is black there
    data = saved(inverted, "TIFF", compression="group4")
    with Image.open(io.BytesIO(data)) as tiff:
        assert isinstance(tiff, TiffImagePlugin.TiffImageFile)
        (start,), (count,) = tiff.tag_v2[273], tiff.tag_v2[279]
    fax = data[start : start + count]
    size = struct.pack(">II", *drawn.size)
    bodies = [
        (48, size + bytes(8) + b"\0" + b"\0\0"),
        (38, size + bytes(8) + b"\0" + b"\1" + fax),
        (49, b""),
        (51, b""),
    ]
    heads = [
        struct.pack(">IBBBI", number, kind, 0, 0 if kind == 51 else 1, len(body))
        for number, (kind, body) in enumerate(bodies)
    ]
    start_of_file = b"\x97JB2\r\n\x1a\n" + bytes([1 if sequential else 0]) + struct.pack(">I", 1)
    contents = [body for _, body in bodies]
    if sequential:
        return start_of_file + b"".join(head + body for head, body in zip(heads, contents, strict=True))
    return start_of_file + b"".join(heads) + b"".join(contents)


@pytest.mark.parametrize("sequential", [True, False])
def test_a_jbig2_picture_is_embedded_as_it_is(make_ofd: MakeOfd, sequential: bool) -> None:
    drawn = Image.new("1", (40, 20), 1)
    drawn.paste(0, (0, 0, 20, 20))
    found = painted(pictured(make_ofd, jbig2(drawn, sequential=sequential)))
    assert near(at(found, 20, 20), BLACK)
    assert near(at(found, 40, 20), WHITE)


def test_only_the_segments_of_a_jbig2_pictures_page_are_kept(make_ofd: MakeOfd) -> None:
    data = jbig2(Image.new("1", (40, 20)))
    out, _ = convert(pictured(make_ofd, data))
    with pikepdf.open(out) as document:
        (found,) = document.pages[0].Resources.XObject.values()
        assert found.read_raw_bytes() == data[13:-22]  # without the file's header and the two segments that end it


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GBIG2 of some kind", "unsupported-content"),
        (b"<svg/>", "unsupported-content"),
        (b"", "unsupported-content"),
        (saved(quarters(size=(400, 200)))[:300], "damaged-source"),
        (saved(quarters(size=(400, 200)), "JPEG")[:900], "damaged-source"),
        (jbig2(Image.new("1", (40, 20)))[:30], "damaged-source"),
    ],
)
def test_a_picture_that_cannot_be_read_is_refused_with_its_page(make_ofd: MakeOfd, data: bytes, code: str) -> None:
    error = refused(pictured(make_ofd, data))
    assert error.code == code
    assert "page 1, ImageObject 9" in error.message


# --- clips and composites ------------------------------------------------------------------------------------------


def clipped(areas: str, attributes: str = "", *, matrix: str = "") -> str:
    clips = f"<ofd:Clips {attributes}>{areas}</ofd:Clips>"
    return block(0, 0, 100, 80, "255 0 0", matrix).replace("<ofd:FillColor", f"{clips}<ofd:FillColor", 1)


def area(data: str, boundary: str = "0 0 100 80", attributes: str = "", *, matrix: str = "") -> str:
    return (
        f'<ofd:Area {matrix}><ofd:Path Boundary="{boundary}" {attributes}>'
        f"<ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:Path></ofd:Area>"
    )


def rect(x: float, y: float, width: float, height: float, *, back: bool = False) -> str:
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    first, *others = corners[::-1] if back else corners
    return f"M {first[0]} {first[1]} " + " ".join(f"L {a} {b}" for a, b in others) + " C"


def reds(drawn: Image.Image, *places: tuple[float, float]) -> list[bool]:
    return [near(at(drawn, *place), RED) for place in places]


def test_a_clip_keeps_an_object_within_a_path(make_ofd: MakeOfd) -> None:
    drawn = painted(make_ofd(clipped(f"<ofd:Clip>{area(rect(20, 20, 30, 30))}</ofd:Clip>")))
    assert reds(drawn, (35, 35), (15, 35), (55, 35)) == [True, False, False]


def test_a_clip_does_not_reach_the_next_object(make_ofd: MakeOfd) -> None:
    content = clipped(f"<ofd:Clip>{area(rect(20, 20, 30, 30))}</ofd:Clip>") + block(70, 20, 20, 20, "255 0 0")
    assert reds(painted(make_ofd(content)), (35, 35), (80, 30)) == [True, True]


def test_a_clip_has_holes_where_its_rule_says_so(make_ofd: MakeOfd) -> None:
    outline = rect(20, 10, 60, 60) + " " + rect(40, 30, 20, 20)
    clip = area(outline, attributes='Rule="Even-Odd"')
    assert reds(painted(make_ofd(clipped(f"<ofd:Clip>{clip}</ofd:Clip>"))), (30, 40), (50, 40)) == [True, False]


def test_several_clips_keep_what_they_share(make_ofd: MakeOfd) -> None:
    clips = f"<ofd:Clip>{area(rect(10, 10, 40, 40))}</ofd:Clip><ofd:Clip>{area(rect(30, 10, 40, 40))}</ofd:Clip>"
    assert reds(painted(make_ofd(clipped(clips))), (20, 30), (40, 30), (60, 30)) == [False, True, False]


def test_several_areas_of_a_clip_keep_all_that_is_in_any(make_ofd: MakeOfd) -> None:
    clip = f"<ofd:Clip>{area(rect(10, 10, 40, 40))}{area(rect(30, 10, 40, 40, back=True))}</ofd:Clip>"
    assert reds(painted(make_ofd(clipped(clip))), (20, 30), (40, 30), (60, 30), (80, 30)) == [True, True, True, False]


def test_the_place_and_matrix_of_a_clips_path_count(make_ofd: MakeOfd) -> None:
    moved = area(rect(0, 0, 10, 10), "20 10 10 10", matrix='CTM="2 0 0 2 0 0"')
    drawn = painted(make_ofd(clipped(f"<ofd:Clip>{moved}</ofd:Clip>")))
    assert reds(drawn, (41, 21), (59, 39), (39, 21), (61, 39)) == [True, True, False, False]


@pytest.mark.parametrize(("flag", "inside"), [("true", (70, 30)), ("false", (35, 15))])
def test_the_matrix_of_an_object_moves_its_clip_unless_told_otherwise(
    make_ofd: MakeOfd, flag: str, inside: tuple[float, float]
) -> None:
    clip = f"<ofd:Clip>{area(rect(30, 10, 10, 10))}</ofd:Clip>"
    drawn = painted(make_ofd(clipped(clip, f'TransFlag="{flag}"', matrix='CTM="2 0 0 2 0 0"')))
    both = [(70, 30), (35, 15)]
    assert reds(drawn, *both) == [place == inside for place in both]


def test_text_can_be_a_clip(make_ofd: MakeOfd) -> None:
    text = '<ofd:Text Boundary="10 0 80 80" Font="90" Size="60"><ofd:TextCode X="0" Y="60">一</ofd:TextCode></ofd:Text>'
    drawn = painted(make_ofd(clipped(f"<ofd:Clip><ofd:Area>{text}</ofd:Area></ofd:Clip>")))
    left, top, right, bottom = ink(drawn.getchannel("G"))
    assert right - left > 40
    assert bottom - top < 15


def test_an_empty_clip_leaves_nothing(make_ofd: MakeOfd) -> None:
    clip = f"<ofd:Clip>{area('M 0 0 L 9 0 L 9 0 C')}</ofd:Clip>"
    assert painted(make_ofd(clipped(clip))).getextrema() == ((255, 255),) * 3


def test_clips_without_a_clip_cut_nothing(make_ofd: MakeOfd) -> None:
    assert reds(painted(make_ofd(clipped(""))), (50, 40)) == [True]


def composite(content: str, number: int = 61) -> str:
    unit = f'<ofd:CompositeGraphicUnit ID="{number}" Width="20" Height="20">'
    inner = f"{unit}<ofd:Content>{content}</ofd:Content></ofd:CompositeGraphicUnit>"
    return f"<ofd:CompositeGraphicUnits>{inner}</ofd:CompositeGraphicUnits>"


def use(number: int = 61, attributes: str = "") -> str:
    return f'<ofd:CompositeObject ID="4" ResourceID="{number}" Boundary="30 20 40 40" {attributes}/>'


def test_a_composite_is_drawn_in_its_place(make_ofd: MakeOfd) -> None:
    res = composite(block(0, 0, 10, 10, "255 0 0"))
    drawn = painted(make_ofd(use(attributes='CTM="2 0 0 2 0 0"'), res=res))
    assert ink(drawn.getchannel("G")) == pytest.approx((30, 20, 50, 40), abs=0.3)


def test_a_composite_is_as_transparent_as_it_is_told_to_be(make_ofd: MakeOfd) -> None:
    res = composite(block(0, 0, 20, 20, "255 0 0") + block(0, 0, 20, 20, "255 0 0"))
    assert near(at(painted(make_ofd(use(attributes='Alpha="51"'), res=res)), 40, 30), (255, 204, 204))


def test_a_transparent_composite_is_drawn_whole_whatever_size_it_claims(make_ofd: MakeOfd) -> None:
    res = composite(block(0, 0, 10, 10, "255 0 0")).replace('Width="20" Height="20"', "")
    assert near(at(painted(make_ofd(use(attributes='Alpha="51"'), res=res)), 35, 25), (255, 204, 204))


def test_page_blocks_are_drawn(make_ofd: MakeOfd) -> None:
    assert read(make_ofd(f"<ofd:PageBlock><ofd:PageBlock>{words('块')}</ofd:PageBlock></ofd:PageBlock>")) == "块"


def test_a_composite_that_holds_itself_is_refused(make_ofd: MakeOfd) -> None:
    assert refused(make_ofd(use(), res=composite(use()))).code == "hostile-source"


def test_composites_that_multiply_are_refused_in_time(make_ofd: MakeOfd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(package.LIMITS, "objects", 2_000)
    res = "".join(composite(use(number + 1) * 10, number) for number in range(61, 75)) + composite(
        block(0, 0, 1, 1), 75
    )
    error = refused(make_ofd(use(), res=res))
    assert error.code == "hostile-source"
    assert "objects" in error.message


@pytest.mark.parametrize("data", ["", "C", "M 5 5", "M 5 5 C"])
def test_a_path_of_nothing_draws_nothing(make_ofd: MakeOfd, data: str) -> None:
    assert painted(make_ofd(path(data, colours=BLACK_FILL))).getextrema() == ((255, 255),) * 3


def test_a_pattern_within_a_pattern_is_refused(make_ofd: MakeOfd) -> None:
    inner = shaded('<ofd:Pattern Width="2" Height="2"/>')
    error = refused(
        make_ofd(shaded(f'<ofd:Pattern Width="2" Height="2"><ofd:CellContent>{inner}</ofd:CellContent></ofd:Pattern>'))
    )
    assert error.code == "unsupported-content"


# --- annotations, links, outline -----------------------------------------------------------------------------------

LISTED = "<ofd:Annotations>Annots/Annotations.xml</ofd:Annotations>"


def annotated(make_ofd: MakeOfd, annotations: str, **rest: Any) -> Path:
    files = {
        "Doc_0/Annots/Annotations.xml": xml(
            "Annotations", '<ofd:Page PageID="1"><ofd:FileLoc>Page_1/Annotation.xml</ofd:FileLoc></ofd:Page>'
        ),
        "Doc_0/Annots/Page_1/Annotation.xml": xml("PageAnnot", annotations),
    }
    return make_ofd(block(0, 0, 100, 80, "0 255 0"), "", document=LISTED, files=files, **rest)


def annotation(content: str, attributes: str = "") -> str:
    looks = f'<ofd:Appearance Boundary="20 30 40 40">{content}</ofd:Appearance>'
    return f'<ofd:Annot ID="5" Type="Stamp" {attributes}>{looks}</ofd:Annot>'


def test_an_annotation_is_drawn_over_its_page_in_its_place(make_ofd: MakeOfd) -> None:
    drawn = painted(annotated(make_ofd, annotation(block(10, 10, 10, 10, "255 0 0"))))
    assert reds(drawn, (31, 41), (39, 49), (29, 41), (41, 49)) == [True, True, False, False]


def test_an_annotation_is_not_drawn_on_another_page(make_ofd: MakeOfd) -> None:
    source = annotated(make_ofd, annotation(block(10, 10, 10, 10, "255 0 0")))
    assert reds(painted(source, 1), (35, 45)) == [False]


def test_a_hidden_annotation_is_not_drawn(make_ofd: MakeOfd) -> None:
    assert reds(
        painted(annotated(make_ofd, annotation(block(10, 10, 10, 10, "255 0 0"), 'Visible="false"'))), (35, 45)
    ) == [False]


def test_annotations_that_are_promised_and_not_there_are_reported(make_ofd: MakeOfd) -> None:
    _, (note,) = convert(make_ofd("", document=LISTED))
    assert note.code == "unshown-annotations"
    assert "Doc_0/Annots/Annotations.xml" in note.message


def action(inner: str, event: str = "CLICK") -> str:
    return f'<ofd:Actions><ofd:Action Event="{event}">{inner}</ofd:Action></ofd:Actions>'


GOTO = '<ofd:Goto><ofd:Dest Type="XYZ" PageID="2" Left="10" Top="20"/></ofd:Goto>'


def linked(inner: str, event: str = "CLICK") -> str:
    return path("M 0 0 L 20 0", boundary="10 10 20 5").replace("<ofd:Abb", f"{action(inner, event)}<ofd:Abb", 1)


def test_links_lead_to_pages_and_addresses(make_ofd: MakeOfd, tmp_path: Path) -> None:
    source = make_ofd(linked(GOTO) + linked('<ofd:URI URI="https://example.org/a"/>'), "")
    part = pdf.normalise(convert(source)[0], tmp_path / "part.pdf")
    inside, outside = part.pages[0].links
    assert inside.page == 2
    assert inside.top == pytest.approx(60 / 25.4 * 72, abs=0.1)
    assert outside.uri == "https://example.org/a"
    box = [
        round(value / 72 * 25.4, 1) for value in (inside.box.left, inside.box.bottom, inside.box.right, inside.box.top)
    ]
    assert box == [10, 65, 30, 70]


@pytest.mark.parametrize("target", ['<ofd:URI URI="javascript:alert(1)"/>', '<ofd:URI URI="file:///etc/passwd"/>'])
def test_a_link_that_could_act_is_left_out(make_ofd: MakeOfd, target: str) -> None:
    out, _ = convert(make_ofd(linked(target)))
    with pikepdf.open(out) as document:
        assert "/Annots" not in document.pages[0]


def test_what_would_play_or_open_files_is_counted(make_ofd: MakeOfd) -> None:
    _, (note,) = convert(make_ofd(linked('<ofd:Sound ResourceID="1"/>') + linked('<ofd:GotoA AttachID="1"/>')))
    assert note.code == "actions-removed"
    assert note.message.startswith("2 ")


def test_the_outline_is_kept(make_ofd: MakeOfd, tmp_path: Path) -> None:
    inner = f'<ofd:OutlineElem Title="第一节">{action(GOTO)}</ofd:OutlineElem>'
    outer = f'<ofd:OutlineElem Title="第一章">{action(GOTO.replace("2", "1", 1))}{inner}</ofd:OutlineElem>'
    outline = f"<ofd:Outlines>{outer}</ofd:Outlines>"
    part = pdf.normalise(convert(make_ofd("", "", document=outline))[0], tmp_path / "part.pdf")
    assert [(entry.title, entry.page, entry.level) for entry in part.outline] == [("第一章", 1, 1), ("第一节", 2, 2)]


def test_attachments_are_reported_by_name(make_ofd: MakeOfd) -> None:
    listed = xml(
        "Attachments", '<ofd:Attachment ID="1" Name="附件.xlsx"><ofd:FileLoc>a.xlsx</ofd:FileLoc></ofd:Attachment>'
    )
    source = make_ofd("", document="<ofd:Attachments>A.xml</ofd:Attachments>", files={"Doc_0/A.xml": listed})
    _, (note,) = convert(source)
    assert note.code == "embedded-files"
    assert "附件.xlsx" in note.message


# --- seals ---------------------------------------------------------------------------------------------------------


def der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x84]) + size.to_bytes(4, "big")
    return bytes([tag]) + length + content


def seal_of(data: bytes, kind: str = "png") -> bytes:
    """Return a seal (SESeal of GB/T 38540) that holds a picture."""
    number = der(2, b"\x1e")
    header = der(0x30, der(0x16, b"ES"), der(2, b"\4"), der(0x16, b"MAKER"))
    holder = der(0x30, der(2, b"\1"), der(0x0C, "专用章".encode()))
    shown = der(0x30, der(0x16, kind.encode()), der(4, data), number, number)
    return der(0x30, der(0x30, header, der(0x16, b"1"), holder, shown), der(4, b"certificate"))


def value_of(data: bytes, kind: str = "png") -> bytes:
    """Return a signature value (SES_Signature) around a seal."""
    return der(
        0x30, der(0x30, der(2, b"\4"), seal_of(data, kind), der(0x18, b"20230101000000Z")), der(4, b"certificate")
    )


SIGNED = "<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>"


def sealed(
    make_ofd: MakeOfd, value: bytes, stamps: str = '<ofd:StampAnnot ID="1" PageRef="1" Boundary="10 10 40 20"/>',
    *pages: str, extra: Files | None = None, seal_file: str = "",
) -> Path:  # fmt: skip
    own = f"<ofd:Seal><ofd:BaseLoc>{seal_file}</ofd:BaseLoc></ofd:Seal>" if seal_file else ""
    files = {
        "Doc_0/Signs/Signatures.xml": xml("Signatures", '<ofd:Signature ID="1" BaseLoc="Sign_0/Signature.xml"/>'),
        "Doc_0/Signs/Sign_0/Signature.xml": xml(
            "Signature",
            f"<ofd:SignedInfo>{stamps}{own}</ofd:SignedInfo><ofd:SignedValue>SignedValue.dat</ofd:SignedValue>",
        ),
        "Doc_0/Signs/Sign_0/SignedValue.dat": value,
    }
    return make_ofd(*pages, body=SIGNED, files=files | dict(extra or {}))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF"])
def test_a_seals_picture_is_printed_in_its_place(make_ofd: MakeOfd, form: str) -> None:
    assert_upright(painted(sealed(make_ofd, value_of(saved(quarters(size=(400, 200)), form), form.lower()))), 45)


def test_a_seals_place_can_be_given_from_any_corner(make_ofd: MakeOfd) -> None:
    stamp = '<ofd:StampAnnot ID="1" PageRef="1" Boundary="50 30 -40 -20"/>'
    assert_upright(painted(sealed(make_ofd, value_of(saved(quarters())), stamp)))


def test_a_seal_can_itself_be_an_ofd(make_ofd: MakeOfd) -> None:
    inner = pack(
        parts(block(0, 0, 50, 40, "255 0 0") + words("国家税务总局", 'X="10" Y="60" DeltaX="g 5 12"', size=12))
    )
    source = sealed(make_ofd, value_of(inner, "ofd"))
    drawn = painted(source)
    assert reds(drawn, (11, 11), (29, 19), (31, 19), (29, 21)) == [
        True,
        True,
        False,
        False,
    ]  # 100 by 80 shown as 40 by 20
    assert "国家税务总局" in read(source)


def test_what_lies_under_a_seal_stays_legible(make_ofd: MakeOfd) -> None:
    opaque = saved(Image.new("RGB", (40, 20), WHITE))
    place = '<ofd:StampAnnot PageRef="1" Boundary="10 10 40 20"/>'
    drawn = painted(sealed(make_ofd, value_of(opaque), place, block(20, 15, 5, 5)))
    assert near(at(drawn, 22, 17), BLACK)


def test_a_clip_shows_a_part_of_a_seal_that_straddles_pages(make_ofd: MakeOfd) -> None:
    stamps = "".join(
        f'<ofd:StampAnnot PageRef="{page}" Boundary="10 10 40 20" Clip="{20 * (page - 1)} 0 20 20"/>' for page in (1, 2)
    )
    source = sealed(make_ofd, value_of(saved(Image.new("RGB", (40, 20), RED))), stamps, "", "")
    assert reds(painted(source, 0), (20, 20), (40, 20)) == [True, False]
    assert reds(painted(source, 1), (20, 20), (40, 20)) == [False, True]


def test_a_seals_picture_is_found_in_the_seals_own_file_too(make_ofd: MakeOfd) -> None:
    extra = {"Doc_0/Signs/Sign_0/Seal.esl": seal_of(saved(quarters()))}
    assert_upright(painted(sealed(make_ofd, b"\x30\x03\x02\x01\x05", extra=extra, seal_file="Seal.esl")))


def test_a_signature_is_reported_as_lost(make_ofd: MakeOfd) -> None:
    _, notes = convert(sealed(make_ofd, value_of(saved(quarters()))))
    assert codes(notes) == ["signature-lost"]
    assert "original" in notes[0].fix


def test_a_signature_without_a_seal_needs_no_picture(make_ofd: MakeOfd) -> None:
    assert codes(convert(sealed(make_ofd, b"anything", ""))[1]) == ["signature-lost"]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x30",
        b"\x30\x80\0\0",
        value_of(b""),
        value_of(saved(quarters()))[:80],
        der(0x30, der(2, b"\1")),
        b"\x30\x84\xff\xff\xff\xff",
    ],
)
def test_a_seal_without_a_picture_is_refused(make_ofd: MakeOfd, value: bytes) -> None:
    error = refused(sealed(make_ofd, value))
    assert error.code == "damaged-source"
    assert "seal" in error.message


def test_a_seal_whose_picture_is_of_no_known_kind_is_refused(make_ofd: MakeOfd) -> None:
    error = refused(sealed(make_ofd, value_of(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg")))
    assert error.code == "unsupported-content"
    assert "seal" in error.message


def test_a_seal_on_a_page_that_is_not_there_is_refused(make_ofd: MakeOfd) -> None:
    error = refused(sealed(make_ofd, value_of(saved(quarters())), '<ofd:StampAnnot PageRef="99" Boundary="1 1 9 9"/>'))
    assert "99" in error.message


def test_seals_within_seals_end(make_ofd: MakeOfd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "MAX_DEPTH", 4)
    value = value_of(saved(quarters()))
    for _ in range(6):
        value = value_of(sealed(make_ofd, value).read_bytes(), "ofd")
    assert refused(sealed(make_ofd, value)).code == "hostile-source"


@given(data=st.binary(max_size=200))
def test_no_bytes_make_the_reader_of_seals_stumble(data: bytes) -> None:
    assert seal.picture(data) is None


# --- what is missing, unknown or broken ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('<ofd:VideoObject ID="3"/>', "VideoObject"),
        (image('BlendMode="Dazzle"'), "Dazzle"),
        (path("M 1 1 L 9 9", 'Cap="Pointed"'), "Pointed"),
        (block(1, 1, 9, 9).replace("<ofd:FillColor", '<ofd:FillColor ColorSpace="75"'), "LAB"),
        (clipped("<ofd:Clip><ofd:Area><ofd:Image/></ofd:Area></ofd:Clip>"), "clip"),
    ],
)
def test_what_is_not_known_here_is_refused_by_name(make_ofd: MakeOfd, content: str, named: str) -> None:
    res = media() + '<ofd:ColorSpaces><ofd:ColorSpace ID="75" Type="LAB"/></ofd:ColorSpaces>'
    error = refused(make_ofd("", content, res=res, files={"Doc_0/Res/picture.png": saved(quarters())}))
    assert error.code == "unsupported-content"
    assert named in error.message
    assert "page 2" in error.message


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (words("字", font=12345), "font 12345"),
        (image(number=12345), "picture 12345"),
        (image(), "picture.png"),
        (words("字", font=91), "own.ttf"),
        (use(12345), "composite 12345"),
        (page(head='<ofd:Template TemplateID="12345"/>'), "template 12345"),
    ],
)
def test_a_missing_resource_is_refused_by_name(make_ofd: MakeOfd, content: str, named: str) -> None:
    error = refused(make_ofd(content, res=media() + own_font()))
    assert error.code == "damaged-source"
    assert named in error.message
    assert "page 1" in error.message


@pytest.mark.parametrize(
    "gone", ["OFD.xml", "Doc_0/Document.xml", "Doc_0/Pages/Page_1/Content.xml", "Doc_0/Signs/Signatures.xml"]
)
def test_a_missing_part_is_refused_by_name(make_ofd: MakeOfd, gone: str) -> None:
    found = parts("", body=SIGNED, files={"Doc_0/Signs/Signatures.xml": xml("Signatures", "")})
    del found[gone]
    error = refused(make_ofd.raw(pack(found)))
    assert error.code == "damaged-source"
    assert gone in error.message


@pytest.mark.parametrize(
    "attributes",
    [
        'Boundary="1 2 3"',
        'Boundary="a b c d"',
        'Boundary="0 0 nan 1"',
        'Boundary="0 0 1e300 1"',
        'Boundary="0 0 9 9" CTM="1 2"',
    ],
)
def test_numbers_that_are_none_are_refused(make_ofd: MakeOfd, attributes: str) -> None:
    content = f"<ofd:PathObject {attributes}><ofd:AbbreviatedData>M 1 1</ofd:AbbreviatedData></ofd:PathObject>"
    assert refused(make_ofd(content)).code == "damaged-source"


@pytest.mark.parametrize(
    "name", ["OFD.xml", "Doc_0/Document.xml", "Doc_0/PublicRes.xml", "Doc_0/Pages/Page_1/Content.xml"]
)
@pytest.mark.parametrize("content", ["", "no XML", "<a><b></a>"])
def test_a_part_that_is_not_xml_is_refused_by_name(make_ofd: MakeOfd, name: str, content: str) -> None:
    error = refused(make_ofd("", files={name: content}))
    assert error.code == "damaged-source"
    assert name in error.message


def test_a_document_without_pages_is_refused(make_ofd: MakeOfd) -> None:
    found = parts("")
    found["Doc_0/Document.xml"] = re.sub(r"<ofd:Page [^>]*>", "", str(found["Doc_0/Document.xml"]))
    assert "no pages" in refused(make_ofd.raw(pack(found))).message


@pytest.mark.parametrize("data", [b"", b"garbage", b"PK\x03\x04 and nothing", pack(parts(words("字")))[:400]])
def test_what_is_no_package_is_refused(make_ofd: MakeOfd, data: bytes) -> None:
    assert refused(make_ofd.raw(data)).code == "damaged-source"


def test_a_part_whose_checksum_is_wrong_is_refused(make_ofd: MakeOfd) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as file:
        for name, content in parts(words("校验")).items():
            file.writestr(zipfile.ZipInfo(name), content)
    error = refused(make_ofd.raw(target.getvalue().replace("校验".encode(), "核验".encode())))
    assert error.code == "damaged-source"
    assert "Content.xml" in error.message


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "fort.ofd").message


@pytest.mark.parametrize("how", ["password", "key"])
def test_an_encrypted_file_is_refused_as_such(make_ofd: MakeOfd, how: str) -> None:
    data = pack(parts("", files={"Encryptions.xml": "<x/>"} if how == "key" else {}))
    if how == "password":
        data = re.sub(rb"(PK\x01\x02.{4})..", lambda found: found[1] + b"\1\0", data, flags=re.DOTALL)
    assert refused(make_ofd.raw(data)).code == "encrypted-source"


def test_a_refusal_crosses_processes(make_ofd: MakeOfd) -> None:
    error = refused(make_ofd(words("字", font=1)))
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.message, copy.fix, copy.code) == (error.message, error.fix, error.code)


# --- locations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location", ["Res/a.png", "/Doc_0/Res/a.png", "./Res/../Res/a.png", "Res\\a.png", "res/A.PNG", " Res/a.png "]
)
def test_a_location_leads_to_its_part(make_ofd: MakeOfd, location: str) -> None:
    res = media(location)
    found = parts(image(), res=res, files={"Doc_0/Res/a.png": saved(quarters())})
    found["Doc_0/PublicRes.xml"] = str(found["Doc_0/PublicRes.xml"]).replace(' BaseLoc="Res"', "")
    assert_upright(painted(make_ofd.raw(pack(found))))


@pytest.mark.parametrize("location", ["../../../etc/passwd", "/../x.png", "..\\..\\..\\x"])
def test_a_location_that_leads_out_is_refused(make_ofd: MakeOfd, location: str) -> None:
    error = refused(make_ofd(image(), res=media(location)))
    assert error.code == "hostile-source"
    assert "outside" in error.message


def test_an_entry_that_leads_out_is_refused(make_ofd: MakeOfd) -> None:
    assert refused(make_ofd("", files={"../evil.sh": "x"})).code == "hostile-source"


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_names_are_understood_that_do_not_say_how_they_are_written(make_ofd: MakeOfd, encoding: str) -> None:
    found = parts(image(), res=media("图片.png"))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name, content in found.items():
            file.writestr(zipfile.ZipInfo(name), content)
        file.writestr(zipfile.ZipInfo("Doc_0/Res/" + "?" * len("图片".encode(encoding)) + ".png"), saved(quarters()))
    data = target.getvalue().replace(b"?" * len("图片".encode(encoding)), "图片".encode(encoding))
    assert_upright(painted(make_ofd.raw(data)))


def test_two_parts_of_one_name_are_refused(make_ofd: MakeOfd) -> None:
    assert "two of its parts" in refused(make_ofd("", files={"./OFD.xml": "<x/>"})).message


# --- hostile files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]>',
        '<!DOCTYPE x SYSTEM "http://example.org/x.dtd">',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_entities_and_dtds_are_refused(make_ofd: MakeOfd, declared: str, encoding: str) -> None:
    content = page(words("字")).replace("?>", f"?>{declared}", 1).replace("UTF-8", encoding)
    error = refused(make_ofd("", files={"Doc_0/Pages/Page_1/Content.xml": content.encode(encoding)}))
    assert error.code == "hostile-source"
    assert "Content.xml" in error.message


def test_a_part_in_another_encoding_is_read(make_ofd: MakeOfd) -> None:
    content = page(words("发文")).replace("UTF-8", "GB18030").encode("gb18030")
    assert read(make_ofd("", files={"Doc_0/Pages/Page_1/Content.xml": content})) == "发文"


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [("MAX_ENTRIES", 3, "parts"), ("MAX_UNPACKED", 1000, "MiB"), ("RATIO_FROM", 1000, "bomb"), ("MAX_XML", 300, "XML")],
)
def test_a_package_beyond_its_limits_is_refused(
    make_ofd: MakeOfd, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, said: str
) -> None:
    monkeypatch.setattr(package, limit, value)
    error = refused(make_ofd("", files={"Doc_0/zeros.bin": bytes(2_000_000)}))
    assert error.code == "hostile-source"
    assert said in error.message


@pytest.mark.parametrize(
    ("kind", "limit"), [("pages", 1), ("objects", 3), ("characters", 5), ("numbers in paths", 9), ("pixels", 700)]
)
def test_a_document_that_asks_for_too_much_is_refused(
    make_ofd: MakeOfd, monkeypatch: pytest.MonkeyPatch, kind: str, limit: int
) -> None:
    files = {"Doc_0/Res/picture.png": saved(quarters())}
    source = make_ofd(
        words("四个汉字") + words("四个汉字") + path("M 1 1 L 2 2 L 3 3") * 2 + image(), "", res=media(), files=files
    )
    convert(source)
    monkeypatch.setitem(package.LIMITS, kind, limit)
    error = refused(source)
    assert error.code == "hostile-source"
    assert kind in error.message


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [(drawing, "MAX_TEXT", 3), (geometry, "MAX_PATH", 3), (picture, "MAX_PIXELS", 100), (glyphs, "MAX_FONT", 100)],
)
def test_one_object_that_asks_for_too_much_is_refused(
    make_ofd: MakeOfd, monkeypatch: pytest.MonkeyPatch, module: Any, limit: str, value: int
) -> None:
    files = {"Doc_0/Res/picture.png": saved(quarters()), "Doc_0/Res/own.ttf": font(characters={0x7AE0: "square"})}
    content = words("四个汉字") + path("M 1 1 L 2 2") + image() + words("章", font=91)
    source = make_ofd(content, res=media() + own_font(), files=files)
    convert(source)
    drawing._program.cache_clear()
    monkeypatch.setattr(module, limit, value)
    try:
        assert refused(source).code == "hostile-source"
    finally:
        drawing._program.cache_clear()


def test_a_page_whose_drawing_is_too_long_is_refused(make_ofd: MakeOfd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "MAX_CONTENT", 500)
    assert refused(make_ofd(block(1, 1, 2, 2) * 20)).code == "hostile-source"


@pytest.mark.parametrize("size", ["0 0 0 0", "0 0 999999 10", "0 0 10 0.001"])
def test_a_page_of_an_absurd_size_is_refused(make_ofd: MakeOfd, size: str) -> None:
    error = refused(make_ofd(page(area=size)))
    assert error.code == "hostile-source"
    assert "page 1" in error.message


def test_blocks_that_nest_without_end_are_refused(make_ofd: MakeOfd) -> None:
    error = refused(make_ofd("<ofd:PageBlock>" * 100 + "</ofd:PageBlock>" * 100))
    assert error.code == "hostile-source"


def test_elements_that_nest_without_end_are_refused(make_ofd: MakeOfd) -> None:
    assert refused(make_ofd("<a>" * 100_000 + "</a>" * 100_000)).code == "damaged-source"


def test_offsets_that_claim_to_be_endless_cost_nothing(make_ofd: MakeOfd) -> None:
    assert starts(make_ofd(words("市监", 'DeltaX="g 999999 7"'))) == [("市", 10.0), ("监", 17.0)]


@pytest.mark.parametrize("cell", ['Width="0" Height="5"', 'Width="0.001" Height="0.001"'])
def test_a_pattern_of_specks_is_refused(make_ofd: MakeOfd, cell: str) -> None:
    assert refused(make_ofd(shaded(f"<ofd:Pattern {cell}/>"))).code == "hostile-source"


def test_dashes_too_short_to_be_seen_are_a_line(make_ofd: MakeOfd) -> None:
    drawn = painted(make_ofd(path("M 10 20 L 90 20", 'LineWidth="2" DashPattern="0.0000001 0.0000001"')))
    assert near(at(drawn, 50, 20), BLACK)


def test_an_outline_without_end_is_refused(make_ofd: MakeOfd) -> None:
    nested = '<ofd:OutlineElem Title="x">' * 50 + "</ofd:OutlineElem>" * 50
    assert refused(make_ofd("", document=f"<ofd:Outlines>{nested}</ofd:Outlines>")).code == "hostile-source"


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """Return data with some of its bytes, numbers or lengths changed."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 3))):
        at = chance.randrange(len(changed) or 1)
        kind = chance.randrange(4)
        if kind == 0 and changed:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del changed[at : at + chance.choice((1, 9, 90))]
        elif kind == 2:
            found = list(re.finditer(rb"-?\d+(?:\.\d+)?", bytes(changed[at : at + 60])))
            if found:
                match = chance.choice(found)
                extreme = chance.choice((b"-1", b"0", b"1e300", b"nan", b"", b"65536", b"g 9 9", b"0.00001", b"../x"))
                changed[at + match.start() : at + match.end()] = extreme
        else:
            changed[at:at] = changed[:at][-40:]
    return bytes(changed)


def everything(tmp_path: Path) -> dict[str, str | bytes]:
    """Return the parts of a file that holds something of every kind."""
    make = MakeOfd(tmp_path)
    inner = pack(parts(words("章")))
    content = (
        words("国家字", 'DeltaX="g 2 6"', 'Weight="700" Italic="true"')
        + words("密", font=91, inner=glyph(2))
        + shaded(f'<ofd:RadialShd StartPoint="50 40" EndPoint="50 40" EndRadius="20">{SEGMENTS}</ofd:RadialShd>')
        + clipped(f"<ofd:Clip>{area(rect(20, 20, 30, 30))}</ofd:Clip>")
        + image('CTM="40 0 0 20 0 0" ImageMask="50"')
        + use()
        + linked(GOTO)
    )
    files = {"Doc_0/Res/picture.png": saved(quarters()), "Doc_0/Res/own.ttf": font()}
    stamps = '<ofd:StampAnnot PageRef="1" Boundary="10 10 40 20" Clip="0 0 9 9"/>'
    sealed(make, value_of(inner, "ofd"), stamps)
    with zipfile.ZipFile(tmp_path / "文件.ofd") as file:
        signs = {name: file.read(name) for name in file.namelist() if "Signs" in name}
    res = media() + own_font() + PARAMETERS + SPACES + composite(block(0, 0, 10, 10))
    return parts(layer(content, 'DrawParam="81"'), "", res=res, files=files | signs, body=SIGNED)


@pytest.mark.parametrize("seed", range(8))
def test_spoilt_files_are_drawn_or_refused_and_never_crash(make_ofd: MakeOfd, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    whole = everything(tmp_path)
    convert(make_ofd.raw(pack(whole)))
    ends: Counter[str] = Counter()
    for _ in range(40):
        name = chance.choice(sorted(whole))
        content = whole[name]
        data = content.encode() if isinstance(content, str) else content
        ends[how_it_ends(make_ofd.raw(pack(whole | {name: spoilt(data, chance)})))] += 1
    assert set(ends) <= {"drawn", "damaged-source", "hostile-source", "unsupported-content", "encrypted-source"}
    assert ends.total() == 40


def how_it_ends(source: Path) -> str:
    try:
        convert(source)
    except ConversionError as error:
        return error.code
    return "drawn"


# --- the PDF as a whole --------------------------------------------------------------------------------------------


def test_the_same_file_gives_the_same_bytes_in_any_process(make_ofd: MakeOfd, tmp_path: Path) -> None:
    source = make_ofd.raw(pack(everything(tmp_path)))
    code = "import sys, pathlib; from dossier.convert import ofd; ofd.convert(*map(pathlib.Path, sys.argv[1:]))"
    outs = [tmp_path / f"{number}.pdf" for number in range(2)]
    for number, out in enumerate(outs):
        subprocess.run(
            [sys.executable, "-c", code, source, out], check=True, env=os.environ | {"PYTHONHASHSEED": str(number)}
        )
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_the_pdf_becomes_a_part(make_ofd: MakeOfd, tmp_path: Path) -> None:
    source = make_ofd.raw(pack(everything(tmp_path)))
    part = pdf.normalise(convert(source)[0], tmp_path / "part.pdf")
    assert part.notes == ()
    assert [round(page.width / 72 * 25.4) for page in part.pages] == [WIDTH, WIDTH]
    assert not part.pages[0].ink.blank


# --- files from the wild -------------------------------------------------------------------------------------------


def written(source: Path) -> Counter[str]:
    """Count the characters of a file's own pages, templates and annotations, as its XML has them."""
    found: Counter[str] = Counter()
    with zipfile.ZipFile(source) as file:
        root = etree.fromstring(file.read("Doc_0/Document.xml"))
        templates = {node.get("ID"): node.get("BaseLoc") for node in root.iter("{*}TemplatePage")}
        trees = []
        for entry in root.find("{*}Pages"):
            tree = etree.fromstring(file.read(f"Doc_0/{entry.get('BaseLoc')}"))
            used = [templates[node.get("TemplateID")] for node in tree.iter("{*}Template")]
            trees += [tree, *(etree.fromstring(file.read(f"Doc_0/{name}")) for name in used)]
        trees += [etree.fromstring(file.read(name)) for name in file.namelist() if name.endswith("/Annotation.xml")]
    for tree in trees:
        for node in tree.iter("{*}TextCode"):
            found.update("".join((node.text or "").split()))
    return found


@pytest.fixture(scope="module")
def drawn_from_the_wild(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], tuple[Path, tuple[Note, ...]]]:
    done: dict[Path, tuple[Path, tuple[Note, ...]]] = {}

    def draw(source: Path) -> tuple[Path, tuple[Note, ...]]:
        if source not in done:
            out = tmp_path_factory.mktemp("wild") / "out.pdf"
            done[source] = out, ofd.convert(source, out)
        return done[source]

    return draw


Drawn = Callable[[Path], tuple[Path, tuple[Note, ...]]]


@pytest.mark.real
@pytest.mark.parametrize("name", REAL_NAMES)
def test_every_character_of_a_real_file_can_be_found(
    real: Callable[[str], Path], drawn_from_the_wild: Drawn, name: str
) -> None:
    source = real(f"ofd/{name}")
    out, _ = drawn_from_the_wild(source)
    with pypdfium2.PdfDocument(out) as document:
        text = "".join(page.get_textpage().get_text_range() for page in document)
    assert written(source) - Counter("".join(text.split())) == Counter()


@pytest.mark.real
@pytest.mark.parametrize(("name", "pages"), list(zip(REAL_NAMES, (5, 1, 1, 1), strict=True)))
def test_a_real_file_has_all_its_pages(
    real: Callable[[str], Path], drawn_from_the_wild: Drawn, name: str, pages: int
) -> None:
    out, notes = drawn_from_the_wild(real(f"ofd/{name}"))
    with pikepdf.open(out) as document:
        assert len(document.pages) == pages
        assert document.check_pdf_syntax() == []
    assert "missing-glyphs" not in codes(notes)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "place"),
    [("999.ofd", (90, 8, 120, 28)), ("keyword.ofd", (90, 110, 132, 152)), ("发票示例.ofd", (90, 8, 120, 28))],
)
def test_the_seal_of_a_real_file_is_red_and_where_it_belongs(
    real: Callable[[str], Path], drawn_from_the_wild: Drawn, name: str, place: tuple[int, int, int, int]
) -> None:
    out, _ = drawn_from_the_wild(real(f"ofd/{name}"))
    with pypdfium2.PdfDocument(out) as document:
        drawn = document[0].render(scale=PIXELS * 25.4 / 72).to_pil().convert("RGB")
    strong, *weak = drawn.split()
    red = strong.point(lambda value: 255 if value > 180 else 0)
    for channel in weak:
        red = ImageChops.darker(red, channel.point(lambda value: 255 if value < 90 else 0))
    found = red.getbbox()
    assert found is not None
    left, top, right, bottom = (value / PIXELS for value in found)
    assert (left, top, right, bottom) == pytest.approx(place, abs=2.5)


@pytest.mark.real
def test_text_that_a_real_file_draws_sideways_stands_sideways(
    real: Callable[[str], Path], drawn_from_the_wild: Drawn
) -> None:
    out, _ = drawn_from_the_wild(real("ofd/文字横向-数科.ofd"))
    with pypdfium2.PdfDocument(out) as document:
        text = document[0].get_textpage()
        found = text.get_text_range()
        first = found.index("121212")
        boxes = [text.get_charbox(first + index) for index in range(6)]
    assert [box[1] for box in boxes] == sorted((box[1] for box in boxes), reverse=True)  # downwards
    assert max(box[0] for box in boxes) - min(box[0] for box in boxes) < 2


@pytest.mark.real
def test_what_a_real_file_lacks_is_reported(real: Callable[[str], Path], drawn_from_the_wild: Drawn) -> None:
    found = {name: codes(drawn_from_the_wild(real(f"ofd/{name}"))[1]) for name in REAL_NAMES}
    assert found == {
        "999.ofd": ["signature-lost", "embedded-files", "missing-parameters"],
        "keyword.ofd": ["signature-lost", "unshown-annotations"],
        "发票示例.ofd": [],
        "文字横向-数科.ofd": [],
    }
