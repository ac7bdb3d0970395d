"""Images become pages: every stored byte kept, every picture upright, and nothing broken goes unnoticed."""

from __future__ import annotations

import io
import pickle
import struct
import subprocess
import sys
import tracemalloc
import zlib
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFilter, ImageStat, TiffImagePlugin

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


def to_pdf(source: Path, sheet: tuple[float, float] = A4, **options: Any) -> tuple[Path, tuple[Note, ...]]:
    out = source.with_suffix(source.suffix + ".pdf")
    return out, image.convert(source, out, sheet=sheet, **options)


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
    for name in ("a.jpg", "a.png", "a.tif", "a.webp", "a.heic", "a.avif", "a.jp2"):
        source = tmp_path / name
        quarters().save(source)
        first = to_pdf(source)[0].read_bytes()
        assert to_pdf(source)[0].read_bytes() == first


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "bmp", "gif", "heic", "avif", "jp2", "j2k"])
@pytest.mark.parametrize("kept", [0.01, 0.3, 0.6, 0.95, 0.999])
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
    assert " object at 0x" not in caught.value.message  # the same file gives the same message
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


def test_version_names_the_libraries() -> None:
    assert image.VERSION.startswith("img2pdf ")
    assert " / pillow " in image.VERSION
    assert " / pillow-heif " in image.VERSION


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("photo/Landscape_5.jpg", (A4[1], A4[0])),
        ("photo/Landscape_6.jpg", (A4[1], A4[0])),
        ("photo/Portrait_3.jpg", A4),
        ("photo/Portrait_8.jpg", A4),
        ("photo/DSCN0010.jpg", (A4[1], A4[0])),
        ("photo/xiaomi.heic", (A4[1], A4[0])),
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


# --- HEIC and AVIF -------------------------------------------------------------------------------------------------


def embedded(pdf: Path) -> dict[str, Any]:
    """Return what a PDF reader is told about the image of the first page."""
    with pikepdf.open(pdf) as document:
        stored = document.pages[0].Resources.XObject.Im0
        space = stored.ColorSpace
        profile = bytes(space[1].read_bytes()) if isinstance(space, pikepdf.Array) else b""
        return {"size": (stored.Width, stored.Height), "filter": str(stored.Filter), "profile": profile}


@pytest.mark.parametrize("suffix", ["heic", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_and_avif_are_turned_once(tmp_path: Path, suffix: str, orientation: int) -> None:
    source = tmp_path / f"phone.{suffix}"
    stored_as(quarters(), orientation).save(source, exif=oriented(orientation).tobytes(), quality=95)

    pdf, notes = to_pdf(source)

    assert notes == ()
    assert sizes(pdf) == [(A4[1], A4[0])]
    assert_upright(painted(pdf))


def test_a_heic_is_not_turned_again_by_what_its_xmp_says(tmp_path: Path) -> None:
    source = tmp_path / "phone.heic"
    xmp = b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6 "/>'
    stored_as(quarters(), 6).save(source, xmp=xmp, quality=95)
    assert b"irot" in source.read_bytes()

    assert_upright(painted(to_pdf(source)[0]))


def test_a_heic_is_turned_by_its_container_and_not_by_its_exif(tmp_path: Path) -> None:
    source = tmp_path / "phone.heic"
    quarters().save(source, exif=oriented(1).tobytes(), quality=95)
    data = source.read_bytes()
    upright = struct.pack(">HHIH", EXIF_ORIENTATION, 3, 1, 1)
    assert data.count(upright) == 1
    source.write_bytes(data.replace(upright, upright[:-1] + b"\x06"))

    assert_upright(painted(to_pdf(source)[0]))


@pytest.mark.parametrize("suffix", ["heic", "avif"])
def test_heic_and_avif_become_jpeg_with_their_colour_profile(tmp_path: Path, suffix: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = tmp_path / f"phone.{suffix}"
    quarters().save(source, icc_profile=profile)

    found = embedded(to_pdf(source)[0])

    assert found == {"size": (300, 200), "filter": "/DCTDecode", "profile": profile}


def test_a_heic_loses_nothing_that_an_eye_could_see(tmp_path: Path) -> None:
    source = tmp_path / "phone.heic"
    grain = Image.merge("RGB", [Image.effect_noise((300, 200), spread) for spread in (60, 90, 120)])
    grain.filter(ImageFilter.GaussianBlur(1.5)).save(source, quality=80)

    stored = Image.open(io.BytesIO(raw(to_pdf(source)[0])))

    with Image.open(source) as before:
        difference = ImageChops.difference(before.convert("RGB"), stored.convert("RGB"))
    assert max(ImageStat.Stat(difference).rms) < 3.5  # of 255


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "heic"])
@pytest.mark.parametrize("kind", ["LAB", "damaged", "cut"])
def test_a_colour_profile_that_cannot_be_right_is_left_out(tmp_path: Path, suffix: str, kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB" if kind == "LAB" else "sRGB")).tobytes()
    source = tmp_path / f"photo.{suffix}"
    quarters().save(source, icc_profile={"LAB": profile, "damaged": b"?" * 500, "cut": profile[:200]}[kind])

    pdf, _ = to_pdf(source)

    assert embedded(pdf)["profile"] == b""
    assert_upright(painted(pdf))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "heic"])
