"""Photos → sheets of one, two, four or six to a page, each with its caption under it as text that can be searched.

Photos stand in reading order in cells of equal size, each as large as its cell allows, upright, its data stored as
:mod:`dossier.convert.image` stores it. All rows of a layout leave room for as many lines as its longest caption has,
so that photos of one shape are of one size throughout.
"""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pikepdf
from fontTools.ttLib import TTLibError

from dossier import fonts, typeface
from dossier.convert import image
from dossier.convert.style import CAPTIONS, CaptionStyle
from dossier.part import Note
from dossier.sources import TIME, Layout

VERSION = f"{image.VERSION} / sheets 2"
_NAME = "{name}"
_SPACE = 6.0  # points between a photo and its caption
_GAP = 17.0  # points between cells
_ASCENT = 0.86  # of the size: from the top of a line to its baseline
_MOST_TEXT = 1_000  # characters of a caption that are looked at
_ELLIPSIS = "…"
_DOTS = "..."  # where a face has no ellipsis
_FONT = "/F0"
_MOST_NAMED = 10
_UNPRINTED = frozenset({"Cc", "Cf", "Cs", "Cn"})

_EARLIEST = date(1990, 1, 1)
_DATE = re.compile(r"\s*(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d)")

# Words of Latin letters and digits stay whole; anything else may be parted, but for the marks below.
_UNITS = re.compile(r"\n|[^\S\n]+|[!-~\u00a1-\u024f]+|.", re.DOTALL)
_NO_START = frozenset("，。、；：？！）》」』】〕〉”’…—·％%,.;:?!)]}〗")
_NO_END = frozenset("（《「『【〔〈“‘([{〖")


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of a sheet; ``name`` is what messages call it, ``turn`` is in degrees, clockwise.

    A line break in its caption is kept; ``{time}`` and ``{name}`` in it become when the photo was taken, if it says so
    credibly, and its name without the suffix.
    """

    path: Path
    caption: str = ""
    name: str = ""
    crop: image.Crop | None = None
    turn: int = 0

    @property
    def called(self) -> str:
        return PurePosixPath(self.name).name or self.path.name

    def words(self, language: str) -> str:
        """Return the caption as it is printed."""
        caption = self.caption
        if TIME in caption:
            caption = caption.replace(TIME, caption_of(self.path, language=language))
        return caption.replace(_NAME, PurePosixPath(self.called).stem)


class _Sheet(NamedTuple):
    """One page of photos: its size in points, its columns and rows, and the numbers of its photos."""

    page: tuple[float, float]
    columns: int
    rows: int
    photos: tuple[int, ...]
    margins: tuple[float, float, float, float]

    @property
    def cell(self) -> tuple[float, float]:
        top, right, bottom, left = self.margins
        width, height = self.page[0] - left - right, self.page[1] - top - bottom
        return (width - _GAP * (self.columns - 1)) / self.columns, (height - _GAP * (self.rows - 1)) / self.rows

    def corner(self, place: int) -> tuple[float, float]:
        """Return the left and the upper edge of a cell; they count from 0, as one reads."""
        row, column = divmod(place, self.columns)
        width, height = self.cell
        top, _, _, left = self.margins
        return left + column * (width + _GAP), self.page[1] - top - row * (height + _GAP)


class _Caption(NamedTuple):
    lines: tuple[str, ...]
    shortened: bool


def lay_out(
    photos: Sequence[Photo],
    out: Path,
    *,
    layout: Layout,
    sheet: tuple[float, float],
    style: CaptionStyle = CAPTIONS,
    face: fonts.Face | None = None,
    language: str = "zh-CN",
) -> tuple[Note, ...]:
    """Write the PDF ``out`` with as many sheets as the photos need; the same photos give the same bytes.

    ``sheet`` is the (width, height) of the upright paper in points. ``1-up`` turns the paper to the photo, ``2-up``
    turns it for two upright photos, which then stand side by side; all else stands on upright paper. Captions are set
    in ``style``, with ``face`` where it is given, or the shipped Song where that holds no TrueType outlines. Raises
    ConversionError for a photo that cannot be shown, like :func:`dossier.convert.image.convert`.
    """
    if not photos:
        raise ValueError("a photo sheet needs photos")
    texts = [_cleaned(photo.words(language)) for photo in photos]
    letters = _letters(face or fonts.resolve_embedded(style.font), texts)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".photos-") as folder:
        parts = [Path(folder) / f"{number}.pdf" for number in range(len(photos))]
        pictures = [
            image.store(photo.path, part, crop=photo.crop, turn=photo.turn)
            for photo, part in zip(photos, parts, strict=True)
        ]
        sheets = list(_sheets([picture.seen for picture in pictures], layout, sheet, style.margins))
        captions = [
            _caption(texts[number], letters, one.cell[0], style) for one in sheets for number in one.photos
        ]  # in the order of the photos
        # Job leaves images in their files until they are written; a Pdf made of them would hold them all in memory.
        with pikepdf.Job(["qpdf", "--empty", "--pages", *map(str, parts), "--", str(out)]).create_pdf() as pdf:
            _draw(pdf, sheets, pictures, captions, letters, style)
            pdf.save(out, deterministic_id=True, min_version="1.5")
    return tuple(_notes(photos, pictures, captions, letters, style))


def caption_of(path: Path, *, language: str = "zh-CN") -> str:
    """Return when a photo was taken, such as ``2023年4月12日 09:06``, or nothing where it does not say so credibly.

    No camera had a clock before 1990, and one whose clock was never set counts from the first hour of a year. In other
    languages than Chinese the day is written as ISO 8601 has it.
    """
    found = _DATE.match(image.taken(path))
    if not found:
        return ""
    year, month, day, hour, minute = (int(part) for part in found.groups())
    try:
        when = datetime(year, month, day, hour, minute)
    except ValueError:
        return ""
    unset = (month, day, hour) == (1, 1, 0)
    if unset or when.date() < _EARLIEST:
        return ""
    return f"{year}年{month}月{day}日 {when:%H:%M}" if language.startswith("zh") else f"{when:%Y-%m-%d %H:%M}"


# --- pages ---------------------------------------------------------------------------------------------------------


def _sheets(
    sizes: Sequence[tuple[int, int]],
    layout: Layout,
    sheet: tuple[float, float],
    margins: tuple[float, float, float, float],
) -> Iterator[_Sheet]:
    turned = sheet[1], sheet[0]
    columns, rows = {"1-up": (1, 1), "2-up": (1, 2), "4-up": (2, 2), "6-up": (2, 3)}[layout]
    for start in range(0, len(sizes), columns * rows):
        numbers = tuple(range(start, min(start + columns * rows, len(sizes))))
        upright = [sizes[number][0] < sizes[number][1] for number in numbers]
        wide = [sizes[number][0] > sizes[number][1] for number in numbers]
        if layout == "1-up" and all(wide):
            yield _Sheet(turned, 1, 1, numbers, margins)
        elif layout == "2-up" and len(numbers) == 2 and all(upright):
            yield _Sheet(turned, 2, 1, numbers, margins)
        else:
            yield _Sheet(sheet, columns, rows, numbers, margins)


def _draw(
    pdf: pikepdf.Pdf,
    sheets: Sequence[_Sheet],
    pictures: Sequence[image.Picture],
    captions: Sequence[_Caption],
    letters: typeface.Face,
    style: CaptionStyle,
) -> None:
    """Replace pages of one image each, ``/Im0``, by the sheets."""
    stored = [page.obj.Resources.XObject.Im0 for page in pdf.pages]
    lines = max(len(caption.lines) for caption in captions)
    below = _SPACE + lines * style.leading if lines else 0.0
    resources = {"/Font": pikepdf.Dictionary({_FONT: typeface.embed(pdf, letters)})} if lines else {}
    for sheet in sheets:
        page = pdf.add_blank_page(page_size=sheet.page)
        page.mediabox = pikepdf.Rectangle(0, 0, *(round(length, 4) for length in sheet.page))
        images = pikepdf.Dictionary({f"/Im{number}": stored[number] for number in sheet.photos})
        page.obj.Resources = pikepdf.Dictionary({"/XObject": images, **resources})
        page.Contents = pdf.make_stream(b"\n".join(_drawn(sheet, pictures, captions, letters, style, below)))
    del pdf.pages[: len(stored)]


def _drawn(
    sheet: _Sheet,
    pictures: Sequence[image.Picture],
    captions: Sequence[_Caption],
    letters: typeface.Face,
    style: CaptionStyle,
    below: float,
) -> Iterator[bytes]:
    """Yield the operators of a page: photos of a row stand on one line, and the row in the middle of its cells."""
    width, height = sheet.cell
    sizes = [_fitted(pictures[number].seen, width, height - below) for number in sheet.photos]
    for place, number in enumerate(sheet.photos):
        left, top = sheet.corner(place)
        row = place // sheet.columns * sheet.columns
        tallest = max(size[1] for size in sizes[row : row + sheet.columns])
        bottom = top - (height - tallest - below) / 2 - tallest
        across, up = sizes[place]
        yield pictures[number].drawing(f"/Im{number}", left + (width - across) / 2, bottom, across, up)
        yield from _written(captions[number].lines, letters, style, (left, width), bottom - _SPACE)


def _fitted(seen: tuple[int, int], width: float, height: float) -> tuple[float, float]:
    scale = min(width / seen[0], height / seen[1], 72 / image.PHOTO_DPI)
    return seen[0] * scale, seen[1] * scale


def _written(
    lines: Iterable[str], letters: typeface.Face, style: CaptionStyle, cell: tuple[float, float], top: float
) -> Iterator[bytes]:
    share = {"left": 0.0, "center": 0.5, "right": 1.0}[style.align]
    for index, line in enumerate(lines):
        left = cell[0] + (cell[1] - letters.width(line, style.size)) * share
        base = top - index * style.leading - _ASCENT * style.size
        if style.color != CAPTIONS.color:
            yield b"%g %g %g rg" % typeface.color(style.color)
        yield b"BT %s %g Tf 1 0 0 1 %.3f %.3f Tm %s Tj ET" % (_FONT.encode(), style.size, left, base, letters.hex(line))


# --- captions ------------------------------------------------------------------------------------------------------


def _letters(face: fonts.Face, texts: Sequence[str]) -> typeface.Face:
    wanted = [*(text.replace("\n", "") for text in texts), _ELLIPSIS, _DOTS]
    try:
        return typeface.load_face(face.path, wanted, index=face.index)
    except (ValueError, KeyError, OSError, TTLibError):
        return typeface.load_face(fonts.SONG.path, wanted)


def _cleaned(text: str) -> str:
    """Return a caption without what cannot be printed, its lines trimmed, and empty ones left out."""
    lines = (" ".join(line.split()) for line in unicodedata.normalize("NFC", text[:_MOST_TEXT]).splitlines())
    printed = ("".join(char for char in line if unicodedata.category(char) not in _UNPRINTED) for line in lines)
    return "\n".join(line for line in printed if line)


def _caption(text: str, letters: typeface.Face, room: float, style: CaptionStyle) -> _Caption:
    def fits(line: str) -> bool:
        return letters.width(line, style.size) <= room

    lines = _wrapped(text, fits) if text else []
    if len(lines) <= style.lines:
        return _Caption(tuple(lines), shortened=False)
    end = _DOTS if _ELLIPSIS in letters.missing else _ELLIPSIS
    last = lines[style.lines - 1]
    while last and not fits(last + end):
        last = last[:-1]
    return _Caption((*lines[: style.lines - 1], last.rstrip() + end), shortened=True)


def _wrapped(text: str, fits: Callable[[str], bool]) -> list[str]:
    lines: list[str] = []
    line = ""
    for unit in _units(text):
        if unit == "\n" or not fits(line + unit.rstrip()):
            lines += [line.rstrip()] if line else []
            line = ""
        for char in unit.lstrip() if not line else unit:  # a word that is longer than a line is parted
            if line and not fits((line + char).rstrip()):
                lines.append(line.rstrip())
                line = ""
            line += char
    return [*lines, line.rstrip()]


def _units(text: str) -> Iterator[str]:
    """Yield what is not to be parted at the end of a line; a line break stands alone."""
    unit = ""
    for piece in _UNITS.findall(text):
        together = "\n" not in (piece, unit) and (piece[0] in _NO_START or unit[-1:] in _NO_END)
        if unit and not together:
            yield unit
            unit = ""
        unit += piece
    if unit:
        yield unit


# --- what is worth reporting ---------------------------------------------------------------------------------------


def _notes(
    photos: Sequence[Photo],
    pictures: Sequence[image.Picture],
    captions: Sequence[_Caption],
    letters: typeface.Face,
    style: CaptionStyle,
) -> Iterator[Note]:
    for photo, picture in zip(photos, pictures, strict=True):
        for note in picture.notes:
            yield Note(note.code, f"{photo.called}: {note.message}", note.fix)
    cut = [photo.called for photo, caption in zip(photos, captions, strict=True) if caption.shortened]
    if cut:
        names = ", ".join(cut[:_MOST_NAMED]) + (" and more" if len(cut) > _MOST_NAMED else "")
        yield Note("caption-shortened", f"the caption of {names} is cut off after {style.lines} lines", "shorten it")
    lost = sorted(letters.missing - {_ELLIPSIS})
    if lost:
        listed = ", ".join(f"{char} (U+{ord(char):04X})" for char in lost)
        yield Note("missing-glyphs", f"the face of captions lacks {listed}: ? is printed instead", "write it otherwise")
