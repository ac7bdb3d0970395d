"""Compares two finished binders: what became of each item and each piece of evidence, and what each printed side shows.

A binder is told by its receipt. Where both books lie beside theirs, how labels and watermarks look is compared as well;
a receipt alone says what they are, not how they look.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import pikepdf

from dossier import publish, receipt, sheets
from dossier.errors import UsageError
from dossier.receipt import Page, Receipt
from dossier.sheets import Sheet, Side, Step
from dossier.sources import sha256_of
from dossier.stamp import FONT_NAME, STATE_NAME
from dossier.verify import receipt_of

What = Literal["item", "evidence", "document"]
Became = Literal["added", "removed", "changed", "moved"]

_HEX_TEXT = re.compile(rb"<([0-9A-F]+)> Tj")
_CODES = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")
_ITEM_FIELDS: Final = ("title", "unit", "points", "self_score", "status")
_EVIDENCE_FIELDS: Final = ("title", "status", "see")
_RECEIPTS: Final = (".json", ".gz")
_DOCUMENTS: Final = ("cover", "index", "front", "back")


# --- reading binders -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edition:
    """A finished binder: its receipt, and the PDF of each volume where it lies beside that."""

    path: Path
    receipt: Receipt
    files: tuple[Path | None, ...]

    @property
    def whole(self) -> bool:
        """Say whether every volume lies beside the receipt."""
        return None not in self.files

    @cached_property
    def stamps(self) -> dict[tuple[int, int], str]:
        """What is drawn on each page besides what it shows of its source, by volume and page."""
        found: dict[tuple[int, int], str] = {}
        for volume, path in enumerate(self.files, start=1):
            if path is not None:
                found |= {(volume, page): text for page, text in enumerate(_stamps(path), start=1)}
        return found


def read(path: Path) -> Edition:
    """Read a binder by its folder, its receipt or its PDF, or an earlier one by its receipt in the history.

    Raises UsageError where there is none, and where a volume is not the one that the receipt speaks of; of the history
    it need not be, for the book that lies there may be a later one.
    """
    earlier = path.absolute().parent.name == receipt.HISTORY and path.suffix.lower() in _RECEIPTS
    folder = path.absolute().parent.parent if earlier else path if path.is_dir() else path.parent
    return publish.steady(folder, lambda: _read(path, folder, earlier=earlier))


def _read(path: Path, folder: Path, *, earlier: bool) -> Edition:
    if not path.exists():
        raise UsageError(
            f"{path} is not there", fix="name the folder of a finished binder, its receipt.json or its PDF"
        )
    named = path if path.suffix.lower() in _RECEIPTS else receipt_of(path)
    claimed = receipt.read(named)
    if path.suffix.lower() == ".pdf" and path.name not in {volume.file for volume in claimed.volumes}:
        raise UsageError(f"{path.name} is not a volume of the binder in {folder}", fix="name the binder's own PDF")
    listed = [(page.volume, page.page) for page in claimed.pages]
    if listed != [
        (number, page) for number, volume in enumerate(claimed.volumes, start=1) for page in range(1, volume.pages + 1)
    ]:
        raise UsageError(f"{named} does not list every page once, in order", fix="build the binder again")
    return Edition(named, claimed, tuple(_file(named, volume, folder, earlier=earlier) for volume in claimed.volumes))


def _file(named: Path, volume: receipt.Volume, folder: Path, *, earlier: bool) -> Path | None:
    if Path(volume.file).name != volume.file:
        raise UsageError(f"{named} names {volume.file}, which does not lie beside it", fix="build the binder again")
    path = folder / volume.file
    if not path.is_file():
        return None
    if sha256_of(path) != volume.sha256:
        if earlier:
            return None
        raise UsageError(
            f"{path} is not the book that {named} speaks of: its checksum differs",
            fix="name the folder where book and receipt of one build lie together",
        )
    return path


def _stamps(path: Path) -> Iterator[str]:
    """Yield what the content of each page says, its letters as text: fonts of two books number them differently."""
    faces: dict[tuple[int, int], dict[bytes, str]] = {}
    with pikepdf.open(path) as pdf:
        for page in pdf.pages:
            content = page.obj.Contents.read_bytes() if "/Contents" in page.obj else b""
            font = _font(page.obj)
            face: dict[bytes, str] = {}
            if font is not None:
                if font.objgen not in faces:
                    rows = _CODES.findall(font.ToUnicode.read_bytes())
                    faces[font.objgen] = {code: bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in rows}
                face = faces[font.objgen]
            yield _spelt(content, face)


def _font(page: pikepdf.Object) -> Any:
    fonts = page.get("/Resources", pikepdf.Dictionary()).get("/Font", pikepdf.Dictionary())
    return fonts.get(FONT_NAME)


def _spelt(content: bytes, face: Mapping[bytes, str]) -> str:
    def text(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return "".join(face.get(code[at : at + 4], "?") for at in range(0, len(code), 4)).encode()

    return _HEX_TEXT.sub(text, content).decode()


# --- what was compared ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is in a book: its volume, and its pages as one says them; empty where it has none."""

    volume: int = 0
    pages: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an item, of a piece of evidence, or of the book's own documents of one kind.

    ``pages`` of the new book show something else than before or are new, and ``spans`` are the first and last of those
    that follow each other; ``gone`` are pages of the old one that are there no more. ``fields`` are what the receipt
    says otherwise, as (name, before, now). Evidence whose id is another now was called ``old_id``.
    """

    what: What
    became: Became
    id: str
    title: str
    was: Place = Place()
    now: Place = Place()
    pages: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    fields: tuple[tuple[str, str, str], ...] = ()
    old_id: str = ""
    spans: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that differs between two binders, and what to do with the sheets of the old one.

    ``looks`` says whether the looks of labels and watermarks were compared too.
    """

    old: Edition
    new: Edition
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    looks: bool
    volumes: tuple[int, int] = field(default=(0, 0))

    @property
    def same(self) -> bool:
        """Say that nothing differs."""
        return not self.changes and not self.steps

    @property
    def printed(self) -> tuple[Sheet, ...]:
        """The sheets to print, in the order of the steps."""
        return tuple(sheet for step in self.steps for sheet in step.printed)


