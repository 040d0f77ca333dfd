import json
from pathlib import Path
from typing import BinaryIO

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from medtune.core.errors import ModelError
from medtune.export.weights import NewTensor, copy_tensor, read_head, read_weights, write_safetensors

ANY_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
DTYPES = (torch.bfloat16, torch.float16, torch.float32, torch.int64, torch.uint8)


@settings(max_examples=30, deadline=None)
@given(
    shapes=st.lists(st.lists(st.integers(0, 5), max_size=3), min_size=1, max_size=4),
    dtype=st.sampled_from(DTYPES),
    data=st.data(),
)
def test_copying_every_tensor_gives_the_same_model(
    shapes: list[list[int]], dtype: torch.dtype, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("weights")
    values = data.draw(st.randoms(use_true_random=False))
    tensors = {
        f"layer.{index}.weight": torch.tensor([values.randint(0, 200) for _ in range(torch.Size(shape).numel())])
        .to(dtype)
        .reshape(shape)
        for index, shape in enumerate(shapes)
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    weights = read_weights(folder)
    assert weights.parameters == sum(tensor.numel() for tensor in tensors.values())
    new = [
        NewTensor(entry.name, entry.dtype, entry.shape, entry.size_bytes, copy_tensor(folder, entry))
        for entry in weights.tensors.values()
    ]
    write_safetensors(folder / "copy.safetensors", new, weights.metadata["model.safetensors"])
    copied = load_file(folder / "copy.safetensors")
    assert copied.keys() == tensors.keys()
    assert all(torch.equal(copied[name], tensor) and copied[name].dtype == dtype for name, tensor in tensors.items())
    assert read_head(folder / "copy.safetensors")[0] == {"format": "pt"}


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_as_a_model_error(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(ModelError, match="not a whole safetensors file"):
        read_head(path)


@settings(max_examples=100, deadline=None)
@given(head=ANY_JSON)
def test_any_json_head_is_read_or_refused(head: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("head") / "model.safetensors"
    text = json.dumps({"weight": head}).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(ModelError):
        read_head(path)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"weight": torch.ones(64)}, path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelError, match="its length is not what its head says"):
        read_weights(tmp_path)


def test_shards_are_read_through_their_index(tmp_path: Path) -> None:
    save_file({"a": torch.ones(4)}, tmp_path / "model-1.safetensors")
    save_file({"b": torch.zeros(2, 3)}, tmp_path / "model-2.safetensors")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    weights = read_weights(tmp_path)
    assert weights.sharded and weights.files == ("model-1.safetensors", "model-2.safetensors")
    assert weights.parameters == 10 and weights.size_bytes == 40
    save_file({"a": torch.ones(4)}, tmp_path / "model-2.safetensors")
    with pytest.raises(ModelError, match="a stands in two files"):
        read_weights(tmp_path)


@pytest.mark.parametrize("index", ["", "[]", '{"weight_map": {}}', '{"weight_map": {"a": "../model.safetensors"}}'])
def test_an_index_that_names_no_files_here_is_refused(tmp_path: Path, index: str) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(index, encoding="utf-8")
    with pytest.raises(ModelError):
        read_weights(tmp_path)


def test_a_tensor_that_pours_too_little_leaves_no_file(tmp_path: Path) -> None:
    def pour(file: BinaryIO) -> None:
        file.write(b"x")

    with pytest.raises(ValueError, match="1 bytes for 4"):
        write_safetensors(tmp_path / "out.safetensors", [NewTensor("a", "F32", (1,), 4, pour)], {})
    assert list(tmp_path.iterdir()) == []
