"""Workbooks made to print as an office prints them: all columns on the page, the header repeated, nothing recomputed.

Only what decides the print is edited, in the XML of the package itself, so that charts, pictures and all the rest stay
as they are (ECMA-376 part 1, 18.2 and 18.3).
"""

from __future__ import annotations

import math
import posixpath
import re
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

from dossier.convert import grid, ooxml
from dossier.convert.grid import Box, Element, Grid, is_true
from dossier.errors import ConversionError
from dossier.part import Note

VERSION = "1"
"""Part of every cache key: raised when the same workbook comes out another way."""

HIDDEN = "hidden-sheet"
SMALL = "small-print"
RULED = "blank-rows"
CUT = "cut-text"
UNPREPARED = "unprepared-sheet"

READABLE = 0.75
"""A sheet that portrait paper could show only smaller than this is turned to landscape."""
LEAST = 0.4
"""No sheet is shrunk further than this: it is spread over several pages' width instead."""
_SMALL = 0.55
_MAX_RULED_ROWS = 60
_MAX_PART = 48 * 1024**2
_MAX_ROW_HEIGHT = 409.0
_TIGHT = 1.25
_WIDEST = 40.0  # characters that a column is widened to for text

_A3, _A4 = "8", "9"
_PAPERS = {_A3: (841.89, 1190.55), _A4: (595.28, 841.89)}
_MARGIN = 0.7  # inches, where a sheet says nothing
_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_HOLDS_SOMETHING = re.compile(rb"<(?:\w+:)?(?:v|t|drawing)\b")

_BEFORE = {
    "sheetPr": (),
    "cols": ("sheetPr", "dimension", "sheetViews", "sheetFormatPr"),
    "pageSetup": (
        *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr"),
        *("sheetProtection", "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate"),
        *("customSheetViews", "mergeCells", "phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks"),
        *("printOptions", "pageMargins"),
    ),
    "bookViews": ("fileVersion", "fileSharing", "workbookPr", "workbookProtection"),
    "definedNames": (
        *("fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets", "functionGroups"),
        "externalReferences",
    ),
}
"""For each element that may be added, those that must come before it."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One sheet of a workbook; ``index`` counts from 0 among all of them, charts and hidden ones too."""

    name: str
    part: str
    index: int
    visible: bool


def prepare(source: Path, out: Path, *, name: str = "", hidden: Collection[str] = frozenset()) -> tuple[Note, ...]:
    """Write to ``out`` a copy of the XLSX package ``source`` that prints as an office would print it.

    Columns are fitted to the page's width, on landscape paper where portrait would be too small to read; the header is
    repeated; the paper is A4, or A3 where its author chose that; columns and rows are made as large as what they show;
    values stand where formulas stood. Print areas, print titles, column breaks, and a scaling that its author set and
    that does fit are kept. Returns notes on hidden sheets and on small print. Raises ConversionError:
    ``damaged-source``, and ``empty-source`` where no visible sheet holds anything. Call
    :func:`dossier.convert.ooxml.inspect` first, which bounds the sizes. ``name`` is what messages call the file,
    ``hidden`` names sheets that are to be hidden whatever the package says.
    """
    try:
        with zipfile.ZipFile(source) as package:
            return _Workbook(package, name or source.name, hidden).prepare(out)
    except (etree.XMLSyntaxError, ValueError, zipfile.BadZipFile) as error:
        raise ConversionError(
            f"{name or source.name}: the workbook is damaged: {error}",
            fix="open it in Excel or WPS, let it repair it, and save it anew",
            code="damaged-source",
        ) from error


