from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy
from transformers import Gemma2Config, Gemma2ForCausalLM, LlamaConfig, LlamaForCausalLM

from medtune.train.kernels.cross_entropy import CHUNK_TOKENS, head_loss
from medtune.train.kernels.lora import use_merged_layers
from medtune.train.loss import TokenLoss

# PEFT and transformers warn each other of renamed attributes.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:FutureWarning")

SHAPE = {
    "vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 16,
}  # fmt: skip


def tuned(model: Any, **settings: Any) -> Any:
    """With LoRA whose B is not zero, so that every gradient is alive."""
    values = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "task_type": "CAUSAL_LM", **settings}
    with_lora = get_peft_model(model, LoraConfig(**values))
    for name, weight in with_lora.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.05)
    return with_lora


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(3, 97, (3, 20))
    labels = ids.clone()
    labels[:, :6] = -100
    labels[1, 15:] = -100
    labels[2, 9:12] = -100
    return ids, labels


def gradients(model: Any) -> dict[str, torch.Tensor]:
    found = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad()
    return found


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(3)


@pytest.mark.parametrize("tokens", [1, CHUNK_TOKENS, CHUNK_TOKENS + 1, 3 * CHUNK_TOKENS - 5])
def test_loss_in_pieces_equals_cross_entropy(tokens: int) -> None:
    hidden = torch.randn(tokens, 32, requires_grad=True)
    weight, targets = torch.randn(97, 32), torch.randint(0, 97, (tokens,))
    expected = cross_entropy(hidden @ weight.t(), targets, reduction="sum")
    (expected / 7).backward()
    grad, hidden.grad = hidden.grad, None
    found = head_loss(hidden, weight, targets)
    (found / 7).backward()
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(hidden.grad, grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("bias", [False, True])
def test_merged_layers_equal_pefts(bias: bool) -> None:
    model = tuned(LlamaForCausalLM(LlamaConfig(**SHAPE, attention_bias=bias)))
    ids, labels = batch()
    loss = model(input_ids=ids, labels=labels).loss
    loss.backward()
    expected = gradients(model)
    assert use_merged_layers(model) == 14
    merged = model(input_ids=ids, labels=labels).loss
    merged.backward()
    found = gradients(model)
    torch.testing.assert_close(merged, loss)
    assert found.keys() == expected.keys() and len(found) == 28
    for name, grad in expected.items():
        torch.testing.assert_close(found[name], grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("settings", [{"lora_dropout": 0.1}, {"use_dora": True}])
def test_other_layers_are_left_to_peft(settings: dict[str, Any]) -> None:
    assert use_merged_layers(tuned(LlamaForCausalLM(LlamaConfig(**SHAPE)), **settings)) == 0
    half = LlamaForCausalLM(LlamaConfig(**SHAPE)).to(torch.bfloat16)
    assert use_merged_layers(tuned(half)) == 0


def test_token_loss_equals_the_models_own() -> None:
    model = tuned(LlamaForCausalLM(LlamaConfig(**SHAPE, tie_word_embeddings=True)))
    ids, labels = batch()
    own = model(input_ids=ids, labels=labels).loss
    own.backward()
    expected = gradients(model)
    loss = TokenLoss(model)
    assert loss.in_pieces
    total, count = loss(ids, labels)
    (total / count).backward()
    assert int(count) == int((labels[:, 1:] != -100).sum())
    torch.testing.assert_close(total / count, own)
    for name, grad in gradients(model).items():
        torch.testing.assert_close(grad, expected[name], rtol=1e-3, atol=1e-6)


def test_a_model_that_caps_its_logits_keeps_doing_so() -> None:
    config = Gemma2Config(**SHAPE, final_logit_softcapping=0.5, query_pre_attn_scalar=16, attn_implementation="eager")
    model = tuned(Gemma2ForCausalLM(config))
    ids, labels = batch()
    loss = TokenLoss(model)
    assert not loss.in_pieces
    total, count = loss(ids, labels)
    torch.testing.assert_close(total / count, model(input_ids=ids, labels=labels).loss)


def test_padding_on_the_right_changes_nothing() -> None:
    model = tuned(LlamaForCausalLM(LlamaConfig(**SHAPE)))
    ids, labels = batch()
    padded = torch.nn.functional.pad(ids, (0, 9)), torch.nn.functional.pad(labels, (0, 9), value=-100)
    loss = TokenLoss(model)
    torch.testing.assert_close(loss(*padded)[0], loss(ids, labels)[0])
