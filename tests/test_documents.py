"""A book's own Word documents stand where the manifest says, in as many volumes as there must be."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import MakeDocx
from desk import PAGES, TWO_SECTIONS, Desk, item, lines

from dossier import documents, template_sets


@pytest.fixture
def desk(tmp_path: Path, make_docx: MakeDocx) -> Desk:
    return Desk(tmp_path, make_docx)


def test_volumes_that_a_longer_index_makes_necessary_are_made(desk: Desk) -> None:
    of = desk.book([item(n, "a.pdf") for n in "123"], {"a.pdf": 3}, volumes={"max_pages": 20})
    short = desk.settle(of)
    long = desk.settle(of, lambda key, text: 7 if key.startswith(("index", "general")) else 1)
    assert max(slot.volume for slot in short.pagination.slots) < max(slot.volume for slot in long.pagination.slots)
    volumes = {slot.volume for slot in long.pagination.slots}
    assert max(long.pagination.pages_of(volume) for volume in volumes) <= 20
    assert [key for key in long.documents if key.startswith("cover")] == [f"cover:{n}" for n in sorted(volumes)]


@pytest.mark.parametrize("most", range(12, 30, 3))
def test_what_comes_after_the_items_counts_for_the_thickness_of_a_volume(desk: Desk, most: int) -> None:
    desk.template("checklist", "checklist")
    of = desk.book([item(n, "a.pdf") for n in "1234"], {"a.pdf": 3}, volumes={"max_pages": most}, back=["checklist"])
    pagination = desk.settle(of, lambda key, text: 4 if key == "checklist:1" else 1).pagination
    volumes = {slot.volume for slot in pagination.slots}
    assert max(pagination.pages_of(volume) for volume in volumes) <= most
    assert pagination.spans["checklist:1"].volume == max(volumes)


def test_what_documents_weigh_counts_for_the_size_of_a_volume(desk: Desk, tmp_path: Path) -> None:
    files = ["a.pdf", "b.pdf", "c.pdf"]
    items = [item(number, file) for number, file in zip("123", files, strict=True)]
    of = desk.book(items, dict.fromkeys(files, 1), volumes={"max_mb": 2})
    for name in files:
        (tmp_path / "sources" / name).write_bytes(b"x" * 300_000)
    found = template_sets.find_set("mine", tmp_path)

    def divided(**sizes: int) -> list[list[str]]:
        light = {f"{name}:{n}": 9_000 for name in ("cover", "index", "divider") for n in "123"} | {"general": 9_000}
        volumes, _ = documents.lay_out(of, found, {}, light | {key.replace("_", ":"): n for key, n in sizes.items()})
        return [[block.item for block in blocks if block.kind == "evidence"] for blocks in volumes]

    assert divided() == [["1", "2", "3"]]
    assert divided(cover_1=1_000_000) == [["1", "2"], ["3"]]
    assert divided(divider_2=1_400_000) == [["1"], ["2"], ["3"]]


def test_a_book_is_divided_again_once_it_is_known_what_its_documents_weigh(desk: Desk, tmp_path: Path) -> None:
    files = ["a.pdf", "b.pdf", "c.pdf"]
    items = [item(number, file) for number, file in zip("123", files, strict=True)]
    of = desk.book(items, dict.fromkeys(files, 1), volumes={"max_mb": 1})
    for name in files:
        (tmp_path / "sources" / name).write_bytes(b"x" * 150_000)
    first, _ = documents.lay_out(of, template_sets.find_set("mine", tmp_path), {})
    settled = desk.settle(of)
    assert (len(first), max(slot.volume for slot in settled.pagination.slots)) == (2, 1)


def test_documents_are_told_apart_whatever_their_files_are_called(desk: Desk, make_docx: MakeDocx) -> None:
    for name in ("a/b", "a-b", "A-B"):
        make_docx(f"sources/{name}.docx", f"this is {name}")
    front = [{"file": f"{name}.docx"} for name in ("a/b", "a-b", "A-B")]
    settled = desk.settle(desk.book([item("1", "a.pdf")], {"a.pdf": 1}, front=front))
    shown = [lines(settled.filled[f"front:{name}.docx"]) for name in ("a/b", "a-b", "A-B")]
    assert shown == [["this is a/b"], ["this is a-b"], ["this is A-B"]]
    assert len({document.name.lower() for document in settled.documents.values()}) == len(settled.documents)


def test_what_stands_last_belongs_to_the_last_volume(desk: Desk) -> None:
    of = desk.book(TWO_SECTIONS, PAGES, volumes={"by": "section"}, back=["checklist"])
    assert desk.shows(of, "checklist", "{{ volume.number }}") == ["2"]


@pytest.mark.parametrize(
    ("volumes", "draft", "names"),
    [
        (1, False, ("binder.pdf",)),
        (1, True, ("binder-draft.pdf",)),
        (2, False, ("binder-1.pdf", "binder-2.pdf")),
        (2, True, ("binder-draft-1.pdf", "binder-draft-2.pdf")),
    ],
)
def test_the_names_of_volumes(volumes: int, draft: bool, names: tuple[str, ...]) -> None:
    assert documents.file_names(volumes, draft=draft) == names
