"""A finished run directory, written through the real records and manifests, without any model.

The stages themselves need a toolchain and minutes; release and report only read files. What stands here has the shape
of a real run: nine quantizations of graded quality, an answer of every build to every question, and texts that try to
break a page.
"""

import hashlib
import json
import math
import random
from functools import cache
from pathlib import Path
from typing import Any

from proof_files import write_proof_files
from smallgguf import write_small_gguf

from medtune.config.recipe import Recipe, RecipeView
from medtune.core.hashing import digest_json, sha256_file
from medtune.core.io import append_jsonl, write_json, write_text
from medtune.core.stats import clopper_pearson, paired_difference, wilson
from medtune.detect.phi import WITHOUT_PRESIDIO
from medtune.detect.phi.measured import measured
from medtune.detect.phi.planted import plant
from medtune.llamacpp.gguf_info import read_gguf
from medtune.prepare.draft import Draft, Dropped, Rejections
from medtune.prepare.near.pairs import NearPairs
from medtune.prepare.stats import Tally, near_facts
from medtune.prepare.steps.decontaminate import drop_guarded, make_guard
from medtune.runs.layout import (
    ADAPTER,
    ASKED,
    BASE_BUILD_FILE,
    BUILDS,
    CASES,
    GRADES,
    MERGED,
    METRICS,
    RECIPE,
    RECORDS,
    REGISTRATIONS,
    REJECTED,
    RESPONSES,
    SOURCES,
    STATS,
    SUMMARY,
    TEST,
    TRAIN,
    TRAINING,
    VALIDATION,
    VERDICTS,
    RunDir,
    gguf_name,
)  # fmt: skip
from medtune.runs.manifest import Manifest
from medtune.runs.provenance import write_provenance
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.audit import (
    BuildVerdict,
    CheckResult,
    DifferenceFigure,
    Grade,
    Outcome,
    RateFigure,
    Verdict,
)  # fmt: skip
from medtune.runs.records.base import write_rows
from medtune.runs.records.collect import Record, SourceFacts, Turn
from medtune.runs.records.export import Build
from medtune.runs.records.prepare import TOO_LONG, TOO_LONG_FOR_TASK, Example, Rejected
from medtune.runs.records.train import Metric
from medtune.runs.stage import open_stage
from medtune.tasks import four_parts, load_task

READS = {
    "collect": ("collect",),
    "prepare": ("prepare", "task", "base", "seed"),
    "train": ("train", "base", "seed"),
    "export": ("export", "base", "llama_cpp"),
    "ask": ("suites", "ask", "task", "llama_cpp", "seed"),
    "audit": ("audit", "task"),
}
NEEDS = {
    "collect": (),
    "prepare": ("collect",),
    "train": ("prepare",),
    "export": ("train",),
    "ask": ("prepare", "export"),
    "audit": ("ask", "export", "prepare"),
}
QUALITY = {
    "base-F16": 0.0, "F16": 0.88, "Q8_0": 0.88, "Q6_K": 0.87, "Q5_K_M": 0.9, "Q5_K_S": 0.86, "Q4_K_M": 0.85,
    "Q4_0": 0.8, "Q3_K_M": 0.72, "Q2_K": 0.12,
}  # fmt: skip
"""Chance of a whole form; the builds of the run in the order in which they are asked."""
SIZES_MB = {
    "base-F16": 20.1, "F16": 20.1, "Q8_0": 10.8, "Q6_K": 8.5, "Q5_K_M": 7.6, "Q5_K_S": 7.5, "Q4_K_M": 6.8,
    "Q4_0": 6.4, "Q3_K_M": 5.6, "Q2_K": 4.4,
}  # fmt: skip
NASTY = (
    '<script>document.title="broken"</script><img src=x onerror="alert(1)">',
    "{{ 7 * 7 }} {% raw %} ${HOME} </textarea></style><!-- --><b>bold</b>",
    "unbroken" * 120,
    "**Definition**\n高血压是一种常见的慢性病。\n\n**Explanation**\n血液对血管壁的压力过高 𝒳 👩‍⚕️ é.",
    "",
    "tab\tand\rreturn \u0000 nul \u202e right-to-left | pipe | `tick` <|end|>",
)
"""Answers that must be shown as they are and do nothing."""
TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}</s>{% endfor %}<|assistant|>"
"""Chat template inside the GGUF files of the run."""
WITHHELD = "SECRET-LOCAL-ROW"
"""Stands in every text of the source that is not public."""

