"""Says which engines, fonts and optional tools are here, and what each missing one would add."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass

from dossier import cache, fonts
from dossier.convert import embedded, libreoffice
from dossier.errors import EngineError


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
class Examination:
    """All that was found."""

    tools: tuple[Tool, ...]
    fonts: tuple[Font, ...]
    cache: str


def examine() -> Examination:
    """Look at this machine; nothing is changed."""
    tools = (
        Tool("embedded engine", embedded.VERSION, "Word (DOCX) to PDF; always here"),
        Tool("LibreOffice", _libreoffice(), "Word (DOCX) to PDF with the best fidelity; `engine: auto` prefers it"),
        *(Tool(name, importlib.metadata.version(name), purpose) for name, purpose in _LIBRARIES),
    )
    faces = tuple(Font(name, _say(face), _say(fonts.resolve_embedded(name))) for name, face in fonts.resolutions())
    return Examination(tools, faces, str(cache.default_folder()))


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
