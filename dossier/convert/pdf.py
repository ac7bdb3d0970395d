"""PDF → part: pages as seen, everything that acts removed, links and outline taken out as data.

Each page's content becomes one form XObject, placed by one matrix that holds its crop box, /Rotate and /UserUnit. That
keeps its graphics state to itself, whatever its operators leave behind, and clips it to what a reader showed. Image
data is copied byte for byte.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from threading import Lock
from urllib.parse import quote

import pikepdf
import pypdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Object, Pdf

from dossier import acting
from dossier.acting import Acting
from dossier.convert import damage, inert, layers
from dossier.convert.layers import Layers
from dossier.errors import ConversionError
from dossier.identity import Identities
from dossier.part import FORM, INK_CELL, Box, Ink, Link, Note, OutlineEntry, Part, PartPage

VERSION = f"8 qpdf {pikepdf.__libqpdf_version__} / pypdf {pypdf.__version__}"
"""Part of every cache key; pypdf digests what a page shows, which a binder is proved by."""

for _library in ("pikepdf", "pypdf"):  # what they log of damaged files is reported in notes
    logging.getLogger(_library).addHandler(logging.NullHandler())

_MOST_PAGES = 20_000
_MOST_LINKS = 5_000  # of one page
_MOST_BOOKMARKS = 20_000
_NO_SIZE = "/DsrNoSize"  # marks pages of no size until they are done
_MOST_CHAINED = 1_000  # actions that follow one
_MOST_CONTENT = 1 << 28  # bytes of one page's operators
_MOST_NAMED = 10
_LONGEST_NAME = 60
_DEEPEST = 50
_MOST_CELLS = 400  # of an ink mask, each way
_PAPER = 250  # grey values from here up to 255 are paper
_SCANNED_PAPER = 200  # where most of a page has one tone from here up, that is its paper, as a scanner saw it
_GRAIN = 12  # how far the paper of a scan strays from its tone
_A4 = (595.276, 841.89)
_HEADER_WITHIN = 1024
_PDFIUM = Lock()
_PICTURING = 0.1  # pixels a point: nobody looks at what is drawn while pictures are made
_IN_ADDRESSES = "%:/?#[]@!$&'()*+,;=-._~"
_SCHEMES = ("http://", "https://", "mailto:", "dossier:")
_ACTING = {
    "/JavaScript", "/Launch", "/ImportData", "/GoToR", "/GoToE", "/Rendition", "/RichMediaExecute", "/Movie", "/Sound",
    "/SetOCGState", "/Trans", "/GoTo3DView", "/Thread",
}  # fmt: skip
_ACTING_SCHEMES = ("javascript:", "file:")
_MARKS = {
    "/Text", "/FreeText", "/Line", "/Square", "/Circle", "/Polygon", "/PolyLine", "/Highlight", "/Underline",
    "/Squiggly", "/StrikeOut", "/Stamp", "/Caret", "/Ink", "/Redact", "/Watermark",
}  # fmt: skip
_BUTTONS = {"/SubmitForm", "/ResetForm", "/Hide", "/Named"}
_PLAYING = {"/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"}
_HIDDEN = 1 << 1  # flag of annotations (ISO 32000-1, 12.5.3)
_SEVERAL_LINES_OR_CELLS = 1 << 12 | 1 << 24  # flags of text fields (12.7.4.3)
_LEAST = 1.0  # points: each side of a page
_RESEND = "ask for the file again, or print it to PDF anew"

_CROPPED = Note(
    "cropped", "what is cropped off its pages is hidden, not removed: a search still finds it",
    "to be rid of it, print the part alone to a new PDF and bind that", "info",
)  # fmt: skip

Matrix = tuple[float, float, float, float, float, float]
Crop = tuple[float, float, float, float]
"""Left, top, right and bottom edge of a part of a page as seen, from 0 to 1."""
_BROKEN = (
    pikepdf.PdfError, pypdf.errors.PyPdfError, pypdfium2.PdfiumError, RuntimeError, ValueError, TypeError, KeyError,
    AttributeError, IndexError, RecursionError, OverflowError,
)  # fmt: skip


def normalise(source: Path, out: Path, *, password: str = "", crop: Crop | None = None) -> Part:
    """Write the part that becomes of the PDF ``source`` to ``out``; ``password`` opens it where it is encrypted.

    Of each page, ``crop`` is shown, as large as it is there. Raises ConversionError with the code ``encrypted-source``,
    ``damaged-source``, ``empty-source``, ``looping-source``, ``oversized-source`` or ``bad-crop``.
    """
    _check_crop(crop)
    pictured = _with_pictures(source, out.with_suffix(".pictured.pdf"), password)
    with _opened(pictured, password) as pdf:
        promised = _inherited(pdf.Root.get(Name.Pages), "/Count")  # before qpdf corrects it
        pages = _pages(pdf)
        if pictured != source:
            _take_pictures(pdf, pages)
        layered = layers.of(pdf)
        if layered is not None:
            layered.hide_annotations(_annotations(pages))
        notes = [*_notes(pdf, pages, promised, password), *damage.mend(pdf), *inert.clean(pdf)]
        frames = [_frame(page, crop) for page in pages]
        notes += _odd_sizes(pages, frames)
        finder = _Destinations(pdf, pages, frames)
        links = [_links(page, frame, finder) for page, frame in zip(pages, frames, strict=True)]
        outline = tuple(_outline(pdf, finder))
        _flatten(pdf, pages)
        content = pdf.make_stream(f"{FORM} Do".encode())
        for page, frame in zip(pages, frames, strict=True):
            _enclose(pdf, page, frame, content, layered)
            _disinherit(page)
        if layered is not None:
            layered.forget()
            notes += _hidden_layers(layered)
        if crop is not None:
            notes.append(_CROPPED)
        for key in list(pdf.Root.keys()):
            if key not in ("/Type", "/Pages"):
                del pdf.Root[key]
        for key in list(pdf.trailer.keys()):
            if key not in ("/Root", "/Size"):
                del pdf.trailer[key]
        pdf.trailer.Size = 1  # qpdf corrects it, but writes none where a mended file had none
        _save(pdf, out)
    with _refusing():
        found, digests = _read_back(out)
        if found:
            notes.append(_disarm(out, found))
            left, digests = _read_back(out)
            if left:
                what, fix = f"something in it could act: {left[0].what}", "print it to PDF anew, and bind that"
                raise ConversionError(what, fix=fix, code="hostile-source")
        inks = _inks(out)
    described = tuple(
        PartPage(round(frame.width, 3), round(frame.height, 3), ink, digest, own)
        for frame, ink, digest, own in zip(frames, inks, digests, links, strict=True)
    )
    return Part(out, described, outline, tuple(notes))


def _save(pdf: Pdf, out: Path) -> None:
    pdf.save(
        out,
        static_id=True,
        compress_streams=True,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        encryption=False,
    )


def _disarm(path: Path, found: Sequence[Acting]) -> Note:
    """Take out of a part what could act and hides where no reader looks for it: it would be found in the book."""
    with Pdf.open(path, allow_overwriting_input=True) as pdf:
        for one in sorted(found, key=lambda one: -len(one.path)):
            node: Object = pdf.get_object(one.number, 0)
            for step in one.path[:-1]:
                node = node[step]
            del node[one.path[-1]]
        _save(pdf, path)
    return Note(
        "actions-removed", f"{len(found)} scripts, actions or files that hid in its objects were removed from it",
        "nothing: none may act in a book",
    )  # fmt: skip


def _read_back(path: Path) -> tuple[list[Acting], list[str]]:
    """Return what could act in a part, and where nothing could, the digest of each page."""
    with path.open("rb") as file:
        reader = pypdf.PdfReader(file, strict=False)
        found = list(acting.find(reader, file))
        identities = Identities(reader)
        return found, [] if found else [identities.of(page) for page in reader.pages]


def _with_pictures(source: Path, out: Path, password: str) -> Path:
    """Return ``source``, or a copy of it to which pdfium has added the pictures of marks and fields that hold none.

    Viewers draw such marks and fields by rules of their own, and qpdf knows only the simplest of these.
    """
    with _opened(source, password) as pdf:
        lacking = any(True for _ in _lost_looks(pdf, _pages(pdf)))
        if not lacking or pdf.get_warnings():
            return source
    try:
        with _PDFIUM, pypdfium2.PdfDocument(source, password=password or None) as document:
            document.init_forms()
            for page in document:
                page.render(scale=_PICTURING, may_draw_forms=True)
                page.close()
            document.save(out, flags=pypdfium2.raw.FPDF_INCREMENTAL)
    except pypdfium2.PdfiumError:
        return source  # what is not shown is reported
    return out


def _take_pictures(pdf: Pdf, pages: Sequence[Object]) -> None:
    """Let pictures that pdfium has just made stand as they are."""
    form = pdf.Root.get(Name.AcroForm)
    if isinstance(form, Dictionary):
        form.NeedAppearances = False
    for annotation in _annotations(pages):
        if "/PDFIUM_HasGeneratedAP" in annotation:
            annotation.Rect = annotation.AP.N.BBox  # it draws by the mark's own points, wherever its rectangle is


def count_pages(source: Path, *, password: str = "") -> int:
    """Return how many pages a PDF has; raises ConversionError like :func:`normalise`."""
    with _opened(source, password) as pdf:
        return len(_pages(pdf))


# --- opening -------------------------------------------------------------------------------------------------------


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise _broken("it is damaged", error) from error


@contextmanager
def _opened(source: Path, password: str = "") -> Iterator[Pdf]:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "A password was provided")  # one that needs none is no worse
            # Page attributes are inherited here, for qpdf would do it before a loop in the page tree is noticed.
            pdf = Pdf.open(source, password=password, suppress_warnings=True, inherit_page_attributes=False)
    except pikepdf.PasswordError:
        what = "the password given for it is wrong" if password else "it is encrypted and needs a password"
        raise ConversionError(
            what, fix="give it under `password`, or ask for a copy without one", code="encrypted-source"
        ) from None
    except _BROKEN as error:
        raise _broken("it is not a readable PDF", error) from error
    with _refusing(), pdf:
        yield pdf


def _broken(what: str, error: Exception) -> ConversionError:
    if "bad_alloc" in str(error):  # what qpdf makes of want of memory
        fix = "split it, or print it to PDF anew, and name what comes out"
        return ConversionError("it takes more memory than any source may", fix=fix, code="oversized-source")
    return ConversionError(f"{what}: {_first_line(error)}", fix=_RESEND, code="damaged-source")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rpartition(": ")[2]


def _pages(pdf: Pdf) -> list[Object]:
    """Return the page objects, found by a walk of our own that notices loops."""
    root = pdf.Root.get(Name.Pages)
    if not isinstance(root, Dictionary):
        raise ConversionError("it has no page tree", fix=_RESEND, code="damaged-source")
    seen: set[tuple[int, int]] = set()
    stack: list[Object] = [root]
    leaves = 0
    while stack:
        node = stack.pop()
        if not isinstance(node, Dictionary):
            continue
        kids = node.get(Name.Kids)
        if kids is None:
            leaves += 1
            if _box(_inherited(node, "/MediaBox")) is None:
                node[_NO_SIZE], node.MediaBox = True, Array([0, 0, *_A4])  # qpdf would take it for American paper
        elif node.objgen != (0, 0):
            if node.objgen in seen:
                raise ConversionError("its page tree loops", fix=_RESEND, code="looping-source")
            seen.add(node.objgen)
        if leaves > _MOST_PAGES or len(seen) > _MOST_PAGES:
            raise ConversionError(
                f"it has more than {_MOST_PAGES} pages", fix="split it into several files", code="oversized-source"
            )
        if isinstance(kids, Array):
            stack.extend(kids.as_list())
    pages: list[Object] = [page.obj for page in pdf.pages]
    if not pages:
        raise ConversionError("it has no pages", fix="ask for the file again", code="empty-source")
    return pages


# --- what is worth reporting ---------------------------------------------------------------------------------------


def _notes(pdf: Pdf, pages: Sequence[Object], promised: object, password: str) -> Iterator[Note]:
    if pdf.is_encrypted:
        how = "with the password given" if password else "without a password"
        yield Note("was-encrypted", f"it was encrypted and opened {how}", "nothing, if you may bind it")
    lost = isinstance(promised, int) and promised > len(pages)
    if lost or any("reconstruct" in str(warning) for warning in pdf.get_warnings()):
        yield Note(
            "repaired", "it is damaged; what could be read of it is bound", "compare its pages, or ask for it again"
        )
    form = pdf.Root.get(Name.AcroForm)
    if isinstance(form, Dictionary):
        if Name.XFA in form:
            yield Note(
                "xfa-form", "it holds an XFA form; its plain pages are bound", "print it to PDF if they look empty"
            )
        if _signed(form):
            yield Note(
                "signature-lost", "it is digitally signed; the signature cannot survive binding",
                "keep the original beside the book",
            )  # fmt: skip
    names = _attachments(pdf, pages)
    if names:
        yield Note(
            "embedded-files", f"it carries files that are not bound: {', '.join(names[:10])}",
            "name those that are evidence in the manifest",
        )  # fmt: skip
    count = _count_actions(pdf, pages)
    if count:
        yield Note(
            "actions-removed", f"{count} scripts or actions were removed from it", "nothing: none may act in a book"
        )
    buttons = _count_buttons(pages)
    if buttons:
        yield Note(
            "buttons-removed", f"{buttons} of its form's buttons do nothing any more",
            "nothing: none may act in a book", "info",
        )  # fmt: skip
    yield from _lost_looks(pdf, pages)


def _signed(form: Dictionary) -> bool:
    return any(node.get(Name.FT) == Name.Sig and Name.V in node for node in _fields(form))


def _fields(form: Dictionary) -> Iterator[Dictionary]:
    """Walk over the fields of a form, those too that are nowhere on a page."""
    waiting: list[tuple[Object, int]] = [(field, 0) for field in _elements(form.get(Name.Fields))]
    for _ in range(_MOST_BOOKMARKS):
        if not waiting:
            return
        node, depth = waiting.pop()
        if isinstance(node, Dictionary):
            yield node
            if depth < _DEEPEST:
                waiting += [(kid, depth + 1) for kid in _elements(node.get(Name.Kids))]


def _elements(value: object) -> list[Object]:
    return list(value.as_list()) if isinstance(value, Array) else []


def _attachments(pdf: Pdf, pages: Sequence[Object]) -> list[str]:
    """Return the names of the files in a PDF: of those listed, those on pages and those that belong to something."""
    names = list(pdf.attachments.keys())
    specs: list[object] = []
    for annotation in _annotations(pages):
        if annotation.get(Name.Subtype) == Name.FileAttachment:
            specs.append(annotation.get(Name.FS))
        specs += _elements(annotation.get(Name.AF))
    for node in (pdf.Root, *pages):
        specs += _elements(node.get(Name.AF))
    for spec in specs:
        names.append(str(spec.get(Name.UF, spec.get(Name.F, "?"))) if isinstance(spec, Dictionary) else "?")
    return list(dict.fromkeys(names))


def _annotations(pages: Sequence[Object]) -> Iterator[Dictionary]:
    for page in pages:
        for annotation in _elements(page.get(Name.Annots)):
            if isinstance(annotation, Dictionary):
                yield annotation


def _count_actions(pdf: Pdf, pages: Sequence[Object]) -> int:
    count = _acts(pdf.Root.get(Name.OpenAction)) + sum(Name.AA in node for node in (pdf.Root, *pages))
    count += sum(_acts(node.get(Name.A)) for _, node in _bookmarks(pdf))
    names = pdf.Root.get(Name.Names)
    if isinstance(names, Dictionary) and Name.JavaScript in names:
        count += 1
    for annotation in _annotations(pages):
        count += _acts(annotation.get(Name.A)) - _is_button(annotation) + (Name.AA in annotation)
        count += str(annotation.get(Name.Subtype)) in _PLAYING
    form = pdf.Root.get(Name.AcroForm)
    if isinstance(form, Dictionary):  # fields that are annotations too were counted as such
        count += sum(Name.AA in field for field in _fields(form) if Name.Subtype not in field)
    return count


def _count_buttons(pages: Sequence[Object]) -> int:
    """Count what a form's own buttons do, which is no news: a form in a book is only looked at."""
    return sum(_is_button(annotation) for annotation in _annotations(pages))


