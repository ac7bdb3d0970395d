"""The book joins what was planned with what became of it: pages, gaps, and where each item stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeManifest

from dossier import convert, manifest
from dossier.book import Book, Entry, Proof, collect, out_of_range, select
from dossier.errors import ConversionError, EngineCrash
from dossier.numbering import Block
from dossier.part import Ink, Note, Part, PartPage
from dossier.plan import plan

Outcome = Part | ConversionError
Evidence = dict[str, list[dict[str, Any]]]
MakeBook = Callable[..., Book]
DAMAGED = ConversionError("it is damaged", fix="ask for it again", code="damaged-source")


def part(pages: int, *notes: Note) -> Part:
    page = PartPage(595.0, 842.0, Ink(1, (0,)), "digest")
    return Part(Path("part.pdf"), (page,) * pages, notes=notes)


@pytest.fixture
def make_book(make_manifest: MakeManifest, tmp_path: Path) -> MakeBook:
    """Return a function that makes a book: what became of each source by name, and the manifest's evidence or items."""

    def make(
        outcomes: dict[str, Outcome], evidence: dict[str, list[dict[str, Any]]] | None = None, **keys: Any
    ) -> Book:
        for name in outcomes:
            path = tmp_path / "sources" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"%PDF-1.7 " + name.encode())
        planned = plan(manifest.load(make_manifest(evidence, **keys)), convert.accepted())
        return collect(planned, outcomes)

    return make


def only(book: Book) -> Proof:
    [proof] = book.proofs()
    return proof


def entry(book: Book, id: str) -> Entry:
    return next(entry for entry in book.entries if entry.planned.item.id == id)


def shape(book: Book) -> list[tuple[str, int]]:
    return [(block.key, block.pages) for block in book.blocks()]


# --- pages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ranges", "count", "pages"),
    [
        ((), 3, (1, 2, 3)),
        ((), 0, ()),
        (((1, 3),), 3, (1, 2, 3)),
        (((2, 2),), 3, (2,)),
        (((2, None),), 3, (2, 3)),
        (((3, None),), 3, (3,)),
        (((1, 2), (4, None)), 5, (1, 2, 4, 5)),
        (((3, 3), (1, 1)), 3, (3, 1)),
        (((1, 2), (2, 3)), 3, (1, 2, 2, 3)),
        (((4, None),), 3, None),
        (((1, 4),), 3, None),
        (((4, 4),), 3, None),
        (((1, 1), (4, 4)), 3, None),
        (((1, None),), 0, None),
        (((0, 1),), 3, None),
        (((3, 2),), 3, None),
    ],
)
def test_ranges_pick_pages_in_their_own_order_or_are_out_of_bounds(
    ranges: tuple[tuple[int, int | None], ...], count: int, pages: tuple[int, ...] | None
) -> None:
    assert select(ranges, count) == pages


@pytest.mark.parametrize(
    ("ranges", "count", "message"),
    [
        (((1, 3), (20, None)), 4, "a.pdf has 4 pages, so it does not have pages 1-3,20-"),
        (((2, 2),), 1, "a.pdf has 1 page, so it does not have pages 2"),
    ],
)
def test_ranges_out_of_bounds_are_reported_as_they_were_written(
    ranges: tuple[tuple[int, int | None], ...], count: int, message: str
) -> None:
    problem = out_of_range("a.pdf", ranges, count, "dossier.yaml:7", "1", "1-01")
    assert (problem.code, problem.severity, problem.message) == ("page-range", "error", message)
    assert (problem.where, problem.item, problem.evidence) == ("dossier.yaml:7", "1", "1-01")
    assert problem.fix


def test_the_pages_that_are_wanted_are_bound(make_book: MakeBook) -> None:
    proof = only(make_book({"a.pdf": part(5)}, {"1": [{"file": "a.pdf", "pages": "2,4-"}]}))
    [bound] = proof.bound
    assert (bound.source.name, bound.pages) == ("a.pdf", (2, 4, 5))
    assert (proof.pages, proof.status, proof.problems) == (3, "bound", ())


def test_pages_count_over_all_sources_of_a_piece_of_evidence(make_book: MakeBook) -> None:
    proof = only(make_book({"1.pdf": part(1), "2.pdf": part(4)}, {"1": [{"files": "*.pdf"}]}))
    assert [(bound.source.name, len(bound.pages)) for bound in proof.bound] == [("1.pdf", 1), ("2.pdf", 4)]
    assert proof.pages == 5


