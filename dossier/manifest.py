"""A manifest: what a dossier is made of, read from YAML into frozen types, with every problem found at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from dossier import references, rules, yaml_source
from dossier.errors import ManifestError, Problem
from dossier.fields import (
    MM,
    Captions,
    Color,
    Crop,
    Date,
    Depth,
    EvidenceId,
    FontSize,
    ItemId,
    Label,
    Language,
    Levels,
    Line,
    Margin,
    Misfit,
    Name,
    Number,
    Pages,
    PaperSize,
    Password,
    Region,
    Required,
    Requirement,
    Text,
    Thickness,
    Turn,
    Waivers,
    YesNo,
    as_text,
    guess,
    paper,
    whole,
)
from dossier.references import MOST_GUESSES, absent, text_of
from dossier.yaml_source import Mapping, Place, Plain, Source, Value, follow, place_of, shorten

_CHOICE = BeforeValidator(as_text)


class Section(BaseModel):
    """What all parts of a manifest share: frozen, no unknown keys, and ``key:`` with nothing after it is not given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _leave_out_empty(cls, value: Any) -> Any:
        if isinstance(value, Plain) and value.empty:
            return {}
        if not isinstance(value, dict):
            return value
        empty = [key for key, entry in value.items() if isinstance(entry, Plain) and entry.empty]
        optional = {entry.alias or name for name, entry in cls.model_fields.items() if not entry.is_required()}
        left_out = optional.intersection(empty)
        return {key: entry for key, entry in value.items() if key not in left_out} if left_out else value

    @classmethod
    def conflict(cls, given: Collection[str]) -> Misfit | None:
        """Say what is wrong with keys that are given together, whatever their values."""
        return None

    @model_validator(mode="after")
    def _check_keys(self) -> Section:
        found = self.conflict({key for key in self.model_fields_set if getattr(self, key) not in ("", (), None)})
        if found:
            raise found
        return self


def _not_one_of(given: Collection[str], keys: Sequence[str], fix: str) -> Misfit | None:
    """Say what is wrong where not exactly one of ``keys`` is given."""
    found = [key for key in keys if key in given]
    if len(found) == 1:
        return None
    names = f"{', '.join(f'`{key}`' for key in keys[:-1])} and `{keys[-1]}`"
    if not found:
        return Misfit("one-of", f"needs one of {names}", fix)
    return Misfit("one-of", f"`{found[1]}` cannot stand beside `{found[0]}`", fix, found[1])


class Period(Section):
    """The time that the dossier covers, both days included."""

    start: Date = Field(alias="from", description="first day, like 2023-01-01")
    end: Date = Field(alias="to", description="last day")

    @model_validator(mode="after")
    def _check(self) -> Period:
        if self.end < self.start:
            raise Misfit("bad-period", "ends before it begins", "exchange `from` and `to`, or correct a year", "to")
        return self


class Page(Section):
    """The sheet that everything is bound on; lengths are in points."""

    size: PaperSize = Field("A4", description="A4, A3, A5, B5, Letter, or upright width x height like 210x297mm")
    gutter: Margin = Field(
        0.0, description="strip at the bound edge kept free of content, like 25mm", json_schema_extra={"default": "0mm"}
    )
    start_on: Annotated[Literal["odd", "any"], _CHOICE] = Field(
        "odd", description="odd: each divider and each piece of evidence begins on the front of a sheet"
    )
    landscape: Annotated[Literal["seen", "bound"], _CHOICE] = Field(
        "seen", description="where a landscape page carries its number: at the foot as seen, or as bound"
    )

    @property
    def width(self) -> float:
        """Width of the upright sheet in points."""
        return paper(self.size)[0]

    @property
    def height(self) -> float:
        """Height of the upright sheet in points."""
        return paper(self.size)[1]

    @model_validator(mode="after")
    def _check(self) -> Page:
        if self.gutter > self.width / 3:
            fix = "write a gutter of less than a third of the page's width, like 25mm"
            raise Misfit("bad-length", "leaves too little of the page", fix, "gutter")
        return self


