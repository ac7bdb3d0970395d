"""Reads the tables that offices keep their assessment items in: an Excel sheet → a tree of items.

Columns are found by their heads, over one or two rows, wherever the table begins; title rows above it, notes under it
and rows of sums are left out and said. A cell that is merged counts for every row it covers. What is not understood is
reported with its cell, never guessed at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, is_zipfile

import openpyxl
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from dossier import limits, workers
from dossier.convert import ooxml
from dossier.errors import ConversionError, Problem, UsageError
from dossier.headings import taken_apart

HEADS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("编号", "序号", "指标编号", "指标代码", "代码", "no", "id", "tab"),
    "criteria": (
        "评分标准",
        "评分细则",
        "计分方法",
        "计分办法",
        "考核标准",
        "评分办法",
        "评分要点",
        "赋分标准",
        "criteria",
    ),
    "points": ("分值", "标准分", "标准分值", "满分", "权重", "权重分", "总分", "points"),
    "self_score": ("自评分", "自评得分", "自评分值", "自评", "得分", "selfscore", "claimed"),
    "unit": ("责任单位", "责任部门", "牵头单位", "负责单位", "责任单位部门", "unit"),
    "evidence": ("印证材料", "佐证材料", "证明材料", "支撑材料", "备查材料", "印证材料清单", "evidence"),
    "deduction": ("扣分原因", "失分原因", "扣分说明", "deduction"),
    "conclusion": ("自评结论", "自评情况", "完成情况", "自评说明", "conclusion"),
    "ignored": ("备注", "状态", "欠缺", "页码", "remarks", "status", "owed", "page"),
}
"""What columns are called, without spaces, brackets and units, in lower case."""

_LEVELS = ("一级", "二级", "三级", "四级")
_ONE_LEVEL = ("指标", "考核指标", "指标名称", "考核内容", "考核项目", "项目", "评价指标", "item", "title", "section")
_SUMS = ("合计", "总计", "小计", "总分", "total")
_NOTES = ("注", "备注", "说明", "填表说明", "note")
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)分?")
_NOTHING = frozenset({"", "-", "—", "——", "/", "\\", "无"})
_NO_FIX = "nothing need be done, if it is no item"
_MOST_ROWS = 20_000
_MOST_COLUMNS = 200
_SEARCHED = 40  # rows at the top in which heads are looked for


@dataclass(frozen=True, slots=True)
class Line:
    """One item of the tree, of ``level`` 1 and more; ``row`` is where it begins in the sheet."""

    id: str
    title: str
    level: int
    row: int
    criteria: str = ""
    points: Decimal | None = None
    self_score: Decimal | None = None
    unit: str = ""
    evidence: tuple[str, ...] = ()
    deduction: str = ""
    conclusion: str = ""


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """What was read: which column is what (letters by names), the items in order, and what was left out or is odd.

    ``leaves`` are the ids of the items that have none below them.
    """

    sheet: str
    heads: tuple[int, int]
    columns: Mapping[str, str]
    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    leaves: frozenset[str] = frozenset()
    title: str = ""


def read(path: Path, *, sheet: str = "", columns: Mapping[str, str] | None = None) -> ScoreTable:
    """Read a workbook's table, of the sheet named or else the first that has one.

    ``columns`` says by letters which column is what (``{"points": "F"}``), where heads do not; a name may be one of
    :data:`HEADS` or ``level 1`` and so on. Raises UsageError where the file is no workbook or no table is found.
    """
    if not path.is_file():
        what = "is not a file" if path.exists() else "is not there"
        raise UsageError(f"{path} {what}", fix="name the workbook that holds the table")
    if not is_zipfile(path):
        raise UsageError(f"{path} is no Excel workbook (.xlsx)", fix="open it in Excel, save it as .xlsx and name that")
    with workers.processes(1) as pool:
        try:
            grids = pool.submit(_grids, path).result()
        except BrokenProcessPool:
            raise UsageError(f"{path} kept its reader from ending", fix="open it in Excel and save it anew") from None
        except ConversionError as error:
            raise UsageError(f"{path}: {error.message}", fix=error.fix) from None
    if sheet and sheet not in grids:
        raise UsageError(f"{path} has no sheet {sheet!r}", fix=f"name one of {', '.join(grids)}")
    tried: list[str] = []
    for name, grid in grids.items():
        if sheet and name != sheet:
            continue
        found = _find_heads(grid, columns or {})
        if isinstance(found, str):
            tried.append(f"{name}: {found}")
            continue
        return _Reader(str(path), name, grid, *found).table()
    raise UsageError(
        f"no table of items is found in {path}: {'; '.join(tried) or 'it has no sheet'}",
        fix="name its columns with --column, such as --column 分值=F --column 三级指标=C",
    )


# --- cells ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Grid:
    """A sheet's text by (row, column), and for cells that a merged one covers the cell that it shows."""

    texts: Mapping[tuple[int, int], str]
    origins: Mapping[tuple[int, int], tuple[int, int]]
    rows: int
    columns: int
    formulas: frozenset[tuple[int, int]] = frozenset()

    def at(self, row: int, column: int) -> str:
        return self.texts.get(self.origin(row, column), "")

    def origin(self, row: int, column: int) -> tuple[int, int]:
        return self.origins.get((row, column), (row, column))


