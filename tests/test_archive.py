"""All of an archive comes out, or is refused by name: no size, name or link in one gets to act, nothing is lost."""

from __future__ import annotations

import errno
import io
import lzma
import pickle
import re
import stat
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import py7zr
import pytest
import pyzipper  # type: ignore[import-untyped]
import rarfile  # type: ignore[import-untyped]

from dossier import containers, sources
from dossier.containers import Contents, archive, names
from dossier.errors import ConversionError
from dossier.sources import Kind

Files = dict[str, bytes]
FILES: Files = {"照片/10.jpg": b"ten" * 400, "照片/2.jpg": b"two" * 400, "说明.txt": "说明".encode(), "空.txt": b""}


# --- archives drawn by code ----------------------------------------------------------------------------------------


def make_zip(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in files.items():
            package.writestr(name, data)
    return path


def make_tar(path: Path, files: Files, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as package:  # type: ignore[call-overload]
        for name, data in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            package.addfile(header, io.BytesIO(data))
    return path


def make_7z(path: Path, files: Files, password: str | None = None, *, hide_names: bool = False) -> Path:
    with py7zr.SevenZipFile(path, "w", password=password, header_encryption=hide_names) as package:
        for name, data in files.items():
            package.writestr(data, name)
    return path


def make_rar(path: Path, files: Files, **options: Any) -> Path:
    """Write RAR 5 with files that are stored, or (``method``) claim to be compressed; see rarlab's technical note."""
    blocks = [rar_block(1, vint(options.get("volume", 0)))]
    for name, data in files.items():
        text, extra = name.encode(), options.get("extra", b"")
        about = vint(4) + vint(len(data)) + vint(0o100644) + struct.pack("<L", zlib.crc32(data))
        about += vint(options.get("method", 0) << 7) + vint(1) + vint(len(text)) + text
        blocks.append(rar_block(2, about, data, extra))
    end = b"" if options.get("no_end") else rar_block(5, vint(0))
    path.write_bytes(b"".join([b"Rar!\x1a\x07\x01\x00", *blocks, end]))
    return path


def vint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def rar_block(kind: int, about: bytes, data: bytes = b"", extra: bytes = b"") -> bytes:
    flags = (1 if extra else 0) | (2 if kind == 2 else 0)
    sizes = (vint(len(extra)) if extra else b"") + (vint(len(data)) if kind == 2 else b"")
    header = vint(kind) + vint(flags) + sizes + about + extra
    sized = vint(len(header)) + header
    return struct.pack("<L", zlib.crc32(sized)) + sized + data


def rar_extra(kind: int, about: bytes) -> bytes:
    record = vint(kind) + about
    return vint(len(record)) + record


RAR_END = rar_block(5, vint(0))

MAKERS: dict[str, tuple[Kind, Callable[[Path, Files], Path]]] = {
    "a.zip": (Kind.ZIP, make_zip),
    "a.7z": (Kind.SEVEN_ZIP, make_7z),
    "a.rar": (Kind.RAR, make_rar),
    "a.tar": (Kind.TAR, make_tar),
    "a.tar.gz": (Kind.TAR, lambda path, files: make_tar(path, files, "w:gz")),
    "a.tar.bz2": (Kind.TAR, lambda path, files: make_tar(path, files, "w:bz2")),
    "a.tar.xz": (Kind.TAR, lambda path, files: make_tar(path, files, "w:xz")),
}
every_archive = pytest.mark.parametrize("name", MAKERS)


def make(folder: Path, name: str, files: Files = FILES) -> Path:
    return MAKERS[name][1](folder / name, files)


def named_bytes(path: Path, replaced: dict[str, bytes]) -> Path:
    """Put other bytes of the same length into the names of an archive."""
    data = path.read_bytes()
    for old, new in replaced.items():
        assert len(old) == len(new)
        data = data.replace(old.encode(), new)
    path.write_bytes(data)
    return path


def zip_named(path: Path, *raw: bytes) -> Path:
    """Write a ZIP whose names are these bytes, with no word on how they are encoded."""
    marks = {f"{number:03}{'#' * (len(name) - 3)}": name for number, name in enumerate(raw)}
    return named_bytes(make_zip(path, {mark: mark.encode() for mark in marks}), marks)


def zip_locked(path: Path, name: str, data: bytes, password: bytes) -> Path:
    """Write a ZIP with the old encryption (APPNOTE.TXT 6.1), which no library here writes."""
    table = [0] * 256
    for index in range(256):
        value = index
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        table[index] = value
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = keys[0] >> 8 ^ table[(keys[0] ^ byte) & 255]
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = keys[2] >> 8 ^ table[(keys[2] ^ keys[1] >> 24) & 255]

    def encrypted(plain: bytes) -> Iterable[int]:
        for byte in plain:
            half = keys[2] | 2
            yield byte ^ (half * (half ^ 1) >> 8 & 255)
            update(byte)

    for byte in password:
        update(byte)
    packed = bytes(encrypted(bytes(11) + bytes([zlib.crc32(data) >> 24]) + data))
    make_zip(path, {})
    with zipfile.ZipFile(path, "w") as package:
        package.writestr(name, packed)
    raw = bytearray(path.read_bytes())
    for start, flags in ((0, 6), (raw.index(b"PK\1\2"), 8)):
        raw[start + flags] |= 1
        raw[start + flags + 8 : start + flags + 12] = struct.pack("<L", zlib.crc32(data))
        raw[start + flags + 16 : start + flags + 20] = struct.pack("<L", len(data))
    path.write_bytes(raw)
    return path


# --- unpacking, and what is to be seen of it -----------------------------------------------------------------------


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def unpack(path: Path, into: Path, **options: str) -> Contents:
    return containers.unpack(path, containers.recognise(path), into, **options)


def held(contents: Contents) -> Files:
    return {member.name: member.path.read_bytes() for member in contents.members}


def listed(contents: Contents) -> list[str]:
    return [member.name for member in contents.members]


def refused(path: Path, into: Path, **options: str) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        unpack(path, into, **options)
    assert path.name not in caught.value.message  # whoever calls knows it
    assert caught.value.fix
    return caught.value


def note(contents: Contents, code: str) -> str:
    [found] = [note for note in contents.notes if note.code == code]
    assert found.fix
    return found.message


@every_archive
def test_all_that_an_archive_holds_comes_out_in_natural_order(tmp_path: Path, into: Path, name: str) -> None:
    contents = unpack(make(tmp_path, name), into)

    assert listed(contents) == ["照片/2.jpg", "照片/10.jpg", "空.txt", "说明.txt"]
    assert held(contents) == FILES
    assert contents.notes == ()


def test_order_does_not_heed_case_and_keeps_folders_together(tmp_path: Path, into: Path) -> None:
    ordered = ["A/b.txt", "A/C.txt", "a 2/a.txt", "B10.txt", "b11.txt", "Z"]

    assert listed(unpack(make_zip(tmp_path / "a.zip", dict.fromkeys(reversed(ordered), b"")), into)) == ordered


@every_archive
def test_files_are_written_under_names_of_the_programs_own(tmp_path: Path, into: Path, name: str) -> None:
    contents = unpack(make(tmp_path, name, {"a/报告.JPG": b"1", "b.tar.gz.html": b"2", "c.;rm": b"3", "d": b"4"}), into)

    paths = sorted(path for path in tmp_path.rglob("*") if path.name != name)
    assert paths == sorted([into, *(member.path for member in contents.members)])
    assert all(member.path.parent == into for member in contents.members)
    assert {member.name: member.path.suffix for member in contents.members} == {
        "a/报告.JPG": ".jpg",
        "b.tar.gz.html": ".html",
        "c.;rm": "",
        "d": "",
    }
    assert all(re.fullmatch(r"\d{4}(\.[a-z]+)?", member.path.name) for member in contents.members)


@pytest.mark.parametrize("name", ["a.zip", "a.rar", "a.tar.gz"])
@pytest.mark.parametrize(
    ("inside", "shown"),
    [
        ("../../../escaped.txt", "escaped.txt"),
        ("/etc/cron.d/job", "etc/cron.d/job"),
        ("a/./b/../../../c.txt", "a/b/c.txt"),
        ("C:/Windows/win.ini", "Windows/win.ini"),
        ("evil\u202efdp.exe", "evil\ufffdfdp.exe"),
        ("a\nb\x1b[31m.txt", "a\ufffdb\ufffd[31m.txt"),
        ("..", "unnamed"),
        ("x" * 300 + ".docx", "x" * 94 + "….docx"),
        ("/".join(["d" * 50] * 9) + "/end.pdf", "/".join(["…", *["d" * 50] * 4, "end.pdf"])),
        ("a/" * 30_000 + "end.pdf", "/".join(["…", *["a"] * 116, "end.pdf"])),
        ("e\u0301.txt", "é.txt"),
    ],
)
def test_a_name_that_would_act_is_only_shown(tmp_path: Path, into: Path, name: str, inside: str, shown: str) -> None:
    contents = unpack(make(tmp_path, name, {inside: b"data"}), into)

    assert held(contents) == {shown: b"data"}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "into"])
    assert [path.is_file() for path in into.iterdir()] == [True]


