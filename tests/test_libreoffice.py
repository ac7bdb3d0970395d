"""LibreOffice is not believed, not waited for without end, and never left behind: mostly with a stand-in for it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import docx
import pikepdf
import pypdf
import pytest
from lxml import etree  # type: ignore[import-untyped]

from dossier import convert, limits, workers
from dossier.cache import Cache
from dossier.convert import libreoffice, pdf, pool, sheet
from dossier.convert import office as formats
from dossier.errors import ConversionError, EngineCrash, EngineError
from dossier.part import Note, Part
from dossier.sources import Kind, sha256_of

FAKE = Path(__file__).with_name("fake_soffice.py")
REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
ATTACHED_TEMPLATE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script that starts by its first line")
linux = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")


class Fake:
    """A folder with a stand-in for soffice, and what it was asked to do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "soffice"
        folder.mkdir()
        body = FAKE.read_text(encoding="utf-8")
        self.program.write_text(f"#!{sys.executable}\n{body}", encoding="utf-8")
        self.program.chmod(self.program.stat().st_mode | stat.S_IXUSR)

    @property
    def runs(self) -> list[dict[str, Any]]:
        log = self.folder / "runs.jsonl"
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []

    @property
    def files_of_runs(self) -> list[list[str]]:
        return [[Path(a).stem for a in run["argv"][run["argv"].index("--outdir") + 2 :]] for run in self.runs]

    def processes(self) -> list[str]:
        """Return the command lines of processes that have to do with this folder and do not end within seconds.

        What is killed with its PID space ends a moment after the process that was waited for.
        """
        deadline = time.monotonic() + 5
        while (found := self._living()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    def _living(self) -> list[str]:
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if str(self.folder) in line:
                found.append(line)
        return found


@pytest.fixture(params=["sandbox", "bare"])
def fake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    if request.param == "bare":
        monkeypatch.setattr(libreoffice, "_sandbox", lambda: ())
    elif not libreoffice._sandbox():
        pytest.skip("this system has no unprivileged namespaces")
    fake = Fake(tmp_path / "fake")
    monkeypatch.setenv("DOSSIER_SOFFICE", str(fake.program))
    return fake


@pytest.fixture
def jobs(tmp_path: Path) -> Callable[..., list[tuple[Path, Path]]]:
    def make(*orders: str) -> list[tuple[Path, Path]]:
        made = []
        for number, order in enumerate(orders):
            source = tmp_path / f"证据 {number}.txt"
            source.write_text(order, encoding="utf-8")
            made.append((source, tmp_path / f"out {number}.pdf"))
        return made

    return make


def kinds(outcomes: list[libreoffice.Outcome]) -> list[str]:
    return [outcome.code if isinstance(outcome, ConversionError) else "ok" for outcome in outcomes]


Jobs = Callable[..., list[tuple[Path, Path]]]


@posix
def test_one_process_converts_many_files(fake: Fake, jobs: Jobs) -> None:
    batch = jobs("good", "good", "good")

    outcomes = libreoffice.convert_batch(batch, fontconfig=None)

    assert outcomes == [(), (), ()]
    assert fake.files_of_runs == [["0001", "0002", "0003"]]
    assert all(out.read_bytes().startswith(b"%PDF") for _, out in batch)


@posix
def test_a_crash_costs_only_the_file_it_died_on(fake: Fake, jobs: Jobs) -> None:
    batch = jobs("good", "crash", "good")

    outcomes = libreoffice.convert_batch(batch, fontconfig=None)

    assert kinds(outcomes) == ["ok", "crashed-source", "ok"]
    crash = outcomes[1]
    assert isinstance(crash, EngineCrash)
    assert "证据 1.txt" in crash.message
    assert "bad_alloc" in crash.message
    assert str(fake.folder) not in crash.message
    assert crash.fix
    assert not batch[1][1].exists()
    assert fake.files_of_runs == [["0001", "0002", "0003"], ["0003"], ["0002"]]


@posix
def test_a_crash_that_does_not_repeat_costs_nothing(fake: Fake, jobs: Jobs) -> None:
    assert kinds(libreoffice.convert_batch(jobs("crash-once", "good"), fontconfig=None)) == ["ok", "ok"]


@posix
@pytest.mark.parametrize("order", ["nothing", "half", "no-pages"])
def test_status_0_is_not_believed(fake: Fake, jobs: Jobs, order: str) -> None:
    batch = jobs("good", order)

    outcomes = libreoffice.convert_batch(batch, fontconfig=None)

    assert kinds(outcomes) == ["ok", "unreadable-source"]
    assert not isinstance(outcomes[1], EngineCrash)
    assert not batch[1][1].exists()
    assert fake.files_of_runs == [["0001", "0002"], ["0002"]]


@posix
@linux
@pytest.mark.parametrize("order", ["hang", "hang-apart"])
def test_a_hang_is_killed_with_its_children(fake: Fake, jobs: Jobs, order: str, request: pytest.FixtureRequest) -> None:
    if order == "hang-apart" and "bare" in request.node.name:
        pytest.skip("only a PID space holds children that left the group")
    outcomes = libreoffice.convert_batch(jobs("good", order, "good"), fontconfig=None, timeout=1.0)

    assert kinds(outcomes) == ["ok", "hung-source", "ok"]
    assert isinstance(outcomes[1], EngineCrash)
    assert fake.processes() == []


@posix
@linux
def test_a_child_left_behind_by_a_good_run_is_killed(fake: Fake, jobs: Jobs) -> None:
    assert kinds(libreoffice.convert_batch(jobs("leave-child"), fontconfig=None)) == ["ok"]
    assert fake.processes() == []


@posix
def test_a_file_that_hangs_alone_is_not_waited_for_twice(fake: Fake, jobs: Jobs) -> None:
    [outcome] = libreoffice.convert_batch(jobs("hang"), fontconfig=None, timeout=0.7)

    assert kinds([outcome]) == ["hung-source"]
    assert len(fake.runs) == 1


@posix
def test_the_timeout_counts_from_the_last_file_done(fake: Fake, jobs: Jobs) -> None:
    outcomes = libreoffice.convert_batch(jobs("slow", "slow", "slow"), fontconfig=None, timeout=2.4)

    assert kinds(outcomes) == ["ok"] * 3
    assert len(fake.runs) == 1


@posix
@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_survives_an_interrupt(
    fake: Fake, jobs: Jobs, number: signal.Signals, request: pytest.FixtureRequest
) -> None:
    bare = "bare" in request.node.name
    if bare and number is not signal.SIGINT:
        pytest.skip("a process killed outright can only be followed with the system's help")
    [(source, out)] = jobs("hang")
    lines = [
        "import sys; from pathlib import Path; from dossier.convert import libreoffice",
        "libreoffice._sandbox = (lambda: ()) if sys.argv[3] == 'bare' else libreoffice._sandbox",
        "libreoffice.convert_batch([(Path(sys.argv[1]), Path(sys.argv[2]))], fontconfig=None)",
    ]
    command = [sys.executable, "-c", "\n".join(lines), str(source), str(out), "bare" if bare else ""]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=FAKE.parent.parent) as process:
        wait_until((fake.folder / "hanging").exists)
        assert fake._living() != []
        process.send_signal(number)
        process.wait(20)
    wait_until(lambda: fake.processes() == [])


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@posix
def test_what_soffice_is_told(fake: Fake, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:1")
    monkeypatch.setenv("LD_PRELOAD_NOT", "x")
    fonts = tmp_path / "fonts.conf"
    fonts.touch()

    libreoffice.convert_batch(jobs("good"), fontconfig=fonts)

    [run] = fake.runs
    environment, arguments = run["env"], run["argv"]
    assert not {"https_proxy", "LD_PRELOAD_NOT"} & environment.keys()
    assert environment["FONTCONFIG_FILE"] == str(fonts)
    assert {"--headless", "--norestore"} <= set(arguments)
    profile = Path(arguments[0].partition("file://")[2])
    assert profile.parent == Path(environment["HOME"])
    assert not profile.exists()
    assert Path(arguments[-1]).name == "0001.txt"
    assert 'oor:name="DisableMacrosExecution" oor:op="fuse"><value>true<' in run["profile"]
    assert 'oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true<' in run["profile"]
    assert 'oor:name="ooInetProxyType" oor:op="fuse"><value>2<' in run["profile"]


@posix
def test_a_profile_says_that_this_very_release_has_used_it(fake: Fake, jobs: Jobs) -> None:
    libreoffice.convert_batch(jobs("good"), fontconfig=None)

    [run] = fake.runs
    assert 'oor:name="ooSetupLastVersion" oor:op="fuse"><value>99.8<' in run["profile"]
    assert run["build"] == "40(Build:2)"


@posix
@linux
@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is not here")
def test_soffice_runs_within_limits_of_its_own(fake: Fake, jobs: Jobs) -> None:
    libreoffice.convert_batch(jobs("good"), fontconfig=None)

    [run] = fake.runs
    assert run["limits"] == {"AS": libreoffice.MEMORY, "FSIZE": limits.OUTPUT, "CORE": 0}


@posix
def test_where_nothing_can_limit_it_soffice_runs_all_the_same(
    fake: Fake, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libreoffice, "_limited", lambda: ())

    assert libreoffice.convert_batch(jobs("good"), fontconfig=None) == [()]


# --- looking into a file before it is handed over ------------------------------------------------------------------


def in_worker(given: list[tuple[Path, Path]]) -> list[libreoffice.Outcome]:
    """Convert in a worker process: limits hold there alone."""
    with workers.processes(1) as pool:
        return pool.submit(libreoffice.convert_batch, given, fontconfig=None).result()


def failing(monkeypatch: pytest.MonkeyPatch, name: str, fail: Callable[[], object]) -> None:
    """Let looking into the file of that name go wrong."""
    whole = formats.copy_safely

    def copy(source: Path, kind: formats.Format | None, out: Path) -> tuple[Note, ...]:
        if source.name == name:
            fail()
        return whole(source, kind, out)

    monkeypatch.setattr(formats, "copy_safely", copy)


def raiser(error: Exception) -> Callable[[], object]:
    def fail() -> object:
        raise error

    return fail


@posix
@linux
def test_a_file_that_takes_too_much_memory_is_refused_alone(
    fake: Fake, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "证据 1.txt", lambda: bytearray(2 * limits.MEMORY))

    outcomes = in_worker(jobs("good", "good", "good"))

    assert kinds(outcomes) == ["ok", "oversized-source", "ok"]
    assert "证据 1.txt" in str(outcomes[1])
    assert fake.files_of_runs == [["0001", "0003"]]


@posix
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "oversized-source"),
        (RecursionError("too deep"), "damaged-source"),
        (KeyError("part"), "damaged-source"),
        (etree.XMLSyntaxError("no XML", 1, 1, 1), "damaged-source"),
        (OSError(errno.EFBIG, "File too large"), "oversized-source"),
        (OSError(errno.EACCES, "Permission denied"), "unreadable-source"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_whatever_goes_wrong_with_a_file_beforehand_is_its_own_failure(
    fake: Fake, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    failing(monkeypatch, "证据 0.txt", raiser(error))

    outcomes = libreoffice.convert_batch(jobs("good", "good"), fontconfig=None)

    assert kinds(outcomes) == [code, "ok"]
    [refused] = [outcome for outcome in outcomes if isinstance(outcome, ConversionError)]
    assert "证据 0.txt" in refused.message
    assert refused.fix


@posix
def test_a_full_disk_is_no_fault_of_the_file(fake: Fake, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "证据 0.txt", raiser(OSError(errno.ENOSPC, "No space left on device")))

    with pytest.raises(EngineError, match="no room left"):
        libreoffice.convert_batch(jobs("good"), fontconfig=None)


@posix
def test_a_workbook_that_cannot_be_set_up_is_refused_alone(
    fake: Fake, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> tuple[Note, ...]:
        raise MemoryError

    monkeypatch.setattr(sheet, "prepare", fails)
    source = write_workbook(tmp_path / "b.xlsx", "visible")

    outcomes = libreoffice.convert_batch([(source, tmp_path / "b.pdf"), *jobs("good")], fontconfig=None)

    assert kinds(outcomes) == ["oversized-source", "ok"]


@posix
@linux
def test_a_file_that_takes_for_ever_to_look_into_costs_no_other(
    fake: Fake, make_docx: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SECONDS", 1.0)
    monkeypatch.setattr(limits, "bounded", partial(limits.bounded, 1.0))
    paths = [make_docx("slow.docx", "1"), make_docx("good.docx", "2")]
    failing(monkeypatch, "slow.docx", loop)
    monkeypatch.setattr(pdf, "normalise", lambda raw, out, **_: Part(shutil.copyfile(raw, out), ()))
    settings = convert.Settings("libreoffice", "1", "fonts", (595.0, 842.0))
    tasks = [convert.task(path, path.name, Kind.DOCX, sha256_of(path), settings) for path in paths]
    store = Cache(tmp_path / "cache")

    with workers.processes(1) as runner:
        outcomes = {t.name: made for t, made in pool.run(convert.batches(tasks, settings, store, 1), runner)}

    slow = outcomes["slow.docx"]
    assert isinstance(slow, ConversionError)
    assert slow.code == "hung-source"
    assert isinstance(outcomes["good.docx"], Part)
    assert fake.processes() == []


def loop() -> None:
    while True:
        pass


@posix
def test_each_run_has_a_profile_of_its_own(fake: Fake, jobs: Jobs) -> None:
    libreoffice.convert_batch(jobs("crash", "good"), fontconfig=None)

    profiles = [run["argv"][0] for run in fake.runs]
    assert len(set(profiles)) == len(profiles) == 3


@posix
def test_soffice_never_sees_external_relationships(fake: Fake, tmp_path: Path) -> None:
    source = tmp_path / "linked.docx"
    write_linked_docx(source, "http://127.0.0.1:9/evil.dotm")
    before = source.read_bytes()

    [notes] = libreoffice.convert_batch([(source, tmp_path / "out.pdf")], fontconfig=None)

    assert not isinstance(notes, ConversionError)
    assert [note.code for note in notes] == ["external-content"]
    with zipfile.ZipFile(fake.folder / "received" / "0001.docx") as package:
        assert not any(b"evil.dotm" in package.read(name) for name in package.namelist())
    assert source.read_bytes() == before


@posix
def test_what_cannot_be_handed_over_does_not_stop_the_others(fake: Fake, jobs: Jobs, tmp_path: Path) -> None:
    locked = tmp_path / "locked.docx"
    locked.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))
    broken = tmp_path / "broken.odt"
    with zipfile.ZipFile(broken, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        package.writestr("content.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
    batch = [
        (tmp_path / "none.docx", tmp_path / "a.pdf"),
        (locked, tmp_path / "b.pdf"),
        (broken, tmp_path / "c.pdf"),
        *jobs("good"),
    ]

    outcomes = libreoffice.convert_batch(batch, fontconfig=None)

    assert kinds(outcomes) == ["unreadable-source", "encrypted-source", "hostile-source", "ok"]
    assert fake.files_of_runs == [["0004"]]


@posix
@pytest.mark.parametrize(
    ("stream", "suffix"), [("WordDocument", ".doc"), ("Workbook", ".xls"), ("PowerPoint Document", ".ppt")]
)
def test_old_files_are_named_after_their_content(fake: Fake, tmp_path: Path, stream: str, suffix: str) -> None:
    source = tmp_path / "report.wps"
    source.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + stream.encode("utf-16-le"))

    libreoffice.convert_batch([(source, tmp_path / "out.pdf")], fontconfig=None)

    assert fake.runs[0]["argv"][-1].endswith(f"0001{suffix}")


def write_old_workbook(path: Path) -> Path:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "Workbook".encode("utf-16-le"))
    return path


def write_workbook(path: Path, *states: str) -> Path:
    """Write an XLSX package with one sheet a state: ``visible`` or ``hidden``."""
    main, office = (
        f"http://schemas.openxmlformats.org/{name}" for name in ("spreadsheetml/2006/main", "officeDocument/2006")
    )
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        sheets = "".join(f'<sheet name="S{i}" state="{s}" r:id="r{i}"/>' for i, s in enumerate(states))
        package.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="r"><sheets>{sheets}</sheets></workbook>'
        )
        targets = "".join(
            f'<Relationship Id="r{i}" Target="s{i}.xml" Type="{office}/worksheet"/>' for i, _ in enumerate(states)
        )
        relationships = "http://schemas.openxmlformats.org/package/2006/relationships"
        package.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{relationships}">{targets}</Relationships>'
        )
        for number, _ in enumerate(states):
            row = '<row r="1"><c r="A1"><v>1</v></c></row>'
            package.writestr(f"xl/s{number}.xml", f'<worksheet xmlns="{main}"><sheetData>{row}</sheetData></worksheet>')
    return path


