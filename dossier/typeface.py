"""The part of a typeface that some texts need, embedded in a PDF so that they are drawn, and read back, as written."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, Object, Pdf

_EM = 1000
_TAG = 6  # letters before the name of a part of a font (ISO 32000-1, 9.6.4)


@dataclass(frozen=True, slots=True)
class Face:
    """The few characters of a face that some texts need, each with a code of its own.

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


def load_face(path: Path, texts: Iterable[str], *, index: int = 0) -> Face:
    """Load the part of a TrueType face that ``texts`` need; a character that it lacks is drawn, and reads, as ``?``.

    ``index`` counts the faces of a collection from 0. Raises ValueError for a face with outlines of another kind.
    """
    with TTFont(path, fontNumber=index, lazy=True, recalcTimestamp=False) as font:  # else bytes tell when it was saved
        if "glyf" not in font:
            raise ValueError(f"{path.name} holds no TrueType outlines")
        # Else glyphs are named after their characters, all 23,000 of them.
        font.setGlyphOrder([".notdef", *map(str, range(1, font["maxp"].numGlyphs))])
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
    base = Name(f"/{_tag(face)}+{face.name}")
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


def _tag(face: Face) -> str:
    """Return letters that tell this part of a font from any other: a book holds several, by different hands."""
    digest = hashlib.sha256(face.program + repr(face.glyphs).encode()).digest()
    return "".join(chr(ord("A") + byte % 26) for byte in digest[:_TAG])


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


def color(text: str) -> tuple[float, float, float]:
    """Read a colour written ``#RRGGBB``; each part is returned as 0 to 1."""
    red, green, blue = (int(text[index : index + 2], 16) / 255 for index in (1, 3, 5))
    return red, green, blue