def _is_button(annotation: Dictionary) -> bool:
    action = annotation.get(Name.A)
    return isinstance(action, Dictionary) and str(action.get(Name.S)) in _BUTTONS


def _acts(action: object) -> int:
    """Count what an action does, and those that follow it, besides leading somewhere in its own file or on the web."""
    count, waiting = 0, [action]
    for _ in range(_MOST_CHAINED):
        if not waiting:
            break
        node = waiting.pop()
        waiting += _elements(node)
        if isinstance(node, Dictionary):
            address = str(node.get(Name.URI, "")).lower()
            count += str(node.get(Name.S)) in _ACTING | _BUTTONS or address.startswith(_ACTING_SCHEMES)
            waiting.append(node.get(Name.Next))
    return count


def _lost_looks(pdf: Pdf, pages: Sequence[Object]) -> Iterator[Note]:
    """Report what viewers draw by rules of their own: here it is shown as it was saved, or not at all."""
    bare = sum(str(mark.get(Name.Subtype)) in _MARKS and not _pictured(mark) for mark in _annotations(pages))
    stale = 0
    for text, filled, drawn in _text_fields(pdf, pages):
        bare += filled and not drawn and not _pictured(text)
        stale += filled and not drawn and _pictured(text) and _asks_for_pictures(pdf)
    if bare:
        yield Note(
            "unshown-annotations", f"{bare} of its annotations or filled fields hold no picture and are not shown",
            "print it to PDF from a viewer that shows them",
        )  # fmt: skip
    if stale:
        yield Note(
            "fields-as-saved", f"{stale} of its filled fields are shown as last drawn, perhaps before they were filled",
            "compare its pages, or print it to PDF from a viewer",
        )  # fmt: skip


