"""Binding and proving converted pages, 1,000 from 100 files, against ``qpdf --empty --pages`` over the same parts.

``--files 1000`` binds 10,000 pages. The memory that is told is that of the whole build, its processes included.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import drawing
import measure

import dossier

PAGES = 10  # of each file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", choices=["mixed", "text"], default="mixed")
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run(Path(name), options.pages, options.files, options.rounds)


def run(folder: Path, kind: str, files: int, rounds: int) -> None:
    """Draw, convert once, then bind against qpdf in turns."""
    os.environ["DOSSIER_CACHE"] = str(folder / "cache")
    sources = folder / "sources"
    sources.mkdir()
    for number in range(files):
        drawing.mixture(sources / f"{number:04}.pdf", PAGES, number, kind)
    drawing.manifest(folder / "dossier.yaml", [path.name for path in sorted(sources.iterdir())])
    manifest = dossier.load(folder / "dossier.yaml")
    dossier.build(manifest, folder / "out", engine="embedded")
    parts = [path for path in (folder / "cache").rglob("*.pdf") if path.stat().st_size > 2000]
    stages: dict[str, list[float]] = {"bind": [], "prove": []}
    peaks: list[int] = []

    def ours() -> float:
        shutil.rmtree(folder / "out")  # else it is found to be what would be built
        clock = measure.Clock()
        with measure.watching() as peak:
            before = measure.own()
            dossier.build(manifest, folder / "out", engine="embedded", progress=lambda event: clock.tell(event.stage))
        peaks.append(peak.bytes - before)
        for stage, times in stages.items():
            times.append(clock.seconds[stage])
        return sum(clock.seconds[stage] for stage in stages)

    def theirs() -> float:
        return measure.seconds(["qpdf", "--empty", "--pages", *parts, "--", folder / "qpdf.pdf"])

    print(measure.machine())
    measure.compare(f"bind and prove {files * PAGES} pages ({kind})", ours, "qpdf --empty --pages", theirs, rounds)
    print({stage: f"{sum(times) / len(times):.2f} s" for stage, times in stages.items()})
    print(f"anonymous memory at the peak, above what the interpreter and its libraries take: {max(peaks) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