class Numbering(Section):
    """How page numbers run and look; lengths are in points."""

    style: Label = Field("— {n} —", description="the printed label; shows {n}, and may show {total} and {volume}")
    position: Annotated[Literal["outer", "center", "right", "left"], _CHOICE] = Field(
        "outer", description="where at the foot of the page; outer: right on odd pages, left on even ones"
    )
    bottom: Margin = Field(
        15 * MM, description="distance from the foot of the page, like 15mm", json_schema_extra={"default": "15mm"}
    )
    start: Annotated[int, *whole(1, 99_999)] = Field(1, description="the first number")
    restart: Annotated[Literal["never", "volume"], _CHOICE] = Field(
        "never", description="volume: numbers begin anew in each volume"
    )
    size: FontSize = Field(14.0, description="size of the label's font", json_schema_extra={"default": "14pt"})
    color: Color = Field("#000000", description='colour of the label, like "#C00000"')
    inserted: Annotated[Literal["letter", "number"], _CHOICE] = Field(
        "letter", description="pages put between frozen ones; letter: 143A, 143B; number: 143-1, 143-2"
    )
    left_out: Annotated[Literal["sheet", "note"], _CHOICE] = Field(
        "sheet", description="frozen numbers without pages; sheet: one sheet says so; note: only the index does"
    )


class Volumes(Section):
    """How the binder is split: by any of these limits, each of which holds; lengths are in points."""

    max_pages: Annotated[int, *whole(1, 99_999)] | None = Field(None, description="most pages in a volume")
    max_sheets: Annotated[int, *whole(1, 99_999)] | None = Field(
        None, description="most sheets of paper in a volume, printed on both sides"
    )
    max_thickness: Depth | None = Field(
        None, description="what fits into the box or the binding, like 40mm: as many sheets as it is times as thick"
    )
    paper: Thickness = Field(
        0.1 * MM,
        description="how thick one sheet is, beside `max_thickness`",
        json_schema_extra={"default": "0.1mm"},
    )
    max_mb: Annotated[int, *whole(1, 99_999)] | None = Field(
        None, description="largest file of a volume, in MB of 1,000,000 bytes"
    )
    by: Annotated[Literal["section"], _CHOICE] | None = Field(
        None, description="section: no volume holds more than one top-level item"
    )

    @property
    def most_pages(self) -> int | None:
        """The most physical pages of a volume, by whatever limits them: two to a sheet."""
        deep = None if self.max_thickness is None else int(self.max_thickness / self.paper + 1e-6)
        limits = [self.max_pages, *(None if sheets is None else 2 * sheets for sheets in (self.max_sheets, deep))]
        return min((limit for limit in limits if limit is not None), default=None)

    @classmethod
    def conflict(cls, given: Collection[str]) -> Misfit | None:
        ways = [key for key in cls.model_fields if key != "paper"]
        if not set(given) & set(ways):
            named = f"{', '.join(f'`{key}`' for key in ways[:-1])} and `{ways[-1]}`"
            return Misfit("one-of", f"needs one of {named}", "write `max_pages: 400`, `max_mb: 200` or `by: section`")
        if "paper" in given and "max_thickness" not in given:
            fix = "write `max_thickness: 40mm` beside it, or delete it"
            return Misfit("one-of", "`paper` has no effect without `max_thickness`", fix, "paper")
        return None

    @model_validator(mode="after")
    def _check(self) -> Volumes:
        if self.most_pages == 0:
            fix = "write the thickness of the box, like 40mm, and that of one sheet, like 0.1mm"
            raise Misfit("bad-length", "is thinner than one sheet of paper", fix, "max_thickness")
        return self


class Print(Section):
    """How the print set is made, with ``build --print``."""

    a3: Annotated[Literal["reduced", "fold-out"], _CHOICE] = Field(
        "reduced", description="large originals; fold-out: on A3 sheets, as large as they are, folded into the book"
    )
    divider_paper: Line = Field("", description="the paper that dividers are printed on, like 浅蓝色; left out, as all")
    divider_mark: YesNo = Field(False, description="true: a small square at the corner of each sheet of that paper")

    @classmethod
    def conflict(cls, given: Collection[str]) -> Misfit | None:
        if "divider_mark" in given and "divider_paper" not in given:
            fix = "write `divider_paper: 浅蓝色` beside it, or delete it"
            return Misfit("one-of", "`divider_mark` has no effect without `divider_paper`", fix, "divider_mark")
        return None


