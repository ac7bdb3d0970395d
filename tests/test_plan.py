"""Every source is found, or what keeps it out is said, with its place, a remedy and whom to ask; never silence."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeDocx, MakeManifest, MakePdf, MakePhoto

from dossier import manifest, sources
from dossier.errors import Problem
from dossier.manifest import Manifest
from dossier.plan import Plan, PlannedEvidence, plan, worst
from dossier.sources import Kind, PhotoSheets

# What every machine can convert, and no more: what else there is depends on the machine.
ACCEPTED = frozenset({Kind.PDF, Kind.DOCX, Kind.JPEG, Kind.PNG, Kind.TIFF, Kind.WEBP, Kind.BMP, Kind.GIF})
Evidence = dict[str, list[dict[str, Any]]]
MakePlan = Callable[..., Plan]


@pytest.fixture
def make_plan(make_manifest: MakeManifest) -> MakePlan:
    """Return a function that plans a manifest of the evidence given."""

    def make(evidence: Evidence | None = None, **keys: Any) -> Plan:
        return plan(manifest.load(make_manifest(evidence or {"1": []}, **keys)), ACCEPTED)

    return make


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a file into the sources folder."""

    def write(name: str, data: bytes = b"%PDF-1.7\n") -> Path:
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return write


Put = Callable[..., Path]


def only(planned: Plan) -> PlannedEvidence:
    [evidence] = planned.evidence()
    return evidence


def the_problem(planned: Plan, code: str) -> Problem:
    [problem] = [problem for problem in planned.problems if problem.code == code]
    return problem


def line_of(planned: Plan, text: str) -> str:
    """Return where the manifest holds ``text``, as problems write it."""
    path = planned.manifest.path
    lines = path.read_text(encoding="utf-8").splitlines()
    [number] = [number for number, line in enumerate(lines, start=1) if text in line]
    return f"{path}:{number}"


# --- what is bound -------------------------------------------------------------------------------------------------


def test_a_source_is_found_hashed_and_recognised(make_plan: MakePlan, put: Put) -> None:
    path = put("1-1/规划.pdf")

    proof = only(make_plan({"1-1": [{"file": "1-1/规划.pdf", "title": "规划"}]}))

    [source] = proof.files
    assert (source.path, source.name, source.kind) == (path, "1-1/规划.pdf", Kind.PDF)
    assert source.sha256 == sources.sha256_of(path)
    assert (proof.id, proof.title, proof.status, proof.problems) == ("1-1-01", "规划", "bound", ())


def test_a_pattern_binds_its_files_in_natural_order(make_plan: MakePlan, put: Put) -> None:
    for name in ("照片10.pdf", "照片9.pdf", "照片1.pdf"):
        put(f"1-1/{name}")
    proof = only(make_plan({"1-1": [{"files": "1-1/*.pdf"}]}))
    assert [source.name for source in proof.sources] == ["1-1/照片1.pdf", "1-1/照片9.pdf", "1-1/照片10.pdf"]


@pytest.mark.parametrize(
    ("entry", "title"),
    [
        ({"file": "1-1/规划纲要.pdf"}, "规划纲要"),
        ({"file": "1-1/a.pdf", "title": "规划"}, "规划"),
        ({"files": "1-1/现场/*.pdf"}, "现场"),
        ({"files": "1-1/现场*/**/*.pdf"}, "1-1"),
        ({"files": "*.pdf"}, "*.pdf"),
    ],
)
def test_a_title_that_is_left_out_comes_from_the_name(make_plan: MakePlan, entry: dict[str, str], title: str) -> None:
    assert only(make_plan({"1": [entry]})).title == title


def test_items_know_their_level_their_section_and_what_is_above_them(make_plan: MakePlan) -> None:
    items = [
        {"id": "1", "title": "甲", "items": [{"id": "1-1", "title": "叶"}, {"id": "1-2", "title": "叶"}]},
        {"id": "2", "title": "乙", "items": [{"id": "2-1", "title": "丙", "items": [{"id": "2-1-1", "title": "叶"}]}]},
    ]
    found = {
        planned.item.id: (planned.level, planned.section, planned.ancestors, planned.leaf)
        for planned in make_plan(items=items).items
    }
    assert found == {
        "1": (1, 1, (), False),
        "1-1": (2, 1, ("甲",), True),
        "1-2": (2, 1, ("甲",), True),
        "2": (1, 2, (), False),
        "2-1": (2, 2, ("乙",), False),
        "2-1-1": (3, 2, ("乙", "丙"), True),
    }


