"""The command: the only module that prints, colours, or decides an exit status."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

import dossier
from dossier import interrupts
from dossier.errors import DossierError, ExitStatus, OutputError, Problem, ProblemsError, UsageError

# Each command imports what it needs itself: most of the time of a short command would go into loading all the others.
if TYPE_CHECKING:
    from dossier import comparison, gaps, history, sheets, views, watch
    from dossier.authoring import catalogue, lint, preview
    from dossier.build import Engine
    from dossier.check import Standing

_STAGES = {
    "read": "reading", "convert": "converting", "number": "numbering", "bind": "binding", "prove": "proving",
    "publish": "putting in place",
}  # fmt: skip
_STYLES = {"error": "bold red", "warning": "yellow", "info": "dim"}
_MOST_SHOWN = 200

_err = Console(stderr=True, highlight=False, soft_wrap=True)
_out = Console(highlight=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    interrupts.obey()
    failure: DossierError
    try:
        return int(_commands.main(args=arguments, prog_name="dossier", standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        failure, status = UsageError(error.format_message()), ExitStatus.USAGE
    except (KeyboardInterrupt, click.Abort):
        failure, status = DossierError("interrupted: what was not finished is as it was"), ExitStatus.INTERRUPTED
        _err.print(failure.message)
    except ProblemsError as error:
        failure, status = error, error.exit_status
        _err.print(Text(error.message, style="bold red"))
        _show(error.problems)
    except DossierError as error:
        failure, status = error, error.exit_status
        _err.print(Text(str(error), style="bold red"))
    except OSError as error:
        failure = DossierError(str(error), fix="check the disk and the permissions, then run it again")
        status = failure.exit_status
        _err.print(Text(str(failure), style="bold red"))
    if "--json" in arguments:
        problems = failure.problems if isinstance(failure, ProblemsError) else ()
        _print_json(
            {
                "complete": False,
                "error": failure.message,
                "fix": failure.fix,
                "problems": [problem.as_dict() for problem in problems],
            }
        )
    return status


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dossier")
def _commands() -> None:
    """Bind a pile of evidence files into one indexed, paginated and proved book."""


_PASSWORDS = click.option(
    "--passwords", metavar="FILE", help="Lines of `source: password`, for sources that are encrypted."
)


def _manifests(named: Sequence[str]) -> list[Path]:
    if named:
        return [Path(name) for name in named]
    here = Path("dossier.yaml")
    if here.is_file():
        return [here]
    found = sorted(path for pattern in ("*.yaml", "*.yml") for path in Path("manifests").glob(pattern))
    if not found:
        raise UsageError(
            "there is no manifest: no dossier.yaml here, and none in manifests/", fix="name one: dossier build MANIFEST"
        )
    return found


@_commands.command()
@click.argument("manifests", nargs=-1, metavar="[MANIFEST]...")
@click.option("-o", "--output", metavar="DIR", help="Folder for the binder; build/<manifest name> by default.")
@click.option("--engine", type=click.Choice(["auto", "embedded", "libreoffice"]), help="What turns Word into PDF.")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="Conversions at a time; one a core by default.")
@click.option("--strict", is_flag=True, help="Build a draft where there is any warning.")
@click.option("--no-cache", is_flag=True, help="Convert everything anew and keep nothing.")
@click.option("--print", "print_set", is_flag=True, help="Make a version for the printer as well, with its job ticket.")
@_PASSWORDS
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Name every file as it is converted.")
def build(
    manifests: tuple[str, ...], output: str | None, engine: Engine | None, jobs: int | None, *,
    strict: bool, no_cache: bool, print_set: bool, passwords: str | None, as_json: bool, quiet: bool, verbose: bool,
) -> int:  # fmt: skip
    """Build the binder of each MANIFEST: the one dossier.yaml here, else every manifest in manifests/."""
    from dossier.build import standing  # noqa: PLC0415

    paths = _manifests(manifests)
    known = _known(passwords)
    folders = [_folder(output, path, several=len(paths) > 1) for path in paths]
    for folder in folders:
        if folders.count(folder) > 1:
            raise UsageError(f"two manifests would be built into {folder}", fix="build each alone, with a folder of -o")

    def stands(path: Path, folder: Path) -> dossier.Binder | None:
        if no_cache:
            return None
        return standing(path, folder, engine=engine, strict=strict, passwords=known, print_set=print_set)

    # Each is loaded before the first is built, so that a mistake in the last one does not come late.
    ready = [stands(path, folder) or dossier.load(path) for path, folder in zip(paths, folders, strict=True)]
    binders: list[dossier.Binder] = []
    for one, folder in zip(ready, folders, strict=True):
        if isinstance(one, dossier.Binder):
            binder: dossier.Binder = one
        else:
            with _progress(quiet=quiet, verbose=verbose) as tell:
                binder = dossier.build(
                    one, folder, engine=engine, jobs=jobs, strict=strict, use_cache=not no_cache, progress=tell,
                    passwords=known, print_set=print_set,
                )  # fmt: skip
        binders.append(binder)
        if not quiet or not binder.complete:
            _show([p for p in binder.problems if not quiet or p.severity == "error"])
            _report_binder(binder)
    complete = all(binder.complete for binder in binders)
    if as_json:
        _print_json({"complete": complete, "binders": [_binder_json(binder) for binder in binders]})
    return ExitStatus.COMPLETE if complete else ExitStatus.INCOMPLETE


def _load_all(paths: Sequence[Path]) -> list[dossier.Manifest]:
    """Load every manifest before the first is built, so that a mistake in the last one does not come late."""
    return [dossier.load(path) for path in paths]


def _known(passwords: str | None) -> dict[str, str]:
    """Read a file of passwords, where one is named."""
    if not passwords:
        return {}
    from dossier import manifest  # noqa: PLC0415

    return manifest.load_passwords(passwords)


def _output(output: str | None, loaded: dossier.Manifest, *, several: bool) -> Path:
    return _folder(output, loaded.path, several=several)


def _folder(output: str | None, manifest: Path, *, several: bool) -> Path:
    if output is None:
        return Path("build") / manifest.stem
    return Path(output) / manifest.stem if several else Path(output)


def _report_binder(binder: dossier.Binder) -> None:
    proof = binder.proof
    names = ", ".join(str(path) for path in binder.paths)
    if binder.unchanged:
        since = f"{datetime.fromisoformat(proof.since).astimezone():%Y-%m-%d %H:%M}"
        state = "stands" if binder.complete else "[bold red]stands, incomplete: a draft[/]"
        _err.print(f"nothing has changed since {since}: ", Text(names), f" {state} ({proof.pages} pages)", sep="")
        return
    state = "[green]complete[/]" if binder.complete else "[bold red]incomplete: a draft[/]"
    _err.print(f"{state}  ", Text(names), sep="", end="")
    _err.print(
        f"  {proof.pages} pages, proved: {proof.labels} labels, {proof.identities} pages as bound, "
        f"{proof.jumps} jumps, {proof.bookmarks} outline entries"
    )
    if binder.receipt.prints:
        _err.print(Text(f"for the printer: {binder.folder / 'print'}, see ticket.pdf there"))


def _binder_json(binder: dossier.Binder) -> dict[str, Any]:
    return {
        "manifest": binder.manifest,
        "folder": str(binder.folder),
        "complete": binder.complete,
        "unchanged": binder.unchanged,
        "volumes": [asdict(volume) for volume in binder.volumes],
        "proof": asdict(binder.proof),
        "problems": [problem.as_dict() for problem in binder.problems],
    }


@_commands.command("watch")
@click.argument("manifests", nargs=-1, metavar="[MANIFEST]")
@click.option("-o", "--output", metavar="DIR", help="Folder for the binder; build/<manifest name> by default.")
@click.option("--engine", type=click.Choice(["auto", "embedded", "libreoffice"]), help="What turns Word into PDF.")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="Conversions at a time; one a core by default.")
@click.option("--strict", is_flag=True, help="Build a draft where there is any warning.")
@click.option("--board", is_flag=True, help="Write the readiness board too; one that is there is kept fresh anyway.")
@_PASSWORDS
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a build to standard output, each a line.")
def watch_command(
    manifests: tuple[str, ...], output: str | None, engine: Engine | None, jobs: int | None, *,
    strict: bool, board: bool, passwords: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Build the binder of MANIFEST, and again whenever the manifest, a source or a template changes; Ctrl+C ends it."""
    from dossier import watch  # noqa: PLC0415 - other commands end by themselves

    paths = _manifests(manifests)
    if len(paths) > 1:
        raise UsageError("this takes one manifest at a time", fix=f"name one of {', '.join(map(str, paths))}")
    folder = Path(output) if output else Path("build") / paths[0].stem

    def build_it(loaded: dossier.Manifest) -> dossier.Binder:
        known = _known(passwords)
        with _progress(quiet=as_json, verbose=False) as tell:
            return dossier.build(
                loaded, folder, engine=engine, jobs=jobs, strict=strict, progress=tell, passwords=known
            )

    def draw(loaded: dossier.Manifest) -> Path:
        from dossier import board  # noqa: PLC0415

        report = dossier.check(loaded, passwords=_known(passwords))
        return board.write(report, folder, now=datetime.now())

    beside = (Path(passwords),) if passwords else ()
    job = watch.Job(paths[0], folder, build_it, draw, board, beside)
    try:
        for number, happening in enumerate(watch.watch(job, watch.Watcher())):
            with interrupts.held():  # else a line that was printed as it came is printed once more
                if as_json:
                    _print_happening_json(happening)
                else:
                    _print_happening(happening, job, first=number < 2)
    except KeyboardInterrupt:
        _err.print("no longer watching")
        return ExitStatus.INTERRUPTED
    return ExitStatus.COMPLETE


