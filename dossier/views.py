"""What Word templates see: every name they may use, with its type and what it says.

:class:`Context` lists the names that stand alone; the other classes say what stands behind a dot. Whatever is not given
is empty text, so ``{% if dossier.subtitle %}`` works for every name. Scores are text, exact as written. A page is there
twice: as one says it (``page``: 57, 2-57, iv) and as it is printed (``label``: — 57 —).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict, get_type_hints

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Says:
    """What a name tells its readers; ``only`` names the templates outside which it is not there.

    ``example`` is how a function is called, or how a value that cannot be shown is used.
    """

    text: str
    only: tuple[str, ...] = ()
    example: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of an index or of a divider's list."""

    kind: Annotated[str, Says("`front`, `section`, `item`, `evidence` or `back`")]
    level: Annotated[int, Says("depth, from 1")]
    id: Annotated[str, Says("its id; empty for front and back matter")]
    title: Annotated[str, Says("what it is called")]
    unit: Annotated[str, Says("the unit that supplies it")] = ""
    date: Annotated[str, Says("of evidence: when it was issued, as 2023-05-17")] = ""
    number: Annotated[str, Says("of evidence: its own number (文号)")] = ""
    issuer: Annotated[str, Says("of evidence: who issued it (责任者)")] = ""
    page: Annotated[str, Says("the page where it starts")] = ""
    pages: Annotated[str, Says("from its first to its last page")] = ""
    label: Annotated[str, Says("the page where it starts, as printed")] = ""
    points: Annotated[str, Says("of a section or an item: points to be had")] = ""
    status: Annotated[
        str,
        Says(
            "item: `complete`, `missing`, `refused`, `not-applicable`; evidence: `bound`, `cited`, `missing`, `refused`"
        ),
    ] = ""
    to: Annotated[str, Says("what a jump leads to, for `link`")] = ""
    volume: Annotated[int, Says("the volume it is in, 0 for none")] = 0
    cited: Annotated[bool, Says("true where evidence is bound elsewhere; page and jump are those of the place")] = False
    role: Annotated[str, Says("of evidence: which role it fills")] = ""
    self_score: Annotated[str, Says("of a section or an item: points that the organisation gives itself")] = ""
    last_page: Annotated[str, Says("the page where it ends")] = ""
    last_label: Annotated[str, Says("the page where it ends, as printed")] = ""
    page_count: Annotated[int, Says("how many pages it has (页数), blanks left out")] = 0
    order: Annotated[int, Says("its place among the rows of its kind, from 1 (件号); 0 for a citation")] = 0
    item_id: Annotated[str, Says("of evidence: the item that it proves")] = ""
    item_title: Annotated[str, Says("of evidence: what that item is called")] = ""
    secrecy: Annotated[str, Says("of evidence: its secrecy class (密级)")] = ""
    remark: Annotated[str, Says("of evidence: a remark to be printed (备注)")] = ""
    vacant: Annotated[str, Says("printed pages that are left out now, where only the index says so: 145—146")] = ""


@dataclass(frozen=True, slots=True)
class DossierView:
    """``dossier``: what the manifest says, and counts."""

    title: Annotated[str, Says("what the dossier is called")]
    subtitle: Annotated[str, Says("a second line for the cover")]
    organisation: Annotated[str, Says("who submits it")]
    period: Annotated[str, Says("the time that it covers")]
    year: Annotated[str, Says("the last year of that time")]
    date: Annotated[datetime.date, Says("the date of the documents")]
    pages: Annotated[int, Says("how many numbered pages")]
    volumes: Annotated[int, Says("how many volumes")]
    items: Annotated[int, Says("how many items that carry evidence")]
    evidence: Annotated[int, Says("how many pieces of evidence")]
    complete: Annotated[bool, Says("true when nothing is missing")]
    start: Annotated[datetime.date | None, Says("first day of the period")] = None
    end: Annotated[datetime.date | None, Says("last day of the period")] = None
    deadline: Annotated[datetime.date | None, Says("when it is due")] = None
    language: Annotated[str, Says("its language, as a tag")] = ""
    sheets: Annotated[int, Says("how many sheets of two pages, over all volumes")] = 0


