"""Streams of a PDF that break off are kept as far as they go and told of; whole ones, odd or not, stay as they are."""

from __future__ import annotations

import io
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import img2pdf
import pikepdf
import pytest
from conftest import MakePhoto
from pikepdf import Dictionary, Name
from PIL import Image

from dossier.convert import damage, image, pdf
from dossier.errors import ConversionError
from dossier.part import Part

SHEET = (595.276, 841.89)
OPERATORS = "".join(f"{number} {number * 7 % 500} m 100 100 l S\n" for number in range(200)).encode()


def packed(data: bytes) -> bytes:
    return zlib.compress(data)


def broken(data: bytes) -> bytes:
    """Return what ``data`` packs to, with a hole two thirds of the way through."""
    raw = packed(data)
    at = len(raw) * 2 // 3
    return raw[:at] + b"\xff" * 40 + raw[at + 40 :]


def write(path: Path, operators: bytes, image: bytes = b"", **keys: Any) -> Path:
    """Write a PDF of one page: its operators as they are packed, and an image with the keys given."""
    with pikepdf.new() as made:
        page = made.add_blank_page(page_size=(500, 500))
        content = made.make_stream(b"")
        content.write(operators, filter=Name.FlateDecode)
        page.Contents = content
        if image:
            stream = made.make_stream(b"", Type=Name.XObject, Subtype=Name.Image, **keys)
            stream.write(image, filter=keys.get("Filter") or Name.FlateDecode)
            page.Resources = Dictionary(XObject=Dictionary(Im=stream))
        # As they are: the library would unpack, and mend, what it saves.
        made.save(path, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return path


def grey(size: int) -> dict[str, Any]:
    return {"Width": size, "Height": size, "BitsPerComponent": 8, "ColorSpace": Name.DeviceGray}


def jpeg(seed: int = 0) -> bytes:
    """Return a JPEG that is hard to compress, so that most of it is picture and not header."""
    noise = random.Random(seed).randbytes(64 * 64)
    out = io.BytesIO()
    Image.frombytes("L", (64, 64), noise).save(out, "JPEG", quality=90)
    return out.getvalue()


def operators_of(part: Part) -> bytes:
    with pikepdf.open(part.path) as made:
        return made.pages[0].Resources.XObject.Page0.read_bytes()


def codes(part: Part) -> list[str]:
    return [note.code for note in part.notes]


def clean(path: Path) -> bool:
    check = pikepdf.Job(["qpdf", "--check", str(path)])
    check.run()
    return check.exit_code == 0


def test_a_page_that_breaks_off_is_bound_so_far_and_told_of(tmp_path: Path) -> None:
    part = pdf.normalise(write(tmp_path / "a.pdf", broken(OPERATORS)), tmp_path / "out.pdf")

    [note] = part.notes
    assert (note.code, note.severity) == ("damaged-parts", "warning")
    assert "1 of its parts" in note.message
    assert note.fix
    kept = operators_of(part)
    assert 0 < len(kept) < len(OPERATORS)
    assert OPERATORS.startswith(kept[: len(OPERATORS) // 3])


def test_a_page_that_ends_early_is_told_of(tmp_path: Path) -> None:
    raw = packed(OPERATORS)

    part = pdf.normalise(write(tmp_path / "a.pdf", raw[: len(raw) // 2]), tmp_path / "out.pdf")

    assert codes(part) == ["damaged-parts"]
    assert OPERATORS.startswith(operators_of(part))


@pytest.mark.parametrize("cut", [0, 1, 4], ids=["whole", "a byte short", "without checksum"])
def test_a_checksum_that_is_missing_is_no_damage(tmp_path: Path, cut: int) -> None:
    raw = packed(OPERATORS)

    part = pdf.normalise(write(tmp_path / "a.pdf", raw[: len(raw) - cut]), tmp_path / "out.pdf")

    assert codes(part) == []
    assert operators_of(part) == OPERATORS


def test_a_wrong_checksum_is_told_of_and_all_is_kept(tmp_path: Path) -> None:
    part = pdf.normalise(write(tmp_path / "a.pdf", packed(OPERATORS)[:-4] + b"abcd"), tmp_path / "out.pdf")

    assert codes(part) == ["damaged-parts"]
    assert operators_of(part) == OPERATORS


def test_a_page_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        pdf.normalise(write(tmp_path / "a.pdf", b"\xff" * 100), tmp_path / "out.pdf")

    assert caught.value.code == "damaged-source"


@pytest.mark.parametrize(
    ("data", "filter"),
    [
        (broken(OPERATORS[:1600]), None),
        (b"\xff" * 200, None),
        (jpeg().replace(b"\xff\xda", b"\xff\xfe", 1), Name.DCTDecode),
        (jpeg()[:-300] + b"\xff\x7f\xff\xff" + jpeg()[-296:], Name.DCTDecode),
        (b"no picture", Name.DCTDecode),
    ],
    ids=["a hole", "nothing but a hole", "a jpeg without a scan", "a jpeg with a mark of no kind", "no jpeg"],
)
def test_a_damaged_picture_is_told_of_and_leaves_a_clean_file(tmp_path: Path, data: bytes, filter: Name | None) -> None:
    keys = grey(40) | ({"Filter": filter} if filter else {})

    part = pdf.normalise(write(tmp_path / "a.pdf", packed(b"/Im Do"), data, **keys), tmp_path / "out.pdf")

    assert codes(part) == ["damaged-parts"]
    assert clean(part.path)


@pytest.mark.parametrize("end", [None, -2], ids=["whole", "without the mark of its end"])
def test_a_sound_jpeg_stays_as_it_is(tmp_path: Path, end: int | None) -> None:
    data = jpeg()[:end]

    part = pdf.normalise(
        write(tmp_path / "a.pdf", packed(b"/Im Do"), data, Filter=Name.DCTDecode, **grey(64)), tmp_path / "out.pdf"
    )

    assert codes(part) == []
    assert data in part.path.read_bytes()


def test_a_jpeg_that_runs_on_into_something_else_is_told_of_and_made_anew(tmp_path: Path) -> None:
    data = jpeg()[:-400] + b"\xff\xe1\x90\x90" + bytes(50)

    part = pdf.normalise(
        write(tmp_path / "a.pdf", packed(b"/Im Do"), data, Filter=Name.DCTDecode, **grey(64)), tmp_path / "out.pdf"
    )

    assert codes(part) == ["damaged-parts"]
    assert clean(part.path)
    with pikepdf.open(part.path) as made:
        kept = made.pages[0].Resources.XObject.Page0.Resources.XObject.Im
        assert (kept.Filter, kept.Subtype) == (Name.DCTDecode, Name.Image)
        damage.check_jpeg(kept.read_raw_bytes())


def test_several_are_counted(tmp_path: Path) -> None:
    part = pdf.normalise(
        write(tmp_path / "a.pdf", broken(OPERATORS), b"no picture", Filter=Name.DCTDecode, **grey(8)),
        tmp_path / "out.pdf",
    )

    assert "2 of its parts" in part.notes[0].message


def test_a_photo_that_no_reader_can_decode_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg()[:-300] + b"\xff\x7f\xff\xff" + jpeg()[-296:])

    with pytest.raises(ConversionError) as caught:
        image.convert(path, tmp_path / "out.pdf", sheet=SHEET)

    assert caught.value.code == "damaged-source"


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("way", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}])
def test_sound_photos_pass(mode: str, way: dict[str, int]) -> None:
    out = io.BytesIO()
    Image.radial_gradient("L").convert(mode).save(out, "JPEG", **way)

    damage.check_jpeg(out.getvalue())


def test_a_png_that_its_embedder_chokes_on_is_refused_by_name(
    tmp_path: Path, make_photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chokes(*_: object, **__: object) -> bytes:
        raise Exception("invalid png")

    monkeypatch.setattr(img2pdf, "convert", chokes)

    with pytest.raises(ConversionError, match="invalid png") as caught:
        image.convert(make_photo("a.png"), tmp_path / "out.pdf", sheet=SHEET)

    assert caught.value.code == "damaged-source"


def test_a_predictor_survives_mending(tmp_path: Path) -> None:
    rows = b"".join(bytes([2]) + OPERATORS[row * 40 : row * 40 + 40] for row in range(40))
    path = write(tmp_path / "a.pdf", packed(b"/Im Do"), packed(b"x"), **grey(40))
    with pikepdf.open(path, allow_overwriting_input=True) as made:
        parms = Dictionary(Predictor=15, Columns=40)
        made.pages[0].Resources.XObject.Im.write(broken(rows), filter=Name.FlateDecode, decode_parms=parms)
        made.save(path, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)

    part = pdf.normalise(path, tmp_path / "out.pdf")

    assert codes(part) == ["damaged-parts"]
    with pikepdf.open(part.path) as made:
        kept = made.pages[0].Resources.XObject.Page0.Resources.XObject.Im
        assert kept.DecodeParms.Predictor == 15
        assert rows.startswith(zlib.decompress(kept.read_raw_bytes())[: len(rows) // 3])


def test_nothing_is_told_of_a_file_without_streams(tmp_path: Path, make_pdf: Callable[..., Path]) -> None:
    with pikepdf.open(make_pdf("a.pdf")) as opened:
        assert list(damage.mend(opened)) == []
