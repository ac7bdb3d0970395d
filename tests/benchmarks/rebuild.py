"""Building 3,000 pages again, nothing or one source changed, against ``qpdf --empty --pages`` over the same parts.

Nothing changed: in this process, and as a command with its start. One source changed: in this process; the time that
converting it takes is told apart.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import drawing
import measure

import dossier

FILES, PAGES = 300, 10
CHANGED = "004.pdf"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", choices=["mixed", "text"], default="mixed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", action="store_true", help="compare the time that processors work")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run(Path(name), options.pages, options.rounds, work=options.work)


def run(folder: Path, kind: str, rounds: int, *, work: bool) -> None:
    """Draw, build once, then build again against qpdf in turns."""
    os.environ["DOSSIER_CACHE"] = str(folder / "cache")
    sources = folder / "sources"
    sources.mkdir()
    for number in range(FILES):
        drawing.mixture(sources / f"{number:03}.pdf", PAGES, number, kind)
    manifest, out = folder / "dossier.yaml", folder / "out"
    drawing.manifest(manifest, [path.name for path in sorted(sources.iterdir())])
    pages = dossier.build(manifest, out, engine="embedded").proof.pages
    parts = [path for path in (folder / "cache").rglob("*.pdf") if path.stat().st_size > 2000]
    clock = measure.worked if work else measure.passed
    qpdf: list[str | Path] = ["qpdf", "--empty", "--pages", *parts, "--", folder / "qpdf.pdf"]
    command: list[str | Path] = [
        *(sys.executable, "-m", "dossier", "build", manifest, "-o", out, "--engine", "embedded", "--quiet")
    ]
    changes = iter(range(1, 10_000))
    converting: list[float] = []

    def theirs() -> float:
        return clock(lambda: measure.run(qpdf))

    def unchanged() -> float:
        return clock(lambda: _expect(dossier.build(manifest, out, engine="embedded"), unchanged=True))

    def as_command() -> float:
        return clock(lambda: measure.run(command))

    def changed() -> float:
        drawing.plain(sources / CHANGED, PAGES, FILES + next(changes))
        stages = measure.Clock()
        took = clock(
            lambda: _expect(
                dossier.build(manifest, out, engine="embedded", progress=lambda event: stages.tell(event.stage)),
                unchanged=False,
            )
        )
        converting.append(stages.seconds["convert"])
        return took

    print(measure.machine())
    print(f"{pages} pages ({kind}), {'work of processors' if work else 'time that passes'}")
    compared: dict[str, Callable[[], float]] = {
        "nothing changed": unchanged,
        "nothing changed, as a command": as_command,
        "one source changed": changed,
    }
    for name, ours in compared.items():
        measure.compare(name, ours, "qpdf --empty --pages", theirs, rounds)
    print(f"of which converting it, and finding what need not be: {sum(converting) / len(converting):.2f} s")


def _expect(binder: dossier.Binder, *, unchanged: bool) -> None:
    if binder.unchanged != unchanged:
        raise SystemExit(f"the build {'was done again' if unchanged else 'was not done'}")


if __name__ == "__main__":
    main()
