"""Images → PDF, without touching a pixel where that can be: img2pdf embeds, Pillow mends only what img2pdf refuses.

The data of a JPEG, a plain JPEG 2000 or a CCITT G4 strip goes into the PDF byte for byte. HEIC and AVIF, which no PDF
can hold, become JPEG of a quality that no eye tells from them, with their colour profile. Orientation (EXIF 2.3 and
TIFF 6.0, tag 274) is only geometry: the matrix that draws the image turns it, so even a mirrored photo keeps its
compressed data, and no page needs ``/Rotate``. Of a HEIC only the container's own turn counts, which its decoder
applies; what its EXIF says beside it is a copy.

An image is a *scan* when its resolution gives it a believable size on paper, or when it says nothing believable but has
just the pixels of a sheet of paper at a scanner's resolution: its page has that size. Otherwise it is a *photo*: its
page is the sheet, upright or on its side as the image is, with the image centred within margins.

A *long* image, such as the picture of a whole web page or chat, is shown over several pages, cut at blank rows. Cutting
and cropping are clipping: the pages draw parts of one image, whose data is stored once and as it was.
"""

from __future__ import annotations

import gc
import logging
import re
import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Literal, NamedTuple

import img2pdf
import pikepdf
import PIL
import pillow_heif
from PIL import Image, ImageSequence, TiffImagePlugin

from dossier.convert import damage
from dossier.errors import ConversionError
from dossier.part import Note

VERSION = f"img2pdf {img2pdf.__version__} / pillow {PIL.__version__} / pillow-heif {pillow_heif.__version__} / 3"
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "JPEG2000", "AVIF", "HEIF")
MAX_PIXELS = 250_000_000
MAX_PAGES = 10_000
MAX_PIECES = 100
"""Pages that one long image may fill."""
MARGIN = 25 * 72 / 25.4
"""White around a photo, in points."""
PHOTO_DPI = 64.0
"""A photo is not enlarged beyond this: 640 pixels fill a sheet of A4 either way, an icon stays an icon."""
SCREEN_DPI = 96.0
"""What an image that tells no resolution has at its natural size."""
LONG = 3.0
"""An image is long from this many times its width on."""

Fit = Literal["page", "none"]
Crop = tuple[float, float, float, float]
"""The part of an image to show: its left, top, right and bottom edge, as fractions of the image as it is seen."""

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
_TAKEN = 0x9003  # EXIF: DateTimeOriginal
_MAX_EXIF = 1 << 22  # bytes; a phone's may be 200 kB
_PROFILES = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}  # by colours; ICC.1:2010, table 19
_ANIMATED = frozenset({"GIF", "WEBP", "PNG", "AVIF"})
_SURE_WHEN_LOADED = frozenset({"HEIF", "AVIF", "JPEG2000"})  # whether whole, and a HEIC's size
_UNKNOWN_TO_PDF = frozenset({"HEIF", "AVIF"})
_QUALITY = 95
_LONGEST_JPEG = 65_500
_NEARLY = 24  # of 255: how far the samples of a blank row may be apart
_EDGE = 50  # the 50th part of a row at either end may hold a frame or scroll bar
_SEARCH = 3  # the third part of a page is searched for a blank row
_COMFORTABLE = 100  # the 100th part of the width: a gap between lines rather than between strokes
_EMBEDDABLE = frozenset({"1", "L", "P", "RGB", "CMYK"})
_EMBEDDABLE_JPEG_FRAMES = b"\xc0\xc1\xc2"  # baseline, extended and progressive Huffman: what a PDF reader must know

_BROKEN = (
    OSError,
    ValueError,
    RuntimeError,
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

for _library in ("img2pdf", "PIL"):  # what they log of odd files is no news, or is refused by name
    logging.getLogger(_library).addHandler(logging.NullHandler())

# Thumbnails and depths of a HEIC are not looked at; one process a core is busy already.
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)

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


