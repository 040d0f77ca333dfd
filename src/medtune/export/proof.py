"""What is checked of F16 before anything else is made of it."""

from typing import Any

from medtune.core.io import write_json
from medtune.export.builds import Workshop
from medtune.runs.records.export import Build

PARITY = "parity.json"


def check_served_prompts(shop: Workshop, parent: Build, tokenizer: Any) -> None:
    """Compare prompts as trained with prompts as served and write parity.json.

    Raises ModelError when one differs, ServerError.
    """
    from medtune.export.parity import check_parity, measure_parity

    gguf = shop.folder / parent.file
    checks = measure_parity(shop.toolchain, gguf, tokenizer, shop.log.with_name("parity.log"))
    write_json(
        shop.folder / PARITY,
        {"build": parent.name, "sha256": parent.sha256, "checks": [check.model_dump(mode="json") for check in checks]},
    )
    check_parity(checks, gguf)
