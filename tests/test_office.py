"""Office files are recognised by content, and nothing that they refer to outside themselves is ever fetched."""

from __future__ import annotations

import base64
import http.server
import re
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import docx
import pikepdf
import pypdf
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from lxml import etree  # type: ignore[import-untyped]
from PIL import Image

from dossier.convert import libreoffice, office
from dossier.convert.office import Format
from dossier.errors import ConversionError
from dossier.part import Note

OLE_HEAD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        **{"office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style"},
        **{"svg": "svg-compatible", "script": "script"},
    }.items()
)
MIMETYPES = {"odt": "text", "ods": "spreadsheet", "odp": "presentation"}


# --- recognition ---------------------------------------------------------------------------------------------------


def compound(*names: str, streams: dict[str, bytes] | None = None, nested: str = "") -> bytes:
    """Return a compound file with streams and storages of these names at its top, and one more below the first."""
    held = {name: (streams or {}).get(name, b"") for name in names}
    none, end = 0xFFFFFFFF, 0xFFFFFFFE
    entries = [
        ("Root", b"", none, 1),
        *((n, d, i + 2 if i + 1 < len(held) else none, none) for i, (n, d) in enumerate(held.items())),
    ]
    if nested:
        entries[1] = (*entries[1][:3], len(entries))
        entries.append((nested, b"", none, none))
    count = -(-len(entries) // 4)
    table = {0: 0xFFFFFFFD} | {n: n + 1 for n in range(1, count + 1)} | {count: end}
    directory, contents, sector = b"", b"", count + 1
    for name, data, right, child in entries:
        entry = bytearray(128)
        text = name.encode("utf-16-le") + b"\0\0"
        entry[: len(text)] = text
        entry[66] = 5 if name == "Root" else 2
        size = len(data) and max(len(data), 4096)
        numbers = ((64, len(text), 2), (68, none, 4), (72, right, 4), (76, child, 4), (116, sector, 4), (120, size, 4))
        for at, value, length in numbers:
            entry[at : at + length] = value.to_bytes(length, "little")
        directory += entry
        contents += data + bytes(size - len(data))
        used = size // 512
        table |= {n: n + 1 for n in range(sector, sector + used)} | ({sector + used - 1: end} if used else {})
        sector += used
    header = bytearray(512)
    header[:8] = OLE_HEAD
    for at, value in ((24, 0x3E), (26, 3), (28, 0xFFFE), (30, 9), (32, 6), (44, 1), (48, 1), (57, 0x10)):
        header[at : at + 2] = value.to_bytes(2, "little")
    header[60:64] = header[68:72] = end.to_bytes(4, "little")
    header[76:512] = bytes(4) + b"\xff" * 432
    fat = b"".join(table.get(n, none).to_bytes(4, "little") for n in range(128))
    return bytes(header) + fat + directory + bytes(count * 512 - len(directory)) + contents


def package(*parts: str, mimetype: str = "") -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as zipped:
            for part in parts:
                zipped.writestr(part, mimetype if part == "mimetype" else "<x/>")

    return write


TYPES = "[Content_Types].xml"
ODF = "application/vnd.oasis.opendocument."
EXCEL_HTML = b'<html xmlns:x="urn:schemas-microsoft-com:office:excel"><body>'
EXCEL_XML = b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?><Workbook/>'
FILES: list[tuple[str, bytes | Callable[[Path], None], Format | None]] = [
    ("a.bin", compound("WordDocument", "1Table"), Format.DOC),
    ("a.bin", compound("Workbook"), Format.XLS),
    ("a.bin", compound("Book"), Format.XLS),
    ("a.bin", compound("Current User", "PowerPoint Document"), Format.PPT),
    ("x.xls", compound("MBD01", "Workbook", nested="WordDocument"), Format.XLS),
    ("x.doc", compound("ObjectPool", "WordDocument", nested="Workbook"), Format.DOC),
    ("x.doc", compound("__properties_version1.0"), None),
    ("x.wps", OLE_HEAD + b"\0" * 600 + "WordDocument".encode("utf-16-le"), Format.DOC),
    ("a.bin", package(TYPES, "word/document.xml"), Format.DOCX),
    ("a.bin", package(TYPES, "xl/workbook.xml"), Format.XLSX),
    ("a.bin", package(TYPES, "xl/workbook.bin"), Format.XLSB),
    ("a.bin", package(TYPES, "ppt/presentation.xml"), Format.PPTX),
    ("a.bin", package("mimetype", "content.xml", mimetype=f"{ODF}text"), Format.ODT),
    ("a.bin", package("mimetype", "content.xml", mimetype=f"{ODF}spreadsheet-template"), Format.ODS),
    ("a.bin", package("mimetype", "content.xml", mimetype=f"{ODF}presentation"), Format.ODP),
    ("a.bin", package("mimetype", "content.xml", mimetype=f"{ODF}graphics"), Format.ODG),
    ("a.docx", package("a.txt"), None),
    ("a.docx", b"PK\x03\x04broken", None),
    ("a.bin", b"{\\rtf1 x}", Format.RTF),
    ("a.txt", b"<!DOCTYPE html><p>x", Format.HTML),
    ("a.txt", b"\xef\xbb\xbf\n<?xml version='1.0'?><!-- x --><html>", Format.HTML),
    ("a.txt", "<html>".encode("utf-16"), Format.HTML),
    ("a.html", b"<p>no head", Format.HTML),
    ("a.xls", b"<table><tr><td>1</table>", Format.HTML_TABLE),
    ("a.htm", EXCEL_HTML, Format.HTML_TABLE),
    ("a.xls", EXCEL_XML, Format.XLS_XML),
    ("a.csv", b"a,b\n1,2", Format.CSV),
    ("a.xls", b"a\tb\n1\t2", Format.CSV),
    ("a.txt", b"a,b\n1,2", Format.TEXT),
    ("a.txt", b"a < b, and <html> later", Format.TEXT),
    ("a.bin", b"\0\1\2", None),
]


@pytest.mark.parametrize(("name", "content", "expected"), FILES)
def test_a_format_is_known_by_its_content(
    tmp_path: Path, name: str, content: bytes | Callable[[Path], None], expected: Format | None
) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)
    assert office.format_of(path) == expected
    assert bool(office.name_of(path)) is (expected is not None)


