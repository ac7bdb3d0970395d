"""Checking a dossier of 1,000 sources, against ``sha256sum`` of the same files."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import drawing
import measure

DRAWN = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", action="store_true", help="compare the time of processors")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run(Path(name), options.sources, options.rounds, work=options.work)


def run(folder: Path, count: int, rounds: int, *, work: bool) -> None:
    """Draw some files of each kind, copy them with bytes of their own, then check and hash in turns."""
    sources = folder / "sources"
    sources.mkdir()
    for number in range(DRAWN):
        drawing.scans(sources / f"scan-{number:04}.pdf", 2, number, 200)
        drawing.scan(sources / f"scan-{number:04}.jpg", number, 200)
        drawing.text(sources / f"text-{number:04}.pdf", 4, number)
        drawing.notice(sources / f"notice-{number:04}.docx", 4, number)
    drawn = sorted(sources.iterdir())
    for number in range(len(drawn), count):
        original = drawn[number % len(drawn)]
        copy = sources / f"copy-{number:04}{original.suffix}"
        shutil.copyfile(original, copy)
        if copy.suffix == ".docx":
            with zipfile.ZipFile(copy, "a") as package:
                package.comment = str(number).encode()
            continue
        with copy.open("ab") as file:
            file.write(f"\n% copy {number}\n".encode())
    files = sorted(sources.iterdir())
    drawing.manifest(folder / "dossier.yaml", [path.name for path in files])
    print(measure.machine())
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB")
    command: list[str | Path] = [sys.executable, "-m", "dossier", "check", folder / "dossier.yaml", "--json"]
    cache = folder / "cache"

    def check() -> float:
        return measure.spent(command, {"DOSSIER_CACHE": str(cache)})[work]

    def first() -> float:
        shutil.rmtree(cache, ignore_errors=True)
        return check()

    for name, ours in (("a first check", first), ("a check of unchanged files", check)):
        measure.compare(name, ours, "sha256sum", lambda: measure.spent(["sha256sum", *files])[work], rounds)


if __name__ == "__main__":
    main()
