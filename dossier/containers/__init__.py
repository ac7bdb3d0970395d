"""Containers: sources that hold further sources. An archive, or a mail with what is attached to it.

Unpacking is a pure function that writes to one folder, and a container is hostile: run it in a process with limits.
A new kind of container is one function and one entry in a dict below. What reads them is loaded when one is unpacked:
the libraries take longer to load than most dossiers to plan.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dossier import sources
from dossier.containers import names
from dossier.errors import ConversionError
from dossier.part import Note
from dossier.sources import Kind

if TYPE_CHECKING:
    from dossier.containers.archive import Haul, Room
    from dossier.containers.mail import Letter

MAX_DEPTH = 3
"""How many containers may lie in one another inside the one that is unpacked."""

LEFT_OUT = "left-out"
GUESSED = "encoding-guessed"
MENDED = "mended-source"
EXTERNAL = "external-content"

_SHOWN = 5
_LEFTOVERS = "leftovers"


@dataclass(frozen=True, slots=True)
class Member:
    """A file out of a container: ``name`` is its path inside, as it is shown; ``path`` is where it was written.

    A member of a container in a container is named after both: ``inner.zip/photos/1.jpg``.
    """

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Contents:
    """What a container held: an archive's files in natural order, a mail's text and attachments in theirs.

    ``refused`` names each file that could not be taken out of it, and says why.
    """

    members: tuple[Member, ...]
    notes: tuple[Note, ...] = ()
    refused: tuple[ConversionError, ...] = ()


_ARCHIVES = frozenset({Kind.ZIP, Kind.TAR, Kind.SEVEN_ZIP, Kind.RAR})
_MAILS = frozenset({Kind.EML, Kind.MSG})
KINDS = _ARCHIVES | _MAILS
"""The kinds of source that hold further sources."""


def unpack(source: Path, kind: Kind, into: Path, *, password: str = "", language: str = "zh-CN") -> Contents:
    """Unpack a container and the containers in it to ``into``, an empty folder; a mail's text becomes a Word file.

    Files are written under names of the program's own making. Not every member need be of a kind that can be bound.
    Raises ConversionError, whose message lacks the source's name: ``damaged-source``, ``hostile-source``,
    ``encrypted-source``, ``empty-source``, or ``unsupported-kind``; and OSError where ``into`` cannot be written.
    """
    from dossier.containers import archive

    if not _is_container(source, kind):
        raise ConversionError(
            "it is no archive but a document in the form of one"
            if kind is Kind.ZIP
            else f"it is no container but {kind}",
            fix="name it as evidence in a form that can be bound, such as PDF",
            code=archive.UNSUPPORTED,
        )
    job = _Job(archive.Room(into, source.stat().st_size), password, language)
    members = list(job.open(source, kind, "", 0))
    if not members and not job.refused:
        raise ConversionError(
            "there is no file in it" + (", only what is left out" if job.left_out else ""),
            fix="ask what it was to hold, and for a new one",
            code="empty-source",
        )
    # An archive may hold both a file a.zip and a folder of that name.
    own = names.unique([member.name for member in members])
    found = tuple(map(Member, own, (member.path for member in members)))
    return Contents(found, tuple(job.notes()), tuple(job.refused))


def _read_archive(path: Path, kind: Kind, room: Room, password: str) -> Haul:
    from dossier.containers import archive

    readers: dict[Kind, archive.Reader] = {
        Kind.ZIP: archive.read_zip,
        Kind.TAR: archive.read_tar,
        Kind.SEVEN_ZIP: archive.read_7z,
        Kind.RAR: archive.read_rar,
    }
    return readers[kind](path, room, password)


def _read_mail(path: Path, kind: Kind) -> Letter:
    from dossier.containers import mail

    return mail.read_eml(path) if kind is Kind.EML else mail.read_msg(path)


def recognise(path: Path, kind: Kind | None = None) -> Kind:
    """Say what a file is from its content, mails and TARs among the rest; ``kind`` is what sources took it for."""
    kind = kind or sources.recognise(path)
    if kind is Kind.OLE and looks_like_msg(path):
        return Kind.MSG
    if kind in (Kind.TEXT, Kind.UNKNOWN):
        with path.open("rb") as file:
            if looks_like_eml(file.read(_HEAD)):
                return Kind.EML
        if looks_like_tar(path):
            return Kind.TAR
    return kind


@dataclass(slots=True)
class _Job:
    """One container being unpacked, with all the containers in it."""

    room: Room
    password: str
    language: str
    left_out: dict[str, list[str]] = field(default_factory=dict)
    guessed: dict[str, str] = field(default_factory=dict)
    remote: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    refused: list[ConversionError] = field(default_factory=list)

    def open(self, path: Path, kind: Kind, prefix: str, depth: int) -> Iterator[Member]:
        """Give the members of one container; ``prefix`` is put before their names."""
        if kind in _MAILS:
            yield from self._mail(_read_mail(path, kind), prefix, depth)
            return
        haul = _read_archive(path, kind, self.room, self.password)
        self.refused += [_inside(prefix.removesuffix("/"), error) for error in haul.refused]
        for reason, left in ((_LEFTOVERS, haul.leftovers), ("links and devices", haul.links)):
            self._leave_out(reason, prefix, left)
        self.guessed |= {prefix + name: encoding for name, encoding in haul.guessed.items()}
        for found in haul.found:
            yield from self._member(found.name, found.path, prefix, depth)

    def _mail(self, letter: Letter, prefix: str, depth: int) -> Iterator[Member]:
        from dossier.containers import mail

        text = mail.BODY_NAMES[mail.language_of(self.language)]
        titles = mail.titles(letter, self.language)
        with self.room.file(text) as sink:
            sink.write(mail.document(letter, self.language))
        yield Member(prefix + text, sink.path)
        self.guessed |= {prefix + part: encoding for part, encoding in letter.guessed.items()}
        self.remote += letter.remote
        self.mended += [prefix + name for name in letter.mended]
        self._leave_out("signatures, links and pictures", prefix, letter.left_out)
        for title, attachment in zip(titles, letter.attachments, strict=True):
            self.room.enter()
            if isinstance(attachment.content, mail.Letter):
                _check_depth(title, depth)
                yield from self._mail(attachment.content, f"{prefix}{title}/", depth + 1)
                continue
            with self.room.file(title) as sink:
                sink.write(attachment.content)
            yield from self._member(title, sink.path, prefix, depth)

    def _member(self, name: str, path: Path, prefix: str, depth: int) -> Iterator[Member]:
        from dossier.containers import archive

        kind = recognise(path)
        if not _is_container(path, kind):
            yield Member(prefix + name, path)
            return
        _check_depth(name, depth)
        count, before = 0, len(self.refused)
        try:
            for member in self.open(path, kind, f"{prefix}{name}/", depth + 1):
                count += 1
                yield member
        except ConversionError as error:
            if error.code not in archive.OF_ONE:
                raise _inside(name, error) from error
            self.refused.append(_inside(prefix + name, error))
        path.unlink()
        if not count and len(self.refused) == before:
            self._leave_out("empty archives", prefix, [name])

    def _leave_out(self, reason: str, prefix: str, left: list[str] | tuple[str, ...]) -> None:
        if left:
            self.left_out.setdefault(reason, []).extend(prefix + name for name in left)

    def notes(self) -> Iterator[Note]:
        """Give what a reader should know of the container."""
        if self.left_out:
            usual = {reason: left for reason, left in self.left_out.items() if reason == _LEFTOVERS}
            others = {reason: left for reason, left in self.left_out.items() if reason != _LEFTOVERS}
            yield from [_left_out(usual, "info")] if usual else []
            yield from [_left_out(others, "warning")] if others else []
        if self.guessed:
            encodings = " or ".join(sorted({_ENCODINGS.get(e, e) for e in self.guessed.values()}))
            yield Note(
                GUESSED,
                f"it does not say how its names and texts are encoded: {_some(list(self.guessed))} read as {encodings}",
                "if a name or text is wrong, name the file under its right name",
            )
        if self.mended:
            yield Note(
                MENDED,
                f"not encoded cleanly in the mail, and taken as far as it made sense: {_some(self.mended)}",
                "look whether it is whole on the page; if not, ask for the mail again",
            )
        if self.remote:
            yield Note(
                EXTERNAL,
                f"it asks for contents from outside the mail, which were not fetched: {_some(self.remote)}",
                "if something is missing on the page, print the mail to PDF where it was received and name that file",
            )


_ENCODINGS = {names.CHINESE: "GBK", "utf-8": "UTF-8", "cp437": "IBM 437", "unknown": "no encoding known"}


def _is_container(path: Path, kind: Kind) -> bool:
    from dossier.containers import archive

    return kind in _MAILS or (kind in _ARCHIVES and not (kind is Kind.ZIP and archive.is_package(path)))


def _check_depth(name: str, depth: int) -> None:
    from dossier.containers import archive

    if depth == MAX_DEPTH:
        raise archive.hostile(f"{name} lies in more than {MAX_DEPTH} containers, one in the other")


def _left_out(left: dict[str, list[str]], severity: Literal["warning", "info"]) -> Note:
    reasons = "; ".join(f"{len(names)} {reason} ({_some(names)})" for reason, names in left.items())
    fix = "if one of them is evidence, name that file by itself"
    return Note(LEFT_OUT, f"left out of it: {reasons}", fix, severity)


def _inside(name: str, error: ConversionError) -> ConversionError:
    """Return the error of a container that lies in another, where it is called ``name``."""
    return ConversionError(f"{name}: {error.message}" if name else error.message, fix=error.fix, code=error.code)


def _some(listed: list[str]) -> str:
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


# --- recognising what dossier.sources does not ---------------------------------------------------------------------

_HEAD = 4096
_MAIL_HEADERS = frozenset(
    {"from", "to", "cc", "bcc", "subject", "date", "sender", "reply-to", "received", "return-path", "message-id"}
    | {"mime-version", "content-type", "delivered-to", "x-mailer", "x-originating-ip", "dkim-signature", "importance"}
)
_SAYS_MAIL = frozenset({"from", "received", "return-path", "message-id", "date", "mime-version", "delivered-to"})
_HEADER_LINE = re.compile(rb"([!-9;-~]+)[ \t]*:")
_WEB_PAGE = re.compile(
    rb"^(?:snapshot-content-location:|x-document-type:|from:\s*<saved by)", re.IGNORECASE | re.MULTILINE
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MSG_CLASS = bytes.fromhex("0b0d020000000000c000000000000046")
_MSG_NAMES = tuple(
    name.encode("utf-16-le") for name in ("__properties_version1.0", "__nameid_version1.0", "__substg1.0_")
)
_TAR_BLOCK = 512
_PACKED_HEAD = 1 << 16
_XZ_MEMORY = 128 * 1024**2
_UNPACKERS: tuple[tuple[re.Pattern[bytes], Callable[[], Any]], ...] = (
    (re.compile(rb"\x1f\x8b\x08"), lambda: zlib.decompressobj(zlib.MAX_WBITS | 16)),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), bz2.BZ2Decompressor),
    (re.compile(rb"\xfd7zXZ\0"), lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY)),
)


def looks_like_eml(head: bytes) -> bool:
    """Say whether a file that starts with ``head`` (4 KB of it) is a mail: a block of header lines, two of them known.

    A web page that a browser saved as MIME is none, though it starts in the same way.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if text.startswith((b"From ", b">From ")):  # as mailboxes begin a mail
        text = text.partition(b"\n")[2]
    block, ends, _ = text.replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = block.split(b"\n")
    found = set()
    for number, line in enumerate(lines, start=1):
        header = _HEADER_LINE.match(line)
        if header is not None:
            found.add(header[1].decode("ascii").lower())
        elif line and line[:1] not in (b" ", b"\t") and (ends or number < len(lines) or len(head) < _HEAD):
            return False  # unless it is the last line, and cut in two
    return len(found & _MAIL_HEADERS) >= 2 and bool(found & _SAYS_MAIL) and not _WEB_PAGE.search(block)


