"""Every font name leads to a face with Chinese glyphs, the real one first, and the shipped faces are as promised."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from lxml import etree  # type: ignore[import-untyped]
from PIL import Image, ImageChops, ImageDraw, ImageFont

from dossier import fonts
from dossier.fonts import HEI, SONG, Face

CHINESE = [name for name in fonts.known_names() if any(ord(char) > 0x2000 for char in name)]
LATIN = ["Times New Roman", "Arial", "Calibri", "Cambria", "Courier New"]
Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that makes the machine have the named families, and no others."""

    def only(*families: str) -> None:
        listed = [fonts._Listed((family,), Path(f"/{family}.ttf"), 0, 400, True) for family in families]
        monkeypatch.setattr(fonts, "_listed", lambda: listed)
        fonts._installed.cache_clear()

    yield only
    fonts._installed.cache_clear()


# --- names ---------------------------------------------------------------------------------------------------------


def test_names_of_chinese_offices_are_known() -> None:
    wanted = {"宋体", "仿宋", "仿宋_GB2312", "楷体", "黑体", "方正小标宋简体", "SimSun", "FangSong", "KaiTi", "SimHei"}

    assert wanted <= {*fonts.known_names()}
    assert len(fonts.known_names()) == len({*fonts.known_names()})


@pytest.mark.parametrize("name", [name for name in fonts.known_names() if name not in LATIN])
@pytest.mark.parametrize("resolve", [fonts.resolve, fonts.resolve_embedded])
def test_a_known_name_leads_to_chinese_glyphs_here(resolve: Callable[[str], Face], name: str) -> None:
    face = resolve(name)

    assert face.path.is_file()
    assert {*map(ord, "质量强市印证材料")} <= fonts.cmap(face)


@pytest.mark.parametrize(
    ("name", "shipped"),
    [
        *(
            (name, SONG)
            for name in ("宋体", "仿宋_GB2312", "楷体", "方正小标宋简体", "SimSun", "Times New Roman", "Cambria")
        ),
        *((name, HEI) for name in ("黑体", "微软雅黑", "等线", "SimHei", "Arial", "Calibri")),
        *((name, SONG) for name in ("某某仿宋", "My Kai", "Garamond", "某某体", "")),
        *((name, HEI) for name in ("某某粗黑", "Open Sans", "Some Gothic", "SIMHEI", "幼圆")),
    ],
)
def test_where_nothing_is_installed_a_shipped_face_answers(install: Install, name: str, shipped: Face) -> None:
    install()

    assert fonts.resolve(name) == fonts.resolve_embedded(name) == shipped


@pytest.mark.parametrize(
    ("name", "installed", "found"),
    [
        ("宋体", "SimSun", "SimSun"),
        ("SimSun", "宋体", "宋体"),
        ("simsun", "SimSun", "SimSun"),
        ("仿宋_GB2312", "仿宋", "仿宋"),
        ("方正小标宋简体", "华文中宋", "华文中宋"),
        ("Some Brand", "Some Brand", "Some Brand"),
    ],
)
def test_the_real_font_wins(install: Install, name: str, installed: str, found: str) -> None:
    install(installed, "Noto Serif CJK SC", "Noto Sans CJK SC", "FandolFang R")

    assert fonts.resolve(name).family == fonts.resolve_embedded(name).family == found


@pytest.mark.parametrize(
    ("name", "installed", "found"),
    [
        ("宋体", ["Noto Sans CJK SC", "Noto Serif CJK SC"], "Noto Serif CJK SC"),
        ("黑体", ["Noto Sans CJK SC", "Noto Serif CJK SC"], "Noto Sans CJK SC"),
        ("仿宋", ["Noto Serif CJK SC", "FandolFang R"], "FandolFang R"),
        ("仿宋", ["Noto Serif CJK SC"], "Noto Serif CJK SC"),
        ("楷体", ["Noto Serif CJK SC", "LXGW WenKai"], "LXGW WenKai"),
        ("Arial", ["Liberation Sans"], "Liberation Sans"),
        ("某某粗黑", ["Noto Sans CJK SC"], "Noto Sans CJK SC"),
    ],
)
def test_an_open_face_stands_in_for_libreoffice_only(
    install: Install, name: str, installed: list[str], found: str
) -> None:
    install(*installed)

    assert fonts.resolve(name).family == found
    assert fonts.resolve_embedded(name).shipped


def test_faces_of_other_regions_never_stand_in(install: Install) -> None:
    install("Noto Serif CJK JP", "Noto Sans CJK JP", "Noto Sans CJK TC", "Noto Serif CJK KR")

    assert all(face.shipped for _, face in fonts.resolutions())


