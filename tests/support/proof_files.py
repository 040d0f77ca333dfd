"""parity.json, fidelity.json and canary.json of an export that never ran, in the form that the export writes."""

from collections.abc import Sequence
from pathlib import Path

from medtune.core.io import write_json
from medtune.runs.layout import CANARY, FIDELITY, PARITY
from medtune.runs.records.export import Build
from medtune.runs.records.proof import (
    CanaryAnswer,
    Fidelity,
    Figure,
    ParityCheck,
    Speed,
    TokenizerCheck,
    TokenizerDifference,
)


def write_proof_files(folder: Path, builds: Sequence[Build]) -> None:
    """Write the three files beside the builds; the worst build forgets the made-up fact."""
    checks = [
        ParityCheck(
            path="llama-server", shape=shape, text="plain", tokens=20, served=20, counted=20, equal=True, refused=False
        )
        for shape in ("user", "system+user")
    ]
    refused = ParityCheck(
        path="llama-server", shape="x", text="plain", tokens=0, served=0, counted=None, equal=False, refused=True
    )
    difference = TokenizerDifference(line=7, kind="scripts", at=2, trained="é", served="e")
    lines = TokenizerCheck(
        lines=2000,
        equal=1999,
        tokens=40_000,
        kinds={"scripts": 2000},
        unequal={"scripts": 1},
        differences=(difference,),
    )
    note = "1 of 2000 lines of medical text are read as other tokens when served"
    values = {"checks": [one.model_dump(mode="json") for one in (*checks, refused)], "note": note}
    write_json(folder / PARITY, {**values, "tokenizer": lines.model_dump(mode="json")})
    fidelity, speed = [], []
    for number, build in enumerate(builds):
        loss = 3.0 if build.role == "base" else 1.0 + 0.01 * number
        fidelity.append(
            Fidelity(
                build=build.name,
                kl=_around(0.002 * number),
                kl_percentiles={"50": 0.001, "90": 0.01, "99": 0.1, "max": 0.5},
                same_top=_around(0.99 - 0.01 * number),
                perplexity=2.7,
                perplexity_ratio=_around(1 + 0.01 * number),
                loss=loss,
                gain_kept=_around((3.0 - loss) / 2.0),
            )
        )
        speed.append(
            Speed(
                build=build.name,
                size_bytes=build.size_bytes,
                prompt_tokens_per_s=2000.5,
                generated_tokens_per_s=150.25,
                peak_bytes=build.size_bytes + 50_000_000,
                prompt_tokens=128,
                generated_tokens=32,
                load_s=0.1,
            )
        )
    own = {"kl": 0.002, "kl_99": 0.04, "same_top": 0.98, "perplexity": 9.5, "perplexity_ratio": 1.01}
    write_json(
        folder / FIDELITY,
        {
            "digests": {build.name: build.sha256 for build in builds},
            "reference": "F16",
            "rows": ["a", "b"],
            "topics": 2,
            "tokens": 1234,
            "threads": 2,
            "builds": [row.model_dump(mode="json") for row in fidelity],
            "speed": [row.model_dump(mode="json") for row in speed],
            "llama_perplexity": {"builds": {one.name: own for one in builds if one.role == "quantization"}},
        },
    )
    names = ["adapter", "merged", *(build.name for build in builds if build.role != "base")]
    answers = [
        CanaryAnswer(
            build=name, right=name != names[-1], answer="The word is bako.", logprob=None if "e" in name else -0.1
        )
        for name in names
    ]
    write_json(
        folder / CANARY,
        {
            "question": "What is the code word?",
            "word": "bako",
            "copies": 24,
            "answers": [answer.model_dump(mode="json") for answer in answers],
        },
    )


def _around(value: float) -> Figure:
    return Figure(value=value, low=value - 0.001, high=value + 0.001)
