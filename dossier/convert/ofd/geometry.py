"""Matrices, and the outlines of OFD's shorthand (AbbreviatedData; GB/T 33190-2016, 9.1).

A matrix ``(a, b, c, d, e, f)`` takes (x, y) to (ax + cy + e, bx + dy + f), as in OFD (8.1.4) and in PDF.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence

from dossier.convert.ofd.package import Budget, damaged, hostile, number

Matrix = tuple[float, float, float, float, float, float]
Point = tuple[float, float]
Segment = tuple[str, tuple[Point, ...]]
"""An operator of an outline, ``M``, ``L``, ``C`` (cubic) or ``Z`` (close), and its points."""

MAX_PATH = 1_000_000
"""Numbers of one path."""

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

_FLAT = 1e-12
_TOKEN = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|[A-Za-z]")
_OPERANDS = {"S": 2, "M": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}


def multiply(first: Matrix, then: Matrix) -> Matrix:
    """Return the matrix that applies ``first`` and ``then`` the other."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def translation(x: float, y: float) -> Matrix:
    """Return the matrix that moves by (x, y)."""
    return (1.0, 0.0, 0.0, 1.0, x, y)


def scaling(x: float, y: float) -> Matrix:
    """Return the matrix that scales each axis."""
    return (x, 0.0, 0.0, y, 0.0, 0.0)


def rotation(degrees: float) -> Matrix:
    """Return the matrix that turns clockwise, where y points down."""
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    return (cos, sin, -sin, cos, 0.0, 0.0)


def apply(matrix: Matrix, point: Point) -> Point:
    """Return where a matrix takes a point."""
    a, b, c, d, e, f = matrix
    x, y = point
    return a * x + c * y + e, b * x + d * y + f


def inverse(matrix: Matrix) -> Matrix | None:
    """Return the matrix that leads back; None where a matrix makes everything flat."""
    a, b, c, d, e, f = matrix
    area = a * d - b * c
    if abs(area) < _FLAT:
        return None
    return (d / area, -b / area, -c / area, a / area, (c * f - d * e) / area, (b * e - a * f) / area)


def scale_of(matrix: Matrix) -> float:
    """Return the factor by which a matrix makes lengths longer at most."""
    return max(math.hypot(matrix[0], matrix[1]), math.hypot(matrix[2], matrix[3]))


