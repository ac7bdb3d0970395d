"""The numbers of a Word document's lists, counted and written out as text for an engine that counts less than Word.

ECMA-376 part 1, 17.9, says how lists are counted. The embedded engine prints 1, I and A; for 一、, （一）, ① and 第一条
it prints nothing, and here and there it counts otherwise than Word. So the numbers are worked out here. Where all of a
list's are those that the engine prints, the list is left alone; else its numbers become text at the start of their
paragraphs, with the look, the indents and the tab that they had.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lxml import etree  # type: ignore[import-untyped]

from dossier.convert import ooxml

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BOX = f"{_W}txbxContent"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"

Chain = Callable[[str], Sequence[Any]]
"""Gives a style and what it is based on, the base first."""

_ENGINE = {"decimal", "upperRoman", "lowerRoman", "upperLetter", "lowerLetter"}
"""What the engine counts as Word does, letters as far as z."""
_DEEPEST = 8


def write_out(numbering: Any, stories: Iterable[Any], chain: Chain, default: str) -> list[str]:
    """Write the numbers that the engine would not print, or print wrong, into the paragraphs; name what stays lost.

    ``default`` is the style of a paragraph that names none. Returned are the formats that nobody here can count.
    """
    counted = _counted(numbering, stories, chain, default)
    for item in _of_spoilt_lists(counted):
        if item.text is not None:
            _write(item, _layers(item.paragraph, chain, default, item.level))
    return sorted({name for item in counted for name in item.unknown})


def _of_spoilt_lists(counted: Sequence[_Item]) -> Iterator[_Item]:
    """Yield what is in a list of which the engine gets a number wrong, be it one."""
    used = {item.list for item in counted}
    spoilt = {item.list for item in counted if not item.left}
    # It counts text boxes with the text around them.
    spoilt |= {list_ for list_ in used if list_._replace(boxed=not list_.boxed) in used}
    return (item for item in counted if item.list in spoilt)


# --- what is said of lists -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Level:
    element: Any
    start: int
    format: str
    text: str
    legal: bool
    style: str
    """The style whose paragraphs are of this level."""
    is_whole: bool
    """Whether it says where it starts and how it reads; for what is not said, the engine has ideas of its own."""
    restart: int | None
    """The number of the level, counted from 1, that makes this one start anew; 0: none does; None: every higher one."""

    @classmethod
    def read(cls, element: Any) -> _Level:
        restart = element.find(f"{_W}lvlRestart")
        return cls(
            element,
            start=_integer(_value(element, "start"), 0),
            format=_format(element),
            text=_value(element, "lvlText"),
            legal=ooxml.is_on(element.find(f"{_W}isLgl")),
            style=_value(element, "pStyle"),
            is_whole=all(element.find(f"{_W}{tag}") is not None for tag in ("start", "lvlText")),
            restart=None if restart is None else _integer(restart.get(f"{_W}val"), 0),
        )

    @property
    def is_bullet(self) -> bool:
        return self.format == "bullet"


@dataclass(frozen=True, slots=True)
class _List:
    identity: str
    """Of the definition: lists that share one are counted on."""
    levels: Mapping[int, _Level]
    starts: Mapping[int, int]
    linked: bool


@dataclass(slots=True)
class _Lists:
    """The lists of a document by their ids; the same definition may lie behind several."""

    root: Any
    chain: Chain
    _known: dict[str, _List | None] = field(default_factory=dict)

    def get(self, identity: str) -> _List | None:
        if identity not in self._known:
            self._known[identity] = self._read(identity)
        return self._known[identity]

    def _read(self, identity: str) -> _List | None:
        number = self._by_id("num", "numId", identity)
        if number is None:
            return None
        definition, linked = self._definition(number)
        if definition is None:
            return None
        levels = {_place(level): _Level.read(level) for level in definition.iterchildren(f"{_W}lvl")}
        starts = {}
        for change in number.iterchildren(f"{_W}lvlOverride"):
            own = change.find(f"{_W}lvl")
            if own is not None:
                levels[_place(change)] = _Level.read(own)
            start = _value(change, "startOverride")
            if start:
                starts[_place(change)] = _integer(start, 1)
        return _List(definition.get(f"{_W}abstractNumId", ""), levels, starts, linked)

    def _definition(self, number: Any) -> tuple[Any, bool]:
        """Return the definition of a list, and whether a style of lists led to it (17.9.21)."""
        for steps in range(9):  # else the links go in a circle
            definition = self._by_id("abstractNum", "abstractNumId", _value(number, "abstractNumId"))
            link = _value(definition, "numStyleLink") if definition is not None else ""
            if not link:
                return definition, steps > 0
            styles = self.chain(link)
            named = styles[-1].find(f"{_W}pPr/{_W}numPr") if styles else None
            number = self._by_id("num", "numId", _value(named, "numId")) if named is not None else None
            if number is None:
                break
        return None, True

    def _by_id(self, tag: str, name: str, identity: str) -> Any:
        elements = self.root.iterchildren(f"{_W}{tag}")
        return next((element for element in elements if element.get(f"{_W}{name}") == identity), None)


def _format(level: Any) -> str:
    """Return the name of a level's format, or for zeros in front, which newer files write beside it, a sample."""
    custom = next((one for one in level.iter(f"{_W}numFmt") if one.get(f"{_W}val") == "custom"), None)
    if custom is not None:
        sample = str(custom.get(f"{_W}format", "")).split(",")[0].strip()
        return sample if _ZEROS.fullmatch(sample) else "custom"
    return str(_value(level, "numFmt") or "decimal")


