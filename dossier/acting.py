"""Finds what could act in a PDF, in whatever object it hides: scripts, programs, forms, media, files within.

Objects are read as bytes, at the places that pypdf finds; only those that hold a suspicious name are parsed. No stream
is unpacked but those that hold objects, so that a book of scans costs little time and no memory.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

import pypdf
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    StreamObject,
    read_object,
)

ACTIONS = frozenset(
    ("/" + kind)
    for kind in (
        "JavaScript", "Launch", "SubmitForm", "ResetForm", "ImportData", "Rendition", "RichMediaExecute", "Movie",
        "Sound", "GoToR", "GoToE", "GoToDp", "GoTo3DView", "Hide", "Named", "SetOCGState", "Thread", "Trans",
    )
)  # fmt: skip
"""Kinds of actions (ISO 32000-2, 12.6.4) that do more than lead to a page of the file or to an address."""
_KEYS = frozenset(
    (
        "/JS",
        "/JavaScript",
        "/AA",
        "/OpenAction",
        "/AcroForm",
        "/XFA",
        "/EmbeddedFiles",
        "/EF",
        "/AF",
        "/RichMediaContent",
    )
)
_KINDS = {
    "/Type": frozenset(("/EmbeddedFile", "/Rendition", "/MediaClip", "/RichMediaContent")),
    "/Subtype": frozenset(("/RichMedia", "/Screen", "/Movie", "/Sound", "/3D", "/FileAttachment", "/Widget")),
}
# Their keys are names that the author of a page chose.
_NAMING = frozenset(
    "/" + key
    for key in (
        "Font", "XObject", "ExtGState", "ColorSpace", "Pattern", "Shading", "Properties", "CharProcs", "Colorants",
    )
)  # fmt: skip

_NAMES = sorted({name[1:] for names in (ACTIONS, _KEYS, *_KINDS.values()) for name in names})
_ENDED = rb"(?=[\0\t\n\f\r ()<>\[\]{}/%]|\Z)"
_SUSPICIOUS = re.compile(rb"/(?:" + "|".join(_NAMES).encode() + rb")" + _ENDED)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_END = re.compile(rb"(?<=[\0\t\n\f\r >\])}])(?:stream[\r\n]|endobj)")
_HOLDING = re.compile(rb"/ObjStm" + _ENDED)
_NAMED = re.compile(b"(?:" + b"|".join(name.encode() for name in sorted(_NAMING)) + rb")\s*(\d+)\s+\d+\s+R" + _ENDED)
_JUMP = {"/S", "/F", "/D", "/Type"}


@dataclass(frozen=True, slots=True)
class Acting:
    """Something that could act: ``path`` leads to it in the object ``number`` (0: the trailer)."""

    number: int
    path: tuple[str | int, ...]
    what: str


def find(reader: pypdf.PdfReader, file: BinaryIO, own: Collection[str] = ()) -> Iterator[Acting]:
    """Yield all that could act in a PDF that is open; jumps to the files ``own``, beside it, are none of it.

    Raises pypdf's errors and ValueError where an object cannot be read.
    """
    yield from _Search(reader, own).through(file)


class _Search:
    def __init__(self, reader: pypdf.PdfReader, own: Collection[str]) -> None:
        self._reader = reader
        self._own = own
        self._naming: frozenset[int] | None = None
        holders = {holder for holder, _ in reader.xref_objStm.values()}
        self._holders = {number: IndirectObject(number, 0, reader) for number in holders}

    def through(self, file: BinaryIO) -> Iterator[Acting]:
        found: list[Acting] = []
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for reference, text in self._free_standing(data):
                # Where there are strings, the end that was found may lie in one.
                if _is_suspicious(text) or b"(" in text or b"%" in text:
                    found += self._walk(self._get(reference), reference.idnum)
                if _HOLDING.search(text):
                    self._holders.setdefault(reference.idnum, reference)
            for holder in self._holders.values():
                held, first = self._held(holder)
                if _is_suspicious(held):
                    for number, text in _split(held, first):
                        if _is_suspicious(text):
                            found += self._walk(read_object(BytesIO(text + b" "), self._reader), number)
            found += self._walk(self._reader.trailer, 0)
            yield from (one for one in found if not (one.path[-1] in _KEYS and self._is_naming(one, data)))

    def _free_standing(self, data: mmap.mmap) -> Iterator[tuple[IndirectObject, bytes]]:
        """Yield the objects that are in no stream of objects, and their text, a stream's without its data."""
        for generation, places in self._reader.xref.items():
            free = self._reader.xref_free_entry.get(generation, {})
            for number, place in places.items():
                if not free.get(number):
                    yield IndirectObject(number, generation, self._reader), _text_at(data, place)

    def _get(self, reference: IndirectObject) -> object:
        """Return an object; what pypdf did not keep before it does not keep now."""
        key = reference.generation, reference.idnum
        known = key in self._reader.resolved_objects
        value = reference.get_object()
        if not known:
            self._reader.resolved_objects.pop(key, None)
        return value

    def _held(self, holder: IndirectObject) -> tuple[bytes, int]:
        """Return what a stream of objects holds, and where its first object begins."""
        stream = self._get(holder)
        first = stream.get("/First") if isinstance(stream, StreamObject) else None
        if not isinstance(stream, StreamObject) or not isinstance(first, NumberObject):
            raise ValueError(f"object {holder.idnum} should hold others")
        return bytes(stream.get_data()), int(first)

    def _walk(self, value: object, number: int) -> Iterator[Acting]:
        """Yield what could act in an object; those that it refers to are looked at in their turn."""
        waiting: list[tuple[object, tuple[str | int, ...]]] = [(value, ())]
        while waiting:
            node, path = waiting.pop()
            if isinstance(node, DictionaryObject):
                for key, child in dict.items(node):
                    what = self._judge(node, key, child)
                    if what:
                        yield Acting(number, (*path, str(key)), what)
                    waiting.append((child, (*path, str(key))))
            elif isinstance(node, ArrayObject):
                waiting += [(child, (*path, index)) for index, child in enumerate(list.__iter__(node))]

    def _judge(self, node: DictionaryObject, key: str, value: object) -> str:
        """Say what an entry of a dictionary could do, nothing where it does nothing."""
        if key in _KEYS:
            return f"it holds {key}"
        kind = _name(value) if key in ("/S", *_KINDS) else ""
        if key == "/S" and kind in ACTIONS and not (kind == "/GoToR" and self._is_own(node)):
            return f"it holds the action {kind}"
        return f"it is of the kind {kind}" if kind and kind in _KINDS.get(key, ()) else ""

    def _is_own(self, action: DictionaryObject) -> bool:
        """Say whether a jump to another file leads to one of the book's own."""
        file = _resolved(dict.get(action, "/F"))
        names = [dict.get(file, key) for key in ("/F", "/UF")] if isinstance(file, DictionaryObject) else [file]
        return set(action) <= _JUMP and all(str(_resolved(name)) in self._own for name in names)

    def _is_naming(self, found: Acting, data: mmap.mmap) -> bool:
        """Say whether a key is the name of a resource, which may be any."""
        if len(found.path) > 1:
            return found.path[-2] in _NAMING
        if self._naming is None:
            texts = [text for _, text in self._free_standing(data)]
            texts += [self._held(holder)[0] for holder in self._holders.values()]
            self._naming = frozenset(int(named[1]) for text in texts for named in _NAMED.finditer(text))
        return found.number in self._naming


def _is_suspicious(text: bytes) -> bool:
    if _SUSPICIOUS.search(text):
        return True
    return b"#" in text and bool(_SUSPICIOUS.search(_ESCAPED.sub(lambda code: bytes([int(code[1], 16)]), text)))


def _text_at(data: mmap.mmap, place: int) -> bytes:
    """Return an object's text, at least as far as it holds no string."""
    end = _END.search(data, place)
    return data[place : end.start() if end else len(data)]


def _split(held: bytes, first: int) -> Iterator[tuple[int, bytes]]:
    """Yield number and text of the objects in a stream of objects."""
    head = [int(word) for word in held[:first].split()]
    places = sorted(zip(head[1::2], head[::2], strict=True))
    ends = [place for place, _ in places[1:]] + [len(held) - first]
    for (place, number), end in zip(places, ends, strict=True):
        yield number, held[first + place : first + end]


def _resolved(value: object) -> object:
    return value.get_object() if isinstance(value, IndirectObject) else value


def _name(value: object) -> str:
    found = _resolved(value)
    return str(found) if isinstance(found, NameObject) else ""
