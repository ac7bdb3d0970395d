"""Follows the names in a template's tags without filling it: what is not there, what cannot be shown or looped over.

The tags of one part of a Word file are laid out as a small Jinja template, one tag a line, so that whatever is found on
a line is found in that tag. Types come from :mod:`dossier.views`: ``row`` in ``{% for row in index %}`` is a
:class:`~dossier.views.Row`, and ``row.titel`` is nothing.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from markupsafe import Markup

from dossier.errors import Severity
from dossier.sandbox import Language

_LANGUAGE = Language()
_MOST_NAMES = 16
_PREFIX = re.compile(r"^\{([%{#])(tr|tc|p|r)\s")
_WORDS = re.compile(r"^\{%[-+]?\s*(\w+)\s*(.*?)\s*[-+]?%\}$", re.DOTALL)
_OPENERS = ("for", "if", "with", "filter", "autoescape")
_FORBIDDEN = ("macro", "call", "block")
_BETWEEN = {"elif": ("if",), "else": ("if", "for")}


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong with the tag at a place in the list that was examined, counted from 0."""

    tag: int
    code: str
    message: str
    fix: str
    severity: Severity = "error"


def examine(tags: Sequence[str], names: Mapping[str, Any], elsewhere: Mapping[str, Sequence[str]]) -> list[Issue]:
    """Return what is wrong with the tags of one part, in their order.

    ``names`` are those that stand alone in this template, with their types; ``elsewhere`` says in which templates other
    names are there.
    """
    plain = [_plain(tag) for tag in tags]
    issues, plain = _checked_alone(plain)
    unbalanced, plain = _balanced(plain, tags)
    issues += unbalanced
    walker = _Walker(dict(names), elsewhere)
    walker.walk(_LANGUAGE.parse("\n".join(plain)))
    found = {(issue.tag, issue.message): issue for issue in [*issues, *walker.issues]}
    return sorted(found.values(), key=lambda issue: issue.tag)


def blocks(tags: Sequence[str]) -> list[list[int]]:
    """Return the tags of each loop and condition, its beginning first and its end last; without those that lack one."""
    found: list[list[int]] = []
    waiting: list[tuple[str, list[int]]] = []
    for number, tag in enumerate(map(_plain, tags)):
        kind = _kind(tag)
        if kind in _OPENERS or _is_block_set(tag):
            waiting.append((kind, [number]))
        elif kind in _BETWEEN and waiting:
            waiting[-1][1].append(number)
        elif kind.startswith("end") and waiting and waiting[-1][0] == kind.removeprefix("end"):
            found.append([*waiting.pop()[1], number])
    return found


def prefix(tag: str) -> str:
    """Return what says which element of the Word file a tag stands for: tr, tc, p, r, or nothing."""
    found = _PREFIX.match(tag)
    return found[2] if found else ""


# --- one tag, and its partner --------------------------------------------------------------------------------------


def _plain(tag: str) -> str:
    """Return a tag as Jinja knows it: without what says which element of the Word file it stands for."""
    tag = _PREFIX.sub(r"{\1 ", " ".join(tag.split()))
    words = _WORDS.match(tag)
    if words and words[1] in ("vm", "hm"):
        return "{# merged #}"
    if words and words[1] in ("colspan", "cellbg"):
        return f"{{{{ {words[2]} }}}}"
    return tag


def _checked_alone(tags: Sequence[str]) -> tuple[list[Issue], list[str]]:
    """Find the tags that are wrong whatever stands around them, and put harmless ones in their places."""
    issues: list[Issue] = []
    sound: list[str] = []
    for number, tag in enumerate(tags):
        try:
            _LANGUAGE.compiled(_completed(tag))
            sound.append(tag)
        except TemplateSyntaxError as error:
            issues.append(Issue(number, "tag-syntax", *_explained(tag, error.message or "")))
            sound.append(_substitute(tag))
        except RecursionError:
            issues.append(Issue(number, "tag-syntax", "the tag is nested too deeply", "make it simpler"))
            sound.append(_substitute(tag))
    return issues, sound


