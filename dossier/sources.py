"""Safe paths, hashing, and recognising a file by its content, never by its name."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Literal

from natsort import natsorted, ns

from dossier import ole
from dossier.errors import ConversionError

_HEAD = 4096
_PDF_HEADER_WITHIN = 1024  # readers accept junk before the header up to here (ISO 32000-1, annex H, note 13)
_CHUNK = 1 << 20
_MAX_PACKAGE_ENTRIES = 20_000
_MAX_DIRECTORY = 8 * 1024**2  # bytes of a package's list of files
_END_RECORD = 22  # bytes of the record at the end of a ZIP, and of that with all that may stand around it
_LONGEST_ENDING = _END_RECORD + 0xFFFF + 76
_MAX_MATCHES = 20_000
_LEFT_OUT = ("~$", "._", ".~lock.")
_LEFT_OUT_NAMES = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})
_TURNS_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # so that gpj.exe reads exe.jpg
_NOT_SHOWN = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff{_TURNS_DIRECTION}]")
_UNDECODED = re.compile("[\ud800-\udfff]")  # how Python holds bytes of a file's name that are not UTF-8
_DRIVE = re.compile("[A-Za-z]:")
_DIB_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})  # lengths of the header that follows a bitmap's first one


class Kind(StrEnum):
    """What a file is, judged by its content; the value is how messages name it."""

    PDF = "PDF"
    DOCX = "Word (DOCX)"
    JPEG = "JPEG"
    PNG = "PNG"
    TIFF = "TIFF"
    WEBP = "WebP"
    BMP = "BMP"
    GIF = "GIF"
    XLSX = "Excel (XLSX)"
    PPTX = "PowerPoint (PPTX)"
    ODF = "OpenDocument"
    OFD = "OFD"
    OLE = "old Office (DOC, XLS, PPT or WPS)"
    LOCKED = "encrypted Office"
    RTF = "RTF"
    HEIC = "HEIC or AVIF"
    JPEG2000 = "JPEG 2000"
    ZIP = "ZIP archive"
    RAR = "RAR archive"
    SEVEN_ZIP = "7z archive"
    TAR = "TAR archive"
    EML = "mail (EML)"
    MSG = "mail (MSG)"
    MEDIA = "audio or video"
    HTML = "HTML"
    CSV = "CSV"
    MARKDOWN = "Markdown"
    TEXT = "text"
    EMPTY = "empty file"
    UNKNOWN = "unknown kind of file"


IMAGES = frozenset({Kind.JPEG, Kind.PNG, Kind.TIFF, Kind.WEBP, Kind.BMP, Kind.GIF, Kind.HEIC, Kind.JPEG2000})
"""Kinds of pictures."""

_SIGNATURES: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"\xff\xd8\xff", Kind.JPEG),
    (0, b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (0, b"II*\0", Kind.TIFF),
    (0, b"MM\0*", Kind.TIFF),
    (0, b"II+\0", Kind.TIFF),
    (0, b"MM\0+", Kind.TIFF),
    (0, b"GIF8", Kind.GIF),
    (0, b"{\\rtf", Kind.RTF),
    (0, b"\0\0\0\x0cjP  ", Kind.JPEG2000),
    (0, b"\xff\x4f\xff\x51", Kind.JPEG2000),
    (0, b"Rar!\x1a\x07", Kind.RAR),
    (0, b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
    (0, b"ID3", Kind.MEDIA),
    (0, b"\x1aE\xdf\xa3", Kind.MEDIA),
    (0, b"OggS", Kind.MEDIA),
)
_NAMED_TEXT = {
    ".csv": Kind.CSV, ".md": Kind.MARKDOWN, ".markdown": Kind.MARKDOWN, ".htm": Kind.HTML, ".html": Kind.HTML,
}  # fmt: skip
_STILL_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")


class PathRefused(ValueError):
    """A path leads, or could lead, out of the sources folder, or cannot be written down; ``fix`` says what to do."""

    def __init__(self, message: str, fix: str = "move the file into the sources folder and name it from there") -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Options:
    """What a manifest asks of a source; ``crop`` is left, top, right and bottom of a page as seen, from 0 to 1."""

    password: str = field(default="", repr=False)
    fit: Literal["page", "none"] = "page"
    crop: tuple[float, float, float, float] | None = None


PLAIN = Options()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that evidence comes from; ``name`` is relative to the sources folder, with ``/``.

    A file out of an archive or a mail is named after that and its place inside; ``container`` is then the file that
    lies in the sources folder.
    """

    path: Path
    name: str
    size: int
    sha256: str
    kind: Kind
    container: SourceFile | None = None
    options: Options = PLAIN

    @property
    def key(self) -> str:
        """What tells a source from others: its name, and what is asked of it."""
        return self.name if self.options == PLAIN else f"{self.name}\0{self.options!r}\0{self.options.password}"

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The file alone, as a :class:`PhotoSheets` has several."""
        return (self,)


TIME = "{time}"
"""What stands in a caption for when its photo was taken."""
Layout = Literal["1-up", "2-up", "4-up", "6-up"]


@dataclass(frozen=True, slots=True)
class PhotoSheets:
    """Photos that become pages together, with a caption for each; ``turn`` is in degrees, clockwise."""

    files: tuple[SourceFile, ...]
    captions: tuple[str, ...]
    layout: Layout
    turn: int = 0
    language: str = ""

    @property
    def name(self) -> str:
        """How messages call them: the first photo's name, and how many there are."""
        return self.files[0].name if len(self.files) == 1 else f"{self.files[0].name} and {len(self.files) - 1} more"

    @property
    def key(self) -> str:
        """What tells these sheets from other sources."""
        return "\0".join([repr(self), *(file.key for file in self.files)])

    def only(self, keep: Callable[[SourceFile], bool]) -> PhotoSheets:
        """Return the sheets of those photos that are to be kept."""
        kept = [(file, caption) for file, caption in zip(self.files, self.captions, strict=True) if keep(file)]
        return replace(self, files=tuple(file for file, _ in kept), captions=tuple(caption for _, caption in kept))

    def on(self, page: int) -> tuple[SourceFile, ...]:
        """Return the photos on a page (from 1)."""
        room = int(self.layout[0])
        return self.files[(page - 1) * room : page * room]