# From the stored image to the image as seen.
_TURNS: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_CLOCKWISE = {1: 6, 6: 3, 3: 8, 8: 1, 2: 7, 7: 4, 4: 5, 5: 2}  # an orientation, and what is turned by 90 degrees more


class _View(NamedTuple):
    """A part of an image, in whole pixels as seen, from its upper left corner."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


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
    def seen(self) -> tuple[int, int]:
        """Width and height in pixels, upright."""
        return (self.height, self.width) if self.turned else (self.width, self.height)

    @property
    def whole(self) -> _View:
        return _View(0, 0, *self.seen)

    @property
    def natural(self) -> tuple[float, float] | None:
        """Width and height on paper in points, upright; None where the resolution says nothing."""
        if not all(_DPI[0] < dpi <= _DPI[1] for dpi in self.dpi):
            return None
        width, height = self.width / self.dpi[0] * 72, self.height / self.dpi[1] * 72
        return (height, width) if self.turned else (width, height)

    @property
    def pixel(self) -> tuple[float, float]:
        """Width and height of one pixel in points, upright."""
        width, height = self.natural or (side * 72 / SCREEN_DPI for side in self.seen)
        return width / self.seen[0], height / self.seen[1]


@dataclass(frozen=True, slots=True)
class _Layout:
    """A page in points, and the rectangle that the upright image, or the part of it that is shown, fills on it."""

    page: tuple[float, float]
    left: float
    bottom: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that was put into a PDF by :func:`store`, for others to draw, and the part of it that is shown."""

    frame: _Frame
    view: _View
    notes: tuple[Note, ...]

    @property
    def seen(self) -> tuple[int, int]:
        """Width and height of what is shown in pixels, upright."""
        return self.view.width, self.view.height

    def drawing(self, name: str, left: float, bottom: float, width: float, height: float) -> bytes:
        """Return the operators that draw what is shown of it upright, as the image that resources call ``name``."""
        return _drawing(self.frame, self.view, name, left, bottom, width, height)


def convert(
    source: Path, out: Path, *, sheet: tuple[float, float], fit: Fit = "page", crop: Crop | None = None
) -> tuple[Note, ...]:
    """Write the image ``source`` as the PDF ``out``: one page for each page of a TIFF, one for any other image.

    Only a long image that is no scan is cut over several pages. ``sheet`` is the (width, height) of the upright paper
    in points. With ``fit="none"`` a photo stands in the middle of the sheet at its natural size, by its own resolution
    or else at ``SCREEN_DPI``, and is made smaller only where the sheet is. Of each page the part within ``crop`` is
    shown. The same source gives the same bytes.

    Raises ConversionError: ``damaged-source`` for an image that is cut short or broken, ``hostile-source`` for one with
    more than ``MAX_PIXELS`` pixels to a page, ``oversized-source`` for one that would fill more than ``MAX_PIECES``
    pages, ``bad-crop`` where ``crop`` is no part of an image.
    """
    _check_crop(crop)
    with _opened(source) as (image, data, turns):
        frames = _frames(source, image, turns)
        _check_whole(image, data)
        notes = _notes(image, data)
        embedded = _embed(image, data, several=image.format == "TIFF")
        pages: list[tuple[_Piece, ...]] = []
        for number, frame in enumerate(frames):
            if image.format == "TIFF":
                image.seek(number)
            pages.append(_pieces(source, image, frame, sheet, fit, _cropped(frame, crop)))
    with pikepdf.open(BytesIO(embedded)) as pdf:
        stored = list(pdf.pages)
        _drop_false_profiles(pdf)
        for page, frame, pieces in zip(stored, frames, pages, strict=True):
            resources = page.obj.Resources
            for piece in pieces:
                sheet_of_it = pdf.add_blank_page(page_size=piece.layout.page)
                sheet_of_it.mediabox = pikepdf.Rectangle(0, 0, *(round(length, 4) for length in piece.layout.page))
                sheet_of_it.obj.Resources = resources
                sheet_of_it.Contents = pdf.make_stream(piece.drawing(frame))
        del pdf.pages[: len(stored)]
        pdf.save(out, deterministic_id=True, min_version="1.5")
    return (*notes, *_long_note(pages))


