"""A page's identity survives what binding does to it, and nothing that shows can change without it."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import img2pdf
import pikepdf
import pypdf
import pytest
from conftest import MakePdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, String
from PIL import Image

from dossier import fonts, identity, placement, stamp
from dossier.bind import Description, Leaf, bind
from dossier.convert import pdf as pdf_converter
from dossier.identity import Identities
from dossier.numbering import Slot
from dossier.part import FORM, Part
from dossier.placement import Paper

Change = Callable[[Pdf, Object], None]
ART = b"1 0 0 rg 20 30 40 20 re f /Im Do BT /F 12 Tf (text) Tj ET"


def digests(path: Path) -> list[str]:
    with pypdf.PdfReader(path) as reader:
        identities = Identities(reader)
        return [identities.of(page) for page in reader.pages]


def draw(made: Pdf, content: bytes = ART, **resources: Any) -> Object:
    """Add a page like a part's, whose form has ``resources``, and return the form."""
    form = made.make_stream(
        content, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 300, 200]), Matrix=Array([1, 0, 0, 1, 0, 0])
    )
    form.Resources = Dictionary(**resources)
    page = made.add_blank_page(page_size=(300, 200)).obj
    page.Resources = Dictionary(XObject=Dictionary({FORM: form}))
    page.Contents = made.make_stream(f"{FORM} Do".encode())
    return form


def picture(made: Pdf, data: bytes = bytes(range(12)), **entries: Any) -> Object:
    about = Dictionary(Type=Name.XObject, Subtype=Name.Image, Width=2, Height=2, BitsPerComponent=8)
    about.ColorSpace = entries.pop("ColorSpace", Name.DeviceRGB)
    image = made.make_stream(data, about)
    for key, value in entries.items():
        image[f"/{key}"] = value
    return image


def full(made: Pdf, page_number: int = 0) -> Object:
    """Draw a page with an image, an embedded font, a palette and a pattern of state; return its form."""
    program = made.make_stream(b"program of the font", Length1=19)
    descriptor = made.make_indirect(
        Dictionary(Type=Name.FontDescriptor, FontName=Name.Some, Flags=4, FontFile2=program)
    )
    font = made.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name.Some, FontDescriptor=descriptor)
    )
    palette = Array([Name.Indexed, Name.DeviceRGB, 1, String(bytes([0, 0, 0, 254, 255, 1]))])
    return draw(
        made,
        ART + b" %d" % page_number,
        XObject=Dictionary(Im=picture(made), P=picture(made, bytes(12))),
        Font=Dictionary(F=font),
        ColorSpace=Dictionary(C=palette),
        ExtGState=Dictionary(G=Dictionary(Type=Name.ExtGState, ca=0.5, BM=Name.Multiply)),
    )


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a PDF of ``pages`` full pages; ``change`` gets the first one's form."""

    def make(change: Change | None = None, *, pages: int = 1, name: str = "part.pdf", **save: Any) -> Path:
        with Pdf.new() as made:
            forms = [full(made, number) for number in range(pages)]
            if change is not None:
                change(made, forms[0])
            made.save(tmp_path / name, **save)
        return tmp_path / name

    return make


# --- what it survives ----------------------------------------------------------------------------------------------


def test_the_digest_is_the_same_on_every_reading(write: Callable[..., Path]) -> None:
    path = write(pages=2)

    first, second = digests(path)
    assert digests(path) == [first, second]
    assert first != second
    assert len(first) == 64


