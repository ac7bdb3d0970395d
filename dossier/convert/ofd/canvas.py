"""What is drawn, as content streams of a PDF (ISO 32000-1, 7.8.2), with the resources that each of them uses.

A canvas is measured in millimetres, y downwards, as OFD is; the stream of a page begins with the matrix that turns that
into points, y upwards. Numbers are written without exponents, so equal drawings are equal bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf

from dossier.convert.ofd import geometry
from dossier.convert.ofd.geometry import IDENTITY, Matrix, Segment, multiply
from dossier.convert.ofd.glyphs import Program, Shape, Subset
from dossier.convert.ofd.package import hostile

MAX_CONTENT = 64 * 1024**2
"""Bytes of one page's operators."""
POINTS = 72 / 25.4
"""To a millimetre."""

NOWHERE = geometry.rectangle(-90_000, -90_000, 1, 1)

BLEND_MODES = frozenset({
    "Normal", "Multiply", "Screen", "Overlay", "Darken", "Lighten", "ColorDodge", "ColorBurn", "HardLight", "SoftLight",
    "Difference", "Exclusion", "Hue", "Saturation", "Color", "Luminosity",
})  # fmt: skip

_OPERATORS = {"M": "m", "L": "l", "C": "c", "Z": "h"}
_FILL = {1: "g", 3: "rg", 4: "k"}
_STROKE = {1: "G", 3: "RG", 4: "K"}
_CAPS = {"Butt": 0, "Round": 1, "Square": 2}
_JOINS = {"Miter": 0, "Round": 1, "Bevel": 2}


@dataclass(frozen=True, slots=True)
class Paint:
    """What a shape is painted with: 1 (grey), 3 (RGB) or 4 (CMYK) parts from 0 to 1, or a pattern; and its opacity."""

    parts: tuple[float, ...]
    alpha: float = 1.0
    pattern: Object | None = None


BLACK = Paint((0.0,))


@dataclass(frozen=True, slots=True)
class Pen:
    """How lines are drawn; lengths in millimetres. ``miter`` is a ratio, as in PDF."""

    width: float = 0.353
    cap: str = "Butt"
    join: str = "Miter"
    miter: float = 3.528
    dashes: tuple[float, ...] = ()
    offset: float = 0.0


class Book:
    """The PDF that is made, and what its pages share: fonts and pictures."""

    def __init__(self) -> None:
        self.pdf = Pdf.new()
        self._fonts: dict[Program, tuple[Subset, Object]] = {}

    def font(self, program: Program) -> tuple[Subset, Object]:
        """Return the subset of a font program, which grows as it is used, and the object it will be written to."""
        if program not in self._fonts:
            self._fonts[program] = Subset(program), self.pdf.make_indirect(Dictionary())
        return self._fonts[program]

    def add_page(self, width: float, height: float, canvas: Canvas) -> Object:
        """Add a page of a size in millimetres that shows a canvas made by :meth:`page_canvas`."""
        page = Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, 0, round(width * POINTS, 3), round(height * POINTS, 3)]),
            Resources=canvas.resources(),
            Contents=self._packed(canvas),
        )
        if canvas.blends:
            page.Group = Dictionary(S=Name.Transparency, CS=Name.DeviceRGB)
        self.pdf.pages.append(pikepdf.Page(self.pdf.make_indirect(page)))
        return self.pdf.pages[-1].obj

    def page_canvas(self, height: float) -> Canvas:
        """Return an empty canvas for a page of a height in millimetres."""
        canvas = Canvas(self)
        canvas.transform((POINTS, 0.0, 0.0, -POINTS, 0.0, height * POINTS))
        return canvas

    def form(self, canvas: Canvas, area: tuple[float, float, float, float]) -> Object:
        """Return a canvas as a form that is painted as one thing; ``area`` is left, top, right, bottom."""
        return self.pdf.make_stream(
            canvas.content(),
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=Array([round(value, 4) for value in area]),
            Resources=canvas.resources(),
            Group=Dictionary(S=Name.Transparency, CS=Name.DeviceRGB, I=True),
        )

    def _packed(self, canvas: Canvas) -> Object:
        """Return a canvas as a stream that is already small, for all pages are held until they are written."""
        return self.pdf.make_stream(zlib.compress(canvas.content()), Filter=Name.FlateDecode)

    def finish(self) -> None:
        """Write the fonts, now that it is known what they need."""
        for number, (subset, font) in enumerate(self._fonts.values()):
            subset.write(self.pdf, font, number)


