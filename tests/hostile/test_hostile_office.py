"""Office files, web pages and mails fetch and run nothing; an office program that fails takes nothing with it."""

from __future__ import annotations

import http.server
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import drawn
import pytest
from drawn import ENTITIES, MB, word, workbook, zipped
from room import bind, clean_room, evidence_of, is_bound, problems_of, write_manifest

import dossier
from dossier.cli import main
from dossier.convert import libreoffice

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes as Linux has them")


@dataclass
class Lure:
    """A server on this machine that hostile sources refer to, and what it was asked for."""

    url: str = ""
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def lure() -> Iterator[Lure]:
    found = Lure()

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            found.asked.append(self.path)
            self.send_error(404)

        do_GET = do_HEAD = do_OPTIONS = do_POST = do_PROPFIND = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()


def markdown(path: Path, url: str) -> None:
    path.write_text(f'text ![a]({url}/md)\n\n<img src="{url}/md-html">\n', encoding="utf-8")


def drawing(path: Path, url: str) -> None:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}/svg"/><text>text</text></svg>'
    path.write_text(svg, encoding="utf-8")


def table(path: Path, url: str) -> None:
    path.write_text(f"text,=cmd|'/C calc'!A0\n=WEBSERVICE(\"{url}/csv\"),2\n", encoding="utf-8")


def formula(path: Path, url: str) -> None:
    cell = f'<f>_xlfn.WEBSERVICE("{url}/xlsx")</f><v>5</v>'
    workbook(path, cell=cell, more={"xl/vbaProject.bin": b"x"})


def rich(path: Path, url: str) -> None:
    field = rf'{{\field{{\*\fldinst {{INCLUDEPICTURE "{url}/rtf" \\d }}}}{{\fldrslt text}}}}'
    path.write_text(rf"{{\rtf1{{\*\template {url}/rtf-template}}{field}}}", encoding="ascii")


Write = Callable[[Path, str], None]
# Name, how it is drawn, and the codes of what is said of it.
PLAIN: list[tuple[str, Write, set[str]]] = [
    ("a.docx", drawn.linked_word, {"external-content"}),
    ("a.eml", drawn.linked_mail, {"external-content"}),
    ("a.md", markdown, set()),
    ("a.svg", drawing, set()),
]
OFFICE: list[tuple[str, Write, set[str]]] = [
    ("a.odt", drawn.linked_text, {"external-content", "macros"}),
    ("a.html", drawn.linked_page, {"external-content"}),
    ("a.rtf", rich, {"external-content"}),
    ("a.xlsx", formula, {"macros"}),
    ("a.csv", table, set()),
]
LURES = [*PLAIN, *OFFICE]


