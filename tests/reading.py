"""How a person reads page numbers: which of two comes first, told without the code that gives them out."""

from __future__ import annotations

import re


def before(one: str, two: str, way: str) -> bool:
    """Say whether ``one`` reads as coming before ``two``: 143, 143-1, 143A, 143A-1, 143B, 144.

    Where numbers are put in by ``way`` number, letters are what comes between: 143, 143A, 143-1.
    """
    first, second = _steps(one, way), _steps(two, way)
    if second[: len(first)] == first:
        return len(second) > len(first)
    return first < second


def _steps(number: str, way: str) -> list[tuple[int, int, str]]:
    steps: list[tuple[int, int, str]] = []
    for part in re.findall(r"^\d+|-\d+|[A-Z]+", number):
        usual = part.isalpha() == (way == "letter")
        kind = 0 if not steps else 2 if usual else 1
        if part.isalpha():
            steps.append((kind, len(part), part))
        else:
            steps.append((kind, int(part.strip("-")), ""))
    return steps
