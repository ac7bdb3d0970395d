"""Packages are looked into before an engine is: bombs, DTDs and calls to the outside do not get through."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import docx
import pytest

from dossier.convert import ooxml
from dossier.errors import ConversionError

RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)


def relation(kind: str, target: str, *, number: int = 1, mode: str = ' TargetMode="External"') -> str:
    return f'<Relationship Id="rId{number}" Type="{RELATIONSHIPS}/{kind}" Target="{target}"{mode}/>'


def package(path: Path, parts: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def refused(path: Path) -> str:
    with pytest.raises(ConversionError) as caught:
        ooxml.inspect(path)
    assert path.name in caught.value.message
    assert caught.value.fix
    return caught.value.code


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.docx"
    document = docx.Document()
    document.add_paragraph("正文")
    document.save(str(path))
    return path


def test_an_honest_document_is_not_remarked_upon_and_not_changed(plain: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.docx"

    assert ooxml.inspect(plain) == ()
    assert ooxml.neutralise(plain, copy) == ()
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(copy) as after:
        assert before.namelist() == after.namelist()
        assert all(before.read(name) == after.read(name) for name in before.namelist())


@pytest.mark.parametrize("kind", ["attachedTemplate", "image", "oleObject", "subDocument", "frame", "externalLinkPath"])
@pytest.mark.parametrize("target", ["http://example.org/a", "file:///etc/passwd", r"\\server\share\a", "../a.dotm"])
def test_external_relationships_are_named_and_removed(tmp_path: Path, kind: str, target: str) -> None:
    rels = RELS.format(relation(kind, target) + relation("styles", "styles.xml", number=2, mode=""))
    source = package(tmp_path / "linked.docx", {"word/_rels/document.xml.rels": rels, "word/document.xml": "<d/>"})
    copy = tmp_path / "copy.docx"

    [note] = ooxml.inspect(source)
    [removed] = ooxml.neutralise(source, copy)

    assert note.code == "external-content"
    assert f"{kind} {target}" in note.message
    assert removed == ooxml.External("word/_rels/document.xml.rels", kind, target)
    assert ooxml.inspect(copy) == ()
    with zipfile.ZipFile(copy) as archive:
        text = archive.read("word/_rels/document.xml.rels").decode("utf-8")
    assert "styles.xml" in text
    assert target not in text


def test_a_target_outside_that_does_not_say_so(tmp_path: Path) -> None:
    rels = RELS.format(relation("image", "http://example.org/a.png", mode=""))
    source = package(tmp_path / "sly.docx", {"word/_rels/document.xml.rels": rels})

    assert [note.code for note in ooxml.inspect(source)] == ["external-content"]


def test_hyperlinks_stay(tmp_path: Path) -> None:
    rels = RELS.format(relation("hyperlink", "https://example.org/"))
    source = package(tmp_path / "links.docx", {"word/_rels/document.xml.rels": rels})

    assert ooxml.inspect(source) == ()
    assert ooxml.neutralise(source, tmp_path / "copy.docx") == ()


def test_a_document_without_its_links_still_opens(plain: Path, tmp_path: Path) -> None:
    document = docx.Document(str(plain))
    document.part.relate_to("http://example.org/t.dotm", f"{RELATIONSHIPS}/attachedTemplate", is_external=True)
    document.save(str(plain))

    assert len(ooxml.neutralise(plain, tmp_path / "copy.docx")) == 1
    assert docx.Document(str(tmp_path / "copy.docx")).paragraphs[0].text == "正文"


def test_macros_are_named(tmp_path: Path) -> None:
    source = package(tmp_path / "macros.docm", {"word/vbaProject.bin": b"\xd0\xcf"})

    [note] = ooxml.inspect(source)

    assert note.code == "macros"
    assert note.fix


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE d SYSTEM "http://example.org/x.dtd">',
        '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("before", ["", "<!--" + "x" * 9000 + "-->"])
def test_a_dtd_is_refused_wherever_it_hides(tmp_path: Path, declared: str, encoding: str, before: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>{before}{declared}<d/>'

    source = package(tmp_path / "dtd.docx", {"word/part.bin": text.encode(encoding)})

    assert refused(source) == "hostile-source"


def test_a_dtd_in_relationships_is_refused_by_both(tmp_path: Path) -> None:
    text = RELS.format("").replace("<Relationships", "<!DOCTYPE Relationships><Relationships")
    source = package(tmp_path / "dtd.docx", {"_rels/.rels": text})

    assert refused(source) == "hostile-source"
    with pytest.raises(ConversionError):
        ooxml.neutralise(source, tmp_path / "copy.docx")


def test_a_drawing_may_name_its_public_dtd_but_declare_nothing(tmp_path: Path) -> None:
    public = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    good = package(tmp_path / "good.docx", {"word/media/image1.svg": f"<?xml version='1.0'?>{public}<svg/>"})
    bad = package(tmp_path / "bad.docx", {"word/media/image1.svg": "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>"})

    assert ooxml.inspect(good) == ()
    assert refused(bad) == "hostile-source"


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    source = package(tmp_path / "bomb.docx", {"word/media/a.bin": b"\0" * (ooxml.RATIO_FROM + 1)})
    assert source.stat().st_size < 100_000

    assert refused(source) == "hostile-source"


def test_too_many_parts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ooxml, "MAX_ENTRIES", 3)
    source = package(tmp_path / "many.docx", {f"word/{n}.bin": b"" for n in range(3)})

    assert refused(source) == "hostile-source"


def test_a_size_that_lies_is_found_out(tmp_path: Path) -> None:
    source = package(tmp_path / "liar.docx", {"word/media/a.bin": b"\0" * 50_000})
    data = bytearray(source.read_bytes())
    claimed = struct.pack("<I", 50_000)
    data = bytearray(bytes(data).replace(claimed, struct.pack("<I", 50)))
    source.write_bytes(data)

    assert refused(source) == "damaged-source"


def test_twins_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "twins.docx"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("word/document.xml", "<b/>")

    assert refused(source) == "damaged-source"


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_package_cut_short(plain: Path, kept: float) -> None:
    data = plain.read_bytes()
    plain.write_bytes(data[: int(len(data) * kept)])

    assert refused(plain) == "damaged-source"


def test_a_flipped_bit_is_noticed(plain: Path) -> None:
    with zipfile.ZipFile(plain) as archive:
        info = archive.getinfo("word/document.xml")
    data = bytearray(plain.read_bytes())
    data[info.header_offset + 30 + len(info.filename) + info.compress_size // 2] ^= 0x10
    plain.write_bytes(data)

    assert refused(plain) == "damaged-source"


def test_a_locked_package(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    data = bytearray(stream.getvalue())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    source = tmp_path / "locked.docx"
    source.write_bytes(data)

    assert refused(source) == "encrypted-source"


@pytest.mark.parametrize("encoding", ["x-unknown", "utf-7", "idna", "rot13"])
def test_relationships_in_an_encoding_that_nobody_reads_are_damaged(tmp_path: Path, encoding: str) -> None:
    rels = f'<?xml version="1.0" encoding="{encoding}"?><Relationships/>'

    assert refused(package(tmp_path / "a.docx", {"_rels/.rels": rels})) == "damaged-source"


def test_a_part_that_begins_where_no_file_can_reach_is_damaged(tmp_path: Path) -> None:
    path = package(tmp_path / "a.docx", {"word/document.xml": "<document/>"})
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02") + 42  # where the last entry of the directory says that its part begins
    data[at : at + 4] = b"\xff\xff\xff\x7f"
    path.write_bytes(data)

    assert refused(path) == "damaged-source"
