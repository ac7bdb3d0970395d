"""Filling and converting an index of 250, 500, 1,000 and 2,000 rows, and numbering the book that it belongs to.

Twice the rows should take twice the time: the last figure, of a row, should stay as it is. Times are those of the
processor, which other programs disturb less.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import measure
import yaml

import dossier
from dossier import book, fonts, frontmatter, numbering, plan, template_sets
from dossier.context import Scene
from dossier.convert import embedded, libreoffice
from dossier.documents import lay_out
from dossier.errors import ConversionError
from dossier.numbering import Style
from dossier.part import Ink, Part, PartPage
from dossier.sources import Kind
from dossier.template_sets import TemplateSet

ROWS = (250, 500, 1000, 2000)
EVIDENCE = 3  # of each item
TITLE = "云岭市国民经济和社会发展第十四个五年规划和二〇三五年远景目标纲要"
PAGE = PartPage(595.0, 842.0, Ink(1, (0,)), "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=["embedded", "libreoffice"], default="embedded")
    parser.add_argument("--set", default="official")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(measure.machine())
    with tempfile.TemporaryDirectory() as name:
        run(Path(name), options.engine, template_sets.find_set(options.set, Path()), options.rounds)


def run(folder: Path, engine: str, found: TemplateSet, rounds: int) -> None:
    """Print seconds, and milliseconds a row, of each stage."""
    for rows in ROWS:
        own = folder / str(rows)
        own.mkdir()
        collected = a_book(own, rows, found)
        volumes, documents = lay_out(collected, found, {})
        pagination = numbering.paginate(volumes, Style())
        index = next(document for document in documents.values() if document.kind == "index")

        def fill() -> Path:
            scene = Scene(collected, documents, pagination, date(2023, 12, 15), found)  # noqa: B023
            return frontmatter.fill(index, scene, own)  # noqa: B023

        def settle() -> int:
            return frontmatter.settle(collected, found, date(2023, 12, 15), one_page_each, own).rounds  # noqa: B023

        filled = fill()
        stages: dict[str, Callable[[], object]] = {
            "fill the index": fill,
            f"convert it ({engine})": lambda: convert(filled, engine, own),  # noqa: B023
            "number the book and fill all its documents": settle,
        }
        for name, stage in stages.items():
            took = statistics.median(seconds(stage) for _ in range(rounds))
            print(f"{rows:5} rows: {name}: {took:.2f} s, {took / rows * 1000:.2f} ms a row")


def a_book(folder: Path, rows: int, found: TemplateSet) -> book.Book:
    """Return a book, made with a template set, whose index has so many rows."""
    count = rows // (EVIDENCE + 1)
    items = [
        {
            "id": f"{n // 50 + 1}-{n % 50 + 1}",
            "title": TITLE,
            "unit": "市场监督管理局",
            "points": 1,
            "evidence": [{"file": "a.pdf", "title": f"{TITLE}（{m}）", "date": "2021-03-01"} for m in range(EVIDENCE)],
        }
        for n in range(count)
    ]
    sections = [
        {"id": str(n + 1), "title": TITLE, "items": items[n * 50 : n * 50 + 50]} for n in range(-(-count // 50))
    ]
    path = folder / "dossier.yaml"
    path.write_text(yaml.safe_dump({"title": TITLE, "sources": "sources", "items": sections}, allow_unicode=True))
    (folder / "sources").mkdir()
    (folder / "sources" / "a.pdf").write_bytes(b"%PDF-1.7\n")
    planned = plan.plan(found.complete(dossier.load(path)), {Kind.PDF})
    parts: dict[str, Part | ConversionError] = {
        source.key: Part(Path(), (PAGE,) * 3) for proof in planned.evidence() for source in proof.sources
    }
    return book.collect(planned, parts)


def one_page_each(filled: Mapping[str, Path]) -> dict[str, Part]:
    """Take every document for a page, and an index for as many as it really has."""
    return {key: Part(path, (PAGE,) * (80 if key.startswith("index") else 1)) for key, path in filled.items()}


def convert(filled: Path, engine: str, folder: Path) -> object:
    """Convert a filled index."""
    if engine == "embedded":
        return embedded.convert(filled, folder / "index.pdf")
    outcome = libreoffice.convert_batch([(filled, folder / "index.pdf")], fontconfig=fonts.write_fontconfig(folder))
    if isinstance(outcome[0], ConversionError):
        raise outcome[0]
    return outcome


def seconds(stage: Callable[[], object]) -> float:
    """Return how much of the processor a stage takes, of its own and of programs that it starts."""
    before = _spent()
    stage()
    return _spent() - before


def _spent() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
