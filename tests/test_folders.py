"""A manifest proposed from a folder tree loads, names every file in its item, and says what it left out."""

from __future__ import annotations

import difflib
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import pytest
from conftest import MakePhoto
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dossier
from dossier import cli, folders
from dossier.errors import OutputError, UsageError
from dossier.folders import Proof, Proposal, proof_of
from dossier.manifest import Manifest

SAMPLE = Path(__file__).resolve().parent.parent / "manifests"
Tree = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path, make_photo: MakePhoto) -> Tree:
    """Return a function that makes a folder of files; a name that ends in ``/`` is an empty folder."""

    def make(*names: str) -> Path:
        root = tmp_path / "材料"
        root.mkdir(exist_ok=True)
        for name in names:
            path = root / name
            if name.endswith("/"):
                path.mkdir(parents=True)
            elif path.suffix == ".jpg":
                make_photo(path)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"%PDF-1.7\n" + name.encode())
        return root

    return make


def proposed(root: Path) -> tuple[Proposal, Manifest]:
    proposal = folders.propose(root, root.parent / "dossier.yaml")
    return proposal, folders.prove(proposal.text, root.parent / "dossier.yaml")


def outline(loaded: Manifest) -> list[tuple[int, str, str]]:
    return [(level, item.id, item.title) for level, item in loaded.walk()]


def named(loaded: Manifest) -> dict[str, list[str]]:
    return {item.id: [entry.file or entry.files for entry in item.evidence] for item in loaded.leaves()}


# --- folders are items ---------------------------------------------------------------------------------------------


def test_folders_with_numbers_of_two_levels_are_items(tree: Tree) -> None:
    _, loaded = proposed(tree("1-1 质量目标/a.pdf", "1-2 政府工作报告/b.pdf", "1-10 其他/c.pdf"))
    assert outline(loaded) == [(1, "1-1", "质量目标"), (1, "1-2", "政府工作报告"), (1, "1-10", "其他")]
    assert named(loaded) == {
        "1-1": ["1-1 质量目标/a.pdf"],
        "1-2": ["1-2 政府工作报告/b.pdf"],
        "1-10": ["1-10 其他/c.pdf"],
    }


@pytest.mark.parametrize(
    ("section", "item", "title"),
    [
        ("1", "1-2 政府工作报告", "1"),
        ("1 党政领导", "1.2政府工作报告", "党政领导"),
        ("一、党政领导", "（二）政府工作报告", "党政领导"),
        ("01 党政领导", "02 政府工作报告", "党政领导"),
        ("一、党政领导（15分）", "2、政府工作报告（1分）", "党政领导"),
    ],
)
def test_folders_in_folders_are_sections_and_items(tree: Tree, section: str, item: str, title: str) -> None:
    _, loaded = proposed(tree(f"{section}/{item}/a.pdf"))
    assert outline(loaded) == [(1, "1", title), (2, "1-2", "政府工作报告")]


def test_points_in_names_are_the_items_points(tree: Tree) -> None:
    _, loaded = proposed(tree("一、党政领导（1.50分）/a.pdf"))
    assert str(loaded.items[0].points) == "1.50"


def test_folders_without_numbers_are_numbered_in_natural_order(tree: Tree) -> None:
    _, loaded = proposed(tree("甲/子10/a.pdf", "甲/子2/b.pdf", "乙/c.pdf"))
    assert named(loaded) == {"1": ["乙/c.pdf"], "2-1": ["甲/子2/b.pdf"], "2-2": ["甲/子10/a.pdf"]}


def test_the_same_number_twice_gives_two_items(tree: Tree) -> None:
    _, loaded = proposed(tree("1-1 甲/a.pdf", "1-1 乙/b.pdf", "1-2 丙/c.pdf"))
    assert len({item.id for item in loaded.leaves()}) == 3
    assert [files for files in named(loaded).values() if len(files) != 1] == []


def test_the_same_number_in_two_sections_gives_two_items(tree: Tree) -> None:
    proposal, loaded = proposed(tree("一、甲/1-1 子/a.pdf", "二、乙/1-1 丑/b.pdf"))
    assert proposal.items == 2
    assert sum(map(len, named(loaded).values())) == 2


def test_an_empty_folder_is_an_item_that_owes_its_evidence(tree: Tree) -> None:
    root = tree("1-1 质量目标/")
    _, loaded = proposed(root)
    assert named(loaded) == {"1-1": []}


def test_files_alone_are_the_evidence_of_one_item(tree: Tree) -> None:
    _, loaded = proposed(tree("b10.pdf", "b9.pdf"))
    assert named(loaded) == {"1": ["b9.pdf", "b10.pdf"]}


