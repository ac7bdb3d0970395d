"""Archives: ZIP, TAR, 7z and RAR, unpacked within limits and under file names of the program's own making.

An archive is hostile until it is unpacked: sizes it declares are not believed, links and devices are left out, and a
name inside is text to be shown, never a path to write to. All that a reader here finds is measured as it is written.
A member that is damaged or locked is refused by its name, and the others come out; a TAR is one stream, without
checksums of what it holds, and is refused as a whole.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import re
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, Protocol

import py7zr
import py7zr.io
import pyzipper  # type: ignore[import-untyped]
import rarfile  # type: ignore[import-untyped]
from Cryptodome.Cipher import AES
from natsort import natsorted, ns
from py7zr.exceptions import ArchiveError, PasswordRequired, UnsupportedCompressionMethodError

from dossier import sources
from dossier.containers import names
from dossier.errors import ConversionError

MAX_ENTRIES = 5_000
"""Files and folders of a container and all that it holds, left out ones too."""
MAX_UNPACKED = 2 * 1024**3
MAX_MEMBER = 1024**3
MAX_RATIO = 200
"""Unpacked to packed size that no real archive reaches; judged only above ``RATIO_FROM`` bytes."""
RATIO_FROM = 64 * 1024**2
MAX_TAR_HEADER = 1024**2
"""Bytes of a long name or of extended headers, which are read into memory."""

ENCRYPTED = "encrypted-source"
HOSTILE = "hostile-source"
DAMAGED = "damaged-source"
UNSUPPORTED = "unsupported-kind"

OF_ONE = frozenset({ENCRYPTED, DAMAGED, UNSUPPORTED})
"""What may be wrong with one file of an archive; anything else is with the whole."""

LOOK_INSIDE = "unpack it where it came from, look at what is in it, and name the files that are wanted"
ASK_AGAIN = "ask for it again, or unpack it with a program that mends archives and name the files in it"
GIVE_PASSWORD = "give its password, or unpack it and name the files in it"
PACK_ANEW = "unpack it and pack it anew as an ordinary ZIP, or name the files in it"
INSTALL_RAR = "install a program that unpacks RAR (apt install unar), or unpack it and name the files in it"

_CHUNK = 1 << 20
_BLOCK = 512
_SEPARATOR = re.compile(r"[/\\]")
_UTF8_NAME = 0x800
_LOCKED = 0x1
_AES = 99
_UNICODE_PATH = 0x7075  # Info-ZIP's extra field, APPNOTE.TXT 4.6.9
_LOCAL_HEADER = 30
_UNIX = 3
# Files at the root of packages that are documents or programs in the form of a ZIP.
_PACKAGE_MARKS = frozenset({"[content_types].xml", "mimetype", "meta-inf/manifest.mf", "androidmanifest.xml"})
_TAR_EXTENSIONS = frozenset(
    {tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE}
)
_PACKERS: tuple[tuple[bytes, Callable[[IO[bytes]], Any]], ...] = (
    (b"\x1f\x8b", lambda raw: gzip.GzipFile(fileobj=raw)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\0", lzma.LZMAFile),
)
_PATTERN = re.compile(r"^@|[*?]")

# What reading an archive that breaks the rules of its format may raise, in four libraries.
_DAMAGED = (
    *(zipfile.BadZipFile, pyzipper.BadZipFile, tarfile.TarError, ArchiveError, rarfile.Error),
    *(zlib.error, lzma.LZMAError, EOFError, struct.error),
    *(ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, RuntimeError),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A file out of an archive: ``name`` as it is shown, ``path`` where it was written."""

    name: str
    path: Path


@dataclass(slots=True)
class Haul:
    """What an archive held: files in natural order, names of what was left out, and which names were guessed.

    ``refused`` says of each file that could not be read why; there is no more than one reason where none could be.
    """

    found: list[Found] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    guessed: dict[str, str] = field(default_factory=dict)
    refused: list[ConversionError] = field(default_factory=list)