@dataclass(frozen=True, slots=True)
class SectionView:
    """A top-level item."""

    id: Annotated[str, Says("its id")]
    title: Annotated[str, Says("what it is called")]


@dataclass(frozen=True, slots=True)
class VolumeView:
    """``volume``: the volume that the document is bound in."""

    number: Annotated[int, Says("which volume this is, from 1")]
    count: Annotated[int, Says("of how many")]
    file: Annotated[str, Says("its file's name")]
    first_label: Annotated[str, Says("its first numbered page, as printed")]
    last_label: Annotated[str, Says("its last numbered page, as printed")]
    pages: Annotated[int, Says("how many pages, blanks included")]
    items: Annotated[tuple[SectionView, ...], Says("its sections")]
    general: Annotated[bool, Says("true in the general index of several volumes")] = False
    first_page: Annotated[str, Says("its first numbered page")] = ""
    last_page: Annotated[str, Says("its last numbered page")] = ""
    sheets: Annotated[int, Says("how many sheets of two pages: its thickness")] = 0


@dataclass(frozen=True, slots=True)
class ItemView:
    """``item``, and the items of ``items``: sections with items below them, and leaves with evidence."""

    id: Annotated[str, Says("its id")]
    title: Annotated[str, Says("what it is called")]
    section: Annotated[str, Says("the title of the section that it is in")]
    level: Annotated[int, Says("depth, from 1")]
    points: Annotated[str, Says("points to be had")]
    self_score: Annotated[str, Says("points that the organisation gives itself")]
    criteria: Annotated[str, Says("what the points are given for")]
    unit: Annotated[str, Says("the unit that supplies its evidence")]
    conclusion: Annotated[str, Says("what the evidence shows")]
    page: Annotated[str, Says("the page where it starts")]
    pages: Annotated[str, Says("from its first to its last page")]
    status: Annotated[str, Says("`complete`, `missing`, `refused` or `not-applicable`")]
    not_applicable: Annotated[str, Says("why nothing need be proved")]
    evidence: Annotated[tuple[Row, ...], Says("its evidence, in order")]
    items: Annotated[tuple[ItemView, ...], Says("the items below it")] = ()
    kind: Annotated[str, Says("`section` or `item`")] = "item"
    difference: Annotated[str, Says("points less self score")] = ""
    deduction: Annotated[str, Says("why points are missing")] = ""
    label: Annotated[str, Says("the page where it starts, as printed")] = ""
    last_page: Annotated[str, Says("the page where it ends")] = ""
    last_label: Annotated[str, Says("the page where it ends, as printed")] = ""
    page_count: Annotated[int, Says("how many pages it has, its divider's included and blanks left out")] = 0
    volume: Annotated[int, Says("the volume where it starts, 0 for none")] = 0
    to: Annotated[str, Says("what a jump leads to, for `link`")] = ""
    contact: Annotated[str, Says("whom to ask")] = ""
    phone: Annotated[str, Says("their telephone number")] = ""
    requires: Annotated[tuple[str, ...], Says("roles that its evidence must fill")] = ()


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A line of the score sheet."""

    kind: Annotated[str, Says("`section` or `item`")]
    id: Annotated[str, Says("its id")]
    title: Annotated[str, Says("what it is called")]
    criteria: Annotated[str, Says("what the points are given for")]
    points: Annotated[str, Says("points to be had; of a section the sum of its items', where it has none of its own")]
    self_score: Annotated[str, Says("points that the organisation gives itself")]
    unit: Annotated[str, Says("the unit that supplies its evidence")]
    conclusion: Annotated[str, Says("what the evidence shows")]
    deduction: Annotated[str, Says("why points are missing")]
    page: Annotated[str, Says("the page where it starts")]
    pages: Annotated[str, Says("from its first to its last page")]
    to: Annotated[str, Says("what a jump leads to, for `link`")]
    unproved: Annotated[bool, Says("true where points are claimed and nothing is bound")]
    level: Annotated[int, Says("depth, from 1")] = 1
    difference: Annotated[str, Says("points less self score")] = ""
    label: Annotated[str, Says("the page where it starts, as printed")] = ""


@dataclass(frozen=True, slots=True)
class Total:
    """The scores of one section or one unit."""

    id: Annotated[str, Says("of a section: its id")]
    title: Annotated[str, Says("the section's title, or the unit's name")]
    points: Annotated[str, Says("points to be had")]
    self_score: Annotated[str, Says("points that the organisation gives itself")]
    difference: Annotated[str, Says("points less self score")]
    items: Annotated[int, Says("how many items")]
    page: Annotated[str, Says("of a section: the page where it starts")] = ""
    label: Annotated[str, Says("of a section: that page as printed")] = ""
    to: Annotated[str, Says("of a section: what a jump leads to")] = ""


@dataclass(frozen=True, slots=True)
class Scores:
    """``scores``: the score sheet and its totals."""

    rows: Annotated[tuple[ScoreRow, ...], Says("a row for every section and item, but for bonus items and vetoes")]
    points: Annotated[str, Says("all points to be had")]
    self_score: Annotated[str, Says("all points that the organisation gives itself")]
    difference: Annotated[str, Says("points less self score")]
    sections: Annotated[tuple[Total, ...], Says("totals by section")] = ()
    units: Annotated[tuple[Total, ...], Says("totals by unit")] = ()
    bonus: Annotated[tuple[ScoreRow, ...], Says("a row for every item that gives points on top (加分项)")] = ()
    vetoes: Annotated[tuple[ScoreRow, ...], Says("a row for every item that costs all if it fails (否决项)")] = ()
    bonus_score: Annotated[str, Says("all points claimed on top; empty where there is no bonus item")] = ""
    total: Annotated[str, Says("points claimed, those on top included")] = ""


@dataclass(frozen=True, slots=True)
class ProblemView:
    """Something that is missing or wrong."""

    code: Annotated[str, Says("what sort of problem, such as `missing-source`")]
    message: Annotated[str, Says("what is wrong")]
    fix: Annotated[str, Says("what to do")]
    item: Annotated[str, Says("the item's id")] = ""
    evidence: Annotated[str, Says("the evidence's id")] = ""
    unit: Annotated[str, Says("the unit that owes it")] = ""


@dataclass(frozen=True, slots=True)
class UnitCount:
    """A unit and what of it is bound."""

    name: Annotated[str, Says("the unit")]
    evidence: Annotated[int, Says("how many of its proofs are bound")]
    pages: Annotated[int, Says("their pages")]


@dataclass(frozen=True, slots=True)
class UnitView:
    """A unit of ``units``, with all that it must supply."""

    name: Annotated[str, Says("the unit")]
    contact: Annotated[str, Says("whom to ask")]
    phone: Annotated[str, Says("their telephone number")]
    note: Annotated[str, Says("anything else worth knowing")]
    items: Annotated[tuple[ItemView, ...], Says("its items that carry evidence")]
    evidence: Annotated[tuple[Row, ...], Says("its evidence")]
    item_count: Annotated[int, Says("how many items")]
    evidence_count: Annotated[int, Says("how many pieces of evidence, those missing included")]
    page_count: Annotated[int, Says("how many pages of its evidence are bound")]
    complete: Annotated[int, Says("how many of its items are complete or not applicable")]
    problems: Annotated[tuple[ProblemView, ...], Says("what it still owes")]
    points: Annotated[str, Says("points to be had with its items")]
    self_score: Annotated[str, Says("points that the organisation gives itself for them")]
    difference: Annotated[str, Says("points less self score")]


@dataclass(frozen=True, slots=True)
class Checklist:
    """``checklist``: counts of paper; sheets have two pages."""

    volumes: Annotated[int, Says("how many volumes")]
    pages: Annotated[int, Says("how many pages, blanks included")]
    sheets: Annotated[int, Says("how many sheets")]
    items: Annotated[int, Says("how many items that carry evidence")]
    evidence: Annotated[int, Says("how many pieces of evidence")]
    units: Annotated[tuple[UnitCount, ...], Says("the units of what is bound")]
    complete: Annotated[bool, Says("true when nothing is missing")]
    problems: Annotated[tuple[ProblemView, ...], Says("what is missing")]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """``placeholder``: the sheet where something is missing."""

    id: Annotated[str, Says("the evidence's id")]
    title: Annotated[str, Says("what the evidence is called")]
    item_id: Annotated[str, Says("the item's id")]
    item_title: Annotated[str, Says("what the item is called")]
    unit: Annotated[str, Says("the unit that owes it")]
    contact: Annotated[str, Says("whom to ask, with their telephone number")]
    reason: Annotated[str, Says("why it is missing")]
    fix: Annotated[str, Says("what to do")]
    code: Annotated[str, Says("what sort of problem, such as `missing-source`, for words of your own")] = ""


@dataclass(frozen=True, slots=True)
class Vacant:
    """``vacant``: the sheet for printed pages that a frozen book has no more."""

    id: Annotated[str, Says("the id of the evidence or item; empty for front and back matter")]
    title: Annotated[str, Says("what it is called")]
    pages: Annotated[str, Says("the pages that are left out, this one among them: 143—146")]
    withdrawn: Annotated[bool, Says("true where nothing of it is left in the book")]


@dataclass(frozen=True, slots=True)
class DebtView:
    """Something that a unit owes, or a hint at what it should look at again."""

    order: Annotated[int, Says("its place among what the unit owes, or among its hints, from 1")]
    item_id: Annotated[str, Says("the item that it belongs to")]
    item_title: Annotated[str, Says("what that item is called")]
    id: Annotated[str, Says("the evidence's id; empty where no evidence is named")]
    title: Annotated[str, Says("what the evidence is called, or the role that no evidence fills")]
    file: Annotated[str, Says("the file, as the manifest names it")]
    pages: Annotated[str, Says("the pages of the file that it is about")]
    date: Annotated[str, Says("when the evidence was issued, as 2023-05-17")]
    number: Annotated[str, Says("the evidence's own number (文号)")]
    code: Annotated[str, Says("what sort of problem, such as `missing-source`, for words of your own")]
    state: Annotated[str, Says("`missing`, `refused` or `hint`")]
    cause: Annotated[str, Says("why it is owed and what to do, in the language of the dossier")]
    message: Annotated[str, Says("the same in the program's own words, with its details")]


@dataclass(frozen=True, slots=True)
class OwedItem:
    """An item of which something is owed."""

    id: Annotated[str, Says("its id")]
    title: Annotated[str, Says("what it is called")]
    section: Annotated[str, Says("the title of the section that it is in")]
    unit: Annotated[str, Says("the unit that owes it")]
    criteria: Annotated[str, Says("what the points are given for")]
    points: Annotated[str, Says("points to be had")]
    at_risk: Annotated[str, Says("points that are claimed and have no proof yet")]
    debts: Annotated[tuple[DebtView, ...], Says("what is owed of it")]
    counts: Annotated[str, Says("`points`, `bonus` (加分项) or `veto` (否决项)")] = "points"


@dataclass(frozen=True, slots=True)
class LetterView:
    """``letter``: what one unit owes, and whom to ask."""

    unit: Annotated[str, Says("the unit that it is written to")]
    contact: Annotated[str, Says("whom to ask at the unit")]
    phone: Annotated[str, Says("their telephone number")]
    office_contact: Annotated[str, Says("whom the unit may ask: `contact` of the manifest")]
    office_phone: Annotated[str, Says("their telephone number")]
    deadline: Annotated[datetime.date | None, Says("when the dossier is due")]
    days_left: Annotated[int, Says("days from today to then; less than 0 when it is over")]
    owed: Annotated[int, Says("how much is owed")]
    missing: Annotated[int, Says("how much of that is missing")]
    refused: Annotated[int, Says("how much of that was sent and cannot be bound")]
    at_risk: Annotated[str, Says("points that are claimed and have no proof yet")]
    items: Annotated[tuple[OwedItem, ...], Says("the items of which something is owed")]
    hints: Annotated[tuple[DebtView, ...], Says("what is there, and should be looked at again")]


@dataclass(frozen=True, slots=True)
class UnitDebt:
    """Where one unit stands, in the summary."""

    rank: Annotated[int, Says("its place, from 1: unproved vetoes first, then most points at risk")]
    name: Annotated[str, Says("the unit; empty for items without one")]
    contact: Annotated[str, Says("whom to ask at the unit")]
    phone: Annotated[str, Says("their telephone number")]
    items: Annotated[int, Says("how many items")]
    complete: Annotated[int, Says("how many of them are complete or not applicable")]
    owed: Annotated[int, Says("how much it owes")]
    missing: Annotated[int, Says("how much of that is missing")]
    refused: Annotated[int, Says("how much of that was sent and cannot be bound")]
    hints: Annotated[int, Says("how many hints there are")]
    claimed: Annotated[str, Says("points that are claimed")]
    at_risk: Annotated[str, Says("points that are claimed and have no proof yet")]


@dataclass(frozen=True, slots=True)
class SummaryView:
    """``summary``: where the dossier stands, on one page."""

    deadline: Annotated[datetime.date | None, Says("when the dossier is due")]
    days_left: Annotated[int, Says("days from today to then; less than 0 when it is over")]
    items: Annotated[int, Says("how many items that carry evidence")]
    complete: Annotated[int, Says("how many of them are complete or not applicable")]
    owed: Annotated[int, Says("how much is owed")]
    missing: Annotated[int, Says("how much of that is missing")]
    refused: Annotated[int, Says("how much of that was sent and cannot be bound")]
    hints: Annotated[int, Says("how many hints there are")]
    points: Annotated[str, Says("points to be had")]
    claimed: Annotated[str, Says("points that are claimed")]
    proved: Annotated[str, Says("points that are claimed and have their proof")]
    at_risk: Annotated[str, Says("points that are claimed and have no proof yet")]
    units: Annotated[tuple[UnitDebt, ...], Says("units with points at risk or something owed, in order of rank")]
    done: Annotated[tuple[UnitDebt, ...], Says("units that owe nothing and have no points at risk")]
    worst: Annotated[tuple[OwedItem, ...], Says("vetoes without proof, then items with points at risk, most first")]
    own: Annotated[tuple[ProblemView, ...], Says("what is wrong with documents and files that belong to no item")]


@dataclass(frozen=True, slots=True)
class ReprintStep:
    """One thing to do with a printed book: at one place, pull out sheets and put others in."""

    order: Annotated[int, Says("its place among the steps, from 1")]
    volume: Annotated[int, Says("the volume that it is about")]
    action: Annotated[str, Says("`replace`, `insert` or `remove`")]
    text: Annotated[str, Says("what to do, in the language of the dossier")]
    about: Annotated[str, Says("what is on the sheets to print")]
    out: Annotated[int, Says("how many sheets are pulled out for good")]
    printed: Annotated[int, Says("how many sheets are printed for it")]
    moved: Annotated[int, Says("how many sheets from elsewhere in the old book are put in")]
    sheets: Annotated[str, Says("which sheets they are of those printed, from 1")]


@dataclass(frozen=True, slots=True)
class ReprintChange:
    """What became of an item, of a piece of evidence, or of the book's own documents of one kind."""

    what: Annotated[str, Says("`item`, `evidence` or `document`")]
    became: Annotated[str, Says("`added`, `removed`, `changed` or `moved`")]
    said: Annotated[str, Says("the same, in the language of the dossier")]
    id: Annotated[str, Says("its id; empty for documents of the book's own")]
    title: Annotated[str, Says("what it is called")]
    was: Annotated[str, Says("its pages in the old book")]
    now: Annotated[str, Says("its pages in the new book")]
    pages: Annotated[str, Says("its pages that show something else")]


