"""Statistics tables, lists and reports as PDF, the way a department prints them from its own system (reportlab)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.charts.linecharts import HorizontalLineChart
from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A3, A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from sample import faces
from sample.offices import PEOPLE

A3_LANDSCAPE, A4_LANDSCAPE, A4_PORTRAIT = landscape(A3), landscape(A4), A4
SONG, HEI = "DossierSong", "DossierHei"
_MARGIN, _TEXT_MARGIN = 20 * mm, 27 * mm


@dataclass(frozen=True, slots=True)
class Statistics:
    """A table, who filled it in, and its notes. ``widths`` are shares; ``total`` sets the last row off."""

    title: str
    unit: str
    day: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]
    widths: Sequence[float] = ()
    measure: str = ""
    note: str = ""
    total: bool = True


def write_table(
    statistics: Statistics, path: Path, *, size: tuple[float, float] = A3_LANDSCAPE, turned: bool = False,
    extra: Sequence[Any] = (),
) -> None:  # fmt: skip
    """Write a table as PDF; ``turned`` stores a landscape page upright with /Rotate 90, as many drivers do."""
    scale = 1.3 if size == A3_LANDSCAPE else 1.0
    width = size[0] - 2 * _MARGIN
    taken = sum(flowable.height for flowable in extra) + 62 * mm * scale
    story = [
        *_set(statistics.title, width, 18 * scale, leading=1.6, face=HEI, align="centre"),
        Spacer(1, 3 * mm),
        _Line("", 10.5 * scale, 16 * scale, width, left=f"填报单位：{statistics.unit}", right=_measure(statistics)),
        _table(statistics, width, size[1] - 2 * _MARGIN - taken, scale),
        Spacer(1, 2 * mm),
        *_set(statistics.note, width, 9.5 * scale, leading=1.5),
        Spacer(1, 5 * mm),
        *extra,
    ]
    head, clerk = PEOPLE[statistics.unit]
    foot = f"负责人：{head}　　　填报人：{clerk}　　　填报日期：{statistics.day}"
    story.append(_Line("", 10.5 * scale, 18 * scale, width, left=foot))
    _build(path, statistics.title, statistics.unit, story, size, margin=_MARGIN, turned=turned)


def write_text(
    title: str, body: str, path: Path, *, author: str, first: int = 1, under: str = "", extra: Any = None
) -> None:
    """Write a running text as PDF on A4 whose own page numbers, at the foot, begin with ``first``.

    The body is paragraphs between empty lines; ``# `` begins a heading, ``!page`` a page, and ``!chart`` is where
    ``extra`` goes.
    """
    width = A4_PORTRAIT[0] - 2 * _TEXT_MARGIN
    story: list[Any] = []
    for line in title.split("\n"):
        story += _set(line, width, 20, leading=1.5, face=HEI, align="centre")
    story += _set(under, width, 12, leading=1.6, align="centre")
    story.append(Spacer(1, 8 * mm))
    for part in cleandoc(body).split("\n\n"):
        text = "".join(line.strip() for line in part.splitlines())
        if text == "!chart":
            story += [extra, Spacer(1, 4 * mm)]
        elif text == "!page":
            story.append(PageBreak())
        elif text.startswith("# "):
            story += _set(text[2:], width, 16, leading=1.85, face=HEI, indent=2)
        else:
            story += _set(text, width, 16, leading=1.8, indent=2)
    _build(path, title, author, story, A4_PORTRAIT, margin=_TEXT_MARGIN, number_from=first)


def bars(
    title: str, labels: Sequence[str], values: Sequence[float], *, width: float = 430, height: float = 190
) -> Drawing:
    """Return a bar chart with its values over the bars."""
    return _chart(VerticalBarChart(), title, labels, values, width, height)


def lines(
    title: str, labels: Sequence[str], values: Sequence[float], *, width: float = 430, height: float = 190
) -> Drawing:
    """Return a line chart."""
    return _chart(HorizontalLineChart(), title, labels, values, width, height)


# --- pieces --------------------------------------------------------------------------------------------------------


class _Line(Flowable):  # type: ignore[misc]
    """One line of text; ``text`` is spread over the width, ``left``, ``centre`` and ``right`` stay as they are."""

    def __init__(
        self, text: str, size: float, height: float, width: float, *, face: str = SONG, inset: float = 0,
        left: str = "", centre: str = "", right: str = "",
    ) -> None:  # fmt: skip
        super().__init__()
        _register()
        self.text, self.size, self.face, self.inset = text, size, face, inset
        self.left, self.centre, self.right = left, centre, right
        self.width, self.height = width, height

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Return width and height in points."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw at the origin of the canvas."""
        base = (self.height - self.size) / 2 + self.size * 0.14
        self.canv.setFont(self.face, self.size)
        if self.text:
            spare = self.width - self.inset - pdfmetrics.stringWidth(self.text, self.face, self.size)
            self.canv.drawString(self.inset, base, self.text, charSpace=spare / max(1, len(self.text) - 1))
        self.canv.drawString(self.inset, base, self.left)
        self.canv.drawCentredString(self.width / 2, base, self.centre)
        self.canv.drawRightString(self.width, base, self.right)


