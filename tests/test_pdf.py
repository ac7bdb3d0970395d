"""A PDF becomes a part that looks as it did and holds nothing that acts; its links and outline become data."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import warnings
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import img2pdf
import pikepdf
import pypdf
import pypdfium2
import pytest
from conftest import A4, MakeDocx, MakeManifest, MakePdf, MakePhoto
from pikepdf import Array, Dictionary, Name, NameTree, Object, OutlineItem, Pdf, String
from PIL import Image, ImageChops, ImageDraw

import dossier
from dossier import acting
from dossier.convert import pdf
from dossier.errors import ConversionError
from dossier.part import FORM, INK_CELL, Ink, Part, PartPage
from dossier.receipt import Page

Change = Callable[[Pdf, Object], None]
Build = Callable[..., Path]

GREEN = (150, 20, 170, 80)  # left, bottom, right, top
ART = b"1 0 0 rg 20 30 40 20 re f 0 0 1 rg 120 100 60 30 re f 0 1 0 rg 150 20 20 60 re f 0 0 0 RG 5 w 0 0 m 300 200 l S"
ROTATIONS = (0, 90, 180, 270)
BOXES = {
    "plain": {"MediaBox": [0, 0, 300, 200]},
    "corners reversed": {"MediaBox": [300, 200, 0, 0]},
    "origin elsewhere": {"MediaBox": [-50, -20, 250, 180]},
    "cropped": {"MediaBox": [-50, -20, 250, 180], "CropBox": [10, 15, 200, 150]},
    "cropped beyond its edge": {"MediaBox": [0, 0, 300, 200], "CropBox": [-10, -25, 200, 1500]},
}


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Return a function that writes a PDF of one page that shows :data:`ART`.

    Keyword arguments become entries of the page, or with ``inherit`` of the page tree's root; ``change`` is called with
    the open PDF and the page before it is saved.
    """

    def make(
        change: Change | None = None,
        *,
        content: bytes | Sequence[bytes] = ART,
        inherit: bool = False,
        encryption: pikepdf.Encryption | None = None,
        **entries: Any,
    ) -> Path:
        path = tmp_path / "source.pdf"
        with Pdf.new() as made:
            page = made.add_blank_page(page_size=(300, 200)).obj
            pieces = [content] if isinstance(content, bytes) else content
            page.Contents = Array([made.make_stream(piece) for piece in pieces])
            if inherit:
                del page[Name.MediaBox]
            holder = made.Root.Pages if inherit else page
            for key, value in entries.items():
                holder[f"/{key}"] = value
            if change is not None:
                change(made, page)
            made.save(path, encryption=encryption or False)
        return path

    return make


def raw(path: Path, *objects: bytes) -> Path:
    """Write a PDF object by object, numbered from 1, the catalogue first: for what no library would write."""
    body, offsets = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    size, rows = len(objects) + 1, b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, rows)
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    path.write_bytes(body + table + end)
    return path


def normalised(source: Path) -> Part:
    return pdf.normalise(source, source.with_suffix(".part.pdf"))


def only_page(source: Path) -> PartPage:
    (page,) = normalised(source).pages
    return page


def codes(source: Path) -> list[str]:
    return [note.code for note in normalised(source).notes]


def refusal(source: Path) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        normalised(source)
    assert caught.value.fix
    return caught.value


def shot(path: Path, index: int = 0, scale: float = 1.0) -> Image.Image:
    """Draw a page with its fields and annotations, as a viewer does."""
    with pypdfium2.PdfDocument(path) as document:
        if document.get_formtype():
            document.init_forms()
        picture: Image.Image = document[index].render(scale=scale).to_pil()
        return picture.convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> int:
    """Count the pixels that differ by more than a viewer's tint of fields and the rounding of edges."""
    assert one.size == other.size
    return sum(ImageChops.difference(one, other).convert("L").histogram()[48:])


def change_of_look(source: Path, index: int = 0) -> int:
    return difference(shot(source, index), shot(normalised(source).path, index))


def place_of(colour: tuple[int, int, int], picture: Image.Image) -> tuple[int, int, int, int]:
    """Return left, bottom, right and top of what has a colour, from the lower left."""
    mask = ImageChops.difference(picture, Image.new("RGB", picture.size, colour)).convert("L").point(lambda v: v == 0)
    found = mask.getbbox()
    assert found is not None
    left, upper, right, lower = found
    return left, picture.height - lower, right, picture.height - upper


# --- pages as seen -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inherit", [False, True], ids=["own", "inherited"])
@pytest.mark.parametrize("rotation", [*ROTATIONS, -90, 450])
@pytest.mark.parametrize("box", BOXES)
def test_a_page_looks_as_it_did(build: Build, box: str, rotation: int, inherit: bool) -> None:
    source = build(inherit=inherit, Rotate=rotation, **BOXES[box])

    assert change_of_look(source) == 0


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_the_comparison_tells_rotations_apart(build: Build, rotation: int) -> None:
    before = shot(build(Rotate=rotation))
    turned = shot(build(Rotate=rotation + 180))

    assert difference(before, turned) > 1000


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_a_part_says_the_size_that_a_reader_sees(build: Build, rotation: int) -> None:
    page = only_page(build(Rotate=rotation, **BOXES["cropped"]))

    assert (page.width, page.height) == ((190, 135) if rotation in (0, 180) else (135, 190))


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_a_user_unit_enlarges_the_page(build: Build, rotation: int) -> None:
    # pdfium knows no user units, so the page is compared with one drawn without and enlarged.
    plain = shot(build(Rotate=rotation, **BOXES["cropped"]), scale=2)
    source = build(Rotate=rotation, UserUnit=2, **BOXES["cropped"])

    assert difference(plain, shot(normalised(source).path)) == 0


@pytest.mark.parametrize("unit", [0, -1, Name.Large, 10**9])
def test_a_senseless_user_unit_is_ignored(build: Build, unit: Any) -> None:
    assert only_page(build(UserUnit=unit)).width == 300


@pytest.mark.parametrize("rotation", [45, Name.Left])
def test_a_senseless_rotation_is_ignored(build: Build, rotation: Any) -> None:
    assert change_of_look(build(Rotate=rotation)) == 0


@pytest.mark.parametrize("crop", [[1000, 1000, 1200, 1200], [0, 0, 0, 0], [1, 2], Name.None_, [Name.A] * 4])
def test_a_crop_box_that_leaves_nothing_is_ignored(build: Build, crop: Any) -> None:
    page = only_page(build(CropBox=crop))

    assert (page.width, page.height) == (300, 200)


@pytest.mark.parametrize("inherit", [False, True], ids=["own", "inherited"])
def test_nothing_is_left_that_turns_or_crops_a_page(build: Build, inherit: bool) -> None:
    part = normalised(build(inherit=inherit, Rotate=90, **BOXES["cropped"]))

    with pikepdf.open(part.path) as written:
        page = written.pages[0].obj
        assert {"/Rotate", "/CropBox"}.isdisjoint({*page.keys(), *written.Root.Pages.keys()})
        assert [float(value) for value in page.MediaBox.as_list()] == [0, 0, part.pages[0].width, part.pages[0].height]


@pytest.mark.parametrize(
    "content",
    [b"q q 0.5 0 0 0.5 30 30 cm " + ART, ART + b" Q Q Q 1 0 1 rg 200 20 30 30 re f", b"1 0 1 rg 9 w " + ART + b" q"],
    ids=["states left open", "states closed too often", "colour left over"],
)
def test_unbalanced_content_looks_as_it_did(build: Build, content: bytes) -> None:
    assert change_of_look(build(content=content)) == 0


