"""Images → PDF, without touching a pixel where that can be: img2pdf embeds, Pillow mends only what img2pdf refuses.

The data of a JPEG or of a CCITT G4 strip goes into the PDF byte for byte. Orientation (EXIF 2.3 and TIFF 6.0, tag 274)
is only geometry: the matrix that draws the image turns it, so even a mirrored photo keeps its compressed data, and no
page needs ``/Rotate``.

An image is a *scan* when its resolution gives it a believable size on paper, or when it says nothing believable but has
just the pixels of a sheet of paper at a scanner's resolution: its page has that size. Otherwise it is a *photo*: its
page is the sheet, upright or on its side as the image is, with the image centred within margins.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import img2pdf
import pikepdf
import PIL
from PIL import Image, ImageSequence, TiffImagePlugin

from dossier.errors import ConversionError
from dossier.part import Note

VERSION = f"img2pdf {img2pdf.__version__} / pillow {PIL.__version__}"
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF")
MAX_PIXELS = 250_000_000
MAX_PAGES = 10_000
MARGIN = 25 * 72 / 25.4
"""White around a photo, in points."""
PHOTO_DPI = 64.0
"""A photo is not enlarged beyond this: 640 pixels fill a sheet of A4 either way, an icon stays an icon."""

_DPI = (70.0, 2400.0)
_DEFAULT_DPI = (72.0, 96.0)  # written by cameras and screens that know nothing of paper
_MIN_SCAN = 200.0  # points of the longer side; an identity card has 243
_MAX_SCAN = 2**0.5 * 1.05  # times the sheet: A3 for A4, and a little
_SCANNER_DPI = (100, 150, 200, 240, 300, 400, 600, 1200)
_PAPERS = ((595.28, 841.89), (841.89, 1190.55), (612.0, 792.0), (612.0, 1008.0))  # A4, A3, Letter, Legal
_PAPER_TOLERANCE = 0.005
_MAX_PAGE = 14_400.0  # points; ISO 32000-1, annex C
_CAMERA_TAGS = (0x829A, 0x829D, 0x8827, 0x920A)  # exposure time, aperture, sensitivity, focal length
_EXIF_IFD = 0x8769
_ORIENTATION = 274
_EMBEDDABLE = frozenset({"1", "L", "P", "RGB", "CMYK"})
_EMBEDDABLE_JPEG_FRAMES = b"\xc0\xc1\xc2"  # baseline, extended and progressive Huffman: what a PDF reader must know

_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,  # Pillow's word for a broken PNG
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
    struct.error,
    zlib.error,
    img2pdf.ImageOpenError,
    img2pdf.JpegColorspaceError,
    img2pdf.AlphaChannelError,
)

Matrix = tuple[float, float, float, float, float, float]

# From the unit square of the stored image (its first row on top) to the unit square of the image as seen.
_UPRIGHT: dict[int, Matrix] = {
    1: (1, 0, 0, 1, 0, 0),
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}


@dataclass(frozen=True, slots=True)
class _Frame:
    """One page's image as stored: pixels, dots per inch (0 where unknown), orientation 1 to 8, and where it is from."""

    width: int
    height: int
    dpi: tuple[float, float]
    orientation: int
    from_camera: bool
    bilevel: bool

    @property
    def turned(self) -> bool:
        return self.orientation >= 5

    @property
    def seen(self) -> tuple[float, float]:
        """Width and height in pixels, upright."""
        return (self.height, self.width) if self.turned else (self.width, self.height)

    @property
    def natural(self) -> tuple[float, float] | None:
        """Width and height on paper in points, upright; None where the resolution says nothing."""
        if not all(_DPI[0] < dpi <= _DPI[1] for dpi in self.dpi):
            return None
        width, height = self.width / self.dpi[0] * 72, self.height / self.dpi[1] * 72
        return (height, width) if self.turned else (width, height)


@dataclass(frozen=True, slots=True)
class _Layout:
    """A page in points, and the rectangle that the upright image fills on it."""

    page: tuple[float, float]
    left: float
    bottom: float
    width: float
    height: float


