"""Valid files of every kind that departments send, drawn by code: what mutants are made from."""

from __future__ import annotations

import bz2
import gzip
import io
import subprocess
import tempfile
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import img2pdf
import pikepdf
import pillow_heif
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas
from test_archive import make_7z, make_rar, make_tar
from test_mail import MESSAGE, attached, compound, eml, multi, part, text_mail
from test_ofd import block, image, pack, parts, path, words
from test_office import write_odf
from test_sheet import Sheet, Value, write_workbook

from dossier.convert import embedded

SECRET = "2023"
"""Opens the originals that are locked; no manifest of the corpus says so."""
_SEEN_IN = (595.0, 842.0)
_TABLE: list[list[Value]] = [["指标", "单位", "得分"], ["质量目标", "发展改革局", 1.5], ["质量强市", "市场监管局", 2]]
_TO_OLD = (("odt", "doc"), ("ods", "xls"), ("odp", "ppt"), ("odp", "pptx"))

pillow_heif.register_heif_opener()


def draw(office: Path | None = None) -> dict[str, bytes]:
    """Return the bytes of each original by its file name; those of old Office programs need the ``soffice`` given."""
    with tempfile.TemporaryDirectory(prefix="originals-") as name:
        folder = Path(name)
        for number, maker in enumerate(_MAKERS):
            here = folder / f"{number:02}"
            here.mkdir()
            maker(here)
        if office is not None:
            _old_office(folder, office)
        return {found.name: found.read_bytes() for found in sorted(folder.rglob("*")) if found.is_file()}


def _pdfs(folder: Path) -> None:
    plain = folder / "plain.pdf"
    _draw_pdf(plain)
    with pikepdf.open(plain) as pdf:
        modes = pikepdf.ObjectStreamMode
        pdf.save(folder / "streams.pdf", object_stream_mode=modes.generate, static_id=True)
        pdf.save(folder / "linear.pdf", linearize=True, static_id=True)
        for name, password in (("encrypted.pdf", ""), ("locked.pdf", SECRET)):
            pdf.save(folder / name, encryption=pikepdf.Encryption(owner="owner", user=password, R=6))
        pdf.save(
            folder / "old-lock.pdf", encryption=pikepdf.Encryption(owner="o", user="", R=3, aes=False, metadata=False)
        )
        act = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        pdf.Root.OpenAction = pdf.make_indirect(act)
        pdf.pages[0].Rotate = 90
        pdf.pages[1].obj.UserUnit = 2
        pdf.pages[2].cropbox = pikepdf.Array([50, 50, 400, 500])
        pdf.attachments["附件.txt"] = b"attached"
        pdf.save(folder / "acting.pdf", static_id=True)
    _draw_form(folder / "form.pdf")
    scan = _encoded(
        _picture((1240, 1754)).convert("1", dither=Image.Dither.NONE), "TIFF", compression="group4", dpi=(150, 150)
    )
    pages = [_encoded(_picture(), "JPEG"), scan, _encoded(_picture().convert("P"), "PNG")]
    (folder / "scan.pdf").write_bytes(img2pdf.convert(pages, nodate=True))
    embedded.convert(_word(folder / "word.docx"), folder / "fonts.pdf")


def _draw_pdf(path: Path) -> None:
    canvas = Canvas(str(path), pagesize=_SEEN_IN, invariant=1, pageCompression=0)
    for number in range(1, 4):
        canvas.bookmarkPage(f"p{number}")
        canvas.addOutlineEntry(f"Part {number}", f"p{number}", level=0)
        canvas.setFont("Helvetica", 14)
        canvas.drawString(72, 700, f"Evidence, page {number}")
        canvas.rect(72, 400, 300, 200, fill=number % 2)
        canvas.linkRect("", f"p{number % 3 + 1}", (72, 690, 300, 715))
        canvas.linkURL("https://example.com/", (72, 400, 372, 600))
        canvas.showPage()
    canvas.save()


def _draw_form(path: Path) -> None:
    canvas = Canvas(str(path), pagesize=_SEEN_IN, invariant=1, pageCompression=0)
    canvas.acroForm.textfield(name="unit", value="filled in", x=72, y=700, width=200, height=20)
    canvas.acroForm.checkbox(name="done", checked=True, x=72, y=650)
    canvas.acroForm.choice(name="level", value="b", options=["a", "b"], x=72, y=600, width=100, height=20)
    canvas.textAnnotation("a remark", (300, 700, 330, 730))
    canvas.showPage()
    canvas.save()


def _word(path: Path) -> Path:
    document: Any = docx.Document()
    document.add_heading("关于报送印证材料的报告", 1)
    document.add_paragraph("现将2023年度质量工作 quality work 情况报告如下。☑")
    table = document.add_table(rows=0, cols=3, style="Table Grid")
    for row in _TABLE:
        for cell, value in zip(table.add_row().cells, row, strict=True):
            cell.text = str(value)
    document.add_picture(io.BytesIO(_encoded(_picture((120, 90)), "PNG")))
    document.add_page_break()
    document.add_paragraph("附件", style="List Bullet")
    document.save(str(path))
    return path


