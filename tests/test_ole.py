"""Compound files are read as far as they go, and no further."""

from __future__ import annotations

from pathlib import Path

import pytest

from dossier import ole

SECTOR = 512
NONE, END = 0xFFFFFFFF, 0xFFFFFFFE


def entry(name: str, start: int = 0, size: int = 0, left: int = NONE, right: int = NONE, child: int = NONE) -> bytes:
    data = bytearray(128)
    text = name.encode("utf-16-le") + b"\0\0"
    data[: len(text)] = text
    data[64:66] = len(text).to_bytes(2, "little")
    for at, value in ((68, left), (72, right), (76, child), (116, start), (120, size)):
        data[at : at + 4] = value.to_bytes(4, "little")
    return bytes(data)


def compound(entries: list[bytes], stream: bytes = b"", chain: dict[int, int] | None = None) -> bytes:
    """Return a file of an allocation table, a directory from sector 1, and a stream that begins after it."""
    directory = b"".join(entries)
    directory += bytes(-len(directory) % SECTOR)
    last = len(directory) // SECTOR
    count = -(-len(stream) // SECTOR)
    table = (
        {n: n + 1 for n in range(1, last + count + 1)} | {last: END, last + count: END, 0: 0xFFFFFFFD} | (chain or {})
    )
    header = bytearray(512)
    header[:8] = ole.MAGIC
    header[30:32] = (9).to_bytes(2, "little")
    header[48:52] = (1).to_bytes(4, "little")
    header[76:80] = (0).to_bytes(4, "little")
    fat = b"".join(table.get(n, NONE).to_bytes(4, "little") for n in range(SECTOR // 4))
    return bytes(header) + fat + directory + stream + bytes(-len(stream) % SECTOR)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.xls"


def test_all_siblings_at_the_top_are_named(path: Path) -> None:
    # Five entries take two sectors of the directory.
    path.write_bytes(
        compound([entry("Root", child=2), entry("a"), entry("b", left=1, right=3), entry("c", right=4), entry("d")])
    )
    assert ole.names(path) == {"a", "b", "c", "d"}


def test_what_an_embedded_document_holds_is_not_at_the_top(path: Path) -> None:
    path.write_bytes(
        compound([entry("Root", child=1), entry("Workbook", right=2), entry("MBD1", child=3), entry("WordDocument")])
    )
    assert ole.names(path) == {"Workbook", "MBD1"}


def test_a_tree_that_loops_ends(path: Path) -> None:
    path.write_bytes(compound([entry("Root", child=1), entry("a", left=2, right=0), entry("b", left=1, right=2)]))
    assert ole.names(path) == {"a", "b"}


def test_a_chain_that_loops_ends(path: Path) -> None:
    path.write_bytes(compound([entry("Root", child=1), entry("a")], chain={1: 1}))
    assert ole.names(path) == {"a"}


@pytest.mark.parametrize("size", [5, 700, 5000])
def test_the_start_of_a_stream_is_read_across_sectors(path: Path, size: int) -> None:
    stream = bytes(range(256)) * 20
    path.write_bytes(compound([entry("Root", child=1), entry("Book", 2, len(stream))], stream))
    assert ole.head(path, "Book", size) == stream[:size]


def test_no_more_of_a_stream_is_read_than_it_holds(path: Path) -> None:
    path.write_bytes(compound([entry("Root", child=1), entry("Book", 2, 4100)], b"x" * 4608))
    assert len(ole.head(path, "Book", 9999)) == 4100


def test_a_large_file_says_further_on_where_its_allocation_table_goes_on(path: Path) -> None:
    # The header has room for 109 sectors of the table, which account for 109 * 128 sectors of the file.
    first = 109 * 128
    entries = [entry("Root", child=1), *(entry(f"e{n}", right=n + 1) for n in range(1, 5)), entry("e5")]
    table = bytearray(b"\xff" * SECTOR)
    table[:8] = (first + 1).to_bytes(4, "little") + END.to_bytes(4, "little")
    lists = (5).to_bytes(4, "little") + bytes(b"\xff" * (SECTOR - 8)) + END.to_bytes(4, "little")
    data = bytearray(compound([entry("Root")]))
    data[48:52], data[68:72] = first.to_bytes(4, "little"), (4).to_bytes(4, "little")
    data[76:512] = b"\xff" * 436
    data += bytes(5 * SECTOR - len(data)) + lists + table
    data += bytes((first + 1) * SECTOR - len(data)) + b"".join(entries)
    path.write_bytes(data)
    assert ole.names(path) == {"e1", "e2", "e3", "e4", "e5"}


def test_a_list_of_the_allocation_table_that_loops_ends(path: Path) -> None:
    data = bytearray(compound([entry("Root", child=1), entry("a")], chain={1: 109 * 128}))
    data[68:72] = (4).to_bytes(4, "little")
    data += bytes(5 * SECTOR - len(data)) + (4).to_bytes(4, "little") * 128
    data += bytes((109 * 128 + 2) * SECTOR - len(data))
    path.write_bytes(data)
    assert ole.names(path) == {"a"}


def test_a_stream_that_is_not_there_is_empty(path: Path) -> None:
    path.write_bytes(compound([entry("Root", child=1), entry("Book", 2, 5000)], b"x" * 5000))
    assert ole.head(path, "Workbook", 10) == b""


@pytest.mark.parametrize("keep", [0, 8, 40, 511, 512, 600, 1024, 1100])
def test_a_file_that_breaks_off_names_nothing(path: Path, keep: int) -> None:
    path.write_bytes(compound([entry("Root", child=1), entry("Book")])[:keep])
    assert ole.names(path) == frozenset()


def test_sectors_of_an_impossible_size_are_refused(path: Path) -> None:
    data = bytearray(compound([entry("Root", child=1), entry("Book")]))
    data[30:32] = (31).to_bytes(2, "little")
    path.write_bytes(data)
    assert ole.names(path) == frozenset()


def test_small_streams_whose_chain_goes_round_beyond_the_end_are_empty(path: Path) -> None:
    # The root's stream is not there, and in the table of small sectors the first follows itself.
    data = bytearray(compound([entry("Root", start=NONE, child=1), entry("Current User", 0, 20)], bytes(SECTOR)))
    data[60:64] = (2).to_bytes(4, "little")
    path.write_bytes(data)
    assert ole.head(path, "Current User", 16) == b""


STREAM = bytes(range(256)) * 20  # ten sectors, from the second on


@pytest.mark.parametrize("cut", [0, 100, 511], ids=["whole", "less padding", "no padding"])
def test_a_stream_that_is_there_in_full_is_whole(path: Path, cut: int) -> None:
    data = compound([entry("Root", child=1), entry("Book", 2, len(STREAM) - 511)], STREAM)
    path.write_bytes(data[: len(data) - cut])
    assert ole.broken_off(path, {"Book"}) == ""


@pytest.mark.parametrize("cut", [512, 513, 4000])
def test_a_stream_that_ends_with_the_file_is_broken_off(path: Path, cut: int) -> None:
    data = compound([entry("Root", child=1), entry("Book", 2, len(STREAM) - 511)], STREAM)
    path.write_bytes(data[: len(data) - cut])
    assert ole.broken_off(path, {"Book"}) == "Book"
    assert ole.broken_off(path, {"Workbook"}) == ""


@pytest.mark.parametrize(
    ("size", "chain"), [(len(STREAM), {5: END}), (len(STREAM), {5: 9999}), (0xFFFFFFF0, {11: 2}), (6000, None)]
)
def test_a_stream_whose_chain_ends_too_early_is_broken_off(path: Path, size: int, chain: dict[int, int] | None) -> None:
    path.write_bytes(compound([entry("Root", child=1), entry("Book", 2, size)], STREAM, chain))
    assert ole.broken_off(path, {"Book"}) == "Book"


def test_an_empty_stream_is_whole(path: Path) -> None:
    path.write_bytes(compound([entry("Root", child=1), entry("Data", END, 0)]))
    assert ole.broken_off(path, {"Data"}) == ""
