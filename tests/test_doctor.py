"""The doctor says which engines, libraries and fonts are here, whatever state they are in, and changes nothing."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from dossier import cache, doctor, fonts
from dossier.convert import embedded, libreoffice
from dossier.doctor import Examination, Font, Tool
from dossier.errors import EngineError
from dossier.fonts import SONG, Face


def tool(found: Examination, name: str) -> Tool:
    (one,) = (tool for tool in found.tools if tool.name == name)
    return one


def office(monkeypatch: pytest.MonkeyPatch, path: Path | None, version: str | EngineError = "") -> None:
    def say() -> str:
        if path is None or isinstance(version, EngineError):
            raise version if isinstance(version, EngineError) else EngineError("it is not here", fix="install it")
        return version

    monkeypatch.setattr(libreoffice, "find", lambda: path)
    monkeypatch.setattr(libreoffice, "version", say)


def test_both_engines_are_named_with_their_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    office(monkeypatch, Path("/soffice"), "LibreOffice 24.2")
    found = doctor.examine()

    assert tool(found, "LibreOffice").version == "LibreOffice 24.2"
    assert tool(found, "embedded engine").version == embedded.VERSION
    assert importlib.metadata.version("rdocx") in embedded.VERSION


def test_an_engine_that_is_not_here_says_what_it_would_add(monkeypatch: pytest.MonkeyPatch) -> None:
    office(monkeypatch, None)
    missing = tool(doctor.examine(), "LibreOffice")

    assert missing.version == ""
    assert "fidelity" in missing.purpose


def test_an_engine_that_does_not_start_is_told_from_one_that_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    office(monkeypatch, Path("/soffice"), EngineError("it hangs", fix="install it again"))

    assert tool(doctor.examine(), "LibreOffice").version == "does not start: it hangs"


@pytest.mark.libreoffice
def test_libreoffice_of_this_machine_starts() -> None:
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed")
    version = tool(doctor.examine(), "LibreOffice").version

    assert version
    assert not version.startswith("does not start")


@pytest.mark.parametrize("name", ["pikepdf", "pypdf", "pypdfium2", "img2pdf", "docxtpl"])
def test_libraries_are_listed_with_version_and_purpose(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    office(monkeypatch, None)
    found = tool(doctor.examine(), name)

    assert found.version == importlib.metadata.version(name)
    assert found.purpose


def test_every_known_font_is_listed_by_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    office(monkeypatch, None)
    installed = Face("Noto Serif CJK SC", Path("/n.ttc"), 2, shipped=False)
    monkeypatch.setattr(fonts, "resolve", lambda name: installed)
    monkeypatch.setattr(fonts, "resolve_embedded", lambda name: SONG)
    found = doctor.examine().fonts

    assert [font.name for font in found] == fonts.known_names()
    assert found[0] == Font(fonts.known_names()[0], "Noto Serif CJK SC", "Dossier Song (shipped)")


def test_the_cache_s_place_is_told_and_nothing_is_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    office(monkeypatch, None)
    monkeypatch.setenv("DOSSIER_CACHE", str(tmp_path / "elsewhere"))

    assert doctor.examine().cache == str(tmp_path / "elsewhere") == str(cache.default_folder())
    assert list(tmp_path.iterdir()) == []
