"""A frozen book keeps every number that is printed, whatever comes, grows, shrinks, goes or changes places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count, pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from reading import before

from dossier import frozen, lock, numbering, receipt
from dossier.book import Book
from dossier.errors import FrozenError
from dossier.inserting import Way
from dossier.lock import Lock
from dossier.numbering import Block, Pagination, Printed, Slot, Style

# --- a book that changes -------------------------------------------------------------------------------------------


@dataclass
class Desk:
    """A dossier as an office changes it: items with files in order, each of so many pages; ids follow the places."""

    items: dict[str, dict[str, int]]
    style: Style
    left_out: str = "sheet"
    front: int = 1
    printed: Lock | None = None
    names: Any = field(default_factory=lambda: map("{}.pdf".format, count(1)))

    def ids(self) -> dict[str, str]:
        """Return the file of every piece of evidence, by its id."""
        return {
            f"{item}-{place:02}": name
            for item, files in self.items.items()
            for place, name in enumerate(files, start=1)
        }

    def blocks(self) -> list[Block]:
        found = [Block("front", "scores:1", self.front)] if self.front else []
        for section, (item, files) in enumerate(self.items.items(), start=1):
            found.append(Block("divider", f"divider:{item}", 1, item, section=section))
            for place, pages in enumerate(files.values(), start=1):
                id = f"{item}-{place:02}"
                found.append(Block("evidence", f"evidence:{id}", pages, item, id, section))
        return found

    def book(self) -> Book:
        """Return as much of a book as freezing looks at."""
        entries = [
            SimpleNamespace(
                planned=SimpleNamespace(item=SimpleNamespace(id=item, title=item)),
                proofs=tuple(
                    SimpleNamespace(
                        id=f"{item}-{place:02}", item=item, planned=SimpleNamespace(names=(name,), title=name)
                    )
                    for place, name in enumerate(files, start=1)
                ),
            )
            for item, files in self.items.items()
        ]
        leaves = [
            SimpleNamespace(
                id=item, evidence=[SimpleNamespace(id=f"{item}-{place:02}") for place in range(1, len(files) + 1)]
            )
            for item, files in self.items.items()
        ]
        manifest = SimpleNamespace(
            numbering=SimpleNamespace(left_out=self.left_out),
            leaves=lambda: iter(leaves),
            levelled=lambda problem: problem,
            where=lambda id: f"dossier.yaml:{id}",
            path="dossier.yaml",
        )
        book = SimpleNamespace(
            entries=entries,
            plan=SimpleNamespace(manifest=manifest),
            proofs=lambda: (proof for entry in entries for proof in entry.proofs),
            lock=self.printed,
        )
        return cast(Book, book)

    def paginate(self) -> Pagination:
        before_it = [Block("cover", "cover:1", 1), Block("index", "index:1", 1)]
        if self.printed is None:
            return numbering.paginate([[*before_it, *self.blocks()]], self.style)
        volumes = frozen.arrange(self.blocks(), self.printed, self.book())
        style = replace(self.style, printed=self.printed.printed)
        return numbering.paginate([[*before_it, *volumes[0]]], style)

    def problems(self) -> dict[str, list[str]]:
        """Return the ids or files that each problem is about, by its code."""
        found: dict[str, list[str]] = {}
        for problem in frozen.changes(self.book(), self.paginate()):
            found.setdefault(problem.code, []).append(problem.evidence or problem.item or problem.message)
        return found

    def freeze(self) -> None:
        made = lock.of_book(self.receipt(self.paginate()))
        self.printed = lock.updated(self.printed, made) if self.printed else made

    def gaps(self, pagination: Pagination) -> list[tuple[str, str, str]]:
        """Return what the sheets for numbers left out say."""
        if self.printed is None:
            return []
        found = frozen.vacancies(self.printed, self.book(), pagination)
        return sorted((key, one.title, one.numbers()) for key, one in found.items())

    def receipt(self, pagination: Pagination) -> receipt.Receipt:
        pages = tuple(
            receipt.Page(s.volume, s.page, s.number, s.label, s.kind, s.item, s.evidence, key=s.key)
            for s in pagination.slots
        )
        files = self.ids()
        items = tuple(
            receipt.Item(
                item, item, "", "", "", "complete",
                evidence=tuple(
                    receipt.Evidence(id, name, "bound", sources=(receipt.Source(name, "", 1),))
                    for id, name in files.items() if id.rpartition("-")[0] == item
                ),
            )
            for item in self.items
        )  # fmt: skip
        volumes = (receipt.Volume("binder.pdf", "", len(pages)),)
        return receipt.Receipt(
            "title", True, {}, {}, {}, volumes, items, pages, numbering=lock.settings_of(self.style)
        )  # fmt: skip

    def numbers(self, pagination: Pagination) -> dict[str, list[str]]:
        """Return the numbers of every file's pages, and of every divider's."""
        files = self.ids()
        found: dict[str, list[str]] = {}
        for slot in pagination.slots:
            if slot.kind in ("divider", "evidence", "front"):
                found.setdefault(files.get(slot.evidence) or slot.key, []).append(slot.number)
        return found


ODD = Style("{n}", 1, "odd")
ANY = Style("{n}", 1, "any")


def desk(*pages: int, style: Style = ODD, left_out: str = "sheet") -> Desk:
    """Return an item with files a, b, … of so many pages, and an empty one behind it, both frozen."""
    names = [chr(ord("a") + place) for place in range(len(pages))]
    made = Desk({"1-1": dict(zip(names, pages, strict=True)), "1-2": {"z": 2}}, style, left_out)
    made.freeze()
    return made


# --- what one change does ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", [ODD, ANY, Style("{n}", 8, "odd"), Style("{n}/{total}", 3, "any")])
def test_a_frozen_book_that_did_not_change_is_numbered_as_it_was(style: Style) -> None:
    book = Desk({"1-1": {"a": 3, "b": 2}, "1-2": {}, "1-3": {"c": 1}}, style, front=2)
    was = book.paginate()
    book.freeze()

    assert book.paginate() == was
    assert book.problems() == {}


def test_evidence_that_grew_has_inserted_numbers_behind_its_own() -> None:
    book = desk(3, 2)
    was = book.numbers(book.paginate())
    book.items["1-1"]["a"] = 5

    now = book.numbers(book.paginate())

    last = was["a"][-1]
    assert now["a"] == [*was["a"], f"{last}A", f"{last}B"]
    assert {name: now[name] for name in was if name != "a"} == {name: was[name] for name in was if name != "a"}
    assert book.problems() == {"frozen-grown": ["1-1-01"]}


def test_evidence_that_came_late_has_inserted_numbers_behind_what_stands_before_it() -> None:
    book = desk(3, 2)
    was = book.numbers(book.paginate())
    book.items["1-1"] = {"a": 3, "new": 2, "b": 2}  # b is 1-1-03 now

    now = book.numbers(book.paginate())

    assert now == {**was, "new": [f"{was['a'][-1]}A", f"{was['a'][-1]}B"]}
    assert book.problems() == {"frozen-late": ["1-1-02"]}


def test_numbers_are_inserted_with_a_dash_where_the_set_says_so() -> None:
    book = desk(2, style=replace(ODD, inserted="number"))
    last = book.numbers(book.paginate())["a"][-1]
    book.items["1-1"]["a"] = 4

    assert book.numbers(book.paginate())["a"][2:] == [f"{last}-1", f"{last}-2"]


def test_late_evidence_begins_on_the_front_of_a_sheet_and_what_follows_keeps_its_side() -> None:
    book = desk(2, 2)
    sides = {slot.number: slot.page % 2 for slot in book.paginate().slots if slot.kind != "blank"}
    book.items["1-1"] = {"a": 2, "new": 1, "b": 2}

    slots = {slot.number: slot for slot in book.paginate().slots if slot.kind != "blank"}

    assert {number: slots[number].page % 2 for number in sides} == sides
    assert next(slot for slot in slots.values() if slot.evidence == "1-1-02").page % 2 == 1


def test_a_late_item_stands_behind_the_one_before_it() -> None:
    book = desk(2)
    was = book.numbers(book.paginate())
    book.items = {"1-1": book.items["1-1"], "1-1b": {"new": 1}, "1-2": book.items["1-2"]}

    now = book.numbers(book.paginate())

    last = was["a"][-1]
    assert (now["divider:1-1b"], now["new"]) == ([f"{last}A"], [f"{last}C"])  # the divider's back is blank
    assert book.problems() == {"frozen-late": ["1-1b", "1-1b-01"]}


def test_what_comes_before_everything_is_numbered_from_nought() -> None:
    made = Desk({"1-1": {"a": 2}}, ODD, front=0)
    made.freeze()
    made.front = 1

    assert made.numbers(made.paginate())["scores:1"] == ["0A"]


def test_evidence_that_shrank_leaves_a_sheet_that_says_so() -> None:
    book = desk(5, 2)
    was = book.numbers(book.paginate())
    book.items["1-1"]["a"] = 2

    pagination = book.paginate()

    assert book.printed is not None
    sheet = next(slot for slot in pagination.slots if slot.key == "vacant:evidence:1-1-01")
    assert sheet.number == was["a"][2]
    assert frozen.vacancies(book.printed, book.book(), pagination)[sheet.key].runs == ((was["a"][2], was["a"][4]),)
    assert book.numbers(pagination) == {**was, "a": was["a"][:2]}
    assert book.problems() == {"frozen-shrunk": ["1-1-01"]}


def test_evidence_that_shrank_leaves_only_a_gap_where_the_set_says_so() -> None:
    book = desk(5, 2, left_out="note")
    was = book.numbers(book.paginate())
    book.items["1-1"]["a"] = 2

    pagination = book.paginate()

    assert book.printed is not None
    assert not [slot for slot in pagination.slots if slot.key.startswith("vacant")]
    gap = frozen.vacancies(book.printed, book.book(), pagination)["vacant:evidence:1-1-01"]
    assert gap.numbers() == f"{was['a'][2]}—{was['a'][4]}"
    assert book.numbers(pagination) == {**was, "a": was["a"][:2]}


def test_evidence_that_was_taken_out_leaves_one_sheet_in_its_place() -> None:
    book = desk(5, 2)
    was = book.numbers(book.paginate())
    del book.items["1-1"]["a"]  # b is 1-1-01 now

    pagination = book.paginate()

    assert book.printed is not None
    [sheet] = [slot for slot in pagination.slots if slot.key.startswith("withdrawn:")]
    assert (sheet.number, sheet.item) == (was["a"][0], "1-1")
    assert frozen.vacancies(book.printed, book.book(), pagination)[sheet.key].withdrawn
    assert book.numbers(pagination) == {name: numbers for name, numbers in was.items() if name != "a"}
    assert list(book.problems()) == ["frozen-withdrawn"]


def test_evidence_that_comes_back_has_its_numbers_again() -> None:
    book = desk(5, 2)
    was = book.numbers(book.paginate())
    del book.items["1-1"]["a"]
    book.paginate()
    book.items["1-1"] = {"a": 5, **book.items["1-1"]}

    assert book.numbers(book.paginate()) == was


def test_evidence_that_changed_places_keeps_its_place_in_print_and_is_named() -> None:
    book = desk(1, 2, 3)
    was = book.paginate()
    book.items["1-1"] = {"b": 2, "c": 3, "a": 1}

    now = book.paginate()

    assert [slot.number for slot in now.slots] == [slot.number for slot in was.slots]
    assert book.problems() == {"frozen-order": ["1-1-03"]}


def test_evidence_under_another_item_is_named_as_moved() -> None:
    book = desk(2, 2)
    del book.items["1-1"]["a"]
    book.items["1-2"]["a"] = 2

    assert book.problems() == {"frozen-moved": ["1-2-02"]}


def test_a_file_under_another_name_keeps_the_numbers_of_its_place_and_is_named() -> None:
    book = desk(2, 2)
    was = book.numbers(book.paginate())
    book.items["1-1"] = {"a, sealed": 2, "b": 2}

    assert book.numbers(book.paginate())["a, sealed"] == was["a"]
    assert book.problems() == {"frozen-replaced": ["1-1-01"]}


def test_the_total_on_labels_stays_what_was_printed() -> None:
    book = desk(2, style=replace(ODD, label="{n}/{total}"))
    was = {slot.label for slot in book.paginate().slots}
    book.items["1-1"]["a"] = 4

    assert was < {slot.label for slot in book.paginate().slots}


def test_where_no_number_is_left_it_is_said() -> None:
    book = Desk({"1-1": {"a": 1}}, ANY)
    for number in range(2):
        book.freeze()
        book.items["1-1"] = {"a": 1, f"late{number}": 1, **{k: v for k, v in book.items["1-1"].items() if k != "a"}}
    book.freeze()
    book.items["1-1"]["a"] = 2

    with pytest.raises(FrozenError, match=r"no number is left behind 3 for 1-1-01"):
        book.paginate()


def test_new_numbers_of_a_volume_that_begins_anew_do_not_mind_those_of_another() -> None:
    style = Style("{n}", 1, "any", "volume", printed=Printed({1: frozenset("1"), 2: frozenset("1")}, {1: 1, 2: 1}))
    blocks = [[Block("evidence", f"e{volume}", 2, held=("1",), side=1)] for volume in (1, 2)]

    numbers = [slot.number for slot in numbering.paginate(blocks, style).slots]

    assert numbers == ["1-1", "1-1A", "2-1", "2-1A"]


# --- long stories --------------------------------------------------------------------------------------------------

CHANGES = ("add", "add", "add item", "grow", "grow", "shrink", "remove", "reorder", "freeze", "front")


@st.composite
def stories(draw: st.DrawFn) -> tuple[Desk, list[tuple[str, int, int]]]:
    """Draw a book, and what becomes of it."""
    names = map("{}.pdf".format, count(1))
    items = {f"1-{n}": {next(names): draw(st.integers(1, 5)) for _ in range(draw(st.integers(0, 3)))} for n in range(3)}
    ways: tuple[Way, ...] = ("letter", "number")
    style = Style(
        "{n}", draw(st.sampled_from([1, 1, 2, 7])), draw(st.sampled_from(["odd", "any"])), "never",
        draw(st.sampled_from(ways)),
    )  # fmt: skip
    steps = st.tuples(st.sampled_from([*CHANGES, "release"]), st.integers(0, 99), st.integers(1, 5))
    book = Desk(items, style, draw(st.sampled_from(["sheet", "note"])), draw(st.integers(0, 3)), names=names)
    return book, draw(st.lists(steps, min_size=4, max_size=30))


def change(book: Desk, what: str, place: int, size: int) -> None:
    item = list(book.items)[place % len(book.items)]
    files = list(book.items[item])
    file = files[place % len(files)] if files else None
    if what == "add":
        at = place % (len(files) + 1)
        row = list(book.items[item].items())
        book.items[item] = dict([*row[:at], (next(book.names), size), *row[at:]])
    elif what == "add item":
        rows = list(book.items.items())
        at = place % (len(rows) + 1)
        name = next(book.names)
        book.items = dict([*rows[:at], (f"2-{name}", {name: size}), *rows[at:]])
    elif what == "front":
        book.front = size - 1
    elif what == "reorder" and files:
        moved = [*files[1:], files[0]]
        book.items[item] = {name: book.items[item][name] for name in moved}
    elif what == "grow" and file:
        book.items[item][file] += size
    elif what == "shrink" and file:
        book.items[item][file] = max(1, book.items[item][file] - size)
    elif what == "remove" and file:
        del book.items[item][file]
    elif what == "release":
        book.printed = None


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stories())
def test_no_printed_number_changes_while_it_is_frozen(story: tuple[Desk, list[tuple[str, int, int]]]) -> None:
    book, steps = story
    held: dict[str, list[str]] = {}
    for what, place, size in steps:
        change(book, what, place, size)
        try:
            pagination = book.paginate()
        except FrozenError:
            event("no number was left")
            book.printed = None
            pagination = book.paginate()
        numbers = book.numbers(pagination)
        if book.printed is not None:
            for name, printed in held.items():
                if name in numbers:
                    kept = numbers[name][: len(printed)]
                    assert kept == printed[: len(kept)], (name, printed, kept)
            event("frozen")
        prove_sound(book, pagination)
        if what == "freeze":
            said = book.gaps(pagination)
            book.freeze()
            assert book.gaps(book.paginate()) == said
            assert printed_of(book.paginate()) == printed_of(pagination)
        if book.printed is None:
            held = {}
        elif what == "freeze":
            held = numbers


def printed_of(pagination: Pagination) -> list[tuple[str, int, str]]:
    """Return what is printed on each page; a blank's number is not."""
    return [(slot.key, slot.offset, slot.number if slot.key else "") for slot in pagination.slots]


