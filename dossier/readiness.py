"""Judges evidence by the rules: what is odd about dates, numbers, scores, files and scans, though it can be bound.

Every rule is a function that yields findings. A finding takes its severity from the manifest or from
:data:`dossier.rules.RULES`, and is set aside where the evidence waives the rule with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from dossier import looks
from dossier.errors import Problem
from dossier.looks import Look
from dossier.manifest import Evidence, Item, Manifest
from dossier.plan import Plan, PlannedEvidence, PlannedItem
from dossier.sources import SourceFile

LEAST_DPI = 200
_NUMBER = re.compile(r"[^\s〔〕\[\]()【】]+〔(?:19|20)\d\d〕[1-9]\d*号")
_NUMBER_LIKE = re.compile(r"[〔\[(（【](?:19|20)\d\d[〕\])）】]\s*第?\s*\d+\s*(?:号|$)")
_DRAFTS = re.compile(r"征求意见稿|送审稿|讨论稿|草案|草稿|修改稿|初稿|\bdraft\b", re.IGNORECASE)
_MOST_NAMED = 8
_MOST_COMPARED = 3_000


@dataclass(frozen=True, slots=True)
class Waived:
    """A finding that evidence waives, and the reason that the manifest gives."""

    problem: Problem
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules find: the problems, and those that are waived."""

    problems: tuple[Problem, ...]
    waived: tuple[Waived, ...]


@dataclass(frozen=True, slots=True)
class _Finding:
    code: str
    message: str
    fix: str
    item: Item
    entry: Evidence | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """All that the rules may look at; ``looks`` are by the key of a source."""

    plan: Plan
    looks: Mapping[str, Look]

    @property
    def manifest(self) -> Manifest:
        return self.plan.manifest

    def proofs(self) -> Iterator[tuple[PlannedItem, PlannedEvidence]]:
        """Walk over the evidence that is bound, not what is cited."""
        for planned in self.plan.items:
            for proof in planned.evidence:
                if not proof.entry.see:
                    yield planned, proof

    def files(self) -> Iterator[tuple[PlannedItem, PlannedEvidence, SourceFile, Look]]:
        for planned, proof in self.proofs():
            for file in proof.files:
                yield planned, proof, file, self.looks.get(file.key, Look())


def judge(plan: Plan, looks: Mapping[str, Look], owed: Mapping[str, bool]) -> Judgement:
    """Apply every rule; ``owed`` says of each leaf's id whether proof of it is missing or refused."""
    case = _Case(plan, looks)
    found = [finding for rule in _RULES for finding in rule(case)]
    found += _unproved(case, owed)
    order = {planned.item.id: number for number, planned in enumerate(plan.items)}
    found.sort(key=lambda finding: order[finding.item.id])
    problems: list[Problem] = []
    waived: list[Waived] = []
    for finding in found:
        evidence = finding.entry.id if finding.entry else ""
        where = plan.manifest.where(evidence or finding.item.id)
        told = Problem(finding.code, finding.message, finding.fix, where=where, item=finding.item.id, evidence=evidence)
        problem = plan.manifest.levelled(told)
        if problem is None:
            continue
        reason = finding.entry.waive.get(finding.code, "") if finding.entry else ""
        if reason:
            waived.append(Waived(problem, reason))
        else:
            problems.append(problem)
    return Judgement(tuple(problems), tuple(waived))


# --- dates ---------------------------------------------------------------------------------------------------------


def _outside_period(case: _Case) -> Iterator[_Finding]:
    period = case.manifest.period
    for planned, proof in case.proofs():
        day = proof.entry.date
        if day is None:
            if proof.sources:
                message = f"{proof.title}: the manifest gives it no date"
                yield _Finding("undated", message, "add `date`", planned.item, proof.entry)
        elif period and not period.start <= day <= period.end:
            message = f"{proof.title}: dated {day}, outside the period {period.start} to {period.end}"
            fix = "name evidence of the period, correct `date`, or waive it with the reason"
            yield _Finding("outside-period", message, fix, planned.item, proof.entry)


def _name_outside_period(case: _Case) -> Iterator[_Finding]:
    period = case.manifest.period
    if period is None:
        return
    for planned, proof, file, _ in case.files():
        for written, year, day in looks.dates_in(file.name):
            inside = period.start <= day <= period.end if day else period.start.year <= year <= period.end.year
            if not inside:
                message = f"{file.name}: its name says {written}, outside the period {period.start} to {period.end}"
                yield _Finding(
                    "name-outside-period", message, "check that it is the right file", planned.item, proof.entry
                )
                break


