"""What a whole run costs on this machine: RAM and the hours of the audit, estimated before anything runs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from medtune.core.errors import MedtuneError

if TYPE_CHECKING:
    from medtune.pipeline.open import OpenRecipe

_PROBE_BYTES = 32 << 20
_PROBE_S = 0.1
_SERVER_BYTES = 300 << 20
"""A llama-server without its weights: code, caches and a context of some thousand tokens of a small model."""


@dataclass(frozen=True)
class Costs:
    """What asking and grading the builds of one run takes."""

    ram_bytes: float
    """To ask the largest build."""
    questions: int
    builds: int
    answer_tokens: int
    """The longest answer."""
    read_bytes: float
    """What a CPU reads from memory until every answer is as long as it may be."""


def cost_lines(opened: "OpenRecipe") -> Iterator[str]:
    """Lines for `medtune doctor`; nothing when base or suites cannot be used, which is said elsewhere."""
    import psutil

    from medtune.chat.base import to_fetch

    if to_fetch(opened.recipe.base):
        yield "not known before the base is fetched"
        return
    costs = costs_of(opened)
    if costs is None:
        return
    yield (
        f"RAM: about {costs.ram_bytes / 2**30:.1f} GiB to ask the largest build, "
        f"{psutil.virtual_memory().available / 2**30:.1f} GiB are free (the training's need stands above)"
    )
    speed = bandwidth()
    yield (
        f"audit: {costs.questions} questions to {costs.builds} builds, at most {hours(costs.read_bytes / speed)} on "
        f"this CPU if every answer is as long as it may be ({costs.answer_tokens} tokens); it reads "
        f"{speed / 1e9:.0f} GB/s, and a token reads the whole build once"
    )


def costs_of(opened: "OpenRecipe") -> Costs | None:
    """None before the base is fetched, and when base or suites cannot be used."""
    from medtune.chat.base import resolve_base, to_fetch

    if to_fetch(opened.recipe.base):
        return None
    try:
        base = resolve_base(opened.recipe.base, opened.whole().resolve)
        questions, answer_tokens = _questions(opened)
        sizes = _build_bytes(opened, sum(path.stat().st_size for path in base.files if path.suffix == ".safetensors"))
    except MedtuneError:
        return None
    read_bytes = questions * answer_tokens * sum(sizes)
    return Costs(max(sizes) + _SERVER_BYTES, questions, len(sizes), answer_tokens, read_bytes)


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


def hours(seconds: float) -> str:
    """Seconds as minutes or hours."""
    if seconds < 5400:
        return f"{max(1.0, seconds / 60):.0f} min"
    return f"{seconds / 3600:.1f} h"
