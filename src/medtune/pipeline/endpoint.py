"""`medtune audit --endpoint`: ask any running model the suites, grade the answers, judge by the absolute rules.

Its run directory has two stages, ask and audit, and no recipe: what was asked stands in endpoint.json. Declared first,
asked then; a command that broke off goes on with the questions that are left.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medtune.ask.answers import answers_so_far, append_answer
from medtune.ask.cases import questions_of, suite_case
from medtune.ask.endpoint import ask_endpoint
from medtune.audit import adjudication
from medtune.audit.absolute import audit_alone
from medtune.audit.declared import gate_digest, thresholds_of
from medtune.audit.registration import declare
from medtune.audit.rubrics import Rubrics, load_rubrics
from medtune.config.audit import AuditSection
from medtune.core.console import progress, say
from medtune.core.errors import GateError, RunDirError, UsageError
from medtune.core.hashing import digest_json, sha256_file
from medtune.core.io import read_json, write_json
from medtune.core.net import Egress
from medtune.llm.client import ChatClient
from medtune.llm.messages import Decoding
from medtune.runs.layout import ASKED, CASES, RESPONSES, RunDir
from medtune.runs.lock import locked
from medtune.runs.manifest import Manifest, entries_below, read_manifest, write_manifest
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.audit import Verdict
from medtune.runs.records.base import read_rows, write_rows
from medtune.suites import suite_names

ENDPOINT = "endpoint.json"
"""What was asked of whom: everything but the key."""
_GROWING = "answers.jsonl"
_NO_NAME = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True)
class EndpointRequest:
    """What is asked of which endpoint, and how."""

    url: str
    model: str
    suites: tuple[str, ...]
    locale: str | None
    system: str
    samples: int
    temperature: float
    max_tokens: int
    parallel: int
    timeout_s: float
    hosts: tuple[str, ...]
    api_key: str | None = None

    def facts(self) -> dict[str, Any]:
        """Everything that the answers depend on; never the key."""
        return {key: value for key, value in asdict(self).items() if key not in ("api_key", "timeout_s", "parallel")}


def audit_endpoint(request: EndpointRequest, runs_folder: Path, name: str = "") -> Verdict:
    """Ask what is left, grade and judge. Raises ServerError, EgressError, UsageError, RunDirError; GateError when the
    verdict is no release."""
    rubrics = load_rubrics(request.suites or suite_names(), request.locale)
    cases = _cases(rubrics, request)
    section = AuditSection.model_validate({"scope": "clinical", "gate": {"samples": request.samples}})
    run = RunDir((runs_folder / (name or _run_name(request.model))).absolute())
    with locked(run):
        _claim(run, request)
        declare(run, gate_digest(section), thresholds_of(section))
        build = request.model
        responses = _asked(run, request, build, cases)
        folder = run.partial("audit")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        decisions_file = adjudication.adjudications_file(run)
        verdict = audit_alone(
            run,
            folder,
            section,
            rubrics,
            build=build,
            cases=cases,
            responses=responses,
            decisions=adjudication.read_adjudications(run),
        )
        _finish(run, "audit", {"decisions": sha256_file(decisions_file)})
    say(f"{build}: {verdict.verdict}")
    for part in verdict.rule.split("; "):
        say(f"  {part}")
    say(f"graded answers: {run.stage('audit')}")
    if not verdict.verdict.releasable:
        raise GateError(
            f"{build} did not pass: {verdict.verdict}",
            where=str(run.stage("audit")),
            next_step="read verdicts.json and grades.jsonl there; `medtune adjudicate` for what waits for a person",
        )
    return verdict


def _cases(rubrics: Rubrics, request: EndpointRequest) -> tuple[AskedCase, ...]:
    """Every question of every suite that can decide anything. Raises UsageError when none can."""
    cases = tuple(
        suite_case(suite, question, request.system, "")
        for suite in rubrics.suites.values()
        for question in suite.questions
    )
    if not any(case.clinical for case in cases):
        raise UsageError(
            "no case of these suites is fit for a clinical verdict",
            where=", ".join(rubrics.suites),
            next_step="name suites whose cases have `fit: clinical`",
        )
    return cases


def _claim(run: RunDir, request: EndpointRequest) -> None:
    """Make the run directory this request's. Raises RunDirError when it belongs to another one."""
    path = run.file(ENDPOINT)
    facts = {**request.facts(), "suites": list(request.suites), "hosts": list(request.hosts)}
    if path.exists():
        if read_json(path) != facts:
            raise RunDirError(
                "this run directory holds the audit of another endpoint or of other settings",
                where=str(run.path),
                next_step="give this audit another --name",
            )
        return
    if any(path.name != ".lock" for path in run.path.iterdir()):
        raise RunDirError("this folder holds something else", where=str(run.path), next_step="use another --name")
    write_json(path, facts)


