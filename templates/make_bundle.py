"""Draws the first version of the Word templates of the set ``bundle``: ``python templates/make_bundle.py``.

In English, for a court or an audit: an index by tab, dividers with large tab numbers, a label for the back of a lever
arch file (60 by 190 mm). See ``word_drawing.py`` for what all sets share.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from docx.shared import Pt
from word_drawing import (
    ARIAL,
    CENTER,
    FOOT,
    HEI,
    LEFT,
    LINES,
    MIDDLE,
    RIGHT,
    SONG,
    TIMES,
    TOP,
    Cell,
    Draw,
    Look,
    Style,
    add,
    apart,
    below,
    gap,
    height,
    keep_with_next,
    shade,
    shrink_last,
    table,
    tag,
    write,
)

FOLDER = Path(__file__).resolve().parent / "bundle"
WIDTH = 160  # mm between the margins

STYLES: dict[str, Style] = {
    "Title": ("Normal", HEI, ARIAL, 22, 28, LEFT, 0, 12),
    "Heading 1": ("Normal", HEI, ARIAL, 13, 18, LEFT, 14, 6),
    "Cover Title": ("Title", HEI, ARIAL, 30, 38, LEFT, 0, 0),
    "Cover Text": ("Normal", SONG, TIMES, 15, 22, LEFT, 6, 0),
    "Note": ("Normal", SONG, TIMES, 11, 15, LEFT, 0, 6),
    "Table Head": ("Normal", HEI, ARIAL, 9, 13, LEFT, 0, 0),
    "Table Head Right": ("Table Head", HEI, ARIAL, 9, 13, RIGHT, 0, 0),
    "Table Text": ("Normal", SONG, TIMES, 10.5, 14, LEFT, 0, 0),
    "Table Right": ("Table Text", SONG, TIMES, 10.5, 14, RIGHT, 0, 0),
    "Table Small": ("Table Text", SONG, TIMES, 9, 11.5, LEFT, 0, 0),
    "Table Strong": ("Table Text", HEI, ARIAL, 10.5, 14.5, LEFT, 0, 0),
    "Table Strong Right": ("Table Strong", HEI, ARIAL, 10.5, 14.5, RIGHT, 0, 0),
    "Tab Word": ("Normal", HEI, ARIAL, 16, 20, CENTER, 0, 0),
    "Tab Number": ("Normal", HEI, ARIAL, 120, 132, CENTER, 0, 0),
    "Tab Number Small": ("Tab Number", HEI, ARIAL, 60, 132, CENTER, 0, 0),
    "Tab Title": ("Normal", HEI, ARIAL, 22, 29, CENTER, 6, 0),
    "Tab Section": ("Normal", SONG, TIMES, 14, 20, CENTER, 6, 0),
    "Field": ("Normal", HEI, ARIAL, 10, 14.5, LEFT, 0, 0),
    "Field Text": ("Normal", SONG, TIMES, 11.5, 15.5, LEFT, 0, 0),
}
SPINE_STYLES: dict[str, Style] = {
    "Spine Title": ("Normal", HEI, ARIAL, 16, 20, CENTER, 0, 0),
    "Spine Title Small": ("Spine Title", HEI, ARIAL, 12, 15, CENTER, 0, 0),
    "Spine Text": ("Normal", SONG, TIMES, 11, 14, CENTER, 0, 0),
    "Spine Number": ("Normal", HEI, ARIAL, 48, 56, CENTER, 0, 0),
}
LOOK = Look("en-GB", STYLES, ("", SONG, TIMES, 11.5, 16, LEFT, 0, 6), margins=(30, 25, 30, 25))
PHOTOS = replace(
    LOOK, styles=STYLES | {"Caption": ("Normal", HEI, ARIAL, 10, 13.5, CENTER, 0, 0)}, margins=(25, 25, 25, 25)
)
SPINE = replace(LOOK, styles=STYLES | SPINE_STYLES, size=(60, 190), margins=(8, 4, 8, 4))

DAY = "date('D MMM YYYY')"
LONG_DAY = "date('D MMMM YYYY')"
TITLE = "{{ link(row.title, row.to) }}"
STATE = (
    "{% if row.cited %} (same as {{ row.to }}){% endif %}"
    "{% if row.status in ['missing', 'refused'] %} (to follow){% endif %}"
    "{% if row.vacant %} (pages {{ row.vacant }} left out){% endif %}"
)
SMALL = "Table Small"


def main() -> None:
    """Write the Word files."""
    for name, (title, draw, look) in TEMPLATES.items():
        write(FOLDER, name, title, look, draw)


def row_tag(text: str, columns: int) -> list[Cell]:
    """Return a row that holds nothing but a tag."""
    return tag(text, columns, "Table Text")


# --- the templates -------------------------------------------------------------------------------------------------


def cover(document: Any) -> None:
    """Title at the upper third, the particulars at the foot."""
    rows: list[list[Cell]] = [[("{{ dossier.title }}", "Cover Title")], [("", "Cover Text")]]
    drawn = table(document, [WIDTH], rows, rules=())
    for drawn_row, millimetres, alignment in zip(drawn.rows, (92, 62), (FOOT, TOP), strict=True):
        height(drawn_row, millimetres, alignment)
    below(
        drawn.rows[0].cells[0],
        ("{%p if dossier.subtitle %}", "Cover Text"),
        ("{{ dossier.subtitle }}", "Cover Text"),
        ("{%p endif %}", "Cover Text"),
    )
    middle = drawn.rows[1].cells[0]
    middle.paragraphs[0].add_run("{% if volume.count > 1 %}Volume {{ volume.number }} of {{ volume.count }}{% endif %}")
    below(
        middle,
        ("{%p if volume.count > 1 %}", "Cover Text"),
        ("{{ volume.items|join('; ', attribute='title') }}", "Note"),
        ("{%p endif %}", "Cover Text"),
    )
    gap(document, 12, SMALL)  # else Word takes the two tables for one
    fields = (
        ("Prepared by", "{{ dossier.organisation }}", "dossier.organisation"),
        ("Period", "{{ dossier.period }}", "dossier.period"),
        ("Pages", "{{ volume.first_label }} to {{ volume.last_label }}", "volume.first_label"),
        ("Date", "{{ dossier.date|" + LONG_DAY + " }}", ""),
    )
    rows = []
    for name, value, condition in fields:
        row: list[Cell] = [(name, "Field"), (value, "Field Text")]
        rows += [row_tag(f"{{%tr if {condition} %}}", 2), row, row_tag("{%tr endif %}", 2)] if condition else [row]
    table(document, [34, WIDTH - 34], rows, rules=LINES)
    shrink_last(document, SMALL)


def index(document: Any) -> None:
    """One row for each section, tab and document; everything with a page jumps to it."""
    title = (
        "{% if volume.general %}General index{% elif volume.count > 1 %}Index to volume {{ volume.number }}"
        "{% else %}Index{% endif %}"
    )
    add(document, title, "Title")
    page = "{{ link(row.page, row.to) }}"
    origin = "{% set from = [row.issuer, row.number]|select|list %}{% if from %}{{ from|join(', ') }}{% endif %}"
    rows: list[list[Cell]] = [
        [("Tab", "Table Head"), ("Document", "Table Head"), ("Date", "Table Head"), ("Page", "Table Head Right")],
        row_tag("{%tr for row in index %}", 4),
        row_tag("{%tr if volume.general and row.volume and not row.cited and loop.changed(row.volume) %}", 4),
        [("Volume {{ row.volume }}", "Table Strong", 4)],
        row_tag("{%tr endif %}", 4),
        row_tag("{%tr if row.kind == 'section' %}", 4),
        [("{{ row.id }}", "Table Strong"), (TITLE, "Table Strong", 2), (page, "Table Strong Right")],
        row_tag("{%tr elif row.kind == 'item' %}", 4),
        [
            ("{{ row.id }}", "Table Strong"),
            (
                TITLE + "{% if row.status == 'not-applicable' %} (not applicable){% endif %}",
                "Table Strong",
                2,
            ),
            (page, "Table Strong Right"),
        ],
        row_tag("{%tr elif row.kind == 'evidence' %}", 4),
        [
            ("", "Table Text"),
            (TITLE + STATE, "Table Text"),
            ("{{ row.date|" + DAY + " }}", "Table Text"),
            (page, "Table Right"),
        ],
        row_tag("{%tr else %}", 4),
        [("", "Table Text"), (TITLE, "Table Text", 2), (page, "Table Right")],
        row_tag("{%tr endif %}", 4),
        row_tag("{%tr endfor %}", 4),
    ]  # fmt: skip
    drawn = table(document, [16, 100, 27, 17], rows, header=1, rules=LINES)
    below(
        drawn.rows[10].cells[1],
        ("{%p if row.issuer or row.number %}", SMALL),
        (origin, SMALL),
        ("{%p endif %}", SMALL),
    )
    for row in (drawn.rows[3], drawn.rows[6]):
        shade(row)
    keep_with_next(drawn.rows[3], drawn.rows[6], drawn.rows[8])
    shrink_last(document, SMALL)


def divider(document: Any) -> None:
    """The tab's number, as large as a hand, its title, and what lies behind it."""
    gap(document, 60, SMALL)
    add(document, "TAB", "Tab Word")
    add(document, "{%p if item.id|length > 3 %}", "Tab Word")
    add(document, "{{ item.id }}", "Tab Number Small")
    add(document, "{%p else %}", "Tab Word")
    add(document, "{{ item.id }}", "Tab Number")
    add(document, "{%p endif %}", "Tab Word")
    add(document, "{{ item.title }}", "Tab Title")
    add(document, "{% if item.section %}{{ item.section }}{% endif %}", "Tab Section")
    gap(document, 30, SMALL)
    rows: list[list[Cell]] = [
        [("Document", "Table Head"), ("Date", "Table Head"), ("Page", "Table Head Right")],
        row_tag("{%tr for row in item.evidence %}", 3),
        [
            (TITLE + STATE, "Table Text"),
            ("{{ row.date|" + DAY + " }}", "Table Text"),
            ("{{ link(row.page, row.to) }}", "Table Right"),
        ],
        row_tag("{%tr endfor %}", 3),
        row_tag("{%tr if item.not_applicable %}", 3),
        [("Not applicable: {{ item.not_applicable }}", "Table Text", 3)],
        row_tag("{%tr endif %}", 3),
    ]  # fmt: skip
    table(document, [106, 32, 22], rows, header=1, rules=LINES)
    shrink_last(document, SMALL)


