"""Templates see the numbers that the finished book has: lengths and numbers settle together, or loudly not at all."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeDocx
from desk import LOOP, Desk, Lengths, item, lines

from dossier.book import Book
from dossier.errors import TemplateError, UnsettledError
from dossier.frontmatter import Settled
from dossier.sources import sha256_of
from dossier.templates import Rendered


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


# --- what is filled again ------------------------------------------------------------------------------------------


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the documents that are written, in order."""
    names: list[str] = []
    write = Rendered.write

    def seen(rendered: Rendered, out: Path) -> None:
        names.append(out.stem)
        write(rendered, out)

    monkeypatch.setattr(Rendered, "write", seen)
    return names


THREE = [item("1", "a.pdf"), item("2", "a.pdf"), item("3", "a.pdf")]


def test_a_round_fills_and_converts_again_only_what_shows_something_else(desk: Desk, written: list[str]) -> None:
    desk.template("index", LOOP[0], "{{ row.page }}", LOOP[1])
    desk.template("divider", "{{ item.title }} {{ item.evidence[0].page if item.id == '3' else '' }}")
    of = desk.book(THREE, {"a.pdf": 1})
    settled = desk.settle(of, lambda key, text: 3 if key == "divider:1" else 1)
    assert settled.rounds == 2
    assert desk.asked == [
        ["cover:1", "index:1", "divider:1", "divider:2", "divider:3"],
        ["index:1", "divider:3"],  # the others show no number that moved
    ]
    assert written == ["cover", "index", "divider-1", "divider-2", "divider-3", "index", "divider-3"]
    assert lines(settled.filled["divider:3"])[0].endswith(settled.pagination.spans["evidence:3-01"].number)
    assert {key: len(part.pages) for key, part in settled.parts.items()}["divider:1"] == 3


def kept(desk: Desk, settled: Settled) -> dict[str, tuple[Path, str]]:
    """Keep the documents of a build as a binder's folder does."""
    there = desk.folder / "kept"
    there.mkdir(exist_ok=True)
    for path in settled.filled.values():
        shutil.copy(path, there)
    return {
        digest: (there / settled.filled[key].name, sha256_of(settled.filled[key]))
        for key, digest in settled.shown.items()
    }


def test_the_next_build_fills_only_what_shows_something_else(desk: Desk, written: list[str]) -> None:
    desk.template("divider", "{{ item.title }} {{ item.evidence[0].title }}")
    first = desk.settle(desk.book(THREE, {"a.pdf": 1}))
    before = {key: path.read_bytes() for key, path in first.filled.items()}
    earlier = kept(desk, first)
    written.clear()
    changed = [THREE[0], {**THREE[1], "title": "Another"}, THREE[2]]
    again = desk.settle(desk.book(changed, {"a.pdf": 1}), earlier=earlier)
    assert written == ["divider-2"]
    after = {key: path.read_bytes() for key, path in again.filled.items()}
    assert after.pop("divider:2") != before.pop("divider:2")
    assert after == before


def test_a_document_that_somebody_edited_is_filled_again(desk: Desk, written: list[str]) -> None:
    desk.template("divider", "{{ item.title }}")
    earlier = kept(desk, desk.settle(desk.book(THREE, {"a.pdf": 1})))
    (desk.folder / "kept/divider-1.docx").write_bytes(b"edited")
    (desk.folder / "kept/divider-2.docx").unlink()
    written.clear()
    again = desk.settle(desk.book(THREE, {"a.pdf": 1}), earlier=earlier)
    assert written == ["divider-1", "divider-2"]
    assert [lines(again.filled[f"divider:{number}"]) for number in (1, 2)] == [["Item 1"], ["Item 2"]]


def test_a_template_that_changed_is_filled_again(desk: Desk, written: list[str]) -> None:
    earlier = kept(desk, desk.settle(desk.book(THREE, {"a.pdf": 1})))
    desk.template("cover", "cover", "another line")
    written.clear()
    desk.settle(desk.book(THREE, {"a.pdf": 1}), earlier=earlier)
    assert written == ["cover"]


def test_documents_that_swap_their_files_show_what_is_theirs(tmp_path: Path, desk: Desk) -> None:
    """A document's file is called after its place, which may be another's in the next round."""
    of = desk.book(THREE, {"a.pdf": 1}, volumes={"by": "section"}, front=["cover", "volume-index"])
    desk.template("volume-index", LOOP[0], "{{ row.page }} {{ row.volume }}", LOOP[1])
    desk.template("cover", "{{ dossier.pages }}")
    settled = desk.settle(of, lambda key, text: len(text) or 1)
    for key, path in settled.filled.items():
        assert len(settled.parts[key].pages) == (len(lines(path)) or 1), key


# --- when they do not settle ---------------------------------------------------------------------------------------


def flips(desk: Desk, of: Book, lengths: Lengths) -> UnsettledError:
    with pytest.raises(UnsettledError) as caught:
        desk.settle(of, lengths)
    assert isinstance(caught.value, TemplateError)
    assert caught.value.fix
    return caught.value


def test_a_length_that_flips_with_the_numbers_is_refused_and_its_template_named(desk: Desk) -> None:
    of = desk.book([item("1", "a.pdf")], {"a.pdf": 1})
    desk.template("index", "{{ volume.pages }}")
    # A longer index makes the volume longer, and in a longer volume it is short again.
    pages_if_short = len(desk.settle(of).pagination.slots)
    desk.asked.clear()
    error = flips(desk, of, lambda key, text: (3 if int(text[0]) == pages_if_short else 1) if key == "index:1" else 1)
    assert "index.docx flips between 1 and 3 pages" in error.message
    assert "cover" not in error.message
    assert len(desk.asked) <= 3  # it is found as soon as it goes round


