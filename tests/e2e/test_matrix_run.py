"""One small run whose builds are made with and without an importance matrix: candidates side by side to the end."""

import re
from pathlib import Path

import pytest
from command import SMALL, call, run_words

from medtune.core.io import read_json, read_jsonl
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.layout import BUILDS, CANARY, FIDELITY, REPORT_HTML, REPORT_JSON, RESPONSES, VERDICTS, RunDir

WANTED = ["base-F16", "F16", "Q8_0", "Q4_K_M", "Q4_K_M-imatrix", "IQ2_XS"]
SETTINGS = (
    *(one for one in SMALL if not one.startswith("export.")), "export.quantizations=[Q8_0, Q4_K_M, IQ2_XS]",
    "export.imatrix=both", "export.calibration_tokens=4096", "prepare.canary=true",
)  # fmt: skip


@pytest.mark.slow
def test_builds_with_and_without_a_matrix_stand_side_by_side(tmp_path: Path, toolchain: Toolchain) -> None:
    done = call(run_words(tmp_path / "runs", small=SETTINGS))
    assert done.returncode == 3 and "Traceback" not in done.stderr, done.stderr
    run = RunDir(tmp_path / "runs" / "quickstart")
    exported = run.stage("export")
    builds = {row["name"]: row for row in read_json(exported / BUILDS)}
    assert list(builds) == WANTED
    assert builds["Q4_K_M"]["imatrix"] is None and builds["Q4_K_M-imatrix"]["imatrix"] == builds["IQ2_XS"]["imatrix"]
    assert builds["Q4_K_M"]["sha256"] != builds["Q4_K_M-imatrix"]["sha256"]
    fidelity = {row["build"]: row for row in read_json(exported / FIDELITY)["builds"]}
    assert list(fidelity) == WANTED and all(row["kl"]["value"] > 0 for name, row in fidelity.items() if name != "F16")
    assert [row["build"] for row in read_json(exported / CANARY)["answers"]] == ["adapter", "merged", *WANTED[1:]]
    answered = [row["build"] for _, row in read_jsonl(run.stage("ask") / RESPONSES)]
    assert list(dict.fromkeys(answered)) == WANTED and len({answered.count(name) for name in WANTED}) == 1
    assert [row["build"] for row in read_json(run.stage("audit") / VERDICTS)] == WANTED
    html = run.file(REPORT_HTML).read_text(encoding="utf-8")
    for table, head in (("proof-table", "row"), ("canary-table", "row")):
        rows = re.findall(
            rf'<th scope="{head}">([^<]+)</th>', html.partition(f'id="{table}"')[2].partition("</table>")[0]
        )
        assert rows == (WANTED if table == "proof-table" else ["adapter", "merged", *WANTED[1:]])
    assert all(name in str(read_json(run.file(REPORT_JSON))["proof"]) for name in WANTED)
