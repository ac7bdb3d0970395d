"""Changing a value of a manifest changes that value, and not one other byte."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dossier import manifest_text
from dossier.errors import UsageError
from dossier.manifest_text import Change, apply

SAMPLE = Path(__file__).resolve().parent.parent / "manifests" / "quality-2023.yaml"
BLOCK = """\
# head
title: x   # of all
items:
  - id: "1"
    title: 甲
    items:
      # about 1-1
      - id: 1-1
        title: 子   # a remark
        points: 2     # exact
        criteria: |
          one
          two

        evidence: [{file: a}]
      - {id: 1-2, title: 丑, points: 3}
"""


def changed(text: str, *changes: Change) -> list[str]:
    """Return the lines that went and came."""
    after = apply(text, changes)
    return [line for line in difflib.ndiff(text.splitlines(), after.splitlines()) if line[0] in "+-"]


def item(text: str, id: str) -> dict[str, Any]:
    waiting = [*yaml.safe_load(text)["items"]]
    while waiting:
        one = waiting.pop()
        if one["id"] == id:
            return dict(one)
        waiting += one.get("items", [])
    raise KeyError(id)


def test_a_value_is_replaced_and_its_remark_stays() -> None:
    assert changed(BLOCK, Change("1-1", "points", "2.5", number=True)) == [
        "-         points: 2     # exact",
        "+         points: 2.5     # exact",
    ]


def test_a_value_in_braces_is_replaced() -> None:
    assert changed(BLOCK, Change("1-2", "points", "4", number=True)) == [
        "-       - {id: 1-2, title: 丑, points: 3}",
        "+       - {id: 1-2, title: 丑, points: 4}",
    ]


def test_a_block_of_text_is_replaced() -> None:
    assert changed(BLOCK, Change("1-1", "criteria", "new")) == [
        "-         criteria: |", "+         criteria: new", "-           one", "-           two",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("id", "line"),
    [
        ("1", "+     unit: 局"),
        ("1-1", "+         unit: 局"),
        ("1-2", "+       - {id: 1-2, title: 丑, points: 3, unit: 局}"),
    ],
)
def test_a_new_key_comes_after_the_plain_ones(id: str, line: str) -> None:
    assert line in changed(BLOCK, Change(id, "unit", "局"))
    assert item(apply(BLOCK, [Change(id, "unit", "局")]), id)["unit"] == "局"


@pytest.mark.parametrize(
    ("id", "key"), [("1-1", "points"), ("1-1", "criteria"), ("1-1", "title"), ("1-2", "points"), ("1-2", "title")]
)
def test_an_empty_value_removes_its_key(id: str, key: str) -> None:
    after = apply(BLOCK, [Change(id, key, "")])
    expected = item(BLOCK, id)
    del expected[key]
    assert item(after, id) == expected


def test_removing_what_is_not_there_changes_nothing() -> None:
    assert apply(BLOCK, [Change("1-1", "unit", "")]) == BLOCK


def test_an_unknown_item_is_refused() -> None:
    with pytest.raises(UsageError, match="no item 9"):
        apply(BLOCK, [Change("9", "unit", "x")])


def test_several_changes_at_once_are_all_made() -> None:
    changes = [Change("1-2", "unit", "a"), Change("1-1", "unit", "b"), Change("1-1", "points", "9", number=True)]
    after = apply(BLOCK, changes)
    assert (item(after, "1-2")["unit"], item(after, "1-1")["unit"], item(after, "1-1")["points"]) == ("a", "b", 9)


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=60))
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    for id in ("1-1", "1-2"):
        for key in ("title", "unit"):
            assert item(apply(BLOCK, [Change(id, key, text)]), id)[key] == text


@pytest.mark.parametrize(
    "text", ["no", "010", "1.10", "2023-01-01", "a: b", "# c", "- d", "{e}", "null", "~", "'", '"', "a\nb"]
)
def test_text_that_yaml_would_misread_stands_in_quotes(text: str) -> None:
    assert yaml.safe_load(f"a: {manifest_text.scalar(text)}") == {"a": text}
    assert yaml.safe_load(f"[{manifest_text.scalar(text)}]") == [text]


def test_every_value_of_the_sample_can_be_changed_alone() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    for id in ("1-1", "3-4", "7-3"):
        for key in ("title", "points", "criteria", "conclusion"):
            lines = changed(text, Change(id, key, "7", number=True))
            assert [line[0] for line in lines] == ["-", "+"]
            assert f"{key}: 7" in lines[1]
