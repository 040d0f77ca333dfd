"""The training curve: metrics.jsonl, the same points for TensorBoard, and what follows from them.

Best step and early stopping are worked out from the points alone, so a resumed run decides as an uninterrupted one.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medtune.core.io import append_jsonl, disk_errors, read_jsonl_prefix, write_jsonl
from medtune.runs.records.train import Metric
from medtune.train.trackers import Sink

EVENTS_FILE = "events.out.tfevents.0.medtune"
"""TensorBoard looks for `tfevents` in the name; its own writer would put the machine's name there."""


class Curve:
    """Points of a run, on disk as they come."""

    def __init__(self, metrics_file: Path, tensorboard: Path, keep_until_step: int, sinks: Sequence[Sink] = ()) -> None:
        """Points of an earlier, killed run are kept up to a step (0: none). `sinks` get new points only."""
        rows = [Metric.model_validate(row) for row in read_jsonl_prefix(metrics_file)]
        self.points = [point for point in rows if point.step <= keep_until_step]
        self._file, self._sinks = metrics_file, sinks
        write_jsonl(metrics_file, (_row(point) for point in self.points))
        self._events = EventFile(tensorboard / EVENTS_FILE)
        for point in self.points:
            self._events.add(point)

    def add(self, point: Metric) -> None:
        """Append a point to both files."""
        self.points.append(point)
        append_jsonl(self._file, _row(point))
        self._events.add(point)
        for sink in self._sinks:
            sink.add(point)

    def close(self) -> None:
        """Close the event file and the sinks."""
        self._events.close()
        for sink in self._sinks:
            sink.close()

    def validations(self) -> list[Metric]:
        """The validation points, in order."""
        return [point for point in self.points if point.kind == "validation"]

    def last_loss(self, kind: str) -> float | None:
        """Loss of the last point of a kind."""
        return next((point.loss for point in reversed(self.points) if point.kind == kind), None)


def best_point(validations: Sequence[Metric]) -> Metric | None:
    """The validation point of lowest loss, the earliest among equals."""
    return min(validations, key=lambda point: (point.loss, point.step), default=None)


def patience_is_over(validations: Sequence[Metric], patience: int | None) -> bool:
    """True when the last `patience` validations brought no lower loss."""
    best = best_point(validations)
    if patience is None or best is None:
        return False
    return sum(point.step > best.step for point in validations) >= patience


class EventFile:
    """One TensorBoard event file, written anew by each process."""

    def __init__(self, path: Path) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("wb")
        self._records = RecordWriter(self._file)
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def add(self, point: Metric) -> None:
        """Write a point's values as scalars."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = {
            f"loss/{point.kind}": point.loss,
            "perplexity/validation": point.perplexity,
            "learning_rate": point.learning_rate,
            "tokens_per_s": point.tokens_per_s,
            "arithmetic_limit_share": point.limit_share,
            "memory_gib": None if point.memory_bytes is None else point.memory_bytes / 2**30,
        }
        summary = Summary(
            value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items() if value is not None]
        )
        self._write(Event(wall_time=time.time(), step=point.step, summary=summary))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, event: Any) -> None:
        with disk_errors(self._path):
            self._records.write(event.SerializeToString())
            self._file.flush()


def _row(point: Metric) -> dict[str, Any]:
    return point.model_dump(mode="json", exclude_none=True)