def test_a_citation_has_no_sources_and_no_problems_of_its_own(make_plan: MakePlan) -> None:
    planned = make_plan({"1": [{"file": "gone.pdf"}], "2": [{"see": "1-01"}]})

    cited, citing = planned.evidence()

    assert (cited.status, citing.status) == ("missing", "cited")
    assert (citing.sources, citing.problems) == ((), ())


def test_a_document_of_the_offices_own_is_found(make_plan: MakePlan, put: Put, make_docx: MakeDocx) -> None:
    pdf, docx = put("报告.pdf"), make_docx("sources/附录.docx")
    planned = make_plan(front=["cover", {"file": "报告.pdf", "title": "报告"}], back=[{"file": "附录.docx"}])
    assert {name: document.path for name, document in planned.documents.items()} == {"报告.pdf": pdf, "附录.docx": docx}


# --- what is not ---------------------------------------------------------------------------------------------------

WHATEVER = b"\x80\0\x81"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0"


def deny(path: Path, patch: pytest.MonkeyPatch) -> None:
    """Let reading a file fail as if its permissions forbade it; root may read everything."""
    real = Path.open

    def open_(self: Path, *arguments: Any, **options: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *arguments, **options)

    patch.setattr(Path, "open", open_)


@pytest.fixture
def broken(put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put sources there that each cannot be bound for another reason."""
    put("1-1/empty.pdf", b"")
    put("1-1/old.doc", OLE)
    put("1-1/photo.heic", HEIC)
    put("1-1/any.bin", WHATEVER)
    put("1-1/note.txt", b"text")
    put("1-1/folder/a.pdf")
    put("1-1/whole.pdf")
    deny(put("1-1/denied.pdf"), monkeypatch)
    put("../outside.pdf")
    (tmp_path / "sources" / "link.pdf").symlink_to(tmp_path / "outside.pdf")
    (tmp_path / "sources" / "dangling.pdf").symlink_to("nowhere.pdf")


BROKEN = [
    ("1-1/nothing-like-it.pdf", "missing-source", "missing", "is not there", "ask 发展改革局 for the file"),
    (
        "1-1/whale.pdf",
        "missing-source",
        "missing",
        "is not there",
        "mean 1-1/whole.pdf? If not, ask 发展改革局",
    ),
    ("1-1/*.pdf", "missing-source", "missing", "is not there", "write `files: 1-1/*.pdf`"),
    ("1-1/folder", "missing-source", "missing", "is a folder", "`files: 1-1/folder/*`"),
    ("dangling.pdf", "missing-source", "missing", "is a link to a file that is not there", "ask 发展改革局"),
    ("1-1/denied.pdf", "unreadable-source", "refused", "Permission denied", "or ask 发展改革局 to send it again"),
    ("1-1/empty.pdf", "unsupported-kind", "refused", "is an empty file", "ask 发展改革局 to send it again"),
    ("1-1/old.doc", "unsupported-kind", "refused", "is an old Office (DOC", "install LibreOffice"),
    ("1-1/photo.heic", "unsupported-kind", "refused", "is a HEIC or AVIF file", "or ask 发展改革局 for such a file"),
    ("1-1/any.bin", "unsupported-kind", "refused", "is an unknown kind of file", "or ask 发展改革局 for such a file"),
    ("1-1/note.txt", "unsupported-kind", "refused", "is a text file", "or ask 发展改革局 for such a file"),
    ("link.pdf", "refused-path", "refused", "leads out of the sources folder", "move the file into the sources folder"),
    ("../outside.pdf", "refused-path", "refused", "climbs out", "move the file into the sources folder"),
    ("/outside.pdf", "refused-path", "refused", "is an absolute path", "move the file into the sources folder"),
    ("C:\\outside.pdf", "refused-path", "refused", "is an absolute path", "move the file into the sources folder"),
]


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(("file", "code", "status", "message", "fix"), BROKEN)
def test_a_file_that_cannot_be_bound_is_reported(
    make_plan: MakePlan, file: str, code: str, status: str, message: str, fix: str
) -> None:
    items = [{"id": "1-1", "title": "规划", "unit": "发展改革局", "evidence": [{"file": file, "title": "标题"}]}]

    planned = make_plan(items=items)

    proof = only(planned)
    [problem] = proof.problems
    assert (problem.code, problem.severity) == (code, "error")
    assert (problem.item, problem.evidence) == ("1-1", "1-1-01")
    assert problem.where == line_of(planned, "file:")
    assert Path(file.replace("\\", "/")).name in problem.message
    assert message in problem.message
    assert fix in problem.fix
    assert (proof.sources, proof.status, planned.items[0].status) == ((), status, status)
    assert problem in planned.problems


def test_without_a_unit_the_remedy_still_reads_well(make_plan: MakePlan, put: Put) -> None:
    put("empty.pdf", b"")
    items = [{"id": "1", "title": "规划", "evidence": [{"file": "empty.pdf"}, {"file": "gone.docx"}, {"files": "*.x"}]}]

    fixes = [problem.fix for proof in make_plan(items=items).evidence() for problem in proof.problems]

    assert fixes == [
        "ask the unit to send it again: it holds not a single byte",
        "put the file there, or correct the path",
        "ask the unit for the files, or correct the pattern",
    ]


def test_what_can_be_bound_of_a_pattern_is_bound_and_the_rest_reported(make_plan: MakePlan, put: Put) -> None:
    put("1.pdf")
    put("2.pdf", b"")
    put("3.pdf")

    proof = only(make_plan({"1": [{"files": "*.pdf"}]}))

    assert [source.name for source in proof.sources] == ["1.pdf", "3.pdf"]
    assert [problem.message for problem in proof.problems] == ["2.pdf is an empty file, which cannot be bound"]
    assert proof.status == "refused"


@pytest.mark.parametrize(
    ("pattern", "code", "message"),
    [
        ("1-1/*.jpg", "missing-source", "no file matches 1-1/*.jpg"),
        (".", "missing-source", "no file matches ."),
        ("../*.pdf", "refused-path", "climbs out"),
        ("/etc/*", "refused-path", "absolute path"),
        ("link/*.pdf", "refused-path", "symbolic link"),
        ("a**/b.pdf", "refused-path", "a**/b.pdf"),
    ],
)
def test_a_pattern_that_gives_nothing_is_reported(
    make_plan: MakePlan, put: Put, tmp_path: Path, pattern: str, code: str, message: str
) -> None:
    put("../elsewhere/secret.pdf")
    put("1-1/a.pdf")
    (tmp_path / "sources" / "link").symlink_to(tmp_path / "elsewhere")
    if pattern.startswith("a**") and sys.version_info >= (3, 13):
        pytest.skip("Python from 3.13 on takes ** inside a name for *")

    planned = make_plan({"1": [{"files": pattern, "title": "标题"}]})

    [problem] = only(planned).problems
    assert (problem.code, problem.severity, problem.where) == (code, "error", line_of(planned, "files:"))
    assert message in problem.message
    assert problem.fix


def test_nothing_outside_is_read_through_a_pattern(
    make_plan: MakePlan, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("1-1/a.pdf")
    deny(put("../elsewhere/secret.pdf"), monkeypatch)
    (tmp_path / "sources" / "link").symlink_to(tmp_path / "elsewhere")

    proof = only(make_plan({"1": [{"files": "*/*.pdf"}]}))

    assert [source.name for source in proof.sources] == ["1-1/a.pdf"]
    assert [problem.code for problem in proof.problems] == ["refused-path"]
    assert "link/secret.pdf" in proof.problems[0].message


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps names that are not Unicode")
def test_a_name_that_is_not_utf8_is_reported_so_that_it_can_be_printed(make_plan: MakePlan, put: Put) -> None:
    put(os.fsdecode("1-1/照片.pdf".encode("gb18030")))
    put(os.fsdecode("1-2/会议.pdf".encode("gb18030")))

    planned = make_plan({"1": [{"files": "1-1/*"}]})

    assert [problem.code for problem in planned.problems] == ["refused-path", "unused-source"]
    text = "\n".join(map(str, planned.problems))
    assert text.encode("utf-8")
    assert "1-1/照片.pdf has a name that is not plain text → rename the file" in text
    assert "1-2/会议.pdf lies in the sources folder" in text


@pytest.mark.parametrize("name", ["~$方案.docx", "Thumbs.db"])
def test_a_leftover_that_is_named_is_not_left_out_silently(make_plan: MakePlan, put: Put, name: str) -> None:
    put(f"1-1/{name}", WHATEVER)

    for key in ("file", "files"):
        [problem] = only(make_plan({"1": [{key: f"1-1/{name}"}]})).problems
        assert problem.code == "unsupported-kind"
        assert name in problem.message


def test_a_pattern_leaves_leftovers_out_without_a_word(make_plan: MakePlan, put: Put) -> None:
    put("1-1/a.pdf")
    put("1-1/~$a.docx", WHATEVER)
    put("1-1/Thumbs.db", WHATEVER)
    assert make_plan({"1": [{"files": "1-1/*"}]}).problems == ()


def test_a_sources_folder_that_is_not_there_is_named(make_plan: MakePlan, tmp_path: Path) -> None:
    planned = make_plan({"1": [{"file": "a.pdf"}, {"files": "*.pdf"}]}, sources="quality-2032")
    fixes = {problem.fix for problem in planned.problems}
    assert fixes == {f"correct `sources`: the folder {tmp_path / 'quality-2032'} is not there"}


# --- warnings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("a.pdf", False),
        ("a.PDF", False),
        ("a", False),
        ("a.jpg", True),
        ("a.docx", True),
        ("a.pdf.bak", True),
    ],
)
def test_a_wrong_extension_is_reported_and_the_file_bound(
    make_plan: MakePlan, put: Put, name: str, warned: bool
) -> None:
    put(name)

    planned = make_plan({"1": [{"file": name}]})

    assert len(only(planned).sources) == 1
    assert only(planned).status == "bound"
    codes = [(problem.code, problem.severity) for problem in planned.problems]
    assert codes == ([("misnamed-source", "warning")] if warned else [])
    assert all(f"{name} is a PDF file whatever its name says" in problem.message for problem in planned.problems)


def test_usual_extensions_of_every_accepted_kind_are_not_remarked_upon(
    make_plan: MakePlan, make_pdf: MakePdf, make_docx: MakeDocx, make_photo: MakePhoto
) -> None:
    make_pdf("sources/a.pdf")
    make_docx("sources/a.docx")
    for suffix in ("jpg", "jpeg", "JPG", "png", "tif", "tiff", "webp", "bmp", "gif"):
        make_photo(f"sources/{suffix}.{suffix}")

    planned = make_plan({"1": [{"files": "*"}]})

    assert planned.problems == ()
    assert {source.kind for source in only(planned).files} == ACCEPTED


# --- photo sheets --------------------------------------------------------------------------------------------------


def sheets_of(proof: PlannedEvidence) -> list[tuple[list[str], list[str]]]:
    return [
        ([file.name for file in source.files], list(source.captions))
        for source in proof.sources
        if isinstance(source, PhotoSheets)
    ]


def test_photos_with_a_layout_share_sheets_and_keep_their_order(
    make_plan: MakePlan, make_photo: MakePhoto, put: Put
) -> None:
    for number in (1, 2, 10):
        make_photo(f"sources/{number}.jpg")
    put("3.pdf")

    proof = only(make_plan({"1": [{"files": "*", "layout": "2-up", "captions": "现场", "rotate": 90}]}))

    assert [source.name for source in proof.sources] == ["1.jpg and 1 more", "3.pdf", "10.jpg"]
    assert sheets_of(proof) == [(["1.jpg", "2.jpg"], ["现场"] * 2), (["10.jpg"], ["现场"])]
    assert {s.layout for s in proof.sources if isinstance(s, PhotoSheets)} == {"2-up"}
    assert [file.name for file in proof.files] == ["1.jpg", "2.jpg", "3.pdf", "10.jpg"]
    assert [s.turn for s in proof.sources if isinstance(s, PhotoSheets)] == [90, 90]


def test_a_list_of_captions_goes_to_the_photos_in_order(make_plan: MakePlan, make_photo: MakePhoto) -> None:
    for name in ("1.jpg", "2.png"):
        make_photo(f"sources/{name}")
    planned = make_plan({"1": [{"files": "*", "layout": "4-up", "captions": ["签到", {"occasion": "座谈"}]}]})
    assert sheets_of(only(planned)) == [(["1.jpg", "2.png"], ["签到", "{time} 座谈"])]
    assert planned.problems == ()


@pytest.mark.parametrize("captions", [["甲", "乙"], ["甲", "乙", "丙", "丁"]])
def test_captions_that_do_not_match_the_photos_are_said(
    make_plan: MakePlan, make_photo: MakePhoto, captions: list[str]
) -> None:
    for number in (1, 2, 3):
        make_photo(f"sources/{number}.jpg")
    planned = make_plan({"1": [{"files": "*.jpg", "captions": captions}]})
    problem = the_problem(planned, "caption-count")
    assert problem.severity == "warning"
    assert f"{len(captions)} captions for 3 photos of *.jpg" in problem.message
    [(_, written)] = sheets_of(only(planned))
    assert written == [*captions, "{time}"][:3]


@pytest.mark.parametrize(("key", "value"), [("captions", "甲"), ("layout", "2-up")])
def test_what_is_no_photo_is_bound_as_it_is_and_that_is_said(
    make_plan: MakePlan, make_photo: MakePhoto, key: str, value: str
) -> None:
    make_photo("sources/scan.tif")
    planned = make_plan({"1": [{"file": "scan.tif", key: value}]})
    problem = the_problem(planned, "no-effect")
    assert f"`{key}`" in problem.message
    assert "scan.tif" in problem.message
    assert [source.name for source in only(planned).sources] == ["scan.tif"]


def test_photos_without_a_caption_say_when_they_were_taken(make_plan: MakePlan, make_photo: MakePhoto) -> None:
    make_photo("sources/1.jpg")
    [sheets] = only(make_plan({"1": [{"file": "1.jpg", "layout": "1-up"}]})).sources
    assert isinstance(sheets, PhotoSheets)
    assert (sheets.captions, sheets.layout) == (("{time}",), "1-up")


def test_many_photos_are_laid_out_some_at_a_time(make_plan: MakePlan, make_photo: MakePhoto, tmp_path: Path) -> None:
    one = make_photo("sources/1.jpg").read_bytes()
    for number in range(2, 51):
        (tmp_path / "sources" / f"{number}.jpg").write_bytes(one)
    proof = only(make_plan({"1": [{"files": "*.jpg", "layout": "6-up"}]}))
    assert [len(source.files) for source in proof.sources] == [24, 24, 2]
    assert [file.name for file in proof.files] == [f"{number}.jpg" for number in range(1, 51)]


def unused(planned: Plan) -> list[str]:
    assert all(problem.severity == "warning" and problem.fix for problem in planned.unused)
    return [problem.message.split(" lies in")[0] for problem in planned.unused]


def test_files_that_nothing_names_are_reported_in_order(make_plan: MakePlan, put: Put) -> None:
    put("1-1/a.pdf")
    put("1-1/b.pdf")
    put("0.pdf")
    put("2-1/more/c.xlsx")
    planned = make_plan({"1": [{"file": "1-1/a.pdf"}]})
    assert unused(planned) == ["0.pdf", "1-1/b.pdf", "2-1/more/c.xlsx"]


@pytest.mark.parametrize(
    "entry",
    [
        {"file": "1-1/a.xlsx"},
        {"file": "./1-1//a.xlsx"},
        {"file": "1-1\\a.xlsx"},
        {"files": "1-1/*"},
        {"files": "1-1\\*.xlsx"},
    ],
)
def test_a_file_that_is_named_but_refused_is_not_called_unused(
    make_plan: MakePlan, put: Put, entry: dict[str, str]
) -> None:
    put("1-1/a.xlsx", WHATEVER)
    planned = make_plan({"1": [entry]})
    assert [problem.code for problem in planned.problems] == ["unsupported-kind"]


def test_a_document_that_is_refused_is_not_called_unused(make_plan: MakePlan, put: Put) -> None:
    put("report.txt", b"text")
    assert unused(make_plan(front=[{"file": "report.txt"}])) == []


def test_neither_a_link_nor_what_it_leads_to_is_unused(make_plan: MakePlan, put: Put, tmp_path: Path) -> None:
    put("store/a.pdf")
    put("store/b.xlsx", WHATEVER)
    (tmp_path / "sources" / "a.pdf").symlink_to(Path("store", "a.pdf"))
    (tmp_path / "sources" / "1-1").symlink_to("store")
    for named in ({"file": "./a.pdf"}, {"files": "*.pdf"}):
        assert unused(make_plan({"1": [named, {"file": "1-1/b.xlsx"}]})) == []


def test_leftovers_and_hidden_folders_are_not_called_unused(make_plan: MakePlan, put: Put) -> None:
    for name in ("1-1/~$a.docx", "1-1/Thumbs.db", ".DS_Store", ".git/config"):
        put(name, WHATEVER)
    assert unused(make_plan()) == []


def test_beside_the_manifest_the_projects_own_files_are_not_called_unused(
    make_plan: MakePlan, put: Put, make_docx: MakeDocx
) -> None:
    put("../build/dossier/binder.pdf")
    put("../history/1.json")
    put("../other.yaml", b"title: x")
    put("../a.pdf")
    put("../1-1/build/b.pdf")
    make_docx("look/cover.docx")
    assert unused(make_plan(sources=".", template_set="look")) == ["a.pdf", "1-1/build/b.pdf"]


def test_in_a_folder_of_their_own_such_names_are_sources_like_any(make_plan: MakePlan, put: Put) -> None:
    put("build/a.pdf")
    put("b.yaml", b"title: x")
    assert unused(make_plan()) == ["b.yaml", "build/a.pdf"]


def test_a_folder_that_cannot_be_looked_into_is_reported(
    make_plan: MakePlan, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = put("1-1/a.pdf").parent
    real = os.scandir

    def scandir(path: Any = ".") -> Iterator[os.DirEntry[str]]:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(closed))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    problem = the_problem(make_plan(), "unreadable-folder")
    assert problem.severity == "warning"
    assert str(closed) in problem.message
    assert "Permission denied" in problem.message


# --- items and documents -------------------------------------------------------------------------------------------


def test_an_item_without_evidence_is_missing_and_says_whom_to_ask(make_plan: MakePlan) -> None:
    planned = make_plan(items=[{"id": "1-2", "title": "工作报告", "unit": "市场监管局"}])

    [item] = planned.items
    [problem] = item.problems
    assert (problem.code, item.status, problem.item) == ("no-evidence", "missing", "1-2")
    assert problem.where == line_of(planned, "id: 1-2")
    assert "工作报告" in problem.message
    assert "ask 市场监管局" in problem.fix


def test_roles_that_nothing_fills_are_each_reported(make_plan: MakePlan, put: Put) -> None:
    put("a.pdf")
    evidence = [{"file": "a.pdf", "role": "通知"}]
    requires = ["通知", "签到表", "纪要"]

    planned = make_plan(items=[{"id": "1", "title": "会议", "requires": requires, "evidence": evidence}])

    [item] = planned.items
    assert [problem.code for problem in item.problems] == ["missing-role", "missing-role"]
    assert ["签到表" in item.problems[0].message, "纪要" in item.problems[1].message] == [True, True]
    assert item.problems[0].fix == "add the file and give it `role: 签到表`"
    assert item.status == "missing"


def test_a_citation_may_fill_a_role(make_plan: MakePlan, put: Put) -> None:
    put("a.pdf")
    items = [
        {"id": "1", "title": "会议", "evidence": [{"file": "a.pdf"}]},
        {"id": "2", "title": "会议", "requires": ["通知"], "evidence": [{"see": "1-01", "role": "通知"}]},
    ]
    assert make_plan(items=items).problems == ()


def test_what_is_not_applicable_needs_no_proof(make_plan: MakePlan) -> None:
    planned = make_plan(items=[{"id": "1", "title": "水利", "not_applicable": "无在建工程", "requires": ["通知"]}])
    assert planned.problems == ()
    assert planned.items[0].status == "not-applicable"


def test_a_section_answers_for_its_own_problems_only(make_plan: MakePlan) -> None:
    planned = make_plan(items=[{"id": "1", "title": "甲", "items": [{"id": "1-1", "title": "乙"}]}])
    assert [item.status for item in planned.items] == ["complete", "missing"]


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(
    ("file", "code", "message"),
    [
        ("gone.docx", "missing-source", "gone.docx is not there"),
        ("1-1/whale.pdf", "missing-source", "1-1/whale.pdf is not there"),
        ("1-1/folder", "missing-source", "is a folder"),
        ("1-1/denied.pdf", "unreadable-source", "Permission denied"),
        ("1-1/note.txt", "unsupported-kind", "is a text file; front and back matter is Word or PDF"),
        ("link.pdf", "refused-path", "symbolic link"),
        ("../outside.pdf", "refused-path", "climbs out"),
        ("/outside.pdf", "refused-path", "is an absolute path"),
    ],
)
def test_a_document_that_cannot_be_bound_is_reported(make_plan: MakePlan, file: str, code: str, message: str) -> None:
    planned = make_plan(front=["cover", {"file": file, "title": "报告"}])

    document = planned.documents[file]
    [problem] = document.problems
    assert document.path is None
    assert (problem.code, problem.severity, problem.where) == (code, "error", line_of(planned, f"file: {file}"))
    assert message in problem.message
    assert problem.fix
    assert problem in planned.problems


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ([], ""),
        (["missing-source"], "missing"),
        (["no-evidence"], "missing"),
        (["missing-role"], "missing"),
        (["unsupported-kind"], "refused"),
        (["page-range", "missing-source"], "missing"),
        (["encrypted-source", "refused-path"], "refused"),
    ],
)
def test_what_is_missing_weighs_more_than_what_is_refused(codes: list[str], status: str) -> None:
    assert worst([Problem(code, "", "") for code in codes]) == status


def test_warnings_do_not_make_anything_incomplete() -> None:
    assert worst([Problem("missing-source", "", "", "warning"), Problem("refused-path", "", "", "info")]) == ""


def test_problems_come_in_the_order_of_the_book(make_plan: MakePlan, put: Put) -> None:
    put("unused.pdf")
    planned = make_plan(
        {"1": [{"file": "gone-1.pdf"}], "2": [], "3": [{"file": "gone-3.pdf"}]},
        front=[{"file": "gone-0.docx"}],
        units={"Somebody": {}},
    )
    assert [problem.code for problem in planned.problems] == [
        *["unknown-unit"] * 3,
        "missing-source",
        "missing-source",
        "no-evidence",
        "missing-source",
        "unused-source",
    ]
    assert [problem.message[:6] for problem in planned.problems if problem.code == "missing-source"] == [
        "gone-0",
        "gone-1",
        "gone-3",
    ]


def test_planning_writes_nothing(make_plan: MakePlan, put: Put, tmp_path: Path) -> None:
    put("a.pdf")
    loaded: Manifest = make_plan({"1": [{"files": "*"}]}).manifest
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    plan(loaded, ACCEPTED)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_citation_without_a_title_has_that_of_what_it_cites(make_plan: MakePlan, put: Put) -> None:
    put("纪要.pdf")

    planned = make_plan({"1": [{"file": "纪要.pdf", "title": "会议纪要"}], "2": [{"see": "1-01"}]})

    assert [proof.title for proof in planned.evidence()] == ["会议纪要", "会议纪要"]


@pytest.mark.parametrize(("name", "bound"), [("a.txt", True), ("a", True), ("a.pdf", False), ("a.jpg", False)])
def test_text_that_is_named_otherwise_is_not_taken_for_what_was_meant(
    make_manifest: MakeManifest, put: Put, name: str, bound: bool
) -> None:
    put(name, b"it is not what it was")

    planned = plan(manifest.load(make_manifest({"1": [{"file": name}]})), ACCEPTED | {Kind.TEXT})

    assert [problem.code for problem in planned.problems] == ([] if bound else ["damaged-source"])