def compare(old: Edition, new: Edition) -> Comparison:
    """Compare two binders."""
    looks = old.whole and new.whole
    before, now = (_sheets(one, looks=looks) for one in (old, new))
    changes = (*_items(old.receipt, new.receipt), *_documents(old.receipt, new.receipt))
    count = (len(old.receipt.volumes), len(new.receipt.volumes))
    return Comparison(old, new, changes, sheets.steps(before, now), looks, count)


# --- sheets --------------------------------------------------------------------------------------------------------


def _sheets(edition: Edition, *, looks: bool) -> list[list[Sheet]]:
    volumes: list[list[Side]] = [[] for _ in edition.receipt.volumes]
    for page in edition.receipt.pages:
        stamp = edition.stamps.get((page.volume, page.page)) if looks else None
        look = _look(page, stamp, complete=edition.receipt.complete)
        volumes[page.volume - 1].append(Side(page.page, page.number if page.label else "", page.kind, look))
    return [sheets.sheets(volume, sides) for volume, sides in enumerate(volumes, start=1)]


def _look(page: Page, stamp: str | None, *, complete: bool) -> str:
    if page.kind == "blank" and (complete if stamp is None else STATE_NAME not in stamp):
        return ""
    drawn = (page.label, page.placed, page.marks, complete) if stamp is None else stamp
    return repr((page.digest, page.width, page.height, drawn))


