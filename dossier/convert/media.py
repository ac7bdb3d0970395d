"""Audio and video → one sheet that stands for the file: its name, length, size and SHA-256, and its first frame.

A recording cannot be printed; its checksum proves which recording was meant, and the file itself is handed in beside
the book.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from PIL import Image, UnidentifiedImageError
from tinytag import TinyTag, TinyTagException

from dossier.part import Note
from dossier.sources import sha256_of

VERSION = f"1 tinytag {version('tinytag')} / python-docx {version('python-docx')}"
"""Part of every cache key: raised when the sheet comes out another way."""
FFMPEG_TIMEOUT = 30.0
"""Seconds for ffmpeg to find the first frame."""

_FFMPEG = "ffmpeg"
_HEAD = "音视频材料"
_ROWS = ("文件名称", "时　　长", "文件大小", "SHA-256")
_UNKNOWN = "不详"
_WIDTH = 150  # mm


def to_word(source: Path, name: str, out: Path) -> tuple[Note, ...]:
    """Write the sheet of a recording as the Word file ``out``; ``name`` is how the sheet calls it."""
    document: Any = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin, section.top_margin = Mm(28), Mm(26), Mm(37)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Times New Roman", Pt(12)
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "仿宋_GB2312")
    heading = document.add_paragraph()
    heading.alignment = 1
    heading.add_run(_HEAD).font.size = Pt(22)
    digest = sha256_of(source)
    values = (name, _length(source), _size(source.stat().st_size), f"{digest[:32]}\n{digest[32:]}")
    table = document.add_table(rows=0, cols=2, style="Table Grid")
    for label, value in zip(_ROWS, values, strict=True):
        cells = table.add_row().cells
        cells[0].width, cells[1].width = Mm(35), Mm(_WIDTH - 35)
        cells[0].text, cells[1].text = label, value
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        frame = _first_frame(source, Path(folder))
        if frame is not None:
            document.add_paragraph()
            document.add_picture(str(frame), width=Mm(_WIDTH))
        document.save(str(out))
    message = "it is a recording: a sheet with its name, length and checksum stands for it"
    return (Note("recording", message, "hand the file itself in beside the book", "info"),)


def sees_films() -> bool:
    """Say whether a film's first frame can be shown here."""
    return shutil.which(_FFMPEG) is not None


def _length(source: Path) -> str:
    try:
        seconds = TinyTag.get(source, tags=False).duration
    except (TinyTagException, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError):
        return _UNKNOWN
    if not seconds or seconds > 1_000_000:
        return _UNKNOWN
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}小时{minutes}分{rest}秒" if hours else f"{minutes}分{rest}秒"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB（{size} 字节）" if size >= 100_000 else f"{size} 字节"


def _first_frame(source: Path, folder: Path) -> Path | None:
    """Return a picture of the first frame, where ffmpeg is installed and finds one."""
    ffmpeg = shutil.which(_FFMPEG)
    if ffmpeg is None:
        return None
    frame = folder / "frame.png"
    # Only this file is opened: a playlist must not make ffmpeg fetch what it lists.
    command = [ffmpeg, "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", str(source.resolve())]
    try:
        subprocess.run(
            [*command, "-frames:v", "1", "-vf", "scale='min(1280,iw)':-2", str(frame)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=FFMPEG_TIMEOUT,
            check=True,
        )
        with Image.open(frame, formats=("PNG",)) as picture:
            picture.load()
    except (OSError, subprocess.SubprocessError, UnidentifiedImageError, ValueError):
        return None  # a sound has none, and a broken film is still named, measured and hashed
    return frame
