"""Every family from training to the served file: a few steps, merge, GGUF, and the same probabilities in llama.cpp."""

import contextlib
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from families import FAMILY_NAMES, write_multimodal
from trainrun import train_view, write_prepared

from medtune.chat import load_tokenizer, offline, resolve_base
from medtune.chat.adapter_names import name_for_whole_model, put_adapter
from medtune.chat.config_file import read_config
from medtune.chat.family import find_family
from medtune.chat.language_model import load_language_model
from medtune.config.recipe import LocalBase
from medtune.export.adapter import read_adapter
from medtune.export.merge import merge
from medtune.export.weights import read_head, read_weights
from medtune.llamacpp.convert import to_gguf
from medtune.llamacpp.score import ScoredText, score
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.layout import RunDir
from medtune.runs.records.collect import Turn
from medtune.train import stage
from medtune.train.planner.shape import read_shape

CHAT = (
    Turn(role="system", content="Explain medical terms."),
    Turn(role="user", content="What is asthma? 5 µg"),
    Turn(role="assistant", content="A disease of the airways.\n\n**Treatment** two puffs"),
)
STEPS = 3
LOGPROB_TOLERANCE = 0.02
"""Largest difference of a token's log-probability, in nats: llama.cpp keeps keys and values in 16 bits."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_trained_merged_converted_and_served_alike(
    name: str, family_model: Callable[[str], Path], toolchain: Toolchain, tmp_path: Path
) -> None:
    check_family(name, family_model(name), toolchain, tmp_path)


@pytest.mark.parametrize("name", ["gemma3", "gemma3n"])
def test_the_language_model_inside_a_multimodal_one(
    name: str, family_model: Callable[[str], Path], toolchain: Toolchain, tmp_path: Path
) -> None:
    """Gemma 3 from 4B and Gemma 3n as released: towers are neither loaded nor adapted, and stay as they are."""
    alone = family_model(name)
    base = write_multimodal(name, alone, tmp_path / "whole")
    info, plain = (resolve_base(LocalBase(path="x"), lambda _, folder=folder: folder) for folder in (base, alone))
    assert info.family == plain.family and info.architecture != plain.architecture
    assert read_shape(info) == read_shape(plain), "the planner counts no towers"
    check_family(name, base, toolchain, tmp_path)
    weights, merged = read_weights(base), read_weights(tmp_path / "merged")
    assert merged.tensors.keys() == weights.tensors.keys()
    merge(read_weights(alone), read_adapter(tmp_path / "adapter"), tmp_path / "merged-alone")
    towers = language = 0
    for key, tensor in tensors_of(tmp_path / "merged").items():
        plain = re.sub(r"^(model\.language_model|language_model\.model)\.", "model.", key)
        if plain == key and not key.startswith("lm_head"):
            towers += 1
            assert torch_equal(tensor, tensors_of(base)[key])
        else:
            language += 1
            assert torch_equal(tensor, tensors_of(tmp_path / "merged-alone")[plain])
    assert towers > 3 and language == len(read_weights(alone).tensors)
    check_names(name, base, tmp_path)
    if name == "gemma3":  # its class loads without further libraries: the towers' model gives the same probabilities
        ids = load_tokenizer(base).encode(CHAT).input_ids
        whole, own = (log_probabilities(tmp_path / "merged", ids, whole) for whole in (True, False))
        assert abs(whole - own).max() < 1e-4


def test_the_train_stage_names_the_adapter_for_the_whole_model(
    family_model: Callable[[str], Path], tmp_path: Path
) -> None:
    base = write_multimodal("gemma3", family_model("gemma3"), tmp_path / "whole")
    view = train_view(base, tmp_path, max_steps=1, batch_size=2)
    run = RunDir(tmp_path / "run")
    run.path.mkdir()
    write_prepared(run, view, rows=2, validation=0)
    stage.run(view, run)
    names = [entry.name for entry in read_head(run.stage("train") / "adapter" / "adapter_model.safetensors")[1]]
    assert names and all(".language_model.layers." in name for name in names)


def check_names(name: str, base: Path, tmp_path: Path) -> None:
    """The adapter that is handed out: for the whole model as users load it, and for the language model alone."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    adapter = Path(shutil.copytree(tmp_path / "adapter", tmp_path / "named"))
    for _ in range(2):
        name_for_whole_model(adapter)
    merge(read_weights(base), read_adapter(adapter), tmp_path / "merged-named")
    merged = tensors_of(tmp_path / "merged")
    assert all(torch_equal(value, merged[key]) for key, value in tensors_of(tmp_path / "merged-named").items())
    ids = load_tokenizer(base).encode(CHAT).input_ids
    load = load_language_model if name == "gemma3n" else AutoModelForCausalLM.from_pretrained
    with offline(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = load(base, dtype=torch.float32)
        tuned = put_adapter(plain, adapter) if name == "gemma3n" else PeftModel.from_pretrained(plain, str(adapter))
        alone = put_adapter(load_language_model(base, dtype=torch.float32), tmp_path / "adapter")
    adapted = [key for key, _ in tuned.named_modules() if key.endswith("lora_A")]
    assert adapted and not any("tower" in key for key in adapted)
    tokens = torch.tensor([ids])
    with torch.no_grad():
        found, wanted = (model.eval()(input_ids=tokens).logits for model in (tuned, alone))
    assert torch.allclose(found, wanted, atol=1e-4)
    with torch.no_grad(), tuned.disable_adapter():
        assert not torch.allclose(tuned(input_ids=tokens).logits, wanted, atol=1e-2), "the adapter was loaded"


def tensors_of(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "model.safetensors"))


