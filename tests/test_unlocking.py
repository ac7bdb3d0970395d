"""Office files under a password are opened by it and by no other, and what comes out is the plain file.

The files in ``locked`` were written by LibreOffice 7.4 with the password below, ``velvet.xls`` with that which Excel
knows by itself.
"""

from __future__ import annotations

import hashlib
import io
import logging
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pypdf
import pytest
from conftest import A4, MakeDocx, MakeManifest
from Cryptodome.Cipher import ARC4
from docx import Document
from msoffcrypto.format.ooxml import OOXMLFile  # type: ignore[import-untyped]
from test_office import compound, package

import dossier
from dossier import convert, ole, sources
from dossier.cache import Cache
from dossier.convert import libreoffice, office, unlocking
from dossier.errors import ConversionError
from dossier.part import Part
from dossier.sources import Kind

LOCKED = Path(__file__).with_name("locked")
SECRET = "密码Kf7"
TEXT = "质量Quality 2023"
NAMES = ("a.doc", "a.xls", "a.odt", "a.docx")


@pytest.fixture
def locked(tmp_path: Path, make_docx: MakeDocx) -> Callable[[str], Path]:
    """Return a function from the name of a locked file to where it is; a Word file is made on the fly."""

    def give(name: str) -> Path:
        if name != "a.docx":
            return LOCKED / name
        return lock(make_docx("plain.docx", TEXT), tmp_path / "sources" / name, SECRET)

    return give


def lock(plain: Path, path: Path, password: str) -> Path:
    """Lock a package as Office does."""
    path.parent.mkdir(exist_ok=True)
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(plain.read_bytes())).encrypt(password, out)
    path.write_bytes(out.getvalue())
    return path


Locked = Callable[[str], Path]


def refused(source: Path, folder: Path, password: str) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        unlocking.unlock(source, folder / "refused", password)
    return caught.value


# --- opening -------------------------------------------------------------------------------------------------------

HOLDS: dict[str, Callable[[Path], bool]] = {
    "a.doc": lambda path: TEXT.encode("utf-16-le") in path.read_bytes(),
    "a.xls": lambda path: TEXT.encode("utf-16-le") in path.read_bytes(),
    "a.odt": lambda path: TEXT in zipfile.ZipFile(path).read("content.xml").decode(),
    "a.docx": lambda path: Document(str(path)).paragraphs[0].text == TEXT,
}


@pytest.mark.parametrize("name", NAMES)
def test_the_password_opens(locked: Locked, tmp_path: Path, name: str) -> None:
    out = tmp_path / f"out{name}"
    notes = unlocking.unlock(locked(name), out, SECRET)

    assert notes is not None
    assert [(note.code, note.message) for note in notes] == [
        ("was-encrypted", "it was encrypted and opened with the password given")
    ]
    assert HOLDS[name](out)
    assert office.lock_of(out) is None
    assert unlocking.unlock(out, tmp_path / "again", SECRET) is None


@pytest.mark.parametrize("name", NAMES)
def test_no_password_and_a_wrong_one_are_told_apart(locked: Locked, tmp_path: Path, name: str) -> None:
    source = locked(name)
    none, wrong = (refused(source, tmp_path, given) for given in ("", "wrong-secret"))

    assert (none.code, wrong.code) == ("encrypted-source", "encrypted-source")
    assert none.message == "it is encrypted and needs a password"
    assert wrong.message == "the password given for it is wrong"
    assert "`password`" in none.fix
    assert "wrong-secret" not in str(wrong)


@pytest.mark.parametrize("given", ["", "needless"])
def test_a_password_that_excel_knows_opens_by_itself(tmp_path: Path, given: str) -> None:
    notes = unlocking.unlock(LOCKED / "velvet.xls", tmp_path / "out.xls", given)

    assert notes is not None
    assert notes[0].message == "it was encrypted and opened without a password"
    assert HOLDS["a.xls"](tmp_path / "out.xls")


