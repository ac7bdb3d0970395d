"""A dossier of damaged and disguised files of every kind is built: each is bound, or refused by name.

This is a slice of the corpus that ``python -m tests.corpus`` builds in full.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePath
from random import Random

import pytest
from corpus import mutation, originals, proof
from corpus.mutation import Mutant, mutants
from corpus.proof import Verdict

from dossier.convert import libreoffice
from dossier.errors import Problem
from dossier.receipt import Evidence, Item, Page, Receipt, Source

SEED = 20231215
LIMIT = 300.0  # seconds; a build that hangs is ended


@pytest.fixture(scope="module")
def drawn() -> dict[str, bytes]:
    return originals.draw()


@pytest.fixture(scope="module")
def chosen(drawn: dict[str, bytes]) -> dict[str, bytes]:
    """Return an original of each kind, by its suffix."""
    by_suffix = {PurePath(name).suffix: name for name in sorted(drawn, reverse=True)}
    return {name: drawn[name] for name in by_suffix.values()}


@pytest.fixture(scope="module")
def verdict(chosen: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """Build one mutant of each kind where there is no LibreOffice, whatever is installed here."""
    made = list(mutants(chosen, len(chosen), SEED))
    return proof.prove(made, tmp_path_factory.mktemp("corpus"), engine="embedded", office=False, limit=LIMIT)


def test_no_file_of_the_slice_is_lost_and_none_takes_the_build_down(verdict: Verdict) -> None:
    assert verdict.findings == []
    assert verdict.status == 1


def test_some_of_the_slice_is_bound_and_some_refused(verdict: Verdict, chosen: dict[str, bytes]) -> None:
    outcomes = Counter(verdict.outcomes.values())

    assert outcomes.total() == len(chosen) > 30
    assert outcomes["bound"] >= 5
    assert outcomes["damaged-source"] >= 5


@pytest.mark.libreoffice
def test_no_office_file_is_lost(drawn: dict[str, bytes], tmp_path: Path) -> None:
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not here")
    office = {name: data for name, data in drawn.items() if PurePath(name).suffix in _OFFICE}
    made = list(mutants(office, len(office), SEED))

    verdict = proof.prove(made, tmp_path, engine="libreoffice", office=True, limit=LIMIT)

    assert verdict.findings == []
    assert len(verdict.outcomes) == len(made)


_OFFICE = {".docx", ".xlsx", ".odt", ".ods", ".odp", ".rtf", ".html", ".csv"}


# --- the mutants ---------------------------------------------------------------------------------------------------


def test_one_seed_makes_the_same_mutants_again(drawn: dict[str, bytes]) -> None:
    assert list(mutants(drawn, 100, 1)) == list(mutants(drawn, 100, 1))
    assert list(mutants(drawn, 100, 1)) != list(mutants(drawn, 100, 2))


def test_a_full_corpus_has_hundreds_of_different_files_of_every_kind_damaged_in_every_way(
    drawn: dict[str, bytes],
) -> None:
    made = list(mutants(drawn, 400, 1))

    assert len({mutant.data for mutant in made}) > 350
    assert len({mutant.name for mutant in made}) == 400
    assert {mutant.of for mutant in made} == {*drawn}
    assert {mutant.way for mutant in made} >= {way.__name__ for way in (*mutation.PLAIN, mutation.inside)}


@pytest.mark.parametrize("name", sorted(originals.NAMES))
def test_a_kind_is_drawn(name: str, drawn: dict[str, bytes]) -> None:
    assert len(drawn[name]) > 100


@pytest.mark.parametrize("way", [*mutation.PLAIN, mutation.rearrange], ids=lambda way: str(way.__name__))
@pytest.mark.parametrize("data", [b"<a b='1'><c/></a>", b"%PDF-1.7 12 0 obj"], ids=["xml", "text"])
def test_a_way_damages_a_file_in_many_ways(way: mutation.Way, data: bytes) -> None:
    made = {way(data, b"PK other", Random(seed)) for seed in range(50)}

    assert len(made - {data}) > 3


@pytest.mark.parametrize("way", [*mutation.PLAIN, mutation.rearrange], ids=lambda way: str(way.__name__))
def test_a_way_takes_the_shortest_file(way: mutation.Way) -> None:
    for seed in range(50):
        assert isinstance(way(b"x", b"y", Random(seed)), bytes)


def test_a_mended_png_has_sound_checksums(drawn: dict[str, bytes]) -> None:
    data = bytearray(drawn["screen.png"])
    data[-20] ^= 1

    assert bytes(data) != drawn["screen.png"]
    assert mutation.mended(drawn["screen.png"]) == drawn["screen.png"]
    assert mutation.mended(bytes(data)) != bytes(data)


# --- what is proved of them ----------------------------------------------------------------------------------------

LOST = Mutant("0000-cut-a.pdf", "a.pdf", "cut", b"%PDF")
REFUSAL = Problem("damaged-source", f"{LOST.name}: it is damaged", "ask again", item="1", evidence="1-01")


def told(proof_: Evidence | None, kinds: tuple[str, ...], *problems: Problem) -> list[str]:
    """Return what is found in a receipt that holds this evidence, with pages of these kinds, and these problems."""
    item = Item("1", "Mutants", "Unit", "", "", "refused", evidence=(proof_,) if proof_ else ())
    pages = tuple(Page(1, n, "", "", kind, "1", "1-01") for n, kind in enumerate(kinds, start=1))
    found = Receipt("Corpus", False, {}, {}, {}, (), (item,), pages, problems)
    return list(proof._of_the_receipt([LOST], found, Verdict()))


BOUND = Evidence("1-01", LOST.name, "bound", sources=(Source(LOST.name, "", 1),))
REFUSED = Evidence("1-01", LOST.name, "refused")


def test_what_is_bound_or_refused_as_it_must_be_is_no_finding() -> None:
    assert told(BOUND, ("evidence",)) == []
    assert told(REFUSED, ("placeholder",), REFUSAL) == []


@pytest.mark.parametrize(
    ("evidence", "kinds", "problems", "finding"),
    [
        (None, (), (), "not in the receipt"),
        (BOUND, (), (), "pages are said to be bound"),
        (replace(BOUND, sources=()), (), (), "bound without a page"),
        (BOUND, ("evidence",), (REFUSAL,), "has errors"),
        (replace(REFUSED, status="missing"), ("placeholder",), (REFUSAL,), "status is missing"),
        (REFUSED, (), (REFUSAL,), "no sheet"),
        (REFUSED, ("placeholder",), (), "without a reason"),
        (REFUSED, ("placeholder",), (replace(REFUSAL, severity="warning"),), "without a reason"),
        (REFUSED, ("placeholder",), (replace(REFUSAL, fix=""),), "without code, message or fix"),
        (REFUSED, ("placeholder",), (replace(REFUSAL, message="it is damaged"),), "does not name it"),
        (REFUSED, ("placeholder",), (replace(REFUSAL, message=f"{LOST.name}: a\nb"),), "no message for people"),
        (REFUSED, ("placeholder",), (replace(REFUSAL, message=f"{LOST.name} Traceback"),), "no message for people"),
    ],
)
def test_what_is_not_as_it_must_be_is_found(
    evidence: Evidence | None, kinds: tuple[str, ...], problems: tuple[Problem, ...], finding: str
) -> None:
    assert finding in "; ".join(told(evidence, kinds, *problems))


@pytest.mark.parametrize("status", [None, 2, -9, 0])
def test_a_build_that_ends_otherwise_is_found(status: int | None, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "receipt.json").touch()

    assert bool(list(proof._of_the_process(status, "", tmp_path))) is (status != 0)


def test_a_traceback_and_leftovers_are_found(tmp_path: Path) -> None:
    (tmp_path / "tmp" / "dossier-x").mkdir(parents=True)

    found = "; ".join(proof._of_the_process(1, "Traceback (most recent call last):\nX", tmp_path))

    assert "a traceback was printed" in found
    assert "dossier-x" in found
    assert "no receipt" in found
