"""Source → part: one module a family of formats, and a dict from what a file is to the function for it.

Converting is a pure, picklable function of its task, so that any executor can run it. A new format is one function, one
entry in ``_CONVERTERS`` and one test.

A family's module is loaded when there is a file of it, for together they take longer to load than many a book to build:
by :func:`task`, whose key has its version, and so before worker processes are forked from this one.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, TypeVar

from dossier import limits, sources
from dossier.cache import Cache
from dossier.convert.style import CAPTIONS, CaptionStyle, Look
from dossier.convert.style import PLAIN as PLAIN_TEXT
from dossier.errors import ConversionError, DossierError, EngineError, unforeseen
from dossier.part import Note, Part
from dossier.plan import remedy
from dossier.sources import PLAIN, Kind, Options, PhotoSheets, Source

if TYPE_CHECKING:
    from dossier.convert import libreoffice

Engine = Literal["embedded", "libreoffice"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What, besides a file's bytes, decides which pages become of it; ``sheet`` is the portrait paper in points.

    ``engine`` sets Word files; ``office`` is the version of the LibreOffice that converts every other office format,
    empty where there is none. ``look`` is what text is set in, ``captions`` what is written under photos.
    """

    engine: Engine
    engine_version: str
    fonts: str
    sheet: tuple[float, float]
    office: str = ""
    look: Look = PLAIN_TEXT
    captions: CaptionStyle = CAPTIONS


@dataclass(frozen=True, slots=True)
class Task:
    """One source to be converted, and the key under which the cache keeps what becomes of it."""

    path: Path
    name: str
    kind: Kind
    key: str
    options: Options = PLAIN
    photos: PhotoSheets | None = None
    files: tuple[tuple[Path, str], ...] = ()
    """The files that are read, each with the SHA-256 that it had when it was planned."""


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
    from dossier import fonts
    from dossier.convert import libreoffice

    present = libreoffice.find() if engine != "embedded" else None
    if engine == "libreoffice" and present is None:
        raise EngineError(
            "LibreOffice is asked for and is not installed", fix="install it, or build with --engine embedded"
        )
    version = libreoffice.version() if libreoffice.find() is not None else ""
    if present is not None:
        return Settings("libreoffice", version, fonts.fingerprint(), sheet, version)
    from dossier.convert import embedded

    return Settings("embedded", embedded.VERSION, fonts.fingerprint(), sheet, version)


def looked_for() -> tuple[list[str], list[Path]]:
    """Return what decides how files are converted, besides them: programs by name, and paths; here or not."""
    from dossier.convert import libreoffice

    programs, places = libreoffice.looked_for()
    return [*programs, "fc-list", "ffmpeg", "unrar", "unar", "bsdtar"], places


def accepted() -> AbstractSet[Kind]:
    """Return the kinds of file that can be bound on this machine: office formats need LibreOffice.

    It is looked for when somebody asks about one of them, for what looks for it is slow to load.
    """
    return _Accepted()


class _Accepted(AbstractSet[Kind]):
    @cached_property
    def _office(self) -> frozenset[Kind]:
        from dossier.convert import libreoffice

        return OFFICE if libreoffice.find() is not None else frozenset()

    def __contains__(self, kind: object) -> bool:
        return kind in _OWN or (kind in OFFICE and kind in self._office)

    def __iter__(self) -> Iterator[Kind]:
        return iter(_OWN | self._office)

    def __len__(self) -> int:
        return len(_OWN | self._office)


def task(path: Path, name: str, kind: Kind, sha256: str, settings: Settings, options: Options = PLAIN) -> Task:
    """Describe the conversion of one source; equal keys mean equal pages."""
    from dossier.convert import pdf

    parts = [sha256, kind.name, pdf.VERSION]
    if kind in _WORD | OFFICE | {Kind.LOCKED}:
        parts += _office_parts(kind, PurePosixPath(name).name, settings)
    elif kind is Kind.OFD:
        from dossier.convert import ofd

        parts += [ofd.VERSION, settings.fonts]
    elif kind is not Kind.PDF:
        from dossier.convert import image

        parts += [image.VERSION, *(f"{side:.2f}" for side in settings.sheet)]
    if options != PLAIN:
        parts.append(f"{options!r} {options.password}")
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return Task(path, name, kind, key, options, files=((path, sha256),))


