"""Draws the evidence of ``bundle-2024.yaml``, in ``bundle-2024``: ``python manifests/make_bundle_sample.py``.

An English sample, small on purpose: letters and procedures as Word files, a text and a Markdown file, certificates and
a wide table as PDFs, photos with the time they were taken. All of it is fictional. Two runs write the same bytes.
"""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from docx import Document
from docx.shared import Mm, Pt
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FOLDER = Path(__file__).resolve().parent / "bundle-2024"
FONTS = Path(__file__).resolve().parent.parent / "dossier" / "data" / "fonts"
EPOCH = (1980, 1, 1, 0, 0, 0)

POLICY = (
    "We make pressure gauges that people trust their safety to. We therefore commit ourselves to understanding what "
    "customers need before we quote, to meeting every legal and contractual requirement, and to improving each year.",
    "The managing director is accountable for this policy. Every manager sets objectives that follow from it, and "
    "reports on them each quarter. Anyone may stop the line when a product or a process is in doubt.",
    "This policy is shown in every workshop and on our web site. It is reviewed each January.",
)
MINUTES = (
    "Present: R. Oyelaran (chair), T. Whitcombe, S. Lindqvist, D. Marsh. Apologies: P. Achterberg.",
    "1. Actions of the last review. All closed but one: the second torque rig is delivered in March.",
    "2. Complaints. Eleven in the year (2022: nineteen). Nine were damage in transit; packaging was changed in July.",
    "3. Internal audits. Six planned, six done. Two minor findings, both closed.",
    "4. Objectives for 2024 are agreed as tabled.",
    "5. Resources. A third calibration technician is approved.",
)
SUPPLIERS = (
    "Suppliers of parts that can affect safety are approved by the quality manager after a visit or a first article "
    "inspection. The list of approved suppliers is reviewed twice a year against delivery and reject figures.",
    "A supplier that scores below 70 two times running is told in writing, and replaced if nothing changes.",
)
OBJECTIVES = """# Quality objectives for 2024

Set by the management review of 12 January 2024.

| No. | Objective | Measure | Owner |
|---|---|---|---|
| 1 | Fewer complaints | at most 8 in the year | Customer service |
| 2 | Deliver on time | 97 % of orders | Production |
| 3 | Calibrate on time | no instrument overdue | Metrology |
| 4 | Train everyone | 16 hours a head | Personnel |

## How they are followed

1. Figures are collected on the first working day of each month.
2. They are shown on the board in the canteen.
3. An objective that is missed two months running comes before the quality meeting.
"""
COMPLAINT = (
    "Complaint 24-1187, received on 3 June 2024",
    "",
    "Nordkai Pumpen GmbH, A. Brandt, by telephone",
    "",
    "Two of the forty gauges that arrived on Friday have cracked glass. The cartons were not damaged. They ask "
    "for replacements, and for word of what will be done so that it does not happen again.",
    "",
    "Answer of 5 June 2024",
    "",
    "Replacements were sent the same day. The foam inserts of that batch were too thin; the supplier knows, and "
    "the inserts are now measured on arrival.",
)


def main() -> None:
    """Write every file."""
    pdfmetrics.registerFont(TTFont("Song", str(FONTS / "DossierSong-Regular.ttf")))
    pdfmetrics.registerFont(TTFont("Hei", str(FONTS / "DossierHei-Regular.ttf")))
    word("leadership/quality-policy.docx", "Quality policy", POLICY)
    word("leadership/management-review.docx", "Minutes of the management review, 12 January 2024", MINUTES)
    word("operation/supplier-approval.docx", "Procedure QP-08: approval of suppliers", SUPPLIERS)
    word(
        "statement.docx",
        "Statement of conformity",
        (
            "Marlow Instruments Ltd states that its quality management system meets ISO 9001:2015. Its policy "
            'is at {{ cite("1-01") }}, the review by management at {{ cite("2-01") }}.',
            'Measuring instruments are calibrated by a laboratory ({{ cite("4-01") }}), final inspection is '
            'shown in photographs ({{ cite("6-01") }}), and complaints are answered within two working days '
            '({{ cite("7-01") }}).',
            "Of {{ scores.points }} points we claim {{ scores.self_score }}.",
        ),
    )
    written("leadership/objectives-2024.md", OBJECTIVES.encode())
    written("performance/complaint-24-1187.txt", "\n".join(COMPLAINT).encode())
    for number, instrument in enumerate(("Dead-weight tester DW-2", "Digital reference gauge RG-11"), start=1):
        certificate(f"resources/calibration-{number}.pdf", instrument, f"C24-{4400 + 17 * number}")
    training("resources/training-matrix.pdf")
    report("performance/internal-audit-3.pdf")
    for number in range(1, 5):
        photo(f"operation/inspection/{number}.jpg", number)


def written(name: str, data: bytes) -> None:
    """Write one file."""
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def word(name: str, title: str, paragraphs: Iterable[str]) -> None:
    """Write a letter-like Word file."""
    document: Any = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(28)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Times New Roman", Pt(12)
    normal.paragraph_format.space_after = Pt(10)
    head = document.add_paragraph()
    run = head.add_run(title)
    run.font.name, run.font.size = "Arial", Pt(18)
    for text in paragraphs:
        document.add_paragraph(text)
    properties = document.core_properties
    properties.title, properties.author, properties.language = "", "", "en-GB"
    raw, out = BytesIO(), BytesIO()
    document.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            entry = zipfile.ZipInfo(info.filename, EPOCH)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            target.writestr(entry, source.read(info))
    written(name, out.getvalue())


