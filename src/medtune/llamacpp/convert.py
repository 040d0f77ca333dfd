"""A model folder becomes a GGUF file, by the converter of the pinned llama.cpp."""

import json
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medtune.core.errors import ModelError, ToolchainError
from medtune.core.io import disk_errors
from medtune.core.proc import run_tool
from medtune.llamacpp.toolchain import Toolchain

OUTTYPES = ("f32", "f16", "bf16", "q8_0")
_TOKENIZERS = ("tokenizer.model", "tokenizer.json", "vocab.json", "tokenizer.tiktoken", "tekken.json")
_REFUSALS = (
    re.compile(r"Model (?P<name>\S+) is not supported"),
    re.compile(r"Architecture '(?P<name>[^']+)' not supported"),
)


def to_gguf(
    toolchain: Toolchain,
    model_dir: Path,
    out_file: Path,
    *,
    outtype: str = "f16",
    metadata: Mapping[str, Any] | None = None,
    log: Path | None = None,
) -> Path:
    """Convert a folder of safetensors, config and tokenizer; returns `out_file`, which is whole or absent.

    `metadata` overrides GGUF keys that the converter knows, e.g. {"general.name": "demo", "general.base_models":
    [{"name": "tiny"}]}; without it the converter guesses from the folder.
    Nothing is fetched from a network. Raises ModelError for a folder or an architecture that cannot be converted,
    ResourceError for a full disk, ToolchainError when the converter fails otherwise.
    """
    if outtype not in OUTTYPES:
        raise ValueError(f"outtype {outtype!r} is none of {OUTTYPES}")
    architecture = check_model_dir(model_dir)
    partial = out_file.with_name(f"{out_file.name}.partial")
    with disk_errors(out_file), tempfile.TemporaryDirectory(prefix="medtune-convert-") as scratch:
        out_file.parent.mkdir(parents=True, exist_ok=True)
        argv: list[str | Path] = [sys.executable, toolchain.convert_script, model_dir, "--outfile", partial]
        argv += ["--outtype", outtype]
        if metadata:
            override = Path(scratch) / "metadata.json"
            override.write_text(json.dumps(dict(metadata)), encoding="utf-8")
            argv += ["--metadata", override]
        try:
            run_tool(
                argv,
                what=f"converting {model_dir.name} to GGUF",
                log=log,
                env={"PYTHONPATH": str(toolchain.gguf_py), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"},
                writes=out_file,
            )
        except ToolchainError as error:
            raise _explained(error, model_dir, architecture) from error
        else:
            partial.replace(out_file)
        finally:
            partial.unlink(missing_ok=True)
    return out_file


def check_model_dir(model_dir: Path) -> str:
    """Name of the architecture in a model folder. Raises ModelError when config, weights or tokenizer are missing."""
    config_file = model_dir / "config.json"
    if not config_file.is_file():
        raise ModelError(
            "this is not a model folder: config.json is missing",
            where=str(model_dir),
            next_step="name a folder with config.json, *.safetensors and a tokenizer",
        )
    try:
        config = json.loads(config_file.read_text(encoding="utf-8"))
        architecture = str(config["architectures"][0])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelError(
            "config.json names no architecture",
            where=str(config_file),
            next_step='add e.g. "architectures": ["LlamaForCausalLM"], as saved by save_pretrained',
        ) from error
    if not any(model_dir.glob("*.safetensors")):
        raise ModelError(
            "the weights are missing: no *.safetensors file",
            where=str(model_dir),
            next_step="save the model with safe serialization, or copy its weights here",
        )
    if not any((model_dir / name).is_file() for name in _TOKENIZERS):
        raise ModelError(
            "the tokenizer is missing: none of " + ", ".join(_TOKENIZERS),
            where=str(model_dir),
            next_step="copy the tokenizer files of the base model into this folder",
        )
    return architecture


def _explained(error: ToolchainError, model_dir: Path, architecture: str) -> Exception:
    """The converter's own refusals are about the model, not about the toolchain."""
    for pattern in _REFUSALS:
        if found := pattern.search(error.what):
            return ModelError(
                f"llama.cpp's converter does not know the architecture {found['name']}",
                where=str(model_dir),
                next_step="choose a base model of a known family (Llama, Mistral, Qwen, Gemma, Phi, …)",
            )
    if "pre-tokenizer was not recognized" in error.what:
        return ModelError(
            f"llama.cpp does not know this tokenizer ({architecture}): it knows BPE ones by fingerprint",
            where=str(model_dir),
            next_step="use the base model's own tokenizer unchanged, or a SentencePiece tokenizer (tokenizer.model)",
        )
    if "File not found" in error.what and "tokenizer" in error.what:
        return ModelError(
            f"a tokenizer file that {architecture} needs is missing",
            where=str(model_dir),
            next_step="copy tokenizer.model (or all tokenizer files) of the base model into this folder",
        )
    return error