@pytest.mark.parametrize(
    ("suffix", "stream", "name"),
    [
        (".wps", "WordDocument", "WPS Writer (WPS)"),
        (".et", "Workbook", "WPS Spreadsheets (ET)"),
        (".dps", "PowerPoint Document", "WPS Presentation (DPS)"),
        (".xls", "Workbook", "old Excel (XLS)"),
        (".et", "WordDocument", "old Word (DOC)"),
    ],
)
def test_files_of_wps_are_called_by_their_own_names(tmp_path: Path, suffix: str, stream: str, name: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(compound(stream))
    assert office.name_of(path) == name


def record(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "little") + len(data).to_bytes(2, "little") + data


def boundsheet(name: str, state: int) -> bytes:
    return record(0x85, bytes(4) + bytes([state, 0, len(name), 1]) + name.encode("utf-16-le"))


LOCKED = {
    "a.docx": compound("EncryptedPackage", "EncryptionInfo"),
    "a.xls": compound("Workbook", streams={"Workbook": record(0x809, bytes(16)) + record(0x2F, bytes(6))}),
    "a.doc": compound("WordDocument", streams={"WordDocument": b"\xec\xa5" + bytes(8) + b"\x00\x01" + bytes(20)}),
}


@pytest.mark.parametrize("name", LOCKED)
def test_a_file_that_is_locked_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(LOCKED[name])
    with pytest.raises(ConversionError, match=re.escape(name)) as caught:
        office.format_of(tmp_path / name)
    assert caught.value.code == "encrypted-source"


def test_an_old_workbook_says_which_sheets_are_hidden(tmp_path: Path) -> None:
    sheets = boundsheet("明", 0) + boundsheet("暗", 1) + boundsheet("极暗", 2)
    globals_ = record(0x809, bytes(16)) + sheets + record(0x0A, b"") + boundsheet("不算", 1)
    path = tmp_path / "a.xls"
    path.write_bytes(compound("Workbook", streams={"Workbook": globals_}))
    assert office.hidden_sheets(path, Format.XLS) == {"暗", "极暗"}


def test_an_opendocument_workbook_says_which_sheets_are_hidden(tmp_path: Path) -> None:
    styles = (
        '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/></style:style>'
    )
    tables = '<table:table table:name="暗" table:style-name="h"/><table:table table:name="明" table:style-name="v"/>'
    path = write_odf(tmp_path / "a.ods", tables, styles)
    assert office.hidden_sheets(path, Format.ODS) == {"暗"}


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("word/wordDocument.doc", Format.DOC),
        ("sheet/chinese-provinces.xls", Format.XLS),
        ("slides/54880_chinese.ppt", Format.PPT),
        ("sheet/TestExcelConversion.xlsx", Format.XLSX),
        ("slides/Performance_Out.pptx", Format.PPTX),
    ],
)
def test_files_from_the_wild_are_known(real: Callable[[str], Path], name: str, expected: Format) -> None:
    assert office.format_of(real(name)) == expected