def _grids(path: Path) -> dict[str, _Grid]:
    with limits.bounded():
        try:
            ooxml.inspect(path)
            values, written = (openpyxl.load_workbook(path, data_only=only, keep_links=False) for only in (True, False))
        except (InvalidFileException, BadZipFile, KeyError, ValueError, TypeError, AttributeError, OSError) as error:
            fix = "save it as an Excel workbook (.xlsx) and name that"
            raise ConversionError(f"is no workbook that can be read: {error}", fix=fix) from None
        return {
            sheet.title: _grid(sheet, written[sheet.title])
            for sheet in values.worksheets
            if sheet.sheet_state == "visible"
        }


def _grid(sheet: Worksheet, written: Worksheet) -> _Grid:
    rows, columns = min(sheet.max_row, _MOST_ROWS), min(sheet.max_column, _MOST_COLUMNS)
    texts: dict[tuple[int, int], str] = {}
    formulas: set[tuple[int, int]] = set()
    for cells in sheet.iter_rows(max_row=rows, max_col=columns):
        for cell in cells:
            at = (cell.row or 0, cell.column or 0)
            if cell.value is not None:
                texts[at] = _shown(cell.value)
            elif written.cell(*at).data_type == "f":
                formulas.add(at)
    origins: dict[tuple[int, int], tuple[int, int]] = {}
    for span in sheet.merged_cells.ranges:
        for row in range(span.min_row, min(span.max_row, rows) + 1):
            for column in range(span.min_col, min(span.max_col, columns) + 1):
                origins[row, column] = (span.min_row, span.min_col)
    return _Grid(texts, origins, rows, columns, frozenset(formulas))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    return str(value).strip()


# --- heads ---------------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Return a head without spaces, brackets, units and case."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"[（(][^)）]*[)）]", "", text)
    return re.sub(r"[\s:：*、/_-]", "", text).lower()


def _meaning(text: str) -> str:
    plain = _plain(text)
    for number, level in enumerate(_LEVELS, start=1):
        if plain.startswith(level) or (plain.endswith(level) and "指标" in plain):
            return f"level {number}"
    if re.fullmatch("level[1-4]", plain):
        return f"level {plain[-1]}"
    if plain in _ONE_LEVEL:
        return "level"
    return next((name for name, heads in HEADS.items() if plain in heads), "")


def _find_heads(grid: _Grid, given: Mapping[str, str]) -> tuple[tuple[int, int], dict[str, int]] | str:
    """Return the rows of the heads and the columns by name, or what is missing."""
    best: tuple[tuple[int, bool], tuple[int, int], dict[str, int]] = ((0, False), (0, 0), {})
    for first in range(1, min(grid.rows, _SEARCHED) + 1):
        for last in (first, first + 1):
            columns = _columns(grid, first, last)
            score = len([name for name in columns if name != "ignored"]), first == last
            if score > best[0]:
                best = score, (first, last), columns
    rows, columns = best[1], best[2]
    for name, letters in given.items():
        columns[_named(name)] = _column(letters)
    if not any(name.startswith("level") for name in columns):
        return "no column of items (一级指标, 二级指标, 指标名称) is found"
    if not {"points", "criteria", "unit", "self_score"} & columns.keys():
        return "neither 分值 nor 自评分, 评分标准 or 责任单位 is found"
    return rows, columns