def store(source: Path, out: Path, *, crop: Crop | None = None, turn: int = 0) -> Picture:
    """Write an image, of a TIFF its first page, as the image ``/Im0`` of the one page of the PDF ``out``.

    The picture shows the part within ``crop``, turned clockwise by ``turn``, a multiple of 90 degrees. Raises
    ConversionError like :func:`convert`.
    """
    _check_crop(crop)
    with _opened(source) as (image, data, turns):
        frame = _frames(source, image, turns, most=1)[0]
        _check_whole(image, data)
        notes = _notes(image, data)
        if image.format == "TIFF" and getattr(image, "n_frames", 1) > 1:
            notes += (_first_only(f"it has {getattr(image, 'n_frames', 1)} pages"),)
        embedded = _embed(image, data, several=False)
    with pikepdf.open(BytesIO(embedded)) as pdf:
        _drop_false_profiles(pdf)
        pdf.save(out, static_id=True, min_version="1.5")
    view = _cropped(frame, crop)
    for _ in range(turn // 90 % 4):
        frame, view = _turned(frame, view)
    return Picture(frame, view, notes)


def taken(source: Path) -> str:
    """Return when a picture was taken as its EXIF data has it (``2023:04:12 09:06:11``), or nothing."""
    with _own_settings(), suppress(*_BROKEN), Image.open(source, formats=FORMATS) as image:
        return _taken(image)
    return ""


def _taken(image: Image.Image) -> str:
    with suppress(*_BROKEN):
        value = _exif(image).get_ifd(_EXIF_IFD).get(_TAKEN, "")
        return value if isinstance(value, str) else ""
    return ""


# --- opening -------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(source: Path) -> Iterator[tuple[Image.Image, bytes, tuple[int, ...]]]:
    """Open an image; yield it, its data, and the orientation that each page of a TIFF had."""
    try:
        data = source.read_bytes()
    except OSError as error:
        raise ConversionError(
            f"{source.name} cannot be read: {error.strerror}", fix="check that the file is there and may be read"
        ) from error
    with _own_settings():
        try:
            _check_claims(source, data)
            data, turns = _without_orientation(data) if _is_tiff(data) else (data, ())
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                yield image, data, turns
        except _BROKEN as error:
            raise _damaged(source, error) from error


@contextmanager
def _own_settings() -> Iterator[None]:
    # Pillow would warn from half its limit on; sizes are checked here instead, before anything is decoded.
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd in a file and does no harm
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _frames(source: Path, image: Image.Image, turns: tuple[int, ...], most: int = MAX_PAGES) -> list[_Frame]:
    count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    if count > MAX_PAGES:
        raise _hostile(source, f"it has {count} pages, more than {MAX_PAGES}")
    frames = []
    for number in range(min(count, most)):
        if image.format == "TIFF":  # the first picture of a HEIC need not be the main one
            image.seek(number)
        if image.width * image.height > MAX_PIXELS:
            raise _hostile(source, f"page {number + 1} has {image.width * image.height // 1_000_000} million pixels")
        if image.format in _SURE_WHEN_LOADED:
            image.load()
        frames.append(_frame(image, turns[number] if turns else None))
    if image.format == "TIFF":
        image.seek(0)
    return frames


def _frame(image: Image.Image, turn: int | None) -> _Frame:
    exif = _exif(image)
    orientation = exif.get(_ORIENTATION, 1) if turn is None else turn
    if image.format == "HEIF":
        orientation = 1
    camera = exif.get_ifd(_EXIF_IFD)
    return _Frame(
        width=image.width,
        height=image.height,
        dpi=_dpi(image),
        orientation=orientation if orientation in _UPRIGHT else 1,
        from_camera=any(tag in camera for tag in _CAMERA_TAGS),
        bilevel=image.mode == "1",
    )


def _exif(image: Image.Image) -> Image.Exif:
    if len(image.info.get("exif") or b"") > _MAX_EXIF:
        return Image.Exif()
    # Pillow's own method for PNG would decode the whole image.
    return Image.Image.getexif(image) if image.format == "PNG" else image.getexif()


def _dpi(image: Image.Image) -> tuple[float, float]:
    try:
        across, down = (float(value) for value in image.info.get("dpi", (0, 0)))
    except (TypeError, ValueError, ZeroDivisionError):
        return (0.0, 0.0)
    return (across, down)


# --- where it stands on its page -------------------------------------------------------------------------------------


def _lay_out(frame: _Frame, sheet: tuple[float, float], fit: Fit = "page", view: _View | None = None) -> _Layout:
    view = view or frame.whole
    paper = _size_on_paper(frame, sheet)
    natural = view.width * frame.pixel[0], view.height * frame.pixel[1]
    if paper is not None:
        natural = paper[0] * view.width / frame.seen[0], paper[1] * view.height / frame.seen[1]
        if max(natural) >= _MIN_SCAN:
            return _Layout(natural, 0, 0, *natural)
    page = sheet if view.width <= view.height else (sheet[1], sheet[0])
    if fit == "none" or paper is not None:  # a snippet of a scan is no page of its own
        scale = min(1.0, page[0] / natural[0], page[1] / natural[1])
        width, height = natural[0] * scale, natural[1] * scale
    else:
        scale = min((page[0] - 2 * MARGIN) / view.width, (page[1] - 2 * MARGIN) / view.height, 72 / PHOTO_DPI)
        width, height = view.width * scale, view.height * scale
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


def _drawing(frame: _Frame, view: _View, name: str, left: float, bottom: float, width: float, height: float) -> bytes:
    """Return the operators that draw a part of an image upright over a rectangle, and nothing beside it."""
    across, down = width / view.width, height / view.height  # points a pixel
    whole_width, whole_height = across * frame.seen[0], down * frame.seen[1]
    x, y = left - across * view.left, bottom - down * (frame.seen[1] - view.bottom)
    a, b, c, d, e, f = _UPRIGHT[frame.orientation]
    matrix = (
        a * whole_width, b * whole_height, c * whole_width, d * whole_height, e * whole_width + x, f * whole_height + y,
    )  # fmt: skip
    clip = ""
    if view != frame.whole:
        clip = " ".join(_number(value) for value in (left, bottom, width, height)) + " re W n "
    return f"q {clip}{' '.join(_number(value) for value in matrix)} cm {name} Do Q".encode("ascii")


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


# --- crop, and cuts of a long image ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one page shows of an image, and where; ``clean`` where nothing was cut through at its lower edge."""

    view: _View
    layout: _Layout
    clean: bool = True

    def drawing(self, frame: _Frame) -> bytes:
        at = self.layout
        return _drawing(frame, self.view, "/Im0", at.left, at.bottom, at.width, at.height)


def _check_crop(crop: Crop | None) -> None:
    if crop is None or (0 <= crop[0] < crop[2] <= 1 and 0 <= crop[1] < crop[3] <= 1):
        return
    raise ConversionError(
        f"a crop of {', '.join(f'{edge:g}' for edge in crop)} is no part of an image",
        fix="give its left, top, right and bottom edge, each from 0 (the left or upper edge of the image) to 1",
        code="bad-crop",
    )


def _cropped(frame: _Frame, crop: Crop | None) -> _View:
    if crop is None:
        return frame.whole
    width, height = frame.seen
    left, top = min(round(crop[0] * width), width - 1), min(round(crop[1] * height), height - 1)
    return _View(left, top, max(round(crop[2] * width), left + 1), max(round(crop[3] * height), top + 1))


def _turned(frame: _Frame, view: _View) -> tuple[_Frame, _View]:
    """Turn a frame and a view of it clockwise by 90 degrees."""
    height = frame.seen[1]
    turned = _View(height - view.bottom, view.left, height - view.top, view.right)
    return replace(frame, orientation=_CLOCKWISE[frame.orientation]), turned


def _pieces(
    source: Path, image: Image.Image, frame: _Frame, sheet: tuple[float, float], fit: Fit, view: _View
) -> tuple[_Piece, ...]:
    """Return what of an image the pages show, from the top down: all of it at once, or a long one piece by piece."""
    across, down = _scale_of_long(frame, view, sheet, fit)
    room = sheet[1] - 2 * MARGIN
    if not _is_long(frame, view, sheet) or view.height * down <= room:
        return (_Piece(view, _lay_out(frame, sheet, fit, view)),)
    most = max(1, int(room / down + 1e-9))
    if view.height > most * MAX_PIECES:
        raise ConversionError(
            f"{source.name}: the image is so long that it would fill more than {MAX_PIECES} pages",
            fix="cut it into several files, or name the part that matters with crop",
            code="oversized-source",
        )
    pieces = []
    for top, bottom, clean in _cuts(image, frame, view, most):
        part = _View(view.left, top, view.right, bottom)
        width, height = part.width * across, part.height * down
        place = _Layout(sheet, (sheet[0] - width) / 2, sheet[1] - MARGIN - height, width, height)
        pieces.append(_Piece(part, place, clean))
    return tuple(pieces)


def _is_long(frame: _Frame, view: _View, sheet: tuple[float, float]) -> bool:
    paper = _size_on_paper(frame, sheet)
    if frame.from_camera or (paper is not None and max(paper) <= max(sheet) * _MAX_SCAN):
        return False
    return view.height * frame.pixel[1] > LONG * view.width * frame.pixel[0]


def _scale_of_long(frame: _Frame, view: _View, sheet: tuple[float, float], fit: Fit) -> tuple[float, float]:
    """Return the points that a pixel is wide and high where a long image fills the width between the margins."""
    across, down = frame.pixel
    largest = 1.0 if fit == "none" or _size_on_paper(frame, sheet) is not None else 72 / PHOTO_DPI / across
    scale = min((sheet[0] - 2 * MARGIN) / (view.width * across), largest)
    return across * scale, down * scale


def _cuts(image: Image.Image, frame: _Frame, view: _View, most: int) -> Iterator[tuple[int, int, bool]]:
    """Yield the rows of each piece, the second exclusive, and whether its end is a clean one."""
    top = view.top
    edge = view.width // _EDGE
    while view.bottom - top > most:
        ideal = top + most
        first = ideal - most // _SEARCH
        found = _blank_row(_as_seen(image, frame, _View(view.left + edge, first, view.right - edge, ideal + 1)))
        cut = ideal if found is None else first + found
        yield top, cut, found is not None
        top = cut
    yield top, view.bottom, True


def _blank_row(band: Image.Image) -> int | None:
    """Return the row to cut before: in the lowest gap that is comfortably high, else in the lowest of any height."""
    colours, width, pixels = len(band.getbands()), band.width, band.tobytes()
    comfortable = max(2, width // _COMFORTABLE)
    narrow: int | None = None
    end = -1  # the lowest row of the gap being measured
    for row in range(band.height - 1, -1, -1):
        start = row * width * colours
        if _is_blank(pixels[start : start + width * colours], colours):
            end = row if end < 0 else end
            if end - row + 1 >= comfortable:
                return row + (end - row) // 2
        elif end >= 0:
            narrow = (row + 1 + end) // 2 if narrow is None else narrow
            end = -1
    return end // 2 if narrow is None and end >= 0 else narrow


def _is_blank(row: bytes, colours: int) -> bool:
    samples = (row[colour::colours] for colour in range(colours))
    return all(max(values) - min(values) <= _NEARLY for values in samples)


def _as_seen(image: Image.Image, frame: _Frame, view: _View) -> Image.Image:
    """Return a part of an image upright, in grey or in red, green and blue of 8 bits."""
    wide, high = frame.seen
    left, top, right, bottom = view
    stored = {
        1: (left, top, right, bottom),
        2: (wide - right, top, wide - left, bottom),
        3: (wide - right, high - bottom, wide - left, high - top),
        4: (left, high - bottom, right, high - top),
        5: (top, left, bottom, right),
        6: (top, wide - right, bottom, wide - left),
        7: (high - bottom, wide - right, high - top, wide - left),
        8: (high - bottom, left, high - top, right),
    }[frame.orientation]
    part = image.crop(stored)
    if part.has_transparency_data:
        part = _on_white(part)
    elif part.mode.startswith(("I", "F")):
        part = _scaled(part)
    elif part.mode not in {"L", "RGB"}:
        part = part.convert("L" if part.mode == "1" else "RGB")
    return part.transpose(_TURNS[frame.orientation]) if frame.orientation in _TURNS else part


def _long_note(pages: Sequence[Sequence[_Piece]]) -> tuple[Note, ...]:
    cut = [pieces for pieces in pages if len(pieces) > 1]
    if not cut:
        return ()
    count = sum(len(pieces) for pieces in cut)
    through = sum(not piece.clean for pieces in cut for piece in pieces)
    message = f"it is long, and is shown on {count} pages, one below the other"
    if through:
        times = "once" if through == 1 else f"{through} times"
        return (
            Note(
                "long-image", f"{message}; {times} no blank row was near, and what is there is cut through",
                "look at these pages, and cut the picture by hand where they cannot be read",
            ),
        )  # fmt: skip
    return (Note("long-image", f"{message}, cut at blank rows", "nothing, if they read well"),)


# --- in a form that a PDF can hold -----------------------------------------------------------------------------------


def _embed(image: Image.Image, data: bytes, *, several: bool) -> bytes:
    """Return a PDF that holds every page's image as ``/Im0``, stored as it was wherever img2pdf takes it so."""
    frames = ImageSequence.Iterator(image) if several else (image,)
    if all(_is_embeddable(frame, data) for frame in frames):
        # What img2pdf refuses but Pillow can read is evidence all the same; what it cannot read raises below.
        with suppress(*_BROKEN):
            return _img2pdf(_first_of_mpo(image, data), several=several)
    if several:
        image.seek(0)
    return _img2pdf(*(_mended(frame) for frame in (ImageSequence.Iterator(image) if several else (image,))))


def _img2pdf(*images: bytes, several: bool = False) -> bytes:
    # Streams, since img2pdf takes bytes for a file's name where such a file exists.
    try:
        result = img2pdf.convert(
            *(BytesIO(image) for image in images),
            engine=img2pdf.Engine.internal,
            rotation=img2pdf.Rotation.none,
            layout_fun=_any_layout,
            first_frame_only=not several,
            nodate=True,
        )
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(str(error)) from error
    gc.collect(1)  # its writer refers to itself, and would keep the data of many an image before its turn came
    if not isinstance(result, bytes):
        raise TypeError("img2pdf returned no PDF")
    return result


def _drop_false_profiles(pdf: pikepdf.Pdf) -> None:
    """Let colours speak for themselves where their profile is damaged or made for others: it would make them wrong."""
    for page in pdf.pages:
        image = page.obj.Resources.XObject.Im0
        space = image.get(pikepdf.Name.ColorSpace)
        if isinstance(space, pikepdf.Array) and space[0] == pikepdf.Name.ICCBased:
            head, size = space[1].read_bytes()[:128], len(space[1].read_bytes())
            sound = head[36:40] == b"acsp" and int.from_bytes(head[:4], "big") <= size
            if not sound or head[16:20] != _PROFILES[int(space[1].N)]:
                image.ColorSpace = space[1].Alternate


def _any_layout(width: int, height: int, dpi: tuple[float, float]) -> tuple[float, float, float, float]:
    # Pages are laid out afterwards, where their orientation is known.
    return 100.0, 100.0, 100.0, 100.0


def _is_embeddable(image: Image.Image, data: bytes) -> bool:
    if image.format in {"JPEG", "MPO"}:
        return _jpeg(data).frame in _EMBEDDABLE_JPEG_FRAMES
    if image.format == "JPEG2000":
        return _is_plain_jp2(data)
    if image.format in _UNKNOWN_TO_PDF:
        return False
    if image.has_transparency_data:
        return False
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return image.mode in _EMBEDDABLE and max(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))) <= 8
    return image.mode in _EMBEDDABLE or (image.format == "PNG" and image.mode.startswith("I"))


