"""Draws papers as an office scanner sees them: A4 at 200 dpi, slightly skewed, with grain, seals and handwriting."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from PIL import Image, ImageChops, ImageDraw, ImageOps

from sample import faces, seal
from sample.notice import Block, Notice, chinese, parse

DPI = 200
_RED = (214, 20, 30)
_BLACK = (28, 28, 30)
_INK = (24, 34, 92)  # of a blue-black pen
_BOLD = 2


def mm(length: float) -> int:
    """Return millimetres as pixels."""
    return round(length * DPI / 25.4)


def pt(size: float) -> int:
    """Return points as pixels."""
    return round(size * DPI / 72)


class Sheet:
    """One sheet of paper and the place (``y``, pixels) where the next line goes."""

    def __init__(self, *, landscape: bool = False, left: float = 28, right: float = 26, top: float = 37) -> None:
        size = (mm(297), mm(210)) if landscape else (mm(210), mm(297))
        self.image = Image.new("RGB", size, "white")
        self.pen = ImageDraw.Draw(self.image)
        self.left, self.right = mm(left), size[0] - mm(right)
        self.bottom = size[1] - mm(35)
        self.y = mm(top)

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def middle(self) -> int:
        return (self.left + self.right) // 2

    def line(
        self, text: str, size: float = 16, *, face: str = faces.SONG,
        align: Literal["left", "centre", "right"] = "left", colour: tuple[int, int, int] = _BLACK,
        bold: bool = False, height: float = 1.8, inset: int = 0, spread: bool = False,
    ) -> None:  # fmt: skip
        """Write one line at ``y``, ``spread`` over the whole width or not, and move down."""
        font = faces.load(face, pt(size))
        x = {"left": self.left + inset, "centre": self.middle, "right": self.right - inset}[align]
        anchor = {"left": "ls", "centre": "ms", "right": "rs"}[align]
        step = round(pt(size) * height)
        base = self.y + round(step * 0.72)
        if spread:
            gap = (self.width - inset - font.getlength(text)) / max(1, len(text) - 1)
            for number, character in enumerate(faces.checked(text)):
                at = x + font.getlength(text[:number]) + gap * number
                self.pen.text((at, base), character, colour, font, anchor="ls")
        else:
            self.pen.text(
                (x, base), faces.checked(text), colour, font, anchor=anchor,
                stroke_width=_BOLD if bold else 0, stroke_fill=colour,
            )  # fmt: skip
        self.y += step

    def rule(self, colour: tuple[int, int, int] = _BLACK, thickness: int = 2) -> None:
        """Draw a line across at ``y``."""
        self.pen.rectangle((self.left, self.y, self.right, self.y + thickness), fill=colour)

    def stamp(self, name: str, x: int, y: int, *, line: str = "", diameter: float = 42) -> None:
        """Press the seal of ``name``, its centre at ``x``, ``y`` pixels; ``diameter`` in millimetres."""
        stamp = seal.draw(name, mm(diameter), sum(map(ord, name + line)), line=line)
        seal.press(self.image, stamp, (x, y))

    def handwrite(self, text: str, x: int, y: int, size: float, seed: int) -> None:
        """Write ``text`` as by hand, centred on ``x``, ``y`` pixels."""
        chance = random.Random(seed)
        em = pt(size)
        step = em * 0.94
        left = x - step * (len(text) - 1) / 2
        shear = chance.uniform(0.12, 0.3)
        for number, character in enumerate(faces.checked(text)):
            tile = Image.new("L", (em * 2, em * 2), 0)
            font = faces.load(faces.SONG, round(em * chance.uniform(0.9, 1.12)))
            ImageDraw.Draw(tile).text((em, em), character, 255, font, anchor="mm", stroke_width=1)
            lean = (1, shear, -shear * em, chance.uniform(-0.08, 0.08), 1, 0)
            tile = tile.transform(tile.size, Image.Transform.AFFINE, lean, Image.Resampling.BICUBIC)
            tile = tile.rotate(chance.uniform(-7, 9), Image.Resampling.BICUBIC)
            place = (round(left + number * step - em), round(y - em + chance.uniform(-em, em) * 0.07))
            self.image.paste(_INK, place, tile.point(lambda value: round(value * 0.9)))


# --- whole documents -----------------------------------------------------------------------------------------------


def notice(document: Notice, *, sealed: bool = True) -> list[Image.Image]:
    """Draw a red-header document, as many sheets as it takes."""
    sheets = [Sheet()]
    _head(sheets[0], document)
    blocks = document.blocks
    attached = next((n for n, block in enumerate(blocks) if block.style == "attachment"), len(blocks))
    _flow(sheets, blocks[:attached])
    _sign(sheets, document.signed, document.on, sealed=sealed)
    _flow(sheets, blocks[attached:])
    if document.issued_by:
        _imprint(sheets, document)
    _number(sheets)
    return [sheet.image for sheet in sheets]


def report(title: str, body: str, signed: str, on: date, *, under: str = "") -> list[Image.Image]:
    """Draw a paper without a red header: a title, its text, a signature with its seal."""
    sheets = [Sheet(top=32)]
    for text in title.split("\n"):
        sheets[0].line(text, 22, align="centre", bold=True, height=1.6)
    if under:
        sheets[0].line(under, 14, align="centre")
    sheets[0].y += pt(16)
    _flow(sheets, parse(body))
    _sign(sheets, signed, on, sealed=True)
    _number(sheets)
    return [sheet.image for sheet in sheets]


def sign_in(
    title: str, details: Sequence[tuple[str, str]], people: Sequence[tuple[str, str, str]], seed: int
) -> Image.Image:
    """Draw a sign-in sheet: ``people`` are unit, post and name, the name by hand."""
    sheet = Sheet(left=22, right=20, top=26)
    sheet.line(title, 22, align="centre", bold=True)
    sheet.y += pt(8)
    for label, value in details:
        sheet.line(f"{label}：{value}", 13, height=1.75)
    sheet.y += pt(6)
    rows = [("序号", "单位", "职务", "签名", "备注"), *((str(n), *p, "") for n, p in enumerate(people, start=1))]
    shares = (0.08, 0.38, 0.2, 0.22, 0.12)
    height = min(mm(11), (sheet.image.height - mm(24) - sheet.y) // len(rows))
    edges = [sheet.left]
    for share in shares:
        edges.append(edges[-1] + round(sheet.width * share))
    for number, row in enumerate(rows):
        top = sheet.y + number * height
        for column, text in enumerate(row):
            sheet.pen.rectangle((edges[column], top, edges[column + 1], top + height), outline=_BLACK, width=2)
            x, y = (edges[column] + edges[column + 1]) // 2, top + height // 2
            if column == 3 and number:
                chance = random.Random(seed + number)
                sheet.handwrite(text, x + mm(chance.uniform(-3, 3)), y, 17, seed * 100 + number)
            else:
                face = faces.HEI if number == 0 else faces.SONG
                sheet.pen.text((x, y), faces.checked(text), _BLACK, faces.load(face, pt(12)), anchor="mm")
    return sheet.image


def form(
    title: str, rows: Sequence[Sequence[str]], signed: str, on: date, *, under: str = "", note: str = ""
) -> Image.Image:
    """Draw a form of label and value cells (rows of two or four) with a sealed foot."""
    sheet = Sheet(left=24, right=22, top=28)
    sheet.line(title, 22, align="centre", bold=True)
    if under:
        sheet.line(under, 12, align="right")
    sheet.y += pt(4)
    label_width = round(sheet.width * 0.2)
    font = faces.load(faces.SONG, pt(12))
    for row in rows:
        value_width = sheet.width // (len(row) // 2) - label_width
        lines = [faces.wrap(text, font, (value_width if n % 2 else label_width) - mm(4)) for n, text in enumerate(row)]
        height = max(mm(12), max(map(len, lines)) * round(pt(12) * 1.5) + mm(5))
        x = sheet.left
        for column, cell in enumerate(lines):
            width = value_width if column % 2 else label_width
            sheet.pen.rectangle((x, sheet.y, x + width, sheet.y + height), outline=_BLACK, width=2)
            first = sheet.y + height // 2 - round((len(cell) - 1) * pt(12) * 0.75)
            for number, text in enumerate(cell):
                y = first + round(number * pt(12) * 1.5)
                if column % 2 and len(cell) > 1:
                    sheet.pen.text((x + mm(2), y), text, _BLACK, font, anchor="lm")
                else:
                    sheet.pen.text((x + width // 2, y), text, _BLACK, font, anchor="mm")
            x += width
        sheet.y += height
    sheet.y += pt(10)
    for text in faces.wrap(note, font, sheet.width) if note else ():
        sheet.line(text, 12, height=1.5)
    _sign([sheet], signed, on, sealed=True)
    return sheet.image


def certificate(
    title: str, lines: Sequence[tuple[str, str]], body: str, signed: str, on: date, *,
    number: str = "", landscape: bool = True, tint: tuple[int, int, int] = (255, 251, 240),
) -> Image.Image:  # fmt: skip
    """Draw a certificate in an ornamental frame: facts as label and value, then a sentence, then the seal."""
    sheet = Sheet(landscape=landscape, left=36, right=36, top=34 if landscape else 46)
    width, height = sheet.image.size
    sheet.pen.rectangle((0, 0, width, height), fill=tint)
    _frame(sheet.pen, width, height)
    sheet.bottom = height - mm(20)
    sheet.line(title, 40, align="centre", colour=(150, 30, 30), bold=True, height=1.6)
    if number:
        sheet.line(number, 13, align="centre", height=1.8)
    sheet.y += pt(12 if landscape else 40)
    font = faces.load(faces.SONG, pt(17))
    for label, value in lines:
        indent = font.getlength(f"{label}：")
        for row, text in enumerate(faces.wrap(value, font, sheet.width - indent)):
            sheet.line(f"{label}：{text}" if row == 0 else text, 17, height=1.8, inset=0 if row == 0 else round(indent))
    sheet.y += pt(8 if landscape else 24)
    for row, text in enumerate(faces.wrap(body, font, sheet.width, indent=2 * pt(17)) if body else ()):
        sheet.line(text, 17, height=1.8, inset=2 * pt(17) if row == 0 else 0)
    sheet.y = max(sheet.y, height - mm(62 if landscape else 84))
    _sign([sheet], signed, on, sealed=True)
    return sheet.image


# --- what a scanner makes of it ------------------------------------------------------------------------------------


def scanned(page: Image.Image, seed: int, *, grey: bool = False) -> Image.Image:
    """Return the page a little skewed, on paper that is not quite white, with a shadow along one edge."""
    chance = random.Random(seed)
    image = page.rotate(chance.uniform(-0.55, 0.55), Image.Resampling.BICUBIC, fillcolor=page.getpixel((3, 3)))
    image = ImageChops.multiply(image, _paper(image.size, chance))
    return ImageOps.grayscale(image) if grey else image


def save_jpeg(page: Image.Image, path: Path, *, seed: int, grey: bool = False, quality: int = 45) -> None:
    """Write a page as a scanned JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scanned(page, seed, grey=grey).save(path, "JPEG", quality=quality, dpi=(DPI, DPI), optimize=True)


