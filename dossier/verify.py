"""Proves a finished binder against its receipt with libraries that did not write it.

pypdf reads pages, page labels, jumps, outline and the identity of what each page shows, and finds what could act in any
object; pdfium reads the labels back as a reader's eye would. Nothing here trusts the receipt's own checksum alone: a
page that was swapped, dropped, repeated or altered is seen even where that was fixed to match.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from dossier import acting, publish, receipt, sources
from dossier.binder import Verification
from dossier.errors import Problem, UsageError, VerificationError
from dossier.identity import Identities
from dossier.receipt import Receipt
from dossier.sources import sha256_of
from dossier.stamp import CONTENT
from dossier.workers import cores, processes

__all__ = ["Verification", "prove", "receipt_of", "verify"]

_MOST_FINDINGS = 200
_SIZE_TOLERANCE = 0.01  # points
_MOST_HELD = 1 << 24  # bytes of a binder that pdfium may hold on to, on average
_AGAIN = "build the binder again; do not hand this one in"
_CRASH = "it crashes on it"
# What a binder's catalog and links hold: anything else could act, or draw, on its own.
_CATALOG = {"/Type", "/Pages", "/Outlines", "/PageMode", "/PageLabels", "/Lang", "/ViewerPreferences", "/Version"}
_LINK = {"/Type", "/Subtype", "/Rect", "/Border", "/F", "/Dest", "/A"}
_STAMP = re.compile(
    rb"\nq(?: /DsrWatermark gs)? (?P<look>\S+ \S+ \S+ rg BT /DsrLabel \S+ Tf)"
    rb" (?P<turn>\S+ \S+ \S+ \S+) (?P<x>\S+) (?P<y>\S+) Tm <(?P<text>[0-9A-F]*)> Tj ET Q"
)
# What pypdf raises on a damaged file, besides its own errors; NotImplementedError is a RuntimeError.
BROKEN = (
    pypdf.errors.PyPdfError, pypdf.errors.DependencyError, RuntimeError, ValueError, TypeError, AttributeError,
    LookupError, ArithmeticError, AssertionError, struct.error, zlib.error,
)  # fmt: skip


@dataclass(slots=True)
class _Findings:
    """Collects what is wrong with one volume, and counts what is right."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    labels: int = 0
    identities: int = 0
    jumps: int = 0
    bookmarks: int = 0
    checksum: str = ""

    def add(self, code: str, message: str, page: int | None = None) -> None:
        place = f"{self.file}, page {page}: " if page else f"{self.file}: "
        self.problems.append(Problem(code, place + message, _AGAIN))


def verify(path: Path | str) -> Verification:
    """Prove the binder in a folder, or the one that a PDF belongs to, and compare its sources where they are there.

    Raises VerificationError with every finding, and UsageError where there is no binder or no receipt.
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    return publish.steady(folder, lambda: _verify(path, folder))


def _verify(path: Path, folder: Path) -> Verification:
    if not path.exists():
        raise UsageError(f"{path} is not there", fix="name the folder of a finished binder, or its PDF")
    claimed = receipt.read(receipt_of(path))
    if path.is_file() and path.name not in {volume.file for volume in claimed.volumes}:
        raise UsageError(f"{path.name} is not a volume of the binder in {folder}", fix="name the binder's own PDF")
    return prove(folder, claimed, changed=_changed_sources(claimed))


def receipt_of(path: Path) -> Path:
    """Return the receipt that belongs to a binder's folder or PDF."""
    if path.is_dir():
        return path / "receipt.json"
    draft = path.name.startswith("binder-draft") and (path.parent / "receipt-draft.json").exists()
    return path.parent / ("receipt-draft.json" if draft else "receipt.json")