@dataclass(slots=True)
class Room:
    """The folder that files are written to, and how much was: one for a container and all the containers in it."""

    folder: Path
    packed: int
    entries: int = 0
    written: int = 0
    passed: int = 0
    files: int = 0

    def enter(self) -> None:
        """Count one entry; raises ConversionError beyond :data:`MAX_ENTRIES`."""
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise hostile(f"it holds more than {MAX_ENTRIES} files and folders")

    def grow(self, size: int) -> None:
        """Count bytes that are about to be written; raises ConversionError beyond all measure."""
        self.written += size
        self._judge(self.written)

    def let_through(self, size: int) -> None:
        """Count bytes that were unpacked only to be read over."""
        self.passed += size
        self._judge(self.passed)

    @contextmanager
    def file(self, name: str | bytes) -> Iterator[Sink]:
        """Give a new file for a member of that name; only the suffix of the name is used."""
        self.files += 1
        path = self.folder / f"{self.files:04}{names.suffix(name)}"
        with path.open("xb") as file:
            yield Sink(self, path, file)

    def _judge(self, size: int) -> None:
        if size > MAX_UNPACKED:
            raise hostile(f"it unpacks to more than {MAX_UNPACKED >> 20} MiB")
        if size > RATIO_FROM and size > MAX_RATIO * max(self.packed, 1):
            raise hostile(f"it unpacks to more than {MAX_RATIO} times its size, like a bomb")


@dataclass(slots=True)
class Sink:
    """A file that is measured while it is written."""

    room: Room
    path: Path
    file: IO[bytes]
    size: int = 0

    def write(self, data: bytes | bytearray) -> int:
        """Write ``data``; raises ConversionError where there comes to be too much."""
        self.size += len(data)
        if self.size > MAX_MEMBER:
            raise hostile(f"a file in it unpacks to more than {MAX_MEMBER >> 20} MiB")
        self.room.grow(len(data))
        return self.file.write(data)


