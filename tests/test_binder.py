"""A binder that stands says the same of itself as it did when it was built, and reads its receipt only when asked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dossier import binder, receipt
from dossier.binder import Binder, PageRange, Standing, Verification
from dossier.errors import Problem
from dossier.receipt import Evidence, Item, Page, Receipt, Volume

WRITTEN = Receipt(
    "Dossier",
    complete=False,
    manifest={"path": "dossier.yaml", "sha256": "1"},
    engine={"word": "embedded", "version": "1"},
    template_set={"name": "official", "sha256": "2"},
    volumes=(Volume("binder-draft.pdf", "3", 2),),
    items=(
        Item("1", "One", "Unit", "1", "1", "complete", 1, 1, 2, evidence=(Evidence("1-01", "A", "bound", 1, 1, 2),)),
    ),
    pages=(Page(1, 1, "1", "— 1 —", "evidence"), Page(1, 2, "2", "— 2 —", "evidence")),
    problems=(Problem("missing-source", "a.pdf is not there", "ask for it", "error", "dossier.yaml:9", "1", "1-02"),),
    created="2026-11-24T12:00:00+00:00",
)
PROOF = Verification(1, 2, 2, 2, 0, 0, changed=("b.pdf has changed",), checksums=("3",))


@pytest.fixture
def standing(tmp_path: Path) -> Standing:
    told = json.loads(json.dumps(binder.told(WRITTEN, PROOF)))  # as a record keeps it
    return Standing(tmp_path, told, WRITTEN.dumps().encode())


@pytest.mark.parametrize("name", ["folder", "complete", "manifest", "problems", "volumes", "paths", "receipt"])
def test_it_says_what_it_said_when_it_was_built(standing: Standing, tmp_path: Path, name: str) -> None:
    assert getattr(standing, name) == getattr(Binder(tmp_path, WRITTEN, PROOF), name)


def test_pages_are_found_in_it(standing: Standing) -> None:
    assert standing.pages_of("1-01") == PageRange(1, 1, 2)


def test_its_proof_says_that_it_is_of_an_earlier_day_and_nothing_of_sources(standing: Standing) -> None:
    assert standing.proof == replace(PROOF, changed=(), since=WRITTEN.created)
    assert standing.unchanged
    assert not Binder(Path(), WRITTEN, PROOF).unchanged


def test_the_receipt_is_read_once_and_only_when_it_is_asked_for(
    standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    loads = receipt.loads

    def counted(data: object) -> Receipt:
        read.append(data)
        return loads(data)

    monkeypatch.setattr(receipt, "loads", counted)
    assert (standing.complete, standing.manifest) == (False, "dossier.yaml")
    assert read == []
    assert standing.receipt is standing.receipt
    assert len(read) == 1
