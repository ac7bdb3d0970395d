"""The library keeps what it promises: the public names, checks, builds on any executor, and progress that is told."""

from __future__ import annotations

import ast
import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeDocx, MakeManifest, MakePdf, MakePhoto

import dossier
from dossier import cache, convert, errors, sources
from dossier.build import STAGES
from dossier.errors import ConversionError, EngineCrash
from dossier.part import Part

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def manifest(make_pdf: MakePdf, make_docx: MakeDocx, make_manifest: MakeManifest) -> Path:
    """A manifest of two sources of which nothing is missing."""
    make_pdf("sources/a.pdf", 2)
    make_docx("sources/b.docx", "text")
    return make_manifest({"1": [{"file": "a.pdf"}], "2": [{"file": "b.docx"}]}, engine="embedded", front=[])


# --- names ---------------------------------------------------------------------------------------------------------


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    assert len(set(dossier.__all__)) == len(dossier.__all__)
    for name in dossier.__all__:
        found = getattr(dossier, name)
        if inspect.isclass(found) or inspect.isfunction(found):
            assert (found.__doc__ or "").strip(), name


def test_public_names_are_loaded_from_where_the_type_checker_sees_them() -> None:
    tree = ast.parse(Path(dossier.__file__).read_text(encoding="utf-8"))
    checked = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]
    seen = {node.module: {alias.name for alias in node.names} for node in checked if isinstance(node, ast.ImportFrom)}
    assert seen == {f"dossier.{home}": set(names) for home, names in dossier._HOMES.items()}
    eager = {name for name in vars(errors) if name in dossier.__all__}
    assert eager.union(*seen.values()) == set(dossier.__all__)


@pytest.mark.parametrize("first", ["import dossier.{0}", "from dossier.{0} import *", "import dossier.cli", "pass"])
@pytest.mark.parametrize("name", ["build", "check", "verify"])
def test_a_public_function_is_one_whatever_was_imported_before_it(name: str, first: str) -> None:
    used = f"import dossier; assert callable(dossier.{name}); from dossier import {name}; assert callable({name})"
    subprocess.run([sys.executable, "-c", f"{first.format(name)}\n{used}"], check=True)


def test_a_name_that_is_not_public_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'bild'"):
        getattr(dossier, "bild")  # noqa: B009 - the type checker would see through it


SLOW = {
    *("docx", "docxtpl", "fontTools", "img2pdf", "jinja2", "lxml", "markdown_it", "msoffcrypto", "Cryptodome"),
    *("olefile", "openpyxl", "pikepdf", "PIL", "pillow_heif", "py7zr", "pypdf", "pypdfium2", "pyzipper", "rarfile"),
    *("rdocx", "segno", "tinytag", "watchfiles"),
}
"""Libraries that take long to load, and that only making pages or looking into files takes."""


