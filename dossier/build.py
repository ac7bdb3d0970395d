"""Builds a binder: hands back the one that stands where nothing has changed, else runs the pipeline."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from dossier import inputs, publish
from dossier.binder import STAGES, Binder, Engine, Event, PageRange, Progress, Standing
from dossier.errors import UsageError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from dossier.inputs import Record
    from dossier.manifest import Manifest

__all__ = ["STAGES", "Binder", "Engine", "Event", "PageRange", "Progress", "build", "document_date", "standing"]


def build(
    source: Manifest | Path | str,
    out: Path | str | None = None,
    *,
    engine: Engine | None = None,
    jobs: int | None = None,
    strict: bool = False,
    use_cache: bool = True,
    progress: Progress | None = None,
    executor: Executor | None = None,
    passwords: Mapping[str, str] | None = None,
    print_set: bool = False,
) -> Binder:
    """Build the binder of a manifest into the folder ``out`` (``build/<manifest name>`` by default).

    Where evidence is missing or refused, and with ``strict`` where there is any warning, a draft is built instead and
    an earlier complete binder is left alone. ``engine`` overrides the manifest's. ``jobs`` is how many conversions run
    at a time (one a core by default); ``executor`` takes their place: any ``concurrent.futures.Executor``.
    ``passwords`` open encrypted sources by their names. ``print_set`` adds a version for the printer, in ``print``.
    Raises a DossierError where nothing can be built; then nothing is changed.
    """
    if engine not in (None, *get_args(Engine)):
        raise UsageError(f"there is no engine {engine!r}", fix=f"name one of {', '.join(get_args(Engine))}")
    known = passwords or {}
    if use_cache:
        stands = standing(source, out, engine=engine, strict=strict, passwords=known, print_set=print_set)
        if stands is not None:
            return stands
    from dossier import manifest, pipeline  # noqa: PLC0415 - what binds takes long to load

    loaded = manifest.load(source) if isinstance(source, str | Path) else source
    return pipeline.run(
        loaded,
        _folder(loaded.path, out),
        engine=engine,
        jobs=jobs,
        strict=strict,
        use_cache=use_cache,
        tell=progress or (lambda event: None),
        executor=executor,
        passwords=known,
        today=document_date(loaded),
        print_set=print_set,
    )


def standing(
    source: Manifest | Path | str,
    out: Path | str | None = None,
    *,
    engine: Engine | None = None,
    strict: bool = False,
    passwords: Mapping[str, str] | None = None,
    print_set: bool = False,
) -> Binder | None:
    """Return the binder that an earlier build left in ``out``, where building it again would change nothing.

    That is so where everything that build read or wrote, and what was asked for, is what it was: by the stamps of
    files, and by their hashes where stamps differ. Else, and where that cannot be told, return None.
    """
    path = Path(source) if isinstance(source, str | Path) else source.path
    folder = _folder(path, out)
    for name in (inputs.DRAFT, inputs.NAME):
        record = inputs.read(folder, name)
        if record is None or (print_set and not any(written.startswith("print/") for written in record.outputs)):
            continue
        asked = inputs.asked(
            path, engine=engine, strict=strict, passwords=passwords or {}, salt=record.salt, dated=record.dated
        )
        if asked == record.asked and _is_of(source, record):
            found = _found(folder, name, record)
            if found is not None:
                return found
    return None


def _found(folder: Path, name: str, record: Record) -> Binder | None:
    """Return the binder that a record is of, where all that it names is as it says."""
    busy = folder / publish.STAGING  # while another build is at work, and after one that was killed
    if os.path.lexists(busy):
        return None
    now, data = inputs.still(record, folder), _receipt_in(folder, record)
    if now is None or data is None or os.path.lexists(busy):
        return None
    inputs.refresh(folder, record, now, name)
    return Standing(folder, record.told, data)


def _is_of(source: Manifest | Path | str, record: Record) -> bool:
    """Say whether a record is of this very manifest, which may not be what its file says, or hold passwords."""
    if record.exact and isinstance(source, str | Path):
        return True  # its file is among what the record names
    from dossier import manifest, reach  # noqa: PLC0415

    loaded = manifest.load(source) if isinstance(source, str | Path) else source
    return reach.content(loaded, record.salt) == record.content


def _receipt_in(folder: Path, record: Record) -> bytes | None:
    name = "receipt.json" if record.told["complete"] else "receipt-draft.json"
    try:
        data = (folder / name).read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == record.outputs[name].sha256 else None


def _folder(path: Path, out: Path | str | None) -> Path:
    return Path(out) if out is not None else Path("build") / path.stem


def document_date(loaded: Manifest) -> date:
    """Return the date that documents show: the manifest's, else that of ``SOURCE_DATE_EPOCH``, else today."""
    if loaded.date is not None:
        return loaded.date
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return date.today()
    try:
        return datetime.fromtimestamp(int(epoch), UTC).date()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {epoch!r}, which is no time", fix="set it to seconds, or unset it"
        ) from None