def _hidden_layers(layered: Layers) -> Iterator[Note]:
    names = [name[:_LONGEST_NAME] for name in layered.hiding]
    if names:
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        yield Note(
            "hidden-layers", f"what its hidden layers hold is left out: {', '.join(names[:_MOST_NAMED])}{more}",
            "to bind a layer, show it in an editor and save the file so", "info",
        )  # fmt: skip


# --- pages as seen -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Frame:
    """How a page is seen: its size in points, its own box, and the matrix from its own space to the page as seen."""

    width: float
    height: float
    box: tuple[float, float, float, float]
    matrix: Matrix

    def point(self, x: float, y: float) -> tuple[float, float]:
        a, b, c, d, e, f = self.matrix
        return a * x + c * y + e, b * x + d * y + f

    def part(self, crop: Crop) -> _Frame:
        """Return the frame of a part of the page as seen."""
        left, bottom = crop[0] * self.width, (1 - crop[3]) * self.height
        width = max((crop[2] - crop[0]) * self.width, min(_LEAST, self.width))
        height = max((crop[3] - crop[1]) * self.height, min(_LEAST, self.height))
        a, b, c, d, e, f = self.matrix
        determinant = a * d - b * c
        corners = [
            ((d * (x - e) - c * (y - f)) / determinant, (a * (y - f) - b * (x - e)) / determinant)
            for x, y in ((left, bottom), (left + width, bottom + height))
        ]
        across, up = (sorted(values) for values in zip(*corners, strict=True))
        box = across[0], up[0], across[1], up[1]
        return _Frame(width, height, box, (a, b, c, d, e - left, f - bottom))


