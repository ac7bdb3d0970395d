"""What pictures and forms of a PDF carry besides their looks is taken out and told of; what they show stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from dossier.convert import inert
from dossier.errors import ConversionError

Change = Callable[[Pdf, Stream], object]


@pytest.fixture
def made() -> Pdf:
    """A PDF of one page that shows a picture of one pixel."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(100, 100))
    page = pdf.pages[0].obj
    page.Resources = Dictionary(XObject=Dictionary(I=picture(pdf)))
    page.Contents = pdf.make_stream(b"/I Do")
    return pdf


def picture(pdf: Pdf, **keys: Any) -> Stream:
    about = {"Width": 1, "Height": 1, "BitsPerComponent": 8, "ColorSpace": Name.DeviceRGB, **keys}
    return pdf.make_stream(b"\1\2\3", Type=Name.XObject, Subtype=Name.Image, **about)


def spec(pdf: Pdf) -> Object:
    return Dictionary(Type=Name.Filespec, F=String("x.exe"), EF=Dictionary(F=pdf.make_stream(b"MZ-inside")))


def of_page(pdf: Pdf) -> Stream:
    found = pdf.pages[0].obj.Resources.XObject.I
    assert isinstance(found, Stream)
    return found


def saved(pdf: Pdf, folder: Path) -> bytes:
    pdf.save(folder / "out.pdf", compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return (folder / "out.pdf").read_bytes()


ADDED: list[tuple[str, Callable[[Pdf], object], bytes, str | None]] = [
    ("/AF", lambda pdf: Array([spec(pdf)]), b"MZ-inside", "embedded-files"),
    ("/F", lambda pdf: String("http://127.0.0.1/x"), b"127.0.0.1", "external-content"),
    ("/F", lambda pdf: Dictionary(FS=Name.URL, F=String("http://127.0.0.1/x")), b"127.0.0.1", "external-content"),
    ("/Ref", lambda pdf: Dictionary(F=String("other.pdf"), Page=0), b"other.pdf", "external-content"),
    ("/OPI", lambda pdf: Dictionary({"/2.0": Dictionary(F=String("large.tif"))}), b"large.tif", None),
    ("/Alternates", lambda pdf: Array([Dictionary(Image=picture(pdf, Name="other"))]), b"(other)", None),
    ("/Metadata", lambda pdf: pdf.make_stream(b"<who/>"), b"<who/>", None),
    ("/PieceInfo", lambda pdf: Dictionary(App=Dictionary(Private=Dictionary(JS=String("act-now")))), b"act-now", None),
]


@pytest.mark.parametrize(("key", "value", "trace", "code"), ADDED, ids=[f"{key} {code}" for key, _, _, code in ADDED])
def test_what_a_picture_carries_is_taken_out(
    made: Pdf, tmp_path: Path, key: str, value: Callable[[Pdf], object], trace: bytes, code: str | None
) -> None:
    of_page(made)[key] = value(made)
    assert trace in saved(made, tmp_path)

    notes = list(inert.clean(made))

    assert [note.code for note in notes] == ([code] if code else [])
    assert trace not in saved(made, tmp_path)
    assert of_page(made).read_bytes() == b"\1\2\3"
    assert of_page(made).keys() >= {"/Width", "/Height", "/ColorSpace"}


def test_a_program_becomes_an_empty_form(made: Pdf, tmp_path: Path) -> None:
    made.pages[0].obj.Resources.XObject.P = made.make_stream(b"showpage", Type=Name.XObject, Subtype=Name.PS)

    [note] = inert.clean(made)

    assert note.code == "actions-removed"
    assert note.message.startswith("1 ")
    assert b"showpage" not in saved(made, tmp_path)
    assert made.pages[0].obj.Resources.XObject.P.Subtype == Name.Form


def test_marks_keep_their_words_and_lose_what_they_carry(made: Pdf, tmp_path: Path) -> None:
    mark = Dictionary(MCID=3, ActualText=String("said"), AF=Array([spec(made)]), JS=String("act()"))
    made.pages[0].obj.Resources.Properties = Dictionary(M=mark)

    [note] = inert.clean(made)

    assert note.code == "embedded-files"
    kept = made.pages[0].obj.Resources.Properties.M
    assert (kept.keys(), int(kept.MCID), str(kept.ActualText)) == ({"/MCID", "/ActualText"}, 3, "said")
    assert b"MZ-inside" not in saved(made, tmp_path)


def test_layers_are_left_to_those_who_know_them(made: Pdf) -> None:
    layer = made.make_indirect(Dictionary(Type=Name.OCG, Name=String("layer"), Usage=Dictionary(Print=Dictionary())))
    made.pages[0].obj.Resources.Properties = Dictionary(L=layer)

    assert list(inert.clean(made)) == []
    assert made.pages[0].obj.Resources.Properties.L.keys() == {"/Type", "/Name", "/Usage"}


@pytest.mark.parametrize("name", ["/AF", "/F", "/Ref", "/PS", "/Metadata"])
def test_a_resource_may_be_called_anything(made: Pdf, name: str) -> None:
    made.pages[0].obj.Resources.XObject[name] = picture(made)

    assert list(inert.clean(made)) == []
    assert made.pages[0].obj.Resources.XObject.keys() == {"/I", name}


def test_a_file_without_any_of_it_has_no_notes(made: Pdf) -> None:
    assert list(inert.clean(made)) == []


MANY = 50_000  # squared, and a byte for each: more than may be; a bit for each: less


@pytest.mark.parametrize(
    ("keys", "refused"),
    [
        ({"ColorSpace": Name.DeviceRGB}, True),
        ({"ColorSpace": Name.DeviceGray}, True),
        ({"ColorSpace": Name.DeviceGray, "BitsPerComponent": 1}, False),
        ({"ImageMask": True}, False),
        ({"ColorSpace": Name.DeviceCMYK, "BitsPerComponent": 1}, False),
        ({"ColorSpace": Name.DeviceCMYK, "BitsPerComponent": 2}, True),
        ({"Height": 1}, False),
    ],
)
def test_a_picture_larger_than_any_is_refused(made: Pdf, keys: dict[str, Any], refused: bool) -> None:
    made.pages[0].obj.Resources.XObject.J = picture(made, **{"Width": MANY, "Height": MANY, **keys})
    if not refused:
        assert list(inert.clean(made)) == []
        return
    with pytest.raises(ConversionError, match="50000 by 50000") as caught:
        list(inert.clean(made))
    assert caught.value.code == "hostile-source"
    assert caught.value.fix


def test_the_colours_of_a_profile_count(made: Pdf) -> None:
    profile = made.make_stream(b"", N=4)
    space = Array([Name.ICCBased, profile])
    made.pages[0].obj.Resources.XObject.J = picture(made, Width=30_000, Height=30_000, ColorSpace=space)
    with pytest.raises(ConversionError):
        list(inert.clean(made))
    profile.N = 1
    assert list(inert.clean(made)) == []
