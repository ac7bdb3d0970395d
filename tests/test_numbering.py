"""Every page of every volume is there once, in order, with the number that belongs on its side of the sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dossier.numbering import (
    Block,
    Limits,
    Load,
    Pagination,
    Slot,
    Span,
    Style,
    paginate,
    roman,
    split,
)

StartOn = Literal["odd", "any"]
Restart = Literal["never", "volume"]

START_ON: tuple[StartOn, ...] = ("odd", "any")
RESTART: tuple[Restart, ...] = ("never", "volume")
SHEET = 2  # pages


def evidence(pages: int, key: str = "e", item: str = "1-1") -> Block:
    return Block("evidence", key, pages, item, key)


def divider(item: str, pages: int = 1) -> Block:
    return Block("divider", f"divider:{item}", pages, item)


def front(*pages: int, volume: int = 1) -> list[Block]:
    """Return a cover and indexes, each of so many pages."""
    return [Block("index" if n else "cover", f"before{n}:{volume}", count) for n, count in enumerate(pages)]


def counted(slots: Sequence[Slot]) -> list[Slot]:
    """Return the pages that have an Arabic number."""
    return [slot for slot in slots if slot.number[-1].isdigit()]


def plain(slot: Slot) -> int:
    """Return a counted page's number without its volume."""
    return int(slot.number.rpartition("-")[2])


def numbers(pagination: Pagination, volume: int = 1) -> list[str]:
    return [slot.number for slot in pagination.slots if slot.volume == volume]


def labels(pagination: Pagination, volume: int = 1) -> list[str]:
    return [slot.label for slot in pagination.slots if slot.volume == volume]


def by_volume(pagination: Pagination) -> list[list[Slot]]:
    return [list(group) for _, group in groupby(pagination.slots, key=lambda slot: slot.volume)]


@st.composite
def volumes(draw: st.DrawFn) -> list[list[Block]]:
    """Draw up to four volumes, some without front matter, some with nothing else."""
    found: list[list[Block]] = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        blocks = front(*draw(st.lists(st.integers(1, 4), max_size=3)), volume=number)
        kinds = draw(st.lists(st.sampled_from(["front", "divider", "evidence", "placeholder", "back"]), max_size=6))
        blocks += [
            Block(kind, f"{kind}{n}:{number}", draw(st.integers(1, 7)), item=f"{number}-{n}")
            for n, kind in enumerate(kinds)
        ]
        found.append(blocks or [evidence(1, f"only:{number}")])
    return found


styles = st.builds(
    Style,
    label=st.sampled_from(["— {n} —", "{n}/{total}", "{volume}:{n}"]),
    start=st.integers(1, 200),
    start_on=st.sampled_from(START_ON),
    restart=st.sampled_from(RESTART),
)


# --- pages ---------------------------------------------------------------------------------------------------------


@given(volumes(), styles)
def test_every_page_of_every_block_is_there_once_and_in_order(books: list[list[Block]], style: Style) -> None:
    slots = paginate(books, style).slots

    wanted = [(v, b.key, n) for v, blocks in enumerate(books, 1) for b in blocks for n in range(b.pages)]
    assert [(slot.volume, slot.key, slot.offset) for slot in slots if slot.kind != "blank"] == wanted
    for block in (block for blocks in books for block in blocks):
        own = [slot for slot in slots if slot.key == block.key]
        assert {(slot.kind, slot.item, slot.evidence) for slot in own} == {(block.kind, block.item, block.evidence)}


@given(volumes(), styles)
def test_physical_pages_count_from_one_in_every_volume(books: list[list[Block]], style: Style) -> None:
    pagination = paginate(books, style)

    for number, slots in enumerate(by_volume(pagination), start=1):
        assert [slot.page for slot in slots] == list(range(1, len(slots) + 1))
        assert pagination.pages_of(number) == len(slots)


@given(volumes(), styles)
def test_an_odd_number_is_on_the_front_of_a_sheet(books: list[list[Block]], style: Style) -> None:
    for slot in counted(paginate(books, style).slots):
        assert plain(slot) % 2 == slot.page % 2


