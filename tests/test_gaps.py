"""Letters, workbook and summary say what the sample owes once fifteen of its proofs are removed, misdated or broken."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest
from conftest import MakeManifest, MakePdf
from docx import Document

from dossier import cli, gaps
from dossier.check import check
from dossier.convert import libreoffice
from dossier.errors import OutputError, TemplateError
from dossier.gaps import Gaps
from dossier.template_sets import find_set

SAMPLE = Path(__file__).resolve().parent.parent / "manifests"
TODAY = date(2023, 12, 15)


# --- the sample, spoiled in fifteen places -------------------------------------------------------------------------


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(b"\x00\x01\x02 no file of any kind")


def lock(path: Path) -> None:
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.save(path, encryption=pikepdf.Encryption(user="secret", owner="owner"))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:600])


REMOVED = {
    "1-2-01": ("2023年云岭市政府工作报告（节选）.pdf", "市场监管局"),
    "1-6-04": ("常委会会议签到表.jpg", "市政府办"),
    "2-1-02": ("2023年工业产品质量监督抽查结果统计表.pdf", "市场监管局"),
    "3-4-01": ("2023年农产品质量安全例行监测结果汇总表.pdf", "农业农村局"),
    "3-4-02": ("蔬菜基地抽样现场.jpg", "农业农村局"),
    "7-1-02": ("“质量月”启动仪式签到表.jpg", "质强办"),
}
BROKEN: dict[str, tuple[str, str, Callable[[Path], None], str]] = {
    "1-8-02": ("2023年质量工作经费和人员保障情况表.pdf", "财政局", lock, "encrypted-source"),
    "2-5-01": ("2023年产品质量安全风险监测工作报告.docx", "市场监管局", cut, "damaged-source"),
    "4-2-01": ("2023年建设工程竣工验收备案一览表.pdf", "住房城乡建设局", empty, "unsupported-kind"),
    "4-3-02": ("桥梁工程质量抽检现场.jpg", "交通运输局", garble, "unsupported-kind"),
    "5-4-01": ("云岭市检验检测机构名录（2023年）.pdf", "市场监管局", garble, "unsupported-kind"),
}
MISDATED = {
    "1-3-01": ("date: 2023-03-15", "date: 2022-03-15", "市场监管局"),
    "2-6-02": ("title: 2023年质量违法犯罪案件查办情况统计表\n", "", "公安局"),
    "4-5-01": ("date: 2023-12-05", "date: 2024-12-05", "商务局"),
    "7-3-01": ("date: 2023-10-12", "date: 2021-10-12", "质强办"),
}
# 2-5 cites 2-1-02, and 2-7 cites 2-5-01: what a citation lacks is at risk there, too.
AT_RISK = {
    "市场监管局": {"1-2": "1", "2-1": "5.5", "2-5": "3", "2-7": "3", "5-4": "2"},
    "市政府办": {"1-6": "4"},
    "农业农村局": {"3-4": "3"},
    "质强办": {"7-1": "2"},
    "财政局": {"1-8": "2"},
    "住房城乡建设局": {"4-2": "2"},
    "交通运输局": {"4-3": "2"},
}


def spoiled(folder: Path) -> Path:
    """Copy the sample with six proofs removed, five broken and four dated outside the period; return its manifest."""
    shutil.copytree(SAMPLE / "quality-2023", folder / "quality-2023")
    path = folder / "quality-2023.yaml"
    text = (SAMPLE / "quality-2023.yaml").read_text(encoding="utf-8")
    for id, (old, new, _) in MISDATED.items():
        text = redated(text, id, old, new)
    path.write_text(text, encoding="utf-8")
    for id, (name, _) in REMOVED.items():
        remove(folder / "quality-2023" / id[:3] / name)
    for id, (name, _, spoil, _) in BROKEN.items():
        spoil(folder / "quality-2023" / id[:3] / name)
    return path


def redated(text: str, id: str, old: str, new: str) -> str:
    """Change the date of evidence in a manifest's text, in the lines of its item."""
    start = text.index(f"- id: {id[:3]}\n")
    end = text.find("      - id: ", start + 1)
    block = text[start : end if end > 0 else len(text)]
    if not new:  # the last date of its item
        dates = list(re.finditer(r"date: 2023-(\d\d-\d\d)", block))
        at = dates[-1]
        return text.replace(block, f"{block[: at.start()]}date: 2020-{at[1]}{block[at.end() :]}")
    assert block.count(old) == 1
    return text.replace(block, block.replace(old, new))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Gaps:
    folder = tmp_path_factory.mktemp("spoiled")
    return gaps.write(check(spoiled(folder)), folder / "gaps", today=TODAY)


