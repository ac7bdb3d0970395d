"""Numbers put between printed ones are new, and read in order."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import before

from dossier.inserting import Inserter, Way, root

WAYS: tuple[Way, ...] = ("letter", "number")


def given_out(taken: list[str], after: str, count: int, way: Way = "letter") -> list[str | None]:
    inserter = Inserter(taken, way)
    found: list[str | None] = []
    last = after
    for _ in range(count):
        number = inserter.next(last)
        found.append(number)
        last = number or last
    return found


def test_the_first_number_behind_a_plain_one_ends_in_a() -> None:
    assert given_out(["143", "145"], "143", 3) == ["143A", "143B", "143C"]


def test_numbers_may_be_put_in_with_a_dash_instead() -> None:
    assert given_out(["143", "145"], "143", 3, "number") == ["143-1", "143-2", "143-3"]


def test_letters_go_on_with_aa_behind_z() -> None:
    assert given_out(["143"], "143", 28)[25:] == ["143Z", "143AA", "143AB"]


def test_an_inserted_number_is_followed_by_its_next_sibling() -> None:
    assert given_out(["143", "143A", "145"], "143A", 2) == ["143B", "143C"]


def test_between_two_inserted_numbers_come_those_of_the_first() -> None:
    assert given_out(["143", "143A", "143B"], "143A", 2) == ["143A-1", "143A-2"]


def test_between_a_number_and_its_own_first_come_those_of_the_other_way() -> None:
    assert given_out(["143", "143A"], "143", 2) == ["143-1", "143-2"]


def test_where_nothing_fits_none_is_given() -> None:
    assert given_out(["143", "143-1", "143A"], "143", 1) == [None]


def test_a_number_that_was_used_is_not_given() -> None:
    inserter = Inserter(["143"], "letter")
    inserter.use("143A")

    assert inserter.next("143") == "143B"


@pytest.mark.parametrize(("number", "expected"), [("143", 143), ("143A", 143), ("143A-12", 143), ("0A", 0), ("iv", 0)])
def test_the_root_is_the_number_before_all_that_was_put_behind_it(number: str, expected: int) -> None:
    assert root(number) == expected


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 4)), max_size=12), st.sampled_from(WAYS))
def test_numbers_read_in_order_however_often_more_are_put_between(puts: list[tuple[int, int]], way: Way) -> None:
    numbers = ["5", "6", "7"]
    for place, count in puts:
        at = place % len(numbers)
        new = [number for number in given_out(numbers, numbers[at], count, way) if number is not None]
        numbers[at + 1 : at + 1] = new

    assert len(set(numbers)) == len(numbers)
    assert all(before(one, two, way) for one, two in pairwise(numbers))