Source = SourceFile | PhotoSheets
"""What becomes one part."""


def locate(root: Path, name: str) -> Path:
    """Return where ``name`` lies inside ``root``, whether or not it is there; symbolic links are not followed.

    Raises PathRefused for an absolute path, for ``..``, and for a name that cannot be shown.
    """
    path = root.joinpath(*_parts(name))
    literal = root / name
    # A backslash divides folders, as the manifest's author knows them; but a ZIP made on Windows may unpack to names
    # that hold one.
    return literal if "\\" in name and literal.exists() and not path.exists() else path


def resolve(root: Path, name: str) -> Path:
    """Return the real path of ``name`` inside ``root``.

    Raises PathRefused like :func:`locate`, for a symbolic link that leads out of ``root``, and for a device, a pipe or
    a socket; and FileNotFoundError or IsADirectoryError where there is no such file.
    """
    return _file(root, locate(root, name), name)


def _file(root: Path, found: Path, name: str) -> Path:
    path = _real(root, found, name)
    if path.is_dir():
        raise IsADirectoryError(name)
    if not path.is_file():
        if path.exists():
            raise PathRefused(f"{name!r} is no file but a device, a pipe or a socket", "put a file in its place")
        raise FileNotFoundError(name)
    return path


def expand(root: Path, pattern: str) -> list[str]:
    """Return the names inside ``root`` that match a glob ``pattern``, in natural order (2 before 10).

    Folders never match. Leftovers of office programs and of operating systems (``~$…``, ``Thumbs.db``) are not evidence
    and match only a pattern that itself names them. Links that lead nowhere or out of ``root`` do match, so that what
    cannot be read is reported by name. Raises PathRefused like :func:`resolve`, and for a pattern that matches more
    than 20,000 files.
    """
    parts = _parts(pattern)
    if not parts:
        return []
    fixed = list(takewhile(lambda part: not set(part) & set("*?["), parts))
    with suppress(FileNotFoundError):
        _real(root, root.joinpath(*fixed), pattern)
    names: list[str] = []
    for path in root.glob("/".join(parts)):
        if _is_folder(path) or (is_leftover(path.name) and not is_leftover(parts[-1])):
            continue
        names.append(path.relative_to(root).as_posix())
        if len(names) > _MAX_MATCHES:
            raise PathRefused(f"it matches more than {_MAX_MATCHES} files", "write a pattern that matches fewer")
    return natsorted(sorted(names), alg=ns.PATH | ns.IGNORECASE)  # sorted: no order of the disk's own among equals


