"""Paths that lead out, files that are none, and names that deceive are refused by name and never read."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pikepdf
import pytest
from drawn import good_pdf
from room import GOOD, answer, bind, command, is_bound, problems_of, state_of, write_manifest

import dossier
from dossier.cli import main

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes, links and names as POSIX has them")
LONG = "x" * 300 + ".pdf"
Make = Callable[[Path], object]


def nothing(path: Path) -> None:
    """Leave the path as it is."""


def listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        before = Path.cwd()
        os.chdir(path.parent)  # for the system takes no long path
        try:
            listening.bind(path.name)
        finally:
            os.chdir(before)


def device(path: Path) -> None:
    """Make an endless device, or where only the superuser may, a pipe."""
    try:
        os.mknod(path, 0o020644, os.makedev(1, 5))
    except (PermissionError, AttributeError):
        os.mkfifo(path)


def locked(path: Path) -> None:
    good_pdf(path)
    path.chmod(0)


# Name in the manifest, how it is made, the problem's code, and what its message says besides the name.
CASES: list[tuple[str, Make, str, str]] = [
    ("../secret.pdf", nothing, "refused-path", "climbs out"),
    ("a/../../secret.pdf", nothing, "refused-path", "climbs out"),
    ("..\\secret.pdf", nothing, "refused-path", "climbs out"),
    ("/dev/zero", nothing, "refused-path", "absolute"),
    ("C:\\secret.pdf", nothing, "refused-path", "absolute"),
    ("linked.pdf", lambda path: path.symlink_to("../secret.pdf"), "refused-path", "symbolic link"),
    ("zero.pdf", lambda path: path.symlink_to("/dev/zero"), "refused-path", "symbolic link"),
    ("stdin.pdf", lambda path: path.symlink_to("/dev/stdin"), "refused-path", "symbolic link"),
    ("folder-link/secret.pdf", lambda path: path.parent.symlink_to(".."), "refused-path", "symbolic link"),
    ("circle.pdf", lambda path: path.symlink_to("circle.pdf"), "missing-source", "link"),
    ("dangling.pdf", lambda path: path.symlink_to("gone.pdf"), "missing-source", "link"),
    ("pipe.pdf", os.mkfifo, "refused-path", "no file"),
    ("device.pdf", device, "refused-path", "no file"),
    ("socket.pdf", listen, "refused-path", "no file"),
    ("linked-pipe.pdf", lambda path: path.symlink_to("pipe.pdf"), "refused-path", "no file"),
    ("folder", Path.mkdir, "missing-source", "folder"),
    ("file:///etc/hostname", nothing, "missing-source", "not there"),
    ("http://127.0.0.1:9/a.pdf", nothing, "missing-source", "not there"),
    ("locked.pdf", locked, "unreadable-source", "Permission denied"),
    (LONG, nothing, "unreadable-source", "too long"),
    ("turned\u202efdp.pdf", good_pdf, "refused-path", "not plain text"),
    ("marked\u200f.pdf", good_pdf, "refused-path", "not plain text"),
    ("isolated\u2067.pdf", good_pdf, "refused-path", "not plain text"),
]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an old book in ``out``, all of the cases in ``sources``, and outside it a secret."""
    folder = tmp_path_factory.mktemp("paths")
    write_manifest(folder, [])
    assert command(folder, "build", "-o", "out", "--engine", "embedded").returncode == 0
    good_pdf(folder / "secret.pdf", "secret")
    for name, make, _, _ in CASES:
        make(folder / "sources" / name)
    yield folder
    (folder / "sources" / "locked.pdf").chmod(0o600)


@pytest.fixture(scope="module")
def problems(room: Path) -> list[dict[str, str]]:
    old = state_of(room / "out")
    write_manifest(room, [name for name, *_ in CASES])

    ran = command(room, "build", "-o", "out", "--engine", "embedded", "--json", rights=False)

    assert ran.returncode == 1
    assert state_of(room / "out").items() >= old.items()
    return answer(ran)


@pytest.mark.parametrize("case", CASES, ids=[ascii(name[:30]) for name, *_ in CASES])
def test_what_is_no_file_of_the_sources_is_refused_by_name(
    problems: list[dict[str, str]], case: tuple[str, Make, str, str]
) -> None:
    name, _, code, says = case
    [problem] = [p for p in problems if p["evidence"] == f"1-{CASES.index(case) + 1:02}" and p["severity"] == "error"]

    assert problem["code"] == code
    assert says in problem["message"]
    assert problem["fix"]
    turned = str.maketrans(dict.fromkeys("\u202e\u200f\u2067", "\ufffd"))
    assert name.translate(turned) in problem["message"].replace("\\\\", "\\")
    assert not set(problem["message"] + problem["fix"]) & set("\u202e\u200f\u2067")


