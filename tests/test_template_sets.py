"""Template sets are found, extend one another, and say in ``set.yaml`` what a manifest leaves open; all that is wrong
with them is said with its line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakeDocx, MakeManifest
from docx import Document

from dossier import manifest, template_sets
from dossier.errors import ExitStatus, ManifestError, SetError, TemplateError
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
