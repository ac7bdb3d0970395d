"""Which face a font name in a document leads to.

Chinese offices write 宋体, 仿宋_GB2312, 楷体, 黑体 and 方正小标宋简体, and few machines that build a binder have
them. A name is answered by the real font where it is installed, else by the best open face installed, else by one of
the two faces shipped with this package. The embedded engine skips the middle step (:func:`resolve_embedded`): its
pages then depend on a machine only where the machine has the very font that a document asks for.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from fontTools.ttLib import TTCollection, TTFont, TTLibError

FOLDER = Path(__file__).parent / "data" / "fonts"
FC_LIST_TIMEOUT = 20.0
"""Seconds that ``fc-list`` may take; the first call on a machine reads every font there is."""

_FONT_FILES = {".ttf", ".otf", ".ttc", ".otc"}
_REGULAR_WEIGHT = 400
_OTHER_REGIONS = ("JP", "KR", "TC", "HK")


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a font file: ``index`` counts from 0 in a collection and is 0 elsewhere."""

    family: str
    path: Path
    index: int
    shipped: bool


@dataclass(frozen=True, slots=True)
class _Kind:
    """Names for one style of letter: ``names`` are the real fonts, ``open`` what may stand in, best first."""

    names: tuple[str, ...]
    open: tuple[str, ...]
    shipped: Face


SONG = Face("Dossier Song", FOLDER / "DossierSong-Regular.ttf", 0, shipped=True)
HEI = Face("Dossier Hei", FOLDER / "DossierHei-Regular.ttf", 0, shipped=True)
LABEL_FACE = SONG.path
"""The face that page labels and watermarks are drawn in."""

_OPEN_SONG = ("Noto Serif CJK SC", "Source Han Serif SC", "Source Han Serif CN", "Noto Serif SC", "FandolSong")
_OPEN_HEI = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans SC",
    "FandolHei",
    "WenQuanYi Micro Hei",
)
_OPEN_FANG = ("FandolFang R", "FandolFang", "Zhuque Fangsong", "Zhuque Fangsong (technical preview)")
_OPEN_KAI = ("FandolKai", "LXGW WenKai", "LXGW WenKai GB", "AR PL UKai CN")

_KINDS = (
    _Kind(("宋体", "SimSun"), _OPEN_SONG, SONG),
    _Kind(("新宋体", "NSimSun", "宋体", "SimSun"), _OPEN_SONG, SONG),
    _Kind(("华文宋体", "STSong", "宋体", "SimSun"), _OPEN_SONG, SONG),
    _Kind(("华文中宋", "STZhongsong", "宋体", "SimSun"), _OPEN_SONG, SONG),
    _Kind(
        ("方正小标宋简体", "FZXiaoBiaoSong-B05S", "方正小标宋_GBK", "FZXiaoBiaoSong-B05", "华文中宋", "STZhongsong"),
        _OPEN_SONG,
        SONG,
    ),
    _Kind(("仿宋", "FangSong", "仿宋_GB2312", "FangSong_GB2312", "STFangsong"), (*_OPEN_FANG, *_OPEN_SONG), SONG),
    _Kind(("仿宋_GB2312", "FangSong_GB2312", "仿宋", "FangSong", "STFangsong"), (*_OPEN_FANG, *_OPEN_SONG), SONG),
    _Kind(("华文仿宋", "STFangsong", "仿宋", "FangSong"), (*_OPEN_FANG, *_OPEN_SONG), SONG),
    _Kind(("方正仿宋_GBK", "FZFangSong-Z02", "仿宋", "FangSong"), (*_OPEN_FANG, *_OPEN_SONG), SONG),
    _Kind(("楷体", "KaiTi", "楷体_GB2312", "KaiTi_GB2312", "STKaiti"), (*_OPEN_KAI, *_OPEN_SONG), SONG),
    _Kind(("楷体_GB2312", "KaiTi_GB2312", "楷体", "KaiTi", "STKaiti"), (*_OPEN_KAI, *_OPEN_SONG), SONG),
    _Kind(("华文楷体", "STKaiti", "楷体", "KaiTi"), (*_OPEN_KAI, *_OPEN_SONG), SONG),
    _Kind(("方正楷体_GBK", "FZKai-Z03", "楷体", "KaiTi"), (*_OPEN_KAI, *_OPEN_SONG), SONG),
    _Kind(("黑体", "SimHei"), _OPEN_HEI, HEI),
    _Kind(("华文黑体", "STHeiti", "华文细黑", "STXihei", "黑体", "SimHei"), _OPEN_HEI, HEI),
    _Kind(("方正黑体_GBK", "FZHei-B01", "黑体", "SimHei"), _OPEN_HEI, HEI),
    _Kind(("微软雅黑", "Microsoft YaHei"), _OPEN_HEI, HEI),
    _Kind(("等线", "DengXian"), _OPEN_HEI, HEI),
    _Kind(("等线 Light", "DengXian Light", "等线", "DengXian"), _OPEN_HEI, HEI),
    _Kind(("Times New Roman",), ("Liberation Serif", "Tinos", "TeX Gyre Termes"), SONG),
    _Kind(("Arial",), ("Liberation Sans", "Arimo", "TeX Gyre Heros"), HEI),
    _Kind(("Calibri",), ("Carlito", "Liberation Sans"), HEI),
    _Kind(("Cambria",), ("Caladea", "Liberation Serif"), SONG),
    _Kind(("Courier New",), ("Liberation Mono", "Cousine"), SONG),
)
# A name that is not in the table is judged by what it contains.
_HEI_MARKS = ("黑", "等线", "hei", "gothic", "sans", "deng", "圆", "yuan")
_KAI_MARKS = ("楷", "kai")
_FANG_MARKS = ("仿", "fang")

