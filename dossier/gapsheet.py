"""The workbook of what is owed: an overview of all units, a sheet for each that owes something, and the hints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from dossier import ruling
from dossier.letters import Letters
from dossier.views import DebtView, LetterView, OwedItem, UnitDebt

_WORDS: Final = {
    "总览": "Overview", "提示": "Hints", "编制单位": "Our own", "位次": "Rank", "责任单位": "Unit", "联系人": "Contact",
    "电话": "Phone", "指标": "Items", "齐备": "Complete", "欠件": "Owed", "缺": "Missing", "退回": "Refused",
    "自评分": "Claimed", "待印证分": "At risk", "合计": "Total", "（未注明）": "(none)", "序号": "No",
    "指标编号": "Item", "考核指标": "Title", "分值": "Points", "评分标准": "Criteria", "材料编号": "Evidence",
    "印证材料": "Document", "文件": "File", "状态": "State", "存在问题和要求": "What is wrong, and what to do",
    "详情": "Details", "报送情况": "Received", "问题": "Problem", "怎么办": "What to do",
    "日期": "Date", "文号": "Number",
}  # fmt: skip
_STATES: Final = {"missing": "缺", "refused": "退回"}
_UNIT: Final = (
    ("序号", 5), ("指标编号", 8), ("考核指标", 20), ("分值", 6), ("待印证分", 9), ("材料编号", 9), ("印证材料", 24),
    ("文件", 24), ("状态", 6), ("存在问题和要求", 28), ("详情", 28), ("报送情况", 11),
)  # fmt: skip
_OVERVIEW: Final = (
    ("位次", 6), ("责任单位", 24), ("联系人", 12), ("电话", 16), ("指标", 7), ("齐备", 7), ("欠件", 7), ("缺", 7),
    ("退回", 7), ("提示", 7), ("自评分", 9), ("待印证分", 10),
)  # fmt: skip
_HINTS: Final = (
    ("序号", 5), ("责任单位", 14), ("指标编号", 8), ("考核指标", 18), ("材料编号", 9), ("印证材料", 24), ("文件", 24),
    ("日期", 11), ("文号", 18), ("存在问题和要求", 26), ("详情", 28),
)  # fmt: skip
_OWN: Final = (("序号", 6), ("问题", 60), ("怎么办", 60))
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f']")
_LONGEST_NAME = 31
_MADE = datetime(2023, 1, 1)


def write(written: Letters, out: Path) -> None:
    """Write the workbook; whatever the manifest says is text in it, never a formula."""
    chinese = written.manifest.language.startswith("zh")
    book = _Book(Workbook(), chinese)
    book.overview(written)
    for letter in (*written.letters, *written.unaddressed):
        book.unit(letter)
    if written.hints:
        book.hints(written.hints)
    if written.summary.own:
        own = [(number, p.message, p.fix) for number, p in enumerate(written.summary.own, start=1)]
        book.sheet("编制单位", written.manifest.title, _OWN, own)
    properties = book.workbook.properties
    properties.title, properties.creator = written.manifest.title, written.manifest.organisation
    properties.created = properties.modified = _MADE
    book.workbook.save(out)


@dataclass(slots=True)
class _Book:
    workbook: Workbook
    chinese: bool

    def said(self, word: str) -> str:
        return word if self.chinese else _WORDS[word]

    def overview(self, written: Letters) -> None:
        summary = written.summary
        rows = [list(self.standing(unit)) for unit in (*summary.units, *summary.done)]
        total: list[ruling.Value] = [
            "", self.said("合计"), "", "", summary.items, summary.complete, summary.owed, summary.missing,
            summary.refused, summary.hints, Decimal(summary.claimed), Decimal(summary.at_risk),
        ]  # fmt: skip
        self.sheet("总览", written.manifest.title, _OVERVIEW, [*rows, total])

    def standing(self, unit: UnitDebt) -> Iterator[ruling.Value]:
        yield from (
            unit.rank,
            unit.name or self.said("（未注明）"),
            unit.contact,
            unit.phone,
            unit.items,
            unit.complete,
        )
        yield from (unit.owed, unit.missing, unit.refused, unit.hints, Decimal(unit.claimed), Decimal(unit.at_risk))

    def unit(self, letter: LetterView) -> None:
        rows = [list(self.debt(item, debt)) for item in letter.items for debt in item.debts]
        whom = " ".join(filter(None, (letter.unit, letter.contact, letter.phone)))
        self.sheet(letter.unit or self.said("（未注明）"), whom, _UNIT, rows)

    def debt(self, item: OwedItem, debt: DebtView) -> Iterator[ruling.Value]:
        yield from (debt.order, item.id, item.title, _number(item.points))
        # Of an item of which several things are owed, the points are at risk once: so that the column adds up.
        yield _number(item.at_risk) if debt is item.debts[0] else ""
        yield from (debt.id, debt.title, debt.file, self.said(_STATES[debt.state]), debt.cause, debt.message, "")

    def hints(self, hints: Sequence[tuple[str, DebtView]]) -> None:
        rows = [
            (
                number, unit or self.said("（未注明）"), hint.item_id, hint.item_title, hint.id, hint.title, hint.file,
                hint.date, hint.number, hint.cause, hint.message,
            )
            for number, (unit, hint) in enumerate(hints, start=1)
        ]  # fmt: skip
        self.sheet("提示", self.said("提示"), _HINTS, rows)

    def sheet(
        self, name: str, title: str, columns: Sequence[tuple[str, float]], rows: Sequence[Sequence[ruling.Value]]
    ) -> None:
        first = not any(sheet.max_row > 1 for sheet in self.workbook.worksheets)
        named = self.name(name if self.chinese or name not in _WORDS else _WORDS[name])
        sheet = self.workbook.active if first else self.workbook.create_sheet()
        assert isinstance(sheet, Worksheet)
        sheet.title = named
        ruling.put(sheet, 1, [title])
        ruling.put(sheet, 2, [self.said(head) for head, _ in columns])
        for number, row in enumerate(rows, start=3):
            ruling.put(sheet, number, row)
        ruling.dress(sheet, [width for _, width in columns])

    def name(self, wanted: str) -> str:
        """Return a name that Excel takes, and that no sheet has whatever the case."""
        plain = _NOT_IN_NAMES.sub("_", wanted)[:_LONGEST_NAME].strip() or "_"
        taken = {sheet.title.casefold() for sheet in self.workbook.worksheets if sheet.max_row > 1}
        name, count = plain, 1
        while name.casefold() in taken or name.casefold() == "history":  # a name that Excel keeps to itself
            count += 1
            name = f"{plain[: _LONGEST_NAME - 4]}-{count}"
        return name


def _number(points: str) -> ruling.Value:
    return Decimal(points) if points else ""
