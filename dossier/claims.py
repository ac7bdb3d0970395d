"""Claims that are proved (印证标识): finds the words that evidence is to prove, and where to underline them.

Words are compared without spaces and line breaks, and with full-width digits and letters as narrow ones. What a figure
is declared to be is compared with what other evidence, and the book's own documents, say in the same words.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pypdfium2
import pypdfium2.raw as pdfium

from dossier import limits
from dossier.book import Book, Entry, Proof
from dossier.errors import ConversionError, Problem
from dossier.fields import MM
from dossier.manifest import Manifest
from dossier.part import Part, PartPage

Segment = tuple[float, float, float, float]
"""A line from (x, y) to (x, y), in points."""

_BELOW = 1.6  # points between words and the line beneath them
_SAME_LINE = 0.5  # of a letter's height that it may stand off and still be of the same line
_FIGURE = r"[0-9][0-9,.]*(?:%|‰|万|亿)?"
_MOST_LETTERS = 200_000  # of one page


@dataclass(frozen=True, slots=True)
class Found:
    """Words on a page: ``page`` counts from 1 in the part, ``lines`` are beneath them in the part's own space."""

    page: int
    lines: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What a document says in the words of a fact: the ``value`` it gives, on its page (from 1)."""

    name: str
    value: str
    page: int


def prove(book: Book, runner: Executor) -> Book:
    """Return the book with the places of its claims and facts, the lines that mark them, and what is not proved.

    What evidence that is a template will say is not known yet: its claims are taken to be on the page that they name,
    or the first; :func:`prove_filled` corrects that.
    """
    guessed = {
        ask.id: (proof.key, (ask.page or 1) - 1)
        for proof in book.proofs()
        if proof.template
        for ask in _wanted(book.plan.manifest, proof)
    }
    proved = _proved(book, [proof for proof in book.proofs() if proof.bound], runner)
    return replace(proved, places={**proved.places, **guessed}) if guessed else proved


def prove_filled(book: Book, runner: Executor) -> Book:
    """Do the same for evidence that is made of templates, once it is filled; the rest stays as it is."""
    return _proved(book, [proof for proof in book.proofs() if proof.planned.entry.template and proof.bound], runner)


def _proved(book: Book, proofs: Sequence[Proof], runner: Executor) -> Book:
    wanted = {proof.id: tuple(_wanted(book.plan.manifest, proof)) for proof in proofs}
    told = _figures(book, proofs, runner)
    if not any(wanted.values()) and not told:
        return book
    jobs = {
        (proof.id, number): runner.submit(find, bound.part.path, bound.pages, [ask.text for ask in wanted[proof.id]])
        for proof in proofs
        if wanted[proof.id]
        for number, bound in enumerate(proof.bound)
    }
    found = {key: _result(job) for key, job in jobs.items()}
    places = dict(book.places)
    marks = {key: list(lines) for key, lines in book.marks.items()}

    def judge(proof: Proof) -> Proof:
        if proof.id not in wanted:
            return proof
        problems = list(proof.problems)
        for number, ask in enumerate(wanted[proof.id]):
            hit = _place(proof, ask, number, found)
            if hit is None:
                problems += _unproved(book.plan.manifest, proof, ask)
                continue
            offset, lines = hit
            places[ask.id] = (proof.key, offset)
            marks.setdefault((proof.key, offset), []).extend(lines)
        problems += told.get(proof.id, ())
        return replace(proof, problems=tuple(problems))

    entries = tuple(Entry(entry.planned, tuple(judge(proof) for proof in entry.proofs)) for entry in book.entries)
    kept = {key: tuple(dict.fromkeys(lines)) for key, lines in marks.items()}
    return replace(book, entries=entries, places=places, marks=kept)


def misquoted(manifest: Manifest, documents: Mapping[str, tuple[str, Part]], runner: Executor) -> tuple[Problem, ...]:
    """Report documents of the book's own, by (name, part), that give a fact another value than is declared."""
    patterns = _patterns(manifest)
    if not patterns:
        return ()
    jobs = [(name, runner.submit(read, part.path, patterns)) for name, part in documents.values()]
    problems: list[Problem] = []
    for name, job in jobs:
        for said in _result(job) or ():
            fact = manifest.facts[said.name]
            if said.value != _figure(fact.value):
                message = f"{name}, page {said.page}: says {said.value} where the fact {said.name} is {fact.value}"
                fix = f"write {{{{ facts.{said.name} }}}} there, or correct the fact"
                problems.append(Problem("fact-misquoted", message, fix, "warning", manifest.where(said.name)))
    levelled = (manifest.levelled(problem) for problem in dict.fromkeys(problems))
    return tuple(problem for problem in levelled if problem is not None)


