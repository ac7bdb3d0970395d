"""The job ticket counts every sheet once, on the paper that it is printed on, and names those that are special."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st
from test_printset import write

import dossier
from dossier import manifest, ticket
from dossier.bind import Leaf
from dossier.numbering import Slot
from dossier.placement import MM, Paper, Placement
from dossier.printset import Job, Sheet
from dossier.receipt import Evidence, Item, Receipt
from dossier.views import TicketView

PLACED = Placement(210 * MM, 297 * MM, (1, 0, 0, 1, 0, 0), 0, 0)
KINDS = ("cover", "index", "divider", "evidence", "blank")


def leaf(kind: str, page: int, number: str = "") -> Leaf:
    item = "1" if kind in ("divider", "evidence") else ""
    proof = "1-01" if kind == "evidence" else ""
    said = number or str(page)
    label = "" if kind in ("cover", "blank") else f"— {said} —"
    return Leaf(Slot(1, page, said, label, kind, item=item, evidence=proof), Path(), 1, PLACED)


def sheet(place: int, front: str, back: str = "blank", *, volume: int = 1, wide: bool = False) -> Sheet:
    return Sheet(volume, place, leaf(front, 2 * place - 1), leaf(back, 2 * place), wide)


def job(*volumes: list[Sheet]) -> Job:
    files = tuple(f"print/binder-{n}-print.pdf" for n in range(1, len(volumes) + 1))
    return Job(Paper(210 * MM, 297 * MM, 20 * MM), tuple(map(tuple, volumes)), files)


RECEIPT = Receipt(
    "Title", True, {}, {}, {}, (),
    (Item("1", "First item", "", "", "", "complete", evidence=(Evidence("1-01", "Its proof", "bound"),)),), (),
)  # fmt: skip


def said(of: Job, tmp_path: Path, keys: str = "print: {divider_paper: blue}", language: str = "en") -> TicketView:
    path = tmp_path / "m.yaml"
    text = f"title: x\nlanguage: {language}\npage: {{gutter: 20mm}}\n{keys}\nitems: [{{id: '1', title: a}}]"
    path.write_text(text, encoding="utf-8")
    return ticket.view(of, manifest.load(path), RECEIPT)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    volumes = [
        [
            sheet(place, draw(st.sampled_from(KINDS)), draw(st.sampled_from(KINDS)), volume=v, wide=draw(st.booleans()))
            for place in range(1, draw(st.integers(1, 12)) + 1)
        ]
        for v in range(1, draw(st.integers(1, 3)) + 1)
    ]
    return job(*volumes)


@given(jobs(), st.booleans())
def test_every_sheet_is_counted_once_on_one_paper(
    tmp_path_factory: pytest.TempPathFactory, of: Job, coloured: bool
) -> None:
    keys = "print: {divider_paper: blue}" if coloured else "print: {}"
    told = said(of, tmp_path_factory.getbasetemp(), keys)
    assert told.sheets == sum(map(len, of.volumes)) == told.plain + told.coloured + told.foldouts
    for volume, sheets in zip(told.volumes, of.volumes, strict=True):
        assert volume.sheets == len(sheets) == volume.plain + volume.coloured + volume.foldouts
        assert min(volume.plain, volume.coloured, volume.foldouts) >= 0
    listed = [(row.volume, row.sheet) for row in (*told.divider_sheets, *told.foldout_sheets)]
    assert len(listed) == len(set(listed)) == told.coloured + told.foldouts
    assert coloured or told.coloured == 0


def test_a_divider_alone_on_its_sheet_is_of_its_own_paper(tmp_path: Path) -> None:
    told = said(
        job(
            [sheet(1, "divider"), sheet(2, "divider", "divider"), sheet(3, "divider", "evidence"), sheet(4, "evidence")]
        ),
        tmp_path,
    )
    assert [row.sheet for row in told.divider_sheets] == [1, 2]
    assert (told.shared, told.volumes[0].divider_sheets) == (1, "1–2")


def test_without_another_paper_dividers_are_as_all_others(tmp_path: Path) -> None:
    told = said(job([sheet(1, "divider"), sheet(2, "divider", "evidence")]), tmp_path, "print: {}")
    assert (told.coloured, told.shared, told.plain, told.divider_paper) == (0, 0, 2, "")


def test_a_sheet_that_folds_out_says_what_it_is_and_where_it_goes(tmp_path: Path) -> None:
    told = said(job([sheet(1, "cover"), sheet(2, "evidence", "evidence", wide=True)]), tmp_path)
    (row,) = told.foldout_sheets
    assert (row.volume, row.sheet, row.pdf_pages, row.pages) == (1, 2, "3–4", "3–4")
    assert (row.id, row.title) == ("1-01", "Its proof")
    assert told.folds == ("125", "230")


def test_where_nothing_folds_out_no_folds_are_told(tmp_path: Path) -> None:
    assert said(job([sheet(1, "evidence")]), tmp_path).folds == ()


@pytest.mark.parametrize(("language", "text"), [("en", "1–3, 5, 7–8"), ("zh-CN", "1—3、5、7—8")])
def test_sheets_that_lie_together_are_one_range(tmp_path: Path, language: str, text: str) -> None:
    kinds = ["divider", "divider", "divider", "evidence", "divider", "evidence", "divider", "divider"]
    told = said(job([sheet(n, kind) for n, kind in enumerate(kinds, start=1)]), tmp_path, language=language)
    assert told.volumes[0].divider_sheets == text


def test_a_volume_is_named_by_its_numbered_pages(tmp_path: Path) -> None:
    told = said(job([sheet(1, "cover"), sheet(2, "index"), sheet(3, "divider"), sheet(4, "evidence")]), tmp_path)
    (volume,) = told.volumes
    assert (volume.first_page, volume.last_label, volume.file) == ("5", "— 7 —", "binder-1-print.pdf")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The print set of a book with A3 sheets and blue dividers."""
    made = tmp_path_factory.mktemp("ticket")
    path = write(made, print={"a3": "fold-out", "divider_paper": "浅蓝色"})
    return dossier.build(path, made / "out", print_set=True).folder


