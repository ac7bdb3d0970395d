"""What a file says of itself is read as it is, without converting it, and never taken for more than it says."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

import pypdfium2
import pytest
from conftest import MakeDocx, MakePdf, MakePhoto
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from dossier import looks, probe, sources
from dossier.errors import ConversionError
from dossier.looks import Look

A4 = (595.276, 841.89)
PASSWORD = "密码Kf7"  # of the files in `locked`
Look_at = Callable[[str], Look]


@pytest.fixture
def look(tmp_path: Path) -> Look_at:
    """Return a function that looks at a file of the sources folder."""

    def at(name: str) -> Look:
        seen = probe.look(sources.read(tmp_path / "sources", name), A4, 200)
        assert isinstance(seen, Look)
        return seen

    return at


def paper(seed: int, size: tuple[int, int] = (620, 877)) -> Image.Image:
    """Draw a paper: a heading, paragraphs that begin with an indent and end somewhere, a seal."""
    random = Random(seed)
    picture = Image.new("L", size, "white")
    pen = ImageDraw.Draw(picture)
    across = random.randrange(100, 220)
    pen.rectangle((size[0] / 2 - across, 60, size[0] / 2 + across, 84), fill="black")
    top = 130
    while top < 640:
        for line in range(random.randrange(1, 6)):
            last = random.randrange(150, 540)
            pen.rectangle(
                (110 if line == 0 else 80, top, last if random.random() < 0.3 else 540, top + 9), fill="black"
            )
            top += 22
        top += random.randrange(0, 40)
    left, low = random.randrange(250, 450), random.randrange(660, 760)
    pen.ellipse((left, low, left + 100, low + 100), outline="gray", width=8)
    return picture


def pictured(path: Path, *pictures: Image.Image) -> Path:
    """Write a PDF of scans alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = Canvas(str(path), pagesize=A4)
    for picture in pictures:
        canvas.drawImage(ImageReader(picture), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return path


# --- dates ---------------------------------------------------------------------------------------------------------


def test_a_word_file_says_when_it_was_made(make_docx: MakeDocx, look: Look_at, tmp_path: Path) -> None:
    path = make_docx("sources/a.docx")
    assert look("a.docx").made is None  # the library's own template is of no day
    rewritten(path, "docProps/core.xml", lambda text: text.replace("2013-12-23", "2022-05-06"))
    assert (look("a.docx").made, look("a.docx").made_by) == (date(2022, 5, 6), "Office properties")


def rewritten(path: Path, part: str, change: Callable[[str], str]) -> None:
    with zipfile.ZipFile(path) as package:
        members = {name: package.read(name) for name in package.namelist()}
    members[part] = change(members[part].decode()).encode()
    with zipfile.ZipFile(path, "w") as package:
        for name, data in members.items():
            package.writestr(name, data)


def test_a_pdf_says_when_it_was_made(make_pdf: MakePdf, look: Look_at) -> None:
    path = make_pdf("sources/a.pdf")
    assert look("a.pdf").made is None  # the day that reproducible writers put
    data = path.read_bytes()
    assert data.count(b"D:20000101") >= 1
    path.write_bytes(data.replace(b"D:20000101", b"D:20220506"))
    assert (look("a.pdf").made, look("a.pdf").made_by) == (date(2022, 5, 6), "PDF properties")


def test_a_photo_says_when_it_was_taken_and_is_no_scan(look: Look_at, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2023:04:12 09:06:11"
    (tmp_path / "sources").mkdir()
    Image.new("RGB", (827, 1169)).save(tmp_path / "sources" / "a.jpg", exif=exif, dpi=(100, 100))
    seen = look("a.jpg")
    assert (seen.made, seen.made_by, seen.low) == (date(2023, 4, 12), "camera", ())


# --- pages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dpi", "low"), [(100, ((1, 100),)), (150, ((1, 150),)), (200, ()), (300, ())])
def test_a_scan_of_few_dots_is_seen(look: Look_at, tmp_path: Path, dpi: int, low: tuple[tuple[int, int], ...]) -> None:
    size = round(8.27 * dpi), round(11.69 * dpi)
    (tmp_path / "sources").mkdir()
    Image.new("L", size, "white").save(tmp_path / "sources" / "a.png", dpi=(dpi, dpi))
    pictured(tmp_path / "sources" / "a.pdf", Image.new("L", size, "white"))
    assert look("a.png").low == low
    assert look("a.pdf").low == low


def test_every_page_of_a_tiff_is_looked_at(make_photo: MakePhoto, look: Look_at) -> None:
    make_photo("sources/a.tif", (827, 1169), dpi=100, frames=3)
    assert (look("a.tif").pages, look("a.tif").low) == (3, ((1, 100), (2, 100), (3, 100)))


def test_blank_pages_and_pages_without_text_are_seen(look: Look_at, tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    canvas = Canvas(str(tmp_path / "sources" / "a.pdf"), pagesize=A4)
    canvas.drawString(100, 100, "text")
    canvas.showPage()
    canvas.showPage()
    canvas.rect(10, 10, 100, 100, fill=1)
    canvas.showPage()
    canvas.drawImage(ImageReader(paper(1)), 0, 0, 10, 10)
    canvas.drawString(100, 100, "text")
    canvas.showPage()
    canvas.save()
    seen = look("a.pdf")
    assert (seen.pages, seen.blank, seen.textless, seen.low) == (4, (2,), (3,), ())


@pytest.mark.parametrize("tag", ["ins", "del", "moveFrom"])
def test_tracked_changes_are_counted(make_docx: MakeDocx, look: Look_at, tag: str) -> None:
    path = make_docx("sources/a.docx", "Text")
    assert look("a.docx").tracked == 0
    wrapped = f'<w:{tag} w:id="1" w:author="x"><w:r>'
    rewritten(
        path,
        "word/document.xml",
        lambda text: text.replace("<w:r>", wrapped, 1).replace("</w:r>", f"</w:r></w:{tag}>", 1),
    )
    assert look("a.docx").tracked == 1


# --- what looks alike ----------------------------------------------------------------------------------------------


def scanned_again(picture: Image.Image) -> Image.Image:
    """Return what another scanner makes of a paper: a little turned and moved, greyer, fewer dots."""
    turned = picture.rotate(0.6, fillcolor="white", resample=Image.Resampling.BICUBIC)
    moved = Image.new("L", turned.size, "white")
    moved.paste(turned, (4, -5))
    small = moved.resize((turned.width * 3 // 4, turned.height * 3 // 4)).point(lambda level: int(level * 0.95))
    data = io.BytesIO()
    small.save(data, "JPEG", quality=70)
    return Image.open(data)


def prints(look: Look_at, folder: Path, *pictures: Image.Image) -> list[looks.Print]:
    (folder / "sources").mkdir(exist_ok=True)
    found = []
    for number, picture in enumerate(pictures):
        picture.save(folder / "sources" / f"{number}.png")
        found.append(looks.print_of(look(f"{number}.png").picture))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_two_scans_of_one_paper_are_alike(look: Look_at, tmp_path: Path, seed: int) -> None:
    one, other = prints(look, tmp_path, paper(seed), scanned_again(paper(seed)))
    assert looks.alike(one, other)
    assert looks.alike(other, one)


@pytest.mark.parametrize("seed", range(6))
def test_different_papers_are_not_alike(look: Look_at, tmp_path: Path, seed: int) -> None:
    one, other = prints(look, tmp_path, paper(seed), paper(seed + 1))
    assert not looks.alike(one, other)


def test_blank_papers_are_like_nothing(look: Look_at, tmp_path: Path) -> None:
    blank = Image.new("L", (620, 877), "white")
    one, other, drawn = prints(look, tmp_path, blank, blank, paper(1))
    assert not looks.alike(one, other)
    assert not looks.alike(one, drawn)


def test_a_scan_in_a_pdf_is_like_the_same_scan_as_an_image(look: Look_at, tmp_path: Path) -> None:
    [one] = prints(look, tmp_path, paper(3))
    pictured(tmp_path / "sources" / "a.pdf", paper(3))
    assert looks.alike(one, looks.print_of(look("a.pdf").picture))


# --- under a password ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("password", "message"), [("", "password"), ("wrong", "wrong"), (None, "")])
def test_a_password_of_an_office_file_is_tried(tmp_path: Path, password: str | None, message: str) -> None:
    (tmp_path / "sources").mkdir()
    shutil.copyfile(Path(__file__).parent / "locked" / "a.odt", tmp_path / "sources" / "a.odt")
    given = PASSWORD if password is None else password
    source = replace(sources.read(tmp_path / "sources", "a.odt"), options=sources.Options(given))
    seen = probe.look(source, A4, 200)
    if message:
        assert isinstance(seen, ConversionError)
        assert seen.code == "encrypted-source"
    else:
        assert isinstance(seen, Look)


# --- hostile -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["pdf", "docx", "jpg", "png", "tif"])
def test_damaged_files_are_refused_or_say_nothing(
    make_pdf: MakePdf, make_docx: MakeDocx, make_photo: MakePhoto, tmp_path: Path, suffix: str
) -> None:
    name = f"sources/a.{suffix}"
    path = make_pdf(name) if suffix == "pdf" else make_docx(name) if suffix == "docx" else make_photo(name)
    data = path.read_bytes()
    for cut in range(8, len(data), max(1, len(data) // 25)):
        path.write_bytes(data[:cut])
        seen = probe.look(sources.read(tmp_path / "sources", path.name), A4, 200)
        assert isinstance(seen, Look | ConversionError)


def test_looking_agrees_with_pdfium_on_the_number_of_pages(make_pdf: MakePdf, look: Look_at) -> None:
    path = make_pdf("sources/a.pdf", pages=7)
    with pypdfium2.PdfDocument(path) as document:
        assert look("a.pdf").pages == len(document) == 7
