"""Draws bound pages: the part's page in its place, and over it label and watermark as real text in an embedded face.

Everything that a binder's page draws stands in one content stream of a fixed form (:data:`CONTENT`); what the source
showed is the form XObject that this stream places.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pikepdf import Dictionary, Name, Object, Pdf

from dossier.part import FORM
from dossier.placement import Placement
from dossier.typeface import Face, color, embed, load_face

__all__ = [
    "CONTENT",
    "FONT_NAME",
    "STATE_NAME",
    "Face",
    "Segment",
    "Stamp",
    "color",
    "embed",
    "load_face",
    "transparent",
]

FONT_NAME = "/DsrLabel"
STATE_NAME = "/DsrWatermark"

_REAL = rb"-?\d+(?:\.\d+)?"
_COLOR = rb"(?: (?:0(?:\.\d+)?|1)){3} rg"
_TEXT = rb"BT /DsrLabel \d+(?:\.\d+)? Tf(?: " + _REAL + rb"){6} Tm <(?:[0-9A-F]{4})+> Tj ET Q"
CONTENT = re.compile(
    rb"q(?P<matrix>(?: " + _REAL + rb"){6}) cm(?P<form> " + FORM.encode() + rb" Do)? Q"
    rb"(?P<marks>\nq 0\.8 0 0 RG 0\.9 w(?:(?: " + _REAL + rb"){2} m(?: " + _REAL + rb"){2} l S)+ Q)?"
    rb"(?P<watermark>\nq /DsrWatermark gs" + _COLOR + rb" " + _TEXT + rb")?"
    rb"(?P<label>\nq" + _COLOR + rb" " + _TEXT + rb")?"
)
"""What the content stream of a binder's page looks like; a proof accepts nothing else."""

Segment = tuple[float, float, float, float]
"""A line from (x, y) to (x, y) on a sheet, in points."""


def transparent(pdf: Pdf) -> Object:
    """Add the graphics state that watermarks are drawn with."""
    return pdf.make_indirect(Dictionary(Type=Name.ExtGState, ca=0.18, CA=0.18))


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is drawn on pages: font size in points, colour as red, green, blue from 0 to 1."""

    face: Face
    size: float
    color: tuple[float, float, float]
    watermark: str = ""

    def content(self, placement: Placement, label: str, *, blank: bool = False, marks: Sequence[Segment] = ()) -> bytes:
        """Return a page's content stream; a ``blank`` one shows nothing of a source, an empty label draws nothing.

        ``marks`` are lines on the sheet that underline what a page proves, drawn in red.
        """
        form = b"" if blank else b" %s Do" % FORM.encode()
        parts = [b"q %s cm%s Q" % (b" ".join(_number(value) for value in placement.matrix), form)]
        if marks:
            lines = (b" %s %s m %s %s l S" % tuple(_number(value) for value in mark) for mark in marks)
            parts.append(b"q 0.8 0 0 RG 0.9 w%s Q" % b"".join(lines))
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
