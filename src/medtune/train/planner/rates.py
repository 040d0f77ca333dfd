"""How fast cards are: their makers' figures, and what trainers were measured to reach of them. Data with its source."""

from dataclasses import dataclass

from medtune.train.capability import Card, Dtype
from medtune.train.planner.plan import Checkpointing, EngineName, Method
from medtune.train.planner.shape import ModelShape, shape_of_config


@dataclass(frozen=True)
class Peak:
    """Dense matrix products a second on tensor cores, accumulated in float32, in TFLOP/s."""

    name: str
    """Part of the card's name, as the driver reports it."""
    half: float
    """bfloat16 or float16."""
    single: float
    """float32."""
    source: str


PEAKS = (
    Peak("B200", 2250.0, 80.0, "NVIDIA Blackwell datasheet, dense"),
    Peak("H200", 989.0, 67.0, "NVIDIA H200 datasheet, dense"),
    Peak("H100 PCIe", 756.0, 51.0, "NVIDIA H100 datasheet, dense"),
    Peak("H100", 989.0, 67.0, "NVIDIA H100 datasheet (SXM), dense"),
    Peak("A100", 312.0, 19.5, "NVIDIA A100 datasheet, dense"),
    Peak("L40S", 362.0, 91.6, "NVIDIA L40S datasheet, dense"),
    Peak("L4", 121.0, 30.3, "NVIDIA L4 datasheet, dense"),
    Peak("A10", 125.0, 31.2, "NVIDIA A10 datasheet, dense"),
    Peak("4090", 165.2, 82.6, "NVIDIA Ada architecture whitepaper, float16 with float32 accumulation"),
    Peak("3090", 71.0, 35.6, "NVIDIA GA102 architecture whitepaper, float16 with float32 accumulation"),
    Peak("3060", 25.0, 12.7, "NVIDIA GA102 architecture whitepaper's ratio for GA10x, from 12.7 TFLOP/s in float32"),
    Peak("T4", 65.0, 8.1, "NVIDIA T4 datasheet"),
)

UNKNOWN_CARD_TFLOPS = {"bfloat16": 60.0, "float16": 30.0, "float32": 10.0}
"""For a card that stands in no table: only the order of the choices is meant then, not the time."""

CPU_GFLOPS_PER_CORE = 40.0
"""float32, reached by a whole training: 120 steps of 8 rows of the tiny model in 134 s on 2 cores (design notes, 2.9:
about 290 tokens a row, 4 FLOP for each weight and token)."""


@dataclass(frozen=True)
class Measured:
    """Tokens a second that a trainer reached on a 7B model of Mistral's shape on one H200."""

    engine: EngineName
    method: Method
    checkpointing: Checkpointing
    tokens_per_s: float
    micro_tokens: int
    source: str


_NOTES = "design notes, section 3 (one H200, MedQuAD lengths)"
_BENCH = "benchmarks/results/train-h200-2026-11-20.json"
MEASURED = (
    Measured("fast", "lora", "none", 17439.0, 18312, _BENCH),
    Measured("fast", "fp8", "none", 25318.0, 18312, _BENCH),
    Measured("fast", "qlora", "none", 17081.0, 18312, _BENCH),
    Measured("unsloth", "lora", "none", 11720.0, 8192, f"{_NOTES}: Unsloth, 16-bit base, packed"),
    Measured("unsloth", "qlora", "none", 11550.0, 8192, f"{_NOTES}: Unsloth QLoRA, packed"),
    Measured("unsloth", "qlora", "full", 8890.0, 8192, f"{_NOTES}: Unsloth QLoRA, packed, its checkpointing"),
    Measured("trl", "qlora", "full", 2490.0, 1160, f"{_NOTES}: TRL + PEFT QLoRA, batch 4 x 4, padded"),
)
HALF_SPEED_TOKENS: dict[Method, int] = {"qlora": 800, "fp8": 480}
"""Tokens in a pass at which half the speed of an endless pass is reached, fitted to speed = top * tokens / (tokens +
this): QLoRA, which unpacks all weights in each pass, with 2,048 to 18,312 tokens, FP8 with 4,096 to 18,048
(benchmarks/results/train-h200-2026-12-01.json; FP8 with 2,048 was slower than this says)."""
_HALF_SPEED_TOKENS = 480
"""Of the other methods: as FP8's."""

