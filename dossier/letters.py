"""What the letters to units and the summary for the leader say: a report, in the types that Word templates see.

A unit owes what keeps its evidence out of the book. What the rules find odd about evidence that is there, is a hint.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase

from dossier.causes import HINTS, cause
from dossier.check import ItemState, Report, UnitState
from dossier.context import dossier_of
from dossier.errors import Problem
from dossier.fields import plain_number
from dossier.manifest import Evidence, Manifest
from dossier.plan import worst
from dossier.sources import Kind
from dossier.template_sets import TemplateSet
from dossier.views import (
    DebtView,
    DossierView,
    LetterContext,
    LetterView,
    OwedItem,
    ProblemView,
    SummaryView,
    UnitDebt,
)

_NAMED = re.compile(r"(.+?)(?:, pages? [\d, ]+(?:and more)?)?(?:: | is | holds | cannot |$)")
_PAGES = re.compile(r", pages? ([\d, ]*\d)(?: and more)?: ")
_FOUND_OF = re.compile(r"(\d+) of (\d+) files fill the role ")
_ROLE = re.compile(r"(?:no evidence fills|files fill) the role (.+)$")


@dataclass(frozen=True, slots=True)
class Letters:
    """All that is written: what the summary says, and each letter, for units that owe something.

    ``contexts`` are what templates see, by unit, and under ``""`` what the summary sees. ``unaddressed`` is what is
    owed of items without a unit; ``hints`` are all of them, with their units.
    """

    manifest: Manifest
    summary: SummaryView
    letters: tuple[LetterView, ...]
    contexts: Mapping[str, LetterContext]
    unaddressed: tuple[LetterView, ...] = ()
    hints: tuple[tuple[str, DebtView], ...] = ()

    @property
    def owed(self) -> bool:
        """Say whether anything is owed, be it by the office itself."""
        return bool(self.summary.owed or self.summary.own)


def letters(report: Report, found: TemplateSet, today: date) -> Letters:
    """Return what is to be written of a report on the day ``today``.

    Items without a unit are in the summary, and nobody is written to about them. Raises ManifestError where manifest
    and template set do not go together.
    """
    return _Writer(report, found, today).write()


class _Writer:
    def __init__(self, report: Report, found: TemplateSet, today: date) -> None:
        self.report = report
        self.manifest = found.complete(report.manifest)
        self.found = found
        self.today = today
        self.chinese = self.manifest.language.startswith("zh")
        self.items = {item.id: item for item in self.manifest.leaves()}
        self.proofs = {entry.id: entry for item in self.items.values() for entry in item.evidence}
        self.sections = {item.id: section.title for section in self.manifest.items for item in section.leaves()}
        self.states: dict[str, list[ItemState]] = {}
        for state in report.items:
            self.states.setdefault(state.unit, []).append(state)

    def write(self) -> Letters:
        owing = {unit.name: self.letter(unit) for unit in self.report.units}
        written = tuple(letter for name, letter in owing.items() if name and letter.owed)
        shared = LetterContext(dossier=self.dossier(), today=self.today, values=self.manifest.values)
        summary = self.summary(owing)
        contexts = {letter.unit: LetterContext(**shared, letter=letter) for letter in written}
        contexts[""] = LetterContext(**shared, summary=summary)
        hints = tuple((name, hint) for name, letter in owing.items() for hint in letter.hints)
        unaddressed = tuple(letter for name, letter in owing.items() if not name and letter.owed)
        return Letters(self.manifest, summary, written, contexts, unaddressed, hints)

    def dossier(self) -> DossierView:
        return replace(
            dossier_of(self.manifest, self.today, self.found.style.words),
            items=len(self.report.items),
            evidence=sum(not entry.see for entry in self.proofs.values()),
            complete=self.report.complete,
        )

    @property
    def days_left(self) -> int:
        return (self.manifest.deadline - self.today).days if self.manifest.deadline else 0

    # --- letters

    def letter(self, unit: UnitState) -> LetterView:
        items = tuple(self.owed_items(self.states[unit.name]))
        debts = Counter(debt.state for item in items for debt in item.debts)
        return LetterView(
            unit.name,
            unit.contact,
            unit.phone,
            self.manifest.contact,
            self.manifest.phone,
            self.manifest.deadline,
            self.days_left,
            debts.total(),
            debts["missing"],
            debts["refused"],
            text(sum((Decimal(item.at_risk) for item in items), Decimal(0))),
            items,
            tuple(self.hints(self.states[unit.name])),
        )

    def owed_items(self, states: Iterable[ItemState]) -> Iterator[OwedItem]:
        order = 0
        for state in states:
            debts: list[DebtView] = []
            for problem in state.problems:
                if problem.severity == "error":
                    order += 1
                    debts.append(self.debt(problem, order))
            if debts:
                yield self.owed_item(state, tuple(debts))

    def owed_item(self, state: ItemState, debts: tuple[DebtView, ...] = ()) -> OwedItem:
        risk = Decimal(0) if state.proved else state.self_score or Decimal(0)
        item = self.items[state.id]
        return OwedItem(
            state.id,
            state.title,
            self.sections.get(state.id, ""),
            state.unit,
            item.criteria,
            text(state.points) if state.points is not None else "",
            text(risk),
            debts,
            state.counts,
        )

    def hints(self, states: Iterable[ItemState]) -> Iterator[DebtView]:
        found = (p for state in states for p in state.problems if p.severity == "warning" and p.code in HINTS)
        for order, problem in enumerate(found, start=1):
            yield self.debt(problem, order)

    def debt(self, problem: Problem, order: int) -> DebtView:
        item = self.items[problem.item]
        entry = self.proofs.get(problem.evidence)
        role = _ROLE.search(problem.message) if entry is None else None
        pages = _PAGES.search(problem.message)
        return DebtView(
            order,
            item.id,
            item.title,
            problem.evidence,
            _title(entry) if entry else role[1] if role else "",
            _file(entry, problem.message) if entry else "",
            pages[1].replace(", ", "、") if pages and self.chinese else pages[1] if pages else "",
            entry.date.isoformat() if entry and entry.date else "",
            entry.number if entry else "",
            problem.code,
            "hint" if problem.severity != "error" else worst([problem]),
            self.cause(problem),
            problem.message,
        )

    def cause(self, problem: Problem) -> str:
        empty = problem.code == "unsupported-kind" and f" is an {Kind.EMPTY.value}" in problem.message
        said = cause("empty-source" if empty else problem.code, chinese=self.chinese)
        counts = _FOUND_OF.search(problem.message) if problem.code == "few-files" else None
        if counts is None:
            return said
        there, wanted = counts.groups()
        return f"{said}（应有{wanted}份，现有{there}份）" if self.chinese else f"{said} ({there} of {wanted} are here)"

    # --- summary

    def summary(self, owing: Mapping[str, LetterView]) -> SummaryView:
        report, standing = self.report, self.report.standing
        ranked = sorted(
            report.units, key=lambda one: (-one.standing.vetoes, -one.standing.at_risk, -owing[one.name].owed)
        )
        open_ones = [u for u in ranked if u.standing.vetoes or u.standing.at_risk or owing[u.name].owed]
        done = [unit for unit in report.units if unit not in open_ones]
        rows = tuple(self.unit(unit, owing[unit.name], rank) for rank, unit in enumerate(open_ones, start=1))
        at_risk = [s for s in report.items if not s.proved and (s.self_score or s.counts == "veto")]
        at_risk.sort(key=lambda state: (state.counts != "veto", -(state.self_score or 0)))
        own = tuple(
            ProblemView(problem.code, problem.message, problem.fix)
            for problem in report.problems
            if problem.severity == "error" and problem.item not in self.items
        )
        return SummaryView(
            self.manifest.deadline,
            self.days_left,
            len(report.items),
            sum(state.proved for state in report.items),
            sum(letter.owed for letter in owing.values()),
            sum(letter.missing for letter in owing.values()),
            sum(letter.refused for letter in owing.values()),
            sum(len(letter.hints) for letter in owing.values()),
            text(standing.points),
            text(standing.claimed),
            text(standing.proved),
            text(standing.at_risk),
            rows,
            tuple(self.unit(unit, owing[unit.name], len(rows) + rank) for rank, unit in enumerate(done, start=1)),
            tuple(self.owed_item(state) for state in at_risk),
            own,
        )

    def unit(self, unit: UnitState, letter: LetterView, rank: int) -> UnitDebt:
        return UnitDebt(
            rank,
            unit.name,
            unit.contact,
            unit.phone,
            unit.items,
            unit.complete,
            letter.owed,
            letter.missing,
            letter.refused,
            len(letter.hints),
            text(unit.standing.claimed),
            text(unit.standing.at_risk),
        )


def _title(entry: Evidence) -> str:
    named = entry.file or entry.files
    return entry.title or named.rpartition("/")[2].rpartition(".")[0] or named


def _file(entry: Evidence, message: str) -> str:
    """Return the file that a message is about: of several, or out of an archive, the one that it begins with."""
    found = _NAMED.match(message)
    name = found[1] if found else ""
    inside = fnmatchcase(name, entry.files) if entry.files else name.startswith(f"{entry.file}/")
    return name if inside else entry.file or entry.files


def text(value: Decimal | None) -> str:
    """Return points as they are said: exact, and without needless zeros."""
    return plain_number(value or Decimal(0))
