"""The job ticket of a print set: what goes on which paper, sheet by sheet; as JSON, and as a Word sheet's values."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from dossier.context import as_built, dossier_of
from dossier.manifest import Manifest
from dossier.numbering import UNCOUNTED, Slot
from dossier.placement import MM
from dossier.printset import Job, Sheet
from dossier.receipt import Receipt
from dossier.template_sets import TemplateSet
from dossier.views import LetterContext, TicketSheet, TicketView, TicketVolume

SCHEMA = 1
_NOWHERE = Slot(0, 0, "", "", "")


def view(job: Job, manifest: Manifest, written: Receipt) -> TicketView:
    """Return what a ticket says of a job, in the language of the dossier."""
    chinese = manifest.language.startswith("zh")
    to, between = ("—", "、") if chinese else ("–", ", ")
    titles = {proof.id: proof.title for item in written.items for proof in item.evidence}
    titles |= {item.id: item.title for item in written.items}
    coloured = bool(manifest.print.divider_paper)

    def row(sheet: Sheet) -> TicketSheet:
        numbers = [slot.number for slot in sheet.slots]
        id = next((slot.evidence or slot.item for slot in sheet.slots if slot.item), "")
        pages = numbers[0] if len(numbers) == 1 else f"{numbers[0]}{to}{numbers[-1]}" if numbers else ""
        return TicketSheet(
            sheet.volume, sheet.place, pages, f"{2 * sheet.place - 1}{to}{2 * sheet.place}", id, titles.get(id, "")
        )

    def volume(number: int, file: str, sheets: Sequence[Sheet]) -> TicketVolume:
        dividers = [sheet.place for sheet in sheets if coloured and sheet.divides]
        wide = [sheet.place for sheet in sheets if sheet.wide]
        labelled = [slot for sheet in sheets for slot in sheet.slots if slot.label and slot.kind not in UNCOUNTED]
        first, last = (labelled[0], labelled[-1]) if labelled else (_NOWHERE, _NOWHERE)
        return TicketVolume(
            number,
            file.rpartition("/")[2],
            len(sheets),
            len(sheets) - len(dividers) - len(wide),
            len(dividers),
            len(wide),
            first.number,
            last.number,
            first.label,
            last.label,
            between.join(_ranges(dividers, to)),
            between.join(_ranges(wide, to)),
        )

    every = [sheet for sheets in job.volumes for sheet in sheets]
    volumes = tuple(
        volume(number, file, sheets)
        for number, (file, sheets) in enumerate(zip(job.files, job.volumes, strict=True), start=1)
    )
    wide = tuple(row(sheet) for sheet in every if sheet.wide)
    return TicketView(
        manifest.page.size,
        _mm(manifest.page.gutter),
        manifest.print.divider_paper,
        len(every),
        sum(volume.plain for volume in volumes),
        sum(volume.coloured for volume in volumes),
        len(wide),
        sum(sheet.shares for sheet in every) if coloured else 0,
        tuple(_mm(fold) for fold in job.fold.folds) if wide else (),
        volumes,
        tuple(row(sheet) for sheet in every if coloured and sheet.divides),
        wide,
    )


def _mm(points: float) -> str:
    return f"{points / MM:.1f}".removesuffix(".0")


def _ranges(places: Sequence[int], to: str) -> Iterator[str]:
    """Yield sheets that lie directly behind each other as one range."""
    for _, group in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        run = [place for _, place in group]
        yield str(run[0]) if len(run) == 1 else f"{run[0]}{to}{run[-1]}"


def as_dict(job: Job, manifest: Manifest, written: Receipt) -> dict[str, Any]:
    """Return the JSON form of a ticket: lengths in mm; sheets, and pages of the files, from 1."""
    told = view(job, manifest, written)

    def special(rows: Sequence[TicketSheet], volume: int) -> list[dict[str, Any]]:
        return [
            {
                "sheet": row.sheet,
                "pdf_pages": [2 * row.sheet - 1, 2 * row.sheet],
                "numbers": [slot.number for slot in job.volumes[volume - 1][row.sheet - 1].slots],
                "labels": [slot.label for slot in job.volumes[volume - 1][row.sheet - 1].slots],
                "id": row.id,
                "title": row.title,
            }
            for row in rows
            if row.volume == volume
        ]

    return {
        "schema": SCHEMA,
        "title": written.title,
        "binder": [{"file": volume.file, "sha256": volume.sha256} for volume in written.volumes],
        "paper": told.paper,
        "duplex": "long-edge",
        "scaling": "none",
        "binding_edge": "left of the front",
        "gutter": float(told.gutter),
        "divider_paper": told.divider_paper,
        "divider_mark": manifest.print.divider_mark,
        "fold_out": {"paper": "A3", "folds": [float(fold) for fold in told.folds]} if told.folds else None,
        "sheets": {"all": told.sheets, "plain": told.plain, "coloured": told.coloured, "fold_out": told.foldouts},
        "dividers_on_shared_sheets": told.shared,
        "volumes": [
            {
                "volume": volume.number,
                "file": volume.file,
                "pages": 2 * volume.sheets,
                "sheets": {
                    "all": volume.sheets,
                    "plain": volume.plain,
                    "coloured": volume.coloured,
                    "fold_out": volume.foldouts,
                },
                "coloured": special(told.divider_sheets, volume.number),
                "fold_outs": special(told.foldout_sheets, volume.number),
            }
            for volume in told.volumes
        ],
    }


def context(job: Job, manifest: Manifest, written: Receipt, found: TemplateSet, today: datetime.date) -> LetterContext:
    """Return what ``ticket.docx`` sees."""
    dossier = as_built(dossier_of(manifest, today, found.style.words), written)
    values: Mapping[str, str] = manifest.values
    return LetterContext(dossier=dossier, today=today, values=values, ticket=view(job, manifest, written))
