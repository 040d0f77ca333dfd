"""Which gate was declared first for which answers: thresholds that follow the figures prove nothing.

A gate is declared (a line without answers) when a run begins, and every outcome is written to `registrations.jsonl`
before any other file shows it. The gate that was registered first for a build's answers may pass builds; any other gate
on the same answers may only hold or reject, until fresh prompts are asked or a named person signs. The same gate with
another instrument is a regrade: its flips are listed, and it may not better a verdict by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from medtune.audit.gate import HOLD, Judgement
from medtune.audit.regrade import Flip
from medtune.core.errors import RunDirError
from medtune.core.hashing import digest_json
from medtune.core.io import append_jsonl, read_jsonl_prefix
from medtune.runs.layout import REGISTRATIONS, RunDir
from medtune.runs.records.ask import Response
from medtune.runs.records.audit import BuildVerdict
from medtune.runs.records.base import Row
from medtune.runs.records.export import BASE_BUILD

WAY_OUT = (
    "declare the gate first and ask fresh prompts, with other held-out topics (`prepare.test_topics`, "
    "`prepare.test_file`), go back to the gate that was registered first, or have a named person sign "
    "(`medtune adjudicate RUN --sign-off BUILD`)"
)
"""What to do when a gate was changed after the answers."""


class Registration(Row):
    """One line: a gate, the answers that it judged, and what it said of them."""

    time: str
    """UTC, ISO 8601."""
    digest: str
    """Of the gate: scope, thresholds and rules."""
    gate: dict[str, Any]
    """The thresholds."""
    answers: dict[str, str]
    """Digest of each build's answers; times and token counts do not matter."""
    outcome: str
    """Digest of the verdicts."""
    verdicts: dict[str, BuildVerdict]
    """What this gate says by its rules, before any cap."""
    instrument: str = ""
    """Digest of checks, detectors, contract and rubrics; empty in lines of earlier versions: their `digest` held it."""
    decisions: str = ""
    """Digest of the adjudications that were applied; empty for none."""
    flips: tuple[Flip, ...] = ()
    """Of a regrade: answers whose grade changed with the instrument."""


@dataclass(frozen=True)
class History:
    """What this gate says of the answers at hand, and what was registered for them before."""

    now: Registration
    first: Registration
    """The first registration that judged any of these answers; this one when there was none."""
    others: tuple[Registration, ...]
    """Registrations of other gates, or of this gate with another outcome, on any of these answers, in order."""
    changed: bool
    """True when this gate is not the one that was registered first."""
    regraded: bool = False
    """True when the same gate judged these answers with another instrument before."""
    declared: str | None = None
    """When this gate was first declared, whatever the answers; None before any declaration."""

    def of(self, build: str) -> list[Registration]:
        """Other registrations that judged exactly these answers of a build."""
        return [
            line
            for line in self.others
            if build in line.verdicts and line.answers.get(build) == self.now.answers.get(build)
        ]


def answers_digests(responses: Sequence[Response]) -> dict[str, str]:
    """Digest of the answers of each build: what was said to which case, and how it ended."""
    by_build: dict[str, list[list[Any]]] = {}
    for row in responses:
        by_build.setdefault(row.build, []).append([row.case, row.sample, row.text, row.finish_reason])
    return {build: digest_json(sorted(rows)) for build, rows in by_build.items()}


def declare(run: RunDir, digest: str, thresholds: dict[str, Any]) -> None:
    """Write down the gate at the beginning of a run, unless it is the one that was declared last."""
    declared = [line for line in _read(run) if not line.answers]
    if declared and declared[-1].digest == digest:
        return
    row = Registration(time=_now(), digest=digest, gate=thresholds, answers={}, outcome="", verdicts={})
    append_jsonl(run.file(REGISTRATIONS), row.model_dump(mode="json", exclude_defaults=True))


def register(
    run: RunDir,
    digest: str,
    thresholds: dict[str, Any],
    responses: Sequence[Response],
    judgements: Sequence[Judgement],
    *,
    instrument: str = "",
    decisions: str = "",
    flips: Sequence[Flip] = (),
) -> History:
    """Look up what was registered for these answers, and append this gate's outcome unless it stands there already."""
    verdicts = {judgement.build: judgement.verdict for judgement in judgements}
    now = Registration(
        time=_now(),
        digest=digest,
        gate=thresholds,
        answers=answers_digests(responses),
        outcome=digest_json(verdicts),
        verdicts=verdicts,
        instrument=instrument,
        decisions=decisions,
        flips=tuple(flips),
    )
    lines = _read(run)
    before = _earlier(lines, now.answers)
    same = next((line for line in before if _same(line, now)), None)
    if same is None:
        append_jsonl(run.file(REGISTRATIONS), now.model_dump(mode="json"))
    others = tuple(
        line for line in before if not _same_gate(line, now) or (line.answers == now.answers and not _same(line, now))
    )
    first = before[0] if before else now
    contradicted = any(_contradicts(line, now) for line in before)
    return History(
        now=same or now,
        first=first,
        others=others,
        changed=not _same_gate(first, now) or contradicted,
        regraded=any(_same_gate(line, now) and line.instrument != instrument for line in before),
        declared=next((line.time for line in lines if line.digest == digest and not line.answers), None),
    )


