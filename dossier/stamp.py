"""Draws bound pages: the part's page in its place, and over it label and watermark as real text in an embedded face.

Everything that a binder's page draws stands in one content stream of a fixed form (:data:`CONTENT`); what the source
showed is the form XObject that this stream places.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, Object, Pdf

from dossier.part import FORM
from dossier.placement import Placement

FONT_NAME = "/DsrLabel"
STATE_NAME = "/DsrWatermark"
_EM = 1000

_REAL = rb"-?\d+(?:\.\d+)?"
_COLOR = rb"(?: (?:0(?:\.\d+)?|1)){3} rg"
_TEXT = rb"BT /DsrLabel \d+(?:\.\d+)? Tf(?: " + _REAL + rb"){6} Tm <(?:[0-9A-F]{4})+> Tj ET Q"
CONTENT = re.compile(
    rb"q(?P<matrix>(?: " + _REAL + rb"){6}) cm(?P<form> " + FORM.encode() + rb" Do)? Q"
    rb"(?P<watermark>\nq /DsrWatermark gs" + _COLOR + rb" " + _TEXT + rb")?"
    rb"(?P<label>\nq" + _COLOR + rb" " + _TEXT + rb")?"
)
"""What the content stream of a binder's page looks like; a proof accepts nothing else."""


@dataclass(frozen=True, slots=True)
class Face:
    """The few characters of a face that the stamps need, each with a code of its own.

    ``codes`` and ``glyphs`` (by code) tell characters apart that share a glyph, so that text reads back as it was
    written. ``widths`` (by code) are in 1/1000 em. ``missing`` are characters that the face lacks.
    """

    program: bytes
    name: str
    codes: dict[str, int]
    glyphs: tuple[int, ...]
    widths: tuple[int, ...]
    missing: frozenset[str]
    ascent: int
    descent: int
    box: tuple[int, int, int, int]

    def width(self, text: str, size: float) -> float:
        """Return the width of ``text`` in points, set at ``size`` points."""
        return sum(self.widths[self.codes[char]] for char in text) * size / _EM

    def hex(self, text: str) -> bytes:
        """Return ``text`` as the operand of a text-showing operator."""
        return b"<" + b"".join(b"%04X" % self.codes[char] for char in text) + b">"


def load_face(path: Path, texts: Iterable[str]) -> Face:
    """Load the part of a TrueType face that ``texts`` need; a character that it lacks is drawn, and reads, as ``?``."""
    with TTFont(path, lazy=True, recalcTimestamp=False) as font:  # else its bytes tell when it was saved
        wanted = sorted({char for text in texts for char in text} | {"?"})
        options = subset.Options(hinting=False, layout_features=[], name_IDs=[6], notdef_outline=True)
        for tag in {"GSUB", "GPOS", "GDEF", "vhea", "vmtx", "VORG", "BASE"}.intersection(font.keys()):
            del font[tag]  # else the subsetter reads all of a table before it drops it
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=[ord(char) for char in wanted])
        subsetter.subset(font)
        scale = _EM / font["head"].unitsPerEm
        cmap = font.getBestCmap()
        missing = frozenset(char for char in wanted if ord(char) not in cmap)
        drawn = [char for char in wanted if char not in missing]
        names = [".notdef", *(cmap[ord(char)] for char in drawn)]  # code 0 is nobody's
        codes = {char: code for code, char in enumerate(drawn, start=1)}
        codes |= dict.fromkeys(missing, codes["?"])
        metrics = font["hmtx"]
        head, line = font["head"], font["hhea"]
        out = io.BytesIO()
        font.save(out, reorderTables=False)
        return Face(
            out.getvalue(),
            str(font["name"].getDebugName(6) or "Label"),
            codes,
            tuple(font.getGlyphID(name) for name in names),
            tuple(round(metrics[name][0] * scale) for name in names),
            missing,
            round(line.ascent * scale),
            round(line.descent * scale),
            (round(head.xMin * scale), round(head.yMin * scale), round(head.xMax * scale), round(head.yMax * scale)),
        )