def _completed(tag: str) -> str:
    """Return a tag with the partners without which Jinja would not read it."""
    kind = _kind(tag)
    if kind.startswith("end"):
        return ""
    if kind in _BETWEEN:
        return f"{{% if true %}}{tag}{{% endif %}}"
    if kind in (*_OPENERS, *_FORBIDDEN) or _is_block_set(tag):
        return f"{tag}{{% end{kind} %}}"
    return tag


def _substitute(tag: str) -> str:
    """Return a tag that opens and closes what a wrong one does, and says nothing."""
    words = _WORDS.match(tag)
    kind, rest = (words[1], words[2]) if words else ("", "")
    if kind in ("if", "elif"):
        return f"{{% {kind} true %}}"
    if kind == "else" or kind.startswith("end"):
        return f"{{% {kind} %}}"
    if kind == "for":
        name = re.match(r"[^\W\d]\w*", rest)
        return f"{{% for {name[0] if name else '_'} in anything %}}"
    return "{# wrong #}"


def _kind(tag: str) -> str:
    words = _WORDS.match(tag)
    return words[1] if words else ""


def _is_block_set(tag: str) -> bool:
    words = _WORDS.match(tag)
    return bool(words and words[1] == "set" and "=" not in words[2])


def _balanced(tags: Sequence[str], shown: Sequence[str]) -> tuple[list[Issue], list[str]]:
    """Find the loops and conditions that do not begin or end; give them ends, and leave stray ends out."""
    issues: list[Issue] = []
    sound = [*tags, ""]
    waiting: list[tuple[int, str]] = []

    def close(number: int, before: str) -> str:
        opened, kind = waiting.pop()
        issues.append(_unclosed(opened, kind, shown[opened], before))
        return f"{{% end{kind} %}}{sound[number]}"

    for number, tag in enumerate(tags):
        kind = _kind(tag)
        own = kind.removeprefix("end")
        if kind in _OPENERS or _is_block_set(tag):
            waiting.append((number, kind))
        elif kind in _BETWEEN and not (waiting and waiting[-1][1] in _BETWEEN[kind]):
            fix = "put it between {% if … %} and {% endif %}"
            issues.append(Issue(number, "block-unopened", f"{shown[number]} stands outside any {{% if … %}}", fix))
            sound[number] = "{# stray #}"
        elif own != kind and any(opened == own for _, opened in waiting):
            while waiting[-1][1] != own:
                sound[number] = close(number, f" before {shown[number]}")
            waiting.pop()
        elif own in _FORBIDDEN:
            sound[number] = "{# said already #}"
        elif own != kind:
            fix = f"put {{% {own} … %}} before it, or delete it"
            if waiting:
                fix = f"what is open here is {{% {waiting[-1][1]} … %}}, which ends with {{% end{waiting[-1][1]} %}}"
            issues.append(Issue(number, "block-unopened", f"{shown[number]} ends what never began", fix))
            sound[number] = "{# stray #}"
    while waiting:
        sound[-1] += close(len(tags), "").removesuffix(sound[-1])
    return issues, sound


def _unclosed(number: int, kind: str, shown: str, before: str) -> Issue:
    prefix = _PREFIX.match(shown)
    end = f"{{%{prefix[2] if prefix else ''} end{kind} %}}"
    return Issue(number, "block-unclosed", f"{shown} has no {end}{before}", f"put {end} where it ends")


def _explained(tag: str, said: str) -> tuple[str, str]:
    """Return what is wrong with a tag, and what to do, in an author's words."""
    unknown = re.search(r"unknown tag '(\w+)'", said)
    if unknown and unknown[1] in ("tr", "tc", "p", "r"):
        return (
            f"{tag} is not understood: after `{unknown[1]}` only a loop or condition without a % sign can stand",
            "write {%tr for row in index %}, {%p if dossier.subtitle %}, and no space between {% and tr",
        )
    if unknown:
        known = (*_OPENERS[:3], "set", "else", "elif", "endfor", "endif")
        return f"there is no tag {{% {unknown[1]} … %}}", _suggest(unknown[1], known, "write {% for … %} or {% if … %}")
    filter_ = re.search(r"No filter named '([^']+)'", said)
    if filter_:
        return f"there is no form {filter_[1]!r}", _suggest(filter_[1], _forms(), _one_of(_forms()))
    test = re.search(r"No test named '([^']+)'", said)
    if test:
        return f"there is no test {test[1]!r}", _suggest(test[1], _LANGUAGE.tests, "write == to compare")
    if "not available in templates" in said:
        return said, "templates may show values, loop over lists and compare; see templates/README.md"
    quotes = re.search("[“”‘’]", tag) and re.search("[\"']", tag)
    if quotes:
        return f"{tag} is not understood: {said}", "write curly quotes that are to be printed outside the tag"
    return f"{tag} is not understood: {said}", "correct the tag in Word; templates/README.md says what tags may hold"