# --- OpenDocument --------------------------------------------------------------------------------------------------


def write_odf(path: Path, body: str, styles: str = "", extra: dict[str, str] | None = None) -> Path:
    word = MIMETYPES[path.suffix[1:]]
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    files = {"/": f"{ODF}{word}", "content.xml": "text/xml"} | dict.fromkeys(extra or {}, "image/svg+xml")
    entries = "".join(f'<m:file-entry m:full-path="{n}" m:media-type="{t}"/>' for n, t in files.items())
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("mimetype", f"{ODF}{word}")
        zipped.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{manifest}">{entries}</m:manifest>')
        zipped.writestr(
            "content.xml",
            f'<office:document-content {NAMESPACES} xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.2">'
            f"<office:automatic-styles>{styles}</office:automatic-styles>"
            f"<office:body><office:{word}>{body}</office:{word}></office:body></office:document-content>",
        )
        for name, text in (extra or {}).items():
            zipped.writestr(name, text)
    return path


def cleaned(path: Path, part: str = "content.xml") -> tuple[str, tuple[Note, ...]]:
    """Copy a package safely; return one part of the copy, and the notes."""
    out = path.with_name("copy")
    notes = office.copy_safely(path, office.format_of(path), out)
    with zipfile.ZipFile(out) as copy:
        return copy.read(part).decode(), notes


def picture(target: str) -> str:
    image = f'<draw:image xlink:href="{target}" xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"/>'
    return f'<draw:frame svg:width="5cm" svg:height="5cm" text:anchor-type="as-char">{image}</draw:frame>'


OUTSIDE = [
    "http://x.invalid/a.png",
    "file:///etc/a.png",
    "/etc/a.png",
    "../a.png",
    "\\\\host\\a.png",
    " HTTPS://x.invalid/a",
]


@pytest.mark.parametrize("target", OUTSIDE)
def test_a_picture_outside_the_package_is_cut_and_named(tmp_path: Path, target: str) -> None:
    text, notes = cleaned(write_odf(tmp_path / "a.odt", f"<text:p>{picture(target)}</text:p>"))
    assert "a.png" not in text
    assert "x.invalid" not in text
    assert [note.code for note in notes] == ["external-content"]
    assert target.strip() in notes[0].message


def test_an_empty_list_of_scripts_is_nothing_to_speak_of(tmp_path: Path) -> None:
    text, notes = cleaned(write_odf(tmp_path / "a.odt", "<office:scripts/><text:p>x</text:p>"))
    assert notes == ()
    assert "scripts" not in text


@pytest.mark.parametrize(
    "body", [picture("Pictures/a.png"), picture("./Object 1"), '<text:a xlink:href="http://x.invalid">a</text:a>']
)
def test_what_is_inside_and_links_to_click_on_stay(tmp_path: Path, body: str) -> None:
    path = write_odf(tmp_path / "a.odt", f"<text:p>{body}</text:p>")
    with zipfile.ZipFile(path) as zipped:
        before = zipped.read("content.xml").decode()
    assert cleaned(path) == (before, ())


@pytest.mark.parametrize(
    "body",
    [
        '<text:section text:name="s"><text:section-source xlink:href="a.odt"/><text:p>旧</text:p></text:section>',
        '<text:section text:name="s"><office:dde-source office:dde-application="a"/><text:p>旧</text:p></text:section>',
        '<table:table><table:table-source xlink:href="a.ods"/></table:table><text:p>旧</text:p>',
        '<office:event-listeners><script:event-listener xlink:href="x"/></office:event-listeners><text:p>旧</text:p>',
    ],
)
def test_sources_and_scripts_go_and_what_they_last_showed_stays(tmp_path: Path, body: str) -> None:
    text, notes = cleaned(write_odf(tmp_path / "a.odt", body))
    assert "source" not in text
    assert "listener " not in text
    assert "旧" in text
    assert [note.code for note in notes] == ["external-content"]