def embed(pdf: Pdf, face: Face) -> Object:
    """Add the face to ``pdf`` as a composite font (ISO 32000-1, 9.7) and return it."""
    base = Name("/DSRLBL+" + face.name)
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=base,
        Flags=4,
        FontBBox=Array(list(face.box)),
        ItalicAngle=0,
        Ascent=face.ascent,
        Descent=face.descent,
        CapHeight=700,
        StemV=80,
        FontFile2=pdf.make_stream(face.program, Length1=len(face.program)),
    )
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=base,
        CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
        CIDToGIDMap=pdf.make_stream(b"".join(glyph.to_bytes(2, "big") for glyph in face.glyphs)),
        FontDescriptor=pdf.make_indirect(descriptor),
        W=Array([0, Array(list(face.widths))]),
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=base,
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(descendant)]),
            ToUnicode=pdf.make_stream(_to_unicode(face)),
        )
    )


def transparent(pdf: Pdf) -> Object:
    """Add the graphics state that watermarks are drawn with."""
    return pdf.make_indirect(Dictionary(Type=Name.ExtGState, ca=0.18, CA=0.18))


def color(text: str) -> tuple[float, float, float]:
    """Read a colour written ``#RRGGBB``; each part is returned as 0 to 1."""
    red, green, blue = (int(text[index : index + 2], 16) / 255 for index in (1, 3, 5))
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is drawn on pages: font size in points, colour as red, green, blue from 0 to 1."""

    face: Face
    size: float
    color: tuple[float, float, float]
    watermark: str = ""

    def content(self, placement: Placement, label: str, *, blank: bool = False) -> bytes:
        """Return a page's content stream; a ``blank`` one shows nothing of a source, an empty label draws nothing."""
        form = b"" if blank else b" %s Do" % FORM.encode()
        parts = [b"q %s cm%s Q" % (b" ".join(_number(value) for value in placement.matrix), form)]
        if self.watermark:
            parts.append(self._watermark(placement))
        if label:
            parts.append(
                b"q %s rg BT %s %s Tf 1 0 0 1 %s %s Tm %s Tj ET Q"
                % (
                    b" ".join(_number(value) for value in self.color),
                    FONT_NAME.encode(),
                    _number(self.size),
                    _number(placement.label_x),
                    _number(placement.label_y),
                    self.face.hex(label),
                )
            )
        return b"\n".join(parts)

    def _watermark(self, placement: Placement) -> bytes:
        size = min(placement.width, placement.height) / max(3, len(self.watermark) + 1)
        angle = math.atan2(placement.height, placement.width)
        cos, sin = math.cos(angle), math.sin(angle)
        half = self.face.width(self.watermark, size) / 2
        x = placement.width / 2 - half * cos + 0.35 * size * sin
        y = placement.height / 2 - half * sin - 0.35 * size * cos
        matrix = b" ".join(_number(value) for value in (cos, sin, -sin, cos, x, y))
        return b"q %s gs 0.6 0 0 rg BT %s %s Tf %s Tm %s Tj ET Q" % (
            STATE_NAME.encode(),
            FONT_NAME.encode(),
            _number(size),
            matrix,
            self.face.hex(self.watermark),
        )


def _number(value: float) -> bytes:
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return b"0" if text == "-0" else text.encode()


def _to_unicode(face: Face) -> bytes:
    rows = sorted((code, char) for char, code in face.codes.items() if char not in face.missing)
    chunks = [rows[start : start + 100] for start in range(0, len(rows), 100)]  # at most 100 a section
    body = "\n".join(
        f"{len(chunk)} beginbfchar\n"
        + "\n".join(f"<{number:04X}> <{char.encode('utf-16-be').hex().upper()}>" for number, char in chunk)
        + "\nendbfchar"
        for chunk in chunks
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        f"{body}\nendcmap CMapName currentdict /CMap defineresource pop end end\n"
    ).encode()
