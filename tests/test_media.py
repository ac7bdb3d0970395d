"""A recording is stood for by one sheet that names, measures and hashes it, and counts as bound."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import wave
from pathlib import Path

import pytest
from conftest import MakeManifest
from docx import Document

import dossier
from dossier.convert import libreoffice, media


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sources" / "录音.wav"
    path.parent.mkdir()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(8000 * 65))
    return path


def cells(path: Path) -> list[str]:
    [table] = Document(str(path)).tables
    return [row.cells[1].text.replace("\n", "") for row in table.rows]


def test_the_sheet_tells_name_length_size_and_checksum(sound: Path, tmp_path: Path) -> None:
    [note] = media.to_word(sound, "录音.wav", tmp_path / "out.docx")

    digest = hashlib.sha256(sound.read_bytes()).hexdigest()
    assert cells(tmp_path / "out.docx") == ["录音.wav", "1分5秒", "0.5 MB（520044 字节）", digest]
    assert (note.code, note.severity) == ("recording", "info")


@pytest.mark.parametrize(
    "data", [b"ID3", b"OggS" + bytes(100), b"\x1aE\xdf\xa3" + bytes(20), b"RIFF\xff\xff\xff\xffAVI "]
)
def test_a_broken_recording_is_named_all_the_same(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken"
    path.write_bytes(data)

    media.to_word(path, "broken", tmp_path / "out.docx")

    assert cells(tmp_path / "out.docx")[1:] == ["不详", f"{len(data)} 字节", hashlib.sha256(data).hexdigest()]


def test_a_recording_is_bound(sound: Path, make_manifest: MakeManifest, tmp_path: Path) -> None:
    binder = dossier.build(make_manifest({"1": [{"file": "录音.wav"}]}), tmp_path / "out", engine="embedded")

    assert binder.complete
    [proof] = binder.receipt.items[0].evidence
    assert [source.pages for source in proof.sources] == [1]
    assert proof.warnings == ()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not here")
def test_a_film_shows_its_first_frame(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    make = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:s=64x48:d=1", "-pix_fmt", "yuv420p", str(film)]
    subprocess.run(make, check=True, timeout=60)

    media.to_word(film, "film.mp4", tmp_path / "out.docx")

    assert len(Document(str(tmp_path / "out.docx")).inline_shapes) == 1


def test_without_ffmpeg_there_is_no_frame(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)

    media.to_word(sound, "a", tmp_path / "out.docx")

    assert len(Document(str(tmp_path / "out.docx")).inline_shapes) == 0


@pytest.mark.libreoffice
@pytest.mark.skipif(libreoffice.find() is None, reason="LibreOffice is not here")
def test_libreoffice_sets_the_sheet_too(sound: Path, make_manifest: MakeManifest, tmp_path: Path) -> None:
    path = make_manifest({"1": [{"file": "录音.wav"}]}, front=[])

    binder = dossier.build(path, tmp_path / "out", engine="libreoffice")

    assert [problem.code for problem in binder.problems] == ["recording"]
