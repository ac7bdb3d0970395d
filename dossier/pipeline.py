"""The pipeline: plan, convert, number and fill, bind, prove, publish. It begins once something has changed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pikepdf

from dossier import (
    assembly,
    bind,
    book,
    cache,
    capacity,
    claims,
    convert,
    digests,
    documents,
    fonts,
    frontmatter,
    frozen,
    history,
    inputs,
    interrupts,
    placement,
    plan,
    printproof,
    printset,
    publish,
    reach,
    receipt,
    sources,
    stamp,
    template_sets,
    templates,
    ticket,
    workers,
)
from dossier.assembly import Assembly
from dossier.binder import Binder, Engine, Event, Progress
from dossier.convert import Settings, pool
from dossier.errors import ConversionError, Problem, TemplateError, UnsettledError, UsageError
from dossier.files import Files
from dossier.manifest import Manifest
from dossier.part import Part
from dossier.receipt import Receipt
from dossier.sources import PhotoSheets, Source, SourceFile
from dossier.unpacking import Unpacker
from dossier.verify import prove


def run(
    loaded: Manifest,
    folder: Path,
    *,
    engine: Engine | None,
    jobs: int | None,
    strict: bool,
    use_cache: bool,
    tell: Progress,
    executor: Executor | None,
    passwords: Mapping[str, str],
    today: date,
    print_set: bool = False,
) -> Binder:
    """Build the binder of a manifest into ``folder``, as :func:`dossier.build.build` says; documents show ``today``."""
    # What can fail at once does so before anything is written.
    template_set = template_sets.find_set(loaded.template_set, loaded.path.parent)
    began = reach.begin(loaded, template_set, folder, engine=engine, strict=strict, passwords=passwords)
    loaded = template_set.complete(loaded)
    _check(loaded, template_set, folder, print_set=print_set)
    held = frontmatter.held_by(loaded)
    settings = convert.choose(engine or loaded.engine, (loaded.page.width, loaded.page.height))
    settings = replace(settings, look=template_set.look, captions=template_set.captions)
    with interrupts.Stack() as stack:
        stack.enter_context(publish.exclusive(folder))
        staging = stack.enter_context(publish.staging(folder))
        # In the staging folder, so that the next build finds what a killed one leaves there.
        work = _folder(staging, "work").absolute()
        store = _store(work, use_cache=use_cache)
        stack.callback(store.sweep)  # what workers leave that are stopped
        count = jobs or workers.cores()
        runner = executor or stack.enter_context(workers.processes(count))
        press = _Press(settings, store, runner, count, tell)

        tell(Event("read"))
        unpack = stack.enter_context(Unpacker(loaded.language, work))
        known = digests.recall(store.folder, loaded.root)
        planned = plan.plan(loaded, convert.accepted(), unpack, passwords, known)
        known.save()
        collected = replace(book.collect(planned, press.sources(_sources(planned))), lock=held)
        kept = began.documents(folder) if use_cache else {}
        filled = _folder(work, "documents")
        settled = _with_claims(
            claims.prove(collected, runner),
            lambda of: frontmatter.settle(of, template_set, today, press.documents, filled, kept),
            runner,
        )
        labels = frontmatter.fill_labels(settled.book, template_set, today, settled.pagination, _folder(work, "labels"))
        printed = press.documents(labels) if labels else {}
        tell(Event("bind"))
        found = [*claims.misquoted(loaded, _texts(settled), runner)]
        found += capacity.too_long(settled.book, settled.pagination)
        found += frozen.changes(settled.book, settled.pagination)
        assembled = _assemble(settled.book, settled, loaded, work, found, strict=strict)
        assembled, volumes = _within_limits(assembled, staging, tell, strict=strict)
        # What belongs to a complete binder that stands here is left alone by a draft, which brings none of its own.
        alone = assembled.complete or not _stands(receipt.find(folder / "receipt.json"))
        originals, lost = _originals(assembled, staging) if alone else ({}, [])
        if print_set and not assembled.complete:
            lost = [*lost, printset.refusal(assembled.book.plan.manifest)]
        written = assembly.record(
            replace(assembled, problems=(*assembled.problems, *lost)),
            volumes,
            engine={"word": settings.engine, "version": settings.engine_version},
            template_set={"name": template_set.name, "sha256": template_set.sha256},
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            documents=[*_documents(assembled, staging), *_labels(staging, labels, printed)] if alone else [],
            originals=originals,
        )
        tell(Event("prove"))
        proof = prove(staging, written, new=True)
        written = written.with_checksums(proof.checksums)
        if print_set and written.complete:
            written = _print(assembled, written, template_set, today, press, staging, work)
        tell(Event("publish"))

        def record(names: Sequence[str]) -> str:
            shown = {f"documents/{settled.documents[key].name}.docx": digest for key, digest in settled.shown.items()}
            return began.record(planned, staging, folder, written, proof, names, shown) if use_cache else ""

        _publish(folder, staging, written, record)
        store.trim()
        return Binder(folder, written, proof)


def _check(loaded: Manifest, template_set: template_sets.TemplateSet, folder: Path, *, print_set: bool) -> None:
    if folder.resolve() == loaded.root.resolve():
        raise UsageError(f"{folder} is the folder of the sources", fix="name another with -o, or the book becomes one")
    if print_set:
        printset.check(loaded, template_set)


@dataclass(frozen=True, slots=True)
class _Press:
    """Turns files into parts, each once."""

    settings: Settings
    store: cache.Cache
    runner: Executor
    workers: int
    tell: Progress

    def sources(self, found: Mapping[str, Source]) -> dict[str, Part | ConversionError]:
        """Convert evidence; where a photo keeps its sheets from being made, refuse it alone and bind the others."""
        outcomes = self.convert(found, "convert")
        failed = [
            source
            for key, source in found.items()
            if isinstance(source, PhotoSheets) and len(source.files) > 1 and isinstance(outcomes[key], ConversionError)
        ]
        alone = {file.key: sheets.only(file.__eq__) for sheets in failed for file in sheets.files}
        tried = self.convert(alone, "convert") if alone else {}
        refused = {key: outcome for key, outcome in tried.items() if isinstance(outcome, ConversionError)}
        fewer = [sheets.only(lambda file: file.key not in refused) for sheets in failed]
        rest = {sheets.key: sheets for sheets in fewer if sheets.files and sheets.key not in outcomes}
        again = self.convert(rest, "convert") if rest else {}
        return {**outcomes, **refused, **again}

    def convert(self, files: Mapping[str, Source], stage: str) -> dict[str, Part | ConversionError]:
        """Convert files and return what became of each, under the keys given."""
        tasks = {key: convert.task_of(source, self.settings) for key, source in files.items()}
        by_key: dict[str, Part | ConversionError] = {}
        for key in {task.key for task in tasks.values()}:
            stored = self.store.get(key)
            if stored is not None:
                by_key[key] = stored
        todo = list({task.key: task for task in tasks.values() if task.key not in by_key}.values())
        done = len(tasks) - len(todo)

        def tell(name: str = "") -> None:
            self.tell(Event(stage, done, len(tasks), name))

        tell()
        batches = convert.batches(todo, self.settings, self.store, self.workers)
        for task, outcome in pool.run(batches, self.runner, tell):
            by_key[task.key] = outcome
            done += 1
            tell(task.name)
        return {name: by_key[task.key] for name, task in tasks.items()}

    def documents(self, filled: Mapping[str, Path]) -> dict[str, Part]:
        """Convert the binder's own Word documents; raises TemplateError where one cannot be."""
        outcomes = self.convert({key: sources.read(path.parent, path.name) for key, path in filled.items()}, "number")
        parts: dict[str, Part] = {}
        for key, outcome in outcomes.items():
            if isinstance(outcome, ConversionError):
                raise TemplateError(f"{filled[key].name} cannot be converted: {outcome.message}", fix=outcome.fix)
            parts[key] = outcome
        return parts


