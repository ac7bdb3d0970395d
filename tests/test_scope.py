"""Names in tags are followed to what they mean: whatever is not there is found, with a guess at what was meant."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dossier import views
from dossier.authoring import scope
from dossier.authoring.scope import Issue

ELSEWHERE = {"item": ("divider.docx",), "placeholder": ("placeholder.docx",)}


def found(*tags: str, template: str = "index") -> list[Issue]:
    return scope.examine(tags, views.names(template), ELSEWHERE)


def said(*tags: str, template: str = "index") -> list[tuple[int, str, str]]:
    return [(issue.tag, issue.message, issue.fix) for issue in found(*tags, template=template)]


@pytest.mark.parametrize(
    "tags",
    [
        ["{{ dossier.title }}", "{{ today|date('YYYY')|cn }}", "{{ values.anything }}"],
        ["{%tr for row in index %}", "{{ row.title }}", "{{ loop.index }}", "{%tr endfor %}"],
        [
            "{% for unit in units %}",
            "{% for item in unit.items %}",
            "{{ item.evidence[0].title }}",
            *["{% endfor %}"] * 2,
        ],
        [
            "{% for a in items if a.items %}",
            "{{ a.items|length }}",
            "{% else %}",
            "{{ dossier.title }}",
            "{% endfor %}",
        ],
        ["{% set first = index|first %}", "{{ first.title }}", "{{ (scores.rows|last).points }}"],
        ["{% for group in index|groupby('unit') %}", "{{ group.grouper }}", "{% endfor %}"],
        ["{% if extra is defined %}", "{{ extra }}", "{% endif %}", "{{ other|default('') }}"],
        ["{{ page('1-1') }}", "{{ link(page('1-1'), '1-1') }}", "{% vm %}", "{% colspan index|length %}"],
        ["{# anything at all: {{ nothing }} #}"],
        ["{{ dossier.start.year if dossier.start else '' }}", "{{ units|map(attribute='name')|join('、') }}"],
    ],
)
def test_nothing_is_said_of_tags_that_are_right(tags: Sequence[str]) -> None:
    assert found(*tags) == []


@pytest.mark.parametrize(
    ("tag", "message", "fix"),
    [
        ("{{ dosier.title }}", "there is no name 'dosier'", "did you mean 'dossier'?"),
        ("{{ Dossier.title }}", "there is no name 'Dossier'", "did you mean 'dossier'?"),
        ("{{ title }}", "there is no name 'title'", "did you mean dossier.title?"),
        ("{{ dossier.titel }}", "there is no 'titel' in `dossier`", "did you mean 'title'?"),
        (
            "{{ dossier.title.length }}",
            "there is no 'length' in `dossier.title`, which is text",
            "write dossier.title alone",
        ),
        ("{{ scores.rows[0].titel }}", "there is no 'titel' in `scores.rows[…]`", "did you mean 'title'?"),
        (
            "{{ index|map(attribute='titel') }}",
            "there is no 'titel' in the members of `index`",
            "did you mean 'title'?",
        ),
        ("{{ (index|first)['titel'] }}", "there is no 'titel' in `index|first`", "did you mean 'title'?"),
        ("{{ loop.index }}", "`loop` is known only inside a loop", "move the tag into a loop"),
        ("{{ item.title }}", "`item` is there only in divider.docx", "use it in divider.docx, or another name here"),
        ("{{ today|dat }}", "there is no form 'dat'", "did you mean 'date'?"),
        ("{{ dossier.title is emty }}", "there is no test 'emty'", "write == to compare"),
        ("{{ page.title }}", "`page` is a function: nothing stands behind its dot", "write page(…), or another name"),
        (
            "{{ index.title }}",
            "`index` is a list, which has no 'title'",
            "loop over it: {% for one in index %}, then write one.title",
        ),
        ("{{ dossier.__class__ }}", "`dossier.__class__` is not available in templates", "use another name"),
        (
            "{{ index }}",
            "`index` is a list and cannot be shown as it is",
            "loop over it with {% for … in index %}, or show index|length",
        ),
        (
            "{{ volume }}",
            "`volume` is several values and cannot be shown as it is",
            "name one of them: volume.number, volume.count, volume.file, volume.first_label, "
            "volume.last_label, volume.pages",
        ),
        ("{{ cite }}", "`cite` is a function, and here it is not called", "write cite(…) with what it is to work on"),
        ("{{ dossier.title() }}", "`dossier.title` is no function", "write dossier.title without brackets"),
        ("{{ page() }}", "`page` works on one value, not on 0", 'write page("1-1") with an id'),
        ("{% fro row in index %}", "there is no tag {% fro … %}", "did you mean 'for'?"),
        ("{% endfor %}", "{% endfor %} ends what never began", "put {% for … %} before it, or delete it"),
        ("{% else %}", "{% else %} stands outside any {% if … %}", "put it between {% if … %} and {% endif %}"),
        (
            "{%p if dossier.subtitle %}",
            "{%p if dossier.subtitle %} has no {%p endif %}",
            "put {%p endif %} where it ends",
        ),
    ],
)
def test_one_wrong_tag_is_explained(tag: str, message: str, fix: str) -> None:
    assert said(tag) == [(0, message, fix)]


def test_a_tag_that_cannot_be_read_is_quoted() -> None:
    [(_, message, fix)] = said("{{ dossier title }}")
    assert message.startswith("{{ dossier title }} is not understood: ")
    assert fix.startswith("correct the tag in Word")


@pytest.mark.parametrize("name", ["macro x()", "include 'a'", "import 'a' as b", "block x"])
def test_what_templates_may_not_do_is_said_once(name: str) -> None:
    kind = name.split(maxsplit=1)[0]
    [issue] = found(f"{{% {name} %}}", *([f"{{% end{kind} %}}"] if kind in ("macro", "block") else []))
    assert issue.message == f"`{kind}` is not available in templates"


def test_a_name_that_is_like_no_other_is_answered_by_a_list() -> None:
    [(_, _, fix)] = said("{{ 标题 }}")
    assert fix.startswith("use one of checklist, cite, dossier, ")
    assert fix.endswith("templates/README.md says what they are")


def test_a_loop_has_the_type_of_its_list() -> None:
    tags = ["{% for unit in units %}", "{% for one in unit.items %}", "{{ one.titel }}", "{% endfor %}", "{% endfor %}"]
    assert said(*tags) == [(2, "there is no 'titel' in `one`", "did you mean 'title'?")]


def test_a_name_of_a_loop_is_not_known_after_it() -> None:
    message = "`row` is known only inside the loop over index"
    tags = ["{%tr for row in index %}", "{{ row.title }}", "{%tr endfor %}", "{{ row.title }}"]
    assert said(*tags) == [(3, message, "move the tag into that loop, between its `for` and its `endfor`")]


def test_a_name_near_by_is_guessed_before_one_far_away() -> None:
    [(_, _, fix)] = said("{% for row in index %}", "{{ issuer }}", "{% endfor %}")
    assert fix == "did you mean row.issuer?"


def test_what_is_no_list_cannot_be_looped_over() -> None:
    [(_, message, fix)] = said("{% for row in scores %}", "{{ row.whatever }}", "{% endfor %}")
    assert message == "`scores` is no list, so nothing can loop over it"
    assert fix == "loop over scores.rows or scores.sections or scores.units or scores.bonus or scores.vetoes"


def test_a_condition_that_is_left_open_in_a_loop_is_named_with_what_closes_too_early() -> None:
    tags = ["{% for row in index %}", "{% if row.number %}", "{{ row.number }}", "{% endfor %}"]
    assert said(*tags) == [
        (1, "{% if row.number %} has no {% endif %} before {% endfor %}", "put {% endif %} where it ends")
    ]


def test_an_end_of_the_wrong_kind_says_what_is_open() -> None:
    [issue] = found("{% if dossier.subtitle %}", "{% endfor %}", "{% endif %}")
    assert (issue.tag, issue.code) == (1, "block-unopened")
    assert issue.fix == "what is open here is {% if … %}, which ends with {% endif %}"


def test_a_loop_left_open_still_gives_its_name_a_meaning() -> None:
    assert [issue.tag for issue in found("{% for row in index %}", "{{ row.title }}", "{{ row.titel }}")] == [0, 2]


def test_a_loop_that_cannot_be_read_does_not_make_its_name_unknown() -> None:
    assert [issue.tag for issue in found("{% for row on index %}", "{{ row.title }}", "{% endfor %}")] == [0]


def test_the_same_name_twice_is_reported_at_both_places() -> None:
    assert [issue.tag for issue in found("{{ dosier.title }}", "{{ dosier.title }}")] == [0, 1]


def test_names_are_those_of_the_template() -> None:
    assert found("{{ item.title }}", template="divider") == []
    assert found("{{ placeholder.reason }}", template="placeholder") == []


def test_the_tags_of_a_block_go_together() -> None:
    tags = ["{%p if a %}", "{% for x in y %}", "{% endfor %}", "{%p else %}", "{%p endif %}", "{% endif %}"]
    assert scope.blocks(tags) == [[1, 2], [0, 3, 4]]


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("{%tr for x in y %}", "tr"),
        ("{{p subdoc(x) }}", "p"),
        ("{{ price }}", ""),
        ("{%trim %}", ""),
        ("{#p x #}", "p"),
    ],
)
def test_what_a_tag_stands_for_is_written_next_to_its_bracket(tag: str, kind: str) -> None:
    assert scope.prefix(tag) == kind
