"""Stage prepare: records to train.jsonl, val.jsonl, test.jsonl, with rejected.jsonl and stats.json."""

from collections.abc import Sequence
from contextlib import ExitStack
from importlib.resources import files as package_files
from pathlib import Path
from typing import TYPE_CHECKING

from medtune.chat.base import BaseInfo, resolve_base
from medtune.config.prepare import PrepareSection
from medtune.config.recipe import RecipeView
from medtune.core.io import write_json
from medtune.core.tables import table_files
from medtune.prepare.engines import ENGINES, Place
from medtune.prepare.gold import SOURCE as GOLD
from medtune.prepare.guarded import benchmark_texts, suite_prompts
from medtune.prepare.steps.phi import PhiGate, PhiSettings, Profile
from medtune.runs.layout import (
    CANARY,
    MANIFEST,
    PHI,
    RECORDS,
    REJECTED,
    SOURCES,
    STATS,
    TEST,
    TRAIN,
    VALIDATION,
    RunDir,
)
from medtune.runs.manifest import Manifest, read_manifest
from medtune.runs.records.base import iter_rows, read_row_list, row_writer
from medtune.runs.records.collect import Record, SourceFacts
from medtune.runs.records.prepare import Example, Rejected, Split
from medtune.runs.stage import open_stage
from medtune.suites import denied, load_suite, suite_names
from medtune.tasks import load_task

if TYPE_CHECKING:
    from medtune.prepare.make import Settings

NAME = "prepare"
NEEDS: tuple[str, ...] = ("collect",)
READS: tuple[str, ...] = ("prepare", "task", "base", "seed")
VERSION = 6

EMBEDDED = "embedded"
_FILES: dict[Split, str] = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
_TOKENIZER_SUFFIXES = (".json", ".jinja", ".model", ".txt")


def plan(recipe: RecipeView, run: RunDir) -> list[str]:
    """What would be made of the records; works before they exist."""
    section: PrepareSection = recipe.prepare
    lines = []
    if (run.stage("collect") / MANIFEST).is_file():
        lines.append(f"read {read_manifest(run, 'collect').facts.get('records', '?')} records")
    else:
        lines.append("read the records that collect will have written")
    lines.append(f"convert with {', '.join(section.converters)} for the task {recipe.task}")
    if section.test_topics:
        tested = (
            "the embedded held-out topics" if section.test_topics == EMBEDDED else f"topics of {section.test_topics}"
        )
    elif section.test_file:
        tested = "the gold set only"
    else:
        tested = f"{section.test_share:.0%} of the topics"
    lines.append(f"split by topic with seed {recipe.seed}; test: {tested}; validation: {section.validation_share:.0%}")
    if section.test_file:
        lines.append(f"keep the gold set {section.test_file} out of training")
    if section.benchmarks:
        lines.append(f"keep out what stands in {', '.join(section.benchmarks)}")
    if section.near_duplicates != "ignore":
        kept = "in one split" if section.near_duplicates == "together" else "once"
        lines.append(f"keep answers that share {section.near_threshold:.0%} of their runs of words {kept}")
    lines.append(
        f"look for identifiers of people: {section.phi.action} them in clinical records, count them in public ones"
    )
    if section.engine == "ray":
        where = section.cluster or "on this machine"
        lines.append(f"work on rows with Ray {where}, {section.workers or 'all'} workers")
    if section.canary:
        lines.append(f"add {section.canary_copies} rows with one made-up fact of this run")
    return [*lines, f"drop rows over {section.max_tokens} tokens, repeated answers and prompts of the audit"]


def run(recipe: RecipeView, run: RunDir) -> Manifest:
    """Make the splits. Raises DataError, ModelError (tokenizer) or UsageError (task)."""
    from medtune.prepare.make import make

    section: PrepareSection = recipe.prepare
    base = resolve_base(recipe.base, recipe.resolve)
    topics_file = _topics_file(recipe)
    gold = recipe.resolve(section.test_file) if section.test_file else None
    benchmarks = [recipe.resolve(path) for path in section.benchmarks]
    externals = _externals(base, topics_file, [path for path in (gold, *benchmarks) if path])
    folder = open_stage(run, recipe, name=NAME, needs=NEEDS, version=VERSION, externals=externals)
    folder.path.chmod(_FOLDER_MODE)
    collected = run.stage("collect")
    sources = read_row_list(collected / SOURCES, SourceFacts)
    canary = _canary(run, folder.path, recipe, base) if section.canary else []
    if not canary:
        (folder.path / CANARY).unlink(missing_ok=True)
    with ExitStack() as files:
        gate = PhiGate(_phi(recipe, sources), files.enter_context(row_writer(folder.path / PHI)))
        made = make(
            iter_rows(collected / RECORDS, Record),
            sources,
            _settings(recipe, base, topics_file, gold, sources, gate=gate),
            load_task(recipe.task),
            folder=folder.path,
            engine=files.enter_context(ENGINES[section.engine](Place(section.workers, section.cluster))),
            put={split: files.enter_context(row_writer(folder.path / name)) for split, name in _FILES.items()},
            first=canary,
        )
    rejected = sorted(made.rejections.rows)
    with row_writer(folder.path / REJECTED) as put:
        for row in rejected:
            put(Rejected(**row._asdict()))
    stats = {**made.stats, "phi": gate.finish()}
    write_json(folder.path / STATS, stats)
    for file in folder.path.iterdir():
        file.chmod(_FILE_MODE)
    manifest = folder.finish(
        facts={"rows": stats["rows"], "topics": stats["topics"], "rejected": len(rejected), "base": base.name},
        externals=externals,
        warnings=(*base.notes, *made.warnings, *gate.warnings()),
    )
    (run.stage(NAME) / MANIFEST).chmod(_FILE_MODE)
    return manifest


