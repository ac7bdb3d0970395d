"""Shows what templates look like, filled, in seconds: a PDF of each document, and a picture of each of its pages.

No evidence is converted. A PDF is asked how many pages it has; other sources count as they did in an earlier build,
else for one page each: near enough to see how a number sits in its column.
"""

from __future__ import annotations

import glob
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import sleep
from typing import Literal

import pypdfium2

from dossier import book, documents, fonts, frontmatter, manifest, numbering, plan, receipt, template_sets
from dossier.authoring import example, lint
from dossier.book import Book
from dossier.context import Scene
from dossier.convert import accepted, embedded, libreoffice
from dossier.documents import Document
from dossier.errors import ConversionError, DossierError, EngineError, OutputError, TemplateError, UsageError
from dossier.manifest import Manifest
from dossier.numbering import Style
from dossier.part import Ink, Note, Part, PartPage
from dossier.sources import Kind, PhotoSheets, Source
from dossier.template_sets import TemplateSet
from dossier.unpacking import Unpacker

Engine = Literal["embedded", "libreoffice"]

MOST_OF_A_KIND = 3
"""Documents that are shown of a template that is filled many times over, such as the divider."""

_SHIPPED = "official"
_MOST_ROUNDS = 6
_DPI = 100
_A4 = (595.276, 841.89)
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
    """All that was drawn; ``engine`` says by what."""

    engine: str
    sheets: tuple[Sheet, ...]


def preview(named: str, out: Path, *, dossier: Path | None = None, engine: Engine = "embedded") -> Preview:
    """Fill one Word file, or every template of a set, and draw the pages into the folder ``out``.

    The values are those of the manifest ``dossier``, else of an example. Raises a DossierError where that cannot be.
    """
    path = Path(named)
    one = path if path.is_file() else None
    found = _whole(_set_around(one) if one else lint.find(named))
    with TemporaryDirectory(prefix="dossier-") as name:
        work = Path(name)
        collected = _collected(dossier, found, _folder(work, "dossier"))
        press = _Press(engine, _folder(work, "filled"))
        drawn = _settled(collected, found, one, press)
        if not drawn:  # nothing is missing in this dossier, so that it has no placeholder sheet
            drawn = _settled(_collected(None, found, _folder(work, "example")), found, one, press)
        return Preview(press.version(), tuple(_put(document, pdf, out) for document, pdf in drawn))


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


# --- the dossier ---------------------------------------------------------------------------------------------------


def _set_around(file: Path) -> TemplateSet:
    """Return the set that a Word file is in, for the templates and settings around it."""
    folder = file.resolve().parent
    return template_sets.find_set(folder.name, folder.parent)


def _whole(found: TemplateSet) -> TemplateSet:
    """Return a set with the shipped one behind it, so that what it lacks keeps nothing else from being shown."""
    shipped = template_sets.find_set(_SHIPPED, Path(__file__).parent)
    return _Forgiving(found.name, (*found.folders, *shipped.folders), found.sha256, found.style)


class _Forgiving(TemplateSet):
    """A set whose index gets its titles although other templates are broken."""

    __slots__ = ()

    def title(self, template_name: str) -> str:
        try:
            return TemplateSet.title(self, template_name)
        except TemplateError:
            return template_name


def _collected(dossier: Path | None, found: TemplateSet, work: Path) -> Book:
    """Return the book of a manifest, or of the example, with pages counted and none of them made."""
    path = dossier or example.write(work, language=found.style.language)
    loaded = found.complete(manifest.load(path))
    with Unpacker(loaded.language) as unpack:
        planned = plan.plan(loaded, accepted(), unpack)
        counts = _earlier_counts(loaded) if dossier else example.PAGES
        outcomes: dict[str, Part | ConversionError] = {}
        for item in planned.items:
            for proof in item.evidence:
                asked = max((last or first for first, last in proof.entry.pages), default=0)
                outcomes |= {source.key: _stand_in(source, counts, asked) for source in proof.sources}
        return book.collect(planned, outcomes)


def _earlier_counts(loaded: Manifest) -> dict[str, int]:
    """Return how many pages an earlier build bound of each source, if there was one in the usual place."""
    folder = Path("build") / loaded.path.stem
    for name in ("receipt.json", "receipt-draft.json"):
        try:
            earlier = receipt.read(folder / name)
        except UsageError:
            continue
        return {source.path: source.pages for item in earlier.items for one in item.evidence for source in one.sources}
    return {}


def _stand_in(source: Source, counts: Mapping[str, int], asked: int) -> Part:
    if isinstance(source, PhotoSheets):
        pages = -(-len(source.files) // int(source.layout[0]))
    elif source.kind is Kind.PDF and counts is not example.PAGES:
        pages = _count(source.path)
    else:
        pages = counts.get(source.name, 1)
    page = PartPage(*_A4, Ink.full(*_A4), "")
    return Part(Path(), (page,) * max(pages, asked))


def _count(pdf: Path) -> int:
    try:
        with pypdfium2.PdfDocument(pdf) as opened:
            return max(1, len(opened))
    except pypdfium2.PdfiumError:
        return 1  # damaged, or locked: the build says so


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
        return [_Pdf(out, _count(out), notes) for out, notes in zip(outs, found, strict=True)]


@dataclass(frozen=True, slots=True)
class _Pdf:
    path: Path
    pages: int
    notes: tuple[Note, ...]


def _settled(collected: Book, found: TemplateSet, one: Path | None, press: _Press) -> list[tuple[Document, _Pdf]]:
    """Fill and convert until the pages that the shown documents have are those that their numbers reckon with."""
    loaded = collected.plan.manifest
    numbers = loaded.numbering
    style = Style(numbers.style, numbers.start, loaded.page.start_on, numbers.restart)
    lengths: dict[str, int] = {}
    shown: list[tuple[Document, _Pdf]] = []
    for _ in range(_MOST_ROUNDS):
        volumes, every = documents.lay_out(collected, found, lengths)
        assumed = {block.key: block.pages for blocks in volumes for block in blocks}
        pagination = numbering.paginate(volumes, style)
        scene = Scene(collected, every, pagination, loaded.date or date.today(), found.style.words)
        wanted = _wanted(every, found, one)
        files = [frontmatter.fill(document, scene, press.folder) for document in wanted]
        shown = list(zip(wanted, press.convert(files), strict=True))
        measured = {document.key: pdf.pages for document, pdf in shown}
        if all(assumed.get(key, pages) == pages for key, pages in measured.items()):
            break
        lengths |= measured
    return shown


def _wanted(every: Mapping[str, Document], found: TemplateSet, one: Path | None) -> list[Document]:
    """Choose what is shown: all that is made of a template, or of one that is used many times some of it."""
    templates = [one] if one else [found.path(name) for name in found.names if found.path(name).parent in found.folders]
    wanted: list[Document] = []
    for template in templates:
        made = [document for document in every.values() if document.template.resolve() == template.resolve()]
        made = [document for document in made if not document.missing]
        if len(made) > MOST_OF_A_KIND:
            made = [made[0], made[len(made) // 2], made[-1]]
        name = template.stem
        if not made and name not in _OF_SOMETHING:
            made = [Document(f"{name}:1", "index" if name == "index" else "front", template, name=name)]
        wanted += made
    return wanted


_OF_SOMETHING = ("divider", "placeholder")


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


def _folder(work: Path, name: str) -> Path:
    folder = work / name
    folder.mkdir()
    return folder