_ZEROS = re.compile("0+1")


# --- which paragraph is in which list ------------------------------------------------------------------------------


class _Numbered(NamedTuple):
    """A paragraph in a list: the list, its id, the level, that which the engine takes it for, and its style."""

    paragraph: Any
    list: _List
    number: str
    place: int
    written: int
    style: str


@dataclass(slots=True)
class _Finder:
    """Tells a paragraph's list and level, by itself or by its style (17.9.18 and 17.9.23)."""

    lists: _Lists
    default: str
    _styled: dict[str, tuple[str, int, str]] = field(default_factory=dict)

    def paragraphs(self, root: Any) -> Iterator[_Numbered]:
        """Yield the numbered paragraphs of a story."""
        named = {self.default, *(one.get(f"{_W}val", "") for one in root.iter(f"{_W}pStyle"))}
        if next(root.iter(f"{_W}numPr"), None) is None and not any(self._of_style(name)[0] for name in named):
            return  # as most have none, which is soon seen
        for paragraph in root.iter(f"{_W}p"):
            properties = paragraph.find(f"{_W}pPr")
            name = _value(properties, "pStyle", self.default)
            number, written, style = self._of_style(name)
            own = properties.find(f"{_W}numPr") if properties is not None else None
            if own is not None:
                number = _value(own, "numId", number)
                own = own.find(f"{_W}ilvl")
                written = written if own is None else _place_of(own.get(f"{_W}val"))
            if number not in {"", "0"}:
                known = self.lists.get(number)
                if known is not None:
                    place = self._level(known, written, style) if own is None and style else written
                    yield _Numbered(paragraph, known, number, place, written, name)

    def _level(self, known: _List, written: int, style: str) -> int:
        of_style = (place for place, level in known.levels.items() if level.style == style)
        return next(of_style, written)

    def _of_style(self, identity: str) -> tuple[str, int, str]:
        """Return the list and level that a style gives, and the style among its bases that does."""
        if identity not in self._styled:
            list_, level, by = "", 0, ""
            for style in self.lists.chain(identity):
                own = style.find(f"{_W}pPr/{_W}numPr")
                if own is not None:
                    list_ = _value(own, "numId", list_)
                    level = _place_of(_value(own, "ilvl", str(level)))
                    by = style.get(f"{_W}styleId", "")
            self._styled[identity] = list_, level, by
        return self._styled[identity]


# --- counting ------------------------------------------------------------------------------------------------------


class _Run(NamedTuple):
    """What is counted together: a definition's paragraphs in one story; text boxes are a story of their own."""

    story: int
    boxed: bool
    definition: str


@dataclass(frozen=True, slots=True)
class _Item:
    paragraph: Any
    list: _Run
    level: _Level
    text: str | None
    """The number; None where it cannot be told, or the engine's bullet stands."""
    left: bool
    """Whether the engine prints just that."""
    unknown: tuple[str, ...] = ()


