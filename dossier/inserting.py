"""Numbers between numbers: 143A and 143B behind a printed 143, where 144 is printed too.

An inserted number is another with something behind it: letters (``143A`` … ``143Z``, ``143AA``) or a dash and a number
(``143-1``). Inserted numbers may have such numbers of their own: between ``143A`` and ``143B`` lies ``143A-1``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final, Literal

Way = Literal["letter", "number"]

_LAST = re.compile(r"(?P<base>.+?)(?:(?P<letters>[A-Z]+)|-(?P<number>[0-9]+))")


class Inserter:
    """Gives numbers that lie behind a printed one and before the next; each once, and none that is ``taken``."""

    def __init__(self, taken: Iterable[str], way: Way) -> None:
        self._ways: Final[tuple[Way, Way]] = ("letter", "number") if way == "letter" else ("number", "letter")
        self._used: set[str] = set()
        self._last: dict[tuple[str, Way], int] = {}  # the last number taken of those behind a base, by the way of it
        for number in taken:
            found = _split(number)
            while found:
                base, kind, ordinal = found
                self._last[base, kind] = max(ordinal, self._last.get((base, kind), 0))
                found = _split(base)

    def use(self, number: str) -> None:
        """Keep a number from being given again."""
        self._used.add(number)

    def is_used(self, number: str) -> bool:
        """Say whether a number was given or used."""
        return number in self._used

    def next(self, after: str) -> str | None:
        """Return a number that lies directly behind ``after``, before all that is taken behind it; None if none does.

        It goes on with the numbers that ``after`` is one of, else it begins such numbers behind ``after``.
        """
        found = _split(after)
        if found and not any((after, way) in self._last for way in self._ways):
            base, kind, ordinal = found
            if self._last.get((base, kind), 0) <= ordinal:
                return self._first(base, kind, ordinal + 1)
        for way in self._ways:
            doubled = way == "letter" and after[-1:].isalpha()  # 143AA is the one behind 143Z
            if (after, way) not in self._last and not doubled:
                return self._first(after, way, 1)
        return None

    def _first(self, base: str, way: Way, ordinal: int) -> str:
        number = next(number for number in _numbers(base, way, ordinal) if number not in self._used)
        self._used.add(number)
        return number


def root(number: str) -> int:
    """Return the number that all before it is inserted behind: 143 of ``143A-1``; 0 where there is none."""
    found = re.match(r"[0-9]+", number)
    return int(found[0]) if found else 0


def is_plain(number: str) -> bool:
    """Say whether a number is not an inserted one."""
    return number.isascii() and number.isdigit()


def _split(number: str) -> tuple[str, Way, int] | None:
    """Take the last insertion off a number: what it lies behind, the way of it, and its place from 1."""
    found = _LAST.fullmatch(number)
    if not found:
        return None
    if found["letters"]:
        return found["base"], "letter", _ordinal(found["letters"])
    return found["base"], "number", int(found["number"])


def _numbers(base: str, way: Way, first: int) -> Iterator[str]:
    for ordinal in count(first):
        yield f"{base}{_letters(ordinal)}" if way == "letter" else f"{base}-{ordinal}"


def _letters(ordinal: int) -> str:
    """Return A for 1, Z for 26, AA for 27."""
    text = ""
    while ordinal:
        ordinal, digit = divmod(ordinal - 1, 26)
        text = chr(ord("A") + digit) + text
    return text


def _ordinal(letters: str) -> int:
    value = 0
    for letter in letters:
        value = value * 26 + ord(letter) - ord("A") + 1
    return value
