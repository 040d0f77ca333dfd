"""Carry a whole suite over an air gap: one archive, in which what several models share lies once.

In it, beside llama.cpp and wheels as in the bundle of one release: suite.yaml, suite.json, its page and checksums,
MODEL/07-release/ of every model, recipes/MODEL/ with the recipe and the site's own suite files, and bases/DIGEST/.
"""

from pathlib import Path

from medtune.core.console import say
from medtune.core.errors import RunDirError
from medtune.runs.layout import RECIPE, SHA256SUMS, STAGE_FOLDERS, SUITE_HTML, SUITE_RECIPE, SUITE_RELEASE, RunDir
from medtune.ship.bundle import SUITE, base_files, base_of, pack, released_files, suite_files
from medtune.ship.suite import read_suite, verify_suite


def bundle_suite(
    folder: Path, target: Path, *, wheels: Path | None = None, toolchain: bool = True, source: bool = True
) -> Path:
    """Verify a suite and pack it; models that were not released are said. `target` appears when it is whole.

    Raises DataError (something differs), RunDirError (nothing was released), ToolchainError, ResourceError.
    """
    suite = read_suite(folder)
    verify_suite(folder)
    if not any(model.state == "released" for model in suite.models):
        raise RunDirError(
            "nothing of this suite was released", where=str(folder), next_step="read the reports that its page links to"
        )
    files = {name: folder / name for name in (SUITE_RECIPE, SUITE_RELEASE, SUITE_HTML, SHA256SUMS)}
    bases = {}
    for model in suite.models:
        if model.state != "released":
            say(f"  {model.name} is {model.state}: {model.reason}")
        if model.release is None:
            continue
        run = RunDir(folder / model.name)
        files |= released_files(run.stage("release"), f"{model.name}/{STAGE_FOLDERS['release']}")
        files |= {f"recipes/{model.name}/{RECIPE}": run.file(RECIPE)}
        files |= suite_files(run, f"recipes/{model.name}/")
        if base := base_of(run):
            bases[model.name] = f"bases/{base.digest[:16]}"
            files |= base_files(base, bases[model.name])
    head = {"bundle": SUITE, "name": suite.name, "bases": bases}
    return pack(target, head, files, wheels=wheels, toolchain=toolchain, source=source)