@dataclass(frozen=True, slots=True)
class ReprintView:
    """``reprint``: what to do with a printed book to make it the new one."""

    old_date: Annotated[str, Says("when the old book was built, as 2023-05-17")]
    new_date: Annotated[str, Says("when the new book was built, as 2023-05-17")]
    volumes: Annotated[int, Says("how many volumes")]
    printed: Annotated[int, Says("how many sheets are to be printed")]
    out: Annotated[int, Says("how many sheets are pulled out for good")]
    moved: Annotated[int, Says("how many sheets only come to another place")]
    steps: Annotated[tuple[ReprintStep, ...], Says("what is to be done, in the order of the book")]
    changes: Annotated[tuple[ReprintChange, ...], Says("what was added, removed and changed")]
    elsewhere: Annotated[tuple[ReprintChange, ...], Says("what shows the same and has other page numbers")]


@dataclass(frozen=True, slots=True)
class TicketSheet:
    """A sheet that is printed on another paper than the rest."""

    volume: Annotated[int, Says("the volume that it is in")]
    sheet: Annotated[int, Says("which sheet of the volume it is, from 1")]
    pages: Annotated[str, Says("the numbers of the pages on it")]
    pdf_pages: Annotated[str, Says("which pages of the volume's file they are")]
    id: Annotated[str, Says("the item or evidence that it is about")]
    title: Annotated[str, Says("what that is called")]