@given(volumes(), styles)
def test_numbers_run_on_without_a_gap(books: list[list[Block]], style: Style) -> None:
    pagination = paginate(books, style)
    runs = by_volume(pagination) if style.restart == "volume" else [list(pagination.slots)]

    for run in runs:
        found = [plain(slot) for slot in counted(run)]
        assert found == list(range(style.start, style.start + len(found)))
    assert pagination.total == len(counted(pagination.slots))


@given(volumes(), styles)
def test_covers_and_indexes_have_roman_numbers_of_their_own(books: list[list[Block]], style: Style) -> None:
    for blocks, slots in zip(books, by_volume(paginate(books, style)), strict=True):
        uncounted = [slot for slot in slots if slot not in counted(slots)]
        assert [slot.number for slot in uncounted] == [roman(slot.page) for slot in uncounted]
        assert slots[: len(uncounted)] == uncounted
        wanted = {block.key for block in blocks if block.kind in ("cover", "index")}
        assert {slot.key for slot in uncounted if slot.key} == wanted


@given(volumes(), styles)
def test_every_block_starts_on_the_front_of_a_sheet_where_that_is_asked_for(
    books: list[list[Block]], style: Style
) -> None:
    slots = paginate(books, style).slots
    starts = [slot for slot in slots if slot.offset == 0]

    if style.start_on == "odd":
        assert all(slot.page % 2 == 1 for slot in starts)
    else:
        blanks = [slot.volume for slot in slots if slot.kind == "blank"]
        assert len(blanks) == len(set(blanks)), "one blank a volume is enough to bring numbers to their side"


@given(volumes(), styles)
def test_a_blank_carries_no_label_and_belongs_to_nothing(books: list[list[Block]], style: Style) -> None:
    for slot in paginate(books, style).slots:
        if slot.kind == "blank":
            assert (slot.label, slot.key, slot.offset, slot.item, slot.evidence) == ("", "", -1, "", "")
        else:
            assert slot.key
            assert bool(slot.label) == (slot.kind != "cover")


@given(volumes(), styles)
def test_no_sheet_is_left_empty_for_nothing(books: list[list[Block]], style: Style) -> None:
    groups = by_volume(paginate(books, style))

    for index, slots in enumerate(groups, start=1):
        following = [*slots[1:], None]
        for slot, after in zip(slots, following, strict=True):
            if slot.kind != "blank" or (after and after.offset == 0):
                continue
            if after is None:  # the back of a volume's last page, so that the next one starts on an odd number
                assert style.start_on == "odd"
                assert style.restart == "never"
                assert index < len(groups)
                assert slot.page % 2 == 0
            else:  # an even start: one blank brings it to its side, the next carries it
                assert style.start % 2 == 0
                assert (after.kind, after.number.rpartition("-")[2]) == ("blank", str(style.start))


def test_blanks_are_counted() -> None:
    pagination = paginate([[evidence(1, "a"), evidence(3, "b"), evidence(2, "c")]], Style())

    assert [(slot.key, slot.number) for slot in pagination.slots] == [
        ("a", "1"), ("", "2"), ("b", "3"), ("b", "4"), ("b", "5"), ("", "6"), ("c", "7"), ("c", "8"),
    ]  # fmt: skip
    assert pagination.total == 8


def test_the_last_volume_does_not_end_on_a_blank() -> None:
    assert paginate([[evidence(3)]], Style()).pages_of(1) == 3


def test_a_volume_that_another_one_continues_ends_on_the_back_of_a_sheet() -> None:
    pagination = paginate([[evidence(3, "a")], [evidence(1, "b")]], Style())

    assert numbers(pagination, 1) == ["1", "2", "3", "4"]
    assert numbers(pagination, 2) == ["5"]


def test_a_volume_that_no_other_continues_has_no_blank_at_its_end() -> None:
    pagination = paginate([[evidence(3, "a")], [evidence(1, "b")]], Style(restart="volume"))

    assert numbers(pagination, 1) == ["1-1", "1-2", "1-3"]


def test_a_volume_of_one_page() -> None:
    assert paginate([[evidence(1)]], Style()).slots == (
        Slot(1, 1, "1", "— 1 —", "evidence", "e", 0, "1-1", "e"),
    )  # fmt: skip


def test_a_volume_with_nothing_but_front_matter_does_not_use_up_numbers() -> None:
    pagination = paginate([front(1, 2), [*front(1, volume=2), evidence(1)]], Style())

    assert numbers(pagination, 1) == ["i", "ii", "iii", "iv"]
    assert numbers(pagination, 2) == ["i", "ii", "1"]


