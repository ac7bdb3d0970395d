"""An official document as data: written as Word by :mod:`sample.word`, drawn as a scan by :mod:`sample.scan`.

The body is plain text. An empty line ends a paragraph, and a paragraph's start says what it is:

======================  ====================================================================
``一、``                 first-level heading (黑体), unless it is a whole sentence
``（一）``               second-level heading (楷体), likewise
``# ``                  title of an attachment, on a new page; ``附件`` before it stays at its head
``= ``                  centred line
``| a | b |``           a row of a table; rows follow each other without an empty line
anything else           a paragraph, indented by two characters
======================  ====================================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from inspect import cleandoc
from typing import Literal

Style = Literal["heading", "subheading", "attachment", "centre", "table", "text"]

_HEADING = re.compile(r"[一二三四五六七八九十]+、")
_SUBHEADING = re.compile(r"（[一二三四五六七八九十]+）")


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, or the rows of one table."""

    style: Style
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """A red-header document after GB/T 9704. ``header`` may hold a line break; minutes and reports have no ``to``."""

    header: str
    number: str
    title: str
    body: str
    signed: str
    on: date
    to: str = ""
    copies: str = ""
    issued_by: str = ""

    @property
    def blocks(self) -> list[Block]:
        return parse(self.body)


def parse(text: str) -> list[Block]:
    """Split a body into its blocks."""
    return [_block(lines) for part in cleandoc(text).split("\n\n") if (lines := part.strip().splitlines())]


def chinese(day: date) -> str:
    """Write a date as official documents do: 2023年3月28日."""
    return f"{day.year}年{day.month}月{day.day}日"


def _block(lines: list[str]) -> Block:
    if lines[0].startswith("|"):
        return Block("table", rows=tuple(_cells(line) for line in lines))
    text = "".join(line.strip() for line in lines)
    if text.startswith("# "):
        return Block("attachment", text[2:])
    if text.startswith("= "):
        return Block("centre", text[2:])
    sentence = "。" in text or text.endswith(("；", "，", "："))
    if _HEADING.match(text) and not sentence:
        return Block("heading", text)
    if _SUBHEADING.match(text) and not sentence:
        return Block("subheading", text)
    return Block("text", text)


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