def test_values_stand_where_formulas_stood(tmp_path: Path) -> None:
    with_value = '<table:table-cell table:formula="of:=1+1" office:value-type="float" office:value="77"/>'
    without = '<table:table-cell table:formula="of:=2+2"/>'
    text, notes = cleaned(write_odf(tmp_path / "a.ods", f"<table:table>{with_value}{without}</table:table>"))
    assert "1+1" not in text
    assert 'office:value="77"' in text
    assert "2+2" in text
    assert notes == ()


def test_dates_stay_as_their_author_saw_them(tmp_path: Path) -> None:
    text, _ = cleaned(write_odf(tmp_path / "a.odt", "<text:p><text:date>2023年3月1日</text:date></text:p>"))
    assert 'text:fixed="true"' in text


def test_parts_of_embedded_documents_are_cleaned_too(tmp_path: Path) -> None:
    inner = f'<x {NAMESPACES} xmlns:xlink="http://www.w3.org/1999/xlink">{picture("http://x.invalid/a.png")}</x>'
    path = write_odf(tmp_path / "a.odt", "<text:p/>", extra={"Object 1/content.xml": inner})
    text, notes = cleaned(path, "Object 1/content.xml")
    assert "x.invalid" not in text
    assert len(notes) == 1


def test_what_the_package_is_stays_readable_at_its_start(tmp_path: Path) -> None:
    path = write_odf(tmp_path / "a.odt", f"<text:p>{picture('http://x.invalid/a.png')}</text:p>")
    cleaned(path)
    assert b"mimetypeapplication/vnd.oasis.opendocument.text" in (tmp_path / "copy").read_bytes()[:100]


SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">'
    '<image xlink:href="{}" width="9" height="9"/><use href="#a"/></svg>'
)


@pytest.mark.parametrize("part", ["Pictures/a.svg", "Pictures/a.png"])
@pytest.mark.parametrize("target", [*OUTSIDE, "a.png", "data:image/svg+xml;base64,PHN2Zz4="])
def test_a_drawing_inside_a_package_loads_nothing(tmp_path: Path, part: str, target: str) -> None:
    path = write_odf(tmp_path / "a.odt", "<text:p/>", extra={part: SVG.format(target)})
    text, notes = cleaned(path, part)
    assert "image" in text
    assert 'xlink:href="' not in text
    assert 'href="#a"' in text
    assert [note.code for note in notes] == ["external-content"]


def test_a_drawing_inside_an_ooxml_package_loads_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    docx.Document().save(str(path))
    with zipfile.ZipFile(path, "a") as zipped:
        zipped.writestr("word/media/a.svg", SVG.format("http://x.invalid/a.png"))
    text, notes = cleaned(path, "word/media/a.svg")
    assert "x.invalid" not in text
    assert [note.code for note in notes] == ["external-content"]


def test_hidden_slides_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.pptx"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr(TYPES, "<x/>")
        for number, show in enumerate(("", ' show="0"', ' show="1"', ' show="false"'), start=1):
            zipped.writestr(f"ppt/slides/slide{number}.xml", f'<?xml version="1.0"?><p:sld xmlns:p="p"{show}/>')
    notes = office.copy_safely(path, Format.PPTX, tmp_path / "copy")
    assert [note.code for note in notes] == [office.HIDDEN_SLIDES]
    assert notes[0].message.startswith("2 of 4 ")


# --- RTF -----------------------------------------------------------------------------------------------------------