def _odd_sizes(pages: Sequence[Object], frames: Sequence[_Frame]) -> Iterator[Note]:
    """Report pages of no size, and of sizes that no reader need show: over 14,400 units (ISO 32000-1, annex C).

    A poster has larger units (``UserUnit``), up to a size that nobody prints.
    """
    without = [number for number, page in enumerate(pages, start=1) if _NO_SIZE in page]
    absurd = [number for number, frame in enumerate(frames, start=1) if _is_absurd(frame)]
    for numbers, what in ((without, "no size that makes sense, and are taken for A4"), (absurd, "an absurd size")):
        if numbers:
            listed = ", ".join(map(str, numbers[:_MOST_NAMED])) + (" …" if len(numbers) > _MOST_NAMED else "")
            yield Note("odd-page-size", f"pages of it have {what}: {listed}", "look at them, or ask for the file again")


def _is_absurd(frame: _Frame) -> bool:
    units = max(frame.box[2] - frame.box[0], frame.box[3] - frame.box[1])
    return min(frame.width, frame.height) < 3 or units > 14_400 or max(frame.width, frame.height) > 1_440_000


def _check_crop(crop: Crop | None) -> None:
    if crop is not None and not (0 <= crop[0] < crop[2] <= 1 and 0 <= crop[1] < crop[3] <= 1):
        raise ConversionError(
            f"a crop of {', '.join(f'{edge:g}' for edge in crop)} is no part of a page",
            fix="give its left, top, right and bottom edge, each from 0 (the left or upper edge of the page) to 1",
            code="bad-crop",
        )


