"""Labels and watermarks are real text where they were asked for, and no other drawing passes for one."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pikepdf
import pypdf
import pypdfium2
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from dossier.fonts import LABEL_FACE
from dossier.part import FORM
from dossier.placement import Placement
from dossier.stamp import CONTENT, FONT_NAME, STATE_NAME, Face, Stamp, color, embed, load_face, transparent

A4 = (595.276, 841.89)
UPRIGHT = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
SHEET = Placement(*A4, UPRIGHT, 460.0, 42.5)
SIZE = 14.0
LABELS = (
    "— 57 —", "57", "— 2-57 —", "-57-", "- xlviii -", "第 3 册 57/431", "第57页 共431页", "〔三〕57", "Page 57 of 431",
    "(57|j)", "綜 57",
)  # fmt: skip
DRAFT = "草稿"
MARKS = (DRAFT, "DRAFT", "稿", "内部资料 不得外传 2023年12月15日")


@pytest.fixture(scope="module")
def face() -> Face:
    return load_face(LABEL_FACE, [*LABELS, *MARKS])


def made(ink: Stamp, label: str, placement: Placement = SHEET, shown: bytes = b"") -> bytes:
    """Return a PDF of one page that shows the operators ``shown``, placed and stamped as binding does it."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(placement.width, placement.height))
        page = pdf.pages[0].obj
        page.Contents = pdf.make_stream(ink.content(placement, label))
        form = pdf.make_stream(shown, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 3000, 3000])
        page.Resources = pikepdf.Dictionary(
            Font=pikepdf.Dictionary({FONT_NAME: embed(pdf, ink.face)}),
            ExtGState=pikepdf.Dictionary({STATE_NAME: transparent(pdf)}),
            XObject=pikepdf.Dictionary({FORM: form}),
        )
        out = io.BytesIO()
        pdf.save(out, static_id=True)
        return out.getvalue()


def read_by_pdfium(data: bytes) -> str:
    with pypdfium2.PdfDocument(data) as document:
        text: str = document[0].get_textpage().get_text_range()
        return text


def read_by_pypdf(data: bytes) -> list[tuple[str, tuple[float, float]]]:
    """Return each piece of text with the place of its baseline."""
    found: list[tuple[str, tuple[float, float]]] = []

    def visit(text: str, _cm: object, matrix: list[float], _font: object, _size: float) -> None:
        if text.strip():
            found.append((text.strip(), (matrix[4], matrix[5])))

    pypdf.PdfReader(io.BytesIO(data)).pages[0].extract_text(visitor_text=visit)
    return found