@pytest.mark.parametrize(
    "pieces",
    [[b"1 0 0 rg 20 30 40", b"20 re f"], [b"1 0 0", b"rg 20 30", b"40 20 re", b"f"], [b"(a", b"b) pop " + ART]],
    ids=["between operands", "between every word", "within a text"],
)
def test_content_split_over_streams_looks_as_it_did(build: Build, pieces: list[bytes]) -> None:
    assert change_of_look(build(content=pieces)) == 0


def test_an_operator_cut_in_two_stays_two(build: Build) -> None:
    """ISO 32000-1, 7.8.2: streams may be divided between words only, so ``r`` and ``e`` are no ``re``."""
    source = build(content=[ART + b" 1 0 1 rg 20 130 40 40 r", b"e f"])

    assert change_of_look(source) == 0


def test_a_page_without_contents_is_blank(build: Build) -> None:
    def strip(made: Pdf, page: Object) -> None:
        del page[Name.Contents]

    page = only_page(build(strip))

    assert page.ink.blank
    assert page.width == 300


def test_inherited_resources_reach_the_page(build: Build) -> None:
    def inherit(made: Pdf, page: Object) -> None:
        del page[Name.Resources]
        pale = Dictionary(Type=Name.ExtGState, ca=0.25)
        made.Root.Pages.Resources = Dictionary(ExtGState=Dictionary(Pale=pale))

    assert change_of_look(build(inherit, content=b"/Pale gs " + ART)) == 0


def test_transparency_looks_as_it_did(build: Build) -> None:
    source = build(
        content=b"1 1 0 rg 0 0 300 200 re f /Mixed gs " + ART,
        Resources=Dictionary(ExtGState=Dictionary(Mixed=Dictionary(BM=Name.Multiply, ca=0.5))),
        Group=Dictionary(S=Name.Transparency, CS=Name.DeviceRGB),
    )

    assert change_of_look(source) == 0


def test_colours_are_mixed_in_the_space_the_page_asks_for(build: Build) -> None:
    part = normalised(build(Group=Dictionary(S=Name.Transparency, CS=Name.DeviceCMYK)))

    with pikepdf.open(part.path) as written:
        page = written.pages[0].obj
        assert page.Group.CS == page.Resources.XObject[FORM].Group.CS == Name.DeviceCMYK


def test_a_page_listed_twice_is_bound_twice(tmp_path: Path) -> None:
    source = raw(
        tmp_path / "twice.pdf",
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Rotate 90 /Contents 4 0 R /Annots [5 0 R] >>",
        b"<< /Length %d >> stream\n%s\nendstream" % (len(ART), ART),
        b"<< /Type /Annot /Subtype /Square /Rect [200 20 280 90] /F 4 /AP << /N 6 0 R >> >>",
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 80 70] /Length 23 >> stream\n0 1 1 rg 2 2 76 66 re f\nendstream",
    )

    assert len(normalised(source).pages) == 2
    assert [change_of_look(source, index) for index in (0, 1)] == [0, 0]


# --- fields and annotations ----------------------------------------------------------------------------------------


def picture(made: Pdf, content: bytes, width: float, height: float, **entries: Any) -> Object:
    form = Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, width, height]), **entries)
    return made.make_stream(content, form)


def annotation(made: Pdf, subtype: Object, box: Sequence[float], **entries: Any) -> Object:
    return made.make_indirect(Dictionary(Type=Name.Annot, Subtype=subtype, Rect=Array(list(box)), F=4, **entries))


def with_field(value: str, *, drawn: str | None = None, anew: bool = False, flags: int = 0) -> Change:
    """Give a page a text field with a value, its picture showing the text ``drawn``; ``anew`` asks for new pictures."""

    def change(made: Pdf, page: Object) -> None:
        helvetica = made.make_indirect(
            Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
        )
        fonts = Dictionary(Font=Dictionary(Helv=helvetica))
        field = annotation(
            made, Name.Widget, (60, 60, 140, 85), FT=Name.Tx, T="f", V=value, Ff=flags, DA="/Helv 14 Tf 1 0 0 rg"
        )  # fmt: skip
        if drawn is not None:
            text = b"/Tx BMC q BT /Helv 14 Tf 1 0 0 rg 2 8 Td (%s) Tj ET Q EMC" % drawn.encode()
            field.AP = Dictionary(N=picture(made, text, 80, 25, Resources=fonts))
        page.Annots = Array([field])
        made.Root.AcroForm = Dictionary(Fields=Array([field]), DR=fonts, DA="/Helv 0 Tf 0 g", NeedAppearances=anew)

    return change


def with_marks(made: Pdf, page: Object) -> None:
    """Draw a square and a highlight, which multiplies what is beneath it, over the art."""
    mixed = Dictionary(ExtGState=Dictionary(Mixed=Dictionary(BM=Name.Multiply)))
    group = Dictionary(S=Name.Transparency)
    square = picture(made, b"0 1 1 rg 1 0.5 0 RG 4 w 2 2 76 66 re B", 80, 70)
    highlight = picture(made, b"/Mixed gs 1 1 0 rg 0 0 90 40 re f", 90, 40, Resources=mixed, Group=group)
    page.Annots = Array(
        [
            annotation(made, Name.Square, (200, 20, 280, 90), AP=Dictionary(N=square)),
            annotation(made, Name.Highlight, (10, 20, 100, 60), AP=Dictionary(N=highlight)),
        ]
    )


@pytest.mark.parametrize("box", ["plain", "cropped"])
@pytest.mark.parametrize("rotation", ROTATIONS)
def test_a_filled_field_stays_visible(build: Build, rotation: int, box: str) -> None:
    bare = shot(build(Rotate=rotation, **BOXES[box]))
    source = build(with_field("Filled", drawn="Filled"), Rotate=rotation, **BOXES[box])

    assert difference(shot(source), bare) > 100
    assert change_of_look(source) == 0


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_a_square_and_a_highlight_stay_visible(build: Build, rotation: int) -> None:
    bare = shot(build(Rotate=rotation))
    source = build(with_marks, Rotate=rotation)

    assert difference(shot(source), bare) > 1000
    assert change_of_look(source) == 0


def test_a_chosen_box_stays_ticked(build: Build) -> None:
    def change(made: Pdf, page: Object) -> None:
        states = Dictionary(Yes=picture(made, b"1 0 1 rg 0 0 20 20 re f", 20, 20), Off=picture(made, b"", 20, 20))
        box = annotation(made, Name.Widget, (200, 20, 220, 40), FT=Name.Btn, T="b", AP=Dictionary(N=states))
        box.V = box.AS = Name.Yes
        page.Annots = Array([box])
        made.Root.AcroForm = Dictionary(Fields=Array([box]))

    source = build(change)

    assert place_of((255, 0, 255), shot(normalised(source).path)) == (200, 20, 220, 40)


def test_a_hidden_annotation_stays_hidden(build: Build) -> None:
    def change(made: Pdf, page: Object) -> None:
        with_marks(made, page)
        for mark in page.Annots.as_list():
            mark.F = 2

    part = normalised(build(change))

    assert difference(shot(part.path), shot(build())) == 0


@pytest.mark.parametrize("anew", [False, True])
def test_a_filled_field_without_a_picture_is_drawn(build: Build, anew: bool) -> None:
    part = normalised(build(with_field("Filled", anew=anew)))

    assert "Filled" in pypdf.PdfReader(part.path).pages[0].extract_text()
    assert part.notes == ()