class Reader(Protocol):
    """Unpacks an archive into a room; raises ConversionError, whose message lacks the archive's name."""

    def __call__(self, source: Path, room: Room, password: str) -> Haul: ...


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry as the archive names it: written to ``path``, or not, as a link, as leftovers or for an ``error``."""

    name: str | bytes
    path: Path | None = None
    is_link: bool = False
    error: ConversionError | None = None


def read_zip(source: Path, room: Room, password: str) -> Haul:
    """Unpack a ZIP; see :class:`Reader`."""
    return _haul(_zip(source, room, password))


def read_tar(source: Path, room: Room, password: str) -> Haul:
    """Unpack a TAR, packed with gzip, bzip2 or xz or not at all; see :class:`Reader`."""
    return _haul(_tar(source, room))


def read_7z(source: Path, room: Room, password: str) -> Haul:
    """Unpack a 7z archive; see :class:`Reader`."""
    return _haul(_7z(source, room, password))


def read_rar(source: Path, room: Room, password: str) -> Haul:
    """Unpack a RAR archive, with a program on this machine where it is compressed; see :class:`Reader`."""
    return _haul(_rar(source, room, password))


def is_package(source: Path) -> bool:
    """Say whether a ZIP is a document or a program of some other kind: an e-book, an XPS or Visio file, an applet."""
    try:
        with zipfile.ZipFile(source) as package:
            return any(info.filename.lower() in _PACKAGE_MARKS for info in package.filelist)
    except _DAMAGED:
        return False  # reading it will say why


def hostile(what: str) -> ConversionError:
    """Return the error for an archive that would take the machine down."""
    return ConversionError(what, fix=LOOK_INSIDE, code=HOSTILE)


def _haul(entries: Iterator[_Entry]) -> Haul:
    with _reading():
        listed = list(entries)
    refused = [entry.error for entry in listed if entry.error is not None]
    if len({error.code for error in refused}) == 1 and not any(entry.path for entry in listed):
        raise refused[0]
    texts, guessed = names.decode_names([entry.name for entry in listed])
    shown = [names.shown(text) for text in texts]
    haul = Haul(guessed={names.shown(name): encoding for name, encoding in guessed.items()}, refused=refused)
    written: list[Found] = []
    for entry, name in zip(listed, shown, strict=True):
        if entry.path is not None:
            written.append(Found(name, entry.path))
        elif entry.error is None:
            (haul.links if entry.is_link else haul.leftovers).append(name)
    # Sorted by file first: no order of a library's own among files that differ in nothing but case.
    ordered = natsorted(
        sorted(written, key=lambda f: (f.name, f.path)), key=lambda f: f.name, alg=ns.PATH | ns.IGNORECASE
    )
    own = names.unique([found.name for found in ordered])
    haul.found = [Found(name, found.path) for name, found in zip(own, ordered, strict=True)]
    return haul


@contextmanager
def _reading(member: str | bytes | None = None) -> Iterator[None]:
    """Turn whatever a library says of a broken archive into one error that names what is broken."""
    what = "it" if member is None else f"{_text(member)} in it"
    try:
        yield
    except MemoryError:
        raise hostile(f"{what} takes more memory to unpack than there is") from None
    except (PasswordRequired, rarfile.PasswordRequired, rarfile.RarWrongPassword, rarfile.NoCrypto) as error:
        raise _encrypted(f"{what} is locked with a password") from error
    except (NotImplementedError, UnsupportedCompressionMethodError) as error:
        raise ConversionError(
            f"{what} is packed in a way that is not read here: {_said(error)}", fix=PACK_ANEW, code=UNSUPPORTED
        ) from error
    except rarfile.RarCannotExec as error:
        raise ConversionError("no program here unpacks RAR", fix=INSTALL_RAR, code=UNSUPPORTED) from error
    except _DAMAGED as error:
        raise _damaged(f"{what} is damaged: {_said(error)}") from error
    except OSError as error:
        # The unpackers say it without a number; a place in the archive that no file can have is an invalid argument.
        if error.errno not in (None, errno.EINVAL, errno.EOVERFLOW):
            raise
        raise _damaged(f"{what} is damaged: {_said(error)}") from error


def _member(name: str | bytes, read: Callable[[], Path]) -> _Entry:
    """Read one file of an archive; what is wrong with it alone is no reason to lose the others."""
    try:
        return _Entry(name, read())
    except ConversionError as error:
        if error.code not in OF_ONE:
            raise
        return _Entry(name, error=error)


def _copy(stream: IO[bytes], room: Room, name: str | bytes) -> Path:
    with room.file(name) as sink:
        try:
            while chunk := stream.read(_CHUNK):
                sink.write(chunk)
        except BaseException:
            sink.path.unlink()  # half a file is none
            raise
    return sink.path


def _left_out(name: str | bytes) -> bool:
    """Say whether a name is one of leftovers, all of which are ASCII whatever the encoding."""
    parts = _SEPARATOR.split(name if isinstance(name, str) else name.decode("latin-1"))
    return "__MACOSX" in parts or sources.is_leftover(parts[-1])


def _text(name: str | bytes) -> str:
    return names.shown(names.decode_names([name])[0][0])


def _said(error: BaseException) -> str:
    """Return what a library says of a failure, in one line that cannot hide anything."""
    return names.visible(" ".join(str(error).split()))[:200] or type(error).__name__


def _damaged(what: str) -> ConversionError:
    return ConversionError(what, fix=ASK_AGAIN, code=DAMAGED)


def _encrypted(what: str) -> ConversionError:
    return ConversionError(what, fix=GIVE_PASSWORD, code=ENCRYPTED)


# --- ZIP -----------------------------------------------------------------------------------------------------------


def _zip(source: Path, room: Room, password: str) -> Iterator[_Entry]:
    with zipfile.ZipFile(source) as listing:
        _check_overlaps(listing)
        infos = listing.filelist
        if any(info.compress_type == _AES for info in infos):
            with pyzipper.AESZipFile(source) as package:
                yield from _zip_entries(package, list(zip(infos, package.filelist, strict=True)), room, password)
        else:
            yield from _zip_entries(listing, list(zip(infos, infos, strict=True)), room, password)


def _zip_entries(package: Any, infos: list[tuple[zipfile.ZipInfo, Any]], room: Room, password: str) -> Iterator[_Entry]:
    for info, own in infos:
        room.enter()
        name = _zip_name(info)
        mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
        # A name in GBK may end in a backslash that is half a character.
        if info.is_dir() or stat.S_ISDIR(mode) or (info.filename.endswith("\\") and not info.file_size):
            continue
        if _left_out(name):
            yield _Entry(name)
        elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            yield _Entry(name, is_link=True)
        else:
            yield _member(name, partial(_zip_member, package, own, name, room, password))


def _zip_member(package: Any, info: Any, name: str | bytes, room: Room, password: str) -> Path:
    if not info.flag_bits & _LOCKED:
        with _reading(name), package.open(info) as stream:
            return _copy(stream, room, name)
    # The format does not say how a password becomes bytes: UTF-8 nearly everywhere, GBK on Windows in Chinese.
    for key in dict.fromkeys(password.encode(encoding, "replace") for encoding in ("utf-8", names.CHINESE)):
        try:
            with package.open(info, pwd=key) as stream:
                return _copy(stream, room, name)
        except NotImplementedError:
            with _reading(name):
                raise
        except _DAMAGED:
            continue  # of a hundred wrong passwords one opens a file all the same, and what comes out makes no sense
    known = "the password does not open" if password else "a password is needed to open"
    raise _encrypted(f"{known} {_text(name)} in it")


def _zip_name(info: zipfile.ZipInfo) -> str | bytes:
    """Return a name as text where the archive says how it is encoded, else as it stands there."""
    if info.flag_bits & _UTF8_NAME:
        return info.orig_filename.partition("\0")[0]
    raw = info.orig_filename.encode("cp437")
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        data, extra = extra[4 : 4 + size], extra[4 + size :]
        # The checksum of the old name proves that no program renamed the file and left this field alone.
        if kind == _UNICODE_PATH and data[:1] == b"\1" and data[1:5] == struct.pack("<L", zlib.crc32(raw)):
            text = data[5:].decode("utf-8", "replace")
            return text.partition("\0")[0]
    return raw.partition(b"\0")[0]


def _check_overlaps(package: zipfile.ZipFile) -> None:
    """Refuse entries that share their bytes: so a small file unpacks to any size (a "better zip bomb")."""
    spans = sorted((info.header_offset, _LOCAL_HEADER + info.compress_size) for info in package.filelist)
    for (start, size), (after, _) in pairwise([*spans, (package.start_dir, 0)]):
        if start + size > after:
            raise hostile("files in it overlap one another, like a bomb")


# --- TAR -----------------------------------------------------------------------------------------------------------


def _tar(source: Path, room: Room) -> Iterator[_Entry]:
    seen_end = False

    class Header(tarfile.TarInfo):
        """An entry's header, looked at before the library acts upon what it says."""

        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Header:
            nonlocal seen_end
            seen_end = len(buf) == _BLOCK and not any(buf)
            header = super().frombuf(buf, encoding, errors)
            if header.type in _TAR_EXTENSIONS and header.size > MAX_TAR_HEADER:
                raise hostile("a header in it would fill the memory")
            return header

    with source.open("rb") as raw, _unpacked(raw) as plain:
        stream: Any = _Counted(plain, room)
        # As a stream: nothing sends the reader back, and it keeps no more than one block.
        with tarfile.open(
            fileobj=stream,
            mode="r|",
            tarinfo=Header,
            encoding="utf-8",
            errors="surrogateescape",
        ) as package:
            for header in package:
                room.enter()
                name = header.name.encode("utf-8", "surrogateescape")  # the bytes as they stand there
                if header.isdir():
                    continue
                if _left_out(name):
                    yield _Entry(name)
                elif not header.isreg():
                    yield _Entry(name, is_link=True)
                else:
                    with _reading(name):
                        content = package.extractfile(header)
                        assert content is not None  # it is a regular file
                        path = _copy(content, room, name)
                    yield _Entry(name, path)
        if not seen_end:
            # The library takes a header that makes no sense, and the end of the file, for the end of the archive.
            raise _damaged("it is damaged: it breaks off before its end mark")
        while rest := stream.read(_CHUNK):  # to the end, where the checksum is proved
            if rest.strip(b"\0"):
                raise _damaged("it is damaged: something follows after its end mark")