def _office_parts(kind: Kind, name: str, settings: Settings) -> list[str]:
    """Return what the pages of an office file, or of one that is written first, depend on besides its bytes."""
    parts = [settings.fonts]
    if kind not in OFFICE:
        by_libreoffice = settings.engine == "libreoffice"
        parts += [settings.engine, settings.engine_version]
        if by_libreoffice:
            from dossier.convert import libreoffice, office

            parts += [libreoffice.VERSION, office.VERSION]
        else:
            from dossier.convert import embedded

            parts.append(embedded.PREPARATION)
    if kind in OFFICE or kind is Kind.LOCKED:
        from dossier.convert import libreoffice, office, sheet

        # Sheets print their file's name where its author wanted that, and its suffix tells kinds of text apart.
        parts += [settings.office, libreoffice.VERSION, office.VERSION, sheet.VERSION, name]
    if kind in LOCKABLE:
        from dossier.convert import unlocking

        parts.append(unlocking.VERSION)
    if kind in (Kind.TEXT, Kind.MARKDOWN):
        from dossier.convert import text

        parts += [text.VERSION, repr(settings.look)]
    if kind is Kind.MEDIA:
        from dossier.convert import media

        parts += [media.VERSION, name, str(media.sees_films())]
    return parts


def task_of(source: Source, settings: Settings) -> Task:
    """Describe the conversion of a planned source."""
    if not isinstance(source, PhotoSheets):
        return task(source.path, source.name, source.kind, source.sha256, settings, source.options)
    from dossier.convert import pdf, photos

    files = [(file.sha256, file.kind.name, repr(file.options), PurePosixPath(file.name).name) for file in source.files]
    asked = (source.captions, source.layout, source.turn, source.language, settings.fonts, settings.sheet)
    drawn = [photos.VERSION, pdf.VERSION, repr(settings.captions)]
    key = hashlib.sha256(json.dumps([drawn, files, asked]).encode()).hexdigest()
    hashed = tuple((file.path, file.sha256) for file in source.files)
    return Task(source.files[0].path, source.name, source.files[0].kind, key, photos=source, files=hashed)


_MOST_TOGETHER = 20
"""Files that one start of LibreOffice converts at most: what it leaks must end, and progress be seen."""