def copied(path: Path, content: str | bytes) -> tuple[str, tuple[Note, ...]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    out = path.with_name("copy")
    notes = office.copy_safely(path, office.format_of(path), out)
    return out.read_bytes().decode("utf-8", "replace"), notes


FETCHING = [
    r'INCLUDEPICTURE "http://x.invalid/a.png" \\d',
    r'{\b INCLUDE}{\i PICTURE} "C:\\a.png"',
    r"\'49NCLUDEPICTURE a.png",
    r"\u73?NCLUDETEXT a.rtf",
    "INCLUDE\r\nTEXT a.rtf",
    'DDEAUTO cmd "/c x" y',
    r"IF 1 = 1 {\field{\*\fldinst INCLUDEPICTURE a.png}{\fldrslt x}}",
    r"HYPERLINK {\field{\*\fldinst INCLUDEPICTURE a.png}{\fldrslt x}}",
    r"\bin4 }}}}INCLUDEPICTURE a.png",
    "LINK Excel.Sheet a.xls",
    "UNHEARD OF",
    "DATE",
]


@pytest.mark.parametrize("instruction", FETCHING)
def test_a_field_that_fetches_or_changes_keeps_only_what_it_showed(tmp_path: Path, instruction: str) -> None:
    rtf = r"{\rtf1 a{\field\flddirty{\*\fldinst {" + instruction + r"}}{\fldrslt {shown}}} z}"
    text, notes = copied(tmp_path / "a.rtf", rtf)
    assert text == r"{\rtf1 a{\field\flddirty{\*\fldinst }{\fldrslt {shown}}} z}"
    assert [note.code for note in notes] == ["external-content"]


@pytest.mark.parametrize(
    "instruction", ['HYPERLINK "http://x.invalid"', "PAGE", r" TOC \\o 1-3 ", "page  ", r"PAGEREF _Toc1 \\h"]
)
def test_a_field_that_needs_nothing_stays(tmp_path: Path, instruction: str) -> None:
    rtf = r"{\rtf1 a{\field{\*\fldinst {" + instruction + r"}}{\fldrslt 1}} \{ \\ z}"
    assert copied(tmp_path / "a.rtf", rtf) == (rtf, ())


def test_an_rtf_file_that_breaks_off_inside_a_field_is_cut_to_its_end(tmp_path: Path) -> None:
    text, _ = copied(tmp_path / "a.rtf", r"{\rtf1 a{\field{\*\fldinst INCLUDEPICTURE a.png")
    assert "INCLUDE" not in text


# --- HTML ----------------------------------------------------------------------------------------------------------

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.mark.parametrize(
    "part",
    [
        '<img src="http://x.invalid/a.png">',
        '<img src="a.png">',
        '<img src="file:///etc/a.png" srcset="http://x.invalid/b.png 2x">',
        '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
        '<script src="http://x.invalid/a.js"></script><script>alert(1)</script>',
        '<link rel="stylesheet" href="http://x.invalid/a.css">',
        "<style>@import 'http://x.invalid/a.css'; p { color: red }</style>",
        '<style>p { background: url("http://x.invalid/a.png") }</style>',
        "<style>p { background: u/**/rl(http://x.invalid/a.png) }</style>",
        "<style>p { background: \\75rl(http://x.invalid/a.png) }</style>",
        '<p style="background-image: URL(http://x.invalid/a.png">x</p>',
        '<table background="http://x.invalid/a.png"><tr><td>x</table>',
        '<p onclick="location=`http://x.invalid`">x</p>',
        '<meta http-equiv="refresh" content="0;url=http://x.invalid">',
        '<base href="http://x.invalid/">',
        '<iframe src="http://x.invalid"></iframe>',
        '<object data="http://x.invalid"><embed src="http://x.invalid"></object>',
        '<video poster="http://x.invalid"><source src="http://x.invalid"></video>',
        '<svg><image href="http://x.invalid"/></svg>',
        '<input type="image" src="http://x.invalid">',
        '<form action="http://x.invalid"><p>x</p></form>',
        '<v:imagedata src="http://x.invalid" o:href="http://x.invalid"/>',
        "<!--[if gte vml 1]><img src='http://x.invalid'><![endif]-->",
        '<?import href="http://x.invalid"?>',
    ],
)
def test_nothing_of_a_page_can_fetch_or_act(tmp_path: Path, part: str) -> None:
    text, _ = copied(tmp_path / "a.html", f"<html><body><p>前文</p>{part}后文</body></html>")
    for word in ("x.invalid", "etc", "alert", "a.png", "svg", "onclick"):
        assert word not in text
    assert "前文" in text
    assert "后文" in text


def test_characters_that_xml_cannot_hold_do_no_harm(tmp_path: Path) -> None:
    text, _ = copied(
        tmp_path / "a.html", "<html><body \x01a='1'><p\x02 b\x03='2'>一&#1;<svg></svg>\x00二</body></html>"
    )
    assert "一" in text
    assert "二" in text


def test_a_drawing_that_calls_itself_a_photo_is_cut(tmp_path: Path) -> None:
    drawing = base64.b64encode(SVG.format("http://x.invalid").encode()).decode()
    text, notes = copied(tmp_path / "a.html", f'<html><body>x<img src="data:image/png;base64,{drawing}"></body></html>')
    assert "<img" not in text
    assert [note.code for note in notes] == ["external-content"]


def test_what_is_cut_from_a_page_is_named(tmp_path: Path) -> None:
    _, notes = copied(tmp_path / "a.html", '<html><img src="http://x.invalid/a.png"><script src="b.js"></script>')
    assert [note.code for note in notes] == ["external-content"]
    assert "http://x.invalid/a.png" in notes[0].message
    assert "b.js" in notes[0].message


def test_the_text_formats_links_and_own_pictures_of_a_page_stay(tmp_path: Path) -> None:
    body = (
        '<h1 align="center">标题</h1><p style="color: red">文</p><a href="http://x.invalid">链接</a>'
        f'<table border="1"><tr><td colspan="2">格</td></tr></table><img src="data:image/png;base64,{DOT}" width="9">'
    )
    text, notes = copied(tmp_path / "a.html", f"<html><head><title>题</title></head><body>{body}</body></html>")
    assert body in text
    assert notes == ()


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_page_is_read_in_its_encoding_whatever_it_claims(tmp_path: Path, encoding: str) -> None:
    page = '<html><head><meta charset="big5"></head><body>质量</body></html>'
    text, _ = copied(tmp_path / "a.html", page.encode(encoding))
    assert "质量" in text
    assert "big5" not in text
    assert 'content="text/html; charset=utf-8"' in text


def test_a_table_or_picture_wider_than_paper_is_fitted_to_it(tmp_path: Path) -> None:
    wide = '<table width="1600"><tr><td width="900" nowrap>x</td></tr></table>'
    wide += f'<img width="2000" src="data:image/png;base64,{DOT}">'
    text, _ = copied(tmp_path / "a.html", f"<html><body>{wide}<table width='300'><tr><td>y</table></body></html>")
    assert '<table width="100%"><tr><td>x' in text
    assert "2000" not in text
    assert '<table width="300">' in text


def test_a_page_beyond_all_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "_MAX_MARKUP", 10)
    with pytest.raises(ConversionError) as caught:
        copied(tmp_path / "a.html", "<html>" + "x" * 10)
    assert caught.value.code == "hostile-source"


