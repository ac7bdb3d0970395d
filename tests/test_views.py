"""Every name that a template may use has a type and says what it is."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from dossier import views

VIEWS = [
    view
    for view in vars(views).values()
    if inspect.isclass(view) and dataclasses.is_dataclass(view) and view is not views.Says
]


@pytest.mark.parametrize("view", [*VIEWS, views.Context, views.EvidenceContext], ids=lambda view: str(view.__name__))
def test_every_name_says_what_it_is(view: type) -> None:
    hints = get_type_hints(view, include_extras=True)
    assert hints
    assert [name for name, hint in hints.items() if not views.said(hint).text] == []


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: str(view.__name__))
def test_a_value_cannot_be_changed_by_a_template(view: Any) -> None:
    assert view.__dataclass_params__.frozen


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: str(view.__name__))
def test_a_page_is_there_as_number_and_as_printed(view: type) -> None:
    names = set(get_type_hints(view))
    for page, label in (("page", "label"), ("last_page", "last_label"), ("first_page", "first_label")):
        assert (page in names) == (label in names)


@pytest.mark.parametrize(
    ("template", "there", "not_there"),
    [
        ("cover", {"dossier", "items", "evidence"}, {"item", "placeholder"}),
        ("divider", {"item", "evidence"}, {"placeholder"}),
        ("placeholder", {"placeholder"}, {"item"}),
        ("evidence", {"item", "evidence"}, {"placeholder"}),
        ("self-report", {"scores", "page", "link"}, {"item", "placeholder"}),
    ],
)
def test_some_names_are_there_in_one_template_only(template: str, there: set[str], not_there: set[str]) -> None:
    names = set(views.names(template))
    assert there <= names
    assert not not_there & names


def test_in_a_proof_that_is_a_template_evidence_is_that_proof() -> None:
    everywhere, own = views.names("cover")["evidence"], views.names("evidence")["evidence"]
    assert get_origin(get_args(everywhere)[0]) is tuple
    assert get_args(own)[0] is views.Row
