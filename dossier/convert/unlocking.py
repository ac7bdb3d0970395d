"""Opens office files that are under a password: writes the plain file, which engines then read like any other.

The files of Microsoft's programs, and of WPS, are opened by msoffcrypto. OpenDocument encrypts each part of its package
by itself ([ODF 1.3 part 2], 4.9 and 4.16): PBKDF2 makes the key, AES is the cipher.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.parsers import expat

import msoffcrypto  # type: ignore[import-untyped]
from Cryptodome.Cipher import AES
from lxml import etree  # type: ignore[import-untyped]
from msoffcrypto.exceptions import (  # type: ignore[import-untyped]
    DecryptionError,
    FileFormatError,
    InvalidKeyError,
    ParseError,
)

from dossier import ole
from dossier.convert import office, ooxml
from dossier.convert.office import Lock
from dossier.errors import ConversionError
from dossier.part import Note

VERSION = f"1 msoffcrypto {version('msoffcrypto-tool')}"
"""Part of the cache keys of what may be under a password."""

# What it says of keys at its most talkative is nobody's business.
logging.getLogger("msoffcrypto").setLevel(logging.WARNING)

_OF_THEMSELVES = ("", "VelvetSweatshop", "/01Hannes Ruescher/01")
"""Passwords that open a file without being asked for: none, Excel's and PowerPoint's ([MS-OFFCRYPTO] 2.4.2)."""
_MOST_ROUNDS = 10_000_000
_CHUNK = 1 << 20
_CHECKED = 1024  # bytes of which OpenDocument keeps the checksum
_AES = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
_SHA256 = ("http://www.w3.org/2000/09/xmldsig#sha256", "http://www.w3.org/2001/04/xmlenc#sha256")
_UNREAD = "open it with its password where it came from, save it without one and name that file"
_RESEND = "ask for the file again, without a password"

# What reading a file that breaks the rules of its format may raise, in msoffcrypto and what it uses.
_BROKEN = (
    *(DecryptionError, FileFormatError, ParseError, struct.error, expat.ExpatError, zipfile.BadZipFile, zlib.error),
    *(ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, RuntimeError, EOFError),
)


class _Wrong(Exception):
    """A password does not open a file."""


def unlock(source: Path, out: Path, password: str) -> tuple[Note, ...] | None:
    """Write to ``out`` the plain form of an office file that is under a password; None where it is under none.

    A file under an empty password, or one that its program knows by itself, opens whatever is given.
    Raises ConversionError: ``encrypted-source`` where no password is given or a wrong one, or where the file is locked
    in a way that is not read here; ``damaged-source``; ``hostile-source``.
    """
    lock = office.lock_of(source)
    if lock is None:
        return None
    if lock is Lock.RIGHTS:
        raise _unread("it is opened by rights management alone, not by a password")
    if lock is Lock.WHOLE:
        raise _unread("it is encrypted as a whole, as OpenDocument since 2024, which is not read here")
    if lock is Lock.OLD:
        raise _unread("it is encrypted in an old way that is not read here")
    if lock is Lock.POWERPOINT and ole.head(source, "Pictures", 1):
        raise _unread("it is encrypted with pictures in it, which are not read here")
    for given in dict.fromkeys((password, *_OF_THEMSELVES)):
        try:
            if lock is Lock.OPEN_DOCUMENT:
                _open_package(source, out, given)
            else:
                _open_compound(source, out, given)
        except _Wrong:
            continue
        how = "with the password given" if given and given == password else "without a password"
        return (Note("was-encrypted", f"it was encrypted and opened {how}", "nothing, if you may bind it"),)
    what = "the password given for it is wrong" if password else "it is encrypted and needs a password"
    raise ConversionError(what, fix="give it under `password`, or ask for a copy without one", code="encrypted-source")


def _unread(what: str) -> ConversionError:
    return ConversionError(what, fix=_UNREAD, code="encrypted-source")


def _damaged(error: object) -> ConversionError:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return ConversionError(f"it is encrypted and damaged: {said}", fix=_RESEND, code="damaged-source")


# --- Microsoft's files ---------------------------------------------------------------------------------------------


class _Password(str):
    """A password that counts as given even where it is empty."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True


def _open_compound(source: Path, out: Path, password: str) -> None:
    with source.open("rb") as file, out.open("wb") as plain:
        with _damage():
            locked = msoffcrypto.OfficeFile(file)
        try:
            with _damage():
                checked = {"verify_password": True} if locked.format == "ooxml" else {}
                locked.load_key(password=_Password(password), **checked)
        except ConversionError as error:
            if len(password) > 15 and locked.format == "xls97":  # more than its oldest way of locking can hold
                raise _Wrong from error
            raise
        try:
            with _damage():
                locked.decrypt(plain)
        except _Wrong as error:  # the password was proved before
            raise _damaged("what it opens is no Office file") from error


