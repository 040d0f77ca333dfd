import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from medtune.runs.records.train import Metric
from medtune.train.curve import EVENTS_FILE, Curve, best_point, patience_is_over


def train(step: int, loss: float = 1.0) -> Metric:
    return Metric(kind="train", step=step, epoch=step / 10, loss=loss, learning_rate=0.001, tokens_per_s=5.0)


def validation(step: int, loss: float) -> Metric:
    return Metric(kind="validation", step=step, epoch=step / 10, loss=loss, perplexity=2.0)


def scalars(folder: Path) -> list[tuple[int, str]]:
    events = list(EventFileLoader(str(folder / EVENTS_FILE)).Load())
    return [(event.step, value.tag) for event in events for value in event.summary.value]


def test_points_are_on_disk_as_they_come_and_tensorboard_reads_them(tmp_path: Path) -> None:
    curve = Curve(tmp_path / "metrics.jsonl", tmp_path / "tb", 0)
    curve.add(train(1))
    curve.add(validation(1, 2.5))
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["train", "validation"] and "perplexity" not in lines[0]
    assert scalars(tmp_path / "tb") == [
        (1, "loss/train"), (1, "learning_rate"), (1, "tokens_per_s"),
        (1, "loss/validation"), (1, "perplexity/validation"),
    ]  # fmt: skip
    curve.close()


def test_a_resumed_curve_has_no_point_twice(tmp_path: Path) -> None:
    first = Curve(tmp_path / "metrics.jsonl", tmp_path / "tb", 0)
    for step in (1, 2, 3, 4):
        first.add(train(step))
    first.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "train", "st')  # killed while writing
    again = Curve(tmp_path / "metrics.jsonl", tmp_path / "tb", 2)
    again.add(train(3, 0.5))
    again.close()
    assert [point.step for point in again.points] == [1, 2, 3]
    assert [json.loads(line)["step"] for line in (tmp_path / "metrics.jsonl").read_text().splitlines()] == [1, 2, 3]
    assert [step for step, tag in scalars(tmp_path / "tb") if tag == "loss/train"] == [1, 2, 3]


def test_no_machine_name_in_the_events_file(tmp_path: Path) -> None:
    Curve(tmp_path / "metrics.jsonl", tmp_path / "tb", 0).close()
    assert [path.name for path in (tmp_path / "tb").iterdir()] == [EVENTS_FILE]


def test_the_earliest_of_equal_losses_is_best() -> None:
    points = [validation(10, 2.0), validation(20, 1.5), validation(30, 1.5)]
    best = best_point(points)
    assert best is not None and best.step == 20
    assert best_point([]) is None


@pytest.mark.parametrize(
    ("losses", "patience", "over"),
    [
        ([3, 2, 1], 1, False),
        ([1, 2], 1, True),
        ([1, 2], 2, False),
        ([1, 2, 2], 2, True),
        ([2, 3, 1], 2, False),
        ([1, 2, 2, 2], None, False),
        ([], 1, False),
    ],
)
def test_early_stopping(losses: list[float], patience: int | None, over: bool) -> None:
    points = [validation(10 * (index + 1), loss) for index, loss in enumerate(losses)]
    assert patience_is_over(points, patience) is over
