"""Photo sheets: photos stand in order in equal cells, upright and unchanged, each over a caption that can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pikepdf
import pypdf
import pypdfium2
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, TiffImagePlugin

from dossier import fonts, typeface
from dossier.convert import image, pdf, photos
from dossier.convert.photos import Photo
from dossier.convert.style import CAPTIONS, CaptionStyle
from dossier.errors import ConversionError
from dossier.part import Note
from dossier.sources import Layout

A4 = (595.276, 841.89)
TURNED = (A4[1], A4[0])
WIDE, TALL, SQUARE = (800, 600), (600, 800), (600, 600)
LAYOUTS: tuple[Layout, ...] = ("1-up", "2-up", "4-up", "6-up")
CAPTION = "2023年4月12日 09:06 青溪镇 特种设备安全检查"
COLOURS = ("red", "green", "blue", "black", "orange", "purple", "teal", "brown")

Box = tuple[float, float, float, float]
_FACES: list[fonts.Face] = [fonts.SONG]


@pytest.fixture(scope="module", autouse=True)
def _small_face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let most tests use a small part of the shipped face, which is read twenty times as fast."""
    path = tmp_path_factory.mktemp("face") / "song.ttf"
    path.write_bytes(typeface.load_face(fonts.SONG.path, [Path(__file__).read_text(encoding="utf-8")]).program)
    _FACES.append(fonts.Face("Song", path, 0, shipped=False))
    yield
    _FACES.pop()


def drawn(folder: Path, *sizes: tuple[int, int], caption: str = CAPTION) -> list[Photo]:
    """Draw JPEG photos of these sizes, each of one colour."""
    found = []
    for number, size in enumerate(sizes):
        path = folder / f"{number + 1}.jpg"
        Image.new("RGB", size, COLOURS[number % len(COLOURS)]).save(path)
        found.append(Photo(path, caption and f"{caption}{number + 1}"))
    return found


def laid(
    folder: Path, found: Sequence[Photo], layout: Layout = "6-up", face: fonts.Face | None = None
) -> tuple[Path, tuple[Note, ...]]:
    out = folder / "sheets.pdf"
    return out, photos.lay_out(found, out, layout=layout, sheet=A4, face=face or _FACES[-1])


def page_sizes(path: Path) -> list[tuple[float, float]]:
    with pikepdf.open(path) as document:
        return [(float(page.mediabox[2]), float(page.mediabox[3])) for page in document.pages]


def placed(path: Path) -> list[list[Box]]:
    """Return, for each page, the box (left, bottom, right, top) of each photo in the order of drawing."""
    pages = []
    with pikepdf.open(path) as document:
        for page in document.pages:
            boxes = []
            for one in pikepdf.parse_content_stream(page):
                if str(one.operator) == "cm":
                    a, b, c, d, e, f = (float(str(value)) for value in one.operands)
                    across, up = (e, e + a + c), (f, f + b + d)
                    boxes.append((min(across), min(up), max(across), max(up)))
            pages.append(boxes)
    return pages


def texts(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as document:
        return [page.get_textpage().get_text_range() for page in document]


def lines(path: Path, page: int = 0) -> list[tuple[str, Box]]:
    """Return the lines of text of a page, each with the box that its letters fill."""
    with pypdfium2.PdfDocument(path) as document:
        text = document[page].get_textpage()
        whole = text.get_text_range()
        found = []
        for match in re.finditer(r"[^\r\n]+", whole):
            boxes = [text.get_charbox(index) for index in range(*match.span()) if not whole[index].isspace()]
            box = min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
            found.append((match.group().strip(), box))
        return found


# --- pages and cells -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "count", "pages"),
    [("1-up", 3, [1, 1, 1]), ("2-up", 3, [2, 1]), ("4-up", 9, [4, 4, 1]), ("6-up", 6, [6]), ("6-up", 7, [6, 1])],
)
def test_there_are_as_many_sheets_as_the_photos_need(
    tmp_path: Path, layout: Layout, count: int, pages: list[int]
) -> None:
    path, notes = laid(tmp_path, drawn(tmp_path, *[WIDE] * count), layout)

    assert [len(boxes) for boxes in placed(path)] == pages
    assert notes == ()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_photos_and_captions_come_in_reading_order(tmp_path: Path, layout: Layout) -> None:
    sizes = [WIDE, TALL, SQUARE, WIDE, WIDE, TALL, TALL]
    path, _ = laid(tmp_path, drawn(tmp_path, *sizes), layout)

    assert re.findall(r"检查(\d)", "".join(texts(path))) == list("1234567")
    with pikepdf.open(path) as document:
        names = [str(one.operands[0]) for page in document.pages for one in pikepdf.parse_content_stream(page, "Do")]
    assert names == [f"/Im{number}" for number in range(7)]
    for boxes in placed(path):
        for before, after in pairwise(boxes):
            assert after[0] > before[2] or after[3] < before[1]  # to the right, or below