def test_a_field_that_asks_to_be_drawn_anew_shows_its_value(build: Build) -> None:
    part = normalised(build(with_field("New", drawn="Old", anew=True)))

    shown = pypdf.PdfReader(part.path).pages[0].extract_text()
    assert "New" in shown
    assert "Old" not in shown


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize(("value", "flags"), [("中文", 0), ("two\nlines", 1 << 12), ("cells", 1 << 24)])
def test_a_field_is_shown_as_saved_unless_it_asks_to_be_drawn_anew(
    build: Build, value: str, flags: int, anew: bool
) -> None:
    part = normalised(build(with_field(value, drawn="As saved", anew=anew, flags=flags)))

    assert pypdf.PdfReader(part.path).pages[0].extract_text() == (value if anew else "As saved")
    assert part.notes == ()


def test_an_emptied_field_keeps_its_picture_unless_it_asks_for_another(build: Build) -> None:
    kept = normalised(build(with_field("", drawn="As saved")))
    assert pypdf.PdfReader(kept.path).pages[0].extract_text() == "As saved"

    emptied = normalised(build(with_field("", drawn="As saved", anew=True)))
    assert pypdf.PdfReader(emptied.path).pages[0].extract_text() == ""


@pytest.mark.parametrize("subtype", [Name.Highlight, Name.Square, Name.FreeText, Name.Ink, Name.Stamp, Name.Text])
def test_an_annotation_without_a_picture_is_given_one_or_reported(build: Build, subtype: Object) -> None:
    def change(made: Pdf, page: Object) -> None:
        page.Annots = Array([annotation(made, subtype, (200, 20, 280, 90), C=Array([1, 0, 0]))])

    part = normalised(build(change))
    reported = [note.code for note in part.notes] == ["unshown-annotations"]
    assert reported or any(row >> 50 for row in part.pages[0].ink.rows)  # the cells right of 200 points
    assert not reported or part.notes[0].fix


@pytest.mark.parametrize(
    ("subtype", "more"),
    [
        (Name.Highlight, {"QuadPoints": Array([200, 90, 280, 90, 200, 20, 280, 20])}),
        (Name.Square, {}),
        (Name.Ink, {"InkList": Array([Array([205, 25, 240, 80, 275, 30])])}),
    ],
)
def test_a_mark_that_viewers_draw_by_themselves_is_shown(build: Build, subtype: Object, more: dict[str, Array]) -> None:
    def change(made: Pdf, page: Object) -> None:
        rectangle = (0, 0, 1, 1) if subtype == Name.Highlight else (200, 20, 280, 90)  # some programs write nonsense
        page.Annots = Array([annotation(made, subtype, rectangle, C=Array([1, 0, 0]), **more)])

    part = normalised(build(change))

    assert part.notes == ()
    assert any(row >> 50 for row in part.pages[0].ink.rows)


def test_a_hidden_annotation_needs_no_picture(build: Build) -> None:
    def change(made: Pdf, page: Object) -> None:
        page.Annots = Array([annotation(made, Name.Square, (200, 20, 280, 90))])
        page.Annots[0].F = 2

    assert codes(build(change)) == []


def test_a_chinese_field_without_a_picture_is_given_one(build: Build) -> None:
    part = normalised(build(with_field("中文")))

    assert part.notes == ()
    assert "中文" in pypdf.PdfReader(part.path).pages[0].extract_text()


@pytest.mark.parametrize("subtype", [Name.Link, Name.Popup])
def test_what_viewers_do_not_print_is_not_missed(build: Build, subtype: Object) -> None:
    def change(made: Pdf, page: Object) -> None:
        page.Annots = Array([annotation(made, subtype, (200, 20, 280, 90))])

    assert codes(build(change)) == []


# --- nothing acts --------------------------------------------------------------------------------------------------


def with_actions(made: Pdf, page: Object) -> None:
    script = made.make_indirect(Dictionary(S=Name.JavaScript, JS=String("app.alert(1)")))
    button = annotation(made, Name.Widget, (60, 60, 140, 85), FT=Name.Btn, T="b", A=script, AA=Dictionary(E=script))
    launch = annotation(made, Name.Link, (0, 0, 9, 9), A=Dictionary(S=Name.Launch, F=String("x.exe")))
    page.Annots = Array([button, launch])
    page.AA = Dictionary(O=script)
    page.PieceInfo = Dictionary(App=Dictionary(Private=script))
    made.Root.AcroForm = Dictionary(Fields=Array([button]), CO=Array([button]))
    made.Root.OpenAction = script
    made.Root.AA = Dictionary(WC=script)
    made.Root.Names = Dictionary(JavaScript=NameTree.new(made).obj)
    made.Root.Names.JavaScript.Names = Array([String("a"), script])
    made.Root.Outlines = Dictionary(Type=Name.Outlines)
    made.docinfo[Name.Author] = "somebody"
    made.Root.Metadata = made.make_stream(b"<x/>")


def keys_within(path: Path) -> set[str]:
    """Return every key of every dictionary in a PDF."""
    found: set[str] = set()
    with pikepdf.open(path) as opened:
        waiting: list[Object] = [opened.trailer, *opened.objects]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Array):
                waiting += [child for child in node.as_list() if isinstance(child, Array | Dictionary)]
            elif isinstance(node, Dictionary | pikepdf.Stream):
                found |= {str(key) for key in node.keys()}  # noqa: SIM118 - not a dict
                children = [value for _, value in node.items()]
                waiting += [
                    child for child in children if isinstance(child, Array | Dictionary) and not child.is_indirect
                ]
    return found


ACTING = {
    "/A", "/AA", "/AcroForm", "/Annots", "/EmbeddedFiles", "/EF", "/JS", "/JavaScript", "/Names", "/OpenAction",
    "/Outlines", "/PieceInfo", "/AF", "/Dests", "/URI", "/Info", "/Metadata",
}  # fmt: skip


def test_nothing_that_acts_is_left(build: Build) -> None:
    source = build(with_actions)
    assert {"/AA", "/AcroForm", "/Annots", "/JS", "/OpenAction", "/Info", "/Metadata"} <= keys_within(source)

    assert keys_within(normalised(source).path).isdisjoint(ACTING)


def test_removed_actions_are_counted(build: Build) -> None:
    (note,) = normalised(build(with_actions)).notes

    assert note.code == "actions-removed"
    # One each: opening the file, its AA, the page's AA, the list of scripts, the button's A and AA, the launching link.
    assert note.message.startswith("7 ")


def test_a_file_that_does_not_act_has_no_notes(build: Build) -> None:
    assert codes(build(with_marks)) == []


SCRIPT: dict[str, Any] = {"S": Name.JavaScript, "JS": String("app.alert(1)")}
KINDS: dict[str, dict[str, Any]] = {
    "script": SCRIPT,
    "program": {"S": Name.Launch, "F": String("x.exe")},
    "data": {"S": Name.ImportData, "F": String("x.fdf")},
    "another file": {"S": Name.GoToR, "F": String("x.pdf"), "D": Array([0, Name.Fit])},
    "a file within": {"S": Name.GoToE, "T": Dictionary(R=Name.C)},
    "film": {"S": Name.Rendition},
    "rich medium": {"S": Name.RichMediaExecute},
    "old film": {"S": Name.Movie},
    "sound": {"S": Name.Sound},
    "sent form": {"S": Name.SubmitForm, "F": String("http://x")},
}


def on_opening(made: Pdf, page: Object, action: Object) -> None:
    made.Root.OpenAction = action


def on_a_link(made: Pdf, page: Object, action: Object) -> None:
    page.Annots = Array([annotation(made, Name.Link, (0, 0, 9, 9), A=action)])


def after_a_jump(made: Pdf, page: Object, action: Object) -> None:
    first = Dictionary(
        S=Name.GoTo, D=to(page, Name.Fit), Next=Array([Dictionary(S=Name.Named, N=Name.Print, Next=action)])
    )
    page.Annots = Array([annotation(made, Name.Link, (0, 0, 9, 9), A=first)])