class Unit(Section):
    """A department that must supply evidence."""

    contact: Line = Field("", description="whom to ask")
    phone: Line = Field("", description="telephone number")
    note: Text = Field("", description="anything else worth knowing")


class Front(Section):
    """A document before or after the items: a template of the template set by ``name``, or a ``file`` of one's own."""

    name: ItemId = Field("", description="a template of the template set, such as cover, index or scores")
    file: Name = Field("", description="a Word or PDF file in the sources folder")
    title: Line = Field("", description="how the index calls it")
    template: YesNo = Field(True, description="false: bind the Word file as it is, without filling it as a template")

    @model_validator(mode="before")
    @classmethod
    def _take_name(cls, value: Any) -> Any:
        if not isinstance(value, str | Plain) or (isinstance(value, Plain) and value.empty):
            return value
        text = as_text(value)
        if re.search(r"\.(docx|dotx|pdf)$", text, re.IGNORECASE):
            raise Misfit("bad-id", f"`{shorten(text)}` is a file, not a template", f"did you mean {{file: {text}}}?")
        return {"name": value}

    @classmethod
    def conflict(cls, given: Collection[str]) -> Misfit | None:
        return _not_one_of(given, ("name", "file"), "write a template's name, or {file: …, title: …}")


class Draft(Section):
    """How an incomplete binder is marked."""

    watermark: Name = Field("草稿", description="text across every page of a draft")


class Claim(Section):
    """What a piece of evidence is to prove: words on a page, or a place on a scan; underlined in red."""

    id: EvidenceId = Field("", description="what templates cite it by; left out, the evidence's id and #1, #2, …")
    text: Line = Field("", description="the words, found without regard to spaces, line breaks and wide digits")
    page: Annotated[int, *whole(1, 99_999)] | None = Field(
        None, description="on which of the evidence's pages, counted from 1 as bound; left out, the first that has it"
    )
    region: Region | None = Field(
        None, description="instead of words on a scan: left, top, width and height in mm, from the page's upper left"
    )

    @classmethod
    def conflict(cls, given: Collection[str]) -> Misfit | None:
        fix = "write {text: …}, or {page: 2, region: [30, 120, 80, 8]}"
        return None if {"text", "region"} & set(given) else Misfit("one-of", "needs `text` or `region`", fix)


class Fact(Section):
    """A figure that documents use, and the evidence that gives it."""

    value: Name = Field(description="the figure as it is to be printed, like 93.5%")
    evidence: EvidenceId = Field(description="the id of the evidence that gives it")
    quote: Line = Field("", description="the words around it there, with the value in them; left out, the value alone")

    @model_validator(mode="after")
    def _check(self) -> Fact:
        if self.quote and self.value not in self.quote:
            raise Misfit("bad-quote", f"does not hold the value {self.value}", "quote words that do", "quote")
        return self


