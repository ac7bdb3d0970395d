"""What a PDF's layers hide by default is gone from a part, for every reader; the rest looks as it did."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name, Object, Pdf
from PIL import Image, ImageChops

from dossier.convert import pdf
from dossier.convert.layers import without_hidden
from dossier.part import Part

SIZE = (300, 200)
Layers = dict[str, Object]
Dress = Callable[[Pdf, Object, Layers], None]
SHOWN, HIDDEN = b"1 0 0 rg 10 10 60 60 re f", b"0 0 1 rg 100 10 60 60 re f"


class Build:
    """Writes a PDF of one page with the layers ``On`` and ``Off``, properties ``/On`` and ``/Off`` of its resources."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, content: bytes, dress: Dress | None = None, **default: Any) -> Path:
        with Pdf.new() as made:
            page = made.add_blank_page(page_size=SIZE).obj
            names = ("On", "Off")
            layers: Layers = {
                name: made.make_indirect(Dictionary(Type=Name.OCG, Name=f"{name} 图层")) for name in names
            }
            font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
            page.Resources = Dictionary(
                Properties=Dictionary({f"/{name}": layer for name, layer in layers.items()}),
                Font=Dictionary(F=made.make_indirect(font)),
                XObject=Dictionary(),
            )
            page.Contents = made.make_stream(content)
            given = {f"/{key}": value for key, value in default.items()}
            made.Root.OCProperties = Dictionary(
                OCGs=Array(list(layers.values())), D=Dictionary({"/OFF": Array([layers["Off"]])} | given)
            )
            if dress is not None:
                dress(made, page, layers)
            made.save(self.path)
        return self.path


@pytest.fixture
def build(tmp_path: Path) -> Build:
    return Build(tmp_path / "source.pdf")


def normalised(source: Path) -> Part:
    return pdf.normalise(source, source.with_suffix(".part.pdf"))


def shot(path: Path) -> Image.Image:
    with pypdfium2.PdfDocument(path) as document:
        picture: Image.Image = document[0].render().to_pil()
        return picture.convert("RGB")


def looks_alike(one: Path, other: Path) -> bool:
    return ImageChops.difference(shot(one), shot(other)).getbbox() is None


def colours(path: Path) -> set[str]:
    """Return which of red and blue a page shows."""
    names = {(255, 0, 0): "red", (0, 0, 255): "blue"}
    return {names[colour] for _, colour in shot(path).getcolors(1 << 16) or [] if colour in names}


def texts(path: Path) -> set[str]:
    """Return the text of the page as three readers see it."""
    with pypdfium2.PdfDocument(path) as document:
        found = {document[0].get_textpage().get_text_range(), pypdf.PdfReader(path).pages[0].extract_text()}
    if shutil.which("pdftotext"):
        found.add(subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True, text=True).stdout)
    return {" ".join(text.split()) for text in found}


def marked(layer: bytes, content: bytes) -> bytes:
    return b"/OC /%b BDC %b EMC\n" % (layer, content)


BOTH = marked(b"On", SHOWN) + marked(b"Off", HIDDEN)


# --- which layers are hidden -----------------------------------------------------------------------------------------


def test_what_is_hidden_is_gone_and_what_is_shown_stays(build: Build) -> None:
    source = build(BOTH)
    part = normalised(source)

    assert colours(part.path) == {"red"}
    assert looks_alike(source, part.path)


def test_hidden_layers_are_named(build: Build) -> None:
    (note,) = normalised(build(BOTH)).notes

    assert (note.code, note.severity) == ("hidden-layers", "info")
    assert "Off 图层" in note.message
    assert "On 图层" not in note.message


def test_a_layer_that_hides_nothing_is_not_named(build: Build) -> None:
    def unused(made: Pdf, page: Object, layers: Layers) -> None:
        del page.Resources.Properties.Off

    assert normalised(build(marked(b"On", SHOWN), unused)).notes == ()


