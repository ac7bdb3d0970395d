"""Template sets are found, extend one another, and say in ``set.yaml`` what a manifest leaves open; all that is wrong
with them is said with its line."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdf
import pytest
import yaml
from conftest import MakeDocx, MakeManifest, MakePdf
from docx import Document
from docx.oxml.ns import qn
from lxml import etree  # type: ignore[import-untyped]

import dossier
from dossier import fonts, frontmatter, manifest, template_sets
from dossier.authoring.stage import Stage
from dossier.convert import libreoffice
from dossier.errors import ConversionError, ExitStatus, ManifestError, SetError, TemplateError
from dossier.fields import MM
from dossier.template_sets import TemplateSet, find_set

SHIPPED = Path(__file__).resolve().parent.parent / "templates"
MakeSet = Callable[..., TemplateSet]


@pytest.fixture
def make_set(make_docx: MakeDocx, tmp_path: Path) -> MakeSet:
    """Make the set ``mine`` of the given settings and templates, and others by name, and find it."""

    def make(settings: str = "", *templates: str, **others: str) -> TemplateSet:
        for name, text in {"mine": settings, **others}.items():
            (tmp_path / name).mkdir(exist_ok=True)
            if text:
                (tmp_path / name / "set.yaml").write_text(text, encoding="utf-8")
        for path in templates:
            make_docx(path if "/" in path else f"mine/{path}", path)
        return find_set("mine", tmp_path)

    return make


def told(make_set: MakeSet, settings: str) -> list[str]:
    """Return what is said of wrong settings, from the line on."""
    with pytest.raises(SetError) as caught:
        make_set(settings, "cover.docx")
    return [str(problem).split("set.yaml:")[1] for problem in caught.value.problems]


# --- finding -------------------------------------------------------------------------------------------------------


def test_finds_the_shipped_set(tmp_path: Path) -> None:
    found = find_set("official", tmp_path)
    assert found.folder == SHIPPED / "official"
    assert {"checklist", "cover", "divider", "index", "placeholder", "scores"} <= set(found.names)
    assert "official" in template_sets.available()
    assert found.path("cover").is_file()


def test_a_folder_beside_the_manifest_wins(make_docx: MakeDocx, tmp_path: Path) -> None:
    make_docx("official/cover.docx", "mine")
    make_docx("official/~$cover.docx", "a lock file of Word")
    found = find_set("official", tmp_path)
    assert found.folder == tmp_path / "official"
    assert found.names == ("cover",)


def test_a_folder_without_word_files_is_no_set(tmp_path: Path) -> None:
    (tmp_path / "official").mkdir()
    assert find_set("official", tmp_path).folder == SHIPPED / "official"
    (tmp_path / "mine").mkdir()
    with pytest.raises(TemplateError, match="no Word files"):
        find_set("mine", tmp_path)


def test_settings_that_extend_nothing_are_no_set_without_word_files(make_set: MakeSet) -> None:
    with pytest.raises(TemplateError, match="no Word files"):
        make_set("language: en")


def test_finds_the_set_of_a_wheel(make_docx: MakeDocx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_docx("templates/plain/cover.docx", "x")
    monkeypatch.setattr(template_sets, "_SHIPPED", (tmp_path / "templates",))
    assert template_sets.available() == ["plain"]
    assert find_set("plain", tmp_path).names == ("cover",)


def test_an_unknown_set_gets_a_guess(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="did you mean 'official'"):
        find_set("offical", tmp_path)


def test_an_unknown_template_gets_a_guess(tmp_path: Path) -> None:
    found = find_set("official", tmp_path)
    with pytest.raises(TemplateError, match=r"it has checklist, cover.*did you mean 'divider'"):
        found.path("devider")
    with pytest.raises(TemplateError):
        found.path("../official/cover")


def test_a_title_comes_from_the_word_file(tmp_path: Path) -> None:
    assert find_set("official", tmp_path).title("scores") == "自评打分表"
    document = Document()
    document.core_properties.title = "{{ dossier.title }}"
    (tmp_path / "own").mkdir()
    document.save(str(tmp_path / "own" / "cover.docx"))
    assert find_set("own", tmp_path).title("cover") == "cover"


# --- extending -----------------------------------------------------------------------------------------------------


def test_a_set_takes_the_templates_that_it_lacks(make_set: MakeSet, tmp_path: Path) -> None:
    found = make_set("extends: official", "cover.docx", "letter.docx")
    official = find_set("official", tmp_path)
    assert found.path("cover") == tmp_path / "mine" / "cover.docx"
    assert found.path("index") == official.path("index")
    assert set(found.names) == {*official.names, "letter"}


def test_a_set_that_only_says_what_differs_needs_no_word_file(make_set: MakeSet, tmp_path: Path) -> None:
    found = make_set("extends: official\nlanguage: en")
    assert found.names == find_set("official", tmp_path).names
    assert found.style.language == "en"


def test_settings_are_taken_key_by_key_from_the_nearest_set(make_set: MakeSet) -> None:
    found = make_set(
        "extends: near\nnumbering: {size: 9pt}\nvalues: {a: mine}",
        "far/cover.docx",
        near="extends: far\nnumbering: {position: center, size: 10pt}\nvalues: {b: near}",
        far='numbering: {style: "{n}", position: left, size: 11pt}\nvalues: {a: far, b: far, c: far}\nlabels: [spine]',
    )
    numbering = found.style.numbering
    assert (numbering.style, numbering.position, numbering.size) == ("{n}", "center", 9)
    assert found.style.values == {"a": "mine", "b": "near", "c": "far"}
    assert found.style.labels == ("spine",)


def test_a_set_may_extend_the_shipped_one_of_its_own_name(make_docx: MakeDocx, tmp_path: Path) -> None:
    own = make_docx("official/cover.docx", "mine")
    (tmp_path / "official" / "set.yaml").write_text("extends: official")
    found = find_set("official", tmp_path)
    assert found.path("cover") == own
    assert found.path("index") == SHIPPED / "official" / "index.docx"


@pytest.mark.parametrize(
    "others", [{}, {"other": "extends: mine"}, {"other": "extends: third", "third": "extends: other"}]
)
def test_sets_that_extend_one_another_in_a_ring_are_refused(make_set: MakeSet, others: dict[str, str]) -> None:
    with pytest.raises(TemplateError, match=r"set\.yaml:2: .*in a ring"):
        make_set(
            f"language: en\nextends: {'other' if others else 'mine'}",
            "cover.docx",
            **{k: f"\n{v}" for k, v in others.items()},
        )


def test_a_long_chain_is_refused(make_set: MakeSet) -> None:
    chain = {f"set{number}": f"extends: set{number + 1}" for number in range(12)}
    with pytest.raises(TemplateError, match="more than 10 sets"):
        make_set("extends: set0", "set12/cover.docx", **chain)


def test_an_unknown_set_that_is_extended_is_named_with_its_line(make_set: MakeSet) -> None:
    with pytest.raises(TemplateError, match="no template set 'nowhere'") as caught:
        make_set("language: en\nextends: nowhere", "cover.docx")
    assert caught.value.fix.endswith("set.yaml:2")


@pytest.mark.parametrize("name", ["..", "../official", "/etc", "C:\\sets"])
def test_a_set_cannot_extend_a_folder_elsewhere(make_set: MakeSet, name: str) -> None:
    assert len(told(make_set, f"extends: {name}")) == 1


# --- the digest ----------------------------------------------------------------------------------------------------


def test_the_digest_follows_names_and_bytes(tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(SHIPPED / "official", own)
    first = find_set("own", tmp_path).sha256
    assert first == find_set("official", tmp_path).sha256
    (own / "set.yaml").write_text("language: en")
    second = find_set("own", tmp_path).sha256
    (own / "cover.docx").rename(own / "front.docx")
    third = find_set("own", tmp_path).sha256
    (own / "pictures").mkdir()
    (own / "pictures" / "logo.png").write_bytes(b"a picture that templates may show")
    fourth = find_set("own", tmp_path).sha256
    assert len({first, second, third, fourth}) == 4


def test_the_digest_leaves_out_what_no_book_can_show(make_set: MakeSet, make_docx: MakeDocx, tmp_path: Path) -> None:
    before = make_set("", "cover.docx").sha256
    make_docx("mine/~$cover.docx", "a lock file of Word")
    (tmp_path / "mine" / "notes.txt").write_text("ask for a new logo")
    assert find_set("mine", tmp_path).sha256 == before


def test_the_digest_covers_what_is_inherited(make_set: MakeSet, make_docx: MakeDocx) -> None:
    before = make_set("extends: base", "cover.docx", "base/index.docx").sha256
    make_docx("base/index.docx", "another index")
    assert make_set("extends: base", base="").sha256 != before


def test_a_file_that_cannot_be_read_is_named(
    make_set: MakeSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_set("", "cover.docx")

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(template_sets, "sha256_of", refuse)
    with pytest.raises(TemplateError, match=r"cover\.docx cannot be read: Permission denied"):
        find_set("mine", tmp_path)


# --- a manifest and its set ----------------------------------------------------------------------------------------


def test_a_set_fills_in_what_the_manifest_leaves_open(make_set: MakeSet, make_manifest: MakeManifest) -> None:
    found = make_set(
        'language: en\npage: {size: A5}\nnumbering: {style: "{n}", position: center}\ndraft: {watermark: DRAFT}\n'
        "labels: [spine]\nvalues: {fonds: none, office: none}",
        "cover.docx",
    )
    path = make_manifest({"1": [{"file": "a.pdf"}]}, numbering={"position": "left"}, values={"fonds": "X012"})
    completed = found.complete(manifest.load(path))
    assert completed.language == "en"
    assert completed.page.size == "A5"
    assert (completed.numbering.style, completed.numbering.position) == ("{n}", "left")
    assert completed.draft.watermark == "DRAFT"
    assert completed.labels == ("spine",)
    assert completed.values == {"fonds": "X012", "office": "none"}
    assert completed.where("1") == manifest.load(path).where("1")


def test_a_manifest_that_says_everything_is_left_as_it_is(make_set: MakeSet, make_manifest: MakeManifest) -> None:
    found = make_set("language: en\npage: {size: A5}\nlabels: [spine]", "cover.docx")
    loaded = manifest.load(make_manifest({"1": [{"file": "a.pdf"}]}, language="zh-CN", page={"size": "A4"}, labels=[]))
    completed = found.complete(loaded)
    assert (completed.language, completed.page.size, completed.labels) == ("zh-CN", "A4", ())


@pytest.mark.parametrize(("settings", "keys"), [
    ("page: {gutter: 60mm}", {"page": {"size": "A5"}}),
    ("numbering: {bottom: 80mm}", {"page": {"size": "A5"}}),
])  # fmt: skip
def test_lengths_that_fit_apart_and_not_together_are_refused(
    make_set: MakeSet, make_manifest: MakeManifest, settings: str, keys: dict[str, object]
) -> None:
    loaded = manifest.load(make_manifest({"1": [{"file": "a.pdf"}]}, **keys))
    with pytest.raises(ManifestError, match="do not fit together"):
        make_set(settings, "cover.docx").complete(loaded)


# --- what is wrong with set.yaml -----------------------------------------------------------------------------------


def test_all_that_is_wrong_is_told_at_once_in_order(make_set: MakeSet) -> None:
    settings = (
        "langage: en\nnumbering: {position: middle, bottom: 5}\nfonts: 宋体\ncaptions: {lines: many}\nlabels: spine"
    )
    assert told(make_set, settings) == [
        "1:1: unknown key `langage` → did you mean `language`?",
        "2:23: `position`: `middle` is not a choice → write outer or center or right or left",
        "2:39: `bottom`: `5` is not a length → did you mean 5mm?",
        "3:8: `fonts` is not made of `key: value` → write `key: value` lines",
        "4:19: `lines`: `many` is not a plain whole number → write digits and at most one point, like 1.5",
        "5:9: `labels` is not a list → write [spine]",
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("a: b: c", "1:5: a second `: ` in one value"),
        ("- official", "1:1: the file is not made of `key: value` lines"),
        ("words: {cite: see page}", "1:15: `cite`: `see page` does not show {n}"),
        ('words: {cite: "p. {n} {m}"}', "1:15: `cite`:"),
        ("words: {period: '{to} {to}'}", "1:17: `period`: `{to} {to}` does not show {from} and {to}"),
        ("language: en\nlanguage: de", "2:1: key `language` is given twice"),
        ("numbering: {colour: red}", "1:13: unknown key `colour` → did you mean `color`?"),
        ("page: {size: A9}", "1:14: `size`: `A9` is not a paper size"),
        ("page:\n  gutter: 90mm", "`gutter`: leaves too little of the page"),
        ("values: {a: 010}", "1:13: `a`: `010` is the number 8 to YAML"),
        ("fonts: {serif: 宋体}", "1:9: unknown key `serif` → delete it; known here are body, heading, latin"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(make_set: MakeSet, settings: str, message: str) -> None:
    assert message in told(make_set, settings)[0]


def test_settings_that_say_nothing_are_like_none(make_set: MakeSet) -> None:
    assert make_set("# nothing yet\n", "cover.docx").style == template_sets.Style()


def test_wrong_settings_are_a_template_error_with_its_exit_status(make_set: MakeSet) -> None:
    with pytest.raises(TemplateError, match=r"set\.yaml cannot be used: 1 problem") as caught:
        make_set("x: 1", "cover.docx")
    assert caught.value.exit_status is ExitStatus.USAGE


def test_lengths_are_in_points(make_set: MakeSet) -> None:
    assert make_set("margins: {left: 30mm}", "cover.docx").style.margins.left == pytest.approx(30 * MM)


# --- the shipped sets ----------------------------------------------------------------------------------------------

SETS = ("archive", "bundle", "official")
NORMS = {  # of the labels, in millimetres
    "official": {"spine": (30, 297)},
    "archive": {"spine-20": (20, 310), "spine-30": (30, 310), "spine-40": (40, 310), "spine-50": (50, 310)},
    "bundle": {"spine": (60, 190)},
}
WORDS = ["cover", "index", "divider", "scores", "checklist", "placeholder"]
every_set = pytest.mark.parametrize("name", SETS)
every_template = pytest.mark.parametrize(
    "path", [pytest.param(p, id=f"{p.parent.name}-{p.stem}") for name in SETS for p in (SHIPPED / name).glob("*.docx")]
)


def part(path: Path, name: str) -> Any:
    with zipfile.ZipFile(path) as package:
        return etree.fromstring(package.read(name))


def paper(word: Path) -> tuple[float, float]:
    """Return the width and height of a Word file's pages in points."""
    section: Any = Document(str(word)).sections[0]
    return section.page_width.pt, section.page_height.pt


