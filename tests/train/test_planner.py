"""The planner on made-up cards: what each can do, what is taken, and what is said about it."""

import itertools
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.errors import ModelError, ResourceError
from medtune.train.capability import Card, capability_of, hold_to
from medtune.train.planner.candidates import _rows_of_a_pass
from medtune.train.planner.choose import MARGIN, choose
from medtune.train.planner.memory import MemorySetting, predict_memory
from medtune.train.planner.rates import MEASURED, PEAKS, efficiency, flops_per_token, peak_flops, saturation
from medtune.train.planner.shape import ModelShape, shape_of_config
from medtune.train.planner.wish import Wish
from medtune.train.planner.words import plan_lines

GIB = 2**30
MISTRAL = shape_of_config(
    {
        "vocab_size": 32768, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
    }
)  # fmt: skip
SMOLLM = shape_of_config(
    {
        "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
        "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
    }
)  # fmt: skip
CARDS = {
    "T4": Card("cuda", "Tesla T4", 15 * GIB, (7, 5)),
    "6 GB": Card("cuda", "NVIDIA GeForce RTX 4050 Laptop GPU", 6 * GIB, (8, 9)),
    "3060": Card("cuda", "NVIDIA GeForce RTX 3060", 12 * GIB, (8, 6)),
    "4090": Card("cuda", "NVIDIA GeForce RTX 4090", 24 * GIB, (8, 9)),
    "A100": Card("cuda", "NVIDIA A100-SXM4-80GB", 80 * GIB, (8, 0)),
    "H100": Card("cuda", "NVIDIA H100 80GB HBM3", 80 * GIB, (9, 0)),
    "H200": Card("cuda", "NVIDIA H200", 139 * GIB, (9, 0)),
    "V100": Card("cuda", "Tesla V100-SXM2-16GB", 16 * GIB, (7, 0)),
    "P100": Card("cuda", "Tesla P100-PCIE-16GB", 16 * GIB, (6, 0)),
    "MI300X": Card("cuda", "AMD Instinct MI300X", 192 * GIB, None),
    "mps": Card("mps", "Apple GPU", 16 * GIB),
    "cpu": Card("cpu", "CPU", 16 * GIB, cores=4),
}


def lengths(longest: int = 900) -> list[int]:
    rng = random.Random(0)
    return [min(longest, max(40, int(rng.gauss(290, 120)))) for _ in range(400)]


def wish_for(card: Card, **values: Any) -> Wish:
    """With the engines' own words about a card, as they would be with nothing but TRL and ours installed."""
    able = capability_of(card)
    fast = None if able.varlen else "needs bfloat16 and attention of variable length"
    return Wish(**{"steps": 100, "unable": {"unsloth": "Unsloth is not installed", "fast": fast}, **values})


@pytest.mark.parametrize(
    ("card", "dtype", "varlen", "fp8", "nf4"),
    [
        ("T4", "float16", False, False, True),
        ("V100", "float16", False, False, True),
        ("P100", "float32", False, False, True),
        ("3060", "bfloat16", True, False, True),
        ("A100", "bfloat16", True, False, True),
        ("4090", "bfloat16", True, True, True),
        ("6 GB", "bfloat16", True, True, True),
        ("H100", "bfloat16", True, True, True),
        ("H200", "bfloat16", True, True, True),
        ("MI300X", "bfloat16", False, False, False),
        ("mps", "float32", False, False, False),
        ("cpu", "float32", False, False, False),
    ],
)
def test_the_capability_table(card: str, dtype: str, varlen: bool, fp8: bool, nf4: bool) -> None:
    able = capability_of(CARDS[card])
    assert (able.dtype, able.varlen, able.fp8, able.nf4) == (dtype, varlen, fp8, nf4)
    assert bool(able.reasons) == (not (varlen and fp8))


@pytest.mark.parametrize(
    ("card", "longest", "engine", "method", "dtype", "packing"),
    [
        ("T4", 900, "trl", "qlora", "float16", False),
        ("6 GB", 512, "fast", "qlora", "bfloat16", True),
        ("3060", 900, "fast", "qlora", "bfloat16", True),
        ("4090", 900, "fast", "fp8", "bfloat16", True),
        ("A100", 900, "fast", "lora", "bfloat16", True),
        ("H100", 900, "fast", "fp8", "bfloat16", True),
        ("H200", 900, "fast", "fp8", "bfloat16", True),
        ("MI300X", 900, "trl", "lora", "bfloat16", False),
    ],
)
def test_a_7b_model_on_each_card(card: str, longest: int, engine: str, method: str, dtype: str, packing: bool) -> None:
    found = choose(CARDS[card], MISTRAL, lengths(longest), wish_for(CARDS[card]))
    assert (found.engine, found.method, found.dtype, found.packing) == (engine, method, dtype, packing)
    assert found.memory_bytes and found.memory_bytes < (1 - MARGIN) * CARDS[card].memory_bytes
    assert "the fastest of" in found.why[0] and found.alternatives and all(one.why for one in found.alternatives)