def _mended(image: Image.Image) -> bytes:
    """Return the current frame, on white, as img2pdf takes it: as G4, PNG, or JPEG where it was coded with loss."""
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
    if image.format in _UNKNOWN_TO_PDF and max(plain.size) <= _LONGEST_JPEG:
        plain.save(target, "JPEG", quality=_QUALITY, subsampling=0, icc_profile=profile)
    else:
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


def _notes(image: Image.Image, data: bytes) -> tuple[Note, ...]:
    count = getattr(image, "n_frames", 1)
    if count == 1:
        return ()
    if image.format in _ANIMATED:
        return (_first_only(f"it is an animation of {count} pictures"),)
    if image.format == "HEIF":
        return (_first_only(f"it holds {count} pictures", "the main one"),)
    if image.format == "MPO":
        count = _full_pictures(data, count)
        return (_first_only(f"it holds {count} pictures"),) if count > 1 else ()
    return ()


def _first_only(what: str, which: str = "the first") -> Note:
    return Note(
        code="first-frame-only",
        message=f"{what}, of which only {which} is bound",
        fix="save the pictures that matter as files of their own and name those",
    )


def _full_pictures(data: bytes, count: int) -> int:
    """Count the pictures of an MPO that are as large as its first: phones add smaller ones, which are no news."""
    full = 1
    with Image.open(BytesIO(data), formats=("JPEG",)) as copy:
        size = copy.size
        for number in range(1, min(count, MAX_PAGES)):
            with suppress(*_BROKEN):
                copy.seek(number)
                full += copy.size == size
    return full


