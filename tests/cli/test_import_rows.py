"""Rows as files have them: what is read, what is refused, what each becomes. No server, no process."""

import gzip
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.cli.errors import Failed, Usage
from tailorbird.cli.importing.rows import ROW_BYTES, START, Position, Reader, Row, format_of, open_reader

VIENNA = ZoneInfo("Europe/Vienna")


def opened(folder: Path, name: str, data: bytes, **more: str) -> Reader:
    path = folder / name
    path.write_bytes(data)
    return open_reader(path, format_of(path, ""), **{"delimiter": "", "encoding": "utf-8", **more})


def rows(reader: Reader, begin: Position = START) -> list[Row]:
    found = list(reader.rows(begin))
    reader.close()
    return found


def values(found: Iterable[Row]) -> list[Any]:
    return [row.values if row.values is not None else row.error for row in found]


# -- CSV -------------------------------------------------------------------------------------------------------------


def test_a_csv_file_of_every_oddity(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbf"id",name\r\n1,"a ""b"", c"\r\n\r\n2,"two\r\nlines"\r\n3,\n4,last'
    found = rows(opened(tmp_path, "a.csv", data))
    assert values(found) == [
        {"id": "1", "name": 'a "b", c'},
        {"id": "2", "name": "two\r\nlines"},
        {"id": "3", "name": ""},
        {"id": "4", "name": "last"},
    ]
    assert [row.line for row in found] == [2, 4, 6, 7]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_seen_in_the_header(tmp_path: Path, mark: str) -> None:
    data = f'id{mark}"a"{mark}b\n1{mark}2{mark}3\n'.encode()
    assert values(rows(opened(tmp_path, "a.csv", data))) == [{"id": "1", "a": "2", "b": "3"}]


def test_the_delimiter_may_be_told(tmp_path: Path) -> None:
    reader = opened(tmp_path, "a.csv", b"id:a,b,c\n1:x\n", delimiter=":")
    assert values(rows(reader)) == [{"id": "1", "a,b,c": "x"}]


def test_a_flawed_row_spoils_no_other_one(tmp_path: Path) -> None:
    data = b'id,name\n1,"never closed\n2,two\n3,three,more\n4,\xff\n5,"odd" quote\n6,six\n'
    found = rows(opened(tmp_path, "a.csv", data))
    assert [(row.line, row.values is None) for row in found] == [
        (2, True), (3, False), (4, True), (5, True), (6, True), (7, False),
    ]  # fmt: skip
    assert found[0].error == found[4].error == "a quote stands where none may, or is never closed"
    assert found[2].error == "expected 2 cells, got 3"
    assert "--encoding" in found[3].error
    assert found[3].shown == ["4", "\\xff"]
    assert found[0].shown == ['1,"never closed']


def test_a_quote_over_the_bound_ends_at_its_line(tmp_path: Path) -> None:
    many = b"".join(b"%d,some text to fill the line\n" % n for n in range(ROW_BYTES // 20))
    found = rows(opened(tmp_path, "a.csv", b'id,text\n0,"open\n' + many))
    assert found[0].values is None
    assert "at most 1,048,576 bytes" in found[0].error
    assert len(found) == ROW_BYTES // 20 + 1
    assert all(row.values is not None for row in found[1:])


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_line_without_end_is_one_row_in_constant_memory(tmp_path: Path, name: str) -> None:
    head = b"id,text\n" if name == "a.csv" else b""
    good = b"1,x\n" if name == "a.csv" else b'{"id": "1"}\n'
    found = rows(opened(tmp_path, name, head + b"z" * (3 * ROW_BYTES) + b"\n" + good))
    assert [row.values is None for row in found] == [True, False]
    assert "at most 1,048,576 bytes" in found[0].error
    assert len(str(found[0].shown)) < 2_000


def test_a_row_of_nearly_the_bound_is_read(tmp_path: Path) -> None:
    found = rows(opened(tmp_path, "a.csv", b"id,text\n1," + b"z" * (ROW_BYTES - 100) + b"\n"))
    assert [len(row.values["text"]) for row in found if row.values] == [ROW_BYTES - 100]


def test_another_encoding_is_read_when_told(tmp_path: Path) -> None:
    data = "id,name\n1,Käse\n".encode("cp1252")
    assert "--encoding" in rows(opened(tmp_path, "a.csv", data))[0].error
    assert values(rows(opened(tmp_path, "a.csv", data, encoding="cp1252"))) == [{"id": "1", "name": "Käse"}]


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.csv", b"", "it is empty"),
        ("a.csv", "id,Käse\n".encode("cp1252"), "Say in which --encoding it is"),
        ("a.csv", b"id,a,a\n", "stand in its header twice: a"),
        ("a.csv", b'id,"a\n', "is no header"),
        ("a.csv", "id,a\n".encode("utf-16"), "is UTF-16. Convert it"),
        ("a.jsonl", b' [{"id": 1}]', "is one list"),
        ("a.parquet", b"no parquet", "is no Parquet file"),
    ],
)
def test_what_is_something_else_is_refused_at_once(tmp_path: Path, name: str, data: bytes, sentence: str) -> None:
    with pytest.raises(Failed) as raised:
        opened(tmp_path, name, data)
    assert sentence in str(raised.value)


CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@given(table=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20), packed=st.booleans())
def test_every_row_is_read_once_wherever_reading_goes_on(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str]], packed: bool
) -> None:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(("id", "text"))
    writer.writerows(table)
    data = out.getvalue().encode()
    path = tmp_path_factory.mktemp("t") / "a.csv"
    path.write_bytes(gzip.compress(data) if packed else data)
    reader = open_reader(path, "csv", delimiter="", encoding="utf-8")
    found = list(reader.rows(START))
    assert values(found) == [{"id": a, "text": b} for a, b in table]
    for index, row in enumerate(found):
        assert list(reader.rows(row.after)) == found[index + 1 :]
    reader.close()