def _store(work: Path, *, use_cache: bool) -> cache.Cache:
    return cache.Cache(cache.default_folder() if use_cache else _folder(work, "cache"))


def _folder(work: Path, name: str) -> Path:
    folder = work / name
    folder.mkdir()
    return folder


def _sources(planned: plan.Plan) -> dict[str, Source]:
    return {
        source.key: source
        for proof in planned.evidence()
        if not proof.entry.template  # its pages are those of what it is filled with
        for source in proof.sources
    }


def _with_claims(
    collected: book.Book, settle: Callable[[book.Book], frontmatter.Settled], runner: Executor
) -> frontmatter.Settled:
    """Settle a book until claims on evidence that is filled itself are where its documents were told.

    Raises UnsettledError where they go on moving, for the page that cites them moves them.
    """
    for _ in range(_MOST_ROUNDS):
        settled = settle(collected)
        proved = claims.prove_filled(settled.book, runner)
        if proved.places == collected.places:
            return replace(settled, book=proved)
        collected = replace(collected, places=proved.places)
    raise UnsettledError(
        "page numbers do not settle: claims on evidence that is a template go on moving as it is filled",
        fix="name the `page` of each claim, or put the words that are cited on a page of their own",
    )


_MOST_ROUNDS = 5


def _texts(settled: frontmatter.Settled) -> dict[str, tuple[str, Part]]:
    """Return the parts of the book's own documents, each under the name of its template."""
    return {key: (settled.documents[key].template.name, part) for key, part in settled.parts.items()}