def test_a_name_of_a_7z_archive_that_would_act_is_only_shown(tmp_path: Path, into: Path) -> None:
    plain = {"aa/aa/escaped.txt": b"1", "Xetc/passwd": b"2"}
    path = tmp_path / "a.7z"
    with py7zr.SevenZipFile(path, "w") as package:
        package.set_encoded_header_mode(False)  # else the names are compressed
        for name, data in plain.items():
            package.writestr(data, name)
    old = {name: name.encode("utf-16-le") for name in plain}
    data = path.read_bytes()
    header = int.from_bytes(data[12:20], "little") + 32
    data = data.replace(old["aa/aa/escaped.txt"], "../../escaped.txt".encode("utf-16-le"))
    data = data.replace(old["Xetc/passwd"], "/etc/passwd".encode("utf-16-le"))
    start = struct.pack("<QQL", header - 32, len(data) - header, zlib.crc32(data[header:]))
    path.write_bytes(data[:8] + struct.pack("<L", zlib.crc32(start)) + start + data[32:])

    assert held(unpack(path, into)) == {"escaped.txt": b"1", "etc/passwd": b"2"}
    assert len(list(into.iterdir())) == 2


@every_archive
def test_folders_are_no_files(tmp_path: Path, into: Path, name: str) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    path = make(tmp_path, name, {"a.txt": b"a"})
    if name == "a.zip":
        with zipfile.ZipFile(path, "a") as package:
            package.mkdir("empty")
    elif name == "a.7z":
        with py7zr.SevenZipFile(path, "w") as sevenzip:
            sevenzip.writeall(folder, "empty")
            sevenzip.writestr(b"a", "a.txt")
    elif name == "a.rar":
        about = vint(1) + vint(0) + vint(0o40755) + vint(0) + vint(1) + vint(5) + b"empty"
        path.write_bytes(path.read_bytes()[: -len(RAR_END)] + rar_block(2, about) + RAR_END)
    else:
        with tarfile.open(path, "w:" + name.removeprefix("a.tar").strip(".")) as tar:  # type: ignore[call-overload]
            tar.add(folder, "empty")
            header = tarfile.TarInfo("a.txt")
            header.size = 1
            tar.addfile(header, io.BytesIO(b"a"))

    contents = unpack(path, into)

    assert held(contents) == {"a.txt": b"a"}
    assert contents.notes == ()


# --- names whose encoding nobody wrote down ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("质量工作/现场照片.jpg".encode("gbk"), "质量工作/现场照片.jpg"),
        ("质量工作方案.docx".encode(), "质量工作方案.docx"),
        ("café menu.txt".encode(), "café menu.txt"),
        ("Привет.txt".encode(), "Привет.txt"),
        ("小学.txt".encode("gbk"), "小学.txt"),  # two Cyrillic letters, were it UTF-8
        ("résumé naïve.txt".encode("cp437"), "résumé naïve.txt"),
        ("Größe.txt".encode("cp437"), "Größe.txt"),
        ("垚鑫.jpg".encode("gbk"), "垚鑫.jpg"),
        ("（一）“附件”—名单.xls".encode("gbk"), "（一）“附件”—名单.xls"),
        (b"Thumbs.jpg", "Thumbs.jpg"),
    ],
)
def test_the_bytes_of_a_name_tell_how_it_is_encoded(tmp_path: Path, into: Path, raw: bytes, shown: str) -> None:
    contents = unpack(zip_named(tmp_path / "a.zip", raw), into)

    assert listed(contents) == [shown]


