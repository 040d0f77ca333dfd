"""Token log-likelihoods by libllama against Hugging Face, and everything that can be wrong with what is scored."""

import dataclasses
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from medtune.core.errors import DataError, ModelError, ToolchainError
from medtune.llamacpp.library import has_library
from medtune.llamacpp.quantize import quantize
from medtune.llamacpp.score import ScoredText, compare, compare_all, score
from medtune.llamacpp.toolchain import Toolchain


def text(length: int, scored: range, seed: int = 0) -> ScoredText:
    ids = np.random.default_rng(seed).integers(10, 400, length)
    return ScoredText(tuple(int(token) for token in ids), tuple(index in scored for index in range(length)))


TEXTS = [text(40, range(1, 40)), text(7, range(3, 5), 1), text(90, range(50, 80), 2)]


@pytest.fixture(scope="module")
def q2(toolchain: Toolchain, toy_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("score") / "toy-Q2_K.gguf"
    return quantize(toolchain, toy_gguf, out, "Q2_K", threads=1).file


def hugging_face(folder: Path, sequence: ScoredText) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Log-probabilities (tokens, vocabulary) in float32, row t for the token at t + 1."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        logits = model(torch.tensor([sequence.token_ids])).logits[0]
    return torch.log_softmax(logits.double(), dim=-1).numpy()


def test_the_figures_are_those_of_hugging_face(toolchain: Toolchain, toymodel: ModuleType, toy_gguf: Path) -> None:
    found = score(toolchain, toy_gguf, TEXTS, threads=1)
    for sequence, own in zip(TEXTS, found, strict=True):
        rows = hugging_face(toy_gguf.parent / "toy", sequence)
        wanted = [rows[at - 1, token] for at, token in enumerate(sequence.token_ids) if sequence.scored[at]]
        assert own.shape == (sum(sequence.scored),)
        np.testing.assert_allclose(own, wanted, atol=1e-2)  # weights, products and cache are float16
    assert np.std(np.concatenate(found)) > 0.1  # another token or position would be seen


def test_a_file_does_not_differ_from_itself(toolchain: Toolchain, toy_gguf: Path) -> None:
    for one in compare(toolchain, toy_gguf, toy_gguf, TEXTS, threads=1):
        assert one.same_top.all() and one.kl.max() == 0.0
        np.testing.assert_array_equal(one.logprob, one.logprob_reference)


def test_divergence_is_that_of_the_whole_distributions(
    toolchain: Toolchain, toymodel: ModuleType, toy_gguf: Path, q2: Path, tmp_path: Path
) -> None:
    """KL measured twice: by `compare`, and by scoring every token of the vocabulary at one position."""
    sequence = text(12, range(11, 12))
    vocabulary = 400
    everywhere = [ScoredText((*sequence.token_ids[:11], token), sequence.scored) for token in range(vocabulary)]
    reference = np.concatenate(score(toolchain, toy_gguf, everywhere, threads=1)).astype(np.float64)
    own = np.concatenate(score(toolchain, q2, everywhere, threads=1)).astype(np.float64)
    rest = 1 - np.exp(reference).sum()
    found = compare(toolchain, toy_gguf, q2, [sequence], threads=1)[0]
    rows = hugging_face(toy_gguf.parent / "toy", sequence)
    assert math.isclose(rest, 1 - np.exp(rows[10, :vocabulary]).sum(), abs_tol=1e-3)
    partial = float((np.exp(reference) * (reference - own)).sum())
    assert found.kl[0] > 0 and abs(found.kl[0] - partial) < max(0.02, 0.5 * rest)


def test_a_coarser_file_is_further_away(toolchain: Toolchain, toy_gguf: Path, q2: Path, tmp_path: Path) -> None:
    q8 = quantize(toolchain, toy_gguf, tmp_path / "toy-Q8_0.gguf", "Q8_0", threads=1).file
    near, far = compare_all(toolchain, toy_gguf, [q8, q2], TEXTS, threads=1)
    nearer, further = (float(np.concatenate([one.kl for one in rows]).mean()) for rows in (near, far))
    assert 0 < nearer < further / 5
    for one, alone in zip(far, score(toolchain, q2, TEXTS, threads=1), strict=True):
        np.testing.assert_array_equal(one.logprob, alone)


def test_nothing_to_score_is_nothing(toolchain: Toolchain, toy_gguf: Path, q2: Path) -> None:
    empty = [text(5, range(0)), ScoredText((), ())]
    assert [len(found) for found in score(toolchain, toy_gguf, empty)] == [0, 0]
    assert [len(one.kl) for one in compare(toolchain, toy_gguf, q2, empty)] == [0, 0]
    assert score(toolchain, toy_gguf, []) == []
    mixed = score(toolchain, toy_gguf, [*empty, TEXTS[1]], threads=1)
    assert [len(found) for found in mixed] == [0, 0, 2]


@pytest.mark.parametrize(
    ("sequence", "words"),
    [
        (text(600, range(5, 6)), "600 tokens, the model has room for 512"),
        (ScoredText((5, 6), (False,)), "a mask of 1"),
        (ScoredText((5, 6), (True, True)), "nothing before it"),
        (ScoredText((5, 99_999), (False, True)), "does not have"),
        (ScoredText((-1, 5), (False, True)), "does not have"),
    ],
)
def test_what_cannot_be_scored_is_said(toolchain: Toolchain, toy_gguf: Path, sequence: ScoredText, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        score(toolchain, toy_gguf, [TEXTS[0], sequence])
    assert "sequence 2" in caught.value.what


def test_a_file_that_is_cut_off_or_missing(toolchain: Toolchain, toy_gguf: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(toy_gguf.read_bytes()[:-100])
    with pytest.raises(ModelError, match="cut off"):
        score(toolchain, cut, TEXTS)
    with pytest.raises(ModelError, match="does not exist"):
        compare(toolchain, toy_gguf, tmp_path / "none.gguf", TEXTS)


def test_a_file_that_the_library_refuses(toolchain: Toolchain, toy_gguf: Path, tmp_path: Path) -> None:
    unknown = tmp_path / "unknown.gguf"
    data = toy_gguf.read_bytes().replace(b"general.architecture\x08\0\0\0\5\0\0\0\0\0\0\0llama",
                                         b"general.architecture\x08\0\0\0\5\0\0\0\0\0\0\0lxxxx")  # fmt: skip
    unknown.write_bytes(data)
    with pytest.raises(ModelError, match=r"cannot load unknown\.gguf"):
        score(toolchain, unknown, TEXTS)


def test_another_vocabulary_is_refused(toolchain: Toolchain, toy_gguf: Path) -> None:
    assert toolchain.models is not None
    other = toolchain.models / "ggml-vocab-llama-spm.gguf"
    with pytest.raises(ModelError, match="cannot be compared"):
        compare(toolchain, toy_gguf, other, TEXTS)


@pytest.mark.parametrize("how", ["os.abort()", "os.kill(os.getpid(), signal.SIGSEGV)", "raise ImportError('x')"])
def test_a_crash_of_the_library_is_an_error(toolchain: Toolchain, toy_gguf: Path, tmp_path: Path, how: str) -> None:
    (tmp_path / "llama_cpp").mkdir()
    (tmp_path / "llama_cpp" / "llama_cpp.py").write_text(f"import os, signal\n{how}\n")
    broken = dataclasses.replace(toolchain, bindings=tmp_path)
    with pytest.raises(ToolchainError, match="scoring tokens failed"):
        score(broken, toy_gguf, TEXTS)


def test_a_llama_cpp_without_its_library(toolchain: Toolchain, toy_gguf: Path) -> None:
    static = dataclasses.replace(toolchain, library=None)
    assert has_library(toolchain) and not has_library(static)
    with pytest.raises(ToolchainError, match="does not have"):
        score(static, toy_gguf, TEXTS)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_tokens(
    toolchain: Toolchain, toy_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from medtune.llamacpp import score as module

    peaks = []
    real = module.run_library

    def spy(*arguments: object, **named: object) -> object:
        done = real(*arguments, **named)  # type: ignore[arg-type]
        peaks.append(done.facts["peak_bytes"])
        return done

    monkeypatch.setattr(module, "run_library", spy)
    one = text(512, range(1, 512))
    score(toolchain, toy_gguf, [one], threads=1)
    score(toolchain, toy_gguf, [one] * 60, threads=1)
    assert peaks[1] < peaks[0] + (20 << 20)  # all logits would take 60 MB, their float32 copies as much again
