"""What the fast engine draws at random: dropout in the update, noise on the embeddings; a resumption draws on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from fastrun import Told, job_of, rows_of, trainer_of
from torch import nn

from medtune.train.checkpoints import Checkpoint
from medtune.train.fast import frozen
from medtune.train.fast.lora import LoraGroup, Member
from medtune.train.fast.noise import EmbeddingNoise

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:FutureWarning")

RANDOM: dict[str, Any] = {"lora_dropout": 0.2, "neftune_noise_alpha": 5.0}


def group_of(dropout: float) -> LoraGroup:
    """Two layers with one input of 6 features, of 5 and 4 outputs."""
    torch.manual_seed(1)
    members = [Member(torch.randn(3, 6), torch.randn(size, 3)) for size in (5, 4)]
    return LoraGroup(frozen.dense(torch.randn(9, 6)), None, members, 0.5, dropout)


def test_dropout_acts_on_the_updates_input_alone() -> None:
    group, x = group_of(0.4), torch.randn(1, 7, 6, requires_grad=True)
    torch.manual_seed(3)
    found = torch.cat(group(x), -1)
    torch.manual_seed(3)
    dropped = nn.functional.dropout(x.reshape(7, 6), 0.4).view_as(x)
    weight = group.weight.tensors()[0]
    update = [dropped @ member.a.t() @ member.b.t() * 0.5 for member in group.members]  # type: ignore[operator]
    expected = x @ weight.t() + torch.cat(update, -1)
    torch.testing.assert_close(found, expected)
    values = [x, *group.parameters()]
    probe = torch.randn_like(found)
    for own, plain in zip(
        torch.autograd.grad((found * probe).sum(), values), torch.autograd.grad((expected * probe).sum(), values),
        strict=True,
    ):  # fmt: skip
        torch.testing.assert_close(own, plain)


def test_nothing_is_dropped_outside_of_training() -> None:
    group, x = group_of(0.4), torch.randn(1, 7, 6)
    plain = group_of(0.0)
    group.eval()
    torch.testing.assert_close(group(x), plain(x))


@pytest.mark.parametrize("checkpointing", ["selective", "full"])
def test_recomputing_draws_the_same_numbers(toy_base: Path, checkpointing: str) -> None:
    rows = rows_of(20)
    plain = trainer_of(job_of(toy_base, rows, **RANDOM))
    other = trainer_of(job_of(toy_base, rows, plan={"checkpointing": checkpointing}, **RANDOM))
    losses: dict[Any, list[float]] = {}
    for trainer in (plain, other):
        torch.manual_seed(5)
        losses[trainer] = [trainer.step(step).loss for step in range(4)]
    assert losses[plain] == pytest.approx(losses[other], abs=1e-5)


def test_a_resumed_training_draws_on(toy_base: Path, tmp_path: Path) -> None:
    job = job_of(toy_base, rows_of(20), **RANDOM)
    torch.manual_seed(5)
    whole = Told(tmp_path, save=4)
    trainer_of(job).run(whole)  # type: ignore[arg-type]
    rest = Told(tmp_path)
    torch.manual_seed(6)
    trainer_of(replace(job, start=Checkpoint(4, tmp_path / "checkpoint-4", 0, 0.0))).run(rest)  # type: ignore[arg-type]
    assert rest.losses == pytest.approx(whole.losses[4:], abs=1e-6)


def test_validation_is_not_random_and_training_is(toy_base: Path) -> None:
    rows = rows_of(20)
    trainer, plain = trainer_of(job_of(toy_base, rows, **RANDOM)), trainer_of(job_of(toy_base, rows))
    assert trainer.validate() == trainer.validate() == pytest.approx(plain.validate(), abs=1e-6)
    assert abs(trainer.step(0).loss - plain.step(0).loss) > 1e-4  # the noise on the embeddings; B is zero still
    assert trainer.model.training


def test_noise_is_bounded_by_the_length_of_each_row() -> None:
    noise, bounds = EmbeddingNoise(5.0), torch.tensor([0, 4, 100, 100])
    noise.rows_are(bounds, 100)
    found = noise.hook(None, (), torch.zeros(1, 100, 8))[0].detach()
    short, long = 5 / (4 * 8) ** 0.5, 5 / (96 * 8) ** 0.5
    assert 0.8 * short < float(found[:4].abs().max()) <= short
    assert 0.9 * long < float(found[4:].abs().max()) <= long
    # One pass, one noise: without a word about the next rows there is none.
    assert not noise.hook(None, (), torch.zeros(1, 100, 8)).detach().any()
    with torch.no_grad():
        noise.rows_are(bounds, 100)
        assert not noise.hook(None, (), torch.zeros(1, 100, 8)).any()


def test_the_adapter_names_its_dropout(toy_base: Path, tmp_path: Path) -> None:
    trainer_of(job_of(toy_base, rows_of(8), lora_dropout=0.25)).write(tmp_path / "one")
    assert '"lora_dropout": 0.25' in (tmp_path / "one" / "adapter_config.json").read_text(encoding="utf-8")
