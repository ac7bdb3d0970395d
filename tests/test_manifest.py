"""Reading manifests: every rule, once broken (with its line and column) and once kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import pickle
import re
import time
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dossier import yaml_source
from dossier.errors import ExitStatus, ManifestError, Problem
from dossier.fields import MM, Requirement
from dossier.manifest import Evidence, Item, Manifest, json_schema, load

SAMPLE = """\
title: 2023年度质量强市综合考核印证材料
subtitle: 第一册
organisation: 云岭市质量强市工作领导小组办公室
period: {from: 2023-01-01, to: "2023-12-31"}
deadline: 2023-12-20
template_set: official            # a name, or a folder beside the manifest
sources: quality-2023
engine: auto
page: {size: A4, gutter: 25mm, start_on: odd, landscape: seen}
numbering: {style: "— {n} —", position: outer, bottom: 15mm, start: 1, restart: never}
volumes: {max_pages: 400}
units:
  市场监管局: {contact: 李工, phone: 13800138000}
  发展改革局:
front: [cover, index, {file: self-report.docx, title: 自评报告}, scores]
items:
  - id: "1"
    title: 党政领导与规划
    unit: 市场监管局
    items:
      - id: 1-1
        title: 质量目标纳入国民经济和社会发展规划
        points: 1.50
        self_score: "1.0"
        criteria: |
          有目标的得满分
          没有的不得分
        unit: 发展改革局
        conclusion: 已纳入
        evidence:
          - {file: 1-1/规划纲要.pdf, pages: "1-3,20-", number: 云府发〔2021〕5号, date: 2021-03-01}
          - {files: "1-1/现场/*.jpg", title: 现场照片, captions: [座谈, 检查], rotate: 90}
          - {see: 1-2-01}
        requires: [通知, 签到表]
      - id: 1-2
        title: 会议
        evidence:
          - file: 1-2/会议.docx
            role: 通知
            pages: 3
  - {id: 2, title: 不考核, not_applicable: 本市无此项}