@pytest.mark.parametrize(
    ("layout", "sizes", "page"),
    [
        ("1-up", [WIDE], TURNED),
        ("1-up", [TALL], A4),
        ("1-up", [SQUARE], A4),
        ("2-up", [WIDE, WIDE], A4),
        ("2-up", [WIDE, TALL], A4),
        ("2-up", [TALL, TALL], TURNED),
        ("2-up", [TALL], A4),
        ("4-up", [WIDE] * 4, A4),
        ("4-up", [TALL] * 4, A4),
        ("6-up", [WIDE] * 6, A4),
        ("6-up", [TALL] * 6, A4),
    ],
)
def test_which_way_the_paper_is_turned(
    tmp_path: Path, layout: Layout, sizes: list[tuple[int, int]], page: tuple[float, float]
) -> None:
    path, _ = laid(tmp_path, drawn(tmp_path, *sizes), layout)

    assert page_sizes(path) == [pytest.approx(page, abs=0.001)]


def test_two_wide_photos_are_stacked_and_two_tall_ones_stand_side_by_side(tmp_path: Path) -> None:
    [[first, second]] = placed(laid(tmp_path, drawn(tmp_path, WIDE, WIDE), "2-up")[0])
    assert (first[0], first[2]) == pytest.approx((second[0], second[2]), abs=0.01)
    assert second[3] < first[1]

    [[first, second]] = placed(laid(tmp_path, drawn(tmp_path, TALL, TALL), "2-up")[0])
    assert (first[1], first[3]) == pytest.approx((second[1], second[3]), abs=0.01)
    assert second[0] > first[2]


@pytest.mark.parametrize(("layout", "columns", "rows"), [("4-up", 2, 2), ("6-up", 2, 3)])
def test_four_stand_two_by_two_and_six_in_three_rows_of_two(
    tmp_path: Path, layout: Layout, columns: int, rows: int
) -> None:
    [boxes] = placed(laid(tmp_path, drawn(tmp_path, *[WIDE] * columns * rows), layout)[0])

    assert len({round(box[0]) for box in boxes}) == columns
    assert len({round(box[1]) for box in boxes}) == rows


@given(
    layout=st.sampled_from(LAYOUTS),
    sizes=st.lists(st.tuples(st.integers(1, 6000), st.integers(1, 6000)), min_size=1, max_size=13),
    below=st.sampled_from([0.0, 22.0, 54.0]),
)
def test_photos_keep_their_shape_and_their_cells(layout: Layout, sizes: list[tuple[int, int]], below: float) -> None:
    sheets = list(photos._sheets(sizes, layout, A4, CAPTIONS.margins))

    assert [number for sheet in sheets for number in sheet.photos] == list(range(len(sizes)))
    for sheet in sheets:
        width, height = sheet.cell
        for place, number in enumerate(sheet.photos):
            left, top = sheet.corner(place)
            across, up = photos._fitted(sizes[number], width, height - below)
            assert across / up == pytest.approx(sizes[number][0] / sizes[number][1])
            assert across <= width + 1e-6
            assert up <= height - below + 1e-6
            full = pytest.approx(1)
            assert (
                across / width == full
                or up / (height - below) == full
                or across / sizes[number][0] == pytest.approx(72 / image.PHOTO_DPI)
            )
            assert left >= image.MARGIN - 1e-6
            assert left + width <= sheet.page[0] - image.MARGIN + 1e-6
            assert top <= sheet.page[1] - image.MARGIN + 1e-6
            assert top - height >= image.MARGIN - 1e-6


@pytest.mark.parametrize("layout", LAYOUTS)
def test_photos_of_one_shape_are_of_one_size_whatever_their_captions(tmp_path: Path, layout: Layout) -> None:
    found = drawn(tmp_path, *[WIDE] * 7)
    found = [Photo(photo.path, CAPTION * number) for number, photo in enumerate(found)]

    boxes = [box for page in placed(laid(tmp_path, found, layout)[0]) for box in page]

    assert len({(round(right - left, 2), round(top - bottom, 2)) for left, bottom, right, top in boxes}) == 1


