"""Which steps are known: those of the suites' reference answers and of the training data's answers."""

from collections.abc import Iterable, Sequence

from medtune.audit.novelty import StepIndex, build_index, steps_of
from medtune.audit.rubrics import Rubrics
from medtune.core.io import read_jsonl
from medtune.runs.layout import TRAIN, RunDir
from medtune.suites import Suite

SHARE = 0.02
"""Of the known steps themselves that resemble no other one: as far as these lie apart, a step is not called new."""
_MOST_TRAINED = 4000
_MOST_COMPARED = 400


def step_index(rubrics: Rubrics | None, run: RunDir | None = None) -> StepIndex | None:
    """The index of a run's known steps; None when there are none."""
    if rubrics is None:
        return None
    texts = [text for suite in rubrics.suites.values() for text in references(suite)]
    if run is not None and (run.stage("prepare") / TRAIN).exists():
        texts += _trained(run)
    return index_of(texts)


def index_of(texts: Sequence[str]) -> StepIndex | None:
    """An index whose limit is the SHARE quantile of each text's steps against all other texts; None without steps."""
    index = build_index(texts, 0.0)
    if not index.steps:
        return None
    return StepIndex(index.steps, round(_limit(texts), 4))


def references(suite: Suite) -> Iterable[str]:
    """Every reference answer of a suite."""
    return (text for case in suite.cases for text in case.references)


def _limit(texts: Sequence[str]) -> float:
    """Leave one text out at a time, at most `_MOST_COMPARED` steps in all, evenly drawn."""
    chosen = texts[:: max(1, len(texts) * 4 // _MOST_COMPARED)]
    nearest: list[float] = []
    whole = build_index(texts, 0.0)
    for text in chosen:
        own = set(steps_of(text))
        nearest += [whole.nearest(step, without=own) for step in own]
    if not nearest:
        return 0.0
    return sorted(nearest)[int(SHARE * len(nearest))]


def _trained(run: RunDir) -> list[str]:
    """Answers of the training rows, at most `_MOST_TRAINED`, evenly drawn."""
    rows = [value["messages"][-1]["content"] for _, value in read_jsonl(run.stage("prepare") / TRAIN)]
    return rows[:: max(1, len(rows) // _MOST_TRAINED)]