def _made_outside_period(case: _Case) -> Iterator[_Finding]:
    """Report what was made after the dossier is due, or before the period: a scan is often made when it is sent in."""
    period, deadline = case.manifest.period, case.manifest.deadline
    if period is None:
        return
    last = max(period.end, deadline) if deadline else period.end
    for planned, proof, file, look in case.files():
        if look.made and not period.start <= look.made <= last:
            message = f"{file.name}: made on {look.made} by its {look.made_by}, outside {period.start} to {last}"
            yield _Finding("made-outside-period", message, "check that it is the right file", planned.item, proof.entry)


# --- document numbers ------------------------------------------------------------------------------------------------


def _malformed_number(case: _Case) -> Iterator[_Finding]:
    for planned, proof in case.proofs():
        number = proof.entry.number
        if not _NUMBER_LIKE.search(number) or _NUMBER.fullmatch(number):
            continue  # none, of another kind (a certificate's), or right
        faults = [said for said, wrong in _FAULTS if wrong(number)] or ["the issuer's code stands before the year"]
        meant = _mended(number)
        fix = f"did you mean {meant}?" if _NUMBER.fullmatch(meant) else "write it like 云府发〔2023〕5号"
        message = f"{proof.title}: the number {number} is malformed: {'; '.join(faults)}"
        yield _Finding("malformed-number", message, fix, planned.item, proof.entry)


_FAULTS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("the year stands in 〔〕", re.compile(r"[\[(（【](?:19|20)\d\d[\])）】]").search),
    ("no 第", re.compile("第").search),
    ("no leading zero", re.compile(r"[〕\])）】]第?0\d*").search),
    ("it ends in 号", lambda number: not number.endswith("号")),
    ("no space in it", re.compile(r"\s").search),
)


def _mended(number: str) -> str:
    text = re.sub(r"\s", "", number)
    text = re.sub(r"[\[(（【]((?:19|20)\d\d)[\])）】]", r"〔\1〕", text)
    text = re.sub(r"〕第?0*(\d)", r"〕\1", text)
    return text if text.endswith("号") else f"{text}号"


def _repeated_number(case: _Case) -> Iterator[_Finding]:
    first: dict[str, PlannedEvidence] = {}
    for planned, proof in case.proofs():
        number = _mended(proof.entry.number) if proof.entry.number else ""
        if not number:
            continue
        other = first.setdefault(number, proof)
        if _plain(other.title) != _plain(proof.title):
            message = f"{proof.title}: has the number {proof.entry.number} of {other.id}, {other.title}"
            fix = "correct one of the two, or give both the same title"
            yield _Finding("repeated-number", message, fix, planned.item, proof.entry)


def _plain(title: str) -> str:
    return re.sub(r"\W", "", title)


# --- scores ----------------------------------------------------------------------------------------------------------


def _score_over_points(case: _Case) -> Iterator[_Finding]:
    for planned in case.plan.items:
        item = planned.item
        if item.points is not None and item.self_score is not None and item.self_score > item.points:
            message = f"{item.title}: scores itself {item.self_score} of {item.points} points"
            yield _Finding("score-over-points", message, "correct `self_score` or `points`", item)


def _points_sum(case: _Case) -> Iterator[_Finding]:
    for planned in case.plan.items:
        item = planned.item
        for key, own, inner in (
            ("points", item.points, [child.points for child in item.items if child.counts == "points"]),
            ("self_score", item.self_score, [child.self_score for child in item.items if child.counts == "points"]),
        ):
            given = [value for value in inner if value is not None]
            if own is not None and inner and len(given) == len(inner) and sum(given, Decimal(0)) != own:
                message = f"{item.title}: its `{key}` {own} is not the sum of its items', {sum(given, Decimal(0))}"
                yield _Finding("points-sum", message, "correct one of them, or leave the section's out", item)


def _unproved(case: _Case, owed: Mapping[str, bool]) -> Iterator[_Finding]:
    for planned in case.plan.items:
        item = planned.item
        if planned.leaf and item.self_score and owed.get(item.id):
            message = f"{item.title}: {item.self_score} points are claimed and proof is missing or refused"
            fix = f"get the proof from {item.unit or 'the unit'}, or lower `self_score`"
            yield _Finding("score-without-proof", message, fix, item)