def test_a_block_without_pages_leaves_no_trace() -> None:
    pagination = paginate([[evidence(1, "a"), evidence(0, "b")]], Style())

    assert [slot.key for slot in pagination.slots] == ["a"]
    assert set(pagination.spans) == {"a"}


def test_an_index_after_the_self_report_is_counted_like_what_stands_before_it() -> None:
    blocks = [Block("front", "report", 2), Block("index", "index", 1), evidence(1)]

    assert numbers(paginate([blocks], Style())) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("start_on", START_ON)
@pytest.mark.parametrize(("start", "lead"), [(1, 0), (58, 1), (59, 0)])
def test_a_late_start_gets_its_side_of_the_sheet(start: int, lead: int, start_on: StartOn) -> None:
    pagination = paginate([[evidence(3)]], Style(start=start, start_on=start_on))

    assert [slot.number for slot in pagination.slots[:lead]] == ["i"][:lead]
    assert pagination.slots[lead].number == str(start)
    first = pagination.spans["e"]
    assert (first.first, first.number) == (lead + 1, str(start)) if start_on == "any" or start % 2 else (3, "59")


def test_with_any_start_the_second_volume_opens_on_the_side_of_its_number() -> None:
    pagination = paginate([[evidence(3, "a")], [evidence(2, "b")]], Style(start_on="any"))

    assert [(slot.page, slot.number, slot.kind) for slot in pagination.slots if slot.volume == 2] == [
        (1, "i", "blank"), (2, "4", "evidence"), (3, "5", "evidence"),
    ]  # fmt: skip


# --- numbers and labels --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "i"), (3, "iii"), (4, "iv"), (8, "viii"), (9, "ix"), (14, "xiv"), (40, "xl"), (49, "xlix"), (90, "xc"),
        (400, "cd"), (944, "cmxliv"), (1994, "mcmxciv"), (3999, "mmmcmxcix"),
    ],
)  # fmt: skip
def test_roman_digits(number: int, text: str) -> None:
    assert roman(number) == text


@given(st.integers(1, 3999))
def test_roman_digits_read_back(number: int) -> None:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}[digit] for digit in roman(number)]
    read = sum(-a if a < b else a for a, b in pairwise([*values, 0]))

    assert read == number


@pytest.mark.parametrize(
    ("label", "restart", "first", "second"),
    [
        ("— {n} —", "never", "— 1 —", "— 5 —"),
        ("— {n} —", "volume", "— 1-1 —", "— 2-1 —"),
        ("{n}/{total}", "never", "1/6", "5/6"),
        ("{n}/{total}", "volume", "1-1/3", "2-1/2"),
        ("第{volume}册 第{n}页", "never", "第1册 第1页", "第2册 第5页"),
        ("第{volume}册 第{n}页 共{total}页", "volume", "第1册 第1页 共3页", "第2册 第1页 共2页"),
        ("{{{n}}}", "never", "{1}", "{5}"),
    ],
)
def test_a_label_shows_number_total_and_volume(label: str, restart: Restart, first: str, second: str) -> None:
    pagination = paginate([[evidence(3, "a")], [evidence(2, "b")]], Style(label, restart=restart))

    assert labels(pagination, 1)[0] == first
    assert labels(pagination, 2)[0] == second


@given(volumes(), styles)
def test_no_number_is_above_the_total(books: list[list[Block]], style: Style) -> None:
    style = Style("{n} {total}", style.start, style.start_on, style.restart)

    for slot in counted(paginate(books, style).slots):
        if slot.label:
            number, total = slot.label.split()
            assert int(number.rpartition("-")[2]) <= int(total)


def test_the_total_is_the_last_number_where_numbers_start_late() -> None:
    pagination = paginate([[evidence(3)]], Style("{n}/{total}", start=101))

    assert labels(pagination) == ["101/103", "102/103", "103/103"]
    assert pagination.total == 3


def test_the_only_volume_is_not_named_in_its_numbers() -> None:
    pagination = paginate([[evidence(1)]], Style(restart="volume"))

    assert (numbers(pagination), labels(pagination)) == (["1"], ["— 1 —"])


