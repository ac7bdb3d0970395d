"""What templates see of a numbered book: its rows, items, units and scores, with the numbers that it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docx
import pytest
from conftest import MakeDocx, MakePhoto
from desk import LOOP, PAGES, TWO_SECTIONS, Desk, item, lines, section, shown_all

from dossier import context
from dossier.errors import TemplateError


@pytest.fixture
def desk(tmp_path: Path, make_docx: MakeDocx) -> Desk:
    return Desk(tmp_path, make_docx)


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


def test_a_citation_is_listed_in_the_volume_of_its_item_with_the_page_where_it_is_bound(desk: Desk) -> None:
    items = [item("1", "a.pdf"), {"id": "2", "title": "Two", "evidence": [{"see": "1-01"}, {"file": "b.pdf"}]}]
    of = desk.book(items, {"a.pdf": 1, "b.pdf": 1}, volumes={"by": "section"})
    first = desk.shows(of, "index", LOOP[0], "{{ row.id }} {{ row.volume }}", LOOP[1])
    assert "2-01 1" not in first
    assert lines(desk.folder / "filled" / "index-2.docx") == ["2 2", "2-01 1", "2-02 2"]


def test_a_volume_as_templates_see_it(desk: Desk) -> None:
    of = desk.book(TWO_SECTIONS, PAGES, volumes={"by": "section"})
    names = "{{ volume.number }}/{{ volume.count }} {{ volume.file }} {{ volume.first_label }} {{ volume.last_label }}"
    shown = desk.shows(of, "cover", names, "{{ volume.pages }}", "{{ volume.items[0].title }}")
    settled = desk.settle(of)
    assert shown == ["1/2 binder-1.pdf — 1 — — 12 —", str(settled.pagination.pages_of(1)), "Section 1"]
    assert lines(desk.folder / "filled" / "cover-2.docx")[0] == "2/2 binder-2.pdf — 13 — — 15 —"
    assert lines(desk.folder / "filled" / "cover-2.docx")[2] == "Item 2"


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


def test_an_item_that_goes_on_in_the_next_volume_ends_where_its_first_volume_does(desk: Desk) -> None:
    of = desk.book([item("1", "a.pdf", "b.pdf", "c.pdf")], dict.fromkeys(PAGES, 5), volumes={"max_pages": 16})
    pagination = desk.settle(of).pagination
    spans = context.spans_of(of, pagination)
    own = [slot for slot in pagination.slots if slot.item == "1"]
    first = [slot.page for slot in own if slot.volume == own[0].volume]
    assert {slot.volume for slot in own} != {own[0].volume}
    assert (spans["1"].volume, spans["1"].first, spans["1"].last) == (own[0].volume, first[0], first[-1])
    assert spans["1"].numbers == f"{own[0].number}—{own[-1].number}"


def test_a_section_runs_from_its_first_item_to_its_last(desk: Desk) -> None:
    of = desk.book(TWO_SECTIONS, PAGES)
    spans = context.spans_of(of, desk.settle(of).pagination)
    assert (spans["1"].first, spans["1"].last) == (spans["1-1"].first, spans["1-2-1"].last)


def test_cited_evidence_is_found_where_it_is_bound(desk: Desk) -> None:
    items = [item("1", "a.pdf"), {"id": "2", "title": "Two", "evidence": [{"see": "1-01"}]}]
    of = desk.book(items, {"a.pdf": 2})
    spans = context.spans_of(of, desk.settle(of).pagination)
    assert spans["2-01"] == spans["1-01"]


# --- the tree, the units, and totals -------------------------------------------------------------------------------


def test_items_can_be_walked_from_sections_to_evidence(desk: Desk) -> None:
    of = desk.book(TWO_SECTIONS, PAGES)
    shown = desk.shows(
        of, "cover",
        "{%p for one in items %}", "{{ one.kind }} {{ one.id }} {{ one.items|length }} {{ one.evidence|length }}",
        "{%p for two in one.items %}", "{{ two.level }} {{ two.id }} {{ two.section }}",
        "{%p for row in two.evidence %}", "{{ row.id }} {{ row.page }}", "{%p endfor %}",
        "{%p endfor %}", "{%p endfor %}",
    )  # fmt: skip
    assert shown == [
        "section 1 2 0", "2 1-1 Section 1", "1-1-01 3", "1-1-02 7", "2 1-2 Section 1", "item 2 0 1",
    ]  # fmt: skip


def test_a_section_has_the_pages_and_points_of_what_is_in_it(desk: Desk) -> None:
    of = desk.book([section("1", item("1-1", "a.pdf", points=2, self_score="1.5"), item("1-2", "b.pdf"))], PAGES)
    names = shown_all("items[0]", "page label pages last_page last_label page_count points self_score difference")
    shown = desk.shows(of, "cover", "|".join(names))
    # 1 divider, 3-5 a, 7 divider, 9 b: six pages, and blanks between them.
    assert shown == ["1|— 1 —|1—9|9|— 9 —|6|2|1.5|0.5"]


def test_rows_say_where_they_end_and_how_many_pages_they_have(desk: Desk) -> None:
    of = desk.book([item("1", "a.pdf"), {"id": "2", "title": "Two", "evidence": [{"see": "1-01"}]}], PAGES)
    row = "{{ row.id }} {{ row.page }} {{ row.last_page }} {{ row.last_label }} {{ row.page_count }} {{ row.volume }}"
    shown = desk.shows(of, "index", LOOP[0], row, LOOP[1])
    assert shown == ["1 1 5 — 5 — 4 1", "1-01 3 5 — 5 — 3 1", "2 7 7 — 7 — 1 1", "2-01 3 5 — 5 — 3 1"]


def test_units_have_what_they_must_supply(desk: Desk) -> None:
    items = [
        item("1", "a.pdf", unit="Office", points=2, self_score=1),
        item("2", "b.pdf", "late.pdf", unit="Bureau", points="0.5", self_score="0.5"),
        item("3", "c.pdf", unit="Office", points=1),
        {"id": "4", "title": "Four", "unit": "Guests", "evidence": [{"see": "1-01"}]},
    ]
    units = {"Bureau": {"contact": "Ms Li", "phone": "555-0101", "note": "late"}, "Idle": {}}
    of = desk.book(items, PAGES, units=units)
    shown = desk.shows(
        of, "cover", "{%p for unit in units %}",
        "{{ unit.name }}|{{ unit.contact }}|{{ unit.phone }}|{{ unit.note }}|{{ unit.items|join(' ', 'id') }}",
        "{{ unit.evidence|join(' ', 'id') }}|{{ unit.item_count }} {{ unit.evidence_count }} {{ unit.page_count }} "
        "{{ unit.complete }}|{{ unit.problems|join(' ', 'evidence') }}",
        "{{ unit.points }} {{ unit.self_score }} {{ unit.difference }}", "{%p endfor %}",
    )  # fmt: skip
    assert shown == [
        "Bureau|Ms Li|555-0101|late|2", "2-01 2-02|1 2 1 0|2-02", "0.5 0.5 0",
        "Idle||||", "|0 0 0 0|", "0 0 0",
        "Office||||1 3", "1-01 3-01|2 2 5 2|", "3 1 2",
        "Guests||||4", "4-01|1 0 0 1|", "0 0 0",
    ]  # fmt: skip


def test_scores_have_totals_by_section_and_by_unit(desk: Desk) -> None:
    items = [
        section("1", item("1-1", points=2, self_score=1, unit="A"), item("1-2", points="0.1", unit="B")),
        item("2", points="0.2", self_score="0.2", unit="B"),
    ]
    of = desk.book(items, front=["cover", "index", "scores"])
    total = "{{ total.id }}|{{ total.title }}|{{ total.points }}|{{ total.self_score }}|{{ total.difference }}"
    shown = desk.shows(
        of, "scores",
        "{%p for total in scores.sections %}", f"{total}|{{{{ total.items }}}}|{{{{ total.page }}}}", "{%p endfor %}",
        "{%p for total in scores.units %}", f"{total}|{{{{ total.items }}}}", "{%p endfor %}",
        "{%p for score in scores.rows %}", "{{ score.id }} {{ score.level }} {{ score.difference }}", "{%p endfor %}",
    )  # fmt: skip
    assert shown[0].startswith("1|Section 1|2.1|1|1.1|2|")
    assert shown[1].startswith("2|Item 2|0.2|0.2|0|1|")
    assert shown[2:4] == ["|A|2|1|1|1", "|B|0.3|0.2|0.1|2"]
    assert shown[4:] == ["1 1 1.1", "1-1 2 1", "1-2 2 0.1", "2 1 0"]


def test_a_volume_says_its_pages_as_numbers_and_its_sheets(desk: Desk) -> None:
    of = desk.book(TWO_SECTIONS, PAGES, volumes={"by": "section"})
    names = "{{ volume.first_page }} {{ volume.last_page }} {{ volume.first_label }} {{ volume.last_label }}"
    shown = desk.shows(of, "cover", f"{names} {{{{ volume.sheets }}}}")
    pagination = desk.settle(of).pagination
    assert shown == [f"1 12 — 1 — — 12 — {-(-pagination.pages_of(1) // 2)}"]


def test_all_evidence_is_there_in_order_with_its_place(desk: Desk) -> None:
    of = desk.book(TWO_SECTIONS, PAGES)
    shown = desk.shows(of, "cover", "{%p for row in evidence %}", "{{ row.order }} {{ row.id }} {{ row.item_id }} "
                       "{{ row.item_title }}", "{%p endfor %}")  # fmt: skip
    assert shown == [
        "1 1-1-01 1-1 Item 1-1", "2 1-1-02 1-1 Item 1-1", "3 1-2-1-01 1-2-1 Item 1-2-1", "4 2-01 2 Item 2",
    ]  # fmt: skip


def test_the_manifest_s_values_secrecy_and_remarks_are_shown(desk: Desk) -> None:
    evidence = {"file": "a.pdf", "secrecy": "内部", "remark": "copy"}
    of = desk.book([{"id": "1", "title": "One", "evidence": [evidence]}], {"a.pdf": 1}, values={"全宗号": "X012"})
    shown = desk.shows(of, "cover", "{{ values.全宗号 }} {{ evidence[0].secrecy }} {{ evidence[0].remark }}")
    assert shown == ["X012 内部 copy"]


def test_a_value_that_is_not_there_gets_a_guess(desk: Desk) -> None:
    of = desk.book([item("1", "a.pdf")], {"a.pdf": 1}, values={"fonds": "X012"})
    with pytest.raises(TemplateError, match="'fond'"):
        desk.shows(of, "cover", "{{ values.fond }}")


# --- in the words of the set ---------------------------------------------------------------------------------------


def test_pages_and_dates_are_spoken_of_as_the_set_says(desk: Desk) -> None:
    (desk.folder / "mine" / "set.yaml").write_text(
        'words: {cite: "see p. {n}", date: D MMMM YYYY, period: "{from} to {to}"}', encoding="utf-8"
    )
    of = desk.book([item("1", "a.pdf")], {"a.pdf": 1}, period={"from": "2023-01-01", "to": "2023-12-31"})
    shown = desk.shows(of, "cover", "{{ cite('1-01') }}; {{ label('1-01') }}; {{ today|date }}; {{ dossier.period }}")
    assert shown == ["see p. 3; — 3 —; 15 December 2023; 1 January 2023 to 31 December 2023"]


def test_a_front_document_can_be_cited_by_its_key(desk: Desk) -> None:
    desk.template("preface", "preface")
    of = desk.book([item("1", "a.pdf")], {"a.pdf": 1}, front=["cover", "index", "preface"])
    assert desk.shows(of, "cover", "{{ page('preface:1') }} {{ index[0].to }}") == ["1 preface:1"]


def test_pictures_come_from_the_sources_the_set_and_the_manifest_s_names(desk: Desk, make_photo: MakePhoto) -> None:
    make_photo("sources/a/seal.png")
    make_photo("mine/logo.jpg")
    of = desk.book([item("1", "a.pdf")], {"a.pdf": 1}, images={"seal": "a/seal.png"})
    desk.shows(of, "cover", "{{ image('seal', width='20mm') }}{{ image('a/seal.png') }}{{ image('logo.jpg') }}")
    filled = docx.Document(str(desk.folder / "filled" / "cover.docx"))
    assert len(filled.inline_shapes) == 3
    with pytest.raises(TemplateError, match=r"there is no file seall.*'seal'"):
        desk.shows(of, "cover", "{{ image('seall') }}")
