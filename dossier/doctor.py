"""Says which engines, fonts and optional tools are here, and what each missing one would add."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from dossier import cache, containers, convert, fonts
from dossier.convert import embedded, libreoffice
from dossier.errors import EngineError
from dossier.plan import remedy
from dossier.sources import Kind


@dataclass(frozen=True, slots=True)
class Tool:
    """One program or library; ``version`` is empty where it is not here."""

    name: str
    version: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Font:
    """What a font name that documents use is drawn with, by engine."""

    name: str
    libreoffice: str
    embedded: str


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of source: whether it can be bound here, and if not, what to install or do."""

    name: str
    works: bool
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was found."""

    tools: tuple[Tool, ...]
    fonts: tuple[Font, ...]
    cache: str
    formats: tuple[Format, ...] = ()


def examine() -> Examination:
    """Look at this machine; nothing is changed."""
    tools = (
        Tool("embedded engine", embedded.VERSION, "Word (DOCX) to PDF; always here"),
        Tool("LibreOffice", _libreoffice(), "Word (DOCX) to PDF with the best fidelity; `engine: auto` prefers it"),
        *(Tool(name, importlib.metadata.version(name), purpose) for name, purpose in _LIBRARIES),
    )
    faces = tuple(Font(name, _say(face), _say(fonts.resolve_embedded(name))) for name, face in fonts.resolutions())
    return Examination(tools, faces, str(cache.default_folder()), tuple(_formats()))


def _formats() -> Iterator[Format]:
    accepted = {*convert.accepted(), *containers.KINDS}
    for kind in Kind:
        if kind in (Kind.EMPTY, Kind.UNKNOWN):
            continue
        if kind is Kind.RAR and not any(map(shutil.which, _UNPACK_RAR)):
            yield Format(kind.value, False, "install unar (on Debian: apt-get install unar)")
        elif kind in accepted:
            yield Format(kind.value, True)
        else:
            yield Format(kind.value, False, remedy(kind) or "make a PDF of it")


_UNPACK_RAR = ("unrar", "unar", "bsdtar")


_LIBRARIES = (
    ("pikepdf", "binds"),
    ("pypdf", "proves"),
    ("pypdfium2", "finds ink, reads labels back"),
    ("img2pdf", "embeds scans as they are"),
    ("docxtpl", "fills templates"),
)


def _libreoffice() -> str:
    if libreoffice.find() is None:
        return ""
    try:
        return libreoffice.version()
    except EngineError as error:
        return f"does not start: {error.message}"


def _say(face: fonts.Face) -> str:
    return f"{face.family} (shipped)" if face.shipped else face.family
