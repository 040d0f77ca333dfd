"""What the shipped recipes need, forecast without their bases: card memory and time of the training, disk of the run.

python benchmarks/recipe_needs.py [--rows 2000] [--tokens 290] [--out FILE]

Shapes are those of the models' published config.json; card memory and time come from the planner (train/planner, whose
rates and errors stand in docs/notebook.md), the disk is the base in the hub's cache and what the export holds at once.
`--rows` and `--tokens` are the training rows and their mean length, which nobody can know before the data is prepared.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from medtune.chat.family import family_cards
from medtune.config.load import load_recipe
from medtune.config.recipe import HubBase, Recipe
from medtune.core.errors import MedtuneError
from medtune.export.matrix import plan_builds
from medtune.llamacpp.quantize import quant_type
from medtune.train.capability import Card, capability_of
from medtune.train.planner.choose import choose
from medtune.train.planner.shape import ModelShape, shape_of_config
from medtune.train.settings import make_settings, make_wish

RECIPES = Path(__file__).parents[1] / "recipes"
GIB = 2**30
CARDS = (
    Card("cuda", "NVIDIA GeForce RTX 3060 Laptop GPU", 6 * GIB, (8, 6)),
    Card("cuda", "NVIDIA GeForce RTX 3060", 12 * GIB, (8, 6)),
    Card("cuda", "NVIDIA T4", 16 * GIB, (7, 5)),
    Card("cuda", "NVIDIA GeForce RTX 4090", 24 * GIB, (8, 9)),
    Card("cuda", "NVIDIA H100", 80 * GIB, (9, 0)),
)
_GEMMA_3N = {
    "model_type": "gemma3n_text", "vocab_size_per_layer_input": 262144, "hidden_size_per_layer_input": 256,
    "final_logit_softcapping": 30.0,
}  # fmt: skip
CONFIGS: dict[str, dict[str, Any]] = {
    "mistralai/Mistral-7B-Instruct-v0.3": {
        "vocab_size": 32768, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8,
    },
    "meta-llama/Meta-Llama-3-8B-Instruct": {
        "vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8,
    },
    "Qwen/Qwen2.5-7B-Instruct": {
        "vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
        "num_attention_heads": 28, "num_key_value_heads": 4,
    },
    "microsoft/Phi-4-mini-instruct": {
        "vocab_size": 200064, "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32,
        "num_attention_heads": 24, "num_key_value_heads": 8, "tie_word_embeddings": True,
    },
    "HuggingFaceTB/SmolLM2-135M-Instruct": {
        "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
        "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
    },
    "HuggingFaceTB/SmolLM2-1.7B-Instruct": {
        "vocab_size": 49152, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 24,
        "num_attention_heads": 32, "num_key_value_heads": 32, "tie_word_embeddings": True,
    },
    "google/gemma-3n-E2B-it": {
        "vocab_size": 262400, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 30,
        "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 256, "tie_word_embeddings": True,
        **_GEMMA_3N,
    },
    "google/gemma-3n-E4B-it": {
        "vocab_size": 262400, "hidden_size": 2048, "intermediate_size": 16384, "num_hidden_layers": 35,
        "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 256, "tie_word_embeddings": True,
        **_GEMMA_3N,
    },
}  # fmt: skip
FAMILIES = {
    "mistralai": "mistral", "meta-llama": "llama3", "Qwen": "qwen2.5", "microsoft": "phi4-mini",
    "HuggingFaceTB": "smollm", "google": "gemma3n",
}  # fmt: skip
"""Card of the family, by the owner of the base: some may not be computed in float16."""


def disk_bytes(recipe: Recipe, base_bytes: float) -> float:
    """The base in the hub's cache, the merged model, two F16 files and every quantization."""
    bits = sum(quant_type(build.quantization).bits_per_weight for build in plan_builds(recipe.export))
    return base_bytes * (1 + 1 + 2 + bits / 16)


def forecast(recipe: Recipe, shape: ModelShape, card: Card, lengths: list[int]) -> dict[str, Any]:
    """The planner's choice on a card, or why there is none."""
    owner = recipe.base.hub.partition("/")[0] if isinstance(recipe.base, HubBase) else ""
    family = next(card for card in family_cards() if card.family == FAMILIES[owner])
    settings = make_settings(recipe.train, recipe.seed, len(lengths))
    wish = make_wish(recipe.train, settings, capability_of(card), family, 1.0)
    if family.family == "phi4-mini":  # the shape from a configuration has Llama's layers, not the fused ones
        wish = replace(wish, targets="all-linear")
    try:
        plan = choose(card, shape, lengths, wish)
    except MedtuneError as error:
        return {"card": card.name, "fits": False, "why": error.what}
    return {
        "card": card.name,
        "fits": True,
        "method": plan.method,
        "engine": plan.engine,
        "memory_gib": round((plan.memory_bytes or 0) / GIB, 1),
        "minutes": round((plan.seconds or 0.0) / 60, 1),
        "steps": settings.steps,
    }


def main() -> None:
    """Print one JSON object with a row for each recipe whose base is a model of the hub."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--tokens", type=int, default=290)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows = []
    for path in sorted(RECIPES.rglob("*.yaml")):
        try:
            recipe = load_recipe(path)
        except MedtuneError:
            continue  # a suite recipe: its members stand here themselves
        if not isinstance(recipe.base, HubBase):
            continue
        shape = shape_of_config(CONFIGS[recipe.base.hub])
        length = min(options.tokens, recipe.train.max_seq_length)
        lengths = [recipe.train.max_seq_length, *[length] * (options.rows - 1)]
        rows.append({
            "recipe": path.relative_to(RECIPES).as_posix(),
            "base": recipe.base.hub,
            "parameters": shape.parameters,
            "weights_gb": round(2 * shape.parameters / 1e9, 2),
            "disk_gb": round(disk_bytes(recipe, 2.0 * shape.parameters) / 1e9, 1),
            "cards": [forecast(recipe, shape, card, lengths) for card in CARDS],
        })  # fmt: skip
    text = json.dumps({"rows": options.rows, "mean_tokens": options.tokens, "recipes": rows}, indent=1)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
