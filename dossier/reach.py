"""What a build's result can depend on: where :mod:`dossier.inputs` is to look, and what goes into its record."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path, PurePosixPath

from dossier import binder, convert, fonts, inputs, lock, manifest, plan, template_sets
from dossier.binder import Verification
from dossier.errors import ManifestError
from dossier.inputs import ABSENT, FILE, Found, Looks, Record, Scope, Tree
from dossier.manifest import Manifest
from dossier.plan import Plan
from dossier.receipt import Receipt
from dossier.template_sets import TemplateSet

_PASSING = frozenset({"crashed-source", "hung-source", "changed-source", "unreadable-source", "oversized-source"})
"""Problems that may be gone at the next build though nothing has changed."""

_WILD = frozenset("*?[")


def scope(loaded: Manifest, template_set: TemplateSet, folder: Path) -> Scope:
    """Return where to look for what could show in the binder in ``folder``, or in what is said of it."""
    beside = loaded.path.absolute().parent
    # What lies here comes before a shipped set of the same name.
    sets = dict.fromkeys([*template_set.folders, *(beside / found.name for found in template_set.folders)])
    own = [str(folder.absolute())]
    trees = [Tree(str(loaded.root), *_left_out(loaded, own))]
    trees += [Tree(str(found.absolute()), True, tuple(own)) for found in sets if found.absolute() != loaded.root]
    trees += [Tree(str(loaded.root / hidden), True, tuple(own)) for hidden in _hidden(loaded)]
    named = (str(loaded.root / name) for name in _names(loaded))
    programs, places = convert.looked_for()
    paths = [loaded.path.absolute(), lock.path_of(loaded.path).absolute(), *places, *fonts.places()]
    return Scope(tuple(trees), tuple(dict.fromkeys([*map(str, paths), *named])), tuple(programs))


def _left_out(loaded: Manifest, own: Iterable[str]) -> tuple[bool, tuple[str, ...]]:
    """Say whether hidden folders below the sources count, and which folders do not: those that no name leads into."""
    patterns = [proof.files for item in loaded.leaves() for proof in item.evidence if proof.files]
    whole = any(_WILD & set(part) for pattern in patterns for part in PurePosixPath(pattern).parts[:-1])
    beside = loaded.root.resolve() == loaded.path.resolve().parent
    made = [str(loaded.root / name) for name in plan.OUTPUT] if beside and not whole else []
    return whole, (*own, *made)


def _names(loaded: Manifest) -> Iterator[str]:
    """Name the files that the manifest names below the sources; they may lie in a hidden folder, or be no files."""
    yield from (proof.file for item in loaded.leaves() for proof in item.evidence if proof.file)
    yield from (entry.file for entry in (*loaded.front, *loaded.back) if entry.file)
    yield from loaded.images.values()


def _hidden(loaded: Manifest) -> Iterator[str]:
    """Name the hidden folders below the sources that patterns lead into."""
    for pattern in (proof.files for item in loaded.leaves() for proof in item.evidence if proof.files):
        fixed = [*takewhile(lambda part: not _WILD & set(part), PurePosixPath(pattern).parent.parts)]
        if any(part.startswith(".") for part in fixed):
            yield "/".join(fixed)


def begin(
    loaded: Manifest, template_set: TemplateSet, folder: Path, *, engine: str | None, strict: bool,
    passwords: Mapping[str, str],
) -> Beginning:  # fmt: skip
    """Look at all that a build of a manifest, as it was read, into ``folder`` can depend on."""
    salt, where, moment = inputs.salted(), scope(loaded, template_set, folder), time.time_ns()
    asked = inputs.asked(
        loaded.path, engine=engine, strict=strict, passwords=passwords, salt=salt, dated=loaded.date is not None
    )
    return Beginning(loaded, template_set, asked, salt, where, moment, inputs.look(where))


def content(loaded: Manifest, salt: str) -> str:
    """Return a digest of a manifest as it was read, passwords and all, which gives none of them away."""
    said = json.dumps([loaded.sha256, loaded.model_dump(mode="json"), str(loaded.path)])
    return hashlib.sha256(f"{said} {inputs.hidden(_passwords(loaded), salt)}".encode()).hexdigest()


def _passwords(loaded: Manifest) -> dict[str, str]:
    proofs = (proof for item in loaded.leaves() for proof in item.evidence)
    return {proof.id: proof.password.get_secret_value() for proof in proofs if proof.password}


@dataclass(frozen=True, slots=True)
class Beginning:
    """What was found when a build began, so that its record can be made when it ends."""

    loaded: Manifest
    template_set: TemplateSet
    asked: Mapping[str, str]
    salt: str
    scope: Scope
    moment: int
    looks: Looks

    def record(
        self, planned: Plan, staging: Path, folder: Path, written: Receipt, proof: Verification,
        names: Iterable[str], shown: Mapping[str, str],
    ) -> str:  # fmt: skip
        """Return the text of the record of a build that wrote ``names``; nothing where the next must not rely on it.

        ``shown`` are digests of what the filled documents among them show.
        """
        templates = template_sets.find_set(self.loaded.template_set, self.loaded.path.parent)
        changed = templates.sha256 != self.template_set.sha256  # while they were looked at
        if changed or any(problem.code in _PASSING for problem in written.problems):
            return ""
        proved = {volume.file: volume.sha256 for volume in written.volumes}
        outputs = {name: Found(FILE, sha256=proved.get(name) or inputs.digest(staging / name)) for name in names}
        for name in ("receipt.json", "receipt-draft.json"):
            stands = not written.complete and (folder / name).is_file()
            left = Found(FILE, sha256=inputs.digest(folder / name)) if stands else Found(ABSENT)
            outputs.setdefault(name, left)
        found = inputs.digested(self.looks, _known(planned))
        path = str(self.loaded.path.absolute())
        found[path] = replace(found[path], stamp=(), sha256=self.loaded.sha256)
        return Record(
            self.asked, content(self.loaded, self.salt), self._is_exact(), self.loaded.date is not None, self.scope,
            self.moment, found, outputs, binder.told(written, proof), self.salt, shown,
        ).dumps()  # fmt: skip

    def documents(self, folder: Path) -> dict[str, tuple[Path, str]]:
        """Return the documents that the last build by this program filled, and their SHA-256, by what they show."""
        records = (inputs.read(folder, name) for name in (inputs.NAME, inputs.DRAFT))
        return {
            digest: (folder / name, record.outputs[name].sha256)
            for record in records
            if record is not None and record.asked["program"] == self.asked["program"]
            for name, digest in record.shown.items()
            if name in record.outputs
        }

    def _is_exact(self) -> bool:
        """Say whether what was built is what the manifest's file says, and nothing but the file says it."""
        if _passwords(self.loaded):
            return False  # a variable of the environment may hold one
        try:
            return content(manifest.load(self.loaded.path), self.salt) == content(self.loaded, self.salt)
        except ManifestError:
            return False


def _known(planned: Plan) -> dict[str, str]:
    """Return the digests of files that were read already."""
    files = [file for proof in planned.evidence() for file in proof.files]
    files += [file.container for file in files if file.container]
    return {os.path.realpath(file.path): file.sha256 for file in files}
