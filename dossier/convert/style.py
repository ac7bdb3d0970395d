"""How evidence looks that brings no look of its own: text and Markdown, and the captions under photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Look:
    """What text is set in: faces by name (``fonts`` says which face answers to it here), and margins in points."""

    body: str = "仿宋_GB2312"  # the body face of GB/T 9704-2012
    heading: str = "黑体"
    latin: str = "Times New Roman"
    top: float = 30 * _MM
    right: float = 26 * _MM
    bottom: float = 30 * _MM
    left: float = 28 * _MM


PLAIN = Look()


@dataclass(frozen=True, slots=True)
class CaptionStyle:
    """How photo sheets look: the captions' face by name, size in points (小四), colour and place, and their most lines.

    ``margins`` are the top, right, bottom and left one of the sheet, in points.
    """

    font: str = "仿宋"
    size: float = 12.0
    lines: int = 3
    color: str = "#000000"
    align: Literal["left", "center", "right"] = "center"
    margins: tuple[float, float, float, float] = (25 * _MM, 25 * _MM, 25 * _MM, 25 * _MM)

    @property
    def leading(self) -> float:
        """Points from line to line."""
        return self.size * 4 / 3


CAPTIONS = CaptionStyle()
