"""Mails: EML and Outlook's MSG, read into a letter, and the Word file that a letter's text becomes.

Old rules hold for mails as they are met with: a character is cut in two by a line's end, GBK is called GB2312, ASCII,
or nothing at all. The standard library's newer policy decodes each encoded word by itself and loses such characters, so
headers are read raw here and decoded by :mod:`dossier.containers.names`. Nothing that a mail refers to is fetched.
"""

from __future__ import annotations

import binascii
import errno
import io
import quopri
import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.errors import (
    CloseBoundaryNotFoundDefect,
    InvalidBase64CharactersDefect,
    InvalidBase64LengthDefect,
    InvalidBase64PaddingDefect,
    MessageError,
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
)
from email.message import Message
from email.parser import BytesParser, Parser
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import olefile  # type: ignore[import-untyped]
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from dossier.containers import names
from dossier.errors import ConversionError

MAX_MAIL = 256 * 1024**2
"""Bytes of a mail, which is read in memory, and of all that is attached to it."""
MAX_PARTS = 5_000
MAX_TEXT = 1_000_000
MAX_LINES = 20_000
"""Characters and lines of a mail's text: some 500 pages."""
MAX_HTML = 16 * 1024**2
MAX_HEADER = 20_000
"""Characters of a header that says what a part is."""
MAX_DEPTH = 10
"""How many mails may lie in one another; a container may be unpacked to a smaller depth."""

LABELS = {
    "zh": {
        "subject": "主题",
        "sender": "发件人",
        "to": "收件人",
        "cc": "抄送",
        "date": "日期",
        "attachments": "附件",
        "inline": "（正文中的图片）",
        "unnamed": "附件",
    },
    "en": {
        "subject": "Subject",
        "sender": "From",
        "to": "To",
        "cc": "Cc",
        "date": "Date",
        "attachments": "Attachments",
        "inline": " (picture in the text)",
        "unnamed": "attachment",
    },
}
BODY_NAMES = {"zh": "邮件正文.docx", "en": "mail.docx"}

_STUB = 200  # characters: "this mail is HTML, get yourself a better program"
_FACE = "宋体"
_WIDTHS = (Mm(25), Mm(135))
_SEPARATOR = re.compile(r"[/\\]")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NOT_IN_XML = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

ASK_AGAIN = "ask for the mail again, or print it to PDF in the mail program and name that file"