back: [checklist]
"""
MINIMAL = "title: x\nitems:\n  - {id: a, title: b}\n"
HEAD = "title: x\n"
TAIL = "\nitems: [{id: a, title: b}]\n"


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str | bytes) -> Manifest:
    data = text.encode() if isinstance(text, str) else text
    Path("m.yaml").write_bytes(data)
    return load("m.yaml")


def problems(text: str | bytes) -> list[Problem]:
    with pytest.raises(ManifestError) as caught:
        read(text)
    assert all(problem.message and problem.fix for problem in caught.value.problems)
    return list(caught.value.problems)


def only(text: str | bytes) -> Problem:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def expect(text: str | bytes, code: str, where: str, *fragments: str) -> None:
    found = only(text)
    assert (found.code, found.where) == (code, where if where.startswith("m.yaml") else f"m.yaml:{where}")
    for fragment in fragments:
        assert fragment in f"{found.message} → {found.fix}"


def evidence(entry: str) -> str:
    """A manifest whose one piece of evidence is ``entry``, which begins at line 5, column 9."""
    return f"title: x\nitems:\n  - id: a\n    title: b\n    evidence:\n      - {entry}\n"


def item(line: str) -> str:
    """A manifest whose one item has ``line``, which is line 5 and begins at column 5."""
    return f"title: x\nitems:\n  - id: a\n    title: b\n    {line}\n"


# --- what a good manifest becomes ----------------------------------------------------------------------------------


def test_sample_is_read() -> None:
    manifest = read(SAMPLE)
    assert manifest.title == "2023年度质量强市综合考核印证材料"
    assert manifest.period is not None
    assert (manifest.period.start, manifest.period.end) == (dt.date(2023, 1, 1), dt.date(2023, 12, 31))
    assert manifest.volumes is not None
    assert (manifest.volumes.max_pages, manifest.volumes.by) == (400, None)
    assert manifest.page.gutter == pytest.approx(25 * MM)
    assert (manifest.page.width, manifest.page.height) == pytest.approx((595.276, 841.890), abs=0.001)
    assert [front.name or front.file for front in manifest.front] == ["cover", "index", "self-report.docx", "scores"]
    assert manifest.front[2].template is True
    assert [front.name for front in manifest.back] == ["checklist"]
    assert manifest.units["市场监管局"].phone == "13800138000"
    assert manifest.units["发展改革局"].contact == ""
    assert manifest.warnings == ()


def test_items_are_read() -> None:
    manifest = read(SAMPLE)
    section, other = manifest.items
    plan, meeting = section.items
    assert (plan.points, plan.self_score) == (Decimal("1.50"), Decimal("1.0"))
    assert (str(plan.points), str(plan.self_score)) == ("1.50", "1.0")
    assert plan.criteria == "有目标的得满分\n没有的不得分"
    assert plan.requires == (Requirement("通知"), Requirement("签到表"))
    assert other.id == "2"
    assert other.not_applicable == "本市无此项"
    assert [entry.id for entry in plan.evidence] == ["1-1-01", "1-1-02", "1-1-03"]
    assert plan.evidence[0].pages == ((1, 3), (20, None))
    assert plan.evidence[0].date == dt.date(2021, 3, 1)
    assert plan.evidence[1].captions == ("座谈", "检查")
    assert plan.evidence[1].rotate == 90
    assert plan.evidence[2].see == "1-2-01"
    assert meeting.evidence[0].pages == ((3, 3),)


def test_units_are_inherited_from_the_nearest_item_above() -> None:
    plan, meeting = read(SAMPLE).items[0].items
    assert plan.unit == "发展改革局"
    assert meeting.unit == "市场监管局"


def test_walk_and_leaves() -> None:
    manifest = read(SAMPLE)
    assert [(depth, entry.id) for depth, entry in manifest.walk()] == [(1, "1"), (2, "1-1"), (2, "1-2"), (1, "2")]
    assert [entry.id for entry in manifest.leaves()] == ["1-1", "1-2", "2"]


def test_defaults() -> None:
    manifest = read(MINIMAL)
    assert [front.name for front in manifest.front] == ["cover", "index"]
    assert manifest.back == ()
    assert (manifest.language, manifest.engine, manifest.sources) == ("zh-CN", "auto", ".")
    assert manifest.numbering.style == "— {n} —"
    assert manifest.numbering.bottom == pytest.approx(15 * MM)
    assert manifest.numbering.size == 14
    assert (manifest.page.start_on, manifest.volumes, manifest.draft.watermark) == ("odd", None, "草稿")


def test_where_names_line_of_items_evidence_and_documents() -> None:
    manifest = read(SAMPLE)
    assert manifest.where("1-1") == "m.yaml:21"
    assert manifest.where("1-1-02") == "m.yaml:32"
    assert manifest.where("1-2-01") == "m.yaml:38"
    assert manifest.where("self-report.docx") == "m.yaml:15"
    assert manifest.where("nothing") == "m.yaml"


def test_path_root_and_digest(tmp_path: Path) -> None:
    manifest = read(SAMPLE)
    assert manifest.path == Path("m.yaml")
    assert manifest.root == tmp_path / "quality-2023"
    assert manifest.sha256 == hashlib.sha256(SAMPLE.encode()).hexdigest()


def test_manifest_is_frozen_and_picklable() -> None:
    manifest = read(SAMPLE)
    again = pickle.loads(pickle.dumps(manifest))
    assert again == manifest
    assert (again.path, again.sha256, again.where("1-1")) == (manifest.path, manifest.sha256, "m.yaml:21")
    with pytest.raises(ValidationError):
        manifest.title = "y"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        manifest.items[0].title = "y"  # type: ignore[misc]


def test_byte_order_mark_and_windows_line_ends_are_read() -> None:
    manifest = read(b"\xef\xbb\xbf" + SAMPLE.replace("\n", "\r\n").encode())
    assert manifest.where("1-1") == "m.yaml:21"
    expect(b"\xef\xbb\xbftitel: x\r\nitems: [{id: a, title: b}]\r\n", "unknown-key", "1:1")


def test_parts_can_be_made_by_programs() -> None:
    entry = Evidence(id="a-01", file="a.pdf", pages=((1, None),), date=dt.date(2023, 1, 1))
    made = Manifest(title="x", items=(Item(id="a", title="b", points=Decimal("1.5"), evidence=(entry,)),))
    assert made.items[0].evidence[0].pages == ((1, None),)


# --- the file ------------------------------------------------------------------------------------------------------


def test_missing_file_is_guessed_at() -> None:
    Path("quality.yaml").write_text(MINIMAL)
    with pytest.raises(ManifestError) as caught:
        load("qualty.yaml")
    assert caught.value.problems[0].fix == "did you mean quality.yaml?"
    assert caught.value.exit_status is ExitStatus.USAGE


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is not a file"):
        load(tmp_path)


def test_unreadable_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    Path("m.yaml").touch()
    with pytest.raises(ManifestError, match="cannot be read: Permission denied"):
        load("m.yaml")


def test_size_is_limited() -> None:
    expect(MINIMAL + "#" * yaml_source.MAX_BYTES, "yaml-limit", "m.yaml", "5 MB")
    read(MINIMAL + "#" * (yaml_source.MAX_BYTES - len(MINIMAL)))


def test_depth_is_limited() -> None:
    deep = yaml_source.MAX_DEPTH
    expect(f"title: {'[' * deep}{']' * deep}{TAIL}", "yaml-limit", "1:47", "40 deep")
    found = problems(f"title: {'[' * (deep - 1)}{']' * (deep - 1)}{TAIL}")
    assert [problem.code for problem in found] == ["yaml-type"]
    expect("[" * 900, "yaml-limit", "1:41")
    # The parser looks some way ahead, and may have a limit of its own before this one is reached.
    assert [problem.code for problem in problems("[" * 100_000)] in (["yaml-limit"], ["yaml-syntax"])
    assert problems("- " * 100_000)[0].code == "yaml-limit"


def test_number_of_values_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_source, "MAX_VALUES", 10)
    read("title: x\nitems: [{id: a, title: b}]")  # keys count too
    expect("title: x\nitems: [{id: a, title: b}]\nback: [a]", "yaml-limit", "3:1", "10 values")


@pytest.mark.parametrize(
    ("data", "where", "guess"),
    [
        (MINIMAL.encode() + "subtitle: 质量".encode("gb18030"), "4:11", "GB18030"),
        (MINIMAL.encode("utf-16"), "1:1", "UTF-16"),
        ("title: 质".encode() + b"\xff\xff\xff", "1:9", "not UTF-8"),
        (b"\xef\xbb\xbf" + "title: 质".encode() + b"\xff\xff\xff", "1:9", "not UTF-8"),  # after a mark of UTF-8
        (b"\xef\xbb\xbfti\xcf", "1:3", "not UTF-8"),
    ],
)
def test_other_encodings_are_named(data: bytes, where: str, guess: str) -> None:
    expect(data, "yaml-encoding", where, guess, "UTF-8")


def test_invisible_characters_are_named() -> None:
    expect("title: x\nitems: \x07", "yaml-character", "2:8", "U+0007")
    expect("title: a\u2028b", "yaml-character", "1:9", "U+2028")
    expect(f'title: "a\\0b"{TAIL}', "bad-text", "1:8", "U+0000")
    read(f'title: "a\\tb"{TAIL}')


@pytest.mark.parametrize(("text", "code"), [("", "yaml-empty"), ("# only\n", "yaml-empty"), ("---\n", "yaml-empty")])
def test_empty_file(text: str, code: str) -> None:
    expect(text, code, "m.yaml", "empty")


@pytest.mark.parametrize("text", ["- a\n- b", "text", "3"])
def test_file_must_be_a_mapping(text: str) -> None:
    expect(text, "yaml-type", "1:1", "key: value")


# --- YAML ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ("title:\n\t- x", "2:1", "indent with spaces"),
        ("title: a: b", "1:9", "quotes"),
        ("title: x\nfront:\n  - {files: *.jpg}", "3:14", "quotes"),
        ("title: @x", "1:8", "quotes"),
        ("title: [重要] 通知", "1:13", "line it up"),
        ("numbering:\n  style: - {n} -", "2:10", "quotes"),
        ('a: 1\ntitle: "abc\nb: c', "2:8", "never closed"),
        ('title: "a\\规"', "1:10", "single quotes"),
        ("title：x\nitems: c", "2:6", "full-width colon"),
        ("items:\n- {id: a，title: b}", "2:15", "full-width comma"),
        ("items:\n- ｛id: a, title: b}", "2:16", "full-width bracket"),
        ("items:\n- {id: a, title: b｝\n", "3:1", "full-width bracket"),
        ("items:\n- id: a\n\u3000title: b\n  unit: c", "4:7", "full-width space"),
        ("items:\n- id: a\n\u00a0 title: b\n  unit: c", "4:7", "full-width space"),
        ("items:\n－ {id: a, title: b}\n", "2:16", "full-width dash"),
        ("page: {size: A4\n", "2:1", "}"),
        ("front: [a\n", "2:1", "]"),
        ("- a\nb: c", "2:1", "- "),
        ("title: 'it's'", "1:12", "mate"),
        ("%YAML 2.0\n---\ntitle: x", "1:1", "YAML"),
    ],
)
def test_syntax_errors_are_explained(text: str, where: str, hint: str) -> None:
    expect(text, "yaml-syntax", where, hint)


@pytest.mark.parametrize("space", ["\u3000", "\u00a0 "])
def test_a_key_behind_a_full_width_space_is_not_told_to_be_itself(space: str) -> None:
    found = next(p for p in problems(f"title: x\n{space}front: [cover]\n") if p.code == "unknown-key")
    assert (found.where, "full-width space" in found.message, found.fix) == ("m.yaml:2:1", True, "indent with spaces")


def test_syntax_error_comes_with_what_was_found_before() -> None:
    found = problems("title: x\ntitle: y\nback: @")
    assert [(p.code, p.where) for p in found] == [("yaml-duplicate-key", "m.yaml:2:1"), ("yaml-syntax", "m.yaml:3:7")]


def test_python_parser_finds_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_source, "_LOADER", yaml.SafeLoader)
    assert read(SAMPLE).where("1-1-02") == "m.yaml:32"
    expect("title: a: b", "yaml-syntax", "1:9", "quotes")
    expect("title:\n\t- x", "yaml-syntax", "2:1", "indent with spaces")
    expect(f"{HEAD}subtitle: no{TAIL}", "yaml-type", "2:11")
    expect("[" * 100_000, "yaml-limit", "1:41")


def test_second_document_is_refused() -> None:
    expect(MINIMAL + "---\ntitle: y\n", "yaml-documents", "4:1", "second document")
    read("---\n" + MINIMAL + "...\n")


def test_anchors_and_aliases_are_refused() -> None:
    found = problems("title: &a x\nsubtitle: *a" + TAIL)
    assert [(p.code, p.where) for p in found] == [("yaml-alias", "m.yaml:1:8"), ("yaml-alias", "m.yaml:2:11")]
    bomb = "a: &a [x, x]\n" + "".join(f"a{n}: &a{n} [*a, *a]\n" for n in range(9)) + MINIMAL
    assert {p.code for p in problems(bomb)} == {"yaml-alias", "unknown-key"}
    assert read(f'title: "*a & b"{TAIL}').title == "*a & b"


@pytest.mark.parametrize("tag", ["!x", "!!python/object:os.system", "!!binary", "!!set"])
def test_tags_are_refused(tag: str) -> None:
    expect(f"{HEAD}subtitle: {tag} abc{TAIL}", "yaml-tag", "2:11", tag)


def test_tags_on_mappings_and_lists_are_refused() -> None:
    expect(f"{HEAD}page: !x {{size: A4}}{TAIL}", "yaml-tag", "2:7")
    expect(f"{HEAD}back: !!set [checklist]{TAIL}", "yaml-tag", "2:7")


def test_string_tag_says_what_quotes_say() -> None:
    assert read(f"title: !!str 010{TAIL}").title == "010"


def test_duplicate_keys_are_refused() -> None:
    expect(f"{HEAD}title: y{TAIL}", "yaml-duplicate-key", "2:1", "`title`", "line 1")
    expect(evidence("{file: a, title: b, file: c}"), "yaml-duplicate-key", "6:29", "line 6")


def test_keys_must_be_text() -> None:
    expect(f"{HEAD}? [a, b]\n: c{TAIL}", "yaml-key", "2:3")


def test_swallowed_comment_is_reported() -> None:
    expect(f"{HEAD}numbering:\n  color: #FF0000{TAIL}", "yaml-comment", "3:9", '"#FF0000"')
    assert read(f"{HEAD}subtitle: # later{TAIL}").subtitle == ""


# --- keys ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        (item("evidences: []"), "5:5", "did you mean `evidence`?"),
        (item("selfscore: 1"), "5:5", "did you mean `self_score`?"),
        (evidence("{file: a, page: 3}"), "6:19", "did you mean `pages`?"),
        (f"{HEAD}page: {{sise: A4}}{TAIL}", "2:8", "did you mean `size`?"),
        (f"{HEAD}numbering: {{colour: '#000000'}}{TAIL}", "2:13", "did you mean `color`?"),
        (f"{HEAD}units: {{a: {{phones: 1}}}}{TAIL}", "2:13", "did you mean `phone`?"),
        (f"{HEAD}front: [{{file: a.docx, titel: b}}]{TAIL}", "2:24", "did you mean `title`?"),
        (f"{HEAD}gutter: 3mm{TAIL}", "2:1", "under `page`"),
        (f"{HEAD}xyzzy: 3{TAIL}", "2:1", "known here are title, subtitle"),
        (f"{HEAD}<<: {{a: b}}{TAIL}", "2:1", "`<<`"),
        (f"{HEAD}no: b{TAIL}", "2:1", "`no`"),
        (f"{HEAD}path: b{TAIL}", "2:1", "`path`"),
    ],
)
def test_unknown_keys(text: str, where: str, hint: str) -> None:
    expect(text, "unknown-key", where, hint)


def test_misspelt_key_is_not_also_missing() -> None:
    expect("titel: x" + TAIL, "unknown-key", "1:1", "did you mean `title`?")


def test_missing_keys() -> None:
    found = problems("subtitle: x\nback: []")
    assert [(p.code, p.where) for p in found] == [("missing-key", "m.yaml:1:1")] * 2
    assert "`title` is missing" in found[0].message
    expect(f"{HEAD}items:\n  - title: b", "missing-key", "3:5", "`id` is missing")


def test_empty_values_of_optional_keys_are_not_given() -> None:
    manifest = read(
        "title: x\nsubtitle:\npage:\nvolumes:\nfront:\nitems:\n  - {id: a, title: b, points: , evidence: }\n"
    )
    assert manifest.subtitle == ""
    assert manifest.volumes is None
    assert len(manifest.front) == 2
    assert manifest.items[0].points is None


@pytest.mark.parametrize(
    ("text", "where"),
    [("title:" + TAIL, "1:7"), ('title: ""' + TAIL, "1:8"), ('title: " "' + TAIL, "1:8"), (HEAD + "items: []", "2:8")],
)
def test_required_values_may_not_be_empty(text: str, where: str) -> None:
    expect(text, "empty-value", where, "empty")


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        (f"{HEAD}page: A5{TAIL}", "2:7", "did you mean {size: A5}?"),
        (f"{HEAD}volumes: 400{TAIL}", "2:10", "did you mean {max_pages: 400}?"),
        (f"{HEAD}units: {{甲: 李工}}{TAIL}", "2:12", "did you mean {contact: 李工}?"),
        (f"{HEAD}units: [甲, 乙]{TAIL}", "2:8", "contact"),
        (f"{HEAD}back: index{TAIL}", "2:7", "did you mean [index]?"),
        (item("requires: 通知"), "5:15", "did you mean [通知]?"),
        (item("evidence: a.pdf"), "5:15", "did you mean [{file: a.pdf}]?"),
        (item("evidence: {file: a.pdf}"), "5:15", "begin each entry with `- `"),
        (evidence("a.pdf"), "6:9", "did you mean {file: a.pdf}?"),
        ("title: x\nitems: {id: a, title: b}", "2:8", "`items` is not a list"),
        (f"title: [a, b]{TAIL}", "1:8", "a list"),
        (f"{HEAD}numbering: {{style: {{n}}}}{TAIL}", "2:20", "quotes"),
    ],
)
def test_wrong_shapes(text: str, where: str, hint: str) -> None:
    expect(text, "yaml-type", where, hint)


# --- what YAML turned into something else --------------------------------------------------------------------------

TURNED = [
    ("no", "false"),
    ("Yes", "true"),
    ("010", "the number 8"),
    ("1.10", "the number 1.1"),
    ("2023-01-01", "a date"),
    ("0x1F", "the number 31"),
    ("12:30:00", "the number 45000"),
    ("1_000", "the number 1000"),
    ("~", "nothing"),
    ("null", "nothing"),
    (".inf", "the number inf"),
    ("2023-02-30", "a date"),
]


@pytest.mark.parametrize(("written", "made"), TURNED)
@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("title: {}" + TAIL, "1:8"),
        ("title: x\nitems:\n  - id: {}\n    title: b", "3:9"),
        (item("criteria: {}"), "5:15"),
        (item("requires: [a, {}]"), "5:19"),
        (evidence("{{file: {}}}").replace("{{", "{").replace("}}}", "}}"), "6:16"),
    ],
)
def test_turned_text_is_reported(text: str, where: str, written: str, made: str) -> None:
    expect(text.replace("{}", written), "yaml-type", where, f"`{written}`", made, f'"{written}"')
    read(text.replace("{}", f'"{written}"'.replace(":", "-")))


@pytest.mark.parametrize("written", ["1", "2023", "0", "13800138000", "1-1", "1e3", "1.2.3", "0o17", "n", "2023-1-1"])
def test_text_that_says_the_same_either_way_is_kept(written: str) -> None:
    manifest = read(f"title: {written}\nitems:\n  - id: {written}\n    title: {written}\n")
    assert (manifest.title, manifest.items[0].id) == (written, written)


def test_text_on_several_lines() -> None:
    expect(f"title: |\n  a\n  b{TAIL}", "bad-text", "1:8", "several lines")
    assert read(f"title: |\n  a{TAIL}").title == "a"
    assert read(item("conclusion: |\n      a\n      b")).items[0].conclusion == "a\nb"


@pytest.mark.parametrize("id", ["a b", "a/b", "../a", "a:b", '"a*"', '"#a"', "'a\"b'", "x" * 61])
def test_ids_that_cannot_be_used(id: str) -> None:
    expect(f"{HEAD}items:\n  - id: {id}\n    title: b", "bad-id", "3:9")


def test_bad_id_is_reported_once() -> None:
    expect(f"{HEAD}items:\n  - {{id: a b, title: b, evidence: [{{file: c}}, {{file: d}}]}}", "bad-id", "3:10", "`a-b`")


@pytest.mark.parametrize("id", ["1-1", "一", "（三）", "1.2.3", "x" * 60, "A_1"])
def test_ids_that_can_be_used(id: str) -> None:
    assert read(f"{HEAD}items:\n  - id: {id}\n    title: b").items[0].id == id


# --- numbers, dates, lengths, pages --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "code", "hint"),
    [
        ("-1", "bad-number", "negative"),
        ("-0.5", "bad-number", "negative"),
        (".nan", "bad-number", "not a plain number"),
        (".inf", "bad-number", "not a plain number"),
        ("1e3", "bad-number", "not a plain number"),
        ("1.5e+3", "bad-number", "not a plain number"),
        ("010", "bad-number", "did you mean 10? To YAML, this is the number 8"),
        ('"010"', "bad-number", "did you mean 10?"),
        ("1_000", "bad-number", "not a plain number"),
        ("0x1F", "bad-number", "not a plain number"),
        ("1:30", "bad-number", "not a plain number"),
        ("1,5", "bad-number", "did you mean 1.5?"),
        ("１.５", "bad-number", "did you mean 1.5?"),
        ("5分", "bad-number", "did you mean 5?"),
        ("+5", "bad-number", "did you mean 5?"),
        ("no", "yaml-type", "false"),
        ("~", "yaml-type", "nothing"),
        ("2023-01-01", "yaml-type", "a date"),
        ("[1]", "yaml-type", "a list"),
        ("9999999999999", "bad-number", "not a plain number"),
        ("五", "bad-number", "write digits"),
    ],
)
def test_bad_points(written: str, code: str, hint: str) -> None:
    expect(item(f"points: {written}"), code, "5:13", hint)


@pytest.mark.parametrize("written", ["0", "1", "1.50", "0.1", "10", '"1.50"', ".5", "2.", "0.30", "123456.123456"])
def test_points_are_exact(written: str) -> None:
    assert read(item(f"points: {written}")).items[0].points == Decimal(written.strip('"'))


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("2023-02-30", "there is no day"),
        ("2023-1-1", "did you mean 2023-01-01?"),
        ("2023/3/1", "did you mean 2023-03-01?"),
        ("2023年3月1日", "did you mean 2023-03-01?"),
        ("2023.3.1", "did you mean 2023-03-01?"),
        ("20230301", "did you mean 2023-03-01?"),
        ("2023-03-01 10:00:00", "did you mean 2023-03-01?"),
        ("2023", "write year-month-day"),
        ("2023年13月1日", "write year-month-day"),
        ('"0000-01-01"', "there is no day"),
    ],
)
def test_bad_dates(written: str, hint: str) -> None:
    expect(f"{HEAD}deadline: {written}{TAIL}", "bad-date", "2:11", hint)


def test_dates_that_are_no_dates() -> None:
    expect(f"{HEAD}deadline: no{TAIL}", "yaml-type", "2:11")
    expect(evidence("{file: a, date: [2023]}"), "yaml-type", "6:25")


@pytest.mark.parametrize("written", ["2023-03-01", '"2023-03-01"'])
def test_dates(written: str) -> None:
    assert read(f"{HEAD}date: {written}{TAIL}").date == dt.date(2023, 3, 1)


def test_period() -> None:
    expect(f"{HEAD}period: {{from: 2023-12-31, to: 2023-01-01}}{TAIL}", "bad-period", "2:32", "before it begins")
    expect(f"{HEAD}period: {{from: 2023-12-31}}{TAIL}", "missing-key", "2:9", "`to` is missing")
    expect(f"{HEAD}period: {{from: 2023-12-31, to: }}{TAIL}", "empty-value", "2:32")
    assert read(f"{HEAD}period: {{from: 2023-01-01, to: 2023-01-01}}{TAIL}").period is not None


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("25", "did you mean 25mm?"),
        ("2.5", "did you mean 2.5mm?"),
        ("25MM", "did you mean 25mm?"),
        ("25毫米", "did you mean 25mm?"),
        ("25㎜", "did you mean 25mm?"),
        ("-5mm", "like 25mm"),
        ("wide", "like 25mm"),
        ("25em", "like 25mm"),
        ("999999mm", "too large"),
        ("100mm", "too little of the page"),
    ],
)
def test_bad_lengths(written: str, hint: str) -> None:
    expect(f"{HEAD}page: {{gutter: {written}}}{TAIL}", "bad-length", "2:16", hint)


@pytest.mark.parametrize(
    ("written", "points"),
    [("25mm", 70.866), ("2.5cm", 70.866), ("10pt", 10), ("1in", 72), ("25 mm", 70.866), ("0mm", 0), ('"25mm"', 70.866)],
)
def test_lengths_are_points(written: str, points: float) -> None:
    assert read(f"{HEAD}page: {{gutter: {written}}}{TAIL}").page.gutter == pytest.approx(points, abs=0.001)


def test_label_stays_on_the_page() -> None:
    expect(f"{HEAD}numbering: {{bottom: 200mm}}{TAIL}", "bad-length", "2:12", "like 15mm")
    assert read(f"{HEAD}numbering: {{bottom: 0mm}}{TAIL}").numbering.bottom == 0


def test_font_size_has_bounds() -> None:
    expect(f"{HEAD}numbering: {{size: 2pt}}{TAIL}", "bad-length", "2:19", "too small", "4pt to 72pt")
    expect(f"{HEAD}numbering: {{size: 14}}{TAIL}", "bad-length", "2:19", "14mm")
    assert read(f"{HEAD}numbering: {{size: 4pt}}{TAIL}").numbering.size == 4


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("A6", "A5, B5"),
        ("a4", "did you mean A4?"),
        ("letter", "did you mean Letter?"),
        ("tabloid", "210x297mm"),
        ("297x210mm", "210x297mm"),
        ("1x1mm", "out of bounds"),
        ("9999x9999mm", "out of bounds"),
    ],
)
def test_bad_paper(written: str, hint: str) -> None:
    expect(f"{HEAD}page: {{size: {written}}}{TAIL}", "bad-size", "2:14", hint)


@pytest.mark.parametrize(
    ("written", "width", "height"),
    [("A3", 297, 420), ("B5", 176, 250), ("184x260mm", 184, 260), ("184×260mm", 184, 260)],
)
def test_paper(written: str, width: float, height: float) -> None:
    page = read(f"{HEAD}page: {{size: {written}}}{TAIL}").page
    assert (page.width / MM, page.height / MM) == pytest.approx((width, height))


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ('"3-1"', 'did you mean "1-3"?'),
        ("0", "no page 0"),
        ('"0-3"', "no page 0"),
        ('"1-0"', "no page 0"),
        ('"1–3"', 'did you mean "1-3"?'),
        ('"1-3，5"', 'did you mean "1-3,5"?'),
        ('"1-3、5"', 'did you mean "1-3,5"?'),
        ('"第1至3页"', 'did you mean "1-3"?'),
        ('"-5"', 'did you mean "1-5"?'),
        ("-5", 'did you mean "1-5"?'),
        ("[1, 3]", 'did you mean "1,3"?'),
        ("10:20", 'did you mean "10-20"?'),
        ("1.3", 'did you mean "1,3"?'),
        ("010", "the number 8"),
        ('"1-3,"', "page range"),
        ('""', "page range"),
        ("all", "page range"),
        ('"1-2-3"', "page range"),
        (f'"{"1," * 1000}1"', "1000 ranges"),
        ('"1-99999999"', "page range"),
    ],
)
def test_bad_pages(written: str, hint: str) -> None:
    expect(evidence(f"{{file: a, pages: {written}}}"), "bad-pages", "6:26", hint)


@pytest.mark.parametrize(
    ("written", "pages"),
    [
        ("3", ((3, 3),)),
        ("1-3", ((1, 3),)),
        ("20-", ((20, None),)),
        ('"1-3,20-"', ((1, 3), (20, None))),
        ('"1, 3 - 5"', ((1, 1), (3, 5))),
        ('"5,1"', ((5, 5), (1, 1))),
    ],
)
def test_pages(written: str, pages: tuple[tuple[int, int | None], ...]) -> None:
    assert read(evidence(f"{{file: a, pages: {written}}}")).items[0].evidence[0].pages == pages


@pytest.mark.parametrize(
    ("text", "code", "where", "hint"),
    [
        ("engine: office", "bad-choice", "2:9", "libreoffice"),
        ("engine: librofice", "bad-choice", "2:9", "did you mean libreoffice?"),
        ("page: {start_on: even}", "bad-choice", "2:18", "odd or any"),
        ("page: {start_on: no}", "yaml-type", "2:18", "false"),
        ("page: {landscape: sen}", "bad-choice", "2:19", "did you mean seen?"),
        ("numbering: {position: centre}", "bad-choice", "2:23", "did you mean center?"),
        ("numbering: {restart: volumes}", "bad-choice", "2:22", "did you mean volume?"),
        ("numbering: {start: 0}", "bad-number", "2:20", "from 1"),
        ("numbering: {start: 1.5}", "bad-number", "2:20", "whole"),
        ("numbering: {start: 0x10}", "bad-number", "2:20", "whole"),
        ("numbering: {start: no}", "yaml-type", "2:20", "false"),
        ("numbering: {style: page}", "bad-label", "2:20", "{n}"),
        ('numbering: {style: "{n} {x}"}', "bad-label", "2:20", "{total}"),
        ('numbering: {style: "{n:>9999}"}', "bad-label", "2:20", "{total}"),
        ('numbering: {style: "{n.real}"}', "bad-label", "2:20", "{total}"),
        ('numbering: {style: "{n!r}"}', "bad-label", "2:20", "{total}"),
        ('numbering: {style: "{n"}', "bad-label", "2:20", "brace"),
        ('numbering: {color: "red"}', "bad-color", "2:20", "#C00000"),
        ("volumes: {by: unit}", "bad-choice", "2:15", "section"),
        ("volumes: {max_pages: 0}", "bad-number", "2:22", "from 1"),
        ("volumes: {}", "one-of", "2:10", "needs one of"),
        ("volumes: {paper: 0.1mm}", "one-of", "2:10", "needs one of"),
        ("volumes: {max_pages: 4, paper: 0.1mm}", "one-of", "2:25", "max_thickness"),
        ("volumes: {max_thickness: 40}", "bad-length", "2:26", "did you mean 40mm?"),
        ("volumes: {max_thickness: 40mm, paper: 1cm}", "bad-length", "2:39", "0.02mm to 2mm"),
        ("volumes: {max_thickness: 1mm, paper: 2mm}", "bad-length", "2:26", "like 40mm"),
        ("volumes: {max_mb: 1.5}", "bad-number", "2:19", "whole"),
        ("print: {a3: foldout}", "bad-choice", "2:13", "did you mean fold-out?"),
        ("print: fold-out", "yaml-type", "2:8", "did you mean {a3: fold-out}?"),
        ("print: {divider_mark: true}", "one-of", "2:9", "divider_paper"),
        ("print: {divider_paper: blue, divider_mark: 1}", "yaml-type", "2:44", "true"),
        ("language: no", "yaml-type", "2:11", '"no"'),
        ("language: 中文", "bad-language", "2:11", "zh-CN"),
        ("front: [report.docx]", "bad-id", "2:9", "did you mean {file: report.docx}?"),
        ("front: [{title: a}]", "one-of", "2:9", "needs one of"),
        ("front: [{file: a.docx, template: 'no'}]", "yaml-type", "2:34", "without quotes"),
        ("front: [a/b]", "bad-id", "2:9", "holds `/`"),
        ("front: [cover, cover]", "duplicate-document", "2:16", "line 2"),
        ("back: [index]", "duplicate-document", "2:8", "by default"),
        ("draft: {watermark: ''}", "empty-value", "2:20", "empty"),
        ("sources: ''", "empty-value", "2:10", "empty"),
    ],
)
def test_other_bad_fields(text: str, code: str, where: str, hint: str) -> None:
    expect(HEAD + text + TAIL, code, where, hint)


@pytest.mark.parametrize(
    ("volumes", "pages"),
    [
        ("by: section", None),
        ("max_mb: 50", None),
        ("max_pages: 401", 401),
        ("max_sheets: 200", 400),
        ("max_thickness: 40mm", 800),
        ("max_thickness: 40mm, paper: 0.3mm", 266),  # 133 sheets are 39.9 mm
        ("max_thickness: 3cm, paper: 0.1mm", 600),  # to the last sheet, though 30 / 0.1 is less in floating point
        ("max_pages: 300, max_sheets: 200, max_thickness: 40mm", 300),
        ("max_pages: 500, max_sheets: 200, by: section, max_mb: 5", 400),
    ],
)
def test_whatever_limits_a_volume_limits_its_pages_two_to_a_sheet(volumes: str, pages: int | None) -> None:
    manifest = read(f"{HEAD}volumes: {{{volumes}}}{TAIL}")
    assert manifest.volumes is not None
    assert manifest.volumes.most_pages == pages


def test_other_good_fields() -> None:
    manifest = read(
        HEAD
        + "engine: embedded\nlanguage: en\nvolumes: {by: section}\ndraft: {watermark: DRAFT}\n"
        + 'numbering: {style: "{volume}-{n}/{total} {{x}}", position: center, start: 7, color: "#c00000"}\n'
        + "front: [index, {file: a.docx, template: no}]\nback: [{name: scores, title: 打分表}]"
        + TAIL
    )
    assert (manifest.engine, manifest.language, manifest.draft.watermark) == ("embedded", "en", "DRAFT")
    assert manifest.volumes is not None
    assert manifest.volumes.by == "section"
    assert (manifest.numbering.start, manifest.numbering.color) == (7, "#c00000")
    assert manifest.front[1].template is False
    assert (manifest.back[0].name, manifest.back[0].title) == ("scores", "打分表")


# --- evidence, ids, citations, units -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "code", "where", "hint"),
    [
        ("{title: a}", "one-of", "6:9", "needs one of"),
        ("{file: a, files: b}", "one-of", "6:19", "`file`"),
        ("{file: a, see: b}", "one-of", "6:19", "`see`"),
        ('{file: ""}', "empty-value", "6:16", "empty"),
        ("{file: }", "one-of", "6:9", "needs one of"),
        ("{file: a, rotate: 45}", "bad-turn", "6:27", "clockwise"),
        ("{file: a, rotate: -90}", "bad-turn", "6:27", "did you mean 270?"),
        ("{file: a, id: a}", "duplicate-id", "6:23", "line 3"),
        ("{file: a, id: ''}", "empty-value", "6:23", "empty"),
        ("{see: zzz}", "unknown-see", "6:15", "names no evidence"),
        ("{see: a}", "unknown-see", "6:15", "names an item"),
        ("{see: a-01}", "unknown-see", "6:15", "itself a citation"),
    ],
)
def test_bad_evidence(entry: str, code: str, where: str, hint: str) -> None:
    found = [p for p in problems(evidence(entry)) if p.code != "unknown-see" or code == "unknown-see"]
    assert [(p.code, p.where) for p in found] == [(code, f"m.yaml:{where}")]
    assert hint in f"{found[0].message} → {found[0].fix}"
    assert found[0].item == "a"


def test_problem_names_its_evidence() -> None:
    found = only(evidence("{file: a, rotate: 45}"))
    assert (found.item, found.evidence) == ("a", "a-01")


def test_evidence_is_numbered_in_order_counting_every_entry() -> None:
    entries = "[{file: a}, {file: b, id: x}, {see: x}, {file: c}]"
    assert [e.id for e in read(item(f"evidence: {entries}")).items[0].evidence] == ["a-01", "x", "a-03", "a-04"]


def test_number_given_by_hand_may_not_meet_an_automatic_one() -> None:
    expect(item("evidence: [{file: a}, {file: b, id: a-01}]"), "duplicate-id", "5:41", "a-01", "automatically")


def test_duplicate_ids_name_both_lines() -> None:
    text = "title: x\nitems:\n  - id: a\n    title: b\n  - {title: c, id: a}\n"
    expect(text, "duplicate-id", "5:20", "on line 3")


def test_citation_must_name_bound_evidence() -> None:
    text = item("evidence: [{file: p, id: proof}, {see: proff}]")
    expect(text, "unknown-see", "5:44", "did you mean proof?")
    assert read(text.replace("proff", "proof")).items[0].evidence[1].see == "proof"


def test_citation_of_citation_is_traced() -> None:
    text = item("evidence: [{file: p, id: p1}, {see: p1, id: c1}, {see: c1}]")
    expect(text, "unknown-see", "5:60", "did you mean p1?")


def test_citation_of_item_is_guessed_at() -> None:
    text = item("evidence: [{file: p}]") + "  - {id: c, title: d, evidence: [{see: a}]}\n"
    expect(text, "unknown-see", "6:40", "did you mean a-01?")


@pytest.mark.parametrize("lost", ["pages: 1", "rotate: 90", "captions: x", "layout: 2-up"])
def test_citation_takes_no_pages(lost: str) -> None:
    text = item(f"evidence: [{{file: p, id: p1}}, {{see: p1, {lost}}}]")
    expect(text, "one-of", "5:45", "no effect")


@pytest.mark.parametrize(
    ("written", "captions"),
    [
        ("座谈", ("座谈",)),
        ("[座谈, 检查]", ("座谈", "检查")),
        ("{place: 会议室, occasion: 座谈}", ("{time} 会议室 座谈",)),
        ("{occasion: 座谈, time: 5月}", ("5月 座谈",)),
        ('[{time: "", occasion: 座谈}, "{name}"]', ("座谈", "{name}")),
    ],
)
def test_captions_are_text_or_time_place_and_occasion(written: str, captions: tuple[str, ...]) -> None:
    [evidence] = read(item(f"evidence: [{{file: p, captions: {written}}}]")).items[0].evidence
    assert evidence.captions == captions


def test_a_caption_has_no_other_keys() -> None:
    expect(item("evidence: [{file: p, captions: {palce: x}}]"), "bad-caption", "5:36", "did you mean `place`?")


def test_a_layout_is_one_of_four() -> None:
    [evidence] = read(item("evidence: [{file: p, layout: 4-up}]")).items[0].evidence
    assert evidence.layout == "4-up"
    expect(item("evidence: [{file: p, layout: 4up}]"), "bad-choice", "5:34", "4-up")


@pytest.mark.parametrize("sheets", ["layout: 2-up", "captions: x"])
@pytest.mark.parametrize("lost", ["pages: 1", "fit: none"])
def test_sheets_show_all_of_every_photo(sheets: str, lost: str) -> None:
    key = sheets.partition(":")[0]
    text = item(f"evidence: [{{file: p, {sheets}, {lost}}}]")
    expect(text, "one-of", f"5:{text.splitlines()[4].index(lost) + 1}", f"cannot stand beside `{key}`")


def test_only_leaves_carry_evidence() -> None:
    expect(item("items: [{id: c, title: d}]\n    evidence: [{file: a}]"), "not-a-leaf", "6:5", "leaves")
    expect(item("items: [{id: c, title: d}]\n    requires: [a]"), "not-a-leaf", "6:5", "`requires`")
    read(item("items: [{id: c, title: d, evidence: [{file: a}], requires: [a]}]"))


def test_unknown_units_are_warnings() -> None:
    manifest = read(f"{HEAD}units: {{市场监管局: , 发改局: }}\nitems: [{{id: a, title: b, unit: 市场监督局}}]")
    (warning,) = manifest.warnings
    assert (warning.code, warning.severity, warning.where) == ("unknown-unit", "warning", "m.yaml:3:33")
    assert (warning.fix, warning.item) == ("did you mean 市场监管局?", "a")
    assert read(f"{HEAD}items: [{{id: a, title: b, unit: 市场监督局}}]").warnings == ()


def test_inherited_unit_is_warned_of_once() -> None:
    manifest = read("units: {z: }\n" + item("unit: y\n    items: [{id: c, title: d}, {id: e, title: f}]"))
    assert len(manifest.warnings) == 1
    assert [leaf.unit for leaf in manifest.leaves()] == ["y", "y"]


# --- all at once ---------------------------------------------------------------------------------------------------


def test_every_problem_is_shown_at_once_and_in_order() -> None:
    text = """\
