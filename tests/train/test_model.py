import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from medtune.config.train import TrainSection
from medtune.core.errors import ModelError
from medtune.train.model import add_lora, load_base
from medtune.train.settings import make_settings

# PEFT and transformers warn each other of renamed attributes.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:FutureWarning")

CPU = torch.device("cpu")


def lora(base: Path, **section: Any) -> Any:
    settings = make_settings(TrainSection.model_validate({"lora_r": 4, **section}), 7, 100)
    return add_lora(load_base(base, "toy", CPU), settings, "toy")


def test_all_linear_leaves_only_the_head_out(toy_base: Path) -> None:
    model, coverage = lora(toy_base)
    assert sum(coverage.adapted.values()) == 14 and coverage.left_out == {"lm_head": 1}
    assert coverage.trainable == sum(w.numel() for w in model.parameters() if w.requires_grad)
    assert coverage.sentence().startswith("LoRA on 14 linear layers (down_proj 2, ")


def test_named_modules_are_counted(toy_base: Path) -> None:
    _, coverage = lora(toy_base, target_modules=["q_proj", "self_attn.v_proj"])
    assert coverage.adapted == {"q_proj": 2, "v_proj": 2}
    assert coverage.left_out["down_proj"] == 2


@pytest.mark.parametrize("name", ["qkv_proj", "mlp", "lm_head", "roj"])
def test_a_name_that_matches_nothing_lists_what_there_is(toy_base: Path, name: str) -> None:
    with pytest.raises(ModelError, match=f"{name} match no linear layer") as raised:
        lora(toy_base, target_modules=["q_proj", name])
    assert "gate_proj (2)" in str(raised.value.where)
    if name == "qkv_proj":
        assert "did you mean" in raised.value.next_step


def test_first_values_follow_the_seed(toy_base: Path) -> None:
    def first(seed: int) -> torch.Tensor:
        settings = make_settings(TrainSection(lora_r=4), seed, 100)
        model, _ = add_lora(load_base(toy_base, "toy", CPU), settings, "toy")
        return next(w.detach() for n, w in model.named_parameters() if "lora_A" in n)

    assert torch.equal(first(1), first(1)) and not torch.equal(first(1), first(2))


@pytest.mark.parametrize("harm", ["nan", "missing"])
def test_broken_weights_are_noticed_at_once(toy_base: Path, tmp_path: Path, harm: str) -> None:
    base = Path(shutil.copytree(toy_base, tmp_path / "toy"))
    weights = load_file(base / "model.safetensors")
    name = "model.layers.1.mlp.up_proj.weight"
    if harm == "nan":
        weights[name][0, 0] = float("nan")
    else:
        del weights[name]
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"model\.layers\.1\.mlp\.up_proj\.weight"):
        load_base(base, "toy", CPU)


def test_unsloth_is_told_the_familys_own_layers() -> None:
    """Its default names (q_proj, gate_proj, ...) leave out the fused layers of Phi-4-mini."""
    from fastrun import job_of, rows_of
    from transformers import Phi3Config, Phi3ForCausalLM

    from medtune.chat.family import family_cards
    from medtune.train.engines.unsloth import _targets

    config = Phi3Config(
        vocab_size=97, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, pad_token_id=0,
    )  # fmt: skip
    job = job_of(Path(), rows_of(4))
    job.base.family = next(card for card in family_cards() if card.family == "phi4-mini")  # type: ignore[misc]
    assert _targets(Phi3ForCausalLM(config), job) == ["down_proj", "gate_up_proj", "o_proj", "qkv_proj"]
