"""The fast engine on the CPU: packing without cross-talk, the curve against PEFT, PEFT's file format, resuming."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from fastrun import Told, job_of, rows_of, trainer_of
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.errors import ResourceError
from medtune.train.capability import capability_of, look_at_card
from medtune.train.checkpoints import Checkpoint
from medtune.train.engines import fast as engine
from medtune.train.engines.protocol import Job
from medtune.train.fast import fidelity, frozen, prepare_base
from medtune.train.fast.loss import PassLoss
from medtune.train.fast.passes import PassMaker
from medtune.train.fast.schedule import Schedule, cut
from medtune.train.fast.trainer import FastTrainer
from medtune.train.rows import TrainRow

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:FutureWarning")


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=60),
    batch=st.integers(1, 6),
    more=st.integers(0, 3),
    room=st.integers(0, 200),
)
def test_each_row_of_an_epoch_is_trained_once(lengths: list[int], batch: int, more: int, room: int) -> None:
    schedule = Schedule(lengths, batch_size=batch, step_rows=batch * (1 + more), seed=3)
    capacity = max(lengths) + room
    for epoch in (0, 1):
        seen: list[int] = []
        for step in range(schedule.steps_per_epoch):
            rows = schedule.rows(epoch * schedule.steps_per_epoch + step)
            passes = cut(rows, lengths, capacity)
            assert all(sum(lengths[row] for row in one) <= capacity for one in passes)
            assert sorted(row for one in passes for row in one) == sorted(rows)
            seen += rows
        assert sorted(seen) == list(range(len(lengths)))


def test_a_row_longer_than_a_pass_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        cut([0], [9], 8)


def test_passes_are_of_like_size() -> None:
    lengths = [100, 20, 20, 20, 20, 20]
    assert sorted(sum(lengths[row] for row in one) for one in cut(range(6), lengths, 110)) == [100, 100]


def test_a_pass_holds_rows_one_after_another() -> None:
    rows = [TrainRow("a", (5, 6, 7), (False, True, True)), TrainRow("b", (8, 9), (False, True))]
    one = PassMaker(rows, longest=3, block=4, pinned=False).make([1, 0])
    assert one.ids.tolist() == [[8, 9, 5, 6, 7, 0, 0, 0]]
    assert one.positions.tolist() == [[0, 1, 0, 1, 2, 0, 1, 2]]
    assert one.bounds.tolist()[:4] == [0, 2, 5, 8] and set(one.bounds.tolist()[4:]) == {8}
    assert one.at.tolist() == [0, 2, 3] and one.targets.tolist() == [9, 6, 7]
    assert (one.tokens, one.trained, one.longest) == (5, 3, 4)


def shake(trainer: FastTrainer) -> None:
    """An adapter whose B is not zero, so that every part of the layer counts."""
    generator = torch.Generator().manual_seed(1)
    for layer in trainer.built.layers:
        torch.nn.init.normal_(layer.member.b, std=0.05, generator=generator)


def states(trainer: FastTrainer, chosen: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return trainer.loss.logits(trainer.loss.hidden(trainer.passes.make(chosen)))


@pytest.mark.parametrize("method", ["lora", "fp8"])
def test_a_packed_row_sees_itself_alone(toy_base: Path, method: str) -> None:
    trainer = trainer_of(job_of(toy_base, rows_of(8), plan={"method": method}))
    shake(trainer)
    together = states(trainer, [3, 1, 7])
    alone = torch.cat([states(trainer, [row]) for row in (3, 1, 7)])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)
    # And the test can fail: in another place of one row the same tokens have other logits.
    one = trainer.passes.make([3, 1, 7])
    one.bounds[1:-1] = one.bounds[-1]
    with torch.no_grad():
        assert not torch.allclose(trainer.loss.logits(trainer.loss.hidden(one)), alone, atol=1e-3)


def test_layers_with_one_input_form_a_group(toy_base: Path) -> None:
    base = prepare_base.prepare_base(job_of(toy_base, rows_of(8)))
    kinds = [len(group.sizes) for group in base.built.groups]
    assert kinds == [3, 1, 2, 1] * 2
    assert base.built.counts["q_proj"] == 2 and len(base.built.layers) == 14


@pytest.mark.parametrize("rslora", [False, True])
def test_the_adapter_loads_with_peft(toy_base: Path, tmp_path: Path, rslora: bool) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    trainer = trainer_of(job_of(toy_base, rows_of(8), use_rslora=rslora))
    shake(trainer)
    trainer.write(tmp_path / "adapter")
    base = AutoModelForCausalLM.from_pretrained(toy_base, dtype=torch.float32)
    tuned = PeftModel.from_pretrained(base, str(tmp_path / "adapter"))
    ids = torch.tensor([trainer.job.rows[2].input_ids])
    with torch.no_grad():
        theirs = tuned(input_ids=ids).logits[0].index_select(0, trainer.passes.make([2]).at)
    torch.testing.assert_close(states(trainer, [2]), theirs, rtol=1e-4, atol=1e-5)


def plain_losses(job: Job, adapter: Path) -> list[float]:
    """PEFT's layers, a padded batch and plain cross entropy: what TRL computes, written down once more."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, get_scheduler

    base = AutoModelForCausalLM.from_pretrained(job.base.folder, dtype=torch.float32)
    model = PeftModel.from_pretrained(base, str(adapter), is_trainable=True)
    settings = job.settings
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    name, _ = settings.schedule()
    schedule = get_scheduler(name, optimizer, settings.warmup_steps, settings.steps)
    lengths = [len(row.input_ids) for row in job.rows]
    order = Schedule(lengths, batch_size=settings.batch_size, step_rows=settings.step_rows, seed=settings.seed)
    losses = []
    for step in range(settings.steps):
        rows = [job.rows[row] for row in order.rows(step)]
        width = max(len(row.input_ids) for row in rows)
        ids, labels = torch.zeros(len(rows), width, dtype=torch.long), torch.full((len(rows), width), -100)
        for line, row in enumerate(rows):
            ids[line, : len(row.input_ids)] = torch.tensor(row.input_ids)
            labels[line, : len(row.input_ids)] = torch.where(
                torch.tensor(row.trained), torch.tensor(row.input_ids), -100
            )
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, settings.max_grad_norm)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    return losses


