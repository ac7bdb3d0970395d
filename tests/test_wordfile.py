"""A Word file can be given links, pictures, styles and lists, and its bytes depend on what is in it alone."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from conftest import MakeDocx
from docx import Document

from dossier import wordfile
from dossier.wordfile import BODY, WordFile


@pytest.fixture
def file(make_docx: MakeDocx) -> WordFile:
    return opened(make_docx("a.docx", "text"))


def opened(path: Path) -> WordFile:
    with zipfile.ZipFile(path) as package:
        return WordFile({name: package.read(name) for name in package.namelist()})


def test_an_untouched_file_is_written_as_it_was(file: WordFile, tmp_path: Path) -> None:
    file.write(tmp_path / "out.docx")
    assert opened(tmp_path / "out.docx").members == file.members


def test_a_link_is_related_once_and_found_again(file: WordFile) -> None:
    first = file.relate(BODY, "hyperlink", "dossier:1", external=True)
    assert file.relate(BODY, "hyperlink", "dossier:1", external=True) == first
    assert file.relate(BODY, "hyperlink", "dossier:2", external=True) != first
    relation = file.relations(BODY)[first]
    assert (relation.kind, relation.target, relation.external) == ("hyperlink", "dossier:1", True)


def test_an_id_that_is_taken_is_not_given_again(file: WordFile) -> None:
    taken = set(file.relations(BODY))
    given = [file.relate(BODY, "hyperlink", str(number), external=True) for number in range(50)]
    assert len({*taken, *given}) == len(taken) + 50


def test_what_lies_inside_is_named_from_the_root(file: WordFile) -> None:
    targets = {relation.kind: relation.target for relation in file.relations(BODY).values()}
    assert targets["styles"] == "word/styles.xml"


def test_a_picture_is_kept_once_for_all_parts(file: WordFile, tmp_path: Path) -> None:
    before = len(file.members)
    first = file.add_picture(BODY, b"data", "png")
    assert file.add_picture(BODY, b"data", "png") == first
    assert len(file.members) == before + 1
    file.add_picture("word/header9.xml", b"data", "png")
    assert len(file.members) == before + 1
    file.write(tmp_path / "out.docx")
    part = Document(str(tmp_path / "out.docx")).part.related_parts[first]
    assert (part.blob, part.content_type) == (b"data", "image/png")


def test_the_hyperlink_style_is_found_or_made_once(file: WordFile) -> None:
    assert not wordfile.has_style(file.members[wordfile.STYLES], "Hyperlink", "character")
    assert file.hyperlink_style() == file.hyperlink_style() == "Hyperlink"
    styles = wordfile.serialised(file.styles())
    assert styles.count(b'w:styleId="Hyperlink"') == 1
    assert wordfile.has_style(styles, "Hyperlink", "character")


def test_a_style_of_another_kind_is_another_style(file: WordFile) -> None:
    assert file.style_id("heading 1", "paragraph") == "Heading1"
    assert file.style_id("heading 1", "character") == ""


def test_bytes_depend_on_the_content_alone(make_docx: MakeDocx, tmp_path: Path) -> None:
    made = []
    for name in ("1.docx", "2.docx"):
        file = opened(make_docx("a.docx", "text"))
        file.add_picture(BODY, b"data", "png")
        file.relate(BODY, "hyperlink", "dossier:1", external=True)
        file.write(tmp_path / name)
        made.append(opened(tmp_path / name).members)
    assert made[0].keys() == made[1].keys()
    assert all(made[0][name] == made[1][name] for name in made[0] if not name.startswith("docProps"))


def test_a_tree_resolves_nothing() -> None:
    file = WordFile({"a.xml": b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>'})
    assert not (file.tree("a.xml").text or "").strip()
