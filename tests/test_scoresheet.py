"""Tables of odd shape are read as a person reads them, or refused with what was not understood and in which cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from dossier import scoresheet
from dossier.errors import UsageError
from dossier.scoresheet import Line, ScoreTable

HEADS = ["一级指标", "二级指标", "评分标准", "分值", "自评分", "责任单位", "印证材料"]
Cells = Sequence[Sequence[Any]]
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that writes a workbook of rows and merged cells."""

    def write(rows: Cells, *merged: str, name: str = "scores.xlsx") -> Path:
        book = Workbook()
        sheet = book.active
        assert isinstance(sheet, Worksheet)
        sheet.title = "表"
        for row in rows:
            sheet.append(list(row))
        for span in merged:
            sheet.merge_cells(span)
        book.save(tmp_path / name)
        return tmp_path / name

    return write


def tree(table: ScoreTable) -> list[tuple[str, str, int]]:
    return [(line.id, line.title, line.level) for line in table.lines]


def line(table: ScoreTable, id: str) -> Line:
    [found] = [line for line in table.lines if line.id == id]
    return found


def said(table: ScoreTable) -> list[tuple[str, str]]:
    return [(problem.code, problem.where.rpartition("!")[2]) for problem in table.problems]


def test_a_plain_table_is_read(make: Make) -> None:
    table = scoresheet.read(
        make(
            [
                HEADS,
                ["党政领导", "质量目标", "有目标得1分", 1, 0.5, "发改局", "规划纲要\n工作报告"],
                [None, "经费", "", 2, 2, "财政局", ""],
            ]
        )
    )
    assert tree(table) == [("1", "党政领导", 1), ("1-1", "质量目标", 2), ("1-2", "经费", 2)]
    one = line(table, "1-1")
    assert (one.points, one.self_score, one.unit, one.criteria) == (Decimal(1), Decimal("0.5"), "发改局", "有目标得1分")
    assert one.evidence == ("规划纲要", "工作报告")
    assert table.leaves == {"1-1", "1-2"}
    assert table.columns["points"] == "D"
    assert table.problems == ()


def test_cells_merged_over_three_levels_count_for_every_row(make: Make) -> None:
    rows = [
        ["序号", "一级指标", "二级指标", "三级指标", "分值"],
        [1, "甲", "子", "a", 1],
        [2, None, None, "b", 2],
        [3, None, "丑", "c", 3],
        [4, "乙", "寅", "d", 4],
    ]
    table = scoresheet.read(make(rows, "B2:B4", "C2:C3"))
    assert tree(table) == [
        ("1", "甲", 1), ("1-1", "子", 2), ("1-1-1", "a", 3), ("1-1-2", "b", 3), ("1-2", "丑", 2), ("1-2-1", "c", 3),
        ("2", "乙", 1), ("2-1", "寅", 2), ("2-1-1", "d", 3),
    ]  # fmt: skip
    assert [line.points for line in table.lines if line.id in table.leaves] == [1, 2, 3, 4]


def test_heads_over_two_rows_and_titles_above_them_are_found(make: Make) -> None:
    rows = [
        ["2023年度质量工作考核自评表"],
        ["填报单位：云岭市", None, None, "单位：分"],
        ["考核指标", None, "评分细则", "分值", "自评", "责任部门"],
        ["一级指标", "二级指标", None, None, None, None],
        ["甲", "子", "标准", "3分", "２．５", "财政局"],
    ]
    table = scoresheet.read(make(rows, "A1:F1", "A3:B3", "C3:C4", "D3:D4", "E3:E4", "F3:F4"))
    assert table.heads[1] == 4
    assert table.title == "2023年度质量工作考核自评表"
    assert tree(table) == [("1", "甲", 1), ("1-1", "子", 2)]
    one = line(table, "1-1")
    assert (one.points, one.self_score, one.unit) == (Decimal(3), Decimal("2.5"), "财政局")