def test_the_curve_is_that_of_peft_and_a_padded_batch(toy_base: Path, tmp_path: Path) -> None:
    job = job_of(toy_base, rows_of(40), max_steps=100)
    trainer = trainer_of(job)
    trainer.write(tmp_path / "start")
    expected = plain_losses(job, tmp_path / "start")
    found = [trainer.step(step).loss for step in range(100)]
    assert max(abs(one - other) for one, other in zip(found, expected, strict=True)) <= 1e-4
    assert found[-1] < found[0] - 0.05  # it does learn


@pytest.mark.parametrize("checkpointing", ["selective", "full"])
def test_recomputing_and_smaller_passes_change_no_result(toy_base: Path, checkpointing: str) -> None:
    rows = rows_of(20)
    plain = trainer_of(job_of(toy_base, rows))
    other = trainer_of(job_of(toy_base, rows, plan={"checkpointing": checkpointing, "micro_tokens": 41}))
    for step in range(4):
        assert plain.step(step).loss == pytest.approx(other.step(step).loss, abs=1e-5)


@pytest.mark.parametrize("method", ["lora", "fp8"])
def test_a_resumed_training_goes_on_as_an_uninterrupted_one(toy_base: Path, tmp_path: Path, method: str) -> None:
    job = job_of(toy_base, rows_of(20), plan={"method": method})
    whole = Told(tmp_path, save=4)
    trainer_of(job).run(whole)  # type: ignore[arg-type]
    start = Checkpoint(4, tmp_path / "checkpoint-4", 0, 0.0)
    rest = Told(tmp_path)
    trainer_of(replace(job, start=start)).run(rest)  # type: ignore[arg-type]
    assert len(rest.losses) == 6
    assert rest.losses == pytest.approx(whole.losses[4:], abs=1e-6)