@pytest.mark.parametrize(
    "save",
    [
        {"compress_streams": False},
        {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
        {"object_stream_mode": pikepdf.ObjectStreamMode.disable, "recompress_flate": True},
        {"linearize": True},
        {"qdf": True},
        {"stream_decode_level": pikepdf.StreamDecodeLevel.specialized},
    ],
    ids="-".join,
)
def test_it_survives_another_way_of_writing(write: Callable[..., Path], save: dict[str, Any]) -> None:
    before = digests(write(pages=2))

    assert digests(write(pages=2, name="other.pdf", **save)) == before


def test_it_survives_recompression(write: Callable[..., Path]) -> None:
    path = write()
    before = digests(path)
    with Pdf.open(path, allow_overwriting_input=True) as opened:
        for node in opened.objects:
            if isinstance(node, pikepdf.Stream):
                node.write(zlib.compress(node.read_bytes(), 1), filter=Name.FlateDecode)
        opened.save(path, stream_decode_level=pikepdf.StreamDecodeLevel.none)

    assert digests(path) == before


def test_it_survives_a_change_of_object_numbers(write: Callable[..., Path]) -> None:
    def crowd(made: Pdf, form: Object) -> None:
        made.Root.Extra = Array([made.make_indirect(Dictionary(N=number)) for number in range(50)])

    before = digests(write())
    after = digests(write(crowd, name="other.pdf"))

    assert after == before


@pytest.mark.parametrize("indirect", [False, True])
def test_it_does_not_matter_where_objects_stand(write: Callable[..., Path], indirect: bool) -> None:
    def move(made: Pdf, form: Object) -> None:
        if indirect:
            form.Resources.ExtGState.G = made.make_indirect(form.Resources.ExtGState.G)
            form.Resources = made.make_indirect(form.Resources)

    assert digests(write(move)) == digests(write(name="other.pdf"))


def merged(out: Path, *parts: str) -> Path:
    job = pikepdf.Job(["qpdf", "--empty", "--remove-unreferenced-resources=no", "--pages", *parts, "--", str(out)])
    job.run()
    return out


def test_it_survives_merging_in_another_order(write: Callable[..., Path], tmp_path: Path) -> None:
    one, two = write(pages=3), write(pages=5, name="two.pdf")
    a, b = digests(one), digests(two)

    out = merged(tmp_path / "out.pdf", str(two), "4,2", str(one), "3,1", str(two), "5")
    assert digests(out) == [b[3], b[1], a[2], a[0], b[4]]


def test_it_survives_placing_and_stamping(write: Callable[..., Path]) -> None:
    path = write(pages=2)
    before = digests(path)
    with Pdf.open(path, allow_overwriting_input=True) as opened:
        font = opened.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
        for page in opened.pages:
            page.obj.Contents = opened.make_stream(b"q .9 0 0 .9 5 5 cm %s Do Q BT /L 9 Tf (1) Tj ET" % FORM.encode())
            page.obj.Resources.Font = Dictionary(L=font)
            page.obj.MediaBox = Array([0, 0, 595, 842])
            page.obj.Annots = Array([opened.make_indirect(Dictionary(Subtype=Name.Link, Rect=Array([0, 0, 9, 9])))])
        opened.save(path)

    assert digests(path) == before


def bound(part: Part, order: Sequence[int], out: Path, watermark: str = "") -> Path:
    """Bind pages of a part (from 1) as a build does, labels and watermark included."""
    face = stamp.load_face(fonts.LABEL_FACE, ["— 0123456789 —", watermark])
    paper = Paper(595.276, 841.89, gutter=70.0)
    leaves = [
        Leaf(
            Slot(1, number, str(number), f"— {number} —", "evidence"),
            part.path,
            index,
            placement.place(part.pages[index - 1], paper, odd=bool(number % 2), label_width=40.0),
        )
        for number, index in enumerate(order, start=1)
    ]
    bind(leaves, [], stamp.Stamp(face, 14.0, (0, 0, 0), watermark), Description("t", "a", "zh", "i"), out)
    return out


@pytest.mark.parametrize("watermark", ["", "草稿"])
def test_it_survives_binding(make_pdf: MakePdf, tmp_path: Path, watermark: str) -> None:
    part = pdf_converter.normalise(make_pdf("source.pdf", pages=4, rotate=90), tmp_path / "part.pdf")
    expected = [page.digest for page in part.pages]

    out = bound(part, [3, 1, 4, 2, 3], tmp_path / "out.pdf", watermark)
    assert digests(out) == [expected[index - 1] for index in [3, 1, 4, 2, 3]]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "TIFF"])
def test_it_survives_binding_of_scans(tmp_path: Path, format: str) -> None:
    data = io.BytesIO()
    mode = {"GIF": "P", "TIFF": "1"}.get(format, "RGB")
    options = {"compression": "group4"} if format == "TIFF" else {}
    Image.effect_noise((60, 40), 90).convert(mode).save(data, format, **options)
    source = tmp_path / "scan.pdf"
    source.write_bytes(img2pdf.convert(data.getvalue()))
    part = pdf_converter.normalise(source, tmp_path / "part.pdf")

    assert digests(bound(part, [1], tmp_path / "out.pdf")) == [part.pages[0].digest]


# --- what it sees --------------------------------------------------------------------------------------------------


def put(holder: Callable[[Object], Object], key: str, value: Any) -> Change:
    def change(made: Pdf, form: Object) -> None:
        holder(form)[key] = value

    return change


def fill(holder: Callable[[Object], Object], data: bytes) -> Change:
    return lambda made, form: holder(form).write(data)


def rename(holder: Object, name: str, other: str) -> None:
    holder[other] = holder[name]
    del holder[name]