def _assemble(
    collected: book.Book,
    settled: frontmatter.Settled,
    loaded: Manifest,
    work: Path,
    found: Sequence[Problem],
    *,
    strict: bool,
) -> Assembly:
    page, numbers, paper = loaded.page, loaded.numbering, _paper(loaded)
    watermark = loaded.draft.watermark
    labels = {slot.label for slot in settled.pagination.slots}
    face = stamp.load_face(fonts.LABEL_FACE, [*labels, watermark])
    for key, text in (("numbering: {style: …}", "".join(labels)), ("draft: {watermark: …}", watermark)):
        lost = sorted(face.missing.intersection(text))
        if lost:
            raise UsageError(f"the label's font has no {' '.join(lost)}", fix=f"use other characters in `{key}`")
    blank = work / "blank.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(page.width, page.height))
        pdf.save(blank, static_id=True)
    ink = stamp.Stamp(face, numbers.size, stamp.color(numbers.color))
    assembled = assembly.assemble(collected, settled, paper, ink, blank)
    assembled = replace(assembled, problems=(*assembled.problems, *found))
    if strict:
        assembled = replace(assembled, problems=tuple(map(_as_error, assembled.problems)))
    return assembled if assembled.complete else replace(assembled, stamp=replace(ink, watermark=watermark))


def _paper(loaded: Manifest) -> placement.Paper:
    page, numbers = loaded.page, loaded.numbering
    return placement.Paper(
        page.width, page.height, page.gutter, page.landscape, numbers.position, numbers.bottom, numbers.size
    )


def _within_limits(
    assembled: Assembly, staging: Path, tell: Progress, *, strict: bool
) -> tuple[Assembly, list[receipt.Volume]]:
    """Bind, and add what is said of volumes whose files became too large: where that must not be, bind a draft."""
    volumes = _bind(assembled, staging, tell)
    files = [staging / volume.file for volume in volumes]
    large = capacity.too_large(assembled.book, assembled.settled.pagination, files)
    if strict:
        large = [_as_error(problem) for problem in large]
    told = replace(assembled, problems=(*assembled.problems, *large))
    if told.complete == assembled.complete:
        return told, volumes
    for file in files:
        file.unlink()
    watermark = assembled.book.plan.manifest.draft.watermark
    draft = replace(told, stamp=replace(told.stamp, watermark=watermark))
    return draft, _bind(draft, staging, tell)


def _bind(assembled: Assembly, staging: Path, tell: Progress) -> list[receipt.Volume]:
    count = max(slot.volume for slot in assembled.settled.pagination.slots)
    names = documents.file_names(count, draft=not assembled.complete)
    loaded = assembled.book.plan.manifest
    volumes: list[receipt.Volume] = []
    for number, name in enumerate(names, start=1):
        tell(Event("bind", number - 1, count, name))
        leaves, bookmarks = assembled.volume(number)
        which = f"（{number}/{count}）" if loaded.language.startswith("zh") else f" ({number}/{count})"
        title = loaded.title + (which if count > 1 else "")
        identity = "\n".join([loaded.sha256, name, *(leaf.slot.label for leaf in leaves)])
        description = bind.Description(title, loaded.organisation, loaded.language, identity, names)
        bind.bind(leaves, bookmarks, assembled.stamp, description, staging / name)
        volumes.append(receipt.Volume(name, "", len(leaves)))
    return volumes


def _documents(assembled: Assembly, staging: Path) -> list[str]:
    """Stage the filled Word files."""
    kept = _folder(staging, "documents")
    names: list[str] = []
    for key, path in assembled.settled.filled.items():
        name = f"{assembled.settled.documents[key].name}{path.suffix}"
        shutil.copyfile(path, kept / name)
        names.append(f"documents/{name}")
    return names


def _labels(staging: Path, filled: Mapping[str, Path], printed: Mapping[str, Part]) -> list[str]:
    """Stage the labels as Word files, to be changed, and as PDFs, to be printed."""
    if not filled:
        return []
    kept = _folder(staging, "labels")
    for name, path in filled.items():
        shutil.copyfile(path, kept / f"{name}.docx")
        shutil.copyfile(printed[name].path, kept / f"{name}.pdf")
    return [f"labels/{name}{suffix}" for name in filled for suffix in (".docx", ".pdf")]