# --- items and evidence --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Thing:
    """An item or a piece of evidence with the pages that are its own."""

    id: str
    title: str
    said: tuple[str, ...]
    pages: tuple[Page, ...]
    place: Place

    @property
    def digests(self) -> tuple[str, ...]:
        return tuple(page.digest for page in self.pages)

    @property
    def labels(self) -> tuple[tuple[int, str], ...]:
        return tuple((page.volume, page.label) for page in self.pages)

    @property
    def drawn(self) -> tuple[object, ...]:
        return tuple((page.placed, page.marks, page.width, page.height) for page in self.pages)


def _items(old: Receipt, new: Receipt) -> Iterator[Change]:
    befores, nows = _evidence(old), _evidence(new)
    renamed = _paired(befores, nows)
    gone = {id for id in befores if id not in renamed.values()}
    items_before, items_now = _headed(old), _headed(new)
    for item in new.items:
        yield from _item(items_before.get(item.id), items_now[item.id])
        for proof in item.evidence:
            was = renamed.get(proof.id)
            yield from _proof(befores[was] if was else None, nows[proof.id])
    for item in old.items:
        if item.id not in items_now:
            one = items_before[item.id]
            yield Change("item", "removed", one.id, one.title, was=one.place)
        for proof in item.evidence:
            if proof.id in gone:
                was_there = befores[proof.id]
                numbers = _numbers(was_there.pages)
                yield Change("evidence", "removed", proof.id, proof.title, was=was_there.place, gone=numbers)


def _paired(old: Mapping[str, _Thing], new: Mapping[str, _Thing]) -> dict[str, str]:
    """Return which evidence of the old book each of the new one is, by ids.

    What shows the same is the same, above all under the same id; then the same id tells. So evidence that only got
    another id, for something was put in before it, is not taken for a change of both.
    """
    pairs = {id: id for id, thing in new.items() if id in old and old[id].digests == thing.digests}
    free: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for id, thing in old.items():
        if id not in pairs and thing.pages:
            free[thing.digests].append(id)
    taken = set(pairs.values())
    for id, thing in new.items():
        if id not in pairs and thing.pages and free[thing.digests]:
            pairs[id] = free[thing.digests].pop(0)
            taken.add(pairs[id])
    return pairs | {id: id for id in new if id not in pairs and id in old and id not in taken}


def _item(was: _Thing | None, now: _Thing) -> Iterator[Change]:
    pages, gone = _other_pages(was.pages if was else (), now.pages)
    if was is None:
        yield Change("item", "added", now.id, now.title, now=now.place, pages=_numbers(pages), spans=_spans(pages))
        return
    fields = _fields(_ITEM_FIELDS, was, now)
    # A divider shows page numbers: that it shows others is no change of the item.
    elsewhere = was.place != now.place
    if fields or pages or gone or elsewhere or was.drawn != now.drawn:
        became: Became = "moved" if elsewhere and not fields else "changed"
        yield Change(
            "item", became, now.id, now.title, was.place, now.place,
            _numbers(pages), _numbers(gone), fields, spans=_spans(pages),
        )  # fmt: skip


def _proof(was: _Thing | None, now: _Thing) -> Iterator[Change]:
    if was is None:
        numbers, spans = _numbers(now.pages), _spans(now.pages)
        yield Change("evidence", "added", now.id, now.title, now=now.place, pages=numbers, spans=spans)
        return
    fields = _fields(_EVIDENCE_FIELDS, was, now)
    old_id = was.id if was.id != now.id else ""
    if was.digests != now.digests or fields:
        pages, gone = _other_pages(was.pages, now.pages)
        yield Change(
            "evidence", "changed", now.id, now.title, was.place, now.place,
            _numbers(pages), _numbers(gone), fields, old_id, _spans(pages),
        )  # fmt: skip
    elif was.labels != now.labels or old_id:
        yield Change("evidence", "moved", now.id, now.title, was.place, now.place, old_id=old_id)
    elif was.drawn != now.drawn:
        moved = zip(was.pages, now.pages, was.drawn, now.drawn, strict=True)
        other = [page for _, page, before, after in moved if before != after]
        yield Change(
            "evidence", "changed", now.id, now.title, was.place, now.place, _numbers(other), spans=_spans(other)
        )


