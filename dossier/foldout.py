"""A sheet that folds out: twice as wide as the others, and folded twice so that it lies among them. Pure geometry.

It is bound at one of its short edges like every sheet. From there it is folded forward, then back over itself short of
the binding edge, so that no hole is punched through what folds out, and then forward again to the fore edge: an A3
sheet with a margin of 20 mm is folded at 125 mm and at 230 mm. Whoever turns the pages sees the last part of its front,
and of its back the first part and a strip of the last. All lengths are points.
"""

from __future__ import annotations

from dataclasses import dataclass

from dossier.part import Box, PartPage
from dossier.placement import MM, Paper, Placement, carry_over, fit, label_zone

MARGIN = 20 * MM
"""The least distance from the binding edge that the folded part keeps, whatever the gutter."""

REDUCED = 0.8
"""A page folds out where it would have to be reduced to less than this to fit a sheet of the usual size."""


@dataclass(frozen=True, slots=True)
class FoldOut:
    """The sheet that folds out in a book on ``paper``."""

    paper: Paper

    @property
    def width(self) -> float:
        return 2 * self.paper.width

    @property
    def height(self) -> float:
        return self.paper.height

    @property
    def margin(self) -> float:
        """How far the folded part stays from the binding edge."""
        return max(self.paper.gutter, MARGIN)

    @property
    def folds(self) -> tuple[float, float]:
        """Where it is folded, from the binding edge: forward again at the second, after back at the first."""
        first = self.paper.width / 2 + self.margin
        return first, first + self.paper.width / 2

    def wants(self, page: PartPage) -> bool:
        """Say whether a page is so large that it folds out."""
        long, short = max(page.width, page.height), min(page.width, page.height)
        return min(self.paper.height / long, self.paper.width / short) < REDUCED

    def label_x(self, x: float, width: float, *, odd: bool) -> float:
        """Return where a label starts that starts at ``x`` on a usual sheet: at the same place once it is folded."""
        near = x if odd else self.paper.width - x - width  # from the binding edge
        last = near >= self.margin if odd else near + width > self.folds[0]  # which part shows there
        # The first part lies at the left of the front and at the right of the back.
        return x + self.paper.width if last == odd else x

    def place(
        self, page: PartPage | None, usual: Placement, *, odd: bool, label: tuple[float, float, float], turn: int = 0
    ) -> Placement:
        """Place a page on one side of the sheet; ``usual`` is where it lies on a sheet of the usual size.

        One that folds out is as large as it is, any other lies on the half at the binding edge. ``label`` is where the
        label starts on an upright sheet of the usual size, and its width, 0 for none; ``turn`` as in ``place``.
        """
        x, y, width = label
        at = self.label_x(x, width, odd=odd)
        zone = label_zone(at, y, self.paper, width)
        if page is None:
            return Placement(self.width, self.height, (1, 0, 0, 1, 0, 0), at, y)
        gutter, half = self.paper.gutter, self.paper.width
        if self.wants(page):
            sheet = Box(0, 0, self.width, self.height)
            free = Box(gutter, 0, self.width, self.height) if odd else Box(0, 0, self.width - gutter, self.height)
            matrix = fit(page, free, sheet, zone, turn=turn)
        elif usual.width > usual.height:
            shift = 0.0 if odd else half
            free = Box(gutter, 0, half, self.height) if odd else Box(0, 0, half - gutter, self.height)
            taken = Box(zone.left - shift, zone.bottom, zone.right - shift, zone.top) if zone else None
            a, b, c, d, e, f = fit(page, free, Box(0, 0, half, self.height), taken, turn=turn)
            matrix = a, b, c, d, e + shift, f
        else:
            a, b, c, d, e, f = usual.matrix
            matrix = a, b, c, d, e + (0.0 if odd else half), f
        return Placement(self.width, self.height, matrix, at, y)


def moved(
    marks: tuple[tuple[float, float, float, float], ...], before: Placement, after: Placement
) -> tuple[tuple[float, float, float, float], ...]:
    """Carry lines over from where a page lay to where it lies."""
    there = Placement(after.width, after.height, carry_over(before.matrix, after.matrix), 0, 0)
    ends = ((there.point(*mark[:2]), there.point(*mark[2:])) for mark in marks)
    return tuple((round(x1, 2), round(y1, 2), round(x2, 2), round(y2, 2)) for (x1, y1), (x2, y2) in ends)
