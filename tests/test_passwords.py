"""An encrypted source is opened by the password given for it, wherever that is given, and no password is ever shown."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from conftest import MakeManifest, MakePdf

import dossier
from dossier.cli import main
from dossier.manifest import load_passwords

SECRET = "Kf7#q-secret"


@pytest.fixture
def locked(make_pdf: MakePdf) -> Path:
    path = make_pdf("sources/a.pdf", 2)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.save(encryption=pikepdf.Encryption(user=SECRET, owner="owner"))
    return path


@pytest.mark.parametrize("given", [SECRET, {"env": "DOSSIER_TEST_SECRET"}], ids=["text", "variable"])
def test_the_manifest_gives_it(
    locked: Path, make_manifest: MakeManifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: object
) -> None:
    monkeypatch.setenv("DOSSIER_TEST_SECRET", SECRET)
    manifest = dossier.load(make_manifest({"1": [{"file": "a.pdf", "password": given}]}))

    binder = dossier.build(manifest, tmp_path / "out", engine="embedded")

    assert binder.complete
    assert [problem.code for problem in binder.problems] == ["was-encrypted"]
    assert SECRET not in (tmp_path / "out" / "receipt.json").read_text(encoding="utf-8")
    assert SECRET not in repr(manifest)
    assert dossier.check(manifest).complete


def test_a_file_gives_it(
    locked: Path, make_manifest: MakeManifest, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, passwords = make_manifest({"1": [{"file": "a.pdf"}]}), tmp_path / "passwords.yaml"
    passwords.write_text(f'a.pdf: "{SECRET}"\nother.pdf: 0123\n', encoding="utf-8")
    arguments = [str(path), "--passwords", str(passwords)]

    assert main(["check", *arguments]) == 0
    assert main(["build", *arguments, "--engine", "embedded", "-v", "-o", str(tmp_path / "out")]) == 0
    assert SECRET not in "".join(capfd.readouterr())
    assert load_passwords(passwords)["other.pdf"] == "0123"


def test_a_wrong_one_is_said_and_not_shown(locked: Path, make_manifest: MakeManifest, tmp_path: Path) -> None:
    path = make_manifest({"1": [{"file": "a.pdf", "password": "wrong-secret"}]})

    binder = dossier.build(path, tmp_path / "out", engine="embedded")

    [problem] = binder.problems
    assert (problem.code, problem.severity) == ("encrypted-source", "error")
    assert "is wrong" in problem.message
    assert "wrong-secret" not in str(problem)


def test_the_same_file_with_and_without_it_is_two_sources(
    locked: Path, make_manifest: MakeManifest, tmp_path: Path
) -> None:
    path = make_manifest({"1": [{"file": "a.pdf", "password": SECRET}], "2": [{"file": "a.pdf"}]})

    binder = dossier.build(path, tmp_path / "out", engine="embedded")

    assert [item.status for item in binder.receipt.items] == ["complete", "refused"]


@pytest.mark.parametrize("value", ["{env: NOT_SET_ANYWHERE}", "{file: a}", "[a]"])
def test_what_is_no_password_is_reported(make_manifest: MakeManifest, value: str) -> None:
    path = make_manifest({"1": [{"file": "a.pdf", "password": "PLACE"}]})
    path.write_text(path.read_text(encoding="utf-8").replace("PLACE", value), encoding="utf-8")

    with pytest.raises(dossier.ManifestError) as refused:
        dossier.load(path)
    assert all(problem.fix and problem.where for problem in refused.value.problems)


@pytest.mark.parametrize("text", ["a.pdf: [x]", "a.pdf:", "- a.pdf", "a: 1\na: 2"])
def test_a_file_of_passwords_that_is_wrong_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "passwords.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(dossier.ManifestError):
        load_passwords(path)
