"""Which layers are adapted: from names alone, and on the true architecture of every family."""

from collections.abc import Callable
from pathlib import Path

import pytest
from families import FAMILY_NAMES

from medtune.chat.family import Family, family_cards
from medtune.chat.targets import block_layers, check_dtype, target_layers
from medtune.core.errors import ModelError

CARDS = {card.family: card for card in family_cards()}
NAMES = (
    "model.language_model.layers.0.self_attn.q_proj", "model.language_model.layers.0.mlp.down_proj",
    "model.vision_tower.blocks.0.attn.q_proj", "model.embed_vision.embedding_projection", "lm_head",
)  # fmt: skip


def card(**values: object) -> Family:
    return CARDS["generic"].model_copy(update=values)


def test_only_the_language_models_blocks_are_adapted() -> None:
    assert block_layers(CARDS["gemma3n"], NAMES) == list(NAMES[:2])
    assert target_layers(card(), NAMES) == list(NAMES[:2])
    assert target_layers(card(left_out=("q_proj",)), NAMES) == [NAMES[1]]
    assert target_layers(card(), ["transformer.h.0.attn.c_attn", "lm_head"]) == ["transformer.h.0.attn.c_attn"]


@pytest.mark.parametrize(
    ("values", "names", "message"),
    [
        ({"target_modules": ("qkv_proj", "down_proj")}, NAMES, "qkv_proj, which match nothing"),
        ({}, ("lm_head",), "match nothing"),
        ({"target_modules": ("q_proj",)}, NAMES, "says nothing about these linear layers: down_proj"),
    ],
    ids=["a name that is not there", "no blocks", "a layer that nobody thought of"],
)
def test_a_card_that_does_not_fit_is_an_error(values: dict[str, object], names: tuple[str, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        target_layers(card(**values), names)


def test_gemma_is_never_computed_in_float16() -> None:
    for name, one in CARDS.items():
        if name.startswith("gemma"):
            with pytest.raises(ModelError, match="must not be computed in float16"):
                check_dtype(one, "float16")
        check_dtype(one, "float32")


@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_a_card_covers_every_linear_layer_of_its_architecture(name: str, family_model: Callable[[str], Path]) -> None:
    """The graph is built from config.json without weights: adapted and left-out layers are all that there are."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    folder = family_model(name)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder))
    linear = [path for path, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    adapted = target_layers(CARDS[name], linear)
    inside = block_layers(CARDS[name], linear)
    assert {path.rpartition(".")[2] for path in adapted} == set(CARDS[name].target_modules)
    assert {path.rpartition(".")[2] for path in set(inside) - set(adapted)} == set(CARDS[name].left_out)
    layers = model.config.get_text_config().num_hidden_layers
    assert {path.split("layers.")[1].split(".")[0] for path in adapted} == {str(number) for number in range(layers)}
