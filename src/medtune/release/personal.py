"""What the model card says of personal data: what was looked for, what was found, what a search can miss."""

from collections.abc import Callable

from medtune.release.facts import RunFacts


def personal_part(facts: RunFacts, cell: Callable[[str], str]) -> str:
    """The section; what the gate found, and how much of what was planted, stands under the data."""
    lines = ["## Personal data", ""]
    if not facts.phi:
        lines += [
            "No search for names, dates, places or numbers of persons was part of this run. If its sources held any, "
            "the model may repeat them."
        ]
    else:
        lines += [
            "The training data were searched for names, dates, places and numbers of persons before training. Such a "
            "search misses some: rare names, misspelt ones, and descriptions that fit one person only.",
            *_measured(facts),
        ]
    private = [source.name for source in facts.sources if not source.public]
    if private:
        lines += ["", f"Sources that are not public: {cell(', '.join(private))}."]
    return "\n".join(lines)


def _measured(facts: RunFacts) -> list[str]:
    """Which share a site should expect to slip through, as far as labelled sets tell."""
    rows = [row for row in facts.phi.get("measured", []) if row["missed"]]
    if not rows:
        return []
    shares = [
        f"{row['missed']:.1%} of {row['n']} {row['what']} in {row['set']} (95 % bound: {row['high']:.1%})"
        for row in rows
    ]
    return [
        "",
        f"What slipped through in labelled sets that the rules were made with: {'; '.join(shares)}. "
        "Expect more in text of another kind.",
    ]
