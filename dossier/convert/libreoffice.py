"""Office files → PDF by LibreOffice: the one module that starts ``soffice``.

LibreOffice answers 0 when it failed, hangs on some files, crashes on others and leaves processes behind; the evidence
it is given is hostile. So each run has a profile and folders of its own, no network where the system lets us take it
away, and ends with its whole process group killed; what it made is believed only when it opens and has a page.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from natsort import natsorted

from dossier import interrupts, limits
from dossier.convert import longtable, office, sheet, table
from dossier.convert.office import Format
from dossier.errors import ConversionError, EngineCrash, EngineError
from dossier.part import Note

TIMEOUT = 120.0
"""Seconds a run may pass without finishing one more file."""
MEMORY = 8 * 1024**3
"""Bytes of address space for LibreOffice: long documents take 0.6 GiB, and one process converts up to 50 files.

A bomb is to end it, and not the machine. Any file that it writes is bounded as ours are, and a crash leaves no core.
"""
_VERSION_TIMEOUT = 60.0
_POLL = 0.05
_LOG_TAIL = 300
_OVERRIDE = "DOSSIER_SOFFICE"
_NAMES = ("soffice", "libreoffice", "soffice.com")
_USUAL_PLACES = (
    "/usr/lib/libreoffice/program/soffice",
    "/usr/lib64/libreoffice/program/soffice",
    "/opt/libreoffice*/program/soffice",
    "/snap/bin/libreoffice",
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    "C:/Program Files/LibreOffice/program/soffice.com",
    "C:/Program Files (x86)/LibreOffice/program/soffice.com",
)
_SNAP = "/snap/libreoffice/current"
_INSTALLED = ("soffice.bin", "versionrc", "version.ini")
_KEPT_ENVIRONMENT = ("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT")
_SANDBOXES = (
    ("--net", "--pid"),
    ("--user", "--map-root-user", "--net", "--pid"),
)

_TO_XLSX = frozenset({Format.XLS, Format.XLSB, Format.XLS_XML, Format.ODS})
"""Workbooks that become XLSX in a first run, so that they can be set up for the page like any other."""
_HTML_READER = "HTML (StarWriter)"
"""Left to itself, LibreOffice takes HTML for a web document, and its PDF lacks the first paragraph."""
_XLS_READER = "MS Excel 97"
"""Reads the workbooks of older versions, too; left to itself, LibreOffice prints the bytes of a damaged one as text."""
_TABLES = {Format.CSV: table.from_text, Format.HTML_TABLE: table.from_html}

_WRITER, _CALC, _COMMON = (f"/org.openoffice.Office.{name}" for name in ("Writer", "Calc", "Common"))
_INET = "/org.openoffice.Inet/Settings"
_PDF_EXPORT = f"{_COMMON}/Filter/PDF/Export"
_Setting = tuple[str, str, str]
_SETTINGS: tuple[_Setting, ...] = (
    # Nothing in a document runs.
    (f"{_COMMON}/Security/Scripting", "DisableMacrosExecution", "true"),
    (f"{_COMMON}/Security/Scripting", "MacroSecurityLevel", "3"),
    ("/org.openoffice.Office.Java/VirtualMachine", "Enable", "false"),
    # Nothing is fetched: linked pictures, sections, sheets, DDE.
    (f"{_COMMON}/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    (f"{_WRITER}/Content/Update", "Link", "2"),  # never
    (f"{_CALC}/Content/Update", "Link", "1"),  # never; Calc counts differently
    (f"{_CALC}/Formula/Load", "OOXMLRecalcMode", "1"),  # never: the page shows what its author saw
    (f"{_CALC}/Formula/Load", "ODFRecalcMode", "1"),
    # What asks all the same is sent to a proxy that is not there: not every system lets us take the network away.
    (_INET, "ooInetProxyType", "2"),
    (_INET, "ooInetNoProxy", ""),
    *((_INET, f"ooInet{protocol}ProxyName", "127.0.0.1") for protocol in ("HTTP", "HTTPS", "FTP")),
    *((_INET, f"ooInet{protocol}ProxyPort", "9") for protocol in ("HTTP", "HTTPS", "FTP")),
    # Nothing asks, restores, reports or greets.
    ("/org.openoffice.Setup/Office", "ooSetupInstCompleted", "true"),
    (f"{_COMMON}/Misc", "FirstRun", "false"),
    (f"{_COMMON}/Misc", "CrashReport", "false"),
    (f"{_COMMON}/Misc", "ShowTipOfTheDay", "false"),
    ("/org.openoffice.Office.Recovery/RecoveryInfo", "Enabled", "false"),
    (f"{_COMMON}/Save/Document", "AutoSave", "false"),
    # What the PDF is like: pictures as they are, bookmarks kept, fields drawn.
    (_PDF_EXPORT, "UseTaggedPDF", "false"),
    (_PDF_EXPORT, "ExportBookmarks", "true"),
    (_PDF_EXPORT, "ExportNotes", "false"),
    (_PDF_EXPORT, "ExportFormFields", "false"),
    (_PDF_EXPORT, "ReduceImageResolution", "false"),
    (_PDF_EXPORT, "ExportLinksRelativeFsys", "false"),
)
_PLACES = ((_PDF_EXPORT, "ExportBookmarksToPDFDestination", "true"),)
"""Makes a PDF tell the places of Word's bookmarks."""

