"""The identity of what a page shows: a digest that survives merging, renumbering, placing and stamping.

A part's page has its own content streams. Bound, the same streams stand between two of ours: one that places the page
and one that stamps it, and the page's resources gain entries whose names start with ``/Dsr``. The digest covers the
page's own content as drawn and every resource it can reach; not object numbers, not what was added in binding.

It is computed with pypdf when a part is made and again when a binder is proved; pikepdf, which writes binders, has no
part in it.
"""

from __future__ import annotations

import hashlib
import zlib

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

OURS = "/Dsr"
_MOST_DECODED = 1 << 30  # bytes of one stream
_DEEPEST = 100
_LARGE = 1 << 14  # bytes
# Filters that only pack bytes; a library may unpack and pack them anew. Image filters are never touched.
_PACKING = {
    "/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/ASCII85Decode", "/A85", "/ASCIIHexDecode", "/AHx",
    "/RunLengthDecode", "/RL",
}  # fmt: skip
_BOOKKEEPING = {"/Parent", "/StructParent", "/StructParents", "/Metadata", "/PieceInfo", "/LastModified", "/P"}
_STREAM_KEYS = {"/Length", "/Filter", "/DecodeParms", "/F", "/DL"}


class Identities:
    """Digests of the pages of one open file; shared resources are digested once."""

    def __init__(self, reader: pypdf.PdfReader) -> None:
        self._reader = reader
        self._known: dict[tuple[int, int], bytes] = {}

    def of(self, page: DictionaryObject, *, stamped: bool) -> str:
        """Return the digest of a page, as 64 hexadecimal digits.

        ``stamped`` tells a binder's page from a part's. Raises ValueError where the page nests too deep or a stream
        unpacks to more than 1 GB, and pypdf's errors where it is damaged.
        """
        digest = hashlib.sha256()
        streams = _streams(page)
        for stream in streams[1:-1] if stamped else streams:
            digest.update(_unpacked(stream))
            digest.update(b"\n")
        resources = _inherited(page, "/Resources")
        if isinstance(resources, DictionaryObject):
            digest.update(self._resources(resources))
        return digest.hexdigest()

    def forget(self) -> None:
        """Drop the large streams that pypdf keeps once it has read them, so that memory does not grow with the file."""
        kept = self._reader.resolved_objects
        large = [key for key, value in kept.items() if isinstance(value, StreamObject) and len(value._data) > _LARGE]
        for key in large:
            del kept[key]

    def _resources(self, resources: DictionaryObject) -> bytes:
        digest = hashlib.sha256(b"R")
        for category in sorted(resources):
            entries = _resolve(dict.__getitem__(resources, category))
            if category == "/ProcSet":  # obsolete, and dropped or kept as libraries please
                continue
            if isinstance(entries, DictionaryObject):
                own = [name for name in sorted(entries) if not name.startswith(OURS)]
                for name in own:
                    digest.update(f"{category}{name}".encode("utf-8", "surrogateescape"))
                    digest.update(self._object(dict.__getitem__(entries, name), ()))
            else:
                digest.update(category.encode() + self._object(entries, ()))
        return digest.digest()

    def _object(self, value: object, above: tuple[tuple[int, int], ...]) -> bytes:
        if not isinstance(value, IndirectObject):
            return self._value(value, above)
        key = (value.idnum, value.generation)
        if key in self._known:
            return self._known[key]
        if key in above:  # how far up the loop closes, not where it was entered
            return b"loop"
        if len(above) > _DEEPEST:
            raise ValueError("a page's resources are nested too deep")
        found = self._value(value.get_object(), (*above, key))
        self._known[key] = found
        return found

    def _value(self, value: object, above: tuple[tuple[int, int], ...]) -> bytes:
        if len(above) > _DEEPEST:
            raise ValueError("a page's resources are nested too deep")
        if isinstance(value, DictionaryObject):
            digest = hashlib.sha256(b"S" if isinstance(value, StreamObject) else b"D")
            skipped = _BOOKKEEPING | (_STREAM_KEYS if isinstance(value, StreamObject) else set())
            for name in sorted(value):
                if name not in skipped:
                    digest.update(name.encode("utf-8", "surrogateescape"))
                    digest.update(self._object(dict.__getitem__(value, name), (*above, (0, 0))))
            if isinstance(value, StreamObject):
                digest.update(_unpacked(value))
            return digest.digest()
        if isinstance(value, ArrayObject):
            digest = hashlib.sha256(b"A")
            for element in list.__iter__(value):
                digest.update(self._object(element, (*above, (0, 0))))
            return digest.digest()
        return _scalar(value)


def _scalar(value: object) -> bytes:
    if isinstance(value, BooleanObject):
        return b"b1" if value.value else b"b0"
    if isinstance(value, NullObject) or value is None:
        return b"n"
    if isinstance(value, FloatObject | NumberObject):
        return b"#%a" % float(value)
    if isinstance(value, NameObject):
        return b"N" + value.encode("utf-8", "surrogateescape")
    if isinstance(value, TextStringObject):
        return b"T" + value.original_bytes
    if isinstance(value, ByteStringObject):
        return b"T" + bytes(value)
    raise ValueError(f"a page's resources hold a {type(value).__name__}")


def _streams(page: DictionaryObject) -> list[StreamObject]:
    contents = _resolve(dict.get(page, "/Contents"))
    listed = list(list.__iter__(contents)) if isinstance(contents, ArrayObject) else [contents]
    found = [_resolve(stream) for stream in listed]
    return [stream for stream in found if isinstance(stream, StreamObject)]


def _inherited(page: DictionaryObject, key: str) -> object:
    node: object = page
    for _ in range(_DEEPEST):
        if not isinstance(node, DictionaryObject):
            return None
        if key in node:
            return _resolve(dict.__getitem__(node, key))
        node = _resolve(dict.get(node, "/Parent"))
    return None


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