def test_lengths_that_flip_together_are_all_named(desk: Desk) -> None:
    desk.template("contents", "{{ dossier.pages }}")
    desk.template("words", "{{ dossier.pages }}")
    of = desk.book([item("1", "a.pdf")], {"a.pdf": 1}, front=["contents", "words"])

    def lengths(key: str, text: list[str]) -> int:
        return 1 if key.startswith("divider") or int(text[0]) > 8 else 3  # of 7 pages in all if both are short, else 11

    message = flips(desk, of, lengths).message
    assert "contents.docx flips between 1 and 3 pages" in message
    assert "words.docx flips between 1 and 3 pages" in message
    assert "divider" not in message


def test_a_number_of_volumes_that_flips_is_named(desk: Desk) -> None:
    desk.template("index", "{{ volume.count }}")
    of = desk.book([item(n, "a.pdf") for n in "12"], {"a.pdf": 3}, volumes={"max_pages": 18})
    # In one volume the index is so long that there must be two, and in two it is short enough for one.
    message = flips(desk, of, lambda key, text: 9 if key == "index:1" and text == ["1"] else 1).message
    assert "the book flips between 1 and 2 volumes" in message


def test_a_length_that_grows_without_end_is_refused(desk: Desk) -> None:
    desk.template("contents", "{{ dossier.pages }}")
    of = desk.book([item("1", "a.pdf")], {"a.pdf": 1}, front=["contents"])
    message = flips(desk, of, lambda key, text: int(text[0]) + 1 if key == "contents:1" else 1).message
    assert "contents.docx has" in message
    assert ", then" in message
    assert len(desk.asked) <= 20


# --- what must settle ----------------------------------------------------------------------------------------------


def contents(desk: Desk) -> None:
    """Make a list of contents whose pages are counted, so that its length moves every number in it."""
    desk.template("contents", LOOP[0], "{{ row.page }} {{ row.pages }}", LOOP[1])


def a_few(desk: Desk, of: Book, lengths: Lengths) -> Settled:
    desk.asked.clear()
    settled = desk.settle(of, lengths)
    assert len(desk.asked) <= 4
    return settled


def test_contents_that_grow_from_one_page_to_thirty_settle_in_a_few_rounds(desk: Desk) -> None:
    contents(desk)
    of = desk.book([item(str(n), "a.pdf") for n in range(1, 101)], {"a.pdf": 1}, front=["contents"])

    def lengths(key: str, text: list[str]) -> int:
        """Give a page a line for each digit of the numbers that is more than one: small numbers need but one page."""
        digits = sum(len(word) for line in text for word in line.split())
        return max(1, digits // 46) if key == "contents:1" else 1

    settled = a_few(desk, of, lengths)
    span = settled.pagination.spans["contents:1"]
    assert span.last - span.first + 1 >= 29
    shown = lines(desk.folder / "filled" / "contents.docx")
    assert shown[1].split()[0] == settled.pagination.spans["divider:1"].number
    assert shown[-1].split()[0] == settled.pagination.spans["evidence:100-01"].number


def test_a_cover_that_shows_the_pages_of_all_volumes_settles(desk: Desk) -> None:
    desk.template("cover", "{{ dossier.pages }} {{ volume.pages }} {{ checklist.pages }}")
    contents(desk)
    of = desk.book(
        [item(str(n), "a.pdf") for n in range(1, 30)], {"a.pdf": 3}, front=["cover", "index", "contents"],
        volumes={"max_pages": 60},
    )  # fmt: skip
    settled = a_few(desk, of, lambda key, text: 5 if key == "contents:1" else 1 + sum(map(len, text)) // 40)
    first = lines(desk.folder / "filled" / "cover.docx")[0].split()
    pagination = settled.pagination
    assert first == [str(pagination.total), str(pagination.pages_of(1)), str(len(pagination.slots))]


def test_a_divider_that_lists_its_own_pages_settles(desk: Desk) -> None:
    rows = "{%p for row in item.evidence %}", "{{ row.pages }}", "{%p endfor %}"
    desk.template("divider", "{{ item.pages }} {{ item.page_count }}", *rows)
    of = desk.book([item(str(n), *["a.pdf"] * 9) for n in range(1, 9)], {"a.pdf": 1})
    settled = a_few(desk, of, lambda key, text: -(-len(text) // 4) if key.startswith("divider") else 1)
    span = settled.pagination.spans["divider:2"]
    assert span.last - span.first + 1 == 3
    last = settled.pagination.spans["evidence:2-09"]
    shown = lines(desk.folder / "filled" / "divider-2.docx")
    assert shown[0] == f"{span.number}—{last.number} 12"
    assert shown[-1] == last.number


def test_evidence_that_cites_what_comes_after_it_settles(desk: Desk, make_docx: MakeDocx) -> None:
    make_docx("sources/report.docx", *("{{ cite('2-01') }}",) * 40)
    items: list[dict[str, Any]] = [
        {"id": "1", "title": "One", "evidence": [{"file": "report.docx", "template": True}]},
        item("2", "b.pdf"),
    ]
    of = desk.book(items, {"b.pdf": 1})
    settled = a_few(desk, of, lambda key, text: -(-sum(map(len, text)) // 20) if key == "evidence:1-01" else 1)
    assert lines(settled.filled["evidence:1-01"])[0] == f"见第{settled.pagination.spans['evidence:2-01'].number}页"


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