@pytest.mark.parametrize("given", ["", "needless"])
def test_an_empty_password_opens_by_itself(make_docx: MakeDocx, tmp_path: Path, given: str) -> None:
    source = lock(make_docx("plain.docx", TEXT), tmp_path / "a.docx", "")

    notes = unlocking.unlock(source, tmp_path / "out.docx", given)

    assert notes is not None
    assert notes[0].message == "it was encrypted and opened without a password"
    assert HOLDS["a.docx"](tmp_path / "out.docx")


def test_what_is_not_locked_is_left_alone(make_docx: MakeDocx, tmp_path: Path) -> None:
    assert unlocking.unlock(make_docx("a.docx"), tmp_path / "out", SECRET) is None
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("password", ["x" * 300, "\udcff", "\0"])
@pytest.mark.parametrize("name", ["a.doc", "a.xls", "a.odt"])
def test_a_password_that_cannot_be_one_is_wrong(locked: Locked, tmp_path: Path, name: str, password: str) -> None:
    assert refused(locked(name), tmp_path, password).message == "the password given for it is wrong"


def test_the_library_that_opens_says_nothing_of_keys(
    locked: Locked, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = locked("a.docx")
    with caplog.at_level(logging.DEBUG):
        unlocking.unlock(source, tmp_path / "out", SECRET)
    assert caplog.records == []


# --- what cannot be opened -----------------------------------------------------------------------------------------


def record(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "little") + len(data).to_bytes(2, "little") + data


def word_file(flags: int) -> bytes:
    header = b"\xec\xa5" + bytes(8) + flags.to_bytes(2, "little")
    return compound("WordDocument", "1Table", streams={"WordDocument": header + bytes(5000)})


BOOK = record(0x809, bytes(16)) + record(0x2F, bytes(6)) + record(0x0A, b"")
PPT_USER = bytes(12) + bytes.fromhex("dfc4d1f3") + bytes(5000)
UNREAD = {
    "rights.docx": compound("EncryptedPackage", "\x06DataSpaces"),
    "old.doc": word_file(0x8100),
    "old.xls": compound("Book", streams={"Book": BOOK}),
    "pictures.ppt": compound(
        *("Current User", "PowerPoint Document", "Pictures"),
        streams={"Current User": PPT_USER, "Pictures": b"x" * 5000},
    ),
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_way_of_locking_that_is_not_read_is_refused_with_a_way_out(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(UNREAD[name])
    error = refused(tmp_path / name, tmp_path, SECRET)

    assert error.code == "encrypted-source"
    assert "password is wrong" not in error.message
    assert "save it without one" in error.fix


def test_opendocument_that_is_locked_as_a_whole_is_known_and_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.odt"
    package("mimetype", "encrypted-package", "META-INF/manifest.xml")(path)

    assert sources.recognise(path) is Kind.ODF
    assert "as a whole" in refused(path, tmp_path, SECRET).message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("xmlenc#aes256-cbc", "xmlenc#blowfish"),
        ('"PBKDF2"', '"argon2id"'),
        ("xmldsig#sha256", "xmldsig#sha1"),
        ("manifest:1.0#sha256-1k", "manifest:1.0#crc"),
    ],
)
def test_a_cipher_that_is_not_known_is_refused_by_name(tmp_path: Path, old: str, new: str) -> None:
    error = refused(with_manifest(tmp_path, lambda text: text.replace(old, new)), tmp_path, SECRET)

    assert error.code == "encrypted-source"
    assert new.strip('"').rpartition("#")[2].upper() in error.message.upper()


def with_manifest(folder: Path, change: Callable[[str], str]) -> Path:
    path = folder / "changed.odt"
    with zipfile.ZipFile(LOCKED / "a.odt") as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry.filename, change(data.decode()) if entry.filename == office.ODF_MANIFEST else data)
    return path