def test_three_sets_are_shipped() -> None:
    assert template_sets.available() == list(SETS)


@every_set
def test_a_shipped_set_has_every_template_and_its_labels(name: str, tmp_path: Path) -> None:
    found = find_set(name, tmp_path)
    assert {*WORDS, *NORMS[name], *found.style.labels} <= set(found.names)


@every_template
def test_a_shipped_template_keeps_to_what_both_engines_draw(path: Path) -> None:
    root = part(path, "word/document.xml")
    assert not root.findall(f".//{qn('w:docGrid')}")
    assert not [jc for jc in root.iter(qn("w:jc")) if jc.get(qn("w:val")) == "distribute"]
    for table in root.iter(qn("w:tbl")):
        properties = table.find(qn("w:tblPr"))
        assert properties.find(qn("w:tblLayout")).get(qn("w:type")) == "fixed"
        ruled = properties.find(qn("w:tblBorders")) is not None
        assert not ruled or int(properties.find(f"{qn('w:tblCellMar')}/{qn('w:top')}").get(qn("w:w"))) > 0
    "".join(root.itertext()).encode("gbk")  # the shipped faces hold GBK and no more


@every_template
def test_tables_of_a_shipped_template_do_not_touch(path: Path) -> None:
    """Word takes two tables with nothing between them for one, and so does LibreOffice."""
    for table in part(path, "word/document.xml").iter(qn("w:tbl")):
        assert table.getnext() is None or table.getnext().tag != qn("w:tbl")


