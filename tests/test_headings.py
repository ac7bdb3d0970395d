"""Numbers, titles and points are told apart in headings as offices write them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dossier.headings import counted, taken_apart


@pytest.mark.parametrize(
    ("text", "number", "title", "points"),
    [
        ("1-1 质量目标", "1-1", "质量目标", None),
        ("1.1质量目标（15分）", "1-1", "质量目标", "15"),
        ("1－10．质量目标(1.5分)", "1-10", "质量目标", "1.5"),
        ("3、质量目标", "3", "质量目标", None),
        ("（一）质量目标", "1", "质量目标", None),
        ("十二、质量目标", "12", "质量目标", None),
        ("质量目标", "", "质量目标", None),
        ("2023年质量月", "", "2023年质量月", None),
        ("5G应用", "", "5G应用", None),
        ("一体化平台", "", "一体化平台", None),
    ],
)
def test_a_heading_is_taken_apart(text: str, number: str, title: str, points: str | None) -> None:
    assert taken_apart(text) == (number, title, Decimal(points) if points else None)


@pytest.mark.parametrize(
    ("numeral", "number"), [("一", 1), ("九", 9), ("十", 10), ("十一", 11), ("二十", 20), ("九十九", 99)]
)
def test_chinese_numerals_are_counted(numeral: str, number: int) -> None:
    assert counted(numeral) == number
