"""The pattern of photo sheets: what a set's ``photos.docx`` says of the margins and of the captions under photos.

Its text is for its author alone and is never bound. What counts is the page's margins and the paragraph style that Word
calls Caption (题注): its face, Chinese or Latin by the language of the set, its size, colour and alignment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, cast

from lxml import etree  # type: ignore[import-untyped]

from dossier import templates
from dossier.convert.style import CaptionStyle
from dossier.errors import TemplateError
from dossier.wordfile import BODY, W

_W: Final = f"{{{W}}}"
_STYLES: Final = "word/styles.xml"
_CAPTION: Final = "caption"  # what Word calls it in a file, whatever the language on the screen
_SIDES: Final = ("top", "right", "bottom", "left")
_TWIPS: Final = 20  # to a point
_MOST_BASES: Final = 20
_SIZES: Final = (4.0, 72.0)  # points
_MOST: Final = 120 * 72 / 25.4  # points: a margin beyond it leaves no room for a photo
_ALIGNS: Final = {"start": "left", "end": "right", "left": "left", "right": "right"}


def read(path: Path, usual: CaptionStyle, language: str) -> CaptionStyle:
    """Return how the photo sheets of a set look; ``usual`` stands where ``photos.docx`` says nothing.

    Raises TemplateError where the file is no sound Word document, or asks for what no sheet can have.
    """
    where = path.name
    members = templates.read_package(path, where)
    look = usual
    if _STYLES in members:
        for properties in _caption(templates.parsed(members[_STYLES], _STYLES, where)):
            look = _styled(look, properties, "eastAsia" if language.startswith("zh") else "ascii")
    look = replace(look, margins=_margins(templates.parsed(members[BODY], BODY, where), look))
    if not _SIZES[0] <= look.size <= _SIZES[1]:
        raise TemplateError(
            f"{where}: captions of {look.size:g} pt", fix=f"give the style Caption (题注) a size up to {_SIZES[1]:g} pt"
        )
    if max(look.margins) > _MOST:
        raise TemplateError(f"{where}: a margin leaves no room for photos", fix="make the margins smaller in Word")
    return look


def _caption(styles: etree._Element) -> Iterator[etree._Element]:
    """Yield the style Caption and those that it is based on, the last of them first."""
    by_id = {style.get(f"{_W}styleId"): style for style in styles.iterfind(f"{_W}style")}
    chain: list[etree._Element] = []
    style = next((one for one in by_id.values() if _value(one, "name").lower() == _CAPTION), None)
    while style is not None and style not in chain and len(chain) < _MOST_BASES:
        chain.append(style)
        style = by_id.get(_value(style, "basedOn"))
    yield from reversed(chain)


def _styled(look: CaptionStyle, style: etree._Element, script: str) -> CaptionStyle:
    letters, paragraph = style.find(f"{_W}rPr"), style.find(f"{_W}pPr")
    if letters is not None:
        faces = letters.find(f"{_W}rFonts")
        if faces is not None:
            look = replace(look, font=faces.get(f"{_W}{script}") or look.font)
        if size := _value(letters, "sz"):
            look = replace(look, size=_number(size) / 2)
        color = _value(letters, "color")
        if color == "auto" or _is_color(color):
            look = replace(look, color="#000000" if color == "auto" else f"#{color.upper()}")
    if paragraph is not None and (align := _value(paragraph, "jc")):
        look = replace(look, align=cast(Literal["left", "center", "right"], _ALIGNS.get(align, "center")))
    return look


def _margins(document: etree._Element, look: CaptionStyle) -> tuple[float, float, float, float]:
    found = document.find(f"{_W}body/{_W}sectPr/{_W}pgMar")
    if found is None:
        return look.margins
    top, right, bottom, left = (
        max(0.0, _number(found.get(f"{_W}{side}", "")) / _TWIPS) if found.get(f"{_W}{side}") else usual
        for side, usual in zip(_SIDES, look.margins, strict=True)
    )
    return top, right, bottom, left


def _value(element: etree._Element, name: str) -> str:
    found = element.find(f"{_W}{name}")
    return "" if found is None else str(found.get(f"{_W}val", ""))


def _number(text: str) -> float:
    return float(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() else 0.0


def _is_color(text: str) -> bool:
    return len(text) == 6 and all(char in "0123456789abcdefABCDEF" for char in text)