def prove(folder: Path, claimed: Receipt, *, changed: Sequence[str] = (), new: bool = False) -> Verification:
    """Prove the volumes in ``folder`` against a receipt; raises VerificationError.

    The receipt of a ``new`` binder holds no checksums yet: they are what this finds, so that nothing is read for them
    alone.
    """
    found: list[_Findings] = []
    for number in range(1, len(claimed.volumes) + 1):
        # New ones for each volume: a file that crashes them spoils no other.
        with ThreadPoolExecutor(1) as disk, processes(cores()) as readers:
            found.append(_prove_volume(folder, claimed, number, readers, disk if new else None))
    problems = [problem for findings in found for problem in findings.problems]
    if not claimed.volumes:
        problems.append(Problem("no-volume", "the receipt names no volume", _AGAIN))
    if problems:
        raise VerificationError("the binder is not what its receipt says", shortened(problems, _AGAIN))
    return Verification(
        len(found),
        sum(volume.pages for volume in claimed.volumes),
        sum(findings.labels for findings in found),
        sum(findings.identities for findings in found),
        sum(findings.jumps for findings in found),
        sum(findings.bookmarks for findings in found),
        tuple(changed),
        tuple(findings.checksum for findings in found),
    )


def shortened(problems: Sequence[Problem], fix: str) -> list[Problem]:
    """Return the first findings of many, and how many more there are."""
    more = len(problems) - _MOST_FINDINGS
    told = [Problem("more", f"and {more} more findings", fix)] if more > 0 else []
    return [*problems[:_MOST_FINDINGS], *told]