# --- what can be told from the data alone ----------------------------------------------------------------------------


def _check_whole(image: Image.Image, data: bytes) -> None:
    """Raise OSError or SyntaxError where an image is cut short; what is decoded later on is checked then."""
    if image.format in {"JPEG", "MPO"}:
        if not _jpeg(data).end:
            # The markers may only be in disorder.
            with Image.open(BytesIO(data), formats=("JPEG",)) as copy:
                copy.load()
        else:
            damage.check_jpeg(data)  # for it is embedded without being decoded
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
    """How an image is coded (``frame``: a marker of ITU T.81, table B.1), and where it ends; 0 where it does not."""

    frame: bytes
    end: int


_JPEG_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg(data: bytes) -> _Jpeg:
    """Walk the markers of a JPEG, over thumbnails within its segments, to the end of the first image."""
    frame = b""
    position = 2
    while found := _JPEG_MARKER.search(data, position):
        marker, position = data[found.end() - 1], found.end()
        if marker == 0xD9:
            return _Jpeg(frame, position)
        if marker in _FRAME_MARKERS:
            frame = bytes((marker,))
        position += int.from_bytes(data[position : position + 2], "big")
    return _Jpeg(frame, 0)


def _first_of_mpo(image: Image.Image, data: bytes) -> bytes:
    """Return the first picture of an MPO (CIPA DC-007), or the data of any other image as it is."""
    end = _jpeg(data).end if image.format == "MPO" else 0
    if not end:
        return data
    first = data[:end]
    entries = getattr(image, "mpinfo", {}).get(0xB002) or [{}]
    # img2pdf believes the length in its index; where that is a lie, the index is made illegible.
    return first if entries[0].get("Size", 0) >= end else first.replace(b"MPF\0", b"---\0", 1)