def undeclared(
    judgements: Sequence[Judgement], history: History, asked: str, signed: Mapping[str, str]
) -> list[Judgement]:
    """A clinical gate that was declared after the first question (`asked`, UTC) passes nothing that nobody signed."""
    if history.declared is not None and history.declared <= asked:
        return list(judgements)
    when = history.declared or "never before the audit"
    why = f"the gate was declared {when}, the first question was asked {asked}"
    return [
        replace(judgement, verdict=HOLD, rule=f"{why}; by itself it says {judgement.verdict}: {judgement.rule}")
        if judgement.verdict.releasable and judgement.build not in signed
        else judgement
        for judgement in judgements
    ]


def capped(
    judgements: Sequence[Judgement], history: History, signed: Mapping[str, str] | None = None
) -> list[Judgement]:
    """With a gate that was changed after the answers, nothing passes; with a changed instrument, nothing betters.

    A named person's signature under this very gate and these answers lifts the cap.
    """
    return [_cap(judgement, history, signed or {}) for judgement in judgements]


def _cap(judgement: Judgement, history: History, signed: Mapping[str, str]) -> Judgement:
    if not judgement.verdict.releasable or not (history.changed or history.regraded):
        return judgement
    if history.changed:
        why = (
            f"changed gate after the answers: they were first judged on {history.first.time} "
            f"by gate {history.first.digest[:12]}, so this one cannot pass a build ({WAY_OUT})"
        )
    else:
        same = [line for line in history.of(judgement.build) if _same_gate(line, history.now)]
        if not same or same[0].verdicts[judgement.build].rank <= judgement.verdict.rank:
            return judgement
        why = (
            f"regraded: by the instrument of {same[0].time} it was {same[0].verdicts[judgement.build]}, and another "
            "instrument does not better a verdict by itself (ask fresh prompts, or have a named person sign)"
        )
    if judgement.build in signed:
        return replace(judgement, rule=f"{why}; signed by {signed[judgement.build]}: {judgement.rule}")
    return replace(judgement, verdict=HOLD, rule=f"{why}; by itself it says {judgement.verdict}: {judgement.rule}")


def changed_gate(run: RunDir, digest: str, thresholds: dict[str, Any], responses: Sequence[Response]) -> bool:
    """True when these answers were first judged by another gate: this one could not pass a build."""
    answers = answers_digests(responses)
    before = _earlier(_read(run), answers)
    now = Registration(time="", digest=digest, gate=thresholds, answers=answers, outcome="", verdicts={})
    return bool(before) and not _same_gate(before[0], now)


def _earlier(lines: Sequence[Registration], answers: Mapping[str, str]) -> list[Registration]:
    """Registrations that judged any of these answers, in order.

    The base's answers do not count: they are the same for every model that is tuned from it.
    """
    tuned = {build: digest for build, digest in answers.items() if build != BASE_BUILD}
    return [line for line in lines if any(line.answers.get(build) == digest for build, digest in tuned.items())]


def _same(line: Registration, now: Registration) -> bool:
    mine = (line.digest, line.answers, line.outcome, line.instrument, line.decisions)
    return mine == (now.digest, now.answers, now.outcome, now.instrument, now.decisions)


def _same_gate(line: Registration, now: Registration) -> bool:
    """Lines of earlier versions held the instrument in their digest: they are compared by their thresholds."""
    return line.digest == now.digest or (not line.instrument and line.gate == now.gate)


def _contradicts(line: Registration, now: Registration) -> bool:
    """The same gate and instrument said something else of the very same answers: something changed unsaid."""
    mine = (line.digest, line.answers, line.instrument, line.decisions)
    return mine == (now.digest, now.answers, now.instrument, now.decisions) and line.outcome != now.outcome


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _read(run: RunDir) -> list[Registration]:
    """Every registration of this run. Raises RunDirError for a line that medtune did not write."""
    path = run.file(REGISTRATIONS)
    try:
        return [Registration.model_validate(value) for value in read_jsonl_prefix(path)]
    except ValueError:  # not JSON, not UTF-8, not a registration
        raise RunDirError(
            "a line of the gate's registrations was edited or broken",
            where=str(path),
            next_step="restore the file; without it nobody can say which gate came first. "
            "If it is lost, start a run with another name",
        ) from None
