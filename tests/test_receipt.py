"""A receipt reads back as it was written, holds the keys that others rely on, and takes nothing else for a receipt."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dossier import receipt
from dossier.errors import ExitStatus, Problem, UsageError
from dossier.receipt import Bookmark, Evidence, Item, Jump, Page, Receipt, Source, Volume

CONTRACT: dict[str, list[str]] = {
    "": ["schema", "title", "complete", "manifest", "engine", "template_set", "volumes", "items", "pages", "problems"],
    "manifest": ["path", "sha256"],
    "engine": ["word", "version"],
    "template_set": ["name", "sha256"],
    "volumes": ["file", "sha256", "pages"],
    "items": [
        *("id", "title", "unit", "points", "self_score", "status", "volume", "first", "last", "number", "label"),
        "evidence",
    ],
    "items evidence": [
        *("id", "title", "status", "volume", "first", "last", "number", "label", "sources", "warnings"),
    ],
    "items evidence sources": ["path", "sha256", "pages"],
    "pages": ["volume", "page", "number", "label", "kind", "item", "evidence", "source", "source_page"],
    "problems": ["code", "severity", "where", "item", "evidence", "message", "fix"],
}
"""The keys that scripts rely on, level by level. Others may be added; none here may go or change its meaning."""

WHOLE = Receipt(
    title="印证材料",
    complete=False,
    manifest={"path": "manifests/quality.yaml", "sha256": "aa"},
    engine={"word": "embedded", "version": "1.2"},
    template_set={"name": "official", "sha256": "bb"},
    volumes=(Volume("binder-1.pdf", "cc", 2), Volume("binder-2.pdf", "dd", 1)),
    items=(
        Item(
            *("1-1", "规划", "发展改革局", "1", "0.5", "complete"),
            *(1, 1, 2, "5", "— 5 —", 2),
            evidence=(
                Evidence(
                    *("1-1-01", "纲要", "bound", 1, 2, 2, "6", "— 6 —"),
                    sources=(Source("1-1/规划纲要.pdf", "ee", 4), Source('引号".jpg', "ff", 1)),
                    warnings=("被加密过",),
                ),
                Evidence("1-1-02", "纪要", "cited", see="1-2-01"),
            ),
        ),
        Item("1-2", "报告", "", "", "", "missing"),
    ),
    pages=(
        Page(1, 1, "i", "", "cover"),
        Page(
            *(1, 2, "6", "— 6 —", "evidence", "1-1", "1-1-01", "1-1/规划纲要.pdf", 3),
            digest="gg",
            width=595.276,
            height=841.89,
            placed=(0.5, 0.0, 0.0, 0.5, 10.25, -3.0),
            links=(Jump(to="1-2", volume=2, page=1), Jump(uri="https://example.org/?a=1&b=质量")),
        ),
        Page(2, 1, "7", "", "blank"),
    ),
    problems=(Problem("missing-source", "没有找到", "补交", "error", "a.yaml:31", "1-2", "1-2-01"),),
    outline=(Bookmark(1, 1, "规划", 1), Bookmark(1, 2, "纲要", 2)),
    created="2023-12-15T08:00:00+00:00",
    sources="/srv/quality",
    documents=("documents/cover.docx",),
)


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Return a function that writes a receipt file."""

    def write(text: str | bytes) -> Path:
        path = tmp_path / "receipt.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    return write


def at(data: Any, path: str) -> Any:
    """Follow keys into the first entry of each list."""
    for key in path.split():
        data = data[key]
        data = data[0] if isinstance(data, list) else data
    return data


# --- the contract --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CONTRACT)
def test_every_key_of_the_contract_is_there(path: str) -> None:
    assert set(CONTRACT[path]) <= set(at(json.loads(WHOLE.dumps()), path))


def test_values_stand_under_the_keys_of_the_contract() -> None:
    data = json.loads(WHOLE.dumps())
    page = data["pages"][1]

    assert (data["schema"], data["title"], data["complete"]) == (1, "印证材料", False)
    assert data["volumes"][0] == {"file": "binder-1.pdf", "sha256": "cc", "pages": 2}
    assert {key: data["items"][0][key] for key in CONTRACT["items"] if key != "evidence"} == {
        **{"id": "1-1", "title": "规划", "unit": "发展改革局", "points": "1", "self_score": "0.5"},
        **{"status": "complete", "volume": 1, "first": 1, "last": 2, "number": "5", "label": "— 5 —"},
    }
    source = data["items"][0]["evidence"][0]["sources"][0]
    assert source.items() >= {"path": "1-1/规划纲要.pdf", "sha256": "ee", "pages": 4}.items()
    assert data["items"][0]["evidence"][0]["warnings"] == ["被加密过"]
    assert {key: page[key] for key in CONTRACT["pages"]} == {
        **{"volume": 1, "page": 2, "number": "6", "label": "— 6 —", "kind": "evidence", "item": "1-1"},
        **{"evidence": "1-1-01", "source": "1-1/规划纲要.pdf", "source_page": 3},
    }
    assert data["problems"] == [
        {
            **{"code": "missing-source", "severity": "error", "where": "a.yaml:31", "item": "1-2"},
            **{"evidence": "1-2-01", "message": "没有找到", "fix": "补交"},
        }
    ]


def test_what_has_no_pages_names_none() -> None:
    item = json.loads(WHOLE.dumps())["items"][1]
    assert (item["volume"], item["first"], item["last"], item["number"], item["label"]) == (None, None, None, "", "")


