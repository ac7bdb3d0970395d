"""Bonus items and vetoes stand apart from the points that are shared out, in sums, on the sheet and in the check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from conftest import MakeManifest, MakePdf

import dossier
from dossier.errors import ManifestError

ITEMS: list[dict[str, Any]] = [
    {
        **{"id": "1", "title": "甲", "points": 3},
        "items": [
            {"id": "1-1", "title": "子", "points": "1.5", "self_score": "1.25", "evidence": [{"file": "a.pdf"}]},
            {"id": "1-2", "title": "丑", "points": "1.5", "self_score": "1.5", "evidence": [{"file": "b.pdf"}]},
            {
                "id": "1-3",
                "title": "寅",
                "counts": "bonus",
                "points": 2,
                "self_score": "0.7",
                "evidence": [{"file": "c.pdf"}],
            },
            {"id": "1-4", "title": "卯", "counts": "veto", "evidence": [{"file": "gone.pdf"}]},
        ],
    }
]


@pytest.fixture
def manifest(make_manifest: MakeManifest, make_pdf: MakePdf) -> Path:
    for pages, name in enumerate("abc", start=1):
        make_pdf(f"sources/{name}.pdf", pages)
    return make_manifest(items=ITEMS, front=["cover", "scores"])


def test_the_check_counts_them_apart(manifest: Path) -> None:
    report = dossier.check(manifest)
    standing = report.standing
    assert [f"{v}" for v in (standing.points, standing.claimed, standing.proved, standing.at_risk)] == [
        "3.0", "2.75", "2.75", "0",
    ]  # fmt: skip
    assert (f"{standing.bonus}", standing.vetoes) == ("0.7", 1)
    assert "points-sum" not in [problem.code for problem in report.problems]


def test_a_bonus_without_proof_is_at_risk(make_manifest: MakeManifest) -> None:
    items = [
        {"id": "1", "title": "甲", "counts": "bonus", "points": 2, "self_score": "0.7", "evidence": [{"file": "c.pdf"}]}
    ]
    standing = dossier.check(make_manifest(items=items)).standing
    assert (f"{standing.at_risk}", f"{standing.points}", f"{standing.claimed}") == ("0.7", "0", "0")


def test_the_score_sheet_shows_them_under_the_total(manifest: Path, tmp_path: Path) -> None:
    binder = dossier.build(manifest, tmp_path / "out", engine="embedded")
    sheet = next(page.page for page in binder.receipt.pages if page.kind == "front")
    with pypdfium2.PdfDocument(binder.paths[0]) as document:
        text = "".join(document[sheet - 1].get_textpage().get_text_range().split())
    total, bonus, veto = (text.index(word) for word in ("合计32.75", "加分项0.7", "否决项"))
    assert total < bonus < text.index("1-3寅20.7") < veto < text.index("1-4卯")
    assert "自评扣分0.25分" in text
    assert "1甲32.75小计" in text


def test_a_sheet_without_them_does_not_speak_of_them(
    make_manifest: MakeManifest, make_pdf: MakePdf, tmp_path: Path
) -> None:
    make_pdf("sources/a.pdf")
    items = [{"id": "1", "title": "甲", "points": 1, "self_score": 1, "evidence": [{"file": "a.pdf"}]}]
    binder = dossier.build(make_manifest(items=items, front=["scores"]), tmp_path / "out", engine="embedded")
    with pypdfium2.PdfDocument(binder.paths[0]) as document:
        text = "".join("".join(page.get_textpage().get_text_range().split()) for page in document)
    assert "加分项" not in text
    assert "否决项" not in text


def test_a_section_is_neither(make_manifest: MakeManifest) -> None:
    with pytest.raises(ManifestError) as caught:
        dossier.load(make_manifest(items=[{**ITEMS[0], "counts": "bonus"}]))
    assert [problem.code for problem in caught.value.problems] == ["not-a-leaf"]