def scores(document: Any) -> None:
    """Every requirement with its claim and the page of its proof, subtotals by section, the total."""
    add(document, "Self-assessment", "Title")
    add(document, "{% if dossier.organisation %}{{ dossier.organisation }}{% endif %}", "Note")
    page = "{% if row.unproved %}to follow{% else %}{{ link(row.page, row.to) }}{% endif %}"

    def head(text: str, score: str) -> list[Cell]:
        return [(text, "Table Strong", 2), ("", "Table Strong"), (score, "Table Strong Right"), ("", "Table Strong", 2)]

    entry: list[Cell] = [
        ("{{ row.id }}", "Table Text"),
        ("{{ row.title }}", "Table Text"),
        ("{{ row.points }}", "Table Right"),
        ("{{ row.self_score }}", "Table Right"),
        ("{{ row.conclusion }}", SMALL),
        (page, "Table Right"),
    ]
    right = "Table Head Right"
    rows: list[list[Cell]] = [
        [
            ("Tab", "Table Head"), ("Requirement", "Table Head"), ("Points", right), ("Claimed", right),
            ("Finding", "Table Head"), ("Page", right),
        ],
        row_tag("{%tr for row in scores.rows %}", 6),
        row_tag("{%tr if row.kind == 'section' %}", 6),
        [
            ("{{ row.id }}", "Table Strong"),
            ("{{ row.title }}", "Table Strong"),
            ("{{ row.points }}", "Table Strong Right"),
            ("{{ row.self_score }}", "Table Strong Right"),
            ("Subtotal", "Table Strong"),
            ("{{ link(row.page, row.to) }}", "Table Strong Right"),
        ],
        row_tag("{%tr else %}", 6),
        [
            ("{{ row.id }}", "Table Text"),
            ("{{ row.title }}", "Table Text"),
            ("{{ row.points }}", "Table Right"),
            ("{{ row.self_score }}", "Table Right"),
            ("{{ row.conclusion }}{% if row.deduction %} Points lost: {{ row.deduction }}{% endif %}", SMALL),
            (page, "Table Right"),
        ],
        row_tag("{%tr endif %}", 6),
        row_tag("{%tr endfor %}", 6),
        [
            ("Total", "Table Strong", 2),
            ("{{ scores.points }}", "Table Strong Right"),
            ("{{ scores.self_score }}", "Table Strong Right"),
            ("{% if scores.difference != '0' %}{{ scores.difference }} not claimed{% endif %}", "Table Strong", 2),
        ],
        *apart("scores.bonus", head("On top of the points", "{{ scores.bonus_score }}"), entry, 6, "Table Text"),
        *apart("scores.vetoes", head("Conditions that must hold", ""), entry, 6, "Table Text"),
    ]  # fmt: skip
    drawn = table(document, [12, 58, 15, 18, 43, 14], rows, header=1, rules=LINES, padding=(80, 80, 50, 80))
    below(
        drawn.rows[5].cells[1],
        ("{%p if row.criteria %}", SMALL),
        ("{{ row.criteria }}", SMALL),
        ("{%p endif %}", SMALL),
    )
    for row in (drawn.rows[3], drawn.rows[8]):
        shade(row)
    keep_with_next(drawn.rows[3], drawn.rows[8])
    gap(document, 24, SMALL)
    signature(document, "Completed by", "Reviewed by")