def palette(made: Pdf, form: Object) -> None:
    form.Resources.ColorSpace.C[3] = String(bytes([0, 0, 0, 254, 255, 2]))


CHANGES: dict[str, Change] = {
    "text": fill(lambda form: form, ART.replace(b"(text)", b"(next)") + b" 0"),
    "colour": fill(lambda form: form, ART.replace(b"1 0 0 rg", b"0 0 1 rg") + b" 0"),
    "byte of an image": fill(lambda form: form.Resources.XObject.Im, bytes([1, *range(1, 12)])),
    "byte of an image called P": fill(lambda form: form.Resources.XObject.P, bytes([1] * 12)),
    "size of an image": put(lambda form: form.Resources.XObject.Im, "/Width", 1),
    "colours of an image": put(lambda form: form.Resources.XObject.Im, "/ColorSpace", Name.DeviceCMYK),
    "inversion of an image": put(lambda form: form.Resources.XObject.Im, "/Decode", Array([1, 0, 1, 0, 1, 0])),
    "mask of an image": lambda made, form: put(lambda form: form.Resources.XObject.Im, "/SMask", picture(made))(
        made, form
    ),
    "font program": fill(lambda form: form.Resources.Font.F.FontDescriptor.FontFile2, b"program of a font."),
    "encoding of a font": put(lambda form: form.Resources.Font.F, "/Encoding", Name.MacRomanEncoding),
    "palette": palette,
    "transparency": put(lambda form: form.Resources.ExtGState.G, "/ca", 0.25),
    "blending": put(lambda form: form.Resources.ExtGState.G, "/BM", Name.Normal),
    "name of an entry": lambda made, form: rename(form.Resources.ExtGState.G, "/ca", "/CA"),
    "name of a resource": lambda made, form: rename(form.Resources.XObject, "/Im", "/Im2"),
    "matrix": put(lambda form: form, "/Matrix", Array([1, 0, 0, 1, 0, 1])),
    "clip": put(lambda form: form, "/BBox", Array([0, 0, 300, 199])),
    "resource exchanged for another": lambda made, form: put(
        lambda form: form.Resources.XObject, "/Im", form.Resources.XObject.P
    )(made, form),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_sees_a_change_of(write: Callable[..., Path], change: Change) -> None:
    before = digests(write(pages=2))
    after = digests(write(change, pages=2, name="changed.pdf"))

    assert after[0] != before[0]


@pytest.mark.parametrize("entry", ["/StructParent", "/LastModified", "/PieceInfo", "/Metadata"])
def test_it_does_not_see_bookkeeping(write: Callable[..., Path], entry: str) -> None:
    def change(made: Pdf, form: Object) -> None:
        value = {"/StructParent": 7, "/LastModified": String("D:2023")}.get(entry) or made.make_stream(b"x")
        form[entry] = value
        form.Resources.XObject.Im[entry] = value
        form.Resources.Font.F[entry] = value

    assert digests(write(change)) == digests(write(name="other.pdf"))


def test_pages_are_told_apart_by_their_place(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(pages=2)

    assert digests(merged(tmp_path / "out.pdf", str(path), "2,1")) == digests(path)[::-1]


@pytest.mark.parametrize("name", ["P", "F", "Parent", "Metadata", "PieceInfo", "DL"])
def test_no_name_of_a_glyph_hides_it(write: Callable[..., Path], name: str) -> None:
    """Glyphs may be drawn by streams, and are called as the font likes (ISO 32000-1, 9.6.5)."""

    def glyph(drawn: bytes) -> Change:
        def change(made: Pdf, form: Object) -> None:
            glyphs = Dictionary({f"/{name}": made.make_stream(drawn)})
            form.Resources.Font.T = Dictionary(Type=Name.Font, Subtype=Name.Type3, CharProcs=glyphs)

        return change

    assert digests(write(glyph(b"0 0 d0"))) != digests(write(glyph(b"1 0 d0"), name="other.pdf"))


def listed(*values: Any) -> Change:
    return put(lambda form: form.Resources.ExtGState.G, "/Odd", Array(list(values)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (listed(String("aTb"), String("c")), listed(String("a"), String("bTc"))),
        (listed(String("a"), String("b")), listed(String("aT1:b"))),
        (listed(String("a")), listed(String(b"\xfe\xff\0a"))),
        (listed(Name("/A#N"), Name.B), listed(Name.A, Name("/#NB"))),
        (listed(Array(), Name.A), listed(Array([Name.A]))),
        (listed(Dictionary(A=1)), listed(Array([Name.A, 1]))),
        (listed(1, 2), listed(12)),
        (listed(String("1")), listed(1)),
        (listed(True), listed(1)),
        (listed(None), listed()),
        (listed(Dictionary(A=String("x/BTy"))), listed(Dictionary(A=String("x"), B=String("y")))),
    ],
    ids=[
        "texts", "text and texts", "encodings", "names", "lists", "list and dictionary", "numbers",
        "text and number", "truth and number", "nothing", "entries",
    ],
)  # fmt: skip
def test_values_that_read_alike_are_told_apart(write: Callable[..., Path], one: Change, other: Change) -> None:
    assert digests(write(one)) != digests(write(other, name="other.pdf"))


def test_entries_are_told_from_data(write: Callable[..., Path]) -> None:
    def entry(made: Pdf, form: Object) -> None:
        form.Resources.XObject.Im.Z = String("x")
        form.Resources.XObject.Im.write(b"data")

    def data(made: Pdf, form: Object) -> None:
        form.Resources.XObject.Im.write(b"/ZTxdata")

    assert digests(write(entry)) != digests(write(data, name="other.pdf"))


@pytest.mark.parametrize("value", [b"\xfe\xff\xd8", b"\xff\xfea", b"\xef\xbb\xbf\xff", bytes(range(256)), b""])
def test_any_bytes_may_stand_in_a_text(write: Callable[..., Path], value: bytes) -> None:
    """A palette is a text to a PDF library, which may take it for UTF-16."""
    one = write(listed(String(value)))
    other = write(listed(String(value + b"x")), name="other.pdf")

    assert digests(one) != digests(other)
    assert digests(write(listed(String(value)), name="again.pdf", qdf=True)) == digests(one)


# --- loops, sharing, and what is refused ---------------------------------------------------------------------------


def looping(made: Pdf, form: Object) -> None:
    """Let the page's forms use the page's resources, as some programs write them: A and B draw each other."""
    resources = form.Resources = made.make_indirect(form.Resources)
    for name in ("/A", "/B"):
        resources.XObject[name] = made.make_stream(
            f"{name} of".encode(), Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]), Resources=resources
        )