def convert(source: Path, out: Path, *, sheet: tuple[float, float]) -> tuple[Note, ...]:
    """Write the image ``source`` as the PDF ``out``, one page for each page of a TIFF, one for any other image.

    ``sheet`` is the (width, height) of the upright paper in points. The same source gives the same bytes.
    Raises ConversionError: ``damaged-source`` for an image that is cut short or broken, ``hostile-source`` for one with
    more than ``MAX_PIXELS`` pixels to a page.
    """
    try:
        data = source.read_bytes()
    except OSError as error:
        raise ConversionError(
            f"{source.name} cannot be read: {error.strerror}", fix="check that the file is there and may be read"
        ) from error
    with _own_pixel_limit():
        try:
            data, turns = _without_orientation(data) if _is_tiff(data) else (data, ())
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                frames = _frames(source, image, turns)
                _check_whole(image, data)
                notes = _notes(image)
                embedded = _embed(image, data)
        except _BROKEN as error:
            raise _damaged(source, error) from error
    with pikepdf.open(BytesIO(embedded)) as pdf:
        for page, frame in zip(pdf.pages, frames, strict=True):
            _draw(pdf, page, frame, _lay_out(frame, sheet))
        pdf.save(out, deterministic_id=True, min_version="1.5")
    return notes


@contextmanager
def _own_pixel_limit() -> Iterator[None]:
    # Pillow would warn from half its limit on; sizes are checked here instead, before anything is decoded.
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _frames(source: Path, image: Image.Image, turns: tuple[int, ...]) -> list[_Frame]:
    count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    if count > MAX_PAGES:
        raise _hostile(source, f"it has {count} pages, more than {MAX_PAGES}")
    frames = []
    for number in range(count):
        image.seek(number)
        if image.width * image.height > MAX_PIXELS:
            raise _hostile(source, f"page {number + 1} has {image.width * image.height // 1_000_000} million pixels")
        frames.append(_frame(image, turns[number] if turns else None))
    image.seek(0)
    return frames


def _frame(image: Image.Image, turn: int | None) -> _Frame:
    # Pillow's own method for PNG would decode the whole image.
    exif = Image.Image.getexif(image) if image.format == "PNG" else image.getexif()
    orientation = exif.get(_ORIENTATION, 1) if turn is None else turn
    camera = exif.get_ifd(_EXIF_IFD)
    return _Frame(
        width=image.width,
        height=image.height,
        dpi=_dpi(image),
        orientation=orientation if orientation in _UPRIGHT else 1,
        from_camera=any(tag in camera for tag in _CAMERA_TAGS),
        bilevel=image.mode == "1",
    )


def _dpi(image: Image.Image) -> tuple[float, float]:
    try:
        across, down = (float(value) for value in image.info.get("dpi", (0, 0)))
    except (TypeError, ValueError, ZeroDivisionError):
        return (0.0, 0.0)
    return (across, down)


def _lay_out(frame: _Frame, sheet: tuple[float, float]) -> _Layout:
    size = _size_on_paper(frame, sheet)
    if size is not None:
        return _Layout(size, 0, 0, *size)
    seen = frame.seen
    page = sheet if seen[0] <= seen[1] else (sheet[1], sheet[0])
    scale = min((page[0] - 2 * MARGIN) / seen[0], (page[1] - 2 * MARGIN) / seen[1], 72 / PHOTO_DPI)
    width, height = seen[0] * scale, seen[1] * scale
    return _Layout(page, (page[0] - width) / 2, (page[1] - height) / 2, width, height)


def _size_on_paper(frame: _Frame, sheet: tuple[float, float]) -> tuple[float, float] | None:
    """Return the size of a scan in points, upright; None for a photo."""
    if frame.from_camera:
        return None
    natural = frame.natural
    if natural is not None and _is_believable(frame, natural, sheet):
        return natural
    if natural is None or _is_default(frame):
        return _size_by_pixels(frame)
    return None


def _is_believable(frame: _Frame, size: tuple[float, float], sheet: tuple[float, float]) -> bool:
    if max(size) < _MIN_SCAN or max(size) > _MAX_PAGE:
        return False
    if frame.bilevel:
        return True
    if _is_default(frame):
        return False
    return min(size) <= min(sheet) * _MAX_SCAN and max(size) <= max(sheet) * _MAX_SCAN


def _is_default(frame: _Frame) -> bool:
    return any(abs(frame.dpi[0] - default) < 1 for default in _DEFAULT_DPI)


