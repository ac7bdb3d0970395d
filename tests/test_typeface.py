"""A typeface's part is taken from the right face of a file, and no two parts of fonts in a book share a name."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest
from fontTools.ttLib import TTCollection, TTFont

from dossier import fonts
from dossier.typeface import Face, embed, load_face

TEXT = "云岭市 57"


def base_name(face: Face) -> str:
    with pikepdf.new() as pdf:
        return str(embed(pdf, face).BaseFont)


@pytest.mark.parametrize(("index", "name"), [(0, "DossierSong"), (1, "DossierHei")])
def test_a_face_of_a_collection_is_found_by_its_index(tmp_path: Path, index: int, name: str) -> None:
    collection = TTCollection()
    collection.fonts = [
        TTFont(io.BytesIO(load_face(face.path, [TEXT]).program), recalcTimestamp=False)
        for face in (fonts.SONG, fonts.HEI)
    ]
    collection.save(tmp_path / "both.ttc")

    face = load_face(tmp_path / "both.ttc", [TEXT], index=index)

    assert face.name.startswith(name)
    assert face.missing == frozenset()


def test_the_part_of_a_font_is_named_by_what_it_holds() -> None:
    names = [base_name(load_face(fonts.SONG.path, [text])) for text in (TEXT, "另一段", TEXT)]

    assert names[0] == names[2]
    assert names[0] != names[1]
    assert [name[7:] for name in names] == ["+DossierSong-Regular"] * 3
    assert all(name[1:7].isalpha() and name[1:7].isupper() for name in names)
