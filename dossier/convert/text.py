"""Plain text and Markdown → a Word file, which either engine then sets: so text looks like the rest of the book."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.text import WD_BREAK
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from markdown_it import MarkdownIt
from markdown_it.token import Token

from dossier.convert.style import PLAIN, Look
from dossier.errors import ConversionError

VERSION = f"1 markdown-it {version('markdown-it-py')} / python-docx {version('python-docx')}"
"""Part of every cache key: raised when text is set in another way."""
MAX_BYTES = 20_000_000
MAX_LINES = 100_000

_SIZE, _LINE = 14, 24  # points: 四号, as attachments are set
_HEADS = (22, 18, 16, 14, 14, 14)
_NOT_IN_WORD = re.compile("[^\t\n\f -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_word(source: Path, out: Path, *, markdown: bool = False, look: Look = PLAIN) -> None:
    """Write a text file as the Word file ``out``; with ``markdown`` its marks become headings, lists and tables.

    Raises ConversionError where the file is too large, or is in none of UTF-8, UTF-16 and GB18030.
    """
    text = _NOT_IN_WORD.sub("\ufffd", read(source))
    if text.count("\n") > MAX_LINES:
        raise ConversionError(
            f"{source.name} has more than {MAX_LINES} lines", fix="bind the part that matters", code="oversized-source"
        )
    document = _document(look)
    if markdown:
        _Writer(document, look).write(MarkdownIt("commonmark", {"html": False}).enable("table").parse(text))
    else:
        for line in text.rstrip("\n").split("\n"):
            _add_line(document, line)
    document.save(str(out))


def read(source: Path) -> str:
    """Return a text file's text: by its byte order mark, else UTF-8, else GB18030. Raises ConversionError."""
    data = source.read_bytes()[: MAX_BYTES + 1]
    if len(data) > MAX_BYTES:
        raise ConversionError(
            f"{source.name} is longer than {MAX_BYTES // 1_000_000} MB",
            fix="bind the part that matters",
            code="oversized-source",
        )
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    named = [encoding for mark, encoding in marks if data.startswith(mark)]
    for encoding in named or ("utf-8", "gb18030"):
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise ConversionError(
        f"{source.name} is not text in UTF-8, UTF-16 or GB18030",
        fix="open it in an editor, save it as UTF-8 and name that file",
        code="damaged-source",
    )


def _document(look: Look) -> Any:
    document: Any = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Pt(look.left), Pt(look.right)
    section.top_margin, section.bottom_margin = Pt(look.top), Pt(look.bottom)
    normal = document.styles["Normal"]
    _set_face(normal, look.body, look.latin, _SIZE)
    form = normal.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing = Pt(_LINE)
    return document


def _set_face(style: Any, face: str, latin: str, size: float) -> None:
    style.font.size = Pt(size)
    style.font.name = latin
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face)


def _add_line(document: Any, line: str) -> None:
    pieces = line.split("\f")
    paragraph = document.add_paragraph(pieces[0])
    for piece in pieces[1:]:
        paragraph.add_run().add_break(WD_BREAK.PAGE)
        paragraph.add_run(piece)


class _Writer:
    """Writes the tokens of a Markdown text as paragraphs and tables."""

    def __init__(self, document: Any, look: Look) -> None:
        self._document = document
        self._look = look
        self._lists: list[int] = []  # the next number of each open list, 0 for one of bullets
        self._quotes = 0
        self._marker = ""

    def write(self, tokens: Sequence[Token]) -> None:
        """Write all tokens in order."""
        waiting = iter(tokens)
        for token in waiting:
            if token.type == "table_open":
                self._write_table(waiting)
            elif token.type == "heading_open":
                self._write_heading(int(token.tag[1]), next(waiting))
            elif token.type in ("bullet_list_open", "ordered_list_open"):
                self._lists.append(int(token.attrGet("start") or 1) if token.type.startswith("ordered") else 0)
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                self._lists.pop()
            elif token.type == "list_item_open":
                self._begin_item()
            elif token.type in ("blockquote_open", "blockquote_close"):
                self._quotes += 1 if token.type.endswith("open") else -1
            elif token.type in ("fence", "code_block"):
                for line in token.content.rstrip("\n").split("\n"):
                    _add_line(self._document, line)
            elif token.type == "inline":
                self._write_inline(self._paragraph(), token)

    def _begin_item(self) -> None:
        number = self._lists[-1]
        self._marker = f"{number}. " if number else "• "
        if number:
            self._lists[-1] += 1

    def _paragraph(self) -> Any:
        paragraph = self._document.add_paragraph()
        depth = len(self._lists) + self._quotes
        if depth:
            paragraph.paragraph_format.left_indent = Pt(_SIZE * 1.5 * depth)
        if self._marker:
            paragraph.paragraph_format.first_line_indent = Pt(-_SIZE)
            paragraph.add_run(self._marker)
            self._marker = ""
        return paragraph

    def _write_heading(self, level: int, inline: Token) -> None:
        paragraph = self._document.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        paragraph.paragraph_format.space_before = Pt(_SIZE / 2)
        paragraph.paragraph_format.line_spacing = Pt(_HEADS[level - 1] * 1.5)
        for run in self._write_inline(paragraph, inline):
            _set_face(run, self._look.heading, self._look.heading, _HEADS[level - 1])

    def _write_inline(self, paragraph: Any, inline: Token) -> list[Any]:
        runs = []
        bold = italic = 0
        for child in inline.children or ():
            bold += {"strong_open": 1, "strong_close": -1}.get(child.type, 0)
            italic += {"em_open": 1, "em_close": -1}.get(child.type, 0)
            shown = _shown(child)
            if shown:
                run = paragraph.add_run(shown)
                run.bold, run.italic = bold > 0 or None, italic > 0 or None
                runs.append(run)
        return runs

    def _write_table(self, waiting: Iterator[Token]) -> None:
        rows: list[list[Token]] = []
        for token in waiting:
            if token.type == "table_close":
                break
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(token)
        table = self._document.add_table(rows=len(rows), cols=max(map(len, rows)), style="Table Grid")
        for row, cells in zip(table.rows, rows, strict=True):
            for cell, token in zip(row.cells, cells, strict=False):
                self._write_inline(cell.paragraphs[0], token)


def _shown(child: Token) -> str:
    if child.type in ("text", "code_inline"):
        return child.content
    if child.type in ("softbreak", "hardbreak"):
        return "\n"
    if child.type == "image":
        return f"[{child.content}]"  # what it leads to is not fetched
    return ""
