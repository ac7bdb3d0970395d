"""Draws the scenes that phone cameras bring back: meetings, inspections, fields, counters and squares.

A scene is drawn at twice its size and reduced, then gets a vignette, grain and the time-and-place mark that inspectors'
camera apps print. ``save`` stores it upright or sideways; sideways pictures say so in EXIF, as phones do.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from sample import faces

Colour = tuple[int, int, int]
Scene = Callable[["Canvas"], None]

WIDTH, HEIGHT = 1280, 960
_FINE = 2
_SKIN: tuple[Colour, ...] = ((236, 196, 166), (226, 182, 150), (214, 168, 136))
_COATS: tuple[Colour, ...] = (
    (44, 52, 70),
    (60, 66, 78),
    (92, 100, 112),
    (36, 58, 92),
    (110, 96, 86),
    (226, 228, 232),
    (72, 86, 74),
)
_HAIR: Colour = (34, 30, 30)
_TURN = {1: None, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
_ORIENTATION, _DATE, _EXIF, _ORIGINAL = 0x0112, 0x0132, 0x8769, 0x9003


class Canvas:
    """A picture in units of the finished photo's pixels, with the words and the people of a scene."""

    def __init__(self, seed: int, words: Sequence[str]) -> None:
        self.image = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE), "white")
        self.pen = ImageDraw.Draw(self.image)
        self.chance = random.Random(seed)
        self.words = words

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour, *, round_: float = 0) -> None:
        """Fill a rectangle."""
        self.pen.rounded_rectangle([v * _FINE for v in (left, top, right, bottom)], round_ * _FINE, fill=colour)

    def shape(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon."""
        self.pen.polygon([(x * _FINE, y * _FINE) for x, y in points], fill=colour)

    def disc(self, x: float, y: float, across: float, down: float, colour: Colour) -> None:
        """Fill an ellipse of half-axes ``across`` and ``down``."""
        self.pen.ellipse(
            [(x - across) * _FINE, (y - down) * _FINE, (x + across) * _FINE, (y + down) * _FINE], fill=colour
        )

    def stroke(self, points: Sequence[tuple[float, float]], colour: Colour, width: float) -> None:
        """Draw a line."""
        self.pen.line(
            [(x * _FINE, y * _FINE) for x, y in points], fill=colour, width=round(width * _FINE), joint="curve"
        )

    def shade(self, top: float, bottom: float, upper: Colour, lower: Colour) -> None:
        """Fill the width between two heights with a gradient."""
        first, last = round(top * _FINE), round(bottom * _FINE)
        for y in range(first, last):
            part = (y - first) / max(1, last - first)
            mixed = tuple(round(a + (b - a) * part) for a, b in zip(upper, lower, strict=True))
            self.pen.line((0, y, WIDTH * _FINE, y), fill=mixed)

    def text(
        self, x: float, y: float, text: str, size: float, colour: Colour, *, face: str = faces.HEI, room: float = 0
    ) -> None:
        """Write centred text, smaller where it is wider than ``room``."""
        size *= _FINE
        font = faces.load(face, round(size))
        wide = font.getlength(faces.checked(text))
        if room and wide > room * _FINE:
            font = faces.load(face, int(size * room * _FINE / wide))
        self.pen.text((x * _FINE, y * _FINE), text, colour, font, anchor="mm")

    def banner(self, left: float, top: float, right: float, bottom: float, text: str) -> None:
        """Hang a red banner with a light inscription."""
        self.box(left, top, right, bottom, (196, 28, 34))
        self.box(left, top, right, top + 4, (170, 20, 28))
        size = (bottom - top) * 0.56
        self.text((left + right) / 2, (top + bottom) / 2 - 2, text, size, (255, 240, 190), room=right - left - 50)

    def seated(self, x: float, y: float, scale: float) -> None:
        """Draw somebody seen from behind, down from the shoulders at ``y``."""
        self._shoulders(x, y, scale, self.chance.choice(_COATS), drop=150)
        self.box(x - 11 * scale, y - 22 * scale, x + 11 * scale, y + 6 * scale, self.chance.choice(_SKIN))
        self.disc(x, y - 42 * scale, 27 * scale, 33 * scale, _HAIR)

    def facing(self, x: float, y: float, scale: float, *, coat: Colour | None = None) -> None:
        """Draw somebody who looks at the camera, head and chest; shoulders at ``y``."""
        coat = coat or self.chance.choice(_COATS)
        skin = self.chance.choice(_SKIN)
        self._shoulders(x, y, scale, coat, drop=110)
        self.shape([(x - 14 * scale, y), (x + 14 * scale, y), (x, y + 44 * scale)], (240, 242, 246))
        self.box(x - 10 * scale, y - 22 * scale, x + 10 * scale, y + 4 * scale, skin)
        self.disc(x, y - 42 * scale, 25 * scale, 31 * scale, skin)
        self._cap(x - 27 * scale, y - 78 * scale, x + 27 * scale, y - 18 * scale, _HAIR)

    def standing(
        self, x: float, feet: float, scale: float, *, vest: Colour | None = None, helmet: Colour | None = None
    ) -> None:
        """Draw somebody standing, ``feet`` on the ground, about 300 * ``scale`` high, perhaps in vest and helmet."""
        coat = vest or self.chance.choice(_COATS)
        skin = self.chance.choice(_SKIN)
        top = feet - 300 * scale

        def part(left: float, upper: float, right: float, lower: float, colour: Colour, round_: float = 0) -> None:
            at = (x + left * scale, top + upper * scale, x + right * scale, top + lower * scale)
            self.box(*at, colour, round_=round_ * scale)

        for side in (-1, 1):
            part(side * 17 - 14, 160, side * 17 + 14, 300, (44, 48, 60))
            part(side * 46 - 10, 74, side * 46 + 10, 176, coat, 10)
        part(-40, 62, 40, 176, coat, 16)
        if vest:
            part(-40, 104, 40, 113, (236, 240, 232))
            part(-40, 134, 40, 143, (236, 240, 232))
        part(-8, 46, 8, 66, skin)
        self.disc(x, top + 28 * scale, 22 * scale, 27 * scale, skin)
        self._cap(x - 24 * scale, top - 4 * scale, x + 24 * scale, top + 48 * scale, helmet or _HAIR)
        if helmet:
            part(-29, 19, 29, 25, helmet)

    def _shoulders(self, x: float, y: float, scale: float, coat: Colour, drop: float) -> None:
        outline = ((-56, drop), (-49, 17), (-19, 0), (19, 0), (49, 17), (56, drop))
        self.shape([(x + across * scale, y + down * scale) for across, down in outline], coat)

    def _cap(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        self.pen.chord([v * _FINE for v in (left, top, right, bottom)], 180, 360, fill=colour)


def save(
    scene: Scene, path: Path, taken: datetime, place: str, *, words: Sequence[str] = (), seed: int = 1,
    orientation: Literal[1, 6, 8] = 1, upright: bool = False, quality: int = 70,
) -> None:  # fmt: skip
    """Write a scene as a JPEG with its EXIF date.

    ``words`` is what can be read in it. With ``orientation`` 6 or 8 the pixels lie on their side and EXIF says how to
    turn them back. ``upright`` crops the picture to portrait.
    """
    canvas = Canvas(seed, words)
    scene(canvas)
    chance = canvas.chance
    zoom = chance.uniform(0.9, 1.0)  # no two pictures of one place are framed alike
    left = chance.uniform(0, 1 - zoom) * canvas.image.width
    top = chance.uniform(0, (1 - zoom) / 2) * canvas.image.height
    frame = (left, top, left + zoom * canvas.image.width, top + zoom * canvas.image.height)
    image = canvas.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS, box=frame)
    if upright:
        narrow = HEIGHT * 3 // 4
        left = (WIDTH - narrow) // 2
        image = image.crop((left, 0, left + narrow, HEIGHT))
    image = _taken(image, seed)
    _mark(image, taken, place)
    turn = _TURN[orientation]
    if turn is not None:
        image = image.transpose(turn)
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    exif[_DATE] = f"{taken:%Y:%m:%d %H:%M:%S}"
    exif.get_ifd(_EXIF)[_ORIGINAL] = f"{taken:%Y:%m:%d %H:%M:%S}"
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "JPEG", quality=quality, exif=exif, dpi=(150, 150), optimize=True)


# --- scenes --------------------------------------------------------------------------------------------------------


def meeting(canvas: Canvas) -> None:
    """A meeting round a long table, under a banner."""
    canvas.shade(0, 520, (232, 226, 214), (214, 206, 192))
    canvas.shade(520, HEIGHT, (150, 112, 82), (112, 80, 58))
    for x in range(0, WIDTH, 160):
        canvas.box(x, 0, x + 3, 520, (204, 196, 182))
    canvas.box(0, 0, WIDTH, 46, (244, 242, 236))
    for x in range(90, WIDTH, 220):
        canvas.box(x, 14, x + 120, 26, (255, 255, 248), round_=6)
    canvas.banner(150, 78, 1130, 158, canvas.words[0])
    canvas.box(70, 210, 130, 500, (70, 118, 72), round_=28)
    canvas.box(78, 440, 122, 520, (168, 112, 84))
    for n in range(7):
        canvas.facing(280 + n * 120, 372, 0.92)
    canvas.shape([(190, 452), (1090, 452), (1230, 800), (50, 800)], (128, 78, 50))
    canvas.shape([(190, 452), (1090, 452), (1096, 466), (184, 466)], (168, 112, 78))
    canvas.shape([(330, 520), (950, 520), (1010, 700), (270, 700)], (150, 96, 64))
    for n in range(7):
        x = 280 + n * 120
        canvas.box(x - 30, 462, x + 30, 486, (248, 248, 246))
        canvas.text(x, 474, "席位", 13, (60, 40, 40))
        canvas.disc(x + 44, 480, 9, 7, (250, 250, 250))
        canvas.box(x - 46 + 20, 492, x + 26, 504, (255, 255, 255))
    for n in range(6):
        canvas.seated(150 + n * 196 + canvas.chance.randint(-10, 10), 742, 1.35)


def lecture(canvas: Canvas) -> None:
    """A lecture hall with a screen, seen from the back rows."""
    canvas.shade(0, 560, (204, 214, 224), (182, 192, 204))
    canvas.shade(560, HEIGHT, (104, 96, 94), (70, 64, 64))
    canvas.box(300, 70, 980, 430, (60, 66, 76))
    canvas.box(312, 82, 968, 418, (24, 74, 140))
    canvas.text(640, 190, canvas.words[0], 50, (255, 255, 255), room=610)
    canvas.text(640, 276, canvas.words[1], 32, (236, 226, 160), room=580)
    canvas.box(420, 330, 860, 334, (120, 170, 220))
    canvas.text(640, 368, canvas.words[2], 24, (220, 232, 246), room=560)
    canvas.box(1060, 360, 1170, 560, (132, 84, 54), round_=6)
    canvas.facing(1115, 330, 0.9, coat=(40, 46, 62))
    canvas.box(1060, 388, 1170, 560, (132, 84, 54), round_=6)
    for row, (y, scale, count) in enumerate(((566, 0.7, 11), (650, 0.95, 9), (772, 1.3, 7))):
        step = WIDTH / count
        for n in range(count):
            if canvas.chance.random() < 0.93:
                canvas.seated(step * (n + 0.5) + canvas.chance.randint(-9, 9), y, scale)
        canvas.box(0, y + 100 * scale, WIDTH, y + 116 * scale, (150 - row * 14, 112 - row * 10, 80 - row * 8))


def machinery(canvas: Canvas) -> None:
    """A boiler room or plant hall with pressure vessels, and inspectors in vests."""
    canvas.shade(0, 600, (206, 212, 214), (176, 184, 188))
    canvas.shade(600, HEIGHT, (126, 142, 134), (98, 114, 106))
    for x in range(0, WIDTH, 213):
        canvas.box(x, 0, x + 16, 600, (150, 160, 168))
    canvas.box(0, 96, WIDTH, 116, (150, 160, 168))
    for x, colour in ((250, (188, 196, 204)), (560, (178, 188, 198))):
        canvas.box(x - 120, 220, x + 120, 640, colour, round_=90)
        canvas.box(x - 120, 300, x - 60, 600, tuple(c - 16 for c in colour), round_=20)  # type: ignore[arg-type]
        canvas.box(x + 64, 300, x + 92, 600, (222, 228, 234), round_=12)
        for side in (-70, 70):
            canvas.box(x + side - 14, 620, x + side + 14, 700, (96, 104, 112))
        canvas.disc(x, 400, 34, 34, (60, 66, 72))
        canvas.disc(x, 400, 28, 28, (246, 248, 248))
        canvas.stroke([(x, 400), (x + 14, 384)], (190, 30, 30), 4)
        canvas.box(x - 62, 470, x + 62, 520, (255, 214, 60), round_=4)
        canvas.text(x, 495, canvas.words[1], 26, (40, 40, 40), room=112)
    canvas.stroke([(250, 220), (250, 160), (1000, 160), (1000, 420)], (182, 44, 40), 20)
    canvas.stroke([(560, 220), (560, 186), (1060, 186), (1060, 420)], (60, 110, 170), 16)
    canvas.box(930, 400, 1130, 660, (86, 110, 128), round_=8)
    canvas.box(956, 430, 1104, 500, (20, 40, 40))
    canvas.text(1030, 465, "0.78 MPa", 26, (110, 240, 140))
    for n in range(5):
        canvas.disc(972 + n * 29, 540, 9, 9, ((200, 60, 50), (70, 170, 90), (230, 180, 60))[n % 3])
    canvas.banner(700, 30, 1230, 84, canvas.words[0])
    canvas.standing(420, 900, 1.3, vest=(28, 60, 120))
    canvas.standing(760, 920, 1.36, vest=(232, 150, 40), helmet=(245, 205, 40))
    canvas.standing(900, 906, 1.3, vest=(28, 60, 120))
    canvas.box(690, 690, 752, 776, (250, 250, 248), round_=4)


def roadworks(canvas: Canvas) -> None:
    """A bridge under construction over a valley, engineers measuring."""
    canvas.shade(0, 520, (150, 188, 222), (220, 232, 238))
    canvas.shape(
        [(0, 430), (180, 300), (360, 400), (560, 260), (800, 410), (1010, 290), (1280, 420), (1280, 620), (0, 620)],
        (116, 146, 122),
    )
    canvas.shape([(0, 500), (240, 420), (520, 510), (860, 420), (1280, 520), (1280, 660), (0, 660)], (92, 124, 92))
    for x in (210, 520, 830, 1140):
        canvas.box(x - 26, 400, x + 26, 700, (190, 188, 182))
        canvas.box(x - 52, 386, x + 52, 410, (206, 204, 198))
    canvas.box(0, 346, 900, 388, (206, 204, 200))
    canvas.box(0, 330, 900, 340, (230, 150, 60))
    canvas.stroke([(980, 420), (980, 90), (620, 90)], (232, 176, 40), 12)
    canvas.stroke([(1060, 120), (980, 90), (980, 60), (700, 90)], (232, 176, 40), 5)
    canvas.stroke([(700, 92), (700, 300)], (60, 60, 60), 3)
    canvas.box(660, 300, 740, 326, (150, 150, 150))
    canvas.shade(650, HEIGHT, (176, 152, 118), (146, 122, 92))
    canvas.banner(70, 620, 700, 690, canvas.words[0])
    canvas.stroke([(560, 760), (520, 920)], (220, 120, 40), 8)
    canvas.stroke([(560, 760), (604, 920)], (220, 120, 40), 8)
    canvas.stroke([(560, 760), (562, 920)], (220, 120, 40), 8)
    canvas.box(536, 716, 586, 764, (236, 200, 60), round_=8)
    canvas.standing(760, 926, 1.16, vest=(240, 120, 40), helmet=(250, 250, 250))
    canvas.standing(890, 930, 1.2, vest=(240, 120, 40), helmet=(245, 205, 40))
    canvas.standing(1010, 936, 1.2, helmet=(220, 50, 40))
    canvas.standing(1120, 930, 1.16, vest=(180, 210, 60), helmet=(250, 250, 250))


def field(canvas: Canvas) -> None:
    """A vegetable base in the hills where samples are taken."""
    canvas.shade(0, 460, (168, 204, 232), (228, 238, 240))
    for x in (160, 420, 900, 1150):
        canvas.disc(x, 90 + x % 60, 90, 22, (246, 250, 252))
    canvas.shape(
        [(0, 420), (220, 290), (430, 400), (700, 270), (960, 390), (1280, 300), (1280, 520), (0, 520)], (110, 150, 110)
    )
    canvas.shade(460, HEIGHT, (150, 118, 82), (116, 88, 60))
    for row in range(15):
        y = 480 + row * row * 2.1 + row * 3
        size = 7 + row * 1.7
        for n in range(int(WIDTH / (size * 2.6)) + 2):
            left = n * size * 2.6 + (row % 2) * size
            green = canvas.chance.randint(-14, 14)
            canvas.disc(left, y, size, size * 0.56, (84 + green, 150 + green, 70 + green))
            canvas.disc(left, y - size * 0.22, size * 0.55, size * 0.32, (126 + green, 186 + green, 96 + green))
    for x in (90, 300, 510):
        arch = [v * _FINE for v in (x - 100, 370, x + 100, 560)]
        canvas.pen.pieslice(arch, 180, 360, fill=(226, 232, 236))
        for rib in (-60, -20, 20, 60):
            canvas.stroke([(x + rib, 390 + abs(rib) * 0.5), (x + rib, 466)], (200, 208, 214), 3)
    canvas.box(880, 330, 1210, 450, (250, 250, 246))
    canvas.box(880, 330, 1210, 376, (40, 120, 70))
    canvas.text(1045, 353, canvas.words[0], 26, (255, 255, 255), room=310)
    canvas.text(1045, 412, canvas.words[1], 22, (50, 60, 50), room=310)
    canvas.box(900, 450, 910, 540, (120, 120, 120))
    canvas.box(1180, 450, 1190, 540, (120, 120, 120))
    canvas.standing(560, 860, 1.12, vest=(240, 244, 248))
    canvas.standing(690, 880, 1.14, vest=(240, 244, 248))
    canvas.standing(840, 866, 1.1)
    canvas.box(600, 800, 680, 872, (70, 130, 190), round_=6)


def reservoir(canvas: Canvas) -> None:
    """A dam and its spillway, inspectors on the crest."""
    canvas.shade(0, 380, (176, 206, 230), (226, 236, 242))
    canvas.shape([(0, 380), (260, 180), (520, 350), (820, 170), (1280, 360), (1280, 460), (0, 460)], (98, 138, 104))
    canvas.shade(420, 640, (82, 142, 160), (60, 112, 136))
    for _ in range(46):
        x, y = canvas.chance.randint(0, WIDTH), canvas.chance.randint(440, 560)
        canvas.box(x, y, x + canvas.chance.randint(30, 90), y + 2, (120, 172, 184))
    canvas.shape([(0, 560), (1280, 520), (1280, 600), (0, 650)], (198, 196, 190))
    canvas.shape([(0, 650), (1280, 600), (1280, HEIGHT), (0, HEIGHT)], (168, 166, 160))
    for n in range(9):
        canvas.stroke([(n * 160, 656 - n * 6), (n * 160 - 90, HEIGHT)], (150, 148, 142), 4)
    for n in range(24):
        x = n * 56
        canvas.box(x, 520 - n * 1.75, x + 8, 566 - n * 1.75, (228, 230, 232))
    canvas.stroke([(0, 524), (1280, 484)], (228, 230, 232), 7)
    canvas.box(900, 330, 1120, 520, (232, 226, 214))
    canvas.shape([(880, 334), (1010, 268), (1140, 334)], (150, 70, 56))
    canvas.text(1010, 372, canvas.words[0], 26, (160, 30, 30), room=200)
    for x in (930, 1050):
        canvas.box(x, 400, x + 46, 470, (110, 150, 176))
    canvas.standing(330, 800, 1.05, vest=(240, 120, 40))
    canvas.standing(450, 810, 1.08)
    canvas.standing(560, 800, 1.05, vest=(240, 120, 40), helmet=(250, 250, 250))


def counter(canvas: Canvas) -> None:
    """A service hall with counters."""
    canvas.shade(0, 640, (240, 242, 244), (222, 228, 232))
    canvas.shade(640, HEIGHT, (206, 204, 200), (168, 166, 164))
    canvas.box(0, 60, WIDTH, 170, (30, 92, 158))
    canvas.text(640, 115, canvas.words[0], 52, (255, 255, 255), room=1160)
    services = canvas.words[1:]
    step = WIDTH / len(services)
    for n, name in enumerate(services):
        middle = step * (n + 0.5)
        canvas.box(middle - step * 0.42, 214, middle + step * 0.42, 262, (20, 40, 66), round_=4)
        canvas.text(middle, 238, name, 26, (255, 186, 70), room=step * 0.78)
        canvas.facing(middle, 440, 1.05, coat=(40, 66, 116))
        canvas.box(middle + 34, 436, middle + 104, 492, (44, 48, 54), round_=4)
        canvas.box(middle + 39, 441, middle + 99, 483, (140, 180, 214))
    canvas.box(0, 500, WIDTH, 524, (214, 190, 152))
    canvas.box(0, 524, WIDTH, 690, (238, 232, 222))
    for n in range(len(services)):
        canvas.box(step * n + 10, 540, step * (n + 1) - 10, 680, (228, 220, 208), round_=4)
        canvas.text(step * (n + 0.5), 610, f"{n + 1:02d}", 40, (150, 140, 124))
    canvas.seated(step * 0.5, 720, 1.5)
    canvas.seated(step * 2.4, 716, 1.5)
    canvas.box(1110, 700, 1200, 900, (70, 128, 80), round_=40)
    canvas.box(1126, 860, 1184, 940, (236, 236, 232))


def square(canvas: Canvas) -> None:
    """An open-air event: an arch, stalls with banners, passers-by."""
    canvas.shade(0, 470, (150, 192, 228), (226, 236, 242))
    for n in range(11):
        x = n * 124 - 20
        tall = canvas.chance.randint(150, 300)
        wall = canvas.chance.choice(((208, 204, 198), (194, 200, 208), (216, 208, 196)))
        canvas.box(x, 470 - tall, x + 110, 470, wall)
        for row in range(tall // 34):
            for column in range(4):
                canvas.box(
                    x + 12 + column * 24,
                    484 - tall + row * 34,
                    x + 26 + column * 24,
                    502 - tall + row * 34,
                    (142, 166, 186),
                )
    canvas.shade(470, HEIGHT, (198, 196, 190), (168, 164, 158))
    for n in range(14):
        canvas.stroke([(640 + (n - 7) * 60, 470), (640 + (n - 7) * 260, HEIGHT)], (182, 178, 172), 2)
    canvas.pen.arc([v * _FINE for v in (260, 150, 1020, 900)], 180, 360, fill=(208, 36, 40), width=60 * _FINE)
    canvas.banner(330, 250, 950, 322, canvas.words[0])
    for n, x in enumerate((120, 350, 930, 1160)):
        canvas.shape([(x - 110, 430), (x, 362), (x + 110, 430)], ((40, 110, 180), (200, 60, 50))[n % 2])
        for leg in (-100, 94):
            canvas.box(x + leg, 430, x + leg + 6, 640, (220, 222, 226))
        canvas.facing(x, 520, 0.75, coat=(40, 66, 116))
        canvas.box(x - 96, 560, x + 96, 640, (206, 40, 44))
        canvas.text(x, 600, canvas.words[1 + n % (len(canvas.words) - 1)], 26, (255, 240, 190), room=176)
    for n, x in enumerate((230, 450, 620, 800, 1040)):
        canvas.standing(x + canvas.chance.randint(-24, 24), 820 + (n % 3) * 46, 0.95)


def shop(canvas: Canvas) -> None:
    """A production line with goods on a belt, inspected on the spot."""
    canvas.shade(0, 560, (226, 230, 232), (206, 212, 216))
    canvas.shade(560, HEIGHT, (110, 140, 124), (86, 114, 100))
    for x in range(60, WIDTH, 240):
        canvas.box(x, 40, x + 150, 56, (255, 255, 250), round_=6)
    canvas.banner(180, 100, 1100, 166, canvas.words[0])
    for x in (70, 1130):
        canvas.box(x - 30, 240, x + 110, 540, (150, 162, 172))
        for row in range(3):
            canvas.box(x - 22, 260 + row * 92, x + 102, 330 + row * 92, (206, 172, 120))
    canvas.box(160, 500, 1090, 548, (70, 78, 84), round_=20)
    for n in range(9):
        canvas.box(200 + n * 96, 436, 270 + n * 96, 500, (212, 176, 122))
        canvas.box(228 + n * 96, 436, 242 + n * 96, 500, (236, 214, 168))
        canvas.disc(206 + n * 100, 524, 14, 14, (150, 158, 164))
    for x in (220, 1030):
        canvas.box(x - 10, 548, x + 10, 680, (96, 104, 112))
    canvas.facing(420, 372, 0.95, coat=(236, 240, 246))
    canvas.facing(720, 372, 0.95, coat=(236, 240, 246))
    for n in range(9):
        canvas.box(200 + n * 96, 436, 270 + n * 96, 500, (212, 176, 122))
        canvas.box(228 + n * 96, 436, 242 + n * 96, 500, (236, 214, 168))
    canvas.standing(340, 930, 1.3, vest=(28, 60, 120))
    canvas.standing(560, 936, 1.34, vest=(28, 60, 120))
    canvas.standing(860, 930, 1.3)


# --- what a phone makes of it --------------------------------------------------------------------------------------


def _taken(image: Image.Image, seed: int) -> Image.Image:
    image = image.filter(ImageFilter.GaussianBlur(0.6))
    width, height = image.size
    cells = (width // 3, height // 3)
    grain = Image.frombytes("L", cells, random.Random(seed).randbytes(cells[0] * cells[1]))
    grain = grain.resize(image.size, Image.Resampling.BILINEAR).point(lambda value: 244 + value * 11 // 255)
    edge = Image.new("L", (64, 48), 214)
    ImageDraw.Draw(edge).ellipse((-4, -6, 68, 54), fill=255)
    edge = edge.filter(ImageFilter.GaussianBlur(9)).resize(image.size, Image.Resampling.BICUBIC)
    light = ImageChops.multiply(grain, edge)
    return ImageChops.multiply(image, Image.merge("RGB", (light, light, light)))


def _mark(image: Image.Image, taken: datetime, place: str) -> None:
    pen = ImageDraw.Draw(image)
    x, y = 36, image.height - 108
    for shift, colour in ((2, (50, 50, 50)), (0, (255, 255, 255))):
        pen.text((x + shift, y + shift), f"{taken:%H:%M}", colour, faces.load(faces.HEI, 52), anchor="ls")
        pen.text((x + 168 + shift, y + shift), f"{taken:%Y-%m-%d}", colour, faces.load(faces.HEI, 28), anchor="ls")
        pen.text((x + shift, y + 46 + shift), faces.checked(place), colour, faces.load(faces.HEI, 26), anchor="ls")
    pen.rectangle((x + 150, y - 40, x + 154, y + 2), fill=(255, 190, 40))