class Evidence(Section):
    """One proof under an item: exactly one of ``file``, ``files`` and ``see``."""

    id: EvidenceId = Field("", description="unique; left out, it is the item's id and a number: 1-1-01")
    file: Name = Field("", description="a file in the sources folder")
    files: Name = Field("", description='several files: a pattern like "1-1/photos/*.jpg", in natural order')
    see: Name = Field("", description="the id of evidence bound elsewhere, cited here")
    title: Line = Field("", description="left out, the file's name")
    pages: Pages = Field((), description='pages to bind, like "1-3,20-"; left out, all')
    number: Line = Field("", description="the document's own number (文号)")
    issuer: Line = Field("", description="who issued it")
    date: Date | None = Field(None, description="date of issue, like 2021-03-01")
    role: Line = Field("", description="which of the item's `requires` it fills")
    layout: Annotated[Literal["1-up", "2-up", "4-up", "6-up"], _CHOICE] | None = Field(
        None, description="photo sheets: how many photos share a page, each with its caption"
    )
    captions: Captions = Field(
        (), description="text under photos, or {time, place, occasion}: one or a list; {time} in text is the camera's"
    )
    rotate: Turn = Field(0, description="degrees to turn its pages clockwise")
    crop: Crop | None = Field(
        None, description="part of each page to show: left, top, right and bottom edge, like [50%, 0%, 100%, 100%]"
    )
    fit: Annotated[Literal["page", "none"], _CHOICE] = Field(
        "page", description="page: an image is made as large as the page allows; none: it keeps its own size"
    )
    password: Password | None = Field(None, description="opens the file; text, or {env: NAME OF A VARIABLE}")
    template: YesNo = Field(False, description="true: a Word file that is filled as templates are, before it is bound")
    secrecy: Line = Field("", description="its secrecy class (密级), where a template shows it")
    remark: Line = Field("", description="a remark to be printed (备注), where a template shows it")
    proves: tuple[Claim, ...] = Field((), description="what it is to prove, each underlined where it stands")
    waive: Waivers = Field(default_factory=dict, description="rules that it need not keep, each with the reason")
    note: Text = Field("", description="a remark for the office; not printed")

    @classmethod
    def conflict(cls, given: Collection[str]) -> Misfit | None:
        given = set(given)
        fix = 'write one of {file: folder/name.pdf}, {files: "folder/*.jpg"} and {see: id}; make two entries of two'
        found = _not_one_of(given, ("file", "files", "see"), fix)
        own = ("pages", "layout", "captions", "rotate", "crop", "fit", "password", "template")
        lost = next((key for key in own if key in given), "") if "see" in given else ""
        if lost and not found:
            fix = "delete it, or give it to the evidence that is cited"
            return Misfit("one-of", f"`{lost}` has no effect beside `see`", fix, lost)
        lost = next((key for key in ("files", *own) if key in given and key not in ("rotate", "template")), "")
        if "template" in given and lost and not found:
            fix = "a template is one Word file, bound whole; delete one of the two"
            return Misfit("one-of", f"`{lost}` cannot stand beside `template`", fix, lost)
        if found or not given & {"layout", "captions"}:
            return found
        lost = next((key for key in ("pages", "fit") if key in given), "")
        fix = "photos on sheets are all shown, as large as they fit; delete one of the two"
        sheets = "layout" if "layout" in given else "captions"
        return Misfit("one-of", f"`{lost}` cannot stand beside `{sheets}`", fix, lost) if lost else None

    @model_validator(mode="after")
    def _check(self) -> Evidence:
        if self.template and not re.search(r"\.(docx|dotx)$", self.file, re.IGNORECASE):
            message = f"`template: true`, but `{shorten(self.file)}` is no Word file: there is nothing in it to fill"
            raise Misfit("not-a-template", message, "delete `template`, or name a .docx file", "template")
        return self


class Item(Section):
    """One assessment item. Items nest; the leaves carry evidence. ``unit`` is inherited from the item above."""

    id: ItemId = Field(description="unique, like 1-1")
    title: Name = Field(description="what the item is called")
    points: Number | None = Field(None, description="points to be had, exact as written")
    self_score: Number | None = Field(None, description="points that the organisation gives itself")
    counts: Annotated[Literal["points", "bonus", "veto"], _CHOICE] = Field(
        "points", description="bonus: points on top of the others (加分项); veto: costs everything if it fails (否决项)"
    )
    criteria: Text = Field("", description="what the points are given for")
    unit: Line = Field("", description="the department that must supply the evidence; items below inherit it")
    conclusion: Text = Field("", description="what the evidence shows")
    deduction: Text = Field("", description="why points are missing")
    not_applicable: Text = Field("", description="the reason why nothing need be proved")
    requires: tuple[Required, ...] = Field(
        (), description="roles that evidence must fill, or sets of roles; {role: 照片, at_least: 3} for three files"
    )
    evidence: tuple[Evidence, ...] = Field((), description="the proofs, in order; of leaves only")
    items: tuple[Item, ...] = Field((), description="the items below")

    def leaves(self) -> Iterator[Item]:
        """Walk over the items in it that carry evidence, or should; itself, where it has none below."""
        return (item for _, item in _walk((self,), 1) if not item.items)

    @classmethod
    def conflict(cls, given: Collection[str]) -> Misfit | None:
        for key in ("evidence", "requires"):
            if "items" in given and key in given:
                fix = f"move `{key}` to one of the items below, or make an item of its own for it"
                return Misfit(
                    "not-a-leaf", f"`{key}` cannot stand beside `items`: only leaves carry evidence", fix, key
                )
        if "items" in given and "counts" in given:
            fix = "write it at each of the items below"
            return Misfit("not-a-leaf", "`counts` cannot stand beside `items`: only leaves are scored", fix, "counts")
        return None


