"""What a suite released: suite.json, a page that links the reports, and their checksums.

The checksums cover each model's release.json, which names the digests of the GGUF, its texts and everything back to the
data: `sha256sum -c SHA256SUMS` in the suite's folder checks the suite's own files, `medtune verify` all of them.
"""

from collections.abc import Mapping
from pathlib import Path

import medtune
from medtune.config.suite import SuiteSection
from medtune.core.errors import MedtuneError
from medtune.core.hashing import sha256_file
from medtune.core.io import read_json, write_json, write_text
from medtune.report.suite import render_suite
from medtune.runs.layout import RELEASE, REPORT_HTML, SHA256SUMS, SUITE_HTML, SUITE_RELEASE, RunDir
from medtune.runs.records.release import Release
from medtune.runs.records.suite import SuiteModel, SuiteRelease


def write_suite_release(
    folder: Path, section: SuiteSection, tasks: Mapping[str, str], failures: Mapping[str, MedtuneError]
) -> SuiteRelease:
    """Write the three files from what the runs in `folder` released; `tasks` names every model with its task."""
    models = tuple(_model(folder, name, task, failures.get(name)) for name, task in tasks.items())
    release = SuiteRelease(
        name=section.name,
        description=section.description,
        medtune=medtune.__version__,
        complete=all(model.state == "released" for model in models),
        models=models,
    )
    values = release.model_dump(mode="json")
    write_json(folder / SUITE_RELEASE, values)
    write_text(folder / SUITE_HTML, render_suite(values))
    listed = [SUITE_RELEASE, SUITE_HTML, *(model.release for model in models if model.release)]
    write_text(folder / SHA256SUMS, "".join(f"{sha256_file(folder / name)}  {name}\n" for name in listed))
    return release


def _model(folder: Path, name: str, task: str, failure: MedtuneError | None) -> SuiteModel:
    run = RunDir(folder / name)
    file = run.stage("release") / RELEASE
    report = run.file(REPORT_HTML)
    if failure is not None or not file.is_file():
        reason = failure.what if failure else "its run did not come to a release"
        return SuiteModel(
            name=name, task=task, state="failed", build=None, verdict=None, scope="", reason=reason, file=None,
            sha256=None, size_bytes=None, release=None, release_sha256=None, report=None,
        )  # fmt: skip
    row = Release.model_validate(read_json(file))
    gguf = file.parent / row.file if row.file else None
    return SuiteModel(
        name=name,
        task=row.task or task,
        state="released" if row.released else "missing",
        build=row.released,
        verdict=row.verdict,
        scope=row.scope,
        reason=row.reason,
        file=gguf.relative_to(folder).as_posix() if gguf else None,
        sha256=row.sha256,
        size_bytes=gguf.stat().st_size if gguf else None,
        release=file.relative_to(folder).as_posix(),
        release_sha256=sha256_file(file),
        report=report.relative_to(folder).as_posix() if report.is_file() else None,
    )
