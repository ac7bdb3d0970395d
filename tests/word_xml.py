"""Word's XML as Word saves it: runs it has split, tracked changes, links, and files made of them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

TRACKED = 'w:id="7" w:author="张三" w:date="2023-12-01T09:00:00Z"'
SPELLING = '<w:proofErr w:type="spellStart"/>'
BOX = (
    '<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor distT="0" distB="0" distL="0" distR="0" '
    'simplePos="0" relativeHeight="1" behindDoc="0" locked="0" layoutInCell="1" allowOverlap="1">'
    '<wp:simplePos x="0" y="0"/><wp:positionH relativeFrom="column"><wp:posOffset>0</wp:posOffset></wp:positionH>'
    '<wp:positionV relativeFrom="paragraph"><wp:posOffset>0</wp:posOffset></wp:positionV>'
    '<wp:extent cx="2000000" cy="500000"/><wp:wrapNone/><wp:docPr id="1" name="box"/><a:graphic><a:graphicData '
    'uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"><wps:wsp><wps:cNvSpPr txBox="1"/>'
    "<wps:spPr/><wps:txbx><w:txbxContent><w:p>{0}</w:p></w:txbxContent></wps:txbx><wps:bodyPr>{1}</wps:bodyPr></wps:wsp>"
    "</a:graphicData></a:graphic></wp:anchor></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent>"
    "<w:p>{0}</w:p></w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
)
"""A text box as Word writes it, twice: for itself, and for versions before 2010."""

_NAMESPACES = (
    nsdecls("w", "wp", "a", "r")
    + ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    + ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    + ' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    + ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def run(text: str, look: str = "") -> str:
    """Return a run of text; ``look`` are its properties."""
    properties = f"<w:rPr>{look}</w:rPr>" if look else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def inserted(*runs: str) -> str:
    """Return runs that a tracked change has put in."""
    return f"<w:ins {TRACKED}>{''.join(runs)}</w:ins>"


def deleted(text: str) -> str:
    """Return text that a tracked change has struck out."""
    return f'<w:del {TRACKED}><w:r><w:delText xml:space="preserve">{escape(text)}</w:delText></w:r></w:del>'


def paragraph(*runs: str) -> Any:
    """Return a paragraph of runs."""
    return parse_xml(f"<w:p {_NAMESPACES}>{''.join(runs)}</w:p>")


def row(*cells: str) -> str:
    """Return a table row, with one paragraph of runs in each cell."""
    return "<w:tr>" + "".join(f"<w:tc><w:p>{cell}</w:p></w:tc>" for cell in cells) + "</w:tr>"


def table(*rows: str) -> Any:
    """Return a table of rows."""
    grid = "<w:tblGrid><w:gridCol w:w='4000'/></w:tblGrid>"
    return parse_xml(f"<w:tbl {_NAMESPACES}><w:tblPr/>{grid}{''.join(rows)}</w:tbl>")


def word(path: Path, *blocks: Any, document: Any = None) -> Path:
    """Write a Word file: a paragraph for each text, and every other block as it is."""
    document = document or Document()
    for block in blocks:
        if isinstance(block, str):
            document.add_paragraph(block)
        else:
            document.element.body.insert(len(document.element.body) - 1, block)
    path.parent.mkdir(parents=True, exist_ok=True)
    document.save(str(path))
    return path


def add_part(path: Path, name: str, data: str | bytes, *, rels: str = "") -> Path:
    """Put a member into a Word file, in place of one of the same name; ``rels`` is added to its body's relations."""
    with zipfile.ZipFile(path) as package:
        members = {one: package.read(one) for one in package.namelist()}
    if name:
        members[name] = data.encode() if isinstance(data, str) else data
    key = "word/_rels/document.xml.rels"
    members[key] = members[key].replace(b"</Relationships>", f"{rels}</Relationships>".encode())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for one, content in members.items():
            package.writestr(one, content)
    return path


def relation(kind: str, target: str) -> str:
    """Return a relation that leads out of a file."""
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return f'<Relationship Id="rIdX" Type="{base}/{kind}" Target="{target}" TargetMode="External"/>'
