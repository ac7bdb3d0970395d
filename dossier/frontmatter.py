"""Fills the front and back matter until page numbers settle.

The index shows page numbers, and its own length moves them. So: assume a length for every document, number the book,
fill, convert, measure; and again with the measured lengths, until they are those assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from shutil import copyfile
from types import MappingProxyType

from dossier import capacity, numbering, templates
from dossier.book import Book
from dossier.book import filled as finished
from dossier.context import Scene
from dossier.documents import Document, lay_out
from dossier.errors import UnsettledError
from dossier.lock import Lock
from dossier.lock import read as read_lock
from dossier.manifest import Manifest
from dossier.numbering import Pagination, Style
from dossier.part import Part
from dossier.sources import sha256_of
from dossier.template_sets import TemplateSet
from dossier.templates import Rendered

_MOST_ROUNDS = 20  # of lengths that never repeat themselves; those that do are found at once
_MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Settled:
    """A numbered book, evidence that is made of templates included, and a part for every other document by key.

    ``filled`` are the Word files by key, ``shown`` digests of what those show that were filled.
    """

    book: Book
    pagination: Pagination
    parts: dict[str, Part]
    documents: dict[str, Document]
    filled: dict[str, Path]
    rounds: int
    scene: Scene
    shown: dict[str, str]


Convert = Callable[[Mapping[str, Path]], Mapping[str, Part]]


Earlier = Mapping[str, tuple[Path, str]]
"""Word files that were filled before, and their SHA-256, by the digest of what they show."""


def settle(
    book: Book,
    template_set: TemplateSet,
    today: date,
    convert: Convert,
    folder: Path,
    earlier: Earlier = MappingProxyType({}),
) -> Settled:
    """Number the book and fill its documents until both agree; filled Word files are left in ``folder``.

    What shows the same as in the round before, or as a document of an ``earlier`` build, is not filled again. Raises
    TemplateError where a template cannot be filled, and UnsettledError where the lengths go on changing.
    """
    lengths: dict[str, int] = {}
    sizes: dict[str, int] = {}
    wanted = book.plan.manifest.volumes
    weighed = wanted is not None and wanted.max_mb is not None
    seen: list[_Round] = []
    desk = _Desk(folder, earlier, convert)
    while True:
        volumes, documents = lay_out(book, template_set, lengths, sizes)
        pagination = numbering.paginate(volumes, style_of(book.plan.manifest, book.lock))
        scene = Scene(book, documents, pagination, today, template_set)
        filled, parts = desk.work(documents, scene)
        measured = {key: len(part.pages) for key, part in parts.items()}
        assumed = {block.key: block.pages for blocks in volumes for block in blocks if block.key in documents}
        seen.append(_Round(dict(lengths), sizes, measured, documents, len(volumes)))
        larger = capacity.grown(sizes, parts) if weighed else sizes
        if measured == assumed and larger == sizes:
            evidence = {key: parts.pop(key) for key, document in documents.items() if document.kind == "evidence"}
            return Settled(
                finished(book, evidence), pagination, parts, documents, filled, len(seen), scene, desk.shown(filled)
            )
        lengths |= measured
        sizes = larger
        _check(seen, lengths, sizes)


@dataclass(frozen=True, slots=True)
class _Round:
    """What one round assumed of documents' lengths and sizes, and what came out."""

    assumed: dict[str, int]
    sizes: dict[str, int]
    measured: dict[str, int]
    documents: dict[str, Document]
    volumes: int


def _check(seen: list[_Round], lengths: Mapping[str, int], sizes: Mapping[str, int]) -> None:
    """Raise UnsettledError where the next round would do what an earlier one did, or there were too many."""
    same = (index for index, earlier in enumerate(seen) if (earlier.assumed, earlier.sizes) == (lengths, sizes))
    repeated = next(same, None)
    if repeated is None and len(seen) < _MOST_ROUNDS:
        return
    again = repeated is not None
    last = seen[repeated:] if again else seen[-3:]
    told: list[str] = []
    for key, document in last[-1].documents.items():
        pages = list(dict.fromkeys(one.measured[key] for one in last if key in one.measured))
        if len(pages) > 1:
            told.append(f"{_called(document)} {_changing(pages, again=again)} pages")
    volumes = list(dict.fromkeys(one.volumes for one in last))
    if len(volumes) > 1:
        told.append(f"the book {_changing(volumes, again=again)} volumes")
    more = f", and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    raise UnsettledError(
        f"page numbers do not settle: {'; '.join(told[:_MOST_TOLD])}{more}, as the numbers in it change",
        fix="make its layout stable, for example give page-number columns a fixed width",
    )