def _unpacked(raw: IO[bytes]) -> IO[bytes]:
    head = raw.read(8)
    raw.seek(0)
    for signature, opened in _PACKERS:
        if head.startswith(signature):
            packed: IO[bytes] = opened(raw)
            return packed
    return raw


class _Counted:
    """A stream whose bytes count against the room as they are read."""

    def __init__(self, stream: IO[bytes], room: Room) -> None:
        self._stream = stream
        self._room = room

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._room.let_through(len(data))
        return data


# --- 7z ------------------------------------------------------------------------------------------------------------


def _7z(source: Path, room: Room, password: str) -> Iterator[_Entry]:
    with source.open("rb") as file:  # an open file: given a path, the library would start threads
        is_locked = _is_locked_7z(file)
        if is_locked and not password:
            raise _encrypted("it is locked with a password")
        file.seek(0)
        try:
            with _reading(), py7zr.SevenZipFile(file, password=password or None) as package:
                entries = _7z_entries(package, room)
        except ConversionError as error:
            if is_locked and error.code == DAMAGED:  # a wrong password only ever shows as rubbish
                raise _encrypted("the password does not open it, or it is damaged") from error
            raise
    for entry in entries:
        if is_locked and entry.error is not None:
            what = f"the password does not open {_text(entry.name)} in it, or it is damaged"
            yield replace(entry, error=_encrypted(what))
        else:
            yield entry