def _prove_volume(folder: Path, claimed: Receipt, number: int, readers: Executor, disk: Executor | None) -> _Findings:
    volume = claimed.volumes[number - 1]
    findings = _Findings(volume.file)
    path = folder / volume.file
    pages = [page for page in claimed.pages if page.volume == number]
    if Path(volume.file).name != volume.file:
        findings.add("bad-receipt", "a volume's file must lie beside its receipt")
        return findings
    if not path.is_file():
        findings.add("no-volume", "the file is not there")
        return findings
    # Other processes hash and read labels while this one reads the structure. Threads would not do: pdfium's short
    # calls would each wait for the interpreter.
    printed = [page for page in pages if page.label or (page.kind == "blank" and claimed.complete)]
    size = max(1, -(-len(printed) // cores()))
    runs = [printed[start : start + size] for start in range(0, len(printed), size)]
    try:
        checksum = readers.submit(sha256_of, path)
        texts = [readers.submit(read_stamped, path, [page.page for page in run]) for run in runs]
        if disk is not None:  # it writes while processors prove; publishing says if it cannot
            disk.submit(publish.flush, path)
    except BrokenProcessPool:
        _prove_labels([], _CRASH, findings, draft=not claimed.complete)
        return findings
    try:
        _prove_structure(path, claimed, pages, findings)
    except BROKEN as error:
        findings.add("unreadable", f"pypdf cannot read it: {error}")
    for run, reading in zip(runs, texts, strict=True):
        _prove_labels(run, _read(reading), findings, draft=not claimed.complete)
    try:
        findings.checksum = checksum.result()
    except BrokenProcessPool:
        findings.checksum = sha256_of(path)
    if disk is None and findings.checksum != volume.sha256:
        findings.add("checksum", "the file was changed after it was bound")
    return findings


def read_stamped(path: Path, numbers: Sequence[int]) -> list[str] | str:
    """Return the text that pages (numbers from 1) show besides their source's, or the reason why pdfium cannot.

    What a source shows is left out first: it may well show the same number, and reading all of it takes
    several times longer.
    """
    texts: list[str] = []
    size = path.stat().st_size
    try:
        while len(texts) < len(numbers):
            with pypdfium2.PdfDocument(path) as document:
                # pdfium keeps every stream that it has come across for as long as a file is open.
                at_once = max(1, _MOST_HELD * len(document) // size)
                for number in numbers[len(texts) : len(texts) + at_once]:
                    if number > len(document):
                        return f"it has no page {number}"
                    texts.append(_read_text(document[number - 1]))
    except pypdfium2.PdfiumError as error:
        return str(error)
    return texts


def _read_text(page: pypdfium2.PdfPage) -> str:
    for form in list(page.get_objects([pypdfium2.raw.FPDF_PAGEOBJ_FORM], max_depth=1)):
        page.remove_obj(form)
    textpage = page.get_textpage()
    text: str = textpage.get_text_range()
    textpage.close()
    page.close()
    return text


def _read(reading: Future[list[str] | str]) -> list[str] | str:
    try:
        return reading.result()
    except BrokenProcessPool:
        return _CRASH


def _prove_labels(pages: Sequence[receipt.Page], texts: list[str] | str, findings: _Findings, *, draft: bool) -> None:
    if isinstance(texts, str):
        findings.add("unreadable", f"pdfium cannot read it: {texts}")
        return
    for page, text in zip(pages, texts, strict=True):
        shown, label = "".join(text.split()), "".join(page.label.split())
        # A draft's watermark, being turned, is read before the label on some pages and after it on others.
        beside_a_watermark = draft and (shown.startswith(label) or shown.endswith(label))
        if shown != label and not beside_a_watermark:
            expected = f"the label {page.label!r}" if label else "nothing"
            findings.add("label", f"{expected} should be printed on it, not {shown[-40:]!r}", page.page)
        elif label:
            findings.labels += 1


def _prove_structure(path: Path, claimed: Receipt, pages: Sequence[receipt.Page], findings: _Findings) -> None:
    with path.open("rb") as file:
        reader = pypdf.PdfReader(file, strict=False)
        if reader.is_encrypted:
            findings.add("unreadable", "it is encrypted, which no binder is")
            return
        for found in acting.find(reader, file, [volume.file for volume in claimed.volumes]):
            findings.add("active-content", f"object {found.number} could act: {found.what}")
        count = len(reader.pages)
        if count != len(pages) or count != claimed.volumes[pages[0].volume - 1].pages:
            findings.add("page-count", f"it has {count} pages, the receipt says {len(pages)}")
            return
        if [page.page for page in pages] != list(range(1, count + 1)):
            findings.add("bad-receipt", "the receipt does not list every page once, in order")
            return
        for key in sorted(set(reader.root_object) - _CATALOG):
            findings.add("catalog", f"it carries {key}, which no binder does")
        _prove_page_labels(reader, pages, findings)
        numbers = _page_numbers(reader)
        files = [volume.file for volume in claimed.volumes]
        _prove_outline(reader, [m for m in claimed.outline if m.volume == pages[0].volume], numbers, findings)
        identities = Identities(reader)
        stamps = _Stamps(draft=not claimed.complete)
        for page, expected in zip(reader.pages, pages, strict=True):
            _prove_size(page, expected, findings)
            _prove_jumps(page, expected, numbers, files, findings)
            _prove_identity(page, expected, identities, stamps, findings)


def _prove_page_labels(reader: pypdf.PdfReader, pages: Sequence[receipt.Page], findings: _Findings) -> None:
    for label, page in zip(reader.page_labels, pages, strict=True):
        if label != page.number:
            findings.add("page-label", f"its page label is {label!r}, its number {page.number!r}", page.page)


def _page_numbers(reader: pypdf.PdfReader) -> dict[int, int]:
    numbers: dict[int, int] = {}
    for number, page in enumerate(reader.pages, start=1):
        reference = page.indirect_reference
        if reference is not None:
            if reference.idnum in numbers:
                raise ValueError(f"page {number} is the same object as page {numbers[reference.idnum]}")
            numbers[reference.idnum] = number
    return numbers


def _prove_outline(
    reader: pypdf.PdfReader, expected: Sequence[receipt.Bookmark], numbers: dict[int, int], findings: _Findings
) -> None:
    found = list(_walk_outline(reader, numbers))
    wanted = [(mark.level, mark.title, mark.page) for mark in expected]
    for have, want in zip(found, wanted, strict=False):
        if have != want:
            findings.add("outline", f"the outline entry {have[1]!r} leads to page {have[2]}, not {want[1]!r} {want[2]}")
        else:
            findings.bookmarks += 1
    if len(found) != len(wanted):
        findings.add("outline", f"the outline has {len(found)} entries, the receipt says {len(wanted)}")


def _walk_outline(reader: pypdf.PdfReader, numbers: dict[int, int]) -> Iterator[tuple[int, str, int]]:
    outlines = reader.root_object.get("/Outlines")
    if outlines is None:
        return
    stack = [(1, outlines.get_object().get("/First"))]
    seen: set[int] = set()
    while stack:
        level, node = stack.pop()
        if node is None:
            continue
        if isinstance(node, IndirectObject):
            if node.idnum in seen:
                raise ValueError("the outline loops")
            seen.add(node.idnum)
        entry = node.get_object()
        if "/A" in entry:
            raise ValueError("an outline entry carries an action")
        yield level, str(entry.get("/Title", "")), _target(entry.get("/Dest"), numbers)
        stack.append((level, entry.raw_get("/Next") if "/Next" in entry else None))
        stack.append((level + 1, entry.raw_get("/First") if "/First" in entry else None))


def _target(destination: object, numbers: dict[int, int]) -> int:
    """Return the page (from 1) that an explicit destination names, 0 where it names none of this file."""
    if isinstance(destination, IndirectObject):
        destination = destination.get_object()
    if isinstance(destination, ArrayObject) and destination:
        first = list.__getitem__(destination, 0)
        if isinstance(first, IndirectObject):
            return numbers.get(first.idnum, 0)
    return 0


def _prove_size(page: pypdf.PageObject, expected: receipt.Page, findings: _Findings) -> None:
    box = [float(value) for value in page.mediabox]
    wanted = [0.0, 0.0, expected.width, expected.height]
    plain = "/Rotate" not in page and "/UserUnit" not in page and "/CropBox" not in page
    if not plain or any(abs(a - b) > _SIZE_TOLERANCE for a, b in zip(box, wanted, strict=True)):
        findings.add("page-size", f"its sheet is {box}, not {wanted}", expected.page)


def _prove_jumps(
    page: DictionaryObject, expected: receipt.Page, numbers: dict[int, int], files: list[str], findings: _Findings
) -> None:
    annotations = page.get("/Annots")
    links = [link.get_object() for link in annotations.get_object()] if annotations is not None else []
    found = [_jump(link, expected.volume, numbers, files) for link in links]
    wanted = [(jump.volume, jump.page, jump.uri) for jump in expected.links]
    if len(found) != len(wanted):
        findings.add("jump", f"it has {len(found)} links, the receipt says {len(wanted)}", expected.page)
    for have, want in zip(found, wanted, strict=False):
        if have != want:
            findings.add("jump", f"a link leads to {_say(have)}, not to {_say(want)}", expected.page)
        else:
            findings.jumps += 1


def _jump(link: DictionaryObject, volume: int, numbers: dict[int, int], files: list[str]) -> tuple[int, int, str]:
    if link.get("/Subtype") != "/Link":
        return 0, 0, f"a {link.get('/Subtype')} annotation"
    if not set(link) <= _LINK or ("/Dest" in link) == ("/A" in link):
        return 0, 0, f"a link with {', '.join(sorted(link))}"
    if "/Dest" in link:
        return volume, _target(link.raw_get("/Dest"), numbers), ""
    action = link.get("/A", DictionaryObject()).get_object()
    if action.get("/S") == "/URI":
        return 0, 0, str(action.get("/URI", ""))
    if action.get("/S") == "/GoToR":
        file = str(action["/F"].get_object().get("/UF", ""))
        return (files.index(file) + 1 if file in files else 0), int(action["/D"][0]) + 1, ""
    return 0, 0, f"an action {action.get('/S')}"


def _say(jump: tuple[int, int, str]) -> str:
    volume, page, uri = jump
    return uri or f"page {page} of volume {volume}"


def _prove_identity(
    page: pypdf.PageObject, expected: receipt.Page, identities: Identities, stamps: _Stamps, findings: _Findings
) -> None:
    if "/AA" in page:
        findings.add("identity", "it carries actions", expected.page)
    raw = page.get("/Contents")
    content = raw.get_object() if raw is not None else None
    found = CONTENT.fullmatch(content.get_data()) if isinstance(content, StreamObject) else None
    if found is None:
        findings.add("identity", "something besides source, label and watermark was drawn on it", expected.page)
        return
    if tuple(float(value) for value in found["matrix"].split()) != tuple(expected.placed):
        findings.add("identity", "it was moved", expected.page)
    numbers = re.findall(rb"-?\d+(?:\.\d+)?", (found["marks"] or b"").partition(b" w")[2])
    if tuple(float(value) for value in numbers) != tuple(value for mark in expected.marks for value in mark):
        findings.add("marks", "the lines that underline its claims are not those of the receipt", expected.page)
    stamps.prove(page, found, expected, findings)
    if expected.kind == "blank":
        if found["form"]:
            findings.add("identity", "a blank page is not blank", expected.page)
    elif not found["form"] or identities.of(page) != expected.digest:
        what = f"page {expected.source_page} of {expected.source}" if expected.source else f"the {expected.kind} page"
        findings.add("identity", f"it does not show {what} as it was bound", expected.page)
    else:
        findings.identities += 1


class _Stamps:
    """Reads what is stamped on the pages of one volume: the label and, on a draft, the watermark; alike on every page.

    pdfium finds a label's text anywhere on its page. This reads it in the stamp itself, which an original's own number
    cannot stand in for.
    """

    def __init__(self, *, draft: bool) -> None:
        self._draft = draft
        self._look: tuple[bytes, ...] = ()
        self._watermark = ""
        self._faces: dict[int, dict[bytes, str]] = {}

    def prove(
        self, page: DictionaryObject, content: re.Match[bytes], expected: receipt.Page, findings: _Findings
    ) -> None:
        label = _STAMP.fullmatch(content["label"] or b"")
        watermark = _STAMP.fullmatch(content["watermark"] or b"")
        text = self._text(page, label) if label else ""
        if text != expected.label:
            findings.add("label", f"the label stamped on it is {text!r}, not {expected.label!r}", expected.page)
        if label:
            look = label["look"], label["turn"], label["y"]
            self._look = self._look or look
            if look != self._look or not 0 <= float(label["x"]) <= expected.width:
                findings.add("label", "its label does not look, or stand, like those before it", expected.page)
        mark = self._text(page, watermark) if watermark else ""
        self._watermark = self._watermark or mark
        if bool(mark) != self._draft or mark != self._watermark:
            findings.add("watermark", f"its watermark is {mark!r}", expected.page)

    def _text(self, page: DictionaryObject, stamp: re.Match[bytes]) -> str:
        resources: Any = page["/Resources"]
        reference = resources["/Font"].raw_get("/DsrLabel")
        if not isinstance(reference, IndirectObject):
            return ""  # every page of a binder shares one
        face = self._faces.get(reference.idnum)
        if face is None:
            font: Any = reference.get_object()
            # A damaged program draws wrong glyphs for the right text; unpacking it checks it.
            zlib.decompress(font["/DescendantFonts"][0]["/FontDescriptor"]["/FontFile2"]._data)
            rows = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>", font["/ToUnicode"].get_data())
            face = {code: bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in rows}
            self._faces[reference.idnum] = face
        code = stamp["text"]
        return "".join(face.get(code[at : at + 4], "?") for at in range(0, len(code), 4))


def _changed_sources(claimed: Receipt) -> list[str]:
    """Name the sources that are gone, or are no longer what they were when they were bound."""
    if not claimed.sources or not Path(claimed.sources).is_dir():
        return []
    changed: dict[str, str] = {}
    root = Path(claimed.sources)
    for item in claimed.items:
        for proof in item.evidence:
            for source in proof.sources:
                name, sha256 = source.container or source.path, source.container_sha256 or source.sha256
                try:
                    path = sources.resolve(root, name)  # a receipt may come from anywhere
                    if name not in changed and sha256_of(path) != sha256:
                        changed[name] = f"{name} has changed since it was bound"
                except PermissionError:
                    changed[name] = f"{name} cannot be read any more"
                except (sources.PathRefused, OSError):
                    changed[name] = f"{name} is no longer there"
    return list(changed.values())
