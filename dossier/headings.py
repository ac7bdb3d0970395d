"""Takes headings such as ``1-1 质量目标（15分）`` or ``（一）组织领导`` apart, wherever offices write them."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMERALS = "一二三四五六七八九十"
_OWN_ID = re.compile(r"\s*(\d{1,3}(?:[-－–.．]\d{1,3})+(?!\d)|\d{1,3}(?=[\s、.．:：]))[\s、.．:：]*(?=\S)")
_CHINESE_ID = re.compile(rf"\s*[（(]?([{_NUMERALS}]{{1,3}})[)）、.．]\s*")
_POINTS_IN_TITLE = re.compile(r"\s*[（(]\s*(\d+(?:\.\d+)?)\s*分\s*[)）]\s*$")


def taken_apart(text: str) -> tuple[str, str, Decimal | None]:
    """Return the number, the title and the points that a heading holds; what it does not hold is empty or None."""
    points: Decimal | None = None
    found = _POINTS_IN_TITLE.search(text)
    if found:
        points, text = Decimal(found[1]), text[: found.start()]
    own = _OWN_ID.match(text)
    if own:
        return re.sub("[－–.．]", "-", own[1]), text[own.end() :].strip(), points
    chinese = _CHINESE_ID.match(text)
    if chinese:
        return str(counted(chinese[1])), text[chinese.end() :].strip(), points
    return "", text.strip(), points


def counted(numeral: str) -> int:
    """Return the number that a Chinese numeral up to 九十九 stands for."""
    tens, ten, ones = numeral.partition("十")
    if not ten:
        return _NUMERALS.index(numeral[0]) + 1
    return (_NUMERALS.index(tens[0]) + 1 if tens else 1) * 10 + (_NUMERALS.index(ones[0]) + 1 if ones else 0)
