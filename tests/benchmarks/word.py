"""A cold build of 100 Word files of nine pages, with either engine, against one ``soffice`` over the same files.

Where other work shares the machine, times say little: ``--work`` compares how long processors work instead. A build
keeps two of them busy, so that half of that ratio is the least its time can come to.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

import drawing
import measure

FILES, PAGES = 100, 9
DRAWN = {"notice": drawing.notice, "report": drawing.report}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=["embedded", "libreoffice"], action="append")
    parser.add_argument("--document", choices=list(DRAWN), action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", action="store_true", help="compare the time of processors")
    options = parser.parse_args()
    print(measure.machine())
    for document in options.document or list(DRAWN):
        with tempfile.TemporaryDirectory() as name:
            run(Path(name), document, options.engine or ["embedded", "libreoffice"], options.rounds, work=options.work)


def run(folder: Path, document: str, engines: list[str], rounds: int, *, work: bool) -> None:
    """Write the files, then build against soffice in turns."""
    sources = folder / "sources"
    sources.mkdir()
    for number in range(FILES):
        DRAWN[document](sources / f"{number:03}.docx", PAGES, number)
    files = sorted(sources.iterdir())
    drawing.manifest(folder / "dossier.yaml", [path.name for path in files])

    def ours(engine: str) -> float:
        shutil.rmtree(folder / engine, ignore_errors=True)  # else it is found to be what would be built
        build: list[str | Path] = [sys.executable, "-m", "dossier", "build", folder / "dossier.yaml"]
        return measure.spent([*build, "--engine", engine, "--no-cache", "-q", "-o", folder / engine])[work]

    def theirs() -> float:
        made, profile = folder / "soffice", folder / "profile"
        for old in (made, profile):
            shutil.rmtree(old, ignore_errors=True)
        office: list[str | Path] = [
            "soffice",
            f"-env:UserInstallation={profile.as_uri()}",
            "--headless",
            "--convert-to",
            "pdf",
        ]
        return measure.spent([*office, "--outdir", made, *files])[work]

    for engine in engines:
        name = f"{'work of a' if work else 'a'} cold build of {FILES} files ({document}), {engine}"
        measure.compare(name, partial(ours, engine), "soffice --convert-to pdf", theirs, rounds)


if __name__ == "__main__":
    main()
