"""What the model card says of personal data: what was looked for, what was found, what a search can miss."""

from collections.abc import Callable, Iterable, Sequence

from medtune.release.facts import RunFacts

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]
_WORD = "phi"


def personal_part(facts: RunFacts, table: Table, cell: Callable[[str], str]) -> str:
    """The section; its figures are those of the prepare stage's facts."""
    found = facts.manifests["prepare"].facts.get(_WORD)
    settings = facts.manifests["prepare"].reads.get("prepare", {})
    steps = settings.get("steps") if isinstance(settings, dict) else None
    searched = bool(found) or (isinstance(steps, list) and _WORD in steps)
    lines = ["## Personal data", ""]
    if not searched:
        lines += [
            "No search for names, dates, places or numbers of persons was part of this run. If its sources held any, "
            "the model may repeat them."
        ]
    else:
        lines += [
            "The training data were searched for names, dates, places and numbers of persons before training. Such a "
            "search misses some: rare names, misspelt ones, and descriptions that fit one person only."
        ]
    if isinstance(found, dict):
        rows = [
            (cell(str(key)), cell(str(value))) for key, value in sorted(found.items()) if not isinstance(value, dict)
        ]
        lines += ["", table(("Found", "Count"), rows)] if rows else []
    private = [source.name for source in facts.sources if not source.public]
    if private:
        lines += ["", f"Sources that are not public: {cell(', '.join(private))}."]
    return "\n".join(lines)