@dataclass(slots=True)
class _Counter:
    """Counts the paragraphs of one definition in one story."""

    values: dict[int, int] = field(default_factory=dict)
    assumed: set[int] = field(default_factory=set)
    """Levels that no paragraph has had, though deeper ones have."""
    restarted: set[tuple[str, int]] = field(default_factory=set)

    def advance(self, number: str, known: _List, place: int) -> bool:
        """Count a paragraph; say whether the engine would come to the same."""
        usual = place not in self.assumed
        for higher in range(place):
            if higher not in self.values:
                self.values[higher] = _start(known, higher)
                self.assumed.add(higher)
        if place in known.starts and (number, place) not in self.restarted:
            self.values[place] = known.starts[place]
            self.restarted.add((number, place))
            usual = True
        elif place in self.values:
            self.values[place] += 1
        else:
            self.values[place] = _start(known, place)
        self.assumed.discard(place)
        for deeper in [one for one in self.values if one > place]:
            level = known.levels.get(deeper)
            if level is None or level.restart is None or place < level.restart:
                self.values.pop(deeper, None)
                self.assumed.discard(deeper)
        return usual


def _start(known: _List, place: int) -> int:
    level = known.levels.get(place)
    return known.starts.get(place, level.start if level is not None else 1)


def _counted(numbering: Any, stories: Iterable[Any], chain: Chain, default: str) -> list[_Item]:
    if numbering is None:
        return []
    lists = _Lists(numbering, chain)
    finder = _Finder(lists, default)
    counters: dict[_Run, _Counter] = {}
    placed: dict[tuple[Any, Any], bool] = {}
    found: list[_Item] = []
    for story, root in enumerate(stories):
        for one in finder.paragraphs(root):
            paragraph, known = one.paragraph, one.list
            level = known.levels.get(one.place)
            within = next(paragraph.iterancestors(_BOX, _FALLBACK), None)
            if level is None or (within is not None and _is_spare(paragraph)):
                continue
            list_ = _Run(story, within is not None, known.identity)
            if _is_hidden(paragraph):
                found.append(_Item(paragraph, list_, level, "", left=False))
                continue
            counter = counters.setdefault(list_, _Counter())
            usual = counter.advance(one.number, known, one.place) and one.place == one.written and not known.linked
            if usual and not level.is_bullet:
                own = paragraph.find(f"{_W}pPr/{_W}ind") is not None
                key = (paragraph if own else one.style, level.element)
                if key not in placed:
                    placed[key] = _is_placed(_layers(paragraph, chain, default, level), level)
                usual = placed[key]
            found.append(_told(paragraph, list_, level, known, counter.values, usual=usual))
    return found


def _told(
    paragraph: Any,
    list_: _Run,
    level: _Level,
    known: _List,
    values: Mapping[int, int],
    *,
    usual: bool,
) -> _Item:
    if level.is_bullet:
        return _Item(paragraph, list_, level, None, left=True)
    parts: list[str] = []
    unknown: list[str] = []
    left = usual and level.is_whole
    for word, digit in _PARTS.findall(level.text):
        parts.append(word)
        inner = known.levels.get(int(digit) - 1) if digit else None
        if inner is None or inner.is_bullet:
            continue
        name = "decimal" if level.legal and inner.format != "none" else inner.format
        value = values.get(int(digit) - 1, inner.start)
        told = number_in_words(value, name)
        left = left and inner.format in _ENGINE and not (inner.format.endswith("Letter") and value > 26)
        if told is None:
            unknown.append(name)
        else:
            parts.append(told)
    text = None if unknown else "".join(parts)
    # The engine prints nothing at all for a level that it cannot count, even a label that is but words.
    left = left and (level.format in _ENGINE or text == "")
    return _Item(paragraph, list_, level, text, left=left, unknown=tuple(unknown))


_PARTS = re.compile(r"((?:[^%]|%(?![1-9]))*)(?:%([1-9]))?", re.DOTALL)


def _is_spare(paragraph: Any) -> bool:
    """Say whether a paragraph is in the older form of a drawing, which stands beside the newer."""
    return next(paragraph.iterancestors(_FALLBACK), None) is not None


def _is_hidden(paragraph: Any) -> bool:
    mark = paragraph.find(f"{_W}pPr/{_W}rPr/{_W}vanish")
    if not ooxml.is_on(mark):
        return False
    runs = paragraph.iter(f"{_W}r")
    return all(ooxml.is_on(run.find(f"{_W}rPr/{_W}vanish")) for run in runs)


# --- formats -------------------------------------------------------------------------------------------------------

_DIGITS = "〇一二三四五六七八九"
_CIRCLED = "○一二三四五六七八九"