@dataclass(frozen=True, slots=True)
class TicketVolume:
    """One volume to be printed."""

    number: Annotated[int, Says("which volume this is, from 1")]
    file: Annotated[str, Says("the file to print")]
    sheets: Annotated[int, Says("how many sheets")]
    plain: Annotated[int, Says("how many of the usual paper")]
    coloured: Annotated[int, Says("how many of the dividers' paper")]
    foldouts: Annotated[int, Says("how many of A3 that fold out")]
    first_page: Annotated[str, Says("its first numbered page")]
    last_page: Annotated[str, Says("its last numbered page")]
    first_label: Annotated[str, Says("its first numbered page, as printed")]
    last_label: Annotated[str, Says("its last numbered page, as printed")]
    divider_sheets: Annotated[str, Says("which sheets are of the dividers' paper, as one text")]
    foldout_sheets: Annotated[str, Says("which sheets fold out, as one text")]


@dataclass(frozen=True, slots=True)
class TicketView:
    """``ticket``: what whoever prints the book has to know."""

    paper: Annotated[str, Says("the usual size of paper")]
    gutter: Annotated[str, Says("the strip at the binding edge kept free, in mm")]
    divider_paper: Annotated[str, Says("the paper that dividers are printed on; empty: as the rest")]
    sheets: Annotated[int, Says("how many sheets, over all volumes")]
    plain: Annotated[int, Says("how many of the usual paper")]
    coloured: Annotated[int, Says("how many of the dividers' paper")]
    foldouts: Annotated[int, Says("how many of A3 that fold out")]
    shared: Annotated[int, Says("how many dividers share a sheet with something else, and are on the usual paper")]
    folds: Annotated[tuple[str, ...], Says("where A3 sheets are folded, in mm from the binding edge")]
    volumes: Annotated[tuple[TicketVolume, ...], Says("the volumes")]
    divider_sheets: Annotated[tuple[TicketSheet, ...], Says("the sheets of the dividers' paper")]
    foldout_sheets: Annotated[tuple[TicketSheet, ...], Says("the sheets that fold out")]