# --- files are evidence --------------------------------------------------------------------------------------------


def test_files_are_evidence_in_natural_order(tree: Tree) -> None:
    _, loaded = proposed(tree("1-1 a/10.pdf", "1-1 a/9.pdf", "1-1 a/通知/3.pdf"))
    assert named(loaded) == {"1-1": ["1-1 a/9.pdf", "1-1 a/10.pdf", "1-1 a/通知/3.pdf"]}


def test_a_folder_of_photos_is_one_piece_of_evidence_two_a_page(tree: Tree) -> None:
    _, loaded = proposed(tree("1-1 a/通知.pdf", "1-1 a/02 现场照片/1.jpg", "1-1 a/02 现场照片/2.jpg"))
    entry = loaded.items[0].evidence[1]
    assert (entry.files, entry.title, entry.layout) == ("1-1 a/02 现场照片/*.jpg", "现场照片", "2-up")


def test_a_folder_that_only_holds_folders_of_photos_is_no_section(tree: Tree) -> None:
    _, loaded = proposed(
        tree("1 质量月/启动/1.jpg", "1 质量月/启动/2.jpg", "1 质量月/巡查/1.jpg", "1 质量月/巡查/2.jpg")
    )
    assert named(loaded) == {"1": ["1 质量月/启动/*.jpg", "1 质量月/巡查/*.jpg"]}


@pytest.mark.parametrize("folder", ["照片[1]", "照片*"])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_photos_in_a_folder_that_a_pattern_cannot_name_are_named_one_by_one(tree: Tree, folder: str) -> None:
    _, loaded = proposed(tree("1-1 a/x.pdf", f"1-1 a/{folder}/1.jpg", f"1-1 a/{folder}/2.jpg"))
    assert named(loaded)["1-1"][1:] == [f"1-1 a/{folder}/1.jpg", f"1-1 a/{folder}/2.jpg"]


def test_what_only_calls_itself_a_photo_is_none(tree: Tree) -> None:
    root = tree("1-1 a/x.pdf", "1-1 a/照片/1.jpg", "1-1 a/照片/2.jpg")
    (root / "1-1 a/照片/2.jpg").write_bytes(b"%PDF-1.7\n")
    _, loaded = proposed(root)
    assert named(loaded)["1-1"][1:] == ["1-1 a/照片/1.jpg", "1-1 a/照片/2.jpg"]


@pytest.mark.parametrize(
    ("name", "proof"),
    [
        ("2023年政府工作报告.pdf", Proof(title="2023年政府工作报告")),
        ("01 通知.pdf", Proof(title="通知")),
        ("1-1-01 通知.pdf", Proof(title="通知")),
        ("（3）通知.pdf", Proof(title="（3）通知")),
        ("3、签到表.pdf", Proof(title="签到表")),
        ("2023-05-04 会议纪要.pdf", Proof(title="会议纪要", date=date(2023, 5, 4))),
        ("会议纪要（2023年5月4日）.pdf", Proof(title="会议纪要", date=date(2023, 5, 4))),
        ("会议纪要_20230504.pdf", Proof(title="会议纪要", date=date(2023, 5, 4))),
        ("办法（云府发〔2023〕6号）.docx", Proof(title="办法", number="云府发〔2023〕6号")),
        ("云府发[2023]第06号 办法.docx", Proof(title="办法", number="云府发〔2023〕6号")),
        ("市委会议纪要〔2023〕第7期.pdf", Proof(title="市委会议纪要〔2023〕第7期")),
        ("关于做好2023年工作的通知云府发〔2023〕6号.pdf", Proof(title="关于做好2023年工作的通知云府发〔2023〕6号")),
        ("2023-13-45.pdf", Proof(title="2023-13-45")),
        ("20230504.pdf", Proof(title="20230504", date=date(2023, 5, 4))),
        ("01.pdf", Proof(title="01")),
    ],
)
def test_title_number_and_date_are_read_off_the_name(name: str, proof: Proof) -> None:
    found = proof_of(f"1-1 甲/{name}")
    assert (found.title, found.number, found.date) == (proof.title, proof.number, proof.date)
    assert found.file == f"1-1 甲/{name}"


# --- what has no place ---------------------------------------------------------------------------------------------


def test_leftovers_are_left_out_and_said(tree: Tree) -> None:
    root = tree("1-1 a/x.pdf", "1-1 a/Thumbs.db", "1-1 a/~$通知.docx", ".git/config", "__MACOSX/1-1 a/x.pdf")
    proposal, loaded = proposed(root)
    assert sorted(proposal.left_out) == [".git", "1-1 a/Thumbs.db", "1-1 a/~$通知.docx", "__MACOSX/"]
    assert named(loaded) == {"1-1": ["1-1 a/x.pdf"]}
    assert "Thumbs" not in proposal.text


