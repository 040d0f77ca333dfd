"""Hyperparameters of five published medical fine-tuning systems, as data; keys of the recipe win over a preset's.

`fast` and `production` are the two variants that the pipeline behind `small-model` prints: all of its values but those
that they change.

Where a source says nothing, the key is left out and the recipe's default counts.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """Values for `train:`, and where they stand."""

    source: str
    train: dict[str, Any]


_SMALL_MODEL: dict[str, Any] = {
    "method": "lora",
    "lora_r": 16,
    "lora_alpha": 32,
    "lora_dropout": 0.1,
    "max_seq_length": 512,
    "batch_size": 4,
    "gradient_accumulation_steps": 8,
    "max_steps": 36,
    "learning_rate": 2e-4,
    "early_stopping_patience": 3,
}
PRESETS: dict[str, Preset] = {
    "clinical-notes": Preset(
        "PrivNurseAI (weilin1205/PrivNurseAI), training notebooks for Gemma 3n E4B: rank 32, alpha 64, learning rate "
        "1e-3, 6 epochs, QLoRA. It had no validation; medtune always has one",
        {"method": "qlora", "lora_r": 32, "lora_alpha": 64, "learning_rate": 1e-3, "num_epochs": 6.0},
    ),
    "emergency-assistant": Preset(
        "the emergency assistant on Gemma 3n E2B, its section on hyperparameters: rank 16, alpha 16, learning rate "
        "2e-4, NEFTune 5, paged AdamW in 8 bits, 4-bit base, packed rows, 100 steps",
        {
            "method": "qlora",
            "lora_r": 16,
            "lora_alpha": 16,
            "learning_rate": 2e-4,
            "neftune_noise_alpha": 5.0,
            "optimizer": "paged_adamw_8bit",
            "packing": True,
            "max_steps": 100,
        },
    ),
    "small-model": Preset(
        "the YAML pipeline for Phi-4-mini and SmolLM, its config.yaml: rank 16, alpha 32, dropout 0.1, 512 tokens, "
        "batches of 4 x 8, 36 steps, learning rate 2e-4, patience 3. It names q_proj, k_proj, v_proj, o_proj, of which "
        "Phi-4-mini's fused layers match the last alone: here all linear layers",
        _SMALL_MODEL,
    ),
    "fast": Preset(
        "the same pipeline, its preset for fast testing: 10 steps of 1 x 4 rows",
        {**_SMALL_MODEL, "max_steps": 10, "batch_size": 1, "gradient_accumulation_steps": 4},
    ),
    "production": Preset(
        "the same pipeline, its preset for production training: 100 steps, learning rate 1e-4, patience 5",
        {**_SMALL_MODEL, "max_steps": 100, "learning_rate": 1e-4, "early_stopping_patience": 5},
    ),
    "collected-sources": Preset(
        "the guide from collection to training for Mistral, Llama 3 and Qwen, its section «Training Configuration»: "
        "rank 16, alpha 32, dropout 0.05, attention layers, 2,048 tokens, batches of 4 x 4, 3 epochs, learning rate "
        "2e-4, QLoRA",
        {
            "method": "qlora",
            "lora_r": 16,
            "lora_alpha": 32,
            "lora_dropout": 0.05,
            "target_modules": ("q_proj", "v_proj", "k_proj", "o_proj"),
            "max_seq_length": 2048,
            "batch_size": 4,
            "gradient_accumulation_steps": 4,
            "num_epochs": 3.0,
            "learning_rate": 2e-4,
        },
    ),
    "terminology": Preset(
        "the terminology model on Mistral 7B, its «Technical Details»: rank 32, alpha 32, learning rate 3e-4, cosine "
        "with warm-up, 5 epochs, batches of 2 x 4, AdamW in 8 bits",
        {
            "method": "qlora",
            "lora_r": 32,
            "lora_alpha": 32,
            "learning_rate": 3e-4,
            "lr_scheduler": "cosine",
            "batch_size": 2,
            "gradient_accumulation_steps": 4,
            "num_epochs": 5.0,
            "optimizer": "adamw_8bit",
        },
    ),
}
