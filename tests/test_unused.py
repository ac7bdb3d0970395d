"""Table styles that nothing in a Word file uses are left out for LibreOffice, and its pages stay the same."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import docx
import pikepdf
import pypdf
import pytest

from dossier.convert import libreoffice, unused
from dossier.errors import ConversionError

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
USED = "Used"


def style(id: str, kind: str = "table", rest: str = "", **attributes: str) -> str:
    """Return a style as XML."""
    more = "".join(f' w:{name}="{value}"' for name, value in attributes.items())
    return f'<w:style w:type="{kind}" w:styleId="{id}"{more}><w:name w:val="{id}"/>{rest}</w:style>'


def package(
    path: Path,
    *styles: str,
    document: str = "",
    spare: int = unused.WORTHWHILE,
    parts: Mapping[str, str] | None = None,
) -> Path:
    """Write a package of these styles, as many that nobody needs, a document, and other parts by their names."""
    all_of_them = [*styles, *(style(f"Spare{n}") for n in range(spare))]
    with zipfile.ZipFile(path, "w") as made:
        for name, body in {"styles": "".join(all_of_them), "document": document, **(parts or {})}.items():
            made.writestr(f"word/{name}.xml", f'<w:part xmlns:w="{WORD}">{body}</w:part>')
    return path


def kept(path: Path) -> set[str] | None:
    """Return the ids of the styles that are left, or None where none are left out."""
    with zipfile.ZipFile(path) as made:
        found = unused.without_table_styles(made)
    return None if found is None else ids(found)


def ids(styles: bytes) -> set[str]:
    root = unused._parsed(styles)
    return {unused._value(one, "styleId") for one in root.iterchildren("{*}style")}


def test_a_style_that_nothing_names_is_left_out(tmp_path: Path) -> None:
    assert kept(package(tmp_path / "a.docx", style(USED), document="<w:p/>")) == set()


TABLE = f'<w:tbl><w:tblPr><w:tblStyle w:val="{USED}"/></w:tblPr></w:tbl>'


@pytest.mark.parametrize(
    ("styles", "parts"),
    [
        ([style(USED)], {"document": TABLE}),
        ([style(USED)], {"document": f"<w:p><w:r><w:pict>{TABLE}</w:pict></w:r></w:p>"}),
        ([style(USED)], {"header7": TABLE}),
        ([style(USED)], {"footnotes": TABLE}),
        ([style(USED)], {"anything/document": TABLE}),
        ([style(USED)], {"settings": f'<w:defaultTableStyle w:val="{USED}"/>'}),
        ([style(USED, default="1")], {}),
        ([style(USED), style("A", rest=f'<w:basedOn w:val="{USED}"/>', default="1")], {}),
        ([style(USED, kind="paragraph")], {}),
        ([style(USED), style("P", kind="paragraph", rest=f'<w:link w:val="{USED}"/>')], {}),
    ],
    ids=["text", "text box", "header", "footnotes", "folder", "settings", "default", "base", "paragraph", "linked"],
)
def test_a_style_that_is_named_stays(tmp_path: Path, styles: list[str], parts: Mapping[str, str]) -> None:
    found = kept(package(tmp_path / "a.docx", *styles, parts=parts))

    assert found is not None
    assert USED in found
    assert not any(name.startswith("Spare") for name in found)


def test_what_a_style_stands_on_stays_however_deep(tmp_path: Path) -> None:
    chain = [style("0"), *(style(f"{n + 1}", rest=f'<w:basedOn w:val="{n}"/>') for n in range(5))]
    found = kept(package(tmp_path / "a.docx", *chain, document=TABLE.replace(USED, "4")))

    assert found == {"0", "1", "2", "3", "4"}


def test_styles_that_stand_on_each_other_end_no_search(tmp_path: Path) -> None:
    circle = [style("A", rest='<w:basedOn w:val="B"/>'), style("B", rest='<w:basedOn w:val="A"/>')]
    assert kept(package(tmp_path / "a.docx", *circle, document=TABLE.replace(USED, "A"))) == {"A", "B"}


def test_the_strict_form_of_the_format_is_understood(tmp_path: Path) -> None:
    path = package(tmp_path / "a.docx", style(USED), document=TABLE)
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(tmp_path / "b.docx", "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(WORD.encode(), STRICT.encode()))

    assert kept(tmp_path / "b.docx") == {USED}


@pytest.mark.parametrize("used", [0, 1, 40])
def test_few_unused_styles_are_not_worth_packing_a_file_anew(tmp_path: Path, used: int) -> None:
    styles = [style(f"{USED}{n}") for n in range(used)]
    document = "".join(TABLE.replace(USED, f"{USED}{n}") for n in range(used))

    assert kept(package(tmp_path / "a.docx", *styles, document=document, spare=unused.WORTHWHILE - 1)) is None
    assert kept(package(tmp_path / "b.docx", *styles, document=document)) == {f"{USED}{n}" for n in range(used)}


@pytest.mark.parametrize("name", ["word/footer1.xml", "elsewhere/document.bin"])
def test_where_a_part_cannot_be_read_all_styles_stay(tmp_path: Path, name: str) -> None:
    path = package(tmp_path / "a.docx")
    with zipfile.ZipFile(path, "a") as made:
        made.writestr(name, b"\0 no XML")

    assert kept(path) is None


def test_pictures_and_embedded_files_are_not_taken_for_text(tmp_path: Path) -> None:
    path = package(tmp_path / "a.docx", style(USED), document=TABLE)
    with zipfile.ZipFile(path, "a") as made:
        for name in ("word/media/a.png", "word/embeddings/b.bin", "word/fonts/c.odttf", "docProps/thumbnail.jpeg"):
            made.writestr(name, b"\0 no XML")

    assert kept(path) == {USED}


def test_a_package_without_styles_has_none_to_leave_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as made:
        made.writestr("word/document.xml", "<a/>")

    assert kept(tmp_path / "a.docx") is None


@pytest.mark.libreoffice
def test_the_pages_are_the_same_as_with_all_styles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed here")
    document = docx.Document()
    document.add_heading("Tables", 1)
    for name in (None, "Table Grid", "Light Shading Accent 1", "Colorful Grid Accent 6"):
        table = document.add_table(rows=3, cols=3, style=name)
        table.cell(1, 1).text = str(name)
        document.add_paragraph("between")
    source = tmp_path / "a.docx"
    document.save(str(source))
    fewer = kept(source)
    assert fewer is not None
    assert {"TableGrid", "LightShading-Accent1", "ColorfulGrid-Accent6"} <= fewer
    assert "MediumGrid1" not in fewer

    drawn = converted(source, tmp_path / "fewer.pdf")
    monkeypatch.setattr(unused, "without_table_styles", lambda package: None)
    assert drawn == converted(source, tmp_path / "all.pdf")


def converted(source: Path, out: Path) -> list[bytes]:
    """Return what LibreOffice draws, page by page."""
    [outcome] = libreoffice.convert_batch([(source, out)], fontconfig=None)
    assert not isinstance(outcome, ConversionError)
    assert "Table Grid" in pypdf.PdfReader(out).pages[0].extract_text()
    with pikepdf.open(out) as pdf:
        return [page.Contents.read_bytes() for page in pdf.pages]
