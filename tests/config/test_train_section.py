import pytest

from medtune.config.presets import PRESETS
from medtune.config.train import TrainSection


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_whole_and_keys_win_over_them(name: str) -> None:
    preset = PRESETS[name]
    section = TrainSection.model_validate({"preset": name})
    assert all(getattr(section, key) == value for key, value in preset.train.items())
    assert len(preset.source) > 40 and {"lora_r", "lora_alpha", "learning_rate"} <= preset.train.keys()
    own = TrainSection.model_validate({"preset": name, "lora_r": 3, "method": "lora"})
    assert (own.lora_r, own.method, own.lora_alpha) == (3, "lora", preset.train["lora_alpha"])


def test_what_the_five_systems_publish() -> None:
    def values(name: str, *keys: str) -> list[object]:
        section = TrainSection.model_validate({"preset": name})
        return [getattr(section, key) for key in keys]

    assert values("clinical-notes", "lora_r", "lora_alpha", "learning_rate", "num_epochs") == [32, 64, 1e-3, 6.0]
    assert values("emergency-assistant", "optimizer", "neftune_noise_alpha", "max_steps") == [
        "paged_adamw_8bit", 5.0, 100,
    ]  # fmt: skip
    assert values("small-model", "lora_dropout", "max_seq_length", "gradient_accumulation_steps") == [0.1, 512, 8]
    assert values("collected-sources", "lora_dropout", "max_seq_length", "num_epochs") == [0.05, 2048, 3.0]
    assert values("terminology", "learning_rate", "optimizer", "batch_size") == [3e-4, "adamw_8bit", 2]


def test_own_epochs_replace_a_presets_steps() -> None:
    assert TrainSection.model_validate({"preset": "small-model", "num_epochs": 2}).max_steps is None
    assert TrainSection.model_validate({"preset": "small-model"}).max_steps == 36


def test_an_unknown_preset_and_what_contradicts_itself() -> None:
    with pytest.raises(ValueError, match="clinical-notes"):
        TrainSection.model_validate({"preset": "best"})
    with pytest.raises(ValueError, match="use_dora belongs to LoRA"):
        TrainSection.model_validate({"method": "full", "use_dora": True})