def test_of_very_many_hidden_layers_the_rest_is_counted(build: Build) -> None:
    def many(made: Pdf, page: Object, layers: Layers) -> None:
        for number in range(30):
            layer = made.make_indirect(Dictionary(Type=Name.OCG, Name=f"layer {number}" + "x" * 1000))
            page.Resources.Properties[f"/L{number}"] = layer
            made.Root.OCProperties.OCGs.append(layer)
            made.Root.OCProperties.D.OFF.append(layer)

    (note,) = normalised(build(BOTH, many)).notes
    assert "and 21 more" in note.message
    assert len(note.message) < 1000


def state(**default: Any) -> Dress:
    """Set entries of the default configuration; a layer stands for a list of it."""

    def dress(made: Pdf, page: Object, layers: Layers) -> None:
        del made.Root.OCProperties.D.OFF
        for key, value in default.items():
            named = [layers[name] for name in value] if isinstance(value, list) else value
            made.Root.OCProperties.D[f"/{key}"] = Array(named) if isinstance(named, list) else named

    return dress


@pytest.mark.parametrize(
    ("dress", "seen"),
    [
        (state(), {"red", "blue"}),
        (state(OFF=["Off"]), {"red"}),
        (state(OFF=["On", "Off"]), set()),
        (state(BaseState=Name.OFF), set()),
        (state(BaseState=Name.OFF, ON=["On"]), {"red"}),
        (state(BaseState=Name.ON, ON=["On"], OFF=["Off"]), {"red"}),
        (state(OFF=Name.Off), {"red", "blue"}),
    ],
    ids=["none off", "one off", "both off", "off at first", "off at first but one", "all lists", "nonsense"],
)
def test_the_default_decides(build: Build, dress: Dress, seen: set[str]) -> None:
    source = build(BOTH, dress)

    assert colours(source) == seen  # as a viewer shows it
    assert colours(normalised(source).path) == seen


@pytest.mark.parametrize("missing", ["D", "OCGs"])
def test_without_a_default_or_a_list_all_is_shown(build: Build, missing: str) -> None:
    def drop(made: Pdf, page: Object, layers: Layers) -> None:
        del made.Root.OCProperties[f"/{missing}"]

    assert colours(normalised(build(BOTH, drop)).path) == {"red", "blue"}


def used(layer: str, kind: str, states: Dictionary, *, event: Object = Name.View) -> Dress:
    """Let a layer's state depend on the use that is made of the file."""

    def dress(made: Pdf, page: Object, layers: Layers) -> None:
        layers[layer].Usage = Dictionary({f"/{kind}": states})
        automatic = Dictionary(Event=event, Category=Array([Name(f"/{kind}")]), OCGs=Array([layers[layer]]))
        made.Root.OCProperties.D.AS = Array([automatic])

    return dress


@pytest.mark.parametrize(
    ("dress", "seen"),
    [
        (used("On", "View", Dictionary(ViewState=Name.OFF)), set()),
        (used("Off", "View", Dictionary(ViewState=Name.ON)), {"red", "blue"}),
        (used("Off", "View", Dictionary(ViewState=Name.OFF)), {"red"}),
        (used("On", "Print", Dictionary(PrintState=Name.OFF), event=Name.Print), {"red"}),
        (used("On", "Export", Dictionary(ExportState=Name.OFF), event=Name.Export), {"red"}),
        (used("On", "Zoom", Dictionary(min=4)), set()),
        (used("On", "Zoom", Dictionary(min=0.5, max=4)), {"red"}),
        (used("On", "Language", Dictionary(Lang="zh")), {"red"}),
    ],
)
def test_a_layer_is_as_it_is_when_looked_at(build: Build, dress: Dress, seen: set[str]) -> None:
    assert colours(normalised(build(BOTH, dress)).path) == seen


def test_advice_that_nothing_applies_is_not_taken(build: Build) -> None:
    """ISO 32000-1, 8.11.4.4: a usage dictionary has no effect of its own. Some viewers heed it, so it must be gone."""

    def advise(made: Pdf, page: Object, layers: Layers) -> None:
        layers["On"].Usage = Dictionary(View=Dictionary(ViewState=Name.OFF))

    assert colours(normalised(build(BOTH, advise)).path) == {"red"}