def signature(document: Any, *people: str) -> None:
    """Room for signatures and dates, in one row: several would part at the foot of a page."""
    cells: list[Cell] = []
    for who in people:
        cells += [(who, "Field"), ("", "Field Text")]
    drawn = table(document, [26, 54] * len(people), [cells], rules=LINES)
    height(drawn.rows[0], 24, TOP)
    for cell in drawn.rows[0].cells[::2]:
        below(cell, ("", "Field"), ("Date", "Field"))
    shrink_last(document, SMALL)


def checklist(document: Any) -> None:
    """The last sheet: what the bundle holds, by department; what is to follow; who compiled and who checked it."""
    add(document, "Certificate of contents", "Title")
    plural = "{{ checklist.%s }} %s{%% if checklist.%s != 1 %%}s{%% endif %%}"
    counts = [
        plural % (name, word, name) for name, word in (("volumes", "volume"), ("pages", "page"), ("sheets", "sheet"))
    ]
    add(
        document,
        f"This bundle is made of {counts[0]} and {counts[1]} ({counts[2]}). It holds "
        + plural % ("evidence", "document", "evidence")
        + " under "
        + plural % ("items", "tab", "items")
        + ".",
        "Normal",
    )
    for text in (
        "{%p if checklist.complete %}",
        "Every document that is listed is bound, and the pages in the index have been checked against the bundle.",
        "{%p else %}",
        "The bundle is not complete. What is outstanding is listed below; build it again when that arrives.",
        "{%p endif %}",
    ):
        add(document, text, "Normal")
    add(document, "{%p if checklist.units %}", "Normal")
    add(document, "Documents by supplier", "Heading 1")
    rows: list[list[Cell]] = [
        [("Supplied by", "Table Head"), ("Documents", "Table Head Right"), ("Pages", "Table Head Right")],
        row_tag("{%tr for unit in checklist.units %}", 3),
        [
            ("{% if unit.name %}{{ unit.name }}{% else %}not stated{% endif %}", "Table Text"),
            ("{{ unit.evidence }}", "Table Right"),
            ("{{ unit.pages }}", "Table Right"),
        ],
        row_tag("{%tr endfor %}", 3),
    ]
    table(document, [100, 32, 28], rows, header=1, rules=LINES)
    add(document, "{%p endif %}", "Normal")
    add(document, "{%p if checklist.problems %}", "Normal")
    add(document, "Outstanding", "Heading 1")
    rows = [
        [("Document", "Table Head"), ("What is wrong", "Table Head"), ("What to do", "Table Head")],
        row_tag("{%tr for problem in checklist.problems %}", 3),
        [
            ("{{ problem.evidence or problem.item }}", "Table Text"),
            ("{{ problem.message }}", SMALL),
            ("{{ problem.fix }}", SMALL),
        ],
        row_tag("{%tr endfor %}", 3),
    ]
    table(document, [24, 72, 64], rows, header=1, rules=LINES, padding=(80, 60, 50, 120))
    add(document, "{%p endif %}", "Normal")
    gap(document, 24, SMALL)
    signature(document, "Compiled by", "Checked by")