def test_photos_are_larger_where_no_caption_takes_their_room(tmp_path: Path) -> None:
    [[with_caption]] = placed(laid(tmp_path, drawn(tmp_path, TALL), "2-up")[0])
    [[without]] = placed(laid(tmp_path, drawn(tmp_path, TALL, caption=""), "2-up")[0])

    assert without[3] - without[1] > with_caption[3] - with_caption[1] + 15


def test_photos_of_one_row_stand_on_one_line(tmp_path: Path) -> None:
    [boxes] = placed(laid(tmp_path, drawn(tmp_path, WIDE, TALL, TALL, SQUARE), "4-up")[0])

    assert boxes[0][1] == pytest.approx(boxes[1][1], abs=0.01)
    assert boxes[2][1] == pytest.approx(boxes[3][1], abs=0.01)


# --- photos --------------------------------------------------------------------------------------------------------


def quarters(size: tuple[int, int]) -> Image.Image:
    """Draw a picture whose corners are red, green (on top), blue and black (below)."""
    picture = Image.new("RGB", size)
    half = size[0] // 2, size[1] // 2
    for place, colour in (((0, 0), "red"), ((half[0], 0), "green"), ((0, half[1]), "blue"), (half, "black")):
        picture.paste(Image.new("RGB", half, colour), place)
    return picture