def test_resolutions_name_every_known_font(install: Install) -> None:
    install("SimSun")
    found = dict(fonts.resolutions())

    assert list(found) == fonts.known_names()
    assert found["宋体"].family == "SimSun"


def test_the_fingerprint_follows_what_names_lead_to(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_size", lambda path: 7)
    seen = []
    for families in ((), ("SimSun",), ("Noto Serif CJK SC",), ("Unheard Of",)):
        install(*families)
        seen.append(fonts.fingerprint())

    assert seen[0] == seen[3]
    assert len({*seen}) == 3


# --- what is installed ---------------------------------------------------------------------------------------------


@pytest.fixture
def fc_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that makes ``fc-list`` a shell script of the given text."""
    if sys.platform == "win32":
        pytest.skip("the stand-in is a shell script")

    def put(script: str) -> None:
        program = tmp_path / "fc-list"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(shutil, "which", lambda name: str(program))
        fonts._installed.cache_clear()

    monkeypatch.setattr(fonts, "_system_folders", list)
    yield put
    fonts._installed.cache_clear()


def test_fontconfig_s_list_is_read(fc_list: Callable[[str], None]) -> None:
    rows = [
        r"宋体,SimSun\t/f/simsun.ttc\t0\t80\t0",
        r"新宋体,NSimSun\t/f/simsun.ttc\t1\t80\t0",
        r"Bitmap\t/f/bitmap.pcf\t0\t80\t0",
        r"Variable\t/f/variable.ttf\t65536\t80\t0",
        r"broken",
    ]
    fc_list("printf '" + r"\n".join(rows) + r"\n'")
    found = fonts._installed()

    assert found["宋体"] == Face("宋体", Path("/f/simsun.ttc"), 0, shipped=False)
    assert found["nsimsun"] == Face("NSimSun", Path("/f/simsun.ttc"), 1, shipped=False)
    assert {*found} == {"宋体", "simsun", "新宋体", "nsimsun"}


def test_the_upright_face_closest_to_regular_is_taken(fc_list: Callable[[str], None]) -> None:
    rows = [rf"F\t/f/{name}.otf\t0\t{weight}\t{slant}" for name, weight, slant in (
        ("black", 210, 0), ("italic", 80, 100), ("medium", 100, 0), ("light", 50, 0),
    )]  # fmt: skip
    fc_list("printf '" + r"\n".join(rows) + r"\n'")

    assert fonts._installed()["f"].path.stem in {"medium", "light"}  # a hundred from regular, either of them
    fc_list("printf '" + r"\n".join([*rows, r"F\t/f/regular.otf\t0\t80\t0"]) + r"\n'")
    assert fonts._installed()["f"].path.stem == "regular"


@pytest.mark.parametrize("script", ["exit 1", "printf '\\377\\377'", "kill -9 $$", "true"])
def test_where_fc_list_fails_the_folders_are_read(
    fc_list: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    (tmp_path / "fonts" / "deep").mkdir(parents=True)
    shutil.copy(HEI.path, tmp_path / "fonts" / "deep" / "mine.ttf")
    (tmp_path / "fonts" / "broken.ttf").write_bytes(b"no font")
    (tmp_path / "fonts" / "empty.ttc").write_bytes(b"")
    monkeypatch.setattr(fonts, "_system_folders", lambda: [tmp_path / "fonts"])
    fc_list(script)

    assert {face.path.name for face in fonts._installed().values()} == {"mine.ttf"}
    assert {"dossier hei", "卷宗黑体"} <= {*fonts._installed()}


def test_an_fc_list_that_hangs_is_given_up(
    fc_list: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "never written to")
    monkeypatch.setattr(fonts, "FC_LIST_TIMEOUT", 0.2)
    fc_list(f"read line < '{tmp_path}/never written to'")

    assert fonts._installed() == {}


def test_a_shipped_face_is_not_an_installed_one(fc_list: Callable[[str], None]) -> None:
    """It is listed where the system was told of this package's folder; for it no other face may be given up."""
    fc_list(rf"printf 'Dossier Song\t{SONG.path}\t0\t80\t0\nSimSun\t/f/simsun.ttc\t0\t80\t0\n'")

    assert {*fonts._installed()} == {"simsun"}


# --- characters ----------------------------------------------------------------------------------------------------


def test_missing_characters_are_those_that_no_face_has() -> None:
    assert fonts.missing_characters("质量☑ ☐ok\U0001f600☐", [SONG, HEI]) == ["☐", "☑", "\U0001f600"]


def test_a_character_that_one_face_has_is_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "cmap", {SONG: frozenset(b"ab"), HEI: frozenset(b"bc")}.__getitem__)

    assert fonts.missing_characters("dcba", [SONG, HEI]) == ["d"]
    assert fonts.missing_characters("dcba", [HEI]) == ["a", "d"]


