"""The small language of Word templates: Jinja without its sharp edges, and the filters that authors may use.

A template may come from a stranger. It sees values but no Python (Jinja's immutable sandbox), a misspelt name is an
error (strict undefined), every value is escaped, and work and output are bounded: each turn of a loop and each call
costs a step and each printed character counts; nothing may grow beyond :data:`MAX_TEXT` on its way, nor all that
expressions make, were it kept, beyond :data:`MAX_MADE`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from decimal import Context as Arithmetic
from functools import partial, wraps
from typing import Any, Literal

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError, TemplateRuntimeError, TemplateSyntaxError, UndefinedError
from jinja2.filters import do_round
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape
from natsort import natsort_keygen, ns

MAX_STEPS = 1_000_000
"""Turns of loops and calls in one document."""

MAX_OUTPUT = 64 * 1024**2
"""Characters of XML that one document may become."""

MAX_TEXT = 1_000_000
"""Characters of a text, or members of a list, that an expression may make."""

MAX_MADE = 512 * 1024**2
"""Bytes of all the texts and lists that the expressions of one document may make."""

MAX_DEPTH = 80
"""How deeply conditions, loops and the parts of an expression may stand within each other."""

MAX_DIGITS = 64
"""Digits before or after the point that a number may be written or rounded to."""

_FORBIDDEN_NODES = {
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from … import",
    nodes.Extends: "extends",
    nodes.Block: "block",
}
KEPT_FILTERS = (
    "abs", "count", "d", "default", "e", "escape", "first", "float", "groupby", "int", "last", "length", "list", "map",
    "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "unique",
)  # fmt: skip
# Methods that make a text as long as their argument says, or bytes, whose methods would.
_FORBIDDEN_METHODS = frozenset(
    {
        "center", "encode", "expandtabs", "format", "format_map", "join", "ljust", "replace", "rjust", "to_bytes",
        "translate", "zfill",
    }
)  # fmt: skip
_NOT_IN_XML = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Budget:
    """What one document has used up of :data:`MAX_STEPS`, :data:`MAX_OUTPUT` and :data:`MAX_MADE`."""

    steps: int = 0
    output: int = 0
    made: int = 0

    def spend(self, *, steps: int = 0, output: int = 0, made: int = 0) -> None:
        """Take note of work done; raise SecurityError beyond the bounds."""
        self.steps += steps
        self.output += output
        self.made += made
        if self.steps > MAX_STEPS:
            raise SecurityError(f"the template's loops go round more than {MAX_STEPS} times")
        if self.output > MAX_OUTPUT:
            raise SecurityError(f"the document grows beyond {MAX_OUTPUT >> 20} MiB")
        if self.made > MAX_MADE:
            raise SecurityError(f"the template's expressions make more than {MAX_MADE >> 20} MiB of texts and lists")


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)
_date_pattern: ContextVar[str] = ContextVar("date_pattern", default="YYYY年M月D日")


class _Bounds(NodeTransformer):
    """Rewrites a parsed template so that its loops are counted and what it joins is measured."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja calls it by the node's name
        if node.recursive:
            raise TemplateSyntaxError("recursive loops are not available in templates", node.lineno)
        literal = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        self.generic_visit(node)
        node.iter = _filtered(node.iter, "counted", nodes.Const(literal))
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, "charged") if isinstance(node.arg, nodes.Slice) else node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.nodes = [_filtered(part, "shown") for part in node.nodes]
        return _filtered(node, "measured")


def _check_depth(tree: nodes.Node) -> None:
    """Raise TemplateSyntaxError for nesting on which Python's parser would be at work for long before it gave up."""
    level: list[nodes.Node] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return
    raise TemplateSyntaxError("tags are nested too deeply", level[0].lineno)


def _filtered(node: nodes.Node, name: str, *arguments: nodes.Expr) -> nodes.Filter:
    filtered = nodes.Filter(node, name, list(arguments), [], None, None)
    filtered.set_lineno(node.lineno)
    return filtered


class UnknownName(UndefinedError):
    """A template uses a ``name`` that is not there; ``known`` are those that are, if the name stood after a value."""

    def __init__(self, message: str | None, name: str, known: list[str]) -> None:
        super().__init__(message)
        self.name = name
        self.known = known