def test_a_colour_profile_is_kept(tmp_path: Path, suffix: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = tmp_path / f"photo.{suffix}"
    quarters().save(source, icc_profile=profile)

    assert embedded(to_pdf(source)[0])["profile"] == profile


def test_a_colour_profile_for_colours_is_not_used_for_greys(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = tmp_path / "grey.png"
    Image.new("L", (300, 200), 100).save(source, icc_profile=profile)

    pdf, _ = to_pdf(source)

    assert embedded(pdf)["profile"] == b""
    assert painted(pdf).getpixel((420, 297)) == (100, 100, 100)


def test_nothing_is_logged_of_odd_files(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = tmp_path / "grey.jpg"
    Image.new("L", (300, 200), 100).save(source, icc_profile=profile)  # img2pdf has a word to say about it

    program = "import sys, pathlib; from dossier.convert import image; p = pathlib.Path(sys.argv[1]); "
    program += "image.convert(p, p.with_suffix('.pdf'), sheet=(595, 842))"
    subprocess.run([sys.executable, "-c", program, str(source)], check=True)

    assert capfd.readouterr() == ("", "")


def test_the_data_of_one_image_does_not_wait_in_memory_for_the_next(tmp_path: Path) -> None:
    source = tmp_path / "photo.jpg"
    Image.effect_noise((800, 600), 90).save(source, quality=95)
    to_pdf(source)
    tracemalloc.start()
    try:
        for _ in range(8):
            to_pdf(source)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 2 * source.stat().st_size


@pytest.mark.parametrize("suffix", ["heic", "avif"])
def test_transparency_of_heic_and_avif_is_shown_on_white(tmp_path: Path, suffix: str) -> None:
    clear = Image.new("RGBA", (300, 200), (255, 0, 0, 0))
    clear.paste("black", (0, 0, 60, 60))
    source = tmp_path / f"sticker.{suffix}"
    clear.save(source, quality=95)

    seen = painted(to_pdf(source)[0])

    centre = seen.convert("L").getpixel((seen.width // 2, seen.height // 2))
    assert isinstance(centre, int)
    assert centre > 245
    assert seen.convert("L").tobytes().count(0) > 100


@pytest.mark.parametrize("main", [0, 1])
def test_of_several_pictures_in_a_heic_the_main_one_is_bound(tmp_path: Path, main: int) -> None:
    pictures = [Image.new("RGB", (300, 200), "black"), Image.new("RGB", (300, 200), "black")]
    pictures[main] = quarters()
    source = tmp_path / "burst.heic"
    pictures[0].save(source, save_all=True, append_images=pictures[1:], primary_index=main, quality=95)

    pdf, [note] = to_pdf(source)

    assert len(sizes(pdf)) == 1
    assert_upright(painted(pdf))
    assert note.code == "first-frame-only"
    assert "2 pictures" in note.message


@pytest.mark.parametrize("suffix", ["png", "webp", "avif"])
def test_every_kind_of_animation_gives_its_first_picture_and_says_so(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / f"moving.{suffix}"
    others = [Image.new("RGB", (300, 200), colour) for colour in ("black", "red")]
    quarters().save(source, save_all=True, append_images=others, duration=100, quality=95)

    pdf, [note] = to_pdf(source)

    assert len(sizes(pdf)) == 1
    assert_upright(painted(pdf))
    assert note.code == "first-frame-only"
    assert "3 pictures" in note.message


@pytest.mark.parametrize("suffix", ["heic", "avif"])
@pytest.mark.parametrize("side", [50_000, 0xFFFF_FFFF])
def test_a_heic_or_avif_that_claims_an_absurd_size_never_reaches_its_decoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, side: int
) -> None:
    source = tmp_path / f"bomb.{suffix}"
    quarters().save(source)
    extent = struct.pack(">II", 300, 200)
    assert extent in source.read_bytes()
    source.write_bytes(source.read_bytes().replace(extent, struct.pack(">II", side, side)))
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))

    with pytest.raises(ConversionError) as caught:
        to_pdf(source)

    assert caught.value.code == "hostile-source"
    assert caught.value.fix


@pytest.mark.parametrize("claimed", [(3000, 2000), (30, 20), (0, 0)])
def test_a_heic_of_another_size_than_it_claims_is_damaged(tmp_path: Path, claimed: tuple[int, int]) -> None:
    source = tmp_path / "lying.heic"
    quarters().save(source)
    source.write_bytes(source.read_bytes().replace(struct.pack(">II", 300, 200), struct.pack(">II", *claimed)))

    with pytest.raises(ConversionError) as caught:
        to_pdf(source)

    assert caught.value.code == "damaged-source"


@pytest.mark.parametrize("suffix", ["heic", "avif", "jp2", "jpg"])
def test_flipped_bytes_end_in_pages_or_in_a_refusal(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / f"mutated.{suffix}"
    Image.effect_noise((64, 48), 60).convert("RGB").save(source)
    whole = source.read_bytes()
    for at in range(0, min(len(whole), 700), 7):
        source.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        with suppress(ConversionError):
            assert sizes(to_pdf(source)[0])


def test_exif_data_too_large_to_be_true_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "photo.png"
    quarters().save(source, exif=oriented(6))
    assert sizes(to_pdf(source)[0]) == [A4]

    monkeypatch.setattr(image, "_MAX_EXIF", 10)

    assert sizes(to_pdf(source)[0]) == [(A4[1], A4[0])]


# --- JPEG 2000 and MPO ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_plain_jpeg_2000_is_kept_byte_for_byte(tmp_path: Path, mode: str) -> None:
    source = tmp_path / "scan.jp2"
    quarters().convert(mode).save(source)

    pdf, notes = to_pdf(source)

    assert notes == ()
    assert raw(pdf) == source.read_bytes()
    if mode == "RGB":
        assert_upright(painted(pdf))
    else:
        assert painted(pdf).getpixel((390, 260)) == (76, 76, 76)  # ITU-R 601: what red is in grey


@pytest.mark.parametrize("kind", ["j2k", "alpha", "16 bits", "lying"])
def test_other_jpeg_2000_is_shown_all_the_same(tmp_path: Path, kind: str) -> None:
    source = tmp_path / ("scan.j2k" if kind == "j2k" else "scan.jp2")
    if kind == "alpha":
        clear = quarters().convert("RGBA")
        clear.putalpha(Image.new("L", clear.size, 255))
        clear.save(source)
    elif kind == "16 bits":
        Image.new("I;16", (300, 200), 32768).save(source)
    else:
        quarters().save(source)
    if kind == "lying":  # the enumerated colour space says YCC
        data = source.read_bytes()
        assert data.count(b"colr\x01\0\0\0\0\0\x10") == 1
        source.write_bytes(data.replace(b"colr\x01\0\0\0\0\0\x10", b"colr\x01\0\0\0\0\0\x63"))

    pdf, _ = to_pdf(source)

    assert embedded(pdf)["filter"] == "/FlateDecode"
    if kind == "16 bits":
        assert painted(pdf).getpixel((420, 297)) == (127, 127, 127)
    else:
        assert_upright(painted(pdf))


def test_a_jpeg_2000_whose_header_hides_its_size_is_not_handed_on(tmp_path: Path) -> None:
    source = tmp_path / "bomb.jp2"
    quarters().save(source)
    data = source.read_bytes()
    at = data.index(b"\xff\x51") + 6
    source.write_bytes(data[:at] + struct.pack(">II", 60_000, 60_000) + data[at + 8 :])

    with pytest.raises(ConversionError) as caught:
        to_pdf(source)

    assert caught.value.code in {"damaged-source", "hostile-source"}


def mpo(source: Path, *others: Image.Image) -> bytes:
    """Save the picture of :func:`quarters` and others as an MPO; return the first picture's own bytes."""
    quarters().save(source, "MPO", save_all=True, append_images=others, quality=95)
    data = source.read_bytes()
    return data[: data.index(b"\xff\xd9\xff\xd8") + 2]


def test_the_first_picture_of_an_mpo_is_kept_byte_for_byte_and_the_others_are_reported(tmp_path: Path) -> None:
    source = tmp_path / "stereo.jpg"
    first = mpo(source, Image.new("RGB", (300, 200), "black"), Image.new("RGB", (300, 200), "red"))

    pdf, [note] = to_pdf(source)

    assert raw(pdf) == first
    assert_upright(painted(pdf))
    assert note.code == "first-frame-only"
    assert "3 pictures" in note.message


def test_a_smaller_picture_that_a_phone_adds_is_no_news(tmp_path: Path) -> None:
    source = tmp_path / "phone.jpg"
    first = mpo(source, Image.new("L", (75, 50), 90))

    pdf, notes = to_pdf(source)

    assert notes == ()
    assert raw(pdf) == first


def test_an_index_that_lies_about_the_first_picture_cuts_nothing_off(tmp_path: Path) -> None:
    source = tmp_path / "lying.jpg"
    first = mpo(source, Image.new("RGB", (300, 200), "black"))
    length = struct.pack("<I", len(first))
    assert source.read_bytes().count(length) == 1
    source.write_bytes(source.read_bytes().replace(length, struct.pack("<I", len(first) // 2)))

    pdf, _ = to_pdf(source)

    assert len(raw(pdf)) == len(first)
    assert_upright(painted(pdf))


def operands(pdf: Path, operator: str) -> list[tuple[float, ...]]:
    """Return the numbers that each page hands to an operator that it uses once."""
    with pikepdf.open(pdf) as document:
        found = [[one for one in pikepdf.parse_content_stream(page) if str(one.operator) == operator]
                 for page in document.pages]  # fmt: skip
        return [tuple(float(str(number)) for number in one.operands) for [one] in found]


def clips(pdf: Path) -> list[tuple[float, ...]]:
    """Return left, bottom, width and height of what each page's clipping leaves."""
    return operands(pdf, "re")


# --- crop ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_crop_is_of_the_image_as_seen_and_leaves_its_data_alone(tmp_path: Path, orientation: int) -> None:
    source = tmp_path / "photo.jpg"
    stored_as(quarters(), orientation).save(source, exif=oriented(orientation), quality=95)

    pdf, _ = to_pdf(source, crop=(0.5, 0, 1, 0.5))

    assert raw(pdf) == source.read_bytes()
    [(width, height)] = sizes(pdf)
    assert width > height
    seen = painted(pdf)
    ink = seen.convert("L").point(lambda v: 255 if v < 250 else 0).getbbox()
    assert ink is not None
    assert (ink[2] - ink[0]) / (ink[3] - ink[1]) == pytest.approx(1.5, abs=0.02)
    inner = seen.crop((ink[0] + 2, ink[1] + 2, ink[2] - 2, ink[3] - 2))
    for band, green in zip(inner.split(), GREEN, strict=True):
        assert all(abs(value - green) < 12 for value in band.tobytes())


def test_a_cropped_scan_has_the_size_of_what_is_left(tmp_path: Path) -> None:
    source = tmp_path / "scan.jpg"
    Image.new("L", (1600, 2400), 200).save(source, dpi=(200, 200))

    pdf, _ = to_pdf(source, crop=(0, 0.25, 0.5, 1))

    assert sizes(pdf) == [(288, 648)]
    assert painted(pdf).getextrema() == ((200, 200),) * 3


def test_a_snippet_of_a_scan_stands_on_a_sheet_at_its_size(tmp_path: Path) -> None:
    source = tmp_path / "scan.png"
    Image.new("L", (1600, 2400), 0).save(source, dpi=(200, 200))

    pdf, _ = to_pdf(source, crop=(0.4, 0.4, 0.6, 0.5))  # 320 by 240 pixels

    assert sizes(pdf) == [(A4[1], A4[0])]
    ((left, bottom, width, height),) = clips(pdf)
    assert (width, height) == pytest.approx((115.2, 86.4), abs=0.001)
    assert (left + width / 2, bottom + height / 2) == pytest.approx((A4[1] / 2, A4[0] / 2), abs=0.001)


def test_every_page_of_a_tiff_is_cropped(tmp_path: Path, make_photo: Any) -> None:
    source = make_photo("pages.tif", (400, 800), frames=2)

    pdf, _ = to_pdf(source, crop=(0, 0, 1, 0.25))

    assert [width > height for width, height in sizes(pdf)] == [True, True]


def test_all_of_an_image_is_no_crop(tmp_path: Path) -> None:
    source = tmp_path / "photo.jpg"
    quarters().save(source)
    plain = to_pdf(source)[0].read_bytes()

    assert to_pdf(source, crop=(0, 0, 1, 1))[0].read_bytes() == plain


@pytest.mark.parametrize(
    "crop",
    [(0.5, 0, 0.5, 1), (0, 0.6, 1, 0.4), (-0.1, 0, 1, 1), (0, 0, 1, 1.01), (0, 0, 50, 50), (0, 0, float("nan"), 1)],
)
def test_a_crop_that_is_no_part_of_an_image_is_refused(tmp_path: Path, crop: image.Crop) -> None:
    source = tmp_path / "photo.jpg"
    quarters().save(source)

    with pytest.raises(ConversionError) as caught:
        to_pdf(source, crop=crop)

    assert caught.value.code == "bad-crop"
    assert "from 0" in caught.value.fix


@given(
    width=st.integers(1, 5000),
    height=st.integers(1, 5000),
    across=st.tuples(st.floats(0, 1), st.floats(0, 1)).filter(lambda pair: pair[0] < pair[1]),
    down=st.tuples(st.floats(0, 1), st.floats(0, 1)).filter(lambda pair: pair[0] < pair[1]),
)
def test_a_crop_shows_at_least_a_pixel_and_only_pixels_that_are_there(
    width: int, height: int, across: tuple[float, float], down: tuple[float, float]
) -> None:
    frame = image._Frame(width, height, (0, 0), 1, False, False)

    view = image._cropped(frame, (across[0], down[0], across[1], down[1]))

    assert 0 <= view.left < view.right <= width
    assert 0 <= view.top < view.bottom <= height


# --- fit -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "dpi", "shown"),
    [
        ((480, 640), None, (360, 480)),  # 96 to the inch
        ((240, 320), (144, 144), (120, 160)),
        ((640, 480), (72, 72), (640, 480)),
        ((760, 1000), None, (570, 750)),  # into the margins that fit="page" keeps
        ((1600, 1200), None, (A4[0] * 4 / 3, A4[0])),  # larger than the sheet
        ((900, 1200), None, (A4[0], A4[0] * 4 / 3)),
        ((40, 30), (1, 1), (30, 22.5)),  # a resolution not to be believed
    ],
)
def test_without_fitting_an_image_has_its_natural_size(
    tmp_path: Path, size: tuple[int, int], dpi: tuple[int, int] | None, shown: tuple[float, float]
) -> None:
    source = tmp_path / "picture.png"
    Image.new("L", size, 0).save(source, **({"dpi": dpi} if dpi else {}))  # type: ignore[arg-type]

    pdf, _ = to_pdf(source, fit="none")

    assert sizes(pdf) == [A4 if size[0] <= size[1] else (A4[1], A4[0])]
    width, _, _, height, left, bottom = operands(pdf, "cm")[0]
    assert (width, height) == pytest.approx(shown, abs=0.1)  # PNG counts dots to a metre
    page = sizes(pdf)[0]
    assert (left + width / 2, bottom + height / 2) == pytest.approx((page[0] / 2, page[1] / 2), abs=0.001)


@pytest.mark.parametrize("fit", ["page", "none"])
def test_a_scan_has_its_natural_size_either_way(tmp_path: Path, fit: image.Fit) -> None:
    source = tmp_path / "scan.jpg"
    Image.new("L", (1654, 2339), 200).save(source, dpi=(200, 200))

    assert sizes(to_pdf(source, fit=fit)[0]) == [(595.44, 842.04)]


# --- long images ---------------------------------------------------------------------------------------------------

LINE, GAP_BETWEEN = 40, 20  # rows of a line of text, and of the paper below it


def chat(height: int, width: int = 720, gaps: tuple[int, ...] = (GAP_BETWEEN,)) -> Image.Image:
    """Draw lines of text as chequered bars, each row of which has two colours; ``gaps`` follow them in turn."""
    picture = Image.new("RGB", (width, height), (237, 237, 237))
    bar = Image.new("RGB", (width - 100, LINE), "black")
    ImageDraw.Draw(bar).line([(x, y) for x in range(0, width, 16) for y in (0, LINE)], fill="grey", width=4)
    top = number = 0
    while top < height:
        picture.paste(bar, (50, top))
        top += LINE + gaps[number % len(gaps)]
        number += 1
    return picture


def is_text(row: int) -> bool:
    return row % (LINE + GAP_BETWEEN) < LINE


def rows_shown(pdf: Path, height: int) -> list[tuple[float, float]]:
    """Return the rows, of ``height`` as seen, that each page's clipping lets through."""
    rows = []
    for (_, b, _, d, _, f), (_, low, _, up) in zip(operands(pdf, "cm"), clips(pdf), strict=True):
        top, bottom = max(f, f + b + d), min(f, f + b + d)
        scale = height / (top - bottom)
        rows.append(((top - low - up) * scale, (top - low) * scale))
    return rows


@pytest.mark.parametrize(
    ("suffix", "orientation"), [("jpg", 1), ("jpg", 3), ("jpg", 5), ("jpg", 6), ("jpg", 8), ("png", 1), ("heic", 6)]
)
def test_a_long_screenshot_loses_no_row_and_cuts_no_line(tmp_path: Path, suffix: str, orientation: int) -> None:
    source = tmp_path / f"chat.{suffix}"
    width, height = (150, 2000) if suffix == "heic" else (720, 5000)  # HEIC is slow to write
    picture = stored_as(chat(height, width), orientation)
    picture.save(source, exif=oriented(orientation).tobytes(), quality=92)

    pdf, [note] = to_pdf(source)

    rows = rows_shown(pdf, height)
    assert round(rows[0][0]) == 0
    assert round(rows[-1][1]) == height
    for above, below in pairwise(rows):
        assert above[1] == pytest.approx(below[0], abs=0.01)  # of a row: nothing twice, nothing left out
        assert above[1] == pytest.approx(round(above[1]), abs=0.01)
        assert not is_text(round(above[1]))
        assert not is_text(round(above[1]) - 1)
    most = (A4[1] - 2 * image.MARGIN) / min((A4[0] - 2 * image.MARGIN) / width, 72 / image.PHOTO_DPI)
    assert all(bottom - top <= most + 1e-6 for top, bottom in rows)
    assert all(bottom - top > most * 2 / 3 for top, bottom in rows[:-1])
    assert note.code == "long-image"
    assert f"on {len(rows)} pages" in note.message
    assert "cut at blank rows" in note.message


def test_the_pieces_of_a_long_image_are_drawn_from_data_stored_once_and_unchanged(tmp_path: Path) -> None:
    source = tmp_path / "chat.jpg"
    chat(5000).save(source)

    pdf, _ = to_pdf(source)

    with pikepdf.open(pdf) as document:
        assert len(document.pages) > 3
        assert len({page.Resources.XObject.Im0.objgen for page in document.pages}) == 1
    assert raw(pdf, 3) == source.read_bytes()
    assert pdf.stat().st_size < source.stat().st_size + 10_000


def test_the_pages_of_a_long_image_look_like_it(tmp_path: Path) -> None:
    source = tmp_path / "chat.png"
    chat(5000).save(source)

    pdf, _ = to_pdf(source)

    lines = []
    for number, (width, height) in enumerate(sizes(pdf)):
        assert (width, height) == A4
        seen = painted(pdf, number).convert("L")
        box = seen.point(lambda v: 255 if v < 250 else 0).getbbox()
        assert box is not None
        assert box[:3] == pytest.approx((image.MARGIN, image.MARGIN, A4[0] - image.MARGIN), abs=2)
        assert box[3] <= A4[1] - image.MARGIN + 2
        column = seen.crop((110, 0, 111, seen.height)).tobytes()
        lines += [run for run in column.translate(bytes(32 if v > 200 else 35 for v in range(256))).split() if run]
    assert len(lines) == -(-5000 // (LINE + GAP_BETWEEN))
    assert {len(line) for line in lines[:-1]} <= {24, 25, 26}  # 40 rows of 0.63 points, each line whole


def test_where_no_row_is_blank_the_cut_is_at_the_end_of_the_page_and_the_note_says_so(tmp_path: Path) -> None:
    source = tmp_path / "noise.png"
    Image.effect_noise((300, 2000), 200).save(source)

    pdf, [note] = to_pdf(source)

    # 300 pixels are drawn 337.5 points wide, 64 to the inch.
    most = int((A4[1] - 2 * image.MARGIN) / 1.125)
    assert [round(bottom) for _, bottom in rows_shown(pdf, 2000)] == [most, 2 * most, 3 * most, 2000]
    assert "3 times no blank row was near" in note.message
    assert "by hand" in note.fix


def test_a_scroll_bar_along_the_edge_is_no_text(tmp_path: Path) -> None:
    source = tmp_path / "chat.png"
    picture = chat(3000)
    picture.paste("black", (710, 0, 718, 3000))
    picture.save(source)

    pdf, [note] = to_pdf(source)

    assert "cut at blank rows" in note.message
    assert all(not is_text(round(bottom)) for _, bottom in rows_shown(pdf, 3000)[:-1])


def test_one_line_of_pixels_is_blank_enough_where_there_is_no_wider_gap() -> None:
    band = chat(100, 700, gaps=(1,)).crop((20, 0, 680, 100))

    assert image._blank_row(band) == 81  # lines fill 0 to 39, 41 to 80 and 82 on


def test_the_gap_between_messages_is_preferred_to_one_between_strokes() -> None:
    band = chat(260, 700, gaps=(1, 1, 30)).crop((20, 0, 680, 260))

    found = image._blank_row(band)

    assert found is not None
    assert 146 <= found <= 151  # low in the only wide gap, rows 122 to 151; below it are 192 and 233


def test_a_band_without_a_blank_row_has_none_and_a_blank_one_is_cut_low() -> None:
    assert image._blank_row(Image.effect_noise((300, 50), 200)) is None
    assert image._blank_row(Image.new("L", (300, 50), 9)) == 48


@pytest.mark.parametrize(
    ("left", "right", "blank"), [((255, 255, 255), (240, 240, 240), True), ((200, 50, 50), (50, 200, 50), False)]
)
def test_a_row_of_nearly_one_colour_is_blank_and_one_of_equal_greys_is_not(
    left: tuple[int, int, int], right: tuple[int, int, int], blank: bool
) -> None:
    assert image._is_blank(bytes(left) * 50 + bytes(right) * 50, 3) is blank


@given(
    gaps=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    height=st.integers(300, 3000),
    most=st.integers(120, 400),
)
def test_cuts_cover_every_row_once_and_part_no_line_that_need_not_be(gaps: list[int], height: int, most: int) -> None:
    picture = chat(height, 120, tuple(gaps))
    frame = image._Frame(120, height, (0, 0), 1, False, False)

    cuts = list(image._cuts(picture, frame, frame.whole, most))

    assert cuts[0][0] == 0
    assert cuts[-1][1] == height
    assert all(above[1] == below[0] for above, below in pairwise(cuts))
    assert all(0 < bottom - top <= most for top, bottom, _ in cuts)
    paper = [picture.getpixel((60, row)) == (237, 237, 237) for row in range(height)]
    for top, bottom, clean in cuts[:-1]:
        near = range(top + most - most // 3, top + most + 1)
        assert clean is any(paper[row] for row in near)
        assert not clean or paper[bottom] or paper[bottom - 1]


@given(orientation=st.integers(1, 8), data=st.data())
def test_a_part_as_seen_is_that_part_of_the_upright_image(orientation: int, data: st.DataObject) -> None:
    upright = Image.frombytes("L", (9, 6), bytes(range(0, 216, 4)))
    stored = stored_as(upright, orientation)
    left, right = sorted(data.draw(st.lists(st.integers(0, 9), min_size=2, max_size=2, unique=True)))
    top, bottom = sorted(data.draw(st.lists(st.integers(0, 6), min_size=2, max_size=2, unique=True)))
    frame = image._Frame(*stored.size, (0, 0), orientation, False, False)

    part = image._as_seen(stored, frame, image._View(left, top, right, bottom))

    assert part.tobytes() == upright.crop((left, top, right, bottom)).tobytes()
    assert part.size == (right - left, bottom - top)


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "LA", "I;16", "CMYK"])
def test_blank_rows_are_found_in_every_mode(tmp_path: Path, mode: str) -> None:
    grey = chat(3000).convert("L")
    picture = grey.point(lambda v: 255 if v > 100 else 0)
    if mode == "I;16":
        picture = Image.frombytes("I;16", grey.size, b"".join(struct.pack("<H", v * 257) for v in picture.tobytes()))
    else:
        picture = picture.convert("RGB" if mode in {"RGBA", "CMYK"} else "L").convert(mode)
    source = tmp_path / ("chat.jpg" if mode == "CMYK" else "chat.png")
    picture.save(source)

    pdf, [note] = to_pdf(source)

    assert len(sizes(pdf)) == 3
    assert "cut at blank rows" in note.message
    assert all(not is_text(round(bottom)) for _, bottom in rows_shown(pdf, 3000)[:-1])


def camera() -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x829A] = 0.01  # exposure time
    return exif


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((1000, 3000), {}),  # three times as tall, and no taller
        ((4000, 1000), {}),
        ((60, 500), {}),  # goes on one page as it is
        ((1000, 4000), {"exif": camera()}),  # a panorama
        ((500, 2300), {"dpi": (150, 150)}),  # a till receipt, of its own size
    ],
)
def test_what_is_not_cut(tmp_path: Path, size: tuple[int, int], options: dict[str, Any]) -> None:
    source = tmp_path / "whole.jpg"
    Image.new("L", size, 90).save(source, **options)

    pdf, notes = to_pdf(source)

    assert notes == ()
    assert len(sizes(pdf)) == 1


def test_a_photo_a_little_taller_than_three_to_one_is_cut(tmp_path: Path) -> None:
    source = tmp_path / "tall.png"
    chat(3020, 1000).save(source)

    assert len(sizes(to_pdf(source)[0])) == 2


def test_only_what_is_left_by_a_crop_is_cut(tmp_path: Path) -> None:
    source = tmp_path / "chat.png"
    chat(6000).save(source)

    pdf, _ = to_pdf(source, crop=(0, 0.5, 1, 0.95))
    rows = rows_shown(pdf, 6000)
    assert (round(rows[0][0]), round(rows[-1][1])) == (3000, 5700)
    assert all(above[1] == pytest.approx(below[0], abs=0.01) for above, below in pairwise(rows))

    pdf, notes = to_pdf(source, crop=(0, 0, 1, 0.2))
    assert (len(sizes(pdf)), notes) == (1, ())


def test_a_long_image_without_fitting_keeps_its_scale(tmp_path: Path) -> None:
    source = tmp_path / "chat.png"
    chat(3000, 400).save(source)

    pdf, _ = to_pdf(source, fit="none")

    assert {width for _, _, width, _ in clips(pdf)} == {300}  # 400 pixels, 96 to the inch
    assert clips(pdf)[0][0] == pytest.approx((A4[0] - 300) / 2, abs=0.001)


def test_a_roll_of_fax_paper_is_cut_and_keeps_its_data_and_its_oblong_pixels(tmp_path: Path) -> None:
    source = tmp_path / "roll.tif"
    roll = Image.new("1", (1728, 6000), 1)
    for top in range(0, 6000, LINE + GAP_BETWEEN):
        ImageDraw.Draw(roll).rectangle((100, top, 900, top + LINE - 1), fill=0)
    roll.save(source, dpi=(204, 98), compression="group4", tiffinfo={TiffImagePlugin.ROWSPERSTRIP: 6000})

    pdf, [note] = to_pdf(source)

    assert note.code == "long-image"
    assert raw(pdf, 1) == g4_data(source)
    rows = rows_shown(pdf, 6000)
    assert all(not is_text(round(bottom)) for _, bottom in rows[:-1])
    across = (A4[0] - 2 * image.MARGIN) / (1728 / 204)  # points to an inch of the roll
    assert rows[0][1] == pytest.approx((A4[1] - 2 * image.MARGIN) / across * 98, rel=1 / 3)
    matrix = operands(pdf, "cm")[0]
    assert matrix[3] / matrix[0] == pytest.approx((6000 / 98) / (1728 / 204), rel=1e-4)


def test_an_image_that_would_fill_a_book_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "endless.png"
    Image.new("1", (64, 65_000), 1).convert("L").save(source)

    with pytest.raises(ConversionError) as caught:
        to_pdf(source)

    assert caught.value.code == "oversized-source"
    assert "crop" in caught.value.fix


def test_each_page_of_a_tiff_is_long_or_not_by_itself(tmp_path: Path) -> None:
    source = tmp_path / "pages.tif"
    with TiffImagePlugin.AppendingTiffWriter(str(source), new=True) as writer:
        for page in (quarters(), chat(3000), quarters()):
            page.save(writer, "TIFF")
            writer.newFrame()

    pdf, [note] = to_pdf(source)

    assert len(sizes(pdf)) == 5
    assert_upright(painted(pdf, 0))
    assert_upright(painted(pdf, 4))
    assert "on 3 pages" in note.message