def _is_locked_7z(file: IO[bytes]) -> bool:
    try:
        with py7zr.SevenZipFile(file) as package:
            return bool(package.needs_password())
    except PasswordRequired:  # for the list of files, too
        return True


def _7z_entries(package: py7zr.SevenZipFile, room: Room) -> list[_Entry]:
    files = _SevenZipFiles()
    for number, member in enumerate(package.files):
        room.enter()
        properties: Any = member.file_properties()
        name, properties["filename"] = properties["filename"], str(number)  # by which the library asks for a file
        if member.is_directory:
            continue
        # The library would stop at the first checksum that is wrong.
        file = _SevenZipFile(room, name, properties.pop("digest", None), member.uncompressed)
        file.is_link = not member.is_file and not _left_out(name)
        file.is_wanted = member.is_file and not _left_out(name)
        files.all[str(number)] = file
    broken: ConversionError | None = None
    try:
        with _reading():
            package.extractall(factory=files)
    except ConversionError as error:
        if error.code != DAMAGED:
            raise
        broken = error
    finally:
        for file in files.all.values():
            file.close()
    return [file.entry(broken) for file in files.all.values()]


class _SevenZipFiles(py7zr.io.WriterFactory):
    """Gives the library a measured file for each member, and for what is left out one that only counts."""

    def __init__(self) -> None:
        self.all: dict[str, _SevenZipFile] = {}

    def create(self, filename: str) -> py7zr.io.Py7zIO:
        self.all[filename].open()
        return self.all[filename]


class _SevenZipFile(py7zr.io.Py7zIO):
    """One member: measured, and held against its checksum, while it is written."""

    def __init__(self, room: Room, name: str, checksum: int | None, size: int) -> None:
        self.name = name
        self.is_link = False
        self.is_wanted = True
        self._room = room
        self._checksum = checksum
        self._expected = size
        self._sum = self._size = 0
        self._opened: AbstractContextManager[Sink] | None = None
        self._sink: Sink | None = None

    def open(self) -> None:
        """Begin to be written, where the member is wanted."""
        if self.is_wanted:
            self._opened = self._room.file(self.name)
            self._sink = self._opened.__enter__()

    def entry(self, broken: ConversionError | None) -> _Entry:
        """Return what became of the member; ``broken`` is why unpacking ended before all were written, if it did."""
        if not self.is_wanted:
            return _Entry(self.name, is_link=self.is_link)
        whole = self._sink is not None and self._size == self._expected
        if whole and self._checksum in (None, self._sum):
            assert self._sink is not None
            return _Entry(self.name, self._sink.path)
        if self._sink is not None:
            self._sink.path.unlink()
        why = "its checksum is wrong" if whole or broken is None else broken.message.removeprefix("it is damaged: ")
        return _Entry(self.name, error=_damaged(f"{_text(self.name)} in it is damaged: {why}"))

    def write(self, s: bytes | bytearray) -> int:
        self._sum = zlib.crc32(s, self._sum)
        self._size += len(s)
        if self._sink is None:
            self._room.let_through(len(s))
            return len(s)
        return self._sink.write(s)

    def read(self, size: int | None = None) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        return offset

    def flush(self) -> None:
        """Nothing waits to be written but in the file itself."""

    def size(self) -> int:
        return self._size

    def close(self) -> None:
        if self._opened is not None:
            self._opened.__exit__(None, None, None)
            self._opened = None


