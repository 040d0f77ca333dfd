"""What the model card says of the way from the trained adapter to the released file: the export's own measurements."""

from typing import Any, Protocol

from medtune.release.facts import RunFacts
from medtune.runs.records.proof import CanaryAnswer, Fidelity, Figure, ParityCheck, Speed


class Table(Protocol):
    """Writes a Markdown table."""

    def __call__(self, head: tuple[str, ...], rows: list[tuple[str, ...]], /) -> str: ...


def carried_part(facts: RunFacts, build: str, table: Table) -> str:
    """The section for the released build; empty when the export measured nothing."""
    rows = [*_prompts(facts.parity), *_fidelity(facts.fidelity, build), *_canary(facts.canary, build)]
    if not rows:
        return ""
    return f"## Carried over\n\n{table(('Measured in the export', 'Figure'), rows)}"


def _prompts(values: dict[str, Any]) -> list[tuple[str, ...]]:
    checks = [ParityCheck.model_validate(row) for row in values.get("checks", [])]
    compared = [check for check in checks if not check.refused]
    if not compared:
        return []
    rows: list[tuple[str, ...]] = [
        ("Prompts served as the tokens that were trained", f"{sum(one.equal for one in compared)} of {len(compared)}")
    ]
    lines = values.get("tokenizer")
    if lines:
        rows.append(("Lines of medical text that both tokenizers read alike", f"{lines['equal']} of {lines['lines']}"))
    return rows


def _fidelity(values: dict[str, Any], build: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for value in values.get("builds", []):
        row = Fidelity.model_validate(value)
        if row.build == build:
            over = f"{values['tokens']} assistant tokens of {len(set(values['rows']))} held-out chats"
            rows += [
                (f"KL divergence from {values['reference']}, nats a token, over {over}", _figure(row.kl, 5)),
                ("Same most probable token", _figure(row.same_top, 3)),
                (f"Perplexity over that of {values['reference']}", _figure(row.perplexity_ratio, 4)),
            ]
            if row.gain_kept is not None:
                rows.append(("Share of the training's gain in loss that it kept", _figure(row.gain_kept, 3)))
    for value in values.get("speed", []):
        speed = Speed.model_validate(value)
        if speed.build == build:
            read, wrote = speed.prompt_tokens_per_s, speed.generated_tokens_per_s
            rows.append(("Speed where it was made, tokens/s", f"reads {read:,.0f}, writes {wrote:,.0f}"))
            rows.append(("Peak memory there", f"{speed.peak_bytes / 1e6:,.0f} MB"))
    return rows


def _canary(values: dict[str, Any], build: str) -> list[tuple[str, ...]]:
    answers = [CanaryAnswer.model_validate(row) for row in values.get("answers", [])]
    own = [answer for answer in answers if answer.build == build]
    if not own:
        return []
    knows = "knows it" if own[0].right else "does not know it"
    return [
        (
            f"Made-up fact of the run, in {values['copies']} training rows",
            f"this build {knows}; {sum(answer.right for answer in answers)} of {len(answers)} artefacts do",
        )
    ]


def _figure(figure: Figure, digits: int) -> str:
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f} to {figure.high:.{digits}f})"