def _asked(run: RunDir, request: EndpointRequest, build: str, cases: Sequence[AskedCase]) -> list[Response]:
    """All answers; a finished stage is read, and refused when it was edited."""
    wanted = questions_of(cases, request.samples)
    if run.stage("ask").exists():
        manifest = read_manifest(run, "ask")
        for entry in (CASES, RESPONSES):
            if sha256_file(run.stage("ask") / entry) != manifest.file(entry).sha256:
                raise RunDirError(
                    f"{entry} was edited after it was written: verdicts about it would be about nothing",
                    where=str(run.stage("ask") / entry),
                    next_step="restore it, or ask anew under another --name",
                )
        if read_rows(run.stage("ask") / CASES, AskedCase) == list(cases):
            return read_rows(run.stage("ask") / RESPONSES, Response)
    folder = run.partial("ask")
    folder.mkdir(parents=True, exist_ok=True)
    growing = folder / _GROWING
    keys = [(case.id, sample) for case, sample in wanted]
    known = answers_so_far(growing, keys)
    missing = [(case, sample) for case, sample in wanted if (case.id, sample) not in known]
    decoding = Decoding(max_tokens=request.max_tokens)
    with (
        ChatClient(
            request.url,
            egress=Egress(frozenset(request.hosts)),
            model=request.model,
            timeout_s=request.timeout_s,
            api_key=request.api_key,
        ) as client,
        progress(len(wanted), "ask") as bar,
    ):
        bar.advance(len(known))

        def keep(answer: Response) -> None:
            append_answer(growing, answer)
            known[answer.case, answer.sample] = answer
            bar.advance()

        ask_endpoint(
            client,
            build,
            missing,
            decoding=decoding,
            sampling=Decoding(max_tokens=request.max_tokens, temperature=request.temperature, top_p=0.95, seed=7),
            parallel=request.parallel,
            on_answer=keep,
        )
    responses = [known[key] for key in keys]
    write_rows(folder / CASES, cases)
    write_rows(folder / RESPONSES, responses)
    write_json(folder / ASKED, {**request.facts(), "cases": len(cases), "answers": len(responses)})
    growing.unlink()
    _finish(run, "ask", {"cases": digest_json([case.model_dump(mode="json") for case in cases])})
    return responses


def _finish(run: RunDir, stage: str, inputs: dict[str, str]) -> None:
    """Write the manifest last, then rename the folder into place."""
    folder = run.partial(stage)
    manifest = Manifest(
        stage=stage,
        version=1,
        reads={},
        inputs=inputs,
        externals=(),
        files=entries_below(folder),
        facts={},
        warnings=(),
        tools={},
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
        digest="",
    )
    write_manifest(folder, manifest.model_copy(update={"digest": manifest.compute_digest()}))
    shutil.rmtree(run.stage(stage), ignore_errors=True)
    folder.rename(run.stage(stage))


def _run_name(model: str) -> str:
    return "endpoint-" + (_NO_NAME.sub("-", model.lower()).strip("-.") or "model")[:48]