def lured(folder: Path, lure: Lure, engine: str, lures: list[tuple[str, Write, set[str]]]) -> dossier.Binder:
    """Bind lures where the network is within reach, so that only what is done to them stands between."""
    (folder / "sources").mkdir()
    for name, write, _ in lures:
        write(folder / "sources" / name, lure.url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(libreoffice, "_sandbox", lambda: ())
        return bind(folder, *(name for name, *_ in lures), engine=engine)


@pytest.fixture(scope="module")
def by_embedded(lure: Lure, tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    return lured(tmp_path_factory.mktemp("embedded"), lure, "embedded", PLAIN)


@pytest.fixture(scope="module")
def by_libreoffice(lure: Lure, tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed here")
    return lured(tmp_path_factory.mktemp("libreoffice"), lure, "libreoffice", LURES)


def assert_harmless(binder: dossier.Binder, case: tuple[str, Write, set[str]], lure: Lure) -> None:
    names = [source.path.partition("/")[0] for source in evidence_of_all(binder)]
    assert case[0] in names
    id = next(p.id for p in binder.receipt.items[0].evidence for s in p.sources if s.path.partition("/")[0] == case[0])
    assert evidence_of(binder, id).status == "bound"
    assert {problem.code for problem in problems_of(binder, id, "warning")} >= case[2]
    assert is_bound(binder, id, ["text" if case[0] != "a.xlsx" else "5"])
    assert lure.asked == []


def evidence_of_all(binder: dossier.Binder) -> list[Any]:
    return [source for item in binder.receipt.items for proof in item.evidence for source in proof.sources]


@linux
@pytest.mark.parametrize("case", PLAIN, ids=[name for name, *_ in PLAIN])
def test_nothing_is_fetched_or_run_by_the_embedded_engine(
    by_embedded: dossier.Binder, lure: Lure, case: tuple[str, Write, set[str]]
) -> None:
    assert_harmless(by_embedded, case, lure)


@linux
@pytest.mark.libreoffice
@pytest.mark.parametrize("case", LURES, ids=[name for name, *_ in LURES])
def test_nothing_is_fetched_or_run_by_libreoffice(
    by_libreoffice: dossier.Binder, lure: Lure, case: tuple[str, Write, set[str]]
) -> None:
    assert_harmless(by_libreoffice, case, lure)


def test_the_lure_is_within_reach(lure: Lure) -> None:
    import urllib.request  # noqa: PLC0415 - for this alone

    with pytest.raises(urllib.request.HTTPError):
        urllib.request.urlopen(f"{lure.url}/proof")
    assert lure.asked.pop() == "/proof"


# --- broken and hostile files that only LibreOffice reads -------------------------------------------------------------

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def half_workbook(path: Path) -> None:
    workbook(path)
    path.write_bytes(path.read_bytes()[:700])


def odt(content: bytes) -> Callable[[Path], None]:
    members = {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": content}
    return lambda path: zipped(path, members)


BROKEN: list[tuple[str, Callable[[Path], object], str]] = [
    ("cut.xlsx", half_workbook, "damaged-source"),
    ("entities.xlsx", lambda path: workbook(path, prolog=ENTITIES.decode()), "hostile-source"),
    ("bomb.xlsx", lambda path: workbook(path, more={"xl/media/a.bin": bytes(80 * MB)}), "hostile-source"),
    ("entities.odt", odt(ENTITIES + b"<x>&j;</x>"), "hostile-source"),
    ("garbage.doc", lambda path: path.write_bytes(OLE + bytes(range(256)) * 20), "unreadable-source"),
    ("garbage.csv", lambda path: path.write_bytes(b"\xff\0\xfe\0\x81" * 900), "unsupported-kind"),
]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dossier.Binder:
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed here")
    folder = tmp_path_factory.mktemp("broken")
    (folder / "sources").mkdir()
    for name, draw, _ in BROKEN:
        draw(folder / "sources" / name)
    return bind(folder, *(name for name, *_ in BROKEN))


@pytest.mark.libreoffice
@pytest.mark.parametrize("case", BROKEN, ids=[name for name, *_ in BROKEN])
def test_a_broken_office_file_is_refused_by_name(
    broken: dossier.Binder, case: tuple[str, Callable[[Path], object], str]
) -> None:
    id = f"1-{BROKEN.index(case) + 1:02}"
    [problem] = problems_of(broken, id)

    assert (evidence_of(broken, id).status, problem.code) == ("refused", case[2])
    assert case[0] in problem.message
    assert problem.fix


# --- a LibreOffice that fails ----------------------------------------------------------------------------------------

PROGRAM = """#!{python}
import os, re, sys, zipfile
from pathlib import Path
sys.path.insert(0, {tests!r})
import fake_soffice as fake

fake.HOME = Path(__file__).resolve().parent
obey = fake.convert

def convert(source, pdf):
    with zipfile.ZipFile(source) as package:
        told = re.search(r"order ([a-z-]+)", package.read("word/document.xml").decode())
    order = fake.HOME / f"{{os.getpid()}}.order"
    order.write_text(told[1] if told else "good")
    obey(order, pdf)

fake.convert = convert
fake.main()
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for soffice that does with a Word file what "order …" in it says, and is given up after a second."""
    folder = tmp_path / "office"
    folder.mkdir()
    program = folder / "soffice"
    program.write_text(PROGRAM.format(python=sys.executable, tests=str(Path(__file__).parents[1])), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("DOSSIER_SOFFICE", str(program))
    plain = libreoffice.convert_batch
    monkeypatch.setattr(
        libreoffice, "convert_batch", lambda jobs, *, fontconfig: plain(jobs, fontconfig=fontconfig, timeout=2.0)
    )
    return folder


@linux
@pytest.mark.parametrize(
    ("order", "code"),
    [("hang", "hung-source"), ("hang-apart", "hung-source"), ("crash", "crashed-source"), ("leave-child", "")],
)
def test_a_libreoffice_that_fails_costs_its_file_alone_and_leaves_no_process(
    stand_in: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], order: str, code: str
) -> None:
    (tmp_path / "sources").mkdir()
    word(tmp_path / "sources" / "bad.docx", replace=(b"text", f"order {order}".encode()))
    word(tmp_path / "sources" / "other.docx", replace=(b"text", b"order good"))
    manifest = write_manifest(tmp_path, ["bad.docx", "other.docx"])

    with clean_room(tmp_path):
        status = main(["build", str(manifest), "-o", str(tmp_path / "out"), "--engine", "libreoffice"])

    said = capfd.readouterr().err
    written = dossier.receipt.read(tmp_path / "out" / "receipt.json")
    assert (stand_in / "runs.jsonl").exists()
    assert status == (1 if code else 0)
    assert [p.status for p in written.items[0].evidence] == ["refused" if code else "bound", "bound", "bound"]
    assert [p.code for p in written.problems if p.severity == "error"] == ([code] if code else [])
    assert ("bad.docx" in said) is bool(code)