def _frame(page: Object, crop: Crop | None = None) -> _Frame:
    media = _box(_inherited(page, "/MediaBox")) or (0.0, 0.0, *_A4)
    visible = _box(_inherited(page, "/CropBox"))
    box = (_meet(media, visible) if visible else None) or media
    x0, y0, x1, y1 = box
    given = page.get(Name.UserUnit)
    unit = float(given) if isinstance(given, int | Decimal) and 0 < given <= 100_000 else 1.0
    rotate = _inherited(page, "/Rotate")
    turn = int(rotate) % 360 // 90 * 90 if isinstance(rotate, int | Decimal) else 0
    plain: Matrix = {
        0: (1.0, 0.0, 0.0, 1.0, -x0, -y0),
        90: (0.0, -1.0, 1.0, 0.0, -y0, x1),
        180: (-1.0, 0.0, 0.0, -1.0, x1, y1),
        270: (0.0, 1.0, -1.0, 0.0, y1, -x0),
    }[turn]
    a, b, c, d, e, f = (value * unit for value in plain)
    width, height = (x1 - x0) * unit, (y1 - y0) * unit
    if turn in (90, 270):
        width, height = height, width
    whole = _Frame(width, height, box, (a, b, c, d, e, f))
    return whole if crop is None else whole.part(crop)