def test_a_person_can_read_and_compare_it() -> None:
    lines = WHOLE.dumps().splitlines()
    assert lines[1].startswith('"schema": 1')
    assert '"title": "印证材料",' in lines
    pages = [line for line in lines if '"kind"' in line]
    assert len(pages) == len(WHOLE.pages)
    assert WHOLE.dumps().endswith("}\n")


# --- reading back --------------------------------------------------------------------------------------------------


def test_it_reads_back_as_it_was_written(save: Callable[[str], Path]) -> None:
    assert receipt.read(save(WHOLE.dumps())) == WHOLE


def test_an_empty_binder_reads_back(save: Callable[[str], Path]) -> None:
    empty = Receipt("", True, {}, {}, {}, (), (), ())
    assert receipt.read(save(empty.dumps())) == empty


def test_writing_what_was_read_gives_the_same_bytes(save: Callable[[str], Path]) -> None:
    assert receipt.read(save(WHOLE.dumps())).dumps() == WHOLE.dumps()


def added(data: Any) -> Any:
    """Add an unknown key to every mapping with keys of its own."""
    if isinstance(data, list):
        return [added(entry) for entry in data]
    if isinstance(data, dict):
        return {"of a later version": [1, {"x": 2}], **{key: added(value) for key, value in data.items()}}
    return data


def test_keys_of_a_later_version_are_ignored() -> None:
    data = json.loads(WHOLE.dumps())
    free = {key: data[key] for key in FREE}
    assert receipt.loads({**added(data), **free}) == WHOLE


def test_keys_that_were_added_to_the_contract_may_be_absent() -> None:
    """A receipt with the contract's keys alone is one."""
    data = json.loads(WHOLE.dumps())
    bare = {key: data[key] for key in CONTRACT[""]}
    bare["pages"] = [{key: page[key] for key in CONTRACT["pages"]} for page in data["pages"]]
    bare["items"] = [{key: item[key] for key in CONTRACT["items"]} for item in data["items"]]

    read = receipt.loads(bare)

    assert (read.volumes, read.problems) == (WHOLE.volumes, WHOLE.problems)
    assert read.items == tuple(replace(item, level=1) for item in WHOLE.items)
    assert (read.outline, read.documents, read.created) == ((), (), "")
    assert [page.number for page in read.pages] == ["i", "6", "7"]


# --- what is none --------------------------------------------------------------------------------------------------


def refusal(path: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        receipt.read(path)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.fix
    assert caught.value.exit_status is ExitStatus.USAGE
    return caught.value


def test_a_receipt_that_is_not_there_is_reported(tmp_path: Path) -> None:
    assert "is not there" in refusal(tmp_path / "receipt.json").message


def test_a_receipt_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path).message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "1",
        '"text"',
        "{}",
        '{"schema": 1}',
        '{"schema": 2}',
        '{"schema": "1"}',
        "[" * 100_000,
        "\ufeff{}",
        b"\xff\xfe\x00",
        b"%PDF-1.7",
        '{"name": "a-package", "version": "1.0.0"}',
    ],
)
def test_what_is_no_receipt_is_not_taken_for_one(save: Callable[[str | bytes], Path], text: str | bytes) -> None:
    assert "is not a receipt" in refusal(save(text)).message


@pytest.mark.parametrize("path", ["", "volumes", "items", "pages", "problems", "outline", "items evidence sources"])
def test_a_value_of_another_type_is_not_taken(save: Callable[[str], Path], path: str) -> None:
    for key in at(json.loads(WHOLE.dumps()), path):
        data = json.loads(WHOLE.dumps())
        at(data, path)[key] = {"not": ["what", "was", "wanted"]} if key not in FREE else 3
        error = refusal(save(json.dumps(data)))
        assert key in error.message


FREE = ("manifest", "engine", "template_set", "numbering")


@pytest.mark.parametrize(
    ("path", "key"),
    [(path, key) for path in ("", "volumes", "items", "pages") for key in CONTRACT[path][:3]],
)
def test_a_key_that_is_missing_is_named(save: Callable[[str], Path], path: str, key: str) -> None:
    data = json.loads(WHOLE.dumps())
    del at(data, path)[key]
    assert key in refusal(save(json.dumps(data))).message


def test_a_file_too_large_to_be_a_receipt_is_not_read(
    save: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(WHOLE.dumps())
    size = path.stat().st_size
    monkeypatch.setattr(receipt, "_MAX_BYTES", size)
    assert receipt.read(path) == WHOLE

    monkeypatch.setattr(receipt, "_MAX_BYTES", size - 1)

    assert "too large" in refusal(path).message


def test_a_compressed_receipt_is_read_as_far_as_it_may_be_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, path = WHOLE.dumps().encode(), tmp_path / "receipt.json.gz"
    path.write_bytes(gzip.compress(data))
    assert receipt.read(path) == WHOLE

    monkeypatch.setattr(receipt, "_MAX_BYTES", len(data) - 1)

    assert "too large" in refusal(path).message


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-9], lambda data: b"{}" + data, lambda data: data[:40] + data[44:]]
)
def test_a_compressed_receipt_that_is_torn_is_refused(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "receipt.json.gz"
    path.write_bytes(spoil(gzip.compress(WHOLE.dumps().encode())))
    assert "not a compressed receipt, or not a whole one" in refusal(path).message