class Context(TypedDict, total=False):
    """Every name that stands alone in a template: values, and functions to call."""

    dossier: Annotated[DossierView, Says("the dossier as a whole")]
    volume: Annotated[VolumeView, Says("the volume that the document is bound in")]
    today: Annotated[datetime.date, Says("the date of the documents")]
    index: Annotated[tuple[Row, ...], Says("the rows of the index, in order; in `index.docx` those of its volume")]
    sections: Annotated[tuple[SectionView, ...], Says("all sections")]
    items: Annotated[tuple[ItemView, ...], Says("the tree of items: sections, their items, and their evidence")]
    evidence: Annotated[tuple[Row, ...], Says("all evidence, in order; in a proof that is a template, that proof")]
    units: Annotated[tuple[UnitView, ...], Says("the units")]
    scores: Annotated[Scores, Says("the score sheet")]
    checklist: Annotated[Checklist, Says("counts of paper")]
    problems: Annotated[tuple[ProblemView, ...], Says("what is missing")]
    values: Annotated[Mapping[str, str], Says("`values` of the manifest, by the names they have there")]
    facts: Annotated[Mapping[str, str], Says("`facts` of the manifest: figures, by the names they have there")]
    item: Annotated[ItemView, Says("the item of a divider, or of a proof that is a template", ("divider", "evidence"))]
    placeholder: Annotated[Placeholder, Says("what is missing here", ("placeholder",))]
    vacant: Annotated[Vacant, Says("what is printed here no more", ("vacant",))]
    page: Annotated[
        Callable[[str], str], Says("the page where an item or evidence starts", example='page("{evidence}")')
    ]
    label: Annotated[Callable[[str], str], Says("the same page, as printed", example='label("{evidence}")')]
    pages: Annotated[Callable[[str], str], Says("from its first to its last page", example='pages("{item}")')]
    cite: Annotated[Callable[..., str], Says("a reference to its first page", example='cite("{evidence}")')]
    link: Annotated[Callable[..., Markup], Says("text that jumps to an item or evidence", example='link("57", "1-1")')]
    rich: Annotated[
        Callable[..., Markup],
        Says(
            "text with a look: `bold`, `italic`, `underline`, `strike`, `colour`, `highlight`, `size`, `font`",
            example='rich("text", bold=true, colour="C00000")',
        ),
    ]
    image: Annotated[
        Callable[..., Markup],
        Says("a PNG or JPEG of the set, the sources or the manifest's `images`", example='image("logo", width="60mm")'),
    ]
    qr: Annotated[Callable[..., Markup], Says("a QR code", example='qr("https://example.org", width="25mm")')]
    merge: Annotated[
        Callable[..., Markup],
        Says(
            "a value in a table; cells of a column that show the same one below the other become one cell",
            example="merge(row.unit)",
        ),
    ]
    subdoc: Annotated[
        Callable[..., Markup],
        Says("the paragraphs of another Word file of the set or the sources", example='{{p subdoc("words.docx") }}'),
    ]