# --- with LibreOffice itself, and the network within reach ---------------------------------------------------------


@dataclass
class Lure:
    """A server on this machine and a picture in a file, both of which hostile documents refer to."""

    url: str
    picture: Path
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def lure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lure]:
    path = tmp_path_factory.mktemp("lure") / "red.png"
    Image.new("RGB", (99, 99), "red").save(path)
    found = Lure("", path)

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            found.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(path.read_bytes())

        do_GET = do_HEAD = do_OPTIONS = do_PROPFIND = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()


FIELD = (
    '<w:fldSimple xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" w:instr="{}" w:dirty="true">'
)


def write_lures(folder: Path, url: str, file: str) -> list[Path]:
    """Write a document of each kind that refers to ``url`` and ``file`` in all ways that its format has."""

    def both(name: str) -> str:
        return picture(f"{url}/{name}") + picture(file)

    section = f'<text:section-source xlink:href="{url}/odt-section" xlink:type="simple"/>'
    section = f'<text:section text:name="s">{section}</text:section>'
    write_odf(folder / "a.odt", f"<text:p>{both('odt')}</text:p>{section}")
    formula = f'table:formula="of:=COM.MICROSOFT.WEBSERVICE(&quot;{url}/ods&quot;)"'
    source = f'<table:table-source xlink:href="{url}/ods-source" xlink:type="simple" table:table-name="A"/>'
    row = f"<table:table-row><table:table-cell {formula}/></table:table-row>"
    write_odf(folder / "a.ods", f'<table:table table:name="A">{source}{row}</table:table>')
    write_odf(folder / "a.odp", f'<draw:page draw:name="p">{both("odp")}</draw:page>')
    fields = "".join(
        r"{\field\flddirty{\*\fldinst { " + text + r" \\d }}{\fldrslt x}}"
        for text in (f'INCLUDEPICTURE "{url}/rtf"', f'INCLUDEPICTURE "{file}"', f'INCLUDETEXT "{url}/rtf-text"')
    )
    (folder / "a.rtf").write_text(r"{\rtf1{\*\template " + f"{url}/rtf-template" + "}" + fields + "}")
    (folder / "a.html").write_text(
        f'<html><link rel=stylesheet href="{url}/html-css"><body background="{url}/html"><p>x<img src="{url}/html-img">'
        f'<img src="{file}"><object data="{url}/html-object"></object></body></html>'
    )
    document = docx.Document()
    paragraph = document.add_paragraph("x")
    for target in (f"{url}/docx", file):
        paragraph._p.append(parse_xml(FIELD.format(f"INCLUDEPICTURE &quot;{target}&quot; \\d") + "</w:fldSimple>"))
    template = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"
    document.part.relate_to(f"{url}/docx-template", template, is_external=True)
    document.save(str(folder / "a.docx"))
    write_odf(
        folder / "svg.odt",
        f"<text:p>{picture('Pictures/a.svg')}</text:p>",
        extra={"Pictures/a.svg": SVG.format(f"{url}/svg")},
    )
    return sorted(folder.iterdir())