def characters(data: bytes) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Return each character with the box (left, bottom, right, top) that it fills."""
    with pypdfium2.PdfDocument(data) as document:
        page = document[0].get_textpage()
        text = page.get_text_range()
        return [(char, page.get_charbox(index)) for index, char in enumerate(text) if not char.isspace()]


def painted(data: bytes) -> Image.Image:
    with pypdfium2.PdfDocument(data) as document:
        picture: Image.Image = document[0].render(scale=2).to_pil().convert("RGB")
        return picture


def dark(picture: Image.Image) -> tuple[int, int, int, int]:
    """Return the box (left, top, right, bottom) of what is not white."""
    box = picture.convert("L").point([255 if grey < 200 else 0 for grey in range(256)]).getbbox()
    assert box
    return box


# --- labels --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", LABELS)
def test_a_label_is_text_that_both_readers_read(face: Face, label: str) -> None:
    data = made(Stamp(face, SIZE, (0, 0, 0)), label)

    assert read_by_pdfium(data) == label
    assert [text for text, _ in read_by_pypdf(data)] == [label]


@pytest.mark.parametrize(
    "placement",
    [
        SHEET,
        Placement(841.89, 595.276, (0.5, 0, 0, 0.5, 20, 30), 80.3, 42.5197),
        Placement(*A4, (0, 0.707, -0.707, 0, 595, 0), 87.7, 42.5),
    ],
)
def test_a_label_stands_where_it_was_put_whatever_was_done_to_the_page(face: Face, placement: Placement) -> None:
    label = "— 57 —"
    data = made(Stamp(face, SIZE, (0, 0, 0)), label, placement, b"0.1 0 0 0.1 3 4 cm")

    ((text, place),) = read_by_pypdf(data)
    assert text == label
    assert place == pytest.approx((placement.label_x, placement.label_y), abs=1e-3)
    seven = dict(characters(data))["7"]
    before = face.width("— 5", SIZE)
    assert seven[1] == pytest.approx(placement.label_y, abs=0.05 * SIZE)  # digits stand on the baseline
    assert placement.label_x + before < seven[0]
    assert seven[2] < placement.label_x + before + face.width("7", SIZE)


@pytest.mark.parametrize("size", [8.0, 14.0, 40.0])
def test_a_label_is_as_wide_as_it_is_said_to_be(face: Face, size: float) -> None:
    label = "57571431"
    left, _, right, _ = dark(painted(made(Stamp(face, size, (0, 0, 0)), label, Placement(*A4, UPRIGHT, 100, 400))))

    assert left / 2 == pytest.approx(100, abs=0.1 * size)
    assert right / 2 == pytest.approx(100 + face.width(label, size), abs=0.1 * size)


def test_a_label_reaches_no_further_than_placing_pages_counts_on(face: Face) -> None:
    """That is 0.88 em above the baseline and 0.28 em below it."""
    for label in LABELS:
        _, top, _, bottom = dark(painted(made(Stamp(face, 40, (0, 0, 0)), label, Placement(*A4, UPRIGHT, 20, 400))))
        assert (A4[1] - top / 2) - 400 <= 0.88 * 40 + 0.5
        assert 400 - (A4[1] - bottom / 2) <= 0.28 * 40 + 0.5


def test_a_label_has_the_colour_that_was_asked_for(face: Face) -> None:
    picture = painted(made(Stamp(face, 60, color("#C00000")), "—", Placement(*A4, UPRIGHT, 100, 400)))
    left, top, right, bottom = dark(picture)

    assert picture.getpixel(((left + right) // 2, (top + bottom) // 2)) == (0xC0, 0, 0)


def test_without_a_label_nothing_is_drawn(face: Face) -> None:
    data = made(Stamp(face, SIZE, (0, 0, 0)), "")

    assert read_by_pdfium(data) == ""
    assert painted(data).getcolors() == [(1191 * 1684, (255, 255, 255))]


@pytest.mark.parametrize(
    ("text", "parts"), [("#000000", (0, 0, 0)), ("#C08001", (0xC0 / 255, 0x80 / 255, 1 / 255)), ("#ffFFff", (1, 1, 1))]
)
def test_colours_are_read(text: str, parts: tuple[float, float, float]) -> None:
    assert color(text) == parts


# --- watermarks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("size", [A4, A4[::-1], (300, 300), (142, 2000)])
def test_a_watermark_lies_in_the_middle_of_the_sheet_and_stays_on_it(
    face: Face, mark: str, size: tuple[float, float]
) -> None:
    data = made(Stamp(face, SIZE, (0, 0, 0), mark), "", Placement(*size, UPRIGHT, 0, 0))
    boxes = [box for _, box in characters(data)]
    left, bottom = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, top = max(box[2] for box in boxes), max(box[3] for box in boxes)

    assert re.sub(r"\s", "", read_by_pdfium(data)) == mark.replace(" ", "")
    assert left >= 0
    assert bottom >= 0
    assert right <= size[0]
    assert top <= size[1]
    middle = ((left + right) / 2, (bottom + top) / 2)
    assert middle == pytest.approx((size[0] / 2, size[1] / 2), abs=0.1 * min(size))


def test_a_watermark_rises_from_lower_left_to_upper_right(face: Face) -> None:
    boxes = [box for _, box in characters(made(Stamp(face, SIZE, (0, 0, 0), DRAFT), ""))]

    assert boxes[0][0] < boxes[1][0]
    assert boxes[0][1] < boxes[1][1]


def test_a_watermark_lets_the_page_show_through(face: Face) -> None:
    half = b"0 0 0 rg 0 0 298 842 re f"
    before = painted(made(Stamp(face, SIZE, (0, 0, 0)), "", shown=half))
    after = painted(made(Stamp(face, SIZE, (0, 0, 0), DRAFT), "", shown=half))
    difference = ImageChops.difference(before, after)

    left, right = difference.crop((0, 0, 596, 1684)), difference.crop((596, 0, 1191, 1684))
    for side in (left, right):
        counts = [side.getchannel(channel).histogram() for channel in "RGB"]
        assert max(sum(count[10:]) for count in counts) > 5000, "it is not to be seen"
        assert max(sum(count[64:]) for count in counts) == 0, "it hides what is below"


def test_a_label_beside_a_watermark_is_as_dark_as_without(face: Face) -> None:
    picture = painted(made(Stamp(face, 60, (0, 0, 0), DRAFT), "—", Placement(*A4, UPRIGHT, 20, 20)))

    assert min(picture.crop((0, 1500, 300, 1684)).convert("L").tobytes()) == 0


def test_a_page_with_watermark_and_label_reads_as_both(face: Face) -> None:
    text = read_by_pdfium(made(Stamp(face, SIZE, (0, 0, 0), DRAFT), "— 57 —"))

    assert [line.strip() for line in text.splitlines()] == [DRAFT, "— 57 —"]


# --- the face ------------------------------------------------------------------------------------------------------

ALPHABET = "— 0123456789ivxlcdm-/第页共册〔〕草稿DRAFT.,"


@pytest.fixture(scope="module")
def alphabet() -> Face:
    return load_face(LABEL_FACE, [ALPHABET])


@settings(max_examples=50, deadline=None)
@given(text=st.text(ALPHABET, min_size=1, max_size=20).filter(lambda text: text == text.strip()))
def test_any_text_reads_back_as_it_was_written(alphabet: Face, text: str) -> None:
    data = made(Stamp(alphabet, SIZE, (0, 0, 0)), text, Placement(2000, 100, UPRIGHT, 10, 50))

    assert [found for found, _ in read_by_pypdf(data)] == [text]
    assert re.sub(r"\s", "", read_by_pdfium(data)) == re.sub(r"\s", "", text)


def test_more_than_a_hundred_characters_read_back() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 260)))
    many = load_face(LABEL_FACE, [text])
    text = "".join(char for char in text if char not in many.missing)

    assert len(text) > 200
    assert read_by_pdfium(made(Stamp(many, 5, (0, 0, 0)), text, Placement(2000, 100, UPRIGHT, 10, 50))) == text


@pytest.mark.parametrize("pair", ["／∕", "-‑", "～〜", "…⋯"])
def test_characters_that_look_the_same_read_back_as_themselves(pair: str) -> None:
    same = load_face(LABEL_FACE, [pair])
    with TTFont(LABEL_FACE, lazy=True) as font:
        assert len({font.getBestCmap()[ord(char)] for char in pair}) == 1, "they no longer share a glyph"

    assert [text for text, _ in read_by_pypdf(made(Stamp(same, SIZE, (0, 0, 0)), pair))] == [pair]


def test_a_character_that_the_face_lacks_is_named_and_drawn_and_read_as_a_question_mark() -> None:
    lacking = load_face(LABEL_FACE, ["☑ 57", "𠀀"])
    data = made(Stamp(lacking, SIZE, (0, 0, 0)), "☑ 57 ?")

    assert lacking.missing == {"☑", "𠀀"}
    assert read_by_pdfium(data) == "? 57 ?"
    assert lacking.width("☑𠀀", SIZE) == lacking.width("??", SIZE)


def test_nothing_is_missing_from_a_face_that_has_it_all(face: Face) -> None:
    assert face.missing == frozenset()


def test_only_what_is_needed_is_embedded(face: Face) -> None:
    with TTFont(io.BytesIO(face.program)) as font:
        assert set(font.getBestCmap()) == {ord(char) for char in "".join([*LABELS, *MARKS, "?"])}
    assert len(face.program) < 50_000


def test_widths_are_those_of_the_face(face: Face) -> None:
    with TTFont(LABEL_FACE, lazy=True) as font:
        cmap, metrics, em = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
        wanted = sum(metrics[cmap[ord(char)]][0] for char in "— 57 —") / em

    assert face.width("— 57 —", SIZE) == pytest.approx(wanted * SIZE, abs=0.01)
    assert face.width("", SIZE) == 0


def test_a_face_is_the_same_whenever_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    faces = []
    for moment in ("1000000000", "1700000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", moment)  # what fontTools takes for the present
        faces.append(load_face(LABEL_FACE, LABELS))

    assert faces[0] == faces[1]


def test_a_face_is_the_same_in_whatever_order_its_texts_come() -> None:
    assert load_face(LABEL_FACE, LABELS) == load_face(LABEL_FACE, LABELS[::-1])


def test_a_face_is_the_same_in_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import hashlib, io, pikepdf\n"
        "from dossier import stamp, fonts\n"
        f"face = stamp.load_face(fonts.LABEL_FACE, {LABELS!r})\n"
        "pdf, out = pikepdf.new(), io.BytesIO()\n"
        "pdf.Root.Font = stamp.embed(pdf, face)\n"
        "pdf.save(out, static_id=True)\n"
        "print(hashlib.sha256(out.getvalue()).hexdigest())\n"
    )
    digests = set()
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)  # it decides the order of a set
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        digests.add(ran.stdout.strip())

    assert len(digests) == 1
    assert len(digests.pop()) == hashlib.sha256().digest_size * 2


def test_a_stamped_page_is_sound(face: Face, tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    path.write_bytes(made(Stamp(face, SIZE, (0, 0, 0), DRAFT), "— 57 —"))
    with pikepdf.open(path) as pdf:
        assert pdf.check_pdf_syntax() == []


# --- what a proof accepts ------------------------------------------------------------------------------------------

lengths = st.floats(-3000, 3000)
placements = st.builds(
    Placement,
    st.floats(50, 4000),
    st.floats(50, 4000),
    st.tuples(lengths, lengths, lengths, lengths, lengths, lengths) | st.just(UPRIGHT),
    lengths,
    lengths,
)
parts = st.floats(0, 1) | st.sampled_from([0.0, 1.0, 0.99999, 0.00001])


@settings(deadline=None)
@given(
    placement=placements,
    label=st.text(ALPHABET, max_size=30),
    mark=st.text(ALPHABET, max_size=30),
    colour=st.tuples(parts, parts, parts),
    size=st.floats(4, 72),
    blank=st.booleans(),
)
def test_what_is_drawn_is_known_again(
    alphabet: Face,
    placement: Placement,
    label: str,
    mark: str,
    colour: tuple[float, float, float],
    size: float,
    blank: bool,
) -> None:
    found = CONTENT.fullmatch(Stamp(alphabet, size, colour, mark).content(placement, label, blank=blank))

    assert found
    assert (not found["form"], bool(found["watermark"]), bool(found["label"])) == (blank, bool(mark), bool(label))
    assert [float(value) for value in found["matrix"].split()] == [round(value, 4) for value in placement.matrix]
    for text, shown in ((found["label"], label), (found["watermark"], mark)):
        assert not shown or alphabet.hex(shown) in text


def test_what_is_nothing_is_written_as_nothing(face: Face) -> None:
    placement = Placement(*A4, (1.0, -0.0, -1e-9, 1.0, 12.50004, -3.0), 0.0, 0.0)

    assert Stamp(face, SIZE, (0, 0, 0)).content(placement, "") == b"q 1 0 0 1 12.5 -3 cm /Page0 Do Q"


@pytest.fixture(scope="module")
def content(face: Face) -> bytes:
    """Return what is drawn on a page with everything."""
    stream = Stamp(face, SIZE, color("#C00000"), DRAFT).content(SHEET, "— 57 —")
    assert CONTENT.fullmatch(stream)
    return stream


TOKEN = re.compile(rb"\S+")


@pytest.mark.parametrize(
    "more", [b"f", b"Q", b"q", b"/Im0 Do", b"/Page0 Do", b"0", b"1 1 1 rg", b"BT", b"3 Tr", b"% x", b"<0001> Tj", b"\n"]
)
def test_nothing_can_be_slipped_in(content: bytes, more: bytes) -> None:
    for found in TOKEN.finditer(content):
        for at, slipped in ((found.start(), more + b" "), (found.end(), b" " + more)):
            changed = content[:at] + slipped + content[at:]
            assert not CONTENT.fullmatch(changed), changed


def test_nothing_can_be_left_out(content: bytes) -> None:
    for found in TOKEN.finditer(content):
        changed = content[: found.start()] + content[found.end() + 1 :]
        assert not CONTENT.fullmatch(changed), changed


@pytest.mark.parametrize("name", [FORM.encode(), FONT_NAME.encode(), STATE_NAME.encode()])
def test_no_other_resource_can_be_used(content: bytes, name: bytes) -> None:
    assert name in content
    assert not CONTENT.fullmatch(content.replace(name, b"/Other"))
    assert not CONTENT.fullmatch(content.replace(name, name + b"2"))


def test_neither_page_nor_watermark_nor_label_is_accepted_twice_or_in_another_order(content: bytes) -> None:
    page, mark, label = content.split(b"\n")

    assert CONTENT.fullmatch(b"\n".join([page, mark, label]))
    for rows in ([page, mark, mark], [page, label, label], [page, page], [page, label, mark], [mark, label], [label]):
        assert not CONTENT.fullmatch(b"\n".join(rows)), rows


PAGE = b"q 1 0 0 1 0 0 cm /Page0 Do Q"
STAMPED = PAGE + b"\nq 0 0 0 rg BT /DsrLabel 14 Tf 1 0 0 1 10 20 Tm <0001> Tj ET Q"


@pytest.mark.parametrize("stream", [PAGE, STAMPED, b"q 1 0 0 1 0 0 cm Q", PAGE.replace(b"1", b"-0.25")])
def test_a_stream_of_our_form_is_accepted(stream: bytes) -> None:
    assert CONTENT.fullmatch(stream)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"<0001>", b"<>"),
        (b"<0001>", b"<00010>"),
        (b"<0001>", b"<000g>"),
        (b"<0001>", b"(text)"),
        (b"14 Tf", b"1.4.1 Tf"),
        (b"14 Tf", b"-14 Tf"),
        (b"14 Tf", b". Tf"),
        (b"10 20 Tm", b"1-0 20 Tm"),
        (b"0 0 0 rg", b"0 0 7 rg"),
        (b"0 0 0 rg", b"0 0 -1 rg"),
        (b"0 0 0 rg", b"0 g"),
        (b"0 0 cm", b"0 . cm"),
        (b"0 0 cm", b"0 0 0 cm"),
        (b"0 0 cm", b"0 cm"),
        (b"0 0 cm", b"0 -- cm"),
        (b"\n", b" "),
        (b"\n", b"\n\n"),
    ],
)
def test_what_is_never_drawn_is_not_accepted(before: bytes, after: bytes) -> None:
    changed = STAMPED.replace(before, after, 1)

    assert changed != STAMPED
    assert not CONTENT.fullmatch(changed)


@pytest.mark.parametrize("stream", [b"", b"q", b"Q", PAGE + b" ", b" " + PAGE, PAGE + b"\n"])
def test_a_stream_that_is_not_all_ours_is_not_accepted(stream: bytes) -> None:
    assert not CONTENT.fullmatch(stream)
