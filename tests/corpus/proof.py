"""Builds a dossier of mutants in a process of its own, and finds whatever is not as it must be."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import pikepdf
import pypdfium2
import yaml

from dossier import limits, receipt
from dossier.receipt import Evidence, Receipt

from .mutation import Mutant

_CHILD = Path(__file__).with_name("child.py")
_ITEM = "1"
# Pictures whose pixels are damaged are shown as every viewer shows them; to find them, each would have to be decoded.
_PICTURE_DAMAGED = ("JPEG data is corrupt", "re-processed without filtering")
_CALM = 15.0  # seconds over its limit that a source may take to be ended


@dataclass(slots=True)
class Verdict:
    """What became of the mutants: ``outcomes`` by name (``bound`` or codes of refusals), and what is wrong.

    ``seconds`` are those of single sources, ``memory`` is the most that one worker held, in bytes.
    """

    outcomes: dict[str, str] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    memory: int = 0
    pages: int = 0
    took: float = 0.0
    status: int | None = None


def prove(mutants: Sequence[Mutant], folder: Path, *, engine: str, office: bool, limit: float) -> Verdict:
    """Build a dossier of ``mutants`` in ``folder`` within ``limit`` seconds, and say what became of each.

    Without ``office`` the build finds no LibreOffice.
    """
    manifest = _write(mutants, folder)
    verdict = Verdict()
    options = [] if office else ["--without-office"]
    command = [sys.executable, str(_CHILD), *options, str(folder / "log"), "build", str(manifest)]
    start = time.monotonic()
    status, said = _run([*command, "-o", str(folder / "out"), "--engine", engine], folder, limit)
    verdict.took, verdict.status = time.monotonic() - start, status
    verdict.findings += _of_the_process(status, said, folder)
    _measure(verdict, folder / "log")
    if (folder / "out" / "receipt.json").is_file():
        found = receipt.read(folder / "out" / "receipt.json")
        verdict.pages = len(found.pages)
        verdict.findings += _of_the_receipt(mutants, found, verdict)
        verdict.findings += _of_the_book(found, folder)
    return verdict


def _write(mutants: Sequence[Mutant], folder: Path) -> Path:
    sources = folder / "sources"
    for path in (sources, folder / "tmp"):
        path.mkdir(parents=True)
    for mutant in mutants:
        (sources / mutant.name).write_bytes(mutant.data)
    evidence = [{"file": mutant.name, "title": mutant.name} for mutant in mutants]
    item = {"id": _ITEM, "title": "Mutants", "unit": "Unit", "evidence": evidence}
    manifest = {"title": "Corpus", "date": "2023-12-15", "sources": "sources", "items": [item]}
    path = folder / "dossier.yaml"
    path.write_text(yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8")
    return path


def _run(command: Sequence[str], folder: Path, limit: float) -> tuple[int | None, str]:
    """Run a command with a temporary folder and a cache of its own; the status is None where it had to be killed."""
    environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "DOSSIER_CACHE": str(folder / "cache")}
    with (folder / "said").open("a+", encoding="utf-8", errors="replace") as said:
        start = said.tell()
        try:
            # A file, not a pipe: a process that outlives the build must not keep us waiting.
            status = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment, timeout=limit, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            status = None
        said.seek(start)
        return status, said.read()


# --- what must hold ------------------------------------------------------------------------------------------------


def _of_the_process(status: int | None, said: str, folder: Path) -> Iterator[str]:
    if status is None:
        yield "the build hung, and was killed"
    elif status not in (0, 1):
        yield f"the build ended with status {status}: {said[-2000:]}"
    if not (folder / "out" / "receipt.json").is_file():
        yield "there is no receipt"
    if "Traceback (most recent call last)" in said:
        yield f"a traceback was printed, which ends: {said[-3000:]}"
    yield from (f"a process is left running: {line}" for line in _processes_of(folder))
    # What a worker leaves in the cache when it is killed is swept by a later build.
    yield from (f"left in the temporary folder: {path.name}" for path in sorted((folder / "tmp").iterdir()))


def _processes_of(folder: Path) -> Iterator[str]:
    """Name the processes that were started with a path in ``folder``."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended
        if str(folder) in line and path.parent.name != str(os.getpid()) and "tests.corpus" not in line:
            yield line[:300]