def save_fax(pages: Sequence[Image.Image], path: Path, *, seed: int) -> None:
    """Write pages as a bilevel TIFF, CCITT Group 4, as copying machines send them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [
        scanned(page, seed + n, grey=True).point(lambda v: 255 if v > 165 else 0).convert("1")
        for n, page in enumerate(pages)
    ]
    images[0].save(path, "TIFF", compression="group4", dpi=(DPI, DPI), save_all=True, append_images=images[1:])


def save_tiff(pages: Sequence[Image.Image], path: Path, *, seed: int) -> None:
    """Write pages as a colour TIFF whose pages are JPEG-compressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [scanned(page, seed + n).convert("YCbCr") for n, page in enumerate(pages)]
    images[0].save(
        path, "TIFF", compression="jpeg", quality=42, dpi=(DPI, DPI), save_all=True, append_images=images[1:]
    )


def _paper(size: tuple[int, int], chance: random.Random) -> Image.Image:
    cells = (size[0] // 6, size[1] // 6)
    grain = Image.frombytes("L", cells, chance.randbytes(cells[0] * cells[1]))
    grain = grain.resize(size, Image.Resampling.BICUBIC).point(lambda value: 246 + value * 7 // 255)
    edge = Image.new("L", (256, 1))
    edge.putdata([min(255, 222 + x * 5) for x in range(256)])
    if chance.random() < 0.5:
        edge = ImageOps.mirror(edge)
    shade = ImageChops.multiply(grain, edge.resize(size, Image.Resampling.BICUBIC))
    warm = chance.randint(3, 9)
    return Image.merge("RGB", (shade, shade.point(lambda v: v - 1), shade.point(lambda v: max(0, v - warm))))


# --- the parts of a paper ------------------------------------------------------------------------------------------


def _head(sheet: Sheet, document: Notice) -> None:
    sheet.y = mm(50)
    lines = document.header.split("\n")
    size = min(50, 440 // max(len(line) for line in lines))
    for line in lines:
        sheet.line(line, size, align="centre", colour=_RED, bold=True, height=1.35)
    sheet.y += pt(26)
    sheet.line(document.number, 16, align="centre")
    sheet.y += mm(2)
    sheet.rule(_RED, 6)
    sheet.y += pt(40)
    for line in document.title.split("\n"):
        sheet.line(line, 22, align="centre", bold=True, height=1.5)
    sheet.y += pt(24)
    if document.to:
        sheet.line(document.to)


def _flow(sheets: list[Sheet], blocks: Sequence[Block]) -> None:
    for block in blocks:
        if block.style == "attachment":
            sheets.append(Sheet())
            sheets[-1].line("附件", face=faces.HEI)
            sheets[-1].line(block.text, 22, align="centre", bold=True)
            sheets[-1].y += pt(12)
        elif block.style == "table":
            _rows(sheets, block.rows)
        elif block.style == "centre":
            _room(sheets, 1).line(block.text, align="centre")
        else:
            face = faces.SONG if block.style == "text" else faces.HEI
            font = faces.load(face, pt(16))
            lines = faces.wrap(block.text, font, sheets[-1].width, indent=2 * pt(16))
            for number, text in enumerate(lines, start=1):
                inset = 2 * pt(16) if number == 1 else 0
                _room(sheets, 1).line(text, face=face, inset=inset, spread=number < len(lines))


def _room(sheets: list[Sheet], lines: int) -> Sheet:
    if sheets[-1].y + lines * round(pt(16) * 1.8) > sheets[-1].bottom:
        sheets.append(Sheet())
    return sheets[-1]


def _rows(sheets: list[Sheet], rows: Sequence[Sequence[str]]) -> None:
    longest = [max(3, min(18, max(len(row[column]) for row in rows))) for column in range(len(rows[0]))]
    font = faces.load(faces.SONG, pt(12))
    for number, row in enumerate(rows):
        sheet = sheets[-1]
        widths = [sheet.width * length // sum(longest) for length in longest]
        cells = [faces.wrap(text, font, width - mm(3)) for text, width in zip(row, widths, strict=True)]
        height = max(map(len, cells)) * round(pt(12) * 1.45) + mm(3)
        if sheet.y + height > sheet.bottom:
            sheets.append(Sheet())
            sheet = sheets[-1]
        x = sheet.left
        for lines, width in zip(cells, widths, strict=True):
            sheet.pen.rectangle((x, sheet.y, x + width, sheet.y + height), outline=_BLACK, width=2)
            for at, text in enumerate(lines):
                y = sheet.y + height // 2 + round((at - (len(lines) - 1) / 2) * pt(12) * 1.45)
                face = faces.HEI if number == 0 else faces.SONG
                sheet.pen.text((x + width // 2, y), text, _BLACK, faces.load(face, pt(12)), anchor="mm")
            x += width
        sheet.y += height
    sheets[-1].y += pt(10)


def _sign(sheets: list[Sheet], signed: str, on: date, *, sealed: bool) -> None:
    sheet = _room(sheets, 4)
    sheet.y += pt(26)
    font = faces.load(faces.SONG, pt(16))
    day = chinese(on)
    wide = max(font.getlength(signed), font.getlength(day))
    centre = round(sheet.right - 2 * pt(16) - wide / 2)
    top = sheet.y
    for text in (signed, day):
        sheet.pen.text((centre, sheet.y + pt(20)), faces.checked(text), _BLACK, font, anchor="ms")
        sheet.y += round(pt(16) * 1.8)
    if sealed:
        middle = min(sheet.image.height - mm(30), top + round(pt(16) * 1.9))
        sheet.stamp(signed.replace("　", ""), min(centre, sheet.image.width - mm(28)), middle)
    sheet.y += pt(10)


def _imprint(sheets: list[Sheet], document: Notice) -> None:
    sheet = _room(sheets, 3)
    rows = [f"抄送：{document.copies}。"] if document.copies else []
    sheet.y = sheet.bottom - (len(rows) + 1) * pt(25)
    sheet.rule(thickness=3)
    for text in rows:
        sheet.line(text, 13, inset=pt(13), height=1.9)
        sheet.rule()
    sheet.y += 1
    at = sheet.y
    sheet.line(document.issued_by, 13, inset=pt(13), height=1.9)
    sheet.y = at
    sheet.line(f"{chinese(document.on)}印发", 13, inset=pt(13), height=1.9, align="right")
    sheet.rule(thickness=3)


def _number(sheets: Sequence[Sheet]) -> None:
    if len(sheets) == 1:
        return
    for number, sheet in enumerate(sheets, start=1):
        font = faces.load(faces.SONG, pt(14))
        odd = number % 2 == 1
        x = sheet.right - pt(14) if odd else sheet.left + pt(14)
        sheet.pen.text((x, sheet.bottom + mm(10)), f"— {number} —", _BLACK, font, anchor="rs" if odd else "ls")


def _frame(pen: ImageDraw.ImageDraw, width: int, height: int) -> None:
    gold = (190, 150, 80)
    for inset, thickness in ((mm(12), 10), (mm(15), 3), (mm(21), 3)):
        pen.rectangle((inset, inset, width - inset, height - inset), outline=gold, width=thickness)
    step = mm(3.2)
    for x in range(mm(18), width - mm(17), step):
        for y in (mm(18), height - mm(18)):
            pen.ellipse((x - 7, y - 7, x + 7, y + 7), outline=gold, width=3)
    for y in range(mm(18), height - mm(17), step):
        for x in (mm(18), width - mm(18)):
            pen.ellipse((x - 7, y - 7, x + 7, y + 7), outline=gold, width=3)
