"""Binding 1 GB of converted scans, against ``cat`` of the same parts; and the anonymous memory that it takes."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import drawing
import measure

import dossier

DRAWN, PAGES, DOTS = 10, 4, 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", action="store_true", help="compare the time of processors")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run(Path(name), options.megabytes * 1_000_000, options.rounds, work=options.work)


def run(folder: Path, size: int, rounds: int, *, work: bool) -> None:
    """Draw some scans, copy them until they make ``size`` bytes, convert once, then bind against cat in turns."""
    os.environ["DOSSIER_CACHE"] = str(folder / "cache")
    sources = folder / "sources"
    sources.mkdir()
    for number in range(DRAWN):
        drawing.scans(sources / f"{number:04}.pdf", PAGES, number, DOTS)
    drawn = sorted(sources.iterdir())
    total, number = sum(path.stat().st_size for path in drawn), DRAWN
    while total < size:
        copy = sources / f"{number:04}.pdf"
        shutil.copyfile(drawn[number % DRAWN], copy)
        with copy.open("ab") as file:
            file.write(f"\n% copy {number}\n".encode())  # of its own bytes, so that the cache keeps each
        total, number = total + copy.stat().st_size, number + 1
    drawing.manifest(folder / "dossier.yaml", [path.name for path in sorted(sources.iterdir())])
    manifest = dossier.load(folder / "dossier.yaml")
    dossier.build(manifest, folder / "out", engine="embedded")
    parts = sorted((folder / "cache").rglob("*.pdf"))
    print(measure.machine())
    print(f"{number} files, {number * PAGES} pages, {total / 1e6:.0f} MB")
    stages: dict[str, list[float]] = {"bind": [], "prove": []}
    peaks: list[int] = []

    def ours() -> float:
        os.sync()  # what the other left to write would be written now
        shutil.rmtree(folder / "out")  # else it is found to be what would be built
        clock = measure.Clock(work=work)
        with measure.watching() as peak:
            before = measure.own()
            dossier.build(manifest, folder / "out", engine="embedded", progress=lambda event: clock.tell(event.stage))
        peaks.append(peak.bytes - before)
        for stage, times in stages.items():
            times.append(clock.seconds[stage])
        return clock.seconds["bind"]

    def theirs() -> float:
        os.sync()
        (folder / "cat.out").unlink(missing_ok=True)
        return measure.spent(["sh", "-c", 'cat "$@" > "$0"', folder / "cat.out", *parts])[work]

    measure.compare("bind", ours, "cat", theirs, rounds)
    print({stage: f"{sum(times) / len(times):.2f} s" for stage, times in stages.items()})
    print(f"anonymous memory at the peak, above what the interpreter and its libraries take: {max(peaks) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
