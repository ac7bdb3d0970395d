"""Pulling out and putting in what the steps say turns the old book into the new one, and prints no sheet in vain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.sheets import Put, Sheet, Side, Step, runs, sheets, steps

Looks = list[list[str]]


def volumes(looks: Sequence[Sequence[str]]) -> list[list[Sheet]]:
    """Return volumes whose pages show these looks."""
    return [
        sheets(volume, [Side(page, str(page), "evidence", look) for page, look in enumerate(pages, start=1)])
        for volume, pages in enumerate(looks, start=1)
    ]


def by_hand(old: list[list[Sheet]], done: Sequence[Step], count: int) -> list[list[tuple[str, str]]]:
    """Do with the old book what the steps say, by the places that they name; return what shows on its sheets."""
    aside = {(sheet.volume, sheet.place): sheet for step in done for sheet in step.kept}
    books = [list(volume) for volume in old] + [[] for _ in range(count - len(old))]
    for step in reversed(done):  # from the back, so that the places further in front stay as they were
        book = books[step.volume - 1]
        at = step.after.place if step.after else 0
        assert step.after is None or book[at - 1] == step.after
        assert tuple(book[at : at + len(step.out)]) == step.out
        put = [aside.pop((one.origin.volume, one.origin.place)) if one.origin else one.sheet for one in step.put]
        book[at : at + len(step.out)] = put
    assert aside == {}
    return [[sheet.look for sheet in book] for book in books]


def looks_of(books: list[list[Sheet]]) -> list[list[tuple[str, str]]]:
    return [[sheet.look for sheet in book] for book in books]


any_books = st.lists(st.lists(st.sampled_from(["", *"abcdefgh"]), max_size=24), max_size=3)


@st.composite
def edited(draw: st.DrawFn) -> tuple[Looks, Looks]:
    """Return a book whose pages are mostly told apart, and what some edits make of it."""
    lengths = draw(st.lists(st.integers(0, 40), min_size=1, max_size=3))
    old = [[f"{volume}.{page}" for page in range(length)] for volume, length in enumerate(lengths)]
    new = [list(pages) for pages in old]
    for number in range(draw(st.integers(0, 6))):
        pages = draw(st.sampled_from(new))
        at, length = draw(st.integers(0, len(pages))), draw(st.integers(0, 5))
        match draw(st.sampled_from(["insert", "remove", "change", "move"])):
            case "insert":
                pages[at:at] = [f"new {number}.{page}" for page in range(length)]
            case "remove":
                del pages[at : at + length]
            case "change":
                pages[at : at + 1] = [f"changed {number}"]
            case "move":
                cut = pages[at : at + length]
                del pages[at : at + length]
                into = draw(st.sampled_from(new))
                place = draw(st.integers(0, len(into)))
                into[place:place] = cut
    return old, new


@given(any_books, any_books)
def test_the_steps_make_the_new_book_of_any_old_one(old: Looks, new: Looks) -> None:
    count = max(len(old), len(new))
    wanted = looks_of(volumes(new)) + [[] for _ in range(count - len(new))]
    assert by_hand(volumes(old), steps(volumes(old), volumes(new)), count) == wanted


@given(edited())
def test_the_steps_make_the_edited_book_of_the_old_one(books: tuple[Looks, Looks]) -> None:
    old, new = map(volumes, books)
    assert by_hand(old, steps(old, new), len(new)) == looks_of(new)


@given(edited())
def test_only_sheets_that_the_old_book_does_not_have_are_printed(books: tuple[Looks, Looks]) -> None:
    old, new = map(volumes, books)
    has, wants = (Counter(sheet.look for book in both for sheet in book) for both in (old, new))
    printed = Counter(sheet.look for step in steps(old, new) for sheet in step.printed)
    empty = ("", "")
    assert {**printed, empty: 0} == {**(wants - has), empty: 0}


@given(any_books)
def test_nothing_is_to_be_done_with_a_book_that_is_the_same(looks: Looks) -> None:
    assert steps(volumes(looks), volumes(looks)) == ()


def only(old: Sequence[str], new: Sequence[str]) -> Step:
    (step,) = steps(volumes([old]), volumes([new]))
    return step


def test_a_sheet_is_printed_when_one_of_its_sides_is_different() -> None:
    step = only("abcdef", "abcXef")
    assert [sheet.place for sheet in step.out] == [2]
    assert [[side.look for side in sheet.sides] for sheet in step.printed] == [["c", "X"]]


def test_an_empty_back_is_no_different_from_none() -> None:
    assert steps(volumes([["a"]]), volumes([["a", ""]])) == ()


def test_a_back_that_is_printed_where_there_was_none_makes_another_sheet() -> None:
    assert [sheet.place for sheet in only("abc", "abcd").printed] == [2]


def test_inserted_sheets_come_behind_the_one_that_lies_before_them() -> None:
    step = only("abcdef", "abcdXYef")
    assert (step.out, step.after and step.after.place) == ((), 2)
    assert [put.sheet.look for put in step.put] == [("X", "Y")]


def test_at_the_front_nothing_lies_before() -> None:
    assert only("abcd", "XYabcd").after is None


def test_a_sheet_that_lies_elsewhere_is_moved_and_not_printed() -> None:
    done = steps(volumes(["abcdefgh"]), volumes(["cdefghab"]))
    assert [step.printed for step in done] == [(), ()]
    out, into = done
    assert [sheet.place for sheet in out.kept] == [1]
    assert [put.origin and put.origin.place for put in into.put] == [1]


def test_a_sheet_is_moved_from_one_volume_to_another() -> None:
    done = steps(volumes(["abcdef", "gh"]), volumes(["abcd", "efgh"]))
    assert [(step.volume, step.printed) for step in done] == [(1, ()), (2, ())]
    assert [put.origin and (put.origin.volume, put.origin.place) for put in done[1].put] == [(1, 3)]


def test_of_two_sheets_alike_one_of_the_same_volume_is_moved() -> None:
    done = steps(volumes(["xyabcd", "xyefgh"]), volumes(["abcd", "efghxy"]))
    origins = [put.origin and put.origin.volume for step in done for put in step.put]
    assert origins == [2]


def test_a_sheet_with_nothing_on_it_is_not_looked_for_elsewhere() -> None:
    done = steps(volumes([["", "", *"abcd"]]), volumes([[*"abcd", "", ""]]))
    assert [put.origin for step in done for put in step.put] == [None]


def test_a_new_volume_is_put_in_as_a_whole() -> None:
    done = steps(volumes(["ab"]), volumes(["ab", "cdef"]))
    assert [(step.volume, step.after, len(step.printed)) for step in done] == [(2, None, 2)]


def test_a_volume_that_is_no_more_is_pulled_out_as_a_whole() -> None:
    (step,) = steps(volumes(["ab", "cdef"]), volumes(["ab"]))
    assert (step.volume, len(step.out), step.put) == (2, 2, ())


@pytest.mark.parametrize("places", [[1], [1, 2, 3], [2, 3, 5, 6, 9]])
def test_runs_are_cut_where_sheets_do_not_lie_behind_each_other(places: list[int]) -> None:
    (book,) = volumes(["abcdefghijklmnopqrst"])
    found = runs(book[place - 1] for place in places)
    assert [sheet.place for run in found for sheet in run] == places
    assert [run[0].place - 1 in places for run in found] == [False] * len(found)


def test_sheets_of_two_volumes_are_two_runs() -> None:
    first, second = volumes(["ab", "cdef"])
    assert len(runs([first[0], second[1]])) == 2


def test_what_is_put_in_is_printed_unless_it_was_there_before() -> None:
    (book,) = volumes(["abcd"])
    step = Step(1, None, (), (Put(book[0]), Put(book[1], book[0])))
    assert step.printed == (book[0],)
