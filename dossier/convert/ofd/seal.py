"""The picture of an electronic seal, taken from a signature value (GB/T 38540-2020; GM/T 0031-2014 has it there too).

Both standards wrap the seal alike, in DER::

    SES_Signature ::= SEQUENCE { toSign SEQUENCE { version, eseal SESeal, … }, … }
    SESeal        ::= SEQUENCE { eSealInfo SEQUENCE { header, esID, property, picture, … }, … }
    picture       ::= SEQUENCE { type IA5String, data OCTET STRING, width INTEGER, height INTEGER }

Only what leads to the picture is read. No signature is verified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_SEQUENCE = 0x30
_OCTET_STRING = 0x04
_STRINGS = (0x0C, 0x13, 0x16)  # UTF8String, PrintableString, IA5String
_IN_SIGNATURE = (0, 1, 0, 3)
_IN_SEAL = (0, 3)
_MAX_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """A seal's picture: ``kind`` is what the seal says it is, such as ``png`` or ``ofd``."""

    kind: str
    data: bytes


def picture(data: bytes) -> Picture | None:
    """Return the picture in a signature value or in a seal; None where there is none, as in a plain signature."""
    for path in (_IN_SIGNATURE, _IN_SEAL):
        try:
            return _picture(_follow(data, path))
        except (ValueError, IndexError, StopIteration):
            continue
    return None


def _follow(data: bytes, path: tuple[int, ...]) -> bytes:
    content = _only(data)
    for index in path:
        tag, content = _members(content)[index]
        if tag != _SEQUENCE:
            raise ValueError("no sequence")
    return content


def _picture(content: bytes) -> Picture:
    (kind_tag, kind), (data_tag, data), *_ = _members(content)
    if kind_tag not in _STRINGS or data_tag != _OCTET_STRING or not data:
        raise ValueError("no picture")
    return Picture(kind.decode("ascii", "replace").strip().lower(), data)


def _only(data: bytes) -> bytes:
    tag, content = next(_walk(data))
    if tag != _SEQUENCE:
        raise ValueError("no sequence")
    return content


def _members(content: bytes) -> list[tuple[int, bytes]]:
    return list(_walk(content))


def _walk(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each value in turn (ITU-T X.690, clause 8.1, definite lengths only)."""
    position = 0
    while position < len(data):
        tag, length = data[position], data[position + 1]
        position += 2
        if length & 0x80:
            size = length & 0x7F
            if not 0 < size <= _MAX_LENGTH_BYTES:
                raise ValueError("no definite length")
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            raise ValueError("cut short")
        yield tag, data[position : position + length]
        position += length
