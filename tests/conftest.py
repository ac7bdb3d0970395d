"""Draws the documents, pages and photos that tests bind, and keeps each run's cache to itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml
from docx import Document
from docx.enum.text import WD_BREAK
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

A4 = (595.276, 841.89)
REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
"""Files from the wild, where they lie beside the project; tests that need them carry the marker ``real``."""


class MakePdf(Protocol):
    """Draws a PDF at ``name`` (in the test's folder); page n carries the text ``<marker> p<n>``."""

    def __call__(
        self,
        name: str | Path,
        pages: int = 1,
        *,
        marker: str = "",
        size: tuple[float, float] | Sequence[tuple[float, float]] = A4,
        rotate: int = 0,
        at: tuple[float, float] = (0.5, 0.5),
    ) -> Path: ...


class MakeDocx(Protocol):
    """Writes a Word file at ``name`` with one paragraph a text; a text ``\\f`` is a page break."""

    def __call__(self, name: str | Path, *paragraphs: str) -> Path: ...


class MakePhoto(Protocol):
    """Draws an image at ``name``, in the format of its suffix; ``orientation`` is the EXIF tag 274."""

    def __call__(
        self,
        name: str | Path,
        size: tuple[int, int] = (400, 300),
        *,
        orientation: int = 1,
        dpi: int | None = None,
        frames: int = 1,
        colour: str = "steelblue",
    ) -> Path: ...


class MakeManifest(Protocol):
    """Writes ``dossier.yaml`` into the test's folder: ``evidence`` by item id, and any other key of a manifest."""

    def __call__(self, evidence: dict[str, list[dict[str, Any]]] | None = None, **keys: Any) -> Path: ...


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Where everything is installed, as ``.ci/run`` says with ``DOSSIER_CI``, a test that needs it must not skip."""
    report = yield
    needs = [name for name in ("libreoffice", "real") if item.get_closest_marker(name)]
    if report.skipped and needs and os.environ.get("DOSSIER_CI"):
        report.outcome = "failed"
        report.longrepr = f"it needs {' and '.join(needs)} and was skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no test read or fill the cache of whoever runs the tests."""
    before = os.environ.get("DOSSIER_CACHE")
    os.environ["DOSSIER_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["DOSSIER_CACHE"]
    else:
        os.environ["DOSSIER_CACHE"] = before


@pytest.fixture
def make_pdf(tmp_path: Path) -> MakePdf:
    def make(
        name: str | Path,
        pages: int = 1,
        *,
        marker: str = "",
        size: tuple[float, float] | Sequence[tuple[float, float]] = A4,
        rotate: int = 0,
        at: tuple[float, float] = (0.5, 0.5),
    ) -> Path:
        path = _target(tmp_path, name)
        sizes: Any = [size] * pages if isinstance(size[0], int | float) else list(size)
        canvas = Canvas(str(path), invariant=1)
        for number, (width, height) in enumerate(sizes, start=1):
            canvas.setPageSize((width, height))
            canvas.setPageRotation(rotate)
            canvas.setFont("Helvetica", 12)
            canvas.drawString(width * at[0] - 40, height * at[1], f"{marker or path.stem} p{number}")
            canvas.showPage()
        canvas.save()
        return path

    return make


@pytest.fixture
def make_docx(tmp_path: Path) -> MakeDocx:
    def make(name: str | Path, *paragraphs: str) -> Path:
        path = _target(tmp_path, name)
        document = Document()
        for text in paragraphs or (path.stem,):
            if text == "\f":
                document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
            else:
                document.add_paragraph(text)
        document.save(str(path))
        return path

    return make


@pytest.fixture
def make_photo(tmp_path: Path) -> MakePhoto:
    def make(
        name: str | Path,
        size: tuple[int, int] = (400, 300),
        *,
        orientation: int = 1,
        dpi: int | None = None,
        frames: int = 1,
        colour: str = "steelblue",
    ) -> Path:
        path = _target(tmp_path, name)
        pictures = [_picture(size, colour, number) for number in range(1, frames + 1)]
        options: dict[str, Any] = {} if dpi is None else {"dpi": (dpi, dpi)}
        if orientation != 1:
            exif = Image.Exif()
            exif[274] = orientation
            options["exif"] = exif
        if frames > 1:
            options |= {"save_all": True, "append_images": pictures[1:]}
        pictures[0].save(path, **options)
        return path

    return make


@pytest.fixture
def make_manifest(tmp_path: Path) -> MakeManifest:
    def make(evidence: dict[str, list[dict[str, Any]]] | None = None, **keys: Any) -> Path:
        items = [
            {"id": id, "title": f"Item {id}", "points": 1, "unit": "Unit", "evidence": entries}
            for id, entries in (evidence or {}).items()
        ]
        manifest = {"title": "Dossier", "date": "2023-12-15", "sources": "sources", "items": items, **keys}
        path = tmp_path / "dossier.yaml"
        path.write_text(yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False), encoding="utf-8")
        (tmp_path / "sources").mkdir(exist_ok=True)
        return path

    return make


@pytest.fixture
def real() -> Callable[[str], Path]:
    """Return a function from a name to a file from the wild; skips, saying so, where those are not here."""
    if not REAL.is_dir():
        pytest.skip(f"the files from the wild are not here: {REAL}")
    return lambda name: REAL / name


def _target(folder: Path, name: str | Path) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _picture(size: tuple[int, int], colour: str, number: int) -> Image.Image:
    picture = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, size[0] // 3, size[1] // 3), fill="white")  # which corner is the first
    draw.text((10, 10), str(number), fill="black")
    return picture
