"""What is owed, on paper: a letter to each unit that owes something, a workbook for the office, a page for the leader.

All files of a run change together, and letters of an earlier run to units that owe nothing any more go. What lies in
the folder besides is left alone: the list ``gaps.json`` says which files are this command's, as they were written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from dossier import convert, fonts, gapsheet, letters, publish, template_sets, templates
from dossier.check import Report
from dossier.convert import embedded, libreoffice
from dossier.errors import ConversionError, TemplateError
from dossier.files import Files
from dossier.letters import Letters
from dossier.manifest import Manifest
from dossier.template_sets import TemplateSet

LIST: Final = "gaps.json"
WORKBOOK: Final = "gaps.xlsx"
SUMMARY: Final = "summary"

_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST_NAME = 60  # a file's name has 255 bytes, a character up to four
_TOGETHER = 20  # Word files that LibreOffice converts in one go
_OURS = re.compile(r"[^/\\]+\.(docx|pdf|xlsx)")


@dataclass(frozen=True, slots=True)
class Gaps:
    """What was written into ``folder``: letters by unit, the rest, and what went; ``kept`` are stale but edited."""

    folder: Path
    written: Letters
    letters: Mapping[str, str]
    files: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def owed(self) -> bool:
        """Say whether anything is owed."""
        return self.written.owed


def write(
    report: Report,
    folder: Path,
    *,
    today: date,
    pdf: bool = False,
    engine: Literal["auto", "embedded", "libreoffice"] | None = None,
) -> Gaps:
    """Write letters, workbook and summary of a report into ``folder``; where nothing is owed, only take old ones away.

    With ``pdf``, letters and summary are there as PDF, too, made by ``engine`` or else the manifest's. Raises a
    DossierError where something cannot be written; then nothing is changed.
    """
    loaded = report.manifest
    found = template_sets.find_set(loaded.template_set, loaded.path.parent)
    written = letters.letters(report, found, today)
    names = _names(written)
    with publish.exclusive(folder), publish.staging(folder) as staging:
        files: list[str] = []
        if written.owed:
            words = _fill(written, found, names, staging)
            gapsheet.write(written, staging / WORKBOOK)
            files = [*words, WORKBOOK, *(_print(words, staging, loaded, engine) if pdf else [])]
        earlier = _earlier(folder)
        stale = {name: sha256 for name, sha256 in earlier.items() if name not in files}
        gone = sorted(name for name, sha256 in stale.items() if _sha256(folder / name) == sha256)
        kept = sorted(name for name in stale if name not in gone and (folder / name).is_file())
        if files:
            sums = {name: _sha256(staging / name) for name in files}
            (staging / LIST).write_text(json.dumps(sums, ensure_ascii=False, indent=1), encoding="utf-8")
            publish.commit(folder, [*files, LIST], gone)
        elif earlier:
            publish.commit(folder, [], [*gone, LIST])
    return Gaps(folder, written, {unit: names[unit] for unit in names if unit}, tuple(files), tuple(gone), tuple(kept))


def _names(written: Letters) -> dict[str, str]:
    """Return the file of each letter by unit, and under ``""`` that of the summary."""
    names = {"": f"{SUMMARY}.docx"}
    taken = {SUMMARY, Path(WORKBOOK).stem}
    for letter in written.letters:
        plain = _NOT_IN_NAMES.sub("_", letter.unit).strip(" .")[:_LONGEST_NAME] or "_"
        plain = f"_{plain}" if _RESERVED.fullmatch(plain) else plain
        name, count = plain, 1
        while name.casefold() in taken:
            count += 1
            name = f"{plain}-{count}"
        taken.add(name.casefold())
        names[letter.unit] = f"{name}.docx"
    return names


def _fill(written: Letters, found: TemplateSet, names: Mapping[str, str], staging: Path) -> list[str]:
    files = Files((*found.folders, written.manifest.root), written.manifest.images)
    for unit, context in written.contexts.items():
        template = found.path("letter" if unit else "summary")
        templates.fill(
            template,
            context,
            staging / names[unit],
            where=template.name,
            files=files,
            date_pattern=found.style.words.date,
        )
    return [names[unit] for unit in written.contexts]


def _print(
    words: Iterable[str], staging: Path, loaded: Manifest, engine: Literal["auto", "embedded", "libreoffice"] | None
) -> list[str]:
    """Make a PDF of each Word file beside it. Raises TemplateError where that cannot be."""
    chosen = convert.choose(engine or loaded.engine, (loaded.page.width, loaded.page.height)).engine
    jobs = [(staging / word, (staging / word).with_suffix(".pdf")) for word in words]
    with TemporaryDirectory(prefix="dossier-") as folder:
        if chosen == "libreoffice":
            faces = fonts.write_fontconfig(Path(folder))
            chunks = [jobs[start : start + _TOGETHER] for start in range(0, len(jobs), _TOGETHER)]
            outcomes = [one for chunk in chunks for one in libreoffice.convert_batch(chunk, fontconfig=faces)]
        else:
            outcomes = [_embedded(word, out) for word, out in jobs]
    for (word, _), outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, ConversionError):
            raise TemplateError(f"{word.name} cannot be converted: {outcome.message}", fix=outcome.fix)
    return [out.name for _, out in jobs]


def _embedded(word: Path, out: Path) -> libreoffice.Outcome:
    try:
        return embedded.convert(word, out)
    except ConversionError as error:
        return error


def _earlier(folder: Path) -> dict[str, str]:
    """Return the files of the last run with their checksums; a list that cannot be read names none."""
    try:
        listed = json.loads((folder / LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(listed, dict):
        return {}
    return {name: str(sha256) for name, sha256 in listed.items() if _OURS.fullmatch(name)}


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
