"""What is fuzzed: functions of any bytes that return nothing, and raise only where the program is wrong."""

from __future__ import annotations

import io
import os
import re
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import dossier
from dossier import containers, sources
from dossier import manifest as manifests
from dossier.convert import office
from dossier.errors import ConversionError, ManifestError, Problem
from dossier.sources import Kind, PathRefused

SLOWEST = 10.0
"""Seconds that one input may take."""

NAMES = (
    "a", "a.pdf", "a.txt", "a.csv", "a.tsv", "a.htm", "a.html", "a.md", "a.doc", "a.xls", "a.xlsx", "a.et", "a.docx",
    "a.zip", "a.tar.gz", "a.eml", "a.msg", "A.CSV", "名.表", "a.",
)  # fmt: skip
"""What a file may be called; the first byte of an input of the recogniser chooses one."""
# In memory where that can be, for every input is written to a file.
_HOME = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Finding(AssertionError):
    """The program did something with an input that it must not do."""


def manifest(data: bytes) -> None:
    """Load ``data`` as a manifest, and as a file of passwords: only ManifestError may come out, of sound problems."""
    with _file("dossier.yaml", data) as path:
        try:
            loaded = dossier.load(path)
        except ManifestError as error:
            _expect(bool(error.problems), "an error without a problem")
            _check_problems(error.problems, path)
            str(error)
        else:
            _check_problems(loaded.warnings, path)
            _check_loaded(loaded)
        try:
            passwords = manifests.load_passwords(path)
        except ManifestError as error:
            _check_problems(error.problems, path)
        else:
            _expect(all(isinstance(value, str) for value in passwords.values()), "a password that is no text")


def recogniser(data: bytes) -> None:
    """Recognise a file of any name and bytes in all ways: no exception but those that are documented may come out."""
    if not data:
        return
    name, content = NAMES[data[0] % len(NAMES)], data[1:]
    with _file(name, content) as path:
        kind = sources.recognise(path)
        _expect((kind is Kind.EMPTY) is (not content), f"{len(content)} bytes are {kind}")
        known = containers.recognise(path, kind)
        _expect(known is containers.recognise(path), "two answers for one file")
        containers.looks_like_eml(content[:4096])
        try:
            form = office.format_of(path)
            office.name_of(path)
        except ConversionError as error:
            _expect(error.code == "encrypted-source", f"refused as {error.code} while it was recognised")
        else:
            _expect(form is None or isinstance(form, office.Format), f"{form!r} is no format")
    _check_name(content[:300])


def _check_loaded(loaded: dossier.Manifest) -> None:
    ids = [entry.id for item in loaded.leaves() for entry in item.evidence]
    _expect(len(ids) == len(set(ids)), "two pieces of evidence with one id")
    for _, item in loaded.walk():
        _expect(loaded.where(item.id).startswith(str(loaded.path)), "an item that stands nowhere")
        _expect(not (item.items and item.evidence), "evidence under an item that is no leaf")
    _expect(loaded.root.is_absolute(), "a folder of sources without a place")


def _check_problems(problems: tuple[Problem, ...], path: Path) -> None:
    for problem in problems:
        _expect(bool(problem.code and problem.message and problem.fix), f"a problem that does not help: {problem}")
        _expect(problem.where.startswith(str(path)), f"a problem that is nowhere: {problem}")
        _expect(len(problem.message) < 2000, f"a message of {len(problem.message)} characters")
        _expect("\n" not in problem.message, f"a message of several lines: {problem.message!r}")


def _check_name(raw: bytes) -> None:
    """Take bytes for a name of a file, as a manifest or a disk may have it."""
    name = os.fsdecode(raw)
    sources.shown(name).encode("utf-8")
    root = Path("/nowhere")
    try:
        found = sources.locate(root, name)
    except PathRefused as error:
        _expect(bool(str(error) and error.fix), "a path that is refused without a reason")
    else:
        _expect(found.is_relative_to(root) and ".." not in found.parts, f"{name!r} leads out, to {found}")


class _file:  # noqa: N801 - used like a function
    """A file of the name and bytes given, in a folder of its own; time spent with it is limited."""

    def __init__(self, name: str, data: bytes) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="fuzz-", dir=_HOME)
        self.path = Path(self.folder.name, name)
        self.data = data
        self.start = 0.0

    def __enter__(self) -> Path:
        self.path.write_bytes(self.data)
        self.start = time.monotonic()
        return self.path

    def __exit__(self, kind: object, *_: object) -> None:
        took = time.monotonic() - self.start
        self.folder.cleanup()
        if kind is None:
            _expect(took < SLOWEST, f"it took {took:.1f} s")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Finding(otherwise)


