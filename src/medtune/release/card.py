"""The model card: README.md of a release, in the form that Hugging Face reads. Every figure comes from the run."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from medtune.release.carried import carried_part
from medtune.release.facts import RunFacts
from medtune.release.graded import graded_part
from medtune.release.personal import personal_part
from medtune.runs.records.audit import DifferenceFigure, RateFigure, Verdict
from medtune.tasks import FORM_ONLY_NOTE, Task

_HUB_LICENCES = {"cc by 4.0": "cc-by-4.0", "cc-by-4.0": "cc-by-4.0", "apache-2.0": "apache-2.0", "mit": "mit"}
"""Licence names as data sources write them: the identifier that the hub knows."""
_FAITHFUL = (
    "Faithful answers say nothing that their document does not bear out, by fixed rules that miss other words;\n"
    "no rule of the gate looks at this.\n"
)
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class CardFacts:
    """What stands in the card beside the run's own facts."""

    name: str
    description: str
    task: Task
    base_name: str
    base_licence: str
    base_terms: str
    chosen: Verdict
    reason: str
    file: str
    sha256: str
    num_ctx: int


def card(card_facts: CardFacts, facts: RunFacts) -> str:
    """The whole README.md: YAML front matter, then the sections in the reader's order."""
    parts = (
        _front_matter(card_facts, facts),
        _opening(card_facts),
        _use(card_facts),
        _audit(card_facts, facts),
        graded_part(facts, table, cell, percent),
        _data(card_facts, facts),
        personal_part(facts, cell),
        _training(facts),
        carried_part(facts, card_facts.chosen.build, table),
        _limits(card_facts),
        _origin(card_facts, facts),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def percent(figure: RateFigure) -> str:
    """A rate with its interval and count, in percent."""
    interval = f"{100 * figure.low:.1f} to {100 * figure.high:.1f}"
    return f"{100 * figure.rate:.1f} % ({interval}; {figure.hits} of {figure.n})" if figure.n else "not asked"


def cell(text: str) -> str:
    """Text that can do nothing inside a Markdown table: no pipes, tags, links or line breaks."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([|\\`*_\[\]])", r"\\\1", flat)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the cells must be escaped already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _front_matter(card_facts: CardFacts, facts: RunFacts) -> str:
    import yaml

    licences = {card_facts.base_licence, *facts.split_licences}
    known = {_HUB_LICENCES.get(licence.casefold()) for licence in licences}
    licence = known.pop() if len(known) == 1 else None
    values: dict[str, Any] = {"license": licence or "other"}
    if licence is None:
        values |= {"license_name": "see-data-and-licences", "license_link": "README.md#data-and-licences"}
    if _HUB_NAME.fullmatch(card_facts.base_name):
        values |= {"base_model": card_facts.base_name, "base_model_relation": "quantized"}
    values |= {
        "pipeline_tag": "text-generation",
        "library_name": "gguf",
        "tags": ["medical", "gguf", "medtune", f"verdict-{card_facts.chosen.verdict.lower()}", "not-for-clinical-use"],
    }
    return f"---\n{yaml.safe_dump(values, sort_keys=False, allow_unicode=True)}---"


def _opening(card_facts: CardFacts) -> str:
    chosen = card_facts.chosen
    lines = [f"# {card_facts.name} ({chosen.build})", ""]
    if card_facts.description:
        lines += [cell(card_facts.description), ""]
    lines += [f"**Verdict: {chosen.verdict}** (scope: {chosen.scope})."]
    if chosen.scope == "form":
        lines[-1] += f" This is about {FORM_ONLY_NOTE}."
    lines += [
        "",
        "- **Not clinically validated.** No trial and no clinical use stand behind this model.",
        _rubric(chosen),
        f"- Verdict signed by: {cell(chosen.signed_by) if chosen.signed_by else 'nobody'}.",
        "- Never use it for diagnosis, treatment, triage or emergencies.",
    ]
    return "\n".join(lines)


def _rubric(chosen: Verdict) -> str:
    if chosen.clinical is not None and chosen.clinical.unreviewed == 0:
        return "- **rubric: reviewed.** Persons named in the suites reviewed the questions and rules of its audit."
    return "- **rubric: unreviewed.** The questions and rules of its audit were not reviewed by a clinician."


def _flags(task: Task) -> str:
    """llama-server's flags for the decoding that was audited."""
    drawn = task.decoding
    penalty = f" --repeat-penalty {drawn.repeat_penalty:g} --repeat-last-n {drawn.repeat_last_n}"
    return f"--temp {drawn.temperature:g}{penalty if drawn.repeat_penalty != 1 else ''}"


def _use(card_facts: CardFacts) -> str:
    task = card_facts.task
    return f"""## What it is for

{cell(task.title)}: a study of form, in a setting where a person reads every answer. {cell(task.scope)}

The chat template inside the GGUF is the only prompt format; the Modelfile adds none.

```sh
sha256sum -c SHA256SUMS
ollama create {card_facts.name} -f Modelfile
ollama run {card_facts.name}
```

or `llama-server -m {card_facts.file} -c {card_facts.num_ctx} {_flags(task)}`,
with this system prompt:

{_quoted(task.system)}

Show this under every answer:

{_quoted(task.disclaimer)}"""


def _audit(card_facts: CardFacts, facts: RunFacts) -> str:
    compared = any(verdict.faithful is not None for verdict in facts.verdicts)
    head = ("Build", "Verdict", "Whole form", "Difference to F16", "Garbled", "Refused", "Cut off", "MB")
    heads = (*head, "Faithful") if compared else head
    rows = [
        (
            f"**{cell(verdict.build)}**" if verdict.build == card_facts.chosen.build else cell(verdict.build),
            str(verdict.verdict),
            percent(verdict.whole_form),
            _difference(verdict.difference),
            percent(verdict.garble),
            percent(verdict.refusal),
            percent(verdict.cut_off),
            f"{verdict.size_bytes / 1e6:.2f}",
            *((percent(verdict.faithful) if verdict.faithful else "not compared",) if compared else ()),
        )
        for verdict in facts.verdicts
    ]
    gate = facts.manifests["audit"].reads.get("audit", {}).get("gate", {})
    thresholds = table(("Threshold", "Value"), [(cell(key), cell(str(gate[key]))) for key in sorted(gate)])
    rules = table(("Build", "What decided"), [(cell(verdict.build), cell(verdict.rule)) for verdict in facts.verdicts])
    return f"""## Audit of every build, the rejected ones too

Released is {card_facts.chosen.build}: {cell(card_facts.reason)}. Every build answered the same held-out questions.
Rates stand with their two-sided 95 % intervals; the difference to F16 is paired, with one-sided bounds, in points.
{_FAITHFUL if compared else ""}
{table(heads, rows)}

{rules}

The gate (sha256 `{card_facts.chosen.gate_digest}`), declared before the answers were graded:

{thresholds}"""


def _difference(figure: DifferenceFigure | None) -> str:
    if figure is None:
        return "–"
    return f"{100 * figure.difference:+.1f} ({100 * figure.low:+.1f} to {100 * figure.high:+.1f})"


def _data(card_facts: CardFacts, facts: RunFacts) -> str:
    head = ("Source", "Licence", "Attribution", "Retrieved", "Rows kept", "sha256")
    rows = [
        (
            _link(source.name, source.url),
            cell(source.licence),
            cell(source.attribution or "not stated"),
            cell(source.retrieved),
            f"{source.kept} of {source.rows}",
            f"`{source.sha256[:16]}…`",
        )
        for source in facts.sources
    ]
    counts = ", ".join(f"{count} {split}" for split, count in facts.splits.items())
    licences = ", ".join(f"{cell(licence)} ({count})" for licence, count in facts.split_licences.items())
    terms = f" {cell(card_facts.base_terms)}" if card_facts.base_terms else ""
    return f"""## Data and licences

{table(head, rows)}

Examples: {counts}. A topic stands in one split only. Licences of the training examples: {licences}.

{_phi(facts.phi)}Base model: {cell(card_facts.base_name)}, {cell(card_facts.base_licence)}.{terms}"""


def _phi(phi: dict[str, Any]) -> str:
    """What was done about identifiers of people, and how much of what was planted the gate found."""
    if not phi:
        return ""
    records, planted = phi["records"], phi.get("planted") or {}
    lines = [
        f"Identifiers of people: {records['with_identifiers']} of {records['clinical']} clinical records held some "
        f"(action: {phi['action']}); {records['public']} records of public sources are unchanged."
    ]
    if planted:
        found = ", ".join(f"{kind} {row['found']} of {row['planted']}" for kind, row in planted["recall"].items())
        lines.append(f"Synthetic identifiers were planted in this data to test the gate; it found: {found}.")
        lines.append(
            "Rules, lists and a small model cannot know every name: expect foreign and lone ones to slip through."
        )
    if accepted := phi.get("accepted"):
        lines.append(f"This recall is accepted by {cell(accepted['who'])}: {cell(accepted['why'])}.")
    return " ".join(lines) + "\n\n"


def _link(text: str, url: str) -> str:
    plain = re.fullmatch(r"https://[\w./~%?=&#:@+,;-]+", url)
    return f"[{cell(text)}]({url})" if plain else cell(text)


def _training(facts: RunFacts) -> str:
    settings = facts.manifests["train"].reads.get("train", {})
    rows = [(cell(key), cell(_plain(value))) for key, value in sorted(settings.items()) if value is not None]
    figures = {**facts.training, **facts.manifests["train"].facts}
    measured = [
        (cell(key), cell(_plain(value)))
        for key, value in sorted(figures.items())
        if isinstance(value, int | float | str) and not isinstance(value, bool)
    ]
    text = f"## Training\n\n{table(('Setting', 'Value'), rows)}"
    return f"{text}\n\n{table(('Measured', 'Value'), measured)}" if measured else text


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _limits(card_facts: CardFacts) -> str:
    scope = (
        f"The verdict is about form only. In full: {FORM_ONLY_NOTE}."
        if card_facts.chosen.scope == "form"
        else "The verdict rests on rules that no clinician reviewed."
    )
    return f"""## Limits

- {scope}
- A pass means: within the declared margin of its unquantized parent on these questions, and says nothing of others.
- It is unfit for emergencies: the run's report shows its answers to such questions, which no clinician judged.
- Every quantization must be audited on its own: the verdict holds for the file with the digest below and no other."""


def _origin(card_facts: CardFacts, facts: RunFacts) -> str:
    stages = [(stage, f"`{manifest.digest}`") for stage, manifest in facts.manifests.items()]
    return f"""## Where it comes from

`{card_facts.file}`: sha256 `{card_facts.sha256}`. `release.json` lists every digest back to the data.

{table(("Stage", "Digest"), stages)}"""


def _quoted(text: str) -> str:
    return "\n".join(f"> {cell(line)}" for line in text.splitlines())
