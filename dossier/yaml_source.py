"""YAML text → plain values that remember where, and how, they were written.

YAML guesses types: ``no`` becomes false, ``010`` becomes 8, ``1.10`` becomes 1.1. Here nothing is guessed away: quoted
and ordinary text is ``str``; what YAML would turn into something else stays :class:`Plain`, with the text as written,
for whoever knows what the field wants. Aliases, tags, duplicate keys and further documents are refused, and size,
depth and number of values are limited, for a manifest may come from anywhere.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import yaml
from yaml.resolver import Resolver

from dossier.errors import Problem

MAX_BYTES: Final = 5_000_000
MAX_DEPTH: Final = 40
MAX_VALUES: Final = 500_000

Kind = Literal["integer", "decimal", "boolean", "date", "nothing", "refused"]

_STANDARD = "tag:yaml.org,2002:"
_KINDS: dict[str, Kind] = {
    "int": "integer",
    "float": "decimal",
    "bool": "boolean",
    "timestamp": "date",
    "null": "nothing",
}
_TEXT_TAGS = frozenset({"str", "merge", "value"})
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times faster, but not in every wheel
_RESOLVER = Resolver()
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FULL_WIDTH: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"^[ \t]*(?:- +)?[{ ]*\w+："), "colon", "did you mean `: `, a half-width colon and a space?"),
    (re.compile(r"^[ \t]*[\u3000\u00a0]"), "space at its beginning", "indent with spaces"),
    (re.compile(r"^[ \t]*[－—–‐]\s"), "dash", "did you mean `- `, a half-width hyphen and a space?"),
    (re.compile(r"^[ \t]*(?:- +)?[｛［]|[｝］]\s*$"), "bracket", "did you mean one of `{ } [ ]`, all half-width?"),
    (re.compile(r"，\s*\w+: "), "comma", "did you mean `, `, a half-width comma and a space?"),
)  # what input methods type, the likeliest first


class Place(NamedTuple):
    """A position in the text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Plain:
    """A value without quotes that YAML reads as something else than text; ``text`` is what was written."""

    text: str
    kind: Kind

    @property
    def empty(self) -> bool:
        """Say whether nothing at all was written."""
        return self.kind == "nothing" and not self.text


class Mapping(dict[str, "Value"]):
    """Keys and values, the place of each key and value, and the place where all of it begins."""

    __slots__ = ("key_places", "place", "places")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: dict[str, Place] = {}
        self.key_places: dict[str, Place] = {}


class Listing(list["Value"]):
    """Values in order, the place of each, and the place where all of it begins."""

    __slots__ = ("place", "places")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: list[Place] = []


Value = str | Plain | Mapping | Listing


@dataclass(frozen=True, slots=True)
class Source:
    """What was read: ``root`` is None where the text is no mapping, or could not be read to its end."""

    root: Mapping | None
    problems: tuple[Problem, ...]


class _Stop(Exception):
    """Reading cannot go on; the problem says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def parse(data: bytes, name: str) -> Source:
    """Read a file's bytes; ``name`` is how problems call the file. Raises nothing: all that is wrong is a Problem."""
    reader = _Reader(name)
    root: Value | None = None
    try:
        root = reader.read(_decode(data, name))
    except _Stop as stop:
        reader.problems.append(stop.problem)
        return Source(None, tuple(reader.problems))
    if isinstance(root, Mapping):
        return Source(root, tuple(reader.problems))
    if root is None or (isinstance(root, Plain) and root.empty):
        problem = Problem("yaml-empty", "the file is empty", "describe the dossier in it, from `title:` on", where=name)
    else:
        where = _where(name, root.place if isinstance(root, Listing) else Place(1, 1))
        problem = Problem("yaml-type", "the file is not made of `key: value` lines", "begin with `title:`", where=where)
    return Source(None, (*reader.problems, problem))


