"""Whoever kills a build, at whatever moment: the old book or the new one is whole, and nothing is left of the killed.

Builds are killed 45 times by default. ``DOSSIER_KILLS=300`` in the environment makes it so many; ``DOSSIER_KILLS_SEED``
repeats the moments of an earlier run, whose seed is said where a test fails.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
import yaml
from openpyxl.cell import Cell
from reportlab.pdfgen.canvas import Canvas

import dossier
from dossier import lock, publish, receipt
from dossier.convert import libreoffice

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there are all descendants of a process known")

ROOT = Path(__file__).resolve().parent.parent
KILLS = int(os.environ.get("DOSSIER_KILLS", "45"))
SEED = int(os.environ.get("DOSSIER_KILLS_SEED") or random.randrange(10**6))
KILL, TERM, INT = int(signal.SIGKILL), int(signal.SIGTERM), int(signal.SIGINT)

State = dict[str, str]
"""Digests of what the files of an output folder say, by name; when it was built left out."""


# --- what is built -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Version:
    """A dossier at one time: pages of each source, evidence by item, other keys of its manifest, how it is built."""

    pages: dict[str, int]
    evidence: dict[str, list[str]]
    keys: dict[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    frozen: bool = False

    @property
    def complete(self) -> bool:
        return all(name in self.pages for names in self.evidence.values() for name in names)


@dataclass(frozen=True)
class Scene:
    """What stands when a build begins that is killed, and what it is to make."""

    before: tuple[Version, ...]
    after: Version
    cold: bool = False


ITEMS = {"1": ["a.pdf", "b.pdf"], "2": ["c.pdf"]}
BOOK = Version({"a.pdf": 2, "b.pdf": 1, "c.pdf": 1}, ITEMS)
GROWN = Version({**BOOK.pages, "a.pdf": 3}, ITEMS)
DRAFT = Version(BOOK.pages, {**ITEMS, "3": ["late.pdf"]})
LATE = Version({**BOOK.pages, "late.pdf": 1}, DRAFT.evidence)
VOLUMES = {"volumes": {"by": "section"}}
SCENES = {
    "a first build": Scene((), BOOK),
    "a changed source": Scene((BOOK,), GROWN),
    "nothing changed": Scene((BOOK,), BOOK),
    "a draft beside a complete book": Scene((BOOK,), DRAFT),
    "a complete book over a draft": Scene((BOOK, DRAFT), LATE),
    "fewer volumes": Scene((Version(LATE.pages, LATE.evidence, VOLUMES),), Version(BOOK.pages, ITEMS, VOLUMES)),
    "a print set": Scene(
        (Version(BOOK.pages, ITEMS, options=("--print",)),), Version(GROWN.pages, ITEMS, options=("--print",))
    ),
    "frozen numbers": Scene(
        (BOOK,),
        Version({**GROWN.pages, "late.pdf": 1}, {"1": ["a.pdf", "late.pdf", "b.pdf"], "2": ["c.pdf"]}, frozen=True),
    ),
    "an empty cache": Scene((BOOK,), GROWN, cold=True),
}

HOW = (
    *(("main", KILL),) * 6, *(("group", KILL),) * 4, *(("main", TERM),) * 3, *(("main", INT),) * 2, ("group", INT),
)  # fmt: skip
"""Who is sent which signal, as often as is worth it."""
CALM = 0.4
"""How often a build may go on to its end after a kill; else it is killed, too."""


@dataclass
class Desk:
    """A folder with a dossier, and the process that runs commands there."""

    folder: Path
    nursery: subprocess.Popen[str]
    known: dict[str, tuple[State, State]] = field(default_factory=dict)
    stood: dict[str, tuple[State, Path]] = field(default_factory=dict)
    sound: list[State] = field(default_factory=list)
    length: dict[str, tuple[float, int]] = field(default_factory=dict)
    """How many seconds and steps a build takes."""

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def manifest(self) -> Path:
        return self.folder / "dossier.yaml"

    @property
    def temporary(self) -> Path:
        return self.folder.parent / "tmp"

    def cache(self, *, cold: bool = False) -> Path:
        return self.folder.parent / ("cold" if cold else "cache")

    def run(self, *arguments: str, kill: dict[str, Any] | None = None, cold: bool = False) -> dict[str, Any]:
        order = {
            "arguments": arguments, "folder": str(self.folder), "log": str(self.log), "kill": kill,
            "environment": {"TMPDIR": str(self.temporary), "DOSSIER_CACHE": str(self.cache(cold=cold))},
        }  # fmt: skip
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.log.with_name("killed").unlink(missing_ok=True)
        self.nursery.stdin.write(json.dumps(order) + "\n")
        self.nursery.stdin.flush()
        answer: dict[str, Any] = json.loads(self.nursery.stdout.readline())
        return answer

    @property
    def log(self) -> Path:
        return self.folder.parent / "log"

    def build(self, version: Version, *, kill: dict[str, Any] | None = None, cold: bool = False) -> dict[str, Any]:
        return self.run("build", "-o", "out", "--jobs", "1", *version.options, kill=kill, cold=cold)

    def lay(self, version: Version) -> None:
        """Put the sources and the manifest of a version there."""
        sources = self.folder / "sources"
        shutil.rmtree(sources, ignore_errors=True)
        sources.mkdir(parents=True)
        for name, pages in version.pages.items():
            (sources / name).write_bytes(drawn(name, pages))
        items = [
            {
                "id": id,
                "title": f"Item {id}",
                "points": 1,
                "unit": "Unit",
                "evidence": [{"file": name} for name in names],
            }
            for id, names in version.evidence.items()
        ]
        keys = {"title": "Dossier", "date": "2023-12-15", "engine": "embedded", "front": ["cover", "index"]}
        text = yaml.safe_dump({**keys, "sources": "sources", "items": items, **version.keys}, sort_keys=False)
        self.manifest.write_text(text, encoding="utf-8")

    def prepare(self, name: str) -> tuple[State, State]:
        """Build what stands before a scene and what it is to make, once; return both."""
        if name not in self.known:
            scene = SCENES[name]
            old, kept = self.keep(scene.before)
            if scene.after.frozen:
                self.restore(kept)
                assert self.run("freeze", "-o", "out")["status"] == 0
                shutil.copyfile(lock.path_of(self.manifest), kept / f"{name}.lock")
            if scene.after not in scene.before:
                self.begin(name)
                answer = self.build(scene.after, cold=scene.cold)
                assert answer["status"] == (0 if scene.after.complete else 1), self.log.read_text()
                self.length[name] = answer["seconds"], answer["steps"]
                self.known[name] = old, self.proved()
            else:
                self.known[name], self.length[name] = (old, old), (0.1, 2)
        return self.known[name]

    def keep(self, versions: tuple[Version, ...]) -> tuple[State, Path]:
        """Build versions, each over the one before; return what is there, and the folder in which that is kept."""
        kept = self.folder.parent / hashlib.sha256(repr(versions).encode()).hexdigest()
        if repr(versions) not in self.stood:
            kept.mkdir()
            shutil.rmtree(self.out, ignore_errors=True)
            if versions:
                self.keep(versions[:-1])
                self.restore(self.stood[repr(versions[:-1])][1])
                self.lay(versions[-1])
                assert self.build(versions[-1])["status"] == (0 if versions[-1].complete else 1), self.log.read_text()
                shutil.copytree(self.out, kept / "out")
            self.stood[repr(versions)] = self.proved(), kept
        return self.stood[repr(versions)]

    def restore(self, kept: Path) -> None:
        shutil.rmtree(self.out, ignore_errors=True)
        lock.path_of(self.manifest).unlink(missing_ok=True)
        if (kept / "out").exists():
            shutil.copytree(kept / "out", self.out)

    def begin(self, name: str) -> None:
        """Put everything back as it stands before a scene."""
        scene = SCENES[name]
        _, kept = self.keep(scene.before)
        self.restore(kept)
        self.lay(scene.after)
        if scene.after.frozen:
            shutil.copyfile(kept / f"{name}.lock", lock.path_of(self.manifest))
        if scene.cold:
            shutil.rmtree(self.cache(cold=True), ignore_errors=True)

    def ready(self, command: str) -> tuple[Path, tuple[str, ...]]:
        """Put everything there for a command that writes one file; return that, and the command's arguments."""
        _, kept = self.keep((BOOK,))
        held = lock.path_of(self.manifest)
        self.restore(kept)
        self.lay(BOOK)
        if command == "freeze":
            return held, ("freeze", "-o", "out")
        if command == "freeze --update":
            first, later = kept / "first.lock", kept / "later"
            if not first.exists():
                assert self.run("freeze", "-o", "out")["status"] == 0
                shutil.copyfile(held, first)
                self.lay(GROWN)
                assert self.build(GROWN)["status"] == 0
                shutil.copytree(self.out, later)
            shutil.rmtree(self.out)
            shutil.copytree(later, self.out)
            shutil.copyfile(first, held)
            self.lay(GROWN)
            return held, ("freeze", "--update", "-o", "out")
        table = kept / "table.xlsx"
        if not table.exists():
            assert self.run("export", "-o", str(table))["status"] == 0, self.log.read_text()
            book = openpyxl.load_workbook(table)
            for row in book.worksheets[0].iter_rows():
                for cell in row:
                    if isinstance(cell, Cell) and cell.value == 1:
                        cell.value = 2
            book.save(table)
        return self.manifest, ("import", str(table), "-o", "dossier.yaml")

    def proved(self) -> State:
        """Prove every book that stands in the output folder, and return what is there.

        What is byte for byte what was proved before is not proved again.
        """
        if not self.out.exists():
            return {}
        publish.settle(self.out)
        found = state_of(self.out)
        if found in self.sound:
            return found
        for name in ("receipt.json", "receipt-draft.json"):
            if name in found:
                for volume in receipt.read(self.out / name).volumes:
                    dossier.verify(self.out / volume.file)
        self.sound.append(found)
        return found


