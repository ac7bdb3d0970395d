"""The command answers with the exit status that scripts rely on, says what to do, and keeps its two outputs apart."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import MakeDocx, MakeManifest, MakePdf, MakePhoto
from rich.console import Console
from word_xml import word

import dossier
from dossier import cli, inputs, watch
from dossier.cli import main
from dossier.convert import libreoffice

ROOT = Path(__file__).resolve().parent.parent
linux = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def make_manifest(make_manifest: MakeManifest) -> MakeManifest:
    """Leave out what is slow to make and not what these tests are about."""
    return lambda evidence=None, **keys: make_manifest(evidence, **{"engine": "embedded", "front": [], **keys})


@pytest.fixture
def complete(make_pdf: MakePdf, make_manifest: MakeManifest) -> Path:
    """A manifest of which nothing is missing; its one source is ``sources/a.pdf``."""
    make_pdf("sources/a.pdf")
    return make_manifest({"1": [{"file": "a.pdf"}]})


@pytest.fixture
def incomplete(make_pdf: MakePdf, make_manifest: MakeManifest) -> Path:
    make_pdf("sources/a.pdf")
    return make_manifest({"1": [{"file": "a.pdf"}], "2": [{"file": "late.pdf"}]})


def unpack(text: str) -> Any:
    """Read standard output that must be one JSON object and nothing else."""
    data, end = json.JSONDecoder().raw_decode(text)
    assert text[end:] == "\n"
    assert isinstance(data, dict)
    return data


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process: exit status, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(arguments)
        return (status, *capsys.readouterr())

    return run


def started(*arguments: str, **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    command = [sys.executable, "-m", "dossier", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# --- exit statuses -------------------------------------------------------------------------------------------------


def test_a_complete_build_exits_0(run: Run, complete: Path) -> None:
    status, out, err = run("build")
    assert status == 0
    assert out == ""
    assert "complete" in err
    assert str(Path("build/dossier/binder.pdf")) in err


def test_an_incomplete_build_exits_1_and_says_what_is_missing(run: Run, incomplete: Path) -> None:
    status, out, err = run("build")
    assert status == 1
    assert out == ""
    assert "error: " in err
    assert "[2-01] late.pdf is not there → " in err
    assert "draft" in err
    assert Path("build/dossier/binder-draft.pdf").is_file()


def test_a_warning_exits_0_and_with_strict_1(run: Run, complete: Path, make_pdf: MakePdf) -> None:
    make_pdf("sources/unused.pdf")
    status, _, err = run("build", "-o", "out")
    assert status == 0
    assert "warning: " in err
    assert "unused.pdf" in err
    status, _, err = run("build", "-o", "out", "--strict")
    assert status == 1
    assert "error: " in err
    assert Path("out/binder-draft.pdf").is_file()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"organisaton": "Office"}, "did you mean `organisation`"),
        ({"template_set": "oficial"}, "did you mean 'official'"),
        ({"front": ["covr"]}, "did you mean 'cover'"),
        ({"numbering": {"style": "☐ {n}"}}, "☐"),
    ],
)
def test_a_wrong_manifest_exits_2_with_a_remedy_and_writes_nothing(
    run: Run, make_pdf: MakePdf, make_manifest: MakeManifest, keys: dict[str, Any], said: str
) -> None:
    make_pdf("sources/a.pdf")
    make_manifest({"1": [{"file": "a.pdf"}]}, **keys)
    before = set(Path().rglob("*"))
    status, out, err = run("build", "-o", "new/out")
    assert status == 2
    assert out == ""
    assert said in err
    assert set(Path().rglob("*")) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["bild"],
        ["build", "--jobs", "0"],
        ["build", "--engine", "word"],
        ["build", "none.yaml"],
        ["verify"],
        ["verify", "none"],
        ["verify", "."],
        [],
    ],
)
def test_a_wrong_command_line_exits_2(run: Run, complete: Path, arguments: list[str]) -> None:
    status, out, err = run(*arguments)
    assert status == 2
    assert out == ""
    assert err


def test_libreoffice_that_is_not_there_exits_3(run: Run, complete: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOSSIER_SOFFICE", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(libreoffice, "_USUAL_PLACES", ())
    status, out, err = run("build", "--engine", "libreoffice")
    assert status == 3
    assert out == ""
    assert "--engine embedded" in err


def test_an_output_folder_that_cannot_be_made_exits_3(run: Run, complete: Path) -> None:
    Path("file").write_text("in the way")
    status, _, err = run("build", "-o", "file/out")
    assert status == 3
    assert "-o" in err


def test_any_other_error_of_the_system_exits_3_without_a_traceback(
    run: Run, complete: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: object, **keywords: object) -> None:
        raise OSError(5, "Input/output error", "somewhere")

    monkeypatch.setattr(dossier, "build", failing)
    status, out, err = run("build")
    assert status == 3
    assert out == ""
    assert "Input/output error" in err
    assert "somewhere" in err
    assert "→" in err


def test_an_interrupt_exits_130(run: Run, complete: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **keywords: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dossier, "build", interrupted)
    status, out, err = run("build")
    assert (status, out) == (130, "")
    assert "interrupted" in err


def test_check_exits_0_or_1_and_writes_nothing(run: Run, incomplete: Path, make_pdf: MakePdf) -> None:
    before = set(Path().rglob("*"))
    status, out, err = run("check")
    assert status == 1
    assert "missing" in out
    assert "late.pdf is not there" in err
    assert set(Path().rglob("*")) == before

    make_pdf("sources/late.pdf")
    assert run("check")[0] == 0
    make_pdf("sources/unused.pdf")
    assert run("check")[0] == 0
    assert run("check", "--strict")[0] == 1


def test_verify_exits_0_or_1(run: Run, complete: Path, make_pdf: MakePdf) -> None:
    run("build", "-o", "out")
    status, out, err = run("verify", "out")
    assert (status, err) == (0, "")
    assert "proved" in out
    assert run("verify", "out/binder.pdf")[0] == 0

    make_pdf("sources/a.pdf", 2)
    status, out, err = run("verify", "out")
    assert status == 0
    assert "a.pdf has changed since it was bound" in err

    with Path("out/binder.pdf").open("ab") as file:
        file.write(b"\n")
    status, out, err = run("verify", "out")
    assert status == 1
    assert out == ""
    assert "changed after it was bound" in err


# --- which manifests -----------------------------------------------------------------------------------------------


def test_without_a_manifest_it_says_how_to_name_one(run: Run) -> None:
    for command in ("build", "check"):
        status, out, err = run(command)
        assert (status, out) == (2, "")
        assert "there is no manifest" in err
        assert "name one" in err


@pytest.fixture
def three(complete: Path) -> list[str]:
    """Two manifests in ``manifests/`` beside ``dossier.yaml``."""
    manifest = yaml.safe_load(complete.read_text(encoding="utf-8"))
    Path("manifests").mkdir()
    for name in ("b.yml", "a.yaml"):
        manifest |= {"title": name, "sources": "../sources"}
        Path("manifests", name).write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return ["a", "b"]


def test_the_manifest_here_is_taken_before_those_in_manifests(run: Run, three: list[str]) -> None:
    assert run("build")[0] == 0
    assert [path.name for path in Path("build").iterdir()] == ["dossier"]


def test_without_one_here_every_manifest_in_manifests_is_built(run: Run, three: list[str]) -> None:
    Path("dossier.yaml").unlink()
    status, out, _ = run("build", "--json")
    assert status == 0
    assert sorted(path.name for path in Path("build").iterdir()) == three
    assert [Path(binder["folder"]).name for binder in unpack(out)["binders"]] == three


def test_several_manifests_are_built_into_folders_of_one(run: Run, three: list[str]) -> None:
    assert run("build", "manifests/a.yaml", "dossier.yaml", "-o", "out")[0] == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["a", "dossier"]


def test_two_manifests_of_one_name_are_not_built_into_one_folder(run: Run, three: list[str]) -> None:
    shutil.copyfile("manifests/a.yaml", "manifests/dossier.yaml")
    status, _, err = run("build", "dossier.yaml", "manifests/dossier.yaml")
    assert status == 2
    assert "two manifests would be built into" in err
    assert not Path("build").exists()


def test_a_mistake_in_the_last_manifest_comes_before_the_first_is_built(run: Run, three: list[str]) -> None:
    Path("manifests/b.yml").write_text("title: x\n")
    assert run("build", "manifests/a.yaml", "manifests/b.yml")[0] == 2
    assert not Path("build").exists()


# --- JSON ----------------------------------------------------------------------------------------------------------


def test_a_build_in_json(run: Run, incomplete: Path) -> None:
    status, out, err = run("build", "-o", "out", "--json")
    data = unpack(out)
    assert status == 1
    assert data["complete"] is False
    [binder] = data["binders"]
    assert (binder["folder"], binder["complete"], binder["manifest"]) == ("out", False, "dossier.yaml")
    assert [volume["file"] for volume in binder["volumes"]] == ["binder-draft.pdf"]
    assert binder["volumes"][0]["pages"] == binder["proof"]["pages"]
    [problem] = binder["problems"]
    assert (problem["code"], problem["severity"], problem["evidence"]) == ("missing-source", "error", "2-01")
    assert problem["fix"]
    assert "late.pdf is not there" in err


def test_a_build_of_what_has_not_changed_says_so_and_exits_as_before(run: Run, incomplete: Path) -> None:
    first = run("build", "-o", "out", "--json")
    again = run("build", "-o", "out", "--json")
    said, said_again = unpack(first[1]), unpack(again[1])
    assert (first[0], again[0]) == (1, 1)
    [was], [stands] = said["binders"], said_again["binders"]
    assert (was.pop("unchanged"), stands.pop("unchanged")) == (False, True)
    assert stands["proof"].pop("since") == json.loads(Path("out/receipt.json").read_text(encoding="utf-8"))["created"]
    assert was["proof"].pop("since") == ""
    assert stands == was
    *problems, state = again[2].splitlines()
    assert problems == first[2].splitlines()[:-1]
    begin, _, end = state.partition(": ")
    assert re.fullmatch(r"nothing has changed since \d{4}-\d\d-\d\d \d\d:\d\d", begin)
    assert end == f"out/binder-draft.pdf stands, incomplete: a draft ({was['proof']['pages']} pages)"


def test_quiet_says_nothing_of_a_complete_binder_that_stands(run: Run, complete: Path) -> None:
    run("build")
    assert run("build", "-q") == (0, "", "")
    assert "build/dossier/binder.pdf stands (" in run("build")[2]


def test_of_several_manifests_only_what_changed_is_built(run: Run, complete: Path, make_pdf: MakePdf) -> None:
    Path("other.yaml").write_text(complete.read_text(encoding="utf-8").replace("sources: sources", "sources: more"))
    make_pdf("more/a.pdf")
    run("build", "dossier.yaml", "other.yaml", "-o", "out")
    make_pdf("more/a.pdf", 3)
    binders = unpack(run("build", "dossier.yaml", "other.yaml", "-o", "out", "--json")[1])["binders"]
    assert [binder["unchanged"] for binder in binders] == [True, False]
    Path("other.yaml").write_text("title: [", encoding="utf-8")
    assert run("build", "dossier.yaml", "other.yaml", "-o", "out")[0] == 2


def test_a_build_without_the_cache_always_builds(run: Run, complete: Path) -> None:
    run("build")
    again = unpack(run("build", "--no-cache", "--json")[1])
    assert again["binders"][0]["unchanged"] is False


def test_a_print_set_is_made_where_it_is_asked_for_and_told(run: Run, complete: Path) -> None:
    status, _, err = run("build", "-o", "out")
    assert (status, Path("out/print").exists(), "for the printer" in err) == (0, False, False)
    status, _, err = run("build", "-o", "out", "--print")
    assert (status, Path("out/print/ticket.pdf").is_file()) == (0, True)
    assert "for the printer: out/print" in err.replace("\\", "/")
    status, _, err = run("build", "-o", "out", "--print")
    assert (status, "nothing has changed" in err) == (0, True)


def test_of_a_draft_no_print_set_is_made_and_the_command_says_so(run: Run, incomplete: Path) -> None:
    status, _, err = run("build", "-o", "out", "--print")
    assert (status, Path("out/print").exists()) == (1, False)
    assert "no print set was made" in err


def test_a_check_in_json(run: Run, incomplete: Path) -> None:
    status, out, err = run("check", "--json")
    data = unpack(out)
    assert (status, err) == (1, "")
    assert data["complete"] is False
    [report] = data["dossiers"]
    assert [(item["id"], item["status"]) for item in report["items"]] == [("1", "complete"), ("2", "missing")]
    assert [(unit["name"], unit["items"], unit["complete"]) for unit in report["units"]] == [("Unit", 2, 1)]
    assert [problem["code"] for problem in report["problems"]] == ["missing-source"]


def test_a_proof_in_json(run: Run, complete: Path) -> None:
    run("build", "-o", "out")
    status, out, err = run("verify", "out", "--json")
    assert (status, err) == (0, "")
    assert unpack(out)["pages"] == dossier.verify("out").pages


def test_findings_in_json(run: Run, complete: Path) -> None:
    run("build", "-o", "out")
    with Path("out/binder.pdf").open("ab") as file:
        file.write(b"\n")
    status, out, err = run("verify", "out", "--json")
    data = unpack(out)
    assert status == 1
    assert data["complete"] is False
    assert [problem["code"] for problem in data["problems"]] == ["checksum"]
    assert err


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["build", "--json", "none.yaml"], 2, "none.yaml"),
        (["check", "--json", "none.yaml"], 2, "none.yaml"),
        (["verify", "--json", "none"], 2, "none"),
        (["build", "--json", "--jobs", "0"], 2, "jobs"),
        (["build", "--json", "-o", "dossier.yaml/out"], 3, "dossier.yaml"),
    ],
)
def test_what_fails_answers_in_json_too(run: Run, complete: Path, arguments: list[str], status: int, word: str) -> None:
    found, out, err = run(*arguments)
    data = unpack(out)
    assert found == status
    assert data["complete"] is False
    assert word in data["error"]
    assert err


def test_doctor_in_json(run: Run) -> None:
    status, out, _ = run("doctor", "--json")
    data = unpack(out)
    assert status == 0
    assert {"embedded engine", "LibreOffice", "pikepdf", "pypdf"} <= {tool["name"] for tool in data["tools"]}
    assert {"宋体", "仿宋", "黑体"} <= {font["name"] for font in data["fonts"]}
    assert data["cache"] == os.environ["DOSSIER_CACHE"]


# --- what is said --------------------------------------------------------------------------------------------------


def test_quiet_says_nothing_of_a_complete_build(run: Run, complete: Path, make_pdf: MakePdf) -> None:
    make_pdf("sources/unused.pdf")
    assert run("build", "-q") == (0, "", "")


def test_quiet_still_says_errors(run: Run, incomplete: Path, make_pdf: MakePdf) -> None:
    make_pdf("sources/unused.pdf")
    status, out, err = run("build", "-q")
    assert (status, out) == (1, "")
    assert "late.pdf is not there" in err
    assert "unused.pdf" not in err


def test_verbose_names_every_file_as_it_is_converted(run: Run, complete: Path) -> None:
    assert "a.pdf" not in run("build", "--no-cache")[2]
    err = run("build", "-v", "--no-cache")[2]
    assert "converting 1/1 a.pdf" in err.splitlines()
    positions = [err.index(word) for word in ("reading", "converting", "numbering", "binding", "proving")]
    assert positions == sorted(positions)


def test_nothing_is_coloured_where_there_is_no_terminal(run: Run, incomplete: Path) -> None:
    for arguments in (["build"], ["check"], ["doctor"], ["build", "-v"]):
        _, out, err = run(*arguments)
        assert "\x1b" not in out + err


def test_a_terminal_shows_bars_with_counts_and_names(complete: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(cli, "_err", Console(file=terminal, force_terminal=True, width=120))
    assert main(["build"]) == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert re.search(r"converting .* 1/1 ", shown)
    assert "proving" in shown


def test_brackets_are_shown_as_they_are(
    run: Run, make_pdf: MakePdf, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pdf("sources/[red]a [b].pdf")
    path = make_manifest({"1": [{"file": "[red]a [b].pdf"}], "2": [{"file": "[late].pdf"}]}, title="[red]title[/]")
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    manifest["items"][0] |= {"title": "[bold]one[/]", "unit": "[/unit]"}
    manifest["units"] = {"[/unit]": {"contact": "[b]Li"}, "Unit": {}}
    path.write_text(yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr(cli, "_out", Console(width=200, highlight=False, soft_wrap=True))
    status, out, err = run("check")
    assert status == 1
    for name in ("[red]title[/]", "[bold]one[/]", "[/unit]", "[b]Li"):
        assert name in out
    assert "[late].pdf is not there" in err

    terminal = io.StringIO()
    monkeypatch.setattr(cli, "_err", Console(file=terminal, force_terminal=True, width=200, soft_wrap=True))
    assert main(["build", "--no-cache", "-v", "-o", "[red]out"]) == 1
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert "[red]a [b].pdf" in shown
    assert str(Path("[red]out/binder-draft.pdf")) in shown


def test_help_names_every_command(run: Run) -> None:
    status, out, _ = run("--help")
    assert status == 0
    for command in ("build", "cache", "check", "doctor", "schema", "templates", "verify"):
        assert re.search(rf"^\s+{command}\s", out, re.MULTILINE)


@pytest.mark.parametrize("command", ["build", "check", "verify", "doctor", "schema", "templates", "cache"])
def test_every_command_has_help(run: Run, command: str) -> None:
    status, out, err = run(command, "-h")
    assert (status, err) == (0, "")
    assert "Usage: dossier" in out


# --- the other commands --------------------------------------------------------------------------------------------


def test_the_schema_describes_every_key_of_the_contract(run: Run) -> None:
    status, out, err = run("schema")
    schema = unpack(out)
    assert (status, err) == (0, "")
    keys = (
        "title organisation period deadline template_set sources engine page numbering volumes units front items back"
    )
    assert set(keys.split()) <= schema["properties"].keys()
    references = set(re.findall(r'"\$ref": "#/\$defs/(\w+)"', json.dumps(schema)))
    assert references
    assert references <= schema["$defs"].keys()
    evidence = schema["$defs"]["Evidence"]["properties"]
    assert {"file", "files", "pages", "see", "title", "number", "issuer", "date", "role"} <= evidence.keys()


def test_doctor_says_what_is_not_here_and_what_it_would_add(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libreoffice, "find", lambda: None)
    monkeypatch.setattr(cli, "_out", Console(width=200))
    status, out, _ = run("doctor")
    assert status == 0
    [line] = [line for line in out.splitlines() if "LibreOffice" in line and "not here" in line]
    assert "fidelity" in line
    assert "仿宋" in out


def test_the_cache_is_counted_and_cleared(run: Run, complete: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_CACHE", str(Path("kept").absolute()))
    assert run("cache", "size")[1].startswith("0 parts, 0.0 MB in ")
    run("build", "--no-cache")
    assert run("cache", "size")[1].startswith("0 parts")
    run("build")
    kept = len(list(Path("kept").rglob("*.pdf")))
    assert kept >= 2  # the source and its divider
    assert run("cache", "size")[1].startswith(f"{kept} parts, ")
    assert run("cache", "clear")[1] == f"{kept} parts removed\n"
    assert list(Path("kept").rglob("*.pdf")) == []
    assert run("cache", "size")[1].startswith("0 parts")


def test_templates_list_names_the_shipped_set_and_what_it_holds(run: Run) -> None:
    status, out, _ = run("templates", "list")
    assert status == 0
    [line] = [line for line in out.splitlines() if line.startswith("official: ")]
    for name in ("cover", "index", "divider", "scores", "checklist", "placeholder"):
        assert name in line


# --- for template authors ------------------------------------------------------------------------------------------


def test_a_sound_template_exits_0(run: Run) -> None:
    word(Path("cover.docx"), "{{ dossier.title }}")
    status, out, err = run("templates", "check", "cover.docx")
    assert (status, err) == (0, "")
    assert out.splitlines()[-1].startswith("sound  1 file: ")


def test_a_mistake_in_a_template_exits_1_and_is_one_line(run: Run) -> None:
    word(Path("cover.docx"), "关于{{ dosier.title }}")
    status, out, err = run("templates", "check", "cover.docx")
    assert (status, err) == (1, "")
    assert out.splitlines()[0] == (
        "error: cover.docx, body (正文): there is no name 'dosier', in “关于{{ dosier.title }}” "
        "→ did you mean 'dossier'?"
    )
    assert out.splitlines()[-1].startswith("not sound  1 file: 1 error")


def test_the_same_mistake_in_several_files_is_said_once(run: Run) -> None:
    for name in ("cover", "scores"):
        word(Path("mine") / f"{name}.docx", "{{ dosier.title }}")
    Path("mine/set.yaml").write_text("extends: official")
    _, out, _ = run("templates", "check", "mine")
    [line] = [line for line in out.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: cover.docx, scores.docx, body (正文): there is no name 'dosier'")


def test_a_mistake_that_all_files_have_does_not_list_them(run: Run) -> None:
    for name in ("a", "b", "c"):
        word(Path("mine") / f"{name}.docx", "{{ dosier.title }}")
    Path("mine/set.yaml").write_text("extends: official")
    _, out, _ = run("templates", "check", "mine")
    assert out.startswith("error: all 3 files, body (正文): there is no name 'dosier'")


def test_mending_says_what_was_mended_and_where_the_file_is_as_it_was(run: Run) -> None:
    word(Path("cover.docx"), "｛｛ dossier.title ｝｝")
    status, out, _ = run("templates", "check", "cover.docx", "--fix")
    assert status == 0
    lines = out.splitlines()
    assert lines[0].startswith("mended: cover.docx, body (正文): ｛｛ dossier.title ｝｝ holds full-width characters")
    assert "as it was: cover.docx.bak" in lines
    assert run("templates", "check", "cover.docx")[0] == 0


def test_findings_are_one_json_object(run: Run) -> None:
    word(Path("cover.docx"), "{{ dosier.title }}")
    status, out, err = run("templates", "check", "cover.docx", "--json")
    assert (status, err) == (1, "")
    data = unpack(out)
    assert (data["sound"], data["files"], data["backups"]) == (False, ["cover.docx"], [])
    assert data["findings"][0] == {
        "file": "cover.docx", "place": "body (正文)", "text": "{{ dosier.title }}", "code": "unknown-name",
        "message": "there is no name 'dosier'", "fix": "did you mean 'dossier'?", "severity": "error", "mended": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "arguments", [["check", "no"], ["preview", "no", "-o", "out"], ["new", "mine", "--from", "no"]]
)
def test_a_template_that_is_not_there_exits_2(run: Run, arguments: list[str]) -> None:
    status, out, err = run("templates", *arguments)
    assert (status, out) == (2, "")
    assert "there is no Word file, folder or template set 'no'" in err
    assert list(Path().iterdir()) == []


def test_brackets_of_templates_are_not_taken_for_markup(run: Run) -> None:
    word(Path("[red]a.docx"), "[bold]{{ dosier.title }}")
    _, out, _ = run("templates", "check", "[red]a.docx")
    assert out.startswith("error: [red]a.docx, body (正文): there is no name 'dosier', in “[bold]{{ dosier.title }}”")


def test_a_preview_names_what_it_drew(run: Run) -> None:
    word(Path("cover.docx"), "{{ dossier.title }}")
    status, out, err = run("templates", "preview", "cover.docx", "-o", "out")
    assert status == 0
    assert out == f"cover.docx: 1 page  {Path('out/cover.pdf')}\n"
    assert err.startswith("drawn by rdocx ")
    assert Path("out/cover.1.png").is_file()


def test_a_preview_shows_a_dossier(run: Run, complete: Path) -> None:
    word(Path("set/cover.docx"), "{{ dossier.title }}")
    status, out, err = run("templates", "preview", "set/cover.docx", "-o", "out", "--manifest", str(complete), "--json")
    assert (status, err) == (0, "")
    data = unpack(out)
    assert [sheet["pages"] for sheet in data["sheets"]] == [[str(Path("out/cover.1.png"))]]


def test_a_preview_that_cannot_be_drawn_exits_2_and_says_where_the_mistake_is(run: Run) -> None:
    word(Path("cover.docx"), "{{ dossier.titel }}")
    status, out, err = run("templates", "preview", "cover.docx", "-o", "out")
    assert (status, out) == (2, "")
    assert "cover.docx: there is no 'titel' here, in “{{ dossier.titel }}” → did you mean 'title'?" in err


# --- history -------------------------------------------------------------------------------------------------------


@pytest.fixture
def twice(run: Run, complete: Path, make_pdf: MakePdf) -> Path:
    """The folder of a book that was built with one page, and again with three."""
    assert run("build")[0] == 0
    make_pdf("sources/a.pdf", 3)
    assert run("build")[0] == 0
    return Path("build/dossier")


@pytest.mark.parametrize("named", [[], ["dossier.yaml"], ["build/dossier"]])
def test_the_log_says_what_each_build_changed_newest_first(run: Run, twice: Path, named: list[str]) -> None:
    status, out, err = run("log", *named)
    assert status == 0
    head, newest, *more = out.splitlines()
    assert head.split()[:4] == ["no.", "built", "pages", "sheets"]
    assert newest.split()[0] == "2"
    assert [line.split()[0] for line in more if line[:4].strip()] == ["1"]
    assert "evidence: 1 changed" in " ".join(" ".join(line[50:].split()) for line in (newest, *more))
    assert f"dossier diff {twice}@1 {twice}@" in err


def test_the_log_as_json_is_one_object(run: Run, twice: Path) -> None:
    status, out, err = run("log", "--json", "--last", "1")
    assert (status, err) == (0, "")
    [newest] = unpack(out)["builds"]
    assert (newest["number"], newest["evidence"], newest["changed"]["evidence"]) == (2, 1, {"changed": 1})
    assert Path(newest["receipt"]).is_relative_to(twice / "history")


@pytest.mark.parametrize("named", [["none"], [], ["."]])
def test_without_a_history_the_log_exits_2(run: Run, complete: Path, named: list[str]) -> None:
    status, out, err = run("log", *named)
    assert (status, out) == (2, "")
    assert "no history" in err or "is not there" in err


def test_an_earlier_build_is_compared_by_its_number(run: Run, twice: Path) -> None:
    status, out, _ = run("diff", f"{twice}@1", f"{twice}", "--json")
    data = unpack(out)
    assert status == 1
    assert data["old"]["receipt"].endswith(".json.gz")
    assert "1-01" in [change["id"] for change in data["changes"]]
    assert data["looks_compared"] is False
    assert run("diff", f"{twice}@2", str(twice))[0] == 0
    assert run("diff", f"{twice}@3", str(twice))[0] == 2


# --- watching ------------------------------------------------------------------------------------------------------


def test_watching_builds_again_until_it_is_interrupted(complete: Path, make_pdf: MakePdf) -> None:
    with started("watch", "--json") as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        arrive(make_pdf("a.pdf", 3))
        second = json.loads(process.stdout.readline())
        complete.write_text("title: [", encoding="utf-8")
        third = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert (out, "Traceback" in err) == ("", False)
    assert [one["complete"] for one in (first, second, third)] == [True, True, False]
    assert second["sources"] == {"added": [], "changed": ["a.pdf"], "removed": []}
    assert (second["effect"]["pages"] - second["effect"]["pages_before"], third["sources"]["changed"]) == (
        2, ["dossier.yaml"],
    )  # fmt: skip
    assert "dossier.yaml cannot be used" in third["error"]
    assert dossier.verify("build/dossier").pages == second["effect"]["pages"]


def test_a_person_is_told_in_a_short_block_what_each_change_did(incomplete: Path, make_pdf: MakePdf) -> None:
    with started("watch", "-o", "out", "--board") as process:
        assert process.stderr is not None
        told = [*until(process.stderr, "watching: ")]
        arrive(make_pdf("late.pdf", 2))
        block = [*until(process.stderr, "board: ")]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "no longer watching\n")
    assert re.fullmatch(r"\d\d:\d\d:\d\d building dossier.yaml\n", told[0])
    assert any(line.startswith("error: ") and "late.pdf is not there" in line for line in told)
    assert re.fullmatch(r"\d\d:\d\d:\d\d added: late.pdf\n", block[0])
    assert block[1].startswith(f"complete  {Path('out/binder.pdf')}")
    assert "solved: [2-01] late.pdf is not there\n" in block
    assert any(line.startswith("evidence changed: 2-01 ") for line in block)
    assert (block[-2], block[-1]) == ("+1 pages\n", f"board: {Path('out/index.html')}\n")
    assert "late.pdf is not there" not in Path("out/index.html").read_text(encoding="utf-8")


def arrive(file: Path) -> None:
    """Put a file among the sources at once: one that is seen half written, on a busy machine, is two changes."""
    file.replace(Path("sources") / file.name)


def until(lines: Iterable[str], start: str) -> Iterator[str]:
    for line in lines:
        yield line
        if line.startswith(start):
            return


def test_at_its_start_a_watch_tells_all_that_is_owed(
    run: Run, incomplete: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(watch.Watcher, "wait", interrupted)
    assert run("build")[0] == 1
    status, out, err = run("watch")
    assert (status, out) == (130, "")
    assert "[2-01] late.pdf is not there" in err
    assert "nothing that shows has changed" in err


@linux
def test_an_interrupted_watch_leaves_no_process_whatever_it_was_doing(
    complete: Path, hanging: Path, make_docx: MakeDocx, make_manifest: MakeManifest
) -> None:
    make_docx("sources/b.docx", "text")
    make_manifest({"1": [{"file": "a.pdf"}, {"file": "b.docx"}]})
    room = {"DOSSIER_CACHE": str(Path("cache").absolute())}
    with started("watch", "-o", "out", "--engine", "libreoffice", **room) as process:
        wait_until((hanging / "hanging").exists)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not Path("out").exists()
    wait_until(lambda: not living(hanging))


def test_one_manifest_is_watched_at_a_time(run: Run, complete: Path) -> None:
    assert run("watch", str(complete), "other.yaml")[0] == 2
    assert run("watch", "none.yaml")[0] == 2


def test_watching_templates_goes_on_until_it_is_interrupted(tmp_path: Path) -> None:
    path = word(tmp_path / "set" / "cover.docx", "{{ dosier.title }}")
    process = started("templates", "preview", str(path), "-o", "out", "--watch")
    assert process.stderr is not None
    told = [process.stderr.readline(), process.stderr.readline()]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert "there is no name 'dosier'" in told[0]
    assert told[1].startswith("watching: ")
    assert process.returncode == 130


def test_watching_is_for_people(run: Run) -> None:
    assert run("templates", "preview", "official", "-o", "out", "--watch", "--json")[0] == 2


def test_a_new_set_is_sound_and_can_be_shown(run: Run) -> None:
    status, out, err = run("templates", "new", "mine")
    assert (status, err) == (0, "")
    assert out == "mine  open READ-ME-FIRST.docx in it\n"
    assert run("templates", "check", "mine")[0] == 0
    assert run("templates", "new", "mine")[0] == 2


def test_a_new_set_is_what_the_book_looks_like(run: Run, complete: Path) -> None:
    run("templates", "new", "mine")
    manifest = complete.read_text(encoding="utf-8")
    complete.write_text(f"{manifest}\ntemplate_set: mine\n", encoding="utf-8")
    assert run("build")[0] == 0
    receipt = json.loads(Path("build/dossier/receipt.json").read_text(encoding="utf-8"))
    assert receipt["template_set"]["name"] == "mine"
    assert not any("READ" in name for name in receipt["documents"])


def test_the_version(run: Run) -> None:
    status, out, err = run("--version")
    assert (status, err) == (0, "")
    assert re.fullmatch(r"dossier, version \d+\.\d+\.\d+\n", out)


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as only POSIX can")
@pytest.mark.parametrize("source", ["b.pdf", "b.docx", "b.png"])
def test_a_full_disk_exits_3_and_leaves_the_old_binder(
    complete: Path, make_pdf: MakePdf, make_docx: MakeDocx, make_photo: MakePhoto, make_manifest: MakeManifest,
    source: str,
) -> None:  # fmt: skip
    assert main(["build", "-q", "-o", "out"]) == 0
    before = state_of(Path("out"))
    make_pdf("sources/b.pdf", 30)
    make_docx("sources/b.docx", *["text " * 100] * 100)
    make_photo("sources/b.png", (3000, 3000))
    make_manifest({"1": [{"file": source}]})
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000));"
        "from dossier.cli import main; sys.exit(main(['build', '-o', 'out']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DOSSIER_CACHE": str(Path("cache").absolute())}
    answer = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 3
    assert answer.stdout == ""
    assert "File too large" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert state_of(Path("out")) == before


# --- as a process --------------------------------------------------------------------------------------------------


def test_the_module_and_the_command_are_the_same(complete: Path) -> None:
    with started("build", "--json") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert unpack(out)["complete"] is True
    assert "Traceback" not in err

    command = shutil.which("dossier", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("the package is not installed beside this Python")
    answer = subprocess.run([command, "verify", "build/dossier"], capture_output=True, text=True, check=False)
    assert answer.returncode == 0
    assert answer.stdout.startswith("proved: 1 volume(s)")


SOFFICE = """#!{python}
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import fake_soffice as fake