class EvidenceContext(TypedDict, total=False):
    """What a name means in a proof that is a template, where that differs."""

    evidence: Annotated[Row, Says("the proof itself", ("evidence",))]


class LetterContext(TypedDict, total=False):
    """Every name in the templates of letters, summary, what to reprint and the job ticket: no part of the book."""

    dossier: Annotated[DossierView, Says("the dossier as a whole; nothing of it is numbered yet")]
    today: Annotated[datetime.date, Says("the date of the documents")]
    values: Annotated[Mapping[str, str], Says("`values` of the manifest, by the names they have there")]
    letter: Annotated[LetterView, Says("what one unit owes", ("letter",))]
    summary: Annotated[SummaryView, Says("where the dossier stands", ("summary",))]
    reprint: Annotated[ReprintView, Says("what to do with a printed book to make it the new one", ("reprint",))]
    ticket: Annotated[TicketView, Says("what whoever prints the book has to know", ("ticket",))]


LETTERS = ("letter", "summary", "reprint", "ticket")
"""Templates that are no part of the book."""
FILLED_IN = ("link", "rich", "image", "qr", "merge", "subdoc")
"""Functions that write into the Word file, and are given while it is filled."""


def names(template: str) -> dict[str, Any]:
    """Return the annotated types of all names in a template such as ``divider``; ``evidence`` for a proof of one's own.

    Templates by other names, such as a self-report, see what all of them see.
    """
    hints = get_type_hints(Context, include_extras=True)
    if template == "evidence":
        hints |= get_type_hints(EvidenceContext, include_extras=True)
    if template in LETTERS:
        functions = {name: hints[name] for name in FILLED_IN if name != "link"}
        hints = {**functions, **get_type_hints(LetterContext, include_extras=True)}
    return {name: hint for name, hint in hints.items() if not (only := said(hint).only) or template in only}


def said(hint: Any) -> Says:
    """Return what an annotated type says."""
    found = next((note for note in getattr(hint, "__metadata__", ()) if isinstance(note, Says)), None)
    return found or Says("")