@every_template
def test_a_shipped_template_is_a_word_file_of_good_order(path: Path) -> None:
    document = Document(str(path))
    assert document.core_properties.title
    assert document.core_properties.language == find_set(path.parent.name, path).style.language
    styles = part(path, "word/styles.xml")
    assert "theme" not in etree.tostring(styles, encoding="unicode").lower()
    named = {style.get(qn("w:styleId")) for style in styles.iter(qn("w:style"))}
    assert "Hyperlink" in named
    body = part(path, "word/document.xml")
    assert {style.get(qn("w:val")) for style in body.iter(qn("w:pStyle"))} <= named
    assert list(body.iter(qn("w:rFonts"), qn("w:sz"))) == []  # looks are those of styles


@every_template
def test_long_tables_of_a_shipped_template_repeat_their_head(path: Path) -> None:
    for table in part(path, "word/document.xml").iter(qn("w:tbl")):
        texts = ["".join(row.itertext()) for row in table.iter(qn("w:tr"))]
        heads = [row.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for row in table.iter(qn("w:tr"))]
        if any(text.startswith("{%tr for") for text in texts):
            assert heads == [True, *[False] * (len(heads) - 1)]


@pytest.mark.parametrize(("name", "label", "size"), [(name, *entry) for name in NORMS for entry in NORMS[name].items()])
def test_a_label_is_as_large_as_what_it_goes_on(name: str, label: str, size: tuple[int, int]) -> None:
    assert tuple(round(side / MM) for side in paper(SHIPPED / name / f"{label}.docx")) == size