# What looking into a file that breaks the rules of its format may raise, in what does not say so by itself.
_UNFORESEEN = (
    *(ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, RuntimeError, EOFError),
    *(SyntaxError, zipfile.BadZipFile, zlib.error),  # the first is what XML that is none raises
)

VERSION = "1 " + hashlib.sha256(repr(_SETTINGS).encode()).hexdigest()[:12]
"""Part of every cache key: the settings above are, and the number is raised when files are handed over otherwise."""

Outcome = tuple[Note, ...] | ConversionError


@dataclass(frozen=True, slots=True)
class _Job:
    """One file as LibreOffice gets it: ``name`` is plain ASCII, ``notes`` what was seen before handing it over."""

    source: Path
    name: str
    kind: Format | None
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class _Release:
    """What LibreOffice says that it is: name, number (``7.4.7.2``), and the build, empty where it does not say that."""

    name: str
    number: str
    build: str


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a process ended: ``died`` (a crash, or a status other than 0), ``hung`` until it was killed, or neither."""

    died: bool = False
    hung: bool = False
    said: str = ""


def find() -> Path | None:
    """Return the ``soffice`` to use, or None: the one ``DOSSIER_SOFFICE`` names, on the path, or in a usual place.

    Raises EngineError where ``DOSSIER_SOFFICE`` names nothing that can be run.
    """
    named = os.environ.get(_OVERRIDE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise EngineError(
                f"{_OVERRIDE} is {named!r}, where there is no program",
                fix=f"point {_OVERRIDE} at the soffice program of a LibreOffice, or unset it",
            )
        return Path(found)
    on_path = next(filter(None, map(shutil.which, _NAMES)), None)
    if on_path:
        return Path(on_path)
    for place in _USUAL_PLACES:
        root = Path(place).anchor
        for path in natsorted(Path(root).glob(place.removeprefix(root)), reverse=True) if root else ():
            if path.is_file():
                return path
    return None


def looked_for() -> tuple[list[str], list[Path]]:
    """Return what :func:`find` looks for: names of programs, and paths; with what changes as its version does."""
    named = os.environ.get(_OVERRIDE)
    paths = [Path(place) for place in _USUAL_PLACES if Path(place).anchor]
    # A pattern leads to what is in its folder, and snaps are behind a link of one name.
    places = [Path(*takewhile(lambda part: "*" not in part, path.parts)) for path in paths] + [Path(_SNAP)]
    with suppress(EngineError):
        found = find()
        real = found.resolve() if found is not None else Path()
        places += [real, *filter(Path.exists, (real.with_name(name) for name in _INSTALLED))] if found else []
    return [named] if named else [*_NAMES], places


def version() -> str:
    """Return name and number, such as ``LibreOffice 7.4.7.2``; raises EngineError where it is absent or broken."""
    release = _release_of(_soffice())
    return f"{release.name} {release.number}"


def convert(source: Path, out: Path, *, fontconfig: Path | None = None, timeout: float = TIMEOUT) -> tuple[Note, ...]:
    """Convert one office file to the PDF ``out``; raises ConversionError, or EngineError as :func:`convert_batch`."""
    [outcome] = convert_batch([(source, out)], fontconfig=fontconfig, timeout=timeout)
    if isinstance(outcome, ConversionError):
        raise outcome
    return outcome


def convert_batch(
    jobs: Sequence[tuple[Path, Path]], *, fontconfig: Path | None, timeout: float = TIMEOUT
) -> list[Outcome]:
    """Convert many office files, ``(source, out)`` each, with one LibreOffice process; one outcome a job, in order.

    Workbooks of other formats than XLSX take a process more, which makes them XLSX first; web pages take one of their
    own. ``fontconfig`` is a configuration file for fontconfig. A run that finishes no file for ``timeout`` seconds is
    killed. The file a process died on, and files it left without a result, are tried once more, each alone in a new
    process. The outcome of a file is its notes, or a ConversionError (EngineCrash where LibreOffice itself failed).
    Raises EngineError where LibreOffice is absent or cannot be started.
    """
    soffice = _soffice()
    release = _release_of(soffice)  # one that does not work at all is no fault of the files
    outcomes: dict[int, Outcome] = {}
    prepared: dict[int, _Job] = {}
    # Beside what is made, where whoever is killed leaves nothing that is not found later.
    beside = jobs[0][1].parent.absolute() if jobs else None
    with tempfile.TemporaryDirectory(prefix="dossier-office-", dir=beside, ignore_cleanup_errors=True) as folder:
        desk = _Desk(soffice, release, Path(folder), fontconfig, timeout)
        for position, (source, _) in enumerate(jobs):
            try:
                prepared[position] = _prepare(source, desk.sources, position + 1)
            except ConversionError as error:
                outcomes[position] = error
        outcomes |= _set_up_sheets(desk, prepared)
        in_pieces = {job.name for job in prepared.values() if _convert_in_pieces(desk, job)}
        waiting = [job for job in prepared.values() if job.name not in in_pieces]
        pages = [job for job in waiting if job.kind is Format.HTML]
        others = [job for job in waiting if job.kind is not Format.HTML]
        endings = desk.convert(others, "pdf") | desk.convert(pages, "pdf", reader=_HTML_READER)
        for position, job in prepared.items():
            made = desk.result_of(job, "pdf")
            if made.is_file():
                shutil.move(made, jobs[position][1])
                outcomes[position] = job.notes
            else:
                outcomes[position] = _failure(job, endings[job.name], timeout)
    return [outcomes[position] for position in range(len(jobs))]


class _Desk:
    """The folders of one batch: sources come in by ``sources``, what can be believed goes out by ``results``."""

    def __init__(self, soffice: Path, release: _Release, folder: Path, fontconfig: Path | None, timeout: float) -> None:
        self.soffice = soffice
        self.release = release
        self.folder = folder
        self.fontconfig = fontconfig
        self.timeout = timeout
        self.sources = folder / "sources"
        self.results = folder / "results"
        self.sources.mkdir()
        self.results.mkdir()

    def convert(
        self, jobs: Sequence[_Job], target: str, reader: str = "", more: Sequence[_Setting] = ()
    ) -> dict[str, _Ending]:
        """Convert ``jobs`` to ``target``; return, by name, how the last process ended that left a job without it.

        ``reader`` names the import filter, where it is not to be LibreOffice's choice; ``more`` are settings.
        """
        endings: dict[str, _Ending] = {}
        again: list[_Job] = []
        waiting = list(jobs)
        while waiting:
            ending = self._run(waiting, target, reader, more)
            missing = [job for job in waiting if not self.result_of(job, target).is_file()]
            # A process that failed was working on the first file it had not finished, and never saw those after it.
            tried = missing[:1] if ending.died or ending.hung else missing
            endings |= dict.fromkeys((job.name for job in tried), ending)
            if not (ending.hung and len(waiting) == 1):
                again += tried
            waiting = missing[len(tried) :]
        for job in again:
            endings[job.name] = self._run([job], target, reader, more)
        return endings

    def result_of(self, job: _Job, target: str) -> Path:
        """Return where the ``target`` (``pdf`` or ``xlsx``) of ``job`` is, if it was made."""
        return self.results / f"{Path(job.name).stem}.{target}"

    def _run(self, jobs: Sequence[_Job], target: str, reader: str, more: Sequence[_Setting]) -> _Ending:
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="run-", ignore_cleanup_errors=True) as name:
            room = Path(name)
            made, profile = room / "made", room / "profile"
            for folder in (made, room / "tmp", profile / "user"):
                folder.mkdir(parents=True)
            _write_profile(profile / "user", self.release, more)
            command = [
                *_sandbox(),
                *_limited(),
                os.fspath(self.soffice),
                f"-env:UserInstallation={profile.as_uri()}",
                *("--headless", "--invisible", "--nologo", "--nodefault", "--norestore", "--nolockcheck"),
                *((f"--infilter={reader}",) if reader else ()),
                *("--convert-to", target, "--outdir", os.fspath(made)),
                *(os.fspath(self.sources / job.name) for job in jobs),
            ]
            try:
                ending = _watch(command, room, _environment(room, self.fontconfig), made, self.timeout)
            finally:
                _remove_socket(profile)
            for job in jobs:
                result = self.result_of(job, target)
                if _is_whole(made / result.name):
                    (made / result.name).replace(result)
            return ending


def _remove_socket(profile: Path) -> None:
    """Remove the socket by which an instance is found by its profile: one that was killed leaves it.

    LibreOffice names it after the MD5 of the profile's address in UTF-16, without leading noughts, and puts it where
    its folder for temporary files does not count.
    """
    if sys.platform == "win32":
        return
    digest = hashlib.md5(profile.as_uri().encode("utf-16-le"), usedforsecurity=False).digest()
    name = f"OSL_PIPE_{os.getuid()}_SingleOfficeIPC_{''.join(f'{byte:x}' for byte in digest)}"
    for folder in _SOCKETS:
        with suppress(OSError):
            (folder / name).unlink()


_SOCKETS = (Path("/tmp"), Path("/var/tmp"))


def _watch(command: Sequence[str], room: Path, environment: Mapping[str, str], made: Path, timeout: float) -> _Ending:
    with _running(command, room, environment) as process:
        finished, deadline = 0, time.monotonic() + timeout
        while not _has_ended(process):
            now = sum(1 for _ in made.iterdir())
            if now > finished:
                finished, deadline = now, time.monotonic() + timeout
            if time.monotonic() > deadline:
                return _Ending(hung=True)
            time.sleep(_POLL)
    return _Ending(died=process.returncode != 0, said=_last_words(room))


@contextmanager
def _running(command: Sequence[str], room: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process in a group of its own; on any way out, that whole group is dead."""
    process: subprocess.Popen[bytes] | None = None
    try:
        with (room / "log").open("wb") as log, interrupts.held():
            process = subprocess.Popen(
                command,
                cwd=room,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    except OSError as error:
        raise EngineError(
            f"LibreOffice cannot be started: {error}",
            fix=f"reinstall LibreOffice, or point {_OVERRIDE} at one that works",
        ) from error
    else:
        yield process
    finally:
        if process is not None:
            _kill_group(process)
            process.wait()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    if sys.platform == "win32":
        return process.poll() is not None
    # The process is left unreaped, so that its group's number cannot pass to a stranger before the group is killed.
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        kill = ["taskkill", "/PID", str(process.pid), "/T", "/F"]
        subprocess.run(kill, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        return
    with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        os.killpg(process.pid, signal.SIGKILL)


def _last_words(room: Path) -> str:
    text = (room / "log").read_bytes()[-_LOG_TAIL:].decode("utf-8", "replace")
    lines = [line.strip() for line in text.replace(os.fspath(room), "").splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _is_whole(made: Path) -> bool:
    """Say whether a PDF exists, opens without repair, and has a page; or whether a package exists and opens."""
    if made.suffix != ".pdf":
        return zipfile.is_zipfile(made)
    import pikepdf  # noqa: PLC0415 - to say whether LibreOffice is here takes none

    try:
        with limits.bounded(), pikepdf.open(made, attempt_recovery=False) as document:
            return len(document.pages) > 0
    except (FileNotFoundError, pikepdf.PdfError, MemoryError):
        return False


def _prepare(source: Path, folder: Path, number: int) -> _Job:
    """Look into ``source`` and copy it, without what it would fetch from elsewhere, under a plain name."""
    with _bounded(source):
        kind = office.format_of(source)
        if kind in _TABLES:
            name = f"{number:04d}{Format.XLSX}"
            notes = _TABLES[kind](source, folder / name)
        else:
            name = f"{number:04d}{kind or source.suffix.lower()}"
            notes = office.copy_safely(source, kind, folder / name)
    return _Job(source, name, kind, notes)


@contextmanager
def _bounded(source: Path) -> Iterator[None]:
    """Bound what looking into one file takes; whatever goes wrong with it is raised as that file's own failure."""
    fix = "open it in Office, print it to PDF and name that file"
    large = ConversionError(
        f"{source.name}: it takes more than {limits.MEMORY >> 30} GiB of memory to look into",
        fix=f"split it, or {fix}",
        code="oversized-source",
    )
    try:
        with limits.bounded():
            yield
    except MemoryError:
        raise large from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EngineError(
                f"there is no room left in {tempfile.gettempdir()}", fix="make room there, or point TMPDIR elsewhere"
            ) from error
        if error.errno == errno.EFBIG:
            raise large from error
        raise ConversionError(
            f"{source.name} cannot be read: {error.strerror}", fix="check that the file is there and may be read"
        ) from error
    except _UNFORESEEN as error:
        said = " ".join(f"{type(error).__name__} {error}".split())[:200]
        raise ConversionError(
            f"{source.name}: it breaks the rules of its format: {said}", fix=fix, code="damaged-source"
        ) from error


def _convert_in_pieces(desk: _Desk, job: _Job) -> bool:
    """Convert a Word file of one long table piece by piece; False where that is not to be, or does not work out."""
    if job.kind is not Format.DOCX:
        return False
    with _bounded(job.source):
        table = longtable.find(desk.sources / job.name)
    if table is None:
        return False
    pieces: list[tuple[Path, int]] = []
    first = 0
    while first < len(table.rows):
        piece = replace(job, name=f"{Path(job.name).stem}-{len(pieces) + 1}{Format.DOCX}")
        with _bounded(job.source):
            end = table.write(first, desk.sources / piece.name)
        desk.convert([piece], "pdf", more=_PLACES)
        made = desk.result_of(piece, "pdf")
        if not made.is_file():
            return False
        with _bounded(job.source):
            found = table.cut(made, first, end)
        if found is None:
            return False
        pages, first = found
        pieces.append((made, pages))
    with _bounded(job.source):
        return longtable.join(pieces, desk.result_of(job, "pdf"))


def _set_up_sheets(desk: _Desk, jobs: dict[int, _Job]) -> dict[int, Outcome]:
    """Make every workbook among ``jobs`` one that prints well; take out those that cannot be, and return why."""
    outcomes: dict[int, Outcome] = {}
    workbooks = {position: job for position, job in jobs.items() if job.kind in office.SHEETS}
    old = [job for job in workbooks.values() if job.kind is Format.XLS]
    others = [job for job in workbooks.values() if job.kind in _TO_XLSX and job.kind is not Format.XLS]
    endings = desk.convert(old, "xlsx", reader=_XLS_READER) | desk.convert(others, "xlsx")
    for position, job in workbooks.items():
        try:
            jobs[position] = _set_up(desk, job, endings)
        except ConversionError as error:
            outcomes[position] = error
            del jobs[position]
    return outcomes


def _set_up(desk: _Desk, job: _Job, endings: Mapping[str, _Ending]) -> _Job:
    made = desk.result_of(job, "xlsx")
    if job.kind in _TO_XLSX and not made.is_file():
        raise _failure(job, endings[job.name], desk.timeout)
    with _bounded(job.source):
        return _as_printed(desk, job, made)


def _as_printed(desk: _Desk, job: _Job, made: Path) -> _Job:
    """Set a workbook up for the page; ``made`` is what LibreOffice made of an old one."""
    found, notes = desk.sources / job.name, job.notes
    if job.kind in _TO_XLSX:
        found = desk.sources / f"new-{made.name}"
        notes += tuple(note for note in office.copy_safely(made, Format.XLSX, found) if note not in notes)
    ready = desk.sources / f"{Path(job.name).stem}{Format.XLSX}"
    prepared = desk.sources / f"prepared-{ready.name}"
    hidden = office.hidden_sheets(desk.sources / job.name, job.kind)
    notes += sheet.prepare(found, prepared, name=job.source.name, hidden=hidden)
    prepared.replace(ready)
    return replace(job, name=ready.name, notes=notes)


def _failure(job: _Job, ending: _Ending, timeout: float) -> ConversionError:
    name = job.source.name
    fix = "open it in Office, print it to PDF and name that file"
    if ending.hung:
        return EngineCrash(
            f"{name}: LibreOffice was still busy after {timeout:g} s and was stopped", fix=fix, code="hung-source"
        )
    said = f": {ending.said}" if ending.said else ""
    if ending.died:
        return EngineCrash(f"{name}: LibreOffice crashed on it{said}", fix=fix, code="crashed-source")
    return ConversionError(
        f"{name}: LibreOffice made no PDF of it{said}",
        fix=f"the file may be damaged or locked with a password: {fix}",
        code="unreadable-source",
    )


def _write_profile(folder: Path, release: _Release, more: Sequence[_Setting]) -> None:
    """Write settings, and what a profile that this release has used before says of it.

    A profile that is new to LibreOffice takes two thirds of its start: it tries how fast it draws, puts its extensions
    in order, and starts once more.
    """
    last = ("/org.openoffice.Setup/Product", "ooSetupLastVersion", ".".join(release.number.split(".")[:2]))
    items = "".join(
        f'<item oor:path={quoteattr(node)}><prop oor:name={quoteattr(name)} oor:op="fuse">'
        f"<value>{escape(value)}</value></prop></item>\n"
        for node, name, value in (*_SETTINGS, *more, last)
    )
    if release.build:
        (folder / "extensions").mkdir()
        (folder / "extensions" / "buildid").write_text(release.build, encoding="utf-8")
    (folder / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n{items}</oor:items>\n',
        encoding="utf-8",
    )


def _environment(room: Path, fontconfig: Path | None) -> dict[str, str]:
    """Return all that LibreOffice learns of ours: no proxies, no preloads, no other profile."""
    environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    temporary = os.fspath(room / "tmp")
    environment |= {"HOME": os.fspath(room), "TMPDIR": temporary, "TEMP": temporary, "TMP": temporary}
    if sys.platform == "linux":
        environment |= {"SAL_USE_VCLPLUGIN": "svp", "LC_ALL": "C.UTF-8"}
        environment["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1"  # memory in large pieces: a tenth less work
    if fontconfig is not None:
        environment["FONTCONFIG_FILE"] = os.fspath(fontconfig.resolve())
    return environment


@lru_cache(maxsize=1)
def _sandbox() -> tuple[str, ...]:
    """Return what to put before the command so that it has no network and dies with us, or nothing where that fails."""
    setpriv, unshare = shutil.which("setpriv"), shutil.which("unshare")
    if not (setpriv and unshare):
        return ()
    for spaces in _SANDBOXES:
        prefix = (setpriv, "--pdeathsig", "KILL", unshare, *spaces, "--fork", "--kill-child", "--")
        if _runs([*prefix, "true"]):
            return prefix
    return ()


@lru_cache(maxsize=1)
def _limited() -> tuple[str, ...]:
    """Return what to put before the command so that it has limits of its own, or nothing where that fails."""
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        return ()
    prefix = (prlimit, f"--as={MEMORY}", f"--fsize={limits.OUTPUT}", "--core=0", "--")
    return prefix if _runs([*prefix, "true"]) else ()


def _runs(command: Sequence[str]) -> bool:
    try:
        trial = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return trial.returncode == 0


def _soffice() -> Path:
    found = find()
    if found is None:
        raise EngineError(
            "LibreOffice is not installed",
            fix=f"install LibreOffice, point {_OVERRIDE} at its soffice program, or build with --engine embedded",
        )
    return found


@lru_cache(maxsize=4)
def _release_of(soffice: Path) -> _Release:
    with tempfile.TemporaryDirectory(prefix="dossier-office-", ignore_cleanup_errors=True) as name:
        room = Path(name)
        (room / "tmp").mkdir()
        command = [os.fspath(soffice), f"-env:UserInstallation={(room / 'profile').as_uri()}", "--version"]
        ending = _watch(command, room, _environment(room, None), room / "tmp", _VERSION_TIMEOUT)
        text = (room / "log").read_text(encoding="utf-8", errors="replace")
    found = re.search(r"([A-Za-z]\w*) (\d+(?:\.\d+)+) ?(\S*)", text)
    if ending.died or ending.hung or not found:
        raise EngineError(
            f"{soffice} does not say its version",
            fix=f"run it with --version to see why, reinstall LibreOffice, or point {_OVERRIDE} at one that works",
        )
    return _Release(found[1], found[2], found[3])