def test_files_without_an_item_are_listed_in_the_manifest_as_comments(tree: Tree) -> None:
    proposal, _ = proposed(tree("自评报告.docx", "一、甲/说明.pdf", "一、甲/1-1 子/a.pdf"))
    assert proposal.unplaced == (
        ("一、甲/说明.pdf", "lies beside the items of 1"),
        ("自评报告.docx", "lies in no item's folder"),
    )
    assert "#   自评报告.docx: lies in no item's folder\n" in proposal.text
    assert "#   一、甲/说明.pdf: lies beside the items of 1\n" in proposal.text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_what_cannot_be_named_is_said(tree: Tree) -> None:
    root = tree("1-1 a/x.pdf")
    (root / "1-1 a" / "two\nlines.pdf").write_bytes(b"")
    (root / "1-1 a" / " space.pdf ").write_bytes(b"")
    (root / "1-1 a" / "link.pdf").symlink_to("/etc/hostname")
    os.mkfifo(root / "1-1 a" / "pipe")
    proposal, loaded = proposed(root)
    assert len(proposal.unplaced) == 4
    assert named(loaded) == {"1-1": ["1-1 a/x.pdf"]}


def test_a_very_deep_tree_is_cut_off_and_said(tree: Tree) -> None:
    proposal, _ = proposed(tree("/".join(["1-1 a", *["d"] * 60, "x.pdf"]), "1-1 a/y.pdf"))
    assert [why for _, why in proposal.unplaced] == ["lies too deep in folders"]


@pytest.mark.parametrize("name", ["gone", "file.pdf", "empty"])
def test_a_folder_that_holds_nothing_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.pdf").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError):
        folders.propose(tmp_path / name, tmp_path / "dossier.yaml")


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..")
)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems forbid some names")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.lists(NAMES, min_size=1, max_size=3), min_size=1, max_size=5))
def test_any_names_give_a_manifest_that_loads(tmp_path: Path, names: list[list[str]]) -> None:
    root = tmp_path / "any"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for parts in names:
        path = root.joinpath(*parts)
        if not any(parent.is_file() for parent in (path, *path.parents)) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
    try:
        proposal, loaded = proposed(root)
    except UsageError as error:
        assert "holds neither" in error.message  # noqa: PT017 - the other outcome is a manifest
        return
    written = [file for files in named(loaded).values() for file in files]
    assert len(written) == proposal.proofs
    assert all((root / file).is_file() for file in written)
    everything = {path for path in root.rglob("*") if path.is_file()}
    assert len(written) + len(proposal.unplaced) + len(proposal.left_out) <= len(everything) + len(names)
    if not proposal.unplaced and not proposal.left_out:
        assert {root / file for file in written} == everything


# --- the sample ----------------------------------------------------------------------------------------------------


def files_of(loaded: Manifest) -> set[str]:
    return {entry.file or entry.files for item in loaded.leaves() for entry in item.evidence if not entry.see}


def test_the_samples_folder_gives_the_samples_items_and_evidence(tmp_path: Path) -> None:
    path = tmp_path / "dossier.yaml"
    proposal = folders.propose(SAMPLE / "quality-2023", path)
    loaded = folders.prove(proposal.text, path)
    sample = dossier.load(SAMPLE / "quality-2023.yaml")
    assert {item.id for item in loaded.leaves()} == {item.id for item in sample.leaves()}
    assert files_of(loaded) == files_of(sample)
    assert proposal.unplaced == (("自评报告.docx", "lies in no item's folder"),)
    numbers = {entry.file: entry.number for item in sample.leaves() for entry in item.evidence}
    read = {entry.file: entry.number for item in loaded.leaves() for entry in item.evidence if entry.number}
    assert len(read) == 3
    assert {file: numbers[file] for file in read} == read


# --- a manifest that is there --------------------------------------------------------------------------------------