class _Unknown(StrictUndefined):
    """A value that is not there: using it raises :class:`UnknownName`, or what the sandbox wants raised."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name, exc)
        if exc is UndefinedError and name is not None:
            known = [] if obj is missing else fields(obj)
            self._undefined_exception: Any = partial(UnknownName, name=str(name), known=known)


class Language(ImmutableSandboxedEnvironment):
    """The environment that templates are compiled and rendered in."""

    intercepted_binops = frozenset({"+", "-", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=_Unknown, autoescape=True, finalize=_printed)
        kept = {name: self.filters[name] for name in KEPT_FILTERS} | FILTERS
        self.filters = {name: _charging(function) for name, function in kept.items()} | _BOUNDING
        self.globals = {name: self.globals[name] for name in ("range", "namespace")}

    def compiled(self, source: str) -> Compiled:
        """Compile a template's XML. Raises Jinja's TemplateSyntaxError, whose ``lineno`` counts lines of ``source``."""
        try:
            tree = self.parse(source)
            _check_depth(tree)
            for node in tree.find_all(tuple(_FORBIDDEN_NODES)):
                name = _FORBIDDEN_NODES[type(node)]
                raise TemplateSyntaxError(f"`{name}` is not available in templates", node.lineno)
            names = frozenset(node.name for node in tree.find_all(nodes.Name) if node.ctx == "store")
            return Compiled(self.from_string(_Bounds().visit(tree)).generate, names)
        except RecursionError:
            raise TemplateSyntaxError("tags are nested too deeply", 0) from None
        except SyntaxError as error:  # of the Python that Jinja makes of it
            raise TemplateSyntaxError(f"tags are nested too deeply: {error.msg}", 0) from None
        except ValueError:  # of numbers that Python does not take
            raise TemplateSyntaxError("a number has too many digits", 0) from None

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        spend(steps=1)
        return _charged(super().call(context, obj, *args, **kwargs))

    def wrap_str_format(self, value: Any) -> None:
        """Leave ``str.format`` to :meth:`is_safe_attribute`; Jinja's own stand-in makes texts of any length."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str | int) and attr in _FORBIDDEN_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if not _modest(operator, left, right):
            raise SecurityError(f"the result of `{operator}` would be too large, or is not available in templates")
        return _charged(super().call_binop(context, operator, left, right))


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled template: ``generate`` yields its text in pieces; ``names`` are those it gives values itself."""

    generate: Callable[..., Iterable[str]]
    names: frozenset[str]

    def render(self, context: Mapping[str, object], budget: Budget, date_pattern: str = "") -> str:
        """Return the filled text. Raises Jinja's errors, and those of functions in ``context``."""
        token = _budget.set(budget)
        pattern = _date_pattern.set(date_pattern or _date_pattern.get())
        try:
            return "".join(self.generate(context))
        finally:
            _date_pattern.reset(pattern)
            _budget.reset(token)


def spend(*, steps: int = 0, output: int = 0, made: int = 0) -> None:
    """Charge the document that is being filled; see :class:`Budget`."""
    budget = _budget.get()
    if budget is not None:
        budget.spend(steps=steps, output=output, made=made)


def _charged(value: Any) -> Any:
    if hasattr(value, "__len__"):
        spend(made=sys.getsizeof(value))
    return value


def _charging(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)  # and how Jinja calls it
    def charging(*args: Any, **kwargs: Any) -> Any:
        return _charged(function(*args, **kwargs))

    return charging


def _modest(operator: str, left: Any, right: Any) -> bool:
    if any(isinstance(side, int) and side.bit_length() > 4096 for side in (left, right)):
        return False
    if operator == "-":
        return True
    if operator == "%":
        return not isinstance(left, str)
    if operator == "+":
        return not hasattr(left, "__len__") or not hasattr(right, "__len__") or bool(len(left) + len(right) <= MAX_TEXT)
    if operator == "**":
        return bool(abs(left) <= MAX_TEXT and abs(right) <= 64)
    for one, other in ((left, right), (right, left)):
        if hasattr(one, "__len__") and len(one) * max(1, other) > MAX_TEXT:
            return False
    return True


def _counted(iterable: Iterable[Any], literal: int) -> Iterator[Any]:
    for value in iterable:
        spend(steps=1, output=literal)
        yield value