def _measure(verdict: Verdict, log: Path) -> None:
    for line in log.read_text(encoding="utf-8").splitlines() if log.is_file() else ():
        row = json.loads(line)
        verdict.memory = max(verdict.memory, row["memory"])
        seconds = row["seconds"] / len(row["names"])
        for name in row["names"]:
            verdict.seconds[name] = max(seconds, verdict.seconds.get(name, 0.0))
        if seconds > limits.SECONDS + _CALM:
            verdict.findings.append(f"{row['names']} took {row['seconds']:.0f} s")
    if verdict.memory > limits.MEMORY:
        verdict.findings.append(f"a worker held {verdict.memory >> 20} MiB")


def _of_the_receipt(mutants: Sequence[Mutant], found: Receipt, verdict: Verdict) -> Iterator[str]:
    """Find files that are neither bound nor refused by name with a reason and a way out."""
    proofs = {proof.title: proof for item in found.items for proof in item.evidence}
    pages: dict[str, Counter[str]] = defaultdict(Counter)
    for page in found.pages:
        pages[page.evidence][page.kind] += 1
    for mutant in mutants:
        proof = proofs.get(mutant.name)
        if proof is None:
            yield f"{mutant.name} is not in the receipt"
            continue
        errors = [p for p in found.problems if p.evidence == proof.id and p.severity == "error"]
        verdict.outcomes[mutant.name] = " ".join(sorted({p.code for p in errors})) or proof.status
        yield from (f"{mutant.name}: {what}" for what in _of_one(mutant, proof, pages[proof.id], errors))


def _of_one(mutant: Mutant, proof: Evidence, pages: Counter[str], errors: Sequence[Any]) -> Iterator[str]:
    bound = sum(source.pages for source in proof.sources)
    if bound != pages["evidence"]:
        yield f"{bound} pages are said to be bound, and {pages['evidence']} are listed"
    if proof.status == "bound":
        if not bound:
            yield "it is bound without a page"
        if errors:
            yield f"it is bound, and has errors: {errors[0].message}"
        return
    if proof.status != "refused":
        yield f"its status is {proof.status}"
    if not pages["placeholder"]:
        yield "no sheet says why it is not there"
    if not errors:
        yield "it is refused without a reason"
    for problem in errors:
        if not (problem.code and problem.message and problem.fix):
            yield f"it is refused without code, message or fix: {problem}"
        if mutant.name not in problem.message:
            yield f"its refusal does not name it: {problem.message}"
        if problem.code == "crashed-source" and "what reads it failed" in problem.message:
            yield f"its reader fails in a way that was not foreseen: {problem.message}"
        if "Traceback" in problem.message or "\n" in problem.message or len(problem.message) > 1000:
            yield f"its refusal is no message for people: {problem.message[:300]}"


def _of_the_book(found: Receipt, folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "dossier", "verify", str(folder / "out")]
    status, said = _run(command, folder, 600)
    if status:
        yield f"the draft is not proved: {said[-2000:]}"
    for volume in found.volumes:
        with pikepdf.open(folder / "out" / volume.file, suppress_warnings=True) as pdf:
            told = [line for line in pdf.check_pdf_syntax() if not any(words in line for words in _PICTURE_DAMAGED)]
        yield from (f"qpdf says of {volume.file}: {line}" for line in told[:20])
    yield from _of_the_text(found, folder)
    expected = {volume.file for volume in found.volumes} | {"receipt.json", "receipt-draft.json"}
    expected |= {*found.documents, *found.originals}
    held = {path.relative_to(folder / "out").as_posix() for path in (folder / "out").rglob("*") if path.is_file()}
    strange = sorted(name for name in held - expected if not name.startswith("."))
    if strange:
        yield f"left in the output folder: {', '.join(strange)}"


def _of_the_text(found: Receipt, folder: Path) -> Iterator[str]:
    """Find sources whose bytes were printed as if they were letters: no original holds letters of Western Europe."""
    for number, volume in enumerate(found.volumes, start=1):
        with pypdfium2.PdfDocument(folder / "out" / volume.file) as pdf:
            for page in found.pages:
                if page.volume == number and page.source_page == 1 and PurePath(page.source).suffix not in _TEXTS:
                    text = pdf[page.page - 1].get_textpage().get_text_range()
                    if len(_WESTERN.findall(text)) > _MOST_WESTERN:
                        yield f"{page.source}: its bytes are bound as if they were text: {text[:80]!r}"


_TEXTS = frozenset({".txt", ".md", ".csv", ".html", ".eml", ".rtf", ".bin"})
_WESTERN = re.compile("[\u00a1-\u00ff]")
_MOST_WESTERN = 20