def test_out_of_memory_repeats_the_step_with_smaller_passes(toy_base: Path) -> None:
    rows = rows_of(20)
    expected = [trainer.step(step).loss for trainer in [trainer_of(job_of(toy_base, rows))] for step in range(5)]
    trainer = trainer_of(job_of(toy_base, rows))
    call, limit = trainer.loss.__class__.__call__, 60

    class Short(PassLoss):
        def __call__(self, one: Any) -> torch.Tensor:
            loss = call(self, one)
            if one.tokens > limit:  # in the middle of a step: gradients of earlier passes are there already
                raise torch.OutOfMemoryError("made for this test")
            return loss

    trainer.loss.__class__ = Short
    found = [trainer.step(step).loss for step in range(5)]
    assert found == pytest.approx(expected, abs=1e-5)
    assert trainer.room.tokens == 40 and trainer.room.checkpointing == "none"
    limit = 1
    with pytest.raises(ResourceError, match="one row of") as raised:
        trainer.step(5)
    assert trainer.room.checkpointing == "full" and "max_seq_length" in raised.value.next_step


def test_a_row_longer_than_a_shrunk_pass_is_tried_alone(toy_base: Path) -> None:
    rows = rows_of(20)
    plain, shrunk = trainer_of(job_of(toy_base, rows)), trainer_of(job_of(toy_base, rows))
    shrunk.room.tokens = 10  # as after running out of memory in a step of short rows
    for step in range(3):
        assert shrunk.step(step).loss == pytest.approx(plain.step(step).loss, abs=1e-5)
    assert shrunk.validate() == pytest.approx(plain.validate(), abs=1e-5)


def test_fp8_products_are_those_of_the_rounded_weights() -> None:
    from medtune.chat.frozen import as_stored

    torch.manual_seed(0)
    weight, x, g = torch.randn(32, 48) * 0.02, torch.randn(10, 48), torch.randn(10, 32)
    zero = torch.zeros(10, 1), torch.zeros(32, 1), torch.zeros(48, 1)
    for turned in (False, True):
        held = frozen.fp8(weight, turned=turned)
        rounded = as_stored(weight, "fp8")
        y = frozen.product("fp8", held.tensors(), x, zero[0], zero[1], [32])
        # E4M3 has 3 bits of mantissa: a value's error is at most 1/16 of it.
        bound = (x.abs() / 16) @ rounded.abs().t() + 1e-6
        assert bool(((y - x @ rounded.t()).abs() <= bound).all())
        back = frozen.gradient("fp8", held.tensors(), g, zero[0], zero[2], [32])
        bound = (g.abs() / 16) @ rounded.abs() + 1e-6
        assert bool(((back - g @ rounded).abs() <= bound).all())


def test_fp8_is_refused_above_its_limit_and_the_figure_stays(toy_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_of(toy_base, rows_of(20), plan={"method": "fp8"})
    kept = prepare_base.prepare_base(job)
    assert kept.storage == "fp8" and 0 < kept.facts["fp8_kl_nats"] < fidelity.KL_LIMIT_NATS
    monkeypatch.setattr(prepare_base, "KL_LIMIT_NATS", 1e-9)
    refused = prepare_base.prepare_base(job)
    assert refused.storage == "dense" and refused.facts["fp8_kl_nats"] == kept.facts["fp8_kl_nats"]


def test_kl_is_zero_for_itself_and_right_for_a_known_case() -> None:
    device = torch.device("cpu")
    states = [torch.randn(5, 3)]
    assert fidelity.mean_kl(states, states, lambda x: x, device) == 0.0
    first, second = [torch.tensor([[0.0, 0.0]])], [torch.tensor([[1.0986123, 0.0]])]  # 1/2, 1/2 against 3/4, 1/4
    assert fidelity.mean_kl(first, second, lambda x: x, device) == pytest.approx(0.143841, abs=1e-6)


def test_what_it_leaves_to_trl(toy_base: Path) -> None:
    card = capability_of(look_at_card())
    rows = rows_of(8)
    assert engine.unable(job_of(toy_base, rows).settings, card) is None
    assert "DoRA" in str(engine.unable(job_of(toy_base, rows, use_dora=True).settings, card))
    random = job_of(toy_base, rows, lora_dropout=0.1, neftune_noise_alpha=5.0)
    assert engine.unable(random.settings, card) is None


def test_target_names_choose_the_same_layers(toy_base: Path, tmp_path: Path) -> None:
    trainer = trainer_of(job_of(toy_base, rows_of(8), target_modules=["q_proj", "mlp.down_proj"]))
    assert trainer.built.counts == {"down_proj": 2, "q_proj": 2}
    trainer.write(tmp_path / "one")
    assert '"q_proj"' in (tmp_path / "one" / "adapter_config.json").read_text(encoding="utf-8")
    shutil.rmtree(tmp_path / "one")
