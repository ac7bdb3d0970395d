"""A cold build of 100 Word files of nine pages, with either engine, against one ``soffice`` over the same files."""

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=["embedded", "libreoffice"], action="append")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run(Path(name), options.engine or ["embedded", "libreoffice"], options.rounds)


def run(folder: Path, engines: list[str], rounds: int) -> None:
    """Write the files, then build against soffice in turns."""
    sources = folder / "sources"
    sources.mkdir()
    for number in range(FILES):
        drawing.notice(sources / f"{number:03}.docx", PAGES, number)
    files = sorted(sources.iterdir())
    drawing.manifest(folder / "dossier.yaml", [path.name for path in files])
    print(measure.machine())

    def ours(engine: str) -> float:
        build: list[str | Path] = [sys.executable, "-m", "dossier", "build", folder / "dossier.yaml"]
        return measure.seconds([*build, "--engine", engine, "--no-cache", "-q", "-o", folder / engine])

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
        return measure.seconds([*office, "--outdir", made, *files])

    for engine in engines:
        name = f"cold build of {FILES} files, {engine}"
        measure.compare(name, partial(ours, engine), "soffice --convert-to pdf", theirs, rounds)


if __name__ == "__main__":
    main()
