"""What a person sees while a run works: a bar with an ETA on a terminal, plain lines elsewhere. All on stderr."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Protocol

_PLAIN_EVERY_S = 10.0


class Progress(Protocol):
    """Moves forward; shown values stand behind the bar."""

    def advance(self, n: int = 1, **shown: str | float) -> None:
        """Go `n` further."""


def say(text: str) -> None:
    """One line to stderr."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress(total: int, label: str) -> Iterator[Progress]:
    """A progress display for `total` units of work."""
    if sys.stderr.isatty():
        with _rich_bar(total, label) as bar:
            yield bar
    else:
        plain = _PlainLines(total, label)
        yield plain
        plain.close()


@contextlib.contextmanager
def task_display() -> Iterator[Callable[[str, float | None], None]]:
    """Yields a function to call with words and the share that is done (0 to 1; None: unknown).

    A bar on a terminal; elsewhere a line for each new thing, and for each further quarter of it.
    """
    if sys.stderr.isatty():
        with _rich_task() as show:
            yield show
        return
    last: tuple[str, int] = ("", -1)

    def show_line(words: str, share: float | None) -> None:
        nonlocal last
        step = (words, int((share or 0.0) * 4))
        if step != last:
            say(f"  {words}" + (f": {share:.0%}" if share is not None else ""))
            last = step

    yield show_line


def _shown(values: dict[str, str | float]) -> str:
    return " ".join(
        f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}" for key, value in values.items()
    )


class _PlainLines:
    def __init__(self, total: int, label: str) -> None:
        self._total, self._label = total, label
        self._done = 0
        self._began = self._said = monotonic()
        self._values: dict[str, str | float] = {}

    def advance(self, n: int = 1, **shown: str | float) -> None:
        self._done += n
        self._values.update(shown)
        if monotonic() - self._said >= _PLAIN_EVERY_S and self._done < self._total:
            self._line()

    def close(self) -> None:
        self._line()

    def _line(self) -> None:
        self._said = now = monotonic()
        left = (now - self._began) / self._done * (self._total - self._done) if self._done else 0.0
        eta = f", {left:.0f} s left" if self._done and self._done < self._total else f", {now - self._began:.0f} s"
        say(f"  {self._label}: {self._done}/{self._total}{eta} {_shown(self._values)}".rstrip())


@contextlib.contextmanager
def _rich_bar(total: int, label: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[shown]}"),
    )
    with RichProgress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(label, total=total, shown="")
        values: dict[str, str | float] = {}

        class Bar:
            def advance(self, n: int = 1, **shown: str | float) -> None:
                values.update(shown)
                bars.update(task, advance=n, shown=_shown(values))

        yield Bar()


@contextlib.contextmanager
def _rich_task() -> Iterator[Callable[[str, float | None], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("  {task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with RichProgress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("", total=None)

        def show(words: str, share: float | None) -> None:
            bars.update(task, description=words, total=None if share is None else 1.0, completed=share or 0.0)

        yield show