_MISTRAL = shape_of_config(
    {
        "vocab_size": 32768,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
    }
)
H200_TFLOPS = 989.0
_MEAN_TOKENS = 290
"""Mean row of MedQuAD in those measurements."""


def peak_flops(card: Card, dtype: Dtype) -> tuple[float, bool]:
    """Products and sums a second, and whether the card stands in the table."""
    if card.device == "cpu":
        return CPU_GFLOPS_PER_CORE * 1e9 * card.cores, True
    found = next((peak for peak in PEAKS if peak.name.lower() in card.name.lower()), None)
    if found is None:
        return UNKNOWN_CARD_TFLOPS[dtype] * 1e12, False
    return (found.single if dtype == "float32" else found.half) * 1e12, True


def flops_per_token(
    shape: ModelShape, method: Method, checkpointing: Checkpointing, length: float, trained_share: float
) -> float:
    """Floating-point operations for a token of a row of `length` tokens.

    2 a weight forward, 2 backward to the inputs, 2 more for gradients of trained weights, 2 for computing again; causal
    attention adds 2 * length * Q a layer forward and 2.5 times that backward (Dao 2023, arXiv 2307.08691, section 4.1).
    """
    weights = shape.linear_weights
    head = shape.vocab * shape.hidden * trained_share
    again = {"none": 0.0, "selective": 0.5, "full": 1.0}[checkpointing]
    passes = 4 + 2 * again + (2 if method == "full" else 0)
    attention = 2 * length * shape.query * shape.layers * (3.5 + (1.0 if checkpointing == "full" else 0.0))
    return passes * weights + (6 if method == "full" else 4) * head + attention


def limit_tokens_per_s(
    card: Card, dtype: Dtype, shape: ModelShape, *, method: Method, length: float, trained_share: float
) -> float | None:
    """Tokens a second if the card did nothing but this method's products, none twice; None for a card of no table."""
    peak, known = peak_flops(card, dtype)
    if card.device != "cuda" or not known:
        return None
    double = 2.0 if method == "fp8" else 1.0
    return double * peak / flops_per_token(shape, method, "none", length, trained_share)


def efficiency(engine: EngineName, method: Method, checkpointing: Checkpointing) -> float:
    """Share of the card's half-precision peak that a trainer reaches in endless passes.

    From the nearest measurement; a method that was not measured with this engine is scaled as it was with another one.
    """

    def distance(row: Measured) -> tuple[bool, bool, bool]:
        return row.engine != engine, row.method != method, row.checkpointing != checkpointing

    row = min(MEASURED, key=distance)
    return _reached(row) * (1.0 if row.method == method else _ratio(method, row.method))


def _ratio(method: Method, to: Method) -> float:
    """Efficiency of one method against another, where one trainer was measured with both; else 1."""
    for one in MEASURED:
        for other in MEASURED:
            same = (one.engine, one.checkpointing) == (other.engine, other.checkpointing)
            if same and (one.method, other.method) == (method, to):
                return _reached(one) / _reached(other)
    return 1.0


def _reached(row: Measured) -> float:
    flops = flops_per_token(_MISTRAL, row.method, row.checkpointing, _MEAN_TOKENS, 1.0)
    return row.tokens_per_s / saturation(row.method, row.micro_tokens) * flops / (H200_TFLOPS * 1e12)


def saturation(method: Method, micro_tokens: float) -> float:
    """Speed with so many tokens in a pass, as a share of that of an endless one."""
    return micro_tokens / (micro_tokens + HALF_SPEED_TOKENS.get(method, _HALF_SPEED_TOKENS))