def test_a_layer_with_another_intent_hides_nothing(build: Build) -> None:
    def design(made: Pdf, page: Object, layers: Layers) -> None:
        layers["Off"].Intent = Name.Design

    assert colours(normalised(build(BOTH, design)).path) == {"red", "blue"}


@pytest.mark.parametrize(
    ("policy", "names", "shown"),
    [
        (None, ["On", "Off"], True),
        (Name.AnyOn, ["On", "Off"], True),
        (Name.AnyOn, ["Off"], False),
        (Name.AllOn, ["On", "Off"], False),
        (Name.AllOn, ["On"], True),
        (Name.AnyOff, ["On", "Off"], True),
        (Name.AnyOff, ["On"], False),
        (Name.AllOff, ["On", "Off"], False),
        (Name.AllOff, ["Off"], True),
        (Name.AllOff, [], True),
    ],
)
def test_a_condition_on_several_layers_decides(
    build: Build, policy: Object | None, names: list[str], shown: bool
) -> None:
    def condition(made: Pdf, page: Object, layers: Layers) -> None:
        membership = Dictionary(Type=Name.OCMD, OCGs=Array([layers[name] for name in names]))
        if policy is not None:
            membership.P = policy
        page.Resources.Properties.M = made.make_indirect(membership)

    source = build(marked(b"M", SHOWN), condition)
    assert colours(source) == ({"red"} if shown else set())  # as a viewer shows it
    assert colours(normalised(source).path) == ({"red"} if shown else set())


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("On", True),
        ("Off", False),
        (["Not", "Off"], True),
        (["Not", "On"], False),
        (["And", "On", "Off"], False),
        (["And", "On", ["Not", "Off"]], True),
        (["Or", "Off", "On"], True),
        (["Or", "Off", ["Not", "On"]], False),
        (["Not", ["And", ["Or", "On", "Off"], ["Not", "Off"]]], False),
    ],
)
def test_a_visibility_expression_decides(build: Build, expression: Any, shown: bool) -> None:
    def condition(made: Pdf, page: Object, layers: Layers) -> None:
        def write(term: Any) -> Object:
            if isinstance(term, str):
                return layers[term]
            return Array([Name(f"/{term[0]}"), *(write(one) for one in term[1:])])

        wanted = expression if isinstance(expression, list) else ["And", expression]
        page.Resources.Properties.M = made.make_indirect(
            Dictionary(Type=Name.OCMD, VE=write(wanted), OCGs=layers["Off" if shown else "On"])
        )

    source = build(marked(b"M", SHOWN), condition)
    assert colours(source) == ({"red"} if shown else set())  # as a viewer shows it
    assert colours(normalised(source).path) == ({"red"} if shown else set())


@pytest.mark.parametrize("kind", ["Not", "And"])
def test_an_expression_without_end_ends(build: Build, kind: str) -> None:
    def loop(made: Pdf, page: Object, layers: Layers) -> None:
        expression = made.make_indirect(Array([Name(f"/{kind}")]))
        for _ in range(5):
            expression.append(expression)
        page.Resources.Properties.M = made.make_indirect(Dictionary(Type=Name.OCMD, VE=expression))

    assert len(normalised(build(marked(b"M", SHOWN), loop)).pages) == 1


# --- what they hide --------------------------------------------------------------------------------------------------


def form(made: Pdf, content: bytes, **entries: Any) -> Object:
    return made.make_stream(content, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, *SIZE]), **entries)


def hidden_form(made: Pdf, page: Object, layers: Layers) -> None:
    page.Resources.XObject.A = form(made, SHOWN, OC=layers["On"])
    page.Resources.XObject.B = form(made, HIDDEN, OC=layers["Off"])


def hidden_within_forms(made: Pdf, page: Object, layers: Layers) -> None:
    inner = form(made, BOTH, Resources=Dictionary(Properties=page.Resources.Properties))
    page.Resources.XObject.A = form(made, b"/B Do", Resources=Dictionary(XObject=Dictionary(B=inner)))
    page.Resources.XObject.B = form(made, b"q Q")
    del page.Resources.Properties