def prove_sound(book: Desk, pagination: Pagination) -> None:
    slots = pagination.slots
    assert [slot.page for slot in slots] == list(range(1, len(slots) + 1))
    wanted = {block.key: block.pages for block in book.blocks() if block.pages}
    there: dict[str, list[int]] = {}
    for slot in slots:
        there.setdefault(slot.key, []).append(slot.offset)
    assert {key: there[key] for key in wanted} == {key: list(range(pages)) for key, pages in wanted.items()}
    extra = set(there) - set(wanted) - {"", "cover:1", "index:1"}
    assert all(key.startswith(("vacant:", "withdrawn:")) for key in extra)
    shown = [slot for slot in slots if slot.kind not in ("blank", "cover", "index")]
    assert len({slot.number for slot in slots if slot.kind != "blank"}) == len(shown) + 2
    assert len({slot.number for slot in slots}) == len(slots)
    assert all(before(one.number, two.number, book.style.inserted) for one, two in pairwise(shown))
    for slot in shown:
        if slot.number.isdigit():
            assert int(slot.number) % 2 == slot.page % 2, slot
    fronts(book.style, slots)


def fronts(style: Style, slots: Sequence[Slot]) -> None:
    """Prove that where blocks begin on odd pages, none begins on a back but what says that pages are left out."""
    if style.start_on == "odd":
        starts = [slot for slot in slots if slot.offset == 0 and not slot.key.startswith("vacant:")]
        assert all(slot.page % 2 for slot in starts)