class _Workbook:
    """An open package, what its sheets share, and the parts that the copy gets instead of its own."""

    def __init__(self, package: zipfile.ZipFile, name: str, hidden: Collection[str]) -> None:
        self.package = package
        self.name = name
        self.hidden = hidden
        self.part = next(iter(self._related("", "/officeDocument")), "xl/workbook.xml")
        self.root = self._parsed(self.part)
        self.styles, self.points = grid.read_styles(self._shared("/styles"))
        self.strings = grid.read_strings(self._shared("/sharedStrings"))
        self.changed: dict[str, bytes] = {}
        self.notes: list[Note] = []

    def prepare(self, out: Path) -> tuple[Note, ...]:
        sheets = list(self._sheets())
        printed = [self._prepare(sheet) for sheet in sheets if sheet.visible]
        if not any(printed):
            raise ConversionError(
                f"{self.name}: no visible sheet of it holds anything",
                fix="unhide the sheet that is the evidence, and save",
                code="empty-source",
            )
        _open_at(self.root, next(sheet.index for sheet in sheets if sheet.visible))
        hidden = [sheet.name for sheet in sheets if not sheet.visible and self._holds_something(sheet)]
        if hidden:
            self.notes.insert(0, _hidden_note(hidden))
        self.changed[self.part] = _written(self.root)
        ooxml.rewrite(self.package, self.changed, out)
        return tuple(self.notes)

    def _sheets(self) -> Iterator[_Sheet]:
        parts = self._related(self.part, ids=True)
        for index, element in enumerate(self.root.iterfind("{*}sheets/{*}sheet")):
            part = parts.get(_attribute(element, "id"), "")
            if element.get("name") in self.hidden:
                element.set("state", "hidden")
            if part in self.package.NameToInfo:
                yield _Sheet(element.get("name", ""), part, index, element.get("state", "visible") == "visible")

    def _related(self, part: str, kind: str = "", *, ids: bool = False) -> dict[str, str]:
        """Return the parts inside the package that a part refers to by relations whose type ends in ``kind``.

        The keys are the parts themselves, or with ``ids`` the names that the part calls them by.
        """
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        if rels not in self.package.NameToInfo:
            return {}
        found = {}
        for element in self._parsed(rels).iter(_RELATIONSHIP):
            if element.get("TargetMode") != "External" and element.get("Type", "").endswith(kind):
                target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", ""))).lstrip("/")
                found[element.get("Id", "") if ids else target] = target
        return found

    def _shared(self, kind: str) -> Element | None:
        part = next(iter(self._related(self.part, kind)), "")
        return self._parsed(part) if part in self.package.NameToInfo else None

    def _parsed(self, part: str) -> Element:
        if part not in self.package.NameToInfo:
            raise ValueError(f"it has no part {part}")
        return _parsed(self.package.read(part))

    def _holds_something(self, sheet: _Sheet) -> bool:
        data = self.package.read(sheet.part)
        return bool(_HOLDS_SOMETHING.search(data)) or b"<chartsheet" in data

    def _prepare(self, sheet: _Sheet) -> bool:
        """Set up one sheet; return whether it prints anything."""
        data = self.package.read(sheet.part)
        if len(data) > _MAX_PART:
            self.notes.append(_unprepared_note(sheet.name))
            return True
        root = _parsed(data)
        if etree.QName(root).localname != "worksheet":
            return True  # a chart on a sheet of its own fills its page as it is
        drawings = [self._parsed(part) for part in self._related(sheet.part, "/drawing")]
        contents = grid.read(root, drawings, self.styles, self.strings, self.points)
        if not (contents.cells or contents.drawn.bottom):
            return False
        _freeze(root)
        if _make_room(root, contents):
            self.notes.append(_cut_note(sheet.name))
        areas = grid.boxes(self._defined(sheet, "Print_Area"))
        if not areas:
            areas = self._without_ruled_rows(sheet, contents)
        _name_file(root, grid.printable(self.name))
        scale = _set_up(root, *contents.size(areas))
        if scale < _SMALL:
            self.notes.append(_small_note(sheet.name, scale))
        rows = grid.header(contents, areas)
        if rows and not self._defined(sheet, "Print_Titles"):
            self._define(sheet, "Print_Titles", f"${rows[0]}:${rows[1]}")
        self.changed[sheet.part] = _written(root)
        return True

    def _without_ruled_rows(self, sheet: _Sheet, contents: Grid) -> list[Box]:
        """End the print where a sheet goes on for pages with nothing but ruled or coloured cells."""
        last = contents.last_row
        if max((row for row, _ in contents.inked), default=0) <= last + _MAX_RULED_ROWS:
            return []
        contents.inked = [(row, column) for row, column in contents.inked if row <= last]
        area = Box(1, 1, contents.last_column(), last)
        self._define(sheet, "Print_Area", f"$A$1:${grid.letters(area.right)}${last}")
        self.notes.append(_ruled_note(sheet.name, last))
        return [area]

    def _defined(self, sheet: _Sheet, name: str) -> str:
        """Return what a built-in name such as ``Print_Area`` stands for on a sheet, or an empty text."""
        for element in self.root.iterfind("{*}definedNames/{*}definedName"):
            if _is_name(element, sheet, name):
                text = element.text or ""
                return "" if "#REF!" in text else text
        return ""

    def _define(self, sheet: _Sheet, name: str, cells: str) -> None:
        names = _child(self.root, "definedNames")
        for old in [element for element in names if _is_name(element, sheet, name)]:
            names.remove(old)
        new = etree.SubElement(names, _tag(self.root, "definedName"))
        new.attrib.update({"name": f"_xlnm.{name}", "localSheetId": str(sheet.index)})
        quoted = sheet.name.replace("'", "''")
        new.text = f"'{quoted}'!{cells}"


