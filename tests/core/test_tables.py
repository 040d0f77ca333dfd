import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.errors import DataError
from medtune.core.tables import read_table, table_files

TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=40)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "line", "words"),
    [
        ("a.jsonl", b"", "", "no rows"),
        ("a.jsonl", b"\n  \n", "", "no rows"),
        ("a.csv", b"", "", "no rows"),
        ("a.csv", b"question,answer\n", "", "no rows"),
        ("a.jsonl", b'{"a": 1}\n{"a": \n', ":2", "not JSON"),
        ("a.jsonl", b'{"a": 1}\n[1, 2]\n', ":2", "no object"),
        ("a.jsonl", b'{"a": 1}\n\nnull\n', ":3", "no object"),
        ("a.jsonl", b'{"a": "\\ud800"}\n', ":1", "surrogate"),
        ("a.jsonl", b'{"a": ' + b"[" * 200_000 + b"\n", ":1", "nested"),
        ("a.jsonl", b'{"a": ' + b"9" * 5_000 + b"}\n", ":1", "too long"),
        ("a.jsonl", b'{"a": 1, "A ": 2}\n', ":1", "differ only in case"),
        ("a.jsonl", b'{"a": 1}\n{"a": "\xe9"}\n', ":2", "not UTF-8"),
        ("a.csv", b"q,a\nx,y\nx,caf\xe9\n", ":3", "not UTF-8"),
        ("a.csv", b"q,a\nx,y,z\n", ":2", "3 cells, the header has 2"),
        ("a.csv", b"q,a\nx\n", ":2", "1 cells, the header has 2"),
        ("a.csv", b'q,a\nx,"y\nz,w\n', ":2", "not readable as CSV"),
        ("a.csv", b"q,a,q\nx,y,z\n", ":1", "same name"),
        ("a.csv", b'q,a\n"line\nbreak",y\nx\n', ":4", "1 cells"),
    ],
)
def test_what_is_no_table_names_file_and_line(tmp_path: Path, name: str, content: bytes, line: str, words: str) -> None:
    path = write(tmp_path, name, content)
    with pytest.raises(DataError) as caught:
        list(read_table(path))
    assert words in caught.value.what
    assert caught.value.where == f"{path}{line}"
    assert caught.value.next_step


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_of_a_spreadsheet(tmp_path: Path, separator: str) -> None:
    rows = [["Question ", "ANSWER"], ['He said "no"', "one, two; three\tfour"], ["zwei\nZeilen", "é"], ["", ""]]
    cells = [separator.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    path = write(tmp_path, "a.csv", b"\xef\xbb\xbf" + "\r\n".join(cells).encode())
    assert list(read_table(path)) == [
        (2, {"question": 'He said "no"', "answer": "one, two; three\tfour"}),
        (3, {"question": "zwei\nZeilen", "answer": "é"}),
    ]


def test_trailing_empty_cells_are_no_error(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "q,a,,\nx,y,,\n")
    assert list(read_table(path)) == [(2, {"q": "x", "a": "y"})]


def test_a_cell_longer_than_the_csv_module_allows(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "q,a\nx," + "y" * 200_000 + "\n")
    assert [len(row["a"]) for _, row in read_table(path)] == [200_000]


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "c"]), TEXT | st.integers() | st.none(), max_size=3), min_size=1
    )
)
def test_jsonl_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]) -> None:
    path = write(tmp_path_factory.mktemp("t"), "a.jsonl", "\n".join(json.dumps(row) for row in rows))
    assert [row for _, row in read_table(path)] == rows
    assert [line for line, _ in read_table(path)] == list(range(1, len(rows) + 1))


@given(st.binary(max_size=200), st.sampled_from(["a.jsonl", "a.csv"]))
def test_any_bytes_give_rows_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    path = write(tmp_path_factory.mktemp("t"), name, content)
    try:
        rows = list(read_table(path))
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert rows


def test_files_of_a_folder_are_sorted_and_others_left(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.CSV", "a.jsonl", "notes.txt", ".hidden.jsonl", "sub/c.jsonl"):
        write(tmp_path, name, "x")
    assert [path.relative_to(tmp_path).as_posix() for path in table_files(tmp_path)] == [
        "a.jsonl",
        "b.CSV",
        "sub/c.jsonl",
    ]


@pytest.mark.parametrize(
    ("name", "words"), [("gone.jsonl", "not found"), ("table.xls", ".xls"), ("empty", "none of .jsonl, .csv")]
)
def test_paths_that_are_no_table(tmp_path: Path, name: str, words: str) -> None:
    write(tmp_path, "table.xls", "x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as caught:
        table_files(tmp_path / name)
    assert words in caught.value.what
    assert caught.value.where == str(tmp_path / name)


def test_sheets_and_parquet_give_the_same_rows(tmp_path: Path) -> None:
    from datetime import datetime

    import openpyxl
    import pyarrow as pa
    import pyarrow.parquet as pq

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([" Q ", "A", "When", None])
    sheet.append(["x", 3.0, datetime(2024, 1, 2), None])
    sheet.append([None, None, None, None])
    sheet.append(["y", 0.5, datetime(2024, 1, 2, 3, 4), None])
    book.save(tmp_path / "a.xlsx")
    assert list(read_table(tmp_path / "a.xlsx")) == [
        (2, {"q": "x", "a": "3", "when": "2024-01-02"}),
        (4, {"q": "y", "a": "0.5", "when": "2024-01-02 03:04:00"}),
    ]
    pq.write_table(pa.table({" Q ": [str(number) for number in range(2500)]}), tmp_path / "a.parquet")
    rows = list(read_table(tmp_path / "a.parquet"))
    assert (rows[0], rows[-1]) == ((1, {"q": "0"}), (2500, {"q": "2499"}))


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no workbook", b"PAR1 cut"])
def test_broken_sheets_and_parquet(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(DataError, match="not a readable"):
        list(read_table(write(tmp_path, name, content)))


def test_a_workbook_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zipfile

    monkeypatch.setattr("medtune.core.sheets._UNPACKED_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * 5000)
    with pytest.raises(DataError, match="unpacks to"):
        list(read_table(tmp_path / "a.xlsx"))
