"""The fuzz targets find nothing on inputs that once reached something new, nor on others made from them by chance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from corpus import mutation
from fuzz import targets
from fuzz.targets import NAMES, TARGETS, Finding

import dossier
from dossier import containers, sources
from dossier.convert import office
from dossier.errors import ConversionError, ManifestError, Problem
from dossier.sources import Kind

SEEDS = Path(__file__).with_name("fuzz") / "seeds"
SEED, TIMES = 20231215, 2000


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_finds_nothing_on_its_saved_inputs(name: str) -> None:
    saved = sorted((SEEDS / name).iterdir())

    assert len(saved) > 20
    for path in saved:
        TARGETS[name].run(path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_finds_nothing_on_inputs_made_by_chance(name: str) -> None:
    chance = Random(SEED)
    saved = [path.read_bytes() for path in sorted((SEEDS / name).iterdir())]
    for _ in range(TIMES):
        data = chance.choice([one for one in saved if one])
        for _ in range(chance.choice((1, 2, 4))):
            way = chance.choice((TARGETS[name].mutate, None))
            other = chance.choice(saved) or b"y"
            data = (way(data, chance) if way else chance.choice(mutation.PLAIN)(data or b"x", other, chance))[:4096]
        TARGETS[name].run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_words_of_a_target_are_those_of_what_it_reads(name: str) -> None:
    words = TARGETS[name].words

    assert len(words) > 20
    assert all(0 < len(word) < 64 for word in words)


# --- a target that cannot find is none -----------------------------------------------------------------------------


def _raises(error: Exception) -> Callable[..., object]:
    def fails(*_: object, **__: object) -> object:
        raise error

    return fails


SILENT = Problem("code", "message", "", where="/nowhere")


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), RecursionError(), KeyError("x"), ManifestError("x", []), ManifestError("x", [SILENT])],
    ids=lambda error: type(error).__name__,
)
def test_what_a_manifest_must_not_raise_is_found(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(dossier, "load", _raises(error))

    with pytest.raises((type(error), Finding)):
        targets.manifest(b"title: x")


@pytest.mark.parametrize(
    ("module", "function"), [(sources, "recognise"), (containers, "recognise"), (office, "format_of")]
)
@pytest.mark.parametrize("error", [ValueError("x"), OSError("x"), ConversionError("x", fix="", code="damaged-source")])
def test_what_recognising_must_not_raise_is_found(
    monkeypatch: pytest.MonkeyPatch, module: object, function: str, error: Exception
) -> None:
    monkeypatch.setattr(module, function, _raises(error))

    with pytest.raises((type(error), Finding)):
        targets.recogniser(b"\x01%PDF-1.7")


def test_two_answers_for_one_file_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([Kind.TEXT, Kind.EML])
    monkeypatch.setattr(containers, "recognise", lambda *_: next(answers))

    with pytest.raises(Finding, match="two answers"):
        targets.recogniser(b"\x01text")


def test_a_name_that_leads_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "locate", lambda root, name: root / ".." / "x")

    with pytest.raises(Finding, match="leads out"):
        targets.recogniser(b"\x01text")


def test_what_takes_too_long_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "SLOWEST", -1.0)

    with pytest.raises(Finding, match="took"):
        targets.manifest(b"title: x")


def test_any_name_can_be_chosen() -> None:
    assert {NAMES[byte % len(NAMES)] for byte in range(256)} == {*NAMES}