# What reading a mail that breaks the rules may raise, in the standard library and in olefile.
_DAMAGED = (
    *(MessageError, olefile.olefile.OleFileError, struct.error, binascii.Error, EOFError),
    *(ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, RuntimeError),
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something attached to a letter: bytes, or a letter of its own; ``inline`` where the text shows it.

    ``suffix`` is that of its kind, for one without a name.
    """

    name: str
    content: bytes | Letter
    inline: bool = False
    suffix: str = ""


@dataclass(slots=True)
class Letter:
    """A mail as a person reads it.

    ``guessed`` are its parts whose encoding was guessed, ``mended`` attachments that were not encoded cleanly,
    ``left_out`` what it holds no content of, and ``remote`` what it would fetch.
    """

    subject: str = ""
    sender: str = ""
    to: str = ""
    cc: str = ""
    date: str = ""
    body: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    remote: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    guessed: dict[str, str] = field(default_factory=dict)


def read_eml(path: Path) -> Letter:
    """Read a mail as mail servers pass it on; raises ConversionError, whose message lacks the file's name."""
    with _reading():
        return _eml(_parsed(_bytes(path)), 0)


def read_msg(path: Path) -> Letter:
    """Read a mail as Outlook saves it; raises like :func:`read_eml`."""
    with _reading():
        _check_size(path.stat().st_size)
        # Strict: else a stream whose end is missing would be read as if it were whole.
        with olefile.OleFileIO(str(path), raise_defects=olefile.DEFECT_INCORRECT) as ole:
            return _OutlookMessage(ole).letter(0)


def titles(letter: Letter, language: str = "zh-CN") -> list[str]:
    """Return a name for each attachment, in order; no two are the same, and none is that of the text's own file."""
    unnamed = LABELS[language_of(language)]["unnamed"]
    named = [
        names.shown(_SEPARATOR.split(attachment.name)[-1])
        if attachment.name
        else f"{unnamed}{number}{attachment.suffix}"
        for number, attachment in enumerate(letter.attachments, start=1)
    ]
    return names.unique([BODY_NAMES[language_of(language)], *named])[1:]


def document(letter: Letter, language: str = "zh-CN") -> bytes:
    """Return a Word file that shows the letter: a block of headers, a list of what is attached, and the text.

    The bytes depend on the letter alone. Raises ConversionError for a text beyond all measure.
    """
    labels = LABELS[language_of(language)]
    lines = letter.body.split("\n")
    rows = [("subject", letter.subject), ("sender", letter.sender), ("to", letter.to)]
    rows += [("cc", letter.cc)] if letter.cc else []
    rows += [("date", letter.date)]
    listed = [
        f"{number}. {name}{labels['inline'] if attachment.inline else ''}"
        for number, (name, attachment) in enumerate(
            zip(titles(letter, language), letter.attachments, strict=True), start=1
        )
    ]
    rows += [("attachments", "\n".join(listed))] if listed else []
    if len(letter.body) + sum(len(value) for _, value in rows) > MAX_TEXT or len(lines) > MAX_LINES:
        raise _hostile(f"its text is longer than {MAX_TEXT} characters or {MAX_LINES} lines")
    page = _blank_page()
    table = page.add_table(rows=len(rows), cols=2, style="Table Grid")
    table.autofit = False
    for column, width in zip(table.columns, _WIDTHS, strict=True):
        column.width = width
    for row, (key, value) in zip(table.rows, rows, strict=True):
        for cell, width, text in zip(row.cells, _WIDTHS, (labels[key], value), strict=True):
            cell.width = width
            cell.text = _in_xml(text)
            cell.paragraphs[0].paragraph_format.space_before = Pt(3)  # else it touches the rule above it
            cell.paragraphs[0].paragraph_format.space_after = Pt(2)
    page.add_paragraph()
    for line in lines:
        page.add_paragraph(_in_xml(line))
    page.core_properties.title = _in_xml(letter.subject)[:255]
    return _saved(page)


def language_of(language: str) -> str:
    """Return which of the languages here is spoken for a tag such as ``zh-CN``."""
    primary = language.partition("-")[0].lower()
    return primary if primary in LABELS else "en"


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of an HTML page as it is read, addresses of what it would fetch, and how many pictures are in it."""

    text: str
    remote: tuple[str, ...] = ()
    pictures: int = 0


def text_of(html: str) -> PageText:
    """Read the text of an HTML page."""
    parser = _PlainText()
    parser.feed(_tame(html))
    parser.close()
    lines = (line.rstrip(" \t") for line in "".join(parser.pieces).split("\n"))
    text = re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    return PageText(text, tuple(dict.fromkeys(parser.remote)), parser.pictures)


# --- the Word file -------------------------------------------------------------------------------------------------


def _blank_page() -> Any:
    page = docx.Document()
    section = page.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(25)
    section.top_margin = section.bottom_margin = Mm(25)
    style: Any = page.styles["Normal"]
    style.font.name = _FACE
    style.font.size = Pt(12)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _FACE)
    style.paragraph_format.space_after = Pt(0)
    style.paragraph_format.line_spacing = 1.2
    page.styles.element.find(f".//{qn('w:lang')}").set(qn("w:eastAsia"), "zh-CN")  # else a Japanese face may be taken
    page.core_properties.author = ""
    page.core_properties.comments = ""
    return page


def _saved(page: Any) -> bytes:
    raw, out = io.BytesIO(), io.BytesIO()
    page.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            entry = zipfile.ZipInfo(info.filename, _EPOCH)  # the library writes down the time of saving
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            target.writestr(entry, source.read(info))
    return out.getvalue()


def _in_xml(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)


# --- what both kinds of mail share ---------------------------------------------------------------------------------


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise _hostile("it takes more memory to read than there is") from None
    except RecursionError:
        raise _hostile("its parts lie in one another without end") from None
    except _DAMAGED as error:
        raise _damaged(f"it is damaged: {names.visible(str(error))[:200]}") from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # the disk's own word; a place no file can have is the mail's fault
            raise
        raise _damaged(f"it is damaged: {names.visible(str(error))[:200]}") from error


def _bytes(path: Path) -> bytes:
    _check_size(path.stat().st_size)
    return path.read_bytes()


def _check_size(size: int) -> None:
    if size > MAX_MAIL:
        raise _hostile(f"it is larger than {MAX_MAIL >> 20} MiB, as no mail is")


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _hostile(f"more than {MAX_DEPTH} mails in it lie in one another")


def _hostile(what: str) -> ConversionError:
    return ConversionError(what, fix="print it to PDF in the mail program and name that file", code="hostile-source")


def _damaged(what: str) -> ConversionError:
    return ConversionError(what, fix=ASK_AGAIN, code="damaged-source")


def _plain(text: str) -> str:
    """Return a text as it is set: lines that end in one way, and no blank ones around it."""
    lines = re.split(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]", text)
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def _from_html(letter: Letter, html: str) -> str:
    if len(html) > MAX_HTML:
        raise _hostile(f"its text is an HTML page of more than {MAX_HTML >> 20} MiB")
    page = text_of(html)
    letter.remote += [address for address in page.remote if address not in letter.remote]
    if page.pictures:
        letter.left_out.append(f"{page.pictures} of the text's own")
    return page.text


def _fuller(plain: str, html: str) -> str:
    """Return the plain text of two that should say the same, but the HTML's where the plain one is only a stub."""
    much, little = (len("".join(text.split())) for text in (html, plain))
    return html if much > 2 * little + _STUB or not little else plain


_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main"}
    | {"nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"}
)
_SILENT = frozenset({"title", "template"})
_UNSEEN = (
    re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL),
    re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE),
    re.compile(r"<[!?][^>]*(?:>|\Z)"),
)
_NO_TAG = re.compile("<(?!/?[A-Za-z])")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_REMOTE = re.compile(r"(?:https?:)?//", re.IGNORECASE)