def test_little_memory_costs_time_and_never_the_effective_batch() -> None:
    card, rows = CARDS["H200"], lengths()
    plans = [
        choose(card, MISTRAL, rows, wish_for(card, memory_limit_bytes=limit * GIB, accumulation=4))
        for limit in (130, 40, 16, 8)
    ]
    times = [plan.seconds or 0.0 for plan in plans]
    assert times == sorted(times) and times[-1] > times[0]
    assert plans[0].checkpointing == "none" and plans[-1].method == "qlora"
    for plan, limit in zip(plans, (130, 40, 16, 8), strict=True):
        assert plan.memory_bytes is not None and plan.memory_bytes < limit * GIB
        assert 1 <= plan.micro_batch <= 32 and plan.micro_tokens >= max(rows)


def test_on_a_cpu_the_recipe_is_followed_as_it_stands() -> None:
    found = choose(CARDS["cpu"], SMOLLM, lengths(), wish_for(CARDS["cpu"], batch_size=8, accumulation=2))
    assert (found.engine, found.method, found.dtype) == ("trl", "lora", "float32")
    assert (found.checkpointing, found.micro_batch, found.packing) == ("none", 8, False)
    small = replace(CARDS["cpu"], memory_bytes=3 * GIB)
    tight = choose(small, SMOLLM, lengths(), wish_for(small, batch_size=8))
    assert tight.micro_batch < 8 or tight.checkpointing == "full"


def test_what_does_not_fit_says_by_how_much() -> None:
    card = replace(CARDS["6 GB"], memory_bytes=3 * GIB)
    with pytest.raises(ResourceError, match=r"2\.9 GiB of NVIDIA GeForce RTX 4050 .* needs [45]\.\d GiB") as raised:
        choose(card, MISTRAL, lengths(512), wish_for(card))
    assert "weights" in str(raised.value.where) and "train.max_seq_length" in raised.value.next_step
    with pytest.raises(ResourceError, match=r"train\.memory_limit_gib"):
        choose(CARDS["H200"], MISTRAL, lengths(), wish_for(CARDS["H200"], memory_limit_bytes=GIB))


@pytest.mark.parametrize(
    ("card", "wish", "said"),
    [
        ("T4", {"dtype": "bfloat16"}, "cannot train in bfloat16"),
        ("T4", {"method": "fp8"}, "no FP8 units"),
        ("A100", {"method": "fp8"}, "no FP8 units"),
        ("cpu", {"method": "qlora"}, "4-bit weights need an NVIDIA card"),
        ("mps", {"optimizer": "paged_adamw_8bit"}, "needs an NVIDIA card"),
        ("H200", {"engine": "unsloth"}, "not installed"),
        ("H200", {"engine": "fast", "method": "full"}, "does not do full"),
        ("cpu", {"packing": True}, "does not pack"),
        ("T4", {"engine": "fast"}, "attention of variable length"),
    ],
)
def test_what_a_card_cannot_do_is_an_error_with_its_reason(card: str, wish: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError) as raised:
        choose(CARDS[card], SMOLLM, lengths(), wish_for(CARDS[card], **wish))
    assert said in str(raised.value) and "set train." in raised.value.next_step


def test_a_family_that_overflows_in_float16_is_computed_in_another_type() -> None:
    card, gemma = CARDS["T4"], {"allowed": ("bfloat16", "float32")}
    assert choose(card, SMOLLM, lengths(), wish_for(card, **gemma)).dtype == "float32"
    assert choose(CARDS["A100"], SMOLLM, lengths(), wish_for(CARDS["A100"], **gemma)).dtype == "bfloat16"
    with pytest.raises(ModelError, match="its activations overflow") as raised:
        choose(card, SMOLLM, lengths(), wish_for(card, dtype="float16", **gemma))
    assert raised.value.next_step == "set train.dtype to auto or to float32"
    with pytest.raises(ModelError, match="this model family in bfloat16"):
        choose(CARDS["P100"], SMOLLM, lengths(), wish_for(CARDS["P100"], allowed=("bfloat16",)))


