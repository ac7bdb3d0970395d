"""Every file from the wild is bound, or refused by name, as its list says: how many pages, and with which verdict."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import REAL

import dossier
from dossier.convert import libreoffice
from dossier.receipt import Evidence

pytestmark = pytest.mark.real
EXPECTED = REAL / "EXPECTED.tsv"
ROWS = list(csv.DictReader(EXPECTED.open(encoding="utf-8"), delimiter="\t")) if EXPECTED.is_file() else []
OFFICE = {".doc", ".xls", ".xlsx", ".ppt", ".pptx"}


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Evidence]:
    """Bind all of them once and return what became of each."""
    if not ROWS:
        pytest.skip(f"the files from the wild are not here: {REAL}")
    folder = tmp_path_factory.mktemp("real")
    evidence: list[dict[str, Any]] = [{"file": row["file"], "title": row["file"]} for row in ROWS]
    items = [{"id": "1", "title": "All", "unit": "Unit", "evidence": evidence}]
    manifest = {"title": "Real", "date": "2023-12-15", "sources": str(REAL), "items": items}
    (folder / "dossier.yaml").write_text(yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8")
    binder = dossier.build(folder / "dossier.yaml", folder / "out", engine="embedded")
    return {proof.title: proof for item in binder.receipt.items for proof in item.evidence}


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_a_file_from_the_wild(row: dict[str, str], bound: dict[str, Evidence], real: Callable[[str], Path]) -> None:
    if real(row["file"]).suffix in OFFICE and libreoffice.find() is None:
        pytest.skip("LibreOffice is not here")
    proof = bound[row["file"]]
    pages = sum(source.pages for source in proof.sources)

    if row["verdict"] == "refuse":
        assert (proof.status, pages) == ("refused", 0)
        return
    assert proof.status == "bound"
    assert bool(proof.warnings) is (row["verdict"] == "warn"), proof.warnings
    assert pages >= 1 if row["pages"] == "+" else pages == int(row["pages"])