def _forms() -> list[str]:
    return sorted(name for name in _LANGUAGE.filters if name not in ("charged", "counted", "measured", "shown"))


def _suggest(name: str, known: Iterable[str], otherwise: str) -> str:
    by_folded = {one.casefold(): one for one in known}
    close = get_close_matches(name.casefold(), list(by_folded), n=1)
    return f"did you mean {by_folded[close[0]]!r}?" if close else otherwise


def _one_of(names: Iterable[str]) -> str:
    some = list(names)
    more = f" and {len(some) - _MOST_NAMES} more" if len(some) > _MOST_NAMES else ""
    return f"use one of {', '.join(some[:_MOST_NAMES])}{more}; templates/README.md says what they are"


# --- types ---------------------------------------------------------------------------------------------------------


class _Loop:
    """``loop`` inside a loop."""

    index: int
    index0: int
    revindex: int
    revindex0: int
    first: bool
    last: bool
    length: int
    depth: int
    depth0: int
    previtem: Any
    nextitem: Any
    cycle: Callable[..., Any]
    changed: Callable[..., bool]


class _Group:
    """What ``groupby`` makes a list of."""

    grouper: Any
    list: Any


_TEXT = (str, Markup)
_LISTS = (tuple, list, set, frozenset)
_ABSTRACT_LISTS = (Sequence, Iterable, Iterator)


def _alternatives(hint: Any) -> list[Any]:
    """Return the plain types that a value may have, None left out; none are returned where nothing is known."""
    if hint is Any or hint is None or hint is type(None):
        return []
    origin = get_origin(hint)
    if origin is Annotated:
        return _alternatives(get_args(hint)[0])
    if origin in (Union, types.UnionType):
        found = [_alternatives(one) for one in get_args(hint) if one is not type(None)]
        return [one for several in found for one in several] if all(found) else []
    return [hint]


def _single(hint: Any) -> Any:
    found = _alternatives(hint)
    return found[0] if len(found) == 1 else None


def _is_function(plain: Any) -> bool:
    return (get_origin(plain) or plain) is Callable or get_origin(plain) is get_origin(Callable[..., Any])


def _is_mapping(plain: Any) -> bool:
    kind = get_origin(plain) or plain
    return is_typeddict(kind) or (isinstance(kind, type) and issubclass(kind, Mapping))


def _is_sequence(plain: Any) -> bool:
    kind = get_origin(plain) or plain
    return kind in _ABSTRACT_LISTS or (isinstance(kind, type) and issubclass(kind, _LISTS))


def _is_record(plain: Any) -> bool:
    """Say whether a type is one of several values, each behind a dot."""
    return isinstance(plain, type) and plain.__module__.startswith("dossier.") and hasattr(plain, "__annotations__")


def _element(plain: Any) -> Any:
    arguments = [one for one in get_args(plain) if one is not Ellipsis]
    return arguments[0] if len(arguments) == 1 else Any


@cache
def _members(plain: type) -> dict[str, Any]:
    """Return the types behind a dot, by name."""
    hints = get_type_hints(plain, include_extras=True)
    for name in dir(plain):
        if not name.startswith("_") and name not in hints:
            member = getattr(plain, name)
            if isinstance(member, property):
                hints[name] = get_type_hints(member.fget, include_extras=True).get("return", Any)
            else:
                hints[name] = Callable[..., Any] if callable(member) else Any
    return {name: hint for name, hint in hints.items() if not name.startswith("_")}


