"""Trackers: off unless asked, numbers only, and never past `egress`."""

from pathlib import Path
from typing import Any

import pytest
from trainrun import train_view, write_prepared
from transformers import TrainerCallback
from transformers.integrations import integration_utils

from medtune.config.recipe import Recipe
from medtune.core.errors import RecipeError
from medtune.runs.layout import RunDir
from medtune.train import stage

CALLS: list[tuple[str, dict[str, Any]]] = []


class Recording(TrainerCallback):
    """Stands in for a tracker's callback in transformers' own table."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        CALLS.append(("begin", {"run_name": args.run_name, "learning_rate": args.learning_rate}))

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        CALLS.append(("log", {"step": state.global_step, **logs}))

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        CALLS.append(("end", {}))


def run_with(folder: Path, base: Path, report_to: list[str]) -> RunDir:
    view = train_view(base, folder, max_steps=3, eval_every_steps=3, report_to=report_to)
    run = RunDir(folder / "run")
    run.path.mkdir()
    write_prepared(run, view, rows=12, validation=4)
    stage.run(view, run)
    return run


def test_a_tracker_gets_every_point_and_no_text(
    tmp_path: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CALLS.clear()
    monkeypatch.setitem(integration_utils.INTEGRATION_TO_CALLBACK, "ours", Recording)
    run_with(tmp_path, toy_base, ["ours", "tensorboard"])
    kinds = [kind for kind, _ in CALLS]
    assert kinds == ["begin", "log", "log", "log", "log", "end"]
    assert CALLS[0][1] == {"run_name": "toy", "learning_rate": 5e-3}
    assert {"loss", "tokens_per_s", "epoch", "step"} <= CALLS[1][1].keys()
    assert {"eval_loss", "eval_perplexity"} <= CALLS[4][1].keys()
    assert all(isinstance(value, int | float) for kind, values in CALLS if kind == "log" for value in values.values())


def test_none_by_default(tmp_path: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CALLS.clear()
    for name in list(integration_utils.INTEGRATION_TO_CALLBACK):
        monkeypatch.setitem(integration_utils.INTEGRATION_TO_CALLBACK, name, Recording)
    run_with(tmp_path, toy_base, [])
    assert CALLS == []


@pytest.mark.parametrize(("name", "said"), [("mlflow", "is not installed"), ("nothing", "cannot be used")])
def test_trackers_that_cannot_be_had_stop_before_the_first_step(
    tmp_path: Path, toy_base: Path, name: str, said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        run_with(tmp_path, toy_base, [name])
    assert not (RunDir(tmp_path / "run").partial("train") / "metrics.jsonl").exists()


def test_a_tracker_that_sends_needs_its_host_in_egress() -> None:
    values: dict[str, Any] = {
        "name": "x", "collect": {"sources": [{"kind": "medquad"}]}, "train": {"report_to": ["wandb"]},
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"wandb sends to api\.wandb\.ai, which `egress` does not name"):
        Recipe.model_validate(values)
    assert Recipe.model_validate({**values, "egress": ["api.wandb.ai"]}).train.report_to == ("wandb",)
