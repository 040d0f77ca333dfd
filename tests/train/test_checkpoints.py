import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.train.checkpoints import MARKER, checkpoint_path, remove_all_but, seal, steps_to_keep, whole_checkpoints


def write(folder: Path, step: int, *, sealed: bool = True) -> Path:
    path = checkpoint_path(folder, step)
    path.mkdir(parents=True)
    for name in ("adapter_model.safetensors", "optimizer.pt"):
        (path / name).write_bytes(f"{name} of {step}".encode())
    if sealed:
        seal(folder, step, tokens=10 * step, seconds=step / 2)
    return path


def steps(folder: Path) -> list[int]:
    return [checkpoint.step for checkpoint in whole_checkpoints(folder)]


def test_sealed_checkpoints_are_found_in_order(tmp_path: Path) -> None:
    for step in (40, 5, 120):
        write(tmp_path, step)
    (tmp_path / "checkpoint-x").mkdir()
    found = whole_checkpoints(tmp_path)
    assert [(item.step, item.tokens, item.seconds) for item in found] == [
        (5, 50, 2.5),
        (40, 400, 20.0),
        (120, 1200, 60.0),
    ]
    assert whole_checkpoints(tmp_path / "missing") == []


@pytest.mark.parametrize("harm", ["unsealed", "cut", "gone", "changed", "cut marker", "another step"])
def test_a_half_written_checkpoint_is_not_taken(tmp_path: Path, harm: str) -> None:
    write(tmp_path, 40)
    path = write(tmp_path, 80, sealed=harm != "unsealed")
    file, marker = path / "optimizer.pt", path / MARKER
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    elif harm == "gone":
        file.unlink()
    elif harm == "changed":
        file.write_bytes(b"x" * file.stat().st_size)
    elif harm == "cut marker":
        marker.write_text(marker.read_text()[:-20], encoding="utf-8")
    elif harm == "another step":
        marker.write_text(json.dumps({**json.loads(marker.read_text()), "step": 81}), encoding="utf-8")
    assert steps(tmp_path) == [40]


def test_others_are_removed_half_written_ones_too(tmp_path: Path) -> None:
    write(tmp_path, 1)
    write(tmp_path, 2)
    write(tmp_path, 3, sealed=False)
    (tmp_path / "notes.txt").write_text("kept", encoding="utf-8")
    remove_all_but(tmp_path, {2})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-2", "notes.txt"]


@given(st.sets(st.integers(1, 99), min_size=1), st.integers(1, 5), st.data())
def test_the_best_is_kept_and_the_newest_beside_it(steps: set[int], keep: int, data: st.DataObject) -> None:
    best = data.draw(st.sampled_from([*sorted(steps), None]))
    kept = steps_to_keep(sorted(steps), best, keep)
    assert kept <= steps and len(kept) == min(keep, len(steps))
    assert best is None or best in kept
    others = sorted(steps - kept - {best}, reverse=True)
    assert all(step > other for other in others for step in kept - {best})
