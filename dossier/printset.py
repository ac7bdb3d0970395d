"""The print set: every volume once more, for a printer: sheet by sheet, front and back, without anything to click.

Each page is as large as its paper and lies as it is bound: pages that are read sideways are turned, so that the binding
edge is at the left of every front and at the right of every back. The pages, their order and their labels are the
binder's own; a volume that ends on a front gets an empty back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name

from dossier import bind, foldout, placement
from dossier.assembly import Assembly, Origin
from dossier.bind import Leaf
from dossier.errors import OutputError, Problem, UsageError
from dossier.foldout import FoldOut
from dossier.manifest import Manifest
from dossier.numbering import Slot
from dossier.part import Ink, PartPage
from dossier.placement import MM, Paper
from dossier.stamp import Stamp
from dossier.template_sets import TemplateSet

FOLDER: Final = "print"
TICKET: Final = "ticket"
"""The template of the job ticket."""
_MARK, _FROM_EDGE = 3 * MM, 6 * MM  # a mark's side, and how far in it stands: printers leave out the outermost 4 mm
_A3 = (420 * MM, 297 * MM)
_SAME = 1.0  # points: 595 x 842 is A4 too


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of paper: the leaves on its front and back, as they are printed; ``wide`` where it folds out.

    ``place`` counts from 1 in its ``volume``. Its pages in the volume's file are 2 * place - 1 and 2 * place.
    """

    volume: int
    place: int
    front: Leaf
    back: Leaf
    wide: bool = False

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What is on it, empty sides left out."""
        return tuple(leaf.slot for leaf in (self.front, self.back) if leaf.slot.kind != "blank")

    @property
    def divides(self) -> bool:
        """Whether it carries a divider and nothing else, and is of the usual size: it can be of another paper."""
        return not self.wide and self._kinds == {"divider"}

    @property
    def shares(self) -> bool:
        """Whether it carries a divider and something else, so that it cannot be of another paper."""
        return "divider" in self._kinds and self._kinds != {"divider"}

    @property
    def _kinds(self) -> set[str]:
        return {slot.kind for slot in self.slots}


@dataclass(frozen=True, slots=True)
class Job:
    """All that is to be printed: the sheets of each volume, and the files they are written to, under :data:`FOLDER`."""

    paper: Paper
    volumes: tuple[tuple[Sheet, ...], ...]
    files: tuple[str, ...]

    @property
    def sizes(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """Width and height of every page of each file, in points."""
        usual, wide = (self.paper.width, self.paper.height), (self.fold.width, self.fold.height)
        return tuple(
            tuple(wide if sheet.wide else usual for sheet in sheets for _ in (sheet.front, sheet.back))
            for sheets in self.volumes
        )

    @property
    def fold(self) -> FoldOut:
        """The sheet that folds out."""
        return FoldOut(self.paper)


def check(manifest: Manifest, found: TemplateSet) -> None:
    """Raise UsageError where A3 sheets cannot be folded into a book of this size, TemplateError without a ticket."""
    found.path(TICKET)
    page = manifest.page
    if manifest.print.a3 == "fold-out":
        wide = (2 * page.width, page.height)
        if any(abs(a - b) > _SAME for a, b in zip(wide, _A3, strict=True)):
            fix = "write `page: {size: A4}`, or `print: {a3: reduced}`"
            raise UsageError(f"{manifest.path}: an A3 sheet cannot be folded to {page.size}", fix=fix)


def refusal(manifest: Manifest) -> Problem:
    """Report that a draft has no print set: its numbers still move, and what is missing would be printed as missing."""
    fix = "supply what is missing, then build with --print again; to read the draft on paper, print its PDF"
    return Problem("no-print-set", "the book is a draft: no print set was made", fix, "warning", str(manifest.path))


def plan(assembly: Assembly, manifest: Manifest, paper: Paper, files: Sequence[str], blank: Path) -> Job:
    """Lay the pages of a book out on sheets of paper; ``files`` are its volumes' names, ``blank`` an empty page's."""
    fold = FoldOut(paper) if manifest.print.a3 == "fold-out" else None
    pages = list(zip(assembly.leaves, assembly.origins, strict=True))
    volumes: list[tuple[Sheet, ...]] = []
    for volume in range(1, len(files) + 1):
        own = [(leaf, origin) for leaf, origin in pages if leaf.slot.volume == volume]
        sheets: list[Sheet] = []
        for place, (front, back) in enumerate(zip_longest(own[::2], own[1::2]), start=1):
            empty = Leaf(Slot(volume, 2 * place, "", "", "blank"), blank, 1, placement.blank(paper)), None
            sides = [front, back or empty]
            wide = fold is not None and any(origin and fold.wants(origin.page) for _, origin in sides)
            first, second = (
                _unfolded(leaf, origin, assembly.stamp, fold) if wide and fold else replace(leaf, areas=())
                for leaf, origin in sides
            )
            sheets.append(Sheet(volume, place, first, second, wide))
        volumes.append(tuple(sheets))
    names = tuple(f"{FOLDER}/{Path(file).stem}-print.pdf" for file in files)
    return Job(paper, tuple(volumes), names)


def _unfolded(leaf: Leaf, origin: Origin | None, ink: Stamp, fold: FoldOut) -> Leaf:
    """Return a page as it lies on one side of a sheet that folds out."""
    odd = leaf.slot.page % 2 == 1
    width = ink.face.width(leaf.slot.label, ink.size) if leaf.slot.label else 0.0
    upright = PartPage(fold.paper.width, fold.paper.height, Ink(1, (0,)), "")
    usual = placement.place(upright, fold.paper, odd=odd, label_width=width)
    placed = fold.place(
        origin.page if origin else None,
        leaf.placement,
        odd=odd,
        label=(usual.label_x, usual.label_y, width),
        turn=origin.rotate if origin else 0,
    )
    return replace(leaf, placement=placed, areas=(), marks=foldout.moved(leaf.marks, leaf.placement, placed))


def write(job: Job, assembly: Assembly, manifest: Manifest, folder: Path) -> None:
    """Write the files of a job into ``folder``. Raises OutputError where the disk is full or qpdf cannot write."""
    for sheets, name in zip(job.volumes, job.files, strict=True):
        out = folder / name
        aside = out.with_suffix(".part")
        leaves = [leaf for sheet in sheets for leaf in (sheet.front, sheet.back)]
        identity = "\n".join([manifest.sha256, name, *(leaf.slot.label for leaf in leaves)])
        description = bind.Description(manifest.title, manifest.organisation, manifest.language, identity)
        bind.bind(leaves, [], assembly.stamp, description, aside)
        try:
            with pikepdf.open(aside) as pdf:
                _lay_down(pdf, sheets, marked=manifest.print.divider_mark)
                pdf.save(
                    out,
                    min_version="1.7",
                    static_id=True,
                    stream_decode_level=pikepdf.StreamDecodeLevel.none,
                    object_stream_mode=pikepdf.ObjectStreamMode.generate,
                )
            aside.unlink()
        except (OSError, RuntimeError, pikepdf.PdfError) as error:
            raise OutputError(f"cannot write {out}: {error}", fix="free some disk space") from error


def _lay_down(pdf: pikepdf.Pdf, sheets: Sequence[Sheet], *, marked: bool) -> None:
    """Turn the pages that are read sideways as they are bound, and say how all of it is to be printed."""
    for sheet in sheets:
        for side in (0, 1):
            page = pdf.pages[2 * (sheet.place - 1) + side].obj
            width, height = (float(value) for value in list(page.MediaBox)[2:])
            if width > height and not sheet.wide:
                # A quarter to the left: the head comes to the left edge of the upright sheet.
                around = pdf.make_stream(b"q 0 1 -1 0 %.3f 0 cm\n" % height), pdf.make_stream(b"\nQ")
                page.Contents = Array([around[0], page.Contents, around[1]])
                page.MediaBox = Array([0, 0, round(height, 3), round(width, 3)])
        if marked and sheet.divides:
            page = pdf.pages[2 * (sheet.place - 1)].obj
            width, height = (float(value) for value in list(page.MediaBox)[2:])
            corner = width - _FROM_EDGE - _MARK, height - _FROM_EDGE - _MARK, _MARK, _MARK
            mark = pdf.make_stream(b"\nq 0.4 g %.2f %.2f %.2f %.2f re f Q" % corner)
            contents = page.Contents if isinstance(page.Contents, Array) else [page.Contents]
            page.Contents = Array([*contents, mark])
    if Name.Outlines in pdf.Root:
        del pdf.Root.Outlines
    pdf.Root.ViewerPreferences = Dictionary(
        DisplayDocTitle=True, PrintScaling=Name("/None"), Duplex=Name.DuplexFlipLongEdge, PickTrayByPDFSize=True
    )
