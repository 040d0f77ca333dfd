"""What a whole run costs on this machine: RAM and the hours of the audit, estimated before anything runs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING

from medtune.core.errors import MedtuneError

if TYPE_CHECKING:
    from medtune.pipeline.open import OpenRecipe

_PROBE_BYTES = 32 << 20
_PROBE_S = 0.1
_SERVER_BYTES = 300 << 20
"""A llama-server without its weights: code, caches and a context of some thousand tokens of a small model."""


def cost_lines(opened: "OpenRecipe") -> Iterator[str]:
    """Lines for `medtune doctor`; nothing when base or suites cannot be used, which is said elsewhere."""
    import psutil

    from medtune.chat.base import resolve_base, to_fetch

    recipe = opened.recipe
    if to_fetch(recipe.base):
        yield "not known before the base is fetched"
        return
    try:
        base = resolve_base(recipe.base, opened.whole().resolve)
        questions, answer_tokens = _questions(opened)
        sizes = _build_bytes(opened, sum(path.stat().st_size for path in base.files if path.suffix == ".safetensors"))
    except MedtuneError:
        return
    largest = max(sizes)
    free = psutil.virtual_memory().available
    yield (
        f"RAM: about {(largest + _SERVER_BYTES) / 2**30:.1f} GiB to ask the largest build, {free / 2**30:.1f} GiB are "
        "free (the training's need stands above)"
    )
    speed = bandwidth()
    seconds = sum(questions * answer_tokens * size / speed for size in sizes)
    yield (
        f"audit: {questions} questions to {len(sizes)} builds, at most {_hours(seconds)} on this CPU if every "
        f"answer is as long as it may be ({answer_tokens} tokens); it reads {speed / 1e9:.0f} GB/s, and a token reads "
        "the whole build once"
    )


def bandwidth() -> float:
    """Bytes a second that all cores together read from memory, measured now."""
    import numpy as np

    from medtune.train.capability import seen_cores

    workers = min(seen_cores(), 16)
    blocks = [np.ones(_PROBE_BYTES // 8) for _ in range(workers)]

    def read(block: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> int:
        done, began = 0, perf_counter()
        while perf_counter() - began < _PROBE_S:
            np.add.reduce(block)
            done += block.nbytes
        return done

    began = perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        total = sum(pool.map(read, blocks))
    return total / (perf_counter() - began)


def _questions(opened: "OpenRecipe") -> tuple[int, int]:
    """How many questions a build gets, and the longest answer in tokens."""
    from medtune.suites import load_suite
    from medtune.tasks import load_task

    recipe, whole = opened.recipe, opened.whole()
    suites = recipe.suites
    count = min(suites.held_out, suites.limit or suites.held_out)
    for name in suites.names:
        count += len(load_suite(name, whole.folder).questions[: suites.limit])
    return count, recipe.ask.max_tokens or load_task(recipe.task).decoding.max_tokens


def _build_bytes(opened: "OpenRecipe", base_bytes: int) -> list[float]:
    """Sizes of all builds that are asked: the base and F16, and each quantization."""
    from medtune.export.matrix import plan_builds
    from medtune.llamacpp.quantize import quant_type

    bits = [quant_type(build.quantization).bits_per_weight for build in plan_builds(opened.recipe.export)]
    return [float(base_bytes), float(base_bytes), *(base_bytes * bit / 16 for bit in bits)]


def _hours(seconds: float) -> str:
    if seconds < 5400:
        return f"{max(1.0, seconds / 60):.0f} min"
    return f"{seconds / 3600:.1f} h"