def test_the_good_source_is_bound_and_nothing_of_the_secret(room: Path, problems: list[dict[str, str]]) -> None:
    del problems  # built by then
    written = dossier.receipt.read(room / "out" / "receipt-draft.json")
    with pikepdf.open(room / "out" / "binder-draft.pdf") as pdf:
        assert len(pdf.pages) == len(written.pages)
    assert [page.source for page in written.pages if page.source] == [GOOD, GOOD]
    assert dossier.verify(room / "out" / "binder-draft.pdf").pages == len(written.pages)


def test_names_that_cannot_be_shown_are_refused_through_a_pattern_and_the_rest_is_bound(tmp_path: Path) -> None:
    folder = tmp_path / "sources" / "many"
    folder.mkdir(parents=True)
    names = [b"new\nline", b"bell\x07", b"red\x1b[31m", b"\xb9\xe6", b"\xff\xfe", "\u202efdp".encode()]
    for number, name in enumerate(names):
        good_pdf(folder / "plain.pdf", f"hidden {number}")
        (folder / "plain.pdf").rename(folder / os.fsdecode(name + b".pdf"))
    good_pdf(folder / "plain.pdf", "plain")
    os.mkfifo(folder / "pipe.pdf")

    binder = bind(tmp_path, {"files": "many/*.pdf", "title": "many"})

    assert is_bound(binder, "1-01", ["plain p1"])
    found = problems_of(binder)
    assert {problem.code for problem in found} == {"refused-path"}
    shown = ["new\ufffdline", "bell\ufffd", "red\ufffd[31m", "规", "\ufffd\ufffd", "\ufffdfdp", "pipe"]
    assert len(found) == len(shown)
    for one in shown:
        assert any(f"many/{one}.pdf" in problem.message for problem in found), one
    assert all(problem.message.isprintable() or "\ufffd" in problem.message for problem in found)


def test_names_that_cannot_be_shown_are_not_shown_where_nothing_names_them(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    for name in (b"new\nline", b"red\x1b[31m", b"\xff\xfe", "\u202efdp".encode()):
        (tmp_path / "sources" / os.fsdecode(name)).touch()

    binder = bind(tmp_path)

    unused = [problem.message.partition(" lies")[0] for problem in binder.problems]
    assert sorted(unused) == sorted(["new\ufffdline", "red\ufffd[31m", "\ufffd\ufffd", "\ufffdfdp"])


@pytest.mark.parametrize("name", ["a\nb.pdf", "a\x07b.pdf", "a\x1b[31mb.pdf", "a\0b.pdf"], ids=ascii)
def test_a_manifest_that_names_what_cannot_be_shown_is_wrong(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_manifest(tmp_path, [name])

    assert main(["build", str(path), "-o", str(tmp_path / "out")]) == 2

    said = capfd.readouterr().err
    assert f"{path.name}:" in said
    assert "→" in said
    assert not set(said) & set("\x07\x1b\0")
    assert not (tmp_path / "out").exists()


def test_a_manifest_that_is_a_bomb_is_wrong_before_it_goes_off(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in pairwise("abcdefghijklmnop")]
    path = tmp_path / "dossier.yaml"
    path.write_text("\n".join([*lines, "title: *p"]), encoding="utf-8")

    assert main(["build", str(path), "-o", str(tmp_path / "out")]) == 2

    said = capfd.readouterr().err
    assert "dossier.yaml:1:" in said
    assert "→" in said
    assert not (tmp_path / "out").exists()


def test_a_source_that_may_no_longer_be_read_does_not_break_the_proof(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    good_pdf(tmp_path / "sources" / "a.pdf")
    write_manifest(tmp_path, ["a.pdf"])
    assert command(tmp_path, "build", "-o", "out", "--engine", "embedded").returncode == 0
    (tmp_path / "sources" / "a.pdf").chmod(0)

    ran = command(tmp_path, "verify", "out", rights=False)

    assert ran.returncode == 0
    assert "a.pdf cannot be read any more" in ran.stderr


def test_an_original_with_an_endless_suffix_is_kept_under_a_plain_one(tmp_path: Path) -> None:
    name = "a." + "y" * 250
    (tmp_path / "sources").mkdir()
    good_pdf(tmp_path / "plain.pdf", "a")
    with pikepdf.open(tmp_path / "plain.pdf") as pdf:
        pdf.attachments["table.csv"] = b"1,2"
        pdf.save(tmp_path / "sources" / name)

    binder = bind(tmp_path, name)

    assert is_bound(binder, "1-01", ["a p1"])
    assert binder.receipt.originals == ("originals/1-01-1.original",)
