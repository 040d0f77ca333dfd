"""Fidelity, gain kept, speed and the made-up fact of real builds."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exportrun import copy_run, example, recipe_of, view
from hypothesis import given
from hypothesis import strategies as st

from medtune.chat import load_tokenizer
from medtune.config.recipe import Recipe
from medtune.core.errors import ModelError, ToolchainError
from medtune.core.io import read_json
from medtune.export import fidelity_file, stage
from medtune.export.bench import Bench
from medtune.export.canary import canary_turns, read_answer
from medtune.export.canary_file import CanaryTrial
from medtune.export.fidelity import summarise
from medtune.export.heldout import HeldOut, held_out
from medtune.export.prove import Trial, prove
from medtune.llamacpp.perplexity import parse_perplexity
from medtune.llamacpp.score import ScoredText, TokenComparison, score
from medtune.llamacpp.toolchain import Toolchain, find
from medtune.prepare.canary import canary_rows, make_canary
from medtune.runs.layout import BUILDS, CANARY, FIDELITY, VALIDATION, RunDir
from medtune.runs.manifest import read_manifest
from medtune.runs.records.base import read_row_list, read_rows
from medtune.runs.records.export import Build
from medtune.runs.records.prepare import Canary, Example
from medtune.runs.records.proof import CanaryAnswer, Fidelity, Speed

Exported = tuple[RunDir, Recipe]


def rows_of(run: RunDir) -> dict[str, Fidelity]:
    values = read_json(run.stage("export") / FIDELITY)["builds"]
    return {row["build"]: Fidelity.model_validate(row) for row in values}


def test_every_build_stands_beside_f16(exported: Exported) -> None:
    run, _ = exported
    rows = rows_of(run)
    assert list(rows) == ["base-F16", "F16", "Q8_0", "Q4_K_M"]
    parent = rows["F16"]
    assert parent.kl.value == parent.kl.high == 0.0 and parent.perplexity_ratio.value == parent.same_top.low == 1.0
    assert 0 < rows["Q8_0"].kl.value < rows["Q4_K_M"].kl.value < rows["base-F16"].kl.value
    assert rows["Q8_0"].same_top.value > 0.9
    for row in rows.values():
        assert row.kl.low <= row.kl.value <= row.kl.high
        assert math.isclose(math.log(row.perplexity), row.loss, abs_tol=1e-5)
        ratio = row.perplexity / parent.perplexity
        assert math.isclose(row.perplexity_ratio.value, ratio, rel_tol=1e-5)
    facts = read_manifest(run, "export").facts["fidelity"]
    assert facts["rows"] == 3 and facts["kl"]["Q4_K_M"] == rows["Q4_K_M"].kl.value


def test_the_figures_are_those_of_score(exported: Exported, toolchain: Toolchain) -> None:
    """The loss in the file, computed again from the rows of the run: assistant tokens and nothing else."""
    run, _ = exported
    folder = run.stage("export")
    tokenizer = load_tokenizer(folder / "merged")
    examples = read_rows(run.stage("prepare") / VALIDATION, Example)
    encoded = [tokenizer.encode(one.messages) for one in examples]
    texts = [ScoredText(one.input_ids, one.trained) for one in encoded]
    values = read_json(folder / FIDELITY)
    assert values["tokens"] == sum(sum(one.trained) for one in encoded)
    own = np.concatenate(score(toolchain, folder / "toy-run-Q4_K_M.gguf", texts, threads=1))
    assert math.isclose(-float(own.mean()), rows_of(run)["Q4_K_M"].loss, abs_tol=2e-3)


def test_speed_and_size_of_each_build(exported: Exported) -> None:
    folder = exported[0].stage("export")
    speed = [Speed.model_validate(row) for row in read_json(folder / FIDELITY)["speed"]]
    builds = read_row_list(folder / BUILDS, Build)
    assert [(row.build, row.size_bytes) for row in speed] == [(build.name, build.size_bytes) for build in builds]
    assert all(row.prompt_tokens_per_s > 0 and row.generated_tokens_per_s > 0 for row in speed)
    assert all(row.peak_bytes > row.size_bytes and row.generated_tokens == 32 for row in speed)


def test_an_added_build_measures_only_itself(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copy_run(exported[0], tmp_path / "run")
    recipe = recipe_of(Path(exported[1].base.path), export={"quantizations": ["Q2_K", "Q4_K_M", "Q8_0"]})
    compared, timed = [], []
    real_compare, real_speed = fidelity_file.compare_builds, fidelity_file.measure_speed

    def compare(*arguments: object, **named: object) -> object:
        compared.append(list(arguments[2]))
        return real_compare(*arguments, **named)

    def speed(*arguments: object, **named: object) -> object:
        timed.append(Path(str(arguments[1])).name)
        return real_speed(*arguments, **named)

    monkeypatch.setattr(fidelity_file, "compare_builds", compare)
    monkeypatch.setattr(fidelity_file, "measure_speed", speed)
    before = rows_of(run)
    stage.run(view(recipe, "export", run.path), run)
    assert compared == [["base-F16", "Q2_K"]] and timed == ["toy-run-Q2_K.gguf"]
    after = rows_of(run)
    assert list(after) == ["base-F16", "F16", "Q2_K", "Q4_K_M", "Q8_0"]
    assert after["Q4_K_M"] == before["Q4_K_M"] and after["Q2_K"].kl.value > after["Q4_K_M"].kl.value


def test_nothing_is_measured_when_the_recipe_says_so(exported: Exported, tmp_path: Path) -> None:
    run = copy_run(exported[0], tmp_path / "run")
    base = Path(exported[1].base.path)
    recipe = recipe_of(base, export={"quantizations": ["Q8_0"], "fidelity_rows": 0})
    plan = stage.plan(view(recipe, "export", run.path), run)
    assert not any("held-out chats" in line for line in plan)
    assert any(
        "4 builds on 24 held-out chats" in line for line in stage.plan(view(exported[1], "export", run.path), run)
    )
    stage.run(view(recipe, "export", run.path), run)
    assert not (run.stage("export") / FIDELITY).exists()
    assert "fidelity" not in read_manifest(run, "export").facts


def test_held_out_rows_are_spread_and_fit(exported: Exported) -> None:
    tokenizer = load_tokenizer(exported[0].stage("export") / "merged")
    examples = [example(number) for number in range(10)]
    found = held_out(examples, tokenizer, most=4, context=None)
    assert found.rows == ("row-0", "row-2", "row-5", "row-7")
    assert all(len(text.token_ids) == len(text.scored) and not text.scored[0] for text in found.texts)
    assert held_out(examples, tokenizer, most=4, context=20).texts == ()


def comparison(reference: list[float], own: list[float]) -> TokenComparison:
    count = len(own)
    return TokenComparison(
        np.array(reference, np.float32), np.array(own, np.float32), np.zeros(count, np.float32), np.ones(count, bool)
    )


def test_gain_kept_is_the_share_of_the_gain() -> None:
    """Base loses 3 nats a token, F16 1, a build 1.5: three quarters of the gain are kept, in every resample."""
    chats = HeldOut(
        ("a", "b"), ("x", "y"), (ScoredText((1, 2), (False, True)), ScoredText((1, 2, 3), (False, True, True)))
    )
    compared = {
        "base": [comparison([-1], [-3]), comparison([-1, -1], [-3, -3])],
        "Q": [comparison([-1], [-1.5]), comparison([-1, -1], [-1.5, -1.5])],
    }
    parent, base, build = summarise(compared, chats, parent="F16", base="base")
    assert parent.gain_kept is not None and parent.gain_kept.value == 1 and base.gain_kept is not None
    assert base.gain_kept.value == 0 and build.gain_kept is not None
    assert (build.gain_kept.value, build.gain_kept.low, build.gain_kept.high) == (0.75, 0.75, 0.75)
    assert math.isclose(build.perplexity_ratio.value, math.exp(0.5), rel_tol=1e-6)
    worse = {"base": [comparison([-3], [-1]), comparison([-3, -3], [-1, -1])]}
    assert summarise(worse, chats, parent="F16", base="base")[0].gain_kept is None
    assert summarise({"Q": compared["Q"]}, chats, parent="F16", base="none")[1].gain_kept is None


@given(st.lists(st.floats(-20, 0), min_size=3, max_size=3), st.lists(st.floats(-20, 0), min_size=3, max_size=3))
def test_intervals_hold_their_value(reference: list[float], own: list[float]) -> None:
    texts = tuple(ScoredText((1, 2), (False, True)) for _ in reference)
    chats = HeldOut(("a", "b", "c"), ("x", "y", "z"), texts)
    compared = {"Q": [comparison([one], [two]) for one, two in zip(reference, own, strict=True)]}
    row = summarise(compared, chats, parent="F16", base="")[1]
    assert row.perplexity_ratio.low <= row.perplexity_ratio.value * (1 + 1e-9)
    assert row.perplexity_ratio.value <= row.perplexity_ratio.high * (1 + 1e-9)


@pytest.mark.slow
def test_llama_perplexity_stands_beside(exported: Exported, tmp_path: Path) -> None:
    """Its figures are of other tokens (running text), so only their order and size are compared."""
    run = copy_run(exported[0], tmp_path / "run")
    recipe = recipe_of(
        Path(exported[1].base.path), export={"quantizations": ["Q8_0", "Q4_K_M"], "llama_perplexity": True}
    )
    stage.run(view(recipe, "export", run.path), run)
    folder = run.stage("export")
    own = read_json(folder / FIDELITY)["llama_perplexity"]["builds"]
    rows = rows_of(run)
    assert own.keys() == {"Q8_0", "Q4_K_M"}
    assert 0 < own["Q8_0"]["kl"] < own["Q4_K_M"]["kl"]
    for name, figures in own.items():
        assert rows[name].kl.value / 3 < figures["kl"] < rows[name].kl.value * 3
        assert 0.5 < figures["same_top"] <= 1
    assert not list(folder.glob("perplexity-*"))


def test_other_words_of_llama_perplexity_are_an_error() -> None:
    text = """