KINDS = ["odt", "ods", "odp", "rtf", "html", "docx", "svg", "doc", "ppt"]


@pytest.fixture(scope="module")
def lured(lure: Lure, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Convert the lures without a sandbox, so that only copies and settings stand between them and the server."""
    program = libreoffice.find()
    if program is None:
        pytest.skip("LibreOffice is not installed here")
    folder = tmp_path_factory.mktemp("lures")
    write_lures(folder, lure.url, lure.picture.as_uri())
    profile = f"-env:UserInstallation={tmp_path_factory.mktemp('profile').as_uri()}"
    for name, target in (("a.odt", "doc"), ("a.odp", "ppt")):
        command = [str(program), profile, "--headless", "--convert-to", target, "--outdir", str(folder)]
        subprocess.run([*command, str(folder / name)], check=True, capture_output=True, timeout=100)
    assert any(path.startswith("/odt") for path in lure.asked), "left to itself, the program takes the lure"
    lure.asked.clear()
    jobs = [(path, path.with_name(f"{path.name}.pdf")) for path in sorted(folder.iterdir())]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(libreoffice, "_sandbox", lambda: ())
        outcomes = libreoffice.convert_batch(jobs, fontconfig=None)
    assert [outcome for outcome in outcomes if isinstance(outcome, ConversionError)] == []
    return {("svg" if source.stem == "svg" else source.suffix[1:]): out for source, out in jobs}


@pytest.mark.libreoffice
@pytest.mark.parametrize("kind", KINDS)
def test_no_document_reaches_a_server(lure: Lure, lured: dict[str, Path], kind: str) -> None:
    assert kind in lured
    own = "/odt" if kind == "doc" else "/odp" if kind == "ppt" else f"/{kind}"
    assert [path for path in lure.asked if path.startswith(own)] == []


@pytest.mark.libreoffice
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "svg"])
def test_no_document_shows_a_file_of_this_machine(lured: dict[str, Path], kind: str) -> None:
    with pikepdf.open(lured[kind]) as pdf:
        pictures = [o for o in pdf.objects if isinstance(o, pikepdf.Stream) and o.get("/Subtype") == "/Image"]
        assert [picture for picture in pictures if int(picture.Width) == 99] == []


@pytest.mark.libreoffice
def test_a_web_page_keeps_its_first_paragraph(lured: dict[str, Path]) -> None:
    assert "x" in pypdf.PdfReader(lured["html"]).pages[0].extract_text()


def test_the_lures_are_what_they_say(tmp_path: Path) -> None:
    written = write_lures(tmp_path, "http://x.invalid", "file:///etc/a.png")
    assert {path.suffix[1:] for path in written} == {"odt", "ods", "odp", "rtf", "html", "docx"}
    for path in written:
        if path.suffix in {".odt", ".ods", ".odp"}:
            with zipfile.ZipFile(path) as zipped:
                etree.fromstring(zipped.read("content.xml"))


def test_a_date_in_a_word_file_stays_what_its_author_saw(tmp_path: Path) -> None:
    document = docx.Document()
    names = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'

    def field_of(instruction: str, shown: str) -> str:
        return (
            f'<w:p {names}><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            f"<w:r><w:instrText> {instruction} </w:instrText></w:r>"
            f'<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>{shown}</w:t></w:r>'
            '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
        )

    for paragraph in (
        field_of(r"DATE \@ yyyy-MM-dd", "2023-03-01"),
        f'<w:p {names}><w:fldSimple w:instr="TIME"><w:r><w:t>09:06</w:t></w:r></w:fldSimple></w:p>',
        field_of("PAGE", "1"),
    ):
        document.element.body.insert(0, parse_xml(paragraph))
    source, copy = tmp_path / "a.docx", tmp_path / "b.docx"
    document.save(str(source))

    assert office.copy_safely(source, Format.DOCX, copy) == ()

    xml = docx.Document(str(copy)).element.body.xml
    assert [text for text in ("2023-03-01", "09:06", " PAGE ", " DATE", '"TIME"') if text in xml] == [
        "2023-03-01",
        "09:06",
        " PAGE ",
    ]
    assert xml.count("w:fldChar ") == 3


def test_a_word_file_without_dates_and_spare_styles_is_copied_byte_for_byte(tmp_path: Path) -> None:
    source, copy = tmp_path / "a.docx", tmp_path / "b.docx"
    document = docx.Document()
    for style in [style for style in document.styles if style.type == WD_STYLE_TYPE.TABLE]:
        style.delete()
    document.save(str(source))

    office.copy_safely(source, Format.DOCX, copy)

    assert copy.read_bytes() == source.read_bytes()


def test_styles_that_a_word_file_does_not_need_are_left_out_and_nothing_else_is_changed(tmp_path: Path) -> None:
    source, copy = tmp_path / "a.docx", tmp_path / "b.docx"
    document = docx.Document()
    document.add_table(rows=1, cols=1, style="Table Grid")
    document.add_picture(str(noise(tmp_path / "noise.png")))
    document.save(str(source))

    assert office.copy_safely(source, Format.DOCX, copy) == ()

    assert {style.name for style in docx.Document(str(copy)).styles if style.type == WD_STYLE_TYPE.TABLE} == {
        "Normal Table",
        "Table Grid",
    }
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(copy) as after:
        assert before.namelist() == after.namelist()
        changed = [name for name in before.namelist() if before.read(name) != after.read(name)]
        assert after.getinfo("word/media/image1.png").compress_type == zipfile.ZIP_STORED
        assert after.getinfo("word/document.xml").compress_type == zipfile.ZIP_DEFLATED
    assert changed == ["word/styles.xml"]


def noise(path: Path) -> Path:
    """Draw a picture that cannot be packed."""
    Image.effect_noise((80, 80), 200).save(path)
    return path


def test_a_workbook_in_xml_that_breaks_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(EXCEL_XML.replace(b"<Workbook/>", b"<Workbook><Worksheet></Workbook>"))

    with pytest.raises(ConversionError, match="is not XML") as caught:
        office.copy_safely(path, office.format_of(path), tmp_path / "copy")

    assert caught.value.code == "damaged-source"
    assert "a.xls: the file is damaged" in caught.value.message


def test_a_whole_workbook_in_xml_is_copied_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(EXCEL_XML)

    assert office.copy_safely(path, office.format_of(path), tmp_path / "copy") == ()
    assert (tmp_path / "copy").read_bytes() == EXCEL_XML


BROKEN_OLE = {
    "a stream without its end": (
        compound("Workbook", streams={"Workbook": b"x" * 8192})[:-4096],
        "Workbook breaks off",
    ),
    "a list that is lost": (OLE_HEAD + bytes(5000), "the list of what is in it is lost"),
}


@pytest.mark.parametrize(("data", "said"), BROKEN_OLE.values(), ids=BROKEN_OLE.keys())
def test_an_old_file_that_breaks_off_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(data)

    with pytest.raises(ConversionError, match=said) as caught:
        office.copy_safely(path, office.format_of(path), tmp_path / "copy")

    assert caught.value.code == "damaged-source"


def test_an_old_file_that_is_whole_is_copied(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(compound("Workbook", streams={"Workbook": b"x" * 8192}))

    assert office.copy_safely(path, Format.XLS, tmp_path / "copy") == ()