def _office(folder: Path) -> None:
    write_workbook(folder / "table.xlsx", Sheet("汇总", _TABLE), Sheet("隐藏", [["x"]], state="hidden"))
    write_odf(folder / "text.odt", "<text:h>报告</text:h><text:p>现将质量工作情况报告如下。</text:p>")
    cells = "".join(f"<table:table-cell><text:p>{value}</text:p></table:table-cell>" for value in _TABLE[1])
    rows = f"<table:table-row>{cells}</table:table-row>" * 3
    write_odf(folder / "cells.ods", f'<table:table table:name="A">{rows}</table:table>')
    frame = '<draw:frame svg:x="2cm" svg:y="2cm" svg:width="9cm" svg:height="3cm"><draw:text-box>'
    slide = f"<draw:page>{frame}<text:p>幻灯片</text:p></draw:text-box></draw:frame></draw:page>"
    write_odf(folder / "slides.odp", slide * 2)
    rtf = r"{\rtf1\ansi\ansicpg936{\fonttbl{\f0 SimSun;}}\f0\fs28 \'d6\'ca\'c1\'bf \u36136? work\par"
    picture = _encoded(_picture((40, 30)), "PNG").hex()
    pict = r"{\pict\pngblip\picw40\pich30\picwgoal600\pichgoal450 " + picture + "}"
    field = r"{\field{\*\fldinst{PAGE}}{\fldrslt 1}}"
    (folder / "old.rtf").write_text(rtf + pict + field + "}", encoding="ascii")


def _old_office(folder: Path, soffice: Path) -> None:
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    made = folder / "old"
    for source, target in _TO_OLD:
        [path] = folder.glob(f"*/*.{source}")
        command = [str(soffice), profile, "--headless", "--convert-to", target, "--outdir", str(made), str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    for path in folder.glob("profile/**/*"):
        if path.is_file():
            path.unlink()


def _texts(folder: Path) -> None:
    text = "".join(f"第{number}条　为加强质量工作，制定本办法。\n" for number in range(1, 60))
    for name, encoding in (("utf8", "utf-8"), ("gbk", "gb18030"), ("utf16", "utf-16"), ("bom", "utf-8-sig")):
        (folder / f"{name}.txt").write_bytes(text.encode(encoding))
    (folder / "notes.md").write_text(
        f"# 通知\n\n- 一\n- 二\n\n> {text[:90]}\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", "utf-8"
    )
    rows = "".join(f"<tr><td>{a}</td><td>{b}</td><td>{c}</td></tr>" for a, b, c in _TABLE)
    page = f"<!DOCTYPE html><html><head><style>p{{color:red}}</style></head><body><p>公告</p><table>{rows}</table>"
    (folder / "page.html").write_text(page + '<img src="https://example.com/x.png"></body></html>', "utf-8")
    (folder / "list.csv").write_text("\r\n".join(",".join(map(str, row)) for row in _TABLE * 20), "gb18030")


def _images(folder: Path) -> None:
    picture, long = _picture(), _picture((300, 2000))
    exif = Image.Exif()
    exif[274], exif[306] = 6, "2023:04:12 09:06:11"
    frames = [_picture(colour=colour) for colour in ("red", "green", "blue")]
    several = {"save_all": True, "append_images": frames}
    for name, data in {
        "photo.jpg": _encoded(picture, "JPEG", exif=exif, dpi=(72, 72)),
        "progressive.jpg": _encoded(picture, "JPEG", progressive=True),
        "print.jpg": _encoded(picture.convert("CMYK"), "JPEG"),
        "phone.mpo": _encoded(picture, "MPO", **several),
        "screen.png": _encoded(picture, "PNG", dpi=(96, 96)),
        "clear.png": _encoded(picture.convert("RGBA"), "PNG"),
        "few.png": _encoded(picture.quantize(16), "PNG"),
        "deep.png": _encoded(picture.convert("I;16"), "PNG"),
        "long.png": _encoded(long, "PNG"),
        "fax.tif": _encoded(
            _picture((1240, 1754)).convert("1", dither=Image.Dither.NONE), "TIFF", compression="group4", dpi=(150, 150)
        ),
        "pages.tif": _encoded(picture, "TIFF", compression="tiff_lzw", **several),
        "raw.tif": _encoded(picture, "TIFF", **several),
        "web.webp": _encoded(picture, "WEBP"),
        "moving.webp": _encoded(picture, "WEBP", **several),
        "bitmap.bmp": _encoded(_picture((200, 150)), "BMP"),
        "moving.gif": _encoded(picture, "GIF", **several),
        "iphone.heic": _encoded(picture, "HEIF", quality=60),
        "small.avif": _encoded(picture, "AVIF"),
        "archive.jp2": _encoded(picture, "JPEG2000"),
        "stream.j2k": _encoded(picture, "JPEG2000", no_jp2=True),
    }.items():
        (folder / name).write_bytes(data)


def _fax() -> bytes:
    sheet = _picture((1240, 1754)).convert("1", dither=Image.Dither.NONE)
    return _encoded(sheet, "TIFF", compression="group4", dpi=(150, 150))


def _picture(size: tuple[int, int] = (400, 300), colour: str = "steelblue") -> Image.Image:
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2), fill=colour)
    pen.text((10, 10), "evidence", fill="black", font=ImageFont.load_default(20))
    return picture


