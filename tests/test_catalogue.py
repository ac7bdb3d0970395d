"""The catalogue of names is complete, its examples are real, and the README's tables are it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from dossier import cli, sandbox, template_sets, views
from dossier.authoring import catalogue
from dossier.authoring.catalogue import Name

README = Path(__file__).resolve().parent.parent / "templates" / "README.md"


def of(set_name: str = "official") -> tuple[catalogue.Group, ...]:
    return catalogue.catalogue(template_sets.find_set(set_name, Path()))


@pytest.fixture(scope="module")
def names() -> dict[str, Name]:
    return {name.name: name for group in of() for name in group.names}


def test_every_name_that_stands_alone_is_there(names: dict[str, Name]) -> None:
    assert set(views.Context.__annotations__) - set(names) == set()


@pytest.mark.parametrize(
    ("holder", "view"),
    [
        ("dossier", views.DossierView), ("volume", views.VolumeView), ("row", views.Row), ("item", views.ItemView),
        ("score", views.ScoreRow), ("scores", views.Scores), ("total", views.Total), ("unit", views.UnitView),
        ("count", views.UnitCount), ("problem", views.ProblemView), ("checklist", views.Checklist),
        ("placeholder", views.Placeholder), ("section", views.SectionView),
    ],
)  # fmt: skip
def test_every_name_behind_a_dot_is_there(names: dict[str, Name], holder: str, view: type) -> None:
    assert {f"{holder}.{field}" for field in get_type_hints(view)} <= set(names)


def test_every_filter_is_there_and_nothing_that_is_none(names: dict[str, Name]) -> None:
    told = {name.name for name in names.values() if name.type == "filter"}
    assert told == {*sandbox.FILTERS, *sandbox.KEPT_FILTERS}


@pytest.mark.parametrize(
    ("name", "type", "example", "where"),
    [
        ("dossier.title", "text", "2023年度质量强市综合考核印证材料", "every template"),
        ("dossier.volumes", "number", "1", "every template"),
        ("dossier.complete", "yes or no", "false", "every template"),
        ("today", "date", "2023-12-15", "every template"),
        ("units", "list of unit", "3 of them", "every template of the book"),
        ("placeholder.unit", "text", "市场监管局", "`placeholder.docx`"),
        ("unit.name", "text", "市政府办", "`{% for unit in … %}` of `units`"),
        ("page", "function", '`page("1-1-01")` → 5', "every template of the book"),
        ("cite", "function", '`cite("1-1-01")` → 见第5页', "every template of the book"),
        ("capital", "filter", '`"1234.5"|capital("元")` → 壹仟贰佰叁拾肆元伍角', "every template"),
    ],
)
def test_what_a_name_tells(names: dict[str, Name], name: str, type: str, example: str, where: str) -> None:
    told = names[name]
    assert (told.type, told.example, told.where) == (type, example, where)


def test_a_row_is_found_in_every_list_of_rows(names: dict[str, Name]) -> None:
    lists = [name for name, told in names.items() if told.type == "list of row"]
    assert {"index", "evidence", "item.evidence", "unit.evidence"} == {*lists, "evidence"}
    assert all(f"`{name}`" in names["row.title"].where for name in lists)


def test_nearly_every_value_has_an_example(names: dict[str, Name]) -> None:
    bare = {name for name, told in names.items() if not told.example and told.type in ("text", "number", "date")}
    bare = {name for name in bare if not name.startswith(("letter.", "debt.", "standing.", "owed."))}
    given_seldom = {"row.secrecy", "row.remark", "row.vacant", "unit.note", "item.not_applicable", "item.deduction"}
    assert bare <= given_seldom | {"scores.bonus_score"}


def test_examples_are_in_the_language_of_the_set() -> None:
    told = {name.name: name.example for group in of("bundle") for name in group.names}
    assert told["dossier.period"] == "1 January 2023 to 31 December 2023"
    assert "见第" not in told["cite"]


def test_types_are_named_in_words(names: dict[str, Name]) -> None:
    assert not [name for name, told in names.items() if "dossier." in told.type or "class" in told.type]
    assert get_args(get_type_hints(views.Context, include_extras=True)["values"])[0] is not None
    assert names["values"].type == "texts by name"


# --- the command and the README ------------------------------------------------------------------------------------


def test_the_readme_holds_the_catalogue() -> None:
    """Where this fails: dossier templates fields --markdown, and put what it prints between the two comments."""
    text = README.read_text(encoding="utf-8")
    between = text.split("<!-- fields -->\n")[1].split("<!-- /fields -->")[0]
    assert between.strip() == catalogue.markdown(of())


def test_the_command_prints_the_tables_of_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["templates", "fields", "--markdown"]) == 0
    assert capsys.readouterr().out.strip() == catalogue.markdown(of())


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["templates", "fields", "bundle", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["set"] == "bundle"
    found = {name["name"] for group in told["groups"] for name in group["names"]}
    assert {"dossier.title", "row.page", "image", "sort_by"} <= found


def test_the_command_prints_every_name_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["templates", "fields"]) == 0
    out = capsys.readouterr().out
    assert [name.name for group in of() for name in group.names if f" {name.name} " not in out] == []


def test_a_set_that_is_not_there_is_a_mistake_of_the_command_line() -> None:
    assert cli.main(["templates", "fields", "offical"]) == 2
