"""The red round seal of an office, as it prints on paper."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageChops, ImageDraw

from sample import faces

_RED = (206, 24, 30)
_FINE = 3  # drawn this many times larger, then reduced


def draw(name: str, diameter: int, seed: int, *, line: str = "") -> Image.Image:
    """Return a seal of ``diameter`` pixels on a clear ground: ``name`` around the ring, ``line`` below the star."""
    size = diameter * _FINE
    mask = Image.new("L", (size, size), 0)
    pen = ImageDraw.Draw(mask)
    pen.ellipse((2, 2, size - 3, size - 3), outline=255, width=round(size * 0.028))
    _star(pen, size / 2, size / 2, size * 0.155)
    _around(mask, faces.checked(name), size)
    if line:
        font = faces.load(faces.SONG, round(size * 0.085))
        pen.text((size / 2, size * 0.76), line, 255, font, anchor="mm", stroke_width=2)
    mask = mask.resize((diameter, diameter), Image.Resampling.LANCZOS)
    worn = _worn(diameter, seed)
    mask = Image.composite(mask, mask.point(lambda value: round(value * 0.55)), worn)
    mask = mask.rotate(random.Random(seed).uniform(-6, 6), Image.Resampling.BICUBIC)
    stamp = Image.new("RGBA", (diameter, diameter), (*_RED, 0))
    stamp.putalpha(mask.point(lambda value: round(value * 0.86)))
    return stamp


def press(page: Image.Image, stamp: Image.Image, centre: tuple[int, int]) -> None:
    """Print a seal on a page; black text stays black under it."""
    left, top = centre[0] - stamp.width // 2, centre[1] - stamp.height // 2
    box = (left, top, left + stamp.width, top + stamp.height)
    under = page.crop(box)
    inked = Image.new("RGB", stamp.size, "white")
    inked.paste(stamp.convert("RGB"), mask=stamp.getchannel("A"))
    page.paste(ImageChops.multiply(under, inked), box)


def _star(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    points = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.382
        angle = math.radians(corner * 36 - 90)
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    pen.polygon(points, fill=255)


def _around(mask: Image.Image, name: str, size: int) -> None:
    sweep = min(290.0, 24.0 * (len(name) - 1)) if len(name) > 1 else 0.0
    step = sweep / max(1, len(name) - 1)
    radius = size * 0.385
    letter = min(size * 0.125, radius * math.radians(step) * 1.02)
    font = faces.load(faces.SONG, round(letter))
    tile = round(size * 0.2)
    for number, character in enumerate(name):
        angle = -sweep / 2 + number * step
        glyph = Image.new("L", (tile, tile), 0)
        ImageDraw.Draw(glyph).text((tile / 2, tile / 2), character, 255, font, anchor="mm", stroke_width=2)
        # Seal letters are taller than wide.
        glyph = glyph.resize((tile, round(tile * 1.3)), Image.Resampling.BICUBIC)
        glyph = glyph.rotate(-angle, Image.Resampling.BICUBIC, expand=True)
        x = size / 2 + radius * math.sin(math.radians(angle)) - glyph.width / 2
        y = size / 2 - radius * math.cos(math.radians(angle)) - glyph.height / 2
        mask.paste(255, (round(x), round(y)), glyph)


def _worn(diameter: int, seed: int) -> Image.Image:
    cells = max(8, diameter // 5)
    grain = Image.frombytes("L", (cells, cells), random.Random(seed).randbytes(cells * cells))
    return grain.resize((diameter, diameter), Image.Resampling.BICUBIC).point(lambda value: 255 if value > 75 else 60)