def loaded_by(script: str, *arguments: str) -> set[str]:
    """Return the libraries that an interpreter of its own has loaded once it has run a script."""
    told = 'import sys; print("loaded:", *{name.partition(".")[0] for name in sys.modules})'
    command = [sys.executable, "-c", f"{script}\n{told}", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return set(done.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize("arguments", [["--version"], ["build", "--help"]])
def test_a_command_that_does_nothing_loads_nothing_that_is_slow_to_load(arguments: list[str]) -> None:
    found = loaded_by("from dossier import cli; import sys; cli.main(sys.argv[1:])", *arguments)
    assert found & {*SLOW, "pydantic", "yaml"} == set()


@pytest.mark.parametrize("name", ["load", "check", "build", "Receipt"])
def test_a_public_name_brings_nothing_that_is_slow_to_load(name: str) -> None:
    assert loaded_by(f"import dossier; dossier.{name}") & SLOW == set()


def test_what_was_seen_before_is_checked_without_what_looks_into_files(
    make_pdf: MakePdf, make_docx: MakeDocx, make_photo: MakePhoto, make_manifest: MakeManifest
) -> None:
    make_pdf("sources/a.pdf")
    make_docx("sources/b.docx")
    make_photo("sources/c.jpg")
    path = make_manifest({"1": [{"file": name} for name in ("a.pdf", "b.docx", "c.jpg")]})
    check = "import dossier, sys; assert dossier.check(sys.argv[1]).complete"
    assert {"pikepdf", "PIL", "lxml"} <= loaded_by(check, str(path))
    assert loaded_by(check, str(path)) & SLOW == set()


def test_the_names_of_the_contract_are_public() -> None:
    wanted = ["load", "check", "build", "verify", "Binder", "PageRange", "VerificationError", "DossierError", "Problem"]
    assert set(wanted) <= set(dossier.__all__)


def test_every_error_that_is_raised_on_purpose_is_a_dossier_error() -> None:
    errors = [getattr(dossier, name) for name in dossier.__all__ if name.endswith("Error") or name == "EngineCrash"]
    assert len(errors) > 10
    assert all(issubclass(error, dossier.DossierError) for error in errors)


def test_the_library_does_not_load_the_command() -> None:
    script = "import sys, dossier; print(sorted({'click', 'rich', 'dossier.cli'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


# --- loading, checking, building, verifying ------------------------------------------------------------------------


def test_the_example_of_the_package_works(manifest: Path) -> None:
    loaded = dossier.load(str(manifest))
    assert dossier.check(loaded).problems == ()
    binder = dossier.build(loaded, out="build/q")
    where = binder.pages_of("1-01")
    assert (where.volume, where.last - where.first) == (1, 1)
    assert where == dossier.PageRange(where.volume, where.first, where.last)
    assert dossier.verify("build/q") == binder.proof


def test_check_says_where_items_and_units_stand(make_pdf: MakePdf, make_manifest: MakeManifest) -> None:
    make_pdf("sources/a.pdf")
    units = {"Unit": {"contact": "Ms Li", "phone": "555-0101"}}
    report = dossier.check(make_manifest({"1": [{"file": "a.pdf"}], "2": [{"file": "late.pdf"}]}, units=units))
    assert not report.complete
    assert [problem.code for problem in report.problems] == ["missing-source"]
    assert [(item.id, item.status, item.points, item.evidence) for item in report.items] == [
        ("1", "complete", Decimal(1), 1),
        ("2", "missing", Decimal(1), 1),
    ]
    [unit] = report.units
    assert (unit.name, unit.contact, unit.phone, unit.items, unit.complete) == ("Unit", "Ms Li", "555-0101", 2, 1)
    assert unit.owed == report.problems
    assert not Path("build").exists()


def test_the_default_folder_is_named_after_the_manifest(manifest: Path) -> None:
    binder = dossier.build(manifest)
    assert binder.folder == Path("build/dossier")
    assert binder.paths == (Path("build/dossier/binder.pdf"),)
    assert binder.paths[0].is_file()


def test_an_engine_that_there_is_not_is_refused_before_anything_is_built(manifest: Path, tmp_path: Path) -> None:
    engine: Any = "word"
    with pytest.raises(dossier.UsageError, match="no engine 'word'") as caught:
        dossier.build(manifest, tmp_path / "out", engine=engine)
    assert ("libreoffice" in caught.value.fix, (tmp_path / "out").exists()) == (True, False)


def test_a_manifest_that_is_wrong_raises_every_problem_at_once(make_manifest: MakeManifest) -> None:
    path = make_manifest({"1": [{"fil": "a.pdf"}], "2": [{"see": "9"}]})
    for function in (dossier.load, dossier.check, dossier.build):
        with pytest.raises(dossier.ManifestError) as caught:
            function(path)
        assert len(caught.value.problems) >= 2


def test_nothing_is_printed(manifest: Path, make_pdf: MakePdf, capfd: pytest.CaptureFixture[str]) -> None:
    make_pdf("sources/unused.pdf")
    dossier.check(manifest)
    assert dossier.build(manifest, "out", strict=True).problems
    dossier.verify("out")
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere worker processes import the script")
def test_a_script_needs_no_main_guard(manifest: Path) -> None:
    script = "import dossier\nprint(dossier.build('dossier.yaml', 'out', use_cache=False).complete)\n"
    Path("script.py").write_text(script)
    answer = subprocess.run(
        [sys.executable, "script.py"], env=_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert (answer.stdout, answer.stderr) == ("True\n", "")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


# --- executors -----------------------------------------------------------------------------------------------------


class Counting(Executor):
    """Runs each call at once, in this thread, as pickles would carry it to another machine."""

    def __init__(self) -> None:
        self.calls = 0

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        self.calls += 1
        future: Future[Any] = Future()
        call = pickle.loads(pickle.dumps((function, arguments, keywords)))
        try:
            result = call[0](*call[1], **call[2])
        except Exception as error:  # noqa: BLE001 (an executor hands on whatever was raised)
            future.set_exception(pickle.loads(pickle.dumps(error)))
        else:
            future.set_result(pickle.loads(pickle.dumps(result)))
        return future


def test_every_conversion_goes_to_the_executor_that_is_given(manifest: Path) -> None:
    executor = Counting()
    assert dossier.build(manifest, "out", executor=executor, use_cache=False).complete
    assert executor.calls == 4  # two sources, two dividers


def test_what_is_cached_is_not_converted_again(manifest: Path) -> None:
    dossier.build(manifest, "out")
    executor = Counting()
    dossier.build(manifest, "out", executor=executor)
    assert executor.calls == 0


def test_threads_will_do_and_are_left_running(manifest: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        assert dossier.build(manifest, "out", executor=threads, use_cache=False).complete
        assert threads.submit(lambda: 1).result() == 1


def test_a_refused_source_comes_back_from_an_executor(manifest: Path) -> None:
    Path("sources/a.pdf").write_bytes(b"%PDF-1.7 and no more")
    binder = dossier.build(manifest, "out", executor=Counting(), use_cache=False)
    assert [item.status for item in binder.receipt.items] == ["refused", "complete"]


def test_a_task_and_what_becomes_of_it_can_be_pickled(make_pdf: MakePdf, tmp_path: Path) -> None:
    path = make_pdf("a.pdf", 2)
    settings = convert.choose("embedded", (595.0, 842.0))
    task = convert.task(path, "a.pdf", sources.Kind.PDF, sources.sha256_of(path), settings)
    [batch] = convert.batches([task], settings, cache.Cache(tmp_path / "cache"), 1)
    assert pickle.loads(pickle.dumps(batch)) == batch
    [outcome] = pickle.loads(pickle.dumps(convert.convert))(batch)
    assert isinstance(outcome, Part)
    assert pickle.loads(pickle.dumps(outcome)) == outcome


@pytest.mark.parametrize("kind", [ConversionError, EngineCrash])
def test_a_failure_can_be_pickled(kind: type[ConversionError]) -> None:
    error = pickle.loads(pickle.dumps(kind("it broke", fix="mend it", code="broken")))
    assert type(error) is kind
    assert (error.message, error.fix, error.code) == ("it broke", "mend it", "broken")


# --- progress ------------------------------------------------------------------------------------------------------


def test_stages_are_told_in_order_and_counts_never_run_backwards(manifest: Path) -> None:
    events: list[dossier.Event] = []
    dossier.build(manifest, "out", progress=events.append, use_cache=False)

    stages = [stage for stage, _ in groupby(event.stage for event in events)]
    assert stages == list(STAGES)
    converting = [event for event in events if event.stage == "convert"]
    assert [event.done for event in converting] == [0, 1, 2]
    assert {event.total for event in converting} == {2}
    assert {event.name for event in converting if event.name} == {"a.pdf", "b.docx"}
    assert all(0 <= event.done <= event.total for event in events if event.total)


def test_what_is_cached_counts_as_done(manifest: Path) -> None:
    dossier.build(manifest, "out")
    events: list[dossier.Event] = []
    dossier.build(manifest, "another", progress=events.append)
    assert [(event.done, event.total) for event in events if event.stage == "convert"] == [(2, 2)]


@pytest.mark.parametrize("stage", STAGES)
def test_whoever_listens_may_stop_the_build_and_nothing_is_changed(
    manifest: Path, make_pdf: MakePdf, stage: str
) -> None:
    dossier.build(manifest, "out")
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    make_pdf("sources/a.pdf", 3)

    def stop(event: dossier.Event) -> None:
        if event.stage == stage:
            raise InterruptedError(stage)

    with pytest.raises(InterruptedError, match=stage):
        dossier.build(manifest, "out", progress=stop)
    assert {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()} == before


def test_a_book_is_not_built_among_its_sources(manifest: Path) -> None:
    before = sorted(Path("sources").iterdir())
    with pytest.raises(errors.UsageError, match="folder of the sources"):
        dossier.build(manifest, "sources")
    assert sorted(Path("sources").iterdir()) == before
