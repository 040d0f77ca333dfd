"""A suite on disk: what its suite.json says, and whether everything is as it was written."""

from pathlib import Path

from pydantic import ValidationError

from medtune.core.errors import RunDirError
from medtune.core.hashing import sha256_file
from medtune.core.io import read_json, read_text
from medtune.runs.layout import SHA256SUMS, SUITE_RELEASE
from medtune.runs.records.suite import SuiteRelease
from medtune.ship.folder import ReleaseFolder
from medtune.ship.verify import differs, verify_release


def read_suite(folder: Path) -> SuiteRelease:
    """What was released of a suite. Raises RunDirError before its runs have ended."""
    file = folder / SUITE_RELEASE
    if not file.is_file():
        raise RunDirError(
            f"there is no {SUITE_RELEASE} here yet", where=str(folder), next_step="`medtune run` its recipe to the end"
        )
    try:
        return SuiteRelease.model_validate(read_json(file))
    except ValidationError as error:
        raise RunDirError(
            f"{SUITE_RELEASE} is not what medtune writes: {error.errors()[0]['msg']}",
            where=str(file),
            next_step="`medtune run` the suite's recipe again",
        ) from None


def verify_suite(folder: Path) -> list[ReleaseFolder]:
    """Re-hash the suite's files and the release of every model; returns the releases.

    Raises DataError for the first file that differs, RunDirError before the runs have ended.
    """
    suite = read_suite(folder)
    sums = folder / SHA256SUMS
    lines = read_text(sums).splitlines() if sums.is_file() else []
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for name in (SUITE_RELEASE, *(model.release for model in suite.models if model.release)):
        if name not in listed:
            raise differs(name, f"{SHA256SUMS} does not list it", folder)
    for name, digest in sorted(listed.items()):
        path = folder / name
        if not path.is_file() or sha256_file(path) != digest:
            raise differs(name, f"its sha256 is not the one in {SHA256SUMS}", folder)
    found = []
    for model in suite.models:
        if model.release is None:
            continue
        if listed[model.release] != model.release_sha256:
            raise differs(SUITE_RELEASE, f"it names another digest of {model.release}", folder)
        found.append(verify_release((folder / model.release).parent))
        if found[-1].row.sha256 != model.sha256:
            raise differs(SUITE_RELEASE, f"it names another GGUF of {model.name}", folder)
    return found