def placeholder(document: Any) -> None:
    """The sheet that stands where something is missing."""
    gap(document, 70, SMALL)
    add(document, "Document to follow", "Title")
    fields = (
        ("Document", "placeholder.id", "{{ placeholder.id }}  {{ placeholder.title }}"),
        ("Tab", "placeholder.item_id", "{{ placeholder.item_id }}  {{ placeholder.item_title }}"),
        ("Owed by", "placeholder.unit", "{{ placeholder.unit }}"),
        ("Contact", "placeholder.contact", "{{ placeholder.contact }}"),
        ("Reason", "placeholder.reason", "{{ placeholder.reason }}"),
        ("What to do", "placeholder.fix", "{{ placeholder.fix }}"),
    )  # fmt: skip
    rows: list[list[Cell]] = [
        [(name, "Field"), (f"{{% if {condition} %}}{value}{{% else %}}—{{% endif %}}", "Field Text")]
        for name, condition, value in fields
    ]
    drawn = table(document, [30, WIDTH - 30], rows, rules=LINES)
    for row in drawn.rows:
        height(row, 11, MIDDLE)
    note = add(
        document,
        "This sheet keeps the place of the document, which takes its place when the bundle is built again.",
        "Note",
    )
    note.paragraph_format.space_before = Pt(12)


def photos(document: Any) -> None:
    """The pattern of photo sheets: its margins and its style Caption are what counts, its text is for the author."""
    add(document, "Photo sheets", "Title")
    text = (
        "Photo sheets are laid out by the program: the manifest's layout says how many photos share a page, this "
        "file's margins are theirs, and its style Caption (face, size, colour, alignment) is that of the text under "
        "them. Change both in Word; the text on this page is not bound."
    )
    add(document, text, "Note")
    empty: list[Cell] = [("photo", "Table Text"), ("photo", "Table Text")]
    drawn = table(
        document, [80, 80], [empty, [("2023-04-12 09:06", "Caption"), ("Quay wall, east", "Caption")]], rules=LINES
    )
    height(drawn.rows[0], 60, MIDDLE)


