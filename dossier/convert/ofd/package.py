"""The package of an OFD file: a ZIP of XML parts and resources, read within limits (GB/T 33190-2016, clause 6).

Nothing is unpacked to disk, so a location can lead nowhere but to another part; one that tries to leave the package is
refused all the same. Elements are found by their local names: writers use two namespaces for the same vocabulary
(``http://www.ofdspec.org/2016`` and ``http://www.ofdspec.org``), and some use none.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from dossier.errors import ConversionError

MAX_ENTRIES = 20_000
MAX_UNPACKED = 1024**3
MAX_XML = 64 * 1024**2
MAX_RATIO = 200
"""Unpacked to packed size that no real document reaches; judged only above ``RATIO_FROM`` bytes."""
RATIO_FROM = 64 * 1024**2
MAX_NUMBER = 1e6
"""No coordinate, length or factor is larger: a kilometre in millimetres."""

LIMITS = {
    "pages": 20_000,
    "objects": 1_000_000,
    "characters": 10_000_000,
    "numbers in paths": 10_000_000,
    "pixels": 2_000_000_000,
}
"""How much of each kind a document may hold in all, seals and repeated parts included."""

RESEND = "ask for the file again, or print it to PDF from an OFD reader and name that file"
PRINT = "print it to PDF from an OFD reader and name that file"

_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError, OSError)
_UTF8_NAME = 1 << 11
_ENCRYPTED = 1
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

Node = Any
"""An element of lxml, which has no types of its own."""
Box = tuple[float, float, float, float]
"""Left, top, width and height in millimetres, y downwards (ST_Box)."""


def damaged(what: object) -> ConversionError:
    """Return the error for a file that does not hold what it should."""
    return ConversionError(f"it is damaged: {what}", fix=RESEND, code="damaged-source")


def hostile(what: object) -> ConversionError:
    """Return the error for a file that no honest writer makes."""
    return ConversionError(f"it {what}", fix=PRINT, code="hostile-source")


def unsupported(what: object) -> ConversionError:
    """Return the error for a whole file that asks for something that cannot be drawn here."""
    return ConversionError(f"it cannot be drawn in full: {what}", fix=PRINT, code="unsupported-content")


def encrypted() -> ConversionError:
    """Return the error for a file under a password or a key."""
    return ConversionError(
        "it is encrypted",
        fix="ask for a copy that is not, or print it to PDF and name that file",
        code="encrypted-source",
    )


@dataclass(slots=True)
class Budget:
    """Counts what a document makes us do, so that a small file cannot ask for endless work."""

    spent: Counter[str] = field(default_factory=Counter)

    def spend(self, kind: str, count: int = 1) -> None:
        """Count ``count`` more of a kind of :data:`LIMITS`; raises ConversionError beyond the limit."""
        self.spent[kind] += count
        if self.spent[kind] > LIMITS[kind]:
            raise hostile(f"holds more than {LIMITS[kind]:,} {kind}")


class Package:
    """The parts of one OFD file, by name (no leading slash); use it in a ``with`` block."""

    def __init__(self, source: Path | bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
        except _DAMAGED as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise  # the file is not there, or may not be read
            raise damaged(f"its package cannot be opened ({error})") from error
        try:
            self._entries = self._checked()
        except BaseException:
            self._zip.close()
            raise
        self._folded: dict[str, list[str]] = {}
        for name in self._entries:
            self._folded.setdefault(name.casefold(), []).append(name)
        if "encryptions.xml" in self._folded:  # GM/T 0099: its other parts are ciphertext
            self._zip.close()
            raise encrypted()

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        unpacked = sum(entry.file_size for entry in entries)
        packed = sum(entry.compress_size for entry in entries)
        if len(entries) > MAX_ENTRIES:
            raise hostile(f"holds {len(entries)} parts, more than {MAX_ENTRIES}")
        if unpacked > MAX_UNPACKED:
            raise hostile(f"unpacks to {unpacked >> 20} MiB, more than {MAX_UNPACKED >> 20} MiB")
        if unpacked > RATIO_FROM and unpacked > MAX_RATIO * max(packed, 1):
            raise hostile(f"unpacks to {unpacked // max(packed, 1)} times its size, like a ZIP bomb")
        found: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            if entry.flag_bits & _ENCRYPTED:
                raise encrypted()
            name = resolve("", entry.filename)
            if name in found:
                raise damaged(f"two of its parts are called {name}")
            found[name] = entry
        for entry in entries:
            for name in _other_names(entry):
                found.setdefault(resolve("", name), entry)
        return found

    def find(self, location: str, *folders: str) -> str | None:
        """Return the part that a location (ST_Loc) names, relative to the first of ``folders`` where it is found.

        A location that begins with a slash starts from the package's root. Case is forgiven where it is not ambiguous.
        """
        for folder in folders or ("",):
            name = resolve(folder, location)
            if name in self._entries:
                return name
            alike = self._folded.get(name.casefold(), [])
            if len(alike) == 1:
                return alike[0]
        return None

    def read(self, name: str) -> bytes:
        """Return the bytes of a part; its checksum is proved."""
        try:
            return self._zip.read(self._entries[name])
        except _DAMAGED as error:
            raise damaged(f"its part {name} cannot be unpacked ({error})") from error

    def xml(self, name: str) -> Node:
        """Return the root element of a part."""
        if self._entries[name].file_size > MAX_XML:
            raise hostile(f"holds a part, {name}, of {self._entries[name].file_size >> 20} MiB of XML")
        data = self.read(name)
        if _DECLARATION.search(data.replace(b"\0", b"")):  # without the zeros of UTF-16
            raise hostile(f"declares a DTD or XML entities in its part {name}, which can read or flood the machine")
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
            remove_pis=True,
        )  # fmt: skip
        try:
            return etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            raise damaged(f"its part {name} is not XML ({error})") from error


def _other_names(entry: zipfile.ZipInfo) -> Iterator[str]:
    """Yield what the name of an entry may mean whose writer used UTF-8 or GBK and did not say so.

    The same bytes can be a name in both; which is meant shows where a part is asked for.
    """
    if entry.flag_bits & _UTF8_NAME or entry.filename.isascii():
        return
    raw = entry.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            yield raw.decode(encoding)
        except UnicodeDecodeError:
            continue


def resolve(folder: str, location: str) -> str:
    """Return the name of the part at ``location``, seen from ``folder``; raises ConversionError if that leads out."""
    location = location.strip().replace("\\", "/")
    steps = [] if location.startswith("/") else [step for step in folder.split("/") if step]
    for step in location.split("/"):
        if step == "..":
            if not steps:
                raise hostile(f"names a part outside itself: {location}")
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)


def folder_of(name: str) -> str:
    """Return the folder that a part lies in."""
    return name.rpartition("/")[0]


# --- elements and values -------------------------------------------------------------------------------------------


def local(node: Node) -> str:
    """Return an element's name without its namespace; empty for what is no element."""
    return str(node.tag).rpartition("}")[2] if isinstance(node.tag, str) else ""