def _size_by_pixels(frame: _Frame) -> tuple[float, float] | None:
    for dpi in _SCANNER_DPI:
        width, height = (pixels * 72 / dpi for pixels in frame.seen)
        for short, long in _PAPERS:
            if abs(min(width, height) / short - 1) < _PAPER_TOLERANCE > abs(max(width, height) / long - 1):
                return width, height
    return None


def _draw(pdf: pikepdf.Pdf, page: pikepdf.Page, frame: _Frame, layout: _Layout) -> None:
    a, b, c, d, e, f = _UPRIGHT[frame.orientation]
    matrix = (
        a * layout.width,
        b * layout.height,
        c * layout.width,
        d * layout.height,
        e * layout.width + layout.left,
        f * layout.height + layout.bottom,
    )
    numbers = " ".join(_number(value) for value in matrix)
    page.mediabox = pikepdf.Rectangle(0, 0, *(round(length, 4) for length in layout.page))
    page.Contents = pdf.make_stream(f"q {numbers} cm /Im0 Do Q".encode("ascii"))


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _embed(image: Image.Image, data: bytes) -> bytes:
    """Return a PDF that holds every page's image as ``/Im0``, stored as it was wherever img2pdf takes it so."""
    several = image.format == "TIFF"
    frames = ImageSequence.Iterator(image)
    if all(_is_embeddable(frame, data) for frame in (frames if several else (image,))):
        # What img2pdf refuses but Pillow can read is evidence all the same; what it cannot read raises below.
        with suppress(*_BROKEN):
            return _img2pdf(data, several=several)
    image.seek(0)
    return _img2pdf(*(_mended(frame) for frame in (ImageSequence.Iterator(image) if several else (image,))))


def _img2pdf(*images: bytes, several: bool = False) -> bytes:
    # Streams, since img2pdf takes bytes for a file's name where such a file exists.
    result = img2pdf.convert(
        *(BytesIO(image) for image in images),
        engine=img2pdf.Engine.internal,
        rotation=img2pdf.Rotation.none,
        layout_fun=_any_layout,
        first_frame_only=not several,
        nodate=True,
    )
    if not isinstance(result, bytes):
        raise TypeError("img2pdf returned no PDF")
    return result


def _any_layout(width: int, height: int, dpi: tuple[float, float]) -> tuple[float, float, float, float]:
    # Pages are laid out afterwards, where their orientation is known.
    return 100.0, 100.0, 100.0, 100.0


def _is_embeddable(image: Image.Image, data: bytes) -> bool:
    if image.format in {"JPEG", "MPO"}:
        return _jpeg(data).frame in _EMBEDDABLE_JPEG_FRAMES
    if image.has_transparency_data:
        return False
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return image.mode in _EMBEDDABLE and max(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))) <= 8
    return image.mode in _EMBEDDABLE or (image.format == "PNG" and image.mode.startswith("I"))


def _mended(image: Image.Image) -> bytes:
    """Return the current frame in a form that img2pdf takes: black and white as G4, anything else as PNG, on white."""
    target = BytesIO()
    if image.mode == "1":
        image.save(target, "TIFF", compression="group4")
        return target.getvalue()
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        plain = _on_white(image)
    elif image.mode in {"L", "P", "RGB", "I;16"}:
        plain = image.copy()
    elif image.mode.startswith(("I", "F")):
        plain = _scaled(image)
    else:
        plain, profile = image.convert("RGB"), None
    plain.info.clear()
    plain.save(target, "PNG", icc_profile=profile)
    return target.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    colours = image.convert("RGBA")
    white = Image.new("RGBA", colours.size, "white")
    white.alpha_composite(colours)
    return white.convert("L" if image.mode in {"L", "LA", "La"} else "RGB")


def _scaled(image: Image.Image) -> Image.Image:
    """Bring numbers of any range to 8 bits: whole ones by the range of their size, others from least to greatest."""
    numbers = image.convert("I").convert("F") if image.mode.startswith("I;16") else image.convert("F")
    low, high = numbers.getextrema()
    if not isinstance(low, float) or not isinstance(high, float):
        raise ValueError("its samples are not numbers")
    if image.mode.startswith("I") and low >= 0 and high <= 65535:
        low, high = 0.0, 255.0 if image.mode == "I" and high <= 255 else 65535.0
    factor = 255 / (high - low) if high > low else 1.0
    return numbers.point(lambda value: value * factor - low * factor).convert("L")