@dataclass(slots=True)
class Glyph:
    """One glyph to be drawn: its shape in a program, the text it stands for, and where its origin is."""

    program: Program
    shape: Shape
    text: str
    x: float = 0.0
    y: float = 0.0


@dataclass(slots=True)
class Canvas:
    """A content stream in the making; ``matrix`` is the way from the space drawn in now to that of the stream."""

    book: Book
    matrix: Matrix = IDENTITY
    blends: bool = False
    _lines: list[str] = field(default_factory=list)
    _length: int = 0
    _used: dict[str, dict[str, Object]] = field(default_factory=dict)
    _names: dict[object, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """Return the stream's operators."""
        return "\n".join(self._lines).encode("ascii")

    def resources(self) -> Dictionary:
        """Return the resources that the operators name."""
        return Dictionary({f"/{kind}": Dictionary(entries) for kind, entries in self._used.items()})

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Undo on leaving whatever changes of matrix, clip and state are made within."""
        matrix = self.matrix
        self._put("q")
        yield
        self._put("Q")
        self.matrix = matrix

    def transform(self, matrix: Matrix) -> None:
        """Let what follows be drawn in a space of its own; ``matrix`` leads from there to here."""
        if matrix != IDENTITY:
            self._put(f"{_numbers(matrix, 9)} cm")
            self.matrix = multiply(matrix, self.matrix)

    def blend(self, mode: str, fill: float = 1.0, stroke: float = 1.0) -> None:
        """Set the blend mode and the opacity of what follows."""
        if mode == "Normal" and fill == stroke == 1:
            return
        self.blends = True
        key = (mode, round(fill, 4), round(stroke, 4))
        state = Dictionary(Type=Name.ExtGState, BM=Name(f"/{mode}"), ca=key[1], CA=key[2])
        self._put(f"{self._name('ExtGState', 'S', key, state)} gs")

    def clip(self, outline: Sequence[Segment], *, even_odd: bool = False) -> None:
        """Keep what follows within an outline."""
        points = [point for _, points in outline for point in points]
        left, top, right, bottom = geometry.bounds(points) if points else (0.0, 0.0, 0.0, 0.0)
        # Some readers show a line of what is clipped to a line: what has no area is moved off the page.
        self._trace(outline if left < right and top < bottom else NOWHERE)
        self._put("W* n" if even_odd else "W n")

    def clip_to_box(self, x: float, y: float, width: float, height: float) -> None:
        """Keep what follows within a rectangle."""
        self._put(f"{_numbers((x, y, width, height))} re W n")

    def paint(
        self, outline: Sequence[Segment], fill: Paint | None, stroke: Paint | None, pen: Pen, *, even_odd: bool = False
    ) -> None:
        """Fill an outline, and then draw along it."""
        if not outline or (fill is None and stroke is None):
            return
        self._set(fill, stroke, pen)
        self._trace(outline)
        rule = "*" if even_odd and fill is not None else ""
        operator = "S" if fill is None else "f" if stroke is None else "B"
        self._put(operator + rule)

    def text(
        self, glyphs: Sequence[Glyph], size: float, shape: Matrix, fill: Paint | None, stroke: Paint | None, pen: Pen
    ) -> None:
        """Draw glyphs; ``shape`` is the matrix from glyphs (y upwards) to the space drawn in, without their place."""
        self._set(fill, stroke, pen)
        mode = {(True, False): 0, (False, True): 1, (True, True): 2}.get((fill is not None, stroke is not None), 3)
        self._show(glyphs, size, shape, mode)

    def clip_to_text(self, glyphs: Sequence[Glyph], size: float, shape: Matrix) -> None:
        """Keep what follows within the outlines of glyphs."""
        self._show(glyphs, size, shape, 7)

    def draw(self, thing: Object) -> None:
        """Draw a picture, in a square of one by one with its first row at the bottom, or a form."""
        self._put(f"{self._name('XObject', 'X', thing.objgen, thing)} Do")

    def _put(self, line: str) -> None:
        self._length += len(line) + 1
        if self._length > MAX_CONTENT:
            raise hostile(f"draws more than {MAX_CONTENT >> 20} MiB on one page")
        self._lines.append(line)

    def _set(self, fill: Paint | None, stroke: Paint | None, pen: Pen) -> None:
        if fill is not None:
            self._colour(fill, _FILL, "cs", "scn")
        if stroke is None:
            return
        self._colour(stroke, _STROKE, "CS", "SCN")
        self._put(f"{_number(pen.width)} w")
        if pen.cap != "Butt":
            self._put(f"{_CAPS[pen.cap]} J")
        if pen.join != "Miter":
            self._put(f"{_JOINS[pen.join]} j")
        else:
            self._put(f"{_number(max(1.0, pen.miter))} M")
        if pen.dashes:
            self._put(f"[{_numbers(pen.dashes)}] {_number(pen.offset)} d")

    def _colour(self, paint: Paint, operators: dict[int, str], space: str, pattern: str) -> None:
        if paint.pattern is None:
            self._put(f"{_numbers(paint.parts, 4)} {operators[len(paint.parts)]}")
        else:
            name = self._name("Pattern", "P", paint.pattern.objgen, paint.pattern)
            self._put(f"/Pattern {space} {name} {pattern}")

    def _trace(self, outline: Iterable[Segment]) -> None:
        for operator, points in outline:
            operands = _numbers([value for point in points for value in point])
            self._put(f"{operands} {_OPERATORS[operator]}" if operands else _OPERATORS[operator])

    def _show(self, glyphs: Sequence[Glyph], size: float, shape: Matrix, mode: int) -> None:
        self._put("BT" if not mode else f"BT {mode} Tr")
        upright = shape[1] == 0
        font = ""
        for run in _runs(glyphs, upright):
            first = run[0]
            subset, thing = self.book.font(first.program)
            name = self._name("Font", "F", thing.objgen, thing)
            if name != font:
                self._put(f"{name} {_number(size)} Tf")
                font = name
            self._put(f"{_numbers((*shape[:4], first.x, first.y))} Tm")
            self._put(_shown(run, subset, size * shape[0]))
        self._put("ET")

    def _name(self, kind: str, letter: str, key: object, thing: Object) -> str:
        name = self._names.get((kind, key))
        if name is None:
            entries = self._used.setdefault(kind, {})
            name = self._names[kind, key] = f"/{letter}{len(entries)}"
            entries[name] = thing
        return name


def _runs(glyphs: Sequence[Glyph], upright: bool) -> Iterator[list[Glyph]]:
    """Yield glyphs of one font that follow each other on a line, to be shown at once."""
    run: list[Glyph] = []
    for glyph in glyphs:
        last = run[-1] if run else glyph
        if run and not (upright and glyph.program is last.program and glyph.y == last.y):
            yield run
            run = []
        run.append(glyph)
    if run:
        yield run


def _shown(run: Sequence[Glyph], subset: Subset, size: float) -> str:
    """Return the operator that shows a run, each glyph in its place; ``size`` is the width of an em there."""
    words, codes = [], ""
    for glyph, following in zip(run, (*run[1:], None), strict=True):
        codes += f"{subset.code(glyph.shape, glyph.text):04X}"
        if following is None or not size:
            continue
        space = _number(subset.width(glyph.shape) - (following.x - glyph.x) / size * 1000, 3)
        if space != "0":
            words.append(f"<{codes}> {space}")
            codes = ""
    return f"[{' '.join(words)}{f' <{codes}>' if codes else ''}] TJ"


def _number(value: float, digits: int = 5) -> str:
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _numbers(values: Iterable[float], digits: int = 5) -> str:
    return " ".join(_number(value, digits) for value in values)