def _columns(grid: _Grid, first: int, last: int) -> dict[str, int]:
    found: dict[str, int] = {}
    level = 0
    seen: set[frozenset[tuple[int, int]]] = set()
    for column in range(1, grid.columns + 1):
        cells = frozenset(grid.origin(row, column) for row in range(first, last + 1))
        if cells in seen:
            continue  # one cell over several columns heads the first of them
        seen.add(cells)
        texts = list(dict.fromkeys(grid.at(row, column) for row in range(first, last + 1)))
        texts = [text for text in texts if text]
        names = [_meaning("".join(texts)), *(_meaning(text) for text in reversed(texts))]
        name = next((name for name in names if name.startswith("level ")), "") or next(filter(None, names), "")
        if name == "level":
            level += 1
            name = f"level {level}"
        if name and name not in found:
            found[name] = column
    return found


def _named(name: str) -> str:
    meaning = name if name in HEADS or re.fullmatch(r"level [1-4]", name) else _meaning(name)
    if not meaning or meaning == "ignored":
        known = ", ".join([*(name for name in HEADS if name != "ignored"), "level 1"])
        raise UsageError(
            f"there is no column {name!r} to be had", fix=f"name one of {known}, or its usual Chinese head"
        )
    return "level 1" if meaning == "level" else meaning


def _column(letters: str) -> int:
    try:
        return column_index_from_string(letters.strip().upper())
    except ValueError:
        raise UsageError(f"{letters!r} names no column", fix="write its letters, such as F") from None


# --- rows ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Leaf:
    """One item while its rows are read; ``taken`` are cells that were counted already."""

    path: tuple[tuple[int, int], ...]
    titles: tuple[str, ...]
    row: int
    number: str = ""
    texts: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, Decimal] = field(default_factory=dict)
    taken: set[tuple[int, int]] = field(default_factory=set)