@contextmanager
def _damage() -> Iterator[None]:
    """Turn whatever msoffcrypto says of a broken file into one error, and what it says of a password into another."""
    try:
        yield
    except (InvalidKeyError, UnicodeError) as error:
        raise _Wrong from error
    except _BROKEN as error:
        raise _damaged(error) from error
    except OSError as error:
        if error.errno is not None:  # the disk's, not the file's
            raise
        raise _damaged(error) from error


# --- OpenDocument --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """How one part of a package is encrypted: initialisation vector, salt, rounds, size of the key, and checksum."""

    vector: bytes
    salt: bytes
    rounds: int
    size: int
    checksum: bytes

    def decrypt(self, data: bytes, password: str) -> bytes:
        start = hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()
        key = hashlib.pbkdf2_hmac("sha1", start, self.salt, self.rounds, self.size)
        plain = AES.new(key, AES.MODE_CBC, iv=self.vector).decrypt(data)
        plain = plain[: -plain[-1]] if plain and plain[-1] <= AES.block_size else plain
        if not hmac.compare_digest(hashlib.sha256(plain[:_CHECKED]).digest(), self.checksum):
            raise _Wrong
        return plain


def _open_package(source: Path, out: Path, password: str) -> None:
    ooxml.inspect(source)
    opened = left = 0
    try:
        with (
            zipfile.ZipFile(source) as package,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy,
        ):
            root = etree.fromstring(package.read(office.ODF_MANIFEST), ooxml.parser())
            parts = dict(_take_locks(root))
            left = ooxml.MAX_UNPACKED
            for entry in package.infolist():
                name = entry.filename
                if name == office.ODF_MANIFEST:
                    copy.writestr(name, etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
                elif name in parts:
                    plain = parts[name].decrypt(package.read(entry), password)
                    opened += 1
                    left -= _inflate(plain, copy, name, left)
                else:
                    kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
                    copy.writestr(name, package.read(entry), kind)
    except _Wrong as error:
        if opened:  # a password that opened one part is right
            raise _damaged("one of its parts does not open") from error
        raise
    except (*_BROKEN, etree.XMLSyntaxError) as error:
        raise _damaged(error) from error


def _inflate(plain: bytes, copy: zipfile.ZipFile, name: str, most: int) -> int:
    unpacking, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    with copy.open(name, "w", force_zip64=True) as part:
        while not unpacking.eof and (chunk := unpacking.decompress(plain, _CHUNK)):
            plain, size = unpacking.unconsumed_tail, size + len(chunk)
            if size > most:
                what = f"it unpacks to more than {ooxml.MAX_UNPACKED >> 20} MiB"
                raise ConversionError(what, fix=_UNREAD, code="hostile-source")
            part.write(chunk)
    if not unpacking.eof:
        raise EOFError(f"its part {name} breaks off")
    return size


def _take_locks(root: Any) -> list[tuple[str, _Part]]:
    """Return how each part is encrypted, and take that out of the manifest."""
    found: list[tuple[str, _Part]] = []
    for lock in list(root.iter("{*}encryption-data")):
        entry = lock.getparent()
        said = {etree.QName(child).localname: _attributes(child) for child in lock.iterchildren(etree.Element)}
        found.append((_attributes(entry)["full-path"], _part(_attributes(lock), said)))
        entry.remove(lock)
    return found


def _part(lock: dict[str, str], said: dict[str, dict[str, str]]) -> _Part:
    cipher, derived = said["algorithm"], said["key-derivation"]
    start = said.get("start-key-generation", {}).get("start-key-generation-name", "SHA1")
    ways = (
        (cipher.get("algorithm-name", ""), (_AES,)),
        (derived.get("key-derivation-name", "").rpartition("#")[2].upper(), ("PBKDF2",)),
        (start, _SHA256),
        (lock.get("checksum-type", "").rpartition("#")[2].lower(), ("sha256-1k",)),
    )
    for way, known in ways:
        if way not in known:
            raise _unread(f"it is encrypted in a way that is not read here ({way[:80]})")
    rounds = int(derived["iteration-count"])
    if not 0 < rounds <= _MOST_ROUNDS:
        what = f"it asks for {rounds} rounds of computing a key, more than {_MOST_ROUNDS}"
        raise ConversionError(what, fix=_UNREAD, code="hostile-source")
    return _Part(
        base64.b64decode(cipher["initialisation-vector"]),
        base64.b64decode(derived["salt"]),
        rounds,
        int(derived.get("key-size", "32")),
        base64.b64decode(lock["checksum"]),
    )


def _attributes(element: Any) -> dict[str, str]:
    return {etree.QName(key).localname: value for key, value in element.attrib.items()}