def _notes(image: Image.Image) -> tuple[Note, ...]:
    count = getattr(image, "n_frames", 1)
    if count == 1 or image.format not in {"GIF", "WEBP", "PNG"}:
        return ()
    return (
        Note(
            code="first-frame-only",
            message=f"it is an animation of {count} pictures, of which only the first is bound",
            fix="save the pictures that matter as files of their own and name those",
        ),
    )


def _check_whole(image: Image.Image, data: bytes) -> None:
    """Raise OSError or SyntaxError where an image is cut short; what is decoded later on is checked then."""
    if image.format in {"JPEG", "MPO"}:
        if not _jpeg(data).ended:
            # The markers may only be in disorder.
            with Image.open(BytesIO(data), formats=("JPEG",)) as copy:
                copy.load()
    elif image.format == "PNG":
        with Image.open(BytesIO(data), formats=("PNG",)) as copy:
            copy.verify()
    elif isinstance(image, TiffImagePlugin.TiffImageFile):
        for frame in ImageSequence.Iterator(image):
            _check_strips(frame, len(data))
        image.seek(0)


def _check_strips(image: Image.Image, size: int) -> None:
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    for starts, counts in ((273, 279), (324, 325)):
        for start, count in zip(tags.get(starts, ()), tags.get(counts, ()), strict=False):
            if start + count > size:
                raise OSError(f"its data ends {start + count - size} bytes too early")


@dataclass(frozen=True, slots=True)
class _Jpeg:
    """How an image is coded (``frame``: a marker of ITU T.81, table B.1), and whether its end marker is there."""

    frame: bytes
    ended: bool


_JPEG_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg(data: bytes) -> _Jpeg:
    """Walk the markers of a JPEG, over thumbnails within its segments, to the end of the first image."""
    frame = b""
    position = 2
    while found := _JPEG_MARKER.search(data, position):
        marker, position = data[found.end() - 1], found.end()
        if marker == 0xD9:
            return _Jpeg(frame, ended=True)
        if marker in _FRAME_MARKERS:
            frame = bytes((marker,))
        position += int.from_bytes(data[position : position + 2], "big")
    return _Jpeg(frame, ended=False)


def _is_tiff(data: bytes) -> bool:
    return data[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}


def _without_orientation(data: bytes) -> tuple[bytes, tuple[int, ...]]:
    """Return a TIFF whose pages all say orientation 1, and what they said (TIFF 6.0, section 2; BigTIFF).

    Pillow tells a turned page's size upright but hands out its stored data as it lies; img2pdf then describes G4 data
    with width and height swapped. With the tag neutral both speak of the stored image.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in {b"+\0", b"\0+"}
    head, count_size, entry_size, link = (8, "Q", 20, "Q") if big else (4, "H", 12, "I")
    changed = bytearray(data)
    turns: list[int] = []
    seen: set[int] = set()
    (position,) = struct.unpack_from(order + link, data, head)
    while position and position not in seen and len(turns) <= MAX_PAGES:
        seen.add(position)
        (count,) = struct.unpack_from(order + count_size, data, position)
        first = position + struct.calcsize(order + count_size)
        turn = 1
        for entry in range(first, first + count * entry_size, entry_size):
            if struct.unpack_from(order + "H", data, entry)[0] == _ORIENTATION:
                (turn,) = struct.unpack_from(order + "H", data, entry + entry_size - struct.calcsize(link))
                struct.pack_into(order + "H", changed, entry + entry_size - struct.calcsize(link), 1)
        turns.append(turn)
        (position,) = struct.unpack_from(order + link, data, first + count * entry_size)
    return bytes(changed), tuple(turns)


def _damaged(source: Path, error: Exception) -> ConversionError:
    return ConversionError(
        f"{source.name}: the image is damaged: {error}",
        fix="ask for the file again, or open it in an image viewer and save it anew",
        code="damaged-source",
    )


def _hostile(source: Path, what: str) -> ConversionError:
    return ConversionError(
        f"{source.name}: {what}, more than can be a picture",
        fix=f"save it with fewer than {MAX_PIXELS // 1_000_000} million pixels a page",
        code="hostile-source",
    )
