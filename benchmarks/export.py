"""The whole quantization matrix of one model, against plain llama-quantize calls one after another.

    python benchmarks/export.py > export.json                       the embedded tiny model
    python benchmarks/export.py --model ~/models/some-model         any model folder

Both start from the same F16 file and the same importance matrix, and write the same builds: medtune through what the
export uses (ledger, digests, reading back), llama-quantize by hand with the same threads. They take turns type by
type, and the median of the rounds counts. BF16 is left out: medtune converts it from the model itself, llama-quantize
rounds it twice.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from medtune.chat.base import resolve_base, tiny_folder
from medtune.config.export import QUANTIZATIONS
from medtune.config.recipe import LocalBase
from medtune.core.hashing import sha256_file
from medtune.export.alone import Order, bundled_calibration
from medtune.export.builds import Matrix, Workshop, make_build, make_parent
from medtune.export.ledger import Ledger
from medtune.export.make import Model, make_matrix, open_workshop
from medtune.export.matrix import PlannedBuild, builds_of
from medtune.llamacpp.toolchain import Toolchain, find
from medtune.runs.layout import gguf_name
from medtune.runs.records.export import Build

NAME = "bench"
_CALIBRATION_TOKENS = 8192


def main() -> None:
    """Measure both in turns and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=tiny_folder(), help="model folder (default: the embedded tiny)")
    parser.add_argument("--types", nargs="+", default=[name for name in QUANTIZATIONS if name not in ("F16", "BF16")])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the builds are made (default: the temporary folder)")
    options = parser.parse_args()
    toolchain = find()
    planned = builds_of(tuple(options.types), "needed")
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="medtune-export-") as scratch:
        shop, model, parent, matrix = prepared(options.model, Path(scratch), toolchain, planned)
        bench = Bench(shop, model, parent, matrix)
        seconds: dict[str, list[float]] = {"medtune": [], "llama-quantize": []}
        for number in range(options.rounds):
            ours, plain = bench.round(planned, Path(scratch) / f"round-{number}", number)
            seconds["medtune"].append(ours)
            seconds["llama-quantize"].append(plain)
            print(f"round {number}: medtune {ours:.2f} s, plain {plain:.2f} s", file=sys.stderr)
        size = (shop.folder / parent.file).stat().st_size
    print(json.dumps(summary(seconds, size, planned, shop), indent=2))


def prepared(
    folder: Path, scratch: Path, toolchain: Toolchain, planned: tuple[PlannedBuild, ...]
) -> tuple[Workshop, Model, Build, Matrix | None]:
    """F16 and importance matrix, which both use."""
    base = resolve_base(LocalBase(path=str(folder)), Path)
    model = Model(base.folder, base.digest)
    metadata = {"general.name": NAME}
    shop, tokenizer = open_workshop(scratch, NAME, toolchain, Ledger(scratch), model=model, metadata=metadata)
    parent = make_parent(shop, model.folder, model.sha256)
    if not any(build.imatrix for build in planned):
        return shop, model, parent, None
    order = Order(folder, None, scratch, NAME, planned, None, _CALIBRATION_TOKENS, fidelity_rows=0)
    return shop, model, parent, make_matrix(shop, parent, bundled_calibration(order, tokenizer))


@dataclass(frozen=True)
class Bench:
    """The same builds, made twice."""

    shop: Workshop
    model: Model
    parent: Build
    matrix: Matrix | None

    def round(self, planned: tuple[PlannedBuild, ...], out: Path, number: int) -> tuple[float, float]:
        """Seconds of medtune and of plain calls over all builds; type by type, and who begins changes."""
        ours, plain = out / "ours", out / "plain"
        for folder in (ours, plain):
            folder.mkdir(parents=True)
        (ours / self.parent.file).hardlink_to(self.shop.folder / self.parent.file)
        own = replace(self.shop, folder=ours, ledger=Ledger(ours), log=ours / "tools.log")
        totals = [0.0, 0.0]
        for at, build in enumerate(planned):
            calls = [lambda build=build: self.with_medtune(own, build), lambda build=build: self.by_hand(build, plain)]
            for which in (0, 1) if (at + number) % 2 else (1, 0):
                began = time.perf_counter()
                calls[which]()
                totals[which] += time.perf_counter() - began
            file = gguf_name(NAME, build.name)
            assert sha256_file(ours / file) == sha256_file(plain / file), f"{file} differs"
            (plain / file).unlink()
        return totals[0], totals[1]

    def with_medtune(self, own: Workshop, build: PlannedBuild) -> None:
        """As the export does it: ledger, digest, reading back."""
        model = self.model
        make_build(own, self.parent, build, model=model.folder, model_sha256=model.sha256, matrix=self.matrix)

    def by_hand(self, build: PlannedBuild, out: Path) -> None:
        """One call of llama-quantize, nothing else."""
        command = [str(self.shop.toolchain.quantize)]
        if build.imatrix and self.matrix is not None:
            command += ["--imatrix", self.matrix.file.name]
        command += [str(self.shop.folder / self.parent.file), str(out / gguf_name(NAME, build.name))]
        command += [build.quantization, str(self.shop.threads)]
        # in a session of its own, as medtune starts tools: Linux shares a busy machine's cores between sessions
        subprocess.run(command, check=True, capture_output=True, cwd=self.shop.folder, start_new_session=True)


def summary(
    seconds: dict[str, list[float]], f16_bytes: int, planned: tuple[PlannedBuild, ...], shop: Workshop
) -> dict[str, Any]:
    """Medians, and ours against the plain calls."""
    middle = {name: median(values) for name, values in seconds.items()}
    return {
        "f16_bytes": f16_bytes,
        "builds": [build.name for build in planned],
        "threads": shop.threads,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "seconds": {name: round(value, 3) for name, value in middle.items()},
        "seconds_rounds": {name: [round(value, 3) for value in values] for name, values in seconds.items()},
        "medtune_to_llama_quantize": round(middle["medtune"] / middle["llama-quantize"], 3),
    }


if __name__ == "__main__":
    main()