@pytest.mark.parametrize("char", [" ", "\t", "\n", "\u3000", "\u200b", "\ufeff", "\u2028", "\xad"])
def test_what_leaves_no_ink_is_never_missing(char: str) -> None:
    assert fonts.missing_characters(char, []) == []


@pytest.mark.parametrize("char", ["a", "\ue000", "\u0378", "́"])
def test_letters_marks_and_unknown_characters_leave_ink(char: str) -> None:
    assert fonts.missing_characters(char, []) == [char]


def test_the_embedded_engine_gets_every_face_once_and_song_first() -> None:
    assert fonts.for_embedded([HEI, SONG, HEI]) == [SONG, HEI]
    assert fonts.for_embedded([HEI]) == [SONG, HEI]


# --- the shipped faces ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[SONG, HEI], ids=["Song", "Hei"])
def shipped(request: pytest.FixtureRequest) -> Iterator[tuple[Face, TTFont]]:
    with TTFont(request.param.path, lazy=True) as font:
        yield request.param, font


def gbk() -> set[int]:
    """Return the ideographs of GBK, those that its standard names and not what codecs map to private use."""
    pairs = (bytes([lead, trail]) for lead in range(0x81, 0xFF) for trail in range(0x40, 0xFF))
    chars = {char for pair in pairs for char in pair.decode("gbk", "ignore")}
    return {ord(char) for char in chars if unicodedata.name(char, "").startswith("CJK UNIFIED")}


def test_the_shipped_faces_have_every_ideograph_of_gbk(shipped: tuple[Face, TTFont]) -> None:
    wanted = gbk()

    assert len(wanted) == 20_902  # GBK has all of the first block of Unicode's ideographs
    assert wanted <= fonts.cmap(shipped[0])


def test_the_shipped_faces_have_the_signs_of_official_documents(shipped: tuple[Face, TTFont]) -> None:
    signs = "0123456789ABCxyz，。、；：？！“”‘’（）《》〈〉【】〔〕—…·〇℃％‰①⑳㈠Ⅰ№×÷±≤≥√□■○●△▲★→"

    assert fonts.missing_characters(signs, [shipped[0]]) == []


def test_the_shipped_faces_have_the_line_metrics_of_chinese_faces(shipped: tuple[Face, TTFont]) -> None:
    font = shipped[1]
    em, line, os2 = font["head"].unitsPerEm, font["hhea"], font["OS/2"]

    assert (line.ascent, -line.descent, line.lineGap) == (round(0.859 * em), round(0.141 * em), 0)
    assert (os2.sTypoAscender, -os2.sTypoDescender, os2.sTypoLineGap) == (line.ascent, -line.descent, 0)
    assert (os2.usWinAscent, os2.usWinDescent) == (line.ascent, -line.descent)


def test_the_shipped_faces_bear_names_of_their_own(shipped: tuple[Face, TTFont]) -> None:
    """The licence keeps the originals' names from changed versions; a copyright line and licence may hold them."""
    face, font = shipped
    names = {record.toUnicode() for record in font["name"].names if record.nameID not in {0, 13, 14}}

    assert face.family in names
    assert not [name for name in names for word in ("Noto", "Source", "思源") if word in name]


def test_the_shipped_faces_say_whose_they_are(shipped: tuple[Face, TTFont]) -> None:
    name = shipped[1]["name"]

    assert "Adobe" in name.getDebugName(0)
    assert "SIL Open Font License" in name.getDebugName(13)


def test_the_licence_lies_beside_the_faces_and_names_each() -> None:
    licence = (fonts.FOLDER / "OFL.txt").read_text(encoding="utf-8")

    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert all(face.path.name in licence for face in (SONG, HEI))


def drawn(face: Face, char: str) -> Image.Image:
    picture = Image.new("L", (200, 200), 255)
    font = ImageFont.truetype(str(face.path), 150, index=face.index)
    ImageDraw.Draw(picture).text((100, 100), char, font=font, fill=0, anchor="mm")
    return picture