def test_loops_in_resources_end(write: Callable[..., Path]) -> None:
    before = digests(write(looping))

    assert before == digests(write(looping, name="other.pdf", qdf=True))
    assert before != digests(write(name="plain.pdf"))


def test_a_change_within_a_loop_is_seen(write: Callable[..., Path]) -> None:
    def changed(made: Pdf, form: Object) -> None:
        looping(made, form)
        form.Resources.XObject.B.write(b"other")

    assert digests(write(looping)) != digests(write(changed, name="other.pdf"))


def test_a_loop_is_the_same_wherever_it_is_entered_first(tmp_path: Path) -> None:
    """Page 1 draws A, page 2 draws B, and A and B draw each other; bound in another order, B is met first."""
    path = tmp_path / "part.pdf"
    with Pdf.new() as made:
        a, b = (made.make_stream(text, Type=Name.XObject, Subtype=Name.Form) for text in (b"a", b"b"))
        a.Resources, b.Resources = Dictionary(XObject=Dictionary(B=b)), Dictionary(XObject=Dictionary(A=a))
        for first in (a, b):
            draw(made, b"/X Do", XObject=Dictionary(X=first))
        made.save(path)

    expected = digests(path)
    assert digests(merged(tmp_path / "out.pdf", str(path), "2,1")) == expected[::-1]
    assert digests(merged(tmp_path / "out.pdf", str(path), "2")) == expected[1:]


def test_pages_that_share_resources_keep_their_digests_alone(write: Callable[..., Path], tmp_path: Path) -> None:
    def share(made: Pdf, form: Object) -> None:
        resources = form.Resources = made.make_indirect(form.Resources)
        draw(made, b"other", **{}).Resources = resources

    path = write(share)
    first, second = digests(path)

    assert first != second
    assert digests(merged(tmp_path / "out.pdf", str(path), "2")) == [second]


def test_resources_that_all_use_each_other_are_digested_once_each(tmp_path: Path) -> None:
    """There are more paths through 30 forms that draw each other than could ever be followed."""

    def tangle(name: str, last: bytes) -> list[str]:
        with Pdf.new() as made:
            knots = [made.make_stream(b"%d" % number, Type=Name.XObject, Subtype=Name.Form) for number in range(30)]
            for knot in knots:
                names = {f"/K{number}": other for number, other in enumerate(knots)}
                knot.Resources = Dictionary(XObject=Dictionary(names))
            knots[-1].write(last)
            for number in (0, 7):
                draw(made, XObject=Dictionary(K=knots[number]))
            made.save(tmp_path / name)
        return digests(tmp_path / name)

    one, other = tangle("one.pdf", b"29"), tangle("other.pdf", b"other")
    assert one[0] != one[1]
    assert one[0] != other[0]
    assert one[1] != other[1]


