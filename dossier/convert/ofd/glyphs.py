"""Fonts for a PDF, made anew from the outlines that are needed: of a font in the file, or of one that stands in for it.

A font program runs in whatever draws it, so none of a source's own reaches the book: glyphs are read by their numbers,
and written as a TrueType font without instructions. That takes fonts with cubic outlines (CFF) and fonts that lack
tables, as those in OFD files often do, the same way. Each pair of glyph and text gets a code of its own, so that text
reads back as TextCode has it, whatever glyph it is drawn with.
"""

from __future__ import annotations

import io
import logging
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fontTools import agl
from fontTools.cffLib import CFFFontSet
from fontTools.fontBuilder import FontBuilder
from fontTools.misc.psCharStrings import T2OutlineExtractor
from fontTools.pens.basePen import PenError
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.recordingPen import DecomposingRecordingPen, RecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, TTLibError
from pikepdf import Array, Dictionary, Name, Object, Pdf

from dossier import fonts
from dossier.convert.ofd import charmap
from dossier.convert.ofd.package import damaged, hostile, unsupported
from dossier.fonts import Face

logging.getLogger("fontTools").addHandler(logging.NullHandler())  # what matters of a font's damage is raised

MAX_FONT = 64 * 1024**2
MAX_OUTLINE = 20_000
"""Operators and parts of one glyph."""
MAX_CALLS = 20_000
"""Subroutines that one glyph of a CFF font may call."""
MAX_CODES = 0xFFFF

NOTHING = 500.0
"""Width of what is not drawn, in 1/1000 em."""

_EM = 1000
_CUBIC_ERROR = 0.0005
"""How far a cubic outline may move when it is written with quadratic curves, in em."""
_BOLD = 600
_NO_GLYPH = 0
_MAX_UNITS = 16_384
_FONT_BROKEN = (
    TTLibError, PenError, struct.error, zlib.error, KeyError, IndexError, ValueError, AssertionError, TypeError,
    AttributeError, OverflowError, NotImplementedError, EOFError, ArithmeticError, RecursionError, UnicodeError,
)  # fmt: skip


class _TooMuch(Exception):
    """A glyph asks for more work than any real one."""


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except _TooMuch:
        raise hostile(f"holds a font, {what}, with a glyph that never ends") from None
    except _FONT_BROKEN as error:
        raise damaged(f"its font {what} cannot be read ({type(error).__name__}: {error})") from error