def vacant(document: Any) -> None:
    """The sheet for printed pages of a frozen book that are there no more."""
    gap(document, 70, SMALL)
    add(document, "{% if vacant.withdrawn %}Withdrawn{% else %}Left blank{% endif %}", "Title")
    rows: list[list[Cell]] = [
        [("Document", "Field"), ("{% if vacant.id %}{{ vacant.id }}  {% endif %}{{ vacant.title }}", "Field Text")],
        [("Pages", "Field"), ("{{ vacant.pages }}", "Field Text")],
    ]
    drawn = table(document, [30, WIDTH - 30], rows, rules=LINES)
    for row in drawn.rows:
        height(row, 11, MIDDLE)
    text = (
        "{% if vacant.withdrawn %}The document was taken out{% else %}The document has fewer pages{% endif %} after "
        "the bundle was printed. The page numbers above are no longer in use; all others stand."
    )
    note = add(document, text, "Note")
    note.paragraph_format.space_before = Pt(12)


DUE = (
    "{% if X.deadline %}{% if X.days_left > 0 %} The deadline is {{ X.deadline|LONG }}, {{ X.days_left }} "
    "day{% if X.days_left != 1 %}s{% endif %} from now.{% elif X.days_left == 0 %} The deadline is today."
    "{% else %} The deadline was {{ X.deadline|LONG }}, {{ X.days_left|abs }} "
    "day{% if X.days_left != -1 %}s{% endif %} ago.{% endif %}{% endif %}"
).replace("LONG", LONG_DAY)


def letter(document: Any) -> None:
    """What one unit owes, why and by when, tab by tab; what it should look at again; whom to ask."""
    add(document, "Documents outstanding", "Title")
    add(document, "{{ today|" + LONG_DAY + " }}", "Normal")
    add(document, "To: {{ letter.unit }}{% if letter.contact %}, {{ letter.contact }}{% endif %}", "Normal")
    add(
        document,
        "{{ dossier.title }} is being put together. {{ letter.owed }} document{% if letter.owed != 1 %}s{% endif %} "
        "from you {% if letter.owed != 1 %}are{% else %}is{% endif %} still outstanding ({{ letter.missing }} missing, "
        "{{ letter.refused }} that cannot be bound as received){% if letter.at_risk != '0' %}, and "
        "{{ letter.at_risk }} points claimed have no proof yet{% endif %}." + DUE.replace("X", "letter"),
        "Normal",
    )
    add(document, "Please send", "Heading 1")
    note = "{% if debt.id %}{{ debt.id }}{% endif %}{% if debt.file %}, {{ debt.file }}{% endif %}"
    rows: list[list[Cell]] = [
        [("No.", "Table Head"), ("Document", "Table Head"), ("What is wrong, and what to do", "Table Head")],
        row_tag("{%tr for item in letter.items %}", 3),
        [
            (
                "Tab {{ item.id }}  {{ item.title }}{% if item.counts == 'veto' %}, on which all depends{% endif %}"
                "{% if item.at_risk != '0' %} ({{ item.at_risk }} points at risk)"
                "{% endif %}",
                "Table Strong",
                3,
            )
        ],
        row_tag("{%tr for debt in item.debts %}", 3),
        [
            ("{{ debt.order }}", "Table Text"),
            ("{% if debt.title %}{{ debt.title }}{% else %}All documents of this tab{% endif %}", "Table Text"),
            ("{{ debt.cause }}.{% if debt.pages %} (p. {{ debt.pages }}){% endif %}", "Table Text"),
        ],
        row_tag("{%tr endfor %}", 3),
        row_tag("{%tr endfor %}", 3),
    ]
    drawn = table(document, [12, 74, WIDTH - 86], rows, header=1, rules=LINES)
    shade(drawn.rows[2])
    keep_with_next(drawn.rows[0], drawn.rows[2])
    below(drawn.rows[4].cells[1], ("{%p if debt.id %}", SMALL), (note, SMALL), ("{%p endif %}", SMALL))
    add(document, "{%p if letter.hints %}", "Normal")
    add(document, "Please look at again", "Heading 1")
    # Paragraphs, for the embedded engine leaves the head of a table alone at the foot of a page.
    add(document, "{%p for debt in letter.hints %}", "Normal")
    add(
        document,
        "{{ debt.order }}. {{ debt.title }} ({{ debt.id }}{% if debt.date %}, {{ debt.date|" + DAY + " }}{% endif %}"
        "{% if debt.pages %}, p. {{ debt.pages }}{% endif %}): {{ debt.cause }}.",
        "Normal",
    )
    add(document, "{%p endfor %}", "Normal")
    add(document, "{%p endif %}", "Normal")
    gap(document, 14, SMALL)
    add(document, "{%p if letter.office_contact or letter.office_phone %}", "Normal")
    questions = (
        "Questions: {{ letter.office_contact }}{% if letter.office_phone %}, {{ letter.office_phone }}{% endif %}."
    )
    add(document, questions, "Normal").paragraph_format.keep_with_next = True  # no page with a signature alone
    add(document, "{%p endif %}", "Normal")
    add(document, "{{ dossier.organisation }}", "Normal")


