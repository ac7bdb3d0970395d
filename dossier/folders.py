"""Reads a folder tree of evidence: which folders are items, which files are their evidence, and what is neither.

A folder whose name begins with a number, in digits or Chinese, is a section or an item; what lies in an item is its
evidence, and a folder of photos in it one piece. Against a manifest that is there, files are matched to its items.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path, PurePosixPath

from natsort import natsort_keygen, ns

from dossier import headings, looks, manifest, manifest_text, sources
from dossier.errors import ManifestError, OutputError, UsageError
from dossier.manifest import Manifest
from dossier.manifest_text import scalar
from dossier.sources import Kind, PathRefused

_PHOTOS = frozenset({Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.BMP, Kind.GIF, Kind.HEIC, Kind.JPEG2000})
_DEEPEST = 4  # levels of items; folders below are groups of evidence
_MOST_FOLDERS = 30  # one in the other
_OUTPUT = frozenset({"build", "history", "__MACOSX"})
_MANIFESTS = frozenset({".yaml", ".yml"})
_BARE_NUMBER = re.compile(r"\d{1,3}(?:[-－–.．]\d{1,3})*")
_ORDER = re.compile(r"^\s*[(（]?\d{1,3}(?:[-－–.．]\d{1,3})*[)）]?[\s、.．_－-]+(?=\S)")
_DAY = r"(?:19|20)\d\d(?:年|[-._]?)\d{1,2}(?:月|[-._]?)\d{1,2}日?"
_DAY_AT_AN_END = re.compile(rf"^{_DAY}[\s_－-]+(?=\S)|[\s_－-]+{_DAY}$|[(（]{_DAY}[)）]$")
_NUMBER = re.compile(
    r"(?:(?<=^)|(?<=[\s_（(【\[《-]))([^\s_（）()〔〕【】\[\]《》“”\d-]{1,12})"
    r"[〔\[（(【]((?:19|20)\d\d)[〕\]）)】]\s*第?\s*0*([1-9]\d*)\s*号"
)
_natural = natsort_keygen(alg=ns.PATH | ns.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Proof:
    """An evidence entry to be written: ``file``, or ``files`` of a folder of photos."""

    file: str = ""
    files: str = ""
    title: str = ""
    number: str = ""
    date: date | None = None

    @property
    def name(self) -> str:
        return self.file or self.files

    def entry(self) -> str:
        """Return the entry as YAML, in braces."""
        keys = [f"{'files' if self.files else 'file'}: {scalar(self.name)}", f"title: {scalar(self.title)}"]
        keys += [f"number: {scalar(self.number)}"] if self.number else []
        keys += [f"date: {self.date}"] if self.date else []
        keys += ["layout: 2-up"] if self.files else []
        return f"{{{', '.join(keys)}}}"


@dataclass(slots=True)
class Place:
    """A folder as an item: a section if it has ``items``, else a leaf with ``proofs``."""

    id: str
    title: str
    points: Decimal | None = None
    items: list[Place] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A manifest's text, and what of the folder is not in it: leftovers of programs, and what has no place."""

    text: str
    items: int
    proofs: int
    left_out: tuple[str, ...]
    unplaced: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Folder:
    """A folder on disk; ``name`` is its path from the sources folder, empty for that itself."""

    name: str
    folders: list[_Folder] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def heading(self) -> str:
        return self.name.rpartition("/")[2]

    def all_files(self) -> Iterator[str]:
        yield from self.files
        for folder in self.folders:
            yield from folder.all_files()


# --- the tree on disk ----------------------------------------------------------------------------------------------