@every_set
@pytest.mark.parametrize("sample", ["quality-2023", "bundle-2024"])
def test_every_shipped_template_fills_with_the_samples_of_both_languages(
    name: str, sample: str, tmp_path: Path
) -> None:
    staged = Stage.of(find_set(name, tmp_path), SHIPPED.parent / "manifests" / f"{sample}.yaml")
    scene, _ = staged.scene({})
    shown = {document.template.stem: document for document in staged.wanted(scene, None)}
    assert {"cover", "index", "divider", *NORMS[name]} <= set(shown)
    for document in shown.values():
        filled = frontmatter.fill(document, scene, tmp_path)
        text = "".join(part(filled, "word/document.xml").itertext())
        assert text.strip()
        assert "{{" not in text
        assert "{%" not in text


@every_set
def test_the_first_drawing_of_a_set_is_the_same_on_any_day(name: str, tmp_path: Path) -> None:
    drawn = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        for script in ("word_drawing.py", f"make_{name}.py"):
            shutil.copy(SHIPPED / script, folder)
        subprocess.run([sys.executable, str(folder / f"make_{name}.py")], check=True)
        drawn.append({path.name: path.read_bytes() for path in (folder / name).iterdir()})
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == {path.name for path in (SHIPPED / name).glob("*.docx")}