def canvas(size: tuple[float, float]) -> tuple[Canvas, BytesIO]:
    """Return an empty PDF and where it is written."""
    raw = BytesIO()
    return Canvas(raw, pagesize=size, invariant=1), raw


def lines(page: Canvas, texts: Sequence[str], left: float, top: float, size: float = 11, face: str = "Song") -> float:
    """Write lines and return where the next would stand."""
    page.setFont(face, size)
    for text in texts:
        page.drawString(left, top, text)
        top -= size * 1.6
    return top


def certificate(name: str, instrument: str, number: str) -> None:
    """Draw a calibration certificate of one page, with a frame and a table."""
    page, raw = canvas(A4)
    page.rect(40, 40, A4[0] - 80, A4[1] - 80)
    page.setFont("Hei", 22)
    page.drawCentredString(A4[0] / 2, 740, "Certificate of calibration")
    top = lines(page, [f"Number: {number}", f"Instrument: {instrument}", "Owner: Marlow Instruments Ltd"], 80, 690, 12)
    top = lines(
        page, ["Laboratory: Severn Metrology (fictional), accreditation 0000", "Date: 14 February 2024"], 80, top, 12
    )
    top -= 20
    for row, cells in enumerate([("Applied (kPa)", "Shown (kPa)", "Error (kPa)"), *readings(number)]):
        page.setFont("Hei" if row == 0 else "Song", 11)
        for column, text in enumerate(cells):
            page.drawString(90 + column * 140, top, text)
        page.line(80, top - 6, 500, top - 6)
        top -= 24
    lines(page, ["The instrument is within its tolerance of 0.1 kPa over its whole range."], 80, top - 20, 12)
    page.showPage()
    page.save()
    written(name, raw.getvalue())


def readings(seed: str) -> list[tuple[str, str, str]]:
    """Return made-up readings, the same for the same certificate."""
    chance = random.Random(seed)
    rows = []
    for applied in range(0, 1001, 200):
        error = chance.randint(-6, 6) / 100
        rows.append((f"{applied}", f"{applied + error:.2f}", f"{error:+.2f}"))
    return rows


def training(name: str) -> None:
    """Draw a wide table: who was trained in what."""
    page, raw = canvas(landscape(A4))
    page.setFont("Hei", 18)
    page.drawString(60, 530, "Training matrix, first half of 2024")
    skills = ("Assembly", "Torque rig", "Soldering", "Calibration", "Final inspection", "First aid", "Fork lift")
    names = ("Abara", "Bennett", "Castellanos", "Dunmore", "Eriksen", "Fujimoto", "Gallagher", "Hosseini", "Ivanova")
    chance = random.Random(2024)
    for column, skill in enumerate(("Name", *skills)):
        lines(page, [skill], 60 + column * 92, 495, 10, "Hei")
    for row, person in enumerate(names):
        top = 470 - row * 36
        page.line(60, top + 20, 790, top + 20)
        lines(page, [person], 60, top, 11)
        for column in range(len(skills)):
            hours = chance.choice((0, 2, 4, 8))
            lines(page, [f"{hours} h" if hours else "–"], 152 + column * 92, top, 11)
    page.showPage()
    page.save()
    written(name, raw.getvalue())


def report(name: str) -> None:
    """Draw an audit report of two pages."""
    page, raw = canvas(A4)
    page.setFont("Hei", 18)
    page.drawString(70, 760, "Internal audit 3/2024: final inspection")
    head = ["Date: 22 May 2024", "Auditor: S. Lindqvist", "Audited: D. Marsh, final inspection", "", "Findings"]
    top = lines(page, head, 70, 725, 12)
    findings = (
        "1. Inspection plans are at the work place and are the current issue.",
        "2. Of 25 gauges taken at random, all carried the mark of the inspector.",
        "3. Minor: the log of the leak tester was not signed on 7 and 8 May.",
        "4. Torque drivers bear labels that show when they are due.",
    )
    lines(page, findings, 70, top - 6, 12)
    page.showPage()
    page.setFont("Hei", 14)
    page.drawString(70, 760, "Corrective action")
    lines(
        page, ["Finding 3: the log is now kept on the tester itself. Closed on 3 June 2024, S. Lindqvist."], 70, 730, 12
    )
    page.showPage()
    page.save()
    written(name, raw.getvalue())


def photo(name: str, number: int) -> None:
    """Draw a gauge on a bench, with the time at which the photo was taken."""
    width, height = (1200, 900)
    picture = Image.new("RGB", (width, height), (205 - 8 * number, 200, 190 + 8 * number))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 640, width, height), fill=(120, 95, 70))
    for gauge in range(number):
        centre = 180 + gauge * 280
        draw.rectangle((centre - 22, 560, centre + 22, 660), fill=(150, 140, 90))
        draw.ellipse((centre - 130, 300, centre + 130, 560), fill=(60, 60, 66))
        draw.ellipse((centre - 108, 322, centre + 108, 538), fill=(240, 240, 236))
        for mark in range(9):
            draw.arc(
                (centre - 96, 334, centre + 96, 526), 150 + mark * 30, 152 + mark * 30, fill=(30, 30, 30), width=16
            )
        draw.line((centre, 430, centre - 60 + 24 * number, 380), fill=(180, 20, 20), width=7)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = f"2024:05:24 09:{10 + number}:00"  # when it was taken
    raw = BytesIO()
    picture.save(raw, "JPEG", quality=82, exif=exif)
    written(name, raw.getvalue())


if __name__ == "__main__":
    main()