def test_full_fine_tuning_only_when_asked_for() -> None:
    card = CARDS["H200"]
    assert choose(card, SMOLLM, lengths(), wish_for(card)).method != "full"
    assert choose(card, SMOLLM, lengths(), wish_for(card, method="full")).engine == "trl"
    assert not any("full," in one.what for one in choose(card, SMOLLM, lengths(), wish_for(card)).alternatives)


@given(
    card=st.sampled_from(sorted(CARDS)),
    batch=st.integers(1, 16),
    accumulation=st.integers(1, 8),
    limit=st.integers(1, 150),
    shape=st.sampled_from([MISTRAL, SMOLLM]),
)
def test_a_plan_always_fits_and_is_whole(
    card: str, batch: int, accumulation: int, limit: int, shape: ModelShape
) -> None:
    wish = wish_for(CARDS[card], batch_size=batch, accumulation=accumulation, memory_limit_bytes=limit * GIB)
    try:
        found = choose(CARDS[card], shape, lengths(), wish)
    except ResourceError:
        return
    setting = MemorySetting(
        found.engine, found.method, found.checkpointing, found.dtype, found.micro_tokens, device=CARDS[card].device
    )
    assert predict_memory(shape, setting).total <= min(limit * GIB, CARDS[card].memory_bytes)
    assert 1 <= found.micro_batch <= batch * accumulation and found.seconds and found.seconds > 0


def test_the_time_forecast_gives_back_what_it_was_made_from() -> None:
    peak, known = peak_flops(CARDS["H200"], "bfloat16")
    assert known and not peak_flops(replace(CARDS["H200"], name="another"), "bfloat16")[1]
    for row in MEASURED:
        flops = flops_per_token(MISTRAL, row.method, row.checkpointing, 290, 1.0)
        speed = (
            peak
            * efficiency(row.engine, row.method, row.checkpointing)
            * saturation(row.method, row.micro_tokens)
            / flops
        )
        assert speed == pytest.approx(row.tokens_per_s, rel=1e-6)
    # Unpacking 4-bit weights costs the same in every pass, so least in large ones.
    shares = {
        (method, tokens): efficiency("fast", method, "none") * saturation(method, tokens)
        for method in ("qlora", "lora")
        for tokens in (2048, 16384)
    }
    assert shares["qlora", 2048] < 0.95 * shares["lora", 2048] and shares["qlora", 16384] < shares["lora", 16384]
    assert all(row.source for row in (*MEASURED, *PEAKS))


def test_a_plan_in_words() -> None:
    card = CARDS["3060"]
    text = "\n".join(plan_lines(choose(card, MISTRAL, lengths(), wish_for(card)), card, assumed=None))
    assert "plan: engine fast, method qlora" in text and "GiB of memory of the card, about" in text
    assert "not taken: fast fp8: NVIDIA GeForce RTX 3060 has no FP8 units" in text
    assert "if every row had 512 tokens" in "\n".join(
        plan_lines(choose(card, MISTRAL, lengths(512), wish_for(card)), card, assumed=512)
    )


def test_torch_is_held_to_the_limit_less_what_it_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    shares: list[float] = []
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", shares.append)
    hold_to(CARDS["A100"], 16 * GIB, GIB)
    hold_to(CARDS["cpu"], GIB, 0)
    assert shares == [pytest.approx(15 / 80)]


@given(rows=st.integers(1, 4096))
def test_passes_of_several_sizes(rows: int) -> None:
    halves, finer = _rows_of_a_pass(rows, packing=False), _rows_of_a_pass(rows, packing=True)
    for sizes in (halves, finer):
        assert sizes[0] == rows and sizes[-1] == 1
        assert sizes == sorted(set(sizes), reverse=True)
    # From eight passes on, each size is at least eight ninths of the next larger one, but for whole rows.
    small = [size for size in finer if size <= rows / 8]
    assert all(after >= before * 8 / 9 - 1 for before, after in itertools.pairwise(small))


def test_what_is_planned_for_a_limit_fills_it() -> None:
    plan = choose(
        CARDS["H200"],
        MISTRAL,
        [327] * 1600,
        wish_for(CARDS["H200"], method="qlora", batch_size=112, memory_limit_bytes=16 * GIB),
    )
    assert plan.memory_bytes is not None
    assert 0.9 * 16 < plan.memory_bytes / GIB + 0.55 < 16