MOST_UNITS, MOST_ITEMS = 14, 6  # that the summary has room for on its one page


def summary(document: Any) -> None:
    """One page: how much is outstanding, which points are at risk, by whom, in order."""
    add(document, "Where the documents stand", "Title")
    add(
        document,
        "{{ dossier.title }}, {{ today|" + LONG_DAY + " }}: of {{ summary.items }} tabs {{ summary.complete }} are "
        "complete. {{ summary.owed }} document{% if summary.owed != 1 %}s are{% else %} is{% endif %} outstanding "
        "({{ summary.missing }} missing, {{ summary.refused }} that cannot be bound as received). "
        "Of {{ summary.claimed }} points claimed, {{ summary.proved }} have their "
        "proof and {{ summary.at_risk }} are at risk." + DUE.replace("X", "summary"),
        "Normal",
    )
    add(document, "Who owes what", "Heading 1")
    heads = ("", "Who", "At risk", "Owed", "To be sent again", "Complete", "Contact")
    rows: list[list[Cell]] = [
        [(head, "Table Head") for head in heads],
        row_tag(f"{{%tr for unit in summary.units[:{MOST_UNITS}] %}}", 7),
        [
            ("{{ unit.rank }}", "Table Text"),
            ("{% if unit.name %}{{ unit.name }}{% else %}(nobody named){% endif %}", "Table Text"),
            ("{{ unit.at_risk }}", "Table Text"),
            ("{{ unit.owed }}", "Table Text"),
            ("{{ unit.refused }}", "Table Text"),
            ("{{ unit.complete }}/{{ unit.items }}", "Table Text"),
            ("{{ unit.contact }} {{ unit.phone }}", SMALL),
        ],
        row_tag("{%tr endfor %}", 7),
        row_tag(f"{{%tr if summary.units|length > {MOST_UNITS} %}}", 7),
        [(f"and {{{{ summary.units|length - {MOST_UNITS} }}}} more: see gaps.xlsx", SMALL, 7)],
        row_tag("{%tr endif %}", 7),
    ]
    table(document, [9, 43, 16, 14, 20, 20, WIDTH - 122], rows, header=1, rules=LINES)
    add(document, "{%p if summary.units|rejectattr('owed')|list %}", SMALL)
    add(document, "Where nothing is owed and points are at risk, others' documents are cited that are missing.", SMALL)
    add(document, "{%p endif %}", SMALL)
    add(document, "{%p if summary.worst %}", "Normal")
    add(document, "Most points at risk", "Heading 1")
    rows = [
        [("Tab", "Table Head"), ("Title", "Table Head"), ("Who", "Table Head"), ("At risk", "Table Head")],
        row_tag(f"{{%tr for item in summary.worst[:{MOST_ITEMS}] %}}", 4),
        [
            ("{{ item.id }}", "Table Text"),
            ("{{ item.title }}{% if item.counts == 'veto' %} (all or nothing){% endif %}", "Table Text"),
            ("{{ item.unit }}", "Table Text"),
            ("{{ item.at_risk }}", "Table Text"),
        ],
        row_tag("{%tr endfor %}", 4),
    ]
    table(document, [18, 84, 40, WIDTH - 142], rows, header=1, rules=LINES)
    add(document, "{%p endif %}", "Normal")
    gap(document, 8, SMALL)
    add(document, "{%p if summary.done %}", SMALL)
    add(document, "Nothing outstanding from: {{ summary.done|selectattr('name')|join(', ', 'name') }}.", SMALL)
    add(document, "{%p endif %}", SMALL)
    add(document, "{%p if summary.own %}", SMALL)
    add(document, "{{ summary.own|length }} more to be settled by ourselves: see gaps.xlsx.", SMALL)
    add(document, "{%p endif %}", SMALL)


