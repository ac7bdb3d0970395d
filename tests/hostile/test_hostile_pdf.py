"""PDFs that would act, fetch, or measure absurdly are bound without it, and the report says what was taken out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest
from drawn import good_pdf, sized
from pikepdf import Array, Dictionary, Name, Object, Pdf, String
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject
from room import bind, evidence_of, is_bound, problems_of

import dossier

Add = Callable[[Pdf, Object], object]
SCRIPT = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def annotation(**keys: Any) -> Add:
    def add(pdf: Pdf, page: Object) -> None:
        page.Annots = Array([pdf.make_indirect(Dictionary(Type=Name.Annot, Rect=Array([0, 0, 90, 90]), **keys))])

    return add


def link(**action: Any) -> Add:
    return annotation(Subtype=Name.Link, A=Dictionary(**action))


def button(**action: Any) -> Add:
    def add(pdf: Pdf, page: Object) -> None:
        annotation(Subtype=Name.Widget, FT=Name.Btn, T=String("b"), A=Dictionary(**action))(pdf, page)
        pdf.Root.AcroForm = Dictionary(Fields=Array([page.Annots[0]]))

    return add


def in_root(key: str, value: object) -> Add:
    return lambda pdf, page: pdf.Root.__setitem__(key, value)


def in_outline(**action: Any) -> Add:
    def add(pdf: Pdf, page: Object) -> None:
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("go", action=Dictionary(**action)))

    return add


def named_script(pdf: Pdf, page: Object) -> None:
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("a"), SCRIPT])))


def playing(kind: Name) -> Add:
    def add(pdf: Pdf, page: Object) -> None:
        spec = Dictionary(Type=Name.Filespec, F=String("a.swf"), EF=Dictionary(F=pdf.make_stream(b"SWF-inside")))
        assets = Dictionary(Names=Array([String("a"), spec]))
        annotation(Subtype=kind, RichMediaContent=Dictionary(Assets=assets))(pdf, page)

    return add


def attached(pdf: Pdf, page: Object) -> None:
    pdf.attachments["evil.exe"] = b"MZ-inside"


def form_of_xfa(pdf: Pdf, page: Object) -> None:
    pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=pdf.make_stream(b"<xdp><script>act</script></xdp>"))


def in_picture(**keys: Any) -> Add:
    def add(pdf: Pdf, page: Object) -> None:
        about = {"Width": 1, "Height": 1, "BitsPerComponent": 8, "ColorSpace": Name.DeviceGray, **keys}
        page.Resources.XObject = Dictionary(I=pdf.make_stream(b"\0", Type=Name.XObject, Subtype=Name.Image, **about))
        pdf.pages[0].contents_add(b"q 9 0 0 9 0 0 cm /I Do Q")

    return add


def program(pdf: Pdf, page: Object) -> None:
    page.Resources.XObject = Dictionary(P=pdf.make_stream(b"showpage", Type=Name.XObject, Subtype=Name.PS))


INSIDE = Dictionary(Type=Name.Filespec, F=String("af.exe"), EF=Dictionary())
REMOTE = Dictionary(Type=Name.Filespec, FS=Name.URL, F=String("http://127.0.0.1:9/x"))
NEXT = {"S": Name.GoTo, "D": Array([0, Name.Fit]), "Next": Array([SCRIPT])}

# Name, what is added to a PDF, what of it can be found there, and the code under which it is reported.
CASES: list[tuple[str, Add, str, str]] = [
    ("script-on-opening", in_root("/OpenAction", SCRIPT), "/JavaScript", "actions-removed"),
    ("script-on-closing", in_root("/AA", Dictionary(WC=SCRIPT)), "/AA", "actions-removed"),
    ("script-on-a-page", lambda pdf, page: page.__setitem__("/AA", Dictionary(O=SCRIPT)), "/AA", "actions-removed"),
    ("script-by-name", named_script, "/JavaScript", "actions-removed"),
    ("script-on-a-link", link(S=Name.JavaScript, JS=String("act()")), "/JavaScript", "actions-removed"),
    ("script-after-a-jump", link(**NEXT), "/JavaScript", "actions-removed"),
    ("script-in-the-outline", in_outline(S=Name.JavaScript, JS=String("act()")), "/JavaScript", "actions-removed"),
    ("script-as-an-address", link(S=Name.URI, URI=String("javascript:act()")), "javascript:", "actions-removed"),
    ("file-as-an-address", link(S=Name.URI, URI=String("file:///etc/hostname")), "file:", "actions-removed"),
    ("launch", link(S=Name.Launch, F=String("x.exe")), "/Launch", "actions-removed"),
    ("launch-on-a-button", button(S=Name.Launch, F=String("x.exe")), "/Launch", "actions-removed"),
    ("import", button(S=Name.ImportData, F=String("x.fdf")), "/ImportData", "actions-removed"),
    ("submit", button(S=Name.SubmitForm, F=REMOTE), "/SubmitForm", "buttons-removed"),
    ("other-file", link(S=Name.GoToR, F=String("x.pdf"), D=Array([0, Name.Fit])), "/GoToR", "actions-removed"),
    ("other-file-on-opening", in_root("/OpenAction", Dictionary(S=Name.GoToR, F=REMOTE)), "/GoToR", "actions-removed"),
    ("other-file-in-the-outline", in_outline(S=Name.GoToR, F=String("x.pdf"), D=0), "/GoToR", "actions-removed"),
    ("file-within", link(S=Name.GoToE, F=String("x.pdf"), D=0), "/GoToE", "actions-removed"),
    ("film", playing(Name.RichMedia), "/RichMedia", "actions-removed"),
    ("old-film", playing(Name.Movie), "/Movie", "actions-removed"),
    ("attached", attached, "/EmbeddedFiles", "embedded-files"),
    ("attached-to-a-picture", in_picture(AF=Array([INSIDE])), "/AF", "embedded-files"),
    ("picture-elsewhere", in_picture(F=REMOTE), "127.0.0.1:9", "external-content"),
    ("program", program, "/PS", "actions-removed"),
    ("xfa", form_of_xfa, "/XFA", "xfa-form"),
]
NAMES = [name for name, *_ in CASES]


def words_of(path: Path) -> set[str]:
    """Return every key, name and text of every object in a PDF, read with a library that writes none of them."""
    reader = pypdf.PdfReader(path)
    found: set[str] = set()
    waiting: list[Any] = [reader.trailer]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, IndirectObject):
            if node.idnum not in seen:
                seen.add(node.idnum)
                waiting.append(node.get_object())
        elif isinstance(node, DictionaryObject):
            found |= set(node)
            waiting += [dict.__getitem__(node, key) for key in node]
        elif isinstance(node, ArrayObject):
            waiting += list.__iter__(node)
        else:
            found.add(str(node))
    return found


@pytest.fixture(scope="module")
def acting(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    folder = tmp_path_factory.mktemp("acting")
    (folder / "sources").mkdir()
    for name, add, trace, _ in CASES:
        path = folder / "sources" / f"{name}.pdf"
        good_pdf(path, name)
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            add(pdf, pdf.pages[0].obj)
            pdf.save()
        assert any(trace in word for word in words_of(path)), name
    return bind(folder, *(f"{name}.pdf" for name in NAMES))


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_what_would_act_is_reported_and_the_page_bound(acting: dossier.Binder, case: tuple[str, Add, str, str]) -> None:
    name, _, _, code = case
    id = f"1-{NAMES.index(name) + 1:02}"

    assert evidence_of(acting, id).status == "bound"
    assert is_bound(acting, id, [f"{name} p1"])
    [problem] = [p for p in acting.problems if p.evidence == id and p.code == code]
    assert f"{name}.pdf" in problem.message
    assert problem.fix


ACTING = {
    "/JS", "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/RichMedia", "/Movie", "/AA",
    "/OpenAction", "/AcroForm", "/XFA", "/EmbeddedFiles", "/EmbeddedFile", "/EF", "/AF", "/Filespec", "/Names", "/PS",
    "/RichMediaContent", "/Widget", "/FileAttachment", "/Rendition", "/PieceInfo", "/Ref", "/OPI",
}  # fmt: skip


def test_nothing_in_the_finished_book_acts_or_fetches(acting: dossier.Binder) -> None:
    [path] = acting.paths
    words = words_of(path)

    assert words & ACTING == set()
    assert [word for word in words if "127.0.0.1" in word or word.lower().startswith(("javascript:", "file:"))] == []


def test_files_inside_lie_beside_the_book_as_they_came(acting: dossier.Binder) -> None:
    proofs = [proof for item in acting.receipt.items for proof in item.evidence]
    kept = {source.path: source.original for proof in proofs for source in proof.sources}

    assert [name for name, original in kept.items() if original] == ["attached.pdf", "attached-to-a-picture.pdf"]
    for name in ("attached.pdf", "attached-to-a-picture.pdf"):
        assert (acting.folder / kept[name]).read_bytes() == (acting.folder.parent / "sources" / name).read_bytes()


# --- sizes ---------------------------------------------------------------------------------------------------------

ABSURD: list[tuple[str, bytes]] = [
    ("a point", b"[0 0 1 1]"),
    ("thinner than a point", b"[0 0 0.02 800]"),
    ("14,400 inches", b"[0 0 1036800 1036800]"),
    ("far wider than high", b"[0 0 100000 1]"),
    ("more than a float", b"[0 0 99999999999.5 9999999999999.5]"),
    ("enlarged beyond measure", b"[0 0 300 200]/UserUnit 100000"),
    ("nothing", b"[0 0 0 0]"),
    ("no number", b"[0 0 NaN NaN]"),
    ("infinite", b"[0 0 1e400 1e400]"),
    ("words", b"[/a /b /c /d]"),
    ("too short", b"[0 0 9]"),
    ("no list", b" 7"),
]
SENSIBLE: list[tuple[str, bytes]] = [
    ("backwards", b"[300 200 0 0]"),
    ("below nought", b"[0 0 -300 -200]"),
    ("far off", b"[99999999 99999999 100000299 100000199]"),
    ("shrunk below nought", b"[0 0 300 200]/UserUnit -1"),
]


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    folder = tmp_path_factory.mktemp("sizes")
    (folder / "sources").mkdir()
    for name, box in (*ABSURD, *SENSIBLE):
        sized(box)(folder / "sources" / f"{name}.pdf")
    return bind(folder, *(f"{name}.pdf" for name, _ in (*ABSURD, *SENSIBLE)))


@pytest.mark.parametrize("name", [name for name, _ in (*ABSURD, *SENSIBLE)])
def test_a_page_of_any_size_is_fitted_to_the_paper_and_an_absurd_one_reported(sizes: dossier.Binder, name: str) -> None:
    listed = [one for one, _ in (*ABSURD, *SENSIBLE)]
    id = f"1-{listed.index(name) + 1:02}"
    absurd = name in [one for one, _ in ABSURD]

    assert is_bound(sizes, id, ["page"])
    found = [problem.code for problem in problems_of(sizes, id, "warning")]
    assert ("odd-page-size" in found) is absurd
    reader = pypdf.PdfReader(sizes.paths[0])
    [page] = [page for page in sizes.receipt.pages if page.evidence == id and page.source]
    box = reader.pages[page.page - 1].mediabox
    assert sorted((round(box.width), round(box.height))) == [595, 842]