_OWN_NAME = 2  # the first names of a kind are the font itself, in Chinese and in English


def resolve(name: str) -> Face:
    """Return the face that answers to a font name: the real font, else an open one, else a shipped one."""
    kind = _kind_of(name)
    return _first_installed((name, *kind.names, *kind.open)) or kind.shipped


def resolve_embedded(name: str) -> Face:
    """Return the face the embedded engine uses for a name: the real font where it is installed, else a shipped one."""
    kind = _kind_of(name)
    return _first_installed((name, *kind.names)) or kind.shipped


def resolutions() -> list[tuple[str, Face]]:
    """Return every font name this package knows with the face that answers to it, for ``doctor``."""
    return [(name, resolve(name)) for name in known_names()]


def known_names() -> list[str]:
    """Return the font names with a rule of their own, in Chinese and in English."""
    return list(dict.fromkeys(name for kind in _KINDS for name in kind.names[:_OWN_NAME]))


def fingerprint() -> str:
    """Return a short hash of the faces that names lead to; conversions depend on it, so cache keys hold it."""
    text = "\n".join(
        f"{name}|{face.family}|{face.path.name}|{face.index}|{_size(face.path)}"
        for name in known_names()
        for face in (resolve(name), resolve_embedded(name))
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def places() -> list[Path]:
    """Return the folders and files that say which fonts are installed, here or not."""
    roots = [*_system_folders(), *_system_configurations(), *(path.parent for path in _system_configurations())]
    folders = {face.path.parent for face in _installed().values()}
    inside = {Path(folder) for root in roots for folder, _, _ in os.walk(root)}
    return sorted({*roots, *folders, *inside})


def missing_characters(text: Iterable[str], faces: Collection[Face]) -> list[str]:
    """Return the characters of ``text`` that no face of ``faces`` has, in order of code points.

    Spaces, controls, and marks that are not drawn do not count.
    """
    return sorted(char for char in set(text) if is_drawn(char) and not any(ord(char) in cmap(face) for face in faces))


def is_drawn(char: str) -> bool:
    """Say whether a character leaves ink, so that a font must have it."""
    return unicodedata.category(char)[0] not in "ZC" or unicodedata.category(char) in {"Co", "Cn"}


@cache
def glyphs(face: Face) -> Mapping[int, int]:
    """Return the numbers of a face's glyphs by the code points that name them."""
    with TTFont(face.path, fontNumber=face.index if _is_collection(face.path) else -1, lazy=True) as font:
        # Names of its own making would take most of the time.
        font.setGlyphOrder([str(number) for number in range(font["maxp"].numGlyphs)])
        return {code: int(name) for code, name in (font.getBestCmap() or {}).items()}


@cache
def cmap(face: Face) -> frozenset[int]:
    """Return the code points that a face has glyphs for."""
    return frozenset(glyphs(face))


@cache
def data(path: Path) -> bytes:
    """Return the bytes of a font file, read once in a process."""
    return path.read_bytes()


def for_embedded(faces: Iterable[Face] = (SONG, HEI)) -> list[Face]:
    """Return each face once, the shipped Song first, as the embedded engine takes them."""
    wanted = {face.path: face for face in reversed((SONG, *faces))}
    return [wanted.pop(SONG.path), *wanted.values()]


def write_fontconfig(folder: Path) -> Path:
    """Write a configuration for fontconfig into ``folder``, which must exist, and return its path.

    It includes the system's own, adds the shipped faces and a cache inside ``folder``, sends every known name that is
    not installed to its stand-in, and leaves out the Japanese, Korean and other regional faces of the pan-Chinese
    families, so that whatever falls back falls back to the forms used in mainland China.
    """
    stand_ins = [(name, face.family) for name, face in resolutions() if name.casefold() not in _installed()]
    cached = folder / "fontconfig-cache"
    cached.mkdir(exist_ok=True)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">',
        "<fontconfig>",
        f"<cachedir>{escape(str(cached.resolve()))}</cachedir>",
        # Before the system's rules, which add well-known names to every pattern: only what is asked for is replaced.
        *(_stand_in(name, family) for name, family in stand_ins),
        *(f'<include ignore_missing="yes">{escape(str(path))}</include>' for path in _system_configurations()),
        f"<dir>{escape(str(FOLDER.resolve()))}</dir>",
        "<selectfont><rejectfont>",
        *(f'<pattern><patelt name="family"><string>{family}</string></patelt></pattern>' for family in _regional()),
        "</rejectfont></selectfont>",
        *(_preferred(generic, resolve(name).family) for generic, name in _GENERIC),
        "</fontconfig>",
    ]
    path = folder / "fonts.conf"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return path


