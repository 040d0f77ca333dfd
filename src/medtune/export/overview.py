"""The builds of an export side by side: size, bits per weight, and how near to F16 each one predicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medtune.core.errors import DataError
from medtune.core.io import read_json
from medtune.llamacpp.gguf_info import read_gguf
from medtune.runs.layout import FIDELITY
from medtune.runs.records.export import Build
from medtune.runs.records.proof import Fidelity


@dataclass(frozen=True)
class Overview:
    """One build; without `fidelity` nothing was measured of it."""

    build: Build
    bits_per_weight: float
    fidelity: Fidelity | None


def overview(folder: Path, builds: Sequence[Build]) -> list[Overview]:
    """Builds of a folder with what fidelity.json says of the very same files. Raises ModelError."""
    try:
        values = read_json(folder / FIDELITY)
        known = {values["digests"][row["build"]]: Fidelity.model_validate(row) for row in values["builds"]}
    except (DataError, KeyError, TypeError):
        known = {}
    return [
        Overview(build, read_gguf(folder / build.file).bits_per_weight, known.get(build.sha256)) for build in builds
    ]


def table(rows: Sequence[Overview]) -> list[str]:
    """The rows as lines of equal columns, with a head."""
    cells = [("build", "MB", "bits/weight", "KL to F16", "same top token")]
    for row in rows:
        found = row.fidelity
        cells.append(
            (
                row.build.name,
                f"{row.build.size_bytes / 1e6:,.1f}",
                f"{row.bits_per_weight:.2f}",
                f"{found.kl.value:.5f}" if found else "-",
                f"{100 * found.same_top.value:.1f} %" if found else "-",
            )
        )
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in cells
    ]
