"""What could act is found in whatever object of a PDF it hides, and nothing is found that only looks like it."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pypdf
import pytest

from dossier import acting

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Resources << /XObject << /Page0 4 0 R >> >> >>"
FORM = b"<< /Type /XObject /Subtype /Form /BBox [0 0 300 200] %b /Length 3 >>\nstream\nq Q\nendstream"
OWN = ("binder-1.pdf", "binder-2.pdf")

ACTING = {
    "a script": b"<< /S /JavaScript /JS (x) >>",
    "a script alone": b"<< /JS (x) >>",
    "a program": b"<< /S /Launch /F (x.exe) >>",
    "a form sent": b"<< /S /SubmitForm /F (http://x) >>",
    "data fetched": b"<< /S /ImportData /F (x.fdf) >>",
    "a film's action": b"<< /S /Rendition /R 4 0 R >>",
    "a rich medium's action": b"<< /S /RichMediaExecute >>",
    "a film": b"<< /S /Movie >>",
    "a sound": b"<< /S /Sound >>",
    "a jump to a file within": b"<< /S /GoToE /T << /R /C >> >>",
    "a jump to another file": b"<< /S /GoToR /F (other.pdf) /D [0 /Fit] >>",
    "a jump to another file, described": b"<< /S /GoToR /F << /F (binder-1.pdf) /UF (other.pdf) >> /D [0 /Fit] >>",
    "a jump to no file": b"<< /S /GoToR /D [0 /Fit] >>",
    "a jump that goes on": b"<< /S /GoToR /F (binder-1.pdf) /D [0 /Fit] /Next << >> >>",
    "events": b"<< /AA << /O << /S /URI /URI (http://x) >> >> >>",
    "what opens": b"<< /OpenAction [3 0 R /Fit] >>",
    "a form": b"<< /AcroForm << /Fields [] >> >>",
    "another form": b"<< /XFA [(a) 4 0 R] >>",
    "files by name": b"<< /EmbeddedFiles << /Names [] >> >>",
    "a file": b"<< /Type /Filespec /F (x) /EF << /F 4 0 R >> >>",
    "a file's data": b"<< /Type /EmbeddedFile >>",
    "files that belong to it": b"<< /AF [4 0 R] >>",
    "scripts by name": b"<< /JavaScript << /Names [] >> >>",
    "a rich medium": b"<< /Type /Annot /Subtype /RichMedia >>",
    "a field": b"<< /Subtype /Widget >>",
    "an old film": b"<< /Subtype /Movie >>",
    "an old sound": b"<< /Subtype /Sound >>",
    "a screen": b"<< /Subtype /Screen >>",
    "a file on a page": b"<< /Subtype /FileAttachment >>",
}
PLACES = {
    "unreferenced": (b"", b"%b"),
    "in an array": (b"", b"[1 [2 << /K %b >>] ]"),
    "deep down": (b"", b"<< /A [<< /Next << /Next [%b] >> >>] >>"),
    "in a form's private data": (b"/PieceInfo << /App << /Private %b >> >>", b"null"),
    "in a form's resources": (b"/Resources << /Properties << /P << /Q %b >> >> >>", b"null"),
    "behind a string": (b"/Name (a stream\nendobj\n) /X %b", b"null"),
    "behind a string with brackets": (b"/Name ((endobj \\( )) /X %b", b"null"),
    "behind a comment": (b"% endobj\n /X %b", b"null"),
    "in a stream's dictionary": (b"/X %b", b"null"),
}  # fmt: skip


def write(path: Path, *objects: bytes) -> Path:
    body, offsets = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, rows)
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    path.write_bytes(body + table + end)
    return path


def found(path: Path) -> list[acting.Acting]:
    with path.open("rb") as file:
        return list(acting.find(pypdf.PdfReader(file, strict=False), file, OWN))


def packed(path: Path) -> Path:
    """Pack a file's objects into streams of objects, as binders have them; what nothing refers to would be lost."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.Root.Kept = pikepdf.Array([pdf.get_object(5, 0)])
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"/ObjStm" in path.read_bytes()
    return path


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ACTING)
def test_what_could_act_is_found_wherever_it_is(tmp_path: Path, kind: str, place: str) -> None:
    in_form, alone = (pattern.replace(b"%b", ACTING[kind]) for pattern in PLACES[place])
    path = write(tmp_path / "a.pdf", CATALOG, PAGES, PAGE, FORM % in_form, alone)

    assert {one.number for one in found(path)} == {5 if alone != b"null" else 4}
    assert found(packed(path))


def test_a_sound_file_holds_nothing_that_acts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", CATALOG, PAGES, PAGE, FORM % b"", b"null")

    assert found(path) == []
    assert found(packed(path)) == []


