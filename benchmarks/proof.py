"""How long the evidence of an export takes: parity, tokenizers, fidelity and speed of a finished run's builds.

    python benchmarks/proof.py RUN [ROWS]

Prints wall and processor seconds of each part. The run's files are only read; measurements go to a scratch folder.
"""

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medtune.chat import load_tokenizer
from medtune.chat.parity import measure_parity
from medtune.chat.tokenizer_lines import compare_tokenizers
from medtune.export.fidelity import compare_builds, summarise
from medtune.export.heldout import held_out
from medtune.llamacpp.speed import measure_speed
from medtune.llamacpp.toolchain import find
from medtune.runs.layout import BUILDS, MERGED, VALIDATION, RunDir
from medtune.runs.records.base import read_row_list, read_rows
from medtune.runs.records.export import Build
from medtune.runs.records.prepare import Example

DEFAULT_ROWS = 24


def main(path: Path, rows: int) -> None:
    """Measure each part once."""
    run, toolchain, threads = RunDir(path), find(), os.cpu_count() or 1
    folder = run.stage("export")
    builds = read_row_list(folder / BUILDS, Build)
    tokenizer = load_tokenizer(folder / MERGED)
    parent = next(build for build in builds if build.role == "parent")
    chats = held_out(read_rows(run.stage("prepare") / VALIDATION, Example), tokenizer, most=rows, context=None)
    found: dict[str, object] = {"builds": len(builds), "rows": rows, "assistant_tokens": chats.tokens}
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        with timed(found, "parity"):
            measure_parity(toolchain, folder / parent.file, tokenizer, log=log, threads=threads)
        with timed(found, "tokenizers"):
            compare_tokenizers(toolchain, folder / parent.file, tokenizer, log=log)
        others = {build.name: folder / build.file for build in builds if build is not parent}
        with timed(found, "fidelity"):
            compared = compare_builds(toolchain, folder / parent.file, others, chats.texts, threads=threads, log=log)
            summarise(compared, chats, parent=parent.name, base="base-F16")
        prompt = tuple(token for text in chats.texts for token in text.token_ids)[:128]
        with timed(found, "speed"):
            for build in builds:
                measure_speed(toolchain, folder / build.file, prompt, generated=32, threads=threads, log=log)
    print(json.dumps(found, indent=2))


@contextmanager
def timed(found: dict[str, object], name: str) -> Iterator[None]:
    """Add wall and processor seconds (children included) of the block."""
    began, before = time.perf_counter(), _cpu()
    yield
    found[name] = {"wall_s": round(time.perf_counter() - began, 2), "cpu_s": round(_cpu() - before, 2)}


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT_ROWS)
