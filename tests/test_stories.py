"""Whole books through long stories: what is printed says what the receipt says, and keeps its labels while frozen.

Three stories by default; ``DOSSIER_STORIES=20`` in the environment makes so many, each from a seed of its own.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pikepdf
import pypdf
import pytest
import yaml
from reportlab.pdfgen.canvas import Canvas
from test_reprint import Books, changed_by_hand, shown

import dossier
from dossier import cli, lock
from dossier.build import Binder
from dossier.errors import FrozenError

STORIES = int(os.environ.get("DOSSIER_STORIES", "3"))
KEYS: tuple[dict[str, Any], ...] = (
    {},
    {"page": {"start_on": "any"}, "numbering": {"left_out": "note"}},
    {"volumes": {"by": "section"}, "numbering": {"restart": "volume"}},
)
CHANGES = ("add", "add", "add item", "grow", "grow", "shrink", "shrink", "remove", "reorder")

Marker = tuple[str, int]
"""What a page of a source shows: the name of the source, and the page's number in it."""


@dataclass
class Office:
    """A folder with a dossier that changes: items with files in order, each of so many pages."""

    folder: Path
    keys: dict[str, Any]
    dice: random.Random
    items: dict[str, dict[str, int]] = field(default_factory=dict)
    printed: dict[Marker, str] = field(default_factory=dict)
    frozen: bool = False
    told: list[str] = field(default_factory=list)
    books: Iterator[int] = field(default_factory=lambda: count(1))
    names: Iterator[str] = field(default_factory=lambda: map("file{}".format, count(1)))

    @property
    def manifest(self) -> Path:
        return self.folder / "dossier.yaml"

    def change(self, what: str) -> None:
        """Change the dossier in one way, somewhere."""
        item = self.dice.choice(sorted(self.items))
        files = self.items[item]
        name = self.dice.choice(sorted(files))
        pages = self.dice.randint(1, 3)
        self.told.append(f"{what}: {item} {name} {pages}")
        if what == "add":
            rows = list(files.items())
            rows.insert(self.dice.randint(0, len(rows)), (next(self.names), pages))
            self.items[item] = dict(rows)
        elif what == "add item":
            new = next(self.names)
            items = list(self.items.items())
            items.insert(self.dice.randint(0, len(items)), (new.replace("file", "9-"), {new: pages}))
            self.items = dict(items)
        elif what == "grow":
            files[name] += pages
        elif what == "shrink":
            files[name] = max(1, files[name] - pages)
        elif what == "reorder":
            names = list(files)
            self.dice.shuffle(names)
            self.items[item] = {one: files[one] for one in names}
        elif len(files) > 1 or len(self.items) > 1:
            del files[name]
            self.items = {id: files for id, files in self.items.items() if files}

    def build(self) -> Binder:
        """Build the book into a folder of its own; where no number is left between two, give up the printed ones."""
        self.lay()
        out = self.folder / f"book-{next(self.books)}"
        with ThreadPoolExecutor(1) as threads:
            try:
                binder = dossier.build(self.manifest, out, engine="embedded", executor=threads)
            except FrozenError as error:
                if "no number is left" not in error.message:
                    raise
                self.release()
                binder = dossier.build(self.manifest, out, engine="embedded", executor=threads)
        assert binder.complete, binder.problems
        return binder

    def lay(self) -> None:
        sources = self.folder / "sources"
        shutil.rmtree(sources, ignore_errors=True)
        sources.mkdir()
        for files in self.items.values():
            for name, pages in files.items():
                draw(sources / f"{name}.pdf", name, pages)
        items = [
            {"id": id, "title": f"指标{id}", "unit": "甲局", "evidence": [{"file": f"{name}.pdf"} for name in files]}
            for id, files in self.items.items()
        ]
        manifest = {"title": "印证材料", "date": "2023-12-15", "front": ["cover", "index"], "back": ["checklist"],
                    "sources": "sources", "items": items, **self.keys}  # fmt: skip
        self.manifest.write_text(yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False), encoding="utf-8")

    def does(self, what: str, book: Binder) -> None:
        """Do what a story says, where that can be done; ``book`` is the one that stands."""
        if what == "freeze" or (what == "update" and self.frozen):
            lock.freeze(self.manifest, book.receipt, update=what == "update")
            self.frozen, self.printed = True, labels_of(read(book))
        elif what == "release" and self.frozen:
            self.release()
        elif what not in ("update", "release"):
            self.change(what)
            return
        self.told.append(what)

    def release(self) -> None:
        lock.release(self.manifest)
        self.frozen, self.printed = False, {}


def draw(path: Path, name: str, pages: int) -> None:
    canvas = Canvas(str(path), invariant=1)
    for page in range(1, pages + 1):
        canvas.drawString(200, 400, f"{name} p{page}.")
        canvas.showPage()
    canvas.save()