def on_a_bookmark(made: Pdf, page: Object, action: Object) -> None:
    entry = made.make_indirect(Dictionary(Title="x", A=action))
    made.Root.Outlines = Dictionary(Type=Name.Outlines, First=entry, Last=entry)


def on_a_button(made: Pdf, page: Object, action: Object) -> None:
    button = annotation(made, Name.Widget, (60, 60, 140, 85), FT=Name.Btn, T="b", A=action)
    page.Annots = Array([button])
    made.Root.AcroForm = Dictionary(Fields=Array([button]))


def on_a_field_of_several(made: Pdf, page: Object, action: Object) -> None:
    button = annotation(made, Name.Widget, (60, 60, 140, 85))
    field = made.make_indirect(Dictionary(FT=Name.Btn, T="b", AA=Dictionary(K=action), Kids=Array([button])))
    button.Parent = field
    page.Annots = Array([button])
    made.Root.AcroForm = Dictionary(Fields=Array([field]))


def on_a_page(made: Pdf, page: Object, action: Object) -> None:
    page.AA = Dictionary(O=action)


def in_a_font(made: Pdf, page: Object, action: Object) -> None:
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Hidden=Array([Dictionary(A=action)]))
    page.Resources = Dictionary(Font=Dictionary(F=made.make_indirect(font)))


def in_a_picture(made: Pdf, page: Object, action: Object) -> None:
    page.Resources = Dictionary(XObject=Dictionary(X=picture(made, b"q Q", 9, 9, Own=Dictionary(B=action))))


HIDDEN_PLACES = [
    on_opening, on_a_link, after_a_jump, on_a_bookmark, on_a_button, on_a_field_of_several, on_a_page, in_a_font,
    in_a_picture,
]  # fmt: skip


