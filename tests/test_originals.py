"""What binding takes a signature or files from lies beside the book, untouched, and the receipt says where."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from conftest import MakeManifest, MakePdf

import dossier


@pytest.fixture
def with_file(make_pdf: MakePdf) -> Path:
    path = make_pdf("sources/a.pdf", marker="A")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.attachments["table.csv"] = b"1,2"
        pdf.save()
    return path


def test_the_untouched_file_is_kept_beside_the_book(
    with_file: Path, make_pdf: MakePdf, make_manifest: MakeManifest, tmp_path: Path
) -> None:
    make_pdf("sources/plain.pdf")
    out = tmp_path / "out"
    manifest = make_manifest({"1": [{"file": "a.pdf"}, {"file": "plain.pdf"}]})

    binder = dossier.build(manifest, out, engine="embedded")

    [held], [plain] = (proof.sources for proof in binder.receipt.items[0].evidence)
    assert (out / held.original).read_bytes() == with_file.read_bytes()
    assert plain.original == ""
    assert binder.receipt.originals == (held.original,)
    assert [path.name for path in (out / "originals").iterdir()] == [Path(held.original).name]


def test_originals_of_an_earlier_build_go_with_it(
    with_file: Path, make_pdf: MakePdf, make_manifest: MakeManifest, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    manifest = make_manifest({"1": [{"file": "a.pdf"}]})
    dossier.build(manifest, out, engine="embedded")
    (out / "originals" / "mine.txt").write_text("kept", encoding="utf-8")

    make_pdf("sources/a.pdf", marker="B")
    dossier.build(manifest, out, engine="embedded")

    assert [path.name for path in (out / "originals").iterdir()] == ["mine.txt"]


def test_a_draft_leaves_the_originals_of_a_complete_book_alone(
    with_file: Path, make_manifest: MakeManifest, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    binder = dossier.build(make_manifest({"1": [{"file": "a.pdf"}]}), out, engine="embedded")
    before = (out / binder.receipt.originals[0]).read_bytes()

    draft = dossier.build(make_manifest({"1": [{"file": "a.pdf"}, {"file": "gone.pdf"}]}), out, engine="embedded")

    assert not draft.complete
    assert draft.receipt.originals == ()
    assert (out / binder.receipt.originals[0]).read_bytes() == before
