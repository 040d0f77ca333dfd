"""Find, read and check suites; the digests of their prompts keep them out of the training data."""

import difflib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from medtune.config.ask import is_suite_file
from medtune.core.errors import DataError, UsageError
from medtune.core.hashing import digest_json, sha256_file, sha256_text
from medtune.core.text import fold
from medtune.suites.lexicon import Lexicon, load_lexicon
from medtune.suites.locate import invalid, line_of, read_mapping
from medtune.suites.schema import MustNot, Suite

_LIBRARY = Path(__file__).parent / "library"
_NO_WORD = re.compile(r"[\W_]+")


def suite_names() -> tuple[str, ...]:
    """Names of the suites that medtune brings, sorted."""
    return tuple(sorted(path.stem for path in _LIBRARY.glob("*.yaml")))


def load_suite(name: str, folder: Path | None = None) -> Suite:
    """The suite of that name, or that of a site's own file, relative to `folder`.

    Raises UsageError naming the known ones, nearest first; DataError for a file that cannot be used.
    """
    if is_suite_file(name):
        return _site_suite((folder or Path()) / Path(name).expanduser())
    names = suite_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=len(names), cutoff=0.0)
        known = ", ".join([*near, *(other for other in names if other not in near)])
        raise UsageError(
            f"there is no suite named {name!r}",
            where="suites.names",
            next_step=f"use some of the known suites: {known}; a file of your own is named with its path",
        )
    return _our_suite(name)


def suite_file(name: str, folder: Path | None = None) -> Path:
    """The file of a suite that can be loaded."""
    return (folder or Path()) / Path(name).expanduser() if is_suite_file(name) else _LIBRARY / f"{name}.yaml"


@cache
def _our_suite(name: str) -> Suite:
    return read_suite(_LIBRARY / f"{name}.yaml")


def _site_suite(path: Path) -> Suite:
    """A site's own file: its name may not be one of ours, and its concepts must all be known."""
    if not path.is_file():
        raise DataError("there is no such suite file", where=str(path), next_step="check the path in `suites.names`")
    suite = read_suite(path)
    if suite.name in suite_names():
        raise DataError(
            f"{suite.name!r} is the name of a suite that medtune brings",
            where=f"{path}:{line_of(path, ('name',))}",
            next_step="give the suite and its file another name",
        )
    check_concepts(suite, path)
    return suite


def read_suite(path: Path) -> Suite:
    """Read a suite file; `defaults:` holds what its cases have in common, `sources:` the texts that they cite by key.

    Raises DataError naming every problem with its line and the id of its case.
    """
    values = read_mapping(path, ("cases",), "suite")
    raw = values.get("cases")
    if not isinstance(raw, list):
        raise DataError("a suite is a mapping with a list of `cases`", where=str(path), next_step="add them")
    defaults, sources = values.pop("defaults", None) or {}, values.pop("sources", None) or {}
    values["cases"] = [_whole_case(case, defaults, sources) for case in raw]
    files = _lexicon_files(path, values.get("lexicon") or ())
    digest = digest_json({**values, "lexicon": [sha256_file(file) for file in files]})
    try:
        suite = Suite.model_validate({**values, "lexicon": [str(file) for file in files], "digest": digest})
    except ValidationError as error:
        raise invalid(path, values, error, "suite") from None
    if suite.name != path.stem:
        raise DataError(
            f"the suite calls itself {suite.name!r}",
            where=f"{path}:{line_of(path, ('name',))}",
            next_step="name it as its file",
        )
    return _with_general(suite)


def site_files(names: Iterable[str], folder: Path) -> tuple[Path, ...]:
    """The files of a site's own suites among `names`, each with its lexicon files. Raises DataError."""
    own = [name for name in names if is_suite_file(name)]
    files = [suite_file(name, folder).resolve() for name in own]
    files += [Path(file) for name in own for file in load_suite(name, folder).lexicon]
    return tuple(dict.fromkeys(files))


def lexicon_of(suites: Iterable[Suite]) -> Lexicon:
    """What medtune brings together with the lexicon files of these suites."""
    return load_lexicon(tuple(sorted({Path(file) for suite in suites for file in suite.lexicon})))


def check_concepts(suite: Suite, path: Path) -> None:
    """Raises DataError naming every concept that no lexicon holds, with its line and the nearest known ones."""
    known = lexicon_of([suite]).concepts
    problems, lines = [], []
    for number, case in enumerate(suite.cases):
        for concept in case.concepts:
            if concept not in known:
                near = ", ".join(difflib.get_close_matches(concept, known, n=3, cutoff=0.4)) or "none is near"
                lines.append(line_of(path, ("cases", number)))
                problems.append(f"  - line {lines[-1]}: {case.id}: unknown concept {concept!r} (known: {near})")
    if problems:
        raise DataError(
            "the suite names concepts that no lexicon holds:\n" + "\n".join(problems),
            where=f"{path}:{lines[0]}",
            next_step="use known concepts, or add them to a lexicon file and name it in the suite's `lexicon`",
        )


def prompt_digest(prompt: str) -> str:
    """Hex sha256 of a prompt's words: case, spacing and punctuation do not matter."""
    return sha256_text(_NO_WORD.sub(" ", fold(prompt)).strip())


@cache
def deny_digests() -> frozenset[str]:
    """`prompt_digest` of every prompt of our suites: none may ever become a training row."""
    return denied(load_suite(name) for name in suite_names())


def denied(suites: Iterable[Suite]) -> frozenset[str]:
    """`prompt_digest` of every wording that these suites ask."""
    return frozenset(prompt_digest(question.prompt) for suite in suites for question in suite.questions)


def _whole_case(case: Any, defaults: dict[str, Any], sources: dict[str, Any]) -> Any:
    if not isinstance(case, dict):
        return case
    whole = {**defaults, **case}
    source = whole.get("source")
    return {**whole, "source": sources[source]} if isinstance(source, str) and source in sources else whole


def _lexicon_files(path: Path, names: Iterable[Any]) -> tuple[Path, ...]:
    files = tuple((path.parent / str(name)).resolve() for name in names)
    for file in files:
        if not file.is_file():
            raise DataError(
                f"the lexicon file {file.name} does not exist",
                where=f"{path}:{line_of(path, ('lexicon',))}",
                next_step="check the path; it starts at the suite's folder",
            )
    return files


def _with_general(suite: Suite) -> Suite:
    """Every case also forbids what its suite forbids, unless it requires or allows that, and what it must warn of."""
    cases = []
    for case in suite.cases:
        own = {(one.concept, one.polarity) for one in case.must_not}
        warned = [
            MustNot(concept=one.concept, severity=one.severity) for one in case.must if one.polarity == "prohibited"
        ]
        warned = [one for one in warned if (one.concept, one.polarity) not in own]
        own |= {(one.concept, one.polarity) for one in case.must} | {(one.concept, one.polarity) for one in warned}
        general = [
            one for one in suite.must_not if one.concept not in case.allows and (one.concept, one.polarity) not in own
        ]
        cases.append(case.model_copy(update={"must_not": (*case.must_not, *warned, *general)}))
    return suite.model_copy(update={"cases": tuple(cases)})