class Program:
    """A font program, read by glyph number; widths are in 1/1000 em.

    ``name`` is what messages call it. ``bold`` and ``italic`` say what it is by itself. ``stands_in`` is set for a
    shipped face that is drawn in place of the font that a document asks for.
    """

    def __init__(self, data: bytes, name: str, *, index: int = 0, stands_in: bool = False) -> None:
        self.name = name
        self.stands_in = stands_in
        self.bold = self.italic = False
        if len(data) > MAX_FONT:
            raise hostile(f"holds a font, {name}, of {len(data) >> 20} MiB")
        with _reading(name):
            self._open(data, index)
        self._known: dict[int, tuple[RecordingPen, float]] = {}

    @classmethod
    def of_face(cls, face: Face) -> Program:
        """Return the program of a face that is installed or shipped."""
        return cls(fonts.data(face.path), face.family, index=face.index, stands_in=face.shipped)

    def _open(self, data: bytes, index: int) -> None:
        self._font: Any = None
        self._cff: Any = None
        self._glyphs: Any = None
        if data[:4] in (b"\0\1\0\0", b"true", b"OTTO", b"ttcf"):
            self._font = TTFont(io.BytesIO(data), fontNumber=index if data[:4] == b"ttcf" else -1, lazy=True)
            if "CFF " in self._font:
                self._cff = self._font["CFF "].cff[0]
            elif "glyf" in self._font:
                # Names would come from tables that may be missing or wrong; numbers are all that is asked for.
                self._font.setGlyphOrder([f"glyph{number:05}" for number in range(self._font["maxp"].numGlyphs)])
                self._glyphs = self._font.getGlyphSet()
            else:
                raise unsupported(f"the font {self.name} has no outlines that are known here")
        elif data[:1] == b"\1" and data[2:3] and data[2] >= 4:
            bare = CFFFontSet()
            bare.decompile(io.BytesIO(data), None)
            self._cff = bare[0]
        else:
            raise unsupported(f"the font {self.name} is neither OpenType nor CFF (it begins with {data[:4]!r})")
        self.count = self._font["maxp"].numGlyphs if self._glyphs is not None else len(self._cff.CharStrings)
        self._read_head()
        self._characters = charmap.parse(b"" if self._font is None else self._raw("cmap"))
        self._names = self._by_name() if self._font is None else {}

    def _read_head(self) -> None:
        if self._font is None:
            self.units = 1 / (self._cff.FontMatrix[0] or 1 / _EM)
            self.ascent, self.descent = 0.88 * self.units, -0.12 * self.units
            return
        head = self._font["head"]
        self.units = float(head.unitsPerEm)
        if not 16 <= self.units <= _MAX_UNITS:
            raise ValueError(f"{self.units} units to the em")
        self.ascent, self.descent = float(self._font["hhea"].ascent), float(self._font["hhea"].descent)
        self.bold, self.italic = bool(head.macStyle & 1), bool(head.macStyle & 2)
        if "OS/2" in self._font:
            with _ignoring_what_is_broken():
                self.bold = self.bold or self._font["OS/2"].usWeightClass >= _BOLD

    def glyph_of(self, char: str) -> int | None:
        """Return the number of a character's glyph; None where the font has none."""
        number = self._characters.glyph_of(ord(char)) or self._names.get(char)
        return number if number and number < self.count else None

    def _raw(self, table: str) -> bytes:
        return bytes(self._font.reader[table]) if table in self._font.reader else b""

    def _by_name(self) -> dict[str, int]:
        """Return the characters that the glyphs of a bare CFF font are named after."""
        return {agl.toUnicode(name): number for number, name in enumerate(self._cff.charset)}

    def width(self, number: int) -> float:
        """Return the advance width of a glyph."""
        return self._glyph(number)[1] * _EM / self.units

    def outline(self, number: int) -> RecordingPen:
        """Return the outline of a glyph in the font's own units, its parts put together."""
        return self._glyph(number)[0]

    def _glyph(self, number: int) -> tuple[RecordingPen, float]:
        if number not in self._known:
            if not 0 <= number < self.count:
                raise damaged(f"glyph {number} is asked for, and its font {self.name} has {self.count}")
            with _reading(self.name):
                self._known[number] = self._drawn(number)
        return self._known[number]

    def _drawn(self, number: int) -> tuple[RecordingPen, float]:
        if self._glyphs is not None:
            pen = _BoundedPen(self._glyphs)
            name = self._font.getGlyphName(number)
            self._glyphs[name].draw(pen)
            return pen, float(self._font["hmtx"][name][0])
        pen = _BoundedPen(_Charstrings(self._cff.CharStrings))
        charstring = self._cff.CharStrings.charStringsIndex[number]
        charstring.outlineExtractor = _BoundedExtractor
        charstring.draw(pen)
        if self._font is not None and "hmtx" in self._font:
            return pen, float(self._font["hmtx"][self._font.getGlyphName(number)][0])
        return pen, float(charstring.width)


@contextmanager
def _ignoring_what_is_broken() -> Iterator[None]:
    """Read a table that helps where it is whole; glyphs are there without it."""
    try:
        yield
    except _FONT_BROKEN:
        return