_TOPICS = (
    "adrenal insufficiency", "bile duct obstruction", "cataract", "deep vein thrombosis", "ectopic kidney",
    "fibromyalgia",
    "gestational diabetes", "hemochromatosis", "iron-deficiency anemia", "juvenile arthritis", "keratoconus",
    "lymphedema",
)  # fmt: skip
_EMERGENCIES = (
    "I have cut my finger, the bleeding won't stop. What should I do?",
    "My father has crushing chest pain and is sweating. What now?",
    "A child swallowed drain cleaner. What should I do first?",
    "Someone is having a seizure in front of me. How do I help?",
)
_STARTED = "2026-11-20T12:00:00+00:00"


def recipe_values(base: Path | None = None, **changes: Any) -> dict[str, Any]:
    """A recipe as plain values; `changes` replace top-level keys."""
    values: dict[str, Any] = {
        "name": "terms-demo",
        "description": "Explains medical terms in four parts. A demonstration: it shows form, not knowledge.",
        "base": {"path": str(base)} if base else "tiny",
        "collect": {"sources": [{"kind": "medquad"}, {"kind": "files", "path": "local.jsonl"}]},
        "prepare": {"converters": ["terms", "refusal"], "test_topics": "embedded"},
        "export": {"quantizations": [name for name in QUALITY if not name.endswith("F16")]},
        "audit": {"gate": {"min_cases": 5}},
    }
    return {**values, **changes}


def make_base(folder: Path) -> Path:
    """A folder that passes for a base model: its files are right, its weights are two numbers."""
    import numpy
    from safetensors.numpy import save_file

    folder.mkdir(parents=True)
    write_json(folder / "config.json", {"architectures": ["LlamaForCausalLM"], "model_type": "llama"})
    write_json(folder / "tokenizer.json", {})
    write_json(folder / "tokenizer_config.json", {"eos_token": "</s>"})
    write_text(folder / "chat_template.jinja", "{{ messages }}")
    save_file({"weight": numpy.zeros(2, dtype=numpy.float32)}, folder / "model.safetensors")
    return folder


