"""Pictures that Word templates show: PNG and JPEG files, checked by what they hold, and QR codes.

A picture may come from a stranger: its size is judged before it is unpacked, and one that is turned, unusual or far
finer than it can be printed is drawn anew.
"""

from __future__ import annotations

import hashlib
import re
import struct
import warnings
import zlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import segno
from PIL import Image, ImageOps

from dossier.errors import TemplateError
from dossier.sources import Kind, recognise

MAX_BYTES = 20 * 1024**2
MAX_PIXELS = 50_000_000
MAX_QR = 1_000
"""Bytes of text in a QR code: more is too fine to be read from paper."""

_MM_PER_INCH = 25.4
_SCREEN = 96.0  # dots per inch of a picture that does not say
_PRINTED = 300.0  # dots per inch that a printer shows
_WIDEST, _HIGHEST = 150.0, 220.0  # mm, where a template does not say: what a page has between its margins
_LONGEST = 600.0
_LENGTH = re.compile(r"\s*(\d{1,4}(?:\.\d{1,4})?)\s*(mm|cm|in|pt)?\s*")
_UNITS = {"mm": 1.0, "cm": 10.0, "in": _MM_PER_INCH, "pt": _MM_PER_INCH / 72}
_PLAIN = {"PNG": {"1", "L", "P", "RGB", "RGBA", "LA"}, "JPEG": {"L", "RGB"}}
_ORIENTATION = 274  # EXIF
# What Pillow is known to raise of broken files.
_DAMAGED = (
    OSError, ValueError, SyntaxError, EOFError, LookupError, ArithmeticError, TypeError, AttributeError, struct.error,
    zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a Word file can hold it, and how large it is shown, in mm; ``pixels`` is what it cost to look at."""

    data: bytes
    suffix: str
    width: float
    height: float
    pixels: int


def read(path: Path, name: str, width: object = None, height: object = None) -> Picture:
    """Read a picture to be shown so wide or so high, as ``60mm``. Raises TemplateError for what cannot be shown."""
    try:
        size = path.stat().st_size
        kind = recognise(path)
        if kind not in (Kind.PNG, Kind.JPEG):
            article = "an" if kind.value[0] in "AEIOUaeiou" else "a"
            raise TemplateError(f"{name} is {article} {kind.value}, not a picture", fix="save it as PNG or JPEG")
        if size > MAX_BYTES:
            raise TemplateError(f"{name} is larger than {MAX_BYTES >> 20} MiB", fix="save it smaller")
        with path.open("rb") as file:
            data = file.read(size)
    except OSError as error:
        raise TemplateError(f"{name} cannot be read: {error.strerror}", fix="check the file's permissions") from error
    return _read(_Bytes(data), name, _length(width, "width"), _length(height, "height"))


def qr(text: str, width: object = "25mm") -> Picture:
    """Draw a QR code. Raises TemplateError for one that could not be read from paper."""
    side = _length(width, "width") or 25.0
    if not text:
        raise TemplateError("a QR code of nothing", fix="write {% if … %} around it where there may be no text")
    size = len(text.encode())
    if size > MAX_QR:
        raise TemplateError(
            f"a QR code of {size} bytes could not be read from paper", fix=f"give it at most {MAX_QR}, such as a link"
        )
    return Picture(_qr(text), "png", side, side, size)


@lru_cache(maxsize=4096)
def _qr(text: str) -> bytes:
    out = BytesIO()
    segno.make(text, error="m", micro=False, encoding="utf-8").save(out, kind="png", scale=6, border=4)
    return out.getvalue()


class _Bytes:
    """Bytes that are told apart by their checksum, so that what was made of them is found again without them."""

    __slots__ = ("_digest", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._digest = hashlib.sha256(data).digest()

    def __hash__(self) -> int:
        return hash(self._digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bytes) and self._digest == other._digest


@lru_cache(maxsize=8)
def _read(source: _Bytes, name: str, width: float | None, height: float | None) -> Picture:
    broken = f"{name} is damaged"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the bounds here are our own
            image: Image.Image = Image.open(BytesIO(source.data), formats=("PNG", "JPEG"))
        pixels = image.width * image.height
        if pixels > MAX_PIXELS:
            raise _too_large(name)
        form, turn = str(image.format), int(image.getexif().get(_ORIENTATION, 1))
        across, down = (image.height, image.width) if turn in (5, 6, 7, 8) else image.size
        shown_width, shown_height = _shown(across, down, _density(image), width, height)
        most = _dots(shown_width), _dots(shown_height)
        wanted = (most[1], most[0]) if turn in (5, 6, 7, 8) else most
        fine = image.width > 1.5 * wanted[0] and image.height > 1.5 * wanted[1]
        if fine:
            image.draft(None, wanted)
        image.load()
        if turn == 1 and not fine and image.mode in _PLAIN[form]:
            data = source.data
        else:
            data = _redrawn(image, wanted if fine else None, form)
    except Image.DecompressionBombError:
        raise _too_large(name) from None
    except _DAMAGED as error:
        raise TemplateError(f"{broken}: {error}", fix="open it in a picture editor and save it anew") from error
    return Picture(data, form.lower(), shown_width, shown_height, pixels)


def _too_large(name: str) -> TemplateError:
    return TemplateError(
        f"{name} has more than {MAX_PIXELS // 10**6} million pixels",
        fix="save it smaller: 3,000 pixels across are enough for a whole page",
    )


def _redrawn(image: Image.Image, size: tuple[int, int] | None, form: str) -> bytes:
    if image.mode not in ("L", "RGB", "RGBA"):
        deep = image.mode in ("I", "I;16", "F")
        if deep:
            image = image.convert("I").point(lambda value: value / 257).convert("L")
        else:
            image = image.convert("RGBA" if image.mode in ("LA", "PA") or "transparency" in image.info else "RGB")
    if size:
        image = image.resize((max(1, size[0]), max(1, size[1])), Image.Resampling.LANCZOS)
    image = ImageOps.exif_transpose(image)
    out = BytesIO()
    if form == "JPEG":
        image.convert("RGB" if image.mode == "RGBA" else image.mode).save(out, "JPEG", quality=90)
    else:
        plain = Image.new(image.mode, image.size)
        plain.paste(image)
        plain.save(out, "PNG")
    return out.getvalue()


def _density(image: Image.Image) -> float:
    dots = image.info.get("dpi", (0, 0))
    across = float(dots[0]) if isinstance(dots, tuple) and dots else 0.0
    return across if 30 <= across <= 2400 else _SCREEN


def _shown(across: int, down: int, density: float, width: float | None, height: float | None) -> tuple[float, float]:
    """Return how large a picture of so many pixels is shown; what is not said follows from its shape."""
    if width and height:
        return width, height
    shape = down / across
    if not width and not height:
        width = min(across / density * _MM_PER_INCH, _WIDEST, _HIGHEST / shape)
    width = width or (height or 0.0) / shape
    return min(max(width, 0.1), _LONGEST), min(max(height or width * shape, 0.1), _LONGEST)


def _dots(millimetres: float) -> int:
    return max(1, round(millimetres / _MM_PER_INCH * _PRINTED))


def _length(value: object, key: str) -> float | None:
    if value is None:
        return None
    found = _LENGTH.fullmatch(str(value))
    length = float(found[1]) * _UNITS[found[2] or "mm"] if found else 0.0
    if not 1 <= length <= _LONGEST:
        raise TemplateError(
            f"{key}={str(value)[:20]!r} is no length from 1 to {_LONGEST:.0f} mm", fix=f'write {key}="60mm"'
        )
    return length