class _BoundedPen(DecomposingRecordingPen):  # type: ignore[misc]
    """Records an outline, its parts put together, until there is too much of it."""

    parts = 0

    def addComponent(self, glyphName: str, transformation: Any) -> None:  # noqa: N802, N803 - named by fontTools
        self._count()
        super().addComponent(glyphName, transformation)

    def lineTo(self, pt: Any) -> None:  # noqa: N802
        self._count()
        super().lineTo(pt)

    def curveTo(self, *points: Any) -> None:  # noqa: N802
        self._count()
        super().curveTo(*points)

    def qCurveTo(self, *points: Any) -> None:  # noqa: N802
        self._count()
        super().qCurveTo(*points)

    def _count(self) -> None:
        self.parts += 1
        if self.parts > MAX_OUTLINE:
            raise _TooMuch


@dataclass(frozen=True, slots=True)
class _Charstrings:
    """Gives the glyphs of a CFF font that accented ones are put together from."""

    strings: Any

    def __getitem__(self, name: str) -> Any:
        charstring = self.strings[name]
        charstring.outlineExtractor = _BoundedExtractor
        return charstring


class _BoundedExtractor(T2OutlineExtractor):  # type: ignore[misc]
    """Runs the charstring of a CFF glyph until it has called too many subroutines."""

    calls = 0

    def execute(self, charString: Any) -> None:  # noqa: N803
        self.calls += 1
        if self.calls > MAX_CALLS:
            raise _TooMuch
        super().execute(charString)


# --- in the PDF ----------------------------------------------------------------------------------------------------


class Shape(NamedTuple):
    """A glyph of a program (None: nothing is drawn), as wide as it is by itself or as it is made.

    ``width`` is in 1/1000 em; 0 stands for the glyph's own. One that is made narrower is condensed, one that is made
    wider keeps its outline, at the left or, when ``centred``, in the middle.
    """

    number: int | None
    width: int = 0
    centred: bool = False


@dataclass(slots=True)
class Subset:
    """What a PDF needs of one program: a code for each pair of shape and text."""

    program: Program
    codes: dict[tuple[Shape, str], int] = field(default_factory=dict)

    def code(self, shape: Shape, text: str) -> int:
        """Return the two-byte code for a shape that stands for ``text``."""
        code = self.codes.setdefault((shape, text), len(self.codes) + 1)
        if code > MAX_CODES:
            raise hostile(f"draws {code} different glyphs of one font")
        return code

    def width(self, shape: Shape) -> float:
        """Return the width of a shape in 1/1000 em."""
        if shape.number is None:
            return shape.width or NOTHING
        return shape.width or round(self.program.width(shape.number), 3)

    def write(self, pdf: Pdf, font: Object, tag: int) -> None:
        """Fill in ``font``, an empty dictionary of ``pdf``, as a composite font (ISO 32000-1, 9.7)."""
        with _reading(self.program.name):
            data, places, bounds = _truetype(self.program, {shape for shape, _ in self.codes})
        shown = [0, *(places[shape] for shape, _ in self.codes)]
        base = Name(f"/{_tag(tag)}+{_ascii(self.program.name)}")
        scale = _EM / self.program.units
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=base,
            Flags=4,
            FontBBox=Array([round(value * scale) for value in bounds]),
            ItalicAngle=0,
            Ascent=round(self.program.ascent * scale),
            Descent=round(self.program.descent * scale),
            CapHeight=700,
            StemV=80,
            FontFile2=pdf.make_stream(data, Length1=len(data)),
        )
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=base,
            CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
            CIDToGIDMap=pdf.make_stream(b"".join(place.to_bytes(2, "big") for place in shown)),
            FontDescriptor=pdf.make_indirect(descriptor),
            W=Array([1, Array([self.width(shape) for shape, _ in self.codes])]),
        )
        font.Type = Name.Font
        font.Subtype = Name.Type0
        font.BaseFont = base
        font.Encoding = Name("/Identity-H")
        font.DescendantFonts = Array([pdf.make_indirect(descendant)])
        font.ToUnicode = pdf.make_stream(_to_unicode([text for _, text in self.codes]))


