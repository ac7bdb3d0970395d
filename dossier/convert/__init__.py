"""Source → part: one module a family of formats, and a dict from what a file is to the function for it.

Converting is a pure, picklable function of its task, so that any executor can run it. A new format is one function, one
entry in ``_CONVERTERS`` and one test.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from dossier import fonts, limits
from dossier.cache import Cache
from dossier.convert import embedded, image, libreoffice, media, ofd, office, pdf, sheet, text
from dossier.errors import ConversionError, EngineError
from dossier.part import Note, Part
from dossier.sources import PLAIN, Kind, Options

Engine = Literal["embedded", "libreoffice"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What, besides a file's bytes, decides which pages become of it; ``sheet`` is the portrait paper in points.

    ``engine`` sets Word files; ``office`` is the version of the LibreOffice that converts every other office format,
    empty where there is none.
    """

    engine: Engine
    engine_version: str
    fonts: str
    sheet: tuple[float, float]
    office: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One source to be converted, and the key under which the cache keeps what becomes of it."""

    path: Path
    name: str
    kind: Kind
    key: str
    options: Options = PLAIN


@dataclass(frozen=True, slots=True)
class Batch:
    """Tasks that one call converts together: one for most kinds, several for LibreOffice, which starts slowly."""

    tasks: tuple[Task, ...]
    settings: Settings
    cache: Path

    def singles(self) -> list[Batch]:
        """Return a batch for each task."""
        return [Batch((task,), self.settings, self.cache) for task in self.tasks]


Outcome = Part | ConversionError


def choose(engine: Literal["auto", "embedded", "libreoffice"], sheet: tuple[float, float]) -> Settings:
    """Pick the Word engine: with ``auto``, LibreOffice where it is installed, else the embedded one.

    Raises EngineError where LibreOffice is asked for and is not installed or does not start.
    """
    present = libreoffice.find() if engine != "embedded" else None
    if engine == "libreoffice" and present is None:
        raise EngineError(
            "LibreOffice is asked for and is not installed", fix="install it, or build with --engine embedded"
        )
    version = libreoffice.version() if libreoffice.find() is not None else ""
    if present is not None:
        return Settings("libreoffice", version, fonts.fingerprint(), sheet, version)
    return Settings("embedded", embedded.VERSION, fonts.fingerprint(), sheet, version)


def accepted() -> frozenset[Kind]:
    """Return the kinds of file that can be bound on this machine: office formats need LibreOffice."""
    here = frozenset(_CONVERTERS) | {Kind.PDF}
    return here | OFFICE if libreoffice.find() is not None else here


def task(path: Path, name: str, kind: Kind, sha256: str, settings: Settings, options: Options = PLAIN) -> Task:
    """Describe the conversion of one source; equal keys mean equal pages."""
    parts = [sha256, kind.name, pdf.VERSION]
    if kind in _WORD:
        parts += [settings.engine, settings.engine_version, settings.fonts]
    elif kind in OFFICE:
        parts += [settings.office, settings.fonts, office.VERSION, sheet.VERSION]
    elif kind is Kind.OFD:
        parts += [ofd.VERSION, settings.fonts]
    elif kind is not Kind.PDF:
        parts += [image.VERSION, *(f"{side:.2f}" for side in settings.sheet)]
    if options != PLAIN:
        parts.append(f"{options!r} {options.password}")
    return Task(path, name, kind, hashlib.sha256(json.dumps(parts).encode()).hexdigest(), options)


def batches(tasks: Sequence[Task], settings: Settings, cache: Cache, workers: int) -> list[Batch]:
    """Group tasks into calls: files for LibreOffice shared out over ``workers``, every other task alone."""
    together = [t for t in tasks if _by_libreoffice(t, settings)]
    others = [t for t in tasks if not _by_libreoffice(t, settings)]
    size = max(1, min(25, -(-len(together) // max(1, workers))))
    grouped = [
        Batch(tuple(together[start : start + size]), settings, cache.folder) for start in range(0, len(together), size)
    ]
    return grouped + [Batch((t,), settings, cache.folder) for t in others]


def convert(batch: Batch) -> list[Outcome]:
    """Convert a batch and store what becomes of it; one source's failure does not touch the others.

    Raises EngineError or CacheError where nothing at all can be converted or stored.
    """
    cache = Cache(batch.cache)
    with cache.workspace() as work:
        raw = _raw_pdfs(batch, work)
        return [_finish(t, result, work, cache) for t, result in zip(batch.tasks, raw, strict=True)]


Raw = tuple[Path, tuple[Note, ...]] | ConversionError


def _raw_pdfs(batch: Batch, work: Path) -> list[Raw]:
    outs = [work / f"{index:04}.raw.pdf" for index in range(len(batch.tasks))]
    if _by_libreoffice(batch.tasks[0], batch.settings):
        fontconfig = fonts.write_fontconfig(work)
        prepared = [_for_libreoffice(t, out) for t, out in zip(batch.tasks, outs, strict=True)]
        jobs = [(one[0], out) for one, out in zip(prepared, outs, strict=True) if isinstance(one, tuple)]
        results = iter(libreoffice.convert_batch(jobs, fontconfig=fontconfig))
        return [
            _raw(next(results), out, one[1]) if isinstance(one, tuple) else one
            for one, out in zip(prepared, outs, strict=True)
        ]
    return [_raw_pdf(t, out, batch.settings) for t, out in zip(batch.tasks, outs, strict=True)]


def _raw_pdf(t: Task, out: Path, settings: Settings) -> Raw:
    try:
        t.path.open("rb").close()
    except OSError as error:  # moved, locked or cut off since it was found: no reason to give up the others
        return ConversionError(f"it cannot be read any more: {error.strerror}", fix="put it back, and build again")
    if t.kind is Kind.PDF:
        return t.path, ()
    try:
        with limits.bounded():
            return out, _CONVERTERS[t.kind](t, out, settings)
    except ConversionError as error:
        return error
    except MemoryError:
        return _too_large()


def _finish(t: Task, raw: Raw, work: Path, cache: Cache) -> Outcome:
    if isinstance(raw, ConversionError):
        return raw
    path, notes = raw
    try:
        with limits.bounded():
            part = pdf.normalise(path, work / f"{t.key}.pdf", password=t.options.password)
    except ConversionError as error:
        return error
    except MemoryError:
        return _too_large()
    return cache.put(t.key, Part(part.path, part.pages, part.outline, (*notes, *part.notes)))


def _too_large() -> ConversionError:
    return ConversionError(
        f"it takes more than {limits.MEMORY >> 30} GiB of memory to convert",
        fix="split it, or make its pictures smaller, and name what comes out",
        code="oversized-source",
    )


OFFICE = frozenset({Kind.OLE, Kind.XLSX, Kind.PPTX, Kind.ODF, Kind.RTF, Kind.HTML, Kind.CSV})
"""What LibreOffice alone converts."""
_WORD = frozenset({Kind.DOCX, Kind.TEXT, Kind.MARKDOWN, Kind.MEDIA})


def _by_libreoffice(t: Task, settings: Settings) -> bool:
    return t.kind in OFFICE or (t.kind in _WORD and settings.engine == "libreoffice")


def _for_libreoffice(t: Task, out: Path) -> Raw:
    """Return the file that LibreOffice is given for a task: text is written as a Word file first."""
    if t.kind not in _WRITTEN:
        return t.path, ()
    try:
        with limits.bounded():
            return _write_word(t, out)
    except ConversionError as error:
        return error


_WRITTEN = frozenset({Kind.TEXT, Kind.MARKDOWN, Kind.MEDIA})
"""What becomes a Word file before it becomes pages."""


def _write_word(t: Task, out: Path) -> tuple[Path, tuple[Note, ...]]:
    word = out.with_suffix(".docx")
    if t.kind is Kind.MEDIA:
        return word, media.to_word(t.path, PurePosixPath(t.name).name, word)
    text.to_word(t.path, word, markdown=t.kind is Kind.MARKDOWN)
    return word, ()


def _raw(outcome: libreoffice.Outcome, out: Path, notes: tuple[Note, ...]) -> Raw:
    return outcome if isinstance(outcome, ConversionError) else (out, (*notes, *outcome))


def _word(t: Task, out: Path, settings: Settings) -> tuple[Note, ...]:
    return embedded.convert(t.path, out)


def _written(t: Task, out: Path, settings: Settings) -> tuple[Note, ...]:
    word, notes = _write_word(t, out)
    return (*notes, *embedded.convert(word, out))


def _ofd(t: Task, out: Path, settings: Settings) -> tuple[Note, ...]:
    # Offices send OFD because it is sealed; the seal is drawn, and the untouched file is kept beside the book.
    notes = ofd.convert(t.path, out)
    return tuple(replace(note, severity="info") if note.code in _USUAL_OF_OFD else note for note in notes)


_USUAL_OF_OFD = frozenset({"signature-lost", "embedded-files", "missing-parameters", "unshown-annotations"})


def _image(t: Task, out: Path, settings: Settings) -> tuple[Note, ...]:
    return image.convert(t.path, out, sheet=settings.sheet, fit=t.options.fit, crop=t.options.crop)


_CONVERTERS: dict[Kind, Callable[[Task, Path, Settings], tuple[Note, ...]]] = {
    Kind.DOCX: _word,
    Kind.TEXT: _written,
    Kind.MARKDOWN: _written,
    Kind.MEDIA: _written,
    Kind.JPEG: _image,
    Kind.PNG: _image,
    Kind.TIFF: _image,
    Kind.WEBP: _image,
    Kind.BMP: _image,
    Kind.GIF: _image,
    Kind.HEIC: _image,
    Kind.JPEG2000: _image,
    Kind.OFD: _ofd,
}
