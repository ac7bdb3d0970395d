"""Excel both ways: a dossier's items as a workbook to be edited, and what was edited back into the manifest.

What was read is compared with the manifest item by item, and only what differs is changed, in the manifest's own text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from dossier import manifest_text, ruling
from dossier.check import ItemState, Report
from dossier.errors import Problem
from dossier.manifest import Item, Manifest
from dossier.manifest_text import Change, scalar
from dossier.scoresheet import Line, ScoreTable

_LEVEL_NAMES: Final = ("一级指标", "二级指标", "三级指标", "四级指标")
_COLUMNS: Final[tuple[tuple[str, float], ...]] = (
    ("评分标准", 36), ("分值", 7), ("自评分", 8), ("责任单位", 14), ("印证材料", 36),
    ("扣分原因", 18), ("自评结论", 30), ("状态", 8), ("欠缺", 24),
)  # fmt: skip
_ENGLISH: Final = {
    "一级指标": "Section", "二级指标": "Item", "三级指标": "Level 3", "四级指标": "Level 4", "编号": "No",
    "评分标准": "Criteria", "分值": "Points", "自评分": "Claimed", "责任单位": "Unit", "印证材料": "Evidence",
    "扣分原因": "Deduction", "自评结论": "Conclusion", "状态": "Status", "欠缺": "Owed",
    "齐备": "complete", "缺": "missing", "退回": "refused", "不适用": "not applicable",
}  # fmt: skip
_STATUS: Final = {"complete": "齐备", "missing": "缺", "refused": "退回", "not-applicable": "不适用"}
_KEYS: Final = ("criteria", "points", "self_score", "unit", "deduction", "conclusion")
_A3 = 8  # as Excel numbers paper


# --- out -----------------------------------------------------------------------------------------------------------


def export(report: Report, out: Path) -> None:
    """Write a workbook of the items in their tree, with their states and what is owed; grey columns are not read back.

    Raises OSError where ``out`` cannot be written.
    """
    loaded = report.manifest
    chinese = loaded.language.startswith("zh")
    depth = max(level for level, _ in loaded.walk())
    heads = ["编号", *_LEVEL_NAMES[:depth], *(name for name, _ in _COLUMNS)]
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "指标" if chinese else "Items"
    ruling.put(sheet, 1, [loaded.title])
    ruling.put(sheet, 2, heads if chinese else [_ENGLISH[head] for head in heads])
    states = {state.id: state for state in report.items}
    spans: dict[int, tuple[str, int]] = {}
    for trail, item in _leaves(loaded.items, ()):
        row = sheet.max_row + 1
        ruling.put(sheet, row, _row(trail, item, depth, states[item.id], chinese=chinese))
        for column, parent in enumerate(trail[:-1], start=2):
            if spans.get(column, ("", 0))[0] != parent.id:
                _merge(sheet, column, spans.get(column), row - 1)
                spans[column] = (parent.id, row)
        for column in [column for column in spans if column > len(trail)]:
            _merge(sheet, column, spans.pop(column), row - 1)
    for column, span in spans.items():
        _merge(sheet, column, span, sheet.max_row)
    widths = [9.0, *[22.0] * depth, *(width for _, width in _COLUMNS)]
    ruling.dress(sheet, widths, frozen=depth + 1, size=_A3)
    for row in range(3, sheet.max_row + 1):
        owing = not states[str(sheet.cell(row, 1).value)].proved
        for column in (len(heads) - 1, len(heads)):
            sheet.cell(row, column).fill = ruling.RED if owing else ruling.GREY
    book.save(out)


def _leaves(items: Sequence[Item], trail: tuple[Item, ...]) -> Iterator[tuple[tuple[Item, ...], Item]]:
    for item in items:
        if item.items:
            yield from _leaves(item.items, (*trail, item))
        else:
            yield (*trail, item), item


def _row(trail: Sequence[Item], item: Item, depth: int, state: ItemState, *, chinese: bool) -> list[ruling.Value]:
    titles = [f"{one.id} {one.title}" for one in trail]
    owed = [problem.message for problem in state.problems if problem.severity == "error"]
    status = _STATUS[state.status]
    evidence = [entry.title or entry.file or entry.files or f"→ {entry.see}" for entry in item.evidence]
    return [
        item.id,
        *titles, *[None] * (depth - len(titles)),
        item.criteria, item.points, item.self_score, item.unit, "\n".join(evidence), item.deduction,
        item.conclusion, status if chinese else _ENGLISH[status], "\n".join(owed),
    ]  # fmt: skip


def _merge(sheet: Worksheet, column: int, span: tuple[str, int] | None, last: int) -> None:
    if span and last > span[1]:
        sheet.merge_cells(start_row=span[1], end_row=last, start_column=column, end_column=column)


# --- in ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Merged:
    """What importing would do: the manifest's new text, the changes that lead to it, and what is not taken over."""

    text: str
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]


def merge(table: ScoreTable, loaded: Manifest, text: str) -> Merged:
    """Compare a table with a manifest, and change in its ``text`` what the table says differently.

    A column that the table lacks changes nothing. Items that only one of the two has are reported.
    """
    items = {item.id: item for _, item in loaded.walk()}
    changes: list[Change] = []
    problems = list(table.problems)
    for line in table.lines:
        item = items.get(line.id)
        if item is None:
            message = f"{line.id} {line.title} (row {line.row}) is not in the manifest"
            problems.append(Problem("new-item", message, "write it into the manifest under `items`", "warning"))
            continue
        changes += _differences(line, item, table)
    here = {line.id for line in table.lines}
    for item in items.values():
        if not item.items and item.id not in here:
            message = f"{item.id} {item.title} is not in the table"
            fix = "delete it from the manifest, if it no longer applies"
            problems.append(Problem("gone-item", message, fix, "warning", loaded.where(item.id), item.id))
    return Merged(manifest_text.apply(text, changes), tuple(changes), tuple(problems))


def _differences(line: Line, item: Item, table: ScoreTable) -> Iterator[Change]:
    if _squeezed(line.title) != _squeezed(item.title):
        yield Change(item.id, "title", line.title)
    if item.id not in table.leaves:
        return
    for key in _KEYS:
        if key not in table.columns:
            continue
        new, old = getattr(line, key), getattr(item, key)
        if key in ("points", "self_score"):
            if new != old:
                yield Change(item.id, key, "" if new is None else f"{new:f}", number=True)
        elif len(new) >= ruling.LONGEST_TEXT and old.startswith(new):
            continue  # a cell holds no more of it
        elif _squeezed(new) != _squeezed(old):
            yield Change(item.id, key, new)


def _squeezed(text: str) -> str:
    """Return text without the spaces and line breaks that a cell may add."""
    return "".join(text.split())


def start(table: ScoreTable, title: str) -> str:
    """Return the text of a new manifest made of a table; what it names as evidence stands under each item as a note."""
    out = [f"title: {scalar(title)}", "sources: sources   # the folder that the files below lie in", "", "items:"]
    for position, line in enumerate(table.lines):
        pad = "  " + "    " * (line.level - 1)
        out.append(f"{pad}- id: {scalar(line.id)}")
        for key in ("title", *_KEYS):
            value = getattr(line, key)
            if value not in ("", None):
                out.append(f"{pad}  {key}: {scalar(str(value), number=isinstance(value, Decimal))}")
        after = table.lines[position + 1] if position + 1 < len(table.lines) else None
        if after is not None and after.level > line.level:
            out.append(f"{pad}  items:")
            continue
        out += [f"{pad}  # evidence: {name}" for name in line.evidence]
    return "\n".join(out) + "\n"
