"""Where on its sheet a page and its label go: fitting, gutter, and keeping label and content apart.

A page is moved, and if that is not enough scaled, only when its ink reaches the binding edge or the label's place;
else it stays as it is. All lengths are points, origin at the lower left of the sheet as seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dossier.part import Box, Ink, PartPage

MM = 72 / 25.4
OUTER_MARGIN = 26 * MM
"""Distance of the type area from the fore edge, GB/T 9704-2012 5.2.1: A4 less 28 mm of margin and 156 mm of type."""
_EDGE = 6 * MM  # what printers may leave white, in points
_CLEARANCE = 1.5 * MM
_ASCENT, _DESCENT = 0.88, 0.28  # how far the letters of the label's font reach, in em
_BLEED = 1.0  # a page may be this much (points) larger than the sheet without being scaled: 596 x 842 is A4 too

Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Paper:
    """The sheet as the manifest wants it: portrait size, gutter and the label's place, in points."""

    width: float
    height: float
    gutter: float = 0.0
    landscape: Literal["seen", "bound"] = "seen"
    position: Literal["outer", "center", "right", "left"] = "outer"
    bottom: float = 15 * MM
    font_size: float = 14.0


@dataclass(frozen=True, slots=True)
class Placement:
    """A page on its sheet: the sheet's size, the matrix from the page's own space to it, and the label's baseline."""

    width: float
    height: float
    matrix: Matrix
    label_x: float
    label_y: float

    def box(self, box: Box) -> Box:
        """Carry a rectangle of the page over to the sheet."""
        return _carry(self.matrix, box)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Carry a point of the page over to the sheet."""
        a, b, c, d, e, f = self.matrix
        return a * x + c * y + e, b * x + d * y + f


def place(page: PartPage, paper: Paper, *, odd: bool, label_width: float, turn: int = 0) -> Placement:
    """Place one page on its sheet; ``odd`` tells the front of a sheet, bound at its left, from the back.

    ``label_width`` is 0 where no label is printed. ``turn`` is 0, 90, 180 or 270 degrees clockwise, before all else.
    """
    if turn:
        upright, matrix = _turned(page, turn)
        placed = place(upright, paper, odd=odd, label_width=label_width)
        return replace(placed, matrix=_then(matrix, placed.matrix))
    turned = page.width > page.height
    seen = turned and paper.landscape == "seen"
    width, height = (paper.height, paper.width) if seen else (paper.width, paper.height)
    # Turned a quarter to the left, the head of a wide page comes to lie at the binding edge of odd pages and at the
    # fore edge of even ones (GB/T 9704-2012, 8).
    quarter = turned and not seen
    free = _free_area(paper, width, height, odd=odd, landscape=seen)
    label = _label_place(paper, free, width, odd=odd, label_width=label_width)
    zone = _label_zone(label, paper, label_width)
    matrix = _fit(page, width, height, zone, free, quarter=quarter)
    return Placement(width, height, matrix, *label)


def fit(page: PartPage, free: Box, sheet: Box, label: Box | None, *, turn: int = 0) -> Matrix:
    """Return what puts a page on a sheet of any size, its ink inside ``free`` and off the place of a ``label``.

    A page that lies the other way than the sheet is turned a quarter to the left. ``turn`` as in :func:`place`.
    """
    if turn:
        upright, matrix = _turned(page, turn)
        return _then(matrix, fit(upright, free, sheet, label))
    quarter = (page.width > page.height) != (sheet.width > sheet.height)
    return _fit(page, sheet.width, sheet.height, label, free, quarter=quarter)


def label_zone(x: float, y: float, paper: Paper, width: float) -> Box | None:
    """Return the place that a label needs whose baseline starts there; None for one without width."""
    return _label_zone((x, y), paper, width)


def carry_over(before: Matrix, after: Matrix) -> Matrix:
    """Return what carries a point of a sheet where a page was put by ``before`` to one where ``after`` puts it."""
    return _then(_inverse(before), after)


def blank(paper: Paper) -> Placement:
    """Place an empty page."""
    return Placement(paper.width, paper.height, (1, 0, 0, 1, 0, 0), 0.0, 0.0)


def _turned(page: PartPage, degrees: int) -> tuple[PartPage, Matrix]:
    """Return the page turned clockwise, and the matrix that turns it."""
    matrix: Matrix = (1, 0, 0, 1, 0, 0)
    for _ in range(degrees // 90):
        ink = page.ink
        # A quarter clockwise, the left column becomes the top row.
        rows = tuple(
            sum((row >> column & 1) << index for index, row in enumerate(ink.rows))
            for column in reversed(range(ink.columns))
        )
        matrix = _then(matrix, (0, -1, 1, 0, 0, page.width))
        page = replace(page, width=page.height, height=page.width, ink=Ink(len(ink.rows), rows))
    return page, matrix


def _then(first: Matrix, second: Matrix) -> Matrix:
    """Return the matrix that does ``first`` and after it ``second``."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = second
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _label_place(paper: Paper, free: Box, width: float, *, odd: bool, label_width: float) -> tuple[float, float]:
    spare = (free.width - label_width) / 2
    if spare <= 0:  # it needs the gutter too, and all of the sheet is better than less
        return (width - label_width) / 2, paper.bottom
    side = paper.position
    if side == "outer":
        side = "right" if odd else "left"
    inset = OUTER_MARGIN + paper.font_size  # one character in from the type area, GB/T 9704-2012 7.5
    x = {"left": inset, "center": (width - label_width) / 2, "right": width - inset - label_width}[side]
    edge = min(paper.font_size, spare)
    return min(max(x, free.left + edge), free.right - edge - label_width), paper.bottom


