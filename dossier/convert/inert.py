"""Takes out of a PDF's streams what is no look of a page: programs, files inside, and what lies in other files.

Actions hang on the catalog, on pages and on annotations, of which a part keeps none. But pictures and forms, which it
keeps, may carry files of their own (ISO 32000-2, 14.13), programs in PostScript (8.8.2 of ISO 32000-1), data of other
programs, and may ask the reader to fetch what they show (7.3.8.2 and 8.10.4).
"""

from __future__ import annotations

from collections.abc import Iterator

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf

from dossier.errors import ConversionError
from dossier.part import Note

MOST_PICTURED = 2 << 30
"""Bytes that a picture may claim to unpack to: more than an A0 sheet at 600 dots an inch in colour."""

_ELSEWHERE = ("/F", "/Ref")
_ASIDE = ("/FFilter", "/FDecodeParms", "/OPI", "/Alternates", "/Metadata", "/PieceInfo", "/Subtype2", "/PS")
_LAYERS = ("/OCG", "/OCMD")
_COLOURS = {"/DeviceGray": 1, "/CalGray": 1, "/Indexed": 1, "/Separation": 1, "/DeviceCMYK": 4}


def clean(pdf: Pdf) -> Iterator[Note]:
    """Clean every stream of an open PDF, and tell of what was taken out.

    Raises ConversionError (``hostile-source``) for a picture that claims to be larger than any is.
    """
    elsewhere = programs = files = 0
    for found in pdf.objects:
        if isinstance(found, pikepdf.Stream):
            _check_claim(found)
            elsewhere += _cut(found, _ELSEWHERE) > 0
            files += _cut(found, ("/AF",))
            _cut(found, _ASIDE)
            programs += _is_program(found) and _emptied(found)
        if isinstance(found, pikepdf.Stream | Dictionary):
            files += _clean_properties(found.get(Name.Resources))
    if elsewhere:
        yield Note(
            "external-content", f"{elsewhere} of its pictures or forms lie in other files, which were not fetched",
            "if something is missing on the page, print it to PDF where it came from and name that file",
        )  # fmt: skip
    if files:
        yield Note(
            "embedded-files", "its pictures or texts carry files that are not bound",
            "take those out that are evidence, and name them in the manifest",
        )  # fmt: skip
    if programs:
        yield Note(
            "actions-removed", f"{programs} programs were removed from its pages", "nothing: none may act in a book"
        )


def _check_claim(stream: pikepdf.Stream) -> None:
    if stream.get(Name.Subtype) != Name.Image:
        return
    width, height, bits = (stream.get(key) for key in (Name.Width, Name.Height, Name.BitsPerComponent))
    if not isinstance(width, int) or not isinstance(height, int):
        return
    each = 1 if stream.get(Name.ImageMask) is True else bits if isinstance(bits, int) else 8
    if width * height * each * _colours(stream.get(Name.ColorSpace)) > MOST_PICTURED * 8:
        raise ConversionError(
            f"a picture in it claims to be {width} by {height} pixels large",
            fix="ask for it with pictures of a sensible size, or print it to PDF anew",
            code="hostile-source",
        )


def _colours(space: Object | None) -> int:
    if space is None:
        return 1
    if isinstance(space, Array) and len(space):
        profile = space[1] if len(space) > 1 else None
        count = profile.get(Name.N) if isinstance(profile, pikepdf.Stream) else None
        return count if isinstance(count, int) else _COLOURS.get(str(space[0]), 3)
    return _COLOURS.get(str(space), 3)


def _cut(node: pikepdf.Stream | Dictionary, keys: tuple[str, ...]) -> int:
    there = [key for key in keys if key in node]
    for key in there:
        del node[key]
    return len(there)


def _is_program(stream: pikepdf.Stream) -> bool:
    return bool(stream.get(Name.Type) == Name.XObject and stream.get(Name.Subtype) == Name.PS)


def _emptied(stream: pikepdf.Stream) -> bool:
    stream.Subtype, stream.BBox = Name.Form, Array([0, 0, 1, 1])
    stream.write(b"")
    return True


def _clean_properties(resources: Object | None) -> int:
    """Leave of what marks in a page's operators refer to its layers, and words and numbers; return how many files."""
    properties = resources.get(Name.Properties) if isinstance(resources, Dictionary) else None
    files = 0
    for _, mark in properties.items() if isinstance(properties, Dictionary) else ():
        if not isinstance(mark, Dictionary) or str(mark.get(Name.Type)) in _LAYERS:
            continue
        for key, value in list(mark.items()):
            if isinstance(value, pikepdf.Stream | Dictionary | Array) or key == "/JS":
                files += key == "/AF"
                del mark[key]
    return files