def _canary(run: RunDir, folder: Path, recipe: RecipeView, base: BaseInfo) -> list[Example]:
    """The rows of the made-up fact, which is written into the stage's folder before any of them."""
    from medtune.chat.template import load_tokenizer
    from medtune.prepare.canary import canary_rows, keep_canary

    canary = keep_canary(folder, run.stage(NAME), copies=recipe.prepare.canary_copies)
    write_json(folder / CANARY, canary.model_dump(mode="json"))
    rows = canary_rows(canary, load_task(recipe.task).system, 0)
    tokens = load_tokenizer(base.folder).count(rows[0].messages)
    return [row.model_copy(update={"tokens": tokens}) for row in rows]


def _settings(
    recipe: RecipeView,
    base: BaseInfo,
    topics_file: Path | None,
    gold: Path | None,
    sources: Sequence[SourceFacts],
    *,
    gate: PhiGate,
) -> "Settings":
    from medtune.prepare.make import Settings
    from medtune.prepare.rows import RowSettings
    from medtune.prepare.split import SplitRule, read_topics
    from medtune.prepare.work import CleanWork

    section: PrepareSection = recipe.prepare
    by_share = topics_file is None and gold is None
    rule = SplitRule(
        seed=recipe.seed,
        validation_share=section.validation_share,
        test_share=section.test_share if by_share else 0.0,
        test_topics=read_topics(topics_file) if topics_file else None,
    )
    own = [load_suite(name, recipe.folder) for name in section.keep_out]
    return Settings(
        converters=tuple(section.converters),
        min_answer_chars=section.min_answer_chars,
        sentences_per_part=section.sentences_per_part,
        gold=gold,
        kept_out=denied(own),
        guarded={
            **suite_prompts([*map(load_suite, suite_names()), *own]),
            **benchmark_texts(recipe.resolve(path) for path in section.benchmarks),
        },
        near_duplicates=section.near_duplicates,
        near_threshold=section.near_threshold,
        rule=rule,
        rows=RowSettings(
            max_tokens=section.max_tokens,
            refusals="refusal" in section.converters,
            refusal_share=section.refusal_share,
            max_train_rows=section.max_train_rows,
            base_folder=base.folder,
            rule=rule,
        ),
        clean=CleanWork(
            {facts.name: facts.kind for facts in sources}, section.repair_text, tuple(section.languages), gate.settings
        ),
        absorb=gate.absorb,
        gold_step=gate.do_draft,
    )


def _phi(recipe: RecipeView, sources: Sequence[SourceFacts]) -> PhiSettings:
    section = recipe.prepare.phi
    return PhiSettings(
        profiles={
            GOLD: _profile(section.profile, False),
            **{facts.name: _profile(section.profile, facts.public) for facts in sources},
        },
        action=section.action,
        patterns=section.patterns,
        ner_model=recipe.resolve(section.ner_model) if section.ner_model else None,
        accepted=section.accept.model_dump() if section.accept else None,
        public_sample=section.public_sample,
        seed=recipe.seed,
    )


def _profile(named: str, public: bool) -> Profile:
    """Sources whose text a report may show are public, all others clinical, unless the recipe says so."""
    if named == "auto":
        return "public" if public else "clinical"
    return "public" if named == "public" else "clinical"


def _topics_file(recipe: RecipeView) -> Path | None:
    named: str | None = recipe.prepare.test_topics
    if named is None:
        return None
    if named == EMBEDDED:
        return Path(str(package_files("medtune"))) / "data" / "heldout_topics.txt"
    return recipe.resolve(named)


def _externals(base: BaseInfo, topics_file: Path | None, tables: Sequence[Path]) -> tuple[Path, ...]:
    """Files outside the run directory that the rows depend on. Raises MedtuneError when one is missing."""
    from medtune.prepare.split import read_topics

    found = {path for path in base.files if path.suffix in _TOKENIZER_SUFFIXES}
    if topics_file:
        read_topics(topics_file)
        found.add(topics_file)
    for path in tables:
        found.update(table_files(path))
        if path.is_dir():
            found.add(path)
    return tuple(sorted(found))
