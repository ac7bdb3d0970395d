"""What a manifest's fields accept: text, numbers, dates, lengths and page ranges, as annotated types for pydantic.

A value reaches these types as written (see :mod:`dossier.yaml_source`). Each takes what can only mean one thing and
refuses the rest with a remedy; none changes a value quietly.
"""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
import string
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final

import yaml
from pydantic import BeforeValidator, InstanceOf, SecretStr, WithJsonSchema

from dossier import rules
from dossier.yaml_source import Plain, shorten

MM: Final = 72 / 25.4
"""One millimetre in points."""

SIZES: Final = {
    "A3": (297.0, 420.0),
    "A4": (210.0, 297.0),
    "A5": (148.0, 210.0),
    "B5": (176.0, 250.0),
    "Letter": (215.9, 279.4),
}
"""Paper sizes by name, upright, in millimetres; B5 is that of ISO 216."""

PageRanges = tuple[tuple[int, int | None], ...]

_UNITS = {"mm": MM, "cm": 10 * MM, "pt": 1.0, "in": 72.0}
_TRUE = ("true", "yes", "on")
_MOST_RANGES = 1000
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{0,6})?|\.[0-9]{1,6}")
_LENGTH = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) ?(mm|cm|pt|in)")
_PAPER = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?) ?[x×] ?([0-9]{1,4}(?:\.[0-9]{1,3})?) ?mm")
_RANGE = re.compile(r"([0-9]{1,6})(?: ?(-) ?([0-9]{1,6})?)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_NOT_IN_ID = re.compile(r'[\s/\\:*?"<>|#%{}]')
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


class Misfit(ValueError):
    """A value that a field cannot take; ``key`` names the entry to blame where the value is a mapping."""

    def __init__(self, code: str, message: str, fix: str, key: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fix = fix
        self.key = key


def guess(word: str, options: Iterable[str]) -> str:
    """Return the option that ``word`` may have meant, or nothing."""
    lower = {option.lower(): option for option in options}
    found = difflib.get_close_matches(word[:100].lower(), lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else ""


# --- text ----------------------------------------------------------------------------------------------------------


def as_text(value: object) -> str:
    """Take text as written; a whole number says the same either way, ``no``, ``010`` or ``1.10`` does not."""
    if isinstance(value, Plain):
        if value.kind == "integer" and _WHOLE.fullmatch(value.text):
            return value.text
        raise _misread(value, "text")
    if not isinstance(value, str):
        what = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "no text"
        raise Misfit("yaml-type", f"is {what}, where text is wanted", 'put the text in quotes: "…"')
    found = _NOT_TEXT.search(value)
    if found:
        raise Misfit("bad-text", f"holds the invisible character U+{ord(found[0]):04X}", "delete it")
    return value.rstrip("\n")


def as_line(value: object) -> str:
    """Take text on one line."""
    text = as_text(value)
    if "\n" in text or "\r" in text:
        raise Misfit("bad-text", f"`{shorten(text)}` runs over several lines", "write it on one line")
    return text


def _name(value: object) -> str:
    text = as_line(value)
    if not text.strip():
        raise Misfit("empty-value", "is empty", 'write a value; put text that begins with `#` in quotes: "…"')
    return text


def _id(longest: int) -> Callable[[object], str]:
    def check(value: object) -> str:
        text = _name(value)
        found = _NOT_IN_ID.search(text)
        if found:
            fix = f"did you mean `{shorten(_NOT_IN_ID.sub('-', text.strip()))}`?"
            raise Misfit("bad-id", f"`{shorten(text)}` cannot be an id: it holds `{found[0]}`", fix)
        if len(text) > longest:
            raise Misfit("bad-id", f"`{shorten(text)}` is longer than {longest} characters", "shorten it")
        return text

    return check


item_id = _id(60)
"""Take an item's id: short enough that ids numbered after it still make file names."""


def _misread(value: Plain, wanted: str) -> Misfit:
    if value.empty:
        return Misfit("empty-value", "is empty", 'write a value; put text that begins with `#` in quotes: "…"')
    fix = f'put it in quotes: "{value.text}"' if wanted == "text" else f"write {wanted}"
    return Misfit("yaml-type", f"`{shorten(value.text)}` is {_made_of(value)} to YAML, not {wanted}", fix)


def _made_of(value: Plain) -> str:
    """Say what YAML makes of a value."""
    if value.kind == "boolean":
        return "true" if value.text.lower() in _TRUE else "false"
    simple = {"date": "a date", "nothing": "nothing at all", "refused": "refused"}
    if value.kind in simple:
        return simple[value.kind]
    try:
        made = yaml.safe_load(value.text) if len(value.text) <= 40 else None
    except (yaml.YAMLError, ValueError, OverflowError):
        made = None
    return "a number" if made is None else f"the number {made}"


def _language(value: object) -> str:
    text = _name(value)
    if not _LANGUAGE.fullmatch(text):
        raise Misfit("bad-language", f"`{shorten(text)}` is not a language tag", "write one like zh-CN or en (BCP 47)")
    return text


def _color(value: object) -> str:
    text = _name(value)
    if not _COLOR.fullmatch(text):
        raise Misfit("bad-color", f"`{shorten(text)}` is not a colour", 'write one like "#C00000", in quotes')
    return text


def _label(value: object) -> str:
    text = _name(value)
    fix = 'write one like "— {n} —"; it may also show {total} and {volume}'
    if len(text) > 100:
        raise Misfit("bad-label", "is longer than 100 characters", fix)
    try:
        found = list(string.Formatter().parse(text))
    except ValueError:
        raise Misfit("bad-label", f"`{text}` has a brace too many or too few", fix) from None
    names = [(name, spec, conversion) for _, name, spec, conversion in found if name is not None]
    for name, spec, conversion in names:
        if name not in ("n", "total", "volume") or spec or conversion:
            raise Misfit("bad-label", f"`{text}` shows more than {{n}}, {{total}} and {{volume}}", fix)
    if not any(name == "n" for name, _, _ in names):
        raise Misfit("bad-label", f"`{text}` does not show the page number, {{n}}", fix)
    return text


_CAPTION = ("time", "place", "occasion")


def _caption(value: object) -> str:
    """Take a caption as text, or as a mapping of time, place and occasion; a time left out is that of the photo."""
    if not isinstance(value, dict):
        return as_text(value)
    fix = "write text, or {time: …, place: …, occasion: …}"
    for key in value:
        if key not in _CAPTION:
            meant = guess(str(key), _CAPTION)
            remedy = f"did you mean `{meant}`?" if meant else fix
            raise Misfit("bad-caption", f"has a key `{shorten(str(key))}` that captions do not have", remedy)
    parts = {key: as_line(part) for key, part in value.items()}
    return " ".join(part for part in (parts.get("time", "{time}"), *map(parts.get, _CAPTION[1:])) if part)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A role that evidence of an item must fill, or the name of a set of roles, with ``at_least`` so many files."""

    role: str
    at_least: int = 1


def _requirement(value: object) -> Requirement:
    if isinstance(value, Requirement):
        return value
    if not isinstance(value, dict):
        return Requirement(_name(value))
    for key in value:
        if key not in ("role", "at_least"):
            meant = guess(str(key), ("role", "at_least"))
            fix = f"did you mean `{meant}`?" if meant else "write {role: 照片, at_least: 3}"
            raise Misfit("bad-requirement", f"has a key `{shorten(str(key))}` that it cannot have", fix)
    if "role" not in value:
        raise Misfit("bad-requirement", "names no role", "write {role: 照片, at_least: 3}")
    return Requirement(_name(value["role"]), _whole(1, 999)(value.get("at_least", 1)))


def _rule(code: object) -> str:
    """Take the code of a rule."""
    text = _name(code)
    if text not in rules.RULES:
        near = guess(text, rules.RULES)
        fix = f"did you mean `{near}`?" if near else f"write one of {', '.join(sorted(rules.RULES))}"
        raise Misfit("unknown-rule", f"there is no rule `{shorten(text)}`", fix, text)
    return text


def _levels(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Misfit("yaml-type", "is not made of `key: value`", "write lines like `low-dpi: off`")
    found: dict[str, str] = {}
    for code, given in value.items():
        level = _written(given, "a severity")[0]
        if level not in rules.LEVELS:
            raise Misfit(
                "bad-choice", f"`{shorten(level)}` is no severity", f"write {', '.join(rules.LEVELS)}", str(code)
            )
        found[_rule(code)] = level
    return found


def _waivers(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        fix = "write {rule: reason}, such as {outside-period: a plan of five years}"
        raise Misfit("yaml-type", "is not made of `key: value`", fix)
    return {_rule(code): _name(reason) for code, reason in value.items()}


def _captions(value: object) -> object:
    return (value,) if isinstance(value, str | Plain | dict) else value


# --- numbers and dates ---------------------------------------------------------------------------------------------


def _decimal(value: object) -> Decimal:
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        value = str(value)
    text, kind = _written(value, "a number")
    plain = kind in ("text", "decimal") or _WHOLE.fullmatch(text)
    if plain and _DECIMAL.fullmatch(text):
        return Decimal(text)
    if text.startswith("-"):
        raise Misfit("bad-number", f"`{shorten(text)}` is negative", "write a number from 0")
    if isinstance(value, Plain) and kind not in ("integer", "decimal"):
        raise _misread(value, "a number like 1.5")
    raise Misfit("bad-number", f"`{shorten(text)}` is not a plain number", _number_fix(value, text))


def plain_number(value: Decimal | None) -> str:
    """Return a number as one says it: exact, without needless zeros; nothing where there is none."""
    text = "" if value is None else f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number_fix(value: object, text: str) -> str:
    narrow = unicodedata.normalize("NFKC", text[:40]).replace("，", ",").strip()
    if re.fullmatch(r"0[0-9]+(\.[0-9]+)?", narrow):
        made = f" To YAML, this is {_made_of(value)}" if isinstance(value, Plain) else ""
        return f"did you mean {re.sub('^0+(?=[0-9])', '', narrow)}?{made}"
    if re.fullmatch(r"[0-9]+,[0-9]{1,2}", narrow):
        return f"did you mean {narrow.replace(',', '.')}?"
    found = re.match(r"\+?([0-9]{1,12}(\.[0-9]{1,6})?)(?![0-9_.:eExX])", narrow)
    return f"did you mean {found[1]}?" if found else "write digits and at most one point, like 1.5"


def _whole(lowest: int, highest: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        text, kind = _written(value, "a whole number")
        if isinstance(value, Plain) and kind not in ("integer", "decimal"):
            raise _misread(value, "a whole number")
        if not _WHOLE.fullmatch(text) or len(text) > 9:
            raise Misfit("bad-number", f"`{shorten(text)}` is not a plain whole number", _number_fix(value, text))
        if not lowest <= int(text) <= highest:
            raise Misfit("bad-number", f"{text} is out of bounds", f"write a number from {lowest} to {highest}")
        return int(text)

    return check


def _turn(value: object) -> int:
    text = str(value) if isinstance(value, int) else _written(value, "a turn")[0]
    if text in ("0", "90", "180", "270"):
        return int(text)
    found = re.fullmatch(r"(-?[0-9]{1,4})°?", text)
    meant = int(found[1]) % 360 if found else -1
    fix = "write 0, 90, 180 or 270 degrees, clockwise"
    raise Misfit(
        "bad-turn", f"`{shorten(text)}` is not a quarter turn", f"did you mean {meant}?" if meant % 90 == 0 else fix
    )


def _crop(value: object) -> tuple[float, ...]:
    fix = "write left, top, right and bottom, like [5%, 0%, 95%, 80%]"
    if isinstance(value, tuple):
        return value
    if not isinstance(value, list) or len(value) != 4:
        raise Misfit("bad-crop", "does not have four sides", fix)
    sides = [re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%", _written(side, "a part like 5%")[0]) for side in value]
    parts = tuple(float(side[1]) / 100 if side else -1.0 for side in sides)
    if min(parts) < 0 or max(parts) > 1:
        raise Misfit("bad-crop", "has a side that is no part from 0% to 100%", fix)
    if parts[0] >= parts[2] or parts[1] >= parts[3]:
        raise Misfit("bad-crop", "leaves nothing of the image", fix)
    return parts


def _region(value: object) -> tuple[float, ...]:
    fix = "write left, top, width and height in mm, like [30, 120, 80, 8]"
    if isinstance(value, tuple):
        return value
    if not isinstance(value, list) or len(value) != 4:
        raise Misfit("bad-region", "does not have four lengths", fix)
    lengths = tuple(float(_decimal(length)) for length in value)
    if min(lengths[2:]) <= 0 or max(lengths) > 2000:
        raise Misfit("bad-region", "is no place on a page", fix)
    return lengths


def _password(value: object) -> SecretStr:
    if isinstance(value, SecretStr):
        return value
    if isinstance(value, dict):
        if set(value) != {"env"}:
            raise Misfit("bad-password", "is neither text nor the name of a variable", "write {env: NAME}, or a text")
        name = _name(value["env"])
        if name not in os.environ:
            fix = f"set it, or name the password in the file given with --passwords: {name}"
            raise Misfit("bad-password", f"the environment variable {shorten(name)} is not set", fix)
        return SecretStr(os.environ[name])
    if isinstance(value, Plain) and not value.empty:
        return SecretStr(value.text)  # as written; a message must not show it
    return SecretStr(_name(value))


def _yes_no(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, Plain) and value.kind == "boolean":
        return value.text.lower() in _TRUE
    text = shorten(_written(value, "true or false")[0])
    raise Misfit("yaml-type", f"`{text}` is neither true nor false", "write true or false, without quotes")


def _date(value: object) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    text, kind = _written(value, "a date")
    if isinstance(value, Plain) and kind in ("boolean", "nothing", "refused"):
        raise _misread(value, "a date like 2023-03-01")
    if _DAY.fullmatch(text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            raise Misfit("bad-date", f"there is no day {text}", "correct the day, month or year") from None
    raise Misfit("bad-date", f"`{shorten(text)}` is not a date", _date_fix(text))


def _date_fix(text: str) -> str:
    narrow = unicodedata.normalize("NFKC", text[:40]).strip()
    found = re.match(r"([0-9]{4})([-/.年 ])([0-9]{1,2})[-/.月 ]([0-9]{1,2})(?![0-9])", narrow)
    parts = (found[1], found[3], found[4]) if found else ()
    whole = re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", narrow)
    if whole:
        parts = (whole[1], whole[2], whole[3])
    if parts:
        try:
            return f"did you mean {dt.date(*map(int, parts)).isoformat()}?"
        except ValueError:
            pass  # no such day: nothing to guess at
    return "write year-month-day, like 2023-03-01"


def _written(value: object, wanted: str) -> tuple[str, str]:
    """Return the text of a value as written and what YAML took it for."""
    if isinstance(value, Plain):
        if value.empty:
            raise _misread(value, wanted)
        return value.text, value.kind
    if isinstance(value, str):
        return value, "text"
    what = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else f"`{value}`"
    raise Misfit("yaml-type", f"is {what}, where {wanted} is wanted", f"write {wanted}")


# --- lengths, paper, pages -----------------------------------------------------------------------------------------


def _length(lowest: float, highest: float, bounds: str) -> Callable[[object], float]:
    """Make a check for lengths between two bounds, in points, which ``bounds`` names for people."""

    def check(value: object) -> float:
        if isinstance(value, float):  # from a program, in points
            return value
        text = _written(value, "a length like 25mm")[0]
        narrow = unicodedata.normalize("NFKC", text[:40]).strip().lower()
        found = _LENGTH.fullmatch(text)
        if not found:
            raise Misfit("bad-length", f"`{shorten(text)}` is not a length", _length_fix(narrow))
        points = float(found[1]) * _UNITS[found[2]]
        if not lowest - 1e-6 <= points <= highest + 1e-6:
            size = "small" if points < lowest else "large"
            raise Misfit("bad-length", f"`{text}` is too {size}", f"write a length from {bounds}")
        return points

    return check


def _length_fix(narrow: str) -> str:
    if re.fullmatch(r"[0-9]{1,4}(\.[0-9]+)?", narrow):
        return f"did you mean {narrow}mm?"
    if _LENGTH.fullmatch(narrow):
        return f"did you mean {narrow}?"
    for word, unit in (("毫米", "mm"), ("厘米", "cm"), ("磅", "pt"), ("英寸", "in"), ('"', "in")):
        if _LENGTH.fullmatch(narrow.replace(word, unit)):
            return f"did you mean {narrow.replace(word, unit)}?"
    return "write a number and mm, cm, pt or in, like 25mm"


def paper(size: str) -> tuple[float, float]:
    """Return the width and height, in points, of a paper size that was checked before."""
    found = _PAPER.fullmatch(size)
    width, height = (float(found[1]), float(found[2])) if found else SIZES[size]
    return width * MM, height * MM


def _paper(value: object) -> str:
    text = _name(value)
    if text in SIZES:
        return text
    found = _PAPER.fullmatch(text)
    if not found:
        near = guess(text, SIZES)
        fix = f"did you mean {near}?" if near else f"write {', '.join(SIZES)}, or a size like 210x297mm"
        raise Misfit("bad-size", f"`{shorten(text)}` is not a paper size", fix)
    width, height = float(found[1]), float(found[2])
    if not (50 <= width <= 1200 and 50 <= height <= 1200):
        raise Misfit("bad-size", f"`{text}` is out of bounds", "write sides from 50 to 1200 mm")
    if width > height:
        turned = f"{found[2]}x{found[1]}mm"
        raise Misfit("bad-size", f"`{text}` lies on its side", f"give the size upright, the width first: {turned}")
    return text


def _pages(value: object) -> PageRanges:
    if isinstance(value, tuple):
        return value
    if isinstance(value, list):
        raise Misfit("bad-pages", "is a list", f'did you mean "{_joined(value)}"?')
    text, kind = _written(value, 'pages like "1-3,20-"')
    usual = kind in ("text", "refused") or (kind == "integer" and _WHOLE.fullmatch(text))
    if not usual:
        fix = f'did you mean "{text.replace(":", "-").replace(".", ",")}"?'
        made = _made_of(value) if isinstance(value, Plain) else ""
        raise Misfit("bad-pages", f"`{shorten(text)}` is {made} to YAML, not pages", fix)
    pieces = text.split(",")
    if len(pieces) > _MOST_RANGES:
        raise Misfit("bad-pages", f"names more than {_MOST_RANGES} ranges", "name fewer, or split the evidence")
    return tuple(_range(piece.strip(), text) for piece in pieces)


def _range(piece: str, text: str) -> tuple[int, int | None]:
    found = _RANGE.fullmatch(piece)
    if not found:
        raise Misfit("bad-pages", f"`{shorten(piece or text)}` is not a page range", _pages_fix(text))
    first = int(found[1])
    last = None if found[2] and not found[3] else int(found[3] or first)
    if first < 1 or last == 0:
        raise Misfit("bad-pages", f"`{piece}`: there is no page 0", "count pages from 1")
    if last is not None and last < first:
        raise Misfit("bad-pages", f"`{piece}` runs backwards", f'did you mean "{last}-{first}"?')
    return first, last


def _pages_fix(text: str) -> str:
    narrow = unicodedata.normalize("NFKC", text[:200])
    narrow = re.sub(r"\s*(?:[-–—―−~〜到至]|\.\.)+\s*", "-", re.sub(r"[、;\s]*[,、;]+[\s]*", ",", narrow))
    narrow = re.sub(r"第|页|pp?\.?", "", narrow).strip(", ")
    narrow = ",".join(f"1{piece}" if piece.startswith("-") else piece for piece in narrow.split(","))
    if narrow != text and all(_RANGE.fullmatch(piece) for piece in narrow.split(",")):
        return f'did you mean "{narrow}"?'
    return 'write pages from 1, like "3" or "1-3,20-"'


def _joined(value: list[Any]) -> str:
    return ",".join(entry.text if isinstance(entry, Plain) else shorten(str(entry)) for entry in value[:10])


# --- the types -----------------------------------------------------------------------------------------------------

_TEXT_SCHEMA = WithJsonSchema({"type": ["string", "integer"]})
_NAME_SCHEMA = WithJsonSchema({"type": ["string", "integer"], "minLength": 1})
_LENGTH_SCHEMA = WithJsonSchema({"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?(mm|cm|pt|in)$"})

Text = Annotated[str, BeforeValidator(as_text), _TEXT_SCHEMA]
"""Text of any number of lines."""
Line = Annotated[str, BeforeValidator(as_line), _TEXT_SCHEMA]
"""Text on one line; may be empty."""
Name = Annotated[str, BeforeValidator(_name), _NAME_SCHEMA]
"""Text on one line that is not empty."""
ItemId = Annotated[str, BeforeValidator(item_id), _NAME_SCHEMA]
EvidenceId = Annotated[str, BeforeValidator(_id(70)), _NAME_SCHEMA]
Language = Annotated[str, BeforeValidator(_language)]
Color = Annotated[str, BeforeValidator(_color), WithJsonSchema({"type": "string", "pattern": _COLOR.pattern})]
Label = Annotated[str, BeforeValidator(_label)]
_CODES = {"propertyNames": {"enum": sorted(rules.RULES)}}
Levels = Annotated[
    dict[str, rules.Level],
    BeforeValidator(_levels),
    WithJsonSchema({"type": "object", "additionalProperties": {"enum": [*rules.LEVELS]}, **_CODES}),
]
"""Severities by the codes of rules."""
Waivers = Annotated[
    dict[str, str],
    BeforeValidator(_waivers),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string", "minLength": 1}, **_CODES}),
]
"""Reasons by the codes of rules that are waived."""
_ROLE_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "properties": {"role": {"type": "string"}, "at_least": {"type": "integer", "minimum": 1}},
            "required": ["role"],
            "additionalProperties": False,
        },
    ]
}
Required = Annotated[InstanceOf[Requirement], BeforeValidator(_requirement), WithJsonSchema(_ROLE_SCHEMA)]
"""A role, or ``{role: …, at_least: 3}``."""
_CAPTION_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {key: {"type": "string"} for key in _CAPTION},
            "additionalProperties": False,
        },
    ]
}
Captions = Annotated[
    tuple[Annotated[str, BeforeValidator(_caption), WithJsonSchema(_CAPTION_SCHEMA)], ...],
    BeforeValidator(_captions),
    WithJsonSchema({"anyOf": [_CAPTION_SCHEMA, {"type": "array", "items": _CAPTION_SCHEMA}]}),
]
"""One caption or several; ``{time}`` and ``{name}`` in one stand for when its photo was taken, and its file's name."""
Number = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": "^[0-9]*\\.?[0-9]*$"}]}),
]
"""A number from 0, exact as written."""
Turn = Annotated[int, BeforeValidator(_turn), WithJsonSchema({"enum": [0, 90, 180, 270]})]
YesNo = Annotated[bool, BeforeValidator(_yes_no)]
Crop = Annotated[
    tuple[float, float, float, float],
    BeforeValidator(_crop),
    WithJsonSchema(
        {"type": "array", "items": {"type": "string", "pattern": "^[0-9.]+ ?%$"}, "minItems": 4, "maxItems": 4}
    ),
]
"""Left, top, right and bottom of the part of a page to show, from 0 to 1."""
Region = Annotated[
    tuple[float, float, float, float],
    BeforeValidator(_region),
    WithJsonSchema({"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 4, "maxItems": 4}),
]
"""Left, top, width and height of a place on a page, in mm from its upper left corner."""
Password = Annotated[
    SecretStr,
    BeforeValidator(_password),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "object", "properties": {"env": {"type": "string"}}, "required": ["env"]},
            ]
        }
    ),
]
"""A password, or the name of the environment variable that holds it; never shown."""
Date = Annotated[dt.date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
Margin = Annotated[float, BeforeValidator(_length(0, 2000 * MM, "0mm to 2000mm")), _LENGTH_SCHEMA]
"""A length of 0 or more, in points."""
Depth = Annotated[float, BeforeValidator(_length(1 * MM, 1000 * MM, "1mm to 1000mm")), _LENGTH_SCHEMA]
"""What a box or a binding holds, in points."""
Thickness = Annotated[float, BeforeValidator(_length(0.02 * MM, 2 * MM, "0.02mm to 2mm")), _LENGTH_SCHEMA]
"""That of one sheet, in points."""
FontSize = Annotated[float, BeforeValidator(_length(4, 72, "4pt to 72pt")), _LENGTH_SCHEMA]
"""From 4 to 72 points."""
PaperSize = Annotated[
    str, BeforeValidator(_paper), WithJsonSchema({"type": "string", "examples": [*SIZES, "210x297mm"]})
]
Pages = Annotated[
    PageRanges,
    BeforeValidator(_pages),
    WithJsonSchema({"anyOf": [{"type": "string", "examples": ["1-3,20-"]}, {"type": "integer", "minimum": 1}]}),
]
"""Ranges of pages, both ends counted from 1; the last end may be None, which is the last page there is."""


def whole(lowest: int, highest: int) -> tuple[BeforeValidator, WithJsonSchema]:
    """Return the metadata of a whole number between two bounds, for ``Annotated[int, *whole(1, 9)]``."""
    schema = WithJsonSchema({"type": "integer", "minimum": lowest, "maximum": highest})
    return BeforeValidator(_whole(lowest, highest)), schema
