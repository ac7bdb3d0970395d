"""Every rule has a severity and a sentence, and the manifest takes no other code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dossier import manifest, rules
from dossier.errors import ManifestError

README = Path(__file__).resolve().parent.parent / "README.md"


@pytest.mark.parametrize("code", rules.RULES)
def test_every_rule_says_what_it_asks(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
    assert rules.RULES[code].level in rules.LEVELS
    assert len(rules.RULES[code].says) > 20


@pytest.mark.parametrize("code", rules.RULES)
def test_readme_lists_every_rule_with_its_severity(code: str) -> None:
    assert f"| `{code}` | {rules.RULES[code].level} |" in README.read_text(encoding="utf-8")


def load(tmp_path: Path, text: str) -> manifest.Manifest:
    path = tmp_path / "m.yaml"
    path.write_text(f"title: x\nitems: [{{id: a, title: b, evidence: [{{file: p{text}}}]}}]\n", encoding="utf-8")
    return manifest.load(path)


def test_a_manifest_sets_severities_without_quotes(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("title: x\nrules: {low-dpi: off, undated: error}\nitems: [{id: a, title: b}]\n", encoding="utf-8")
    assert manifest.load(path).rules == {"low-dpi": "off", "undated": "error"}


@pytest.mark.parametrize(
    ("text", "code", "fix"),
    [
        ("rules: {low-dip: off}", "unknown-rule", "did you mean `low-dpi`?"),
        ("rules: {low-dpi: no}", "bad-choice", "write off, info, warning, error"),
        ("rules: [low-dpi]", "yaml-type", "write lines like `low-dpi: off`"),
    ],
)
def test_other_rules_and_severities_are_refused_with_a_guess(tmp_path: Path, text: str, code: str, fix: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"title: x\n{text}\nitems: [{{id: a, title: b}}]\n", encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        manifest.load(path)
    [problem] = caught.value.problems
    assert (problem.code, problem.fix, problem.where.split(":")[1]) == (code, fix, "2")


def test_evidence_waives_a_rule_only_with_a_reason(tmp_path: Path) -> None:
    assert load(tmp_path, ", waive: {low-dpi: a fax}").items[0].evidence[0].waive == {"low-dpi": "a fax"}
    for text, code in ((", waive: {low-dpi: }", "empty-value"), (", waive: {dpi: x}", "unknown-rule")):
        with pytest.raises(ManifestError) as caught:
            load(tmp_path, text)
        assert [problem.code for problem in caught.value.problems] == [code]