def read(root: Path, name: str, digest: Callable[[Path], str] | None = None) -> SourceFile:
    """Hash and recognise the file ``name`` inside ``root``; raises like :func:`resolve`, and OSError.

    ``digest`` gives the SHA-256 of a file, by :func:`sha256_of` where it is left out.
    """
    found = locate(root, name)
    path = _file(root, found, name)
    inside = found.relative_to(root).as_posix()
    return SourceFile(path, inside, path.stat().st_size, (digest or sha256_of)(path), recognise(path))


def member(container: SourceFile, inside: str, path: Path) -> SourceFile:
    """Hash and recognise a file that was taken out of ``container``, where its name is ``inside``; raises OSError."""
    name = f"{container.name}/{inside}"
    return SourceFile(path, name, path.stat().st_size, sha256_of(path), recognise(path), container, container.options)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def prove_readable(path: Path) -> None:
    """Raise ConversionError where a file that was found is none any more, or cannot be read any more."""
    try:
        # What is no file is not opened: a pipe would never answer.
        if stat.S_ISREG(path.stat().st_mode):
            path.open("rb").close()
            return
    except OSError as error:
        raise _unreadable(error) from error
    raise _changed()


def prove_unchanged(path: Path, sha256: str) -> None:
    """Raise ConversionError where a file is not what it was when it was hashed, or cannot be read any more."""
    prove_readable(path)
    try:
        unchanged = sha256_of(path) == sha256
    except OSError as error:
        raise _unreadable(error) from error
    if not unchanged:
        raise _changed()


def _changed() -> ConversionError:
    fix = "wait until nobody writes it any more, and build again"
    return ConversionError("it was changed while it was read", fix=fix, code="changed-source")


def _unreadable(error: OSError) -> ConversionError:
    return ConversionError(f"it cannot be read any more: {error.strerror}", fix="put it back, and build again")


def similar_names(root: Path, name: str) -> list[str]:
    """Return up to three names of files in ``root`` that ``name`` may have meant, best first."""
    wanted = PurePosixPath(name.replace("\\", "/"))
    try:
        folder = _real(root, root.joinpath(*_parts(str(wanted.parent))), name)
        near = [path.name for path in folder.iterdir() if _is_nameable(path.name) and path.is_file()]
    except (PathRefused, OSError):
        near = []
    found = difflib.get_close_matches(wanted.name, near, n=3, cutoff=0.6)
    if found:
        return [(wanted.parent / close).as_posix() for close in found]
    same = (n for n in _all_names(root) if PurePosixPath(n).name == wanted.name and n != wanted.as_posix())
    elsewhere = filter(_is_nameable, same)
    return natsorted(elsewhere)[:3]


def shown(name: str) -> str:
    """Return a name as messages can hold it: bytes that are not UTF-8 are read as GBK, what is invisible as �."""
    parts = (
        os.fsencode(part).decode("gb18030", "replace") if _UNDECODED.search(part) else part for part in name.split("/")
    )
    return _NOT_SHOWN.sub("\ufffd", "/".join(parts))