def hidden_by_inherited_resources(made: Pdf, page: Object, layers: Layers) -> None:
    page.Resources.XObject.A = form(made, BOTH)
    page.Resources.XObject.B = form(made, b"q Q")


def hidden_image(made: Pdf, page: Object, layers: Layers) -> None:
    for name, layer, colour in (("A", "On", "red"), ("B", "Off", "blue")):
        data = io.BytesIO()
        Image.new("RGB", (20, 20), colour).save(data, "JPEG", quality=100, subsampling=0)
        picture = made.make_stream(
            data.getvalue(), Type=Name.XObject, Subtype=Name.Image, Width=20, Height=20, ColorSpace=Name.DeviceRGB,
            BitsPerComponent=8, Filter=Name.DCTDecode, OC=layers[layer],
        )  # fmt: skip
        matrix = b"50 0 0 50 %d 10 cm" % (10 if name == "A" else 100)
        page.Resources.XObject[f"/{name}"] = form(
            made, matrix + b" /I Do", Resources=Dictionary(XObject=Dictionary(I=picture))
        )


def hidden_in_a_pattern(made: Pdf, page: Object, layers: Layers) -> None:
    tile = Dictionary(
        Type=Name.Pattern, PatternType=1, PaintType=1, TilingType=1, BBox=Array([0, 0, *SIZE]), XStep=300, YStep=200,
        Resources=Dictionary(Properties=page.Resources.Properties),
    )  # fmt: skip
    patterns = Dictionary(Pattern=Dictionary(P=made.make_stream(BOTH, tile)))
    page.Resources.XObject.A = form(made, b"/Pattern cs /P scn 0 0 300 200 re f", Resources=patterns)
    page.Resources.XObject.B = form(made, b"q Q")


def hidden_in_a_glyph(made: Pdf, page: Object, layers: Layers) -> None:
    glyph = made.make_stream(b"300 0 d0 " + BOTH)
    font = Dictionary(
        Type=Name.Font, Subtype=Name.Type3, FontBBox=Array([0, 0, *SIZE]), FontMatrix=Array([1, 0, 0, 1, 0, 0]),
        CharProcs=Dictionary(a=glyph), Encoding=Dictionary(Differences=Array([97, Name.a])), FirstChar=97, LastChar=97,
        Widths=Array([300]), Resources=Dictionary(Properties=page.Resources.Properties),
    )  # fmt: skip
    fonts = Dictionary(Font=Dictionary(G=made.make_indirect(font)))
    page.Resources.XObject.A = form(made, b"BT /G 1 Tf (a) Tj ET", Resources=fonts)
    page.Resources.XObject.B = form(made, b"q Q")


def hidden_in_a_mask(made: Pdf, page: Object, layers: Layers) -> None:
    group = Dictionary(S=Name.Transparency, CS=Name.DeviceGray)
    white = b"1 g 0 0 90 200 re f " + marked(b"Off", b"90 0 300 200 re f")
    mask = form(made, white, Group=group, Resources=Dictionary(Properties=page.Resources.Properties))
    state = Dictionary(Type=Name.ExtGState, SMask=Dictionary(S=Name.Luminosity, G=mask))
    page.Resources.XObject.A = form(
        made, b"/M gs " + SHOWN + b" " + HIDDEN, Resources=Dictionary(ExtGState=Dictionary(M=state))
    )
    page.Resources.XObject.B = form(made, b"q Q")


@pytest.mark.parametrize(
    "dress",
    [
        hidden_form, hidden_within_forms, hidden_by_inherited_resources, hidden_image, hidden_in_a_pattern,
        hidden_in_a_glyph, hidden_in_a_mask,
    ],
)  # fmt: skip
def test_what_is_hidden_deep_inside_is_gone(build: Build, dress: Dress) -> None:
    source = build(b"/A Do /B Do", dress)
    part = normalised(source)

    shown = shot(part.path)
    assert shown.getpixel((40, 160))[0] > 200 > shown.getpixel((40, 160))[1]  # type: ignore[index]
    assert shown.getpixel((130, 160)) == (255, 255, 255)
    assert [note.code for note in part.notes] == ["hidden-layers"]