def story(dice: random.Random) -> list[str]:
    """Return what happens, one thing after the other: the book is printed early, and given up late."""
    some = [dice.choice(CHANGES) for _ in range(9)]
    return [*some[:1], "freeze", *some[1:5], "update", *some[5:8], "release", *some[8:]]


# --- what is proved of every book ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """What a page of a book shows, and what viewers call it."""

    volume: int
    page: int
    text: str
    label: str

    @property
    def marker(self) -> Marker | None:
        found = re.search(r"(file\d+) p(\d+)\.", self.text)
        return (found[1], int(found[2])) if found else None


def read(binder: Binder) -> list[Shown]:
    return [
        Shown(volume, place, page.extract_text(), label)
        for volume, path in enumerate(binder.paths, start=1)
        for reader in [pypdf.PdfReader(path)]
        for place, (page, label) in enumerate(zip(reader.pages, reader.page_labels, strict=True), start=1)
    ]


def labels_of(book: list[Shown]) -> dict[Marker, str]:
    """Return the label printed on every page of evidence."""
    found: dict[Marker, str] = {}
    for page in book:
        label = re.search(r"— (\S+) —", page.text)
        if page.marker:
            assert label is not None, page.text
            assert page.marker not in found
            found[page.marker] = label[1]
    return found


def numbered(binder: Binder) -> list[tuple[int, int, str, str]]:
    return [(page.volume, page.page, page.label, page.key) for page in binder.receipt.pages]


def prove_receipt(binder: Binder, book: list[Shown], items: dict[str, dict[str, int]]) -> None:
    """Prove that the book shows what its receipt says, where it says that, and all of the evidence, once."""
    assert [(page.volume, page.page) for page in binder.receipt.pages] == [(page.volume, page.page) for page in book]
    for page, there in zip(binder.receipt.pages, book, strict=True):
        assert "".join(there.text.split()).endswith("".join(page.label.split()))
        assert not page.label or page.number == there.label
        evidence = page.kind == "evidence"
        assert there.marker == ((page.source.removesuffix(".pdf"), page.source_page) if evidence else None)
    wanted = {(name, page) for files in items.values() for name, pages in files.items() for page in range(1, pages + 1)}
    assert set(labels_of(book)) == wanted
    # Every volume has an index, with numbers of its own.
    labels = [(page.volume * (page.kind == "index"), page.label) for page in binder.receipt.pages if page.label]
    assert len(set(labels)) == len(labels)


def prove_sheets(old: Binder, new: Binder, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Prove that the sheets that are told make the new book of the old one."""
    folder.mkdir()
    for name, binder in (("old", old), ("new", new)):
        (folder / name).symlink_to(binder.folder)
    capsys.readouterr()
    arguments = [str(folder / "old"), str(folder / "new"), "--json", "--pdf", str(folder / "print.pdf")]
    status = cli.main(["diff", *arguments])
    told = json.loads(capsys.readouterr().out)
    before, now = ([sides(path) for path in binder.paths] for binder in (old, new))
    assert status == (1 if told["steps"] or told["changes"] else 0)
    assert bool(told["steps"]) == (before != now)
    if not told["steps"]:
        return
    if not (folder / "print.pdf").exists():
        assert not any(one["from"] is None for step in told["steps"] for one in step["put"])
        shutil.copyfile(new.paths[0], folder / "print.pdf")  # nothing is taken from it
    with ExitStack() as files:
        found: Any = SimpleNamespace(old=old)
        lay = changed_by_hand(Books(folder, found, told), files)
        made = [shown(bound(volume, folder / f"{number}.pdf")) for number, volume in enumerate(lay)]
    assert made == now


sides = cache(shown)


def bound(volume: list[list[pikepdf.Page]], path: Path) -> Path:
    """Write sheets one behind the other, those without a back with an empty one."""
    with pikepdf.new() as pdf:
        for sheet in volume:
            pdf.pages.extend(sheet)
            if len(sheet) == 1:
                pdf.add_blank_page()
        pdf.save(path)
    return path


@pytest.mark.parametrize("number", range(STORIES))
def test_a_book_keeps_what_is_printed_and_says_where_it_is(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(number)
    office = Office(tmp_path, KEYS[number % len(KEYS)], dice)
    for item in ("1-1", "1-2"):
        office.items[item] = {next(office.names): dice.randint(1, 4) for _ in range(2)}
    book = office.build()
    prove_receipt(book, read(book), office.items)
    for step, what in enumerate(story(dice)):
        office.does(what, book)
        now = office.build()
        shows = read(now)
        labels = labels_of(shows)
        prove_receipt(now, shows, office.items)
        kept = {marker: label for marker, label in office.printed.items() if marker in labels}
        assert {marker: labels[marker] for marker in kept} == kept, office.told
        if what in ("freeze", "update"):
            assert numbered(now) == numbered(book), office.told
        if what == "freeze":
            assert [path.read_bytes() for path in now.paths] == [path.read_bytes() for path in book.paths], office.told
        prove_sheets(book, now, tmp_path / f"sheets-{step}", capsys)
        book = now