def _originals(assembled: Assembly, staging: Path) -> tuple[dict[str, str], list[Problem]]:
    """Stage the sources that binding takes a signature or files from, and return where each lies, by its name.

    One that is no longer what was bound is left out, and reported.
    """
    kept: dict[str, str] = {}
    lost: list[Problem] = []
    for proof in assembled.book.proofs():
        for bound in proof.bound:
            source = bound.source
            if not isinstance(source, SourceFile) or source.name in kept:
                continue
            if any(note.code in _UNTOUCHED for note in bound.part.notes):
                suffix = source.path.suffix if _PLAIN_SUFFIX.fullmatch(source.path.suffix) else ".original"
                name = f"originals/{proof.id}-{len(kept) + 1}{suffix}"
                (staging / "originals").mkdir(exist_ok=True)
                try:
                    sources.prove_readable(source.path)
                    shutil.copyfile(source.path, staging / name)
                    sources.prove_unchanged(staging / name, source.sha256)
                except ConversionError as error:
                    message = f"{source.name}: the file is not kept beside the book: {error.message}"
                    lost.append(Problem(error.code, message, error.fix, "warning", evidence=proof.id))
                else:
                    kept[source.name] = name
    return kept, lost


_PLAIN_SUFFIX = re.compile(r"\.\w{1,8}", re.ASCII)


_UNTOUCHED = frozenset({"signature-lost", "embedded-files"})


def _print(
    assembled: Assembly,
    written: Receipt,
    template_set: template_sets.TemplateSet,
    today: date,
    press: _Press,
    staging: Path,
    work: Path,
) -> Receipt:
    """Stage the print set, proved, and its ticket; return the receipt that names them."""
    loaded = assembled.book.plan.manifest
    folder = _folder(staging, printset.FOLDER)
    files = [volume.file for volume in written.volumes]
    job = printset.plan(assembled, loaded, _paper(loaded), files, work / "blank.pdf")
    printset.write(job, assembled, loaded, staging)
    printproof.prove(staging, written, job.files, job.sizes)
    said = json.dumps(ticket.as_dict(job, loaded, written), ensure_ascii=False, indent=1)
    (folder / "ticket.json").write_text(said + "\n", encoding="utf-8")
    filled, words = folder / "ticket.docx", template_set.style.words
    template = template_set.path(printset.TICKET)
    shown = ticket.context(job, loaded, written, template_set, today)
    files_of = Files((*template_set.folders, loaded.root), loaded.images)
    templates.fill(template, shown, filled, where=template.name, files=files_of, date_pattern=words.date)
    shutil.copyfile(press.documents({"ticket": filled})["ticket"].path, folder / "ticket.pdf")
    tickets = [f"{printset.FOLDER}/ticket.{suffix}" for suffix in ("docx", "pdf", "json")]
    return replace(written, prints=(*job.files, *tickets))


def _publish(folder: Path, staging: Path, written: Receipt, record: Callable[[Sequence[str]], str]) -> None:
    """Replace the old files by the new ones; a draft leaves a complete binder and what belongs to it alone.

    What is kept of earlier builds is never stale.
    """
    # One that cannot be read is none: it is replaced.
    earlier, beside = receipt.find(folder / "receipt.json"), receipt.find(folder / "receipt-draft.json")
    names = [volume.file for volume in written.volumes] + [*written.documents, *written.originals, *written.prints]
    receipts = ["receipt.json"] if written.complete else ["receipt-draft.json"]
    stale = _files(beside)
    if written.complete or not _stands(earlier):
        # No complete binder is left alone: what belongs to the new one is found under the usual names.
        receipts = sorted({*receipts, "receipt.json"})
        stale |= _files(earlier)
    if written.complete:
        stale.add("receipt-draft.json")
    for name in receipts:
        (staging / name).write_text(written.dumps(), encoding="utf-8")
    recorded, own = record([*names, *receipts]), inputs.NAME if written.complete else inputs.DRAFT
    stale |= {inputs.DRAFT} if _stands(earlier) and not written.complete else {inputs.DRAFT, inputs.NAME}
    if recorded:
        (staging / own).write_text(recorded, encoding="utf-8")
        receipts.append(own)
    kept = history.keep(folder, staging, written) if written.complete else []
    publish.commit(folder, [*names, *receipts, *kept], stale.difference(names))


def _stands(earlier: Receipt | None) -> bool:
    return earlier is not None and earlier.complete


def _files(earlier: Receipt | None) -> set[str]:
    """Name the files that an earlier build put beside its receipt, and no others that people may keep there."""
    if earlier is None:
        return set()
    named = [volume.file for volume in earlier.volumes] + [*earlier.documents, *earlier.originals, *earlier.prints]
    return {path.as_posix() for path in map(Path, named) if _is_own(path)}


def _is_own(path: Path) -> bool:
    return bool(path.suffix) and path.name[0] != "." and path.parent.as_posix() in _OWN_FOLDERS


_OWN_FOLDERS = (".", "documents", "labels", "originals", printset.FOLDER)


def _as_error(problem: Problem) -> Problem:
    return replace(problem, severity="error") if problem.severity == "warning" else problem
