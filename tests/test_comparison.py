"""What became of items and evidence is told from two receipts; whatever can be seen on a sheet makes it another one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeManifest, MakePdf

import dossier
from dossier import comparison
from dossier.comparison import Change, Comparison, Edition, Place
from dossier.errors import UsageError
from dossier.receipt import Evidence, Item, Page, Receipt, Volume
from dossier.sheets import Sheet

Build = Callable[..., Edition]


# --- receipts of made-up books ---------------------------------------------------------------------------------------


def page(number: int, shows: str, **keys: Any) -> Page:
    """Return a page of volume 1 that shows something; nothing for a blank."""
    kind = "evidence" if shows else "blank"
    label = f"— {number} —" if shows else ""
    given: dict[str, Any] = {"kind": kind, "digest": shows, "placed": (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), **keys}
    return Page(1, number, str(number), label, width=595.0, height=842.0, **given)


def book(evidence: Mapping[str, Sequence[str]], *, start: int = 1, complete: bool = True, **keys: Any) -> Edition:
    """Return a book of one item with evidence whose pages show these things, each beginning on an odd page."""
    pages: list[Page] = [page(number, "") for number in range(1, start)]
    for id, shows in evidence.items():
        pages += [page(len(pages) + 1 + at, one, item="1", evidence=id) for at, one in enumerate(shows)]
        if len(pages) % 2:
            pages.append(page(len(pages) + 1, ""))
    proofs = tuple(Evidence(id, f"Title {shows[0][0]}", "bound") for id, shows in evidence.items())
    items = (Item("1", "Item", "Unit", "1", "1", "complete", evidence=proofs),)
    receipt = Receipt(
        "Title", complete, {}, {}, {}, (Volume("binder.pdf", "", len(pages)),), items, tuple(pages), **keys
    )
    return Edition(Path("receipt.json"), receipt, (None,))


def changes(old: Edition, new: Edition) -> dict[str, Change]:
    return {change.id: change for change in comparison.compare(old, new).changes}


def repaged(edition: Edition, at: int, /, **keys: Any) -> Edition:
    pages = tuple(replace(one, **keys) if one.page == at else one for one in edition.receipt.pages)
    return replace(edition, receipt=replace(edition.receipt, pages=pages))


BOOK = {"1-01": ["a1", "a2", "a3"], "1-02": ["b1"], "1-03": ["c1", "c2"]}


def test_a_book_is_the_same_as_itself() -> None:
    assert comparison.compare(book(BOOK), book(BOOK)).same


def test_evidence_that_came_is_added_with_all_its_pages() -> None:
    found = changes(book(BOOK), book({**BOOK, "1-04": ["d1", "d2"]}))
    assert list(found) == ["1-04"]
    change = found["1-04"]
    assert (change.became, change.now, change.pages, change.spans) == (
        "added", Place(1, "9—10"), ("9", "10"), (("9", "10"),),
    )  # fmt: skip


def test_evidence_that_went_is_removed_and_what_follows_is_moved() -> None:
    found = changes(book(BOOK), book({"1-01": BOOK["1-01"], "1-03": BOOK["1-03"]}))
    assert {id: change.became for id, change in found.items()} == {"1-02": "removed", "1-03": "moved"}
    assert (found["1-02"].was, found["1-02"].gone) == (Place(1, "5"), ("5",))
    assert (found["1-03"].was.pages, found["1-03"].now.pages) == ("7—8", "5—6")


def test_a_page_that_shows_something_else_is_named() -> None:
    found = changes(book(BOOK), book({**BOOK, "1-01": ["a1", "X", "a3"]}))
    assert [(one.id, one.became, one.pages, one.gone) for one in found.values()] == [("1-01", "changed", ("2",), ())]


def test_evidence_that_grew_names_the_pages_that_came() -> None:
    (change, *_) = changes(book(BOOK), book({**BOOK, "1-01": ["a1", "X", "Y", "a2", "a3"]})).values()
    assert (change.became, change.pages, change.spans) == ("changed", ("2", "3"), (("2", "3"),))


def test_evidence_that_shrank_names_the_pages_that_went_by_their_old_numbers() -> None:
    (change, *_) = changes(book(BOOK), book({**BOOK, "1-01": ["a1", "a3"]})).values()
    assert (change.became, change.pages, change.gone) == ("changed", (), ("2",))


def test_pages_far_from_each_other_are_several_spans() -> None:
    new = {**BOOK, "1-01": ["X", "a2", "Y"]}
    assert changes(book(BOOK), book(new))["1-01"].spans == (("1", "1"), ("3", "3"))


def test_evidence_that_only_got_another_id_is_moved_and_not_changed() -> None:
    new = {"1-01": ["late"], "1-02": BOOK["1-01"], "1-03": BOOK["1-02"], "1-04": BOOK["1-03"]}
    found = changes(book(BOOK), book(new))
    assert {id: (change.became, change.old_id) for id, change in found.items()} == {
        "1-01": ("added", ""),
        "1-02": ("moved", "1-01"),
        "1-03": ("moved", "1-02"),
        "1-04": ("moved", "1-03"),
    }


def test_the_same_id_tells_where_two_show_the_same() -> None:
    same = {"1-01": ["a"], "1-02": ["a"]}
    assert comparison.compare(book(same), book(same)).changes == ()


def test_what_the_receipt_says_otherwise_is_named() -> None:
    new = book(BOOK)
    items = (replace(new.receipt.items[0], status="missing", self_score="0"),)
    found = changes(book(BOOK), replace(new, receipt=replace(new.receipt, items=items)))
    assert found["1"].became == "changed"
    assert found["1"].fields == (("self_score", "1", "0"), ("status", "complete", "missing"))


def test_the_documents_of_the_book_are_told_by_kind() -> None:
    old, new = (repaged(book({"1-01": ["a1", "a2"]}, start=3), 1, kind="index", digest=text) for text in "xy")
    (change,) = comparison.compare(old, new).changes
    assert (change.what, change.id, change.became, change.pages) == ("document", "index", "changed", ("1",))


# --- what makes a sheet another one --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys",
    [
        {"digest": "X"},
        {"label": "— 9 —", "number": "9"},
        {"label": "- 1 -"},
        {"placed": (1.0, 0.0, 0.0, 1.0, 9.0, 0.0)},
        {"marks": ((1.0, 2.0, 3.0, 2.0),)},
        {"width": 842.0},
    ],
)
def test_whatever_shows_on_a_page_makes_its_sheet_another_one(keys: dict[str, Any]) -> None:
    found = comparison.compare(book(BOOK), repaged(book(BOOK), 1, **keys))
    assert [(sheet.place, sheet.sides[0].page) for sheet in found.printed] == [(1, 1)]
    assert found.changes != ()


@pytest.mark.parametrize("keys", [{"links": ()}, {"source": "other.pdf"}, {"number": "11"}])
def test_what_does_not_show_needs_no_new_sheet(keys: dict[str, Any]) -> None:
    assert comparison.compare(book(BOOK), repaged(book(BOOK), 4, **keys)).steps == ()


def test_a_draft_differs_on_every_sheet_for_its_watermark() -> None:
    found = comparison.compare(book(BOOK, complete=False), book(BOOK))
    assert [sheet.place for sheet in found.printed] == [1, 2, 3, 4]


def test_an_empty_back_is_the_same_as_none() -> None:
    old = book({"1-01": ["a1"]})
    cut = replace(old.receipt, pages=old.receipt.pages[:1])
    assert comparison.compare(old, replace(old, receipt=cut)).steps == ()


# --- books on disk -------------------------------------------------------------------------------------------------


@pytest.fixture
def build(tmp_path: Path, make_pdf: MakePdf, make_manifest: MakeManifest) -> Build:
    make_pdf("sources/a.pdf", 3)

    def make(name: str, **keys: Any) -> Edition:
        make_manifest({"1": [{"file": "a.pdf"}]}, front=["cover"], **keys)
        dossier.build(dossier.load(tmp_path / "dossier.yaml"), out=tmp_path / name, engine="embedded")
        return comparison.read(tmp_path / name)

    return make


def looks(found: Comparison) -> tuple[bool, int]:
    return found.looks, len(found.printed)


@pytest.mark.parametrize(
    "numbering", [{"color": "#C00000"}, {"size": "12pt"}, {"position": "center"}, {"bottom": "20mm"}]
)
def test_how_labels_look_is_seen_where_both_books_are_there(build: Build, numbering: dict[str, str]) -> None:
    old, new = build("old"), build("new", numbering=numbering)
    count = sum(any(side.number for side in sheet.sides) for sheet in _sheets(new))
    assert looks(comparison.compare(old, new)) == (True, count)
    alone = replace(old, files=(None,))
    assert looks(comparison.compare(alone, new)) == (False, 0)


def _sheets(edition: Edition) -> list[Sheet]:
    (volume,) = comparison._sheets(edition, looks=True)
    return volume


def test_a_label_in_another_part_of_the_font_is_the_same_label(
    build: Build, make_pdf: MakePdf, make_manifest: MakeManifest
) -> None:
    """A longer book's labels need more digits, so that its font numbers its glyphs otherwise."""
    old = build("old", numbering={"start": 1})
    make_pdf("sources/b.pdf", 90)
    make_manifest({"1": [{"file": "a.pdf"}], "2": [{"file": "b.pdf"}]}, front=["cover"])
    folder = old.path.parent.parent
    dossier.build(dossier.load(folder / "dossier.yaml"), out=folder / "long", engine="embedded")
    found = comparison.compare(old, comparison.read(folder / "long"))
    assert found.looks
    assert [step.out for step in found.steps] == [()]