class _Reader:
    def __init__(self, path: str, name: str, grid: _Grid, heads: tuple[int, int], columns: dict[str, int]) -> None:
        self.path, self.name, self.grid, self.heads, self.columns = path, name, grid, heads, columns
        self.problems: list[Problem] = []
        self.levels = [columns[key] for key in sorted(columns) if key.startswith("level ")]

    def table(self) -> ScoreTable:
        leaves = list(self._leaves())
        lines = tuple(self._lines(leaves))
        if not lines:
            self._say(
                "no-items", self.heads[1] + 1, self.levels[0], "there is no item under the heads", "check --column"
            )
        inner = {line.id for line, after in pairwise(lines) if after.level > line.level}
        letters = {name: get_column_letter(column) for name, column in self.columns.items() if name != "ignored"}
        every = frozenset(line.id for line in lines if line.id not in inner)
        above = (self.grid.at(row, column) for row in range(1, self.heads[0]) for column in range(1, 4))
        title = next((text for text in above if text), "")
        return ScoreTable(self.name, self.heads, letters, lines, tuple(self.problems), every, " ".join(title.split()))

    def _say(self, code: str, row: int, column: int, message: str, fix: str, *, warning: bool = False) -> None:
        where = f"{self.path}:{self.name}!{get_column_letter(column)}{row}"
        self.problems.append(Problem(code, message, fix, "warning" if warning else "error", where))

    def _leaves(self) -> Iterator[_Leaf]:
        leaf: _Leaf | None = None
        above: list[tuple[tuple[int, int], str]] = []
        for row in range(self.heads[1] + 1, self.grid.rows + 1):
            texts = [self.grid.at(row, column) for column in range(1, self.grid.columns + 1)]
            shown = [text for text in texts if text]
            if not shown or self._is_no_item(row, shown):
                continue
            above = self._path(row, above)
            if not above:
                self._say(
                    "unread-row", row, 1, f"`{shown[0][:40]}` stands under no item: it is not read", "", warning=True
                )
                continue
            path = tuple(origin for origin, _ in above)
            if leaf is None or leaf.path != path:
                if leaf is not None:
                    yield leaf
                leaf = _Leaf(path, tuple(title for _, title in above), row)
            self._take(leaf, row)
        if leaf is not None:
            yield leaf

    def _is_no_item(self, row: int, shown: Sequence[str]) -> bool:
        first = _plain(shown[0])
        alone = len({self.grid.origin(row, c) for c in range(1, self.grid.columns + 1) if self.grid.at(row, c)}) == 1
        if any(_plain(text) in _SUMS for text in shown[:2]):
            self._say(
                "sum-row", row, 1, f"a row of sums, `{shown[0]}`, is left out", "nothing need be done", warning=True
            )
            return True
        if alone and (any(first.startswith(note) for note in _NOTES) or self._spans_all(row)):
            self._say(
                "note-row", row, 1, f"a note, `{shown[0][:40]}`, is left out", "nothing need be done", warning=True
            )
            return True
        return False

    def _spans_all(self, row: int) -> bool:
        covered = [c for c in range(1, self.grid.columns + 1) if self.grid.at(row, c)]
        return len(covered) > len(self.levels) + 1

    def _path(self, row: int, above: list[tuple[tuple[int, int], str]]) -> list[tuple[tuple[int, int], str]]:
        """Return the cells that name the item of a row; an empty cell of a level goes on with the one above."""
        found: list[tuple[tuple[int, int], str]] = []
        fresh = False
        for number, column in enumerate(self.levels):
            text = " ".join(self.grid.at(row, column).split())
            origin = self.grid.origin(row, column)
            if text and any(origin == earlier for earlier, _ in found):
                continue  # merged over several levels: an item without the lower ones
            if text:
                fresh = fresh or number >= len(above) or above[number][0] != origin
                found.append((origin, text))
            elif number < len(above) and not fresh:
                found.append(above[number])
            else:
                break
        return found

    def _take(self, leaf: _Leaf, row: int) -> None:
        for name, column in self.columns.items():
            origin, text = self.grid.origin(row, column), self.grid.at(row, column)
            if name == "ignored" or name.startswith("level ") or origin in leaf.taken:
                continue
            leaf.taken.add(origin)
            if origin in self.grid.formulas:
                message = "a formula whose value is not stored"
                self._say("no-value", row, column, message, "open the workbook in Excel and save it")
            elif name in ("points", "self_score"):
                number = self._number(row, column, text)
                if number is not None:
                    leaf.numbers[name] = leaf.numbers.get(name, Decimal(0)) + number
            elif name == "id":
                leaf.number = leaf.number or text
            elif text:
                leaf.texts.setdefault(name, []).append(text)

    def _number(self, row: int, column: int, text: str) -> Decimal | None:
        plain = unicodedata.normalize("NFKC", text).replace(" ", "").replace("．", ".")
        if plain in _NOTHING:
            return None
        found = _NUMBER.fullmatch(plain)
        if found is None:
            self._say("bad-number", row, column, f"`{text[:40]}` is not a number of points", "write digits alone")
            return None
        return Decimal(found[1])

    def _lines(self, leaves: Sequence[_Leaf]) -> Iterator[Line]:
        """Yield sections and items in order, each with an id: its own, or its place in the tree."""
        counts: dict[str, int] = {}
        named: dict[tuple[tuple[int, int], ...], str] = {}
        used: set[str] = set()
        for leaf in leaves:
            parent = ""
            for depth in range(1, len(leaf.path) + 1):
                path = leaf.path[:depth]
                last = depth == len(leaf.path)
                if path in named:
                    parent = named[path]
                    if last:
                        self._say(
                            "same-item",
                            leaf.row,
                            self.levels[depth - 1],
                            f"`{leaf.titles[-1]}` comes twice",
                            "join its rows",
                        )
                    continue
                counts[parent] = counts.get(parent, 0) + 1
                own, title, points = taken_apart(leaf.titles[depth - 1])
                number = _hierarchical(leaf.number) if last else ""
                id = number or own or (f"{parent}-{counts[parent]}" if parent else str(counts[parent]))
                if own and parent and "-" not in own and not number:
                    id = f"{parent}-{own}"
                if id in used:
                    self._say("same-id", leaf.row, self.levels[depth - 1], f"the id {id} comes twice", "number it anew")
                    id = f"{parent}-{counts[parent]}" if parent else str(counts[parent])
                used.add(id)
                named[path] = parent = id
                line = Line(id, title, depth, leaf.row, points=points)
                yield self._filled(line, leaf) if last else line

    def _filled(self, line: Line, leaf: _Leaf) -> Line:
        def text(name: str) -> str:
            return "\n".join(leaf.texts.get(name, []))

        return replace(
            line,
            criteria=text("criteria"),
            points=leaf.numbers.get("points", line.points),
            self_score=leaf.numbers.get("self_score"),
            unit="、".join(dict.fromkeys(part for text in leaf.texts.get("unit", []) for part in text.split("\n"))),
            evidence=tuple(
                part.strip()
                for text in leaf.texts.get("evidence", [])
                for part in re.split(r"[\n；;]", text)
                if part.strip()
            ),
            deduction=text("deduction"),
            conclusion=text("conclusion"),
        )


def _hierarchical(number: str) -> str:
    plain = re.sub("[－–.．]", "-", unicodedata.normalize("NFKC", number).strip())
    return plain if re.fullmatch(r"\d{1,3}(-\d{1,3})+", plain) else ""