def _label_zone(label: tuple[float, float], paper: Paper, label_width: float) -> Box | None:
    if not label_width:
        return None
    x, y = label
    return Box(
        x - _CLEARANCE,
        y - _DESCENT * paper.font_size - _CLEARANCE,
        x + label_width + _CLEARANCE,
        y + _ASCENT * paper.font_size + _CLEARANCE,
    )


def _free_area(paper: Paper, width: float, height: float, *, odd: bool, landscape: bool) -> Box:
    """The sheet less its binding edge: left of odd pages, right of even ones.

    A landscape page read in a portrait book lies a quarter turned to the left: bound at its top on odd, at its bottom
    on even pages.
    """
    gutter = paper.gutter
    if landscape:
        return Box(0, 0, width, height - gutter) if odd else Box(0, gutter, width, height)
    return Box(gutter, 0, width, height) if odd else Box(0, 0, width - gutter, height)


def _fit(page: PartPage, width: float, height: float, zone: Box | None, free: Box, *, quarter: bool) -> Matrix:
    across, up = (page.height, page.width) if quarter else (page.width, page.height)
    fits = across <= width + _BLEED and up <= height + _BLEED
    most = 1.0 if fits else min(width / across, height / up)
    matrix = _centred(page, most, width, height, quarter=quarter)
    ink = _ink_box(page)
    if ink is None:
        return matrix
    sheet = Box(0, 0, width, height)
    if any(_inked(page, matrix, strip) for strip in _strips(sheet, free)):
        matrix = _moved_into(ink, free, most, page, sheet, quarter=quarter)
    if zone is not None and _inked(page, matrix, zone):
        above = Box(free.left, max(free.bottom, zone.top), free.right, free.top)
        if above.height > 0:  # a tiny sheet with a large label has no place for both
            matrix = _moved_into(ink, above, most, page, sheet, quarter=quarter)
    return matrix


def _strips(sheet: Box, free: Box) -> list[Box]:
    """The parts of the sheet outside its free area."""
    strips = [
        Box(sheet.left, sheet.bottom, free.left, sheet.top),
        Box(free.right, sheet.bottom, sheet.right, sheet.top),
        Box(sheet.left, free.top, sheet.right, sheet.top),
        Box(sheet.left, sheet.bottom, sheet.right, free.bottom),
    ]
    return [strip for strip in strips if strip.width > 0 and strip.height > 0]