class _Reader:
    """Walks over a folder; links are not followed, hidden folders and the program's own are passed over."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.left_out: list[str] = []
        self.unplaced: list[tuple[str, str]] = []

    def read(self, name: str = "", depth: int = 0) -> _Folder:
        found = _Folder(name)
        place = self.root / name
        try:
            entries = sorted(os.scandir(place), key=lambda entry: _natural(entry.name))
        except OSError as error:
            self.unplaced.append((sources.shown(name) or ".", f"cannot be looked into: {error.strerror}"))
            return found
        for entry in entries:
            inside = f"{name}/{entry.name}" if name else entry.name
            if sources.is_leftover(entry.name) or entry.name.startswith("."):
                self.left_out.append(sources.shown(inside))
            elif sources.shown(inside) != inside or "\\" in inside or inside != inside.strip():
                self.unplaced.append((sources.shown(inside), "its name is not plain text: rename it"))
            elif entry.is_symlink():
                self.unplaced.append((inside, "is a link: name what it leads to"))
            elif entry.is_dir():
                if entry.name in _OUTPUT and (not name or entry.name == "__MACOSX"):
                    self.left_out.append(f"{inside}/")
                elif depth == _MOST_FOLDERS:
                    self.unplaced.append((f"{inside}/", "lies too deep in folders"))
                else:
                    found.folders.append(self.read(inside, depth + 1))
            elif not entry.is_file():
                self.unplaced.append((inside, "is no ordinary file"))
            elif not name and PurePosixPath(entry.name).suffix.lower() in _MANIFESTS:
                self.left_out.append(inside)
            else:
                found.files.append(inside)
        return found

    def is_photo(self, name: str) -> bool:
        with suppress(OSError):
            return sources.recognise(self.root / name) in _PHOTOS
        return False

    # --- evidence

    def proofs(self, folder: _Folder) -> Iterator[Proof]:
        """Yield the evidence in a folder: each file, and folders of photos whole."""
        for file in folder.files:
            yield proof_of(file)
        for inner in folder.folders:
            if self.are_photos(inner):
                suffixes = {PurePosixPath(file).suffix for file in inner.files}
                pattern = f"*{suffixes.pop()}" if len(suffixes) == 1 else "*"
                yield Proof(files=f"{inner.name}/{pattern}", title=_title(inner.heading))
            else:
                yield from self.proofs(inner)

    def are_photos(self, folder: _Folder) -> bool:
        if folder.folders or len(folder.files) < 2 or set(folder.name) & set("*?["):
            return False
        return all(map(self.is_photo, folder.files))

    # --- items

    def places(self, folder: _Folder, parent: str, depth: int) -> list[Place]:
        """Return the folders in a folder as items, with ids from their names, or from their places among the others."""
        apart = [_apart(inner.heading) for inner in folder.folders]
        taken: set[str] = set()
        ids = [_free(_id(number, parent), taken) if number else "" for number, _, _ in apart]
        made: list[Place] = []
        for position, (inner, (_, title, points)) in enumerate(zip(folder.folders, apart, strict=True), start=1):
            id = ids[position - 1] or _free(_id(str(position), parent), taken)
            place = Place(id, title, points)
            if self.is_section(inner, id, depth):
                place.items = self.places(inner, id, depth + 1)
                self.unplaced += [(file, f"lies beside the items of {id}") for file in inner.files]
            else:
                place.proofs = list(self.proofs(inner))
            made.append(place)
        return made

    def is_section(self, folder: _Folder, id: str, depth: int) -> bool:
        if depth == _DEEPEST or not folder.folders:
            return False
        numbers = [_apart(inner.heading)[0] for inner in folder.folders]
        if any(number.startswith(f"{id}-") for number in numbers):
            return True
        if folder.files or all(self.are_photos(inner) for inner in folder.folders):
            return False
        return any(numbers) or (depth == 1 and "-" not in id)


def _apart(heading: str) -> tuple[str, str, Decimal | None]:
    """Return number, title and points of a folder's name; a name that is a number alone is its own title."""
    if _BARE_NUMBER.fullmatch(heading):
        return re.sub("[－–.．]", "-", heading), heading, None
    number, title, points = headings.taken_apart(heading)
    return number, title or heading, points


def _id(number: str, parent: str) -> str:
    plain = "-".join(str(int(part)) for part in number.split("-"))
    return plain if "-" in plain or not parent else f"{parent}-{plain}"


def _free(wanted: str, taken: set[str]) -> str:
    """Return an id that its neighbours do not have, the one that is wanted if it can be had."""
    id, head, last = wanted, *_split(wanted)
    while id in taken:
        last += 1
        id = f"{head}{last}"
    taken.add(id)
    return id


def _split(id: str) -> tuple[str, int]:
    head, dash, last = id.rpartition("-")
    return f"{head}{dash}", int(last)


# --- what a name says ----------------------------------------------------------------------------------------------


def proof_of(file: str) -> Proof:
    """Return the evidence that a file is by its name: title, document number (文号) and date."""
    stem = PurePosixPath(file).stem
    number = _NUMBER.search(stem)
    day = next((day for _, _, day in looks.dates_in(file) if day), None)
    said = f"{number[1]}〔{number[2]}〕{number[3]}号" if number else ""
    rest = f"{stem[: number.start()]}{stem[number.end() :]}" if number else stem
    rest = re.sub(r"[（(【\[][\s_－-]*[)）】\]]", "", rest).strip(" _-－")
    return Proof(file=file, title=_title(rest, dated=day is not None) or stem, number=said, date=day)


