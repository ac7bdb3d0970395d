"""The two faces that every drawing uses, and the check that they have all its characters."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from PIL import ImageFont

FOLDER = Path(__file__).parents[2] / "dossier" / "data" / "fonts"
SONG = "DossierSong-Regular.ttf"
HEI = "DossierHei-Regular.ttf"

_TOKEN = re.compile(r"[A-Za-z0-9.,%/-]+|.", re.DOTALL)
_NEVER_FIRST = set("，。、；：？！）》」”’〕％%")
_NEVER_LAST = set("（《「“‘〔")


@cache
def load(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Return a face at ``size`` pixels."""
    return ImageFont.truetype(str(FOLDER / name), size, layout_engine=ImageFont.Layout.BASIC)


def checked(text: str) -> str:
    """Return ``text``; raises UnicodeEncodeError where a character is outside GBK, which the shipped faces cover."""
    text.encode("gbk")
    return text


def wrap(text: str, font: ImageFont.FreeTypeFont, width: float, indent: float = 0) -> list[str]:
    """Break ``text`` into lines of ``width`` pixels, the first shorter by ``indent``, as Chinese is set."""
    lines: list[str] = []
    line, room = "", width - indent
    for token in _TOKEN.findall(checked(text)):
        if line and font.getlength(line + token) > room and token not in _NEVER_FIRST:
            held = ""
            while line and line[-1] in _NEVER_LAST:
                line, held = line[:-1], line[-1] + held
            lines.append(line)
            line, room = held, width
        line += token
    return [*lines, line]