def test_where_the_label_names_the_volume_the_number_still_tells_volumes_apart() -> None:
    pagination = paginate([[evidence(1, "a")], [evidence(1, "b")]], Style("{volume}/{n}", restart="volume"))

    assert (numbers(pagination, 2), labels(pagination, 2)) == (["2-1"], ["2/1"])


def test_front_matter_is_labelled_in_roman_and_its_total_is_its_own() -> None:
    pagination = paginate([[*front(1, 3), evidence(5)]], Style("{n} of {total}"))

    assert labels(pagination)[:6] == ["", "", "iii of 6", "iv of 6", "v of 6", ""]
    assert labels(pagination)[6] == "1 of 5"


def test_front_matter_of_each_volume_begins_at_i_whatever_the_numbers_do() -> None:
    books = [[*front(1, 1, volume=v), evidence(1, f"e{v}")] for v in (1, 2)]

    for restart in RESTART:
        pagination = paginate(books, Style(restart=restart))
        assert numbers(pagination, 1)[:4] == numbers(pagination, 2)[:4] == ["i", "ii", "iii", "iv"]


# --- spans ---------------------------------------------------------------------------------------------------------


@given(volumes(), styles)
def test_a_span_is_where_its_block_lies(books: list[list[Block]], style: Style) -> None:
    pagination = paginate(books, style)

    assert set(pagination.spans) == {block.key for blocks in books for block in blocks}
    for blocks in books:
        for block in blocks:
            span = pagination.spans[block.key]
            own = [slot for slot in pagination.slots if slot.key == block.key]
            assert {slot.volume for slot in own} == {span.volume}
            assert [slot.page for slot in own] == list(range(span.first, span.last + 1))
            assert (own[0].number, own[-1].number, own[0].label) == (span.number, span.last_number, span.label)


@pytest.mark.parametrize(
    ("first", "last", "cited"), [("57", "57", "57"), ("57", "61", "57—61"), ("2-57", "2-61", "2-57—2-61")]
)
def test_numbers_are_cited_as_one_or_as_a_range(first: str, last: str, cited: str) -> None:
    assert Span(1, 1, 5, first, last, "").numbers == cited


# --- volumes -------------------------------------------------------------------------------------------------------


def length(blocks: Sequence[Block], start_on: StartOn) -> int:
    """Return how many pages blocks fill, each rounded up to whole sheets where each starts on one."""
    return sum(block.pages + (block.pages % 2 if start_on == "odd" else 0) for block in blocks)


def divide(
    body: Sequence[Block], most: int, overhead: Callable[[int], int], start_on: StartOn, start: int = 1
) -> list[list[Block]]:
    """Divide blocks over volumes of so many pages."""
    return split(body, Limits(most), lambda volume: Load(overhead(volume)), start_on, start)


def nothing(volume: int) -> Load:
    return Load()


def keys(books: Sequence[Sequence[Block]]) -> list[list[str]]:
    return [[block.key for block in blocks] for blocks in books]


@st.composite
def bodies(draw: st.DrawFn) -> list[Block]:
    """Draw items, each with a divider and evidence, sheets for what is missing here and there, and back matter."""
    blocks: list[Block] = []
    for item in map(str, range(1, draw(st.integers(1, 5)) + 1)):
        blocks.append(divider(item, draw(st.integers(1, 2))))
        blocks += [Block("placeholder", f"{item}:{n}", 1, item) for n in range(draw(st.sampled_from([0, 0, 0, 1, 2])))]
        for proof in [f"{item}-{n}" for n in range(draw(st.integers(0, 4)))]:
            blocks.append(evidence(draw(st.integers(1, 14)), proof, item))
            if draw(st.integers(0, 4)) == 0:
                blocks.append(Block("placeholder", f"placeholder:{proof}", 1, item, proof))
    return blocks + [Block("back", f"back{n}", draw(st.integers(1, 9))) for n in range(draw(st.integers(0, 2)))]