def targets_of(fake: Fake) -> list[tuple[str, list[str]]]:
    found = []
    for run in fake.runs:
        arguments = run["argv"]
        names = [Path(name).name for name in arguments[arguments.index("--outdir") + 2 :]]
        found.append((arguments[arguments.index("--convert-to") + 1], names))
    return found


@posix
def test_workbooks_are_set_up_for_the_page_and_old_ones_made_new_first(fake: Fake, jobs: Jobs, tmp_path: Path) -> None:
    write_workbook(fake.folder / "made.xlsx", "visible", "hidden")
    table = tmp_path / "a.csv"
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    sources = [write_old_workbook(tmp_path / "a.et"), write_workbook(tmp_path / "b.xlsx", "visible"), table]
    batch = [*jobs("good"), *((source, source.with_suffix(".pdf")) for source in sources)]

    outcomes = libreoffice.convert_batch(batch, fontconfig=None)

    assert targets_of(fake) == [("xlsx", ["0002.xls"]), ("pdf", ["0001.txt", "0002.xlsx", "0003.xlsx", "0004.xlsx"])]
    assert [[note.code for note in o] if isinstance(o, tuple) else o for o in outcomes] == [
        [],
        ["hidden-sheet"],
        [],
        [],
    ]
    assert all(out.exists() for _, out in batch)
    for name in ("0002", "0003", "0004"):
        with zipfile.ZipFile(fake.folder / "received" / f"{name}.xlsx") as package:
            sheets = [package.read(part) for part in package.namelist() if b"<worksheet" in package.read(part)]
        assert b'fitToPage="1"' in sheets[0]