def _measured(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise SecurityError(f"a text grows beyond {MAX_TEXT} characters")
    spend(made=sys.getsizeof(text))
    return text


def shown(value: Any) -> str:
    """Return a value as text. Characters that XML cannot hold become spaces, which is what they look like."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return _NOT_IN_XML.sub(" ", value)
    if value is None:
        return ""
    if isinstance(value, int | float | Decimal | date | StrictUndefined):
        return str(value)
    if isinstance(value, list | tuple | Mapping | Iterator):
        raise TemplateRuntimeError("a list cannot be shown as it is; loop over it, or use its length")
    names = ", ".join(fields(value)[:6])
    raise TemplateRuntimeError(f"this is several values and cannot be shown as it is; name one of them: {names}")


def _printed(value: Any) -> str:
    text = shown(value)
    spend(output=len(text))
    return text


def fields(value: object) -> list[str]:
    """Return the names that a template may use after ``value.``."""
    return [name for name in dir(value) if not name.startswith("_")]


# --- filters for authors -------------------------------------------------------------------------------------------

_DATE_FIELD = re.compile("YYYY|YY|MMMM|MMM|MM|M|DD|D")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DIGITS = re.compile("[0-9]+")
_CN = "〇一二三四五六七八九"


def as_date(value: Any, pattern: str = "") -> str:
    """Show a date, or its ISO text, by a pattern of ``YYYY YY MMMM MMM MM M DD D``; other text is shown as it is.

    ``MMMM`` and ``MMM`` are the month's English name, whole or short. Without a pattern, the template set says which.
    """
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return shown(value)
    if not isinstance(value, date):
        return shown(value)
    parts = {
        "YYYY": f"{value.year:04}", "YY": f"{value.year % 100:02}", "MM": f"{value.month:02}", "M": f"{value.month}",
        "DD": f"{value.day:02}", "D": f"{value.day}", "MMMM": _MONTHS[value.month - 1],
        "MMM": _MONTHS[value.month - 1][:3],
    }  # fmt: skip
    return _DATE_FIELD.sub(lambda match: parts[match.group()], pattern or _date_pattern.get())


def cn(value: Any) -> str:
    """Show digits in Chinese: 1 to 99 as one counts (十二), anything longer digit by digit (二〇二三)."""
    return _DIGITS.sub(lambda match: _cn_number(match.group()), shown(value))


def _cn_number(digits: str) -> str:
    if len(digits) != 2 or digits[0] == "0":
        return "".join(_CN[int(digit)] for digit in digits)
    tens, ones = int(digits[0]), int(digits[1])
    return ("" if tens == 1 else _CN[tens]) + "十" + (_CN[ones] if ones else "")


def points(value: Any) -> str:
    """Show a score without needless zeros: 1.50 as 1.5, 2.0 as 2."""
    text = shown(value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if abs(number.adjusted()) > MAX_DIGITS or ("." not in text and "E" not in text.upper()):
        return text
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def capital(value: Any, unit: str = "") -> str:
    """Show a number in the capitals of accounts: 100 as 壹佰; with the unit 元 as money: 34.5 as 叁拾肆元伍角."""
    number = _number(value)
    if number is None or number.adjusted() >= _MOST_CAPITALS or number.adjusted() < -_MOST_CAPITALS:
        return shown(value)
    sign = "负" if number < 0 else ""
    whole, _, part = f"{abs(number):f}".partition(".")
    if not unit:
        decimals = "".join(_CAPITALS[int(digit)] for digit in part.rstrip("0"))
        return sign + (_capitals(int(whole)) or "零") + (f"点{decimals}" if decimals else "")
    cents = int((abs(number) * 100).to_integral_value(ROUND_HALF_UP))
    if not cents:
        return f"零{unit}整"
    whole_units, tens, ones = cents // 100, cents // 10 % 10, cents % 10
    text = f"{_capitals(whole_units)}{unit}" if whole_units else ""
    if not tens and not ones:
        return f"{sign}{text}整"
    jiao = f"{_CAPITALS[tens]}角" if tens else ("零" if whole_units else "")
    return sign + text + jiao + (f"{_CAPITALS[ones]}分" if ones else "")


_CAPITALS = "零壹贰叁肆伍陆柒捌玖"
_MOST_CAPITALS = 16  # digits


def _capitals(number: int) -> str:
    for size, name in ((10**8, "亿"), (10**4, "万"), (10**3, "仟"), (10**2, "佰"), (10, "拾")):
        if number >= size:
            rest = number % size
            gap = "零" if rest and rest * 10 < size else ""
            return _capitals(number // size) + name + gap + _capitals(rest)
    return _CAPITALS[number] if number else ""


def as_number(value: Any, digits: int | None = None, separator: str = ",") -> str:
    """Show a number in groups of three digits, rounded to ``digits`` behind the point: 1234.5 as 1,234.50."""
    number = _number(value)
    if number is None:
        return shown(value)
    return f"{_rounded(number, digits):,f}".replace(",", shown(separator)[:1])


def percent(value: Any, of: Any = 1, digits: int | None = None) -> str:
    """Show a number in per cent of another: 98.5 of 100 as 98.5%; nothing where there is nothing to divide by."""
    number, whole = _number(value), _number(of)
    if number is None or not whole:
        return ""
    share = Arithmetic(prec=MAX_DIGITS).divide(number, whole) * 100
    if digits is not None:
        return f"{_rounded(share, digits):f}%"
    return f"{points(f'{_rounded(share, 2):f}')}%"


def _number(value: Any) -> Decimal | None:
    if isinstance(value, float | bool) or not isinstance(value, str | int | Decimal):
        return Decimal(str(value)) if isinstance(value, float) and abs(value) < 10**MAX_DIGITS else None
    try:
        number = Decimal(str(value).strip() or "x")
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= MAX_DIGITS else None


def _rounded(number: Decimal, digits: int | None) -> Decimal:
    if digits is None:
        return number
    if not 0 <= digits <= MAX_DIGITS:
        raise SecurityError(f"a number cannot be shown with {digits} digits behind the point")
    return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, Arithmetic(prec=3 * MAX_DIGITS))


def sort_by(values: Iterable[Any], *attributes: str, reverse: bool = False) -> list[Any]:
    """Sort by one name of each value, then by the next: numbers by size, text as people do (1-9 before 1-10)."""
    listed: list[Any] = []
    for value in values:
        spend(steps=1)
        listed.append(value)
    for attribute in reversed(attributes or ("",)):
        keys = [shown(_field(value, attribute)) for value in listed]
        numbers = [_number(key) for key in keys if key]
        order: Callable[[str], Any] = _natural if None in numbers else lambda key: _number(key) or Decimal(0)
        filled = [pair for pair in zip(keys, listed, strict=True) if pair[0]]
        filled.sort(key=lambda pair: order(pair[0]), reverse=reverse)
        # What is not given comes last, whichever way the rest is sorted.
        listed = [value for _, value in filled] + [v for key, v in zip(keys, listed, strict=True) if not key]
    return listed


_natural = natsort_keygen(alg=ns.IGNORECASE)


def _field(value: Any, name: str) -> Any:
    if not name:
        return value
    if name.startswith("_"):
        raise SecurityError(f"{name!r} is not available in templates")
    if isinstance(value, Mapping):
        return value.get(name, "")
    if not hasattr(value, name):
        raise UnknownName(f"there is no {name!r}", name, fields(value))
    return getattr(value, name)


def rounded(value: Any, precision: int = 0, method: Literal["common", "ceil", "floor"] = "common") -> float:
    """Round a number to ``precision`` digits, as Jinja does, which would work for ever on millions of them."""
    if abs(precision) > MAX_DIGITS:
        raise SecurityError(f"a number cannot be rounded to {precision} digits")
    return do_round(value, precision, method)


def join(values: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
    """Join values, or one field of each, with a separator between them; links and the like stay what they are."""
    parts: list[str] = []
    size = 0
    for value in values:
        text = shown(getattr(value, attribute) if attribute and not attribute.startswith("_") else value)
        size += len(text) + len(separator)
        if size > MAX_TEXT:
            raise SecurityError(f"a text grows beyond {MAX_TEXT} characters")
        parts.append(text)
    if any(isinstance(part, Markup) for part in parts):
        return escape(separator).join(parts)
    return separator.join(parts)


FILTERS: dict[str, Callable[..., Any]] = {
    "date": as_date,
    "cn": cn,
    "capital": capital,
    "number": as_number,
    "percent": percent,
    "points": points,
    "sort_by": sort_by,
    "round": rounded,
    "join": join,
    "upper": lambda value: shown(value).upper(),
    "lower": lambda value: shown(value).lower(),
    "trim": lambda value: shown(value).strip(),
}
_BOUNDING: dict[str, Callable[..., Any]] = {
    "charged": _charged,
    "counted": _counted,
    "measured": _measured,
    "shown": shown,
}