# --- files -----------------------------------------------------------------------------------------------------------


def _same_file(case: _Case) -> Iterator[_Finding]:
    first: dict[str, tuple[PlannedEvidence, SourceFile]] = {}
    for planned, proof, file, _ in case.files():
        before = first.setdefault(file.sha256, (proof, file))
        if before[1] is file or (before[1].name == file.name and _picks(before[0], proof)):
            continue
        message = f"{file.name}: the same bytes as {before[1].name} of {before[0].id}"
        fix = f"cite it: {{see: {before[0].id}}}; or ask whether another file was meant"
        yield _Finding("same-file", message, fix, planned.item, proof.entry)


def _picks(one: PlannedEvidence, other: PlannedEvidence) -> bool:
    """Say whether two pieces of evidence take different pages of one file."""
    return one.entry.pages != other.entry.pages


def _same_scan(case: _Case) -> Iterator[_Finding]:
    pictures = [
        (planned, proof, file, looks.print_of(look.picture))
        for planned, proof, file, look in case.files()
        if look.picture
    ][:_MOST_COMPARED]
    told: set[str] = set()
    for (_, before, earlier, one), (planned, proof, file, other) in combinations(pictures, 2):
        if earlier.sha256 == file.sha256 or file.key in told:
            continue
        if before.id == proof.id and len(proof.files) > 1:
            continue  # photos of one occasion are alike
        if looks.alike(one, other):
            told.add(file.key)
            message = f"{file.name}: looks nearly the same as {earlier.name} of {before.id}"
            fix = f"if it is the same paper, cite it: {{see: {before.id}}}; else waive it"
            yield _Finding("same-scan", message, fix, planned.item, proof.entry)


def _low_dpi(case: _Case) -> Iterator[_Finding]:
    for planned, proof, file, look in case.files():
        if look.low:
            worst = min(dpi for _, dpi in look.low)
            pages = _numbers([page for page, _ in look.low])
            what = file.name if look.pages == 1 else f"{file.name}, {pages}"
            message = f"{what}: scanned at {worst} dots per inch, less than {LEAST_DPI}"
            fix = f"ask {planned.item.unit or 'the unit'} to scan it again at 300 dpi"
            yield _Finding("low-dpi", message, fix, planned.item, proof.entry)


def _blank_page(case: _Case) -> Iterator[_Finding]:
    for planned, proof, file, look in case.files():
        if look.blank:
            message = f"{file.name}, {_numbers(look.blank)}: blank"
            fix = "leave blank pages out with `pages`, or ask whether something is missing"
            yield _Finding("blank-page", message, fix, planned.item, proof.entry)


def _no_text(case: _Case) -> Iterator[_Finding]:
    for planned, proof, file, look in case.files():
        if look.textless:
            message = f"{file.name}, {_numbers(look.textless)}: no text that can be searched"
            fix = "ask for the original, or make the scan searchable (OCR)"
            yield _Finding("no-text", message, fix, planned.item, proof.entry)


def _draft_name(case: _Case) -> Iterator[_Finding]:
    for planned, proof in case.proofs():
        found = next((hit for text in (proof.title, *proof.names) if (hit := _DRAFTS.search(text))), None)
        if found:
            message, fix = f"{proof.title}: calls itself {found[0]}", "ask for what was issued in the end"
            yield _Finding("draft-name", message, fix, planned.item, proof.entry)


def _tracked_changes(case: _Case) -> Iterator[_Finding]:
    for planned, proof, file, look in case.files():
        if look.tracked:
            message = f"{file.name}: holds {look.tracked} tracked changes"
            fix = "ask for the final text, or accept the changes in Word"
            yield _Finding("tracked-changes", message, fix, planned.item, proof.entry)


def _numbers(pages: Iterable[int]) -> str:
    every = list(pages)
    shown = ", ".join(map(str, every[:_MOST_NAMED])) + (" and more" if len(every) > _MOST_NAMED else "")
    return f"page {shown}" if len(every) == 1 else f"pages {shown}"


_RULES: tuple[Callable[[_Case], Iterator[_Finding]], ...] = (
    _outside_period,
    _name_outside_period,
    _made_outside_period,
    _malformed_number,
    _repeated_number,
    _score_over_points,
    _points_sum,
    _same_file,
    _same_scan,
    _low_dpi,
    _blank_page,
    _no_text,
    _draft_name,
    _tracked_changes,
)