# --- what is to be found -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ask:
    """One claim of a piece of evidence, or one fact that names it: ``id`` is what ``cite`` calls it."""

    id: str
    text: str
    page: int | None = None
    region: tuple[float, float, float, float] | None = None
    fact: str = ""


def _wanted(manifest: Manifest, proof: Proof) -> Iterator[_Ask]:
    for number, claim in enumerate(proof.planned.entry.proves, start=1):
        yield _Ask(claim.id or f"{proof.id}#{number}", claim.text, claim.page, claim.region)
    for name, fact in manifest.facts.items():
        if fact.evidence == proof.id:
            yield _Ask(name, fact.quote or fact.value, fact=name)


def _place(
    proof: Proof, ask: _Ask, number: int, found: Mapping[tuple[str, int], Sequence[tuple[Found, ...]] | None]
) -> tuple[int, tuple[Segment, ...]] | None:
    """Return on which page of a proof (offset from 0) the words stand, and the lines beneath them."""
    pages = [(position, bound.part, page) for position, bound in enumerate(proof.bound) for page in bound.pages]
    if ask.region is not None:
        offset = (ask.page or 1) - 1
        if offset >= len(pages):
            return None
        _, part, page = pages[offset]
        return offset, (_under(part.pages[page - 1], ask.region, proof.planned.entry.rotate),)
    for offset, (position, _, page) in enumerate(pages):
        hits = found.get((proof.id, position))
        hit = next((hit for hit in hits[number] if hit.page == page), None) if hits else None
        if hit is not None and ask.page in (None, offset + 1):
            return offset, hit.lines
    return None


