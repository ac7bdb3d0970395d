"""The lock holds the numbers of a printed book: written, read, brought up to date, given up; and kept to by builds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2
import pytest
from conftest import MakeManifest, MakePdf, MakePhoto

import dossier
from dossier import cli, lock, receipt
from dossier.build import Binder
from dossier.errors import FrozenError, UsageError

EVIDENCE: dict[str, list[dict[str, Any]]] = {
    "1-1": [{"file": "a.pdf"}, {"file": "b.pdf"}],
    "1-2": [{"file": "c.pdf"}, {"see": "1-1-02"}],
}
PAGES = {"a.pdf": 3, "b.pdf": 2, "c.pdf": 4}


class Office:
    """A folder in which a book is built and printed, and files come late."""

    def __init__(self, folder: Path, make_manifest: MakeManifest, make_pdf: MakePdf) -> None:
        self.folder, self.make_manifest, self.make_pdf = folder, make_manifest, make_pdf
        self.manifest = folder / "dossier.yaml"

    def build(
        self, evidence: dict[str, list[dict[str, Any]]], pages: dict[str, int], out: str = "book", **keys: Any
    ) -> Binder:
        self.make_manifest(evidence, **{"front": ["cover", "index", "scores"], "back": ["checklist"], **keys})
        for name, count in pages.items():
            self.make_pdf(f"sources/{name}", count, marker=name.partition(".")[0].upper())
        return dossier.build(self.manifest, self.folder / out, engine="embedded", strict=False)

    def freeze(self, binder: Binder, *, update: bool = False) -> lock.Lock:
        return lock.freeze(self.manifest, binder.receipt, update=update)[1]


@pytest.fixture
def office(tmp_path: Path, make_manifest: MakeManifest, make_pdf: MakePdf) -> Office:
    return Office(tmp_path, make_manifest, make_pdf)


def labels(binder: Binder) -> dict[tuple[str, int], str]:
    """Return the label printed on every marked page, by marker: read from the book by two readers that agree."""
    found: dict[tuple[str, int], str] = {}
    for path in binder.paths:
        reader = pypdf.PdfReader(path)
        with pypdfium2.PdfDocument(path) as document:
            for number, (page, other) in enumerate(zip(reader.pages, document, strict=True)):
                text, again = page.extract_text(), other.get_textpage().get_text_range()
                marker, label = re.search(r"([A-Z]+) p(\d+)", text), re.search(r"— (\S+) —", text)
                if marker:
                    assert label is not None
                    assert label[0] in again
                    assert marker[0] in again
                    assert reader.page_labels[number] == label[1]
                    found[marker[1], int(marker[2])] = label[1]
    return found


def claimed(binder: Binder) -> Iterator[tuple[str, str]]:
    for page in binder.receipt.pages:
        if page.kind == "evidence":
            yield f"{page.source}:{page.source_page}", page.number


# --- whole books ---------------------------------------------------------------------------------------------------


def test_a_book_that_did_not_change_is_built_the_same_under_its_lock(office: Office) -> None:
    first = office.build(EVIDENCE, PAGES)
    office.freeze(first)
    second = office.build(EVIDENCE, PAGES, "again")

    assert [path.read_bytes() for path in second.paths] == [path.read_bytes() for path in first.paths]


@pytest.mark.parametrize("keys", [{}, {"page": {"start_on": "any"}}, {"volumes": {"by": "section"}},
                                  {"volumes": {"by": "section"}, "numbering": {"restart": "volume"}}])  # fmt: skip
def test_what_is_printed_keeps_its_labels_and_what_comes_late_has_some_between(
    office: Office, make_photo: MakePhoto, keys: dict[str, Any]
) -> None:
    printed = office.build(EVIDENCE, PAGES, **keys)
    before = labels(printed)
    office.freeze(printed)
    make_photo("sources/late.jpg", (800, 1100), dpi=100)
    late = {**EVIDENCE, "1-1": [{"file": "a.pdf"}, {"file": "late.jpg"}, {"file": "b.pdf"}]}

    binder = office.build(late, {**PAGES, "a.pdf": 4}, "new", **keys)

    now = labels(binder)
    assert {marker: now[marker] for marker in before} == before
    last = before["A", 3]
    assert now["A", 4] == f"{last}A"
    assert dict(claimed(binder))["late.jpg:1"] == f"{last}B"
    assert {f"{name.lower()}.pdf:{page}": label for (name, page), label in now.items()}.items() <= set(claimed(binder))
    assert dossier.verify(office.folder / "new")


def test_index_and_jumps_lead_to_inserted_pages(office: Office) -> None:
    office.freeze(office.build(EVIDENCE, PAGES))
    late = {**EVIDENCE, "1-2": [{"file": "c.pdf"}, {"file": "new.pdf", "title": "Come late"}]}

    binder = office.build(late, {**PAGES, "new.pdf": 1}, "new")

    number = dict(claimed(binder))["new.pdf:1"]
    reader = pypdf.PdfReader(binder.paths[0])
    index = "".join(page.extract_text() for page in reader.pages[:6])
    assert re.search(rf"Come late\s*{number}|{number}", index)
    assert number.endswith("A")
    where = binder.pages_of("1-2-02")
    targets = [jump.page for page in binder.receipt.pages if page.kind == "index" for jump in page.links]
    assert where.first in targets


def test_pages_that_are_left_out_have_a_sheet_that_names_them(office: Office) -> None:
    office.freeze(office.build(EVIDENCE, PAGES))
    held = dict(claimed(office.build(EVIDENCE, PAGES)))

    fewer = {"1-1": [{"file": "b.pdf"}], "1-2": [{"file": "c.pdf"}]}
    binder = office.build(fewer, {**PAGES, "c.pdf": 2}, "new")

    assert binder.complete
    texts = {page.number: text for page, text in zip(binder.receipt.pages, texts_of(binder), strict=True)}
    gone = f"{held['a.pdf:1']}—{held['a.pdf:3']}"
    assert "撤" in texts[held["a.pdf:1"]]
    assert gone in texts[held["a.pdf:1"]]
    assert f"{held['c.pdf:3']}—{held['c.pdf:4']}" in texts[held["c.pdf:3"]]
    assert {problem.code for problem in binder.problems} >= {"frozen-withdrawn", "frozen-shrunk"}


def test_numbers_that_are_left_out_may_stand_in_the_index_alone(office: Office) -> None:
    keys: dict[str, Any] = {"numbering": {"left_out": "note"}}
    held = dict(claimed(office.build(EVIDENCE, PAGES, **keys)))
    office.freeze(office.build(EVIDENCE, PAGES, **keys))

    binder = office.build(EVIDENCE, {**PAGES, "c.pdf": 2}, "new", **keys)

    index = "".join(t for p, t in zip(binder.receipt.pages, texts_of(binder), strict=True) if p.kind == "index")
    assert f"{held['c.pdf:3']}—{held['c.pdf:4']}" in "".join(index.split())
    assert not [page for page in binder.receipt.pages if page.kind == "placeholder"]


def texts_of(binder: Binder) -> list[str]:
    return [page.extract_text() for path in binder.paths for page in pypdf.PdfReader(path).pages]


def test_what_came_late_is_taken_into_the_lock(office: Office) -> None:
    office.freeze(office.build(EVIDENCE, PAGES))
    late = {**EVIDENCE, "1-1": [*EVIDENCE["1-1"], {"file": "new.pdf"}]}
    binder = office.build(late, {**PAGES, "new.pdf": 1})
    office.freeze(binder, update=True)
    later = {**EVIDENCE, "1-1": [*EVIDENCE["1-1"], {"file": "newer.pdf"}, {"file": "new.pdf"}]}

    again = office.build(later, {**PAGES, "new.pdf": 1, "newer.pdf": 1}, "later")

    assert labels(again)["NEW", 1] == labels(binder)["NEW", 1] == f"{labels(binder)['B', 2]}A"
    assert labels(again)["NEWER", 1] == f"{labels(binder)['B', 2]}-1"


def test_what_stands_before_everything_is_taken_into_the_lock(office: Office) -> None:
    front: dict[str, Any] = {"front": ["cover", "index"]}
    office.freeze(office.build(EVIDENCE, PAGES, **front))
    early = {"0-1": [{"file": "new.pdf"}], **EVIDENCE}
    binder = office.build(early, {**PAGES, "new.pdf": 1}, **front)

    held = office.freeze(binder, update=True)

    assert held.held[0].numbers == ("0A",)
    assert lock.read(office.manifest) == held


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"numbering": {"start": 5}}, "`start` was 1, is 5"),
        ({"numbering": {"style": "{n}"}}, "`style` was '— {n} —', is '{n}'"),
        ({"page": {"start_on": "any"}}, "`start_on` was 'odd', is 'any'"),
    ],
)
def test_settings_that_would_change_what_is_printed_are_refused(
    office: Office, keys: dict[str, Any], told: str
) -> None:
    office.freeze(office.build(EVIDENCE, PAGES))

    with pytest.raises(FrozenError, match=re.escape(told)):
        office.build(EVIDENCE, PAGES, **keys)


def test_a_draft_is_not_frozen(office: Office) -> None:
    draft = office.build({"1-1": [{"file": "nowhere.pdf"}]}, {})

    with pytest.raises(UsageError, match="draft"):
        office.freeze(draft)


def test_a_frozen_book_is_not_frozen_again_by_chance(office: Office) -> None:
    binder = office.build(EVIDENCE, PAGES)
    office.freeze(binder)

    with pytest.raises(UsageError, match="frozen already"):
        office.freeze(binder)


def test_a_book_that_was_built_without_the_lock_does_not_update_it(office: Office) -> None:
    office.freeze(office.build(EVIDENCE, PAGES))
    text = lock.path_of(office.manifest).read_text(encoding="utf-8")
    lock.release(office.manifest)
    other = office.build({"1-1": [{"file": "c.pdf"}, {"file": "a.pdf"}, {"file": "b.pdf"}]}, PAGES)
    lock.path_of(office.manifest).write_text(text, encoding="utf-8")

    with pytest.raises(FrozenError, match="not built with this lock"):
        office.freeze(other, update=True)
    assert lock.path_of(office.manifest).read_text(encoding="utf-8") == text


def test_an_older_receipt_does_not_say_enough(office: Office) -> None:
    binder = office.build(EVIDENCE, PAGES)
    older = json.loads(binder.receipt.dumps())
    del older["numbering"]

    with pytest.raises(UsageError, match="older version"):
        lock.of_book(receipt.loads(older))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text[:-40], r"dossier\.lock:\d+:\d+: "),
        (lambda text: "<<<<<<< ours\n" + text, r"dossier\.lock:1:1: "),
        (lambda text: text.replace('"schema": 1', '"schema": 9'), "schema is 9"),
        (lambda text: text.replace('"volume": 1', '"volume": 7', 1), "volume 7 of 1"),
        (lambda text: re.sub(r'"numbers": \["(\d+)", "\d+"', r'"numbers": ["\1", "\1"', text, count=1), "twice"),
        (lambda text: re.sub(r'"numbers": \["\d+"', '"numbers": ["x"', text, count=1), "'x'"),
        (lambda text: re.sub(r'"numbers": \[[^]]*\]', '"numbers": []', text, count=1), "has no number"),
        (lambda text: "[]", "dossier.lock"),
        (lambda text: text.replace('"of": "evidence:1-1-02"', '"of": "evidence:1-1-01"'), "there twice"),
    ],
)
def test_a_lock_that_cannot_be_used_is_refused_with_its_place(office: Office, change: Any, told: str) -> None:
    office.freeze(office.build(EVIDENCE, PAGES))
    path = lock.path_of(office.manifest)
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    with pytest.raises(FrozenError, match=told):
        lock.read(office.manifest)


def test_without_a_lock_nothing_is_frozen(tmp_path: Path) -> None:
    assert lock.read(tmp_path / "dossier.yaml") is None


def test_a_lock_says_one_thing_a_line_in_the_order_of_the_book(office: Office) -> None:
    held = office.freeze(office.build(EVIDENCE, PAGES))
    text = lock.path_of(office.manifest).read_text(encoding="utf-8")

    rows = [json.loads(line.strip().rstrip(",")) for line in text.splitlines() if line.startswith("  {")]
    assert [row["of"] for row in rows] == [row.of for row in held.held]
    assert [row["of"] for row in rows if row["of"].startswith("evidence")] == [
        f"evidence:{id}" for id in ("1-1-01", "1-1-02", "1-2-01")
    ]
    assert lock.read(office.manifest) == held


# --- the command ---------------------------------------------------------------------------------------------------


def test_the_command_freezes_updates_and_releases(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(office.folder)
    office.build(EVIDENCE, PAGES, "build/dossier")
    path = lock.path_of(office.manifest)

    assert cli.main(["freeze"]) == 0
    assert "3 pieces of evidence, in dossier.lock" in " ".join(capsys.readouterr().out.split())
    assert cli.main(["freeze"]) == 2
    assert cli.main(["freeze", "--update"]) == 0
    assert cli.main(["freeze", "--release", "--update"]) == 2
    assert cli.main(["freeze", "--release"]) == 0
    assert not path.exists()
    assert cli.main(["freeze", "--release"]) == 2
    assert cli.main(["freeze", "--update"]) == 2
    assert "no page numbers are frozen" in capsys.readouterr().err
