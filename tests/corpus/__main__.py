"""Runs the corpus: ``python -m tests.corpus --count 400 --seed 1``; see README.md."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePath

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # files are drawn by the tests' own helpers

from dossier.convert import libreoffice

from . import originals, proof
from .mutation import Mutant, mutants
from .proof import Verdict


def main(arguments: Sequence[str] | None = None) -> int:
    """Build a dossier of mutants, print what became of them, and return 1 where anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="how many mutants to make")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument(
        "--engine", choices=("embedded", "libreoffice"), default="embedded", help="what sets Word files"
    )
    parser.add_argument("--without-office", action="store_true", help="as where LibreOffice is not installed")
    parser.add_argument("--limit", type=float, default=3600, help="seconds for the whole build")
    parser.add_argument("--keep", type=Path, help="folder for the mutants and all that is made of them")
    given = parser.parse_args(arguments)
    soffice = libreoffice.find()
    made = list(mutants(originals.draw(soffice), given.count, given.seed))
    folder = given.keep or Path(tempfile.mkdtemp(prefix="corpus-"))
    office = soffice is not None and not given.without_office
    verdict = proof.prove(made, folder.absolute(), engine=given.engine, office=office, limit=given.limit)
    _report(made, verdict)
    if verdict.findings:
        print(f"\n{len(verdict.findings)} findings; the files are in {folder}")
        print("\n".join(f"- {finding}" for finding in verdict.findings))
    elif given.keep is None:
        shutil.rmtree(folder)
    return bool(verdict.findings)


def _report(made: Sequence[Mutant], verdict: Verdict) -> None:
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    slowest: dict[str, float] = defaultdict(float)
    for mutant in made:
        kind = PurePath(mutant.of).suffix
        by_kind[kind][verdict.outcomes.get(mutant.name, "LOST")] += 1
        slowest[kind] = max(slowest[kind], verdict.seconds.get(mutant.name, 0.0))
    print(f"{'kind':6} {'all':>4} {'bound':>5} {'slowest':>8}  refused")
    for kind, outcomes in sorted(by_kind.items()):
        refused = ", ".join(f"{code} {count}" for code, count in outcomes.most_common() if code != "bound")
        print(f"{kind:6} {outcomes.total():4} {outcomes['bound']:5} {slowest[kind]:6.1f} s  {refused}")
    codes = sum(by_kind.values(), Counter[str]())
    print(f"{'all':6} {codes.total():4} {codes['bound']:5} {max(slowest.values(), default=0):6.1f} s  ", end="")
    print(", ".join(f"{code} {count}" for code, count in codes.most_common() if code != "bound"))
    print(f"status {verdict.status}, {verdict.pages} pages, {verdict.took:.0f} s, worker's memory ", end="")
    print(f"at most {verdict.memory >> 20} MiB")


if __name__ == "__main__":
    sys.exit(main())
