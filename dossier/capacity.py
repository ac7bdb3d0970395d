"""What pages take in the file of a volume, and which volumes hold more than the manifest allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import pikepdf

from dossier.book import Book, Proof
from dossier.errors import Problem
from dossier.manifest import Volumes
from dossier.numbering import Limits, Pagination
from dossier.part import Part

MB = 1_000_000
"""Bytes in a megabyte, as disks and upload forms count them."""

# What a volume's file holds besides its parts: stamps, jumps and its place in the file for each page, the labels' face
# for each volume. Generous: qpdf packs pages so well that the sample's book is no larger than its parts together.
_PAGE = 1_200
_VOLUME = 100_000
_UNKNOWN = 100_000  # a document that has not been filled yet
_STEP = 16_384  # sizes of documents are rounded up to it: a few other digits in an index change no volume


def limits_of(volumes: Volumes) -> Limits:
    """Return what one volume may hold; of its file what is left beside that which every volume's holds."""
    size = None if volumes.max_mb is None else volumes.max_mb * MB - _VOLUME
    return Limits(volumes.most_pages, size, volumes.by == "section")


def size_of(proof: Proof) -> int:
    """Estimate the bytes that a piece of evidence takes in a volume's file; never too few."""
    pages = sum(_PAGE * (len(bound.pages) + 1) for bound in proof.bound)
    return pages + sum(_bytes_of(bound.part.path, len(bound.part.pages), bound.pages) for bound in proof.bound)


def size_of_document(known: int, pages: int) -> int:
    """Estimate the bytes that a document takes, whose file as last filled had so many; 0 where it is not known."""
    return (known or _UNKNOWN) + _PAGE * (pages + 1)


def grown(sizes: Mapping[str, int], parts: Mapping[str, Part]) -> dict[str, int]:
    """Return the sizes of documents' files by key, each the largest so far: what only grows comes to rest."""
    measured = {key: -(-part.path.stat().st_size // _STEP) * _STEP for key, part in parts.items()}
    return {**sizes, **{key: max(size, sizes.get(key, 0)) for key, size in measured.items()}}


@lru_cache(maxsize=4096)
def _bytes_of(path: Path, count: int, pages: tuple[int, ...]) -> int:
    """Return how many bytes some pages (from 1) take of a part's file: all of it, or the objects that they need."""
    if len(set(pages)) == count:
        return path.stat().st_size
    with pikepdf.open(path) as pdf:
        found: set[tuple[int, int]] = set()
        size = 0
        todo: list[object] = [pdf.pages[page - 1].obj for page in set(pages)]
        while todo:
            one = todo.pop()
            if not isinstance(one, pikepdf.Object):
                continue  # a number
            if one.is_indirect:
                if one.objgen in found:
                    continue
                found.add(one.objgen)
            stream = isinstance(one, pikepdf.Stream)
            size += int(one.get("/Length", 0)) if stream else 0
            size += len(one.unparse(resolved=True)) if one.is_indirect and not stream else 0
            if stream or isinstance(one, pikepdf.Dictionary):
                todo += (value for key, value in one.items() if key != "/Parent")
            elif isinstance(one, pikepdf.Array):
                todo.extend(one)
        return size


# --- what holds too much -------------------------------------------------------------------------------------------


def too_long(book: Book, pagination: Pagination) -> list[Problem]:
    """Report the volumes that have more pages than they may, and why: each holds what cannot be divided."""
    wanted = book.plan.manifest.volumes
    most = wanted.most_pages if wanted else None
    if most is None:
        return []
    problems: list[Problem] = []
    for volume in range(1, max((slot.volume for slot in pagination.slots), default=0) + 1):
        count = pagination.pages_of(volume)
        if count > most:
            sheets = (count + 1) // 2
            message = f"volume {volume} has {count} pages on {sheets} sheets, more than the {most} pages that it may"
            alone = Counter(slot.evidence for slot in pagination.slots if slot.volume == volume and slot.evidence)
            problems.append(_above("volume-too-long", message, book, alone, most, "pages"))
    return problems


def too_large(book: Book, pagination: Pagination, files: Sequence[Path]) -> list[Problem]:
    """Report the volumes whose files, as bound, are larger than they may be; and which evidence makes them so."""
    wanted = book.plan.manifest.volumes
    if wanted is None or wanted.max_mb is None:
        return []
    problems: list[Problem] = []
    for volume, path in enumerate(files, start=1):
        size = path.stat().st_size
        if size > wanted.max_mb * MB:
            message = f"{path.name} has {size / MB:.1f} MB, more than the {wanted.max_mb} MB that it may"
            bound = {proof.id: proof for proof in book.proofs() if proof.bound}
            here = {slot.evidence for slot in pagination.slots if slot.volume == volume}
            alone = Counter({id: round(size_of(bound[id]) / MB) for id in here & bound.keys()})
            problems.append(_above("volume-too-large", message, book, alone, wanted.max_mb, "MB"))
    return problems


def _above(code: str, message: str, book: Book, alone: Counter[str], limit: int, unit: str) -> Problem:
    """Say which evidence fills a volume, if any takes as much as half of what it may hold."""
    if book.lock is not None:
        fix = "take a larger box for it; or number and print the book anew: `dossier freeze --release`"
        return Problem(code, f"{message}: what is printed stays in its volume", fix, "warning")
    id, most = alone.most_common(1)[0] if alone else ("", 0)
    if 2 * most < limit:
        fix = "allow more under `volumes`, or shorten the documents before and after the items"
        return Problem(code, f"{message}: the book's own documents fill it", fix, "warning")
    item = next(proof.item for proof in book.proofs() if proof.id == id)
    fix = "allow more under `volumes`, or divide the file into two pieces of evidence with `pages`"
    told = f"{message}: evidence is not cut, and {id} has {most} {unit}"
    return Problem(code, told, fix, "warning", book.plan.manifest.where(id), item, id)