def test_a_source_that_two_pieces_of_evidence_name_is_bound_twice(make_book: MakeBook) -> None:
    evidence = {"1": [{"file": "a.pdf", "pages": "1"}, {"file": "a.pdf", "pages": "2-"}]}
    first, second = make_book({"a.pdf": part(3)}, evidence).proofs()
    assert (first.bound[0].pages, second.bound[0].pages) == ((1,), (2, 3))
    assert first.key != second.key


def test_ranges_out_of_bounds_leave_the_whole_source_out(make_book: MakeBook) -> None:
    book = make_book({"a.pdf": part(2)}, {"1": [{"file": "a.pdf", "pages": "1,3"}]})
    proof = only(book)
    assert (proof.bound, proof.pages, proof.status) == ((), 0, "refused")
    assert [problem.code for problem in proof.gaps] == ["page-range"]
    assert proof.gaps[0].where == book.plan.manifest.where("1-01")


# --- failures and notes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [DAMAGED, EngineCrash("LibreOffice hung", fix="print it to PDF", code="engine-crash")]
)
def test_a_source_that_cannot_be_converted_leaves_a_gap(make_book: MakeBook, error: ConversionError) -> None:
    book = make_book({"a.pdf": error}, {"1-1": [{"file": "a.pdf"}]})

    proof = only(book)
    [problem] = proof.problems
    assert (problem.code, problem.severity, problem.fix) == (error.code, "error", error.fix)
    assert problem.message == f"a.pdf: {error.message}"
    assert (problem.item, problem.evidence) == ("1-1", "1-1-01")
    assert problem.where == book.plan.manifest.where("1-1-01")
    assert (proof.bound, proof.status, proof.gaps) == ((), "refused", (problem,))


def test_one_bad_source_does_not_take_the_others_with_it(make_book: MakeBook) -> None:
    outcomes: dict[str, Outcome] = {"1.pdf": part(1), "2.pdf": DAMAGED, "3.pdf": part(2)}
    proof = only(make_book(outcomes, {"1": [{"files": "*.pdf"}]}))
    assert [bound.source.name for bound in proof.bound] == ["1.pdf", "3.pdf"]
    assert [problem.message for problem in proof.gaps] == ["2.pdf: it is damaged"]


def test_what_is_worth_noting_of_a_source_is_a_warning_and_no_gap(make_book: MakeBook) -> None:
    note = Note("was-encrypted", "it was encrypted", "nothing")
    proof = only(make_book({"a.pdf": part(1, note)}, {"1": [{"file": "a.pdf"}]}))
    [problem] = proof.problems
    assert (problem.code, problem.severity, problem.message) == ("was-encrypted", "warning", "a.pdf: it was encrypted")
    assert problem.fix == "nothing"
    assert (proof.gaps, proof.status) == ((), "bound")


def test_what_planning_found_comes_before_what_converting_found(make_book: MakeBook) -> None:
    outcomes: dict[str, Outcome] = {"1.jpg": part(1, Note("noted", "noted", "")), "2.pdf": DAMAGED}
    proof = only(make_book(outcomes, {"1": [{"files": "*"}]}))
    assert [problem.code for problem in proof.problems] == ["misnamed-source", "noted", "damaged-source"]


def test_all_problems_come_in_the_order_of_the_book(make_book: MakeBook) -> None:
    book = make_book(
        {"a.pdf": DAMAGED, "unused.pdf": part(1)},
        {"1": [], "2": [{"file": "a.pdf"}, {"file": "gone.pdf"}]},
        front=["cover", {"file": "gone.docx"}],
        units={"Another": {}},
    )
    assert [problem.code for problem in book.problems] == [
        *("unknown-unit", "unknown-unit"),
        *("missing-source", "no-evidence", "damaged-source", "missing-source", "unused-source"),
    ]
    assert book.problems[2].message == "gone.docx is not there"


# --- where items stand ---------------------------------------------------------------------------------------------

