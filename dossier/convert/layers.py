"""Takes out of a PDF what its layers (optional content, ISO 32000-1, 8.11) hide when it is opened, and shows the rest.

A page becomes part of a book that has no layers, so what is hidden must go: viewers would show it and searches find it.
What hidden content sets (a position, a colour, a clip) stays in force for what follows, as 8.11.3.2 wants it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf

_DEEPEST = 50
_MOST_TERMS = 10_000  # of one condition
_HIDDEN = 1 << 1  # flag of annotations (12.5.3)
_INVISIBLE = b"3"  # text rendering mode (9.3.6)
_LONGEST_TAG = 600  # bytes
_STATES = {"/View": "/ViewState", "/Print": "/PrintState", "/Export": "/ExportState"}

# Words of content streams (7.2, 7.8.2); an inline image's data, and strings with brackets within, take more than these.
_SPACE = rb"[\0\t\n\f\r ]"
_REGULAR = rb"[^\0\t\n\f\r ()<>\[\]{}/%]"
_QUOTED = rb"\((?:[^()\\]|\\.)*+\)|\(|<[0-9A-Fa-f\0\t\n\f\r ]*>|%[^\r\n]*"
_BEFORE, _AFTER = rb"(?<![^\0\t\n\f\r ()<>\[\]{}%])", rb"(?!" + _REGULAR + rb")"
_MARK = re.compile(_QUOTED + rb"|" + _BEFORE + rb"(?:BDC|BMC|EMC|ID)" + _AFTER, re.DOTALL)
_MODE = re.compile(_QUOTED + rb"|" + _BEFORE + rb"(?:q|Q|ID|\d+" + _SPACE + rb"+Tr)" + _AFTER, re.DOTALL)
_WORD = re.compile(_QUOTED + rb"|/" + _REGULAR + rb"*+|" + _REGULAR + rb"++|<<|>>|[\[\]{}<>)/]", re.DOTALL)
_NESTED = re.compile(rb"\\.|[()]", re.DOTALL)
_TAG = re.compile(rb"/(%b*)%b*/(%b*)%b*\Z" % (_REGULAR, _SPACE, _REGULAR, _SPACE))
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_IMAGE_ENDS = re.compile(_SPACE + rb"EI(?=" + _SPACE + rb"(?:[\t\n\f\r -~]{20}|[\t\n\f\r -~]*\Z)|\Z)")
_SPACED_TEXT = re.compile(rb"%b*(%b+)%b+(%b+)%b*(.*)" % (_SPACE, _REGULAR, _SPACE, _REGULAR, _SPACE), re.DOTALL)
_OPERAND = re.compile(rb"[-+.\d(<\[\]>/%{})]|(?:true|false|null)\Z")

_SETTING = frozenset(
    b"q Q cm w J j M d ri i gs CS cs SC SCN sc scn G g RG rg K k "
    b"BT ET Tc Tw Tz TL Tf Tr Ts Td TD Tm T* BX EX d0 d1".split()
)
_PATH = frozenset(b"m l c v y h re".split())
_CLIPPING = frozenset((b"W", b"W*"))
_PAINTING = frozenset(b"f F f* B B* b b* S s n".split())
_SHOWING = frozenset((b"Tj", b"TJ", b"'", b'"'))
_PLACING = frozenset((b"Td", b"TD", b"Tm", b"T*", b"'", b'"', b"BT", b"ET"))


class Layers:
    """The layers of an open PDF as they are when it is opened to be looked at; ``hiding`` names those that hid a thing.

    First :meth:`hide_annotations`, then :meth:`visible` for each page's operators, and :meth:`forget` at the end.
    """

    def __init__(self, properties: Dictionary) -> None:
        self.hiding: dict[str, None] = {}
        default = properties.get(Name.D)
        default = default if isinstance(default, Dictionary) else Dictionary()
        self._every_on = default.get(Name.BaseState) != Name.OFF
        self._switched = _keys(default.get(Name.OFF if self._every_on else Name.ON))
        self._known = _keys(properties.get(Name.OCGs))
        self._intents = _names(default.get(Name.Intent, Name.View))
        self._used = dict(_usage(default.get(Name.AS)))
        self._found: dict[tuple[int, int], bool] = {}
        self._visited: set[tuple[int, int]] = set()
        self._conditions: list[Dictionary] = []  # dictionaries that name conditions
        self._conditional: list[pikepdf.Stream] = []

    def hide_annotations(self, annotations: Iterable[Dictionary]) -> None:
        """Flag annotations that are hidden, so that nobody draws or follows them."""
        for annotation in annotations:
            if Name.OC in annotation and self._hides(annotation.OC):
                flags = annotation.get(Name.F)
                annotation.F = (flags if isinstance(flags, int) else 0) | _HIDDEN

    def visible(self, pdf: Pdf, content: bytes, resources: Dictionary) -> bytes:
        """Return the operators that show what is visible; what they use by way of ``resources`` is changed in place."""
        self._go_through(pdf, resources)
        hidden = self._hidden_names(resources)
        return without_hidden(content, hidden) if hidden else content

    def forget(self) -> None:
        """Remove the conditions themselves: some viewers heed them without the list of layers that they belong to."""
        for stream in self._conditional:
            if Name.OC in stream:
                del stream[Name.OC]
        for conditions in self._conditions:
            for name in _conditions(conditions):
                conditions[name] = Dictionary()

    # --- which are hidden

    def _hides(self, condition: object) -> bool:
        """Say whether a layer, or a condition on several, hides what depends on it."""
        if not isinstance(condition, Dictionary):
            return False
        if condition.objgen not in self._found or not condition.is_indirect:
            shown = self._holds(condition) if condition.get(Name.Type) == Name.OCMD else self._is_on(condition)
            self._found[condition.objgen] = not shown
        hides = self._found[condition.objgen]
        if hides:
            self._name(condition)
        return hides

    def _name(self, condition: Dictionary) -> None:
        every = _groups(condition)
        for group in [group for group in every if not self._is_on(group)] or every:
            self.hiding.setdefault(" ".join(str(group.get(Name.Name, "?")).split()))

    def _is_on(self, group: Dictionary) -> bool:
        """Return a layer's state: the default, unless the file has it depend on the use that is made of it."""
        key = group.objgen
        intents = _names(group.get(Name.Intent, Name.View))
        if key not in self._known or not ("/All" in self._intents or intents & self._intents):
            return True
        on = self._every_on != (key in self._switched)
        usage = group.get(Name.Usage)
        if key in self._used and isinstance(usage, Dictionary):
            advice = [state for kind in self._used[key] if (state := _advice(usage, kind)) is not None]
            return all(advice) if advice else on
        return on

    def _holds(self, membership: Dictionary) -> bool:
        expression = membership.get(Name.VE)
        if isinstance(expression, Array):
            return self._evaluate(expression, _DEEPEST, [_MOST_TERMS])
        states = [self._is_on(group) for group in _groups(membership)]
        if not states:
            return True
        policy = str(membership.get(Name.P, Name.AnyOn))
        if policy == "/AllOn":
            return all(states)
        if policy == "/AnyOff":
            return not all(states)
        return not any(states) if policy == "/AllOff" else any(states)

    def _evaluate(self, expression: object, depth: int, left: list[int]) -> bool:
        """Evaluate a visibility expression (8.11.2.2); what makes no sense, or goes on without end, hides nothing."""
        left[0] -= 1
        if isinstance(expression, Dictionary):
            return self._is_on(expression)
        if not isinstance(expression, Array) or not len(expression) or not depth or left[0] < 0:
            return True
        how, *terms = expression.as_list()
        states = (self._evaluate(term, depth - 1, left) for term in terms)
        if how == Name.Not:
            return not next(states, False)
        return any(states) if how == Name.Or else all(states)

    # --- what they are used for

    def _hidden_names(self, resources: Dictionary) -> frozenset[bytes]:
        properties = resources.get(Name.Properties)
        if not isinstance(properties, Dictionary):
            return frozenset()
        names = (name for name in _conditions(properties) if self._hides(properties[name]))
        return frozenset(name[1:].encode("utf-8", "surrogateescape") for name in names)

    def _go_through(self, pdf: Pdf, resources: Dictionary) -> None:
        """Take what is hidden out of all that is drawn by way of resources."""
        waiting = [resources]
        while waiting:
            current = waiting.pop()
            if current.is_indirect:
                if current.objgen in self._visited:
                    continue
                self._visited.add(current.objgen)
            properties = current.get(Name.Properties)
            if isinstance(properties, Dictionary):
                self._conditions.append(properties)
            self._blank_hidden(pdf, current.get(Name.XObject))
            for stream, own in _drawn(current):
                if stream.objgen not in self._visited:
                    self._visited.add(stream.objgen)
                    self._rewrite(stream, own)
                    waiting.append(own)

    def _blank_hidden(self, pdf: Pdf, objects: object) -> None:
        for name, drawn in _entries(objects):
            if isinstance(drawn, pikepdf.Stream) and Name.OC in drawn:
                self._conditional.append(drawn)
                if self._hides(drawn.OC) and isinstance(objects, Dictionary):
                    nothing = Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 1, 1]))
                    objects[name] = pdf.make_stream(b"", nothing)

    def _rewrite(self, stream: pikepdf.Stream, resources: Dictionary) -> None:
        hidden = self._hidden_names(resources)
        if not hidden:
            return
        with suppress(pikepdf.PdfError):  # of what cannot be read, nothing is shown
            content = stream.read_bytes()
            visible = without_hidden(content, hidden)
            if visible is not content:
                stream.write(visible)