def recognise(path: Path) -> Kind:
    """Say what a file is from its content; raises OSError where it cannot be read."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        return Kind.EMPTY
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _recognise_package(path)
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _DIB_HEADERS:
        return Kind.BMP  # the two letters alone begin many a text
    if head.startswith(ole.MAGIC):
        return Kind.LOCKED if "EncryptedPackage" in ole.names(path) else Kind.OLE
    for offset, signature, kind in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return kind
    if head[:4] == b"RIFF":
        return Kind.WEBP if head[8:12] == b"WEBP" else Kind.MEDIA
    if head[4:8] == b"ftyp":
        return Kind.HEIC if head[8:12] in _STILL_BRANDS else Kind.MEDIA
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN]:
        return Kind.PDF
    if head[0] == 0xFF and head[1:2] and head[1] & 0xE0 == 0xE0 and head[1] not in (0xFE, 0xFF):
        return Kind.MEDIA
    return _recognise_text(path, head) if _is_text(head) else Kind.UNKNOWN


def _recognise_text(path: Path, head: bytes) -> Kind:
    """Tell kinds of text apart: HTML by its content, what looks like any other text by the file's name."""
    start = head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n")[:256].lower()
    if start.startswith((b"<!doctype html", b"<html")) or (start.startswith(b"<?xml") and b"<html" in head.lower()):
        return Kind.HTML
    return _NAMED_TEXT.get(path.suffix.lower(), Kind.TEXT)


def _recognise_package(path: Path) -> Kind:
    if _directory_size(path) > _MAX_DIRECTORY:
        return Kind.ZIP  # no document lists as much; it is left to those who unpack archives within limits
    try:
        with zipfile.ZipFile(path) as package:
            names = set(package.namelist()[:_MAX_PACKAGE_ENTRIES])
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError):
        return Kind.ZIP
    lower = {name.lower() for name in names}
    for member, kind in (("word/", Kind.DOCX), ("xl/", Kind.XLSX), ("ppt/", Kind.PPTX)):
        if "[content_types].xml" in lower and any(name.startswith(member) for name in lower):
            return kind
    if "ofd.xml" in lower:
        return Kind.OFD
    if "mimetype" in lower and lower & {"content.xml", "encrypted-package"}:
        return Kind.ODF
    return Kind.ZIP


def _directory_size(path: Path) -> int:
    """Return how long a ZIP says that its list of files is (APPNOTE.TXT 4.3.14 to 4.3.16); 0 where it does not."""
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _LONGEST_ENDING))
        ending = file.read()
    last = ending[-_END_RECORD:]
    at = len(ending) - len(last) if last.startswith(b"PK\5\6") else ending.rfind(b"PK\5\6")
    large = ending[max(0, at - 76) : max(0, at - 20)]  # the record of large archives, before a pointer to it
    if large.startswith(b"PK\6\6"):
        return int.from_bytes(large[40:48], "little")
    return int.from_bytes(ending[at + 12 : at + 16], "little") if at >= 0 else 0


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if b"\0" in head:
        return False
    for encoding in ("utf-8", "gb18030"):
        for cut in range(4 if len(head) == _HEAD else 1):  # the last character may be cut in two
            try:
                head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return True
    return False


def _parts(name: str) -> tuple[str, ...]:
    if _NOT_SHOWN.search(name):
        raise PathRefused(f"{shown(name)} has a name that is not plain text", "rename the file")
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or _DRIVE.match(name):
        raise PathRefused(f"{name!r} is an absolute path")
    if ".." in path.parts:
        raise PathRefused(f"{name!r} climbs out of the sources folder with '..'")
    return path.parts


def _real(root: Path, path: Path, name: str) -> Path:
    """Follow symbolic links; raises PathRefused where they lead out of ``root``, FileNotFoundError for a circle."""
    # Not by Path.resolve, which takes three times as long, and a dossier has thousands of files.
    real, base = os.path.realpath(path), os.path.realpath(root)
    if real != base and not real.startswith(base.rstrip(os.sep) + os.sep):
        raise PathRefused(f"{name!r} leads out of the sources folder by a symbolic link")
    return Path(real)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # reading it will say why


def _is_nameable(name: str) -> bool:
    return not (_NOT_SHOWN.search(name) or is_leftover(PurePosixPath(name).name))


def is_leftover(name: str) -> bool:
    """Say whether a file of this name is left over by an office program or an operating system."""
    return name.startswith(_LEFT_OUT) or name.lower() in _LEFT_OUT_NAMES


def _all_names(root: Path) -> Iterator[str]:
    seen = 0
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if not f.startswith(".")]
        for file in files:
            seen += 1
            if seen > _MAX_MATCHES:
                return
            yield Path(folder, file).relative_to(root).as_posix()