def _tame(html: str) -> str:
    """Take out what no reader sees and what begins a tag and is none.

    The parser looks for the end of each such thing anew, which takes a time that grows with the square of the text.
    """
    for unseen in _UNSEEN:
        html = unseen.sub("", html)
    last = html.rfind(">") + 1
    return _NO_TAG.sub("&lt;", html[:last]) + html[last:].replace("<", "&lt;")


class _PlainText(HTMLParser):
    """Gathers what a reader of the page would see as text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.remote: list[str] = []
        self.pictures = 0
        self._silent = 0
        self._set = 0  # depth of elements whose spaces and line ends count

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag in _SILENT:
            self._silent += 1
        elif tag == "pre":
            self._set += 1
        if tag in _BLOCKS:
            self._break()
        elif tag == "br":
            self.pieces.append("\n")
        if tag == "li":
            self.pieces.append("• ")
        elif tag in ("td", "th"):
            self.pieces += [] if self._ends_in("\n") else ["\t"]
        elif tag == "img" and (alt := (known.get("alt") or "").strip()):
            self.pieces.append(f"[{alt}]")
        source = known.get("href" if tag == "link" else "src") or ""
        if _REMOTE.match(source.strip()):
            self.remote.append(source.strip())
        self.pictures += source.strip()[:11].lower() == "data:image/"

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "pre":
            self._set = max(0, self._set - 1)
        if tag in _BLOCKS:
            self._break()

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        text = data if self._set else _SPACES.sub(" ", data)
        if not self._set and self._ends_in(" ", "\n", "\t"):
            text = text.removeprefix(" ")
        if text:
            self.pieces.append(text)

    def _ends_in(self, *ends: str) -> bool:
        return not self.pieces or self.pieces[-1].endswith(ends)

    def _break(self) -> None:
        if not self._ends_in("\n"):
            self.pieces.append("\n")


# --- EML -----------------------------------------------------------------------------------------------------------

_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)\?=")
_UNDECODED = re.compile("[\ud800-\udfff]")
_QUOTED_NAME = re.compile(r'"([^"]*)"(?= <)')
_BARE_ADDRESS = re.compile(r"^<([^<>]*)>$")
_HTML_CHARSET = re.compile(rb"""charset=["']?([A-Za-z0-9_-]{1,40})""", re.IGNORECASE)
_SUFFIXES = {
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "application/rtf": ".rtf",
}
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_CUT_SHORT = (CloseBoundaryNotFoundDefect, StartBoundaryNotFoundDefect, NoBoundaryInMultipartDefect)
_MENDED = (InvalidBase64PaddingDefect, InvalidBase64CharactersDefect)


