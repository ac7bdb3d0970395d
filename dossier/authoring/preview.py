"""Shows what templates look like, filled, in seconds: a PDF of each document, and a picture of each of its pages."""

from __future__ import annotations

import glob
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import sleep
from typing import Literal

import pypdfium2

from dossier import fonts, frontmatter
from dossier.authoring import lint
from dossier.authoring.stage import Stage, count_pages, set_around
from dossier.convert import embedded, libreoffice
from dossier.documents import Document
from dossier.errors import ConversionError, DossierError, EngineError, OutputError, TemplateError
from dossier.part import Note

Engine = Literal["embedded", "libreoffice"]

_LIBREOFFICE = "a build here takes LibreOffice, unless told otherwise: --engine libreoffice shows its pages"
_MOST_ROUNDS = 6
_DPI = 100
_WATCHED = {".docx", ".yaml", ".yml", ".png", ".jpg", ".jpeg"}
_PAUSE = 0.2  # seconds between two looks at a file that is being written
_TRIES = 15


@dataclass(frozen=True, slots=True)
class Sheet:
    """One filled document: its PDF, a picture of each page, and what the engine says of it."""

    template: str
    pdf: Path
    pages: tuple[Path, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """All that was drawn; ``engine`` says by what, and ``otherwise`` that a build here would take another."""

    engine: str
    sheets: tuple[Sheet, ...]
    otherwise: str = ""


def preview(named: str, out: Path, *, dossier: Path | None = None, engine: Engine = "embedded") -> Preview:
    """Fill one Word file, or every template of a set, and draw the pages into the folder ``out``.

    The values are those of the manifest ``dossier``, else of an example. Raises a DossierError where that cannot be.
    """
    path = Path(named)
    one = path if path.is_file() else None
    found = set_around(one) if one else lint.find(named)
    with TemporaryDirectory(prefix="dossier-") as folder:
        press = _Press(engine, Path(folder))
        drawn = _settled(Stage.of(found, dossier), one, press)
        if not drawn:  # nothing is missing in this dossier, so that it has no placeholder sheet
            drawn = _settled(Stage.of(found), one, press)
        otherwise = _LIBREOFFICE if engine == "embedded" and libreoffice.find() is not None else ""
        return Preview(press.version(), tuple(_put(document, pdf, out) for document, pdf in drawn), otherwise)


def watch(named: str, out: Path, *, dossier: Path | None = None, engine: Engine = "embedded",
          stop: Event | None = None) -> Iterator[Preview | DossierError]:  # fmt: skip
    """Yield a preview now and after every change of template or set, or why there is none, until ``stop`` is set."""
    from watchfiles import watch as changes  # noqa: PLC0415 - takes a while, and is for this only

    def attempt() -> Preview | DossierError:
        try:
            return preview(named, out, dossier=dossier, engine=engine)
        except DossierError as error:
            return error

    yield attempt()
    path = Path(named)
    folders = {path.resolve().parent} if path.is_file() else {*lint.find(named).folders}
    files = {path.resolve()} if path.is_file() else set()
    files |= {dossier.resolve()} if dossier else set()
    folders |= {file.parent for file in files}

    def counts(_: object, changed: str) -> bool:
        return is_saved(Path(changed)) and (not path.is_file() or not files or Path(changed).resolve() in files)

    for found in changes(*folders, watch_filter=counts, recursive=False, stop_event=stop):
        for _, changed in found:
            wait_until_whole(Path(changed))
        yield attempt()


def is_saved(path: Path) -> bool:
    """Say whether a changed file is one that an author saves: no lock file of Word's, no file of its on the way."""
    return path.suffix.lower() in _WATCHED and not path.name.startswith(("~", "."))


def wait_until_whole(path: Path, pause: Callable[[float], None] = sleep) -> None:
    """Wait a while for a Word file that is being written; what is still broken then, is broken."""
    for _ in range(_TRIES):
        if path.suffix.lower() != ".docx" or _is_whole(path):
            return
        pause(_PAUSE)


def _is_whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as package:
            return package.testzip() is None
    except (OSError, zipfile.BadZipFile, EOFError, zlib.error):
        return False


# --- numbers and pages ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Press:
    """Turns filled Word files into PDF."""

    engine: Engine
    folder: Path

    def version(self) -> str:
        """Return how the engine is called."""
        return embedded.VERSION if self.engine == "embedded" else libreoffice.version()

    def convert(self, files: Sequence[Path]) -> list[_Pdf]:
        """Convert Word files. Raises TemplateError where one cannot be converted."""
        outs = [file.with_suffix(".pdf") for file in files]
        if self.engine == "embedded":
            found = [embedded.convert(file, out) for file, out in zip(files, outs, strict=True)]
        else:
            if libreoffice.find() is None:
                raise EngineError("LibreOffice is not installed", fix="install it, or use --engine embedded")
            jobs = list(zip(files, outs, strict=True))
            outcomes = libreoffice.convert_batch(jobs, fontconfig=fonts.write_fontconfig(self.folder))
            for outcome in outcomes:
                if isinstance(outcome, ConversionError):
                    raise TemplateError(outcome.message, fix=outcome.fix)
            found = [outcome for outcome in outcomes if not isinstance(outcome, ConversionError)]
        return [_Pdf(out, count_pages(out), notes) for out, notes in zip(outs, found, strict=True)]


@dataclass(frozen=True, slots=True)
class _Pdf:
    path: Path
    pages: int
    notes: tuple[Note, ...]


def _settled(stage: Stage, one: Path | None, press: _Press) -> list[tuple[Document, _Pdf]]:
    """Fill and convert until the pages that the shown documents have are those that their numbers reckon with."""
    lengths: dict[str, int] = {}
    shown: list[tuple[Document, _Pdf]] = []
    for _ in range(_MOST_ROUNDS):
        scene, assumed = stage.scene(lengths)
        wanted = stage.wanted(scene, one)
        files = [frontmatter.fill(document, scene, press.folder) for document in wanted]
        shown = list(zip(wanted, press.convert(files), strict=True))
        measured = {document.key: pdf.pages for document, pdf in shown}
        if all(assumed.get(key, pages) == pages for key, pages in measured.items()):
            break
        lengths |= measured
    return shown


def _put(document: Document, made: _Pdf, out: Path) -> Sheet:
    """Put a PDF and pictures of its pages into a folder, and take away those of pages that are no more."""
    name = document.name
    try:
        out.mkdir(parents=True, exist_ok=True)
        pdf = _replaced(out / f"{name}.pdf", made.path.read_bytes())
        pages: list[Path] = []
        with pypdfium2.PdfDocument(made.path) as opened:
            for number, page in enumerate(opened, start=1):
                picture = io.BytesIO()
                page.render(scale=_DPI / 72).to_pil().save(picture, "PNG", compress_level=1)
                pages.append(_replaced(out / f"{name}.{number}.png", picture.getvalue()))
        for old in out.glob(f"{glob.escape(name)}.*.png"):
            if re.fullmatch(r"\d+", old.name.removeprefix(f"{name}.").removesuffix(".png")) and old not in pages:
                old.unlink()
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}", fix="name another folder with -o") from error
    return Sheet(document.template.name, pdf, tuple(pages), made.notes)


def _replaced(path: Path, data: bytes) -> Path:
    """Write a file so that a viewer that has it open never sees half of it."""
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_bytes(data)
    aside.replace(path)
    return path