def test_sums_and_notes_are_left_out_and_that_is_said(make: Make) -> None:
    rows = [
        HEADS,
        ["甲", "子", "", 1, 1, "a", ""],
        ["小计", None, None, 1, 1],
        ["乙", "丑", "", 2, 2, "b", ""],
        ["合 计", None, None, 3, 3],
        ["注：1.本表由各单位填写。"],
        ["填表说明：分值不得更改。"],
    ]
    table = scoresheet.read(make(rows, "A6:G6", "A7:G7"))
    assert tree(table) == [("1", "甲", 1), ("1-1", "子", 2), ("2", "乙", 1), ("2-1", "丑", 2)]
    assert said(table) == [("sum-row", "A3"), ("sum-row", "A5"), ("note-row", "A6"), ("note-row", "A7")]
    assert {problem.severity for problem in table.problems} == {"warning"}


@pytest.mark.parametrize(
    ("section", "item", "ids"),
    [
        ("一、党政领导（15分）", "（一）质量目标", ("1", "1-1")),
        ("1 党政领导（15分）", "1-1 质量目标", ("1", "1-1")),
        ("1.党政领导(15分)", "1.1质量目标", ("1", "1-1")),
        ("十二、党政领导（15分）", "（十）质量目标", ("12", "12-10")),
        ("党政领导（15分）", "质量目标", ("1", "1-1")),
    ],
)
def test_numbers_and_points_in_titles_are_taken_apart(
    make: Make, section: str, item: str, ids: tuple[str, str]
) -> None:
    table = scoresheet.read(make([HEADS, [section, item, "", 1, 1, "a", ""]]))
    assert tree(table) == [(ids[0], "党政领导", 1), (ids[1], "质量目标", 2)]
    assert line(table, ids[0]).points == 15


@pytest.mark.parametrize("title", ["2023年质量月活动", "92批次抽检", "5G应用", "100%覆盖"])
def test_a_title_that_begins_with_a_figure_keeps_it(make: Make, title: str) -> None:
    assert tree(scoresheet.read(make([HEADS, ["甲", title, "", 1, 1, "a", ""]])))[1] == ("1-1", title, 2)


def test_an_item_over_several_rows_is_one_item(make: Make) -> None:
    rows = [HEADS, ["甲", "子", "一是", 1, 1, "a", "x"], [None, None, "二是", 2, 1.5, "a", "y"]]
    table = scoresheet.read(make(rows, "A2:A3", "B2:B3"))
    one = line(table, "1-1")
    assert (one.criteria, one.points, one.self_score, one.unit) == ("一是\n二是", Decimal(3), Decimal("2.5"), "a")
    assert one.evidence == ("x", "y")


def test_points_merged_over_the_rows_of_an_item_count_once(make: Make) -> None:
    rows = [HEADS, ["甲", "子", "一是", 3, 2, "a", "x"], [None, None, "二是", None, None, "a", "y"]]
    table = scoresheet.read(make(rows, "A2:A3", "B2:B3", "D2:D3", "E2:E3"))
    assert (line(table, "1-1").points, line(table, "1-1").self_score) == (Decimal(3), Decimal(2))


@pytest.mark.parametrize("text", ["扣分项", "1-2", "一分", "-1"])
def test_what_is_no_number_of_points_is_refused_with_its_cell(make: Make, text: str) -> None:
    table = scoresheet.read(make([HEADS, ["甲", "子", "", text, 1, "a", ""]]))
    assert said(table) == [("bad-number", "D2")]
    assert text in table.problems[0].message
    assert table.problems[0].severity == "error"


@pytest.mark.parametrize("text", ["", "/", "—", None])
def test_nothing_is_no_number(make: Make, text: str | None) -> None:
    table = scoresheet.read(make([HEADS, ["甲", "子", "", text, 1, "a", ""]]))
    assert (line(table, "1-1").points, table.problems) == (None, ())


