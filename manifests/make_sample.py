"""Draws the evidence of the sample dossier: 云岭市, a city that does not exist, and its year 2023.

Run ``python manifests/make_sample.py`` from a checkout with the ``test`` extra installed. Everything is drawn anew
into ``quality-2023/`` beside this file, and two runs write the same bytes. Then the manifest is compared with what was
drawn: every file is named by an item, every name has a file, and the points add up.
"""

from __future__ import annotations

import shutil
import sys
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from sample import section_1, section_2, section_3, section_4, section_5, section_6, section_7, self_report

HERE = Path(__file__).parent
SOURCES = HERE / "quality-2023"
MANIFEST = HERE / "quality-2023.yaml"
SECTION_POINTS = (15, 25, 15, 15, 12, 12, 6)
_SECTIONS = (section_1, section_2, section_3, section_4, section_5, section_6, section_7)


def main(folder: Path = SOURCES) -> int:
    """Draw everything into ``folder``, then compare it with the manifest; returns the exit status."""
    shutil.rmtree(folder, ignore_errors=True)
    self_report.draw(folder)
    for section in _SECTIONS:
        section.draw(folder)
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    size = sum((folder / name).stat().st_size for name in files)
    print(f"{len(files)} files, {size / 1e6:.1f} MB in {folder}")
    faults = compare(yaml.safe_load(MANIFEST.read_text("utf-8")), files)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def compare(manifest: Any, files: list[str]) -> list[str]:
    """Return what the manifest and the drawn files disagree about."""
    patterns = [entry["file"] for entry in manifest["front"] if isinstance(entry, dict)]
    faults = []
    for section, points in zip(manifest["items"], SECTION_POINTS, strict=True):
        total = sum((Decimal(str(item["points"])) for item in section["items"]), Decimal(0))
        if total != points:
            faults.append(f"section {section['id']} has {total} points, not {points}")
        for item in section["items"]:
            patterns += [entry.get("file") or entry.get("files") for entry in item["evidence"] if "see" not in entry]
    faults += [f"no item names {name}" for name in files if not any(fnmatchcase(name, p) for p in patterns)]
    faults += [f"nothing was drawn for {p}" for p in patterns if not any(fnmatchcase(name, p) for name in files)]
    return faults


if __name__ == "__main__":
    sys.exit(main())
