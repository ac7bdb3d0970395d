"""Pictures for templates are judged by what they hold, turned upright, and bounded in size."""

from __future__ import annotations

import struct
import time
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from conftest import MakePdf, MakePhoto
from PIL import Image

from dossier import pictures
from dossier.errors import TemplateError
from dossier.pictures import Picture


def opened(picture: Picture) -> Image.Image:
    return Image.open(BytesIO(picture.data))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def a_png(width: int, height: int, body: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


# --- size ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        ("60mm", None, (60, 45)),
        (None, "30mm", (40, 30)),
        ("6cm", None, (60, 45)),
        ("1in", None, (25.4, 19.05)),
        ("72pt", None, (25.4, 19.05)),
        (60, None, (60, 45)),
        ("12.5 mm", None, (12.5, 9.375)),
        ("60mm", "10mm", (60, 10)),
        (None, None, (400 / 96 * 25.4, 300 / 96 * 25.4)),
    ],
)
def test_a_size_follows_from_what_is_said(
    make_photo: MakePhoto, width: object, height: object, size: tuple[float, float]
) -> None:
    picture = pictures.read(make_photo("a.png", (400, 300)), "a.png", width, height)
    assert (picture.width, picture.height) == pytest.approx(size)


def test_a_picture_says_itself_how_large_it_is_up_to_a_page(make_photo: MakePhoto) -> None:
    small = pictures.read(make_photo("a.jpg", (400, 300), dpi=200), "a.jpg")
    assert small.width == pytest.approx(400 / 200 * 25.4)
    large = pictures.read(make_photo("b.jpg", (4000, 3000), dpi=100), "b.jpg")
    assert large.width == 150
    tall = pictures.read(make_photo("c.jpg", (100, 4000)), "c.jpg")
    assert tall.height == pytest.approx(220)


@pytest.mark.parametrize("width", ["0mm", "-5mm", "9999mm", "60px", "wide", "", "1e3mm", "60mm;", [1], "601mm"])
def test_what_is_no_length_is_refused(make_photo: MakePhoto, width: object) -> None:
    with pytest.raises(TemplateError, match="width"):
        pictures.read(make_photo("a.png"), "a.png", width)


# --- what is shown -------------------------------------------------------------------------------------------------


def test_a_plain_picture_is_kept_as_it_is(make_photo: MakePhoto) -> None:
    path = make_photo("a.jpg")
    assert pictures.read(path, "a.jpg").data == path.read_bytes()


@pytest.mark.parametrize("orientation", [2, 3, 4, 5, 6, 7, 8])
def test_a_photo_is_turned_upright(make_photo: MakePhoto, orientation: int) -> None:
    picture = pictures.read(make_photo("a.jpg", (400, 300), orientation=orientation), "a.jpg", "40mm")
    turned = orientation >= 5
    shown = opened(picture)
    assert shown.size == ((300, 400) if turned else (400, 300))
    assert shown.getexif().get(274, 1) == 1
    assert picture.height == pytest.approx(40 * 4 / 3 if turned else 30)
    # The white corner is the first in the file; where it is seen follows from the orientation.
    right, down = orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8)
    x = shown.width - 20 if right else 20
    y = shown.height - 20 if down else 20
    assert min(shown.convert("RGB").getpixel((x, y))) > 200  # type: ignore[arg-type]


def test_a_picture_far_finer_than_paper_is_made_smaller(make_photo: MakePhoto) -> None:
    picture = pictures.read(make_photo("a.jpg", (4000, 3000)), "a.jpg", "20mm")
    assert opened(picture).size == (236, 177)  # 300 dots per inch


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        *(("png", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        *(("jpg", mode) for mode in ("1", "L", "RGB", "CMYK")),
    ],
)
def test_every_sort_of_picture_becomes_one_that_word_shows(tmp_path: Path, suffix: str, mode: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new(mode, (40, 30)).save(path)
    picture = pictures.read(path, path.name)
    assert opened(picture).mode in ("1", "L", "LA", "P", "RGB", "RGBA")
    assert picture.suffix == ("jpeg" if suffix == "jpg" else "png")


def test_a_file_is_judged_by_its_content(make_photo: MakePhoto, make_pdf: MakePdf) -> None:
    png = make_photo("a.png").rename(make_photo("b.jpg"))
    assert pictures.read(png, "b.jpg").suffix == "png"
    with pytest.raises(TemplateError, match=r"c\.png is a PDF, not a picture"):
        pictures.read(make_pdf("c.pdf").rename(png.with_name("c.png")), "c.png")


@pytest.mark.parametrize("suffix", ["gif", "bmp", "tif", "webp"])
def test_other_formats_are_refused(make_photo: MakePhoto, suffix: str) -> None:
    with pytest.raises(TemplateError, match="save it as PNG or JPEG"):
        pictures.read(make_photo(f"a.{suffix}"), f"a.{suffix}")


# --- strangers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (2**26, 1), (10_000, 5_001)])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(a_png(width, height, bytes(10_000_000)))
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(TemplateError, match=r"bomb\.png has more than 50 million pixels"):
            pictures.read(path, "bomb.png")
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 5


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, make_photo: MakePhoto) -> None:
    path = make_photo("a.png")
    with path.open("ab") as file:
        file.truncate(pictures.MAX_BYTES + 1)
    with pytest.raises(TemplateError, match="larger than 20 MiB"):
        pictures.read(path, "a.png")


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("keep", [0.05, 0.3, 0.7])
def test_a_broken_picture_is_refused_by_name(make_photo: MakePhoto, suffix: str, keep: float) -> None:
    path = make_photo(f"a.{suffix}")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(TemplateError, match=rf"a\.{suffix}"):
        pictures.read(path, path.name)


def test_text_in_a_picture_that_unpacks_beyond_measure_is_refused(tmp_path: Path) -> None:
    data = a_png(2, 2, bytes(14))
    text = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(200_000_000)))
    path = tmp_path / "a.png"
    path.write_bytes(data[:33] + text + data[33:])
    with pytest.raises(TemplateError, match="damaged"):
        pictures.read(path, "a.png")


# --- QR codes ------------------------------------------------------------------------------------------------------


def test_a_qr_code_is_as_wide_as_is_said_and_always_the_same() -> None:
    picture = pictures.qr("https://example.org/印证材料", "30mm")
    assert (picture.width, picture.height, picture.suffix) == (30, 30, "png")
    assert opened(picture).width == opened(picture).height
    pictures._qr.cache_clear()
    assert pictures.qr("https://example.org/印证材料", "30mm") == picture


def test_a_qr_code_that_could_not_be_read_is_refused() -> None:
    assert pictures.qr("a" * 1000).data
    for text in ("a" * 1001, "证" * 334, "x" * 1_000_000):
        with pytest.raises(TemplateError, match="could not be read from paper"):
            pictures.qr(text)


def test_a_qr_code_of_nothing_is_refused() -> None:
    with pytest.raises(TemplateError, match="of nothing"):
        pictures.qr("")