def of(pdf: Pdf) -> Layers | None:
    """Return the layers of a PDF, None where it has none."""
    properties = pdf.Root.get(Name.OCProperties)
    return Layers(properties) if isinstance(properties, Dictionary) else None


def _elements(value: object) -> list[Object]:
    return list(value.as_list()) if isinstance(value, Array) else []


def _entries(value: object) -> list[tuple[str, Object]]:
    return list(value.items()) if isinstance(value, Dictionary) else []


def _keys(value: object) -> set[tuple[int, int]]:
    return {group.objgen for group in _elements(value) if isinstance(group, Dictionary)}


def _names(value: object) -> set[str]:
    return {str(name) for name in (_elements(value) if isinstance(value, Array) else [value])}


def _groups(condition: Dictionary) -> list[Dictionary]:
    """Return the layers that a condition is about."""
    if condition.get(Name.Type) != Name.OCMD:
        return [condition]
    found: list[Dictionary] = []
    waiting: list[tuple[object, int]] = [(condition.get(Name.VE, condition.get(Name.OCGs)), _DEEPEST)]
    for _ in range(_MOST_TERMS):
        if not waiting:
            break
        node, depth = waiting.pop()
        if isinstance(node, Dictionary):
            found.append(node)
        elif depth:
            waiting += [(child, depth - 1) for child in reversed(_elements(node))]
    return found


