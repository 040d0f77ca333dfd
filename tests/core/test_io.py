"""Files are whole or absent; every unreadable line is named."""

import errno
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.core import io
from medtune.core.errors import DataError, ResourceError

json_rows = st.lists(st.dictionaries(st.text(max_size=8), st.text(max_size=40) | st.integers() | st.none()), max_size=6)


@given(rows=json_rows)
def test_rows_survive_a_round_trip(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    assert io.write_jsonl(path, rows) == len(rows)
    assert [value for _, value in io.read_jsonl(path)] == rows


@given(rows=json_rows.filter(bool), cut=st.integers(min_value=1, max_value=200))
def test_a_cut_last_line_is_dropped_and_the_rest_kept(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "rows.jsonl"
    for row in rows:
        io.append_jsonl(path, row)
    last = io.jsonl_line(rows[-1]).encode()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - min(cut, len(last))])
    assert io.read_jsonl_prefix(path) == rows[:-1]
    io.append_jsonl(path, rows[-1])
    assert io.read_jsonl_prefix(path) == rows


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n\n{"a": \n', encoding="utf-8")
    with pytest.raises(DataError, match="not JSON") as caught:
        list(io.read_jsonl(path))
    assert caught.value.where == f"{path}:3"
    assert caught.value.exit_code == 2


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": "ok"}\n{"a": "caf\xe9"}\n')
    with pytest.raises(DataError, match="0xe9") as caught:
        io.read_text(path)
    assert caught.value.where == f"{path}:2"


@pytest.mark.parametrize("make", ["missing", "folder"])
def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path, make: str) -> None:
    path = tmp_path / "x"
    if make == "folder":
        path.mkdir()
    with pytest.raises(DataError):
        io.read_text(path)


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert io.read_json(path) == {"a": 1}


def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    io.write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        io.write_json(path, {"a": float("nan")})
    assert json.loads(path.read_text()) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["value.json"]


def test_a_full_disk_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="disk is full") as caught, io.disk_errors(tmp_path / "big"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "run the same command again" in caught.value.next_step
    with pytest.raises(PermissionError), io.disk_errors(tmp_path):
        raise PermissionError(errno.EACCES, "denied")