def torch_equal(one: Any, other: Any) -> bool:
    import torch

    return bool(torch.equal(one, other))


def check_family(name: str, base: Path, toolchain: Toolchain, tmp_path: Path) -> None:
    """Train, merge, convert, score by llama.cpp."""
    row = load_tokenizer(base).encode(CHAT)
    with offline(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT asks for an attribute that transformers renamed; Gemma 3n's own code
        before, after, touched = train(base, tmp_path / "adapter", row.input_ids, row.trained)
    assert after < before and touched == []
    merge(read_weights(base), read_adapter(tmp_path / "adapter"), tmp_path / "merged")
    for file in base.iterdir():  # as the export does: tokenizer and template go along unchanged
        if not (tmp_path / "merged" / file.name).exists():
            (tmp_path / "merged" / file.name).symlink_to(file)
    gguf = to_gguf(toolchain, tmp_path / "merged", tmp_path / "model.gguf", outtype="f32", log=tmp_path / "log")
    scored = (False,) + (True,) * (len(row.input_ids) - 1)
    (served,) = score(toolchain, gguf, [ScoredText(row.input_ids, scored)], threads=1)
    expected = log_probabilities(tmp_path / "merged", row.input_ids)
    assert abs(served - expected).max() < LOGPROB_TOLERANCE
    before_training = log_probabilities(base, row.input_ids)
    assert abs(served - before_training).max() > 2 * LOGPROB_TOLERANCE, "the adapter is in it"


def train(base: Path, adapter: Path, ids: tuple[int, ...], trained: tuple[bool, ...]) -> tuple[float, float, list[str]]:
    """Loss on the answer before and after, and the names of base weights that changed (there must be none)."""
    import torch
    from peft import LoraConfig, get_peft_model

    from medtune.chat.targets import lora_targets
    from medtune.train.model import linear_layers, load_base

    model = load_base(base, base.name, torch.device("cpu"))
    kept = {key: weight.detach().clone() for key, weight in model.named_parameters()}
    family = find_family(read_config(base)["architectures"][0], base)
    torch.manual_seed(0)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=lora_targets(family, linear_layers(model)))
    tuned = get_peft_model(model, config)
    learning = [weight for weight in tuned.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=2e-3)
    tokens = torch.tensor([ids])
    labels = torch.where(torch.tensor([trained]), tokens, -100)
    losses = []
    for _ in range(STEPS):
        loss = tuned(input_ids=tokens, labels=labels).loss
        losses.append(float(loss))
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    with torch.no_grad():
        losses.append(float(tuned(input_ids=tokens, labels=labels).loss))
    now = {
        key.removeprefix("base_model.model.").replace(".base_layer", ""): weight
        for key, weight in tuned.named_parameters()
    }
    touched = [key for key, weight in kept.items() if not torch.equal(weight, now[key])]
    tuned.save_pretrained(adapter)
    return losses[0], losses[-1], touched


def log_probabilities(folder: Path, ids: tuple[int, ...], whole: bool = False) -> Any:
    """Of each token but the first given those before it, by transformers in float32; `whole`: with its towers."""
    import torch
    from transformers import AutoModelForCausalLM

    load = AutoModelForCausalLM.from_pretrained if whole else load_language_model
    model = load(folder, dtype=torch.float32).eval()
    tokens = torch.tensor([ids])
    with torch.no_grad(), spread_as_in_llama_cpp():
        logits = model(input_ids=tokens).logits[0, :-1].log_softmax(-1)
    return logits.gather(1, tokens[0, 1:, None])[:, 0].numpy()


@contextlib.contextmanager
def spread_as_in_llama_cpp() -> Iterator[None]:
    """Gemma 3n opens its gates above mean + k * deviation; in it llama.cpp divides by n - 1, transformers by n.

    That is 0.2 % of the deviation among the 256 gates here, and most of what the two differ by; among the 8,192 and
    16,384 of released models it is nothing (docs/notebook.md).
    """
    import torch

    plain = torch.std
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "std", lambda *given, **options: plain(*given, **{**options, "unbiased": True}))
        yield