@pytest.mark.parametrize("place", HIDDEN_PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_acts_is_gone_and_counted(
    build: Build, kind: str, place: Callable[[Pdf, Object, Object], None]
) -> None:
    part = normalised(build(lambda made, page: place(made, page, made.make_indirect(Dictionary(**KINDS[kind])))))

    counted = [note for note in part.notes if note.code in {"actions-removed", "buttons-removed"}]
    assert counted
    assert all(int(note.message.split()[0]) >= 1 for note in counted)
    with part.path.open("rb") as file:
        assert list(acting.find(pypdf.PdfReader(file), file)) == []


def test_what_a_button_does_is_no_news(build: Build) -> None:
    source = build(lambda made, page: on_a_button(made, page, Dictionary(**KINDS["sent form"])))

    assert codes(source) == ["buttons-removed"]


@pytest.mark.parametrize("place", [in_a_font, in_a_picture])
def test_what_hides_in_kept_objects_changes_nothing_else(
    build: Build, place: Callable[[Pdf, Object, Object], None]
) -> None:
    content = ART + b" BT /F 12 Tf 20 20 Td (Text) Tj ET /X Do"
    source = build(lambda made, page: place(made, page, made.make_indirect(Dictionary(**SCRIPT))), content=content)

    assert change_of_look(source) == 0
    assert codes(source) == ["actions-removed"]


def test_resources_may_be_called_as_actions_are(build: Build) -> None:
    def change(made: Pdf, page: Object) -> None:
        names = ("AA", "JS", "EF", "AF", "XFA")
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        page.Resources = Dictionary(Font=made.make_indirect(Dictionary({f"/{name}": font for name in names})))

    source = build(change, content=b"BT /AA 12 Tf 20 20 Td (Text) Tj /JS 9 Tf (more) Tj ET")

    assert codes(source) == []
    assert change_of_look(source) == 0


def file_of_the_book(made: Pdf, page: Object, spec: Object) -> None:
    made.Root.AF = Array([spec])


def file_of_a_page(made: Pdf, page: Object, spec: Object) -> None:
    page.AF = Array([spec])


def file_of_an_annotation(made: Pdf, page: Object, spec: Object) -> None:
    page.Annots = Array(
        [annotation(made, Name.Stamp, (0, 0, 9, 9), AF=Array([spec]), AP=Dictionary(N=picture(made, b"q Q", 9, 9)))]
    )


@pytest.mark.parametrize("place", [file_of_the_book, file_of_a_page, file_of_an_annotation])
def test_files_that_belong_to_something_are_named_and_removed(
    build: Build, place: Callable[[Pdf, Object, Object], None]
) -> None:
    def change(made: Pdf, page: Object) -> None:
        data = made.make_stream(b"secret", Type=Name.EmbeddedFile)
        spec = Dictionary(Type=Name.Filespec, F=String("old.xml"), UF=String("data.xml"), EF=Dictionary(F=data))
        place(made, page, made.make_indirect(spec))

    part = normalised(build(change))

    assert [note.code for note in part.notes] == ["embedded-files"]
    assert "data.xml" in part.notes[0].message
    assert keys_within(part.path).isdisjoint(ACTING)


def test_a_file_that_is_listed_twice_is_named_once(build: Build) -> None:
    def change(made: Pdf, page: Object) -> None:
        made.attachments["data.xml"] = b"secret"
        made.Root.AF = Array([made.attachments["data.xml"].obj])

    (note,) = normalised(build(change)).notes
    assert note.message.count("data.xml") == 1


def test_files_inside_are_named_and_removed(build: Build) -> None:
    def change(made: Pdf, page: Object) -> None:
        made.attachments["table.xlsx"] = b"secret"
        spec = Dictionary(Type=Name.Filespec, UF=String("photo.jpg"), EF=Dictionary(F=made.make_stream(b"secret")))
        page.Annots = Array([annotation(made, Name.FileAttachment, (0, 0, 9, 9), FS=spec)])

    part = normalised(build(change))

    (note,) = part.notes
    assert note.code == "embedded-files"
    assert "table.xlsx" in note.message
    assert "photo.jpg" in note.message
    assert keys_within(part.path).isdisjoint(ACTING)


def test_a_lost_signature_is_reported(build: Build) -> None:
    def change(made: Pdf, page: Object) -> None:
        signature = Dictionary(Type=Name.Sig, Contents=String("x"))
        field = annotation(made, Name.Widget, (0, 0, 0, 0), FT=Name.Sig, T="s", V=signature)
        page.Annots = Array([field])
        group = Dictionary(T="group", Kids=Array([field]))
        made.Root.AcroForm = Dictionary(Fields=Array([made.make_indirect(group)]), SigFlags=3)

    assert codes(build(change)) == ["signature-lost"]


def test_an_xfa_form_is_reported(build: Build) -> None:
    def change(made: Pdf, page: Object) -> None:
        made.Root.AcroForm = Dictionary(Fields=Array(), XFA=made.make_stream(b"<xdp/>"))

    assert codes(build(change)) == ["xfa-form"]


# --- a part of each page -------------------------------------------------------------------------------------------


Crop = tuple[float, float, float, float]
CROPS: list[Crop] = [(0, 0, 1, 1), (0, 0, 0.5, 1), (0.25, 0.1, 0.9, 0.5), (0.5, 0.5, 1, 1), (0, 0.9, 0.1, 1)]


def cropped(source: Path, crop: Crop) -> Part:
    return pdf.normalise(source, source.with_suffix(".cropped.pdf"), crop=crop)


@pytest.mark.parametrize("crop", CROPS)
@pytest.mark.parametrize("rotation", ROTATIONS)
@pytest.mark.parametrize("box", ["plain", "cropped"])
def test_a_cropped_page_shows_that_part_of_the_page_as_seen(build: Build, box: str, rotation: int, crop: Crop) -> None:
    source = build(Rotate=rotation, **BOXES[box])
    part = cropped(source, crop)

    whole = shot(source, scale=4)
    width, height = whole.size
    edges = (crop[0] * width, crop[1] * height, crop[2] * width, crop[3] * height)
    expected = whole.crop(tuple(round(edge) for edge in edges))  # type: ignore[arg-type]
    seen = shot(part.path, scale=4)
    assert (part.pages[0].width * 4, part.pages[0].height * 4) == pytest.approx(
        (edges[2] - edges[0], edges[3] - edges[1])
    )
    common = min(seen.width, expected.width), min(seen.height, expected.height)
    assert max(abs(seen.width - expected.width), abs(seen.height - expected.height)) <= 1
    differing = difference(seen.crop((0, 0, *common)), expected.crop((0, 0, *common)))
    assert differing < 12 * sum(common) / 4  # along the edges of what is drawn


def test_what_is_cropped_away_does_not_come_back_around_the_page(build: Build) -> None:
    """On a larger sheet, a viewer draws whatever is not clipped."""
    part = cropped(build(), (0.5, 0.5, 1, 1))
    with pikepdf.open(part.path, allow_overwriting_input=True) as written:
        written.pages[0].obj.MediaBox = Array([-150, -100, 300, 200])
        written.save(part.path)

    assert shot(part.path).getbbox() is not None
    left = shot(part.path).crop((0, 0, 150, 300))
    assert left.getcolors() == [(left.width * left.height, (255, 255, 255))]


@pytest.mark.parametrize("unit", [1, 2])
def test_a_cropped_page_is_as_large_as_it_was_on_the_page(build: Build, unit: int) -> None:
    (page,) = cropped(build(UserUnit=unit), (0.1, 0.2, 0.6, 1)).pages

    assert (page.width, page.height) == pytest.approx((150 * unit, 160 * unit))


def test_the_ink_of_a_cropped_page_is_that_of_the_part(build: Build) -> None:
    (page,) = cropped(build(content=b"1 0 0 rg 20 20 40 40 re f 200 120 40 40 re f"), (0.5, 0, 1, 1)).pages

    assert extent(page) == pytest.approx((50, 120, 90, 160), abs=INK_CELL)


def test_links_follow_the_part_that_is_shown(build: Build) -> None:
    part = cropped(build(boxes((10, 10, 60, 20), (100, 10, 200, 20), (180, 50, 220, 60))), (0.5, 0, 1, 1))

    places = [(link.box.left, link.box.bottom, link.box.right, link.box.top) for link in part.pages[0].links]
    assert places == [(0, 10, 50, 20), (30, 50, 70, 60)]


def test_a_link_leads_to_its_height_on_the_part(build: Build) -> None:
    change = with_link(lambda made, page: {"Dest": to(page, Name.XYZ, 0, 80, None)})
    (link,) = cropped(build(change), (0, 0.5, 1, 1)).pages[0].links

    assert link.top == 80


def test_the_bytes_of_a_cropped_scan_are_unchanged(tmp_path: Path) -> None:
    data = io.BytesIO()
    Image.new("RGB", (120, 80), "red").save(data, "JPEG")
    source = tmp_path / "scan.pdf"
    source.write_bytes(img2pdf.convert(data.getvalue()))

    assert images_of(cropped(source, (0.2, 0.2, 0.6, 0.6)).path) == [data.getvalue()]


def test_it_is_said_that_what_is_cropped_away_is_not_removed(build: Build) -> None:
    assert [(note.code, note.severity) for note in cropped(build(), (0, 0, 0.5, 1)).notes] == [("cropped", "info")]


@pytest.mark.parametrize("crop", [(0.5, 0, 0.5, 1), (0.6, 0, 0.5, 1), (-0.1, 0, 1, 1), (0, 0, 1, 1.1), (0, 1, 1, 0)])
def test_a_crop_that_is_no_part_of_a_page_is_refused(build: Build, crop: Crop) -> None:
    with pytest.raises(ConversionError) as caught:
        cropped(build(), crop)
    assert caught.value.code == "bad-crop"


def test_a_sliver_is_still_a_page(build: Build) -> None:
    (page,) = cropped(build(), (0.5, 0.5, 0.5 + 1e-9, 0.5 + 1e-9)).pages

    assert page.width >= 1
    assert page.height >= 1


def bound(binder: dossier.Binder) -> list[Page]:
    return [page for page in binder.receipt.pages if page.kind == "evidence"]


def test_pages_keep_their_size_unless_they_are_larger_than_the_paper(
    make_pdf: MakePdf, make_manifest: MakeManifest, tmp_path: Path
) -> None:
    sizes = [(420.0, 595.0), (300.0, 200.0), (595.276, 841.89), (1190.55, 1683.78)]
    for number, size in enumerate(sizes):
        make_pdf(f"sources/{number}.pdf", size=size)
    evidence = [{"file": f"{number}.pdf", "fit": fit} for fit in ("none", "page") for number in range(4)]
    binder = dossier.build(make_manifest({"1": evidence}, front=[]), tmp_path / "out", engine="embedded")

    assert binder.problems == ()
    for page, size, scale in zip(bound(binder), sizes * 2, [1, 1, 1, 0.5] * 2, strict=True):
        a, b, c, d, e, f = page.placed
        assert (a, b, c, d) == pytest.approx((scale, 0, 0, scale), abs=1e-3)
        middle = (page.width - size[0] * scale) / 2, (page.height - size[1] * scale) / 2
        assert (e, f) == pytest.approx(middle, abs=0.1)


def test_a_crop_is_heeded_for_pdf_and_word_and_images_are_not_cropped_twice(
    make_pdf: MakePdf, make_docx: MakeDocx, make_photo: MakePhoto, make_manifest: MakeManifest, tmp_path: Path
) -> None:
    make_pdf("sources/a.pdf")
    make_docx("sources/b.docx", "text")
    make_photo("sources/c.jpg", (800, 600), dpi=72)
    evidence = [
        {"file": name, "crop": ["0%", "0%", "50%", "50%"], "fit": "none"} for name in ("a.pdf", "b.docx", "c.jpg")
    ]
    binder = dossier.build(make_manifest({"1": evidence}, front=[]), tmp_path / "out", engine="embedded")

    sizes = []
    with pikepdf.open(binder.paths[0]) as book:
        for page in bound(binder):
            form = book.pages[page.page - 1].obj.Resources.XObject[FORM]
            left, bottom, right, top = (float(value) for value in form.BBox.as_list())
            sizes.append((right - left, top - bottom))
    assert sizes[0] == pytest.approx((A4[0] / 2, A4[1] / 2), abs=0.5)
    assert sizes[1] == pytest.approx((612 / 2, 792 / 2), abs=0.5)  # python-docx writes pages of US Letter
    assert sizes[2] == pytest.approx((A4[1], A4[0]), abs=0.5)  # the sheet that the part of the photo stands on
    assert {problem.code for problem in binder.problems} == {"cropped"}


def test_the_sheet_about_a_recording_is_not_cropped(make_manifest: MakeManifest, tmp_path: Path) -> None:
    manifest = make_manifest({"1": [{"file": "a.wav", "crop": ["0%", "0%", "50%", "50%"]}]}, front=[])
    with wave.open(str(tmp_path / "sources" / "a.wav"), "wb") as sound:
        sound.setparams((1, 1, 8000, 8000, "NONE", ""))
        sound.writeframes(bytes(8000))
    binder = dossier.build(manifest, tmp_path / "out", engine="embedded")

    assert "no-effect" in {problem.code for problem in binder.problems}
    with pikepdf.open(binder.paths[0]) as book:
        left, bottom, right, top = book.pages[bound(binder)[0].page - 1].obj.Resources.XObject[FORM].BBox.as_list()
    assert (float(right - left), float(top - bottom)) == pytest.approx(A4, abs=0.5)


# --- links and outline ---------------------------------------------------------------------------------------------


def to(page: Object, *how: Any) -> Array:
    return Array([page, *how])


def with_link(target: Callable[[Pdf, Object], dict[str, Any]], box: Sequence[float] = GREEN) -> Change:
    def change(made: Pdf, page: Object) -> None:
        page.Annots = Array([annotation(made, Name.Link, box, **target(made, page))])

    return change


@pytest.mark.parametrize("box", ["plain", "cropped"])
@pytest.mark.parametrize("rotation", ROTATIONS)
def test_a_link_covers_what_it_covered(build: Build, rotation: int, box: str) -> None:
    change = with_link(lambda made, page: {"Dest": to(page, Name.Fit)})
    part = normalised(build(change, Rotate=rotation, **BOXES[box]))

    (link,) = part.pages[0].links
    seen = place_of((0, 255, 0), shot(part.path))
    assert (link.box.left, link.box.bottom, link.box.right, link.box.top) == seen


@pytest.mark.parametrize("box", ["plain", "cropped"])
@pytest.mark.parametrize("rotation", ROTATIONS)
def test_a_link_leads_to_the_height_that_is_seen(build: Build, rotation: int, box: str) -> None:
    """The destination is the upper left corner of the green bar, in the page's own space."""
    left, _, _, top = GREEN
    change = with_link(lambda made, page: {"Dest": to(page, Name.XYZ, left, top, None)})
    part = normalised(build(change, Rotate=rotation, **BOXES[box]))

    (link,) = part.pages[0].links
    _, bottom_seen, _, top_seen = place_of((0, 255, 0), shot(part.path))
    assert link.top == (top_seen if rotation in (0, 90) else bottom_seen)


@pytest.mark.parametrize("how", [(Name.XYZ, None, 80, None), (Name.FitH, 80)])
def test_a_height_without_a_side_starts_at_the_edge(build: Build, how: tuple[Any, ...]) -> None:
    """On a page that is turned, a reader sees the left edge on top."""
    source = build(with_link(lambda made, page: {"Dest": to(page, *how)}), Rotate=90, **BOXES["origin elsewhere"])
    page = only_page(source)

    assert page.links[0].top == page.height


def test_heights_and_areas_are_in_points_whatever_the_user_unit(build: Build) -> None:
    change = with_link(lambda made, page: {"Dest": to(page, Name.XYZ, 0, 80, None)})
    (link,) = only_page(build(change, UserUnit=2)).links

    assert link.top == 160
    assert (link.box.left, link.box.top) == (300, 160)


def named(tree: bool) -> Callable[[Pdf, Object], dict[str, Any]]:
    def target(made: Pdf, page: Object) -> dict[str, Any]:
        if tree:
            leaf = Dictionary(Names=Array([String("here"), Dictionary(D=to(page, Name.XYZ, 0, 80, None))]))
            leaf.Limits = Array([String("here"), String("here")])
            middle = Dictionary(Kids=Array([made.make_indirect(leaf)]), Limits=leaf.Limits)
            made.Root.Names = Dictionary(Dests=Dictionary(Kids=Array([made.make_indirect(middle)])))
            return {"A": Dictionary(S=Name.GoTo, D=String("here"))}
        made.Root.Dests = Dictionary(here=to(page, Name.XYZ, 0, 80, None))
        return {"Dest": Name.here}

    return target


@pytest.mark.parametrize(
    ("target", "top"),
    [
        (lambda made, page: {"Dest": to(page, Name.XYZ, 0, 80, None)}, 80),
        (lambda made, page: {"A": Dictionary(S=Name.GoTo, D=to(page, Name.XYZ, 0, 80, None))}, 80),
        (lambda made, page: {"Dest": to(page, Name.XYZ, None, None, None)}, None),
        (lambda made, page: {"Dest": to(page, Name.FitH, 80)}, 80),
        (lambda made, page: {"Dest": to(page, Name.FitR, 10, 20, 90, 80)}, 80),
        (lambda made, page: {"Dest": to(page, Name.Fit)}, None),
        (lambda made, page: {"Dest": Array([0, Name.XYZ, 0, 80, None])}, 80),
        (lambda made, page: {"Dest": to(page)}, None),
        (lambda made, page: {"Dest": to(page, Name.XYZ, 0, 9999, None)}, 200),
        (named(tree=False), 80),
        (named(tree=True), 80),
    ],
    ids=[
        "explicit", "by an action", "height left open", "FitH", "FitR", "Fit", "page by number", "page alone",
        "above the page", "by a name", "by a name in a tree",
    ],
)  # fmt: skip
def test_where_links_lead(build: Build, target: Any, top: float | None) -> None:
    (link,) = only_page(build(with_link(target))).links

    assert (link.page, link.top, link.uri) == (1, top, "")


@pytest.mark.parametrize(
    "target",
    [
        {"Dest": String("nowhere")},
        {"Dest": Array([99, Name.Fit])},
        {"Dest": Array([Dictionary(Type=Name.Page), Name.Fit])},
        {"Dest": Array()},
        {"Dest": 7},
        {"A": Dictionary(S=Name.GoToR, F=String("other.pdf"), D=Array([0, Name.Fit]))},
        {"A": Dictionary(S=Name.URI, URI=String("javascript:alert(1)"))},
        {"A": Dictionary(S=Name.URI, URI=String("file:///etc/passwd"))},
        {"A": Dictionary(S=Name.URI)},
        {},
    ],
)
def test_links_to_nowhere_and_elsewhere_are_left_out(build: Build, target: dict[str, Any]) -> None:
    assert only_page(build(with_link(lambda made, page: target))).links == ()


@pytest.mark.parametrize("uri", ["https://example.org/a?b=c", "HTTP://EXAMPLE.ORG", "mailto:a@b.cn", "dossier:1-6-03"])
def test_links_to_addresses_are_kept(build: Build, uri: str) -> None:
    change = with_link(lambda made, page: {"A": Dictionary(S=Name.URI, URI=String(uri))})
    (link,) = only_page(build(change)).links

    assert (link.uri, link.page) == (uri, 0)


def test_a_link_leads_to_the_page_it_led_to(make_pdf: Callable[..., Path]) -> None:
    source = make_pdf("three.pdf", pages=3)
    with pikepdf.open(source, allow_overwriting_input=True) as made:
        pages = [page.obj for page in made.pages]
        for number, page in enumerate(pages):
            target = to(pages[(number + 1) % 3], Name.XYZ, 0, 700, None)
            page.Annots = Array([annotation(made, Name.Link, (10, 10, 50, 20), Dest=target)])
        made.save(source)

    assert [page.links[0].page for page in normalised(source).pages] == [2, 3, 1]


def boxes(*areas: tuple[float, float, float, float], uris: Sequence[str] = ()) -> Change:
    def change(made: Pdf, page: Object) -> None:
        targets = uris or ["http://a"] * len(areas)
        page.Annots = Array(
            [
                annotation(made, Name.Link, area, A=Dictionary(S=Name.URI, URI=String(uri)))
                for area, uri in zip(areas, targets, strict=True)
            ]
        )

    return change


def test_the_areas_of_one_line_become_one(build: Build) -> None:
    source = build(boxes((10, 50, 20, 60), (20, 50, 30, 60), (33, 51, 40, 61)))

    (link,) = only_page(source).links
    assert (link.box.left, link.box.bottom, link.box.right, link.box.top) == (10, 50, 40, 61)


@pytest.mark.parametrize(
    "change",
    [
        boxes((10, 50, 20, 60), (20, 38, 30, 48)),
        boxes((10, 50, 20, 60), (35, 50, 45, 60)),
        boxes((10, 50, 20, 60), (20, 50, 30, 60), uris=("http://a", "http://b")),
    ],
    ids=["of two lines", "far apart", "to two places"],
)
def test_areas_stay_apart(build: Build, change: Change) -> None:
    assert len(only_page(build(change)).links) == 2


def test_an_outline_becomes_data(make_pdf: Callable[..., Path]) -> None:
    source = make_pdf("three.pdf", pages=3)
    with pikepdf.open(source, allow_overwriting_input=True) as made:
        pages = [page.obj for page in made.pages]
        pages[1].Rotate = 180
        with made.open_outline() as outline:
            first = OutlineItem("一  总则\n", to(pages[0], Name.Fit))
            second = OutlineItem("附件", to(pages[1], Name.XYZ, 0, 800, None))
            deepest = OutlineItem("表", to(pages[2], Name.XYZ, 0, 100, None))
            second.children.append(deepest)
            first.children.append(second)
            outline.root += [first, OutlineItem("三", to(pages[2], Name.Fit))]
        made.save(source)

    entries = [(entry.title, entry.level, entry.page, entry.top) for entry in normalised(source).outline]
    assert entries == [
        ("一 总则", 1, 1, None),
        ("附件", 2, 2, pytest.approx(841.89 - 800, abs=0.01)),  # seen upside down
        ("表", 3, 3, 100.0),
        ("三", 1, 3, None),
    ]


def test_bookmarks_to_nowhere_are_left_out_and_what_is_under_them_stays(build: Build) -> None:
    def change(made: Pdf, page: Object) -> None:
        with made.open_outline() as outline:
            nowhere = OutlineItem("nowhere")
            nowhere.children.append(OutlineItem("here", to(page, Name.Fit)))
            outline.root.append(nowhere)

    assert [(entry.title, entry.page) for entry in normalised(build(change)).outline] == [("here", 1)]


def test_an_outline_that_loops_ends(build: Build) -> None:
    def change(made: Pdf, page: Object) -> None:
        one = made.make_indirect(Dictionary(Title="one", Dest=to(page, Name.Fit)))
        two = made.make_indirect(Dictionary(Title="two", Dest=to(page, Name.Fit), Next=one))
        one.Next = two
        one.First = one
        made.Root.Outlines = made.make_indirect(Dictionary(Type=Name.Outlines, First=one, Last=two))

    assert [entry.title for entry in normalised(build(change)).outline] == ["one", "two"]


def test_names_in_a_loop_lead_nowhere(build: Build) -> None:
    def target(made: Pdf, page: Object) -> dict[str, Any]:
        node = made.make_indirect(Dictionary(Limits=Array([String("a"), String("z")])))
        node.Kids = Array([node])
        made.Root.Names = Dictionary(Dests=node)
        return {"Dest": String("here")}

    assert only_page(build(with_link(target))).links == ()


# --- locked and broken files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("strength", [2, 3, 4, 6])
def test_a_file_that_needs_a_password_is_refused(build: Build, strength: Any) -> None:
    locked = pikepdf.Encryption(owner="o", user="u", R=strength, metadata=strength >= 4, aes=strength >= 4)
    error = refusal(build(encryption=locked))

    assert error.code == "encrypted-source"


def test_a_password_that_a_file_does_not_need_is_no_news(build: Build, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        part = pdf.normalise(build(), tmp_path / "part.pdf", password="secret")
    assert len(part.pages) == 1


@pytest.mark.parametrize("strength", [2, 3, 4, 6])
def test_a_file_that_opens_without_a_password_is_bound_and_reported(build: Build, strength: Any) -> None:
    locked = pikepdf.Encryption(owner="o", user="", R=strength, metadata=strength >= 4, aes=strength >= 4)
    source = build(encryption=locked)
    part = normalised(source)

    assert [note.code for note in part.notes] == ["was-encrypted"]
    assert change_of_look(source) == 0
    with pikepdf.open(part.path) as written:
        assert not written.is_encrypted


CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R >>"
CONTENT = b"<< /Length 24 >> stream\n1 0 0 rg 0 0 50 50 re f \nendstream"


def tree(kids: bytes, *more: bytes) -> tuple[bytes, ...]:
    """Return the objects of a PDF whose page tree's root, number 2, has ``kids``; 3 is a page, ``more`` start at 5."""
    return CATALOGUE, b"<< /Type /Pages /Count 1 /Kids %s >>" % kids, PAGE, CONTENT, *more


@pytest.mark.parametrize(
    ("objects", "code"),
    [
        ((b"<< /Type /Catalog >>",), "damaged-source"),
        ((CATALOGUE, b"<< /Type /Pages /Count 1 >>"), "damaged-source"),
        ((CATALOGUE, b"7"), "damaged-source"),
        (tree(b"[]"), "empty-source"),
        (tree(b"[null 99 0 R 7]"), "empty-source"),
        (tree(b"[2 0 R]"), "looping-source"),
        (tree(b"[3 0 R 5 0 R]", b"<< /Type /Pages /Parent 2 0 R /Count 1 /Kids [2 0 R] >>"), "looping-source"),
        (tree(b"[5 0 R 5 0 R]", b"<< /Type /Pages /Parent 2 0 R /Count 1 /Kids [3 0 R] >>"), "looping-source"),
        ((*tree(b"[3 0 R]")[:3], b"<< /Length 5 /Filter /FlateDecode >> stream\nabcde\nendstream"), "damaged-source"),
        ((*tree(b"[3 0 R]")[:3], b"<< /Length 5 /Filter /Unknown >> stream\nabcde\nendstream"), "damaged-source"),
    ],
    ids=[
        "no page tree", "no pages in the tree", "a number for a page tree", "no kids", "kids that are no pages",
        "a tree within itself", "a loop below", "a branch that hangs twice", "content that is not packed as it says",
        "content in a packing that nobody knows",
    ],
)  # fmt: skip
def test_a_broken_structure_is_refused(tmp_path: Path, objects: tuple[bytes, ...], code: str) -> None:
    error = refusal(raw(tmp_path / "broken.pdf", *objects))

    assert error.code == code
    assert str(tmp_path) not in error.message


def test_the_frame_of_broken_structures_is_sound(tmp_path: Path) -> None:
    assert len(normalised(raw(tmp_path / "sound.pdf", *tree(b"[3 0 R]"))).pages) == 1


def test_a_page_tree_too_deep_is_refused(tmp_path: Path) -> None:
    depth = 2000
    nodes = [b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % (number + 3) for number in range(depth)]
    last = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 300 200] >>" % (depth + 1)

    assert refusal(raw(tmp_path / "deep.pdf", CATALOGUE, *nodes, last)).code == "damaged-source"


@pytest.mark.parametrize("kids", [b"[3 0 R 99 0 R]", b"[3 0 R null]", b"[3 0 R 7]", b"[3 0 R]"])
@pytest.mark.parametrize("count", [2, 100_000_000])
def test_a_lost_page_is_reported(tmp_path: Path, kids: bytes, count: int) -> None:
    objects = list(tree(kids))
    objects[1] = objects[1].replace(b"/Count 1", b"/Count %d" % count)
    part = normalised(raw(tmp_path / "lost.pdf", *objects))

    assert len(part.pages) == 1
    assert [note.code for note in part.notes] == ["repaired"]


def test_a_file_of_too_many_pages_is_refused(make_pdf: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_MOST_PAGES", 3)

    assert len(normalised(make_pdf("few.pdf", pages=3)).pages) == 3
    assert refusal(make_pdf("many.pdf", pages=4)).code == "oversized-source"


def test_too_much_content_is_refused(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_MOST_CONTENT", 1000)

    assert len(normalised(build(content=[b" " * 500, b" " * 500])).pages) == 1
    assert refusal(build(content=[b" " * 500, b" " * 501])).code == "oversized-source"


@pytest.mark.parametrize(
    "data",
    [b"", b"%PDF-1.7\n", b"%PDF-1.7\n" + bytes(range(256)) * 20, b"\0" * 5000],
    ids=["nothing", "a head", "noise", "zeros"],
)
def test_garbage_is_refused(tmp_path: Path, data: bytes) -> None:
    source = tmp_path / "garbage.pdf"
    source.write_bytes(data)

    assert refusal(source).code == "damaged-source"


def test_a_file_cut_short_after_its_pages_is_mended_and_reported(build: Build) -> None:
    source = build()
    before = shot(source)
    data = source.read_bytes()
    source.write_bytes(data[: data.rindex(b"trailer")])

    part = normalised(source)
    assert [note.code for note in part.notes] == ["repaired"]
    assert difference(before, shot(part.path)) == 0


def outcome(source: Path) -> str:
    """Return the code of a refusal, or the codes of a part's notes, after its pages were drawn."""
    try:
        part = normalised(source)
    except ConversionError as error:
        return error.code
    for index in range(len(part.pages)):
        shot(part.path, index, scale=0.1)
    return " ".join(note.code for note in part.notes) or "bound"


def test_a_file_cut_anywhere_is_refused_or_reported(make_pdf: Callable[..., Path]) -> None:
    whole = make_pdf("whole.pdf", pages=3).read_bytes()
    source = make_pdf("cut.pdf")
    outcomes = set()
    for tenth in range(1, 20):
        source.write_bytes(whole[: len(whole) * tenth // 20])
        outcomes.add(outcome(source))

    assert outcomes == {"damaged-source", "repaired"}


def test_damaged_bytes_never_end_in_another_error(build: Build) -> None:
    source = build(with_actions)
    whole = source.read_bytes()
    outcomes = set()
    for seed in range(60):
        chance = random.Random(seed)
        damaged = bytearray(whole)
        for _ in range(5):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        source.write_bytes(damaged)
        outcomes.add(outcome(source))

    assert len(outcomes) > 2


def test_counting_pages_refuses_what_binding_refuses(build: Build, make_pdf: Callable[..., Path]) -> None:
    assert pdf.count_pages(make_pdf("three.pdf", pages=3)) == 3
    with pytest.raises(ConversionError) as caught:
        pdf.count_pages(build(encryption=pikepdf.Encryption(owner="o", user="u")))
    assert caught.value.code == "encrypted-source"


def test_libraries_do_not_write_to_the_terminal(tmp_path: Path) -> None:
    """Pages that are missing make pikepdf log an error, which is reported as a note already."""
    source = raw(tmp_path / "lost.pdf", *tree(b"[3 0 R 99 0 R]"))
    script = "import sys, pathlib; from dossier.convert import pdf; print(pdf.count_pages(pathlib.Path(sys.argv[1])))"
    ran = subprocess.run([sys.executable, "-c", script, source], capture_output=True, text=True, check=True)

    assert (ran.stdout, ran.stderr) == ("1\n", "")


# --- images, ink, bytes --------------------------------------------------------------------------------------------


def images_of(path: Path) -> list[bytes]:
    with pikepdf.open(path) as opened:
        return [
            node.read_raw_bytes()
            for node in opened.objects
            if isinstance(node, pikepdf.Stream) and node.get(Name.Subtype) == Name.Image
        ]


@pytest.mark.parametrize(
    ("mode", "options"), [("RGB", {"format": "JPEG"}), ("1", {"format": "TIFF", "compression": "group4"})]
)
def test_the_bytes_of_scans_are_unchanged(tmp_path: Path, mode: str, options: dict[str, str]) -> None:
    scan = Image.new(mode, (120, 80), "white")
    ImageDraw.Draw(scan).rectangle((5, 5, 60, 40), fill="black")
    data = io.BytesIO()
    scan.save(data, **options)
    source = tmp_path / "scan.pdf"
    source.write_bytes(img2pdf.convert(data.getvalue()))
    (before,) = images_of(source)

    assert images_of(normalised(source).path) == [before]
    if options["format"] == "JPEG":
        assert before == data.getvalue()


def extent(page: PartPage) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of a page's ink, in points."""
    ink = page.ink
    across = [column for column in range(ink.columns) if any(row >> column & 1 for row in ink.rows)]
    up = [number for number, row in enumerate(ink.rows) if row]
    wide, high = page.width / ink.columns, page.height / len(ink.rows)
    return across[0] * wide, up[0] * high, (across[-1] + 1) * wide, (up[-1] + 1) * high


@pytest.mark.parametrize("rotation", ROTATIONS)
@pytest.mark.parametrize("corner", [(6, 6), (256, 6), (6, 166), (256, 166)])
def test_ink_is_found_where_a_mark_is_seen(build: Build, corner: tuple[int, int], rotation: int) -> None:
    source = build(content=b"1 0 0 rg %d %d 37 29 re f" % corner, MediaBox=[0, 0, 301.7, 199.3], Rotate=rotation)
    part = normalised(source)

    seen = place_of((255, 0, 0), shot(source))
    found = extent(part.pages[0])
    assert found == pytest.approx(seen, abs=1.5 * INK_CELL)


def test_ink_is_as_fine_as_its_cells(build: Build) -> None:
    page = only_page(build(content=b"0 g 100 100 1 1 re f"))

    assert sum(row.bit_count() for row in page.ink.rows) in {1, 2, 4}
    assert page.ink.columns == 300 / INK_CELL


@pytest.mark.parametrize("paper", [1.0, 0.99, 0.9, 0.8])
def test_a_scan_s_own_paper_is_no_ink(build: Build, paper: float) -> None:
    page = only_page(build(content=b"%.2f g 0 0 300 200 re f 0.2 g 100 100 40 40 re f" % paper))

    assert extent(page) == pytest.approx((100, 100, 140, 140), abs=INK_CELL)


@pytest.mark.parametrize("grey", [0.9, 0.8, 0.5])
def test_a_pale_panel_on_white_paper_is_ink(build: Build, grey: float) -> None:
    page = only_page(build(content=b"%.2f g 100 100 40 40 re f" % grey))

    assert extent(page) == pytest.approx((100, 100, 140, 140), abs=INK_CELL)


def test_a_page_covered_with_a_dark_tone_is_all_ink(build: Build) -> None:
    assert only_page(build(content=b"0.6 g 0 0 300 200 re f")).ink == Ink.full(300, 200)


def test_the_ink_of_a_huge_page_stays_small(build: Build) -> None:
    page = only_page(build(MediaBox=[0, 0, 14400, 100]))

    assert page.width == 14400
    assert page.ink.columns <= 400


def test_the_same_file_gives_the_same_bytes(build: Build, tmp_path: Path) -> None:
    source = build(with_field("Filled"), Rotate=90)
    first = normalised(source)
    kept = first.path.read_bytes()
    second = pdf.normalise(source, tmp_path / "again.pdf")

    assert second.path.read_bytes() == kept
    assert second.pages == first.pages


def test_a_part_s_identifier_holds_no_time(build: Build) -> None:
    with pikepdf.open(normalised(build()).path) as written:
        first, second = (bytes(value) for value in written.trailer.ID.as_list())

    assert first == second == bytes.fromhex("31415926535897932384626433832795")  # what qpdf writes for "static"


def test_a_part_is_a_sound_pdf(build: Build) -> None:
    source = build(with_actions, Rotate=90, **BOXES["cropped"])

    with pikepdf.open(normalised(source).path) as written:
        assert written.check_pdf_syntax() == []