ITEMS = [
    {"id": "1", "title": "whole", "evidence": [{"file": "a.pdf"}]},
    {"id": "2", "title": "damaged", "evidence": [{"file": "a.pdf"}, {"file": "bad.pdf"}]},
    {"id": "3", "title": "missing", "evidence": [{"file": "bad.pdf"}, {"file": "gone.pdf"}]},
    {"id": "4", "title": "cites what is whole", "evidence": [{"see": "1-01"}]},
    {"id": "5", "title": "cites what is damaged", "evidence": [{"file": "a.pdf"}, {"see": "2-02"}]},
    {"id": "6", "title": "cites what is missing", "evidence": [{"see": "3-02"}]},
    {"id": "7", "title": "lacks a role", "requires": ["通知"], "evidence": [{"file": "a.pdf"}]},
    {"id": "8", "title": "not applicable", "not_applicable": "无"},
    {"id": "9", "title": "nothing"},
    {"id": "10", "title": "warned", "evidence": [{"file": "noted.pdf"}]},
    {"id": "11", "title": "cites the good half of 2", "evidence": [{"see": "2-01"}]},
]
STATUS = {
    **{"1": "complete", "2": "refused", "3": "missing", "4": "complete", "5": "refused", "6": "missing"},
    **{"7": "missing", "8": "not-applicable", "9": "missing", "10": "complete", "11": "complete"},
}


@pytest.mark.parametrize(("id", "status"), STATUS.items())
def test_an_item_stands_as_its_evidence_does_and_a_citation_as_what_it_cites(
    make_book: MakeBook, id: str, status: str
) -> None:
    outcomes: dict[str, Outcome] = {"a.pdf": part(1), "bad.pdf": DAMAGED, "noted.pdf": part(1, Note("n", "n", "n"))}
    book = make_book(outcomes, items=ITEMS)
    assert book.status(entry(book, id)) == status


def test_a_citation_is_cited_and_has_no_pages(make_book: MakeBook) -> None:
    book = make_book({"bad.pdf": DAMAGED}, {"1": [{"file": "bad.pdf"}], "2": [{"see": "1-01"}]})
    citing = entry(book, "2").proofs[0]
    assert (citing.status, citing.pages, citing.gaps) == ("cited", 0, ())


# --- blocks --------------------------------------------------------------------------------------------------------


def test_each_leaf_is_its_divider_and_its_evidence_in_order(make_book: MakeBook) -> None:
    items = [
        {"id": "1", "title": "甲", "items": [{"id": "1-1", "title": "乙", "evidence": [{"file": "a.pdf"}]}]},
        {"id": "2", "title": "丙", "evidence": [{"file": "b.pdf"}, {"see": "1-1-01"}, {"file": "a.pdf", "pages": "1"}]},
    ]
    book = make_book({"a.pdf": part(2), "b.pdf": part(3)}, items=items)
    assert book.blocks() == [
        Block("divider", "divider:1-1", 1, "1-1", "", 1),
        Block("evidence", "evidence:1-1-01", 2, "1-1", "1-1-01", 1),
        Block("divider", "divider:2", 1, "2", "", 2),
        Block("evidence", "evidence:2-01", 3, "2", "2-01", 2),
        Block("evidence", "evidence:2-03", 1, "2", "2-03", 2),
    ]


def test_a_sheet_stands_at_each_gap(make_book: MakeBook) -> None:
    items = [
        {
            "id": "1",
            "title": "甲",
            "requires": ["通知", "纪要"],
            "evidence": [{"files": "*.pdf"}, {"file": "gone.pdf"}],
        },
        {"id": "2", "title": "乙"},
        {"id": "3", "title": "丙", "not_applicable": "无"},
    ]
    book = make_book({"1.pdf": DAMAGED, "2.pdf": part(2), "3.pdf": DAMAGED}, items=items)
    assert shape(book) == [
        ("divider:1", 1),
        ("placeholder:1:1", 1),
        ("placeholder:1:2", 1),
        ("evidence:1-01", 2),
        ("placeholder:1-01:1", 1),
        ("placeholder:1-01:2", 1),
        ("placeholder:1-02:1", 1),
        ("divider:2", 1),
        ("placeholder:2:1", 1),
        ("divider:3", 1),
    ]


def test_as_many_sheets_stand_as_there_are_gaps(make_book: MakeBook) -> None:
    book = make_book({"1.pdf": DAMAGED, "2.pdf": part(2)}, {"1": [{"files": "*.pdf"}], "2": [], "3": [{"file": "x"}]})
    gaps = [*(gap for e in book.entries for gap in e.gaps), *(gap for proof in book.proofs() for gap in proof.gaps)]
    sheets = [block for block in book.blocks() if block.kind == "placeholder"]
    assert len(sheets) == len(gaps) == len([problem for problem in book.problems if problem.severity == "error"]) == 3


def test_no_two_blocks_share_a_key(make_book: MakeBook) -> None:
    book = make_book({"1.pdf": DAMAGED, "2.pdf": part(2)}, {"1": [{"files": "*.pdf"}], "2": [{"file": "1.pdf"}]})
    keys = [block.key for block in book.blocks()]
    assert len(keys) == len(set(keys))