def _open_at(root: Element, index: int) -> None:
    """Let a workbook open at a sheet that is visible: LibreOffice shows, and prints, the one that it opens at."""
    views = _child(root, "bookViews")
    view = views.find("{*}workbookView")
    if view is None:
        view = etree.SubElement(views, _tag(root, "workbookView"))
    view.attrib.update({"activeTab": str(index), "firstSheet": str(index)})


def _is_name(element: Element, sheet: _Sheet, name: str) -> bool:
    full: str = element.get("name", "")
    return element.get("localSheetId") == str(sheet.index) and full.rpartition(".")[2].lower() == name.lower()


# --- the page ------------------------------------------------------------------------------------------------------


def _set_up(root: Element, wide: float, high: float) -> float:
    """Choose paper, orientation and scaling for contents of a width and height in points; return the scale."""
    page = _child(root, "pageSetup")
    if page.get("paperSize") not in _PAPERS:
        page.set("paperSize", _A4)
    room = _room(root, page)
    fitted = root.find("{*}sheetPr/{*}pageSetUpPr")
    if is_true(fitted, "fitToPage"):
        across, down = int(page.get("fitToWidth", 1)), int(page.get("fitToHeight", 1))
        return min(across * room[0] / wide if across else 1.0, down * room[1] / high if down else 1.0)
    own = grid.number(page, "scale", 100) / 100
    if root.find("{*}colBreaks/{*}brk") is not None or (own < 1 and wide * own <= room[0]):
        return own
    if room[0] < wide * READABLE:
        page.set("orientation", "landscape")
        room = _room(root, page)
    across = math.ceil(wide * LEAST / room[0])
    page.attrib.update({"fitToWidth": str(across), "fitToHeight": "0"})
    properties = _child(root, "sheetPr")
    if fitted is None:
        fitted = etree.SubElement(properties, _tag(root, "pageSetUpPr"))
    fitted.set("fitToPage", "1")
    return across * room[0] / wide


def _room(root: Element, page: Element) -> tuple[float, float]:
    """Return the width and height between a page's margins, in points."""
    margins = root.find("{*}pageMargins")
    wide, high = _PAPERS[page.get("paperSize")]
    if page.get("orientation") == "landscape":
        wide, high = high, wide
    left, right, top, bottom = (grid.number(margins, side, _MARGIN) * 72 for side in ("left", "right", "top", "bottom"))
    return max(wide - left - right, 72.0), max(high - top - bottom, 72.0)


# --- room for what is shown ----------------------------------------------------------------------------------------


def _make_room(root: Element, contents: Grid) -> bool:
    """Widen columns whose numbers would print as ### or whose text would be cut by the next cell, and then rows.

    Return whether there is text that stays cut, for it is longer than a column should be wide.
    """
    wider, cut = _wider(contents)
    contents.columns.update(wider)
    _widen(root, wider)
    rows = contents.rows
    higher: dict[int, float] = {}
    for cell in (cell for row in contents.cells.values() for cell in row if not cell.style.fits):
        box = contents.box_of(cell)
        needed = grid.text_height(cell, contents.columns.between(box.left, box.right))
        if box.top in rows.own and needed < 2 * cell.style.points:
            needed = _TIGHT * cell.style.points  # a single line fits in what its author thought enough
        lacking = needed - rows.between(box.top, box.bottom)
        if lacking > 0:
            higher[box.bottom] = max(higher.get(box.bottom, 0.0), rows[box.bottom] + lacking)
    rows.update(higher)
    for number, row in grid.lines(root):
        if number in higher:
            row.attrib.update({"ht": f"{min(higher[number], _MAX_ROW_HEIGHT):.2f}", "customHeight": "1"})
    return cut


def _wider(contents: Grid) -> tuple[dict[int, float], bool]:
    columns = contents.columns
    wider: dict[int, float] = {}
    cut = False
    for row in contents.cells.values():
        for cell, following in zip_longest(row, row[1:]):
            if cell.style.fits or (cell.number is None and cell.style.wraps):
                continue
            box = contents.box_of(cell)
            if cell.number is not None:
                lacking = grid.number_width(cell.number, cell.style.code) * cell.style.size + 1.0
                lacking -= columns.between(box.left, box.right)
            else:
                # Text goes on over empty cells, but not out of merged ones.
                merged = (cell.row, cell.column) in contents.merges
                if not merged and following is None:
                    continue
                end = box.right if merged else following.column - 1
                lacking = grid.text_width(cell.text.replace("\n", " ")) * cell.style.size + 0.5
                lacking -= columns.between(box.left, end)
            width = columns[box.right] + lacking
            if lacking <= 0:
                continue
            if cell.number is None and width > _WIDEST:
                cut = True
            else:
                wider[box.right] = max(wider.get(box.right, 0.0), width)
    return wider, cut