_GENERIC = (("serif", "宋体"), ("sans-serif", "黑体"), ("monospace", "宋体"))


def _stand_in(name: str, family: str) -> str:
    return (
        f'<match target="pattern"><test qual="any" name="family"><string>{escape(name)}</string></test>'
        f'<edit name="family" mode="assign" binding="same"><string>{escape(family)}</string></edit></match>'
    )


def _preferred(generic: str, family: str) -> str:
    """Offer a Chinese family after the generic one, so that Latin text keeps the system's choice."""
    return (
        f'<match target="pattern"><test qual="any" name="family"><string>{generic}</string></test>'
        f'<edit name="family" mode="append" binding="weak"><string>{escape(family)}</string></edit></match>'
    )


def _regional() -> Iterator[str]:
    for style in ("Serif", "Sans", "Sans Mono"):
        for region in _OTHER_REGIONS:
            yield f"Noto {style} CJK {region}"


def _system_configurations() -> list[Path]:
    given = os.environ.get("FONTCONFIG_FILE")
    if given:
        return [Path(given)]
    places = ("/etc/fonts", "/usr/local/etc/fonts", "/opt/homebrew/etc/fonts", "/opt/local/etc/fonts")
    return [path for place in places if (path := Path(place) / "fonts.conf").exists()]


@cache
def _kind_of(name: str) -> _Kind:
    folded = name.casefold()
    for kind in _KINDS:
        if folded in (known.casefold() for known in kind.names[:_OWN_NAME]):
            return kind
    for kind in _KINDS:
        if folded in (known.casefold() for known in kind.names):
            return kind
    if any(mark in folded for mark in _FANG_MARKS):
        return _Kind((), (*_OPEN_FANG, *_OPEN_SONG), SONG)
    if any(mark in folded for mark in _KAI_MARKS):
        return _Kind((), (*_OPEN_KAI, *_OPEN_SONG), SONG)
    if any(mark in folded for mark in _HEI_MARKS):
        return _Kind((), _OPEN_HEI, HEI)
    return _Kind((), _OPEN_SONG, SONG)