def _inherited(page: object, key: str) -> object:
    node = page
    for _ in range(_DEEPEST):
        if not isinstance(node, Dictionary):
            return None
        if key in node:
            return node[key]
        node = node.get(Name.Parent)
    return None


def _box(value: object) -> tuple[float, float, float, float] | None:
    if not isinstance(value, Array) or len(value) != 4:
        return None
    try:
        x0, y0, x1, y1 = (float(number) for number in value.as_list())
    except (TypeError, ValueError):
        return None
    box = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
    return box if box[2] - box[0] > 0.01 and box[3] - box[1] > 0.01 else None


def _meet(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> tuple[float, float, float, float] | None:
    box = max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])
    return box if box[2] - box[0] > 0.01 and box[3] - box[1] > 0.01 else None


def _flatten(pdf: Pdf, pages: Sequence[Object]) -> None:
    """Make pictures of fields and annotations part of their pages, drawing those that filled text fields lack."""
    form = pdf.Root.get(Name.AcroForm)
    if isinstance(form, Dictionary):
        kept = [(text, text.get(Name.AP)) for text, _, drawn in _text_fields(pdf, pages) if not drawn]
        for text, picture in kept:
            if picture is not None:
                del text[Name.AP]  # else qpdf writes into it
        form.NeedAppearances = True
        pdf.generate_appearance_streams()
        for text, picture in kept:
            text.AP = picture if picture is not None else Dictionary()
    pdf.flatten_annotations("all")


def _text_fields(pdf: Pdf, pages: Sequence[Object]) -> Iterator[tuple[Dictionary, bool, bool]]:
    """Yield text fields, whether they are filled, and whether qpdf shall draw them: it knows one line of ASCII only."""
    anew = _asks_for_pictures(pdf)
    for text in _annotations(pages):
        if text.get(Name.Subtype) != Name.Widget or _inherited(text, "/FT") not in (Name.Tx, Name.Ch):
            continue
        value, flags = _inherited(text, "/V"), _inherited(text, "/Ff")
        filled = isinstance(value, Array | pikepdf.Stream) or bool(isinstance(value, pikepdf.String) and str(value))
        known = isinstance(value, pikepdf.String) and str(value).isascii()
        simple = known and not (isinstance(flags, int) and flags & _SEVERAL_LINES_OR_CELLS)
        yield text, filled, simple and (anew or not _pictured(text)) if filled else anew


def _asks_for_pictures(pdf: Pdf) -> bool:
    form = pdf.Root.get(Name.AcroForm)
    return isinstance(form, Dictionary) and bool(form.get(Name.NeedAppearances, False))


def _pictured(annotation: Dictionary) -> bool:
    """Say whether an annotation holds a picture of its own, or is hidden and needs none."""
    pictures = annotation.get(Name.AP)
    return _is_hidden(annotation) or (
        isinstance(pictures, Dictionary) and isinstance(pictures.get(Name.N), pikepdf.Stream | Dictionary)
    )


def _is_hidden(annotation: Dictionary) -> bool:
    flags = annotation.get(Name.F)
    return isinstance(flags, int) and bool(flags & _HIDDEN)


def _enclose(pdf: Pdf, page: Object, frame: _Frame, content: Object, layered: Layers | None) -> None:
    found = _inherited(page, "/Resources")
    resources = found if isinstance(found, Dictionary) else Dictionary()
    operators = _content(page)
    form = pdf.make_stream(
        operators if layered is None else layered.visible(pdf, operators, resources),
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array([round(value, 4) for value in frame.box]),
        Matrix=Array([round(value, 6) for value in frame.matrix]),
        Resources=resources,
    )
    if Name.Group in page:
        form.Group = page.Group
    for key in list(page.keys()):
        if key not in ("/Type", "/Parent"):
            del page[key]
    page.MediaBox = Array([0, 0, round(frame.width, 3), round(frame.height, 3)])
    page.Resources = Dictionary(XObject=Dictionary({FORM: form}))
    page.Contents = content
    if Name.Group in form:
        page.Group = form.Group