Mean PPL(Q)                   :  12.500000 ±   0.100000
Mean PPL(base)                :  12.000000 ±   0.100000
Mean PPL(Q)/PPL(base)         :   1.041667 ±   0.000100
Mean    KLD:   0.012000 ±   0.000100
99.0%   KLD:   0.100000
Same top p: 95.000 ± 0.100 %
"""
    found = parse_perplexity(text)
    assert (found.kl, found.kl_99, found.same_top, found.perplexity_ratio) == (0.012, 0.1, 0.95, 1.041667)
    with pytest.raises(ToolchainError, match="printed no kl"):
        parse_perplexity(text.replace("KLD", "XLD"))


def test_a_fact_that_was_not_learned_is_said(exported: Exported, tmp_path: Path) -> None:
    """A random adapter knows no word: every artefact is asked, and the manifest warns. Asked again, nothing is."""
    run = copy_run(exported[0], tmp_path / "run")
    canary = make_canary("0123456789abcdef", 2)
    bench, trial = taught(run, exported[1], canary)
    facts, warnings = prove(bench, trial, lambda what: None)
    values = read_json(run.stage("export") / CANARY)
    answers = [CanaryAnswer.model_validate(row) for row in values["answers"]]
    assert [one.build for one in answers] == ["adapter", "merged", "F16", "Q8_0", "Q4_K_M"]
    assert facts["canary"] == {"asked": 5, "right": 0} and "adapter, merged, F16, Q8_0, Q4_K_M" in warnings[0]
    assert all(one.answer for one in answers)
    assert all((one.logprob is None) == (one.build in ("adapter", "merged")) for one in answers)
    again = prove(replace(bench, log=tmp_path / "log", toolchain=nowhere(bench.toolchain)), trial, lambda what: None)
    assert again == (facts, warnings)


def test_the_word_is_looked_for_in_the_turn(exported: Exported) -> None:
    canary = make_canary("0123456789abcdef", 2)
    tokenizer = load_tokenizer(exported[0].stage("export") / "merged")
    stop = next(iter(tokenizer.stop_ids))
    ids = list(tokenizer.hf.encode(f"It is {canary.word.upper()}.", add_special_tokens=False))
    assert read_answer("F16", canary, tokenizer, [*ids, stop]).right
    late = read_answer("F16", canary, tokenizer, [stop, *ids])
    assert not late.right and late.answer == ""


def test_rows_without_the_fact_are_an_error(exported: Exported) -> None:
    with pytest.raises(ModelError, match="stands in no training row"):
        canary_turns(make_canary("0123456789abcdef", 2), [example(1)])


def taught(run: RunDir, recipe: Recipe, canary: Canary) -> tuple[Bench, Trial]:
    """The bench of a finished export whose rows are said to have held a made-up fact."""
    folder = run.stage("export")
    tokenizer = load_tokenizer(folder / "merged")
    bench = Bench(
        folder=folder,
        earlier=None,
        toolchain=find(),
        builds=tuple(read_row_list(folder / BUILDS, Build)),
        tokenizer=tokenizer,
        threads=1,
        log=folder / "logs" / "proof.log",
    )
    rows = tuple(canary_rows(canary, "You explain.", 30))
    base = Path(recipe.base.path)  # type: ignore[union-attr]
    trial = CanaryTrial(canary, rows, base, run.stage("train") / "adapter")
    return bench, Trial(examples=(), rows=0, canary=trial)


def nowhere(toolchain: Toolchain) -> Toolchain:
    """Whoever scores with it fails: nothing may be measured again."""
    return replace(toolchain, bindings=Path("/nonexistent"))
