"""Every reason why something is owed has words for a department, in Chinese and English, and they are in one place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docx import Document

from dossier import causes, rules
from dossier.causes import CAUSES, HINTS, OTHER_CAUSE, cause

PACKAGE = Path(causes.__file__).parent
TEMPLATES = PACKAGE.parent / "templates"
OFFICES_OWN = {"score-over-points", "points-sum", "score-without-proof", "unused-source"}


def test_every_rule_about_evidence_has_words() -> None:
    told = {code for code in rules.RULES if code not in OFFICES_OWN and not re.search("fact|claim|frozen", code)}
    assert set(HINTS) <= set(rules.RULES)
    assert told - set(HINTS) == set()


def test_no_code_has_two_causes() -> None:
    codes = [code for _, _, codes in CAUSES for code in codes]
    assert len(codes) == len(set(codes))


def test_the_codes_are_those_of_the_program() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if path.stem != "causes")
    assert [code for _, _, codes in CAUSES for code in codes if f'"{code}"' not in source] == []


@pytest.mark.parametrize("code", [code for _, _, codes in CAUSES for code in codes] + [*HINTS, "anything else"])
def test_words_are_in_the_language_asked_for(code: str) -> None:
    chinese, english = cause(code, chinese=True), cause(code, chinese=False)
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert english.isascii()
    assert "{" not in chinese + english
    assert not re.search("[。.]$", chinese + english)  # templates end the sentence


def test_who_shall_send_it_is_named_where_it_is_not_told_to_them() -> None:
    assert cause("missing-source", chinese=True) == "尚未收到文件，请报送"
    assert cause("missing-source", chinese=True, unit="责任单位") == "尚未收到文件，请责任单位报送"
    assert cause("crashed-source", chinese=True) == OTHER_CAUSE[0]


@pytest.mark.parametrize("template", ["placeholder", "checklist"])
def test_the_sheets_of_a_draft_say_the_same(template: str) -> None:
    document = Document(str(TEMPLATES / "official" / f"{template}.docx"))
    text = "".join(cell.text for table in document.tables for row in table.rows for cell in row.cells)
    for chinese, _, codes in CAUSES:
        assert chinese.format(unit="责任单位") in text
        assert all(f"== '{code}'" in text for code in codes)
    assert OTHER_CAUSE[0] in text