def _truetype(program: Program, shapes: set[Shape]) -> tuple[bytes, dict[Shape, int], tuple[int, int, int, int]]:
    """Return a TrueType font of these shapes, the place of each in it, and the box around them all.

    Its first glyph, which no shape has, is a box: some readers draw it for what is missing.
    """
    units = round(program.units)
    ordered = sorted(shapes, key=lambda shape: (shape.number is not None, shape))
    outlines = [(_box(units), float(units)), *(_outline(program, shape) for shape in ordered)]
    names = [".notdef", *(f"g{place}" for place in range(1, len(outlines)))]
    glyphs: dict[str, Any] = {}
    for name, (outline, _) in zip(names, outlines, strict=True):
        pen = TTGlyphPen(None)
        outline.replay(Cu2QuPen(pen, _CUBIC_ERROR * units))
        glyphs[name] = pen.glyph()
    builder = FontBuilder(units, isTTF=True)
    builder.updateHead(created=0, modified=0)  # else its bytes tell when it was made
    builder.setupGlyphOrder(names)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({
        name: (min(max(round(width), 0), 0xFFFF), getattr(glyphs[name], "xMin", 0))
        for name, (_, width) in zip(names, outlines, strict=True)
    })  # fmt: skip
    builder.setupHorizontalHeader(ascent=round(program.ascent), descent=round(program.descent))
    builder.setupMaxp()
    out = io.BytesIO()
    builder.font.save(out, reorderTables=False)
    head = builder.font["head"]
    places = {shape: place for place, shape in enumerate(ordered, start=1)}
    return out.getvalue(), places, (head.xMin, head.yMin, head.xMax, head.yMax)


def _outline(program: Program, shape: Shape) -> tuple[RecordingPen, float]:
    """Return the outline and the width of a shape in the program's units."""
    if shape.number is None:
        return RecordingPen(), (shape.width or NOTHING) * program.units / _EM
    own = program.width(shape.number) * program.units / _EM
    outline = program.outline(shape.number)
    if shape.number == _NO_GLYPH and not outline.value:
        outline = _box(round(program.units))
    width = shape.width * program.units / _EM or own
    if width == own or (width > own and not shape.centred):
        return outline, width
    changed = RecordingPen()
    matrix = (width / own, 0, 0, 1, 0, 0) if width < own else (1, 0, 0, 1, (width - own) / 2, 0)
    outline.replay(TransformPen(changed, matrix))
    return changed, width


def _box(units: int) -> RecordingPen:
    """Return the outline of a box, which says that a character is missing whatever the font."""
    pen = RecordingPen()
    left, right, bottom, top, line = (round(units * part) for part in (0.1, 0.9, -0.05, 0.8, 0.05))
    for x0, y0, x1, y1, step in (
        (left, bottom, right, top, 1),
        (left + line, bottom + line, right - line, top - line, -1),
    ):
        points = [(x0, y0), (x0, y1), (x1, y1), (x1, y0)][::step]
        pen.moveTo(points[0])
        for point in points[1:]:
            pen.lineTo(point)
        pen.closePath()
    return pen


def _tag(number: int) -> str:
    """Return the six letters that mark a subset, different for each number."""
    letters = ""
    for _ in range(6):
        number, letter = divmod(number, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def _ascii(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "", name)[:40] or "Font"


def _to_unicode(texts: list[str]) -> bytes:
    """Return the map from codes, which count from 1, to the text they stand for (ISO 32000-1, 9.10.3)."""
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "1 begincodespacerange <0000> <FFFF> endcodespacerange",
    ]
    pairs = [
        f"<{code:04X}> <{text.encode('utf-16-be', 'surrogatepass').hex().upper()}>"
        for code, text in enumerate(texts, start=1)
        if text
    ]
    for start in range(0, len(pairs), 100):
        part = pairs[start : start + 100]
        lines += [f"{len(part)} beginbfchar", *part, "endbfchar"]
    lines += ["endcmap CMapName currentdict /CMap defineresource pop end end"]
    return "\n".join(lines).encode("ascii")
