"""Templates see the numbers that the finished book has: lengths and numbers settle together, or loudly not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import MakeDocx
from desk import LOOP, Desk, item, lines

from dossier.errors import TemplateError, UnsettledError


@pytest.fixture
def desk(tmp_path: Path, make_docx: MakeDocx) -> Desk:
    return Desk(tmp_path, make_docx)


def test_a_counted_document_that_is_longer_than_assumed_shifts_every_number(desk: Desk) -> None:
    desk.template("preface", "preface")
    of = desk.book([item("1", "a.pdf")], {"a.pdf": 1}, front=["cover", "index", "preface"])
    desk.template("index", LOOP[0], "{{ row.page }}", LOOP[1])
    settled = desk.settle(of, lambda key, text: 5 if key == "preface:1" else 1)
    assert settled.pagination.spans["evidence:1-01"].number == "9"  # 1-5 preface, 7 divider
    assert lines(desk.folder / "filled" / "index.docx") == ["1", "7", "9"]
    assert settled.rounds == 2
    assert {key: len(part.pages) for key, part in settled.parts.items()}["preface:1"] == 5


def test_a_growing_index_settles(desk: Desk) -> None:
    items = [item(str(n), "a.pdf") for n in range(1, 40)]
    of = desk.book(items, {"a.pdf": 1})
    desk.template("index", LOOP[0], "{{ row.page }}", LOOP[1])
    settled = desk.settle(of, lambda key, text: -(-len(text) // 5) if key == "index:1" else 1)
    index = [slot for slot in settled.pagination.slots if slot.key == "index:1"]
    assert len(index) == -(-78 // 5)
    shown = lines(desk.folder / "filled" / "index.docx")
    assert shown[1::2] == [settled.pagination.spans[f"evidence:{n}-01"].number for n in range(1, 40)]


def test_a_right_first_guess_needs_one_round(desk: Desk) -> None:
    settled = desk.settle(desk.book([item("1", "a.pdf")], {"a.pdf": 1}))
    assert settled.rounds == len(desk.asked) == 1


def test_a_length_that_flips_with_the_numbers_is_refused_and_its_template_named(desk: Desk) -> None:
    of = desk.book([item("1", "a.pdf")], {"a.pdf": 1})
    desk.template("index", "{{ volume.pages }}")
    # A longer index makes the volume longer, and in a longer volume it is short again.
    pages_if_short = len(desk.settle(of).pagination.slots)

    def flipping(key: str, text: list[str]) -> int:
        return (3 if int(text[0]) == pages_if_short else 1) if key == "index:1" else 1

    with pytest.raises(UnsettledError, match=r"index\.docx") as caught:
        desk.settle(of, flipping)
    assert "cover" not in caught.value.message
    assert caught.value.fix
    assert isinstance(caught.value, TemplateError)


def test_a_document_of_ones_own_is_filled_unless_it_says_not_to(desk: Desk, make_docx: MakeDocx) -> None:
    for name in ("filled", "literal"):
        make_docx(f"sources/{name}.docx", "{{ dossier.title }}")
    front = [{"file": "filled.docx"}, {"file": "literal.docx", "template": False}]
    settled = desk.settle(desk.book([item("1", "a.pdf")], {"a.pdf": 1}, front=front))
    assert lines(settled.filled["front:filled.docx"]) == ["Title"]
    assert lines(settled.filled["front:literal.docx"]) == ["{{ dossier.title }}"]


def test_whether_a_document_of_ones_own_is_filled_depends_on_its_content_not_its_name(
    desk: Desk, make_docx: MakeDocx
) -> None:
    make_docx("sources/word.docx", "{{ dossier.title }}").rename(desk.folder / "sources" / "word.pdf")
    (desk.folder / "sources" / "scan.docx").write_bytes(b"%PDF-1.7\n")
    front = [{"file": "word.pdf"}, {"file": "scan.docx"}]
    settled = desk.settle(desk.book([item("1", "a.pdf")], {"a.pdf": 1}, front=front))
    assert lines(settled.filled["front:word.pdf"]) == ["Title"]
    assert settled.filled["front:scan.docx"] == desk.folder / "sources" / "scan.docx"
