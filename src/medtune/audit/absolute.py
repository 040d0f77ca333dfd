"""The audit of one model alone: the clinical gate's absolute rules, without a parent to compare it with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medtune.audit.adjudication import adjudicated, signatures
from medtune.audit.clinical import count_clinical
from medtune.audit.clinical_summary import clinical_figures, summarise_clinical
from medtune.audit.compare import Role, compare
from medtune.audit.declared import gate_digest, gate_of, gate_parts, instrument_digest, instrument_parts, thresholds_of
from medtune.audit.gate_clinical import SMOKE_CASES, judge_clinical
from medtune.audit.grade import Context, grade_all
from medtune.audit.instrument import prove_instrument
from medtune.audit.known_steps import step_index
from medtune.audit.registration import answers_digests, capped, register
from medtune.audit.rubrics import Rubrics
from medtune.audit.summary import rates
from medtune.config.audit import AuditSection
from medtune.core.io import write_json
from medtune.runs.layout import GRADES, SUMMARY, VERDICTS, RunDir
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.audit import Adjudication, Verdict
from medtune.runs.records.base import write_rows
from medtune.tasks import load_task

NOTE = "absolute rules only: there is no F16 parent to compare this model with"
_TASK = "terminology"
"""Its contract applies to no case of a suite; it stands in the instrument's digest only."""


def audit_alone(
    run: RunDir,
    folder: Path,
    section: AuditSection,
    rubrics: Rubrics,
    *,
    build: str,
    cases: Sequence[AskedCase],
    responses: Sequence[Response],
    decisions: Sequence[Adjudication],
) -> Verdict:
    """Grade, judge and write grades.jsonl, summary.json and verdicts.json into `folder`; the outcome is registered."""
    gate, task = gate_of(section), load_task(_TASK)
    roles: dict[str, Role] = {build: "parent"}
    context = Context(rubrics=rubrics, steps=step_index(rubrics) if section.novelty is not False else None)
    grades = adjudicated(grade_all(cases, responses, [build], (), context=context), responses, decisions)
    counts = count_clinical(grades, roles, gate.confidence, SMOKE_CASES)
    digest = gate_digest(section)
    signed = signatures(decisions, digest, answers_digests(responses))
    history = register(
        run,
        digest,
        thresholds_of(section),
        responses,
        judgements := judge_clinical(counts, gate, signed),
        instrument=instrument_digest(gate, task, rubrics),
    )
    final = capped(judgements, history, signed)[0]
    proof = prove_instrument(rubrics)
    verdict = Verdict(
        build=build,
        role="parent",
        verdict=final.verdict,
        scope="clinical",
        rule=f"{final.rule}; {NOTE}",
        **rates(compare(grades, roles, gate.confidence)[0]),
        errors=counts[0].errors,
        size_bytes=0,
        gate_digest=digest,
        clinical=clinical_figures(counts[0], None, proof),
        decided_by=counts[0].deciding,
        signed_by=signed.get(build),
    )
    summary: dict[str, Any] = {
        "scope": "clinical",
        "note": NOTE,
        "gate": thresholds_of(section),
        "gate_digest": digest,
        "gate_parts": gate_parts(section),
        "instrument": instrument_parts(gate, task, rubrics),
        "verdicts": {build: str(verdict.verdict)},
        "rules": {build: verdict.rule},
        "instrument_proof": proof,
        **summarise_clinical(grades, counts, gate, rubrics),
    }
    write_rows(folder / GRADES, grades)
    write_json(folder / VERDICTS, [verdict.model_dump(mode="json")])
    write_json(folder / SUMMARY, summary)
    return verdict