def test_a_book_is_read_by_folder_receipt_or_pdf(build: Build) -> None:
    edition = build("old")
    assert edition.whole
    for name in ("", "receipt.json", "binder.pdf"):
        assert comparison.read(edition.path.parent / name).receipt == edition.receipt


def test_a_draft_beside_a_complete_book_is_read_by_its_own_pdf(build: Build, tmp_path: Path) -> None:
    build("old")
    (tmp_path / "sources" / "a.pdf").unlink()
    assert build("old").receipt.complete
    assert not comparison.read(tmp_path / "old" / "binder-draft.pdf").receipt.complete


def test_a_receipt_without_its_book_is_read(build: Build) -> None:
    edition = build("old")
    (edition.path.parent / "binder.pdf").unlink()
    assert comparison.read(edition.path).files == (None,)


def test_a_book_that_was_changed_is_refused_by_name(build: Build) -> None:
    edition = build("old")
    path = edition.path.parent / "binder.pdf"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(UsageError, match=r"binder\.pdf is not the book that .*receipt\.json speaks of"):
        comparison.read(edition.path.parent)


@pytest.mark.parametrize("name", ["none", "none.json", "none/binder.pdf"])
def test_what_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not there"):
        comparison.read(tmp_path / name)


def test_a_pdf_of_no_book_is_refused(build: Build, make_pdf: MakePdf) -> None:
    build("old")
    with pytest.raises(UsageError, match=r"other\.pdf is not a volume"):
        comparison.read(make_pdf("old/other.pdf"))


@pytest.mark.parametrize(
    "spoil", [lambda pages: pages.reverse(), lambda pages: pages.pop(), lambda pages: pages.clear()]
)
def test_a_receipt_that_skips_pages_is_refused(build: Build, spoil: Callable[[list[Any]], None]) -> None:
    edition = build("old")
    data = json.loads(edition.path.read_text(encoding="utf-8"))
    spoil(data["pages"])
    edition.path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UsageError, match="does not list every page once, in order"):
        comparison.read(edition.path)


def test_a_receipt_that_leads_elsewhere_is_refused(build: Build) -> None:
    edition = build("old")
    data = json.loads(edition.path.read_text(encoding="utf-8"))
    data["volumes"][0]["file"] = "../binder.pdf"
    edition.path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UsageError, match="does not lie beside it"):
        comparison.read(edition.path)