def _widen(root: Element, wider: Mapping[int, float]) -> None:
    if not wider:
        return
    cols = _child(root, "cols")
    numbers = sorted(wider)
    cut: dict[int, dict[str, str]] = {}
    for column in cols.iterfind("{*}col"):
        first, last = int(column.get("min", 1)), int(column.get("max", 1))
        inside = numbers[bisect_left(numbers, first) : bisect_right(numbers, last)]
        edges = {first, last + 1, *inside, *(number + 1 for number in inside)}
        for low, high in pairwise(sorted(edges)):
            cut[low] = {**column.attrib, "min": str(low), "max": str(high - 1)}
    for column, width in wider.items():
        own = cut.setdefault(column, {"min": str(column), "max": str(column)})
        own |= {"width": f"{width:.2f}", "customWidth": "1"}
    del cols[:]
    for _, attributes in sorted(cut.items()):
        etree.SubElement(cols, _tag(root, "col"), attributes)


# --- values instead of formulas ------------------------------------------------------------------------------------


def _freeze(root: Element) -> None:
    """Take out each formula whose value is kept beside it: the page shows what its author saw, whatever the day."""
    formulas = list(root.iterfind("{*}sheetData/{*}row/{*}c/{*}f"))
    valued = [formula for formula in formulas if _has_value(formula.getparent())]
    for formula in valued:
        # A formula without a value may say no more than "as in that other cell".
        if len(valued) == len(formulas) or formula.get("t") != "shared":
            formula.getparent().remove(formula)


def _name_file(root: Element, name: str) -> None:
    """Write the source's own name where a header or footer asks for the file's, which is another here."""
    for text in root.iterfind("{*}headerFooter/*"):
        text.text = re.sub("&[FZ]", lambda match: name.replace("&", "&&") if match[0] == "&F" else "", text.text or "")


def _has_value(cell: Element) -> bool:
    value = cell.find("{*}v")
    return value is not None and (bool(value.text) or cell.get("t") == "str")


# --- XML -----------------------------------------------------------------------------------------------------------


def _parsed(data: bytes) -> Element:
    return etree.fromstring(data, ooxml.parser(huge=True))


def _written(root: Element) -> bytes:
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return written


def _tag(root: Element, name: str) -> str:
    return f"{{{etree.QName(root).namespace}}}{name}"


def _child(root: Element, name: str) -> Element:
    """Return an element of a sheet or workbook, made in its place where there is none."""
    found = root.find(f"{{*}}{name}")
    if found is None:
        found = etree.Element(_tag(root, name))
        before = [i for i, child in enumerate(root) if etree.QName(child).localname in _BEFORE[name]]
        root.insert(before[-1] + 1 if before else 0, found)
    return found


def _attribute(element: Element, name: str) -> str:
    """Return an attribute by its local name: the namespace of ids differs between the norm's two forms."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


# --- notes ---------------------------------------------------------------------------------------------------------


def _hidden_note(names: Sequence[str]) -> Note:
    return Note(
        HIDDEN,
        f"hidden sheets were left out: {', '.join(names)}",
        "if one of them is evidence, unhide it and save; if not, delete it",
    )


def _small_note(name: str, scale: float) -> Note:
    return Note(
        SMALL,
        f"sheet {name} is shrunk to {max(scale, 0.01):.0%} to fit the page",
        "if it is too small to read, choose A3 paper or a print area in its page set-up, and save",
    )


def _cut_note(name: str) -> Note:
    return Note(
        CUT,
        f"sheet {name} holds long texts that end at the next cell, on the page as on the screen",
        "let those cells wrap, or widen their columns, and save",
    )


def _ruled_note(name: str, last: int) -> Note:
    return Note(
        RULED,
        f"sheet {name} goes on with empty ruled rows after row {last}, which were left out",
        "set a print area if they are to be printed",
    )


def _unprepared_note(name: str) -> Note:
    return Note(
        UNPREPARED,
        f"sheet {name} is too large to be set up for the page and is printed as it is",
        "set a print area over what is evidence, and save",
    )
