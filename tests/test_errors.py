"""The errors are those that their module's docstring draws, and lose nothing on the way from a worker process."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from itertools import pairwise
from typing import Any

import pytest

import dossier
from dossier import errors
from dossier.errors import DossierError, ExitStatus, Problem, ProblemsError

CLASSES: dict[str, type[DossierError]] = {
    name: found for name, found in vars(errors).items() if isinstance(found, type) and issubclass(found, DossierError)
}
PROBLEMS = (
    Problem("missing-source", "没有找到", "补交", "error", "dossier.yaml:31", "1-2", "1-2-01"),
    Problem("unused-source", "a.pdf lies in the folder", "", "warning"),
)


def drawn() -> list[tuple[int, str, int | None, str]]:
    """Return depth, name, exit status and description of every line of the tree in the docstring."""
    rows: list[tuple[int, str, int | None, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.fullmatch(r"    ([ │├└─]*)(\w+)  +(?:(\d+)  (.+)|exit status)", line)
        if found:
            rows.append((len(found[1]) // 5, found[2], int(found[3]) if found[3] else None, found[4] or ""))
    return rows


def parents() -> dict[str, str]:
    """Return the name of each class's parent in the tree."""
    trail: list[str] = []
    above: dict[str, str] = {}
    for depth, name, _, _ in drawn():
        above[name] = trail[depth - 1] if depth else ""
        trail[depth:] = [name]
    return above


def make(cls: type[DossierError]) -> DossierError:
    """Make an error with every field filled."""
    if issubclass(cls, ProblemsError):
        return cls("zwei Probleme 两个问题", PROBLEMS)
    if issubclass(cls, errors.ConversionError):
        return cls("it is damaged", fix="ask for it again", code="damaged-source")
    return cls("cannot write 甲", fix="free some disk space")


# --- the tree ------------------------------------------------------------------------------------------------------


def test_the_docstring_draws_exactly_the_classes_there_are() -> None:
    names = [name for _, name, _, _ in drawn()]
    assert sorted(names) == sorted(CLASSES)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_hangs_where_it_is_drawn(name: str) -> None:
    base = CLASSES[name].__bases__[0]
    assert parents()[name] == (base.__name__ if base is not Exception else "")


@pytest.mark.parametrize(("name", "status"), [(name, status) for _, name, status, _ in drawn() if status is not None])
def test_each_class_has_the_exit_status_that_is_drawn(name: str, status: int) -> None:
    assert CLASSES[name].exit_status == status
    assert isinstance(CLASSES[name].exit_status, ExitStatus)


def test_the_tree_is_drawn_well() -> None:
    rows = drawn()
    assert rows[0][:2] == (0, "DossierError")
    assert all(deeper[0] <= depth[0] + 1 for depth, deeper in pairwise(rows))
    assert all(description for _, name, _, description in rows if name != "DossierError")


def test_the_exit_statuses_are_those_of_the_contract() -> None:
    assert {status.name: int(status) for status in ExitStatus} == {
        "COMPLETE": 0,
        "INCOMPLETE": 1,
        "USAGE": 2,
        "ENVIRONMENT": 3,
        "INTERRUPTED": 130,
    }


@pytest.mark.parametrize("name", CLASSES)
def test_every_error_can_be_caught_by_its_public_name(name: str) -> None:
    assert getattr(dossier, name) is CLASSES[name]
    assert name in dossier.__all__


@pytest.mark.parametrize("cls", CLASSES.values())
def test_every_error_says_what_it_is_for(cls: type[DossierError]) -> None:
    assert cls.__doc__
    assert cls.__doc__ != inspect.getdoc(cls.__bases__[0])


# --- what they carry -----------------------------------------------------------------------------------------------


def fields(error: DossierError) -> dict[str, Any]:
    return {**vars(error), "text": str(error), "type": type(error), "status": error.exit_status}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("cls", CLASSES.values())
def test_an_error_survives_pickling(cls: type[DossierError], protocol: int) -> None:
    error = make(cls)
    assert fields(pickle.loads(pickle.dumps(error, protocol))) == fields(error)


@pytest.mark.parametrize("cls", CLASSES.values())
def test_an_error_survives_copying(cls: type[DossierError]) -> None:
    error = make(cls)
    assert fields(copy.copy(error)) == fields(error)
    assert fields(copy.deepcopy(error)) == fields(error)


def test_a_problem_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(PROBLEMS)) == PROBLEMS


def test_an_error_reads_as_message_and_remedy() -> None:
    assert str(DossierError("it is broken", fix="mend it")) == "it is broken → mend it"
    assert str(DossierError("it is broken")) == "it is broken"


def test_an_error_of_several_problems_shows_them_all() -> None:
    error = errors.ManifestError("dossier.yaml cannot be used: 2 problems", PROBLEMS)
    assert str(error).splitlines() == [
        "dossier.yaml cannot be used: 2 problems",
        "  dossier.yaml:31: [1-2-01] 没有找到 → 补交",
        "  a.pdf lies in the folder",
    ]


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("c", "m", "f"), "m → f"),
        (Problem("c", "m", ""), "m"),
        (Problem("c", "m", "f", item="1-2"), "[1-2] m → f"),
        (Problem("c", "m", "f", item="1-2", evidence="1-2-01"), "[1-2-01] m → f"),
        (Problem("c", "m", "f", where="a.yaml:3:9"), "a.yaml:3:9: m → f"),
    ],
)
def test_a_problem_reads_as_place_subject_message_and_remedy(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_problem_has_the_keys_of_the_contract() -> None:
    assert PROBLEMS[0].as_dict() == {
        "code": "missing-source",
        "severity": "error",
        "where": "dossier.yaml:31",
        "item": "1-2",
        "evidence": "1-2-01",
        "message": "没有找到",
        "fix": "补交",
    }


def test_a_conversion_error_is_unreadable_unless_it_says_otherwise() -> None:
    assert errors.ConversionError("m", fix="f").code == "unreadable-source"
    assert make(errors.EngineCrash).exit_status is ExitStatus.INCOMPLETE


def test_no_other_module_has_errors_of_its_own_in_the_tree() -> None:
    found = [DossierError]
    for cls in found:
        found += cls.__subclasses__()
    assert {cls.__module__ for cls in found} == {errors.__name__}


def test_what_is_said_of_a_source_is_said_on_one_line() -> None:
    error = errors.ConversionError("a  b.docx: it is broken: not XML: char 0\n, line 1\r\n\tcolumn 4", fix="mend it")

    assert error.message == "a  b.docx: it is broken: not XML: char 0 , line 1 column 4"
    assert "\n" not in str(error)