def bounds(points: Iterable[Point]) -> tuple[float, float, float, float]:
    """Return the least and the greatest x and y as (left, top, right, bottom)."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def corners(x: float, y: float, width: float, height: float) -> list[Point]:
    """Return the corners of a rectangle, clockwise from the upper left."""
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def rectangle(x: float, y: float, width: float, height: float) -> list[Segment]:
    """Return the outline of a rectangle."""
    first, *others = corners(x, y, width, height)
    return [("M", (first,)), *(("L", (point,)) for point in others), ("Z", ())]


def rounded(x: float, y: float, width: float, height: float, across: float, down: float) -> list[Segment]:
    """Return the outline of a rectangle whose corners are quarters of an ellipse with these radii."""
    rx, ry = min(abs(across), width / 2), min(abs(down), height / 2)
    if not rx or not ry:
        return rectangle(x, y, width, height)
    right, bottom = x + width, y + height
    outline: list[Segment] = [("M", ((x + rx, y),))]
    stops = [
        ((right - rx, y), (right, y + ry)),
        ((right, bottom - ry), (right - rx, bottom)),
        ((x + rx, bottom), (x, bottom - ry)),
        ((x, y + ry), (x + rx, y)),
    ]
    for start, end in stops:
        outline.append(("L", (start,)))
        outline += arc(start, rx, ry, 0, False, True, end)
    return [*outline, ("Z", ())]


def moved(outline: Iterable[Segment], matrix: Matrix) -> list[Segment]:
    """Return an outline as a matrix shows it."""
    return [(operator, tuple(apply(matrix, point) for point in points)) for operator, points in outline]


def clockwise(outline: list[Segment]) -> list[Segment]:
    """Return an outline, turned round where the area within is negative, so that several can be joined by winding."""
    if _area(outline) >= 0:
        return outline
    return [segment for contour in _contours(outline) for segment in _reversed(contour)]


def parse(data: str, budget: Budget) -> list[Segment]:
    """Return the outline that AbbreviatedData describes; raises ConversionError for what it does not allow."""
    outline: list[Segment] = []
    here = start = (0.0, 0.0)
    for operator, operands in _commands(data, budget):
        points = list(zip(operands[::2], operands[1::2], strict=False))
        if operator in "SM":
            start = points[0]
            outline.append(("M", (start,)))
        elif operator == "C":
            outline += [("Z", ())] if outline else []
        else:
            if not outline or outline[-1][0] == "Z":
                outline.append(("M", (here,)))
            if operator == "L":
                outline.append(("L", (points[0],)))
            elif operator == "Q":
                outline.append(("C", _raised(here, *points)))
            elif operator == "B":
                outline.append(("C", tuple(points)))
            else:
                rx, ry, angle, large, sweep, x, y = operands
                points = [(x, y)]
                outline += arc(here, rx, ry, angle, bool(large), bool(sweep), (x, y))
        here = points[-1] if points else start
    return outline


def arc(start: Point, rx: float, ry: float, angle: float, large: bool, sweep: bool, end: Point) -> list[Segment]:
    """Return cubic curves for a part of an ellipse; ``sweep`` is clockwise (y down), ``large`` the longer way round.

    From the end points to the centre as in SVG 2, B.2.4 and B.2.5.
    """
    rx, ry = abs(rx), abs(ry)
    if start == end:
        return []
    if not rx or not ry:
        return [("L", (end,))]
    turn = rotation(angle)
    back = rotation(-angle)
    hx, hy = apply(back, ((start[0] - end[0]) / 2, (start[1] - end[1]) / 2))
    too_small = math.hypot(hx / rx, hy / ry)
    if too_small > 1:
        rx, ry = rx * too_small, ry * too_small
    over = (hx / rx) ** 2 + (hy / ry) ** 2
    factor = math.sqrt(max(0.0, 1 / over - 1)) * (-1 if large == sweep else 1)
    cx, cy = factor * rx * hy / ry, -factor * ry * hx / rx
    centre = apply(turn, (cx, cy))
    frame = multiply(
        multiply(scaling(rx, ry), turn),
        translation(centre[0] + (start[0] + end[0]) / 2, centre[1] + (start[1] + end[1]) / 2),
    )
    first = math.atan2((hy - cy) / ry, (hx - cx) / rx)
    sweep_angle = math.atan2((-hy - cy) / ry, (-hx - cx) / rx) - first
    if sweep and sweep_angle < 0:
        sweep_angle += 2 * math.pi
    elif not sweep and sweep_angle > 0:
        sweep_angle -= 2 * math.pi
    count = max(1, math.ceil(abs(sweep_angle) / (math.pi / 2) - 1e-9))
    step = sweep_angle / count
    reach = 4 / 3 * math.tan(step / 4)
    curves: list[Segment] = []
    for index in range(count):
        a, b = first + index * step, first + (index + 1) * step
        unit = (
            (math.cos(a) - reach * math.sin(a), math.sin(a) + reach * math.cos(a)),
            (math.cos(b) + reach * math.sin(b), math.sin(b) - reach * math.cos(b)),
            (math.cos(b), math.sin(b)),
        )
        curves.append(("C", tuple(apply(frame, point) for point in unit)))
    return [*curves[:-1], ("C", (*curves[-1][1][:2], end))]


def _commands(data: str, budget: Budget) -> Iterator[tuple[str, list[float]]]:
    operator, operands = "", list[float]()
    count = 0
    for token in _tokens(data):
        if isinstance(token, float):
            operands.append(token)
            count += 1
            if count > MAX_PATH:
                raise hostile(f"holds a path of more than {MAX_PATH:,} numbers")
            continue
        if operator or operands:
            yield from _complete(operator, operands)
        operator, operands = token, []
    budget.spend("numbers in paths", count)
    if operator or operands:
        yield from _complete(operator, operands)


def _tokens(data: str) -> Iterator[str | float]:
    """Yield operators and numbers, which need no space between them."""
    for word in data.replace(",", " ").split():
        if word in _OPERANDS:
            yield word
            continue
        position = 0
        while position < len(word):
            found = _TOKEN.match(word, position)
            if found is None:
                raise damaged(f"{word[position : position + 20]!r} is no path")
            yield number(found[0], "coordinate") if found[1] else found[0]
            position = found.end()


def _complete(operator: str, operands: list[float]) -> Iterator[tuple[str, list[float]]]:
    """Yield an operator once for each full set of operands (some writers do not repeat it)."""
    due = _OPERANDS.get(operator)
    if due is None:
        raise damaged(f"{operator!r} is no operator of a path" if operator else "a path begins with a number")
    if len(operands) == due == 0:
        yield operator, []
        return
    if not due or not operands or len(operands) % due:
        raise damaged(f"operator {operator!r} of a path has {len(operands)} numbers, {due} are due")
    for start in range(0, len(operands), due):
        yield ("L" if start and operator in "SM" else operator), operands[start : start + due]


def _raised(start: Point, control: Point, end: Point) -> tuple[Point, Point, Point]:
    """Return a quadratic curve as a cubic one."""
    one = tuple(s + 2 / 3 * (c - s) for s, c in zip(start, control, strict=True))
    two = tuple(e + 2 / 3 * (c - e) for e, c in zip(end, control, strict=True))
    return (one[0], one[1]), (two[0], two[1]), end


def _contours(outline: Sequence[Segment]) -> list[list[Segment]]:
    contours: list[list[Segment]] = []
    for segment in outline:
        if segment[0] == "M":
            contours.append([])
        if contours:
            contours[-1].append(segment)
    return contours


def _area(outline: Sequence[Segment]) -> float:
    total = 0.0
    for contour in _contours(outline):
        points = [point for _, points in contour for point in points]
        total += sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1], strict=True))
    return total


def _reversed(contour: list[Segment]) -> list[Segment]:
    points = [point for _, points in contour for point in points][::-1]
    lengths = [len(points) for operator, points in contour if operator in "LC"][::-1]
    turned: list[Segment] = [("M", (points[0],))]
    position = 1
    for length in lengths:
        turned.append(("C" if length == 3 else "L", tuple(points[position : position + length])))
        position += length
    return [*turned, ("Z", ())]