def ring(path: Path, texts: Sequence[int]) -> Path:
    """Write a page that draws the first of some forms, each of which draws the next, and the last the first."""
    with Pdf.new() as made:
        forms = [made.make_stream(b"%d" % text, Type=Name.XObject, Subtype=Name.Form) for text in texts]
        for this, following in zip(forms, (*forms[1:], forms[0]), strict=True):
            this.Resources = Dictionary(XObject=Dictionary(Next=following))
        draw(made, XObject=Dictionary(K=forms[0]))
        made.save(path)
    return path


def test_two_loops_of_the_same_objects_are_told_apart(tmp_path: Path) -> None:
    assert digests(ring(tmp_path / "one.pdf", [0, 1, 2, 3])) != digests(ring(tmp_path / "other.pdf", [0, 2, 1, 3]))


def test_a_change_far_away_in_a_loop_is_seen(tmp_path: Path) -> None:
    one = ring(tmp_path / "one.pdf", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    other = ring(tmp_path / "other.pdf", [0, 1, 2, 3, 4, 55, 6, 7, 8, 9])

    assert digests(one) != digests(other)


def test_resources_nested_too_deep_are_refused(write: Callable[..., Path]) -> None:
    def nest(made: Pdf, form: Object) -> None:
        inner = Dictionary()
        for _ in range(identity._DEEPEST):
            inner = Dictionary(D=made.make_indirect(inner))
        form.Resources.Deep = inner

    with pytest.raises(ValueError, match="too deep"):
        digests(write(nest))


def test_a_page_without_a_part_s_form_is_refused(make_pdf: MakePdf) -> None:
    with pytest.raises(ValueError, match="no form"):
        digests(make_pdf("plain.pdf"))


@pytest.mark.parametrize("filters", [["/FlateDecode"], ["/ASCIIHexDecode", "/FlateDecode"]])
def test_a_stream_that_unpacks_beyond_bounds_is_refused(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, filters: list[str]
) -> None:
    def bomb(made: Pdf, form: Object) -> None:
        packed = zlib.compress(bytes(5000))
        data = packed.hex().encode() + b">" if len(filters) > 1 else packed
        form.Resources.XObject.Im.write(data, filter=Array([Name(name) for name in filters]))

    monkeypatch.setattr(identity, "_MOST_DECODED", 4000)
    path = write(bomb, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    with pytest.raises(ValueError, match="unpacks"):
        digests(path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((Name.DCTDecode, None), (Name.JPXDecode, None)),
        ((Name.FlateDecode, None), (Name.FlateDecode, Dictionary(Predictor=15, Columns=3))),
        (
            (Name.FlateDecode, Dictionary(Predictor=15, Columns=3)),
            (Name.FlateDecode, Dictionary(Predictor=15, Columns=4)),
        ),
    ],
    ids=["filters", "a prediction or none", "predictions"],
)
def test_the_same_bytes_read_otherwise_are_seen(write: Callable[..., Path], one: Any, other: Any) -> None:
    def read(filter: Name, parameters: Any) -> Change:
        data = zlib.compress(bytes(range(200)))
        return lambda made, form: form.Resources.XObject.Im.write(data, filter=filter, decode_parms=parameters)

    keep = {"stream_decode_level": pikepdf.StreamDecodeLevel.none, "compress_streams": False}
    assert digests(write(read(*one), **keep)) != digests(write(read(*other), name="other.pdf", **keep))


def test_damaged_packing_still_has_an_identity(write: Callable[..., Path]) -> None:
    def spoil(data: bytes) -> Change:
        return lambda made, form: form.Resources.XObject.Im.write(data, filter=Name.FlateDecode)

    keep = {"stream_decode_level": pikepdf.StreamDecodeLevel.none, "compress_streams": False}
    assert digests(write(spoil(b"not"), **keep)) != digests(write(spoil(b"zip"), name="other.pdf", **keep))


def test_memory_does_not_grow_with_pages(write: Callable[..., Path]) -> None:
    with pypdf.PdfReader(write(pages=20)) as reader:
        identities = Identities(reader)
        kept = []
        for page in reader.pages:
            identities.of(page)
            kept.append(
                sum(isinstance(found, pypdf.generic.StreamObject) for found in reader.resolved_objects.values())
            )

    assert kept[-1] <= kept[1]