def follow(root: Mapping, path: Sequence[str | int]) -> list[Value]:
    """Return ``root`` and the values that ``path`` leads through, as far as they were written."""
    trail: list[Value] = [root]
    for step in path:
        inner = _inside(trail[-1], step)
        if inner is None:
            break
        trail.append(inner)
    return trail


def place_of(root: Mapping, path: Sequence[str | int], *, key: bool = False) -> Place:
    """Return where the value at ``path`` stands, or its key; where nothing was written there, what should hold it."""
    trail = follow(root, path)
    if len(trail) == 1:
        return root.place
    holder, step = trail[-2], path[len(trail) - 2]
    if isinstance(holder, Mapping) and isinstance(step, str):
        return (holder.key_places if key and len(trail) > len(path) else holder.places)[step]
    return holder.places[step] if isinstance(holder, Listing) and isinstance(step, int) else root.place


def _inside(value: Value, step: str | int) -> Value | None:
    if isinstance(value, Mapping) and isinstance(step, str):
        return value[step] if step in value.places else None
    return value[step] if isinstance(value, Listing) and isinstance(step, int) and step < len(value) else None


def _where(name: str, place: Place) -> str:
    return f"{name}:{place.line}:{place.column}"


# --- bytes to text -------------------------------------------------------------------------------------------------