def child(node: Node, name: str) -> Node | None:
    """Return the first child of a name, whatever its namespace; None where there is none, or no ``node``."""
    return None if node is None else next(node.iterchildren("{*}" + name), None)


def children(node: Node | None, name: str) -> Iterator[Node]:
    """Yield the children of a name, whatever their namespace."""
    if node is not None:
        yield from node.iterchildren("{*}" + name)


def text(node: Node | None) -> str:
    """Return the text in an element, without the space around it; empty where there is none."""
    return "" if node is None else (node.text or "").strip()


def number(value: str, what: str = "number") -> float:
    """Return a number as written in XML; raises ConversionError for what is none, is not finite, or is absurd."""
    try:
        found = float(value)
    except ValueError:
        raise damaged(f"{_shown(value)} is no {what}") from None
    if not math.isfinite(found) or abs(found) > MAX_NUMBER:
        raise damaged(f"{_shown(value)} is no believable {what}")
    return found


def numbers(value: str, count: int = 0, what: str = "list of numbers") -> tuple[float, ...]:
    """Return the numbers of an ST_Array; with ``count``, just so many there must be."""
    found = tuple(number(word, what) for word in value.replace(",", " ").split())
    if count and len(found) != count:
        raise damaged(f"{_shown(value)} is no {what}: {count} numbers are due")
    return found


def box(value: str) -> Box:
    """Return an ST_Box; a negative width or height, which some writers use, is turned round."""
    x, y, width, height = numbers(value, 4, "box")
    return min(x, x + width), min(y, y + height), abs(width), abs(height)


def is_true(value: str | None, otherwise: bool) -> bool:
    """Return an xs:boolean."""
    return otherwise if value is None or not value.strip() else value.strip().lower() in ("true", "1")


def _shown(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:40] + "…")