def _title(stem: str, *, dated: bool = False) -> str:
    """Return a name without the number that it is sorted by, and without its date, if that is one."""
    title = _DAY_AT_AN_END.sub("", stem) if dated else stem
    return _ORDER.sub("", title).strip(" _-－") or stem.strip()


# --- a new manifest ------------------------------------------------------------------------------------------------


def propose(folder: Path, out: Path, *, title: str = "") -> Proposal:
    """Propose a manifest at ``out`` of what lies in a folder.

    Raises UsageError where the folder is not there or holds nothing.
    """
    reader = _read(folder)
    tree = reader.read()
    places = reader.places(tree, "", 1)
    if places:
        reader.unplaced += [(file, "lies in no item's folder") for file in tree.files]
    elif tree.files:
        places = [Place("1", folder.resolve().name or "1", proofs=list(reader.proofs(tree)))]
    else:
        raise UsageError(f"{folder} holds neither files nor folders", fix="name the folder that the evidence lies in")
    _tell_apart(places, set())
    lines = [
        f"title: {scalar(title or folder.resolve().name or 'Dossier')}",
        "# organisation: …                # who submits it",
        "# period: {from: …, to: …}       # the time that it covers, and",
        "# deadline: …                    # when it is due, like 2023-12-20",
        f"sources: {scalar(_relative(folder, out))}",
        "",
        "# Give items their `unit`, `points` and `self_score`, and sections their titles.",
        "items:",
        *(line for place in places for line in _lines(place, "  ")),
    ]
    if reader.unplaced:
        lines += ["", "# Without a place, for reasons given:"]
        lines += [f"#   {name}: {why}" for name, why in reader.unplaced]
    leaves = [leaf for place in places for leaf in _leaves(place)]
    proofs = sum(len(leaf.proofs) for leaf in leaves)
    return Proposal("\n".join(lines) + "\n", len(leaves), proofs, tuple(reader.left_out), tuple(reader.unplaced))


def _read(folder: Path) -> _Reader:
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "is not there"
        raise UsageError(f"{folder} {what}", fix="name the folder that the evidence lies in")
    return _Reader(folder)


def _relative(folder: Path, out: Path) -> str:
    try:
        return Path(os.path.relpath(folder.resolve(), out.resolve().parent)).as_posix()
    except ValueError:  # on another drive
        return folder.resolve().as_posix()


def _tell_apart(places: Iterable[Place], taken: set[str]) -> None:
    """Give every item an id of its own: folders in different places may begin with the same number."""
    for place in places:
        place.id = _free(place.id, taken)
        _tell_apart(place.items, taken)


def _leaves(place: Place) -> Iterator[Place]:
    if not place.items:
        yield place
    for inner in place.items:
        yield from _leaves(inner)


def _lines(place: Place, pad: str) -> Iterator[str]:
    yield f"{pad}- id: {scalar(place.id)}"
    yield f"{pad}  title: {scalar(place.title)}"
    if place.points is not None:
        yield f"{pad}  points: {place.points:f}"
    if place.items:
        yield f"{pad}  items:"
        for inner in place.items:
            yield from _lines(inner, f"{pad}    ")
    elif place.proofs:
        yield f"{pad}  evidence:"
        yield from (f"{pad}    - {proof.entry()}" for proof in place.proofs)


# --- a manifest that is there --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Matched:
    """Files that no item names, each with the item that it would belong to; the rest have no place."""

    proofs: tuple[tuple[str, Proof], ...]
    left_out: tuple[str, ...]
    unplaced: tuple[tuple[str, str], ...]


