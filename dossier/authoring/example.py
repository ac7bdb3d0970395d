"""A small dossier that does not exist, for pictures of templates: something of everything that a template may show.

Its evidence is never opened: it stands for as many pages as this module says.
"""

from __future__ import annotations

from pathlib import Path

from dossier.views import ReprintChange, ReprintStep, ReprintView, TicketSheet, TicketView, TicketVolume, Vacant

_CHINESE = """
title: 2023年度质量强市综合考核印证材料
subtitle: （示例）
organisation: 云岭市质量强市工作领导小组办公室
contact: 何清
phone: 0858-1234501
period: {from: 2023-01-01, to: 2023-12-31}
deadline: 2023-12-20
date: 2023-12-15
units:
  市政府办: {contact: 谭青, phone: 0858-1234500}
  市场监管局: {contact: 石小东, phone: 0858-1234502}
  发展改革局: {contact: 彭越, phone: 0858-1234503}
front: [cover, index, scores]
items:
  - id: "1"
    title: 党政领导与规划
    items:
      - id: 1-1
        title: 质量目标纳入国民经济和社会发展规划
        points: 2
        self_score: 2
        criteria: 质量发展目标、任务纳入本级国民经济和社会发展规划的，得2分；未纳入的不得分。
        unit: 发展改革局
        conclusion: 规划纲要第四章专章部署质量强市建设，明确质量发展目标和任务。
        evidence:
          - {file: a.pdf, title: 云岭市“十四五”规划和二〇三五年远景目标纲要（节选）,
             number: 云府发〔2021〕5号, issuer: 市人民政府, date: 2021-03-01}
          - {file: b.pdf, title: 质量强市建设规划, number: 云府发〔2022〕11号, issuer: 市人民政府, date: 2022-06-20}
      - id: 1-2
        title: 政府工作报告体现质量工作
        points: 1
        self_score: 0.5
        criteria: 政府工作报告部署质量工作的，得1分。
        unit: 市政府办
        conclusion: 2023年政府工作报告部署了质量提升行动。
        deduction: 未逐项列出责任单位
        evidence:
          - {file: c.pdf, title: 2023年政府工作报告, issuer: 市人民政府, date: 2023-01-12}
          - {see: 1-1-02}
      - id: 1-3
        title: 召开质量工作专题会议
        points: 1.5
        self_score: 1.5
        criteria: 党委或政府召开会议专题研究质量工作，每次得0.5分，最多1.5分。
        unit: 市政府办
        conclusion: 全年召开专题会议3次，研究质量强市、品牌培育和质量基础设施建设。
        requires: [通知, 签到表]
        evidence:
          - {file: d.pdf, title: 关于召开质量强市工作会议的通知,
             number: 云质强办〔2023〕2号, issuer: 市质强办, date: 2023-02-08, role: 通知}
          - {file: e.pdf, title: 质量强市工作会议签到表, date: 2023-02-15, role: 签到表}
          - {file: f.pdf, title: 专题会议纪要, number: 专议〔2023〕17号, issuer: 市政府办, date: 2023-05-17}
  - id: "2"
    title: 质量基础与监管
    items:
      - id: 2-1
        title: 产品质量监督抽查合格率
        points: 3
        self_score: 2.8
        criteria: 合格率达到95%以上得3分，每低1个百分点扣0.2分。
        unit: 市场监管局
        conclusion: 全年抽查产品1268批次，合格率94.6%。
        evidence:
          - {file: g.pdf, title: 2023年产品质量监督抽查情况通报,
             number: 云市监〔2023〕86号, issuer: 市场监管局, date: 2023-11-30}
          - {file: missing-report.pdf, title: 不合格产品处理情况报告, issuer: 市场监管局}
      - id: 2-2
        title: 特种设备安全监管
        points: 1
        unit: 市场监管局
        criteria: 全年无特种设备较大以上事故的，得1分。
        not_applicable: 辖区内无大型游乐设施，本项不考核
back: [checklist]
"""

_ENGLISH = """
title: Hearing Bundle
subtitle: (example)
organisation: Harbour Lane Trust
contact: A. Whitlock
phone: 0100 555 010
period: {from: 2023-01-01, to: 2023-12-31}
deadline: 2023-12-20
date: 2023-12-15
units:
  Secretariat: {contact: A. Whitlock, phone: 0100 555 010}
  Works department: {contact: J. Osei, phone: 0100 555 011}
front: [cover, index]
items:
  - id: A
    title: Correspondence
    items:
      - id: A-1
        title: Letters before action
        points: 2
        self_score: 2
        criteria: Letters sent and received before the claim was issued.
        unit: Secretariat
        conclusion: The parties exchanged four letters.
        evidence:
          - {file: a.pdf, title: Letter of claim, number: HLT/2023/14, issuer: Harbour Lane Trust, date: 2023-03-02}
          - {file: b.pdf, title: Reply to the letter of claim, issuer: North Quay Builders Ltd, date: 2023-03-20}
      - id: A-2
        title: Minutes of site meetings
        points: 1
        self_score: 0.5
        criteria: Minutes signed by both parties.
        unit: Works department
        conclusion: Minutes of two meetings are signed.
        deduction: the third is not signed
        evidence:
          - {file: c.pdf, title: "Minutes, first meeting", issuer: Works department, date: 2023-04-11}
          - {file: d.pdf, title: "Minutes, second meeting, with the revised programme of works and its annexes",
             date: 2023-05-09}
          - {see: A-1-02}
  - id: B
    title: Reports
    items:
      - id: B-1
        title: Expert reports
        points: 3
        self_score: 3
        criteria: Reports of the experts named by the court.
        unit: Works department
        conclusion: Two reports are filed.
        requires: [report]
        evidence:
          - {file: e.pdf, title: Report on the quay wall, issuer: Dr. M. Tan, date: 2023-08-30, role: report}
          - {file: missing-report.pdf, title: Report on the drainage, issuer: P. Lindqvist}
      - id: B-2
        title: Insurance
        unit: Secretariat
        points: 1
        not_applicable: the claim is not insured
back: [checklist]
"""

