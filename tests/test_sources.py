"""No path leads out of the sources folder, every file is known by its content, and names come in natural order."""

from __future__ import annotations

import hashlib
import os
import random
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakeDocx, MakePdf, MakePhoto
from PIL import Image

from dossier import sources
from dossier.sources import Kind, PathRefused

OUTSIDE = [
    "../secret.pdf",
    "1-1/../../secret.pdf",
    "1-1/..",
    "..",
    "..\\secret.pdf",
    "1-1\\..\\..\\secret.pdf",
    "/etc/passwd",
    "//server/share/secret.pdf",
    "\\\\server\\share\\secret.pdf",
    "\\secret.pdf",
    "C:\\secret.pdf",
    "C:/secret.pdf",
    "c:secret.pdf",
    "1-1/a\0.pdf",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sources folder with a secret beside it."""
    (tmp_path / "secret.pdf").write_bytes(b"%PDF-1.7 secret")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "secret.pdf").write_bytes(b"%PDF-1.7 secret")
    root = tmp_path / "sources"
    (root / "1-1").mkdir(parents=True)
    return root


def put(root: Path, *names: str, data: bytes = b"text") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


# --- safe paths ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("function", [sources.locate, sources.resolve, sources.read, sources.expand])
def test_a_name_that_leads_out_is_refused(root: Path, function: Callable[[Path, str], object], name: str) -> None:
    with pytest.raises(PathRefused) as caught:
        function(root, name)
    assert caught.value.fix


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_is_suggested_for_a_name_that_leads_out(root: Path, name: str) -> None:
    assert not any(".." in found or found.startswith("/") for found in sources.similar_names(root, name))


@pytest.mark.parametrize("name", ["1-1/a.pdf", "1-1\\a.pdf", "./1-1/a.pdf", "1-1//a.pdf"])
def test_a_file_is_found_however_its_folders_are_divided(root: Path, name: str) -> None:
    put(root, "1-1/a.pdf", data=b"%PDF-1.7")

    found = sources.read(root, name)

    assert found.path == root / "1-1" / "a.pdf"
    assert found.name == "1-1/a.pdf"


@pytest.mark.skipif(os.name == "nt", reason="a colon divides a drive from a path on Windows")
@pytest.mark.parametrize("name", ["附件:/a.pdf", "12:30.pdf", "..a.pdf", "a..pdf", "1-1/...pdf"])
def test_a_name_that_only_looks_dangerous_is_accepted(root: Path, name: str) -> None:
    put(root, name)
    assert sources.resolve(root, name) == root / name


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_with_a_backslash_from_a_windows_zip_is_read(root: Path) -> None:
    put(root, "1-1\\a.pdf")
    assert sources.read(root, "1-1\\a.pdf").path.name == "1-1\\a.pdf"


def test_a_file_in_a_folder_wins_over_one_with_a_backslash_in_its_name(root: Path) -> None:
    put(root, "1-1/a.pdf")
    if os.name != "nt":
        put(root, "1-1\\a.pdf")
    assert sources.resolve(root, "1-1\\a.pdf") == root / "1-1" / "a.pdf"


def test_a_missing_file_has_its_place_in_a_folder(root: Path) -> None:
    assert sources.locate(root, "1-1\\gone.pdf") == root / "1-1" / "gone.pdf"


def test_a_missing_file_a_folder_and_a_file_for_a_folder_are_told_apart(root: Path) -> None:
    put(root, "a.pdf")
    with pytest.raises(FileNotFoundError):
        sources.resolve(root, "1-1/a.pdf")
    with pytest.raises(IsADirectoryError):
        sources.resolve(root, "1-1")
    with pytest.raises(FileNotFoundError):
        sources.resolve(root, "a.pdf/b.pdf")


def test_a_link_to_a_file_outside_is_refused(root: Path) -> None:
    (root / "1-1" / "a.pdf").symlink_to(root.parent / "secret.pdf")
    with pytest.raises(PathRefused, match="symbolic link"):
        sources.read(root, "1-1/a.pdf")


def test_a_link_to_a_folder_outside_is_refused(root: Path) -> None:
    (root / "link").symlink_to(root.parent / "beside")
    with pytest.raises(PathRefused, match="symbolic link"):
        sources.read(root, "link/secret.pdf")
    with pytest.raises(PathRefused, match="symbolic link"):
        sources.read(root, "link/not-there.pdf")


def test_a_folder_whose_name_begins_like_the_sources_folder_is_outside(root: Path) -> None:
    put(root.parent, "sources-2/secret.pdf")
    (root / "link").symlink_to(root.parent / "sources-2")
    with pytest.raises(PathRefused):
        sources.read(root, "link/secret.pdf")


def test_a_link_inside_is_followed(root: Path) -> None:
    put(root, "1-1/a.pdf", data=b"%PDF-1.7")
    (root / "b.pdf").symlink_to(Path("1-1", "a.pdf"))
    (root / "2-1").symlink_to("1-1")

    assert sources.read(root, "b.pdf").path == root / "1-1" / "a.pdf"
    assert sources.read(root, "b.pdf").name == "b.pdf"
    assert sources.read(root, "2-1/a.pdf").kind is Kind.PDF


def test_the_sources_folder_may_itself_be_a_link(root: Path) -> None:
    put(root, "1-1/a.pdf", data=b"%PDF-1.7")
    link = root.parent / "link"
    link.symlink_to(root)
    assert sources.read(link, "1-1/a.pdf").name == "1-1/a.pdf"
    assert sources.expand(link, "1-1/*.pdf") == ["1-1/a.pdf"]


@pytest.mark.parametrize("target", ["nowhere.pdf", "circle.pdf"])
def test_a_link_that_leads_nowhere_is_a_missing_file(root: Path, target: str) -> None:
    (root / "circle.pdf").symlink_to(target)
    with pytest.raises(FileNotFoundError):
        sources.read(root, "circle.pdf")


# --- patterns ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ["2.jpg", "10.jpg"],
        ["照片2.jpg", "照片10.jpg", "照片100.jpg"],
        ["2/10.jpg", "10/1.jpg"],
        ["1-2.jpg", "1-10.jpg", "2-1.jpg"],
        ["第1页.jpg", "第2页.jpg", "第11页.jpg"],
        ["a1.jpg", "B2.jpg", "c3.jpg"],
        ["001.jpg", "2.jpg"],
        ["照片.jpg", "照片(1).jpg", "照片(2).jpg", "照片(10).jpg"],
    ],
)
def test_a_pattern_gives_names_in_natural_order(root: Path, names: list[str]) -> None:
    put(root, *reversed(names))
    assert sources.expand(root, "**/*.jpg") == names


def test_the_order_does_not_depend_on_the_disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{number}{letters}.jpg" for number in ("1", "01", "001") for letters in ("a", "A", "Aa", "aa")]
    put(root, *names)
    real = Path.glob
    found: set[tuple[str, ...]] = set()
    for seed in range(5):

        def shuffled(path: Path, pattern: str, seed: int = seed) -> list[Path]:
            paths = sorted(real(path, pattern))
            random.Random(seed).shuffle(paths)
            return paths

        monkeypatch.setattr(Path, "glob", shuffled)
        found.add(tuple(sources.expand(root, "*.jpg")))
    assert len(found) == 1
    assert sorted(found.pop()) == sorted(path.name for path in root.glob("*.jpg"))


@pytest.mark.parametrize("pattern", ["1-1/*.jpg", "1-1\\*.jpg", "./1-1/*.jpg", "*/?.jpg", "**/[ab].jpg"])
def test_a_pattern_may_be_written_in_any_usual_way(root: Path, pattern: str) -> None:
    put(root, "1-1/a.jpg", "1-1/b.jpg", "1-1/c.png")
    assert sources.expand(root, pattern) == ["1-1/a.jpg", "1-1/b.jpg"]


def test_folders_do_not_match(root: Path) -> None:
    put(root, "1-1/a.jpg", "1-1/more.jpg/b.jpg")
    assert sources.expand(root, "1-1/*") == ["1-1/a.jpg"]


@pytest.mark.parametrize("pattern", [".", "./", "1-1", "1-1/", "nothing/*.jpg"])
def test_a_pattern_without_a_file_gives_nothing(root: Path, pattern: str) -> None:
    assert sources.expand(root, pattern) == []


LEFTOVERS = ["~$方案.docx", "._照片.jpg", ".~lock.方案.docx#", "Thumbs.db", "thumbs.db", "desktop.ini", ".DS_Store"]


@pytest.mark.parametrize("name", LEFTOVERS)
def test_leftovers_of_other_programs_do_not_match(root: Path, name: str) -> None:
    put(root, f"1-1/{name}", "1-1/a.jpg")
    assert sources.is_leftover(name)
    assert sources.expand(root, "1-1/*") == ["1-1/a.jpg"]


@pytest.mark.parametrize(("pattern", "name"), [("1-1/~$*.docx", "~$方案.docx"), ("*/Thumbs.db", "Thumbs.db")])
def test_a_leftover_that_is_named_matches(root: Path, pattern: str, name: str) -> None:
    put(root, f"1-1/{name}", "1-1/a.jpg")
    assert sources.expand(root, pattern) == [f"1-1/{name}"]


@pytest.mark.parametrize("name", ["~方案.docx", "Thumbs.db.pdf", "$方案.docx", "a~$.docx"])
def test_a_name_that_only_looks_like_a_leftover_matches(root: Path, name: str) -> None:
    put(root, name)
    assert sources.expand(root, "*") == [name]


@pytest.mark.parametrize("pattern", ["link/*.pdf", "link/**/*.pdf", "link/secret.pdf"])
def test_a_pattern_below_a_linked_folder_outside_is_refused(root: Path, pattern: str) -> None:
    (root / "link").symlink_to(root.parent / "beside")
    with pytest.raises(PathRefused, match="symbolic link"):
        sources.expand(root, pattern)


def test_a_file_reached_by_a_pattern_through_a_linked_folder_outside_is_refused_by_name(root: Path) -> None:
    put(root, "1-1/a.pdf")
    (root / "link").symlink_to(root.parent / "beside")

    names = sources.expand(root, "*/*.pdf")

    assert names == ["1-1/a.pdf", "link/secret.pdf"]
    with pytest.raises(PathRefused):
        sources.read(root, "link/secret.pdf")


def test_a_broken_link_is_not_dropped_in_silence(root: Path) -> None:
    put(root, "1-1/1.jpg")
    (root / "1-1" / "2.jpg").symlink_to("nowhere.jpg")
    assert sources.expand(root, "1-1/*.jpg") == ["1-1/1.jpg", "1-1/2.jpg"]


def test_a_pattern_that_matches_too_many_files_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_MAX_MATCHES", 3)
    put(root, "1.jpg", "2.jpg", "3.jpg")
    assert len(sources.expand(root, "*.jpg")) == 3
    put(root, "4.jpg")
    with pytest.raises(PathRefused, match="more than 3"):
        sources.expand(root, "*.jpg")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps names that are not Unicode")
def test_a_name_that_is_not_utf8_is_refused_in_letters_that_can_be_shown(root: Path) -> None:
    put(root, os.fsdecode("1-1/照片.jpg".encode("gb18030")))

    [name] = sources.expand(root, "1-1/*")
    with pytest.raises(PathRefused) as caught:
        sources.read(root, name)

    assert "1-1/照片.jpg" in str(caught.value)
    assert caught.value.fix == "rename the file"
    str(caught.value).encode("utf-8")


@pytest.mark.parametrize(("name", "shown"), [("1-1/规划.pdf", "1-1/规划.pdf"), ("a\nb\x1b[31m.pdf", "a�b�[31m.pdf")])
def test_a_name_is_shown_without_what_a_terminal_would_obey(name: str, shown: str) -> None:
    assert sources.shown(name) == shown


# --- suggestions ---------------------------------------------------------------------------------------------------


def test_a_misspelt_name_finds_its_neighbour(root: Path) -> None:
    put(root, "1-1/规划纲要.pdf", "1-1/签到表.pdf", "1-2/规划纲领.pdf")
    assert sources.similar_names(root, "1-1/规划刚要.pdf") == ["1-1/规划纲要.pdf"]
    assert sources.similar_names(root, "1-1\\规划刚要.pdf") == ["1-1/规划纲要.pdf"]


def test_a_file_in_the_wrong_folder_is_found(root: Path) -> None:
    put(root, "1-2/规划纲要.pdf", ".git/规划纲要.pdf")
    assert sources.similar_names(root, "1-1/规划纲要.pdf") == ["1-2/规划纲要.pdf"]


def test_a_leftover_and_the_name_itself_are_never_suggested(root: Path) -> None:
    put(root, "1-1/~$规划纲要.docx")
    (root / "1-1" / "规划纲要.docx").symlink_to("nowhere")
    assert sources.similar_names(root, "1-1/规划纲要.docx") == []


@pytest.mark.parametrize("name", ["a" * 300 + "/b.pdf", "1-1/a.pdf/b.pdf", "x"])
def test_looking_for_similar_names_never_fails(root: Path, name: str) -> None:
    put(root, "1-1/a.pdf")
    assert sources.similar_names(root, name) == []


# --- recognition ---------------------------------------------------------------------------------------------------


def package(path: Path, *members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, "x")
    return path


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7\n", Kind.PDF),
        (b"\0" * 1000 + b"%PDF-1.4\n", Kind.PDF),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", Kind.JPEG),
        (b"\x89PNG\r\n\x1a\n", Kind.PNG),
        (b"II*\0\x08\0\0\0", Kind.TIFF),
        (b"MM\0*\0\0\0\x08", Kind.TIFF),
        (b"II+\0\x08\0\0\0", Kind.TIFF),
        (b"RIFF\x10\0\0\0WEBPVP8 ", Kind.WEBP),
        (b"BM" + b"\0" * 12 + b"\x28\0\0\0", Kind.BMP),
        (b"GIF89a", Kind.GIF),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OLE),
        (b"{\\rtf1\\ansi", Kind.RTF),
        (b"\0\0\0\x18ftypheic\0\0\0\0", Kind.HEIC),
        (b"\0\0\0\x18ftypavif\0\0\0\0", Kind.HEIC),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", Kind.MEDIA),
        (b"\0\0\0\x0cjP  \r\n\x87\n", Kind.JPEG2000),
        (b"\xff\x4f\xff\x51\0", Kind.JPEG2000),
        (b"RIFF\x10\0\0\0WAVEfmt ", Kind.MEDIA),
        (b"ID3\x04\0", Kind.MEDIA),
        (b"\xff\xfb\x90\x44", Kind.MEDIA),
        (b"\x1aE\xdf\xa3", Kind.MEDIA),
        (b"OggS\0", Kind.MEDIA),
        (b"Rar!\x1a\x07\x01\0", Kind.RAR),
        (b"7z\xbc\xaf\x27\x1c\0\4", Kind.SEVEN_ZIP),
        (b"PK\x05\x06" + b"\0" * 18, Kind.ZIP),
        ("统计表".encode(), Kind.TEXT),
        ("统计表".encode("gb18030"), Kind.TEXT),
        ("统计表".encode("utf-16"), Kind.TEXT),
        (b"", Kind.EMPTY),
        (b"\x80\x81\0\x02 whatever", Kind.UNKNOWN),
    ],
)
def test_a_file_is_known_by_how_it_begins_whatever_its_name(tmp_path: Path, head: bytes, kind: Kind) -> None:
    for name in ("a", "a.pdf", "a.docx", "a.jpg"):
        (tmp_path / name).write_bytes(head)
        assert sources.recognise(tmp_path / name) is kind


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        (("[Content_Types].xml", "word/document.xml"), Kind.DOCX),
        (("[Content_Types].xml", "xl/workbook.xml"), Kind.XLSX),
        (("[Content_Types].xml", "ppt/presentation.xml"), Kind.PPTX),
        (("mimetype", "content.xml"), Kind.ODF),
        (("OFD.xml", "Doc_0/Document.xml"), Kind.OFD),
        (("word/document.xml",), Kind.ZIP),
        (("[Content_Types].xml", "sword/document.xml"), Kind.ZIP),
        (("照片.jpg",), Kind.ZIP),
    ],
)
def test_a_package_is_known_by_what_is_in_it(tmp_path: Path, members: tuple[str, ...], kind: Kind) -> None:
    assert sources.recognise(package(tmp_path / "a.bin", *members)) is kind


def _listing(path: Path, size: int, *, large: bool, comment: bytes = b"") -> Path:
    """Write a ZIP whose list of files is as long as it says, an empty one repeated."""
    entry = b"PK\1\2" + bytes(42)
    listed = entry * (size // len(entry))
    end = b"PK\5\6" + bytes(8) + (0xFFFFFFFF if large else len(listed)).to_bytes(4, "little") + bytes(4)
    record = b"PK\6\6" + bytes(36) + len(listed).to_bytes(8, "little") + bytes(8) + b"PK\6\7" + bytes(16)
    whole = b"PK\3\4" + bytes(26) + listed + (record if large else b"") + end
    path.write_bytes(whole + len(comment).to_bytes(2, "little") + comment)
    return path


@pytest.mark.parametrize("comment", [b"", b"c" * 1000], ids=["", "with a comment"])
@pytest.mark.parametrize("large", [False, True], ids=["short", "large"])
def test_a_list_of_files_beyond_all_measure_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool, comment: bytes
) -> None:
    opened: list[Path] = []

    def opens(path: Path) -> None:
        opened.append(path)
        raise zipfile.BadZipFile

    monkeypatch.setattr(zipfile, "ZipFile", opens)
    most = sources._MAX_DIRECTORY
    long = _listing(tmp_path / "long.zip", most, large=large, comment=comment)
    longer = _listing(tmp_path / "longer.zip", most + 92, large=large, comment=comment)

    assert sources.recognise(long) is Kind.ZIP
    assert sources.recognise(longer) is Kind.ZIP
    assert opened == [long]


def test_what_common_programs_write_is_recognised(
    make_pdf: MakePdf, make_docx: MakeDocx, make_photo: MakePhoto
) -> None:
    assert sources.recognise(make_pdf("a.pdf")) is Kind.PDF
    assert sources.recognise(make_docx("a.docx")) is Kind.DOCX
    assert sources.recognise(make_photo("a.jpg")) is Kind.JPEG
    assert sources.recognise(make_photo("a.png")) is Kind.PNG
    assert sources.recognise(make_photo("a.tif", frames=2)) is Kind.TIFF
    assert sources.recognise(make_photo("a.webp")) is Kind.WEBP
    assert sources.recognise(make_photo("a.bmp")) is Kind.BMP
    assert sources.recognise(make_photo("a.gif")) is Kind.GIF


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_a_bitmap_of_any_depth_is_recognised(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (3, 2)).save(tmp_path / "a.bmp")
    assert sources.recognise(tmp_path / "a.bmp") is Kind.BMP


@pytest.mark.parametrize("text", ["BMW 抽检报告", "BM", "GIF", "ID", "RIFF", "%PDF"])
def test_a_text_that_begins_like_something_else_is_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    expected = Kind.MEDIA if text == "RIFF" else Kind.TEXT
    assert sources.recognise(tmp_path / "a.txt") is expected


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("shift", range(4))
def test_a_long_text_whose_letters_the_head_cuts_in_two_is_text(tmp_path: Path, encoding: str, shift: int) -> None:
    (tmp_path / "a.txt").write_bytes(b"." * shift + ("质" * 5000).encode(encoding))
    assert sources.recognise(tmp_path / "a.txt") is Kind.TEXT


@pytest.mark.parametrize("data", [b"\x80", b"\xff\xff", b"\x80\xff\xff"])
def test_a_few_bytes_that_are_no_letters_are_not_text(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    assert sources.recognise(tmp_path / "a") not in (Kind.TEXT, Kind.EMPTY)


def test_a_file_that_ends_early_is_recognised_as_something(
    tmp_path: Path, make_pdf: MakePdf, make_docx: MakeDocx, make_photo: MakePhoto
) -> None:
    whole = [make_pdf("a.pdf"), make_docx("a.docx"), make_photo("a.jpg"), make_photo("a.png"), make_photo("a.tif")]
    for path in whole:
        data = path.read_bytes()
        for length in (1, 2, 3, 4, 5, 8, 12, 20, 100, len(data) // 2):
            (tmp_path / "cut").write_bytes(data[:length])
            assert isinstance(sources.recognise(tmp_path / "cut"), Kind)


def test_a_word_file_that_lost_its_end_is_no_word_file(make_docx: MakeDocx) -> None:
    path = make_docx("a.docx")
    path.write_bytes(path.read_bytes()[:-100])
    assert sources.recognise(path) is Kind.ZIP


def test_a_package_with_random_damage_never_breaks_recognition(make_docx: MakeDocx) -> None:
    path = make_docx("a.docx")
    whole, dice = path.read_bytes(), random.Random(7)
    for _ in range(300):
        data = bytearray(whole)
        for place in dice.sample(range(max(4, len(data) - 2000), len(data)), 5):
            data[place] = dice.choice((0, 255, dice.randrange(256)))
        path.write_bytes(data)
        assert sources.recognise(path) in (Kind.ZIP, Kind.DOCX)


def test_a_source_carries_its_size_and_digest(root: Path) -> None:
    data = b"%PDF-1.7" + bytes(3 << 20)
    put(root, "1-1/a.pdf", data=data)

    source = sources.read(root, "1-1/a.pdf")

    assert (source.size, source.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_file_that_cannot_be_read_raises_what_the_system_says(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        sources.recognise(tmp_path)
    with pytest.raises(FileNotFoundError):
        sources.recognise(tmp_path / "nothing")