titel: x
engine: librofice
title2: a
page: {gutter: 25}
page: {gutter: 25mm}
items:
  - id: 010
    title: b
    points: -1
  - id: b
    title: c
    items: [{id: d, title: e}]
    evidence:
      - {file: a, see: q, pages: 3-1}
      - {file: !x b, rotate: 45}
      - *c
  - {id: b, title: d}
"""
    found = problems(text)
    assert [(p.code, p.where.removeprefix("m.yaml:")) for p in found] == [
        ("unknown-key", "1:1"),
        ("bad-choice", "2:9"),
        ("unknown-key", "3:1"),
        ("bad-length", "4:16"),
        ("yaml-duplicate-key", "5:1"),
        ("yaml-type", "7:9"),
        ("bad-number", "9:13"),
        ("not-a-leaf", "13:5"),
        ("one-of", "14:19"),
        ("unknown-see", "14:24"),
        ("bad-pages", "14:34"),
        ("yaml-tag", "15:16"),
        ("bad-turn", "15:30"),
        ("yaml-alias", "16:9"),
        ("duplicate-id", "17:10"),
    ]


def test_error_reads_well() -> None:
    with pytest.raises(ManifestError) as caught:
        read(item("evidences: []"))
    assert str(caught.value) == (
        "m.yaml cannot be used: 1 problem\n"
        "  m.yaml:5:5: [a] unknown key `evidences`; did you mean `evidence`? → write `evidence`"
    )
    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems


def test_long_values_are_shortened() -> None:
    found = only(f"{HEAD}engine: {'x' * 5000}{TAIL}")
    assert len(str(found)) < 250


# --- schema --------------------------------------------------------------------------------------------------------


def test_schema_describes_every_key() -> None:
    schema = json_schema()
    json.dumps(schema)
    described = dict(schema["properties"])
    for name, model in schema["$defs"].items():
        described |= {f"{name}.{key}": value for key, value in model.get("properties", {}).items()}
    assert [key for key, value in described.items() if not value.get("description")] == []
    assert {"from", "to"} == set(schema["$defs"]["Period"]["properties"])
    assert schema["$defs"]["Page"]["properties"]["gutter"]["default"] == "0mm"
    assert schema["required"] == ["title", "items"]
    assert schema["additionalProperties"] is False


# --- whatever is written -------------------------------------------------------------------------------------------


def loads_or_complains(data: bytes) -> None:
    path = Path("h.yaml")
    path.write_bytes(data)
    try:
        found = load(path).warnings
    except ManifestError as error:
        found = error.problems
        assert found
    for problem in found:
        assert problem.message
        assert problem.fix
        assert re.match(r"h\.yaml(:[1-9]\d*:[1-9]\d*)?$", problem.where)


FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ODD = st.sampled_from(
    ["no", "~", "010", "&a", "*a", "!x", "[", "]", "{", "}", "- ", ": ", "\n", "\t", "#", '"', "'", "|", "? ",
     "<<: ", "…", "：", "1.10", "2023-02-30", "\x00", "\ud7ff", "---\n", "...", "%", "@", "see: a", "id: 1-1",
     "99" * 50, "items: "]
)  # fmt: skip


@FUZZ
@given(st.text())
def test_any_text_loads_or_complains(text: str) -> None:
    loads_or_complains(text.encode())


@FUZZ
@given(st.binary(max_size=60))
def test_any_bytes_load_or_complain(data: bytes) -> None:
    loads_or_complains(data)


@FUZZ
@given(st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 8), ODD), min_size=1, max_size=4))
def test_mutated_sample_loads_or_complains(edits: list[tuple[int, int, str]]) -> None:
    text = SAMPLE
    for place, cut, odd in edits:
        text = text[:place] + odd + text[place + cut :]
    loads_or_complains(text.encode())


VALUES = re.findall(r"(?<=: )[^\s,{}\[\]|]+", SAMPLE)


@FUZZ
@given(st.sampled_from(VALUES), st.one_of(ODD, st.text(max_size=20), st.integers().map(str), st.floats().map(str)))
def test_any_value_in_any_field_loads_or_complains(value: str, other: str) -> None:
    loads_or_complains(SAMPLE.replace(f": {value}", f": {other}", 1).encode())
    loads_or_complains(SAMPLE.replace(f": {value}", f": {json.dumps(other)}", 1).encode())


@settings(FUZZ, max_examples=25)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5))
def test_any_shape_in_any_key_loads_or_complains(value: object) -> None:
    for key in Manifest.model_fields:
        loads_or_complains(yaml.safe_dump({"title": "x", "items": [], key: value}).encode())
        loads_or_complains(yaml.safe_dump({"title": "x", "items": [{"id": "a", "title": "b", key: value}]}).encode())


@FUZZ
@given(st.decimals(min_value=0, max_value=10**9, places=3))
def test_points_survive_to_the_last_digit(points: Decimal) -> None:
    assert str(read(item(f"points: {points:f}")).items[0].points) == f"{points:f}"


def test_two_thousand_pieces_of_evidence_load_quickly() -> None:
    lines = ["title: x", "items:"]
    for section in range(100):
        lines += [f"  - id: s{section}", f"    title: 类{section}", "    evidence:"]
        lines += [f'      - {{file: {section}/{n}.pdf, title: 文{n}, pages: "1-3,20-"}}' for n in range(20)]
    begin = time.perf_counter()
    manifest = read("\n".join(lines))
    assert sum(len(leaf.evidence) for leaf in manifest.leaves()) == 2000
    assert time.perf_counter() - begin < 2


def test_thousands_of_problems_are_found_quickly() -> None:
    entries = ", ".join(f"{{see: x{n}, tilte: a}}" for n in range(2000))
    begin = time.perf_counter()
    assert len(problems(item(f"evidence: [{entries}]"))) >= 4000
    assert time.perf_counter() - begin < 5