def debts(found: Gaps) -> Iterator[tuple[str, str, str, str]]:
    for letter in found.written.letters:
        for item in letter.items:
            for debt in item.debts:
                yield letter.unit, debt.id, debt.code, debt.state


def test_every_spoiled_proof_is_found_with_its_unit_and_nothing_else(found: Gaps) -> None:
    missing = {(unit, id, "missing-source", "missing") for id, (_, unit) in REMOVED.items()}
    refused = {(unit, id, code, "refused") for id, (_, unit, _, code) in BROKEN.items()}
    assert sorted(debts(found)) == sorted(missing | refused)
    assert sorted((unit, hint.id, hint.code) for unit, hint in found.written.hints) == sorted(
        (unit, id, "outside-period") for id, (_, _, unit) in MISDATED.items()
    )
    assert found.written.summary.own == ()
    assert found.written.unaddressed == ()


def test_points_at_risk_add_up_by_unit_and_in_all(found: Gaps) -> None:
    wanted = {unit: sum(map(Decimal, items.values())) for unit, items in AT_RISK.items()}
    summary = found.written.summary
    assert {unit.name: Decimal(unit.at_risk) for unit in summary.units} == wanted
    assert Decimal(summary.at_risk) == sum(wanted.values())
    assert Decimal(summary.proved) == Decimal("99.0") - sum(wanted.values())
    assert {item.id: item.at_risk for item in summary.worst} == {
        id: risk for items in AT_RISK.values() for id, risk in items.items()
    }


def test_units_are_ranked_by_what_is_at_risk_and_then_by_what_they_owe(found: Gaps) -> None:
    assert [unit.name for unit in found.written.summary.units] == [
        "市场监管局", "市政府办", "农业农村局", "质强办", "财政局", "住房城乡建设局", "交通运输局",
    ]  # fmt: skip
    assert [unit.rank for unit in found.written.summary.units] == [1, 2, 3, 4, 5, 6, 7]
    risks = [Decimal(item.at_risk) for item in found.written.summary.worst]
    assert risks == sorted(risks, reverse=True)


def test_only_units_that_owe_something_get_a_letter(found: Gaps) -> None:
    owing = {unit for _, unit in REMOVED.values()} | {unit for _, unit, _, _ in BROKEN.values()}
    assert set(found.letters) == owing
    assert {path.stem for path in found.folder.glob("*.docx")} == owing | {"summary"}
    assert {unit.name for unit in found.written.summary.done} == {
        "发展改革局",
        "公安局",
        "水务局",
        "商务局",
        "生态环境局",
    }


def words(path: Path) -> str:
    """Return all text of a Word file, cells too."""
    document = Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_a_letter_says_what_why_where_and_by_when(found: Gaps) -> None:
    text = words(found.folder / found.letters["市场监管局"])
    assert text.startswith("印证材料催办单\n市场监管局：\n")
    assert "你单位尚有4件印证材料没有收齐（缺2件，需重新报送2件），涉及考核指标4项，自评得分11.5分暂无印证" in text
    assert "请于2023年12月20日前补齐报送，距截止还有5天" in text
    assert "1-2　政府工作报告体现质量工作（分值1分，待印证1分）" in text
    assert "编号1-2-01，文件：1-2/2023年云岭市政府工作报告（节选）.pdf" in text
    for said in ("尚未收到文件，请报送", "文件损坏或者无法读取", "文件格式不能装订", "材料日期不在考核期内"):
        assert said in text
    assert "编号1-3-01，日期2022年3月15日）：材料日期不在考核期内" in text
    assert "你单位联系人：石小东，电话0858-1234502" in text
    assert "{" not in text


