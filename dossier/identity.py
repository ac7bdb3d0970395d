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

    def of(self, page: DictionaryObject) -> str:
        """Return the digest of what a page shows, as 64 hexadecimal digits.

        Raises ValueError where the page has no form, nests too deep or a stream unpacks to more than 1 GB, and pypdf's
        errors where it is damaged.
        """
        form = _entry(_entry(dict.get(page, "/Resources"), "/XObject"), FORM)
        if not isinstance(_resolve(form), StreamObject):
            raise ValueError(f"a page shows no form {FORM}")
        return self._object(form, ()).hex()

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
        # pypdf keeps all it has read; what is digested is not needed again, and memory must not grow with the file.
        self._reader.resolved_objects.pop((value.generation, value.idnum), None)
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