def test_a_name_too_short_to_tell_is_read_like_the_others(tmp_path: Path, into: Path) -> None:
    path = zip_named(tmp_path / "a.zip", *(n.encode("gbk") for n in ("昇.jpg", "质量工作.jpg", "现场照片.jpg")))

    assert listed(unpack(path, into)) == ["昇.jpg", "现场照片.jpg", "质量工作.jpg"]


def test_names_in_two_encodings_are_told_apart_one_by_one(tmp_path: Path, into: Path) -> None:
    path = zip_named(tmp_path / "a.zip", "质量工作.jpg".encode("gbk"), "现场照片.jpg".encode())

    assert sorted(listed(unpack(path, into))) == ["现场照片.jpg", "质量工作.jpg"]


def test_guessed_names_are_reported_and_certain_ones_are_not(tmp_path: Path, into: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"####.jpg": b"1", "plain.jpg": b"2", "现场.jpg": b"3"})
    named_bytes(path, {"####": "质量".encode("gbk")})

    message = note(unpack(path, into), containers.GUESSED)

    assert "质量.jpg" in message
    assert "GBK" in message
    assert "plain" not in message
    assert "现场" not in message


def test_a_name_given_twice_in_a_zip_is_read_from_its_unicode_field(tmp_path: Path, into: Path) -> None:
    raw = b"b?????.txt"
    info = zipfile.ZipInfo(raw.decode())
    text = "报告.txt".encode()
    info.extra = struct.pack("<HHBL", 0x7075, len(text) + 5, 1, zlib.crc32(raw)) + text
    stale = zipfile.ZipInfo("renamed.txt")
    stale.extra = struct.pack("<HHBL", 0x7075, len(text) + 5, 1, zlib.crc32(b"old")) + text
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr(info, b"1")
        package.writestr(stale, b"2")

    contents = unpack(path, into)

    assert held(contents) == {"报告.txt": b"1", "renamed.txt": b"2"}
    assert contents.notes == ()


def test_old_tar_names_in_gbk_are_read(tmp_path: Path, into: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, encoding="gbk") as package:
        package.addfile(tarfile.TarInfo("质量工作/现场照片.jpg"))

    contents = unpack(path, into)

    assert listed(contents) == ["质量工作/现场照片.jpg"]
    assert "GBK" in note(contents, containers.GUESSED)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.7z"])