def test_a_letter_speaks_of_its_own_unit_only(found: Gaps) -> None:
    text = words(found.folder / found.letters["财政局"])
    assert "1-8-02" in text
    assert "设有密码" in text
    others = {id for id in (*REMOVED, *BROKEN, *MISDATED) if id != "1-8-02"}
    assert [id for id in others if id in text] == []
    assert "请一并核对" not in text  # it has no hints


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2023, 12, 19), "请于2023年12月20日前补齐报送，距截止还有1天"),
        (date(2023, 12, 20), "今天（2023年12月20日）为报送截止日"),
        (date(2023, 12, 23), "已逾期3天，请立即补齐报送"),
    ],
)
def test_days_are_counted_from_the_letters_date(
    make_manifest: MakeManifest, tmp_path: Path, today: date, said: str
) -> None:
    path = make_manifest({"1": [{"file": "gone.pdf"}]}, deadline="2023-12-20")
    found = gaps.write(check(path), tmp_path / "gaps", today=today)
    assert said in words(tmp_path / "gaps" / found.letters["Unit"])


def test_without_a_deadline_a_letter_asks_for_haste(make_manifest: MakeManifest, tmp_path: Path) -> None:
    path = make_manifest({"1": [{"file": "gone.pdf"}]}, contact="何清", phone="0858-1234501")
    found = gaps.write(check(path), tmp_path / "gaps", today=TODAY)
    text = words(tmp_path / "gaps" / found.letters["Unit"])
    assert "请尽快补齐报送。" in text
    assert "材料报送联系人：何清，电话0858-1234501。" in text


def test_the_summary_says_what_the_leader_asks(found: Gaps) -> None:
    text = words(found.folder / "summary.docx")
    assert "共38项考核指标，材料齐备27项；7个单位尚欠11件（缺6件，需重新报送5件）" in text
    assert "自评99分，其中有印证69.5分、待印证29.5分。距2023年12月20日截止还有5天。" in text
    assert "不欠材料的单位：发展改革局、公安局、水务局、商务局、生态环境局。" in text
    assert "{" not in text


# --- pages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["embedded", pytest.param("libreoffice", marks=pytest.mark.libreoffice)])
def test_letters_and_a_summary_of_one_page_are_printed(
    make_manifest: MakeManifest, tmp_path: Path, engine: Any
) -> None:
    if engine == "libreoffice" and libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed")
    evidence = {str(number): [{"file": f"gone-{number}.pdf"}] for number in range(1, 21)}
    items = [
        {
            "id": id, "title": f"第{id}项考核指标", "points": 2, "self_score": 2, "unit": f"第{id}个责任单位",
            "evidence": entries,
        }
        for id, entries in evidence.items()
    ]  # fmt: skip
    path = make_manifest(items=items, deadline="2023-12-20", organisation="云岭市质强办")
    found = gaps.write(check(path), tmp_path / "gaps", today=TODAY, pdf=True, engine=engine)
    assert len(found.letters) == 20
    assert len(pypdf.PdfReader(found.folder / "summary.pdf").pages) == 1
    letters = [found.folder / name.replace(".docx", ".pdf") for name in found.letters.values()]
    assert {len(pypdf.PdfReader(letter).pages) for letter in letters} == {1}
    assert set(found.files) == {path.name for path in found.folder.iterdir()} - {gaps.LIST}


# --- files ---------------------------------------------------------------------------------------------------------

Write = Callable[..., Gaps]


@pytest.fixture
def write(make_manifest: MakeManifest, tmp_path: Path) -> Write:
    """Return a function that writes what is owed by units, each of which must send the files named."""

    def make(owed: dict[str, list[str]], **keys: Any) -> Gaps:
        items = [
            {"id": str(number), "title": f"Item {number}", "unit": unit, "evidence": [{"file": file} for file in files]}
            for number, (unit, files) in enumerate(owed.items(), start=1)
        ]
        return gaps.write(check(make_manifest(items=items, **keys)), tmp_path / "gaps", today=TODAY)

    return make


