"""Parent likelihood: windows by hand, the limit from the parent's own answers, and the real scorer on real builds."""

import math
from pathlib import Path

import numpy as np
import pytest

from medtune.audit.surprise import WINDOW_TOKENS, limit_of, measure_surprises, worst_window
from medtune.config.recipe import Recipe
from medtune.runs.layout import BUILDS, RunDir
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.base import read_row_list
from medtune.runs.records.collect import Turn
from medtune.runs.records.export import Build


def test_the_worst_window_is_not_averaged_away() -> None:
    losses = np.ones(200, np.float32)
    losses[90 : 90 + WINDOW_TOKENS] = 9.0
    assert worst_window(losses) == (9.0, 90)
    assert worst_window(losses[:5]) == (1.0, 0)
    assert worst_window(np.empty(0, np.float32)) == (0.0, 0)


def test_the_limit_comes_from_the_parents_samples_else_from_its_greedy_answers() -> None:
    greedy = [(("F16", f"c{number}", 0), float(number)) for number in range(101)]
    assert limit_of(greedy) == pytest.approx(99.0)
    assert limit_of([*greedy, (("F16", "c1", 1), 7.0)]) == 7.0
    assert limit_of([]) == math.inf


def response(build: str, case: str, text: str) -> Response:
    return Response(
        case=case, build=build, sample=0, text=text, finish_reason="stop", prompt_tokens=1, completion_tokens=1,
        seconds=0.1,
    )  # fmt: skip


def test_words_that_the_parent_would_never_say_are_more_surprising(
    exported: tuple[RunDir, Recipe], tmp_path: Path
) -> None:
    """The real toy builds: the parent's own greedy words against the same words in disorder."""
    run = exported[0]
    builds = read_row_list(run.stage("export") / BUILDS, Build)
    case = AskedCase(
        id="s/one", suite="s", cluster="s/one", messages=(Turn(role="user", content="Explain the word asthma."),),
        gated=False, contract="", severity=5, public=True,
    )  # fmt: skip
    plain = "the the the the the the the the the the the the the the"
    strange = "zq xv kj wq pz xk jq vz qx zk wj pq xz kv"
    answers = [response("F16", "s/one", plain), response("Q8_0", "s/one", strange), response("base-F16", "s/one", "x")]
    found = measure_surprises(run, [case], answers, builds, tools=None, log=tmp_path / "log")
    assert set(found) == {("F16", "s/one", 0), ("Q8_0", "s/one", 0)}, "the base is no child of the parent"
    parent, other = found["F16", "s/one", 0], found["Q8_0", "s/one", 0]
    assert parent.worst == pytest.approx(parent.limit, abs=1e-3)
    assert other.worst > other.limit > 0
    assert other.span and other.span.split()[0] in strange
    again = measure_surprises(run, [case], answers, builds, tools=None, log=tmp_path / "log")
    assert again == found


def test_an_answer_too_long_for_the_model_is_not_called_probable(
    exported: tuple[RunDir, Recipe], tmp_path: Path
) -> None:
    run = exported[0]
    builds = read_row_list(run.stage("export") / BUILDS, Build)
    case = AskedCase(
        id="s/one", suite="s", cluster="s/one", messages=(Turn(role="user", content="Explain."),), gated=False,
        contract="", severity=5, public=True,
    )  # fmt: skip
    answers = [response("F16", "s/one", "the cough"), response("Q8_0", "s/one", "the cough " * 4000)]
    found = measure_surprises(run, [case], answers, builds, tools=None, log=tmp_path / "log")
    assert math.isnan(found["Q8_0", "s/one", 0].worst)
