"""What lies in an archive is bound like any other source, named after the archive; a bad archive is named itself."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest
from conftest import MakeManifest, MakePdf

import dossier
from dossier import containers, unpacking
from dossier.containers import Contents
from dossier.errors import ConversionError, VerificationError
from dossier.sources import Kind, SourceFile, read

MakeZip = Callable[..., Path]


@pytest.fixture
def make_zip(tmp_path: Path) -> MakeZip:
    def make(name: str, members: dict[str, bytes]) -> Path:
        path = tmp_path / "sources" / name
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            for inside, data in members.items():
                archive.writestr(inside, data)
        return path

    return make


@pytest.fixture
def archive(make_zip: MakeZip, make_pdf: MakePdf) -> Path:
    first, second = make_pdf("one.pdf", 2, marker="one"), make_pdf("two.pdf", marker="two")
    members = {
        "b/10.pdf": second.read_bytes(),
        "b/2.pdf": first.read_bytes(),
        "__MACOSX/._2.pdf": b"-",
        "x.exe": b"MZ\0",
    }
    return make_zip("all.zip", members)


def test_members_are_bound_in_natural_order_and_named_after_their_archive(
    archive: Path, make_manifest: MakeManifest, tmp_path: Path
) -> None:
    binder = dossier.build(make_manifest({"1": [{"file": "all.zip"}]}), tmp_path / "out", engine="embedded")

    [proof] = binder.receipt.items[0].evidence
    assert [(source.path, source.pages) for source in proof.sources] == [
        ("all.zip/b/2.pdf", 2),
        ("all.zip/b/10.pdf", 1),
    ]
    assert {source.container for source in proof.sources} == {"all.zip"}
    reader = pypdf.PdfReader(binder.paths[0])
    shown = {page.source: reader.pages[page.page - 1].extract_text() for page in binder.receipt.pages if page.source}
    assert "one p2" in shown["all.zip/b/2.pdf"]
    assert "two p1" in shown["all.zip/b/10.pdf"]
    assert sorted(problem.code for problem in binder.problems) == ["left-out", "unsupported-kind"]
    assert any("all.zip/x.exe" in problem.message for problem in binder.problems)


def test_an_archive_that_has_changed_since_is_named(archive: Path, make_manifest: MakeManifest, tmp_path: Path) -> None:
    dossier.build(make_manifest({"1": [{"file": "all.zip"}]}), tmp_path / "out", engine="embedded")
    assert dossier.verify(tmp_path / "out").changed == ()

    archive.write_bytes(archive.read_bytes() + b"more")
    assert dossier.verify(tmp_path / "out").changed == ("all.zip has changed since it was bound",)


def test_a_page_of_a_member_cannot_be_altered_unseen(
    archive: Path, make_manifest: MakeManifest, tmp_path: Path
) -> None:
    dossier.build(make_manifest({"1": [{"file": "all.zip"}]}), tmp_path / "out", engine="embedded")
    path = tmp_path / "out" / "receipt.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    pages = [page for page in data["pages"] if page["source"]]
    pages[0]["digest"], pages[1]["digest"] = pages[1]["digest"], pages[0]["digest"]
    path.write_text(json.dumps(data), encoding="utf-8")

    with pytest.raises(VerificationError):
        dossier.verify(tmp_path / "out")


def test_a_broken_archive_is_refused_by_name(make_manifest: MakeManifest, make_zip: MakeZip, tmp_path: Path) -> None:
    path = make_zip("all.zip", {"a.txt": b"text" * 1000})
    path.write_bytes(path.read_bytes()[:60])

    binder = dossier.build(make_manifest({"1": [{"file": "all.zip"}]}), tmp_path / "out", engine="embedded")

    [problem] = [problem for problem in binder.problems if problem.severity == "error"]
    assert "all.zip" in problem.message
    assert problem.fix
    assert not binder.complete


def test_a_damaged_member_is_named_and_the_others_are_bound(
    make_zip: MakeZip, make_pdf: MakePdf, make_manifest: MakeManifest, tmp_path: Path
) -> None:
    data = make_pdf("one.pdf", marker="one").read_bytes()
    path = make_zip("all.zip", {"1.pdf": data, "2.pdf": data.replace(b"one", b"two")})
    path.write_bytes(path.read_bytes().replace(b"two", b"xxx", 1))

    binder = dossier.build(make_manifest({"1": [{"file": "all.zip"}]}), tmp_path / "out", engine="embedded")

    [proof] = binder.receipt.items[0].evidence
    assert [source.path for source in proof.sources if source.pages] == ["all.zip/1.pdf"]
    [problem] = binder.problems
    assert (problem.code, problem.severity) == ("damaged-source", "error")
    assert problem.message.startswith("all.zip: 2.pdf in it is damaged")
    assert proof.status == "refused"
    assert not binder.complete


def test_what_a_mac_leaves_in_an_archive_does_not_make_a_strict_build_fail(
    make_zip: MakeZip, make_pdf: MakePdf, make_manifest: MakeManifest, tmp_path: Path
) -> None:
    members = {"1.pdf": make_pdf("one.pdf").read_bytes(), "__MACOSX/._1.pdf": b"-", ".DS_Store": b"-"}
    make_zip("all.zip", members)
    path = make_manifest({"1": [{"file": "all.zip"}]})

    binder = dossier.build(path, tmp_path / "out", engine="embedded", strict=True)

    assert binder.complete
    assert [(problem.code, problem.severity) for problem in binder.problems] == [("left-out", "info")]


@pytest.fixture
def found(archive: Path) -> SourceFile:
    return read(archive.parent, "all.zip")


def test_a_container_is_unpacked_once(found: SourceFile, monkeypatch: pytest.MonkeyPatch) -> None:
    with unpacking.Unpacker() as unpack:
        first = unpack(found, "")
        monkeypatch.setattr(unpacking, "processes", None)
        assert unpack(found, "") is first
        assert all(member.path.is_file() for member in first.members)
    assert not any(member.path.exists() for member in first.members)


def test_an_unpacker_that_unpacks_nothing_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with unpacking.Unpacker():
        assert list(tmp_path.iterdir()) == []


def _flood(source: Path, kind: Kind, into: Path, *, password: str, language: str) -> Contents:
    bytearray(8 * 1024**3)
    raise AssertionError("there was no limit")


def test_what_takes_too_much_is_refused(found: SourceFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "unpack", _flood)
    with unpacking.Unpacker() as unpack, pytest.raises(ConversionError) as refused:
        unpack(found, "")
    assert refused.value.code == "hostile-source"


def test_an_archive_on_which_its_reader_fails_as_nobody_foresaw_is_named(
    archive: Path, make_manifest: MakeManifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> Contents:
        raise KeyError("what is this")

    monkeypatch.setattr(containers, "unpack", fails)

    binder = dossier.build(make_manifest({"1": [{"file": "all.zip"}]}), tmp_path / "out", engine="embedded")

    [problem] = [problem for problem in binder.problems if problem.evidence]
    assert problem.code == "crashed-source"
    assert problem.message.startswith("all.zip: what unpacks it failed: KeyError")
    assert problem.fix