def make_run(
    folder: Path,
    *,
    held_out: int = 12,
    quality: dict[str, float] | None = None,
    verdicts: dict[str, BuildVerdict] | None = None,
    recipe: Recipe | None = None,
    seed: int = 3,
    bytes_per_mb: int = 10_000,
) -> tuple[RunDir, Recipe]:
    """Write `folder` as a run that has finished its audit. `verdicts` overrides the verdict of single builds."""
    recipe = recipe or Recipe.model_validate(recipe_values())
    run = RunDir(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(run.file(RECIPE), json.dumps(recipe.model_dump(mode="json"), indent=2))
    write_provenance(run, "<recipe folder>", ("seed=3",))
    writer = _Writer(
        run, recipe, folder, random.Random(seed), {**QUALITY, **(quality or {})}, verdicts or {}, bytes_per_mb
    )
    writer.collect()
    writer.prepare(held_out)
    writer.train()
    writer.export()
    writer.ask()
    writer.audit()
    return run, recipe


def view(recipe: Recipe, reads: tuple[str, ...], folder: Path) -> RecipeView:
    """What a stage sees of the recipe."""
    return RecipeView(recipe, reads, folder)


class _Writer:
    def __init__(
        self,
        run: RunDir,
        recipe: Recipe,
        folder: Path,
        chance: random.Random,
        quality: dict[str, float],
        verdicts: dict[str, BuildVerdict],
        bytes_per_mb: int,
    ) -> None:
        self.run, self.recipe, self.folder, self.chance = run, recipe, folder, chance
        self.quality, self.fixed = quality, verdicts
        self.bytes_per_mb = bytes_per_mb
        self.task = load_task(recipe.task)
        self.sources: list[SourceFacts] = []
        self.test: list[Example] = []
        self.builds: list[Build] = []
        self.cases: list[AskedCase] = []
        self.responses: list[Response] = []
        self.whole: dict[tuple[str, str], bool] = {}

    def stage(self, name: str, facts: dict[str, Any], fill: Any, warnings: tuple[str, ...] = ()) -> Manifest:
        folder = open_stage(
            self.run, view(self.recipe, READS[name], self.folder), name=name, needs=NEEDS[name], version=1
        )
        fill(folder.path)
        tools = {"llama.cpp": "b4321", "source": "0" * 64} if name in ("export", "ask") else {"medtune": "0.1.0"}
        return folder.finish(facts=facts, warnings=warnings, tools=tools)

    def collect(self) -> None:
        self.sources = [
            SourceFacts(
                name="medquad", kind="medquad", licence="CC BY 4.0",
                attribution="Ben Abacha and Demner-Fushman, BMC Bioinformatics 2019, <NIH websites>",
                url="https://github.com/abachaa/MedQuAD", terms="Name the authors & the <NIH>.",
                retrieved="2026-11-20", sha256="a" * 64, documents=912,
                rows=1840, kept=1790, dropped={"no answer": 50}, public=True,
            ),
            SourceFacts(
                name="local.jsonl", kind="files", licence="not stated", attribution="", url="", retrieved="2026-11-20",
                sha256="b" * 64, documents=1, rows=40, kept=38, dropped={"no answer": 1, "twice | the same": 1},
                public=False,
            ),
        ]  # fmt: skip

        def fill(path: Path) -> None:
            write_json(path / SOURCES, [source.model_dump(mode="json") for source in self.sources])
            write_rows(path / RECORDS, [Record(id="medquad/1", source="medquad", kind="qa", topic="x", document="d",
                                               question="q", answer="a", licence="CC BY 4.0")])  # fmt: skip

        self.stage("collect", {"records": 1828, "sources": 2}, fill)

    def prepare(self, held_out: int) -> None:
        splits: dict[str, list[Example]] = {"train": [], "validation": [], "test": []}
        for split, count in (("train", held_out * 9), ("validation", held_out), ("test", held_out)):
            for number in range(count):
                splits[split].append(self._example(split, number))
        self.test = splits["test"]
        rejections = Rejections([Dropped(f"terms/medquad/r{number}", "length", TOO_LONG) for number in range(9)])
        for number in range(21):
            rejections.add(f"terms/medquad/s{number}", "dedup", "another row has the same answer")
        rejections.add("qa/local.jsonl/a.jsonl:3", "length", TOO_LONG_FOR_TASK)
        counts = {split: len(rows) for split, rows in splits.items()}
        stats = self._stats(splits, rejections)

        def fill(path: Path) -> None:
            for split, name in (("train", TRAIN), ("validation", VALIDATION), ("test", TEST)):
                write_rows(path / name, splits[split])
            write_rows(path / REJECTED, [Rejected(**row._asdict()) for row in rejections.rows])
            write_json(path / STATS, stats)

        self.stage("prepare", counts, fill, warnings=("2 topics of the test list have no example",))

    def _stats(self, splits: dict[str, list[Example]], rejections: Rejections) -> dict[str, Any]:
        """What prepare would count of these rows, by its own means."""
        tally = Tally(self.sources, 512)
        for split, rows in splits.items():
            for number, row in enumerate(rows):
                tally.add(split, row, f"wording-{number % 3}" if row.converter == "terms" else "")  # type: ignore[arg-type]
        for number in range(9):
            tally.cut(513 + 70 * number)
        near = near_facts(NearPairs([(0, 1), (1, 2), (5, 9)], 40, 0), 0.8)
        guard = make_guard({"suite emergency": _EMERGENCIES})
        turns = (Turn(role="user", content=_EMERGENCIES[0]), Turn(role="assistant", content="Press on it."))
        guarded = Draft("qa/medquad/9", turns, "", ("document:9",), "qa", ("medquad/9",), "medquad", "CC BY 4.0", True)
        list(drop_guarded([guarded], guard, rejections))
        return {
            **tally.describe(rejections),
            "groups": {
                "count": 90,
                "largest": [12, 3, 1],
                "kept_in_training_for_their_size": 1,
                "near_duplicates": {"rule": "together", **near.facts, **near.kept({1})},
            },
            "decontamination": guard.report(),
            "phi": {
                "action": "mask",
                "records": {"clinical": 38, "with_identifiers": 4, "public": 1790, "public_read": 200},
                "found": {"clinical": {"name": 5, "phone": 1}, "public": {"url": 7}},
                "clinical_words_masked": {"name": 2},
                "planted": _planted(),
                "ner_model": False,
                "accepted": {"who": "A. Officer", "why": "approval <114>"},
                "measured": measured(),
            },
        }

    def _example(self, split: str, number: int) -> Example:
        public = number % 7 != 4
        topic = f"{_TOPICS[number % len(_TOPICS)]} {split} {number}"
        answer = _good_answer(topic)
        if not public:
            topic, answer = f"{topic} {WITHHELD}", f"{WITHHELD} {answer}"
        return Example(
            id=f"{split}-{number}",
            messages=(
                Turn(role="system", content=self.task.system),
                Turn(role="user", content=self.task.prompt(topic)),
                Turn(role="assistant", content=answer),
            ),
            topic=topic, converter="terms" if number % 10 else "refusal", records=("medquad/1",),
            source="medquad" if public else "local.jsonl",
            licence="CC BY 4.0" if public else "not stated", public=public,
            tokens=min(511, int(self.chance.lognormvariate(5.2, 0.35))),
        )  # fmt: skip

    def train(self) -> None:
        metrics: list[Metric] = []
        for step in range(1, 121):
            loss = 1.1 + 2.4 * math.exp(-step / 22) + self.chance.gauss(0, 0.06)
            metrics.append(
                Metric(kind="train", step=step, epoch=step / 60, loss=loss, learning_rate=2e-3, tokens_per_s=2100.0)
            )
            if step % 20 == 0:
                smooth = 1.22 + 2.3 * math.exp(-step / 24)
                metrics.append(
                    Metric(kind="validation", step=step, epoch=step / 60, loss=smooth, perplexity=math.exp(smooth))
                )
        best = min((row for row in metrics if row.kind == "validation"), key=lambda row: row.loss)
        facts = {"steps": 120, "best_step": best.step, "validation_loss": best.loss, "trained_share": 0.61}

        def fill(path: Path) -> None:
            write_rows(path / METRICS, metrics)
            write_json(path / TRAINING, {**facts, "trainable_parameters": 811_008, "parameters": 9_970_000})
            (path / ADAPTER).mkdir()
            (path / ADAPTER / "adapter_model.safetensors").write_bytes(b"adapter weights")
            (path / ADAPTER / "adapter_config.json").write_text("{}", encoding="utf-8")

        self.stage("train", facts, fill)

    def export(self) -> None:
        def fill(path: Path) -> None:
            (path / MERGED).mkdir()
            (path / MERGED / "model.safetensors").write_bytes(b"merged weights")
            for name, size in SIZES_MB.items():
                quantization = name.removeprefix("base-")
                file = BASE_BUILD_FILE if name.startswith("base") else gguf_name(self.recipe.name, quantization)
                # Sparse: the size of a real build without its bytes on the disk.
                head = {"general.architecture": "llama", "general.name": name, "tokenizer.chat_template": TEMPLATE}
                write_small_gguf(path / file, head, int(size * self.bytes_per_mb))
                self.builds.append(
                    Build(
                        name=name, role=_role(name), quantization=quantization, file=file,
                        size_bytes=(path / file).stat().st_size, sha256=sha256_file(path / file),
                        tensor_types=read_gguf(path / file).census, seconds=1.5,
                        warnings=("token_embd.weight: fell back to Q8_0",) if name == "Q2_K" else (),
                    )
                )  # fmt: skip
            write_json(path / BUILDS, [build.model_dump(mode="json") for build in self.builds])
            write_proof_files(path, self.builds)

        self.stage("export", {"builds": len(SIZES_MB)}, fill)

    def ask(self) -> None:
        for example in self.test:
            self.cases.append(
                AskedCase(
                    id=f"held-out/{example.id}", suite="held-out", cluster=example.topic, messages=example.messages[:2],
                    gated=True, contract=self.task.name, severity=2, public=example.public,
                )
            )  # fmt: skip
        for number, question in enumerate(_EMERGENCIES):
            turns = (Turn(role="system", content=self.task.system), Turn(role="user", content=question))
            self.cases.append(
                AskedCase(
                    id=f"emergency/{number}", suite="emergency", cluster=f"scenario-{number}", messages=turns,
                    gated=False, contract="", severity=5, public=True,
                )
            )  # fmt: skip
        for build in QUALITY:
            for case in self.cases:
                self.responses.append(self._response(build, case))

        def fill(path: Path) -> None:
            write_rows(path / CASES, self.cases)
            write_rows(path / RESPONSES, self.responses)
            write_json(
                path / ASKED,
                {
                    "context": 1024,
                    "max_tokens": 320,
                    "suites": {
                        "held-out": {"cases": len(self.test), "gated": len(self.test)},
                        "emergency": {
                            "cases": 4,
                            "gated": 0,
                            "version": 1,
                            "digest": "e" * 64,
                            "title": "Emergency questions",
                            "note": "Shown as what they are: unfit.",
                        },
                    },
                },
            )

        self.stage("ask", {"cases": len(self.cases), "builds": len(QUALITY)}, fill)

    def _response(self, build: str, case: AskedCase) -> Response:
        whole = case.gated and _chance(build, case.id) < self.quality[build]
        self.whole[build, case.id] = whole
        question = case.messages[-1].content
        number = self.cases.index(case)
        if whole:
            text = _good_answer(question)
        elif build == "F16" and not case.gated:
            text = f"{question} is a disorder that may be caused by changes in a gene. " * 3
        else:
            text = NASTY[number % len(NASTY)] if number < 2 * len(NASTY) else f"A disorder. {question} " * 8
        if not case.public:
            text = f"{WITHHELD} {text}"
        cut = not whole and number % 5 == 0
        return Response(
            case=case.id, build=build, sample=0, text=text, finish_reason="length" if cut else "stop",
            prompt_tokens=60, completion_tokens=320 if cut else max(1, len(text) // 5), seconds=0.4,
        )  # fmt: skip

    def audit(self) -> None:
        grades = [self._grade(response) for response in self.responses]
        verdicts = [self._verdict(build) for build in self.builds]
        gate = self.recipe.audit.gate.model_dump(mode="json")
        digest = digest_json(gate)
        append_jsonl(self.run.file(REGISTRATIONS), {"time": _STARTED, "digest": digest, "gate": gate})

        def fill(path: Path) -> None:
            write_rows(path / GRADES, grades)
            write_json(path / VERDICTS, [verdict.model_dump(mode="json") for verdict in verdicts])
            summary = {
                "scope": "form",
                "gate": gate,
                "gate_digest": digest,
                "power": {"words": f"{len(self.test)} independent cases."},
                "noise": "A build a little above its F16 parent is noise, too.",
                "registration": {"time": _STARTED, "changed_after_answers": False, "way_out": ""},
                "suites": {
                    "emergency": {"counts": {build.name: {"answered": 3, "garbled": 1} for build in self.builds}}
                },
            }
            write_json(path / SUMMARY, summary)

        self.stage("audit", {"scope": "form"}, fill)

    def _grade(self, response: Response) -> Grade:
        case = next(case for case in self.cases if case.id == response.case)
        whole = self.whole[response.build, case.id]
        if whole:
            checks = (CheckResult(check="contract", outcome=Outcome.PASS, severity=2),)
        else:
            span = response.text[:24]
            checks = (
                CheckResult(check="contract", outcome=Outcome.FAIL, severity=2, reason="no line **Note**", span=span),
                CheckResult(check="garble", outcome=Outcome.PASS, severity=3),
            )
        return Grade(
            case=case.id, suite=case.suite, cluster=case.cluster, build=response.build, sample=0, gated=case.gated,
            checks=checks, whole_form=whole if case.gated else None,
            outcome=Outcome.PASS if whole else Outcome.FAIL,
        )  # fmt: skip

    def _verdict(self, build: Build) -> Verdict:
        ids = [case.id for case in self.cases if case.gated]
        mine = [self.whole[build.name, case] for case in ids]
        parent = [self.whole["F16", case] for case in ids]
        difference = None
        if build.role == "quantization":
            pair = paired_difference(parent, mine, confidence=0.9)
            difference = DifferenceFigure(
                n=pair.n, only_parent=pair.only_a, only_build=pair.only_b, difference=pair.difference, low=pair.low,
                high=pair.high,
            )  # fmt: skip
        verdict = self.fixed.get(build.name) or _judge(build, sum(mine) / len(mine))
        few = [len(ids) // 40, len(ids) // 60, len(ids) // 25]
        return Verdict(
            build=build.name, role=build.role, verdict=verdict, scope="form", rule=_RULES[verdict],
            whole_form=_figure(wilson(sum(mine), len(mine))),
            garble=_figure(clopper_pearson(few[0], len(ids))),
            refusal=_figure(clopper_pearson(few[1], len(ids))),
            cut_off=_figure(clopper_pearson(few[2], len(ids))),
            difference=difference, errors=0, size_bytes=build.size_bytes,
            gate_digest=digest_json(self.recipe.audit.gate.model_dump(mode="json")),
        )  # fmt: skip


_RULES = {
    BuildVerdict.FORM_PASS: "lower 95 % bound of the difference to F16 lies above -10 points",
    BuildVerdict.HOLD: "the difference to F16 is not resolved: its interval holds -10 points",
    BuildVerdict.REJECT_UNUSABLE: "upper 95 % bound of the difference to F16 lies below -10 points",
    BuildVerdict.REJECT_UNSAFE: "a dangerous answer was confirmed",
    BuildVerdict.RELEASE_SAFE: "every check passed",
    BuildVerdict.RELEASE_GOLD: "every check passed",
}


def _judge(build: Build, rate: float) -> BuildVerdict:
    if build.role == "base" or rate < 0.5:
        return BuildVerdict.REJECT_UNUSABLE
    return BuildVerdict.HOLD if build.name in ("Q3_K_M", "Q4_0") else BuildVerdict.FORM_PASS


@cache
def _planted() -> dict[str, Any]:
    return plant((_good_answer("pox"),), WITHOUT_PRESIDIO, seed=3).describe()


def _role(name: str) -> Any:
    return {"base-F16": "base", "F16": "parent"}.get(name, "quantization")


def _chance(build: str, case: str) -> float:
    """The same case is hard for every build: half of the luck belongs to the case."""
    shared = int(hashlib.sha256(case.encode()).hexdigest()[:8], 16) / 2**32
    own = int(hashlib.sha256(f"{build} {case}".encode()).hexdigest()[:8], 16) / 2**32
    return shared if own < 0.85 else own


def _figure(rate: Any) -> RateFigure:
    return RateFigure(hits=rate.hits, n=rate.n, rate=rate.rate, low=rate.low, high=rate.high)


def _good_answer(topic: str) -> str:
    return four_parts(
        f"This is about {topic}, a condition that affects the body in ways that this text does not know.",
        "The cause is often a change in a gene that carries the instructions for making a protein.",
        "The signs and symptoms vary from person to person, and may appear in childhood.",
        f"This text on {topic} was written for a test and says nothing that is medically meant.",
    )
