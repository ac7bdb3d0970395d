"""A dossier on which templates are tried out: an example, or one of the author's, numbered without its evidence.

No evidence is converted. A PDF is asked how many pages it has; other sources count as they did in an earlier build,
else for one page each: near enough to see how a number sits in its column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pypdfium2

from dossier import (
    book,
    documents,
    frontmatter,
    letters,
    manifest,
    numbering,
    plan,
    receipt,
    template_sets,
    views,
)
from dossier.authoring import example, tags
from dossier.book import Book
from dossier.check import appraise
from dossier.context import Scene
from dossier.convert import accepted
from dossier.documents import Document
from dossier.errors import ConversionError, TemplateError
from dossier.letters import Letters
from dossier.manifest import Manifest
from dossier.numbering import Style
from dossier.part import Ink, Part, PartPage
from dossier.sources import Kind, PhotoSheets, Source
from dossier.template_sets import TemplateSet
from dossier.unpacking import Unpacker
from dossier.views import Context

MOST_OF_A_KIND = 3
"""Documents that are shown of a template that is filled many times over, such as the divider."""

_SHIPPED = "official"
_VACANT = "vacant:"
_OF_SOMETHING = ("divider", "placeholder")
_MADE_UP: dict[str, Callable[..., Any]] = {"reprint": example.reprint, "ticket": example.ticket}
_A4 = (595.276, 841.89)


@dataclass(frozen=True, slots=True)
class Stage:
    """A book and a set of templates, of which ``names`` are its own; the others stand in for what it lacks."""

    book: Book
    found: TemplateSet
    names: tuple[str, ...]

    @classmethod
    def of(cls, found: TemplateSet, dossier: Path | None = None) -> Stage:
        """Set up a manifest's dossier, or the example, with the shipped set behind the one that is tried out."""
        whole = _Forgiving(found.name, (*found.folders, *shipped().folders), found.sha256, found.style)
        with TemporaryDirectory(prefix="dossier-") as folder:
            return cls(_collected(dossier, whole, Path(folder)), whole, found.names)

    def scene(self, lengths: Mapping[str, int]) -> tuple[Scene, dict[str, int]]:
        """Number the book with the ``lengths`` of documents by key, as far as known; return those assumed, too."""
        loaded = self.book.plan.manifest
        numbers = loaded.numbering
        style = Style(numbers.style, numbers.start, loaded.page.start_on, numbers.restart)
        volumes, every = documents.lay_out(self.book, self.found, lengths)
        pagination = numbering.paginate(volumes, style)
        scene = _Staged(self.book, every, pagination, loaded.date or date.today(), self.found)
        return scene, {block.key: block.pages for blocks in volumes for block in blocks}

    def wanted(self, scene: Scene, one: Path | None) -> list[Document]:
        """Choose what is shown: what is made of each template, or of one; of a template that is used often, a few."""
        wanted: list[Document] = []
        for template in [one] if one else [self.found.path(name) for name in self.names]:
            made = [
                document
                for document in scene.documents.values()
                if document.template.resolve() == template.resolve() and not document.missing
            ]
            if len(made) > MOST_OF_A_KIND:
                made = [made[0], made[len(made) // 2], made[-1]]
            wanted += made or self._made_up(template)
        return wanted

    def _made_up(self, template: Path) -> list[Document]:
        """Return a document for a template that the book does not use, if it can be without."""
        name = template.stem
        if name in _OF_SOMETHING:
            return []
        if name == "vacant":
            return [Document(_VACANT, "placeholder", template, name=name)]
        if name in _MADE_UP:
            return [Document(name, name, template, name=name)]
        if name in views.LETTERS:
            keys = _letters(self.book, self.found, date.today()).contexts
            wanted = [key for key in keys if bool(key) == (name == "letter")][:MOST_OF_A_KIND]
            names = {key: f"{name}-{number}" if key else name for number, key in enumerate(wanted, start=1)}
            return [Document(f"{name}:{key}", name, template, name=names[key]) for key in wanted]
        proof = next((proof for proof in self.book.proofs() if proof.status == "bound"), None)
        if proof and _is_about_an_item(template):
            return [Document(proof.key, "evidence", template, name=name)]
        return [Document(f"{name}:1", "index" if name == "index" else "front", template, name=name)]

    def rehearse(self, template: Path) -> None:
        """Fill a template with whatever ids it asks for. Raises TemplateError where a build could not fill it."""
        scene, _ = self.scene({})
        anything = _AnyId(scene.book, scene.documents, scene.pagination, scene.today, scene.template_set)
        with TemporaryDirectory(prefix="dossier-") as folder:
            for document in self.wanted(scene, template):
                frontmatter.fill(document, anything, Path(folder))


def shipped() -> TemplateSet:
    """Return the set that has every template, whatever lies beside the one that is tried out."""
    return template_sets.find_set(_SHIPPED, Path(__file__).parent)


def set_around(file: Path) -> TemplateSet:
    """Return the set that a Word file is in, for the templates and settings around it."""
    folder = file.resolve().parent
    return template_sets.find_set(folder.name, folder.parent)


class _Staged(Scene):
    """A scene that has what letters and summary see as well, with nothing looked into."""

    __slots__ = ()

    def of(self, document: Document) -> Context:
        if document.key == _VACANT:
            shown = example.vacant(language=self.book.plan.manifest.language)
            return cast(Context, {**Scene.of(self, document), "vacant": shown})
        if document.kind not in views.LETTERS:
            return Scene.of(self, document)
        written = _letters(self.book, self.template_set, self.today)
        if document.kind in _MADE_UP:
            made = _MADE_UP[document.kind](language=self.book.plan.manifest.language)
            return cast(Context, {**written.contexts[""], document.kind: made})
        return cast(Context, written.contexts[document.key.partition(":")[2]])


class _AnyId(_Staged):
    """A scene in which every id has a page, for a template may cite what only its own dossier has."""

    __slots__ = ()

    def of(self, document: Document) -> Context:
        if document.kind in views.LETTERS:
            return _Staged.of(self, document)
        page = {name: lambda id: "57" for name in ("page", "label", "pages", "cite")}
        return cast(Context, {**_Staged.of(self, document), **page})


def _letters(collected: Book, found: TemplateSet, today: date) -> Letters:
    return letters.letters(appraise(collected.plan, {}), found, today)


def _is_about_an_item(template: Path) -> bool:
    try:
        stories = tags.read(template).stories
    except TemplateError:
        return False
    return any(re.search(r"\bitem\.", tag.text) for story in stories for tag in story.tags)


# --- the dossier ---------------------------------------------------------------------------------------------------


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
        for proof in planned.evidence():
            asked = max((last or first for first, last in proof.entry.pages), default=0)
            outcomes |= {source.key: _stand_in(source, counts, asked) for source in proof.sources}
        return book.collect(planned, outcomes)


def _earlier_counts(loaded: Manifest) -> dict[str, int]:
    """Return how many pages an earlier build bound of each source, if there was one in the usual place."""
    folder = Path("build") / loaded.path.stem
    earlier = receipt.find(folder / "receipt.json") or receipt.find(folder / "receipt-draft.json")
    items = earlier.items if earlier else ()
    return {source.path: source.pages for item in items for one in item.evidence for source in one.sources}


def _stand_in(source: Source, counts: Mapping[str, int], asked: int) -> Part:
    """Return a part of as many pages as a source may have: what is asked of a Word file, it is taken to have."""
    if isinstance(source, PhotoSheets):
        pages = -(-len(source.files) // int(source.layout[0]))
    elif source.kind is Kind.PDF and counts is not example.PAGES:
        pages = count_pages(source.path)
    else:
        pages = max(counts.get(source.name, 1), asked)
    page = PartPage(*_A4, Ink.full(*_A4), "")
    return Part(Path(), (page,) * pages)


def count_pages(pdf: Path) -> int:
    """Return how many pages a PDF has, and one for a PDF that cannot be opened."""
    try:
        with pypdfium2.PdfDocument(pdf) as opened:
            return max(1, len(opened))
    except pypdfium2.PdfiumError:
        return 1  # damaged, or locked: the build says so