def _print_happening(happening: watch.Happening, job: watch.Job, *, first: bool) -> None:
    from dossier import watch  # noqa: PLC0415

    if isinstance(happening, watch.Waiting):
        _err.print(Text(f"waiting for {_listed(happening.names)}, which is being written", style="dim"))
        return
    if isinstance(happening, watch.Begun):
        told = {"added": happening.changes.added, "changed": happening.changes.changed,
                "removed": happening.changes.removed}  # fmt: skip
        said = "; ".join(f"{became}: {_listed(names)}" for became, names in told.items() if names)
        _err.print(Text(f"{happening.time:%H:%M:%S} ", style="bold"), Text(said or f"building {job.manifest}"), sep="")
        return
    _print_round(happening, first=first)
    if first:
        _err.print("watching: every change builds the book again, press Ctrl+C to end", style="dim")


def _print_round(done: watch.Round, *, first: bool) -> None:
    outcome, effect = done.outcome, done.effect
    if isinstance(outcome, ProblemsError):
        _err.print(Text(outcome.message, style="bold red"))
        _show(outcome.problems)
    elif isinstance(outcome, DossierError):
        _err.print(Text(str(outcome), style="bold red"))
    else:
        _report_binder(outcome)
        _show(effect.new if effect and not first else outcome.problems)
        if effect:
            _print_effect(effect)
    if isinstance(done.board, DossierError):
        _err.print(Text(f"the board is as it was: {done.board}", style="yellow"))
    elif done.board:
        _err.print(Text(f"board: {done.board}", style="dim"))


def _print_effect(effect: watch.Effect) -> None:
    for problem in effect.solved:
        where = problem.evidence or problem.item
        said = f"[{where}] {problem.message}" if where else problem.message
        _err.print(Text("solved: ", style="green"), Text(said), sep="")
    moved = sum(change.what == "evidence" and change.became == "moved" for change in effect.changes)
    told = [change for change in effect.changes if change.what != "document" and change.became != "moved"]
    _print_changes(told[:_MOST_NUMBERS], _err)
    pages = effect.pages - effect.pages_before
    rest = [f"{len(told) - _MOST_NUMBERS} more changes"] if len(told) > _MOST_NUMBERS else []
    rest += [f"{pages:+} pages"] if pages else []
    rest += [f"evidence with other page numbers: {moved}"] if moved else []
    rest += [f"sheets to reprint: {effect.printed}"] if effect.printed else []
    if rest:
        _err.print(Text("; ".join(rest), style="dim"))
    elif not (effect.changes or effect.new or effect.solved):
        _err.print("nothing that shows has changed", style="dim")