def _moved_into(ink: Box, area: Box, most: float, page: PartPage, sheet: Box, *, quarter: bool) -> Matrix:
    """Move the page so that its ink lies inside ``area``, scaling it only by what moving cannot give.

    What was clear of the sheet's edges stays so: no printer reaches them.
    """
    area = _inside_edges(area, _carry(_centred(page, most, sheet.width, sheet.height, quarter=quarter), ink), sheet)
    wide, high = (ink.height, ink.width) if quarter else (ink.width, ink.height)
    scale = min(most, area.width / wide, area.height / high)
    a, b, c, d, e, f = _centred(page, scale, sheet.width, sheet.height, quarter=quarter)
    now = _carry((a, b, c, d, e, f), ink)
    e += max(area.left - now.left, 0.0) - max(now.right - area.right, 0.0)
    f += max(area.bottom - now.bottom, 0.0) - max(now.top - area.top, 0.0)
    return a, b, c, d, e, f


def _inside_edges(area: Box, ink: Box, sheet: Box) -> Box:
    """Return the area less as much of the sheet's edges as the ink was clear of, and no more than is needed."""
    return Box(
        max(area.left, sheet.left + min(_EDGE, max(0.0, ink.left - sheet.left))),
        max(area.bottom, sheet.bottom + min(_EDGE, max(0.0, ink.bottom - sheet.bottom))),
        min(area.right, sheet.right - min(_EDGE, max(0.0, sheet.right - ink.right))),
        min(area.top, sheet.top - min(_EDGE, max(0.0, sheet.top - ink.top))),
    )


def _centred(page: PartPage, scale: float, width: float, height: float, *, quarter: bool) -> Matrix:
    if quarter:
        e = (width + page.height * scale) / 2
        f = (height - page.width * scale) / 2
        return 0.0, scale, -scale, 0.0, e, f
    e = (width - page.width * scale) / 2
    f = (height - page.height * scale) / 2
    return scale, 0.0, 0.0, scale, e, f


def _carry(matrix: Matrix, box: Box) -> Box:
    a, b, c, d, e, f = matrix
    xs = sorted((a * box.left + c * box.bottom + e, a * box.right + c * box.top + e))
    ys = sorted((b * box.left + d * box.bottom + f, b * box.right + d * box.top + f))
    return Box(xs[0], ys[0], xs[1], ys[1])


def _inverse(matrix: Matrix) -> Matrix:
    a, b, c, d, e, f = matrix
    det = a * d - b * c
    return d / det, -b / det, -c / det, a / det, (c * f - d * e) / det, (b * e - a * f) / det


def _inked(page: PartPage, matrix: Matrix, zone: Box) -> bool:
    """Say whether ink of the page falls into ``zone``, a rectangle of the sheet."""
    area = _carry(_inverse(matrix), zone)
    ink = page.ink
    first, last = _cells(area.left, area.right, page.width, ink.columns)
    bottom, top = _cells(area.bottom, area.top, page.height, len(ink.rows))
    if first > last or bottom > top:
        return False
    mask = ((1 << (last - first + 1)) - 1) << first
    return any(row & mask for row in ink.rows[bottom : top + 1])


def _cells(low: float, high: float, size: float, count: int) -> tuple[int, int]:
    """The first and last cell (from 0) that ``low`` to ``high`` touches; first > last where it touches none."""
    if high <= 0 or low >= size or high <= low:
        return 1, 0
    cell = size / count
    return max(0, int(low / cell + 1e-6)), min(count - 1, int(high / cell - 1e-6))


def _ink_box(page: PartPage) -> Box | None:
    ink: Ink = page.ink
    filled = [index for index, row in enumerate(ink.rows) if row]
    if not filled:
        return None
    union = 0
    for row in ink.rows:
        union |= row
    first, last = (union & -union).bit_length() - 1, union.bit_length() - 1
    across, up = page.width / ink.columns, page.height / len(ink.rows)
    return Box(first * across, filled[0] * up, (last + 1) * across, (filled[-1] + 1) * up)
