"""Draws the hostile and broken sources that departments send, one function a kind."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import py7zr
import pyzipper  # type: ignore[import-untyped]
from docx import Document
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

Draw = Callable[[Path], object]
MB = 1 << 20


# --- PDF -----------------------------------------------------------------------------------------------------------


def raw_pdf(*objects: bytes) -> bytes:
    """Return a PDF of numbered objects (from 1), with a right table of where they are."""
    data, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(data + trailer)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(content), entries, content)


def one_page(page: bytes = b"/MediaBox[0 0 300 200]", *more: bytes, kids: bytes = b"[3 0 R]") -> bytes:
    """Return a PDF of one page, object 3, whose content is object 4; ``more`` objects start at 5."""
    text = stream(b"BT /F 20 Tf 20 20 Td (page) Tj ET 0 0 9 9 re f")
    if more and more[0].startswith(b"="):  # instead of the text
        text, more = more[0][1:], more[1:]
    if b"/Resources" not in page:
        page += b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    return raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids%s>>" % kids,
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R%s>>" % page,
        text,
        *more,
    )


def good_pdf(path: Path, text: str = "good", pages: int = 1) -> None:
    canvas = Canvas(str(path), invariant=1)
    for number in range(1, pages + 1):
        canvas.drawString(100, 500, f"{text} p{number}")
        canvas.showPage()
    canvas.save()


def locked_pdf(path: Path, user: str) -> None:
    good_pdf(path, path.stem)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(user=user, owner="owner"))


def packed(size: int, start: bytes = b"", times: int = 1) -> bytes:
    """Return ``start`` and then ``size`` spaces, packed ``times`` times over; no more than a piece is ever unpacked."""
    piece = b" " * MB
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    first = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)  # after which nothing refers to what came before
    data = b"\x78\xda" + first + again * (size // MB) + packer.flush()
    data += _adler32(zlib.adler32(start), 32, size // MB * MB).to_bytes(4, "big")
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return data


def _adler32(start: int, byte: int, count: int) -> int:
    """Return the checksum of ``count`` equal bytes after what gave ``start``."""
    low, high = start & 0xFFFF, start >> 16
    high = (high + count * low + byte * count * (count + 1) // 2) % 65521
    return high << 16 | (low + count * byte) % 65521


def picture_bomb(path: Path) -> None:
    """Write a PDF with a picture of 90,000 by 90,000 pixels, which is 24 GB unpacked, in a few kilobytes."""
    picture = stream(
        packed(64 * MB),
        b"/Type/XObject/Subtype/Image/Width 90000/Height 90000/BitsPerComponent 8/ColorSpace/DeviceRGB"
        b"/Filter/FlateDecode",
    )
    page = b"/MediaBox[0 0 300 200]/Resources<</XObject<</I 5 0 R>>>>"
    path.write_bytes(one_page(page, b"=" + stream(b"q 300 0 0 200 0 0 cm /I Do Q"), picture))


def object_bomb(path: Path) -> None:
    """Write a PDF whose catalogue lies in a stream of objects that unpacks to more than the memory."""
    body = packed(8 * 1024 * MB, b"1 0 <</Type/Catalog/Pages 2 0 R>>", times=2)
    head = b"%PDF-1.7\n"
    two = b"2 0 obj\n<</Type/Pages/Count 0/Kids[]>>\nendobj\n"
    five = b"5 0 obj\n<</Type/ObjStm/N 1/First 4/Length %d/Filter[/FlateDecode/FlateDecode]>>\nstream\n" % len(body)
    five += body + b"\nendstream\nendobj\n"
    at = len(head) + len(two) + len(five)
    rows = [(0, 0, 255), (2, 5, 0), (1, len(head), 0), (0, 0, 0), (0, 0, 0), (1, len(head) + len(two), 0), (1, at, 0)]
    table = b"".join(struct.pack(">BIB", *row) for row in rows)
    six = b"6 0 obj\n<</Type/XRef/Size 7/Root 1 0 R/W[1 4 1]/Length %d>>\nstream\n%s\nendstream\nendobj\n"
    path.write_bytes(head + two + five + six % (len(table), table) + b"startxref\n%d\n%%%%EOF\n" % at)


def sized(box: bytes) -> Draw:
    return lambda path: path.write_bytes(one_page(b"/MediaBox" + box))


# --- pictures ------------------------------------------------------------------------------------------------------


def picture(path: Path, form: str = "PNG", size: tuple[int, int] = (60, 40)) -> None:
    Image.effect_noise(size, 50).convert("RGB").save(path, form)


def png_bomb(path: Path) -> None:
    """Write a PNG of 60,000 by 60,000 white pixels, which is 10 GB unpacked, in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(MB), 9)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))