@posix
def test_a_workbook_that_cannot_be_made_new_is_named_and_costs_no_other(fake: Fake, jobs: Jobs, tmp_path: Path) -> None:
    batch = [(write_old_workbook(tmp_path / "旧.xls"), tmp_path / "old.pdf"), *jobs("good")]

    first, second = libreoffice.convert_batch(batch, fontconfig=None)

    assert isinstance(first, ConversionError)
    assert "旧.xls" in first.message
    assert second == ()
    assert targets_of(fake)[-1] == ("pdf", ["0002.txt"])


@posix
def test_a_workbook_that_shows_nothing_never_starts_a_process(fake: Fake, tmp_path: Path) -> None:
    source = write_workbook(tmp_path / "空.xlsx", "hidden")

    [outcome] = libreoffice.convert_batch([(source, tmp_path / "a.pdf")], fontconfig=None)

    assert isinstance(outcome, ConversionError)
    assert outcome.code == "empty-source"
    assert "空.xlsx" in outcome.message
    assert fake.runs == []


@posix
def test_web_pages_are_read_as_documents_and_by_a_process_of_their_own(fake: Fake, jobs: Jobs, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text("<html><body>x<img src='http://127.0.0.1:9/a.png'></body></html>", encoding="utf-8")

    notes, good = libreoffice.convert_batch([(page, tmp_path / "a.pdf"), *jobs("good")], fontconfig=None)

    assert good == ()
    assert [note.code for note in notes] == ["external-content"] if isinstance(notes, tuple) else notes
    assert targets_of(fake) == [("pdf", ["0002.txt"]), ("pdf", ["0001.html"])]
    filters = [[a for a in run["argv"] if a.startswith("--infilter")] for run in fake.runs]
    assert filters == [[], ["--infilter=HTML (StarWriter)"]]
    assert b"127.0.0.1" not in (fake.folder / "received" / "0001.html").read_bytes()


@posix
def test_convert_raises_what_a_batch_returns(fake: Fake, jobs: Jobs) -> None:
    [(source, out)] = jobs("nothing")
    with pytest.raises(ConversionError, match="made no PDF"):
        libreoffice.convert(source, out)


@posix
def test_no_jobs_start_no_process(fake: Fake) -> None:
    assert libreoffice.convert_batch([], fontconfig=None) == []
    assert fake.runs == []


@posix
def test_version(fake: Fake) -> None:
    assert libreoffice.find() == fake.program
    assert libreoffice.version() == "LibreOffice 99.8.7.6"


@posix
def test_a_program_that_does_not_work_is_the_environments_fault(
    fake: Fake, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho cannot load library >&2\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("DOSSIER_SOFFICE", str(broken))

    with pytest.raises(EngineError, match="version"):
        libreoffice.convert_batch(jobs("good"), fontconfig=None)


def test_an_override_that_names_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_SOFFICE", str(tmp_path / "none"))
    with pytest.raises(EngineError, match="DOSSIER_SOFFICE"):
        libreoffice.find()


def test_no_libreoffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOSSIER_SOFFICE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(libreoffice, "_USUAL_PLACES", ())

    assert libreoffice.find() is None
    with pytest.raises(EngineError, match="not installed"):
        libreoffice.version()


def test_a_usual_place_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in ("7.4", "24.8"):
        (tmp_path / f"libreoffice{number}").mkdir()
        (tmp_path / f"libreoffice{number}" / "soffice").touch()
    monkeypatch.delenv("DOSSIER_SOFFICE", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(libreoffice, "_USUAL_PLACES", (str(tmp_path / "libreoffice*" / "soffice"),))

    assert libreoffice.find() == tmp_path / "libreoffice24.8" / "soffice"


def write_linked_docx(path: Path, target: str) -> None:
    document = docx.Document()
    document.add_heading("第一章", 1)
    document.add_paragraph("正文 text")
    document.part.relate_to(target, ATTACHED_TEMPLATE, is_external=True)
    document.save(str(path))


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOSSIER_SOFFICE", raising=False)
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed here")


@pytest.mark.libreoffice
def test_the_real_one_converts_and_keeps_bookmarks(office: None, tmp_path: Path) -> None:
    sources = [tmp_path / "甲.docx", tmp_path / "乙.docx"]
    for source in sources:
        write_linked_docx(source, "http://127.0.0.1:9/evil.dotm")
    broken = tmp_path / "broken.docx"
    with zipfile.ZipFile(sources[0]) as good, zipfile.ZipFile(broken, "w") as bad:
        for name in good.namelist():
            bad.writestr(name, b"<w/>" if name == "word/document.xml" else good.read(name))
    batch = [(path, path.with_suffix(".pdf")) for path in (sources[0], broken, sources[1])]

    first, _, last = libreoffice.convert_batch(batch, fontconfig=None)

    for outcome, source in ((first, sources[0]), (last, sources[1])):
        assert not isinstance(outcome, ConversionError)
        reader = pypdf.PdfReader(source.with_suffix(".pdf"))
        assert "第一章" in (reader.pages[0].extract_text() or "")
        assert [entry.title for entry in reader.outline if isinstance(entry, pypdf.generic.Destination)] == ["第一章"]
    assert libreoffice.version().startswith("LibreOffice ")


@pytest.mark.libreoffice
def test_the_real_one_takes_our_profile_for_one_that_it_has_used(
    office: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, seen = libreoffice._watch, []

    def watching(command: list[str], room: Path, *rest: Any) -> Any:
        ending = watch(command, room, *rest)
        seen.append((room / "profile" / "user" / "registrymodifications.xcu").read_text(encoding="utf-8"))
        assert not (room / "profile" / "user" / "GraphicsRenderTests.log").exists()
        return ending

    libreoffice.version()  # asking for it takes no such profile
    monkeypatch.setattr(libreoffice, "_watch", watching)
    write_linked_docx(tmp_path / "a.docx", "http://127.0.0.1:9/evil.dotm")
    libreoffice.convert(tmp_path / "a.docx", tmp_path / "a.pdf")

    [settings] = seen
    assert "ooSetupFactoryWindowAttributes" in settings  # it has written there what it keeps of a document's window
    assert "OfficeRestartInProgress" not in settings


@pytest.mark.libreoffice
@pytest.mark.skipif(not Path("/proc/self/net/unix").exists(), reason="this system does not say who listens where")
def test_the_real_one_leaves_no_socket_when_it_is_killed(
    office: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_ended, seen = libreoffice._has_ended, set[Path]()

    def killed(process: subprocess.Popen[bytes]) -> bool:
        seen.update(sockets_of(process.pid))
        if seen:
            os.killpg(process.pid, signal.SIGKILL)
        return has_ended(process)

    monkeypatch.setattr(libreoffice, "_has_ended", killed)
    write_linked_docx(tmp_path / "a.docx", "http://127.0.0.1:9/evil.dotm")

    [outcome] = libreoffice.convert_batch([(tmp_path / "a.docx", tmp_path / "a.pdf")], fontconfig=None)

    assert isinstance(outcome, ConversionError)
    assert seen
    assert not [path for path in seen if path.exists()]


def sockets_of(group: int) -> Iterator[Path]:
    """Yield the sockets by which the processes of a group are found; they may have a network of their own."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getpgid(int(entry.name)) == group:
                held = {str(link.readlink()) for link in (entry / "fd").iterdir()}
                for line in (entry / "net" / "unix").read_text(encoding="utf-8").splitlines():
                    fields = line.split()
                    if len(fields) > 7 and "OSL_PIPE" in fields[7] and f"socket:[{fields[6]}]" in held:
                        yield Path(fields[7])


@pytest.mark.libreoffice
@pytest.mark.real
def test_real_files_of_every_office_kind(office: None, tmp_path: Path) -> None:
    if not REAL.exists():
        pytest.skip(f"{REAL} is not here")
    names = [
        "word/wordDocument.doc",
        "word/wordDocument2.docx",
        "sheet/chinese-provinces.xls",
        "slides/54880_chinese.ppt",
    ]
    batch = []
    for number, name in enumerate(names):
        shutil.copyfile(REAL / name, tmp_path / f"{number}.bin")  # the name says nothing; the content does
        batch.append((tmp_path / f"{number}.bin", tmp_path / f"{number}.pdf"))

    outcomes = libreoffice.convert_batch(batch, fontconfig=None)

    assert outcomes == [()] * len(names)
    for _, out in batch:
        with pikepdf.open(out) as pdf:
            assert len(pdf.pages) >= 1


@pytest.mark.libreoffice
@pytest.mark.parametrize("kept", [0.9, 0.5], ids=["nearly whole", "half"])
def test_a_broken_old_workbook_is_refused_and_not_printed_as_text(office: None, tmp_path: Path, kept: float) -> None:
    table = tmp_path / "table.csv"
    table.write_text("".join(f"{row},{row * row}\n" for row in range(2000)), encoding="utf-8")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [str(libreoffice.find()), profile, "--headless", "--convert-to", "xls", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(table)], check=True, capture_output=True, timeout=100)
    whole, broken = tmp_path / "table.xls", tmp_path / "broken.xls"
    broken.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * kept)])

    good, bad = libreoffice.convert_batch(
        [(path, path.with_suffix(".pdf")) for path in (whole, broken)], fontconfig=None
    )

    assert isinstance(good, tuple)
    assert "1999" in pypdf.PdfReader(tmp_path / "table.pdf").pages[-1].extract_text()
    assert isinstance(bad, ConversionError)
    assert "broken.xls" in bad.message