PAGES = {"a.pdf": 3, "b.pdf": 12, "c.pdf": 18, "d.pdf": 2, "e.pdf": 1, "f.pdf": 4, "g.pdf": 7}
"""How many pages each piece of evidence stands for; one that the manifests name is not among them: it is missing."""


def reprint(*, language: str) -> ReprintView:
    """Return what to do with a printed book, as it might be: a page changed, a proof come late, a sheet moved."""
    if language.lower().startswith("en"):
        steps = (
            ReprintStep(1, 1, "replace", "Take out pages i–ii, put in the new ones", "index", 1, 1, 0, "1"),
            ReprintStep(2, 1, "insert", "After page 26, put in pages 26A–26B", "A-2-04", 0, 1, 0, "2"),
            ReprintStep(3, 1, "remove", "Take out pages 41–42", "", 1, 0, 0, ""),
        )
        changes = (
            ReprintChange("document", "changed", "changed", "", "index", "i–ii", "i–ii", "i–ii"),
            ReprintChange("evidence", "added", "added", "A-2-04", "Minutes, third meeting", "", "26A–26B", "26A–26B"),
        )
        elsewhere = (ReprintChange("item", "moved", "moved", "B-1", "Expert reports", "43", "41", ""),)
    else:
        steps = (
            ReprintStep(1, 1, "replace", "抽出第i—ii页，换入新页", "目录", 1, 1, 0, "1"),
            ReprintStep(2, 1, "insert", "在第26页后插入第26A—26D页", "1-2-03", 0, 2, 0, "2—3"),
            ReprintStep(3, 1, "remove", "抽出第41—42页", "", 1, 0, 0, ""),
        )
        changes = (
            ReprintChange("document", "changed", "变更", "", "目录", "i—ii", "i—ii", "i—ii"),
            ReprintChange("evidence", "added", "新增", "1-2-03", "质量工作会议纪要", "", "26A—26D", "26A—26D"),
        )
        elsewhere = (ReprintChange("item", "moved", "移位", "2-1", "产品质量监督抽查合格率", "43", "41", ""),)
    printed = sum(step.printed for step in steps)
    return ReprintView("2023-12-08", "2023-12-15", 1, printed, 2, 0, steps, changes, elsewhere)


def vacant(*, language: str) -> Vacant:
    """Return what a sheet of a frozen book says of pages that are left out, as they might be."""
    english = language.lower().startswith("en")
    title = "Minutes, second meeting" if english else "2023年政府工作报告"
    return Vacant("A-2-02" if english else "1-2-01", title, "25—26", withdrawn=False)


def write(folder: Path, *, language: str) -> Path:
    """Write the example, in English for a ``language`` such as ``en``, else in Chinese; return its manifest."""
    path = folder / "dossier.yaml"
    english = language.lower().startswith("en")
    path.write_text(f"sources: sources\n{_ENGLISH if english else _CHINESE}", encoding="utf-8")
    (folder / "sources").mkdir()
    for name in PAGES:
        if f"file: {name}," in (_ENGLISH if english else _CHINESE):
            (folder / "sources" / name).write_bytes(b"%PDF-1.7\n" + name.encode())
    return path


def ticket(*, language: str) -> TicketView:
    """Return what a print set's ticket might say: two volumes, three dividers of another paper, one sheet folded."""
    if language.lower().startswith("en"):
        paper, folded, files = "light blue", ("A-2-03", "Site plan"), ("binder-1-print.pdf", "binder-2-print.pdf")
        divided = (("A-1", "Organisation"), ("A-2", "Procedures"), ("B-1", "Expert reports"))
        to, between = "–", ", "
    else:
        paper, folded, files = "浅蓝色", ("1-2-03", "质量发展规划图"), ("binder-1-print.pdf", "binder-2-print.pdf")
        divided = (("1-1", "质量发展规划"), ("1-2", "质量工作会议"), ("2-1", "产品质量监督抽查合格率"))
        to, between = "—", "、"
    at = ((1, 7, "1", f"13{to}14"), (1, 16, "19", f"31{to}32"), (2, 3, "43", f"5{to}6"))
    rows = tuple(TicketSheet(*place, *named) for place, named in zip(at, divided, strict=True))
    wide = (TicketSheet(1, 21, f"29{to}30", f"41{to}42", *folded),)
    volumes = (
        TicketVolume(1, files[0], 27, 24, 2, 1, "1", "42", "— 1 —", "— 42 —", between.join(("7", "16")), "21"),
        TicketVolume(2, files[1], 18, 17, 1, 0, "43", "78", "— 43 —", "— 78 —", "3", ""),
    )
    return TicketView("A4", "25", paper, 45, 41, 3, 1, 0, ("130", "235"), volumes, rows, wide)
