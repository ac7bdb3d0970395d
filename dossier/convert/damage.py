"""Streams of a PDF that break off or cannot be decoded: found, mended as far as they go, and counted.

Viewers, and qpdf, take what they can of such a stream and say nothing, so that half a page, or a whole picture, would
be missing from the book without a word.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf
from PIL import Image

from dossier.part import Note

_CHUNK = 1 << 20
_MOST = 1 << 30  # bytes of one stream; larger ones are refused elsewhere
_END_OF_IMAGE = b"\xff\xd9"
_PADDING = b"\0\r\n "
_QUALITY = 95
_OF_ANY_STREAM = {"/Length", "/Filter", "/DecodeParms"}
_ROUGHLY = (8, 8)  # pixels: Pillow decodes no finer than a picture of at least this size needs


def mend(pdf: Pdf) -> Iterator[Note]:
    """Mend the streams of an open PDF that are damaged, and tell of them in a note where there are any.

    A stream that breaks off is kept up to there. A JPEG that no reader can decode is taken out, as viewers do.
    """
    count = sum(_mended(stream) for stream in pdf.objects if isinstance(stream, pikepdf.Stream))
    if count:
        yield Note(
            "damaged-parts",
            f"{count} of its parts (pages, pictures or fonts) {'is' if count == 1 else 'are'} damaged and shown as far "
            "as it can be read",
            "compare its pages, or ask for the file again",
        )


def check_jpeg(data: bytes) -> None:
    """Raise OSError, SyntaxError or ValueError where no reader can decode a JPEG; one that only ends early is none."""
    with _opened(data) as image:
        image.draft(None, _ROUGHLY)
        image.load()


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None  # it is decoded at an eighth of its size, or was before
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(data + _END_OF_IMAGE), formats=("JPEG",)) as image:
                yield image
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _mended(stream: pikepdf.Stream) -> bool:
    """Mend a stream; say whether there was need to."""
    filters = _filters(stream)
    if filters == ["/FlateDecode"]:
        return _mended_flate(stream)
    return filters == ["/DCTDecode"] and _mended_jpeg(stream)


def _mended_jpeg(stream: pikepdf.Stream) -> bool:
    raw = stream.read_raw_bytes()
    try:
        check_jpeg(raw)
    except (OSError, SyntaxError, ValueError):
        _take_out(stream)
        return True
    if raw.rstrip(_PADDING).endswith(_END_OF_IMAGE):
        return False
    # Something else may stand where its end should: strict readers stumble over it.
    given = stream.get(Name.DecodeParms)
    parameters = given if isinstance(given, Dictionary) else None
    stream.write(raw + _END_OF_IMAGE, filter=Name.DCTDecode, decode_parms=parameters)
    try:
        stream.read_bytes(pikepdf.StreamDecodeLevel.all)
    except pikepdf.PdfError:
        stream.write(_anew(raw), filter=Name.DCTDecode, decode_parms=parameters)
        return True
    return False


def _anew(raw: bytes) -> bytes:
    """Return a JPEG of what can be seen of one that is damaged."""
    made = BytesIO()
    with _opened(raw) as image:
        image.save(made, "JPEG", quality=_QUALITY)
    return made.getvalue()


def _mended_flate(stream: pikepdf.Stream) -> bool:
    raw = stream.read_raw_bytes()
    if _is_whole(raw):
        return False
    kept = b"".join(_inflated(raw))
    if not kept and stream.keys() <= _OF_ANY_STREAM:
        return False  # operators of a page, of which nothing is left: whoever reads them refuses the file
    if not kept and stream.get(Name.Subtype) == Name.Image:
        _take_out(stream)
    else:
        given = stream.get(Name.DecodeParms)
        parameters = given if isinstance(given, Dictionary | Array) else None
        stream.write(zlib.compress(kept), filter=Name.FlateDecode, decode_parms=parameters)
    return True


def _is_whole(raw: bytes) -> bool:
    """Say whether a stream unpacks to its end; a checksum that is missing is no loss, one that is wrong is a sign."""
    try:
        return _unpacks(raw, zlib.MAX_WBITS) or _unpacks(raw[2:], -zlib.MAX_WBITS)
    except zlib.error:
        return False


def _unpacks(raw: bytes, window: int) -> bool:
    packer, size = zlib.decompressobj(window), 0
    while not packer.eof and raw and size < _MOST:
        size += len(packer.decompress(raw, _CHUNK))
        raw = packer.unconsumed_tail
    return packer.eof or size >= _MOST


def _inflated(raw: bytes) -> Iterator[bytes]:
    """Yield what can be unpacked, byte by byte where it breaks off: a decoder keeps nothing of a piece that fails."""
    packer = zlib.decompressobj()
    for start in range(len(raw)):
        try:
            yield packer.decompress(raw[start : start + 1])
        except zlib.error:
            return


def _take_out(stream: pikepdf.Stream) -> None:
    """Make a picture one that draws nothing."""
    for key in stream.keys() - {"/Length"}:
        del stream[key]
    stream.Type, stream.Subtype, stream.BBox = Name.XObject, Name.Form, Array([0, 0, 1, 1])
    stream.write(b"")


def _filters(stream: pikepdf.Stream) -> list[str]:
    given: Object | None = stream.get(Name.Filter)
    if isinstance(given, Array):
        return [str(one) for one in given.as_list()]
    return [str(given)] if isinstance(given, Name) else []
