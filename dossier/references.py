"""What spans several entries of a manifest: ids, citations of evidence, documents named twice, units.

All of it works on values as they were written, before any field is checked, so that these problems and those of the
fields are shown together. It also fills in what a manifest may leave out: ids of evidence, and units of items below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dossier.errors import Problem
from dossier.fields import Misfit, as_line, as_text, guess, item_id
from dossier.yaml_source import Listing, Mapping, Place, Plain, Value, shorten

MOST_GUESSES = 50
"""Comparing thousands of words with thousands of words takes minutes; from here on, nothing is guessed."""


@dataclass(frozen=True, slots=True)
class _Named:
    """An item or evidence that has an id, before its fields are checked."""

    id: str
    entry: Mapping
    item: str
    evidence: bool
    automatic: bool = False


@dataclass(slots=True)
class References:
    """The entries of a manifest that have an id, in order, and the line of each id.

    ``lines`` also holds the front and back documents by name or file. ``name`` is how problems call the manifest.
    """

    name: str
    entries: list[_Named] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    unit_places: list[tuple[str, Mapping]] = field(default_factory=list)

    def where(self, entry: Mapping, key: str) -> str:
        place = entry.places.get(key, entry.place)
        return f"{self.name}:{place.line}:{place.column}"

    def add(self, named: _Named) -> None:
        self.entries.append(named)
        self.lines.setdefault(named.id, named.entry.place.line)


def resolve(root: Mapping, name: str) -> References:
    """Number evidence that has no id, hand units down to items below (both in ``root``), and note every id."""
    references = References(name)
    _resolve_items(root, references, "")
    for known, place in _documents(root):
        references.lines.setdefault(known, place.line)
    return references


def _resolve_items(parent: Mapping, references: References, unit: str) -> None:
    for item in _mappings(parent, "items"):
        id, own_unit = text_of(item.get("id"), item_id), text_of(item.get("unit"), as_line)
        if own_unit:
            references.unit_places.append((own_unit, item))
        elif unit and absent(item, "unit"):
            item["unit"] = unit
        if id:
            references.add(_Named(id, item, id, evidence=False))
        _resolve_evidence(item, references, id)
        _resolve_items(item, references, own_unit or unit)


def _resolve_evidence(item: Mapping, references: References, owner: str) -> None:
    entries = item.get("evidence")
    for number, entry in enumerate(entries if isinstance(entries, Listing) else (), start=1):
        if not isinstance(entry, Mapping):
            continue
        automatic = absent(entry, "id") and bool(owner)
        if automatic:
            entry["id"] = f"{owner}-{number:02d}"
        id = text_of(entry.get("id"))
        if id:
            references.add(_Named(id, entry, owner, evidence=True, automatic=automatic))


def _mappings(parent: Mapping, key: str) -> Iterator[Mapping]:
    entries = parent.get(key)
    if isinstance(entries, Listing):
        yield from (entry for entry in entries if isinstance(entry, Mapping))


def text_of(value: Value | None, check: Callable[[object], str] = as_text) -> str:
    """Return the text of a value that passes ``check``, else nothing: what is wrong with it is said elsewhere."""
    try:
        return check(value)
    except Misfit:
        return ""


def absent(entry: Mapping, key: str) -> bool:
    """Say whether a key is left out, or has nothing after it."""
    value = entry.get(key)
    return value is None or (isinstance(value, Plain) and value.empty)


def check(root: Mapping, references: References) -> Iterator[Problem]:
    """Find ids given twice, citations that lead nowhere, documents bound twice; and, as warnings, unknown units."""
    yield from _duplicate_ids(references)
    yield from _duplicate_documents(root, references)
    yield from _citations(references)
    yield from _facts(root, references)
    yield from _unknown_units(root, references)


def _duplicate_ids(references: References) -> Iterator[Problem]:
    seen: dict[str, _Named] = {}
    for named in references.entries:
        first = seen.setdefault(named.id, named)
        if first is named:
            continue
        line = first.entry.places.get("id", first.entry.place).line
        automatic = ", where it was numbered automatically" if first.automatic else ""
        here = "here, numbered automatically," if named.automatic else "here"
        message = f"id `{shorten(named.id)}` is given twice: {here} and on line {line}{automatic}"
        fix = "give one of the two another id"
        yield _problem("duplicate-id", message, fix, references.where(named.entry, "id"), named)


def _duplicate_documents(root: Mapping, references: References) -> Iterator[Problem]:
    seen = {"cover": 0, "index": 0} if absent(root, "front") else {}
    for known, place in _documents(root):
        if known in seen:
            before = f"on line {seen[known]}" if seen[known] else "by default in `front`"
            message = f"`{shorten(known)}` is bound twice: here and {before}"
            where = f"{references.name}:{place.line}:{place.column}"
            yield Problem("duplicate-document", message, "delete one of the two", where=where)
        seen.setdefault(known, place.line)


def _documents(root: Mapping) -> Iterator[tuple[str, Place]]:
    """Name every document of ``front`` and ``back`` by its file or template."""
    for key in ("front", "back"):
        documents = root.get(key)
        if not isinstance(documents, Listing):
            continue
        for document, place in zip(documents, documents.places, strict=True):
            if isinstance(document, Mapping):
                known = text_of(document.get("file")) or text_of(document.get("name"))
            else:
                known = text_of(document)
            if known:
                yield known, place


def _citations(references: References) -> Iterator[Problem]:
    evidence = {named.id: named for named in reversed(references.entries) if named.evidence}
    bound = {named.id: named.item for named in references.entries if named.evidence and absent(named.entry, "see")}
    first_of = {item: id for id, item in reversed(bound.items())}
    items = {named.id for named in references.entries if not named.evidence}
    told = 0
    for named in references.entries:
        target = text_of(named.entry.get("see")) if named.evidence else ""
        if not target or target in bound:
            continue
        told += 1
        if target in evidence:
            message = f"`see: {shorten(target)}` cites evidence that is itself a citation"
            near = text_of(evidence[target].entry.get("see"))
            near = near if near in bound else ""
        elif target in items:
            message = f"`see: {shorten(target)}` names an item, not evidence"
            near = first_of.get(target, "")
        else:
            message = f"`see: {shorten(target)}` names no evidence"
            near = guess(target, bound) if told <= MOST_GUESSES else ""
        fix = f"did you mean {near}?" if near else "name the id of evidence that has a file"
        yield _problem("unknown-see", message, fix, references.where(named.entry, "see"), named)


def _facts(root: Mapping, references: References) -> Iterator[Problem]:
    """Report facts of evidence that is not bound, and names of facts and claims that are taken already."""
    bound = {named.id for named in references.entries if named.evidence and absent(named.entry, "see")}
    taken = {named.id for named in references.entries}
    for named, claim in _claims(references):
        id = text_of(claim.get("id"))
        if not id:
            continue
        if id in taken:
            message, fix = f"id `{shorten(id)}` is given twice", "give the claim another id"
            yield _problem("duplicate-id", message, fix, references.where(claim, "id"), named)
        taken.add(id)
    facts = root.get("facts")
    for name, fact in facts.items() if isinstance(facts, Mapping) else ():
        if not isinstance(fact, Mapping):
            continue
        place = fact.place
        references.lines.setdefault(name, place.line)
        where = f"{references.name}:{place.line}:{place.column}"
        if name in taken:
            message, fix = f"the fact `{shorten(name)}` has the name of something else", "name it otherwise"
            yield Problem("duplicate-id", message, fix, "error", where)
        target = text_of(fact.get("evidence"))
        if target and target not in bound:
            near = guess(target, bound)
            fix = f"did you mean {near}?" if near else "name the id of evidence that has a file"
            message = f"the fact `{shorten(name)}`: `evidence: {shorten(target)}` names no evidence that is bound"
            yield Problem("unknown-evidence", message, fix, "error", references.where(fact, "evidence"))


def _claims(references: References) -> Iterator[tuple[_Named, Mapping]]:
    for named in references.entries:
        proves = named.entry.get("proves") if named.evidence else None
        if isinstance(proves, Listing):
            yield from ((named, claim) for claim in proves if isinstance(claim, Mapping))


def _unknown_units(root: Mapping, references: References) -> Iterator[Problem]:
    units = root.get("units")
    if not isinstance(units, Mapping) or not units:
        return
    told = 0
    for unit, entry in references.unit_places:
        if unit in units:
            continue
        told += 1
        near = guess(unit, units) if told <= MOST_GUESSES else ""
        fix = f"did you mean {near}?" if near else "add it to `units`, or correct the name"
        named = _Named(text_of(entry.get("id")), entry, text_of(entry.get("id")), evidence=False)
        message = f"unit `{shorten(unit)}` is not among `units`"
        yield _problem("unknown-unit", message, fix, references.where(entry, "unit"), named, warning=True)


def _problem(code: str, message: str, fix: str, where: str, named: _Named, *, warning: bool = False) -> Problem:
    evidence = named.id if named.evidence else ""
    return Problem(code, message, fix, "warning" if warning else "error", where, named.item, evidence)