def _parsed(data: bytes) -> Message:
    count = -1  # the parser asks for one before it reads

    def part(policy: Any = policy.compat32) -> Message:
        nonlocal count
        count += 1
        if count > MAX_PARTS:
            raise _hostile(f"it has more than {MAX_PARTS} parts")
        return Message(policy)

    return BytesParser(part, policy=policy.compat32).parsebytes(data)


def _eml(message: Message, depth: int) -> Letter:
    _check_depth(depth)
    letter = Letter()
    letter.subject = _header(letter, message, "subject")
    letter.sender = _header(letter, message, "from") or _header(letter, message, "sender")
    letter.to = _header(letter, message, "to")
    letter.cc = _header(letter, message, "cc")
    letter.date = _date(_header(letter, message, "date"))
    blocks = _Reader(letter, depth).read(message)
    letter.body = "\n\n".join(text for text in map(_plain, blocks) if text)
    return letter


@dataclass(slots=True)
class _Reader:
    """Walks through a message's parts: gathers the texts, and attaches what is none to the letter."""

    letter: Letter
    depth: int

    def read(self, part: Message, inside: str = "") -> list[str]:
        """Return the texts of a part; ``inside`` is the kind of part that it is part of."""
        if any(isinstance(defect, _CUT_SHORT) for defect in part.defects):
            raise _damaged("it is damaged: it breaks off before its last part ends")
        about = _parameters(part)
        kind = about.get_content_type()
        if kind == "multipart/encrypted" or (kind in _SMIME and about.get_param("smime-type") == "enveloped-data"):
            raise ConversionError(
                "it is encrypted",
                fix="open it in the mail program, print it to PDF and name that file",
                code="encrypted-source",
            )
        if kind.startswith("multipart/"):
            texts = [self.read(inner, kind) for inner in _parts(part)]
            if kind == "multipart/alternative":
                return self._alternative(part, texts)
            return [text for several in texts for text in several]
        name = self._name(about)
        if kind in _SIGNATURES:
            self.letter.left_out.append(name or kind)
        elif kind in ("text/plain", "text/html") and not name and about.get_content_disposition() != "attachment":
            return [self._text(part, about, kind)]
        else:
            is_inline = inside == "multipart/related" and kind.startswith("image/")
            self.letter.attachments.append(self._attachment(part, kind, name, is_inline=is_inline))
        return []

    def _alternative(self, part: Message, texts: list[list[str]]) -> list[str]:
        """Choose among several texts that say the same."""
        plain, html = "", ""
        for inner, several in zip(_parts(part), texts, strict=True):
            text = "\n\n".join(several)
            if inner.get_content_type() == "text/plain":
                plain = plain or text
            else:
                html = html or text
        return [_fuller(plain, html)]

    def _text(self, part: Message, about: Message, kind: str) -> str:
        data = self._payload(part, "")
        charset = _parameter(about, "charset", "content-type")
        if kind == "text/html" and not charset and (found := _HTML_CHARSET.search(data[:2048])):
            charset = found[1].decode("ascii")
        text, guessed = names.decode(data, charset)
        if guessed:
            self.letter.guessed["text"] = guessed
        return _from_html(self.letter, text) if kind == "text/html" else text

    def _attachment(self, part: Message, kind: str, name: str, *, is_inline: bool) -> Attachment:
        if kind == "message/rfc822":
            letter = _eml(_enclosed(part), self.depth + 1)
            return Attachment(name or f"{letter.subject or 'mail'}.eml", letter)
        suffix = _SUFFIXES.get(kind, ".txt" if kind.startswith(("text/", "message/")) else "")
        return Attachment(name, self._payload(part, name), is_inline, suffix)

    def _payload(self, part: Message, name: str) -> bytes:
        if part.is_multipart():  # a report of delivery: blocks of headers
            return b"\n".join(inner.as_bytes() for inner in _parts(part))
        data = part.get_payload(decode=True)
        if any(isinstance(defect, InvalidBase64LengthDefect) for defect in part.defects):
            raise _damaged(f"it is damaged: {names.shown(name) if name else 'its text'} is cut short")
        if any(isinstance(defect, _MENDED) for defect in part.defects):
            self.letter.mended.append(names.shown(name) if name else "text")
        return data if isinstance(data, bytes) else b""

    def _name(self, about: Message) -> str:
        name = _parameter(about, "filename", "content-disposition") or _parameter(about, "name", "content-type")
        return " ".join(name.split())


