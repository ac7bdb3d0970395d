"""The dates that a file's name holds are found as they are written; what looks alike: test_probe.py, on real looks."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier import looks


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("1-1/关于2023年工作的通知.pdf", [("2023年", 2023, None)]),
        ("云府发〔2021〕5号.pdf", [("2021", 2021, None)]),
        ("会议20230412签到.jpg", [("20230412", 2023, date(2023, 4, 12))]),
        ("2023年4月12日 会议.jpg", [("2023年4月12日", 2023, date(2023, 4, 12))]),
        ("IMG_2023-04-12.jpg", [("2023-04-12", 2023, date(2023, 4, 12))]),
        ("合同18520230412345678.pdf", []),
        ("20231399.pdf", []),
        ("第25次会议.pdf", []),
        ("2022/报告.pdf", []),
    ],
)
def test_dates_in_a_name_are_found_as_written(name: str, found: list[tuple[str, int, date | None]]) -> None:
    assert list(looks.dates_in(name)) == found


@given(st.text(max_size=60))
def test_no_name_is_too_odd_for_dates(name: str) -> None:
    for written, year, day in looks.dates_in(name or "x"):
        assert str(year) in written
        assert day is None or day.year == year
