"""How much memory a training takes at its peak: a sum of parts, each from the shapes alone.

Terms are counted as a compiled decoder block saves tensors for its backward pass (H hidden, I intermediate, Q width of
all query heads, K of all key heads; elements for each token and layer):

    block input H, its norm H, after attention H, its norm H     4 H
    rotated query and attention's output                        2 Q
    rotated key, value                                          2 K
    gate, up and their product                                  3 I

which is 139 kB in bfloat16 for the shape of Mistral 7B; `shape.Kept` has the counts of other classes. A probe on an
H200 (compiled blocks, LoRA on a frozen base) took 49 GiB with 8,192 and 84 GiB with 16,384 tokens in a pass; these sums
give 48.8 and 83.3. Uncompiled code keeps more: the norms in float32, the activation's output, and PEFT's copies of each
adapted layer's input.
"""

from dataclasses import dataclass

from medtune.train.capability import Device, Dtype
from medtune.train.planner.plan import Checkpointing, EngineName, Method
from medtune.train.planner.shape import ModelShape

DTYPE_BYTES: dict[Dtype, int] = {"float32": 4, "bfloat16": 2, "float16": 2}
NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
"""A weight in NF4 with double quantization: 4 bits, an 8-bit scale for 64, a float32 one for 64 x 256 of them
(Dettmers et al. 2023, arXiv 2305.14314, section 3)."""
FP8_COPIES = {"none": 2, "selective": 1, "full": 1}
"""The product with W and the one with its transpose each want their own layout. Where memory is short enough for
checkpointing, the second one is made when it is needed."""
OPTIMIZER_BYTES = {"adamw": 8.0, "adamw_8bit": 2.0 + 8 / 256, "paged_adamw": 8.0, "paged_adamw_8bit": 2.0 + 8 / 256}
"""Two moments for each trained weight; in 8 bits, with two float32 scales for 256. Paged ones may leave the card."""
LOSS_CHUNK_TOKENS = 256
LOSS_CHUNK_BYTES = 1 << 28
"""Of 16-bit logits on a CUDA device, where larger pieces fill the card (kernels/cross_entropy.py)."""
CUBLAS_BYTES = 32 << 20
CUDA_CONTEXT_BYTES = 550 << 20
"""What a process takes on a card beside torch's own memory (kernels, context)."""
PROCESS_BYTES = 700 << 20
"""A Python process with torch, transformers and TRL, in RAM."""
FRAGMENTATION = 0.04
"""Reserved but unusable, as a share of what changes in size from pass to pass."""


@dataclass(frozen=True)
class MemorySetting:
    """Everything that the peak depends on beside the shape."""

    engine: EngineName
    method: Method
    checkpointing: Checkpointing
    dtype: Dtype
    micro_tokens: int
    """Tokens in one pass, padding included."""
    lora_r: int = 16
    targets: tuple[str, ...] | str = "all-linear"
    optimizer: str = "adamw"
    device: Device = "cuda"
    trained_share: float = 1.0
    """Share of the tokens that are trained: only those have logits."""
    dora: bool = False
    dropout: bool = False
    """The update's input is dropped in part: its masks are kept."""


@dataclass(frozen=True)
class MemoryForecast:
    """Bytes by part, at the peak of a training step."""

    weights: int
    adapter: int
    gradients: int
    optimizer: int
    activations: int
    """Saved for the backward pass."""
    working: int
    """Of the one block that is being worked on, or of a piece of the logits: one after the other, the larger counts."""
    loss: int
    """Last hidden states of the trained tokens, and their gradient."""
    workspace: int
    fragmentation: int
    outside: int
    """Of the process, not counted by torch: CUDA context, or Python itself."""

    @property
    def allocated(self) -> int:
        """What torch.cuda.max_memory_allocated reports."""
        return (
            self.weights
            + self.adapter
            + self.gradients
            + self.optimizer
            + self.activations
            + self.working
            + self.loss
            + self.workspace
        )

    @property
    def reserved(self) -> int:
        """What torch.cuda.max_memory_reserved reports, and set_per_process_memory_fraction limits."""
        return self.allocated + self.fragmentation

    @property
    def total(self) -> int:
        """What the card has to have free."""
        return self.reserved + self.outside

    def parts(self) -> dict[str, int]:
        """Bytes by name, and the total."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"total": self.total}


def predict_memory(shape: ModelShape, setting: MemorySetting) -> MemoryForecast:
    """The forecast. Pure arithmetic."""
    trained = trained_weights(shape, setting)
    adapter = 0 if setting.method == "full" else 4 * trained  # LoRA weights are float32 in every engine
    saved, working = _activations(shape, setting)
    piece, loss = _loss(shape, setting)
    working = max(working, piece)
    on_card = not (setting.device == "cuda" and setting.optimizer.startswith("paged"))
    cuda = setting.device == "cuda"
    return MemoryForecast(
        weights=weight_bytes(shape, setting),
        adapter=adapter,
        gradients=4 * trained,
        optimizer=int(OPTIMIZER_BYTES[setting.optimizer] * trained) if on_card else 0,
        activations=saved,
        working=working,
        loss=loss,
        workspace=CUBLAS_BYTES if cuda else 0,
        fragmentation=int(FRAGMENTATION * (saved + working + loss)),
        outside=CUDA_CONTEXT_BYTES if cuda else PROCESS_BYTES,
    )


def trained_weights(shape: ModelShape, setting: MemorySetting) -> int:
    """How many weights get a gradient."""
    if setting.method == "full":
        return shape.parameters
    adapted = shape.adapted(setting.targets)
    low_rank = sum(setting.lora_r * (linear.inputs + linear.outputs) * linear.count for linear in adapted)
    return low_rank + (sum(linear.outputs * linear.count for linear in adapted) if setting.dora else 0)


def weight_bytes(shape: ModelShape, setting: MemorySetting) -> int:
    """The base's weights as the method stores them; embeddings, norms and output layer keep 16 (or 32) bits."""
    size = DTYPE_BYTES[setting.dtype]
    if setting.method == "full":
        # Trained weights are float32; in 16-bit computing, autocast keeps a copy of the linear ones for both passes.
        return 4 * shape.parameters + (size * shape.linear_weights if size < 4 else 0)
    copies = FP8_COPIES[setting.checkpointing]
    linear = {"lora": float(size), "qlora": NF4_BYTES, "fp8": float(copies)}[setting.method]
    scales = sum(4 * copies * item.outputs * item.count for item in shape.linears) if setting.method == "fp8" else 0
    return int(linear * shape.linear_weights) + scales + size * shape.other