def looping_tiff(path: Path) -> None:
    """Write a TIFF whose only page says that it is followed by itself."""
    plain = io.BytesIO()
    Image.new("L", (8, 8)).save(plain, "TIFF")
    data = bytearray(plain.getvalue())
    at = int.from_bytes(data[4:8], "little")
    end = at + 2 + 12 * int.from_bytes(data[at : at + 2], "little")
    data[end : end + 4] = at.to_bytes(4, "little")
    path.write_bytes(data)


# --- packages and archives -----------------------------------------------------------------------------------------


def zipped(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in members.items():
            packing = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED  # as OpenDocument wants it
            package.writestr(zipfile.ZipInfo(name), data, packing)


def zip_bomb(path: Path) -> None:
    zipped(path, {"a.txt": bytes(100 * MB)})


def nested_zip_bomb(path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("a.txt", bytes(80 * MB))
    zipped(path, {f"{number}.zip": inner.getvalue() for number in range(20)})


def climbing_zip(path: Path) -> None:
    pdf = io.BytesIO()
    canvas = Canvas(pdf, invariant=1)
    canvas.drawString(100, 500, "climbed")
    canvas.save()
    zipped(path, {"../../climbed.pdf": pdf.getvalue()})


def locked_zip(path: Path) -> None:
    with pyzipper.AESZipFile(path, "w", encryption=pyzipper.WZ_AES) as package:
        package.setpassword(b"secret")
        package.writestr("a.txt", b"text")


def locked_7z(path: Path) -> None:
    with py7zr.SevenZipFile(path, "w", password="secret") as package:
        package.writestr(b"text", "a.txt")


def linking_tar(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        for name, kind in (("link", tarfile.SYMTYPE), ("device", tarfile.CHRTYPE), ("fifo", tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)


# --- Word, OFD, mail -----------------------------------------------------------------------------------------------


def word(path: Path, *, parts: dict[str, bytes] | None = None, replace: tuple[bytes, bytes] = (b"", b"")) -> None:
    """Write a Word file that says ``text``, with more ``parts``, and something in its document replaced."""
    plain = io.BytesIO()
    document = Document()
    document.add_paragraph("text")
    document.save(plain)
    with zipfile.ZipFile(plain) as package:
        members = {name: package.read(name) for name in package.namelist()}
    if replace[0]:
        assert replace[0] in members["word/document.xml"]
        members["word/document.xml"] = members["word/document.xml"].replace(*replace, 1)
    zipped(path, members | (parts or {}))


ENTITIES = b"<!DOCTYPE x [<!ENTITY a 'lol'>%s]>" % b"".join(
    b"<!ENTITY %c '%s'>" % (letter, b"&%c;" % (letter - 1) * 10) for letter in b"bcdefghij"
)
EXTERNAL_ENTITY = b"<!DOCTYPE x [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
OFD = "http://www.ofdspec.org/2016"


def ofd(path: Path, *, prolog: bytes = b"", pages: int = 1) -> None:
    listed = "".join(f'<ofd:Page ID="{n}" BaseLoc="P.xml"/>' for n in range(1, pages + 1))
    area = "<ofd:PageArea><ofd:PhysicalBox>0 0 100 80</ofd:PhysicalBox></ofd:PageArea>"

    def xml(root: str, inner: str) -> bytes:
        return prolog + f'<ofd:{root} xmlns:ofd="{OFD}">{inner}</ofd:{root}>'.encode()

    members = {
        "OFD.xml": xml("OFD", "<ofd:DocBody><ofd:DocRoot>D.xml</ofd:DocRoot></ofd:DocBody>"),
        "D.xml": xml("Document", f"<ofd:CommonData>{area}</ofd:CommonData><ofd:Pages>{listed}</ofd:Pages>"),
        "P.xml": xml("Page", "<ofd:Content><ofd:Layer/></ofd:Content>"),
    }
    zipped(path, members)


MAIL = b"From: a@example.org\r\nDate: Fri, 1 Mar 2023 09:06:00 +0800\r\nSubject: s\r\nMIME-Version: 1.0\r\n"


def cut_mail(path: Path) -> None:
    head = MAIL + b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\ntext\r\n--x\r\n'
    attachment = b'Content-Disposition: attachment; filename="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA'
    path.write_bytes(head + attachment)


# --- office files that ask for more ----------------------------------------------------------------------------------

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def relationships(*targets: tuple[str, str], outside: bool = False) -> bytes:
    """Return relationships ``r1`` and so on, each a kind and a target."""
    mode = ' TargetMode="External"' if outside else ""
    each = "".join(
        f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="{target}"{mode}/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'.encode()


def workbook(path: Path, *, cell: str = "<v>1</v>", prolog: str = "", more: dict[str, bytes] | None = None) -> None:
    """Write an Excel file of one cell, and with more parts."""
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    types = (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{main}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{main}.worksheet+xml"/>'
        f'<Override PartName="/xl/externalLinks/link1.xml" ContentType="{main}.externalLink+xml"/></Types>'
    )
    members = {
        "[Content_Types].xml": types.encode(),
        "_rels/.rels": relationships(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'{prolog}<workbook xmlns="{_SHEETS}" xmlns:r="{_OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="r1"/>'
            '</sheets><externalReferences><externalReference r:id="r2"/></externalReferences></workbook>'
        ).encode(),
        "xl/_rels/workbook.xml.rels": relationships(
            ("worksheet", "worksheets/sheet1.xml"), ("externalLink", "externalLinks/link1.xml")
        ),
        "xl/worksheets/sheet1.xml": (
            f'<worksheet xmlns="{_SHEETS}"><sheetData><row r="1"><c r="A1">{cell}</c></row></sheetData></worksheet>'
        ).encode(),
        "xl/externalLinks/link1.xml": (
            f'<externalLink xmlns="{_SHEETS}"><ddeLink ddeService="cmd" ddeTopic="/C calc"><ddeItems>'
            '<ddeItem name="A0" advise="1"/></ddeItems></ddeLink></externalLink>'
        ).encode(),
    }
    zipped(path, members | (more or {}))


def linked_word(path: Path, url: str) -> None:
    """Write a Word file with a picture, a template and a field of DDE that all lie elsewhere."""
    rels = relationships(("image", f"{url}/docx-image"), ("attachedTemplate", f"{url}/docx-template"), outside=True)
    field = b'<w:fldSimple w:instr="DDEAUTO cmd &quot;/C calc&quot;"><w:r><w:t>shown</w:t></w:r></w:fldSimple>'
    paragraph = b"<w:p>" + field + b"</w:p><w:p>"
    word(path, parts={"word/_rels/settings.xml.rels": rels}, replace=(b"<w:p>", paragraph))


def linked_text(path: Path, url: str) -> None:
    """Write an OpenDocument text that asks for a picture and a section from elsewhere, and holds a macro."""
    names = "".join(
        f' xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for short, name in (("office", "office"), ("text", "text"), ("draw", "drawing"), ("svg", "svg-compatible"))
    )
    link = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    picture_of = f'<draw:frame svg:width="1cm" svg:height="1cm"><draw:image xlink:href="{url}/odt-image"/></draw:frame>'
    section = f'<text:section text:name="s"><text:section-source xlink:href="{url}/odt-section"/></text:section>'
    content = (
        f'<office:document-content {names} {link} office:version="1.2"><office:body><office:text>'
        f"<text:p>text{picture_of}</text:p>{section}</office:text></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.text"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        '<manifest:file-entry manifest:full-path="Basic/a.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    members = {"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest, "Basic/a.xml": "<x/>"}
    zipped(path, {name: text.encode() for name, text in members.items()})


def linked_mail(path: Path, url: str) -> None:
    path.write_bytes(MAIL + b"Content-Type: text/html\r\n\r\n" + f'<p>text<img src="{url}/eml">'.encode())


def linked_page(path: Path, url: str) -> None:
    path.write_text(
        f'<html><head><link rel="stylesheet" href="{url}/css"><base href="{url}/"><meta http-equiv="refresh" '
        f'content="0;url={url}/meta"></head><body background="{url}/back"><p>text<img src="{url}/img">'
        f'<img src="relative.png"><iframe src="{url}/frame"></iframe><object data="{url}/object"></object>'
        f'<script src="{url}/script"></script><svg><image href="{url}/svg"/></svg></body></html>',
        encoding="utf-8",
    )
