"""Every folder and file name of a run directory, written down once."""

from dataclasses import dataclass
from pathlib import Path

RUNS_FOLDER = Path("runs")
"""Where run directories lie unless something else is said."""

STAGE_FOLDERS = {
    "collect": "01-collect",
    "prepare": "02-prepare",
    "train": "03-train",
    "export": "04-export",
    "ask": "05-ask",
    "audit": "06-audit",
    "release": "07-release",
    "report": "08-report",
}

MANIFEST = "manifest.json"
RESUME = "resume.json"
"""In a `.partial` folder: the key that says whether its content may be continued."""

# 01-collect
RECORDS = "records.jsonl"
SOURCES = "sources.json"
RAW = "raw"
"""Pages as a network source gave them, a folder for each source."""
DISTILL = "distill.json"
"""What each teacher was asked and what became of it: counts, rates and tokens, never text."""
UNACCEPTED = "unaccepted.jsonl"
"""Rows that a teacher was to write and that did not come to be: id and reason."""
# 02-prepare
TRAIN = "train.jsonl"
VALIDATION = "val.jsonl"
TEST = "test.jsonl"
REJECTED = "rejected.jsonl"
"""Rows that went no further: ids and reasons, never text; in 01-collect under the same name those of the sources."""
STATS = "stats.json"
CANARY = "canary.json"
"""The made-up fact; in 04-export under the same name what was answered."""
PHI = "phi.jsonl"
"""Identifiers that the gate acted on: ids, kinds and offsets for a person's review, never text."""
# 03-train
ADAPTER = "adapter"
CHECKPOINTS = "checkpoints"
METRICS = "metrics.jsonl"
TENSORBOARD = "tensorboard"
TRAINING = "training.json"
# 04-export
MERGED = "merged"
BUILDS = "builds.json"
BASE_BUILD_FILE = "base-F16.gguf"
PARITY = "parity.json"
FIDELITY = "fidelity.json"
IMATRIX = "imatrix.gguf"
CALIBRATION = "calibration.json"
"""What text the importance matrix was made from: counts and digests, never the text."""
MERGING = "merge.json"
"""How the adapter came into its base; with a quantized base, both candidates and what was measured."""
# 05-ask
CASES = "cases.jsonl"
RESPONSES = "responses.jsonl"
ASKED = "asked.json"
# 06-audit
GRADES = "grades.jsonl"
SUMMARY = "summary.json"
VERDICTS = "verdicts.json"
# 07-release
MODELFILE = "Modelfile"
CARD = "README.md"
RELEASE = "release.json"
SHA256SUMS = "SHA256SUMS"
SIGNATURE = "release.sig"
"""Beside the release when somebody signed it; nothing else is ever added to the folder."""
# 08-report, and copies at the top of the run directory
REPORT_HTML = "report.html"
REPORT_JSON = "report.json"
# top of the run directory
RECIPE = "recipe.yaml"
PROVENANCE = "provenance.json"
EVENTS = "events.jsonl"
REGISTRATIONS = "registrations.jsonl"
"""Every gate that was ever declared for this run's answers, in order."""
ADJUDICATIONS = "adjudications.jsonl"
"""What named persons decided about answers and verdicts, in order."""
LOCK = ".lock"
# top of a suite's folder, in which the run directories of its models lie
SUITE_RECIPE = "suite.yaml"
SUITE_RELEASE = "suite.json"
SUITE_HTML = "index.html"


@dataclass(frozen=True)
class RunDir:
    """A run directory; the folders in it need not exist yet."""

    path: Path

    def stage(self, name: str) -> Path:
        """The finished folder of a stage."""
        return self.path / STAGE_FOLDERS[name]

    def partial(self, name: str) -> Path:
        """The folder that a stage writes before it is finished."""
        return self.path / f"{STAGE_FOLDERS[name]}.partial"

    def file(self, name: str) -> Path:
        """A file at the top of the run directory."""
        return self.path / name


def is_suite_folder(path: Path) -> bool:
    """True for a folder in which a suite was run: it holds the run directories of the suite's models."""
    return (path / SUITE_RECIPE).is_file()


def gguf_name(run_name: str, build: str) -> str:
    """File name of a build: it carries the run's name, never the base's."""
    return f"{run_name}-{build}.gguf"