def reprint(document: Any) -> None:
    """Which sheets of a printed bundle to change, step by step; what changed, for whoever checks it."""
    add(document, "Sheets to change", "Title")
    add(
        document,
        "{{ dossier.title }}{% if reprint.old_date %}, from the bundle of {{ reprint.old_date|" + LONG_DAY + " }}"
        "{% endif %}{% if reprint.new_date %} to that of {{ reprint.new_date|" + LONG_DAY + " }}{% endif %}: "
        "{{ reprint.printed }} sheet{% if reprint.printed != 1 %}s{% endif %} to print on both sides, "
        "{{ reprint.out }} to take out for good{% if reprint.moved %}, {{ reprint.moved }} to move{% endif %}. "
        "Work from front to back. Page numbers behind “after” and “take out” are those of the old bundle.",
        "Normal",
    )
    add(document, "What to do", "Heading 1")
    heads = ("", "Step", "On the new sheets", "Sheets", "Done")
    rows: list[list[Cell]] = [
        [(head, "Table Head") for head in heads],
        row_tag("{%tr for step in reprint.steps %}", 5),
        [
            ("{{ step.order }}", "Table Text"),
            ("{{ step.text }}.", "Table Text"),
            ("{{ step.about }}", SMALL),
            ("{{ step.sheets }}", "Table Text"),
            ("", "Table Text"),
        ],
        row_tag("{%tr endfor %}", 5),
    ]
    table(document, [9, 83, 36, 17, WIDTH - 145], rows, header=1, rules=LINES)
    add(document, "{%p if reprint.changes %}", "Normal")
    add(document, "What changed", "Heading 1")
    rows = [
        [(head, "Table Head") for head in ("", "Document", "", "Was", "Is", "New pages")],
        row_tag("{%tr for change in reprint.changes %}", 6),
        [
            ("{{ change.id }}", "Table Text"),
            ("{{ change.title }}", "Table Text"),
            ("{{ change.said }}", "Table Text"),
            ("{{ change.was }}", "Table Text"),
            ("{{ change.now }}", "Table Text"),
            ("{{ change.pages }}", "Table Text"),
        ],
        row_tag("{%tr endfor %}", 6),
    ]
    table(document, [18, 62, 20, 20, 20, WIDTH - 140], rows, header=1, rules=LINES)
    add(document, "{%p endif %}", "Normal")
    add(document, "{%p if reprint.elsewhere %}", "Note")
    rest = add(document, "{{ reprint.elsewhere|length }} more show the same, on pages with other numbers.", "Note")
    rest.paragraph_format.space_before = Pt(8)
    add(document, "{%p endif %}", "Note")
    gap(document, 24, SMALL)
    signature(document, "Changed by", "Checked by")


def ticket(document: Any) -> None:
    """What whoever prints the bundle has to know: paper, sides, colours and folds, and which sheets they are about."""
    add(document, "Job ticket", "Title")
    add(
        document,
        "{{ dossier.title }}: {{ ticket.volumes|length }} volume{% if ticket.volumes|length != 1 %}s{% endif %}, "
        "{{ ticket.sheets }} sheets. Every two pages of a file are the front and the back of one sheet. Print each "
        "file as it stands: leave nothing out, and change no order.",
        "Normal",
    )
    add(document, "How to print", "Heading 1")
    rows: list[list[Cell]] = [
        [("Paper", "Table Head"), ("{{ ticket.paper }}, {{ ticket.plain }} sheets", "Table Text")],
        row_tag("{%tr if ticket.divider_paper %}", 2),
        [
            ("Dividers", "Table Head"),
            (
                "{{ ticket.divider_paper }}, {{ ticket.paper }}, {{ ticket.coloured }} sheets"
                "{% if ticket.shared %}; {{ ticket.shared }} more share a sheet with something else, on plain paper"
                "{% endif %}",
                "Table Text",
            ),
        ],
        row_tag("{%tr endif %}", 2),
        row_tag("{%tr if ticket.foldouts %}", 2),
        [
            ("Fold-outs", "Table Head"),
            (
                "A3, {{ ticket.foldouts }} sheet{% if ticket.foldouts != 1 %}s{% endif %}; fold back to the left at "
                "{{ ticket.folds[0] }} mm from the binding edge, and out to the right again at "
                "{{ ticket.folds[1] }} mm: as wide as the other sheets, with one layer at the binding edge",
                "Table Text",
            ),
        ],
        row_tag("{%tr endif %}", 2),
        [("Sides", "Table Head"), ("both, flipped on the long edge", "Table Text")],
        [("Scale", "Table Head"), ("100 %, not fitted to the page", "Table Text")],
        [
            ("Binding", "Table Head"),
            (
                "at the left of the front{% if ticket.gutter != '0' %}, {{ ticket.gutter }} mm kept free{% endif %}",
                "Table Text",
            ),
        ],
    ]
    table(document, [30, WIDTH - 30], rows, rules=LINES)
    add(document, "Volumes", "Heading 1")
    rows = [
        [(head, "Table Head") for head in ("", "File", "Pages", "Sheets", "Plain", "Dividers", "A3")],
        row_tag("{%tr for printed in ticket.volumes %}", 7),
        [
            ("{{ printed.number }}", "Table Text"),
            ("{{ printed.file }}", "Table Text"),
            ("{{ printed.first_page }}–{{ printed.last_page }}", "Table Text"),
            ("{{ printed.sheets }}", "Table Text"),
            ("{{ printed.plain }}", "Table Text"),
            ("{{ printed.coloured }}", "Table Text"),
            ("{{ printed.foldouts }}", "Table Text"),
        ],
        row_tag("{%tr endfor %}", 7),
        [
            ("In all", "Table Strong", 3),
            ("{{ ticket.sheets }}", "Table Strong"),
            ("{{ ticket.plain }}", "Table Strong"),
            ("{{ ticket.coloured }}", "Table Strong"),
            ("{{ ticket.foldouts }}", "Table Strong"),
        ],
    ]
    table(document, [9, 50, 30, 18, 18, 18, WIDTH - 143], rows, header=1, rules=LINES)
    add(document, "{%p if ticket.coloured %}", "Normal")
    add(document, "Sheets of {{ ticket.divider_paper }} paper", "Heading 1")
    rows = [
        [(head, "Table Head") for head in ("", "Sheets (sheet n is pages 2n-1 and 2n of the file)")],
        row_tag("{%tr for printed in ticket.volumes if printed.coloured %}", 2),
        [("{{ printed.number }}", "Table Text"), ("{{ printed.divider_sheets }}", "Table Text")],
        row_tag("{%tr endfor %}", 2),
    ]
    table(document, [9, WIDTH - 9], rows, header=1, rules=LINES)
    add(document, "{%p endif %}", "Normal")
    add(document, "{%p if ticket.foldouts %}", "Normal")
    add(document, "Sheets that fold out", "Heading 1")
    rows = [
        [(head, "Table Head") for head in ("", "Sheet", "In the file", "Pages", "", "Document")],
        row_tag("{%tr for sheet in ticket.foldout_sheets %}", 6),
        [
            ("{{ sheet.volume }}", "Table Text"),
            ("{{ sheet.sheet }}", "Table Text"),
            ("{{ sheet.pdf_pages }}", "Table Text"),
            ("{{ sheet.pages }}", "Table Text"),
            ("{{ sheet.id }}", "Table Text"),
            ("{{ sheet.title }}", "Table Text"),
        ],
        row_tag("{%tr endfor %}", 6),
    ]
    table(document, [9, 17, 24, 24, 20, WIDTH - 94], rows, header=1, rules=LINES)
    add(document, "{%p endif %}", "Normal")
    gap(document, 24, SMALL)
    signature(document, "Ordered by", "Printed by")


