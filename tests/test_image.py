"""Images become pages: every stored byte kept, every picture upright, and nothing broken goes unnoticed."""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, TiffImagePlugin

from dossier.convert import image
from dossier.errors import ConversionError
from dossier.part import Note

A4 = (595.28, 841.89)
REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 160, 0), (0, 0, 255), (255, 255, 255)
EXIF_ORIENTATION = 274


def quarters(width: int = 300, height: int = 200) -> Image.Image:
    """Draw a picture whose corners are red, green (on top), blue and white (below)."""
    picture = Image.new("RGB", (width, height), WHITE)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill=RED)
    draw.rectangle((width // 2, 0, width, height // 2 - 1), fill=GREEN)
    draw.rectangle((0, height // 2, width // 2 - 1, height), fill=BLUE)
    return picture


def stored_as(picture: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as a camera held that way would store it."""
    steps = {
        1: (),
        2: (Image.Transpose.FLIP_LEFT_RIGHT,),
        3: (Image.Transpose.ROTATE_180,),
        4: (Image.Transpose.FLIP_TOP_BOTTOM,),
        5: (Image.Transpose.TRANSPOSE,),
        6: (Image.Transpose.ROTATE_90,),
        7: (Image.Transpose.TRANSVERSE,),
        8: (Image.Transpose.ROTATE_270,),
    }[orientation]
    for step in steps:
        picture = picture.transpose(step)
    return picture


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    return exif


def to_pdf(source: Path, sheet: tuple[float, float] = A4) -> tuple[Path, tuple[Note, ...]]:
    out = source.with_suffix(source.suffix + ".pdf")
    return out, image.convert(source, out, sheet=sheet)


def sizes(pdf: Path) -> list[tuple[float, float]]:
    with pikepdf.open(pdf) as document:
        assert all("/Rotate" not in page for page in document.pages)
        return [(float(page.mediabox[2]), float(page.mediabox[3])) for page in document.pages]


def raw(pdf: Path, page: int = 0) -> bytes:
    with pikepdf.open(pdf) as document:
        return bytes(document.pages[page].Resources.XObject.Im0.read_raw_bytes())


def painted(pdf: Path, page: int = 0) -> Image.Image:
    """Draw a page with a library that had no hand in making it."""
    with pypdfium2.PdfDocument(pdf) as document:
        picture: Image.Image = document[page].render(scale=1).to_pil()
        return picture.convert("RGB")


def assert_upright(page: Image.Image) -> None:
    """Find the red, green and blue quarters of :func:`quarters` where they belong."""
    ink = page.convert("L").point(lambda v: 255 if v < 250 else 0).getbbox()
    assert ink is not None
    left, top, right, bottom = ink
    across, down = right - left, bottom - top
    near = {
        RED: (left + across // 4, top + down // 4),
        GREEN: (left + 3 * across // 4, top + down // 4),
        BLUE: (left + across // 4, top + 3 * down // 4),
        WHITE: (left + 3 * across // 4, top + 3 * down // 4),
    }
    for colour, place in near.items():
        seen = page.getpixel(place)
        assert isinstance(seen, tuple)
        assert all(abs(a - b) < 40 for a, b in zip(seen, colour, strict=True)), (colour, place, seen)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_is_upright_and_kept_byte_for_byte(tmp_path: Path, orientation: int) -> None:
    source = tmp_path / "photo.jpg"
    stored_as(quarters(), orientation).save(source, exif=oriented(orientation), quality=95)

    pdf, notes = to_pdf(source)

    assert notes == ()
    assert raw(pdf) == source.read_bytes()
    assert sizes(pdf) == [(A4[1], A4[0])]
    assert_upright(painted(pdf))


@pytest.mark.parametrize("name", ["photo.png", "photo.webp"])
def test_exif_orientation_of_other_formats(tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    stored_as(quarters(), 6).save(source, exif=oriented(6), lossless=True)

    assert_upright(painted(to_pdf(source)[0]))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_colour_tiff_is_upright(tmp_path: Path, orientation: int) -> None:
    source = tmp_path / "scan.tif"
    stored_as(quarters(), orientation).save(source, tiffinfo={EXIF_ORIENTATION: orientation}, compression="tiff_lzw")

    assert_upright(painted(to_pdf(source)[0]))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_g4_tiff_is_upright_and_kept_byte_for_byte(tmp_path: Path, orientation: int) -> None:
    page = Image.new("1", (600, 400), 1)
    ImageDraw.Draw(page).rectangle((0, 0, 199, 99), fill=0)
    ImageDraw.Draw(page).rectangle((590, 390, 600, 400), fill=0)
    source = tmp_path / "fax.tif"
    stored_as(page, orientation).save(
        source,
        compression="group4",
        dpi=(100, 100),
        tiffinfo={EXIF_ORIENTATION: orientation, TiffImagePlugin.ROWSPERSTRIP: 600},
    )

    pdf, _ = to_pdf(source)

    assert raw(pdf) == g4_data(source)
    assert sizes(pdf) == [(432, 288)]
    seen = painted(pdf)
    assert seen.getpixel((20, 20)) == (0, 0, 0)
    assert seen.getpixel((20, 270)) == seen.getpixel((410, 20)) == WHITE
    assert seen.getpixel((430, 286)) == (0, 0, 0)


def g4_data(source: Path) -> bytes:
    with Image.open(source) as picture:
        assert isinstance(picture, TiffImagePlugin.TiffImageFile)
        [start], [count] = picture.tag_v2[273], picture.tag_v2[279]
    return source.read_bytes()[start : start + count]


def test_every_page_of_a_tiff_each_with_its_own_orientation(tmp_path: Path) -> None:
    turns = (1, 6, 3, 7)
    pages = [stored_as(quarters(), turn) for turn in turns]
    source = tmp_path / "pages.tif"
    with TiffImagePlugin.AppendingTiffWriter(str(source), new=True) as writer:
        for page, turn in zip(pages, turns, strict=True):
            page.save(writer, "TIFF", tiffinfo={EXIF_ORIENTATION: turn})
            writer.newFrame()

    pdf, _ = to_pdf(source)

    assert len(sizes(pdf)) == 4
    for number in range(4):
        assert_upright(painted(pdf, number))


def test_a_tiff_that_mixes_what_img2pdf_takes_and_what_it_refuses(tmp_path: Path) -> None:
    deep = Image.new("I;16", (400, 300), 40000)
    source = tmp_path / "mixed.tif"
    with TiffImagePlugin.AppendingTiffWriter(str(source), new=True) as writer:
        for page in (quarters(), deep, Image.new("1", (300, 400), 1)):
            page.save(writer, "TIFF")
            writer.newFrame()

    pdf, _ = to_pdf(source)

    assert len(sizes(pdf)) == 3
    assert_upright(painted(pdf, 0))
    centre = painted(pdf, 1).getpixel((420, 297))
    assert isinstance(centre, tuple)
    assert abs(centre[0] - 40000 / 257) < 3


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_transparency_is_shown_on_white(tmp_path: Path, mode: str, suffix: str) -> None:
    if mode == "PA" and suffix != ".png":
        pytest.skip("only PNG stores a palette with transparency")
    clear = Image.new("LA" if mode == "LA" else "RGBA", (300, 200), 0)
    clear.paste("black", (0, 0, 20, 20))
    source = tmp_path / f"clear{suffix}"
    (clear.quantize(8) if mode == "PA" else clear).save(source)

    seen = painted(to_pdf(source)[0])

    assert seen.getpixel((seen.width // 2, seen.height // 2)) == WHITE
    assert seen.convert("L").tobytes().count(0) > 100


def test_sixteen_bits_a_sample(tmp_path: Path) -> None:
    source = tmp_path / "deep.png"
    Image.new("I;16", (400, 300), 32768).save(source)

    seen = painted(to_pdf(source)[0]).getpixel((420, 297))

    assert isinstance(seen, tuple)
    assert abs(seen[0] - 128) <= 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "LAB", "YCbCr", "I", "F", "I;16B"])
def test_every_mode_of_tiff(tmp_path: Path, mode: str) -> None:
    source = tmp_path / "scan.tif"
    grey = Image.linear_gradient("L").resize((300, 300))
    if mode in {"LAB", "YCbCr"}:
        Image.merge(mode, (grey, Image.new("L", grey.size, 128), Image.new("L", grey.size, 128))).save(source)
    elif mode == "I;16B":
        Image.frombytes("I;16B", (300, 300), b"".join(struct.pack(">H", v * 257) for v in grey.tobytes())).save(source)
    elif mode == "I":
        Image.frombytes("I", (300, 300), b"".join(struct.pack("=i", v * 257) for v in grey.tobytes())).save(source)
    else:
        grey.convert(mode).save(source)

    seen = painted(to_pdf(source)[0]).convert("L")

    top, bottom = seen.crop((200, 290, 400, 310)), seen.crop((200, 520, 400, 540))
    assert sum(top.tobytes()) / 4000 + 60 < sum(bottom.tobytes()) / 4000


def test_cmyk_jpeg_is_not_inverted(tmp_path: Path) -> None:
    source = tmp_path / "press.jpg"
    Image.new("CMYK", (300, 200), (0, 255, 255, 0)).save(source, quality=95)
    assert b"Adobe" in source.read_bytes()

    pdf, _ = to_pdf(source)

    assert raw(pdf) == source.read_bytes()
    red, green, blue = painted(pdf).getpixel((420, 297))  # type: ignore[misc]
    assert red > 180
    assert max(green, blue) < 90


def test_a_scan_has_its_natural_size(tmp_path: Path) -> None:
    source = tmp_path / "scan.jpg"
    Image.new("L", (1654, 2339), 200).save(source, dpi=(200, 200))

    pdf, _ = to_pdf(source)

    assert sizes(pdf) == [(595.44, 842.04)]
    assert painted(pdf).getextrema() == ((200, 200),) * 3  # no margin anywhere


def test_a_fax_with_oblong_pixels_has_its_natural_size(tmp_path: Path) -> None:
    source = tmp_path / "fax.tif"
    Image.new("1", (1728, 1078), 1).save(source, dpi=(204, 98), compression="group4")

    assert sizes(to_pdf(source)[0]) == [pytest.approx((609.88, 792), abs=0.01)]


@pytest.mark.parametrize(
    ("size", "dpi", "scan"),
    [
        ((2480, 3508), (300, 300), True),
        ((3508, 4961), (300, 300), True),  # A3
        ((4961, 7016), (300, 300), False),  # A2 in colour: fitted to the sheet
        ((2480, 3508), None, True),  # the pixels of A4 at 300 dpi
        ((2480, 3508), (72, 72), True),
        ((2550, 3300), (96, 96), True),  # Letter
        ((4000, 3000), None, False),
        ((4000, 3000), (72, 72), False),
        ((640, 480), (72, 72), False),
        ((640, 480), (300, 300), False),  # a stamp of five centimetres
        ((1013, 638), (300, 300), True),  # an identity card
        ((2480, 3508), (1, 1), True),
        ((3000, 3000), (5000, 5000), False),
    ],
)
def test_scan_or_photo(tmp_path: Path, size: tuple[int, int], dpi: tuple[int, int] | None, scan: bool) -> None:
    source = tmp_path / "picture.png"
    Image.new("1", size, 1).convert("L").save(source, **({"dpi": dpi} if dpi else {}))  # type: ignore[arg-type]

    [page] = sizes(to_pdf(source)[0])

    sheet = A4 if size[0] <= size[1] else (A4[1], A4[0])
    assert (page == pytest.approx(sheet, abs=0.005)) is not scan


def test_a_camera_picture_is_a_photo_whatever_its_resolution(tmp_path: Path) -> None:
    source = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x829A] = 0.01  # exposure time
    Image.new("RGB", (2480, 3508)).save(source, dpi=(300, 300), exif=exif)

    assert sizes(to_pdf(source)[0]) == [A4]


@given(
    width=st.integers(1, 20_000),
    height=st.integers(1, 20_000),
    dpi=st.tuples(st.floats(0, 5000), st.floats(0, 5000)),
    orientation=st.integers(1, 8),
    camera=st.booleans(),
    bilevel=st.booleans(),
)
def test_layouts_stay_on_their_page_and_keep_proportions(
    width: int, height: int, dpi: tuple[float, float], orientation: int, camera: bool, bilevel: bool
) -> None:
    frame = image._Frame(width, height, dpi, orientation, camera, bilevel)

    layout = image._lay_out(frame, A4)

    scan = (layout.width, layout.height) == layout.page
    edge = 0 if scan else image.MARGIN - 0.001
    assert layout.left >= edge
    assert layout.bottom >= edge
    assert layout.left + layout.width <= layout.page[0] - edge
    assert layout.bottom + layout.height <= layout.page[1] - edge
    if not scan:
        assert layout.page in {A4, (A4[1], A4[0])}
        assert layout.width / layout.height == pytest.approx(frame.seen[0] / frame.seen[1])
        assert layout.width <= frame.seen[0] * 72 / image.PHOTO_DPI + 0.001


def test_640_pixels_fill_the_width_and_an_icon_stays_small(tmp_path: Path) -> None:
    upright = image._lay_out(image._Frame(640, 800, (0, 0), 1, False, False), A4)
    icon = image._lay_out(image._Frame(32, 32, (0, 0), 1, False, False), A4)

    assert upright.width == pytest.approx(A4[0] - 2 * image.MARGIN)
    assert icon.width == 36


def test_animation_gives_its_first_picture_and_says_so(tmp_path: Path) -> None:
    source = tmp_path / "moving.gif"
    quarters().save(source, save_all=True, append_images=[Image.new("RGB", (300, 200), c) for c in ("black", "red")])

    pdf, [note] = to_pdf(source)

    assert len(sizes(pdf)) == 1
    assert_upright(painted(pdf))
    assert note.code == "first-frame-only"
    assert "3" in note.message
    assert note.fix


def test_still_gif_and_bmp(tmp_path: Path) -> None:
    for name in ("still.gif", "still.bmp"):
        quarters().save(tmp_path / name)
        pdf, notes = to_pdf(tmp_path / name)
        assert notes == ()
        assert_upright(painted(pdf))


def test_png_data_is_kept(tmp_path: Path) -> None:
    source = tmp_path / "screen.png"
    quarters().save(source)

    assert raw(to_pdf(source)[0]) in source.read_bytes()


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png", "a.tif", "a.webp"):
        source = tmp_path / name
        quarters().save(source)
        first = to_pdf(source)[0].read_bytes()
        assert to_pdf(source)[0].read_bytes() == first


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "bmp", "gif"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_cut_short(tmp_path: Path, suffix: str, kept: float) -> None:
    source = tmp_path / f"cut.{suffix}"
    Image.effect_noise((200, 200), 80).convert("RGB").save(source)
    whole = source.read_bytes()
    source.write_bytes(whole[: int(len(whole) * kept)])

    with pytest.raises(ConversionError) as caught:
        to_pdf(source)

    assert caught.value.code == "damaged-source"
    assert caught.value.fix
    assert source.name in caught.value.message
    assert pickle.loads(pickle.dumps(caught.value)).code == "damaged-source"
    assert not source.with_suffix(f".{suffix}.pdf").exists()


def test_g4_data_that_would_reach_beyond_the_file(tmp_path: Path) -> None:
    source = tmp_path / "cut.tif"
    Image.effect_noise((400, 400), 80).convert("1").save(
        source, compression="group4", tiffinfo={TiffImagePlugin.ROWSPERSTRIP: 400}
    )
    data = source.read_bytes()
    length = len(g4_data(source))
    entry = struct.pack("<HHII", 279, 4, 1, length)
    assert data.count(entry) == 1
    source.write_bytes(data.replace(entry, struct.pack("<HHII", 279, 4, 1, len(data))))

    with pytest.raises(ConversionError, match="too early") as caught:
        to_pdf(source)
    assert caught.value.code == "damaged-source"


def test_rubbish_after_a_jpeg_does_no_harm(tmp_path: Path) -> None:
    source = tmp_path / "tail.jpg"
    quarters().save(source, quality=95)
    source.write_bytes(source.read_bytes() + b"\0" * 500 + b"rubbish")

    assert_upright(painted(to_pdf(source)[0]))


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_photo(tmp_path: Path) -> None:
    thumbnail = io.BytesIO()
    quarters(60, 40).save(thumbnail, "JPEG")
    source = tmp_path / "cut.jpg"
    Image.effect_noise((200, 200), 80).save(source, exif=b"Exif\0\0" + thumbnail.getvalue())
    source.write_bytes(source.read_bytes()[:-3000])

    with pytest.raises(ConversionError, match="damaged"):
        to_pdf(source)


def test_an_image_too_large_to_be_one_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    source = tmp_path / "bomb.png"
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    source.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"\x78\x9c\x63\x00\x00") + chunk(b"IEND", b"")
    )

    with pytest.raises(ConversionError) as caught:
        to_pdf(source)

    assert caught.value.code == "hostile-source"
    assert caught.value.fix


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def test_a_tiff_whose_pages_run_in_a_circle_ends(tmp_path: Path) -> None:
    source = tmp_path / "circle.tif"
    quarters().save(source)
    data = bytearray(source.read_bytes())
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<I", data, start + 2 + 12 * count, start)
    source.write_bytes(data)

    assert len(sizes(to_pdf(source)[0])) == 1


def test_pillows_own_limit_is_left_as_it_was(tmp_path: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    source = tmp_path / "a.png"
    quarters().save(source)
    to_pdf(source)
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_missing_file_is_a_conversion_error(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="cannot be read"):
        to_pdf(tmp_path / "none.jpg")


def test_version_names_both_libraries() -> None:
    assert image.VERSION.startswith("img2pdf ")
    assert " / pillow " in image.VERSION


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("photo/Landscape_5.jpg", (A4[1], A4[0])),
        ("photo/Landscape_6.jpg", (A4[1], A4[0])),
        ("photo/Portrait_3.jpg", A4),
        ("photo/Portrait_8.jpg", A4),
        ("photo/DSCN0010.jpg", (A4[1], A4[0])),
        ("scan/g4_orientation_6.tif", (442.5, 66)),
        ("scan/linn.png", (612, 792)),
    ],
)
def test_real_files(tmp_path: Path, name: str, page: tuple[float, float]) -> None:
    source = REAL / name
    if not source.exists():
        pytest.skip(f"{source} is not here")
    out = tmp_path / "out.pdf"

    assert image.convert(source, out, sheet=A4) == ()

    assert sizes(out) == [pytest.approx(page, abs=0.005)]
    if source.suffix == ".jpg":
        assert raw(out) == source.read_bytes()
    if source.suffix == ".tif":
        assert raw(out) == g4_data(source)
