"""Where the characters of a text object stand, and how wide they are made (GB/T 33190-2016, 11.3 and 11.4)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from dossier.convert.ofd.canvas import Glyph
from dossier.convert.ofd.glyphs import NOTHING, Shape
from dossier.convert.ofd.package import Node, child, number, numbers, text

_NARROWEST = 0.4
_EVEN = 20.0  # how much letters of one width may differ, in 1/1000 em
_TYPED = 550.0  # letters of one width that is greater are a typewriter's, in the middle of their places
_LOOSE = 350.0  # letters that are farther from the next are spaced out
_GAP = 80.0  # what is farther from the next glyph, in 1/1000 em, may be taken for a space
_GRAIN = 50  # to which such widths are rounded, so that few are needed
_APART = 5000.0  # what is farther from the next glyph stands in another column
_ESCAPE = re.compile(r"\\([0-9A-Fa-f]{4})")


class Transform(NamedTuple):
    """Which glyphs of a font stand for ``covers`` characters from ``start`` on, counted from 0 (CT_CGTransform)."""

    start: int
    covers: int
    glyphs: tuple[int, ...]


def transform(node: Node) -> Transform:
    """Return what a CGTransform says.

    The count is that of the glyphs where it is not given: writers leave it out when it is the same.
    """
    glyphs = tuple(int(value) for value in numbers(text(child(node, "Glyphs")), what="list of glyphs"))
    count = int(number(node.get("CodeCount") or str(len(glyphs)), "count"))
    return Transform(int(number(node.get("CodePosition") or "0", "position")), max(0, count), glyphs)


def words(node: Node) -> str:
    """Return the text of a TextCode.

    Line breaks within it come from the layout of the XML. A character may be spelt as a backslash and four digits; as
    few writers do that, it counts only where the offsets say so.
    """
    content = node.text or ""
    if "\n" in content or "\r" in content:
        content = "".join(content.strip().splitlines())
    spelt = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), content)
    if spelt != content and len(deltas(node.get("DeltaX"), len(content))) == len(spelt) - 1:
        return spelt
    return content


def cells(content: str, transforms: Sequence[Transform]) -> Iterator[tuple[int | None, str]]:
    """Yield what is drawn one after another: a glyph's number, if it is given, and the text that it stands for."""
    by_start = {each.start: each for each in transforms if each.glyphs and each.covers}
    position = 0
    while position < len(content):
        given = by_start.get(position)
        if given is None:
            yield None, content[position]
            position += 1
            continue
        covered = content[position : position + given.covers]
        if len(given.glyphs) == len(covered):
            yield from zip(given.glyphs, covered, strict=True)
        else:
            yield from zip(given.glyphs, (covered, *[""] * (len(given.glyphs) - 1)), strict=True)
        position += given.covers


def deltas(value: str | None, most: int) -> list[float]:
    """Return the offsets of DeltaX or DeltaY, ``g n v`` spelt out, of which no more than ``most`` are wanted."""
    found: list[float] = []
    listed = iter((value or "").replace(",", " ").split())
    for word in listed:
        if word != "g":
            found.append(number(word, "offset"))
        else:
            count, offset = next(listed, ""), next(listed, "")
            times = int(number(count, "count of offsets"))
            found += [number(offset, "offset")] * min(max(times, 0), max(0, most - len(found)))
        if len(found) >= most:
            break
    return found[:most]


def place(line: Sequence[Glyph], start: tuple[float, float], node: Node, shape: tuple[float, float, float]) -> None:
    """Put glyphs in their places: each is offset from the one before it; the last offset goes on where they run out.

    With no offsets at all, glyphs follow each other in the direction of reading, as wide as they are.
    """
    size, stretch, reading = shape
    x, y = start
    across, down = (deltas(node.get(name), len(line) - 1) for name in ("DeltaX", "DeltaY"))
    for index, glyph in enumerate(line):
        glyph.x, glyph.y = x, y
        if across or down:
            x += across[min(index, len(across) - 1)] if across else 0.0
            y += down[min(index, len(down) - 1)] if down else 0.0
        else:
            advance = _width(glyph) / 1000 * size
            step = {0: (advance * stretch, 0.0), 90: (0.0, size), 180: (-advance * stretch, 0.0), 270: (0.0, -size)}
            dx, dy = step.get(round(reading), step[0])
            x, y = x + dx, y + dy


def fit(glyphs: Sequence[Glyph], size: float) -> None:
    """Give glyphs the widths that were meant, which shows from where the next one stands.

    Letters of a stand-in may neither run together nor fall apart: they are made as wide as those of the font that was
    meant; the last of a line is judged by the others. And whatever is spaced out is given the space as its own, else
    readers would find spaces between characters that have none.
    """
    for line in _lines(glyphs) if size > 0 else ():
        own = [_width(glyph) for glyph in line]
        steps = [(after.x - before.x) / size * 1000 for before, after in pairwise(line)]
        letters = {index for index, glyph in enumerate(line) if glyph.program.stands_in and _is_narrow(glyph.text)}
        for index, step in enumerate(steps):
            if index not in letters and _GAP < step - own[index] < _APART:
                line[index].shape = Shape(line[index].shape.number, round((step - _GRAIN / 2) / _GRAIN) * _GRAIN)
        known = [steps[index] for index in sorted(letters) if index < len(steps)]
        if not known:
            continue
        even = max(known) - min(known) < _EVEN
        typed = even and len(known) > 1 and known[0] > _TYPED
        meant = sum(known) / (sum(own[index] for index in letters if index < len(steps)) or 1.0)
        for index in letters:
            step = steps[index] if index < len(steps) else known[-1] if even else own[index] * min(1.0, meant)
            if step - own[index] < _APART:
                made = max(round(step), round(own[index] * _NARROWEST))
                centred = typed and own[index] < made < own[index] + _LOOSE
                line[index].shape = Shape(line[index].shape.number, made, centred)


def _width(glyph: Glyph) -> float:
    given = glyph.shape.number
    return NOTHING if given is None else glyph.program.width(given)


def _lines(glyphs: Sequence[Glyph]) -> Iterator[list[Glyph]]:
    """Yield stretches of glyphs at one height, each to the right of the one before."""
    line: list[Glyph] = []
    for glyph in glyphs:
        if line and (glyph.y != line[-1].y or glyph.x <= line[-1].x):
            yield line
            line = []
        line.append(glyph)
    if line:
        yield line


def _is_narrow(content: str) -> bool:
    return content.strip() != "" and all(unicodedata.east_asian_width(char) not in "WFA" for char in content)