NEW = {
    "1-2/补充 政府工作报告全文（2023年1月20日）.pdf": "1-2",
    "1-6/云委通〔2023〕3号 常委会补充通知.pdf": "1-6",
    "2-3/新增/复查记录.pdf": "2-3",
    "7-3 质量信息/信息.pdf": "7-3",
    "财政补充/x.pdf": "",
    "y.pdf": "",
}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Copy the sample and put files there that it does not name."""
    shutil.copytree(SAMPLE / "quality-2023", tmp_path / "quality-2023")
    for name in NEW:
        path = tmp_path / "quality-2023" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%PDF-1.7\n" + name.encode())
    return Path(shutil.copy(SAMPLE / "quality-2023.yaml", tmp_path))


def run(*arguments: Path | str) -> int:
    return cli.main(["init", *map(str, arguments)])


def test_new_files_are_matched_to_items_and_nothing_is_changed(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sample.read_bytes()
    assert run(sample.parent / "quality-2023", "-o", sample) == 0
    told = capsys.readouterr()
    for name, item in NEW.items():
        if item:
            assert f"{item}: {{file: {name}, " in told.out
        else:
            assert f"warning: {name} no item goes by its folder" in told.err
    assert "4 pieces of evidence that" in told.out
    assert sample.read_bytes() == before


def added(before: str, after: str) -> tuple[list[str], list[str]]:
    lines = list(difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True)))
    return [line[2:] for line in lines if line[0] == "+"], [line[2:] for line in lines if line[0] == "-"]


def test_add_writes_the_new_files_into_their_items_and_every_other_byte_stays(sample: Path) -> None:
    before = sample.read_text(encoding="utf-8")
    assert run(sample.parent / "quality-2023", "-o", sample, "--add") == 0
    plus, minus = added(before, sample.read_text(encoding="utf-8"))
    assert minus == []
    assert len(plus) == 4
    loaded, old = dossier.load(sample), dossier.load(SAMPLE / "quality-2023.yaml")
    for was, now in zip(old.leaves(), loaded.leaves(), strict=True):
        assert now.evidence[: len(was.evidence)] == was.evidence
        assert [entry.file for entry in now.evidence[len(was.evidence) :]] == [
            name for name, item in NEW.items() if item == now.id
        ]
    assert next(entry for item in loaded.leaves() for entry in item.evidence if "全文" in entry.file).date == date(
        2023, 1, 20
    )


def test_what_was_added_is_not_found_again(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(sample.parent / "quality-2023", "-o", sample, "--add")
    capsys.readouterr()
    run(sample.parent / "quality-2023", "-o", sample)
    assert capsys.readouterr().out.startswith("0 pieces of evidence")


def test_a_folder_in_the_sources_folder_can_be_named_alone(sample: Path) -> None:
    found = folders.match(sample.parent / "quality-2023" / "1-2", dossier.load(sample))
    assert [item for item, _ in found.proofs] == ["1-2"]


def test_a_folder_elsewhere_is_refused(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "else").mkdir()
    with pytest.raises(UsageError, match="does not lie in the sources folder"):
        folders.match(tmp_path / "else", dossier.load(sample))


@pytest.mark.parametrize(
    "items",
    [
        "- {id: 1-1, title: A}",
        "- {id: 1-1, title: A, evidence: [{file: 1-1 a/old.pdf}]}",
        "- id: 1-1\n  title: A",
        "- id: 1-1\n  title: A\n  evidence:\n  # none yet\n- {id: 9, title: B}",
        "- id: 1-1\n  title: A\n  evidence: []  # none yet",
        "- id: 1-1\n  title: A\n  evidence:\n    - file: 1-1 a/old.pdf\n      note: |\n        two\n"
        "\n# x\n- {id: 9, title: B}",
        "- id: 1-1\n  evidence:\n  - {file: 1-1 a/old.pdf}  # first\n  # a remark\n  title: A",
        "- id: 1-1\n  title: A\n  evidence:\n  - file: 1-1 a/old.pdf",
    ],
)
@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_evidence_is_added_to_manifests_of_any_shape(tree: Tree, items: str, end: str, newline: str) -> None:
    root = tree("1-1 a/old.pdf", "1-1 a/new.pdf", "1-1 a/new2.pdf")
    path = root.parent / "dossier.yaml"
    text = f"title: T\nsources: {root.name}\nitems:\n{items}{end}".replace("\n", newline)
    path.write_bytes(text.encode())
    wanted = ["new.pdf", "new2.pdf"] if "old" in items else ["new.pdf", "new2.pdf", "old.pdf"]
    assert run(root, "-o", path, "--add") == 0
    entries = [entry.file for entry in dossier.load(path).items[0].evidence]
    assert entries[-len(wanted) :] == [f"1-1 a/{name}" for name in wanted]
    after = path.read_bytes().decode()
    assert is_within(text, after)
    assert after.count("\r\n") == (after.count("\n") if newline == "\r\n" else 0)


@pytest.mark.parametrize("last", ["- file: 1-1 a/old.pdf", "- file: 1-1 a/old.pdf\n        note: |\n          two"])
def test_added_evidence_stands_right_behind_the_last_one(tree: Tree, last: str) -> None:
    root = tree("1-1 a/old.pdf", "1-1 a/new.pdf")
    path = root.parent / "dossier.yaml"
    head = f"title: T\nsources: {root.name}\nitems:\n  - id: 1-1\n    title: A\n    evidence:\n      {last}\n"
    tail = "\n  # What follows is about item 9.\n  - {id: 9, title: B}\n"
    path.write_text(head + tail, encoding="utf-8")
    assert run(root, "-o", path, "--add") == 0
    assert path.read_text(encoding="utf-8") == f"{head}      - {{file: 1-1 a/new.pdf, title: new}}\n{tail}"


def test_files_are_matched_by_what_lies_beside_them_and_by_titles(tree: Tree, tmp_path: Path) -> None:
    root = tree("甲/a.pdf", "甲/b.pdf", "乙/c.pdf", "共用/d.pdf", "共用/e.pdf", "共用/f.pdf", "质量 目标/g.pdf")
    items = (
        "[{id: X, title: 一, evidence: [{file: 甲/a.pdf}, {file: 共用/d.pdf}]}, "
        "{id: Y, title: 质量目标, evidence: [{file: 共用/e.pdf}]}]"
    )
    path = tmp_path / "dossier.yaml"
    path.write_text(f"title: T\nsources: {root.name}\nitems: {items}\n", encoding="utf-8")
    found = folders.match(root, dossier.load(path))
    assert {proof.file: item for item, proof in found.proofs} == {"甲/b.pdf": "X", "质量 目标/g.pdf": "Y"}
    assert dict(found.unplaced) == {
        "乙/c.pdf": "no item goes by its folder",
        "共用/f.pdf": "items X, Y have evidence in its folder",
    }


def test_new_photos_are_one_piece_of_evidence_where_they_have_a_folder_of_their_own(tree: Tree, tmp_path: Path) -> None:
    root = tree("1-1 a/1.jpg", "1-1 a/2.jpg", "1-1 a/现场/3.jpg", "1-1 a/现场/4.jpg")
    path = tmp_path / "dossier.yaml"
    path.write_text(f"title: T\nsources: {root.name}\nitems: [{{id: 1-1, title: A}}]\n", encoding="utf-8")
    found = folders.match(root, dossier.load(path))
    assert [proof.name for _, proof in found.proofs] == ["1-1 a/1.jpg", "1-1 a/2.jpg", "1-1 a/现场/*.jpg"]


def is_within(before: str, after: str) -> bool:
    """Say whether all characters of the text before are there after, in order."""
    rest: Iterable[str] = iter(after)
    return all(character in rest for character in before)


# --- the command ---------------------------------------------------------------------------------------------------


def test_the_command_writes_a_manifest_that_can_be_checked(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tree("1-1 质量目标/1.jpg", "1-2 经费/", "Thumbs.db")
    monkeypatch.chdir(tmp_path)
    assert run("材料", "--title", "2023年材料") == 0
    told = capsys.readouterr()
    assert "dossier.yaml: items: 2, evidence: 1" in told.out
    assert "left out: Thumbs.db" in told.err
    assert dossier.load("dossier.yaml").title == "2023年材料"
    report = dossier.check("dossier.yaml")
    assert [problem.code for problem in report.problems if problem.severity == "error"] == ["no-evidence"]
    assert {path.name for path in tmp_path.iterdir()} == {"材料", "dossier.yaml"}


def test_the_manifest_may_lie_elsewhere(tree: Tree, tmp_path: Path) -> None:
    root = tree("1-1 a/x.pdf")
    (tmp_path / "m").mkdir()
    assert run(root, "-o", tmp_path / "m" / "q.yaml") == 0
    loaded = dossier.load(tmp_path / "m" / "q.yaml")
    assert (loaded.root / loaded.items[0].evidence[0].file).is_file()
    assert loaded.sources == "../材料"


def test_add_without_a_manifest_is_a_mistake(tree: Tree, tmp_path: Path) -> None:
    assert run(tree("1-1 a/x.pdf"), "-o", tmp_path / "q.yaml", "--add") == 2
    assert not (tmp_path / "q.yaml").exists()


def test_a_broken_manifest_is_not_written_over(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text("title: [", encoding="utf-8")
    assert run(tree("1-1 a/x.pdf"), "-o", tmp_path / "q.yaml") == 2
    assert (tmp_path / "q.yaml").read_text(encoding="utf-8") == "title: ["


def test_a_manifest_in_a_folder_that_is_not_there_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"nowhere.dossier\.yaml cannot be written") as caught:
        folders.prove("title: x\n", tmp_path / "nowhere" / "dossier.yaml")
    assert "another place" in caught.value.fix