fake.HOME = Path(__file__).resolve().parent
fake.HOME.joinpath("order").write_text("hang")
obey = fake.convert
fake.convert = lambda source, pdf: obey(fake.HOME / "order", pdf)
fake.main()
"""


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a stand-in for soffice that hangs on every document, and when it does leaves a file ``hanging``."""
    folder = tmp_path / "office"
    folder.mkdir()
    program = folder / "soffice"
    program.write_text(SOFFICE.format(python=sys.executable, tests=str(Path(__file__).parent)), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("DOSSIER_SOFFICE", str(program))
    return folder


def living(folder: Path) -> list[str]:
    """Return the command lines of processes that have to do with a folder."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return [line for line in lines if str(folder) in line]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def state_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_the_old_binder_and_no_process(
    complete: Path, hanging: Path, make_docx: MakeDocx, make_manifest: MakeManifest, number: signal.Signals
) -> None:
    assert main(["build", "-q", "-o", "out"]) == 0
    before = state_of(Path("out"))
    make_docx("sources/b.docx", "text")
    make_manifest({"1": [{"file": "a.pdf"}, {"file": "b.docx"}]})
    Path("tmp").mkdir()
    room = {"TMPDIR": str(Path("tmp").absolute()), "DOSSIER_CACHE": str(Path("cache").absolute())}
    with started("build", "-o", "out", "--engine", "libreoffice", **room) as process:
        wait_until((hanging / "hanging").exists)
        assert living(hanging)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert out == ""
    assert "interrupted" in err
    assert "Traceback" not in err
    assert state_of(Path("out")) == before
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(
        ["binder.pdf", "documents", "history", "receipt.json", inputs.NAME]
    )
    wait_until(lambda: not living(hanging))
    # A worker that is slow to end is killed, and what it leaves in its own folder the cache sweeps later.
    left = [path.name for path in Path("tmp").iterdir() if path.name.startswith("dossier-")]
    assert [name for name in left if not name.startswith("dossier-office-")] == []
    assert dossier.verify("out").pages > 0


@linux
def test_of_two_builds_of_one_folder_at_once_the_second_stops(
    hanging: Path, make_docx: MakeDocx, make_manifest: MakeManifest
) -> None:
    make_docx("sources/b.docx", "text")
    make_manifest({"1": [{"file": "b.docx"}]})
    room = {"DOSSIER_CACHE": str(Path("cache").absolute())}
    with started("build", "-o", "out", "--engine", "libreoffice", **room) as first:
        wait_until((hanging / "hanging").exists)
        with started("build", "-o", "out", "--engine", "libreoffice", **room) as second:
            _, err = second.communicate(timeout=30)
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=30)
    assert second.returncode == 3
    assert "another build is writing out" in err
    assert "-o" in err
    assert first.returncode == 130
    wait_until(lambda: not living(hanging))