def _boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each box (ISO 14496-12, 4.2; ISO 15444-1, annex I) up to the first that is broken."""
    end = len(data) if end is None else end
    for _ in range(MAX_PAGES):
        if start + 8 > end:
            return
        size, head = int.from_bytes(data[start : start + 4], "big"), 8
        name = data[start + 4 : start + 8]
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        elif size == 0:
            size = end - start
        if size < head or start + size > end:
            size = end - start
        yield name, data[start + head : start + size]
        start += size


_EXTENT = re.compile(rb"ispe\0\0\0\0(.{4})(.{4})", re.DOTALL)


def _check_claims(source: Path, data: bytes) -> None:
    """Refuse a HEIC or AVIF by the sizes it speaks of, before its decoder sees it."""
    if data[4:8] != b"ftyp":
        return
    for name, content in _boxes(data):
        if name == b"meta":
            sizes = (tuple(int.from_bytes(side, "big") for side in found) for found in _EXTENT.findall(content))
            most = max((width * height for width, height in sizes), default=0)
            if most > MAX_PIXELS:
                raise _hostile(source, f"it claims {most // 1_000_000} million pixels")


def _is_plain_jp2(data: bytes) -> bool:
    """Say whether JPEG 2000 data is of a kind that every PDF reader knows: 8 bits, grey or sRGB, no more channels."""
    header = list(_boxes(dict(_boxes(data)).get(b"jp2h", b"")))
    if sorted(name for name, _ in header if name != b"res ") != [b"colr", b"ihdr"]:
        return False
    fields = dict(header)
    _, _, channels, bits = struct.unpack_from(">IIHB", fields[b"ihdr"])
    method, _, _, colours = struct.unpack_from(">BBBI", fields[b"colr"].ljust(7, b"\0"))
    return (bits, method) == (7, 1) and (channels, colours) in {(1, 17), (3, 16)}


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
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    if isinstance(error, PIL.UnidentifiedImageError):
        reason = "it is not what it seems to be, or its beginning is lost"
    return ConversionError(
        f"{source.name}: the image is damaged: {reason}",
        fix="ask for the file again, or open it in an image viewer and save it anew",
        code="damaged-source",
    )


def _hostile(source: Path, what: str) -> ConversionError:
    return ConversionError(
        f"{source.name}: {what}, more than can be a picture",
        fix=f"save it with fewer than {MAX_PIXELS // 1_000_000} million pixels a page",
        code="hostile-source",
    )


# --- looked at without converting ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Glance:
    """What an image says of itself: when it was ``taken`` as EXIF has it, or nothing, and ``levels`` of grey, upright.

    ``dpi`` are the dots per inch at which each page of a scan is printed; a photo has none.
    """

    taken: str
    dpi: tuple[float, ...]
    levels: bytes


def glance(source: Path, sheet: tuple[float, float], side: int) -> Glance:
    """Look at an image without converting it; its first page is made ``side`` times ``side`` levels of grey.

    Raises ConversionError like :func:`convert`.
    """
    with _own_settings():
        try:
            with Image.open(source, formats=FORMATS) as image:
                count = min(getattr(image, "n_frames", 1), MAX_PAGES) if image.format == "TIFF" else 1
                frames = []
                for number in range(count):
                    if count > 1:
                        image.seek(number)
                    frames.append(_frame(image, None))
                if count > 1:
                    image.seek(0)
                return Glance(_taken(image), tuple(_resolutions(frames, sheet)), _levels(source, image, side))
        except _BROKEN as error:
            raise _damaged(source, error) from error


def _resolutions(frames: Iterable[_Frame], sheet: tuple[float, float]) -> Iterator[float]:
    for frame in frames:
        paper = _size_on_paper(frame, sheet)
        if paper is not None and max(paper) >= _MIN_SCAN:
            yield min(pixels * 72 / length for pixels, length in zip(frame.seen, paper, strict=True))


def _levels(source: Path, image: Image.Image, side: int) -> bytes:
    if image.width * image.height > MAX_PIXELS:
        raise _hostile(source, f"it has {image.width * image.height // 1_000_000} million pixels")
    turn = _TURNS.get(_frame(image, None).orientation)
    image.draft("L", (side * 8, side * 8))
    small = image.convert("L").resize((side, side), Image.Resampling.BOX)
    return (small.transpose(turn) if turn is not None else small).tobytes()