@dataclass(frozen=True, slots=True)
class Target:
    """A function to fuzz, how to change its inputs by their structure, and words that they are made of."""

    run: Callable[[bytes], None]
    mutate: Callable[[bytes, Random], bytes]
    words: tuple[bytes, ...]


def _manifest_words() -> tuple[str, ...]:
    keys = {f"{key}: " for model in manifests._MODELS.values() for key in manifests._keys(model)}
    keys |= {f"{key}: " for key in manifests._keys(manifests.Manifest)}
    values = ("1-1", "2023-02-30", "2023-01-01", "no", "010", "1e999", ".inf", "~", "25mm", "1-3,20-", "{n}", "outer")
    marks = (
        "- ",
        "\n  ",
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "&a ",
        "*a",
        "!!",
        "|\n",
        ">\n",
        "%YAML 1.1\n",
        "---\n",
        "：",
        "? ",
    )
    return (*sorted(keys), *values, *marks, "see: 1-1-01", "{env: X}", "：", "\ufeff", "\u2028")


_RECOGNISED = (
    "%PDF-1.7", "PK\x03\x04", "PK\x05\x06", "PK\x01\x02", "[Content_Types].xml", "word/", "xl/workbook.bin", "mimetype",
    "content.xml", "OFD.xml", "ustar", "From: ", "\nSubject: ", "\nDate: ", "MIME-Version: ", "<!DOCTYPE html", "<?xml",
    "urn:schemas-microsoft-com:office:spreadsheet", "ftypheic", "ftypisom", "RIFF", "WEBP", "BZh91AY&SY", "{\\rtf1",
)  # fmt: skip
_RAW = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x01\0",
    b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", "WordDocument".encode("utf-16-le"),
    "Workbook".encode("utf-16-le"), "__substg1.0_".encode("utf-16-le"),
    bytes.fromhex("0b0d020000000000c000000000000046"),
)  # fmt: skip

_MANIFEST_WORDS = tuple(word.encode() for word in _manifest_words())
_RECOGNISER_WORDS = (*(word.encode() for word in _RECOGNISED), *_RAW)
_VALUE = re.compile(rb"(?<=: )[^\n,{}\[\]]+|(?<=- )[^\n:,{}\[\]]+")


def _change_manifest(data: bytes, chance: Random) -> bytes:
    """Change whole lines and values, so that what comes out is a manifest still, or nearly."""
    lines = data.split(b"\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    what = chance.randrange(5)
    if what == 0:
        del lines[at]
    elif what == 1:
        lines.insert(other, lines[at])
    elif what == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif what == 3:
        lines[at] = chance.choice((b"  ", b"")) + lines[at].removeprefix(b"  ")
    values = list(_VALUE.finditer(data))
    if what < 4 or not values:
        return b"\n".join(lines)
    value, source = chance.choice(values), chance.choice(values)
    word = chance.choice((source.group(), chance.choice(_MANIFEST_WORDS).strip(), b"{" + source.group() + b"}"))
    return data[: value.start()] + word + data[value.end() :]


def _change_file(data: bytes, chance: Random) -> bytes:
    """Pack some files under telling names, or put a telling word where there is none; keep the file's own name."""
    if chance.random() < 0.3:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as package:
            for name in chance.sample(_MEMBERS, chance.randrange(1, 5)):
                package.writestr(zipfile.ZipInfo(name), data[:100])
        return data[:1] + made.getvalue()
    at = chance.choice((1, 257, 513, 1024, chance.randrange(len(data) + 1)))
    word = chance.choice(_RECOGNISER_WORDS)
    return data[:at].ljust(at, b"\0") + word + data[at + chance.choice((0, len(word))) :]


_MEMBERS = (
    "[Content_Types].xml", "word/document.xml", "xl/workbook.xml", "xl/workbook.bin", "ppt/presentation.xml",
    "mimetype", "content.xml", "OFD.xml", "META-INF/manifest.xml", "EncryptedPackage", "a.txt", "../a", "名",
)  # fmt: skip

TARGETS: dict[str, Target] = {
    "manifest": Target(manifest, _change_manifest, _MANIFEST_WORDS),
    "recogniser": Target(recogniser, _change_file, _RECOGNISER_WORDS),
}