@st.composite
def splits(draw: st.DrawFn) -> tuple[list[Block], list[list[Block]], list[int], int, Style]:
    """Draw a body and split it; return it, its volumes, the lengths of front matter (first, later), and the rest."""
    body = draw(bodies())
    fronts = [draw(st.lists(st.integers(1, 5), max_size=3)) for _ in range(2)]
    overheads = [sum(count + count % 2 for count in counts) for counts in fronts]
    most = draw(st.integers(1, 40))
    style = Style(
        start=draw(st.integers(1, 3)), start_on=draw(st.sampled_from(START_ON)), restart=draw(st.sampled_from(RESTART))
    )
    books = divide(body, most, lambda volume: overheads[min(volume, 2) - 1], style.start_on, style.start)
    whole = [[*front(*fronts[min(v, 2) - 1], volume=v), *blocks] for v, blocks in enumerate(books, start=1)]
    return body, whole, overheads, most, style


def body_of(blocks: Sequence[Block]) -> list[Block]:
    return [block for block in blocks if block.kind not in ("cover", "index")]


def opening(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks at the head of a volume that cannot be parted from each other."""
    count = 1
    while count < len(blocks) and blocks[0].item and blocks[count].item == blocks[0].item:
        before, block = blocks[count - 1], blocks[count]
        same = block.evidence and before.evidence == block.evidence
        if before.kind != "divider" and not same:
            break
        count += 1
    return list(blocks[:count])


Split = tuple[list[Block], list[list[Block]], list[int], int, Style]


@given(splits())
def test_volumes_hold_every_block_in_order(made: Split) -> None:
    body, books, overheads, _, _ = made

    assert [block for blocks in books for block in body_of(blocks)] == body
    assert all(body_of(blocks) for blocks in books[1:])
    if overheads[0] <= overheads[1]:
        assert body_of(books[0]), "the first volume stands empty only where it has less room than the second"


@settings(max_examples=300)
@given(splits())
def test_a_volume_is_too_long_only_where_one_piece_of_evidence_is(made: Split) -> None:
    _, books, overheads, most, style = made
    pagination = paginate(books, style)

    for number, blocks in enumerate(books, start=1):
        if pagination.pages_of(number) <= most:
            continue
        own = body_of(blocks)
        assert own == opening(own)
        if own:  # it would be too long for a volume without the first one's front matter, too
            assert overheads[1] + length(own, style.start_on) + SHEET > most


@given(splits())
def test_evidence_is_never_cut(made: Split) -> None:
    _, books, _, _, _ = made

    where = {(block.evidence, v) for v, blocks in enumerate(books) for block in blocks if block.evidence}
    assert len(where) == len({proof for proof, _ in where})


@given(splits())
def test_an_item_stays_together_where_it_fits(made: Split) -> None:
    body, books, overheads, most, style = made

    for item, group in groupby(body, key=lambda block: block.item):
        if item and overheads[1] + length(list(group), style.start_on) + SHEET <= most:
            assert sum(any(block.item == item for block in blocks) for blocks in books) == 1


@given(splits())
def test_no_volume_ends_before_it_must(made: Split) -> None:
    body, books, overheads, most, style = made

    for number, (blocks, following) in enumerate(pairwise(map(body_of, books))):
        item = following[0].item
        whole = [block for block in body if block.item == item] if item else [following[0]]
        more = whole if following[: len(whole)] == whole else opening(following)
        room = most - overheads[min(number, 1)] - length(blocks, style.start_on)
        assert length(more, style.start_on) + SHEET > room


def test_a_volume_is_filled_to_its_last_page() -> None:
    body = [evidence(10, str(n), str(n)) for n in range(4)]

    assert keys(divide(body, 20, lambda volume: 0, "odd")) == [["0", "1"], ["2", "3"]]
    assert keys(divide(body, 40, lambda volume: 0, "any")) == [["0", "1", "2", "3"]]
    assert keys(divide(body, 19, lambda volume: 0, "odd")) == [["0"], ["1"], ["2"], ["3"]]


def test_front_matter_takes_its_pages_from_its_own_volume() -> None:
    body = [evidence(10, str(n), str(n)) for n in range(4)]

    assert keys(divide(body, 32, lambda volume: {1: 20}.get(volume, 2), "odd")) == [["0"], ["1", "2", "3"]]


def test_an_item_that_fits_in_one_volume_moves_there_whole() -> None:
    body = [divider("1", 2), evidence(6, "1-1", "1"), divider("2", 2), evidence(4, "2-1", "2"), evidence(4, "2-2", "2")]

    assert keys(divide(body, 12, lambda volume: 0, "odd")) == [["divider:1", "1-1"], ["divider:2", "2-1", "2-2"]]


def test_an_item_that_fits_in_no_volume_is_cut_between_evidence() -> None:
    body = [divider("1", 2), *(evidence(4, f"1-{n}", "1") for n in range(4))]

    assert keys(divide(body, 10, lambda volume: 0, "odd")) == [["divider:1", "1-0", "1-1"], ["1-2", "1-3"]]


def test_a_divider_stays_with_its_first_evidence() -> None:
    body = [evidence(8, "1-1", "1"), divider("2", 2), evidence(10, "2-1", "2"), evidence(2, "2-2", "2")]

    assert keys(divide(body, 12, lambda volume: 0, "odd")) == [["1-1"], ["divider:2", "2-1"], ["2-2"]]


def test_evidence_too_long_for_a_volume_has_one_to_itself() -> None:
    body = [evidence(2, "a", "1"), evidence(50, "b", "2"), evidence(2, "c", "3")]

    assert keys(divide(body, 10, lambda volume: 2, "odd")) == [["a"], ["b"], ["c"]]


def test_the_sheet_for_a_missing_file_stays_with_the_rest_of_its_evidence() -> None:
    body = [
        divider("1", 2), evidence(4, "1-1", "1"), evidence(4, "1-2", "1"),
        Block("placeholder", "gap", 2, "1", "1-2"), evidence(4, "1-3", "1"),
    ]  # fmt: skip

    assert keys(divide(body, 10, lambda volume: 0, "odd")) == [["divider:1", "1-1"], ["1-2", "gap", "1-3"]]


def test_an_item_without_evidence_of_its_own_does_not_get_the_next_one_cut() -> None:
    body = [divider("1", 2), divider("2", 2), evidence(4, "2-1", "2"), evidence(4, "2-2", "2")]

    assert keys(divide(body, 10, lambda volume: 0, "odd")) == [["divider:1"], ["divider:2", "2-1", "2-2"]]


def test_the_first_volume_is_left_to_the_front_matter_where_no_item_fits_beside_it() -> None:
    body = [divider("1", 2), evidence(12, "1-1", "1")]

    assert keys(divide(body, 26, lambda volume: {1: 22}.get(volume, 4), "odd")) == [[], ["divider:1", "1-1"]]


def test_where_nothing_fits_anywhere_there_is_no_empty_volume() -> None:
    body = [evidence(3, "a", "1"), evidence(3, "b", "2")]

    assert keys(divide(body, 1, lambda volume: 2, "odd")) == [["a"], ["b"]]


@pytest.mark.parametrize("start_on", START_ON)
@pytest.mark.parametrize("start", [1, 2])
def test_the_blanks_before_the_first_number_count_towards_the_limit(start: int, start_on: StartOn) -> None:
    body = [evidence(2, str(n), str(n)) for n in range(12)]
    books = divide(body, 10, lambda volume: 2, start_on, start)
    pagination = paginate([[*front(1, volume=v), *blocks] for v, blocks in enumerate(books, 1)], Style("{n}", start))

    assert max(pagination.pages_of(v) for v in range(1, len(books) + 1)) <= 10


def test_back_matter_fills_the_last_volume_before_it_opens_another() -> None:
    body = [evidence(4, "1-1", "1"), Block("back", "a", 4), Block("back", "b", 4)]

    assert keys(divide(body, 12, lambda volume: 0, "odd")) == [["1-1", "a", "b"]]
    assert keys(divide(body, 10, lambda volume: 0, "odd")) == [["1-1", "a"], ["b"]]


@st.composite
def limited(draw: st.DrawFn) -> tuple[list[Block], list[list[Block]], Limits, dict[str, int], list[Load], Style]:
    """Draw a body in sections and split it by pages, by bytes, by section, or by several of them."""
    sections = draw(st.integers(1, 3))
    blocks = [replace(block, section=1 + int(block.item) % sections) for block in draw(bodies()) if block.item]
    body = sorted(blocks, key=lambda block: block.section)
    body += [Block("back", f"back{n}", draw(st.integers(1, 9))) for n in range(draw(st.integers(0, 2)))]
    sizes = {block.key: draw(st.integers(0, 60)) for block in body}
    style = Style(start_on=draw(st.sampled_from(START_ON)), start=draw(st.integers(1, 2)))
    limits = Limits(
        draw(st.none() | st.integers(1, 40)), draw(st.none() | st.integers(1, 200)), by_section=draw(st.booleans())
    )
    loads = [Load(2 * draw(st.integers(0, 4)), draw(st.integers(0, 40))) for _ in range(2)]
    made = split(
        body, limits, lambda volume: loads[min(volume, 2) - 1], style.start_on, style.start, lambda b: sizes[b.key]
    )
    return body, made, limits, sizes, loads, style


Limited = tuple[list[Block], list[list[Block]], Limits, dict[str, int], list[Load], Style]


@settings(max_examples=300)
@given(limited())
def test_whatever_limits_volumes_every_block_is_in_one_of_them_in_order(made: Limited) -> None:
    body, books, _, _, _, _ = made

    assert [block for blocks in books for block in blocks] == body
    assert all(books[1:])


@settings(max_examples=500)
@given(limited())
def test_a_volume_is_above_any_of_its_limits_only_where_one_piece_of_evidence_is(made: Limited) -> None:
    _, books, limits, sizes, loads, style = made

    for number, own in enumerate(books):
        size = loads[min(number, 1)].size + sum(sizes[block.key] for block in own)
        pages = paginate([[*front(loads[min(number, 1)].pages), *own]], style).pages_of(1)
        if not limits.allow(Load(pages, size)):
            assert own == opening(own)


@settings(max_examples=300)
@given(limited())
def test_by_section_no_volume_holds_two_sections(made: Limited) -> None:
    _, books, limits, _, _, _ = made

    if limits.by_section:
        assert all(len({block.section for block in blocks if block.section}) <= 1 for blocks in books)


@settings(max_examples=300)
@given(limited())
def test_evidence_is_never_cut_whatever_the_limit(made: Limited) -> None:
    _, books, _, _, _, _ = made

    where = {(block.evidence, v) for v, blocks in enumerate(books) for block in blocks if block.evidence}
    assert len(where) == len({proof for proof, _ in where})


def test_a_volume_is_filled_to_its_last_byte() -> None:
    body = [evidence(1, str(n), str(n)) for n in range(4)]

    def made(size: int) -> list[list[str]]:
        return keys(split(body, Limits(size=size), lambda volume: Load(9, 5), "odd", size=lambda block: 10))

    assert made(25) == [["0", "1"], ["2", "3"]]
    assert made(24) == [["0"], ["1"], ["2"], ["3"]]


def test_a_section_that_is_too_long_is_divided_further() -> None:
    body = [Block("evidence", key, 4, key, key, section) for key, section in [("a", 1), ("b", 1), ("c", 1), ("d", 2)]]

    assert keys(split(body, Limits(8, by_section=True), nothing, "odd")) == [["a", "b"], ["c"], ["d"]]


def test_what_follows_the_sections_goes_on_in_the_last_volume() -> None:
    body = [Block("evidence", "a", 4, "a", "a", 1), Block("evidence", "b", 4, "b", "b", 2), Block("back", "c", 4)]

    assert keys(split(body, Limits(by_section=True), nothing, "odd")) == [["a"], ["b", "c"]]
    assert keys(split(body, Limits(6, by_section=True), nothing, "odd")) == [["a"], ["b"], ["c"]]


def test_a_section_too_long_beside_its_volumes_own_index_leaves_no_volume_empty() -> None:
    body = [Block("evidence", "a", 2, "a", "a", 1), Block("evidence", "b", 6, "b", "b", 2)]
    longer = {2: 6, 3: 4}  # as the index of each was when it was last filled
    made = split(body, Limits(10, by_section=True), lambda volume: Load(longer.get(volume, 0)), "odd")

    assert keys(made) == [["a"], ["b"]]


def test_no_blocks_make_one_empty_volume() -> None:
    assert divide([], 10, lambda volume: 0, "odd") == [[]]


def test_each_section_gets_its_volume() -> None:
    body = [Block("evidence", key, 1, key, key, section) for key, section in [("a", 1), ("b", 1), ("c", 2), ("d", 3)]]

    assert keys(split(body, Limits(by_section=True), nothing, "odd")) == [["a", "b"], ["c"], ["d"]]