def looks_like_msg(path: Path) -> bool:
    """Say whether a file is an Outlook message: a compound file whose root is of that class or holds its streams."""
    with path.open("rb") as file:
        header = file.read(512)
        if len(header) < 512 or not header.startswith(_OLE):
            return False
        size = 1 << min(int.from_bytes(header[30:32], "little"), 16)
        file.seek((int.from_bytes(header[48:52], "little") + 1) * size)
        directory = file.read(size)  # its first sector: the root, and a few of what the file holds
    return directory[80:96] == _MSG_CLASS or any(name in directory for name in _MSG_NAMES)


def looks_like_tar(path: Path) -> bool:
    """Say whether a file is a TAR, packed with gzip, bzip2 or xz or not at all.

    So is what is packed in one of these ways and too broken to be looked into: reading it will say so.
    """
    with path.open("rb") as file:
        head = file.read(_PACKED_HEAD)
        for signature, unpacker in _UNPACKERS:
            if not signature.match(head):
                continue
            plain, unpacking = b"", unpacker()
            try:
                while head and not unpacking.eof and len(plain) < _TAR_BLOCK:
                    plain += unpacking.decompress(head, _TAR_BLOCK)
                    head = file.read(_PACKED_HEAD)  # bzip2 gives nothing before a block of up to 900 kB is complete
            except (zlib.error, lzma.LZMAError, OSError, EOFError, MemoryError):
                return True
            return _is_tar_header(plain[:_TAR_BLOCK]) or not (plain or unpacking.eof)
    return _is_tar_header(head[:_TAR_BLOCK])


def _is_tar_header(block: bytes) -> bool:
    if block[257:262] == b"ustar":
        return True
    digits = block[148:156].strip(b" \0")
    if len(block) < _TAR_BLOCK or not digits.isdigit() or set(digits) & set(b"89"):
        return False
    return int(digits, 8) == sum(block[:148]) + 8 * 32 + sum(block[156:])  # the oldest TARs hold a sum and no mark