# --- RAR -----------------------------------------------------------------------------------------------------------


def _rar(source: Path, room: Room, password: str) -> Iterator[_Entry]:
    # Library and program alike take files of like names beside an archive for further parts of it: it is given none.
    alone = room.folder / "rar"
    alone.mkdir()
    link = alone / "archive.rar"
    try:
        link.symlink_to(source.absolute())
    except OSError:  # not every system and disk has them
        shutil.copyfile(source, link)
    try:
        yield from _rar_entries(link, room, password)
    finally:
        shutil.rmtree(alone)


def _rar_entries(source: Path, room: Room, password: str) -> Iterator[_Entry]:
    blocks: list[tuple[int, int]] = []

    def seen(block: Any) -> None:
        room.enter()
        blocks.append((block.type, block.flags))

    package = rarfile.RarFile(str(source), errors="strict", part_only=True, info_callback=seen)
    if package.needs_password():
        if not password:
            raise _encrypted("it is locked with a password")
        try:
            package.setpassword(password)
        except _DAMAGED as error:  # the list of its files is locked, too
            raise _encrypted("the password does not open it, or it is damaged") from error
    members = package.infolist()
    _check_rar(blocks, members)
    if any(member.compress_type != rarfile.RAR_M0 or member.needs_password() for member in members):
        _choose_rar_tool(package.is_solid())
    for member in members:
        name = member.filename
        if member.is_dir():
            continue
        if _left_out(name):
            yield _Entry(name)
        elif member.is_symlink():
            yield _Entry(name, is_link=True)
        else:
            yield _member(name, partial(_rar_member, package, member, room))


def _check_rar(blocks: list[tuple[int, int]], members: list[Any]) -> None:
    if any(kind == rarfile.RAR_BLOCK_MAIN and flags & rarfile.RAR_MAIN_VOLUME for kind, flags in blocks):
        raise ConversionError(
            "it is one part of a divided archive",
            fix="unpack all its parts together and name the files in it",
            code=UNSUPPORTED,
        )
    if len({member.filename for member in members}) != len(members):
        raise _damaged("it is damaged: two files in it have the same name")  # the library would give one for both


def _rar_member(package: Any, member: Any, room: Room) -> Path:
    name = member.filename
    if _PATTERN.search(name):
        raise hostile(f"{_text(name)} in it has a name that the unpacking program takes for a pattern")
    try:
        with _reading(name), package.open(member) as stream:
            return _copy(stream, room, name)
    except ConversionError as error:
        if error.code == DAMAGED and member.needs_password():
            raise _encrypted(f"the password does not open {_text(name)} in it, or it is damaged") from error
        raise


def _choose_rar_tool(is_solid: bool) -> None:
    """Let the library use a program that does know RAR: Debian's 7z does not, and bsdtar knows only part of it."""
    rarfile.tool_setup(sevenzip=False, sevenzip2=False, bsdtar=not is_solid, force=True)


rarfile.USE_EXTRACT_HACK = 0  # it would write a copy to the system's folder for temporary files
if not rarfile._have_crypto:
    # It knows two libraries that unlock an archive's list of files, and the one that is here under its other name only.
    rarfile.AES, rarfile._have_crypto = AES, 2
