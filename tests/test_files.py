"""A template takes files from its set and the sources, and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from dossier.errors import TemplateError
from dossier.files import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    for name in ("set/logo.png", "set/both.png", "sources/both.png", "sources/a/photo.jpg", "secret.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return Files((tmp_path / "set", tmp_path / "sources"), {"crest": "a/photo.jpg", "trap": "../secret.png"})


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("logo.png", "set/logo.png"),
        ("a/photo.jpg", "sources/a/photo.jpg"),
        ("a\\photo.jpg", "sources/a/photo.jpg"),
        ("both.png", "set/both.png"),  # the set is nearest
        ("crest", "sources/a/photo.jpg"),
    ],
)
def test_a_file_is_found_in_the_set_then_in_the_sources(files: Files, tmp_path: Path, name: str, found: str) -> None:
    assert files.find(name) == (tmp_path / found).resolve()


@pytest.mark.parametrize(
    "name",
    ["../secret.png", "a/../../secret.png", "trap", "/etc/passwd", "C:\\secret.png", "//host/share/x.png", "a\0b",
     "file:///etc/passwd", "http://example.org/x.png", "link.png", "folder/secret.png", "a", ".", "", "x" * 5000],
)  # fmt: skip
def test_nothing_else_can_be_reached(files: Files, tmp_path: Path, name: str) -> None:
    (tmp_path / "set" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "set" / "folder").symlink_to(tmp_path)
    with pytest.raises(TemplateError) as caught:
        files.find(name)
    assert caught.value.fix


def test_a_name_that_is_nearly_right_gets_a_guess(files: Files) -> None:
    with pytest.raises(TemplateError, match=r"logo\.png"):
        files.find("lgo.png")
    with pytest.raises(TemplateError, match="'crest'"):
        files.find("crst")


def test_a_pipe_is_no_file(files: Files, tmp_path: Path) -> None:
    import os  # noqa: PLC0415 - the only test that makes one

    os.mkfifo(tmp_path / "set" / "pipe.png")
    with pytest.raises(TemplateError):
        files.find("pipe.png")
