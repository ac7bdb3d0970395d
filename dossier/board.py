"""The readiness board: one HTML file that needs no network, beside the binder whose pages it opens.

What it shows is what checking found, joined with where the last build bound it. Thumbnails are small pictures of the
binder's own pages, rendered in worker processes.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

import pypdfium2
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from dossier import limits, publish, receipt, workers
from dossier.check import ItemState, Report, Standing, UnitState
from dossier.errors import Problem
from dossier.fields import plain_number
from dossier.manifest import Evidence, Item
from dossier.receipt import Receipt

NAME = "index.html"
_THUMBNAIL = 150  # pixels of the longer side; shown at half that, for fine screens
_CHUNK = 20  # pages that a worker renders in one go
_STATES = {
    "complete": ("齐备", "complete"), "missing": ("缺失", "missing"), "refused": ("退回", "refused"),
    "not-applicable": ("不适用", "not applicable"), "bound": ("已装订", "bound"), "cited": ("引用", "cited"),
    "there": ("已有", "there"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Thumbnail:
    data: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _ProofCard:
    id: str
    title: str
    status: str
    about: tuple[str, ...]
    problems: tuple[Problem, ...]
    page: str = ""
    pages: str = ""
    link: str = ""
    thumbnail: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class _ItemCard:
    id: str
    title: str
    unit: str
    status: str
    points: str
    self_score: str
    at_risk: str
    criteria: str
    problems: tuple[Problem, ...]
    evidence: tuple[_ProofCard, ...]
    page: str = ""
    link: str = ""

    @property
    def warned(self) -> int:
        every = (*self.problems, *(problem for proof in self.evidence for problem in proof.problems))
        return sum(problem.severity == "warning" for problem in every)

    @property
    def text(self) -> str:
        """All that the search looks through."""
        own = (self.id, self.title, self.unit, self.criteria)
        return " ".join((*own, *(" ".join((proof.id, proof.title, *proof.about)) for proof in self.evidence)))


@dataclass(frozen=True, slots=True)
class _Group:
    """A section or a unit: how many of its items are complete, and the points that are at risk."""

    name: str
    done: int
    count: int
    at_risk: str
    contact: str = ""
    items: tuple[_ItemCard, ...] = field(default=())

    @property
    def share(self) -> float:
        return 100.0 * self.done / self.count if self.count else 0.0


def write(report: Report, folder: Path, *, now: datetime, thumbnails: bool = True) -> Path:
    """Write the board of a dossier into ``folder``, where its binder lies if it was built, and return its path.

    Raises OutputError where it cannot be written.
    """
    built = _built(folder)
    where = {proof.id: proof for item in built.items for proof in item.evidence} if built else {}
    pictures = _thumbnails(folder, built) if built and thumbnails else {}
    loaded = report.manifest
    leaves = {item.id: item for item in loaded.leaves()}
    scene = _Scene(
        built, where, pictures, _by_place(report.problems), {one.id: one for one in built.items} if built else {}
    )
    items = tuple(_item(scene, state, leaves[state.id]) for state in report.items)
    own = {problem for card in items for problem in card.problems}
    own |= {problem for card in items for proof in card.evidence for problem in proof.problems}
    page = _environment().get_template("board.html").render(
        title=loaded.title,
        organisation=loaded.organisation,
        chinese=loaded.language.startswith("zh"),
        made=f"{now:%Y-%m-%d %H:%M}",
        days=report.days_left,
        deadline=loaded.deadline,
        binder=quote(built.volumes[0].file) if built else "",
        done=sum(state.proved for state in report.items),
        owed=sum(problem.severity == "error" for problem in report.problems),
        **_figures(report.standing),
        items=items,
        sections=tuple(_sections(report, items)),
        units=tuple(_unit(state) for state in report.units),
        states=_STATES,
        others=tuple(p for p in report.problems if p not in own and p.severity != "info"),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    publish.write_text(folder / NAME, page)
    return folder / NAME


def _environment() -> Environment:
    folder = files("dossier") / "data" / "board"
    source = {name: (folder / name).read_text(encoding="utf-8") for name in ("board.html", "board.css", "board.js")}
    loader = DictLoader({"board.html": source["board.html"]})
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.globals |= {"style": Markup(source["board.css"]), "script": Markup(source["board.js"])}  # our own
    return environment


def _built(folder: Path) -> Receipt | None:
    """Return what the last build bound, complete or a draft."""
    for name in ("receipt-draft.json", "receipt.json"):
        found = receipt.find(folder / name)
        if found is not None and all((folder / volume.file).is_file() for volume in found.volumes):
            return found
    return None


# --- cards ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Scene:
    """What cards are made of besides the items: the last build, and problems by (item, evidence)."""

    built: Receipt | None
    where: Mapping[str, receipt.Evidence]
    pictures: Mapping[tuple[int, int], _Thumbnail]
    problems: Mapping[tuple[str, str], tuple[Problem, ...]]
    items: Mapping[str, receipt.Item]

    def number(self, volume: int, page: int) -> str:
        """Return the number of a physical page."""
        assert self.built is not None
        before = sum(one.pages for one in self.built.volumes[: volume - 1])
        return self.built.pages[before + page - 1].number


def _by_place(problems: Iterable[Problem]) -> dict[tuple[str, str], tuple[Problem, ...]]:
    found: dict[tuple[str, str], tuple[Problem, ...]] = {}
    for problem in problems:
        if problem.severity != "info":
            place = (problem.item, problem.evidence)
            found[place] = (*found.get(place, ()), problem)
    return found


def _item(scene: _Scene, state: ItemState, item: Item) -> _ItemCard:
    bound = scene.items.get(state.id)
    return _ItemCard(
        state.id,
        state.title,
        state.unit,
        state.status,
        plain_number(state.points),
        plain_number(state.self_score),
        "0" if state.proved else plain_number(state.self_score) or "0",
        item.criteria,
        scene.problems.get((state.id, ""), ()),
        tuple(_proof(scene, item, entry) for entry in item.evidence),
        bound.number if bound else "",
        _link(scene.built, bound.volume, bound.first) if bound else "",
    )


def _proof(scene: _Scene, item: Item, entry: Evidence) -> _ProofCard:
    bound = scene.where.get(entry.id)
    problems = scene.problems.get((item.id, entry.id), ())
    codes = {problem.code for problem in problems if problem.severity == "error"}
    status = "missing" if "missing-source" in codes else "refused" if codes else "cited" if entry.see else "there"
    if bound is not None and status == "there":
        status = bound.status
    about = (entry.number, entry.issuer, entry.date.isoformat() if entry.date else "", entry.role)
    named = entry.file or entry.files or f"→ {entry.see}"
    card = _ProofCard(
        entry.id,
        entry.title or (bound.title if bound else "") or Path(named).stem,
        status,
        tuple(filter(None, (*about, named))),
        problems,
    )
    if bound is None or not bound.volume or not bound.first or not bound.last:
        return card
    last = scene.number(bound.volume, bound.last)
    card = replace(
        card,
        page=bound.number,
        pages=bound.number if last in ("", bound.number) else f"{bound.number}—{last}",
        link=_link(scene.built, bound.volume, bound.first),
    )
    picture = scene.pictures.get((bound.volume, bound.first))
    if picture is None:
        return card
    return replace(card, thumbnail=picture.data, width=picture.width // 2, height=picture.height // 2)


def _link(built: Receipt | None, volume: int | None, page: int | None) -> str:
    if built is None or not volume or not page:
        return ""
    return f"{quote(built.volumes[volume - 1].file)}#page={page}"


def _sections(report: Report, items: Iterable[_ItemCard]) -> Iterator[_Group]:
    cards = {card.id: card for card in items}
    for section in report.manifest.items:
        own = tuple(cards[item.id] for item in section.leaves())
        risk = sum((Decimal(card.at_risk) for card in own), Decimal(0))
        done = sum(card.status in ("complete", "not-applicable") for card in own)
        yield _Group(f"{section.id} {section.title}", done, len(own), plain_number(risk) or "0", items=own)


def _unit(state: UnitState) -> _Group:
    return _Group(state.name, state.complete, state.items, plain_number(state.standing.at_risk), state.whom)


def _figures(standing: Standing) -> dict[str, str]:
    return {name: plain_number(getattr(standing, name)) for name in ("points", "claimed", "proved", "at_risk")}


# --- thumbnails ----------------------------------------------------------------------------------------------------


def _thumbnails(folder: Path, built: Receipt) -> dict[tuple[int, int], _Thumbnail]:
    """Render the first page of each piece of evidence, by (volume, page)."""
    wanted: dict[int, list[int]] = {}
    for item in built.items:
        for proof in item.evidence:
            if proof.volume and proof.first and proof.first not in wanted.setdefault(proof.volume, []):
                wanted[proof.volume].append(proof.first)
    found: dict[tuple[int, int], _Thumbnail] = {}
    jobs = [
        (volume, pages[start : start + _CHUNK])
        for volume, pages in wanted.items()
        for start in range(0, len(pages), _CHUNK)
    ]
    with workers.processes(workers.cores()) as pool:
        running = [
            (volume, pages, pool.submit(_render, folder / built.volumes[volume - 1].file, pages))
            for volume, pages in jobs
        ]
        for volume, pages, job in running:
            try:
                drawn = job.result()
            except BrokenProcessPool:
                break  # a board without pictures is a board
            found |= {(volume, page): picture for page, picture in zip(pages, drawn, strict=True)}
    return found


def _render(path: Path, pages: Iterable[int]) -> list[_Thumbnail]:
    drawn: list[_Thumbnail] = []
    with limits.bounded(), pypdfium2.PdfDocument(path) as document:
        for number in pages:
            page = document[number - 1]
            picture = page.render(scale=_THUMBNAIL / max(page.get_width(), page.get_height())).to_pil().convert("RGB")
            data = io.BytesIO()
            picture.save(data, "WEBP", quality=45, method=4)
            page.close()
            address = f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"
            drawn.append(_Thumbnail(address, picture.width, picture.height))
    return drawn