def _under(page: PartPage, region: tuple[float, float, float, float], turn: int) -> Segment:
    """Return the line under a region, in mm from the upper left of the page as it is seen once it is turned."""
    x, y, width, height = (length * MM for length in region)
    seen_height = page.width if turn in (90, 270) else page.height
    ends = [(x, seen_height - y - height), (x + width, seen_height - y - height)]
    for quarter in range(turn // 90, 0, -1):
        # What a quarter clockwise did, (u, v) = (y, width - x), is undone: the page was that wide before it.
        across = page.width if quarter % 2 else page.height
        ends = [(across - v, u) for u, v in ends]
    (x1, y1), (x2, y2) = ends
    return x1, y1, x2, y2


def _unproved(manifest: Manifest, proof: Proof, ask: _Ask) -> list[Problem]:
    if not proof.bound:
        return []  # it is missing, which is said already
    what = f"the fact {ask.fact}" if ask.fact else f"claim {ask.id}"
    on = f" on page {ask.page}" if ask.page else ""
    if ask.region is not None:
        message, fix = f"{proof.planned.title}: has no page {ask.page or 1} for {what}", "correct `page`"
    else:
        message = f"{proof.planned.title}: the words “{ask.text}” of {what} are not found{on}"
        fix = "correct the words, or name a `region` where the page is a scan"
    problem = _warning(manifest, proof, "claim-not-found", message, fix)
    return [problem] if problem else []


def _warning(manifest: Manifest, proof: Proof, code: str, message: str, fix: str) -> Problem | None:
    """Return what is to be said of a proof, as grave as the manifest has it; None where it is off or waived."""
    if code in proof.planned.entry.waive:
        return None
    where = manifest.where(proof.id)
    return manifest.levelled(Problem(code, message, fix, "warning", where, proof.item, proof.id))


# --- figures that differ -------------------------------------------------------------------------------------------


def _patterns(manifest: Manifest) -> dict[str, str]:
    """Return, by the names of facts, what a document says in a fact's words, with any figure in the value's place."""
    patterns: dict[str, str] = {}
    for name, fact in manifest.facts.items():
        quote, value = _plain(fact.quote), _plain(fact.value)
        figure = _figure(value)
        before, middle, after = quote.partition(value)
        if figure and middle and before + after:
            head, _, tail = value.partition(figure)
            patterns[name] = f"{re.escape(before + head)}({_FIGURE}){re.escape(tail + after)}"
    return patterns


def _figure(value: str) -> str:
    """Return the number in a value such as ``80.52分``."""
    found = re.search(_FIGURE, _plain(value))
    return found[0] if found else ""


def _figures(book: Book, proofs: Sequence[Proof], runner: Executor) -> dict[str, list[Problem]]:
    """Report evidence that gives a figure another value than the fact has, by the evidence's id."""
    manifest = book.plan.manifest
    patterns = _patterns(manifest)
    if not patterns:
        return {}
    jobs = [
        (proof, bound.source.name, runner.submit(read, bound.part.path, patterns, bound.pages))
        for proof in proofs
        for bound in proof.bound
    ]
    problems: dict[str, list[Problem]] = {}
    for proof, name, job in jobs:
        for said in _result(job) or ():
            fact = manifest.facts[said.name]
            if said.value == _figure(fact.value):
                continue
            message = f"{name}, page {said.page}: says {said.value} where the fact {said.name} is {fact.value}"
            fix = f"ask which of the two is right: {name} or {fact.evidence}"
            problem = _warning(manifest, proof, "fact-differs", message, fix)
            if problem and problem not in problems.setdefault(proof.id, []):
                problems[proof.id].append(problem)
    return problems


# --- reading pages, in worker processes ----------------------------------------------------------------------------


def find(path: Path, pages: Sequence[int], texts: Sequence[str]) -> list[tuple[Found, ...]]:
    """Find each of ``texts`` on pages (from 1) of a part, in order; of each page its first place.

    Raises ConversionError where reading exceeds the limits that hold for sources.
    """
    found: list[list[Found]] = [[] for _ in texts]
    wanted = [_plain(text) for text in texts]
    with limits.bounded(), pypdfium2.PdfDocument(path) as document:
        for number in pages:
            letters = _letters(document, number)
            plain = "".join(letter.text for letter in letters)
            starts = [index for index, letter in enumerate(letters) for _ in letter.text]
            for index, text in enumerate(wanted):
                at = plain.find(text) if text else -1
                if at >= 0:
                    of = letters[starts[at] : starts[at + len(text) - 1] + 1]
                    found[index].append(Found(number, tuple(_lines(of))))
    return [tuple(hits) for hits in found]


def read(path: Path, patterns: Mapping[str, str], pages: Sequence[int] | None = None) -> list[Said]:
    """Return what a part says in the words of facts; raises like :func:`find`."""
    said: list[Said] = []
    compiled = {name: re.compile(pattern) for name, pattern in patterns.items()}
    with limits.bounded(), pypdfium2.PdfDocument(path) as document:
        for number in pages or range(1, len(document) + 1):
            plain = "".join(letter.text for letter in _letters(document, number))
            said += [
                Said(name, hit[1].rstrip(",."), number)
                for name, pattern in compiled.items()
                for hit in pattern.finditer(plain)
            ]
    return said


@dataclass(frozen=True, slots=True)
class _Letter:
    text: str
    left: float
    bottom: float
    right: float
    top: float
    quarter: int  # in which direction it reads, in quarter turns to the right


def _letters(document: pypdfium2.PdfDocument, number: int) -> list[_Letter]:
    """Return the letters of a page that can be seen, each as it is compared."""
    page = document[number - 1]
    text = page.get_textpage()
    letters: list[_Letter] = []
    for index in range(min(pdfium.FPDFText_CountChars(text), _MOST_LETTERS)):
        code = pdfium.FPDFText_GetUnicode(text, index)
        plain = _plain(chr(code)) if code else ""
        if plain:
            angle = pdfium.FPDFText_GetCharAngle(text, index)
            quarter = round(angle / (math.pi / 2)) % 4 if angle >= 0 else 0
            left, bottom, right, top = text.get_charbox(index)
            letters.append(_Letter(plain, left, bottom, right, top, quarter))
    text.close()
    page.close()
    return letters


def _lines(letters: Sequence[_Letter]) -> Iterator[Segment]:
    """Yield a line beneath each line of words, in the direction that they read."""
    run: list[_Letter] = []
    for letter in letters:
        if run and not _same_line(run[-1], letter):
            yield _beneath(run)
            run = []
        run.append(letter)
    if run:
        yield _beneath(run)


def _same_line(one: _Letter, other: _Letter) -> bool:
    if one.quarter != other.quarter:
        return False
    if one.quarter % 2:
        middle, next_middle, size = one.left + one.right, other.left + other.right, one.right - one.left
    else:
        middle, next_middle, size = one.bottom + one.top, other.bottom + other.top, one.top - one.bottom
    height = max(size, other.top - other.bottom if one.quarter % 2 == 0 else other.right - other.left, 4.0)
    return abs(middle - next_middle) / 2 <= _SAME_LINE * height


def _beneath(run: Sequence[_Letter]) -> Segment:
    left, right = min(one.left for one in run), max(one.right for one in run)
    bottom, top = min(one.bottom for one in run), max(one.top for one in run)
    return (
        (left, bottom - _BELOW, right, bottom - _BELOW),
        (left - _BELOW, bottom, left - _BELOW, top),
        (left, top + _BELOW, right, top + _BELOW),
        (right + _BELOW, bottom, right + _BELOW, top),
    )[run[0].quarter]


def _plain(text: str) -> str:
    """Return text as it is compared: narrow digits and letters, no spaces and line breaks."""
    return "".join(unicodedata.normalize("NFKC", text).replace("\x02", "").split())


_T = TypeVar("_T")


def _result(job: Future[_T]) -> _T | None:
    """Return what a worker read; None where the part cannot be read, and the claim counts as not found."""
    try:
        return job.result()
    except (BrokenProcessPool, ConversionError, MemoryError, pypdfium2.PdfiumError):
        return None