README = (SHIPPED / "README.md").read_text(encoding="utf-8")


def test_the_readme_says_all_that_a_set_may_say() -> None:
    table = README.split("## `set.yaml`")[1].split("\n## ")[0]
    lines = {line.split("`")[1]: line for line in table.splitlines() if line.startswith("| `")}
    assert list(lines) == list(template_sets.Style.model_fields)
    for name, field in template_sets.Style.model_fields.items():
        inner = getattr(field.annotation, "model_fields", {})
        assert [key for key in inner if f"`{key}`" not in lines[name]] == []


def test_the_readme_shows_what_the_shipped_settings_say() -> None:
    table = README.split("## `set.yaml`")[1].split("\n## ")[0]
    shown = [line.rsplit("|", 2)[1].strip().strip("`") for line in table.splitlines() if line.startswith("| `")]
    keys = list(template_sets.Style.model_fields)
    told = {key: yaml.safe_load(text) for key, text in zip(keys, shown, strict=True) if text}
    said = yaml.safe_load((SHIPPED / "official" / "set.yaml").read_text(encoding="utf-8"))
    said["numbering"].pop("color")  # black, which needs no words
    assert told == said


def test_the_readme_has_a_small_picture_of_each_set() -> None:
    pictures = re.findall(r"!\[.*?\]\((pictures/.*?)\)", README)
    assert {f"pictures/{name}.png" for name in SETS} <= set(pictures)
    assert all(0 < (SHIPPED / picture).stat().st_size < 150_000 for picture in pictures)


# --- books in their look -------------------------------------------------------------------------------------------


@pytest.fixture
def small(make_pdf: MakePdf, make_docx: MakeDocx, make_manifest: MakeManifest, tmp_path: Path) -> Callable[..., Path]:
    """Write a small dossier in the look of a set."""

    def write(template_set: str, **keys: Any) -> Path:
        make_pdf("sources/a.pdf", 2)
        make_docx("sources/b.docx", "Letter")
        (tmp_path / "sources" / "c.txt").write_text("Words", encoding="utf-8")
        dated = {"file": "a.pdf", "date": "2023-05-07", "secrecy": "Secret", "remark": "A copy"}
        evidence = {"1": [dated, {"file": "c.txt"}], "2": [{"file": "b.docx"}]}
        keys = {"front": ["cover", "index", "scores"], "back": ["checklist"], "language": "en", **keys}
        return make_manifest(evidence, template_set=template_set, **keys)

    return write


def words(path: Path) -> str:
    return "".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