@pytest.mark.parametrize(
    "harmless",
    [
        b"<< /S /URI /URI (http://x/Launch) >>",
        b"<< /S /GoTo /D [3 0 R /Fit] >>",
        b"<< /S /GoToR /F << /Type /Filespec /F (binder-2.pdf) /UF (binder-2.pdf) >> /D [0 /Fit] >>",
        b"<< /S /GoToR /F (binder-1.pdf) /D [0 /Fit] >>",
        b"<< /Title (about /JavaScript and /JS << /S /Launch >>) >>",
        b"<< /Title <2f4c61756e6368> >>",
        b"<< /S /Transparency /CS /DeviceRGB >>",
        b"<< /Differences [0 /AA /JS /EF /Launch /Sound] >>",
        b"<< /Font << /AA 4 0 R /JS 4 0 R /EF 4 0 R /AF 4 0 R >> >>",
        b"<< /Resources << /XObject << /XFA 4 0 R >> /ExtGState << /AcroForm << /ca 1 >> >> >> >>",
        b"<< /CharProcs << /AA 4 0 R >> >>",
        b"<< /JSON 1 /AAA 2 /LaunchPad 3 /S /Sounds >>",
    ],
)
def test_what_only_looks_like_it_is_not_found(tmp_path: Path, harmless: bytes) -> None:
    path = write(tmp_path / "a.pdf", CATALOG, PAGES, PAGE, FORM % b"", harmless)

    assert found(path) == []
    assert found(packed(path)) == []


@pytest.mark.parametrize("category", [b"Font", b"XObject", b"ExtGState", b"ColorSpace", b"Pattern", b"Properties"])
def test_names_of_resources_may_be_any(tmp_path: Path, category: bytes) -> None:
    path = write(
        tmp_path / "a.pdf", CATALOG, PAGES, PAGE, FORM % (b"/Resources << /%b 5 0 R >>" % category),
        b"<< /AA 4 0 R /JS 4 0 R >>",
    )  # fmt: skip

    assert found(path) == []
    assert found(packed(path)) == []


def test_an_action_among_resources_is_found(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.pdf", CATALOG, PAGES, PAGE, FORM % b"/Resources << /Font 5 0 R >>",
        b"<< /S /JavaScript /F1 << /AA << >> >> >>",
    )  # fmt: skip

    assert {one.path for one in found(path)} == {("/S",), ("/F1", "/AA")}


@pytest.mark.parametrize("written", [b"/#4aavaScript", b"/JavaScrip#74", b"/#4A#61vaScript"])
def test_a_name_is_known_however_it_is_written(tmp_path: Path, written: bytes) -> None:
    path = write(tmp_path / "a.pdf", CATALOG, PAGES, PAGE, FORM % b"", b"<< /S %b >>" % written)

    assert [one.path for one in found(path)] == [("/S",)]


def test_a_kind_that_stands_elsewhere_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", CATALOG, PAGES, PAGE, FORM % b"", b"<< /S 6 0 R /X /Launch >>", b"/Launch")

    assert [one.path for one in found(path)] == [("/S",)]


def test_it_is_said_where_it_is_and_what(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", CATALOG, PAGES, PAGE, FORM % b"", b"[<< /K << /S /Launch >> >>]")

    assert found(path) == [acting.Acting(5, (0, "/K", "/S"), "it holds the action /Launch")]


def test_the_trailer_is_looked_at(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", CATALOG, PAGES, PAGE, FORM % b"", b"null")
    path.write_bytes(path.read_bytes().replace(b"/Root 1 0 R", b"/Root 1 0 R /X << /S /Launch >>"))

    assert [one.number for one in found(path)] == [0]


def test_streams_are_not_unpacked_and_not_kept(tmp_path: Path) -> None:
    """A page's content that no library could unpack does not matter here."""
    content = b"<< /Length 9 /Filter /FlateDecode /X << /S /Launch >> >>\nstream\n/Launch x\nendstream"
    path = write(tmp_path / "a.pdf", CATALOG, PAGES, PAGE, FORM % b"", content)

    with path.open("rb") as file:
        reader = pypdf.PdfReader(file, strict=False)
        assert [one.number for one in acting.find(reader, file)] == [5]
        assert (0, 5) not in reader.resolved_objects


def test_a_stream_of_objects_is_looked_into_though_no_object_is_said_to_be_there(tmp_path: Path) -> None:
    holder = b"<< /Type /ObjStm /N 1 /First 4 /Length 19 >>\nstream\n9 0 << /S /Launch >>\nendstream"
    path = write(tmp_path / "a.pdf", CATALOG, PAGES, PAGE, FORM % b"", holder)

    assert [one.number for one in found(path)] == [9]


def test_an_object_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", CATALOG, PAGES, PAGE, FORM % b"", b"<< /S /Launch (")

    with pytest.raises((pypdf.errors.PyPdfError, ValueError)):
        found(path)