def test_two_files_of_one_name_are_both_kept(tmp_path: Path, into: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.zip":
        named_bytes(make_zip(path, {"a.txt": b"1", "b.txt": b"2"}), {"b.txt": b"a.txt"})
    elif name == "a.tar":
        make_tar(path, {"a.txt": b"1", "./a.txt": b"2"})
    else:
        with py7zr.SevenZipFile(path, "w") as sevenzip:
            sevenzip.writestr(b"1", "a.txt")
            sevenzip.writestr(b"2", "a.txt")

    assert held(unpack(path, into)) == {"a.txt": b"1", "a (2).txt": b"2"}


# --- what is left out, and said to be ------------------------------------------------------------------------------

LEFTOVERS = ["__MACOSX/a/1.jpg", "x/~$report.docx", "._x", "Thumbs.db", "y/desktop.ini", ".DS_Store"]


@every_archive
def test_leftovers_are_left_out_and_named(tmp_path: Path, into: Path, name: str) -> None:
    contents = unpack(make(tmp_path, name, {"a.jpg": b"a", **dict.fromkeys(LEFTOVERS, b"x")}), into)

    assert listed(contents) == ["a.jpg"]
    message = note(contents, containers.LEFT_OUT)
    assert "6 leftovers" in message
    assert all(leftover in message for leftover in LEFTOVERS[:5])
    assert "1 more" in message
    assert len(list(into.iterdir())) == 1
    assert [n.severity for n in contents.notes] == ["info"]


def test_what_is_left_out_and_is_no_usual_leftover_is_a_warning(tmp_path: Path, into: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.txt": b"a", ".DS_Store": b"x", "b.zip": b"PK\5\6" + bytes(18)})

    notes = unpack(path, into).notes

    assert [(n.code, n.severity) for n in notes] == [("left-out", "info"), ("left-out", "warning")]
    assert "b.zip" in notes[1].message


@every_archive
def test_an_archive_of_nothing_but_leftovers_is_empty(tmp_path: Path, into: Path, name: str) -> None:
    error = refused(make(tmp_path, name, {"__MACOSX/._a": b"x"}), into)

    assert error.code == "empty-source"
    assert "left out" in error.message


@pytest.mark.parametrize("name", ["a.zip", "a.7z", "a.rar"])  # a TAR of nothing is nothing but zeros
def test_an_archive_of_nothing_is_empty(tmp_path: Path, into: Path, name: str) -> None:
    assert refused(make(tmp_path, name, {}), into).code == "empty-source"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_links_and_devices_in_a_tar_are_left_out_and_named(tmp_path: Path, into: Path, kind: bytes) -> None:
    path = make_tar(tmp_path / "a.tar", {"a.txt": b"a"})
    with tarfile.open(path, "a") as package:
        special = tarfile.TarInfo("special")
        special.type, special.linkname = kind, "a.txt" if kind == tarfile.LNKTYPE else "/etc/passwd"
        package.addfile(special)

    contents = unpack(path, into)

    assert held(contents) == {"a.txt": b"a"}
    assert "1 links and devices (special)" in note(contents, containers.LEFT_OUT)
    assert [path.is_file() and not path.is_symlink() for path in into.iterdir()] == [True]


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_in_a_zip_are_left_out_and_named(tmp_path: Path, into: Path, mode: int) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.txt": b"a"})
    info = zipfile.ZipInfo("special")
    info.create_system, info.external_attr = 3, (mode | 0o777) << 16
    with zipfile.ZipFile(path, "a") as package:
        package.writestr(info, "/etc/passwd")

    contents = unpack(path, into)

    assert held(contents) == {"a.txt": b"a"}
    assert "special" in note(contents, containers.LEFT_OUT)


def test_links_in_a_7z_archive_are_left_out_and_named(tmp_path: Path, into: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "a.txt").write_bytes(b"a")
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as package:
        package.write(tmp_path / "link", "link")
        package.write(tmp_path / "a.txt", "a.txt")

    contents = unpack(tmp_path / "a.7z", into)

    assert held(contents) == {"a.txt": b"a"}
    assert "link" in note(contents, containers.LEFT_OUT)


def test_links_in_a_rar_archive_are_left_out_and_named(tmp_path: Path, into: Path) -> None:
    target = b"/etc/passwd"
    path = make_rar(tmp_path / "a.rar", {"a.txt": b"a"})
    link = make_rar(
        tmp_path / "b.rar", {"link": b""}, extra=rar_extra(5, vint(1) + vint(0) + vint(len(target)) + target)
    )
    start = 8 + len(rar_block(1, vint(0)))
    path.write_bytes(path.read_bytes()[: -len(RAR_END)] + link.read_bytes()[start:])

    contents = unpack(path, into)

    assert held(contents) == {"a.txt": b"a"}
    assert "link" in note(contents, containers.LEFT_OUT)


# --- containers in containers --------------------------------------------------------------------------------------


def nested(folder: Path, depth: int) -> Path:
    """Write an archive with ``depth`` archives in it, one in the other."""
    path = make_zip(folder / "n0.zip", {"leaf.txt": b"leaf"})
    for level in range(1, depth + 1):
        path = make_zip(folder / f"n{level}.zip", {path.name: path.read_bytes()})
    return path


@every_archive
def test_an_archive_in_an_archive_is_unpacked_where_it_stands(tmp_path: Path, into: Path, name: str) -> None:
    inner = make(tmp_path, name, {"照片/10.jpg": b"10", "照片/2.jpg": b"2"}).read_bytes()
    outer = make_zip(tmp_path / "outer.zip", {"c.txt": b"c", "b" + name[1:]: inner, "a.txt": b"a"})

    contents = unpack(outer, into)

    inside = "b" + name[1:]
    assert listed(contents) == ["a.txt", f"{inside}/照片/2.jpg", f"{inside}/照片/10.jpg", "c.txt"]
    assert [m.path.read_bytes() for m in contents.members] == [b"a", b"2", b"10", b"c"]
    assert len(list(into.iterdir())) == 4  # the inner archive itself is gone


def test_a_file_in_a_folder_of_an_inner_archives_name_is_told_apart(tmp_path: Path, into: Path) -> None:
    inner = make_zip(tmp_path / "in.zip", {"x.txt": b"1"}).read_bytes()

    contents = unpack(make_zip(tmp_path / "a.zip", {"b.zip": inner, "b.zip/x.txt": b"2"}), into)

    assert held(contents) == {"b.zip/x.txt": b"1", "b.zip/x (2).txt": b"2"}


def test_three_archives_in_one_another_are_unpacked(tmp_path: Path, into: Path) -> None:
    assert held(unpack(nested(tmp_path, 3), into)) == {"n2.zip/n1.zip/n0.zip/leaf.txt": b"leaf"}


def test_a_fourth_is_refused_by_name(tmp_path: Path, into: Path) -> None:
    error = refused(nested(tmp_path, 4), into)

    assert error.code == "hostile-source"
    assert "n0.zip" in error.message


def test_what_an_inner_archive_leaves_out_and_guesses_is_told_with_its_name(tmp_path: Path, into: Path) -> None:
    inner = zip_named(tmp_path / "in.zip", "质量工作.jpg".encode("gbk"), b"Thumbs.db")
    outer = make_zip(tmp_path / "out.zip", {"in.zip": inner.read_bytes(), "._x": b""})

    contents = unpack(outer, into)

    assert "2 leftovers (._x, in.zip/Thumbs.db)" in note(contents, containers.LEFT_OUT)
    assert "in.zip/质量工作.jpg" in note(contents, containers.GUESSED)


def test_an_empty_archive_in_an_archive_is_told(tmp_path: Path, into: Path) -> None:
    inner = make_zip(tmp_path / "in.zip", {}).read_bytes()

    contents = unpack(make_zip(tmp_path / "out.zip", {"in.zip": inner, "a.txt": b"a"}), into)

    assert listed(contents) == ["a.txt"]
    assert "in.zip" in note(contents, containers.LEFT_OUT)


@pytest.mark.parametrize("code", ["damaged-source", "encrypted-source"])
def test_a_broken_or_locked_archive_in_an_archive_is_refused_alone_and_by_name(
    tmp_path: Path, into: Path, code: str
) -> None:
    if code == "damaged-source":
        inner = make_zip(tmp_path / "in.zip", FILES).read_bytes()[:-30]
    else:
        inner = make_7z(tmp_path / "in.zip", FILES, "secret").read_bytes()
    contents = unpack(make_zip(tmp_path / "out.zip", {"in.zip": inner, "a.txt": b"a"}), into)

    assert held(contents) == {"a.txt": b"a"}
    [error] = contents.refused
    assert error.code == code
    assert error.message.startswith("in.zip: ")
    assert error.fix
    assert contents.notes == ()  # it is not called empty besides


def test_a_broken_file_deep_inside_is_named_by_the_way_to_it(tmp_path: Path, into: Path) -> None:
    inner = flipped(make_zip(tmp_path / "in.zip", FILES), "照片/2.jpg").read_bytes()
    middle = make_zip(tmp_path / "mid.zip", {"in.zip": inner}).read_bytes()

    contents = unpack(make_zip(tmp_path / "out.zip", {"mid.zip": middle}), into)

    assert len(contents.members) == 3
    assert [error.message.partition(" in it")[0] for error in contents.refused] == ["mid.zip/in.zip: 照片/2.jpg"]


def test_a_bomb_in_an_archive_refuses_all_of_it(tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBER", 1000)
    inner = make_zip(tmp_path / "in.zip", {"big": b"x" * 5000}).read_bytes()

    error = refused(make_zip(tmp_path / "out.zip", {"in.zip": inner, "a.txt": b"a"}), into)

    assert error.code == "hostile-source"
    assert error.message.startswith("in.zip: ")


def test_a_mail_in_an_archive_is_unpacked_too(tmp_path: Path, into: Path) -> None:
    mail = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n\r\ntext\r\n"

    contents = unpack(make_zip(tmp_path / "a.zip", {"m.eml": mail}), into)

    assert listed(contents) == ["m.eml/邮件正文.docx"]
    assert sources.recognise(contents.members[0].path) is Kind.DOCX


def office(folder: Path, parts: Iterable[str]) -> Path:
    return make_zip(folder / "file.bin", dict.fromkeys(parts, b"<x/>"))


PACKAGES = {
    "docx": ["[Content_Types].xml", "word/document.xml"],
    "xlsx": ["[Content_Types].xml", "xl/workbook.xml"],
    "ofd": ["OFD.xml", "Doc_0/Document.xml"],
    "odt": ["mimetype", "content.xml"],
    "epub": ["mimetype", "META-INF/container.xml"],
    "xps": ["[Content_Types].xml", "Documents/1/Pages/1.fpage"],
    "jar": ["META-INF/MANIFEST.MF", "A.class"],
}


@pytest.mark.parametrize("parts", PACKAGES.values(), ids=PACKAGES)
def test_a_document_in_the_form_of_a_zip_is_no_archive(tmp_path: Path, into: Path, parts: list[str]) -> None:
    document = office(tmp_path, parts)

    assert refused(document, into).code == "unsupported-kind"
    contents = unpack(make_zip(tmp_path / "a.zip", {"file.bin": document.read_bytes()}), into)
    assert held(contents) == {"file.bin": document.read_bytes()}


# --- bombs ---------------------------------------------------------------------------------------------------------


@every_archive
def test_too_many_files_are_refused(tmp_path: Path, into: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 10)
    good = make(tmp_path, name, {f"{n}.txt": b"x" for n in range(7)})
    assert len(unpack(good, into).members) == 7

    bad = make(tmp_path, name, {f"{n}.txt": b"x" for n in range(12)})
    into = tmp_path / "again"
    into.mkdir()
    assert refused(bad, into).code == "hostile-source"


@every_archive
def test_leftovers_and_folders_count_as_files_do(
    tmp_path: Path, into: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 10)

    assert refused(make(tmp_path, name, {f"__MACOSX/._{n}": b"" for n in range(12)}), into).code == "hostile-source"


@every_archive
def test_a_single_file_is_limited(tmp_path: Path, into: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBER", 1000)

    assert len(unpack(make(tmp_path, name, {"a": bytes(1000), "b": bytes(999)}), into).members) == 2
    again = tmp_path / "again"
    again.mkdir()
    assert refused(make(tmp_path, name, {"a": bytes(1001)}), again).code == "hostile-source"
    assert sum(path.stat().st_size for path in again.iterdir()) <= 1000


@every_archive
def test_all_files_together_are_limited(tmp_path: Path, into: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 100_000)

    error = refused(make(tmp_path, name, {f"{n}": bytes(30_000) for n in range(4)}), into)

    assert error.code == "hostile-source"
    assert sum(path.stat().st_size for path in into.iterdir()) <= 100_000


@pytest.mark.parametrize("name", ["a.zip", "a.7z", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_a_small_archive_that_becomes_huge_is_refused(
    tmp_path: Path, into: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "RATIO_FROM", 100_000)
    path = make(tmp_path, name, {"zeros": bytes(2_000_000)})
    assert path.stat().st_size < 10_000

    error = refused(path, into)

    assert error.code == "hostile-source"
    assert "bomb" in error.message
    assert sum(path.stat().st_size for path in into.iterdir()) <= 2_000_000


def test_a_little_that_packs_well_is_no_bomb(tmp_path: Path, into: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"zeros": bytes(1_000_000)})
    assert path.stat().st_size * archive.MAX_RATIO < 1_000_000

    assert len(unpack(path, into).members) == 1


def test_a_bomb_of_archives_in_archives_is_measured_as_a_whole(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "RATIO_FROM", 300_000)
    leaf = make_zip(tmp_path / "leaf.zip", {"zeros": bytes(100_000)}).read_bytes()
    middle = make_zip(tmp_path / "middle.zip", {f"{n}.zip": leaf for n in range(8)}).read_bytes()
    bomb = make_zip(tmp_path / "bomb.zip", {f"{n}.zip": middle for n in range(8)})

    assert refused(bomb, into).code == "hostile-source"
    assert sum(path.stat().st_size for path in into.iterdir()) < 1_000_000


def test_leftovers_that_are_a_bomb_are_measured_while_they_are_read_over(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "RATIO_FROM", 100_000)
    for name in ("a.tar.gz", "a.7z"):
        assert refused(make(tmp_path, name, {"Thumbs.db": bytes(2_000_000), "a": b""}), into).code == "hostile-source"


def test_a_sparse_file_in_a_tar_is_measured_by_what_it_becomes(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBER", 1_000_000)
    header = tarfile.TarInfo("sparse")
    header.type, header.size = tarfile.GNUTYPE_SPARSE, 0
    block = bytearray(header.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"00000000000\x0000000000000\0"  # one piece: nothing at 0
    block[483:495] = b"%011o\0" % (10**9)
    block[148:156] = b" " * 8
    block[148:155] = b"%06o\0" % sum(block)
    (tmp_path / "a.tar").write_bytes(bytes(block) + bytes(1024))

    assert refused(tmp_path / "a.tar", into).code == "hostile-source"


def test_files_that_share_their_bytes_are_refused(tmp_path: Path, into: Path) -> None:
    """As in a bomb that needs no archive in an archive: every entry of the list points to the same file."""
    path = make_zip(tmp_path / "a.zip", {"a": b"kernel" * 50})
    data = path.read_bytes()
    start = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6")
    twin = data[start:end].replace(b"a", b"b") if data[start:end].count(b"a") == 1 else data[start : end - 1] + b"b"
    directory = data[start:end] + twin
    tail = bytearray(data[end:])
    tail[8:12] = struct.pack("<HH", 2, 2)
    tail[12:16] = struct.pack("<L", len(directory))
    path.write_bytes(data[:start] + directory + tail)

    error = refused(path, into)

    assert error.code == "hostile-source"
    assert "overlap" in error.message


@pytest.mark.parametrize("claimed", [10, 0])
def test_a_size_that_lies_does_not_get_a_file_in(tmp_path: Path, into: Path, claimed: int) -> None:
    path = make_zip(tmp_path / "a.zip", {"a": b"x" * 5000})
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", 5000), struct.pack("<L", claimed)))

    assert refused(path, into).code == "damaged-source"


def test_a_header_of_a_tar_that_would_fill_the_memory_is_refused(tmp_path: Path, into: Path) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    (tmp_path / "a.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(10_000))

    assert refused(tmp_path / "a.tar", into).code == "hostile-source"


def test_a_tar_that_would_be_read_in_circles_is_refused(tmp_path: Path, into: Path) -> None:
    header = tarfile.TarInfo("a")
    block = bytearray(header.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 10 + b"\xfc\x00"  # minus 1,024
    block[148:156] = b" " * 8
    block[148:155] = b"%06o\0" % sum(block)
    (tmp_path / "a.tar").write_bytes(bytes(block) + bytes(1024))

    assert refused(tmp_path / "a.tar", into).code == "damaged-source"


def test_want_of_memory_is_a_refusal(tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*_: object) -> object:
        raise MemoryError

    monkeypatch.setattr(zipfile, "ZipFile", greedy)
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\3\4")

    with pytest.raises(ConversionError) as caught:
        archive.read_zip(path, archive.Room(into, 4), "")
    assert caught.value.code == "hostile-source"


# --- locked archives -----------------------------------------------------------------------------------------------


def locked_zip(path: Path, password: str) -> Path:
    return zip_locked(path, "a.txt", b"inside" * 100, password.encode())


def aes_zip(path: Path, password: str) -> Path:
    with pyzipper.AESZipFile(path, "w", compression=zipfile.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as package:
        package.setpassword(password.encode())
        package.writestr("a.txt", b"inside" * 100)
    return path


def locked_7z(path: Path, password: str) -> Path:
    return make_7z(path, {"a.txt": b"inside" * 100}, password)


def hidden_7z(path: Path, password: str) -> Path:
    return make_7z(path, {"a.txt": b"inside" * 100}, password, hide_names=True)


LOCKS = {"zip": locked_zip, "aes-zip": aes_zip, "7z": locked_7z, "7z-hidden": hidden_7z}
every_lock = pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
Lock = Callable[[Path, str], Path]


@every_lock
@pytest.mark.parametrize("password", ["secret", "密码 1"])
def test_the_password_opens(tmp_path: Path, into: Path, lock: Lock, password: str) -> None:
    contents = unpack(lock(tmp_path / "a.bin", password), into, password=password)

    assert held(contents) == {"a.txt": b"inside" * 100}


def test_a_password_may_have_been_typed_on_windows_in_chinese(tmp_path: Path, into: Path) -> None:
    path = zip_locked(tmp_path / "a.zip", "a.txt", b"inside", "密码".encode("gbk"))

    assert held(unpack(path, into, password="密码")) == {"a.txt": b"inside"}


@every_lock
@pytest.mark.parametrize("given", ["", "wrong", "错的"])
def test_no_or_a_wrong_password_is_a_refusal_that_does_not_tell_it(
    tmp_path: Path, into: Path, lock: Lock, given: str
) -> None:
    error = refused(lock(tmp_path / "a.bin", "secret"), into, password=given)

    assert error.code == "encrypted-source"
    assert "secret" not in str(error)
    assert not given or given not in error.message


@every_archive
def test_a_password_that_is_not_needed_does_no_harm(tmp_path: Path, into: Path, name: str) -> None:
    assert held(unpack(make(tmp_path, name), into, password="idle")) == FILES


@every_archive
def test_a_damaged_archive_is_not_called_locked_because_a_password_is_given(
    tmp_path: Path, into: Path, name: str
) -> None:
    path = make(tmp_path, name, {"a.bin": bytes(range(256)) * 80})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])

    assert refused(path, into, password="idle").code == "damaged-source"


def test_an_inner_archive_is_tried_with_the_same_password(tmp_path: Path, into: Path) -> None:
    inner = locked_7z(tmp_path / "in.7z", "secret").read_bytes()

    assert listed(unpack(make_zip(tmp_path / "a.zip", {"in.7z": inner}), into, password="secret")) == ["in.7z/a.txt"]


def test_a_locked_rar_archive_asks_for_its_password(tmp_path: Path, into: Path) -> None:
    assert refused(make_rar(tmp_path / "a.rar", {"a.txt": b"a"}, extra=RAR_LOCK), into).code == "encrypted-source"


# --- broken archives -----------------------------------------------------------------------------------------------


@every_archive
@pytest.mark.parametrize("kept", [0.1, 0.3, 0.5, 0.7, 0.9, 0.97])
def test_an_archive_cut_short_is_refused(tmp_path: Path, into: Path, name: str, kept: float) -> None:
    path = make(tmp_path, name, {"a.txt": bytes(range(256)) * 9, "b.txt": bytes(range(255, -1, -1)) * 9})
    data = path.read_bytes()
    data = data[:6656] if name == "a.tar" else data  # of which the last block is the end mark
    path.write_bytes(data[: int(len(data) * kept)])

    with pytest.raises(ConversionError) as caught:
        containers.unpack(path, MAKERS[name][0], into)
    assert caught.value.code == "damaged-source"


def test_a_tar_cut_between_two_files_is_refused(tmp_path: Path, into: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {"a.txt": b"a", "b.txt": b"b"})
    path.write_bytes(path.read_bytes()[:1024])

    error = refused(path, into)

    assert error.code == "damaged-source"
    assert "end mark" in error.message


def test_a_tar_whose_second_header_is_rubbish_is_refused(tmp_path: Path, into: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {"a.txt": b"a", "b.txt": b"b"})
    data = bytearray(path.read_bytes())
    data[1024:1536] = bytes(range(256)) * 2
    path.write_bytes(data)

    assert refused(path, into).code == "damaged-source"


def test_two_tars_in_one_file_are_not_read_as_the_first_alone(tmp_path: Path, into: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {"a.txt": b"a"})
    path.write_bytes(path.read_bytes() * 2)

    assert refused(path, into).code == "damaged-source"


def test_a_rar_archive_without_its_end_mark_is_refused(tmp_path: Path, into: Path) -> None:
    assert refused(make_rar(tmp_path / "a.rar", {"a.txt": b"a"}, no_end=True), into).code == "damaged-source"


@pytest.mark.parametrize("name", ["a.zip", "a.7z", "a.rar", "a.tar.gz", "a.tar.xz"])
def test_a_flipped_bit_in_a_file_is_noticed(tmp_path: Path, into: Path, name: str) -> None:
    path = make(tmp_path, name, {"a.bin": NOISE})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)

    assert refused(path, into).code == "damaged-source"


def test_a_broken_packed_file_is_taken_for_a_tar_and_refused(tmp_path: Path, into: Path) -> None:
    for start in (b"\x1f\x8b\x08", b"BZh91AY&SY", b"\xfd7zXZ\0"):
        assert refused(write(tmp_path / "a.bin", start + bytes(600)), into).code == "damaged-source"


def test_a_file_that_claims_to_lie_before_its_archive_begins_is_refused(tmp_path: Path, into: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.txt": b"a"})
    data = bytearray(path.read_bytes())
    end = data.index(b"PK\5\6")
    data[end + 16 : end + 20] = struct.pack("<L", end + 100)  # all the rest moves to the front by as much
    path.write_bytes(data)

    assert refused(path, into).code == "damaged-source"


def flipped(path: Path, name: str) -> Path:
    """Break one file of a ZIP, of some kilobytes or more."""
    with zipfile.ZipFile(path) as package:
        info = package.getinfo(name)
    data = bytearray(path.read_bytes())
    data[info.header_offset + 30 + len(info.filename.encode()) + 2] ^= 0xFF
    path.write_bytes(data)
    return path


NOISE = b"".join(struct.pack("<L", zlib.crc32(bytes([n % 251, n // 251]))) for n in range(4000))  # does not pack


@pytest.mark.parametrize("name", ["a.zip", "a.7z", "a.rar"])
def test_a_damaged_file_is_refused_by_name_and_the_others_come_out(tmp_path: Path, into: Path, name: str) -> None:
    files = {"1.txt": b"one", "2.bin": NOISE, "3.txt": b"three"}
    path = tmp_path / name
    if name == "a.7z":  # one stream: stored, so that what is broken is one place
        with py7zr.SevenZipFile(path, "w", filters=[{"id": py7zr.FILTER_COPY}]) as package:
            for inside, content in files.items():
                package.writestr(content, inside)
    else:
        make(tmp_path, name, files)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10  # in the largest
    path.write_bytes(data)

    contents = unpack(path, into)

    assert held(contents) == {"1.txt": b"one", "3.txt": b"three"}
    [error] = contents.refused
    assert error.message.startswith("2.bin in it is damaged")
    assert error.code == "damaged-source"
    assert error.fix
    assert len(list(into.iterdir())) == 2  # nothing of what was half written is left


def test_what_comes_before_a_break_in_a_7z_archive_comes_out_and_the_rest_is_named(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_7z(tmp_path / "a.7z", {"1.txt": b"one", "2.txt": b"two", "3.txt": b"three"})

    def breaks(package: object, *, factory: Any) -> None:
        factory.create("0").write(b"one")
        factory.create("1").write(b"tw")
        raise lzma.LZMAError("Corrupt input data")

    monkeypatch.setattr(py7zr.SevenZipFile, "extractall", breaks)

    contents = unpack(path, into)

    assert held(contents) == {"1.txt": b"one"}
    assert [error.message for error in contents.refused] == [
        f"{name} in it is damaged: Corrupt input data" for name in ("2.txt", "3.txt")
    ]
    assert len(list(into.iterdir())) == 1


def test_a_locked_file_among_open_ones_is_refused_by_name(tmp_path: Path, into: Path) -> None:
    path = zip_locked(tmp_path / "a.zip", "secret.txt", b"inside", b"secret")
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("open.txt", b"open")

    contents = unpack(path, into)

    assert held(contents) == {"open.txt": b"open"}
    [error] = contents.refused
    assert error.code == "encrypted-source"
    assert "secret.txt" in error.message


def test_files_that_are_all_locked_are_one_refusal(tmp_path: Path, into: Path) -> None:
    path = tmp_path / "a.zip"
    with pyzipper.AESZipFile(path, "w", encryption=pyzipper.WZ_AES) as package:
        package.setpassword(b"secret")
        package.writestr("a.txt", b"a")
        package.writestr("b.txt", b"b")

    assert refused(path, into).code == "encrypted-source"


def test_files_that_are_refused_for_different_reasons_are_each_named(tmp_path: Path, into: Path) -> None:
    path = zip_locked(tmp_path / "a.zip", "secret.txt", b"inside", b"secret")
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("broken.bin", NOISE)
    flipped(path, "broken.bin")

    contents = unpack(path, into)

    assert contents.members == ()
    assert [error.code for error in contents.refused] == ["encrypted-source", "damaged-source"]


def test_a_way_of_packing_that_is_not_known_is_refused_by_name(tmp_path: Path, into: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.txt": b"a" * 100})
    data = path.read_bytes()
    for start, field in ((0, 8), (data.index(b"PK\1\2"), 10)):
        data = data[: start + field] + struct.pack("<H", 9) + data[start + field + 2 :]
    path.write_bytes(data)

    error = refused(path, into)

    assert error.code == "unsupported-kind"
    assert "a.txt" in error.message


@every_archive
def test_a_full_disk_is_the_disks_fault(tmp_path: Path, into: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = make(tmp_path, name)
    monkeypatch.setattr(archive.Sink, "write", full)

    with pytest.raises(OSError, match="No space left"):
        unpack(path, into)


# --- RAR, which needs help -----------------------------------------------------------------------------------------


PROGRAM = """#!{python}
import os, sys
arguments = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(" ".join(os.path.basename(argument) for argument in arguments) + chr(10))
if arguments[0] == "p":
    sys.stdout.buffer.write({output!r})
    sys.exit({status})
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put a program in the place of the one that unpacks RAR, and return the file where it writes down its calls."""

    def put(output: bytes, status: int = 0) -> Path:
        log, path = tmp_path / "calls", tmp_path / "program"
        path.write_text(PROGRAM.format(python=sys.executable, log=str(log), output=output, status=status))
        path.chmod(0o755)
        monkeypatch.setattr(rarfile, "UNRAR_TOOL", str(path))
        return log

    return put


def test_a_compressed_rar_archive_is_read_by_the_program(
    tmp_path: Path, into: Path, program: Callable[..., Path]
) -> None:
    log = program(b"inside")

    contents = unpack(make_rar(tmp_path / "报告.rar", {"照片/-a.txt": b"inside"}, method=3), into)

    assert held(contents) == {"照片/-a.txt": b"inside"}
    assert log.read_text().splitlines()[-1] == "p -inul -p- -- archive.rar -a.txt"


RAR_LOCK = rar_extra(1, vint(0) + vint(0) + bytes([4]) + bytes(32))


def test_the_program_is_given_the_password(tmp_path: Path, into: Path, program: Callable[..., Path]) -> None:
    log = program(b"inside")

    contents = unpack(make_rar(tmp_path / "a.rar", {"a.txt": b"inside"}, extra=RAR_LOCK), into, password="secret")

    assert held(contents) == {"a.txt": b"inside"}
    assert "-psecret" in log.read_text()


@pytest.mark.parametrize(("output", "status"), [(b"other!", 0), (b"ins", 0), (b"", 3), (b"trouble", 3)])
@pytest.mark.parametrize("password", ["", "secret"])
def test_a_program_that_fails_or_gives_other_bytes_is_not_believed(
    tmp_path: Path, into: Path, program: Callable[..., Path], output: bytes, status: int, password: str
) -> None:
    program(output, status)
    lock = {"extra": RAR_LOCK} if password else {"method": 3}

    error = refused(make_rar(tmp_path / "a.rar", {"a.txt": b"inside"}, **lock), into, password=password)

    assert error.code == ("encrypted-source" if password else "damaged-source")
    assert "a.txt" in error.message
    assert "secret" not in str(error)


def no_tool(**_: object) -> None:
    raise rarfile.RarCannotExec("none")


def test_a_compressed_rar_archive_without_a_program_for_it_says_what_to_install(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rarfile, "tool_setup", no_tool)

    error = refused(make_rar(tmp_path / "a.rar", {"a.txt": b"a"}, method=3), into)

    assert error.code == "unsupported-kind"
    assert "apt install unar" in error.fix


def test_a_stored_rar_archive_needs_no_program(tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rarfile, "tool_setup", no_tool)

    assert held(unpack(make_rar(tmp_path / "a.rar", FILES), into)) == FILES


def test_a_part_of_a_divided_rar_archive_is_refused(tmp_path: Path, into: Path) -> None:
    error = refused(make_rar(tmp_path / "a.rar", {"a.txt": b"a"}, volume=1), into)

    assert error.code == "unsupported-kind"
    assert "divided" in error.message


def test_files_beside_a_rar_archive_are_not_taken_for_parts_of_it(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []
    parsed = rarfile.RarFile.__init__

    def watched(self: object, file: str, **options: object) -> None:
        seen.append(Path(file))
        assert [path.name for path in seen[-1].parent.iterdir()] == [seen[-1].name]
        parsed(self, file, **options)

    monkeypatch.setattr(rarfile.RarFile, "__init__", watched)
    make_rar(tmp_path / "a.part2.rar", {"b.txt": b"b"})

    assert held(unpack(make_rar(tmp_path / "a.part1.rar", {"a.txt": b"a"}), into)) == {"a.txt": b"a"}
    assert seen
    assert [path.name for path in into.iterdir()] == ["0001.txt"]


def test_two_files_of_one_name_in_a_rar_archive_are_refused(tmp_path: Path, into: Path) -> None:
    """The library that reads it cannot tell them apart."""
    path = make_rar(tmp_path / "a.rar", {"a.txt": b"1"})
    twin = make_rar(tmp_path / "b.rar", {"a.txt": b"2"}).read_bytes()[8 + len(rar_block(1, vint(0))) :]
    path.write_bytes(path.read_bytes()[: -len(RAR_END)] + twin)

    assert refused(path, into).code == "damaged-source"


@pytest.mark.parametrize("name", ["*.txt", "a?.txt", "@list.txt"])
def test_a_name_that_a_program_would_take_for_a_pattern_is_refused(tmp_path: Path, into: Path, name: str) -> None:
    assert refused(make_rar(tmp_path / "a.rar", {name: b"a"}), into).code == "hostile-source"


# --- what the rest relies on ---------------------------------------------------------------------------------------


@every_archive
def test_an_archive_is_recognised_by_its_content(tmp_path: Path, name: str) -> None:
    path = make(tmp_path, name).rename(tmp_path / "file.txt")

    assert containers.recognise(path) is MAKERS[name][0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * 2000,
        bytes(2000),
        zlib.compress(b"no tar" * 500, wbits=31),
        b"\x1f\x8b" + bytes(50),
        b"BZh9" + bytes(600),
        b"BZh is how this text begins\n" * 100,
    ],
)
def test_other_files_are_no_tar(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    assert not containers.looks_like_tar(path)


def test_the_oldest_tars_are_recognised_by_their_sum(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {"a.txt": b"a"})
    data = bytearray(path.read_bytes())
    data[257:265] = bytes(8)
    assert not containers.looks_like_tar(write(path, data))
    data[148:156] = b" " * 8
    data[148:155] = b"%06o\0" % sum(data[:512])

    assert containers.looks_like_tar(write(path, data))


def write(path: Path, data: bytes | bytearray) -> Path:
    path.write_bytes(data)
    return path


def test_what_is_no_container_is_refused(tmp_path: Path, into: Path) -> None:
    assert refused(write(tmp_path / "a.txt", b"only text"), into).code == "unsupported-kind"


def test_function_contents_and_errors_cross_processes(tmp_path: Path, into: Path) -> None:
    contents = unpack(make_zip(tmp_path / "a.zip", {"a.txt": b"", "Thumbs.db": b""}), into)
    error = refused(write(tmp_path / "b.txt", b"text"), into)

    assert pickle.loads(pickle.dumps(containers.unpack)) is containers.unpack
    assert pickle.loads(pickle.dumps(contents)) == contents
    assert pickle.loads(pickle.dumps(error)).code == error.code


@pytest.mark.parametrize(
    ("given", "unlike"),
    [
        (["a.txt", "b.txt"], ["a.txt", "b.txt"]),
        (["a.txt", "a.txt", "a.txt"], ["a.txt", "a (2).txt", "a (3).txt"]),
        (["d/a", "d/a", "d/a (2)"], ["d/a", "d/a (2)", "d/a (2) (2)"]),
    ],
)
def test_names_are_made_unlike(given: list[str], unlike: list[str]) -> None:
    assert names.unique(given) == unlike