def _parts(part: Message) -> list[Message]:
    payload: Any = part.get_payload()
    return payload if isinstance(payload, list) else []


def _enclosed(part: Message) -> Message:
    """Return the message in a part; some programs encode it, against the rules, and the parser does not expect that."""
    inner = _parts(part)[0]
    text: Any = inner.get_payload()
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if inner.keys() or not isinstance(text, str) or encoding not in ("base64", "quoted-printable"):
        return inner
    raw = text.encode("ascii", "replace")
    return _parsed(binascii.a2b_base64(raw) if encoding == "base64" else quopri.decodestring(raw))


def _raw_headers(message: Message, name: str) -> list[tuple[str, str]]:
    """Return a header's values as text, and the encoding where bytes stood there that had to be guessed."""
    found = []
    for key, value in message.raw_items():
        if key.lower() == name:
            raw = str(value)
            if _UNDECODED.search(raw):
                found.append(names.decode(raw.encode("utf-8", "surrogateescape")))
            else:
                found.append((raw, ""))
    return found


def _header(letter: Letter, message: Message, name: str) -> str:
    texts = []
    for raw, guessed in _raw_headers(message, name):
        text, guessed_too = _words(raw)
        if guessed or guessed_too:
            letter.guessed["headers"] = guessed or guessed_too
        text = " ".join(_QUOTED_NAME.sub(r"\1", text).split())
        texts.append(_BARE_ADDRESS.sub(r"\1", text))
    return ", ".join(texts)


def _words(text: str) -> tuple[str, str]:
    """Return a header with its encoded words (RFC 2047) decoded, and the encoding where one had to be guessed.

    Words that follow one another in one character set are joined before they are decoded: many programs cut a
    character in two.
    """
    pieces: list[str] = []
    runs: list[tuple[str, bytes]] = []  # what stands together: a character set and bytes
    guessed = ""
    position = 0

    def flush() -> None:
        nonlocal guessed
        for charset, data in runs:
            decoded, unsure = names.decode(data, charset)
            pieces.append(decoded)
            guessed = guessed or unsure
        runs.clear()

    for word in _ENCODED_WORD.finditer(text):
        between = text[position : word.start()]
        if between.strip() or not runs:
            flush()
            pieces.append(between)
        charset = word[1].partition("*")[0].lower()  # RFC 2231 adds a language
        data = _from_base64(word[3]) if word[2] in "bB" else quopri.decodestring(word[3].encode(), header=True)
        if runs and runs[-1][0] == charset:
            runs[-1] = (charset, runs[-1][1] + data)
        else:
            runs.append((charset, data))
        position = word.end()
    flush()
    return "".join([*pieces, text[position:]]), guessed


def _from_base64(text: str) -> bytes:
    letters = re.sub(r"[^A-Za-z0-9+/]", "", text)
    whole = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(whole + "=" * (-len(whole) % 4))


def _parameters(part: Message) -> Message:
    """Return a message of a part's content headers alone, as text: the library's own lose what is not ASCII."""
    about = Message(policy.compat32)
    for name in ("content-type", "content-disposition"):
        for text, _ in _raw_headers(part, name)[:1]:
            about[name] = text[:MAX_HEADER]  # the library's time grows with the square of it
    return about


def _parameter(about: Message, name: str, header: str) -> str:
    value = about.get_param(name, "", header)
    if isinstance(value, tuple):  # RFC 2231
        charset, _, text = value
        return names.decode(text.encode("latin-1", "replace"), charset or "")[0]
    return _words(str(value))[0]


