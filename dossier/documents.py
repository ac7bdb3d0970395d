"""Which Word documents of its own a book has, and where they stand among its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import dropwhile
from pathlib import Path

from dossier import capacity, frozen, numbering
from dossier.book import Book
from dossier.lock import VACANT, WITHDRAWN
from dossier.manifest import Front
from dossier.numbering import Block, Load
from dossier.sources import Kind, recognise
from dossier.template_sets import TemplateSet

_ROWS_A_PAGE = 24  # of an index; a first guess, corrected by measuring


@dataclass(frozen=True, slots=True)
class Document:
    """One Word document of the binder's own: ``key`` is its block's, ``template`` what it is filled from."""

    key: str
    kind: str
    template: Path
    title: str = ""
    volume: int = 1
    name: str = ""
    literal: bool = False  # bound as it is, not filled
    missing: str = ""  # the file of one's own that a placeholder sheet stands for


def lay_out(
    book: Book, template_set: TemplateSet, lengths: Mapping[str, int], sizes: Mapping[str, int] | None = None
) -> tuple[list[list[Block]], dict[str, Document]]:
    """Return the blocks of every volume in order, and the documents among them by key.

    ``lengths`` are the documents' pages by key, as far as they are known, and ``sizes`` the bytes of their files; the
    others are guessed.
    """
    return _Layout(book, template_set, lengths, sizes or {}).volumes()


def file_names(volumes: int, *, draft: bool) -> tuple[str, ...]:
    """Return the file name of each volume."""
    stem = "binder-draft" if draft else "binder"
    return (f"{stem}.pdf",) if volumes == 1 else tuple(f"{stem}-{n}.pdf" for n in range(1, volumes + 1))


class _Layout:
    def __init__(
        self, book: Book, template_set: TemplateSet, lengths: Mapping[str, int], sizes: Mapping[str, int]
    ) -> None:
        self.book = book
        self.manifest = book.plan.manifest
        self.lengths = lengths
        self.sizes = sizes
        self.bound = {proof.key: proof for proof in book.proofs() if proof.bound}
        self.rows = len(book.entries) + sum(len(entry.proofs) for entry in book.entries)
        self.filled = {
            proof.key: (proof.planned.title, proof.template.path) for proof in book.proofs() if proof.template
        }
        self.path = cache(template_set.path)
        self.title = cache(template_set.title)

    def volumes(self) -> tuple[list[list[Block]], dict[str, Document]]:
        back = [self.front_document(entry, "back", 1) for entry in self.manifest.back]
        counted: list[Document] = []
        if lock := self.book.lock:
            counted = self.counted(several=lock.volumes > 1)
            blocks_of_all = [*map(self.block, counted), *self.body(), *map(self.block, back)]
            bodies = frozen.arrange(blocks_of_all, lock, self.book)
        else:
            bodies = self.bodies([*map(self.block, back)])
        matter = {document.key: document for document in (*counted, *back)}
        several = len(bodies) > 1
        volumes: list[list[Block]] = []
        documents: dict[str, Document] = {}
        for number, blocks in enumerate(bodies, start=1):
            front = [d for d in self.before(number, several=several) if d.key not in matter]
            documents |= {d.key: d for d in front}
            documents |= {b.key: replace(matter[b.key], volume=number) for b in blocks if b.key in matter}
            documents |= {b.key: self.body_document(b, number) for b in blocks if self.is_document(b)}
            volumes.append([*map(self.block, front), *blocks])
        return volumes, _told_apart(documents)

    def body(self) -> list[Block]:
        return [
            replace(block, pages=self.lengths.get(block.key, 1)) if self.is_document(block) else block
            for block in self.book.blocks()
        ]

    def counted(self, *, several: bool) -> list[Document]:
        """Return the documents before the items whose pages are counted; print has them in places of their own."""
        return list(dropwhile(lambda document: document.kind in numbering.UNCOUNTED, self.before(1, several=several)))

    def bodies(self, after: list[Block]) -> list[list[Block]]:
        """Return what each volume holds behind its front matter."""
        manifest, body = self.manifest, self.body()
        if manifest.volumes is None:
            return [[*body, *after]]

        @cache
        def overhead(volume: int) -> Load:
            front = [self.block(document) for document in self.before(volume, several=True)]
            size = sum(map(self.size, front)) if limits.size is not None else 0
            return Load(sum(block.pages + block.pages % 2 for block in front), size)

        limits, start_on, start = capacity.limits_of(manifest.volumes), manifest.page.start_on, manifest.numbering.start
        size = self.size if limits.size is not None else _weightless
        return numbering.split([*body, *after], limits, overhead, start_on, start, size)

    def size(self, block: Block) -> int:
        """Estimate the bytes that a block takes in its volume's file."""
        if proof := self.bound.get(block.key):
            return capacity.size_of(proof)
        return capacity.size_of_document(self.sizes.get(block.key, 0), block.pages)

    def block(self, document: Document) -> Block:
        guess = -(-self.rows // _ROWS_A_PAGE) if document.kind == "index" else 1
        return Block(document.kind, document.key, self.lengths.get(document.key, max(1, guess)))

    def is_document(self, block: Block) -> bool:
        return block.kind in ("divider", "placeholder") or block.key in self.filled

    def body_document(self, block: Block, volume: int) -> Document:
        name = block.key.replace(":", "-")
        if block.key.startswith((VACANT, WITHDRAWN)):
            name = name.replace("/", "-")
            return Document(block.key, block.kind, self.path("vacant"), volume=volume, name=name)
        if proof := self.filled.get(block.key):
            return Document(block.key, block.kind, proof[1], proof[0], volume, name)
        return Document(block.key, block.kind, self.path(block.kind), volume=volume, name=name)

    def before(self, volume: int, *, several: bool) -> list[Document]:
        """Return the documents that a volume begins with."""
        documents: list[Document] = []
        for entry in self.manifest.front:
            if entry.name == "index" and several and volume == 1:
                general = self.front_document(entry, "index", volume)
                documents.append(
                    Document("general", "index", general.template, general.title, volume, name="index-general")
                )
            if volume == 1 or entry.name in numbering.UNCOUNTED:
                documents.append(self.front_document(entry, "front", volume))
        return documents

    def front_document(self, entry: Front, kind: str, volume: int) -> Document:
        if entry.file:
            path = self.book.plan.documents[entry.file].path
            name = f"{kind}-{entry.file.replace('/', '-').rpartition('.')[0]}"
            if path is None:
                template, title = self.path("placeholder"), entry.title or entry.file
                return Document(f"{kind}:{entry.file}", kind, template, title, volume, name, missing=entry.file)
            literal = not entry.template or recognise(path) is Kind.PDF
            title = entry.title or path.stem
            return Document(f"{kind}:{entry.file}", kind, path, title, volume, name, literal)
        kind = entry.name if entry.name in numbering.UNCOUNTED else kind
        name = f"{entry.name}-{volume}" if volume > 1 else entry.name
        title = entry.title or self.title(entry.name)
        return Document(f"{entry.name}:{volume}", kind, self.path(entry.name), title, volume, name)


def _weightless(block: Block) -> int:
    return 0


def _told_apart(documents: Mapping[str, Document]) -> dict[str, Document]:
    """Give each document a file name of its own, also where a disk takes upper and lower case for the same."""
    taken: set[str] = set()
    named: dict[str, Document] = {}
    for key, document in documents.items():
        name, count = document.name, 1
        while (file := f"{name}{document.template.suffix}".lower()) in taken:
            count += 1
            name = f"{document.name}-{count}"
        taken.add(file)
        named[key] = replace(document, name=name)
    return named
