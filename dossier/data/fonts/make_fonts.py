"""Makes the two faces that are shipped with dossier, from static TrueType files of Noto Serif SC and Noto Sans SC.

Usage: ``python make_fonts.py [SERIF.ttf SANS.ttf]``

The sources are ``NotoSerifSC_400Regular.ttf`` and ``NotoSansSC_500Medium.ttf`` of the npm packages
``@expo-google-fonts/noto-serif-sc`` and ``@expo-google-fonts/noto-sans-sc``, version 0.4.3. When no files are given
the script fetches both packages with ``npm pack``. A file that is given must lie where its package has it: the
licence is read from ``LICENSE_FONT``, one folder above the file's own.

What is done to them: cut down to the characters of GBK and common signs; hinting, kerning and metadata dropped; line
metrics set as Chinese faces have them; renamed, as the licence asks of a changed version. The result is the same
byte for byte whenever the same fontTools makes it.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont

VERSION = "0.4.3"
HERE = Path(__file__).resolve().parent

# The metrics of SimSun, which line spacing in Chinese documents is laid out for; the units are thousandths of an em.
ASCENT, DESCENT = 859, 141

# Beside GBK: Latin letters of names, dashes and quotes, number forms, arrows, shapes, ticks, and the few ideographs
# that GB 18030 added at the end of the block. Where a source has no glyph for one of them the face has none either.
BLOCKS = (
    (0x0020, 0x007E),
    (0x00A0, 0x017F),
    (0x0391, 0x03C9),
    (0x0401, 0x0451),
    (0x2000, 0x206F),
    (0x2070, 0x209F),
    (0x20AC, 0x20AC),
    (0x2100, 0x218F),
    (0x2190, 0x21FF),
    (0x2200, 0x22FF),
    (0x2460, 0x24FF),
    (0x2500, 0x266F),
    (0x2700, 0x27BF),
    (0x3000, 0x30FF),
    (0x3200, 0x33FF),
    (0x9FA6, 0x9FEF),
    (0xFF00, 0xFFEF),
)
# 1904-01-01 to 2024-01-01, in seconds: the fixed time that `head` claims.
TIMESTAMP = 3786825600


@dataclass(frozen=True, slots=True)
class Recipe:
    """One face to make: from which file of which package, and what the result is called."""

    package: str
    member: str
    family: str
    chinese: str
    postscript: str


RECIPES = (
    Recipe(
        "@expo-google-fonts/noto-serif-sc",
        "400Regular/NotoSerifSC_400Regular.ttf",
        "Dossier Song",
        "卷宗宋体",
        "DossierSong",
    ),
    Recipe(
        "@expo-google-fonts/noto-sans-sc", "500Medium/NotoSansSC_500Medium.ttf", "Dossier Hei", "卷宗黑体", "DossierHei"
    ),
)


def main(arguments: list[str]) -> None:
    """Write both faces and their licence beside this script."""
    if len(arguments) not in (0, len(RECIPES)):
        raise SystemExit(__doc__)
    with TemporaryDirectory() as folder:
        sources = [Path(argument) for argument in arguments] or [fetch(recipe, Path(folder)) for recipe in RECIPES]
        licences = [
            make(recipe, source, HERE / f"{recipe.postscript}-Regular.ttf")
            for recipe, source in zip(RECIPES, sources, strict=True)
        ]
    (HERE / "OFL.txt").write_text("\n\n".join([preamble(), *licences]), encoding="utf-8", newline="\n")


def fetch(recipe: Recipe, folder: Path) -> Path:
    """Fetch a recipe's package into ``folder`` with npm and return the path of the face in it."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{recipe.package}@{VERSION}"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    room = folder / recipe.postscript
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        archive.extractall(room, filter="data")
    return room / "package" / recipe.member


def make(recipe: Recipe, source: Path, out: Path) -> str:
    """Make one face and return the licence it stands under, with the copyright line."""
    with TTFont(source, recalcTimestamp=False) as font:
        copyright_line = str(font["name"].getDebugName(0))
        original = str(font["name"].getDebugName(4))
        revision = str(font["name"].getDebugName(5))
        cut(font)
        set_metrics(font)
        rename(font, recipe, copyright_line)
        font["head"].created = font["head"].modified = TIMESTAMP
        font.save(out, reorderTables=True)
    heading = f"{recipe.family} ({out.name}), made from {original}, {revision}\n{copyright_line}"
    licence = (source.parent.parent / "LICENSE_FONT").read_text(encoding="utf-8")
    lines = "\n".join(line.rstrip() for line in licence.splitlines())
    return f"{'=' * 78}\n{heading}\n{'=' * 78}\n\n{lines.strip()}\n"


def characters() -> Iterator[int]:
    """Yield the code points that the faces should cover."""
    for first, last in BLOCKS:
        yield from range(first, last + 1)
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            yield from map(ord, bytes([lead, trail]).decode("gbk", "ignore"))


def cut(font: TTFont) -> None:
    """Leave only the glyphs of :func:`characters`, and what vertical setting and shaping need."""
    options = subset.Options(
        hinting=False,
        layout_features=["vert", "vrt2", "ccmp", "locl"],
        layout_scripts=["DFLT", "hani", "latn", "kana"],
        name_IDs=[0, 13, 14],
        notdef_outline=True,
        glyph_names=False,
        recalc_timestamp=False,
    )
    options.drop_tables += ["STAT", "BASE", "GPOS", "gasp", "DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)


def set_metrics(font: TTFont) -> None:
    """Set the line metrics; glyphs that are higher are drawn whole all the same."""
    scale = font["head"].unitsPerEm / 1000
    ascent, descent = round(ASCENT * scale), round(DESCENT * scale)
    line, os2 = font["hhea"], font["OS/2"]
    line.ascent, line.descent, line.lineGap = ascent, -descent, 0
    os2.sTypoAscender, os2.sTypoDescender, os2.sTypoLineGap = ascent, -descent, 0
    os2.usWinAscent, os2.usWinDescent = ascent, descent
    # Regular, to the programs that look for one: a family has one face here.
    os2.usWeightClass, os2.fsSelection, font["head"].macStyle = 400, 0x40, 0
    os2.achVendID = "DSSR"


def rename(font: TTFont, recipe: Recipe, copyright_line: str) -> None:
    """Give the face its own names, in English and in Chinese; the licence and the copyright stay."""
    table: Any = font["name"]
    english = {
        0: copyright_line,
        1: recipe.family,
        2: "Regular",
        3: f"{VERSION};DSSR;{recipe.postscript}-Regular",
        4: recipe.family,
        5: f"Version {VERSION}",
        6: f"{recipe.postscript}-Regular",
    }
    for number, text in english.items():
        set_names(table, number, text, [0x0409])
    for number in (1, 4):
        set_names(table, number, recipe.chinese, [0x0804])


def set_names(table: Any, number: int, text: str, languages: Iterable[int]) -> None:
    """Set a name for the Windows platform, Unicode."""
    for language in languages:
        table.setName(text, number, 3, 1, language)


def preamble() -> str:
    """Say what the files are and what was changed."""
    return (
        "The faces in this folder are modified versions of fonts under the SIL Open Font License, Version 1.1, and\n"
        "stand under that licence themselves.\n\n"
        "What was changed, by make_fonts.py: the faces were cut down to the characters of GBK and common signs;\n"
        "hinting, kerning and unneeded tables were removed; the line metrics were set to an ascent of 0.859 em and a\n"
        "descent of 0.141 em; the families were renamed."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