@every_set
def test_a_book_in_the_look_of_a_set_is_proved(name: str, small: Callable[..., Path], tmp_path: Path) -> None:
    made = dossier.build(small(name), tmp_path / "out", engine="embedded", jobs=1)
    assert made.complete
    assert made.problems == ()
    assert dossier.verify(tmp_path / "out").pages == made.receipt.volumes[0].pages


@every_set
def test_a_draft_in_the_look_of_a_set_is_proved(name: str, small: Callable[..., Path], tmp_path: Path) -> None:
    path = small(name)
    (tmp_path / "sources" / "b.docx").unlink()
    made = dossier.build(path, tmp_path / "out", engine="embedded", jobs=1)
    assert not made.complete
    assert [page.kind for page in made.receipt.pages if page.kind == "placeholder"] == ["placeholder"]
    assert dossier.verify(tmp_path / "out").pages == made.receipt.volumes[0].pages


@pytest.mark.libreoffice
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_draws_every_template_on_pages_of_its_size(tmp_path: Path) -> None:
    jobs: list[tuple[Path, Path]] = []
    for name in SETS:
        (tmp_path / name).mkdir()
        staged = Stage.of(find_set(name, tmp_path))
        scene, _ = staged.scene({})
        for template in (SHIPPED / name).glob("*.docx"):
            filled = frontmatter.fill(staged.wanted(scene, template)[0], scene, tmp_path / name)
            jobs.append((filled, filled.with_suffix(".pdf")))
    outcomes = libreoffice.convert_batch(jobs, fontconfig=fonts.write_fontconfig(tmp_path))
    assert [outcome for outcome in outcomes if isinstance(outcome, ConversionError)] == []
    for word, pdf in jobs:
        wanted = paper(word)
        pages = pypdf.PdfReader(pdf).pages
        assert [(page.mediabox.width, page.mediabox.height) for page in pages] == [pytest.approx(wanted, abs=1)] * len(
            pages
        )
        assert len(pages) == 1 or word.stem not in ("cover", "spine", "spine-20", "spine-50"), word


def test_a_bundle_is_in_english_throughout(small: Callable[..., Path], make_docx: MakeDocx, tmp_path: Path) -> None:
    make_docx("sources/word.docx", "It is at {{ cite('1-01') }}.")
    path = small(
        "bundle",
        front=["cover", "index", {"file": "word.docx"}, "scores"],
        period={"from": "2023-01-01", "to": "2023-12-31"},
        organisation="Marlow",
    )
    (tmp_path / "sources" / "b.docx").unlink()
    made = dossier.build(path, tmp_path / "out", engine="embedded", jobs=1)
    text = words(made.paths[0])
    labels = "".join(words(label) for label in (tmp_path / "out" / "labels").glob("*.pdf"))
    assert not re.search("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", text + labels)
    first = next(item for item in made.receipt.items if item.id == "1").evidence[0]
    assert f"It is at p. {first.number}." in text
    assert first.label == first.number
    for told in ("1 January 2023 to 31 December 2023", "7 May 2023", "Document to follow", "DRAFT", "15 December 2023"):
        assert told in text
    assert str(pypdf.PdfReader(made.paths[0]).root_object["/Lang"]) == "en"  # the manifest's, where it gives one


@pytest.mark.parametrize(("language", "title"), [("en", "Dossier (2/2)"), ("zh-CN", "Dossier（2/2）")])
def test_a_volumes_title_counts_in_the_manner_of_its_language(
    small: Callable[..., Path], tmp_path: Path, language: str, title: str
) -> None:
    path = small("bundle", language=language, volumes={"by": "section"})
    made = dossier.build(path, tmp_path / "out", engine="embedded", jobs=1)
    about = pypdf.PdfReader(made.paths[1]).metadata
    assert about is not None
    assert about.title == title


def test_an_archive_lists_files_by_their_code(small: Callable[..., Path], make_pdf: MakePdf, tmp_path: Path) -> None:
    made = dossier.build(
        small("archive", values={"全宗号": "X012", "保管期限": "30年", "机构代码": "ZQB"}),
        tmp_path / "out",
        engine="embedded",
        jobs=1,
    )
    text = words(made.paths[0])
    assert [f"X012-WS·2023-D30-ZQB-000{number}" in text for number in range(5)] == [False, True, True, True, False]
    assert all(told in text for told in ("20230507", "Secret", "A copy"))