def test_the_json_says_how_to_print_and_counts_as_the_files_do(folder: Path) -> None:
    told = json.loads((folder / "print" / "ticket.json").read_text(encoding="utf-8"))
    wanted = {"schema": 1, "duplex": "long-edge", "scaling": "none", "paper": "A4", "gutter": 20.0}
    assert {key: told[key] for key in wanted} == wanted
    assert told["fold_out"] == {"paper": "A3", "folds": [125.0, 230.0]}
    receipt = json.loads((folder / "receipt.json").read_text(encoding="utf-8"))
    assert [binder["sha256"] for binder in told["binder"]] == [volume["sha256"] for volume in receipt["volumes"]]
    for volume in told["volumes"]:
        pages = [page for page in receipt["pages"] if page["volume"] == volume["volume"]]
        assert volume["pages"] == 2 * volume["sheets"]["all"] == len(pages) + len(pages) % 2
        for special in (*volume["coloured"], *volume["fold_outs"]):
            on = [page for page in pages if page["page"] in special["pdf_pages"] and page["kind"] != "blank"]
            assert special["labels"] == [page["label"] for page in on]


def test_the_word_sheet_says_it_too(folder: Path) -> None:
    document = Document(str(folder / "print" / "ticket.docx"))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    told = json.loads((folder / "print" / "ticket.json").read_text(encoding="utf-8"))
    assert any("浅蓝色" in cell and f"{told['sheets']['coloured']}张" in cell for cell in cells)
    assert any("125 mm" in cell and "230 mm" in cell for cell in cells)
    assert told["volumes"][0]["file"].rpartition("/")[2] in cells