def _print_happening_json(happening: watch.Happening) -> None:
    """Print a build that has ended, on one line."""
    from dossier import watch  # noqa: PLC0415

    if not isinstance(happening, watch.Round):
        return
    outcome, effect = happening.outcome, happening.effect
    time, changes = happening.time.isoformat(timespec="seconds"), asdict(happening.changes)
    data: dict[str, Any] = {"time": time, "sources": changes, "complete": False}
    if isinstance(outcome, DossierError):
        problems = outcome.problems if isinstance(outcome, ProblemsError) else ()
        data |= {"error": outcome.message, "fix": outcome.fix, "problems": [one.as_dict() for one in problems]}
    else:
        data |= {**_binder_json(outcome), "effect": asdict(effect) if effect else None}
    if happening.board:
        data["board"] = str(happening.board)
    sys.stdout.write(json.dumps(data, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


@_commands.command()
@click.argument("manifests", nargs=-1, metavar="[MANIFEST]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output.")
@click.option("--strict", is_flag=True, help="Take any warning for an error.")
@_PASSWORDS
def check(manifests: tuple[str, ...], *, as_json: bool, strict: bool, passwords: str | None) -> int:
    """Say what is missing and from whom, without building anything."""
    loaded = _load_all(_manifests(manifests))
    known = _known(passwords)
    reports = [dossier.check(one, passwords=known) for one in loaded]
    complete = all(report.complete and not (strict and report.warned) for report in reports)
    if as_json:
        _print_json({"complete": complete, "dossiers": [_report_json(report) for report in reports]})
    else:
        for report in reports:
            _print_report(report)
            _show(report.problems)
    return ExitStatus.COMPLETE if complete else ExitStatus.INCOMPLETE


def _print_report(report: dossier.Report) -> None:
    from dossier.fields import plain_number  # noqa: PLC0415

    title, unit, contact = (Column(name, overflow="fold") for name in ("title", "unit", "contact"))
    table = Table("item", title, unit, "evidence", "points", "claimed", "status", title=Text(report.manifest.title))
    for item in report.items:
        style = "" if item.proved else "red"
        points = (plain_number(item.points), plain_number(item.self_score))
        row = map(Text, (item.id, item.title, item.unit, str(item.evidence), *points))  # brackets are no markup
        table.add_row(*row, Text(item.status, style=style))
    _out.print(table)
    units = Table(Column("unit", overflow="fold"), contact, "items", "complete", "claimed", "with proof", "at risk")
    for state in report.units:
        units.add_row(
            *map(Text, (state.name, state.whom, str(state.items), str(state.complete), *_points(state.standing)))
        )
    units.add_section()
    done = sum(state.complete for state in report.units)
    units.add_row("all", "", str(len(report.items)), str(done), *_points(report.standing), style="bold")
    _out.print(units)
    if report.days_left is not None:
        left = report.days_left
        said = f"{left} days to the deadline" if left >= 0 else f"the deadline was {-left} days ago"
        _out.print(Text(f"{said}, {report.manifest.deadline}"))
    if report.standing.bonus:
        _out.print(Text(f"bonus points claimed: {plain_number(report.standing.bonus)}"))
    if report.standing.vetoes:
        _out.print(Text(f"{report.standing.vetoes} item(s) that cost everything have no proof", style="bold red"))
    for waived in report.waived:
        _out.print(Text(f"waived: [{waived.problem.evidence}] {waived.problem.message}: {waived.reason}", style="dim"))


def _points(standing: Standing) -> tuple[str, str, str]:
    from dossier.fields import plain_number  # noqa: PLC0415

    return plain_number(standing.claimed), plain_number(standing.proved), plain_number(standing.at_risk)


def _report_json(report: dossier.Report) -> dict[str, Any]:
    return {
        "manifest": str(report.manifest.path),
        "title": report.manifest.title,
        "complete": report.complete,
        "items": [asdict(item) for item in report.items],
        "units": [asdict(unit) for unit in report.units],
        "problems": [problem.as_dict() for problem in report.problems],
        "standing": asdict(report.standing),
        "days_left": report.days_left,
        "waived": [{**waived.problem.as_dict(), "reason": waived.reason} for waived in report.waived],
    }


@_commands.command("export")
@click.argument("manifests", nargs=-1, metavar="[MANIFEST]")
@click.option("-o", "--out", required=True, metavar="FILE.xlsx", help="The workbook to write.")
@click.option("--passwords", metavar="FILE", help="Lines of `source: password`, for sources that are encrypted.")
def export_command(manifests: tuple[str, ...], out: str, *, passwords: str | None) -> int:
    """Write the items, their states and what is owed into an Excel workbook, to be edited and imported again."""
    from dossier import exchange  # noqa: PLC0415 - other commands need no Excel

    loaded = _one(manifests)
    known = _known(passwords)
    report = dossier.check(loaded, passwords=known)
    path = Path(out)
    if path.suffix.lower() != ".xlsx":
        raise UsageError(f"{out} is not called .xlsx", fix=f"write -o {path.with_suffix('.xlsx')}")
    try:
        exchange.export(report, path)
    except OSError as error:
        fix = "close it in Excel, or name another file"
        raise OutputError(f"{out} cannot be written: {error.strerror}", fix=fix) from None
    _out.print(Text(f"{len(report.items)} items written to {out}"))
    return ExitStatus.COMPLETE


@_commands.command("import")
@click.argument("workbook", metavar="FILE.xlsx")
@click.option("-o", "--out", default="dossier.yaml", metavar="MANIFEST", help="The manifest to make or to change.")
@click.option("--sheet", default="", help="The sheet that holds the table; left out, the first that has one.")
@click.option("--column", "columns", multiple=True, metavar="HEAD=LETTERS", help="Which column is what: 分值=F.")
@click.option("--title", default="", help="The title of a new manifest; left out, the workbook's name.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def import_command(workbook: str, out: str, *, sheet: str, columns: tuple[str, ...], title: str, dry_run: bool) -> int:
    """Read a table of items from Excel: into a new manifest, or what differs into the one that is there."""
    from dossier import exchange, publish, scoresheet  # noqa: PLC0415 - other commands need no Excel

    wrong = next((column for column in columns if "=" not in column), None)
    if wrong is not None:
        raise UsageError(f"--column {wrong} names no letters", fix="write it like --column 分值=F")
    given = dict(column.split("=", 1) for column in columns)
    table = scoresheet.read(Path(workbook), sheet=sheet, columns=given)
    mapped = ", ".join(f"{name}={letters}" for name, letters in table.columns.items())
    _err.print(Text(f"{workbook}, sheet {table.sheet}: heads in row {table.heads[0]}; columns {mapped}"))
    path = Path(out)
    if path.exists():
        merged = exchange.merge(table, dossier.load(path), path.read_text(encoding="utf-8"))
        for change in merged.changes:
            _out.print(Text(f"{change.item}: {change.key} = {change.value or '(removed)'}"))
        text, problems, done = merged.text, merged.problems, f"{len(merged.changes)} values changed in {out}"
    else:
        text, problems = exchange.start(table, title or table.title or Path(workbook).stem), table.problems
        done = f"{len(table.lines)} items written to {out}"
    _show(problems)
    bad = any(problem.severity == "error" for problem in problems)
    if bad or dry_run:
        _out.print(Text(f"nothing was changed{': correct the table, or map its columns with --column' if bad else ''}"))
        return ExitStatus.INCOMPLETE if bad else ExitStatus.COMPLETE
    publish.write_text(path, text)
    _out.print(Text(done))
    return ExitStatus.COMPLETE


def _one(manifests: tuple[str, ...]) -> dossier.Manifest:
    loaded = _load_all(_manifests(manifests))
    if len(loaded) > 1:
        names = ", ".join(str(one.path) for one in loaded)
        raise UsageError("this takes one manifest at a time", fix=f"name one of {names}")
    return loaded[0]


@_commands.command("board")
@click.argument("manifests", nargs=-1, metavar="[MANIFEST…]")
@click.option("-o", "--out", metavar="DIR", help="Where the binder lies and the board goes; build/<manifest name>.")
@click.option("--passwords", metavar="FILE", help="Lines of `source: password`, for sources that are encrypted.")
def board_command(manifests: tuple[str, ...], out: str | None, *, passwords: str | None) -> int:
    """Write the readiness board: one page for a browser, of what is there and what is owed, that opens the binder."""
    from dossier import board  # noqa: PLC0415 - other commands need no board

    known = _known(passwords)
    loaded = _load_all(_manifests(manifests))
    for one in loaded:
        folder = _output(out, one, several=len(loaded) > 1)
        path = board.write(dossier.check(one, passwords=known), folder, now=datetime.now())
        _out.print(Text(str(path)))
    return ExitStatus.COMPLETE


@_commands.command("gaps")
@click.argument("manifests", nargs=-1, metavar="[MANIFEST…]")
@click.option("-o", "--out", metavar="DIR", help="Folder for the letters; build/<manifest name>/gaps by default.")
@click.option("--pdf", is_flag=True, help="Make a PDF of each letter and of the summary, too.")
@click.option("--engine", type=click.Choice(["auto", "embedded", "libreoffice"]), help="What turns Word into PDF.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The date of the letters; today by default.")
@_PASSWORDS
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output.")
def gaps_command(
    manifests: tuple[str, ...], out: str | None, *,
    pdf: bool, engine: Engine | None, day: datetime | None, passwords: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Write what is owed: a letter to each unit that owes something, a workbook, and a page for the leader.

    Letters and page are filled from the template set's letter.docx and summary.docx. What an earlier run wrote to units
    that owe nothing any more goes. The exit status is 0 when nothing is owed, else 1.
    """
    from dossier import gaps  # noqa: PLC0415 - other commands need no Excel

    known = _known(passwords)
    loaded = _load_all(_manifests(manifests))
    today = day.date() if day else datetime.now().date()
    done: list[gaps.Gaps] = []
    for one in loaded:
        folder = _output(out, one, several=len(loaded) > 1)
        folder = folder if out else folder / "gaps"
        done.append(gaps.write(dossier.check(one, passwords=known), folder, today=today, pdf=pdf, engine=engine))
        if not as_json:
            _print_gaps(done[-1])
    if as_json:
        _print_json({"owed": any(one.owed for one in done), "dossiers": [_gaps_json(one) for one in done]})
    return ExitStatus.INCOMPLETE if any(one.owed for one in done) else ExitStatus.COMPLETE


def _print_gaps(done: gaps.Gaps) -> None:
    for letter in done.written.letters:
        risk = f", {letter.at_risk} points at risk" if letter.at_risk != "0" else ""
        _out.print(Text(f"{done.folder / done.letters[letter.unit]}: {letter.owed} owed{risk}"))
    for name in done.removed:
        _out.print(Text(f"removed: {done.folder / name}", style="dim"))
    for name in done.kept:
        said = f"{done.folder / name} is out of date, and stays, for it was changed since it was written"
        _err.print(Text(f"warning: {said} → delete it, unless it is still of use", style="yellow"))
    for one in done.written.unaddressed:
        named = ", ".join(item.id for item in one.items)
        said = f"{one.owed} owed of items without a unit ({named}), and nobody to write to"
        _err.print(Text(f"warning: {said} → give them a `unit`", style="yellow"))
    for problem in done.written.summary.own:
        _err.print(Text(f"error: {problem.message} → {problem.fix}", style="bold red"))
    summary = done.written.summary
    if done.owed:
        units = f"{len(done.letters)} unit{'s' * (len(done.letters) != 1)}"
        said = f"{summary.owed} owed, letters to {units}, {summary.at_risk} points at risk"
        _out.print(Text(f"{said}; see {', '.join(name for name in done.files if name not in done.letters.values())}"))
    else:
        _out.print(Text(f"nothing is owed in {done.written.manifest.path}"))


def _gaps_json(done: gaps.Gaps) -> dict[str, Any]:
    return {
        "manifest": str(done.written.manifest.path),
        "folder": str(done.folder),
        "owed": done.owed,
        "files": done.files,
        "removed": done.removed,
        "kept": done.kept,
        "summary": asdict(done.written.summary),
        "letters": [{"file": done.letters[one.unit], **asdict(one)} for one in done.written.letters],
        "unaddressed": [asdict(one) for one in done.written.unaddressed],
        "hints": [{"unit": unit, **asdict(hint)} for unit, hint in done.written.hints],
    }


@_commands.command("init")
@click.argument("folder", metavar="FOLDER")
@click.option("-o", "--out", default="dossier.yaml", show_default=True, metavar="MANIFEST", help="What to make.")
@click.option("--title", default="", help="The title of the dossier; left out, the folder's name.")
@click.option("--add", is_flag=True, help="Write what no item names into a manifest that is there.")
def init_command(folder: str, out: str, *, title: str, add: bool) -> int:
    """Propose a manifest from a FOLDER of evidence: folders such as `1-1 …` become items, files their evidence.

    Where the manifest is there already, say which files no item names and where they would belong; nothing is changed
    without --add.
    """
    from dossier import folders, publish  # noqa: PLC0415 - other commands need no proposals

    path, place = Path(out), Path(folder)
    if path.exists():
        return _match(place, path, add=add)
    if add:
        raise UsageError(f"{path} is not there", fix="leave --add out to make it, or name the manifest with -o")
    proposal = folders.propose(place, path, title=title)
    folders.prove(proposal.text, path)
    publish.write_text(path, proposal.text)
    _tell_rest(proposal.left_out, proposal.unplaced)
    _out.print(Text(f"{path}: items: {proposal.items}, evidence: {proposal.proofs}"))
    return ExitStatus.COMPLETE


def _match(place: Path, path: Path, *, add: bool) -> int:
    from dossier import folders, publish  # noqa: PLC0415

    found = folders.match(place, dossier.load(path))
    for item, proof in found.proofs:
        _out.print(Text(f"{item}: {proof.entry()}"))
    _tell_rest(found.left_out, found.unplaced)
    if add and found.proofs:
        publish.write_text(path, folders.add(path.read_bytes().decode(), path, found))
        _out.print(Text(f"{len(found.proofs)} pieces of evidence added to {path}"))
    else:
        rest = "; --add writes them into it" if found.proofs else ""
        _out.print(Text(f"{len(found.proofs)} pieces of evidence that {path} does not name{rest}"))
    return ExitStatus.COMPLETE


def _tell_rest(left_out: Sequence[str], unplaced: Sequence[tuple[str, str]]) -> None:
    for name, why in unplaced:
        _err.print(Text(f"warning: {name} {why}", style="yellow"))
    if left_out:
        _err.print(Text(f"left out: {', '.join(left_out)}", style="dim"))


@_commands.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--word", metavar="FILE.docx", help="Write the steps as a Word sheet, from the set's reprint.docx.")
@click.option("--pdf", metavar="FILE.pdf", help="Write the sheets to print, front and back each, in order.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The date of the Word sheet; today by default.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output.")
def diff_command(
    old: str, new: str, *, word: str | None, pdf: str | None, day: datetime | None, as_json: bool
) -> int:  # fmt: skip
    """Say what differs between the binders OLD and NEW, and which sheets of the printed OLD to change to have NEW.

    Each is a folder with a binder, a receipt.json, or a binder's PDF beside its receipt; or an earlier build by its
    number or its time, as `dossier log` shows them: build/q@3, build/q@2026-11-24. Sheets are printed on both
    sides: pages 1 and 2 of a volume are one sheet. The exit status is 0 when nothing differs, 1 when something does,
    and 2 when OLD or NEW is not there or a PDF is not the one that its receipt speaks of.
    """
    from dossier import comparison, history, reprint  # noqa: PLC0415 - other commands compare nothing

    before, now = (comparison.read(history.find(named)) for named in (old, new))
    for out, suffix in ((word, ".docx"), (pdf, ".pdf")):
        if out is not None:
            _prove_apart(Path(out), suffix, [before, now])
    found = comparison.compare(before, now)
    told = reprint.view(found)
    written: list[str] = []
    if pdf and reprint.write_pdf(found, Path(pdf)):
        written.append(pdf)
    if word and not found.same:
        reprint.write_word(found, Path(word), today=day.date() if day else datetime.now().date())
        written.append(word)
    if as_json:
        _print_json(_diff_json(found, told, written))
    else:
        _print_diff(found, told)
        for name in written:
            _out.print(Text(f"written: {name}"))
        for name in (name for name in (pdf, word) if name and name not in written):
            _err.print(Text(f"there is nothing to put into {name}: it was not written", style="yellow"))
    return ExitStatus.COMPLETE if found.same else ExitStatus.INCOMPLETE


def _prove_apart(out: Path, suffix: str, editions: Sequence[comparison.Edition]) -> None:
    """Raise UsageError where a file to be written is called wrong, or is one of those that are compared."""
    if out.suffix.lower() != suffix:
        raise UsageError(f"{out} is not called {suffix}", fix=f"write {out.with_suffix(suffix)}")
    for edition in editions:
        if out.resolve() in [file.resolve() for file in edition.files if file]:
            raise UsageError(f"{out} is one of the books that are compared", fix="name another file")


def _print_diff(found: comparison.Comparison, told: views.ReprintView) -> None:
    _print_changes(found.changes, _out)
    for step in told.steps:
        sheets = f"  [{step.sheets}]" if step.sheets else ""
        _out.print(Text(f"{step.order}. {step.text}"), Text(sheets, style="dim"), sep="")
    if not found.looks:
        said = "the books do not both lie beside their receipts: how labels look was not compared"
        _err.print(Text(said, style="dim"))
    if found.same:
        _out.print("[green]nothing differs[/]")
    else:
        carried = f", {told.moved} to move" if told.moved else ""
        _out.print(Text(f"{told.printed} sheets to print, {told.out} to take out for good{carried}"))


def _print_changes(changes: Sequence[comparison.Change], console: Console) -> None:
    moved = [change for change in changes if change.became == "moved"]
    shown = [change for change in changes if change not in moved or len(moved) <= _MOST_NUMBERS]
    for change in shown:
        line = Text(f"{change.what} {change.became}: ", style=_BECAME[change.became])
        name = f"{change.old_id} → {change.id}" if change.old_id else change.id
        line.append(f"{name} {change.title}".rstrip(), style="")
        pages = [one.pages for one in (change.was, change.now) if one.pages]
        line.append(f", p. {' → '.join(dict.fromkeys(pages))}" if pages else "", style="dim")
        line.append(f"; different: {_listed(change.pages)}" if change.became == "changed" and change.pages else "")
        line.append(f"; gone: {_listed(change.gone)}" if change.became == "changed" and change.gone else "")
        line.append("".join(f"; {name}: {was or '–'} → {now or '–'}" for name, was, now in change.fields))
        console.print(line)
    if len(shown) < len(changes):
        said = f"{len(moved)} more show the same on pages with other numbers; --json names them"
        console.print(Text(said, style="dim"))


_BECAME = {"added": "green", "removed": "red", "changed": "yellow", "moved": "dim"}


def _listed(numbers: Sequence[str]) -> str:
    shown = numbers if len(numbers) <= _MOST_NUMBERS else (*numbers[: _MOST_NUMBERS - 1], "…", numbers[-1])
    return ", ".join(shown)


_MOST_NUMBERS = 12


def _diff_json(found: comparison.Comparison, told: views.ReprintView, written: Sequence[str]) -> dict[str, Any]:
    printed = {(sheet.volume, sheet.place): number for number, sheet in enumerate(found.printed, start=1)}
    return {
        "same": found.same,
        "old": {"receipt": str(found.old.path), "created": found.old.receipt.created},
        "new": {"receipt": str(found.new.path), "created": found.new.receipt.created},
        "looks_compared": found.looks,
        "changes": [asdict(change) for change in found.changes],
        "sheets": {"print": told.printed, "out": told.out, "move": told.moved},
        "steps": [
            {
                **asdict(said),
                "after": _sheet_json(step.after) if step.after else None,
                "out": [_sheet_json(sheet) for sheet in step.out],
                "kept": [_sheet_json(sheet) for sheet in step.kept],
                "put": [
                    {
                        **_sheet_json(put.sheet),
                        "printed": None if put.origin else printed[put.sheet.volume, put.sheet.place],
                        "from": _sheet_json(put.origin) if put.origin else None,
                    }
                    for put in step.put
                ],
            }
            for step, said in zip(found.steps, told.steps, strict=True)
        ],
        "files": list(written),
    }


def _sheet_json(sheet: sheets.Sheet) -> dict[str, Any]:
    return {
        "volume": sheet.volume,
        "sheet": sheet.place,
        "pages": [side.page for side in sheet.sides],
        "numbers": [side.number for side in sheet.sides],
    }


@_commands.command("freeze")
@click.argument("manifests", nargs=-1, metavar="[MANIFEST]")
@click.option(
    "-o",
    "--book",
    metavar="PATH",
    help="The book that was printed, as `dossier diff` takes it; build/<manifest name> by default.",
)
@click.option("--update", is_flag=True, help="Take over into the lock what was added to the book since.")
@click.option("--release", is_flag=True, help="Give up the printed numbers: remove the lock.")
def freeze_command(manifests: tuple[str, ...], *, book: str | None, update: bool, release: bool) -> int:
    """Keep the page numbers of a book as they are printed, whatever comes later.

    They are written to MANIFEST's lock, `dossier.lock` beside `dossier.yaml`. From then on a build leaves every printed
    page its number: what comes late is put between with numbers like 143A, and what is taken out leaves a sheet.
    """
    from dossier import comparison, history, lock  # noqa: PLC0415 - other commands freeze nothing

    if release and (update or book):
        raise UsageError("--release stands alone", fix="leave out the other options")
    loaded = _one(manifests)
    if release:
        _out.print(Text(f"released: {lock.release(loaded.path)} is gone, the next build numbers the book anew"))
        return ExitStatus.COMPLETE
    printed = comparison.read(history.find(book or str(_output(None, loaded, several=False))))
    path, held = lock.freeze(loaded.path, printed.receipt, update=update)
    _out.print(Text(f"frozen: {held.pages} page numbers, {held.evidence} pieces of evidence, in {path}"))
    return ExitStatus.COMPLETE


@_commands.command("log")
@click.argument("named", required=False, metavar="[DIR|MANIFEST]")
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="How many to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output.")
def log_command(named: str | None, *, last: int, as_json: bool) -> int:
    """Say what each complete build of a binder changed, newest first; the folder's `history` keeps their receipts.

    DIR is the binder's folder. For a manifest it is build/<manifest name>.
    """
    from dossier import history  # noqa: PLC0415 - other commands compare nothing

    folder = _binder_folder(named)
    builds = history.log(folder, last)
    if as_json:
        _print_json({"folder": str(folder), "builds": [_logged_json(build) for build in builds]})
    else:
        _print_log(folder, builds)
    return ExitStatus.COMPLETE


def _binder_folder(named: str | None) -> Path:
    """Return the folder of a binder that was built: one that is named, or that of a manifest, which is not read."""
    if named is not None and not Path(named).exists():
        raise UsageError(f"{named} is not there", fix="name the folder of a finished binder, or its manifest")
    if named is not None and Path(named).is_dir():
        return Path(named)
    paths = _manifests([named] if named else ())
    if len(paths) > 1:
        raise UsageError("this takes one binder at a time", fix=f"name one of {', '.join(map(str, paths))}")
    return Path("build") / paths[0].stem


def _print_log(folder: Path, builds: Sequence[history.Build]) -> None:
    built, changed = Column("built", no_wrap=True), Column("what it changed", overflow="fold")
    table = Table("no.", built, "pages", "sheets", "vol.", "evidence", changed, box=None)
    for build in builds:
        told = (build.pages, build.sheets, build.volumes, build.evidence)
        figures = [""] * len(told) if build.wrong else map(str, told)
        row = (str(build.entry.number), f"{build.entry.built.astimezone():%Y-%m-%d %H:%M}", *figures)
        table.add_row(*map(Text, (*row, _what_changed(build))))
    _out.print(table)
    newest, older = builds[0].entry, builds[1 if len(builds) > 1 else 0].entry
    said = f"dossier diff {folder}@{older.number} {folder}@{newest.built.astimezone():%Y-%m-%d}"
    _err.print(Text(f"compare any two, by number or by day: {said}", style="dim"))


def _what_changed(build: history.Build) -> str:
    if build.wrong:
        return f"cannot be read: {build.wrong}"
    changed = build.changed
    if changed is None:
        return f"engine: {build.engine}"
    told = [] if build.engine == changed.engine else [f"engine: {changed.engine} → {build.engine}"]
    for kind, counts in (("evidence", changed.evidence), ("items", changed.items), ("documents", changed.documents)):
        told += [f"{kind}: {', '.join(f'{count} {became}' for became, count in counts.items())}"] if counts else []
    return "; ".join([*told, "nothing that shows" if changed.same else f"sheets to reprint: {changed.printed}"])


def _logged_json(build: history.Build) -> dict[str, Any]:
    told = {key: value for key, value in asdict(build).items() if key != "entry"}
    entry = build.entry
    return {"number": entry.number, "built": entry.built.isoformat(), "receipt": str(entry.path), **told}


@_commands.command("verify")
@click.argument("path", metavar="DIR|binder.pdf")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output.")
def verify_command(path: str, *, as_json: bool) -> int:
    """Prove a finished binder against its receipt and, where they are still there, its sources."""
    proof = dossier.verify(Path(path))
    if as_json:
        _print_json(asdict(proof))
    else:
        _out.print(
            f"[green]proved[/]: {proof.volumes} volume(s), {proof.pages} pages, {proof.labels} labels, "
            f"{proof.identities} pages as bound, {proof.jumps} jumps, {proof.bookmarks} outline entries"
        )
        for change in proof.changed:
            _err.print(Text(f"warning: {change} → build again before you hand the book in", style="yellow"))
    return ExitStatus.COMPLETE


@_commands.group("templates")
def templates_group() -> None:
    """For template authors."""


@templates_group.command("list")
def templates_list() -> int:
    """Name the template sets and what each holds."""
    from dossier import template_sets  # noqa: PLC0415

    for name in template_sets.available():
        found = template_sets.find_set(name, Path())
        _out.print(Text(f"{name}: {', '.join(found.names)}  "), Text(str(found.folder), style="dim"), sep="")
    return ExitStatus.COMPLETE


@templates_group.command("fields")
@click.argument("template_set", metavar="[SET]", default="official")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the tables of templates/README.md.")
def templates_fields(template_set: str, *, as_json: bool, as_markdown: bool) -> int:
    """Name everything that templates may use, with examples as the set SET shows them."""
    from dossier.authoring import catalogue, lint  # noqa: PLC0415 - other commands draw no templates

    groups = catalogue.catalogue(lint.find(template_set))
    if as_json:
        _print_json({"set": template_set, "groups": [asdict(group) for group in groups]})
    elif as_markdown:
        _out.print(Text(catalogue.markdown(groups)))
    else:
        for group in groups:
            _out.print(_names(group))
    return ExitStatus.COMPLETE


def _names(group: catalogue.Group) -> Table:
    places = {name.where for name in group.names}
    alike = len(places) == 1
    table = Table(title=Text(f"{group.title}: {places.pop()}" if alike else group.title), title_justify="left")
    table.add_column("name", no_wrap=True)
    for column in ("type", "what it is", "example", *([] if alike else ["where"])):
        table.add_column(column, overflow="fold")
    for name in group.names:
        cells = (name.name, name.type, name.says, name.example, *([] if alike else [name.where]))
        table.add_row(*map(Text, cells))
    return table


@templates_group.command("check")
@click.argument("path", metavar="PATH|SET")
@click.option("--fix", is_flag=True, help="Mend what is safe to mend in place; the file as it was is kept as .bak.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output.")
def templates_check(path: str, *, fix: bool, as_json: bool) -> int:
    """Find the mistakes in a Word file, or in all templates of a set, without building."""
    from dossier.authoring import lint  # noqa: PLC0415 - other commands draw no templates

    report = lint.check(path, mend=fix)
    if as_json:
        findings = [found.as_dict() for found in report.findings]
        _print_json({"sound": report.sound, "files": report.files, "backups": report.backups, "findings": findings})
    else:
        _print_findings(report)
    return ExitStatus.COMPLETE if report.sound else ExitStatus.INCOMPLETE


def _print_findings(report: lint.Report) -> None:
    """Print each finding once, with all the files that it is about."""
    files: dict[lint.Finding, list[str]] = {}
    for found in report.findings:
        files.setdefault(replace(found, file=""), []).append(found.file)
    for found, names in files.items():
        line = Text("mended: " if found.mended else f"{found.severity}: ")
        line.stylize("green" if found.mended else _STYLES[found.severity])
        named = list(dict.fromkeys(names))
        every = len(named) == len(report.files) > 2
        line.append(f"all {len(named)} files" if every else ", ".join(named), style="bold")
        line.append(f", {found.place}" if found.place else "")
        line.append(f": {found.message}")
        line.append(f", in “{found.text}”" if found.text and found.text not in found.message else "")
        line.append("" if found.mended else f" → {found.fix}")
        _out.print(line)
    for backup in report.backups:
        _out.print(Text(f"as it was: {backup}", style="dim"))
    counts = Counter("mended" if found.mended else found.severity for found in files)
    said = ", ".join(f"{counts[kind]} {kind}" for kind in ("error", "warning", "info", "mended") if counts[kind])
    count = f"{len(report.files)} file" + "s" * (len(report.files) != 1)
    state = "[green]sound[/]" if report.sound else "[bold red]not sound[/]"
    _out.print(f"{state}  {count}: {said or 'nothing to say'}")


@templates_group.command("preview")
@click.argument("path", metavar="PATH|SET")
@click.option("-o", "--output", metavar="DIR", required=True, help="Folder for the PDF files and pictures.")
@click.option("--manifest", "manifest_path", metavar="FILE", help="Show this dossier; an example by default.")
@click.option("--engine", type=click.Choice(["embedded", "libreoffice"]), default="embedded", show_default=True,
              help="What draws the pages.")  # fmt: skip
@click.option("--watch", is_flag=True, help="Draw again whenever a file is saved; Ctrl+C ends it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output.")
def templates_preview(
    path: str, output: str, manifest_path: str | None, engine: preview.Engine, *, watch: bool, as_json: bool
) -> int:
    """Fill one Word file, or every template of a set, and draw its pages; nothing is bound."""
    from dossier.authoring import preview  # noqa: PLC0415 - other commands draw no templates

    shown_dossier = Path(manifest_path) if manifest_path else None
    if watch and as_json:
        raise UsageError("--watch and --json do not go together", fix="leave one of them out")
    if not watch:
        shown = preview.preview(path, Path(output), dossier=shown_dossier, engine=engine)
        if as_json:
            _print_json({"engine": shown.engine, "sheets": [asdict(sheet) for sheet in shown.sheets]})
        else:
            _print_preview(shown)
        return ExitStatus.COMPLETE
    for number, seen in enumerate(preview.watch(path, Path(output), dossier=shown_dossier, engine=engine)):
        if isinstance(seen, preview.Preview):
            _print_preview(seen)
        else:
            _err.print(Text(str(seen), style="bold red"))
        if number == 0:
            _err.print("watching: save the file in Word to see it anew, press Ctrl+C to end", style="dim")
    return ExitStatus.COMPLETE


def _print_preview(shown: preview.Preview) -> None:
    for sheet in shown.sheets:
        count = "1 page" if len(sheet.pages) == 1 else f"{len(sheet.pages)} pages"
        _out.print(Text(f"{sheet.template}: {count}  "), Text(str(sheet.pdf), style="dim"), sep="")
        for note in sheet.notes:
            _err.print(Text(f"{note.severity}: {sheet.template}: {note.message} → {note.fix}", style="yellow"))
    otherwise = f"; {shown.otherwise}" if shown.otherwise else ""
    _err.print(Text(f"drawn by {shown.engine}{otherwise}", style="dim"))


@templates_group.command("new")
@click.argument("name")
@click.option("--from", "base", metavar="SET", default="official", show_default=True, help="The set to copy.")
def templates_new(name: str, base: str) -> int:
    """Make a set of your own in the folder NAME: a copy to start from, with a how-to."""
    from dossier.authoring import lint, starter  # noqa: PLC0415 - other commands draw no templates

    folder = starter.start(name, lint.find(base))
    _out.print(Text(str(folder)), "  open READ-ME-FIRST.docx in it", sep="")
    return ExitStatus.COMPLETE


@_commands.command()
def schema() -> int:
    """Print the manifest's JSON Schema."""
    _print_json(dossier.json_schema())
    return ExitStatus.COMPLETE


@_commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output.")
def doctor(*, as_json: bool) -> int:
    """Say which engines, fonts and tools are here, and what a missing one would add."""
    from dossier import doctor as examination  # noqa: PLC0415 - it loads every converter

    found = examination.examine()
    if as_json:
        _print_json(asdict(found))
        return ExitStatus.COMPLETE
    tools = Table("tool", "found", "what it is for", title="engines and tools")
    for tool in found.tools:
        version = Text(tool.version) if tool.version else Text("not here", style="yellow")
        tools.add_row(tool.name, version, tool.purpose)
    _out.print(tools)
    faces = Table("font", "LibreOffice draws", "embedded draws", title="fonts")
    for font in found.fonts:
        faces.add_row(*map(Text, (font.name, font.libreoffice, font.embedded)))
    _out.print(faces)
    formats = Table("format", "can be bound here", title="formats")
    for one in found.formats:
        formats.add_row(one.name, "yes" if one.works else Text(one.remedy, style="yellow"))
    _out.print(formats)
    return ExitStatus.COMPLETE


@_commands.group("cache")
def cache_group() -> None:
    """The converted parts that are kept between builds."""


@cache_group.command("size")
def cache_size() -> int:
    """Say how much is kept, and where."""
    from dossier import cache as store  # noqa: PLC0415

    kept = store.Cache(store.default_folder())
    count, size = kept.size()
    _out.print(f"{count} parts, {size / 1e6:.1f} MB in ", Text(str(kept.folder)), sep="")
    return ExitStatus.COMPLETE


@cache_group.command("clear")
def cache_clear() -> int:
    """Remove every part that is kept."""
    from dossier import cache as store  # noqa: PLC0415

    count = store.Cache(store.default_folder()).clear()
    _out.print(f"{count} parts removed")
    return ExitStatus.COMPLETE


def _show(problems: Sequence[Problem]) -> None:
    for problem in problems[:_MOST_SHOWN]:
        line = Text(f"{problem.severity}: ", style=_STYLES[problem.severity])
        line.append(str(problem), style="")
        _err.print(line)
    if len(problems) > _MOST_SHOWN:
        _err.print(f"… and {len(problems) - _MOST_SHOWN} more; --json lists them all")


def _print_json(data: object) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=1, default=_plain) + "\n")


def _plain(value: object) -> str:
    return str(value)


@contextmanager
def _progress(*, quiet: bool, verbose: bool) -> Iterator[Callable[[dossier.Event], None]]:
    """Show bars on a terminal; elsewhere say nothing, or with ``verbose`` one line a file."""
    if quiet or not _err.is_terminal:
        yield _line_by_line if verbose and not quiet else lambda event: None
        return
    from rich import progress  # noqa: PLC0415 - most runs show no bars

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.fields[name]}", style="dim", markup=False),
    )
    with progress.Progress(*columns, console=_err, transient=not verbose) as bars:
        tasks: dict[str, Any] = {}

        def tell(event: dossier.Event) -> None:
            if event.stage not in tasks:
                tasks[event.stage] = bars.add_task(_STAGES[event.stage], total=None, name="")
            bars.update(
                tasks[event.stage], completed=event.done, total=event.total or None, name=Path(event.name).name[-40:]
            )

        yield tell


def _line_by_line(event: dossier.Event) -> None:
    count = f" {event.done}/{event.total}" if event.total else ""
    _err.print(Text(f"{_STAGES[event.stage]}{count} {event.name}".rstrip()))
