"""Check one Modelfile on disk: find out what training saw, then run every rule."""

from dataclasses import replace
from pathlib import Path

from medtune.core.io import read_text
from medtune.runs.layout import MODELFILE
from medtune.ship.folder import open_release
from medtune.ship.modelfile.lint import Finding, Subject, lint
from medtune.ship.modelfile.parse import parse_modelfile
from medtune.ship.modelfile.trained import Trained, trained_by_family, trained_by_gguf

AUDITED = ("temperature", "num_ctx", "num_predict", "repeat_penalty", "repeat_last_n", "stop")
"""Parameters that a verdict holds for."""


def check_modelfile(
    path: Path, *, gguf: Path | None = None, family: str | None = None, release: Path | None = None
) -> list[Finding]:
    """Every finding, errors first. Facts come from the release, else `gguf`, else what FROM names, else `family`.

    Raises DataError (no Modelfile, or one that Ollama refuses), ModelError, UsageError.
    """
    subject = Subject(parse_modelfile(read_text(path), str(path)), path.parent, None)
    trained: Trained | None = None
    if release is not None:
        trained = trained_by_release(release)
    elif gguf is not None or subject.gguf is not None:
        trained = trained_by_gguf(gguf or subject.gguf or path)
        if family is not None:
            trained = replace(trained, end_of_turn=trained_by_family(family).end_of_turn)
    elif family is not None:
        trained = trained_by_family(family)
    return lint(replace(subject, trained=trained))


def trained_by_release(folder: Path) -> Trained:
    """From a release's own GGUF and Modelfile. Raises RunDirError, ModelError."""
    found = open_release(folder)
    own = parse_modelfile(read_text(found.path / MODELFILE), str(found.path / MODELFILE))
    system = next((one.value for one in own if one.name == "system"), None)
    parameters = tuple((one.name, one.value) for one in own if one.parameter and one.name in AUDITED)
    return replace(trained_by_gguf(found.gguf), system=system, parameters=parameters)
