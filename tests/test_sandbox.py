"""A template may come from a stranger: it sees values and no Python, and what it uses up is bounded."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError
from markupsafe import Markup

from dossier import sandbox
from dossier.sandbox import Budget, Language, UnknownName


@dataclass(frozen=True)
class Thing:
    title: str = "质量目标"
    points: Decimal = Decimal("1.50")
    day: date = date(2023, 3, 1)
    parts: tuple[str, ...] = ("a", "b")
    _secret: str = "secret"

    def page(self, number: int = 1) -> str:
        return f"p{number}"


@dataclass
class Context:
    thing: Thing = field(default_factory=Thing)
    things: list[Thing] = field(default_factory=lambda: [Thing("a"), Thing("b")])
    day: date = date(2023, 12, 5)
    nothing: None = None

    def call(self, id: str) -> str:
        return f"<{id}>"


def fill(source: str, budget: Budget | None = None, **context: Any) -> str:
    given = {**vars(Context()), "call": Context().call, **context}
    return Language().compiled(source).render(given, budget or Budget())


# --- no Python -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "{{ thing.__class__ }}",
        "{{ thing['__class__'] }}",
        "{{ thing._secret }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ call.__globals__ }}",
        "{{ thing.page.__func__ }}",
        "{{ call.__code__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ things|map(attribute='__class__')|join }}",
        "{{ things|sort(attribute='__class__') }}",
        "{{ things|groupby('__class__') }}",
        "{{ things|selectattr('__class__')|list|length }}",
        "{{ things|max(attribute='__class__') }}",
        "{{ '{0.__class__}'.format(thing) }}",
        "{{ '{x.__class__}'.format_map(thing) }}",
        "{{ things.append(1) }}",
        "{{ things.clear() }}",
        "{{ {'a': 1}.update(b=2) }}",
        "{{ thing.__setattr__('title', 'x') }}",
    ],
)
def test_what_is_behind_values_is_out_of_reach(source: str) -> None:
    with pytest.raises(TemplateError):
        fill(source)


def test_a_field_that_is_nobody_s_business_cannot_be_joined() -> None:
    assert "secret" not in sandbox.join([1, 2], "", attribute="_secret")


@pytest.mark.parametrize("name", ["cycler", "joiner", "lipsum", "dict", "open", "config", "request", "__builtins__"])
def test_names_that_were_not_given_are_not_there(name: str) -> None:
    with pytest.raises(UnknownName):
        fill(f"{{{{ {name} }}}}")


@pytest.mark.parametrize(
    "source",
    [
        "{% include 'a' %}", "{% import 'a' as a %}", "{% from 'a' import b %}", "{% extends 'a' %}",
        "{% block a %}{% endblock %}", "{% macro a() %}{% endmacro %}", "{% call a() %}{% endcall %}",
        "{% if true %}{% include 'a' %}{% endif %}", "{% for x in things recursive %}{{ loop(x) }}{% endfor %}",
    ],
)  # fmt: skip
def test_tags_that_reach_elsewhere_are_refused_when_compiled(source: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="not available in templates"):
        Language().compiled(source)


@pytest.mark.parametrize(
    "name", ["attr", "format", "pprint", "safe", "string", "tojson", "urlize", "xmlattr", "center"]
)
def test_filters_that_show_or_trust_too_much_are_gone(name: str) -> None:
    with pytest.raises(TemplateError, match="No filter named"):
        fill(f"{{{{ 'x'|{name} }}}}")


# --- names and values ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "name", "known"),
    [
        ("{{ thingg }}", "thingg", []),
        ("{{ thing.titel }}", "titel", ["day", "page", "parts", "points", "title"]),
        ("{% if thing.titel %}{% endif %}", "titel", ["day", "page", "parts", "points", "title"]),
        ("{% for x in missing %}{% endfor %}", "missing", []),
        ("{{ missing|cn }}", "missing", []),
        ("{{ missing ~ 'a' }}", "missing", []),
        ("{{ missing == 1 }}", "missing", []),
        ("{{ missing.deeper }}", "missing", []),
    ],
)
def test_a_name_that_is_not_there_is_an_error_that_knows_the_others(source: str, name: str, known: list[str]) -> None:
    with pytest.raises(UnknownName) as caught:
        fill(source)
    assert (caught.value.name, caught.value.known) == (name, known)


def test_a_name_that_is_not_there_may_be_given_a_default() -> None:
    assert fill("{{ missing|default('—') }}{{ thing.titel|d('—') }}") == "——"
    assert fill("{% if missing is defined %}x{% endif %}") == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a<b>&\"'", "a&lt;b&gt;&amp;&#34;&#39;"),
        (Markup("<b>"), "<b>"),
        ("a\x00b\x0bc\ufffe", "a b c "),
        ("a\tb\nc", "a\tb\nc"),
        (None, ""),
        (7, "7"),
        (Decimal("1.50"), "1.50"),
        (date(2023, 1, 2), "2023-01-02"),
        (True, "True"),
    ],
)
def test_values_are_shown_so_that_xml_can_hold_them(value: object, shown: str) -> None:
    assert fill("{{ x }}", x=value) == shown


@pytest.mark.parametrize("value", [[1], (1,), {"a": 1}, Thing(), iter([1])])
def test_what_has_no_text_of_its_own_is_not_shown(value: object) -> None:
    with pytest.raises(TemplateError, match=r"a list cannot be shown|several values"):
        fill("{{ x }}", x=value)


def test_the_names_of_a_value_are_told_where_it_is_shown_whole() -> None:
    with pytest.raises(TemplateError, match="name one of them: day, page, parts, points, title"):
        fill("{{ thing }}")


def test_names_that_a_template_gives_values_are_known() -> None:
    compiled = Language().compiled("{% set a = 1 %}{% for b in [1] %}{{ b }}{% endfor %}{{ c }}")

    assert compiled.names == {"a", "b"}


# --- filters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "〇"), (5, "五"), (10, "十"), (11, "十一"), (20, "二十"), (21, "二十一"), (99, "九十九"), (100, "一〇〇"),
        (2023, "二〇二三"), ("07", "〇七"), ("2023年12月5日", "二〇二三年十二月五日"), ("无", "无"), (None, ""),
        ("１2", "１二"), (Decimal("1.5"), "一.五"),
    ],
)  # fmt: skip
def test_digits_in_chinese(value: object, shown: str) -> None:
    assert fill("{{ x|cn }}", x=value) == shown


@pytest.mark.parametrize(
    ("value", "pattern", "shown"),
    [
        (date(2023, 3, 1), None, "2023年3月1日"),
        (date(2023, 3, 1), "YYYY-MM-DD", "2023-03-01"),
        (date(2023, 12, 31), "YY/M/D", "23/12/31"),
        (date(2023, 5, 7), "D MMMM YYYY, DD MMM", "7 May 2023, 07 May"),
        (date(2023, 12, 31), "MMMM D, MMM", "December 31, Dec"),
        (date(987, 3, 1), "YYYY", "0987"),
        ("2023-03-01", "M月D日", "3月1日"),
        ("2023年春", "YYYY", "2023年春"),
        ("2023-13-01", "YYYY", "2023-13-01"),
        (None, "YYYY", ""),
        (7, "YYYY", "7"),
        (date(2023, 3, 1), "日期", "日期"),
    ],
)
def test_dates_by_a_pattern(value: object, pattern: str | None, shown: str) -> None:
    assert fill("{{ x|date(p) if p else x|date }}", x=value, p=pattern) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("1.50"), "1.5"), (Decimal("2.0"), "2"), (Decimal("20"), "20"), ("100", "100"), ("0.10", "0.1"),
        ("-1.50", "-1.5"), (Decimal("1E+2"), "100"), (Decimal("1.0E+2"), "100"), ("优", "优"), ("", ""), (None, ""),
        ("nan", "nan"), ("007", "007"), ("1.0e999999999", "1.0e999999999"), (2.50, "2.5"),
    ],
)  # fmt: skip
def test_scores_without_needless_zeros(value: object, shown: str) -> None:
    assert fill("{{ x|points }}", x=value) == shown


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("['a', 'b']|join('、')", "a、b"),
        ("things|join('、', attribute='title')", "a、b"),
        ("[]|join('、')", ""),
        ("[1, None, '<']|join(';')", "1;;&lt;"),
        ("[1, 2]|join", "12"),
        ("things|map(attribute='title')|join('-')", "a-b"),
        ("things|selectattr('title', 'equalto', 'b')|map(attribute='title')|join", "b"),
        ("' a '|trim", "a"),
        ("'aB'|upper ~ 'aB'|lower", "ABab"),
        ("2.567|round(1)", "2.6"),
        ("2.567|round(1, 'floor')", "2.5"),
        ("7|round", "7"),
        ("[3, 1, 2]|sort|join", "123"),
        ("[1, 2, 3][1:]|join", "23"),
        ("'abc'[::-1]", "cba"),
        ("things|length", "2"),
    ],
)
def test_filters_for_authors(expression: str, shown: str) -> None:
    assert fill(f"{{{{ {expression} }}}}") == shown


def test_joined_text_is_escaped_once() -> None:
    assert fill("{{ x|join('&') }}", x=["<", ">"]) == "&lt;&amp;&gt;"


def test_what_stands_for_a_link_stays_that_when_joined() -> None:
    assert fill("{{ x|join('&') }}", x=["<", Markup("<?mark 0?>")]) == "&lt;&amp;<?mark 0?>"


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("100|capital", "壹佰"),
        ("10|capital", "壹拾"),
        ("0|capital", "零"),
        ("1004|capital", "壹仟零肆"),
        ("10010|capital", "壹万零壹拾"),
        ("100000000|capital", "壹亿"),
        ("1000100000000|capital", "壹万零壹亿"),
        ("'1234.50'|capital", "壹仟贰佰叁拾肆点伍"),
        ("'-2'|capital", "负贰"),
        ("'1234.5'|capital('元')", "壹仟贰佰叁拾肆元伍角"),
        ("1234|capital('元')", "壹仟贰佰叁拾肆元整"),
        ("'100.05'|capital('元')", "壹佰元零伍分"),
        ("'0.05'|capital('元')", "伍分"),
        ("'0.30'|capital('元')", "叁角"),
        ("'-0.001'|capital('元')", "零元整"),
        ("'1.995'|capital('元')", "贰元整"),
        ("''|capital", ""),
        ("'未定'|capital", "未定"),
        ("'1e400'|capital", "1e400"),
        ("'nan'|capital", "nan"),
        ("1234567|number", "1,234,567"),
        ("'1234.5'|number(2)", "1,234.50"),
        ("'0.125'|number(2)", "0.13"),
        ("'-1234'|number(separator=' ')", "-1 234"),
        ("''|number", ""),
        ("'98.5'|percent(of=100)", "98.5%"),
        ("'0.3333'|percent", "33.33%"),
        ("1|percent(3, digits=1)", "33.3%"),
        ("''|percent(of=3)", ""),
        ("3|percent(of=0)", ""),
        ("3|percent(of='')", ""),
        ("day|date('D MMMM YYYY')", "5 December 2023"),
        ("day|date('D MMM YY')", "5 Dec 23"),
        ("['1-10', '1-9']|sort_by|join(' ')", "1-9 1-10"),
        ("['9.5', '10', '9.25']|sort_by|join(' ')", "9.25 9.5 10"),
        ("['b', '', 'a']|sort_by(reverse=true)|join(' ')", "b a "),
        ("things|sort_by('title', reverse=true)|join(' ', 'title')", "b a"),
        ("rows|sort_by('unit', 'points')|join(' ', 'id')", "4 2 1 3"),
    ],
)
def test_numbers_and_orders(expression: str, shown: str) -> None:
    rows = [Line(1, "b", "2"), Line(2, "a", "10"), Line(3, "b", ""), Line(4, "a", "9.5")]
    assert fill(f"{{{{ {expression} }}}}", rows=rows) == shown


@dataclass(frozen=True)
class Line:
    id: int
    unit: str
    points: str


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ things|sort_by('titel') }}", "titel"),
        ("{{ things|sort_by('_secret') }}", "not available"),
        ("{{ things|sort_by('__class__') }}", "not available"),
        ("{{ 1|number(99) }}", "99 digits"),
        ("{{ 1|number(-1) }}", "-1 digits"),
        ("{{ 1|percent(3, digits=99999999) }}", "99999999 digits"),
    ],
)
def test_what_numbers_and_orders_refuse(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        fill(source)


def test_a_template_set_says_how_dates_look() -> None:
    compiled = Language().compiled("{{ day|date }} {{ day|date('YYYY') }}")
    assert compiled.render({"day": date(2023, 3, 1)}, Budget(), "D MMM YYYY") == "1 Mar 2023 2023"
    assert compiled.render({"day": date(2023, 3, 1)}, Budget()) == "2023年3月1日 2023"


# --- bounds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(99999) %}{% endfor %}",
        "{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}",
        "{% for a in range(1000) %}{% for b in things %}{% if loop.index > 9 %}{% endif %}{% endfor %}{% endfor %}",
        "{% for a in range(900) %}{{ call('x') }}{{ call('y') }}{% endfor %}",
    ],
)
def test_turns_of_loops_and_calls_are_counted(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_STEPS", 1500)
    with pytest.raises(SecurityError, match="go round more than 1500 times"):
        fill(source)


def test_turns_are_counted_over_all_of_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_STEPS", 150)
    budget = Budget()
    fill("{% for a in range(100) %}{% endfor %}", budget)

    with pytest.raises(SecurityError):
        fill("{% for a in range(100) %}{% endfor %}", budget)


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(100) %}" + "long " * 100 + "{% endfor %}",
        "{% for a in range(100) %}{{ x }}{% endfor %}",
        "{% for a in range(100) %}{% set y %}{{ x }}{% endset %}{% endfor %}",
    ],
    ids=["its own text", "a value", "a value that is kept"],
)
def test_what_is_printed_is_counted(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_OUTPUT", 10_000)
    with pytest.raises(SecurityError, match="the document grows"):
        fill(source, x="x" * 200)


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 99999999999 }}",
        "{{ 99999999999 * [1] }}",
        "{{ (9 ** 99999999)|length }}",
        "{{ 99999999 ** 64 ** 64 }}",
        "{{ '%99999999999d' % 1 }}",
        "{{ 'a'.center(99999999999) }}",
        "{{ 'a'.zfill(99999999999) }}",
        "{{ ''.encode().center(99999999999)|length }}",
        "{{ (1).to_bytes(99999999999, 'big')|length }}",
        "{{ '{:99999999999}'.format(1) }}",
        "{{ 5|round(-999999999) }}",
        "{{ 1|round(999999999, 'ceil') }}",
        "{{ range(99999999999)|list|length }}",
        "{% set n = namespace(x=1) %}{% for i in range(9999) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=1) %}{% for i in range(9999) %}{% set n.x = n.x - -n.x %}{% endfor %}",
        "{% set n = namespace(x=2) %}{% for i in range(9999) %}{% set n.x = n.x * n.x %}{% endfor %}",
        "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=['a']) %}{% for i in range(60) %}{% set n.x = [n.x|join * 2] %}{% endfor %}",
    ],
)
def test_no_expression_makes_something_huge(source: str) -> None:
    """One that did would kill the test run, or not end."""
    with pytest.raises((TemplateError, OverflowError)):
        fill(source)


@pytest.mark.parametrize(
    "expression",
    [
        "x ~ i",
        "x + 'a'",
        "x[1:]",
        "x.upper()",
        "x|upper",
        "x|list",
        "l|list",
        "l + [i]",
        "l * 1",
        "l[:]",
        "x|join",
        "l|sort",
    ],
)
def test_what_expressions_make_is_bounded_even_when_it_is_kept(
    expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each turn keeps what it made, in a list in a list in a list."""
    monkeypatch.setattr(sandbox, "MAX_MADE", 500_000)
    source = f"{{% for i in range(9999) %}}{{% set n.kept = [n.kept, {expression}] %}}{{% endfor %}}"
    tracemalloc.start()
    try:
        with pytest.raises(SecurityError, match="of texts and lists"):
            fill("{% set n = namespace(kept=0) %}" + source, x="x" * 10_000, l=[1] * 10_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000  # unbounded it would be 800 million; what the error itself takes varies


@pytest.mark.parametrize("size", [sandbox.MAX_TEXT, sandbox.MAX_TEXT + 1])
@pytest.mark.parametrize(
    "expression", ["half ~ half ~ one", "half + half + one", "[half, half, one]|join|length", "(one * size)|length"]
)
def test_a_text_may_be_as_long_as_it_says_and_no_longer(size: int, expression: str) -> None:
    context: dict[str, Any] = {
        "half": "x" * (sandbox.MAX_TEXT // 2),
        "one": "x" * (size - sandbox.MAX_TEXT),
        "size": size,
    }
    if "size)" in expression:
        context["one"] = "x"
    if size == sandbox.MAX_TEXT:
        fill(f"{{{{ {expression} }}}}", **context)
    else:
        with pytest.raises(SecurityError):
            fill(f"{{{{ {expression} }}}}", **context)


def test_honest_work_is_far_from_the_bounds() -> None:
    """A book of 3,000 rows that each show ten values, filtered."""
    row = "{{ x.title|trim }}{{ x.points|points }}{{ x.day|date }}" + "{{ x.title ~ 'a' }}" * 7
    budget = Budget()
    fill("{% for x in rows %}" + row + "{% endfor %}", budget, rows=[Thing()] * 3000)

    assert budget.steps < sandbox.MAX_STEPS / 10
    assert budget.output < sandbox.MAX_OUTPUT / 10
    assert budget.made < sandbox.MAX_MADE / 10


def test_the_budget_of_one_filling_is_not_charged_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_STEPS", 150)
    inner: Callable[[], str] = lambda: fill("{% for a in range(100) %}{% endfor %}done")  # noqa: E731
    outer = Budget()

    assert fill("{% for a in range(100) %}{% endfor %}{{ inner() }}", outer, inner=inner) == "done"
    assert outer.steps == 102  # a hundred turns, and the calls of range and inner


def test_what_is_done_between_fillings_is_free() -> None:
    fill("{{ 1 }}")

    sandbox.spend(steps=2 * sandbox.MAX_STEPS)


# --- depth ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [100, 300, 3000, 20_000])
@pytest.mark.parametrize(
    ("before", "middle", "after"),
    [
        ("{{ " + "(", "1", ")"),
        ("{{ " + "[", "1", "]"),
        ("{% if day %}", "x", "{% endif %}"),
        ("{% for i in [1] %}", "x", "{% endfor %}"),
        ("{% with x=1 %}", "x", "{% endwith %}"),
        ("{% set x %}", "x", "{% endset %}"),
        ("{{ 1", "+1", ""),
        ("{{ 1", "**1", ""),
        ("{{ day", "|int", ""),
        ("{{ day", ".year", ""),
        ("{{ day", "[0]", ""),
        ("{{ ", "not ", "day"),
        ("{{ ", "-", "1"),
        ("{{ day", " if day else day", ""),
    ],
)
def test_what_is_nested_too_deeply_is_refused_at_once(before: str, middle: str, after: str, times: int) -> None:
    if before.startswith("{% "):
        source = before * times + middle + after * times
    elif before in ("{{ (", "{{ ["):
        source = "{{ " + before[-1] * times + middle + after * times + " }}"
    else:
        source = before + middle * times + after + " }}"
    started = time.process_time()
    with suppress(TemplateError):  # parentheses alone are nothing to Jinja
        Language().compiled(source)
    assert time.process_time() - started < 3


@pytest.mark.parametrize("count", [10, 15])
def test_honest_nesting_is_none_too_deep(count: int) -> None:
    loops = "{% for i in [1] %}{% if i %}" * count + "x" + "{% endif %}{% endfor %}" * count
    assert fill(loops) == "x"
    assert fill("{{ 0" + "+1" * 40 + " }}") == "40"
    assert fill("{{ 'a'" + "~'a'" * 500 + " }}") == "a" * 501


def test_a_number_of_too_many_digits_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="too many digits"):
        Language().compiled("{{ " + "9" * 10_000 + " }}")