def names(found: Gaps) -> set[str]:
    return {path.name for path in found.folder.iterdir()} if found.folder.is_dir() else set()


def test_a_letter_goes_once_its_unit_owes_nothing_any_more(write: Write, make_pdf: MakePdf) -> None:
    before = write({"甲局": ["a.pdf"], "乙局": ["b.pdf"]})
    assert names(before) == {"甲局.docx", "乙局.docx", "gaps.xlsx", "summary.docx", "gaps.json"}
    make_pdf("sources/a.pdf")
    after = write({"甲局": ["a.pdf"], "乙局": ["b.pdf"]})
    assert names(after) == {"乙局.docx", "gaps.xlsx", "summary.docx", "gaps.json"}
    assert after.removed == ("甲局.docx",)


def test_where_nothing_is_owed_nothing_is_written_and_all_of_before_goes(write: Write, make_pdf: MakePdf) -> None:
    write({"甲局": ["a.pdf"]})
    make_pdf("sources/a.pdf")
    after = write({"甲局": ["a.pdf"]})
    assert names(after) == set()
    assert not after.owed
    assert names(write({"甲局": ["a.pdf"]})) == set()


def test_pages_of_before_go_where_none_are_printed_now(make_manifest: MakeManifest, tmp_path: Path) -> None:
    report = check(make_manifest({"1": [{"file": "gone.pdf"}]}))
    gaps.write(report, tmp_path / "gaps", today=TODAY, pdf=True, engine="embedded")
    assert (tmp_path / "gaps" / "Unit.pdf").is_file()
    found = gaps.write(report, tmp_path / "gaps", today=TODAY)
    assert found.removed == ("Unit.pdf", "summary.pdf")
    assert names(found) == {"Unit.docx", "gaps.xlsx", "summary.docx", "gaps.json"}


def test_files_of_other_people_stay(write: Write, make_pdf: MakePdf, tmp_path: Path) -> None:
    write({"甲局": ["a.pdf"], "乙局": ["b.pdf"]})
    (tmp_path / "gaps" / "丙局.docx").write_bytes(b"somebody's own")
    make_pdf("sources/a.pdf")
    assert "丙局.docx" in names(write({"甲局": ["a.pdf"], "乙局": ["b.pdf"]}))


def test_a_stale_letter_that_was_edited_stays_and_is_said(write: Write, make_pdf: MakePdf, tmp_path: Path) -> None:
    write({"甲局": ["a.pdf"], "乙局": ["b.pdf"]})
    (tmp_path / "gaps" / "甲局.docx").write_bytes(b"with a remark of the office")
    make_pdf("sources/a.pdf")
    after = write({"甲局": ["a.pdf"], "乙局": ["b.pdf"]})
    assert after.kept == ("甲局.docx",)
    assert (tmp_path / "gaps" / "甲局.docx").read_bytes() == b"with a remark of the office"


EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    "listed", ["[]", "{", json.dumps(dict.fromkeys(["../a.docx", "sub/b.docx", "c.txt"], EMPTY)), "[" * 9999]
)
def test_a_list_that_is_not_this_commands_removes_nothing(write: Write, tmp_path: Path, listed: str) -> None:
    (tmp_path / "gaps" / "sub").mkdir(parents=True)
    for name in ("a.docx", "gaps/sub/b.docx", "gaps/c.txt"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "gaps" / "gaps.json").write_text(listed, encoding="utf-8")
    assert write({"甲局": ["a.pdf"]}).removed == ()
    assert all((tmp_path / name).is_file() for name in ("a.docx", "gaps/sub/b.docx", "gaps/c.txt"))


@pytest.mark.parametrize(
    ("units", "files"),
    [
        (["市场/监管局:一"], {"市场_监管局_一.docx"}),
        (["works", "Works"], {"works.docx", "Works-2.docx"}),
        (["summary", "gaps"], {"summary-2.docx", "gaps-2.docx"}),
        (["..", "con"], {"_.docx", "_con.docx"}),
        (["长" * 100], {"长" * 60 + ".docx"}),
    ],
)
def test_every_unit_has_a_file_name_that_any_disk_takes(write: Write, units: list[str], files: set[str]) -> None:
    found = write({unit: [f"{number}.pdf"] for number, unit in enumerate(units)})
    assert set(found.letters.values()) == files
    assert files <= names(found)


