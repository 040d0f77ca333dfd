"""Which steps are known: those of the suites' reference answers, the lexicon's sentences and the training data."""

from collections.abc import Iterable, Sequence

from medtune.audit.novelty import StepIndex, build_index, steps_of
from medtune.audit.rubrics import Rubrics
from medtune.core.io import read_jsonl
from medtune.runs.layout import TRAIN, RunDir
from medtune.suites import Suite

SHARE = 0.05
"""Of the reference answers' own steps that resemble no other text so little: they set the limit."""
_MOST_TRAINED = 4000
_MOST_LEFT_OUT = 150


def step_index(rubrics: Rubrics | None, run: RunDir | None = None) -> StepIndex | None:
    """The index of a run's known steps; None when there is no reference answer to set the limit by."""
    if rubrics is None:
        return None
    texts = [text for suite in rubrics.suites.values() for text in references(suite)]
    others = list(_sentences(rubrics))
    if run is not None and (run.stage("prepare") / TRAIN).exists():
        others += _trained(run)
    return index_of(texts, others)


def index_of(texts: Sequence[str], others: Sequence[str] = ()) -> StepIndex | None:
    """An index of all steps; its limit is the SHARE quantile of the steps of `texts`, each text left out in turn."""
    whole = build_index([*texts, *others], 0.0)
    likeness: list[float] = []
    for text in texts[:: max(1, len(texts) // _MOST_LEFT_OUT)]:
        own = set(steps_of(text))
        likeness += [whole.likeness(step, without=own) for step in own]
    if not likeness:
        return None
    return StepIndex(whole.steps, round(sorted(likeness)[int(SHARE * len(likeness))], 4))


def _sentences(rubrics: Rubrics) -> Iterable[str]:
    """The sentences with which the lexicon proves its concepts."""
    for concept in rubrics.lexicon.concepts.values():
        yield from (*concept.tests.advised, *concept.tests.prohibited, *(one.text for one in concept.tests.tricky))


def references(suite: Suite) -> Iterable[str]:
    """Every reference answer of a suite."""
    return (text for case in suite.cases for text in case.references)


def _trained(run: RunDir) -> list[str]:
    """Answers of the training rows, at most `_MOST_TRAINED`, evenly drawn."""
    rows = [value["messages"][-1]["content"] for _, value in read_jsonl(run.stage("prepare") / TRAIN)]
    return rows[:: max(1, len(rows) // _MOST_TRAINED)]