def _content(page: Object) -> bytes:
    """Return a page's operators; its streams are joined, for one may end within what the next goes on with."""
    contents = page.get(Name.Contents)
    streams = contents.as_list() if isinstance(contents, Array) else [contents]
    pieces: list[bytes] = []
    size = 0
    for stream in streams:
        if isinstance(stream, pikepdf.Stream):
            pieces.append(stream.read_bytes())
            size += len(pieces[-1])
            if size > _MOST_CONTENT:
                raise ConversionError("a page's content is too large", fix=_RESEND, code="oversized-source")
    return b"\n".join(pieces)


def _disinherit(page: Object) -> None:
    """Remove what page tree nodes would hand down to a page that no longer has it of its own."""
    node = page.get(Name.Parent)
    for _ in range(_DEEPEST):
        if not isinstance(node, Dictionary):
            return
        for key in ("/Rotate", "/MediaBox", "/CropBox", "/Resources"):
            if key in node:
                del node[key]
        node = node.get(Name.Parent)


# --- links and outline ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Destinations:
    """Finds the pages (from 1) that destinations name, and the height there in points as seen."""

    pdf: Pdf
    pages: Sequence[Object]
    frames: Sequence[_Frame]
    numbers: dict[tuple[int, int], int] = field(init=False)
    named: Mapping[str, Object] = field(init=False)

    def __post_init__(self) -> None:
        self.numbers = {page.objgen: index for index, page in enumerate(self.pages, start=1)}
        self.named = _named_destinations(self.pdf)

    def find(self, node: Dictionary) -> tuple[int, float | None] | None:
        """Return page and height that an annotation or outline entry leads to within the same file."""
        target = node.get(Name.Dest)
        action = node.get(Name.A)
        if target is None and isinstance(action, Dictionary) and action.get(Name.S) == Name.GoTo:
            target = action.get(Name.D)
        return self._resolve(target)

    def _resolve(self, target: object) -> tuple[int, float | None] | None:
        if isinstance(target, Name | pikepdf.String):
            target = self.named.get(str(target).removeprefix("/"))
        if isinstance(target, Dictionary):
            target = target.get(Name.D)
        if not isinstance(target, Array) or len(target) == 0:
            return None
        values = list(target.as_list())
        page = self._page(values[0])
        if page is None:
            return None
        return page, self._top(values, self.frames[page - 1])

    def _page(self, value: object) -> int | None:
        if isinstance(value, Dictionary):
            return self.numbers.get(value.objgen)
        if isinstance(value, int) and 0 <= value < len(self.pages):
            return value + 1
        return None

    @staticmethod
    def _top(values: Sequence[object], frame: _Frame) -> float | None:
        kind = str(values[1]) if len(values) > 1 else ""
        place = {"/XYZ": (2, 3), "/FitH": (None, 2), "/FitBH": (None, 2), "/FitR": (2, 5)}.get(kind)
        if place is None:
            return None
        across, up = (None if i is None or i >= len(values) else values[i] for i in place)
        try:
            left = frame.box[0] if across is None else float(across)  # type: ignore[arg-type]
            top = None if up is None else float(up)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return None
        if top is None:
            return None
        height = frame.point(left, top)[1]
        return round(min(max(height, 0.0), frame.height), 2)


def _named_destinations(pdf: Pdf) -> dict[str, Object]:
    found: dict[str, Object] = {}
    old = pdf.Root.get(Name.Dests)
    if isinstance(old, Dictionary):
        found |= {str(key).removeprefix("/"): old[key] for key in old.keys()}  # noqa: SIM118 - not a dict
    names = pdf.Root.get(Name.Names)
    tree = names.get(Name.Dests) if isinstance(names, Dictionary) else None
    if isinstance(tree, Dictionary):
        with _ignoring_a_broken_tree():
            found |= {str(key): value for key, value in pikepdf.NameTree(tree).items()}
    return found


@contextmanager
def _ignoring_a_broken_tree() -> Iterator[None]:
    """Links through names that cannot be read lead nowhere in the source too."""
    try:
        yield
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError):
        return