def test_the_bytes_of_a_visible_image_are_unchanged_and_a_hidden_one_is_gone(build: Build) -> None:
    source = build(b"/A Do /B Do", hidden_image)
    part = normalised(source)

    before, after = images(source), images(part.path)
    assert len(before) == 2
    assert after == before[:1]


def images(path: Path) -> list[bytes]:
    with pikepdf.open(path) as opened:
        found = [node for node in opened.objects if isinstance(node, pikepdf.Stream)]
        return [node.read_raw_bytes() for node in found if node.get(Name.Subtype) == Name.Image]


def annotated(subtype: Object, **entries: Any) -> Dress:
    def dress(made: Pdf, page: Object, layers: Layers) -> None:
        page.Annots = Array()
        for left, layer, content in ((10, "On", SHOWN), (100, "Off", HIDDEN)):
            picture = form(made, content)
            picture.BBox = Array([left, 10, left + 60, 70])
            mark = Dictionary(Type=Name.Annot, Subtype=subtype, Rect=picture.BBox, F=4, OC=layers[layer], **entries)
            if subtype != Name.Link:
                mark.AP = Dictionary(N=picture)
            page.Annots.append(made.make_indirect(mark))

    return dress


def test_a_hidden_annotation_is_gone(build: Build) -> None:
    part = normalised(build(b"", annotated(Name.Stamp)))

    assert colours(part.path) == {"red"}
    assert [note.code for note in part.notes] == ["hidden-layers"]


def test_the_picture_of_an_annotation_may_be_hidden(build: Build) -> None:
    def hide(made: Pdf, page: Object, layers: Layers) -> None:
        annotated(Name.Stamp)(made, page, layers)
        for mark in page.Annots.as_list():
            mark.AP.N.OC = mark.OC
            del mark[Name.OC]

    assert colours(normalised(build(b"", hide)).path) == {"red"}


def test_a_hidden_link_leads_nowhere(build: Build) -> None:
    to = Dictionary(S=Name.URI, URI=pikepdf.String("https://example.org/"))
    (page,) = normalised(build(b"", annotated(Name.Link, A=to))).pages

    assert [(link.box.left, link.box.right) for link in page.links] == [(10, 70)]


def test_no_condition_is_left(build: Build) -> None:
    """Without the list of layers, some viewers would still heed a condition such as "when all are off"."""

    def condition(made: Pdf, page: Object, layers: Layers) -> None:
        hidden_form(made, page, layers)
        off = Dictionary(Type=Name.OCMD, OCGs=layers["Off"], P=Name.AllOff)
        page.Resources.Properties.M = made.make_indirect(off)
        page.Resources.Properties.Kept = Dictionary(MCID=7)

    source = build(b"/A Do /B Do " + marked(b"M", SHOWN) + b"/Span /Kept BDC EMC", condition)
    part = normalised(source)

    assert colours(part.path) == {"red"}
    with pikepdf.open(part.path) as written:
        nodes = [node for node in written.objects if isinstance(node, Dictionary | pikepdf.Stream)]
        assert {node.get(Name.Type) for node in nodes}.isdisjoint({Name.OCG, Name.OCMD})
        assert not any(Name.OC in node for node in nodes)
        assert b"/Kept BDC" in written.pages[0].obj.Resources.XObject.Page0.read_bytes()
        assert written.pages[0].obj.Resources.XObject.Page0.Resources.Properties.Kept.MCID == 7


def test_pages_that_share_their_resources_are_all_cleaned(build: Build, tmp_path: Path) -> None:
    def twice(made: Pdf, page: Object, layers: Layers) -> None:
        page.Resources = made.make_indirect(page.Resources)
        second = made.add_blank_page(page_size=SIZE).obj
        second.Resources, second.Contents = page.Resources, made.make_stream(BOTH)

    part = normalised(build(BOTH, twice))
    with pikepdf.open(part.path) as written:
        for page in written.pages:
            shown = page.obj.Resources.XObject.Page0.read_bytes()
            assert SHOWN in shown
            assert b"100 10 60 60" not in shown