@pytest.mark.parametrize("char", "骨直")
@pytest.mark.parametrize(("face", "family"), [(SONG, "Noto Serif CJK {}"), (HEI, "Noto Sans CJK {}")])
def test_the_shipped_faces_draw_the_forms_of_the_mainland(face: Face, family: str, char: str) -> None:
    here = [fonts.resolve(family.format(region)) for region in ("SC", "JP")]
    if any(found.shipped for found in here):
        pytest.skip("needs the pan-Chinese fonts, which have the forms of every region, to compare with")
    mainland, japan = (sum(ImageChops.difference(drawn(face, char), drawn(found, char)).tobytes()) for found in here)

    assert mainland < japan


# --- fontconfig ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fontconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fonts.write_fontconfig(tmp_path_factory.mktemp("a & <b>"))


def test_the_configuration_is_well_formed(fontconfig: Path) -> None:
    root = etree.parse(str(fontconfig)).getroot()

    assert root.tag == "fontconfig"
    folders = [element.text for element in root.iter("dir")]
    assert str(fonts.FOLDER.resolve()) in folders
    (cache,) = root.iter("cachedir")
    assert Path(cache.text).is_dir()
    assert Path(cache.text).parent == fontconfig.parent.resolve()


def test_the_configuration_includes_the_one_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FONTCONFIG_FILE", "/some/fonts.conf")
    root = etree.parse(str(fonts.write_fontconfig(tmp_path))).getroot()

    assert [element.text for element in root.iter("include")] == ["/some/fonts.conf"]


def test_an_installed_font_is_not_replaced(install: Install, tmp_path: Path) -> None:
    install("SimSun", "宋体", "Noto Sans CJK SC")
    root = etree.parse(str(fonts.write_fontconfig(tmp_path))).getroot()
    sent = {
        match.findtext("test/string"): match.findtext("edit/string")
        for match in root.iter("match")
        if match.find("edit").get("mode") == "assign"
    }

    assert {"宋体", "SimSun"}.isdisjoint(sent)
    assert sent["新宋体"] == "宋体" or sent["新宋体"] == "SimSun"
    assert sent["SimHei"] == "Noto Sans CJK SC"
    assert sent["Cambria"] == "Dossier Song"


needs_fontconfig = pytest.mark.skipif(shutil.which("fc-match") is None, reason="fontconfig is not installed")


def ask(configuration: Path, *command: str) -> list[str]:
    environment = {**os.environ, "FONTCONFIG_FILE": str(configuration)}
    ran = subprocess.run(command, env=environment, capture_output=True, check=True, encoding="utf-8", timeout=60)
    assert ran.stderr == ""
    return ran.stdout.splitlines()


@needs_fontconfig
@pytest.mark.parametrize(
    "name", ["宋体", "仿宋", "仿宋_GB2312", "楷体", "黑体", "方正小标宋简体", "SimSun", "SimHei", "FangSong"]
)
def test_names_lead_where_they_are_said_to(fontconfig: Path, name: str) -> None:
    (line,) = ask(fontconfig, "fc-match", "--format", "%{file}\t%{index}\t%{family}\n", name)
    file, index, family = line.split("\t")
    expected = fonts.resolve(name)

    assert (Path(file).resolve(), int(index)) == (expected.path.resolve(), expected.index)
    assert not any(region in family for region in ("CJK JP", "CJK KR", "CJK TC", "CJK HK"))
    assert {*map(ord, "质量强市")} <= fonts.cmap(expected)


@needs_fontconfig
def test_faces_of_other_regions_are_out_of_sight(fontconfig: Path) -> None:
    families = ask(fontconfig, "fc-list", "--format", "%{family}\n")

    assert any("Dossier Song" in family for family in families)
    assert not [family for family in families if any(f"CJK {region}" in family for region in ("JP", "KR", "TC", "HK"))]


@needs_fontconfig
@pytest.mark.parametrize(("generic", "name"), [("serif", "宋体"), ("sans-serif", "黑体"), ("monospace", "宋体")])
def test_text_that_falls_back_falls_back_to_mainland_forms(fontconfig: Path, generic: str, name: str) -> None:
    """Of the faces that fontconfig tries in turn, the first with Chinese glyphs is the one that the name leads to."""
    lines = ask(fontconfig, "fc-match", "--sort", "--format", "%{file}\t%{index}\t%{family}\n", generic)
    faces = [Face(family, Path(file), int(index), False) for file, index, family in (row.split("\t") for row in lines)]
    first = next(face for face in faces if face.path.suffix != ".pcf" and ord("质") in fonts.cmap(face))

    expected = fonts.resolve(name)
    assert (first.path.resolve(), first.index) == (expected.path.resolve(), expected.index)
