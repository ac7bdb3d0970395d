"""Pictures made for a screen: a leaflet, a page of a web site, a chart (PNG and WebP)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from sample import faces

_BLUE, _DARK, _GREY = (26, 92, 168), (40, 48, 60), (120, 128, 138)


def leaflet(path: Path, title: str, under: str, steps: Sequence[tuple[str, str]], foot: str) -> None:
    """Draw a leaflet of numbered boxes."""
    image = Image.new("RGB", (1240, 1754), (240, 246, 252))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 1240, 300), fill=_BLUE)
    pen.text((620, 126), faces.checked(title), "white", faces.load(faces.HEI, 76), anchor="mm", stroke_width=1)
    pen.text((620, 222), faces.checked(under), (220, 234, 250), faces.load(faces.HEI, 36), anchor="mm")
    font = faces.load(faces.SONG, 32)
    y = 350
    for number, (name, text) in enumerate(steps, start=1):
        lines = faces.wrap(text, font, 900)
        height = 96 + len(lines) * 50
        pen.rounded_rectangle((70, y, 1170, y + height), 20, fill="white", outline=(190, 210, 232), width=3)
        pen.ellipse((100, y + 26, 172, y + 98), fill=(236, 140, 40))
        pen.text((136, y + 61), str(number), "white", faces.load(faces.HEI, 44), anchor="mm")
        pen.text((210, y + 48), faces.checked(name), _BLUE, faces.load(faces.HEI, 38), anchor="lm")
        for row, line in enumerate(lines):
            pen.text((210, y + 106 + row * 50), line, _DARK, font, anchor="lm")
        y += height + 28
    pen.text((620, 1700), faces.checked(foot), _GREY, faces.load(faces.HEI, 28), anchor="mm")
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(64).save(path, "PNG", dpi=(150, 150), optimize=True)


def news(path: Path, site: str, title: str, source: str, paragraphs: Sequence[str]) -> None:
    """Draw a page of a web site with an article, as a screenshot (WebP)."""
    image = Image.new("RGB", (1200, 1560), (244, 245, 247))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 1200, 150), fill=(178, 30, 36))
    pen.text((60, 76), faces.checked(site), "white", faces.load(faces.HEI, 56), anchor="lm")
    pen.rectangle((0, 150, 1200, 206), fill=(150, 24, 30))
    for number, name in enumerate(("首页", "政务公开", "政务服务", "互动交流", "质量强市", "数据开放")):
        pen.text((110 + number * 186, 178), name, (255, 236, 220), faces.load(faces.HEI, 28), anchor="mm")
    pen.rectangle((40, 236, 1160, 1560), fill="white")
    pen.text((80, 274), "当前位置：首页 > 新闻中心 > 部门动态", _GREY, faces.load(faces.SONG, 24), anchor="lm")
    y = 330
    for line in faces.wrap(title, faces.load(faces.HEI, 46), 1000):
        pen.text((600, y + 20), line, _DARK, faces.load(faces.HEI, 46), anchor="mm")
        y += 66
    pen.text((600, y + 16), faces.checked(source), _GREY, faces.load(faces.SONG, 24), anchor="mm")
    pen.line((80, y + 50, 1120, y + 50), fill=(220, 220, 220), width=2)
    y += 90
    font = faces.load(faces.SONG, 32)
    for text in paragraphs:
        for number, line in enumerate(faces.wrap(text, font, 1000, indent=64)):
            pen.text((100 + (64 if number == 0 else 0), y), line, _DARK, font, anchor="lm")
            y += 58
        y += 14
    path.parent.mkdir(parents=True, exist_ok=True)
    image = image.crop((0, 0, 1200, min(1560, y + 120)))
    image.save(path, "WEBP", quality=72, method=6)


def columns(path: Path, title: str, labels: Sequence[str], values: Sequence[float], unit: str, top: float) -> None:
    """Draw a column chart, its axis from 0 to ``top``, as an office program exports it."""
    image = Image.new("RGB", (1600, 1000), "white")
    pen = ImageDraw.Draw(image)
    pen.text((800, 70), faces.checked(title), _DARK, faces.load(faces.HEI, 48), anchor="mm")
    pen.text((90, 140), f"（{faces.checked(unit)}）", _GREY, faces.load(faces.SONG, 28), anchor="lm")
    for line in range(6):
        y = 860 - line * 136
        pen.line((140, y, 1540, y), fill=(222, 226, 230), width=2)
        pen.text((126, y), f"{top * line / 5:.0f}", _GREY, faces.load(faces.SONG, 26), anchor="rm")
    step = 1400 / len(values)
    for number, (label, value) in enumerate(zip(labels, values, strict=True)):
        middle = 140 + step * (number + 0.5)
        height = 680 * value / top
        pen.rectangle((middle - step * 0.28, 860 - height, middle + step * 0.28, 860), fill=(64, 132, 196))
        pen.text((middle, 840 - height), f"{value:g}", _DARK, faces.load(faces.SONG, 28), anchor="mm")
        pen.text((middle, 896), faces.checked(label), _DARK, faces.load(faces.SONG, 28), anchor="mm")
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(64).save(path, "PNG", dpi=(200, 200), optimize=True)
