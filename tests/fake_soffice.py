"""Stands in for ``soffice``: does with each source what its text says. Copied to an executable by the tests.

Beside itself it leaves ``runs.jsonl`` (arguments, environment and limits of each run) and ``received/`` (what it was
given). Asked for a workbook, it copies the ``made.xlsx`` beside it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(__file__).resolve().parent
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\nxref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n"
    b"0000000052 00000 n \n0000000101 00000 n \ntrailer<</Size 4/Root 1 0 R>>\nstartxref\n160\n%%EOF\n"
)
NO_PAGES = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n"
    b"trailer<</Size 3/Root 1 0 R>>\nstartxref\n96\n%%EOF\n"
)
STAY = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"


def main() -> None:
    if "--version" in sys.argv:
        print("LibreOffice 99.8.7.6 40(Build:2)")
        return
    profile = next(a for a in sys.argv if a.startswith("-env:")).partition("file://")[2]
    settings = Path(profile, "user", "registrymodifications.xcu").read_text(encoding="utf-8")
    with (HOME / "runs.jsonl").open("a", encoding="utf-8") as runs:
        build = Path(profile, "user", "extensions", "buildid").read_text(encoding="utf-8")
        run = {"argv": sys.argv[1:], "env": dict(os.environ), "profile": settings, "limits": limits(), "build": build}
        runs.write(json.dumps(run) + "\n")
    start = sys.argv.index("--outdir")
    out = Path(sys.argv[start + 1])
    target = sys.argv[sys.argv.index("--convert-to") + 1]
    for name in sys.argv[start + 2 :]:
        if target == "xlsx" and (HOME / "made.xlsx").exists():
            shutil.copyfile(HOME / "made.xlsx", out / f"{Path(name).stem}.xlsx")
        else:
            convert(Path(name), out / f"{Path(name).stem}.pdf")


def limits() -> dict[str, int]:
    """Return what is allowed here, where the system can say it."""
    if sys.platform == "win32":
        return {}
    import resource  # noqa: PLC0415 - POSIX only

    names = ("AS", "FSIZE", "CORE")
    return {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[0] for name in names}


def convert(source: Path, pdf: Path) -> None:
    (HOME / "received").mkdir(exist_ok=True)
    shutil.copyfile(source, HOME / "received" / source.name)
    order = source.read_bytes()[:40].decode("utf-8", "replace").strip()
    if order == "crash-once":
        order = "good" if (HOME / "crashed").exists() else "crash"
        (HOME / "crashed").touch()
    if order == "crash":
        print("terminate called after throwing an instance of 'std::bad_alloc'", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL if os.getpid() == 1 else signal.SIGABRT)
        sys.exit(134)  # the first process of a PID space cannot kill itself
    if order in {"hang", "hang-apart"}:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen([sys.executable, "-c", STAY, str(HOME)], start_new_session=order == "hang-apart")
        (HOME / "hanging").touch()
        time.sleep(300)
    if order == "leave-child":
        subprocess.Popen([sys.executable, "-c", STAY, str(HOME)])
    if order == "half":
        pdf.write_bytes(PDF[: len(PDF) // 2])
    elif order == "no-pages":
        pdf.write_bytes(NO_PAGES)
    elif order == "slow":
        time.sleep(1.2)
        pdf.write_bytes(PDF)
    elif order != "nothing":
        pdf.write_bytes(PDF)


if __name__ == "__main__":
    main()