def _conditions(properties: Dictionary) -> list[str]:
    """Return the names under which a dictionary of property lists has layers or conditions."""
    return [
        name
        for name, value in _entries(properties)
        if isinstance(value, Dictionary) and value.get(Name.Type) in (Name.OCG, Name.OCMD)
    ]


def _usage(value: object) -> Iterator[tuple[tuple[int, int], list[str]]]:
    """Yield the layers whose state depends on how the file is used, when it is looked at, and the uses that count."""
    for entry in _elements(value):
        if isinstance(entry, Dictionary) and entry.get(Name.Event) == Name.View:
            kinds = [str(kind) for kind in _elements(entry.get(Name.Category))]
            for key in _keys(entry.get(Name.OCGs)):
                yield key, kinds


def _advice(usage: Dictionary, kind: str) -> bool | None:
    """Return the state that a layer is to have in one kind of use; for magnified pages, as seen in their own size."""
    entry = usage.get(kind)
    if not isinstance(entry, Dictionary):
        return None
    if kind == "/Zoom":
        least, most = entry.get(Name.min, 0), entry.get(Name.max, 2)
        return bool(least <= 1 < most)
    state = entry.get(_STATES.get(kind, "/"))
    return None if state is None else state != Name.OFF


def _drawn(resources: Dictionary) -> Iterator[tuple[pikepdf.Stream, Dictionary]]:
    """Yield what has operators of its own, and the resources that these use."""
    for _, drawn in [*_entries(resources.get(Name.XObject)), *_entries(resources.get(Name.Pattern))]:
        if isinstance(drawn, pikepdf.Stream) and drawn.get(Name.Subtype) != Name.Image:
            yield drawn, _own(drawn, resources)
    for _, state in _entries(resources.get(Name.ExtGState)):
        mask = state.get(Name.SMask) if isinstance(state, Dictionary) else None
        group = mask.get(Name.G) if isinstance(mask, Dictionary) else None
        if isinstance(group, pikepdf.Stream):
            yield group, _own(group, resources)
    for _, font in _entries(resources.get(Name.Font)):
        if isinstance(font, Dictionary) and font.get(Name.Subtype) == Name.Type3:
            for _, glyph in _entries(font.get(Name.CharProcs)):
                if isinstance(glyph, pikepdf.Stream):
                    yield glyph, _own(font, resources)