def test_a_file_without_layers_is_not_looked_through(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    def drop(made: Pdf, page: Object, layers: Layers) -> None:
        del made.Root.OCProperties

    def fail(*arguments: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr("dossier.convert.layers.without_hidden", fail)
    assert colours(normalised(build(BOTH, drop)).path) == {"red", "blue"}


def test_content_that_uses_no_hidden_layer_is_not_read(build: Build) -> None:
    """A stream that cannot be unpacked is bound as it is where nothing in it can be hidden."""

    def damaged(made: Pdf, page: Object, layers: Layers) -> None:
        stream = form(made, b"", Resources=Dictionary())
        stream.write(b"abcde", filter=Name.FlateDecode)
        page.Resources.XObject.A = stream

    assert colours(normalised(build(BOTH + b" /A Do", damaged)).path) == {"red"}


def test_a_form_that_cannot_be_read_is_left_as_it_is(build: Build) -> None:
    def damaged(made: Pdf, page: Object, layers: Layers) -> None:
        stream = form(made, b"", Resources=Dictionary(Properties=page.Resources.Properties))
        stream.write(b"abcde", filter=Name.Unheard)
        page.Resources.XObject.A = stream

    assert colours(normalised(build(BOTH + b" /A Do", damaged)).path) == {"red"}


# --- text ------------------------------------------------------------------------------------------------------------


def text(shown: bytes, hidden: bytes, tail: bytes) -> bytes:
    return b"BT /F 12 Tf 20 100 Td " + shown + marked(b"Off", hidden) + tail + b" ET"


@pytest.mark.parametrize(
    "content",
    [
        b"BT /F 12 Tf 20 100 Td (seen) Tj ET " + marked(b"Off", b"BT /F 12 Tf 20 50 Td (secret) Tj ET"),
        text(b"(seen) Tj ", b"0 -20 Td (secret) Tj", b"0 -20 Td (too) Tj"),
        text(b"(seen) Tj ", b"[(sec) -20 (ret)] TJ", b"1 0 0 1 20 20 Tm (too) Tj"),
        text(b"(seen) Tj 14 TL ", b"(secret) '", b"(too) '"),
        text(b"(seen) Tj 14 TL ", b'2 1 (secret) "', b"T* (too) Tj"),
        text(b"(seen) Tj ", b"/Span <</A (/OC /On BDC)>> BDC (secret) Tj EMC", b"0 -30 Td (too) Tj"),
        text(b"(seen) Tj ", b"<736563726574> Tj", b"0 -30 Td (too) Tj"),
        text(b"(seen) Tj ", b"/F 30 Tf 5 Ts 3 Tc 80 Tz (secret) Tj", b"0 -30 Td (too) Tj"),
    ],
)  # fmt: skip
def test_hidden_text_is_no_text_and_the_rest_stays_in_its_place(build: Build, content: bytes) -> None:
    source = build(content)
    part = normalised(source)

    assert looks_alike(source, part.path)
    assert texts(part.path) == {"seen too" if b"too" in content else "seen"}


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize(
    "hidden", [b"(secret) Tj", b"[(sec) -900 (ret)] TJ", b'3 2 (secret) "', b"(sec) Tj /F 30 Tf (ret) Tj /F 12 Tf"]
)
def test_text_that_goes_on_behind_hidden_text_stays_in_its_place(build: Build, hidden: bytes, mode: int) -> None:
    content = b"14 TL q %d Tr q 2 Tr Q " % mode + text(b"(seen) Tj ", hidden, b"(too) Tj (again) Tj") + b" Q"
    part = normalised(build(content))

    assert looks_alike(build(content), part.path)
    assert not looks_alike(build(content.replace(hidden, b"")), part.path)


# --- operators -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hidden",
    [
        b"0 0 1 rg 9 w 50 50 m 80 80 l S",
        b"q 0 0 1 rg 0 0 300 200 re f Q",
        b"q 1 0 0 1 40 40 cm",
        b"Q",
        b"0 0 100 100 re W n 0 0 1 rg 0 0 300 200 re f",
        b"0 0 100 100 re W* f",
        b"20 20 m 50 90 l 90 20 l h W S",
        b"BI /W 1 /H 1 /CS /RGB /BPC 8 ID abc EI",
        b"BI /W 20 /H 1 /CS /G /BPC 8 ID EMC 0 0 300 200 re f EI",
        b"q 90 0 0 90 9 9 cm BI /W 2 /H 1 /CS /G /BPC 8 /F /AHx ID 00ff> EI Q",
        b"(EMC) pop % EMC\n0 0 1 rg 0 0 300 200 re f",
        b"(a(EMC)b\\)) pop 0 0 300 200 re f",
        b"/Tag BMC 0 0 1 rg 0 0 90 90 re f EMC 0 0 300 200 re f",
        b"/OC /On BDC 0 0 1 rg 0 0 90 90 re f EMC 0 0 300 200 re f",
        b"/OC /Off BDC 0 0 300 200 re f EMC 0 0 300 200 re f",
        b"/Span <</E (x) /M [(EMC)]>> BDC 0 0 300 200 re f EMC",
        b"/Point MP /Point <</A 1>> DP 0 0 300 200 re f",
        b"BX 1 2 3 newest EX 0 0 300 200 re f",
        b"/Nothing sh 0 0 300 200 re f",
        b"[3 3] 0 d 5 5 200 150 re S",
    ],
)
def test_what_follows_hidden_content_looks_as_it_did(build: Build, hidden: bytes) -> None:
    after = b"\n20 20 100 100 re f 10 10 m 200 150 l S"
    source = build(b"q " + SHOWN + b" 0 1 0 rg q\n" + marked(b"Off", hidden) + after)

    assert looks_alike(source, normalised(source).path)


@pytest.mark.parametrize(
    "plain",
    [
        b"(/OC /Off BDC) pop ",
        b"% /OC /Off BDC\n",
        b"(a ( /OC /Off BDC \\) ) b) pop ",
        b"BI /W 21 /H 1 /CS /G /BPC 8 ID \n/OC /Off BDC \0\0\0\0\0 EI ",
        b"/Span <</ID 7 /A (b)>> BDC EMC ",
        b"/OC /On BDC EMC ",
        b"/Other /Off BDC EMC ",
        b"/OC /Unknown BDC EMC ",
        b"/OC BMC EMC ",
        b"EMC EMC ",
        b"<0a 0B> pop ",
    ],
)
def test_what_only_resembles_hidden_content_stays(plain: bytes) -> None:
    content = plain + SHOWN

    assert without_hidden(content, {b"Off"}) is content


@pytest.mark.parametrize("name", [b"/Off", b"/#4fff", b"/O#66f"])
@pytest.mark.parametrize("tag", [b"/OC", b"/#4FC"])
@pytest.mark.parametrize("space", [b" ", b"\n\r\t", b"\0"])
def test_a_mark_is_known_however_it_is_written(name: bytes, tag: bytes, space: bytes) -> None:
    content = tag + space + name + space + b"BDC" + space + HIDDEN + space + b"EMC " + SHOWN
    left = without_hidden(content, {b"Off"})

    assert b"100 10 60 60" not in left
    assert left.endswith(SHOWN)


def test_hidden_paths_leave_nothing_but_their_clips() -> None:
    left = without_hidden(b"/OC /Off BDC 0 0 9 9 re W n 1 1 5 5 re f 2 2 m 3 3 l S EMC", {b"Off"})

    assert left.split() == b"0 0 9 9 re W n".split()


def test_hidden_content_that_is_never_closed_hides_to_the_end() -> None:
    left = without_hidden(SHOWN + b" /OC /Off BDC " + HIDDEN, {b"Off"})

    assert left.startswith(SHOWN)
    assert b" f" not in left.removeprefix(SHOWN)