@cache
def drawn(name: str, pages: int) -> bytes:
    canvas = Canvas("", invariant=1)
    for page in range(1, pages + 1):
        canvas.drawString(200, 400, f"{name} p{page}")
        canvas.showPage()
    data: bytes = canvas.getpdfdata()
    return data


def state_of(folder: Path) -> State:
    found: State = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name.startswith(".inputs") or name == ".dossier.lock":  # which alone is in nobody's way
            continue
        data = path.read_bytes()
        if path.suffix == ".gz":
            name, data = re.sub(r"_.*Z", "", name), gzip.decompress(data)
        found[name] = hashlib.sha256(re.sub(rb'"created": ?"[^"]*"', b"", data)).hexdigest()
    return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("kills") / "desk"
    warm = Desk(folder.parent / "warm", subprocess.Popen("true", text=True))
    warm.lay(BOOK)
    command = [sys.executable, str(Path(__file__).with_name("nursery.py")), str(warm.manifest)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DOSSIER_CACHE": str(warm.cache())}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as nursery:
        made = Desk(folder, nursery)
        made.temporary.mkdir()
        folder.mkdir()
        shutil.copytree(ROOT / "templates" / "official", folder / "official")  # which somebody may be changing
        yield made
        assert nursery.stdin is not None
        nursery.stdin.close()


# --- at any moment -------------------------------------------------------------------------------------------------


def moments(dice: random.Random, count: int) -> Iterator[tuple[str, int, str, float]]:
    """Yield whom to send which signal, when: at a share of all seconds or steps; spread evenly."""
    for number in range(count):
        target, number_of = dice.choice(HOW)
        yield target, number_of, dice.choice(["after", "steps"]), (number + dice.random()) / count


def killed(desk: Desk, name: str, moment: tuple[str, int, str, float]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Build, and kill that; where it came too late, once more and earlier. Return the kill, and how the build ended."""
    scene, (target, number, by, part) = SCENES[name], moment
    seconds, steps = desk.length[name]
    for earlier in (1, 0.6, 0.3, 0.1, 0.03, 0):
        when = part * earlier * seconds if by == "after" else 1 + int(part * earlier * steps)
        kill = {"target": target, "signal": number, by: when}
        ended = desk.build(scene.after, kill=kill, cold=scene.cold)
        if ended["killed"]:
            break
        desk.begin(name)
    return kill, ended


def share(name: str) -> int:
    """Return how many kills a scene has of all."""
    names = list(SCENES)
    return (KILLS + len(names) - 1 - names.index(name)) // len(names)


@pytest.mark.parametrize("name", SCENES)
def test_the_old_or_the_new_book_is_whole_and_the_next_build_succeeds(desk: Desk, name: str) -> None:
    scene, dice = SCENES[name], random.Random(f"{SEED} {name}")
    old, new = desk.prepare(name)
    told: Counter[str] = Counter()
    again = True
    for moment in moments(dice, share(name)):
        if again:
            desk.begin(name)
        kill, ended = killed(desk, name, moment)
        about = f"seed {SEED}, {name}: {kill}"
        check_end(desk, ended, kill, complete=scene.after.complete, about=about)
        now = desk.proved()
        assert now in (old, new), f"{about}: {difference(now, old, new)}"
        told[("new" if now == new else "old") if ended["killed"] else "too late"] += 1
        again = now == new or dice.random() < CALM
        if again:
            follow_up(desk, name, about, now)
    follow_up(desk, name, f"seed {SEED}, {name}, at the end", now)
    print(f"seed {SEED}, {name}: {dict(told)}")


def follow_up(desk: Desk, name: str, about: str, before: State) -> None:
    """Prove that a build succeeds and that then nothing is left of those before it."""
    scene, (old, new) = SCENES[name], desk.known[name]
    ended = desk.build(scene.after, cold=scene.cold)
    assert ended["status"] == (0 if scene.after.complete else 1), f"{about}: {desk.log.read_text()}"
    assert desk.proved() == new, f"{about}: {difference(desk.proved(), old, new)}"
    found = left(desk, cold=scene.cold)
    if before == new:  # it stood: no lock was taken, and the cache was not looked into
        found = [name for name in found if not name.endswith(".lock") and "/.work-" not in name]
    elif before == old:
        desk.length[name] = ended["seconds"], ended["steps"]
    assert found == [], about


def check_end(desk: Desk, ended: dict[str, Any], kill: dict[str, Any], *, complete: bool, about: str) -> None:
    """Prove that a killed command ended as it should, and took its workers along."""
    said = f"{about}: {ended} {desk.log.read_text()}"
    assert ended["orphans"] == [], said
    if ended["killed"]:
        assert ended["status"] == (-KILL if kill["signal"] == KILL else 130), said
    if kill["signal"] != KILL:
        assert left(desk) == left(desk, cold=True) == [], said


OWN = {"dossier.yaml", "dossier.lock", "out", "sources", "official"}
"""What may lie in the desk's folder."""


def left(desk: Desk, *, cold: bool = False) -> list[str]:
    """Name what should not be there: of a killed build, and of any."""
    cache = desk.cache(cold=cold)
    found = [*desk.temporary.iterdir(), *desk.out.glob(".dossier*"), *cache.glob(".work*")]
    found += [path for path in cache.glob("parts/??/*") if not path.with_suffix(".json").exists()]
    found += [path for path in desk.folder.iterdir() if path.name not in OWN]
    return [str(path) for path in found]


def difference(now: State, old: State, new: State) -> dict[str, str]:
    def of(name: str) -> str:
        said = [which for which, there in (("old", old), ("new", new)) if there.get(name) == now.get(name)]
        return " and ".join(said) or "neither"

    return {name: of(name) for name in sorted({*now, *old, *new})}


# --- workers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 4, 7])
def test_a_build_goes_on_without_a_worker_that_was_killed_while_it_converted(desk: Desk, steps: int) -> None:
    scene = SCENES["an empty cache"]
    _, new = desk.prepare("an empty cache")
    desk.begin("an empty cache")
    ended = desk.build(scene.after, kill={"target": "worker", "signal": KILL, "steps": steps}, cold=True)
    assert (ended["killed"], ended["status"], ended["orphans"]) == (True, 0, []), desk.log.read_text()
    assert desk.proved() == new
    assert [name for name in left(desk) if ".work" not in name] == []


FACTS = {"rate": {"value": "1", "evidence": "1-01", "quote": "a.pdf p1"}}


def test_claims_are_looked_for_though_a_worker_was_killed_before(desk: Desk) -> None:
    shutil.rmtree(desk.out, ignore_errors=True)
    shutil.rmtree(desk.cache(cold=True), ignore_errors=True)
    version = Version(BOOK.pages, ITEMS, {"facts": FACTS})
    desk.lay(version)
    ended = desk.build(version, kill={"target": "worker", "signal": KILL, "steps": 2}, cold=True)
    assert (ended["killed"], ended["status"]) == (True, 0), desk.log.read_text()
    desk.proved()


# --- other commands that write -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [KILL, TERM, INT])
@pytest.mark.parametrize("command", ["freeze", "freeze --update", "import"])
def test_a_command_that_is_killed_writes_its_file_whole_or_not_at_all(desk: Desk, command: str, number: int) -> None:
    written, arguments = desk.ready(command)
    before = written.read_bytes() if written.exists() else None
    whole = desk.run(*arguments)
    assert whole["status"] == 0, desk.log.read_text()
    after = written.read_bytes()
    assert before != after
    for step in range(1, whole["steps"] + 1):
        desk.ready(command)
        ended = desk.run(*arguments, kill={"target": "main", "signal": number, "steps": step})
        said = f"step {step} of {whole['steps']}: {ended} {desk.log.read_text()}"
        assert (ended["killed"], ended["status"], ended["orphans"]) == (True, -KILL if number == KILL else 130, []), (
            said
        )
        now = written.read_bytes() if written.exists() else None
        assert now in (before, after), said
        if number != KILL:
            assert left(desk) == [], said
        if now == before:
            assert desk.run(*arguments)["status"] == 0, desk.log.read_text()
        assert written.read_bytes() == after
        assert left(desk) == [], said


@pytest.mark.parametrize("command", ["log", "verify"])
def test_a_command_that_finishes_a_killed_build_may_be_killed_as_well(desk: Desk, command: str) -> None:
    name = "a print set"
    dice = random.Random(f"{SEED} {command}")
    scene, (_, new) = SCENES[name], desk.prepare(name)
    desk.begin(name)
    steps = desk.build(scene.after)["steps"]
    for number in range(max(2, KILLS // 27)):
        desk.begin(name)
        at = steps - dice.randint(2, 12)
        ended = desk.build(scene.after, kill={"target": "main", "signal": KILL, "steps": at})
        assert ended["status"] == -KILL
        desk.run(command, "out", kill={"target": "main", "signal": KILL, "steps": 1 + number % 8})
        now = desk.proved()
        assert now in desk.known[name], f"seed {SEED}, step {at} of {steps}, then {1 + number % 8}"
        follow_up(desk, name, f"seed {SEED}", now)
        assert desk.proved() == new


# --- LibreOffice ---------------------------------------------------------------------------------------------------


_START = 0.2  # seconds that LibreOffice takes for its start, and more: later the build may be over


@pytest.mark.libreoffice
@pytest.mark.parametrize(("target", "number"), [("main", KILL), ("group", KILL), ("main", TERM), ("group", INT)])
def test_libreoffice_ends_with_the_build_that_started_it(desk: Desk, target: str, number: int) -> None:
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed here")
    version = Version({}, {"1": ["notice.docx"]}, {"engine": "libreoffice", "front": ["cover"]})
    shutil.rmtree(desk.out, ignore_errors=True)
    shutil.rmtree(desk.cache(cold=True), ignore_errors=True)
    desk.lay(version)
    document = docx.Document()
    document.add_paragraph("notice")
    document.save(str(desk.folder / "sources" / "notice.docx"))
    kill = {"target": target, "signal": number, "sight": "--convert-to", "after": random.Random(SEED).random() * _START}
    ended = desk.build(version, kill=kill, cold=True)
    said = f"seed {SEED}: {ended} {desk.log.read_text()}"
    assert (ended["status"], ended["orphans"]) == (-KILL if number == KILL else 130, []), said
    assert desk.proved() == {}
    if number != KILL:
        assert left(desk, cold=True) == [], said
    assert desk.build(version, cold=True)["status"] == 0, desk.log.read_text()
    assert left(desk, cold=True) == []
    desk.proved()