def _fields(names: Sequence[str], was: _Thing, now: _Thing) -> tuple[tuple[str, str, str], ...]:
    told = zip(names, was.said, now.said, strict=True)
    return tuple((name, before, after) for name, before, after in told if before != after)


def _other_pages(was: Sequence[Page], now: Sequence[Page]) -> tuple[list[Page], list[Page]]:
    """Return the pages of the new book that show something else, and those of the old one that are gone."""
    matcher = SequenceMatcher(None, [page.digest for page in was], [page.digest for page in now], autojunk=False)
    other: list[Page] = []
    gone: list[Page] = []
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag != "equal":
            other += now[start:end]
            gone += was[first:last][end - start :]  # the others are replaced, page for page
    return other, gone


def _spans(pages: Sequence[Page]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[Page, Page]] = []
    for page in pages:
        if found and (found[-1][1].volume, found[-1][1].page + 1) == (page.volume, page.page):
            found[-1] = (found[-1][0], page)
        else:
            found.append((page, page))
    return tuple((first.number, last.number) for first, last in found)


def _numbers(pages: Sequence[Page]) -> tuple[str, ...]:
    return tuple(page.number for page in pages)


def _evidence(of: Receipt) -> dict[str, _Thing]:
    pages = _grouped(of, lambda page: page.evidence)
    found: dict[str, _Thing] = {}
    for item in of.items:
        for proof in item.evidence:
            own = pages.get(proof.id, ()) if not proof.see else ()
            said = (proof.title, proof.status, proof.see)
            found[proof.id] = _Thing(proof.id, proof.title, said, own, _place(own))
    return found


def _headed(of: Receipt) -> dict[str, _Thing]:
    """Return the items with the pages that belong to none of their evidence: dividers, and sheets for what is missing.

    Their place is where they begin.
    """
    pages = _grouped(of, lambda page: page.item if not page.evidence else "")
    found: dict[str, _Thing] = {}
    for item in of.items:
        said = (item.title, item.unit, item.points, item.self_score, item.status)
        place = Place(item.volume or 0, item.number)
        found[item.id] = _Thing(item.id, item.title, said, pages.get(item.id, ()), place)
    return found


def _grouped(of: Receipt, key: Callable[[Page], str]) -> dict[str, tuple[Page, ...]]:
    groups: defaultdict[str, list[Page]] = defaultdict(list)
    for page in of.pages:
        if page.kind != "blank" and key(page):
            groups[key(page)].append(page)
    return {name: tuple(group) for name, group in groups.items()}


def _place(pages: Sequence[Page]) -> Place:
    if not pages:
        return Place()
    first, last = pages[0].number, pages[-1].number
    return Place(pages[0].volume, first if first == last else f"{first}—{last}")


def _documents(old: Receipt, new: Receipt) -> Iterator[Change]:
    """Say which pages of the book's own documents differ, by volume and kind; receipts do not say which is which."""
    befores, nows = (_grouped(of, lambda page: f"{page.volume} {page.kind}") for of in (old, new))
    for volume in range(1, max(len(old.volumes), len(new.volumes)) + 1):
        for kind in _DOCUMENTS:
            pages = (group.get(f"{volume} {kind}", ()) for group in (befores, nows))
            was, now = (_Thing(kind, "", (), own, _place(own)) for own in pages)
            other, gone = _other_pages(was.pages, now.pages)
            if other or gone:
                became: Became = "changed" if was.pages and now.pages else "added" if now.pages else "removed"
                yield Change(
                    "document", became, kind, "", was.place, now.place,
                    _numbers(other), _numbers(gone), spans=_spans(other),
                )  # fmt: skip
            elif was.labels != now.labels:
                yield Change("document", "moved", kind, "", was.place, now.place)