def _set(
    text: str, width: float, size: float, *, leading: float, face: str = SONG, indent: int = 0,
    align: Literal["justify", "centre"] = "justify",
) -> list[_Line]:  # fmt: skip
    """Set a paragraph, first line indented by ``indent`` characters, as lines."""
    if not text:
        return []
    fine = 10  # the lines are broken on whole pixels, ten to the point
    font = faces.load(faces.HEI if face == HEI else faces.SONG, round(size * fine))
    lines = faces.wrap(text, font, width * fine, indent * size * fine)
    made = []
    for number, line in enumerate(lines):
        inset = indent * size if number == 0 else 0
        if align == "centre":
            made.append(_Line("", size, size * leading, width, face=face, centre=line))
        elif number + 1 == len(lines):
            made.append(_Line("", size, size * leading, width, face=face, inset=inset, left=line))
        else:
            made.append(_Line(line, size, size * leading, width, face=face, inset=inset))
    return made


def _measure(statistics: Statistics) -> str:
    return f"单位：{statistics.measure}" if statistics.measure else f"统计截止：{statistics.day}"


def _table(statistics: Statistics, width: float, room: float, scale: float) -> Table:
    """Make the table, its rows as high as ``room`` (points) allows but no higher than looks right."""
    count = len(statistics.columns)
    shares = list(statistics.widths) or [1.0] * count
    widths = [width * share / sum(shares) for share in shares]
    head, cell = _style(10.5 * scale, HEI), _style(10.5 * scale, SONG)
    padding = min(9.0 * scale, max(3.0, (room / (len(statistics.rows) + 1) - 14 * scale) / 2))
    rows = [[Paragraph(_text(name), head) for name in statistics.columns]]
    rows += [[Paragraph(_text(str(value)), cell) for value in row] for row in statistics.rows]
    for row in rows:
        if len(row) != count:
            raise ValueError(f"{statistics.title}: a row has {len(row)} cells, not {count}")
    table = Table(rows, colWidths=widths, repeatRows=1)
    look = [
        ("GRID", (0, 0), (-1, -1), 0.6, colors.black),
        ("BOX", (0, 0), (-1, -1), 1.2, colors.black),
        ("BACKGROUND", (0, 0), (-1, 0), colors.Color(0.91, 0.94, 0.97)),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), padding - 0.6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), padding + 0.6),
    ]
    if statistics.total:
        look.append(("BACKGROUND", (0, -1), (-1, -1), colors.Color(0.96, 0.96, 0.96)))
    table.setStyle(TableStyle(look))
    return table


def _chart(
    chart: Any, title: str, labels: Sequence[str], values: Sequence[float], width: float, height: float
) -> Drawing:
    _register()
    drawing = Drawing(width, height)
    drawing.add(Rect(0, 0, width, height, fillColor=None, strokeColor=colors.lightgrey, strokeWidth=0.6))
    drawing.add(String(width / 2, height - 18, faces.checked(title), fontName=HEI, fontSize=11, textAnchor="middle"))
    chart.x, chart.y, chart.width, chart.height = 44, 32, width - 64, height - 74
    chart.data = [list(values)]
    chart.categoryAxis.categoryNames = [faces.checked(label) for label in labels]
    chart.categoryAxis.labels.fontName = chart.valueAxis.labels.fontName = SONG
    chart.categoryAxis.labels.fontSize = chart.valueAxis.labels.fontSize = 9
    low, high = min(values), max(values)
    chart.valueAxis.valueMin = max(0.0, low - (high - low) * 0.8 - 1) if low > 0 else 0
    chart.valueAxis.valueMax = high + (high - low) * 0.3 + 1
    blue = colors.Color(0.2, 0.42, 0.68)
    if isinstance(chart, VerticalBarChart):
        chart.bars[0].fillColor, chart.bars[0].strokeColor = blue, None
        chart.barLabelFormat = "%g"
        chart.barLabels.fontName, chart.barLabels.fontSize, chart.barLabels.nudge = SONG, 9, 7
    else:
        chart.lines[0].strokeColor, chart.lines[0].strokeWidth = blue, 1.8
        chart.lineLabelFormat = "%g"
        chart.lineLabels.fontName, chart.lineLabels.fontSize = SONG, 9
    drawing.add(chart)
    drawing.add(Line(44, height - 30, width - 20, height - 30, strokeColor=colors.lightgrey, strokeWidth=0.4))
    return drawing


def _style(size: float, face: str) -> ParagraphStyle:
    _register()
    return ParagraphStyle("cell", fontName=face, fontSize=size, leading=size * 1.3, alignment=TA_CENTER, wordWrap="CJK")


def _text(text: str) -> str:
    return escape(faces.checked(text))


@cache
def _register() -> None:
    for name, file in ((SONG, faces.SONG), (HEI, faces.HEI)):
        pdfmetrics.registerFont(TTFont(name, str(faces.FOLDER / file)))


def _build(
    path: Path, title: str, author: str, story: list[Any], size: tuple[float, float], *, margin: float,
    turned: bool = False, number_from: int = 0,
) -> None:  # fmt: skip
    def begin(canvas: Canvas, document: Any) -> None:
        if turned:
            canvas.transform(0, 1, -1, 0, size[1], 0)  # reportlab itself swaps the sides of a turned page
        if number_from:
            canvas.setFont(SONG, 10.5)
            canvas.drawCentredString(size[0] / 2, 18 * mm, f"- {number_from + document.page - 1} -")

    path.parent.mkdir(parents=True, exist_ok=True)
    document = BaseDocTemplate(
        str(path),
        pagesize=size,
        title=title.replace("\n", ""),
        author=author,
        invariant=1,
        pageCompression=1,
        rotation=90 if turned else 0,
    )
    frame = Frame(margin, margin, size[0] - 2 * margin, size[1] - 2 * margin, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate(frames=[frame], onPage=begin, pagesize=size)])
    document.build(story)
