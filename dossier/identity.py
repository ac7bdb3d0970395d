"""The identity of what a page shows: a digest that survives merging, renumbering, placing and stamping.

What a part's page shows is one form XObject (:data:`dossier.part.FORM`), and binding keeps it whole: it is placed and
stamped by a content stream beside it. The digest covers that form's operators and every resource that it can reach; not
object numbers, not how bytes are packed, not what was added in binding.

It is computed with pypdf when a part is made and again when a binder is proved; pikepdf, which writes binders, has no
part in it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Union

import pypdf
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    ByteStringObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NullObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from dossier.part import FORM

_MOST_DECODED = 1 << 30  # bytes of one stream
_DEEPEST = 100
_ROUNDS = 3  # through a loop: so far apart may its objects be and still be told apart by what they use
_CONTAINER = b"@"
# Filters that only pack bytes; a library may unpack and pack them anew. Image filters are never touched.
_PACKING = {
    "/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/ASCII85Decode", "/A85", "/ASCIIHexDecode", "/AHx",
    "/RunLengthDecode", "/RL",
}  # fmt: skip
# Of streams and of dictionaries that say their type; elsewhere, names are those of resources and glyphs.
_BOOKKEEPING = {"/Parent", "/StructParent", "/StructParents", "/Metadata", "/PieceInfo", "/LastModified"}
_STREAM_KEYS = {"/Length", "/Filter", "/DecodeParms", "/F", "/DL"}


_Key = tuple[int, int]
_Written = Union[bytes, IndirectObject, "list[_Written]"]
"""A value as it is digested: bytes for a scalar, a list for a dictionary or array, and objects yet to be digested."""


class Identities:
    """Digests of the pages of one open file; shared resources are digested once.

    Resources may use each other in a loop, which pages enter at different places. So the objects of a loop are digested
    together, when all they use is digested (Tarjan's strongly connected components).
    """

    def __init__(self, reader: pypdf.PdfReader) -> None:
        self._reader = reader
        self._known: dict[_Key, bytes] = {}
        self._written: dict[_Key, _Written] = {}  # of objects begun and not yet digested
        self._begun: list[_Key] = []
        self._places: dict[_Key, int] = {}  # in that list

    def of(self, page: DictionaryObject) -> str:
        """Return the digest of what a page shows, as 64 hexadecimal digits.

        Raises ValueError where the page has no form, nests too deep or a stream unpacks to more than 1 GB, and pypdf's
        errors where it is damaged.
        """
        form = _entry(_entry(dict.get(page, "/Resources"), "/XObject"), FORM)
        if not isinstance(form, IndirectObject) or not isinstance(_resolve(form), StreamObject):
            raise ValueError(f"a page shows no form {FORM}")
        if _key(form) not in self._known:
            self._written, self._begun, self._places = {}, [], {}  # a page that failed may have left some
            self._visit(form, 0)
        return self._known[_key(form)].removeprefix(_CONTAINER).hex()

    def _visit(self, reference: IndirectObject, depth: int) -> int:
        """Digest an object and all it uses; return the first place among those begun that it leads back to."""
        key = _key(reference)
        first = place = self._places[key] = len(self._begun)
        self._begun.append(key)
        used: list[tuple[IndirectObject, int]] = []
        self._written[key] = _write(reference.get_object(), depth, used)
        # pypdf keeps all it has read; what is written is not needed again, and memory must not grow with the file.
        self._reader.resolved_objects.pop((reference.generation, reference.idnum), None)
        for other, below in used:
            if _key(other) in self._places:
                first = min(first, self._places[_key(other)])
            elif _key(other) not in self._known:
                first = min(first, self._visit(other, below))
        if first == place:
            self._close(self._begun[place:])
            del self._begun[place:]
        return first

    def _close(self, loop: Sequence[_Key]) -> None:
        """Digest the objects of a loop, or one that is in none: by what each is, and by what all are."""
        found = dict.fromkeys(loop, b"loop")
        for _ in range(_ROUNDS if len(loop) > 1 else 1):
            found = {key: _digest(self._written[key], found, self._known) for key in loop}
        if len(loop) > 1:
            all_of_it = b"".join(sorted(found.values()))
            found = {key: _digest([digest, all_of_it], {}, {}) for key, digest in found.items()}
        self._known |= found
        for key in loop:
            del self._written[key], self._places[key]


def _key(reference: IndirectObject) -> _Key:
    return reference.idnum, reference.generation


def _write(value: object, depth: int, used: list[tuple[IndirectObject, int]]) -> _Written:
    """Write a value so that no two values are written alike; the objects in it are added to ``used``, with depths."""
    if isinstance(value, IndirectObject):
        used.append((value, depth))
        return value
    if depth > _DEEPEST:
        raise ValueError("a page's resources are nested too deep")
    if isinstance(value, DictionaryObject):
        stream = isinstance(value, StreamObject)
        skipped = _STREAM_KEYS | _BOOKKEEPING if stream else _BOOKKEEPING if "/Type" in value else set()
        written: list[_Written] = [b"D"]
        for name in sorted(value):
            if name not in skipped:
                written.append(_framed(b"N", name.encode("utf-8", "surrogateescape")))
                written.append(_write(dict.__getitem__(value, name), depth + 1, used))
        if isinstance(value, StreamObject):
            written.append(b"S" + hashlib.sha256(_unpacked(value)).digest())
        return written
    if isinstance(value, ArrayObject):
        return [b"A", *(_write(element, depth + 1, used) for element in list.__iter__(value))]
    return _scalar(value)


def _digest(written: _Written, loop: Mapping[_Key, bytes], known: Mapping[_Key, bytes]) -> bytes:
    if isinstance(written, bytes):
        return written
    if isinstance(written, IndirectObject):
        key = _key(written)
        return loop[key] if key in loop else known[key]
    return _CONTAINER + hashlib.sha256(b"".join(_digest(piece, loop, known) for piece in written)).digest()


def _framed(kind: bytes, data: bytes) -> bytes:
    return b"%c%d:%b" % (kind, len(data), data)


def _scalar(value: object) -> bytes:
    if isinstance(value, BooleanObject):
        return b"b1" if value.value else b"b0"
    if isinstance(value, NullObject) or value is None:
        return b"n"
    if isinstance(value, FloatObject | NumberObject):
        return _framed(b"#", b"%a" % float(value))
    if isinstance(value, NameObject):
        return _framed(b"N", value.encode("utf-8", "surrogateescape"))
    if isinstance(value, TextStringObject):
        return _framed(b"T", value.original_bytes)
    if isinstance(value, ByteStringObject):
        return _framed(b"T", bytes(value))
    raise ValueError(f"a page's resources hold a {type(value).__name__}")


def _entry(value: object, key: str) -> object:
    found = _resolve(value)
    return dict.get(found, key) if isinstance(found, DictionaryObject) else None


def _resolve(value: object) -> object:
    return value.get_object() if isinstance(value, IndirectObject) else value


def _unpacked(stream: StreamObject) -> bytes:
    """Return a stream's data unpacked, or as it is stored, with its filters, where they are an image's."""
    filters = _resolve(dict.get(stream, "/Filter"))
    names = [str(_resolve(name)) for name in filters] if isinstance(filters, ArrayObject) else [str(filters or "")]
    raw = bytes(stream._data)
    if names in ([""], ["None"], []) or isinstance(filters, NullObject):
        return raw
    if all(name in _PACKING for name in names):
        if names == ["/FlateDecode"]:
            # A predictor is not undone, which would be slow: it belongs to the identity with what it was applied to.
            parameters = _parameters(stream)
            return (repr(parameters).encode() if parameters else b"") + _inflate(raw)
        data = bytes(stream.get_data())
        if len(data) > _MOST_DECODED:
            raise ValueError("a stream unpacks to more than 1 GB")
        return data
    return "".join(names).encode() + raw


def _parameters(stream: StreamObject) -> list[tuple[str, str]]:
    found = _resolve(dict.get(stream, "/DecodeParms"))
    parameters = _resolve(found[0]) if isinstance(found, ArrayObject) and len(found) else found
    if not isinstance(parameters, DictionaryObject):
        return []
    return sorted((str(key), str(_resolve(value))) for key, value in parameters.items())


def _inflate(raw: bytes) -> bytes:
    packer = zlib.decompressobj()
    try:
        data = packer.decompress(raw, _MOST_DECODED)
    except zlib.error:
        return b"damaged" + raw
    if packer.unconsumed_tail:
        raise ValueError("a stream unpacks to more than 1 GB")
    return data
