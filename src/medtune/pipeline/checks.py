"""What can be known to fail before the first stage runs: looked at first, so that nothing fails after an hour."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from medtune.config.collect import FilesSource, MedquadSource
from medtune.config.collect_distill import DistillSource
from medtune.core.errors import DataError, MedtuneError, ResourceError
from medtune.core.net import Egress
from medtune.pipeline.open import OpenRecipe
from medtune.runs.layout import STAGE_FOLDERS

_USES_BASE = frozenset({"prepare", "train", "export", "release"})
_USES_TOOLCHAIN = frozenset({"export", "ask"})
_SLACK_BYTES = 200 << 20  # adapter, checkpoints, records, answers and report of a small run


def check_before_run(opened: OpenRecipe, stages: tuple[str, ...]) -> None:
    """Fetch a base of the hub that is not here yet; then raise the first problem that would stop these stages."""
    if _USES_BASE & set(stages):
        from medtune.chat.base import fetch_base

        fetch_base(opened.recipe.base, Egress(frozenset(opened.recipe.egress)))
    for problem in problems(opened, stages):
        raise problem


def problems(opened: OpenRecipe, stages: tuple[str, ...] = tuple(STAGE_FOLDERS)) -> Iterator[MedtuneError]:
    """Everything that would stop one of these stages, cheap to find out and without torch."""
    yield from recipe_problems(opened, stages)
    if "train" in stages:
        yield from _raised(partial(_check_training, opened))
    if _USES_TOOLCHAIN & set(stages):
        yield from _raised(partial(_check_toolchain, opened))
    if "export" in stages:
        yield from _raised(partial(_check_disk, opened))


def recipe_problems(opened: OpenRecipe, stages: tuple[str, ...] = tuple(STAGE_FOLDERS)) -> Iterator[MedtuneError]:
    """What the recipe names and these stages would not find: task, suites, files, base model."""
    yield from _raised(partial(_check_task, opened))
    for name in opened.recipe.suites.names:
        yield from _raised(partial(_check_suite, name, opened.whole().folder))
    if "export" in stages:
        yield from _raised(partial(_check_builds, opened))
    if "collect" in stages:
        yield from _missing_sources(opened)
    if "prepare" in stages:
        yield from _missing_test_files(opened)
    if _USES_BASE & set(stages):
        yield from _raised(partial(_check_base, opened))


def _raised(check: Callable[[], object]) -> Iterator[MedtuneError]:
    try:
        check()
    except MedtuneError as error:
        yield error


def _check_task(opened: OpenRecipe) -> None:
    from medtune.tasks import load_task

    load_task(opened.recipe.task)


def _check_suite(name: str, folder: Path) -> None:
    """A suite of the site is also proved: what it grades with must read its own sentences right."""
    from medtune.suites import is_suite_file, load_suite

    load_suite(name, folder)
    if is_suite_file(name):
        from medtune.audit.suite_proof import check_suite_file

        check_suite_file(name, folder)


def _missing_sources(opened: OpenRecipe) -> Iterator[MedtuneError]:
    whole = opened.whole()
    for given in opened.recipe.collect.sources:
        source = given
        if isinstance(given, DistillSource):
            yield from _raised(partial(_check_teacher, opened, given))
            if given.from_ is None:
                continue
            source = given.from_
        match source:
            case FilesSource(path=path) | MedquadSource(path=str(path)) if not whole.resolve(path).exists():
                yield _not_found("collect.sources", whole.resolve(path))


def _check_teacher(opened: OpenRecipe, source: DistillSource) -> None:
    """The task is known and fits, and the teacher's host is allowed."""
    from medtune.collect.distill.setting import setting_of

    setting_of(source)
    Egress(frozenset(opened.recipe.egress)).check(source.teacher.endpoint)


def _missing_test_files(opened: OpenRecipe) -> Iterator[MedtuneError]:
    prepare, whole = opened.recipe.prepare, opened.whole()
    named = {"prepare.test_file": prepare.test_file}
    if prepare.test_topics != "embedded":
        named["prepare.test_topics"] = prepare.test_topics
    for key, path in named.items():
        if path is not None and not whole.resolve(path).is_file():
            yield _not_found(key, whole.resolve(path))