def test_citations_are_not_filed_a_second_time(small: Callable[..., Path], tmp_path: Path) -> None:
    path = small("archive")
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["items"][0]["evidence"].insert(0, {"see": "2-01", "title": "Letter"})
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    made = dossier.build(path, tmp_path / "out", engine="embedded", jobs=1)
    text = words(made.paths[0])
    assert "Y-0003" in text
    assert "Y-0004" not in text
    assert "0001-0003" in words(tmp_path / "out" / "labels" / "spine-30.pdf")


# --- labels --------------------------------------------------------------------------------------------------------


def test_each_volume_has_a_label_of_each_kind_to_change_and_to_print(
    small: Callable[..., Path], tmp_path: Path
) -> None:
    labels = ["spine-20", "spine-50"]
    path = small("archive", labels=labels, volumes={"by": "section"})
    made = dossier.build(path, tmp_path / "out", engine="embedded", jobs=1)
    wanted = {f"labels/{label}-{n}{suffix}" for label in labels for n in (1, 2) for suffix in (".docx", ".pdf")}
    assert {name for name in made.receipt.documents if name.startswith("labels/")} == wanted
    assert {path.relative_to(made.folder).as_posix() for path in (made.folder / "labels").iterdir()} == wanted
    assert "2" in words(made.folder / "labels" / "spine-50-2.pdf")
    box = pypdf.PdfReader(made.folder / "labels" / "spine-20-1.pdf").pages[0].mediabox
    assert [round(float(side) / MM) for side in (box.width, box.height)] == [20, 310]


@pytest.mark.parametrize(
    ("name", "spine", "index", "label"),
    [
        ("official", "spine", ["第一册", "第二册"], "第二册"),
        ("archive", "spine-30", ["第一盒", "第二盒"], "2"),
        ("bundle", "spine", ["Volume1", "Volume2"], "Volume2of2"),
    ],
)
def test_the_general_index_and_the_labels_say_which_volume(
    small: Callable[..., Path], tmp_path: Path, name: str, spine: str, index: list[str], label: str
) -> None:
    path = small(name, labels=[spine], volumes={"by": "section"})
    made = dossier.build(path, tmp_path / "out", engine="embedded", jobs=1)
    reader = pypdf.PdfReader(made.paths[0])
    general = next(page.page for page in made.receipt.pages if page.kind == "index")
    shown = "".join(reader.pages[general - 1].extract_text().split())
    found = [shown.find(volume) for volume in index]
    assert -1 < found[0] < found[1]
    assert label in "".join(words(made.folder / "labels" / f"{spine}-2.pdf").split())


def test_labels_go_where_none_are_wanted_any_more(small: Callable[..., Path], tmp_path: Path) -> None:
    made = dossier.build(small("bundle"), tmp_path / "out", engine="embedded", jobs=1)
    assert (made.folder / "labels" / "spine.pdf").is_file()
    made = dossier.build(small("bundle", labels=[]), tmp_path / "out", engine="embedded", jobs=1)
    assert not (made.folder / "labels" / "spine.pdf").exists()
    assert not [name for name in made.receipt.documents if name.startswith("labels/")]


def test_a_draft_leaves_the_labels_of_a_complete_book_alone(small: Callable[..., Path], tmp_path: Path) -> None:
    path = small("bundle")
    made = dossier.build(path, tmp_path / "out", engine="embedded", jobs=1)
    before = (made.folder / "labels" / "spine.pdf").read_bytes()
    (tmp_path / "sources" / "b.docx").unlink()
    draft = dossier.build(path, tmp_path / "out", engine="embedded", jobs=1)
    assert not draft.complete
    assert [name for name in draft.receipt.documents if name.startswith("labels/")] == []
    assert (made.folder / "labels" / "spine.pdf").read_bytes() == before


def test_check_misses_a_label_that_the_set_does_not_have(small: Callable[..., Path]) -> None:
    report = dossier.check(small("official", labels=["spine-20"]))
    assert [problem.code for problem in report.problems if "spine-20" in problem.message] == ["missing-template"]


def test_check_tells_what_is_wrong_with_the_settings_of_the_set(small: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "set.yaml").write_text("extends: official\nlangage: en\nfonts: 1", encoding="utf-8")
    problems = dossier.check(small("mine")).problems
    assert [problem.where.rpartition("mine")[2] for problem in problems if "set.yaml" in problem.where] == [
        "/set.yaml:2:1",
        "/set.yaml:3:8",
    ]
