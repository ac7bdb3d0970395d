"""Proves a print set against the binder's receipt, with libraries that did not write it.

pdfium reads the label of every page; pypdf finds what else a page shows, how large it is, and that nothing is left on
it to click.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pypdf
from pypdf.generic import DictionaryObject

from dossier.errors import PrintError, Problem
from dossier.identity import Identities
from dossier.receipt import Page, Receipt
from dossier.stamp import CONTENT
from dossier.verify import BROKEN, read_stamped, shortened

# What a page draws: what the binder's draws, turned a quarter where it is read sideways, and the mark of a divider.
_CONTENT = re.compile(
    rb"\s*(?P<turn>q 0 1 -1 0 \d+\.\d{3} 0 cm\s+)?" + CONTENT.pattern + rb"\s*(?(turn)Q\s*)"
    rb"(?:q 0\.4 g(?: \d+\.\d\d){4} re f Q\s*)?"
)
_SIZE_TOLERANCE = 0.01  # points
_PREFERENCES = {"/PrintScaling": "/None", "/Duplex": "/DuplexFlipLongEdge"}


def prove(folder: Path, claimed: Receipt, files: Sequence[str], sizes: Sequence[Sequence[tuple[float, float]]]) -> int:
    """Prove the print set's ``files`` in ``folder`` page by page, and return how many labels were read back.

    ``sizes`` are the width and height (points) of the pages of each file, empty backs included.
    Raises PrintError with every finding.
    """
    problems: list[Problem] = []
    labels = 0
    for number, (file, wanted) in enumerate(zip(files, sizes, strict=True), start=1):
        pages = [page for page in claimed.pages if page.volume == number]
        found = [*_labels(folder / file, pages, len(wanted)), *_structure(folder / file, pages, wanted)]
        labels += sum(bool(page.label) for page in pages)
        problems += [
            Problem(code, f"{file}{f', page {page}' if page else ''}: {said}", _AGAIN) for page, code, said in found
        ]
    if problems:
        raise PrintError("the print set is not what the binder's receipt says", shortened(problems, _AGAIN))
    return labels


_AGAIN = "build again; if that does not help, print the binder itself, and report this"
_Finding = tuple[int, str, str]


def _labels(path: Path, pages: Sequence[Page], count: int) -> Iterator[_Finding]:
    texts = read_stamped(path, range(1, count + 1))
    if isinstance(texts, str):
        yield 0, "unreadable", f"pdfium cannot read it: {texts}"
        return
    expected = [page.label for page in pages]
    for number, text in enumerate(texts, start=1):
        label = expected[number - 1] if number <= len(expected) else ""
        if "".join(text.split()) != "".join(label.split()):
            yield number, "label", f"{f'the label {label!r}' if label else 'nothing'} should stand on it, not {text!r}"


def _structure(path: Path, pages: Sequence[Page], sizes: Sequence[tuple[float, float]]) -> Iterator[_Finding]:
    try:
        with path.open("rb") as file:
            reader = pypdf.PdfReader(file)
            preferences = reader.root_object.get("/ViewerPreferences", DictionaryObject()).get_object()
            for key, value in _PREFERENCES.items():
                if preferences.get(key) != value:
                    yield 0, "preferences", f"{key} is {preferences.get(key)}, not {value}"
            if len(reader.pages) != len(sizes) or len(sizes) != len(pages) + len(pages) % 2:
                yield 0, "page-count", f"it has {len(reader.pages)} pages for {len(pages)} of the binder"
                return
            identities = Identities(reader)
            for number, (page, size) in enumerate(zip(reader.pages, sizes, strict=True), start=1):
                expected = pages[number - 1] if number <= len(pages) else None
                yield from ((number, *finding) for finding in _page(page, size, expected, identities))
    except BROKEN as error:
        yield 0, "unreadable", f"pypdf cannot read it: {error}"


def _page(
    page: pypdf.PageObject, size: tuple[float, float], expected: Page | None, identities: Identities
) -> Iterator[tuple[str, str]]:
    box = [float(value) for value in page.mediabox]
    plain = not {"/Rotate", "/UserUnit", "/CropBox"} & set(page)
    if not plain or any(abs(a - b) > _SIZE_TOLERANCE for a, b in zip(box, (0, 0, *size), strict=True)):
        yield "page-size", f"its sheet is {box}, not {[*size]}"
    if {"/Annots", "/AA"} & set(page):
        yield "links", "there is something to click on it"
    contents = page.get_contents()
    found = _CONTENT.fullmatch(contents.get_data()) if contents is not None else None
    if found is None:
        yield "identity", "something besides the binder's page was drawn on it"
        return
    wanted = expected is not None and expected.kind != "blank"
    if bool(found["form"]) != wanted or (wanted and expected and identities.of(page) != expected.digest):
        yield "identity", "it does not show the binder's page"
    if expected is None or size[0] > size[1]:  # a sheet that folds out shows it otherwise
        return
    sideways = expected.width > expected.height
    placed = tuple(float(value) for value in found["matrix"].split())
    if bool(found["turn"]) != sideways or placed != tuple(expected.placed):
        yield "identity", "the binder's page does not lie on it as it is bound"
