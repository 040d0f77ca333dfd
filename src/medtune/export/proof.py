"""What is checked of F16 before anything else is made of it, and what is measured of all builds at the end."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medtune.core.console import Progress
from medtune.core.hashing import digest_json
from medtune.core.io import read_json, write_json
from medtune.export.bench import Bench
from medtune.export.builds import Workshop
from medtune.export.canary_file import CanaryTrial
from medtune.export.prove import Trial, prove
from medtune.llamacpp.library import has_library
from medtune.runs.layout import CANARY, PARITY
from medtune.runs.records.export import Build
from medtune.runs.records.prepare import Canary, Example

VERSION = 1
"""Raised when the same file gets another parity.json."""


def check_served_prompts(shop: Workshop, parent: Build, tokenizer: Any) -> None:
    """Compare prompts and medical text as trained with what is served, and write parity.json.

    Raises ModelError when one differs, ServerError, ToolchainError.
    """
    from medtune.chat.parity import check_parity, measure_parity
    from medtune.chat.tokenizer_lines import check_tokenizers, compare_tokenizers

    key = digest_json([VERSION, parent.sha256, shop.toolchain.digest])
    if shop.ledger.find(PARITY, key) is not None:
        return
    gguf = shop.folder / parent.file
    log = shop.log.with_name("parity.log")
    checks = measure_parity(shop.toolchain, gguf, tokenizer, log=log, threads=shop.threads)
    lines = compare_tokenizers(shop.toolchain, gguf, tokenizer, log=log) if has_library(shop.toolchain) else None
    values = {
        "build": parent.name,
        "sha256": parent.sha256,
        "family": tokenizer.family.family,
        "checks": [check.model_dump(mode="json") for check in checks],
        "tokenizer": lines.model_dump(mode="json") if lines else None,
        "note": "",
    }
    write_json(shop.folder / PARITY, values)
    check_parity(checks, str(gguf))
    if lines:
        write_json(shop.folder / PARITY, {**values, "note": check_tokenizers(lines, tokenizer.family, str(gguf))})
    shop.ledger.record(PARITY, key, 0.0)


def read_canary(prepared: Path, trained_rows: Sequence[Example], base: Path, adapter: Path) -> CanaryTrial | None:
    """The made-up fact of a run, when its rows hold one."""
    if not (prepared / CANARY).is_file():
        return None
    canary = Canary.model_validate(read_json(prepared / CANARY))
    has_adapter = (adapter / "adapter_config.json").is_file()
    return CanaryTrial(canary, tuple(trained_rows), base, adapter if has_adapter else None)


def prove_builds(
    shop: Workshop, earlier: Path, builds: Sequence[Build], tokenizer: Any, *, trial: Trial, bar: Progress
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Fidelity, speed and made-up fact of the builds in the workshop's folder. Raises as `prove`."""
    bench = Bench(
        folder=shop.folder,
        earlier=earlier if earlier.is_dir() else None,
        toolchain=shop.toolchain,
        builds=tuple(builds),
        tokenizer=tokenizer,
        threads=shop.threads,
        log=shop.log.with_name("proof.log"),
    )
    return prove(bench, trial, lambda what: bar.advance(measured=what))