def _date(text: str) -> str:
    """Return a date as the sender's clock showed it, with the time zone where it is told; or as it stands."""
    try:
        return _moment(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return text


def _moment(moment: datetime) -> str:
    shown = moment.isoformat(" ", "minutes")
    return f"{shown[:16]} ({shown[16:]})" if shown[16:] else shown


# --- MSG -----------------------------------------------------------------------------------------------------------

_UNICODE, _STRING, _BINARY, _OBJECT = 0x001F, 0x001E, 0x0102, 0x000D
_TO, _CC = 1, 2
_BY_VALUE, _EMBEDDED = 1, 5
_EPOCH_1601 = datetime(1601, 1, 1, tzinfo=UTC)
_CODE_PAGES = {
    65001: "utf-8",
    54936: "gb18030",
    20936: "gb2312",
    20127: "ascii",
    28591: "iso-8859-1",
    50220: "iso-2022-jp",
}


class _OutlookMessage:
    """A message in a compound file (MS-OXMSG), or one that is attached to it and lies in a folder of the same file."""

    def __init__(
        self, ole: Any, folder: tuple[str, ...] = (), header: int = 32, spent: list[int] | None = None
    ) -> None:
        self._ole = ole
        self._folder = folder
        self._spent = [0] if spent is None else spent
        self._fixed = self._properties(header)
        page = self._number(0x3FFD) or self._number(0x3FDE)
        self._charset = _CODE_PAGES.get(page, f"cp{page}") if page else ""

    def letter(self, depth: int) -> Letter:
        """Read the message and those attached to it."""
        _check_depth(depth)
        headers: Message = Parser(policy=policy.compat32).parsestr(self._text(0x007D), headersonly=True)
        letter = Letter(subject=self._text(0x0037))
        letter.sender = _header(letter, headers, "from") or self._sender()
        people = [self._inside(name, 8) for name in self._folders("__recip_version1.0_#")]
        letter.to = self._people(people, _TO) or self._text(0x0E04)
        letter.cc = self._people(people, _CC) or self._text(0x0E03)
        letter.date = _date(_header(letter, headers, "date")) or self._sent()
        self._read_body(letter)
        for name in self._folders("__attach_version1.0_#"):
            self._inside(name, 8)._attach_to(letter, depth)
        return letter

    def _read_body(self, letter: Letter) -> None:
        plain, html = self._text(0x1000), self._text(0x1013)
        if not html and (data := self._stream(0x1013, _BINARY)):
            page = self._number(0x3FDE)
            named = _CODE_PAGES.get(page, f"cp{page}") if page else ""
            html, guessed = names.decode(data, named)
            if guessed:
                letter.guessed["text"] = guessed
        letter.body = _plain(_fuller(plain, _from_html(letter, html)))
        packed = b"" if letter.body else self._stream(0x1009, _BINARY)
        if packed:
            letter.attachments.append(Attachment(f"{letter.subject or 'mail'}.rtf", unpacked_rtf(packed)))

    def _attach_to(self, letter: Letter, depth: int) -> None:
        name = self._text(0x3707) or self._text(0x3704) or self._text(0x3001)
        method = self._number(0x3705)
        data = self._stream(0x3701, _BINARY)
        if method == _EMBEDDED:
            inner = self._inside(f"__substg1.0_3701{_OBJECT:04X}", 24).letter(depth + 1)
            shown = name or inner.subject or "mail"
            letter.attachments.append(
                Attachment(shown if shown.lower().endswith((".msg", ".eml")) else f"{shown}.msg", inner)
            )
        elif data or method == _BY_VALUE:
            is_inline = bool(self._text(0x3712)) and self._text(0x370E).startswith("image/")
            letter.attachments.append(Attachment(name, data, is_inline, self._text(0x3703)))
        else:
            letter.left_out.append(name or "attachment")

    def _sender(self) -> str:
        name = self._text(0x0C1A) or self._text(0x0042)
        address = self._text(0x5D01) or self._text(0x5D02) or self._text(0x0C1F) or self._text(0x0065)
        return _person(name, address)

    @staticmethod
    def _people(people: list[_OutlookMessage], role: int) -> str:
        wanted = (person for person in people if person._number(0x0C15) == role)
        return ", ".join(_person(p._text(0x3001), p._text(0x39FE) or p._text(0x3003)) for p in wanted)

    def _sent(self) -> str:
        ticks = self._number(0x0039) or self._number(0x0E06)
        try:
            return _moment(_EPOCH_1601 + timedelta(microseconds=ticks // 10)) if ticks else ""
        except OverflowError:
            return ""

    def _inside(self, name: str, header: int) -> _OutlookMessage:
        inner = _OutlookMessage(self._ole, (*self._folder, name), header, self._spent)
        inner._charset = inner._charset or self._charset
        return inner

    def _folders(self, prefix: str) -> list[str]:
        depth = len(self._folder)
        folders = self._ole.listdir(streams=False, storages=True)
        own = (path for path in folders if len(path) == depth + 1 and tuple(path[:depth]) == self._folder)
        found = sorted(path[-1] for path in own if path[-1].startswith(prefix))
        if len(found) > MAX_PARTS:
            raise _hostile(f"it has more than {MAX_PARTS} parts")
        return found

    def _properties(self, header: int) -> dict[int, bytes]:
        data = self._read("__properties_version1.0")
        if not data and not self._folder:
            raise _damaged("it is damaged: the list of its properties is missing")
        entries = (data[start : start + 16] for start in range(header, len(data) - 15, 16))
        return {int.from_bytes(entry[2:4], "little"): entry[8:] for entry in entries}

    def _number(self, number: int) -> int:
        """Return a fixed property as a number, 0 where it is missing."""
        value = self._fixed.get(number, b"")
        return int.from_bytes(value, "little") if number in _LONG else int.from_bytes(value[:4], "little")

    def _text(self, number: int) -> str:
        data = self._stream(number, _UNICODE)
        text = (
            data.decode("utf-16-le", "replace")
            if data
            else names.decode(self._stream(number, _STRING), self._charset)[0]
        )
        return text.rstrip("\0")

    def _stream(self, number: int, kind: int) -> bytes:
        return self._read(f"__substg1.0_{number:04X}{kind:04X}")

    def _read(self, name: str) -> bytes:
        path = [*self._folder, name]
        if self._ole.get_type(path) != olefile.STGTY_STREAM:
            return b""
        self._spent[0] += self._ole.get_size(path)
        if self._spent[0] > 2 * MAX_MAIL:  # many streams may share the same bytes
            raise _hostile("its parts share their bytes, like a bomb")
        data: bytes = self._ole.openstream(path).read()
        return data


_LONG = frozenset({0x0039, 0x0E06})  # moments


def _person(name: str, address: str) -> str:
    if "@" not in address:  # an address inside an Exchange server, which says nothing outside
        return name or address
    return f"{name} <{address}>" if name and name != address else address


# --- RTF as Outlook packs it (MS-OXRTFCP) --------------------------------------------------------------------------

_RTF_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_WINDOW = 4096


def unpacked_rtf(data: bytes) -> bytes:
    """Return the RTF in a stream that is packed as Outlook does it; raises ValueError for what is not."""
    _, size, method = struct.unpack("<3I", data[:12])
    if method == int.from_bytes(b"MELA", "little"):
        return data[16 : 16 + size]
    if method != int.from_bytes(b"LZFu", "little"):
        raise ValueError("its text is packed in an unknown way")
    window = bytearray(_RTF_START.ljust(_WINDOW, b"\0"))
    end, out, position = len(_RTF_START), bytearray(), 16
    while position < len(data):
        control, position = data[position], position + 1
        for bit in range(8):
            if control >> bit & 1:
                reference = int.from_bytes(data[position : position + 2], "big")
                position += 2
                start, length = reference >> 4, (reference & 15) + 2
                if start == end % _WINDOW:
                    return bytes(out)
            else:
                start, length = -1, 1
            for step in range(length):
                byte = data[position] if start < 0 else window[(start + step) % _WINDOW]
                out.append(byte)
                window[end % _WINDOW] = byte
                end += 1
            position += start < 0
    raise ValueError("its text breaks off")
