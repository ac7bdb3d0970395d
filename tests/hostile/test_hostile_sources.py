"""Broken and hostile sources of every kind are each refused by name, or mended and reported; the rest is bound."""

from __future__ import annotations

import io
import json
import os
import random
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import drawn
import py7zr
import pytest
from drawn import ENTITIES, EXTERNAL_ENTITY, MB, good_pdf, ofd, one_page, picture, stream, word, zipped
from room import GOOD, clean_room, is_bound, memory_beside_this, pages_of, state_of, write_manifest

import dossier
from dossier import limits
from dossier.build import Binder
from dossier.cli import main
from dossier.errors import Problem

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and file names as Linux has them")
Draw = Callable[[Path], object]


def data(content: bytes) -> Draw:
    return lambda path: path.write_bytes(content)


def noise(head: bytes = b"") -> Draw:
    """Return what writes random bytes, each file its own, after the ``head`` by which a kind is known."""
    return lambda path: path.write_bytes(head + random.Random(path.name).randbytes(3000))


def half(draw: Draw) -> Draw:
    def write(path: Path) -> None:
        draw(path)
        os.truncate(path, path.stat().st_size // 2)

    return write


def photo(form: str) -> Draw:
    return lambda path: picture(path, form, (200, 150))


def seven_zip(path: Path) -> None:
    with py7zr.SevenZipFile(path, "w") as package:
        package.writestr(random.Random(1).randbytes(999), "a.txt")


def without_end(path: Path) -> None:
    """Write a PDF whose table of objects is lost, which can be mended."""
    good_pdf(path, "mended")
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"xref")])


def form_within_itself(path: Path) -> None:
    form = stream(b"/X Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>")
    fonts = b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
    page = b"/MediaBox[0 0 300 200]/Resources<<%s/XObject<</X 5 0 R>>>>" % fonts
    path.write_bytes(one_page(page, b"=" + stream(b"/X Do BT /F 20 Tf 20 20 Td (page) Tj ET"), form))


def loop_below(path: Path) -> None:
    path.write_bytes(
        one_page(b"/MediaBox[0 0 9 9]", b"=", b"<</Type/Pages/Parent 2 0 R/Count 1/Kids[2 0 R]>>", kids=b"[5 0 R]")
    )