def test_what_cannot_be_filled_changes_nothing(write: Write, make_docx: Any, tmp_path: Path) -> None:
    make_docx("mine/letter.docx", "{{ letter.unti }}")
    (tmp_path / "mine" / "set.yaml").write_text("extends: official\n", encoding="utf-8")
    with pytest.raises(TemplateError, match=r"letter\.docx: there is no 'unti' here"):
        write({"甲局": ["a.pdf"]}, template_set="mine")
    assert not (tmp_path / "gaps").exists()


def test_a_set_without_letters_says_so(write: Write, make_docx: Any, tmp_path: Path) -> None:
    make_docx("mine/cover.docx", "{{ dossier.title }}")
    with pytest.raises(TemplateError, match="has no template 'letter'"):
        write({"甲局": ["a.pdf"]}, template_set="mine")


def test_a_folder_that_is_a_file_is_said(write: Write, tmp_path: Path) -> None:
    (tmp_path / "gaps").write_bytes(b"")
    with pytest.raises(OutputError):
        write({"甲局": ["a.pdf"]})


# --- the command ---------------------------------------------------------------------------------------------------


def test_the_command_writes_and_says_what_is_owed(
    make_manifest: MakeManifest, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_manifest(
        items=[
            {"id": "1", "title": "One", "unit": "甲局", "self_score": 2, "evidence": [{"file": "gone.pdf"}]},
            {"id": "2", "title": "Two", "evidence": [{"file": "lost.pdf"}]},
        ]
    )
    assert cli.main(["gaps", "--date", "2023-12-15"]) == 1
    told = capsys.readouterr()
    assert str(Path("build/dossier/gaps/甲局.docx")) in told.out
    assert "1 owed, 2 points at risk" in told.out
    assert "1 owed of items without a unit (2)" in told.err
    assert names(Gaps(tmp_path / "build/dossier/gaps", None, {}, (), (), ())) >= {"甲局.docx", "gaps.xlsx"}  # type: ignore[arg-type]


def test_the_command_prints_json(
    make_manifest: MakeManifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_manifest({"1": [{"file": "gone.pdf"}]})
    assert cli.main(["gaps", str(path), "-o", str(tmp_path / "out"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["owed"] is True
    one = told["dossiers"][0]
    assert one["summary"]["missing"] == 1
    assert [(letter["file"], letter["unit"], letter["owed"]) for letter in one["letters"]] == [("Unit.docx", "Unit", 1)]


def test_the_command_ends_with_0_where_nothing_is_owed(
    make_manifest: MakeManifest, make_pdf: MakePdf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_pdf("sources/a.pdf")
    path = make_manifest({"1": [{"file": "a.pdf"}]})
    assert cli.main(["gaps", str(path), "-o", str(tmp_path / "out")]) == 0
    assert "nothing is owed" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_the_offices_own_debts_count_too(
    make_manifest: MakeManifest, make_pdf: MakePdf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_pdf("sources/a.pdf")
    path = make_manifest({"1": [{"file": "a.pdf"}]}, front=["cover", {"file": "report.docx"}])
    assert cli.main(["gaps", str(path), "-o", str(tmp_path / "out")]) == 1
    assert "report.docx" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"gaps.json", "gaps.xlsx", "summary.docx"}


@pytest.mark.parametrize("name", ["official", "bundle"])
def test_no_page_of_a_letter_holds_the_signature_alone(name: str, tmp_path: Path) -> None:
    found = Document(str(find_set(name, tmp_path).path("letter"))).paragraphs
    words = [paragraph for paragraph in found if not paragraph.text.startswith("{%p")]
    signed = next(n for n, paragraph in enumerate(words) if paragraph.text == "{{ dossier.organisation }}")
    asked = next(n for n, paragraph in enumerate(words) if "letter.office_contact" in paragraph.text)
    assert all(paragraph.paragraph_format.keep_with_next for paragraph in words[asked:signed])