def test_a_key_that_would_take_for_ever_is_hostile(tmp_path: Path) -> None:
    path = with_manifest(tmp_path, lambda text: text.replace('"100000"', '"2000000000"'))

    assert refused(path, tmp_path, SECRET).code == "hostile-source"


def test_a_package_that_unpacks_to_too_much_is_hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dossier.convert.ooxml.MAX_UNPACKED", 20_000)

    assert refused(LOCKED / "a.odt", tmp_path, SECRET).code == "hostile-source"


@pytest.mark.parametrize("change", [lambda t: t.replace("iteration-count", "x"), lambda t: t[: len(t) // 2]])
def test_a_manifest_that_makes_no_sense_is_damage(tmp_path: Path, change: Callable[[str], str]) -> None:
    assert refused(with_manifest(tmp_path, change), tmp_path, SECRET).code == "damaged-source"


def test_a_part_that_does_not_open_is_damage_and_no_wrong_password(tmp_path: Path) -> None:
    path = tmp_path / "a.odt"
    with zipfile.ZipFile(LOCKED / "a.odt") as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry.filename, bytes(len(data)) if entry.filename == "content.xml" else data)

    assert refused(path, tmp_path, SECRET).code == "damaged-source"


@pytest.mark.parametrize("name", ["a.doc", "a.xls", "a.docx"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_file_that_breaks_off_fails_in_no_way_but_by_name(
    locked: Locked, tmp_path: Path, name: str, kept: float
) -> None:
    data = locked(name).read_bytes()
    path = tmp_path / "broken"
    path.write_bytes(data[: int(len(data) * kept)])
    with suppress(ConversionError):  # or none: what is lost may lie in its last bytes alone
        unlocking.unlock(path, tmp_path / "out", SECRET)


# --- PowerPoint ----------------------------------------------------------------------------------------------------


def atom(kind: int, data: bytes, version: int = 0) -> bytes:
    return version.to_bytes(2, "little") + kind.to_bytes(2, "little") + len(data).to_bytes(4, "little") + data


def number(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


def ppt_key(salt: bytes, password: str, block: int) -> bytes:
    """Compute a key as [MS-OFFCRYPTO] 2.3.5.2 has it, of 128 bits."""
    first = hashlib.sha1(salt + password.encode("utf-16-le")).digest()
    return hashlib.sha1(first + number(block)).digest()[:16]


def write_ppt(path: Path, password: str) -> Path:
    """Write the least of a locked presentation: one record, of which only what follows its header is hidden."""
    salt, verifier = bytes(range(16)), bytes(range(16, 32))
    stream = ARC4.new(ppt_key(salt, password, 0))
    proof = stream.encrypt(verifier), stream.encrypt(hashlib.sha1(verifier).digest())
    header = number(4, 0, 0x6801, 0x8004, 128, 1, 0, 0) + "x\0".encode("utf-16-le")
    session = number(0x00020002, 4, len(header)) + header + number(16) + salt + proof[0] + number(20) + proof[1]
    hidden = ARC4.new(ppt_key(salt, password, 1)).encrypt(atom(0x03E8, TEXT.encode("utf-16-le"), 15))
    container = atom(0x2F14, session, 15)
    directory = atom(0x1772, number(2 << 20 | 1, 0, len(hidden)))
    edit = len(hidden) + len(container) + len(directory)
    user_edit = atom(0x0FF5, number(0, 0x03000000, 0, len(hidden) + len(container), 1, 2, 0, 2))
    document = hidden + container + directory + user_edit
    name = b"m" * (4096 - 32)  # streams of less than 4096 bytes would be kept in another way
    user = atom(
        0x0FF6, number(20) + bytes.fromhex("dfc4d1f3") + number(edit, len(name) | 0x03F4 << 16, 3) + name + number(8)
    )
    padded = {"PowerPoint Document": document + bytes(max(0, 4096 - len(document))), "Current User": user}
    path.write_bytes(compound(*padded, streams=padded))
    return path


def test_an_old_presentation_is_opened(tmp_path: Path) -> None:
    source = write_ppt(tmp_path / "a.ppt", SECRET)

    assert office.lock_of(source) is office.Lock.POWERPOINT
    assert "wrong" in refused(source, tmp_path, "wrong-secret").message
    assert unlocking.unlock(source, tmp_path / "out.ppt", SECRET) is not None
    assert TEXT.encode("utf-16-le") in ole.head(tmp_path / "out.ppt", "PowerPoint Document", 4096)
    assert TEXT.encode("utf-16-le") not in source.read_bytes()
    assert office.lock_of(tmp_path / "out.ppt") is None


# --- in a build ----------------------------------------------------------------------------------------------------


def test_a_locked_word_file_is_bound_without_libreoffice(
    locked: Locked, make_manifest: MakeManifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libreoffice, "find", lambda: None)
    locked("a.docx")
    path = make_manifest({"1": [{"file": "a.docx", "password": SECRET}], "2": [{"file": "a.docx"}]})

    binder = dossier.build(path, tmp_path / "out", engine="embedded")

    assert [item.status for item in binder.receipt.items] == ["complete", "refused"]
    found = {problem.item: problem for problem in binder.problems}
    assert found["1"].code == "was-encrypted"
    assert (found["2"].code, found["2"].message) == (
        "encrypted-source",
        "a.docx: it is encrypted and needs a password",
    )
    assert SECRET not in binder.receipt.dumps() + "".join(map(str, binder.problems))


def test_a_locked_workbook_without_libreoffice_says_what_to_install(
    tmp_path: Path, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libreoffice, "find", lambda: None)
    plain = tmp_path / "plain.xlsx"
    with zipfile.ZipFile(plain, "w") as zipped:
        zipped.writestr(
            "[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        )
        zipped.writestr("xl/workbook.xml", "<workbook/>" + " " * 5000)  # less is kept in another way
    path = make_manifest({"1": [{"file": "a.xlsx", "password": SECRET}]})
    lock(plain, tmp_path / "sources" / "a.xlsx", SECRET)

    binder = dossier.build(path, tmp_path / "out", engine="embedded")

    [problem] = [problem for problem in binder.problems if problem.severity == "error"]
    assert problem.code == "unsupported-kind"
    assert "Excel" in problem.message
    assert "install LibreOffice" in problem.fix


def test_a_locked_package_is_recognised_as_one_and_accepted(locked: Locked) -> None:
    path = locked("a.docx")

    assert sources.recognise(path) is Kind.LOCKED
    assert sources.recognise(LOCKED / "a.doc") is Kind.OLE
    assert Kind.LOCKED in convert.accepted()


@pytest.mark.libreoffice
def test_libreoffice_prints_what_was_locked_and_never_learns_the_password(
    locked: Locked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if libreoffice.find() is None:
        pytest.skip("LibreOffice is not installed")
    commands: list[str] = []
    watch = libreoffice._watch

    def watched(command: Sequence[str], *rest: Any) -> Any:
        commands.extend(command)
        return watch(command, *rest)

    monkeypatch.setattr(libreoffice, "_watch", watched)
    settings = convert.choose("libreoffice", A4)
    asked = [(locked(name), SECRET) for name in NAMES] + [(LOCKED / "velvet.xls", "")]
    tasks = [
        convert.task(
            path, path.name, sources.recognise(path), sources.sha256_of(path), settings, sources.Options(password)
        )
        for path, password in asked
    ]
    store = Cache(tmp_path / "cache")

    for batch in convert.batches(tasks, settings, store, 1):
        for task, part in zip(batch.tasks, convert.convert(batch), strict=True):
            assert isinstance(part, Part), task.name
            shown = pypdf.PdfReader(part.path).pages[0].extract_text()
            assert TEXT.replace(" ", "") in shown.replace(" ", ""), task.name
            assert [note.code for note in part.notes] == ["was-encrypted"]

    assert any("soffice" in argument for argument in commands)
    assert not any(SECRET in argument for argument in commands)