def spine(document: Any) -> None:
    """The label for the back of a lever arch file."""
    rows: list[list[Cell]] = [
        [("{{ dossier.organisation }}", "Spine Text")],
        [("{%p if dossier.title|length > 50 %}", "Spine Title")],
        row_tag("{%tr if volume.count > 1 %}", 1),
        [("{{ volume.number }}", "Spine Number")],
        row_tag("{%tr endif %}", 1),
        [("Pages {{ volume.first_label }} to {{ volume.last_label }}", "Spine Text")],
    ]
    drawn = table(document, [52], rows, rules=("top", "bottom", "insideH"), padding=(100, 40, 60, 40))
    for row, millimetres in zip(drawn.rows, (34, 76, 0, 30, 0, 26), strict=True):
        height(row, millimetres, MIDDLE)
    below(
        drawn.rows[1].cells[0],
        ("{{ dossier.title }}", "Spine Title Small"),
        ("{%p else %}", "Spine Title"),
        ("{{ dossier.title }}", "Spine Title"),
        ("{%p endif %}", "Spine Title"),
    )
    below(
        drawn.rows[5].cells[0],
        ("{%p if volume.count > 1 %}", "Spine Text"),
        ("Volume {{ volume.number }} of {{ volume.count }}", "Spine Text"),
        ("{%p endif %}", "Spine Text"),
        ("{{ dossier.date|" + LONG_DAY + " }}", "Spine Text"),
    )
    shrink_last(document, SMALL)


TEMPLATES: dict[str, tuple[str, Draw, Look]] = {
    "cover": ("Cover", cover, LOOK),
    "index": ("Index", index, LOOK),
    "divider": ("Divider", divider, LOOK),
    "scores": ("Self-assessment", scores, LOOK),
    "checklist": ("Certificate of contents", checklist, LOOK),
    "placeholder": ("Document to follow", placeholder, LOOK),
    "vacant": ("Page left blank", vacant, LOOK),
    "photos": ("Photo sheets", photos, PHOTOS),
    "spine": ("Spine label", spine, SPINE),
    "letter": ("Documents outstanding", letter, LOOK),
    "summary": ("Where the documents stand", summary, LOOK),
    "reprint": ("Sheets to change", reprint, LOOK),
    "ticket": ("Job ticket", ticket, LOOK),
}

if __name__ == "__main__":
    main()