def _called(document: Document) -> str:
    return document.template.name if document.volume == 1 else f"{document.template.name} of volume {document.volume}"


def _changing(numbers: list[int], *, again: bool) -> str:
    shown = [str(number) for number in (sorted(numbers) if again else numbers)[:_MOST_TOLD]]
    return f"flips between {' and '.join(shown)}" if again else f"has {', then '.join(shown)}"


def held_by(manifest: Manifest) -> Lock | None:
    """Return the lock of a manifest's printed numbers, if it has one; raises FrozenError where it cannot be kept to."""
    lock = read_lock(manifest.path)
    if lock is not None:
        lock.check(style_of(manifest), str(manifest.path))
    return lock


def style_of(manifest: Manifest, lock: Lock | None = None) -> Style:
    """Return how a book's numbers run and look; a manifest as its template set completes it."""
    numbers, printed = manifest.numbering, lock.printed if lock else None
    return Style(numbers.style, numbers.start, manifest.page.start_on, numbers.restart, numbers.inserted, printed)


@dataclass(slots=True)
class _Desk:
    """Fills and converts the documents of one round after another, each anew only where it shows something new."""

    folder: Path
    earlier: Earlier
    convert: Convert
    holds: dict[Path, str] = field(default_factory=dict)  # what the files in the folder show, as digests
    made: dict[str, Part] = field(default_factory=dict)  # by what they show; by their path where that is all to tell

    def work(self, documents: Mapping[str, Document], scene: Scene) -> tuple[dict[str, Path], dict[str, Part]]:
        """Return a Word file, or what is bound as it is, and a part for each document."""
        filled = {key: self.fill(document, scene) for key, document in documents.items()}
        shown = {key: self.holds.get(path, str(path)) for key, path in filled.items()}
        todo = {key: path for key, path in filled.items() if shown[key] not in self.made}
        for key, part in self.convert(todo).items():
            self.made[shown[key]] = part
        return filled, {key: self.made[digest] for key, digest in shown.items()}

    def fill(self, document: Document, scene: Scene) -> Path:
        if document.literal:
            return document.template
        out = self.folder / f"{document.name}.docx"
        rendered = _rendered(document, scene)
        digest = rendered.digest
        if self.holds.get(out) != digest:
            if not self.fetch(digest, out):
                rendered.write(out)
            self.holds[out] = digest
        return out

    def fetch(self, digest: str, out: Path) -> bool:
        """Copy a document that was filled earlier, where it still is what it was."""
        path, sha256 = self.earlier.get(digest, (None, ""))
        if path is None:
            return False
        try:
            copyfile(path, out)
            return sha256_of(out) == sha256
        except OSError:
            return False

    def shown(self, filled: Mapping[str, Path]) -> dict[str, str]:
        """Return digests of what the files show that were filled, by key."""
        return {key: self.holds[path] for key, path in filled.items() if path in self.holds}


def fill(document: Document, scene: Scene, folder: Path) -> Path:
    """Fill a document into ``folder`` and return the Word file, or the one that is bound as it is."""
    if document.literal:
        return document.template
    out = folder / f"{document.name}.docx"
    _rendered(document, scene).write(out)
    return out


def _rendered(document: Document, scene: Scene) -> Rendered:
    return templates.rendered(
        document.template,
        scene.of(document),
        where=document.template.name,
        files=scene.files,
        date_pattern=scene.words.date,
    )


def fill_labels(
    book: Book, template_set: TemplateSet, today: date, pagination: Pagination, folder: Path
) -> dict[str, Path]:
    """Fill the labels that stand beside a numbered book, such as spines, one for each volume; by their names."""
    scene = Scene(book, {}, pagination, today, template_set)
    volumes = range(1, max((slot.volume for slot in pagination.slots), default=1) + 1)
    filled: dict[str, Path] = {}
    for label in book.plan.manifest.labels:
        for volume in volumes:
            name = f"{label}-{volume}" if len(volumes) > 1 else label
            document = Document(f"label:{name}", "label", template_set.path(label), volume=volume, name=name)
            filled[name] = fill(document, scene, folder)
    return filled