def _own(node: Object, above: Dictionary) -> Dictionary:
    own = node.get(Name.Resources)
    return own if isinstance(own, Dictionary) else above


# --- operators -----------------------------------------------------------------------------------------------------


def without_hidden(content: bytes, hidden: Collection[bytes]) -> bytes:
    """Return operators without what is shown between ``/OC /name BDC`` and its ``EMC`` for any of the names.

    Where visible text goes on right behind hidden text, which is rare, the hidden stays as invisible text: nothing else
    is certain to be as wide.
    """
    return _Reader(content, hidden).read()


@dataclass(slots=True)
class _Reader:
    """Copies operators from start to end; where nothing is hidden, from one mark to the next."""

    content: bytes
    hidden: Collection[bytes]
    out: list[bytes] = field(default_factory=list)
    marks: list[bool] = field(default_factory=list)  # of the marked content that is open: whether it is hidden
    path: list[bytes] = field(default_factory=list)
    clips: bool = False
    owed: list[tuple[int, bytes, int]] = field(default_factory=list)  # place in out, what showed it, place in content
    looked: int = 0
    modes: list[bytes] = field(default_factory=lambda: [b"0"])

    def read(self) -> bytes:
        at = copied = 0
        while (mark := _MARK.search(self.content, at)) is not None:
            word, at = mark[0], mark.end()
            if word == b"(":
                at = _end_of_string(self.content, at)
            elif word == b"ID":
                at = _end_of_image(self.content, at)
            elif word == b"BMC":
                self.marks.append(False)
            elif word == b"EMC":
                if self.marks:
                    self.marks.pop()
            elif word == b"BDC":
                tag = self._hiding_tag(mark.start())
                self.marks.append(tag is not None)
                if tag is not None:
                    self.out.append(self.content[copied:tag])
                    at = copied = self._read_hidden(at)
        if not self.out:
            return self.content
        self.out.append(self.content[copied:])
        return b"".join(self.out)

    def _hiding_tag(self, at: int) -> int | None:
        """Return where the operands of a BDC at ``at`` begin, None where it hides nothing."""
        first = max(0, at - _LONGEST_TAG)
        tag = _TAG.search(self.content[first:at])
        if tag is None or _unescaped(tag[1]) != b"OC" or _unescaped(tag[2]) not in self.hidden:
            return None
        return first + tag.start()

    def _read_hidden(self, at: int) -> int:
        """Read on from the beginning of hidden content to where all is plain again; return that place."""
        for start, word, end in _operations(self.content, at):
            raw = self.content[start:end]
            if word in (b"BMC", b"BDC", b"EMC"):
                self._mark(word, raw, end)
            elif any(self.marks):
                self._reduce(word, raw, start)
            else:
                if word in _PLACING:
                    self.owed.clear()
                elif word in _SHOWING:
                    self._pay()
                self.out.append(raw)
            if not self.owed and not any(self.marks):
                return end
        return len(self.content)

    def _mark(self, word: bytes, raw: bytes, end: int) -> None:
        was_hidden = any(self.marks)
        if word != b"EMC":
            self.marks.append(word == b"BDC" and self._hiding_tag(end - len(word)) is not None)
        elif self.marks:
            self.marks.pop()
        if not was_hidden and not any(self.marks):
            self.out.append(raw)
        else:
            self.out.append(b"\n")

    def _reduce(self, word: bytes, raw: bytes, start: int) -> None:
        """Keep of a hidden operation what has an effect on later ones."""
        if word in _PATH or word in _CLIPPING:
            self.path.append(raw)
            self.clips |= word in _CLIPPING
        elif word in _PAINTING:
            if self.clips or not self.path:  # one that was begun before is ended here
                self.out += [*self.path, b" n"]
            self.path.clear()
            self.clips = False
        elif word in _SHOWING:
            self._owe(word, raw, start)
        elif word in _SETTING:
            if word in _PLACING:
                self.owed.clear()
            self.out.append(raw)

    def _owe(self, word: bytes, raw: bytes, start: int) -> None:
        """Leave out text that is shown, and remember it: later text may stand where it ends."""
        if word == b'"' and (spaced := _SPACED_TEXT.fullmatch(raw[:-1])) is not None:
            self.out.append(b" %b Tw %b Tc" % (spaced[1], spaced[2]))
            raw = spaced[3] + word
        if word in (b"'", b'"'):
            self.out.append(b" T*")
            self.owed.clear()
            raw = raw[:-1] + b" Tj"
        self.owed.append((len(self.out), raw, start))
        self.out.append(b"\n")

    def _pay(self) -> None:
        """Put text back that visible text goes on behind, invisibly."""
        for index, shown, start in self.owed:
            self.out[index] = b" %b Tr%b %b Tr" % (_INVISIBLE, shown, self._mode_at(start))
        self.owed.clear()

    def _mode_at(self, place: int) -> bytes:
        """Return the text rendering mode in force at a place; places are asked for in order."""
        while (found := _MODE.search(self.content, self.looked)) is not None and found.start() < place:
            word, self.looked = found[0], found.end()
            if word == b"(":
                self.looked = _end_of_string(self.content, self.looked)
            elif word == b"ID":
                self.looked = _end_of_image(self.content, self.looked)
            elif word == b"q":
                self.modes.append(self.modes[-1])
            elif word == b"Q":
                del self.modes[max(1, len(self.modes) - 1) :]
            elif word.endswith(b"Tr"):
                self.modes[-1] = word[:-2].strip()
        return self.modes[-1]


def _unescaped(name: bytes) -> bytes:
    return _ESCAPED.sub(lambda code: bytes([int(code[1], 16)]), name)


def _end_of_string(content: bytes, at: int) -> int:
    """Return where a string ends whose opening bracket stands before ``at``."""
    depth = 1
    for found in _NESTED.finditer(content, at):
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    return len(content)


def _end_of_image(content: bytes, at: int) -> int:
    """Return where an inline image ends whose data begins behind ``at``."""
    found = _IMAGE_ENDS.search(content, at)
    return found.end() if found is not None else len(content)


def _operations(content: bytes, at: int) -> Iterator[tuple[int, bytes, int]]:
    """Yield where an operation begins, its operator, and where it ends; an inline image is one, called ``ID``."""
    start = at
    while (found := _WORD.search(content, at)) is not None:
        word, at = found[0], found.end()
        if word == b"(":
            at = _end_of_string(content, at)
        elif word == b"ID":
            at = _end_of_image(content, at)
            yield start, word, at
            start = at
        elif word != b"BI" and not _OPERAND.match(word):
            yield start, word, at
            start = at