# -- JSON Lines, gzip ------------------------------------------------------------------------------------------------


def test_json_lines(tmp_path: Path) -> None:
    deep = b"[" * 100 + b"]" * 100
    data = (
        b'\xef\xbb\xbf{"id": "1"}\n\n{"id": 2, "a": {"b": [1]}}\r\n{"id":\n7\n{"a": "\xff"}\n{"a": %b}\n{"id": "l"}'
        % deep
    )
    found = rows(opened(tmp_path, "a.jsonl", data))
    told = values(found)
    assert [row.line for row in found] == [1, 3, 4, 5, 6, 7, 8]
    assert (told[0], told[1], told[6]) == ({"id": "1"}, {"id": 2, "a": {"b": [1]}}, {"id": "l"})
    assert told[2].startswith("expected JSON: ")
    assert told[3] == "expected an object"
    assert told[4] == "expected UTF-8 text"
    assert "nested too deeply" in told[5]
    assert found[4].shown == '{"a": "\\xff"}'


def test_a_cut_off_archive_gives_what_came_before(tmp_path: Path) -> None:
    data = gzip.compress(b"".join(b'{"id": "%d"}\n' % (n * 7919) for n in range(20_000)))
    reader = opened(tmp_path, "a.jsonl.gz", data[: len(data) // 2])
    left = reader.rows(START)
    assert [next(left).line for _ in range(1_000)] == list(range(1, 1_001))
    with pytest.raises(Failed, match="damaged or cut short behind line"):
        list(left)
    reader.close()


def test_the_name_says_what_a_file_is_unless_told() -> None:
    names = {"a.csv": "csv", "A.CSV.gz": "csv", "a.tsv": "csv", "a.ndjson": "jsonl", "a.parquet": "parquet"}
    assert {name: format_of(Path(name), "") for name in names} == names
    assert format_of(Path("a.txt"), "jsonl") == "jsonl"
    for name, told in (("a.txt", ""), ("a.csv", "xls")):
        with pytest.raises(Usage):
            format_of(Path(name), told)


# -- Parquet ---------------------------------------------------------------------------------------------------------


def parquet(path: Path, columns: dict[str, list[Any]], **options: Any) -> Path:
    import pyarrow
    from pyarrow import parquet as files

    files.write_table(pyarrow.table(columns), path, **options)
    return path


def test_parquet_rows_keep_their_types_and_lose_what_is_missing(tmp_path: Path) -> None:
    from decimal import Decimal

    columns: dict[str, list[Any]] = {
        "id": [1, 2],
        "at": [datetime(2026, 1, 2, 3, 4), None],
        "day": [date(2026, 1, 2), None],
        "price": [Decimal("7.50"), Decimal("8.00")],
        "score": [float("nan"), 0.5],
        "tags": [["a"], []],
        "home": [{"city": "Wien"}, {"city": None}],
        "raw": [b"x", None],
    }
    path = parquet(tmp_path / "a.parquet", columns)
    found = rows(open_reader(path, "parquet", delimiter="", encoding=""))
    assert values(found) == [
        {
            "id": 1, "at": datetime(2026, 1, 2, 3, 4), "day": date(2026, 1, 2), "price": 7.5, "tags": ["a"],
            "home": {"city": "Wien"}, "raw": "x",
        },
        {"id": 2, "price": 8, "score": 0.5, "tags": [], "home": {"city": None}},
    ]  # fmt: skip


@pytest.mark.parametrize("begin", [0, 1, 9, 10, 11, 25, 99, 100])
def test_parquet_goes_on_in_any_row_group(tmp_path: Path, begin: int) -> None:
    path = parquet(tmp_path / "a.parquet", {"n": list(range(100))}, row_group_size=10)
    found = rows(open_reader(path, "parquet", delimiter="", encoding=""), Position(begin, begin))
    assert values(found) == [{"n": n} for n in range(begin, 100)]
    assert [row.line for row in found] == list(range(begin + 1, 101))