def test_a_formula_without_a_value_is_said(make: Make) -> None:
    assert said(scoresheet.read(make([HEADS, ["甲", "子", "", "=1+1", 1, "a", ""]]))) == [("no-value", "D2")]


def test_an_item_that_comes_twice_and_a_number_used_twice_are_said(make: Make) -> None:
    rows = [HEADS, ["1 甲", "1-1 子", "", 1, 1, "a", ""], [None, "1-1 丑", "", 1, 1, "a", ""]]
    assert said(scoresheet.read(make(rows, "A2:A3"))) == [("same-id", "B3")]


def test_columns_can_be_named_by_hand(make: Make) -> None:
    rows = [["甲栏", "乙栏", "丙栏", "丁栏"], ["甲", "子", 3, "a"]]
    path = make(rows)
    with pytest.raises(UsageError, match="no table of items") as caught:
        scoresheet.read(path)
    assert "--column" in caught.value.fix
    table = scoresheet.read(path, columns={"一级指标": "A", "二级指标": "b", "分值": "C", "unit": "D"})
    assert (line(table, "1-1").points, line(table, "1-1").unit) == (Decimal(3), "a")


@pytest.mark.parametrize(("column", "letters"), [("颜色", "A"), ("分值", "12"), ("分值", "")])
def test_columns_that_do_not_exist_are_refused(make: Make, column: str, letters: str) -> None:
    with pytest.raises(UsageError):
        scoresheet.read(make([HEADS, ["甲", "子", "", 1, 1, "a", ""]]), columns={column: letters})


def test_the_sheet_with_the_table_is_found_and_hidden_ones_are_not_read(tmp_path: Path) -> None:
    book = Workbook()
    first = book.active
    assert isinstance(first, Worksheet)
    first.append(["说明"])
    hidden = book.create_sheet("旧")
    hidden.append(HEADS)
    hidden.append(["旧", "旧", "", 1, 1, "a", ""])
    hidden.sheet_state = "hidden"
    last = book.create_sheet("新")
    last.append(HEADS)
    last.append(["甲", "子", "", 1, 1, "a", ""])
    book.save(tmp_path / "a.xlsx")
    assert scoresheet.read(tmp_path / "a.xlsx").sheet == "新"
    with pytest.raises(UsageError, match="no sheet"):
        scoresheet.read(tmp_path / "a.xlsx", sheet="旧")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04rubbish", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old workbook"])
def test_what_is_no_workbook_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    with pytest.raises(UsageError) as caught:
        scoresheet.read(path)
    assert "a.xlsx" in caught.value.message
    assert caught.value.fix


def test_one_column_of_items_is_enough(make: Make) -> None:
    table = scoresheet.read(make([["考核项目", "满分", "得分"], ["质量目标", 5, 4], ["经费", 3, 3]]))
    assert tree(table) == [("1", "质量目标", 1), ("2", "经费", 1)]
    assert [line.self_score for line in table.lines] == [4, 3]


def test_numbers_of_the_tree_in_a_column_of_their_own_are_ids(make: Make) -> None:
    rows = [["编号", *HEADS], ["2-3", "甲", "子", "", 1, 1, "a", ""], ["2-4", None, "丑", "", 1, 1, "a", ""]]
    assert [id for id, _, level in tree(scoresheet.read(make(rows))) if level == 2] == ["2-3", "2-4"]


@pytest.mark.parametrize(
    ("content", "said", "fix"),
    [
        (None, "is not there", "name the workbook"),
        (b"title: x", "is no Excel workbook", ".xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is no Excel workbook", "save it as .xlsx"),
    ],
    ids=["no file", "a manifest", "an old workbook"],
)
def test_what_is_no_workbook_is_said_to_be_none(content: bytes | None, said: str, fix: str, tmp_path: Path) -> None:
    path = tmp_path / "scores.xlsx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        scoresheet.read(path)
    assert (str(caught.value).count(path.name), said in str(caught.value), fix in caught.value.fix) == (1, True, True)
