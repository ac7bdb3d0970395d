"""What to reprint, for people: the steps in words, the sheets as a PDF for the printer, and both on a Word sheet.

In the PDF every sheet is two pages, front and back, in the order in which they are put in; a sheet without a back gets
an empty one.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final, Literal

import pikepdf
from pikepdf import Dictionary, Name, Pdf

from dossier import manifest, template_sets, templates
from dossier.comparison import Change, Comparison
from dossier.context import as_built, dossier_of
from dossier.errors import DossierError, OutputError, UsageError
from dossier.files import Files
from dossier.manifest import Manifest
from dossier.receipt import Page, Receipt
from dossier.sheets import Sheet, Step, runs
from dossier.template_sets import TemplateSet
from dossier.views import DossierView, LetterContext, ReprintChange, ReprintStep, ReprintView

TEMPLATE: Final = "reprint"
_USUAL_SET = "official"
_MOST_NAMED = 3  # pieces of evidence on the sheets of one step; of more, the first and the last are named
_Action = Literal["replace", "insert", "remove"]


def write_pdf(comparison: Comparison, out: Path) -> bool:
    """Write the sheets to print, front and back each; where there are none, return False and write nothing.

    Raises UsageError where the new book does not lie beside its receipt, and OutputError where ``out`` cannot be
    written.
    """
    printed = comparison.printed
    if not printed:
        return False
    files = comparison.new.files
    arguments: list[str] = []
    for volume, run in groupby(printed, key=lambda sheet: sheet.volume):
        file = files[volume - 1]
        if file is None:
            name = comparison.new.receipt.volumes[volume - 1].file
            fix = f"put {name} there, or leave out the PDF"
            raise UsageError(
                f"{name} does not lie beside {comparison.new.path}, so that nothing can be printed", fix=fix
            )
        pages = ",".join(str(side.page) for sheet in run for side in sheet.sides)
        arguments += [str(file.resolve()), pages]
    aside = _aside(out)
    job = ["qpdf", "--empty", "--remove-unreferenced-resources=no", "--pages", *arguments, "--", str(aside)]
    try:
        with pikepdf.Job(job).create_pdf() as pdf:
            _make_sheets(pdf, printed)
            pdf.save(aside, min_version="1.7", static_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        aside.replace(out)
    except (OSError, RuntimeError, pikepdf.PdfError) as error:
        aside.unlink(missing_ok=True)
        raise OutputError(f"{out} cannot be written: {error}", fix="check the disk, or name another file") from error
    return True


def _make_sheets(pdf: Pdf, printed: Sequence[Sheet]) -> None:
    for page in pdf.pages:
        if "/Annots" in page.obj:
            del page.obj.Annots  # jumps to pages that are not here; paper has none
    for index in reversed(range(len(printed))):
        if printed[index].back is None:
            at = sum(len(sheet.sides) for sheet in printed[: index + 1])
            size = [float(value) for value in pdf.pages[at - 1].mediabox]
            pdf.pages.insert(at, pikepdf.Page(Dictionary(Type=Name.Page, MediaBox=size, Resources=Dictionary())))
    pdf.Root.ViewerPreferences = Dictionary(PrintScaling=Name("/None"), Duplex=Name.DuplexFlipLongEdge)


def write_word(comparison: Comparison, out: Path, *, today: datetime.date) -> None:
    """Fill the template set's ``reprint.docx`` with what is to be done.

    Raises TemplateError where the set has none or it cannot be filled, and OutputError where ``out`` cannot be written.
    """
    loaded = _manifest(comparison.new.receipt)
    beside = Path(comparison.new.receipt.manifest.get("path", "")).parent
    found = template_sets.find_set(comparison.new.receipt.template_set.get("name") or _USUAL_SET, beside)
    if loaded is not None:
        loaded = found.complete(loaded)
    template = found.path(TEMPLATE)
    folders = (*found.folders, loaded.root) if loaded else found.folders
    aside = _aside(out)
    try:
        templates.fill(
            template,
            context(comparison, found, loaded, today),
            aside,
            where=template.name,
            files=Files(folders, loaded.images if loaded else {}),
            date_pattern=found.style.words.date,
        )
        aside.replace(out)
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written: {error.strerror}", fix="close it in Word, or name another"
        ) from error
    finally:
        aside.unlink(missing_ok=True)


def _aside(out: Path) -> Path:
    return out.with_name(f".{out.name}.new")


def context(comparison: Comparison, found: TemplateSet, loaded: Manifest | None, today: datetime.date) -> LetterContext:
    """Return what ``reprint.docx`` sees; without a manifest, what the receipt knows."""
    new = comparison.new.receipt
    nothing = DossierView(
        "", "", "", "", str(today.year), today, 0, 0, 0, 0, complete=False, language=found.style.language
    )
    dossier = as_built(dossier_of(loaded, today, found.style.words) if loaded else nothing, new)
    values = loaded.values if loaded else found.style.values
    return LetterContext(dossier=dossier, today=today, values=values, reprint=view(comparison))


def _manifest(new: Receipt) -> Manifest | None:
    """Return the manifest of a book, if it is still where it was: only names and dates are taken from it."""
    try:
        return manifest.load(new.manifest.get("path", ""))
    except DossierError:
        return None


# --- in words ------------------------------------------------------------------------------------------------------


def chinese(comparison: Comparison) -> bool:
    """Say whether the new book is in Chinese, by what its PDF or else its title says."""
    for path in comparison.new.files:
        if path is not None:
            with pikepdf.open(path) as pdf:
                return str(pdf.Root.get("/Lang", "")).startswith("zh")
    return any("\u4e00" <= letter <= "\u9fff" for letter in comparison.new.receipt.title)


def view(comparison: Comparison) -> ReprintView:
    """Say what is to be done and what changed, in the language of the new book."""
    words = _CHINESE if chinese(comparison) else _ENGLISH
    pages = {(page.volume, page.page): page for page in comparison.new.receipt.pages}
    told: list[ReprintStep] = []
    printed = 0
    for order, step in enumerate(comparison.steps, start=1):
        count = len(step.printed)
        told.append(
            ReprintStep(
                order,
                step.volume,
                action(step),
                words.sentence(step, comparison.volumes),
                words.about(_on(step.printed, pages)),
                len(step.out) - len(step.kept),
                count,
                len(step.put) - count,
                words.numbers(printed + 1, printed + count) if count else "",
            )
        )
        printed += count
    changes = [words.change(change, several=max(comparison.volumes) > 1) for change in comparison.changes]
    return ReprintView(
        comparison.old.receipt.created[:10],
        comparison.new.receipt.created[:10],
        max(comparison.volumes),
        printed,
        sum(step.out for step in told),
        sum(step.moved for step in told),
        tuple(told),
        tuple(change for change in changes if change.became != "moved"),
        tuple(change for change in changes if change.became == "moved"),
    )


def action(step: Step) -> _Action:
    """Return what sort of step it is."""
    return "replace" if step.out and step.put else "insert" if step.put else "remove"


def _on(printed: Iterable[Sheet], pages: dict[tuple[int, int], Page]) -> list[str]:
    """Return what is on sheets of the new book: the ids of evidence and items, and the kinds of other documents."""
    on = (pages[sheet.volume, side.page] for sheet in printed for side in sheet.sides)
    return list(dict.fromkeys(page.evidence or page.item or page.kind for page in on if page.kind != "blank"))


@dataclass(frozen=True, slots=True)
class _Words:
    """One language: its words by name, and how they are put together."""

    said: dict[str, str]
    between: str  # things that are told one after the other
    to: str  # from one page to another

    def sentence(self, step: Step, volumes: tuple[int, int]) -> str:
        said = self.said
        out, put = self.names(step.out), self.between.join(self._put(step))
        if step.volume > volumes[0]:
            text = said["new volume"].format(volume=step.volume, put=put)
        elif step.volume > volumes[1]:
            text = said["no volume"].format(volume=step.volume, out=out)
        elif step.out and step.put:
            alike = len(step.printed) == len(step.put) and self.names(step.printed) == out
            text = said["exchange" if alike else "replace"].format(out=out, put=put)
        elif step.put:
            where = said["behind"].format(page=self.last(step.after)) if step.after else said["at front"]
            text = said["insert"].format(where=where, put=put)
        else:
            text = said["remove"].format(out=out)
        if step.kept:
            text += said["keep all" if step.kept == step.out else "keep"].format(kept=self.names(step.kept))
        several = max(volumes) > 1 and step.volume <= min(volumes)
        text = (said["volume"].format(volume=step.volume) if several else "") + text
        return text[0].upper() + text[1:]

    def _put(self, step: Step) -> Iterator[str]:
        mixed = any(put.origin for put in step.put)
        for moved, run in groupby(step.put, key=lambda put: put.origin is not None):
            group = list(run)
            if not moved:
                name = self.names([put.sheet for put in group])
                yield self.said["new"].format(name=name) if mixed else name
                continue
            for origin in runs(put.origin for put in group if put.origin):
                other = origin[0].volume != step.volume
                yield self.said["old from" if other else "old"].format(name=self.names(origin), volume=origin[0].volume)

    def names(self, of: Iterable[Sheet]) -> str:
        """Name sheets by the numbers printed on them, or where none are, by what they are and where they lie."""
        named: list[str] = []
        for run in runs(of):
            for _, group in groupby(run, key=_part):
                named.append(self._name(list(group)))
        return self.between.join(named)

    def _name(self, group: Sequence[Sheet]) -> str:
        numbers = [side.number for sheet in group for side in sheet.sides if side.number]
        if numbers:
            pages = self.numbers(numbers[0], numbers[-1])
            return self.said["page" if numbers[0] == numbers[-1] else "pages"].format(pages=pages)
        if group[0].front.kind == "cover":
            return self.said["cover"]
        sheets = self.numbers(group[0].place, group[-1].place)
        return self.said["sheet" if len(group) == 1 else "sheets"].format(sheets=sheets)

    def last(self, sheet: Sheet) -> str:
        numbers = [side.number for side in sheet.sides if side.number]
        return self.said["page"].format(pages=numbers[-1]) if numbers else self._name([sheet])

    def numbers(self, first: object, last: object) -> str:
        return str(first) if first == last else f"{first}{self.to}{last}"

    def about(self, names: Sequence[str]) -> str:
        shown = [self.said.get(name, name) for name in names]
        return self.numbers(shown[0], shown[-1]) if len(shown) > _MOST_NAMED else self.between.join(shown)

    def change(self, change: Change, *, several: bool) -> ReprintChange:
        title = change.title
        if change.what == "document":
            volume = change.now.volume or change.was.volume
            title = self.said["of volume" if several else "document"].format(name=self.said[change.id], volume=volume)
        id = "" if change.what == "document" else change.id
        was, now = (place.pages.replace("—", self.to) for place in (change.was, change.now))
        other = self.between.join(self.numbers(*span) for span in change.spans)
        return ReprintChange(change.what, change.became, self.said[change.became], id, title, was, now, other)


def _part(sheet: Sheet) -> str:
    """Return which part of a volume a sheet is in: its numbers run on in that part alone."""
    kind = next((side.kind for side in sheet.sides if side.kind != "blank"), "")
    return kind if kind in ("cover", "index") else "body"


_CHINESE = _Words(
    {
        "volume": "第{volume}册：", "page": "第{pages}页", "pages": "第{pages}页", "cover": "封面",
        "sheet": "第{sheets}张", "sheets": "第{sheets}张",
        "exchange": "抽出{out}，换入新页", "replace": "抽出{out}，换入{put}", "insert": "{where}插入{put}",
        "remove": "抽出{out}", "behind": "在{page}后", "at front": "在册首",
        "new volume": "新装第{volume}册：{put}", "no volume": "撤去第{volume}册：抽出{out}",
        "keep all": "，留待移放", "keep": "（其中{kept}留待移放）",
        "new": "新印{name}", "old": "原{name}", "old from": "原第{volume}册{name}",
        "document": "{name}", "of volume": "{name}（第{volume}册）",
        "index": "目录", "front": "文前材料", "back": "文后材料", "divider": "隔页", "placeholder": "缺件说明",
        "added": "新增", "removed": "撤除", "changed": "变更", "moved": "移位",
    },
    between="、", to="—",
)  # fmt: skip
_ENGLISH = _Words(
    {
        "volume": "Volume {volume}: ", "page": "page {pages}", "pages": "pages {pages}", "cover": "the cover",
        "sheet": "sheet {sheets}", "sheets": "sheets {sheets}",
        "exchange": "take out {out}, put in the new ones", "replace": "take out {out}, put in {put}",
        "insert": "{where}, put in {put}", "remove": "take out {out}", "behind": "after {page}",
        "at front": "at the front",
        "new volume": "Make up volume {volume}: {put}", "no volume": "Give up volume {volume}: take out {out}",
        "keep all": " and keep them for another place", "keep": " (keep {kept} for another place)",
        "new": "new {name}", "old": "the old {name}", "old from": "the old {name} of volume {volume}",
        "document": "{name}", "of volume": "{name} of volume {volume}",
        "index": "index", "front": "front matter", "back": "back matter", "divider": "divider",
        "placeholder": "sheet for what is missing",
        "added": "added", "removed": "removed", "changed": "changed", "moved": "moved",
    },
    between=", ", to="–",
)  # fmt: skip