def number_in_words(value: int, name: str) -> str | None:
    """Return a number in a format of ECMA-376 part 1, 17.18.59, or None where the format is not known here."""
    if _ZEROS.fullmatch(name):
        return str(value).zfill(len(name))
    if name == "none":
        return ""
    if name not in _FORMATS:
        return None
    first, last, told = _FORMATS[name]
    return told(value) if first <= value <= last else str(value)


def _roman(value: int) -> str:
    said = ""
    for worth, letters in (
        *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")),
        *((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
    ):
        count, value = divmod(value, worth)
        said += letters * count
    return said


def _letter(value: int) -> str:
    return chr(ord("A") + (value - 1) % 26) * ((value - 1) // 26 + 1)


def _spelt(value: int, digits: str, units: str, *, one: bool, zero: bool, bare: bool) -> str:
    """Return a number below a hundred million in Chinese or Japanese.

    ``units`` are those of 10, 100, 1000 and 10 000. ``one``: a one is said before hundreds and thousands; ``bare``:
    none is before a ten that comes first; ``zero``: gaps are said.
    """
    if value >= 10_000:
        high, low = divmod(value, 10_000)
        head = _spelt(high, digits, units, one=one, zero=zero, bare=bare) + units[3]
        if not low:
            return head
        gap = digits[0] if zero and low < 1000 else ""
        return head + gap + _spelt(low, digits, units, one=one, zero=zero, bare=bare and not zero)
    said, skipped = "", False
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if not digit:
            skipped = bool(said)
            continue
        said += digits[0] if skipped and zero else ""
        skipped = False
        silent = digit == 1 and ((place > 1 and not one) or (place == 1 and bare and (not said or not one)))
        said += ("" if silent else digits[digit]) if place else digits[digit]
        said += units[place - 1] if place else ""
    return said


def _digit_by_digit(value: int, digits: str) -> str:
    return "".join(digits[int(digit)] for digit in str(value))


def _chinese(value: int) -> str:
    return _spelt(value, "零一二三四五六七八九", "十百千万", one=True, zero=True, bare=True)


def _taiwanese(value: int) -> str:
    return _spelt(value, "零一二三四五六七八九", "十百千萬", one=True, zero=True, bare=True)


def _up_to_a_hundred(value: int) -> str:
    return _chinese(value) if value < 100 else _digit_by_digit(value, _CIRCLED)


def _from(start: int) -> Callable[[int], str]:
    return lambda value: chr(start + value - 1)


def _among(words: Sequence[str]) -> Callable[[int], str]:
    return lambda value: words[value - 1]


_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_MOST = 99_999_999
_WIDE = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}

_FORMATS: dict[str, tuple[int, int, Callable[[int], str]]] = {
    "decimal": (0, _MOST, str),
    "decimalHalfWidth": (0, _MOST, str),
    "decimalZero": (0, _MOST, lambda value: f"{value:02}"),
    "decimalFullWidth": (0, _MOST, lambda value: str(value).translate(_WIDE)),
    "decimalFullWidth2": (0, _MOST, lambda value: str(value).translate(_WIDE)),
    "upperRoman": (1, 32_767, _roman),
    "lowerRoman": (1, 32_767, lambda value: _roman(value).lower()),
    "upperLetter": (1, 780, _letter),
    "lowerLetter": (1, 780, lambda value: _letter(value).lower()),
    "hex": (0, _MOST, lambda value: f"{value:X}"),
    "numberInDash": (0, _MOST, lambda value: f"- {value} -"),
    "decimalEnclosedCircle": (1, 20, _from(ord("①"))),
    "decimalEnclosedCircleChinese": (1, 20, _from(ord("①"))),
    "decimalEnclosedParen": (1, 20, _from(ord("⑴"))),
    "decimalEnclosedFullstop": (1, 20, _from(ord("⒈"))),
    "ideographEnclosedCircle": (1, 10, _from(ord("㊀"))),
    "ideographTraditional": (1, 10, _among(_STEMS)),
    "ideographZodiac": (1, 12, _among(_BRANCHES)),
    "ideographZodiacTraditional": (1, 60, lambda value: _STEMS[(value - 1) % 10] + _BRANCHES[(value - 1) % 12]),
    "chineseCounting": (1, _MOST, _up_to_a_hundred),
    "chineseCountingThousand": (1, _MOST, _chinese),
    "chineseLegalSimplified": (
        1, _MOST, lambda value: _spelt(value, "零壹贰叁肆伍陆柒捌玖", "拾佰仟万", one=True, zero=True, bare=False),
    ),
    "ideographLegalTraditional": (
        1, _MOST, lambda value: _spelt(value, "零壹貳參肆伍陸柒捌玖", "拾佰仟萬", one=True, zero=True, bare=False),
    ),
    "taiwaneseCounting": (1, _MOST, _up_to_a_hundred),
    "taiwaneseCountingThousand": (1, _MOST, _taiwanese),
    "taiwaneseDigital": (1, _MOST, lambda value: _digit_by_digit(value, _CIRCLED)),
    "ideographDigital": (1, _MOST, lambda value: _digit_by_digit(value, _DIGITS)),
    "japaneseDigitalTenThousand": (1, _MOST, lambda value: _digit_by_digit(value, _DIGITS)),
    "japaneseCounting": (
        1, _MOST, lambda value: _spelt(value, _DIGITS, "十百千万", one=False, zero=False, bare=True),
    ),
    "japaneseLegal": (
        1, _MOST, lambda value: _spelt(value, "零壱弐参四伍六七八九", "拾百阡萬", one=True, zero=False, bare=False),
    ),
}  # fmt: skip
"""The formats by name: the first and the last number that each has words for, and how they are made."""


# --- writing -------------------------------------------------------------------------------------------------------


def _layers(paragraph: Any, chain: Chain, default: str, level: _Level) -> list[Any]:
    """Return what gives the properties that decide a paragraph's indents, the weakest first.

    A list's own indents weigh as much as what says that the paragraph is in the list: they win over what styles beneath
    say, and yield to what comes with it, or later.
    """
    own = paragraph.find(f"{_W}pPr")
    styles = [style.find(f"{_W}pPr") for style in chain(_value(own, "pStyle", default))]
    said = [properties for properties in (*styles, own) if properties is not None]
    listed = [place for place, properties in enumerate(said) if properties.find(f"{_W}numPr") is not None]
    inner = level.element.find(f"{_W}pPr")
    if inner is not None and listed:
        said.insert(listed[-1], inner)
    return said


def _write(item: _Item, layers: Iterable[Any]) -> None:
    properties = item.paragraph.find(f"{_W}pPr")
    if properties is None:
        properties = etree.Element(f"{_W}pPr")
        item.paragraph.insert(0, properties)
    _indent(properties, layers, item.level)
    own = properties.find(f"{_W}numPr")
    if own is not None:
        properties.remove(own)
    none = etree.Element(f"{_W}numPr")  # a style may still say that the paragraph is in a list
    etree.SubElement(none, f"{_W}numId").set(f"{_W}val", "0")
    _put(properties, none)
    if item.text:
        run = etree.Element(f"{_W}r")
        run.append(_look(properties.find(f"{_W}rPr"), item.level.element.find(f"{_W}rPr")))
        suffix = _value(item.level.element, "suff", "tab")
        # A plain space would be stretched where lines are justified.
        run.append(_text((item.text + (" " if suffix == "space" else "")).replace(" ", "\N{NO-BREAK SPACE}")))
        if suffix == "tab":
            etree.SubElement(run, f"{_W}tab")
        properties.addnext(run)


def _indent(properties: Any, layers: Iterable[Any], level: _Level) -> None:
    """Give a paragraph of its own the indents and tabs that it had as one of a list."""
    merged = _merged(layers)
    if merged:
        old = properties.find(f"{_W}ind")
        if old is not None:
            properties.remove(old)
        _put(properties, etree.Element(f"{_W}ind", merged))
    stops = level.element.find(f"{_W}pPr/{_W}tabs")
    if stops is None:
        return
    tabs = properties.find(f"{_W}tabs")
    if tabs is None:
        tabs = etree.Element(f"{_W}tabs")
        _put(properties, tabs)
    known = {tab.get(f"{_W}pos") for tab in tabs}
    tabs.extend(deepcopy(stop) for stop in stops if stop.get(f"{_W}pos") not in known)


def _merged(layers: Iterable[Any]) -> dict[str, str]:
    """Return the indents that come of several layers: a later hanging indent does away with one of the first line."""
    merged: dict[str, str] = {}
    for layer in layers:
        indents = layer.find(f"{_W}ind")
        for name, value in () if indents is None else indents.items():
            merged[_SIDES.get(name, name)] = value
            if name in _EITHER:
                merged.pop(_EITHER[name], None)
    return merged


def _is_placed(layers: Sequence[Any], level: _Level) -> bool:
    """Say whether the engine indents a numbered paragraph as Word does.

    To it, a list's indents are more than any style's, and a hanging indent stays whatever is said of the first line.
    """
    inner = level.element.find(f"{_W}pPr")
    rest = [layer for layer in layers if layer is not inner]
    theirs: dict[str, str] = {}
    for layer in (*rest[:-1], *([] if inner is None else [inner]), *rest[-1:]):
        indents = layer.find(f"{_W}ind")
        theirs |= {} if indents is None else {_SIDES.get(name, name): value for name, value in indents.items()}
    return _edges(theirs) == _edges(_merged(layers))


def _edges(indents: Mapping[str, str]) -> tuple[int, int]:
    """Return where a paragraph's lines and its first line start, the latter from the former."""
    left, hanging, first = (_signed(indents.get(f"{_W}{name}")) for name in ("left", "hanging", "firstLine"))
    return left, -hanging or first


_SIDES = {f"{_W}start": f"{_W}left", f"{_W}end": f"{_W}right"}
_EITHER = {f"{_W}hanging": f"{_W}firstLine", f"{_W}firstLine": f"{_W}hanging"}

# ECMA-376 part 1, 17.3.1.26.
_ORDER = (
    "pStyle", "keepNext", "keepLines", "pageBreakBefore", "framePr", "widowControl", "numPr", "suppressLineNumbers",
    "pBdr", "shd", "tabs", "suppressAutoHyphens", "kinsoku", "wordWrap", "overflowPunct", "topLinePunct", "autoSpaceDE",
    "autoSpaceDN", "bidi", "adjustRightInd", "snapToGrid", "spacing", "ind",
)  # fmt: skip


def _put(properties: Any, element: Any) -> None:
    """Put an element where it belongs among the properties of a paragraph."""
    before = {f"{_W}{name}" for name in _ORDER[: _ORDER.index(etree.QName(element).localname)]}
    properties.insert(sum(child.tag in before for child in properties), element)


def _look(mark: Any, level: Any) -> Any:
    """Return the properties of a number's text: those of the paragraph's mark, changed by the level's (17.9.24)."""
    look = etree.Element(f"{_W}rPr")
    of_mark = () if mark is None else mark.iterchildren("{*}*")
    look.extend(deepcopy(child) for child in of_mark if child.tag not in _OF_THE_MARK)
    for child in () if level is None else level.iterchildren("{*}*"):
        old = look.find(child.tag)
        if old is None:
            look.append(deepcopy(child))
        elif child.tag == f"{_W}rFonts":
            for name, value in child.items():
                # A theme's font would win over one by name.
                old.attrib.pop(name.removesuffix("Theme") if name.endswith("Theme") else f"{name}Theme", None)
                old.set(name, value)
        else:
            look.replace(old, deepcopy(child))
    first = [child for tag in ("rFonts", "rStyle") for child in look.iterchildren(f"{_W}{tag}")]
    for child in first:
        look.insert(0, child)
    return look


# What is said of the mark alone; Word does not underline a number because its paragraph's mark is.
_OF_THE_MARK = {
    f"{_W}{tag}" for tag in ("ins", "del", "moveFrom", "moveTo", "rPrChange", "vanish", "specVanish", "u", "highlight")
}


# --- reading -------------------------------------------------------------------------------------------------------


def _value(element: Any, tag: str, otherwise: str = "") -> str:
    child = element.find(f"{_W}{tag}") if element is not None else None
    return otherwise if child is None else str(child.get(f"{_W}val", otherwise))


def _place(element: Any) -> int:
    return _place_of(element.get(f"{_W}ilvl"))


def _place_of(text: str | None) -> int:
    return min(max(_integer(text, 0), 0), _DEEPEST)


def _integer(text: str | None, otherwise: int) -> int:
    try:
        return max(0, min(int(text or otherwise), _MOST))
    except ValueError:
        return otherwise


def _signed(text: str | None) -> int:
    try:
        return int(text or 0)
    except ValueError:
        return 0


def _text(shown: str) -> Any:
    element = etree.Element(f"{_W}t")
    element.text = shown
    element.set(_XML_SPACE, "preserve")
    return element
