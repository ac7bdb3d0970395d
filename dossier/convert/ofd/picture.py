"""Pictures of an OFD as image XObjects of a PDF (ISO 32000-1, 8.9): the data of a JPEG or JBIG2 is kept as it is."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import PIL
from pikepdf import Array, Name, Object, Pdf, Stream
from PIL import Image

from dossier.convert.ofd.package import Budget, damaged, hostile, unsupported

FORMATS = ("JPEG", "PNG", "BMP", "DIB", "GIF", "TIFF", "WEBP", "JPEG2000")
MAX_PIXELS = 100_000_000
"""Of one picture."""

_JBIG2 = b"\x97JB2\r\n\x1a\n"
_SPACES = {"1": "/DeviceGray", "L": "/DeviceGray", "RGB": "/DeviceRGB", "CMYK": "/DeviceCMYK"}
_INVERTED_CMYK = [1, 0] * 4
_BROKEN = (
    OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, AttributeError, OverflowError,
    struct.error, zlib.error,
)  # fmt: skip


def embed(pdf: Pdf, data: bytes, budget: Budget, mask: bytes | None = None) -> Object:
    """Add a picture to ``pdf`` and return its XObject; ``mask`` is a picture that is white where this one shows.

    Raises ConversionError for a picture that is damaged, of an unknown format, or larger than can be.
    """
    if data.startswith(_JBIG2):
        image = _jbig2(pdf, data, budget)
    else:
        with _opened(data, budget) as picture:
            image = _jpeg(pdf, picture, data) if picture.format == "JPEG" else _raster(pdf, picture)
    if mask is not None:
        image.SMask = _mask(pdf, mask, budget)
    return pdf.make_indirect(image)


def _mask(pdf: Pdf, data: bytes, budget: Budget) -> Stream:
    if data.startswith(_JBIG2):
        return _jbig2(pdf, data, budget)
    with _opened(data, budget) as picture:
        return _stream(pdf, picture.convert("L"), "/DeviceGray")


@contextmanager
def _opened(data: bytes, budget: Budget) -> Iterator[Image.Image]:
    # Pillow would warn from half its limit on; sizes are checked here instead, before anything is decoded.
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as picture:
            _check_size(picture.width, picture.height, budget)
            yield picture
    except PIL.UnidentifiedImageError:
        raise unsupported(f"a picture is of no known format (it begins with {data[:8]!r})") from None
    except _BROKEN as error:
        raise damaged(f"a picture cannot be read ({error})") from error
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _check_size(width: int, height: int, budget: Budget) -> None:
    if width * height > MAX_PIXELS:
        raise hostile(f"holds a picture of {width * height // 1_000_000} million pixels")
    budget.spend("pixels", width * height)


def _jpeg(pdf: Pdf, picture: Image.Image, data: bytes) -> Stream:
    picture.load()  # raises where it is cut short
    if picture.mode not in _SPACES:
        raise unsupported(f"a JPEG of the mode {picture.mode}")
    image = _image(pdf, data, picture.size, _SPACES[picture.mode], 8)
    image.Filter = Name.DCTDecode
    if picture.mode == "CMYK" and "adobe" in picture.info:
        image.Decode = Array(_INVERTED_CMYK)
    return image


def _raster(pdf: Pdf, picture: Image.Image) -> Stream:
    if picture.has_transparency_data:
        colours = picture.convert("RGBA")
        image = _stream(pdf, colours.convert("RGB"), "/DeviceRGB")
        image.SMask = _stream(pdf, colours.getchannel("A"), "/DeviceGray")
        return image
    if picture.mode.startswith("I;16"):
        picture = picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    elif picture.mode == "P":
        picture = picture.convert("RGB")
    elif picture.mode not in _SPACES:
        picture = picture.convert("L" if picture.mode in ("I", "F", "La") else "RGB")
    return _stream(pdf, picture, _SPACES[picture.mode])


def _stream(pdf: Pdf, picture: Image.Image, space: str) -> Stream:
    bits = 1 if picture.mode == "1" else 8
    image = _image(pdf, zlib.compress(picture.tobytes(), 6), picture.size, space, bits)
    image.Filter = Name.FlateDecode
    return image


def _image(pdf: Pdf, data: bytes, size: tuple[int, int], space: str, bits: int) -> Stream:
    return pdf.make_stream(
        data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=size[0],
        Height=size[1],
        ColorSpace=Name(space),
        BitsPerComponent=bits,
    )


# --- JBIG2 (ITU-T T.88) --------------------------------------------------------------------------------------------

_PAGE_INFORMATION, _END_OF_PAGE, _END_OF_FILE = 48, 49, 51
_IMMEDIATE_GENERIC = (38, 39)
_UNKNOWN = 0xFFFFFFFF


def _jbig2(pdf: Pdf, data: bytes, budget: Budget) -> Stream:
    """Return a JBIG2 file as PDF embeds it: its segments without the file's header and ends (ISO 32000-1, 7.4.7)."""
    try:
        kept, width, height = _segments(data)
    except (IndexError, struct.error) as error:
        raise damaged("a JBIG2 picture is cut short") from error
    _check_size(width, height, budget)
    image = _image(pdf, kept, (width, height), "/DeviceGray", 1)
    image.Filter = Name.JBIG2Decode
    return image


def _segments(data: bytes) -> tuple[bytes, int, int]:
    flags = data[8]
    sequential, position = bool(flags & 1), 9
    if not flags & 2:
        (pages,) = struct.unpack_from(">I", data, position)
        position += 4
        if pages != 1:
            raise unsupported(f"a JBIG2 picture of {pages} pages")
    heads: list[tuple[int, bytes, int]] = []
    bodies: list[bytes] = []
    size = (0, 0)
    while position < len(data):
        kind, head, length, position = _segment_head(data, position)
        heads.append((kind, head, length))
        if sequential:
            bodies.append(_body(data, position, length))
            position += length
        if kind == _END_OF_FILE:
            break
    for _, _, length in [] if sequential else heads:
        bodies.append(_body(data, position, length))
        position += length
    kept = []
    for (kind, head, _), body in zip(heads, bodies, strict=True):
        if kind == _PAGE_INFORMATION:
            width, height = struct.unpack_from(">II", body)
            size = (width, height)
        if kind not in (_END_OF_PAGE, _END_OF_FILE):
            kept.append(head + body)
    if not size[0] or not size[1] or size[1] == _UNKNOWN:
        raise unsupported("a JBIG2 picture that does not say its size")
    return b"".join(kept), *size


def _segment_head(data: bytes, position: int) -> tuple[int, bytes, int, int]:
    """Return a segment's type, header and length of data, and where the header ends (T.88, 7.2)."""
    start = position
    (number,) = struct.unpack_from(">I", data, position)
    flags, referred = data[position + 4], data[position + 5]
    position += 5
    count = referred >> 5
    if count == 7:
        (count,) = struct.unpack_from(">I", data, position)
        count &= 0x1FFFFFFF
        position += 4 + (count + 8) // 8
    else:
        position += 1
    position += count * (1 if number <= 256 else 2 if number <= 65536 else 4)
    position += 4 if flags & 0x40 else 1
    (length,) = struct.unpack_from(">I", data, position)
    position += 4
    if length == _UNKNOWN and flags & 0x3F in _IMMEDIATE_GENERIC:
        raise unsupported("a JBIG2 picture whose parts do not say their length")
    return flags & 0x3F, data[start:position], length, position


def _body(data: bytes, position: int, length: int) -> bytes:
    body = data[position : position + length]
    if len(body) != length:
        raise IndexError("cut short")
    return body
