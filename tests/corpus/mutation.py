"""Ways to damage or disguise a file: each takes its bytes, another file's, and a source of chance."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import PurePath
from random import Random

from lxml import etree  # type: ignore[import-untyped]

_MOST = 4 * 1024**2  # bytes of a mutant: its parser, not its size, is what is tried
_DIGITS = re.compile(rb"[0-9]{1,10}")
_LARGEST = (b"\xff", b"\xff\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\xff" * 8)
_ABSURD = ("0", "-1", "65536", "2147483647", "4294967296", "999999999999", "1e308")
_PNG = b"\x89PNG\r\n\x1a\n"
_INSIDE, _STILL_XML = 0.75, 0.7
_BEGINNING = 600  # headers and the fields that say how long things are lie here in most formats


@dataclass(frozen=True, slots=True)
class Mutant:
    """A damaged file: its ``name``, the original it is ``of``, the ``way`` it was damaged, and its bytes."""

    name: str
    of: str
    way: str
    data: bytes


Way = Callable[[bytes, bytes, Random], bytes]


def flip(data: bytes, other: bytes, chance: Random) -> bytes:
    """Change a few bytes."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 3, 20))):
        made[_at(data, chance)] ^= chance.randrange(1, 256)
    return bytes(made)


def cut(data: bytes, other: bytes, chance: Random) -> bytes:
    """End too early, as a download that broke off."""
    return data[: chance.randrange(len(data))]


def behead(data: bytes, other: bytes, chance: Random) -> bytes:
    """Begin too late."""
    return data[chance.randrange(min(len(data), _BEGINNING)) + 1 :]


def repeat(data: bytes, other: bytes, chance: Random) -> bytes:
    """Hold a block many times."""
    start, end = _block(data, chance)
    return data[:start] + data[start:end] * chance.choice((2, 10, 200)) + data[end:]


def zero(data: bytes, other: bytes, chance: Random) -> bytes:
    """Hold a block of zeros, as a file that was never copied whole."""
    start, end = _block(data, chance)
    return data[:start] + bytes(end - start) + data[end:]


def exchange(data: bytes, other: bytes, chance: Random) -> bytes:
    """Hold two blocks in the wrong order."""
    a, b, c = sorted(chance.randrange(len(data) + 1) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def splice(data: bytes, other: bytes, chance: Random) -> bytes:
    """Go on as another file."""
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def masquerade(data: bytes, other: bytes, chance: Random) -> bytes:
    """Begin as one kind, and hold the body of another."""
    size = chance.choice((4, 8, 16, 512, 1024))
    return other[:size] + data[size:]


def inflate(data: bytes, other: bytes, chance: Random) -> bytes:
    """Say absurd sizes in binary fields."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 2, 6))):
        field = chance.choice(_LARGEST)
        at = _at(data, chance)
        made[at : at + len(field)] = field
    return bytes(made)


def exaggerate(data: bytes, other: bytes, chance: Random) -> bytes:
    """Say absurd sizes in numbers written as text; the same as :func:`inflate` where there are none."""
    found = list(_DIGITS.finditer(data))
    if not found:
        return inflate(data, other, chance)
    for match in sorted(chance.sample(found, min(len(found), chance.choice((1, 3, 10)))), key=lambda m: -m.start()):
        data = data[: match.start()] + chance.choice(_ABSURD).encode() + data[match.end() :]
    return data


def inside(data: bytes, other: bytes, chance: Random) -> bytes:
    """Damage one part of a package, and pack it again so that all its checksums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        held = {info.filename: package.read(info) for info in package.infolist() if not info.is_dir()}
    name = chance.choice(sorted(name for name in held if held[name]))
    # XML that is none is refused at once: what is wrong with what it says goes further.
    is_xml = held[name].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
    ways: tuple[Way, ...] = (rearrange,) if is_xml and chance.random() < _STILL_XML else PLAIN
    held[name] = chance.choice(ways)(held[name], other, chance)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for part, content in held.items():
            package.writestr(zipfile.ZipInfo(part), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def rearrange(data: bytes, other: bytes, chance: Random) -> bytes:
    """Take out, repeat or move elements of an XML part, or change what they say, so that it is XML still."""
    try:
        root = etree.fromstring(data)
    except etree.XMLSyntaxError:
        return flip(data, other, chance)
    for _ in range(chance.choice((1, 3, 10))):
        elements = list(root.iter(etree.Element))[1:]
        if not elements:
            break
        one, another = chance.choice(elements), chance.choice(elements)
        what = chance.choice(("remove", "repeat", "move", "say", "say", "forget"))
        if what == "remove":
            one.getparent().remove(one)
        elif what == "repeat":
            one.getparent().extend([deepcopy(one) for _ in range(chance.choice((1, 50)))])
        elif what == "move" and one not in another.iterancestors() and one is not another:
            another.append(one)
        elif one.attrib:
            key = chance.choice(sorted(one.attrib))
            if what == "forget":
                del one.attrib[key]
            else:
                one.set(key, chance.choice((*_ABSURD, another.get(key, "x"), "")))
    made: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return made


def mended(data: bytes) -> bytes:
    """Make the checksums of a PNG right again, so that what is damaged in it reaches the parser behind them."""
    if not data.startswith(_PNG):
        return data
    made, at = bytearray(data), len(_PNG)
    while at + 12 <= len(made):
        end = at + 8 + int.from_bytes(made[at : at + 4], "big")
        made[end : end + 4] = zlib.crc32(made[at + 4 : end]).to_bytes(4, "big") if end + 4 <= len(made) else b""
        at = end + 4
    return bytes(made)


PLAIN: tuple[Way, ...] = (flip, cut, behead, repeat, zero, exchange, splice, masquerade, inflate, exaggerate)
"""Ways to damage any file."""


def mutants(originals: Mapping[str, bytes], count: int, seed: int) -> Iterator[Mutant]:
    """Give ``count`` mutants, of each original in turn, the same for the same originals and seed."""
    names = sorted(originals)
    for number in range(count):
        chance = Random(f"{seed}:{number}")
        of = names[number % len(names)]
        data = originals[of]
        other = originals[chance.choice([name for name in names if PurePath(name).suffix != PurePath(of).suffix])]
        package = data.startswith(b"PK\x03\x04")
        # Most of what is done to a package is done inside it: its checksums keep other damage from any parser.
        way = inside if package and chance.random() < _INSIDE else chance.choice(PLAIN)
        made = way(data, other, chance)[:_MOST]
        if chance.random() < 0.5:
            made = mended(made)
        if made == data:
            way, made = cut, data[: len(data) // 2]
        yield Mutant(f"{number:04}-{way.__name__}-{of}", of, way.__name__, made)


def _at(data: bytes, chance: Random) -> int:
    return chance.randrange(min(len(data), _BEGINNING) if chance.random() < 0.5 else len(data))


def _block(data: bytes, chance: Random) -> tuple[int, int]:
    start = chance.randrange(len(data))
    return start, min(len(data), start + chance.choice((1, 16, 256, 4096)))