def _encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    # Copies: Pillow notes on a picture how it was last written.
    more = options.pop("append_images", ())
    assert isinstance(more, list | tuple)
    picture.copy().save(out, form, append_images=[one.copy() for one in more], **options)
    return out.getvalue()


def _ofd(folder: Path) -> None:
    media = '<ofd:MultiMedia ID="50" Type="Image"><ofd:MediaFile>a.png</ofd:MediaFile></ofd:MultiMedia>'
    found = parts(
        words("质量工作 quality") + block(10, 30, 20, 10, "255 0 0") + image(),
        path("M 10 10 B 20 20 30 5 40 40 Q 1 2 3 4 A 5 5 0 1 1 9 9 C", 'Stroke="true" LineWidth="0.5"') + words("二"),
        res=f"<ofd:MultiMedias>{media}</ofd:MultiMedias>",
        files={"Doc_0/Res/a.png": _encoded(_picture((60, 40)), "PNG")},
    )
    (folder / "sealed.ofd").write_bytes(pack(found))


def _mails(folder: Path) -> None:
    photo = _encoded(_picture((120, 90)), "JPEG")
    inner = part("message/rfc822", text_mail("forwarded").decode())
    body = part("text/html; charset=gbk", "<p>mail</p><img src='http://example.com/a.png'>")
    whole = multi("mixed", part("text/plain; charset=utf-8", "请查收。"), body, attached("照片.jpg", photo), inner)
    (folder / "sent.eml").write_bytes(eml(whole))
    (folder / "plain.eml").write_bytes(text_mail("请查收。"))
    (folder / "outlook.msg").write_bytes(compound(MESSAGE))


def _archives(folder: Path) -> None:
    files = {
        "照片/1.jpg": _encoded(_picture((120, 90)), "JPEG"),
        "照片/2.png": _encoded(_picture((60, 40)), "PNG"),
        "说明.txt": "说明".encode(),
        "__MACOSX/._x": b"x",
    }
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(zipfile.ZipInfo("里.txt"), "里面")
    with zipfile.ZipFile(folder / "evidence.zip", "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in {**files, "inner.zip": inner.getvalue()}.items():
            package.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    make_7z(folder / "evidence.7z", files)
    make_7z(folder / "locked.7z", files, SECRET)
    make_rar(folder / "evidence.rar", files)
    plain = make_tar(folder / "evidence.tar", files).read_bytes()
    (folder / "evidence.tar.gz").write_bytes(gzip.compress(plain, mtime=0))
    (folder / "evidence.tar.bz2").write_bytes(bz2.compress(plain))
    make_tar(folder / "evidence.tar.xz", files, "w:xz")


def _recordings(folder: Path) -> None:
    with wave.open(str(folder / "call.wav"), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes(8000))
    tag = b"ID3\x03\0\0\0\0\0\x15" + b"TIT2\0\0\0\x0b\0\0\0" + b"recording\0"
    (folder / "song.mp3").write_bytes(tag + (b"\xff\xfb\x90\x64" + bytes(413)) * 20)
    header = bytes(12) + (1000).to_bytes(4, "big") + (5000).to_bytes(4, "big") + bytes(80)
    movie = _box(b"ftyp", b"isom\0\0\2\0isomiso2") + _box(b"moov", _box(b"mvhd", header)) + _box(b"mdat", bytes(500))
    (folder / "film.mp4").write_bytes(movie)


def _box(name: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + name + content


_MAKERS: tuple[Callable[[Path], None], ...] = (
    _pdfs, _office, _texts, _images, _ofd, _mails, _archives, _recordings,
)  # fmt: skip

NAMES = (
    *("plain.pdf", "streams.pdf", "linear.pdf", "encrypted.pdf", "locked.pdf", "acting.pdf", "form.pdf", "fonts.pdf"),
    *("scan.pdf", "word.docx", "table.xlsx", "text.odt", "cells.ods", "slides.odp", "old.rtf", "page.html", "list.csv"),
    *("utf8.txt", "gbk.txt", "utf16.txt", "notes.md", "photo.jpg", "print.jpg", "phone.mpo", "screen.png", "deep.png"),
    *("pages.tif", "fax.tif", "web.webp", "bitmap.bmp", "moving.gif", "iphone.heic", "small.avif", "archive.jp2"),
    *("sealed.ofd", "sent.eml", "outlook.msg", "evidence.zip", "evidence.7z", "evidence.rar", "evidence.tar"),
    *("evidence.tar.gz", "call.wav", "song.mp3", "film.mp4"),
)
"""What is drawn at least: one file of each kind, and of some kinds several."""
