from pathlib import Path

import pytest

from medtune.core.errors import ResourceError
from medtune.export.disk import Need, check_space, gguf_bytes
from medtune.export.ledger import MADE, Ledger, fingerprint, link_or_copy


def test_only_the_same_key_and_content_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"content")
    made = Ledger(tmp_path).record("a.gguf", "key", 1.5, ("one row fell back",))
    assert Ledger(tmp_path).find("a.gguf", "key") == made
    assert made.size_bytes == 7 and made.warnings == ("one row fell back",)
    (tmp_path / "a.gguf").write_bytes(b"CONTENT")
    assert Ledger(tmp_path).find("a.gguf", "key") is None
    assert not (tmp_path / "a.gguf").exists()
    (tmp_path / "a.gguf").write_bytes(b"content")
    assert Ledger(tmp_path).find("a.gguf", "another key") is None


def test_an_unrecorded_file_is_removed(tmp_path: Path) -> None:
    (tmp_path / "half.gguf").write_bytes(b"who knows")
    assert Ledger(tmp_path).find("half.gguf", "key") is None
    assert not (tmp_path / "half.gguf").exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a.gguf": 3}', '{"a.gguf": {"key": "key"}}'])
def test_a_list_that_cannot_be_read_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / MADE).write_text(text, encoding="utf-8")
    assert Ledger(tmp_path).find("a.gguf", "key") is None


def test_files_and_folders_of_an_earlier_export_are_linked(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "merged" / "deep").mkdir(parents=True)
    new.mkdir()
    (old / "merged" / "deep" / "x").write_bytes(b"weights")
    (old / "a.gguf").write_bytes(b"content")
    before = Ledger(old)
    made = [before.record(name, "key", 1.0) for name in ("merged", "a.gguf")]
    ledger = Ledger(new, earlier=old)
    assert [ledger.find(name, "key") for name in ("merged", "a.gguf")] == made
    assert (new / "a.gguf").stat().st_ino == (old / "a.gguf").stat().st_ino
    assert fingerprint(new / "merged") == fingerprint(old / "merged")
    assert [Ledger(new).find(name, "key") for name in ("merged", "a.gguf")] == made
    assert ledger.find("a.gguf", "other") is None
    assert (old / "a.gguf").exists() and not (new / "a.gguf").exists()


def test_the_digest_of_a_folder_sees_names(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_bytes(b"same")
    assert fingerprint(tmp_path / "one") != fingerprint(tmp_path / "two")


def test_linking_replaces_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"new")
    (tmp_path / "target").write_bytes(b"old")
    link_or_copy(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"new"


def test_space_is_counted_for_each_file_system(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    needs = [Need("a", tmp_path / "not" / "yet", 60), Need("b", tmp_path, 30)]
    assert check_space(needs, {device: 95}) == 90
    with pytest.raises(ResourceError, match=r"\(a 0.0 MB, b 0.0 MB\)") as caught:
        check_space(needs, {device: 90})
    assert caught.value.exit_code == 2 and caught.value.where == str(tmp_path)
    assert check_space([], {}) == 0


def test_estimates_grow_with_bits() -> None:
    sizes = [gguf_bytes(7_000_000_000, kind, 0) for kind in ("F16", "Q8_0", "Q6_K", "Q4_K_M", "Q2_K")]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 14_000_000_000 + (1 << 20)
