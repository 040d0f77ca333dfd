import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from medtune.chat import load_tokenizer, resolve_base
from medtune.config.recipe import LocalBase
from medtune.core.errors import ModelError


@pytest.fixture
def base(toy_base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_base, tmp_path / "toy"))


def resolve(folder: Path) -> Any:
    return resolve_base(LocalBase(path="toy"), lambda path: folder.parent / path)


def edit(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}), encoding="utf-8")


def test_a_local_folder_is_named_after_itself_and_digested(base: Path) -> None:
    info = resolve(base)
    assert (info.name, info.architecture, info.family.family) == ("toy", "LlamaForCausalLM", "generic")
    assert {path.name for path in info.files} == {
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
        "chat_template.jinja",
    }  # fmt: skip
    assert resolve(base).digest == info.digest
    (base / "notes.txt").write_text("not part of the model", encoding="utf-8")
    assert resolve(base).digest == info.digest
    (base / "chat_template.jinja").write_text("{{ messages }} {{ add_generation_prompt }}", encoding="utf-8")
    assert resolve(base).digest != info.digest


def test_checking_a_base_reads_no_weights(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gigabytes are hashed only when a digest is wanted: `validate` and `--dry-run` answer at once."""
    hashed: list[str] = []
    module = importlib.import_module("medtune.chat.base")
    monkeypatch.setattr(module, "file_digest", lambda path: hashed.append(path.name) or "0" * 64)
    info = resolve(base)
    assert hashed == []
    assert info.digest == info.digest and "model.safetensors" in hashed
    assert len(hashed) == len(info.files)


def test_the_digest_does_not_depend_on_where_the_folder_lies(base: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "toy"
    shutil.copytree(base, moved)
    assert resolve(moved).digest == resolve(base).digest


def test_the_embedded_tiny_is_whole() -> None:
    info = resolve_base("tiny", Path)
    assert (info.name, info.family.family, info.family.leading_bos) == ("tiny", "tiny", 0)
    assert "tokenizer.model" in {path.name for path in info.files}


def test_a_missing_folder_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist") as raised:
        resolve_base(LocalBase(path="gone"), lambda path: tmp_path / path)
    assert "base.path" in raised.value.next_step


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("config.json", "no config.json"),
        ("tokenizer.json", "no tokenizer"),
        ("model.safetensors", "no weights"),
        ("chat_template.jinja", "no chat template"),
    ],
)
def test_each_missing_file_has_its_own_message(base: Path, name: str, message: str) -> None:
    (base / name).unlink()
    with pytest.raises(ModelError, match=message):
        resolve(base)


def test_an_unknown_architecture_lists_the_known_ones(base: Path) -> None:
    edit(base / "config.json", architectures=["MambaForCausalLM"])
    with pytest.raises(ModelError, match="MambaForCausalLM") as raised:
        resolve(base)
    assert "Qwen3ForCausalLM" in raised.value.next_step


def test_a_tokenizer_with_code_of_its_own_is_refused(base: Path) -> None:
    edit(base / "tokenizer_config.json", auto_map={"AutoTokenizer": ["tokenization_evil.Evil", None]})
    with pytest.raises(ModelError, match="auto_map"):
        resolve(base)


def test_code_in_the_folder_is_never_run(base: Path, tmp_path: Path) -> None:
    """As released Phi-4-mini has it: transformers' own class is used, and nobody downstream sees the code."""
    from transformers import AutoConfig

    from medtune.chat.language_model import load_language_model

    sentinel = tmp_path / "run"
    code = f"from pathlib import Path\nPath({str(sentinel)!r}).touch()\nclass Evil: pass\n"
    (base / "modeling_evil.py").write_text(code, encoding="utf-8")
    classes = {"AutoConfig": "modeling_evil.Evil", "AutoModelForCausalLM": "modeling_evil.Evil"}
    plain = resolve(base)
    edit(base / "config.json", auto_map=classes)
    info = resolve(base)
    assert "auto_map" not in (info.folder / "config.json").read_text(encoding="utf-8")
    assert not list(info.folder.glob("*.py"))
    assert len(info.notes) == len(plain.notes) + 1 and "not run" in info.notes[0]
    assert type(load_language_model(info.folder)).__name__ == info.architecture
    load_tokenizer(info.folder)
    # As llama.cpp's converter asks, which trusts what a folder names.
    AutoConfig.from_pretrained(str(info.folder), trust_remote_code=True)
    assert not sentinel.exists()


def test_pickled_weights_are_refused(base: Path) -> None:
    (base / "model.safetensors").rename(base / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickles"):
        resolve(base)


def test_a_cut_weight_file_is_noticed(base: Path) -> None:
    whole = (base / "model.safetensors").read_bytes()
    for cut in (whole[:-10], b"version https://git-lfs.github.com/spec/v1\n", b""):
        (base / "model.safetensors").write_bytes(cut)
        with pytest.raises(ModelError, match="cut short"):
            resolve(base)


def test_every_shard_of_the_index_must_be_there(base: Path) -> None:
    (base / "model.safetensors").rename(base / "part-1.safetensors")
    index = {"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors"}}
    (base / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(ModelError, match=r"1 of 2 weight files are missing: part-2"):
        resolve(base)
    shutil.copy(base / "part-1.safetensors", base / "part-2.safetensors")
    assert {"part-1.safetensors", "part-2.safetensors"} <= {path.name for path in resolve(base).files}


def test_an_index_cannot_point_outside_the_folder(base: Path) -> None:
    (base / "model.safetensors").rename(base.parent / "outside.safetensors")
    index = {"weight_map": {"a": "../outside.safetensors"}}
    (base / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(ModelError, match="missing"):
        resolve(base)


def test_broken_configuration_is_a_model_error(base: Path) -> None:
    (base / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match=r"config\.json cannot be read"):
        resolve(base)


def test_the_check_imports_no_model_library() -> None:
    code = (
        "import sys; from pathlib import Path; from medtune.chat import resolve_base; resolve_base('tiny', Path);"
        "print([name for name in ('torch', 'transformers', 'tokenizers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