def _not_found(key: str, path: Path) -> DataError:
    return DataError(
        f"`{key}` names a file or folder that does not exist",
        where=str(path),
        next_step="check the path; relative paths start at the recipe's folder",
    )


def terms_line(opened: OpenRecipe) -> str | None:
    """Licence and terms of a base that is not medtune's own, or where they stand; None when it has no terms of use."""
    from medtune.chat.base import resolve_base, to_fetch
    from medtune.chat.hub import endpoint

    if missing := to_fetch(opened.recipe.base):
        return f"licence and terms of the base: {endpoint()}/{missing.hub}; known terms are named before weights come"
    try:
        base = resolve_base(opened.recipe.base, opened.whole().resolve)
    except MedtuneError:
        return None  # said elsewhere
    return f"terms of the base {base.name}: {base.family.terms_in_words}" if base.family.terms_address else None


def describe_base(opened: OpenRecipe) -> dict[str, Any] | None:
    """Name, commit, family, digest and terms of the base for provenance.json; None when it is not here."""
    from medtune.chat.base import resolve_base

    try:
        base = resolve_base(opened.recipe.base, opened.whole().resolve)
    except MedtuneError:
        return None
    return {
        "name": base.name,
        "revision": base.revision,
        "family": base.family.family,
        "digest": base.digest,
        "terms": base.family.terms_in_words,
        "verified": base.family.verified_note,
    }


def _check_base(opened: OpenRecipe) -> None:
    """The base can be used; one of the hub that is not here yet can be asked for."""
    from medtune.chat.base import to_fetch
    from medtune.chat.hub import check_can_fetch

    if missing := to_fetch(opened.recipe.base):
        check_can_fetch(missing, Egress(frozenset(opened.recipe.egress)))
    else:
        _base_bytes(opened)


def _base_bytes(opened: OpenRecipe) -> int:
    """Size of the base model's weights. Raises ModelError when the base cannot be used."""
    from medtune.chat.base import resolve_base

    base = resolve_base(opened.recipe.base, opened.whole().resolve)
    return sum(path.stat().st_size for path in base.files if path.suffix == ".safetensors")


def _check_training(opened: OpenRecipe) -> None:
    """The card can do what the recipe asks for and, as soon as the rows are known, it has the memory."""
    from medtune.chat.base import resolve_base, to_fetch
    from medtune.train.foresee import foresee, seen_lengths

    if to_fetch(opened.recipe.base):
        return
    try:
        base = resolve_base(opened.recipe.base, opened.whole().resolve)
    except MedtuneError:
        return  # said already
    try:
        foresee(opened.whole(), opened.run, base)
    except ResourceError:
        if seen_lengths(opened.run):
            raise


def _check_toolchain(opened: OpenRecipe) -> None:
    from medtune.llamacpp.toolchain import find

    named = opened.recipe.llama_cpp
    find(str(opened.whole().resolve(named)) if named else None)


def _check_builds(opened: OpenRecipe) -> None:
    from medtune.export.matrix import plan_builds

    plan_builds(opened.recipe.export)


def disk_needed(opened: OpenRecipe) -> int | None:
    """Bytes of a run: the export holds the merged model, two F16 files and every quantization at once.

    None before the base is here, or when base or builds cannot be used.
    """
    from medtune.chat.base import to_fetch
    from medtune.export.matrix import plan_builds
    from medtune.llamacpp.quantize import quant_type

    if to_fetch(opened.recipe.base):
        return None
    try:
        base_bytes = _base_bytes(opened)
        builds = plan_builds(opened.recipe.export)
    except MedtuneError:
        return None  # said already
    bits = sum(quant_type(build.quantization).bits_per_weight for build in builds)
    return int(base_bytes * (1 + 2 + 1.1 * bits / 16)) + _SLACK_BYTES


def free_disk(folder: Path) -> int:
    """Bytes that are free where a folder is, or would be."""
    return shutil.disk_usage(_existing(folder)).free


def _check_disk(opened: OpenRecipe) -> None:
    needed = disk_needed(opened)
    free = free_disk(opened.run.path)
    if needed is not None and free < needed:
        raise ResourceError(
            f"too little disk: this run needs about {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free",
            where=str(opened.run.path.parent),
            next_step="free some space, choose another folder with --runs, or name fewer `export.quantizations`",
        )


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