def _activations(shape: ModelShape, setting: MemorySetting) -> tuple[int, int]:
    """Bytes saved for the backward pass in all layers, and bytes of the block that is being worked on."""
    tokens, size = setting.micro_tokens, DTYPE_BYTES[setting.dtype]
    hidden, inner, query, kv = shape.hidden, shape.intermediate, shape.query, shape.kv
    kept = shape.kept
    block = size * (kept.hidden * hidden + kept.query * query + kept.kv * kv) + _extra(shape, setting)
    block += int(size * kept.inner * inner)
    # `selective`: every second block keeps its input only, and is computed again as a whole.
    start = size * hidden * kept.streams
    saved = {"none": block, "selective": (block + start) // 2, "full": start}[setting.checkpointing]
    # Of `selective` the last layer is computed again only where their number is odd; by then all others' stand.
    again = {"none": 0, "selective": block * (shape.layers % 2), "full": block}[setting.checkpointing]
    # A compiled block's backward pass writes the gradients of gate and up over what it had saved of them.
    written_over = setting.engine == "fast" and setting.device == "cuda"
    gradients = size * (2 * kept.streams * hidden + (1 if written_over else 3) * inner)
    largest = max((linear.outputs * linear.inputs for linear in shape.linears), default=0)
    one_copy = setting.method == "fp8" and FP8_COPIES[setting.checkpointing] == 1
    # The fast engine's gate and up are one weight.
    joint = 2 * largest if setting.engine == "fast" else largest
    unpacked = size * joint if setting.method == "qlora" else (joint if one_copy else 0)
    with_norms = 8 * largest if setting.dora else 0
    working = tokens * (again + gradients) + unpacked + with_norms
    return tokens * shape.layers * saved, working


def _extra(shape: ModelShape, setting: MemorySetting) -> int:
    """Bytes for each token and block that uncompiled code keeps beside the sum at the top of this file."""
    size = DTYPE_BYTES[setting.dtype]
    kinds = shape.adapted(setting.targets) if setting.method != "full" else ()
    low_rank = sum(4 * setting.lora_r * linear.count for linear in kinds) // max(shape.layers, 1)
    if setting.engine != "trl":
        # A mask of one byte a value, and the attention's output before dropout beside that after it.
        masks = 2 * shape.hidden + shape.query + shape.intermediate + size * shape.query
        return low_rank + (masks if setting.dropout else 0)
    norms = 8 * shape.hidden if size < 4 else 0
    activation = size * shape.intermediate
    copies = sum(size * linear.inputs * linear.count for linear in kinds) // max(shape.layers, 1) if size < 4 else 0
    dora = sum(2 * size * linear.outputs * linear.count for linear in kinds) // max(shape.layers, 1)
    return norms + activation + copies + low_rank + (dora if setting.dora else 0)


def _loss(shape: ModelShape, setting: MemorySetting) -> tuple[int, int]:
    """Bytes of a piece of the logits with their gradient (of all trained tokens where the model itself has to make
    them), and of what stays until the backward pass."""
    size, trained = DTYPE_BYTES[setting.dtype], max(1, int(setting.micro_tokens * setting.trained_share))
    ends = 2 * size * trained * shape.hidden
    in_pieces = setting.method != "full" and (shape.plain_logits or setting.engine == "fast")
    if not in_pieces:
        return trained * shape.vocab * (8 + size), ends
    if setting.device == "cuda":
        piece = max(LOSS_CHUNK_TOKENS, LOSS_CHUNK_BYTES // (2 * shape.vocab))
        return min(trained, piece) * shape.vocab * 2 * size, ends
    return min(trained, LOSS_CHUNK_TOKENS) * shape.vocab * (4 + size), ends