def batches(tasks: Sequence[Task], settings: Settings, cache: Cache, workers: int) -> list[Batch]:
    """Group tasks into calls: files for LibreOffice shared out over ``workers``, every other task alone."""
    together = [t for t in tasks if _by_libreoffice(t, settings)]
    others = [t for t in tasks if not _by_libreoffice(t, settings)]
    # Even shares, so that no worker waits for another's last; and few, for LibreOffice takes a moment to start.
    rounds = -(-len(together) // (max(1, workers) * _MOST_TOGETHER))
    size = max(1, -(-len(together) // max(1, workers * rounds)))
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
        return [_nameless(t, _finish(t, result, work, cache)) for t, result in zip(batch.tasks, raw, strict=True)]


def _nameless(t: Task, outcome: Outcome) -> Outcome:
    """Return what became of a task; a file out of an archive has another name on disk than people know it by."""
    return outcome.without(t.path.name) if isinstance(outcome, ConversionError) else outcome


Raw = tuple[Path, tuple[Note, ...]] | ConversionError


def _raw_pdfs(batch: Batch, work: Path) -> list[Raw]:
    if batch.tasks[0].kind is Kind.LOCKED:
        return [_unlocked_pdf(batch, work)]
    outs = [work / f"{index:04}.raw.pdf" for index in range(len(batch.tasks))]
    if _by_libreoffice(batch.tasks[0], batch.settings):
        from dossier import fonts
        from dossier.convert import libreoffice

        fontconfig = fonts.write_fontconfig(work)
        prepared = [_for_libreoffice(t, out, batch.settings) for t, out in zip(batch.tasks, outs, strict=True)]
        jobs = [(one[0], out) for one, out in zip(prepared, outs, strict=True) if isinstance(one, tuple)]
        results = iter(libreoffice.convert_batch(jobs, fontconfig=fontconfig))
        return [
            _raw(next(results), out, one[1]) if isinstance(one, tuple) else one
            for one, out in zip(prepared, outs, strict=True)
        ]
    return [_raw_pdf(t, out, batch.settings) for t, out in zip(batch.tasks, outs, strict=True)]


def _raw_pdf(t: Task, out: Path, settings: Settings) -> Raw:
    def make() -> Raw:
        _prove_readable(t)
        if t.kind is Kind.PDF:
            return t.path, ()
        if t.photos is not None:
            return out, _photos(t.photos, out, settings)
        return out, _CONVERTERS[t.kind](t, out, settings)

    return _guarded(t, make)


def _finish(t: Task, raw: Raw, work: Path, cache: Cache) -> Outcome:
    from dossier.convert import pdf

    def make() -> Part:
        if isinstance(raw, ConversionError):
            raise raw
        path, notes = raw
        crop = None if t.kind is Kind.MEDIA or _CONVERTERS.get(t.kind) is _image else t.options.crop
        password = t.options.password if t.kind is Kind.PDF else ""  # what was made here is under none
        part = pdf.normalise(path, work / f"{t.key}.pdf", password=password, crop=crop)
        return Part(part.path, part.pages, part.outline, (*notes, *part.notes))

    made = _guarded(t, make)
    # Whatever came out of a file that was changed meanwhile: it must not be kept as what became of the file planned.
    changed = _guarded(t, lambda: _prove_unchanged(t))
    if isinstance(changed, ConversionError):
        return changed
    return made if isinstance(made, ConversionError) else cache.put(t.key, made)


def _prove_readable(t: Task) -> None:
    for path, _ in t.files:
        sources.prove_readable(path)


def _prove_unchanged(t: Task) -> None:
    for path, sha256 in t.files:
        sources.prove_unchanged(path, sha256)


_Made = TypeVar("_Made")


def _guarded(t: Task, make: Callable[[], _Made]) -> _Made | ConversionError:
    """Make something of a source within limits; a failure is returned where it is the source's own."""
    try:
        with limits.bounded():
            return make()
    except ConversionError as error:
        return error
    except MemoryError:
        return _too_large()
    except OSError as failure:
        if failure.errno == errno.ENOMEM:
            return _too_large()
        try:
            _prove_unchanged(t)
        except ConversionError as error:  # moved, locked or cut off meanwhile: no reason to give up the others
            return error
        raise
    except DossierError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a library says of one file, the others are bound
        return unforeseen("what reads it", error, "print it to PDF anew and name that file")


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


def _for_libreoffice(t: Task, out: Path, settings: Settings) -> Raw:
    """Return the file that LibreOffice is given for a task: text is written as a Word file first."""

    def make() -> Raw:
        _prove_readable(t)
        if t.kind in _WRITTEN:
            return _write_word(t, out, settings)
        return _unlocked(t, out) if t.kind in LOCKABLE else (t.path, ())

    return _guarded(t, make)


LOCKABLE = frozenset({Kind.OLE, Kind.ODF, Kind.LOCKED})
"""What is, or may be, under a password that is not the PDF's."""


def _unlocked(t: Task, out: Path) -> tuple[Path, tuple[Note, ...]]:
    """Return the plain file that is in one under a password, or the file itself."""
    from dossier.convert import unlocking

    plain = out.with_suffix(".plain") / t.path.name  # the name is in messages, and on pages that show it
    plain.parent.mkdir()
    notes = unlocking.unlock(t.path, plain, t.options.password)
    return (t.path, ()) if notes is None else (plain, notes)


def _unlocked_pdf(batch: Batch, work: Path) -> Raw:
    """Convert the one task of a batch, whose kind shows only when it is opened."""
    [t] = batch.tasks

    def make() -> tuple[Task, tuple[Note, ...]]:
        _prove_readable(t)
        plain, notes = _unlocked(t, work / "locked")
        kind = sources.recognise(plain)
        if kind not in (Kind.DOCX, Kind.XLSX, Kind.PPTX):
            raise ConversionError(
                f"what it holds under its password is no Office file but {kind.value}",
                fix="open it with its password, print it to PDF and name that file",
                code="damaged-source",
            )
        if kind is not Kind.DOCX and not batch.settings.office:
            message = f"it is a file of {kind.value} under a password, which cannot be bound"
            raise ConversionError(message, fix=remedy(kind), code="unsupported-kind")
        return replace(t, path=plain, kind=kind), notes

    opened = _guarded(t, make)
    if isinstance(opened, ConversionError):
        return opened
    plain, notes = opened
    [raw] = _raw_pdfs(replace(batch, tasks=(plain,)), work)
    return raw if isinstance(raw, ConversionError) else (raw[0], (*notes, *raw[1]))


_WRITTEN = frozenset({Kind.TEXT, Kind.MARKDOWN, Kind.MEDIA})
"""What becomes a Word file before it becomes pages."""


def _write_word(t: Task, out: Path, settings: Settings) -> tuple[Path, tuple[Note, ...]]:
    word = out.with_suffix(".docx")
    if t.kind is Kind.MEDIA:
        from dossier.convert import media

        return word, media.to_word(t.path, PurePosixPath(t.name).name, word)
    from dossier.convert import text

    text.to_word(t.path, word, markdown=t.kind is Kind.MARKDOWN, look=settings.look)
    return word, ()


def _raw(outcome: libreoffice.Outcome, out: Path, notes: tuple[Note, ...]) -> Raw:
    return outcome if isinstance(outcome, ConversionError) else (out, (*notes, *outcome))


def _word(t: Task, out: Path, settings: Settings) -> tuple[Note, ...]:
    from dossier.convert import embedded

    return embedded.convert(t.path, out)


def _written(t: Task, out: Path, settings: Settings) -> tuple[Note, ...]:
    from dossier.convert import embedded

    word, notes = _write_word(t, out, settings)
    return (*notes, *embedded.convert(word, out))


def _ofd(t: Task, out: Path, settings: Settings) -> tuple[Note, ...]:
    from dossier.convert import ofd

    # Offices send OFD because it is sealed; the seal is drawn, and the untouched file is kept beside the book.
    notes = ofd.convert(t.path, out)
    return tuple(replace(note, severity="info") if note.code in _USUAL_OF_OFD else note for note in notes)


_USUAL_OF_OFD = frozenset({"signature-lost", "embedded-files", "missing-parameters", "unshown-annotations"})


def _image(t: Task, out: Path, settings: Settings) -> tuple[Note, ...]:
    from dossier.convert import image

    return image.convert(t.path, out, sheet=settings.sheet, fit=t.options.fit, crop=t.options.crop)


def _photos(sheets: PhotoSheets, out: Path, settings: Settings) -> tuple[Note, ...]:
    from dossier.convert import photos

    those = [
        photos.Photo(file.path, caption, file.name, file.options.crop, sheets.turn)
        for file, caption in zip(sheets.files, sheets.captions, strict=True)
    ]
    return photos.lay_out(
        those, out, layout=sheets.layout, sheet=settings.sheet, style=settings.captions, language=sheets.language
    )


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
_OWN = frozenset(_CONVERTERS) | {Kind.PDF, Kind.LOCKED}
"""The kinds that need nothing but what is installed with the package."""