class Manifest(Section):
    """All that one manifest describes; made by :func:`load`."""

    title: Name = Field(description="what the dossier is called")
    subtitle: Line = Field("", description="a second line for the cover")
    organisation: Line = Field("", description="who submits the dossier")
    contact: Line = Field("", description="whom at the organisation the units may ask; letters to them show it")
    phone: Line = Field("", description="their telephone number")
    period: Period | None = Field(None, description="the time that the dossier covers")
    deadline: Date | None = Field(None, description="when the dossier is due")
    date: Date | None = Field(None, description="the date printed in documents; left out, that of the build")
    language: Language = Field("zh-CN", description="language of the binder, as a tag like zh-CN (BCP 47)")
    template_set: Name = Field("official", description="a template set's name, or a folder beside the manifest")
    sources: Name = Field(".", description="folder that every source path starts from; nothing outside it is read")
    engine: Annotated[Literal["auto", "embedded", "libreoffice"], _CHOICE] = Field(
        "auto", description="what turns Word into pages; auto: LibreOffice where it is installed"
    )
    page: Page = Field(default_factory=Page, description="the sheet that everything is bound on")
    numbering: Numbering = Field(default_factory=Numbering, description="how page numbers run and look")
    volumes: Volumes | None = Field(None, description="how the binder is split; left out, it is one volume")
    print: Print = Field(default_factory=Print, description="how the print set is made, with `build --print`")
    units: dict[Name, Unit] = Field(default_factory=dict, description="the departments, by name")
    front: tuple[Front, ...] = Field(
        (Front(name="cover"), Front(name="index")), description="documents before the items, in order"
    )
    items: tuple[Item, ...] = Field(min_length=1, description="the assessment items")
    back: tuple[Front, ...] = Field((), description="documents after the items, in order")
    role_sets: dict[Name, tuple[Name, ...]] = Field(
        default_factory=dict, description="names for several roles that `requires` asks for together"
    )
    facts: dict[Name, Fact] = Field(
        default_factory=dict, description="figures for documents, by name: {{ facts.pass_rate }}, with their evidence"
    )
    rules: Levels = Field(default_factory=dict, description="severity of rules: off, info, warning or error")
    draft: Draft = Field(default_factory=Draft, description="how an incomplete binder is marked")
    labels: tuple[ItemId, ...] = Field(
        (), description="labels to print beside the binder, one for each volume: templates of the set, such as spine"
    )
    images: dict[Name, Name] = Field(
        default_factory=dict,
        description="short names of pictures in the sources or the set, for templates: {logo: pictures/logo.png}",
    )
    values: dict[Name, Line] = Field(
        default_factory=dict, description="more for templates to show, such as a fonds number: {全宗号: X012}"
    )

    @model_validator(mode="after")
    def _check(self) -> Manifest:
        if self.numbering.bottom > self.page.height / 3:
            message, fix = "puts the label too far up the page", "write a `bottom` like 15mm"
            raise Misfit("bad-length", f"`bottom` {message}", fix, "numbering")
        return self

    _path: Path = PrivateAttr(default=Path())
    _sha256: str = PrivateAttr(default="")
    _warnings: tuple[Problem, ...] = PrivateAttr(default=())
    _lines: dict[str, int] = PrivateAttr(default_factory=dict)

    @property
    def path(self) -> Path:
        """The manifest's file, as it was given."""
        return self._path

    @property
    def sha256(self) -> str:
        """SHA-256 of the manifest's bytes, in hexadecimal."""
        return self._sha256

    @property
    def root(self) -> Path:
        """The absolute sources folder; a relative one lies beside the manifest. It may not exist."""
        return (self._path.parent / self.sources).absolute()

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is odd about the manifest but does not keep it from being used."""
        return self._warnings

    def levelled(self, problem: Problem) -> Problem | None:
        """Return a problem with the severity that the manifest gives its rule; None where the rule is off."""
        rule = rules.RULES.get(problem.code)
        if rule is None:
            return problem
        level = self.rules.get(problem.code, rule.level)
        return None if level == "off" else replace(problem, severity=level)

    def roles(self, item: Item) -> tuple[Requirement, ...]:
        """Return the roles that an item requires, those of sets one by one."""
        return tuple(
            Requirement(role, wanted.at_least)
            for wanted in item.requires
            for role in self.role_sets.get(wanted.role, (wanted.role,))
        )

    def where(self, id: str) -> str:
        """Return ``manifest.yaml:31``, the line of an item, evidence, or a front or back document by its name or file.

        What is not in the manifest has no line; a template of the default front is such.
        """
        line = self._lines.get(id)
        return f"{self._path}:{line}" if line else str(self._path)

    def walk(self) -> Iterator[tuple[int, Item]]:
        """Walk over every item in the order of the book, with its depth from 1."""
        return _walk(self.items, 1)

    def leaves(self) -> Iterator[Item]:
        """Walk over the items that carry evidence, or should."""
        return (item for _, item in self.walk() if not item.items)


def _walk(items: Sequence[Item], depth: int) -> Iterator[tuple[int, Item]]:
    for item in items:
        yield depth, item
        yield from _walk(item.items, depth + 1)


def json_schema() -> dict[str, Any]:
    """Return the manifest's JSON Schema (draft 2020-12), for editors."""
    schema = Manifest.model_json_schema(by_alias=True)
    named = schema["$defs"]["Front"]
    schema["$defs"]["Front"] = {"anyOf": [{"type": "string", "description": "a template's name"}, named]}
    schema["properties"]["front"]["default"] = ["cover", "index"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def load(path: Path | str) -> Manifest:
    """Read a manifest and resolve what it leaves out: ids of evidence, and units inherited from items above.

    Raises ManifestError with every problem found, in the order of the file; warnings are in ``Manifest.warnings``.
    """
    path = Path(path)
    data = _read(path)
    source = yaml_source.parse(data, str(path))
    if source.root is None:
        raise _error(path, source.problems)
    named = references.resolve(source.root, str(path))
    problems = [*source.problems, *references.check(source.root, named)]
    try:
        manifest = Manifest.model_validate(source.root)
    except ValidationError as error:
        problems += _translate(error, source, str(path))
        raise _error(path, problems) from None
    if any(problem.severity == "error" for problem in problems):
        raise _error(path, problems)
    manifest._path = path
    manifest._sha256 = hashlib.sha256(data).hexdigest()
    manifest._warnings = tuple(problems)
    manifest._lines = named.lines
    return manifest


def load_passwords(path: Path | str) -> dict[str, str]:
    """Read a file of lines ``source: its password``. Raises ManifestError, whose problems show no password."""
    path = Path(path)
    source = yaml_source.parse(_read(path), str(path))
    if source.root is None or source.problems:
        raise _error(path, source.problems)
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for name, value in source.root.items():
        if isinstance(value, Mapping | list) or (isinstance(value, Plain) and value.empty):
            where = f"{path}:{source.root.places[name].line}"
            fix = 'write `name of the source: "password"`'
            problems.append(Problem("bad-password", f"`{shorten(name)}` has no password", fix, where=where))
        else:
            found[name] = value.text if isinstance(value, Plain) else value
    if problems:
        raise _error(path, problems)
    return found


def _read(path: Path) -> bytes:
    """Read a file, but no more of it than a manifest may hold."""
    try:
        if not path.is_file():
            raise _error(path, [_not_there(path)])
        with path.open("rb") as file:
            return file.read(yaml_source.MAX_BYTES + 1)
    except OSError as error:
        message, fix = f"{path} cannot be read: {error.strerror}", "check the file's permissions"
        raise _error(path, [Problem("missing-manifest", message, fix)]) from None


def _not_there(path: Path) -> Problem:
    if path.exists():
        return Problem("missing-manifest", f"{path} is not a file", "name the manifest's file")
    beside = [near.name for near in path.parent.iterdir()] if path.parent.is_dir() else []
    near = guess(path.name, beside)
    fix = f"did you mean {path.with_name(near)}?" if near else "check the path"
    return Problem("missing-manifest", f"{path} is not there", fix)


def _error(path: Path, problems: Sequence[Problem]) -> ManifestError:
    def order(problem: Problem) -> tuple[int, int]:
        found = re.search(r":(\d+):(\d+)$", problem.where)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    errors = sum(problem.severity == "error" for problem in problems)
    count = "1 problem" if errors == 1 else f"{errors} problems"
    return ManifestError(f"{path} cannot be used: {count}", sorted(problems, key=order))


# --- pydantic's errors, in our words -------------------------------------------------------------------------------

_MODELS: Final[dict[str, type[Section]]] = {
    "period": Period,
    "page": Page,
    "numbering": Numbering,
    "volumes": Volumes,
    "print": Print,
    "units": Unit,
    "front": Front,
    "items": Item,
    "evidence": Evidence,
    "proves": Claim,
    "facts": Fact,
    "back": Front,
    "draft": Draft,
}
_SHORTHAND: Final[dict[type[Section], str]] = {
    Page: "size",
    Numbering: "style",
    Volumes: "max_pages",
    Print: "a3",
    Unit: "contact",
    Evidence: "file",
    Claim: "text",
    Fact: "value",
    Draft: "watermark",
}
_Path = tuple[int | str, ...]


def _translate(error: ValidationError, source: Source, name: str) -> Iterator[Problem]:
    """Turn pydantic's errors into problems, leaving out what reading the YAML reported at the same place."""
    root = source.root or Mapping(Place(1, 1))
    told = {problem.where for problem in source.problems}
    errors: list[Any] = [*error.errors(include_url=False)]
    errors += _conflicts(root, [found["loc"] for found in errors])
    unknown = [found for found in errors if found["type"] == "extra_forbidden"]
    for found in unknown[:MOST_GUESSES]:
        found["meant"] = _meant(root, found["loc"])
    meant = {(*found["loc"][:-1], found.get("meant")) for found in unknown}
    seen: set[Problem] = set()
    for found in errors:
        path = found["loc"]
        if found["type"] == "missing" and path in meant:
            continue
        if found["type"] == "too_short" and found["input"]:
            continue  # pydantic does not count entries that have problems of their own
        problem = _problem_at(root, path, found, name)
        if problem.where not in told and problem not in seen:
            seen.add(problem)
            yield problem


def _conflicts(root: Mapping, failed: Sequence[_Path]) -> Iterator[dict[str, Any]]:
    """Find conflicting keys in what has other errors as well: pydantic looks no further there."""
    for path in dict.fromkeys(whole_path[:end] for whole_path in failed for end in range(len(whole_path))):
        trail = follow(root, path)
        value = trail[-1]
        named = next((step for step in reversed(path) if isinstance(step, str)), "")
        if len(trail) <= len(path) or not isinstance(value, Mapping) or (named and named not in _MODELS):
            continue  # not there, or a mapping that is no model's
        given = [key for key, entry in value.items() if not absent(value, key) and entry != []]
        found = _model_at(path).conflict(given)
        if found:
            yield {"type": "value_error", "loc": path, "input": value, "ctx": {"error": found}}


def _problem_at(root: Mapping, path: _Path, found: Any, name: str) -> Problem:
    unknown = found["type"] == "extra_forbidden"
    cause = found.get("ctx", {}).get("error")
    if isinstance(cause, Misfit) and cause.key:
        path, unknown = (*path, cause.key), f"`{cause.key}`" in cause.message
    trail = follow(root, path)
    there = path[: len(trail) - 1]
    if isinstance(cause, Misfit):
        key = next((step for step in reversed(there) if isinstance(step, str)), "")
        subject = f"`{key}`: " if key and f"`{key}`" not in cause.message else ""
        code, message, fix = cause.code, subject + cause.message, cause.fix
    else:
        code, message, fix = _explain(path, there, found)
    place = place_of(root, there, key=unknown)
    item, evidence = _subject(there, trail)
    where = f"{name}:{place.line}:{place.column}"
    return Problem(code, message, fix, where=where, item=item, evidence=evidence)


def _subject(path: _Path, trail: Sequence[Value]) -> tuple[str, str]:
    """Return the ids of the item and the evidence that a path leads through."""
    item = evidence = ""
    for before, value in zip(path, trail[2:], strict=False):
        if isinstance(value, Mapping) and before == "items":
            item = text_of(value.get("id"))
        elif isinstance(value, Mapping) and before == "evidence":
            evidence = text_of(value.get("id"))
    return item, evidence


def _explain(path: _Path, there: _Path, found: Any) -> tuple[str, str, str]:
    """Return code, message and fix for an error that pydantic itself found."""
    kind, value, last = found["type"], found["input"], path[-1] if path else ""
    key = next((step for step in reversed(there) if isinstance(step, str)), "")
    if kind == "extra_forbidden":
        return _unknown_key(path, found.get("meant", ""))
    if kind == "missing":
        description = _model_at(path[:-1]).model_fields
        about = next((f.description for n, f in description.items() if (f.alias or n) == last), "")
        return "missing-key", f"`{last}` is missing", f"add `{last}: …` ({about})"
    if kind == "too_short":
        return "empty-value", f"`{key}` is an empty list", "add at least one entry"
    if kind == "literal_error":
        options = re.findall("'([^']+)'", found["ctx"]["expected"])
        near = guess(value, options)
        fix = f"did you mean {near}?" if near else f"write {' or '.join(options)}"
        return "bad-choice", f"`{key}`: `{shorten(value)}` is not a choice", fix
    if kind == "dict_type":
        return "yaml-type", f"`{key}` is not made of `key: value`", "write lines like `name: {contact: …}`"
    if kind in ("tuple_type", "list_type"):
        inner = _in_braces(path, value)
        fix = f"did you mean [{inner}]?" if inner else "begin each entry with `- `"
        return "yaml-type", f"`{key}` is not a list", fix
    if kind in ("model_type", "model_attributes_type"):
        inner = _in_braces(path, value)
        fix = f"did you mean {inner}?" if inner.startswith("{") else "write `key: value` lines"
        return "yaml-type", f"`{key}` is not made of `key: value`", fix
    return "bad-value", f"`{key}`: {found['msg']}", "see what `dossier schema` says of it"


def _in_braces(path: _Path, value: object) -> str:
    """Guess at the mapping that a lone text stands for: ``page: A4`` is meant to be ``{size: A4}``."""
    try:
        text = shorten(as_text(value))
    except Misfit:
        return ""
    model = _model_at(path) if path[-1] != "requires" else Manifest
    return f"{{{_SHORTHAND[model]}: {text}}}" if model in _SHORTHAND and text else "" if model is Item else text


def _unknown_key(path: _Path, near: str) -> tuple[str, str, str]:
    key = str(path[-1])
    message = f"unknown key `{shorten(key)}`"
    if key != key.lstrip():
        return "unknown-key", f"`{shorten(key)}` has a full-width space at its beginning", "indent with spaces"
    if near:
        return "unknown-key", f"{message}; did you mean `{near}`?", f"write `{near}`"
    for home, model in _MODELS.items():
        if key in _keys(model):
            return "unknown-key", message, f"did you mean to put it under `{home}`?"
    if "：" in key:
        return "unknown-key", message, "did you mean `: `, a half-width colon and a space?"
    return "unknown-key", message, f"delete it; known here are {', '.join(_keys(_model_at(path[:-1])))}"


def _meant(root: Mapping, path: _Path) -> str:
    """Return the key that an unknown one was probably meant to be, among those that are not given."""
    holder = follow(root, path[:-1])[-1]
    given = holder.places if isinstance(holder, Mapping) else {}
    return guess(str(path[-1]), [key for key in _keys(_model_at(path[:-1])) if key not in given])


def _model_at(path: Sequence[int | str]) -> type[Section]:
    model: type[Section] = Manifest
    for before, step in zip(("", *path), path, strict=False):
        if isinstance(step, str) and before not in ("units", "values", "images", "facts"):
            model = _MODELS.get(step, model)
    return model


def _keys(model: type[Section]) -> list[str]:
    return [entry.alias or name for name, entry in model.model_fields.items()]
