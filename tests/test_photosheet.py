"""What the pattern of photo sheets says of margins and captions is what photo sheets look like."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pikepdf
import pypdfium2
import pytest
from conftest import MakePhoto
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from dossier import photosheet, template_sets
from dossier.convert import photos
from dossier.convert.style import CAPTIONS, CaptionStyle
from dossier.errors import TemplateError
from dossier.fields import MM

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
A4 = (210 * MM, 297 * MM)


@pytest.fixture
def pattern(tmp_path: Path) -> Callable[..., Path]:
    """Return the shipped pattern as an author changes it in Word."""

    def change(edit: Callable[[Any], object] = lambda document: None) -> Path:
        path = tmp_path / "photos.docx"
        document = docx.Document(str(TEMPLATES / "official" / "photos.docx"))
        edit(document)
        document.save(str(path))
        return path

    return change


def read(path: Path, language: str = "zh-CN") -> CaptionStyle:
    return photosheet.read(path, CAPTIONS, language)


def caption(document: Any) -> Any:
    return document.styles["Caption"]


def test_the_shipped_pattern_is_what_sheets_looked_like_without_one(pattern: Callable[..., Path]) -> None:
    look = read(pattern())

    assert (look.font, look.size, look.align, look.color) == ("仿宋_GB2312", 12.0, "center", "#000000")
    assert look.margins == pytest.approx(CAPTIONS.margins, abs=0.05)  # Word counts in twentieths of a point


def test_the_face_is_that_of_the_sets_language() -> None:
    path = TEMPLATES / "bundle" / "photos.docx"

    assert (read(path, "en-GB").font, read(path, "zh-CN").font) == ("Arial", "黑体")


def test_captions_take_size_colour_and_alignment_of_the_style(pattern: Callable[..., Path]) -> None:
    def edit(document: Any) -> None:
        caption(document).font.size = Pt(9)
        caption(document).font.color.rgb = RGBColor(0xC0, 0, 0)
        caption(document).paragraph_format.alignment = WD_ALIGN_PARAGRAPH.LEFT

    look = read(pattern(edit))

    assert (look.size, look.color, look.align) == (9.0, "#C00000", "left")


def test_what_the_style_leaves_open_is_that_of_the_style_it_is_based_on(pattern: Callable[..., Path]) -> None:
    def edit(document: Any) -> None:
        caption(document).font.size = None
        document.styles["Normal"].font.size = Pt(14)

    assert read(pattern(edit)).size == 14.0


def test_styles_based_on_each_other_in_a_ring_end(pattern: Callable[..., Path]) -> None:
    def edit(document: Any) -> None:
        document.styles["Normal"].base_style = caption(document)

    assert read(pattern(edit)).size == 12.0


def test_a_pattern_without_the_style_changes_margins_alone(pattern: Callable[..., Path]) -> None:
    def edit(document: Any) -> None:
        caption(document).delete()
        document.sections[0].left_margin = Mm(40)

    look = read(pattern(edit))

    assert (look.font, look.size) == (CAPTIONS.font, CAPTIONS.size)
    assert look.margins[3] == pytest.approx(40 * MM, abs=0.05)


@pytest.mark.parametrize(("size", "told"), [(Pt(120), "captions of 120 pt"), (Pt(1), "captions of 1 pt")])
def test_a_size_that_no_caption_can_have_is_refused(pattern: Callable[..., Path], size: Pt, told: str) -> None:
    def edit(document: Any) -> None:
        caption(document).font.size = size

    with pytest.raises(TemplateError, match=told):
        read(pattern(edit))


def test_margins_that_leave_no_room_are_refused(pattern: Callable[..., Path]) -> None:
    def edit(document: Any) -> None:
        document.sections[0].left_margin = Mm(150)

    with pytest.raises(TemplateError, match=r"photos\.docx: a margin leaves no room"):
        read(pattern(edit))


def test_nonsense_in_the_file_is_passed_over(pattern: Callable[..., Path]) -> None:
    def edit(document: Any) -> None:
        letters = caption(document).element.get_or_add_rPr()
        for name, value in (("w:color", "blue'); x"), ("w:sz", "twelve")):
            for old in letters.findall(qn(name)):
                letters.remove(old)
            element = OxmlElement(name)
            element.set(qn("w:val"), value)
            letters.append(element)

    with pytest.raises(TemplateError, match="captions of 0 pt"):
        read(pattern(edit))


def test_what_is_no_word_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photos.docx"
    path.write_bytes(b"PK nothing")

    with pytest.raises(TemplateError, match=r"photos\.docx"):
        read(path)


def set_of(folder: Path, settings: str) -> CaptionStyle:
    mine = folder / "mine"
    mine.mkdir()
    (mine / "set.yaml").write_text(f"extends: official\n{settings}", encoding="utf-8")
    shutil.copy(folder / "photos.docx", mine)
    return template_sets.find_set("mine", folder).captions


def test_a_set_of_ones_own_changes_photo_sheets_by_its_pattern(tmp_path: Path, pattern: Callable[..., Path]) -> None:
    def edit(document: Any) -> None:
        caption(document).font.size = Pt(9)

    pattern(edit)
    assert set_of(tmp_path, "").size == 9.0


def test_what_the_settings_say_goes_before_the_pattern(tmp_path: Path, pattern: Callable[..., Path]) -> None:
    pattern()
    assert set_of(tmp_path, "captions: {size: 10pt, lines: 1}").size == 10.0


# --- on paper ------------------------------------------------------------------------------------------------------


def drawn(tmp_path: Path, make_photo: MakePhoto, style: CaptionStyle) -> tuple[tuple[float, ...], float, bytes]:
    """Return the photo's box, the left edge of its caption, and the content of the sheet."""
    out = tmp_path / "sheet.pdf"
    photos.lay_out(
        [photos.Photo(make_photo("p.jpg", (3000, 2000)), "Caption")], out, layout="4-up", sheet=A4, style=style
    )
    with pypdfium2.PdfDocument(out) as document:
        page = document[0]
        [box] = [one.get_bounds() for one in page.get_objects() if one.type == 3]
        text = page.get_textpage()
        left = min(text.get_charbox(index)[0] for index in range(text.count_chars()))
    with pikepdf.open(out) as pdf:
        return box, left, pdf.pages[0].Contents.read_bytes()


def test_photos_stand_inside_the_margins(tmp_path: Path, make_photo: MakePhoto) -> None:
    style = CaptionStyle(margins=(20 * MM, 15 * MM, 20 * MM, 40 * MM))
    box, _, _ = drawn(tmp_path, make_photo, style)

    assert box[0] == pytest.approx(40 * MM, abs=0.5)


@pytest.mark.parametrize("align", ["left", "center", "right"])
def test_captions_stand_where_the_pattern_has_them(tmp_path: Path, make_photo: MakePhoto, align: Any) -> None:
    box, left, _ = drawn(tmp_path, make_photo, CaptionStyle(align=align))
    width = 2 * (box[0] + (box[2] - box[0]) / 2 - drawn(tmp_path, make_photo, CaptionStyle())[1])
    wanted = {"left": box[0], "center": (box[0] + box[2] - width) / 2, "right": box[2] - width}[align]

    assert left == pytest.approx(wanted, abs=1.5)


def test_captions_have_the_colour_of_the_pattern(tmp_path: Path, make_photo: MakePhoto) -> None:
    black, red = (drawn(tmp_path, make_photo, CaptionStyle(color=color))[2] for color in ("#000000", "#C00000"))

    assert not re.search(rb" rg\b", black)
    assert re.search(rb"0\.75\d* 0 0 rg\nBT", red)
