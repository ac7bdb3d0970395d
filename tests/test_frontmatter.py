"""Templates see the numbers that the finished book has: lengths and numbers settle together, or loudly not at all."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import docx
import pytest
import yaml
from conftest import MakeDocx

import dossier
from dossier import book, frontmatter, plan, templates
from dossier.book import Book
from dossier.errors import ConversionError, TemplateError, UnsettledError
from dossier.frontmatter import Settled
from dossier.part import Ink, Part, PartPage
from dossier.sources import Kind

Lengths = Callable[[str, list[str]], int]
TODAY = date(2023, 12, 15)
LOOP = "{%p for row in index %}", "{%p endfor %}"


def a_part(path: Path, pages: int) -> Part:
    return Part(path, (PartPage(595.0, 842.0, Ink(1, (0,)), ""),) * pages)


def lines(path: Path) -> list[str]:
    if not zipfile.is_zipfile(path):
        return []
    return [paragraph.text for paragraph in docx.Document(str(path)).paragraphs if paragraph.text]


class Desk:
    """Numbers books of made-up sources with templates of one paragraph; nothing is converted."""

    def __init__(self, folder: Path, make_docx: MakeDocx) -> None:
        self.folder = folder
        self.make_docx = make_docx
        self.asked: list[list[str]] = []
        for name in ("cover", "index", "divider", "placeholder"):
            self.template(name, name)

    def template(self, name: str, *paragraphs: str) -> None:
        self.make_docx(f"mine/{name}.docx", *paragraphs)

    def book(self, items: list[dict[str, Any]], pages: Mapping[str, int] | None = None, **keys: Any) -> Book:
        """Plan a dossier whose sources have so many ``pages`` (one, if not said; 0 for a file that is refused)."""
        manifest = {
            "title": "Title", "sources": "sources", "template_set": "mine", "items": items,
            "front": ["cover", "index"], **keys,
        }  # fmt: skip
        path = self.folder / "dossier.yaml"
        path.write_text(yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8")
        (self.folder / "sources").mkdir(exist_ok=True)
        for name in pages or {}:
            (self.folder / "sources" / name).write_bytes(b"%PDF-1.7\n" + name.encode())
        planned = plan.plan(dossier.load(path), {Kind.PDF, Kind.DOCX})
        outcomes: dict[str, Part | ConversionError] = {
            source.name: a_part(source.path, (pages or {})[source.name])
            if (pages or {})[source.name]
            else ConversionError("it is damaged", fix="send it again")
            for proof in planned.evidence()
            for source in proof.sources
        }
        return book.collect(planned, outcomes)

    def settle(self, of: Book, lengths: Lengths = lambda key, text: 1) -> Settled:
        """Settle a book; ``lengths`` says how long a document is, by its key and the text it is filled with."""

        def convert(filled: Mapping[str, Path]) -> dict[str, Part]:
            self.asked.append(list(filled))
            return {key: a_part(path, lengths(key, lines(path))) for key, path in filled.items()}

        found = templates.find_set("mine", self.folder)
        (self.folder / "filled").mkdir(exist_ok=True)
        return frontmatter.settle(of, found, TODAY, convert, self.folder / "filled")

    def shows(self, of: Book, name: str, *paragraphs: str, lengths: Lengths = lambda key, text: 1) -> list[str]:
        """Fill a template and return its lines."""
        self.template(name, *paragraphs)
        self.settle(of, lengths)
        return lines(self.folder / "filled" / f"{name}.docx")


def shown_all(holder: str, names: str) -> list[str]:
    """Return a tag for each of some names, divided by spaces."""
    return [f"{{{{ {holder}.{name} }}}}" for name in names.split()]


@pytest.fixture
def desk(tmp_path: Path, make_docx: MakeDocx) -> Desk:
    return Desk(tmp_path, make_docx)


def item(id: str, *files: str, **keys: Any) -> dict[str, Any]:
    return {"id": id, "title": f"Item {id}", "evidence": [{"file": file} for file in files], **keys}


def section(id: str, *items: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"id": id, "title": f"Section {id}", "items": list(items), **keys}


TWO_SECTIONS = [
    section("1", item("1-1", "a.pdf", "b.pdf"), section("1-2", item("1-2-1", "c.pdf"))),
    item("2", "d.pdf"),
]
PAGES = {"a.pdf": 3, "b.pdf": 1, "c.pdf": 2, "d.pdf": 1}


# --- the index -----------------------------------------------------------------------------------------------------


def test_index_rows_come_in_the_order_of_the_book_with_their_level(desk: Desk) -> None:
    desk.template("preface", "preface")
    desk.template("checklist", "checklist")
    of = desk.book(TWO_SECTIONS, PAGES, front=["cover", "index", "preface"], back=["checklist"])
    shown = desk.shows(of, "index", LOOP[0], "{{ row.kind }} {{ row.level }} {{ row.id }} {{ row.title }}", LOOP[1])
    assert shown == [
        "front 1  preface",
        "section 1 1 Section 1",
        "item 2 1-1 Item 1-1",
        "evidence 3 1-1-01 a",
        "evidence 3 1-1-02 b",
        "section 2 1-2 Section 1-2",
        "item 3 1-2-1 Item 1-2-1",
        "evidence 4 1-2-1-01 c",
        "item 1 2 Item 2",
        "evidence 2 2-01 d",
        "back 1  checklist",
    ]


def test_index_rows_carry_the_numbers_of_the_settled_book(desk: Desk) -> None:
    of = desk.book(TWO_SECTIONS, PAGES)
    shown = desk.shows(of, "index", LOOP[0], "{{ row.id }}={{ row.pages }}={{ row.label }}", LOOP[1])
    settled = desk.settle(of)
    spans = settled.pagination.spans
    wanted = {proof.id: spans[proof.key] for proof in of.proofs()}
    told = dict(line.split("=", 1) for line in shown)
    assert {id: told[id] for id in wanted} == {id: f"{span.numbers}={span.label}" for id, span in wanted.items()}
    # Dividers and evidence each start on an odd page: 1 divider, 3-5 a, 7 b, 9 divider, 11-12 c, 13 divider, 15 d.
    assert told["1-1-01"] == "3—5=— 3 —"
    assert told["1-2-1-01"] == "11—12=— 11 —"
    assert told["1"] == "1—12=— 1 —"
    assert told["2"] == "13—15=— 13 —"


def test_index_rows_carry_what_the_manifest_says_of_evidence(desk: Desk) -> None:
    evidence = {"file": "a.pdf", "title": "Notice", "number": "No. 5", "issuer": "Office", "date": "2021-03-01"}
    items = [{"id": "1", "title": "One", "unit": "Unit", "points": 2, "evidence": [evidence, {"see": "1-01"}]}]
    of = desk.book(items, {"a.pdf": 1})
    row = "{{ row.id }}|{{ row.title }}|{{ row.unit }}|{{ row.number }}|{{ row.issuer }}|{{ row.date }}|{{ row.to }}"
    shown = desk.shows(of, "index", LOOP[0], f"{row}|{{{{ row.cited }}}}|{{{{ row.points }}}}", LOOP[1])
    assert shown[0] == "1|One|Unit||||1|False|2"
    assert shown[1] == "1-01|Notice|Unit|No. 5|Office|2021-03-01|1-01|False|"
    assert shown[2].endswith("|1-01|True|")


def test_a_row_of_what_is_missing_leads_to_its_placeholder(desk: Desk) -> None:
    of = desk.book([item("1", "a.pdf", "late.pdf")], {"a.pdf": 1})
    shown = desk.shows(of, "index", LOOP[0], "{{ row.id }} {{ row.page }} {{ row.status }}", LOOP[1])
    assert shown == ["1 1 missing", "1-01 3 bound", "1-02 5 missing"]


# --- settling ------------------------------------------------------------------------------------------------------


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


def test_documents_are_told_apart_whatever_their_files_are_called(desk: Desk, make_docx: MakeDocx) -> None:
    for name in ("a/b", "a-b", "A-B"):
        make_docx(f"sources/{name}.docx", f"this is {name}")
    front = [{"file": f"{name}.docx"} for name in ("a/b", "a-b", "A-B")]
    settled = desk.settle(desk.book([item("1", "a.pdf")], {"a.pdf": 1}, front=front))
    shown = [lines(settled.filled[f"front:{name}.docx"]) for name in ("a/b", "a-b", "A-B")]
    assert shown == [["this is a/b"], ["this is a-b"], ["this is A-B"]]
    assert len({document.name.lower() for document in settled.documents.values()}) == len(settled.documents)


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


# --- names that templates may use ----------------------------------------------------------------------------------


def test_a_template_may_cite_pages_by_id(desk: Desk) -> None:
    of = desk.book([item("1", "a.pdf", "b.pdf")], {"a.pdf": 3, "b.pdf": 1})
    shown = desk.shows(of, "cover", "{{ page('1-01') }} {{ pages('1-01') }} {{ pages('1-02') }} {{ cite('1') }}")
    assert shown == ["3 3—5 7 见第1页"]


def test_a_template_that_cites_what_is_not_bound_is_refused(desk: Desk) -> None:
    of = desk.book([item("1", "a.pdf")], {"a.pdf": 1})
    with pytest.raises(TemplateError, match=r"cover\.docx.*'9-9'"):
        desk.shows(of, "cover", "{{ page('9-9') }}")


def test_the_dossier_as_templates_see_it(desk: Desk) -> None:
    of = desk.book(
        TWO_SECTIONS, PAGES, subtitle="Sub", organisation="Office", period={"from": "2023-01-01", "to": "2023-12-31"}
    )
    shown = desk.shows(of, "cover", *shown_all("dossier", "title subtitle organisation period year date pages"),
                       *shown_all("dossier", "volumes items evidence complete"))  # fmt: skip
    assert shown == [
        "Title", "Sub", "Office", "2023年1月1日至2023年12月31日", "2023", "2023-12-15", "15", "1", "3", "4", "True",
    ]  # fmt: skip


def test_a_volume_as_templates_see_it(desk: Desk) -> None:
    of = desk.book(TWO_SECTIONS, PAGES, volumes={"by": "section"})
    names = "{{ volume.number }}/{{ volume.count }} {{ volume.file }} {{ volume.first_label }} {{ volume.last_label }}"
    shown = desk.shows(of, "cover", names, "{{ volume.pages }}", "{{ volume.items[0].title }}")
    settled = desk.settle(of)
    assert shown == ["1/2 binder-1.pdf — 1 — — 12 —", str(settled.pagination.pages_of(1)), "Section 1"]
    assert lines(desk.folder / "filled" / "cover-2.docx")[0] == "2/2 binder-2.pdf — 13 — — 15 —"
    assert lines(desk.folder / "filled" / "cover-2.docx")[2] == "Item 2"


def test_what_stands_last_belongs_to_the_last_volume(desk: Desk) -> None:
    of = desk.book(TWO_SECTIONS, PAGES, volumes={"by": "section"}, back=["checklist"])
    assert desk.shows(of, "checklist", "{{ volume.number }}") == ["2"]


def test_an_item_as_its_divider_sees_it(desk: Desk) -> None:
    keys = {"points": "1.50", "self_score": 1, "criteria": "All", "unit": "Unit", "conclusion": "Done"}
    of = desk.book([section("1", item("1-1", "a.pdf", **keys))], {"a.pdf": 2})
    names = shown_all("item", "id title section level points self_score criteria unit conclusion pages status")
    rows = "{%p for row in item.evidence %}", "{{ row.id }} {{ row.level }} {{ row.pages }}", "{%p endfor %}"
    desk.template("divider", "|".join(names), *rows)
    desk.settle(of)
    assert lines(desk.folder / "filled" / "divider-1-1.docx") == [
        "1-1|Item 1-1|Section 1|2|1.5|1|All|Unit|Done|1—4|complete",
        "1-1-01 1 3—4",
    ]


def test_a_placeholder_as_its_sheet_sees_it(desk: Desk) -> None:
    names = shown_all("placeholder", "id title item_id item_title unit contact reason fix")
    desk.template("placeholder", "|".join(names))
    evidence = [{"file": "bad.pdf", "title": "Bad"}, {"file": "late.pdf", "title": "Late"}]
    items: list[dict[str, Any]] = [{"id": "1", "title": "One", "unit": "Unit", "evidence": evidence}]
    items.append({"id": "2", "title": "Two"})
    units = {"Unit": {"contact": "Ms Li", "phone": "555-0101"}}
    desk.settle(desk.book(items, {"bad.pdf": 0}, units=units))
    filled = desk.folder / "filled"
    assert lines(filled / "placeholder-1-01-1.docx") == [
        "1-01|Bad|1|One|Unit|Ms Li 555-0101|bad.pdf: it is damaged|send it again"
    ]
    assert lines(filled / "placeholder-1-02-1.docx")[0].startswith(
        "1-02|Late|1|One|Unit|Ms Li 555-0101|late.pdf is not"
    )
    assert lines(filled / "placeholder-2-1.docx")[0].startswith("||2|Two|||Two: no evidence is named")


# --- scores and checklist ------------------------------------------------------------------------------------------

TOTALS = "{{ scores.points }} {{ scores.self_score }} {{ scores.difference }}"


@pytest.mark.parametrize(
    ("items", "totals"),
    [
        ([item("1", points="0.1", self_score="0.1"), item("2", points="0.2", self_score="0.2")], "0.3 0.3 0"),
        ([item("1", points=10, self_score="9.75"), item("2", points="2.50", self_score=2)], "12.5 11.75 0.75"),
        ([item("1", points=100, self_score=100)], "100 100 0"),
        ([item("1")], "0 0 0"),
        # A section's own points count; where it has none, those of its items do.
        ([section("1", item("1-1", points=1, self_score=1), points=5), item("2", points=1)], "6 1 5"),
        ([section("1", item("1-1", points=1), section("1-2", item("1-2-1", points="0.5")))], "1.5 0 1.5"),
    ],
)
def test_totals_are_exact(desk: Desk, items: list[dict[str, Any]], totals: str) -> None:
    of = desk.book(items, front=["cover", "index", "scores"])
    assert desk.shows(of, "scores", TOTALS) == [totals]


def test_score_rows_say_which_points_are_claimed_without_proof(desk: Desk) -> None:
    items = [
        section("1", item("1-1", "a.pdf", points=1, self_score=1), item("1-2", points=2, self_score="1.50")),
        item("2", "late.pdf", points=1, self_score=0, deduction="late"),
        item("3", points=1, self_score=1, not_applicable="none here"),
    ]
    of = desk.book(items, {"a.pdf": 1}, front=["scores"])
    row = "{{ row.kind }} {{ row.id }} {{ row.points }} {{ row.self_score }} {{ row.unproved }} {{ row.deduction }}"
    shown = desk.shows(of, "scores", "{%p for row in scores.rows %}", row, "{%p endfor %}")
    assert [line.rstrip() for line in shown] == [
        "section 1 3 2.5 False",
        "item 1-1 1 1 False",
        "item 1-2 2 1.5 True",
        "item 2 1 0 False late",
        "item 3 1 1 False",
    ]


def test_the_checklist_counts_what_is_bound(desk: Desk) -> None:
    items = [
        item("1", "a.pdf", "b.pdf", unit="Office"),
        {"id": "2", "title": "Two", "unit": "Bureau", "evidence": [{"file": "c.pdf"}, {"see": "1-01"}]},
        item("3", "late.pdf", unit="Office"),
    ]
    of = desk.book(items, PAGES, volumes={"by": "section"}, back=["checklist"])
    shown = desk.shows(
        of, "checklist",
        "{{ checklist.volumes }} {{ checklist.items }} {{ checklist.evidence }} {{ checklist.complete }}",
        "{{ checklist.pages }} {{ checklist.sheets }}",
        "{%p for unit in checklist.units %}", "{{ unit.name }} {{ unit.evidence }} {{ unit.pages }}", "{%p endfor %}",
        "{%p for problem in checklist.problems %}", "{{ problem.evidence }}", "{%p endfor %}",
    )  # fmt: skip
    pagination = desk.settle(of).pagination
    sizes = [pagination.pages_of(volume) for volume in (1, 2, 3)]
    assert shown == [
        "3 3 4 False",
        f"{sum(sizes)} {sum(-(-size // 2) for size in sizes)}",
        "Office 2 4",
        "Bureau 1 2",
        "3-01",
    ]


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
    assert frontmatter.file_names(volumes, draft=draft) == names


# --- where things are found ----------------------------------------------------------------------------------------


def test_an_item_that_goes_on_in_the_next_volume_ends_where_its_first_volume_does(desk: Desk) -> None:
    of = desk.book([item("1", "a.pdf", "b.pdf", "c.pdf")], dict.fromkeys(PAGES, 5), volumes={"max_pages": 16})
    pagination = desk.settle(of).pagination
    spans = frontmatter.spans_of(of, pagination)
    own = [slot for slot in pagination.slots if slot.item == "1"]
    first = [slot.page for slot in own if slot.volume == own[0].volume]
    assert {slot.volume for slot in own} != {own[0].volume}
    assert (spans["1"].volume, spans["1"].first, spans["1"].last) == (own[0].volume, first[0], first[-1])
    assert spans["1"].numbers == f"{own[0].number}—{own[-1].number}"


def test_a_section_runs_from_its_first_item_to_its_last(desk: Desk) -> None:
    of = desk.book(TWO_SECTIONS, PAGES)
    spans = frontmatter.spans_of(of, desk.settle(of).pagination)
    assert (spans["1"].first, spans["1"].last) == (spans["1-1"].first, spans["1-2-1"].last)


def test_cited_evidence_is_found_where_it_is_bound(desk: Desk) -> None:
    items = [item("1", "a.pdf"), {"id": "2", "title": "Two", "evidence": [{"see": "1-01"}]}]
    of = desk.book(items, {"a.pdf": 2})
    spans = frontmatter.spans_of(of, desk.settle(of).pagination)
    assert spans["2-01"] == spans["1-01"]