# --- the walk ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Walker:
    """Visits a parsed template with the types of all names in sight."""

    names: dict[str, Any]
    elsewhere: Mapping[str, Sequence[str]]
    issues: list[Issue] = field(default_factory=list)
    frames: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    left: dict[str, str] = field(default_factory=dict)  # names of loops that have ended
    tested: set[str] = field(default_factory=set)

    def walk(self, tree: nodes.Template) -> None:
        """Visit all of a template."""
        for test in tree.find_all(nodes.Test):
            if test.name in ("defined", "undefined") and isinstance(test.node, nodes.Name):
                self.tested.add(test.node.name)
        for filtered in tree.find_all(nodes.Filter):
            if filtered.name in ("default", "d") and isinstance(filtered.node, nodes.Name):
                self.tested.add(filtered.node.name)
        self._bodies(tree.body)

    def _bodies(self, body: Iterable[nodes.Node]) -> None:
        for node in body:
            self._statement(node)

    def _statement(self, node: nodes.Node) -> None:
        match node:
            case nodes.Output():
                for part in node.nodes:
                    if not isinstance(part, nodes.TemplateData):
                        self._printed(part)
            case nodes.For():
                self._loop(node)
            case nodes.If():
                self._type(node.test)
                self._bodies([*node.body, *node.elif_, *node.else_])
            case nodes.Assign():
                self._bind(node.target, self._type(node.node))
            case nodes.AssignBlock():
                self._bodies(node.body)
                self._bind(node.target, str)
            case nodes.With():
                values = [self._type(value) for value in node.values]
                self.frames.append({})
                for target, value in zip(node.targets, values, strict=True):
                    self._bind(target, value)
                self._bodies(node.body)
                self.frames.pop()
            case nodes.FilterBlock():
                self._bodies(node.body)
            case _:
                for child in node.iter_child_nodes():
                    self._statement(child) if isinstance(child, nodes.Stmt) else self._type(child)

    def _loop(self, node: nodes.For) -> None:
        element = self._over(node.iter)
        self.frames.append({})
        self._bind(node.target, element)
        bound = set(self.frames[-1])
        if node.test is not None:
            self._type(node.test)
        self.frames[-1]["loop"] = _Loop
        self._bodies(node.body)
        self.frames.pop()
        self._bodies(node.else_)
        self.left |= dict.fromkeys(bound, _say(node.iter))

    def _over(self, node: nodes.Node) -> Any:
        """Return the type of what a loop gives, one after the other."""
        found = _single(self._type(node))
        if found is None:
            return Any
        if _is_sequence(found):
            return _element(found)
        if _is_mapping(found):
            return str
        if found in _TEXT or not isinstance(get_origin(found) or found, type):
            return Any
        if found in (int, float, bool) or _is_record(found):
            lists = [name for name, hint in _known(found).items() if _is_sequence(_single(hint))]
            self._report(node, "not-a-list", f"`{_say(node)}` is no list, so nothing can loop over it",
                         f"loop over {' or '.join(f'{_say(node)}.{name}' for name in lists)}" if lists else
                         "loop over a list, such as index, items or scores.rows")  # fmt: skip
        return Any

    def _bind(self, target: nodes.Node, hint: Any) -> None:
        if isinstance(target, nodes.Name):
            self.frames[-1][target.name] = hint
        elif isinstance(target, nodes.Tuple):
            for one in target.items:
                self._bind(one, Any)

    def _printed(self, node: nodes.Node) -> None:
        found = _single(self._type(node))
        said = _say(node)
        if found is None:
            return
        if _is_function(found):
            self._report(node, "not-text", f"`{said}` is a function, and here it is not called",
                         f"write {said}(…) with what it is to work on")  # fmt: skip
        elif _is_sequence(found) or _is_mapping(found):
            self._report(node, "not-text", f"`{said}` is a list and cannot be shown as it is",
                         f"loop over it with {{% for … in {said} %}}, or show {said}|length")  # fmt: skip
        elif _is_record(found):
            names = list(_known(found))
            self._report(node, "not-text", f"`{said}` is several values and cannot be shown as it is",
                         f"name one of them: {', '.join(f'{said}.{name}' for name in names[:6])}")  # fmt: skip

    def _type(self, node: nodes.Node | None) -> Any:  # noqa: PLR0912 - one line a kind of node
        match node:
            case nodes.Name():
                return self._name(node)
            case nodes.Getattr():
                return self._behind(node, node.node, node.attr)
            case nodes.Getitem():
                if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
                    return self._behind(node, node.node, node.arg.value)
                self._type(node.arg)
                return self._nth(node)
            case nodes.Call():
                return self._call(node)
            case nodes.Filter():
                return self._filter(node)
            case nodes.Test():
                if node.name not in ("defined", "undefined"):
                    self._type(node.node)
                self._arguments(node)
                return bool
            case nodes.Const():
                return type(node.value)
            case nodes.Concat():
                for part in node.nodes:
                    self._type(part)
                return str
            case nodes.Compare() | nodes.Not():
                self._children(node)
                return bool
            case nodes.CondExpr():
                self._type(node.test)
                found = [self._type(node.expr1), self._type(node.expr2)]
                return found[0] if found[0] == found[1] else Any
            case None:
                return Any
            case _:
                self._children(node)
                return Any

    def _children(self, node: nodes.Node) -> None:
        for child in node.iter_child_nodes():
            self._type(child)

    def _arguments(self, node: nodes.Call | nodes.Filter | nodes.Test) -> None:
        for argument in [*node.args, *(keyword.value for keyword in node.kwargs)]:
            self._type(argument)

    def _name(self, node: nodes.Name) -> Any:
        for frame in reversed(self.frames):
            if node.name in frame:
                return frame[node.name]
        if node.name in self.names:
            return self.names[node.name]
        if node.name in ("range", "namespace", "anything"):
            return Any
        if node.name not in self.tested:
            self._missing(node)
        return Any

    def _missing(self, node: nodes.Name) -> None:
        name = node.name
        if name in self.left:
            self._report(node, "unknown-name", f"`{name}` is known only inside the loop over {self.left[name]}",
                         "move the tag into that loop, between its `for` and its `endfor`")  # fmt: skip
        elif name == "loop":
            self._report(node, "unknown-name", "`loop` is known only inside a loop", "move the tag into a loop")
        elif name in self.elsewhere:
            where = " and ".join(self.elsewhere[name])
            self._report(node, "not-here", f"`{name}` is there only in {where}",
                         f"use it in {where}, or another name here")  # fmt: skip
        else:
            near = {key: hint for frame in reversed(self.frames) for key, hint in frame.items()}
            known = {**near, **self.names, **near}
            behind = [f"{one}.{name}" for one, hint in known.items() if name in _known(_single(hint))]
            same = any(one.casefold() == name.casefold() for one in known)
            otherwise = f"did you mean {' or '.join(behind[:3])}?" if behind else _one_of(sorted(known))
            fix = otherwise if behind and not same else _suggest(name, known, otherwise)
            self._report(node, "unknown-name", f"there is no name {name!r}", fix)

    def _behind(self, node: nodes.Node, before: nodes.Node, name: str) -> Any:
        found = _single(self._type(before))
        if name.startswith("_"):
            self._report(node, "unknown-name", f"`{_say(node)}` is not available in templates", "use another name")
            return Any
        if found is None or not isinstance(get_origin(found) or found, type):
            return Any
        said = _say(before)
        if _is_function(found):
            self._report(node, "unknown-name", f"`{said}` is a function: nothing stands behind its dot",
                         f"write {said}(…), or another name")  # fmt: skip
            return Any
        if _is_mapping(found):
            return next(iter(get_args(found)[1:]), Any)
        if _is_sequence(found):
            if not hasattr(get_origin(found) or found, name):
                inner = _known(_single(_element(found)))
                fix = (f"loop over it: {{% for one in {said} %}}, then write one.{name}" if name in inner
                       else f"loop over it, or show {said}|length")  # fmt: skip
                self._report(node, "unknown-name", f"`{said}` is a list, which has no {name!r}", fix)
            return Any
        known = _known(found)
        if name in known:
            return known[name]
        if hasattr(found, name):
            return Any
        shown = known if _is_record(found) else {}
        kind = {str: "text", int: "a number", bool: "true or false"}.get(found, "")
        message = f"there is no {name!r} in `{said}`" + (f", which is {kind}" if kind else "")
        otherwise = _one_of(shown) if shown else f"write {said} alone"
        self._report(node, "unknown-name", message, _suggest(name, shown, otherwise))
        return Any

    def _nth(self, node: nodes.Getitem) -> Any:
        hint = self._type(node.node)
        found = _single(hint)
        if found is None or not _is_sequence(found):
            return Any
        return hint if isinstance(node.arg, nodes.Slice) else _element(found)

    def _call(self, node: nodes.Call) -> Any:
        found = _single(self._type(node.node))
        self._arguments(node)
        if found is None:
            return Any
        if _is_function(found):
            wanted = get_args(found)[0]
            given = len(node.args) + len(node.kwargs)
            if isinstance(wanted, list) and node.dyn_args is None and given != len(wanted):
                one = "one value" if len(wanted) == 1 else f"{len(wanted)} values"
                self._report(node, "call", f"`{_say(node.node)}` works on {one}, not on {given}",
                             f'write {_say(node.node)}("1-1") with an id')  # fmt: skip
            return get_args(found)[-1]
        if found in (str, int, bool) or _is_record(found) or _is_sequence(found):
            said = _say(node.node)
            self._report(node, "call", f"`{said}` is no function", f"write {said} without brackets")
        return Any

    def _filter(self, node: nodes.Filter) -> Any:
        if node.node is None:  # the inside of a {% filter %}
            return str
        hint = self._type(node.node)
        self._arguments(node)
        found = _single(hint)
        element = _element(found) if found is not None and _is_sequence(found) else Any
        self._attribute(node, _single(element))
        if node.name in _SAME:
            return list[element] if element is not Any else Any  # type: ignore[valid-type]
        if node.name in ("first", "last", "min", "max"):
            return element
        if node.name == "groupby":
            return list[_Group]
        if node.name in ("default", "d"):
            return hint
        if node.name in ("count", "length"):
            return int
        return Any

    def _attribute(self, node: nodes.Filter, element: Any) -> None:
        """Look at the name of a field that a filter is given as text."""
        named = next((one.value for one in node.kwargs if one.key == "attribute"), None)
        if named is None and node.args and node.name in _BY_FIELD:
            named = node.args[0]
        if element is None or not _is_record(element) or not isinstance(named, nodes.Const):
            return
        if isinstance(named.value, str):
            first = named.value.split(",")[0].split(".")[0].strip().lstrip("-")
            known = _known(element)
            if first not in known:
                self._report(node, "unknown-name", f"there is no {first!r} in the members of `{_say(node.node)}`",
                             _suggest(first, known, _one_of(known)))  # fmt: skip

    def _report(self, node: nodes.Node, code: str, message: str, fix: str) -> None:
        self.issues.append(Issue(node.lineno - 1, code, message, fix))


_SAME = frozenset({"list", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "sort_by", "unique"})
_BY_FIELD = frozenset({"groupby", "rejectattr", "selectattr", "sort_by"})


def _known(plain: Any) -> dict[str, Any]:
    """Return what an author may write after the dot of a value of a type; texts and numbers have nothing worth it."""
    return _members(plain) if isinstance(plain, type) and (_is_record(plain) or plain in (_Loop, _Group)) else {}


def _say(node: nodes.Node | None) -> str:
    """Return an expression as its author wrote it, more or less."""
    match node:
        case nodes.Name():
            return str(node.name)
        case nodes.Getattr():
            return f"{_say(node.node)}.{node.attr}"
        case nodes.Getitem():
            return f"{_say(node.node)}[…]"
        case nodes.Call():
            return f"{_say(node.node)}(…)"
        case nodes.Filter():
            return f"{_say(node.node)}|{node.name}"
        case nodes.Const():
            return repr(node.value)
    return "…"
