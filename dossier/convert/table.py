"""Tables of text (CSV, or HTML that calls itself a workbook) → XLSX whose every cell is text.

What is read as text stays as it was written: no identity number becomes 5.2E+17, no zero is lost, no 1-2 is a date.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from xml.sax.saxutils import escape

from lxml import etree, html  # type: ignore[import-untyped]

from dossier.convert.grid import MAX_COLUMNS, MAX_ROWS, Box, Element, letters, printable, text_width
from dossier.errors import ConversionError
from dossier.part import Note

_SEPARATORS = (",", "\t", ";", "|")
_SNIFFED_LINES = 60
_WIDEST = 60
_ROW_HEIGHT = 18  # points
_TABLE_WIDTH = 200.0  # characters; more would be shrunk too far on landscape paper
_FONT = "宋体"
_MAX_TEXT = 32_767
_MAX_CELLS = 2_000_000
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_STYLES = (
    f'<fonts count="1"><font><sz val="10"/><name val="{_FONT}"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="2"><border/><border><left style="thin"/><right style="thin"/><top style="thin"/>'
    '<bottom style="thin"/></border></borders><cellStyleXfs count="1"><xf fontId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf fontId="0" xfId="0"/><xf numFmtId="49" fontId="0" borderId="1" xfId="0" applyFont="1" '
    'applyBorder="1" applyNumberFormat="1" applyAlignment="1"><alignment vertical="center" wrapText="1"/></xf>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def from_text(source: Path, out: Path) -> tuple[Note, ...]:
    """Write delimited text as an XLSX package whose every cell is text, ruled, with columns as wide as their contents.

    The encoding is found among UTF-8, UTF-16 and GB18030, the separator among comma, tab, semicolon and bar. Raises
    ConversionError: ``damaged-source`` for what is none of these, ``empty-source``.
    """
    text = decoded(source.read_bytes(), source.name)
    separator, text = _separator(text)
    try:
        rows = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), MAX_ROWS))
    except csv.Error as error:
        raise _not_a_table(source.name, str(error)) from error
    _write_table(out, source.name, rows, ())
    return ()


def from_html(source: Path, out: Path) -> tuple[Note, ...]:
    """Write the tables of an HTML file, one below the other, as :func:`from_text` does with text."""
    root = parsed_html(source)
    rows: list[list[str]] = []
    merges: list[Box] = []
    for table in root.iter("table"):
        if next(table.iterancestors("table"), None) is None:
            _add_table(table, rows, merges)
    _write_table(out, source.name, rows, merges)
    return ()


def parsed_html(source: Path) -> Element:
    """Return the root of a web page, in whichever encoding it is; raises ConversionError where it holds nothing."""
    text = printable(decoded(source.read_bytes(), source.name))
    try:
        return html.document_fromstring(
            text.encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8", no_network=True)
        )
    except etree.ParserError as error:
        raise ConversionError(
            f"{source.name}: it holds nothing", fix="ask for the file again", code="empty-source"
        ) from error


def decoded(data: bytes, name: str) -> str:
    """Return text in UTF-8, UTF-16 or GB18030; raises ConversionError for any other."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    # Separators and digits leave every second byte empty in UTF-16; a stray one is no more than that.
    first, second = data[:400:2].count(0), data[1:400:2].count(0)
    if max(first, second) > max(2, len(data[:400]) // 20, 4 * min(first, second)):
        return data.decode("utf-16-le" if second > first else "utf-16-be", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _not_a_table(name, "its text is neither UTF-8 nor UTF-16 nor GB18030")


def _separator(text: str) -> tuple[str, str]:
    first, _, rest = text.partition("\n")
    named = re.fullmatch('"?sep=([^"])"?\r?', first, re.IGNORECASE)
    if named:
        return named[1], rest
    return max(_SEPARATORS, key=lambda separator: _fitness(text, separator)), text


def _fitness(text: str, separator: str) -> tuple[float, int]:
    """Return in how large a share of the first lines a separator finds equally many fields, and how many."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        counts = Counter(len(row) for row in islice(reader, _SNIFFED_LINES) if row)
    except csv.Error:
        return 0.0, 0
    usual, times = counts.most_common(1)[0] if counts else (1, 0)
    return (times / counts.total(), usual) if usual > 1 else (0.0, 0)


def _add_table(table: Element, rows: list[list[str]], merges: list[Box]) -> None:
    taken_until: dict[int, int] = {}
    own = [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]
    for number, row in enumerate(own, start=len(rows)):
        values: list[str] = []
        for cell in row.iterchildren("td", "th"):
            while taken_until.get(len(values), -1) >= number:
                values.append("")
            column, across, down = len(values), _span(cell, "colspan", 256), _span(cell, "rowspan", len(own))
            if across * down > 1:
                merges.append(Box(column + 1, number + 1, column + across, number + down))
                taken_until |= dict.fromkeys(range(column, column + across), number + down - 1)
            values += [" ".join(cell.text_content().split()), *[""] * (across - 1)]
        rows.append(values)


def _span(cell: Element, name: str, most: int) -> int:
    text = cell.get(name, "1").strip()
    return min(max(int(text), 1), most) if text.isdecimal() and len(text) < 6 else 1


def _write_table(out: Path, name: str, rows: Sequence[Sequence[str]], merges: Sequence[Box]) -> None:
    rows = [[printable(value)[:_MAX_TEXT].strip() for value in row[:MAX_COLUMNS]] for row in rows]
    while rows and not any(rows[-1]):
        rows = rows[:-1]
    if not rows:
        raise ConversionError(f"{name}: it holds no table", fix="ask for the file again", code="empty-source")
    across = max(map(len, rows))
    if across * len(rows) > _MAX_CELLS:
        raise ConversionError(
            f"{name}: its table has {len(rows)} rows and {across} columns, too many to print",
            fix="leave in it what is evidence, and save",
            code="oversized-source",
        )
    rows = [[*row, *[""] * (across - len(row))] for row in rows]
    spanned = {(merge.top, merge.left) for merge in merges if merge.right > merge.left}
    widths = [4.0] * across
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if value and (number, column + 1) not in spanned:
                widths[column] = max(widths[column], *(text_width(line) + 2 for line in value.split("\n")))
    cap = next((cap for cap in range(_WIDEST, 8, -1) if sum(min(w, cap) for w in widths) <= _TABLE_WIDTH), 8)
    cols = "".join(
        f'<col min="{i}" max="{i}" width="{min(width, cap):.2f}" customWidth="1"/>'
        for i, width in enumerate(widths, start=1)
    )
    data = "".join(map(_row_xml, range(1, len(rows) + 1), rows))
    merged = "".join(f'<mergeCell ref="{letters(m.left)}{m.top}:{letters(m.right)}{m.bottom}"/>' for m in merges)
    sheet = (
        f'<sheetFormatPr defaultRowHeight="{_ROW_HEIGHT}" customHeight="1"/>'
        + f"<cols>{cols}</cols><sheetData>{data}</sheetData>"
        + (merged and f"<mergeCells>{merged}</mergeCells>")
    )
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_CONTENT}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_CONTENT}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_CONTENT}.worksheet+xml"/></Types>',
        "_rels/.rels": _rels_xml("officeDocument", "xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": _rels_xml("worksheet", "worksheets/sheet1.xml", "styles", "styles.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">{_STYLES}</styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}">{sheet}</worksheet>',
    }
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for part, xml in parts.items():
            package.writestr(part, xml)


def _row_xml(number: int, row: Iterable[str]) -> str:
    cells = "".join(
        f'<c r="{letters(column)}{number}" s="1" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
        if value
        else f'<c r="{letters(column)}{number}" s="1"/>'
        for column, value in enumerate(row, start=1)
    )
    return f'<row r="{number}">{cells}</row>'


def _rels_xml(*kinds_and_targets: str) -> str:
    pairs = zip(kinds_and_targets[::2], kinds_and_targets[1::2], strict=True)
    inner = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(pairs, start=1)
    )
    return f'<Relationships xmlns="{_RELATIONSHIPS}">{inner}</Relationships>'


def _not_a_table(name: str, why: str) -> ConversionError:
    return ConversionError(
        f"{name}: it cannot be read as a table: {why}",
        fix="open it in Excel or WPS and save it as XLSX",
        code="damaged-source",
    )