def match(folder: Path, loaded: Manifest) -> Matched:
    """Match the files in a folder that a manifest does not name to its items.

    Raises UsageError where the folder is not in the manifest's sources folder.
    """
    reader = _read(folder)
    root, inside = loaded.root.resolve(), folder.resolve()
    if not inside.is_relative_to(root):
        raise UsageError(
            f"{folder} does not lie in the sources folder {loaded.root}",
            fix=f"name that folder or one in it, or correct `sources` in {loaded.path}",
        )
    reader.root = root
    tree = reader.read("" if inside == root else inside.relative_to(root).as_posix())
    homes = _Homes(loaded)
    if root == loaded.path.resolve().parent:
        tree.folders = [one for one in tree.folders if (root / one.name) != (root / loaded.template_set)]
    found: list[tuple[str, Proof]] = []
    for part in _groups(tree):
        fresh = _Folder(part.name, [], [file for file in part.files if file not in homes.named])
        # Photos that lie in an item's own folder are papers of their own; those of a folder beneath are one.
        whole = len(fresh.files) == len(part.files) and not homes.numbered(PurePosixPath(part.name).parts)
        proofs = [p for one in ([_Folder("", [fresh])] if whole else [fresh]) for p in reader.proofs(one)]
        for proof in proofs:
            item, why = homes.of(part.name)
            if item:
                found.append((item, proof))
            else:
                reader.unplaced.append((proof.name, why))
    return Matched(tuple(found), tuple(reader.left_out), tuple(reader.unplaced))


def _groups(folder: _Folder) -> Iterator[_Folder]:
    """Yield every folder with the files that lie in it directly, from the top down."""
    yield _Folder(folder.name, [], folder.files)
    for inner in folder.folders:
        yield from _groups(inner)


class _Homes:
    """Where files belong: with the evidence that lies beside them, else by the numbers and titles of their folders."""

    def __init__(self, loaded: Manifest) -> None:
        self.named: set[str] = {entry.file for entry in (*loaded.front, *loaded.back) if entry.file}
        self.by_folder: dict[str, set[str]] = {}
        self.leaves = {item.id: item.title for item in loaded.leaves()}
        self.titles: dict[str, set[str]] = {}
        for item in loaded.leaves():
            self.titles.setdefault(_plain(item.title), set()).add(item.id)
            for entry in item.evidence:
                for name in self.names(loaded.root, entry.file, entry.files):
                    self.named.add(name)
                    for parent in PurePosixPath(name).parents:
                        if parent.name:
                            self.by_folder.setdefault(parent.as_posix(), set()).add(item.id)

    @staticmethod
    def names(root: Path, file: str, files: str) -> list[str]:
        if file:
            return [PurePosixPath(file).as_posix()]
        with suppress(PathRefused, ValueError, NotImplementedError, OSError):
            return sources.expand(root, files) if files else []
        return []

    def of(self, folder: str) -> tuple[str, str]:
        """Return the item that files in a folder belong to, or why there is none."""
        parts = PurePosixPath(folder).parts
        for depth in range(len(parts), 0, -1):
            here = "/".join(parts[:depth])
            numbered = self.numbered(parts[:depth])
            if numbered:
                return numbered, ""
            beside = self.by_folder.get(here, set())
            if len(beside) == 1:
                return next(iter(beside)), ""
            titled = self.titles.get(_plain(_apart(parts[depth - 1])[1]), set())
            if len(titled) == 1:
                return next(iter(titled)), ""
            if beside:
                return "", f"items {', '.join(sorted(beside, key=_natural))} have evidence in its folder"
        return "", "no item goes by its folder"

    def numbered(self, parts: tuple[str, ...]) -> str:
        """Return the item that the numbers in the names of folders lead to: ``1/1-2 …``, ``一、…/（二）…``."""
        id = ""
        for part in parts:
            number = _apart(part)[0]
            if not number:
                return ""
            id = _id(number, id)
        return id if id in self.leaves else ""


def _plain(title: str) -> str:
    return re.sub(r"\W", "", title)


def add(text: str, path: Path, found: Matched) -> str:
    """Return a manifest's text with evidence entries for what was matched; every other byte stays.

    Raises UsageError where that cannot be done without breaking it.
    """
    by_item: dict[str, list[str]] = {}
    for item, proof in found.proofs:
        by_item.setdefault(item, []).append(proof.entry())
    changed = manifest_text.append_evidence(text, by_item)
    prove(changed, path)
    return changed


def prove(text: str, path: Path) -> Manifest:
    """Return the manifest that a text would be at ``path``.

    Raises UsageError where it cannot be loaded, and OutputError where nothing can be written beside it.
    """
    aside = path.with_name(f".{path.name}.tried")
    try:
        aside.write_text(text, encoding="utf-8", newline="")
        return manifest.load(aside)
    except ManifestError as error:
        told = "; ".join(str(problem) for problem in error.problems[:3])
        raise UsageError(f"no manifest can be made of it: {told}", fix="rename what is named there") from error
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}", fix="name another place with -o") from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
