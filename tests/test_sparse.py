"""A thinned font draws the characters it is asked for as the whole font does, under the same glyph numbers."""

from __future__ import annotations

import io
from functools import cache

import pytest
from fontTools.ttLib import TTFont

from dossier import fonts
from dossier.convert.sparse import Sparse
from dossier.fonts import HEI, SONG, Face

FACES = pytest.mark.parametrize("face", [SONG, HEI], ids=["Song", "Hei"])
TEXT = "质量强市，2023年；ABC“云岭”①"


@cache
def whole(face: Face) -> TTFont:
    return TTFont(face.path, lazy=True)


@cache
def thinned(face: Face, always: str = "") -> TTFont:
    read = Sparse.read(fonts.data(face.path), fonts.glyphs(face), map(ord, always))
    return TTFont(io.BytesIO(read.holding(TEXT)), lazy=True)


def outline(font: TTFont, number: int) -> bytes:
    places = font["loca"]
    return bytes(font.getTableData("glyf")[places[number] : places[number + 1]])


@FACES
def test_shipped_faces_are_of_the_kind_that_can_be_thinned(face: Face) -> None:
    font = whole(face)
    places, outlines = font["loca"], font.getTableData("glyf")
    composite = [
        place for place, end in zip(places, list(places)[1:], strict=False) if outlines[place:end][:1] >= b"\x80"
    ]

    assert (font.sfntVersion, font["head"].indexToLocFormat, composite) == ("\0\1\0\0", 1, [])


@FACES
@pytest.mark.parametrize("char", TEXT)
def test_a_character_that_is_asked_for_is_drawn_as_in_the_whole_font(face: Face, char: str) -> None:
    number = fonts.glyphs(face)[ord(char)]

    assert fonts.is_drawn(char)
    assert outline(whole(face), number)
    assert outline(thinned(face), number) == outline(whole(face), number)


@FACES
def test_characters_that_are_not_asked_for_lose_their_outlines(face: Face) -> None:
    number = fonts.glyphs(face)[ord("蓉")]

    assert outline(whole(face), number)
    assert not outline(thinned(face), number)
    assert len(thinned(face).getTableData("glyf")) < len(whole(face).getTableData("glyf")) / 20


@FACES
def test_a_character_that_is_always_wanted_stays(face: Face) -> None:
    number = fonts.glyphs(face)[ord("蓉")]

    assert outline(thinned(face, "蓉"), number) == outline(whole(face), number)


@FACES
def test_glyphs_that_no_character_names_stay(face: Face) -> None:
    nameless = {*range(whole(face)["maxp"].numGlyphs)} - {*fonts.glyphs(face).values()}
    drawn = [number for number in sorted(nameless) if outline(whole(face), number)]

    assert drawn
    assert all(outline(thinned(face), number) == outline(whole(face), number) for number in drawn)


@FACES
def test_everything_but_outlines_stays_as_it_is(face: Face) -> None:
    tables = {*whole(face).reader.keys()} - {"glyf", "loca"}

    assert {*thinned(face).reader.keys()} - {"glyf", "loca"} == tables
    assert all(thinned(face).getTableData(tag) == whole(face).getTableData(tag) for tag in tables)


@FACES
def test_a_character_that_the_face_lacks_is_passed_over(face: Face) -> None:
    read = Sparse.read(fonts.data(face.path), fonts.glyphs(face), ())

    assert 0x20000 not in fonts.glyphs(face)
    assert read.holding("质\U00020000") == read.holding("质")
