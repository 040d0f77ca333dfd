"""Which gate was declared first for which answers: thresholds that follow the figures prove nothing.

Every outcome is written to `registrations.jsonl` before any other file shows it. The gate that was registered first
for a build's answers may pass builds; any other gate on the same answers may only hold or reject. Whoever wants other
thresholds declares them and asks fresh prompts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from medtune.audit.gate import HOLD, Judgement
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
    "`prepare.test_file`), or go back to the gate that was registered first"
)
"""What to do when a gate was changed after the answers."""


class Registration(Row):
    """One line: a gate, the answers that it judged, and what it said of them."""

    time: str
    """UTC, ISO 8601."""
    digest: str
    """Of the gate: thresholds, scope, output contract, detectors and rules."""
    gate: dict[str, Any]
    """The thresholds."""
    answers: dict[str, str]
    """Digest of each build's answers; times and token counts do not matter."""
    outcome: str
    """Digest of the verdicts."""
    verdicts: dict[str, BuildVerdict]
    """What this gate says by its rules, before any cap."""


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


def register(
    run: RunDir,
    digest: str,
    thresholds: dict[str, Any],
    responses: Sequence[Response],
    judgements: Sequence[Judgement],
) -> History:
    """Look up what was registered for these answers, and append this gate's outcome unless it stands there already."""
    verdicts = {judgement.build: judgement.verdict for judgement in judgements}
    now = Registration(
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        digest=digest,
        gate=thresholds,
        answers=answers_digests(responses),
        outcome=digest_json(verdicts),
        verdicts=verdicts,
    )
    before = _earlier(run, now.answers)
    same = next((line for line in before if _same(line, now)), None)
    if same is None:
        append_jsonl(run.file(REGISTRATIONS), now.model_dump(mode="json"))
    others = tuple(line for line in before if line.digest != digest or _contradicts(line, now))
    first = before[0] if before else now
    changed = first.digest != digest or any(_contradicts(line, now) for line in before)
    return History(now=same or now, first=first, others=others, changed=changed)


def capped(judgements: Sequence[Judgement], history: History) -> list[Judgement]:
    """With a gate that was changed after the answers, nothing passes."""
    if not history.changed:
        return list(judgements)
    why = (
        f"changed gate after the answers: they were first judged on {history.first.time} "
        f"by gate {history.first.digest[:12]}, so this one cannot pass a build ({WAY_OUT})"
    )
    return [
        replace(judgement, verdict=HOLD, rule=f"{why}; by itself it says {judgement.verdict}: {judgement.rule}")
        if judgement.verdict.releasable
        else judgement
        for judgement in judgements
    ]


def changed_gate(run: RunDir, digest: str, responses: Sequence[Response]) -> bool:
    """True when these answers were first judged by another gate: this one could not pass a build."""
    before = _earlier(run, answers_digests(responses))
    return bool(before) and before[0].digest != digest


def _earlier(run: RunDir, answers: Mapping[str, str]) -> list[Registration]:
    """Registrations that judged any of these answers, in order.

    The base's answers do not count: they are the same for every model that is tuned from it.
    """
    tuned = {build: digest for build, digest in answers.items() if build != BASE_BUILD}
    return [line for line in _read(run) if any(line.answers.get(build) == digest for build, digest in tuned.items())]


def _same(line: Registration, now: Registration) -> bool:
    return (line.digest, line.answers, line.outcome) == (now.digest, now.answers, now.outcome)


def _contradicts(line: Registration, now: Registration) -> bool:
    """The same gate said something else of the very same answers: the instrument changed without saying so."""
    return (line.digest, line.answers) == (now.digest, now.answers) and line.outcome != now.outcome


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
