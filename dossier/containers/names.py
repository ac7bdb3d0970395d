"""Names and texts of which nobody wrote down the encoding, and names made fit to be shown.

Windows in Chinese writes GBK into archives and mails without saying so. GB18030 decodes almost anything, so bytes are
taken for it only where what comes out looks like Chinese: characters that people use, not the rare ones that two
accented letters in a row make.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence
from itertools import islice
from pathlib import PurePosixPath

from dossier import sources

MAX_PART = 100
MAX_NAME = 240
"""Characters of one part of a shown name, and of all of it."""

CHINESE = "gb18030"
_LONGEST = 1000  # what is cut off before a name is looked at: some archives allow a megabyte
_SAMPLE = 20_000
_LOOKS_CHINESE = 0.5
_MAY_BE_CHINESE = 0.25
_SURELY_CHINESE = 0.9
_TWO_HANZI = re.compile("[\u4e00-\u9fff]{2}")
_BEYOND_TWO_BYTES = re.compile("[\u0800-\U0010ffff]")
_TURNS_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DRIVE = re.compile("^[A-Za-z]:(?=/|$)")
_SAFE_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")

# What mails call GBK; Windows writes GBK and says GB2312, which is a part of it.
_CALLED_GBK = re.compile(
    r"(?:x-|cs)?(?:gb_?2312(?:[-_]?80)?|gbk|cp936|ms936|windows-936|936|x-gbk|euc-cn)", re.IGNORECASE
)
# Codecs of Python that are no character set, or take a time that grows with the square of the text.
_NO_CHARSET = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})


def guess(data: bytes) -> str:
    """Return ``ascii``, ``utf-8`` or ``gb18030`` for bytes of unknown encoding, or ``""`` where none is likely."""
    if data.isascii():
        return "ascii"
    chinese = _decoded(data, CHINESE)
    unicode = _decoded(data, "utf-8")
    if unicode is not None:
        # Two-byte sequences of UTF-8 (é, Cyrillic) may be GBK: there, 小学 is Сѧ, but é is 茅, which stands alone.
        doubtful = chinese is not None and not _BEYOND_TWO_BYTES.search(unicode)
        if doubtful and _TWO_HANZI.search(chinese or "") and _chinese(chinese or "") >= _SURELY_CHINESE:
            return CHINESE
        return "utf-8"
    if chinese is None:
        return ""
    # Accented letters of the West, as ZIPs have them, speak against it; boxes and signs among them do not.
    western = all(character.isalpha() for character in data.decode("cp437") if not character.isascii())
    return CHINESE if _chinese(chinese) >= (_LOOKS_CHINESE if western else _MAY_BE_CHINESE) else ""


def decode(data: bytes, charset: str = "") -> tuple[str, str]:
    """Return the text of ``data``, and the encoding where that was guessed against or without ``charset``, else ``""``.

    Nothing is lost in silence: what no encoding explains is kept as �, and the second value is ``unknown``.
    """
    named = _charset(charset)
    if named:
        text = _decoded(data, named)
        # Old programs say ASCII or Latin-1 of whatever they send.
        if text is not None and (named not in ("ascii", "iso8859-1", "cp1252") or guess(data) != CHINESE):
            return text, ""
    found = guess(data)
    if found:
        return data.decode(found), "" if found == "ascii" else found
    return data.decode(named or "utf-8", "replace"), "unknown"


def decode_names(names: Sequence[str | bytes]) -> tuple[list[str], dict[str, str]]:
    """Return names as text, and which of them were guessed, by the encoding that was taken for theirs.

    Names of one archive are taken for one encoding where that explains them all: a name alone may be too short to tell.
    UTF-8 is not called a guess, since nothing else looks like it; what looks like neither is read as cp437, as the
    ZIP format has it.
    """
    unclear = [name for name in names if isinstance(name, bytes) and not _surely_utf8(name)]
    common = guess(b"\n".join(unclear))
    texts: list[str] = []
    guessed: dict[str, str] = {}
    for name in names:
        if isinstance(name, str):
            texts.append(name)
            continue
        encoding = "utf-8" if _surely_utf8(name) else common or guess(name) or "cp437"
        text = name.decode(encoding)
        texts.append(text)
        if encoding in (CHINESE, "cp437") and not name.isascii():
            guessed[text] = encoding
    return texts, guessed


def shown(name: str) -> str:
    """Return a path inside a container as messages can hold it: relative, of sane length, with nothing invisible.

    It is never a path on disk, so ``..`` and a drive's letter do no harm; they only say nothing, and are left out.
    """
    text = unicodedata.normalize("NFC", name[-_LONGEST:].replace("\\", "/"))
    text = _DRIVE.sub("", visible(text))
    parts = [_cut(part) for part in (piece.strip() for piece in text.split("/")) if part not in ("", ".", "..")]
    kept, length = len(parts), 0
    while kept and length + len(parts[kept - 1]) < MAX_NAME:
        kept -= 1
        length += len(parts[kept]) + 1
    return "/".join((["…"] if kept else []) + parts[kept:]) or "unnamed"


def visible(text: str) -> str:
    """Return a text with what cannot be seen, or turns the direction of what can, as �."""
    return _TURNS_DIRECTION.sub("\ufffd", sources.shown(text))


def unique(taken: Sequence[str]) -> list[str]:
    """Return the names with a number added to those that came before: an archive may hold two files of one name."""
    seen: set[str] = set()
    last: dict[str, int] = {}
    result: list[str] = []
    for name in taken:
        path, candidate = PurePosixPath(name), name
        while candidate in seen:
            last[name] = last.get(name, 1) + 1
            candidate = str(path.with_name(f"{path.stem} ({last[name]}){path.suffix}"))
        seen.add(candidate)
        result.append(candidate)
    return result


def suffix(name: str | bytes) -> str:
    """Return the suffix of a name where it is a plain one, for a file on disk: programs go by it."""
    text = name if isinstance(name, str) else name.decode("latin-1")
    ending = PurePosixPath(text).suffix.lower()
    return ending if _SAFE_SUFFIX.fullmatch(ending) else ""


def _cut(part: str) -> str:
    if len(part) <= MAX_PART:
        return part
    ending = PurePosixPath(part).suffix[:12]
    return part[: MAX_PART - len(ending) - 1] + "…" + ending


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _charset(name: str) -> str:
    """Return Python's name for a character set as mails name it, ``""`` where there is none."""
    plain = name.strip().strip("'\"")
    if _CALLED_GBK.fullmatch(plain):
        return CHINESE
    try:
        found = codecs.lookup(plain).name if plain else ""
        b"".decode(found or "ascii")  # refuses what turns bytes into bytes
    except (LookupError, UnicodeError, ValueError):
        return ""
    return "" if found.replace("_", "-") in _NO_CHARSET else found


def _surely_utf8(name: bytes) -> bool:
    text = _decoded(name, "utf-8")
    return text is not None and _BEYOND_TWO_BYTES.search(text) is not None


def _chinese(text: str) -> float:
    """Say how much like Chinese a text looks, from 0 to 1, by its characters beyond ASCII."""
    weights = [_weight(character) for character in islice((c for c in text if not c.isascii()), _SAMPLE)]
    return sum(weights) / len(weights) if weights else 0.0


def _weight(character: str) -> float:
    if "\u3000" <= character <= "\u303f" or "\uff00" <= character <= "\uffef" or character in "“”‘’—…·①②③④⑤⑥⑦⑧⑨⑩№":
        return 1.0
    if not "\u4e00" <= character <= "\u9fff":
        return 0.0
    try:
        first = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return 0.3
    return 1.0 if first < 0xD8 else 0.6  # GB 2312 puts the 3,755 that people use most before the others
