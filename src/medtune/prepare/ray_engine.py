"""Batches on the workers of Ray: optional, `pip install 'medtune[ray]'`.

Ray on this machine listens on loopback only, shows no dashboard and keeps its files in a folder that only its owner can
read and that is gone at the end. Its usage statistics are off before it is imported.
"""

import contextlib
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from medtune.core import errors
from medtune.core.errors import MedtuneError, ResourceError, UsageError
from medtune.prepare.engines import Engine, Place, Work

B = TypeVar("B")
R = TypeVar("R")
_AHEAD = 2
"""Batches that wait for each worker."""
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_ON_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Ray would take the machine's own address in place of 127.0.0.1 and listen everywhere; where clusters are switched off
(its name says for which systems that was made) it keeps to loopback."""


@contextlib.contextmanager
def ray_engine(place: Place) -> Iterator[Engine]:
    """An engine whose workers live until the block ends. Raises UsageError without Ray or without its cluster."""
    os.environ.update(_SETTINGS if place.cluster else {**_SETTINGS, **_ON_LOOPBACK})
    try:
        import ray
    except ImportError as error:
        raise UsageError(
            "the engine `ray` needs Ray", where="prepare.engine", next_step="pip install 'medtune[ray]'"
        ) from error
    with tempfile.TemporaryDirectory(prefix="medtune-") as folder:
        with _quiet():
            _init(ray, place, folder)
        try:
            workers = place.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
            actor = ray.remote(num_cpus=1, max_restarts=0)(_Worker)
            yield RayEngine(ray, [actor.remote() for _ in range(workers)])
        finally:
            ray.shutdown()


def _init(ray: Any, place: Place, folder: str) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
    try:
        if place.cluster:
            ray.init(address=place.cluster, **quiet)
        else:
            ray.init(
                address="local",
                num_cpus=place.workers,
                num_gpus=0,
                include_dashboard=False,
                _node_ip_address="127.0.0.1",
                _temp_dir=folder,
                **quiet,
            )
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"Ray cannot be {'reached' if place.cluster else 'started'} ({type(error).__name__})",
            where=f"prepare.cluster: {place.cluster}" if place.cluster else "prepare.engine",
            next_step="check that `ray status` works there, or use `--engine local`",
        ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Ray warns of settings of its future versions when it starts."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@dataclass
class RayEngine:
    """Batches go to the workers in turn; results are handed on in the order of the batches."""

    ray: Any
    workers: list[Any]
    _keys: Iterator[int] = field(default_factory=count)

    def map(self, work: Work[B, R], batches: Iterable[B]) -> Iterator[R]:
        """As Engine says. Raises ResourceError when a worker dies."""
        sent, key, waiting = self.ray.put(work), next(self._keys), deque[Any]()
        for number, batch in enumerate(batches):
            if len(waiting) >= _AHEAD * len(self.workers):
                yield self._result(waiting.popleft())
            waiting.append(self.workers[number % len(self.workers)].run.remote(key, sent, batch))
        while waiting:
            yield self._result(waiting.popleft())

    def _result(self, reference: Any) -> Any:
        try:
            found = self.ray.get(reference)
        except self.ray.exceptions.RayError as error:
            # Its message may quote what the worker had in hand: only its kind is told.
            raise ResourceError(
                f"a worker of Ray failed ({type(getattr(error, 'cause', None) or error).__name__})",
                where="prepare.engine",
                next_step="look at its memory; fewer workers (`prepare.workers`) or `--engine local` need less",
            ) from None
        if isinstance(found, _Failed):
            kind: type[MedtuneError] = getattr(errors, found.kind)
            raise kind(found.what, where=found.where, next_step=found.next_step)
        return found


@dataclass(frozen=True)
class _Failed:
    """An error of medtune on its way to the process that shows it."""

    kind: str
    what: str
    where: str | None
    next_step: str


class _Worker:
    """One process of Ray; it keeps what its work has loaded."""

    def __init__(self) -> None:
        self._started: dict[int, Callable[[Any], Any]] = {}

    def run(self, key: int, work: Work[Any, Any], batch: Any) -> Any:
        """Do one batch of the work that this key names."""
        try:
            if key not in self._started:
                self._started[key] = work.start()
            return self._started[key](batch)
        except MedtuneError as error:
            return _Failed(type(error).__name__, error.what, error.where, error.next_step)
