"""The program that `library` starts: loads models with libllama through ctypes and works through one job.

It holds one piece of logits of each model at a time, so its memory does not grow with the number of tokens.
Run as `python -m medtune.llamacpp.library_worker FOLDER`; reads FOLDER/job.json, writes FOLDER/done.json.
"""

import ctypes
import importlib
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PIECE_BYTES = 32 << 20
"""So many bytes of logits at a time and model, so that vocabularies of 250,000 tokens take no more than small ones."""


class CannotLoadError(Exception):
    """libllama refused a file."""


class Model:
    """A loaded GGUF with a context of `context` tokens; call `logits` with one sequence after the other."""

    def __init__(self, lib: Any, file: str, *, context: int, threads: int, vocabulary_only: bool = False) -> None:
        self.lib = lib
        values = lib.llama_model_default_params()
        values.vocab_only = vocabulary_only
        began = time.perf_counter()
        self.model = lib.llama_model_load_from_file(str(file).encode(), values)
        if not self.model:
            raise CannotLoadError(file)
        self.load_s = time.perf_counter() - began
        self.vocabulary = lib.llama_model_get_vocab(self.model)
        self.n_vocabulary = int(lib.llama_vocab_n_tokens(self.vocabulary))
        self.piece = max(16, min(512, _PIECE_BYTES // (4 * self.n_vocabulary)))
        if vocabulary_only:
            return
        wanted = lib.llama_context_default_params()
        wanted.n_ctx, wanted.n_batch, wanted.n_ubatch, wanted.n_seq_max = context, self.piece, self.piece, 1
        wanted.n_threads = wanted.n_threads_batch = threads
        self.context = lib.llama_init_from_model(self.model, wanted)
        if not self.context:
            raise CannotLoadError(file)
        self.memory = lib.llama_get_memory(self.context)
        self.batch = lib.llama_batch_init(self.piece, 0, 1)

    def forget(self) -> None:
        """Begin a new sequence."""
        self.lib.llama_memory_clear(self.memory, True)

    def decode(self, tokens: "NDArray[np.int32]", at: int, wanted: "NDArray[np.bool_]") -> "NDArray[np.float32]":
        """Logits (wanted tokens, vocabulary) of a piece that begins at position `at`: a view, valid until the next."""
        import numpy as np

        count = len(tokens)
        batch = self.batch
        batch.n_tokens = count
        np.ctypeslib.as_array(batch.token, (count,))[:] = tokens
        np.ctypeslib.as_array(batch.pos, (count,))[:] = np.arange(at, at + count, dtype=np.int32)
        np.ctypeslib.as_array(batch.n_seq_id, (count,))[:] = 1
        np.ctypeslib.as_array(batch.logits, (count,))[:] = wanted
        for index in range(count):
            batch.seq_id[index][0] = 0
        code = self.lib.llama_decode(self.context, batch)
        if code != 0:
            raise RuntimeError(f"llama_decode returned {code}")
        rows = int(wanted.sum())
        if rows == 0:
            return np.empty((0, self.n_vocabulary), dtype=np.float32)
        return np.ctypeslib.as_array(self.lib.llama_get_logits(self.context), (rows, self.n_vocabulary))


def main(folder: Path) -> None:
    """Do the job in `folder`."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    sys.path.insert(0, job["bindings"])
    lib = importlib.import_module("llama_cpp.llama_cpp")
    lib.llama_backend_init()
    try:
        facts = _JOBS[job["kind"]](lib, job, folder)
    except CannotLoadError as error:
        (folder / "done.json").write_text(json.dumps({"cannot_load": str(error)}), encoding="utf-8")
        raise SystemExit(1) from None
    (folder / "done.json").write_text(json.dumps(facts), encoding="utf-8")


def _compare(lib: Any, job: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Score the first file's tokens; for each further file the same, with the divergence from the first.

    FOLDER/0.f32 holds log-probabilities (tokens,), FOLDER/N.f32 rows (tokens, 3): log-probability, KL, same top.
    """
    import numpy as np

    models = [Model(lib, file, context=job["context"], threads=job["threads"]) for file in job["files"]]
    outputs = [(folder / f"{number}.f32").open("wb") for number in range(len(models))]
    for tokens, scored in _sequences(folder):
        for model in models:
            model.forget()
        step = min(model.piece for model in models)
        for at in range(0, len(tokens) - 1, step):
            piece = tokens[at : min(at + step, len(tokens) - 1)]
            wanted = scored[at + 1 : at + 1 + len(piece)]
            targets = tokens[at + 1 : at + 1 + len(piece)][wanted]
            reference = _log_softmax(models[0].decode(piece, at, wanted))
            rows = np.arange(len(targets))
            outputs[0].write(reference[rows, targets].astype(np.float32).tobytes())
            for model, output in zip(models[1:], outputs[1:], strict=True):
                own = _log_softmax(model.decode(piece, at, wanted))
                output.write(_against(reference, own, rows, targets).tobytes())
        print("step", flush=True)
    for output in outputs:
        output.close()
    return {"load_s": [model.load_s for model in models], "peak_bytes": peak_bytes()}


def _against(
    reference: "NDArray[np.float32]",
    own: "NDArray[np.float32]",
    rows: "NDArray[np.intp]",
    targets: "NDArray[np.int32]",
) -> "NDArray[np.float32]":
    """Rows (tokens, 3): log-probability of the target, KL(reference || own) in nats, 1 where both top tokens agree."""
    import numpy as np

    divergence = (np.exp(reference) * (reference - own)).sum(axis=1, dtype=np.float64)
    same = reference.argmax(axis=1) == own.argmax(axis=1)
    # a divergence is never negative; what is left below zero is the rounding of the sum
    return np.stack([own[rows, targets], np.maximum(divergence, 0.0), same], axis=1).astype(np.float32)


def _log_softmax(logits: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Shape (tokens, vocabulary), the sum of each row in float64."""
    import numpy as np

    if len(logits) == 0:
        return logits
    shifted: NDArray[np.float32] = logits - logits.max(axis=1, keepdims=True)
    total = np.exp(shifted).sum(axis=1, keepdims=True, dtype=np.float64)
    shifted -= np.log(total).astype(np.float32)
    return shifted


def _sequences(folder: Path) -> Iterator[tuple["NDArray[np.int32]", "NDArray[np.bool_]"]]:
    import numpy as np

    with np.load(folder / "sequences.npz") as data:
        tokens, scored, lengths = data["tokens"], data["scored"], data["lengths"]
    begin = 0
    for length in lengths:
        yield tokens[begin : begin + length], scored[begin : begin + length]
        begin += int(length)


def _speed(lib: Any, job: dict[str, Any], _: Path) -> dict[str, Any]:
    """Tokens a second of reading a prompt and of writing, after one warm-up round; the peak memory of this process."""
    import numpy as np

    prompt = np.asarray(job["prompt"], dtype=np.int32)
    model = Model(lib, job["files"][0], context=len(prompt) + job["generated"] + 8, threads=job["threads"])
    last = np.zeros(len(prompt), dtype=np.bool_)
    last[-1] = True
    prompt_s: list[float] = []
    for _round in range(job["rounds"] + 1):
        model.forget()
        began = time.perf_counter()
        for at in range(0, len(prompt), model.piece):
            logits = model.decode(prompt[at : at + model.piece], at, last[at : at + model.piece])
        token = int(logits[-1].argmax())
        prompt_s.append(time.perf_counter() - began)
    generated_s: list[float] = []
    written = [token]
    one = np.ones(1, dtype=np.bool_)
    for number in range(job["generated"]):
        began = time.perf_counter()
        logits = model.decode(np.asarray([written[-1]], dtype=np.int32), len(prompt) + number, one)
        written.append(int(logits[-1].argmax()))
        generated_s.append(time.perf_counter() - began)
    return {
        "prompt_tokens": len(prompt),
        "prompt_s": sorted(prompt_s[1:] or prompt_s)[len(prompt_s[1:]) // 2],
        "generated_tokens": len(generated_s),
        "generated_s": sum(generated_s),
        "load_s": model.load_s,
        "peak_bytes": peak_bytes(),
        "token_ids": written[:-1],
    }


def _tokenize(lib: Any, job: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Ids of each text of FOLDER/texts.json without added tokens; control texts count as the tokens that they are."""
    model = Model(lib, job["files"][0], context=0, threads=1, vocabulary_only=True)
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    return {"ids": [_ids(lib, model, text) for text in texts]}


def _ids(lib: Any, model: Model, text: str) -> list[int]:
    data = text.encode("utf-8")
    room = len(data) + 8
    while True:
        found = (ctypes.c_int32 * room)()
        count = int(lib.llama_tokenize(model.vocabulary, data, len(data), found, room, False, True))
        if count >= 0:
            return list(found[:count])
        room = -count


def peak_bytes() -> int:
    """Largest resident memory of this process so far, files that it maps included."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


_JOBS = {"compare": _compare, "speed": _speed, "tokenize": _tokenize}

if __name__ == "__main__":
    main(Path(sys.argv[1]))