def _links(page: Object, frame: _Frame, finder: _Destinations) -> tuple[Link, ...]:
    links: list[Link] = []
    for annotation in _annotations([page]):
        if annotation.get(Name.Subtype) != Name.Link or len(links) >= _MOST_LINKS or _is_hidden(annotation):
            continue
        area = _box(annotation.get(Name.Rect))
        if area is None:
            continue
        x0, y0 = frame.point(area[0], area[1])
        x1, y1 = frame.point(area[2], area[3])
        seen = _meet((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), (0.0, 0.0, frame.width, frame.height))
        if seen is None:
            continue
        box = Box(*(round(value, 2) for value in seen))
        action = annotation.get(Name.A)
        if isinstance(action, Dictionary) and action.get(Name.S) == Name.URI:
            # An address is bytes; what is not ASCII in it is meant to be percent-encoded (RFC 3986).
            uri = quote(bytes(action.get(Name.URI, pikepdf.String(""))), safe=_IN_ADDRESSES)
            if uri.lower().startswith(_SCHEMES):
                links.append(Link(box, uri=uri))
            continue
        found = finder.find(annotation)
        if found is not None:
            links.append(Link(box, page=found[0], top=found[1]))
    return tuple(_merged(links))


def _merged(links: Sequence[Link]) -> list[Link]:
    """Join areas of one line that lead to the same place: engines write one for each glyph or run."""
    merged: list[Link] = []
    for link in links:
        last = merged[-1] if merged else None
        if last is not None and (last.uri, last.page, last.top) == (link.uri, link.page, link.top):
            level = min(last.box.top, link.box.top) - max(last.box.bottom, link.box.bottom)
            low = min(last.box.height, link.box.height)
            near = -low <= link.box.left - last.box.right <= low
            if level > low / 2 and near:
                joined = Box(
                    min(last.box.left, link.box.left), min(last.box.bottom, link.box.bottom),
                    max(last.box.right, link.box.right), max(last.box.top, link.box.top),
                )  # fmt: skip
                merged[-1] = Link(joined, link.uri, link.page, link.top)
                continue
        merged.append(link)
    return merged


def _outline(pdf: Pdf, finder: _Destinations) -> Iterator[OutlineEntry]:
    for level, node in _bookmarks(pdf):
        found = finder.find(node)
        if found is not None:
            yield OutlineEntry(" ".join(str(node.get(Name.Title, "")).split()), found[0], level, found[1])


def _bookmarks(pdf: Pdf) -> Iterator[tuple[int, Dictionary]]:
    root = pdf.Root.get(Name.Outlines)
    if not isinstance(root, Dictionary):
        return
    seen: set[tuple[int, int]] = set()
    stack: list[tuple[int, object]] = [(1, root.get(Name.First))]
    while stack and len(seen) < _MOST_BOOKMARKS:
        level, node = stack.pop()
        if not isinstance(node, Dictionary) or node.objgen in seen or level > _DEEPEST:
            continue
        seen.add(node.objgen)
        yield level, node
        stack.append((level, node.get(Name.Next)))
        stack.append((level + 1, node.get(Name.First)))


# --- ink and identity ----------------------------------------------------------------------------------------------


def _inks(path: Path) -> list[Ink]:
    inks: list[Ink] = []
    # pdfium is not safe to use from several threads, which an executor may be made of.
    with _PDFIUM, pypdfium2.PdfDocument(path) as document:
        for page in document:
            width, height = page.get_size()
            scale = min(1 / INK_CELL, _MOST_CELLS / width, _MOST_CELLS / height)
            bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
            image = bitmap.to_pil()
            columns, count = image.size
            # Eight pixels a byte, the leftmost in its lowest bit, as the cells of an Ink are.
            flags = image.point(_inked(image.histogram()), "1").tobytes("raw", "1;R")
            size = (columns + 7) // 8
            # The first row is the lowest: the other way round than pixels are stored.
            rows = (flags[start : start + size] for start in range((count - 1) * size, -1, -size))
            inks.append(Ink(columns, tuple(int.from_bytes(row, "little") for row in rows)))
            page.close()
    return inks


@cache
def _inked_below(limit: int) -> tuple[int, ...]:
    return tuple(255 if grey < limit else 0 for grey in range(256))


def _inked(counts: Sequence[int]) -> tuple[int, ...]:
    """Return a table from grey to 255 for ink and 0 for paper, for a page of which ``counts`` is the histogram."""
    tone = max(range(_SCANNED_PAPER, 256), key=counts.__getitem__)
    near = sum(counts[tone - _GRAIN : tone + _GRAIN + 1])
    return _inked_below(min(_PAPER, tone - _GRAIN) if near > sum(counts) / 2 else _PAPER)
