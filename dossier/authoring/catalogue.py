"""Every name that templates may use, with an example out of a dossier that is really laid out and numbered.

Names and what they say come from :mod:`dossier.views`, examples from :mod:`dossier.authoring.example`: a name that is
not in the program is not in the catalogue, and none is left out.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from dossier import book, documents, letters, manifest, numbering, plan, views
from dossier.authoring import example
from dossier.check import appraise
from dossier.context import Scene
from dossier.documents import Document
from dossier.errors import ConversionError
from dossier.numbering import Style
from dossier.part import Ink, Part, PartPage
from dossier.sandbox import Budget, Language, shown
from dossier.sources import Kind
from dossier.template_sets import TemplateSet

EVERYWHERE = "every template"
IN_THE_BOOK = "every template of the book"

_MEMBERS = {
    views.Row: "row", views.ItemView: "item", views.SectionView: "section", views.ScoreRow: "score",
    views.Total: "total", views.UnitView: "unit", views.UnitCount: "count", views.ProblemView: "problem",
    views.OwedItem: "owed", views.DebtView: "debt", views.UnitDebt: "standing",
    views.ReprintStep: "step", views.ReprintChange: "change",
    views.TicketVolume: "printed", views.TicketSheet: "sheet",
}  # fmt: skip
"""How one member of a list is called in the catalogue; an author may call it anything."""

_PLAIN = {str: "text", int: "number", bool: "yes or no", datetime.date: "date", NoneType: "nothing"}
_SHOWN_TEXT = 60


@dataclass(frozen=True, slots=True)
class Name:
    """A name: as it is written, what sort of thing it is, what it says, how it looks, and where it may be used."""

    name: str
    type: str
    says: str
    example: str
    where: str


@dataclass(frozen=True, slots=True)
class Group:
    """Names that belong together."""

    title: str
    names: tuple[Name, ...]


def catalogue(found: TemplateSet) -> tuple[Group, ...]:
    """Return all names with examples in the language of a template set."""
    return _Walk(_Sample.of(found)).groups()


def markdown(groups: Iterable[Group]) -> str:
    """Return the catalogue as Markdown tables, without a last line break."""
    lines: list[str] = []
    for group in groups:
        places = {name.where for name in group.names}
        lines += [f"### {group.title}", ""]
        if len(places) == 1:
            lines += [f"Where: {places.pop()}.", "", "| name | type | what it is | example |", "|---|---|---|---|"]
            lines += [_table_row(name) for name in group.names]
        else:
            lines += ["| name | type | what it is | example | where |", "|---|---|---|---|---|"]
            lines += [_table_row(name, name.where) for name in group.names]
        lines.append("")
    return "\n".join(lines).rstrip()


def _table_row(name: Name, *more: str) -> str:
    cells = [f"`{name.name}`", name.type, name.says, name.example, *more]
    escaped = [cell.replace("|", "\\|").replace("\n", " ") for cell in cells]
    return "|" + "|".join(f" {cell} " if cell else " " for cell in escaped) + "|"


# --- the example ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sample:
    """The example's values in each template with names of its own; ``ids`` are those that functions may be given."""

    contexts: Mapping[str, Mapping[str, Any]]
    ids: dict[str, str]
    date_pattern: str

    @classmethod
    def of(cls, found: TemplateSet) -> _Sample:
        with TemporaryDirectory(prefix="dossier-") as folder:
            loaded = found.complete(manifest.load(example.write(Path(folder), language=found.style.language)))
            planned = plan.plan(loaded, set(Kind))
            page = PartPage(595.0, 842.0, Ink(1, (0,)), "")
            parts: dict[str, Part | ConversionError] = {
                source.key: Part(Path(), (page,) * example.PAGES.get(source.name, 1))
                for proof in planned.evidence()
                for source in proof.sources
            }
            collected = book.collect(planned, parts)
            volumes, every = documents.lay_out(collected, found, {})
            numbers = loaded.numbering
            style = Style(numbers.style, numbers.start, loaded.page.start_on, numbers.restart)
            pagination = numbering.paginate(volumes, style)
            scene = Scene(collected, every, pagination, loaded.date or datetime.date.today(), found)
            proof = next(proof for proof in collected.proofs() if proof.status == "bound")
            item = next(entry.planned.item for entry in collected.entries if proof in entry.proofs)
            own = {
                "": Document("cover:1", "cover", Path()),
                "divider": Document(f"divider:{item.id}", "divider", Path()),
                "placeholder": next(document for key, document in every.items() if key.startswith("placeholder:")),
                "evidence": Document(proof.key, "evidence", Path()),
            }
            contexts: dict[str, dict[str, Any]] = {name: dict(scene.of(document)) for name, document in own.items()}
            written = letters.letters(appraise(planned, {}), found, scene.today).contexts
            contexts |= {"summary": dict(written[""]), "letter": next(dict(c) for key, c in written.items() if key)}
            contexts["vacant"] = {"vacant": example.vacant(language=found.style.language)}
            contexts["reprint"] = {"reprint": example.reprint(language=found.style.language)}
            contexts["ticket"] = {"ticket": example.ticket(language=found.style.language)}
        return cls(contexts, {"evidence": proof.id, "item": item.id}, found.style.words.date)

    def shown(self, expression: str) -> str:
        """Return what an expression says in the example."""
        source = f"{{{{ {expression} }}}}"
        compiled = _LANGUAGE.compiled(source)
        text = compiled.render(self.contexts["divider"], Budget(), self.date_pattern)
        return _shortened(text.replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


_LANGUAGE = Language()


# --- the walk ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Member:
    """A sort of thing that lists hold: the lists' names, and all that they hold in the example."""

    lists: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    only: list[str] = field(default_factory=list)


class _Walk:
    def __init__(self, sample: _Sample) -> None:
        self.sample = sample
        self.members: dict[type, _Member] = {kind: _Member() for kind in _MEMBERS}

    def groups(self) -> tuple[Group, ...]:
        alone: list[Name] = []
        functions: list[Name] = []
        shared = views.names("letter")
        for name, hint in get_type_hints(views.Context, include_extras=True).items():
            says, kind = views.said(hint), get_args(hint)[0]
            if get_origin(kind) is Callable or get_origin(kind) is _CALLABLE:
                functions.append(self.function(name, says, EVERYWHERE if name in shared else IN_THE_BOOK))
                continue
            context = self.sample.contexts[says.only[0] if says.only else ""]
            where = EVERYWHERE if name in shared else _where(says.only)
            alone += self.value(name, hint, context.get(name), where)
        for name, hint in get_type_hints(views.LetterContext, include_extras=True).items():
            if only := views.said(hint).only:
                alone += self.value(name, hint, self.sample.contexts[only[0]][name], _where(only))
        for name, hint in get_type_hints(views.EvidenceContext, include_extras=True).items():
            says = views.said(hint)
            alone += self.value(name, hint, self.sample.contexts[says.only[0]][name], _where(says.only))
        seen = -1
        while seen != (seen := sum(len(set(member.lists)) for member in self.members.values())):
            for kind in self.members:
                self.member(kind)  # members of members are known when nothing new turns up
        described = [Group("Values", tuple(alone)), *map(self.member, self.members)]
        return (*described, Group("Functions", tuple(functions)), Group("Forms (filters)", tuple(self.filters())))

    def value(self, name: str, hint: Any, value: Any, where: str) -> Iterator[Name]:
        """Yield a name and, behind its dot, the names of what it has; members of lists are kept for later."""
        says, kind = views.said(hint).text, get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
        inner = _member_of(kind)
        if inner is not None:
            member = self.members[inner]
            if name not in member.lists:
                member.lists.append(name)
                member.values += value or ()
            yield Name(name, f"list of {_MEMBERS[inner]}", says, _count(value), where)
        elif is_dataclass(kind):
            if kind in self.members:
                assert isinstance(kind, type)
                self.members[kind].values.append(value)
                self.members[kind].only.append(f"`{name}` in {where}")
                yield Name(name, _MEMBERS[kind], says, _of(value), where)
            else:
                yield Name(name, "values", says, "", where)
                for inner_name, inner_hint in get_type_hints(kind, include_extras=True).items():
                    yield from self.value(f"{name}.{inner_name}", inner_hint, getattr(value, inner_name), where)
        else:
            yield Name(name, _type(kind), says, _text(value), where)

    def member(self, kind: type) -> Group:
        """Describe what lists hold, once for all lists that hold it."""
        member, called = self.members[kind], _MEMBERS[kind]
        names: list[Name] = []
        for name, hint in get_type_hints(kind, include_extras=True).items():
            every = [getattr(value, name) for value in member.values]
            found = next((value for value in every if value not in ("", (), None, 0)), every[0] if every else "")
            inner = _member_of(get_args(hint)[0])
            if inner is kind:
                names.append(Name(f"{called}.{name}", f"list of {called}", views.said(hint).text, _count(found), ""))
                member.lists.append(f"{called}.{name}")
            else:
                names += self.value(f"{called}.{name}", hint, found, "")
        lists = ", ".join(f"`{name}`" for name in dict.fromkeys(member.lists))
        where = "; ".join([f"`{{% for {called} in … %}}` of {lists}", *dict.fromkeys(member.only)])
        return Group(f"`{called}`", tuple(replace(one, where=where) for one in names))

    def function(self, name: str, says: views.Says, where: str) -> Name:
        call = says.example
        for key, id in self.sample.ids.items():
            call = call.replace(f"{{{key}}}", id)
        result = "" if name in views.FILLED_IN else f" → {self.sample.shown(call)}"
        return Name(name, "function", says.text, f"`{call}`{result}", where)

    def filters(self) -> Iterator[Name]:
        for name, (says, expression) in FORMS.items():
            yield Name(name, "filter", says, f"`{expression}` → {self.sample.shown(expression)}", EVERYWHERE)


_CALLABLE = get_origin(Callable[..., str])


def _member_of(kind: Any) -> type | None:
    """Return what a list holds, if it holds things with names of their own."""
    inner = get_args(kind)[0] if get_origin(kind) is tuple else None
    return inner if isinstance(inner, type) and is_dataclass(inner) else None


def _type(kind: Any) -> str:
    if kind in _PLAIN:
        return _PLAIN[kind]
    if get_origin(kind) is tuple:
        return f"list of {_type(get_args(kind)[0])}"
    options = [one for one in get_args(kind) if one is not NoneType]
    return "texts by name" if get_origin(kind) not in (None, *_UNIONS) else " or ".join(map(_type, options))


_UNIONS = (get_origin(int | None), get_origin(Any | None))


def _where(only: Sequence[str]) -> str:
    called = {name: f"`{name}.docx`" for name in ("divider", "placeholder", "vacant", *views.LETTERS)}
    return ", ".join(called.get(name, "evidence with `template: true`") for name in only) or IN_THE_BOOK


def _count(value: Any) -> str:
    return f"{len(value)} of them" if value else ""


def _of(value: Any) -> str:
    return _text(getattr(value, "title", ""))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return _shortened("、".join(shown(one) for one in value))
    if isinstance(value, Mapping):
        return _shortened("、".join(f"{key}: {text}" for key, text in value.items()))
    if isinstance(value, bool):
        return "true" if value else "false"
    return _shortened(shown(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_TEXT else f"{text[: _SHOWN_TEXT - 1]}…"


# --- forms ---------------------------------------------------------------------------------------------------------

FORMS: dict[str, tuple[str, str]] = {
    "date": ("a date by a pattern of `YYYY` `YY` `MMMM` `MMM` `MM` `M` `DD` `D`", 'today|date("YYYY-MM-DD")'),
    "cn": ("digits in Chinese: 1 to 99 as one counts, else digit by digit", "2023|cn"),
    "capital": ("a number in the capitals of accounts; with a unit, as money", '"1234.5"|capital("元")'),
    "number": ("a number in groups of three, with so many digits behind the point", '"1234.5"|number(2)'),
    "percent": ("a number in per cent of another", "scores.self_score|percent(of=scores.points)"),
    "points": ("a score without needless zeros", '"1.50"|points'),
    "round": ("a number rounded to so many digits", "2.675|round(1)"),
    "join": ("a list, or one name of each of its members, with something between", 'sections|join("、", "title")'),
    "sort_by": ("a list sorted by one name or several", 'evidence|sort_by("title", reverse=true)|join("、", "id")'),
    "groupby": ("a list in groups: each has `.grouper` and `.list`", 'evidence|groupby("item_id")|length'),
    "map": ("one name of each member", 'items|map(attribute="id")|join(" ")'),
    "selectattr": ("the members for which something is so", 'index|selectattr("cited")|list|length'),
    "rejectattr": ("the members for which it is not", 'index|rejectattr("cited")|list|length'),
    "select": ("the members that pass a test", "[1, 2, 3]|select('odd')|join(' ')"),
    "reject": ("the members that do not", "[1, 2, 3]|reject('odd')|join(' ')"),
    "unique": ("a list without repetitions", 'evidence|map(attribute="unit")|unique|list|length'),
    "sort": ("a list sorted", "[3, 1, 2]|sort|join(' ')"),
    "reverse": ("a list the other way round", "[1, 2, 3]|reverse|join(' ')"),
    "list": ("a list of what was worked out", "[1, 2]|list|length"),
    "first": ("the first member", '(evidence|first).id'),
    "last": ("the last member", '(evidence|last).id'),
    "length": ("how many members", "evidence|length"),
    "count": ("the same", "evidence|count"),
    "max": ("the largest", "[1, 3, 2]|max"),
    "min": ("the smallest", "[1, 3, 2]|min"),
    "abs": ("a number without its sign", "(-2)|abs"),
    "int": ("a whole number", '"57"|int + 1'),
    "float": ("a number", '"1.5"|float * 2'),
    "default": ("something else where a name is not there", 'values.fonds|default("—")'),
    "d": ("the same", 'values.fonds|d("—")'),
    "upper": ("capital letters", '"a"|upper'),
    "lower": ("small letters", '"A"|lower'),
    "trim": ("without spaces at its ends", '" a "|trim'),
    "escape": ("as it is; every value is escaped already", '"a"|escape'),
    "e": ("the same", '"a"|e'),
}  # fmt: skip
"""What may stand behind a ``|``, and an example of each."""