@pytest.mark.parametrize(
    ("orientation", "back"),
    [(1, None), (3, Image.Transpose.ROTATE_180), (5, Image.Transpose.TRANSPOSE), (6, Image.Transpose.ROTATE_90)],
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_photos_are_upright_and_their_jpeg_data_is_kept(
    tmp_path: Path, orientation: int, back: Image.Transpose | None, layout: Layout
) -> None:
    upright = quarters(WIDE)
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / "photo.jpg"
    (upright.transpose(back) if back is not None else upright).save(path, exif=exif, quality=95)

    out, _ = laid(tmp_path, [Photo(path)], layout)

    with pikepdf.open(out) as document:
        assert document.pages[0].Resources.XObject["/Im0"].read_raw_bytes() == path.read_bytes()
    [[(left, bottom, right, top)]] = placed(out)
    assert (right - left) / (top - bottom) == pytest.approx(4 / 3, abs=0.001)
    with pypdfium2.PdfDocument(out) as document:
        seen = document[0].render(scale=1).to_pil().convert("RGB")
    for (x, y), colour in {(1, 3): (255, 0, 0), (3, 3): (0, 128, 0), (1, 1): (0, 0, 255), (3, 1): (0, 0, 0)}.items():
        at = round(left + (right - left) * x / 4), round(seen.height - bottom - (top - bottom) * y / 4)
        assert seen.getpixel(at) == pytest.approx(colour, abs=30)


def test_other_formats_are_shown_as_they_are_elsewhere(tmp_path: Path) -> None:
    found = []
    for suffix in ("png", "heic", "avif", "webp", "gif", "bmp", "jp2", "tif"):
        quarters(WIDE).save(tmp_path / f"photo.{suffix}")
        found.append(Photo(tmp_path / f"photo.{suffix}", suffix))

    out, notes = laid(tmp_path, found)

    assert notes == ()
    with pypdfium2.PdfDocument(out) as document:
        pages = [page.render(scale=1).to_pil().convert("RGB") for page in document]
    for seen, boxes in zip(pages, placed(out), strict=True):
        for left, bottom, right, top in boxes:
            corner = round(left + (right - left) / 4), round(seen.height - top + (top - bottom) / 4)
            assert seen.getpixel(corner) == pytest.approx((255, 0, 0), abs=30)


def test_what_is_not_shown_of_a_photo_is_said_with_its_name(tmp_path: Path) -> None:
    moving, pages = tmp_path / "moving.gif", tmp_path / "pages.tif"
    quarters(WIDE).save(moving, save_all=True, append_images=[Image.new("RGB", WIDE)])
    with TiffImagePlugin.AppendingTiffWriter(str(pages), new=True) as writer:
        for picture in (quarters(WIDE), Image.new("RGB", TALL)):
            picture.save(writer, "TIFF")
            writer.newFrame()

    out, notes = laid(tmp_path, [Photo(moving), Photo(pages)])

    assert [len(boxes) for boxes in placed(out)] == [2]
    assert [note.code for note in notes] == ["first-frame-only", "first-frame-only"]
    assert notes[0].message.startswith("moving.gif: ")
    assert notes[1].message.startswith("pages.tif: it has 2 pages")


def test_a_broken_photo_is_named_and_leaves_nothing_behind(tmp_path: Path) -> None:
    found = drawn(tmp_path, WIDE, WIDE)
    found[1].path.write_bytes(found[1].path.read_bytes()[:200])
    before = sorted(tmp_path.iterdir())

    with pytest.raises(ConversionError, match=r"^2\.jpg: ") as caught:
        laid(tmp_path, found)

    assert caught.value.code == "damaged-source"
    assert sorted(tmp_path.iterdir()) == before


def test_only_the_sheets_are_left(tmp_path: Path) -> None:
    found = drawn(tmp_path, WIDE)
    before = set(tmp_path.iterdir())

    out, _ = laid(tmp_path, found)

    assert set(tmp_path.iterdir()) - before == {out}


def test_the_same_photos_give_the_same_bytes(tmp_path: Path) -> None:
    found = drawn(tmp_path, WIDE, TALL, SQUARE)
    first = laid(tmp_path, found, "2-up")[0].read_bytes()

    assert laid(tmp_path, found, "2-up")[0].read_bytes() == first


def test_no_photos_make_no_sheet(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="photos"):
        laid(tmp_path, [])


def test_a_sheet_becomes_a_part_whose_captions_can_be_read(tmp_path: Path) -> None:
    out, _ = laid(tmp_path, drawn(tmp_path, *[WIDE] * 7))

    part = pdf.normalise(out, tmp_path / "part.pdf")

    assert len(part.pages) == 2
    assert part.notes == ()
    assert "青溪镇" in "".join(texts(part.path)).replace("\r\n", "")


# --- captions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_caption_is_text_that_both_readers_read(tmp_path: Path, layout: Layout) -> None:
    caption = "青溪镇：“特种设备”检查 (No. 7), 7545件"
    out, _ = laid(tmp_path, drawn(tmp_path, WIDE, caption=caption), layout)

    for found in (texts(out)[0], pypdf.PdfReader(out).pages[0].extract_text()):
        assert "".join(found.split()) == "".join(f"{caption}1".split())


def test_the_face_of_captions_is_embedded_with_only_what_they_need(tmp_path: Path) -> None:
    out, _ = laid(tmp_path, drawn(tmp_path, WIDE))

    with pikepdf.open(out) as document:
        [font] = document.pages[0].Resources.Font.values()
        [descendant] = font.DescendantFonts
        assert re.fullmatch(r"/[A-Z]{6}\+DossierSong.*", str(descendant.BaseFont))
        assert len(descendant.FontDescriptor.FontFile2.read_bytes()) < 60_000
    assert out.stat().st_size < 100_000


def test_without_captions_there_is_no_font(tmp_path: Path) -> None:
    out, _ = laid(tmp_path, drawn(tmp_path, WIDE, caption=""))

    with pikepdf.open(out) as document:
        assert "/Font" not in document.pages[0].Resources
    assert texts(out) == [""]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_caption_is_centred_under_its_photo_and_within_its_cell(tmp_path: Path, layout: Layout) -> None:
    found = drawn(tmp_path, WIDE, TALL, SQUARE, WIDE, WIDE, TALL, caption="青溪镇检查\n第")
    out, _ = laid(tmp_path, found, layout)

    seen = 0
    for number, boxes in enumerate(placed(out)):
        captions = lines(out, number)
        assert len(captions) == 2 * len(boxes)
        for place, (left, bottom, right, _) in enumerate(boxes):
            seen += 1
            (first, above), (second, below) = captions[2 * place : 2 * place + 2]
            assert (first, second) == ("青溪镇检查", f"第{seen}")
            assert bottom - 14 < above[3] < bottom
            assert below[3] < above[1]
            assert below[1] > image.MARGIN - 1
            for box in (above, below):
                assert (box[0] + box[2]) / 2 == pytest.approx((left + right) / 2, abs=2)


def test_captions_are_set_at_twelve_points(tmp_path: Path) -> None:
    out, _ = laid(tmp_path, drawn(tmp_path, WIDE))

    with pikepdf.open(out) as document:
        sizes = {float(str(one.operands[1])) for one in pikepdf.parse_content_stream(document.pages[0], "Tf")}
    assert sizes == {12}


def test_a_caption_too_long_for_three_lines_ends_in_an_ellipsis_and_is_reported(tmp_path: Path) -> None:
    found = drawn(tmp_path, WIDE, WIDE)
    long = "现场检查人员核对设备台账并查看维护保养记录" * 5
    found = [Photo(found[0].path, long), Photo(found[1].path, "短")]

    out, [note] = laid(tmp_path, found)

    shown = [text for text, _ in lines(out) if text != "短"]
    assert len(shown) == 3
    assert shown[2].endswith("…")
    assert long.startswith("".join(shown)[:-1])
    assert note.code == "caption-shortened"
    assert "1.jpg" in note.message
    assert "2.jpg" not in note.message


def test_a_line_break_in_a_caption_is_kept_and_empty_lines_are_not(tmp_path: Path) -> None:
    path = drawn(tmp_path, WIDE)[0].path

    out, _ = laid(tmp_path, [Photo(path, "启动仪式\n\n \n2023年9月5日\n")])

    assert [text for text, _ in lines(out)] == ["启动仪式", "2023年9月5日"]


def wrapped(text: str, columns: int) -> list[str]:
    """Wrap as :mod:`dossier.convert.photos` does, with letters of which Latin ones are half as wide."""
    return photos._wrapped(text, lambda line: sum(1 if char < "\u0250" else 2 for char in line) <= columns)


@pytest.mark.parametrize(
    ("text", "columns", "found"),
    [
        ("一二三四五", 6, ["一二三", "四五"]),
        ("一二三，四五", 6, ["一二", "三，四", "五"]),
        ("一二（三四）", 6, ["一二", "（三", "四）"]),
        ("一二2023年", 6, ["一二", "2023年"]),
        ("one two three", 8, ["one two", "three"]),
        ("一 二 三", 4, ["一", "二", "三"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("一二三\n四", 20, ["一二三", "四"]),
        ("", 4, [""]),
    ],
)
def test_where_lines_end(text: str, columns: int, found: list[str]) -> None:
    assert wrapped(text, columns) == found


@given(text=st.text("一二，。（）“”ab1 -\n", max_size=60), columns=st.integers(4, 30))
def test_wrapping_loses_nothing_but_spaces_and_fits(text: str, columns: int) -> None:
    cleaned = photos._cleaned(text)

    found = wrapped(cleaned, columns)

    assert "".join("".join(found).split()) == "".join(cleaned.split())
    assert all(sum(1 if char < "\u0250" else 2 for char in line) <= columns for line in found)
    assert found == [""] or all(line and line == line.strip() for line in found)


@settings(max_examples=30, deadline=None)
@given(caption=st.text(max_size=200))
def test_any_text_can_be_a_caption(tmp_path_factory: pytest.TempPathFactory, caption: str) -> None:
    folder = tmp_path_factory.mktemp("any")

    out, _ = laid(folder, [Photo(drawn(folder, WIDE)[0].path, caption)])

    assert len(placed(out)) == 1


def test_what_cannot_be_printed_is_left_out_of_captions() -> None:
    assert photos._cleaned("a\u202eb\x00c\ud800d\te\u200bf") == "abcd ef"


def test_a_character_that_the_face_lacks_is_reported_and_shown_as_a_question_mark(tmp_path: Path) -> None:
    path = drawn(tmp_path, WIDE)[0].path

    out, [note] = laid(tmp_path, [Photo(path, "合格☑")])

    assert texts(out) == ["合格?"]
    assert note.code == "missing-glyphs"
    assert "☑ (U+2611)" in note.message


def test_captions_are_set_in_the_face_asked_for(tmp_path: Path) -> None:
    out, _ = laid(tmp_path, drawn(tmp_path, WIDE), face=fonts.HEI)

    assert "DossierHei" in _font_name(out)


def _font_name(path: Path) -> str:
    with pikepdf.open(path) as document:
        [font] = document.pages[0].Resources.Font.values()
        return str(font.BaseFont)


@pytest.mark.parametrize("kind", ["other outlines", "no font", "absent"])
def test_a_face_that_cannot_be_embedded_is_replaced_by_the_shipped_one(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "face.otf"
    if kind == "other outlines":
        builder = FontBuilder(1000, isTTF=False)
        builder.setupGlyphOrder([".notdef", "question"])
        builder.setupCharacterMap({ord("?"): "question"})
        shapes = {name: T2CharStringPen(500, None).getCharString() for name in (".notdef", "question")}
        builder.setupCFF("Face", {"FullName": "Face"}, shapes, {})
        builder.setupHorizontalMetrics({".notdef": (500, 0), "question": (500, 0)})
        builder.setupHorizontalHeader(ascent=800, descent=-200)
        builder.setupNameTable({"familyName": "Face", "styleName": "Regular", "psName": "Face"})
        builder.setupPost()
        builder.save(path)
    elif kind == "no font":
        path.write_bytes(b"no font at all")

    out, notes = laid(tmp_path, drawn(tmp_path, WIDE), face=fonts.Face("Face", path, 0, shipped=False))

    assert notes == ()
    assert "DossierSong" in _font_name(out)
    assert "青溪镇" in texts(out)[0]


# --- turned and cropped --------------------------------------------------------------------------------------------

QUARTERS = (("red", "green"), ("blue", "black"))


def quartered(path: Path, orientation: int) -> Path:
    """Draw a photo whose quarters, as stored, have four colours."""
    picture = Image.new("RGB", (400, 200))
    for row, colours in enumerate(QUARTERS):
        for column, colour in enumerate(colours):
            picture.paste(Image.new("RGB", (200, 100), colour), (column * 200, row * 100))
    exif = Image.Exif()
    exif[274] = orientation
    picture.save(path, exif=exif, quality=95)
    return path


def as_shown(out: Path) -> Image.Image:
    """Render the first page and cut out the photo, which leaves no white."""
    [[box]] = placed(out)
    left, bottom, right, top = box
    with pypdfium2.PdfDocument(out) as document:
        height = document[0].get_height()
        page: Image.Image = document[0].render(scale=1).to_pil().convert("RGB")
    return page.crop((round(left) + 2, round(height - top) + 2, round(right) - 2, round(height - bottom) - 2))


def close(one: Image.Image, other: Image.Image) -> bool:
    """Compare colours at places away from the borders between them."""
    other = other.resize(one.size)
    places = [(x, y) for x in (0.1, 0.2, 0.8, 0.9) for y in (0.1, 0.2, 0.8, 0.9)]
    pairs = [
        (one.getpixel(at), other.getpixel(at)) for at in ((int(x * one.width), int(y * one.height)) for x, y in places)
    ]
    return all(abs(a - b) < 30 for pair in pairs for a, b in zip(*pair, strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_clockwise_from_how_it_is_seen(tmp_path: Path, orientation: int, turn: int) -> None:
    path = quartered(tmp_path / "photo.jpg", orientation)
    out, _ = laid(tmp_path, [Photo(path, turn=turn)], "1-up")
    seen = ImageOps.exif_transpose(Image.open(path)).rotate(-turn, expand=True)
    assert close(as_shown(out), seen)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_photo_is_cropped_as_it_is_seen_and_then_turned(tmp_path: Path, turn: int) -> None:
    path = quartered(tmp_path / "photo.jpg", 6)
    out, _ = laid(tmp_path, [Photo(path, crop=(0, 0, 1, 0.5), turn=turn)], "1-up")
    seen = ImageOps.exif_transpose(Image.open(path))
    wanted = seen.crop((0, 0, seen.width, seen.height // 2)).rotate(-turn, expand=True)
    with pypdfium2.PdfDocument(out) as document:
        rendered = document[0].render(scale=1).to_pil().convert("RGB")
    box = ImageOps.invert(rendered).getbbox()
    assert box is not None
    assert close(rendered.crop(box), wanted)


# --- dates ---------------------------------------------------------------------------------------------------------


def dated(path: Path, taken: object, **tags: object) -> Path:
    exif = Image.Exif()
    exif[306] = "2022:02:02 02:02:02"  # when the file was changed, which is not asked for
    exif.get_ifd(0x8769)[0x9003] = taken
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (26.0, 35.0, 0.0)
    Image.new("RGB", WIDE).save(path, exif=exif.tobytes())
    return path


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "heic", "avif"])
def test_the_default_caption_is_when_the_photo_was_taken_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    path = dated(tmp_path / f"photo.{suffix}", "2023:04:12 09:06:11")

    assert photos.caption_of(path) == "2023年4月12日 09:06"
    assert photos.caption_of(path, language="en") == "2023-04-12 09:06"


def test_a_caption_names_when_a_photo_was_taken_and_its_file(tmp_path: Path) -> None:
    photo = Photo(dated(tmp_path / "x.jpg", "2023:04:12 09:06:11"), "{name}：{time} {place}", name="1-1/签到 现场.jpg")

    assert photo.words("zh-CN") == "签到 现场：2023年4月12日 09:06 {place}"
    assert photo.words("en") == "签到 现场：2023-04-12 09:06 {place}"


@pytest.mark.parametrize(
    ("taken", "caption"),
    [
        ("2023:11:02 23:59:59", "2023年11月2日 23:59"),
        ("2023-11-02 23:59:59", "2023年11月2日 23:59"),
        ("2024:01:15 08:00:00", "2024年1月15日 08:00"),
        ("2023:01:01 09:30:00", "2023年1月1日 09:30"),
        ("0000:00:00 00:00:00", ""),
        ("    :  :     :  :  ", ""),
        ("2023:02:30 09:00:00", ""),
        ("2023:04:12 25:00:00", ""),
        ("2023:04:12", ""),
        ("1970:01:02 08:00:00", ""),
        ("1989:12:31 08:00:00", ""),
        ("2000:01:01 00:13:00", ""),  # a clock that was never set
        ("when it rained", ""),
        ("", ""),
    ],
)
def test_a_date_is_believed_or_left_out(tmp_path: Path, taken: str, caption: str) -> None:
    assert photos.caption_of(dated(tmp_path / "photo.jpg", taken)) == caption


@pytest.mark.parametrize("content", [None, b"", b"rubbish", b"\xff\xd8\xff\xe1\x00\x10Exif\0\0MM\0*\xff\xff\xff\xff"])
def test_what_cannot_be_read_has_no_default_caption(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "photo.jpg"
    if content is not None:
        path.write_bytes(content)

    assert photos.caption_of(path) == ""


def test_a_date_that_is_no_text_has_no_default_caption(tmp_path: Path) -> None:
    path = dated(tmp_path / "photo.jpg", "2023:04:12 09:06:11")
    data = path.read_bytes()
    at = data.index(b"\x90\x03\x00\x02") + 2
    path.write_bytes(data[:at] + b"\x00\x07" + data[at + 2 :])  # of type undefined

    assert photos.caption_of(path) == ""


def test_exif_data_too_large_to_be_true_has_no_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = dated(tmp_path / "photo.jpg", "2023:04:12 09:06:11")
    monkeypatch.setattr(image, "_MAX_EXIF", 10)

    assert photos.caption_of(path) == ""


# --- photos from the wild ------------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("layout", LAYOUTS)
def test_real_photos(tmp_path: Path, real: object, layout: Layout) -> None:
    folder = real("photo")  # type: ignore[operator]
    found = [Photo(path, photos.caption_of(path)) for path in sorted(folder.iterdir())]

    out, notes = laid(tmp_path, found, layout)

    assert notes == ()
    assert sum(len(boxes) for boxes in placed(out)) == len(found)
    said = "".join(texts(out))
    assert "2008年10月22日 16:28" in said
    assert "2023年4月27日 19:44" in said
    with pikepdf.open(out) as document:
        stored = {
            bytes(picture.read_raw_bytes()) for page in document.pages for picture in page.Resources.XObject.values()
        }
    assert {photo.path.read_bytes() for photo in found if photo.path.suffix == ".jpg"} <= stored


def test_captions_have_the_size_and_the_lines_of_their_style(tmp_path: Path) -> None:
    found = drawn(tmp_path, WIDE, caption="a\nb\nc\nd")
    style = CaptionStyle("黑体", 20, 2)
    out = tmp_path / "styled.pdf"
    notes = photos.lay_out(found, out, layout="1-up", sheet=A4, style=style)
    with pikepdf.open(out) as document:
        content = document.pages[0].Contents.read_bytes()
        fonts_used = document.pages[0].Resources.Font
        [font] = [str(font.BaseFont) for _, font in fonts_used.items()]
    assert content.count(b"Tj") == 2
    assert content.count(b"/F0 20 Tf") == 2
    assert [note.code for note in notes] == ["caption-shortened"]
    assert "2 lines" in notes[0].message
    face = fonts.resolve_embedded("黑体")
    assert face.shipped is ("DossierHei" in font)