def _first_installed(names: Iterable[str]) -> Face | None:
    found = _installed()
    return next((found[name.casefold()] for name in names if name.casefold() in found), None)


@dataclass(frozen=True, slots=True)
class _Listed:
    families: tuple[str, ...]
    path: Path
    index: int
    weight: int
    upright: bool


@cache
def _installed() -> dict[str, Face]:
    """Return the installed face of each family that is closest to regular, by family name in lower case."""
    best: dict[str, tuple[tuple[bool, int, str], Face]] = {}
    for listed in _listed():
        rank = (not listed.upright, abs(listed.weight - _REGULAR_WEIGHT), str(listed.path))
        for family in listed.families:
            key = family.casefold()
            if key not in best or rank < best[key][0]:
                best[key] = rank, Face(family, listed.path, listed.index, shipped=False)
    return {key: face for key, (_, face) in best.items() if face.path.parent != FOLDER}


def _listed() -> list[_Listed]:
    program = shutil.which("fc-list")
    if program is not None:
        listed = _from_fontconfig(program)
        if listed:
            return listed
    return [face for folder in _system_folders() for face in _from_folder(folder)]


# fontconfig's own scale of weights (FC_WEIGHT_…) against that of OpenType.
_WEIGHTS = ((0, 100), (40, 200), (50, 300), (80, 400), (100, 500), (180, 600), (200, 700), (205, 800), (210, 900))


def _from_fontconfig(program: str) -> list[_Listed]:
    form = "%{family}\\t%{file}\\t%{index}\\t%{weight}\\t%{slant}\\n"
    try:
        ran = subprocess.run(
            [program, "--format", form], capture_output=True, check=True, timeout=FC_LIST_TIMEOUT, encoding="utf-8"
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return []  # the folders are read instead
    found: list[_Listed] = []
    for line in ran.stdout.splitlines():
        family, file, index, weight, slant = (line.split("\t") + [""] * 5)[:5]
        path = Path(file)
        # Indexes above 16 bits are the named instances of variable fonts, which engines cannot be told to use.
        if path.suffix.lower() in _FONT_FILES and index.isdigit() and int(index) < 1 << 16:
            families = tuple(name.strip().replace("\\", "") for name in family.split(","))
            found.append(_Listed(families, path, int(index), _opentype_weight(weight), slant in {"", "0"}))
    return found


def _opentype_weight(text: str) -> int:
    weight = float(text) if text.replace(".", "", 1).isdigit() else 80.0
    return min(_WEIGHTS, key=lambda pair: abs(pair[0] - weight))[1]


def _system_folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", str(home / "AppData" / "Local"))
        return [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts", Path(local) / "Microsoft/Windows/Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local/share/fonts", home / ".fonts"]


def _from_folder(folder: Path) -> Iterator[_Listed]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _FONT_FILES:
            yield from _from_file(path)


def _from_file(path: Path) -> list[_Listed]:
    try:
        if _is_collection(path):
            with TTCollection(path, lazy=True) as collection:
                return [_described(font, path, index) for index, font in enumerate(collection.fonts)]
        with TTFont(path, lazy=True) as font:
            return [_described(font, path, 0)]
    except (OSError, TTLibError, KeyError, ValueError, AssertionError):
        return []  # not a font, or not one that can be read: then no document can be set in it


def _described(font: TTFont, path: Path, index: int) -> _Listed:
    names = font["name"].names
    families = tuple(dict.fromkeys(record.toUnicode(errors="replace") for record in names if record.nameID in {1, 16}))
    os2 = font["OS/2"]
    return _Listed(families, path, index, os2.usWeightClass, not os2.fsSelection & 1)


def _is_collection(path: Path) -> bool:
    return path.suffix.lower() in {".ttc", ".otc"}


def _size(path: Path) -> int:
    return path.stat().st_size