def deep_tree(path: Path) -> None:
    nodes = [b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % number for number in range(3, 3000)]
    path.write_bytes(drawn.raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", *nodes, b"<</Type/Page/MediaBox[0 0 9 9]>>"))


def long_content(path: Path) -> None:
    path.write_bytes(one_page(b"/MediaBox[0 0 9 9]", b"=" + stream(drawn.packed(257 * MB), b"/Filter/FlateDecode")))


def many_pages(path: Path) -> None:
    kids = b"[" + b"3 0 R " * 20_001 + b"]"
    path.write_bytes(one_page(b"/MediaBox[0 0 9 9]", kids=kids))


def deep_word(path: Path) -> None:
    word(path, replace=(b"<w:p>", b"<w:p>" + b"<w:sdt>" * 100_000 + b"</w:sdt>" * 100_000))


DAMAGED, HOSTILE, EMPTY, LOCKED = "damaged-source", "hostile-source", "empty-source", "encrypted-source"
UNKNOWN, LARGE, LOOPING = "unsupported-kind", "oversized-source", "looping-source"

REFUSED: list[tuple[str, Draw, str]] = [
    # cut short
    ("cut.pdf", half(good_pdf), DAMAGED),
    ("cut.docx", half(word), DAMAGED),
    *((f"cut.{form.lower()}", half(photo(form)), DAMAGED) for form in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")),
    ("cut.jp2", half(photo("JPEG2000")), DAMAGED),
    ("cut.ofd", half(ofd), DAMAGED),
    ("cut.zip", half(lambda path: zipped(path, {"a.txt": random.Random(2).randbytes(999)})), DAMAGED),
    ("cut.7z", half(seven_zip), DAMAGED),
    ("cut.eml", drawn.cut_mail, DAMAGED),
    # garbage
    ("garbage.pdf", noise(b"%PDF-1.7\n"), DAMAGED),
    ("garbage.docx", noise(b"PK\3\4"), DAMAGED),
    ("garbage.jpg", noise(b"\xff\xd8\xff"), DAMAGED),
    ("garbage.png", noise(b"\x89PNG\r\n\x1a\n"), DAMAGED),
    ("garbage.tif", noise(b"II*\0"), DAMAGED),
    ("garbage.heic", noise(b"\0\0\0\x18ftypheic"), DAMAGED),
    ("garbage.jp2", noise(b"\0\0\0\x0cjP  \r\n\x87\n"), DAMAGED),
    ("garbage.webp", noise(b"RIFF\0\0\0\0WEBP"), DAMAGED),
    ("garbage.7z", noise(b"7z\xbc\xaf\x27\x1c"), DAMAGED),
    ("garbage.rar", noise(b"Rar!\x1a\x07\1\0"), DAMAGED),
    ("garbage.bin", noise(), UNKNOWN),
    # nothing in it
    ("nothing.pdf", data(b""), UNKNOWN),
    ("nothing.docx", data(b""), UNKNOWN),
    ("nothing.zip", lambda path: zipped(path, {}), EMPTY),
    ("no-pages.pdf", data(one_page(kids=b"[]")), EMPTY),
    ("no-pages.ofd", lambda path: ofd(path, pages=0), DAMAGED),
    # not what its name says
    ("text.pdf", data(b"hello"), DAMAGED),
    ("program.docx", data(b"MZ\0\0" + bytes(99)), UNKNOWN),
    # locked
    ("locked.pdf", lambda path: drawn.locked_pdf(path, "secret"), LOCKED),
    ("locked.zip", drawn.locked_zip, LOCKED),
    ("locked.7z", drawn.locked_7z, LOCKED),
    # in circles, and too deep
    ("loop.pdf", data(one_page(kids=b"[2 0 R]")), LOOPING),
    ("loop-below.pdf", loop_below, LOOPING),
    ("deep.pdf", deep_tree, DAMAGED),
    ("deep.docx", deep_word, DAMAGED),
    # bombs
    ("bomb-of-content.pdf", long_content, LARGE),
    ("bomb-of-objects.pdf", drawn.object_bomb, DAMAGED),
    ("bomb-of-a-picture.pdf", drawn.picture_bomb, HOSTILE),
    ("bomb-of-pages.pdf", many_pages, LARGE),
    ("bomb.png", drawn.png_bomb, HOSTILE),
    ("bomb.zip", drawn.zip_bomb, HOSTILE),
    ("bomb-in-bombs.zip", drawn.nested_zip_bomb, HOSTILE),
    ("bomb-of-names.zip", lambda path: zipped(path, {f"{n}.txt": b"" for n in range(6000)}), HOSTILE),
    ("bomb.docx", lambda path: word(path, parts={"word/media/a.bin": bytes(80 * MB)}), HOSTILE),
    ("entities.docx", lambda path: word(path, replace=(b"<w:document", ENTITIES + b"<w:document")), HOSTILE),
    ("entity.docx", lambda path: word(path, replace=(b"<w:document", EXTERNAL_ENTITY + b"<w:document")), HOSTILE),
    ("entities.ofd", lambda path: ofd(path, prolog=ENTITIES), HOSTILE),
    ("lines.txt", data(b"x\n" * 100_001), LARGE),
    # links where files should be
    ("links.tar", drawn.linking_tar, EMPTY),
    ("fifo.pdf", os.mkfifo, "refused-path"),
    ("link.pdf", lambda path: path.symlink_to("/etc/hostname"), "refused-path"),
    # not there at all
    ("gone.pdf", lambda path: path, "missing-source"),
]

# What is bound all the same: its name, the code of what is said of it, and words on its page.
MENDED: list[tuple[str, Draw, str, str]] = [
    ("mended.pdf", without_end, "repaired", "mended p1"),
    ("open.pdf", lambda path: drawn.locked_pdf(path, ""), "was-encrypted", "open p1"),
    ("photo.pdf", photo("PNG"), "misnamed-source", ""),
    ("paper.jpg", lambda path: good_pdf(path, "paper"), "misnamed-source", "paper p1"),
    ("letter.png", lambda path: word(path, replace=(b"text", b"letter")), "misnamed-source", "letter"),
    ("macros.docm", lambda path: word(path, parts={"word/vbaProject.bin": b"x"}), "macros", "text"),
]
QUIET: list[tuple[str, Draw, str]] = [
    ("form-within-itself.pdf", form_within_itself, "page"),
    ("climbing.zip", drawn.climbing_zip, "climbed"),
    ("loop.tif", drawn.looping_tiff, ""),
]
ALL = [*(name for name, *_ in REFUSED), *(name for name, *_ in MENDED), *(name for name, *_ in QUIET)]


def run(folder: Path, names: list[str], *, good: bool) -> tuple[int, str, list[Problem]]:
    """Build by the command, in this process, so that less memory is enough to be too much."""
    manifest = write_manifest(folder, names, good=good)
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err), clean_room(folder):
        patch.setattr(limits, "MEMORY", memory_beside_this(768 * MB))
        status = main(["build", str(manifest), "-o", str(folder / "out"), "--engine", "embedded", "--json"])
    assert "Traceback" not in err.getvalue()
    [binder] = json.loads(out.getvalue())["binders"]
    return status, err.getvalue(), [Problem(**problem) for problem in binder["problems"]]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "sources"
    folder.mkdir()
    drawings = [*(one[:2] for one in REFUSED), *(one[:2] for one in MENDED), *(one[:2] for one in QUIET)]
    for name, draw in drawings:
        draw(folder / name)
    return folder


@pytest.fixture(scope="module")
def book(sources: Path) -> tuple[Binder, int, str]:
    """The book of all of them and a good one, built over the complete book of the good one alone."""
    folder = sources.parent
    kept = folder / "kept"
    sources.rename(kept)
    assert run(folder, [], good=True)[0] == 0
    old = state_of(folder / "out")
    for path in (folder / "sources").iterdir():
        path.rename(kept / path.name)
    (folder / "sources").rmdir()
    kept.rename(sources)

    status, said, problems = run(folder, ALL, good=True)

    assert state_of(folder / "out").items() >= old.items()
    written = dossier.receipt.read(folder / "out" / "receipt-draft.json")
    assert written.problems == tuple(problems)
    proof = dossier.verify(folder / "out" / "binder-draft.pdf")
    return Binder(folder / "out", written, proof), status, said


def of(binder: Binder, name: str) -> tuple[str, list[Problem]]:
    id = f"1-{ALL.index(name) + 1:02}"
    [status] = [proof.status for item in binder.receipt.items for proof in item.evidence if proof.id == id]
    return status, [problem for problem in binder.problems if problem.evidence == id]


@pytest.mark.parametrize("case", REFUSED, ids=[name for name, *_ in REFUSED])
def test_a_bad_source_is_refused_by_name_with_a_remedy(
    book: tuple[Binder, int, str], case: tuple[str, Draw, str]
) -> None:
    name, _, code = case
    status, problems = of(book[0], name)

    [problem] = [problem for problem in problems if problem.severity == "error"]
    assert (status, problem.code) == ("missing" if name == "gone.pdf" else "refused", code)
    assert name in problem.message
    assert problem.fix
    assert str(book[0].folder.parent) not in problem.message


@pytest.mark.parametrize("case", MENDED, ids=[name for name, *_ in MENDED])
def test_a_source_that_can_be_mended_is_bound_and_reported(
    book: tuple[Binder, int, str], case: tuple[str, Draw, str, str]
) -> None:
    name, _, code, shown = case
    status, problems = of(book[0], name)

    assert status == "bound"
    [problem] = problems
    assert (problem.code, problem.severity) == (code, "warning")
    assert name in problem.message
    assert problem.fix
    assert is_bound(book[0], f"1-{ALL.index(name) + 1:02}", [shown])


@pytest.mark.parametrize("case", QUIET, ids=[name for name, *_ in QUIET])
def test_a_trap_that_does_not_spring_is_bound(book: tuple[Binder, int, str], case: tuple[str, Draw, str]) -> None:
    name, _, shown = case

    assert of(book[0], name)[0] == "bound"
    assert is_bound(book[0], f"1-{ALL.index(name) + 1:02}", [shown])


def test_the_command_answers_1_and_names_every_bad_source(book: tuple[Binder, int, str]) -> None:
    _, status, said = book

    assert status == 1
    for name, *_ in REFUSED:
        assert name in said


def test_the_good_source_is_bound_beside_them(book: tuple[Binder, int, str]) -> None:
    assert is_bound(book[0], f"1-{len(ALL) + 1:02}", ["good p1", "good p2"])
    assert [page.source_page for page in book[0].receipt.pages if page.source == GOOD] == [1, 2]


# --- nothing good at all -------------------------------------------------------------------------------------------


ONE_OF_EACH = [
    "cut.pdf", "cut.docx", "cut.png", "cut.eml", "garbage.pdf", "garbage.bin", "nothing.pdf", "nothing.zip",
    "no-pages.pdf", "text.pdf", "program.docx", "locked.pdf", "locked.zip", "loop.pdf", "deep.docx",
    "bomb-of-a-picture.pdf", "bomb.png", "bomb.zip", "bomb.docx", "entities.docx", "entities.ofd", "links.tar",
    "fifo.pdf", "link.pdf", "gone.pdf", "../outside.pdf", "turned\u202efdp.pdf", "x" * 300,
]  # fmt: skip


@pytest.fixture(scope="module")
def draft(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Binder, int]:
    folder = tmp_path_factory.mktemp("bad")
    (folder / "sources").symlink_to(sources)
    status, _, _ = run(folder, ONE_OF_EACH, good=False)
    written = dossier.receipt.read(folder / "out" / "receipt.json")
    return Binder(folder / "out", written, dossier.verify(folder / "out")), status


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_a_dossier_whose_every_source_is_bad_becomes_a_draft_in_which_each_has_its_sheet(
    draft: tuple[Binder, int],
) -> None:
    binder, status = draft

    assert status == 1
    assert not binder.complete
    assert [path.name for path in binder.paths] == ["binder-draft.pdf"]
    sheets = {page.evidence: squeezed(text) for page, text in pages_of(binder, lambda page: page.kind == "placeholder")}
    assert len(sheets) == len(ONE_OF_EACH)
    for number, name in enumerate(ONE_OF_EACH, start=1):
        id = f"1-{number:02}"
        [problem] = [p for p in binder.problems if p.evidence == id and p.severity == "error"]
        assert squeezed(f"evidence {number}") in sheets[id]
        assert name.replace("\u202e", "\ufffd")[:100] in sheets[id]
        assert squeezed(problem.message) in sheets[id]


def test_a_draft_of_bad_sources_alone_is_proved(draft: tuple[Binder, int]) -> None:
    binder, _ = draft

    assert binder.proof.pages == len(binder.receipt.pages)
    assert not [page for page in binder.receipt.pages if page.kind == "evidence"]
    assert main(["verify", str(binder.folder)]) == 0
