"""A desk on which tests number books of made-up sources with templates of a few paragraphs; nothing is converted."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import docx
import yaml
from conftest import MakeDocx

import dossier
from dossier import book, frontmatter, plan, template_sets
from dossier.book import Book
from dossier.errors import ConversionError
from dossier.frontmatter import Settled
from dossier.part import Ink, Part, PartPage
from dossier.sources import Kind

Lengths = Callable[[str, list[str]], int]
TODAY = date(2023, 12, 15)
LOOP = "{%p for row in index %}", "{%p endfor %}"


def a_part(path: Path, pages: int) -> Part:
    """Return a part of so many empty pages."""
    return Part(path, (PartPage(595.0, 842.0, Ink(1, (0,)), ""),) * pages)


def lines(path: Path) -> list[str]:
    """Return the paragraphs of a Word file that are not empty."""
    if not zipfile.is_zipfile(path):
        return []
    return [paragraph.text for paragraph in docx.Document(str(path)).paragraphs if paragraph.text]


class Desk:
    """Numbers books of made-up sources with templates of one paragraph; nothing is converted."""

    def __init__(self, folder: Path, make_docx: MakeDocx) -> None:
        self.folder = folder
        self.make_docx = make_docx
        self.asked: list[list[str]] = []
        for name in ("cover", "index", "divider", "placeholder"):
            self.template(name, name)

    def template(self, name: str, *paragraphs: str) -> None:
        self.make_docx(f"mine/{name}.docx", *paragraphs)

    def book(self, items: list[dict[str, Any]], pages: Mapping[str, int] | None = None, **keys: Any) -> Book:
        """Plan a dossier whose sources have so many ``pages`` (one, if not said; 0 for a file that is refused)."""
        manifest = {
            "title": "Title", "sources": "sources", "template_set": "mine", "items": items,
            "front": ["cover", "index"], **keys,
        }  # fmt: skip
        path = self.folder / "dossier.yaml"
        path.write_text(yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8")
        (self.folder / "sources").mkdir(exist_ok=True)
        for name in pages or {}:
            (self.folder / "sources" / name).write_bytes(b"%PDF-1.7\n" + name.encode())
        planned = plan.plan(dossier.load(path), {Kind.PDF, Kind.DOCX})
        outcomes: dict[str, Part | ConversionError] = {
            source.name: a_part(source.files[0].path, (pages or {})[source.name])
            if (pages or {})[source.name]
            else ConversionError("it is damaged", fix="send it again")
            for proof in planned.evidence()
            if not proof.entry.template
            for source in proof.sources
        }
        return book.collect(planned, outcomes)

    def settle(
        self, of: Book, lengths: Lengths = lambda key, text: 1, earlier: Mapping[str, tuple[Path, str]] | None = None
    ) -> Settled:
        """Settle a book; ``lengths`` says how long a document is, by its key and the text it is filled with."""

        def convert(filled: Mapping[str, Path]) -> dict[str, Part]:
            self.asked.append(list(filled))
            return {key: a_part(path, lengths(key, lines(path))) for key, path in filled.items()}

        found = template_sets.find_set("mine", self.folder)
        (self.folder / "filled").mkdir(exist_ok=True)
        return frontmatter.settle(of, found, TODAY, convert, self.folder / "filled", earlier or {})

    def shows(self, of: Book, name: str, *paragraphs: str, lengths: Lengths = lambda key, text: 1) -> list[str]:
        """Fill a template and return its lines."""
        self.template(name, *paragraphs)
        self.settle(of, lengths)
        return lines(self.folder / "filled" / f"{name}.docx")


def shown_all(holder: str, names: str) -> list[str]:
    """Return a tag for each of some names, divided by spaces."""
    return [f"{{{{ {holder}.{name} }}}}" for name in names.split()]


def item(id: str, *files: str, **keys: Any) -> dict[str, Any]:
    return {"id": id, "title": f"Item {id}", "evidence": [{"file": file} for file in files], **keys}


def section(id: str, *items: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"id": id, "title": f"Section {id}", "items": list(items), **keys}


TWO_SECTIONS = [
    section("1", item("1-1", "a.pdf", "b.pdf"), section("1-2", item("1-2-1", "c.pdf"))),
    item("2", "d.pdf"),
]
PAGES = {"a.pdf": 3, "b.pdf": 1, "c.pdf": 2, "d.pdf": 1}