def _decode(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
        raise _Stop(Problem("yaml-limit", message, "split the dossier into several manifests", where=name))
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Stop(_not_utf8(data, error.start, name)) from None
    found = _UNPRINTABLE.search(text)
    if found:
        place = _place_at(text, found.start())
        message = f"invisible character U+{ord(found[0]):04X}"
        raise _Stop(Problem("yaml-character", message, "delete it, or type a space instead", where=_where(name, place)))
    return text


def _not_utf8(data: bytes, offset: int, name: str) -> Problem:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        guess = "UTF-16, which Windows calls Unicode"
    else:
        try:
            data.decode("gb18030")
        except UnicodeDecodeError:
            guess = ""
        else:
            guess = "GB18030, which Chinese Windows calls ANSI"
    place = _place_at(data[:offset].decode("utf-8"), None)
    message = f"the file is not UTF-8; it looks like {guess}" if guess else "the file is not UTF-8 text"
    fix = "open it in an editor and save it with the encoding UTF-8"
    return Problem("yaml-encoding", message, fix, where=_where(name, place))


def _place_at(text: str, offset: int | None) -> Place:
    before = re.sub("\r\n?", "\n", text[:offset])
    return Place(before.count("\n") + 1, len(before) - before.rfind("\n"))


# --- text to values ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come; ``key`` waits for its value, ``dropped`` says not to keep that."""

    container: Mapping | Listing
    key: str | None = None
    dropped: bool = False


@dataclass(slots=True)
class _Reader:
    """Builds values from the parser's events, never deeper or larger than the limits, and without recursion."""

    name: str
    problems: list[Problem] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)
    _count: int = 0
    _documents: int = 0
    _root: Value | None = None
    _lines: list[str] = field(default_factory=list)

    def read(self, text: str) -> Value | None:
        self._lines = re.split("\r\n|[\r\n]", text)
        for event in self._events(text):
            if isinstance(event, yaml.DocumentStartEvent):
                self._begin_document(event)
            elif isinstance(event, yaml.NodeEvent):
                self._take(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
        return self._root

    def _events(self, text: str) -> Iterator[Any]:
        try:
            yield from yaml.parse(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            raise _Stop(self._syntax(error)) from None
        except yaml.YAMLError as error:
            fix = "look for unusual characters in the file"
            raise _Stop(Problem("yaml-syntax", f"the file cannot be read: {error}", fix, where=self.name)) from None

    def _report(self, code: str, message: str, fix: str, place: Place) -> None:
        self.problems.append(Problem(code, message, fix, where=_where(self.name, place)))

    def _begin_document(self, event: yaml.Event) -> None:
        self._documents += 1
        if self._documents > 1:
            fix = "write one file for each dossier; delete the line `---`"
            where = _where(self.name, _place(event))
            raise _Stop(Problem("yaml-documents", "a second document begins here", fix, where=where))

    def _take(self, event: Any) -> None:
        place = _place(event)
        self._count += 1
        if self._count > MAX_VALUES:
            fix = "split the dossier into several manifests"
            message = f"the file holds more than {MAX_VALUES:,} values"
            raise _Stop(Problem("yaml-limit", message, fix, where=_where(self.name, place)))
        if event.anchor is not None and not isinstance(event, yaml.AliasEvent):
            fix = "delete the anchor, or put quotes around text that begins with `&`"
            self._report("yaml-alias", f"anchor `&{event.anchor}`: anchors and aliases are not allowed", fix, place)
        self._add(self._value(event, place), place)

    def _value(self, event: Any, place: Place) -> Value:
        if isinstance(event, yaml.AliasEvent):
            fix = f'write the value out, or put it in quotes: "*{event.anchor}"'
            self._report("yaml-alias", f"alias `*{event.anchor}`: anchors and aliases are not allowed", fix, place)
            return Plain(f"*{event.anchor}", "refused")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", _STANDARD + ("map" if mapping else "seq")):
            self._refuse_tag(event.tag, place)
        return Mapping(place) if mapping else Listing(place)

    def _scalar(self, event: Any, place: Place) -> str | Plain:
        text: str = event.value
        tag = event.tag
        if tag in (None, "!"):
            quoted = bool(event.style) or tag == "!"
            tag = _STANDARD + "str" if quoted else _resolve(text)
        kind = tag.removeprefix(_STANDARD)
        if tag.startswith(_STANDARD) and kind in _KINDS:
            value = Plain(text, _KINDS[kind])
            if value.empty:
                self._look_for_swallowed_text(place)
            return value
        if not tag.startswith(_STANDARD) or kind not in _TEXT_TAGS:
            self._refuse_tag(tag, place)
            return Plain(text, "refused")
        return text

    def _refuse_tag(self, tag: str, place: Place) -> None:
        short = tag.replace(_STANDARD, "!!")
        fix = "delete the tag, or put quotes around text that begins with `!`"
        self._report("yaml-tag", f"tag `{shorten(short)}`: tags are not allowed", fix, place)

    def _look_for_swallowed_text(self, place: Place) -> None:
        """Report ``color: #FF0000``: to YAML that is an empty value and a comment."""
        line = self._lines[place.line - 1] if place.line <= len(self._lines) else ""
        rest = line[place.column - 1 :].strip()
        if re.match(r"#[^#\s]", rest):
            message = f"`{shorten(rest)}` is a comment to YAML, so nothing is given here"
            fix = f'put it in quotes: "{shorten(rest)}"; if it is a comment, write a space after `#`'
            self._report("yaml-comment", message, fix, place)

    def _add(self, value: Value, place: Place) -> None:
        """Put a value where it belongs; a mapping or list stays open for what follows."""
        if self._open:
            self._put(self._open[-1], value, place)
        else:
            self._root = value
        if isinstance(value, Mapping | Listing):
            if len(self._open) == MAX_DEPTH:
                where = _where(self.name, place)
                message = f"values are nested more than {MAX_DEPTH} deep"
                raise _Stop(Problem("yaml-limit", message, "look for brackets that are never closed", where=where))
            self._open.append(_Open(value))

    def _put(self, parent: _Open, value: Value, place: Place) -> None:
        container = parent.container
        if isinstance(container, Listing):
            container.append(value)
            container.places.append(place)
        elif parent.key is None:
            self._begin_key(parent, container, value, place)
        else:
            if not parent.dropped:
                container[parent.key] = value
                container.places[parent.key] = place
            parent.key, parent.dropped = None, False

    def _begin_key(self, parent: _Open, container: Mapping, value: Value, place: Place) -> None:
        if isinstance(value, Mapping | Listing):
            fix = "put quotes around text that holds brackets or braces"
            self._report("yaml-key", "a key must be text, not a list or a mapping", fix, place)
            parent.key, parent.dropped = "", True
            return
        key = value if isinstance(value, str) else value.text
        parent.key, parent.dropped = key, key in container
        if parent.dropped:
            first = container.key_places[key]
            message = f"key `{shorten(key)}` is given twice: here and on line {first.line}"
            self._report("yaml-duplicate-key", message, "delete one of the two", place)
        else:
            container.key_places[key] = place

    # --- syntax errors, in plain words -----------------------------------------------------------------------------

    def _syntax(self, error: yaml.MarkedYAMLError) -> Problem:
        told = str(error.problem or error.context or "not YAML")
        mark = error.problem_mark or error.context_mark
        unclosed = "quoted scalar" in str(error.context) and ("end of stream" in told or "document indicator" in told)
        if unclosed:
            mark = error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        lines = self._lines[max(0, place.line - 2) : place.line]
        typed = next(((line, *rest) for like, *rest in _FULL_WIDTH for line in lines if like.search(line)), None)
        if typed:
            line, name, fix = typed
            message = f"`{shorten(line.strip())}` has a full-width {name}"
        else:
            message, fix = _explain(told, unclosed, self._character(place))
        return Problem("yaml-syntax", message, fix, where=_where(self.name, place))

    def _character(self, place: Place) -> str:
        line = self._lines[place.line - 1] if place.line <= len(self._lines) else ""
        return line[place.column - 1 : place.column]


_QUOTES = 'put the whole value in quotes: "…"'
_EXPLANATIONS: tuple[tuple[str, str, str], ...] = (
    ("mapping values are not allowed", "a second `: ` in one value, or a line that is indented wrongly",
     'put a value that holds `: ` in quotes: "…"; else line the key up with its neighbours'),
    ("block sequence entries are not allowed", "a list begins in the middle of a line",
     'put text that begins with `- ` in quotes: "…"; begin a list on a line of its own'),
    ("alphabetic or numeric character", "text begins with `*` or `&`", _QUOTES),
    ("unknown escape character", "`\\` means something else inside double quotes",
     "use single quotes: '…', or `/` in paths"),
    ("expected ',' or ']'", "a list begun with `[` is not closed, or lacks a comma",
     'close it with `]`; put text that begins with `[` in quotes: "…"'),
    ("expected ',' or '}'", "a mapping begun with `{` is not closed, or lacks a comma",
     'close it with `}`; put text that begins with `{` in quotes: "…"'),
    ("could not find expected ':'", "a key without `: `", "write `key: value`, with a half-width colon and a space"),
    ("did not find expected key", "this does not go on what was begun before",
     "line it up with its neighbours; a value that begins with a quote, `[` or `{` must end with its mate"),
    ("expected '-' indicator", "this does not go on the list above", "begin each entry with `- `, all in one column"),
    ("<document start>", "a second document begins here", "write one file for each dossier"),
    ("tab character", "a tab", "indent with spaces"),
)  # fmt: skip


def _explain(told: str, unclosed: bool, character: str) -> tuple[str, str]:
    if unclosed:
        return "a quote is opened here and never closed", "close it; double a quote that is part of the text"
    if "cannot start any token" in told:
        if character == "\t":
            return "a tab", "indent with spaces"
        return f"text begins with `{character}`", _QUOTES
    for fragment, message, fix in _EXPLANATIONS:
        if fragment in told:
            return message, fix
    return f"not YAML: {told}", "check indentation, quotes and brackets on this line and the one before"


def shorten(text: str) -> str:
    """Return a text on one line and no longer than a message bears."""
    flat = " ".join(text[:200].split())
    return flat if len(flat) <= 60 else f"{flat[:59]}…"


def _resolve(text: str) -> str:
    """Return the tag that YAML gives to text without quotes."""
    resolver: Any = _RESOLVER
    return str(resolver.resolve(yaml.ScalarNode, text, (True, False)))


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)
